/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a full table tells of itself, and timeouts that shrink as it fills.
 */
#include "crowd.h"
#include "suite.h"

#include <time.h>

enum { MAX = 200, SOFT = 300 };

static struct ct_world w;

static void setup(void)
{
	const struct ct_config cfg = { .size = sizeof(cfg), .max_conns = MAX };

	ct_world_create(&w, &cfg);
	ct_world_watch(&w);
	ct_world_attach(&w);
}

static void teardown(void)
{
	ct_world_settle(&w);
	ct_world_end(&w);
}

START_TEST(victims_are_remembered)
{
	struct ct_victim victims[MAX];
	struct ct_pressure now;

	ck_assert_uint_eq(ct_victims(w.tbl, victims, MAX), 0);
	ct_crowd_fill(&w, 0, MAX);
	ct_crowd_fill(&w, 1000, 10);
	ck_assert_uint_eq(ct_victims(w.tbl, victims, MAX), 10);
	for (uint32_t i = 0; i < 10; i++) {
		ck_assert_uint_eq(victims[i].reason, CT_R_END_EVICTED);
		ck_assert_ptr_null(ct_find(w.thr, &victims[i].tuple, NULL));
		ck_assert_uint_eq(victims[i].at_ns, w.now_ns);
	}
	ct_crowd_fill(&w, 2000, 100);
	ck_assert_uint_eq(ct_victims(w.tbl, victims, MAX), 64);
	now = ct_crowd_pressure(&w);
	ck_assert_uint_eq(now.evicted[0], 110);
	ck_assert_uint_eq(now.conns, MAX);
	ck_assert_uint_eq(now.unproven, MAX);
	ck_assert_uint_eq(now.level, 1000);
	ck_assert_uint_ge(now.lines, 110);
	ck_assert_uint_le(now.lines, 4 * 110);
}
END_TEST

START_TEST(top_talkers_are_known)
{
	struct ct_talker talkers[4];

	ct_crowd_fill(&w, 0, MAX);
	ct_world_wait(&w, 1); /* there is pressure, says the poll */
	for (uint32_t i = 0; i < 3000; i++) {
		struct ct_test_flow flow = ct_crowd_greedy(i);

		ct_crowd_arrive_by(&w, &flow, NULL, 0);
		if (i % 3 == 0)
			ct_crowd_arrive(&w, 5000 + i);
	}
	ck_assert_uint_eq(ct_talkers(w.tbl, CT_TALKER_SRC, talkers, 4), 4);
	ck_assert_uint_eq(talkers[0].addr.bytes[1], 99);
	/* 3000 of 4000, by samples of 32; what others have of it is error. */
	ck_assert_uint_ge(talkers[0].opened, 2500);
	ck_assert_uint_le(talkers[0].opened - talkers[0].error, 3500);
	for (unsigned i = 1; i < 4; i++)
		ck_assert_uint_le(talkers[i].opened, talkers[i - 1].opened);
	ck_assert_uint_eq(ct_talkers(w.tbl, CT_TALKER_DST, talkers, 4), 1);
	ck_assert_uint_eq(talkers[0].share, 65535);
}
END_TEST

/* One source in 2000 that come while the table is full. */
static struct ct_talker first_talker(void)
{
	struct ct_talker talker = { .opened = 0 };

	ck_assert_uint_le(ct_talkers(w.tbl, CT_TALKER_SRC, &talker, 1), 1);
	return talker;
}

static void talk(void)
{
	ct_crowd_fill(&w, 0, MAX);
	ct_world_wait(&w, 1);
	for (uint32_t i = 0; i < 2000; i++) {
		struct ct_test_flow flow = ct_crowd_greedy(i);

		ct_crowd_arrive_by(&w, &flow, NULL, 0);
	}
}

START_TEST(talkers_are_forgotten_although_nobody_comes)
{
	uint64_t opened;

	ct_crowd_set(&w, "overflow.half_life", 60);
	talk();
	opened = first_talker().opened;
	ck_assert_uint_ge(opened, 1500);
	ct_world_wait(&w, 60 * CT_WORLD_S);
	ck_assert_uint_eq(first_talker().opened, opened / 2);
	ct_world_wait(&w, 3600 * CT_WORLD_S);
	ck_assert_uint_eq(first_talker().opened, 0);
}
END_TEST

