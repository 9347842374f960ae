/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bucket.c - storage: both keys of every connection in one hash table
 *
 * A tag word has four lanes of 16 bits.  In the third word two lanes are the
 * header: the chain's link and, on top, the lock.  The holder of the lock is
 * the only one to change a tag or a link.  Others only try to set the lock bit,
 * which is set already: whether that comes before or after a store of the
 * holder's, the word is the same.  So the holder stores, and needs no
 * read-modify-write, not even to unlock.
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
		uint32_t ref =
			atomic_load_explicit(&bucket->ref[ct_bucket_lane(hits)],
					     memory_order_acquire);
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
	_Atomic uint64_t *header = &bucket->tags[CT_HEADER_WORD];

	/* release; pairs with the acquire in ct_bucket_lock() */
	atomic_store_explicit(
		header,
		atomic_load_explicit(header, memory_order_relaxed) &
			~HEADER_LOCK,
		memory_order_release);
}

/* => The first bucket of a key's chain, locked, and still the right one. */
static struct ct_bucket *lock_home(struct ct_buckets *buckets, uint32_t hash,
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
		       const uint32_t hash[CT_DIR_MAX],
		       struct ct_bucket *home[CT_DIR_MAX])
{
	for (;;) {
		uint32_t n = size_now(buckets);
		uint32_t a = ct_bucket_map(hash[CT_DIR_ORIG], n);
		uint32_t b = ct_bucket_map(hash[CT_DIR_REPLY], n);
		uint32_t now;

		home[CT_DIR_ORIG] = ct_bucket_at(buckets, a);
		home[CT_DIR_REPLY] = ct_bucket_at(buckets, b);
		lock_two(home[CT_DIR_ORIG], home[CT_DIR_REPLY]);
		now = size_now(buckets);
		if (ct_likely(now == n ||
			      (ct_bucket_map(hash[CT_DIR_ORIG], now) == a &&
			       ct_bucket_map(hash[CT_DIR_REPLY], now) == b)))
			return;
		unlock_two(home[CT_DIR_ORIG], home[CT_DIR_REPLY]);
	}
}

/* => Under the lock of the chain, or in a bucket that nobody else writes. */
static void tag_store(struct ct_slot slot, uint16_t tag)
{
	_Atomic uint64_t *word = &slot.bucket->tags[slot.lane / CT_LANES];
	unsigned shift = slot.lane % CT_LANES * 16;
	uint64_t old = atomic_load_explicit(word, memory_order_relaxed);

	old &= ~((uint64_t)0xffff << shift);
	/* release; pairs with the acquire in ct_tag_word() */
	atomic_store_explicit(word, old | (uint64_t)tag << shift,
			      memory_order_release);
}

