/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pace.c - how long the steps of a handshake take; see pace.h
 */
#include "core/pace.h"

#include "core/table.h"

enum {
	LINES = 32,         /* of which one holds scouts */
	SCOUTS = LINES / 2, /* which, so that small tables have none */
	UP = 16,
	DOWN = 512,
	SELDOM = 16, /* steps down made in one go */
	LEAST = CT_PACE_TICK / UP,
	HALF = CT_PACE_TICK / 2 /* what a wait may be wrong by */
};

bool ct_pace_scouts_at(uint32_t unit)
{
	return unit / 2 / CT_WORTH_LINE % LINES == SCOUTS;
}

bool ct_pace_is_scout(const struct ct_table *tbl, const struct ct_conn *conn)
{
	return ct_pace_scouts_at(ct_conn_unit(tbl, conn));
}

uint32_t ct_pace_ago(const struct ct_thread *thr, uint32_t ticks)
{
	uint64_t part = thr->now_ns % CT_TICK_NS * CT_PACE_TICK / CT_TICK_NS;
	uint64_t ago = (uint64_t)ticks * CT_PACE_TICK + part;

	ago -= ago < HALF ? ago : HALF;
	return ago < UINT32_MAX / 2 ? (uint32_t)ago : UINT32_MAX / 2;
}

/* => Nobody was pushed out, or not this one. */
static bool is_told(const struct ct_table *tbl, const struct ct_conn *conn)
{
	uint64_t n = atomic_load_explicit(&tbl->n_conns, memory_order_relaxed);
	uint64_t max = ct_max_conns(tbl);

	return n + max / 16 < max || ct_pace_is_scout(tbl, conn);
}

void ct_pace_note(struct ct_thread *thr, const struct ct_conn *conn,
		  enum ct_pace_step step, uint32_t ticks)
{
	_Atomic uint32_t *wait = &thr->tbl->pace.wait[step];
	uint32_t was = atomic_load_explicit(wait, memory_order_relaxed);
	uint32_t ago = ct_pace_ago(thr, ticks);

	if (!is_told(thr->tbl, conn))
		return;
	if (!was)
		was = ago + HALF;
	else if (ago >= was)
		was += was / UP + LEAST;
	else if (++thr->paces[step] % SELDOM == 0)
		was -= was / (DOWN / SELDOM);
	else
		return;
	atomic_store_explicit(wait, was, memory_order_relaxed);
}
