/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portmap.c - which ids of one external address and protocol are free
 */
#include "nat/portmap.h"

#include "base/compiler.h"
#include "base/ticks.h"

#include <string.h>

enum {
	WORD = 64,
	WORDS_LOOKED_AT = 64 /* for an id of some kind; then any will do */
};

#define EVEN UINT64_C(0x5555555555555555)

/* --- Made and freed ----------------------------------------------------- */

static uint32_t words_of(uint32_t n)
{
	return (n + WORD - 1) / WORD;
}

static size_t held_len(uint32_t n, uint32_t hold)
{
	return hold ? CT_PORTMAP_SETS * sizeof(uint64_t) * words_of(n) : 0;
}

size_t ct_portmap_bytes(uint32_t n, uint32_t hold)
{
	return sizeof(struct ct_portmap) + words_of(n) * sizeof(uint64_t) +
	       held_len(n, hold) + n * sizeof(_Atomic uint32_t);
}

static void put(_Atomic uint64_t *word, uint64_t bits)
{
	atomic_store_explicit(word, bits, memory_order_relaxed);
}

/* Set the first n bits of some words. */
static void set_bits(_Atomic uint64_t *word, uint32_t n)
{
	for (; n >= WORD; n -= WORD)
		put(word++, UINT64_MAX);
	if (n)
		put(word, (UINT64_C(1) << n) - 1);
}

/* Everything is free. */
static void fill(struct ct_portmap *map)
{
	set_bits(map->word, map->n);
	set_bits(map->mid, map->n_words);
	set_bits(&map->top, (map->n_words + WORD - 1) / WORD);
	atomic_init(&map->n_free, map->n);
}

struct ct_portmap *ct_portmap_make(struct ct_mem *mem, uint32_t n,
				   uint32_t hold)
{
	struct ct_portmap *map = ct_mem_alloc(mem, ct_portmap_bytes(n, hold),
					      _Alignof(struct ct_portmap));
	uint64_t *words;

	if (!map)
		return NULL;
	words = (uint64_t *)(void *)(map + 1);
	map->n = n;
	map->n_words = words_of(n);
	map->word = (_Atomic uint64_t *)(void *)words;
	words += map->n_words;
	if (hold) {
		map->step =
			(hold + CT_PORTMAP_SETS - 2) / (CT_PORTMAP_SETS - 1);
		map->held = words;
		words += CT_PORTMAP_SETS * map->n_words;
	}
	map->owner = (_Atomic uint32_t *)(void *)words;
	fill(map);
	return map;
}

void ct_portmap_free(struct ct_mem *mem, struct ct_portmap *map)
{
	if (map)
		ct_mem_free(mem, map, ct_portmap_bytes(map->n, map->step));
}

/* --- Search ------------------------------------------------------------- */

/* => Bits of a word from one on; from may be one too many. */
static uint64_t from_bit(uint64_t word, uint32_t from)
{
	return from < WORD ? word & UINT64_MAX << from : 0;
}

static uint32_t lowest(uint64_t word)
{
	return (uint32_t)__builtin_ctzll(word);
}

uint32_t ct_portmap_next(const struct ct_portmap *map, uint32_t from)
{
	uint32_t word = from / WORD;
	uint64_t bits;

	if (from >= map->n)
		return CT_PORTMAP_NONE;
	bits = from_bit(ct_portmap_bits(&map->word[word]), from % WORD);
	if (ct_likely(bits))
		return word * WORD + lowest(bits);
	bits = from_bit(ct_portmap_bits(&map->mid[word / WORD]),
			word % WORD + 1);
	if (bits) {
		word = word / WORD * WORD + lowest(bits);
	} else {
		uint32_t mid;

		bits = from_bit(ct_portmap_bits(&map->top), word / WORD + 1);
		if (!bits)
			return CT_PORTMAP_NONE;
		mid = lowest(bits);
		bits = ct_portmap_bits(&map->mid[mid]);
		if (!bits)
			return CT_PORTMAP_NONE; /* only without the lock */
		word = mid * WORD + lowest(bits);
	}
	bits = ct_portmap_bits(&map->word[word]);
	return bits ? word * WORD + lowest(bits) : CT_PORTMAP_NONE;
}

uint32_t ct_portmap_find(const struct ct_portmap *map,
			 const struct ct_portspan *span, uint32_t start)
{
	uint32_t id = ct_portmap_next(map, start);

	if (id <= span->last)
		return id;
	id = ct_portmap_next(map, span->first);
	return id < start ? id : CT_PORTMAP_NONE;
}

/* => Bits of a word that are in the span. */
static uint64_t in_span(uint64_t bits, uint32_t word,
			const struct ct_portspan *span)
{
	uint32_t first = word * WORD;

	if (span->first > first)
		bits = from_bit(bits, span->first - first);
	if (span->last < first + WORD - 1)
		bits &= UINT64_MAX >> (first + WORD - 1 - span->last);
	return bits;
}

uint32_t ct_portmap_find_like(const struct ct_portmap *map,
			      const struct ct_portspan *span, uint32_t start,
			      bool pair)
{
	uint32_t first = span->first / WORD;
	uint32_t n = span->last / WORD - first + 1;
	uint64_t kind = start & 1 ? ~EVEN : EVEN;
	uint32_t word = start / WORD;

	/* The first word comes twice: from start on, and the whole of it. */
	for (uint32_t i = 0; i <= n && i < WORDS_LOOKED_AT; i++, word++) {
		uint64_t bits;

		if (word == first + n)
			word = first;
		bits = in_span(ct_portmap_bits(&map->word[word]), word, span);
		if (pair)
			bits &= (bits >> 1 & EVEN) | (bits << 1 & ~EVEN);
		bits &= kind;
		if (!i)
			bits = from_bit(bits, start % WORD);
		if (bits)
			return word * WORD + lowest(bits);
	}
	return CT_PORTMAP_NONE;
}