/* However many half-lives have passed: one step, and none of them is lost. */
START_TEST(a_long_silence_is_forgotten_at_once)
{
	enum { QUIET = 240u * 86400 }; /* seconds */
	clock_t before;

	ct_crowd_set(&w, "overflow.half_life", 1);
	talk();
	ct_world_wait(&w, QUIET * CT_WORLD_S);
	before = clock();
	talk();
	ck_assert_int_lt((clock() - before) / CLOCKS_PER_SEC, 5);
	ck_assert_uint_ge(first_talker().opened, 1500);
	ck_assert_uint_le(first_talker().opened, 2500);
}
END_TEST

static void poll_for(uint32_t seconds)
{
	for (uint32_t i = 0; i < 10 * seconds; i++)
		ct_world_wait(&w, CT_WORLD_S / 10);
}

/*
 * A soft age is met to the precision of a sweep, on the early side.  Here a sweep
 * of 180 places takes 1.2 seconds, twelve polls of 16 places.
 */
START_TEST(what_is_idle_past_its_soft_age_goes_under_pressure)
{
	for (uint32_t i = 0; i < MAX * 9 / 10; i++)
		ct_crowd_establish(&w, i);
	poll_for(SOFT - 2);
	ck_assert_uint_eq(ct_world_conns(&w), MAX * 9 / 10);
	/* One in ten is at work, and stays. */
	for (uint32_t i = 0; i < MAX * 9 / 10; i += 10)
		ct_crowd_segment(&w, i, CT_DIR_ORIG, CT_TEST_ACK, 101, 501);
	poll_for(2);
	/* Down to the soft watermark, and no further than a poll looks. */
	ck_assert_uint_le(ct_world_conns(&w), MAX * 8 / 10);
	ck_assert_uint_ge(ct_world_conns(&w), MAX * 8 / 10 - 16);
	for (uint32_t i = 0; i < MAX * 9 / 10; i += 10)
		ck_assert(ct_crowd_lives_tcp(&w, i));
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_SHORTENED),
			  MAX * 9 / 10 - ct_world_conns(&w));
}
END_TEST

/* UDP streams of three kinds, each in a third of a table that is almost full. */
static void fill_by(const struct ct_policy *const policies[3])
{
	for (uint32_t i = 0; i < MAX * 9 / 10; i++) {
		struct ct_test_flow flow = ct_world_flow(i);

		ck_assert_uint_eq(
			ct_crowd_arrive_by(&w, &flow, policies[i % 3], 0), 0);
	}
	ct_crowd_assure(&w, 0, MAX * 9 / 10);
}

/* => How many of a kind there are. */
static uint32_t alive_of(unsigned kind)
{
	uint32_t alive = 0;

	for (uint32_t i = kind; i < MAX * 9 / 10; i += 3)
		alive += ct_crowd_found(&w, i) != NULL;
	return alive;
}

/*
 * Two fifths of what a state has, or of what the policy says of it; or what the
 * class has.
 */
START_TEST(each_state_and_class_has_a_soft_age)
{
	static const struct ct_policy_timeout timeouts[] = {
		{ .name = "udp.timeout.stream", .seconds = 200 }
	};
	const struct ct_policy_def shorter = { .size = sizeof(shorter),
					       .timeouts = timeouts,
					       .n_timeouts = 1 };
	const struct ct_class_def def = { .size = sizeof(def), .soft = 40 };
	const struct ct_policy *policies[3] = { NULL };
	const uint32_t each = MAX * 3 / 10;

	ct_crowd_set(&w, "overflow.low", 0);
	ct_crowd_set(&w, "overflow.soft.part", 400);
	ck_assert_int_eq(ct_class_define(w.tbl, 1, &def), 0);
	ck_assert_int_eq(ct_policy_create(w.tbl, &shorter, &policies[1]), 0);
	policies[2] = ct_crowd_policy(w.tbl, 1, CT_OVERFLOW_DEFAULT);
	fill_by(policies);
	poll_for(38);
	ck_assert_uint_eq(alive_of(2), each);
	poll_for(2);
	ck_assert_uint_eq(alive_of(2), 0);
	ck_assert_uint_eq(alive_of(1), each);
	poll_for(38);
	ck_assert_uint_eq(alive_of(1), each);
	poll_for(2);
	ck_assert_uint_eq(alive_of(1), 0);
	ck_assert_uint_eq(alive_of(0), each);
	poll_for(38);
	ck_assert_uint_eq(alive_of(0), each);
	poll_for(2);
	ck_assert_uint_eq(alive_of(0), 0);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_SHORTENED), 3 * each);
}
END_TEST

