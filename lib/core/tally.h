/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tally.h - how many connections each source has, counted
 *
 *	key  63          32 31                 0
 *	    +--------------+--------------------+
 *	    |     tag      | one of two lines   |
 *	    +--------------+--------------------+
 *
 *	line, 64 bytes: 8 x { tag : 32, count : 32 }; a count of 0 is a free place
 *
 * The tag tells which line is the other one (cuckoo hashing, without moving
 * anything).  A new source gets a place in the line that has more room.  So a
 * count is exact, unless two sources have the same tag in the same two lines,
 * one of 2^28, or both lines are full, which half as many places more than
 * connections make as good as impossible; such a one counts as none.
 *
 * Two threads may give the same new source a place each: both count, as one sum.
 *
 * Any thread; no lock.
 */
#ifndef CORE_TALLY_H
#define CORE_TALLY_H

#include <conntrack/types.h>
#include <stdatomic.h>

struct ct_tally {
	_Atomic uint64_t *slots; /* I  NULL: nothing is counted */
	uint32_t mask;           /* I  lines, less 1 */
};

/* Room for the table's limit; none if there is some already. */
int ct_tally_make(struct ct_table *tbl, struct ct_tally *tally);
void ct_tally_free(struct ct_table *tbl, struct ct_tally *tally);

/* One more, or one less, of a source: a key of ct_share_key(). */
void ct_tally_up(const struct ct_tally *tally, uint64_t key);
void ct_tally_down(const struct ct_tally *tally, uint64_t key);

/* => How many it has; never too many, but for a tag of two. */
uint32_t ct_tally_has(const struct ct_tally *tally, uint64_t key);

#endif /* CORE_TALLY_H */
