/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quick_pool.c - a pool's new mapping, as it was foreseen
 *
 * What pooled.c does in steps is done here in one visit of the mapping's chain,
 * since the address, the id and the key of the reply tuple are at hand
 * (foresee.h): subscriber, mapping, id, entered for everybody.  So nobody can
 * be faster in between.
 *
 * Locks: within the chain's that of the subscriber's chain, within that the map's.
 */
#include "core/head.h"
#include "nat/binding.h"
#include "nat/overload.h"
#include "nat/quick.h"
#include "nat/report.h"
#include "nat/setup.h"
#include "nat/subscriber.h"

#include <arpa/inet.h>

/* A connection that gets a mapping. */
struct quick {
	struct ct_thread *thr;
	struct ct_conn *conn;
	struct ct_nat_pool *pool;
	const struct ct_foreseen *seen;
	struct ct_visit visit; /* of its subscriber */
	uint32_t unit;         /* the mapping */
};

/* => What is done for nearly every connection is all that the pool wants. */
static bool is_simple(const struct ct_nat_pool *pool)
{
	return !(pool->cfg.flags & CT_POOL_CONTIGUITY) &&
	       !pool->cfg.port_in_use && !ct_subscribers_count(pool);
}

/* => The packet's connection is new, and the one that was foreseen. */
static bool is_foreseen(const struct ct_foreseen *seen,
			const struct ct_conn *conn,
			const struct ct_nat_pool *pool)
{
	return seen && seen->pool == pool && seen->addr && seen->head[0] &&
	       seen->id != CT_PORTMAP_NONE &&
	       ct_quick_is_plain(pool->tbl, conn) &&
	       memcmp(&conn->narrow[CT_DIR_ORIG], &seen->of->narrow,
		      sizeof(seen->of->narrow)) == 0;
}

/* => A mapping of the chain has the key, and so the name, most likely. */
static bool is_known(const struct ct_table *tbl, uint32_t unit, uint64_t key)
{
	const struct ct_mapping *map;

	for (; unit; unit = map->next) {
		map = ct_binding_at(tbl, unit);
		if (map->key == key)
			return true;
	}
	return false;
}

/* The foreseen id, one that is overloaded. */
static bool reserve(const struct quick *quick, uint32_t slot)
{
	const struct ct_foreseen *seen = quick->seen;
	struct ct_nat_pool *pool = quick->pool;

	return !ct_pool_excludes(pool, seen->id) &&
	       ct_pool_state(seen->addr) == CT_POOL_ACTIVE &&
	       atomic_load_explicit(&seen->addr->lists[slot],
				    memory_order_acquire) &&
	       ct_overload_reserve(pool, seen->reply.hash);
}

/* => The foreseen id is this mapping's, and nobody is answered there who does
 *    not belong to the pool. */
static bool take_id(const struct quick *quick)
{
	const struct ct_foreseen *seen = quick->seen;
	struct ct_nat_pool *pool = quick->pool;
	const struct ct_place place = { seen->addr->number, seen->id };
	uint32_t slot = seen->want.slot;
	bool listed = ct_pool_overloads(pool);
	enum ct_dir dir;

	if (!(listed ? reserve(quick, slot)
		     : ct_pool_take_seen(pool, slot, &place, quick->unit)))
		return false;
	if (ct_likely(!ct_buckets_find(pool->tbl, &seen->reply, &dir)))
		return true;
	if (listed)
		ct_overload_settled(pool, seen->reply.hash);
	else
		ct_pool_give(pool, slot, &place, quick->unit);
	return false;
}

/* A mapping with one connection; whoever finds it by its id waits for the
 * chain. */
