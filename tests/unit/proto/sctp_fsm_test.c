/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grid of SCTP against docs/sctp.md.
 */
#include "proto/sctp_fsm.h"

#include "grid.h"
#include "suite.h"

static const struct ct_grid_code codes[] = {
	{ "NO", CT_SCTP_NONE },
	{ "CL", CT_SCTP_CLOSED },
	{ "CW", CT_SCTP_COOKIE_WAIT },
	{ "CE", CT_SCTP_COOKIE_ECHOED },
	{ "ES", CT_SCTP_ESTABLISHED },
	{ "SS", CT_SCTP_SHUTDOWN_SENT },
	{ "SR", CT_SCTP_SHUTDOWN_RECD },
	{ "SA", CT_SCTP_SHUTDOWN_ACK_SENT },
	{ "HS", CT_SCTP_HEARTBEAT_SENT },
	{ "IV", CT_SCTP_INVALID },
	{ NULL, 0 },
};

static uint8_t next(unsigned side, unsigned event, unsigned state)
{
	return ct_sctp_fsm_next((enum ct_dir)side, (enum ct_sctp_event)event,
				(enum ct_sctp_state)state);
}

static const struct ct_grid grid = {
	.document = "sctp.md",
	.headings = { "### Original direction", "### Reply direction" },
	.codes = codes,
	.n_events = CT_SCTP_EVENTS,
	.n_states = CT_SCTP_STATES,
	.none = CT_SCTP_NONE,
	.next = next,
	.state_name = ct_sctp_state_name,
	.event_name = ct_sctp_event_name,
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
	for (unsigned event = 0; event < CT_SCTP_EVENTS; event++)
		ck_assert_uint_eq(
			ct_sctp_fsm_next(CT_DIR_REPLY, event, CT_SCTP_NONE),
			CT_SCTP_INVALID);
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
	Suite *suite = suite_create("sctp_fsm");
	TCase *tc = tcase_create("grid");

	tcase_add_test(tc, grid_equals_the_document);
	tcase_add_test(tc, states_are_named_as_in_the_document);
	tcase_add_test(tc, only_the_originator_opens);
	tcase_add_test(tc, nothing_goes_back_to_none);
	tcase_add_test(tc, everything_has_a_name_and_nothing_else);
	suite_add_tcase(suite, tc);
	return suite;
}
