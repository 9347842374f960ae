/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMPv6 (RFC 4443); see icmp.h and docs/icmp.md.
 *
 * Types below 128 are errors, known or not (RFC 4443 2.1).  Neighbour and
 * multicast listener discovery keep a link working and are left alone.
 */
#include "proto/icmpv6.h"

#include "base/ticks.h"
#include "proto/icmp.h"
#include "proto/icmp_twin.h"
#include "wire/hdr.h"

enum type {
	INFORMATIONAL = 128, /* the first type that is no error */
	ECHO = 128,
	ECHO_REPLY = 129,
	LISTENER_QUERY = 130, /* RFC 2710 */
	LISTENER_REPORT = 131,
	LISTENER_DONE = 132,
	ROUTER_SOLICITATION = 133, /* RFC 4861 */
	ROUTER_ADVERTISEMENT = 134,
	NEIGHBOUR_SOLICITATION = 135,
	NEIGHBOUR_ADVERTISEMENT = 136,
	NODE_QUERY = 139, /* RFC 4620 */
	NODE_REPLY = 140,
	LISTENER_REPORT_V2 = 143,             /* RFC 3810 */
	MULTICAST_ROUTER_ADVERTISEMENT = 151, /* RFC 4286 */
	MULTICAST_ROUTER_SOLICITATION = 152
};

static const struct ct_icmp_pair pair_list[] = {
	{ ECHO, ECHO_REPLY },
	{ NODE_QUERY, NODE_REPLY },
};

static const struct ct_icmp_pairs pairs = {
	.list = pair_list, .n = sizeof(pair_list) / sizeof(pair_list[0])
};

enum param { TIMEOUT, PARAMS };

static const struct ct_param_def params[PARAMS] = {
	[TIMEOUT] = {
		.name = "icmpv6.timeout",
		.alias = "nf_conntrack_icmpv6_timeout",
		.doc = "Seconds that an ICMPv6 query lives; RFC 5508, REQ-2, "
		       "asks for sixty at least.",
		.linux_value = 30,
		.recommended = 60,
		.min = 1,
		.max = CT_TIMEOUT_MAX,
		.flags = CT_PARAM_TIMEOUT,
	},
};

/* A redirect is not among them, nor a multicast router's termination (153), as
 * in Linux. */
static bool is_control(uint8_t type)
{
	switch (type) {
	case LISTENER_QUERY:
	case LISTENER_REPORT:
	case LISTENER_DONE:
	case ROUTER_SOLICITATION:
	case ROUTER_ADVERTISEMENT:
	case NEIGHBOUR_SOLICITATION:
	case NEIGHBOUR_ADVERTISEMENT:
	case LISTENER_REPORT_V2:
	case MULTICAST_ROUTER_ADVERTISEMENT:
	case MULTICAST_ROUTER_SOLICITATION:
		return true;
	default:
		return false;
	}
}

static bool is_error(uint8_t type)
{
	return type < INFORMATIONAL;
}

static bool invert(const struct ct_tuple *t, struct ct_tuple *inverse)
{
	return ct_icmp_invert(&pairs, t, inverse);
}

static enum ct_track refuse(struct ct_pkt *pkt, enum ct_reason reason)
{
	pkt->reason = (uint16_t)reason;
	return CT_TRACK_INVALID;
}

static enum ct_track check(struct ct_thread *thr, struct ct_pkt *pkt)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);
	uint8_t type = ct_cursor_u8(&cur);

	ct_cursor_skip(&cur, CT_ICMP_HDR_LEN - 1);
	if (!ct_cursor_good(&cur))
		return refuse(pkt, CT_R_L4_TRUNCATED);
	if (pkt->l3 != CT_L3_IPV6)
		return refuse(pkt, CT_R_L4_TUPLE);
	if (!ct_csum_good(thr, pkt, pkt->l4_len))
		return refuse(pkt, CT_R_L4_CHECKSUM);
	if (is_control(type)) {
		pkt->reason = CT_R_CONTROL;
		return CT_TRACK_UNTRACKED;
	}
	if (!is_error(type) && !ct_icmp_paired(&pairs, type))
		return refuse(pkt, CT_R_ICMP_NOT_QUERY);
	return CT_TRACK_OK;
}

static bool quote(const struct ct_pkt *pkt, struct ct_quote *where)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);
	uint8_t type = ct_cursor_u8(&cur);

	if (!ct_cursor_good(&cur) || !is_error(type))
		return false;
	ct_icmp_quote(pkt, CT_L3_IPV6, where);
	return true;
}

static bool rewrite(struct ct_pkt *pkt, const struct ct_rewrite *how)
{
	return ct_icmp_rewrite(&pairs, pkt, how);
}

static enum ct_track open(struct ct_thread *thr, struct ct_conn *conn,
			  struct ct_pkt *pkt)
{
	(void)thr;
	return ct_icmp_open(&pairs, conn, pkt);
}

static enum ct_track packet(struct ct_thread *thr, struct ct_conn *conn,
			    struct ct_pkt *pkt)
{
	(void)pkt;
	ct_conn_refresh(thr, conn,
			ct_l4_param(thr, &ct_icmpv6_ops, conn, TIMEOUT));
	return CT_TRACK_OK;
}

static uint32_t lifetime(const struct ct_thread *thr,
			 const struct ct_conn *conn)
{
	return ct_l4_param(thr, &ct_icmpv6_ops, conn, TIMEOUT);
}

const struct ct_l4_ops ct_icmpv6_ops = {
	.size = sizeof(struct ct_l4_ops),
	.name = "icmpv6",
	.l4 = CT_IPPROTO_ICMPV6,
	.ids = CT_IDS_ICMP,
	.flags = CT_L4_MAY_CLASH | CT_L4_NAT_QUERY,
	.params = params,
	.n_params = PARAMS,
	.tuple = ct_icmp_tuple,
	.invert = invert,
	.check = check,
	.quote = quote,
	.open = open,
	.packet = packet,
	.lifetime = lifetime,
	.rewrite = rewrite,
	.convert = ct_icmp_convert,
	.cross = ct_icmp_cross,
	.twin = CT_IPPROTO_ICMP,
};
