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

#include "proto/tcp.h"

#include "wire/hdr.h"

/*
 * Read a packet's segment.
 *
 * => CT_R_NONE, or what is wrong with its header: CT_R_L4_TRUNCATED,
 *    CT_R_L4_LENGTH.
 * => The length of its data is what IP says, also if not all of it is there.
 * => Options are left alone, but for a mere time stamp: most of those that have
 *    others open a connection, which may be refused.
 */
enum ct_reason ct_tcp_seg_read(const struct ct_pkt *pkt,
			       struct ct_tcp_seg *seg);

/* Read its options; it is unread. */
void ct_tcp_seg_read_options(const struct ct_pkt *pkt, struct ct_tcp_seg *seg);

/* => Options are what most segments carry, and nothing for us: a time stamp
 *    (RFC 7323, appendix A). */
static inline bool ct_tcp_only_timestamp(const uint8_t *options, uint32_t len)
{
	const uint32_t nop_nop_timestamp = 0x0101080a;

	return len == CT_TCP_TIMESTAMP_LEN &&
	       ct_load_u32(options) == nop_nop_timestamp;
}

/*
 * Whether it is what nearly all segments are: data or an acknowledgement, with
 * no options but a time stamp (RFC 7323, appendix A), whole up to its data.
 *
 * => At least eight bytes of it are there.
 */
static inline bool ct_tcp_seg_plain(const struct ct_pkt *pkt)
{
	const uint8_t marks = CT_TCP_FIN | CT_TCP_SYN | CT_TCP_RST | CT_TCP_ACK;
	const uint8_t *bytes = pkt->data + pkt->l4_off;
	uint32_t have = pkt->len - pkt->l4_off;
	uint32_t len;

	if (have > pkt->l4_len)
		have = pkt->l4_len;
	if (have < CT_TCP_HDR_LEN ||
	    (bytes[CT_TCP_FLAGS_OFF] & marks) != CT_TCP_ACK)
		return false;
	len = (uint32_t)(bytes[CT_TCP_OFFSET_OFF] >> 4) * 4;
	return len == CT_TCP_HDR_LEN ||
	       (have >= CT_TCP_HDR_LEN + CT_TCP_TIMESTAMP_LEN &&
		ct_tcp_only_timestamp(bytes + CT_TCP_HDR_LEN,
				      len - CT_TCP_HDR_LEN));
}

/* Read such a one. */
static inline struct ct_tcp_seg ct_tcp_seg_of(const struct ct_pkt *pkt)
{
	const uint8_t *bytes = pkt->data + pkt->l4_off;
	struct ct_tcp_seg seg = {
		.seq = ct_load_u32(bytes + CT_TCP_SEQ_OFF),
		.ack = ct_load_u32(bytes + CT_TCP_ACK_OFF),
		.win = ct_load_u16(bytes + CT_TCP_WINDOW_OFF),
		.bits = CT_TCP_ACK,
		.event = CT_TCP_EV_ACK,
	};

	seg.sack = seg.ack;
	seg.end = seg.seq + pkt->l4_len -
		  (uint32_t)(bytes[CT_TCP_OFFSET_OFF] >> 4) * 4;
	return seg;
}

/*
 * Whether its flags go together (RFC 9293, 3.1): one of SYN, FIN and RST at
 * most; an ACK with all but the first SYN and a RST; urgent data only where
 * there may be data.
 */
bool ct_tcp_flags_valid(uint8_t bits);

#endif
