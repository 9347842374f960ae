/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grid of a state machine against its document; see grid.h.
 */
#include "grid.h"

#include "doctable.h"

#include <check.h>
#include <string.h>

static uint8_t cell_of(const struct ct_grid *grid, const char *text)
{
	for (const struct ct_grid_code *code = grid->codes; code->text; code++)
		if (strcmp(code->text, text) == 0)
			return code->cell;
	ck_abort_msg("\"%s\" is no code of the grid", text);
}

static unsigned event_of(const struct ct_grid *grid, const char *text)
{
	for (unsigned event = 0; event < grid->n_events; event++)
		if (strcmp(grid->event_name(event), text) == 0)
			return event;
	ck_abort_msg("\"%s\" is no event of the grid", text);
}

/* => How many cells there were. */
static unsigned compare(const struct ct_grid *grid, unsigned side)
{
	uint8_t states[CT_DOCTABLE_CELLS];
	struct ct_doctable doc;
	unsigned cells = 0;

	ct_doctable_open(&doc, grid->document, grid->headings[side]);
	ck_assert_uint_eq(doc.n, 1 + grid->n_states);
	for (unsigned i = 1; i < doc.n; i++)
		states[i] = cell_of(grid, doc.cells[i]);
	while (ct_doctable_row(&doc)) {
		unsigned event = event_of(grid, doc.cells[0]);

		ck_assert_uint_eq(doc.n, 1 + grid->n_states);
		for (unsigned i = 1; i < doc.n; i++, cells++)
			ck_assert_msg(grid->next(side, event, states[i]) ==
					      cell_of(grid, doc.cells[i]),
				      "%s: %s in %s is %s in the document",
				      grid->headings[side], doc.cells[0],
				      grid->state_name(states[i]),
				      doc.cells[i]);
	}
	ct_doctable_close(&doc);
	return cells;
}

void ct_grid_equals_document(const struct ct_grid *grid)
{
	for (unsigned side = 0; side < CT_GRID_SIDES; side++)
		ck_assert_uint_eq(compare(grid, side),
				  grid->n_events * grid->n_states);
}

void ct_grid_has_documented_names(const struct ct_grid *grid)
{
	struct ct_doctable doc;
	unsigned states = 0;

	ct_doctable_open(&doc, grid->document, "## States");
	for (; ct_doctable_row(&doc); states++)
		ck_assert_str_eq(grid->state_name(cell_of(grid, doc.cells[0])),
				 doc.cells[1]);
	ct_doctable_close(&doc);
	ck_assert_uint_eq(states, grid->n_states);
}

void ct_grid_never_goes_back_to_none(const struct ct_grid *grid)
{
	for (unsigned side = 0; side < CT_GRID_SIDES; side++)
		for (unsigned event = 0; event < grid->n_events; event++)
			for (unsigned s = 0; s < grid->n_states; s++)
				ck_assert_uint_ne(grid->next(side, event, s),
						  grid->none);
}

/* Numbers that are none, too. */
void ct_grid_names_everything(const struct ct_grid *grid)
{
	for (unsigned state = 0; state < grid->n_states; state++)
		ck_assert_str_ne(grid->state_name(state), "?");
	for (unsigned event = 0; event < grid->n_events; event++)
		ck_assert_str_ne(grid->event_name(event), "?");
	ck_assert_str_eq(grid->state_name(grid->n_states), "?");
	ck_assert_str_eq(grid->state_name(255), "?");
	ck_assert_str_eq(grid->event_name(grid->n_events), "?");
}
