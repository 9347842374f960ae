/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The wait that one step of a handshake in 33 exceeds.
 */
#include "core/pace.h"

#include "core/table.h"
#include "suite.h"
#include "world.h"

enum { MAX = 100, LARGE = 8192 };

static struct ct_world w;
static struct ct_conn *conn;

static void start(uint32_t max_conns)
{
	struct ct_test_flow flow = ct_world_flow(1);

	ct_world_start(&w, max_conns);
	ct_world_udp(&w, &flow, CT_DIR_ORIG);
	conn = ct_conn_at(w.tbl, ct_slab_next_conn(&w.tbl->slab, 0));
}

static void note(uint32_t ticks)
{
	ct_pace_note(w.thr, conn, CT_PACE_ACK, ticks);
}

/* => In ticks. */
static double wait_now(void)
{
	return (double)atomic_load_explicit(&w.tbl->pace.wait[CT_PACE_ACK],
					    memory_order_relaxed) /
	       CT_PACE_TICK;
}

START_TEST(the_first_one_is_believed)
{
	start(MAX);
	note(40);
	ck_assert_double_gt(wait_now(), 39);
	ck_assert_double_lt(wait_now(), 41);
	ct_world_end(&w);
}
END_TEST

START_TEST(one_of_33_is_longer)
{
	double sum = 0;

	start(MAX);
	for (uint32_t i = 0; i < 20000; i++) {
		note(i * 37 % 100);
		if (i >= 10000)
			sum += wait_now();
	}
	ck_assert_double_gt(sum / 10000, 94);
	ck_assert_double_lt(sum / 10000, 100);
	ct_world_end(&w);
}
END_TEST

START_TEST(a_few_slow_ones_change_little)
{
	start(MAX);
	for (uint32_t i = 0; i < 20000; i++)
		note(i % 50 ? 5 : 1000);
	ck_assert_double_gt(wait_now(), 4);
	ck_assert_double_lt(wait_now(), 7);
	ct_world_end(&w);
}
END_TEST

START_TEST(it_follows_up_and_down)
{
	start(MAX);
	for (unsigned i = 0; i < 100; i++)
		note(5);
	for (unsigned i = 0; i < 100; i++)
		note(200);
	ck_assert_double_gt(wait_now(), 190);
	for (unsigned i = 0; i < 3000; i++)
		note(5);
	ck_assert_double_lt(wait_now(), 7);
	ct_world_end(&w);
}
END_TEST

/* Handshakes make one step after the other, again and again. */
START_TEST(each_kind_of_step_counts_for_itself)
{
	start(MAX);
	note(200);
	for (unsigned i = 0; i < 3000; i++) {
		ct_pace_note(w.thr, conn, CT_PACE_ANSWER, 1);
		note(5);
	}
	ck_assert_double_lt(wait_now(), 7);
	ct_world_end(&w);
}
END_TEST

START_TEST(no_wait_is_too_long)
{
	start(MAX);
	for (unsigned i = 0; i < 1000; i++)
		note(UINT32_MAX);
	ck_assert_double_gt(wait_now(), CT_TICKS_PER_S);
	ct_world_end(&w);
}
END_TEST

/* Who was not pushed out of a full table was quick. */
START_TEST(a_full_table_listens_to_scouts_only)
{
	uint32_t n_scouts = 0, unit = 0;

	start(LARGE);
	for (uint32_t i = 2; i <= LARGE; i++) {
		struct ct_test_flow flow = ct_world_flow(i);

		ct_world_udp(&w, &flow, CT_DIR_ORIG);
	}
	while ((unit = ct_slab_next_conn(&w.tbl->slab, unit))) {
		bool told = wait_now() > 0;

		conn = ct_conn_at(w.tbl, unit);
		note(10);
		n_scouts += ct_pace_is_scout(w.tbl, conn);
		if (!told)
			ck_assert_int_eq(wait_now() > 0,
					 ct_pace_is_scout(w.tbl, conn));
		unit += CT_CONN_UNITS;
	}
	ck_assert_uint_gt(n_scouts, LARGE / 32 / 2);
	ck_assert_uint_lt(n_scouts, LARGE / 32 * 2);
	ct_world_end(&w);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *s = suite_create("unit/pace");
	TCase *tc = tcase_create("pace");

	tcase_add_test(tc, the_first_one_is_believed);
	tcase_add_test(tc, one_of_33_is_longer);
	tcase_add_test(tc, a_few_slow_ones_change_little);
	tcase_add_test(tc, it_follows_up_and_down);
	tcase_add_test(tc, each_kind_of_step_counts_for_itself);
	tcase_add_test(tc, no_wait_is_too_long);
	tcase_add_test(tc, a_full_table_listens_to_scouts_only);
	suite_add_tcase(s, tc);
	return s;
}
