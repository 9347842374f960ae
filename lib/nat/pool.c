/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool.c - which of a pool's ids a mapping gets
 */
#include "nat/pool.h"

#include "core/table.h"

/* Rescans while others give back; each means that somebody got on. */
enum { RESCANS = 1000 };

static struct ct_pool_proto *proto_now(const struct ct_nat_pool *pool,
				       uint32_t slot)
{
	/* acquire; pairs with the release in maps.c */
	return atomic_load_explicit(&pool->proto[slot], memory_order_acquire);
}

/* --- Who has a free one ------------------------------------------------- */

static uint64_t bit_of(uint32_t number)
{
	return UINT64_C(1) << number % 64;
}

/* The address has a free id again, which others may be looking for. */
static void show(struct ct_pool_proto *proto, uint32_t number)
{
	_Atomic uint64_t *word = &proto->has_free[number / 64];

	if (atomic_load_explicit(word, memory_order_relaxed) & bit_of(number))
		return;
	atomic_fetch_add_explicit(&proto->turns, 1, memory_order_seq_cst);
	atomic_fetch_or_explicit(word, bit_of(number), memory_order_seq_cst);
	atomic_fetch_add_explicit(&proto->turns, 1, memory_order_seq_cst);
}

static void hide(struct ct_pool_proto *proto, uint32_t number)
{
	atomic_fetch_and_explicit(&proto->has_free[number / 64],
				  ~bit_of(number), memory_order_seq_cst);
}

/* Its bit says what its map says; under the map's lock. */
static void show_or_hide(const struct ct_nat_pool *pool, uint32_t slot,
			 const struct ct_pool_addr *addr,
			 const struct ct_portmap *map)
{
	struct ct_pool_proto *proto = proto_now(pool, slot);

	if (ct_portmap_n_free(map) && ct_pool_state(addr) == CT_POOL_ACTIVE)
		show(proto, addr->number);
	else
		hide(proto, addr->number);
}

void ct_pool_update(struct ct_nat_pool *pool, struct ct_pool_addr *addr)
{
	for (uint32_t slot = 0; slot < CT_TRACKERS; slot++) {
		struct ct_portmap *map = atomic_load_explicit(
			&addr->map[slot], memory_order_acquire);
		struct ct_pool_proto *proto = proto_now(pool, slot);

		if (map) {
			ct_spin_lock(&map->lock);
			show_or_hide(pool, slot, addr, map);
			ct_spin_unlock(&map->lock);
		} else if (proto && ct_pool_state(addr) == CT_POOL_ACTIVE) {
			show(proto, addr->number);
		} else if (proto) {
			hide(proto, addr->number);
		}
	}
}

/* => The next address from here on that has a free id; n_addrs: none. */
static uint32_t next_free(const struct ct_nat_pool *pool,
			  const struct ct_pool_proto *proto, uint32_t from)
{
	uint64_t mask = UINT64_MAX << from % 64;

	for (uint32_t word = from / 64; word < pool->n_words; word++) {
		uint64_t bits = atomic_load_explicit(&proto->has_free[word],
						     memory_order_seq_cst) &
				mask;

		if (bits)
			return word * 64 + (uint32_t)__builtin_ctzll(bits);
		mask = UINT64_MAX;
	}
	return UINT32_MAX;
}

/* --- One address -------------------------------------------------------- */

/* => The part of the map in which the inside id's likes are. */
static struct ct_portspan class_of(const struct ct_nat_pool *pool,
				   const struct ct_want *want,
				   const struct ct_portspan *all)
{
	struct ct_portspan span = *all;
	uint32_t border = CT_POOL_SYSTEM_IDS - pool->base;

	if (!(pool->cfg.flags & CT_POOL_KEEP_CLASS) ||
	    pool->base >= CT_POOL_SYSTEM_IDS || border > all->last ||
	    border <= all->first)
		return span;
	if (want->inside < CT_POOL_SYSTEM_IDS)
		span.last = border - 1;
	else
		span.first = border;
	return span;
}

static uint32_t start_in(const struct ct_portspan *span, uint32_t dice)
{
	uint64_t n = span->last - span->first + 1;

	return span->first + (uint32_t)(dice * n >> 32);
}

