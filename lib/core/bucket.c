/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bucket.c - storage: both keys of every connection in one hash table
 *
 * A tag word has four lanes of 16 bits.  In the third word two lanes are the
 * header: the chain's link and, on top, the lock.  The holder of the lock is
 * the only one to store a tag word; others only try to set the lock bit, which
 * is set already.
 */
#include "core/bucket.h"

#include "base/spin.h"

#include <string.h>

#define LANES        4
#define LANE_ONES    0x0001000100010001u
#define LANE_HIGHS   0x8000800080008000u
#define HEADER_WORD  2
#define HEADER_SHIFT 32
#define HEADER_LOCK  (1ull << 63)
#define HEADER_LINK  (0x7fffffffull << HEADER_SHIFT)
#define REF_DIR      (1u << 31)

enum {
	/* At most, of 10 slots: in a full table whose entries come and go one
	 * chain in 15 then has a second bucket; with 6 it were one in 6. */
	KEYS_PER_BUCKET = 5,
	POOL_SHARE = 8, /* one bucket in the pool for so many others */
	POOL_MIN = 8,   /* in a small table chance is less even */
};

/* A chain, while it is being changed. */
struct slot {
	struct ct_bucket *bucket;
	unsigned lane;
};

static uint16_t tag_of(uint64_t hash)
{
	uint16_t tag = (uint16_t)(hash >> 48);

	return tag ? tag : 1;
}

static struct ct_bucket *home(const struct ct_buckets *buckets, uint64_t hash)
{
	return &buckets->bucket[(uint32_t)hash & buckets->mask];
}

static uint64_t tag_word(const struct ct_bucket *bucket, unsigned word)
{
	/* acquire; pairs with the release in tag_store() */
	return atomic_load_explicit(&bucket->tags[word], memory_order_acquire);
}

static struct ct_bucket *chained(const struct ct_buckets *buckets,
				 const struct ct_bucket *bucket)
{
	uint64_t header = tag_word(bucket, HEADER_WORD);
	uint32_t link = (uint32_t)((header & ~HEADER_LOCK) >> HEADER_SHIFT);

	return link ? &buckets->bucket[buckets->n + link - 1] : NULL;
}

/*
 * Lanes of a word that hold a tag, as the high bit of each.
 *
 * => The lowest one set is right; those above it may be mistaken, which the
 *    comparison of the key finds out.
 */
static uint64_t lanes_with(uint64_t word, uint16_t tag)
{
	uint64_t x = word ^ (LANE_ONES * tag);

	return (x - LANE_ONES) & ~x & LANE_HIGHS;
}

static struct ct_conn *at(const struct ct_buckets *buckets, uint32_t ref,
			  enum ct_dir *dir)
{
	*dir = ref & REF_DIR ? CT_DIR_REPLY : CT_DIR_ORIG;
	return ct_slab_at(buckets->slab, ref & ~REF_DIR);
}

static struct ct_conn *find_in(const struct ct_buckets *buckets,
			       const struct ct_bucket *bucket,
			       const struct ct_key *key, enum ct_dir *dir)
{
	uint16_t tag = tag_of(key->hash);

	for (unsigned i = 0; i < CT_BUCKET_TAG_WORDS; i++) {
		uint64_t hits = lanes_with(tag_word(bucket, i), tag);

		for (; hits; hits &= hits - 1) {
			unsigned lane = i * LANES +
					(unsigned)__builtin_ctzll(hits) / 16;
			struct ct_conn *conn;
			uint32_t ref;

			if (lane >= CT_BUCKET_SLOTS)
				break;
			ref = atomic_load_explicit(&bucket->ref[lane],
						   memory_order_acquire);
			if (!ref)
				continue;
			conn = at(buckets, ref, dir);
			if (ct_conn_known(conn) &&
			    ct_conn_matches(conn, *dir, key))
				return conn;
		}
	}
	return NULL;
}

