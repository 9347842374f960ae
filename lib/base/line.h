/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line of text that is put together piece by piece in a buffer of the
 * caller's, and never runs over its end.
 *
 * Like a cursor's, its failure is sticky: the writer puts everything and asks
 * once, at the end.  The buffer holds a NUL-terminated string at any moment.
 */
#ifndef BASE_LINE_H
#define BASE_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct ct_line {
	char *buf;
	size_t size; /* of buf, the NUL included */
	size_t len;  /* of the text so far */
	bool cut;    /* something did not fit */
};

/* An empty line in buf; a size of 0 makes a line on which nothing fits. */
struct ct_line ct_line_of(char *buf, size_t size);

/* Append, as printf() does. */
void ct_line_put(struct ct_line *line, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Append text as a JSON string, quotes included. */
void ct_line_quote(struct ct_line *line, const char *text);

/*
 * Drop the blanks at the end.
 *
 * => Returns the length, or CT_E_NOSPC if something did not fit.
 */
int ct_line_end(struct ct_line *line);

#endif /* BASE_LINE_H */
