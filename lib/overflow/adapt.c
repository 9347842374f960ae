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
static uint32_t part_free(const struct ct_table *tbl, uint64_t n, uint64_t max)
{
	uint64_t low = ct_core_param(tbl, CT_P_LOW);
	uint64_t high = ct_core_param(tbl, CT_P_HIGH);

	n *= 1000;
	low *= max;
	high *= max;
	if (n <= low)
		return WHOLE;
	return n >= high ? 0 : (uint32_t)((high - n) * WHOLE / (high - low));
}

static uint32_t less(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* => The least of the table's, the zone's and the source's. */
static uint32_t factor_of(const struct ct_table *tbl,
			  const struct ct_conn *conn)
{
	uint32_t n = atomic_load_explicit(&tbl->n_conns, memory_order_relaxed);
	uint32_t max = ct_max_conns(tbl);
	uint32_t factor = part_free(tbl, n, max);

	if (ct_limits_zone(tbl, conn, &n, &max))
		factor = less(factor, part_free(tbl, n, max));
	if (ct_limits_source(tbl, conn, &n, &max))
		factor = less(factor, part_free(tbl, n, max));
	return factor;
}

/* => Ticks of idleness after which it would pass its soft age unseen. */
static uint32_t soft_limit(const struct ct_thread *thr,
			   const struct ct_conn *conn, uint32_t life)
{
	uint32_t soft = ct_worth_soft(thr->tbl, ct_conn_class_of(conn), life);

	return soft < life ? soft - less(thr->adapt.round, soft / EARLY) : soft;
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
 * => Places a tick of the next round, which has so many, so that it takes its part
 *    of the shortest age that it is to find; 0: as many as polls allow, since timeouts of what has
 *    proven nothing are short, and a part of those of states may be.
 */
static uint32_t places_a_tick(struct ct_table *tbl, uint32_t places)
{
	uint32_t soft = ct_core_param(tbl, CT_P_SOFT);

	if (ct_count_weak_now(tbl) || ct_core_param(tbl, CT_P_SOFT_PART) < 1000)
		return 0;
	for (unsigned i = 0; i < CT_CLASSES; i++) {
		uint32_t own = atomic_load_explicit(
			&ct_class_at(&tbl->limits, i)->soft,
			memory_order_relaxed);

		if (own)
			soft = less(soft, own);
	}
	return places / (soft * CT_TICKS_PER_S / ROUND) + GROUP;
}

/* => Of so many places those that it is time to look at, however frequent polls
 *    are. */
static uint32_t due(const struct ct_thread *thr, uint32_t budget)
{
	const struct ct_adapt *adapt = &thr->adapt;
	uint64_t most = (uint64_t)adapt->a_tick * (thr->now - adapt->began + 1);

	if (!adapt->a_tick)
		return budget;
	if (most <= adapt->n)
		return 0;
	most -= adapt->n;
	return most < budget ? (uint32_t)most : budget;
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
	sweep(thr, n);
	if (adapt->unit)
		return;
	adapt->a_tick = places_a_tick(thr->tbl, adapt->n);
	adapt->n = 0;
	adapt->round = thr->now - adapt->began;
	adapt->began = thr->now;
}
