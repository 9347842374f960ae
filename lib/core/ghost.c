/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ghost.c - flows that are not in the table; see ghost.h
 */
#include "core/ghost.h"

#include "core/table.h"

#include <limits.h>

/* A set is aged once in so many counts: all of them in eight to 16 times as many
 * as there are connections. */
enum { AGE_EVERY = 16 };

enum { CELL = 16, COUNT_BITS = 4, COUNT = (1 << COUNT_BITS) - 1 };

/* Of each cell of a set. */
#define ONES   UINT64_C(0x0001000100010001)
#define TOPS   (ONES << (CELL - 1))
#define COUNTS (ONES * COUNT)

static size_t bytes_for(uint32_t n_sets)
{
	return sizeof(struct ct_ghosts) + n_sets * sizeof(uint64_t);
}

/* => Two cells for each connection, up to four. */
static uint32_t sets_for(const struct ct_table *tbl)
{
	uint32_t n = 16;

	while (n * CT_GHOST_WAYS < 2 * ct_max_conns(tbl))
		n *= 2;
	return n;
}

static ct_noinline struct ct_ghosts *make(struct ct_table *tbl)
{
	uint32_t n = sets_for(tbl);
	struct ct_ghosts *made = ct_mem_alloc(&tbl->mem, bytes_for(n), CT_LINE);
	struct ct_ghosts *others = NULL;

	if (!made)
		return NULL;
	made->mask = n - 1;
	/* release; pairs with the acquires of whoever asks for it */
	if (atomic_compare_exchange_strong_explicit(&tbl->ghosts, &others, made,
						    memory_order_acq_rel,
						    memory_order_acquire))
		return made;
	ct_mem_free(&tbl->mem, made, bytes_for(n));
	return others;
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
		__builtin_prefetch((const void *)(uintptr_t)&ghosts
					   ->sets[hash & ghosts->mask],
				   1);
}

/* One set loses half of its counts. */
static void age(struct ct_thread *thr, struct ct_ghosts *ghosts)
{
	_Atomic uint64_t *set = &ghosts->sets[thr->ghost++ & ghosts->mask];
	uint64_t was = atomic_load_explicit(set, memory_order_relaxed);

	atomic_store_explicit(set,
			      (was & ~COUNTS) | (was >> 1 & ONES * (COUNT / 2)),
			      memory_order_relaxed);
}

/* => A set with another cell in a place. */
static uint64_t with_cell(uint64_t set, unsigned way, unsigned cell)
{
	return (set & ~((uint64_t)UINT16_MAX << CELL * way)) |
	       (uint64_t)cell << CELL * way;
}

/* Who is not there takes the place of the least, once that has nothing left. */
static unsigned enter(unsigned least, unsigned tag, unsigned n)
{
	return (least & COUNT) > n ? least - n : tag | n;
}

/* => The cell with a tag, or CT_GHOST_WAYS. */
static unsigned find(uint64_t set, unsigned tag)
{
	uint64_t other = (set & ~COUNTS) ^ tag * ONES;
	/* The top bit of each that is 0, and perhaps of some above that. */
	uint64_t same = (other - ONES) & ~other & TOPS;

	return same ? (unsigned)__builtin_ctzll(same) / CELL : CT_GHOST_WAYS;
}

/* => The first of those with the least count. */
static unsigned least_of(uint64_t set)
{
	unsigned least = UINT_MAX;

	for (unsigned i = 0; i < CT_GHOST_WAYS; i++) {
		unsigned n =
			(unsigned)(set >> CELL * i & COUNT) * CT_GHOST_WAYS + i;

		least = n < least ? n : least;
	}
	return least % CT_GHOST_WAYS;
}

unsigned ct_ghost_add(struct ct_thread *thr, uint64_t hash, unsigned n)
{
	struct ct_ghosts *ghosts =
		atomic_load_explicit(&thr->tbl->ghosts, memory_order_acquire);
	unsigned tag = (unsigned)(hash >> 32 << COUNT_BITS) & UINT16_MAX;
	unsigned way, cell, before = 0;
	_Atomic uint64_t *at;
	uint64_t set;

	if (ct_unlikely(!ghosts))
		ghosts = make(thr->tbl);
	if (!ghosts)
		return 0;
	if (thr->ghost_counts++ % AGE_EVERY == 0)
		age(thr, ghosts);
	at = &ghosts->sets[hash & ghosts->mask];
	set = atomic_load_explicit(at, memory_order_relaxed);
	way = find(set, tag);
	if (way < CT_GHOST_WAYS) {
		before = set >> CELL * way & COUNT;
		cell = tag | (before + n < COUNT ? before + n : COUNT);
	} else {
		way = least_of(set);
		cell = enter(set >> CELL * way & UINT16_MAX, tag, n);
	}
	atomic_store_explicit(at, with_cell(set, way, cell),
			      memory_order_relaxed);
	return before;
}
