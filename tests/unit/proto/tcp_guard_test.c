/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules of TCP against docs/tcp.md, and one by one.
 */
#include "proto/tcp_guard.h"

#include "doctable.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

/* --- The document ------------------------------------------------------- */

static uint32_t state_set(const char *text)
{
	static const char codes[CT_TCP_STATES][3] = {
		[CT_TCP_NONE] = "NO",     [CT_TCP_SYN_SENT] = "SS",
		[CT_TCP_SYN_RECV] = "SR", [CT_TCP_ESTABLISHED] = "ES",
		[CT_TCP_FIN_WAIT] = "FW", [CT_TCP_CLOSE_WAIT] = "CW",
		[CT_TCP_LAST_ACK] = "LA", [CT_TCP_TIME_WAIT] = "TW",
		[CT_TCP_CLOSE] = "CL",    [CT_TCP_SYN_SENT2] = "S2",
	};
	uint32_t set = 0;

	if (strcmp(text, "any") == 0)
		return (1u << CT_TCP_STATES) - 1;
	for (unsigned state = 0; state < CT_TCP_STATES; state++)
		if (strstr(text, codes[state]))
			set |= 1u << state;
	return set;
}

static uint32_t event_set(const char *text)
{
	uint32_t set = 0;
	char word[16];
	int len;

	for (; sscanf(text, "%15s%n", word, &len) == 1; text += len)
		for (unsigned event = 0; event < CT_TCP_EVENTS; event++)
			if (strcmp(ct_tcp_event_name(event), word) == 0)
				set |= 1u << event;
	return set;
}

/* => How many rules; the n-th is the first of them. */
static unsigned compare(const char *heading, unsigned n)
{
	const uint32_t opened = ~(1u << CT_TCP_NONE);
	const unsigned first = n;
	struct ct_doctable doc;

	ct_doctable_open(&doc, "tcp.md", heading);
	for (; ct_doctable_row(&doc); n++) {
		const struct ct_tcp_rule *rule = ct_tcp_guard_rule(n);

		ck_assert_uint_eq(doc.n, 4);
		ck_assert_msg(rule, "%s is not compiled", doc.cells[0]);
		ck_assert_str_eq(rule->name, doc.cells[0]);
		ck_assert_msg(rule->events == event_set(doc.cells[1]),
			      "%s: other segments", rule->name);
		ck_assert_msg((rule->states & opened) ==
				      (state_set(doc.cells[2]) & opened),
			      "%s: other states", rule->name);
		ck_assert_str_eq(rule->source, doc.cells[3]);
	}
	ct_doctable_close(&doc);
	return n - first;
}

START_TEST(rules_equal_the_document)
{
	unsigned n = compare("### Before the numbers are looked at", 0);

	ck_assert_uint_gt(n, 0);
	n += compare("### When the segment is believed", n);
	n += compare("### When the numbers made it INVALID", n);
	ck_assert_msg(!ct_tcp_guard_rule(n), "%s is not in the document",
		      ct_tcp_guard_rule(n)->name);
}
END_TEST

/* => Some rule before the numbers, or when it is believed, is about this segment in
 * this state. */
static bool spoken_of(unsigned n, unsigned event, unsigned state)
{
	for (unsigned i = 0; i < n; i++) {
		const struct ct_tcp_rule *rule = ct_tcp_guard_rule(i);

		if (rule->events & 1u << event && rule->states & 1u << state)
			return true;
	}
	return false;
}

START_TEST(who_is_not_asked_would_say_nothing)
{
	unsigned n = compare("### Before the numbers are looked at", 0);
	unsigned n_silent = 0;

	n += compare("### When the segment is believed", n);
	for (unsigned event = 0; event < CT_TCP_EVENTS; event++) {
		for (unsigned state = 0; state < CT_TCP_STATES; state++) {
			if (!ct_tcp_guard_silent(event, state))
				continue;
			ck_assert(!spoken_of(n, event, state));
			n_silent++;
		}
	}
	ck_assert_uint_gt(n_silent, 0);
}
END_TEST

/* --- One by one --------------------------------------------------------- */

static struct ct_tcp tcp;
static struct ct_tcp_seg seg;
static struct ct_tcp_step step;

/* An open connection; the originator has acknowledged up to 5001, the
 * responder up to 1001. */
static void setup(void)
{
	tcp = (struct ct_tcp){ 0 };
	tcp.state = CT_TCP_ESTABLISHED;
	tcp.last_event = CT_TCP_EV_ACK;
	tcp.last_seq = 1001;
	tcp.last_ack = 5001;
	tcp.last_end = 1001;
	tcp.ends[CT_DIR_ORIG].max_ack = 5001;
	tcp.ends[CT_DIR_REPLY].max_ack = 1001;
	tcp.flags[CT_DIR_ORIG] = CT_TCP_F_MAXACK_SET;
	tcp.flags[CT_DIR_REPLY] = CT_TCP_F_MAXACK_SET;
	seg = (struct ct_tcp_seg){ 0 };
	step = (struct ct_tcp_step){ .tcp = &tcp,
				     .seg = &seg,
				     .status = CT_S_SEEN_REPLY | CT_S_ASSURED };
}

