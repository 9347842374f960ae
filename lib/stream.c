/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream.c - the in-order view of a control stream
 */
#include "stream.h"

#include "core/table.h"

#include <string.h>

struct ct_stream *ct_stream_get(struct ct_thread *thr, struct ct_helped *help,
				enum ct_dir dir)
{
	const size_t len = CT_DIR_MAX * sizeof(*help->view);
	struct ct_table *tbl = thr->tbl;

	if (!ct_core_param(tbl, CT_P_HELPER_STREAM))
		return NULL;
	if (!help->view) {
		help->view = ct_mem_alloc(&tbl->mem, len,
					  _Alignof(struct ct_stream));
		if (help->view)
			atomic_fetch_add_explicit(&tbl->helpers.stream_bytes,
						  len, memory_order_relaxed);
	}
	return help->view ? &help->view[dir] : NULL;
}

static bool in_hole(const struct ct_stream *view, uint32_t seq, uint32_t end)
{
	return (view->flags & CT_STREAM_HOLE) &&
	       (int32_t)(seq - view->hole) >= 0 &&
	       (int32_t)(view->hole_end - end) >= 0;
}

/* How often what overtakes may come again before it passes: a probe, and a
 * few of a sender's that takes bytes for lost one after the other. */
enum { PATIENCE = 4 };

/* => Whether it is to wait for what was cut off in front of it. */
static bool overtakes(struct ct_stream *view, uint32_t end)
{
	if (!(view->flags & CT_STREAM_HELD))
		return false;
	if ((int32_t)(end - view->ahead) > 0) {
		view->ahead = end;
		return true;
	}
	if (!view->patience)
		return false;
	view->patience--;
	return true;
}

/* Bytes are missing: go on behind the segment. */
static struct ct_stream_plan ahead(struct ct_stream *view, uint32_t seq,
				   uint32_t len)
{
	if (overtakes(view, seq + len))
		return (struct ct_stream_plan){ .overtakes = true };
	view->flags &= ~(uint32_t)CT_STREAM_HELD;
	view->flags |= CT_STREAM_HOLE;
	view->hole = view->next;
	view->hole_end = seq;
	view->next = seq + len;
	view->n_kept = 0;
	return (struct ct_stream_plan){ .fresh = len };
}

/* All of it was said before, or passed over. */
static struct ct_stream_plan again(const struct ct_stream *view, uint32_t seq,
				   uint32_t len)
{
	uint32_t kept_at = view->next - view->n_kept;
	int32_t front = (int32_t)(kept_at - seq);

	if (in_hole(view, seq, seq + len))
		return (struct ct_stream_plan){ .fresh = len };
	/* What is kept has not been understood yet: nothing more is to be
	 * rewritten than ct_stream_written() says. */
	if (view->n_kept && front < (int32_t)len)
		len = front > 0 ? (uint32_t)front : 0;
	return (struct ct_stream_plan){ .again = len };
}

struct ct_stream_plan ct_stream_place(struct ct_stream *view, uint32_t seq,
				      const uint8_t *bytes, uint32_t len)
{
	struct ct_stream_plan plan = { .streamed = true };
	uint32_t old, before;

	if (!(view->flags & CT_STREAM_KNOWN)) {
		view->flags |= CT_STREAM_KNOWN;
		view->next = seq;
	}
	if ((int32_t)(seq - view->next) > 0)
		return ahead(view, seq, len);
	if ((int32_t)(seq + len - view->next) <= 0)
		return again(view, seq, len);

	view->flags &= ~(uint32_t)CT_STREAM_HELD;
	old = view->next - seq;
	view->next = seq + len;
	before = old - view->n_kept;
	if (old < view->n_kept) {
		plan.skip = old;
	} else if (!view->n_kept ||
		   memcmp(bytes + before, view->kept, view->n_kept) == 0) {
		/* It brings what is kept, too; or nothing is. */
		plan.again = before;
		view->n_kept = 0;
	} else {
		plan.again = before;
		plan.skip = view->n_kept;
	}
	plan.fresh = len - plan.again - plan.skip;
	return plan;
}

struct ct_stream_part ct_stream_written(const struct ct_stream *view,
					uint32_t seq, uint32_t len)
{
	int32_t skip = (int32_t)(seq - (view->next - view->n_kept));
	struct ct_stream_part part = { .bytes = view->kept,
				       .len = view->n_kept };

	if (!view->n_kept || !(view->flags & CT_STREAM_WRITTEN) ||
	    skip >= (int32_t)view->n_kept || skip + (int32_t)len <= 0)
		return (struct ct_stream_part){ 0 };
	if (skip < 0) {
		part.off = (uint32_t)-skip;
	} else {
		part.bytes += skip;
		part.len -= (uint32_t)skip;
	}
	if (part.len > len - part.off)
		part.len = len - part.off;
	return part;
}

const uint8_t *ct_stream_join(struct ct_stream *view, const uint8_t *bytes,
			      uint32_t len, uint32_t limit)
{
	if (view->n_kept && (len > limit || view->n_kept > limit - len))
		view->n_kept = 0;
	if (!view->n_kept || view->size < view->n_kept + len)
		return NULL;
	memcpy(view->kept + view->n_kept, bytes, len);
	return view->kept;
}

bool ct_stream_cut(struct ct_stream *view, uint32_t n)
{
	const uint32_t end = view->next;

	if ((view->flags & CT_STREAM_CUT) && view->cut == end) {
		view->flags &= ~(uint32_t)(CT_STREAM_CUT | CT_STREAM_HELD);
		return false;
	}
	view->flags |= CT_STREAM_CUT | CT_STREAM_HELD;
	view->cut = end;
	view->ahead = end;
	view->patience = PATIENCE;
	view->next -= n;
	return true;
}

void ct_stream_unsay(struct ct_stream *view, const struct ct_stream *was)
{
	const uint32_t lost = CT_STREAM_LOST | CT_STREAM_CUT | CT_STREAM_HELD;

	view->flags = (was->flags & ~lost) | (view->flags & lost);
	view->next = was->next;
	view->hole = was->hole;
	view->hole_end = was->hole_end;
	view->n_kept = was->n_kept;
}

/* => Whether there is room for so many bytes, and what a replacement adds. */
static bool make_room(struct ct_thread *thr, struct ct_stream *view,
		      uint32_t limit)
{
	struct ct_table *tbl = thr->tbl;

	if (view->size)
		return true;
	view->kept = ct_mem_alloc(&tbl->mem, limit + CT_STREAM_SLACK, 1);
	if (!view->kept)
		return false;
	view->size = limit + CT_STREAM_SLACK;
	atomic_fetch_add_explicit(&tbl->helpers.stream_bytes, view->size,
				  memory_order_relaxed);
	return true;
}

void ct_stream_keep(struct ct_thread *thr, struct ct_stream *view,
		    const uint8_t *bytes, uint32_t len, uint32_t limit)
{
	view->n_kept = 0;
	if (!len || len > limit || !make_room(thr, view, limit) ||
	    len > view->size)
		return;
	memmove(view->kept, bytes, len);
	view->n_kept = len;
}
