/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMP; see icmp.h and docs/icmp.md.
 */
#include "proto/icmp.h"

#include "base/ticks.h"
#include "proto/icmp_twin.h"
#include "wire/csum.h"
#include "wire/hdr.h"

enum type {
	ECHO_REPLY = 0,
	UNREACHABLE = 3,
	SOURCE_QUENCH = 4,
	REDIRECT = 5,
	ECHO = 8,
	TIME_EXCEEDED = 11,
	PARAMETER_PROBLEM = 12,
	TIMESTAMP = 13,
	TIMESTAMP_REPLY = 14,
	INFORMATION = 15, /* obsolete (RFC 6918), but Linux knows it */
	INFORMATION_REPLY = 16,
	MASK = 17, /* RFC 950; obsolete as well */
	MASK_REPLY = 18,
	TYPE_MAX = MASK_REPLY /* above: "unknown", as in Linux */
};

static const struct ct_icmp_pair pair_list[] = {
	{ ECHO, ECHO_REPLY },
	{ TIMESTAMP, TIMESTAMP_REPLY },
	{ INFORMATION, INFORMATION_REPLY },
	{ MASK, MASK_REPLY },
};

static const struct ct_icmp_pairs pairs = {
	.list = pair_list, .n = sizeof(pair_list) / sizeof(pair_list[0])
};

enum param { TIMEOUT, PARAMS };

static const struct ct_param_def params[PARAMS] = {
	[TIMEOUT] = {
		.name = "icmp.timeout",
		.alias = "nf_conntrack_icmp_timeout",
		.doc = "Seconds that an ICMP query lives; RFC 5508, REQ-2, "
		       "asks for sixty at least.",
		.linux_value = 30,
		.recommended = 60,
		.min = 1,
		.max = CT_TIMEOUT_MAX,
		.flags = CT_PARAM_TIMEOUT,
	},
};

uint8_t ct_icmp_type(const struct ct_tuple *t)
{
	uint8_t type;

	memcpy(&type, &t->dst_id, sizeof(type));
	return type;
}

static void set_type(struct ct_tuple *t, uint8_t type)
{
	memcpy(&t->dst_id, &type, sizeof(type));
}

bool ct_icmp_tuple(struct ct_pkt *pkt, struct ct_tuple *t)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);

	t->dst_id = ct_cursor_be16(&cur); /* type, code */
	ct_cursor_skip(&cur, 2);          /* checksum */
	t->src_id = ct_cursor_be16(&cur);
	ct_cursor_skip(&cur, 2); /* sequence number */
	if (!ct_cursor_good(&cur))
		pkt->reason = CT_R_L4_TRUNCATED;
	return ct_cursor_good(&cur);
}

static const struct ct_icmp_pair *find_pair(const struct ct_icmp_pairs *from,
					    uint8_t type)
{
	for (size_t i = 0; i < from->n; i++)
		if (from->list[i].query == type || from->list[i].answer == type)
			return &from->list[i];
	return NULL;
}

bool ct_icmp_invert(const struct ct_icmp_pairs *from, const struct ct_tuple *t,
		    struct ct_tuple *inverse)
{
	uint8_t type = ct_icmp_type(t);
	const struct ct_icmp_pair *pair = find_pair(from, type);

	if (!pair)
		return false;
	inverse->src_id = t->src_id;
	inverse->dst_id = t->dst_id; /* for the code */
	set_type(inverse, pair->query == type ? pair->answer : pair->query);
	return true;
}

enum ct_track ct_icmp_open(const struct ct_icmp_pairs *from,
			   const struct ct_conn *conn, struct ct_pkt *pkt)
{
	const struct ct_icmp_pair *pair;
	struct ct_tuple t;

	ct_conn_tuple(conn, CT_DIR_ORIG, &t);
	pair = find_pair(from, ct_icmp_type(&t));
	if (pair && pair->query == ct_icmp_type(&t))
		return CT_TRACK_OK;
	pkt->reason = CT_R_ICMP_NOT_QUERY;
	return CT_TRACK_INVALID;
}

void ct_icmp_quote(const struct ct_pkt *pkt, uint8_t l3, struct ct_quote *where)
{
	memset(where, 0, sizeof(*where));
	where->off = (uint32_t)pkt->l4_off + CT_ICMP_HDR_LEN;
	where->l3 = l3;
}

bool ct_icmp_paired(const struct ct_icmp_pairs *from, uint8_t type)
{
	return find_pair(from, type) != NULL;
}

bool ct_icmp_rewrite(const struct ct_icmp_pairs *from, struct ct_pkt *pkt,
		     const struct ct_rewrite *how)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);
	uint8_t *hdr = pkt->data + pkt->l4_off;
	uint8_t *at = hdr + CT_ICMP_ID_OFF;
	uint32_t diff = how->body;

	if (ct_cursor_left(&cur) < CT_ICMP_HDR_LEN)
		return false;
	if (ct_icmp_paired(from, hdr[0]))
		diff = ct_csum_both(diff, ct_csum_put16(at, &how->src_id));
	return ct_sum_patch(pkt, CT_ICMP_SUM_OFF, how->pseudo, diff);
}

static bool is_error(uint8_t type)
{
	switch (type) {
	case UNREACHABLE:
	case SOURCE_QUENCH:
	case REDIRECT:
	case TIME_EXCEEDED:
	case PARAMETER_PROBLEM:
		return true;
	default:
		return false;
	}
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
	if (pkt->l3 != CT_L3_IPV4)
		return refuse(pkt, CT_R_L4_TUPLE);
	if (!ct_csum_good(thr, pkt, pkt->l4_len))
		return refuse(pkt, CT_R_L4_CHECKSUM);
	if (type > TYPE_MAX)
		return refuse(pkt, CT_R_ICMP_TYPE);
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
	ct_icmp_quote(pkt, CT_L3_IPV4, where);
	where->redirects = type == REDIRECT;
	return true;
}

/* It is summed without a pseudo header. */
static bool rewrite(struct ct_pkt *pkt, const struct ct_rewrite *how)
{
	struct ct_rewrite alone = *how;

	alone.pseudo = 0;
	return ct_icmp_rewrite(&pairs, pkt, &alone);
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
			ct_l4_param(thr, &ct_icmp_ops, conn, TIMEOUT));
	return CT_TRACK_OK;
}

static uint32_t lifetime(const struct ct_thread *thr,
			 const struct ct_conn *conn)
{
	return ct_l4_param(thr, &ct_icmp_ops, conn, TIMEOUT);
}

const struct ct_l4_ops ct_icmp_ops = {
	.size = sizeof(struct ct_l4_ops),
	.name = "icmp",
	.l4 = CT_IPPROTO_ICMP,
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
	.twin = CT_IPPROTO_ICMPV6,
};
