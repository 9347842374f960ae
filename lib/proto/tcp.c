/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP as a transport tracker; see tcp.h.
 *
 *	check()   header, checksum, flags: may it be looked at?
 *	open()    a SYN, or a segment of a connection that is picked up
 *	packet()  grid -> guards -> window -> guards -> state, timeout
 */
#include "proto/tcp.h"

#include "core/pace.h"
#include "core/table.h"

#include "proto/ports.h"
#include "proto/tcp_fsm.h"
#include "proto/tcp_guard.h"
#include "proto/tcp_nat.h"
#include "proto/tcp_seg.h"
#include "proto/tcp_time.h"
#include "proto/tcp_window.h"
#include "wire/hdr.h"

/* --- Parameters --------------------------------------------------------- */

#define DAYS_248 21427200u /* what a deadline can hold */

/* What is left is not worth shortening below this; seconds, as Linux has it. */
enum { LITTLE_TIME = 120 };

/* clang-format off */
#define TIMEOUT(name, alias, linux, recommended, doc) \
	{ "tcp.timeout." name, alias, doc, linux, recommended, 1, DAYS_248, \
	  CT_PARAM_TIMEOUT, 0 }
#define SYSCTL(name, linux, recommended, doc) \
	TIMEOUT(name, "nf_conntrack_tcp_timeout_" name, linux, recommended, doc)
#define NUMBER(name, value, max, doc) \
	{ "tcp." name, "nf_conntrack_tcp_" name, doc, value, value, 0, max, 0, 0 }

static const struct ct_param_def params[CT_TCP_PARAMS] = {
	[CT_TCP_T_SYN_SENT] = SYSCTL("syn_sent", 120, 120,
		"Seconds after a SYN (RFC 5382, REQ-5)."),
	[CT_TCP_T_SYN_RECV] = SYSCTL("syn_recv", 60, 60,
		"Seconds after a SYN/ACK (RFC 5382, REQ-5)."),
	[CT_TCP_T_ESTABLISHED] = SYSCTL("established", 432000, 7440,
		"Seconds that an open connection may be silent; 7440 at least "
		"(RFC 5382, REQ-5)."),
	[CT_TCP_T_FIN_WAIT] = SYSCTL("fin_wait", 120, 120,
		"Seconds after the first FIN."),
	[CT_TCP_T_CLOSE_WAIT] = SYSCTL("close_wait", 60, 60,
		"Seconds after the ACK of the first FIN."),
	[CT_TCP_T_LAST_ACK] = SYSCTL("last_ack", 30, 30,
		"Seconds after the second FIN."),
	[CT_TCP_T_TIME_WAIT] = SYSCTL("time_wait", 120, 120,
		"Seconds after the last ACK (RFC 9293, 3.6)."),
	[CT_TCP_T_CLOSE] = SYSCTL("close", 10, 10,
		"Seconds after a RST."),
	[CT_TCP_T_SYN_SENT2] = TIMEOUT("syn_sent2", NULL, 120, 120,
		"Seconds after a SYN of each end."),
	[CT_TCP_T_MAX_RETRANS] = SYSCTL("max_retrans", 300, 300,
		"Seconds at most when a segment came again tcp.max_retrans "
		"times, or a window is closed."),
	[CT_TCP_T_UNACKNOWLEDGED] = SYSCTL("unacknowledged", 300, 300,
		"Seconds at most while data waits for its ACK."),
	[CT_TCP_P_LOOSE] = NUMBER("loose", 1, 1,
		"Pick up connections whose handshake was not seen."),
	[CT_TCP_P_BE_LIBERAL] = NUMBER("be_liberal", 0, 1,
		"Believe segments outside of the window, except a RST below "
		"it."),
	[CT_TCP_P_IGNORE_INVALID_RST] = NUMBER("ignore_invalid_rst", 0, 1,
		"Take a RST below the window for an inexact one instead of an "
		"INVALID one."),
	[CT_TCP_P_MAX_RETRANS] = NUMBER("max_retrans", 3, 255,
		"How often a segment may come again before "
		"tcp.timeout.max_retrans holds."),
};
/* clang-format on */

