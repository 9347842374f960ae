/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * segment.c - a packet's TCP segment, changed where it lies; see segment.h
 */
#include "core/segment.h"

#include "core/seqadj.h"
#include "core/table.h"
#include "wire/csum.h"
#include "wire/hdr.h"
#include "wire/tcpopt.h"

static void put32(uint8_t *at, uint32_t value)
{
	ct_csum_store(at, (uint16_t)(value >> 16));
	ct_csum_store(at + 2, (uint16_t)value);
}

/* --- Another segment ---------------------------------------------------- */

/* IP says how long it is from now on. */
static void set_length(struct ct_pkt *pkt, uint32_t len)
{
	uint32_t delta = len - pkt->l4_len;
	uint8_t *field = pkt->data + (pkt->l3 == CT_L3_IPV4 ? CT_IPV4_TOTAL_OFF
							    : CT_IPV6_LEN_OFF);
	uint8_t now[2];

	ct_csum_store(now, (uint16_t)(ct_csum_load(field) + delta));
	if (pkt->l3 == CT_L3_IPV4)
		ct_csum_patch(pkt->data + CT_IPV4_SUM_OFF,
			      ct_csum_put16(field, now));
	else
		memcpy(field, now, sizeof(now));
	pkt->tailroom += pkt->len;
	pkt->len = pkt->l4_off + len;
	pkt->tailroom -= pkt->len;
	if (pkt->frame_len)
		pkt->frame_len = pkt->len;
	pkt->l4_len = len;
	pkt->gso_size = 0;
}

/* => The pseudo header's sum, as a partial checksum has it, or the whole one. */
static uint16_t sum_of(const struct ct_table *tbl, const struct ct_pkt *pkt)
{
	const struct ct_l3_ops *l3 = ct_registry_l3(tbl, pkt->l3);
	uint32_t sum = l3->pseudo_sum(pkt, pkt->l4, pkt->l4_len);

	if (pkt->csum == CT_CSUM_PARTIAL)
		return (uint16_t)~ct_csum_fold(sum);
	return ct_csum_fold(
		ct_csum_add(sum, pkt->data + pkt->l4_off, pkt->l4_len));
}

bool ct_segment_remake(const struct ct_table *tbl, struct ct_pkt *pkt,
		       const struct ct_segment *seg)
{
	const struct ct_l3_ops *l3 = ct_registry_l3(tbl, pkt->l3);
	uint32_t len = CT_TCP_HDR_LEN + seg->options_len;
	uint8_t *tcp = pkt->data + pkt->l4_off;

	if (!l3 || !l3->pseudo_sum ||
	    (pkt->l3 != CT_L3_IPV4 && pkt->l3 != CT_L3_IPV6) ||
	    (uint64_t)pkt->l4_off + len > (uint64_t)pkt->len + pkt->tailroom)
		return false;
	set_length(pkt, len);
	put32(tcp + CT_TCP_SEQ_OFF, seg->seq);
	put32(tcp + CT_TCP_ACK_OFF, seg->ack);
	tcp[CT_TCP_OFFSET_OFF] = (uint8_t)(len / 4 << 4);
	tcp[CT_TCP_FLAGS_OFF] = seg->flags;
	ct_csum_store(tcp + CT_TCP_WINDOW_OFF, seg->window);
	put32(tcp + CT_TCP_SUM_OFF, 0); /* and the urgent pointer */
	memcpy(tcp + CT_TCP_HDR_LEN, seg->options, seg->options_len);
	ct_csum_store(tcp + CT_TCP_SUM_OFF, sum_of(tbl, pkt));
	return true;
}

/* --- Retouching --------------------------------------------------------- */

static uint32_t convert_window(uint8_t *at, const struct ct_retouch *how)
{
	uint32_t win =
		(uint32_t)ct_csum_load(at) << how->from_scale >> how->to_scale;
	uint8_t now[2];

	ct_csum_store(now, (uint16_t)(win < UINT16_MAX ? win : UINT16_MAX));
	return ct_csum_put16(at, now);
}

static uint32_t convert_stamps(uint8_t *tcp, uint32_t len,
			       const struct ct_retouch *how)
{
	struct ct_tcpopt opt;
	uint32_t off, diff;

	ct_tcpopt_parse(
		ct_cursor_of(tcp + CT_TCP_HDR_LEN, len - CT_TCP_HDR_LEN), &opt);
	if (!opt.has_timestamp)
		return 0;
	off = CT_TCP_HDR_LEN + opt.stamps_off;
	diff = ct_seqadj_shift(tcp + off, how->tsval, off & 1);
	if (!(tcp[CT_TCP_FLAGS_OFF] & CT_SEG_ACK))
		return diff;
	return ct_csum_both(
		diff, ct_seqadj_shift(tcp + off + 4, how->tsecr, off & 1));
}

bool ct_segment_retouch(struct ct_pkt *pkt, const struct ct_retouch *how)
{
	uint8_t *tcp = pkt->data + pkt->l4_off;
	uint32_t len, diff = 0;

	if (pkt->len < pkt->l4_off + (uint32_t)CT_TCP_HDR_LEN)
		return false;
	len = (uint32_t)(tcp[CT_TCP_OFFSET_OFF] >> 4) * 4;
	if (len < CT_TCP_HDR_LEN || len > pkt->len - pkt->l4_off)
		return false;
	if (!(tcp[CT_TCP_FLAGS_OFF] & CT_SEG_SYN))
		diff = convert_window(tcp + CT_TCP_WINDOW_OFF, how);
	if (how->stamps)
		diff = ct_csum_both(diff, convert_stamps(tcp, len, how));
	/* A partial sum is that of the pseudo header alone. */
	if (pkt->csum != CT_CSUM_PARTIAL)
		ct_csum_patch(tcp + CT_TCP_SUM_OFF, diff);
	return true;
}
