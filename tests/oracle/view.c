/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table as a golden shows it; see view.h.  Names, the order of things and
 * what counts as a change follow the kernel oracle's conntrack_view.py.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "expectation.h"
#include "view.h"

enum { KEY_LEN = 24 };

static void key_of(uint64_t id, char *key)
{
	snprintf(key, KEY_LEN, "%" PRIx64, id);
}

/* --- Names and events --------------------------------------------------- */

static json_t *add_name(struct view *view, const char *key)
{
	json_t *name = json_object_get(view->live, key);

	if (!name) {
		name = json_sprintf("c%u", view->count++);
		json_object_set_new(view->live, key, name);
	}
	return name;
}

static json_t *remove_name(struct view *view, const char *key)
{
	json_t *name = add_name(view, key);

	json_object_set(view->gone, key, name);
	json_object_del(view->live, key);
	return json_object_get(view->gone, key);
}

static void strip(json_t *event, const char *const *keys)
{
	for (; *keys; keys++)
		json_object_del(event, *keys);
}

/* Leave of an entry what the kernel sends with such an event. */
static const char *strip_event(json_t *event, uint32_t events)
{
	static const char *const once[] = { "l3", "l4", "orig", "reply", NULL };
	static const char *const counters[] = { "acct_orig", "acct_reply",
						NULL };
	static const char *const sides[] = { "wscale_orig", "wscale_reply",
					     "flags_orig",  "flags_reply",
					     "vtag_orig",   "vtag_reply",
					     NULL };
	static const char *const shifts[] = { "seqadj_orig", "seqadj_reply",
					      NULL };
	static const char *const relations[] = { "helper", "master", NULL };

	json_object_del(event, "timeout");
	strip(event, shifts);
	if (events & CT_EV_DESTROY) {
		strip(event, once);
		strip(event, sides);
		strip(event, relations);
		return "DESTROY";
	}
	strip(event, counters);
	if (events & (CT_EV_NEW | CT_EV_RELATED))
		return "NEW";
	strip(event, once);
	json_object_del(event, "master");
	if (!(events & CT_EV_PROTO)) {
		strip(event, sides);
		json_object_del(event, "state");
	}
	return "UPDATE";
}

/* Whose master is meant; it may have no name yet. */
static void set_master(const struct view *view, json_t *object,
		       const struct ct_conn *master)
{
	char key[KEY_LEN];

	if (!master)
		return;
	key_of(ct_conn_id(view->tbl, master), key);
	json_object_set_new(object, "master", json_string(key));
}

static void name_master(const struct view *view, json_t *object)
{
	const char *key = json_string_value(json_object_get(object, "master"));
	json_t *name;

	if (!key)
		return;
	name = json_object_get(view->live, key);
	if (!name)
		name = json_object_get(view->gone, key);
	if (name)
		json_object_set(object, "master", name);
	else
		json_object_set_new(object, "master", json_string("gone"));
}

/* => A new reference. */
static json_t *expect_name(struct view *view, uint64_t id)
{
	char key[KEY_LEN];
	json_t *name;

	key_of(id, key);
	name = json_object_get(view->expects, key);
	if (name)
		return json_incref(name);
	name = json_sprintf("x%u", view->expect_count++);
	json_object_set(view->expects, key, name);
	return name;
}

/* => Without its master's name. */
static json_t *expect_make(struct view *view, const struct ct_expect *exp)
{
	struct ct_expect_view now = { .size = sizeof(now) };
	json_t *entry;

	ct_expect_view(view->thr, exp, &now);
	entry = expectation_make(&now);
	json_object_set_new(entry, "id", expect_name(view, now.id));
	set_master(view, entry, now.master);
	return entry;
}

static void on_expect_event(struct view *view, const struct ct_event_info *info)
{
	json_t *event = expect_make(view, info->exp);
	const char *verb = "EXPECT_NEW";

	json_object_del(event, "timeout");
	if (info->events & CT_EV_EXPECT_DESTROY) {
		verb = "EXPECT_DESTROY";
		expectation_strip(event);
	}
	json_object_set_new(event, "ev", json_string(verb));
	json_array_append_new(view->events, event);
}

static void on_event(void *user, const struct ct_event_info *info)
{
	struct view *view = user;
	const char *verb;
	char key[KEY_LEN];
	json_t *event;

	if (info->exp) {
		on_expect_event(view, info);
		return;
	}
	event = entry_make(view->tbl, info->thr, info->conn);
	set_master(view, event, ct_conn_master(view->tbl, info->conn));
	verb = strip_event(event, info->events);
	key_of(ct_conn_id(view->tbl, info->conn), key);
	json_object_set_new(view->concerned, key, json_true());
	json_object_set_new(event, "ev", json_string(verb));
	json_object_set(event, "id",
			info->events & CT_EV_DESTROY ? remove_name(view, key)
						     : add_name(view, key));
	json_array_append_new(view->events, event);
}

bool view_init(struct view *view, struct ct_table *tbl, struct ct_thread *thr)
{
	struct ct_sub *sub;

	*view = (struct view){ .tbl = tbl,
			       .thr = thr,
			       .live = json_object(),
			       .gone = json_object(),
			       .concerned = json_object(),
			       .seen = json_object(),
			       .events = json_array(),
			       .expects = json_object() };
	return !ct_subscribe(tbl, (uint32_t)CT_EV_ALL | CT_EV_EXPECT, on_event,
			     view, &sub);
}

void view_fini(struct view *view)
{
	json_decref(view->live);
	json_decref(view->gone);
	json_decref(view->concerned);
	json_decref(view->seen);
	json_decref(view->events);
	json_decref(view->expects);
}

void view_begin_packet(struct view *view)
{
	json_object_clear(view->gone);
	json_object_clear(view->concerned);
}

