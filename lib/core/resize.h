/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resize.h - the bucket table grows and shrinks, a few buckets a call
 *
 * Linear hashing: with n buckets, of which the highest power of two below is
 * the level, bucket n is split off bucket n - level, or merged back into it.
 * One thread at a time changes the size; all others go on.
 *
 *	split	lock the source; copy what maps to the new bucket; publish
 *		n + 1; unlock.  The copies left in the source are cleared when
 *		every thread has polled since.  A few splits go together: all
 *		sources are locked before the first is copied, and unlocked
 *		when n is published, once for all; to others it is as if
 *		nobody had come by in between.
 *	merge	lock both; copy everything into the source; publish n - 1;
 *		unlock.  The bucket is emptied after the same wait.
 *
 * Why nothing is lost, duplicated or hidden:
 *
 *  1	A reader with the old n looks where the original still is, one with the
 *	new n where the copy is.  A miss counts only if n has not changed.
 *  2	What was left behind is not reused before it is cleared, so a reader
 *	with the old n cannot miss it, not even when n comes back to it.
 *  3	A writer looks at the mapping again once it has the lock; the source's
 *	lock is held while the size is published.
 *  4	Whoever removes an entry removes its copy as well: while [cleared, n)
 *	or [n, stale) is not empty, it looks at the other bucket, too.
 *  5	Clearing looks, under the lock, whether the entry is one that went up;
 *	what was inserted since is not.
 *  6	No bucket is remapped twice within a grace period: a source is split
 *	again, or a bucket merged, only when nothing of it waits for clearing.
 *  7	Buckets and segments that drop out are freed after a further grace
 *	period, since removers may stand on them.
 *
 * tests/model/ checks these exhaustively, and that each is needed.
 *
 * Work per call is bounded (work.h).  Memory is zeroed, and so touched, ahead of
 * need, by polls; the table grows into a segment as far as it is ready.
 *
 * Polls keep the table at CT_BUCKET_KEYS keys a bucket.  Where they come too
 * rarely for that, an insertion that finds CT_RESIZE_CROWDED splits two buckets
 * itself.  It is one of the threads that change the size then, like any other:
 * it holds no lock of a bucket, and the epoch that it is in protects what it
 * borrowed from its own clearing.
 */
#ifndef CORE_RESIZE_H
#define CORE_RESIZE_H

#include "base/compiler.h"
#include "base/spin.h"
#include "core/area.h"

#include <conntrack/types.h>
#include <stdatomic.h>

enum {
	CT_RESIZE_CROWDED = 7, /* keys a bucket, and insertions help */
	CT_RESIZE_BATCHES = 16
};

/* Buckets that were split by an epoch. */
struct ct_split {
	uint64_t epoch;
	uint32_t end; /* the first one after them */
};

/* All of it belongs to who holds the lock. */
struct ct_resize {
	_Alignas(CT_LINE) struct ct_spin lock;
	uint32_t n_segments; /* in the directory */
	struct ct_area
		area; /* the next segment, in use as far as it is ready */
	struct ct_split split[CT_RESIZE_BATCHES]; /* a ring */
	uint32_t head;
	uint32_t n_splits;
	uint64_t merged; /* epoch after which [n, stale) may be emptied; or 0 */
	uint64_t unused; /* epoch after which [n, unused_end) may go; or 0 */
	uint32_t unused_end;
	uint64_t passed; /* epoch that every thread had seen at some poll */
	bool no_memory;  /* at the last try; insertions do not try again */
};

/* => Bytes in segments, what is being made ready included. */
uint64_t ct_buckets_bytes(struct ct_table *tbl);

/* Go one step towards the size that the connections need. */
void ct_resize_step(struct ct_thread *thr, struct ct_work *left);

/* A step of growth for an insertion that found the table crowded. */
void ct_resize_help(struct ct_thread *thr);

#endif /* CORE_RESIZE_H */
