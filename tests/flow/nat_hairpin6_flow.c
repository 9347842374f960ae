/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hairpins over IPv6: two inside hosts meet at an external address, by ranges
 * (NAT66), by a pool and by prefixes (NPTv6).  Each sees the other's external
 * endpoint, and errors get home.
 */
#include "pool.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { IP = 40, SRC = 8, DST = 24, ADDR = 16, QUOTE = IP + 8 };
enum { UNREACHABLE = 1, NO_PORT = 4 };

static struct ct_world w;
static struct ct_nat_pool *pool;
static struct ct_nat_range outside;

static void setup(void)
{
	struct ct_nat_pool_config cfg = ct_pool_config();

	ct_world_start(&w, 256);
	outside = ct_nat_to6(1);
	cfg.l3 = CT_L3_IPV6;
	ck_assert_int_eq(ct_nat_pool_create(w.tbl, &cfg, &pool), 0);
	ck_assert_int_eq(ct_nat_pool_add(pool, &outside.min_addr, NULL), 0);
}

static void teardown(void)
{
	ct_world_audit(&w);
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_end(&w);
}

/* 2001:db8:1::n and its port, to a server. */
static struct ct_test_flow host(uint8_t n, uint16_t port)
{
	struct ct_test_flow flow = ct_test_flow6;

	flow.src[15] = n;
	flow.sport = port;
	return flow;
}

static struct ct_test_flow between(const struct ct_test_flow *from,
				   const struct ct_test_flow *to)
{
	struct ct_test_flow flow = *from;

	memcpy(flow.dst, to->src, ADDR);
	flow.dport = to->sport;
	return flow;
}

static void assert_flow(const struct ct_test_packet *p,
			const struct ct_test_flow *from,
			const struct ct_test_flow *to)
{
	ck_assert_mem_eq(p->bytes + SRC, from->src, ADDR);
	ck_assert_mem_eq(p->bytes + DST, to->src, ADDR);
	ck_assert_uint_eq(ct_nat_u16(p, IP), from->sport);
	ck_assert_uint_eq(ct_nat_u16(p, IP + 2), to->sport);
	ct_nat_sums_right(p);
}

/* --- NAT66 -------------------------------------------------------------- */

START_TEST(ranges_let_inside_hosts_meet)
{
	struct ct_nat_range forward = outside;
	const struct ct_test_rules rules = { .dst = &forward, .src = &outside };
	struct ct_test_flow a = host(2, 1111), b = host(3, 80);
	struct ct_test_flow router = host(0, 8080), a_out, there, back;
	struct ct_test_packet p;

	memcpy(router.src, &outside.min_addr, ADDR);
	memcpy(&forward.min_addr, b.src, ADDR);
	forward.max_addr = forward.min_addr;
	forward = ct_nat_ports(forward, 80, 80);
	there = between(&a, &router);
	ct_test_tcp(&p, &there, CT_DIR_ORIG,
		    &(struct ct_test_segment){ .flags = CT_TEST_SYN });
	ct_nat_pass(&w, &p, &rules);
	a_out = router;
	a_out.sport = 1111;
	assert_flow(&p, &a_out, &b);
	back = between(&b, &a_out);
	ct_test_tcp(&p, &back, CT_DIR_ORIG,
		    &(struct ct_test_segment){
			    .flags = CT_TEST_SYN | CT_TEST_ACK, .ack = 1 });
	ck_assert_int_eq(ct_nat_pass(&w, &p, &rules).state, CT_ESTABLISHED);
	assert_flow(&p, &router, &a);
}
END_TEST

/* --- A pool ------------------------------------------------------------- */

