/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conn.c - a connection: its making, its end, and what a host reads of it
 */
#include "core/conn.h"

#include "core/help.h"
#include "core/reply.h"
#include "core/table.h"
#include "core/timer.h"
#include "core/worth.h"

#include <string.h>

/* --- Keys --------------------------------------------------------------- */

void ct_conn_keys_set(struct ct_conn *conn, const struct ct_tuple *orig,
		      const struct ct_tuple *reply)
{
	if (!ct_tuple_wide(orig)) {
		ct_narrow_pack(&conn->narrow[CT_DIR_ORIG], orig);
		ct_narrow_pack(&conn->narrow[CT_DIR_REPLY], reply);
		return;
	}
	conn->wide.orig = *orig;
	conn->wide.reply_src_id = reply->src_id;
	conn->wide.reply_dst_id = reply->dst_id;
	conn->wide.reply_zone = reply->zone;
	/* It has no owner yet: nobody else writes the word. */
	atomic_store_explicit(&conn->status, ct_conn_word(conn) | CT_S_WIDE,
			      memory_order_relaxed);
}

void ct_conn_tuple(const struct ct_conn *conn, enum ct_dir dir,
		   struct ct_tuple *tuple)
{
	const struct ct_wide_keys *wide = &conn->wide;
	uint32_t word = ct_conn_word(conn);

	if (ct_unlikely((word & CT_S_FAR) && dir == CT_DIR_REPLY)) {
		*tuple = ct_conn_far(conn)->tuple;
		return;
	}
	if (!(word & CT_S_WIDE)) {
		ct_narrow_unpack(&conn->narrow[dir], tuple);
		return;
	}
	*tuple = wide->orig;
	if (dir == CT_DIR_ORIG)
		return;
	tuple->src = wide->orig.dst;
	tuple->dst = wide->orig.src;
	tuple->src_id = wide->reply_src_id;
	tuple->dst_id = wide->reply_dst_id;
	tuple->zone = wide->reply_zone;
}

uint16_t ct_conn_zone(const struct ct_conn *conn)
{
	struct ct_tuple t;

	ct_conn_tuple(conn, CT_DIR_ORIG, &t);
	if (!t.zone)
		ct_conn_tuple(conn, CT_DIR_REPLY, &t);
	return t.zone;
}

/* => The key, of either form, is that of this tuple. */
static bool same_tuple(const struct ct_tuple *t, const struct ct_key *key)
{
	struct ct_narrow narrow;

	if (ct_tuple_wide(t) != key->wide)
		return false;
	if (key->wide)
		return ct_tuple_equal(t, &key->tuple);
	ct_narrow_pack(&narrow, t);
	return memcmp(&narrow, &key->narrow, sizeof(narrow)) == 0;
}

bool ct_conn_fits_apart(const struct ct_conn *conn, uint32_t word,
			enum ct_dir dir, const struct ct_key *key)
{
	const struct ct_wide_keys *wide = &conn->wide;
	const struct ct_tuple *t = &key->tuple;

	if ((word & CT_S_FAR) && dir == CT_DIR_REPLY)
		return same_tuple(&ct_conn_far(conn)->tuple, key);
	if (!(word & CT_S_WIDE) || !key->wide)
		return false;
	if (dir == CT_DIR_ORIG)
		return ct_tuple_equal(&wide->orig, t);
	return memcmp(&wide->orig.src, &t->dst, sizeof(t->dst)) == 0 &&
	       memcmp(&wide->orig.dst, &t->src, sizeof(t->src)) == 0 &&
	       wide->orig.l3 == t->l3 && wide->orig.l4 == t->l4 &&
	       wide->reply_src_id == t->src_id &&
	       wide->reply_dst_id == t->dst_id && wide->reply_zone == t->zone;
}

void ct_conn_keys(const struct ct_conn *conn, const struct ct_hash_key *secret,
		  struct ct_key key[CT_DIR_MAX])
{
	struct ct_tuple tuple;

	for (unsigned dir = 0; dir < CT_DIR_MAX; dir++) {
		ct_conn_tuple(conn, (enum ct_dir)dir, &tuple);
		ct_key_make(&key[dir], &tuple, secret);
	}
	if (ct_likely(key[CT_DIR_ORIG].tuple.zone ==
		      key[CT_DIR_REPLY].tuple.zone))
		return;
	key[CT_DIR_ORIG].dirs = CT_KEY_ORIG;
	key[CT_DIR_REPLY].dirs = CT_KEY_REPLY;
}

