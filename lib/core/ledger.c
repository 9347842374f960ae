/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger.c - what overflow did; see ledger.h
 */
#include "core/ledger.h"

#include "core/table.h"

static size_t bytes_for(uint32_t max)
{
	return sizeof(struct ct_ledger) + max * sizeof(struct ct_victim);
}

struct ct_ledger *ct_ledger_of(struct ct_table *tbl)
{
	uint32_t max = ct_core_param(tbl, CT_P_VICTIMS);
	struct ct_ledger *ledger =
		atomic_load_explicit(&tbl->ledger, memory_order_acquire);
	struct ct_ledger *made;

	if (ct_likely(ledger != NULL))
		return ledger;
	made = ct_mem_alloc(&tbl->mem, bytes_for(max), CT_LINE);
	if (!made)
		return NULL;
	made->max = max;
	/* release; pairs with the acquires of whoever asks for it */
	if (atomic_compare_exchange_strong_explicit(&tbl->ledger, &ledger, made,
						    memory_order_acq_rel,
						    memory_order_acquire))
		return made;
	ct_mem_free(&tbl->mem, made, bytes_for(max));
	return ledger;
}

void ct_ledger_free(struct ct_table *tbl)
{
	struct ct_ledger *ledger =
		atomic_load_explicit(&tbl->ledger, memory_order_relaxed);

	if (ledger)
		ct_mem_free(&tbl->mem, ledger, bytes_for(ledger->max));
}

static void bump(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

void ct_ledger_add(struct ct_table *tbl, enum ct_ledger_count which, uint64_t n)
{
	struct ct_ledger *ledger = ct_ledger_of(tbl);

	if (ledger && n)
		bump(&ledger->count[which], n);
}

static uint8_t known(uint8_t class_)
{
	return class_ < CT_CLASSES ? class_ : 0;
}

void ct_ledger_refused(struct ct_table *tbl, uint8_t class_)
{
	struct ct_ledger *ledger;

	if (ct_likely(!known(class_)))
		return;
	ledger = ct_ledger_of(tbl);
	if (ledger)
		bump(&ledger->refused[class_], 1);
}

void ct_ledger_evicted(struct ct_table *tbl, const struct ct_victim *victim)
{
	struct ct_ledger *ledger = ct_ledger_of(tbl);

	if (!ledger)
		return;
	if (known(victim->class_))
		bump(&ledger->evicted[victim->class_], 1);
	ct_spin_lock(&ledger->lock);
	ledger->victims[ledger->n++ % ledger->max] = *victim;
	ct_spin_unlock(&ledger->lock);
}

size_t ct_victims(struct ct_table *tbl, struct ct_victim *victims, size_t n)
{
	struct ct_ledger *ledger =
		atomic_load_explicit(&tbl->ledger, memory_order_acquire);
	size_t given = 0;

	if (!ledger)
		return 0;
	ct_spin_lock(&ledger->lock);
	for (; given < n && given < ledger->n && given < ledger->max; given++)
		victims[given] =
			ledger->victims[(ledger->n - 1 - given) % ledger->max];
	ct_spin_unlock(&ledger->lock);
	return given;
}

static uint64_t read_one(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* => How often any thread gave a reason. */
static uint64_t times(struct ct_table *tbl, enum ct_reason reason)
{
	struct ct_thread *thr;
	uint64_t n = 0;

	ct_spin_lock(&tbl->threads_lock);
	CT_THREADS_EACH (thr, tbl)
		n += read_one(&thr->reasons[reason]);
	ct_spin_unlock(&tbl->threads_lock);
	return n;
}

static void read_searches(struct ct_table *tbl, struct ct_pressure *now)
{
	struct ct_thread *thr;

	ct_spin_lock(&tbl->threads_lock);
	CT_THREADS_EACH (thr, tbl) {
		now->candidates += read_one(&thr->n_candidates);
		now->lines += read_one(&thr->n_lines);
	}
	ct_spin_unlock(&tbl->threads_lock);
}

/* Everybody's class has what the others have not. */
static void read_rest(struct ct_table *tbl, struct ct_pressure *now)
{
	uint64_t evicted =
		times(tbl, CT_R_END_EVICTED) + times(tbl, CT_R_END_RECYCLED);
	uint64_t refused =
		times(tbl, CT_R_TABLE_FULL) + times(tbl, CT_R_ZONE_FULL) +
		times(tbl, CT_R_SOURCE_FULL) + times(tbl, CT_R_HALF_OPEN_FULL) +
		times(tbl, CT_R_SOURCE_HALF_OPEN) +
		times(tbl, CT_R_OVERFLOW_UNTRACKED) +
		times(tbl, CT_R_OVERFLOW_STATELESS);

	for (unsigned i = 1; i < CT_CLASSES; i++) {
		evicted -= now->evicted[i];
		refused -= now->refused[i];
	}
	now->evicted[0] = evicted;
	now->refused[0] = refused;
}

static void read_counts(const struct ct_ledger *ledger, struct ct_pressure *now)
{
	for (unsigned i = 0; i < CT_CLASSES; i++) {
		now->evicted[i] = read_one(&ledger->evicted[i]);
		now->refused[i] = read_one(&ledger->refused[i]);
	}
	now->recycled = read_one(&ledger->count[CT_LEDGER_RECYCLED]);
	now->probes = read_one(&ledger->count[CT_LEDGER_PROBES]);
	now->probes_answered = read_one(&ledger->count[CT_LEDGER_ANSWERS]);
	now->cookies = read_one(&ledger->count[CT_LEDGER_COOKIES]);
	now->cookies_good = read_one(&ledger->count[CT_LEDGER_COOKIES_GOOD]);
	now->cookies_bad = read_one(&ledger->count[CT_LEDGER_COOKIES_BAD]);
	now->told = read_one(&ledger->count[CT_LEDGER_TOLD]);
	now->untold = read_one(&ledger->count[CT_LEDGER_UNTOLD]);
}

static uint32_t thousandths(uint32_t of, uint32_t n)
{
	return (uint32_t)((uint64_t)of * n / 1000);
}

/* => 0 below low, 1000 from high on. */
static uint32_t level_of(const struct ct_pressure *now)
{
	if (now->conns <= now->low)
		return 0;
	if (now->conns >= now->high)
		return 1000;
	return (uint32_t)((uint64_t)(now->conns - now->low) * 1000 /
			  (now->high - now->low));
}

int ct_pressure(struct ct_table *tbl, struct ct_pressure *pressure)
{
	struct ct_ledger *ledger =
		atomic_load_explicit(&tbl->ledger, memory_order_acquire);
	struct ct_pressure now = {
		.conns = ct_count_now(tbl),
		.max_conns = ct_max_conns(tbl),
		.unproven = (uint32_t)ct_count_weak_now(tbl),
		.bytes = ct_mem_in_use(&tbl->mem),
		.max_bytes = tbl->mem.max_bytes,
	};

	now.low = thousandths(now.max_conns, ct_core_param(tbl, CT_P_LOW));
	now.high = thousandths(now.max_conns, ct_core_param(tbl, CT_P_HIGH));
	now.level = level_of(&now);
	if (ledger)
		read_counts(ledger, &now);
	read_rest(tbl, &now);
	read_searches(tbl, &now);
	return ct_sized_answer(pressure, &now, sizeof(now));
}
