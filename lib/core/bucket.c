/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bucket.c - storage: both keys of every connection in one hash table
 *
 * A tag word has four lanes of 16 bits.  In the third word two lanes are the
 * header: the chain's link and, on top, the lock.  The holder of the lock is
 * the only one to change a tag; others only try to set the lock bit, which is
 * set already.
 */
#include "core/bucket.h"

#include "base/spin.h"
#include "core/table.h"
#include "core/tags.h"

#define HEADER_LOCK (1ull << 63)
#define LONG_CHAIN  3 /* buckets; longer ones are counted as alarms */

static uint32_t size_now(const struct ct_buckets *buckets)
{
	/* acquire; pairs with the releases in resize.c: copies are there */
	return atomic_load_explicit(&buckets->n, memory_order_acquire);
}

static struct ct_conn *find_in(const struct ct_table *tbl,
			       const struct ct_bucket *bucket,
			       const struct ct_key *key, enum ct_dir *dir)
{
	uint32_t hits = ct_tag_slots(bucket, ct_tag_of(key->hash));

	for (; hits; hits &= hits - 1) {
		uint32_t ref = atomic_load_explicit(
			&bucket->ref[ct_tag_first(hits)], memory_order_acquire);
		struct ct_conn *conn;

		if (ct_unlikely(!ref))
			continue;
		conn = ct_ref_conn(tbl, ref, dir);
		if (ct_likely(ct_conn_known(conn) &&
			      ct_conn_matches(conn, *dir, key)))
			return conn;
	}
	return NULL;
}

struct ct_conn *ct_buckets_find(const struct ct_table *tbl,
				const struct ct_key *key, enum ct_dir *dir)
{
	const struct ct_buckets *buckets = &tbl->buckets;
	uint32_t n = size_now(buckets);
	uint32_t before;

	do {
		const struct ct_bucket *bucket =
			ct_bucket_at(buckets, ct_bucket_map(key->hash, n));

		for (; bucket; bucket = ct_bucket_next(tbl, bucket)) {
			struct ct_conn *conn = find_in(tbl, bucket, key, dir);

			if (ct_likely(conn != NULL))
				return conn;
		}
		/* A miss counts only if the key still maps there. */
		before = n;
		n = size_now(buckets);
	} while (ct_unlikely(n != before));
	return NULL;
}

/* --- Writers ------------------------------------------------------------ */

void ct_bucket_lock(struct ct_bucket *bucket)
{
	_Atomic uint64_t *header = &bucket->tags[CT_HEADER_WORD];
	unsigned n = 1;

	/* acquire; pairs with the release in ct_bucket_unlock() */
	while (atomic_fetch_or_explicit(header, HEADER_LOCK,
					memory_order_acquire) &
	       HEADER_LOCK)
		ct_spin_wait(n++);
}

void ct_bucket_unlock(struct ct_bucket *bucket)
{
	/* release; pairs with the acquire in ct_bucket_lock() */
	atomic_fetch_and_explicit(&bucket->tags[CT_HEADER_WORD], ~HEADER_LOCK,
				  memory_order_release);
}

/* => The first bucket of a key's chain, locked, and still the right one. */
static struct ct_bucket *lock_home(struct ct_buckets *buckets, uint64_t hash,
				   uint32_t *at)
{
	for (;;) {
		uint32_t i = ct_bucket_map(hash, size_now(buckets));
		struct ct_bucket *bucket = ct_bucket_at(buckets, i);

		ct_bucket_lock(bucket);
		if (ct_likely(ct_bucket_map(hash, size_now(buckets)) == i)) {
			*at = i;
			return bucket;
		}
		ct_bucket_unlock(bucket);
	}
}

static void lock_two(struct ct_bucket *a, struct ct_bucket *b)
{
	ct_bucket_lock(a < b ? a : b);
	if (a != b)
		ct_bucket_lock(a < b ? b : a);
}

static void unlock_two(struct ct_bucket *a, struct ct_bucket *b)
{
	ct_bucket_unlock(a);
	if (a != b)
		ct_bucket_unlock(b);
}

