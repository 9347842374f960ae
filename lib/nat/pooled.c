/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pooled.c - ct_nat_pool_setup() and ct_nat_inbound()
 *
 * From inside:
 *	1  the mapping that the endpoint has, for this peer
 *	2  or a new one: subscriber, address, id; somebody else may have been
 *	   faster meanwhile, then it is his
 * From outside:
 *	the mapping that has this endpoint, if the filter lets the peer in
 */
#include "nat/binding.h"
#include "nat/claim.h"
#include "nat/overload.h"
#include "nat/quick.h"
#include "nat/report.h"
#include "nat/setup.h"
#include "nat/steal.h"
#include "nat/subscriber.h"

#include <arpa/inet.h>
#include <string.h>

/* Ids that were taken for nothing, since somebody else has them. */
enum { ASIDE_MAX = 64 };

/* --- Refusals ----------------------------------------------------------- */

/* The address that a paired subscriber has, which has no id left. */
static void tell_address(const struct ct_bind *bind, struct ct_nat_event *ev)
{
	struct ct_nat_usage usage = { .size = sizeof(usage) };

	if (!ct_nat_usage(bind->pool, &bind->name.src, bind->name.zone,
			  &usage) &&
	    usage.paired)
		ev->outside = usage.outside;
}

static void tell(const struct ct_bind *bind, enum ct_nat_event_kind kind)
{
	const struct ct_nat_pool_config *cfg = &bind->pool->cfg;
	struct ct_nat_event ev = { .kind = kind,
				   .inside = bind->name.src,
				   .inside_id = bind->name.src_id,
				   .l4 = bind->name.l4,
				   .zone = bind->name.zone,
				   .quota = bind->quota };

	if (bind->quota == CT_NAT_QUOTA_SESSIONS)
		ev.limit = cfg->max_conns;
	else if (bind->quota == CT_NAT_QUOTA_MAPPINGS)
		ev.limit = cfg->max_mappings;
	else if (bind->quota == CT_NAT_QUOTA_RATE)
		ev.limit = cfg->max_rate;
	if (kind == CT_NAT_EV_NO_ID && ct_report_wanted(bind->pool, kind))
		tell_address(bind, &ev);
	ct_report(bind->pick.thr, bind->pool, &ev);
}

static int refuse(const struct ct_bind *bind, struct ct_pkt *pkt, int error)
{
	struct ct_thread *thr = bind->pick.thr;

	switch (error) {
	case CT_E_REFUSED:
		tell(bind, CT_NAT_EV_QUOTA);
		return ct_setup_refuse(thr, pkt, CT_R_NAT_QUOTA, CT_E_FULL);
	case CT_E_FULL:
		tell(bind, CT_NAT_EV_NO_ID);
		return ct_setup_refuse(thr, pkt, CT_R_NAT_EXHAUSTED, error);
	case CT_E_NOENT:
		tell(bind, CT_NAT_EV_NO_ADDRESS);
		return ct_setup_refuse(thr, pkt, CT_R_NAT_EXHAUSTED, error);
	default:
		return error;
	}
}

/* --- A new mapping ------------------------------------------------------ */

/* The neighbour's place, of which this one's id makes a pair (RFC 4787 4.2.3);
 * id 0 when there is none. */
static struct ct_place find_near(const struct ct_bind *bind)
{
	struct ct_place near = { 0, 0 };
	struct ct_bind other = { .pool = bind->pool, .pick = bind->pick };
	struct ct_tuple from = bind->name, leave = bind->pick.now;
	const struct ct_pool_addr *addr;

	from.src_id ^= htons(1);
	if (ct_binding_name(&other, &from) || ct_binding_join(&other, &leave))
		return near;
	addr = ct_pool_find(bind->pool, &leave.src);
	if (!addr)
		return near;
	near.address = addr->number;
	near.id = ntohs(leave.src_id) ^ 1u;
	return near;
}

static bool wants_near(const struct ct_nat_pool *pool)
{
	return ct_unlikely(pool->cfg.flags & CT_POOL_CONTIGUITY) &&
	       pool->cfg.mapping == CT_NAT_ON_NOTHING;
}