static void fill(const struct quick *quick, uint32_t next)
{
	const struct ct_foreseen *seen = quick->seen;
	const struct ct_nat_pool *pool = quick->pool;
	const struct ct_narrow *from = &seen->of->narrow;

	*ct_binding_at(pool->tbl, quick->unit) = (struct ct_mapping){
		.next = next,
		.n_conns = 1,
		.inside.v6 = { from->src }, /* and nothing behind */
		.first = ct_conn_unit(pool->tbl, quick->conn),
		.subscriber = quick->visit.unit,
		.inside_id = from->src_id,
		.outside_id = htons((uint16_t)seen->id),
		.l3 = from->l3,
		.l4 = from->l4,
		.zone = from->zone,
		.pool = pool->number,
		.address = (uint16_t)seen->addr->number,
		.flags = ct_pool_overloads(pool) ? CT_BINDING_LISTED : 0,
		.list = ct_binding_list_of(quick->thr),
		.key = seen->key,
	};
}

/* => The mapping is the chain's first from now on.  False: nothing has changed. */
static bool make(struct quick *quick, uint32_t first)
{
	struct ct_thread *thr = quick->thr;
	struct ct_slab *slab = &thr->tbl->slab;
	struct ct_magazine *magazine = &thr->magazine[CT_SLAB_NAT];
	const struct ct_foreseen *seen = quick->seen;

	quick->unit = ct_slab_alloc(slab, magazine, CT_SLAB_NAT);
	if (ct_unlikely(!quick->unit))
		return false;
	fill(quick, first);
	if (ct_unlikely(!take_id(quick))) {
		ct_slab_free(slab, magazine, CT_SLAB_NAT, quick->unit);
		return false;
	}
	ct_conn_first_link(quick->conn)->mapping = quick->unit;
	quick->conn->narrow[CT_DIR_REPLY] = seen->reply.narrow;
	return true;
}

/* The same, if its name has none and its subscriber may have it. */
static bool visit(struct quick *quick, uint32_t first)
{
	const struct ct_foreseen *seen = quick->seen;
	struct ct_nat_pool *pool = quick->pool;

	if (is_known(pool->tbl, first, seen->key) ||
	    !ct_visit_begin(quick->thr, pool, &seen->of->tuple, &quick->visit))
		return false;
	if (ct_unlikely(!make(quick, first))) {
		ct_visit_cancel(quick->thr, pool, &quick->visit);
		return false;
	}
	ct_visit_end(pool, &quick->visit);
	return true;
}

/* Everybody finds it; what else there is to do, and to tell. */
static void made(const struct quick *quick)
{
	struct ct_thread *thr = quick->thr;
	struct ct_nat_pool *pool = quick->pool;

	if (ct_pool_overloads(pool))
		ct_binding_enlist(pool, quick->unit);
	if (ct_unlikely(ct_report_wanted(pool, CT_NAT_EV_SUBSCRIBER)))
		ct_visit_tell(thr, pool, &quick->visit);
	if (ct_unlikely(ct_report_wanted(pool, CT_NAT_EV_MAPPING)))
		ct_report_mapping(thr, CT_NAT_EV_MAPPING,
				  ct_binding_at(thr->tbl, quick->unit), NULL);
	ct_setup_done(quick->conn, CT_NAT_SRC);
}

bool ct_quick_pool(struct ct_thread *thr, struct ct_conn *conn,
		   struct ct_nat_pool *pool)
{
	const struct ct_foreseen *seen = thr->foreseen;
	struct quick quick;
	uint32_t first;
	bool done;

	if (!is_foreseen(seen, conn, pool) || !is_simple(pool))
		return false;
	quick.thr = thr;
	quick.conn = conn;
	quick.pool = pool;
	quick.seen = seen;
	quick.visit.head = seen->head[1];
	quick.visit.tag = ct_subscriber_tag(seen->owner);
	quick.visit.address = seen->addr->number;
	first = ct_head_lock(seen->head[0]);
	done = visit(&quick, first);
	ct_head_unlock(seen->head[0], done ? quick.unit : first);
	if (ct_likely(done))
		made(&quick);
	return done;
}
