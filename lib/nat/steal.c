/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * steal.c - ids of connections that are over, when none is free
 */
#include "nat/steal.h"

#include "nat/claim.h"

#include <arpa/inet.h>

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

/* => The pool may give the place to this bind, but for a connection that has
 *    it. */
static bool may_give(const struct ct_bind *bind, const struct ct_place *place,
		     const struct ct_conn *conn)
{
	struct ct_tuple leave = bind->pick.now;
	const struct ct_conn *other;

	ct_pool_address(bind->pool, place->address, &leave.src);
	leave.src_id = htons((uint16_t)place->id);
	other = ct_pick_holder(&bind->pick, &leave);
	return !ct_pool_excludes(bind->pool, place->id) &&
	       !ct_pool_in_use(bind->pool, leave.l4, &leave.src, place->id) &&
	       (!other || other == conn);
}

/* The id gets another owner, if nobody has come to the old one meanwhile. */
static bool take_over(const struct ct_bind *bind, struct ct_portmap *map,
		      uint32_t id, const struct ct_binding_ref *ref)
{
	if (!ct_binding_disown(bind->pick.thr, ref))
		return false;
	ct_spin_lock(&map->lock);
	ct_portmap_pass_on(map, id, bind->unit);
	ct_spin_unlock(&map->lock);
	return true;
}

static bool try_one(const struct ct_bind *bind, struct ct_pool_addr *addr,
		    struct ct_place *place)
{
	const struct ct_nat_pool *pool = bind->pool;
	uint64_t dice = ct_random(bind->pick.thr);
	struct ct_portmap *map = atomic_load_explicit(&addr->map[bind->slot],
						      memory_order_acquire);
	struct ct_place at = { .address = addr->number };
	struct ct_binding_ref ref;
	struct ct_conn *conn;
	uint32_t id;

	if (!map || ct_pool_state(addr) != CT_POOL_ACTIVE)
		return false;
	id = (uint32_t)(dice * map->n >> 32);
	if (!owner_of(bind, map, id, &ref))
		return false;
	at.id = pool->base + id;
	conn = only_conn(pool->tbl, &ref);
	if (!conn || !may_give(bind, &at, conn) ||
	    !ct_pick_make_room(&bind->pick, conn) ||
	    !take_over(bind, map, id, &ref))
		return false;
	*place = at;
	return true;
}

bool ct_steal_may(const struct ct_bind *bind)
{
	const struct ct_nat_pool *pool = bind->pool;
	const struct ct_pool_proto *proto;
	uint32_t in_vain;

	/* Blocks are their subscribers' own; and what is held down is nobody's. */
	if (!bind->pick.ops->yields || pool->cfg.block_ids || pool->hold)
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

/* --- Overloaded ids ----------------------------------------------------- */

/* => The overloaded mapping that a connection uses. */
static bool listed_of(const struct ct_table *tbl, const struct ct_conn *conn,
		      struct ct_binding_ref *ref)
{
	const struct ct_link *link;
	unsigned n;

	if (!ct_conn_first_link(conn))
		return false;
	link = ct_conn_links(tbl, conn, &n);
	for (unsigned i = 0; i < n; i++) {
		const struct ct_mapping *map;

		if (!link[i].mapping || ct_outside_is(tbl, &link[i]))
			continue;
		map = ct_binding_at(tbl, link[i].mapping);
		*ref = (struct ct_binding_ref){ link[i].mapping, map->key };
		if (map->flags & CT_BINDING_LISTED)
			return true;
	}
	return false;
}

bool ct_steal_conn(const struct ct_bind *bind, struct ct_conn *old)
{
	struct ct_binding_ref ref;

	if (!ct_pick_make_room(&bind->pick, old))
		return false;
	if (listed_of(bind->pool->tbl, old, &ref))
		ct_binding_disown(bind->pick.thr, &ref);
	return true;
}

bool ct_steal_claim(const struct ct_bind *bind, const union ct_addr *addr,
		    ct_be16 id)
{
	struct ct_binding_ref ref;
	struct ct_conn *conn;

	if (!ct_claim_owner(bind, addr, id, &ref))
		return false;
	conn = only_conn(bind->pool->tbl, &ref);
	if (!conn || !ct_pick_make_room(&bind->pick, conn) ||
	    !ct_binding_disown(bind->pick.thr, &ref))
		return false;
	ct_claim_end(bind->pick.thr, bind->pool, ref.unit);
	return true;
}