uint64_t ct_conn_hash(const struct ct_conn *conn, enum ct_dir dir,
		      const struct ct_hash_key *secret)
{
	struct ct_key key;

	if (ct_likely(!(ct_conn_word(conn) & (CT_S_WIDE | CT_S_FAR))))
		return ct_hash_narrow(secret, &conn->narrow[dir]);
	ct_conn_tuple(conn, dir, &key.tuple);
	ct_key_finish(&key, secret);
	return key.hash;
}

void ct_conn_hashes(const struct ct_conn *conn,
		    const struct ct_hash_key *secret, uint32_t hash[CT_DIR_MAX])
{
	hash[CT_DIR_ORIG] = (uint32_t)ct_conn_hash(conn, CT_DIR_ORIG, secret);
	hash[CT_DIR_REPLY] = (uint32_t)ct_conn_hash(conn, CT_DIR_REPLY, secret);
}

/* --- Its making --------------------------------------------------------- */

static uint32_t gen_of(const struct ct_conn *conn)
{
	return atomic_load_explicit(&conn->gen, memory_order_relaxed);
}

static bool still_private(const struct ct_conn *conn, uint32_t gen)
{
	return gen_of(conn) == gen &&
	       !(ct_conn_word(conn) & (CT_S_CONFIRMED | CT_S_DYING));
}

/* Forget private connections that are not private any more. */
static void private_compact(struct ct_thread *thr)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < thr->n_private; i++) {
		struct ct_private *one = &thr->opened[i];
		const struct ct_conn *conn = ct_conn_at(thr->tbl, one->unit);

		if (still_private(conn, one->gen))
			thr->opened[kept++] = *one;
	}
	thr->n_private = kept;
	thr->next_private = 0;
}

static bool private_room(struct ct_thread *thr)
{
	enum { FIRST = 32 };
	struct ct_mem *mem = &thr->tbl->mem;
	uint32_t max =
		atomic_load_explicit(&thr->max_private, memory_order_relaxed);
	uint32_t n = max ? 2 * max : FIRST;
	struct ct_private *more;

	if (thr->n_private < max)
		return true;
	private_compact(thr);
	if (thr->n_private < max)
		return true;
	/* No line is shared with another thread's. */
	more = ct_mem_alloc(mem, n * sizeof(*more), CT_LINE);
	if (!more)
		return false;
	if (thr->opened)
		memcpy(more, thr->opened, thr->n_private * sizeof(*more));
	ct_mem_free(mem, thr->opened, max * sizeof(*more));
	thr->opened = more;
	/* The memory report reads it from elsewhere. */
	atomic_store_explicit(&thr->max_private, n, memory_order_relaxed);
	return true;
}

/* Generations are taken by the hundred, so that threads do not meet there. */
static uint32_t next_gen(struct ct_thread *thr)
{
	enum { BLOCK = 256 };

	if (!thr->gens) {
		thr->gen = atomic_fetch_add_explicit(&thr->tbl->gen, BLOCK,
						     memory_order_relaxed);
		thr->gens = BLOCK;
	}
	thr->gens--;
	if (++thr->gen == 0) /* that is a free place's */
		thr->gen = 1;
	return thr->gen;
}

/* => Remembered from then on; there is room. */
static struct ct_private *remember(struct ct_thread *thr, uint32_t unit)
{
	struct ct_private *one = &thr->opened[thr->n_private++];

	one->unit = unit;
	one->gen = next_gen(thr);
	return one;
}

static bool remembers(const struct ct_private *one, const struct ct_table *tbl,
		      const struct ct_conn *conn)
{
	return one->gen == gen_of(conn) && one->unit == ct_conn_unit(tbl, conn);
}

/*
 * What was opened first is confirmed first, most likely: the search goes on
 * where the last one ended, and passes over a few that were given up.  Or else
 * it is the latest one.
 */
static const struct ct_private *recall(struct ct_thread *thr,
				       const struct ct_conn *conn)
{
	enum { NEAR = 4 };
	uint32_t n = thr->n_private;
	uint32_t end =
		n - thr->next_private < NEAR ? n : thr->next_private + NEAR;

	for (uint32_t i = thr->next_private; i < end; i++) {
		if (!remembers(&thr->opened[i], thr->tbl, conn))
			continue;
		thr->next_private = i + 1;
		return &thr->opened[i];
	}
	if (!n || !remembers(&thr->opened[n - 1], thr->tbl, conn))
		return NULL;
	thr->next_private = n;
	return &thr->opened[n - 1];
}

