/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool_make.c - a pool, made and freed
 */
#include "core/table.h"
#include "nat/binding.h"
#include "nat/claim.h"
#include "nat/reserve.h"
#include "nat/static.h"
#include "nat/subscriber.h"

enum {
	MIN_ID = 1024,
	MAX_ID = 65535,
	BLOCKS_MAX = 8,
	V4_BITS = 32,
	ANNOUNCED_SHARE = 16 /* of overloaded ids one is set aside */
};

/* --- A pool ------------------------------------------------------------- */

static uint32_t ids_of(const struct ct_nat_pool_config *cfg)
{
	return (uint32_t)cfg->max_id - cfg->min_id + 1;
}

static void put_defaults(struct ct_nat_pool_config *cfg)
{
	if (!cfg->l3)
		cfg->l3 = CT_L3_IPV4;
	if (!cfg->min_id && !cfg->max_id)
		cfg->min_id = MIN_ID;
	if (!cfg->max_id)
		cfg->max_id = MAX_ID;
	if (!cfg->max_addrs)
		cfg->max_addrs = CT_POOL_ADDRS_DEFAULT;
	if (!cfg->prefix_len)
		cfg->prefix_len = cfg->l3 == CT_L3_IPV4 ? V4_BITS : 4 * V4_BITS;
	if (!cfg->max_blocks)
		cfg->max_blocks = 1;
	if ((cfg->flags & CT_POOL_OVERLOAD) && !cfg->announced_ids)
		cfg->announced_ids = ids_of(cfg) / ANNOUNCED_SHARE;
}

static bool is_good(const struct ct_nat_pool_config *cfg)
{
	const uint32_t flags = CT_POOL_OVERLOAD | CT_POOL_UNPAIRED |
			       CT_POOL_STRICT | CT_POOL_KEEP_ID |
			       CT_POOL_KEEP_CLASS | CT_POOL_PARITY |
			       CT_POOL_CONTIGUITY;
	uint32_t bits = cfg->l3 == CT_L3_IPV4 ? V4_BITS : 4 * V4_BITS;

	if ((cfg->l3 != CT_L3_IPV4 && cfg->l3 != CT_L3_IPV6) ||
	    (cfg->flags & ~flags) || cfg->mapping > CT_NAT_ON_ADDRESS_PORT ||
	    cfg->filtering > CT_NAT_ON_ADDRESS_PORT ||
	    cfg->min_id > cfg->max_id || cfg->max_addrs > CT_POOL_ADDRS_MAX ||
	    cfg->max_blocks > BLOCKS_MAX || cfg->prefix_len > bits ||
	    cfg->reserved || cfg->reserved2)
		return false;
	/* Who is reached from anywhere cannot share. */
	if ((cfg->flags & CT_POOL_OVERLOAD) &&
	    (cfg->mapping == CT_NAT_ON_NOTHING || cfg->block_ids))
		return false;
	if (cfg->announced_ids && (!(cfg->flags & CT_POOL_OVERLOAD) ||
				   cfg->announced_ids >= ids_of(cfg)))
		return false;
	if ((cfg->flags & CT_POOL_UNPAIRED) &&
	    (cfg->block_ids || (cfg->flags & CT_POOL_STRICT)))
		return false;
	return ct_blocks_good(cfg);
}

static size_t index_len(const struct ct_nat_pool *pool)
{
	return 2 * pool->cfg.max_addrs * sizeof(*pool->index);
}

static size_t addrs_len(const struct ct_nat_pool *pool)
{
	return pool->cfg.max_addrs * sizeof(*pool->addr);
}

static void addr_free(struct ct_nat_pool *pool, struct ct_pool_addr *addr)
{
	struct ct_mem *mem = &pool->tbl->mem;

	for (unsigned i = 0; i < CT_TRACKERS; i++) {
		ct_portmap_free(mem, atomic_load(&addr->map[i]));
		ct_mem_free(mem, atomic_load(&addr->lists[i]),
			    sizeof(struct ct_pool_lists));
	}
	ct_portmap_free(mem, addr->blocks);
	ct_mem_free(mem, addr, sizeof(*addr));
}

static void pool_free(struct ct_nat_pool *pool)
{
	struct ct_mem *mem = &pool->tbl->mem;
	uint32_t n = atomic_load(&pool->n_addrs);

	for (uint32_t i = 0; pool->addr && i < n; i++)
		addr_free(pool, ct_pool_at(pool, i));
	for (unsigned i = 0; i < CT_TRACKERS; i++)
		ct_mem_free(mem, atomic_load(&pool->proto[i]),
			    ct_pool_proto_len(pool));
	ct_statics_fini(pool);
	ct_subscribers_fini(pool);
	ct_claims_fini(pool);
	ct_mem_free(mem, pool->index, index_len(pool));
	ct_mem_free(mem, pool->addr, addrs_len(pool));
	ct_mem_free(mem, pool, sizeof(*pool));
}

