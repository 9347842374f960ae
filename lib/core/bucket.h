/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bucket.h - storage: both keys of every connection in one hash table
 *
 *	a bucket, 64 bytes
 *	0            16             20        24                          64
 *	+------------+--------------+---------+---------------------------+
 *	| 8 tags     | 2 tags       | header  | 10 references             |
 *	+------------+--------------+---------+---------------------------+
 *	  16 bit, 0: free             31 link    bit 31: direction
 *	                               1 lock    unit of the connection
 *
 * Readers take no lock: a tag that fits leads to a reference, the reference to
 * a connection, and the whole key is compared there.  Entries do not move.
 *
 * Writers lock the first bucket of a chain; the lock covers the whole chain.
 * Two chains are locked in the order of their addresses.  A reference is stored
 * before its tag is, with release.  After locking, the mapping is looked at
 * again: the table may have grown.
 *
 * A bucket that is full links to one out of the slab.  The array is linear
 * hashing's: its number of buckets is one word, and one bucket is split, or
 * merged, at a time; see resize.h.  It stands in segments of equal size, so
 * that growing never moves anything and needs no address space in advance.
 */
#ifndef CORE_BUCKET_H
#define CORE_BUCKET_H

#include "base/mem.h"
#include "core/conn.h"
#include "core/slab.h"

#include <stdatomic.h>

enum { CT_BUCKET_SLOTS = 10, CT_BUCKET_TAG_WORDS = 3, CT_BUCKET_KEYS = 6 };

/*
 * A tag is bits 16 to 31 of the hash; 0 is written as 1.  A large table's index
 * has some of these bits, too, which makes tags a little less telling there; but
 * then a tag tells to which half of a bucket its entry goes, and a split needs
 * not look at the connections.
 */
enum { CT_TAG_SHIFT = 16, CT_TAG_ZERO = 1 };

struct ct_bucket {
	_Atomic uint64_t tags[CT_BUCKET_TAG_WORDS]; /* A  and the header */
	_Atomic uint32_t ref[CT_BUCKET_SLOTS];      /* A */
};
CT_STATIC_ASSERT(sizeof(struct ct_bucket) == CT_LINE, "one cache line");

struct ct_buckets {
	struct ct_bucket **segment; /* R  set before n reaches it */
	uint32_t shift;             /* I  log2(buckets of a segment) */
	uint32_t min;               /* I  never fewer */
	uint32_t max;               /* I  never more */
	_Atomic uint32_t n;         /* A  keys map to so many */
	/* Copies that a change of n has left behind; see resize.h. */
	_Atomic uint32_t cleared; /* A */
	_Atomic uint32_t stale;   /* A */
	/* Chains that became longer than three buckets: somebody may know the
	 * hash's secret. */
	_Atomic uint32_t alarms; /* A */
};

/* => Bytes of the directory of segments. */
static inline size_t ct_buckets_directory(const struct ct_buckets *buckets)
{
	return ((buckets->max >> buckets->shift) + 1) *
	       sizeof(*buckets->segment);
}

int ct_buckets_init(struct ct_table *tbl);
void ct_buckets_fini(struct ct_table *tbl);

/* => The highest power of two that is not above i; i is not 0. */
static inline uint32_t ct_bucket_level(uint32_t i)
{
	return 1u << (31 - __builtin_clz(i));
}

/* => The bucket that i was split off, and will be merged into. */
static inline uint32_t ct_bucket_source(uint32_t i)
{
	return i - ct_bucket_level(i);
}

/* => The bucket of a hash value, when there are n of them. */
static inline uint32_t ct_bucket_map(uint64_t hash, uint32_t n)
{
	uint32_t mask = UINT32_MAX >> __builtin_clz(n);
	uint32_t i = (uint32_t)hash & mask;

	return i < n ? i : i & mask >> 1;
}

static inline struct ct_bucket *ct_bucket_at(const struct ct_buckets *buckets,
					     uint32_t i)
{
	return &buckets->segment[i >> buckets->shift]
				[i & ((1u << buckets->shift) - 1)];
}

/* The buckets as somebody sees them who looks for many keys in a row. */
struct ct_bucket_view {
	struct ct_bucket *const *segment;
	uint32_t shift;
	uint32_t n;
	uint32_t mask; /* of the hash: as many bits as n - 1 has, or n */
	uint32_t rest; /* of the index: the place in its segment */
};

static inline struct ct_bucket_view ct_bucket_view(
	const struct ct_buckets *buckets)
{
	uint32_t n = atomic_load_explicit(&buckets->n, memory_order_acquire);

	return (struct ct_bucket_view){ buckets->segment, buckets->shift, n,
					UINT32_MAX >> __builtin_clz(n),
					(1u << buckets->shift) - 1 };
}

/* => The first bucket of a key, when the view was taken. */
static inline const struct ct_bucket *ct_bucket_seen(
	const struct ct_bucket_view *view, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & view->mask;

	/* Nobody can predict on which side it is: no branch. */
	i &= view->mask >> (i >= view->n);
	return &view->segment[i >> view->shift][i & view->rest];
}

