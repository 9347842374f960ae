/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grid of DCCP against docs/dccp.md.
 */
#include "proto/dccp_fsm.h"

#include "grid.h"
#include "suite.h"

static const struct ct_grid_code codes[] = {
	{ "NO", CT_DCCP_NONE },
	{ "LI", CT_DCCP_LISTEN },
	{ "RQ", CT_DCCP_REQUEST },
	{ "RS", CT_DCCP_RESPOND },
	{ "PO", CT_DCCP_PARTOPEN },
	{ "OP", CT_DCCP_OPEN },
	{ "CR", CT_DCCP_CLOSEREQ },
	{ "CG", CT_DCCP_CLOSING },
	{ "TW", CT_DCCP_TIMEWAIT },
	{ "IG", CT_DCCP_IGNORE },
	{ "IV", CT_DCCP_INVALID },
	{ "RE", CT_DCCP_REOPEN },
	{ NULL, 0 },
};

static uint8_t next(unsigned side, unsigned event, unsigned state)
{
	return ct_dccp_fsm_next((enum ct_dccp_role)side,
				(enum ct_dccp_type)event,
				(enum ct_dccp_state)state);
}

static const struct ct_grid grid = {
	.document = "dccp.md",
	.headings = { "### From the client", "### From the server" },
	.codes = codes,
	.n_events = CT_DCCP_TYPES,
	.n_states = CT_DCCP_STATES,
	.none = CT_DCCP_NONE,
	.next = next,
	.state_name = ct_dccp_state_name,
	.event_name = ct_dccp_type_name,
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

/* Who listens is the server, and who sends anything else first is not. */
START_TEST(a_server_opens_by_listening_only)
{
	for (unsigned type = 0; type < CT_DCCP_TYPES; type++)
		ck_assert_uint_eq(
			ct_dccp_fsm_next(CT_DCCP_SERVER, type, CT_DCCP_NONE),
			type == CT_DCCP_T_LISTEN ? CT_DCCP_LISTEN
						 : CT_DCCP_INVALID);
}
END_TEST

START_TEST(nothing_goes_back_to_none)
{
	ct_grid_never_goes_back_to_none(&grid);
}
END_TEST

/* A first packet and one that follows may not both be asked to begin anew. */
START_TEST(only_what_is_over_begins_anew)
{
	for (unsigned role = 0; role < CT_DCCP_ROLES; role++)
		for (unsigned type = 0; type < CT_DCCP_TYPES; type++)
			for (unsigned state = 0; state < CT_DCCP_STATES;
			     state++)
				ck_assert(ct_dccp_fsm_next(role, type, state) !=
						  CT_DCCP_REOPEN ||
					  state == CT_DCCP_TIMEWAIT);
}
END_TEST

START_TEST(everything_has_a_name_and_nothing_else)
{
	ct_grid_names_everything(&grid);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("dccp_fsm");
	TCase *tc = tcase_create("grid");

	tcase_add_test(tc, grid_equals_the_document);
	tcase_add_test(tc, states_are_named_as_in_the_document);
	tcase_add_test(tc, a_server_opens_by_listening_only);
	tcase_add_test(tc, nothing_goes_back_to_none);
	tcase_add_test(tc, only_what_is_over_begins_anew);
	tcase_add_test(tc, everything_has_a_name_and_nothing_else);
	suite_add_tcase(suite, tc);
	return suite;
}
