/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The burst verbs: where they are equal to one packet after the other, and
 * where to n times one verb, then n times the other.
 */
#include "suite.h"
#include "world.h"

enum { MANY = 70 }; /* more than are under way at once, twice */

static struct ct_world w;
static struct ct_test_packet bytes[MANY];
static struct ct_pkt pkts[MANY];
static struct ct_pkt *burst[MANY];
static enum ct_verdict verdicts[MANY];

/* What the rules of a test were asked, and what they say. */
static struct {
	unsigned asked;
	const struct ct_pkt *last;
	unsigned refuse; /* so many of the first */
	enum ct_verdict verdict;
} rules_seen;

static enum ct_verdict new_conn(void *user, struct ct_thread *thr,
				struct ct_pkt *pkt)
{
	ck_assert_ptr_eq(user, &rules_seen);
	ck_assert_ptr_eq(thr, w.thr);
	ck_assert_ptr_nonnull(pkt->conn);
	ck_assert_uint_eq(ct_conn_status(pkt->conn) & CT_S_CONFIRMED, 0);
	rules_seen.last = pkt;
	return rules_seen.asked++ < rules_seen.refuse ? rules_seen.verdict
						      : CT_ACCEPT;
}

static const struct ct_rules rules = { .size = sizeof(rules),
				       .user = &rules_seen,
				       .new_conn = new_conn };

static void setup(void)
{
	ct_world_start(&w, 0);
	rules_seen.asked = 0;
	rules_seen.last = NULL;
	rules_seen.refuse = 0;
	rules_seen.verdict = CT_DROP;
}

static void teardown(void)
{
	ct_world_settle(&w);
	ct_world_end(&w);
}

static void put(unsigned i)
{
	pkts[i] = ct_test_pkt(&bytes[i]);
	burst[i] = &pkts[i];
	verdicts[i] = CT_STOLEN;
}

static void datagram(unsigned i, const struct ct_test_flow *flow,
		     enum ct_dir dir)
{
	ct_test_udp(&bytes[i], flow, dir, 10);
	put(i);
}

static void segment(unsigned i, enum ct_dir dir, uint8_t flags, uint32_t seq,
		    uint32_t ack)
{
	const struct ct_test_segment seg = {
		.flags = flags, .win = 8192, .seq = seq, .ack = ack
	};

	ct_test_tcp(&bytes[i], &ct_test_flow4, dir, &seg);
	put(i);
}

/* All packets of one flow, so that they meet in a burst. */
static void same_flow(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		datagram(i, &ct_test_flow4, CT_DIR_ORIG);
}

START_TEST(forward_finds_what_the_same_burst_opened)
{
	datagram(0, &ct_test_flow4, CT_DIR_ORIG);
	datagram(1, &ct_test_flow4, CT_DIR_REPLY);
	datagram(2, &ct_test_flow4, CT_DIR_ORIG);
	ct_forward_burst(w.thr, burst, 3, NULL, verdicts);

	ck_assert_int_eq(pkts[0].state, CT_NEW);
	ck_assert_int_eq(pkts[1].state, CT_ESTABLISHED);
	ck_assert_int_eq(pkts[1].dir, CT_DIR_REPLY);
	ck_assert_int_eq(pkts[2].state, CT_ESTABLISHED);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(verdicts[i], CT_ACCEPT);
		ck_assert_ptr_eq(pkts[i].conn, pkts[0].conn);
	}
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

START_TEST(forward_shakes_hands_in_one_burst)
{
	segment(0, CT_DIR_ORIG, CT_TEST_SYN, 1000, 0);
	segment(1, CT_DIR_REPLY, CT_TEST_SYN | CT_TEST_ACK, 5000, 1001);
	segment(2, CT_DIR_ORIG, CT_TEST_ACK, 1001, 5001);
	ct_forward_burst(w.thr, burst, 3, NULL, verdicts);

	ck_assert_int_eq(pkts[2].state, CT_ESTABLISHED);
	ck_assert_uint_ne(ct_conn_status(pkts[0].conn) & CT_S_ASSURED, 0);
}
END_TEST

