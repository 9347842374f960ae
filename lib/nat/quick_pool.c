/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quick_pool.c - a pool's new mapping, as it was foreseen
 *
 * In the order of pooled.c: subscriber, mapping, id, entered for everybody.  The
 * address, the id and the key of the reply tuple are at hand (foresee.h).
 */
#include "nat/binding.h"
#include "nat/claim.h"
#include "nat/quick.h"
#include "nat/setup.h"
#include "nat/subscriber.h"

#include <arpa/inet.h>
#include <string.h>

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
	return seen && seen->pool == pool && seen->addr &&
	       seen->id != CT_PORTMAP_NONE &&
	       ct_quick_is_plain(pool->tbl, conn) &&
	       memcmp(&conn->narrow[CT_DIR_ORIG], &seen->of->narrow,
		      sizeof(seen->of->narrow)) == 0;
}

/* The same of an id that is overloaded. */
static bool claim_seen(const struct ct_bind *bind)
{
	const struct ct_foreseen *seen = bind->seen;
	struct ct_nat_pool *pool = bind->pool;
	union ct_addr addr;

	ct_pool_address(pool, seen->addr->number, &addr);
	return !ct_pool_excludes(pool, seen->id) &&
	       ct_pool_state(seen->addr) == CT_POOL_ACTIVE &&
	       ct_pool_lists(pool, seen->addr, bind->slot) &&
	       ct_claim_enter(bind, &addr, htons((uint16_t)seen->id));
}

/* => Somebody who does not belong to the pool is answered there. */
static bool is_foreign(const struct ct_bind *bind)
{
	enum ct_dir dir;

	return ct_buckets_find(bind->pool->tbl, &bind->seen->reply, &dir);
}

/* => The id that was foreseen is this mapping's: nothing else would be chosen. */
static bool take_seen(const struct ct_bind *bind)
{
	const struct ct_foreseen *seen = bind->seen;
	struct ct_nat_pool *pool = bind->pool;
	const struct ct_place place = { seen->addr->number, seen->id };
	const struct ct_want want = {
		.thr = bind->pick.thr,
		.slot = bind->slot,
		.owner = bind->unit,
		.inside = ntohs(bind->name.src_id),
		.dice = seen->dice,
	};
	bool paired;

	if (ct_subscriber_address(pool, bind->subscriber, &paired) !=
	    place.address)
		return false;
	if (!ct_pool_overloads(pool))
		return ct_likely(!is_foreign(bind)) &&
		       ct_pool_take_seen(pool, &want, &place);
	if (!claim_seen(bind))
		return false;
	if (ct_likely(!is_foreign(bind)))
		return true;
	ct_claim_leave(bind);
	return false;
}

/* A new mapping with the id that was foreseen; => false: nothing has changed. */
static bool make_seen(struct ct_bind *bind, struct ct_tuple *leave)
{
	struct ct_nat_pool *pool = bind->pool;
	struct ct_thread *thr = bind->pick.thr;
	const struct ct_foreseen *seen = bind->seen;
	const struct ct_place place = { seen->addr->number, seen->id };
	bool listed = ct_pool_overloads(pool);

	if (ct_subscriber_take(thr, pool, &bind->name, seen->owner,
			       &bind->subscriber))
		return false;
	if (ct_likely(ct_binding_make(bind))) {
		/* When that fails it has given all of it back. */
		if (ct_likely((!listed || ct_claim_make(bind)) &&
			      take_seen(bind)))
			return !ct_binding_enter(bind, &place,
						 listed ? CT_BINDING_LISTED : 0,
						 leave);
		ct_claim_unmake(bind);
		ct_binding_unmake(bind);
	}
	ct_subscriber_put(thr, pool, bind->subscriber);
	return false;
}

bool ct_quick_pool(struct ct_thread *thr, struct ct_conn *conn,
		   struct ct_nat_pool *pool)
{
	const struct ct_foreseen *seen = thr->foreseen;
	struct ct_tuple leave;
	struct ct_bind bind;

	if (!is_foreseen(seen, conn, pool) || !is_simple(pool))
		return false;
	bind.pick.thr = thr;
	bind.conn = conn;
	bind.pool = pool;
	bind.claim = 0;
	bind.slot = thr->tbl->registry.l4_at[seen->of->narrow.l4];
	if (ct_binding_name(&bind, &seen->of->tuple) ||
	    !ct_binding_is_new(&bind))
		return false;
	leave = seen->of->tuple;
	if (!make_seen(&bind, &leave))
		return false;
	ct_narrow_set(&conn->narrow[CT_DIR_REPLY],
		      (ct_be32[]){ leave.dst.v4, leave.src.v4 },
		      (ct_be16[]){ leave.dst_id, leave.src_id },
		      ct_narrow_tail(leave.l3, leave.l4, leave.zone));
	ct_setup_done(conn, CT_NAT_SRC);
	thr->n_foreseen++;
	return true;
}
