/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ct_process(): which packets are looked at, and what is answered.
 */
#include "suite.h"
#include "world.h"

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

static struct ct_pkt datagram(void)
{
	ct_test_udp(&w.p, &ct_test_flow4, CT_DIR_ORIG, 10);
	return ct_test_pkt(&w.p);
}

START_TEST(two_hooks_track_and_three_do_not)
{
	for (unsigned hook = 0; hook < CT_HOOK_MAX; hook++) {
		bool tracks =
			hook == CT_HOOK_PREROUTING || hook == CT_HOOK_OUTPUT;
		struct ct_pkt pkt = datagram();

		ck_assert_int_eq(ct_process(w.thr, &pkt, (enum ct_hook)hook),
				 CT_ACCEPT);
		ck_assert_int_eq(pkt.conn != NULL, tracks);
		if (!tracks) {
			ck_assert_int_eq(pkt.state, CT_UNTRACKED);
			ck_assert_uint_eq(pkt.reason, CT_R_NO_HOOK);
		}
		ct_abandon(w.thr, &pkt);
	}
}
END_TEST

START_TEST(other_hooks_return_what_the_first_one_found)
{
	struct ct_pkt pkt = ct_world_udp(&w, &ct_test_flow4, CT_DIR_ORIG);
	struct ct_pkt before = pkt;
	uint64_t opened = ct_world_count(&w, CT_R_OPENED);

	for (unsigned hook = 0; hook < CT_HOOK_MAX; hook++) {
		ck_assert_int_eq(ct_process(w.thr, &pkt, (enum ct_hook)hook),
				 CT_ACCEPT);
		ck_assert_mem_eq(&pkt, &before, sizeof(pkt));
	}
	ck_assert_uint_eq(ct_world_count(&w, CT_R_OPENED), opened);
}
END_TEST

START_TEST(host_may_say_untracked)
{
	struct ct_pkt pkt = datagram();

	pkt.flags = CT_PKT_UNTRACKED;
	ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(pkt.state, CT_UNTRACKED);
	ck_assert_uint_eq(pkt.reason, CT_R_NOTRACK);
	ck_assert_ptr_null(pkt.conn);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

START_TEST(unknown_network_layer_is_invalid_and_accepted)
{
	struct ct_pkt pkt = datagram();

	pkt.l3 = 77;
	ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(pkt.state, CT_INVALID);
	ck_assert_uint_eq(pkt.reason, CT_R_L3_UNKNOWN);
}
END_TEST

START_TEST(bytes_are_not_written)
{
	struct ct_test_packet before;

	for (unsigned i = 0; i < 3; i++) {
		struct ct_pkt pkt = datagram();

		before = w.p;
		pkt.user = &before;
		pkt.mark = 42;
		ct_process(w.thr, &pkt, CT_HOOK_PREROUTING);
		ct_confirm(w.thr, &pkt);
		ck_assert_mem_eq(&w.p, &before, sizeof(before));
		ck_assert_ptr_eq(pkt.user, &before);
		ck_assert_uint_eq(pkt.mark, 42);
	}
}
END_TEST

START_TEST(answer_tells_where_the_transport_header_is)
{
	struct ct_pkt pkt = ct_world_udp(&w, &ct_test_flow4, CT_DIR_ORIG);

	ck_assert_uint_eq(pkt.l4_off, 20);
	ck_assert_uint_eq(pkt.l4_len, 18);
	ck_assert_uint_eq(pkt.l4, 17);
	pkt = ct_world_udp(&w, &ct_test_flow6, CT_DIR_ORIG);
	ck_assert_uint_eq(pkt.l4_off, 40);
}
END_TEST

/* A packet that is refused leaves nothing behind, whatever the step. */
START_TEST(invalid_packets_open_nothing)
{
	struct ct_pkt pkt;

	for (uint32_t len = 0; len < 28; len++) {
		pkt = datagram();
		pkt.len = len;
		ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_PREROUTING),
				 CT_ACCEPT);
		ck_assert_int_eq(pkt.state, CT_INVALID);
		ck_assert_uint_ne(pkt.reason, CT_R_NONE);
		ck_assert_ptr_null(pkt.conn);
		ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
		ck_assert_uint_eq(ct_world_count(&w, pkt.reason) > 0, 1);
	}
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	ct_world_audit(&w);
}
END_TEST

/* --- Bursts ------------------------------------------------------------- */

