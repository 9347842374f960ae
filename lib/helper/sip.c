/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SIP helper (RFC 3261), over UDP and TCP: calls announce their media, and
 * registrations announce calls.
 *
 *	INVITE         forget what was announced; expect what this one announces
 *	UPDATE, ACK, PRACK   expect what it announces
 *	1xx, 2xx to INVITE, UPDATE, PRACK   likewise
 *	others to INVITE     forget
 *	BYE            forget
 *	REGISTER, and its answer   see sip_register.c
 *
 * Over TCP a segment may hold several messages, each as long as its
 * Content-Length says.  Without the in-order view one that does not lie in the
 * segment wholly passes as it is.  With it:
 *
 *	+----- segment -----+------ segment ------+
 *	| headers | part of | the | next message  |
 *	+---------+---------+-----+---------------+
 *	 translated, and its  expected; replaced only
 *	 length set right     if the length stays
 *
 * What is seen of a body ends in front of a line's end, so that the rest begins
 * with one and its first line is found.  Headers are waited for until all are
 * there; those that went on with an earlier segment stay as they are.
 *
 * A packet costs a bounded number of passes over its bytes: some fifteen look-
 * ups for each of its messages, of which there are at most CT_TALK_SAYS_MAX;
 * CT_SIP_VALUES_MAX for a header with many values; and CT_TALK_EDITS_MAX
 * replacements.
 */
#include "helper/sip.h"

#include <netinet/in.h>

#define DAY 86400

/* Over TCP, in order: bytes of a body beyond which it is no SIP. */
enum { BODY_MAX = 1 << 20 };

/* Bytes of the end of the line that ends the headers. */
enum { EMPTY_LINE = 2 };

/* clang-format off */
static const struct ct_param_def params[] = {
	[CT_SIP_P_TIMEOUT] = {
		"helper.sip.timeout", NULL,
		"SIP helper: seconds that a signalling connection lives after "
		"each message (Linux: sip_timeout)",
		3600, 3600, 1, 30 * DAY, 0, 0 },
	[CT_SIP_P_DIRECT_SIGNALLING] = {
		"helper.sip.direct_signalling", NULL,
		"SIP helper: 1: calls are expected from the registrar only "
		"(Linux: sip_direct_signalling)",
		1, 1, 0, 1, 0, 0 },
	[CT_SIP_P_DIRECT_MEDIA] = {
		"helper.sip.direct_media", NULL,
		"SIP helper: 1: media are expected between the ends of the "
		"signalling connection only (Linux: sip_direct_media)",
		1, 1, 0, 1, 0, 0 },
	[CT_SIP_P_EXTERNAL_MEDIA] = {
		"helper.sip.external_media", NULL,
		"SIP helper: 1: without direct_media: media are left alone "
		"whose packets leave by the interface by which the message "
		"does, as ct_host.leaves_with says (Linux: sip_external_media)",
		0, 0, 0, 1, 0, 0 },
	[CT_SIP_P_THOROUGH] = {
		"helper.sip.thorough", NULL,
		"SIP helper: 1: NAT also translates Record-Route, Route and "
		"a=rtcp, leaves addresses of third parties in a description, "
		"and asks for no Content-Length over UDP; Linux does not",
		0, 1, 0, 1, 0, 0 },
};

/* For each connection: signalling, and RTP with RTCP of both sides. */
static const struct ct_expect_class classes[CT_SIP_CLASSES] = {
	[CT_SIP_SIGNALLING] = { "signalling", 1, 0, 180 },
	[CT_SIP_AUDIO]      = { "audio",      4, 0, 180 },
	[CT_SIP_VIDEO]      = { "video",      4, 0, 180 },
	[CT_SIP_IMAGE]      = { "image",      2, 0, 180 },
};
/* clang-format on */

uint32_t ct_sip_get(const struct ct_sip *sip, enum ct_sip_param param)
{
	return ct_helper_param(sip->talk.thr, &ct_sip_helper, param);
}

/* --- Methods --- */

/* What a message is about. */
struct topic {
	uint32_t cseq;
	uint32_t code; /* of an answer */
};

static const char *ask_media(struct ct_sip *sip, const struct topic *topic)
{
	(void)topic;
	return ct_sip_media(sip);
}

static const char *ask_invite(struct ct_sip *sip, const struct topic *topic)
{
	const char *why;

	ct_sip_media_end(sip);
	why = ct_sip_media(sip);
	if (!why)
		sip->state->invite_cseq = topic->cseq;
	return why;
}

static const char *answer_media(struct ct_sip *sip, const struct topic *topic)
{
	if (topic->code >= 100 && topic->code <= 299)
		return ct_sip_media(sip);
	if (sip->state->invite_cseq == topic->cseq)
		ct_sip_media_end(sip);
	return NULL;
}