/* Its soft age is all of its timeout, which is a promise: not a tick less. */
START_TEST(no_timeout_ends_early)
{
	const struct ct_policy *policies[3] = { NULL };

	ct_crowd_set(&w, "overflow.low", 0);
	ct_crowd_set(&w, "udp.timeout.stream", 200);
	fill_by(policies);
	poll_for(199);
	w.now_ns += CT_WORLD_S - 1;
	for (uint32_t i = 0; i < MAX; i++)
		ct_thread_poll(w.thr, w.now_ns);
	ck_assert_uint_eq(ct_world_conns(&w), MAX * 9 / 10);
	poll_for(2);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_SHORTENED), 0);
}
END_TEST

/* A poll every ten seconds, for so long: a sweep takes two minutes. */
static void poll_seldom(uint32_t seconds)
{
	for (uint32_t i = 0; i < seconds; i += 10)
		ct_world_wait(&w, 10 * CT_WORLD_S);
}

/* A 32nd of the soft age is all that a late sweep may take off it. */
START_TEST(a_late_sweep_does_not_end_things_much_earlier)
{
	for (uint32_t i = 0; i < MAX * 9 / 10; i++)
		ct_crowd_establish(&w, i);
	for (unsigned round = 0; round < 5; round++) {
		poll_seldom(240);
		for (uint32_t i = 0; i < MAX * 9 / 10; i++)
			ct_crowd_segment(&w, i, CT_DIR_ORIG, CT_TEST_ACK, 101,
					 501);
	}
	poll_seldom(SOFT - SOFT / 30);
	ck_assert_uint_eq(ct_world_conns(&w), MAX * 9 / 10);
	poll_seldom(120);
	ck_assert_uint_le(ct_world_conns(&w), MAX * 8 / 10);
}
END_TEST

/* The sweep rested with the pressure: its round was not that long. */
START_TEST(after_a_rest_nothing_ends_much_earlier)
{
	const uint32_t n = MAX * 9 / 10;

	for (uint32_t i = 0; i < n; i++)
		ct_crowd_establish(&w, i);
	poll_for(5);
	ct_crowd_set(&w, "overflow.low", 950);
	poll_for(200);
	ct_crowd_set(&w, "overflow.low", 800);
	poll_for(SOFT - SOFT / 30 - 206);
	ck_assert_uint_eq(ct_world_conns(&w), n);
	poll_for(SOFT / 30 + 1);
	ck_assert_uint_le(ct_world_conns(&w), MAX * 8 / 10);
}
END_TEST

/* Whoever has the table swept in one go has his soft ages, too: by the time
 * between two calls. */
START_TEST(who_sweeps_all_at_once_is_not_late_either)
{
	const uint32_t n = MAX * 9 / 10;

	for (uint32_t i = 0; i < n; i++)
		ct_crowd_establish(&w, i);
	ct_world_wait(&w, 0); /* there is pressure, says the poll */
	for (uint32_t i = 0; i < SOFT / 5; i++) {
		ck_assert_uint_eq(ct_world_conns(&w), n);
		w.now_ns += 5 * CT_WORLD_S;
		ck_assert_int_eq(ct_maintain(w.tbl, w.now_ns, 0), 0);
	}
	ck_assert_uint_eq(ct_world_conns(&w), MAX * 8 / 10);
}
END_TEST

enum { MANY = 20000 };

static void large(void)
{
	const struct ct_config cfg = { .size = sizeof(cfg), .max_conns = MANY };

	teardown();
	ct_world_create(&w, &cfg);
	ct_world_watch(&w);
	ct_world_attach(&w);
	ct_crowd_set(&w, "overflow.low", 0);
}

/* A large table, nine tenths of which are in use. */
static void crowd(void)
{
	large();
	ct_crowd_fill(&w, 0, MANY * 9 / 10);
}

/* A thousand polls a second. */
static void poll_often(uint32_t seconds)
{
	for (uint32_t i = 0; i < 1000 * seconds; i++) {
		w.now_ns += CT_WORLD_S / 1000;
		ct_thread_poll(w.thr, w.now_ns);
	}
}

