/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is said in a text protocol that looks like SIP and RTSP: lines, places,
 * addresses.  Pure functions.
 *
 * What is found is named by its place, counted from the text's first byte,
 * since a helper that rewrites one place moves all behind it and then looks
 * again.
 */
#ifndef HELPER_SAY_H
#define HELPER_SAY_H

#include "helper/words.h"

enum ct_found {
	CT_FOUND_NONE, /* it is not there */
	CT_FOUND_BAD,  /* it is there and makes no sense */
	CT_FOUND
};

/* A place in a text. */
struct ct_span {
	uint32_t off;
	uint32_t len;
};

/* A message, from its first line to the end of its body. */
struct ct_say {
	struct ct_cursor bytes;
	uint8_t l3; /* CT_L3_*: the family of addresses that are looked for */
	uint8_t l4; /* IPPROTO_*: how it came */
};

/* How an IPv6 address is written. */
enum ct_say_style {
	CT_SAY_URI,  /* in brackets */
	CT_SAY_PLAIN /* with or without */
};

/* => A cursor over the message from a place on. */
static inline struct ct_cursor ct_say_from(const struct ct_say *msg,
					   uint32_t from)
{
	struct ct_cursor cur = msg->bytes;

	ct_cursor_skip(&cur, from);
	return cur;
}

/* => The place of cur. */
static inline uint32_t ct_say_place(const struct ct_say *msg,
				    const struct ct_cursor *cur)
{
	return (uint32_t)(cur->at - msg->bytes.at);
}

static inline bool ct_say_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

static inline bool ct_say_end(uint8_t byte)
{
	return byte == '\r' || byte == '\n';
}

static inline bool ct_say_alpha(uint8_t byte)
{
	return (uint8_t)((byte | 0x20) - 'a') < 26;
}

/* Step over a line's end, if there is one: CR, LF or both. */
void ct_say_skip_end(struct ct_cursor *cur);

void ct_say_skip_blanks(struct ct_cursor *cur);

/* Step behind the next line's end.  => False when nothing is behind it. */
bool ct_say_line(struct ct_cursor *cur);

/* An address in a URI or alone. */
bool ct_say_addr(struct ct_cursor *cur, uint8_t l3, enum ct_say_style style,
		 union ct_addr *addr);

#endif /* HELPER_SAY_H */
