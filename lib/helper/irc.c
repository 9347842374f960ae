/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IRC: the connections that a client offers with DCC.
 *
 *	find the command  find_offer()
 *	read the address  ct_irc_parse()
 *	expect		  announce()
 *	rewrite		  rewrite()
 *
 * Only what the client says is looked at.  The friend is somebody that the
 * tracker does not know, so anybody may meet the expectation; behind NAT the
 * client sees him come from the server's address.
 *
 * Packet by packet, as Linux does, an offer must stand at the beginning of a
 * payload.  In the order of the stream every line is looked at.
 */
#include "helper/irc.h"

#include "helper/helpers.h"
#include "helper/lines.h"
#include "helper/words.h"

#include <conntrack/helper.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* --- Find the command, read the address --------------------------------- */

/* From " :" to the line feed: Linux looks at no shorter message. */
enum { MESSAGE_MIN = 27 };

static const char *const offers[] = {
	"SEND ", "CHAT ", "MOVE ", "TSEND ", "SCHAT ",
};

static void skip_blanks(struct ct_cursor *cur)
{
	while (ct_word_peek(cur) == ' ' || ct_word_peek(cur) == '\r' ||
	       ct_word_peek(cur) == '\n')
		ct_cursor_skip(cur, 1);
}

/* Step behind the word that says what is offered.  => Sets where the message
 * begins. */
static bool find_offer(struct ct_cursor *cur, struct ct_cursor *message)
{
	skip_blanks(cur);
	if (!ct_word_begins_nocase(cur, "PRIVMSG "))
		return false;
	ct_cursor_skip(cur, strlen("PRIVMSG "));
	if (!ct_word_find(cur, " :"))
		return false;
	*message = *cur;
	message->at -= strlen(" :");
	if (!ct_word_skip(cur, "\1DCC "))
		return false;
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++)
		if (ct_word_skip(cur, offers[i]))
			return true;
	return false;
}

enum ct_irc_found ct_irc_parse(struct ct_cursor text,
			       struct ct_irc_offer *offer)
{
	struct ct_cursor cur = text;
	struct ct_cursor message;
	struct ct_cursor behind;
	uint32_t port;

	if (!find_offer(&cur, &message) || !ct_word_find(&cur, " ") ||
	    !ct_cursor_left(&cur))
		return CT_IRC_NOTHING;
	offer->off = (uint32_t)(cur.at - text.at);
	behind = cur;
	if (!ct_word_find(&behind, "\n"))
		return CT_IRC_UNFINISHED;
	(void)ct_word_number(&cur, &offer->addr);
	while (ct_word_peek(&cur) == ' ')
		ct_cursor_skip(&cur, 1);
	(void)ct_word_number(&cur, &port);
	offer->port = (uint16_t)port;
	offer->len = (uint32_t)(cur.at - text.at) - offer->off;
	return ct_cursor_left(&message) < MESSAGE_MIN ? CT_IRC_NOTHING
						      : CT_IRC_OFFER;
}

/* --- Expect and rewrite --------------------------------------------------- */

/* What one call of help() works on. */
struct job {
	struct ct_thread *thr;
	struct ct_pkt *pkt;
	struct ct_lines lines; /* packet by packet: the payload is the line */
	struct state *state;
	struct ct_tuple own;  /* the client's packets */
	struct ct_tuple peer; /* the server's packets */
	bool nat;
};

/* What is remembered of a connection. */
struct state {
	uint32_t told_seq; /* where the last rewritten offer began */
	ct_be16 told_port; /* with which port it was sent on */
	uint8_t told;
	uint8_t reserved;
	struct ct_lines_place place;
};

static bool was_told(const struct job *job)
{
	return job->state->told && job->state->told_seq == job->lines.seq;
}

static enum ct_help rewrite(struct job *job, const struct ct_irc_offer *offer,
			    ct_be16 port, struct ct_expect *exp)
{
	char text[32];
	struct ct_lines_change change = { offer->off, offer->len, text, 0 };

	change.new_len =
		(uint32_t)snprintf(text, sizeof(text), "%u %u",
				   ntohl(job->peer.dst.v4), ntohs(port));
	if (!ct_lines_replace(&job->lines, job->thr, job->pkt, &change))
		return CT_HELP_OK;
	(void)ct_expect_remove(job->thr, exp);
	return ct_help_drop(job->thr, job->pkt,
			    "irc: no room for another address");
}

/* Expect where NAT lets the friend knock, and tell him. */
static enum ct_help announce_translated(struct job *job,
					const struct ct_irc_offer *offer,
					struct ct_expect_def *def)
{
	struct ct_expect *exp;

