/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parts of records; see record.h.
 */
#include <stdlib.h>
#include <string.h>

#include "record.h"

void record_text(json_t *record, const char *key, const char *text)
{
	json_object_set_new(record, key, json_string(text));
}

void record_drop(json_t *record, const char *where)
{
	record_text(record, "fate", "dropped");
	record_text(record, "where", where);
}

/* The part of a record that says what was played, as it is in the golden. */
json_t *record_base(const json_t *golden)
{
	static const char *const keys[] = { "rec",  "i",    "frame", "wait",
					    "side", "note", "patch", "hold",
					    "pkt",  "in" };
	json_t *record = json_object();
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		json_object_set(record, keys[i],
				json_object_get(golden, keys[i]));
	return record;
}

static int by_kind_and_name(const void *a, const void *b)
{
	const json_t *left = *(json_t *const *)a;
	const json_t *right = *(json_t *const *)b;
	int order = strcmp(json_string_value(json_object_get(left, "ev")),
			   json_string_value(json_object_get(right, "ev")));

	if (order)
		return order;
	return strcmp(json_string_value(json_object_get(left, "id")),
		      json_string_value(json_object_get(right, "id")));
}

/* Sort events as a recording does that cannot know their order. */
json_t *record_sorted(json_t *events)
{
	size_t n = json_array_size(events);
	json_t **list = calloc(n + 1, sizeof(*list));
	json_t *result = json_array();
	size_t i;

	for (i = 0; list && i < n; i++)
		list[i] = json_array_get(events, i);
	if (list && n)
		qsort(list, n, sizeof(*list), by_kind_and_name);
	for (i = 0; list && i < n; i++)
		json_array_append(result, list[i]);
	free(list);
	json_decref(events);
	return result;
}

void record_list(json_t *record, const char *key, json_t *list)
{
	if (json_array_size(list))
		json_object_set(record, key, list);
	json_decref(list);
}

void record_answer(json_t *record, struct bytes answer)
{
	if (answer.data)
		json_object_set_new(record, "answered",
				    json_pack("[o]", bytes_to_hex(answer.data,
								  answer.len)));
	free(answer.data);
}
