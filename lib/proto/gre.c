/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GRE; see gre.h and docs/gre.md.
 *
 *	 0                   1                   2                   3
 *	+-+-+-+-+-----------------+-----+-------------------------------+
 *	|C|R|K|S|                 | ver |         protocol type         |
 *	+-+-+-+-+-----------------+-----+-------------------------------+
 *	|  version 0: checksum, offset (if C or R), then key (if K)     |
 *	|  version 1: payload length    |            call id            |
 *	+-------------------------------+-------------------------------+
 *
 * A key is the same both ways: it is both ids.  A call id is its receiver's: it
 * is the destination's id, and the source's is not in the packet: it is known if
 * a helper has heard it (core/peer_id.h).  So an answer has its ids the other
 * way round, in either version.
 */
#include "proto/gre.h"

#include "base/ticks.h"
#include "core/table.h"
#include "proto/ports.h"
#include "wire/hdr.h"

static const struct ct_param_def params[CT_GRE_PARAMS] = {
	[CT_GRE_TIMEOUT] = {
		.name = "gre.timeout",
		.alias = "nf_conntrack_gre_timeout",
		.doc = "Seconds that a GRE flow lives which is not answered "
		       "and continued.",
		.linux_value = 30,
		.recommended = 30,
		.min = 1,
		.max = CT_TIMEOUT_MAX,
		.flags = CT_PARAM_TIMEOUT,
	},
	[CT_GRE_TIMEOUT_STREAM] = {
		.name = "gre.timeout.stream",
		.alias = "nf_conntrack_gre_timeout_stream",
		.doc = "Seconds that a GRE stream lives; five minutes for "
		       "protocols without a time of their own (RFC 6092, "
		       "REC-12).",
		.linux_value = 180,
		.recommended = 300,
		.min = 1,
		.max = CT_TIMEOUT_MAX,
		.flags = CT_PARAM_TIMEOUT,
	},
	[CT_GRE_KEY] = {
		.name = "gre.key",
		.doc = "1: GRE tunnels between two addresses are told apart by "
		       "their keys (RFC 2890), which must be the same both "
		       "ways; 0: they are one, as in Linux.",
		.max = 1,
		.flags = CT_PARAM_SEALED,
	},
};

enum {
	HDR_LEN = 4,
	NAT_MIN = 8, /* Linux translates no less */
	CALL_ID_OFF = 6,
	FLAG_CHECKSUM = 0x8000,
	FLAG_ROUTING = 0x4000,
	FLAG_KEY = 0x2000,
	VERSION_MASK = 7,
	ENHANCED = 1,     /* version */
	TYPE_PPP = 0x880b /* RFC 2637 4.1 */
};

/* --- Ids ---------------------------------------------------------------- */

static void no_ids(struct ct_tuple *t)
{
	t->src_id = 0;
	t->dst_id = 0;
}

/* => False for enhanced GRE that is none.  What is cut has no call id. */
static bool call_id(struct ct_pkt *pkt, struct ct_cursor *cur,
		    struct ct_tuple *t)
{
	uint16_t type = ct_cursor_u16(cur);
	ct_be16 id;

	ct_cursor_skip(cur, 2);
	id = ct_cursor_be16(cur);
	if (!ct_cursor_good(cur))
		return true;
	if (type != TYPE_PPP) {
		pkt->reason = CT_R_GRE_PROTOCOL;
		return false;
	}
	t->dst_id = id;
	return true;
}

/* Version 0 is one flow: the key is not looked at. */
static bool tuple(struct ct_pkt *pkt, struct ct_tuple *t)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);

	no_ids(t);
	if ((ct_cursor_u16(&cur) & VERSION_MASK) == ENHANCED)
		return call_id(pkt, &cur, t);
	return true;
}

/*
 * There are 32 bits of key, and 16 that may be the same at both ends: the
 * halves are added (exclusive or).  Keys below 65536 all differ.
 */
static bool keyed_tuple(struct ct_pkt *pkt, struct ct_tuple *t)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);
	uint16_t flags = ct_cursor_u16(&cur);

	if (flags & VERSION_MASK || !(flags & FLAG_KEY))
		return tuple(pkt, t);
	ct_cursor_skip(&cur, HDR_LEN - sizeof(flags));
	if (flags & (FLAG_CHECKSUM | FLAG_ROUTING)) /* RFC 1701: both fields */
		ct_cursor_skip(&cur, 4);
	t->src_id = ct_cursor_be16(&cur);
	t->src_id ^= ct_cursor_be16(&cur);
	t->dst_id = t->src_id;
	if (!ct_cursor_good(&cur))
		no_ids(t);
	return true;
}

/* Of a call: what PPTP's control connection has said.  A call's id may be 0,
 * which looks like version 0: some servers begin to count there. */
static void complete(struct ct_thread *thr, struct ct_tuple *t)
{
	if (!t->src_id)
		ct_peer_id_find(thr->tbl, t);
}

/* --- Life --------------------------------------------------------------- */

/* Any packet may open a flow. */
static enum ct_track open_conn(struct ct_thread *thr, struct ct_conn *conn,
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
	bool stream = ct_conn_status(conn) & CT_S_SEEN_REPLY;
	unsigned n = stream ? CT_GRE_TIMEOUT_STREAM : CT_GRE_TIMEOUT;

	(void)pkt;
	ct_conn_refresh(thr, conn, ct_l4_param(thr, &ct_gre_ops, conn, n));
	if (stream)
		ct_conn_assure(thr, conn);
	return CT_TRACK_OK;
}

static uint32_t lifetime(const struct ct_thread *thr,
			 const struct ct_conn *conn)
{
	bool stream = ct_conn_status(conn) & CT_S_ASSURED;

	return ct_l4_param(thr, &ct_gre_ops, conn,
			   stream ? CT_GRE_TIMEOUT_STREAM : CT_GRE_TIMEOUT);
}

/* --- NAT ---------------------------------------------------------------- */

/*
 * Only a call id may be written, the receiver's.  GRE's own checksum is over
 * what it carries, not over addresses; enhanced GRE has none.
 */
static bool rewrite(struct ct_pkt *pkt, const struct ct_rewrite *how)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);
	uint16_t version = ct_cursor_u16(&cur) & VERSION_MASK;

	ct_cursor_skip(&cur, NAT_MIN - sizeof(version));
	if (!ct_cursor_good(&cur))
		return false;
	if (how->end == CT_NAT_SRC || version == 0)
		return true;
	if (version != ENHANCED)
		return false;
	memcpy(pkt->data + pkt->l4_off + CALL_ID_OFF, &how->dst_id,
	       sizeof(how->dst_id));
	return true;
}

/* clang-format off */
#define GRE(tuple_) { \
	.size = sizeof(struct ct_l4_ops), \
	.name = "gre", \
	.l4 = CT_IPPROTO_GRE, \
	.ids = CT_IDS_KEYS, \
	.flags = CT_L4_MAY_CLASH | CT_L4_NAT_TOLD, \
	.params = params, \
	.n_params = CT_GRE_PARAMS, \
	.tuple = (tuple_), \
	.invert = ct_ports_invert, \
	.open = open_conn, \
	.packet = packet, \
	.lifetime = lifetime, \
	.rewrite = rewrite, \
	.complete = complete, \
}
/* clang-format on */

const struct ct_l4_ops ct_gre_ops = GRE(tuple);
const struct ct_l4_ops ct_gre_keyed_ops = GRE(keyed_tuple);
