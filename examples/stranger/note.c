/* SPDX-License-Identifier: CC0-1.0 */
/*
 * Two extensions.  One is part of every connection and counts packets; the
 * other is added to the connections that the host has something to say about,
 * and owns memory, which its destructor gives back.  In the public domain.
 *
 * The library makes the bytes and zeroes them; who may touch them when is for
 * their owner to say.  Here: only the thread whose packet it is, so that plain
 * reads and writes do.
 */
#include "note.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct seen {
	uint64_t packets;
};

struct text {
	char *copy;
};

/* Any thread may be the one that frees a connection. */
static atomic_uint seen_ends;
static atomic_uint text_ends;

static void seen_destroy(void *ext)
{
	(void)ext;
	atomic_fetch_add(&seen_ends, 1);
}

static void text_destroy(void *ext)
{
	struct text *text = ext;

	free(text->copy);
	atomic_fetch_add(&text_ends, 1);
}

static const struct ct_ext_ops seen_ops = {
	.size = sizeof(seen_ops),
	.name = "seen",
	.len = sizeof(struct seen),
	.align = _Alignof(struct seen),
	.flags = CT_EXT_ALWAYS,
	.destroy = seen_destroy,
};

static const struct ct_ext_ops text_ops = {
	.size = sizeof(text_ops),
	.name = "text",
	.len = sizeof(struct text),
	.align = _Alignof(struct text),
	.destroy = text_destroy,
};

int note_register(struct ct_table *tbl, struct note_ids *ids)
{
	int error = ct_ext_register(tbl, &seen_ops, &ids->seen);

	return error ? error : ct_ext_register(tbl, &text_ops, &ids->text);
}

uint64_t note_count(const struct ct_table *tbl, const struct ct_conn *conn,
		    const struct note_ids *ids)
{
	struct seen *seen = ct_ext(tbl, conn, ids->seen);

	return ++seen->packets;
}

int note_write(struct ct_thread *thr, struct ct_conn *conn,
	       const struct note_ids *ids, const char *text)
{
	struct text *mine = ct_ext_add(thr, conn, ids->text);
	const size_t size = strlen(text) + 1;
	char *copy = mine ? malloc(size) : NULL;

	if (!copy)
		return CT_E_NOMEM;
	memcpy(copy, text, size);
	free(mine->copy);
	mine->copy = copy;
	return 0;
}

const char *note_read(const struct ct_table *tbl, const struct ct_conn *conn,
		      const struct note_ids *ids)
{
	const struct text *text = ct_ext(tbl, conn, ids->text);

	return text ? text->copy : NULL;
}

struct note_ends note_ends(void)
{
	struct note_ends ends = {
		.seen = atomic_load(&seen_ends),
		.text = atomic_load(&text_ends),
	};

	return ends;
}
