/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * docs/params.md against what the library says, cell by cell.
 *
 * With CT_WRITE_PARAMS in the environment the table in that file is written
 * instead, from the heading on; what stands before it is left alone.
 */
#include "doctable.h"
#include "suite.h"

#include <conntrack/conntrack.h>
#include <stdlib.h>
#include <string.h>

#define HEADING "## All parameters"

enum column {
	NAME,
	ALIAS,
	LINUX_VALUE,
	RECOMMENDED,
	MIN,
	MAX,
	MEANING,
	COLUMNS
};

static const char *const headings[COLUMNS] = {
	"name", "Linux alias", "linux", "recommended", "min", "max", "meaning"
};

/* A row of the table. */
struct row {
	char cell[COLUMNS][CT_DOCTABLE_LINE];
};

static struct ct_table *tbl;

static void setup(void)
{
	ck_assert_int_eq(ct_table_create(NULL, &tbl), 0);
}

static void teardown(void)
{
	ct_table_destroy(tbl);
}

static void put_text(struct row *row, enum column column, const char *text,
		     const char *quote)
{
	snprintf(row->cell[column], sizeof(row->cell[column]), "%s%s%s", quote,
		 text, quote);
}

static void put_number(struct row *row, enum column column, uint64_t number)
{
	snprintf(row->cell[column], sizeof(row->cell[column]), "%llu",
		 (unsigned long long)number);
}

/* => False past the last parameter. */
static bool row_of(unsigned n, struct row *row)
{
	struct ct_param_info param = { .size = sizeof(param) };

	memset(row, 0, sizeof(*row));
	if (ct_param_info(tbl, n, &param))
		return false;
	put_text(row, NAME, param.name, "`");
	if (param.alias)
		put_text(row, ALIAS, param.alias, "`");
	put_number(row, LINUX_VALUE, param.linux_value);
	put_number(row, RECOMMENDED, param.recommended);
	put_number(row, MIN, param.min);
	put_number(row, MAX, param.max);
	put_text(row, MEANING, param.doc, "");
	return true;
}

START_TEST(document_says_what_the_library_says)
{
	struct ct_doctable doc;
	struct row row;
	unsigned n = 0;

	ct_doctable_open(&doc, "params.md", HEADING);
	ck_assert_uint_eq(doc.n, COLUMNS);
	for (unsigned i = 0; i < COLUMNS; i++)
		ck_assert_str_eq(doc.cells[i], headings[i]);
	for (; ct_doctable_row(&doc); n++) {
		ck_assert_msg(row_of(n, &row), "no such parameter: %s",
			      doc.cells[0]);
		ck_assert_uint_eq(doc.n, COLUMNS);
		for (unsigned i = 0; i < COLUMNS; i++)
			ck_assert_str_eq(doc.cells[i], row.cell[i]);
	}
	ck_assert_msg(!row_of(n, &row), "not documented: %s", row.cell[NAME]);
	ct_doctable_close(&doc);
}
END_TEST

/* What makes a cell would end it. */
START_TEST(no_text_breaks_the_table)
{
	struct row row;

	for (unsigned n = 0; row_of(n, &row); n++) {
		for (unsigned i = 0; i < COLUMNS; i++) {
			ck_assert_ptr_null(strpbrk(row.cell[i], "|\n"));
			ck_assert(row.cell[i][0] || i == ALIAS);
		}
	}
}
END_TEST

/* --- Writing ------------------------------------------------------------ */

static void write_table(FILE *to)
{
	struct row row;

	fprintf(to, HEADING "\n\n|");
	for (unsigned i = 0; i < COLUMNS; i++)
		fprintf(to, " %s |", headings[i]);
	fprintf(to, "\n|---|---|--:|--:|--:|--:|---|\n");
	for (unsigned n = 0; row_of(n, &row); n++) {
		fprintf(to, "|");
		for (unsigned i = 0; i < COLUMNS; i++)
			fprintf(to, " %s |", row.cell[i]);
		fprintf(to, "\n");
	}
}

START_TEST(table_is_written)
{
	static char text[1 << 16];
	const char *path = CT_SOURCE_DIR "/docs/params.md";
	FILE *file = fopen(path, "r+");
	char *table;
	size_t len;

	ck_assert_ptr_nonnull(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	ck_assert_uint_lt(len, sizeof(text) - 1);
	table = strstr(text, HEADING "\n");
	ck_assert_ptr_nonnull(table);
	*table = '\0';
	ck_assert_ptr_nonnull(freopen(path, "w", file));
	fputs(text, file);
	write_table(file);
	ck_assert_int_eq(fclose(file), 0);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("params");
	TCase *tc = tcase_create("params");

	tcase_add_checked_fixture(tc, setup, teardown);
	if (getenv("CT_WRITE_PARAMS"))
		tcase_add_test(tc, table_is_written);
	tcase_add_test(tc, document_says_what_the_library_says);
	tcase_add_test(tc, no_text_breaks_the_table);
	suite_add_tcase(suite, tc);
	return suite;
}