uint32_t ct_conn_private_hash(struct ct_thread *thr, const struct ct_conn *conn)
{
	const struct ct_private *one = recall(thr, conn);

	if (ct_likely(one != NULL))
		return one->hash;
	return (uint32_t)ct_conn_hash(conn, CT_DIR_ORIG, &thr->tbl->hash);
}

struct ct_conn *ct_conn_open(struct ct_thread *thr, const struct ct_key *orig,
			     const struct ct_tuple *reply)
{
	struct ct_table *tbl = thr->tbl;
	struct ct_private *one;
	struct ct_conn *conn;
	uint32_t unit;

	if (!private_room(thr))
		return NULL;
	unit = ct_slab_alloc(&tbl->slab, &thr->magazine[CT_SLAB_CONN],
			     CT_SLAB_CONN);
	if (!unit)
		return NULL;
	conn = ct_conn_at(tbl, unit);

	/* A walk may look at the status word meanwhile: it knows of nothing.
	 * Most first timeouts are low, and it need not be set then. */
	memset(conn->keys, 0, sizeof(conn->keys));
	atomic_store_explicit(&conn->status, CT_S_LOW, memory_order_relaxed);
	atomic_store_explicit(&conn->events, 0, memory_order_relaxed);
	atomic_store_explicit(&conn->timeout, 0, memory_order_relaxed);
	atomic_store_explicit(&conn->mark, 0, memory_order_relaxed);
	atomic_store_explicit(&conn->ext, 0, memory_order_relaxed);
	memset(conn->l4_state, 0, sizeof(conn->l4_state));
	ct_conn_class_word_set(conn, 0);
	conn->policy = 0;
	one = remember(thr, unit);
	atomic_store_explicit(&conn->gen, one->gen, memory_order_relaxed);
	if (ct_unlikely(tbl->extend.conn_units > CT_CONN_UNITS))
		memset(conn + 1, 0,
		       (size_t)tbl->extend.conn_units * CT_UNIT -
			       sizeof(*conn));
	ct_conn_keys_set(conn, &orig->tuple, reply);
	one->hash = (uint32_t)orig->hash;
	return conn;
}

/* --- Its end ------------------------------------------------------------ */

void ct_conn_free(struct ct_thread *thr, struct ct_conn *conn)
{
	struct ct_table *tbl = thr->tbl;

	if (ct_unlikely(ct_conn_has_ext(conn)))
		ct_help_free(thr, conn);
	ct_extend_free(thr, conn);
	if (ct_unlikely(ct_conn_word(conn) &
			(CT_S_SRC_NAT | CT_S_DST_NAT | CT_S_FAR)))
		ct_conn_untranslate(thr, conn);
	/* No life has this number: whoever remembers it knows it is gone. */
	atomic_store_explicit(&conn->gen, 0, memory_order_relaxed);
	atomic_store_explicit(&conn->status, 0, memory_order_release);
	ct_slab_free(&tbl->slab, &thr->magazine[CT_SLAB_CONN], CT_SLAB_CONN,
		     ct_conn_unit(tbl, conn));
}

void ct_conn_release(struct ct_thread *thr, struct ct_conn *conn)
{
	/*
	 * Without an owner now there is none any more.  With one, whoever comes
	 * second, this or the last put, frees it.
	 */
	if (ct_conn_word(conn) / CT_OWNER == 0 ||
	    ct_conn_set(conn, CT_S_RELEASED) / CT_OWNER == 0)
		ct_conn_free(thr, conn);
}

/* A private one counts no more. */
static void count_out(struct ct_thread *thr, const struct ct_conn *conn)
{
	ct_limits_leave(thr->tbl, conn, ct_conn_class_of(conn));
	ct_half_end(thr->tbl, conn);
	ct_count_give(thr);
}

void ct_conn_discard_later(struct ct_thread *thr, struct ct_conn *conn)
{
	count_out(thr, conn);
	ct_conn_set(conn, CT_S_DYING);
	ct_help_abandon(thr, conn);
	ct_conn_adopt(conn);
	ct_timer_stop(thr->tbl, conn);
	ct_worth_stop(thr->tbl, conn);
	ct_limbo_retire(thr, conn);
}

