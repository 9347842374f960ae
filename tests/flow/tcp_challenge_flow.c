/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RFC 5961: what ends do against blind attacks, and that we let it happen.
 */
#include "suite.h"
#include "tcp_flow.h"

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
#define ESTD "ESTABLISHED"

/* Three segments from the responder, all acknowledged. */
#define SERVED \
	{ ORIG,  S,     0,    0,    0,    65535, NEW, "SYN_SENT", 120, \
	  .options = SACK_OK | SCALE_7 }, \
	{ REPLY, S | A, 0,    0,    1,    65535, EST, "SYN_RECV", 60 }, \
	{ ORIG,  A,     0,    1,    1,    65535, EST, ESTD,       432000 }, \
	{ REPLY, A,     1000, 1,    1,    65535, EST, ESTD,       300 }, \
	{ ORIG,  A,     0,    1,    1001, 65535, EST, ESTD,       432000 }, \
	{ REPLY, A,     1000, 1001, 1,    65535, EST, ESTD,       300 }, \
	{ ORIG,  A,     0,    1,    2001, 65535, EST, ESTD,       432000 }, \
	{ REPLY, A,     1000, 2001, 1,    65535, EST, ESTD,       300 }, \
	{ ORIG,  A,     0,    1,    3001, 65535, EST, ESTD,       432000 }

#define REFUSED INV, ESTD, 432000, CT_R_TCP_RST_SEQ

START_TEST(only_the_exact_rst_closes)
{
	static const struct ct_tcp_line lines[] = {
		SERVED,
		{ REPLY, R,     0,    0,       0,    0,     REFUSED },
		{ REPLY, R,     0,    1000000, 0,    0,     INV, ESTD, 432000,
		  CT_R_TCP_ABOVE_WINDOW },
		{ REPLY, R,     0,    42,      0,    0,     REFUSED },
		{ ORIG,  P | A, 1000, 1,       3001, 65535, EST, ESTD, 300 },
		{ REPLY, A,     0,    3001,    1001, 65535, EST, ESTD, 432000 },
		{ REPLY, R | A, 0,    3000,    1001, 0,     REFUSED },
		{ REPLY, R | A, 0,    3001,    1001, 0,     EST, "CLOSE", 10 },
	};

	PLAY(lines);
}
END_TEST

START_TEST(old_rst_passes_behind_the_end)
{
	static const struct ct_tcp_line lines[] = {
		SERVED,
		{ ORIG,  P | A, 1000, 1,    3001, 65535, EST, ESTD,         300 },
		{ REPLY, F | A, 0,    3001, 1001, 65535, EST, "FIN_WAIT",   120 },
		{ ORIG,  A,     0,    1001, 3002, 65535, EST, "CLOSE_WAIT", 60 },
		{ ORIG,  R | A, 0,    1001, 3002, 65535, EST, "CLOSE",      10 },
		{ REPLY, R,     0,    2001, 0,    0,     EST, "CLOSE",      10 },
	};

	PLAY(lines);
}
END_TEST

/* The server holds an old connection, the client does not. */
START_TEST(challenged_client_starts_anew)
{
	static const struct ct_tcp_line lines[] = {
		{ ORIG,  S,     0, 0,         0,         65535, NEW, "SYN_SENT",
		  120 },
		{ REPLY, A,     0, 145824453, 643160523, 240,   EST, "SYN_SENT",
		  120, CT_R_IGNORED },
		{ ORIG,  R,     0, 643160523, 0,         0,     EST, "CLOSE", 10 },
		{ ORIG,  S,     0, 0,         0,         65535, NEW, "SYN_SENT",
		  120 },
		{ REPLY, S | A, 0, 0,         1,         250,   EST, "SYN_RECV",
		  60 },
		{ ORIG,  A,     0, 1,         1,         256,   EST, ESTD, 432000 },
	};

	PLAY(lines);
}
END_TEST

