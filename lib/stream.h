/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream.h - the in-order view of a control stream
 *
 * What a helper over TCP is shown is a stream's bytes, each once and in order,
 * as far as a stated number of them need be kept for that (parameter
 * helper.stream).  A segment is one of:
 *
 *	next	    the byte that comes next is in it.  What is in front of that
 *		    was said before, and is shown apart, as such; the rest is
 *		    shown behind the bytes that the helper had left.
 *	again	    all of it was said before: shown by itself, as such, to be
 *		    rewritten as it was.
 *	ahead	    bytes are missing in front of it.  It is shown by itself, as
 *		    without a view; the view goes on behind it.
 *	filling	    it brings what was missing: shown by itself, too.
 *
 * What a helper holds back is cut off its segment, as if the network had lost
 * it: nobody acknowledges it, so that its sender sends it again, with what
 * follows.  What would overtake it is dropped meanwhile, for a receiver that
 * has that would ask for the missing bytes alone.
 *
 * The first copy of a byte counts: bytes that are kept stay as they are when
 * others come with their numbers; and as they were rewritten, if they were.  A
 * segment that brings the same once more, and what follows, is shown instead of
 * them, for it can still be rewritten.
 *
 * When what is left and what comes are more than may be kept, what is left is
 * forgotten.
 */
#ifndef STREAM_H
#define STREAM_H

#include "core/help.h"

enum ct_stream_flag {
	CT_STREAM_KNOWN = 1u << 0,  /* next means something */
	CT_STREAM_HOLE = 1u << 1,   /* hole does, and where it ends */
	CT_STREAM_LOST = 1u << 2,   /* lost does */
	CT_STREAM_CUT = 1u << 3,    /* cut does */
	CT_STREAM_HELD = 1u << 4,   /* what comes next was cut off; ahead and
				      patience mean something */
	CT_STREAM_WRITTEN = 1u << 5 /* bytes were replaced in what is kept */
};

/* Room behind what may be kept, for what a replacement adds. */
enum { CT_STREAM_SLACK = 512 };

/* What is to be shown of a segment, in up to two parts. */
struct ct_stream_plan {
	uint32_t again; /* bytes at its front that were said before, to be shown
			   as such */
	uint32_t skip;  /* bytes in front that are not shown */
	uint32_t fresh; /* bytes behind those: what is new */
	bool streamed;  /* they go on where the last ones ended */
	bool overtakes; /* what was cut off: drop it */
};

/* => The view of a direction, made if need be; NULL when it is off. */
struct ct_stream *ct_stream_get(struct ct_thread *thr, struct ct_helped *help,
				enum ct_dir dir);

/*
 * Place a segment of len bytes, which begins with number seq.
 *
 * => The view is behind it.
 */
struct ct_stream_plan ct_stream_place(struct ct_stream *view, uint32_t seq,
				      const uint8_t *bytes, uint32_t len);

/* Bytes of a segment that are kept as they were replaced. */
struct ct_stream_part {
	uint32_t off; /* of the first, from the segment's first byte */
	uint32_t len; /* 0: there are none */
	const uint8_t *bytes;
};

/* => What must stand in a segment of len bytes, which begins with number seq,
 * since it did when it was sent on. */
struct ct_stream_part ct_stream_written(const struct ct_stream *view,
					uint32_t seq, uint32_t len);

/*
 * Put new bytes behind those that are kept.
 *
 * => All of them; NULL when nothing is kept, or must be forgotten.
 */
const uint8_t *ct_stream_join(struct ct_stream *view, const uint8_t *bytes,
			      uint32_t len, uint32_t limit);

/*
 * The last n bytes of the segment that was placed are not sent on.
 *
 * => False when they were not the last time, and no more has come since: the
 *    segment must pass as it is.
 */
bool ct_stream_cut(struct ct_stream *view, uint32_t n);

/* The segment was dropped: the view is as it was before ct_stream_place(), but
 * for what is remembered of lost segments. */
void ct_stream_unsay(struct ct_stream *view, const struct ct_stream *was);

/* Keep what the helper has left; nothing when there is too much of it. */
void ct_stream_keep(struct ct_thread *thr, struct ct_stream *view,
		    const uint8_t *bytes, uint32_t len, uint32_t limit);

#endif /* STREAM_H */
