/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A full table whose host has no memory for what it wants to remember, and one
 * whose senders want it to take more than it may.
 */
#include "alloc.h"
#include "audit.h"
#include "crowd.h"
#include "suite.h"

#include <string.h>

enum { MAX = 500 };

static struct ct_world w;
static struct ct_test_alloc mem;
static struct ct_host host;

static int open_table(uint64_t max_bytes)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .host = &host,
				       .max_conns = MAX,
				       .max_bytes = max_bytes };

	memset(&w, 0, sizeof(w));
	w.now_ns = CT_WORLD_START;
	return ct_table_create(&cfg, &w.tbl);
}

static void begin(uint64_t max_bytes)
{
	const struct ct_class_def def = { .size = sizeof(def), .reserve = 10 };

	memset(&host, 0, sizeof(host));
	host.size = sizeof(host);
	ct_test_alloc_init(&mem);
	ct_test_alloc_host(&mem, &host);
	ck_assert_int_eq(open_table(max_bytes), 0);
	ck_assert_int_eq(ct_class_define(w.tbl, 1, &def), 0);
	ck_assert_int_eq(ct_zone_limit(w.tbl, 7, 10, 20), 0);
	ck_assert_int_eq(ct_param_set(w.tbl, "overflow.source.max", MAX), 0);
	ck_assert_int_eq(
		ct_param_set(w.tbl, "overflow.policy", CT_OVERFLOW_SCORED), 0);
	ck_assert_int_eq(ct_thread_attach(w.tbl, &w.thr), 0);
	ct_thread_poll(w.thr, w.now_ns);
}

static void end(void)
{
	ct_thread_poll(w.thr, w.now_ns);
	ck_assert_ptr_null(ct_table_check(w.tbl));
	ct_thread_detach(w.thr);
	ct_table_destroy(w.tbl);
	ct_test_alloc_leaks(&mem);
}

static void press(uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++) {
		struct ct_test_flow flow = ct_world_flow(i);

		ct_crowd_arrive_by(&w, &flow, NULL, i % 50 ? 0 : 7);
		if (i % 32 == 0) {
			w.now_ns += 1000000;
			ct_thread_poll(w.thr, w.now_ns);
		}
	}
}

/* A list that cannot be made is done without; evictions go on. */
START_TEST(what_cannot_be_remembered_is_not)
{
	bool failed = true;

	for (uint64_t n = 1; failed; n++) {
		struct ct_victim victims[8];

		begin(0);
		press(0, MAX);
		ct_test_alloc_fail_nth(&mem, n);
		press(MAX, 2 * MAX);
		failed = ct_test_alloc_failed(&mem);
		ct_test_alloc_fail_never(&mem);
		ck_assert_uint_ge(ct_crowd_pressure(&w).evicted[0], MAX / 2);
		/* And made later. */
		press(3 * MAX, MAX);
		ck_assert_uint_eq(ct_victims(w.tbl, victims, 8), 8);
		end();
	}
}
END_TEST

START_TEST(memory_may_be_gone_when_it_is_full)
{
	begin(0);
	press(0, MAX);
	ct_test_alloc_fail_from(&mem, 1);
	press(MAX, 20 * MAX);
	ck_assert_uint_ge(ct_crowd_pressure(&w).evicted[0], MAX);
	ct_test_alloc_fail_never(&mem);
	end();
}
END_TEST

/* Sketch, ledger, talkers and ghosts are made once, and count. */
START_TEST(no_sender_makes_it_take_more)
{
	uint64_t bytes;

	begin(0);
	press(0, 4 * MAX);
	bytes = mem.bytes;
	ck_assert_uint_eq(ct_crowd_pressure(&w).bytes, bytes);
	press(4 * MAX, 40 * MAX);
	ck_assert_uint_eq(mem.bytes, bytes);
	end();
}
END_TEST

/* With just less than it would like to have. */
START_TEST(the_limit_in_bytes_holds)
{
	uint64_t whole, max;

	begin(0);
	press(0, 4 * MAX);
	whole = mem.bytes;
	end();
	for (max = whole - 8192; max < whole; max += 512) {
		begin(max);
		press(0, 4 * MAX);
		ck_assert_uint_le(mem.bytes, max);
		ck_assert_uint_eq(ct_crowd_pressure(&w).max_bytes, max);
		end();
	}
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("fail.overflow");
	TCase *tcase = tcase_create("memory");

	tcase_add_test(tcase, what_cannot_be_remembered_is_not);
	tcase_add_test(tcase, memory_may_be_gone_when_it_is_full);
	tcase_add_test(tcase, no_sender_makes_it_take_more);
	tcase_add_test(tcase, the_limit_in_bytes_holds);
	suite_add_tcase(suite, tcase);
	return suite;
}
