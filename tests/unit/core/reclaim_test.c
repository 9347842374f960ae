/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Grace periods: memory is reused when every online handle has polled.
 */
#include "core/reclaim.h"

#include "core/table.h"
#include "suite.h"
#include "world.h"

static struct ct_world w;
static struct ct_thread *other;

static void setup(void)
{
	ct_world_create(&w, NULL);
	ct_world_watch(&w);
	ct_world_attach(&w);
	ck_assert_int_eq(ct_thread_attach(w.tbl, &other), 0);
}

static void teardown(void)
{
	ct_thread_detach(other);
	ct_world_end(&w);
}

static void polls(struct ct_thread *thr, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		ct_thread_poll(thr, w.now_ns);
}

/* A connection of this thread's begins and ends. */
static void one_ends(uint32_t n)
{
	struct ct_test_flow flow = ct_world_flow(n);
	struct ct_pkt pkt = ct_world_udp(&w, &flow, CT_DIR_ORIG);

	ck_assert_int_eq(ct_conn_delete(w.thr, pkt.conn), 0);
}

START_TEST(nothing_is_reused_while_another_may_look)
{
	one_ends(1);
	polls(w.thr, 50);
	ck_assert_uint_eq(ct_world_freed(), 0);
	polls(other, 1);
	polls(w.thr, 1);
	ck_assert_uint_eq(ct_world_freed(), 1);
}
END_TEST

START_TEST(own_poll_is_asked_for_too)
{
	one_ends(1);
	polls(other, 50);
	ck_assert_uint_eq(ct_world_freed(), 0);
	polls(w.thr, 1);
	polls(other, 1);
	polls(w.thr, 1);
	ck_assert_uint_eq(ct_world_freed(), 1);
}
END_TEST

/* A poll from before the end says nothing about what was found after it. */
START_TEST(earlier_poll_does_not_count)
{
	polls(other, 5);
	one_ends(1);
	polls(w.thr, 5);
	ck_assert_uint_eq(ct_world_freed(), 0);
}
END_TEST

START_TEST(offline_handle_holds_nobody_up)
{
	ct_thread_offline(other);
	one_ends(1);
	polls(w.thr, 2);
	ck_assert_uint_eq(ct_world_freed(), 1);
	ct_thread_online(other);
}
END_TEST

START_TEST(handle_that_goes_offline_lets_go)
{
	one_ends(1);
	polls(w.thr, 2);
	ck_assert_uint_eq(ct_world_freed(), 0);
	ct_thread_offline(other);
	polls(w.thr, 1);
	ck_assert_uint_eq(ct_world_freed(), 1);
}
END_TEST

START_TEST(handle_that_comes_online_holds_what_ends_later)
{
	ct_thread_offline(other);
	one_ends(1);
	polls(w.thr, 1);
	ct_thread_online(other);
	/* It cannot have found the first one. */
	polls(w.thr, 1);
	ck_assert_uint_eq(ct_world_freed(), 1);
	one_ends(2);
	polls(w.thr, 5);
	ck_assert_uint_eq(ct_world_freed(), 1);
	polls(other, 1);
	polls(w.thr, 1);
	ck_assert_uint_eq(ct_world_freed(), 2);
}
END_TEST

START_TEST(detached_handle_holds_nobody_up)
{
	one_ends(1);
	polls(w.thr, 2);
	ct_thread_detach(other);
	other = NULL;
	polls(w.thr, 1);
	ck_assert_uint_eq(ct_world_freed(), 1);
}
END_TEST

static void detach_with_limbo(void)
{
	one_ends(1);
	polls(w.thr, 1);
	one_ends(2);
	ct_thread_detach(w.thr);
	w.thr = other;
	other = NULL;
	ck_assert_uint_eq(ct_world_freed(), 0);
}

START_TEST(limbo_of_a_detached_handle_goes_to_those_that_poll)
{
	detach_with_limbo();
	polls(w.thr, 4);
	ck_assert_uint_eq(ct_world_freed(), 2);
}
END_TEST

START_TEST(limbo_of_a_detached_handle_goes_to_maintenance)
{
	detach_with_limbo();
	for (unsigned i = 0; i < 5; i++) {
		polls(w.thr, i == 2);
		ck_assert_int_eq(ct_maintain(w.tbl, w.now_ns, 1), 0);
	}
	ck_assert_uint_eq(ct_world_freed(), 2);
}
END_TEST

