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

static struct ct_share *load_share(const struct ct_table *tbl)
{
	/* acquire; pairs with the release in make() */
	return atomic_load_explicit(&tbl->share, memory_order_acquire);
}

/* => NULL when there is no memory. */
static ct_noinline struct ct_share *make(struct ct_table *tbl)
{
	struct ct_share *share = NULL;
	struct ct_share *made;

	made = ct_mem_alloc(&tbl->mem, sizeof(*made), CT_LINE);
	if (!made)
		return NULL;
	atomic_init(&made->much, UINT32_MAX);
	/* release; pairs with the acquire in load_share() */
	if (atomic_compare_exchange_strong_explicit(&tbl->share, &share, made,
						    memory_order_acq_rel,
						    memory_order_acquire))
		return made;
	ct_mem_free(&tbl->mem, made, sizeof(*made));
	return share;
}

bool ct_share_begin(struct ct_table *tbl)
{
	return ct_unlikely(!load_share(tbl)) && make(tbl);
}

static uint32_t load(const _Atomic uint32_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

/* => Where a row counts a source; only the low half of a key is looked at. */
static unsigned column(unsigned row, uint32_t key)
{
	return key >> 16 * row & (CT_SHARE_COLS - 1);
}

static uint32_t count_of(const struct ct_share *share, unsigned row,
			 uint64_t key)
{
	return atomic_load_explicit(
		&share->count[row][column(row, (uint32_t)key)],
		memory_order_relaxed);
}

/* One more.  Who has the lock is the only one that stores. */
static void count_up(struct ct_share *share, unsigned row, uint32_t key)
	CT_REQUIRES(share->lock)
{
	_Atomic uint16_t *count = &share->count[row][column(row, key)];

	atomic_store_explicit(
		count,
		(uint16_t)(atomic_load_explicit(count, memory_order_relaxed) +
			   1),
		memory_order_relaxed);
}

static void halve(struct ct_share *share) CT_REQUIRES(share->lock)
{
	const uint64_t halves = UINT64_C(0x7fff7fff7fff7fff);

	for (unsigned i = 0; i < CT_SHARE_ROWS * CT_SHARE_COLS / 4; i++) {
		uint64_t four = atomic_load_explicit(&share->fours[i],
						     memory_order_relaxed);

		atomic_store_explicit(&share->fours[i], four >> 1 & halves,
				      memory_order_relaxed);
	}
}

static void add_all(struct ct_share *share, const struct ct_samples *samples)
	CT_REQUIRES(share->lock)
{
	uint32_t n = load(&share->n) + CT_SHARE_BATCH;

	for (unsigned i = 0; i < CT_SHARE_BATCH; i++) {
		uint32_t key = samples->keys[i];

		for (unsigned row = 0; row < CT_SHARE_ROWS; row++)
			count_up(share, row, key);
	}
	if (n >= CT_SHARE_MAX) {
		halve(share);
		n /= 2;
	}
	atomic_store_explicit(&share->n, n, memory_order_relaxed);
	atomic_store_explicit(&share->much,
			      n < FEW ? UINT32_MAX : n / CT_SHARE_MUCH,
			      memory_order_relaxed);
}

/* => What it was given, so that its caller need not keep it meanwhile. */
static ct_noinline bool hand_over(struct ct_thread *thr, bool much)
{
	struct ct_share *share = load_share(thr->tbl);

	thr->samples.n = 0;
	if (ct_unlikely(!share))
		share = make(thr->tbl);
	if (!share || !ct_spin_trylock(&share->lock))
		return much;
	add_all(share, &thr->samples);
	ct_spin_unlock(&share->lock);
	return much;
}

uint32_t ct_share_of(const struct ct_table *tbl, uint64_t key)
{
	const struct ct_share *share = load_share(tbl);
	uint32_t n = share ? load(&share->n) : 0;
	uint32_t least = n;

	if (n < FEW)
		return 0;
	for (unsigned row = 0; row < CT_SHARE_ROWS; row++) {
		uint32_t count = count_of(share, row, key);

		least = count < least ? count : least;
	}
	return least * UINT16_MAX / n;
}

static inline bool is_much(const struct ct_share *share, uint64_t key)
{
	uint32_t much;

	if (ct_unlikely(!share))
		return false;
	much = load(&share->much);
	return ct_unlikely(count_of(share, 0, key) > much) &&
	       count_of(share, 1, key) > much;
}

bool ct_share_much(const struct ct_table *tbl, uint64_t key)
{
	return is_much(load_share(tbl), key);
}

bool ct_share_sample(struct ct_thread *thr, uint64_t key)
{
	struct ct_samples *samples = &thr->samples;
	bool much = is_much(load_share(thr->tbl), key);

	samples->keys[samples->n++] = (uint32_t)key;
	return ct_likely(samples->n < CT_SHARE_BATCH) ? much
						      : hand_over(thr, much);
}

void ct_share_free(struct ct_table *tbl)
{
	struct ct_share *share = load_share(tbl);

	if (share)
		ct_mem_free(&tbl->mem, share, sizeof(*share));
}
