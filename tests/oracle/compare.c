/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Comparing records; must mean what the kernel oracle's golden.py means, which
 * compare_test.c checks with pairs that golden.py has judged.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"

enum { TIMEOUT_TOLERANCE = 2, PATH_MAX_LEN = 512 };

/* One comparison under way. */
struct compare {
	compare_fn fn;
	void *user;
	size_t found;
	char path[PATH_MAX_LEN];
};

static void differences(struct compare *cmp, json_t *expected, json_t *actual);

static void report(struct compare *cmp, const json_t *expected,
		   const json_t *actual)
{
	cmp->found++;
	if (cmp->fn)
		cmp->fn(cmp->user, cmp->path, expected, actual);
}

/* Compare what lies one step further down the path. */
static void descend(struct compare *cmp, const char *step, json_t *expected,
		    json_t *actual)
{
	size_t len = strlen(cmp->path);

	snprintf(cmp->path + len, sizeof(cmp->path) - len, "/%s", step);
	if (expected && actual)
		differences(cmp, expected, actual);
	else
		report(cmp, expected, actual);
	cmp->path[len] = '\0';
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The keys of both objects, each once, in order. */
static size_t all_keys(json_t *expected, json_t *actual, const char ***keys)
{
	size_t n = 0;
	const char *key;
	json_t *value;

	*keys = calloc(json_object_size(expected) + json_object_size(actual),
		       sizeof(**keys));
	if (!*keys)
		return 0;
	json_object_foreach(expected, key, value)(*keys)[n++] = key;
	json_object_foreach(
		actual, key,
		value) if (!json_object_get(expected, key))(*keys)[n++] = key;
	qsort(*keys, n, sizeof(**keys), by_name);
	return n;
}

static void object_differences(struct compare *cmp, json_t *expected,
			       json_t *actual)
{
	const char **keys;
	size_t n = all_keys(expected, actual, &keys);
	size_t i;

	for (i = 0; i < n; i++)
		descend(cmp, keys[i], json_object_get(expected, keys[i]),
			json_object_get(actual, keys[i]));
	free(keys);
}

static void array_differences(struct compare *cmp, json_t *expected,
			      json_t *actual)
{
	size_t i;
	json_t *value;

	json_array_foreach(expected, i, value)
	{
		char step[24];

		snprintf(step, sizeof(step), "%zu", i);
		descend(cmp, step, value, json_array_get(actual, i));
	}
}

static bool same_but_for_masked(const char *expected, const char *actual)
{
	if (strlen(expected) != strlen(actual))
		return false;
	for (; *expected; expected++, actual++)
		if (*expected != '?' && *expected != *actual)
			return false;
	return true;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);
	size_t tail = strlen(end);

	return len >= tail && !strcmp(text + len - tail, end);
}

/* Whether two values that hold no others are the same. */
static bool same(const struct compare *cmp, const json_t *expected,
		 const json_t *actual)
{
	if (json_is_string(expected) && json_is_string(actual))
		return same_but_for_masked(json_string_value(expected),
					   json_string_value(actual));
	if (json_is_integer(expected) && json_is_integer(actual) &&
	    ends_with(cmp->path, "/timeout"))
		return llabs(json_integer_value(expected) -
			     json_integer_value(actual)) <= TIMEOUT_TOLERANCE;
	if (json_is_number(expected) && json_is_number(actual))
		return json_number_value(expected) == json_number_value(actual);
	return json_equal(expected, actual);
}

static void differences(struct compare *cmp, json_t *expected, json_t *actual)
{
	if (json_is_object(expected) && json_is_object(actual))
		object_differences(cmp, expected, actual);
	else if (json_is_array(expected) && json_is_array(actual) &&
		 json_array_size(expected) == json_array_size(actual))
		array_differences(cmp, expected, actual);
	else if (!same(cmp, expected, actual))
		report(cmp, expected, actual);
}

/* Only some keys of a record; one that is missing is null. */
static json_t *only(const json_t *record, const json_t *keys)
{
	json_t *some = json_object();
	size_t i;
	json_t *key;

	json_array_foreach(keys, i, key)
	{
		const char *name = json_string_value(key);
		json_t *value = json_object_get(record, name);

		json_object_set_new(some, name,
				    value ? json_incref(value) : json_null());
	}
	return some;
}

size_t compare_records(json_t *expected, json_t *actual, const json_t *keys,
		       compare_fn fn, void *user)
{
	struct compare cmp = { .fn = fn, .user = user };

	snprintf(cmp.path, sizeof(cmp.path), "packet %lld",
		 (long long)json_integer_value(json_object_get(expected, "i")));
	expected = keys ? only(expected, keys) : json_incref(expected);
	actual = keys ? only(actual, keys) : json_incref(actual);
	differences(&cmp, expected, actual);
	json_decref(expected);
	json_decref(actual);
	return cmp.found;
}
