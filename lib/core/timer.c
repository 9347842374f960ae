/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timer.c - expiry: lazily by look-ups, and by a sweep on the host's clock
 */
#include "core/timer.h"

#include "core/expect.h"
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
	/* release; pairs with the acquire in due_at() */
	atomic_store_explicit(deadline_of(tbl, conn), ticks,
			      memory_order_release);
}

/* Note whether the deadline, being the timeout, is a low one. */
static void note_low(struct ct_thread *thr, struct ct_conn *conn)
{
	uint32_t timeout =
		atomic_load_explicit(&conn->timeout, memory_order_relaxed);
	bool low = ct_ticks_until(timeout, thr->now) <=
		   (int32_t)(CT_TIMER_LOW * CT_TICKS_PER_S);

	if (low && !(ct_conn_word(conn) & CT_S_LOW))
		ct_conn_set(conn, CT_S_LOW);
	else if (!low && (ct_conn_word(conn) & CT_S_LOW))
		atomic_fetch_and_explicit(&conn->status, ~CT_S_LOW,
					  memory_order_acq_rel);
}

void ct_timer_start(struct ct_thread *thr, struct ct_conn *conn)
{
	deadline_set(
		thr->tbl, conn,
		atomic_load_explicit(&conn->timeout, memory_order_relaxed));
	note_low(thr, conn);
}

void ct_timer_sooner(struct ct_thread *thr, struct ct_conn *conn,
		     uint32_t seconds)
{
	uint64_t latest =
		atomic_load_explicit(&thr->tbl->now_ns, memory_order_relaxed);

	/* Low was said of the latest time of any thread, or an earlier one. */
	if (seconds >= CT_TIMER_LOW && thr->now_ns >= latest &&
	    (ct_conn_word(conn) & CT_S_LOW))
		return;
	ct_timer_start(thr, conn);
}

void ct_timer_stop(struct ct_table *tbl, struct ct_conn *conn)
{
	deadline_set(tbl, conn, CT_TICKS_NEVER);
}

/* => The connection of a place whose deadline has passed, or NULL. */
static struct ct_conn *due_at(struct ct_thread *thr, uint32_t unit)
{
	struct ct_table *tbl = thr->tbl;
	uint32_t due = atomic_load_explicit(ct_slab_deadline(&tbl->slab, unit),
					    memory_order_acquire);

	if (due == CT_TICKS_NEVER || !ct_ticks_passed(due, thr->now))
		return NULL;
	return ct_conn_at(tbl, unit);
}

/* End it if it has expired, else raise its deadline; => 1 when it ended. */
static uint32_t check(struct ct_thread *thr, struct ct_conn *conn)
{
	if (!ct_conn_known(conn))
		return 0;
	if (ct_conn_expired(conn, thr->now))
		return ct_conn_kill(thr, conn, CT_R_END_EXPIRED);
	ct_spin_lock(&conn->lock);
	/* What ended meanwhile has no deadline any more. */
	if (!(ct_conn_word(conn) & CT_S_DYING))
		ct_timer_start(thr, conn);
	ct_spin_unlock(&conn->lock);
	return 0;
}

/* Deadlines that are looked at together: one cache line; and so many lines at
 * first, to see that nothing is due. */
enum { GROUP = 16, STRETCH = 4 * GROUP };

#if defined(__SSE2__)
/*
 * => Four deadlines, each of them whole, as atomic loads would give them.
 *
 * In assembler, since C has no such load and the compiler must not think that
 * the deadlines stay as they are; an aligned load of 16 bytes does not tear
 * what is aligned within it.
 */
static inline __m128i load_four(const _Atomic uint32_t *deadlines)
{
	__m128i four;

	__asm__("movdqa %1, %0"
		: "=x"(four)
		: "m"(*(const __m128i *)(uintptr_t)deadlines));
	return four;
}

/* => Of a group, a lane is negative when one of its four is before that. */
static inline __m128i group_signs(const _Atomic uint32_t *deadlines,
				  __m128i before)
{
	__m128i a = _mm_sub_epi32(load_four(deadlines), before);
	__m128i b = _mm_sub_epi32(load_four(deadlines + 4), before);
	__m128i c = _mm_sub_epi32(load_four(deadlines + 8), before);
	__m128i d = _mm_sub_epi32(load_four(deadlines + 12), before);

	return _mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d));
}

/* => False when none of a stretch has passed; free places may pass for some
 * that have. */
static inline bool stretch_due(const _Atomic uint32_t *deadlines, uint32_t now)
{
	const __m128i after = _mm_set1_epi32((int)(now + 1));
	__m128i signs = _mm_or_si128(
		_mm_or_si128(group_signs(deadlines, after),
			     group_signs(deadlines + GROUP, after)),
		_mm_or_si128(group_signs(deadlines + 2 * GROUP, after),
			     group_signs(deadlines + 3 * GROUP, after)));

	return _mm_movemask_ps(_mm_castsi128_ps(signs));
}

/* => Bit i when the i-th deadline of a group has passed. */
static unsigned group_due(const _Atomic uint32_t *deadlines, uint32_t now)
{
	const __m128i after = _mm_set1_epi32((int)(now + 1));
	const __m128i never = _mm_set1_epi32((int)CT_TICKS_NEVER);
	unsigned bits = 0;

	for (unsigned i = 0; i < GROUP; i += 4) {
		__m128i at = load_four(&deadlines[i]);
		__m128i due = _mm_andnot_si128(_mm_cmpeq_epi32(at, never),
					       _mm_sub_epi32(at, after));

		bits |= (unsigned)_mm_movemask_ps(_mm_castsi128_ps(due)) << i;
	}
	return bits;
}
#else
static inline bool stretch_due(const _Atomic uint32_t *deadlines, uint32_t now)
{
	(void)deadlines;
	(void)now;
	return true;
}

