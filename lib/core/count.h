/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * count.h - how many connections there are, and whether one more may be
 *
 * All threads share one number, which the limit holds for.  A thread takes
 * from it by the block and keeps what it does not need, its credit, so that
 * threads seldom meet there; before anybody is refused, all credits are called
 * back.  Small tables and those that are nearly full count one by one.
 *
 * Beside it each thread counts those of its connections that are confirmed and
 * not assured, more or less than none; all together they tell whether a full
 * table holds anything that Linux' early drop would take.
 */
#ifndef CORE_COUNT_H
#define CORE_COUNT_H

#include <conntrack/types.h>

/* => False when the limit is reached, even with all credits called back; what
 *    another handle is just calling back may come too late. */
bool ct_count_take(struct ct_thread *thr);
void ct_count_give(struct ct_thread *thr);

/* In place of one that was evicted: even above a limit that was lowered. */
void ct_count_take_over(struct ct_thread *thr);

/*
 * Reckon how many connections max_bytes leaves room for: where no chunk more
 * would fit, with a sixteenth for what else there is, as many as those that there
 * are hold, less some, since who ends keeps his memory for a grace period.  So a
 * table that is bound by its bytes is full before memory is gone, and chooses who
 * goes like any other.
 *
 * By polls, and anew in each tick at most.
 */
void ct_count_fit(struct ct_thread *thr);

/* A thread leaves: its credit goes back. */
void ct_count_leave(struct ct_thread *thr);

/* => Connections, private ones included, credits not; exact when no call is
 *    under way. */
uint32_t ct_count_now(struct ct_table *tbl);

/*
 * A full table refuses many newcomers at a time, and what it takes to find that
 * nothing can go is the same for each, but for those that may take more.  Who was
 * refused a place tells here; in the same tick its thread need not look again,
 * unless a place has become free or a connection is there that early drop may
 * take, or it has published one: see ct_refuses() in table.h.
 */
void ct_count_refused(struct ct_thread *thr);
void ct_count_published(struct ct_thread *thr);

/* A connection became one that early drop may take, or is so no more. */
void ct_count_weak(struct ct_thread *thr, int by);

/* => How many there are, about. */
uint64_t ct_count_weak_now(struct ct_table *tbl);

/* => Whether there may be one. */
bool ct_count_any_weak(struct ct_table *tbl);

#endif /* CORE_COUNT_H */
