/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * half.c - how many TCP connections are half-open; see half.h
 */
#include "core/half.h"

#include "core/share.h"
#include "core/table.h"
#include "wire/hdr.h"

enum { ROWS = 2, COLS_MIN = 256 };

static size_t bytes_of(const struct ct_half *half)
{
	return (size_t)ROWS * (half->mask + 1) * sizeof(*half->sources);
}

/* => A source's counter of a row. */
static _Atomic uint32_t *cell(const struct ct_half *half, unsigned row,
			      uint64_t key)
{
	uint32_t col = (uint32_t)(key >> 32 * row) & half->mask;

	return &half->sources[(size_t)row * (half->mask + 1) + col];
}

static void count(struct ct_table *tbl, const struct ct_tuple *t, uint32_t by)
{
	struct ct_half *half = &tbl->half;
	uint64_t key;

	if (t->l4 != CT_IPPROTO_TCP)
		return;
	atomic_fetch_add_explicit(&half->n, by, memory_order_relaxed);
	if (!half->sources)
		return;
	key = ct_share_key(tbl, t);
	for (unsigned row = 0; row < ROWS; row++)
		atomic_fetch_add_explicit(cell(half, row, key), by,
					  memory_order_relaxed);
}

void ct_half_enter(struct ct_table *tbl, const struct ct_tuple *t)
{
	if (ct_unlikely(tbl->half.on))
		count(tbl, t, 1);
}

void ct_half_leave(struct ct_table *tbl, const struct ct_conn *conn)
{
	struct ct_tuple t;

	if (ct_likely(!tbl->half.on))
		return;
	ct_conn_tuple(conn, CT_DIR_ORIG, &t);
	count(tbl, &t, UINT32_MAX); /* less one */
}

/* => Those of a source; never too few. */
static uint32_t source_has(const struct ct_table *tbl, const struct ct_tuple *t)
{
	uint64_t key = ct_share_key(tbl, t);
	uint32_t least = UINT32_MAX;

	for (unsigned row = 0; row < ROWS; row++) {
		uint32_t n = atomic_load_explicit(cell(&tbl->half, row, key),
						  memory_order_relaxed);

		least = n < least ? n : least;
	}
	return least;
}

enum ct_reason ct_half_met(const struct ct_table *tbl, const struct ct_tuple *t)
{
	const struct ct_half *half = &tbl->half;
	uint32_t max = ct_core_param(tbl, CT_P_HALF_MAX);
	uint32_t source_max = ct_core_param(tbl, CT_P_HALF_SOURCE);

	if (ct_likely(!half->on))
		return CT_R_NONE;
	if (source_max && half->sources && source_has(tbl, t) >= source_max)
		return CT_R_SOURCE_HALF_OPEN;
	if (max && atomic_load_explicit(&half->n, memory_order_relaxed) >= max)
		return CT_R_HALF_OPEN_FULL;
	return CT_R_NONE;
}

int ct_half_seal(struct ct_table *tbl)
{
	struct ct_half *half = &tbl->half;
	uint32_t cols = COLS_MIN;

	if (ct_core_param(tbl, CT_P_HALF_SOURCE) && !half->sources) {
		while (cols < tbl->max_conns)
			cols *= 2;
		half->mask = cols - 1;
		half->sources =
			ct_mem_alloc(&tbl->mem, bytes_of(half), CT_LINE);
		if (!half->sources)
			return CT_E_NOMEM;
	}
	half->on = half->sources || ct_core_param(tbl, CT_P_HALF_MAX);
	return 0;
}

void ct_half_fini(struct ct_table *tbl)
{
	if (tbl->half.sources)
		ct_mem_free(&tbl->mem, tbl->half.sources, bytes_of(&tbl->half));
}
