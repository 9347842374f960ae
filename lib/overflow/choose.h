/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * choose.h - who goes, by value: a bounded search for a connection that is worth
 * less than the newcomer
 *
 * Probation:
 *	A newcomer has proven nothing.  It may take the place of what is over,
 *	of what is idle past its soft age, and of what has proven nothing either,
 *	the oldest first; so a flood takes places from itself.  Only while those
 *	that are not assured have less than their share of the table, the
 *	parameter overflow.probation, may it take that of an assured one, the
 *	least active.
 *
 * Fairness:
 *	A newcomer whose source holds much of the table, as far as the search
 *	has seen lately (share.h), takes nobody's place but its own.  Others'
 *	newcomers are let in on credit: for as many as have proven something,
 *	such a source pays first, whatever its connections are worth; for those
 *	that have not, nobody pays but as its connections are worth.  So a
 *	greedy source gives way to everybody, and a flood from addresses that
 *	nobody has costs a proxy no more than anybody else.
 */
#ifndef OVERFLOW_CHOOSE_H
#define OVERFLOW_CHOOSE_H

#include "overflow/evict.h"

/* Cache lines that one search looks at, and connections that it looks into. */
enum {
	CT_CHOOSE_LINES = 4,
	CT_CHOOSE_NEAR = 4,
	CT_CHOOSE_FAR = 16,
	CT_CHOOSE_HEAVY = 8 /* searches, where a source holds much */
};

/*
 * One search in so many halves the activity of the line that it looks at: each
 * line's in eight times as many searches as there are connections, about as fast
 * as ghosts are (ghost.c).
 */
#define CT_TIRE_EVERY 512u

/* Make room for a newcomer; => false when nobody is worth less. */
bool ct_choose_scored(struct ct_thread *thr, struct ct_newcomer *new);

/* The same among those of the zone or source that new->within says, which takes
 * nobody's place that has proven something. */
bool ct_choose_within(struct ct_thread *thr, struct ct_newcomer *new);

/* The same by simpler rules, for comparison: who of a line has been idle
 * longest; anybody. */
bool ct_choose_lru(struct ct_thread *thr, const struct ct_newcomer *new);
bool ct_choose_random(struct ct_thread *thr, const struct ct_newcomer *new);

#endif /* OVERFLOW_CHOOSE_H */
