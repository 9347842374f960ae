/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads on one table, all at once.
 *
 *	flows.c   conversations whose two directions are different threads;
 *		  each packet's answer is known beforehand
 *	wild.c    everything else that a host may do, at random
 *	events.c  a subscriber that checks the order of each connection's events
 *
 * A fault ends the program at once.
 */
#ifndef STRESS_H
#define STRESS_H

#include "packet.h"

#include <conntrack/conntrack.h>
#include <conntrack/dump.h>
#include <conntrack/event.h>
#include <stdatomic.h>

enum { FLOWS = 256, MAX_CONNS = 2048, THREADS_MAX = 16, SHELF = 64 };

/* What happened in total. */
enum tally {
	T_PACKETS,
	T_CONVERSATIONS, /* that came to their end */
	T_CUT,           /* whose connection ended before */
	T_HELD,          /* opened by one thread, confirmed by another */
	T_NEW,
	T_DESTROY,
	T_EVENTS,
	T_WILD,
	T_MAX
};

struct conversation {
	_Atomic uint32_t step; /* and BUSY: one thread is at it */
	uint32_t round;        /* conversations that were held here */
	uint8_t l4;
	struct ct_test_flow ends;
	bool nat;                    /* its source is translated */
	struct ct_test_flow outside; /* as the server sees them */
	struct ct_conn *conn;        /* owned, or NULL */
	uint64_t id;
	struct ct_pkt held; /* a first packet on its way elsewhere */
	struct ct_test_packet bytes;
};

struct stress {
	_Atomic uint64_t blocks; /* of memory that the table has */
	_Atomic uint64_t bytes;  /* of them */
	struct ct_table *tbl;
	_Atomic uint64_t now_ns;
	_Atomic bool stop;
	struct conversation flows[FLOWS];
	_Atomic(struct ct_conn *) shelf[SHELF]; /* owned, for whoever comes */
	_Atomic uint64_t tally[T_MAX];
};

struct worker {
	struct stress *s;
	struct ct_thread *thr;
	unsigned number;
	uint64_t random;
};

/* Say what is wrong, and end. */
_Noreturn void wrong(const char *sentence);

uint32_t random_below(struct worker *w, uint32_t n);
void count(struct stress *s, enum tally what);

/* A poll, with a clock that is far ahead of the real one. */
void worker_poll(struct worker *w);

/* One step of one conversation, if one is found that waits for this thread. */
void converse(struct worker *w);

/* One odd thing. */
void be_wild(struct worker *w);

/* The subscriber who is there from the beginning; user is the stress. */
void on_event(void *user, const struct ct_event_info *ev);

/* Another one, which comes and goes. */
void on_guest(void *user, const struct ct_event_info *ev);

#endif