/* => False when there is no memory. */
static bool lay_out(struct ct_nat_pool *pool)
{
	struct ct_mem *mem = &pool->tbl->mem;

	pool->last_shared = pool->cfg.max_id - pool->cfg.announced_ids;
	pool->first_id = ct_pool_overloads(pool) ? pool->last_shared + 1
						 : pool->cfg.min_id;
	pool->base = pool->first_id & ~1u;
	pool->n_ids = pool->cfg.max_id - pool->base + 1;
	atomic_init(&pool->n_given, ids_of(&pool->cfg));
	pool->n_words = (pool->cfg.max_addrs + 63) / 64;
	pool->hold = pool->cfg.hold_s > CT_TIMEOUT_MAX / 2 ? CT_TIMEOUT_MAX / 2
							   : pool->cfg.hold_s;
	pool->hold *= CT_TICKS_PER_S;
	pool->addr = ct_mem_alloc(mem, addrs_len(pool), CT_LINE);
	pool->index = ct_mem_alloc(mem, index_len(pool), CT_LINE);
	return pool->addr && pool->index && ct_claims_init(pool) &&
	       ct_subscribers_init(pool);
}

enum { POOLS_LEN = CT_POOLS * sizeof(ct_pool_slot) };

/* => Where pools stand; NULL when there is no memory. */
static ct_pool_slot *slots_of(struct ct_table *tbl)
{
	ct_pool_slot *made, *slots = NULL;

	made = ct_mem_alloc(&tbl->mem, POOLS_LEN, _Alignof(ct_pool_slot));
	/* release; pairs with the acquire in ct_pool_of() */
	if (!made || atomic_compare_exchange_strong_explicit(
			     &tbl->pools, &slots, made, memory_order_acq_rel,
			     memory_order_acquire))
		return made;
	ct_mem_free(&tbl->mem, made, POOLS_LEN);
	return slots;
}

static int enter(struct ct_table *tbl, struct ct_nat_pool *pool)
{
	/* acquire; pairs with the release in slots_of() */
	ct_pool_slot *slots =
		atomic_load_explicit(&tbl->pools, memory_order_acquire);

	if (!slots)
		slots = slots_of(tbl);
	if (!slots)
		return CT_E_NOMEM;
	for (uint32_t i = 0; i < CT_POOLS; i++) {
		struct ct_nat_pool *none = NULL;

		pool->number = (uint16_t)(i + 1);
		/* release; pairs with the acquire in ct_pool_of() */
		if (atomic_compare_exchange_strong_explicit(
			    &slots[i], &none, pool, memory_order_acq_rel,
			    memory_order_relaxed))
			return 0;
	}
	return CT_E_FULL;
}

int ct_nat_pool_create(struct ct_table *tbl,
		       const struct ct_nat_pool_config *caller,
		       struct ct_nat_pool **pool)
{
	struct ct_nat_pool_config cfg = { .size = sizeof(cfg) };
	int error = ct_sized_copy(&cfg, sizeof(cfg), caller);
	struct ct_nat_pool *made;

	if (error)
		return error;
	put_defaults(&cfg);
	if (!is_good(&cfg))
		return CT_E_INVAL;
	made = ct_mem_alloc(&tbl->mem, sizeof(*made), CT_LINE);
	if (!made)
		return CT_E_NOMEM;
	made->tbl = tbl;
	made->cfg = cfg;
	error = lay_out(made) ? 0 : CT_E_NOMEM;
	atomic_store_explicit(&tbl->mappings.leave, ct_binding_leave,
			      memory_order_release);
	atomic_store_explicit(&tbl->mappings.forgo, ct_reserve_end,
			      memory_order_release);
	if (!error)
		error = enter(tbl, made);
	if (error) {
		pool_free(made);
		return error;
	}
	*pool = made;
	return 0;
}

void ct_pools_fini(struct ct_table *tbl)
{
	for (uint32_t i = 1; i <= CT_POOLS; i++) {
		struct ct_nat_pool *pool = ct_pool_of(tbl, i);

		if (pool)
			pool_free(pool);
	}
	ct_mem_free(&tbl->mem, tbl->pools, POOLS_LEN);
}
