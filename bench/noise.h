/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * noise.h - what the machine adds to a call of the same length
 *
 * Timer interrupts, other interrupts, a hypervisor that runs somebody else: the
 * slowest of many calls are those that met one, and nobody tells which.  So
 * limit2's work is timed in the same run, on the same thread, as much of it as
 * takes as long as the calls' median.  Only what is more often slow than that is
 * the library's own; see samples_own() in stat.h.
 *
 * It has to be work on as much memory: what an interrupt costs depends on whose
 * cache lines its handler finds, and leaves.
 */
#ifndef NOISE_H
#define NOISE_H

#include "limit.h"
#include "seat.h"

/* Tails of many rounds, in thousandths of the round's median. */
struct tails {
	struct samples calls;
	struct samples loops;
};

void tails_open(struct tails *tails);
void tails_close(struct tails *tails);

/* Take over a round that noise_round() has followed. */
void tails_add(struct tails *tails, const struct seat *seat);

/* Columns own_p99_ratio, own_p999_ratio and the loop's noise_p999_ratio. */
void tails_report(const struct tails *tails, struct report *report);

/*
 * Fill the noise of n seats at once with loops that take as long as the median
 * of their samples; those during which another thread ran are left out.
 */
void noise_round(struct world *world, unsigned n, const struct limit *limit,
		 unsigned ms);

#endif /* NOISE_H */