	def->flags = CT_EXPECT_NAT;
	def->nat_dir = CT_DIR_REPLY;
	def->nat_id = def->tuple.dst_id;
	if (was_told(job))
		def->tuple.dst_id = job->state->told_port;
	if (ct_expect_add_near(job->thr, job->pkt->conn, def, &exp))
		return ct_help_drop(job->thr, job->pkt,
				    "irc: no port is left to expect at");
	job->state->told = 1;
	job->state->told_seq = job->lines.seq;
	job->state->told_port = def->tuple.dst_id;
	return rewrite(job, offer, def->tuple.dst_id, exp);
}

/* The client's address, or the one that the server sees. */
static bool is_own(const struct job *job, uint32_t addr)
{
	return htonl(addr) == job->own.src.v4 ||
	       htonl(addr) == job->peer.dst.v4;
}

static enum ct_help announce(struct job *job, const struct ct_irc_offer *offer)
{
	struct ct_expect_def def = { .size = sizeof(def) };

	if (!is_own(job, offer->addr) || !offer->port ||
	    !ct_help_allowed(job->thr, job->pkt, &job->own.src,
			     htons(offer->port)))
		return CT_HELP_OK;
	def.tuple = job->peer;
	memset(&def.tuple.src, 0, sizeof(def.tuple.src));
	def.tuple.src_id = 0;
	def.tuple.dst_id = htons(offer->port);
	def.timeout_s = ct_helper_param(job->thr, &ct_irc_helper, 0);
	if (job->nat)
		return announce_translated(job, offer, &def);
	if (ct_expect_add(job->thr, job->pkt->conn, &def, NULL))
		return ct_help_drop(job->thr, job->pkt,
				    "irc: it cannot be expected");
	return CT_HELP_OK;
}

static enum ct_help help_packet(struct job *job)
{
	const struct ct_speech *speech = job->lines.speech;
	struct ct_cursor text = ct_cursor_of(speech->bytes, speech->len);
	struct ct_irc_offer offer;

	ct_lines_alone(&job->lines);
	if (ct_irc_parse(text, &offer) != CT_IRC_OFFER)
		return CT_HELP_OK;
	return announce(job, &offer);
}

/* --- In the order of the stream -------------------------------------------- */

/* RFC 2812 2.3: a message has 512 bytes at most. */
enum { LINE_MAX_LEN = 512 };

static enum ct_help help_line(struct job *job, struct ct_cursor line)
{
	struct ct_irc_offer offer;

	if (!job->lines.known && !was_told(job))
		return CT_HELP_OK;
	if (ct_irc_parse(line, &offer) != CT_IRC_OFFER)
		return CT_HELP_OK;
	return announce(job, &offer);
}

static enum ct_help help_rest(struct job *job)
{
	struct ct_irc_offer offer;
	bool begun = job->nat && ct_irc_parse(ct_lines_rest(&job->lines),
					      &offer) == CT_IRC_UNFINISHED;

	if (ct_lines_end(&job->lines, LINE_MAX_LEN, begun))
		return CT_HELP_OK;
	return ct_help_drop(job->thr, job->pkt,
			    "irc: an address that is cut off");
}

static enum ct_help help_stream(struct job *job)
{
	struct ct_cursor line;
	enum ct_help help = CT_HELP_OK;

	while (help == CT_HELP_OK && ct_lines_next(&job->lines, &line))
		help = help_line(job, line);
	if (help == CT_HELP_OK)
		help = help_rest(job);
	return help;
}

static enum ct_help help(struct ct_thread *thr, struct ct_pkt *pkt,
			 struct ct_speech *speech)
{
	struct job job = { .thr = thr, .pkt = pkt };

	if (pkt->dir != CT_DIR_ORIG)
		return CT_HELP_OK;
	job.state = ct_helper_state(ct_thread_table(thr), pkt->conn);
	job.lines = ct_lines_of(speech, &job.state->place);
	ct_conn_tuple(pkt->conn, CT_DIR_ORIG, &job.own);
	ct_conn_tuple(pkt->conn, CT_DIR_REPLY, &job.peer);
	job.nat = ct_conn_status(pkt->conn) & (CT_S_SRC_NAT | CT_S_DST_NAT);
	return speech->streamed ? help_stream(&job) : help_packet(&job);
}

static const struct ct_expect_class classes[] = {
	{ .name = "data", .max = 8, .timeout_s = 300 },
};

static const struct ct_param_def params[] = {
	{ .name = "irc.timeout",
	  .doc = "how long an offered connection is expected, in seconds "
		 "(dcc_timeout of Linux' module)",
	  .linux_value = 300,
	  .recommended = 300,
	  .min = 1,
	  .max = 86400 },
};

const struct ct_helper_ops ct_irc_helper = {
	.size = sizeof(ct_irc_helper),
	.name = "irc",
	.l3 = CT_L3_IPV4,
	.l4 = IPPROTO_TCP,
	.state_size = sizeof(struct state),
	.flags = CT_HELPER_STREAM,
	.classes = classes,
	.n_classes = sizeof(classes) / sizeof(classes[0]),
	.params = params,
	.n_params = sizeof(params) / sizeof(params[0]),
	.help = help,
};
