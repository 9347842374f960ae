/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maps.c - a pool's maps of ids: made when needed, exclusions, gauges
 */
#include "core/table.h"
#include "nat/pool.h"
#include "nat/subscriber.h"

/* --- Maps, made when they are needed ------------------------------------ */

bool ct_pool_excludes(const struct ct_nat_pool *pool, uint32_t id)
{
	return atomic_load_explicit(&pool->excluded[id / 64],
				    memory_order_relaxed) >>
		       id % 64 &
	       1;
}

static struct ct_portmap *make_map(struct ct_nat_pool *pool)
{
	struct ct_portmap *map =
		ct_portmap_make(&pool->tbl->mem, pool->n_ids, pool->hold);

	if (!map)
		return NULL;
	/* The even neighbour of an odd first id is no id of the pool's. */
	if (pool->first_id != pool->base)
		ct_portmap_exclude(map, 0);
	for (uint32_t id = pool->base; id <= pool->cfg.max_id; id++) {
		if (id % 64 == 0 &&
		    !atomic_load_explicit(&pool->excluded[id / 64],
					  memory_order_relaxed))
			id += 63;
		else if (ct_pool_excludes(pool, id))
			ct_portmap_exclude(map, id - pool->base);
	}
	return map;
}

struct ct_portmap *ct_pool_map(struct ct_nat_pool *pool,
			       struct ct_pool_addr *addr, uint32_t slot)
{
	struct ct_portmap *map =
		atomic_load_explicit(&addr->map[slot], memory_order_acquire);

	if (ct_likely(map != NULL))
		return map;
	ct_spin_lock(&pool->lock);
	map = atomic_load_explicit(&addr->map[slot], memory_order_relaxed);
	if (!map)
		map = make_map(pool);
	/* release; pairs with the acquire above */
	atomic_store_explicit(&addr->map[slot], map, memory_order_release);
	ct_spin_unlock(&pool->lock);
	return map;
}

struct ct_pool_lists *ct_pool_lists(struct ct_nat_pool *pool,
				    struct ct_pool_addr *addr, uint32_t slot)
{
	struct ct_pool_lists *lists =
		atomic_load_explicit(&addr->lists[slot], memory_order_acquire);

	if (ct_likely(lists != NULL))
		return lists;
	ct_spin_lock(&pool->lock);
	lists = atomic_load_explicit(&addr->lists[slot], memory_order_relaxed);
	if (!lists)
		lists = ct_mem_alloc(&pool->tbl->mem, sizeof(*lists), CT_LINE);
	/* release; pairs with the acquire above */
	atomic_store_explicit(&addr->lists[slot], lists, memory_order_release);
	ct_spin_unlock(&pool->lock);
	return lists;
}

/* A new protocol: every active address has all its ids. */
static struct ct_pool_proto *make_proto(struct ct_nat_pool *pool)
	CT_REQUIRES(pool->lock)
{
	uint32_t n = atomic_load_explicit(&pool->n_addrs, memory_order_relaxed);
	struct ct_pool_proto *proto =
		ct_mem_alloc(&pool->tbl->mem, ct_pool_proto_len(pool), CT_LINE);

	for (uint32_t i = 0; proto && i < n; i++)
		if (ct_pool_state(ct_pool_at(pool, i)) == CT_POOL_ACTIVE)
			atomic_fetch_or(&proto->has_free[i / 64],
					UINT64_C(1) << i % 64);
	return proto;
}

struct ct_pool_proto *ct_pool_proto(struct ct_nat_pool *pool, uint32_t slot)
{
	struct ct_pool_proto *proto =
		atomic_load_explicit(&pool->proto[slot], memory_order_acquire);

	if (ct_likely(proto != NULL))
		return proto;
	ct_spin_lock(&pool->lock);
	proto = atomic_load_explicit(&pool->proto[slot], memory_order_relaxed);
	if (!proto)
		proto = make_proto(pool);
	/* release; pairs with the acquire above, and in pool.c */
	atomic_store_explicit(&pool->proto[slot], proto, memory_order_release);
	ct_spin_unlock(&pool->lock);
	return proto;
}