static const uint8_t timeout_of[CT_TCP_STATES] = {
	[CT_TCP_NONE] = CT_TCP_T_SYN_SENT,
	[CT_TCP_SYN_SENT] = CT_TCP_T_SYN_SENT,
	[CT_TCP_SYN_RECV] = CT_TCP_T_SYN_RECV,
	[CT_TCP_ESTABLISHED] = CT_TCP_T_ESTABLISHED,
	[CT_TCP_FIN_WAIT] = CT_TCP_T_FIN_WAIT,
	[CT_TCP_CLOSE_WAIT] = CT_TCP_T_CLOSE_WAIT,
	[CT_TCP_LAST_ACK] = CT_TCP_T_LAST_ACK,
	[CT_TCP_TIME_WAIT] = CT_TCP_T_TIME_WAIT,
	[CT_TCP_CLOSE] = CT_TCP_T_CLOSE,
	[CT_TCP_SYN_SENT2] = CT_TCP_T_SYN_SENT2,
};

/* ct_l4_state() without the call. */
static inline struct ct_tcp *tcp_of(struct ct_conn *conn)
{
	return (struct ct_tcp *)(void *)conn->l4_state;
}

static inline uint32_t param(const struct ct_thread *thr,
			     const struct ct_conn *conn, unsigned n)
{
	return ct_param_of(thr, &ct_tcp_ops, conn, n);
}

/* --- Before any look-up -------------------------------------------------- */

static enum ct_track invalid(struct ct_pkt *pkt, enum ct_reason reason)
{
	pkt->reason = (uint16_t)reason;
	return CT_TRACK_INVALID;
}

/* A segment is read once, and kept in the packet for open() and packet(). */
static struct ct_tcp_seg recall(struct ct_pkt *pkt)
{
	struct ct_tcp_seg seg;

	memcpy(&seg, pkt->scratch, sizeof(seg));
	if (ct_unlikely(seg.unread)) {
		ct_tcp_seg_read_options(pkt, &seg);
		memcpy(pkt->scratch, &seg, sizeof(seg));
	}
	return seg;
}

static enum ct_track check(struct ct_thread *thr, struct ct_pkt *pkt)
{
	struct ct_tcp_seg seg;
	enum ct_reason reason = ct_tcp_seg_read(pkt, &seg);

	if (reason != CT_R_NONE)
		return invalid(pkt, reason);
	if (pkt->csum != CT_CSUM_VERIFIED &&
	    !ct_csum_good(thr, pkt, pkt->l4_len))
		return invalid(pkt, CT_R_L4_CHECKSUM);
	if (!ct_tcp_flags_valid(seg.bits))
		return invalid(pkt, CT_R_TCP_FLAGS);
	memcpy(pkt->scratch, &seg, sizeof(seg));
	return CT_TRACK_OK;
}

/* --- Opening ------------------------------------------------------------ */

static enum ct_track open_conn(struct ct_thread *thr, struct ct_conn *conn,
			       struct ct_pkt *pkt)
{
	const struct ct_tcp_seg seg = recall(pkt);
	struct ct_tcp *tcp = tcp_of(conn);

	tcp->last_event = CT_TCP_EV_NONE;
	switch (ct_tcp_fsm_next(CT_DIR_ORIG, seg.event, CT_TCP_NONE)) {
	case CT_TCP_SYN_SENT:
		ct_tcp_window_open(tcp, &seg);
		return CT_TRACK_OK;
	case CT_TCP_ESTABLISHED:
		if (!param(thr, conn, CT_TCP_P_LOOSE))
			return invalid(pkt, CT_R_TCP_MIDSTREAM);
		ct_tcp_window_pick_up(tcp, &seg);
		return CT_TRACK_OK;
	default:
		return invalid(pkt, CT_R_TCP_NEW);
	}
}

