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

START_TEST(values_of_a_syn_are_read)
{
	/* MSS 1460, NOP, time stamps at an odd place */
	const uint8_t bytes[] = { 2, 4, 5, 0xb4, 1, 8, 10, 1,
				  2, 3, 4, 5,    6, 7, 8,  0 };
	struct ct_tcpopt opt = parse(bytes, sizeof(bytes));

	ck_assert(opt.has_mss && opt.has_timestamp);
	ck_assert_uint_eq(opt.mss, 1460);
	ck_assert_uint_eq(opt.tsval, 0x01020304);
	ck_assert_uint_eq(opt.tsecr, 0x05060708);
	ck_assert_uint_eq(opt.stamps_off, 7);
}
END_TEST

START_TEST(what_is_written_is_read)
{
	uint8_t bytes[CT_TCPOPT_WRITE_MAX];

	for (unsigned set = 0; set < 16; set++) {
		const struct ct_tcpopt opt = {
			.has_mss = set & 1,
			.mss = set & 1 ? 1400 : 0,
			.sack_perm = set & 2,
			.has_wscale = set & 4,
			.wscale = set & 4 ? 9 : 0,
			.has_timestamp = set & 8,
			.tsval = set & 8 ? 77 : 0,
			.tsecr = set & 8 ? 88 : 0,
		};
		uint32_t len = ct_tcpopt_write(bytes, &opt);
		struct ct_tcpopt back = parse(bytes, len);

		ck_assert_uint_eq(len % 4, 0);
		ck_assert_uint_le(len, sizeof(bytes));
		ck_assert_uint_eq(back.has_mss, opt.has_mss);
		ck_assert_uint_eq(back.mss, opt.mss);
		ck_assert_uint_eq(back.sack_perm, opt.sack_perm);
		ck_assert_uint_eq(back.has_wscale, opt.has_wscale);
		ck_assert_uint_eq(back.wscale, opt.wscale);
		ck_assert_uint_eq(back.has_timestamp, opt.has_timestamp);
		ck_assert_uint_eq(back.tsval, opt.tsval);
		ck_assert_uint_eq(back.tsecr, opt.tsecr);
	}
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
	tcase_add_test(tc, values_of_a_syn_are_read);
	tcase_add_test(tc, what_is_written_is_read);
	suite_add_tcase(suite, tc);
	return suite;
}
