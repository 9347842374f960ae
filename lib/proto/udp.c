/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP; see udp.h and docs/udp.md.
 */
#include "proto/udp.h"

#include "core/table.h"
#include "proto/ports.h"
#include "wire/hdr.h"

/* As Linux: a question and its answer are done by then. */
#define STREAM_AGE_NS UINT64_C(2000000000)

static const struct ct_param_def params[CT_UDP_PARAMS] = {
	[CT_UDP_TIMEOUT] = {
		.name = "udp.timeout",
		.alias = "nf_conntrack_udp_timeout",
		.doc = "Seconds that a UDP flow lives which is unanswered or "
		       "not older than two seconds.",
		.linux_value = 30,
		.recommended = 30,
		.min = 1,
		.max = CT_TIMEOUT_MAX,
		.flags = CT_PARAM_TIMEOUT,
	},
	[CT_UDP_TIMEOUT_STREAM] = {
		.name = "udp.timeout.stream",
		.alias = "nf_conntrack_udp_timeout_stream",
		.doc = "Seconds that a UDP stream lives; RFC 4787, REQ-5, "
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

/*
 * Bytes behind the length that UDP itself gives are no error, but they are
 * summed like the others: what has been stretched so fails, as in Linux.  A
 * sum of zero means none; over IPv6, too, since tunnels do so (RFC 6935).
 */
static enum ct_track check(struct ct_thread *thr, struct ct_pkt *pkt)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);
	uint16_t len, sum;

	ct_cursor_skip(&cur, CT_PORTS_LEN);
	len = ct_cursor_u16(&cur);
	sum = ct_cursor_u16(&cur);
	if (!ct_cursor_good(&cur))
		return refuse(pkt, CT_R_L4_TRUNCATED);
	if (len < CT_UDP_HDR_LEN ||
	    (len > pkt->l4_len && !(pkt->flags & CT_PKT_FIRST)))
		return refuse(pkt, CT_R_L4_LENGTH);
	if (sum && !ct_csum_good(thr, pkt, pkt->l4_len))
		return refuse(pkt, CT_R_L4_CHECKSUM);
	return CT_TRACK_OK;
}

enum ct_track ct_udp_open(struct ct_thread *thr, struct ct_conn *conn,
			  struct ct_pkt *pkt)
{
	struct ct_udp *udp = ct_l4_state(conn);

	(void)pkt;
	udp->stream_ns = ct_thread_now(thr) + STREAM_AGE_NS;
	return CT_TRACK_OK;
}

enum ct_track ct_udp_advance(struct ct_thread *thr, const struct ct_l4_ops *ops,
			     struct ct_conn *conn)
{
	const struct ct_udp *udp = ct_l4_state(conn);
	bool stream = ct_conn_status(conn) & CT_S_SEEN_REPLY &&
		      ct_thread_now(thr) > udp->stream_ns;
	unsigned n = stream ? CT_UDP_TIMEOUT_STREAM : CT_UDP_TIMEOUT;

	ct_conn_refresh(thr, conn, ct_l4_param(thr, ops, conn, n));
	if (stream)
		ct_conn_assure(thr, conn);
	if (ct_tracing(thr))
		ct_trace(thr, ops->name, "%s",
			 stream ? "answered and older than two seconds: "
				  "a stream"
				: "no stream yet");
	return CT_TRACK_OK;
}

uint32_t ct_udp_lifetime(const struct ct_thread *thr,
			 const struct ct_l4_ops *ops,
			 const struct ct_conn *conn)
{
	bool stream = ct_conn_status(conn) & CT_S_ASSURED;

	return ct_l4_param(thr, ops, conn,
			   stream ? CT_UDP_TIMEOUT_STREAM : CT_UDP_TIMEOUT);
}

/*
 * A sum of zero, none, stays zero; one that becomes zero is sent as all ones
 * (RFC 768).  Of UDP-Lite the header is always covered.
 */
bool ct_udp_rewrite(struct ct_pkt *pkt, const struct ct_rewrite *how)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);
	uint8_t *sum = pkt->data + pkt->l4_off + CT_UDP_SUM_OFF;
	uint64_t diff;

	if (ct_cursor_left(&cur) < CT_UDP_HDR_LEN)
		return false;
	diff = (uint64_t)how->pseudo + ct_ports_write(pkt, how);
	if (pkt->csum == CT_CSUM_PARTIAL) {
		ct_csum_patch_partial(sum, how->pseudo);
		return true;
	}
	if (ct_csum_load(sum) == 0)
		return true;
	ct_csum_patch(sum, diff);
	if (ct_csum_load(sum) == 0)
		ct_csum_store(sum, 0xffff);
	return true;
}

/* => False when it cannot be computed, or would not be right. */
static bool make_sum(struct ct_pkt *pkt, const struct ct_rewrite *how)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);
	uint8_t *udp = pkt->data + pkt->l4_off;
	uint16_t sum;

	if (ct_cursor_left(&cur) < pkt->l4_len ||
	    ct_csum_load(udp + CT_UDP_LEN_OFF) != pkt->l4_len)
		return false;
	sum = ct_csum_fold(ct_csum_add(how->fresh, udp, pkt->l4_len));
	ct_csum_store(udp + CT_UDP_SUM_OFF, sum ? sum : 0xffff);
	return true;
}

/*
 * IPv6 wants a checksum: one that is missing is made (RFC 7915 4.5), unless
 * the datagram is a quoted one, which is not all there.
 */
static bool cross(struct ct_pkt *pkt, const struct ct_rewrite *how)
{
	struct ct_rewrite src = *how, dst = *how;

	src.end = CT_NAT_SRC;
	dst.end = CT_NAT_DST;
	dst.pseudo = 0;
	if (!ct_udp_rewrite(pkt, &src) || !ct_udp_rewrite(pkt, &dst))
		return false;
	if (how->l3 == CT_L3_IPV4 || how->quoted ||
	    pkt->csum == CT_CSUM_PARTIAL ||
	    ct_csum_load(pkt->data + pkt->l4_off + CT_UDP_SUM_OFF))
		return true;
	return make_sum(pkt, how);
}

static enum ct_track packet(struct ct_thread *thr, struct ct_conn *conn,
			    struct ct_pkt *pkt)
{
	(void)pkt;
	return ct_udp_advance(thr, &ct_udp_ops, conn);
}

bool ct_udp_predict(const struct ct_thread *thr, const struct ct_conn *conn,
		    uint32_t word, uint32_t *seconds)
{
	const struct ct_udp *udp = ct_l4_state_const(conn);
	bool stream = thr->now_ns > udp->stream_ns;

	*seconds = ct_param_of(thr, &ct_udp_ops, conn,
			       stream ? CT_UDP_TIMEOUT_STREAM : CT_UDP_TIMEOUT);
	return !stream || (word & CT_S_ASSURED);
}

static uint32_t lifetime(const struct ct_thread *thr,
			 const struct ct_conn *conn)
{
	return ct_udp_lifetime(thr, &ct_udp_ops, conn);
}

const struct ct_l4_ops ct_udp_ops = {
	.size = sizeof(struct ct_l4_ops),
	.name = "udp",
	.l4 = CT_IPPROTO_UDP,
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
	.cross = cross,
};