START_TEST(forward_reopens_what_the_same_burst_reset)
{
	segment(0, CT_DIR_ORIG, CT_TEST_SYN, 1000, 0);
	segment(1, CT_DIR_REPLY, CT_TEST_RST | CT_TEST_ACK, 0, 1001);
	segment(2, CT_DIR_ORIG, CT_TEST_SYN, 90000, 0);
	ct_forward_burst(w.thr, burst, 3, NULL, verdicts);

	ck_assert_ptr_ne(pkts[2].conn, pkts[0].conn);
	ck_assert_int_eq(pkts[2].state, CT_NEW);
	ck_assert_int_eq(verdicts[2], CT_ACCEPT);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

/* The burst guessed the old connection for both, before the first was reset. */
START_TEST(guess_does_not_outlive_its_connection)
{
	struct ct_conn *old;

	/* so late that what is left of a dead one does not look expired */
	ct_world_wait(&w, 300 * 86400 * CT_WORLD_S);
	segment(0, CT_DIR_ORIG, CT_TEST_SYN, 1000, 0);
	ct_forward_burst(w.thr, burst, 1, NULL, verdicts);
	old = pkts[0].conn;

	segment(0, CT_DIR_REPLY, CT_TEST_RST | CT_TEST_ACK, 0, 1001);
	segment(1, CT_DIR_ORIG, CT_TEST_SYN, 90000, 0);
	segment(2, CT_DIR_ORIG, CT_TEST_SYN, 90000, 0);
	ct_forward_burst(w.thr, burst, 3, NULL, verdicts);

	ck_assert_ptr_eq(pkts[0].conn, old);
	ck_assert_uint_eq(pkts[0].reason, CT_R_CLOSED_BY_RESET);
	ck_assert_ptr_ne(pkts[1].conn, old);
	ck_assert_uint_eq(pkts[1].reason, CT_R_OPENED);
	ck_assert_ptr_eq(pkts[2].conn, pkts[1].conn);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

START_TEST(split_makes_two_segments_of_a_flow_clash)
{
	segment(0, CT_DIR_ORIG, CT_TEST_SYN, 1000, 0);
	segment(1, CT_DIR_ORIG, CT_TEST_SYN, 1000, 0);
	ct_process_burst(w.thr, burst, 2, CT_HOOK_PREROUTING, verdicts);
	ck_assert_ptr_ne(pkts[0].conn, pkts[1].conn);
	ct_confirm_burst(w.thr, burst, 2, verdicts);

	ck_assert_int_eq(verdicts[0], CT_ACCEPT);
	ck_assert_int_eq(verdicts[1], CT_DROP);
	ck_assert_uint_eq(pkts[1].reason, CT_R_CLASH);
}
END_TEST

START_TEST(split_makes_datagrams_of_a_flow_join)
{
	same_flow(MANY);
	ct_process_burst(w.thr, burst, MANY, CT_HOOK_OUTPUT, verdicts);
	ct_confirm_burst(w.thr, burst, MANY, verdicts);

	for (unsigned i = 0; i < MANY; i++) {
		ck_assert_int_eq(verdicts[i], CT_ACCEPT);
		ck_assert_ptr_eq(pkts[i].conn, pkts[0].conn);
	}
	ck_assert_uint_eq(ct_world_count(&w, CT_R_JOINED), MANY - 1);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

START_TEST(process_burst_tracks_at_two_hooks_only)
{
	same_flow(2);
	ct_process_burst(w.thr, burst, 2, CT_HOOK_FORWARD, verdicts);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(verdicts[i], CT_ACCEPT);
		ck_assert_uint_eq(pkts[i].reason, CT_R_NO_HOOK);
	}
}
END_TEST

START_TEST(rules_are_asked_about_first_packets_only)
{
	same_flow(MANY);
	ct_forward_burst(w.thr, burst, MANY, &rules, verdicts);
	ck_assert_uint_eq(rules_seen.asked, 1);
	ck_assert_ptr_eq(rules_seen.last, &pkts[0]);
	ck_assert_int_eq(pkts[MANY - 1].state, CT_NEW);
}
END_TEST

START_TEST(rules_are_asked_again_after_they_refused)
{
	rules_seen.refuse = 2;
	same_flow(4);
	ct_forward_burst(w.thr, burst, 4, &rules, verdicts);

	ck_assert_uint_eq(rules_seen.asked, 3);
	ck_assert_int_eq(verdicts[0], CT_DROP);
	ck_assert_int_eq(verdicts[1], CT_DROP);
	ck_assert_int_eq(verdicts[2], CT_ACCEPT);
	ck_assert_ptr_null(pkts[0].conn);
	ck_assert_ptr_eq(pkts[3].conn, pkts[2].conn);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

START_TEST(verdict_of_the_rules_is_the_packets)
{
	rules_seen.refuse = 1;
	rules_seen.verdict = CT_STOLEN;
	same_flow(1);
	verdicts[0] = CT_ACCEPT;
	ct_forward_burst(w.thr, burst, 1, &rules, verdicts);
	ck_assert_int_eq(verdicts[0], CT_STOLEN);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

START_TEST(nobody_need_want_verdicts)
{
	same_flow(MANY);
	ct_forward_burst(w.thr, burst, MANY, NULL, NULL);
	same_flow(MANY);
	ct_process_burst(w.thr, burst, MANY, CT_HOOK_PREROUTING, NULL);
	ct_confirm_burst(w.thr, burst, MANY, NULL);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_OPENED), 1);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_TRACKED), 2 * MANY - 1);
}
END_TEST

