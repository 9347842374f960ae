/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP options: what is read, what is passed over, and what ends the list.
 */
#include "suite.h"
#include "wire/tcpopt.h"

#include <stdlib.h>

/* Parses exactly these bytes: a sanitizer sees one more being read. */
static struct ct_tcpopt parse(const uint8_t *bytes, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);
	struct ct_tcpopt opt;

	ck_assert_ptr_nonnull(exact);
	if (len)
		memcpy(exact, bytes, len);
	ct_tcpopt_parse(ct_cursor_of(exact, len), &opt);
	free(exact);
	return opt;
}

static bool is_empty(const struct ct_tcpopt *opt)
{
	return !opt->has_wscale && !opt->sack_perm && !opt->has_timestamp &&
	       opt->wscale == 0 && opt->n_sacks == 0;
}

START_TEST(no_options_say_nothing)
{
	struct ct_tcpopt opt = parse(NULL, 0);

	ck_assert(is_empty(&opt));
}
END_TEST

START_TEST(options_of_a_usual_syn)
{
	/* MSS 1460, SACK permitted, time stamps, NOP, window scale 7 */
	const uint8_t bytes[] = { 2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0,
				  0, 1, 0, 0,    0, 0, 1, 3,  3, 7 };
	struct ct_tcpopt opt = parse(bytes, sizeof(bytes));

	ck_assert(opt.has_wscale);
	ck_assert_uint_eq(opt.wscale, 7);
	ck_assert(opt.sack_perm);
	ck_assert(opt.has_timestamp);
	ck_assert_uint_eq(opt.n_sacks, 0);
}
END_TEST

START_TEST(scale_above_14_is_14)
{
	const uint8_t bytes[] = { 3, 3, 15 };
	struct ct_tcpopt opt = parse(bytes, sizeof(bytes));

	ck_assert(opt.has_wscale);
	ck_assert_uint_eq(opt.wscale, 14);
}
END_TEST

START_TEST(sack_blocks_come_as_they_are)
{
	const uint8_t bytes[] = { 1, 1, 5,    18,   0,    0,    0, 1, 0, 0,
				  0, 2, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 9 };
	struct ct_tcpopt opt = parse(bytes, sizeof(bytes));

	ck_assert_uint_eq(opt.n_sacks, 2);
	ck_assert_uint_eq(opt.sacks[0].left, 1);
	ck_assert_uint_eq(opt.sacks[0].right, 2);
	ck_assert_uint_eq(opt.sacks[1].left, 0xfffffffe);
	ck_assert_uint_eq(opt.sacks[1].right, 9);
}
END_TEST

START_TEST(more_than_four_blocks_are_not_stored)
{
	/* No TCP header is as long as this; a caller's cursor might be. */
	uint8_t bytes[2 + 6 * 8] = { 5, 2 + 6 * 8 };
	struct ct_tcpopt opt = parse(bytes, sizeof(bytes));

	ck_assert_uint_eq(opt.n_sacks, CT_TCPOPT_BLOCKS_MAX);
}
END_TEST

START_TEST(half_a_block_makes_it_unknown)
{
	const uint8_t bytes[] = { 5, 14, 0, 0, 0, 1, 0, 0,
				  0, 2,  0, 0, 0, 3, 4, 2 };
	struct ct_tcpopt opt = parse(bytes, sizeof(bytes));

	ck_assert_uint_eq(opt.n_sacks, 0);
	ck_assert(opt.sack_perm);
}
END_TEST

START_TEST(wrong_length_makes_it_unknown)
{
	/* window scale of 4 bytes, SACK permitted of 3, then a good one */
	const uint8_t bytes[] = { 3, 4, 9, 9, 4, 3, 0, 8, 3, 0, 3, 3, 2 };
	struct ct_tcpopt opt = parse(bytes, sizeof(bytes));

	ck_assert_uint_eq(opt.wscale, 2);
	ck_assert(!opt.sack_perm);
	ck_assert(!opt.has_timestamp);
}
END_TEST

START_TEST(end_of_list_hides_the_rest)
{
	const uint8_t bytes[] = { 4, 2, 0, 3, 3, 7 };
	struct ct_tcpopt opt = parse(bytes, sizeof(bytes));

	ck_assert(opt.sack_perm);
	ck_assert(!opt.has_wscale);
}
END_TEST

START_TEST(length_below_two_ends_the_list)
{
	for (uint8_t len = 0; len < 2; len++) {
		const uint8_t bytes[] = { 4, 2, 99, len, 3, 3, 7 };
		struct ct_tcpopt opt = parse(bytes, sizeof(bytes));

		ck_assert(opt.sack_perm);
		ck_assert(!opt.has_wscale);
	}
}
END_TEST

START_TEST(cut_inside_an_option_ends_the_list)
{
	const uint8_t bytes[] = {
		3, 3, 7, 4, 2, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2
	};
	struct ct_tcpopt opt;

	for (size_t len = 0; len <= sizeof(bytes); len++) {
		opt = parse(bytes, len);
		ck_assert_int_eq(opt.has_wscale, len >= 3);
		ck_assert_int_eq(opt.sack_perm, len >= 5);
		ck_assert_int_eq(opt.n_sacks, len == sizeof(bytes));
	}
}
END_TEST

START_TEST(length_beyond_the_end_ends_the_list)
{
	const uint8_t bytes[] = { 99, 255, 3, 3, 7 };
	struct ct_tcpopt opt = parse(bytes, sizeof(bytes));

	ck_assert(is_empty(&opt));
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("tcpopt");
	TCase *tc = tcase_create("tcpopt");

	tcase_add_test(tc, no_options_say_nothing);
	tcase_add_test(tc, options_of_a_usual_syn);
	tcase_add_test(tc, scale_above_14_is_14);
	tcase_add_test(tc, sack_blocks_come_as_they_are);
	tcase_add_test(tc, more_than_four_blocks_are_not_stored);
	tcase_add_test(tc, half_a_block_makes_it_unknown);
	tcase_add_test(tc, wrong_length_makes_it_unknown);
	tcase_add_test(tc, end_of_list_hides_the_rest);
	tcase_add_test(tc, length_below_two_ends_the_list);
	tcase_add_test(tc, cut_inside_an_option_ends_the_list);
	tcase_add_test(tc, length_beyond_the_end_ends_the_list);
	suite_add_tcase(suite, tc);
	return suite;
}
