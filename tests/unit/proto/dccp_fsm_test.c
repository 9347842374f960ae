/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grid of DCCP against docs/dccp.md.
 */
#include "proto/dccp_fsm.h"

#include "doctable.h"
#include "suite.h"

#include <string.h>

static const struct code {
	const char *text;
	uint8_t cell;
} codes[] = {
	{ "NO", CT_DCCP_NONE },     { "LI", CT_DCCP_LISTEN },
	{ "RQ", CT_DCCP_REQUEST },  { "RS", CT_DCCP_RESPOND },
	{ "PO", CT_DCCP_PARTOPEN }, { "OP", CT_DCCP_OPEN },
	{ "CR", CT_DCCP_CLOSEREQ }, { "CG", CT_DCCP_CLOSING },
	{ "TW", CT_DCCP_TIMEWAIT }, { "IG", CT_DCCP_IGNORE },
	{ "IV", CT_DCCP_INVALID },  { "RE", CT_DCCP_REOPEN },
};

enum { N_CODES = sizeof(codes) / sizeof(*codes) };

static uint8_t cell_of(const char *text)
{
	for (size_t i = 0; i < N_CODES; i++)
		if (strcmp(codes[i].text, text) == 0)
			return codes[i].cell;
	ck_abort_msg("\"%s\" is no code of the grid", text);
}

static enum ct_dccp_type type_of(const char *text)
{
	for (unsigned type = 0; type < CT_DCCP_TYPES; type++)
		if (strcmp(ct_dccp_type_name(type), text) == 0)
			return type;
	ck_abort_msg("\"%s\" is no packet of the grid", text);
}

static unsigned compare(enum ct_dccp_role role, const char *heading)
{
	enum ct_dccp_state states[CT_DOCTABLE_CELLS];
	struct ct_doctable doc;
	unsigned cells = 0;

	ct_doctable_open(&doc, "dccp.md", heading);
	ck_assert_uint_eq(doc.n, 1 + CT_DCCP_STATES);
	for (unsigned i = 1; i < doc.n; i++)
		states[i] = cell_of(doc.cells[i]);
	while (ct_doctable_row(&doc)) {
		enum ct_dccp_type type = type_of(doc.cells[0]);

		ck_assert_uint_eq(doc.n, 1 + CT_DCCP_STATES);
		for (unsigned i = 1; i < doc.n; i++, cells++)
			ck_assert_msg(ct_dccp_fsm_next(role, type, states[i]) ==
					      cell_of(doc.cells[i]),
				      "%s: %s in %s is %s in the document",
				      heading, doc.cells[0],
				      ct_dccp_state_name(states[i]),
				      doc.cells[i]);
	}
	ct_doctable_close(&doc);
	return cells;
}

START_TEST(grid_equals_the_document)
{
	ck_assert_uint_eq(compare(CT_DCCP_CLIENT, "### From the client"),
			  CT_DCCP_TYPES * CT_DCCP_STATES);
	ck_assert_uint_eq(compare(CT_DCCP_SERVER, "### From the server"),
			  CT_DCCP_TYPES * CT_DCCP_STATES);
}
END_TEST

START_TEST(states_are_named_as_in_the_document)
{
	struct ct_doctable doc;
	unsigned states = 0;

	ct_doctable_open(&doc, "dccp.md", "## States");
	for (; ct_doctable_row(&doc); states++)
		ck_assert_str_eq(ct_dccp_state_name(cell_of(doc.cells[0])),
				 doc.cells[1]);
	ct_doctable_close(&doc);
	ck_assert_uint_eq(states, CT_DCCP_STATES);
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
	for (unsigned role = 0; role < CT_DCCP_ROLES; role++)
		for (unsigned type = 0; type < CT_DCCP_TYPES; type++)
			for (unsigned state = 0; state < CT_DCCP_STATES;
			     state++)
				ck_assert_uint_ne(
					ct_dccp_fsm_next(role, type, state),
					CT_DCCP_NONE);
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

START_TEST(numbers_that_are_none_have_a_name)
{
	ck_assert_str_eq(ct_dccp_state_name(CT_DCCP_STATES), "?");
	ck_assert_str_eq(ct_dccp_state_name(255), "?");
	ck_assert_str_eq(ct_dccp_type_name(CT_DCCP_TYPES), "?");
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("dccp_fsm");
	TCase *grid = tcase_create("grid");

	tcase_add_test(grid, grid_equals_the_document);
	tcase_add_test(grid, states_are_named_as_in_the_document);
	tcase_add_test(grid, a_server_opens_by_listening_only);
	tcase_add_test(grid, nothing_goes_back_to_none);
	tcase_add_test(grid, only_what_is_over_begins_anew);
	tcase_add_test(grid, numbers_that_are_none_have_a_name);
	suite_add_tcase(suite, grid);
	return suite;
}
