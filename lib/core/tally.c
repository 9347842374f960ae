/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tally.c - how many connections each source has; see tally.h
 */
#include "core/tally.h"

#include "core/table.h"

enum { SLOTS = 8, WAYS = 2, LINES_MIN = 32, MORE = 1, LESS = -1 };
CT_STATIC_ASSERT(SLOTS * sizeof(uint64_t) == CT_LINE, "a line is a cache line");

static size_t bytes_of(const struct ct_tally *tally)
{
	return ((size_t)tally->mask + 1) * CT_LINE;
}

static uint32_t tag_of(uint64_t key)
{
	return (uint32_t)(key >> 32);
}

static void lines_of(const struct ct_tally *tally, uint64_t key,
		     _Atomic uint64_t *lines[WAYS])
{
	uint32_t first = (uint32_t)key & tally->mask;
	uint32_t apart = (tag_of(key) * 2654435761u >> 4 | 1) & tally->mask;

	lines[0] = &tally->slots[(size_t)first * SLOTS];
	lines[1] = &tally->slots[(size_t)(first ^ apart) * SLOTS];
}

static uint64_t load(const _Atomic uint64_t *slot)
{
	return atomic_load_explicit(slot, memory_order_relaxed);
}

/* => It is this source's. */
static bool is_of(uint64_t slot, uint32_t tag)
{
	return slot && slot >> 32 == tag;
}

/* Count where the source has a place; => false where it has none. */
static bool count(_Atomic uint64_t *const lines[WAYS], uint32_t tag, int by)
{
	for (unsigned i = 0; i < WAYS * SLOTS; i++) {
		_Atomic uint64_t *slot = &lines[i / SLOTS][i % SLOTS];
		uint64_t was = load(slot), now;

		while (is_of(was, tag)) {
			now = was + (uint64_t)(int64_t)by;
			if (!(uint32_t)now)
				now = 0;
			if (atomic_compare_exchange_weak_explicit(
				    slot, &was, now, memory_order_relaxed,
				    memory_order_relaxed))
				return true;
		}
	}
	return false;
}

static unsigned n_free(const _Atomic uint64_t *line)
{
	unsigned n = 0;

	for (unsigned i = 0; i < SLOTS; i++)
		n += !load(&line[i]);
	return n;
}

/* A place for a new source. */
static void settle(_Atomic uint64_t *const lines[WAYS], uint32_t tag)
{
	unsigned fuller = n_free(lines[0]) < n_free(lines[1]);

	for (unsigned i = 0; i < WAYS * SLOTS; i++) {
		uint64_t none = 0;

		if (atomic_compare_exchange_strong_explicit(
			    &lines[fuller ^ i / SLOTS][i % SLOTS], &none,
			    (uint64_t)tag << 32 | 1, memory_order_relaxed,
			    memory_order_relaxed))
			return;
	}
}

void ct_tally_up(const struct ct_tally *tally, uint64_t key)
{
	_Atomic uint64_t *lines[WAYS];

	lines_of(tally, key, lines);
	if (!count(lines, tag_of(key), MORE))
		settle(lines, tag_of(key));
}

void ct_tally_down(const struct ct_tally *tally, uint64_t key)
{
	_Atomic uint64_t *lines[WAYS];

	lines_of(tally, key, lines);
	count(lines, tag_of(key), LESS);
}

uint32_t ct_tally_has(const struct ct_tally *tally, uint64_t key)
{
	_Atomic uint64_t *lines[WAYS];
	uint32_t n = 0;

	lines_of(tally, key, lines);
	for (unsigned i = 0; i < WAYS * SLOTS; i++) {
		uint64_t slot = load(&lines[i / SLOTS][i % SLOTS]);

		if (is_of(slot, tag_of(key)))
			n += (uint32_t)slot;
	}
	return n;
}

int ct_tally_make(struct ct_table *tbl, struct ct_tally *tally)
{
	uint64_t lines = LINES_MIN;

	if (tally->slots)
		return 0;
	while (lines * SLOTS * 2 < (uint64_t)tbl->max_conns * 3)
		lines *= 2;
	tally->mask = (uint32_t)(lines - 1);
	tally->slots = ct_mem_alloc(&tbl->mem, bytes_of(tally), CT_LINE);
	return tally->slots ? 0 : CT_E_NOMEM;
}

void ct_tally_free(struct ct_table *tbl, struct ct_tally *tally)
{
	if (tally->slots)
		ct_mem_free(&tbl->mem, tally->slots, bytes_of(tally));
}
