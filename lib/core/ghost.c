/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ghost.c - flows that are not in the table; see ghost.h
 */
#include "core/ghost.h"

#include "core/table.h"

/* A set is aged once in so many counts: all of them in eight to 16 times as many
 * as there are connections. */
enum { AGE_EVERY = 16 };

enum { COUNT_BITS = 4, COUNT = (1 << COUNT_BITS) - 1 };

static size_t bytes_for(uint32_t n_sets)
{
	return sizeof(struct ct_ghosts) +
	       (size_t)n_sets * CT_GHOST_WAYS * sizeof(uint16_t);
}

/* => Two cells for each connection, up to four. */
static uint32_t sets_for(const struct ct_table *tbl)
{
	uint32_t n = 16;

	while (n * CT_GHOST_WAYS < 2 * tbl->max_conns)
		n *= 2;
	return n;
}

static struct ct_ghosts *ghosts_of(struct ct_table *tbl)
{
	struct ct_ghosts *ghosts =
		atomic_load_explicit(&tbl->ghosts, memory_order_acquire);
	struct ct_ghosts *made;
	uint32_t n = sets_for(tbl);

	if (ct_likely(ghosts != NULL))
		return ghosts;
	made = ct_mem_alloc(&tbl->mem, bytes_for(n), CT_LINE);
	if (!made)
		return NULL;
	made->mask = n - 1;
	/* release; pairs with the acquires of whoever asks for it */
	if (atomic_compare_exchange_strong_explicit(&tbl->ghosts, &ghosts, made,
						    memory_order_acq_rel,
						    memory_order_acquire))
		return made;
	ct_mem_free(&tbl->mem, made, bytes_for(n));
	return ghosts;
}

size_t ct_ghosts_bytes(const struct ct_table *tbl)
{
	const struct ct_ghosts *ghosts =
		atomic_load_explicit(&tbl->ghosts, memory_order_acquire);

	return ghosts ? bytes_for(ghosts->mask + 1) : 0;
}

void ct_ghosts_free(struct ct_table *tbl)
{
	size_t bytes = ct_ghosts_bytes(tbl);

	if (bytes)
		ct_mem_free(&tbl->mem,
			    atomic_load_explicit(&tbl->ghosts,
						 memory_order_relaxed),
			    bytes);
}

void ct_ghost_fetch(const struct ct_table *tbl, uint64_t hash)
{
	const struct ct_ghosts *ghosts =
		atomic_load_explicit(&tbl->ghosts, memory_order_acquire);

	if (ghosts)
		__builtin_prefetch(
			(const void *)(uintptr_t)&ghosts
				->cells[(size_t)(hash & ghosts->mask) *
					CT_GHOST_WAYS],
			1);
}

static uint16_t load(const _Atomic uint16_t *cell)
{
	return atomic_load_explicit(cell, memory_order_relaxed);
}

static void store(_Atomic uint16_t *cell, unsigned value)
{
	atomic_store_explicit(cell, (uint16_t)value, memory_order_relaxed);
}

/* One set loses half of its counts. */
static void age(struct ct_thread *thr, struct ct_ghosts *ghosts)
{
	uint32_t set = thr->ghost++ & ghosts->mask;
	_Atomic uint16_t *cells = &ghosts->cells[(size_t)set * CT_GHOST_WAYS];

	for (unsigned i = 0; i < CT_GHOST_WAYS; i++) {
		unsigned was = load(&cells[i]);

		store(&cells[i], (was & ~(unsigned)COUNT) | (was & COUNT) / 2);
	}
}

/* Who is not there takes the place of the least, once that has nothing left. */
static void enter(_Atomic uint16_t *least, unsigned tag, unsigned n)
{
	unsigned was = load(least);

	if ((was & COUNT) > n)
		store(least, was - n);
	else
		store(least, tag | n);
}

unsigned ct_ghost_add(struct ct_thread *thr, uint64_t hash, unsigned n)
{
	struct ct_ghosts *ghosts = ghosts_of(thr->tbl);
	unsigned tag = (unsigned)(hash >> 32 << COUNT_BITS) & UINT16_MAX;
	_Atomic uint16_t *cells, *least;

	if (!ghosts)
		return 0;
	if (thr->ghost_counts++ % AGE_EVERY == 0)
		age(thr, ghosts);
	cells = &ghosts->cells[(size_t)(hash & ghosts->mask) * CT_GHOST_WAYS];
	least = cells;
	for (unsigned i = 0; i < CT_GHOST_WAYS; i++) {
		unsigned was = load(&cells[i]), now = (was & COUNT) + n;

		if ((was & COUNT) && (was & ~(unsigned)COUNT) == tag) {
			store(&cells[i], tag | (now < COUNT ? now : COUNT));
			return was & COUNT;
		}
		if ((was & COUNT) < (load(least) & COUNT))
			least = &cells[i];
	}
	enter(least, tag, n);
	return 0;
}