/* => Somebody else answers there, though the pool does not know it. */
static bool is_foreign(const struct ct_bind *bind, const struct ct_place *place)
{
	struct ct_tuple leave = bind->pick.now;

	ct_pool_address(bind->pool, place->address, &leave.src);
	leave.src_id = htons((uint16_t)place->id);
	return ct_pool_in_use(bind->pool, leave.l4, &leave.src, place->id) ||
	       ct_pick_is_taken(&bind->pick, &leave);
}

static int take_one(const struct ct_bind *bind, struct ct_want *want,
		    struct ct_place *place)
{
	if (bind->pool->cfg.block_ids)
		return ct_subscriber_take_id(bind->pool, bind->subscriber, want,
					     place);
	return ct_pool_take(bind->pool, want, place);
}

/* An id that is nobody's, not even outside the pool. */
static int take_place(const struct ct_bind *bind, uint32_t start, bool only,
		      struct ct_place *place)
{
	struct ct_want want = {
		.thr = bind->pick.thr,
		.slot = bind->slot,
		.owner = bind->unit,
		.start = start,
		.inside = ntohs(bind->name.src_id),
		.only = only,
		.dice = ct_bind_dice(bind),
	};
	struct ct_place aside[ASIDE_MAX];
	unsigned n = 0;
	int error;

	if (wants_near(bind->pool))
		want.near = find_near(bind);
	for (;;) {
		error = take_one(bind, &want, place);
		if (error || !is_foreign(bind, place))
			break;
		aside[n++] = *place;
		want.dice = ct_random(want.thr);
		if (n < ASIDE_MAX)
			continue;
		error = CT_E_FULL;
		break;
	}
	while (n)
		ct_pool_give(bind->pool, bind->slot, &aside[--n], bind->unit);
	return error;
}

/* Where: the subscriber's address, another if that is full and may be left. */
static int choose(struct ct_bind *bind, bool listed, struct ct_place *place)
{
	struct ct_nat_pool *pool = bind->pool;
	bool strict = pool->cfg.flags & CT_POOL_STRICT;
	bool paired = false;
	uint32_t start, n;
	int error;

	n = atomic_load_explicit(&pool->n_addrs, memory_order_acquire);
	if (!n || !ct_pool_active(pool, 0))
		return CT_E_NOENT;
	if (pool->cfg.flags & CT_POOL_UNPAIRED)
		start = (uint32_t)((uint64_t)ct_random(bind->pick.thr) * n >>
				   32);
	else
		start = ct_subscriber_address(pool, bind->subscriber, &paired);
	if (listed)
		return ct_overload_choose(bind, start, paired && strict, place);
	error = take_place(bind, start, paired && strict, place);
	if (error == CT_E_FULL && bind->steals)
		error = ct_steal(bind, start, place);
	return error;
}

/* => As ct_binding_enter(). */
static int make(struct ct_bind *bind, bool listed, struct ct_tuple *leave)
{
	struct ct_nat_pool *pool = bind->pool;
	struct ct_place place;
	int error;

	if (!ct_binding_make(bind))
		return CT_E_NOMEM;
	error = listed && !ct_claim_make(bind) ? CT_E_NOMEM
					       : choose(bind, listed, &place);
	if (!error && listed &&
	    !ct_pool_lists(pool, ct_pool_at(pool, place.address), bind->slot)) {
		ct_claim_leave(bind);
		error = CT_E_NOMEM;
	}
	if (!error)
		return ct_binding_enter(bind, &place,
					listed ? CT_BINDING_LISTED : 0, leave);
	ct_claim_unmake(bind);
	ct_binding_unmake(bind);
	return error;
}

static int begin(struct ct_bind *bind, struct ct_tuple *leave)
{
	struct ct_nat_pool *pool = bind->pool;
	struct ct_thread *thr = bind->pick.thr;
	bool listed =
		ct_pool_overloads(pool) ||
		!(bind->pick.ops->flags & (CT_L4_NAT_PORTS | CT_L4_NAT_QUERY));
	int error;

	bind->steals = !listed && ct_steal_may(bind);
	if (!listed && !bind->steals && ct_pool_is_full(pool, bind->slot))
		return ct_pool_active(pool, 0) ? CT_E_FULL : CT_E_NOENT;
	if (ct_subscribers_wanted(pool)) {
		uint64_t hash = bind->seen
					? bind->seen->owner
					: ct_subscriber_hash(pool, &bind->name);

		error = ct_subscriber_take(thr, pool, &bind->name, hash,
					   &bind->subscriber);
		if (error == CT_E_FULL) {
			bind->quota = CT_NAT_QUOTA_MAPPINGS;
			return CT_E_REFUSED;
		}
		if (error)
			return error;
	}
	error = make(bind, listed, leave);
	/* What was entered, or yielded, has given its subscriber away. */
	if (error && bind->unit == 0 && bind->subscriber)
		ct_subscriber_put(thr, pool, bind->subscriber);
	return error;
}

