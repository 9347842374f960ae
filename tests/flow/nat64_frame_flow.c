/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NAT64: checksums that are absent, partial or wrong, super-packets, and the
 * room that a longer header takes.
 */
#include "nat64.h"
#include "suite.h"

#include <string.h>

enum { V4 = 20, V6 = 40, UDP_SUM = 6, TCP_SUM = 16, V4_LEN = 2 };

static struct ct_world w;
static struct ct_test_nat64 by;
static struct ct_test_flow inside;

static void setup(void)
{
	ct_test_start64(&w, &by, &inside);
}

static void teardown(void)
{
	ct_test_end64(&w);
}

static struct ct_pkt pass(struct ct_test_packet *p)
{
	return ct_test_cross_pass(&w, p, &by);
}

/* --- Checksums ---------------------------------------------------------- */

START_TEST(rfc7915_4_5_missing_udp_sum_is_made)
{
	struct ct_test_packet p, want;

	ct_test_udp(&p, &inside, CT_DIR_ORIG, 9);
	pass(&p);
	ct_test_udp(&p, &ct_test_outside, CT_DIR_REPLY, 9);
	ct_nat_put(&p, V4 + UDP_SUM, 0);
	pass(&p);
	ct_test_udp(&want, &inside, CT_DIR_REPLY, 9);
	ct_test_same(&p, &want);
}
END_TEST

static void assert_untranslatable(struct ct_test_packet *p)
{
	struct ct_pkt pkt;

	ck_assert_int_eq(ct_test_cross(&w, p, &by, &pkt), CT_DROP);
	ck_assert_uint_eq(pkt.reason, CT_R_NAT_UNTRANSLATABLE);
	ct_abandon(w.thr, &pkt);
	ct_world_audit(&w);
}

START_TEST(rfc7915_4_5_what_cannot_be_summed_is_dropped)
{
	struct ct_test_packet p;

	ct_test_udp(&p, &inside, CT_DIR_ORIG, 9);
	pass(&p);
	ct_test_udp(&p, &ct_test_outside, CT_DIR_REPLY, 900);
	ct_nat_put(&p, V4 + UDP_SUM, 0);
	by.frame_len = p.len;
	p.len = 100; /* the rest of the frame is elsewhere */
	assert_untranslatable(&p);
}
END_TEST

START_TEST(a_wrong_sum_stays_wrong_by_as_much)
{
	struct ct_test_packet p, want;
	uint16_t right;

	ct_test_udp(&want, &ct_test_outside, CT_DIR_ORIG, 9);
	right = ct_nat_u16(&want, V4 + UDP_SUM);
	ct_test_udp(&p, &inside, CT_DIR_ORIG, 9);
	ct_nat_put(&p, V6 + UDP_SUM,
		   (uint16_t)(ct_nat_u16(&p, V6 + UDP_SUM) - 9));
	by.csum = CT_CSUM_VERIFIED; /* so says the host */
	pass(&p);
	ck_assert_uint_eq(ct_nat_u16(&p, V4 + UDP_SUM), right - 9u);
}
END_TEST

