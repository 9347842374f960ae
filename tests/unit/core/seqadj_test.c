/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shifted sequence numbers: what is shifted by how much, there and back.
 */
#include "core/seqadj.h"

#include "suite.h"
#include "world.h"

#include <conntrack/cursor.h>
#include <string.h>

static struct ct_seqadj adj;

static void setup(void)
{
	memset(&adj, 0, sizeof(adj));
}

/* --- Offsets ------------------------------------------------------------ */

START_TEST(changed_segment_itself_is_not_shifted)
{
	ct_seqadj_change(&adj, 1017, 3, 1);
	ck_assert_int_eq(ct_seqadj_at(&adj, 1000), 0);
	ck_assert_int_eq(ct_seqadj_at(&adj, 1017), 0);
	ck_assert_int_eq(ct_seqadj_at(&adj, 1018), 3);
	ck_assert_int_eq(ct_seqadj_at(&adj, 1039), 3);
}
END_TEST

START_TEST(acknowledgements_are_shifted_back)
{
	ct_seqadj_change(&adj, 1017, 3, 1);
	ck_assert_int_eq(ct_seqadj_back(&adj, 1017), 0);
	ck_assert_int_eq(ct_seqadj_back(&adj, 1042), 3);
}
END_TEST

START_TEST(same_segment_again_adds_nothing)
{
	ct_seqadj_change(&adj, 1017, 3, 1);
	ct_seqadj_change(&adj, 1017, 3, 1);
	ct_seqadj_change(&adj, 1000, 3, 1);
	ck_assert_int_eq(ct_seqadj_at(&adj, 2000), 3);
	ck_assert_uint_eq(ct_seqadj_last(&adj).pos, 1017);
}
END_TEST

START_TEST(second_change_adds_to_the_first)
{
	struct ct_seqadj_last last;

	ct_seqadj_change(&adj, 1017, 3, 1);
	ct_seqadj_change(&adj, 1039, 3, 1);
	last = ct_seqadj_last(&adj);
	ck_assert_uint_eq(last.pos, 1039);
	ck_assert_int_eq(last.before, 3);
	ck_assert_int_eq(last.after, 6);
}
END_TEST

START_TEST(shorter_is_as_good_as_longer)
{
	ct_seqadj_change(&adj, 1017, -5, 1);
	ck_assert_int_eq(ct_seqadj_at(&adj, 1045), -5);
	ck_assert_int_eq(ct_seqadj_back(&adj, 1040), -5);
}
END_TEST

START_TEST(changes_that_cancel_are_forgotten)
{
	ct_seqadj_change(&adj, 1000, 4, 1);
	ct_seqadj_change(&adj, 2000, -4, 1);
	ct_seqadj_change(&adj, 3000, 7, 1);
	ck_assert_int_eq(ct_seqadj_at(&adj, 2500), 0);
	ck_assert_int_eq(ct_seqadj_at(&adj, 3500), 7);
}
END_TEST

START_TEST(linux_forgets_all_changes_but_the_last)
{
	ct_seqadj_change(&adj, 1000, 1, 1);
	ct_seqadj_change(&adj, 2000, 1, 1);
	ct_seqadj_change(&adj, 3000, 1, 1);
	ck_assert_int_eq(ct_seqadj_at(&adj, 500), 2);
	ck_assert_int_eq(ct_seqadj_at(&adj, 2500), 2);
}
END_TEST

START_TEST(several_are_remembered_where_that_is_asked_for)
{
	for (uint32_t i = 1; i <= 3; i++)
		ct_seqadj_change(&adj, 1000 * i, 1, CT_SEQADJ_STEPS);
	for (uint32_t i = 0; i <= 3; i++) {
		ck_assert_int_eq(ct_seqadj_at(&adj, 1000 * i + 500),
				 (int32_t)i);
		ck_assert_int_eq(ct_seqadj_back(&adj, 1000 * i + 500 + i),
				 (int32_t)i);
	}
}
END_TEST

START_TEST(any_number_of_changes_adds_up)
{
	for (uint32_t i = 1; i <= 100; i++)
		ct_seqadj_change(&adj, 1000 * i, 2, CT_SEQADJ_STEPS);
	ck_assert_uint_eq(adj.n, CT_SEQADJ_STEPS);
	ck_assert_int_eq(ct_seqadj_at(&adj, 100500), 200);
	ck_assert_int_eq(ct_seqadj_at(&adj, 98500), 196);
}
END_TEST

START_TEST(numbers_wrap)
{
	ct_seqadj_change(&adj, 0xfffffff0u, 3, 1);
	ck_assert_int_eq(ct_seqadj_at(&adj, 0xffffff00u), 0);
	ck_assert_int_eq(ct_seqadj_at(&adj, 5), 3);
	ct_seqadj_change(&adj, 20, 3, 1);
	ck_assert_int_eq(ct_seqadj_at(&adj, 30), 6);
}
END_TEST

/* --- A segment ---------------------------------------------------------- */

static struct ct_test_packet p;

static struct ct_pkt segment(const struct ct_test_flow *flow,
			     const struct ct_test_segment *seg)
{
	struct ct_pkt pkt;

	ct_test_tcp(&p, flow, CT_DIR_ORIG, seg);
	pkt = ct_test_pkt(&p);
	pkt.l4_off = (uint16_t)ct_test_l4_off(&p);
	pkt.l4_len = pkt.len - pkt.l4_off;
	return pkt;
}

static uint32_t number(const struct ct_pkt *pkt, uint32_t off)
{
	return ct_load_u32(pkt->data + pkt->l4_off + off);
}

