/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * steal.c - ids of connections that are over, when none is free
 */
#include "nat/steal.h"

enum {
	TRIES = 16,
	OFTEN = 8, /* so many times in vain before it is done half as often */
	RARELY_MAX = 10
};

/* => The id's mapping; false: none. */
static bool owner_of(const struct ct_bind *bind, struct ct_portmap *map,
		     uint32_t id, struct ct_binding_ref *ref)
{
	ct_spin_lock(&map->lock);
	ref->unit = ct_portmap_owner(map, id);
	if (ref->unit)
		ref->key = ct_binding_at(bind->pool->tbl, ref->unit)->key;
	ct_spin_unlock(&map->lock);
	return ref->unit != 0;
}

/* => The mapping's only connection, known now; NULL. */
static struct ct_conn *only_conn(struct ct_table *tbl,
				 const struct ct_binding_ref *ref)
{
	struct ct_conn *conn = NULL;
	const struct ct_mapping *map;
	uint32_t first;

	map = ct_binding_lock(tbl, ref, &first);
	if (!map)
		return NULL;
	if (map->n_conns == 1 && !ct_binding_is_kept(map))
		conn = ct_conn_at(tbl, map->first);
	if (conn && !ct_conn_known(conn))
		conn = NULL;
	ct_binding_unlock(tbl, ref, first);
	return conn;
}

/* The id gets another owner, if nobody has come to the old one meanwhile. */
static bool take_over(const struct ct_bind *bind, struct ct_portmap *map,
		      uint32_t id, const struct ct_binding_ref *ref)
{
	bool taken = false;

	if (!ct_binding_disown(bind->pool->tbl, ref))
		return false;
	ct_spin_lock(&map->lock);
	if (ct_portmap_owner(map, id) == ref->unit) {
		ct_portmap_pass_on(map, id, bind->unit);
		taken = true;
	}
	ct_spin_unlock(&map->lock);
	return taken;
}

static bool try_one(const struct ct_bind *bind, struct ct_pool_addr *addr,
		    struct ct_place *place)
{
	const struct ct_nat_pool *pool = bind->pool;
	uint64_t dice = ct_random(bind->pick.thr);
	struct ct_portmap *map = atomic_load_explicit(&addr->map[bind->slot],
						      memory_order_acquire);
	struct ct_binding_ref ref;
	struct ct_conn *conn;
	uint32_t id;

	if (!map || ct_pool_state(addr) != CT_POOL_ACTIVE)
		return false;
	id = (uint32_t)(dice * map->n >> 32);
	if (!owner_of(bind, map, id, &ref))
		return false;
	conn = only_conn(pool->tbl, &ref);
	if (!conn || !ct_pick_make_room(&bind->pick, conn) ||
	    !take_over(bind, map, id, &ref))
		return false;
	place->address = addr->number;
	place->id = pool->base + id;
	return true;
}

bool ct_steal_may(const struct ct_bind *bind)
{
	const struct ct_nat_pool *pool = bind->pool;
	const struct ct_pool_proto *proto;
	uint32_t in_vain;

	/* Blocks are their subscribers' own. */
	if (!bind->pick.ops->yields || pool->cfg.block_ids)
		return false;
	proto = atomic_load_explicit(&pool->proto[bind->slot],
				     memory_order_acquire);
	if (!proto)
		return false;
	in_vain = atomic_load_explicit(&proto->in_vain, memory_order_relaxed);
	return in_vain < OFTEN ||
	       !(ct_bind_dice(bind) & ((1u << in_vain / OFTEN) - 1));
}

int ct_steal(const struct ct_bind *bind, uint32_t start, struct ct_place *place)
{
	struct ct_nat_pool *pool = bind->pool;
	uint32_t n = atomic_load_explicit(&pool->n_addrs, memory_order_acquire);
	struct ct_pool_proto *proto = ct_pool_proto(pool, bind->slot);
	uint32_t in_vain;

	if (!proto || !n)
		return CT_E_FULL;
	for (uint32_t i = 0; i < TRIES; i++) {
		/* Its own address first, if it has one. */
		uint32_t at = pool->cfg.flags & CT_POOL_STRICT ? start
							       : start + i / 4;

		if (try_one(bind, ct_pool_at(pool, at % n), place)) {
			atomic_store_explicit(&proto->in_vain, 0,
					      memory_order_relaxed);
			return 0;
		}
	}
	in_vain = atomic_load_explicit(&proto->in_vain, memory_order_relaxed);
	if (in_vain < OFTEN * RARELY_MAX)
		atomic_store_explicit(&proto->in_vain, in_vain + 1,
				      memory_order_relaxed);
	return CT_E_FULL;
}
