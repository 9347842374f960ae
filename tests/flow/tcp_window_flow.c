/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers inside and outside of the window, and what is made of them.
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
#define OPENED \
	{ ORIG,  S,     0, 1000, 0,    8192, NEW, "SYN_SENT", 120 }, \
	{ REPLY, S | A, 0, 5000, 1001, 8192, EST, "SYN_RECV", 60 }, \
	{ ORIG,  A,     0, 1001, 5001, 8192, EST, ESTD,       432000 }

START_TEST(each_bound_has_its_verdict)
{
	static const struct ct_tcp_line lines[] = {
		OPENED,
		{ ORIG,  A, 9, 101001,     5001,       8192, INV, ESTD, 432000,
		  CT_R_TCP_ABOVE_WINDOW },
		{ ORIG,  A, 9, 9194,       5001,       8192, EST, ESTD, 432000,
		  CT_R_IGNORED },
		{ ORIG,  A, 0, 1001,       5002,       8192, INV, ESTD, 432000,
		  CT_R_TCP_ACK_UNSENT },
		{ ORIG,  A, 0, 0xffff0000, 5001,       8192, EST, ESTD, 432000,
		  CT_R_BELOW_WINDOW },
		{ ORIG,  A, 0, 1011,       0xfffe0000, 8192, EST, ESTD, 432000,
		  CT_R_OLD_ACK },
	};

	PLAY(lines);
}
END_TEST

START_TEST(nothing_is_refused_when_liberal)
{
	static const struct ct_tcp_line lines[] = {
		OPENED,
		{ ORIG,  A, 9, 101001, 5001, 8192, EST, ESTD, 432000 },
		{ ORIG,  A, 0, 1001,   5006, 8192, EST, ESTD, 432000 },
		{ REPLY, R, 0, 105001, 0,    0,    EST, ESTD, 10 },
		{ REPLY, R, 0, 5000,   0,    0,    INV, ESTD, 10,
		  CT_R_TCP_RST_SEQ },
	};

	ct_tcp_stage_set(&stage, "tcp.be_liberal", 1);
	PLAY(lines);
}
END_TEST

START_TEST(low_rst_is_inexact_when_it_is_to_be_spared)
{
	static const struct ct_tcp_line lines[] = {
		OPENED,
		{ REPLY, R, 0, 5000,   0,    0,    EST, ESTD, 10 },
		{ REPLY, R, 0, 105001, 0,    0,    INV, ESTD, 10,
		  CT_R_TCP_ABOVE_WINDOW },
	};

	ct_tcp_stage_set(&stage, "tcp.ignore_invalid_rst", 1);
	PLAY(lines);
}
END_TEST

/* The responder's window of 100 is 12800 octets. */
START_TEST(scaled_window_is_believed)
{
	static const struct ct_tcp_line lines[] = {
		{ ORIG,  S,     0, 1000,  0,    100, NEW, "SYN_SENT", 120,
		  .options = SCALE_7 },
		{ REPLY, S | A, 0, 5000,  1001, 100, EST, "SYN_RECV", 60,
		  .options = SCALE_7 },
		{ ORIG,  A,     0, 1001,  5001, 100, EST, ESTD,       432000 },
		{ REPLY, A,     0, 5001,  1001, 100, EST, ESTD,       432000 },
		{ ORIG,  A,     1, 13801, 5001, 100, EST, ESTD,       300 },
		{ ORIG,  A,     1, 26700, 5001, 100, INV, ESTD,       300,
		  CT_R_TCP_ABOVE_WINDOW },
	};

	PLAY(lines);
}
END_TEST

START_TEST(one_offer_scales_nothing)
{
	static const struct ct_tcp_line lines[] = {
		{ ORIG,  S,     0, 1000, 0,    100, NEW, "SYN_SENT", 120,
		  .options = SCALE_7 },
		{ REPLY, S | A, 0, 5000, 1001, 100, EST, "SYN_RECV", 60 },
		{ ORIG,  A,     0, 1001, 5001, 100, EST, ESTD,       432000 },
		{ REPLY, A,     0, 5001, 1001, 100, EST, ESTD,       432000 },
		{ ORIG,  A,     1, 1301, 5001, 100, INV, ESTD,       432000,
		  CT_R_TCP_ABOVE_WINDOW },
	};

	PLAY(lines);
}
END_TEST

START_TEST(sack_of_unsent_data_is_refused)
{
	static const struct ct_tcp_line lines[] = {
		{ ORIG,  S,     0,  1000, 0,    8192, NEW, "SYN_SENT", 120,
		  .options = SACK_OK },
		{ REPLY, S | A, 0,  5000, 1001, 8192, EST, "SYN_RECV", 60,
		  .options = SACK_OK },
		{ ORIG,  A,     0,  1001, 5001, 8192, EST, ESTD,       432000 },
		{ ORIG,  A,     50, 1051, 5001, 8192, EST, ESTD,       300 },
		{ REPLY, A,     0,  5001, 1001, 8192, EST, ESTD,       300,
		  .sack = { 1051, 1101 } },
		{ REPLY, A,     0,  5001, 1001, 8192, INV, ESTD,       300,
		  CT_R_TCP_SACK_UNSENT, .sack = { 1051, 1102 } },
	};

	PLAY(lines);
}
END_TEST