/* => Every key has the first bucket that it had when the view was taken. */
static inline bool ct_bucket_view_true(const struct ct_bucket_view *view,
				       const struct ct_buckets *buckets)
{
	return atomic_load_explicit(&buckets->n, memory_order_acquire) ==
	       view->n;
}

/* Bring the first bucket of a key nearer; => it. */
static inline const struct ct_bucket *ct_bucket_prefetch(
	const struct ct_buckets *buckets, uint64_t hash)
{
	uint32_t n = atomic_load_explicit(&buckets->n, memory_order_acquire);
	const struct ct_bucket *bucket =
		ct_bucket_at(buckets, ct_bucket_map(hash, n));

	__builtin_prefetch(bucket);
	return bucket;
}

/* What a look-up will find, most likely; or NULL. */
struct ct_hint {
	struct ct_conn *conn;
	enum ct_dir dir;
	/* A look-up would have found none, and the thread's last connection
	 * was of this generation. */
	bool nobody;
	uint32_t gen;
};

/* => The guess was right: it is what a look-up would return. */
static inline bool ct_hint_right(const struct ct_hint *hint,
				 const struct ct_key *key)
{
	const struct ct_conn *conn = hint->conn;
	uint32_t word;

	if (ct_unlikely(!conn))
		return false;
	word = ct_conn_word(conn);
	return (word & (CT_S_CONFIRMED | CT_S_DYING)) == CT_S_CONFIRMED &&
	       ct_conn_fits(conn, word, hint->dir, key);
}

/*
 * Find a connection by a key.
 *
 * => Borrowed; NULL when none is known.  May have expired: the caller looks.
 */
struct ct_conn *ct_buckets_find(const struct ct_table *tbl,
				const struct ct_key *key, enum ct_dir *dir);

/* Who has the tuple that another wants. */
struct ct_clash {
	struct ct_conn *conn; /* borrowed */
	enum ct_dir dir;      /* in which its tuple is our original one */
};

/*
 * Insert both keys of a private connection and make it known, at once for
 * everybody.
 *
 * => hash is what ct_conn_hashes() tells.
 * => 0; CT_E_EXIST with clash set; CT_E_FULL when a chain cannot be extended.
 */
int ct_buckets_publish(struct ct_thread *thr, struct ct_conn *conn,
		       const uint32_t hash[CT_DIR_MAX], struct ct_clash *clash);

/* Take both keys of a connection out, found by reference. */
void ct_buckets_remove(struct ct_thread *thr, const struct ct_conn *conn,
		       const uint32_t hash[CT_DIR_MAX]);

/*
 * Called for each entry of a bucket.
 *
 * => The connection may be dying; dir says which of its tuples is here.
 */
typedef void (*ct_bucket_fn)(void *user, struct ct_conn *conn, enum ct_dir dir);

/* Visit the entries of the i-th chain; some may be copies left behind. */
void ct_buckets_visit(const struct ct_table *tbl, uint32_t i, ct_bucket_fn fn,
		      void *user);

/* --- For resize.c ------------------------------------------------------- */

/* A place in a chain. */
struct ct_slot {
	struct ct_bucket *bucket;
	unsigned lane;
};

void ct_bucket_lock(struct ct_bucket *bucket);
void ct_bucket_unlock(struct ct_bucket *bucket);

/* => A set of the slots that are taken: bit i is set for the i-th. */
uint32_t ct_bucket_taken(const struct ct_bucket *bucket);

/* Each slot of a bucket that is taken; taken is a variable for the set. */
#define CT_BUCKET_EACH(taken, bucket)                         \
	for (uint32_t taken = ct_bucket_taken(bucket); taken; \
	     taken &= taken - 1)

/* => The first one of a set that is not empty. */
static inline unsigned ct_bucket_lane(uint32_t set)
{
	return (unsigned)__builtin_ctz(set);
}

/* => The reference in a slot that is taken. */
static inline uint32_t ct_slot_ref(struct ct_slot slot)
{
	return atomic_load_explicit(&slot.bucket->ref[slot.lane],
				    memory_order_acquire);
}

/* => 0 when the slot is free. */
static inline uint16_t ct_slot_tag(struct ct_slot slot)
{
	/* acquire; pairs with the release in ct_slot_fill() */
	uint64_t word = atomic_load_explicit(&slot.bucket->tags[slot.lane / 4],
					     memory_order_acquire);

	return (uint16_t)(word >> (slot.lane % 4 * 16));
}

/* => A free slot of a locked chain, made if need be; false: no memory. */
bool ct_slot_get(struct ct_thread *thr, struct ct_bucket *first,
		 struct ct_slot *slot);
void ct_slot_fill(struct ct_slot slot, uint32_t ref, uint16_t tag);
void ct_slot_clear(struct ct_slot slot);

/* Give empty buckets at the end of a locked chain back. */
void ct_bucket_trim(struct ct_thread *thr, struct ct_bucket *first);

/* Take a chain's further buckets off; => the link of the first, or 0. */
uint32_t ct_bucket_unlink(struct ct_bucket *bucket);
#endif /* CORE_BUCKET_H */
