/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DCCP as a transport tracker; see dccp.h and docs/dccp.md.
 *
 *	check()   header, checksum: may it be looked at?
 *	open()    a Request, a Listen, or a packet of what is picked up
 *	packet()  grid -> numbers -> state, timeout
 */
#include "proto/dccp.h"

#include "base/ticks.h"
#include "proto/dccp_fsm.h"
#include "proto/dccp_hdr.h"
#include "proto/dccp_seq.h"
#include "proto/ports.h"
#include "wire/hdr.h"

/* --- Parameters --------------------------------------------------------- */

/* A number of 24 bits is ambiguous beyond. */
enum { WINDOW_MAX = 1 << 22, WINDOW = 1 << 20 };

/* clang-format off */
#define TIMEOUT(state, alias, linux, recommended, doc) \
	{ "dccp.timeout." state, alias, doc, linux, recommended, 1, \
	  CT_TIMEOUT_MAX, CT_PARAM_TIMEOUT, 0 }
#define SYSCTL(state, linux, recommended, doc) \
	TIMEOUT(state, "nf_conntrack_dccp_timeout_" state, linux, \
		recommended, doc)

static const struct ct_param_def params[CT_DCCP_PARAMS] = {
	[CT_DCCP_P_REQUEST] = SYSCTL("request", 240, 240,
		"Seconds after a Request (RFC 5597, REQ-5)."),
	[CT_DCCP_P_RESPOND] = SYSCTL("respond", 480, 480,
		"Seconds after a Response (RFC 6092, REC-44)."),
	[CT_DCCP_P_PARTOPEN] = SYSCTL("partopen", 480, 480,
		"Seconds after the client's first Ack (RFC 6092, REC-44)."),
	[CT_DCCP_P_OPEN] = SYSCTL("open", 43200, 7440,
		"Seconds that an open connection may be silent; 7440 at least "
		"(RFC 5597, REQ-5)."),
	[CT_DCCP_P_CLOSEREQ] = SYSCTL("closereq", 64, 240,
		"Seconds after a CloseReq (RFC 5597, REQ-5)."),
	[CT_DCCP_P_CLOSING] = SYSCTL("closing", 64, 240,
		"Seconds after a Close (RFC 5597, REQ-5)."),
	[CT_DCCP_P_TIMEWAIT] = SYSCTL("timewait", 240, 240,
		"Seconds after a Reset (RFC 4340, 8.3)."),
	[CT_DCCP_P_LISTEN] = TIMEOUT("listen", NULL, 240, 240,
		"Seconds after a Listen (RFC 5597, REQ-5)."),
	[CT_DCCP_P_LOOSE] = {
		.name = "dccp.loose",
		.alias = "nf_conntrack_dccp_loose",
		.doc = "Pick up connections whose handshake was not seen.",
		.linux_value = 1,
		.recommended = 1,
		.max = 1,
	},
	[CT_DCCP_P_WINDOW] = {
		.name = "dccp.window",
		.doc = "How far a sequence number may be from the last one; "
		       "what the ends agree on (RFC 4340, 7.5.2) is not read.",
		.linux_value = WINDOW,
		.recommended = WINDOW,
		.min = 32, /* the feature's own minimum */
		.max = WINDOW_MAX,
	},
	[CT_DCCP_P_TRACK] = {
		.name = "dccp.track",
		.doc = "0: DCCP is followed only like an unknown protocol, as "
		       "in Linux 6.18; 1: it is.",
		.linux_value = 0,
		.recommended = 1,
		.max = 1,
		.flags = CT_PARAM_SEALED,
	},
};
/* clang-format on */

static const uint8_t timeout_of[CT_DCCP_STATES] = {
	[CT_DCCP_NONE] = CT_DCCP_P_REQUEST,
	[CT_DCCP_REQUEST] = CT_DCCP_P_REQUEST,
	[CT_DCCP_RESPOND] = CT_DCCP_P_RESPOND,
	[CT_DCCP_PARTOPEN] = CT_DCCP_P_PARTOPEN,
	[CT_DCCP_OPEN] = CT_DCCP_P_OPEN,
	[CT_DCCP_CLOSEREQ] = CT_DCCP_P_CLOSEREQ,
	[CT_DCCP_CLOSING] = CT_DCCP_P_CLOSING,
	[CT_DCCP_TIMEWAIT] = CT_DCCP_P_TIMEWAIT,
	[CT_DCCP_LISTEN] = CT_DCCP_P_LISTEN,
};

