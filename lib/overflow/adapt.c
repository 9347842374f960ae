/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * adapt.c - timeouts that shrink as the table fills; see adapt.h
 */
#include "overflow/adapt.h"

#include "core/table.h"
#include "core/worth.h"
#include "overflow/probe.h"

/* Seconds that no timeout shrinks below: as long as a peer that is slow may take
 * to answer, and to send again. */
#define FLOOR 10u

enum { WHOLE = 1024, GROUP = 16 };

/* By this part of it a soft age may be over earlier; and the part that a round of
 * the sweep may take. */
enum { EARLY = 32, ROUND = 40 };

/* => The part that is free between the watermarks, of WHOLE. */
static uint32_t part_free(uint64_t n, uint64_t max, uint64_t low, uint64_t high)
{
	n *= 1000;
	low *= max;
	high *= max;
	if (n <= low)
		return WHOLE;
	return n >= high ? 0 : (uint32_t)((high - n) * WHOLE / (high - low));
}

static uint32_t factor_of(struct ct_table *tbl, const struct ct_conn *conn)
{
	uint32_t low = ct_core_param(tbl, CT_P_LOW);
	uint32_t high = ct_core_param(tbl, CT_P_HIGH);
	uint32_t factor = part_free(
		atomic_load_explicit(&tbl->n_conns, memory_order_relaxed),
		ct_max_conns(tbl), low, high);
	uint32_t n, max, own;

	if (ct_limits_zone(tbl, conn, &n, &max)) {
		own = part_free(n, max, low, high);
		factor = own < factor ? own : factor;
	}
	if (ct_limits_source(tbl, conn, &n, &max)) {
		own = part_free(n, max, low, high);
		factor = own < factor ? own : factor;
	}
	return factor;
}

/* => Ticks of idleness after which it would pass its soft age unseen. */
static uint32_t soft_limit(const struct ct_thread *thr,
			   const struct ct_conn *conn, uint32_t life)
{
	uint32_t soft = ct_worth_soft(thr->tbl, ct_conn_class_of(conn), life);
	uint32_t round = thr->adapt.round;

	if (soft >= life)
		return soft;
	return soft - (round < soft / EARLY ? round : soft / EARLY);
}

/* => Ticks of idleness at which it is to go. */
static uint32_t limit_of(struct ct_thread *thr, const struct ct_conn *conn,
			 uint32_t life)
{
	uint32_t factor = factor_of(thr->tbl, conn);
	uint64_t limit;

	if (factor == WHOLE)
		return UINT32_MAX;
	if (!ct_conn_is_weak(ct_conn_word(conn), ct_conn_class_word(conn)))
		return soft_limit(thr, conn, life);
	limit = (uint64_t)life * factor / WHOLE;
	return limit > FLOOR * CT_TICKS_PER_S ? (uint32_t)limit
					      : FLOOR * CT_TICKS_PER_S;
}

static bool too_old(struct ct_thread *thr, const struct ct_conn *conn,
		    struct ct_age age)
{
	return age.life && age.idle > limit_of(thr, conn, age.life);
}

/* A packet may have come meanwhile: look again, under the lock. */
static void end(struct ct_thread *thr, struct ct_conn *conn)
{
	bool ended = false;

	ct_spin_lock(&conn->lock);
	if (ct_conn_known(conn) &&
	    too_old(thr, conn, ct_worth_age_held(thr, conn)))
		ended = ct_conn_condemn(thr, conn, CT_R_END_SHORTENED);
	ct_spin_unlock(&conn->lock);
	if (!ended)
		return;
	ct_conn_bury(thr, conn);
	ct_probe_evicted(thr, conn);
	ct_ledger_add(thr->tbl, CT_LEDGER_RECYCLED, 1);
}

