/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timer.h - expiry: lazily by look-ups, and by a sweep on the host's clock
 *
 * Beside the slab stands a dense array of deadlines, each a lower bound of its
 * connection's timeout; 0 is "never": a free place or a private connection.
 * Packets that lengthen a timeout leave the deadline alone; the sweep, when it
 * comes by after it has passed, finds the true timeout and raises it, under the
 * connection's lock.  Packets that shorten a timeout store it there too, under
 * the same lock, so that neither undoes the other.
 *
 * A deadline lies far from its connection: storing it costs a cache miss.  A
 * TCP connection with data under way goes from days to minutes with every
 * other segment.  So a status bit, CT_S_LOW, remembers that the deadline was
 * set for a timeout of CT_TIMER_LOW at most, at some time in the past: it is
 * early enough for every timeout of as much or more from now on.
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include "core/conn.h"

/* Seconds; the timeout that alternates with long ones is TCP's 300. */
#define CT_TIMER_LOW 300u

/*
 * The deadline becomes the timeout: when a connection is about to become known,
 * and when the sweep raises it.
 *
 * => Private, or under its lock.
 */
void ct_timer_start(struct ct_thread *thr, struct ct_conn *conn);

/* Its timeout was shortened, to so many seconds from now; under its lock. */
void ct_timer_sooner(struct ct_thread *thr, struct ct_conn *conn,
		     uint32_t seconds);

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

/* => Ticks until something expires; INT32_MAX: nothing will.  Of a sealed
 *    table, on any thread. */
int32_t ct_timer_next(struct ct_table *tbl, uint32_t now);

#endif /* CORE_TIMER_H */
