/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TCP segment: from bytes to the numbers that the tracker works with.  Foreign
 * bytes are read here and nowhere else in the tracker.
 *
 *	 0               8              16              24             31
 *	+-------------------------------+-------------------------------+
 *	|          source port          |       destination port        |
 *	+-------------------------------+-------------------------------+
 *	|                        sequence number                        |
 *	+---------------------------------------------------------------+
 *	|                     acknowledgement number                    |
 *	+-------+-------+---------------+-------------------------------+
 *	|offset |       |CEUAPRSF       |            window             |
 *	+-------+-------+---------------+-------------------------------+
 *	|           checksum            |        urgent pointer         |
 *	+-------------------------------+-------------------------------+
 *	|  options, to 4 x offset bytes from the start                  |
 *	+---------------------------------------------------------------+
 *
 * RFC 9293, 3.1.
 */
#ifndef CT_PROTO_TCP_SEG_H
#define CT_PROTO_TCP_SEG_H

#include "base/compiler.h"
#include "proto/tcp.h"

#include "wire/hdr.h"

/* => Options are what most segments carry, and nothing for us: a time stamp
 *    (RFC 7323, appendix A). */
static inline bool ct_tcp_only_timestamp(const uint8_t *options, uint32_t len)
{
	const uint32_t nop_nop_timestamp = 0x0101080a;

	return len == CT_TCP_TIMESTAMP_LEN &&
	       ct_load_u32(options) == nop_nop_timestamp;
}

static inline enum ct_tcp_event ct_tcp_event_of(uint8_t bits)
{
	const uint8_t special = CT_TCP_RST | CT_TCP_SYN | CT_TCP_FIN;

	if (ct_likely(!(bits & special)))
		return CT_TCP_EV_ACK;
	if (bits & CT_TCP_RST)
		return CT_TCP_EV_RST;
	if (bits & CT_TCP_SYN)
		return bits & CT_TCP_ACK ? CT_TCP_EV_SYNACK : CT_TCP_EV_SYN;
	return CT_TCP_EV_FIN;
}

/* SYN and FIN take a sequence number each. */
static inline uint32_t ct_tcp_numbers_of(uint8_t bits)
{
	return (uint32_t)(bits >> 1 & 1) + (bits & 1);
}
CT_STATIC_ASSERT(CT_TCP_SYN == 1 << 1 && CT_TCP_FIN == 1, "numbers_of()");

/*
 * Read a packet's segment.
 *
 * => CT_R_NONE, or what is wrong with its header: CT_R_L4_TRUNCATED,
 *    CT_R_L4_LENGTH.
 * => The length of its data is what IP says, also if not all of it is there.
 * => Options are left alone, but for a mere time stamp: most of those that have
 *    others open a connection, which may be refused.
 */
static inline enum ct_reason ct_tcp_seg_read(const struct ct_pkt *pkt,
					     struct ct_tcp_seg *seg)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);
	const uint32_t have = (uint32_t)ct_cursor_left(&cur);
	const uint8_t *bytes = ct_cursor_take(&cur, CT_TCP_HDR_LEN);
	uint32_t header_len;

	if (!bytes)
		return CT_R_L4_TRUNCATED;
	header_len = (uint32_t)(bytes[CT_TCP_OFFSET_OFF] >> 4) * 4;
	if (header_len < CT_TCP_HDR_LEN || header_len > pkt->l4_len)
		return CT_R_L4_LENGTH;
	if (header_len > have)
		return CT_R_L4_TRUNCATED;

	seg->seq = ct_load_u32(bytes + CT_TCP_SEQ_OFF);
	seg->ack = ct_load_u32(bytes + CT_TCP_ACK_OFF);
	seg->bits = bytes[CT_TCP_FLAGS_OFF];
	seg->end = seg->seq + (pkt->l4_len - header_len) +
		   ct_tcp_numbers_of(seg->bits);
	seg->sack = seg->ack;
	seg->win = ct_load_u16(bytes + CT_TCP_WINDOW_OFF);
	seg->event = (uint8_t)ct_tcp_event_of(seg->bits);
	seg->offers = 0;
	seg->scale = 0;
	seg->options = (uint8_t)(header_len - CT_TCP_HDR_LEN);
	seg->unread =
		seg->options &&
		!ct_tcp_only_timestamp(bytes + CT_TCP_HDR_LEN, seg->options);
	return CT_R_NONE;
}

/* Read its options; it is unread. */
void ct_tcp_seg_read_options(const struct ct_pkt *pkt, struct ct_tcp_seg *seg);

/*
 * Whether it is what nearly all segments are: data or an acknowledgement, with
 * no options but a time stamp (RFC 7323, appendix A), whole up to its data.
 *
 * => have is how many of its bytes are there.
 */
static inline bool ct_tcp_seg_plain(const uint8_t *bytes, uint32_t have)
{
	const uint16_t length = 0xf000;
	const uint16_t marks =
		CT_TCP_FIN | CT_TCP_SYN | CT_TCP_RST | CT_TCP_ACK;
	const uint16_t bare = CT_TCP_HDR_LEN / 4 << 12 | CT_TCP_ACK;
	const uint16_t stamped =
		(CT_TCP_HDR_LEN + CT_TCP_TIMESTAMP_LEN) / 4 << 12 | CT_TCP_ACK;
	uint16_t word;

	if (have < CT_TCP_HDR_LEN)
		return false;
	word = ct_load_u16(bytes + CT_TCP_OFFSET_OFF) & (length | marks);
	return ct_likely(word == bare) ||
	       (word == stamped &&
		have >= CT_TCP_HDR_LEN + CT_TCP_TIMESTAMP_LEN &&
		ct_tcp_only_timestamp(bytes + CT_TCP_HDR_LEN,
				      CT_TCP_TIMESTAMP_LEN));
}

/*
 * Whether its flags go together (RFC 9293, 3.1): one of SYN, FIN and RST at
 * most; an ACK with all but the first SYN and a RST; urgent data only where
 * there may be data.
 */
static inline bool ct_tcp_flags_valid(uint8_t bits)
{
	bool ack = bits & CT_TCP_ACK;
	bool urg = bits & CT_TCP_URG;

	switch (bits & (CT_TCP_SYN | CT_TCP_FIN | CT_TCP_RST)) {
	case CT_TCP_SYN:
		return !(ack && urg);
	case CT_TCP_RST:
		return !urg;
	case CT_TCP_FIN:
	case 0:
		return ack;
	default:
		return false;
	}
}

#endif
