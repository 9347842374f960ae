/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checksums through NAT: those that are absent, partial, wrong, or over more
 * than is there.
 */
#include "nat.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { IP = 20, UDP_SUM = IP + 6, TCP_SUM = IP + 16, UDPLITE = 136 };

static struct ct_world w;
static struct ct_nat_range to;
static struct ct_test_rules rules;

static void setup(void)
{
	ct_world_start(&w, 64);
	to = ct_nat_ports(ct_nat_to(0xcb007101), 7000, 7000);
	rules = (struct ct_test_rules){ .src = &to };
}

static void teardown(void)
{
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_end(&w);
}

static void pass(struct ct_pkt *pkt)
{
	ck_assert_int_eq(ct_nat_step(&w, pkt, &rules), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, pkt), CT_ACCEPT);
}

START_TEST(udp_without_a_sum_gets_none)
{
	struct ct_test_packet p;

	ct_test_udp(&p, &ct_test_flow4, CT_DIR_ORIG, 9);
	ct_nat_put(&p, UDP_SUM, 0);
	ct_nat_pass(&w, &p, &rules);
	ck_assert_uint_eq(ct_nat_u16(&p, UDP_SUM), 0);
	ck_assert_uint_eq(ct_nat_u16(&p, IP), 7000);
}
END_TEST

/* The sum of the translated datagram is zero: sent as all ones. */
START_TEST(udp_sum_that_becomes_zero_is_all_ones)
{
	struct ct_test_flow outside = ct_test_flow4;
	struct ct_test_packet p, there;

	memcpy(outside.src, &to.min_addr, 4);
	outside.sport = 7000;
	ct_test_udp(&there, &outside, CT_DIR_ORIG, 2);
	ct_nat_put(&there, IP + 8, 0);
	ct_test_sum(&there);
	/* What is missing to zero, as payload. */
	ct_nat_put(&there, IP + 8, ct_nat_u16(&there, UDP_SUM));
	ct_test_udp(&p, &ct_test_flow4, CT_DIR_ORIG, 2);
	ct_nat_put(&p, IP + 8, ct_nat_u16(&there, IP + 8));
	ct_test_sum(&p);
	ct_nat_pass(&w, &p, &rules);
	ck_assert_uint_eq(ct_nat_u16(&p, UDP_SUM), 0xffff);
}
END_TEST

