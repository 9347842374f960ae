/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slab.h - where connections, extension blocks, overflow buckets and what
 * NAT keeps live
 *
 * Memory comes from the host in chunks of a power of two of 64-byte units,
 * aligned to their size.  A unit's number is a reference of 31 bits; number 0
 * is none.  A chunk holds objects of one class.  The place of its first object
 * holds the chunk's own number, so that an object's address gives its unit.
 *
 *	unit number    31 ............ shift ........... 0
 *	               +---------------+-----------------+
 *	               | chunk         | unit in chunk   |
 *	               +---------------+-----------------+
 *
 *	chunk of	+--------+------+------+-- --+------+-----------+-------+
 *	connections	| number | conn | conn | ... | conn | deadlines | worth |
 *			+--------+------+------+-- --+------+-----------+-------+
 *
 * Behind the connections are two dense arrays: deadlines, lower bounds of the
 * timeouts, so that expiry reads 4 bytes a connection (timer.h); and one byte
 * each that says what it is worth when room is needed (worth.h).
 *
 * Free objects wait in the thread's magazine, the surplus in their chunk's list
 * under a lock, linked by their own first word; nothing is allocated to free.
 * The lowest chunk gives first, so that the highest run empty; an empty one
 * goes back to the host after a grace period, since walks look at its places.
 *
 * A new chunk is made ready ahead of need, in steps (area.h).  When need comes
 * first, it is taken as far as it is ready, and the rest is zeroed with each run
 * of places that is given out.
 */
#ifndef CORE_SLAB_H
#define CORE_SLAB_H

#include "base/compiler.h"
#include "base/mem.h"
#include "base/spin.h"
#include "core/area.h"

#include <stdatomic.h>

#define CT_UNIT 64

enum ct_slab_class {
	CT_SLAB_CONN,
	CT_SLAB_EXT,
	CT_SLAB_BUCKET,
	CT_SLAB_NAT,  /* mappings, and far tuples: one unit each */
	CT_SLAB_HELP, /* what helped connections have, and expectations */
	CT_SLAB_CLASSES,
	CT_SLAB_NONE = CT_SLAB_CLASSES
};

struct ct_chunk {
	uint8_t *mem;                /* R  once its first unit is out */
	_Atomic uint32_t *deadlines; /* R  connections only */
	_Atomic uint32_t used;       /* A  units that were ever given out */
	_Atomic uint8_t class_;      /* A  enum ct_slab_class */
	uint32_t free;               /* L  first of its free objects, or 0 */
	uint32_t n_free;             /* L */
};

/* The chunks of one class. */
struct ct_depot {
	uint32_t units;  /* I  of one object */
	uint32_t n_free; /* L  objects in lists */
	uint32_t given;  /* L  objects that were ever given out */
	uint32_t lowest; /* L  no chunk below has a free object */
	uint32_t newest; /* L  chunk with places never used */
	uint32_t ready;  /* L  units of it that are zeroed */
	uint8_t *spare;  /* L  memory of a chunk, ready, or NULL */
};

/* What every packet reads does not share a line with what polls write. */
struct ct_slab {
	_Alignas(CT_LINE) struct ct_mem *mem;   /* I */
	struct ct_chunk *chunk;                 /* I  the directory */
	uint32_t shift;                         /* I  log2(units of a chunk) */
	uint32_t mask;                          /* I  units of a chunk - 1 */
	uint32_t max_chunks;                    /* I */
	_Atomic uint64_t *easy;                 /* A  see worth.h */
	uint32_t easy_words;                    /* I  of a chunk */
	uint32_t magazine;                      /* I  objects a thread keeps */
	_Atomic uint32_t n_chunks;              /* A  release: chunk is set */
	_Alignas(CT_LINE) struct ct_spin lock;  /* covers L */
	uint32_t vacant;                        /* L  no place below is */
	struct ct_depot depot[CT_SLAB_CLASSES]; /* L */
	struct ct_work budget;                  /* I  of who fills a magazine */
	struct ct_work_most *work;              /* I  or NULL: nobody asks */

	_Alignas(CT_LINE) struct ct_spin prepare_lock; /* covers the rest */
	struct ct_area area[CT_SLAB_CLASSES];
	uint32_t look;       /* next chunk to look at */
	uint32_t leaving;    /* chunk that goes back, if leaving_at */
	uint64_t leaving_at; /* epoch after which it may */
};

/* A thread's free objects; the thread's own. */
struct ct_magazine {
	uint32_t free;  /* first of those that were used before, or 0 */
	uint32_t n;     /* how many */
	uint32_t next;  /* first of a run that never was */
	uint32_t fresh; /* how many */
};

/*
 * => max_conns connections of conn_units, each with a block of ext_units, and
 *    headroom for those that wait for a grace period.  One chunk of
 *    connections is there from the start.
 */
int ct_slab_init(struct ct_slab *slab, struct ct_mem *mem, uint32_t max_conns,
		 uint32_t conn_units, uint32_t ext_units);
void ct_slab_fini(struct ct_slab *slab);

static inline void *ct_slab_at(const struct ct_slab *slab, uint32_t unit)
{
	return slab->chunk[unit >> slab->shift].mem +
	       (size_t)(unit & slab->mask) * CT_UNIT;
}

