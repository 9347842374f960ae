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

/*
 * The places that are worth least.
 *
 * => Bit i for the i-th; 0 when none is between 1 and most.
 * => worth: theirs.
 */
uint64_t ct_rate_lowest(const struct ct_rate_line *line, uint8_t most,
			uint8_t *worth);

/* => The place, of those of some bits, whose deadline is the first. */
unsigned ct_rate_oldest(const struct ct_rate_line *line, uint64_t places,
			uint32_t now);

/* Lower the activity of a line's places by one. */
void ct_rate_tire(const struct ct_rate_line *line);

/* => The connection of a place; it may be none, or end at any time. */
struct ct_conn *ct_rate_conn(const struct ct_thread *thr,
			     const struct ct_rate_line *line, unsigned i);

#endif /* OVERFLOW_RATE_H */
