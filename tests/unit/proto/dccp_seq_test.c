/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DCCP's numbers: 48 bits that wrap, 24 that are sent, and a window.
 */
#include "proto/dccp_seq.h"

#include "suite.h"

#define MASK ((UINT64_C(1) << 48) - 1)

enum { WINDOW = 100 };

/* Both ends have sent from first on, up to greatest. */
static struct ct_dccp both(uint64_t first, uint64_t greatest)
{
	struct ct_dccp dccp = { .known = 3 };

	for (unsigned dir = 0; dir < CT_DIR_MAX; dir++)
		dccp.ends[dir] = (struct ct_dccp_end){ first, greatest };
	return dccp;
}

static enum ct_dccp_bound judge(enum ct_dccp_type type, uint64_t seq)
{
	const struct ct_dccp dccp = both(1000, 2000);
	const struct ct_dccp_pkt pkt = { .type = (uint8_t)type, .seq = seq };

	return ct_dccp_seq_judge(&dccp, CT_DIR_ORIG, &pkt, WINDOW);
}

static enum ct_dccp_bound judge_ack(uint64_t ack)
{
	const struct ct_dccp dccp = both(1000, 2000);
	const struct ct_dccp_pkt pkt = {
		.type = CT_DCCP_T_ACK, .seq = 2001, .ack = ack, .has_ack = true
	};

	return ct_dccp_seq_judge(&dccp, CT_DIR_ORIG, &pkt, WINDOW);
}

START_TEST(a_number_lies_in_the_window)
{
	ck_assert_int_eq(judge(CT_DCCP_T_DATA, 2100), CT_DCCP_FITS);
	ck_assert_int_eq(judge(CT_DCCP_T_DATA, 2101), CT_DCCP_BEYOND);
	ck_assert_int_eq(judge(CT_DCCP_T_DATA, 2000), CT_DCCP_FITS);
	ck_assert_int_eq(judge(CT_DCCP_T_DATA, 1900), CT_DCCP_FITS);
	ck_assert_int_eq(judge(CT_DCCP_T_DATA, 1899), CT_DCCP_OLD);
}
END_TEST

START_TEST(a_sync_bridges_any_gap)
{
	ck_assert_int_eq(judge(CT_DCCP_T_SYNC, 900000), CT_DCCP_FITS);
	ck_assert_int_eq(judge(CT_DCCP_T_SYNCACK, 900000), CT_DCCP_FITS);
	ck_assert_int_eq(judge(CT_DCCP_T_SYNC, 1899), CT_DCCP_OLD);
}
END_TEST

START_TEST(a_reset_follows_all_or_comes_from_nowhere)
{
	ck_assert_int_eq(judge(CT_DCCP_T_RESET, 2001), CT_DCCP_FITS);
	ck_assert_int_eq(judge(CT_DCCP_T_RESET, 2000), CT_DCCP_STALE);
	ck_assert_int_eq(judge(CT_DCCP_T_RESET, 2101), CT_DCCP_BEYOND);
	ck_assert_int_eq(judge(CT_DCCP_T_RESET, 0), CT_DCCP_FITS);
}
END_TEST

START_TEST(a_close_that_was_overtaken_is_old)
{
	ck_assert_int_eq(judge(CT_DCCP_T_CLOSE, 2001), CT_DCCP_FITS);
	ck_assert_int_eq(judge(CT_DCCP_T_CLOSE, 2000), CT_DCCP_OLD);
	ck_assert_int_eq(judge(CT_DCCP_T_CLOSEREQ, 2000), CT_DCCP_OLD);
}
END_TEST

START_TEST(what_was_never_sent_is_not_acknowledged)
{
	ck_assert_int_eq(judge_ack(2000), CT_DCCP_FITS);
	ck_assert_int_eq(judge_ack(2001), CT_DCCP_UNSENT);
	ck_assert_int_eq(judge_ack(1900), CT_DCCP_FITS);
	ck_assert_int_eq(judge_ack(1899), CT_DCCP_OLD);
	ck_assert_int_eq(judge_ack(999), CT_DCCP_UNSENT);
}
END_TEST

