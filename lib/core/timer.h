/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timer.h - expiry: lazily by look-ups, and by a sweep on the host's clock
 *
 * Beside the slab stands a dense array of deadlines, each a lower bound of its
 * connection's timeout; 0 is "never": a free place or a private connection.
 * Packets that lengthen a timeout leave the deadline alone; the sweep, when it
 * comes by after it has passed, finds the true timeout and raises it.  Packets
 * that shorten a timeout store it there too.
 *
 *	packet:	timeout = T (release), then deadline = T if it is sooner
 *	sweep:	d = deadline (acquire), T = timeout, compare-and-swap d -> T
 *
 * The swap fails when a packet shortened the timeout in between, so that a
 * shortening is never undone.
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include <conntrack/types.h>

/* A connection is about to become known: from then on it may expire. */
void ct_timer_start(struct ct_table *tbl, struct ct_conn *conn);

/* Its timeout was shortened. */
void ct_timer_sooner(struct ct_table *tbl, struct ct_conn *conn,
		     uint32_t timeout);

/* It has ended. */
void ct_timer_stop(struct ct_table *tbl, struct ct_conn *conn);

/*
 * Look at some deadlines and end what has expired.
 *
 * => How many connections ended.
 * => budget places at most; 0: all of them.  Goes on where the last one, of
 *    whatever thread, stopped.
 */
uint32_t ct_timer_sweep(struct ct_thread *thr, uint32_t budget);

#endif /* CORE_TIMER_H */
