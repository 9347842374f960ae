/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP-Lite; see udp.h for its life and docs/udp.md.
 *
 * Unlike UDP it must have a checksum, which may cover less than the datagram
 * (RFC 3828 3.1).  The pseudo header holds UDP-Lite's own protocol number and
 * the whole length.  Linux puts UDP's number there, and so takes almost
 * everything for broken that other hosts send; we follow the RFC.
 */
#include "proto/udplite.h"

#include "base/ticks.h"
#include "proto/ports.h"
#include "proto/udp.h"
#include "wire/hdr.h"

/* No alias: in Linux the sysctls of UDP are for both, and a name may stand
 * for one parameter only. */
static const struct ct_param_def params[CT_UDP_PARAMS] = {
	[CT_UDP_TIMEOUT] = {
		.name = "udplite.timeout",
		.doc = "Seconds that a UDP-Lite flow lives which is unanswered "
		       "or not older than two seconds.",
		.linux_value = 30,
		.recommended = 30,
		.min = 1,
		.max = CT_TIMEOUT_MAX,
		.flags = CT_PARAM_TIMEOUT,
	},
	[CT_UDP_TIMEOUT_STREAM] = {
		.name = "udplite.timeout.stream",
		.doc = "Seconds that a UDP-Lite stream lives; RFC 4787, REQ-5, "
		       "recommends five minutes.",
		.linux_value = 120,
		.recommended = 300,
		.min = 1,
		.max = CT_TIMEOUT_MAX,
		.flags = CT_PARAM_TIMEOUT,
	},
};

static enum ct_track refuse(struct ct_pkt *pkt, enum ct_reason reason)
{
	pkt->reason = (uint16_t)reason;
	return CT_TRACK_INVALID;
}

static enum ct_track check(struct ct_thread *thr, struct ct_pkt *pkt)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);
	uint32_t cover;
	uint16_t sum;

	ct_cursor_skip(&cur, CT_PORTS_LEN);
	cover = ct_cursor_u16(&cur);
	sum = ct_cursor_u16(&cur);
	if (!ct_cursor_good(&cur))
		return refuse(pkt, CT_R_L4_TRUNCATED);
	if (cover == 0) /* by definition */
		cover = pkt->l4_len;
	if (cover < CT_UDP_HDR_LEN ||
	    (cover > pkt->l4_len && !(pkt->flags & CT_PKT_FIRST)))
		return refuse(pkt, CT_R_UDPLITE_COVERAGE);
	if (!sum)
		return refuse(pkt, CT_R_UDPLITE_NO_CHECKSUM);
	if (!ct_csum_good(thr, pkt, cover))
		return refuse(pkt, CT_R_L4_CHECKSUM);
	return CT_TRACK_OK;
}

static enum ct_track packet(struct ct_thread *thr, struct ct_conn *conn,
			    struct ct_pkt *pkt)
{
	(void)pkt;
	return ct_udp_advance(thr, &ct_udplite_ops, conn);
}

static uint32_t lifetime(const struct ct_thread *thr,
			 const struct ct_conn *conn)
{
	return ct_udp_lifetime(thr, &ct_udplite_ops, conn);
}

const struct ct_l4_ops ct_udplite_ops = {
	.size = sizeof(struct ct_l4_ops),
	.name = "udplite",
	.l4 = CT_IPPROTO_UDPLITE,
	.ids = CT_IDS_PORTS,
	.state_size = sizeof(struct ct_udp),
	.flags = CT_L4_MAY_CLASH | CT_L4_NAT_PORTS,
	.params = params,
	.n_params = CT_UDP_PARAMS,
	.tuple = ct_ports_tuple,
	.invert = ct_ports_invert,
	.check = check,
	.open = ct_udp_open,
	.packet = packet,
	.lifetime = lifetime,
	.rewrite = ct_udp_rewrite,
};
