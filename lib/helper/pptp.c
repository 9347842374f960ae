/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pptp.c - the helper for PPTP (RFC 2637); see docs/pptp.md
 *
 * The client (PNS) opens the control connection.  Each end chooses a call id
 * and gets the call's GRE packets with it; so when both are known, two GRE
 * flows are expected, and what their packets do not tell is told to the tracker
 * (peer_id.h).
 *
 *	client				server		   session, call
 *	start request	----------->			   ASKED
 *			<-----------	start reply	   OPEN
 *	out request	----------->	id of the client   -, ASKED
 *			<-----------	out reply, both	   -, EXPECTED
 *	GRE to 200 ------------------>	200
 *	100	<------------------ GRE to 100
 *			<-----------	disconnected	   -, NONE: the GRE ends
 *
 * With NAT the client's call id becomes the port that its control connection
 * has outside, in all messages and in GRE: clients of one server differ in it.
 *
 * The state is the connection's, under its busy lock.
 */
#include "helper/helpers.h"
#include "helper/pptp_msg.h"

#include <conntrack/dump.h>
#include <conntrack/peer_id.h>
#include <conntrack/tracker_call.h>

enum { TCP = 6, GRE = 47 };

enum session { CLOSED, ASKED, OPEN, ENDING, REFUSED };

enum call {
	CALL_NONE,
	CALL_OUT,   /* the client wants one */
	CALL_IN,    /* the server has one */
	CALL_TAKEN, /* the client takes that */
	CALL_EXPECTED
};

struct pptp {
	uint8_t session; /* enum session */
	uint8_t call;    /* enum call */
	uint8_t known;   /* bit for each direction that was told; below */
	uint8_t reserved;
	ct_be16 inside_id;  /* the client's call id, as it knows it */
	ct_be16 outside_id; /* as the server does */
	ct_be16 server_id;
	ct_be16 known_src[CT_DIR_MAX]; /* ids of what was told */
	ct_be16 known_dst[CT_DIR_MAX];
};
CT_STATIC_ASSERT(sizeof(struct pptp) <= CT_HELPER_STATE_MAX, "fits");

/* What a message is looked at with. */
struct look {
	struct ct_thread *thr;
	struct ct_pkt *pkt;
	struct ct_speech *speech;
	struct pptp *state;
	uint32_t off; /* of the message */
};

static bool translated(const struct ct_conn *conn)
{
	return ct_conn_status(conn) & (CT_S_SRC_NAT | CT_S_DST_NAT);
}

static enum ct_dir other(enum ct_dir dir)
{
	return dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG;
}

/* --- The GRE flows ------------------------------------------------------ */

/* What a direction's GRE packets look like when they arrive. */
static struct ct_tuple gre(const struct ct_conn *master, enum ct_dir dir,
			   ct_be16 src_id, ct_be16 dst_id)
{
	struct ct_tuple t, orig;

	ct_conn_tuple(master, dir, &t);
	ct_conn_tuple(master, CT_DIR_ORIG, &orig);
	t.zone = orig.zone; /* of what comes first, whichever end sends it */
	t.l4 = GRE;
	t.src_id = src_id;
	t.dst_id = dst_id;
	return t;
}

/* As the call is now. */
static struct ct_tuple gre_of(const struct ct_conn *master,
			      const struct pptp *state, enum ct_dir dir)
{
	return dir == CT_DIR_ORIG
		       ? gre(master, dir, state->inside_id, state->server_id)
		       : gre(master, dir, state->server_id, state->outside_id);
}

static struct ct_tuple known_gre(const struct ct_conn *master,
				 const struct pptp *state, enum ct_dir dir)
{
	return gre(master, dir, state->known_src[dir], state->known_dst[dir]);
}

static void forget(struct ct_thread *thr, const struct ct_conn *master,
		   struct pptp *state)
{
	for (enum ct_dir dir = CT_DIR_ORIG; dir < CT_DIR_MAX; dir++) {
		struct ct_tuple t = known_gre(master, state, dir);

		if (state->known & 1u << dir)
			ct_peer_id_forget(thr, &t);
	}
	state->known = 0;
}

/*
 * A direction is told once a call, as in Linux: what a second call has is not.
 *
 * => False when it is not the same as before, or out of memory.
 */
