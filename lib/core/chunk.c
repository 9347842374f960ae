/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chunk.c - the slab's memory: got from the host, made ready, given back
 *
 * The life of a chunk's memory:
 *
 *	area --polls zero it--> spare --+
 *	  |                             +--> newest of its class --> older
 *	  +--need comes first-----------+     |  zeroed as it is      |
 *	host's, nothing zeroed ---------+     |  given out            v
 *	                                                    empty: retired,
 *	                                                    grace period, host
 */
#include "core/chunk.h"

#include "core/table.h"

#include <string.h>

enum {
	SHIFT_LARGE = 10, /* 64 KB: worth making ready ahead */
	AHEAD = 512       /* units of the newest chunk, 32 KB */
};

/* => A place in the directory, or max_chunks. */
static uint32_t vacancy(struct ct_slab *slab) CT_REQUIRES(slab->lock)
{
	uint32_t n =
		atomic_load_explicit(&slab->n_chunks, memory_order_relaxed);

	while (slab->vacant < n && slab->chunk[slab->vacant].mem)
		slab->vacant++;
	return slab->vacant;
}

/*
 * Memory for a chunk: what was made ready, or is being made ready, or else the
 * host's.
 *
 * => ready: how many of its units are zeroed.
 * => The host's hook is called under the lock; it must not call the library.
 */
static uint8_t *chunk_mem(struct ct_slab *slab, enum ct_slab_class class_,
			  uint32_t *ready, struct ct_work *left)
	CT_REQUIRES(slab->lock)
{
	struct ct_depot *depot = &slab->depot[class_];
	struct ct_area *area = &slab->area[class_];
	uint8_t *mem = depot->spare;

	depot->spare = NULL;
	*ready = mem ? ct_chunk_units(slab) : 0;
	/* The other way round than elsewhere, hence only tried. */
	if (!mem && ct_spin_trylock(&slab->prepare_lock)) {
		if (area->mem) {
			*ready = (uint32_t)(area->ready / CT_UNIT);
			mem = ct_area_take(area);
		}
		ct_spin_unlock(&slab->prepare_lock);
	}
	if (mem)
		return mem;
	left->blocks--;
	return ct_mem_take(slab->mem, ct_chunk_bytes(slab),
			   ct_chunk_bytes(slab));
}

/* Where the arrays behind the objects are. */
static void arrays_set(const struct ct_slab *slab, struct ct_chunk *chunk,
		       enum ct_slab_class class_)
{
	uint8_t *at =
		chunk->mem + (size_t)CT_UNIT * ct_chunk_room(slab, class_);

	chunk->deadlines = (_Atomic uint32_t *)(void *)at;
}

bool ct_chunk_add(struct ct_slab *slab, enum ct_slab_class class_,
		  struct ct_work *left) CT_REQUIRES(slab->lock)
{
	struct ct_depot *depot = &slab->depot[class_];
	uint32_t i = vacancy(slab);
	struct ct_chunk *chunk = &slab->chunk[i];
	uint32_t ready;
	uint8_t *mem;

	if (i == slab->max_chunks)
		return false;
	mem = chunk_mem(slab, class_, &ready, left);
	if (!mem)
		return false;
	left->pages -= ready == 0;
	memcpy(mem, &i, sizeof(i));
	chunk->mem = mem;
	arrays_set(slab, chunk, class_);
	chunk->free = 0;
	chunk->n_free = 0;
	depot->newest = i;
	depot->ready = ready;
	atomic_store_explicit(&chunk->used, depot->units, memory_order_relaxed);
	/* release; pairs with the acquires in ct_slab_next_conn() */
	atomic_store_explicit(&chunk->class_, (uint8_t)class_,
			      memory_order_release);
	if (i == atomic_load_explicit(&slab->n_chunks, memory_order_relaxed))
		atomic_store_explicit(&slab->n_chunks, i + 1,
				      memory_order_release);
	return true;
}

/* Zero the units of the newest chunk up to one of them. */
static void zero_to(struct ct_slab *slab, enum ct_slab_class class_,
		    uint32_t to, struct ct_work *left) CT_REQUIRES(slab->lock)
{
	struct ct_depot *depot = &slab->depot[class_];
	struct ct_chunk *chunk = &slab->chunk[depot->newest];
	/* The first one holds the chunk's number. */
	size_t ready = depot->ready ? (size_t)depot->ready * CT_UNIT : CT_UNIT;
	size_t end = (size_t)to * CT_UNIT;

	if (ready >= end)
		return;
	memset(chunk->mem + ready, 0, end - ready);
	left->pages -= ct_work_pages(ready, end);
	depot->ready = to;
}

