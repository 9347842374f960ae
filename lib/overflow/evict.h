/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * evict.h - when the table is full: who goes
 */
#ifndef OVERFLOW_EVICT_H
#define OVERFLOW_EVICT_H

#include "core/limit.h"

/* Who wants in. */
struct ct_newcomer {
	uint64_t hash;            /* of its tuple */
	const struct ct_tuple *t; /* its original one */
	const struct ct_pkt *pkt;
	uint8_t class_;
	uint64_t key;         /* filled in: its source */
	bool much;            /* filled in: which holds much, and takes nobody's
			     place but its own */
	enum ct_limit within; /* filled in: victims are of the same zone, or
				 source */
	uint8_t value;        /* filled in: victims are worth less */
	uint8_t recalled;     /* filled in: how often it was missed before, at
			     most CT_CONN_RECALLED_MOST */
};

enum ct_room {
	CT_ROOM_NONE,  /* nobody may go */
	CT_ROOM_FREE,  /* places have become free, for whoever takes them */
	CT_ROOM_TAKEN, /* the newcomer has somebody's place */
};

/*
 * Make room for one newcomer.
 *
 * => Victims end with the reason END_EVICTED, or END_RECYCLED if they were
 *    assured.
 */
enum ct_room ct_evict_for(struct ct_thread *thr, struct ct_newcomer *new);

/*
 * Give it the place of one of its zone or source, which has met its limit: one
 * that has not proven anything, is over, or stale.
 *
 * => False when few of all connections are of it: a search would not meet one.
 */
bool ct_evict_within(struct ct_thread *thr, struct ct_newcomer *new,
		     enum ct_limit limit);

/* A newcomer is under way: if the table is full, what its admission looks at is
 * fetched. */
void ct_evict_foresee(const struct ct_thread *thr, uint64_t hash);

#endif /* OVERFLOW_EVICT_H */