static void lock_homes(struct ct_buckets *buckets,
		       const struct ct_key key[CT_DIR_MAX],
		       struct ct_bucket *home[CT_DIR_MAX])
{
	for (;;) {
		uint32_t n = size_now(buckets);
		uint32_t a = ct_bucket_map(key[CT_DIR_ORIG].hash, n);
		uint32_t b = ct_bucket_map(key[CT_DIR_REPLY].hash, n);

		home[CT_DIR_ORIG] = ct_bucket_at(buckets, a);
		home[CT_DIR_REPLY] = ct_bucket_at(buckets, b);
		lock_two(home[CT_DIR_ORIG], home[CT_DIR_REPLY]);
		n = size_now(buckets);
		if (ct_likely(ct_bucket_map(key[CT_DIR_ORIG].hash, n) == a &&
			      ct_bucket_map(key[CT_DIR_REPLY].hash, n) == b))
			return;
		unlock_two(home[CT_DIR_ORIG], home[CT_DIR_REPLY]);
	}
}

static void tag_store(struct ct_slot slot, uint16_t tag)
{
	_Atomic uint64_t *word = &slot.bucket->tags[slot.lane / CT_LANES];
	unsigned shift = slot.lane % CT_LANES * 16;
	uint64_t clear = (uint64_t)0xffff << shift;
	uint64_t old = atomic_load_explicit(word, memory_order_relaxed);
	uint64_t new;

	/*
	 * In the first bucket of a chain others may try to set the lock bit
	 * meanwhile.  release; pairs with the acquire in ct_tag_word().
	 */
	do {
		new = (old & ~clear) | (uint64_t)tag << shift;
	} while (!atomic_compare_exchange_weak_explicit(
		word, &old, new, memory_order_release, memory_order_relaxed));
}

uint16_t ct_slot_tag(struct ct_slot slot)
{
	uint64_t word = ct_tag_word(slot.bucket, slot.lane / CT_LANES);

	return (uint16_t)(word >> (slot.lane % CT_LANES * 16));
}

uint32_t ct_slot_ref(struct ct_slot slot)
{
	if (!ct_slot_tag(slot))
		return 0;
	return atomic_load_explicit(&slot.bucket->ref[slot.lane],
				    memory_order_acquire);
}

void ct_slot_fill(struct ct_slot slot, uint32_t ref, uint16_t tag)
{
	atomic_store_explicit(&slot.bucket->ref[slot.lane], ref,
			      memory_order_release);
	tag_store(slot, tag);
}

void ct_slot_clear(struct ct_slot slot)
{
	tag_store(slot, 0);
	atomic_store_explicit(&slot.bucket->ref[slot.lane], 0,
			      memory_order_release);
}

static bool slot_free_in(struct ct_bucket *bucket, const struct ct_slot *taken,
			 struct ct_slot *slot)
{
	for (unsigned lane = 0; lane < CT_BUCKET_SLOTS; lane++) {
		uint64_t word = ct_tag_word(bucket, lane / CT_LANES);

		if ((uint16_t)(word >> (lane % CT_LANES * 16)))
			continue;
		if (taken && taken->bucket == bucket && taken->lane == lane)
			continue;
		slot->bucket = bucket;
		slot->lane = lane;
		return true;
	}
	return false;
}

/* Link another bucket behind the last one of a chain. */
static struct ct_bucket *extend(struct ct_thread *thr, struct ct_bucket *last)
{
	struct ct_slab *slab = &thr->tbl->slab;
	uint32_t unit = ct_slab_alloc(slab, &thr->magazine[CT_SLAB_BUCKET],
				      CT_SLAB_BUCKET);
	struct ct_bucket *more;

	if (!unit)
		return NULL;
	more = ct_slab_at(slab, unit);
	for (unsigned i = 0; i < CT_BUCKET_SLOTS; i++)
		atomic_store_explicit(&more->ref[i], 0, memory_order_relaxed);
	for (unsigned i = 0; i < CT_BUCKET_TAG_WORDS; i++)
		atomic_store_explicit(&more->tags[i], 0, memory_order_relaxed);