/* --- Following ---------------------------------------------------------- */

/* A segment is let pass, but what it is about may be asked for later. */
static enum ct_track pass(struct ct_tcp *tcp, const struct ct_tcp_seg *seg,
			  struct ct_pkt *pkt)
{
	pkt->reason = CT_R_IGNORED;
	tcp->last_event = seg->event;
	tcp->last_dir = pkt->dir;
	tcp->last_seq = seg->seq;
	tcp->last_ack = seg->ack;
	tcp->last_end = seg->end;
	tcp->last_win = seg->win;
	if (seg->event == CT_TCP_EV_SYN && pkt->dir == CT_DIR_ORIG) {
		tcp->kept_scale = seg->scale;
		tcp->kept_flags = seg->offers;
		if (tcp->state == CT_TCP_LAST_ACK)
			tcp->kept_flags |= CT_TCP_KEPT_CHALLENGE;
	}
	return CT_TRACK_IGNORE;
}

/* => Whether the numbers are not to matter, by parameter or by a pick-up. */
static bool liberal(const struct ct_thread *thr, const struct ct_conn *conn,
		    enum ct_dir dir)
{
	const struct ct_tcp *tcp = ct_tcp_of(conn);

	return (tcp->flags[dir] & CT_TCP_F_BE_LIBERAL) ||
	       param(thr, conn, CT_TCP_P_BE_LIBERAL);
}

/* It is INVALID by its numbers; that may still tell something. */
static void refused(struct ct_thread *thr, struct ct_conn *conn,
		    const struct ct_tcp_step *step)
{
	const struct ct_tcp_answer answer = ct_tcp_guard_refused(step);
	const uint32_t unacked = param(thr, conn, CT_TCP_T_UNACKNOWLEDGED);
	const uint32_t left = ct_conn_expires(thr, conn);
	struct ct_tcp *tcp = tcp_of(conn);

	if (ct_traced(thr) && answer.action != CT_TCP_DO_REFUSE)
		ct_trace(thr, "tcp", "Not believed; %s says %s.", answer.rule,
			 ct_tcp_answer_text(&answer));
	if (answer.action == CT_TCP_DO_REMEMBER) {
		tcp->last_event = step->seg->event;
		tcp->last_dir = step->dir;
	}
	if (answer.action == CT_TCP_DO_SHORTEN && left >= LITTLE_TIME &&
	    left > unacked)
		ct_conn_refresh(thr, conn, unacked);
}

static enum ct_track judge(struct ct_thread *thr, struct ct_conn *conn,
			   const struct ct_tcp_step *step, struct ct_pkt *pkt)
{
	static const struct verdict {
		uint16_t reason;
		uint8_t track;
	} verdicts[] = {
		[CT_TCP_I_ABOVE] = { CT_R_TCP_ABOVE_WINDOW, CT_TRACK_INVALID },
		[CT_TCP_III_ACK] = { CT_R_TCP_ACK_UNSENT, CT_TRACK_INVALID },
		[CT_TCP_III_SACK] = { CT_R_TCP_SACK_UNSENT, CT_TRACK_INVALID },
		[CT_TCP_I_OVERSHOT] = { CT_R_IGNORED, CT_TRACK_IGNORE },
		[CT_TCP_II_BELOW] = { CT_R_BELOW_WINDOW, CT_TRACK_IGNORE },
		[CT_TCP_IV_OLD] = { CT_R_OLD_ACK, CT_TRACK_IGNORE },
	};
	const struct ct_tcp_seg *seg = step->seg;
	enum ct_tcp_bound bound =
		ct_tcp_window_judge(tcp_of(conn), step->dir, seg);
	bool mild = bound != CT_TCP_FITS && liberal(thr, conn, step->dir);

	if (ct_traced(thr))
		ct_trace(thr, "tcp window", "seq %u to %u, ack %u: %s%s.",
			 seg->seq, seg->end, seg->ack, ct_tcp_bound_text(bound),
			 mild ? "; believed all the same" : "");
	if (bound == CT_TCP_FITS || mild)
		return CT_TRACK_OK;
	pkt->reason = verdicts[bound].reason;
	if (verdicts[bound].track == CT_TRACK_INVALID)
		refused(thr, conn, step);
	return verdicts[bound].track;
}