static struct ct_tcp_answer ask(enum ct_dir dir, enum ct_tcp_event event)
{
	static const uint8_t bits[CT_TCP_EVENTS] = {
		[CT_TCP_EV_SYN] = CT_TCP_SYN,
		[CT_TCP_EV_SYNACK] = CT_TCP_SYN | CT_TCP_ACK,
		[CT_TCP_EV_FIN] = CT_TCP_FIN | CT_TCP_ACK,
		[CT_TCP_EV_ACK] = CT_TCP_ACK,
		[CT_TCP_EV_RST] = CT_TCP_RST,
	};

	seg.event = (uint8_t)event;
	seg.bits = bits[event];
	step.dir = (uint8_t)dir;
	step.cell = ct_tcp_fsm_next(dir, event, tcp.state);
	return ct_tcp_guard_before(&step);
}

static struct ct_tcp_answer reset(enum ct_dir dir, uint32_t seq)
{
	seg.seq = seq;
	seg.end = seq;
	return ask(dir, CT_TCP_EV_RST);
}

#define ANSWERS(answer, name, what)                  \
	do {                                         \
		struct ct_tcp_answer got = answer;   \
		ck_assert_str_eq(got.rule, name);    \
		ck_assert_uint_eq(got.action, what); \
	} while (0)

START_TEST(grid_speaks_when_no_rule_does)
{
	struct ct_tcp_answer answer = ask(CT_DIR_ORIG, CT_TCP_EV_FIN);

	ANSWERS(answer, "grid", CT_TCP_DO_CHECK);
	ck_assert_uint_eq(answer.next, CT_TCP_FIN_WAIT);
	ANSWERS(ask(CT_DIR_ORIG, CT_TCP_EV_SYN), "grid", CT_TCP_DO_PASS);
}
END_TEST

START_TEST(what_the_grid_refuses_no_rule_saves)
{
	struct ct_tcp_answer answer = ask(CT_DIR_REPLY, CT_TCP_EV_SYN);

	ANSWERS(answer, "grid", CT_TCP_DO_REFUSE);
	ck_assert_uint_eq(answer.reason, CT_R_TCP_SYN_SEQ);
	tcp.state = CT_TCP_SYN_SENT;
	answer = ask(CT_DIR_ORIG, CT_TCP_EV_ACK);
	ANSWERS(answer, "grid", CT_TCP_DO_REFUSE);
	ck_assert_uint_eq(answer.reason, CT_R_TCP_STATE);
}
END_TEST

START_TEST(rst_is_measured_by_what_was_acknowledged)
{
	struct ct_tcp_answer answer;

	ANSWERS(reset(CT_DIR_REPLY, 5000), "rst_below_acknowledged",
		CT_TCP_DO_REFUSE);
	answer = reset(CT_DIR_REPLY, 5001);
	ANSWERS(answer, "rst_exact", CT_TCP_DO_CHECK);
	ck_assert_uint_eq(answer.next, CT_TCP_CLOSE);
	answer = reset(CT_DIR_REPLY, 5002);
	ANSWERS(answer, "rst_inexact", CT_TCP_DO_CHECK);
	ck_assert_uint_eq(answer.next, CT_TCP_ESTABLISHED);
}
END_TEST

START_TEST(low_rst_may_be_spared)
{
	step.spare_low_rst = 1;
	ANSWERS(reset(CT_DIR_REPLY, 5000), "rst_inexact", CT_TCP_DO_CHECK);
}
END_TEST

START_TEST(rst_below_wraps_around)
{
	tcp.ends[CT_DIR_ORIG].max_ack = 3;
	ANSWERS(reset(CT_DIR_REPLY, 0xfffffff0), "rst_below_acknowledged",
		CT_TCP_DO_REFUSE);
	ANSWERS(reset(CT_DIR_REPLY, 4), "rst_inexact", CT_TCP_DO_CHECK);
}
END_TEST

START_TEST(any_rst_will_do_while_closing)
{
	static const enum ct_tcp_state closing[] = {
		CT_TCP_FIN_WAIT,  CT_TCP_CLOSE_WAIT, CT_TCP_LAST_ACK,
		CT_TCP_TIME_WAIT, CT_TCP_CLOSE,
	};

	for (size_t i = 0; i < sizeof(closing) / sizeof(*closing); i++) {
		tcp.state = (uint8_t)closing[i];
		ANSWERS(reset(CT_DIR_REPLY, 1), "rst_while_closing",
			CT_TCP_DO_BELIEVE);
	}
}
END_TEST

START_TEST(train_needs_the_same_end)
{
	tcp.last_dir = CT_DIR_REPLY;
	tcp.last_end = 5101;
	ANSWERS(reset(CT_DIR_REPLY, 5101), "rst_behind_own_data",
		CT_TCP_DO_CHECK);
	tcp.last_dir = CT_DIR_ORIG;
	ANSWERS(reset(CT_DIR_REPLY, 5101), "rst_inexact", CT_TCP_DO_CHECK);
}
END_TEST

