/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whatever no other tracker knows: ESP, AH, OSPF, IP in IP, unassigned numbers.
 *
 * Nothing behind the IP header is looked at.  Two hosts have one connection
 * per protocol number, and all that is known of it is whether it was answered.
 */
#include "proto/generic.h"

#include "base/ticks.h"
#include "wire/hdr.h"

enum param { TIMEOUT, PARAMS };

static const struct ct_param_def params[PARAMS] = {
	[TIMEOUT] = {
		.name = "generic.timeout",
		.alias = "nf_conntrack_generic_timeout",
		.doc = "Seconds that a connection lives whose protocol no "
		       "tracker knows.",
		.linux_value = 600,
		.recommended = 600,
		.min = 1,
		.max = CT_TIMEOUT_MAX,
		.flags = CT_PARAM_TIMEOUT,
	},
};

static bool tuple(struct ct_pkt *pkt, struct ct_tuple *t)
{
	(void)pkt;
	t->src_id = 0;
	t->dst_id = 0;
	return true;
}

static bool invert(const struct ct_tuple *t, struct ct_tuple *inverse)
{
	(void)t;
	inverse->src_id = 0;
	inverse->dst_id = 0;
	return true;
}

static enum ct_track open(struct ct_thread *thr, struct ct_conn *conn,
			  struct ct_pkt *pkt)
{
	(void)thr;
	(void)conn;
	(void)pkt;
	return CT_TRACK_OK;
}

static enum ct_track packet(struct ct_thread *thr, struct ct_conn *conn,
			    struct ct_pkt *pkt)
{
	(void)pkt;
	ct_conn_refresh(thr, conn,
			ct_l4_param(thr, &ct_generic_ops, conn, TIMEOUT));
	return CT_TRACK_OK;
}

static uint32_t lifetime(const struct ct_thread *thr,
			 const struct ct_conn *conn)
{
	return ct_l4_param(thr, &ct_generic_ops, conn, TIMEOUT);
}

const struct ct_l4_ops ct_generic_ops = {
	.size = sizeof(struct ct_l4_ops),
	.name = "generic",
	.l4 = CT_IPPROTO_GENERIC,
	.ids = CT_IDS_NONE,
	.flags = CT_L4_MAY_CLASH,
	.params = params,
	.n_params = PARAMS,
	.tuple = tuple,
	.invert = invert,
	.open = open,
	.packet = packet,
	.lifetime = lifetime,
};