/* Under the lock, of course; but see state_of(). */
static void state_set(struct ct_tcp *tcp, uint8_t state)
{
	atomic_store_explicit(&tcp->state, state, memory_order_relaxed);
}

static void enter(struct ct_tcp *tcp, const struct ct_tcp_seg *seg,
		  enum ct_dir dir, uint8_t next)
{
	tcp->last_event = seg->event;
	tcp->last_dir = (uint8_t)dir;
	if (tcp->state == next)
		return;
	state_set(tcp, next);
	if (next == CT_TCP_FIN_WAIT)
		tcp->flags[dir] |= CT_TCP_F_CLOSE_INIT;
	if (next == CT_TCP_SYN_SENT2)
		tcp->kept_flags |= CT_TCP_KEPT_CROSSING;
}

/* A handshake goes on: how long was it silent?  A proxy's client waits for
 * nobody. */
static void note_pace(struct ct_thread *thr, const struct ct_conn *conn,
		      uint8_t was, uint8_t next)
{
	bool answers = was == CT_TCP_SYN_SENT && next == CT_TCP_SYN_RECV;
	bool completes = was == CT_TCP_SYN_RECV && next == CT_TCP_ESTABLISHED;
	uint32_t status = ct_conn_word(conn);
	uint32_t life;
	int32_t left;

	if ((!answers && !completes) || (status & CT_S_SEQ_ADJUST) ||
	    !(status & CT_S_CONFIRMED))
		return;
	life = CT_TICKS_PER_S *
	       ct_tcp_lifetime(thr, conn, (enum ct_tcp_param)timeout_of[was],
			       CT_TCP_EV_ACK, status);
	left = ct_ticks_until(
		atomic_load_explicit(&conn->timeout, memory_order_relaxed),
		thr->now);
	if (left > 0 && (uint32_t)left <= life)
		ct_pace_note(thr, conn, answers ? CT_PACE_ANSWER : CT_PACE_ACK,
			     life - (uint32_t)left);
}

/* The segment is part of the connection: what follows from it? */
static enum ct_track believe(struct ct_thread *thr, struct ct_conn *conn,
			     const struct ct_tcp_step *step, uint8_t next)
{
	struct ct_tcp *tcp = tcp_of(conn);
	const uint8_t was = tcp->state;
	struct ct_tcp_answer answer = { .action = CT_TCP_DO_CHECK };

	if (!ct_tcp_guard_silent(step->seg->event, was))
		answer = ct_tcp_guard_after(step);
	if (ct_traced(thr) && answer.action != CT_TCP_DO_CHECK)
		ct_trace(thr, "tcp", "Believed; %s says %s.", answer.rule,
			 ct_tcp_answer_text(&answer));
	enter(tcp, step->seg, step->dir, next);
	if (was != next) {
		note_pace(thr, conn, was, next);
		ct_conn_changed(thr, conn);
	}
	if (answer.action == CT_TCP_DO_END)
		return CT_TRACK_KILL;
	if (answer.action == CT_TCP_DO_STAY)
		return CT_TRACK_OK;
	ct_refresh(thr, conn,
		   ct_tcp_lifetime(thr, conn,
				   (enum ct_tcp_param)timeout_of[next],
				   step->seg->event, step->status));
	/* An answer to the handshake, or to what was picked up. */
	if ((step->status & (CT_S_SEEN_REPLY | CT_S_ASSURED)) ==
		    CT_S_SEEN_REPLY &&
	    next == CT_TCP_ESTABLISHED &&
	    (was == CT_TCP_SYN_RECV || was == CT_TCP_ESTABLISHED))
		ct_conn_assure(thr, conn);
	return CT_TRACK_OK;
}

