/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SCTP as a transport tracker; see sctp.h and docs/sctp.md.
 *
 *	check()   header, checksum, chunks: may it be looked at?
 *	open()    is each of its chunks one that may begin an association?
 *	packet()  the tag; then for each chunk: tag -> grid -> tag learnt -> state
 *
 * What a chunk has changed stays, also when a later one of the packet is
 * INVALID, as in Linux.
 */
#include "proto/sctp.h"

#include "base/ticks.h"
#include "core/help.h"
#include "core/table.h"
#include "proto/ports.h"
#include "proto/sctp_chunk.h"
#include "proto/sctp_fsm.h"
#include "proto/sctp_paths.h"
#include "proto/sctp_sum.h"
#include "proto/sctp_tag.h"
#include "wire/hdr.h"

/* --- Parameters --------------------------------------------------------- */

/* clang-format off */
#define TIMEOUT(state, linux, recommended, doc) \
	{ "sctp.timeout." state, "nf_conntrack_sctp_timeout_" state, doc, \
	  linux, recommended, 1, CT_TIMEOUT_MAX, CT_PARAM_TIMEOUT, 0 }

static const struct ct_param_def params[CT_SCTP_PARAMS] = {
	[CT_SCTP_T_CLOSED] = TIMEOUT("closed", 10, 10,
		"Seconds after an INIT that nobody has answered, and after the "
		"end of an association."),
	[CT_SCTP_T_COOKIE_WAIT] = TIMEOUT("cookie_wait", 3, 3,
		"Seconds after an INIT ACK."),
	[CT_SCTP_T_COOKIE_ECHOED] = TIMEOUT("cookie_echoed", 3, 3,
		"Seconds after a COOKIE ECHO."),
	[CT_SCTP_T_ESTABLISHED] = TIMEOUT("established", 210, 7440,
		"Seconds that an association may be silent; 7440 at least "
		"(RFC 6092, REC-40)."),
	[CT_SCTP_T_SHUTDOWN_SENT] = TIMEOUT("shutdown_sent", 3, 3,
		"Seconds after a SHUTDOWN of the originator."),
	[CT_SCTP_T_SHUTDOWN_RECD] = TIMEOUT("shutdown_recd", 3, 3,
		"Seconds after a SHUTDOWN of the responder."),
	[CT_SCTP_T_SHUTDOWN_ACK_SENT] = TIMEOUT("shutdown_ack_sent", 3, 3,
		"Seconds after a SHUTDOWN ACK."),
	[CT_SCTP_T_HEARTBEAT_SENT] = TIMEOUT("heartbeat_sent", 30, 30,
		"Seconds after a HEARTBEAT on a path that is not known."),
	[CT_SCTP_MULTIHOMING] = {
		.name = "sctp.multihoming",
		.doc = "1: paths between further addresses that an INIT and "
		       "its INIT ACK name are RELATED, and their tags known; "
		       "0: each is an association of its own, as in Linux.",
		.recommended = 1,
		.max = 1,
	},
};
/* clang-format on */

static const uint8_t timeout_of[CT_SCTP_STATES] = {
	[CT_SCTP_NONE] = CT_SCTP_T_CLOSED,
	[CT_SCTP_CLOSED] = CT_SCTP_T_CLOSED,
	[CT_SCTP_COOKIE_WAIT] = CT_SCTP_T_COOKIE_WAIT,
	[CT_SCTP_COOKIE_ECHOED] = CT_SCTP_T_COOKIE_ECHOED,
	[CT_SCTP_ESTABLISHED] = CT_SCTP_T_ESTABLISHED,
	[CT_SCTP_SHUTDOWN_SENT] = CT_SCTP_T_SHUTDOWN_SENT,
	[CT_SCTP_SHUTDOWN_RECD] = CT_SCTP_T_SHUTDOWN_RECD,
	[CT_SCTP_SHUTDOWN_ACK_SENT] = CT_SCTP_T_SHUTDOWN_ACK_SENT,
	[CT_SCTP_HEARTBEAT_SENT] = CT_SCTP_T_HEARTBEAT_SENT,
};

