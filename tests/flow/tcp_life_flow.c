/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How TCP connections live: opening, closing, timeouts, pick-up.
 */
#include "suite.h"
#include "tcp_flow.h"

#include <string.h>

static struct ct_tcp_stage stage;

static void setup(void)
{
	ct_tcp_stage_open(&stage);
}

static void teardown(void)
{
	ct_tcp_stage_close(&stage);
}

#define PLAY(lines) ct_tcp_play(&stage, &ct_test_flow4, LINES(lines))

/* clang-format off */
#define OPENED \
	{ ORIG,  S,     0,  1000, 0,    8192, NEW, "SYN_SENT",    120 }, \
	{ REPLY, S | A, 0,  5000, 1001, 8192, EST, "SYN_RECV",    60 }, \
	{ ORIG,  A,     0,  1001, 5001, 8192, EST, "ESTABLISHED", 432000 }

/* --- Opening and closing ------------------------------------------------ */

START_TEST(from_syn_to_time_wait)
{
	static const struct ct_tcp_line lines[] = {
		OPENED,
		{ ORIG,  P | A, 18, 1001, 5001, 8192, EST, "ESTABLISHED", 300 },
		{ REPLY, A,     0,  5001, 1019, 8192, EST, "ESTABLISHED", 432000 },
		{ REPLY, P | A, 99, 5001, 1019, 8192, EST, "ESTABLISHED", 300 },
		{ ORIG,  A,     0,  1019, 5100, 8192, EST, "ESTABLISHED", 432000 },
		{ ORIG,  F | A, 0,  1019, 5100, 8192, EST, "FIN_WAIT",    120 },
		{ REPLY, A,     0,  5100, 1020, 8192, EST, "CLOSE_WAIT",  60 },
		{ REPLY, F | A, 0,  5100, 1020, 8192, EST, "LAST_ACK",    30 },
		{ ORIG,  A,     0,  1020, 5101, 8192, EST, "TIME_WAIT",   120 },
		WAIT(121),
		/* A late copy finds nothing, and no FIN opens anything. */
		{ REPLY, F | A, 0,  5100, 1020, 8192, INV, GONE,
		  .reason = CT_R_TCP_NEW },
	};

	PLAY(lines);
	ct_tcp_play(&stage, &ct_test_flow6, LINES(lines));
}
END_TEST

START_TEST(responder_may_close_first)
{
	static const struct ct_tcp_line lines[] = {
		OPENED,
		{ REPLY, F | A, 0,  5001, 1001, 8192, EST, "FIN_WAIT",   120 },
		{ ORIG,  A,     0,  1001, 5002, 8192, EST, "CLOSE_WAIT", 60 },
		/* Half-closed: the originator still sends. */
		{ ORIG,  P | A, 50, 1001, 5002, 8192, EST, "CLOSE_WAIT", 60 },
		{ REPLY, A,     0,  5002, 1051, 8192, EST, "CLOSE_WAIT", 60 },
		{ ORIG,  F | A, 0,  1051, 5002, 8192, EST, "LAST_ACK",   30 },
		{ REPLY, A,     0,  5002, 1052, 8192, EST, "TIME_WAIT",  120 },
	};

	PLAY(lines);
}
END_TEST

START_TEST(both_may_close_at_once)
{
	static const struct ct_tcp_line lines[] = {
		OPENED,
		{ ORIG,  F | A, 0, 1001, 5001, 8192, EST, "FIN_WAIT",  120 },
		{ REPLY, F | A, 0, 5001, 1001, 8192, EST, "LAST_ACK",  30 },
		{ ORIG,  A,     0, 1002, 5002, 8192, EST, "TIME_WAIT", 120 },
	};

	PLAY(lines);
}
END_TEST

/* Finished by a FIN, it is free for both ends. */
START_TEST(roles_may_change_after_time_wait)
{
	static const struct ct_tcp_line lines[] = {
		OPENED,
		{ ORIG,  F | A, 0, 1001, 5001, 8192, EST, "FIN_WAIT",  120 },
		{ REPLY, F | A, 0, 5001, 1002, 8192, EST, "LAST_ACK",  30 },
		{ ORIG,  A,     0, 1002, 5002, 8192, EST, "TIME_WAIT", 120 },
		{ REPLY, S,     0, 9000, 0,    8192, NEW, "SYN_SENT",  120 },
	};

	PLAY(lines);
}
END_TEST

START_TEST(roles_stay_after_a_reset)
{
	static const struct ct_tcp_line lines[] = {
		OPENED,
		{ REPLY, R,     0, 5001, 0,    0,    EST, "CLOSE", 10 },
		{ REPLY, S,     0, 9000, 0,    8192, INV, "CLOSE", 10,
		  CT_R_TCP_SYN_SEQ },
	};

	PLAY(lines);
}
END_TEST