START_TEST(who_is_not_known_is_not_judged)
{
	const struct ct_dccp dccp = { .known = 0 };
	const struct ct_dccp_pkt pkt = {
		.type = CT_DCCP_T_RESPONSE, .seq = 5, .ack = 7, .has_ack = true
	};

	ck_assert_int_eq(ct_dccp_seq_judge(&dccp, CT_DIR_REPLY, &pkt, WINDOW),
			 CT_DCCP_FITS);
}
END_TEST

START_TEST(numbers_wrap_at_48_bits)
{
	const struct ct_dccp dccp = both(MASK - 50, MASK);
	struct ct_dccp_pkt pkt = { .type = CT_DCCP_T_DATA, .seq = 3 };

	ck_assert_int_eq(ct_dccp_seq_judge(&dccp, CT_DIR_ORIG, &pkt, WINDOW),
			 CT_DCCP_FITS);
	pkt.seq = 200;
	ck_assert_int_eq(ct_dccp_seq_judge(&dccp, CT_DIR_ORIG, &pkt, WINDOW),
			 CT_DCCP_BEYOND);
}
END_TEST

START_TEST(brief_numbers_are_the_nearest)
{
	const struct ct_dccp dccp =
		both(UINT64_C(0x00a0fffff0), UINT64_C(0x00a0fffffe));
	struct ct_dccp_pkt pkt = {
		.seq = 0x000001, .ack = 0xfffffd, .has_ack = true, .brief = true
	};

	ct_dccp_seq_extend(&dccp, CT_DIR_ORIG, &pkt);
	ck_assert_uint_eq(pkt.seq, UINT64_C(0xa1000001));
	ck_assert_uint_eq(pkt.ack, UINT64_C(0xa0fffffd));
}
END_TEST

START_TEST(brief_numbers_wrap_with_the_long_ones)
{
	const struct ct_dccp dccp = both(MASK - 5, MASK);
	struct ct_dccp_pkt pkt = { .seq = 2, .brief = true };

	ct_dccp_seq_extend(&dccp, CT_DIR_ORIG, &pkt);
	ck_assert_uint_eq(pkt.seq, 2);
}
END_TEST

START_TEST(the_greatest_is_kept)
{
	struct ct_dccp dccp = { .known = 0 };
	struct ct_dccp_pkt pkt = { .type = CT_DCCP_T_REQUEST, .seq = MASK };

	ct_dccp_seq_learn(&dccp, CT_DIR_ORIG, &pkt);
	pkt.seq = 1;
	ct_dccp_seq_learn(&dccp, CT_DIR_ORIG, &pkt);
	pkt.seq = 0;
	ct_dccp_seq_learn(&dccp, CT_DIR_ORIG, &pkt);
	ck_assert_uint_eq(dccp.ends[CT_DIR_ORIG].first, MASK);
	ck_assert_uint_eq(dccp.ends[CT_DIR_ORIG].greatest, 1);
	ck_assert_uint_eq(dccp.known, 1);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("dccp_seq");
	TCase *tc = tcase_create("dccp_seq");

	tcase_add_test(tc, a_number_lies_in_the_window);
	tcase_add_test(tc, a_sync_bridges_any_gap);
	tcase_add_test(tc, a_reset_follows_all_or_comes_from_nowhere);
	tcase_add_test(tc, a_close_that_was_overtaken_is_old);
	tcase_add_test(tc, what_was_never_sent_is_not_acknowledged);
	tcase_add_test(tc, who_is_not_known_is_not_judged);
	tcase_add_test(tc, numbers_wrap_at_48_bits);
	tcase_add_test(tc, brief_numbers_are_the_nearest);
	tcase_add_test(tc, brief_numbers_wrap_with_the_long_ones);
	tcase_add_test(tc, the_greatest_is_kept);
	suite_add_tcase(suite, tc);
	return suite;
}