/* => The sum is still right. */
static void check_sum(void)
{
	struct ct_test_packet right = p;

	ct_test_sum(&right);
	ck_assert_mem_eq(p.bytes, right.bytes, p.len);
}

static void shifts(const struct ct_test_flow *flow)
{
	const uint8_t sack[] = { 1, 1, 5, 10, 0, 0, 4, 0x31, 0, 0, 4, 0x37 };
	const struct ct_test_segment seg = { .flags = CT_TEST_ACK,
					     .seq = 5050,
					     .ack = 1073,
					     .options = sack,
					     .options_len = sizeof(sack) };
	struct ct_pkt pkt = segment(flow, &seg);
	struct ct_seqadj own = { .base = 10 };

	ct_seqadj_change(&adj, 1039, 6, 1);
	ck_assert(ct_seqadj_write(&pkt, &own, &adj));
	ck_assert_uint_eq(number(&pkt, 4), 5060);
	ck_assert_uint_eq(number(&pkt, 8), 1067);
	ck_assert_uint_eq(number(&pkt, 24), 0x42b);
	ck_assert_uint_eq(number(&pkt, 28), 0x431);
	check_sum();
}

START_TEST(all_numbers_of_a_segment_are_shifted)
{
	shifts(&ct_test_flow4);
}
END_TEST

START_TEST(all_numbers_of_an_ipv6_segment_are_shifted)
{
	shifts(&ct_test_flow6);
}
END_TEST

START_TEST(blocks_at_odd_places_keep_the_sum_right)
{
	const uint8_t sack[] = { 1, 5, 10, 0, 0, 4, 0x31, 0, 0, 4, 0x37, 0 };
	const struct ct_test_segment seg = { .flags = CT_TEST_ACK,
					     .ack = 1073,
					     .options = sack,
					     .options_len = sizeof(sack) };
	struct ct_pkt pkt = segment(&ct_test_flow4, &seg);
	const struct ct_seqadj none = { 0 };

	ct_seqadj_change(&adj, 1039, 6, 1);
	ck_assert(ct_seqadj_write(&pkt, &none, &adj));
	ck_assert_uint_eq(number(&pkt, 23), 0x42b);
	check_sum();
}
END_TEST

START_TEST(without_ack_its_field_means_nothing)
{
	const struct ct_test_segment seg = { .flags = CT_TEST_RST, .seq = 7 };
	struct ct_pkt pkt = segment(&ct_test_flow4, &seg);
	const struct ct_seqadj other = { .base = 10 };

	ck_assert(ct_seqadj_write(&pkt, &adj, &other));
	ck_assert_uint_eq(number(&pkt, 8), 0);
}
END_TEST

START_TEST(partial_sum_stays)
{
	const struct ct_test_segment seg = { .flags = CT_TEST_ACK };
	struct ct_pkt pkt = segment(&ct_test_flow4, &seg);
	const struct ct_seqadj own = { .base = 10 };
	const struct ct_seqadj none = { 0 };
	uint8_t sum[2];

	pkt.csum = CT_CSUM_PARTIAL;
	memcpy(sum, pkt.data + pkt.l4_off + 16, 2);
	ck_assert(ct_seqadj_write(&pkt, &own, &none));
	ck_assert_mem_eq(sum, pkt.data + pkt.l4_off + 16, 2);
}
END_TEST

START_TEST(broken_option_is_not_written)
{
	const uint8_t broken[][4] = { { 5, 0, 0, 0 },
				      { 5, 40, 0, 0 },
				      { 1, 1, 1, 5 } };

	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		const struct ct_test_segment seg = { .flags = CT_TEST_ACK,
						     .options = broken[i],
						     .options_len = 4 };
		struct ct_pkt pkt = segment(&ct_test_flow4, &seg);

		ck_assert(!ct_seqadj_write(&pkt, &adj, &adj));
	}
}
END_TEST

START_TEST(cut_header_is_not_written)
{
	const struct ct_test_segment seg = { .flags = CT_TEST_ACK };
	struct ct_pkt pkt = segment(&ct_test_flow4, &seg);

	pkt.len = pkt.l4_off + 19;
	ck_assert(!ct_seqadj_write(&pkt, &adj, &adj));
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("seqadj");
	TCase *tc = tcase_create("seqadj");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, changed_segment_itself_is_not_shifted);
	tcase_add_test(tc, acknowledgements_are_shifted_back);
	tcase_add_test(tc, same_segment_again_adds_nothing);
	tcase_add_test(tc, second_change_adds_to_the_first);
	tcase_add_test(tc, shorter_is_as_good_as_longer);
	tcase_add_test(tc, changes_that_cancel_are_forgotten);
	tcase_add_test(tc, linux_forgets_all_changes_but_the_last);
	tcase_add_test(tc, several_are_remembered_where_that_is_asked_for);
	tcase_add_test(tc, any_number_of_changes_adds_up);
	tcase_add_test(tc, numbers_wrap);
	tcase_add_test(tc, all_numbers_of_a_segment_are_shifted);
	tcase_add_test(tc, all_numbers_of_an_ipv6_segment_are_shifted);
	tcase_add_test(tc, blocks_at_odd_places_keep_the_sum_right);
	tcase_add_test(tc, without_ack_its_field_means_nothing);
	tcase_add_test(tc, partial_sum_stays);
	tcase_add_test(tc, broken_option_is_not_written);
	tcase_add_test(tc, cut_header_is_not_written);
	suite_add_tcase(suite, tc);
	return suite;
}