void ct_chunk_ready(struct ct_slab *slab, enum ct_slab_class class_,
		    uint32_t from, uint32_t to, struct ct_work *left)
{
	enum { LINE = CT_UNIT / sizeof(uint32_t) };
	struct ct_depot *depot = &slab->depot[class_];
	struct ct_chunk *chunk = &slab->chunk[depot->newest];
	_Atomic uint8_t *worth = ct_slab_worths(slab, chunk);
	/* With the first ones goes the head's, which is looked at, too. */
	uint32_t first = from > depot->units ? from / 2 : 0;
	uint32_t last = (to / 2 / LINE + 1) * LINE;

	if (depot->ready == ct_chunk_units(slab))
		return;
	zero_to(slab, class_, to, left);
	if (class_ != CT_SLAB_CONN)
		return;
	/* A sweep may look at all of a line, hence atomics. */
	for (uint32_t i = first; i < last; i++) {
		atomic_store_explicit(&chunk->deadlines[i], 0,
				      memory_order_relaxed);
		atomic_store_explicit(&worth[i], 0, memory_order_relaxed);
	}
	left->pages -= ct_work_pages(first * sizeof(uint32_t),
				     last * sizeof(uint32_t));
	left->pages -= ct_work_pages(first, last);
}

/* => Chunks of a class, what is being made ready included. */
static uint32_t chunks_of(struct ct_slab *slab, enum ct_slab_class class_)
{
	uint32_t n =
		atomic_load_explicit(&slab->n_chunks, memory_order_acquire);
	uint32_t chunks = 0;

	ct_spin_lock(&slab->prepare_lock);
	for (uint32_t i = 0; i < n; i++)
		chunks += atomic_load_explicit(&slab->chunk[i].class_,
					       memory_order_relaxed) == class_;
	chunks += slab->area[class_].mem != NULL;
	ct_spin_lock(&slab->lock);
	chunks += slab->depot[class_].spare != NULL;
	ct_spin_unlock(&slab->lock);
	ct_spin_unlock(&slab->prepare_lock);
	return chunks;
}

uint64_t ct_slab_bytes(struct ct_slab *slab, enum ct_slab_class class_)
{
	return (uint64_t)chunks_of(slab, class_) * ct_chunk_bytes(slab);
}

uint32_t ct_slab_places(struct ct_slab *slab, enum ct_slab_class class_)
{
	return chunks_of(slab, class_) * ct_chunk_places(slab, class_);
}

/* --- Housekeeping ------------------------------------------------------- */

/* A chunk that was taken before it was ready: some of it ahead of need. */
static void catch_up(struct ct_slab *slab, enum ct_slab_class class_,
		     struct ct_work *left) CT_REQUIRES(slab->lock)
{
	struct ct_depot *depot = &slab->depot[class_];
	uint32_t room = ct_chunk_room(slab, class_);
	uint32_t want;

	if (depot->newest == slab->max_chunks || depot->ready >= room)
		return;
	want = atomic_load_explicit(&slab->chunk[depot->newest].used,
				    memory_order_relaxed) +
	       AHEAD;
	if (want > depot->ready + left->pages * (CT_WORK_PAGE / CT_UNIT))
		want = depot->ready + left->pages * (CT_WORK_PAGE / CT_UNIT);
	zero_to(slab, class_, want < room ? want : room, left);
}

/* => Whether a class will need another chunk before long. */
static bool wants_spare(struct ct_slab *slab, enum ct_slab_class class_)
	CT_REQUIRES(slab->lock)
{
	const struct ct_depot *depot = &slab->depot[class_];

	return !depot->spare && depot->newest != slab->max_chunks &&
	       !depot->n_free &&
	       atomic_load_explicit(&slab->chunk[depot->newest].used,
				    memory_order_relaxed) >
		       ct_chunk_room(slab, class_) / 2 &&
	       vacancy(slab) < slab->max_chunks;
}

static void prepare(struct ct_slab *slab, enum ct_slab_class class_, bool wants,
		    struct ct_work *left) CT_REQUIRES(slab->prepare_lock)
{
	struct ct_area *area = &slab->area[class_];

	if (!area->mem) {
		/* The host's share of a call's time; the pages' comes next. */
		if (wants)
			ct_area_open(area, slab->mem, ct_chunk_bytes(slab),
				     left);
		return;
	}
	if (!ct_area_prepare(area, left))
		return;
	ct_spin_lock(&slab->lock);
	if (!slab->depot[class_].spare)
		slab->depot[class_].spare = ct_area_take(area);
	ct_spin_unlock(&slab->lock);
}

