/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Expiry: lazily, by the sweep, within its budget, and across the wrap.
 */
#include "core/timer.h"

#include "core/table.h"
#include "suite.h"
#include "world.h"

#define ROUND ((UINT64_C(1) << 32) * CT_TICK_NS) /* of the ticks, in ns */

enum { TIMEOUT = 30 }; /* seconds of an unanswered datagram */

static struct ct_world w;

static void setup(void)
{
	ct_world_create(&w, NULL);
	ct_world_watch(&w);
	ct_world_attach(&w);
}

static void teardown(void)
{
	ct_world_end(&w);
}

static void open_many(uint32_t from, uint32_t n)
{
	for (uint32_t i = from; i < from + n; i++) {
		struct ct_test_flow flow = ct_world_flow(i);

		ct_world_udp(&w, &flow, CT_DIR_ORIG);
	}
}

static void timeout_is(uint32_t seconds)
{
	ck_assert_int_eq(ct_param_set(w.tbl, "udp.timeout", seconds), 0);
}

START_TEST(silent_one_ends_to_the_tick)
{
	open_many(0, 1);
	ct_world_wait(&w, TIMEOUT * CT_WORLD_S - 1);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
	ct_world_wait(&w, 1);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_EXPIRED), 1);
}
END_TEST

START_TEST(poll_looks_at_a_share)
{
	enum { N = 1000 };
	uint64_t before, after = N;

	open_many(0, N);
	w.now_ns += TIMEOUT * CT_WORLD_S;
	for (unsigned polls = 0; after; polls++) {
		ck_assert_uint_lt(polls, N);
		before = after;
		ct_thread_poll(w.thr, w.now_ns);
		after = ct_world_conns(&w);
		ck_assert_uint_lt(before - after, N / 2);
	}
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_EXPIRED), N);
}
END_TEST

