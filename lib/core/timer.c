/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timer.c - expiry: lazily by look-ups, and by a sweep on the host's clock
 */
#include "core/timer.h"

#include "core/table.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

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

/* Look at one place whose deadline has passed, as far as was seen. */
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

/* Deadlines that are looked at together. */
#define GROUP 4

/* => Bit i when the i-th deadline of a group has passed. */
static unsigned group_due(const _Atomic uint32_t *deadlines, uint32_t now)
{
	uint32_t due[GROUP];
	unsigned bits = 0;

	for (unsigned i = 0; i < GROUP; i++)
		due[i] = atomic_load_explicit(&deadlines[i],
					      memory_order_relaxed);
#if defined(__SSE2__)
	__m128i at = _mm_loadu_si128((const __m128i *)(const void *)due);
	__m128i left = _mm_sub_epi32(at, _mm_set1_epi32((int)now));
	__m128i zero = _mm_setzero_si128();
	__m128i not_due = _mm_or_si128(_mm_cmpgt_epi32(left, zero),
				       _mm_cmpeq_epi32(at, zero));

	bits = ~(unsigned)_mm_movemask_ps(_mm_castsi128_ps(not_due)) & 15;
#else
	for (unsigned i = 0; i < GROUP; i++)
		if (due[i] != CT_TICKS_NEVER && ct_ticks_passed(due[i], now))
			bits |= 1u << i;
#endif
	return bits;
}

/* The place whose deadline is the i-th of a chunk; places are units apart. */
static uint32_t place_of(uint32_t i, uint32_t units)
{
	return (2 * i + units - 1) / units * units;
}

/*
 * Sweep a part of one chunk, from unit on.
 *
 * => The place behind it; *left is what remains of the budget.
 */
static uint32_t sweep_run(struct ct_thread *thr, uint32_t unit, uint32_t *left)
{
	const struct ct_slab *slab = &thr->tbl->slab;
	uint32_t units = thr->tbl->extend.conn_units;
	uint32_t chunk = unit & ~((1u << slab->shift) - 1);
	uint32_t end = (ct_slab_chunk_end(slab, unit) - chunk + 1) / 2;
	const _Atomic uint32_t *deadlines = ct_slab_deadline(slab, chunk);
	uint32_t first = (unit - chunk) / 2;
	uint32_t i = first / GROUP * GROUP;

	if (end - first > *left)
		end = first + *left;
	*left -= end - first;
	for (; i < end; i += GROUP) {
		unsigned due = group_due(&deadlines[i], thr->now);

		for (; ct_unlikely(due); due &= due - 1) {
			uint32_t at = i + (unsigned)__builtin_ctz(due);

			if (at >= first && at < end)
				check(thr, chunk + place_of(at, units));
		}
	}
	return chunk + 2 * end;
}

/* Sweep from one place to another one; 0 is the end. */
static uint32_t sweep_to(struct ct_thread *thr, uint32_t unit, uint32_t to,
			 uint32_t *left)
{
	while (*left) {
		unit = ct_slab_next_conn(&thr->tbl->slab, unit);
		if (!unit || (to && unit >= to))
			return unit;
		unit = sweep_run(thr, unit, left);
	}
	return unit;
}

void ct_timer_sweep(struct ct_thread *thr, uint32_t budget)
{
	_Atomic uint32_t *cursor = &thr->tbl->sweep;
	uint32_t start = atomic_load_explicit(cursor, memory_order_relaxed);
	uint32_t left = budget ? budget : UINT32_MAX;
	uint32_t unit;

	/* Two threads may sweep the same place; each finds nothing twice. */
	unit = sweep_to(thr, start, 0, &left);
	if (!unit && start)
		unit = sweep_to(thr, 0, start, &left);
	atomic_store_explicit(cursor, unit, memory_order_relaxed);
}

uint64_t ct_next_expiry(struct ct_table *tbl)
{
	struct ct_slab *slab = &tbl->slab;
	uint64_t now_ns =
		atomic_load_explicit(&tbl->now_ns, memory_order_relaxed);
	uint32_t now = ct_ticks_of_ns(now_ns);
	int32_t soonest = INT32_MAX;
	uint32_t unit;

	/* Who has no handle borrows nothing: no chunk may leave meanwhile. */
	ct_spin_lock(&slab->prepare_lock);
	for (unit = ct_slab_next_conn(slab, 0); unit;
	     unit = ct_slab_next_conn(slab, unit + tbl->extend.conn_units)) {
		uint32_t due = atomic_load_explicit(
			ct_slab_deadline(slab, unit), memory_order_acquire);

		if (due != CT_TICKS_NEVER && ct_ticks_until(due, now) < soonest)
			soonest = ct_ticks_until(due, now);
	}
	ct_spin_unlock(&slab->prepare_lock);
	if (soonest == INT32_MAX)
		return UINT64_MAX;
	return now_ns + (soonest > 0 ? (uint64_t)soonest * CT_TICK_NS : 0);
}
