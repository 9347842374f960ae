/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * share.h - how much of the table a source holds, as far as samples tell
 *
 * Each connection that a search for room looks into is a random sample of the
 * table.  A sketch counts samples by source prefix: two rows of 1024 counters,
 * of which the smaller one counts.  All are halved when 4096 samples have come,
 * so that a share is of the last few thousand; a source that holds a part p of the
 * table is seen with a standard error of sqrt(p(1-p)/4096), at most 0.8 % of
 * the table, and too high by chance by 2/1024 of all samples at most, on the
 * average, since another's samples fall on both of its counters.
 *
 * It costs nothing until the table is full, and holds for spoofed sources, too:
 * each of them is seen once.
 *
 * A thread's own: no lock.
 */
#ifndef CORE_SHARE_H
#define CORE_SHARE_H

#include "core/conn.h"

#include <conntrack/types.h>

enum { CT_SHARE_ROWS = 2, CT_SHARE_COLS = 1024, CT_SHARE_MAX = 4096 };
enum { CT_SHARE_MUCH = 16 }; /* more than one in so many is much */

struct ct_share {
	uint32_t n; /* samples, halved with the counters */
	uint16_t count[CT_SHARE_ROWS][CT_SHARE_COLS];
};

/* => How many bits of an address make it one source; leave only these. */
unsigned ct_share_bits(const struct ct_table *tbl, uint8_t l3);
void ct_share_prefix(const struct ct_table *tbl, uint8_t l3,
		     union ct_addr *addr);

/* => Which source a tuple has: its prefix, zone and secret, hashed. */
uint64_t ct_share_key(const struct ct_table *tbl, const struct ct_tuple *t);
uint64_t ct_share_key_of(const struct ct_table *tbl,
			 const struct ct_conn *conn);

/* Count one sample of a source; the first one takes memory, if there is any. */
void ct_share_add(struct ct_thread *thr, uint64_t key);

/* => Its part of the table, of 65535; 0 while there are too few samples. */
uint32_t ct_share_of(const struct ct_thread *thr, uint64_t key);

/* => It holds more than a sixteenth of the table. */
bool ct_share_much(const struct ct_thread *thr, uint64_t key);

/* The handle goes. */
void ct_share_free(struct ct_thread *thr);

#endif /* CORE_SHARE_H */
