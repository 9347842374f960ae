/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * q931.c - where a Q.931 message of H.323 keeps its H.225.0 one; see q931.h
 *
 *	+----+--------+----------------+------+----------+----------+
 *	| 08 | length | call reference | type | element  | element  | ...
 *	+----+--------+----------------+------+----------+----------+
 *	element: one byte from 128 on; or: number, length, bytes
 *	User-user (H.225.0 7.2.2.31): 7e, length in two bytes, 05, bytes
 */
#include "helper/q931.h"

enum {
	DISCRIMINATOR = 0x08,
	REFERENCE_LEN = 0x0f, /* of the second byte */
	SINGLE = 0x80,
	USER_USER = 0x7e,
	IN_ASN1 = 0x05
};

/* => The cursor is at the length of the User-user element. */
static bool find(struct ct_cursor *cur)
{
	while (ct_cursor_left(cur)) {
		uint8_t element = ct_cursor_u8(cur);

		if (element == USER_USER)
			return true;
		if (!(element & SINGLE))
			ct_cursor_skip(cur, ct_cursor_u8(cur));
	}
	return false;
}

bool ct_q931_user(struct ct_per_bytes *message)
{
	struct ct_cursor cur = ct_cursor_of(message->bytes, message->len);
	uint32_t len, left;

	if (ct_cursor_u8(&cur) != DISCRIMINATOR)
		return false;
	ct_cursor_skip(&cur, ct_cursor_u8(&cur) & REFERENCE_LEN);
	ct_cursor_skip(&cur, 1);
	if (!find(&cur))
		return false;
	len = ct_cursor_u16(&cur);
	if (ct_cursor_u8(&cur) != IN_ASN1 || !len)
		return false;
	len--;
	left = (uint32_t)ct_cursor_left(&cur);
	if (len > left && message->part == CT_PER_WHOLE)
		return false;
	if (len <= left)
		message->part = CT_PER_WHOLE;
	message->bytes = cur.at;
	message->len = len <= left ? len : left;
	return ct_cursor_good(&cur);
}