struct ct_conn *ct_buckets_find(const struct ct_buckets *buckets,
				const struct ct_key *key, enum ct_dir *dir)
{
	const struct ct_bucket *bucket = home(buckets, key->hash);

	for (; bucket; bucket = chained(buckets, bucket)) {
		struct ct_conn *conn = find_in(buckets, bucket, key, dir);

		if (conn)
			return conn;
	}
	return NULL;
}

/* --- Writers ------------------------------------------------------------ */

static void lock(struct ct_bucket *bucket)
{
	_Atomic uint64_t *header = &bucket->tags[HEADER_WORD];
	unsigned n = 1;

	/* acquire; pairs with the release in unlock() */
	while (atomic_fetch_or_explicit(header, HEADER_LOCK,
					memory_order_acquire) &
	       HEADER_LOCK)
		ct_spin_wait(n++);
}

static void unlock(struct ct_bucket *bucket)
{
	/* release; pairs with the acquire in lock() */
	atomic_fetch_and_explicit(&bucket->tags[HEADER_WORD], ~HEADER_LOCK,
				  memory_order_release);
}

static void lock_two(struct ct_bucket *a, struct ct_bucket *b)
{
	lock(a < b ? a : b);
	if (a != b)
		lock(a < b ? b : a);
}

static void unlock_two(struct ct_bucket *a, struct ct_bucket *b)
{
	unlock(a);
	if (a != b)
		unlock(b);
}

static void tag_store(struct slot slot, uint16_t tag)
{
	_Atomic uint64_t *word = &slot.bucket->tags[slot.lane / LANES];
	unsigned shift = slot.lane % LANES * 16;
	uint64_t clear = (uint64_t)0xffff << shift;
	uint64_t old = atomic_load_explicit(word, memory_order_relaxed);
	uint64_t new;

	/*
	 * In an overflow bucket the word is ours alone; in the first one of a
	 * chain others may try to set the lock bit meanwhile.  release; pairs
	 * with the acquire in tag_word().
	 */
	do {
		new = (old & ~clear) | (uint64_t)tag << shift;
	} while (!atomic_compare_exchange_weak_explicit(
		word, &old, new, memory_order_release, memory_order_relaxed));
}

static void slot_fill(struct slot slot, uint32_t ref, uint64_t hash)
{
	atomic_store_explicit(&slot.bucket->ref[slot.lane], ref,
			      memory_order_release);
	tag_store(slot, tag_of(hash));
}

static bool slot_free_in(struct ct_bucket *bucket, const struct slot *taken,
			 struct slot *slot)
{
	for (unsigned lane = 0; lane < CT_BUCKET_SLOTS; lane++) {
		uint64_t word = tag_word(bucket, lane / LANES);

		if ((uint16_t)(word >> (lane % LANES * 16)))
			continue;
		if (taken && taken->bucket == bucket && taken->lane == lane)
			continue;
		slot->bucket = bucket;
		slot->lane = lane;
		return true;
	}
	return false;
}

/* => The link of a bucket out of the pool, or 0. */
static uint32_t pool_take(struct ct_buckets *buckets)
{
	uint32_t link = 0;

	ct_spin_lock(&buckets->pool_lock);
	if (buckets->n_spare)
		link = buckets->spare[--buckets->n_spare];
	ct_spin_unlock(&buckets->pool_lock);
	return link;
}

static void pool_return(struct ct_buckets *buckets, uint32_t link)
{
	ct_spin_lock(&buckets->pool_lock);
	buckets->spare[buckets->n_spare++] = link;
	ct_spin_unlock(&buckets->pool_lock);
}

/* Link another bucket behind the last one of a chain. */
static struct ct_bucket *extend(struct ct_buckets *buckets,
				struct ct_bucket *last)
{
	uint32_t link = pool_take(buckets);

	if (!link)
		return NULL;
	/* release; pairs with the acquire in tag_word() */
	atomic_fetch_or_explicit(&last->tags[HEADER_WORD],
				 (uint64_t)link << HEADER_SHIFT,
				 memory_order_release);
	return chained(buckets, last);
}

