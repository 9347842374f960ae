/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chain.c - all entries of a chain at once; see chain.h
 */
#include "core/chain.h"

#include "core/tags.h"

void ct_chain_prefetch(const struct ct_table *tbl, struct ct_bucket *bucket)
{
	CT_BUCKET_EACH (taken, bucket) {
		struct ct_slot slot = { bucket, ct_bucket_lane(taken) };
		uint32_t ref = ct_slot_ref(slot);
		enum ct_dir dir;

		if (ref) /* not locked: it may be on its way out */
			__builtin_prefetch(ct_ref_conn(tbl, ref, &dir));
	}
}

/*
 * Whether an entry goes up when its bucket is split at this level: whether that
 * bit of its hash is set.
 */
static bool goes_up(const struct ct_table *tbl, struct ct_slot slot,
		    uint32_t ref, uint32_t level)
{
	uint16_t tag = ct_slot_tag(slot);
	const struct ct_conn *conn;
	enum ct_dir dir;

	if (level >> CT_TAG_SHIFT && tag != CT_TAG_ZERO)
		return tag & level >> CT_TAG_SHIFT;
	conn = ct_ref_conn(tbl, ref, &dir);
	return (uint32_t)ct_conn_hash(conn, dir, &tbl->hash) & level;
}

bool ct_chain_copy(struct ct_thread *thr, struct ct_bucket *from, uint32_t to,
		   uint32_t level)
{
	struct ct_table *tbl = thr->tbl;
	struct ct_bucket *target = ct_bucket_at(&tbl->buckets, to);

	for (; from; from = ct_bucket_next(tbl, from)) {
		CT_BUCKET_EACH (taken, from) {
			struct ct_slot slot = { from, ct_bucket_lane(taken) };
			uint32_t ref = ct_slot_ref(slot);
			struct ct_slot copy;

			if (level && !goes_up(tbl, slot, ref, level))
				continue;
			if (!ct_slot_get(thr, target, &copy))
				return false;
			ct_slot_fill(copy, ref, ct_slot_tag(slot));
		}
	}
	return true;
}

void ct_chain_clear_gone(struct ct_thread *thr, uint32_t i, uint32_t level)
{
	struct ct_table *tbl = thr->tbl;
	struct ct_bucket *first = ct_bucket_at(&tbl->buckets, i);
	struct ct_bucket *bucket = first;

	for (; bucket; bucket = ct_bucket_next(tbl, bucket)) {
		CT_BUCKET_EACH (taken, bucket) {
			struct ct_slot slot = { bucket, ct_bucket_lane(taken) };

			if (goes_up(tbl, slot, ct_slot_ref(slot), level))
				ct_slot_clear(slot);
		}
	}
	ct_bucket_trim(thr, first);
}

void ct_chain_free(struct ct_thread *thr, struct ct_bucket *first)
{
	struct ct_slab *slab = &thr->tbl->slab;
	uint32_t unit = ct_bucket_unlink(first);

	while (unit) {
		const struct ct_bucket *bucket = ct_slab_at(slab, unit);
		uint32_t next = ct_bucket_link(bucket);

		ct_slab_free(slab, &thr->magazine[CT_SLAB_BUCKET],
			     CT_SLAB_BUCKET, unit);
		unit = next;
	}
}

void ct_chain_clear(struct ct_table *tbl, uint32_t i)
{
	struct ct_bucket *bucket = ct_bucket_at(&tbl->buckets, i);

	for (; bucket; bucket = ct_bucket_next(tbl, bucket)) {
		CT_BUCKET_EACH (taken, bucket) {
			struct ct_slot slot = { bucket, ct_bucket_lane(taken) };

			ct_slot_clear(slot);
		}
	}
}