void ct_slab_prepare(struct ct_slab *slab, struct ct_work *left)
{
	bool wants[CT_SLAB_CLASSES];

	if (slab->shift < SHIFT_LARGE || !ct_spin_trylock(&slab->prepare_lock))
		return;
	ct_spin_lock(&slab->lock);
	for (unsigned i = 0; i < CT_SLAB_CLASSES; i++) {
		catch_up(slab, (enum ct_slab_class)i, left);
		wants[i] = wants_spare(slab, (enum ct_slab_class)i);
	}
	ct_spin_unlock(&slab->lock);
	for (unsigned i = 0; i < CT_SLAB_CLASSES; i++)
		prepare(slab, (enum ct_slab_class)i, wants[i], left);
	ct_spin_unlock(&slab->prepare_lock);
}

/* => Whether chunk i was taken out of use: all of it is free. */
static bool retire(struct ct_slab *slab, uint32_t i) CT_REQUIRES(slab->lock)
{
	struct ct_chunk *chunk = &slab->chunk[i];
	uint8_t class_ =
		atomic_load_explicit(&chunk->class_, memory_order_relaxed);
	struct ct_depot *depot = &slab->depot[class_];
	uint32_t given;

	if (class_ == CT_SLAB_NONE || depot->newest == i)
		return false;
	given = atomic_load_explicit(&chunk->used, memory_order_relaxed) /
			depot->units -
		1;
	/* As much again stays for those who come next. */
	if (chunk->n_free != given || depot->n_free < 2 * given)
		return false;
	depot->n_free -= chunk->n_free;
	depot->given -= given;
	chunk->n_free = 0;
	chunk->free = 0;
	atomic_store_explicit(&chunk->class_, (uint8_t)CT_SLAB_NONE,
			      memory_order_release);
	return true;
}

static void leave(struct ct_table *tbl, struct ct_work *left)
{
	struct ct_slab *slab = &tbl->slab;
	struct ct_chunk *chunk = &slab->chunk[slab->leaving];
	uint8_t *mem = chunk->mem;
	uint64_t oldest;

	ct_spin_lock(&tbl->threads_lock);
	oldest = ct_epoch_oldest(tbl);
	ct_spin_unlock(&tbl->threads_lock);
	if (slab->leaving_at > oldest || !left->blocks)
		return;
	left->blocks--;
	slab->leaving_at = 0;
	ct_spin_lock(&slab->lock);
	chunk->mem = NULL;
	if (slab->leaving < slab->vacant)
		slab->vacant = slab->leaving;
	ct_spin_unlock(&slab->lock);
	ct_mem_free(slab->mem, mem, ct_chunk_bytes(slab));
}

/* => More than half of what was ever given out is free. */
static bool mostly_free(struct ct_slab *slab, enum ct_slab_class class_)
	CT_REQUIRES(slab->lock)
{
	const struct ct_depot *depot = &slab->depot[class_];

	return depot->n_free > slab->magazine &&
	       depot->n_free > depot->given / 2;
}

/* Look at the next chunk; all of them have been looked at when it is the first
 * again, and then the magazine may be what keeps them. */
static void look_at_one(struct ct_thread *thr, struct ct_slab *slab, uint32_t n)
	CT_REQUIRES(slab->prepare_lock)
{
	bool retired, flush;

	slab->look = (slab->look + 1) % n;
	ct_spin_lock(&slab->lock);
	retired = retire(slab, slab->look);
	flush = !slab->look && mostly_free(slab, CT_SLAB_CONN);
	ct_spin_unlock(&slab->lock);
	if (flush)
		ct_slab_flush(slab, &thr->magazine[CT_SLAB_CONN], CT_SLAB_CONN,
			      0);
	if (retired) {
		slab->leaving = slab->look;
		slab->leaving_at = ct_epoch_begin(thr->tbl);
	}
}

void ct_slab_shrink(struct ct_thread *thr, struct ct_work *left)
{
	struct ct_slab *slab = &thr->tbl->slab;
	uint32_t n;

	if (!ct_spin_trylock(&slab->prepare_lock))
		return;
	n = atomic_load_explicit(&slab->n_chunks, memory_order_relaxed);
	if (slab->leaving_at)
		leave(thr->tbl, left);
	else if (n > 1)
		look_at_one(thr, slab, n);
	ct_spin_unlock(&slab->prepare_lock);
}
