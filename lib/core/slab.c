/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slab.c - where connections, extension blocks and overflow buckets live
 *
 * Sizes: a small table takes pages, a large one 2 MB at a time; the magazines
 * and the headroom scale with the table, so that 64 connections stay small.
 */
#include "core/chunk.h"
#include "core/help.h"
#include "core/table.h"

#include <string.h>

enum {
	SHIFT_MIN = 6,      /* 4 KB: 30 connections */
	SHIFT_MAX = 15,     /* 2 MB: a huge page */
	CHUNKS_WANTED = 16, /* of connections, in a full table */
	MAGAZINE_MIN = 4,
	MAGAZINE_MAX = 256,
	HEADROOM_MIN = 64,
	CHUNKS_MIN = 32, /* that fit into max_bytes */
	NEW_AT_ONCE = 32,
	NEW_UNITS = 128,    /* 8 KB */
	OVERFLOW_SHARE = 8, /* one overflow bucket for so many connections */
	NAT_SHARE = 2,      /* a mapping and a far tuple for each connection */
};

/* Objects beyond the limit, for those that wait for a grace period. */
static uint32_t headroom(uint32_t max_conns)
{
	uint32_t share = max_conns / 16;

	return share > HEADROOM_MIN ? share : HEADROOM_MIN;
}

static uint32_t shift_for(uint64_t units)
{
	uint32_t shift = SHIFT_MIN;

	while (shift < SHIFT_MAX && ((uint64_t)CHUNKS_WANTED << shift) < units)
		shift++;
	return shift;
}

/* Chunks that hold n objects. */
static uint64_t chunks_for(const struct ct_slab *slab,
			   enum ct_slab_class class_, uint64_t n)
{
	uint64_t each;

	if (!slab->depot[class_].units)
		return 0;
	each = ct_chunk_places(slab, class_);
	return (n + each - 1) / each;
}

/*
 * Pages that a magazine's refill touches at most: of a chunk's first run of
 * objects, with the place that is taken, and of the arrays.
 */
static uint32_t refill_pages(const struct ct_slab *slab,
			     enum ct_slab_class class_)
{
	uint32_t units = slab->depot[class_].units;
	uint32_t run = units > NEW_UNITS ? units : NEW_UNITS;

	return ct_work_pages(0, (size_t)(units + run) * CT_UNIT) +
	       (class_ == CT_SLAB_CONN ? 2u : 0u);
}

/* At least one object has to be made ready, however large it is. */
static void set_budget(struct ct_slab *slab)
{
	slab->budget = ct_work_budget[CT_WORK_INSERT];
	for (unsigned i = 0; i < CT_SLAB_CLASSES; i++) {
		uint32_t pages = refill_pages(slab, (enum ct_slab_class)i);

		if (slab->budget.pages < pages)
			slab->budget.pages = pages;
	}
}

/* --- Life --------------------------------------------------------------- */

/* One bit for each line of worth that a chunk may have. */
static uint32_t easy_words(const struct ct_slab *slab)
{
	uint32_t lines =
		(ct_chunk_units(slab) / 2 + CT_WORTH_LINE - 1) / CT_WORTH_LINE;

	return (lines + 63) / 64;
}

static size_t easy_bytes(const struct ct_slab *slab)
{
	return (size_t)slab->max_chunks * slab->easy_words * sizeof(uint64_t);
}

