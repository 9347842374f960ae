/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of SANE.  What a kernel does with the same bytes stands in the
 * golden probe_sane_answers.
 */
#include "helper/sane.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

static struct ct_cursor cursor(const uint8_t *bytes, size_t len)
{
	return ct_cursor_of(bytes, len);
}

START_TEST(a_request_has_eight_bytes)
{
	static const uint8_t start[9] = { 0, 0, 0, 7, 0, 0, 0, 9 };
	static const uint8_t other[8] = { 0, 0, 0, 6 };

	ck_assert_int_eq(ct_sane_parse_request(cursor(start, 8)),
			 CT_SANE_START);
	ck_assert_int_eq(ct_sane_parse_request(cursor(start, 7)), CT_SANE_PART);
	ck_assert_int_eq(ct_sane_parse_request(cursor(start, 9)), CT_SANE_PART);
	ck_assert_int_eq(ct_sane_parse_request(cursor(other, 8)),
			 CT_SANE_OTHER);
	ck_assert_int_eq(ct_sane_parse_request(cursor(other, 0)), CT_SANE_PART);
}
END_TEST

static const struct {
	uint8_t bytes[12];
	size_t len;
	bool good;
	uint16_t port;
} answers[] = {
	{ { 0, 0, 0, 0, 0, 0, 0x1b, 0x5f }, 8, true, 7007 },
	{ { 0, 0, 0, 0, 0, 0, 0x1b, 0x5f, 1, 2 }, 12, true, 7007 },
	{ { 0 }, 8, true, 0 },
	{ { 0, 0, 0, 0, 0, 0, 0x1b, 0x5f }, 7, false, 0 },
	{ { 0, 0, 0, 1, 0, 0, 0x1b, 0x5f }, 8, false, 0 },
	{ { 0, 0, 0, 0, 0, 1, 0x1b, 0x5f }, 8, false, 0 },
	{ { 0 }, 0, false, 0 },
};

START_TEST(an_answer_names_a_port)
{
	ct_be16 port;

	ck_assert_int_eq(
		ct_sane_parse_answer(cursor(answers[_i].bytes, answers[_i].len),
				     &port),
		answers[_i].good);
	if (answers[_i].good)
		ck_assert_uint_eq(ntohs(port), answers[_i].port);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("helper/sane");
	TCase *tcase = tcase_create("words");

	tcase_add_test(tcase, a_request_has_eight_bytes);
	tcase_add_loop_test(tcase, an_answer_names_a_port, 0,
			    sizeof(answers) / sizeof(answers[0]));
	suite_add_tcase(suite, tcase);
	return suite;
}
