/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Growth and shrinkage: nothing is lost, duplicated or hidden at any step, and
 * what is not needed any more is given back.
 */
#include "core/resize.h"

#include "core/table.h"
#include "suite.h"
#include "world.h"

#include <stdlib.h>

enum { MANY = 20000, BURST = 32 };

static struct ct_world w;

static void setup(void)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = 2 * MANY,
				       .profile = CT_PROFILE_LINUX };

	ct_world_create(&w, &cfg);
	ct_world_watch(&w);
	ct_world_attach(&w);
}

static void teardown(void)
{
	ct_world_end(&w);
}

static uint32_t n_buckets(void)
{
	return atomic_load(&w.tbl->buckets.n);
}

static bool lives(uint32_t n)
{
	struct ct_test_flow flow = n % 2 ? ct_world_flow6(n) : ct_world_flow(n);
	struct ct_tuple there = ct_world_tuple(&flow, CT_DIR_ORIG);
	struct ct_tuple back = ct_world_tuple(&flow, CT_DIR_REPLY);
	struct ct_conn *conn = ct_find(w.thr, &there, NULL);

	if (ct_find(w.thr, &back, NULL) != conn)
		ck_abort_msg("half a connection: %u", n);
	return conn != NULL;
}

static void open_one(uint32_t n)
{
	struct ct_test_flow flow = n % 2 ? ct_world_flow6(n) : ct_world_flow(n);
	struct ct_pkt pkt;

	ct_test_udp(&w.p, &flow, CT_DIR_ORIG, 10);
	pkt = ct_test_pkt(&w.p);
	if (ct_process(w.thr, &pkt, CT_HOOK_PREROUTING) != CT_ACCEPT ||
	    ct_confirm(w.thr, &pkt) != CT_ACCEPT)
		ck_abort_msg("turned away: %u", n);
}

static void end_one(uint32_t n)
{
	struct ct_test_flow flow = n % 2 ? ct_world_flow6(n) : ct_world_flow(n);
	struct ct_tuple t = ct_world_tuple(&flow, CT_DIR_ORIG);
	struct ct_conn *conn = ct_find(w.thr, &t, NULL);

	if (!conn || ct_conn_delete(w.thr, conn))
		ck_abort_msg("cannot be ended: %u", n);
}

/* [from, to) are opened, with a poll after each burst. */
static void open_many(uint32_t from, uint32_t to)
{
	for (uint32_t n = from; n < to; n++) {
		open_one(n);
		if (n % BURST == 0)
			ct_thread_poll(w.thr, w.now_ns);
	}
}

/* Each of [from, to) is found. */
static void all_live(uint32_t from, uint32_t to)
{
	for (uint32_t n = from; n < to; n++)
		if (!lives(n))
			ck_abort_msg("lost: %u of %u", n, to);
}

static void polls(unsigned n)
{
	while (n--)
		ct_thread_poll(w.thr, w.now_ns);
}

START_TEST(table_grows_with_its_connections)
{
	uint32_t before = n_buckets();

	for (uint32_t n = 0; n < MANY; n += 1000) {
		open_many(n, n + 1000);
		all_live(0, n + 1000);
		ct_world_audit(&w);
	}
	polls(1000);
	ck_assert_uint_gt(n_buckets(), before);
	ck_assert_uint_ge((uint64_t)n_buckets() * CT_BUCKET_KEYS, 2 * MANY);
	all_live(0, MANY);
	ct_world_audit(&w);
}
END_TEST

START_TEST(table_shrinks_when_they_are_gone)
{
	struct ct_mem_report full = { .size = sizeof(full) };
	struct ct_mem_report empty = { .size = sizeof(empty) };
	uint32_t before = n_buckets();

	for (unsigned round = 0; round < 3; round++) {
		open_many(0, MANY);
		polls(2000);
		ck_assert_int_eq(ct_mem_report(w.tbl, &full), 0);
		ck_assert_int_eq(ct_flush(w.thr, NULL), MANY);
		polls(5000);
		ct_world_audit(&w);
		ck_assert_int_eq(ct_mem_report(w.tbl, &empty), 0);
		ck_assert_uint_eq(n_buckets(), before);
		ck_assert_uint_eq(ct_world_freed(), MANY * (round + 1));
		ck_assert_uint_lt(empty.total, full.total);
		ck_assert_uint_lt(empty.buckets, full.buckets);
		ck_assert_uint_eq(empty.total, atomic_load(&w.mem.bytes));
	}
}
END_TEST

/* Ended in the order of their birth while others are born: copies and
 * originals are removed at every stage of a change. */
START_TEST(those_that_come_and_go_meanwhile_are_right)
{
	for (uint32_t n = 0; n < MANY; n++) {
		open_one(n);
		if (n % 3 == 2)
			end_one(n / 3 * 2);
		if (n % BURST == 0)
			ct_thread_poll(w.thr, w.now_ns);
		if (n % 2000 == 0)
			ct_world_audit(&w);
	}
	for (uint32_t n = 0; n < MANY; n++) {
		bool ended = n % 2 == 0 && n < MANY / 3 * 2;

		if (lives(n) == ended)
			ck_abort_msg("%s: %u", ended ? "still there" : "lost",
				     n);
	}
	ct_world_audit(&w);
}
END_TEST

