/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * follow.c - ct_expect_nat_follow(): the mapping of what was expected
 *
 * It seems to come from whom the master's peers know, and goes to where the
 * expectation says that it was for.  Where the master's source is a pool's, so
 * is that of what comes from inside: it counts for its subscriber, is in the
 * log, and ends with the address.
 */
#include "core/expect.h"
#include "nat/binding.h"

#include <arpa/inet.h>
#include <string.h>

static bool is_set(const union ct_addr *addr)
{
	return addr->v6[0] | addr->v6[1] | addr->v6[2] | addr->v6[3];
}

/* => The pool that a master's source is from, or NULL. */
static struct ct_nat_pool *pool_of(const struct ct_table *tbl,
				   const struct ct_conn *master)
{
	const struct ct_link *link;
	struct ct_tuple orig;
	unsigned n;

	if (!(ct_conn_word(master) & CT_S_SRC_NAT))
		return NULL;
	ct_conn_tuple(master, CT_DIR_ORIG, &orig);
	link = ct_conn_links(tbl, master, &n);
	for (unsigned i = 0; i < n; i++) {
		const struct ct_mapping *map;

		if (ct_outside_is(tbl, &link[i]))
			continue;
		map = ct_binding_at(tbl, link[i].mapping);
		/* A hairpin's other mapping is that of its destination. */
		if (memcmp(&map->inside, &orig.src, sizeof(orig.src)) == 0)
			return ct_pool_of(tbl, map->pool);
	}
	return NULL;
}

/* => The source is left to the pool, whether that has an id or not. */
static bool by_pool(struct ct_thread *thr, struct ct_pkt *pkt,
		    const struct ct_expect *exp)
{
	struct ct_nat_pool *pool = NULL;

	if (exp->def.nat_dir == CT_DIR_ORIG)
		pool = pool_of(thr->tbl, ct_conn_at(thr->tbl, exp->master));
	if (pool)
		ct_nat_pool_setup(thr, pkt, pool);
	return pool != NULL;
}

void ct_expect_nat_follow(struct ct_thread *thr, struct ct_pkt *pkt,
			  const struct ct_expect *exp)
{
	const struct ct_expect_def *def = &exp->def;
	struct ct_nat_range range = { .size = sizeof(range),
				      .flags = CT_NAT_ADDR };
	struct ct_tuple answer;

	/* The master's answers to what travels in that direction. */
	ct_conn_tuple(ct_conn_at(thr->tbl, exp->master),
		      def->nat_dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG,
		      &answer);
	range.min_addr = answer.dst;
	range.max_addr = answer.dst;
	if (!by_pool(thr, pkt, exp))
		ct_nat_setup(thr, pkt, CT_NAT_SRC, &range);

	range.flags = CT_NAT_ADDR | CT_NAT_IDS;
	range.min_addr = is_set(&def->nat_addr) ? def->nat_addr : answer.src;
	range.max_addr = range.min_addr;
	range.min_id = ntohs(def->nat_id);
	range.max_id = range.min_id;
	ct_nat_setup(thr, pkt, CT_NAT_DST, &range);
}