START_TEST(data_may_come_with_the_syn)
{
	static const struct ct_tcp_line lines[] = {
		{ ORIG,  S,     20, 1000, 0,    8192, NEW, "SYN_SENT",    120 },
		{ REPLY, S | A, 0,  5000, 1021, 8192, EST, "SYN_RECV",    60 },
		{ ORIG,  A,     0,  1021, 5001, 8192, EST, "ESTABLISHED", 432000 },
	};

	PLAY(lines);
}
END_TEST

/* --- Timeouts ----------------------------------------------------------- */

START_TEST(what_is_not_believed_does_not_refresh)
{
	static const struct ct_tcp_line lines[] = {
		OPENED,
		WAIT(100),
		{ REPLY, S | A, 0, 5000,   1001, 8192, EST, "ESTABLISHED", 431900,
		  CT_R_IGNORED },
		{ ORIG,  S,     0, 1000,   0,    8192, EST, "ESTABLISHED", 431900,
		  CT_R_IGNORED },
		{ REPLY, S,     0, 5000,   0,    8192, INV, "ESTABLISHED", 431900,
		  CT_R_TCP_SYN_SEQ },
		{ ORIG,  A,     9, 901001, 5001, 8192, INV, "ESTABLISHED", 431900,
		  CT_R_TCP_ABOVE_WINDOW },
		{ ORIG,  A,     0, 1001,   5001, 8192, EST, "ESTABLISHED", 432000 },
	};

	PLAY(lines);
}
END_TEST

START_TEST(retransmissions_shorten_the_timeout)
{
	static const struct ct_tcp_line lines[] = {
		OPENED,
		{ ORIG,  P | A, 10, 1001, 5001, 8192, EST, "ESTABLISHED", 400 },
		{ ORIG,  P | A, 10, 1001, 5001, 8192, EST, "ESTABLISHED", 400 },
		{ ORIG,  P | A, 10, 1001, 5001, 8192, EST, "ESTABLISHED", 400 },
		{ ORIG,  P | A, 10, 1001, 5001, 8192, EST, "ESTABLISHED", 200 },
		{ REPLY, A,     0,  5001, 1011, 8192, EST, "ESTABLISHED", 432000 },
	};

	ct_tcp_stage_set(&stage, "tcp.timeout.unacknowledged", 400);
	ct_tcp_stage_set(&stage, "tcp.timeout.max_retrans", 200);
	PLAY(lines);
}
END_TEST

START_TEST(closed_window_shortens_the_timeout)
{
	static const struct ct_tcp_line lines[] = {
		OPENED,
		{ ORIG,  A,     0, 1001, 5001, 0,    EST, "ESTABLISHED", 200 },
		{ ORIG,  A,     0, 1001, 5001, 8192, EST, "ESTABLISHED", 432000 },
	};

	ct_tcp_stage_set(&stage, "tcp.timeout.max_retrans", 200);
	PLAY(lines);
}
END_TEST

/* Until the first ACK no window was offered. */
START_TEST(handshake_counts_as_a_closed_window)
{
	static const struct ct_tcp_line lines[] = {
		{ ORIG,  S,     0, 1000, 0,    8192, NEW, "SYN_SENT",    50 },
		{ REPLY, S | A, 0, 5000, 1001, 8192, EST, "SYN_RECV",    50 },
		{ ORIG,  A,     0, 1001, 5001, 8192, EST, "ESTABLISHED", 432000 },
	};

	ct_tcp_stage_set(&stage, "tcp.timeout.max_retrans", 50);
	PLAY(lines);
}
END_TEST

START_TEST(linux_names_set_the_same_timeouts)
{
	static const struct ct_tcp_line lines[] = {
		{ ORIG,  S,     0, 1000, 0,    8192, NEW, "SYN_SENT", 33 },
	};

	ct_tcp_stage_set(&stage,
			 "net.netfilter.nf_conntrack_tcp_timeout_syn_sent", 33);
	PLAY(lines);
}
END_TEST

/* --- Mid-stream --------------------------------------------------------- */

START_TEST(picked_up_in_the_middle)
{
	static const struct ct_tcp_line lines[] = {
		{ ORIG,  P | A, 10, 1000,   5000, 100, NEW, "ESTABLISHED", 300 },
		{ ORIG,  P | A, 10, 1000,   5000, 100, NEW, "ESTABLISHED", 300 },
		{ REPLY, A,     0,  5000,   1010, 100, EST, "ESTABLISHED", 300 },
		{ ORIG,  A,     0,  1010,   5000, 100, EST, "ESTABLISHED", 432000 },
		/* Scaling is unknown: no window is too small. */
		{ ORIG,  A,     9,  901000, 5000, 100, EST, "ESTABLISHED", 432000 },
	};

	PLAY(lines);
}
END_TEST

START_TEST(picked_up_and_refused)
{
	static const struct ct_tcp_line lines[] = {
		{ ORIG,  A,     0, 1000, 5000, 100, NEW, "ESTABLISHED", 300 },
		{ REPLY, R,     0, 7,    0,    0,   EST, GONE },
	};

	PLAY(lines);
}
END_TEST

