/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads on one table, all at once.
 *
 *	flows.c   conversations whose two directions are different threads;
 *		  each packet's answer is known beforehand
 *	bursts.c  the same in bursts, which half of the threads send
 *	wild.c    everything else that a host may do, at random
 *	events.c  a subscriber that checks the order of each connection's events
 *	announce.c  masters that announce, and peers that knock
 *	siege.c   a table that is full, and whose connections are all worth
 *		  keeping
 *
 * The siege has a table of its own, and comes last.
 *
 * A fault ends the program at once.
 */
#ifndef STRESS_H
#define STRESS_H

#include "packet.h"

#include <conntrack/conntrack.h>
#include <conntrack/dump.h>
#include <conntrack/event.h>
#include <conntrack/nat_pool.h>
#include <stdatomic.h>

enum {
	FLOWS = 256,
	MAX_CONNS = 2048,
	RESIDENTS = 64,
	THREADS_MAX = 16,
	SHELF = 64,
	BURST_MAX = 40
};

/* The step of a conversation in which its first packet waits for confirm. */
enum { HELD = 1 };

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
	T_BURSTS,
	T_PAIRS,    /* two packets of a conversation in one burst */
	T_FOUND,    /* looked up, many at once */
	T_EXPECTED, /* packets of connections that were announced */
	T_EXPECT_NEW,
	T_EXPECT_DESTROY,
	T_MET,      /* in the siege: packets of residents */
	T_REFUSED,  /* newcomers */
	T_REPLACED, /* residents */
	T_MAX
};

struct conversation {
	_Atomic uint32_t step; /* and BUSY: one thread is at it */
	uint32_t round;        /* conversations that were held here */
	uint8_t l4;
	struct ct_test_flow ends;
	bool nat;                    /* its source is translated */
	bool pooled;                 /* by a pool, not by a range */
	struct ct_test_flow outside; /* as the server sees them */
	struct ct_conn *conn;        /* owned, or NULL */
	uint64_t id;
	struct ct_pkt held; /* a first packet on its way elsewhere */
	struct ct_test_packet bytes;
};

/* Who is in the table throughout the siege, but for short times. */
struct resident {
	_Atomic uint32_t term; /* a number of terms, and what is up; siege.c */
};

struct worker;

struct stress {
	uint32_t max_conns;
	void (*play)(struct worker *w); /* what a thread does between polls */
	_Atomic uint64_t blocks;        /* of memory that the table has */
	_Atomic uint64_t bytes;         /* of them */
	struct ct_table *tbl;
	struct ct_nat_pool *pool[2];       /* of IPv4, of IPv6 */
	const struct ct_policy *announces; /* names the helper */
	_Atomic uint64_t now_ns;
	_Atomic bool stop;
	struct conversation flows[FLOWS];
	struct resident residents[RESIDENTS];
	_Atomic(struct ct_conn *) shelf[SHELF]; /* owned, for whoever comes */
	_Atomic uint64_t tally[T_MAX];
};

struct worker {
	struct stress *s;
	struct ct_thread *thr;
	unsigned number;
	bool bursts; /* it uses the burst verbs */
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

/* A helper that announces; one step of a master, a peer or the host. */
void announce_begin(struct stress *s);
void announce(struct worker *w);

/* One step of many. */
void converse_in_bursts(struct worker *w);

/*
 * A conversation's steps, each of which is one packet.  They are judged here,
 * whatever verbs the packet went through; => false, or step 0: it is over.
 */

/* One that waits for this thread, or NULL; until it is left nobody else has
 * it. */
struct conversation *conversation_take(struct worker *w, uint32_t *step);
void conversation_leave(struct worker *w, struct conversation *flow,
			uint32_t next);

/* => There is no such step any more. */
bool conversation_ends(const struct conversation *flow, uint32_t next);

/* The packet of a step. */
void conversation_build(const struct conversation *flow, uint32_t step,
			struct ct_test_packet *p);

/* A first packet was processed; it is to be translated; it was. */
bool conversation_opened(struct worker *w, struct conversation *flow,
			 enum ct_verdict verdict, const struct ct_pkt *pkt);
void conversation_map(struct worker *w, const struct conversation *flow,
		      struct ct_pkt *pkt);
void conversation_mapped(struct conversation *flow, struct ct_pkt *pkt);

/* Whether it waits for another thread to confirm it; that thread does. */
bool conversation_hold(struct worker *w, struct conversation *flow);
uint32_t conversation_confirm_held(struct worker *w, struct conversation *flow);

/* It was confirmed; half of the connections are then owned. */
bool conversation_confirmed(struct worker *w, struct conversation *flow,
			    enum ct_verdict verdict, const struct ct_pkt *pkt);

/* A later packet was processed; and translated. */
bool conversation_found(struct worker *w, struct conversation *flow,
			uint32_t step, enum ct_verdict verdict,
			struct ct_pkt *pkt);
void conversation_translated(const struct conversation *flow,
			     struct ct_pkt *pkt);

/* One packet of either end of a tuple that belongs to nobody. */
void stray_build(struct worker *w, struct ct_test_packet *p);

/* One odd thing. */
void be_wild(struct worker *w);

/* In the siege: some packets of residents and of newcomers. */
void besiege(struct worker *w);

/* Nobody was lost. */
void siege_end(struct worker *w);

/* The subscriber who is there from the beginning; user is the stress. */
void on_event(void *user, const struct ct_event_info *ev);

/* Another one, which comes and goes. */
void on_guest(void *user, const struct ct_event_info *ev);

#endif
