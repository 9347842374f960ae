/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A conversation for each rule of the guard list, called like the rule; the
 * rule must have answered in it.
 */
#include "suite.h"
#include "tcp_flow.h"

#include "proto/tcp_guard.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
#define ASKED \
	{ ORIG,  S,     0, 1000, 0,    8192, NEW, "SYN_SENT",    120 }
#define ANSWERED ASKED, \
	{ REPLY, S | A, 0, 5000, 1001, 8192, EST, "SYN_RECV",    60 }
#define OPENED ANSWERED, \
	{ ORIG,  A,     0, 1001, 5001, 8192, EST, "ESTABLISHED", 432000 }

/* --- SYN, SYN/ACK, ACK -------------------------------------------------- */

/* The originator gave up and tries again with the same port. */
static const struct ct_tcp_line reopen_finished[] = {
	OPENED,
	{ ORIG,  R,     0, 1001,  0, 0,    EST, "CLOSE",    10 },
	{ ORIG,  S,     0, 77777, 0, 8192, NEW, "SYN_SENT", 120 },
};

/* The originator has crashed, and so has the responder. */
static const struct ct_tcp_line answer_to_passed_syn[] = {
	OPENED,
	{ ORIG,  S,     0, 90000, 0,     8192, EST, "ESTABLISHED", 432000,
	  CT_R_IGNORED, SACK_OK },
	{ REPLY, S | A, 0, 300,   90002, 8192, EST, "ESTABLISHED", 432000,
	  CT_R_IGNORED },
	{ ORIG,  S,     0, 90000, 0,     8192, EST, "ESTABLISHED", 432000,
	  CT_R_IGNORED, SACK_OK },
	{ REPLY, S | A, 0, 300,   90001, 8192, EST, "SYN_RECV",    60 },
	{ ORIG,  A,     0, 90001, 301,   8192, EST, "ESTABLISHED", 432000 },
	{ ORIG,  A,     0, 1001,  5001,  8192, INV, "ESTABLISHED", 432000,
	  CT_R_TCP_ACK_UNSENT },
};

/* The port is used again while the last ACK is awaited. */
static const struct ct_tcp_line challenge_ack_in_last_ack[] = {
	OPENED,
	{ ORIG,  F | A, 0, 1001,  5001, 8192, EST, "FIN_WAIT",   120 },
	{ REPLY, A,     0, 5001,  1002, 8192, EST, "CLOSE_WAIT", 60 },
	{ REPLY, F | A, 0, 5001,  1002, 8192, EST, "LAST_ACK",   30 },
	{ ORIG,  S,     0, 90000, 0,    8192, EST, "LAST_ACK",   30 },
	{ REPLY, A,     0, 5002,  1002, 8192, EST, "LAST_ACK",   30,
	  CT_R_IGNORED },
	{ ORIG,  A,     0, 1002,  5002, 8192, EST, "TIME_WAIT",  120 },
};

/* Both ends ask, one answers, the other acknowledges. */
static const struct ct_tcp_line crossing_open_completes[] = {
	ASKED,
	{ REPLY, S,     0, 5000, 0,    8192, EST, "SYN_SENT2",   120 },
	{ ORIG,  S | A, 0, 1000, 5001, 8192, EST, "SYN_RECV",    60 },
	{ REPLY, A,     0, 5001, 1001, 8192, EST, "ESTABLISHED", 432000 },
};

/* --- RST ---------------------------------------------------------------- */

/* The responder's process has died: its stack knows nothing any more. */
static const struct ct_tcp_line rst_while_closing[] = {
	OPENED,
	{ ORIG,  F | A, 0, 1001,       5001, 8192, EST, "FIN_WAIT", 120 },
	{ REPLY, R,     0, 0x90000000, 0,    0,    EST, "CLOSE",    10 },
	{ REPLY, R,     0, 3,          0,    0,    EST, "CLOSE",    10 },
};

