/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words of text protocols: numbers, addresses, lines.
 *
 * Pure functions, shared by the helpers whose protocols are text.  What is read
 * is read through a cursor, which moves behind what was recognised and stays
 * where it is when nothing was; it never fails.
 */
#ifndef HELPER_WORDS_H
#define HELPER_WORDS_H

#include <conntrack/cursor.h>

/* Bytes of the longest address as text, its NUL included. */
enum { CT_WORD_ADDR_SIZE = 46 };

/* => The next byte, or 0 behind the last one. */
static inline uint8_t ct_word_peek(const struct ct_cursor *cur)
{
	return ct_cursor_left(cur) ? *cur->at : (uint8_t)0;
}

static inline bool ct_word_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

/* Whether the bytes begin with the word; _nocase: in capitals or not. */
bool ct_word_begins(const struct ct_cursor *cur, const char *word);
bool ct_word_begins_nocase(const struct ct_cursor *cur, const char *word);

/* Step over the word, if the bytes begin with it. */
bool ct_word_skip(struct ct_cursor *cur, const char *word);

/* Step behind the first place where the word stands; _nocase as above. */
bool ct_word_find(struct ct_cursor *cur, const char *word);
bool ct_word_find_nocase(struct ct_cursor *cur, const char *word);

/*
 * The next line, its line feed included.
 *
 * => Returns false when there is no line feed any more.
 */
bool ct_word_line(struct ct_cursor *cur, struct ct_cursor *line);

/*
 * A decimal number.
 *
 * => Returns how many digits it has; 0 when there is no number.
 * => A number past 32 bits is taken modulo 2^32.
 */
size_t ct_word_number(struct ct_cursor *cur, uint32_t *value);

/*
 * n decimal numbers with a separator in between; one without digits is 0.
 *
 * => Returns false, and the cursor stays, when there are fewer separators.
 */
bool ct_word_numbers(struct ct_cursor *cur, uint32_t *values, size_t n,
		     char separator);

/* An address as inet_pton() reads it, up to where it ends. */
bool ct_word_addr(struct ct_cursor *cur, uint8_t l3, union ct_addr *addr);

/* => The length of the address as text, which is NUL-terminated. */
size_t ct_word_print_addr(char to[CT_WORD_ADDR_SIZE], uint8_t l3,
			  const union ct_addr *addr);

#endif /* HELPER_WORDS_H */
