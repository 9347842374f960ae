/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clashes: two packets of one new flow, each with a connection of its own, on
 * their way at once.
 */
#include "suite.h"
#include "world.h"

#include <conntrack/plugin.h>

static struct ct_world w;

static void setup(void)
{
	ct_world_create(&w, NULL);
	ct_world_watch(&w);
	ck_assert_int_eq(ct_param_set(w.tbl, "acct", 1), 0);
	ct_world_attach(&w);
}

static void teardown(void)
{
	ct_world_settle(&w);
	ct_world_end(&w);
}

static uint64_t packets(const struct ct_conn *conn, enum ct_dir dir)
{
	struct ct_counter counter;

	ck_assert_int_eq(ct_conn_counter(w.tbl, conn, dir, &counter), 0);
	return counter.packets;
}

static void confirmed(struct ct_pkt *pkt)
{
	ck_assert_int_eq(ct_confirm(w.thr, pkt), CT_ACCEPT);
	ct_world_audit(&w);
}

static void lost(struct ct_pkt *pkt)
{
	ck_assert_int_eq(ct_confirm(w.thr, pkt), CT_DROP);
	ck_assert_uint_eq(pkt->reason, CT_R_CLASH);
	ck_assert_ptr_null(pkt->conn);
	ct_world_audit(&w);
}

static void joined(struct ct_pkt *pkt, const struct ct_conn *winner)
{
	confirmed(pkt);
	ck_assert_uint_eq(pkt->reason, CT_R_JOINED);
	ck_assert_ptr_eq(pkt->conn, winner);
}

START_TEST(two_datagrams_become_one_connection)
{
	static const struct ct_test_flow *const flows[] = { &ct_test_flow4,
							    &ct_test_flow6 };

	for (unsigned i = 0; i < 2; i++) {
		struct ct_pkt first = ct_world_open(&w, flows[i], CT_DIR_ORIG);
		struct ct_pkt second = ct_world_open(&w, flows[i], CT_DIR_ORIG);

		ck_assert_ptr_ne(first.conn, second.conn);
		confirmed(&first);
		joined(&second, first.conn);
		ck_assert_int_eq(second.dir, CT_DIR_ORIG);
		ck_assert_int_eq(second.state, CT_NEW);
		ck_assert_uint_eq(packets(first.conn, CT_DIR_ORIG), 2);
		ck_assert_uint_eq(ct_world_conns(&w), i + 1);
	}
	ck_assert_uint_eq(ct_world_count(&w, CT_R_CONFIRMED), 2);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_JOINED), 2);
}
END_TEST

START_TEST(second_may_be_confirmed_first)
{
	struct ct_pkt first = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);
	struct ct_pkt second = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);

	confirmed(&second);
	joined(&first, second.conn);
}
END_TEST

START_TEST(answer_that_opened_one_of_its_own_joins)
{
	struct ct_pkt there = ct_world_open(&w, &ct_test_flow6, CT_DIR_ORIG);
	struct ct_pkt back = ct_world_open(&w, &ct_test_flow6, CT_DIR_REPLY);

	ck_assert_int_eq(back.state, CT_NEW);
	confirmed(&there);
	joined(&back, there.conn);
	ck_assert_int_eq(back.dir, CT_DIR_REPLY);
	ck_assert_int_eq(back.state, CT_ESTABLISHED);
	ck_assert_uint_eq(packets(there.conn, CT_DIR_ORIG), 1);
	ck_assert_uint_eq(packets(there.conn, CT_DIR_REPLY), 1);
}
END_TEST

START_TEST(crowd_of_datagrams_becomes_one_connection)
{
	enum { N = 20 };
	struct ct_pkt pkt[N];

	for (unsigned i = 0; i < N; i++)
		pkt[i] = ct_world_open(&w, &ct_test_flow4,
				       i % 3 ? CT_DIR_ORIG : CT_DIR_REPLY);
	confirmed(&pkt[7]);
	for (unsigned i = 0; i < N; i++)
		if (i != 7)
			joined(&pkt[i], pkt[7].conn);
	ck_assert_uint_eq(packets(pkt[7].conn, CT_DIR_ORIG) +
				  packets(pkt[7].conn, CT_DIR_REPLY),
			  N);
	ct_world_settle(&w);
	ck_assert_uint_eq(ct_world_freed(), N - 1);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

START_TEST(what_the_loser_was_told_is_lost)
{
	struct ct_pkt first = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);
	struct ct_pkt second = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);

	ct_conn_mark_set(w.thr, first.conn, 1);
	ct_conn_mark_set(w.thr, second.conn, 2);
	confirmed(&first);
	joined(&second, first.conn);
	ck_assert_uint_eq(ct_conn_mark(second.conn), 1);
}
END_TEST

START_TEST(loser_that_is_owned_stays_until_it_is_put)
{
	struct ct_pkt first = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);
	struct ct_pkt second = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);
	struct ct_conn *loser = ct_conn_get(second.conn);

	confirmed(&first);
	joined(&second, first.conn);
	ct_world_settle(&w);
	ck_assert_uint_eq(ct_world_freed(), 0);
	ck_assert(ct_conn_status(loser) & CT_S_DYING);
	ct_conn_put(w.tbl, loser);
	ct_world_settle(&w);
	ck_assert_uint_eq(ct_world_freed(), 1);
}
END_TEST

START_TEST(loser_that_was_held_over_a_poll_joins_as_well)
{
	struct ct_pkt held = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);
	struct ct_conn *loser = ct_conn_get(held.conn);
	struct ct_pkt first;

	ct_world_settle(&w);
	first = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);
	confirmed(&first);
	joined(&held, first.conn);
	ct_conn_put(w.tbl, loser);
	ct_world_settle(&w);
	ck_assert_uint_eq(ct_world_freed(), 1);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

