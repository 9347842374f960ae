/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inside.c - see inside.h
 */
#include "inside.h"

#include "core/table.h"
#include "core/tags.h"

enum { GROUP = 256 };

static unsigned look(struct ct_thread *thr, const struct ct_tuple *tuple,
		     unsigned n)
{
	const struct ct_table *tbl = thr->tbl;
	const struct ct_bucket *bucket[GROUP];
	struct ct_hint hint[GROUP];
	struct ct_key key[GROUP];
	unsigned found = 0;
	enum ct_dir dir;

	for (unsigned i = 0; i < n; i++) {
		ct_key_make(&key[i], &tuple[i], &tbl->hash);
		bucket[i] = ct_bucket_prefetch(&tbl->buckets, key[i].hash);
	}
	for (unsigned i = 0; i < n; i++)
		ct_bucket_guess(tbl, bucket[i], key[i].hash, &hint[i]);
	for (unsigned i = 0; i < n; i++)
		found += ct_hint_right(&hint[i], &key[i]) ||
			 ct_buckets_find(tbl, &key[i], &dir) != NULL;
	return found;
}

unsigned inside_look(struct ct_thread *thr, const struct ct_tuple *tuple,
		     unsigned n)
{
	unsigned found = 0;

	for (unsigned at = 0; at < n; at += GROUP)
		found += look(thr, tuple + at, n - at < GROUP ? n - at : GROUP);
	return found;
}

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