/* --- Before any look-up -------------------------------------------------- */

static enum ct_track invalid(struct ct_pkt *pkt, enum ct_reason reason)
{
	pkt->reason = (uint16_t)reason;
	return CT_TRACK_INVALID;
}

static enum ct_track check(struct ct_thread *thr, struct ct_pkt *pkt)
{
	struct ct_sctp_pkt found;
	enum ct_reason reason = ct_sctp_read(pkt, &found);

	if (reason == CT_R_L4_TRUNCATED)
		return invalid(pkt, reason);
	if (!ct_sctp_sum_good(thr, pkt))
		return invalid(pkt, CT_R_L4_CHECKSUM);
	if (reason != CT_R_NONE)
		return invalid(pkt, reason);
	memcpy(pkt->scratch, &found, sizeof(found));
	return CT_TRACK_OK;
}

/* --- Opening ------------------------------------------------------------ */

/* Without memory the association goes on without. */
static void look_for_paths(struct ct_thread *thr, struct ct_conn *conn)
{
	if (ct_l4_param(thr, &ct_sctp_ops, conn, CT_SCTP_MULTIHOMING))
		(void)ct_help_attach(
			thr, conn,
			ct_helper_find(thr->tbl, ct_sctp_paths.name));
}

static enum ct_track open_conn(struct ct_thread *thr, struct ct_conn *conn,
			       struct ct_pkt *pkt)
{
	struct ct_cursor cur = ct_sctp_chunks(pkt);
	struct ct_sctp_chunk chunk;
	struct ct_sctp_pkt found;
	struct ct_sctp_step step = { .sctp = ct_l4_state(conn),
				     .pkt = &found,
				     .chunk = &chunk };

	memcpy(&found, pkt->scratch, sizeof(found));
	if (found.events & ct_sctp_bit(CT_SCTP_EV_INIT))
		look_for_paths(thr, conn);
	while (ct_sctp_next(&cur, &chunk)) {
		if (ct_sctp_fsm_next(CT_DIR_ORIG, chunk.event, CT_SCTP_NONE) ==
		    CT_SCTP_INVALID)
			return invalid(pkt, CT_R_SCTP_NEW);
		ct_sctp_tag_open(&step);
	}
	return CT_TRACK_OK;
}

/* --- Following ---------------------------------------------------------- */

static void enter(struct ct_thread *thr, struct ct_conn *conn,
		  struct ct_sctp *sctp, uint8_t next)
{
	if (sctp->state == next)
		return;
	atomic_store_explicit(&sctp->state, next, memory_order_relaxed);
	ct_conn_changed(thr, conn);
	if (next == CT_SCTP_ESTABLISHED)
		ct_conn_assure(thr, conn);
}

static void explain(const struct ct_thread *thr,
		    const struct ct_sctp_step *step, uint8_t next)
{
	if (!ct_tracing(thr))
		return;
	ct_trace(thr, "sctp", "%s in %s, %s direction, tag %08x: %s",
		 ct_sctp_event_name(step->chunk->event),
		 ct_sctp_state_name(step->sctp->state),
		 step->dir == CT_DIR_ORIG ? "original" : "reply",
		 step->pkt->tag,
		 next == CT_SCTP_INVALID ? "not part of it"
					 : ct_sctp_state_name(next));
}

/* One chunk; => why it is INVALID, or CT_R_NONE, or CT_R_IGNORED. */
static enum ct_reason advance(struct ct_thread *thr, struct ct_conn *conn,
			      const struct ct_sctp_step *step)
{
	uint8_t next = ct_sctp_fsm_next(step->dir, step->chunk->event,
					step->sctp->state);

	switch (ct_sctp_tag_judge(step)) {
	case CT_SCTP_TAG_WRONG:
		return CT_R_SCTP_TAG;
	case CT_SCTP_TAG_STRANGE:
		return CT_R_IGNORED;
	case CT_SCTP_TAG_RIGHT:
		break;
	}
	explain(thr, step, next);
	if (next == CT_SCTP_INVALID)
		return CT_R_SCTP_STATE;
	if (!ct_sctp_tag_learn(step))
		return CT_R_SCTP_INIT_ACK;
	enter(thr, conn, step->sctp, next);
	return CT_R_NONE;
}

