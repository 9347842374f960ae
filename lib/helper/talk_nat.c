/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a text protocol announces, and comes through NAT.
 *
 * A medium has two ends, each announced by its owner, and each an expectation:
 *
 *	inside 10.0.0.2:4000   announced as   203.0.113.1:4000, say
 *	outside 198.51.100.5:6000
 *
 * Whoever speaks first meets the other's expectation.  If that is the inside
 * end, its packets must seem to come from the port that was announced for it,
 * since the outside end will send there: the other expectation of the same
 * master knows which.
 */
#include "helper/talk.h"

#include <arpa/inet.h>

/* What the search for the other half of a medium is about. */
struct half {
	struct ct_thread *thr;
	struct ct_tuple came; /* the new connection's */
	struct ct_nat_range *range;
	bool found;
};

/* Whether the new connection's source is where another expectation leads:
 * then it must be called what that one is called outside. */
static bool is_half(void *user, struct ct_expect *exp)
{
	struct ct_expect_view view = { .size = sizeof(view) };
	struct half *half = user;

	if (ct_expect_view(half->thr, exp, &view) ||
	    !(view.def.flags & CT_EXPECT_NAT) ||
	    view.def.tuple.l4 != half->came.l4 ||
	    view.def.nat_id != half->came.src_id ||
	    !ct_talk_addr_equal(&view.def.nat_addr, &half->came.src))
		return true;
	half->range->flags = CT_NAT_ADDR | CT_NAT_IDS;
	half->range->min_addr = view.def.tuple.dst;
	half->range->max_addr = view.def.tuple.dst;
	half->range->min_id = ntohs(view.def.tuple.dst_id);
	half->range->max_id = half->range->min_id;
	half->found = true;
	return false;
}

/* Otherwise, from the master's own peer: what the master calls that one. */
static bool is_peer(const struct ct_expect_view *view, struct half *half)
{
	enum ct_dir dir = view->def.nat_dir ? CT_DIR_REPLY : CT_DIR_ORIG;
	enum ct_dir back = dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG;
	struct ct_tuple t;

	ct_conn_tuple(view->master, dir, &t);
	if (!ct_talk_addr_equal(&t.src, &half->came.src))
		return false;
	ct_conn_tuple(view->master, back, &t);
	half->range->flags = CT_NAT_ADDR;
	half->range->min_addr = t.dst;
	half->range->max_addr = t.dst;
	return true;
}

/* The mapping of an expected connection: on to whom it is for, from where its
 * peer expects it. */
static void follow(struct ct_thread *thr, struct ct_pkt *pkt,
		   const struct ct_expect *exp)
{
	struct ct_expect_view view = { .size = sizeof(view) };
	struct ct_nat_range range = { .size = sizeof(range) };
	struct half half = { .thr = thr, .range = &range };

	if (ct_expect_view(thr, exp, &view))
		return;
	range.flags = CT_NAT_ADDR | CT_NAT_IDS;
	range.min_addr = view.def.nat_addr;
	range.max_addr = view.def.nat_addr;
	range.min_id = ntohs(view.def.nat_id);
	range.max_id = range.min_id;
	ct_conn_tuple(pkt->conn, CT_DIR_ORIG, &half.came);
	ct_nat_setup(thr, pkt, CT_NAT_DST, &range);

	if (!view.def.helper)
		ct_expect_walk(thr, view.master, is_half, &half);
	if (half.found || is_peer(&view, &half))
		ct_nat_setup(thr, pkt, CT_NAT_SRC, &range);
}

void ct_talk_through_nat(const struct ct_talk *talk, struct ct_expect_def *def,
			 const union ct_addr *addr)
{
	def->flags |= CT_EXPECT_NAT;
	def->nat_dir = (uint8_t)ct_talk_back(talk);
	def->nat_addr = *addr;
	def->nat_id = def->tuple.dst_id;
	def->tuple.dst = ct_talk_reachable(talk, addr);
	def->nat = follow;
}
