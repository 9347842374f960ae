/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * links.c - a mapping's list of connections
 */
#include "core/head.h"
#include "nat/binding.h"

#include <string.h>

struct ct_link *ct_binding_link_of(const struct ct_table *tbl,
				   const struct ct_conn *conn, uint32_t unit)
{
	struct ct_link *link = ct_conn_first_link(conn);

	if (link->mapping & CT_LINK_TWO)
		link = ct_slab_at(&tbl->slab, link->mapping & ~CT_LINK_TWO);
	/* The other one may be written meanwhile, under its own lock. */
	return link->mapping == unit ? link : link + 1;
}

bool ct_binding_has(const struct ct_table *tbl, const struct ct_conn *conn,
		    uint32_t unit)
{
	const struct ct_link *link = ct_conn_first_link(conn);
	unsigned n;

	if (ct_likely(!link || !link->mapping))
		return false;
	link = ct_conn_links(tbl, conn, &n);
	for (unsigned i = 0; i < n; i++)
		if (link[i].mapping == unit)
			return true;
	return false;
}

static struct ct_link *link_at(const struct ct_table *tbl, uint32_t conn,
			       uint32_t unit)
{
	return ct_binding_link_of(tbl, ct_conn_at(tbl, conn), unit);
}

/* The list that a link stands in. */
static _Atomic uint32_t *list_of(struct ct_thread *thr,
				 const struct ct_conn *conn,
				 const struct ct_link *link)
{
	struct ct_table *tbl = thr->tbl;

	if (ct_outside_is(tbl, link))
		return ct_outside_head(thr, conn, link);
	return ct_mappings_head(tbl, ct_binding_at(tbl, link->mapping)->key);
}

/* A narrow connection's only link moves to a unit that has room for two; under
 * the lock of its list, as its neighbours may look for it. */
static bool make_two(struct ct_thread *thr, const struct ct_conn *conn,
		     struct ct_link *link)
{
	struct ct_table *tbl = thr->tbl;
	uint32_t two = ct_slab_alloc(&tbl->slab, &thr->magazine[CT_SLAB_NAT],
				     CT_SLAB_NAT);
	_Atomic uint32_t *head;
	struct ct_link *links;
	uint32_t first;

	if (!two)
		return false;
	links = ct_slab_at(&tbl->slab, two);
	memset(links, 0, CT_UNIT);
	head = list_of(thr, conn, link);
	first = ct_head_lock(head);
	links[0] = *link;
	link->mapping = two | CT_LINK_TWO;
	ct_head_unlock(head, first);
	return true;
}

bool ct_binding_room(struct ct_thread *thr, struct ct_conn *conn)
{
	struct ct_link *link = ct_conn_first_link(conn);
	unsigned n;

	if (!link)
		return ct_conn_links_make(thr, conn);
	ct_conn_links(thr->tbl, conn, &n);
	if (n == 2)
		return false;
	return !link->mapping || (link->mapping & CT_LINK_TWO) ||
	       (ct_conn_word(conn) & CT_S_FAR) || make_two(thr, conn, link);
}

void ct_binding_link(struct ct_table *tbl, uint32_t unit, struct ct_conn *conn)
{
	struct ct_mapping *map = ct_binding_at(tbl, unit);
	struct ct_link *link = ct_conn_spare_link(tbl, conn);
	uint32_t me = ct_conn_unit(tbl, conn);

	link->mapping = unit;
	link->newer = 0;
	link->older = map->first;
	if (map->first)
		link_at(tbl, map->first, unit)->newer = me;
	map->first = me;
	map->n_conns++;
}

void ct_binding_unlink(struct ct_table *tbl, uint32_t unit,
		       const struct ct_link *link)
{
	struct ct_mapping *map = ct_binding_at(tbl, unit);

	if (link->older)
		link_at(tbl, link->older, unit)->newer = link->newer;
	if (link->newer)
		link_at(tbl, link->newer, unit)->older = link->older;
	else
		map->first = link->older;
	map->n_conns--;
}
