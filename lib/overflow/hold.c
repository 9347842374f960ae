/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hold.c - who is in the midst of a handshake is not pushed out; see hold.h
 */
#include "overflow/hold.h"

#include "core/pace.h"
#include "core/table.h"
#include "core/worth.h"
#include "wire/hdr.h"

enum {
	MS_PER_TICK = 1000 / CT_TICKS_PER_S,
	SHORT = 2,       /* ticks, of a handshake */
	PASSED_MOST = 63 /* newcomers, for one search in vain */
};

static uint8_t protocol_of(const struct ct_conn *conn)
{
	return ct_conn_word(conn) & CT_S_WIDE ? conn->wide.orig.l4
					      : conn->narrow[CT_DIR_ORIG].l4;
}

/* => What it waits for; false: for nothing that is known to come. */
static bool step_of(const struct ct_table *tbl, const struct ct_conn *conn,
		    enum ct_pace_step *step)
{
	if (protocol_of(conn) != CT_IPPROTO_TCP)
		return false;
	switch (ct_worth_state(tbl, conn)) {
	case CT_SCORE_UNREPLIED:
		*step = CT_PACE_ANSWER;
		return true;
	case CT_SCORE_HALF_OPEN:
		*step = CT_PACE_ACK;
		return true;
	default:
		return false;
	}
}

static uint32_t wait_for(const struct ct_table *tbl, enum ct_pace_step step)
{
	return atomic_load_explicit(&tbl->pace.wait[step],
				    memory_order_relaxed);
}

/* => Handshakes take long enough to be told from none at all. */
static bool is_told(const struct ct_table *tbl)
{
	return wait_for(tbl, CT_PACE_ANSWER) + wait_for(tbl, CT_PACE_ACK) >=
	       SHORT * CT_PACE_TICK;
}

bool ct_hold_spares(struct ct_thread *thr, const struct ct_conn *conn,
		    uint32_t idle)
{
	const struct ct_table *tbl = thr->tbl;
	uint32_t most = ct_core_param(tbl, CT_P_HOLD) / MS_PER_TICK;
	enum ct_pace_step step;
	bool spares;

	if (idle >= most || !step_of(tbl, conn, &step))
		return false;
	spares = ct_pace_is_scout(tbl, conn) ||
		 (is_told(tbl) && ct_pace_ago(thr, idle) < wait_for(tbl, step));
	thr->held.spared |= spares;
	return spares;
}

bool ct_hold_concerns(const struct ct_table *tbl, uint32_t unit)
{
	return ct_core_param(tbl, CT_P_HOLD) &&
	       (ct_pace_scouts_at(unit) || is_told(tbl));
}

bool ct_hold_refuses(struct ct_thread *thr)
{
	struct ct_held *held = &thr->held;

	held->spared = false;
	if (ct_likely(held->at != thr->now) || !held->left)
		return false;
	held->left--;
	return true;
}

void ct_hold_found(struct ct_thread *thr)
{
	thr->held.passed /= 2;
}

void ct_hold_missed(struct ct_thread *thr)
{
	struct ct_held *held = &thr->held;

	if (!held->spared)
		return;
	held->left = held->passed;
	held->at = thr->now;
	if (held->passed < PASSED_MOST)
		held->passed = (uint8_t)(2 * held->passed + 1);
}