START_TEST(numbers_wrap_around)
{
	static const struct ct_tcp_line lines[] = {
		{ ORIG,  S,     0,   0xffffffff, 0,          8192, NEW, "SYN_SENT",
		  120 },
		{ REPLY, S | A, 0,   0xfffffff0, 0,          8192, EST, "SYN_RECV",
		  60 },
		{ ORIG,  A,     0,   0,          0xfffffff1, 8192, EST, ESTD,
		  432000 },
		{ REPLY, A,     100, 0xfffffff1, 0,          8192, EST, ESTD, 300 },
		{ ORIG,  A,     0,   0,          0x55,       8192, EST, ESTD,
		  432000 },
		{ REPLY, R,     0,   0xfffffff1, 0,          0,    INV, ESTD,
		  432000, CT_R_TCP_RST_SEQ },
		{ REPLY, R,     0,   0x55,       0,          0,    EST, "CLOSE",
		  10 },
	};

	PLAY(lines);
}
END_TEST

/* One octet of rubbish, one below; the answer says where the end is. */
START_TEST(keepalive_keeps_it_alive)
{
	static const struct ct_tcp_line lines[] = {
		OPENED,
		WAIT(7200),
		{ ORIG,  A,     1, 1000, 5001, 8192, EST, ESTD, 432000 },
		WAIT(10),
		{ REPLY, A,     0, 5001, 1001, 8192, EST, ESTD, 432000 },
	};

	PLAY(lines);
}
END_TEST

START_TEST(probe_fits_a_closed_window)
{
	static const struct ct_tcp_line lines[] = {
		{ ORIG,  S,     0,   1000, 0,    8192, NEW, "SYN_SENT", 120 },
		{ REPLY, S | A, 0,   5000, 1001, 100,  EST, "SYN_RECV", 60 },
		{ ORIG,  A,     0,   1001, 5001, 8192, EST, ESTD,       432000 },
		{ ORIG,  A,     100, 1001, 5001, 8192, EST, ESTD,       300 },
		{ REPLY, A,     0,   5001, 1101, 0,    EST, ESTD,       300 },
		{ ORIG,  A,     1,   1101, 5001, 8192, EST, ESTD,       300 },
		{ REPLY, A,     0,   5001, 1101, 0,    EST, ESTD,       300 },
		{ REPLY, A,     0,   5001, 1102, 100,  EST, ESTD,       432000 },
	};

	PLAY(lines);
}
END_TEST

/* The very first segment again, when 46 of them were acknowledged: its
 * receiver may have lost the ACK, and must get it. */
START_TEST(oldest_segment_again_is_no_stranger)
{
	struct ct_tcp_line line = { ORIG, S, 0, 0, 0, 32792, NEW, "SYN_SENT",
				    120 };
	static const struct ct_tcp_line rest[] = {
		{ REPLY, S | A, 0, 0, 1, 65535, EST, "SYN_RECV", 60 },
		{ ORIG,  A,     0, 1, 1, 65535, EST, ESTD,       432000 },
	};
	uint32_t seq = 1;

	ct_tcp_play(&stage, &ct_test_flow4, &line, 1);
	PLAY(rest);
	for (unsigned i = 0; i < 46; i++, seq += 1460) {
		const struct ct_tcp_line pair[] = {
			{ ORIG,  P | A, 1460, seq, 1, 257, EST, ESTD, 300 },
			{ REPLY, A,     0, 1, seq + 1460, 65535, EST, ESTD,
			  432000 },
		};

		PLAY(pair);
	}
	{
		const struct ct_tcp_line again[] = {
			{ ORIG,  P | A, 1460, 1, 1,   257,   EST, ESTD, 432000,
			  CT_R_BELOW_WINDOW },
			{ REPLY, A,     0,    1, seq, 65535, EST, ESTD, 432000 },
		};

		PLAY(again);
	}
}
END_TEST
/* clang-format on */

Suite *ct_suite(void)
{
	Suite *suite = suite_create("tcp_window_flow");
	TCase *window = tcase_create("window");

	tcase_add_checked_fixture(window, setup, teardown);
	tcase_add_test(window, each_bound_has_its_verdict);
	tcase_add_test(window, nothing_is_refused_when_liberal);
	tcase_add_test(window, low_rst_is_inexact_when_it_is_to_be_spared);
	tcase_add_test(window, scaled_window_is_believed);
	tcase_add_test(window, one_offer_scales_nothing);
	tcase_add_test(window, sack_of_unsent_data_is_refused);
	tcase_add_test(window, numbers_wrap_around);
	tcase_add_test(window, keepalive_keeps_it_alive);
	tcase_add_test(window, probe_fits_a_closed_window);
	tcase_add_test(window, oldest_segment_again_is_no_stranger);
	suite_add_tcase(suite, window);
	return suite;
}
