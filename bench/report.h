/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.h - results: a table for people, or JSON for machines
 *
 *	report_begin(); report_num() and report_text() per column; report_end()
 *
 * In JSON the options stand beside each result, so that one line says all.
 */
#ifndef REPORT_H
#define REPORT_H

#include "options.h"

enum { REPORT_COLUMNS = 24, REPORT_WORD = 24 };

struct report_cell {
	const char *key; /* a constant */
	double num;
	int decimals;           /* negative: text */
	char text[REPORT_WORD]; /* as it is shown */
};

struct report {
	const struct options *options;
	unsigned n_rows;
	const char *command;
	const char *what; /* which of a command's results */
	unsigned n;
	struct report_cell cell[REPORT_COLUMNS];
	unsigned n_head; /* columns of the table as it was begun */
	const char *head[REPORT_COLUMNS];
};

void report_open(struct report *report, const struct options *options);
void report_close(struct report *report);

/* => what is a constant, or "". */
void report_begin(struct report *report, const char *what);
void report_num(struct report *report, const char *key, double num,
		int decimals);
void report_text(struct report *report, const char *key, const char *text);
void report_end(struct report *report);

#endif /* REPORT_H */
