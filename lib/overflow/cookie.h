/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cookie.h - SYN cookies: a handshake without state (RFC 4987 3.6)
 *
 * The sequence number of a SYN/ACK says what the SYN offered, and proves, when
 * its ACK comes back, that the client saw it:
 *
 *	31  30 29      27 26       23  22  21                           0
 *	+-----+----------+-----------+----+-----------------------------+
 *	|epoch|   MSS    |window shft|SACK|     proof of all of it      |
 *	+-----+----------+-----------+----+-----------------------------+
 *
 * An epoch has 64 s; a cookie counts in its own and the next one.  The proof is
 * SipHash, under a key of the epoch's own, of both ends, the client's sequence
 * number, the epoch and the upper bits.  22 bits: who sends ACKs without having
 * seen a cookie gets one of four million through, and has then opened one
 * connection.
 *
 * Whether the client uses time stamps needs no room: its ACK has one, or not.
 *
 * All functions are pure.
 */
#ifndef OVERFLOW_COOKIE_H
#define OVERFLOW_COOKIE_H

#include "base/siphash.h"

#include <conntrack/types.h>

/* Seconds. */
#define CT_COOKIE_EPOCH 64u

enum { CT_WSCALE_NONE = 15 };

/* What a SYN offers. */
struct ct_offer {
	uint16_t mss;   /* what it said, or 536 (RFC 9293 3.7.1); 1220 (IPv6) */
	uint8_t wscale; /* 0 to 14, or CT_WSCALE_NONE */
	bool sack;
	bool timestamp; /* not in the cookie */
};

/* => The epoch of a time. */
static inline uint32_t ct_cookie_epoch(uint64_t now_ns)
{
	return (uint32_t)(now_ns / (CT_COOKIE_EPOCH * 1000000000ull));
}

/*
 * Make the cookie that answers a SYN.
 *
 * => t is the SYN's tuple, isn its sequence number.
 */
uint32_t ct_cookie_make(const uint8_t key[CT_SIPHASH_KEY],
			const struct ct_tuple *t, uint32_t isn,
			const struct ct_offer *offer, uint32_t epoch);

/*
 * Check the cookie that an ACK brings back.
 *
 * => t and isn are the SYN's, cookie the sequence number that was acknowledged,
 *    less one.
 * => offer is what the SYN offered, its MSS rounded down to one of eight; left
 *    alone when the cookie is none of ours, or too old.
 */
bool ct_cookie_check(const uint8_t key[CT_SIPHASH_KEY],
		     const struct ct_tuple *t, uint32_t isn, uint32_t cookie,
		     uint32_t epoch, struct ct_offer *offer);

#endif /* OVERFLOW_COOKIE_H */
