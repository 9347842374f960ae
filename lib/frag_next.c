/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frag_next.c - what is to be sent for a packet, what has timed out, numbers
 */
#include "core/frag.h"
#include "core/table.h"
#include "core/whole.h"
#include "nat/apply.h"
#include "wire/csum.h"
#include "wire/hdr.h"

#include <conntrack/frag.h>
#include <string.h>

/* --- Next --------------------------------------------------------------- */

/* => The packet itself, if it was not given out before. */
static bool itself(const struct ct_pkt *pkt, struct ct_pkt *piece)
{
	if (piece->data)
		return false;
	*piece = *pkt;
	return true;
}

static bool cut(struct ct_thread *thr, struct ct_pkt *pkt, struct ct_pkt *piece)
{
	struct ct_whole *whole = (struct ct_whole *)(uintptr_t)pkt->frag;

	*piece = *pkt;
	piece->flags &= (uint16_t)~CT_PKT_WHOLE;
	piece->frag = 0;
	return ct_whole_cut(thr, pkt, whole, piece);
}

/* Those that waited for a first one. */
static bool follow(struct ct_thread *thr, const struct ct_pkt *first,
		   struct ct_pkt *piece)
{
	while (ct_frags_release(thr, first, piece)) {
		ct_count(thr, (enum ct_reason)piece->reason);
		if (ct_nat_forward(thr, piece) == CT_ACCEPT)
			return true;
	}
	return false;
}

bool ct_frag_next(struct ct_thread *thr, struct ct_pkt *pkt,
		  struct ct_pkt *piece)
{
	if (pkt->flags & CT_PKT_WHOLE)
		return cut(thr, pkt, piece);
	if (itself(pkt, piece))
		return true;
	return (pkt->flags & CT_PKT_FIRST) && follow(thr, pkt, piece);
}

/* --- Time exceeded ------------------------------------------------------ */

bool ct_frag_expired(struct ct_thread *thr, struct ct_pkt *first)
{
	struct ct_frags *frags = &thr->tbl->frags;
	struct ct_piece *piece;

	ct_spin_lock(&frags->lock);
	piece = (struct ct_piece *)frags->expired;
	if (piece) {
		frags->expired = piece->kept.next;
		frags->n_expired--;
	}
	ct_spin_unlock(&frags->lock);
	if (!piece)
		return false;
	piece->kept.next = thr->kept;
	thr->kept = &piece->kept;
	memset(first, 0, sizeof(*first));
	first->data = ct_piece_bytes(piece);
	first->len = piece->hdr + piece->len;
	first->headroom = CT_FRAG_HEADROOM;
	first->l3 = first->data[0] >> 4;
	return true;
}

enum {
	ICMP_TIME_EXCEEDED = 11,
	ICMPV6_TIME_EXCEEDED = 3,
	REASSEMBLY = 1, /* code, of both */
	TTL = 64,
	QUOTE_V4 = 576, /* bytes of the whole error, RFC 1812 4.3.2.3 */
	QUOTE_V6 = 1280 /* the same, RFC 4443 2.4 */
};

/* Nobody is told about an error, or who may be many (RFC 1122 3.2.2). */
static bool silent_v4(const uint8_t *ip, uint32_t len)
{
	uint32_t hdr = (ip[0] & 0xfu) * 4;
	uint8_t type = len > hdr ? ip[hdr] : 0;
	uint32_t src = ct_load_u32(ip + CT_IPV4_SRC_OFF);
	uint32_t dst = ct_load_u32(ip + CT_IPV4_DST_OFF);

	return (ip[CT_IPV4_PROTOCOL_OFF] == CT_IPPROTO_ICMP && type != 8 &&
		type != 0 && type < 13) ||
	       !src || src >> 28 >= 0xe || dst >> 28 >= 0xe || src >> 24 == 127;
}

static bool silent_v6(const uint8_t *ip, uint32_t len)
{
	struct ct_fragment frag;
	static const uint8_t none[16];
	bool error;

	if (!ct_fragment_read(ip, len, CT_L3_IPV6, &frag))
		return true;
	error = frag.next == CT_IPPROTO_ICMPV6 && frag.hdr < len &&
		ip[frag.hdr] < 128;
	return error || ip[CT_IPV6_SRC_OFF] == 0xff ||
	       ip[CT_IPV6_DST_OFF] == 0xff ||
	       !memcmp(ip + CT_IPV6_SRC_OFF, none, sizeof(none));
}

