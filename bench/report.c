/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.c - see report.h
 */
#include "report.h"

#include <stdio.h>
#include <string.h>

void report_open(struct report *report, const struct options *options)
{
	memset(report, 0, sizeof(*report));
	report->options = options;
	report->command = options->command;
	if (options->json)
		printf("[");
}

void report_close(struct report *report)
{
	if (report->options->json)
		printf("\n]\n");
	fflush(stdout);
}

void report_begin(struct report *report, const char *what)
{
	report->what = what;
	report->n = 0;
}

static struct report_cell *next(struct report *report, const char *key)
{
	struct report_cell *cell = &report->cell[report->n];

	if (report->n < REPORT_COLUMNS - 1)
		report->n++;
	cell->key = key;
	return cell;
}

void report_num(struct report *report, const char *key, double num,
		int decimals)
{
	struct report_cell *cell = next(report, key);

	/* JSON has no word for what is not a number. */
	cell->num = num == num && num < 1e18 ? num : 0;
	cell->decimals = decimals;
	snprintf(cell->text, sizeof(cell->text), "%.*f", decimals, cell->num);
}

void report_text(struct report *report, const char *key, const char *text)
{
	struct report_cell *cell = next(report, key);

	cell->decimals = -1;
	snprintf(cell->text, sizeof(cell->text), "%s", text);
}

/* --- JSON --------------------------------------------------------------- */

static const char *truth(bool b)
{
	return b ? "true" : "false";
}

static void json_options(const struct options *o)
{
	printf("\"conns\": %u, \"threads\": %u, \"burst\": %u, \"rounds\": %u, "
	       "\"proto\": \"%s\", \"v6\": %s, \"cross\": %s, \"events\": %s, "
	       "\"one\": %s, \"maintain\": %s, \"keep\": %s, "
	       "\"small_pages\": %s, \"corpus\": \"%s\"",
	       o->conns, o->threads, o->burst, o->rounds,
	       o->load.udp ? "udp" : "tcp", truth(o->load.v6), truth(o->cross),
	       truth(o->events), truth(o->one), truth(o->maintain),
	       truth(o->keep), truth(o->small_pages),
	       corpus_name(o->load.corpus));
}

static void json_row(const struct report *report)
{
	printf("%s\n{\"command\": \"%s\", \"what\": \"%s\", ",
	       report->n_rows ? "," : "", report->command, report->what);
	json_options(report->options);
	for (unsigned i = 0; i < report->n; i++) {
		const struct report_cell *cell = &report->cell[i];

		printf(cell->decimals < 0 ? ", \"%s\": \"%s\"" : ", \"%s\": %s",
		       cell->key, cell->text);
	}
	printf("}");
}

/* --- The table ---------------------------------------------------------- */

static int width(const char *key)
{
	int len = (int)strlen(key);

	return len < 8 ? 8 : len;
}

static bool same_head(const struct report *report)
{
	if (report->n != report->n_head)
		return false;
	for (unsigned i = 0; i < report->n; i++)
		if (strcmp(report->head[i], report->cell[i].key) != 0)
			return false;
	return true;
}

static void print_head(struct report *report)
{
	if (report->n_rows)
		printf("\n");
	printf("%-18s", report->command);
	for (unsigned i = 0; i < report->n; i++) {
		report->head[i] = report->cell[i].key;
		printf("  %*s", width(report->head[i]), report->head[i]);
	}
	printf("\n");
	report->n_head = report->n;
}

static void print_row(struct report *report)
{
	if (!same_head(report))
		print_head(report);
	printf("%-18s", report->what);
	for (unsigned i = 0; i < report->n; i++)
		printf("  %*s", width(report->head[i]), report->cell[i].text);
	printf("\n");
}

void report_end(struct report *report)
{
	if (report->options->json)
		json_row(report);
	else
		print_row(report);
	report->n_rows++;
	fflush(stdout);
}
