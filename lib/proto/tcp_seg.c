/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a segment; see tcp_seg.h.
 */
#include "proto/tcp_seg.h"

#include "base/compiler.h"
#include "proto/tcp_window.h"
#include "wire/hdr.h"
#include "wire/tcpopt.h"

static enum ct_tcp_event event_of(uint8_t bits)
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
static uint32_t numbers_of(uint8_t bits)
{
	return (uint32_t)(bits >> 1 & 1) + (bits & 1);
}
CT_STATIC_ASSERT(CT_TCP_SYN == 1 << 1 && CT_TCP_FIN == 1, "numbers_of()");

enum ct_reason ct_tcp_seg_read(const struct ct_pkt *pkt, struct ct_tcp_seg *seg)
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
	seg->end =
		seg->seq + (pkt->l4_len - header_len) + numbers_of(seg->bits);
	seg->sack = seg->ack;
	seg->win = ct_load_u16(bytes + CT_TCP_WINDOW_OFF);
	seg->event = (uint8_t)event_of(seg->bits);
	seg->offers = 0;
	seg->scale = 0;
	seg->options = (uint8_t)(header_len - CT_TCP_HDR_LEN);
	seg->unread =
		seg->options &&
		!ct_tcp_only_timestamp(bytes + CT_TCP_HDR_LEN, seg->options);
	return CT_R_NONE;
}

void ct_tcp_seg_read_options(const struct ct_pkt *pkt, struct ct_tcp_seg *seg)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);
	struct ct_tcpopt opt;

	ct_cursor_skip(&cur, CT_TCP_HDR_LEN);
	ct_tcpopt_parse(
		ct_cursor_of(ct_cursor_take(&cur, seg->options), seg->options),
		&opt);
	seg->scale = opt.wscale;
	seg->offers = (uint8_t)((opt.has_wscale ? CT_TCP_F_WINDOW_SCALE : 0) |
				(opt.sack_perm ? CT_TCP_F_SACK_PERM : 0));
	for (unsigned i = 0; i < opt.n_sacks; i++)
		if (ct_seq_after(opt.sacks[i].right, seg->sack))
			seg->sack = opt.sacks[i].right;
	seg->unread = false;
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
