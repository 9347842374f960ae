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

Suite *ct_suite(void)
{
	Suite *suite = suite_create("crc32c");
	TCase *tc = tcase_create("crc32c");

	tcase_add_test(tc, examples_of_rfc_3720);
	tcase_add_test(tc, parts_add_up);
	suite_add_tcase(suite, tc);
	return suite;
}
