/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * siphash.c - SipHash-2-4, a keyed hash of short inputs
 *
 * Four words of state; each word of input goes through two rounds, the end
 * through four.  The names are those of the paper's section 2.
 */
#include "base/siphash.h"

#include <string.h>

enum { WORD = sizeof(uint64_t) };

struct state {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t word, unsigned by)
{
	return word << by | word >> (64 - by);
}

/* Words are little-endian, on every machine. */
static inline uint64_t load(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

static inline void round_of(struct state *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 = rotate(s->v0, 32) + s->v3;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 = rotate(s->v2, 32);
}

static inline void two_rounds(struct state *s)
{
	round_of(s);
	round_of(s);
}

static inline void compress(struct state *s, uint64_t word)
{
	s->v3 ^= word;
	two_rounds(s);
	s->v0 ^= word;
}

uint64_t ct_siphash(const uint8_t key[CT_SIPHASH_KEY], const void *bytes,
		    size_t len)
{
	const uint8_t *p = bytes;
	uint64_t k0 = load(key), k1 = load(key + WORD);
	struct state s = {
		.v0 = k0 ^ 0x736f6d6570736575, /* "somepseudorandomly- */
		.v1 = k1 ^ 0x646f72616e646f6d, /*  generatedbytes" */
		.v2 = k0 ^ 0x6c7967656e657261,
		.v3 = k1 ^ 0x7465646279746573,
	};

	for (size_t at = 0; at < len; at += WORD)
		compress(&s, load(p + at));
	/* The last word: no bytes that are left over, and the length. */
	compress(&s, (uint64_t)len << 56);
	s.v2 ^= 0xff;
	two_rounds(&s);
	two_rounds(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
