/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event.h - collect per packet, deliver once
 *
 * What happens to a connection sets bits in its events word, if anybody has
 * subscribed; ct_confirm() and the end of a connection deliver them.
 *
 * One thread delivers at a time: whoever sets DELIVERING.  Others leave their
 * bits; the deliverer looks again before it stops.  DESTROY is taken last, and
 * who delivers it retires the connection: so nothing comes after it, and the
 * memory stays until then.
 */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include <conntrack/event.h>
#include <stdatomic.h>

#define CT_EV_DELIVERING (1u << 15)

/*
 * Not an event: for as long as the connection lives, a helper wants to see its
 * packets, or their numbers are shifted.  It stands among the pending events so
 * that one look at them tells that nothing is left to do; see help.h.
 */
#define CT_EV_HELPED (1u << 14)

struct ct_sub {
	_Atomic(struct ct_sub *) next; /* A  written under threads_lock */
	ct_event_fn fn;                /* I */
	void *user;                    /* I */
	uint32_t events;               /* I */
	uint64_t epoch;                /* L  dead: free when all have seen it */
	struct ct_sub *dead;           /* L  next dead one */
};

struct ct_events {
	_Atomic(struct ct_sub *) subs; /* A  written under threads_lock */
	struct ct_sub *dead;           /* L  threads_lock */
	_Atomic uint32_t wanted;       /* A  union of all subscriptions */
};

/* Free every subscription; no thread is attached any more. */
void ct_events_fini(struct ct_table *tbl);

/* Note that something happened, if anybody wants to know. */
void ct_event_note(struct ct_thread *thr, struct ct_conn *conn,
		   uint32_t events);

/*
 * Before a connection becomes known: this thread delivers its first events.
 *
 * => They, and what happened before, are the thread's to deliver; 0 when nobody
 *    wants these: then it is no matter who delivers others.
 */
uint32_t ct_event_hold(struct ct_thread *thr, struct ct_conn *conn,
		       uint32_t events);

/* Deliver what is pending, unless another thread does. */
void ct_event_deliver(struct ct_thread *thr, struct ct_conn *conn);

/* The connection is known: deliver what ct_event_hold() gave, and what is
 * pending since. */
void ct_event_release(struct ct_thread *thr, struct ct_conn *conn,
		      uint32_t events);

/* An expectation of this master begins or ends. */
void ct_event_expect(struct ct_thread *thr, struct ct_conn *master,
		     struct ct_expect *exp, uint32_t event);

/* Have the connection's packets come to its helper; set once, for good. */
void ct_event_mark(struct ct_conn *conn);

/* => Its packets are for a helper, or are shifted. */
static inline bool ct_event_marked(uint32_t pending)
{
	return pending & CT_EV_HELPED;
}

/* The connection has ended: deliver DESTROY last, and retire it. */
void ct_event_destroy(struct ct_thread *thr, struct ct_conn *conn);

#endif /* CORE_EVENT_H */
