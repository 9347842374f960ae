/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grid of TCP against docs/tcp.md.
 */
#include "proto/tcp_fsm.h"

#include "doctable.h"
#include "suite.h"

#include <string.h>

static const struct code {
	const char *text;
	uint8_t cell;
} codes[] = {
	{ "NO", CT_TCP_NONE },        { "SS", CT_TCP_SYN_SENT },
	{ "S2", CT_TCP_SYN_SENT2 },   { "SR", CT_TCP_SYN_RECV },
	{ "ES", CT_TCP_ESTABLISHED }, { "FW", CT_TCP_FIN_WAIT },
	{ "CW", CT_TCP_CLOSE_WAIT },  { "LA", CT_TCP_LAST_ACK },
	{ "TW", CT_TCP_TIME_WAIT },   { "CL", CT_TCP_CLOSE },
	{ "IG", CT_TCP_IGNORE },      { "IV", CT_TCP_INVALID },
};

enum { N_CODES = sizeof(codes) / sizeof(*codes) };

static uint8_t cell_of(const char *text)
{
	for (size_t i = 0; i < N_CODES; i++)
		if (strcmp(codes[i].text, text) == 0)
			return codes[i].cell;
	ck_abort_msg("\"%s\" is no code of the grid", text);
}

static enum ct_tcp_event event_of(const char *text)
{
	for (unsigned event = 0; event < CT_TCP_EVENTS; event++)
		if (strcmp(ct_tcp_event_name(event), text) == 0)
			return event;
	ck_abort_msg("\"%s\" is no segment of the grid", text);
}

static unsigned compare(enum ct_dir dir, const char *heading)
{
	enum ct_tcp_state states[CT_DOCTABLE_CELLS];
	struct ct_doctable doc;
	unsigned cells = 0;

	ct_doctable_open(&doc, "tcp.md", heading);
	ck_assert_uint_eq(doc.n, 1 + CT_TCP_STATES);
	for (unsigned i = 1; i < doc.n; i++)
		states[i] = cell_of(doc.cells[i]);
	while (ct_doctable_row(&doc)) {
		enum ct_tcp_event event = event_of(doc.cells[0]);

		ck_assert_uint_eq(doc.n, 1 + CT_TCP_STATES);
		for (unsigned i = 1; i < doc.n; i++, cells++)
			ck_assert_msg(ct_tcp_fsm_next(dir, event, states[i]) ==
					      cell_of(doc.cells[i]),
				      "%s: %s in %s is %s in the document",
				      heading, doc.cells[0],
				      ct_tcp_state_name(states[i]),
				      doc.cells[i]);
	}
	ct_doctable_close(&doc);
	return cells;
}

START_TEST(grid_equals_the_document)
{
	ck_assert_uint_eq(compare(CT_DIR_ORIG, "### Original direction"),
			  CT_TCP_EVENTS * CT_TCP_STATES);
	ck_assert_uint_eq(compare(CT_DIR_REPLY, "### Reply direction"),
			  CT_TCP_EVENTS * CT_TCP_STATES);
}
END_TEST

START_TEST(states_are_named_as_in_the_document)
{
	struct ct_doctable doc;
	unsigned states = 0;

	ct_doctable_open(&doc, "tcp.md", "## States");
	for (; ct_doctable_row(&doc); states++)
		ck_assert_str_eq(ct_tcp_state_name(cell_of(doc.cells[0])),
				 doc.cells[1]);
	ct_doctable_close(&doc);
	ck_assert_uint_eq(states, CT_TCP_STATES);
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
	for (unsigned dir = 0; dir < CT_DIR_MAX; dir++)
		for (unsigned event = 0; event < CT_TCP_EVENTS; event++)
			for (unsigned state = 0; state < CT_TCP_STATES; state++)
				ck_assert_uint_ne(
					ct_tcp_fsm_next(dir, event, state),
					CT_TCP_NONE);
}
END_TEST

START_TEST(numbers_that_are_none_have_a_name)
{
	ck_assert_str_eq(ct_tcp_state_name(CT_TCP_STATES), "?");
	ck_assert_str_eq(ct_tcp_state_name(255), "?");
	ck_assert_str_eq(ct_tcp_event_name(CT_TCP_EV_NONE), "?");
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("tcp_fsm");
	TCase *grid = tcase_create("grid");

	tcase_add_test(grid, grid_equals_the_document);
	tcase_add_test(grid, states_are_named_as_in_the_document);
	tcase_add_test(grid, only_the_originator_opens);
	tcase_add_test(grid, nothing_goes_back_to_none);
	tcase_add_test(grid, numbers_that_are_none_have_a_name);
	suite_add_tcase(suite, grid);
	return suite;
}
