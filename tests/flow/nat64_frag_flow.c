/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fragments through NAT64: put together and cut again, or one by one (RFC 6146
 * 3.4, RFC 7915 4.1 and 5.1.1).
 */
#include "frag.h"
#include "nat.h"
#include "nat64.h"
#include "suite.h"

#include <string.h>

enum { V4 = 20, V6 = 40, ROOM = 64 };

static struct ct_world w;
static struct ct_test_nat64 by;
static struct ct_test_flow inside;
static struct ct_test_packet whole, joined;
static struct ct_test_sent sent;
static struct ct_pkt last;

static void setup(void)
{
	ct_world_start(&w, 64);
	by = ct_test_nat64();
	inside = ct_test_flow64(&by);
	memset(&sent, 0, sizeof(sent));
}

static void teardown(void)
{
	ct_world_end(&w);
}

static void choose_mode(int n)
{
	ck_assert_int_eq(ct_param_set(w.tbl, "frag.mode", (uint64_t)n + 1), 0);
}

/* => The verdict of the verb that came last. */
static enum ct_verdict part(uint32_t id, uint32_t off, uint32_t len)
{
	static uint8_t frame[ROOM + sizeof(w.p.bytes)];
	enum ct_verdict verdict;

	ct_test_cut(&w.p, &whole, (struct ct_test_part){ id, off, len });
	memcpy(frame + ROOM, w.p.bytes, w.p.len);
	last = ct_test_pkt(&w.p);
	last.data = frame + ROOM;
	last.headroom = ROOM;
	verdict = ct_process(w.thr, &last, CT_HOOK_PREROUTING);
	if (verdict != CT_ACCEPT)
		return verdict;
	if (last.state == CT_NEW && last.l3 == CT_L3_IPV6 &&
	    !(last.flags & CT_PKT_LATER))
		ct_nat64_setup(w.thr, &last, &by.nat64, &by.v4);
	verdict = ct_nat_apply(w.thr, &last, CT_HOOK_PREROUTING);
	if (verdict == CT_ACCEPT)
		verdict = ct_nat_apply(w.thr, &last, CT_HOOK_POSTROUTING);
	if (verdict == CT_ACCEPT)
		verdict = ct_confirm(w.thr, &last);
	if (verdict == CT_ACCEPT)
		ct_test_send(&w, &last, &sent);
	else
		ct_abandon(w.thr, &last);
	ct_world_audit(&w);
	return verdict;
}

/* Two pieces in order, and backwards. */
static void there_and_back(uint32_t id)
{
	part(id, 0, 1000);
	ck_assert_int_eq(part(id, 1000, 0), CT_ACCEPT);
	ck_assert_uint_eq(sent.n, 2);
	ck_assert_uint_eq(ct_test_frag_id(sent.p[0].bytes), id & 0xffff);
	ct_test_join(&sent, &joined);
	ct_nat_sums_right(&joined);
	sent.n = 0;
}

static void out(void)
{
	ct_test_udp(&whole, &inside, CT_DIR_ORIG, 1992);
	there_and_back(0xaabb1234);
	ck_assert_uint_eq(joined.l3, CT_L3_IPV4);
	ck_assert_uint_eq(joined.len, V4 + 2000);
	ck_assert_mem_eq(joined.bytes + V4 + 8, whole.bytes + V6 + 8, 1992);
}

START_TEST(from_ipv6_to_ipv4_and_back)
{
	choose_mode(_i);
	out();
	ct_test_udp(&whole, &ct_test_outside, CT_DIR_REPLY, 1992);
	there_and_back(0x77);
	ck_assert_uint_eq(joined.l3, CT_L3_IPV6);
	ck_assert_mem_eq(joined.bytes + 24, inside.src, 16);
	ck_assert_mem_eq(joined.bytes + 8, inside.dst, 16);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

START_TEST(backwards_as_well)
{
	choose_mode(_i);
	ct_test_udp(&whole, &inside, CT_DIR_ORIG, 1992);
	ck_assert_int_eq(part(5, 1000, 0), CT_STOLEN);
	ck_assert_int_eq(part(5, 0, 1000), CT_ACCEPT);
	ck_assert_uint_eq(sent.n, 2);
	ct_test_join(&sent, &joined);
	ck_assert_uint_eq(joined.l3, CT_L3_IPV4);
	ct_nat_sums_right(&joined);
}
END_TEST

/* RFC 7915 4.1: what is longer than 1280 bytes there is cut to fit. */
START_TEST(what_is_put_together_fits_into_ipv6s_least_mtu)
{
	choose_mode(0);
	out();
	ct_test_udp(&whole, &ct_test_outside, CT_DIR_REPLY, 2992);
	part(1, 0, 1480);
	part(1, 1480, 1480);
	ck_assert_int_eq(part(1, 2960, 0), CT_ACCEPT);
	ck_assert_uint_eq(sent.n, 3);
	for (uint32_t i = 0; i < sent.n; i++)
		ck_assert_uint_le(sent.p[i].len, 1280);
	ck_assert_uint_eq(sent.p[0].len, 1280);
	ct_test_join(&sent, &joined);
	ck_assert_uint_eq(joined.len, V6 + 3000);
	ct_nat_sums_right(&joined);
}
END_TEST

START_TEST(a_ping_crosses_when_it_is_whole)
{
	static const uint8_t zeros[1992];
	const struct ct_test_icmp ping = { 128, 0, 77, zeros, sizeof(zeros) };

	choose_mode(_i);
	ct_test_icmp(&whole, &inside, CT_DIR_ORIG, &ping);
	if (_i) {
		/* its sum depends on a length that nobody knows */
		ck_assert_int_eq(part(5, 0, 1000), CT_DROP);
		ck_assert_int_eq(last.reason, CT_R_NAT_UNTRANSLATABLE);
		return;
	}
	there_and_back(5);
	ck_assert_uint_eq(joined.l4, 1);
	ck_assert_uint_eq(joined.bytes[V4], 8);
}
END_TEST

START_TEST(a_missing_sum_is_made_of_the_whole_only)
{
	choose_mode(_i);
	out();
	ct_test_udp(&whole, &ct_test_outside, CT_DIR_REPLY, 1992);
	ct_nat_put(&whole, V4 + 6, 0);
	if (_i) {
		ck_assert_int_eq(part(5, 0, 1000), CT_DROP);
		ck_assert_int_eq(last.reason, CT_R_NAT_UNTRANSLATABLE);
		return;
	}
	there_and_back(5);
	ck_assert_uint_ne(ct_nat_u16(&joined, V6 + 6), 0);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("nat64 frag flow");
	TCase *tc = tcase_create("nat64 frag");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, from_ipv6_to_ipv4_and_back, 0, 2);
	tcase_add_loop_test(tc, backwards_as_well, 0, 2);
	tcase_add_test(tc, what_is_put_together_fits_into_ipv6s_least_mtu);
	tcase_add_loop_test(tc, a_ping_crosses_when_it_is_whole, 0, 2);
	tcase_add_loop_test(tc, a_missing_sum_is_made_of_the_whole_only, 0, 2);
	suite_add_tcase(suite, tc);
	return suite;
}