static bool tell(struct ct_thread *thr, const struct ct_conn *master,
		 struct pptp *state, enum ct_dir dir)
{
	struct ct_tuple t = gre_of(master, state, dir);

	if (state->known & 1u << dir)
		return t.dst_id == state->known_dst[dir];
	if (ct_peer_id_learn(thr, &t))
		return false;
	state->known |= (uint8_t)(1u << dir);
	state->known_src[dir] = t.src_id;
	state->known_dst[dir] = t.dst_id;
	return true;
}

static void expect_no_more(struct ct_thread *thr, const struct ct_conn *master,
			   struct ct_tuple t)
{
	struct ct_expect *exp;

	t.zone = ct_conn_zone(master);
	exp = ct_expect_find(thr, &t);
	if (exp)
		ct_expect_remove(thr, exp);
}

/* The sibling of a call that is over, or its expectation. */
static void end_gre(struct ct_thread *thr, const struct ct_conn *master,
		    const struct ct_tuple *t)
{
	struct ct_conn *conn = ct_find(thr, t, NULL);

	if (conn)
		ct_conn_delete(thr, conn);
	else
		expect_no_more(thr, master, *t);
}

/* With NAT the client's id is looked for as the server knows it: whichever end
 * began, one of the two is the connection's. */
static void end_call(struct ct_thread *thr, const struct ct_conn *master,
		     struct pptp *state)
{
	struct ct_tuple t;

	forget(thr, master, state);
	if (!state->server_id && !state->outside_id) /* there was none */
		return;
	t = gre(master, CT_DIR_ORIG, state->outside_id, state->server_id);
	end_gre(thr, master, &t);
	t = gre(master, CT_DIR_REPLY, state->server_id, state->outside_id);
	end_gre(thr, master, &t);
}

/* --- What is expected --------------------------------------------------- */

static void map(struct ct_thread *thr, struct ct_pkt *pkt, enum ct_nat_end end,
		const union ct_addr *addr, ct_be16 id)
{
	struct ct_nat_range range = {
		.size = sizeof(range),
		.flags = CT_NAT_ADDR | (id ? CT_NAT_IDS : 0u),
		.min_addr = *addr,
		.max_addr = *addr,
		.min_id = ct_load_u16((const uint8_t *)&id),
		.max_id = ct_load_u16((const uint8_t *)&id),
	};

	ct_nat_setup(thr, pkt, end, &range);
}

/*
 * The first GRE packet: the other direction is not expected any more, since it
 * is the answer; both ends are as those of the control connection.
 *
 * As in Linux the other one stays, for its time, when the server's packet was
 * first and the client is translated; it does no harm, since its packets are
 * the connection's.
 */
static void met(struct ct_thread *thr, struct ct_pkt *pkt,
		const struct ct_expect *exp)
{
	struct ct_expect_view view = { .size = sizeof(view) };
	const struct ct_expect_def *def = &view.def;
	struct ct_tuple answer, back;
	bool orig;

	if (ct_expect_view(thr, exp, &view))
		return;
	orig = def->nat_dir == CT_DIR_ORIG;
	ct_conn_tuple(view.master, other((enum ct_dir)def->nat_dir), &back);
	answer = def->tuple;
	answer.src = back.src;
	answer.dst = back.dst;
	answer.src_id = def->tuple.dst_id;
	answer.dst_id = def->tuple.src_id;
	if (!(def->flags & CT_EXPECT_NAT)) {
		expect_no_more(thr, view.master, answer);
		return;
	}
	if (orig) {
		answer.dst_id = def->nat_id;
		expect_no_more(thr, view.master, answer);
	}
	map(thr, pkt, CT_NAT_SRC, &back.dst, orig ? def->nat_id : 0);
	map(thr, pkt, CT_NAT_DST, &back.src, orig ? 0 : def->nat_id);
}

static int expect(const struct look *look, enum ct_dir dir,
		  struct ct_expect **exp)
{
	struct ct_conn *master = look->pkt->conn;
	const struct pptp *state = look->state;
	struct ct_expect_def def = {
		.size = sizeof(def),
		.tuple = gre_of(master, state, dir),
		.src_id_mask = 0xffff,
		.nat_dir = (uint8_t)dir,
		.nat = met,
	};

