/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of text protocols. */
#include "helper/words.h"
#include "suite.h"

#include <string.h>

static struct ct_cursor text(const char *bytes)
{
	return ct_cursor_of(bytes, strlen(bytes));
}

START_TEST(a_word_begins_or_does_not)
{
	struct ct_cursor cur = text("PORT 1");

	ck_assert(ct_word_begins(&cur, "PORT"));
	ck_assert(!ct_word_begins(&cur, "port"));
	ck_assert(ct_word_begins_nocase(&cur, "port 1"));
	ck_assert(!ct_word_begins_nocase(&cur, "port 10"));
	ck_assert(ct_word_skip(&cur, "PORT "));
	ck_assert(!ct_word_skip(&cur, "2"));
	ck_assert_uint_eq(ct_word_peek(&cur), '1');
}
END_TEST

START_TEST(a_word_is_found_anywhere)
{
	struct ct_cursor cur = text("aab AAB c");

	ck_assert(ct_word_find(&cur, "ab "));
	ck_assert(!ct_word_find(&cur, "ab "));
	ck_assert(ct_word_find_nocase(&cur, "aab"));
	ck_assert_uint_eq(ct_cursor_left(&cur), 2);
	ck_assert(ct_word_find(&cur, "c"));
	ck_assert_uint_eq(ct_word_peek(&cur), 0);
	ck_assert(!ct_word_find(&cur, "c"));
}
END_TEST

START_TEST(a_line_ends_with_its_line_feed)
{
	struct ct_cursor cur = text("one\r\n\ntail");
	struct ct_cursor line;

	ck_assert(ct_word_line(&cur, &line));
	ck_assert_uint_eq(ct_cursor_left(&line), 5);
	ck_assert(ct_word_line(&cur, &line));
	ck_assert_uint_eq(ct_cursor_left(&line), 1);
	ck_assert(!ct_word_line(&cur, &line));
	ck_assert_uint_eq(ct_cursor_left(&cur), 4);
}
END_TEST

static const struct {
	const char *text;
	size_t digits;
	uint32_t value;
} numbers[] = {
	{ "5060;x", 4, 5060 },
	{ "007", 3, 7 },
	{ "4294967295", 10, UINT32_MAX },
	{ "4294967296", 10, 0 },
	{ "x1", 0, 0 },
	{ "", 0, 0 },
};

START_TEST(a_number_has_digits)
{
	struct ct_cursor cur = text(numbers[_i].text);
	uint32_t value = 1;

	ck_assert_uint_eq(ct_word_number(&cur, &value), numbers[_i].digits);
	ck_assert_uint_eq(value, numbers[_i].value);
	ck_assert_ptr_eq(cur.at, numbers[_i].text + numbers[_i].digits);
}
END_TEST

START_TEST(numbers_need_all_their_separators)
{
	struct ct_cursor cur = text("10,0,,2)");
	struct ct_cursor few = text("10,0");
	uint32_t values[4];

	ck_assert(ct_word_numbers(&cur, values, 4, ','));
	ck_assert_uint_eq(values[0], 10);
	ck_assert_uint_eq(values[2], 0);
	ck_assert_uint_eq(values[3], 2);
	ck_assert_uint_eq(ct_word_peek(&cur), ')');
	ck_assert(!ct_word_numbers(&few, values, 3, ','));
	ck_assert_uint_eq(ct_cursor_left(&few), 4);
}
END_TEST

static const struct {
	const char *text;
	uint8_t l3;
	size_t len; /* 0: no address */
	const char *again;
} addresses[] = {
	{ "10.0.0.1\r\n", CT_L3_IPV4, 8, "10.0.0.1" },
	{ "10.0.0.1.", CT_L3_IPV4, 8, "10.0.0.1" },
	{ "10.0.0.1:5060", CT_L3_IPV4, 8, "10.0.0.1" },
	{ "10.0.0.256", CT_L3_IPV4, 0, "" },
	{ "10.0.0", CT_L3_IPV4, 0, "" },
	{ "host", CT_L3_IPV4, 0, "" },
	{ "", CT_L3_IPV4, 0, "" },
	{ "2001:DB8::1]", CT_L3_IPV6, 11, "2001:db8::1" },
	{ "2001:db8:0:0:0:0:0:1|", CT_L3_IPV6, 20, "2001:db8::1" },
	{ "::ffff:10.0.0.1", CT_L3_IPV6, 15, "::ffff:10.0.0.1" },
	{ "2001:db8::1::", CT_L3_IPV6, 0, "" },
	{ "1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19:20:21:22",
	  CT_L3_IPV6, 0, "" },
};

START_TEST(an_address_is_read_and_written)
{
	struct ct_cursor cur = text(addresses[_i].text);
	char again[CT_WORD_ADDR_SIZE];
	union ct_addr addr;
	bool good = ct_word_addr(&cur, addresses[_i].l3, &addr);

	ck_assert_int_eq(good, addresses[_i].len > 0);
	ck_assert_ptr_eq(cur.at, addresses[_i].text + addresses[_i].len);
	if (!good)
		return;
	ck_assert_uint_eq(ct_word_print_addr(again, addresses[_i].l3, &addr),
			  strlen(addresses[_i].again));
	ck_assert_str_eq(again, addresses[_i].again);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("helper/words");
	TCase *tcase = tcase_create("words");

	tcase_add_test(tcase, a_word_begins_or_does_not);
	tcase_add_test(tcase, a_word_is_found_anywhere);
	tcase_add_test(tcase, a_line_ends_with_its_line_feed);
	tcase_add_loop_test(tcase, a_number_has_digits, 0,
			    sizeof(numbers) / sizeof(numbers[0]));
	tcase_add_test(tcase, numbers_need_all_their_separators);
	tcase_add_loop_test(tcase, an_address_is_read_and_written, 0,
			    sizeof(addresses) / sizeof(addresses[0]));
	suite_add_tcase(suite, tcase);
	return suite;
}
