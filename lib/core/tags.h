/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tags.h - what a reader does with a bucket
 *
 * A tag word has four lanes of 16 bits.  In the third word two lanes are the
 * header: the chain's link and, on top, the lock.
 *
 * Inline: every packet comes by here.
 */
#ifndef CORE_TAGS_H
#define CORE_TAGS_H

#include "core/table.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define CT_LANES        4
#define CT_HEADER_WORD  2
#define CT_HEADER_SHIFT 32
#define CT_HEADER_LANES 0xffffffff00000000ull
#define CT_HEADER_LINK  (0x7fffffffull << CT_HEADER_SHIFT)
#define CT_SLOT_BITS    ((1u << CT_BUCKET_SLOTS) - 1)
#define CT_REF_DIR      (1u << 31)

static inline uint16_t ct_tag_of(uint64_t hash)
{
	uint16_t tag = (uint16_t)(hash >> CT_TAG_SHIFT);

	return tag ? tag : CT_TAG_ZERO;
}

static inline uint64_t ct_tag_word(const struct ct_bucket *bucket,
				   unsigned word)
{
	/* acquire; pairs with the release in tag_store() */
	return atomic_load_explicit(&bucket->tags[word], memory_order_acquire);
}

/* => The link of the bucket behind this one, or 0. */
static inline uint32_t ct_bucket_link(const struct ct_bucket *bucket)
{
	return (uint32_t)((ct_tag_word(bucket, CT_HEADER_WORD) &
			   CT_HEADER_LINK) >>
			  CT_HEADER_SHIFT);
}

/* => The next bucket of a chain, or NULL. */
static inline struct ct_bucket *ct_bucket_next(const struct ct_table *tbl,
					       const struct ct_bucket *bucket)
{
	uint32_t link = ct_bucket_link(bucket);

	return ct_likely(!link) ? NULL : ct_slab_at(&tbl->slab, link);
}

/*
 * Slots that hold a tag: bit i is set for the i-th.
 *
 * => The words are loaded as atomics and compared together.  What stands for
 *    the header's lanes is 0, as no tag is.
 */
static inline uint32_t ct_tag_slots(const struct ct_bucket *bucket,
				    uint16_t tag)
{
	uint64_t low = ct_tag_word(bucket, 0);
	uint64_t high = ct_tag_word(bucket, 1);
	uint64_t last = ct_tag_word(bucket, 2) & ~CT_HEADER_LANES;
#if defined(__SSE2__)
	__m128i want = _mm_set1_epi16((short)tag);
	__m128i first = _mm_set_epi64x((long long)high, (long long)low);
	__m128i rest = _mm_cvtsi64_si128((long long)last);

	return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(
		_mm_cmpeq_epi16(first, want), _mm_cmpeq_epi16(rest, want)));
#else
	uint32_t hits = 0;

	for (unsigned i = 0; i < CT_LANES; i++) {
		hits |= (uint32_t)((uint16_t)(low >> 16 * i) == tag) << i;
		hits |= (uint32_t)((uint16_t)(high >> 16 * i) == tag)
			<< (4 + i);
		hits |= (uint32_t)((uint16_t)(last >> 16 * i) == tag)
			<< (8 + i);
	}
	return hits;
#endif
}

/* Slots that are free. */
static inline uint32_t ct_tag_free(const struct ct_bucket *bucket)
{
	return ct_tag_slots(bucket, 0) & CT_SLOT_BITS;
}

static inline unsigned ct_tag_first(uint32_t hits)
{
	return (unsigned)__builtin_ctz(hits);
}

/* => The connection of a reference, and which of its tuples. */
static inline struct ct_conn *ct_ref_conn(const struct ct_table *tbl,
					  uint32_t ref, enum ct_dir *dir)
{
	*dir = ref & CT_REF_DIR ? CT_DIR_REPLY : CT_DIR_ORIG;
	return ct_slab_at(&tbl->slab, ref & ~CT_REF_DIR);
}

/*
 * Guess by the tag alone; nothing of the connection is read.
 *
 * => Whether there is one; the bucket may be the right one no more, then the
 *    guess is wrong.
 * => nobody: no entry of the bucket's chain has the tag.
 *
 * The first bucket's hits may be known already.
 */
static ct_always_inline bool ct_bucket_guess_by(const struct ct_table *tbl,
						const struct ct_bucket *bucket,
						uint16_t tag, uint32_t hits,
						struct ct_hint *hint)
{
	uint32_t ref;

	hint->nobody = false;
	while (ct_unlikely(!hits)) {
		bucket = ct_bucket_next(tbl, bucket);
		if (!bucket) {
			hint->conn = NULL;
			hint->nobody = true;
			return false;
		}
		hits = ct_tag_slots(bucket, tag);
	}
	ref = atomic_load_explicit(&bucket->ref[ct_tag_first(hits)],
				   memory_order_acquire);
	if (ct_unlikely(!ref)) {
		hint->conn = NULL;
		return false;
	}
	hint->conn = ct_ref_conn(tbl, ref, &hint->dir);
	return true;
}

static ct_always_inline bool ct_bucket_guess(const struct ct_table *tbl,
					     const struct ct_bucket *bucket,
					     uint64_t hash,
					     struct ct_hint *hint)
{
	const uint16_t tag = ct_tag_of(hash);

	return ct_bucket_guess_by(tbl, bucket, tag, ct_tag_slots(bucket, tag),
				  hint);
}

/* Bring what a packet reads of a connection nearer; and what it writes. */
static inline void ct_conn_fetch_read(const struct ct_conn *conn)
{
	__builtin_prefetch(conn);
}

static inline void ct_conn_fetch_written(const struct ct_conn *conn)
{
	__builtin_prefetch(conn->l4_state, 1);
}

#endif /* CORE_TAGS_H */