uint32_t ct_tcp_lifetime_established(const struct ct_thread *thr,
				     const struct ct_conn *conn)
{
	return ct_tcp_lifetime(thr, conn, CT_TCP_T_ESTABLISHED, CT_TCP_EV_ACK,
			       CT_S_SEEN_REPLY);
}

static enum ct_track act(struct ct_thread *thr, struct ct_conn *conn,
			 const struct ct_tcp_step *step, struct ct_pkt *pkt)
{
	struct ct_tcp *tcp = tcp_of(conn);
	struct ct_tcp_answer answer = { .action = CT_TCP_DO_CHECK,
					.next = step->cell,
					.rule = "grid" };
	enum ct_track track = CT_TRACK_OK;

	/* Nearly all segments: the grid names a state, and no rule objects. */
	if (ct_unlikely(step->cell >= CT_TCP_STATES ||
			!ct_tcp_guard_silent(step->seg->event, tcp->state)))
		answer = ct_tcp_guard_before(step);

	if (ct_traced(thr))
		ct_trace(thr, "tcp", "%s in %s, %s direction: %s says %s.",
			 ct_tcp_event_name(step->seg->event),
			 ct_tcp_state_name(tcp->state),
			 step->dir == CT_DIR_ORIG ? "original" : "reply",
			 answer.rule, ct_tcp_answer_text(&answer));
	switch ((enum ct_tcp_action)answer.action) {
	case CT_TCP_DO_PASS:
		return pass(tcp, step->seg, pkt);
	case CT_TCP_DO_REFUSE:
		return invalid(pkt, answer.reason);
	case CT_TCP_DO_RESTART:
		pkt->reason = CT_R_REOPENED;
		return CT_TRACK_RESTART;
	case CT_TCP_DO_RESYNC:
		ct_tcp_window_reopen(tcp);
		state_set(tcp, CT_TCP_SYN_SENT);
		track = judge(thr, conn, step, pkt);
		break;
	case CT_TCP_DO_CHECK:
		track = judge(thr, conn, step, pkt);
		break;
	case CT_TCP_DO_BELIEVE:
	default: /* of the other lists */
		break;
	}
	if (track != CT_TRACK_OK)
		return track;
	track = believe(thr, conn, step, answer.next);
	if (track == CT_TRACK_KILL)
		pkt->reason = CT_R_CLOSED_BY_RESET;
	return track;
}

/* Acknowledgements count what left; each end's numbers are kept as it sends
 * them. */
static ct_noinline void shift_back(const struct ct_table *tbl,
				   const struct ct_conn *conn, enum ct_dir dir,
				   struct ct_tcp_seg *seg)
{
	uint32_t by = (uint32_t)ct_seqadj_ack_shift(tbl, conn, dir, seg->ack);

	if (!(seg->bits & CT_TCP_ACK))
		return;
	seg->ack -= by;
	seg->sack -= by;
}

/*
 * What is behind a first fragment was not seen: as much as the receiver takes,
 * and as a datagram can hold.  It will be acknowledged.
 */
static void reach(const struct ct_tcp *tcp, enum ct_dir dir,
		  struct ct_tcp_seg *seg)
{
	uint32_t end = tcp->ends[dir].max_end;

	if (ct_seq_after(end, seg->seq + UINT16_MAX))
		end = seg->seq + UINT16_MAX;
	if (ct_seq_after(end, seg->end))
		seg->end = end;
}

/* => A SYN was seen, and the handshake is not over. */
static bool is_half_open(unsigned state)
{
	return state == CT_TCP_SYN_SENT || state == CT_TCP_SYN_RECV ||
	       state == CT_TCP_SYN_SENT2;
}

/* The budgets of half-open connections are told. */
static ct_noinline void tell_half(struct ct_table *tbl,
				  const struct ct_conn *conn, bool was, bool is)
{
	if (is && !was)
		ct_half_enter(tbl, conn);
	else if (was && !is)
		ct_half_leave(tbl, conn);
}

