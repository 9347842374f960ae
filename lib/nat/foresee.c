/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * foresee.c - what the set-up of a newcomer will look at, fetched ahead
 */
#include "nat/foresee.h"

#include "core/head.h"
#include "core/tags.h"
#include "nat/binding.h"
#include "nat/subscriber.h"

#include <arpa/inet.h>

static void fetch_head(struct ct_foreseen *seen, unsigned i,
		       _Atomic uint32_t *head)
{
	seen->head[i] = head;
	__builtin_prefetch((const void *)(uintptr_t)head, 1);
}

/* Fetch the bucket of the tuple that answers a packet with another source. */
static void fetch_reply(const struct ct_table *tbl,
			const struct ct_narrow *orig, ct_be32 addr, ct_be16 id,
			struct ct_foreseen *seen)
{
	struct ct_key *reply = &seen->reply;

	ct_narrow_set(&reply->narrow, (ct_be32[]){ orig->dst, addr },
		      (ct_be16[]){ orig->dst_id, id }, ct_narrow_tail_of(orig));
	reply->hash = ct_hash_narrow(&tbl->hash, &reply->narrow);
	reply->wide = false;
	reply->dirs = CT_KEY_BOTH;
	seen->bucket = ct_bucket_prefetch(&tbl->buckets, reply->hash);
}

/* Of a connection that is not translated. */
static void foresee_plain(const struct ct_table *tbl, const struct ct_key *key,
			  struct ct_foreseen *seen)
{
	const struct ct_l4_ops *ops = ct_registry_l4(tbl, key->tuple.l4);
	struct ct_key *reply = &seen->reply;

	if (!ct_l4_invert(ops, &key->tuple, &reply->tuple))
		return;
	ct_key_finish(reply, &tbl->hash);
	seen->bucket = ct_bucket_prefetch(&tbl->buckets, reply->hash);
}

static void foresee_range(struct ct_thread *thr, const struct ct_narrow *orig,
			  struct ct_foreseen *seen)
{
	struct ct_table *tbl = thr->tbl;
	struct ct_narrow source;

	ct_narrow_set(&source, (ct_be32[]){ orig->src, 0 },
		      (ct_be16[]){ orig->src_id, 0 }, ct_narrow_tail_of(orig));
	fetch_head(
		seen, 0,
		ct_mappings_head_now(tbl, ct_hash_narrow(&tbl->hash, &source)));
	fetch_reply(tbl, orig, thr->habit.outside, orig->src_id, seen);
}

static void foresee_pool(struct ct_thread *thr, const struct ct_key *key,
			 struct ct_foreseen *seen)
{
	struct ct_nat_pool *pool = ct_pool_of(thr->tbl, thr->habit.pool);
	const struct ct_tuple *t = &key->tuple;

	if (t->l3 != pool->cfg.l3)
		return;
	seen->pool = pool;
	seen->of = key;
	seen->key = ct_binding_key(pool, key, &seen->peer);
	seen->want =
		(struct ct_want){ .thr = thr,
				  .slot = thr->tbl->registry.l4_at[t->l4],
				  .inside = ntohs(t->src_id),
				  .dice = ct_binding_dice(thr, seen->key) };
	fetch_head(seen, 0, ct_mappings_head_now(thr->tbl, seen->key));
	if (!pool->subscribers)
		return;
	seen->owner = ct_subscriber_hash(pool, t);
	fetch_head(seen, 1, ct_subscriber_head(pool, seen->owner));
}

void ct_foresee(struct ct_thread *thr, const struct ct_key *key,
		struct ct_foreseen *seen)
{
	seen->pool = NULL;
	seen->addr = NULL;
	seen->id = CT_PORTMAP_NONE;
	seen->head[0] = NULL;
	seen->head[1] = NULL;
	seen->reply.wide = true;
	seen->bucket = NULL;
	if (thr->habit.pool)
		foresee_pool(thr, key, seen);
	else if (thr->habit.outside && !key->wide)
		foresee_range(thr, &key->narrow, seen);
	else
		foresee_plain(thr->tbl, key, seen);
}

/* => The first unit of a chain, or 0. */
static uint32_t first_of(const _Atomic uint32_t *head)
{
	/* acquire; pairs with the release in ct_head_unlock() */
	return atomic_load_explicit(head, memory_order_acquire) & ~CT_HEAD_LOCK;
}

void ct_foresee_units(const struct ct_table *tbl,
		      const struct ct_foreseen *seen)
{
	for (unsigned i = 0; i < 2; i++) {
		uint32_t unit = seen->head[i] ? first_of(seen->head[i]) : 0;

		if (unit)
			__builtin_prefetch(ct_slab_at(&tbl->slab, unit), 1);
	}
	if (ct_likely(seen->bucket != NULL))
		__builtin_prefetch(ct_bucket_next(tbl, seen->bucket));
}

/* => The number of the address with which the subscriber will begin. */
static uint32_t address_of(const struct ct_foreseen *seen, uint32_t n)
{
	uint32_t unit = first_of(seen->head[1]);
	uint32_t tag = ct_subscriber_tag(seen->owner);
	uint32_t number = ct_subscriber_start(tag, n);

	return unit ? ct_subscriber_peek(seen->pool, unit, tag, number)
		    : number;
}

void ct_foresee_address(const struct ct_key *key, struct ct_foreseen *seen)
{
	const struct ct_nat_pool *pool = seen->pool;
	uint32_t n, number;

	/* Blocks of ids, and any address, are too much to foretell. */
	if (!seen->head[1] || key->wide || pool->cfg.block_ids ||
	    (pool->cfg.flags & CT_POOL_UNPAIRED))
		return;
	n = atomic_load_explicit(&pool->n_addrs, memory_order_acquire);
	number = address_of(seen, n);
	if (number >= n)
		return;
	seen->addr = ct_pool_at(pool, number);
	ct_pool_fetch(pool, &seen->want, seen->addr);
}

void ct_foresee_id(const struct ct_key *key, struct ct_foreseen *seen)
{
	const struct ct_nat_pool *pool = seen->pool;

	if (!seen->addr)
		return;
	seen->id = ct_pool_peek(pool, &seen->want, seen->addr);
	if (seen->id == CT_PORTMAP_NONE)
		return;
	fetch_reply(pool->tbl, &key->narrow, ct_pool_narrow(seen->addr),
		    htons((uint16_t)seen->id), seen);
}