/* --- Exclusions, gauges ------------------------------------------------- */

static void exclude_in(struct ct_nat_pool *pool, struct ct_portmap *map,
		       uint32_t first, uint32_t last)
{
	ct_spin_lock(&map->lock);
	for (uint32_t id = first; id <= last; id++)
		if (id >= pool->base && id - pool->base < map->n)
			ct_portmap_exclude(map, id - pool->base);
	ct_spin_unlock(&map->lock);
}

static void exclude_one(struct ct_nat_pool *pool, uint32_t id)
	CT_REQUIRES(pool->lock)
{
	if (ct_pool_excludes(pool, id))
		return;
	atomic_fetch_or_explicit(&pool->excluded[id / 64],
				 UINT64_C(1) << id % 64, memory_order_relaxed);
	if (id >= pool->cfg.min_id && id <= pool->cfg.max_id)
		atomic_fetch_sub_explicit(&pool->n_given, 1,
					  memory_order_relaxed);
}

int ct_nat_pool_exclude(struct ct_nat_pool *pool, uint16_t first, uint16_t last)
{
	uint32_t n;

	if (first > last)
		return CT_E_INVAL;
	ct_spin_lock(&pool->lock);
	for (uint32_t id = first; id <= last; id++)
		exclude_one(pool, id);
	n = atomic_load_explicit(&pool->n_addrs, memory_order_relaxed);
	for (uint32_t i = 0; i < n; i++) {
		struct ct_pool_addr *addr = ct_pool_at(pool, i);

		for (unsigned slot = 0; slot < CT_TRACKERS; slot++) {
			struct ct_portmap *map = atomic_load(&addr->map[slot]);

			if (map)
				exclude_in(pool, map, first, last);
		}
		ct_blocks_exclude(pool, addr);
		ct_pool_update(pool, addr);
	}
	ct_spin_unlock(&pool->lock);
	return 0;
}

static void gauge_map(const struct ct_nat_pool *pool,
		      struct ct_nat_gauge *gauge, struct ct_portmap *map)
{
	ct_spin_lock(&map->lock);
	if (!ct_pool_overloads(pool)) {
		/* Each that is not excluded is one of three; others are used
		 * still. */
		gauge->free = ct_portmap_n_free(map);
		gauge->ids = gauge->free + map->n_held + map->n_taken;
	}
	gauge->held = map->n_held;
	gauge->mappings += map->n_taken;
	gauge->made += map->made;
	ct_spin_unlock(&map->lock);
}

static void gauge_lists(struct ct_nat_gauge *gauge,
			const struct ct_pool_lists *lists)
{
	for (unsigned i = 0; i < CT_POOL_LISTS; i++) {
		const struct ct_pool_list *list = &lists->list[i];

		gauge->mappings +=
			atomic_load_explicit(&list->n, memory_order_relaxed);
		gauge->made +=
			atomic_load_explicit(&list->made, memory_order_relaxed);
	}
}

int ct_nat_pool_gauge(struct ct_nat_pool *pool, const union ct_addr *is,
		      uint8_t l4, struct ct_nat_gauge *gauge)
{
	uint32_t slot = pool->tbl->registry.l4_at[l4];
	struct ct_nat_gauge now = { .ids = atomic_load_explicit(
					    &pool->n_given,
					    memory_order_relaxed) };
	struct ct_pool_lists *lists;
	struct ct_pool_addr *addr;
	struct ct_portmap *map;

	addr = ct_pool_find(pool, is);
	if (!addr || ct_pool_state(addr) == CT_POOL_REMOVED)
		return CT_E_NOENT;
	map = atomic_load_explicit(&addr->map[slot], memory_order_acquire);
	lists = atomic_load_explicit(&addr->lists[slot], memory_order_acquire);
	now.active = ct_pool_state(addr) == CT_POOL_ACTIVE;
	now.free = ct_pool_overloads(pool) ? 0 : now.ids;
	if (map)
		gauge_map(pool, &now, map);
	if (lists)
		gauge_lists(&now, lists);
	return ct_sized_answer(gauge, &now, sizeof(now));
}
