/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * share.h - how much of the table a source holds, as far as samples tell
 *
 * Each connection that a search for room looks into is a random sample of the
 * table.  A sketch counts samples by source prefix, zone and secret: two rows of
 * 1024 counters, of which the smaller one counts (G. Cormode, S. Muthukrishnan:
 * "An improved data stream summary: the count-min sketch and its
 * applications", 2005).
 *
 *	prefix		overflow.prefix4 and overflow.prefix6 bits of the source
 *	half-life	2048 samples: all counters are halved when there are 4096;
 *			the time that some 8000 evictions of a flood take, of whose
 *			candidates one in four is a sample, or 80 where a source
 *			holds much
 *	memory		4 KB for the table, inside max_bytes, or none at all
 *	error		a part p of the table is seen with a standard error of
 *			sqrt(p(1-p)/6144), at most 0.64 % of the table, 0.31 % where
 *			p is a sixteenth; too high by 1/1024 of it at most, on the
 *			average, since others' samples fall on its counters
 *
 * 6144 is what samples weigh that are halved every 2048: their sum squared by the
 * sum of their squares.  The first 4096 are as good as they are many.
 *
 * It costs nothing until the table is full, and holds for spoofed sources, too:
 * each of them is seen once.
 *
 * One sketch for all threads.  A thread gathers its samples, and adds them by
 * the batch to what all see: with a lock that it does not wait for.  A batch
 * that meets another thread's is lost, as random as any other.  Readers take no
 * lock: relaxed loads, and in the midst of a halving a share may look twice or
 * half as large.
 */
#ifndef CORE_SHARE_H
#define CORE_SHARE_H

#include "base/spin.h"
#include "core/conn.h"

#include <conntrack/types.h>
#include <stdatomic.h>

enum { CT_SHARE_ROWS = 2, CT_SHARE_COLS = 1024, CT_SHARE_MAX = 4096 };
enum { CT_SHARE_MUCH = 16 }; /* more than one in so many is much */
enum { CT_SHARE_BATCH = 8 };

struct ct_share {
	struct ct_spin lock;   /* covers writing what follows; alone */
	_Atomic uint32_t n;    /* A  samples, halved with the counters */
	_Atomic uint32_t much; /* A  more of them are much */
	union {
		_Atomic uint16_t count[CT_SHARE_ROWS][CT_SHARE_COLS]; /* A */
		/* The same, four at a time, to be halved. */
		_Atomic uint64_t fours[CT_SHARE_ROWS * CT_SHARE_COLS / 4];
	};
};

/* What a thread has not added yet. */
struct ct_samples {
	uint32_t n;
	uint32_t keys[CT_SHARE_BATCH]; /* as much of them as counters need */
};

/* => How many bits of an address make it one source; leave only these. */
unsigned ct_share_bits(const struct ct_table *tbl, uint8_t l3);
void ct_share_prefix(const struct ct_table *tbl, uint8_t l3,
		     union ct_addr *addr);

/* => Which source a tuple has: its prefix, zone and secret, hashed. */
uint64_t ct_share_key(const struct ct_table *tbl, const struct ct_tuple *t);
uint64_t ct_share_key_of(const struct ct_table *tbl,
			 const struct ct_conn *conn);

/* Make the sketch, if there is none; => it is new, and knows nothing. */
bool ct_share_begin(struct ct_table *tbl);

/* => Its part of the table, of 65535; 0 while there are too few samples. */
uint32_t ct_share_of(const struct ct_table *tbl, uint64_t key);

/* => It holds more than a sixteenth of the table. */
bool ct_share_much(const struct ct_table *tbl, uint64_t key);

/* Count one sample of a source, in a sketch that is made if need be; => it held
 * much before. */
bool ct_share_sample(struct ct_thread *thr, uint64_t key);

/* The table goes. */
void ct_share_free(struct ct_table *tbl);

#endif /* CORE_SHARE_H */