/* Nothing is cleared until the other handle polls; the table works on. */
START_TEST(sleepy_thread_delays_but_breaks_nothing)
{
	struct ct_thread *sleepy;

	ck_assert_int_eq(ct_thread_attach(w.tbl, &sleepy), 0);
	open_many(0, MANY / 2);
	all_live(0, MANY / 2);
	ct_world_audit(&w);
	for (uint32_t n = 0; n < 1000; n++)
		end_one(n);
	ct_world_audit(&w);
	ct_thread_poll(sleepy, w.now_ns);
	open_many(MANY / 2, MANY);
	for (unsigned i = 0; i < 3000; i++) {
		ct_thread_poll(sleepy, w.now_ns);
		ct_thread_poll(w.thr, w.now_ns);
	}
	ck_assert_uint_ge((uint64_t)n_buckets() * CT_BUCKET_KEYS,
			  2 * (MANY - 1000));
	for (uint32_t n = 0; n < 1000; n++)
		if (lives(n))
			ck_abort_msg("still there: %u", n);
	all_live(1000, MANY);
	ct_world_audit(&w);
	ct_thread_detach(sleepy);
}
END_TEST

START_TEST(random_sizes_with_random_polls)
{
	static bool open[MANY];
	uint32_t alive = 0, target = 0;

	srand(7);
	for (unsigned turn = 0; turn < 8; turn++) {
		target = (uint32_t)rand() % MANY;
		while (alive != target) {
			uint32_t n = (uint32_t)rand() % MANY;

			if (open[n] == (alive < target))
				continue;
			if (open[n])
				end_one(n);
			else
				open_one(n);
			alive += open[n] ? -1u : 1u;
			open[n] = !open[n];
			if (rand() % BURST == 0)
				ct_thread_poll(w.thr, w.now_ns);
		}
		ct_world_audit(&w);
		polls((unsigned)rand() % 500);
		ct_world_audit(&w);
		for (uint32_t n = 0; n < MANY; n++)
			if (lives(n) != open[n])
				ck_abort_msg("wrong: %u", n);
	}
}
END_TEST

/* Without memory for a segment the chains become longer, and that is all. */
START_TEST(table_that_cannot_grow_goes_on)
{
	struct ct_mem_report report = { .size = sizeof(report) };
	unsigned refused = 0;

	open_many(0, 100);
	ct_test_alloc_fail_from(&w.mem, 1);
	for (uint32_t n = 100; n < MANY; n++) {
		struct ct_test_flow flow = ct_world_flow(n);
		struct ct_pkt pkt;

		ct_test_udp(&w.p, &flow, CT_DIR_ORIG, 10);
		pkt = ct_test_pkt(&w.p);
		refused += ct_process(w.thr, &pkt, CT_HOOK_PREROUTING) ||
			   ct_confirm(w.thr, &pkt);
		if (n % BURST == 0)
			ct_thread_poll(w.thr, w.now_ns);
	}
	ck_assert_uint_gt(refused, 0);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_NO_MEMORY), refused);
	ct_world_audit(&w);
	all_live(0, 100);
	ct_test_alloc_fail_never(&w.mem);
	ck_assert_int_eq(ct_mem_report(w.tbl, &report), 0);
	ck_assert_uint_gt(report.refused, 0);
	open_many(MANY, MANY + 1000);
	all_live(MANY, MANY + 1000);
	ct_world_audit(&w);
}
END_TEST

/* Growth is done by polls. */
START_TEST(long_chains_of_a_host_that_does_not_poll_are_reported)
{
	struct ct_mem_report report = { .size = sizeof(report) };

	ck_assert_int_eq(ct_mem_report(w.tbl, &report), 0);
	ck_assert_uint_eq(report.long_chains, 0);
	for (uint32_t n = 0; n < MANY; n++)
		open_one(n);
	ck_assert_int_eq(ct_mem_report(w.tbl, &report), 0);
	ck_assert_uint_gt(report.long_chains, 0);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("resize");
	TCase *tc = tcase_create("resize");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 100);
	tcase_add_test(tc,
		       long_chains_of_a_host_that_does_not_poll_are_reported);
	tcase_add_test(tc, table_grows_with_its_connections);
	tcase_add_test(tc, table_shrinks_when_they_are_gone);
	tcase_add_test(tc, those_that_come_and_go_meanwhile_are_right);
	tcase_add_test(tc, sleepy_thread_delays_but_breaks_nothing);
	tcase_add_test(tc, random_sizes_with_random_polls);
	tcase_add_test(tc, table_that_cannot_grow_goes_on);
	suite_add_tcase(suite, tc);
	return suite;
}