/* --- The verbs ---------------------------------------------------------- */

static int open(struct ct_bind *bind, struct ct_thread *thr,
		const struct ct_pkt *pkt, struct ct_nat_pool *pool)
{
	enum ct_nat_end end = bind->pick.end;
	int error = ct_setup_open(thr, pkt, end, &bind->pick);

	if (error)
		return error;
	bind->pool = pool;
	bind->conn = pkt->conn;
	bind->slot = thr->tbl->registry.l4_at[bind->pick.orig.l4];
	if (bind->pick.orig.l3 != pool->cfg.l3)
		return CT_E_INVAL;
	return ct_binding_room(thr, pkt->conn) ? 0 : CT_E_NOMEM;
}

/* The connection leaves so; its room for a reply tuple was made. */
static void adopt(const struct ct_bind *bind, const struct ct_tuple *leave)
{
	struct ct_tuple reply;

	ct_l4_invert(bind->pick.ops, leave, &reply);
	ct_conn_reply_set(bind->pick.thr, bind->conn, &reply);
	ct_setup_done(bind->conn, bind->pick.end);
}

static ct_noinline int setup(struct ct_thread *thr, struct ct_pkt *pkt,
			     struct ct_nat_pool *pool)
{
	struct ct_bind bind = { .pick.end = CT_NAT_SRC };
	struct ct_tuple from, leave;
	int error = open(&bind, thr, pkt, pool);

	if (error)
		return error;
	/* The inside endpoint, and the peer that its packets reach. */
	from = bind.pick.now;
	from.zone = bind.pick.orig.zone;
	error = ct_binding_name(&bind, &from);
	if (error)
		return error;
	leave = bind.pick.now;
	error = ct_binding_join(&bind, &leave);
	if (error == CT_E_NOENT)
		error = begin(&bind, &leave);
	if (error)
		return refuse(&bind, pkt, error);
	adopt(&bind, &leave);
	thr->habit = (struct ct_habit){ .pool = pool->number };
	return 0;
}

int ct_nat_pool_setup(struct ct_thread *thr, struct ct_pkt *pkt,
		      struct ct_nat_pool *pool)
{
	if (ct_likely(pkt->conn && ct_quick_pool(thr, pkt->conn, pool)))
		return 0;
	return setup(thr, pkt, pool);
}

/* --- From outside ------------------------------------------------------- */

/* => The mapping that an external endpoint is; false: none. */
static bool find_outside(const struct ct_bind *bind, struct ct_binding_ref *ref)
{
	struct ct_nat_pool *pool = bind->pool;
	const struct ct_tuple *to = &bind->pick.now;
	struct ct_pool_addr *addr = ct_pool_find(pool, &to->dst);
	uint32_t id = ntohs(to->dst_id);
	struct ct_portmap *map;

	ref->unit = 0;
	/* What was announced of overloaded ids is for who is expected. */
	if (!addr || ct_pool_state(addr) == CT_POOL_REMOVED ||
	    ct_pool_overloads(pool) ||
	    !(bind->pick.ops->flags & CT_L4_NAT_PORTS) || id < pool->base ||
	    id - pool->base >= pool->n_ids)
		return false;
	map = atomic_load_explicit(&addr->map[bind->slot],
				   memory_order_acquire);
	if (!map)
		return false;
	ct_spin_lock(&map->lock);
	ref->unit = ct_portmap_owner(map, id - pool->base);
	if (ref->unit)
		ref->key = ct_binding_at(pool->tbl, ref->unit)->key;
	ct_spin_unlock(&map->lock);
	return ref->unit != 0;
}

/* As the mapping's endpoint sees the sender: one from inside has a mapping of
 * its own. */
