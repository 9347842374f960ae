/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/heads.h"

#include "alloc.h"
#include "core/head.h"
#include "suite.h"

/* Of a table of 16 million connections. */
enum { MANY = 1 << 24, FEW = 16 };

static struct ct_test_alloc alloc;
static struct ct_mem mem;

static void setup(void)
{
	struct ct_host host = { .size = sizeof(host) };

	ct_test_alloc_init(&alloc);
	ct_test_alloc_host(&alloc, &host);
	ck_assert_int_eq(ct_mem_init(&mem, &host, 0), 0);
}

static void teardown(void)
{
	ct_test_alloc_leaks(&alloc);
}

START_TEST(nothing_is_there_before_it_is_needed)
{
	struct ct_heads heads = { NULL };

	ck_assert_ptr_null(ct_heads_at(&heads, 7));
	ck_assert_uint_eq(ct_heads_bytes(&heads, MANY), 0);
	ct_heads_fini(&mem, &heads, MANY);
}
END_TEST

/* What holds up the packet that comes first: its memory is zeroed then. */
START_TEST(the_first_need_makes_a_small_part_of_many)
{
	struct ct_heads heads = { NULL };
	_Atomic uint32_t *head = ct_heads_make(&mem, &heads, MANY, MANY - 1);

	ck_assert_ptr_nonnull(head);
	ck_assert_uint_eq(*head, 0);
	ck_assert_uint_le(ct_mem_in_use(&mem), 65536);
	ck_assert_uint_eq(ct_heads_bytes(&heads, MANY), ct_mem_in_use(&mem));
	ck_assert_ptr_eq(ct_heads_at(&heads, MANY - 1), head);
	ck_assert_ptr_eq(ct_heads_at(&heads, MANY - 2), head - 1);
	ck_assert_ptr_null(ct_heads_at(&heads, 0));
	ct_heads_fini(&mem, &heads, MANY);
}
END_TEST

START_TEST(each_head_is_another_one)
{
	struct ct_heads heads = { NULL };
	const uint32_t n = 4 * CT_HEADS_PART;

	for (uint32_t i = 0; i < n; i++)
		*ct_heads_make(&mem, &heads, n, i) = i + 1;
	for (uint32_t i = 0; i < n; i++)
		ck_assert_uint_eq(*ct_heads_at(&heads, i), i + 1);
	ct_heads_fini(&mem, &heads, n);
}
END_TEST

START_TEST(few_heads_take_little)
{
	struct ct_heads heads = { NULL };

	ck_assert_ptr_nonnull(ct_heads_make(&mem, &heads, FEW, FEW - 1));
	ck_assert_uint_le(ct_mem_in_use(&mem), FEW * 4 + sizeof(void *));
	ct_heads_fini(&mem, &heads, FEW);
}
END_TEST

START_TEST(without_memory_there_is_none)
{
	struct ct_heads heads = { NULL };

	for (unsigned nth = 1; nth <= 2; nth++) {
		ct_test_alloc_fail_nth(&alloc, nth);
		ck_assert_ptr_null(ct_heads_make(&mem, &heads, MANY, 1));
		ct_heads_fini(&mem, &heads, MANY);
		heads = (struct ct_heads){ NULL };
	}
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("heads");
	TCase *tc = tcase_create("heads");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, nothing_is_there_before_it_is_needed);
	tcase_add_test(tc, the_first_need_makes_a_small_part_of_many);
	tcase_add_test(tc, each_head_is_another_one);
	tcase_add_test(tc, few_heads_take_little);
	tcase_add_test(tc, without_memory_there_is_none);
	suite_add_tcase(suite, tc);
	return suite;
}