/* Through the router: to an external address or from inside, or both. */
static struct ct_pkt pass(struct ct_test_packet *p)
{
	struct ct_pkt pkt = ct_test_pkt(p);
	bool new;

	ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	new = pkt.conn &&pkt.state == CT_NEW;
	if (new &&memcmp(p->bytes + DST, &outside.min_addr, ADDR) == 0)
		ck_assert_int_eq(ct_nat_inbound(w.thr, &pkt, pool), 0);
	ck_assert_int_eq(ct_nat_apply(w.thr, &pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	if (new)
		ck_assert_int_eq(ct_nat_pool_setup(w.thr, &pkt, pool), 0);
	ck_assert_int_eq(ct_nat_apply(w.thr, &pkt, CT_HOOK_POSTROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ct_world_audit(&w);
	return pkt;
}

/* A datagram; => the flow as the other end has it. */
static struct ct_test_flow send_from(const struct ct_test_flow *flow)
{
	ct_test_udp(&w.p, flow, CT_DIR_ORIG, 20);
	pass(&w.p);
	return ct_pool_flow(&w.p);
}

START_TEST(a_pool_lets_inside_hosts_meet)
{
	struct ct_test_flow a = host(2, 1111), b = host(3, 2222);
	struct ct_test_flow a_out = send_from(&a), b_out = send_from(&b);
	struct ct_test_flow there = between(&a, &b_out);
	struct ct_test_flow back = between(&b, &a_out);

	ck_assert_mem_eq(a_out.src, &outside.min_addr, ADDR);
	send_from(&there);
	assert_flow(&w.p, &a_out, &b);
	ct_test_udp(&w.p, &back, CT_DIR_ORIG, 20);
	ck_assert_int_eq(pass(&w.p).state, CT_ESTABLISHED);
	assert_flow(&w.p, &b_out, &a);
	/* And with its own external endpoint. */
	there = between(&a, &a_out);
	send_from(&there);
	assert_flow(&w.p, &a_out, &a);
}
END_TEST

START_TEST(an_error_about_a_hairpin_gets_home)
{
	struct ct_test_flow a = host(2, 1111), b = host(3, 2222);
	struct ct_test_flow a_out = send_from(&a), b_out = send_from(&b);
	struct ct_test_flow there = between(&a, &b_out);
	struct ct_test_flow complaint = between(&b, &a_out);
	struct ct_test_icmp error = { .type = UNREACHABLE,
				      .code = NO_PORT,
				      .rest_len = IP + 8 };
	struct ct_test_packet arrived;

	send_from(&there);
	arrived = w.p;
	error.rest = arrived.bytes;
	ct_test_icmp(&w.p, &complaint, CT_DIR_ORIG, &error);
	ck_assert_int_eq(pass(&w.p).state, CT_RELATED);
	ct_nat_sums_right(&w.p);
	ck_assert_mem_eq(w.p.bytes + SRC, b_out.src, ADDR);
	ck_assert_mem_eq(w.p.bytes + DST, a.src, ADDR);
	ck_assert_mem_eq(w.p.bytes + QUOTE + SRC, a.src, ADDR);
	ck_assert_mem_eq(w.p.bytes + QUOTE + DST, b_out.src, ADDR);
	ck_assert_uint_eq(ct_nat_u16(&w.p, QUOTE + IP), 1111);
	ck_assert_uint_eq(ct_nat_u16(&w.p, QUOTE + IP + 2), b_out.sport);
}
END_TEST

START_TEST(a_hairpin_ends_with_its_address)
{
	struct ct_test_flow a = host(2, 1111), b = host(3, 2222), there;
	struct ct_test_flow b_out;

	send_from(&a);
	b_out = send_from(&b);
	there = between(&a, &b_out);
	send_from(&there);
	ck_assert_int_eq(ct_nat_pool_remove(w.thr, pool, &outside.min_addr), 3);
	ct_world_settle(&w);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

/* --- Prefixes ----------------------------------------------------------- */

static struct ct_nat_range prefix48(const char *text)
{
	struct ct_nat_range range = { .size = sizeof(range),
				      .flags = CT_NAT_ADDR | CT_NAT_NPT };

	ck_assert_int_eq(inet_pton(AF_INET6, text, &range.min_addr), 1);
	range.max_addr = range.min_addr;
	memset(range.max_addr.bytes + 6, 0xff, 10);
	return range;
}

START_TEST(prefixes_let_inside_hosts_meet)
{
	struct ct_nat_range in = prefix48("fd01:203:405::");
	struct ct_nat_range out = prefix48("2001:db8:9::");
	const struct ct_test_rules outbound = { .src = &out };
	const struct ct_test_rules hairpin = { .dst = &in, .src = &out };
	struct ct_test_flow a = host(2, 1111), b = host(3, 2222), a_out, b_out;
	struct ct_test_flow there, back;
	struct ct_test_packet p;

	inet_pton(AF_INET6, "fd01:203:405:1::a", a.src);
	inet_pton(AF_INET6, "fd01:203:405:2::b", b.src);
	ct_test_udp(&p, &a, CT_DIR_ORIG, 9);
	ct_nat_pass(&w, &p, &outbound);
	a_out = ct_pool_flow(&p);
	ct_test_udp(&p, &b, CT_DIR_ORIG, 9);
	ct_nat_pass(&w, &p, &outbound);
	b_out = ct_pool_flow(&p);

	there = between(&a, &b_out);
	ct_test_udp(&p, &there, CT_DIR_ORIG, 9);
	ct_nat_pass(&w, &p, &hairpin);
	assert_flow(&p, &a_out, &b);
	back = between(&b, &a_out);
	ct_test_udp(&p, &back, CT_DIR_ORIG, 9);
	ck_assert_int_eq(ct_nat_pass(&w, &p, &hairpin).state, CT_ESTABLISHED);
	assert_flow(&p, &b_out, &a);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("nat hairpin6 flow");
	TCase *tc = tcase_create("nat hairpin6");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, ranges_let_inside_hosts_meet);
	tcase_add_test(tc, a_pool_lets_inside_hosts_meet);
	tcase_add_test(tc, an_error_about_a_hairpin_gets_home);
	tcase_add_test(tc, a_hairpin_ends_with_its_address);
	tcase_add_test(tc, prefixes_let_inside_hosts_meet);
	suite_add_tcase(suite, tc);
	return suite;
}