/* => A start of the inside id's parity; the span has two ids at least. */
static uint32_t start_like(const struct ct_portspan *span,
			   const struct ct_want *want)
{
	uint32_t start = start_in(span, want->dice);

	if ((start ^ want->inside) & 1)
		start = start < span->last ? start + 1 : start - 1;
	return start;
}

static bool in_span(const struct ct_portspan *span, uint32_t place)
{
	return place >= span->first && place <= span->last;
}

/* => The place that is best, of those that are wished for; or NONE. */
static uint32_t find_wished(const struct ct_nat_pool *pool,
			    const struct ct_want *want,
			    const struct ct_portmap *map,
			    const struct ct_portspan *span)
{
	struct ct_portspan class_ = class_of(pool, want, span);
	uint32_t flags = pool->cfg.flags;
	uint32_t id = CT_PORTMAP_NONE;
	uint32_t keep = want->inside - pool->base;

	if ((flags & CT_POOL_KEEP_ID) && want->inside >= pool->base &&
	    in_span(span, keep) && ct_portmap_is_free(map, keep))
		return keep;
	if (!(flags & CT_POOL_PARITY) || class_.first == class_.last)
		return ct_portmap_find(map, &class_,
				       start_in(&class_, want->dice));
	if (flags & CT_POOL_CONTIGUITY)
		id = ct_portmap_find_like(map, &class_,
					  start_like(&class_, want), true);
	if (id == CT_PORTMAP_NONE)
		id = ct_portmap_find_like(map, &class_,
					  start_like(&class_, want), false);
	if (id == CT_PORTMAP_NONE)
		id = ct_portmap_find(map, &class_,
				     start_in(&class_, want->dice));
	return id;
}

static uint32_t find_id(const struct ct_nat_pool *pool,
			const struct ct_want *want,
			const struct ct_pool_addr *addr,
			const struct ct_portmap *map)
{
	struct ct_portspan span = { pool->first_id - pool->base,
				    pool->n_ids - 1 };
	uint32_t id = want->near.id - pool->base;

	if (want->span)
		span = *want->span;
	if (want->near.id && want->near.address == addr->number &&
	    in_span(&span, id) && ct_portmap_is_free(map, id))
		return id;
	id = find_wished(pool, want, map, &span);
	if (id == CT_PORTMAP_NONE)
		id = ct_portmap_find(map, &span, start_in(&span, want->dice));
	return id;
}

/* => CT_E_FULL when it has none, or gives none any more. */
static int take_of(struct ct_nat_pool *pool, const struct ct_want *want,
		   struct ct_pool_addr *addr, struct ct_place *place)
{
	struct ct_portmap *map = ct_pool_map(pool, addr, want->slot);
	uint32_t id = CT_PORTMAP_NONE;

	if (!map)
		return CT_E_NOMEM;
	ct_spin_lock(&map->lock);
	if (map->step)
		ct_portmap_tick(map, want->thr->now);
	if (ct_portmap_n_free(map) && ct_pool_state(addr) == CT_POOL_ACTIVE)
		id = find_id(pool, want, addr, map);
	if (id != CT_PORTMAP_NONE) {
		ct_portmap_take(map, id, want->owner);
		map->made++;
	}
	if (map->step || !ct_portmap_n_free(map))
		show_or_hide(pool, want->slot, addr, map);
	ct_spin_unlock(&map->lock);
	if (id == CT_PORTMAP_NONE)
		return CT_E_FULL;
	place->address = addr->number;
	place->id = pool->base + id;
	return 0;
}

/* => The place with which a search begins, as find_id() does it. */
static uint32_t start_of(const struct ct_nat_pool *pool,
			 const struct ct_want *want)
{
	const struct ct_portspan all = { pool->first_id - pool->base,
					 pool->n_ids - 1 };
	const uint32_t particular =
		CT_POOL_KEEP_ID | CT_POOL_KEEP_CLASS | CT_POOL_PARITY;
	struct ct_portspan class_;

	if (ct_likely(!(pool->cfg.flags & particular)))
		return start_in(&all, want->dice);
	if (ct_pool_keeps(pool, want->inside))
		return want->inside - pool->base;
	class_ = class_of(pool, want, &all);
	if (ct_unlikely(pool->cfg.flags & CT_POOL_PARITY) &&
	    class_.first != class_.last)
		return start_like(&class_, want);
	return start_in(&class_, want->dice);
}

