/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sharing out what a burst did; see changes.h.
 */
#include <string.h>

#include "changes.h"
#include "record.h"

void changes_share_events(const struct shares *shares, json_t *events)
{
	size_t given = 0;
	size_t i;

	for (i = 0; i < shares->n; i++) {
		size_t n = json_array_size(
			json_object_get(shares->golden[i], "events"));
		size_t left = json_array_size(events) - given;
		json_t *own = json_array();

		if (n > left || i + 1 == shares->n)
			n = left;
		for (; n; n--)
			json_array_append(own, json_array_get(events, given++));
		record_list(shares->records[i], "events", own);
	}
	json_decref(events);
}

static const char *id_of(const json_t *entry)
{
	return json_string_value(json_object_get(entry, "id"));
}

/* Whether the golden's packet changed or ended the entry. */
static bool speaks_of(const json_t *golden, const char *name)
{
	size_t i;
	json_t *value;

	json_array_foreach(json_object_get(golden, "table_changed"), i,
			   value) if (!strcmp(id_of(value), name)) return true;
	json_array_foreach(
		json_object_get(golden, "table_gone"), i,
		value) if (!strcmp(json_string_value(value), name)) return true;
	return false;
}

static bool spoken_of_later(const struct shares *shares, size_t at,
			    const char *name)
{
	for (at++; at < shares->n; at++)
		if (speaks_of(shares->golden[at], name))
			return true;
	return false;
}

/* Move what a packet of the golden lists from whole to the packet. */
static json_t *own_entries(const struct shares *shares, size_t at,
			   json_t *whole)
{
	json_t *own = json_array();
	size_t i;
	json_t *entry;

	json_array_foreach(json_object_get(shares->golden[at], "table_changed"),
			   i, entry)
	{
		const char *name = id_of(entry);
		json_t *actual = json_object_get(whole, name);

		if (spoken_of_later(shares, at, name)) {
			json_array_append(own, entry);
		} else if (actual) {
			json_array_append(own, actual);
			json_object_del(whole, name);
		}
	}
	return own;
}

static json_t *own_gone(const json_t *golden, json_t *whole)
{
	json_t *own = json_array();
	size_t i;
	json_t *value;

	json_array_foreach(json_object_get(golden, "table_gone"), i, value)
	{
		const char *name = json_string_value(value);

		if (json_object_get(whole, name)) {
			json_array_append(own, value);
			json_object_del(whole, name);
		}
	}
	return own;
}

static void append_values(json_t *list, json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) json_array_append(list, value);
}

void changes_share_table(const struct shares *shares, const json_t *whole)
{
	json_t *changed = json_object();
	json_t *gone = json_object();
	size_t i;
	json_t *value;

	json_array_foreach(json_object_get(whole, "table_changed"), i, value)
		json_object_set(changed, id_of(value), value);
	json_array_foreach(json_object_get(whole, "table_gone"), i, value)
		json_object_set(gone, json_string_value(value), value);
	for (i = 0; i < shares->n; i++) {
		json_t *record = shares->records[i];
		bool last = i + 1 == shares->n;
		json_t *entries = own_entries(shares, i, changed);
		json_t *names = own_gone(shares->golden[i], gone);

		if (last) {
			append_values(entries, changed);
			append_values(names, gone);
		}
		json_object_set_new(record, "table_changed", entries);
		json_object_set_new(record, "table_gone", names);
		json_object_set(
			record, "table_size",
			json_object_get(last ? whole : shares->golden[i],
					"table_size"));
	}
	json_decref(changed);
	json_decref(gone);
}