	/* release: it is empty; pairs with the acquire in ct_tag_word() */
	atomic_fetch_or_explicit(&last->tags[CT_HEADER_WORD],
				 (uint64_t)unit << CT_HEADER_SHIFT,
				 memory_order_release);
	return more;
}

uint32_t ct_bucket_unlink(struct ct_bucket *bucket)
{
	uint64_t old = atomic_fetch_and_explicit(&bucket->tags[CT_HEADER_WORD],
						 ~CT_HEADER_LINK,
						 memory_order_acq_rel);

	return (uint32_t)((old & CT_HEADER_LINK) >> CT_HEADER_SHIFT);
}

bool ct_slot_get(struct ct_thread *thr, struct ct_bucket *first,
		 const struct ct_slot *taken, struct ct_slot *slot)
{
	struct ct_bucket *bucket = first;
	struct ct_bucket *last = first;
	unsigned n = 0;

	for (; bucket; bucket = ct_bucket_next(thr->tbl, bucket), n++) {
		if (slot_free_in(bucket, taken, slot))
			return true;
		last = bucket;
	}
	if (n >= LONG_CHAIN)
		atomic_fetch_add_explicit(&thr->tbl->buckets.alarms, 1,
					  memory_order_relaxed);
	bucket = extend(thr, last);
	return bucket && slot_free_in(bucket, taken, slot);
}

static struct ct_conn *find_clash(const struct ct_table *tbl,
				  const struct ct_key key[CT_DIR_MAX],
				  enum ct_dir *dir)
{
	struct ct_conn *conn = ct_buckets_find(tbl, &key[CT_DIR_ORIG], dir);

	if (conn)
		return conn;
	conn = ct_buckets_find(tbl, &key[CT_DIR_REPLY], dir);
	*dir = *dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG;
	return conn;
}

int ct_buckets_publish(struct ct_thread *thr, struct ct_conn *conn,
		       const struct ct_key key[CT_DIR_MAX],
		       struct ct_clash *clash)
{
	struct ct_table *tbl = thr->tbl;
	uint32_t unit = ct_slab_unit(&tbl->slab, conn);
	/* A tuple that is its own answer is one key. */
	bool two = !ct_tuple_equal(&key[CT_DIR_ORIG].tuple,
				   &key[CT_DIR_REPLY].tuple);
	struct ct_bucket *home[CT_DIR_MAX];
	struct ct_slot slot[CT_DIR_MAX];
	int error = 0;

	lock_homes(&tbl->buckets, key, home);
	clash->conn = find_clash(tbl, key, &clash->dir);
	if (clash->conn)
		error = CT_E_EXIST;
	else if (!ct_slot_get(thr, home[CT_DIR_ORIG], NULL,
			      &slot[CT_DIR_ORIG]) ||
		 (two && !ct_slot_get(thr, home[CT_DIR_REPLY],
				      &slot[CT_DIR_ORIG], &slot[CT_DIR_REPLY])))
		error = CT_E_FULL;
	if (!error) {
		ct_slot_fill(slot[CT_DIR_ORIG], unit,
			     ct_tag_of(key[CT_DIR_ORIG].hash));
		if (two)
			ct_slot_fill(slot[CT_DIR_REPLY], unit | CT_REF_DIR,
				     ct_tag_of(key[CT_DIR_REPLY].hash));
		/*
		 * From here on it is known.  release; pairs with the acquire
		 * in ct_conn_known().
		 */
		ct_conn_set(conn, CT_S_CONFIRMED);
	}
	/* One of the two may have got a bucket that is of no use now. */
	if (ct_unlikely(error == CT_E_FULL)) {
		ct_bucket_trim(thr, home[CT_DIR_ORIG]);
		ct_bucket_trim(thr, home[CT_DIR_REPLY]);
	}
	unlock_two(home[CT_DIR_ORIG], home[CT_DIR_REPLY]);
	return error;
}

static bool empty(const struct ct_bucket *bucket)
{
	uint64_t tags = 0;

	for (unsigned i = 0; i < CT_BUCKET_TAG_WORDS; i++)
		tags |= ct_tag_word(bucket, i);
	return tags == 0; /* the last one of a chain has no header either */
}

