/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers where fragments pass in order of arrival: only the first one has a
 * header, and its length and sum are those of the whole.
 */
#include "frag.h"
#include "lines.h"
#include "suite.h"

#include <string.h>

enum { PAYLOAD = 64, FIRST = 40, UDP_LEN = 8 };

static struct ct_test_packet whole;
static struct ct_test_sent sent;

static void setup(void)
{
	ct_lines_setup();
	memset(&sent, 0, sizeof(sent));
	ck_assert_int_eq(ct_param_set(ct_lines.w.tbl, "frag.mode", 2), 0);
}

static void teardown(void)
{
	ct_lines_teardown();
}

/* Points, with a text at the beginning and one at the end. */
static void fill(const char *front, const char *back)
{
	struct ct_test_packet *p = &ct_lines.w.p;
	uint8_t *payload = p->bytes + p->len - PAYLOAD;

	memset(payload, '.', PAYLOAD);
	memcpy(payload, front, strlen(front));
	memcpy(payload + PAYLOAD - strlen(back), back, strlen(back));
	ct_test_sum(p);
	whole = *p;
}

static void datagram(int family, const char *front, const char *back)
{
	ct_lines.l3 = family ? CT_L3_IPV6 : CT_L3_IPV4;
	ct_test_udp(&ct_lines.w.p, ct_lines_flow(), CT_DIR_ORIG, PAYLOAD);
	fill(front, back);
}

static enum ct_verdict part(uint32_t off, uint32_t len)
{
	struct ct_test_packet *p = &ct_lines.w.p;
	enum ct_verdict verdict;
	struct ct_pkt pkt;

	ct_test_cut(p, &whole, (struct ct_test_part){ 7, off, len });
	pkt = ct_test_pkt(p);
	pkt.tailroom = ROOM;
	pkt.policy = ct_lines.policy;
	verdict = ct_process(ct_lines.w.thr, &pkt, CT_HOOK_PREROUTING);
	ck_assert_int_ne(pkt.state, CT_INVALID);
	if (verdict == CT_ACCEPT)
		verdict = ct_confirm(ct_lines.w.thr, &pkt);
	if (verdict == CT_ACCEPT)
		ct_test_send(&ct_lines.w, &pkt, &sent);
	return verdict;
}

/* What left is, put together, what was sent. */
static void arrives(const struct ct_test_packet *as)
{
	const uint32_t off = ct_test_l4_off(as);
	struct ct_test_packet joined;

	ct_test_join(&sent, &joined);
	ck_assert_uint_eq(joined.len, as->len);
	ck_assert_mem_eq(joined.bytes + off, as->bytes + off, as->len - off);
}

START_TEST(later_one_is_not_taken_for_a_packet)
{
	datagram(_i, "hello", "........OLD X NO");
	ck_assert_int_eq(part(0, FIRST), CT_ACCEPT);
	ct_lines_seen("[hello...........................]");
	ck_assert_int_eq(part(FIRST, 0), CT_ACCEPT);
	ct_lines_seen("");
	arrives(&whole);
}
END_TEST

START_TEST(first_one_cannot_change_its_length)
{
	datagram(_i, "OLD", "");
	ck_assert_int_eq(part(0, FIRST), CT_DROP);
	ck_assert_uint_eq(ct_world_count(&ct_lines.w, CT_R_HELPER_REFUSED), 1);
	ck_assert_uint_eq(sent.n, 0);
}
END_TEST

START_TEST(first_one_with_other_bytes_keeps_the_sum_of_the_whole)
{
	datagram(_i, "YES", "and more");
	ck_assert_int_eq(part(0, FIRST), CT_ACCEPT);
	ck_assert_int_eq(part(FIRST, 0), CT_ACCEPT);
	memcpy(whole.bytes + ct_test_l4_off(&whole) + UDP_LEN, "yes", 3);
	ct_test_sum(&whole);
	arrives(&whole);
}
END_TEST

START_TEST(numbers_are_shifted_in_the_first_one_alone)
{
	struct ct_test_segment seg = { .flags = CT_TEST_ACK,
				       .win = 8192,
				       .len = PAYLOAD };
	struct ct_pkt pkt;

	ct_lines_shake_hands();
	pkt = ct_lines_say("OLD\n");
	ct_lines_carries(&pkt, "NEWER\n");
	seg.seq = ct_lines.seq[CT_DIR_ORIG];
	seg.ack = ct_lines.seq[CT_DIR_REPLY];
	ct_test_tcp(&ct_lines.w.p, ct_lines_flow(), CT_DIR_ORIG, &seg);
	fill("", "");
	ck_assert_int_eq(part(0, FIRST), CT_ACCEPT);
	ck_assert_int_eq(part(FIRST, 0), CT_ACCEPT);
	seg.seq += 2;
	ct_test_tcp(&ct_lines.w.p, ct_lines_flow(), CT_DIR_ORIG, &seg);
	fill("", "");
	arrives(&whole);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *s = suite_create("helpers and fragments");
	TCase *tc = tcase_create("virtual");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, later_one_is_not_taken_for_a_packet, 0, 2);
	tcase_add_loop_test(tc, first_one_cannot_change_its_length, 0, 2);
	tcase_add_loop_test(
		tc, first_one_with_other_bytes_keeps_the_sum_of_the_whole, 0,
		2);
	tcase_add_test(tc, numbers_are_shifted_in_the_first_one_alone);
	suite_add_tcase(s, tc);
	return s;
}
