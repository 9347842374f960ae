/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grid of TCP against docs/tcp.md.
 */
#include "proto/tcp_fsm.h"

#include "grid.h"
#include "suite.h"

static const struct ct_grid_code codes[] = {
	{ "NO", CT_TCP_NONE },
	{ "SS", CT_TCP_SYN_SENT },
	{ "S2", CT_TCP_SYN_SENT2 },
	{ "SR", CT_TCP_SYN_RECV },
	{ "ES", CT_TCP_ESTABLISHED },
	{ "FW", CT_TCP_FIN_WAIT },
	{ "CW", CT_TCP_CLOSE_WAIT },
	{ "LA", CT_TCP_LAST_ACK },
	{ "TW", CT_TCP_TIME_WAIT },
	{ "CL", CT_TCP_CLOSE },
	{ "IG", CT_TCP_IGNORE },
	{ "IV", CT_TCP_INVALID },
	{ NULL, 0 },
};

static uint8_t next(unsigned side, unsigned event, unsigned state)
{
	return ct_tcp_fsm_next((enum ct_dir)side, (enum ct_tcp_event)event,
			       (enum ct_tcp_state)state);
}

static const struct ct_grid grid = {
	.document = "tcp.md",
	.headings = { "### Original direction", "### Reply direction" },
	.codes = codes,
	.n_events = CT_TCP_EVENTS,
	.n_states = CT_TCP_STATES,
	.none = CT_TCP_NONE,
	.next = next,
	.state_name = ct_tcp_state_name,
	.event_name = ct_tcp_event_name,
};

START_TEST(grid_equals_the_document)
{
	ct_grid_equals_document(&grid);
}
END_TEST

START_TEST(states_are_named_as_in_the_document)
{
	ct_grid_has_documented_names(&grid);
}
END_TEST

START_TEST(only_the_originator_opens)
{
	for (unsigned event = 0; event < CT_TCP_EVENTS; event++)
		ck_assert_uint_eq(
			ct_tcp_fsm_next(CT_DIR_REPLY, event, CT_TCP_NONE),
			CT_TCP_INVALID);
}
END_TEST

START_TEST(nothing_goes_back_to_none)
{
	ct_grid_never_goes_back_to_none(&grid);
}
END_TEST

START_TEST(everything_has_a_name_and_nothing_else)
{
	ct_grid_names_everything(&grid);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("tcp_fsm");
	TCase *tc = tcase_create("grid");

	tcase_add_test(tc, grid_equals_the_document);
	tcase_add_test(tc, states_are_named_as_in_the_document);
	tcase_add_test(tc, only_the_originator_opens);
	tcase_add_test(tc, nothing_goes_back_to_none);
	tcase_add_test(tc, everything_has_a_name_and_nothing_else);
	suite_add_tcase(suite, tc);
	return suite;
}
