/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timer.c - expiry: lazily by look-ups, and by a sweep on the host's clock
 */
#include "core/timer.h"

#include "core/table.h"

static _Atomic uint32_t *deadline_of(const struct ct_table *tbl,
				     const struct ct_conn *conn)
{
	return ct_slab_deadline(&tbl->slab, ct_conn_unit(tbl, conn));
}

static void deadline_set(struct ct_table *tbl, const struct ct_conn *conn,
			 uint32_t ticks)
{
	/* release; pairs with the acquire in check() */
	atomic_store_explicit(deadline_of(tbl, conn), ticks,
			      memory_order_release);
}

void ct_timer_start(struct ct_table *tbl, struct ct_conn *conn)
{
	deadline_set(
		tbl, conn,
		atomic_load_explicit(&conn->timeout, memory_order_relaxed));
}

void ct_timer_sooner(struct ct_table *tbl, struct ct_conn *conn,
		     uint32_t timeout)
{
	deadline_set(tbl, conn, timeout);
}

void ct_timer_stop(struct ct_table *tbl, struct ct_conn *conn)
{
	deadline_set(tbl, conn, CT_TICKS_NEVER);
}

static void check(struct ct_thread *thr, uint32_t unit)
{
	struct ct_table *tbl = thr->tbl;
	_Atomic uint32_t *deadline = ct_slab_deadline(&tbl->slab, unit);
	uint32_t due = atomic_load_explicit(deadline, memory_order_acquire);
	struct ct_conn *conn;
	uint32_t timeout;

	if (due == CT_TICKS_NEVER || !ct_ticks_passed(due, thr->now))
		return;
	conn = ct_conn_at(tbl, unit);
	if (!ct_conn_known(conn))
		return;
	timeout = atomic_load_explicit(&conn->timeout, memory_order_acquire);
	if (ct_ticks_passed(timeout, thr->now))
		ct_conn_kill(thr, conn, CT_R_END_EXPIRED);
	else
		atomic_compare_exchange_strong_explicit(deadline, &due, timeout,
							memory_order_acq_rel,
							memory_order_relaxed);
}

void ct_timer_sweep(struct ct_thread *thr, uint32_t budget)
{
	struct ct_table *tbl = thr->tbl;
	uint32_t units = tbl->extend.conn_units;
	uint32_t unit =
		budget ? atomic_load_explicit(&tbl->sweep, memory_order_relaxed)
		       : 0;
	uint32_t n = 0;

	for (; !budget || n < budget; n++) {
		unit = ct_slab_next_conn(&tbl->slab, unit);
		if (!unit)
			break;
		check(thr, unit);
		unit += units;
	}
	/* Two threads may sweep the same place; each finds nothing twice. */
	if (budget)
		atomic_store_explicit(&tbl->sweep, unit, memory_order_relaxed);
}

uint64_t ct_next_expiry(const struct ct_table *tbl)
{
	uint32_t unit = ct_slab_next_conn(&tbl->slab, 0);
	uint64_t now_ns =
		atomic_load_explicit(&tbl->now_ns, memory_order_relaxed);
	uint32_t now = ct_ticks_of_ns(now_ns);
	int32_t soonest = INT32_MAX;

	for (; unit; unit = ct_slab_next_conn(&tbl->slab,
					      unit + tbl->extend.conn_units)) {
		uint32_t due =
			atomic_load_explicit(ct_slab_deadline(&tbl->slab, unit),
					     memory_order_acquire);

		if (due != CT_TICKS_NEVER && ct_ticks_until(due, now) < soonest)
			soonest = ct_ticks_until(due, now);
	}
	if (soonest == INT32_MAX)
		return UINT64_MAX;
	return now_ns + (soonest > 0 ? (uint64_t)soonest * CT_TICK_NS : 0);
}