bool ct_pool_take_seen(struct ct_nat_pool *pool, const struct ct_want *want,
		       const struct ct_place *place)
{
	const struct ct_pool_addr *addr = ct_pool_at(pool, place->address);
	struct ct_portmap *map = atomic_load_explicit(&addr->map[want->slot],
						      memory_order_acquire);
	uint32_t id = place->id - pool->base;
	bool taken;

	ct_spin_lock(&map->lock);
	if (map->step)
		ct_portmap_tick(map, want->thr->now);
	/* Where a search was needed, one before it may be free meanwhile. */
	taken = ct_portmap_is_free(map, id) &&
		ct_pool_state(addr) == CT_POOL_ACTIVE &&
		(ct_likely(id == want->place) ||
		 id == find_id(pool, want, addr, map));
	if (ct_likely(taken)) {
		ct_portmap_take(map, id, want->owner);
		map->made++;
	}
	if (map->step || !ct_portmap_n_free(map))
		show_or_hide(pool, want->slot, addr, map);
	ct_spin_unlock(&map->lock);
	return taken;
}

void ct_pool_fetch(const struct ct_nat_pool *pool, struct ct_want *want,
		   const struct ct_pool_addr *addr)
{
	const struct ct_portmap *map = atomic_load_explicit(
		&addr->map[want->slot], memory_order_acquire);
	const _Atomic uint64_t *word;

	if (ct_pool_overloads(pool))
		return; /* no map is looked at */
	want->place = start_of(pool, want);
	if (!map)
		return;
	word = &map->word[want->place / 64];
	__builtin_prefetch((const void *)(uintptr_t)word, 1);
}

uint32_t ct_pool_peek(const struct ct_nat_pool *pool,
		      const struct ct_want *want,
		      const struct ct_pool_addr *addr)
{
	const struct ct_portmap *map = atomic_load_explicit(
		&addr->map[want->slot], memory_order_acquire);
	uint32_t id;

	if (ct_pool_overloads(pool))
		return ct_pool_keeps(pool, want->inside)
			       ? want->inside
			       : ct_pool_any_id(pool, want->dice);
	if (!map)
		return CT_PORTMAP_NONE;
	id = want->place;
	/* Most often the first one is free. */
	if (ct_unlikely(!ct_portmap_is_free(map, id)))
		id = find_id(pool, want, addr, map);
	if (id == CT_PORTMAP_NONE)
		return id;
	__builtin_prefetch((const void *)(uintptr_t)&map->owner[id], 1);
	return pool->base + id;
}

/* --- All of them -------------------------------------------------------- */

/* Addresses from one number to another. */
static int take_from_to(struct ct_nat_pool *pool, const struct ct_want *want,
			struct ct_place *place, uint32_t from, uint32_t to)
{
	const struct ct_pool_proto *proto = proto_now(pool, want->slot);
	int error = CT_E_FULL;

	for (uint32_t n = next_free(pool, proto, from); n < to;
	     n = next_free(pool, proto, n + 1)) {
		error = take_of(pool, want, ct_pool_at(pool, n), place);
		if (!error)
			return 0;
	}
	return error;
}

/* Ids whose hold-down is over become free, though nobody asked for one. */
static void tick_all(struct ct_nat_pool *pool, const struct ct_want *want)
{
	uint32_t n = atomic_load_explicit(&pool->n_addrs, memory_order_acquire);

	for (uint32_t i = 0; i < n; i++) {
		struct ct_pool_addr *addr = ct_pool_at(pool, i);
		struct ct_portmap *map = atomic_load_explicit(
			&addr->map[want->slot], memory_order_acquire);

		if (!map || !ct_portmap_due(map, want->thr->now))
			continue;
		ct_spin_lock(&map->lock);
		ct_portmap_tick(map, want->thr->now);
		show_or_hide(pool, want->slot, addr, map);
		ct_spin_unlock(&map->lock);
	}
}