/* What a stack leaves to the card: the pseudo header's sum, not complemented. */
static uint16_t pseudo(const struct ct_test_packet *p, uint32_t l4_len)
{
	uint32_t sum = p->l4 + l4_len;

	for (uint32_t i = 12; i < 20; i += 2)
		sum += ct_nat_u16(p, i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

START_TEST(of_a_partial_sum_only_the_pseudo_header_changes)
{
	static const struct ct_test_segment syn = { .flags = CT_TEST_SYN,
						    .win = 9 };
	struct ct_test_packet p;
	struct ct_pkt pkt;

	ct_test_tcp(&p, &ct_test_flow4, CT_DIR_ORIG, &syn);
	ct_nat_put(&p, TCP_SUM, pseudo(&p, p.len - IP));
	pkt = ct_test_pkt(&p);
	pkt.csum = CT_CSUM_PARTIAL;
	pass(&pkt);
	ck_assert_uint_eq(ct_nat_u16(&p, IP), 7000);
	ck_assert_uint_eq(ct_nat_u16(&p, TCP_SUM), pseudo(&p, p.len - IP));

	ct_test_udp(&p, &ct_test_flow4, CT_DIR_ORIG, 9);
	ct_nat_put(&p, UDP_SUM, pseudo(&p, p.len - IP));
	pkt = ct_test_pkt(&p);
	pkt.csum = CT_CSUM_PARTIAL;
	pass(&pkt);
	ck_assert_uint_eq(ct_nat_u16(&p, UDP_SUM), pseudo(&p, p.len - IP));
}
END_TEST

/* 64 KB and more in one frame, of which we see the headers. */
START_TEST(a_super_packet_is_translated_by_its_headers)
{
	static const struct ct_test_segment ack = {
		.flags = CT_TEST_ACK, .win = 9, .seq = 1, .ack = 1
	};
	enum { FRAME = 70000 };
	struct ct_test_packet p;
	struct ct_pkt pkt;

	ct_test_tcp(&p, &ct_test_flow4, CT_DIR_ORIG, &ack);
	ct_nat_put(&p, 2, 0); /* no room for the length */
	ct_nat_balance(&p, 0, IP, 10);
	ct_nat_put(&p, TCP_SUM, pseudo(&p, 0));
	pkt = ct_test_pkt(&p);
	pkt.csum = CT_CSUM_PARTIAL;
	pkt.gso_size = 1448;
	pkt.frame_len = FRAME;
	pass(&pkt);
	ck_assert_uint_eq(pkt.l4_len, FRAME - IP);
	ck_assert_uint_eq(ct_nat_u16(&p, IP), 7000);
	ck_assert_uint_eq(ct_nat_u16(&p, TCP_SUM), pseudo(&p, 0));
}
END_TEST

START_TEST(a_wrong_sum_stays_wrong_by_as_much)
{
	struct ct_test_packet p;
	struct ct_pkt pkt;

	ct_test_udp(&p, &ct_test_flow4, CT_DIR_ORIG, 9);
	ct_nat_put(&p, UDP_SUM, (uint16_t)(ct_nat_u16(&p, UDP_SUM) - 0x10));
	pkt = ct_test_pkt(&p);
	pkt.csum = CT_CSUM_VERIFIED; /* so says the host */
	pass(&pkt);
	ct_nat_put(&p, UDP_SUM, (uint16_t)(ct_nat_u16(&p, UDP_SUM) + 0x10));
	ct_nat_sums_right(&p);
}
END_TEST

START_TEST(udp_lite_is_covered_in_part)
{
	uint8_t bytes[] = { 0x9c, 0x40, 0, 80, 0, 8, 0, 0, 1, 2, 3, 4 };
	const struct ct_test_l4 l4 = { UDPLITE, bytes, sizeof(bytes) };
	struct ct_test_packet p;
	uint32_t sum;

	ct_test_raw(&p, &ct_test_flow4, CT_DIR_ORIG, &l4);
	sum = pseudo(&p, sizeof(bytes)) + 0x9c40u + 80 + 8;
	sum = (sum & 0xffff) + (sum >> 16);
	ct_nat_put(&p, UDP_SUM, (uint16_t)~sum);
	ct_nat_pass(&w, &p, &rules);
	sum = pseudo(&p, sizeof(bytes)) + 7000u + 80 + 8;
	sum = (sum & 0xffff) + (sum >> 16);
	ck_assert_uint_eq(ct_nat_u16(&p, UDP_SUM), (uint16_t)~sum);
}
END_TEST

START_TEST(to_apply_twice_changes_nothing)
{
	struct ct_test_packet p, once;
	struct ct_pkt pkt;

	ct_test_udp(&p, &ct_test_flow4, CT_DIR_ORIG, 9);
	pkt = ct_nat_pass(&w, &p, &rules);
	once = p;
	for (unsigned hook = 0; hook < CT_HOOK_MAX; hook++)
		ck_assert_int_eq(ct_nat_apply(w.thr, &pkt, (enum ct_hook)hook),
				 CT_ACCEPT);
	ck_assert_mem_eq(p.bytes, once.bytes, p.len);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("nat sums flow");
	TCase *tc = tcase_create("nat sums");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, udp_without_a_sum_gets_none);
	tcase_add_test(tc, udp_sum_that_becomes_zero_is_all_ones);
	tcase_add_test(tc, of_a_partial_sum_only_the_pseudo_header_changes);
	tcase_add_test(tc, a_super_packet_is_translated_by_its_headers);
	tcase_add_test(tc, a_wrong_sum_stays_wrong_by_as_much);
	tcase_add_test(tc, udp_lite_is_covered_in_part);
	tcase_add_test(tc, to_apply_twice_changes_nothing);
	suite_add_tcase(suite, tc);
	return suite;
}
