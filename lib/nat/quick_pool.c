/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quick_pool.c - a pool's new mapping, as it was foreseen
 *
 * What pooled.c does in steps is done here in one visit of the mapping's chain,
 * since the address, the id and the key of the reply tuple are at hand
 * (foresee.h): subscriber, mapping, id, entered for everybody.  So nobody can
 * be faster in between.
 *
 * Locks: within the chain's that of the subscriber's chain, within that the
 * map's, or that of a chain of claims.
 */
#include "core/head.h"
#include "nat/binding.h"
#include "nat/claim.h"
#include "nat/quick.h"
#include "nat/report.h"
#include "nat/setup.h"
#include "nat/subscriber.h"

#include <arpa/inet.h>
#include <string.h>

/* A connection that gets a mapping, and the visit of its subscriber.  Of the
 * bind what is foreseen is not set. */
struct quick {
	struct ct_bind bind;
	struct ct_visit visit;
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

/* => Somebody who does not belong to the pool is answered there. */
static bool is_foreign(const struct ct_bind *bind)
{
	enum ct_dir dir;

	return ct_buckets_find(bind->pool->tbl, &bind->seen->reply, &dir);
}

/* The foreseen id, one that is overloaded. */
static bool claim(struct ct_bind *bind)
{
	const struct ct_foreseen *seen = bind->seen;
	struct ct_nat_pool *pool = bind->pool;
	const union ct_addr addr = { .v6 = { ct_pool_narrow(seen->addr) } };

	if (ct_pool_excludes(pool, seen->id) ||
	    ct_pool_state(seen->addr) != CT_POOL_ACTIVE ||
	    !atomic_load_explicit(&seen->addr->lists[bind->slot],
				  memory_order_acquire) ||
	    !ct_claim_make(bind))
		return false;
	if (ct_likely(ct_claim_enter(bind, &addr, htons((uint16_t)seen->id)))) {
		if (ct_likely(!is_foreign(bind)))
			return true;
		ct_claim_leave(bind);
	}
	ct_claim_unmake(bind);
	return false;
}

/* => The foreseen id is this mapping's: nothing else would be chosen. */
static bool take_id(struct ct_bind *bind)
{
	const struct ct_foreseen *seen = bind->seen;
	const struct ct_place place = { seen->addr->number, seen->id };
	struct ct_want want;

	if (ct_pool_overloads(bind->pool))
		return claim(bind);
	if (ct_unlikely(is_foreign(bind)))
		return false;
	want = seen->want;
	want.owner = bind->unit;
	return ct_pool_take_seen(bind->pool, &want, &place);
}

/* A mapping with one connection; whoever finds it by its id waits for the
 * chain. */
static void fill(const struct ct_bind *bind, uint32_t next)
{
	const struct ct_foreseen *seen = bind->seen;
	const struct ct_nat_pool *pool = bind->pool;
	const struct ct_narrow *from = &seen->of->narrow;

	*ct_binding_at(pool->tbl, bind->unit) = (struct ct_mapping){
		.next = next,
		.n_conns = 1,
		.inside.v6 = { from->src }, /* and nothing behind */
		.first = ct_conn_unit(pool->tbl, bind->conn),
		.subscriber = bind->subscriber,
		.inside_id = from->src_id,
		.outside_id = htons((uint16_t)seen->id),
		.l3 = from->l3,
		.l4 = from->l4,
		.zone = from->zone,
		.pool = pool->number,
		.address = (uint16_t)seen->addr->number,
		.flags = ct_pool_overloads(pool) ? CT_BINDING_LISTED : 0,
		.list = ct_binding_list_of(bind->pick.thr),
		.key = seen->key,
	};
}

/* => The mapping is the chain's first from now on.  False: nothing has changed. */
static bool make(struct ct_bind *bind, uint32_t first)
{
	struct ct_thread *thr = bind->pick.thr;

	bind->unit = ct_slab_alloc(&thr->tbl->slab, &thr->magazine[CT_SLAB_NAT],
				   CT_SLAB_NAT);
	if (ct_unlikely(!bind->unit))
		return false;
	fill(bind, first);
	if (ct_unlikely(!take_id(bind))) {
		ct_binding_unmake(bind);
		return false;
	}
	ct_conn_first_link(bind->conn)->mapping = bind->unit;
	bind->conn->narrow[CT_DIR_REPLY] = bind->seen->reply.narrow;
	return true;
}

/* The same, if its name has none and its subscriber may have it. */
static bool visit(struct quick *quick, uint32_t first)
{
	struct ct_bind *bind = &quick->bind;
	const struct ct_foreseen *seen = bind->seen;
	struct ct_thread *thr = bind->pick.thr;

	if (is_known(thr->tbl, first, seen->key) ||
	    !ct_visit_begin(thr, bind->pool, &seen->of->tuple, &quick->visit))
		return false;
	bind->subscriber = quick->visit.unit;
	if (ct_unlikely(!make(bind, first))) {
		ct_visit_cancel(thr, bind->pool, &quick->visit);
		return false;
	}
	ct_visit_end(bind->pool, &quick->visit);
	return true;
}

/* Everybody finds it; what else there is to do, and to tell. */
static void made(const struct quick *quick)
{
	const struct ct_bind *bind = &quick->bind;
	struct ct_thread *thr = bind->pick.thr;
	struct ct_nat_pool *pool = bind->pool;

	if (ct_pool_overloads(pool))
		ct_binding_enlist(pool, bind->unit);
	if (ct_unlikely(ct_report_wanted(pool, CT_NAT_EV_SUBSCRIBER)))
		ct_visit_tell(thr, pool, &quick->visit);
	if (ct_unlikely(ct_report_wanted(pool, CT_NAT_EV_MAPPING)))
		ct_report_mapping(thr, CT_NAT_EV_MAPPING,
				  ct_binding_at(thr->tbl, bind->unit), NULL);
	ct_setup_done(bind->conn, CT_NAT_SRC);
	thr->n_foreseen++;
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
	quick.bind.pick.thr = thr;
	quick.bind.conn = conn;
	quick.bind.pool = pool;
	quick.bind.seen = seen;
	quick.bind.peer = seen->peer;
	quick.bind.slot = seen->want.slot;
	quick.visit.head = seen->head[1];
	quick.visit.tag = ct_subscriber_tag(seen->owner);
	quick.visit.address = seen->addr->number;
	first = ct_head_lock(seen->head[0]);
	done = visit(&quick, first);
	ct_head_unlock(seen->head[0], done ? quick.bind.unit : first);
	if (ct_likely(done))
		made(&quick);
	return done;
}