static uint16_t partial_sum(const struct ct_test_packet *p, uint32_t l4_len)
{
	uint32_t from = p->l3 == CT_L3_IPV4 ? 12 : 8;
	uint32_t to = ct_test_l4_off(p);
	uint32_t sum = p->l4 + l4_len;

	for (uint32_t i = from; i < to; i += 2)
		sum += ct_nat_u16(p, i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

START_TEST(a_partial_sum_is_the_other_pseudo_headers)
{
	struct ct_test_packet p;

	by.csum = CT_CSUM_PARTIAL;
	ct_test_udp(&p, &inside, CT_DIR_ORIG, 9);
	ct_nat_put(&p, V6 + UDP_SUM, partial_sum(&p, p.len - V6));
	pass(&p);
	ck_assert_uint_eq(ct_nat_u16(&p, V4 + UDP_SUM),
			  partial_sum(&p, p.len - V4));
	ct_test_udp(&p, &ct_test_outside, CT_DIR_REPLY, 9);
	ct_nat_put(&p, V4 + UDP_SUM, partial_sum(&p, p.len - V4));
	pass(&p);
	ck_assert_uint_eq(ct_nat_u16(&p, V6 + UDP_SUM),
			  partial_sum(&p, p.len - V6));
}
END_TEST

START_TEST(a_super_packet_is_translated_by_its_headers)
{
	static const struct ct_test_segment syn = { .flags = CT_TEST_SYN,
						    .win = 9 };
	struct ct_test_packet p;
	struct ct_pkt pkt;
	enum { FRAME = 70000 };

	ct_test_tcp(&p, &inside, CT_DIR_ORIG, &syn);
	ct_nat_put(&p, 4, 0); /* no room for the length */
	ct_nat_put(&p, V6 + TCP_SUM, partial_sum(&p, 0));
	by.csum = CT_CSUM_PARTIAL;
	by.gso_size = 1400;
	by.frame_len = FRAME;
	pkt = pass(&p);
	ck_assert_uint_eq(pkt.l4_len, FRAME - V6);
	ck_assert_uint_eq(pkt.frame_len, FRAME - V6 + V4);
	ck_assert_uint_eq(ct_nat_u16(&p, V4_LEN), 0);
	ck_assert_uint_eq(ct_nat_u16(&p, V4 + TCP_SUM), partial_sum(&p, 0));
}
END_TEST

/* --- Room --------------------------------------------------------------- */

START_TEST(room_is_taken_in_front_or_behind)
{
	struct ct_test_packet p, want;
	struct ct_pkt pkt;

	ct_test_udp(&p, &inside, CT_DIR_ORIG, 9);
	by.headroom = 0; /* the shorter header needs none */
	pass(&p);
	ct_test_udp(&want, &inside, CT_DIR_REPLY, 9);
	for (unsigned front = 0; front <= 20; front += 5) {
		by.headroom = front;
		by.tailroom = 20 - front;
		ct_test_udp(&p, &ct_test_outside, CT_DIR_REPLY, 9);
		pkt = pass(&p);
		ct_test_same(&p, &want);
		ck_assert_uint_eq(pkt.headroom, 0);
		ck_assert_uint_eq(pkt.tailroom, 0);
	}
	ct_test_udp(&p, &ct_test_outside, CT_DIR_REPLY, 9);
	by.headroom = 10;
	by.tailroom = 9;
	ck_assert_int_eq(ct_test_cross(&w, &p, &by, &pkt), CT_DROP);
	ck_assert_uint_eq(pkt.reason, CT_R_NAT_NO_ROOM);
}
END_TEST

/* What does not fit is dropped before a byte of it is written. */
START_TEST(what_has_no_room_stays_as_it_is)
{
	struct ct_test_packet p, want;
	struct ct_pkt pkt;

	ct_test_udp(&p, &inside, CT_DIR_ORIG, 9);
	pass(&p);
	ct_test_udp(&p, &ct_test_outside, CT_DIR_REPLY, 9);
	want = p;
	by.headroom = 0;
	ck_assert_int_eq(ct_test_cross(&w, &p, &by, &pkt), CT_DROP);
	ct_test_same(&p, &want);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("nat64 frame flow");
	TCase *tc = tcase_create("frames");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, rfc7915_4_5_missing_udp_sum_is_made);
	tcase_add_test(tc, rfc7915_4_5_what_cannot_be_summed_is_dropped);
	tcase_add_test(tc, a_wrong_sum_stays_wrong_by_as_much);
	tcase_add_test(tc, a_partial_sum_is_the_other_pseudo_headers);
	tcase_add_test(tc, a_super_packet_is_translated_by_its_headers);
	tcase_add_test(tc, room_is_taken_in_front_or_behind);
	tcase_add_test(tc, what_has_no_room_stays_as_it_is);
	suite_add_tcase(suite, tc);
	return suite;
}