static unsigned group_due(const _Atomic uint32_t *deadlines, uint32_t now)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < GROUP; i++) {
		uint32_t due = atomic_load_explicit(&deadlines[i],
						    memory_order_relaxed);

		if (due != CT_TICKS_NEVER && ct_ticks_passed(due, now))
			bits |= 1u << i;
	}
	return bits;
}
#endif

/*
 * Check the connections of a group's bits.
 *
 * => How many have ended.
 * => In steps, so that the cache misses of all of them overlap: connections,
 *    then the buckets that the expired ones must leave.
 */
static uint32_t check_group(struct ct_thread *thr, uint32_t chunk,
			    uint32_t group, unsigned due)
{
	struct ct_table *tbl = thr->tbl;
	struct ct_conn *conns[GROUP];
	uint32_t hash[CT_DIR_MAX];
	uint32_t n = 0, ended = 0;

	for (; due; due &= due - 1) {
		uint32_t at = group + (unsigned)__builtin_ctz(due);
		struct ct_conn *conn = due_at(
			thr, chunk + ct_slab_place(at, tbl->extend.conn_units));

		if (!conn)
			continue;
		__builtin_prefetch(conn, 1);
		__builtin_prefetch(conn->l4_state, 1);
		conns[n++] = conn;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (!ct_conn_known(conns[i]) ||
		    !ct_conn_expired(conns[i], thr->now))
			continue;
		ct_conn_hashes(conns[i], &tbl->hash, hash);
		ct_bucket_prefetch(&tbl->buckets, hash[CT_DIR_ORIG]);
		ct_bucket_prefetch(&tbl->buckets, hash[CT_DIR_REPLY]);
	}
	for (uint32_t i = 0; i < n; i++)
		ended += check(thr, conns[i]);
	return ended;
}

/* A stretch of deadlines of one chunk. */
struct run {
	uint32_t chunk; /* its first unit */
	uint32_t first;
	uint32_t end;
};

/* => From a place to the end of its chunk, so many places at most. */
static struct run run_from(const struct ct_slab *slab, uint32_t unit,
			   uint32_t most)
{
	struct run run = { unit & ~((1u << slab->shift) - 1), 0, 0 };

	run.first = (unit - run.chunk) / 2;
	run.end = (ct_slab_chunk_end(slab, unit) - run.chunk + 1) / 2;
	if (run.end - run.first > most)
		run.end = run.first + most;
	return run;
}

/* => How many connections have ended. */
static uint32_t sweep_run(struct ct_thread *thr, struct run run)
{
	const _Atomic uint32_t *deadlines =
		ct_slab_deadline(&thr->tbl->slab, run.chunk);
	uint32_t i = run.first / GROUP * GROUP;
	uint32_t ended = 0;

	for (; i < run.end; i += GROUP) {
		unsigned due;

		if (i + STRETCH <= run.end &&
		    ct_likely(!stretch_due(&deadlines[i], thr->now))) {
			i += STRETCH - GROUP;
			continue;
		}
		due = group_due(&deadlines[i], thr->now);
		if (i < run.first)
			due &= UINT32_MAX << (run.first - i);
		if (run.end - i < GROUP)
			due &= (1u << (run.end - i)) - 1;
		if (ct_unlikely(due))
			ended += check_group(thr, run.chunk, i, due);
	}
	return ended;
}

static uint32_t sweep_all(struct ct_thread *thr)
{
	const struct ct_slab *slab = &thr->tbl->slab;
	uint32_t unit = ct_slab_next_conn(slab, 0);
	uint32_t ended = 0;

	while (unit) {
		struct run run = run_from(slab, unit, UINT32_MAX);

		ended += sweep_run(thr, run);
		unit = ct_slab_next_conn(slab, run.chunk + 2 * run.end);
	}
	return ended;
}

uint32_t ct_timer_sweep(struct ct_thread *thr, uint32_t budget)
{
	const struct ct_slab *slab = &thr->tbl->slab;
	_Atomic uint32_t *cursor = &thr->tbl->sweep;
	uint32_t at = atomic_load_explicit(cursor, memory_order_relaxed);
	uint32_t ended = 0;
	unsigned ends = 0; /* met */

	if (!budget)
		return sweep_all(thr);
	/* What a thread sweeps it takes first, so that no two meet there. */
	while (budget && ends < 2) {
		uint32_t unit = ct_slab_next_conn(slab, at);
		struct run run = { 0 };
		uint32_t next = 0;

		if (unit) {
			run = run_from(slab, unit, budget);
			next = run.chunk + 2 * run.end;
		}
		if (!atomic_compare_exchange_strong_explicit(
			    cursor, &at, next, memory_order_relaxed,
			    memory_order_relaxed))
			continue; /* another thread took it */
		at = next;
		if (!unit) {
			ends++;
			continue;
		}
		budget -= run.end - run.first;
		ended += sweep_run(thr, run);
	}
	return ended;
}

int32_t ct_timer_next(struct ct_table *tbl, uint32_t now)
{
	struct ct_slab *slab = &tbl->slab;
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
	if (ct_expects_next(tbl, now) < soonest)
		soonest = ct_expects_next(tbl, now);
	if (ct_frags_deadline(tbl, &unit) &&
	    ct_ticks_until(unit, now) < soonest)
		soonest = ct_ticks_until(unit, now);
	return soonest;
}
