/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * share.c - how much of the table a source holds; see share.h
 */
#include "core/share.h"

#include "core/table.h"

#include <arpa/inet.h>
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

/* => The key of an IPv4 source; candidates are many. */
static uint64_t key_narrow(const struct ct_table *tbl, ct_be32 src,
			   uint16_t zone)
{
	unsigned bits = ct_share_bits(tbl, CT_L3_IPV4);
	ct_be32 mask = bits < 32 ? htonl(~(UINT32_MAX >> bits)) : UINT32_MAX;
	struct ct_narrow source;

	ct_narrow_set(&source, (ct_be32[]){ src & mask, 0 },
		      (ct_be16[]){ 0, 0 }, ct_narrow_tail(CT_L3_IPV4, 0, zone));
	return ct_hash_narrow(&tbl->hash, &source);
}

uint64_t ct_share_key(const struct ct_table *tbl, const struct ct_tuple *t)
{
	struct ct_tuple source = { .src = t->src,
				   .l3 = t->l3,
				   .zone = t->zone };

	if (!ct_tuple_wide(t))
		return key_narrow(tbl, t->src.v4, t->zone);
	ct_share_prefix(tbl, t->l3, &source.src);
	return ct_hash_wide(&tbl->hash, &source);
}

uint64_t ct_share_key_of(const struct ct_table *tbl, const struct ct_conn *conn)
{
	const struct ct_narrow *orig = &conn->narrow[CT_DIR_ORIG];

	if (ct_unlikely(ct_conn_word(conn) & CT_S_WIDE))
		return ct_share_key(tbl, &conn->wide.orig);
	return key_narrow(tbl, orig->src, orig->zone);
}

static uint16_t *cell(struct ct_share *share, unsigned row, uint64_t key)
{
	return &share->count[row][key >> 16 * row & (CT_SHARE_COLS - 1)];
}

/* => Samples of a source. */
static uint32_t samples_of(const struct ct_share *share, uint64_t key)
{
	uint32_t least = UINT32_MAX;

	for (unsigned row = 0; row < CT_SHARE_ROWS; row++) {
		uint32_t n = share->count[row][key >> 16 * row &
					       (CT_SHARE_COLS - 1)];

		least = n < least ? n : least;
	}
	return least;
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
	uint32_t least;

	if (!share || share->n < FEW)
		return 0;
	least = samples_of(share, key);
	return least < share->n ? least * UINT16_MAX / share->n : UINT16_MAX;
}

bool ct_share_much(const struct ct_thread *thr, uint64_t key)
{
	const struct ct_share *share = thr->share;

	return share && share->n >= FEW &&
	       samples_of(share, key) * CT_SHARE_MUCH > share->n;
}

void ct_share_free(struct ct_thread *thr)
{
	ct_mem_free(&thr->tbl->mem, thr->share, sizeof(*thr->share));
	thr->share = NULL;
}
