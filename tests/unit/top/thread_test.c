/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handles: time, coming and going, maintenance, explanations.
 */
#include "suite.h"
#include "world.h"

#include <conntrack/plugin.h>
#include <string.h>

static struct ct_world w;

static void setup(void)
{
	ct_world_start(&w, 0);
}

static void teardown(void)
{
	ct_world_end(&w);
}

START_TEST(handle_knows_its_table)
{
	ck_assert_ptr_eq(ct_thread_table(w.thr), w.tbl);
}
END_TEST

START_TEST(time_never_goes_back)
{
	struct ct_pkt pkt;

	ct_world_wait(&w, 100 * CT_WORLD_S);
	ct_thread_poll(w.thr, w.now_ns - 50 * CT_WORLD_S);
	ck_assert_uint_eq(ct_thread_now(w.thr), w.now_ns);
	pkt = ct_world_udp(&w, &ct_test_flow4, CT_DIR_ORIG);
	ct_thread_poll(w.thr, 0);
	ck_assert_uint_eq(ct_conn_expires(w.thr, pkt.conn), 30);
	ct_world_wait(&w, 30 * CT_WORLD_S);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

START_TEST(new_handle_begins_at_the_latest_time)
{
	struct ct_thread *late;

	ct_world_wait(&w, 77 * CT_WORLD_S);
	ck_assert_int_eq(ct_thread_attach(w.tbl, &late), 0);
	ck_assert_uint_eq(ct_thread_now(late), w.now_ns);
	ct_thread_detach(late);
}
END_TEST

/* Each thread decides by its own clock; none takes back what another did. */
START_TEST(clocks_may_differ)
{
	struct ct_tuple t = ct_world_tuple(&ct_test_flow4, CT_DIR_ORIG);
	struct ct_thread *ahead;

	ct_world_udp(&w, &ct_test_flow4, CT_DIR_ORIG);
	ck_assert_int_eq(ct_thread_attach(w.tbl, &ahead), 0);
	ct_thread_poll(ahead, w.now_ns + 29 * CT_WORLD_S);
	ck_assert_ptr_nonnull(ct_find(ahead, &t, NULL));
	ct_thread_poll(ahead, w.now_ns + 30 * CT_WORLD_S);
	ck_assert_ptr_null(ct_find(w.thr, &t, NULL));
	ct_world_audit(&w);
	ct_thread_detach(ahead);
}
END_TEST

START_TEST(sleeper_polls_before_the_next_packet)
{
	struct ct_pkt pkt;

	ct_world_udp(&w, &ct_test_flow4, CT_DIR_ORIG);
	ct_thread_offline(w.thr);
	ct_thread_online(w.thr);
	ct_world_wait(&w, 10 * CT_WORLD_S);
	pkt = ct_world_udp(&w, &ct_test_flow4, CT_DIR_ORIG);
	ck_assert_uint_eq(pkt.reason, CT_R_TRACKED);
	ct_thread_offline(w.thr);
	ct_thread_online(w.thr);
	ct_world_wait(&w, 31 * CT_WORLD_S);
	pkt = ct_world_udp(&w, &ct_test_flow4, CT_DIR_ORIG);
	ck_assert_uint_eq(pkt.reason, CT_R_OPENED);
}
END_TEST

START_TEST(detach_gives_up_private_ones)
{
	struct ct_thread *other;
	struct ct_pkt pkt;

	ck_assert_int_eq(ct_thread_attach(w.tbl, &other), 0);
	ct_test_udp(&w.p, &ct_test_flow4, CT_DIR_ORIG, 10);
	pkt = ct_test_pkt(&w.p);
	ck_assert_int_eq(ct_process(other, &pkt, CT_HOOK_OUTPUT), CT_ACCEPT);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
	ct_thread_detach(other);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	ct_world_audit(&w);
}
END_TEST

START_TEST(handles_come_and_go_without_a_trace)
{
	uint64_t blocks = atomic_load(&w.mem.blocks);

	for (unsigned i = 0; i < 50; i++) {
		struct ct_thread *thr[4];

		for (unsigned n = 0; n < 4; n++)
			ck_assert_int_eq(ct_thread_attach(w.tbl, &thr[n]), 0);
		for (unsigned n = 0; n < 4; n++)
			ct_thread_detach(thr[(n + i) % 4]);
	}
	ck_assert_uint_eq(atomic_load(&w.mem.blocks), blocks);
}
END_TEST

/* --- Maintenance -------------------------------------------------------- */

START_TEST(maintenance_seals_as_well)
{
	static const struct ct_ext_ops ops = {
		.size = sizeof(ops), .name = "late", .len = 1, .align = 1
	};
	ct_ext_id id;

	teardown();
	ct_world_create(&w, NULL);
	ck_assert_int_eq(ct_maintain(w.tbl, w.now_ns, 0), 0);
	ck_assert_int_eq(ct_ext_register(w.tbl, &ops, &id), CT_E_SEALED);
	ct_world_attach(&w);
}
END_TEST

START_TEST(maintenance_tells_what_it_ends)
{
	ct_world_udp(&w, &ct_test_flow4, CT_DIR_ORIG);
	w.now_ns += 30 * CT_WORLD_S;
	ck_assert_int_eq(ct_maintain(w.tbl, w.now_ns, 0), 0);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_EXPIRED), 1);
	ct_world_audit(&w);
}
END_TEST

/* --- Explanations ------------------------------------------------------- */

struct steps {
	unsigned n;
	bool l3, lookup, udp, verdict;
};

static void explain(void *user, const char *step, const char *text)
{
	struct steps *steps = user;

	ck_assert_uint_gt(strlen(text), 3);
	steps->n++;
	steps->l3 |= strcmp(step, "l3") == 0;
	steps->lookup |= strcmp(step, "lookup") == 0;
	steps->udp |= strcmp(step, "udp") == 0;
	steps->verdict |= strcmp(step, "verdict") == 0;
}

START_TEST(steps_are_explained_on_request)
{
	struct steps steps = { 0 };
	unsigned n;

	ct_thread_trace(w.thr, explain, &steps);
	ck_assert(ct_tracing(w.thr));
	ct_world_udp(&w, &ct_test_flow4, CT_DIR_ORIG);
	ck_assert(steps.l3 && steps.lookup && steps.udp && steps.verdict);
	n = steps.n;
	ct_thread_trace(w.thr, NULL, NULL);
	ck_assert(!ct_tracing(w.thr));
	ct_world_udp(&w, &ct_test_flow4, CT_DIR_ORIG);
	ck_assert_uint_eq(steps.n, n);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("thread");
	TCase *tc = tcase_create("thread");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, handle_knows_its_table);
	tcase_add_test(tc, time_never_goes_back);
	tcase_add_test(tc, new_handle_begins_at_the_latest_time);
	tcase_add_test(tc, clocks_may_differ);
	tcase_add_test(tc, sleeper_polls_before_the_next_packet);
	tcase_add_test(tc, detach_gives_up_private_ones);
	tcase_add_test(tc, handles_come_and_go_without_a_trace);
	tcase_add_test(tc, maintenance_seals_as_well);
	tcase_add_test(tc, maintenance_tells_what_it_ends);
	tcase_add_test(tc, steps_are_explained_on_request);
	suite_add_tcase(suite, tc);
	return suite;
}