void ct_conn_discard(struct ct_thread *thr, struct ct_conn *conn)
{
	/* The handle that opened it may be looking at it, in its poll. */
	if (ct_conn_word(conn) / CT_OWNER) {
		ct_conn_discard_later(thr, conn);
		return;
	}
	count_out(thr, conn);
	ct_conn_set(conn, CT_S_DYING);
	ct_help_abandon(thr, conn);
	ct_conn_release(thr, conn);
}

/*
 * Its last put frees it from now on.
 *
 * => False when it has no owner.
 */
static bool leave_to_owners(struct ct_conn *conn)
{
	uint32_t word =
		atomic_load_explicit(&conn->status, memory_order_relaxed);

	do {
		/* Another handle may be confirming it, for its owner. */
		if (word & (CT_S_CONFIRMED | CT_S_DYING))
			return true;
		if (word / CT_OWNER == 0)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		&conn->status, &word, word | CT_S_RELEASED,
		memory_order_acq_rel, memory_order_relaxed));
	return true;
}

void ct_conn_discard_private(struct ct_thread *thr)
{
	for (uint32_t i = 0; i < thr->n_private; i++) {
		const struct ct_private *one = &thr->opened[i];
		struct ct_conn *conn = ct_conn_at(thr->tbl, one->unit);

		if (still_private(conn, one->gen) && !leave_to_owners(conn))
			ct_conn_discard(thr, conn);
	}
	thr->n_private = 0;
	thr->next_private = 0;
}

void ct_conn_adopt(struct ct_conn *conn)
{
	if (ct_conn_word(conn) & CT_S_RELEASED)
		atomic_fetch_and_explicit(&conn->status,
					  ~(uint32_t)CT_S_RELEASED,
					  memory_order_acq_rel);
}

void ct_conn_returned(struct ct_thread *thr, struct ct_conn *conn)
{
	/* One that was never confirmed still counts. */
	if (!(ct_conn_word(conn) & CT_S_DYING))
		count_out(thr, conn);
	ct_conn_free(thr, conn);
}

bool ct_conn_condemn(struct ct_thread *thr, struct ct_conn *conn,
		     enum ct_reason reason)
{
	uint32_t was = ct_conn_set(conn, CT_S_DYING);

	if (was & CT_S_DYING)
		return false;
	ct_limits_leave(thr->tbl, conn, ct_conn_class_of(conn));
	ct_half_end(thr->tbl, conn);
	if (ct_conn_is_weak(was, ct_conn_class_word(conn)))
		ct_count_weak(thr, -1);
	ct_conn_class_word_set(conn, reason);
	return true;
}

/* It gives its place back, or else somebody has it already. */
static void bury(struct ct_thread *thr, struct ct_conn *conn,
		 const uint32_t hash[CT_DIR_MAX], bool gives)
{
	struct ct_table *tbl = thr->tbl;

	ct_buckets_remove(thr, conn, hash);
	ct_timer_stop(tbl, conn);
	ct_worth_stop(tbl, conn);
	if (gives)
		ct_count_give(thr);
	ct_times_stop(thr, conn);
	ct_count(thr, ct_conn_class_word(conn));
	ct_event_destroy(thr, conn);
}

void ct_conn_bury(struct ct_thread *thr, struct ct_conn *conn)
{
	uint32_t hash[CT_DIR_MAX];

	ct_conn_hashes(conn, &thr->tbl->hash, hash);
	bury(thr, conn, hash, true);
}

/* A packet may have come after whoever asks for the end has looked. */
static bool still_due(const struct ct_thread *thr, const struct ct_conn *conn,
		      enum ct_reason reason) CT_REQUIRES(conn->lock)
{
	if (reason == CT_R_END_EXPIRED)
		return ct_conn_expired(conn, thr->now);
	return reason != CT_R_END_EVICTED ||
	       !(ct_conn_word(conn) & CT_S_ASSURED);
}

static bool condemn_due(struct ct_thread *thr, struct ct_conn *conn,
			enum ct_reason reason)
{
	bool ended = false;

	ct_spin_lock(&conn->lock);
	if (still_due(thr, conn, reason))
		ended = ct_conn_condemn(thr, conn, reason);
	ct_spin_unlock(&conn->lock);
	return ended;
}