static bool empty(const struct ct_bucket *bucket)
{
	uint64_t tags = 0;

	for (unsigned i = 0; i < CT_BUCKET_TAG_WORDS; i++)
		tags |= tag_word(bucket, i);
	return tags == 0; /* the last one of a chain has no header either */
}

/* Give empty buckets at the end of a chain back; it is locked. */
static void trim(struct ct_buckets *buckets, struct ct_bucket *first)
{
	for (;;) {
		struct ct_bucket *before = first, *last, *next;

		last = chained(buckets, first);
		if (!last)
			return;
		while ((next = chained(buckets, last)) != NULL) {
			before = last;
			last = next;
		}
		if (!empty(last))
			return;
		atomic_fetch_and_explicit(&before->tags[HEADER_WORD],
					  ~HEADER_LINK, memory_order_release);
		pool_return(buckets,
			    (uint32_t)(last - &buckets->bucket[buckets->n]) +
				    1);
	}
}

/* => A free slot of the chain, other than the one taken already. */
static bool slot_get(struct ct_buckets *buckets, struct ct_bucket *first,
		     const struct slot *taken, struct slot *slot)
{
	struct ct_bucket *bucket = first;
	struct ct_bucket *last = first;

	for (; bucket; last = bucket, bucket = chained(buckets, bucket))
		if (slot_free_in(bucket, taken, slot))
			return true;
	bucket = extend(buckets, last);
	return bucket && slot_free_in(bucket, taken, slot);
}

int ct_buckets_publish(struct ct_buckets *buckets, struct ct_conn *conn,
		       const struct ct_key key[CT_DIR_MAX],
		       struct ct_clash *clash)
{
	struct ct_bucket *orig = home(buckets, key[CT_DIR_ORIG].hash);
	struct ct_bucket *reply = home(buckets, key[CT_DIR_REPLY].hash);
	uint32_t unit = ct_slab_unit(buckets->slab, conn);
	/* A tuple that is its own answer is one key. */
	bool two = !ct_tuple_equal(&key[CT_DIR_ORIG].tuple,
				   &key[CT_DIR_REPLY].tuple);
	struct slot slot[CT_DIR_MAX];
	int error = 0;

	lock_two(orig, reply);
	clash->conn = ct_buckets_find(buckets, &key[CT_DIR_ORIG], &clash->dir);
	if (!clash->conn) {
		clash->conn = ct_buckets_find(buckets, &key[CT_DIR_REPLY],
					      &clash->dir);
		clash->dir =
			clash->dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG;
	}
	if (clash->conn)
		error = CT_E_EXIST;
	else if (!slot_get(buckets, orig, NULL, &slot[CT_DIR_ORIG]) ||
		 (two && !slot_get(buckets, reply, &slot[CT_DIR_ORIG],
				   &slot[CT_DIR_REPLY])))
		error = CT_E_FULL;
	if (!error) {
		slot_fill(slot[CT_DIR_ORIG], unit, key[CT_DIR_ORIG].hash);
		if (two)
			slot_fill(slot[CT_DIR_REPLY], unit | REF_DIR,
				  key[CT_DIR_REPLY].hash);
		/*
		 * From here on it is known.  release; pairs with the acquire
		 * in ct_conn_known().
		 */
		ct_conn_set(conn, CT_S_CONFIRMED);
	}
	/* One of the two may have got a bucket that is of no use now. */
	if (error == CT_E_FULL) {
		trim(buckets, orig);
		trim(buckets, reply);
	}
	unlock_two(orig, reply);
	return error;
}

/* => The slot of a chain that holds this reference. */
static bool slot_with(const struct ct_buckets *buckets, struct ct_bucket *first,
		      uint32_t ref, struct slot *slot)
{
	struct ct_bucket *bucket = first;

	for (; bucket; bucket = chained(buckets, bucket)) {
		for (unsigned lane = 0; lane < CT_BUCKET_SLOTS; lane++) {
			if (atomic_load_explicit(&bucket->ref[lane],
						 memory_order_relaxed) != ref)
				continue;
			slot->bucket = bucket;
			slot->lane = lane;
			return true;
		}
	}
	return false;
}

