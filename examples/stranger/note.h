/* SPDX-License-Identifier: CC0-1.0 */
/* Two extensions: a count on every connection, a text on some; see note.c. */
#ifndef STRANGER_NOTE_H
#define STRANGER_NOTE_H

#include <conntrack/plugin.h>

/* Which ones they are, of one table. */
struct note_ids {
	ct_ext_id seen;
	ct_ext_id text;
};

/* How often the destructors were called, in this process. */
struct note_ends {
	unsigned seen;
	unsigned text;
};

int note_register(struct ct_table *tbl, struct note_ids *ids);

/* Count a packet of the connection; the new count. */
uint64_t note_count(const struct ct_table *tbl, const struct ct_conn *conn,
		    const struct note_ids *ids);

/* Keep a copy of the text with the connection, instead of the old one. */
int note_write(struct ct_thread *thr, struct ct_conn *conn,
	       const struct note_ids *ids, const char *text);

/* What was written, or NULL. */
const char *note_read(const struct ct_table *tbl, const struct ct_conn *conn,
		      const struct note_ids *ids);

struct note_ends note_ends(void);

#endif
