/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rules.c - what becomes of a new connection: the policy, put into effect
 *
 *	from      to                  destination   source
 *	inside    the outside         stays         pool, masquerade, or stays
 *	inside    a forwarded port    forwarded     the same (hairpin)
 *	outside   a forwarded port    forwarded     stays
 *	any       what was expected   as its expectation says
 *
 * Everything else is dropped.
 */
#include "gateway.h"

#include <netinet/in.h>

static enum ct_verdict drop(struct gateway *gw, enum drop why)
{
	gw->drops[why]++;
	return CT_DROP;
}

static void set_ids(struct ct_nat_range *range, const struct ports *ports)
{
	if (!ports->first)
		return;
	range->flags |= CT_NAT_IDS;
	range->min_id = ports->first;
	range->max_id = ports->last;
}

/* --- Destinations ------------------------------------------------------- */

static int send_on(struct ct_thread *thr, struct ct_pkt *pkt,
		   const struct policy_forward *forward)
{
	struct ct_nat_range to = {
		.size = sizeof(to),
		.flags = CT_NAT_ADDR,
		.min_addr = forward->to.at.addr,
		.max_addr = forward->to.at.addr,
		.base_id = forward->at.ports.first,
	};

	set_ids(&to, &forward->to.ports);
	if (to.min_id != to.max_id)
		to.flags |= CT_NAT_OFFSET;
	return ct_nat_setup(thr, pkt, CT_NAT_DST, &to);
}

/* --- Sources ------------------------------------------------------------ */

/* => Also who has no rule must not get into the way of those who have one:
 *    then a null mapping. */
static int send_as(const struct gateway *gw, struct ct_thread *thr,
		   struct ct_pkt *pkt, const struct policy_source *source)
{
	struct ct_nat_range range = { .size = sizeof(range) };

	if (!source)
		return ct_nat_setup(thr, pkt, CT_NAT_SRC, NULL);
	set_ids(&range, &source->ports);
	if (source->random)
		range.flags |= CT_NAT_RANDOM;
	if (source->persistent)
		range.flags |= CT_NAT_PERSISTENT;
	if (!source->first.l3) /* line 'masquerade': there is an address */
		return ct_nat_masquerade(
			thr, pkt, policy_own(gw->policy, OUTSIDE, pkt->l3),
			&range);
	range.flags |= CT_NAT_ADDR;
	range.min_addr = source->first.addr;
	range.max_addr = source->last.addr;
	return ct_nat_setup(thr, pkt, CT_NAT_SRC, &range);
}

/* Both inside: the answer must come back to us, so the source is ours. */
static int hairpin(const struct gateway *gw, struct ct_thread *thr,
		   struct ct_pkt *pkt, const struct policy_source *source)
{
	struct ct_nat_range range = { .size = sizeof(range) };
	const union ct_addr *own = policy_own(gw->policy, INSIDE, pkt->l3);

	if (source || !own)
		return send_as(gw, thr, pkt, source);
	return ct_nat_masquerade(thr, pkt, own, &range);
}

/* --- Both sides --------------------------------------------------------- */

static enum ct_verdict settle(struct gateway *gw, int error)
{
	return error ? drop(gw, DROP_EXHAUSTED) : CT_ACCEPT;
}

/* For the gateway itself, where nobody listens. */
static enum ct_verdict to_nobody(struct gateway *gw, const struct frame *frame,
				 const struct ct_tuple *t)
{
	if (t->l4 == IPPROTO_UDP)
		forward_error(gw, frame, ICMP_NO_PORT, 0);
	return drop(gw, DROP_NOWHERE);
}

static enum ct_verdict from_inside(struct gateway *gw, struct ct_pkt *pkt,
				   const struct ct_tuple *t)
{
	const struct policy *policy = gw->policy;
	const struct policy_forward *forward = policy_forward(policy, t);
	const struct policy_source *source =
		policy_source(policy, t->l3, &t->src);
	int error;

	if (forward && !policy->no_hairpin) {
		error = send_on(gw->thr, pkt, forward);
		if (!error)
			error = hairpin(gw, gw->thr, pkt, source);
		return settle(gw, error);
	}
	if (policy_is_public(policy, t->l3, &t->dst))
		return to_nobody(gw, pkt->user, t);
	if (policy_is_on(policy, INSIDE, t->l3, &t->dst) ||
	    ip_addr_vague(t->l3, &t->dst))
		return drop(gw, DROP_NOWHERE);
	return settle(gw, send_as(gw, gw->thr, pkt, source));
}

static enum ct_verdict from_outside(struct gateway *gw, struct ct_pkt *pkt,
				    const struct ct_tuple *t)
{
	const struct policy_forward *forward = policy_forward(gw->policy, t);
	int error;

	if (!forward)
		return drop(gw, DROP_REFUSED);
	error = send_on(gw->thr, pkt, forward);
	if (!error)
		error = send_as(gw, gw->thr, pkt, NULL);
	return settle(gw, error);
}

enum ct_verdict rules_new_conn(void *user, struct ct_thread *thr,
			       struct ct_pkt *pkt)
{
	const struct frame *frame = pkt->user;
	struct ct_tuple t;

	(void)thr; /* the gateway has but one */
	if (pkt->state == CT_RELATED)
		return CT_ACCEPT; /* a helper saw who announced it */
	ct_conn_tuple(pkt->conn, CT_DIR_ORIG, &t);
	return frame->from == INSIDE ? from_inside(user, pkt, &t)
				     : from_outside(user, pkt, &t);
}
