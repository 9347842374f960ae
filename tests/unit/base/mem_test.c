/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's allocator: counted, limited, and given back as it was.
 */
#include "base/mem.h"

#include "alloc.h"
#include "suite.h"

#include <conntrack/conntrack.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

static struct ct_test_alloc host_mem;
static struct ct_mem mem;

/* The system's randomness, which takes libc's place in this program. */
static struct {
	unsigned calls;
	unsigned interrupted; /* so many calls are */
	int error;            /* of all others, or 0 */
} system_;

ssize_t getrandom(void *buf, size_t len, unsigned flags)
{
	enum { AT_ONCE = 7 };
	size_t n = len < AT_ONCE ? len : AT_ONCE;

	(void)flags;
	if (++system_.calls <= system_.interrupted)
		errno = EINTR;
	else
		errno = system_.error;
	if (errno)
		return -1;
	memset(buf, (int)system_.calls, n);
	return (ssize_t)n;
}

static void make(uint64_t max_bytes)
{
	struct ct_host host = { .size = sizeof(host) };

	ct_test_alloc_init(&host_mem);
	ct_test_alloc_host(&host_mem, &host);
	ck_assert_int_eq(ct_mem_init(&mem, &host, max_bytes), 0);
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
START_TEST(half_a_pair_is_refused)
{
	struct ct_host host = { .size = sizeof(host) }, half;

	ct_test_alloc_init(&host_mem);
	ct_test_alloc_host(&host_mem, &host);
	half = host;
	half.free = NULL;
	ck_assert_int_eq(ct_mem_init(&mem, &half, 0), CT_E_INVAL);
	half = host;
	half.alloc = NULL;
	ck_assert_int_eq(ct_mem_init(&mem, &half, 0), CT_E_INVAL);
}
END_TEST

START_TEST(every_hook_is_filled_in)
{
	struct ct_pkt pkt = { 0 };
	const struct ct_host *host = &mem.host;
	void *ptr;

	ck_assert_int_eq(ct_mem_init(&mem, NULL, 0), 0);
	ptr = ct_mem_alloc(&mem, 77, 64);
	ck_assert_ptr_nonnull(ptr);
	ct_mem_free(&mem, ptr, 77);
	host->log(host->user, CT_LOG_ERR, "nobody reads this");
	ck_assert_int_lt(host->pull(host->user, &pkt, 1), 0);
	host->emit(host->user, &pkt);
}
END_TEST

static void note_random(void *user, void *buf, size_t len)
{
	*(size_t *)user = len;
	memset(buf, 0xaa, len);
}

START_TEST(randomness_is_the_hosts_if_it_has_some)
{
	size_t len = 0;
	const struct ct_host host = { .size = sizeof(host),
				      .user = &len,
				      .random = note_random };
	uint8_t bytes[4] = { 0 };

	ck_assert_int_eq(ct_mem_init(&mem, &host, 0), 0);
	ck_assert_int_eq(ct_mem_random(&mem, bytes, sizeof(bytes)), 0);
	ck_assert_uint_eq(len, sizeof(bytes));
	ck_assert_uint_eq(bytes[3], 0xaa);
	ck_assert_uint_eq(system_.calls, 0);
}
END_TEST

START_TEST(interrupted_randomness_is_asked_for_again)
{
	/* Seven bytes at a time, from the third call on. */
	static const uint8_t want[9] = { 3, 3, 3, 3, 3, 3, 3, 4, 4 };
	uint8_t bytes[10] = { 0 };

	make(0);
	system_.interrupted = 2;
	ck_assert_int_eq(ct_mem_random(&mem, bytes, sizeof(want)), 0);
	ck_assert_mem_eq(bytes, want, sizeof(want));
	ck_assert_uint_eq(bytes[9], 0);
	ck_assert_uint_eq(system_.calls, 4);
}
END_TEST

START_TEST(without_randomness_there_is_no_table)
{
	struct ct_host host = { .size = sizeof(host) };
	const struct ct_config cfg = { .size = sizeof(cfg), .host = &host };
	struct ct_table *tbl = NULL;

	ct_test_alloc_init(&host_mem);
	ct_test_alloc_host(&host_mem, &host);
	system_.error = ENOSYS;
	ck_assert_int_eq(ct_table_create(&cfg, &tbl), CT_E_NOENT);
	ck_assert_ptr_null(tbl);
	ct_test_alloc_leaks(&host_mem);
	system_.error = 0;
	ck_assert_int_eq(ct_table_create(&cfg, &tbl), 0);
	ct_table_destroy(tbl);
}
END_TEST

static void setup(void)
{
	memset(&system_, 0, sizeof(system_));
}

Suite *ct_suite(void)
{
	Suite *suite = suite_create("mem");
	TCase *tc = tcase_create("mem");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, memory_comes_zeroed_and_aligned);
	tcase_add_test(tc, bytes_in_use_are_those_that_the_host_saw);
	tcase_add_test(tc, limit_holds_to_the_byte);
	tcase_add_test(tc, refused_memory_is_not_counted);
	tcase_add_test(tc, half_a_pair_is_refused);
	tcase_add_test(tc, every_hook_is_filled_in);
	tcase_add_test(tc, randomness_is_the_hosts_if_it_has_some);
	tcase_add_test(tc, interrupted_randomness_is_asked_for_again);
	tcase_add_test(tc, without_randomness_there_is_no_table);
	suite_add_tcase(suite, tc);
	return suite;
}
