/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slab.c - where connections and their extension blocks live
 *
 * Sizes: a small table takes pages, a large one 2 MB at a time; the magazines
 * and the headroom scale with the table, so that 64 connections stay small.
 */
#include "core/slab.h"

#include <string.h>

enum {
	SHIFT_MIN = 6,      /* 4 KB: 31 connections */
	SHIFT_MAX = 15,     /* 2 MB: a huge page */
	CHUNKS_WANTED = 16, /* of connections, in a full table */
	MAGAZINE_MIN = 4,
	MAGAZINE_MAX = 256,
	HEADROOM_MIN = 64,
};

/* Objects beyond the limit, for those that wait for a grace period. */
static uint32_t headroom(uint32_t max_conns)
{
	uint32_t share = max_conns / 16;

	return share > HEADROOM_MIN ? share : HEADROOM_MIN;
}

/* Units of a chunk. */
static uint32_t size_of(const struct ct_slab *slab)
{
	return 1u << slab->shift;
}

static uint32_t shift_for(uint64_t units)
{
	uint32_t shift = SHIFT_MIN;

	while (shift < SHIFT_MAX && ((uint64_t)CHUNKS_WANTED << shift) < units)
		shift++;
	return shift;
}

/* Chunks that hold n objects; the place of the first object is taken. */
static uint64_t chunks_for(uint64_t n, uint32_t units, uint32_t shift)
{
	uint64_t each;

	if (!units)
		return 0;
	each = (1u << shift) / units - 1;
	return (n + each - 1) / each;
}

int ct_slab_init(struct ct_slab *slab, struct ct_mem *mem, uint32_t max_conns,
		 uint32_t conn_units, uint32_t ext_units)
{
	uint64_t n = (uint64_t)max_conns + headroom(max_conns);
	uint64_t chunks;

	memset(slab, 0, sizeof(*slab));
	slab->mem = mem;
	slab->depot[CT_SLAB_CONN].units = conn_units;
	slab->depot[CT_SLAB_EXT].units = ext_units;
	slab->shift = shift_for((uint64_t)max_conns * conn_units);
	while (size_of(slab) < 4 * (conn_units + ext_units))
		slab->shift++;

	slab->magazine = max_conns / 64;
	if (slab->magazine < MAGAZINE_MIN)
		slab->magazine = MAGAZINE_MIN;
	if (slab->magazine > MAGAZINE_MAX)
		slab->magazine = MAGAZINE_MAX;

	chunks = chunks_for(n, conn_units, slab->shift) +
		 chunks_for(n, ext_units, slab->shift);
	if (chunks > (UINT32_MAX >> 1) >> slab->shift)
		return CT_E_RANGE; /* references have 31 bits */
	slab->max_chunks = (uint32_t)chunks;
	slab->chunk = ct_mem_alloc(mem, chunks * sizeof(*slab->chunk),
				   _Alignof(struct ct_chunk));
	return slab->chunk ? 0 : CT_E_NOMEM;
}

static size_t chunk_bytes(const struct ct_slab *slab)
{
	return (size_t)CT_UNIT * size_of(slab);
}

static size_t deadline_bytes(const struct ct_slab *slab)
{
	return sizeof(uint32_t) * size_of(slab) / 2;
}

void ct_slab_fini(struct ct_slab *slab)
{
	uint32_t n =
		atomic_load_explicit(&slab->n_chunks, memory_order_acquire);

	for (uint32_t i = 0; i < n; i++) {
		struct ct_chunk *chunk = &slab->chunk[i];

		ct_mem_free(slab->mem, chunk->mem, chunk_bytes(slab));
		if (chunk->class_ == CT_SLAB_CONN)
			ct_mem_free(slab->mem, chunk->deadlines,
				    deadline_bytes(slab));
	}
	if (slab->chunk)
		ct_mem_free(slab->mem, slab->chunk,
			    slab->max_chunks * sizeof(*slab->chunk));
	slab->chunk = NULL;
}

/*
 * Get a chunk from the host.
 *
 * => The host's hook is called under the lock; it must not call the library.
 */
