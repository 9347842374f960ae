/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h323_call.c - the helpers for call signalling (Q.931) and H.245; see h323.h
 *
 *	TCP --> TPKTs --> Q.931 --> User-user --> H.225.0 \
 *		      \--> H.245 ---------------------------> addresses
 *
 * A TPKT (RFC 2126) has a header of four bytes: 3, 0, its length in two.  Some
 * send it in a segment of its own: then the next segment is the body.
 *
 * In order, a TPKT whose end is yet to come is looked at as far as it goes:
 * what stands in it must be translated before it is sent on.  It is shown again
 * with more; what was seen by then is passed over.  An address that is cut itself
 * is held back.  A TPKT that took several segments is left until something
 * follows, so that each of them leaves as it did when it comes again.
 */
#include "helper/h323.h"
#include "helper/q931.h"

enum { TCP = 6, TPKT_HEADER = 4, TPKT_VERSION = 3 };

/* What reads a message: its addresses are in look->finds then. */
typedef void (*read_fn)(struct ct_h323_look *look, enum ct_per_part part);

/* --- Messages ----------------------------------------------------------- */

static void read_h245(struct ct_h323_look *look, enum ct_per_part part)
{
	const struct ct_per_bytes message = { look->speech->bytes + look->off,
					      look->len, part };

	ct_per_walk(&message, &ct_h245_control_message, &look->finds);
}

static void read_q931(struct ct_h323_look *look, enum ct_per_part part)
{
	struct ct_per_bytes message = { look->speech->bytes + look->off,
					look->len, part };

	look->finds.n = 0;
	if (!ct_q931_user(&message))
		return;
	look->off = (uint32_t)(message.bytes - look->speech->bytes);
	look->len = message.len;
	ct_per_walk(&message, &ct_h225_user_information, &look->finds);
}

/* A Facility's other address counts if the call is to be forwarded there. */
static bool is_forwarded(const struct ct_per_finds *finds)
{
	for (unsigned i = 0; i < finds->n; i++)
		if (finds->at[i].mark == CT_H323_REASON)
			return finds->at[i].value == CT_H323_CALL_FORWARDED;
	return false;
}

/* An end of the connection itself, which the other one knows as another. */
static enum ct_help put_end(const struct ct_h323_look *look,
			    const struct ct_per_found *found,
			    const union ct_addr *addr, ct_be16 port)
{
	struct ct_h323_addr at;

	if (!ct_h323_translated(look) || !ct_h323_read(look, found, &at))
		return CT_HELP_OK;
	return ct_h323_put(look, found, addr, port);
}

static enum ct_help one(const struct ct_h323_look *look,
			const struct ct_per_found *found)
{
	switch ((enum ct_h323_tag)found->tag) {
	case CT_H323_H245:
		return ct_h323_expect_tcp(look, found, "H.245", 0);
	case CT_H323_DATA:
		return ct_h323_expect_tcp(look, found, NULL,
					  CT_EXPECT_PERMANENT);
	case CT_H323_MEDIA:
		return ct_h323_expect_media(look, found);
	case CT_H323_FORWARD:
		return is_forwarded(&look->finds)
			       ? ct_h323_expect_forward(look, found)
			       : CT_HELP_OK;
	case CT_H323_DEST:
		return put_end(look, found, &look->peer.src, look->peer.src_id);
	case CT_H323_SOURCE:
		return put_end(look, found, &look->peer.dst, look->peer.dst_id);
	default:
		return CT_HELP_OK;
	}
}

/* => CT_HELP_DROP for the first that cannot be helped. */
static enum ct_help message(struct ct_h323_look *look, read_fn read,
			    enum ct_per_part part)
{
	uint32_t off = look->off;
	uint32_t len = look->len;
	enum ct_help answer = CT_HELP_OK;

	look->finds.end = CT_PER_DONE;
	read(look, part);
	for (unsigned i = 0; i < look->finds.n && answer == CT_HELP_OK; i++)
		answer = one(look, &look->finds.at[i]);
	look->speech->hold = (uint8_t)ct_h323_begun(look);
	look->off = off;
	look->len = len;
	return answer;
}

/* --- TPKTs -------------------------------------------------------------- */

/* => The length that a header says, itself included; 0 for none. */
static uint32_t tpkt_len(const uint8_t *bytes, uint32_t left)
{
	struct ct_cursor cur = ct_cursor_of(bytes, left);
	uint8_t version = ct_cursor_u8(&cur);
	uint8_t reserved = ct_cursor_u8(&cur);
	uint32_t len = ct_cursor_u16(&cur);

	if (!ct_cursor_good(&cur) || version != TPKT_VERSION || reserved ||
	    len < TPKT_HEADER)
		return 0;
	return len;
}

