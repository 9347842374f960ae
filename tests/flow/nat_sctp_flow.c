/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SCTP through NAT: ports, and the CRC32c over them.
 */
#include "nat.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { IP = 20, SCTP = 132, SUM = IP + 8, INIT_LEN = 32, PADDED = 1400 };

static struct ct_world w;
static struct ct_nat_range to;
static struct ct_test_rules rules;

static void setup(void)
{
	ct_world_start(&w, 64);
	to = ct_nat_ports(ct_nat_to(0xcb007101), 7000, 7999);
	rules = (struct ct_test_rules){ .src = &to };
}

static void teardown(void)
{
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_end(&w);
}

/* An INIT that says the tag 1, or the INIT ACK to it, and padding. */
static void build(struct ct_test_packet *p, const struct ct_test_flow *flow,
		  enum ct_dir dir, uint32_t len)
{
	const bool reply = dir == CT_DIR_REPLY;
	uint16_t from = reply ? flow->dport : flow->sport;
	uint16_t port = reply ? flow->sport : flow->dport;
	uint8_t bytes[PADDED] = { (uint8_t)(from >> 8), (uint8_t)from,
				  (uint8_t)(port >> 8), (uint8_t)port };
	const struct ct_test_l4 l4 = { SCTP, bytes, len };

	bytes[7] = reply;
	bytes[12] = reply ? 2 : 1;
	bytes[14] = (uint8_t)((len - 12) >> 8);
	bytes[15] = (uint8_t)(len - 12);
	bytes[19] = 1;
	ct_test_raw(p, flow, dir, &l4);
	ct_test_sum(p);
}

START_TEST(ports_and_sum_change_both_ways)
{
	struct ct_test_flow outside = ct_test_flow4;
	struct ct_test_packet p, expected;

	build(&p, &ct_test_flow4, CT_DIR_ORIG, PADDED);
	ct_nat_pass(&w, &p, &rules);
	ck_assert_uint_ge(ct_nat_u16(&p, IP), 7000);
	ck_assert_uint_le(ct_nat_u16(&p, IP), 7999);
	ct_nat_sums_right(&p);

	memcpy(outside.src, &to.min_addr, 4);
	outside.sport = ct_nat_u16(&p, IP);
	build(&p, &outside, CT_DIR_REPLY, PADDED);
	build(&expected, &ct_test_flow4, CT_DIR_REPLY, PADDED);
	ct_nat_pass(&w, &p, &rules);
	ck_assert_mem_eq(p.bytes, expected.bytes, p.len);
}
END_TEST

START_TEST(an_address_alone_leaves_the_sum)
{
	struct ct_nat_range addr = ct_nat_to(0xcb007101);
	struct ct_test_packet p, before;

	rules.src = &addr;
	build(&p, &ct_test_flow4, CT_DIR_ORIG, INIT_LEN);
	before = p;
	ct_nat_pass(&w, &p, &rules);
	ck_assert_mem_eq(p.bytes + IP, before.bytes + IP, INIT_LEN);
	ct_nat_sums_right(&p);
}
END_TEST

START_TEST(two_clients_of_one_port_get_two)
{
	struct ct_nat_range addr = ct_nat_to(0xcb007101);
	struct ct_test_flow other = ct_test_flow4;
	struct ct_test_packet a, b;

	rules.src = &addr;
	other.src[3]++;
	build(&a, &ct_test_flow4, CT_DIR_ORIG, INIT_LEN);
	build(&b, &other, CT_DIR_ORIG, INIT_LEN);
	ct_nat_pass(&w, &a, &rules);
	ct_nat_pass(&w, &b, &rules);
	ck_assert_uint_ne(ct_nat_u16(&a, IP), ct_nat_u16(&b, IP));
	ct_nat_sums_right(&b);
}
END_TEST

START_TEST(a_wrong_sum_stays_wrong_by_as_much)
{
	struct ct_test_packet p;
	struct ct_pkt pkt;

	build(&p, &ct_test_flow4, CT_DIR_ORIG, INIT_LEN);
	p.bytes[SUM] ^= 0x55;
	pkt = ct_test_pkt(&p);
	pkt.csum = CT_CSUM_VERIFIED; /* so says the host */
	ck_assert_int_eq(ct_nat_step(&w, &pkt, &rules), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	p.bytes[SUM] ^= 0x55;
	ct_nat_sums_right(&p);
}
END_TEST

/* What is behind the first bytes is elsewhere, and is not needed. */
START_TEST(a_packet_in_pieces_is_translated_by_its_header)
{
	struct ct_test_packet p;
	struct ct_pkt pkt;

	build(&p, &ct_test_flow4, CT_DIR_ORIG, PADDED);
	pkt = ct_test_pkt(&p);
	pkt.frame_len = p.len;
	pkt.len = IP + INIT_LEN;
	ck_assert_int_eq(ct_nat_step(&w, &pkt, &rules), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ct_nat_sums_right(&p);
}
END_TEST

START_TEST(a_partial_sum_is_left_to_the_card)
{
	struct ct_test_packet p, before;
	struct ct_pkt pkt;

	build(&p, &ct_test_flow4, CT_DIR_ORIG, INIT_LEN);
	before = p;
	pkt = ct_test_pkt(&p);
	pkt.csum = CT_CSUM_PARTIAL;
	ck_assert_int_eq(ct_nat_step(&w, &pkt, &rules), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ck_assert_mem_eq(p.bytes + SUM, before.bytes + SUM, 4);
	ck_assert_uint_ne(ct_nat_u16(&p, IP), ct_nat_u16(&before, IP));
}
END_TEST

/* An error about what went out, with so many bytes of it. */
static struct ct_test_packet error_about(const struct ct_test_packet *out,
					 uint32_t len)
{
	struct ct_test_flow back = ct_test_flow4;
	const struct ct_test_icmp icmp = {
		.type = 3, .code = 1, .rest = out->bytes, .rest_len = IP + len
	};
	struct ct_test_packet p;

	memcpy(back.src, &to.min_addr, 4);
	ct_test_icmp(&p, &back, CT_DIR_REPLY, &icmp);
	return p;
}

START_TEST(a_quoted_packet_becomes_what_was_sent)
{
	struct ct_test_packet sent, p, error;

	build(&sent, &ct_test_flow4, CT_DIR_ORIG, INIT_LEN);
	p = sent;
	ct_nat_pass(&w, &p, &rules);
	error = error_about(&p, INIT_LEN);
	ct_nat_pass(&w, &error, &rules);
	ck_assert_mem_eq(error.bytes + IP + 8 + IP, sent.bytes + IP, INIT_LEN);
	ct_nat_sums_right(&error);

	error = error_about(&p, 8); /* no sum in it */
	ct_nat_pass(&w, &error, &rules);
	ck_assert_mem_eq(error.bytes + IP + 8 + IP, sent.bytes + IP, 8);
	ct_nat_sums_right(&error);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("nat sctp flow");
	TCase *tc = tcase_create("nat sctp");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, ports_and_sum_change_both_ways);
	tcase_add_test(tc, an_address_alone_leaves_the_sum);
	tcase_add_test(tc, two_clients_of_one_port_get_two);
	tcase_add_test(tc, a_wrong_sum_stays_wrong_by_as_much);
	tcase_add_test(tc, a_packet_in_pieces_is_translated_by_its_header);
	tcase_add_test(tc, a_partial_sum_is_left_to_the_card);
	tcase_add_test(tc, a_quoted_packet_becomes_what_was_sent);
	suite_add_tcase(suite, tc);
	return suite;
}
