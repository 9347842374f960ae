/* SPDX-License-Identifier: BSD-2-Clause */
/* What is said in text protocols; see the header. */
#include "helper/say.h"

void ct_say_skip_end(struct ct_cursor *cur)
{
	uint8_t first = ct_word_peek(cur);

	if (!ct_say_end(first))
		return;
	ct_cursor_skip(cur, 1);
	if (first == '\r' && ct_word_peek(cur) == '\n')
		ct_cursor_skip(cur, 1);
}

void ct_say_skip_blanks(struct ct_cursor *cur)
{
	while (ct_say_blank(ct_word_peek(cur)))
		ct_cursor_skip(cur, 1);
}

bool ct_say_line(struct ct_cursor *cur)
{
	while (ct_cursor_left(cur) && !ct_say_end(ct_word_peek(cur)))
		ct_cursor_skip(cur, 1);
	ct_say_skip_end(cur);
	return ct_cursor_left(cur) > 0;
}

bool ct_say_addr(struct ct_cursor *cur, uint8_t l3, enum ct_say_style style,
		 union ct_addr *addr)
{
	struct ct_cursor at = *cur;
	bool open;

	if (l3 == CT_L3_IPV4)
		return ct_word_addr(cur, l3, addr);
	open = ct_word_skip(&at, "[");
	if (!open && style == CT_SAY_URI)
		return false;
	if (!ct_word_addr(&at, l3, addr))
		return false;
	if (!ct_word_skip(&at, "]") && style == CT_SAY_URI)
		return false;
	*cur = at;
	return true;
}
