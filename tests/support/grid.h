/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grid of a state machine, for tests: what is compiled equals what its
 * document says, cell by cell, and has the names that are there.
 */
#ifndef CT_TEST_GRID_H
#define CT_TEST_GRID_H

#include <stdint.h>

enum { CT_GRID_SIDES = 2 };

/* What stands in a cell, as it is written there. */
struct ct_grid_code {
	const char *text;
	uint8_t cell;
};

struct ct_grid {
	const char *document;                /* of docs/ */
	const char *headings[CT_GRID_SIDES]; /* of the table of each side */
	const struct ct_grid_code *codes;    /* ends with a text of NULL */
	unsigned n_events;
	unsigned n_states;
	uint8_t none; /* the state of what is not there yet */
	uint8_t (*next)(unsigned side, unsigned event, unsigned state);
	const char *(*state_name)(unsigned state);
	const char *(*event_name)(unsigned event);
};

/* Each fails the test that calls it. */
void ct_grid_equals_document(const struct ct_grid *grid);
void ct_grid_has_documented_names(const struct ct_grid *grid);
void ct_grid_never_goes_back_to_none(const struct ct_grid *grid);
void ct_grid_names_everything(const struct ct_grid *grid);

#endif /* CT_TEST_GRID_H */