static void write_v4(uint8_t *buf, const struct ct_pkt *first,
		     const union ct_addr *from, uint32_t quoted)
{
	uint8_t *icmp = buf + CT_IPV4_HDR_LEN;

	buf[0] = CT_IPV4_FIRST;
	buf[1] = 0xc0; /* internetwork control, RFC 1812 4.3.2.5 */
	ct_csum_store(buf + CT_IPV4_TOTAL_OFF,
		      (uint16_t)(CT_IPV4_HDR_LEN + CT_ICMP_HDR_LEN + quoted));
	buf[CT_IPV4_TTL_OFF] = TTL;
	buf[CT_IPV4_PROTOCOL_OFF] = CT_IPPROTO_ICMP;
	memcpy(buf + CT_IPV4_SRC_OFF, from->bytes, 4);
	memcpy(buf + CT_IPV4_DST_OFF, first->data + CT_IPV4_SRC_OFF, 4);
	ct_csum_store(buf + CT_IPV4_SUM_OFF,
		      ct_csum_fold(ct_csum_add(0, buf, CT_IPV4_HDR_LEN)));
	icmp[0] = ICMP_TIME_EXCEEDED;
	icmp[1] = REASSEMBLY;
	ct_csum_store(
		icmp + CT_ICMP_SUM_OFF,
		ct_csum_fold(ct_csum_add(0, icmp, CT_ICMP_HDR_LEN + quoted)));
}

static void write_v6(uint8_t *buf, const struct ct_pkt *first,
		     const union ct_addr *from, uint32_t quoted)
{
	uint32_t len = CT_ICMP_HDR_LEN + quoted;
	uint8_t *icmp = buf + CT_IPV6_HDR_LEN;
	uint32_t sum = CT_IPPROTO_ICMPV6 + len;

	buf[0] = CT_IPV6_FIRST;
	ct_csum_store(buf + CT_IPV6_LEN_OFF, (uint16_t)len);
	buf[CT_IPV6_NEXT_OFF] = CT_IPPROTO_ICMPV6;
	buf[CT_IPV6_HOPS_OFF] = TTL;
	memcpy(buf + CT_IPV6_SRC_OFF, from->bytes, 16);
	memcpy(buf + CT_IPV6_DST_OFF, first->data + CT_IPV6_SRC_OFF, 16);
	icmp[0] = ICMPV6_TIME_EXCEEDED;
	icmp[1] = REASSEMBLY;
	sum = ct_csum_add(sum, buf + CT_IPV6_SRC_OFF, 32);
	ct_csum_store(icmp + CT_ICMP_SUM_OFF,
		      ct_csum_fold(ct_csum_add(sum, icmp, len)));
}

int ct_frag_time_exceeded(const struct ct_pkt *first, const union ct_addr *from,
			  uint8_t *buf, size_t len)
{
	bool v4 = first->l3 == CT_L3_IPV4;
	uint32_t hdr =
		(v4 ? CT_IPV4_HDR_LEN : CT_IPV6_HDR_LEN) + CT_ICMP_HDR_LEN;
	uint32_t quoted = (v4 ? QUOTE_V4 : QUOTE_V6) - hdr;

	if (first->len < (v4 ? CT_IPV4_HDR_LEN : CT_IPV6_HDR_LEN) ||
	    (v4 ? silent_v4(first->data, first->len)
		: silent_v6(first->data, first->len)))
		return 0;
	if (quoted > first->len)
		quoted = first->len;
	if (len < hdr + quoted)
		return CT_E_NOSPC;
	memset(buf, 0, hdr);
	memcpy(buf + hdr, first->data, quoted);
	if (v4)
		write_v4(buf, first, from, quoted);
	else
		write_v6(buf, first, from, quoted);
	return (int)(hdr + quoted);
}

/* --- Numbers ------------------------------------------------------------ */

int ct_frag_stats(struct ct_table *tbl, struct ct_frag_stats *stats)
{
	struct ct_frags *frags = &tbl->frags;
	struct ct_frag_stats now = { 0 };

	ct_spin_lock(&frags->lock);
	now.datagrams = (uint64_t)frags->n[0] + frags->n[1];
	now.bytes = frags->bytes[0] + frags->bytes[1];
	now.max_bytes = frags->most_bytes;
	now.completed = frags->completed;
	now.timed_out = frags->timed_out;
	now.evicted = frags->evicted;
	ct_spin_unlock(&frags->lock);
	return ct_sized_answer(stats, &now, sizeof(now));
}
