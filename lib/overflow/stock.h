/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stock.h - victims of a flood, chosen some at a time
 *
 * Where what has proven nothing has its share of the table, and no source holds
 * much, all that a newcomer takes is one of those that came first; which one is no
 * matter.  So a line of worth gives some of them at once, and as many are chosen
 * together as newcomers are expected until the next poll, in steps, so that the
 * cache misses of all of them overlap:
 *
 *	rated		among its line's first; the connection is fetched
 *	looked into	alive, in no handshake that is given time (hold.h), and a
 *			sample of its source; its buckets are fetched
 *	taken		nothing has been proven since, nor another step made
 *
 * Where a host scores, where somebody is guaranteed his places, or a zone's or
 * source's have to give way, who goes is a matter of the newcomer: there is none.
 *
 * A stock holds until the thread's next poll, as all that is borrowed.  Packets
 * that come in a burst find the same one as if they came alone.
 */
#ifndef OVERFLOW_STOCK_H
#define OVERFLOW_STOCK_H

#include "overflow/candidate.h"

enum { CT_STOCK = 16 };

/* => A newcomer's victim may come from here; else it has to be searched for. */
bool ct_stock_serves(const struct ct_thread *thr);

/*
 * Take one, from a new stock if this one is used up.
 *
 * => False when there is none; a search may find one.
 */
bool ct_stock_take(struct ct_thread *thr, struct ct_candidate *cand);

/* At poll: nothing is borrowed any more. */
void ct_stock_forget(struct ct_thread *thr);

/* The handle goes. */
void ct_stock_free(struct ct_thread *thr);

#endif /* OVERFLOW_STOCK_H */