/* --- TCP ---------------------------------------------------------------- */

static struct ct_pkt syn(uint32_t seq)
{
	const struct ct_test_segment seg = { .flags = CT_TEST_SYN,
					     .win = 8192,
					     .seq = seq };

	return ct_world_tcp(&w, &ct_test_flow4, CT_DIR_ORIG, &seg);
}

START_TEST(second_syn_is_dropped_as_linux_does)
{
	struct ct_pkt first = syn(1000), second = syn(1000);

	confirmed(&first);
	lost(&second);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_CLASH), 1);
	/* Sent again, it finds the winner. */
	second = syn(1000);
	ck_assert_ptr_eq(second.conn, first.conn);
	confirmed(&second);
	ct_world_settle(&w);
	ck_assert_uint_eq(ct_world_freed(), 1);
}
END_TEST

START_TEST(second_syn_joins_by_parameter)
{
	struct ct_pkt first, second;

	ck_assert_int_eq(ct_param_set(w.tbl, "confirm.clash", 1), 0);
	first = syn(1000);
	second = syn(1000);
	confirmed(&first);
	joined(&second, first.conn);
}
END_TEST

START_TEST(recommended_profile_joins)
{
	const struct ct_config cfg = { .size = sizeof(cfg) };
	struct ct_pkt first, second;

	ct_world_end(&w);
	ct_world_create(&w, &cfg);
	ct_world_attach(&w);
	first = syn(1000);
	second = syn(1000);
	confirmed(&first);
	ck_assert_int_eq(ct_confirm(w.thr, &second), CT_ACCEPT);
	ck_assert_ptr_eq(second.conn, first.conn);
}
END_TEST

/* --- No clash, or no remedy --------------------------------------------- */

static struct ct_pkt open_under(const struct ct_policy *policy,
				const struct ct_test_flow *flow)
{
	struct ct_pkt pkt;

	ct_test_udp(&w.p, flow, CT_DIR_ORIG, 10);
	pkt = ct_test_pkt(&w.p);
	pkt.policy = policy;
	ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	return pkt;
}

/* Zones tell the questions apart, but not the answers. */
START_TEST(half_a_clash_cannot_be_joined)
{
	struct ct_policy_def def = { .size = sizeof(def),
				     .flags = CT_POLICY_ZONE_ORIG };
	const struct ct_policy *policy[2];
	struct ct_pkt first, second;

	for (unsigned i = 0; i < 2; i++) {
		def.zone = (uint16_t)(i + 1);
		ck_assert_int_eq(ct_policy_create(w.tbl, &def, &policy[i]), 0);
	}
	first = open_under(policy[0], &ct_test_flow4);
	second = open_under(policy[1], &ct_test_flow4);
	confirmed(&first);
	lost(&second);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

START_TEST(winner_that_has_ended_is_no_winner)
{
	struct ct_pkt first = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);
	struct ct_pkt second = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);
	struct ct_conn *own = second.conn;

	confirmed(&first);
	ck_assert_int_eq(ct_conn_delete(w.thr, first.conn), 0);
	confirmed(&second);
	ck_assert_ptr_eq(second.conn, own);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_CONFIRMED), 2);
}
END_TEST

/* So many others that the sweep does not come by. */
START_TEST(winner_that_has_expired_is_replaced)
{
	static const struct ct_policy_timeout long_ = { "udp.timeout", 9999,
							0 };
	const struct ct_policy_def def = { .size = sizeof(def),
					   .timeouts = &long_,
					   .n_timeouts = 1 };
	struct ct_pkt others, first, second;
	const struct ct_policy *policy;
	struct ct_conn *own;

	ck_assert_int_eq(ct_policy_create(w.tbl, &def, &policy), 0);
	for (uint32_t i = 0; i < 500; i++) {
		struct ct_test_flow flow = ct_world_flow(i);

		others = open_under(policy, &flow);
		ck_assert_int_eq(ct_confirm(w.thr, &others), CT_ACCEPT);
	}
	first = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);
	second = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);
	own = ct_conn_get(second.conn);
	confirmed(&first);
	ct_world_wait(&w, 31 * CT_WORLD_S);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_EXPIRED), 0);
	confirmed(&second);
	ck_assert_ptr_eq(second.conn, own);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_EXPIRED), 1);
	ct_conn_put(w.tbl, own);
}
END_TEST

START_TEST(confirmed_twice_is_confirmed_once)
{
	struct ct_pkt pkt = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);

	confirmed(&pkt);
	confirmed(&pkt);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_CONFIRMED), 1);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("clash flow");
	TCase *tc = tcase_create("clash");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, two_datagrams_become_one_connection);
	tcase_add_test(tc, second_may_be_confirmed_first);
	tcase_add_test(tc, answer_that_opened_one_of_its_own_joins);
	tcase_add_test(tc, crowd_of_datagrams_becomes_one_connection);
	tcase_add_test(tc, what_the_loser_was_told_is_lost);
	tcase_add_test(tc, loser_that_is_owned_stays_until_it_is_put);
	tcase_add_test(tc, loser_that_was_held_over_a_poll_joins_as_well);
	tcase_add_test(tc, second_syn_is_dropped_as_linux_does);
	tcase_add_test(tc, second_syn_joins_by_parameter);
	tcase_add_test(tc, recommended_profile_joins);
	tcase_add_test(tc, half_a_clash_cannot_be_joined);
	tcase_add_test(tc, winner_that_has_ended_is_no_winner);
	tcase_add_test(tc, winner_that_has_expired_is_replaced);
	tcase_add_test(tc, confirmed_twice_is_confirmed_once);
	suite_add_tcase(suite, tc);
	return suite;
}