static enum ct_track packet(struct ct_thread *thr, struct ct_conn *conn,
			    struct ct_pkt *pkt)
{
	const struct ct_tcp *tcp = ct_tcp_of(conn);
	struct ct_tcp_seg seg = recall(pkt);
	struct ct_tcp_step step = { .tcp = tcp,
				    .seg = &seg,
				    .status = ct_conn_word(conn),
				    .dir = pkt->dir };
	const uint8_t was = tcp->state;
	enum ct_track track;

	if (ct_unlikely(step.status & CT_S_SEQ_ADJUST))
		shift_back(thr->tbl, conn, step.dir, &seg);
	if (ct_unlikely(pkt->flags & CT_PKT_FIRST))
		reach(tcp, (enum ct_dir)pkt->dir, &seg);
	if (seg.event == CT_TCP_EV_RST)
		step.spare_low_rst =
			param(thr, conn, CT_TCP_P_IGNORE_INVALID_RST);
	step.cell = ct_tcp_fsm_next(pkt->dir, seg.event, was);
	track = act(thr, conn, &step, pkt);
	if (ct_unlikely(thr->tbl->half.on))
		tell_half(thr->tbl, conn, is_half_open(was),
			  is_half_open(tcp->state));
	return track;
}

void ct_tcp_scales(struct ct_conn *conn, enum ct_dir dir, uint8_t shift)
{
	tcp_of(conn)->scale[dir] = shift;
}

/* For those who do not hold the lock. */
static unsigned state_of(const struct ct_conn *conn)
{
	const struct ct_tcp *tcp = ct_tcp_of(conn);

	return atomic_load_explicit(&tcp->state, memory_order_relaxed);
}

/* There is not much to lose with what is closing: Linux' collector takes it,
 * too, assured or not, when the table is nearly full. */
static uint8_t evict_score(const struct ct_conn *conn)
{
	switch (state_of(conn)) {
	case CT_TCP_FIN_WAIT:
	case CT_TCP_CLOSE_WAIT:
	case CT_TCP_LAST_ACK:
	case CT_TCP_TIME_WAIT:
	case CT_TCP_CLOSE:
		return CT_SCORE_CLOSING;
	case CT_TCP_NONE: /* no segment was believed */
		return CT_SCORE_CLOSING;
	case CT_TCP_ESTABLISHED:
		return CT_SCORE_ESTABLISHED;
	case CT_TCP_SYN_RECV:
		return CT_SCORE_HALF_OPEN;
	default:
		return CT_SCORE_UNREPLIED;
	}
}

static uint32_t lifetime(const struct ct_thread *thr,
			 const struct ct_conn *conn)
{
	unsigned state = state_of(conn);

	if (state >= CT_TCP_STATES)
		state = CT_TCP_NONE;
	return ct_tcp_lifetime(thr, conn, (enum ct_tcp_param)timeout_of[state],
			       CT_TCP_EV_ACK, ct_conn_word(conn));
}

static const char *state_name(const struct ct_conn *conn)
{
	return ct_tcp_state_name(state_of(conn));
}

const struct ct_l4_ops ct_tcp_ops = {
	.size = sizeof(ct_tcp_ops),
	.name = "tcp",
	.l4 = CT_IPPROTO_TCP,
	.ids = CT_IDS_PORTS,
	.state_size = sizeof(struct ct_tcp),
	.flags = CT_L4_NAT_PORTS,
	.params = params,
	.n_params = CT_TCP_PARAMS,
	.tuple = ct_ports_tuple,
	.invert = ct_ports_invert,
	.check = check,
	.open = open_conn,
	.packet = packet,
	.evict_score = evict_score,
	.lifetime = lifetime,
	.state_name = state_name,
	.rewrite = ct_tcp_rewrite,
	.yields = ct_tcp_yields,
};