json_t *view_events(struct view *view)
{
	json_t *events = view->events;
	size_t i;
	json_t *event;

	json_array_foreach(events, i, event) name_master(view, event);
	view->events = json_array();
	return events;
}

json_t *view_name(const struct view *view, uint64_t id)
{
	char key[KEY_LEN];
	json_t *name;

	key_of(id, key);
	name = json_object_get(view->live, key);
	if (!name)
		name = json_object_get(view->gone, key);
	return name ? json_incref(name) : json_string("unconfirmed");
}

/* --- The table ---------------------------------------------------------- */

/* One entry while a list is made; sorted by order. */
struct item {
	char *order;
	json_t *entry;
};

struct listing {
	struct view *view;
	json_t *only; /* ids as keys, or NULL for all */
	struct item *items;
	size_t n;
	size_t size; /* entries in the table */
};

static int list_conn(void *user, struct ct_conn *conn)
{
	struct listing *list = user;
	struct view *view = list->view;
	struct item *more;
	char key[KEY_LEN];
	json_t *entry;

	list->size++;
	key_of(ct_conn_id(view->tbl, conn), key);
	if (list->only && !json_object_get(list->only, key))
		return 0;
	more = realloc(list->items, (list->n + 1) * sizeof(*more));
	if (!more)
		return 1;
	list->items = more;
	entry = entry_make(view->tbl, view->thr, conn);
	set_master(view, entry, ct_conn_master(view->tbl, conn));
	json_object_set(entry, "id", add_name(view, key));
	more[list->n++] = (struct item){ entry_order(entry), entry };
	return 0;
}

static bool list_expect(void *user, struct ct_expect *exp)
{
	struct listing *list = user;
	struct item *more = realloc(list->items, (list->n + 1) * sizeof(*more));
	json_t *entry;

	if (!more)
		return false;
	list->items = more;
	entry = expect_make(list->view, exp);
	more[list->n++] = (struct item){ entry_order(entry), entry };
	return true;
}

static int by_order(const void *a, const void *b)
{
	const struct item *left = a;
	const struct item *right = b;

	return strcmp(left->order, right->order);
}

/* => What was listed, as a sorted array. */
static json_t *listing_sorted(struct listing *list)
{
	json_t *entries = json_array();
	size_t i;

	if (list->n)
		qsort(list->items, list->n, sizeof(*list->items), by_order);
	for (i = 0; i < list->n; i++) {
		name_master(list->view, list->items[i].entry);
		json_array_append_new(entries, list->items[i].entry);
		free(list->items[i].order);
	}
	free(list->items);
	return entries;
}

/* Walk the table; a sorted array of entries. */
static json_t *listing_make(struct listing *list)
{
	uint64_t cursor = 0;

	ct_walk(list->view->thr, &cursor, NULL, list_conn, list);
	return listing_sorted(list);
}

json_t *view_expectations(struct view *view)
{
	struct listing list = { .view = view };

	ct_expect_walk(view->thr, NULL, list_expect, &list);
	return listing_sorted(&list);
}

json_t *view_table(struct view *view)
{
	struct listing list = { .view = view };

	return listing_make(&list);
}

/* Whether an entry is another than when last told, its age apart. */
static bool is_news(const struct view *view, const json_t *entry)
{
	const char *name = json_string_value(json_object_get(entry, "id"));
	json_t *before = json_object_get(view->seen, name);
	json_t *aged;
	bool news;

	if (!before)
		return true;
	aged = json_copy(before);
	json_object_set(aged, "timeout", json_object_get(entry, "timeout"));
	news = !json_equal(aged, entry);
	json_decref(aged);
	return news;
}

static json_t *gone_names(struct view *view)
{
	json_t *names = json_array();
	const char *key;
	json_t *name;

	json_object_foreach(view->gone, key, name)
	{
		json_array_append(names, name);
		json_object_del(view->seen, json_string_value(name));
	}
	return names;
}

void view_changes(struct view *view, uint64_t touched, json_t *record)
{
	struct listing list = { .view = view,
				.only = json_copy(view->concerned) };
	json_t *changed = json_array();
	json_t *own = view_name(view, touched);
	json_t *entries;
	char key[KEY_LEN];
	size_t i;
	json_t *entry;

	key_of(touched, key);
	json_object_set_new(list.only, key, json_true());
	entries = listing_make(&list);
	json_array_foreach(entries, i, entry)
	{
		const json_t *name = json_object_get(entry, "id");

		if (json_equal(name, own) || is_news(view, entry))
			json_array_append(changed, entry);
		json_object_set(view->seen, json_string_value(name), entry);
	}
	json_object_set_new(record, "table_changed", changed);
	json_object_set_new(record, "table_gone", gone_names(view));
	json_object_set_new(record, "table_size",
			    json_integer((json_int_t)list.size));
	json_decref(entries);
	json_decref(own);
	json_decref(list.only);
}

void view_touch(struct view *view, uint64_t id)
{
	json_t *name = view_name(view, id);
	char key[KEY_LEN];

	key_of(id, key);
	json_object_set_new(view->concerned, key, json_true());
	json_object_del(view->seen, json_string_value(name));
	json_decref(name);
}

void view_touch_name(struct view *view, const char *name)
{
	const char *key;
	json_t *known;

	json_object_foreach(view->live, key, known)
	{
		if (strcmp(json_string_value(known), name) != 0)
			continue;
		json_object_set_new(view->concerned, key, json_true());
		json_object_del(view->seen, name);
	}
}

json_t *view_size(struct view *view)
{
	json_t *none = json_object();
	struct listing list = { .view = view, .only = none };

	json_decref(listing_make(&list));
	json_decref(none);
	return json_integer((json_int_t)list.size);
}
