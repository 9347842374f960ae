/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pptp_msg.c - the messages of PPTP's control connection; see pptp_msg.h
 */
#include "helper/pptp_msg.h"

enum {
	CONTROL = 1, /* kind of message; there is no other */
	COOKIE = 0x1a2b3c4d,
	LONGEST = 1024 /* nearly five times the longest of RFC 2637 */
};

/* RFC 2637 2.1 to 2.15: how long each is, and where its result stands. */
static const struct {
	uint16_t len;
	uint8_t result_off;
} shapes[CT_PPTP_TYPES] = {
	[CT_PPTP_START_REQUEST] = { .len = 156 },
	[CT_PPTP_START_REPLY] = { .len = 156, .result_off = 14 },
	[CT_PPTP_STOP_REQUEST] = { .len = 16 },
	[CT_PPTP_STOP_REPLY] = { .len = 16, .result_off = 12 },
	[CT_PPTP_ECHO_REQUEST] = { .len = 16 },
	[CT_PPTP_ECHO_REPLY] = { .len = 20 },
	[CT_PPTP_OUT_REQUEST] = { .len = 168 },
	[CT_PPTP_OUT_REPLY] = { .len = 32, .result_off = 16 },
	[CT_PPTP_IN_REQUEST] = { .len = 220 },
	[CT_PPTP_IN_REPLY] = { .len = 24, .result_off = 16 },
	[CT_PPTP_IN_CONNECTED] = { .len = 28 },
	[CT_PPTP_CLEAR_REQUEST] = { .len = 16 },
	[CT_PPTP_DISCONNECTED] = { .len = 148 },
	[CT_PPTP_WAN_ERROR] = { .len = 40 },
	[CT_PPTP_LINK_INFO] = { .len = 24 },
};

/* A whole message of a known type. */
static void read_body(const uint8_t *bytes, struct ct_pptp_msg *msg)
{
	struct ct_cursor cur = ct_cursor_of(bytes, msg->len);
	uint8_t off = shapes[msg->type].result_off;

	ct_cursor_skip(&cur, CT_PPTP_FIRST_ID);
	msg->first_id = ct_cursor_be16(&cur);
	msg->second_id = ct_cursor_be16(&cur);
	cur = ct_cursor_of(bytes, msg->len);
	ct_cursor_skip(&cur, off);
	msg->result = off ? ct_cursor_u8(&cur) : 0;
}

enum ct_pptp_read ct_pptp_read(const uint8_t *bytes, size_t len,
			       struct ct_pptp_msg *msg)
{
	struct ct_cursor cur = ct_cursor_of(bytes, len);
	uint16_t kind, type;
	uint32_t cookie;

	*msg = (struct ct_pptp_msg){ .len = ct_cursor_u16(&cur) };
	kind = ct_cursor_u16(&cur);
	cookie = ct_cursor_u32(&cur);
	type = ct_cursor_u16(&cur);
	ct_cursor_skip(&cur, 2);
	if (!ct_cursor_good(&cur))
		return CT_PPTP_MORE;
	if (kind != CONTROL || cookie != COOKIE || msg->len < CT_PPTP_HEADER ||
	    msg->len > LONGEST)
		return CT_PPTP_NONE;
	if (msg->len > len)
		return CT_PPTP_MORE;
	if (!type || type >= CT_PPTP_TYPES || msg->len < shapes[type].len)
		return CT_PPTP_SKIP;
	msg->type = (uint8_t)type;
	read_body(bytes, msg);
	return CT_PPTP_READ;
}
