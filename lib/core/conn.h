/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conn.h - a connection: 128 bytes, two cache lines
 *
 *	line 0, looked at by every packet, written when something changes
 *	0                        46     48       52      56     60     64
 *	+------------------------+------+--------+-------+------+------+
 *	| keys, narrow or wide   |events|status, | time- | mark | ext  |
 *	|                        |      |owners  | out   |      |      |
 *	+------------------------+------+--------+-------+------+------+
 *	line 1, written by every packet, under the lock
 *	64                                     120  121    122    124   128
 *	+--------------------------------------+----+------+------+-----+
 *	| state of the tracker                 |lock|class |policy| gen |
 *	+--------------------------------------+----+------+------+-----+
 *	128: extensions that every connection has, if any
 *
 * Life, and who moves it on:
 *
 *	made --> private --confirm--> confirmed --kill--> dying --unlink--+
 *	            |                                                     |
 *	            +--poll, abandon--> free <--last owner-- retired <----+
 *	                                        and grace period
 *
 * A private connection is known to one packet.  A dying one may still be
 * looked at by whoever found it before: its memory is reused only when every
 * thread has polled since it was unlinked (reclaim.h) and nobody owns it.
 *
 * Who may touch what:
 *	I	immutable once confirmed, and private before
 *	L	under the connection's lock, or private
 *	A	atomic
 */
#ifndef CORE_CONN_H
#define CORE_CONN_H

#include "base/spin.h"
#include "base/ticks.h"
#include "core/tuple.h"

#include <conntrack/conntrack.h>
#include <conntrack/event.h>
#include <conntrack/plugin.h>
#include <stdatomic.h>

/*
 * The status word: netfilter's bits, some of our own among those that netfilter
 * never shows, and the count of owners above them.
 */
#define CT_S_WIDE     (1u << 11) /* keys have the wide form */
#define CT_S_RELEASED (1u << 12) /* the last owner frees it */
#define CT_S_LOW      (1u << 14) /* its deadline is low; see timer.h */
#define CT_S_FAR      (1u << 15) /* the reply tuple is elsewhere; see reply.h */
#define CT_S_PUBLIC   0x27ffu    /* what a host gets to see */
#define CT_OWNER      (1u << 16) /* one owner */
#define CT_OWNERS_MAX 0xffffu    /* stuck: freed with the table */

/* Both tuples of a connection whose network layer needs 16-byte addresses; the
 * reply's addresses are the original's, swapped. */
struct ct_wide_keys {
	struct ct_tuple orig;
	ct_be16 reply_src_id;
	ct_be16 reply_dst_id;
	uint16_t reply_zone;
} __attribute__((packed, aligned(4)));
CT_STATIC_ASSERT(sizeof(struct ct_wide_keys) == 48, "46 bytes, and events");

struct ct_conn {
	union {
		struct ct_narrow narrow[CT_DIR_MAX]; /* I */
		struct ct_wide_keys wide;            /* I */
		struct {
			uint8_t keys[46];
			_Atomic uint16_t events; /* A  pending, see event.h */
		};
	};
	_Atomic uint32_t status;  /* A  and owners */
	_Atomic uint32_t timeout; /* A  tick; after the end: link, reclaim.h */
	_Atomic uint32_t mark;    /* A */
	_Atomic uint32_t ext;     /* A  unit of the block on demand, or 0 */

	uint8_t l4_state[CT_L4_STATE_MAX]; /* L */
	struct ct_spin lock;
	_Atomic uint8_t class_; /* L  for writing: CT_CONN_* below; once dying:
				   the END_* reason */
	uint16_t policy;        /* I  index, 0: none */
	_Atomic uint32_t gen;   /* A  which life of this memory */
};
CT_STATIC_ASSERT(sizeof(struct ct_conn) == 2 * CT_LINE, "two cache lines");
CT_STATIC_ASSERT(offsetof(struct ct_conn, events) == 46, "after the keys");
CT_STATIC_ASSERT(offsetof(struct ct_conn, l4_state) == CT_LINE, "line 1");

/*
 * Of class_: the overflow class; how often the flow had been missed before it
 * came, at most 7, see ghost.h; and that it was answered since, and so counts
 * no more as one that has proven nothing.
 */
enum {
	CT_CONN_CLASS = 15,
	CT_CONN_RECALLED = 16,
	CT_CONN_RECALLED_MOST = 7,
	CT_CONN_RETURNED = 128
};

#define CT_CONN_UNITS 2 /* of 64 bytes, without extensions */

