/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ghost.h - flows that are not in the table, and how often they were missed
 *
 * Under a legitimate overload more flows are at work than there are places.
 * Who is to stay is told by how often it comes; of those that are in, the
 * activity in their byte of worth says it (worth.h), of those that are not, a
 * ghost does:
 *
 *	15           4 3       0
 *	+-------------+---------+
 *	| of its hash |  count  |	four of them in a set of 8 bytes
 *	+-------------+---------+
 *
 * A newcomer that finds no free place counts one more; who is evicted leaves
 * its activity behind.  Where a set is full the least one loses a count, and its
 * place when it has none left.  A hand goes round and halves counts, at the
 * pace at which searches halve activities: so that the two can be compared
 * (G. Einziger, R. Friedman, B. Manes: "TinyLFU", 2017, for caches).
 *
 * Two flows of one set are taken for each other once in 4096 times.  The hash is
 * keyed: no sender can tell who shares a set with whom.
 *
 * Made when a table is first found full, if there is memory; four bytes for
 * each connection of the limit, up to eight.  Relaxed loads and stores: a
 * lost count does not matter.
 */
#ifndef CORE_GHOST_H
#define CORE_GHOST_H

#include <conntrack/types.h>
#include <stdatomic.h>

enum { CT_GHOST_WAYS = 4, CT_GHOST_MOST = 15 };

struct ct_ghosts {
	uint32_t mask; /* I  sets, less 1 */
	_Atomic uint64_t sets[];
};

/* A flow was missed by so much; => how much it had been before. */
unsigned ct_ghost_add(struct ct_thread *thr, uint64_t hash, unsigned n);

/* Bring the set of a flow nearer, if there is any. */
void ct_ghost_fetch(const struct ct_table *tbl, uint64_t hash);

/* => Bytes that they are, 0 when there are none. */
size_t ct_ghosts_bytes(const struct ct_table *tbl);

void ct_ghosts_free(struct ct_table *tbl);

#endif /* CORE_GHOST_H */
