/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * evict.h - when the table is full: who goes
 */
#ifndef OVERFLOW_EVICT_H
#define OVERFLOW_EVICT_H

#include <conntrack/types.h>

/* Who wants in. */
struct ct_newcomer {
	uint64_t hash;            /* of its tuple */
	const struct ct_tuple *t; /* its original one */
	const struct ct_pkt *pkt;
	uint8_t class_;
	uint64_t key;     /* filled in: its source */
	uint8_t value;    /* filled in: victims are worth less */
	uint8_t recalled; /* filled in: how often it was missed before, at
			     most CT_CONN_RECALLED_MOST */
};

/*
 * Make room for one newcomer.
 *
 * => False when nobody may go.
 * => Victims end with the reason END_EVICTED, or END_RECYCLED if they were
 *    assured.
 */
bool ct_evict_for(struct ct_thread *thr, struct ct_newcomer *new);

/* A newcomer is under way: if the table is full, what its admission looks at is
 * fetched. */
void ct_evict_foresee(const struct ct_thread *thr, uint64_t hash);

#endif /* OVERFLOW_EVICT_H */
