/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Q.931: the way to the User-user element.
 */
#include "helper/q931.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

/* Call reference of two bytes, Setup; sending complete, display; User-user. */
static const uint8_t setup[] = { 0x08, 0x02, 0x77, 0xf4, 0x05, 0xa1,
				 0x28, 2,    'a',  'b',  0x7e, 0,
				 4,    0x05, 1,    2,    3 };

/* => The bytes of the element, of exactly len bytes; -1 when there is none. */
static int user(const uint8_t *bytes, size_t len, enum ct_per_part *part)
{
	uint8_t *exact = malloc(len ? len : 1);
	struct ct_per_bytes message = { exact, (uint32_t)len, *part };
	int n = -1;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, bytes, len);
	if (ct_q931_user(&message)) {
		n = (int)message.len;
		if (n)
			ck_assert_uint_eq(message.bytes[0], 1);
	}
	*part = message.part;
	free(exact);
	return n;
}

START_TEST(user_user_is_found)
{
	enum ct_per_part part = CT_PER_WHOLE;

	ck_assert_int_eq(user(setup, sizeof(setup), &part), 3);
	ck_assert_int_eq(part, CT_PER_WHOLE);
}
END_TEST

START_TEST(cut_element_is_none_or_a_part)
{
	for (size_t len = 0; len < sizeof(setup); len++) {
		enum ct_per_part part = CT_PER_WHOLE;

		ck_assert_int_eq(user(setup, len, &part), -1);
		part = CT_PER_FIRST_PART;
		ck_assert_int_eq(user(setup, len, &part),
				 len < 14 ? -1 : (int)len - 14);
		ck_assert_int_eq(part, CT_PER_FIRST_PART);
	}
}
END_TEST

START_TEST(whole_element_of_a_part_is_whole)
{
	enum ct_per_part part = CT_PER_FIRST_PART;

	ck_assert_int_eq(user(setup, sizeof(setup), &part), 3);
	ck_assert_int_eq(part, CT_PER_WHOLE);
}
END_TEST

START_TEST(other_protocols_are_none)
{
	uint8_t bytes[sizeof(setup)];
	enum ct_per_part part = CT_PER_WHOLE;

	memcpy(bytes, setup, sizeof(setup));
	bytes[0] = 9;
	ck_assert_int_eq(user(bytes, sizeof(bytes), &part), -1);
	memcpy(bytes, setup, sizeof(setup));
	bytes[13] = 4; /* not in ASN.1 */
	ck_assert_int_eq(user(bytes, sizeof(bytes), &part), -1);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("q931");
	TCase *tc = tcase_create("messages");

	tcase_add_test(tc, user_user_is_found);
	tcase_add_test(tc, cut_element_is_none_or_a_part);
	tcase_add_test(tc, whole_element_of_a_part_is_whole);
	tcase_add_test(tc, other_protocols_are_none);
	suite_add_tcase(suite, tc);
	return suite;
}