/* => The deadline of the connection at this unit. */
static inline _Atomic uint32_t *ct_slab_deadline(const struct ct_slab *slab,
						 uint32_t unit)
{
	return &slab->chunk[unit >> slab->shift]
			.deadlines[(unit & slab->mask) / 2];
}

/* => A chunk's array of what connections are worth, behind its deadlines. */
static inline _Atomic uint8_t *ct_slab_worths(const struct ct_slab *slab,
					      const struct ct_chunk *chunk)
{
	return (_Atomic uint8_t *)(chunk->deadlines +
				   ((size_t)1 << slab->shift) / 2);
}

/* => What that connection is worth. */
static inline _Atomic uint8_t *ct_slab_worth(const struct ct_slab *slab,
					     uint32_t unit)
{
	uint32_t mask = (1u << slab->shift) - 1;

	return ct_slab_worths(slab, &slab->chunk[unit >> slab->shift]) +
	       (unit & mask) / 2;
}

/* 64 places of a chunk whose bytes of worth are one line. */
enum { CT_WORTH_LINE = 64 };

/* => The bits of a chunk's lines, and how many words they are. */
static inline _Atomic uint64_t *ct_slab_easy(const struct ct_slab *slab,
					     uint32_t chunk)
{
	return slab->easy + (size_t)chunk * slab->easy_words;
}

/* => The place, from its chunk's first unit, that is the i-th of the arrays;
 * places are so many units apart. */
static inline uint32_t ct_slab_place(uint32_t i, uint32_t units)
{
	return (2 * i + units - 1) / units * units;
}

/* => The unit of an object, from its address. */
static inline uint32_t ct_slab_unit(const struct ct_slab *slab,
				    const void *object)
{
	uintptr_t mask = ((uintptr_t)CT_UNIT << slab->shift) - 1;
	uintptr_t at = (uintptr_t)object;
	const uint32_t *number = (const uint32_t *)(at & ~mask);

	return *number << slab->shift | (uint32_t)((at & mask) / CT_UNIT);
}

/* => The first of a list of free objects; 0: none. */
static inline uint32_t ct_slab_pop(const struct ct_slab *slab, uint32_t *list)
{
	const _Atomic uint32_t *link;
	uint32_t unit = *list;

	if (!unit)
		return 0;
	link = ct_slab_at(slab, unit);
	*list = atomic_load_explicit(link, memory_order_relaxed);
	return unit;
}

/* => The next of a run that never was used, and is not empty. */
static inline uint32_t ct_slab_fresh(const struct ct_slab *slab,
				     struct ct_magazine *magazine,
				     enum ct_slab_class class_)
{
	enum { AHEAD = 4 }; /* the next ones will be written soon */
	uint32_t units = slab->depot[class_].units;
	uint32_t unit = magazine->next;

	magazine->next += units;
	if (--magazine->fresh > AHEAD) {
		const uint8_t *soon = ct_slab_at(slab, unit + AHEAD * units);

		__builtin_prefetch(soon, 1);
		__builtin_prefetch(soon + CT_UNIT, 1);
	}
	return unit;
}

/* The same as ct_slab_alloc(), of an empty magazine. */
uint32_t ct_slab_refill(struct ct_slab *slab, struct ct_magazine *magazine,
			enum ct_slab_class class_);

/* => A unit, its bytes as the last owner left them; 0 when out of memory. */
static inline uint32_t ct_slab_alloc(struct ct_slab *slab,
				     struct ct_magazine *magazine,
				     enum ct_slab_class class_)
{
	if (magazine->n) {
		magazine->n--;
		return ct_slab_pop(slab, &magazine->free);
	}
	if (ct_likely(magazine->fresh))
		return ct_slab_fresh(slab, magazine, class_);
	return ct_slab_refill(slab, magazine, class_);
}
void ct_slab_free(struct ct_slab *slab, struct ct_magazine *magazine,
		  enum ct_slab_class class_, uint32_t unit);

/* Give a magazine's objects to their chunks, down to keep of them. */
void ct_slab_flush(struct ct_slab *slab, struct ct_magazine *magazine,
		   enum ct_slab_class class_, uint32_t keep);

/*
 * Visit the places of connections: the first one at or behind unit that was
 * ever given out.
 *
 * => 0 when there is none.  A place without a connection has the status 0.
 */
uint32_t ct_slab_next_conn(const struct ct_slab *slab, uint32_t unit);

/* => The unit behind the last place in use of this unit's chunk. */
uint32_t ct_slab_chunk_end(const struct ct_slab *slab, uint32_t unit);

/* Have the next chunks ready before they are needed. */
void ct_slab_prepare(struct ct_slab *slab, struct ct_work *left);

/* => Bytes in chunks of a class, what is being made ready included. */
uint64_t ct_slab_bytes(struct ct_slab *slab, enum ct_slab_class class_);

/* => Objects that these hold, at most. */
uint32_t ct_slab_places(struct ct_slab *slab, enum ct_slab_class class_);

/* Give an empty chunk back to the host, if there is one; when most of a class
 * is free, this thread's magazine goes back first. */
void ct_slab_shrink(struct ct_thread *thr, struct ct_work *left);

#endif /* CORE_SLAB_H */