static inline uint8_t ct_conn_class_word(const struct ct_conn *conn)
{
	return atomic_load_explicit(&conn->class_, memory_order_relaxed);
}

static inline void ct_conn_class_word_set(struct ct_conn *conn, unsigned word)
{
	atomic_store_explicit(&conn->class_, (uint8_t)word,
			      memory_order_relaxed);
}

/* => Its class, unless it is dying. */
static inline uint8_t ct_conn_class_of(const struct ct_conn *conn)
{
	return ct_conn_class_word(conn) & CT_CONN_CLASS;
}

/* => It is counted among those that have proven nothing, when known. */
static inline bool ct_conn_is_weak(uint32_t status, uint8_t class_word)
{
	return !(status & CT_S_ASSURED) && !(class_word & CT_CONN_RETURNED);
}

static inline uint32_t ct_conn_word(const struct ct_conn *conn)
{
	return atomic_load_explicit(&conn->status, memory_order_acquire);
}

/* Whether a look-up may return it: confirmed and not dying. */
static inline bool ct_conn_known(const struct ct_conn *conn)
{
	/* acquire; pairs with the release in ct_buckets_publish() */
	return (ct_conn_word(conn) & (CT_S_CONFIRMED | CT_S_DYING)) ==
	       CT_S_CONFIRMED;
}

static inline bool ct_conn_expired(const struct ct_conn *conn, uint32_t now)
{
	return ct_ticks_passed(
		atomic_load_explicit(&conn->timeout, memory_order_acquire),
		now);
}

/* => Any extension on demand. */
static inline bool ct_conn_has_ext(const struct ct_conn *conn)
{
	return atomic_load_explicit(&conn->ext, memory_order_relaxed);
}

/* Set status bits; => those that were set before. */
static inline uint32_t ct_conn_set(struct ct_conn *conn, uint32_t bits)
{
	return atomic_fetch_or_explicit(&conn->status, bits,
					memory_order_acq_rel);
}

/* The same for a private connection: without an owner nobody else writes the
 * word. */
static inline void ct_conn_set_own(struct ct_conn *conn, uint32_t bits)
{
	uint32_t word =
		atomic_load_explicit(&conn->status, memory_order_relaxed);

	if (ct_likely(word / CT_OWNER == 0))
		atomic_store_explicit(&conn->status, word | bits,
				      memory_order_release);
	else
		ct_conn_set(conn, bits);
}

/*
 * A connection that uses a mapping of a pool is in the mapping's list, and one
 * whose source a range gave is in that of its outside address.  IPv4
 * connections have room for one link behind their keys, far tuples for two
 * behind themselves.  One that uses two, being translated at both ends, has
 * its links in a unit of their own, unless its tuple is far; the mapping's
 * place in the first link then holds that unit.
 */
struct ct_link {
	/* I  unit, 0: none; CT_LINK_TWO: both elsewhere; or see outside.h */
	uint32_t mapping;
	uint32_t newer; /* L  under the lock of the mapping's chain */
	uint32_t older; /* L */
};

#define CT_LINK_TWO (1u << 31)

/*
 * A reply tuple for which there is no room in the connection: a wide one that is
 * no mirror, or one of another network layer than the original.  Behind it are
 * its links; NAT64 has one at most.
 */
struct ct_far {
	struct ct_tuple tuple; /* I */
	union {
		struct ct_link link[2];
		struct {
			uint8_t reserved[23]; /* its link first */
			uint8_t prefix_len;   /* I  NAT64: bits of the prefix */
		};
	};
};
CT_STATIC_ASSERT(sizeof(struct ct_far) == CT_LINE, "one unit");

/* => It; its address stands where a mirrored reply's ids and zone would.  Units
 * are aligned, so that 48 bits say 54. */
static inline struct ct_far *ct_conn_far(const struct ct_conn *conn)
{
	const struct ct_wide_keys *wide = &conn->wide;
	uint64_t at = (uint64_t)wide->reply_zone << 32 |
		      (uint32_t)wide->reply_dst_id << 16 | wide->reply_src_id;

	return (struct ct_far *)(uintptr_t)(at * CT_LINE);
}

/* => The two directions, by its status word, have different network layers. */
static inline bool ct_conn_crosses(const struct ct_conn *conn, uint32_t word)
{
	return (word & CT_S_FAR) &&
	       !(word & CT_S_WIDE) == ct_tuple_wide(&ct_conn_far(conn)->tuple);
}

/* ct_conn_fits() for what is not narrow, apart to keep the other way short. */
bool ct_conn_fits_apart(const struct ct_conn *conn, uint32_t word,
			enum ct_dir dir, const struct ct_key *key);

