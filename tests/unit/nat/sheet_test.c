/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * docs/nat-sheet.md names a test for each requirement: are they there, and is
 * none left out?
 */
#include "suite.h"

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { LINE = 2048, NAME = 160 };

#define TESTS CT_SOURCE_DIR "/tests"

/* => A file has a line that begins with this. */
static bool has(const char *path, const char *beginning)
{
	FILE *file = fopen(path, "r");
	char line[LINE];
	bool found = false;

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = strncmp(line, beginning, strlen(beginning)) == 0;
	fclose(file);
	return found;
}

/* `PROGRAM TEST` */
static bool is_there(const char *program, const char *test)
{
	char path[2 * NAME], beginning[2 * NAME];

	if (strcmp(program, "golden") == 0) {
		snprintf(path, sizeof(path), TESTS "/oracle/goldens/%s.jsonl",
			 test);
		return has(path, "{");
	}
	if (strcmp(program, "net") == 0) {
		snprintf(beginning, sizeof(beginning), "%s() {", test);
		return has(TESTS "/net/net.sh", beginning);
	}
	snprintf(path, sizeof(path), TESTS "/flow/%s_flow.c", program);
	snprintf(beginning, sizeof(beginning), "START_TEST(%s)", test);
	return has(path, beginning);
}

/* => How many names a line of a table has. */
static unsigned look_at(const char *line)
{
	char program[NAME], test[NAME];
	unsigned names = 0;

	for (const char *at = strchr(line, '`'); at; at = strchr(at, '`')) {
		ck_assert_msg(sscanf(at, "`%159[a-z0-9_] %159[a-z0-9_]`",
				     program, test) == 2,
			      "no name: %s", at);
		ck_assert_msg(is_there(program, test), "%s %s is not there",
			      program, test);
		names++;
		at = strchr(at + 1, '`');
		ck_assert_ptr_nonnull(at);
		at++;
	}
	return names;
}

START_TEST(each_requirement_has_a_test_that_is_there)
{
	FILE *file = fopen(CT_SOURCE_DIR "/docs/nat-sheet.md", "r");
	char line[LINE];
	unsigned names = 0;

	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file)) {
		unsigned n;

		/* The line behind a table's first is dashes. */
		if (line[0] != '|' || line[1] == '-')
			continue;
		n = look_at(line);
		ck_assert_msg(n || strstr(line, "| shown by") ||
				      strstr(line, "| none: "),
			      "no test: %s", line);
		names += n;
	}
	fclose(file);
	ck_assert_uint_gt(names, 100);
}
END_TEST

/* What each RFC asks for, in the order of the sheet's rows. */
static const struct {
	const char *heading;
	const char *numbers;
} rfcs[] = {
	{ "## RFC 4787", "1 2 3 3a 4 5 6 7 8 9 10 11 12 13 14" },
	{ "## RFC 5382", "1 2 3 4 5 6 7 8 9 10" },
	{ "## RFC 5508", "1 2 3 4 5 6 7 8 9 10 11" },
	{ "## RFC 5597", "1 2 3 4 5 6 7 8 9 10 11 12 13" },
	{ "## RFC 6888", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15" },
	{ "## RFC 7857", "2 2.1 2.2 3 4 5 6 7 7.1 8 9 10 11 12" },
};

/* => The line's first cell names a requirement: one of "4, 5". */
static bool is_row_of(const char *line, const char *number)
{
	char cell[NAME];

	if (sscanf(line, "| %159[0-9a-z., ]|", cell) != 1)
		return false;
	for (char *at = strtok(cell, ", "); at; at = strtok(NULL, ", "))
		if (strcmp(at, number) == 0)
			return true;
	return false;
}

/* => A row under the heading is the requirement's. */
static bool has_row(const char *heading, const char *number)
{
	FILE *file = fopen(CT_SOURCE_DIR "/docs/nat-sheet.md", "r");
	bool under = false, found = false;
	char line[LINE];

	ck_assert_ptr_nonnull(file);
	while (!found && fgets(line, sizeof(line), file)) {
		if (line[0] == '#')
			under = strncmp(line, heading, strlen(heading)) == 0;
		else
			found = under && is_row_of(line, number);
	}
	fclose(file);
	return found;
}

START_TEST(each_requirement_has_a_row)
{
	char number[NAME];
	int len;

	for (const char *at = rfcs[_i].numbers;
	     sscanf(at, "%159s%n", number, &len) == 1; at += len)
		ck_assert_msg(has_row(rfcs[_i].heading, number),
			      "%s has no row for %s", rfcs[_i].heading, number);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("nat sheet");
	TCase *tc = tcase_create("nat sheet");

	tcase_add_test(tc, each_requirement_has_a_test_that_is_there);
	tcase_add_loop_test(tc, each_requirement_has_a_row, 0,
			    sizeof(rfcs) / sizeof(rfcs[0]));
	suite_add_tcase(suite, tc);
	return suite;
}
