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
 * before its tag is, with release.
 *
 * A bucket that is full links to another one out of a pool, which goes back
 * when it is the last of its chain and empty.  At once: a reader who still
 * stands on it goes on in another chain, where nothing fits its key, and has
 * missed only what was inserted after it had set out.
 *
 * The number of buckets is a power of two, fixed when the table is made: with
 * any other, some buckets would get twice as much as the rest.
 */
#ifndef CORE_BUCKET_H
#define CORE_BUCKET_H

#include "base/mem.h"
#include "base/spin.h"
#include "core/conn.h"
#include "core/slab.h"

#include <stdatomic.h>

enum { CT_BUCKET_SLOTS = 10, CT_BUCKET_TAG_WORDS = 3 };

struct ct_bucket {
	_Atomic uint64_t tags[CT_BUCKET_TAG_WORDS]; /* A  and the header */
	_Atomic uint32_t ref[CT_BUCKET_SLOTS];      /* A */
};
CT_STATIC_ASSERT(sizeof(struct ct_bucket) == CT_LINE, "one cache line");

struct ct_buckets {
	struct ct_mem *mem;
	struct ct_slab *slab;
	struct ct_bucket *bucket; /* I  n of them, then the pool */
	uint32_t *spare;          /* L  links of those in the pool */
	uint32_t n;               /* I */
	uint32_t mask;            /* I  n - 1 */
	uint32_t n_pool;          /* I */
	uint32_t n_spare;         /* L */
	struct ct_spin pool_lock; /* covers the pool; inside a bucket's lock */
};

int ct_buckets_init(struct ct_buckets *buckets, struct ct_mem *mem,
		    struct ct_slab *slab, uint32_t max_conns);
void ct_buckets_fini(struct ct_buckets *buckets);

/*
 * Find a connection by a key.
 *
 * => Borrowed; NULL when none is known.  May have expired: the caller looks.
 */
struct ct_conn *ct_buckets_find(const struct ct_buckets *buckets,
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
 * => 0; CT_E_EXIST with clash set; CT_E_FULL when the pool is empty.
 */
int ct_buckets_publish(struct ct_buckets *buckets, struct ct_conn *conn,
		       const struct ct_key key[CT_DIR_MAX],
		       struct ct_clash *clash);

/* Take both keys of a connection out, found by reference. */
void ct_buckets_remove(struct ct_buckets *buckets, const struct ct_conn *conn,
		       const struct ct_key key[CT_DIR_MAX]);

/*
 * Called for each entry of a bucket.
 *
 * => The connection may be dying; dir says which of its tuples is here.
 */
typedef void (*ct_bucket_fn)(void *user, struct ct_conn *conn, enum ct_dir dir);

/* Visit the entries of the chain that holds a hash value. */
void ct_buckets_visit(const struct ct_buckets *buckets, uint64_t hash,
		      ct_bucket_fn fn, void *user);

#endif /* CORE_BUCKET_H */
