/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The RTSP helper (RFC 2326, RFC 7826): streams of RTP over UDP.
 *
 *	client                                server
 *	  SETUP, client_port=4588-4589   ->          expect server > 4588, 4589
 *	  <-    200, server_port=6256-6257           expect client > 6256, 6257
 *	  <=  RTP  6256 > 4588                       either may speak first:
 *	  <=> RTCP 6257 - 4589                       each ends one expectation
 *	  TEARDOWN                       ->          forget what has not come
 *
 * Behind NAT each end's ports get a pair outside, which the header then names;
 * in an answer the client's are what it had asked for.  Streams inside of the
 * RTSP connection ("interleaved") need none of this, nor does multicast; third
 * parties' addresses are not expected.
 *
 * Linux has no such helper.
 *
 * A packet costs a few passes over its bytes, for at most CT_TALK_SAYS_MAX
 * messages of CT_RTSP_TRANSPORTS_MAX transports, a search for ports for each
 * (ct_expect_add_near()), and CT_TALK_EDITS_MAX replacements.
 */
#include "helper/helpers.h"

#include "helper/rtsp_msg.h"
#include "helper/sdp.h"
#include "helper/talk.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

/* Bytes of a body beyond which it is no RTSP. */
enum { BODY_MAX = 1 << 20 };

/* Bytes in front of an interleaved packet: "$", channel, length. */
enum { FRAME_HEAD = 4 };

/* What the helper keeps in a connection: bytes of a body, or of an interleaved
 * packet, that are still to come. */
struct state {
	uint32_t rest[CT_DIR_MAX];
};

/* clang-format off */
static const struct ct_expect_class classes[] = {
	{ "media", 32, 0, 300 }, /* eight streams, both ways, with RTCP */
};
/* clang-format on */

/* --- Expectations --- */

/* Expect both of a pair, or the only one. */
static int expect(struct ct_talk *talk, struct ct_expect_def *defs, unsigned n)
{
	struct ct_expect *first;
	int error = ct_expect_add(talk->thr, talk->pkt->conn, &defs[0], &first);

	if (error || n == 1)
		return error;
	error = ct_expect_add(talk->thr, talk->pkt->conn, &defs[1], NULL);
	if (error)
		ct_expect_remove(talk->thr, first);
	return error;
}

/* The same through NAT: at their own ports outside, or at others.  Servers are
 * seen to use odd ports for RTP, so a pair may begin anywhere.
 *
 * => Returns the first port, or 0. */
static uint16_t expect_outside(struct ct_talk *talk, struct ct_expect_def *defs,
			       unsigned n)
{
	struct ct_conn *conn = talk->pkt->conn;
	union ct_addr addr = defs[0].tuple.dst;
	int error;

	for (unsigned i = 0; i < n; i++) {
		ct_talk_through_nat(talk, &defs[i], &addr);
		defs[i].function = ct_rtsp_helper.name;
	}
	if (n == 1)
		error = ct_expect_add_near(talk->thr, conn, defs, NULL);
	else
		error = ct_expect_add_pair(talk->thr, conn, defs);
	return error ? 0 : ntohs(defs[0].tuple.dst_id);
}

/*
 * Expect the other end at this end's ports.
 *
 * => *port is what the other end shall be told.
 */
static bool expect_end(struct ct_talk *talk, const struct ct_rtsp_end *end,
		       uint16_t *port)
{
	struct ct_expect_def defs[2];

	*port = end->port;
	if (!end->n || !ct_help_allowed(talk->thr, talk->pkt, &talk->own.src,
					htons(end->port)))
		return true;
	for (unsigned i = 0; i < end->n; i++)
		defs[i] = ct_talk_expect(talk, true, &talk->own.src,
					 htons((uint16_t)(end->port + i)));
	if (!talk->nat) {
		int error = expect(talk, defs, end->n);

		return !error || error == CT_E_EXIST;
	}
	*port = expect_outside(talk, defs, end->n);
	return *port > 0;
}

/* What the search for a client's own port is about. */
struct own_port {
	const struct ct_talk *talk;
	uint16_t port;
};

static bool is_port(void *user, struct ct_expect *exp)
{
	struct ct_expect_view view = { .size = sizeof(view) };
	struct own_port *own = user;

	if (ct_expect_view(own->talk->thr, exp, &view) ||
	    !(view.def.flags & CT_EXPECT_NAT) ||
	    ntohs(view.def.tuple.dst_id) != own->port ||
	    !ct_talk_addr_equal(&view.def.tuple.dst, &own->talk->own.dst))
		return true;
	own->port = ntohs(view.def.nat_id);
	return false;
}

/* What the client, to whom this goes, calls the port that was announced. */
static uint16_t clients_port(const struct ct_talk *talk, uint16_t port)
{
	struct own_port own = { talk, port };

	ct_expect_walk(talk->thr, talk->pkt->conn, is_port, &own);
	return own.port;
}

