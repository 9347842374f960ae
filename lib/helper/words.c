/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of text protocols: numbers, addresses, lines. */
#include "helper/words.h"

#include <arpa/inet.h>
#include <string.h>

static uint8_t small(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte - 'A' + 'a') : byte;
}

bool ct_word_begins(const struct ct_cursor *cur, const char *word)
{
	size_t len = strlen(word);

	return ct_cursor_left(cur) >= len && !memcmp(cur->at, word, len);
}

bool ct_word_begins_nocase(const struct ct_cursor *cur, const char *word)
{
	size_t len = strlen(word);

	if (ct_cursor_left(cur) < len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (small(cur->at[i]) != small((uint8_t)word[i]))
			return false;
	return true;
}

bool ct_word_skip(struct ct_cursor *cur, const char *word)
{
	if (!ct_word_begins(cur, word))
		return false;
	ct_cursor_skip(cur, strlen(word));
	return true;
}

static bool find(struct ct_cursor *cur, const char *word,
		 bool (*begins)(const struct ct_cursor *, const char *))
{
	struct ct_cursor at = *cur;

	for (; ct_cursor_left(&at); ct_cursor_skip(&at, 1)) {
		if (!begins(&at, word))
			continue;
		ct_cursor_skip(&at, strlen(word));
		*cur = at;
		return true;
	}
	return false;
}

bool ct_word_find(struct ct_cursor *cur, const char *word)
{
	return find(cur, word, ct_word_begins);
}

bool ct_word_find_nocase(struct ct_cursor *cur, const char *word)
{
	return find(cur, word, ct_word_begins_nocase);
}

bool ct_word_line(struct ct_cursor *cur, struct ct_cursor *line)
{
	size_t left = ct_cursor_left(cur);
	const uint8_t *feed = left ? memchr(cur->at, '\n', left) : NULL;
	struct ct_cursor rest = *cur;

	if (!feed)
		return false;
	ct_cursor_skip(&rest, (size_t)(feed - cur->at) + 1);
	*line = ct_cursor_of(cur->at, (size_t)(rest.at - cur->at));
	*cur = rest;
	return true;
}

size_t ct_word_number(struct ct_cursor *cur, uint32_t *value)
{
	size_t digits = 0;

	*value = 0;
	for (; ct_word_digit(ct_word_peek(cur)); digits++)
		*value = *value * 10 + (uint32_t)(ct_cursor_u8(cur) - '0');
	return digits;
}

bool ct_word_numbers(struct ct_cursor *cur, uint32_t *values, size_t n,
		     char separator)
{
	struct ct_cursor at = *cur;

	for (size_t i = 0; i < n; i++) {
		(void)ct_word_number(&at, &values[i]);
		if (i + 1 == n)
			break;
		if (!ct_cursor_left(&at) ||
		    ct_cursor_u8(&at) != (uint8_t)separator)
			return false;
	}
	*cur = at;
	return true;
}

static bool addr_byte(uint8_t byte, uint8_t l3)
{
	if (ct_word_digit(byte) || byte == '.')
		return true;
	return l3 == CT_L3_IPV6 &&
	       (byte == ':' || (small(byte) >= 'a' && small(byte) <= 'f'));
}

bool ct_word_addr(struct ct_cursor *cur, uint8_t l3, union ct_addr *addr)
{
	struct ct_cursor at = *cur;
	char text[CT_WORD_ADDR_SIZE];
	size_t len = 0;

	while (addr_byte(ct_word_peek(&at), l3) && len < sizeof(text) - 1)
		text[len++] = (char)ct_cursor_u8(&at);
	/* "10.0.0.1." ends a sentence. */
	if (len && text[len - 1] == '.') {
		len--;
		at.at--;
	}
	text[len] = '\0';
	memset(addr, 0, sizeof(*addr));
	if (inet_pton(l3 == CT_L3_IPV6 ? AF_INET6 : AF_INET, text, addr) != 1)
		return false;
	*cur = at;
	return true;
}

size_t ct_word_print_addr(char to[CT_WORD_ADDR_SIZE], uint8_t l3,
			  const union ct_addr *addr)
{
	if (!inet_ntop(l3 == CT_L3_IPV6 ? AF_INET6 : AF_INET, addr, to,
		       CT_WORD_ADDR_SIZE))
		to[0] = '\0';
	return strlen(to);
}