START_TEST(burst_of_none_does_nothing)
{
	ct_process_burst(w.thr, NULL, 0, CT_HOOK_PREROUTING, NULL);
	ct_confirm_burst(w.thr, NULL, 0, NULL);
	ct_forward_burst(w.thr, NULL, 0, &rules, NULL);
	ck_assert_uint_eq(rules_seen.asked, 0);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

START_TEST(packet_given_up_before_keeps_its_answer)
{
	rules_seen.refuse = 1;
	same_flow(1);
	ct_forward_burst(w.thr, burst, 1, &rules, verdicts);
	ck_assert_int_eq(verdicts[0], CT_DROP);
	ck_assert_int_eq(pkts[0].state, CT_NEW);
	ct_forward_burst(w.thr, burst, 1, &rules, verdicts);

	ck_assert_int_eq(verdicts[0], CT_ACCEPT);
	ck_assert_ptr_null(pkts[0].conn);
	ck_assert_uint_eq(rules_seen.asked, 1);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

START_TEST(packet_processed_before_is_asked_about_and_confirmed)
{
	same_flow(1);
	ct_process(w.thr, burst[0], CT_HOOK_PREROUTING);
	ct_forward_burst(w.thr, burst, 1, &rules, verdicts);
	ck_assert_int_eq(verdicts[0], CT_ACCEPT);
	ck_assert_uint_eq(rules_seen.asked, 1);
	ck_assert_uint_ne(ct_conn_status(pkts[0].conn) & CT_S_CONFIRMED, 0);
}
END_TEST

START_TEST(broken_packets_do_not_spoil_their_burst)
{
	for (unsigned i = 0; i < MANY; i++) {
		datagram(i, &ct_test_flow6, CT_DIR_ORIG);
		if (i % 3 == 0)
			pkts[i].len = i % 48;
		else if (i % 3 == 1)
			bytes[i].bytes[0] = 0;
	}
	ct_forward_burst(w.thr, burst, MANY, &rules, verdicts);
	for (unsigned i = 0; i < MANY; i++) {
		ck_assert_int_eq(verdicts[i], CT_ACCEPT);
		ck_assert_int_eq(pkts[i].state,
				 i % 3 == 2 ? CT_NEW : CT_INVALID);
	}
	ck_assert_ptr_eq(rules_seen.last, &pkts[2]);
}
END_TEST

/*
 * A burst guesses from 16 bits which connection is meant; among so many flows
 * some share them, and their bucket.
 */
START_TEST(forward_tells_flows_apart_that_look_alike)
{
	enum { MANY_FLOWS = 60000, BURST = 60 };

	for (unsigned round = 0; round < 2; round++) {
		for (uint32_t n = 0; n < MANY_FLOWS; n += BURST) {
			for (uint32_t i = 0; i < BURST; i++) {
				struct ct_test_flow f = ct_world_flow(n + i);

				datagram(i, &f, CT_DIR_ORIG);
			}
			ct_forward_burst(w.thr, burst, BURST, NULL, verdicts);
			for (uint32_t i = 0; i < BURST; i++) {
				struct ct_test_flow f = ct_world_flow(n + i);
				struct ct_tuple t =
					ct_world_tuple(&f, CT_DIR_ORIG);

				ck_assert_ptr_eq(pkts[i].conn,
						 ct_find(w.thr, &t, NULL));
			}
			ct_thread_poll(w.thr, w.now_ns);
		}
	}
	ck_assert_uint_eq(ct_world_count(&w, CT_R_OPENED), MANY_FLOWS);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_TRACKED), MANY_FLOWS);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("burst");
	TCase *tc = tcase_create("burst");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, forward_finds_what_the_same_burst_opened);
	tcase_add_test(tc, forward_shakes_hands_in_one_burst);
	tcase_add_test(tc, forward_reopens_what_the_same_burst_reset);
	tcase_add_test(tc, guess_does_not_outlive_its_connection);
	tcase_add_test(tc, split_makes_two_segments_of_a_flow_clash);
	tcase_add_test(tc, split_makes_datagrams_of_a_flow_join);
	tcase_add_test(tc, process_burst_tracks_at_two_hooks_only);
	tcase_add_test(tc, rules_are_asked_about_first_packets_only);
	tcase_add_test(tc, rules_are_asked_again_after_they_refused);
	tcase_add_test(tc, verdict_of_the_rules_is_the_packets);
	tcase_add_test(tc, nobody_need_want_verdicts);
	tcase_add_test(tc, burst_of_none_does_nothing);
	tcase_add_test(tc, packet_given_up_before_keeps_its_answer);
	tcase_add_test(tc,
		       packet_processed_before_is_asked_about_and_confirmed);
	tcase_add_test(tc, broken_packets_do_not_spoil_their_burst);
	tcase_add_test(tc, forward_tells_flows_apart_that_look_alike);
	suite_add_tcase(suite, tc);
	return suite;
}