/* A sweep takes no longer than polls do where somebody's age is short. */
START_TEST(short_soft_ages_are_met_in_a_large_table)
{
	crowd();
	ct_crowd_set(&w, "overflow.soft.part", 100);
	ct_crowd_assure(&w, 0, MANY * 9 / 10);
	poll_often(28);
	ck_assert_uint_gt(ct_world_conns(&w), 0);
	poll_often(4);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

START_TEST(a_class_with_a_short_soft_age_sets_the_pace)
{
	const struct ct_class_def def = { .size = sizeof(def), .soft = 40 };

	crowd();
	ct_crowd_assure(&w, 0, MANY * 9 / 10);
	ck_assert_int_eq(ct_class_define(w.tbl, 0, &def), 0);
	poll_often(38);
	ck_assert_uint_eq(ct_world_conns(&w), MANY * 9 / 10);
	poll_often(4);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

/* Where all is assured there is no haste, however often the host polls: a round
 * takes a 40th of the soft age, and so the end of all of them does. */
START_TEST(a_sweep_of_who_is_assured_takes_its_time)
{
	const uint32_t n = MANY * 9 / 10;

	large();
	for (uint32_t i = 0; i < n; i++)
		ct_crowd_establish(&w, i);
	poll_often(SOFT - SOFT / 30);
	ck_assert_uint_eq(ct_world_conns(&w), n);
	poll_often(SOFT / 30 - 2);
	ck_assert_uint_lt(ct_world_conns(&w), n / 2);
	ck_assert_uint_gt(ct_world_conns(&w), 0);
	poll_often(3);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

START_TEST(a_long_soft_age_does_not_hold_the_rest_up)
{
	crowd();
	ct_crowd_set(&w, "overflow.soft", 86400);
	poll_often(14);
	ck_assert_uint_lt(ct_world_conns(&w), MANY * 7 / 10);
}
END_TEST

/* => Tenths of a second after which a question without an answer is over. */
static uint32_t patience(uint32_t i)
{
	uint32_t tenths = 0;

	ct_crowd_fill(&w, i, 1);
	for (; ct_crowd_found(&w, i); tenths++)
		ct_world_wait(&w, CT_WORLD_S / 10);
	return tenths;
}

/*
 * All of a timeout up to the soft watermark, ten seconds from the hard one on, and
 * in between the part that is free; of what has proven nothing.
 */
START_TEST(timeouts_shrink_between_the_watermarks)
{
	static const struct {
		uint32_t conns; /* of 200, with the one that waits */
		uint32_t tenths;
	} at[] = { { 100, 1200 }, { 120, 900 }, { 140, 600 },
		   { 160, 300 },  { 180, 100 }, { MAX, 100 } };
	enum { N = sizeof(at) / sizeof(at[0]), LATE = 20 /* a sweep */ };
	uint32_t n = 0;

	ct_crowd_set(&w, "overflow.low", 500);
	ct_crowd_set(&w, "overflow.high", 900);
	ct_crowd_set(&w, "overflow.soft", 3600);
	ct_crowd_set(&w, "udp.timeout", 120);
	for (unsigned i = 0; i < N; i++) {
		uint32_t tenths;

		for (; n < at[i].conns - 1; n++)
			ct_crowd_establish(&w, n);
		ct_world_wait(&w, 0); /* there is pressure, says the poll */
		tenths = patience(1000);
		ck_assert_uint_ge(tenths, at[i].tenths);
		ck_assert_uint_le(tenths, at[i].tenths + LATE);
		ck_assert_uint_eq(ct_world_count(&w, CT_R_END_SHORTENED), i);
		ck_assert_uint_eq(ct_world_conns(&w), n);
	}
}
END_TEST

START_TEST(without_pressure_nothing_shrinks)
{
	for (uint32_t i = 0; i < MAX / 2; i++)
		ct_crowd_establish(&w, i);
	poll_for(3000);
	ck_assert_uint_eq(ct_world_conns(&w), MAX / 2);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("overflow_pressure");
	TCase *tcase = tcase_create("pressure");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, victims_are_remembered);
	tcase_add_test(tcase, top_talkers_are_known);
	tcase_add_test(tcase, talkers_are_forgotten_although_nobody_comes);
	tcase_add_test(tcase, a_long_silence_is_forgotten_at_once);
	tcase_add_test(tcase,
		       what_is_idle_past_its_soft_age_goes_under_pressure);
	tcase_add_test(tcase, each_state_and_class_has_a_soft_age);
	tcase_add_test(tcase, no_timeout_ends_early);
	tcase_add_test(tcase, a_late_sweep_does_not_end_things_much_earlier);
	tcase_add_test(tcase, after_a_rest_nothing_ends_much_earlier);
	tcase_add_test(tcase, who_sweeps_all_at_once_is_not_late_either);
	tcase_add_test(tcase, short_soft_ages_are_met_in_a_large_table);
	tcase_add_test(tcase, a_class_with_a_short_soft_age_sets_the_pace);
	tcase_add_test(tcase, a_sweep_of_who_is_assured_takes_its_time);
	tcase_add_test(tcase, a_long_soft_age_does_not_hold_the_rest_up);
	tcase_add_test(tcase, timeouts_shrink_between_the_watermarks);
	tcase_add_test(tcase, without_pressure_nothing_shrinks);
	suite_add_tcase(suite, tcase);
	return suite;
}
