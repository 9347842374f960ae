/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bounded line: what fits is there, and nothing is written beyond the end.
 */
#include "base/line.h"
#include "suite.h"

#include <check.h>
#include <conntrack/types.h>
#include <string.h>

START_TEST(pieces_follow_each_other)
{
	char buf[32];
	struct ct_line line = ct_line_of(buf, sizeof(buf));

	ct_line_put(&line, "%-8s %u ", "tcp", 6u);
	ct_line_put(&line, "%s", "mark=0");
	ck_assert_int_eq(ct_line_end(&line), 17);
	ck_assert_str_eq(buf, "tcp      6 mark=0");
}
END_TEST

START_TEST(blanks_at_the_end_are_dropped)
{
	char buf[32];
	struct ct_line line = ct_line_of(buf, sizeof(buf));

	ct_line_put(&line, "a b  ");
	ck_assert_int_eq(ct_line_end(&line), 3);
	ck_assert_str_eq(buf, "a b");
}
END_TEST

START_TEST(a_line_that_fits_exactly_is_whole)
{
	char buf[5];
	struct ct_line line = ct_line_of(buf, sizeof(buf));

	ct_line_put(&line, "ab");
	ct_line_put(&line, "cd");
	ck_assert_int_eq(ct_line_end(&line), 4);
	ck_assert_str_eq(buf, "abcd");
}
END_TEST

/* The byte behind the buffer's end must stay as it is. */
START_TEST(a_line_too_long_is_cut_and_stays_cut)
{
	char buf[6] = "-----";
	struct ct_line line = ct_line_of(buf, 4);

	ct_line_put(&line, "ab");
	ct_line_put(&line, "cde");
	ct_line_put(&line, "f");
	ck_assert_int_eq(ct_line_end(&line), CT_E_NOSPC);
	ck_assert_str_eq(buf, "abc");
	ck_assert_int_eq(buf[4], '-');
}
END_TEST

START_TEST(a_buffer_of_one_byte_holds_the_end_of_string)
{
	char buf[2] = "-";
	struct ct_line line = ct_line_of(buf, 1);

	ct_line_put(&line, "%s", "");
	ck_assert_int_eq(ct_line_end(&line), 0);
	ck_assert_str_eq(buf, "");
	ct_line_put(&line, "a");
	ck_assert_int_eq(ct_line_end(&line), CT_E_NOSPC);
	ck_assert_str_eq(buf, "");
}
END_TEST

START_TEST(no_buffer_holds_nothing)
{
	struct ct_line line = ct_line_of(NULL, 0);

	ct_line_put(&line, "a");
	ct_line_quote(&line, "b");
	ck_assert_int_eq(ct_line_end(&line), CT_E_NOSPC);
}
END_TEST

START_TEST(a_quoted_text_is_json)
{
	char buf[64];
	struct ct_line line = ct_line_of(buf, sizeof(buf));

	ct_line_quote(&line, "a\"b\\c\n\x7f\xff ");
	ck_assert_int_gt(ct_line_end(&line), 0);
	ck_assert_str_eq(buf, "\"a\\\"b\\\\c\\u000a\\u007f\\u00ff \"");
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("line");
	TCase *tc = tcase_create("line");

	tcase_add_test(tc, pieces_follow_each_other);
	tcase_add_test(tc, blanks_at_the_end_are_dropped);
	tcase_add_test(tc, a_line_that_fits_exactly_is_whole);
	tcase_add_test(tc, a_line_too_long_is_cut_and_stays_cut);
	tcase_add_test(tc, a_buffer_of_one_byte_holds_the_end_of_string);
	tcase_add_test(tc, no_buffer_holds_nothing);
	tcase_add_test(tc, a_quoted_text_is_json);
	suite_add_tcase(suite, tc);
	return suite;
}