/* --- Before any look-up -------------------------------------------------- */

static enum ct_track invalid(struct ct_pkt *pkt, enum ct_reason reason)
{
	pkt->reason = (uint16_t)reason;
	return CT_TRACK_INVALID;
}

static enum ct_track check(struct ct_thread *thr, struct ct_pkt *pkt)
{
	struct ct_dccp_pkt found;
	enum ct_reason reason = ct_dccp_read(pkt, &found);

	if (reason != CT_R_NONE)
		return invalid(pkt, reason);
	if (!ct_csum_good(thr, pkt, found.cover))
		return invalid(pkt, CT_R_L4_CHECKSUM);
	memcpy(pkt->scratch, &found, sizeof(found));
	return CT_TRACK_OK;
}

/* --- Opening ------------------------------------------------------------ */

static enum ct_track open_conn(struct ct_thread *thr, struct ct_conn *conn,
			       struct ct_pkt *pkt)
{
	struct ct_dccp *dccp = ct_l4_state(conn);
	struct ct_dccp_pkt found;

	memcpy(&found, pkt->scratch, sizeof(found));
	dccp->server =
		found.type == CT_DCCP_T_LISTEN ? CT_DIR_ORIG : CT_DIR_REPLY;
	switch ((enum ct_dccp_type)found.type) {
	case CT_DCCP_T_REQUEST:
	case CT_DCCP_T_LISTEN:
		return CT_TRACK_OK;
	case CT_DCCP_T_DATA:
	case CT_DCCP_T_ACK:
	case CT_DCCP_T_DATAACK:
		dccp->picked_up = true;
		if (ct_l4_param(thr, &ct_dccp_ops, conn, CT_DCCP_P_LOOSE))
			return CT_TRACK_OK;
		return invalid(pkt, CT_R_DCCP_MIDSTREAM);
	default:
		return invalid(pkt, CT_R_DCCP_NEW);
	}
}

/* --- Following ---------------------------------------------------------- */

/*
 * Who sends?  Of a connection that was picked up its first sender counts as the
 * client, until the one that asks to close shows that it is the server.
 */
static enum ct_dccp_role role_of(struct ct_dccp *dccp, enum ct_dir dir,
				 const struct ct_dccp_pkt *found)
{
	if (dccp->picked_up && found->type == CT_DCCP_T_CLOSEREQ)
		dccp->server = (uint8_t)dir;
	return dir == dccp->server ? CT_DCCP_SERVER : CT_DCCP_CLIENT;
}

/* => Whether the numbers are against it, and what that makes of the packet. */
static enum ct_track judge(struct ct_thread *thr, struct ct_conn *conn,
			   const struct ct_dccp_pkt *found, struct ct_pkt *pkt)
{
	static const uint16_t reasons[] = {
		[CT_DCCP_OLD] = CT_R_BELOW_WINDOW,
		[CT_DCCP_BEYOND] = CT_R_DCCP_SEQ,
		[CT_DCCP_UNSENT] = CT_R_DCCP_ACK,
		[CT_DCCP_STALE] = CT_R_DCCP_RESET,
	};
	const struct ct_dccp *dccp = ct_l4_state(conn);
	enum ct_dccp_bound bound;

	if (dccp->picked_up)
		return CT_TRACK_OK;
	bound = ct_dccp_seq_judge(
		dccp, (enum ct_dir)pkt->dir, found,
		ct_l4_param(thr, &ct_dccp_ops, conn, CT_DCCP_P_WINDOW));
	if (bound == CT_DCCP_FITS)
		return CT_TRACK_OK;
	pkt->reason = reasons[bound];
	return bound == CT_DCCP_OLD ? CT_TRACK_IGNORE : CT_TRACK_INVALID;
}

static void believe(struct ct_thread *thr, struct ct_conn *conn,
		    const struct ct_dccp_pkt *found, enum ct_dir dir,
		    uint8_t next)
{
	struct ct_dccp *dccp = ct_l4_state(conn);

	if (!dccp->picked_up)
		ct_dccp_seq_learn(dccp, dir, found);
	if (dccp->state != next) {
		atomic_store_explicit(&dccp->state, next, memory_order_relaxed);
		ct_conn_changed(thr, conn);
	}
	ct_conn_refresh(thr, conn,
			ct_l4_param(thr, &ct_dccp_ops, conn, timeout_of[next]));
	if (next == CT_DCCP_OPEN && (ct_conn_status(conn) & CT_S_SEEN_REPLY))
		ct_conn_assure(thr, conn);
}

