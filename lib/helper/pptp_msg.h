/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pptp_msg.h - the messages of PPTP's control connection (RFC 2637); pure
 *
 *	 0              2               4               8
 *	+---------------+---------------+---------------+---------------+
 *	| length        | 1             | 0x1a2b3c4d    | message       |
 *	+---------------+---------------+---------------+---------------+
 *	10: reserved    12: call id, or the receiver's  14: the receiver's
 *
 * Where the ids stand differs; a call id is always its receiver's: the end that
 * chose it gets GRE packets with it.
 */
#ifndef HELPER_PPTP_MSG_H
#define HELPER_PPTP_MSG_H

#include <conntrack/cursor.h>

enum ct_pptp_type {
	CT_PPTP_START_REQUEST = 1,
	CT_PPTP_START_REPLY = 2,
	CT_PPTP_STOP_REQUEST = 3,
	CT_PPTP_STOP_REPLY = 4,
	CT_PPTP_ECHO_REQUEST = 5,
	CT_PPTP_ECHO_REPLY = 6,
	CT_PPTP_OUT_REQUEST = 7, /* of a call that the client wants */
	CT_PPTP_OUT_REPLY = 8,
	CT_PPTP_IN_REQUEST = 9, /* of one that the server has */
	CT_PPTP_IN_REPLY = 10,
	CT_PPTP_IN_CONNECTED = 11,
	CT_PPTP_CLEAR_REQUEST = 12,
	CT_PPTP_DISCONNECTED = 13,
	CT_PPTP_WAN_ERROR = 14,
	CT_PPTP_LINK_INFO = 15,
	CT_PPTP_TYPES
};

enum {
	CT_PPTP_HEADER = 12,
	CT_PPTP_FIRST_ID = 12, /* where in a message */
	CT_PPTP_SECOND_ID = 14,
	CT_PPTP_GOOD = 1 /* result */
};

struct ct_pptp_msg {
	uint16_t len; /* as it says of itself; not less than its type needs */
	uint8_t type; /* enum ct_pptp_type */
	uint8_t result;
	ct_be16 first_id;
	ct_be16 second_id;
};

enum ct_pptp_read {
	CT_PPTP_READ, /* msg is one */
	CT_PPTP_MORE, /* it goes on behind these bytes */
	CT_PPTP_SKIP, /* one that we do not know, or too short: msg->len */
	CT_PPTP_NONE  /* that is not PPTP */
};

/* The message that begins here. */
enum ct_pptp_read ct_pptp_read(const uint8_t *bytes, size_t len,
			       struct ct_pptp_msg *msg);

#endif
