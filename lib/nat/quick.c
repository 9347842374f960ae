/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quick.c - the mapping that nearly every connection gets from a range
 */
#include "nat/quick.h"

#include "core/table.h"
#include "nat/foresee.h"

#include <string.h>

/* => The range is one address, of IPv4, and says nothing of ids; nor is the host
 *    to be asked. */
static bool is_simple(const struct ct_nat_range *range)
{
	const uint32_t harmless = CT_NAT_PERSISTENT;

	return range->size == sizeof(*range) &&
	       (range->flags & ~harmless) == CT_NAT_ADDR &&
	       !range->n_excluded && !range->port_in_use &&
	       !(range->min_addr.v6[1] | range->min_addr.v6[2] |
		 range->min_addr.v6[3]) &&
	       memcmp(&range->min_addr, &range->max_addr,
		      sizeof(range->min_addr)) == 0;
}

bool ct_quick_is_plain(const struct ct_table *tbl, const struct ct_conn *conn)
{
	const uint32_t none = CT_S_CONFIRMED | CT_S_DYING | CT_S_WIDE |
			      CT_S_FAR | CT_S_SRC_NAT | CT_S_DST_NAT |
			      CT_S_SRC_NAT_DONE;
	const struct ct_narrow *orig = &conn->narrow[CT_DIR_ORIG];
	const struct ct_link *link = ct_conn_first_link(conn);
	uint32_t flags;

	/* One that was announced has a mapping before it is translated. */
	if (ct_conn_word(conn) & none || (link && link->mapping) ||
	    orig->zone != conn->narrow[CT_DIR_REPLY].zone)
		return false;
	flags = ct_registry_l4(tbl, orig->l4)->flags;
	return (flags & (CT_L4_NAT_PORTS | CT_L4_NAT_QUERY)) == CT_L4_NAT_PORTS;
}

struct asked {
	const struct ct_table *tbl;
	const struct ct_foreseen *seen; /* or NULL */
	struct ct_narrow leave; /* as the first packet will, its id apart */
	struct ct_key reply;
};

/* => The hash of the reply, the one foreseen, most likely. */
static uint64_t hash_of(const struct asked *asked)
{
	const struct ct_foreseen *seen = asked->seen;
	const struct ct_narrow *reply = &asked->reply.narrow;

	if (ct_likely(seen && !seen->reply.wide &&
		      memcmp(&seen->reply.narrow, reply, sizeof(*reply)) == 0))
		return seen->reply.hash;
	return ct_hash_narrow(&asked->tbl->hash, reply);
}

/* ct_mapping_free_fn: nobody is answered there, not even somebody expired. */
static bool is_free(void *user, ct_be16 id)
{
	struct asked *asked = user;
	const struct ct_narrow *leave = &asked->leave;
	struct ct_key *key = &asked->reply;
	enum ct_dir dir;

	ct_narrow_set(&key->narrow, (ct_be32[]){ leave->dst, leave->src },
		      (ct_be16[]){ leave->dst_id, id },
		      ct_narrow_tail_of(leave));
	key->hash = hash_of(asked);
	return !ct_buckets_find(asked->tbl, key, &dir);
}

bool ct_quick_setup(struct ct_thread *thr, struct ct_conn *conn,
		    const struct ct_nat_range *range)
{
	const struct ct_narrow *orig = &conn->narrow[CT_DIR_ORIG];
	ct_be32 outside = range->min_addr.v4;
	const union ct_addr addr = { .v6 = { outside } };
	struct ct_narrow source;
	struct asked asked;

	if (!is_simple(range) || !ct_quick_is_plain(thr->tbl, conn) ||
	    orig->src == outside)
		return false;
	ct_narrow_set(&source, (ct_be32[]){ orig->src, 0 },
		      (ct_be16[]){ orig->src_id, 0 }, ct_narrow_tail_of(orig));
	asked.tbl = thr->tbl;
	asked.seen = thr->foreseen;
	asked.leave = *orig;
	asked.leave.src = outside;
	asked.reply.wide = false;
	asked.reply.dirs = CT_KEY_BOTH;
	if (!ct_outside_room(thr, CT_L3_IPV4, &addr) ||
	    !ct_mapping_quick(thr, &source, outside, is_free, &asked))
		return false;
	thr->habit = (struct ct_habit){ .outside = outside };
	conn->narrow[CT_DIR_REPLY] = asked.reply.narrow;
	ct_outside_enter(thr, conn, CT_L3_IPV4, &addr);
	ct_conn_set_own(conn, CT_S_SRC_NAT | CT_S_SRC_NAT_DONE);
	return true;
}