uint32_t ct_bucket_taken(const struct ct_bucket *bucket)
{
	return ~ct_tag_free(bucket) & CT_SLOT_BITS;
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

static bool slot_free_in(struct ct_bucket *bucket, struct ct_slot *slot)
{
	uint32_t free = ct_tag_free(bucket);

	if (!free)
		return false;
	slot->bucket = bucket;
	slot->lane = ct_bucket_lane(free);
	return true;
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
		 struct ct_slot *slot)
{
	struct ct_bucket *bucket = first;
	struct ct_bucket *last = first;
	unsigned n = 0;

	for (; bucket; bucket = ct_bucket_next(thr->tbl, bucket), n++) {
		if (slot_free_in(bucket, slot))
			return true;
		last = bucket;
	}
	if (n >= LONG_CHAIN)
		atomic_fetch_add_explicit(&thr->tbl->buckets.alarms, 1,
					  memory_order_relaxed);
	bucket = extend(thr, last);
	return bucket && slot_free_in(bucket, slot);
}

static struct ct_conn *find_clash(const struct ct_table *tbl,
				  const struct ct_conn *conn, enum ct_dir *dir)
{
	struct ct_key key[CT_DIR_MAX];
	struct ct_conn *clash;

	ct_conn_keys(conn, &tbl->hash, key);
	clash = ct_buckets_find(tbl, &key[CT_DIR_ORIG], dir);
	if (clash)
		return clash;
	clash = ct_buckets_find(tbl, &key[CT_DIR_REPLY], dir);
	*dir = *dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG;
	return clash;
}

/* => Whether an entry of a chain has the tag of this hash. */
static bool suspicious(const struct ct_table *tbl,
		       const struct ct_bucket *bucket, uint32_t hash)
{
	for (; bucket; bucket = ct_bucket_next(tbl, bucket))
		if (ct_tag_slots(bucket, ct_tag_of(hash)))
			return true;
	return false;
}

/* A tuple that is its own answer is one key, not two. */
static bool two_keys(const struct ct_conn *conn,
		     const uint32_t hash[CT_DIR_MAX])
{
	struct ct_tuple t[CT_DIR_MAX];

	if (ct_likely(hash[CT_DIR_ORIG] != hash[CT_DIR_REPLY]))
		return true;
	ct_conn_tuple(conn, CT_DIR_ORIG, &t[CT_DIR_ORIG]);
	ct_conn_tuple(conn, CT_DIR_REPLY, &t[CT_DIR_REPLY]);
	return !ct_tuple_equal(&t[CT_DIR_ORIG], &t[CT_DIR_REPLY]);
}

/* Put both references into the chains; => false when there is no memory. */
static bool insert(struct ct_thread *thr, const struct ct_conn *conn,
		   const uint32_t hash[CT_DIR_MAX],
		   struct ct_bucket *const home[CT_DIR_MAX])
{
	uint32_t unit = ct_slab_unit(&thr->tbl->slab, conn);
	struct ct_slot first, second;

	if (!ct_slot_get(thr, home[CT_DIR_ORIG], &first))
		return false;
	ct_slot_fill(first, unit, ct_tag_of(hash[CT_DIR_ORIG]));
	if (!two_keys(conn, hash))
		return true;
	if (!ct_slot_get(thr, home[CT_DIR_REPLY], &second)) {
		/* Whoever saw it took it for a miss. */
		ct_slot_clear(first);
		return false;
	}
	ct_slot_fill(second, unit | CT_REF_DIR, ct_tag_of(hash[CT_DIR_REPLY]));
	return true;
}

int ct_buckets_publish(struct ct_thread *thr, struct ct_conn *conn,
		       const uint32_t hash[CT_DIR_MAX], struct ct_clash *clash)
{
	struct ct_table *tbl = thr->tbl;
	struct ct_bucket *home[CT_DIR_MAX];
	int error = 0;

	lock_homes(&tbl->buckets, hash, home);
	clash->conn = NULL;
	if (ct_unlikely(
		    suspicious(tbl, home[CT_DIR_ORIG], hash[CT_DIR_ORIG]) ||
		    suspicious(tbl, home[CT_DIR_REPLY], hash[CT_DIR_REPLY])))
		clash->conn = find_clash(tbl, conn, &clash->dir);
	if (clash->conn)
		error = CT_E_EXIST;
	else if (!insert(thr, conn, hash, home))
		error = CT_E_FULL;
	else
		/*
		 * From here on it is known.  release; pairs with the acquire
		 * in ct_conn_known().  And before a look whether its address
		 * has been taken away: ct_binding_confirmed().
		 */
		atomic_fetch_or_explicit(&conn->status, CT_S_CONFIRMED,
					 memory_order_seq_cst);
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
		      uint32_t ref, uint16_t tag)
{
	struct ct_bucket *bucket = first;

	for (; bucket; bucket = ct_bucket_next(thr->tbl, bucket)) {
		uint32_t hits = ct_tag_slots(bucket, tag);

		for (; hits; hits &= hits - 1) {
			struct ct_slot slot = { bucket, ct_bucket_lane(hits) };

			if (atomic_load_explicit(&bucket->ref[slot.lane],
						 memory_order_relaxed) != ref)
				continue;
			ct_slot_clear(slot);
			/* Else no bucket behind the first has changed. */
			if (ct_unlikely(bucket != first))
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

static void remove_one(struct ct_thread *thr, uint32_t hash, uint32_t ref)
{
	struct ct_buckets *buckets = &thr->tbl->buckets;
	struct ct_bucket *home, *copy;
	uint32_t i, at;

	home = lock_home(buckets, hash, &i);
	remove_in(thr, home, ref, ct_tag_of(hash));
	ct_bucket_unlock(home);
	if (ct_likely(!copy_at(buckets, i, &at)))
		return;
	copy = ct_bucket_at(buckets, at);
	ct_bucket_lock(copy);
	remove_in(thr, copy, ref, ct_tag_of(hash));
	ct_bucket_unlock(copy);
}

void ct_buckets_remove(struct ct_thread *thr, const struct ct_conn *conn,
		       const uint32_t hash[CT_DIR_MAX])
{
	uint32_t unit = ct_slab_unit(&thr->tbl->slab, conn);

	remove_one(thr, hash[CT_DIR_ORIG], unit);
	if (two_keys(conn, hash))
		remove_one(thr, hash[CT_DIR_REPLY], unit | CT_REF_DIR);
}

void ct_buckets_visit(const struct ct_table *tbl, uint32_t i, ct_bucket_fn fn,
		      void *user)
{
	struct ct_bucket *bucket = ct_bucket_at(&tbl->buckets, i);

	for (; bucket; bucket = ct_bucket_next(tbl, bucket)) {
		CT_BUCKET_EACH (taken, bucket) {
			struct ct_slot slot = { bucket, ct_bucket_lane(taken) };
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