START_TEST(unknown_numbers_are_left_to_the_window)
{
	tcp.flags[CT_DIR_ORIG] = 0;
	ANSWERS(reset(CT_DIR_REPLY, 1), "grid", CT_TCP_DO_CHECK);
}
END_TEST

START_TEST(passed_syn_must_be_acknowledged_exactly)
{
	tcp.last_event = CT_TCP_EV_SYN;
	tcp.last_end = 90001;
	seg.ack = 90000;
	ANSWERS(ask(CT_DIR_REPLY, CT_TCP_EV_SYNACK), "grid", CT_TCP_DO_PASS);
	ANSWERS(reset(CT_DIR_REPLY, 7), "grid", CT_TCP_DO_CHECK);
	seg.ack = 90001;
	ANSWERS(ask(CT_DIR_REPLY, CT_TCP_EV_SYNACK), "answer_to_passed_syn",
		CT_TCP_DO_RESYNC);
	ANSWERS(reset(CT_DIR_REPLY, 7), "rst_answers_passed_syn",
		CT_TCP_DO_BELIEVE);
}
END_TEST

START_TEST(passed_ack_names_the_number_of_its_rst)
{
	tcp.state = CT_TCP_SYN_SENT;
	tcp.last_dir = CT_DIR_REPLY;
	tcp.last_ack = 222;
	tcp.flags[CT_DIR_REPLY] = 0;
	ANSWERS(reset(CT_DIR_ORIG, 222), "rst_answers_passed_ack",
		CT_TCP_DO_BELIEVE);
	ANSWERS(reset(CT_DIR_ORIG, 223), "grid", CT_TCP_DO_CHECK);
}
END_TEST

START_TEST(finished_is_reopened_by_whoever_ended_it)
{
	tcp.state = CT_TCP_CLOSE;
	tcp.last_event = CT_TCP_EV_RST;
	tcp.last_dir = CT_DIR_REPLY;
	ANSWERS(ask(CT_DIR_ORIG, CT_TCP_EV_SYN), "reopen_finished",
		CT_TCP_DO_PASS);
	tcp.last_dir = CT_DIR_ORIG;
	ANSWERS(ask(CT_DIR_ORIG, CT_TCP_EV_SYN), "reopen_finished",
		CT_TCP_DO_RESTART);
	tcp.last_dir = CT_DIR_REPLY;
	tcp.flags[CT_DIR_REPLY] |= CT_TCP_F_CLOSE_INIT;
	ANSWERS(ask(CT_DIR_ORIG, CT_TCP_EV_SYN), "reopen_finished",
		CT_TCP_DO_RESTART);
}
END_TEST

START_TEST(refusal_ends_what_nobody_answered)
{
	(void)reset(CT_DIR_REPLY, 5001);
	ck_assert_uint_eq(ct_tcp_guard_after(&step).action, CT_TCP_DO_CHECK);
	step.status = 0;
	ck_assert_uint_eq(ct_tcp_guard_after(&step).action, CT_TCP_DO_END);
}
END_TEST

START_TEST(second_end_out_of_step_shortens)
{
	(void)reset(CT_DIR_REPLY, 905001);
	ck_assert_uint_eq(ct_tcp_guard_refused(&step).action,
			  CT_TCP_DO_REMEMBER);
	tcp.last_event = CT_TCP_EV_FIN;
	tcp.last_dir = CT_DIR_REPLY;
	ck_assert_uint_eq(ct_tcp_guard_refused(&step).action,
			  CT_TCP_DO_REMEMBER);
	tcp.last_dir = CT_DIR_ORIG;
	ck_assert_uint_eq(ct_tcp_guard_refused(&step).action,
			  CT_TCP_DO_SHORTEN);
	step.status = CT_S_SEEN_REPLY;
	ck_assert_uint_eq(ct_tcp_guard_refused(&step).action, CT_TCP_DO_REFUSE);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("tcp_guard");
	TCase *document = tcase_create("document");
	TCase *rules = tcase_create("rules");

	tcase_add_test(document, rules_equal_the_document);
	tcase_add_test(document, who_is_not_asked_would_say_nothing);
	suite_add_tcase(suite, document);

	tcase_add_checked_fixture(rules, setup, NULL);
	tcase_add_test(rules, grid_speaks_when_no_rule_does);
	tcase_add_test(rules, what_the_grid_refuses_no_rule_saves);
	tcase_add_test(rules, rst_is_measured_by_what_was_acknowledged);
	tcase_add_test(rules, low_rst_may_be_spared);
	tcase_add_test(rules, rst_below_wraps_around);
	tcase_add_test(rules, any_rst_will_do_while_closing);
	tcase_add_test(rules, train_needs_the_same_end);
	tcase_add_test(rules, unknown_numbers_are_left_to_the_window);
	tcase_add_test(rules, passed_syn_must_be_acknowledged_exactly);
	tcase_add_test(rules, passed_ack_names_the_number_of_its_rst);
	tcase_add_test(rules, finished_is_reopened_by_whoever_ended_it);
	tcase_add_test(rules, refusal_ends_what_nobody_answered);
	tcase_add_test(rules, second_end_out_of_step_shortens);
	suite_add_tcase(suite, rules);
	return suite;
}
