/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * overload.c - an id for several mappings, as long as their peers differ
 */
#include "nat/overload.h"

#include "core/table.h"
#include "nat/claim.h"
#include "nat/steal.h"

#include <arpa/inet.h>

enum { ADDRS_TRIED = 4 };

/* --- One try ------------------------------------------------------------ */

/* => Nobody else has it with this peer, or who has is finished and was made to
 *    yield: with few tries left. */
static bool is_ours(const struct ct_bind *bind, const struct ct_tuple *leave,
		    uint32_t tries_left)
{
	bool hard = tries_left <= CT_PICK_TRIES_HARD;
	struct ct_conn *old;

	if (ct_pool_in_use(bind->pool, leave->l4, &leave->src,
			   ntohs(leave->src_id)))
		return false;
	/* Where the first one was not free a look tells that others are not. */
	if (!hard && tries_left < CT_OVERLOAD_TRIES &&
	    ct_pick_is_taken(&bind->pick, leave))
		return false;
	if (!ct_claim_enter(bind, &leave->src, leave->src_id) &&
	    !(hard && ct_steal_claim(bind, &leave->src, leave->src_id) &&
	      ct_claim_enter(bind, &leave->src, leave->src_id)))
		return false;
	old = ct_pick_holder(&bind->pick, leave);
	if (!old || (hard && ct_steal_conn(bind, old)))
		return true;
	ct_claim_leave(bind);
	return false;
}

/* --- Ids of an address -------------------------------------------------- */

static bool keeps_id(const struct ct_bind *bind, uint32_t id)
{
	return ct_pool_keeps(bind->pool, id) &&
	       !ct_pool_excludes(bind->pool, id);
}

/* => Whether an id of this address is free; it is set.  Of few ids all are
 * tried, of many some at random. */
static bool try_ids(const struct ct_bind *bind, struct ct_tuple *leave)
{
	const struct ct_nat_pool_config *cfg = &bind->pool->cfg;
	ct_be16 *id = ct_range_id(bind->pick.ops, leave, CT_NAT_SRC);
	uint32_t ids = bind->pool->last_shared - cfg->min_id + 1;
	bool all = ids <= CT_OVERLOAD_TRIES;
	uint32_t left = all ? ids : CT_OVERLOAD_TRIES;
	uint32_t at = ct_pool_any_id(bind->pool, ct_bind_dice(bind));

	if (!id)
		return is_ours(bind, leave, 0);
	if (keeps_id(bind, ntohs(*id)) && is_ours(bind, leave, left))
		return true;
	for (; left; left--) {
		*id = htons((uint16_t)at);
		if (!ct_pool_excludes(bind->pool, at) &&
		    is_ours(bind, leave, left))
			return true;
		if (!all)
			at = ct_pool_any_id(bind->pool,
					    ct_random(bind->pick.thr));
		else
			at = at < bind->pool->last_shared ? at + 1
							  : cfg->min_id;
	}
	return false;
}

int ct_overload_choose(const struct ct_bind *bind, uint32_t start, bool only,
		       struct ct_place *place)
{
	const struct ct_nat_pool *pool = bind->pool;
	uint32_t n = atomic_load_explicit(&pool->n_addrs, memory_order_acquire);
	uint32_t tried = 0;

	for (uint32_t i = 0; i < n && tried < ADDRS_TRIED; i++) {
		const struct ct_pool_addr *addr =
			ct_pool_at(pool, (start + i) % n);
		struct ct_tuple leave = bind->pick.now;

		if (ct_pool_state(addr) == CT_POOL_ACTIVE) {
			tried++;
			ct_pool_address(pool, addr->number, &leave.src);
			if (try_ids(bind, &leave)) {
				place->address = addr->number;
				place->id = ntohs(leave.src_id);
				return 0;
			}
		}
		if (only)
			break;
	}
	return tried ? CT_E_FULL : CT_E_NOENT;
}