/* An old SYN/ACK answers another SYN; it must not confuse the handshake. */
START_TEST(stale_syn_ack_is_refused)
{
	static const struct ct_tcp_line lines[] = {
		{ ORIG,  S,     0, 0,         0,         65535, NEW, "SYN_SENT",
		  120, .options = SCALE_7 },
		{ REPLY, S | A, 0, 145824453, 643160523, 240,   INV, "SYN_SENT",
		  120, CT_R_TCP_ACK_UNSENT },
		{ ORIG,  S,     0, 0,         0,         65535, NEW, "SYN_SENT",
		  120, .options = SCALE_7 },
		{ REPLY, S | A, 0, 145758918, 1,         250,   EST, "SYN_RECV",
		  60, .options = SCALE_2 },
		{ ORIG,  A,     0, 1,         145758919, 256,   EST, ESTD, 432000 },
		{ ORIG,  P | A, 1, 1,         145758919, 256,   EST, ESTD, 300 },
	};

	PLAY(lines);
}
END_TEST

/* The client has lost its memory and uses the port again. */
START_TEST(port_is_used_again_in_an_open_connection)
{
	static const struct ct_tcp_line lines[] = {
		{ ORIG,  S,     0,   0,    0,    32792, NEW, "SYN_SENT", 120,
		  .options = SCALE_7 },
		{ REPLY, S | A, 0,   0,    1,    65535, EST, "SYN_RECV", 60,
		  .options = SCALE_2 },
		{ ORIG,  A,     0,   1,    1,    257,   EST, ESTD, 432000 },
		{ ORIG,  P | A, 100, 1,    1,    257,   EST, ESTD, 300 },
		{ REPLY, A,     0,   1,    101,  257,   EST, ESTD, 432000 },
		{ ORIG,  S,     0,   2000, 0,    32792, EST, ESTD, 432000,
		  CT_R_IGNORED },
		{ REPLY, A,     0,   1,    101,  257,   EST, ESTD, 432000 },
		{ ORIG,  R | A, 0,   101,  1,    0,     EST, "CLOSE", 10 },
		WAIT(1),
		{ ORIG,  S,     0,   2000, 0,    32792, NEW, "SYN_SENT", 120 },
		{ REPLY, S | A, 0,   9000, 2001, 65535, EST, "SYN_RECV", 60 },
	};

	PLAY(lines);
}
END_TEST

/* RFC 5961, 7 limits how many there are; we do not. */
START_TEST(any_number_of_challenges_passes)
{
	static const struct ct_tcp_line opened[] = { SERVED };
	static const struct ct_tcp_line round[] = {
		{ ORIG,  S,     0, 70000, 0,    65535, EST, ESTD, 432000,
		  CT_R_IGNORED },
		{ REPLY, A,     0, 3001,  1,    65535, EST, ESTD, 432000 },
	};

	PLAY(opened);
	/* The last of three equal ones would count as a retransmission. */
	ct_tcp_stage_set(&stage, "tcp.max_retrans", 255);
	for (unsigned i = 0; i < 50; i++)
		PLAY(round);
}
END_TEST

/* RFC 5961, 5: an ACK of what was never sent is an attack. */
START_TEST(ack_of_unsent_data_is_refused)
{
	static const struct ct_tcp_line lines[] = {
		SERVED,
		{ REPLY, A,     10, 3001, 2,          65535, INV, ESTD, 432000,
		  CT_R_TCP_ACK_UNSENT },
		{ REPLY, A,     10, 3001, 0x7fffffff, 65535, INV, ESTD, 432000,
		  CT_R_TCP_ACK_UNSENT },
	};

	PLAY(lines);
}
END_TEST
/* clang-format on */

Suite *ct_suite(void)
{
	Suite *suite = suite_create("tcp_challenge");
	TCase *challenge = tcase_create("challenge");

	tcase_add_checked_fixture(challenge, setup, teardown);
	tcase_add_test(challenge, only_the_exact_rst_closes);
	tcase_add_test(challenge, old_rst_passes_behind_the_end);
	tcase_add_test(challenge, challenged_client_starts_anew);
	tcase_add_test(challenge, stale_syn_ack_is_refused);
	tcase_add_test(challenge, port_is_used_again_in_an_open_connection);
	tcase_add_test(challenge, any_number_of_challenges_passes);
	tcase_add_test(challenge, ack_of_unsent_data_is_refused);
	suite_add_tcase(suite, challenge);
	return suite;
}
