/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Expectations: how they end, those of a master that is not known yet, and how
 * they are looked at.
 */
#include "core/expect.h"

#include "herald.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

/* --- Ends --------------------------------------------------------------- */

START_TEST(expired_one_is_not_met)
{
	struct ct_expect_def def = ct_herald_def(PORT);

	def.timeout_s = 5;
	ck_assert_int_eq(
		ct_expect_add(ct_herald.w.thr, ct_herald.master, &def, NULL),
		0);
	ck_assert_uint_eq(ct_next_expiry(ct_herald.w.tbl),
			  ct_herald.w.now_ns + 5 * CT_WORLD_S);
	ct_herald.w.now_ns += 5 * CT_WORLD_S;
	ck_assert_int_eq(ct_maintain(ct_herald.w.tbl, ct_herald.w.now_ns, 0),
			 0);
	ct_herald_told("N1D1");
	ct_thread_poll(ct_herald.w.thr, ct_herald.w.now_ns);
	ck_assert_int_eq(ct_herald_knock(7000, PORT).state, CT_NEW);
}
END_TEST

START_TEST(polls_find_what_has_expired)
{
	struct ct_expect_def def = ct_herald_def(PORT);

	def.timeout_s = 5;
	ck_assert_int_eq(
		ct_expect_add(ct_herald.w.thr, ct_herald.master, &def, NULL),
		0);
	ct_herald.w.now_ns += 6 * CT_WORLD_S;
	for (unsigned i = 0; i < 1024; i++)
		ct_thread_poll(ct_herald.w.thr, ct_herald.w.now_ns);
	ct_herald_told("N1D1");
}
END_TEST

START_TEST(class_says_how_long_it_waits)
{
	struct ct_expect_view view = { .size = sizeof(view) };
	struct ct_expect_def def = ct_herald_def(PORT);

	ck_assert_int_eq(
		ct_expect_view(ct_herald.w.thr, ct_herald_expect(PORT), &view),
		0);
	ck_assert_uint_eq(view.def.timeout_s, 60);
	ck_assert_str_eq(view.master_helper, "test");
	ck_assert_ptr_eq(view.master, ct_herald.master);
	def.tuple.dst_id = htons(PORT + 1);
	def.class_ = 1;
	ck_assert_int_eq(
		ct_expect_add(ct_herald.w.thr, ct_herald.master, &def, NULL),
		0);
	ck_assert_int_eq(
		ct_expect_view(ct_herald.w.thr,
			       ct_expect_find(ct_herald.w.thr, &def.tuple),
			       &view),
		0);
	ck_assert_uint_eq(view.def.timeout_s, 300);
}
END_TEST

START_TEST(removed_once_only)
{
	struct ct_expect *exp = ct_herald_expect(PORT);

	ck_assert_int_eq(ct_expect_remove(ct_herald.w.thr, exp), 0);
	ck_assert_int_eq(ct_expect_remove(ct_herald.w.thr, exp), CT_E_NOENT);
	ct_herald_told("N1D1");
	ck_assert_int_eq(ct_herald_knock(7000, PORT).state, CT_NEW);
}
END_TEST

START_TEST(they_die_with_their_master)
{
	struct ct_expect_def def = ct_herald_def(PORT);

	ct_herald_expect(PORT);
	ct_herald_expect(PORT + 1);
	ct_herald_told("N1N2");
	ck_assert_int_eq(ct_conn_delete(ct_herald.w.thr, ct_herald.master), 0);
	ct_herald_told("dD1D2");
	ck_assert_int_eq(
		ct_expect_add(ct_herald.w.thr, ct_herald.master, &def, NULL),
		CT_E_NOENT);
	ck_assert_int_eq(ct_herald_knock(7000, PORT).state, CT_NEW);
}
END_TEST

START_TEST(master_lives_as_long_as_what_it_announced)
{
	struct ct_pkt pkt;
	struct ct_conn *child;

	ct_herald_expect(PORT);
	pkt = ct_herald_knock(7000, PORT);
	child = ct_conn_get(pkt.conn);
	ck_assert_int_eq(ct_conn_delete(ct_herald.w.thr, ct_herald.master), 0);
	for (unsigned i = 0; i < 4; i++)
		ct_thread_poll(ct_herald.w.thr, ct_herald.w.now_ns);
	ck_assert_ptr_eq(ct_conn_master(ct_herald.w.tbl, child),
			 ct_herald.master);
	ck_assert(ct_conn_status(ct_herald.master) & CT_S_DYING);
	ck_assert_int_eq(ct_conn_delete(ct_herald.w.thr, child), 0);
	ct_conn_put(ct_herald.w.tbl, child);
	ct_world_settle(&ct_herald.w);
}
END_TEST

/* --- A ct_herald.master that is not known yet ------------------------------------- */

