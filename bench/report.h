/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.h - results: a table for people, or JSON for machines
 *
 *	report_begin(); report_num() per number; report_end(): one result
 *	report_close(): shows all of them
 *
 * The table has a column per result and a line per number.  In JSON each result
 * is an object on a line of its own, with the options beside it, so that one
 * line says all.
 */
#ifndef REPORT_H
#define REPORT_H

#include "options.h"

enum { REPORT_RESULTS = 12, REPORT_NUMBERS = 24, REPORT_WORD = 32 };

struct report_number {
	const char *key;        /* a constant */
	char text[REPORT_WORD]; /* as it is shown */
};

struct report_result {
	char what[REPORT_WORD]; /* which of a command's results */
	struct workload load;   /* its packets */
	unsigned n;
	struct report_number number[REPORT_NUMBERS];
};

struct report {
	const struct options *options;
	struct workload load; /* of the results that begin now */
	unsigned n;
	struct report_result result[REPORT_RESULTS];
};

void report_open(struct report *report, const struct options *options);
void report_close(struct report *report);

/* What follows is of other packets than the options say. */
void report_load(struct report *report, const struct workload *load);

void report_begin(struct report *report, const char *what);
void report_num(struct report *report, const char *key, double num,
		int decimals);
void report_end(struct report *report);

#endif /* REPORT_H */
