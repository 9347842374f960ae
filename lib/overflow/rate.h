/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rate.h - a line of worth: 64 connections rated with one cache miss
 *
 * A hand goes round the table, line by line; each thread has its own.  So every
 * connection is looked at equally often, and no sender can tell where.
 */
#ifndef OVERFLOW_RATE_H
#define OVERFLOW_RATE_H

#include "core/worth.h"

enum { CT_RATE_LINE = 64 };

/* What the hand points at. */
struct ct_rate_line {
	uint32_t chunk; /* first unit of its chunk */
	uint32_t first; /* of the chunk's places */
	uint32_t n;     /* places, CT_RATE_LINE at most */
	_Atomic uint8_t *worth;
	const _Atomic uint32_t *deadlines;
};

/* Move the hand on; => false when there are no connections at all. */
bool ct_rate_next(struct ct_thread *thr, struct ct_rate_line *line);

/* The same, to a line whose bit says that somebody may go easily; => false when
 * there is none for a long stretch. */
bool ct_rate_next_easy(struct ct_thread *thr, struct ct_rate_line *line);

/* Nobody may: clear its bit. */
void ct_rate_uneasy(struct ct_thread *thr, const struct ct_rate_line *line);

/*
 * The places that are to go first: of the lowest group, the least active ones;
 * of what has proven nothing, those that came in the earliest turn.
 *
 * => spare: what has proven nothing has not got its share, and goes only where
 *    all others are dearer than those that are assured.
 * => Bit i for the i-th; 0 when there is none.
 * => group: enum ct_worth_group, theirs.
 */
uint64_t ct_rate_first(const struct ct_rate_line *line, uint32_t turn,
		       bool spare, uint8_t *group);

/* => The places that are kept for their class and have proven nothing, those
 * that came in the earliest turn. */
uint64_t ct_rate_kept(const struct ct_rate_line *line, uint32_t turn);

/* => How many have proven nothing. */
unsigned ct_rate_unproven(const struct ct_rate_line *line);

/* => All places that are somebody's. */
uint64_t ct_rate_all(const struct ct_rate_line *line);

/* => A unit of connections, at random, for the hand. */
uint32_t ct_rate_anywhere(struct ct_thread *thr);

/* => One place of some, at random. */
unsigned ct_rate_any(struct ct_thread *thr, uint64_t places);

/* => The place, of those of some bits, whose deadline is the first. */
unsigned ct_rate_oldest(const struct ct_rate_line *line, uint64_t places,
			uint32_t now);

/* Halve the activity of a line's places. */
void ct_rate_tire(const struct ct_rate_line *line);

/* => The connection of a place, which may end at any time; NULL: nobody's. */
struct ct_conn *ct_rate_conn(const struct ct_thread *thr,
			     const struct ct_rate_line *line, unsigned i);

#endif /* OVERFLOW_RATE_H */