static const char *ask_bye(struct ct_sip *sip, const struct topic *topic)
{
	(void)topic;
	ct_sip_media_end(sip);
	return NULL;
}

static const char *ask_register(struct ct_sip *sip, const struct topic *topic)
{
	return ct_sip_register(sip, topic->cseq);
}

static const char *answer_register(struct ct_sip *sip,
				   const struct topic *topic)
{
	return ct_sip_registered(sip, topic->cseq, topic->code);
}

/* => Each returns why the packet must be dropped, or NULL. */
static const struct method {
	const char *name;
	const char *(*ask)(struct ct_sip *sip, const struct topic *topic);
	const char *(*answer)(struct ct_sip *sip, const struct topic *topic);
} methods[] = {
	{ "INVITE", ask_invite, answer_media },
	{ "UPDATE", ask_media, answer_media },
	{ "ACK", ask_media, NULL },
	{ "PRACK", ask_media, answer_media },
	{ "BYE", ask_bye, NULL },
	{ "REGISTER", ask_register, answer_register },
};

enum { METHODS = sizeof(methods) / sizeof(methods[0]) };

/* --- Requests and answers --- */

/* The method's name, a space, and a URI's scheme. */
static bool asks(const struct ct_say *msg, const char *name)
{
	struct ct_cursor cur = msg->bytes;

	if (!ct_word_begins_nocase(&cur, name))
		return false;
	ct_cursor_skip(&cur, strlen(name));
	return ct_word_skip(&cur, " ") && ct_say_alpha(ct_word_peek(&cur));
}

/* The client's Via names the port that it sends from, or another one.  To
 * Linux the server's is as good, which opens any port of the client's to it. */
static void note_answer_port(struct ct_sip *sip, const struct ct_say *msg)
{
	struct ct_sip_walk walk = { .hdr = CT_SIP_VIA_UDP };
	const struct ct_talk *talk = &sip->talk;
	struct ct_sip_uri via;

	if (sip->thorough && talk->pkt->dir != CT_DIR_ORIG)
		return;
	if (ct_sip_uri_next(msg, &walk, &via) == CT_FOUND &&
	    via.port != talk->own.src_id &&
	    ct_talk_addr_equal(&via.addr, &talk->own.src) &&
	    ct_help_allowed(talk->thr, talk->pkt, &talk->own.src, via.port))
		sip->state->answer_port = via.port;
}

static const char *request(struct ct_sip *sip, const struct ct_say *msg)
{
	struct topic topic = { 0 };
	struct ct_span at;

	note_answer_port(sip, msg);
	for (unsigned i = 0; i < METHODS; i++) {
		if (!asks(msg, methods[i].name))
			continue;
		if (ct_sip_number(msg, CT_SIP_CSEQ, &topic.cseq, &at) !=
		    CT_FOUND)
			return "SIP: a request without CSeq";
		return methods[i].ask(sip, &topic);
	}
	return NULL;
}

static const char *answer(struct ct_sip *sip, const struct ct_say *msg)
{
	struct ct_cursor cur = ct_say_from(msg, (uint32_t)strlen("SIP/2.0 "));
	struct topic topic = { 0 };
	struct ct_span at;

	ct_word_number(&cur, &topic.code);
	if (!topic.code)
		return "SIP: an answer without a code";
	if (ct_sip_number(msg, CT_SIP_CSEQ, &topic.cseq, &at) != CT_FOUND)
		return "SIP: an answer without CSeq";
	/* "CSeq: 1 INVITE": one space behind the number */
	cur = ct_say_from(msg, at.off + at.len);
	ct_cursor_skip(&cur, 1);
	for (unsigned i = 0; i < METHODS; i++)
		if (methods[i].answer &&
		    ct_word_begins_nocase(&cur, methods[i].name))
			return methods[i].answer(sip, &topic);
	return NULL;
}

static const char too_many[] = "SIP: too many messages in a packet";

/* Shorter than this is no message. */
static const char shortest[] = "SIP/2.0 200";

static const char *message(struct ct_sip *sip)
{
	struct ct_say msg = ct_talk_say(&sip->talk);
	const char *why = NULL;

	if (sip->rest)
		why = sip->described ? ct_sip_media(sip) : NULL;
	else if (!ct_sip_is_answer(&msg))
		why = request(sip, &msg);
	else if (sip->talk.len >= strlen(shortest))
		why = answer(sip, &msg);
	if (!why && sip->talk.nat)
		why = ct_sip_translate(sip);
	return why;
}

/* --- Framing: UDP, and TCP segment by segment --- */

static const char *datagram(struct ct_sip *sip)
{
	sip->talk.len = sip->talk.speech->len;
	return sip->talk.len >= strlen(shortest) ? message(sip) : NULL;
}

