/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose place newcomers of a class may take: of less rank, but not of more.
 */
#include "core/table.h"
#include "crowd.h"
#include "suite.h"

#include <conntrack/overflow.h>

enum { MAX = 200 };

static struct ct_world w;

static void start(void)
{
	const struct ct_config cfg = { .size = sizeof(cfg), .max_conns = MAX };

	ct_world_create(&w, &cfg);
	ct_world_watch(&w);
}

static void teardown(void)
{
	ct_world_settle(&w);
	ct_world_end(&w);
}

/* Classes 1 and 2, of as much rank. */
static void start_ranks(const struct ct_policy *policy[3])
{
	struct ct_class_def def = { .size = sizeof(def) };

	start();
	for (def.rank = 1; def.rank <= 2; def.rank++) {
		ck_assert_int_eq(ct_class_define(w.tbl, def.rank, &def), 0);
		policy[def.rank] =
			ct_crowd_policy(w.tbl, def.rank, CT_OVERFLOW_DEFAULT);
	}
	ct_world_attach(&w);
}

/* A table full of what a class of some rank holds, all of it assured. */
static void fill_by_rank(const struct ct_policy *policy)
{
	for (uint32_t i = 0; i < MAX; i++) {
		struct ct_test_flow flow = ct_world_flow(i);

		ck_assert_uint_eq(ct_crowd_arrive_by(&w, &flow, policy, 0), 0);
	}
	ct_crowd_assure(&w, 0, MAX);
}

START_TEST(rank_or_keep_takes_more_than_others)
{
	struct ct_class_def def = { .size = sizeof(def) };

	start();
	ck_assert_int_eq(ct_class_define(w.tbl, 1, &def), 0);
	def.rank = 1;
	ck_assert_int_eq(ct_class_define(w.tbl, 2, &def), 0);
	def.rank = 0;
	def.flags = CT_CLASS_KEEP;
	ck_assert_int_eq(ct_class_define(w.tbl, 3, &def), 0);
	ct_world_attach(&w);
	ck_assert(!ct_takes_more(w.tbl, 0));
	ck_assert(!ct_takes_more(w.tbl, 1));
	ck_assert(ct_takes_more(w.tbl, 2));
	ck_assert(ct_takes_more(w.tbl, 3));
}
END_TEST

/* Who is refused says nothing of who may take more; not even in the same tick. */
START_TEST(the_higher_rank_stays)
{
	const struct ct_policy *policy[3] = { NULL };
	struct ct_test_flow flow = ct_crowd_greedy(0);

	start_ranks(policy);
	fill_by_rank(policy[1]);
	ck_assert_uint_eq(ct_crowd_arrive_by(&w, &flow, NULL, 0),
			  CT_R_TABLE_FULL);
	ck_assert_uint_eq(ct_crowd_arrive_by(&w, &flow, policy[2], 0), 0);
	ck_assert_uint_eq(ct_crowd_alive(&w, 0, MAX), MAX - 1);

	ct_world_end(&w);
	start_ranks(policy);
	fill_by_rank(policy[2]);
	ck_assert_uint_eq(ct_crowd_arrive_by(&w, &flow, policy[1], 0),
			  CT_R_TABLE_FULL);
	ck_assert_uint_eq(ct_crowd_arrive_by(&w, &flow, policy[2], 0), 0);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("overflow_rank");
	TCase *tcase = tcase_create("classes");

	tcase_add_checked_fixture(tcase, NULL, teardown);
	tcase_add_test(tcase, rank_or_keep_takes_more_than_others);
	tcase_add_test(tcase, the_higher_rank_stays);
	suite_add_tcase(suite, tcase);
	return suite;
}