START_TEST(burst_equals_one_at_a_time)
{
	enum { N = 6 };
	static struct ct_test_packet p[N];
	struct ct_pkt pkt[N], *pkts[N];
	enum ct_verdict verdicts[N];

	for (unsigned i = 0; i < N; i++) {
		struct ct_test_flow flow = ct_world_flow(i / 2);

		ct_test_udp(&p[i], &flow, CT_DIR_ORIG, 10);
		pkt[i] = ct_test_pkt(&p[i]);
		pkts[i] = &pkt[i];
		verdicts[i] = CT_STOLEN;
	}
	pkt[5].l3 = 77;
	ct_process_burst(w.thr, pkts, N, CT_HOOK_PREROUTING, verdicts);
	for (unsigned i = 0; i < N; i++)
		ck_assert_int_eq(verdicts[i], CT_ACCEPT);
	/* A first packet and its successor are two, until they clash. */
	ck_assert_ptr_ne(pkt[0].conn, pkt[1].conn);
	ck_assert_int_eq(pkt[1].state, CT_NEW);
	ck_assert_int_eq(pkt[5].state, CT_INVALID);
	ct_confirm_burst(w.thr, pkts, N, verdicts);
	ck_assert_ptr_eq(pkt[0].conn, pkt[1].conn);
	ck_assert_uint_eq(ct_world_conns(&w), 3);
	ct_world_audit(&w);
}
END_TEST

START_TEST(burst_may_be_empty_and_nobody_may_care)
{
	struct ct_pkt pkt = datagram(), *pkts[] = { &pkt };

	ct_process_burst(w.thr, NULL, 0, CT_HOOK_PREROUTING, NULL);
	ct_process_burst(w.thr, pkts, 1, CT_HOOK_PREROUTING, NULL);
	ct_confirm_burst(w.thr, pkts, 1, NULL);
	ct_confirm_burst(w.thr, NULL, 0, NULL);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_CONFIRMED), 1);
}
END_TEST

/* --- The log ------------------------------------------------------------ */

static unsigned lines;

static void count_line(void *user, enum ct_log_level level, const char *msg)
{
	(void)user;
	(void)level;
	ck_assert_uint_gt(strlen(msg), 10);
	ck_assert_ptr_null(strchr(msg, '\n'));
	lines++;
}

static void send_broken(struct ct_thread *thr)
{
	struct ct_pkt pkt = datagram();

	pkt.csum = CT_CSUM_BAD;
	ct_process(thr, &pkt, CT_HOOK_PREROUTING);
	ck_assert_int_eq(pkt.state, CT_INVALID);
}

START_TEST(invalid_packets_are_logged_by_protocol)
{
	static const struct {
		uint32_t value;
		unsigned lines;
	} cases[] = { { 0, 0 }, { 6, 0 }, { 17, 1 }, { 255, 1 } };
	struct ct_host host = { .size = sizeof(host), .log = count_line };
	const struct ct_config cfg = { .size = sizeof(cfg), .host = &host };
	struct ct_table *tbl;
	struct ct_thread *thr;

	ck_assert_int_eq(ct_table_create(&cfg, &tbl), 0);
	ck_assert_int_eq(ct_thread_attach(tbl, &thr), 0);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		lines = 0;
		ck_assert_int_eq(ct_param_set(tbl, "nf_conntrack_log_invalid",
					      cases[i].value),
				 0);
		send_broken(thr);
		ck_assert_uint_eq(lines, cases[i].lines);
	}
	ct_thread_detach(thr);
	ct_table_destroy(tbl);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("process");
	TCase *tc = tcase_create("process");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, two_hooks_track_and_three_do_not);
	tcase_add_test(tc, other_hooks_return_what_the_first_one_found);
	tcase_add_test(tc, host_may_say_untracked);
	tcase_add_test(tc, unknown_network_layer_is_invalid_and_accepted);
	tcase_add_test(tc, bytes_are_not_written);
	tcase_add_test(tc, answer_tells_where_the_transport_header_is);
	tcase_add_test(tc, invalid_packets_open_nothing);
	tcase_add_test(tc, burst_equals_one_at_a_time);
	tcase_add_test(tc, burst_may_be_empty_and_nobody_may_care);
	tcase_add_test(tc, invalid_packets_are_logged_by_protocol);
	suite_add_tcase(suite, tc);
	return suite;
}
