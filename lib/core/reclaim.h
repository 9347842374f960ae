/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reclaim.h - grace periods of a table, without waiting
 *
 * A thread that is online may borrow what it found until it polls.  What was
 * unlinked may be reused when every online thread of this table has polled
 * since.  Each thread publishes, at its poll, the number of the table's epoch;
 * 0 says that it is offline and borrows nothing.
 *
 *	unlinked --> open batch of the thread --poll--> closed, with the epoch
 *	that its closing began --every thread has seen that epoch--> free
 *
 * A batch is a list through the connections' own timeout words, which mean
 * nothing once DESTROY was delivered.  So retiring allocates nothing.
 *
 * Expectations wait in a list of their own, which goes with the batch.  A
 * subscriber's memory waits in the same way (event.h).
 */
#ifndef CORE_RECLAIM_H
#define CORE_RECLAIM_H

#include <conntrack/types.h>
#include <stdatomic.h>

enum { CT_BATCHES = 8 };

struct ct_batch {
	uint64_t epoch; /* free when all have seen it */
	uint32_t first; /* units, linked */
	uint32_t last;
	uint32_t first_expect; /* units, linked */
	uint32_t last_expect;
};

/* A thread's retired connections; the thread's own. */
struct ct_limbo {
	struct ct_batch open;
	struct ct_batch closed[CT_BATCHES]; /* a ring */
	uint32_t head;
	uint32_t n;
};

/* Take note of a connection that is out of the table. */
void ct_limbo_retire(struct ct_thread *thr, struct ct_conn *conn);

/* The same of an expectation. */
void ct_limbo_retire_expect(struct ct_thread *thr, uint32_t unit);

/*
 * Close the open batch, if there is room in the ring.
 *
 * => Before ct_epoch_seen(), so that this thread does not wait for itself.
 */
void ct_limbo_close(struct ct_thread *thr);

/* Free what is past its grace period, so many connections at most. */
void ct_limbo_reap(struct ct_thread *thr, uint32_t budget);

/* When a thread detaches or sleeps: what is left goes to whoever closes a batch next. */
void ct_limbo_leave(struct ct_thread *thr);

/* Publish that this thread borrows nothing, and has seen the epoch. */
void ct_epoch_seen(struct ct_thread *thr);
void ct_epoch_offline(struct ct_thread *thr);

/* Begin another epoch; => its number. */
uint64_t ct_epoch_begin(struct ct_table *tbl);

/*
 * The oldest epoch that an online thread is still in.
 *
 * => Under threads_lock.  What ended before an epoch not above it is unseen.
 */
uint64_t ct_epoch_oldest(struct ct_table *tbl);

#endif /* CORE_RECLAIM_H */