static void look_at(struct ct_thread *thr, uint32_t unit)
{
	struct ct_conn *conn = ct_conn_at(thr->tbl, unit);
	uint8_t byte = atomic_load_explicit(
		ct_slab_worth(&thr->tbl->slab, unit), memory_order_relaxed);

	if (!byte || ct_worth_group(byte) >= CT_WORTH_KEPT_WEAK ||
	    !ct_conn_known(conn) || ct_conn_expired(conn, thr->now))
		return;
	if (ct_unlikely(too_old(thr, conn, ct_worth_age(thr, conn))) &&
	    !ct_probe_want(thr, conn))
		end(thr, conn);
}

/* => The places of the next few connections, fetched. */
static unsigned fetch(struct ct_thread *thr, uint32_t units[GROUP],
		      uint32_t budget)
{
	const struct ct_slab *slab = &thr->tbl->slab;
	uint32_t *unit = &thr->adapt.unit;
	unsigned n = 0;

	while (n < GROUP && n < budget) {
		*unit = ct_slab_next_conn(slab, *unit);
		if (!*unit)
			break;
		__builtin_prefetch(ct_slab_at(slab, *unit));
		__builtin_prefetch(
			((struct ct_conn *)ct_slab_at(slab, *unit))->l4_state);
		units[n++] = *unit;
		*unit += thr->tbl->extend.conn_units;
	}
	return n;
}

/*
 * => Ticks that a round may take, its part of the shortest age that it is to find;
 *    0: as few as polls allow.
 */
static uint32_t pace(const struct ct_table *tbl)
{
	uint32_t soft = ct_core_param(tbl, CT_P_SOFT);

	if (ct_core_param(tbl, CT_P_SOFT_PART) < 1000)
		return 0;
	for (unsigned i = 0; i < CT_CLASSES; i++) {
		uint32_t own = atomic_load_explicit(
			&ct_class_at(&tbl->limits, i)->soft,
			memory_order_relaxed);

		if (own && own < soft)
			soft = own;
	}
	return soft * CT_TICKS_PER_S / ROUND;
}

/*
 * => Places that it is time to look at, however frequent polls are: some a tick, or
 *    more where a round would else take longer than it may.  Timeouts of what has
 *    proven nothing are short: where there is any, polls set the pace.
 */
static uint32_t due(const struct ct_thread *thr, uint32_t a_tick)
{
	const struct ct_table *tbl = thr->tbl;
	const struct ct_adapt *adapt = &thr->adapt;
	uint32_t n = atomic_load_explicit(&tbl->n_conns, memory_order_relaxed);
	uint64_t most;

	if (!adapt->pace ||
	    atomic_load_explicit(&tbl->weak, memory_order_relaxed))
		return UINT32_MAX;
	n /= adapt->pace;
	most = (uint64_t)(n > a_tick ? n : a_tick) *
	       (thr->now - adapt->began + 1);
	if (most <= adapt->n)
		return 0;
	most -= adapt->n;
	return most < UINT32_MAX ? (uint32_t)most : UINT32_MAX;
}

static void sweep(struct ct_thread *thr, uint32_t budget)
{
	uint32_t units[GROUP];
	unsigned n;

	do {
		n = fetch(thr, units, budget);
		budget -= n;
		thr->adapt.n += n;
		for (unsigned i = 0; i < n; i++)
			look_at(thr, units[i]);
	} while (n == GROUP && budget);
}

void ct_adapt_sweep(struct ct_thread *thr, uint32_t budget)
{
	struct ct_adapt *adapt = &thr->adapt;
	uint32_t n;

	if (ct_likely(!ct_pressed(thr->tbl) && !ct_limits_pressed(thr)))
		return;
	n = budget ? due(thr, budget) : UINT32_MAX;
	if (!n)
		return;
	if (!budget)
		adapt->unit = 0;
	else if (n > budget)
		n = budget;
	sweep(thr, n);
	if (adapt->unit)
		return;
	adapt->n = 0;
	adapt->pace = pace(thr->tbl);
	adapt->round = thr->now - adapt->began;
	adapt->began = thr->now;
}