	memset(&def.src_mask, 0xff, sizeof(def.src_mask));
	if (translated(master)) {
		def.flags = CT_EXPECT_NAT;
		def.nat_id = dir == CT_DIR_ORIG ? state->outside_id
						: state->inside_id;
	}
	return ct_expect_add(look->thr, master, &def, exp);
}

/* Both ids are known; all of it or nothing. */
static void expect_call(const struct look *look)
{
	struct ct_conn *master = look->pkt->conn;
	struct ct_expect *exp[CT_DIR_MAX];

	if (expect(look, CT_DIR_ORIG, &exp[CT_DIR_ORIG]))
		return;
	if (!expect(look, CT_DIR_REPLY, &exp[CT_DIR_REPLY])) {
		if (tell(look->thr, master, look->state, CT_DIR_ORIG) &&
		    tell(look->thr, master, look->state, CT_DIR_REPLY))
			return;
		ct_expect_remove(look->thr, exp[CT_DIR_REPLY]);
	}
	ct_expect_remove(look->thr, exp[CT_DIR_ORIG]);
}

/* --- Rewriting ---------------------------------------------------------- */

/* => False when the packet must be dropped. */
static bool put_id(const struct look *look, uint32_t at, ct_be16 id)
{
	return ct_help_replace(look->thr, look->pkt, look->speech,
			       look->off + at, sizeof(id), &id,
			       sizeof(id)) != CT_E_NOSPC;
}

/* Of the client's messages: its id becomes the one outside. */
static bool rewrite_client(const struct look *look,
			   const struct ct_pptp_msg *msg)
{
	switch (msg->type) {
	case CT_PPTP_OUT_REQUEST:
	case CT_PPTP_IN_REPLY:
	case CT_PPTP_CLEAR_REQUEST:
		return put_id(look, CT_PPTP_FIRST_ID, look->state->outside_id);
	default:
		return true;
	}
}

/* Of the server's: and back. */
static bool rewrite_server(const struct look *look,
			   const struct ct_pptp_msg *msg)
{
	switch (msg->type) {
	case CT_PPTP_OUT_REPLY:
		return put_id(look, CT_PPTP_SECOND_ID, look->state->inside_id);
	case CT_PPTP_IN_CONNECTED:
	case CT_PPTP_DISCONNECTED:
	case CT_PPTP_WAN_ERROR:
	case CT_PPTP_LINK_INFO:
		return put_id(look, CT_PPTP_FIRST_ID, look->state->inside_id);
	default:
		return true;
	}
}

/* --- Messages ----------------------------------------------------------- */

/* The client has chosen an id. */
static void take_id(const struct look *look, ct_be16 id)
{
	struct pptp *state = look->state;
	struct ct_tuple reply;

	state->inside_id = id;
	state->outside_id = id;
	if (!translated(look->pkt->conn))
		return;
	ct_conn_tuple(look->pkt->conn, CT_DIR_REPLY, &reply);
	state->outside_id = reply.dst_id;
}

/* => The session is open, and the call in one of these two states. */
static bool call_is(const struct pptp *state, enum call a, enum call b)
{
	return state->session == OPEN && (state->call == a || state->call == b);
}

/* => The message fits into what was said before. */
static bool from_client(const struct look *look, const struct ct_pptp_msg *msg)
{
	struct pptp *state = look->state;

	switch (msg->type) {
	case CT_PPTP_START_REQUEST:
		if (state->session != CLOSED)
			return false;
		state->session = ASKED;
		return true;
	case CT_PPTP_STOP_REQUEST:
		state->session = ENDING;
		return true;
	case CT_PPTP_OUT_REQUEST:
		if (state->session != OPEN)
			return false;
		state->call = CALL_OUT;
		take_id(look, msg->first_id);
		return true;
	case CT_PPTP_IN_REPLY:
		if (!call_is(state, CALL_IN, CALL_TAKEN) ||
		    msg->second_id != state->server_id)
			return false;
		state->call =
			msg->result == CT_PPTP_GOOD ? CALL_TAKEN : CALL_NONE;
		take_id(look, msg->first_id);
		return true;
	case CT_PPTP_CLEAR_REQUEST:
		return state->session == OPEN;
	default:
		return true;
	}
}

