/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reply.c - the reply tuple of a translated connection
 */
#include "core/reply.h"

#include "core/table.h"

#include <string.h>

static bool is_mirror(const struct ct_wide_keys *wide,
		      const struct ct_tuple *reply)
{
	return wide->orig.l3 == reply->l3 &&
	       memcmp(&wide->orig.src, &reply->dst, sizeof(reply->dst)) == 0 &&
	       memcmp(&wide->orig.dst, &reply->src, sizeof(reply->src)) == 0;
}

/* => False when its address has more than 54 bits. */
static bool point_at(struct ct_conn *conn, const struct ct_far *far)
{
	uint64_t at = (uint64_t)(uintptr_t)far / CT_LINE;

	if (at >> 48)
		return false;
	conn->wide.reply_src_id = (uint16_t)at;
	conn->wide.reply_dst_id = (uint16_t)(at >> 16);
	conn->wide.reply_zone = (uint16_t)(at >> 32);
	return true;
}

static void free_unit(struct ct_thread *thr, const void *object)
{
	struct ct_slab *slab = &thr->tbl->slab;

	ct_slab_free(slab, &thr->magazine[CT_SLAB_NAT], CT_SLAB_NAT,
		     ct_slab_unit(slab, object));
}

static bool set_far(struct ct_thread *thr, struct ct_conn *conn,
		    const struct ct_tuple *reply)
{
	struct ct_slab *slab = &thr->tbl->slab;
	uint32_t unit =
		ct_slab_alloc(slab, &thr->magazine[CT_SLAB_NAT], CT_SLAB_NAT);
	struct ct_far *far;

	if (!unit)
		return false;
	far = ct_slab_at(slab, unit);
	*far = (struct ct_far){ .tuple = *reply };
	if (!point_at(conn, far)) {
		free_unit(thr, far);
		return false;
	}
	if (!(ct_conn_word(conn) & CT_S_WIDE))
		memset(&conn->narrow[CT_DIR_REPLY], 0,
		       sizeof(conn->narrow[CT_DIR_REPLY]));
	ct_conn_set(conn, CT_S_FAR);
	return true;
}

bool ct_conn_reply_set(struct ct_thread *thr, struct ct_conn *conn,
		       const struct ct_tuple *reply)
{
	uint32_t status = ct_conn_word(conn);

	if (status & CT_S_FAR) {
		ct_conn_far(conn)->tuple = *reply;
		return true;
	}
	if (!(status & CT_S_WIDE) && !ct_tuple_wide(reply)) {
		ct_narrow_pack(&conn->narrow[CT_DIR_REPLY], reply);
		return true;
	}
	if (!(status & CT_S_WIDE) || !is_mirror(&conn->wide, reply))
		return set_far(thr, conn, reply);
	conn->wide.reply_src_id = reply->src_id;
	conn->wide.reply_dst_id = reply->dst_id;
	conn->wide.reply_zone = reply->zone;
	return true;
}

void ct_conn_outside(const struct ct_table *tbl, const struct ct_conn *conn,
		     struct ct_tuple *outside)
{
	struct ct_tuple reply;

	ct_conn_tuple(conn, CT_DIR_REPLY, &reply);
	ct_l4_invert(ct_registry_l4(tbl, reply.l4), &reply, outside);
}

/* --- Links -------------------------------------------------------------- */

struct ct_link *ct_conn_links(const struct ct_table *tbl,
			      const struct ct_conn *conn, unsigned *n)
{
	struct ct_link *link = ct_conn_first_link(conn);

	*n = 0;
	if (!link || !link->mapping)
		return link;
	*n = 1;
	if (link->mapping & CT_LINK_TWO)
		link = ct_slab_at(&tbl->slab, link->mapping & ~CT_LINK_TWO);
	else if (!(ct_conn_word(conn) & CT_S_FAR))
		return link;
	if (link[1].mapping)
		*n = 2;
	return link;
}

struct ct_link *ct_conn_spare_link(const struct ct_table *tbl,
				   const struct ct_conn *conn)
{
	struct ct_link *link = ct_conn_first_link(conn);

	if (link->mapping & CT_LINK_TWO)
		link = ct_slab_at(&tbl->slab, link->mapping & ~CT_LINK_TWO);
	return link->mapping ? link + 1 : link;
}

unsigned ct_conn_uses(const struct ct_table *tbl, const struct ct_conn *conn)
{
	const struct ct_link *link;
	unsigned n, uses = 0;

	link = ct_conn_links(tbl, conn, &n);
	for (unsigned i = 0; i < n; i++) {
		const struct ct_mapping *map;

		uses++;
		if (ct_outside_is(tbl, &link[i]))
			continue;
		map = ct_slab_at(&tbl->slab, link[i].mapping);
		if (map->flags & CT_MAPPING_LOST)
			uses--;
	}
	return uses;
}

bool ct_conn_links_make(struct ct_thread *thr, struct ct_conn *conn)
{
	struct ct_tuple reply;

	if (ct_conn_first_link(conn))
		return true;
	ct_conn_tuple(conn, CT_DIR_REPLY, &reply);
	return set_far(thr, conn, &reply);
}

/* --- The end ------------------------------------------------------------ */

/* A range gave it its source. */
static void leave_outside(struct ct_thread *thr, const struct ct_conn *conn,
			  struct ct_link *link)
{
	struct ct_tuple orig, outside;

	ct_outside_leave(thr, conn, link);
	ct_conn_tuple(conn, CT_DIR_ORIG, &orig);
	ct_conn_outside(thr->tbl, conn, &outside);
	ct_mapping_put(thr, &orig, &outside);
}

void ct_conn_leave_range(struct ct_thread *thr, struct ct_conn *conn)
{
	struct ct_link *link;
	unsigned n;

	link = ct_conn_links(thr->tbl, conn, &n);
	for (unsigned i = 0; i < n; i++) {
		if (!ct_outside_is(thr->tbl, &link[i]))
			continue;
		leave_outside(thr, conn, &link[i]);
		link[i].mapping = 0;
	}
}

/* At least one end by a pool, or room made for that. */
static void leave_pools(struct ct_thread *thr, struct ct_conn *conn)
{
	ct_mapping_leave_fn leave = atomic_load_explicit(
		&thr->tbl->mappings.leave, memory_order_acquire);
	struct ct_link *link;
	unsigned n;

	link = ct_conn_links(thr->tbl, conn, &n);
	for (unsigned i = 0; i < n; i++)
		if (ct_outside_is(thr->tbl, &link[i]))
			leave_outside(thr, conn, &link[i]);
	leave(thr, conn);
}

/* Whether the first link, which stands where it began, has another behind it. */
static bool has_second(const struct ct_conn *conn, const struct ct_link *link)
{
	return (ct_conn_word(conn) & CT_S_FAR) && link[1].mapping;
}

void ct_conn_untranslate(struct ct_thread *thr, struct ct_conn *conn)
{
	struct ct_link *link = ct_conn_first_link(conn);

	if (link && ct_unlikely(link->mapping)) {
		if (ct_outside_is(thr->tbl, link) && !has_second(conn, link))
			leave_outside(thr, conn, link);
		else
			leave_pools(thr, conn);
	}
	if (ct_conn_word(conn) & CT_S_FAR)
		free_unit(thr, ct_conn_far(conn));
}