static void explain(const struct ct_thread *thr, const struct ct_dccp *dccp,
		    const struct ct_dccp_pkt *found, enum ct_dccp_role role)
{
	if (ct_tracing(thr))
		ct_trace(thr, "dccp", "%s of the %s in %s, number %llu",
			 ct_dccp_type_name(found->type),
			 role == CT_DCCP_CLIENT ? "client" : "server",
			 ct_dccp_state_name(dccp->state),
			 (unsigned long long)found->seq);
}

static enum ct_track packet(struct ct_thread *thr, struct ct_conn *conn,
			    struct ct_pkt *pkt)
{
	struct ct_dccp *dccp = ct_l4_state(conn);
	const enum ct_dir dir = (enum ct_dir)pkt->dir;
	struct ct_dccp_pkt found;
	enum ct_dccp_role role;
	enum ct_track track;
	uint8_t next;

	memcpy(&found, pkt->scratch, sizeof(found));
	ct_dccp_seq_extend(dccp, dir, &found);
	role = role_of(dccp, dir, &found);
	explain(thr, dccp, &found, role);
	next = ct_dccp_fsm_next(role, found.type, dccp->state);
	if (next == CT_DCCP_REOPEN)
		return CT_TRACK_RESTART;
	if (next == CT_DCCP_INVALID)
		return invalid(pkt, CT_R_DCCP_STATE);
	if (next == CT_DCCP_IGNORE) {
		pkt->reason = CT_R_IGNORED;
		return CT_TRACK_IGNORE;
	}
	track = judge(thr, conn, &found, pkt);
	if (track == CT_TRACK_OK)
		believe(thr, conn, &found, dir, next);
	return track;
}

/* --- For those who do not hold the lock ---------------------------------- */

static unsigned state_of(const struct ct_conn *conn)
{
	const struct ct_dccp *dccp = ct_l4_state_const(conn);

	return atomic_load_explicit(&dccp->state, memory_order_relaxed);
}

static uint8_t evict_score(const struct ct_conn *conn)
{
	switch (state_of(conn)) {
	case CT_DCCP_CLOSEREQ:
	case CT_DCCP_CLOSING:
	case CT_DCCP_TIMEWAIT:
		return CT_SCORE_CLOSING;
	case CT_DCCP_OPEN:
		return CT_SCORE_ESTABLISHED;
	case CT_DCCP_RESPOND:
	case CT_DCCP_PARTOPEN:
		return CT_SCORE_HALF_OPEN;
	default:
		return CT_SCORE_UNREPLIED;
	}
}

static uint32_t lifetime(const struct ct_thread *thr,
			 const struct ct_conn *conn)
{
	unsigned state = state_of(conn);

	if (state >= sizeof(timeout_of) / sizeof(timeout_of[0]))
		state = CT_DCCP_NONE;
	return ct_l4_param(thr, &ct_dccp_ops, conn, timeout_of[state]);
}

static const char *state_name(const struct ct_conn *conn)
{
	return ct_dccp_state_name(state_of(conn));
}

/* --- NAT ---------------------------------------------------------------- */

/* The checksum covers the header, whatever else (RFC 5597, REQ-11); it is among
 * what an error must quote. */
static bool rewrite(struct ct_pkt *pkt, const struct ct_rewrite *how)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);

	if (ct_cursor_left(&cur) < CT_DCCP_SUM_OFF + sizeof(uint16_t))
		return false;
	return ct_sum_patch(pkt, CT_DCCP_SUM_OFF, how->pseudo,
			    ct_ports_write(pkt, how));
}

const struct ct_l4_ops ct_dccp_ops = {
	.size = sizeof(struct ct_l4_ops),
	.name = "dccp",
	.l4 = CT_IPPROTO_DCCP,
	.ids = CT_IDS_PORTS,
	.state_size = sizeof(struct ct_dccp),
	.flags = CT_L4_NAT_PORTS,
	.params = params,
	.n_params = CT_DCCP_PARAMS,
	.tuple = ct_ports_tuple,
	.invert = ct_ports_invert,
	.check = check,
	.open = open_conn,
	.packet = packet,
	.evict_score = evict_score,
	.lifetime = lifetime,
	.state_name = state_name,
	.rewrite = rewrite,
};
