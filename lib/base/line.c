/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bounded line; see line.h.
 */
#include "base/line.h"

#include <conntrack/types.h>
#include <stdarg.h>
#include <stdio.h>

struct ct_line ct_line_of(char *buf, size_t size)
{
	struct ct_line line = { .buf = buf, .size = size, .cut = size == 0 };

	if (size)
		buf[0] = '\0';
	return line;
}

void ct_line_put(struct ct_line *line, const char *fmt, ...)
{
	size_t room = line->size - line->len;
	va_list args;
	int len;

	if (line->cut)
		return;
	va_start(args, fmt);
	len = vsnprintf(line->buf + line->len, room, fmt, args);
	va_end(args);
	if (len >= 0 && (size_t)len < room) {
		line->len += (size_t)len;
		return;
	}
	line->cut = true;
	if (len >= 0)
		line->len = line->size - 1;
	else
		line->buf[line->len] = '\0';
}

void ct_line_quote(struct ct_line *line, const char *text)
{
	ct_line_put(line, "\"");
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			ct_line_put(line, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			ct_line_put(line, "\\u%04x", c);
		else
			ct_line_put(line, "%c", c);
	}
	ct_line_put(line, "\"");
}

int ct_line_end(struct ct_line *line)
{
	if (line->cut)
		return CT_E_NOSPC;
	while (line->len && line->buf[line->len - 1] == ' ')
		line->buf[--line->len] = '\0';
	return (int)line->len;
}