static void seen_from_outside(const struct ct_bind *bind, union ct_addr *peer)
{
	struct ct_bind other = { .pool = bind->pool, .pick = bind->pick };
	struct ct_tuple leave = bind->pick.orig;

	if (bind->pool->cfg.mapping == CT_NAT_ON_NOTHING &&
	    !ct_binding_name(&other, &bind->pick.orig))
		ct_binding_join(&other, &leave);
	*peer = leave.src;
}

/* => A connection that was let go is to this address, or from it.  Until then
 *    its keys are its opener's. */
static bool is_with(const struct ct_conn *conn, const union ct_addr *peer)
{
	struct ct_tuple orig, reply;

	if (!(ct_conn_word(conn) & CT_S_CONFIRMED))
		return false;
	ct_conn_tuple(conn, CT_DIR_ORIG, &orig);
	ct_conn_tuple(conn, CT_DIR_REPLY, &reply);
	return memcmp(&orig.dst, peer, sizeof(*peer)) == 0 ||
	       memcmp(&reply.src, peer, sizeof(*peer)) == 0;
}

/* => The endpoint has a connection to this address. */
static bool knows(const struct ct_table *tbl, const struct ct_mapping *map,
		  uint32_t unit, const union ct_addr *peer)
{
	enum { LOOKED_AT = 1024 };
	uint32_t at = map->first;

	for (unsigned i = 0; at && i < LOOKED_AT; i++) {
		const struct ct_conn *conn = ct_conn_at(tbl, at);

		if (is_with(conn, peer))
			return true;
		at = ct_binding_link_of(tbl, conn, unit)->older;
	}
	return false;
}

static bool lets_in(const struct ct_bind *bind, const struct ct_mapping *map,
		    uint32_t unit, const union ct_addr *peer)
{
	if (map->flags & CT_BINDING_STATIC)
		return true;
	switch (bind->pool->cfg.filtering) {
	case CT_NAT_ON_NOTHING:
		return true;
	case CT_NAT_ON_ADDRESS:
		return knows(bind->pool->tbl, map, unit, peer);
	default:
		return false; /* else its connection would have been found */
	}
}

/* Let a packet in through a mapping; => CT_E_NOENT when that is gone. */
static int enter(struct ct_bind *bind, const struct ct_binding_ref *ref,
		 const union ct_addr *peer, struct ct_tuple *leave)
{
	struct ct_table *tbl = bind->pool->tbl;
	struct ct_mapping *map;
	uint32_t first;
	int error = 0;

	map = ct_binding_lock(tbl, ref, &first);
	if (!map)
		return CT_E_NOENT;
	if (!lets_in(bind, map, ref->unit, peer))
		error = CT_E_REFUSED;
	if (!error && map->subscriber && ct_subscribers_count(bind->pool)) {
		bind->quota = ct_subscriber_open(bind->pick.thr, bind->pool,
						 map->subscriber);
		error = bind->quota ? CT_E_REFUSED : 0;
	}
	if (!error) {
		ct_binding_link(tbl, ref->unit, bind->conn);
		leave->dst = map->inside;
		leave->dst_id = map->inside_id;
	}
	ct_binding_unlock(tbl, ref, first);
	return error;
}

int ct_nat_inbound(struct ct_thread *thr, struct ct_pkt *pkt,
		   struct ct_nat_pool *pool)
{
	struct ct_bind bind = { .pick.end = CT_NAT_DST };
	struct ct_binding_ref ref;
	union ct_addr peer;
	struct ct_tuple leave;
	int error = open(&bind, thr, pkt, pool);

	if (error)
		return error == CT_E_INVAL ? CT_E_NOENT : error;
	if (!find_outside(&bind, &ref))
		return CT_E_NOENT;
	bind.name = bind.pick.orig;
	seen_from_outside(&bind, &peer);
	leave = bind.pick.now;
	error = enter(&bind, &ref, &peer, &leave);
	if (error == CT_E_REFUSED && bind.quota) {
		tell(&bind, CT_NAT_EV_QUOTA);
		return ct_setup_refuse(thr, pkt, CT_R_NAT_QUOTA, error);
	}
	if (error == CT_E_REFUSED)
		return ct_setup_refuse(thr, pkt, CT_R_NAT_FILTERED, error);
	if (!error)
		adopt(&bind, &leave);
	return error;
}