static bool out_reply(const struct look *look, const struct ct_pptp_msg *msg)
{
	struct pptp *state = look->state;

	if (!call_is(state, CALL_OUT, CALL_EXPECTED) ||
	    msg->second_id != state->outside_id)
		return false;
	if (msg->result != CT_PPTP_GOOD) {
		state->call = CALL_NONE;
		return true;
	}
	state->call = CALL_EXPECTED;
	state->server_id = msg->first_id;
	expect_call(look);
	return true;
}

static bool from_server(const struct look *look, const struct ct_pptp_msg *msg)
{
	struct pptp *state = look->state;

	switch (msg->type) {
	case CT_PPTP_START_REPLY:
		if (state->session != ASKED)
			return false;
		state->session = msg->result == CT_PPTP_GOOD ? OPEN : REFUSED;
		return true;
	case CT_PPTP_STOP_REPLY:
		if (state->session == ASKED || state->session == OPEN)
			return false;
		state->session = msg->result == CT_PPTP_GOOD ? CLOSED : REFUSED;
		return true;
	case CT_PPTP_OUT_REPLY:
		return out_reply(look, msg);
	case CT_PPTP_IN_REQUEST:
		if (state->session != OPEN)
			return false;
		state->call = CALL_IN;
		state->server_id = msg->first_id;
		return true;
	case CT_PPTP_IN_CONNECTED:
		if (!call_is(state, CALL_TAKEN, CALL_EXPECTED) ||
		    msg->first_id != state->outside_id)
			return false;
		state->call = CALL_EXPECTED;
		expect_call(look);
		return true;
	case CT_PPTP_DISCONNECTED:
		state->call = CALL_NONE;
		end_call(look->thr, look->pkt->conn, state);
		return true;
	default:
		return true;
	}
}

/* => False when the packet must be dropped. */
static bool message(const struct look *look, const struct ct_pptp_msg *msg)
{
	bool client = look->pkt->dir == CT_DIR_ORIG;
	bool fits = client ? from_client(look, msg) : from_server(look, msg);

	if (!fits || !translated(look->pkt->conn))
		return true;
	return client ? rewrite_client(look, msg) : rewrite_server(look, msg);
}

/* Every message that is there; a packet by itself has one, as in Linux. */
static enum ct_help help(struct ct_thread *thr, struct ct_pkt *pkt,
			 struct ct_speech *speech)
{
	struct look look = {
		.thr = thr,
		.pkt = pkt,
		.speech = speech,
		.state = ct_helper_state(ct_thread_table(thr), pkt->conn),
	};
	struct ct_pptp_msg msg;

	if (pkt->state != CT_ESTABLISHED)
		return CT_HELP_OK;
	do {
		uint32_t left = speech->len - look.off;

		switch (ct_pptp_read(speech->bytes + look.off, left, &msg)) {
		case CT_PPTP_READ:
			if (!message(&look, &msg))
				return ct_help_drop(thr, pkt,
						    "No room for a call id.");
			break;
		case CT_PPTP_SKIP:
			break;
		case CT_PPTP_MORE:
			speech->used = look.off;
			return CT_HELP_OK;
		case CT_PPTP_NONE:
			speech->used = speech->len;
			return CT_HELP_OK;
		}
		look.off += msg.len;
	} while (speech->streamed && look.off < speech->len);
	speech->used = look.off;
	return CT_HELP_OK;
}

/* The GRE goes with its control connection. */
static void ended(struct ct_thread *thr, struct ct_conn *conn)
{
	struct pptp *state = ct_helper_state(ct_thread_table(thr), conn);

	if (state)
		end_call(thr, conn, state);
}

static const struct ct_expect_class classes[] = {
	{ .name = "pptp", .max = 2, .timeout_s = 300 },
};

const struct ct_helper_ops ct_pptp_helper = {
	.size = sizeof(struct ct_helper_ops),
	.name = "pptp",
	.l3 = CT_L3_IPV4,
	.l4 = TCP,
	.state_size = sizeof(struct pptp),
	.flags = CT_HELPER_STREAM,
	.classes = classes,
	.n_classes = 1,
	.help = help,
	.ended = ended,
};