/* => The connection, whose status is word, has this tuple in this direction. */
static inline bool ct_conn_fits(const struct ct_conn *conn, uint32_t word,
				enum ct_dir dir, const struct ct_key *key)
{

	if (!(key->dirs & 1u << dir))
		return false;
	/* A far reply leaves zeros here. */
	if (ct_likely(!key->wide && !(word & CT_S_WIDE)))
		return memcmp(&conn->narrow[dir], &key->narrow,
			      sizeof(key->narrow)) == 0;
	return ct_conn_fits_apart(conn, word, dir, key);
}

static inline bool ct_conn_matches(const struct ct_conn *conn, enum ct_dir dir,
				   const struct ct_key *key)
{
	return ct_conn_fits(conn, ct_conn_word(conn), dir, key);
}

/* Write both tuples of a private connection. */
void ct_conn_keys_set(struct ct_conn *conn, const struct ct_tuple *orig,
		      const struct ct_tuple *reply);

/* The keys of its tuples; with which others they clash depends on both. */
void ct_conn_keys(const struct ct_conn *conn, const struct ct_hash_key *secret,
		  struct ct_key key[CT_DIR_MAX]);

/* The hash of one of its tuples; of both, as many bits as bucket.h uses. */
uint64_t ct_conn_hash(const struct ct_conn *conn, enum ct_dir dir,
		      const struct ct_hash_key *secret);
void ct_conn_hashes(const struct ct_conn *conn,
		    const struct ct_hash_key *secret,
		    uint32_t hash[CT_DIR_MAX]);

/*
 * That of a private connection's original tuple, remembered by the thread that
 * opened it; another thread computes it.
 */
uint32_t ct_conn_private_hash(struct ct_thread *thr,
			      const struct ct_conn *conn);

/*
 * Make a private connection.
 *
 * => NULL when there is no memory; the caller has made room in the count.
 * => Borrowed until the thread's next poll, like any other.
 */
struct ct_conn *ct_conn_open(struct ct_thread *thr, const struct ct_key *orig,
			     const struct ct_tuple *reply);

/*
 * Give up a private connection that nobody will confirm any more.
 *
 * => At once, for one that no host has seen or may still look at; otherwise
 *    after a grace period.
 */
void ct_conn_discard(struct ct_thread *thr, struct ct_conn *conn);
void ct_conn_discard_later(struct ct_thread *thr, struct ct_conn *conn);

/* At poll: give up private connections that are neither confirmed nor owned;
 * those that are owned become their owner's. */
void ct_conn_discard_private(struct ct_thread *thr);

/*
 * It is confirmed after all, or dying: no put frees it any more.
 *
 * => Once its status says so, since the poll of the handle that opened it may
 *    leave it to its owners until then.
 */
void ct_conn_adopt(struct ct_conn *conn);

/* A connection whose last owner has put it. */
void ct_conn_returned(struct ct_thread *thr, struct ct_conn *conn);

/*
 * End a confirmed connection.
 *
 * => False when it had ended before, or when the reason is END_EXPIRED and a
 *    packet has refreshed it meanwhile, or END_EVICTED and it is assured.
 * => Delivers DESTROY, unless another thread is delivering: then that one does.
 */
bool ct_conn_kill(struct ct_thread *thr, struct ct_conn *conn,
		  enum ct_reason reason);

/*
 * The same of one whose place a newcomer takes at once: it is counted on, as the
 * newcomer's.  Its hashes, see ct_conn_hashes(), or NULL.
 */
bool ct_conn_replace(struct ct_thread *thr, struct ct_conn *conn,
		     enum ct_reason reason, const uint32_t hash[CT_DIR_MAX]);

/*
 * The two halves of ct_conn_kill() for callers that hold the lock: mark it
 * dying, and, when the lock is released, take it out of the table.
 *
 * => ct_conn_condemn() is false when it was dying already; no second half then.
 */
bool ct_conn_condemn(struct ct_thread *thr, struct ct_conn *conn,
		     enum ct_reason reason) CT_REQUIRES(conn->lock);
void ct_conn_bury(struct ct_thread *thr, struct ct_conn *conn);

/* Free its memory: it is out of the table, past its grace period, unowned. */
void ct_conn_free(struct ct_thread *thr, struct ct_conn *conn);

/* Past its grace period: free it, or leave that to its last owner. */
void ct_conn_release(struct ct_thread *thr, struct ct_conn *conn);

#endif /* CORE_CONN_H */
