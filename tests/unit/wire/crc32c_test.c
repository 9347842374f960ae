/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CRC32c: known sums, and any cutting.
 */
#include "suite.h"
#include "wire/crc32c.h"

#include <string.h>

/* RFC 3720, B.4; there the low byte is printed first. */
START_TEST(examples_of_rfc_3720)
{
	uint8_t bytes[32];

	memset(bytes, 0, sizeof(bytes));
	ck_assert_uint_eq(ct_crc32c(0, bytes, sizeof(bytes)), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	ck_assert_uint_eq(ct_crc32c(0, bytes, sizeof(bytes)), 0x62a8ab43);
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	ck_assert_uint_eq(ct_crc32c(0, bytes, sizeof(bytes)), 0x46dd794e);
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(31 - i);
	ck_assert_uint_eq(ct_crc32c(0, bytes, sizeof(bytes)), 0x113fdb5c);
}
END_TEST

START_TEST(parts_add_up)
{
	const char text[] = "123456789";
	uint32_t whole = ct_crc32c(0, text, 9);

	ck_assert_uint_eq(whole, 0xe3069283);
	for (size_t cut = 0; cut <= 9; cut++)
		ck_assert_uint_eq(
			ct_crc32c(ct_crc32c(0, text, cut), text + cut, 9 - cut),
			whole);
}
END_TEST

/* Every place of a packet, every length of what is replaced. */
START_TEST(a_difference_is_that_of_the_sums)
{
	uint8_t old[40], new[40];

	for (unsigned i = 0; i < sizeof(old); i++)
		old[i] = (uint8_t)(i * 37 + 11);
	for (size_t len = 0; len <= 8; len++) {
		for (size_t at = 0; at + len <= sizeof(old); at++) {
			uint32_t diff;

			memcpy(new, old, sizeof(new));
			for (size_t i = 0; i < len; i++)
				new[at + i] ^= (uint8_t)(0x5a + i);
			diff = ct_crc32c_diff(old + at, new + at, len,
					      sizeof(old) - at - len);
			ck_assert_uint_eq(ct_crc32c(0, old, sizeof(old)) ^ diff,
					  ct_crc32c(0, new, sizeof(new)));
		}
	}
}
END_TEST

/* As many bytes behind as a packet may have, and more. */
START_TEST(a_difference_comes_from_far)
{
	static uint8_t old[200000], new[200000];

	for (size_t len = 1000; len <= sizeof(old); len = len * 3 + 1) {
		uint32_t diff;

		memset(new, 0, len);
		new[0] = 0x5a;
		diff = ct_crc32c_diff(old, new, 1, len - 1);
		ck_assert_uint_eq(ct_crc32c(0, old, len) ^ diff,
				  ct_crc32c(0, new, len));
	}
	memset(new, 0, sizeof(new));
	new[0] = 1;
	ck_assert_uint_eq(ct_crc32c(0, old, sizeof(old)) ^
				  ct_crc32c_diff(old, new, 1, sizeof(old) - 1),
			  ct_crc32c(0, new, sizeof(new)));
}
END_TEST

START_TEST(what_does_not_change_makes_no_difference)
{
	ck_assert_uint_eq(ct_crc32c_diff("ab", "ab", 2, 1000), 0);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("crc32c");
	TCase *tc = tcase_create("crc32c");

	tcase_add_test(tc, examples_of_rfc_3720);
	tcase_add_test(tc, parts_add_up);
	tcase_add_test(tc, a_difference_is_that_of_the_sums);
	tcase_add_test(tc, a_difference_comes_from_far);
	tcase_add_test(tc, what_does_not_change_makes_no_difference);
	suite_add_tcase(suite, tc);
	return suite;
}
