/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grid of SCTP against docs/sctp.md.
 */
#include "proto/sctp_fsm.h"

#include "doctable.h"
#include "suite.h"

#include <string.h>

static const struct code {
	const char *text;
	uint8_t cell;
} codes[] = {
	{ "NO", CT_SCTP_NONE },           { "CL", CT_SCTP_CLOSED },
	{ "CW", CT_SCTP_COOKIE_WAIT },    { "CE", CT_SCTP_COOKIE_ECHOED },
	{ "ES", CT_SCTP_ESTABLISHED },    { "SS", CT_SCTP_SHUTDOWN_SENT },
	{ "SR", CT_SCTP_SHUTDOWN_RECD },  { "SA", CT_SCTP_SHUTDOWN_ACK_SENT },
	{ "HS", CT_SCTP_HEARTBEAT_SENT }, { "IV", CT_SCTP_INVALID },
};

enum { N_CODES = sizeof(codes) / sizeof(*codes) };

static uint8_t cell_of(const char *text)
{
	for (size_t i = 0; i < N_CODES; i++)
		if (strcmp(codes[i].text, text) == 0)
			return codes[i].cell;
	ck_abort_msg("\"%s\" is no code of the grid", text);
}

static enum ct_sctp_event event_of(const char *text)
{
	for (unsigned event = 0; event < CT_SCTP_EVENTS; event++)
		if (strcmp(ct_sctp_event_name(event), text) == 0)
			return event;
	ck_abort_msg("\"%s\" is no chunk of the grid", text);
}

static unsigned compare(enum ct_dir dir, const char *heading)
{
	enum ct_sctp_state states[CT_DOCTABLE_CELLS];
	struct ct_doctable doc;
	unsigned cells = 0;

	ct_doctable_open(&doc, "sctp.md", heading);
	ck_assert_uint_eq(doc.n, 1 + CT_SCTP_STATES);
	for (unsigned i = 1; i < doc.n; i++)
		states[i] = cell_of(doc.cells[i]);
	while (ct_doctable_row(&doc)) {
		enum ct_sctp_event event = event_of(doc.cells[0]);

		ck_assert_uint_eq(doc.n, 1 + CT_SCTP_STATES);
		for (unsigned i = 1; i < doc.n; i++, cells++)
			ck_assert_msg(ct_sctp_fsm_next(dir, event, states[i]) ==
					      cell_of(doc.cells[i]),
				      "%s: %s in %s is %s in the document",
				      heading, doc.cells[0],
				      ct_sctp_state_name(states[i]),
				      doc.cells[i]);
	}
	ct_doctable_close(&doc);
	return cells;
}

START_TEST(grid_equals_the_document)
{
	ck_assert_uint_eq(compare(CT_DIR_ORIG, "### Original direction"),
			  CT_SCTP_EVENTS * CT_SCTP_STATES);
	ck_assert_uint_eq(compare(CT_DIR_REPLY, "### Reply direction"),
			  CT_SCTP_EVENTS * CT_SCTP_STATES);
}
END_TEST

START_TEST(states_are_named_as_in_the_document)
{
	struct ct_doctable doc;
	unsigned states = 0;

	ct_doctable_open(&doc, "sctp.md", "## States");
	for (; ct_doctable_row(&doc); states++)
		ck_assert_str_eq(ct_sctp_state_name(cell_of(doc.cells[0])),
				 doc.cells[1]);
	ct_doctable_close(&doc);
	ck_assert_uint_eq(states, CT_SCTP_STATES);
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
	for (unsigned dir = 0; dir < CT_DIR_MAX; dir++)
		for (unsigned event = 0; event < CT_SCTP_EVENTS; event++)
			for (unsigned state = 0; state < CT_SCTP_STATES;
			     state++)
				ck_assert_uint_ne(
					ct_sctp_fsm_next(dir, event, state),
					CT_SCTP_NONE);
}
END_TEST

START_TEST(numbers_that_are_none_have_a_name)
{
	ck_assert_str_eq(ct_sctp_state_name(CT_SCTP_STATES), "?");
	ck_assert_str_eq(ct_sctp_state_name(255), "?");
	ck_assert_str_eq(ct_sctp_event_name(CT_SCTP_EVENTS), "?");
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("sctp_fsm");
	TCase *grid = tcase_create("grid");

	tcase_add_test(grid, grid_equals_the_document);
	tcase_add_test(grid, states_are_named_as_in_the_document);
	tcase_add_test(grid, only_the_originator_opens);
	tcase_add_test(grid, nothing_goes_back_to_none);
	tcase_add_test(grid, numbers_that_are_none_have_a_name);
	suite_add_tcase(suite, grid);
	return suite;
}