/* Many threads that come, end a few connections and go: the memory of those
 * must be there for the next. */
START_TEST(threads_that_come_and_go_do_not_use_up_the_memory)
{
	polls(other, 1);
	for (uint32_t i = 0; i < 300; i++) {
		ct_thread_detach(w.thr);
		polls(other, 1);
		ct_world_attach(&w);
		for (uint32_t n = 0; n < 3000; n += 100)
			one_ends(n + i);
	}
	ck_assert_uint_gt(ct_world_freed(), 290 * 30);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_NO_MEMORY), 0);
}
END_TEST

START_TEST(more_batches_than_the_ring_has_are_all_freed)
{
	enum { N = 5 * CT_BATCHES };

	for (uint32_t i = 0; i < N; i++) {
		one_ends(i);
		polls(w.thr, 1);
	}
	ck_assert_uint_eq(ct_world_freed(), 0);
	polls(other, 1);
	polls(w.thr, 1); /* what the ring held, and the rest is closed */
	ck_assert_uint_ge(ct_world_freed(), CT_BATCHES);
	for (unsigned i = 0; i < 2; i++) {
		polls(other, 1);
		polls(w.thr, 1);
	}
	polls(other, 1);
	polls(w.thr, 1);
	ck_assert_uint_eq(ct_world_freed(), N);
}
END_TEST

START_TEST(retiring_and_freeing_allocate_nothing)
{
	uint64_t calls;

	for (uint32_t i = 0; i < 100; i++) {
		struct ct_test_flow flow = ct_world_flow(i);

		ct_world_udp(&w, &flow, CT_DIR_ORIG);
	}
	calls = atomic_load(&w.mem.calls);
	ck_assert_int_eq(ct_flush(w.thr, NULL), 100);
	for (unsigned i = 0; i < 4; i++) {
		polls(w.thr, 1);
		polls(other, 1);
	}
	ck_assert_uint_eq(ct_world_freed(), 100);
	ck_assert_uint_eq(atomic_load(&w.mem.calls), calls);
}
END_TEST

START_TEST(maintenance_holds_nobody_up)
{
	ck_assert_int_eq(ct_maintain(w.tbl, w.now_ns, 0), 0);
	ct_thread_offline(other);
	one_ends(1);
	polls(w.thr, 2);
	ck_assert_uint_eq(ct_world_freed(), 1);
	ct_thread_online(other);
}
END_TEST

START_TEST(private_one_that_lost_a_clash_waits_as_well)
{
	struct ct_pkt first = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);
	struct ct_pkt second = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);

	ck_assert_int_eq(ct_confirm(w.thr, &first), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &second), CT_ACCEPT);
	ck_assert_ptr_eq(first.conn, second.conn);
	polls(w.thr, 5);
	ck_assert_uint_eq(ct_world_freed(), 0);
	polls(other, 1);
	polls(w.thr, 1);
	ck_assert_uint_eq(ct_world_freed(), 1);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("reclaim");
	TCase *tc = tcase_create("reclaim");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, nothing_is_reused_while_another_may_look);
	tcase_add_test(tc, own_poll_is_asked_for_too);
	tcase_add_test(tc, earlier_poll_does_not_count);
	tcase_add_test(tc, offline_handle_holds_nobody_up);
	tcase_add_test(tc, handle_that_goes_offline_lets_go);
	tcase_add_test(tc, handle_that_comes_online_holds_what_ends_later);
	tcase_add_test(tc, detached_handle_holds_nobody_up);
	tcase_add_test(tc, limbo_of_a_detached_handle_goes_to_those_that_poll);
	tcase_add_test(tc, limbo_of_a_detached_handle_goes_to_maintenance);
	tcase_add_test(tc, threads_that_come_and_go_do_not_use_up_the_memory);
	tcase_add_test(tc, more_batches_than_the_ring_has_are_all_freed);
	tcase_add_test(tc, retiring_and_freeing_allocate_nothing);
	tcase_add_test(tc, maintenance_holds_nobody_up);
	tcase_add_test(tc, private_one_that_lost_a_clash_waits_as_well);
	suite_add_tcase(suite, tc);
	return suite;
}
