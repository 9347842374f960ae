/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stat.h - many measurements to one number
 *
 * On a machine that is shared, a mean says what the neighbours did.  So each
 * round keeps the time of every burst and answers with its median; the result
 * is the median of the rounds.
 */
#ifndef STAT_H
#define STAT_H

#include <stdint.h>

enum { ROUNDS_MAX = 101, SAMPLES_MAX = 1 << 18 };

/* One number a round. */
struct series {
	double value[ROUNDS_MAX];
	unsigned n;
};

void series_add(struct series *series, double value);

/* => 0 of an empty one. */
double series_median(const struct series *series);
double series_max(const struct series *series);

/* Ticks of every call of a round; past the end, the oldest are written over. */
struct samples {
	uint32_t *ticks; /* SAMPLES_MAX */
	uint64_t n;
};

void samples_init(struct samples *samples);
void samples_free(struct samples *samples);

static inline void samples_add(struct samples *samples, uint64_t ticks)
{
	samples->ticks[samples->n++ % SAMPLES_MAX] =
		ticks < UINT32_MAX ? (uint32_t)ticks : UINT32_MAX;
}

/* => The value below which the part lies: 0.5 is the median. *
 * => Sorts; the order in which they came is lost. */
double samples_part(const struct samples *samples, double part);

/*
 * The same without what the machine does to calls of this length.
 *
 * => noise: what it did to loops of the same length.  A call is above t if it
 *    was slow itself, or met what made loops be above t.  The two have nothing
 *    to do with each other, so of those that met nothing at most
 *    (P(call > t) - P(loop > t)) / P(loop <= t) were: the answer is the least t
 *    from which on this is no more than the part allows.
 * => Sorts both.  The part, when there is no noise to compare with.
 */
double samples_own(const struct samples *samples, const struct samples *noise,
		   double part);

/* The parts of a round that a table shows, in ticks. */
struct parts {
	double median;
	double p99;
	double p999;
};

void samples_parts(const struct samples *samples, struct parts *parts);

#endif /* STAT_H */