/*
 * Give empty buckets at the end of a locked chain back.
 *
 * => A reader may stand on one: it finds no tag there, or those of another
 *    chain, whose keys do not match.  What it looks for stood before.
 */
void ct_bucket_trim(struct ct_thread *thr, struct ct_bucket *first)
{
	for (;;) {
		struct ct_bucket *before = first;
		struct ct_bucket *last = ct_bucket_next(thr->tbl, first);
		struct ct_bucket *next;

		if (!last)
			return;
		while ((next = ct_bucket_next(thr->tbl, last)) != NULL) {
			before = last;
			last = next;
		}
		if (!empty(last))
			return;
		ct_slab_free(&thr->tbl->slab, &thr->magazine[CT_SLAB_BUCKET],
			     CT_SLAB_BUCKET, ct_bucket_unlink(before));
	}
}

static void remove_in(struct ct_thread *thr, struct ct_bucket *first,
		      uint32_t ref)
{
	struct ct_bucket *bucket = first;

	for (; bucket; bucket = ct_bucket_next(thr->tbl, bucket)) {
		for (unsigned lane = 0; lane < CT_BUCKET_SLOTS; lane++) {
			struct ct_slot slot = { bucket, lane };

			if (atomic_load_explicit(&bucket->ref[lane],
						 memory_order_relaxed) != ref)
				continue;
			ct_slot_clear(slot);
			if (ct_unlikely(ct_bucket_link(first)))
				ct_bucket_trim(thr, first);
			return;
		}
	}
}

/*
 * The bucket where a change of size may have left a copy of what is in bucket
 * i; see resize.h.
 *
 * => False when there is none.
 */
static bool copy_at(const struct ct_buckets *buckets, uint32_t i, uint32_t *at)
{
	uint32_t stale =
		atomic_load_explicit(&buckets->stale, memory_order_acquire);
	uint32_t n = size_now(buckets);

	if (i >=
	    atomic_load_explicit(&buckets->cleared, memory_order_acquire)) {
		*at = ct_bucket_source(i);
		return true;
	}
	if (stale <= n)
		return false;
	*at = i + ct_bucket_level(stale - 1);
	return *at >= n && *at < stale;
}

static void remove_one(struct ct_thread *thr, uint64_t hash, uint32_t ref)
{
	struct ct_buckets *buckets = &thr->tbl->buckets;
	struct ct_bucket *home, *copy;
	uint32_t i, at;

	home = lock_home(buckets, hash, &i);
	remove_in(thr, home, ref);
	ct_bucket_unlock(home);
	if (ct_likely(!copy_at(buckets, i, &at)))
		return;
	copy = ct_bucket_at(buckets, at);
	ct_bucket_lock(copy);
	remove_in(thr, copy, ref);
	ct_bucket_unlock(copy);
}

void ct_buckets_remove(struct ct_thread *thr, const struct ct_conn *conn,
		       const struct ct_key key[CT_DIR_MAX])
{
	uint32_t unit = ct_slab_unit(&thr->tbl->slab, conn);

	remove_one(thr, key[CT_DIR_ORIG].hash, unit);
	if (!ct_tuple_equal(&key[CT_DIR_ORIG].tuple, &key[CT_DIR_REPLY].tuple))
		remove_one(thr, key[CT_DIR_REPLY].hash, unit | CT_REF_DIR);
}

void ct_buckets_visit(const struct ct_table *tbl, uint32_t i, ct_bucket_fn fn,
		      void *user)
{
	struct ct_bucket *bucket = ct_bucket_at(&tbl->buckets, i);

	for (; bucket; bucket = ct_bucket_next(tbl, bucket)) {
		for (unsigned lane = 0; lane < CT_BUCKET_SLOTS; lane++) {
			struct ct_slot slot = { bucket, lane };
			uint32_t ref = ct_slot_ref(slot);
			struct ct_conn *conn;
			enum ct_dir dir;

			if (!ref)
				continue;
			conn = ct_ref_conn(tbl, ref, &dir);
			fn(user, conn, dir);
		}
	}
}