static bool grow(struct ct_slab *slab, enum ct_slab_class class_)
	CT_REQUIRES(slab->lock)
{
	uint32_t n =
		atomic_load_explicit(&slab->n_chunks, memory_order_relaxed);
	struct ct_depot *depot = &slab->depot[class_];
	struct ct_chunk *chunk = &slab->chunk[n];

	if (n == slab->max_chunks)
		return false;
	chunk->mem =
		ct_mem_alloc(slab->mem, chunk_bytes(slab), chunk_bytes(slab));
	if (!chunk->mem)
		return false;
	if (class_ == CT_SLAB_CONN) {
		chunk->deadlines =
			ct_mem_alloc(slab->mem, deadline_bytes(slab), CT_LINE);
		if (!chunk->deadlines) {
			ct_mem_free(slab->mem, chunk->mem, chunk_bytes(slab));
			return false;
		}
	}
	memcpy(chunk->mem, &n, sizeof(n));
	chunk->class_ = class_;
	depot->next = (n << slab->shift) + depot->units;
	depot->end = (n + 1) << slab->shift;

	/* release; pairs with the acquire in ct_slab_next_conn() */
	atomic_store_explicit(&slab->n_chunks, n + 1, memory_order_release);
	return true;
}

static uint32_t link_of(const struct ct_slab *slab, uint32_t unit)
{
	uint32_t next;

	memcpy(&next, ct_slab_at(slab, unit), sizeof(next));
	return next;
}

static void push(struct ct_slab *slab, uint32_t *list, uint32_t unit)
{
	memcpy(ct_slab_at(slab, unit), list, sizeof(*list));
	*list = unit;
}

static uint32_t pop(struct ct_slab *slab, uint32_t *list)
{
	uint32_t unit = *list;

	if (unit)
		*list = link_of(slab, unit);
	return unit;
}

/* One object from the depot: a used one, an unused one, or a new chunk's. */
static uint32_t take(struct ct_slab *slab, enum ct_slab_class class_)
	CT_REQUIRES(slab->lock)
{
	struct ct_depot *depot = &slab->depot[class_];
	uint32_t unit = pop(slab, &depot->free);

	if (unit)
		return unit;
	if (!depot->next || depot->next + depot->units > depot->end) {
		if (!grow(slab, class_))
			return 0;
	}
	unit = depot->next;
	depot->next += depot->units;
	/* release; pairs with the acquire in ct_slab_next_conn() */
	atomic_store_explicit(&slab->chunk[unit >> slab->shift].used,
			      depot->next - (unit & ~(size_of(slab) - 1)),
			      memory_order_release);
	return unit;
}

uint32_t ct_slab_alloc(struct ct_slab *slab, struct ct_magazine *magazine,
		       enum ct_slab_class class_)
{
	uint32_t unit = pop(slab, &magazine->free);

	if (unit) {
		magazine->n--;
		return unit;
	}

	/* Fill half of the magazine, so that it may also take some back. */
	ct_spin_lock(&slab->lock);
	unit = take(slab, class_);
	while (unit && magazine->n < slab->magazine / 2) {
		uint32_t more = pop(slab, &slab->depot[class_].free);

		if (!more)
			break;
		push(slab, &magazine->free, more);
		magazine->n++;
	}
	ct_spin_unlock(&slab->lock);
	return unit;
}

void ct_slab_flush(struct ct_slab *slab, struct ct_magazine *magazine,
		   enum ct_slab_class class_, uint32_t keep)
{
	ct_spin_lock(&slab->lock);
	while (magazine->n > keep) {
		uint32_t unit = pop(slab, &magazine->free);

		magazine->n--;
		push(slab, &slab->depot[class_].free, unit);
	}
	ct_spin_unlock(&slab->lock);
}

void ct_slab_free(struct ct_slab *slab, struct ct_magazine *magazine,
		  enum ct_slab_class class_, uint32_t unit)
{
	push(slab, &magazine->free, unit);
	if (++magazine->n > slab->magazine)
		ct_slab_flush(slab, magazine, class_, slab->magazine / 2);
}

uint32_t ct_slab_next_conn(const struct ct_slab *slab, uint32_t unit)
{
	/* acquire; pairs with the release in grow() */
	uint32_t n =
		atomic_load_explicit(&slab->n_chunks, memory_order_acquire);
	uint32_t units = slab->depot[CT_SLAB_CONN].units;
	uint32_t i = unit >> slab->shift;
	uint32_t in = unit & (size_of(slab) - 1);

	for (; i < n; i++, in = 0) {
		if (slab->chunk[i].class_ != CT_SLAB_CONN)
			continue;
		in = (in + units - 1) / units * units;
		if (!in)
			in = units;
		if (in + units <= atomic_load_explicit(&slab->chunk[i].used,
						       memory_order_acquire))
			return (i << slab->shift) + in;
	}
	return 0;
}
