/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subscribers.c - the index of a pool's subscribers: hashes, heads of chains
 */
#include "core/table.h"
#include "nat/subscriber.h"

/* One head for each connection: there may be as many hosts. */
enum { HEADS_MIN = 16 };

/* Its first word is the name of a prefix, where the pool's address is one. */
struct name {
	union ct_addr prefix;
	uint8_t zero[22];
	uint16_t zone;
};
CT_STATIC_ASSERT(sizeof(struct name) == CT_HASH_WIDE, "hashed as a tuple");

static uint32_t count_heads(const struct ct_nat_pool *pool)
{
	uint32_t n = HEADS_MIN;

	while (n < pool->tbl->max_conns)
		n *= 2;
	return n;
}

bool ct_subscribers_wanted(const struct ct_nat_pool *pool)
{
	const struct ct_nat_pool_config *cfg = &pool->cfg;

	return !(cfg->flags & CT_POOL_UNPAIRED) || cfg->max_mappings ||
	       cfg->max_conns || cfg->max_rate;
}

uint64_t ct_subscribers_bytes(const struct ct_nat_pool *pool)
{
	return pool->subscribers ? pool->n_heads * sizeof(*pool->subscribers)
				 : 0;
}

bool ct_subscribers_init(struct ct_nat_pool *pool)
{
	if (!ct_subscribers_wanted(pool))
		return true;
	pool->n_heads = count_heads(pool);
	pool->subscribers = ct_mem_alloc(
		&pool->tbl->mem, pool->n_heads * sizeof(*pool->subscribers),
		CT_LINE);
	return pool->subscribers != NULL;
}

void ct_subscribers_fini(struct ct_nat_pool *pool)
{
	ct_mem_free(&pool->tbl->mem, pool->subscribers,
		    ct_subscribers_bytes(pool));
}

static ct_noinline uint64_t hash_wide(const struct ct_nat_pool *pool,
				      const union ct_addr *prefix,
				      uint16_t zone)
{
	const struct name name = { .prefix = *prefix, .zone = zone };

	return ct_hash_wide(&pool->tbl->hash, &name);
}

static uint64_t hash_of(const struct ct_nat_pool *pool,
			const union ct_addr *prefix, uint16_t zone)
{
	struct ct_narrow narrow;

	if (ct_unlikely(pool->cfg.l3 != CT_L3_IPV4))
		return hash_wide(pool, prefix, zone);
	ct_narrow_set(&narrow, (ct_be32[]){ prefix->v4, 0 },
		      (ct_be16[]){ 0, 0 }, zone);
	return ct_hash_narrow(&pool->tbl->hash, &narrow);
}

uint64_t ct_subscriber_hash(const struct ct_nat_pool *pool,
			    const struct ct_tuple *inside)
{
	union ct_addr prefix;

	ct_prefix_of(pool, &inside->src, &prefix);
	return hash_of(pool, &prefix, inside->zone);
}

_Atomic uint32_t *ct_subscriber_head(const struct ct_nat_pool *pool,
				     uint64_t hash)
{
	return &pool->subscribers[hash & (pool->n_heads - 1)];
}

_Atomic uint32_t *ct_subscriber_head_of(const struct ct_nat_pool *pool,
					const union ct_addr *prefix,
					uint16_t zone)
{
	return ct_subscriber_head(pool, hash_of(pool, prefix, zone));
}