/* An INIT that nobody answers does not live longer for being sent again. */
static bool keeps_waiting(const struct ct_sctp_pkt *pkt, uint8_t was,
			  uint8_t now)
{
	return (pkt->events & ct_sctp_bit(CT_SCTP_EV_INIT)) &&
	       was == CT_SCTP_CLOSED && now == CT_SCTP_CLOSED;
}

static enum ct_track packet(struct ct_thread *thr, struct ct_conn *conn,
			    struct ct_pkt *pkt)
{
	struct ct_cursor cur = ct_sctp_chunks(pkt);
	struct ct_sctp *sctp = ct_l4_state(conn);
	const uint8_t was = sctp->state;
	struct ct_sctp_chunk chunk;
	struct ct_sctp_pkt found;
	struct ct_sctp_step step = { .sctp = sctp,
				     .pkt = &found,
				     .chunk = &chunk,
				     .dir = (enum ct_dir)pkt->dir };

	memcpy(&found, pkt->scratch, sizeof(found));
	if (!ct_sctp_tag_fits(sctp, &found, step.dir))
		return invalid(pkt, CT_R_SCTP_TAG);
	while (ct_sctp_next(&cur, &chunk)) {
		enum ct_reason reason = advance(thr, conn, &step);

		if (reason == CT_R_IGNORED)
			step.strange = true;
		else if (reason != CT_R_NONE)
			return invalid(pkt, reason);
	}
	if (step.strange && was == CT_SCTP_NONE) /* a path's tags are known */
		return invalid(pkt, CT_R_SCTP_TAG);
	if (step.strange) {
		pkt->reason = CT_R_IGNORED;
		return CT_TRACK_IGNORE;
	}
	if (!keeps_waiting(&found, was, sctp->state))
		ct_conn_refresh(thr, conn,
				ct_l4_param(thr, &ct_sctp_ops, conn,
					    timeout_of[sctp->state]));
	return CT_TRACK_OK;
}

/* --- For those who do not hold the lock ---------------------------------- */

static unsigned state_of(const struct ct_conn *conn)
{
	const struct ct_sctp *sctp = ct_l4_state_const(conn);

	return atomic_load_explicit(&sctp->state, memory_order_relaxed);
}

static uint8_t evict_score(const struct ct_conn *conn)
{
	switch (state_of(conn)) {
	case CT_SCTP_SHUTDOWN_SENT:
	case CT_SCTP_SHUTDOWN_RECD:
	case CT_SCTP_SHUTDOWN_ACK_SENT:
		return CT_SCORE_CLOSING;
	case CT_SCTP_ESTABLISHED:
		return CT_SCORE_ESTABLISHED;
	case CT_SCTP_COOKIE_WAIT:
	case CT_SCTP_COOKIE_ECHOED:
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
		state = CT_SCTP_CLOSED;
	return ct_l4_param(thr, &ct_sctp_ops, conn, timeout_of[state]);
}

static const char *state_name(const struct ct_conn *conn)
{
	return ct_sctp_state_name(state_of(conn));
}

const struct ct_l4_ops ct_sctp_ops = {
	.size = sizeof(struct ct_l4_ops),
	.name = "sctp",
	.l4 = CT_IPPROTO_SCTP,
	.ids = CT_IDS_PORTS,
	.state_size = sizeof(struct ct_sctp),
	.flags = CT_L4_NAT_PORTS,
	.params = params,
	.n_params = CT_SCTP_PARAMS,
	.tuple = ct_ports_tuple,
	.invert = ct_ports_invert,
	.check = check,
	.open = open_conn,
	.packet = packet,
	.evict_score = evict_score,
	.lifetime = lifetime,
	.state_name = state_name,
	.rewrite = ct_sctp_rewrite,
};
