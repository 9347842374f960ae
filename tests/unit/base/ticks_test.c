/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time that wraps.
 */
#include "base/ticks.h"

#include "suite.h"

START_TEST(ns_become_ticks_of_ten_ms)
{
	ck_assert_uint_eq(ct_ticks_of_ns(UINT64_C(1000000000)), CT_TICKS_PER_S);
	ck_assert_uint_eq(ct_ticks_of_ns(UINT64_C(19999999)), 1);
	ck_assert_uint_eq(ct_ticks_of_ns(UINT64_C(20000000)), 2);
}
END_TEST

START_TEST(no_moment_is_called_never)
{
	const uint64_t round = (UINT64_C(1) << 32) * CT_TICK_NS;

	ck_assert_uint_ne(ct_ticks_of_ns(0), CT_TICKS_NEVER);
	ck_assert_uint_ne(ct_ticks_of_ns(round), CT_TICKS_NEVER);
	ck_assert_uint_ne(ct_ticks_of_ns(3 * round), CT_TICKS_NEVER);
	ck_assert_uint_ne(ct_ticks_after(UINT32_MAX - 99, 1), CT_TICKS_NEVER);
}
END_TEST

START_TEST(order_survives_the_wrap)
{
	static const uint32_t nows[] = { 1, 1u << 31, UINT32_MAX - 50,
					 UINT32_MAX };

	for (unsigned i = 0; i < sizeof(nows) / sizeof(nows[0]); i++) {
		uint32_t now = nows[i];
		uint32_t then = ct_ticks_after(now, 1);

		ck_assert_int_eq(ct_ticks_until(then, now), 100);
		ck_assert(!ct_ticks_passed(then, now));
		ck_assert(!ct_ticks_passed(then, then - 1));
		ck_assert(ct_ticks_passed(then, then));
		ck_assert(ct_ticks_passed(then, then + 1));
	}
}
END_TEST

START_TEST(longest_timeout_is_still_ahead)
{
	static const uint32_t seconds[] = { CT_TIMEOUT_MAX, CT_TIMEOUT_MAX + 1,
					    UINT32_MAX };

	for (unsigned i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		uint32_t now = 4000000000u;
		uint32_t then = ct_ticks_after(now, seconds[i]);

		ck_assert(!ct_ticks_passed(then, now));
		ck_assert_uint_eq((uint32_t)ct_ticks_until(then, now),
				  CT_TIMEOUT_MAX * CT_TICKS_PER_S);
	}
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("ticks");
	TCase *tc = tcase_create("ticks");

	tcase_add_test(tc, ns_become_ticks_of_ten_ms);
	tcase_add_test(tc, no_moment_is_called_never);
	tcase_add_test(tc, order_survives_the_wrap);
	tcase_add_test(tc, longest_timeout_is_still_ahead);
	suite_add_tcase(suite, tc);
	return suite;
}