/* Where the message at base ends; 0 when not in this segment. */
static uint32_t whole(const struct ct_sip *sip)
{
	struct ct_say msg = ct_talk_say(&sip->talk);
	struct ct_span at;
	struct ct_cursor cur;
	uint32_t body;

	if (ct_sip_number(&msg, CT_SIP_LENGTH, &body, &at) != CT_FOUND)
		return 0;
	cur = ct_say_from(&msg, at.off + at.len);
	if (!ct_word_find(&cur, "\r\n\r\n") || ct_cursor_left(&cur) < body)
		return 0;
	return ct_say_place(&msg, &cur) + body;
}

static const char *segment(struct ct_sip *sip)
{
	const char *why = NULL;

	while (!why) {
		uint32_t len;

		sip->talk.len = sip->talk.speech->len - sip->talk.base;
		len = whole(sip);
		if (!len)
			return NULL;
		if (!ct_talk_next(&sip->talk))
			return too_many;
		sip->talk.len = len;
		why = message(sip);
		sip->talk.base += sip->talk.len;
	}
	return why;
}

/* --- Framing: TCP in order --- */

/* Lines may end between messages, as signs of life (RFC 5626 3.5.1); not within
 * one. */
static void skip_ends(struct ct_sip *sip)
{
	struct ct_say msg;
	struct ct_cursor cur;

	sip->talk.len = sip->talk.speech->len - sip->talk.base;
	msg = ct_talk_say(&sip->talk);
	cur = msg.bytes;
	while (!sip->rest && ct_say_end(ct_word_peek(&cur)))
		ct_cursor_skip(&cur, 1);
	sip->talk.base += ct_say_place(&msg, &cur);
	sip->talk.len = sip->talk.speech->len - sip->talk.base;
}

/* The length of a line's end, CR LF or LF. */
static uint32_t end_len(const struct ct_cursor *line)
{
	struct ct_cursor cur = *line;

	if (ct_cursor_left(&cur) > 2)
		ct_cursor_skip(&cur, ct_cursor_left(&cur) - 2);
	return ct_word_peek(&cur) == '\r' ? 2 : 1;
}

/*
 * How many of a body's bytes can be looked at while more is to come: up to the
 * end of the last whole line, without that end; and without a media line whose
 * address may follow (RFC 8866 9: "m=", "i=", "c=").
 */
static uint32_t cut(const struct ct_sip *sip, const struct ct_cursor *bytes)
{
	struct ct_cursor cur = *bytes;
	struct ct_cursor line;
	uint32_t end = 0;
	uint32_t held = 0;

	/* What comes again is what was looked at then. */
	if (sip->talk.speech->again)
		return (uint32_t)ct_cursor_left(bytes);
	while (ct_word_line(&cur, &line)) {
		uint32_t before = end;

		end = (uint32_t)(cur.at - bytes->at) - end_len(&line);
		if (ct_word_begins(&line, "m="))
			held = before;
		else if (held == before || !ct_word_begins(&line, "i="))
			held = end;
	}
	return held;
}

/* More of a body whose first part has gone.
 *
 * => Returns false when more must come first. */
static bool more(struct ct_sip *sip, struct ct_sip_side *side, const char **why)
{
	uint32_t left = sip->talk.speech->len - sip->talk.base;
	struct ct_say msg;

	sip->talk.len = left < side->missing ? left : side->missing;
	if (sip->talk.len < side->missing) {
		msg = ct_talk_say(&sip->talk);
		sip->talk.len = cut(sip, &msg.bytes);
	}
	if (!sip->talk.len)
		return false;
	side->missing -= sip->talk.len;
	sip->talk.fixed = true;
	*why = ct_sip_media_more(sip, side);
	sip->talk.fixed = false;
	sip->talk.base += sip->talk.len;
	return true;
}

/* How much of a message of these headers is there: its length, and what is
 * missing. */
static void measure(struct ct_sip *sip, struct ct_cursor body)
{
	uint32_t head = sip->talk.len;
	struct ct_say msg = ct_talk_say(&sip->talk);
	struct ct_span at;
	uint32_t length;

	if (ct_sip_number(&msg, CT_SIP_LENGTH, &length, &at) != CT_FOUND)
		length = 0;
	if (length > BODY_MAX)
		length = BODY_MAX;
	if (ct_cursor_left(&body) >= length) {
		sip->missing = 0;
		sip->talk.len = head + length;
		return;
	}
	body.at -= EMPTY_LINE; /* it stays, in front of what comes */
	length += EMPTY_LINE;
	sip->talk.len = cut(sip, &body);
	sip->missing = length - sip->talk.len;
	sip->talk.len += head - EMPTY_LINE;
}