int ct_slab_init(struct ct_slab *slab, struct ct_mem *mem, uint32_t max_conns,
		 uint32_t conn_units, uint32_t ext_units)
{
	uint64_t n = (uint64_t)max_conns + headroom(max_conns);
	struct ct_work left;
	uint64_t chunks, most;
	bool grown;

	memset(slab, 0, sizeof(*slab));
	slab->mem = mem;
	slab->depot[CT_SLAB_CONN].units = conn_units;
	slab->depot[CT_SLAB_EXT].units = ext_units;
	slab->depot[CT_SLAB_BUCKET].units = 1;
	slab->depot[CT_SLAB_NAT].units = 1;
	slab->depot[CT_SLAB_HELP].units = CT_HELP_UNITS;
	set_budget(slab);
	left = slab->budget;
	slab->shift = shift_for((uint64_t)max_conns * conn_units);
	/* Each class has chunks of its own: what one does not need is another's
	 * loss. */
	while (mem->max_bytes && slab->shift > SHIFT_MIN &&
	       ct_chunk_bytes(slab) > mem->max_bytes / CHUNKS_MIN)
		slab->shift--;
	while (ct_chunk_units(slab) < 4 * (conn_units + ext_units))
		slab->shift++;
	slab->mask = ct_chunk_units(slab) - 1;

	slab->magazine = max_conns / 64;
	if (slab->magazine < MAGAZINE_MIN)
		slab->magazine = MAGAZINE_MIN;
	if (slab->magazine > MAGAZINE_MAX)
		slab->magazine = MAGAZINE_MAX;

	chunks = chunks_for(slab, CT_SLAB_CONN, n) +
		 chunks_for(slab, CT_SLAB_EXT, n) +
		 chunks_for(slab, CT_SLAB_BUCKET,
			    HEADROOM_MIN + n / OVERFLOW_SHARE);
	most = (UINT32_MAX >> 1) >> slab->shift;
	if (chunks > most)
		return CT_E_RANGE; /* references have 31 bits */
	/* What is left of them; only the largest tables feel it. */
	chunks += chunks_for(slab, CT_SLAB_NAT, NAT_SHARE * n);
	chunks += chunks_for(slab, CT_SLAB_HELP, n);
	if (chunks > most)
		chunks = most;
	slab->max_chunks = (uint32_t)chunks;
	for (unsigned i = 0; i < CT_SLAB_CLASSES; i++)
		slab->depot[i].newest = slab->max_chunks;
	slab->chunk = ct_mem_alloc(mem, chunks * sizeof(*slab->chunk),
				   _Alignof(struct ct_chunk));
	slab->easy_words = easy_words(slab);
	slab->easy = ct_mem_alloc(mem, easy_bytes(slab), CT_LINE);
	if (!slab->chunk || !slab->easy)
		return CT_E_NOMEM;
	for (uint32_t i = 0; i < slab->max_chunks; i++)
		atomic_init(&slab->chunk[i].class_, (uint8_t)CT_SLAB_NONE);
	ct_spin_lock(&slab->lock);
	grown = ct_chunk_add(slab, CT_SLAB_CONN, &left);
	ct_spin_unlock(&slab->lock);
	return grown ? 0 : CT_E_NOMEM;
}

void ct_slab_fini(struct ct_slab *slab)
{
	uint32_t n =
		atomic_load_explicit(&slab->n_chunks, memory_order_acquire);

	if (slab->easy)
		ct_mem_free(slab->mem, slab->easy, easy_bytes(slab));
	slab->easy = NULL;
	if (!slab->chunk)
		return;
	for (uint32_t i = 0; i < n; i++)
		ct_mem_free(slab->mem, slab->chunk[i].mem,
			    ct_chunk_bytes(slab));
	for (unsigned i = 0; i < CT_SLAB_CLASSES; i++) {
		ct_area_close(&slab->area[i], slab->mem);
		ct_mem_free(slab->mem, slab->depot[i].spare,
			    ct_chunk_bytes(slab));
	}
	ct_mem_free(slab->mem, slab->chunk,
		    slab->max_chunks * sizeof(*slab->chunk));
	/* A table whose seal failed may still be asked. */
	slab->chunk = NULL;
	atomic_store_explicit(&slab->n_chunks, 0, memory_order_release);
}

/* --- Objects ------------------------------------------------------------ */

/* A late reader may still look at an object: the link is written atomically. */
static void push(const struct ct_slab *slab, uint32_t *list, uint32_t unit)
{
	_Atomic uint32_t *link = ct_slab_at(slab, unit);

	atomic_store_explicit(link, *list, memory_order_relaxed);
	*list = unit;
}

/* One free object of the lowest chunk that has any; there is one. */
static uint32_t take_used(struct ct_slab *slab, enum ct_slab_class class_)
	CT_REQUIRES(slab->lock)
{
	struct ct_depot *depot = &slab->depot[class_];
	struct ct_chunk *chunk;

	for (;; depot->lowest++) {
		chunk = &slab->chunk[depot->lowest];
		if (chunk->n_free &&
		    atomic_load_explicit(&chunk->class_,
					 memory_order_relaxed) == class_)
			break;
	}
	chunk->n_free--;
	depot->n_free--;
	return ct_slab_pop(slab, &chunk->free);
}

static void give(struct ct_slab *slab, enum ct_slab_class class_, uint32_t unit)
	CT_REQUIRES(slab->lock)
{
	struct ct_depot *depot = &slab->depot[class_];
	uint32_t i = unit >> slab->shift;

	push(slab, &slab->chunk[i].free, unit);
	slab->chunk[i].n_free++;
	depot->n_free++;
	if (i < depot->lowest)
		depot->lowest = i;
}

/* => Whether the newest chunk has no place left that was never used. */
static bool exhausted(const struct ct_slab *slab, enum ct_slab_class class_)
{
	const struct ct_depot *depot = &slab->depot[class_];

	return depot->newest == slab->max_chunks ||
	       atomic_load_explicit(&slab->chunk[depot->newest].used,
				    memory_order_relaxed) +
			       depot->units >
		       ct_chunk_room(slab, class_);
}

