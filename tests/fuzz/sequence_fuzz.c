/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: whole sequences.  An input is a small table and what happens to
 * it, step by step: packets of the goldens, mutated or not, and every other
 * verb.  After each step all invariants of the table are checked (audit.h);
 * the end must find nothing left.
 */
#include "audit.h"
#include "corpus.h"
#include "fuzz.h"
#include "world.h"

#include <stdbool.h>
#include <string.h>

/* Ids are followed by their number; no step opens more than a few. */
enum { STEPS_MAX = 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct world w;
	struct fuzz_in in = { bytes, len };

	if (!world_make(&w, &in))
		return 0;
	for (unsigned i = 0; in.left && i < STEPS_MAX; i++) {
		const char *sentence;

		world_step(&w, &in);
		sentence = ct_table_check(w.tbl);
		if (sentence)
			fuzz_wrong(sentence);
	}
	world_end(&w);
	return 0;
}

/* Where the n-th golden begins; the corpus's end when there is none. */
static unsigned golden(unsigned n)
{
	unsigned at = 0;

	while (at < corpus_size() && !(corpus_at(at)->first && n-- == 0))
		at++;
	return at;
}

enum { POOL = 15 }; /* steps.c */

/* The step that makes a pool without quotas; see pools.c.  => Its length. */
static size_t pool_of(unsigned n, uint8_t *to)
{
	enum { BLOCKS = 32, FIXED = 64 };
	const uint8_t what = (uint8_t)(n / 4 * 54 & ~1u); /* IPv4 */
	const uint8_t head[] = { POOL, 0, what, (uint8_t)(n * 5),
				 (uint8_t)(n / 8) };
	/* hold_s, max_mappings, max_conns, max_rate, prefix_len, addresses */
	size_t len = sizeof(head) + 6;

	if (what & BLOCKS)
		len += what & FIXED ? 4 : 2;
	memset(to, 0, len);
	memcpy(to, head, sizeof(head));
	return len;
}

/* A step that changes the first pool, or asks it; => its length. */
static size_t change_of(unsigned n, unsigned i, uint8_t *to)
{
	unsigned action = i / 4 % 8 << 2;
	unsigned pool = (3 - action % 3) % 3; /* what names the first */

	to[0] = POOL;
	to[1] = (uint8_t)(action | pool);
	to[2] = (uint8_t)(n + i);
	/* Static mappings and exclusions say more. */
	return action >> 2 == 4 || action >> 2 == 5 || action >> 2 == 7 ? 3 : 2;
}

/* A golden's packets, each confirmed, and every other golden's translated,
 * half of those to the other network layer, others by a pool, with a packet for
 * one of its external endpoints now and then. */
size_t fuzz_seed(unsigned n, uint8_t to[FUZZ_INPUT_MAX])
{
	enum { STEP = 0x50, PREROUTING = 1, NEXT = 0, SEEK = 14, TIMES = 200 };
	enum { AIM = 32, POOLED = 8, BOTH = 12 };
	enum {
		NAT = 64,
		SOURCE = 2,
		OVER = 4,
		ADDRS = 5,
		PORTS = 0x55,
		OWN = 0
	};
	unsigned at = golden(n);
	bool pooled = n % 4 == 1;
	size_t len = 0;

	if (at == corpus_size())
		return 0;
	to[len++] = (uint8_t)(n * 7 & 0x7f);
	if (pooled)
		len += pool_of(n, to + len);
	for (unsigned i = 0; i < TIMES && at + i < corpus_size(); i++) {
		if (i && corpus_at(at + i)->first)
			break;
		to[len++] = STEP;
		to[len++] = PREROUTING | (n % 2 ? NAT : 0) |
			    (pooled && i % 8 == 7 ? AIM : 0);
		to[len++] = i ? NEXT : SEEK;
		if (!i) {
			to[len++] = (uint8_t)(at >> 8);
			to[len++] = (uint8_t)at;
		}
		to[len++] = 0; /* whole */
		to[len++] = CT_CSUM_NONE;
		to[len++] = 0;
		if (pooled && i % 8 == 7) {
			to[len++] = 0;
			to[len++] = (uint8_t)(n + i);
		}
		if (n % 4 == 3) {
			to[len++] = OVER;
			to[len++] = (uint8_t)(n / 4); /* prefix */
			to[len++] = (uint8_t)n;       /* ids */
		} else if (pooled) {
			to[len++] = POOLED;
			to[len++] = BOTH;
		} else if (n % 2) {
			to[len++] = SOURCE;
			to[len++] = ADDRS;
			to[len++] = PORTS;
			to[len++] = CT_NAT_ADDR;
			to[len++] = OWN;
		}
		to[len++] = 0; /* confirmed */
		if (pooled && i % 4 == 3)
			len += change_of(n, i, to + len);
	}
	return len;
}
