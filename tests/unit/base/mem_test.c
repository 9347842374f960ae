/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's allocator: counted, limited, and given back as it was.
 */
#include "base/mem.h"

#include "alloc.h"
#include "suite.h"

#include <conntrack/conntrack.h>
#include <string.h>

static struct ct_test_alloc host_mem;
static struct ct_mem mem;

static void make(uint64_t max_bytes)
{
	struct ct_host host = { .size = sizeof(host) };

	ct_test_alloc_init(&host_mem);
	ct_test_alloc_host(&host_mem, &host);
	ct_mem_init(&mem, &host, max_bytes);
}

START_TEST(memory_comes_zeroed_and_aligned)
{
	static const uint8_t zeros[300];

	make(0);
	for (size_t align = 1; align <= 4096; align *= 2) {
		void *ptr = ct_mem_alloc(&mem, sizeof(zeros), align);

		ck_assert_ptr_nonnull(ptr);
		ck_assert_uint_eq((uintptr_t)ptr % align, 0);
		ck_assert_mem_eq(ptr, zeros, sizeof(zeros));
		ct_mem_free(&mem, ptr, sizeof(zeros));
	}
	ct_test_alloc_leaks(&host_mem);
}
END_TEST

START_TEST(bytes_in_use_are_those_that_the_host_saw)
{
	void *a, *b;

	make(0);
	a = ct_mem_alloc(&mem, 100, 8);
	b = ct_mem_alloc(&mem, 23, 1);
	ck_assert_uint_eq(ct_mem_in_use(&mem), 123);
	ck_assert_uint_eq(atomic_load(&host_mem.bytes), 123);
	ct_mem_free(&mem, a, 100);
	ck_assert_uint_eq(ct_mem_in_use(&mem), 23);
	ct_mem_free(&mem, b, 23);
	ct_mem_free(&mem, NULL, 23);
	ck_assert_uint_eq(ct_mem_in_use(&mem), 0);
	ct_test_alloc_leaks(&host_mem);
}
END_TEST

START_TEST(limit_holds_to_the_byte)
{
	void *a, *b;

	make(100);
	a = ct_mem_alloc(&mem, 60, 4);
	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_null(ct_mem_alloc(&mem, 41, 4));
	ck_assert_uint_eq(ct_mem_in_use(&mem), 60);
	ck_assert_uint_eq(atomic_load(&host_mem.calls), 1);
	b = ct_mem_alloc(&mem, 40, 4);
	ck_assert_ptr_nonnull(b);
	ct_mem_free(&mem, a, 60);
	ct_mem_free(&mem, b, 40);
	ck_assert_ptr_nonnull(a = ct_mem_alloc(&mem, 100, 4));
	ct_mem_free(&mem, a, 100);
	ct_test_alloc_leaks(&host_mem);
}
END_TEST

START_TEST(refused_memory_is_not_counted)
{
	make(0);
	ct_test_alloc_fail_nth(&host_mem, 1);
	ck_assert_ptr_null(ct_mem_alloc(&mem, 100, 8));
	ck_assert_uint_eq(ct_mem_in_use(&mem), 0);
}
END_TEST

/* Half a pair would free what another allocator gave. */
START_TEST(half_a_pair_is_none)
{
	struct ct_host host = { .size = sizeof(host) };
	void *ptr;

	ct_test_alloc_init(&host_mem);
	ct_test_alloc_host(&host_mem, &host);
	host.free = NULL;
	ct_mem_init(&mem, &host, 0);
	ptr = ct_mem_alloc(&mem, 10, 8);
	ck_assert_ptr_nonnull(ptr);
	ck_assert_uint_eq(atomic_load(&host_mem.calls), 0);
	ct_mem_free(&mem, ptr, 10);
}
END_TEST

START_TEST(every_hook_is_filled_in)
{
	uint8_t bytes[2][64] = { { 0 }, { 0 } };
	struct ct_pkt pkt = { 0 };
	const struct ct_host *host = &mem.host;
	void *ptr;

	ct_mem_init(&mem, NULL, 0);
	ptr = ct_mem_alloc(&mem, 77, 64);
	ck_assert_ptr_nonnull(ptr);
	ct_mem_free(&mem, ptr, 77);
	host->random(host->user, bytes[0], sizeof(bytes[0]));
	host->random(host->user, bytes[1], sizeof(bytes[1]));
	ck_assert_mem_ne(bytes[0], bytes[1], sizeof(bytes[0]));
	host->log(host->user, CT_LOG_ERR, "nobody reads this");
	ck_assert_int_lt(host->pull(host->user, &pkt, 1), 0);
	host->emit(host->user, &pkt);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("mem");
	TCase *tc = tcase_create("mem");

	tcase_add_test(tc, memory_comes_zeroed_and_aligned);
	tcase_add_test(tc, bytes_in_use_are_those_that_the_host_saw);
	tcase_add_test(tc, limit_holds_to_the_byte);
	tcase_add_test(tc, refused_memory_is_not_counted);
	tcase_add_test(tc, half_a_pair_is_none);
	tcase_add_test(tc, every_hook_is_filled_in);
	suite_add_tcase(suite, tc);
	return suite;
}
