/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A full table under several threads: newcomers, answers, classes, limits and
 * questions at the same time.
 */
#include "crowd.h"
#include "suite.h"

#include <pthread.h>
#include <string.h>

enum { MAX = 300, THREADS = 3, PACKETS = 20000 };

static struct ct_world w;

static void *flood(void *user)
{
	uint32_t first = *(const uint32_t *)user;
	struct ct_world mine = { .tbl = w.tbl, .now_ns = CT_WORLD_START };

	ck_assert_int_eq(ct_thread_attach(w.tbl, &mine.thr), 0);
	for (uint32_t i = 0; i < PACKETS; i++) {
		/* Some come again, and some of them are everybody's. */
		uint32_t n = i % 4 ? first + i : i % 64;
		struct ct_test_flow flow = ct_world_flow(n);
		struct ct_conn *conn;

		ct_crowd_arrive_by(&mine, &flow, NULL, 0);
		conn = ct_crowd_found(&mine, n);
		if (conn && i % 3 == 0)
			ct_conn_class_set(mine.thr, conn, i % 3 + i % 2);
		if (conn && i % 2 == 0) {
			struct ct_pkt pkt;

			ct_test_udp(&mine.p, &flow, CT_DIR_REPLY, 10);
			pkt = ct_test_pkt(&mine.p);
			if (ct_process(mine.thr, &pkt, CT_HOOK_PREROUTING) ==
			    CT_ACCEPT)
				ct_confirm(mine.thr, &pkt);
		}
		if (i % 32 == 0) {
			mine.now_ns += 10000000;
			ct_thread_poll(mine.thr, mine.now_ns);
		}
	}
	ct_thread_detach(mine.thr);
	return NULL;
}

static void ask(unsigned i)
{
	const struct ct_class_def def = { .size = sizeof(def),
					  .reserve = i % 20,
					  .rank = i % 4 };
	struct ct_pressure now = { .size = sizeof(now) };
	struct ct_victim victims[8];
	struct ct_talker talkers[8];

	ck_assert_int_eq(ct_pressure(w.tbl, &now), 0);
	ck_assert_uint_le(now.conns, MAX + THREADS);
	ct_victims(w.tbl, victims, 8);
	ct_talkers(w.tbl, CT_TALKER_SRC, talkers, 8);
	ck_assert_int_eq(ct_class_define(w.tbl, 1, &def), 0);
	ck_assert_int_eq(ct_zone_limit(w.tbl, 7, i % 10, 0), 0);
}

START_TEST(a_full_table_is_right_with_many_threads)
{
	const struct ct_config cfg = { .size = sizeof(cfg), .max_conns = MAX };
	uint32_t first[THREADS];
	pthread_t threads[THREADS];

	ct_world_create(&w, &cfg);
	ck_assert_int_eq(ct_zone_limit(w.tbl, 7, 5, 0), 0);
	ct_crowd_set(&w, "overflow.policy", CT_OVERFLOW_SCORED);
	ct_world_attach(&w);
	for (uint32_t i = 0; i < THREADS; i++) {
		first[i] = 100000 * (i + 1);
		ck_assert_int_eq(
			pthread_create(&threads[i], NULL, flood, &first[i]), 0);
	}
	for (unsigned i = 0; i < 200; i++)
		ask(i);
	for (uint32_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ct_world_audit(&w);
	ct_world_end(&w);
}
END_TEST

enum { ALL = 4000, PART = 4, VICTIMS = 16 };

/* The n-th of a table of whose connections one source has one in PART. */
static struct ct_test_flow nth_of_all(uint32_t n)
{
	return n % PART ? ct_world_flow(n) : ct_crowd_greedy(n);
}

static void assure_all(void)
{
	for (unsigned step = 0; step < 3; step++) {
		for (uint32_t i = 0; i < ALL; i++) {
			struct ct_test_flow flow = nth_of_all(i);

			if (step)
				ct_world_udp(&w, &flow,
					     step == 1 ? CT_DIR_REPLY
						       : CT_DIR_ORIG);
			else
				ct_crowd_arrive_by(&w, &flow, NULL, 0);
		}
		ct_world_wait(&w, 3 * CT_WORLD_S);
	}
}

/* One newcomer of the large source, by a handle that was made for it. */
static void arrive_by_stranger(uint32_t n)
{
	struct ct_world mine = { .tbl = w.tbl, .now_ns = w.now_ns };
	struct ct_test_flow flow = ct_crowd_greedy(ALL + n);

	ck_assert_int_eq(ct_thread_attach(w.tbl, &mine.thr), 0);
	ct_thread_poll(mine.thr, mine.now_ns);
	ct_crowd_arrive_by(&mine, &flow, NULL, 0);
	ct_thread_detach(mine.thr);
}

/* A thread that has looked for room never before knows from others who holds
 * much, and gives him nobody else's place. */
START_TEST(who_holds_much_does_so_for_all_threads)
{
	const struct ct_config cfg = { .size = sizeof(cfg), .max_conns = ALL };
	struct ct_victim victims[VICTIMS];
	size_t n;

	ct_world_create(&w, &cfg);
	ct_crowd_set(&w, "overflow.policy", CT_OVERFLOW_SCORED);
	ct_crowd_set(&w, "overflow.victims", VICTIMS);
	ct_world_attach(&w);
	assure_all();
	ct_crowd_fill(&w, 2 * ALL, ALL / 40);
	ct_world_wait(&w, CT_WORLD_S);
	for (uint32_t i = 0; i < VICTIMS; i++)
		arrive_by_stranger(i);
	n = ct_victims(w.tbl, victims, VICTIMS);
	ck_assert_uint_eq(n, VICTIMS);
	ck_assert_uint_eq(victims[0].at_ns, w.now_ns);
	for (size_t i = 0; i < n; i++)
		if (victims[i].at_ns == w.now_ns)
			ck_assert_uint_eq(victims[i].tuple.src.bytes[1], 99);
	ct_world_end(&w);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("overflow_threads");
	TCase *tcase = tcase_create("threads");

	tcase_add_test(tcase, a_full_table_is_right_with_many_threads);
	tcase_add_test(tcase, who_holds_much_does_so_for_all_threads);
	suite_add_tcase(suite, tcase);
	return suite;
}