static const struct ct_tcp_line rst_without_number[] = {
	ANSWERED,
	{ ORIG,  R,     0, 0, 0, 0, EST, "CLOSE", 10 },
};

/* Blind guesses are below as often as above. */
static const struct ct_tcp_line rst_below_acknowledged[] = {
	OPENED,
	{ REPLY, R,     0, 5000, 0, 0, INV, "ESTABLISHED", 432000,
	  CT_R_TCP_RST_SEQ },
	{ ORIG,  R,     0, 1000, 0, 0, INV, "ESTABLISHED", 432000,
	  CT_R_TCP_RST_SEQ },
};

/* Picked up and answered, but once only: inexact is good enough. */
static const struct ct_tcp_line rst_before_assured[] = {
	{ ORIG,  A,     4, 1000, 5000, 8192, NEW, "ESTABLISHED", 300 },
	{ REPLY, A,     4, 5000, 1004, 8192, EST, "ESTABLISHED", 300 },
	{ ORIG,  R | A, 0, 300,  5004, 0,    INV, "ESTABLISHED", 300,
	  CT_R_TCP_RST_SEQ },
	{ ORIG,  R | A, 0, 1006, 5004, 0,    EST, "CLOSE",       10 },
};

static const struct ct_tcp_line rst_exact[] = {
	OPENED,
	{ REPLY, R,     0, 5001, 0, 0, EST, "CLOSE", 10 },
	{ ORIG,  S,     0, 2000, 0, 8192, EST, "CLOSE", 10, CT_R_IGNORED },
};

static const struct ct_tcp_line rst_behind_own_data[] = {
	OPENED,
	{ REPLY, P | A, 100, 5001, 1001, 8192, EST, "ESTABLISHED", 300 },
	{ REPLY, R,     0,   5101, 0,    0,    EST, "CLOSE",       10 },
};

/* The originator has crashed and asks again; the responder refuses. */
static const struct ct_tcp_line rst_answers_passed_syn[] = {
	OPENED,
	{ ORIG,  S,     0, 90000, 0,     8192, EST, "ESTABLISHED", 432000 },
	{ REPLY, R | A, 0, 0,     90001, 0,    EST, "CLOSE",       10 },
};

/* The responder remembers another connection; the originator resets that one,
 * and asks again. */
static const struct ct_tcp_line rst_answers_passed_ack[] = {
	ASKED,
	{ REPLY, A,     0, 333333, 222222, 8192, EST, "SYN_SENT", 120,
	  CT_R_IGNORED },
	{ ORIG,  R,     0, 222222, 0,      0,    EST, "CLOSE",    10 },
	{ ORIG,  S,     0, 1000,   0,      8192, NEW, "SYN_SENT", 120 },
};

/* The same, but the originator answers with an acknowledgement, too. */
static const struct ct_tcp_line rst_acknowledges_last[] = {
	ASKED,
	{ REPLY, A,     0, 333333, 222222, 8192, EST, "SYN_SENT", 120,
	  CT_R_IGNORED },
	{ ORIG,  R | A, 0, 222224, 333333, 8192, EST, "CLOSE",    10 },
};

/* Challenged, and then exact. */
static const struct ct_tcp_line rst_inexact[] = {
	OPENED,
	{ REPLY, R,     0, 5006, 0,    0,    EST, "ESTABLISHED", 10 },
	{ ORIG,  A,     0, 1001, 5001, 8192, EST, "ESTABLISHED", 300 },
	{ REPLY, R,     0, 5001, 0,    0,    EST, "CLOSE",       10 },
};

/* --- Once it is believed ------------------------------------------------ */

static const struct ct_tcp_line rst_is_the_only_answer[] = {
	ASKED,
	{ REPLY, R | A, 0, 0,    1001, 0,    EST, GONE,
	  .reason = CT_R_CLOSED_BY_RESET },
	{ ORIG,  S,     0, 1000, 0,    8192, NEW, "SYN_SENT", 120 },
	{ ORIG,  R,     0, 1001, 0,    8192, NEW, GONE },
};

