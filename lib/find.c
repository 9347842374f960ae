/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find.c - ct_find_burst(): many look-ups whose cache misses overlap
 *
 * A look-up is a chain of two misses, the bucket and the connection.  A group
 * of tuples goes through it in steps:
 *
 *	1  hash the tuple, fetch its bucket
 *	2  match the tag, fetch the connection that it leads to, or the next
 *	   bucket of the chain
 *	3  compare the tuple
 *	4  steps 2 and 3 for those whose chain went on
 *
 * What is not plain, ct_find() answers: a tag that fits another tuple, a chain
 * of more than two buckets, an expired connection, a table that has changed
 * its size since step 1.
 */
#include "core/table.h"
#include "core/tags.h"

#include <conntrack/dump.h>

/* Tuples under way at once: as many misses as a core keeps in flight. */
#define GROUP 32

/*
 * Where a tuple's search is.  Without a connection it goes on in the bucket;
 * without a bucket, either, nobody has the tuple.
 */
struct quest {
	const struct ct_bucket *bucket;
	struct ct_conn *conn; /* who may have it */
	enum ct_dir dir;      /* in which direction */
	uint16_t tag;
	struct ct_narrow narrow; /* unless the tuple is wide */
};

static inline uint32_t size_now(const struct ct_table *tbl)
{
	/* acquire; pairs with the releases in resize.c: copies are there */
	return atomic_load_explicit(&tbl->buckets.n, memory_order_acquire);
}

static inline void seek_bucket(const struct ct_table *tbl, uint32_t n_buckets,
			       const struct ct_tuple *tuple,
			       struct quest *quest)
{
	uint64_t hash;

	if (ct_unlikely(ct_tuple_wide(tuple))) {
		hash = ct_hash_wide(&tbl->hash, tuple);
	} else {
		ct_narrow_pack(&quest->narrow, tuple);
		hash = ct_hash_narrow(&tbl->hash, &quest->narrow);
	}
	quest->tag = ct_tag_of(hash);
	quest->bucket =
		ct_bucket_at(&tbl->buckets, ct_bucket_map(hash, n_buckets));
	__builtin_prefetch(quest->bucket);
}

static inline void seek_conn(const struct ct_table *tbl, struct quest *quest)
{
	const struct ct_bucket *bucket = quest->bucket;
	uint32_t hits = ct_tag_slots(bucket, quest->tag);
	uint32_t ref = 0;

	if (ct_likely(hits))
		ref = atomic_load_explicit(&bucket->ref[ct_tag_first(hits)],
					   memory_order_acquire);
	if (ct_likely(ref)) {
		quest->dir = ref & CT_REF_DIR ? CT_DIR_REPLY : CT_DIR_ORIG;
		quest->conn = ct_slab_at(&tbl->slab, ref & ~CT_REF_DIR);
		__builtin_prefetch(quest->conn);
		return;
	}
	quest->conn = NULL;
	if (ct_unlikely(hits)) /* being cleared: look again */
		return;
	quest->bucket = ct_bucket_next(tbl, bucket);
	__builtin_prefetch(quest->bucket);
}

static bool has_wide(const struct quest *quest, const struct ct_tuple *tuple)
{
	struct ct_key key = { .wide = true, .dirs = CT_KEY_BOTH };

	key.tuple = *tuple;
	return ct_conn_known(quest->conn) &&
	       ct_conn_matches(quest->conn, quest->dir, &key);
}

static inline bool has_narrow(const struct quest *quest)
{
	const struct ct_conn *conn = quest->conn;
	/* acquire; see ct_conn_known() */
	uint32_t status = ct_conn_word(conn);

	return (status & (CT_S_CONFIRMED | CT_S_DYING | CT_S_WIDE)) ==
		       CT_S_CONFIRMED &&
	       memcmp(&conn->narrow[quest->dir], &quest->narrow,
		      sizeof(quest->narrow)) == 0;
}

/* => What the search led to has the tuple, and has not expired. */
static inline bool arrived(const struct quest *quest,
			   const struct ct_tuple *tuple, uint32_t now)
{
	if (ct_unlikely(!quest->conn))
		return false;
	if (ct_unlikely(ct_tuple_wide(tuple)))
		return has_wide(quest, tuple) &&
		       !ct_conn_expired(quest->conn, now);
	return has_narrow(quest) && !ct_conn_expired(quest->conn, now);
}

/* => The answer of a search that has not arrived. */
static struct ct_conn *give_up(struct ct_thread *thr, const struct quest *quest,
			       uint32_t n_buckets, const struct ct_tuple *tuple,
			       enum ct_dir *dir)
{
	if (!quest->conn && !quest->bucket && size_now(thr->tbl) == n_buckets)
		return NULL;
	return ct_find(thr, tuple, dir);
}

static inline bool goes_on(const struct quest *quest)
{
	return !quest->conn && quest->bucket;
}

static unsigned find_group(struct ct_thread *thr, const struct ct_tuple *tuples,
			   unsigned n, struct ct_conn **conns,
			   enum ct_dir *dirs)
{
	const struct ct_table *tbl = thr->tbl;
	uint32_t n_buckets = size_now(tbl);
	unsigned n_late = 0, found = 0;
	struct quest quests[GROUP];
	uint8_t late[GROUP];

	for (unsigned i = 0; i < n; i++)
		seek_bucket(tbl, n_buckets, &tuples[i], &quests[i]);
	for (unsigned i = 0; i < n; i++)
		seek_conn(tbl, &quests[i]);
	for (unsigned i = 0; i < n; i++) {
		const struct quest *quest = &quests[i];

		if (ct_likely(arrived(quest, &tuples[i], thr->now))) {
			conns[i] = quest->conn;
			dirs[i] = quest->dir;
			found++;
			continue;
		}
		late[n_late++] = (uint8_t)i;
	}
	for (unsigned i = 0; i < n_late; i++)
		if (goes_on(&quests[late[i]]))
			seek_conn(tbl, &quests[late[i]]);
	for (unsigned l = 0; l < n_late; l++) {
		unsigned i = late[l];
		const struct quest *quest = &quests[i];

		if (arrived(quest, &tuples[i], thr->now)) {
			conns[i] = quest->conn;
			dirs[i] = quest->dir;
		} else {
			conns[i] = give_up(thr, quest, n_buckets, &tuples[i],
					   &dirs[i]);
		}
		found += conns[i] != NULL;
	}
	return found;
}

unsigned ct_find_burst(struct ct_thread *thr, const struct ct_tuple *tuples,
		       unsigned n, struct ct_conn **conns, enum ct_dir *dirs)
{
	enum ct_dir unwanted[GROUP];
	unsigned found = 0;

	for (unsigned at = 0; at < n; at += GROUP)
		found += find_group(thr, &tuples[at],
				    n - at < GROUP ? n - at : GROUP, &conns[at],
				    dirs ? &dirs[at] : unwanted);
	return found;
}
