/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inside.c - see inside.h
 */
#include "inside.h"

#include "core/table.h"
#include "core/tags.h"
#include "unkeyed.h"

#include <stdlib.h>

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

/* One look-up, as bucket.c does it; => 0 when nobody has the tuple. */
static unsigned lines_of(const struct ct_table *tbl,
			 const struct ct_tuple *tuple)
{
	struct ct_bucket *bucket;
	struct ct_key key;
	unsigned lines = 0;

	ct_key_make(&key, tuple, &tbl->hash);
	bucket = ct_bucket_at(
		&tbl->buckets,
		ct_bucket_map(key.hash,
			      atomic_load_explicit(&tbl->buckets.n,
						   memory_order_relaxed)));
	for (; bucket; bucket = ct_bucket_next(tbl, bucket)) {
		uint32_t hits = ct_tag_slots(bucket, ct_tag_of(key.hash));

		lines++;
		for (; hits; hits &= hits - 1) {
			const struct ct_slot slot = { bucket,
						      ct_tag_first(hits) };
			struct ct_conn *conn;
			enum ct_dir dir;

			conn = ct_ref_conn(tbl, ct_slot_ref(slot), &dir);
			lines++;
			if (ct_conn_known(conn) &&
			    ct_conn_matches(conn, dir, &key))
				return lines;
		}
	}
	return 0;
}

uint64_t inside_lines(const struct ct_table *tbl, const struct workload *load,
		      uint32_t n)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < 2 * n; i++) {
		struct ct_tuple tuple;
		unsigned lines;

		workload_tuple(load, i / 2, (enum ct_dir)(i % 2), &tuple);
		lines = lines_of(tbl, &tuple);
		if (!lines)
			return 0;
		sum += lines;
	}
	return sum;
}

unsigned inside_unkeyed_chain(const struct ct_table *tbl,
			      const struct workload *load, uint32_t n)
{
	uint32_t n_buckets =
		atomic_load_explicit(&tbl->buckets.n, memory_order_relaxed);
	uint32_t *keys = calloc(n_buckets, sizeof(*keys));
	uint32_t most = 0;

	for (uint32_t i = 0; keys && i < 2 * n; i++) {
		struct ct_tuple tuple;
		uint32_t at;

		workload_tuple(load, i / 2, (enum ct_dir)(i % 2), &tuple);
		at = ct_bucket_map(unkeyed_hash(&tuple), n_buckets);
		if (++keys[at] > most)
			most = keys[at];
	}
	free(keys);
	return (most + CT_BUCKET_SLOTS - 1) / CT_BUCKET_SLOTS;
}
