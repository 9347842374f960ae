/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads tables out of docs/X.md, for tests which compare what is compiled with
 * what is written.
 *
 *	struct ct_doctable doc;
 *
 *	ct_doctable_open(&doc, "tcp.md", "### Original direction");
 *	... doc.cells[0 .. doc.n - 1] is the first line, with the headings ...
 *	while (ct_doctable_row(&doc))
 *		... doc.cells[] is the next line ...
 *	ct_doctable_close(&doc);
 *
 * It is the first table under that heading.  A missing file, heading or table
 * fails the test.
 */
#ifndef CT_TEST_DOCTABLE_H
#define CT_TEST_DOCTABLE_H

#include <stdbool.h>
#include <stdio.h>

enum { CT_DOCTABLE_CELLS = 16, CT_DOCTABLE_LINE = 1024 };

struct ct_doctable {
	FILE *file;
	char line[CT_DOCTABLE_LINE];
	char *cells[CT_DOCTABLE_CELLS]; /* trimmed; they lie in line */
	unsigned n;
};

void ct_doctable_open(struct ct_doctable *doc, const char *name,
		      const char *heading);

/* => False at the end of the table. */
bool ct_doctable_row(struct ct_doctable *doc);

void ct_doctable_close(struct ct_doctable *doc);

#endif /* CT_TEST_DOCTABLE_H */
