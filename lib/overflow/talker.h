/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * talker.h - who opens the most connections, in bounded memory
 *
 * Space-Saving (A. Metwally, D. Agrawal, A. El Abbadi: "Efficient Computation
 * of Frequent and Top-k Elements in Data Streams", 2005): so many counters;
 * who has none takes that of who has the least, with its count, which is the most
 * that the new count may be too high by.  Whoever opened more than one in
 * CT_TALKERS of all is among them for certain.
 *
 * One newcomer in 32 is counted, for 32, and only under pressure; all
 * counts are halved every half-life, when one is noted and when they are read.
 */
#ifndef OVERFLOW_TALKER_H
#define OVERFLOW_TALKER_H

#include "core/table.h"

#include <conntrack/pressure.h>

enum { CT_TALKERS = 64 };

/* A newcomer that is one of the sample. */
void ct_talker_sample(struct ct_thread *thr, const struct ct_tuple *t);

/* A newcomer of this original tuple. */
static inline void ct_talker_note(struct ct_thread *thr,
				  const struct ct_tuple *t)
{
	if (ct_unlikely(!thr->talkers_passed--))
		ct_talker_sample(thr, t);
}

void ct_talkers_free(struct ct_table *tbl);

#endif /* OVERFLOW_TALKER_H */