static const struct ct_tcp_line unanswered_syn_again[] = {
	ASKED,
	WAIT(3),
	{ ORIG,  S,     0, 1000, 0,    8192, NEW, "SYN_SENT",  117 },
	{ REPLY, S,     0, 5000, 0,    8192, EST, "SYN_SENT2", 117 },
	{ ORIG,  S,     0, 1000, 0,    8192, EST, "SYN_SENT2", 120 },
};

/* --- When its numbers made it INVALID ----------------------------------- */

/* We missed megabytes; then the ends finish. */
static const struct ct_tcp_line both_ends_out_of_step[] = {
	OPENED,
	{ ORIG,  F | A, 0, 901001, 5001, 8192, INV, "ESTABLISHED", 432000 },
	{ ORIG,  F | A, 0, 901001, 5001, 8192, INV, "ESTABLISHED", 432000 },
	{ REPLY, A,     9, 905001, 1001, 8192, INV, "ESTABLISHED", 432000 },
	{ REPLY, R,     0, 905001, 0,    0,    INV, "ESTABLISHED", 300 },
	WAIT(181),
	{ REPLY, R,     0, 905001, 0,    0,    INV, "ESTABLISHED", 119 },
	{ ORIG,  A,     0, 1001,   5001, 8192, EST, "ESTABLISHED", 432000 },
	{ REPLY, R,     0, 905001, 0,    0,    INV, "ESTABLISHED", 432000 },
};

static const struct story {
	const char *rule;
	const struct ct_tcp_line *lines;
	size_t n;
} stories[] = {
#define STORY(rule) { #rule, LINES(rule) }
	STORY(reopen_finished),
	STORY(answer_to_passed_syn),
	STORY(challenge_ack_in_last_ack),
	STORY(crossing_open_completes),
	STORY(rst_while_closing),
	STORY(rst_without_number),
	STORY(rst_below_acknowledged),
	STORY(rst_before_assured),
	STORY(rst_exact),
	STORY(rst_behind_own_data),
	STORY(rst_answers_passed_syn),
	STORY(rst_answers_passed_ack),
	STORY(rst_acknowledges_last),
	STORY(rst_inexact),
	STORY(rst_is_the_only_answer),
	STORY(unanswered_syn_again),
	STORY(both_ends_out_of_step),
};
/* clang-format on */

enum { N_STORIES = sizeof(stories) / sizeof(*stories) };

static struct ct_tcp_stage stage;

static void setup(void)
{
	ct_tcp_stage_open(&stage);
}

static void teardown(void)
{
	ct_tcp_stage_close(&stage);
}

START_TEST(rule_has_its_say)
{
	const struct story *story = &stories[_i];
	char says[80];

	snprintf(says, sizeof(says), "%s says ", story->rule);
	ct_tcp_play(&stage, &ct_test_flow4, story->lines, story->n);
	ck_assert_msg(strstr(stage.traced, says), "%s was silent:\n%s",
		      story->rule, stage.traced);
	ct_tcp_play(&stage, &ct_test_flow6, story->lines, story->n);
}
END_TEST

START_TEST(every_rule_has_a_story)
{
	unsigned n;

	for (n = 0; ct_tcp_guard_rule(n); n++) {
		ck_assert_uint_lt(n, N_STORIES);
		ck_assert_str_eq(ct_tcp_guard_rule(n)->name, stories[n].rule);
	}
	ck_assert_uint_eq(n, N_STORIES);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("tcp_rules");
	TCase *rules = tcase_create("rules");

	tcase_add_checked_fixture(rules, setup, teardown);
	tcase_add_loop_test(rules, rule_has_its_say, 0, N_STORIES);
	tcase_add_test(rules, every_rule_has_a_story);
	suite_add_tcase(suite, rules);
	return suite;
}