/* --- Taken and given back ----------------------------------------------- */

static void count(struct ct_portmap *map, uint32_t n_free)
{
	/* release: who waits for a free one sees it; see pool.c */
	atomic_store_explicit(&map->n_free, n_free, memory_order_release);
}

static void own(struct ct_portmap *map, uint32_t id, uint32_t owner)
{
	atomic_store_explicit(&map->owner[id], owner, memory_order_relaxed);
}

static void set(_Atomic uint64_t *word, uint32_t bit)
{
	put(word, ct_portmap_bits(word) | UINT64_C(1) << bit);
}

static void clear(_Atomic uint64_t *word, uint32_t bit)
{
	put(word, ct_portmap_bits(word) & ~(UINT64_C(1) << bit));
}

static void take(struct ct_portmap *map, uint32_t id)
{
	uint32_t word = id / WORD, mid = word / WORD;

	clear(&map->word[word], id % WORD);
	if (ct_unlikely(!ct_portmap_bits(&map->word[word]))) {
		clear(&map->mid[mid], word % WORD);
		if (!ct_portmap_bits(&map->mid[mid]))
			clear(&map->top, mid);
	}
	count(map, ct_portmap_n_free(map) - 1);
}

static void give(struct ct_portmap *map, uint32_t id)
{
	uint32_t word = id / WORD, mid = word / WORD;

	set(&map->word[word], id % WORD);
	set(&map->mid[mid], word % WORD);
	set(&map->top, mid);
	count(map, ct_portmap_n_free(map) + 1);
}

void ct_portmap_take(struct ct_portmap *map, uint32_t id, uint32_t owner)
{
	own(map, id, owner);
	map->n_taken++;
	take(map, id);
}

void ct_portmap_pass_on(struct ct_portmap *map, uint32_t id, uint32_t owner)
{
	own(map, id, owner);
	map->made++;
}

void ct_portmap_leave(struct ct_portmap *map, uint32_t id)
{
	own(map, id, 0);
	map->n_taken--;
}

void ct_portmap_give(struct ct_portmap *map, uint32_t id)
{
	ct_portmap_leave(map, id);
	give(map, id);
}

/* --- Hold-down ---------------------------------------------------------- */

static uint64_t *set_of(const struct ct_portmap *map, uint32_t set)
{
	return map->held + (size_t)set * map->n_words;
}

static void set_turn(struct ct_portmap *map, uint32_t tick)
{
	atomic_store_explicit(&map->turn, tick, memory_order_relaxed);
}

void ct_portmap_hold(struct ct_portmap *map, uint32_t id, uint32_t now,
		     uint32_t holder)
{
	if (!map->step) {
		ct_portmap_give(map, id);
		return;
	}
	ct_portmap_tick(map, now);
	if (!map->n_held)
		set_turn(map, ct_ticks_name(now + map->step));
	ct_portmap_leave(map, id);
	own(map, id, holder | CT_PORTMAP_HELD);
	set_of(map, map->set)[id / WORD] |= UINT64_C(1) << id % WORD;
	map->n_held++;
}

/* => It was in a set, and is not any more. */
static bool take_from_sets(struct ct_portmap *map, uint32_t id)
{
	uint64_t bit = UINT64_C(1) << id % WORD;

	for (uint32_t set = 0; map->step && set < CT_PORTMAP_SETS; set++) {
		uint64_t *word = &set_of(map, set)[id / WORD];

		if (!(*word & bit))
			continue;
		*word &= ~bit;
		map->n_held--;
		return true;
	}
	return false;
}

bool ct_portmap_unhold(struct ct_portmap *map, uint32_t id, uint32_t holder)
{
	uint32_t owner =
		atomic_load_explicit(&map->owner[id], memory_order_relaxed);

	if (owner != (holder | CT_PORTMAP_HELD) || !take_from_sets(map, id))
		return false;
	give(map, id);
	return true;
}

/* The oldest set is free; it becomes the youngest. */
static void turn(struct ct_portmap *map)
{
	uint64_t *oldest;

	map->set = (map->set + 1) % CT_PORTMAP_SETS;
	oldest = set_of(map, map->set);
	for (uint32_t word = 0; word < map->n_words; word++) {
		uint64_t bits = oldest[word];

		oldest[word] = 0;
		for (; bits; bits &= bits - 1, map->n_held--)
			give(map, word * WORD + lowest(bits));
	}
}

void ct_portmap_exclude(struct ct_portmap *map, uint32_t id)
{
	if (ct_portmap_is_free(map, id))
		take(map, id);
	take_from_sets(map, id);
}

bool ct_portmap_due(const struct ct_portmap *map, uint32_t now)
{
	uint32_t tick = atomic_load_explicit(&map->turn, memory_order_relaxed);

	return map->step && tick && ct_ticks_passed(tick, now);
}

void ct_portmap_tick(struct ct_portmap *map, uint32_t now)
{
	while (map->n_held && ct_portmap_due(map, now)) {
		uint32_t tick =
			atomic_load_explicit(&map->turn, memory_order_relaxed);

		turn(map);
		set_turn(map, ct_ticks_name(tick + map->step));
	}
	if (map->step && !map->n_held)
		set_turn(map, 0);
}
