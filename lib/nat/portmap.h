/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portmap.h - which ids of one external address and protocol are free
 *
 * A bitmap in three levels: a bit of the upper ones says that something below
 * it is free.  So the next free id behind any one is found in a few steps,
 * however full the map is.
 *
 *	top	1 word      a bit for each word of mid
 *	mid	16 words    a bit for each word of ids
 *	word	1024 words  a bit for each id
 *
 * Each id that is taken has an owner: the mapping that has it.
 *
 * With a hold-down an id that is given back waits before it is free again.
 * What is given back goes into the youngest of four sets; when a third of the
 * time has passed the oldest set becomes free, so that an id waits for the time
 * asked for, and for no more than a third longer.
 *
 * Ids are numbers from 0 to n - 1 here.  The caller holds the lock.  Without it
 * n_free may be read, and a search is no more than a guess.
 */
#ifndef NAT_PORTMAP_H
#define NAT_PORTMAP_H

#include "base/mem.h"
#include "base/spin.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	CT_PORTMAP_MAX = 65536,
	CT_PORTMAP_SETS = 4,
	CT_PORTMAP_NONE = CT_PORTMAP_MAX /* no id */
};

struct ct_portmap {
	struct ct_spin lock;
	_Atomic uint32_t n_free;  /* A  written under the lock */
	uint32_t n;               /* I */
	uint32_t n_words;         /* I */
	uint32_t n_held;          /* L  given back, not free yet */
	uint32_t n_taken;         /* L */
	uint64_t made;            /* L  ever taken, as the caller counts */
	uint32_t step;            /* I  ticks between two sets; 0: no hold */
	uint32_t set;             /* L  the youngest */
	_Atomic uint32_t turn;    /* A  tick at which the sets move on */
	_Atomic uint64_t top;     /* A  written under the lock */
	_Atomic uint64_t mid[16]; /* A  likewise */
	_Atomic uint64_t *word;   /* A  likewise */
	uint64_t *held;           /* L  CT_PORTMAP_SETS times n_words */
	_Atomic uint32_t *owner;  /* A  of each id, under the lock; 0: none */
};

/* A part of a map: first to last. */
struct ct_portspan {
	uint32_t first;
	uint32_t last;
};

/*
 * A map of n ids, all free, with a hold-down of so many ticks.
 *
 * => NULL when there is no memory.
 */
struct ct_portmap *ct_portmap_make(struct ct_mem *mem, uint32_t n,
				   uint32_t hold);
void ct_portmap_free(struct ct_mem *mem, struct ct_portmap *map);

/* => Bytes of a map like this. */
size_t ct_portmap_bytes(uint32_t n, uint32_t hold);

static inline uint32_t ct_portmap_n_free(const struct ct_portmap *map)
{
	return atomic_load_explicit(&map->n_free, memory_order_relaxed);
}

/* Bit of an owner: not a mapping, but the holder whose it was last. */
#define CT_PORTMAP_HELD (1u << 31)

/* => Bits of one word of a map. */
static inline uint64_t ct_portmap_bits(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

static inline bool ct_portmap_is_free(const struct ct_portmap *map, uint32_t id)
{
	return ct_portmap_bits(&map->word[id / 64]) >> (id % 64) & 1;
}

static inline uint32_t ct_portmap_owner(const struct ct_portmap *map,
					uint32_t id)
{
	uint32_t owner =
		atomic_load_explicit(&map->owner[id], memory_order_relaxed);

	return ct_likely(!(owner & CT_PORTMAP_HELD)) ? owner : 0;
}

/* => The first free id from here on, or CT_PORTMAP_NONE. */
uint32_t ct_portmap_next(const struct ct_portmap *map, uint32_t from);

/*
 * A free id of a span: the first from start on, or else from the span's
 * beginning.
 *
 * => CT_PORTMAP_NONE when there is none.
 */
uint32_t ct_portmap_find(const struct ct_portmap *map,
			 const struct ct_portspan *span, uint32_t start);

/*
 * The same for an id that has the parity of start, and whose neighbour, which
 * makes a pair with it, is free as well, if pair says so.  Looks at a bounded
 * number of words.
 */
uint32_t ct_portmap_find_like(const struct ct_portmap *map,
			      const struct ct_portspan *span, uint32_t start,
			      bool pair);

/* A free id is taken by a mapping. */
void ct_portmap_take(struct ct_portmap *map, uint32_t id, uint32_t owner);

/* An id that is taken is another mapping's. */
void ct_portmap_pass_on(struct ct_portmap *map, uint32_t id, uint32_t owner);

/* An id that was taken has no owner any more, and is never free. */
void ct_portmap_leave(struct ct_portmap *map, uint32_t id);

/* An id is not to be given out any more, whether it is free, held or taken. */
void ct_portmap_exclude(struct ct_portmap *map, uint32_t id);

/* An id that was taken is free, at once. */
void ct_portmap_give(struct ct_portmap *map, uint32_t id);

/* An id that was taken is free when its time has passed.  Of the holder 31 bits
 * are kept. */
void ct_portmap_hold(struct ct_portmap *map, uint32_t id, uint32_t now,
		     uint32_t holder);

/* It is free at once if it is held for this holder; => whether it is. */
bool ct_portmap_unhold(struct ct_portmap *map, uint32_t id, uint32_t holder);

/* Ids whose time has passed become free. */
void ct_portmap_tick(struct ct_portmap *map, uint32_t now);

/* => ct_portmap_tick() may have something to do; without the lock. */
bool ct_portmap_due(const struct ct_portmap *map, uint32_t now);

#endif /* NAT_PORTMAP_H */
