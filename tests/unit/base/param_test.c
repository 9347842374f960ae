/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Named tunables: groups, names, aliases, defaults.
 */
#include "base/param.h"

#include "suite.h"

#include <conntrack/conntrack.h>
#include <stdio.h>
#include <string.h>

static struct ct_params params;

static const struct ct_param_def first[] = {
	{ "a.one", "nf_conntrack_one", "first", 1, 10, 0, 20, 0, 0 },
	{ "a.two", NULL, "second", 2, 20, 2, 20, CT_PARAM_TIMEOUT, 0 },
};
static const struct ct_param_def second[] = {
	{ "b.one", "nf_conntrack_b", "third", 3, 30, 0, 40, 0, 0 },
};

static void fill(enum ct_profile profile)
{
	uint32_t base = 99;

	memset(&params, 0, sizeof(params));
	params.profile = profile;
	ck_assert_int_eq(ct_params_add(&params, first, 2, &base), 0);
	ck_assert_uint_eq(base, 0);
	ck_assert_int_eq(ct_params_add(&params, second, 1, &base), 0);
	ck_assert_uint_eq(base, 2);
}

static void setup(void)
{
	fill(CT_PROFILE_LINUX);
}

START_TEST(profile_chooses_the_defaults)
{
	for (uint32_t i = 0; i < 3; i++)
		ck_assert_uint_eq(ct_params_value(&params, i), i + 1);
	fill(CT_PROFILE_RECOMMENDED);
	for (uint32_t i = 0; i < 3; i++)
		ck_assert_uint_eq(ct_params_value(&params, i), 10 * (i + 1));
}
END_TEST

START_TEST(found_by_name_alias_and_prefixed_alias)
{
	static const char *const names[] = { "b.one", "nf_conntrack_b",
					     "net.netfilter.nf_conntrack_b" };

	for (unsigned i = 0; i < 3; i++) {
		uint32_t index = 99;

		ck_assert_ptr_eq(ct_params_find(&params, names[i], &index),
				 &second[0]);
		ck_assert_uint_eq(index, 2);
	}
}
END_TEST

START_TEST(parts_of_names_find_nothing)
{
	static const char *const names[] = { "",        "a",
					     "a.on",    "a.one ",
					     "A.ONE",   "nf_conntrack_",
					     "b.one.x", "net.netfilter." };
	uint32_t index;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_ptr_null(ct_params_find(&params, names[i], &index));
}
END_TEST

START_TEST(nth_is_counted_over_all_groups)
{
	ck_assert_ptr_eq(ct_params_nth(&params, 0), &first[0]);
	ck_assert_ptr_eq(ct_params_nth(&params, 1), &first[1]);
	ck_assert_ptr_eq(ct_params_nth(&params, 2), &second[0]);
	ck_assert_ptr_null(ct_params_nth(&params, 3));
	ck_assert_ptr_null(ct_params_nth(&params, UINT32_MAX));
}
END_TEST

static int add_one(const char *name, const char *alias)
{
	struct ct_param_def def = { name, alias, "new", 0, 0, 0, 1, 0, 0 };
	uint32_t base;

	return ct_params_add(&params, &def, 1, &base);
}

START_TEST(taken_names_are_refused)
{
	ck_assert_int_eq(add_one("a.one", NULL), CT_E_EXIST);
	ck_assert_int_eq(add_one("c", "nf_conntrack_one"), CT_E_EXIST);
	ck_assert_int_eq(add_one("nf_conntrack_b", NULL), CT_E_EXIST);
	ck_assert_int_eq(add_one("c", "a.two"), CT_E_EXIST);
	ck_assert_uint_eq(params.n_groups, 2);
	ck_assert_uint_eq(params.n_values, 3);
}
END_TEST

START_TEST(group_may_not_use_a_name_twice)
{
	static const struct ct_param_def twice[] = {
		{ "c", NULL, "one", 0, 0, 0, 1, 0, 0 },
		{ "d", "c", "two", 0, 0, 0, 1, 0, 0 },
	};
	uint32_t base;

	ck_assert_int_eq(ct_params_add(&params, twice, 2, &base), CT_E_EXIST);
	ck_assert_uint_eq(params.n_values, 3);
	ck_assert_int_eq(ct_params_add(&params, twice, 1, &base), 0);
}
END_TEST

START_TEST(definitions_must_make_sense)
{
	static const struct ct_param_def wrong[] = {
		{ NULL, NULL, "doc", 0, 0, 0, 1, 0, 0 },
		{ "c", NULL, NULL, 0, 0, 0, 1, 0, 0 },
		{ "c", NULL, "min above max", 1, 1, 2, 0, 0, 0 },
		{ "c", NULL, "linux below", 1, 5, 2, 9, 0, 0 },
		{ "c", NULL, "linux above", 10, 5, 2, 9, 0, 0 },
		{ "c", NULL, "recommended below", 5, 1, 2, 9, 0, 0 },
		{ "c", NULL, "recommended above", 5, 10, 2, 9, 0, 0 },
	};
	uint32_t base;

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_int_eq(ct_params_add(&params, &wrong[i], 1, &base),
				 CT_E_INVAL);
}
END_TEST

START_TEST(groups_and_values_run_out)
{
	static char names[CT_PARAM_VALUES][8];
	static struct ct_param_def many[CT_PARAM_VALUES];
	uint32_t base, n;

	for (uint32_t i = 0; i < CT_PARAM_VALUES; i++) {
		snprintf(names[i], sizeof(names[i]), "x%u", i);
		many[i] = first[0];
		many[i].name = names[i];
		many[i].alias = NULL;
	}
	n = CT_PARAM_VALUES - params.n_values;
	ck_assert_int_eq(ct_params_add(&params, many, n + 1, &base), CT_E_FULL);
	ck_assert_int_eq(ct_params_add(&params, many, n, &base), 0);
	ck_assert_int_eq(add_one("y", NULL), CT_E_FULL);

	setup();
	for (n = params.n_groups; n < CT_PARAM_GROUPS; n++)
		ck_assert_int_eq(ct_params_add(&params, &many[n], 1, &base), 0);
	ck_assert_int_eq(add_one("y", NULL), CT_E_FULL);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("param");
	TCase *tc = tcase_create("param");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, profile_chooses_the_defaults);
	tcase_add_test(tc, found_by_name_alias_and_prefixed_alias);
	tcase_add_test(tc, parts_of_names_find_nothing);
	tcase_add_test(tc, nth_is_counted_over_all_groups);
	tcase_add_test(tc, taken_names_are_refused);
	tcase_add_test(tc, group_may_not_use_a_name_twice);
	tcase_add_test(tc, definitions_must_make_sense);
	tcase_add_test(tc, groups_and_values_run_out);
	suite_add_tcase(suite, tc);
	return suite;
}
