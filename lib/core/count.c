/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * count.c - how many connections there are, and whether one more may be
 */
#include "core/count.h"

#include "core/chunk.h"
#include "core/table.h"

/* A thread's credit at most; and the share of a table that it may be. */
enum { CREDIT = 64, TABLE_SHARE = 1024 };

static uint32_t block(uint32_t max)
{
	uint32_t share = max / TABLE_SHARE;

	return share < CREDIT / 2 ? share : CREDIT / 2;
}

/* => One of the thread's own credit, unless it has none. */
static bool take_credit(struct ct_thread *thr)
{
	uint32_t credit =
		atomic_load_explicit(&thr->credit, memory_order_relaxed);

	while (credit)
		if (atomic_compare_exchange_weak_explicit(
			    &thr->credit, &credit, credit - 1,
			    memory_order_relaxed, memory_order_relaxed))
			return true;
	return false;
}

/* Raise the shared number by n, unless that were above max. */
static bool raise_by(struct ct_table *tbl, uint32_t n, uint32_t max)
{
	uint32_t before =
		atomic_load_explicit(&tbl->n_conns, memory_order_relaxed);

	do {
		if (before >= max || max - before < n)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		&tbl->n_conns, &before, before + n, memory_order_relaxed,
		memory_order_relaxed));
	return true;
}

static void lower_by(struct ct_table *tbl, uint32_t n)
{
	atomic_fetch_sub_explicit(&tbl->n_conns, n, memory_order_relaxed);
}

/*
 * A credit rises; => what it was.
 *
 * Whoever calls all back need not look while none has risen from nothing.  The
 * order is seq_cst, and so it is there: either he sees the credit, or this sees
 * that he has taken the flag down.
 */
static uint32_t credited(struct ct_thread *thr, uint32_t by)
{
	_Atomic bool *any = &thr->tbl->credits;
	uint32_t was = atomic_fetch_add_explicit(&thr->credit, by,
						 memory_order_seq_cst);

	if (!was && !atomic_load_explicit(any, memory_order_seq_cst))
		atomic_store_explicit(any, true, memory_order_seq_cst);
	return was;
}

/* => Whether anybody had any. */
static bool recall_credits(struct ct_table *tbl)
{
	struct ct_thread *thr;
	uint32_t n = 0;

	if (!atomic_load_explicit(&tbl->credits, memory_order_relaxed) ||
	    !atomic_exchange_explicit(&tbl->credits, false,
				      memory_order_seq_cst))
		return false;
	ct_spin_lock(&tbl->threads_lock);
	CT_THREADS_EACH (thr, tbl)
		/* Most have none: others' lines are left alone. */
		if (atomic_load_explicit(&thr->credit, memory_order_seq_cst))
			n += atomic_exchange_explicit(&thr->credit, 0,
						      memory_order_relaxed);
	ct_spin_unlock(&tbl->threads_lock);
	if (n)
		lower_by(tbl, n);
	return n;
}

bool ct_count_take(struct ct_thread *thr)
{
	struct ct_table *tbl = thr->tbl;
	uint32_t max = ct_max_conns(tbl);
	uint32_t n = block(max);

	if (take_credit(thr))
		return true;
	if (n > 1 && raise_by(tbl, n, max)) {
		credited(thr, n - 1);
		return true;
	}
	if (raise_by(tbl, 1, max))
		return true;
	return n > 1 && recall_credits(tbl) && raise_by(tbl, 1, max);
}

void ct_count_take_over(struct ct_thread *thr)
{
	if (!take_credit(thr))
		atomic_fetch_add_explicit(&thr->tbl->n_conns, 1,
					  memory_order_relaxed);
}

void ct_count_give(struct ct_thread *thr)
{
	struct ct_table *tbl = thr->tbl;
	uint32_t max = ct_max_conns(tbl);
	uint32_t credit;

	/* In a full table everybody is to see that a place is free. */
	if (block(max) <= 1 ||
	    atomic_load_explicit(&tbl->n_conns, memory_order_relaxed) >= max) {
		lower_by(tbl, 1);
		return;
	}
	credit = credited(thr, 1) + 1;
	if (credit > CREDIT &&
	    atomic_compare_exchange_strong_explicit(
		    &thr->credit, &credit, CREDIT / 2, memory_order_relaxed,
		    memory_order_relaxed))
		lower_by(tbl, credit - CREDIT / 2);
}

