/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reclaim.c - grace periods of a table, without waiting
 *
 * Two barriers make a pair.  A thread that unlinks does so before it begins the
 * next epoch; a thread that has seen that epoch, by a full fence at its poll,
 * finds the entry unlinked from then on.
 */
#include "core/reclaim.h"

#include "core/expect.h"
#include "core/table.h"

/* The link of a retired connection is its timeout word. */
static void link_set(struct ct_conn *conn, uint32_t unit)
{
	atomic_store_explicit(&conn->timeout, unit, memory_order_relaxed);
}

static uint32_t link_of(const struct ct_conn *conn)
{
	return atomic_load_explicit(&conn->timeout, memory_order_relaxed);
}

/* --- Epochs ------------------------------------------------------------- */

void ct_epoch_seen(struct ct_thread *thr)
{
	uint64_t epoch =
		atomic_load_explicit(&thr->tbl->epoch, memory_order_acquire);

	/*
	 * release: what was borrowed is used no more; pairs with the acquire
	 * in ct_epoch_oldest().  The fence keeps later look-ups behind it.
	 */
	atomic_store_explicit(&thr->epoch, epoch, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
}

void ct_epoch_offline(struct ct_thread *thr)
{
	/* release; pairs with the acquire in ct_epoch_oldest() */
	atomic_store_explicit(&thr->epoch, 0, memory_order_release);
}

uint64_t ct_epoch_begin(struct ct_table *tbl)
{
	return atomic_fetch_add_explicit(&tbl->epoch, 1, memory_order_seq_cst) +
	       1;
}

uint64_t ct_epoch_oldest(struct ct_table *tbl)
{
	uint64_t oldest = UINT64_MAX;
	struct ct_thread *thr;

	atomic_thread_fence(memory_order_seq_cst);
	CT_THREADS_EACH (thr, tbl) {
		uint64_t seen =
			atomic_load_explicit(&thr->epoch, memory_order_acquire);

		if (seen && seen < oldest)
			oldest = seen;
	}
	return oldest;
}

/* --- Limbo -------------------------------------------------------------- */

void ct_limbo_retire(struct ct_thread *thr, struct ct_conn *conn)
{
	struct ct_batch *open = &thr->limbo.open;
	uint32_t unit = ct_conn_unit(thr->tbl, conn);

	link_set(conn, open->first);
	open->first = unit;
	if (!open->last)
		open->last = unit;
}

void ct_limbo_retire_expect(struct ct_thread *thr, uint32_t unit)
{
	struct ct_batch *open = &thr->limbo.open;

	ct_expect_at(thr->tbl, unit)->next = open->first_expect;
	open->first_expect = unit;
	if (!open->last_expect)
		open->last_expect = unit;
}

static void adopt_expects(struct ct_thread *thr)
{
	_Atomic uint32_t *orphans = &thr->tbl->orphan_expects;
	uint32_t unit, next;

	if (!atomic_load_explicit(orphans, memory_order_relaxed))
		return;
	/* acquire; pairs with the release in leave_expects() */
	unit = atomic_exchange_explicit(orphans, 0, memory_order_acquire);
	for (; unit; unit = next) {
		next = ct_expect_at(thr->tbl, unit)->next;
		ct_limbo_retire_expect(thr, unit);
	}
}

/* Take over what threads left behind: it waits a little longer, never too
 * short. */
static void adopt(struct ct_thread *thr)
{
	struct ct_table *tbl = thr->tbl;
	struct ct_batch *open = &thr->limbo.open;
	uint32_t first, last, next;

	adopt_expects(thr);
	if (!atomic_load_explicit(&tbl->orphans, memory_order_relaxed))
		return;
	/* acquire; pairs with the release in leave() */
	first = atomic_exchange_explicit(&tbl->orphans, 0,
					 memory_order_acquire);
	if (!first)
		return; /* another thread was faster */
	for (last = first; (next = link_of(ct_conn_at(tbl, last))) != 0;)
		last = next;
	link_set(ct_conn_at(tbl, last), open->first);
	open->first = first;
	if (!open->last)
		open->last = last;
}

void ct_limbo_close(struct ct_thread *thr)
{
	struct ct_limbo *limbo = &thr->limbo;
	struct ct_batch *closed;

	adopt(thr);
	if (!(limbo->open.first | limbo->open.first_expect) ||
	    limbo->n == CT_BATCHES)
		return;
	closed = &limbo->closed[(limbo->head + limbo->n) % CT_BATCHES];
	*closed = limbo->open;
	closed->epoch = ct_epoch_begin(thr->tbl);
	limbo->n++;
	limbo->open = (struct ct_batch){ 0 };
}

/* => What is left of the budget. */
static uint32_t free_batch(struct ct_thread *thr, struct ct_batch *batch,
			   uint32_t budget)
{
	for (; batch->first_expect && budget; budget--) {
		uint32_t unit = batch->first_expect;

		batch->first_expect = ct_expect_at(thr->tbl, unit)->next;
		ct_expect_free(thr, unit);
	}
	for (; batch->first && budget; budget--) {
		struct ct_conn *conn = ct_conn_at(thr->tbl, batch->first);

		batch->first = link_of(conn);
		ct_conn_release(thr, conn);
	}
	return budget;
}

/* Connections whose last owner has put them, from whatever thread. */
static void free_returned(struct ct_thread *thr)
{
	struct ct_batch batch = { 0 };

	if (!atomic_load_explicit(&thr->tbl->returned, memory_order_relaxed))
		return;
	/* acquire; pairs with the release in ct_conn_put() */
	batch.first = atomic_exchange_explicit(&thr->tbl->returned, 0,
					       memory_order_acquire);
	while (batch.first) {
		struct ct_conn *conn = ct_conn_at(thr->tbl, batch.first);

		batch.first = link_of(conn);
		ct_conn_returned(thr, conn);
	}
}

void ct_limbo_reap(struct ct_thread *thr, uint32_t budget)
{
	struct ct_limbo *limbo = &thr->limbo;
	uint64_t oldest;

	free_returned(thr);
	if (!limbo->n)
		return;
	ct_spin_lock(&thr->tbl->threads_lock);
	oldest = ct_epoch_oldest(thr->tbl);
	ct_spin_unlock(&thr->tbl->threads_lock);
	while (limbo->n && budget &&
	       limbo->closed[limbo->head].epoch <= oldest) {
		struct ct_batch *batch = &limbo->closed[limbo->head];

		budget = free_batch(thr, batch, budget);
		if (batch->first | batch->first_expect)
			return;
		limbo->head = (limbo->head + 1) % CT_BATCHES;
		limbo->n--;
	}
}

static void leave_expects(struct ct_table *tbl, const struct ct_batch *batch)
{
	uint32_t first = atomic_load_explicit(&tbl->orphan_expects,
					      memory_order_relaxed);

	if (!batch->first_expect)
		return;
	do {
		ct_expect_at(tbl, batch->last_expect)->next = first;
		/* release; pairs with the acquire in adopt_expects() */
	} while (!atomic_compare_exchange_weak_explicit(
		&tbl->orphan_expects, &first, batch->first_expect,
		memory_order_release, memory_order_relaxed));
}

/* Hand a batch over to whoever polls next. */
static void leave(struct ct_table *tbl, const struct ct_batch *batch)
{
	uint32_t first =
		atomic_load_explicit(&tbl->orphans, memory_order_relaxed);

	leave_expects(tbl, batch);
	if (!batch->first)
		return;
	do {
		link_set(ct_conn_at(tbl, batch->last), first);
		/* release; pairs with the acquire in adopt() */
	} while (!atomic_compare_exchange_weak_explicit(
		&tbl->orphans, &first, batch->first, memory_order_release,
		memory_order_relaxed));
}

void ct_limbo_leave(struct ct_thread *thr)
{
	struct ct_limbo *limbo = &thr->limbo;

	leave(thr->tbl, &limbo->open);
	for (; limbo->n; limbo->n--) {
		leave(thr->tbl, &limbo->closed[limbo->head]);
		limbo->head = (limbo->head + 1) % CT_BATCHES;
	}
	limbo->open = (struct ct_batch){ 0 };
}
