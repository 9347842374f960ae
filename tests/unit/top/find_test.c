/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ct_find_burst() gives the answers of as many calls of ct_find(), whatever
 * the table is doing.
 */
#include "core/table.h"

#include "suite.h"
#include "world.h"

#include <conntrack/event.h>

enum { MANY = 20000, TUPLES = 300, GROUP = 32 };

static struct ct_world w;
static struct ct_tuple tuples[TUPLES];
static struct ct_conn *conns[TUPLES];
static enum ct_dir dirs[TUPLES];

static void setup(int kind)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = 2 * MANY,
				       .profile = CT_PROFILE_LINUX };

	ct_world_create(&w, &cfg);
	ct_param_set(w.tbl, "hash", (uint64_t)kind);
	ct_world_attach(&w);
}

/* Every third is IPv6. */
static struct ct_test_flow flow_of(uint32_t n)
{
	return n % 3 ? ct_world_flow(n) : ct_world_flow6(n);
}

static struct ct_pkt open_one(uint32_t n)
{
	struct ct_test_flow flow = flow_of(n);

	return ct_world_udp(&w, &flow, CT_DIR_ORIG);
}

static void open_many(uint32_t from, uint32_t to)
{
	while (from < to)
		open_one(from++);
}

/* The i-th place asks for flow n, in both directions by turns. */
static void ask_for(unsigned i, uint32_t n)
{
	struct ct_test_flow flow = flow_of(n);

	tuples[i] =
		ct_world_tuple(&flow, n / 5 % 2 ? CT_DIR_REPLY : CT_DIR_ORIG);
}

/* A burst and single calls agree; => how many are there. */
static unsigned compare(unsigned n)
{
	unsigned found = ct_find_burst(w.thr, tuples, n, conns, dirs);
	unsigned singly = 0;

	for (unsigned i = 0; i < n; i++) {
		enum ct_dir dir;
		struct ct_conn *conn = ct_find(w.thr, &tuples[i], &dir);

		singly += conn != NULL;
		ck_assert_ptr_eq(conns[i], conn);
		if (conn)
			ck_assert_int_eq(dirs[i], dir);
	}
	ck_assert_uint_eq(found, singly);
	return found;
}

/* Flows up to n, and as many that were never opened, mixed. */
static void compare_all(uint32_t n)
{
	unsigned found = 0;

	for (uint32_t at = 0; at < 2 * n; at += TUPLES) {
		for (unsigned i = 0; i < TUPLES; i++)
			ask_for(i, at + i);
		found += compare(TUPLES);
	}
	ck_assert_uint_eq(found, n);
}

START_TEST(burst_of_any_length_is_as_many_calls)
{
	setup(_i);
	open_many(0, 100);
	for (unsigned n = 0; n <= 3 * GROUP + 1; n++) {
		for (unsigned i = 0; i < n; i++)
			ask_for(i, (i * 7 + n) % 150);
		conns[n] = (struct ct_conn *)&w;
		compare(n);
		ck_assert_ptr_eq(conns[n], &w);
	}
	ct_world_end(&w);
}
END_TEST

START_TEST(directions_may_be_unwanted)
{
	setup(_i);
	open_many(0, 100);
	for (unsigned i = 0; i < 100; i++)
		ask_for(i, i);
	ck_assert_uint_eq(ct_find_burst(w.thr, tuples, 100, conns, NULL), 100);
	for (unsigned i = 0; i < 100; i++)
		ck_assert_ptr_eq(conns[i], ct_find(w.thr, &tuples[i], NULL));
	ct_world_end(&w);
}
END_TEST

START_TEST(one_tuple_may_be_asked_for_twice)
{
	struct ct_pkt pkt;

	setup(_i);
	pkt = open_one(1);
	for (unsigned i = 0; i < 10; i++)
		ask_for(i, 1);
	ck_assert_uint_eq(ct_find_burst(w.thr, tuples, 10, conns, dirs), 10);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_ptr_eq(conns[i], pkt.conn);
	ct_world_end(&w);
}
END_TEST

/* => The first flow from n on whose tuple goes into the first bucket, in a
 * table of up to 4096. */
static uint32_t next_alike(uint32_t n)
{
	for (;; n++) {
		struct ct_test_flow flow = flow_of(n);
		struct ct_tuple t = ct_world_tuple(&flow, CT_DIR_ORIG);
		struct ct_key key;

		ct_key_make(&key, &t, &w.tbl->hash);
		if (!(key.hash & 4095))
			return n;
	}
}