bool ct_conn_kill(struct ct_thread *thr, struct ct_conn *conn,
		  enum ct_reason reason)
{
	if (!condemn_due(thr, conn, reason))
		return false;
	ct_conn_bury(thr, conn);
	return true;
}

bool ct_conn_replace(struct ct_thread *thr, struct ct_conn *conn,
		     enum ct_reason reason, const uint32_t hash[CT_DIR_MAX])
{
	uint32_t own[CT_DIR_MAX];

	if (!condemn_due(thr, conn, reason))
		return false;
	if (!hash)
		ct_conn_hashes(conn, &thr->tbl->hash, own);
	bury(thr, conn, hash ? hash : own, false);
	return true;
}

int ct_conn_delete(struct ct_thread *thr, struct ct_conn *conn)
{
	if (!ct_conn_known(conn))
		return CT_E_NOENT;
	return ct_conn_kill(thr, conn, CT_R_END_DELETED) ? 0 : CT_E_NOENT;
}

/* --- Owners ------------------------------------------------------------- */

struct ct_conn *ct_conn_get(struct ct_conn *conn)
{
	uint32_t old =
		atomic_load_explicit(&conn->status, memory_order_relaxed);

	do {
		if (old / CT_OWNER == CT_OWNERS_MAX)
			return conn;
	} while (!atomic_compare_exchange_weak_explicit(
		&conn->status, &old, old + CT_OWNER, memory_order_acq_rel,
		memory_order_relaxed));
	return conn;
}

void ct_conn_put(struct ct_table *tbl, struct ct_conn *conn)
{
	uint32_t old, first;

	if (!conn)
		return;
	old = atomic_load_explicit(&conn->status, memory_order_relaxed);
	do {
		if (old / CT_OWNER == CT_OWNERS_MAX)
			return;
	} while (!atomic_compare_exchange_weak_explicit(
		&conn->status, &old, old - CT_OWNER, memory_order_acq_rel,
		memory_order_relaxed));
	if (old / CT_OWNER != 1 || !(old & CT_S_RELEASED))
		return;

	/* The caller may have no handle: the next poll of any frees it. */
	first = atomic_load_explicit(&tbl->returned, memory_order_relaxed);
	do {
		atomic_store_explicit(&conn->timeout, first,
				      memory_order_relaxed);
		/* release; pairs with the acquire in free_returned() */
	} while (!atomic_compare_exchange_weak_explicit(
		&tbl->returned, &first, ct_conn_unit(tbl, conn),
		memory_order_release, memory_order_relaxed));
}

/* --- Readers and setters ------------------------------------------------ */

uint32_t ct_conn_status(const struct ct_conn *conn)
{
	return ct_conn_word(conn) & CT_S_PUBLIC;
}

uint64_t ct_conn_id(const struct ct_table *tbl, const struct ct_conn *conn)
{
	return (uint64_t)gen_of(conn) << 32 | ct_conn_unit(tbl, conn);
}

uint32_t ct_conn_expires(const struct ct_thread *thr,
			 const struct ct_conn *conn)
{
	uint32_t status = ct_conn_word(conn);
	uint32_t timeout =
		atomic_load_explicit(&conn->timeout, memory_order_acquire);
	int32_t left;

	/* Once it is retired the word means something else. */
	if (status & CT_S_DYING)
		return 0;
	if (!(status & CT_S_CONFIRMED))
		return timeout / CT_TICKS_PER_S;
	left = ct_ticks_until(timeout, thr->now);
	return left > 0 ? (uint32_t)left / CT_TICKS_PER_S : 0;
}

const char *ct_conn_state_name(const struct ct_table *tbl,
			       const struct ct_conn *conn)
{
	const struct ct_l4_ops *ops;
	struct ct_tuple t;

	ct_conn_tuple(conn, CT_DIR_ORIG, &t);
	ops = ct_registry_l4(tbl, t.l4);
	return ops->state_name ? ops->state_name(conn) : NULL;
}

uint32_t ct_conn_mark(const struct ct_conn *conn)
{
	return atomic_load_explicit(&conn->mark, memory_order_relaxed);
}

void ct_conn_mark_set(struct ct_thread *thr, struct ct_conn *conn,
		      uint32_t mark)
{
	if (atomic_exchange_explicit(&conn->mark, mark, memory_order_relaxed) !=
	    mark)
		ct_event_note(thr, conn, CT_EV_MARK);
}
