/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inside.c - see inside.h
 */
#include "inside.h"

#include "core/table.h"
#include "core/tags.h"

unsigned inside_longest_chain(const struct ct_table *tbl)
{
	uint32_t n =
		atomic_load_explicit(&tbl->buckets.n, memory_order_relaxed);
	unsigned longest = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct ct_bucket *bucket = ct_bucket_at(&tbl->buckets, i);
		unsigned length = 0;

		for (; bucket; bucket = ct_bucket_next(tbl, bucket))
			length++;
		if (length > longest)
			longest = length;
	}
	return longest;
}