static int take_any(struct ct_nat_pool *pool, const struct ct_want *want,
		    struct ct_place *place)
{
	int error = take_from_to(pool, want, place, want->start, UINT32_MAX);

	if (error == CT_E_FULL)
		error = take_from_to(pool, want, place, 0, want->start);
	return error;
}

int ct_pool_take(struct ct_nat_pool *pool, const struct ct_want *want,
		 struct ct_place *place)
{
	struct ct_pool_proto *proto = ct_pool_proto(pool, want->slot);
	uint64_t turns;
	int error;

	if (!proto)
		return CT_E_NOMEM;
	if (!atomic_load_explicit(&pool->n_addrs, memory_order_acquire))
		return CT_E_NOENT;
	if (want->only)
		return take_of(pool, want, ct_pool_at(pool, want->start),
			       place);
	if (pool->hold)
		tick_all(pool, want);
	for (unsigned i = 0; i < RESCANS; i++) {
		turns = atomic_load_explicit(&proto->turns,
					     memory_order_seq_cst);
		error = take_any(pool, want, place);
		if (error != CT_E_FULL ||
		    atomic_load_explicit(&proto->turns, memory_order_seq_cst) ==
			    turns)
			return error;
	}
	return CT_E_FULL;
}

bool ct_pool_is_full(const struct ct_nat_pool *pool, uint32_t slot)
{
	const struct ct_pool_proto *proto = proto_now(pool, slot);
	uint64_t turns;

	/* What is held may be due. */
	if (!proto || pool->hold)
		return false;
	turns = atomic_load_explicit(&proto->turns, memory_order_seq_cst);
	return next_free(pool, proto, 0) == UINT32_MAX &&
	       atomic_load_explicit(&proto->turns, memory_order_seq_cst) ==
		       turns;
}

int ct_pool_take_this(struct ct_nat_pool *pool, const struct ct_want *want,
		      const struct ct_place *place)
{
	struct ct_pool_addr *addr = ct_pool_at(pool, place->address);
	uint32_t id = place->id - pool->base;
	struct ct_portmap *map;
	int error = CT_E_EXIST;

	if (!ct_pool_proto(pool, want->slot))
		return CT_E_NOMEM;
	map = ct_pool_map(pool, addr, want->slot);
	if (!map)
		return CT_E_NOMEM;
	ct_spin_lock(&map->lock);
	ct_portmap_tick(map, want->thr->now);
	if (ct_portmap_is_free(map, id) ||
	    ct_portmap_unhold(map, id, want->holder)) {
		ct_portmap_take(map, id, want->owner);
		map->made++;
		error = 0;
	}
	show_or_hide(pool, want->slot, addr, map);
	ct_spin_unlock(&map->lock);
	return error;
}

/* --- Given back --------------------------------------------------------- */

enum back { BACK_AT_ONCE, BACK_LATER };

static void give_back(struct ct_nat_pool *pool, const struct ct_want *want,
		      const struct ct_place *place, enum back back)
{
	struct ct_pool_addr *addr = ct_pool_at(pool, place->address);
	struct ct_portmap *map = atomic_load_explicit(&addr->map[want->slot],
						      memory_order_acquire);
	uint32_t id = place->id - pool->base;

	ct_spin_lock(&map->lock);
	/* Another may have been given it meanwhile; see steal.c. */
	if (ct_portmap_owner(map, id) == want->owner) {
		if (ct_pool_excludes(pool, place->id))
			ct_portmap_leave(map, id);
		else if (back == BACK_LATER)
			ct_portmap_hold(map, id, want->thr->now, want->holder);
		else
			ct_portmap_give(map, id);
		show_or_hide(pool, want->slot, addr, map);
	}
	ct_spin_unlock(&map->lock);
}

void ct_pool_give(struct ct_nat_pool *pool, uint32_t slot,
		  const struct ct_place *place, uint32_t owner)
{
	const struct ct_want want = { .slot = slot, .owner = owner };

	give_back(pool, &want, place, BACK_AT_ONCE);
}

void ct_pool_retire(struct ct_nat_pool *pool, const struct ct_want *want,
		    const struct ct_place *place)
{
	give_back(pool, want, place, BACK_LATER);
}
