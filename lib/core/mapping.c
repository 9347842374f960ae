/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mapping.c - by source: which outside endpoint an inside one has
 */
#include "core/mapping.h"

#include "core/head.h"
#include "core/table.h"

#include <string.h>

enum { HEADS_MIN = 16 };

/* A head for each connection: each may have a mapping of its own. */
static uint32_t n_heads(const struct ct_table *tbl)
{
	uint32_t n = tbl->max_conns;

	return n <= HEADS_MIN ? HEADS_MIN : 1u << (32 - __builtin_clz(n - 1));
}

void ct_mappings_fini(struct ct_table *tbl)
{
	ct_heads_fini(&tbl->mem, &tbl->mappings.heads, n_heads(tbl));
}

uint64_t ct_mappings_bytes(const struct ct_table *tbl)
{
	return ct_heads_bytes(&tbl->mappings.heads, n_heads(tbl));
}

/* --- A chain ------------------------------------------------------------ */

static uint32_t index_of(const struct ct_table *tbl, uint64_t key)
{
	return (uint32_t)key & (n_heads(tbl) - 1);
}

_Atomic uint32_t *ct_mappings_head(struct ct_table *tbl, uint64_t key)
{
	return ct_heads_make(&tbl->mem, &tbl->mappings.heads, n_heads(tbl),
			     index_of(tbl, key));
}

_Atomic uint32_t *ct_mappings_head_now(const struct ct_table *tbl, uint64_t key)
{
	return ct_heads_at(&tbl->mappings.heads, index_of(tbl, key));
}

uint64_t ct_mapping_hash(const struct ct_table *tbl,
			 const struct ct_tuple *name)
{
	struct ct_narrow narrow;

	if (ct_unlikely(ct_tuple_wide(name)))
		return ct_hash_wide(&tbl->hash, name);
	ct_narrow_pack(&narrow, name);
	return ct_hash_narrow(&tbl->hash, &narrow);
}

/* => What the mappings of an original tuple's source are found by. */
static uint64_t key_of(const struct ct_table *tbl, const struct ct_tuple *orig)
{
	struct ct_tuple source = *orig;

	memset(&source.dst, 0, sizeof(source.dst));
	source.dst_id = 0;
	return ct_mapping_hash(tbl, &source);
}

/* => NULL when nobody has needed it yet. */
static _Atomic uint32_t *head_now(const struct ct_table *tbl,
				  const struct ct_tuple *orig)
{
	return ct_mappings_head_now(tbl, key_of(tbl, orig));
}

static struct ct_mapping *at(const struct ct_table *tbl, uint32_t unit)
{
	return unit ? ct_slab_at(&tbl->slab, unit) : NULL;
}

static bool same_inside(const struct ct_mapping *map,
			const struct ct_tuple *orig)
{
	return map->inside_id == orig->src_id && map->l3 == orig->l3 &&
	       map->l4 == orig->l4 && map->zone == orig->zone && !map->pool &&
	       memcmp(&map->inside, &orig->src, sizeof(map->inside)) == 0;
}

static bool same(const struct ct_mapping *map, const struct ct_tuple *orig,
		 const struct ct_tuple *outside)
{
	return same_inside(map, orig) && map->outside_id == outside->src_id &&
	       map->outside_l3 == outside->l3 &&
	       memcmp(&map->outside, &outside->src, sizeof(map->outside)) == 0;
}

/* Take a mapping out of a locked chain; => its unit, or 0 if it is not there. */
static uint32_t take_out(const struct ct_table *tbl, uint32_t *first,
			 const struct ct_tuple *orig,
			 const struct ct_tuple *outside)
{
	uint32_t *link = first;

	while (*link) {
		struct ct_mapping *map = at(tbl, *link);
		uint32_t unit = *link;

		if (same(map, orig, outside)) {
			*link = map->next;
			return unit;
		}
		link = &map->next;
	}
	return 0;
}

static void put_first(const struct ct_table *tbl, uint32_t *first,
		      uint32_t unit)
{
	at(tbl, unit)->next = *first;
	*first = unit;
}

/* --- One connection ----------------------------------------------------- */

static uint32_t make(struct ct_thread *thr, const struct ct_tuple *orig,
		     const struct ct_tuple *outside)
{
	struct ct_slab *slab = &thr->tbl->slab;
	uint32_t unit =
		ct_slab_alloc(slab, &thr->magazine[CT_SLAB_NAT], CT_SLAB_NAT);

	if (!unit)
		return 0;
	*at(thr->tbl, unit) = (struct ct_mapping){
		.inside = orig->src,
		.outside = outside->src,
		.inside_id = orig->src_id,
		.outside_id = outside->src_id,
		.l3 = orig->l3,
		.l4 = orig->l4,
		.zone = orig->zone,
		.outside_l3 = outside->l3,
	};
	return unit;
}

