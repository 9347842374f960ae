/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * predict_nat.h - translating what was predicted
 *
 * A predicted packet over IPv4 has its addresses and ports where everybody has
 * them.  When one end of its connection is translated, as it is with one
 * masquerade rule or one port forward, both are written at once: the end that
 * does not change is written as it is.  The sums are those that
 * ct_nat_forward() arrives at.
 *
 * One's complement sums do not care for the order of bytes (RFC 1071, 2 B): all
 * of it is done in the host's.
 */
#ifndef PREDICT_NAT_H
#define PREDICT_NAT_H

#include "core/conn.h"
#include "wire/csum.h"
#include "wire/hdr.h"

/* ct_csum_patch(), in the host's order. */
static inline uint16_t ct_predict_patch(uint8_t *field, uint64_t diff)
{
	uint16_t sum;

	memcpy(&sum, field, sizeof(sum));
	if (ct_unlikely(sum == 0xffff && diff % 0xffff == 0))
		return sum;
	sum = (uint16_t)~ct_csum_folded(diff + (sum ^ 0xffffu));
	memcpy(field, &sum, sizeof(sum));
	return sum;
}

/* => Whether ct_predict_translate() will do, for a predicted packet, or another
 *    plain one that belongs to its connection. */
static inline bool ct_predict_translates(const struct ct_pkt *pkt,
					 uint32_t status)
{
	const uint32_t both = CT_S_SRC_NAT | CT_S_DST_NAT;

	return (status & both) != both && pkt->l3 == CT_L3_IPV4 &&
	       !(status & (CT_S_WIDE | CT_S_FAR)) &&
	       pkt->csum != CT_CSUM_PARTIAL;
}

/* Write what the other direction's tuple says, the other way round. */
static ct_always_inline void ct_predict_translate(struct ct_pkt *pkt)
{
	const struct ct_narrow *to = &pkt->conn->narrow[pkt->dir ^ 1];
	uint8_t *ip = pkt->data;
	uint8_t *l4 = ip + CT_IPV4_HDR_LEN;
	const uint32_t addrs[2] = { to->dst, to->src };
	const uint16_t ids[2] = { to->dst_id, to->src_id };
	uint64_t diff, ids_diff;
	uint32_t old[2], old_ids, new_ids;

	memcpy(old, ip + CT_IPV4_SRC_OFF, sizeof(old));
	memcpy(&old_ids, l4, sizeof(old_ids));
	memcpy(&new_ids, ids, sizeof(new_ids));
	diff = (uint64_t)addrs[0] + addrs[1] + (uint32_t)~old[0] +
	       (uint32_t)~old[1];
	ids_diff = (uint64_t)new_ids + (uint32_t)~old_ids;
	memcpy(ip + CT_IPV4_SRC_OFF, addrs, sizeof(addrs));
	memcpy(l4, &new_ids, sizeof(new_ids));
	ct_predict_patch(ip + CT_IPV4_SUM_OFF, diff);
	if (ct_likely(pkt->l4 == CT_IPPROTO_TCP)) {
		ct_predict_patch(l4 + CT_TCP_SUM_OFF, diff + ids_diff);
	} else if (l4[CT_UDP_SUM_OFF] | l4[CT_UDP_SUM_OFF + 1]) {
		/* Zero is "none" (RFC 768). */
		if (!ct_predict_patch(l4 + CT_UDP_SUM_OFF, diff + ids_diff))
			memset(l4 + CT_UDP_SUM_OFF, 0xff, sizeof(uint16_t));
	}
}

#endif /* PREDICT_NAT_H */