/* In order: every TPKT, the last one perhaps in part. */
static enum ct_help stream(struct ct_h323_look *look, read_fn read)
{
	struct ct_speech *speech = look->speech;
	enum ct_help answer = CT_HELP_OK;
	uint32_t at = 0;

	while (answer == CT_HELP_OK && speech->len - at >= TPKT_HEADER) {
		uint32_t left = speech->len - at;
		uint32_t len = tpkt_len(speech->bytes + at, left);
		enum ct_per_part part =
			len > left ? CT_PER_FIRST_PART : CT_PER_WHOLE;

		if (!len) { /* no TPKT, nor will there be one */
			at = speech->len;
			break;
		}
		look->off = at + TPKT_HEADER;
		look->len = (part == CT_PER_WHOLE ? len : left) - TPKT_HEADER;
		if (look->len && at + len > speech->fresh)
			answer = message(look, read, part);
		if (part != CT_PER_WHOLE || (at < speech->fresh && len == left))
			break;
		at += len;
	}
	speech->used = at;
	return answer;
}

/* The body of a TPKT whose header came by itself. */
static uint32_t lone_body(struct ct_h323_look *look)
{
	uint16_t *body = &look->state->body[look->pkt->dir];
	uint32_t len = *body;

	*body = 0;
	return len <= look->speech->len ? len : 0;
}

/*
 * By itself: the TPKTs of one segment, as Linux sees them.  One whose end is
 * not there is nothing.
 */
static enum ct_help segment(struct ct_h323_look *look, read_fn read)
{
	struct ct_speech *speech = look->speech;
	uint16_t *body = &look->state->body[look->pkt->dir];
	enum ct_help answer = CT_HELP_OK;
	uint32_t at = 0;

	look->off = 0;
	if (!tpkt_len(speech->bytes, speech->len)) {
		look->len = lone_body(look);
		at = look->len;
		if (look->len)
			answer = message(look, read, CT_PER_WHOLE);
	}
	while (answer == CT_HELP_OK && at < speech->len) {
		uint32_t left = speech->len - at;
		uint32_t len = tpkt_len(speech->bytes + at, left);

		*body = 0;
		if (!len)
			break;
		if (len > left) {
			if (left == TPKT_HEADER)
				*body = (uint16_t)(len - TPKT_HEADER);
			break;
		}
		look->off = at + TPKT_HEADER;
		look->len = len - TPKT_HEADER;
		if (look->len)
			answer = message(look, read, CT_PER_WHOLE);
		at += len;
	}
	return answer;
}

static enum ct_help tpkts(struct ct_thread *thr, struct ct_pkt *pkt,
			  struct ct_speech *speech, read_fn read)
{
	struct ct_h323_look look;

	if (pkt->state != CT_ESTABLISHED) /* no data before the handshake */
		return CT_HELP_OK;
	ct_h323_look(&look, thr, pkt, speech);
	return speech->streamed ? stream(&look, read) : segment(&look, read);
}

/* --- The helpers -------------------------------------------------------- */

static enum ct_help help_q931(struct ct_thread *thr, struct ct_pkt *pkt,
			      struct ct_speech *speech)
{
	return tpkts(thr, pkt, speech, read_q931);
}

static enum ct_help help_h245(struct ct_thread *thr, struct ct_pkt *pkt,
			      struct ct_speech *speech)
{
	return tpkts(thr, pkt, speech, read_h245);
}

/* Four channels in both directions, RTP and RTCP each; T.120; and H.245. */
static const struct ct_expect_class q931_classes[] = {
	{ .name = "default", .max = 20, .timeout_s = CT_H323_TIMEOUT_S },
};

static const struct ct_expect_class h245_classes[] = {
	{ .name = "default", .max = 18, .timeout_s = CT_H323_TIMEOUT_S },
};

const struct ct_helper_ops ct_q931_helper = {
	.size = sizeof(struct ct_helper_ops),
	.name = "Q.931",
	.l4 = TCP,
	.state_size = sizeof(struct ct_h323_state),
	.flags = CT_HELPER_STREAM,
	.classes = q931_classes,
	.n_classes = 1,
	.help = help_q931,
};

const struct ct_helper_ops ct_h245_helper = {
	.size = sizeof(struct ct_helper_ops),
	.name = "H.245",
	.l4 = TCP,
	.state_size = sizeof(struct ct_h323_state),
	.flags = CT_HELPER_STREAM,
	.classes = h245_classes,
	.n_classes = 1,
	.help = help_h245,
};