static uint32_t make_narrow(struct ct_thread *thr,
			    const struct ct_narrow *source, ct_be32 outside)
{
	struct ct_slab *slab = &thr->tbl->slab;
	uint32_t unit =
		ct_slab_alloc(slab, &thr->magazine[CT_SLAB_NAT], CT_SLAB_NAT);

	if (ct_likely(unit))
		*at(thr->tbl, unit) = (struct ct_mapping){
			.inside.v6 = { source->src }, /* and nothing behind */
			.outside.v6 = { outside },
			.inside_id = source->src_id,
			.outside_id = source->src_id,
			.l3 = source->l3,
			.l4 = source->l4,
			.zone = source->zone,
			.outside_l3 = CT_L3_IPV4,
		};
	return unit;
}

bool ct_mapping_take(struct ct_thread *thr, const struct ct_tuple *orig,
		     const struct ct_tuple *outside)
{
	struct ct_table *tbl = thr->tbl;
	_Atomic uint32_t *head = ct_mappings_head(tbl, key_of(tbl, orig));
	uint32_t first, unit;

	if (!head)
		return false;
	first = ct_head_lock(head);
	unit = take_out(tbl, &first, orig, outside);
	if (!unit)
		unit = make(thr, orig, outside);
	if (unit) {
		at(tbl, unit)->n_conns++;
		put_first(tbl, &first, unit);
	}
	ct_head_unlock(head, first);
	return unit != 0;
}

void ct_mapping_put(struct ct_thread *thr, const struct ct_tuple *orig,
		    const struct ct_tuple *outside)
{
	struct ct_table *tbl = thr->tbl;
	_Atomic uint32_t *head = head_now(tbl, orig);
	uint32_t first = ct_head_lock(head);
	uint32_t unit = take_out(tbl, &first, orig, outside);

	if (--at(tbl, unit)->n_conns) {
		put_first(tbl, &first, unit);
		unit = 0;
	}
	ct_head_unlock(head, first);
	if (unit)
		ct_slab_free(&tbl->slab, &thr->magazine[CT_SLAB_NAT],
			     CT_SLAB_NAT, unit);
}

bool ct_mapping_find(const struct ct_table *tbl, const struct ct_tuple *orig,
		     ct_mapping_fn wanted, const void *user,
		     struct ct_mapping *found)
{
	_Atomic uint32_t *head = head_now(tbl, orig);
	struct ct_mapping *map;
	uint32_t first;

	if (!head)
		return false;
	first = ct_head_lock(head);
	for (map = at(tbl, first); map; map = at(tbl, map->next))
		if (same_inside(map, orig) && wanted(user, map))
			break;
	if (map)
		*found = *map;
	ct_head_unlock(head, first);
	return map != NULL;
}

/* --- In one visit ------------------------------------------------------- */

/* => Where the latest mapping of a narrow source to an address is linked, or
 *    the end of the chain. */
static uint32_t *find_narrow(const struct ct_table *tbl, uint32_t *first,
			     const struct ct_narrow *source, ct_be32 outside)
{
	uint32_t *link = first;

	while (*link) {
		struct ct_mapping *map = at(tbl, *link);

		if (map->inside.v4 == source->src &&
		    map->inside_id == source->src_id && !map->pool &&
		    map->l3 == source->l3 && map->l4 == source->l4 &&
		    map->zone == source->zone &&
		    map->outside_l3 == CT_L3_IPV4 && map->outside.v4 == outside)
			break;
		link = &map->next;
	}
	return link;
}

bool ct_mapping_quick(struct ct_thread *thr, const struct ct_narrow *source,
		      ct_be32 outside, ct_mapping_free_fn is_free, void *user)
{
	struct ct_table *tbl = thr->tbl;
	uint64_t hash = ct_hash_narrow(&tbl->hash, source);
	_Atomic uint32_t *head = ct_mappings_head(tbl, hash);
	uint32_t first, unit, *link;

	if (ct_unlikely(!head))
		return false;
	first = ct_head_lock(head);
	link = find_narrow(tbl, &first, source, outside);
	unit = *link;
	if (!is_free(user, unit ? at(tbl, unit)->outside_id : source->src_id))
		unit = 0;
	else if (unit)
		*link = at(tbl, unit)->next;
	else
		unit = make_narrow(thr, source, outside);
	if (unit) {
		at(tbl, unit)->n_conns++;
		put_first(tbl, &first, unit);
	}
	ct_head_unlock(head, first);
	return unit != 0;
}

uint64_t ct_mappings_users(const struct ct_table *tbl)
{
	uint64_t users = 0;

	for (uint32_t i = 0; i < n_heads(tbl); i++) {
		_Atomic uint32_t *head = ct_heads_at(&tbl->mappings.heads, i);
		const struct ct_mapping *map;
		uint32_t first;

		if (!head)
			continue;
		first = ct_head_lock(head);
		for (map = at(tbl, first); map; map = at(tbl, map->next))
			users += map->n_conns;
		ct_head_unlock(head, first);
	}
	return users;
}
