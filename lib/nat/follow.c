/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * follow.c - ct_expect_nat_follow(): the mapping of what was expected
 *
 * It seems to come from whom the master's peers know, and goes to where the
 * expectation says that it was for.
 */
#include "core/expect.h"
#include "core/table.h"

#include <arpa/inet.h>

static bool is_set(const union ct_addr *addr)
{
	return addr->v6[0] | addr->v6[1] | addr->v6[2] | addr->v6[3];
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
	ct_nat_setup(thr, pkt, CT_NAT_SRC, &range);

	range.flags = CT_NAT_ADDR | CT_NAT_IDS;
	range.min_addr = is_set(&def->nat_addr) ? def->nat_addr : answer.src;
	range.max_addr = range.min_addr;
	range.min_id = ntohs(def->nat_id);
	range.max_id = range.min_id;
	ct_nat_setup(thr, pkt, CT_NAT_DST, &range);
}