static bool forget(void *user, struct ct_expect *exp)
{
	ct_expect_remove(user, exp);
	return true;
}

/* --- Text --- */

/* Put another address in an address's place, if it is the old one. */
static bool put_host(struct ct_talk *talk, struct ct_rtsp_host *host,
		     const union ct_addr *old, const union ct_addr *new)
{
	if (!host->there || !ct_talk_addr_equal(&host->addr, old))
		return true;
	return ct_talk_edit_addr(talk, host->at, CT_SAY_PLAIN, new);
}

/* What an end is called: its ports and, where it names one, its address. */
static bool put_end(struct ct_talk *talk, const struct ct_rtsp_end *end,
		    uint16_t port, const union ct_addr *addr)
{
	char text[CT_TALK_END_SIZE];

	if (end->range) {
		snprintf(text, sizeof(text), end->n == 2 ? "%u-%u" : "%u", port,
			 port + 1u);
		return ct_talk_edit(talk, end->at[0], text);
	}
	/* From the last one, so that the places hold. */
	for (unsigned i = end->n; i-- > 0;) {
		ct_be16 id = htons((uint16_t)(port + i));

		snprintf(text, sizeof(text), ":%u", port + i);
		if (end->named[i]
			    ? !ct_talk_edit_end(talk, end->at[i], addr, id)
			    : !ct_talk_edit(talk, end->at[i], text))
			return false;
	}
	return true;
}

/* Whether an end is at addr, as far as it says so. */
static bool is_at(const struct ct_rtsp_end *end,
		  const struct ct_rtsp_host *host, const union ct_addr *addr)
{
	if (host->there && !ct_talk_addr_equal(&host->addr, addr))
		return false;
	for (unsigned i = 0; i < end->n; i++)
		if (end->named[i] && !ct_talk_addr_equal(&end->addr[i], addr))
			return false;
	return true;
}

/* --- Messages --- */

enum part { CLIENT, SERVER };

/* The sender's own end: expect the other one there, and say where. */
static bool announce(struct ct_talk *talk,
		     const struct ct_rtsp_transport *transport, enum part part)
{
	const struct ct_rtsp_end *end =
		part == CLIENT ? &transport->client : &transport->server;
	struct ct_rtsp_host host =
		part == CLIENT ? transport->destination : transport->source;
	uint32_t len = talk->len;
	union ct_addr outside;
	uint16_t port;

	if (!is_at(end, &host, &talk->own.src))
		return true;
	if (!expect_end(talk, end, &port))
		return false;
	if (!talk->nat)
		return true;
	outside = ct_talk_reachable(talk, &talk->own.src);
	if (!put_end(talk, end, port, &outside))
		return false;
	if (end->n && host.at.off > end->at[0].off)
		host.at.off += talk->len - len;
	return put_host(talk, &host, &talk->own.src, &outside);
}

/* In an answer: the client's end, as the client knows it. */
static bool echo(struct ct_talk *talk,
		 const struct ct_rtsp_transport *transport)
{
	const struct ct_rtsp_end *end = &transport->client;
	struct ct_rtsp_host host = transport->destination;
	uint32_t len = talk->len;

	if (!talk->nat || !is_at(end, &host, &talk->own.dst))
		return true;
	if (end->n &&
	    !put_end(talk, end, clients_port(talk, end->port), &talk->peer.src))
		return false;
	if (end->n && host.at.off > end->at[0].off)
		host.at.off += talk->len - len;
	return put_host(talk, &host, &talk->own.dst, &talk->peer.src);
}

/* The n-th transport of a message, as it is now. */
static bool nth(const struct ct_talk *talk, unsigned n,
		struct ct_rtsp_transport *transport)
{
	struct ct_say msg = ct_talk_say(talk);
	struct ct_cursor value;

	if (!ct_rtsp_header(&msg, "Transport", &value))
		return false;
	for (unsigned i = 0; i <= n; i++)
		if (!ct_rtsp_transport_next(&msg, &value, transport))
			return false;
	return true;
}

static const char *transports(struct ct_talk *talk, enum part sender)
{
	struct ct_rtsp_transport transport;

	for (unsigned i = 0; i < CT_RTSP_TRANSPORTS_MAX; i++) {
		if (!nth(talk, i, &transport))
			break;
		if (!transport.udp)
			continue;
		if (!announce(talk, &transport, sender))
			return "RTSP: a stream cannot be expected";
		if (sender == CLIENT)
			continue;
		/* Places have moved. */
		if (!nth(talk, i, &transport) || !echo(talk, &transport))
			return "RTSP: a transport cannot be rewritten";
	}
	return NULL;
}

