/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words for the numbers.
 */
#include "suite.h"

#include <conntrack/conntrack.h>
#include <string.h>

static const int errors[] = {
#define NUMBER(name, num, text) num,
	CT_ERRORS(NUMBER)
#undef NUMBER
};

static const unsigned reasons[] = {
#define NUMBER(name, num, kind, text, source) num,
	CT_REASONS(NUMBER)
#undef NUMBER
};

static const char *const reason_names[] = {
#define NAME(name, num, kind, text, source) #name,
	CT_REASONS(NAME)
#undef NAME
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

START_TEST(every_error_is_negative_and_unique)
{
	for (size_t i = 0; i < COUNT(errors); i++) {
		ck_assert_int_lt(errors[i], 0);
		for (size_t j = 0; j < i; j++)
			ck_assert_int_ne(errors[i], errors[j]);
	}
}
END_TEST

START_TEST(every_error_has_a_sentence_of_its_own)
{
	for (size_t i = 0; i < COUNT(errors); i++) {
		const char *text = ct_strerror(errors[i]);

		ck_assert_uint_gt(strlen(text), 5);
		ck_assert_str_ne(text, ct_strerror(0));
		ck_assert_str_ne(text, ct_strerror(-9999));
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(text, ct_strerror(errors[j]));
	}
}
END_TEST

START_TEST(unknown_errors_are_said_to_be)
{
	ck_assert_str_eq(ct_strerror(CT_OK), "success");
	ck_assert_str_eq(ct_strerror(1), "unknown error");
	ck_assert_str_eq(ct_strerror(-9999), "unknown error");
	ck_assert_str_eq(ct_strerror(INT32_MIN), "unknown error");
}
END_TEST

START_TEST(every_reason_has_a_name_and_a_sentence)
{
	for (size_t i = 0; i < COUNT(reasons); i++) {
		const struct ct_reason_text *text = ct_reason_text(reasons[i]);

		ck_assert_str_eq(text->name, reason_names[i]);
		ck_assert_uint_gt(strlen(text->text), 5);
		ck_assert_ptr_nonnull(text->source);
		ck_assert_uint_le(text->class_, CT_RC_S);
		ck_assert_uint_lt(reasons[i], CT_REASON_MAX);
	}
}
END_TEST

START_TEST(no_number_or_sentence_is_given_twice)
{
	for (size_t i = 0; i < COUNT(reasons); i++) {
		for (size_t j = 0; j < i; j++) {
			ck_assert_uint_ne(reasons[i], reasons[j]);
			ck_assert_str_ne(ct_reason_text(reasons[i])->text,
					 ct_reason_text(reasons[j])->text);
		}
	}
}
END_TEST

START_TEST(other_numbers_are_unknown_reasons)
{
	static const unsigned others[] = { 19, 159, CT_REASON_MAX, 4711,
					   UINT32_MAX };

	for (size_t i = 0; i < COUNT(others); i++)
		ck_assert_str_eq(ct_reason_text(others[i])->text,
				 "unknown reason");
}
END_TEST

/* A connection keeps its END_* reason in a byte. */
START_TEST(ends_are_ends)
{
	for (size_t i = 0; i < COUNT(reasons); i++) {
		bool end = strncmp(reason_names[i], "END_", 4) == 0;

		ck_assert_int_eq(ct_reason_text(reasons[i])->class_ == CT_RC_E,
				 end);
		ck_assert(!end || reasons[i] <= UINT8_MAX);
	}
}
END_TEST

START_TEST(version_is_that_of_the_header)
{
	ck_assert_str_eq(ct_version(), CT_VERSION);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("error");
	TCase *tc = tcase_create("error");

	tcase_add_test(tc, every_error_is_negative_and_unique);
	tcase_add_test(tc, every_error_has_a_sentence_of_its_own);
	tcase_add_test(tc, unknown_errors_are_said_to_be);
	tcase_add_test(tc, every_reason_has_a_name_and_a_sentence);
	tcase_add_test(tc, no_number_or_sentence_is_given_twice);
	tcase_add_test(tc, other_numbers_are_unknown_reasons);
	tcase_add_test(tc, ends_are_ends);
	tcase_add_test(tc, version_is_that_of_the_header);
	suite_add_tcase(suite, tc);
	return suite;
}
