/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * share.c - how much of the table a source holds; see share.h
 */
#include "core/share.h"

#include "core/table.h"

#include <string.h>

/* Fewer samples tell nothing. */
enum { FEW = 64 };

/* Keep the first bits of an address. */
static void keep_prefix(union ct_addr *addr, unsigned bits)
{
	static const uint8_t zero[sizeof(addr->bytes)];
	unsigned whole = bits / 8;

	if (whole >= sizeof(addr->bytes))
		return;
	addr->bytes[whole] &= (uint8_t)(0xff00u >> bits % 8);
	memcpy(addr->bytes + whole + 1, zero, sizeof(addr->bytes) - whole - 1);
}

unsigned ct_share_bits(const struct ct_table *tbl, uint8_t l3)
{
	return ct_core_param(tbl,
			     l3 == CT_L3_IPV4 ? CT_P_PREFIX4 : CT_P_PREFIX6);
}

void ct_share_prefix(const struct ct_table *tbl, uint8_t l3,
		     union ct_addr *addr)
{
	keep_prefix(addr, ct_share_bits(tbl, l3));
}

uint64_t ct_share_key(const struct ct_table *tbl, const struct ct_tuple *t)
{
	struct ct_tuple source = { .src = t->src,
				   .l3 = t->l3,
				   .zone = t->zone };

	ct_share_prefix(tbl, t->l3, &source.src);
	return ct_hash_wide(&tbl->hash, &source);
}

static uint16_t *cell(struct ct_share *share, unsigned row, uint64_t key)
{
	return &share->count[row][key >> 16 * row & (CT_SHARE_COLS - 1)];
}

static void halve(struct ct_share *share)
{
	for (unsigned row = 0; row < CT_SHARE_ROWS; row++)
		for (unsigned i = 0; i < CT_SHARE_COLS; i++)
			share->count[row][i] /= 2;
	share->n /= 2;
}

void ct_share_add(struct ct_thread *thr, uint64_t key)
{
	struct ct_share *share = thr->share;

	if (!share)
		share = thr->share =
			ct_mem_alloc(&thr->tbl->mem, sizeof(*share), CT_LINE);
	if (!share)
		return;
	for (unsigned row = 0; row < CT_SHARE_ROWS; row++)
		++*cell(share, row, key);
	if (++share->n == CT_SHARE_MAX)
		halve(share);
}

uint32_t ct_share_of(const struct ct_thread *thr, uint64_t key)
{
	const struct ct_share *share = thr->share;
	uint32_t least = UINT32_MAX;

	if (!share || share->n < FEW)
		return 0;
	for (unsigned row = 0; row < CT_SHARE_ROWS; row++) {
		uint32_t n = share->count[row][key >> 16 * row &
					       (CT_SHARE_COLS - 1)];

		least = n < least ? n : least;
	}
	return least < share->n ? least * UINT16_MAX / share->n : UINT16_MAX;
}

void ct_share_free(struct ct_thread *thr)
{
	ct_mem_free(&thr->tbl->mem, thr->share, sizeof(*thr->share));
	thr->share = NULL;
}
