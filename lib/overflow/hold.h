/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hold.h - who is in the midst of a handshake is not pushed out
 *
 * Where newcomers come so fast that each would be pushed out before its
 * handshake could complete, none would.  So one that waits for the next step of
 * its handshake stays for as long as such steps take (core/pace.h), and as many
 * newcomers are refused as there is no room for: F places serve F / T of them a
 * second, if each needs T, whatever comes.
 *
 * It binds only where all the unproven are that young, so nothing changes where
 * handshakes fit.  The parameter overflow.hold says how long anybody waits at most; an
 * attacker who made one in 33 of all handshakes, and slow ones, would gain no
 * more than that.  Who holds much of the table, by himself, is not spared.
 *
 * A search that finds only such ones is dear, so after several of them the thread
 * refuses some newcomers of the same tick without, but for those that may take
 * more: twice as many after each search in vain, half as many after each other
 * one.
 */
#ifndef OVERFLOW_HOLD_H
#define OVERFLOW_HOLD_H

#include "core/conn.h"

/*
 * => A connection that has proven nothing, silent for so many ticks, is to be
 *    left alone.
 */
bool ct_hold_spares(struct ct_thread *thr, const struct ct_conn *conn,
		    uint32_t idle);

/* => Any of a line of worth, which a unit tells, may be: else nobody need ask. */
bool ct_hold_concerns(const struct ct_table *tbl, uint32_t unit);

/* => A newcomer need not search. */
bool ct_hold_refuses(struct ct_thread *thr);

/* A search is over; whether it has found somebody. */
void ct_hold_found(struct ct_thread *thr);
void ct_hold_missed(struct ct_thread *thr);

#endif /* OVERFLOW_HOLD_H */
