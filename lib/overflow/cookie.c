/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cookie.c - SYN cookies; see cookie.h
 */
#include "overflow/cookie.h"

#include <string.h>

enum {
	PROOF_BITS = 22,
	PROOF_MASK = (1 << PROOF_BITS) - 1,
	SACK_SHIFT = 22,
	WSCALE_SHIFT = 23,
	WSCALE_MASK = 15,
	MSS_SHIFT = 27,
	EPOCH_SHIFT = 30,
	EPOCH_MASK = 3
};

/*
 * What links have: a client's MSS becomes the largest of these that is not
 * above it, so that no segment is too large for it.  The first is that of the
 * least MTU of IPv4, RFC 9293 3.7.1; then IPv6's least MTU, tunnels over
 * Ethernet, PPPoE, and Ethernet for both families.
 */
static const uint16_t mss_table[] = { 216,  536,  1220, 1360,
				      1400, 1440, 1460, 8940 };
enum { MSS_N = sizeof(mss_table) / sizeof(mss_table[0]) };
CT_STATIC_ASSERT(MSS_N == 8, "three bits");

static uint32_t mss_index(uint16_t mss)
{
	uint32_t i = MSS_N - 1;

	while (i && mss_table[i] > mss)
		i--;
	return i;
}

/* What the proof is of, without padding. */
struct proven {
	struct ct_tuple t;
	uint32_t isn;
	uint32_t epoch;
	uint32_t upper;
	uint32_t zero;
};
CT_STATIC_ASSERT(sizeof(struct proven) == 56, "whole words, no padding");

/* => The cookie of these upper bits. */
static uint32_t prove(const uint8_t key[CT_SIPHASH_KEY], struct proven what)
{
	uint8_t own[CT_SIPHASH_KEY];
	uint64_t seed[2] = { what.epoch, 0 };

	/* An epoch's key tells nothing of another's. */
	for (; seed[1] < 2; seed[1]++) {
		uint64_t half = ct_siphash(key, seed, sizeof(seed));

		memcpy(own + seed[1] * sizeof(half), &half, sizeof(half));
	}
	return what.upper |
	       ((uint32_t)ct_siphash(own, &what, sizeof(what)) & PROOF_MASK);
}

uint32_t ct_cookie_make(const uint8_t key[CT_SIPHASH_KEY],
			const struct ct_tuple *t, uint32_t isn,
			const struct ct_offer *offer, uint32_t epoch)
{
	struct proven what = { .t = *t, .isn = isn, .epoch = epoch };

	what.upper = (epoch & EPOCH_MASK) << EPOCH_SHIFT |
		     mss_index(offer->mss) << MSS_SHIFT |
		     (uint32_t)(offer->wscale & WSCALE_MASK) << WSCALE_SHIFT |
		     (uint32_t)offer->sack << SACK_SHIFT;
	return prove(key, what);
}

bool ct_cookie_check(const uint8_t key[CT_SIPHASH_KEY],
		     const struct ct_tuple *t, uint32_t isn, uint32_t cookie,
		     uint32_t epoch, struct ct_offer *offer)
{
	struct proven what = {
		.t = *t,
		.isn = isn,
		.upper = cookie & ~(uint32_t)PROOF_MASK,
	};
	uint32_t age = (epoch - (cookie >> EPOCH_SHIFT)) & EPOCH_MASK;

	if (age > 1)
		return false;
	what.epoch = epoch - age;
	if (prove(key, what) != cookie)
		return false;
	offer->mss = mss_table[cookie >> MSS_SHIFT & (MSS_N - 1)];
	offer->wscale = cookie >> WSCALE_SHIFT & WSCALE_MASK;
	offer->sack = cookie >> SACK_SHIFT & 1;
	return true;
}
