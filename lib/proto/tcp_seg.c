/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a segment; see tcp_seg.h.
 */
#include "proto/tcp_seg.h"

#include "proto/tcp_window.h"
#include "wire/tcpopt.h"

enum { HEADER_LEN = 20, PORTS_LEN = 4, TAIL_LEN = 4, TIMESTAMP_LEN = 12 };

static enum ct_tcp_event event_of(uint8_t bits)
{
	if (bits & CT_TCP_RST)
		return CT_TCP_EV_RST;
	if (bits & CT_TCP_SYN)
		return bits & CT_TCP_ACK ? CT_TCP_EV_SYNACK : CT_TCP_EV_SYN;
	return bits & CT_TCP_FIN ? CT_TCP_EV_FIN : CT_TCP_EV_ACK;
}

/* RFC 7323, appendix A: what most segments carry, and nothing for us. */
static bool only_timestamp(struct ct_cursor options)
{
	const uint32_t nop_nop_timestamp = 0x0101080a;

	return ct_cursor_left(&options) == TIMESTAMP_LEN &&
	       ct_cursor_u32(&options) == nop_nop_timestamp;
}

static void read_options(struct ct_cursor options, struct ct_tcp_seg *seg)
{
	struct ct_tcpopt opt;

	ct_tcpopt_parse(options, &opt);
	seg->scale = opt.wscale;
	seg->offers = (uint8_t)((opt.has_wscale ? CT_TCP_F_WINDOW_SCALE : 0) |
				(opt.sack_perm ? CT_TCP_F_SACK_PERM : 0));
	for (unsigned i = 0; i < opt.n_sacks; i++)
		if (ct_seq_after(opt.sacks[i].right, seg->sack))
			seg->sack = opt.sacks[i].right;
}

/* The fixed part.  => Where the options are, if nothing is wrong. */
static enum ct_reason read_header(const struct ct_pkt *pkt,
				  struct ct_tcp_seg *seg,
				  struct ct_cursor *options)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);
	const uint8_t *bytes;
	uint32_t header_len;

	ct_cursor_skip(&cur, PORTS_LEN);
	seg->seq = ct_cursor_u32(&cur);
	seg->ack = ct_cursor_u32(&cur);
	header_len = (uint32_t)(ct_cursor_u8(&cur) >> 4) * 4;
	seg->bits = ct_cursor_u8(&cur);
	seg->win = ct_cursor_u16(&cur);
	ct_cursor_skip(&cur, TAIL_LEN); /* checksum, urgent pointer */
	if (!ct_cursor_good(&cur))
		return CT_R_L4_TRUNCATED;
	if (header_len < HEADER_LEN || header_len > pkt->l4_len)
		return CT_R_L4_LENGTH;
	bytes = ct_cursor_take(&cur, header_len - HEADER_LEN);
	if (!bytes)
		return CT_R_L4_TRUNCATED;
	*options = ct_cursor_of(bytes, header_len - HEADER_LEN);
	seg->end = seg->seq + (pkt->l4_len - header_len) +
		   !!(seg->bits & CT_TCP_SYN) + !!(seg->bits & CT_TCP_FIN);
	return CT_R_NONE;
}

enum ct_reason ct_tcp_seg_check(const struct ct_pkt *pkt, uint8_t *bits)
{
	struct ct_cursor options;
	struct ct_tcp_seg seg;
	enum ct_reason reason = read_header(pkt, &seg, &options);

	*bits = seg.bits;
	return reason;
}

enum ct_reason ct_tcp_seg_read(const struct ct_pkt *pkt, struct ct_tcp_seg *seg)
{
	struct ct_cursor options;
	enum ct_reason reason;

	*seg = (struct ct_tcp_seg){ 0 };
	reason = read_header(pkt, seg, &options);
	if (reason != CT_R_NONE)
		return reason;
	seg->event = (uint8_t)event_of(seg->bits);
	seg->sack = seg->ack;
	seg->bare = !ct_cursor_left(&options);
	if (!seg->bare && !only_timestamp(options))
		read_options(options, seg);
	return CT_R_NONE;
}

bool ct_tcp_flags_valid(uint8_t bits)
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