/* => Places in chunks that there are, without those for who waits. */
static uint32_t places(struct ct_table *tbl)
{
	uint32_t n = ct_slab_places(&tbl->slab, CT_SLAB_CONN);
	uint32_t wait = n / 32 + CREDIT;

	return n - (wait < n / 4 ? wait : n / 4);
}

/* => No chunk more would fit; their keys need room, too, a chunk of their own
 *    perhaps. */
static bool is_tight(const struct ct_table *tbl)
{
	uint64_t max = tbl->mem.max_bytes;

	return ct_mem_in_use(&tbl->mem) + 2 * ct_chunk_bytes(&tbl->slab) +
		       max / 16 >
	       max;
}

void ct_count_fit(struct ct_thread *thr)
{
	struct ct_table *tbl = thr->tbl;
	uint32_t was = atomic_load_explicit(&tbl->fit, memory_order_relaxed);
	uint32_t fit = UINT32_MAX;

	if (ct_likely(!tbl->mem.max_bytes))
		return;
	if (is_tight(tbl)) {
		if (was != UINT32_MAX &&
		    thr->now == atomic_load_explicit(&tbl->fit_at,
						     memory_order_relaxed))
			return;
		fit = places(tbl);
	}
	if (fit == was)
		return;
	atomic_store_explicit(&tbl->fit, fit, memory_order_relaxed);
	atomic_store_explicit(&tbl->fit_at, thr->now, memory_order_relaxed);
}

void ct_count_leave(struct ct_thread *thr)
{
	lower_by(thr->tbl, atomic_exchange_explicit(&thr->credit, 0,
						    memory_order_relaxed));
}

uint32_t ct_count_now(struct ct_table *tbl)
{
	uint32_t n = atomic_load_explicit(&tbl->n_conns, memory_order_relaxed);
	struct ct_thread *thr;

	ct_spin_lock(&tbl->threads_lock);
	CT_THREADS_EACH (thr, tbl)
		n -= atomic_load_explicit(&thr->credit, memory_order_relaxed);
	ct_spin_unlock(&tbl->threads_lock);
	return n;
}

void ct_count_refused(struct ct_thread *thr)
{
	thr->refused_at = thr->now;
}

void ct_count_published(struct ct_thread *thr)
{
	thr->refused_at = CT_TICKS_NEVER;
}

void ct_count_weak(struct ct_thread *thr, int by)
{
	struct ct_table *tbl = thr->tbl;

	/* One writer: no read-modify-write is needed. */
	atomic_store_explicit(
		&thr->n_weak,
		atomic_load_explicit(&thr->n_weak, memory_order_relaxed) + by,
		memory_order_relaxed);
	/* Whoever counts meanwhile may miss it, until the next tick. */
	if (by > 0 && !atomic_load_explicit(&tbl->weak, memory_order_relaxed))
		atomic_store_explicit(&tbl->weak, true, memory_order_relaxed);
}

uint64_t ct_count_weak_now(struct ct_table *tbl)
{
	struct ct_thread *thr;
	int64_t n;

	ct_spin_lock(&tbl->threads_lock);
	n = tbl->past_weak;
	CT_THREADS_EACH (thr, tbl)
		n += atomic_load_explicit(&thr->n_weak, memory_order_relaxed);
	ct_spin_unlock(&tbl->threads_lock);
	return n > 0 ? (uint64_t)n : 0;
}

bool ct_count_any_weak(struct ct_table *tbl)
{
	bool any;

	atomic_store_explicit(&tbl->weak, false, memory_order_relaxed);
	any = ct_count_weak_now(tbl);
	if (any)
		atomic_store_explicit(&tbl->weak, true, memory_order_relaxed);
	return any;
}