START_TEST(long_chains_are_followed)
{
	struct ct_mem_report report = { .size = sizeof(report) };
	enum { ALIKE = 80, KNOWN = 50 };
	uint32_t n = 0;

	setup(_i);
	for (unsigned i = 0; i < ALIKE; i++, n++) {
		struct ct_test_flow flow;

		n = next_alike(n);
		flow = flow_of(n);
		tuples[i] = ct_world_tuple(&flow, CT_DIR_ORIG);
		if (i < KNOWN)
			open_one(n);
	}
	ck_assert_uint_eq(compare(ALIKE), KNOWN);
	ck_assert_int_eq(ct_mem_report(w.tbl, &report), 0);
	ck_assert_uint_gt(report.long_chains, 0);
	ct_world_end(&w);
}
END_TEST

START_TEST(table_may_grow_and_shrink)
{
	uint32_t before;

	setup(_i);
	before = atomic_load(&w.tbl->buckets.n);
	for (uint32_t n = 0; n < MANY; n += 2000) {
		for (uint32_t i = n; i < n + 2000; i++) {
			open_one(i);
			if (i % GROUP == 0)
				ct_thread_poll(w.thr, w.now_ns);
		}
		compare_all(n + 2000);
	}
	ck_assert_uint_gt(atomic_load(&w.tbl->buckets.n), before);
	ck_assert_int_eq(ct_flush(w.thr, NULL), MANY);
	open_many(0, 1000);
	for (unsigned i = 0; i < 3000; i++) {
		ct_thread_poll(w.thr, w.now_ns);
		if (i % 300 == 0)
			compare_all(1000);
	}
	ck_assert_uint_eq(atomic_load(&w.tbl->buckets.n), before);
	ct_world_end(&w);
}
END_TEST

START_TEST(expired_ones_are_not_found_and_end)
{
	setup(_i);
	open_many(0, 60);
	ct_world_wait(&w, 25 * CT_WORLD_S);
	open_many(60, 120);
	/* No poll looks at all of them before they are asked for. */
	w.thr->now += 10 * CT_TICKS_PER_S;
	for (unsigned i = 0; i < 120; i++)
		ask_for(i, i);
	ck_assert_uint_eq(ct_find_burst(w.thr, tuples, 120, conns, dirs), 60);
	for (unsigned i = 0; i < 120; i++)
		ck_assert_int_eq(conns[i] != NULL, i >= 60);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_EXPIRED), 60);
	ct_world_end(&w);
}
END_TEST

START_TEST(private_and_ended_ones_are_not_found)
{
	struct ct_test_flow flow = flow_of(1), other = flow_of(3);

	setup(_i);
	ct_world_open(&w, &flow, CT_DIR_ORIG);
	ct_world_open(&w, &other, CT_DIR_ORIG);
	open_many(10, 20);
	for (unsigned i = 0; i < 20; i++)
		ask_for(i, i);
	ck_assert_uint_eq(ct_find_burst(w.thr, tuples, 20, conns, dirs), 10);
	ck_assert_int_eq(ct_conn_delete(w.thr, conns[15]), 0);
	ck_assert_uint_eq(ct_find_burst(w.thr, tuples, 20, conns, dirs), 9);
	ck_assert_ptr_null(conns[15]);
	ct_world_end(&w);
}
END_TEST

/* IPv4 and IPv6 tuples that differ in the network layer's number only. */
START_TEST(network_layers_are_told_apart)
{
	struct ct_test_flow flow = ct_world_flow(1);

	setup(_i);
	ct_world_udp(&w, &flow, CT_DIR_ORIG);
	tuples[0] = ct_world_tuple(&flow, CT_DIR_ORIG);
	tuples[1] = tuples[0];
	tuples[1].l3 = CT_L3_IPV6;
	tuples[2] = tuples[0];
	tuples[2].zone = 1;
	ck_assert_uint_eq(ct_find_burst(w.thr, tuples, 3, conns, dirs), 1);
	ck_assert_ptr_nonnull(conns[0]);
	ct_world_end(&w);
}
END_TEST

Suite *ct_suite(void)
{
	const TTest *const tests[] = {
		burst_of_any_length_is_as_many_calls,
		directions_may_be_unwanted,
		one_tuple_may_be_asked_for_twice,
		long_chains_are_followed,
		table_may_grow_and_shrink,
		expired_ones_are_not_found_and_end,
		private_and_ended_ones_are_not_found,
		network_layers_are_told_apart,
	};
	Suite *suite = suite_create("find");
	TCase *tc = tcase_create("find");

	/* With either hash. */
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_loop_test(tc, tests[i], 0, CT_HASH_KINDS);
	suite_add_tcase(suite, tc);
	return suite;
}