/* Whether Content-Length is not in this packet. */
static bool length_is_gone(const struct ct_sip *sip)
{
	struct ct_say msg = ct_talk_say(&sip->talk);
	struct ct_span at;

	if (ct_sip_find(&msg, 0, CT_SIP_LENGTH, &at) != CT_FOUND)
		return sip->rest;
	return sip->talk.base + at.off <
	       (sip->talk.floor ? sip->talk.floor : sip->talk.speech->fresh);
}

/* A message whose first line went on before: the line that the packet begins
 * with stays, for it cannot be told what it is when it comes again. */
static void spare_first_line(struct ct_sip *sip)
{
	const struct ct_speech *speech = sip->talk.speech;
	struct ct_cursor cur = ct_cursor_of(speech->bytes, speech->len);

	sip->talk.floor = 0;
	if (!sip->rest && sip->talk.base >= speech->fresh)
		return;
	ct_cursor_skip(&cur, speech->fresh);
	ct_say_line(&cur);
	sip->talk.floor = speech->len - (uint32_t)ct_cursor_left(&cur);
}

/* The next message, or as much of it as there is.
 *
 * => Returns false when more must come first. */
static bool next(struct ct_sip *sip, struct ct_sip_side *side, const char **why)
{
	struct ct_say msg;
	struct ct_cursor cur;

	if (side->missing)
		return more(sip, side, why);
	skip_ends(sip);
	msg = ct_talk_say(&sip->talk);
	cur = msg.bytes;
	if (!ct_word_find(&cur, "\r\n\r\n"))
		return false;
	sip->talk.len = ct_say_place(&msg, &cur);
	measure(sip, cur);
	side->missing = sip->missing;
	if (side->missing)
		ct_sip_media_begin(sip, side);
	spare_first_line(sip);
	sip->talk.fixed = length_is_gone(sip);
	*why = message(sip);
	side->last_media |= sip->talk.floor && sip->described;
	sip->talk.fixed = false;
	sip->talk.floor = 0;
	sip->missing = 0;
	sip->rest = false;
	sip->described = false;
	sip->talk.base += sip->talk.len;
	return true;
}

/* Note how a segment begins, or remember it when it comes again. */
static void remember(struct ct_sip *sip, struct ct_sip_side *side,
		     struct ct_sip_side *again)
{
	const struct ct_speech *speech = sip->talk.speech;

	if (!speech->again) {
		side->last_seq = speech->seq;
		side->last_missing = side->missing;
		side->last_cut = speech->fresh && !side->missing;
		side->last_media = 0;
	} else if (side->last_seq == speech->seq) {
		again->missing = side->last_missing;
		sip->rest = side->last_cut;
		sip->described = side->last_media;
	}
}

static const char *stream(struct ct_sip *sip)
{
	struct ct_sip_side *side = &sip->state->side[sip->talk.pkt->dir];
	struct ct_sip_side again = { 0 };
	const char *why = NULL;

	remember(sip, side, &again);
	/* What was said before has been counted. */
	if (sip->talk.speech->again)
		side = &again;
	while (!why && sip->talk.base < sip->talk.speech->len) {
		if (!ct_talk_next(&sip->talk))
			return too_many;
		if (!next(sip, side, &why))
			break;
	}
	sip->talk.speech->used = sip->talk.base;
	return why;
}

/* --- The helper --- */

static enum ct_help sip_help(struct ct_thread *thr, struct ct_pkt *pkt,
			     struct ct_speech *speech)
{
	struct ct_sip sip = { .missing = 0 };
	const char *why;

	if (pkt->l4 != IPPROTO_UDP &&
	    (pkt->l4 != IPPROTO_TCP || pkt->state != CT_ESTABLISHED))
		return CT_HELP_OK;
	ct_talk_begin(&sip.talk, thr, pkt, speech);
	sip.state = ct_helper_state(ct_thread_table(thr), pkt->conn);
	sip.thorough = ct_sip_get(&sip, CT_SIP_P_THOROUGH);
	ct_help_refresh(thr, pkt->conn, ct_sip_get(&sip, CT_SIP_P_TIMEOUT));

	if (pkt->l4 == IPPROTO_UDP)
		why = datagram(&sip);
	else if (speech->streamed)
		why = stream(&sip);
	else
		why = segment(&sip);
	return why ? ct_help_drop(thr, pkt, why) : CT_HELP_OK;
}

const struct ct_helper_ops ct_sip_helper = {
	.size = sizeof(ct_sip_helper),
	.name = "sip",
	.state_size = sizeof(struct ct_sip_state),
	.flags = CT_HELPER_STREAM,
	.classes = classes,
	.n_classes = CT_SIP_CLASSES,
	.params = params,
	.n_params = sizeof(params) / sizeof(params[0]),
	.help = sip_help,
};
