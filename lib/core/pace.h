/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pace.h - how long the steps of a handshake take
 *
 * A tracker tells how long a connection waited for each step of its handshake;
 * of each kind of step the table keeps the wait that one in 33 exceeds:
 *
 *	longer than that: up by a 16th;  else: down by a 512th
 *
 * (H. Robbins and S. Monro: "A stochastic approximation method", 1951).
 *
 * In a full table only those complete that were not pushed out before, which
 * says more of the table than of them.  There others are believed that are kept
 * for as long as any may be, the scouts: those in one line of 32 of the slab.
 * What never completes counts nowhere, so a flood without answers teaches
 * nothing, and one whose SYNs are answered no more than when.
 *
 * Estimates are hints: relaxed loads and stores, and a lost step does not matter.
 */
#ifndef CORE_PACE_H
#define CORE_PACE_H

#include "core/conn.h"

enum ct_pace_step {
	CT_PACE_ANSWER, /* the responder's, to the first packet */
	CT_PACE_ACK,    /* the originator's, to that */
	CT_PACE_STEPS
};

enum { CT_PACE_TICK = 1024 }; /* of a wait */

/*
 * => How long ago it was, so many ticks ago; in units of CT_PACE_TICK a tick.
 *    The clock is finer than a tick, what is remembered is not: half a tick too
 *    much or too little, at most.
 */
uint32_t ct_pace_ago(const struct ct_thread *thr, uint32_t ticks);

struct ct_pace {
	_Atomic uint32_t wait[CT_PACE_STEPS]; /* A  0: nothing is known */
};

/* A step was made after so many ticks of silence. */
void ct_pace_note(struct ct_thread *thr, const struct ct_conn *conn,
		  enum ct_pace_step step, uint32_t ticks);

/* => It is a scout.  In a table of less than 32 lines nobody is. */
bool ct_pace_is_scout(const struct ct_table *tbl, const struct ct_conn *conn);

/* => The connection of a unit would be one, and all others of its line of worth. */
bool ct_pace_scouts_at(uint32_t unit);

#endif /* CORE_PACE_H */
