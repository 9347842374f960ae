/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the library's table holds and says, in the words of a golden: names
 * instead of ids, a stable order, one record part after the other.
 */
#ifndef ORACLE_VIEW_H
#define ORACLE_VIEW_H

#include <conntrack/conntrack.h>
#include <conntrack/dump.h>
#include <jansson.h>

/* A table that is being looked at. */
struct view {
	struct ct_table *tbl;
	struct ct_thread *thr;
	unsigned count;    /* names given */
	json_t *live;      /* id: name of what lives */
	json_t *gone;      /* id: name of what the current packet ended */
	json_t *concerned; /* id: true, of what the packet's events named */
	json_t *seen;      /* name: entry as last told, for view_changes() */
	json_t *events;    /* events since view_events() was called */
	unsigned expect_count; /* names given to expectations */
	json_t *expects;       /* id: name of those that live */
};

/* Start to look at a table; subscribes to its events. */
bool view_init(struct view *view, struct ct_table *tbl, struct ct_thread *thr);
void view_fini(struct view *view);

/* What happens from now on belongs to another packet. */
void view_begin_packet(struct view *view);

/* The events since the last call, in order. */
json_t *view_events(struct view *view);

/* The expectations, sorted. */
json_t *view_expectations(struct view *view);

/* A connection's name; "unconfirmed" if it never was known. */
json_t *view_name(const struct view *view, uint64_t id);

/* The table's entries, sorted. */
json_t *view_table(struct view *view);

/*
 * The packet's own entry (id; 0: none), and those that it made or changed; the
 * names of those it ended; how many there are.
 */
void view_changes(struct view *view, uint64_t touched, json_t *record);

/* Have view_changes() tell of a connection, changed or not. */
void view_touch(struct view *view, uint64_t id);

/* The same by its name; one that has none is not told of. */
void view_touch_name(struct view *view, const char *name);

/* How many connections are known. */
json_t *view_size(struct view *view);

#endif /* ORACLE_VIEW_H */
