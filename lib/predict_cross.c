/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * predict_cross.c - taking a plain packet to the other network layer
 */
#include "predict_cross.h"

#include "core/table.h"
#include "predict_nat.h"
#include "wire/iphead.h"

/* => Words as the host loads them, for ct_predict_patch(). */
static uint64_t sum_words(const uint8_t *bytes, unsigned n)
{
	uint64_t sum = 0;
	uint32_t word;

	for (unsigned i = 0; i < n; i++) {
		memcpy(&word, bytes + i * sizeof(word), sizeof(word));
		sum += word;
	}
	return sum;
}

/* The same, taken away. */
static uint64_t sum_old(const uint8_t *bytes, unsigned n)
{
	return n * UINT64_C(0xffffffff) - sum_words(bytes, n);
}

/* => The tuple whose inverse a packet leaves as; NULL: it is not at hand. */
static const struct ct_tuple *answer_of(const struct ct_pkt *pkt)
{
	const struct ct_conn *conn = pkt->conn;

	if (pkt->dir == CT_DIR_ORIG)
		return &ct_conn_far(conn)->tuple;
	return ct_conn_word(conn) & CT_S_WIDE ? &conn->wide.orig : NULL;
}

static bool is_simple(const struct ct_pkt *pkt)
{
	return pkt->state != CT_RELATED && pkt->csum != CT_CSUM_PARTIAL &&
	       !pkt->gso_size && !pkt->flags &&
	       pkt->l4_len <= UINT16_MAX - CT_IPV4_HDR_LEN;
}

/* => Where the transport's sum is; NULL: it has none (RFC 7915 4.5). */
static uint8_t *sum_of(const struct ct_pkt *pkt, uint8_t *l4)
{
	if (pkt->l4 == CT_IPPROTO_TCP)
		return l4 + CT_TCP_SUM_OFF;
	l4 += CT_UDP_SUM_OFF;
	return l4[0] | l4[1] ? l4 : NULL;
}

/* => Where the addresses are, both, behind the header's other fields. */
static uint8_t *write_v4(struct ct_thread *thr, const struct ct_pkt *pkt,
			 const uint8_t *old, uint8_t *ip)
{
	uint32_t total = CT_IPV4_HDR_LEN + pkt->l4_len;
	uint8_t hops = old[CT_IPV6_HOPS_OFF];

	ip[1] = (uint8_t)(old[0] << 4 | old[1] >> 4);
	ip[0] = CT_IPV4_FIRST;
	ct_csum_store(ip + CT_IPV4_TOTAL_OFF, (uint16_t)total);
	ct_csum_store(ip + CT_IPV4_ID_OFF, (uint16_t)ct_random(thr));
	ct_csum_store(ip + CT_IPV4_FRAG_OFF,
		      total > CT_IPHEAD_DF_ABOVE ? CT_IPV4_DF : 0);
	ip[CT_IPV4_TTL_OFF] = hops;
	ip[CT_IPV4_PROTOCOL_OFF] = pkt->l4;
	ct_csum_store(ip + CT_IPV4_SUM_OFF, 0);
	return ip + CT_IPV4_SRC_OFF;
}

static uint8_t *write_v6(const struct ct_pkt *pkt, const uint8_t *old,
			 uint8_t *ip)
{
	uint8_t tclass = old[1], hops = old[CT_IPV4_TTL_OFF];

	ip[0] = (uint8_t)(CT_IPV6_FIRST | tclass >> 4);
	ip[1] = (uint8_t)(tclass << 4);
	ct_csum_store(ip + 2, 0);
	ct_csum_store(ip + CT_IPV6_LEN_OFF, (uint16_t)pkt->l4_len);
	ip[CT_IPV6_NEXT_OFF] = pkt->l4;
	ip[CT_IPV6_HOPS_OFF] = hops;
	return ip + CT_IPV6_SRC_OFF;
}

/* The packet begins elsewhere, with a header of another length. */
static void become(struct ct_pkt *pkt, uint8_t l3, uint32_t len)
{
	uint32_t off = pkt->l4_off;

	pkt->data = pkt->data + off - len;
	pkt->len = pkt->len - off + len;
	if (pkt->frame_len)
		pkt->frame_len = pkt->frame_len - off + len;
	pkt->headroom = pkt->headroom + off - len;
	pkt->l3 = l3;
	pkt->l4_off = (uint16_t)len;
}

bool ct_predict_cross(struct ct_thread *thr, struct ct_pkt *pkt)
{
	const struct ct_tuple *t = answer_of(pkt);
	bool to_v4 = pkt->l3 == CT_L3_IPV6;
	uint32_t len = to_v4 ? CT_IPV4_HDR_LEN : CT_IPV6_HDR_LEN;
	unsigned words = to_v4 ? 1 : 4; /* of a new address */
	uint8_t *old = pkt->data, *l4 = old + pkt->l4_off;
	uint8_t *sum = sum_of(pkt, l4), *ip = l4 - len, *addrs;
	uint64_t diff;

	if (!t || t->l3 == pkt->l3 || t->l4 != pkt->l4 || !is_simple(pkt) ||
	    !sum || len > pkt->l4_off + pkt->headroom)
		return false;
	diff = sum_old(to_v4 ? old + CT_IPV6_SRC_OFF : old + CT_IPV4_SRC_OFF,
		       to_v4 ? 8 : 2) +
	       sum_old(l4, 1);
	addrs = to_v4 ? write_v4(thr, pkt, old, ip) : write_v6(pkt, old, ip);
	memcpy(addrs, t->dst.bytes, words * sizeof(uint32_t));
	memcpy(addrs + words * sizeof(uint32_t), t->src.bytes,
	       words * sizeof(uint32_t));
	memcpy(l4, &t->dst_id, sizeof(t->dst_id));
	memcpy(l4 + sizeof(t->dst_id), &t->src_id, sizeof(t->src_id));
	diff += sum_words(addrs, 2 * words) + sum_words(l4, 1);
	if (!ct_predict_patch(sum, diff) && pkt->l4 == CT_IPPROTO_UDP)
		memset(sum, 0xff, sizeof(uint16_t)); /* zero is "none" */
	if (to_v4) {
		uint16_t head = (uint16_t)~ct_csum_folded(
			sum_words(ip, CT_IPV4_HDR_LEN / 4));

		memcpy(ip + CT_IPV4_SUM_OFF, &head, sizeof(head));
	}
	become(pkt, t->l3, len);
	return true;
}
