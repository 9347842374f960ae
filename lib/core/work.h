/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * work.h - how much of growing and shrinking one call may do
 *
 * A call begins with its budget and takes from it whatever it does; what it has
 * no budget for is left to the next call.  Counted is what costs: buckets whose
 * entries move, buckets that are cleared, pages touched for the first time, and
 * blocks of memory that the host's hooks give and take.  The most that a call
 * of each kind ever took is kept for ct_mem_report().
 */
#ifndef CORE_WORK_H
#define CORE_WORK_H

#include <conntrack/dump.h>
#include <stdatomic.h>

enum {
	/*
	 * A poll comes once a burst.  32 newcomers need 11 buckets and little
	 * more than a page; the rest is to catch up.  A bucket of a table below
	 * 2^16 takes up to a microsecond, since its connections are looked at,
	 * and a page's first touch three on a virtual machine.
	 */
	CT_WORK_POLL_MOVED = 12,
	CT_WORK_POLL_CLEARED = 16,
	CT_WORK_POLL_PAGES = 4,
	CT_WORK_POLL_BLOCKS = 2, /* one comes, one goes */

	/* ct_maintain() has the time for as much as 64 polls. */
	CT_WORK_MAINTAIN_TIMES = 64,

	/*
	 * A connection needs a third of a bucket.  Places for connections are
	 * taken by the dozen: two pages, one of deadlines, and a block's first
	 * one; their first touch is the packet's where polls had no time for it.
	 * A table whose objects are larger than that has a larger budget, of its
	 * own: see ct_slab_init().
	 */
	CT_WORK_INSERT_MOVED = 2,
	CT_WORK_INSERT_CLEARED = 4,
	CT_WORK_INSERT_PAGES = 4,
	CT_WORK_INSERT_BLOCKS = 1,

	CT_WORK_PAGE = 4096
};

extern const struct ct_work ct_work_budget[CT_WORK_CALLS];

/* The most that a call of each kind has done. */
struct ct_work_most {
	_Atomic uint32_t moved;
	_Atomic uint32_t cleared;
	_Atomic uint32_t pages;
	_Atomic uint32_t blocks;
};

/* Take note of a call's work: its budget without what it has left. */
void ct_work_done(struct ct_work_most *most, const struct ct_work *budget,
		  const struct ct_work *left);

void ct_work_report(struct ct_work_most most[CT_WORK_CALLS],
		    struct ct_work report[CT_WORK_CALLS]);

/* => Pages that begin between two offsets of a block: counted once each,
 *    however the block is cut. */
static inline uint32_t ct_work_pages(size_t from, size_t to)
{
	return (uint32_t)((to + CT_WORK_PAGE - 1) / CT_WORK_PAGE -
			  (from + CT_WORK_PAGE - 1) / CT_WORK_PAGE);
}

#endif /* CORE_WORK_H */
