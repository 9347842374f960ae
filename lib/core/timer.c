/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timer.c - expiry: lazily by look-ups, and by a sweep on the host's clock
 */
#include "core/timer.h"

#include "core/table.h"

#include <string.h>

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

/* Look at one place whose deadline has passed, as far as was seen; => 1 when
 * its connection has ended. */
static uint32_t check(struct ct_thread *thr, uint32_t unit)
{
	struct ct_table *tbl = thr->tbl;
	_Atomic uint32_t *deadline = ct_slab_deadline(&tbl->slab, unit);
	uint32_t due = atomic_load_explicit(deadline, memory_order_acquire);
	struct ct_conn *conn;
	uint32_t timeout;

	if (due == CT_TICKS_NEVER || !ct_ticks_passed(due, thr->now))
		return 0;
	conn = ct_conn_at(tbl, unit);
	if (!ct_conn_known(conn))
		return 0;
	timeout = atomic_load_explicit(&conn->timeout, memory_order_acquire);
	if (ct_ticks_passed(timeout, thr->now))
		return ct_conn_kill(thr, conn, CT_R_END_EXPIRED);
	atomic_compare_exchange_strong_explicit(deadline, &due, timeout,
						memory_order_acq_rel,
						memory_order_relaxed);
	return 0;
}

/* Deadlines that are looked at together: one cache line. */
#define GROUP 16

/*
 * => Bit i when the i-th deadline of a group has passed.
 *
 * Loaded as atomics, two at a time, and compared together.
 */
static unsigned group_due(const _Atomic uint32_t *deadlines, uint32_t now)
{
	const _Atomic uint64_t *pairs =
		(const _Atomic uint64_t *)(uintptr_t)deadlines;
	unsigned bits = 0;

#if defined(__SSE2__)
	const __m128i at_now = _mm_set1_epi32((int)now);
	const __m128i zero = _mm_setzero_si128();
	__m128i not_due[GROUP / 4];
	__m128i all;

	for (unsigned i = 0; i < GROUP / 4; i++) {
		__m128i at = _mm_set_epi64x(
			(long long)atomic_load_explicit(&pairs[2 * i + 1],
							memory_order_relaxed),
			(long long)atomic_load_explicit(&pairs[2 * i],
							memory_order_relaxed));

		not_due[i] = _mm_or_si128(
			_mm_cmpgt_epi32(_mm_sub_epi32(at, at_now), zero),
			_mm_cmpeq_epi32(at, zero));
	}
	all = _mm_and_si128(_mm_and_si128(not_due[0], not_due[1]),
			    _mm_and_si128(not_due[2], not_due[3]));
	if (ct_likely(_mm_movemask_epi8(all) == 0xffff))
		return 0;
	for (unsigned i = 0; i < GROUP / 4; i++)
		bits |= (~(unsigned)_mm_movemask_ps(
				 _mm_castsi128_ps(not_due[i])) &
			 15)
			<< 4 * i;
#else
	for (unsigned i = 0; i < GROUP; i++) {
		uint64_t pair = atomic_load_explicit(&pairs[i / 2],
						     memory_order_relaxed);
		uint32_t due[2];

		memcpy(due, &pair, sizeof(due));
		if (due[i % 2] != CT_TICKS_NEVER &&
		    ct_ticks_passed(due[i % 2], now))
			bits |= 1u << i;
	}
#endif
	return bits;
}

/* The place whose deadline is the i-th of a chunk; places are units apart. */
static uint32_t place_of(uint32_t i, uint32_t units)
{
	return (2 * i + units - 1) / units * units;
}

/* A sweep on its way. */
struct sweep {
	uint32_t unit;  /* next place; 0 at the end */
	uint32_t left;  /* of the budget */
	uint32_t ended; /* connections */
};

/* Sweep what is left of one chunk. */
static void sweep_run(struct ct_thread *thr, struct sweep *sweep)
{
	const struct ct_slab *slab = &thr->tbl->slab;
	uint32_t units = thr->tbl->extend.conn_units;
	uint32_t chunk = sweep->unit & ~((1u << slab->shift) - 1);
	uint32_t end = (ct_slab_chunk_end(slab, sweep->unit) - chunk + 1) / 2;
	const _Atomic uint32_t *deadlines = ct_slab_deadline(slab, chunk);
	uint32_t first = (sweep->unit - chunk) / 2;
	uint32_t i = first / GROUP * GROUP;

	if (end - first > sweep->left)
		end = first + sweep->left;
	sweep->left -= end - first;
	for (; i < end; i += GROUP) {
		unsigned due = group_due(&deadlines[i], thr->now);

		for (; ct_unlikely(due); due &= due - 1) {
			uint32_t at = i + (unsigned)__builtin_ctz(due);

			if (at >= first && at < end)
				sweep->ended +=
					check(thr, chunk + place_of(at, units));
		}
	}
	sweep->unit = chunk + 2 * end;
}

/* Sweep up to a place; 0 is the end. */
static void sweep_to(struct ct_thread *thr, struct sweep *sweep, uint32_t to)
{
	while (sweep->left) {
		sweep->unit = ct_slab_next_conn(&thr->tbl->slab, sweep->unit);
		if (!sweep->unit || (to && sweep->unit >= to))
			return;
		sweep_run(thr, sweep);
	}
}

uint32_t ct_timer_sweep(struct ct_thread *thr, uint32_t budget)
{
	_Atomic uint32_t *cursor = &thr->tbl->sweep;
	uint32_t start = atomic_load_explicit(cursor, memory_order_relaxed);
	struct sweep sweep = { start, budget ? budget : UINT32_MAX, 0 };

	/* Two threads may sweep the same place; each finds nothing twice. */
	sweep_to(thr, &sweep, 0);
	if (!sweep.unit && start)
		sweep_to(thr, &sweep, start);
	atomic_store_explicit(cursor, sweep.unit, memory_order_relaxed);
	return sweep.ended;
}

uint64_t ct_next_expiry(struct ct_table *tbl)
{
	struct ct_slab *slab = &tbl->slab;
	uint64_t now_ns =
		atomic_load_explicit(&tbl->now_ns, memory_order_relaxed);
	uint32_t now = ct_ticks_of_ns(now_ns);
	int32_t soonest = INT32_MAX;
	uint32_t unit;

	if (!ct_sealed(tbl))
		return UINT64_MAX;
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
