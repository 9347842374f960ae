/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * overload.c - an id for several mappings, as long as their peers differ
 */
#include "nat/overload.h"

#include "core/table.h"

#include <arpa/inet.h>

enum { WAYS = 8, ADDRS_TRIED = 4 };

/* --- Pending tuples ----------------------------------------------------- */

static _Atomic uint32_t *way_of(struct ct_nat_pool *pool, uint64_t hash,
				unsigned i)
{
	return &pool->pending[((uint32_t)hash + i) % pool->n_pending];
}

static uint32_t mark_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32) | 1;
}

/*
 * => False when it is reserved already, or no place is left for it.
 *
 * All ways are looked at before one is taken, so that two threads which reserve
 * the same tuple at once may both find none: who takes a place looks again.
 */
bool ct_overload_reserve(struct ct_nat_pool *pool, uint64_t hash)
{
	uint32_t mark = mark_of(hash);
	unsigned mine = WAYS, same = 0;

	for (unsigned i = 0; i < WAYS && mine == WAYS; i++) {
		uint32_t none = 0;

		if (atomic_compare_exchange_strong(way_of(pool, hash, i), &none,
						   mark))
			mine = i;
		else if (none == mark)
			return false;
	}
	for (unsigned i = 0; i < WAYS; i++)
		same += atomic_load(way_of(pool, hash, i)) == mark;
	if (mine < WAYS && same > 1)
		atomic_store(way_of(pool, hash, mine), 0);
	return mine < WAYS && same == 1;
}

void ct_overload_settled(struct ct_nat_pool *pool, uint64_t hash)
{
	uint32_t mark = mark_of(hash);

	for (unsigned i = 0; i < WAYS; i++)
		if (atomic_load_explicit(way_of(pool, hash, i),
					 memory_order_relaxed) == mark) {
			atomic_store(way_of(pool, hash, i), 0);
			return;
		}
}

/* --- One try ------------------------------------------------------------ */

static bool is_ours(const struct ct_bind *bind, const struct ct_tuple *leave,
		    uint32_t tries_left)
{
	const struct ct_pick *pick = &bind->pick;
	struct ct_key key;

	if (ct_pool_in_use(bind->pool, leave->l4, &leave->src,
			   ntohs(leave->src_id)))
		return false;
	if (ct_pick_is_kept(pick, leave, tries_left) ||
	    !ct_pick_reply_key(pick, leave, &key))
		return false;
	if (!ct_overload_reserve(bind->pool, key.hash))
		return false;
	/* Another may have confirmed it, and settled, in between. */
	if (!ct_pick_is_taken(pick, leave))
		return true;
	ct_overload_settled(bind->pool, key.hash);
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
	uint32_t ids = (uint32_t)cfg->max_id - cfg->min_id + 1;
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
			at = at < cfg->max_id ? at + 1 : cfg->min_id;
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