/* The sender's address in a description that it gives. */
static bool put_described(struct ct_talk *talk, enum ct_sdp_line line)
{
	struct ct_say msg = ct_talk_say(talk);
	union ct_addr addr;
	struct ct_span at;

	if (ct_sdp_addr(&msg, 0, line, CT_SDP_MEDIA, &at, &addr) != CT_FOUND ||
	    !ct_talk_addr_equal(&addr, &talk->own.src))
		return true;
	addr = ct_talk_reachable(talk, &addr);
	return ct_talk_edit_addr(talk, at, CT_SAY_PLAIN, &addr);
}

/* A description's session part: its owner and its address. */
static const char *description(struct ct_talk *talk)
{
	uint32_t before = talk->len;
	struct ct_span at;
	struct ct_say msg;
	uint32_t length;

	if (!put_described(talk, CT_SDP_OWNER) ||
	    !put_described(talk, CT_SDP_CONNECTION))
		return "RTSP: a description cannot be rewritten";
	if (talk->len == before)
		return NULL;
	msg = ct_talk_say(talk);
	length = ct_rtsp_length(&msg, &at) + talk->len - before;
	return ct_talk_edit_number(talk, at, length)
		       ? NULL
		       : "RTSP: a length cannot be rewritten";
}

/* A message whose headers are whole; has_body: its body is, too. */
static const char *message(struct ct_talk *talk, bool has_body)
{
	struct ct_say msg = ct_talk_say(talk);
	struct ct_cursor cur = msg.bytes;

	if (ct_word_begins(&cur, "SETUP "))
		return transports(talk, CLIENT);
	if (ct_word_begins(&cur, "TEARDOWN "))
		ct_expect_walk(talk->thr, talk->pkt->conn, forget, talk->thr);
	if (!ct_word_begins(&cur, "RTSP/"))
		return NULL;
	if (!ct_word_find(&cur, " ") || ct_word_peek(&cur) != '2')
		return NULL;
	if (has_body && talk->nat) {
		const char *why = description(talk);

		if (why)
			return why;
	}
	return transports(talk, SERVER);
}

/* --- Framing --- */

/* An interleaved packet. => Returns false when its head is not whole. */
static bool frame(struct ct_cursor cur, uint32_t *rest)
{
	uint16_t length;

	ct_cursor_skip(&cur, 2);
	length = ct_cursor_u16(&cur);
	if (!ct_cursor_good(&cur))
		return false;
	*rest = length + (uint32_t)FRAME_HEAD;
	return true;
}

/* Whatever is at base. => Returns false when more must come first. */
static bool next(struct ct_talk *talk, uint32_t *rest, const char **why)
{
	uint32_t left = talk->speech->len - talk->base;
	struct ct_say msg;
	struct ct_cursor cur;
	struct ct_span at;
	uint32_t body;

	if (*rest) {
		talk->len = *rest < left ? *rest : left;
		*rest -= talk->len;
		talk->base += talk->len;
		return true;
	}
	talk->len = left;
	msg = ct_talk_say(talk);
	cur = msg.bytes;
	if (ct_word_peek(&cur) == '$')
		return frame(cur, rest);
	if (ct_say_end(ct_word_peek(&cur))) {
		talk->base++;
		return true;
	}
	if (!ct_word_find(&cur, "\r\n\r\n"))
		return false;
	if (!ct_talk_next(talk)) {
		*why = "RTSP: too many messages in a packet";
		return false;
	}
	talk->len = ct_say_place(&msg, &cur);
	msg = ct_talk_say(talk);
	body = ct_rtsp_length(&msg, &at);
	if (body > BODY_MAX)
		body = 0;
	if (body && ct_cursor_left(&cur) >= body)
		talk->len += body;
	else
		*rest = body;
	/* What comes again cannot be told from its second half, so that the
	 * length must not depend on it. */
	talk->fixed = talk->base < talk->speech->fresh;
	*why = message(talk, body && !*rest);
	talk->fixed = false;
	talk->base += talk->len;
	return true;
}

static enum ct_help rtsp_help(struct ct_thread *thr, struct ct_pkt *pkt,
			      struct ct_speech *speech)
{
	struct state *state = ct_helper_state(ct_thread_table(thr), pkt->conn);
	const char *why = NULL;
	struct ct_talk talk;
	uint32_t other = 0;
	uint32_t *rest;

	ct_talk_begin(&talk, thr, pkt, speech);
	/* What was said before has been counted; segments out of order are
	 * taken for what they begin with. */
	rest = speech->streamed && !speech->again ? &state->rest[pkt->dir]
						  : &other;
	while (!why && talk.base < speech->len)
		if (!next(&talk, rest, &why))
			break;
	speech->used = talk.base;
	return why ? ct_help_drop(thr, pkt, why) : CT_HELP_OK;
}

const struct ct_helper_ops ct_rtsp_helper = {
	.size = sizeof(ct_rtsp_helper),
	.name = "rtsp",
	.l4 = IPPROTO_TCP,
	.state_size = sizeof(struct state),
	.flags = CT_HELPER_STREAM,
	.classes = classes,
	.n_classes = sizeof(classes) / sizeof(classes[0]),
	.help = rtsp_help,
};
