/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * claim.c - whose an overloaded id is with a peer
 */
#include "nat/claim.h"

#include "core/head.h"

/* Claims that end soon are few: their heads stay in the cache. */
enum { HEADS_FEW = 256, HEADS_SOON = 4096 };

/* --- Heads -------------------------------------------------------------- */

static uint32_t count_heads(const struct ct_nat_pool *pool)
{
	uint32_t n = HEADS_SOON;

	if (!ct_pool_overloads(pool))
		return HEADS_FEW; /* protocols without ids */
	if (pool->cfg.mapping == CT_NAT_ON_ADDRESS)
		while (n < pool->tbl->max_conns)
			n *= 2;
	return n;
}

bool ct_claims_init(struct ct_nat_pool *pool)
{
	pool->n_claims = count_heads(pool);
	pool->claims =
		ct_mem_alloc(&pool->tbl->mem,
			     pool->n_claims * sizeof(*pool->claims), CT_LINE);
	return pool->claims != NULL;
}

void ct_claims_fini(struct ct_nat_pool *pool)
{
	ct_mem_free(&pool->tbl->mem, pool->claims,
		    pool->n_claims * sizeof(*pool->claims));
}

static _Atomic uint32_t *head_of(const struct ct_nat_pool *pool, uint64_t key)
{
	return &pool->claims[key & (pool->n_claims - 1)];
}

static struct ct_claim *at(const struct ct_nat_pool *pool, uint32_t unit)
{
	return ct_slab_at(&pool->tbl->slab, unit);
}

/* --- Made --------------------------------------------------------------- */

static uint64_t hash_of(const struct ct_mapping *map,
			const struct ct_nat_pool *pool,
			const union ct_addr *addr, ct_be16 id, uint16_t zone)
{
	return ct_binding_hash(pool, &(struct ct_tuple){ .src = *addr,
							 .src_id = id,
							 .l3 = map->l3,
							 .l4 = map->l4,
							 .zone = zone });
}

/* => The share of the peer in a mapping's key. */
static uint64_t peer_of(const struct ct_nat_pool *pool,
			const struct ct_mapping *map)
{
	return map->key ^
	       hash_of(map, pool, &map->inside, map->inside_id, map->zone);
}

bool ct_claim_make(struct ct_bind *bind)
{
	struct ct_thread *thr = bind->pick.thr;

	bind->claim = ct_slab_alloc(&thr->tbl->slab,
				    &thr->magazine[CT_SLAB_NAT], CT_SLAB_NAT);
	if (!bind->claim)
		return false;
	at(bind->pool, bind->claim)->owner = bind->unit;
	return true;
}

static void put_away(struct ct_thread *thr, uint32_t unit)
{
	ct_slab_free(&thr->tbl->slab, &thr->magazine[CT_SLAB_NAT], CT_SLAB_NAT,
		     unit);
}

void ct_claim_unmake(struct ct_bind *bind)
{
	if (bind->claim)
		put_away(bind->pick.thr, bind->claim);
	bind->claim = 0;
}

/* => The key of the claim of a bind's mapping to an endpoint. */
static uint64_t key_of(const struct ct_bind *bind, const union ct_addr *addr,
		       ct_be16 id)
{
	return bind->peer ^ hash_of(ct_binding_at(bind->pool->tbl, bind->unit),
				    bind->pool, addr, id, 0);
}

/* --- A chain ------------------------------------------------------------ */

static uint32_t find(const struct ct_nat_pool *pool, uint32_t unit,
		     uint64_t key)
{
	while (unit && at(pool, unit)->key != key)
		unit = at(pool, unit)->next;
	return unit;
}

bool ct_claim_enter(const struct ct_bind *bind, const union ct_addr *addr,
		    ct_be16 id)
{
	struct ct_claim *claim = at(bind->pool, bind->claim);
	_Atomic uint32_t *head;
	uint32_t first, other;

	claim->key = key_of(bind, addr, id);
	head = head_of(bind->pool, claim->key);
	first = ct_head_lock(head);
	other = find(bind->pool, first, claim->key);
	if (!other) {
		claim->next = first;
		first = bind->claim;
	}
	ct_head_unlock(head, first);
	return !other;
}

bool ct_claim_owner(const struct ct_bind *bind, const union ct_addr *addr,
		    ct_be16 id, struct ct_binding_ref *ref)
{
	const struct ct_nat_pool *pool = bind->pool;
	uint64_t key = key_of(bind, addr, id);
	_Atomic uint32_t *head = head_of(pool, key);
	uint32_t first = ct_head_lock(head);
	uint32_t unit = find(pool, first, key);

	/* Its owner is there as long as the claim is. */
	if (unit) {
		ref->unit = at(pool, unit)->owner;
		ref->key = ct_binding_at(pool->tbl, ref->unit)->key;
	}
	ct_head_unlock(head, first);
	return unit != 0;
}

/* => The claim of an owner, out of its chain now; 0: it has none. */
static uint32_t take_out(const struct ct_nat_pool *pool, uint64_t key,
			 uint32_t owner)
{
	_Atomic uint32_t *head = head_of(pool, key);
	uint32_t first = ct_head_lock(head);
	uint32_t *link = &first;
	uint32_t unit;

	while (*link && at(pool, *link)->owner != owner)
		link = &at(pool, *link)->next;
	unit = *link;
	if (unit)
		*link = at(pool, unit)->next;
	ct_head_unlock(head, first);
	return unit;
}

void ct_claim_leave(const struct ct_bind *bind)
{
	const struct ct_nat_pool *pool = bind->pool;

	take_out(pool, at(pool, bind->claim)->key, bind->unit);
}

/* --- Its end ------------------------------------------------------------ */

bool ct_claim_lasts(const struct ct_nat_pool *pool, uint8_t l4)
{
	return ct_binding_depends(pool, l4) == CT_NAT_ON_ADDRESS;
}

void ct_claim_end(struct ct_thread *thr, struct ct_nat_pool *pool,
		  uint32_t mapping)
{
	const struct ct_mapping *map = ct_binding_at(thr->tbl, mapping);
	union ct_addr addr;
	uint32_t unit;

	ct_pool_address(pool, map->address, &addr);
	unit = take_out(pool,
			peer_of(pool, map) ^
				hash_of(map, pool, &addr, map->outside_id, 0),
			mapping);
	if (unit)
		put_away(thr, unit);
}