/* A run of places that were never used, for a magazine that is empty. */
static void take_new(struct ct_slab *slab, struct ct_magazine *magazine,
		     enum ct_slab_class class_, struct ct_work *left)
	CT_REQUIRES(slab->lock)
{
	struct ct_depot *depot = &slab->depot[class_];
	uint32_t n = slab->magazine / 2;
	struct ct_chunk *chunk;
	uint32_t used, room;

	if (exhausted(slab, class_) && !ct_chunk_add(slab, class_, left))
		return;
	chunk = &slab->chunk[depot->newest];
	used = atomic_load_explicit(&chunk->used, memory_order_relaxed);
	room = (ct_chunk_room(slab, class_) - used) / depot->units;
	/* Few, as sweeps and walks look at them from then on. */
	if (n > NEW_AT_ONCE)
		n = NEW_AT_ONCE;
	if (n > NEW_UNITS / depot->units)
		n = NEW_UNITS / depot->units ? NEW_UNITS / depot->units : 1;
	if (n > room)
		n = room;
	ct_chunk_ready(slab, class_, used, used + n * depot->units, left);
	/* release; pairs with the acquire in ct_slab_next_conn() */
	atomic_store_explicit(&chunk->used, used + n * depot->units,
			      memory_order_release);
	depot->given += n;
	magazine->next = (depot->newest << slab->shift) + used;
	magazine->fresh = n;
}

/* Fill half of an empty magazine, so that it may also take some back. */
static void refill(struct ct_slab *slab, struct ct_magazine *magazine,
		   enum ct_slab_class class_)
{
	struct ct_work left = slab->budget;

	ct_spin_lock(&slab->lock);
	for (; magazine->n < slab->magazine / 2 && slab->depot[class_].n_free;
	     magazine->n++)
		push(slab, &magazine->free, take_used(slab, class_));
	if (!magazine->n)
		take_new(slab, magazine, class_, &left);
	ct_spin_unlock(&slab->lock);
	if (slab->work)
		ct_work_done(&slab->work[CT_WORK_INSERT], &slab->budget, &left);
}

uint32_t ct_slab_refill(struct ct_slab *slab, struct ct_magazine *magazine,
			enum ct_slab_class class_)
{
	refill(slab, magazine, class_);
	return magazine->n || magazine->fresh
		       ? ct_slab_alloc(slab, magazine, class_)
		       : 0;
}

void ct_slab_flush(struct ct_slab *slab, struct ct_magazine *magazine,
		   enum ct_slab_class class_, uint32_t keep)
{
	ct_spin_lock(&slab->lock);
	for (; magazine->n > keep; magazine->n--)
		give(slab, class_, ct_slab_pop(slab, &magazine->free));
	for (; !keep && magazine->fresh; magazine->fresh--) {
		give(slab, class_, magazine->next);
		magazine->next += slab->depot[class_].units;
	}
	ct_spin_unlock(&slab->lock);
}

void ct_slab_free(struct ct_slab *slab, struct ct_magazine *magazine,
		  enum ct_slab_class class_, uint32_t unit)
{
	push(slab, &magazine->free, unit);
	if (ct_unlikely(++magazine->n > slab->magazine))
		ct_slab_flush(slab, magazine, class_, slab->magazine / 2);
}

/* --- Walks -------------------------------------------------------------- */

uint32_t ct_slab_next_conn(const struct ct_slab *slab, uint32_t unit)
{
	/* acquire; pairs with the release in ct_chunk_add() */
	uint32_t n =
		atomic_load_explicit(&slab->n_chunks, memory_order_acquire);
	uint32_t units = slab->depot[CT_SLAB_CONN].units;
	uint32_t i = unit >> slab->shift;
	uint32_t in = unit & (ct_chunk_units(slab) - 1);

	for (; i < n; i++, in = 0) {
		const struct ct_chunk *chunk = &slab->chunk[i];

		if (atomic_load_explicit(&chunk->class_,
					 memory_order_acquire) != CT_SLAB_CONN)
			continue;
		in = (in + units - 1) / units * units;
		if (!in)
			in = units;
		if (in + units <=
		    atomic_load_explicit(&chunk->used, memory_order_acquire))
			return (i << slab->shift) + in;
	}
	return 0;
}

uint32_t ct_slab_chunk_end(const struct ct_slab *slab, uint32_t unit)
{
	uint32_t i = unit >> slab->shift;

	return (i << slab->shift) +
	       atomic_load_explicit(&slab->chunk[i].used, memory_order_acquire);
}
