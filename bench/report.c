/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.c - see report.h
 */
#include "report.h"

#include "host.h"

#include <stdio.h>
#include <string.h>

void report_open(struct report *report, const struct options *options)
{
	memset(report, 0, sizeof(*report));
	report->options = options;
	report->load = options->load;
}

void report_load(struct report *report, const struct workload *load)
{
	report->load = *load;
}

void report_begin(struct report *report, const char *what)
{
	if (report->n == REPORT_RESULTS)
		host_fail("too many results");
	snprintf(report->result[report->n].what, REPORT_WORD, "%s", what);
	report->result[report->n].load = report->load;
}

void report_num(struct report *report, const char *key, double num,
		int decimals)
{
	struct report_result *result = &report->result[report->n];
	struct report_number *number = &result->number[result->n];

	if (result->n == REPORT_NUMBERS)
		host_fail("too many numbers");
	result->n++;
	number->key = key;
	/* JSON has no word for what is not a number. */
	snprintf(number->text, sizeof(number->text), "%.*f", decimals,
		 num > -1e18 && num < 1e18 ? num : 0);
}

void report_end(struct report *report)
{
	report->n++;
}

/* --- JSON --------------------------------------------------------------- */

static void json(const struct report *report)
{
	printf("[");
	for (unsigned i = 0; i < report->n; i++) {
		const struct report_result *result = &report->result[i];

		printf("%s\n{\"command\": \"%s\", \"what\": \"%s\", ",
		       i ? "," : "", report->options->command, result->what);
		options_json(report->options, &result->load);
		for (unsigned k = 0; k < result->n; k++)
			printf(", \"%s\": %s", result->number[k].key,
			       result->number[k].text);
		printf("}");
	}
	printf("\n]\n");
}

/* --- The table ---------------------------------------------------------- */

enum { WIDTH_KEY = 18, WIDTH_MIN = 10 };

static const char *text_of(const struct report_result *result, const char *key)
{
	for (unsigned i = 0; i < result->n; i++)
		if (strcmp(result->number[i].key, key) == 0)
			return result->number[i].text;
	return "";
}

static int width(const struct report_result *result)
{
	int len = (int)strlen(result->what);

	return len < WIDTH_MIN ? WIDTH_MIN : len;
}

/* Whether a result before this one has the number too. */
static bool shown(const struct report *report, unsigned before, const char *key)
{
	for (unsigned i = 0; i < before; i++)
		if (*text_of(&report->result[i], key))
			return true;
	return false;
}

static void print_line(const struct report *report, const char *key)
{
	printf("%-*s", WIDTH_KEY, key);
	for (unsigned i = 0; i < report->n; i++) {
		const struct report_result *result = &report->result[i];

		printf("  %*s", width(result), text_of(result, key));
	}
	printf("\n");
}

static void table(const struct report *report)
{
	printf("%-*s", WIDTH_KEY, report->options->command);
	for (unsigned i = 0; i < report->n; i++)
		printf("  %*s", width(&report->result[i]),
		       report->result[i].what);
	printf("\n");
	for (unsigned i = 0; i < report->n; i++) {
		const struct report_result *result = &report->result[i];

		for (unsigned k = 0; k < result->n; k++)
			if (!shown(report, i, result->number[k].key))
				print_line(report, result->number[k].key);
	}
}

void report_close(struct report *report)
{
	if (report->options->json)
		json(report);
	else
		table(report);
	fflush(stdout);
}
