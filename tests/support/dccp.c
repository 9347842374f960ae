/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DCCP packets for tests; see dccp.h.
 */
#include "dccp.h"

#include <string.h>

static void put(uint8_t *at, unsigned bytes, uint64_t value)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
}

static uint32_t word(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

void ct_test_dccp_sum(struct ct_test_packet *p)
{
	const uint32_t off = ct_test_l4_off(p);
	const uint32_t addrs = p->l3 == CT_L3_IPV4 ? 12 : 8;
	const uint8_t coverage = p->bytes[off + CT_TEST_DCCP_COVER];
	uint32_t cover = p->len - off;
	uint32_t all = CT_TEST_DCCP + cover;

	if (coverage)
		cover = CT_TEST_DCCP_HDR + (coverage - 1u) * 4;
	put(p->bytes + off + CT_TEST_DCCP_SUM, 2, 0);
	for (uint32_t i = addrs; i < off; i += 2)
		all += word(p->bytes + i);
	for (uint32_t i = 0; i < cover; i++)
		all += i % 2 ? p->bytes[off + i]
			     : (uint32_t)p->bytes[off + i] << 8;
	while (all >> 16)
		all = (all & 0xffff) + (all >> 16);
	put(p->bytes + off + CT_TEST_DCCP_SUM, 2, (uint16_t)~all);
}

void ct_test_dccp(struct ct_test_packet *p, const struct ct_test_flow *flow,
		  enum ct_dir dir, const struct ct_test_dccp *dccp)
{
	uint8_t bytes[CT_TEST_DCCP_HDR + CT_TEST_DCCP_DATA] = { 0 };
	const struct ct_test_l4 l4 = { CT_TEST_DCCP, bytes, sizeof(bytes) };
	const bool forth = dir == CT_DIR_ORIG;

	put(bytes, 2, forth ? flow->sport : flow->dport);
	put(bytes + 2, 2, forth ? flow->dport : flow->sport);
	bytes[4] = CT_TEST_DCCP_HDR / 4;
	bytes[CT_TEST_DCCP_COVER] = dccp->coverage;
	bytes[8] = (uint8_t)(dccp->type << 1 | 1);
	put(bytes + 10, 6, dccp->seq);
	put(bytes + 18, 6, dccp->ack);
	memset(bytes + CT_TEST_DCCP_HDR, 'x', CT_TEST_DCCP_DATA);
	ct_test_raw(p, flow, dir, &l4);
	ct_test_dccp_sum(p);
}
