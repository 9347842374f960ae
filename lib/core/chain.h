/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chain.h - what a change of size does to a chain of buckets
 *
 * The numbers in comments are the rules of resize.h.
 */
#ifndef CORE_CHAIN_H
#define CORE_CHAIN_H

#include "core/table.h"

/* Have the connections of a bucket at hand, before its lock is taken. */
void ct_chain_prefetch(const struct ct_table *tbl, struct ct_bucket *bucket);

/*
 * Copy entries of a locked chain to bucket number to: those that go up when it
 * is split at a level, or all of them, for level 0.
 *
 * => False when there is no memory for all of them.
 */
bool ct_chain_copy(struct ct_thread *thr, struct ct_bucket *from, uint32_t to,
		   uint32_t level);

/* Clear what went up at a level from bucket number i (5); its lock is held. */
void ct_chain_clear_gone(struct ct_thread *thr, uint32_t i, uint32_t level);

/* Free the buckets behind the first one of a chain that nobody looks at. */
void ct_chain_free(struct ct_thread *thr, struct ct_bucket *first);

/* Empty bucket number i, which nothing maps to; its lock is held. */
void ct_chain_clear(struct ct_table *tbl, uint32_t i);

#endif /* CORE_CHAIN_H */
