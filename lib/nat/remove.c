/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * remove.c - an address is taken away, and with it what uses it
 *
 * From the address to its mappings, from a mapping to its connections: nothing
 * else is looked at.  No new mapping comes, since the address's state says so
 * first; a connection that is about to be confirmed looks at the state
 * afterwards (ct_binding_confirmed()).
 *
 * What is noted under a lock may end when it is released.  But this thread does
 * not poll meanwhile, so whatever it has seen known stays where it is.
 */
#include "core/table.h"
#include "nat/binding.h"
#include "nat/static.h"

enum { CONNS = 128, MAPPINGS = 64 };

/* --- Connections of a mapping ------------------------------------------- */

/* => How many known ones were noted, from behind one of them or, NULL, from the
 *    beginning. */
static unsigned note_conns(struct ct_table *tbl, uint32_t unit,
			   const struct ct_conn *from, struct ct_conn **conns)
{
	uint32_t at = ct_binding_at(tbl, unit)->first;
	unsigned n = 0;

	if (from)
		at = ct_binding_link_of(tbl, from, unit)->older;

	while (at && n < CONNS) {
		struct ct_conn *conn = ct_conn_at(tbl, at);

		if (ct_conn_known(conn))
			conns[n++] = conn;
		at = ct_binding_link_of(tbl, conn, unit)->older;
	}
	return n;
}

/* => How many were ended by this thread. */
static uint32_t end_conns(struct ct_thread *thr,
			  const struct ct_binding_ref *ref)
{
	struct ct_conn *conns[CONNS], *from = NULL;
	uint32_t ended = 0;
	unsigned n;

	do {
		uint32_t first;

		if (!ct_binding_lock(thr->tbl, ref, &first))
			break;
		n = note_conns(thr->tbl, ref->unit, from, conns);
		ct_binding_unlock(thr->tbl, ref, first);
		for (unsigned i = 0; i < n; i++)
			ended += ct_conn_kill(thr, conns[i], CT_R_END_ADDRESS);
		from = conns[n ? n - 1 : 0];
	} while (n == CONNS);
	return ended;
}

/* --- Mappings of a map -------------------------------------------------- */

static unsigned note_owners(const struct ct_table *tbl, struct ct_portmap *map,
			    uint32_t *id, struct ct_binding_ref *refs)
{
	unsigned n = 0;

	ct_spin_lock(&map->lock);
	while (*id < map->n && n < MAPPINGS) {
		uint32_t unit = ct_portmap_owner(map, *id);

		if (*id % 64 == 0 &&
		    ct_portmap_bits(&map->word[*id / 64]) == UINT64_MAX) {
			*id += 64;
			continue;
		}
		(*id)++;
		if (unit)
			refs[n++] = (struct ct_binding_ref){
				unit, ct_binding_at(tbl, unit)->key
			};
	}
	ct_spin_unlock(&map->lock);
	return n;
}

static uint32_t end_map(struct ct_thread *thr, struct ct_portmap *map)
{
	struct ct_binding_ref refs[MAPPINGS];
	uint32_t ended = 0, id = 0;
	unsigned n;

	do {
		n = note_owners(thr->tbl, map, &id, refs);
		for (unsigned i = 0; i < n; i++)
			ended += end_conns(thr, &refs[i]);
	} while (id < map->n);
	return ended;
}

/* --- Mappings of a list ------------------------------------------------- */

/* => Whether a mapping has a known connection; under its list's lock. */
static bool has_known(struct ct_table *tbl, const struct ct_binding_ref *ref)
{
	const struct ct_mapping *map;
	bool known = false;
	uint32_t first, at;

	map = ct_binding_lock(tbl, ref, &first);
	if (!map)
		return false;
	for (at = map->first; at && !known;) {
		const struct ct_conn *conn = ct_conn_at(tbl, at);

		known = ct_conn_known(conn);
		at = ct_binding_link_of(tbl, conn, ref->unit)->older;
	}
	ct_binding_unlock(tbl, ref, first);
	return known;
}

/*
 * Note mappings from one on, or from the list's beginning.
 *
 * => Only those that have a known connection: as this thread ends that, the
 *    last one is a place to go on from.
 */
static unsigned note_list(struct ct_table *tbl, struct ct_pool_list *list,
			  uint32_t from, struct ct_binding_ref *refs)
{
	unsigned n = 0;
	uint32_t unit;

	ct_spin_lock(&list->lock);
	unit = from ? ct_binding_at(tbl, from)->older : list->first;
	for (; unit && n < MAPPINGS; unit = ct_binding_at(tbl, unit)->older) {
		refs[n].unit = unit;
		refs[n].key = ct_binding_at(tbl, unit)->key;
		n += has_known(tbl, &refs[n]);
	}
	ct_spin_unlock(&list->lock);
	return n;
}

static uint32_t end_list(struct ct_thread *thr, struct ct_pool_list *list)
{
	struct ct_binding_ref refs[MAPPINGS];
	uint32_t ended = 0, from = 0;
	unsigned n;

	while ((n = note_list(thr->tbl, list, from, refs)) != 0) {
		for (unsigned i = 0; i < n; i++)
			ended += end_conns(thr, &refs[i]);
		from = refs[n - 1].unit;
	}
	return ended;
}

/* --- The verb ----------------------------------------------------------- */

static uint64_t end_addr(struct ct_thread *thr, const struct ct_pool_addr *addr)
{
	uint64_t ended = 0;

	for (unsigned slot = 0; slot < CT_TRACKERS; slot++) {
		struct ct_portmap *map = atomic_load(&addr->map[slot]);
		struct ct_pool_lists *lists = atomic_load(&addr->lists[slot]);

		if (map)
			ended += end_map(thr, map);
		for (unsigned i = 0; lists && i < CT_POOL_LISTS; i++)
			ended += end_list(thr, &lists->list[i]);
	}
	return ended;
}

uint64_t ct_binding_end(struct ct_thread *thr, struct ct_nat_pool *pool,
			const union ct_addr *is)
{
	const struct ct_pool_addr *addr = ct_pool_find(pool, is);

	return addr ? end_addr(thr, addr) : 0;
}

int64_t ct_nat_pool_remove(struct ct_thread *thr, struct ct_nat_pool *pool,
			   const union ct_addr *is)
{
	struct ct_pool_addr *addr;
	int error = ct_pool_state_to(pool, is, CT_POOL_REMOVED, &addr);

	if (error)
		return error;
	/* Pairs with the load in ct_binding_confirmed(). */
	atomic_thread_fence(memory_order_seq_cst);
	ct_statics_drop(thr, pool, addr->number);
	return (int64_t)end_addr(thr, addr);
}