START_TEST(maintenance_keeps_to_its_budget)
{
	enum { N = 100, BUDGET = 7 };

	open_many(0, N);
	w.now_ns += TIMEOUT * CT_WORLD_S;
	for (unsigned i = 1; i <= N / BUDGET; i++) {
		ck_assert_int_eq(ct_maintain(w.tbl, w.now_ns, BUDGET), 0);
		ck_assert_uint_ge(ct_world_conns(&w), N - i * BUDGET);
	}
	for (unsigned i = 0; i < N && ct_world_conns(&w); i++)
		ck_assert_int_eq(ct_maintain(w.tbl, w.now_ns, BUDGET), 0);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

START_TEST(maintenance_without_budget_looks_at_all)
{
	open_many(0, 500);
	w.now_ns += TIMEOUT * CT_WORLD_S;
	ck_assert_int_eq(ct_maintain(w.tbl, w.now_ns, 0), 0);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

/* Each at its own second, wherever its place is among those looked at
 * together; at half of the round of ticks, too, where free places look as if
 * they were due, or do so no more. */
START_TEST(each_ends_in_its_turn_and_no_other)
{
	enum { N = 150 };
	static const uint64_t later[] = { 0, ROUND / 2 };

	for (unsigned l = 0; l < 2; l++) {
		ct_world_wait(&w, later[l]);
		for (uint32_t i = 0; i < N; i++) {
			timeout_is(1 + i * 7 % N);
			open_many(i, 1);
		}
		for (uint32_t i = 1; i <= N; i++) {
			w.now_ns += CT_WORLD_S;
			ck_assert_int_eq(ct_maintain(w.tbl, w.now_ns, 0), 0);
			ck_assert_uint_eq(ct_world_conns(&w), N - i);
		}
	}
}
END_TEST

/* What one handle has looked at, the next one need not. */
START_TEST(two_handles_share_the_sweep)
{
	enum { N = 512, POLLS = 2 };
	struct ct_thread *other;
	uint64_t left;

	ck_assert_int_eq(ct_thread_attach(w.tbl, &other), 0);
	open_many(0, N);
	w.now_ns += TIMEOUT * CT_WORLD_S;
	for (unsigned i = 0; i < POLLS; i++) {
		left = ct_world_conns(&w);
		ct_thread_poll(w.thr, w.now_ns);
		ck_assert_uint_lt(ct_world_conns(&w), left);
		left = ct_world_conns(&w);
		ct_thread_poll(other, w.now_ns);
		ck_assert_uint_lt(ct_world_conns(&w), left);
	}
	ct_thread_detach(other);
}
END_TEST

START_TEST(expired_one_is_not_found_before_it_is_swept)
{
	struct ct_tuple t = ct_world_tuple(&ct_test_flow4, CT_DIR_ORIG);
	uint64_t cursor = 0;
	struct ct_pkt pkt;

	open_many(1, 1000); /* the sweep has enough to look at */
	ct_world_udp(&w, &ct_test_flow4, CT_DIR_ORIG);
	ct_world_wait(&w, (TIMEOUT + 1) * CT_WORLD_S);
	ck_assert_uint_gt(ct_world_conns(&w), 400);
	ck_assert_ptr_null(ct_find(w.thr, &t, NULL));
	ck_assert_int_eq(ct_walk(w.thr, &cursor, NULL, NULL, NULL), 0);
	pkt = ct_world_udp(&w, &ct_test_flow4, CT_DIR_REPLY);
	ck_assert_int_eq(pkt.state, CT_NEW);
}
END_TEST

START_TEST(packets_keep_it_alive)
{
	struct ct_pkt pkt;

	open_many(0, 1);
	for (unsigned i = 0; i < 10; i++) {
		ct_world_wait(&w, (TIMEOUT - 1) * CT_WORLD_S);
		open_many(0, 1);
		ct_world_audit(&w);
		ck_assert_uint_eq(ct_world_conns(&w), 1);
		ck_assert_uint_eq(ct_world_count(&w, CT_R_CONFIRMED), 1);
	}
	/* The sweep raised the deadline: it ends when it should. */
	pkt = ct_world_udp(&w, &(struct ct_test_flow){ .l3 = CT_L3_IPV4 },
			   CT_DIR_ORIG);
	ct_conn_delete(w.thr, pkt.conn);
	ct_world_wait(&w, (TIMEOUT - 1) * CT_WORLD_S);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
	ct_world_wait(&w, CT_WORLD_S);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

START_TEST(shortened_timeout_is_kept)
{
	timeout_is(1000);
	open_many(0, 1);
	timeout_is(5);
	open_many(0, 1);
	ct_world_audit(&w);
	ck_assert_uint_le(ct_next_expiry(w.tbl), w.now_ns + 5 * CT_WORLD_S);
	ct_world_wait(&w, 5 * CT_WORLD_S);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

/* Deadlines are lower bounds: shortened, lengthened, shortened again. */
START_TEST(timeouts_may_go_up_and_down)
{
	static const uint32_t seconds[] = { 100, 10, 50, 5, 300, 20 };
	unsigned n = sizeof(seconds) / sizeof(seconds[0]);

	for (unsigned i = 0; i < n; i++) {
		timeout_is(seconds[i]);
		open_many(0, 1);
		ct_world_audit(&w);
		ck_assert_uint_le(ct_next_expiry(w.tbl),
				  w.now_ns + seconds[i] * CT_WORLD_S);
		ct_world_wait(&w, CT_WORLD_S);
		ck_assert_uint_eq(ct_world_conns(&w), 1);
	}
	ct_world_wait(&w, 19 * CT_WORLD_S - 1);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
	ct_world_wait(&w, 1);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_CONFIRMED), 1);
}
END_TEST

START_TEST(private_one_waits_for_its_confirmation)
{
	struct ct_pkt pkt = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);

	ct_conn_get(pkt.conn);
	ct_world_wait(&w, 100 * CT_WORLD_S);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
	ck_assert_uint_eq(ct_next_expiry(w.tbl), UINT64_MAX);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ck_assert_uint_eq(ct_conn_expires(w.thr, pkt.conn), TIMEOUT);
	ct_conn_put(w.tbl, pkt.conn);
	ct_world_wait(&w, TIMEOUT * CT_WORLD_S);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

/* --- When to come back -------------------------------------------------- */

START_TEST(nothing_to_come_back_for)
{
	ck_assert_uint_eq(ct_next_expiry(w.tbl), UINT64_MAX);
	ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);
	ck_assert_uint_eq(ct_next_expiry(w.tbl), UINT64_MAX);
	open_many(0, 1);
	ck_assert_uint_ne(ct_next_expiry(w.tbl), UINT64_MAX);
	ct_world_wait(&w, TIMEOUT * CT_WORLD_S);
	ck_assert_uint_eq(ct_next_expiry(w.tbl), UINT64_MAX);
}
END_TEST

START_TEST(table_without_threads_has_nothing_to_come_back_for)
{
	ct_world_end(&w);
	ct_world_create(&w, NULL);
	ck_assert_uint_eq(ct_next_expiry(w.tbl), UINT64_MAX);
}
END_TEST

/* A host that always sleeps until then, at any fraction of a tick. */
START_TEST(sleeper_wakes_in_time_and_not_too_often)
{
	ct_world_wait(&w, 3456789);
	open_many(0, 1);
	ct_world_wait(&w, 7 * CT_WORLD_S + 1234567);
	open_many(1, 1);
	for (unsigned n = 2; n; n--) {
		uint64_t next = ct_next_expiry(w.tbl);
		unsigned naps = 0;

		ck_assert_uint_gt(next, w.now_ns);
		while (ct_world_conns(&w) == n) {
			next = ct_next_expiry(w.tbl);
			ck_assert_uint_ge(next, w.now_ns);
			ck_assert_uint_lt(naps++, 3);
			ct_world_wait(&w, next - w.now_ns);
		}
		ck_assert_uint_eq(ct_world_conns(&w), n - 1);
	}
	ck_assert_uint_le(w.now_ns,
			  CT_WORLD_START + (7 + TIMEOUT + 1) * CT_WORLD_S);
}
END_TEST

/* Packets leave the deadline behind; the sweep that meets it moves it up. */
START_TEST(sleeper_is_not_woken_by_what_packets_put_off)
{
	open_many(0, 1);
	ct_world_wait(&w, (TIMEOUT - 10) * CT_WORLD_S);
	open_many(0, 1);
	ck_assert_uint_eq(ct_next_expiry(w.tbl), w.now_ns + 10 * CT_WORLD_S);
	ct_world_wait(&w, 10 * CT_WORLD_S);
	ck_assert_uint_eq(ct_next_expiry(w.tbl),
			  w.now_ns + (TIMEOUT - 10) * CT_WORLD_S);
}
END_TEST

START_TEST(what_is_overdue_is_now)
{
	open_many(0, 1);
	w.now_ns += 50 * CT_WORLD_S;
	/* Time is known, but nothing was looked at. */
	ck_assert_int_eq(ct_maintain(w.tbl, w.now_ns, 1), 0);
	open_many(1, 200);
	w.now_ns += 50 * CT_WORLD_S;
	ck_assert_int_eq(ct_maintain(w.tbl, w.now_ns, 1), 0);
	ck_assert_uint_gt(ct_world_conns(&w), 100);
	ck_assert_uint_le(ct_next_expiry(w.tbl), w.now_ns);
}
END_TEST

/* --- The wrap of the ticks ---------------------------------------------- */

static void go_to_the_wrap(uint64_t ns_before)
{
	ct_world_wait(&w, ROUND - ns_before - w.now_ns);
}

START_TEST(wrap_changes_nothing)
{
	struct ct_pkt pkt;

	go_to_the_wrap(10 * CT_WORLD_S);
	open_many(0, 3);
	ct_world_audit(&w);
	for (unsigned s = 1; s < TIMEOUT; s++) {
		ct_world_wait(&w, CT_WORLD_S);
		ct_world_audit(&w);
		ck_assert_uint_eq(ct_world_conns(&w), 3);
		ck_assert_uint_gt(ct_next_expiry(w.tbl), w.now_ns);
		ck_assert_uint_le(ct_next_expiry(w.tbl),
				  w.now_ns + (TIMEOUT - s) * CT_WORLD_S);
	}
	pkt = ct_world_udp(&w, &(struct ct_test_flow){ .l3 = CT_L3_IPV4 },
			   CT_DIR_ORIG);
	ck_assert_uint_eq(ct_conn_expires(w.thr, pkt.conn), TIMEOUT);
	ct_world_wait(&w, CT_WORLD_S);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

/* The deadline would have the number that means "never"; one tick goes by
 * another's name there. */
START_TEST(deadline_on_the_wrap_itself_is_met)
{
	for (uint64_t ticks = 0; ticks < 3; ticks++) {
		setup();
		go_to_the_wrap(TIMEOUT * CT_WORLD_S + CT_TICK_NS -
			       ticks * CT_TICK_NS);
		open_many(0, 1);
		ct_world_audit(&w);
		ck_assert_uint_le(ct_next_expiry(w.tbl),
				  w.now_ns + TIMEOUT * CT_WORLD_S + CT_TICK_NS);
		ct_world_wait(&w, TIMEOUT * CT_WORLD_S - 2 * CT_TICK_NS);
		ck_assert_uint_eq(ct_world_conns(&w), 1);
		ct_world_wait(&w, 3 * CT_TICK_NS);
		ck_assert_uint_eq(ct_world_conns(&w), 0);
		teardown();
	}
}
END_TEST

/* Older than half a round: nobody looked for a year. */
START_TEST(longest_timeout_is_met)
{
	timeout_is(CT_TIMEOUT_MAX);
	open_many(0, 1);
	ct_world_wait(&w, (CT_TIMEOUT_MAX - 1) * CT_WORLD_S);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
	ct_world_wait(&w, CT_WORLD_S);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

/* A deadline that is early enough by one handle's clock is too late by that of
 * a handle which lags behind. */
START_TEST(handle_that_lags_behind_lowers_the_deadline_again)
{
	struct ct_thread *lagging = w.thr, *ahead;

	ck_assert_int_eq(ct_thread_attach(w.tbl, &ahead), 0);
	timeout_is(2000);
	ct_thread_poll(ahead, w.now_ns + 3600 * CT_WORLD_S);
	w.thr = ahead;
	ct_world_udp(&w, &ct_test_flow4, CT_DIR_ORIG);
	timeout_is(300);
	ct_world_udp(&w, &ct_test_flow4, CT_DIR_ORIG);
	ct_world_audit(&w);
	w.thr = lagging;
	ct_world_udp(&w, &ct_test_flow4, CT_DIR_ORIG);
	ct_world_audit(&w);
	ct_thread_detach(ahead);
}
END_TEST

/* After half of the ticks' range what has expired would look young again. */
START_TEST(flush_ends_what_has_expired_too)
{
	open_many(0, 1000);
	ct_world_wait(&w, (TIMEOUT + 1) * CT_WORLD_S);
	ck_assert_uint_gt(ct_world_conns(&w), 400);
	ck_assert_int_eq(ct_flush(w.thr, NULL), 0);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_EXPIRED), 1000);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("timer");
	TCase *tc = tcase_create("timer");
	TCase *own = tcase_create("table of its own");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, silent_one_ends_to_the_tick);
	tcase_add_test(tc, poll_looks_at_a_share);
	tcase_add_test(tc, maintenance_keeps_to_its_budget);
	tcase_add_test(tc, maintenance_without_budget_looks_at_all);
	tcase_add_test(tc, each_ends_in_its_turn_and_no_other);
	tcase_add_test(tc, two_handles_share_the_sweep);
	tcase_add_test(tc, expired_one_is_not_found_before_it_is_swept);
	tcase_add_test(tc, packets_keep_it_alive);
	tcase_add_test(tc, shortened_timeout_is_kept);
	tcase_add_test(tc, timeouts_may_go_up_and_down);
	tcase_add_test(tc, private_one_waits_for_its_confirmation);
	tcase_add_test(tc, nothing_to_come_back_for);
	tcase_add_test(tc, table_without_threads_has_nothing_to_come_back_for);
	tcase_add_test(tc, sleeper_wakes_in_time_and_not_too_often);
	tcase_add_test(tc, sleeper_is_not_woken_by_what_packets_put_off);
	tcase_add_test(tc, what_is_overdue_is_now);
	tcase_add_test(tc, wrap_changes_nothing);
	tcase_add_test(tc, longest_timeout_is_met);
	suite_add_tcase(suite, tc);
	tcase_add_test(own, deadline_on_the_wrap_itself_is_met);
	tcase_add_test(tc, handle_that_lags_behind_lowers_the_deadline_again);
	tcase_add_test(tc, flush_ends_what_has_expired_too);
	suite_add_tcase(suite, own);
	return suite;
}
