/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compare.c judges as golden.py does: compare_pairs.json holds pairs of
 * records, and the paths at which golden.py says they differ.
 */
#include <check.h>

#include "compare.h"
#include "suite.h"

#define PAIRS "compare_pairs.json"

static json_t *pairs;

static void load(void)
{
	json_error_t error;

	pairs = json_load_file(PAIRS, 0, &error);
	ck_assert_msg(json_array_size(pairs) > 0, "%s", error.text);
}

static void unload(void)
{
	json_decref(pairs);
}

static void collect(void *user, const char *path, const json_t *expected,
		    const json_t *actual)
{
	(void)expected;
	(void)actual;
	json_array_append_new(user, json_string(path));
}

static json_t *record_of(const json_t *pair, const char *side)
{
	json_t *record = json_copy(json_object_get(pair, side));

	json_object_set_new(record, "rec", json_string("packet"));
	json_object_set_new(record, "i", json_integer(7));
	return record;
}

START_TEST(every_pair_is_judged_as_golden_py_does)
{
	const json_t *pair = json_array_get(pairs, (size_t)_i);
	json_t *expected = record_of(pair, "expected");
	json_t *actual = record_of(pair, "actual");
	json_t *found = json_array();
	size_t n =
		compare_records(expected, actual, json_object_get(pair, "keys"),
				collect, found);
	char *text = json_dumps(found, 0);

	ck_assert_uint_eq(n, json_array_size(found));
	ck_assert_msg(json_equal(found, json_object_get(pair, "differ")),
		      "%s: %s",
		      json_string_value(json_object_get(pair, "title")), text);
	free(text);
	json_decref(found);
	json_decref(actual);
	json_decref(expected);
}
END_TEST

/* How many pairs there are, for the loop. */
static int count(void)
{
	json_t *all = json_load_file(PAIRS, 0, NULL);
	int n = (int)json_array_size(all);

	json_decref(all);
	return n;
}

Suite *ct_suite(void)
{
	Suite *suite = suite_create("oracle.compare");
	TCase *tcase = tcase_create("pairs");

	tcase_add_checked_fixture(tcase, load, unload);
	tcase_add_loop_test(tcase, every_pair_is_judged_as_golden_py_does, 0,
			    count());
	suite_add_tcase(suite, tcase);
	return suite;
}
