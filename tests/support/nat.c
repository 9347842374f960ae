/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A router that translates; see nat.h.
 */
#include "nat.h"

#include <arpa/inet.h>
#include <check.h>
#include <string.h>

struct ct_nat_range ct_nat_to(uint32_t addr)
{
	struct ct_nat_range range = { .size = sizeof(range),
				      .flags = CT_NAT_ADDR };

	range.min_addr.v4 = htonl(addr);
	range.max_addr = range.min_addr;
	return range;
}

struct ct_nat_range ct_nat_to6(uint8_t host)
{
	static const uint8_t net[] = { 0x20, 0x01, 0x0d, 0xb8, 0, 0xff };
	struct ct_nat_range range = { .size = sizeof(range),
				      .flags = CT_NAT_ADDR };

	memcpy(&range.min_addr, net, sizeof(net));
	range.min_addr.bytes[15] = host;
	range.max_addr = range.min_addr;
	return range;
}

struct ct_nat_range ct_nat_ports(struct ct_nat_range range, uint16_t min,
				 uint16_t max)
{
	range.flags |= CT_NAT_IDS;
	range.min_id = min;
	range.max_id = max;
	return range;
}

static bool is_inside(const struct ct_pkt *pkt)
{
	return pkt->data[0] >> 4 == 4 && pkt->data[12] == 10;
}

static void choose(struct ct_world *w, struct ct_pkt *pkt, enum ct_nat_end end,
		   const struct ct_test_rules *rules)
{
	int error;

	if (!pkt->conn || ct_conn_status(pkt->conn) & CT_S_CONFIRMED)
		return;
	if (end == CT_NAT_SRC && rules->pool && is_inside(pkt))
		error = ct_nat_pool_setup(w->thr, pkt, rules->pool);
	else
		error = ct_nat_setup(w->thr, pkt, end,
				     end == CT_NAT_SRC ? rules->src
						       : rules->dst);
	/* What was expected has been mapped by who expected it. */
	if (error == CT_E_EXIST)
		ck_assert(ct_conn_status(pkt->conn) & CT_S_EXPECTED);
	else
		ck_assert(error == 0 || error == CT_E_FULL);
}

enum ct_verdict ct_nat_step(struct ct_world *w, struct ct_pkt *pkt,
			    const struct ct_test_rules *rules)
{
	ck_assert_int_eq(ct_process(w->thr, pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	choose(w, pkt, CT_NAT_DST, rules);
	if (ct_nat_apply(w->thr, pkt, CT_HOOK_PREROUTING) != CT_ACCEPT)
		return CT_DROP;
	choose(w, pkt, CT_NAT_SRC, rules);
	return ct_nat_apply(w->thr, pkt, CT_HOOK_POSTROUTING);
}

struct ct_pkt ct_nat_pass(struct ct_world *w, struct ct_test_packet *p,
			  const struct ct_test_rules *rules)
{
	struct ct_pkt pkt = ct_test_pkt(p);

	ck_assert_int_eq(ct_nat_step(w, &pkt, rules), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w->thr, &pkt), CT_ACCEPT);
	ct_world_audit(w);
	return pkt;
}

struct ct_tuple ct_nat_tuple(const struct ct_test_packet *p)
{
	bool ipv4 = p->l3 == CT_L3_IPV4;
	uint32_t l4 = ct_test_l4_off(p);
	uint32_t addrs = ipv4 ? 12 : 8;
	size_t len = ipv4 ? 4 : 16;
	struct ct_tuple t;

	memset(&t, 0, sizeof(t));
	t.l3 = p->l3;
	t.l4 = p->l4;
	memcpy(&t.src, p->bytes + addrs, len);
	memcpy(&t.dst, p->bytes + addrs + len, len);
	memcpy(&t.src_id, p->bytes + l4, 2);
	memcpy(&t.dst_id, p->bytes + l4 + 2, 2);
	return t;
}

uint16_t ct_nat_u16(const struct ct_test_packet *p, uint32_t off)
{
	return (uint16_t)(p->bytes[off] << 8 | p->bytes[off + 1]);
}

void ct_nat_put(struct ct_test_packet *p, uint32_t off, uint16_t value)
{
	p->bytes[off] = (uint8_t)(value >> 8);
	p->bytes[off + 1] = (uint8_t)value;
}

static uint16_t sum(const struct ct_test_packet *p, uint32_t off, uint32_t len)
{
	uint32_t all = 0;

	for (uint32_t i = 0; i < len; i++)
		all += i % 2 ? p->bytes[off + i]
			     : (uint32_t)p->bytes[off + i] << 8;
	while (all >> 16)
		all = (all & 0xffff) + (all >> 16);
	return (uint16_t)all;
}

void ct_nat_balance(struct ct_test_packet *p, uint32_t off, uint32_t len,
		    uint32_t free)
{
	ct_nat_put(p, free, 0);
	ct_nat_put(p, free, (uint16_t)~sum(p, off, len));
}

void ct_nat_sums_right(const struct ct_test_packet *p)
{
	struct ct_test_packet copy = *p;

	if (p->l3 == CT_L3_IPV4)
		ck_assert_uint_eq(sum(p, 0, 20), 0xffff);
	ct_test_sum(&copy);
	ck_assert_mem_eq(copy.bytes, p->bytes, p->len);
}