START_TEST(only_an_ack_is_picked_up)
{
	static const struct ct_tcp_line lines[] = {
		{ ORIG,  S | A, 0, 1000, 5000, 100, INV, GONE,
		  .reason = CT_R_TCP_NEW },
		{ ORIG,  F | A, 0, 1000, 5000, 100, INV, GONE,
		  .reason = CT_R_TCP_NEW },
		{ ORIG,  R,     0, 1000, 0,    0,   INV, GONE,
		  .reason = CT_R_TCP_NEW },
		{ ORIG,  A | U, 0, 1000, 5000, 100, NEW, "ESTABLISHED", 300 },
	};

	PLAY(lines);
}
END_TEST

START_TEST(nothing_is_picked_up_when_strict)
{
	static const struct ct_tcp_line lines[] = {
		{ ORIG,  A,     0, 1000, 5000, 100,  INV, GONE,
		  .reason = CT_R_TCP_MIDSTREAM },
		{ ORIG,  S,     0, 1000, 0,    8192, NEW, "SYN_SENT", 120 },
	};

	ct_tcp_stage_set(&stage, "tcp.loose", 0);
	PLAY(lines);
}
END_TEST
/* clang-format on */

/* --- Status ------------------------------------------------------------- */

static uint32_t status_of_flow4(void)
{
	struct ct_tuple t = { .l3 = CT_L3_IPV4, .l4 = 6 };
	const uint8_t ports[] = { 40000 >> 8, 40000 & 255, 0, 80 };
	struct ct_conn *conn;

	memcpy(t.src.bytes, ct_test_flow4.src, 4);
	memcpy(t.dst.bytes, ct_test_flow4.dst, 4);
	memcpy(&t.src_id, ports, 2);
	memcpy(&t.dst_id, ports + 2, 2);
	conn = ct_find(stage.thr, &t, NULL);
	ck_assert_ptr_nonnull(conn);
	return ct_conn_status(conn);
}

/* clang-format off */
START_TEST(assured_by_the_last_ack_of_the_handshake)
{
	static const struct ct_tcp_line lines[] = { OPENED };

	ct_tcp_play(&stage, &ct_test_flow4, lines, 2);
	ck_assert_uint_eq(status_of_flow4(), CT_S_SEEN_REPLY | CT_S_CONFIRMED);
	ct_tcp_play(&stage, &ct_test_flow4, lines + 2, 1);
	ck_assert_uint_eq(status_of_flow4(), CT_S_SEEN_REPLY | CT_S_CONFIRMED |
					     CT_S_ASSURED);
}
END_TEST

START_TEST(picked_up_is_assured_after_the_answer)
{
	static const struct ct_tcp_line lines[] = {
		{ ORIG,  A,     0, 1000, 5000, 100, NEW, "ESTABLISHED", 300 },
		{ REPLY, A,     0, 5000, 1000, 100, EST, "ESTABLISHED", 300 },
		{ ORIG,  A,     0, 1000, 5000, 100, EST, "ESTABLISHED", 432000 },
	};

	ct_tcp_play(&stage, &ct_test_flow4, lines, 2);
	ck_assert_uint_eq(status_of_flow4(), CT_S_SEEN_REPLY | CT_S_CONFIRMED);
	ct_tcp_play(&stage, &ct_test_flow4, lines + 2, 1);
	ck_assert(status_of_flow4() & CT_S_ASSURED);
}
END_TEST
/* clang-format on */

Suite *ct_suite(void)
{
	Suite *suite = suite_create("tcp_life");
	TCase *life = tcase_create("life");
	TCase *timeouts = tcase_create("timeouts");
	TCase *midstream = tcase_create("midstream");

	tcase_add_checked_fixture(life, setup, teardown);
	tcase_add_test(life, from_syn_to_time_wait);
	tcase_add_test(life, responder_may_close_first);
	tcase_add_test(life, both_may_close_at_once);
	tcase_add_test(life, roles_may_change_after_time_wait);
	tcase_add_test(life, roles_stay_after_a_reset);
	tcase_add_test(life, data_may_come_with_the_syn);
	tcase_add_test(life, assured_by_the_last_ack_of_the_handshake);
	suite_add_tcase(suite, life);

	tcase_add_checked_fixture(timeouts, setup, teardown);
	tcase_add_test(timeouts, what_is_not_believed_does_not_refresh);
	tcase_add_test(timeouts, retransmissions_shorten_the_timeout);
	tcase_add_test(timeouts, closed_window_shortens_the_timeout);
	tcase_add_test(timeouts, handshake_counts_as_a_closed_window);
	tcase_add_test(timeouts, linux_names_set_the_same_timeouts);
	suite_add_tcase(suite, timeouts);

	tcase_add_checked_fixture(midstream, setup, teardown);
	tcase_add_test(midstream, picked_up_in_the_middle);
	tcase_add_test(midstream, picked_up_and_refused);
	tcase_add_test(midstream, only_an_ack_is_picked_up);
	tcase_add_test(midstream, nothing_is_picked_up_when_strict);
	tcase_add_test(midstream, picked_up_is_assured_after_the_answer);
	suite_add_tcase(suite, midstream);
	return suite;
}