static void remove_one(struct ct_buckets *buckets, uint64_t hash, uint32_t ref)
{
	struct ct_bucket *first = home(buckets, hash);
	struct slot slot;

	lock(first);
	if (slot_with(buckets, first, ref, &slot)) {
		tag_store(slot, 0);
		atomic_store_explicit(&slot.bucket->ref[slot.lane], 0,
				      memory_order_relaxed);
		if (slot.bucket != first)
			trim(buckets, first);
	}
	unlock(first);
}

void ct_buckets_remove(struct ct_buckets *buckets, const struct ct_conn *conn,
		       const struct ct_key key[CT_DIR_MAX])
{
	uint32_t unit = ct_slab_unit(buckets->slab, conn);

	remove_one(buckets, key[CT_DIR_ORIG].hash, unit);
	if (!ct_tuple_equal(&key[CT_DIR_ORIG].tuple, &key[CT_DIR_REPLY].tuple))
		remove_one(buckets, key[CT_DIR_REPLY].hash, unit | REF_DIR);
}

void ct_buckets_visit(const struct ct_buckets *buckets, uint64_t hash,
		      ct_bucket_fn fn, void *user)
{
	const struct ct_bucket *bucket = home(buckets, hash);

	for (; bucket; bucket = chained(buckets, bucket)) {
		for (unsigned lane = 0; lane < CT_BUCKET_SLOTS; lane++) {
			uint64_t word = tag_word(bucket, lane / LANES);
			uint32_t ref = atomic_load_explicit(
				&bucket->ref[lane], memory_order_acquire);
			struct ct_conn *conn;
			enum ct_dir dir;

			if (!ref || !(uint16_t)(word >> (lane % LANES * 16)))
				continue;
			conn = at(buckets, ref, &dir);
			fn(user, conn, dir);
		}
	}
}

/* --- Life --------------------------------------------------------------- */

static size_t bucket_bytes(const struct ct_buckets *buckets)
{
	return ((size_t)buckets->n + buckets->n_pool) *
	       sizeof(*buckets->bucket);
}

static size_t spare_bytes(const struct ct_buckets *buckets)
{
	return (size_t)buckets->n_pool * sizeof(*buckets->spare);
}

int ct_buckets_init(struct ct_buckets *buckets, struct ct_mem *mem,
		    struct ct_slab *slab, uint32_t max_conns)
{
	memset(buckets, 0, sizeof(*buckets));
	buckets->mem = mem;
	buckets->slab = slab;
	buckets->n = 1;
	while ((uint64_t)buckets->n * KEYS_PER_BUCKET < 2ull * max_conns)
		buckets->n *= 2;
	buckets->mask = buckets->n - 1;
	buckets->n_pool = buckets->n / POOL_SHARE + POOL_MIN;
	buckets->bucket = ct_mem_alloc(mem, bucket_bytes(buckets), CT_LINE);
	buckets->spare =
		ct_mem_alloc(mem, spare_bytes(buckets), _Alignof(uint32_t));
	if (!buckets->bucket || !buckets->spare)
		return CT_E_NOMEM; /* destroy calls ct_buckets_fini() */
	for (uint32_t link = buckets->n_pool; link; link--)
		buckets->spare[buckets->n_spare++] = link;
	return 0;
}

void ct_buckets_fini(struct ct_buckets *buckets)
{
	if (buckets->bucket)
		ct_mem_free(buckets->mem, buckets->bucket,
			    bucket_bytes(buckets));
	if (buckets->spare)
		ct_mem_free(buckets->mem, buckets->spare, spare_bytes(buckets));
	buckets->bucket = NULL;
	buckets->spare = NULL;
}