START_TEST(private_masters_are_told_of_just_before_it)
{
	struct ct_expect_def def = ct_herald_def(PORT);
	struct ct_test_flow flow = ct_world_flow(3);
	struct ct_pkt pkt = ct_herald_packet(&flow, CT_DIR_ORIG, NULL);

	ck_assert_int_eq(ct_expect_add(ct_herald.w.thr, pkt.conn, &def, NULL),
			 0);
	ct_herald_told("");
	ck_assert_int_eq(ct_herald_knock(7000, PORT).state, CT_NEW);
	ct_herald_told("n");
	/* That was another packet of this thread: no poll in between. */
	ck_assert_int_eq(ct_confirm(ct_herald.w.thr, &pkt), CT_ACCEPT);
	ct_herald_told("N1n");
	ck_assert_int_eq(ct_herald_knock(7001, PORT).state, CT_RELATED);
}
END_TEST

START_TEST(private_masters_go_with_it_untold)
{
	struct ct_expect_def def = ct_herald_def(PORT);
	struct ct_test_flow flow = ct_world_flow(3);
	struct ct_pkt pkt = ct_herald_packet(&flow, CT_DIR_ORIG, NULL);

	ck_assert_int_eq(ct_expect_add(ct_herald.w.thr, pkt.conn, &def, NULL),
			 0);
	ct_abandon(ct_herald.w.thr, &pkt);
	ct_herald_told("");
	ck_assert_uint_eq(ct_herald_count(NULL), 0);
	ct_herald_expect(PORT);
	ct_herald_told("N2");
}
END_TEST

/* --- Looking ------------------------------------------------------------ */

struct walk {
	unsigned n;
	uint64_t last;
	bool removes;
};

static bool look(void *user, struct ct_expect *exp)
{
	struct ct_expect_view view = { .size = sizeof(view) };
	struct walk *walk = user;

	ct_expect_view(ct_herald.w.thr, exp, &view);
	ck_assert_uint_gt(view.id, walk->last);
	walk->last = view.id;
	walk->n++;
	if (walk->removes)
		ck_assert_int_eq(ct_expect_remove(ct_herald.w.thr, exp), 0);
	return true;
}

START_TEST(walk_over_a_master_is_in_order_and_may_remove)
{
	struct walk walk = { .removes = true };

	for (uint16_t i = 0; i < 20; i++) {
		struct ct_expect_def def = ct_herald_def((uint16_t)(PORT - i));

		def.class_ = 1;
		ck_assert_int_eq(ct_expect_add(ct_herald.w.thr,
					       ct_herald.master, &def, NULL),
				 0);
	}
	ct_expect_walk(ct_herald.w.thr, ct_herald.master, look, &walk);
	ck_assert_uint_eq(walk.n, 20);
	ck_assert_uint_eq(ct_herald_count(ct_herald.master), 0);
	ck_assert_uint_eq(ct_herald_count(NULL), 0);
}
END_TEST

START_TEST(found_by_the_packet_that_would_meet_it)
{
	struct ct_expect *exp = ct_herald_expect(PORT);
	struct ct_tuple t = ct_herald_def(PORT).tuple;

	t.src_id = htons(1234);
	ck_assert_ptr_eq(ct_expect_find(ct_herald.w.thr, &t), exp);
	t.dst_id++;
	ck_assert_ptr_null(ct_expect_find(ct_herald.w.thr, &t));
}
END_TEST

START_TEST(out_of_memory_leaves_nothing)
{
	struct ct_expect_def def = ct_herald_def(PORT);
	struct ct_test_flow flow = ct_world_flow(3);
	struct ct_pkt pkt = ct_herald_packet(&flow, CT_DIR_ORIG, NULL);
	unsigned failures = 0;

	for (uint64_t n = 1; n < 8; n++) {
		int error;

		ct_test_alloc_fail_nth(&ct_herald.w.mem, n);
		error = ct_expect_add(ct_herald.w.thr, pkt.conn, &def, NULL);
		ck_assert(error == 0 || error == CT_E_NOMEM);
		failures += error != 0;
	}
	ct_test_alloc_fail_never(&ct_herald.w.mem);
	ck_assert_uint_ge(failures, 1);
	ct_abandon(ct_herald.w.thr, &pkt);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("expect_look");
	TCase *tc = tcase_create("expect");

	tcase_add_checked_fixture(tc, ct_herald_setup, ct_herald_teardown);
	tcase_add_test(tc, expired_one_is_not_met);
	tcase_add_test(tc, polls_find_what_has_expired);
	tcase_add_test(tc, class_says_how_long_it_waits);
	tcase_add_test(tc, removed_once_only);
	tcase_add_test(tc, they_die_with_their_master);
	tcase_add_test(tc, master_lives_as_long_as_what_it_announced);
	tcase_add_test(tc, private_masters_are_told_of_just_before_it);
	tcase_add_test(tc, private_masters_go_with_it_untold);
	tcase_add_test(tc, walk_over_a_master_is_in_order_and_may_remove);
	tcase_add_test(tc, found_by_the_packet_that_would_meet_it);
	tcase_add_test(tc, out_of_memory_leaves_nothing);
	suite_add_tcase(suite, tc);
	return suite;
}
