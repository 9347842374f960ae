/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pick.c - a range to the one tuple that a connection gets
 *
 * In the order of Linux:
 *
 *	1  a source that is in the range stays, or else gets what its other
 *	   connections have (mapping.h), if that is free with this peer
 *	2  an address of the range
 *	3  the id at hand, if the range has it and it is free
 *	4  ids of the range, or of the id's own class, from a random one on
 *
 * Free means that the table has no other connection with the reply tuple.  Two
 * threads may find the same one free at once: the later ct_confirm() loses.
 */
#include "nat/pick.h"

#include "core/table.h"

#include <arpa/inet.h>

enum {
	TRIES_FIRST = 128, /* ids in a row; then half as many elsewhere */
	TRIES_LAST = 16    /* fewer are not worth it */
};

/* The classes of Linux: a port stays among those of its kind. */
enum {
	CLASS_LOW_FIRST = 1,
	CLASS_LOW_LAST = 511,
	CLASS_MID_FIRST = 600,
	CLASS_MID_LAST = 1023,
	CLASS_HIGH_FIRST = 1024,
	CLASS_HIGH_LAST = 65535
};

/* --- Taken? ------------------------------------------------------------- */

bool ct_pick_reply_key(const struct ct_pick *pick, const struct ct_tuple *leave,
		       struct ct_key *key)
{
	const uint32_t ids = CT_L4_NAT_PORTS | CT_L4_NAT_QUERY;
	const struct ct_hash_key *secret = &pick->thr->tbl->hash;

	if (ct_unlikely(ct_tuple_wide(leave) ||
			(pick->ops->flags & ids) != CT_L4_NAT_PORTS)) {
		if (!ct_l4_invert(pick->ops, leave, &key->tuple))
			return false;
		ct_key_finish(key, secret);
		return true;
	}
	key->wide = false;
	key->dirs = CT_KEY_BOTH;
	ct_narrow_set(&key->narrow, (ct_be32[]){ leave->dst.v4, leave->src.v4 },
		      (ct_be16[]){ leave->dst_id, leave->src_id },
		      ct_narrow_tail(leave->l3, leave->l4, leave->zone));
	key->hash = ct_hash_narrow(secret, &key->narrow);
	return true;
}

static bool same_flow(const struct ct_pick *pick, const struct ct_conn *conn)
{
	struct ct_tuple orig;

	ct_conn_tuple(conn, CT_DIR_ORIG, &orig);
	return ct_tuple_equal(&orig, &pick->orig);
}

/* ct_pick_holder(), and as which of its tuples. */
static struct ct_conn *holder(const struct ct_pick *pick,
			      const struct ct_tuple *leave, enum ct_dir *dir)
{
	struct ct_thread *thr = pick->thr;
	struct ct_conn *conn;
	struct ct_key key;

	if (!ct_pick_reply_key(pick, leave, &key))
		return NULL;
	if (leave->zone != pick->orig.zone)
		key.dirs = CT_KEY_REPLY;
	for (;;) {
		conn = ct_buckets_find(thr->tbl, &key, dir);
		if (!conn || !ct_conn_expired(conn, thr->now))
			break;
		ct_conn_kill(thr, conn, CT_R_END_EXPIRED);
	}
	return conn && same_flow(pick, conn) ? NULL : conn;
}

struct ct_conn *ct_pick_holder(const struct ct_pick *pick,
			       const struct ct_tuple *leave)
{
	enum ct_dir dir;

	return holder(pick, leave, &dir);
}

bool ct_pick_make_room(const struct ct_pick *pick, struct ct_conn *old)
{
	bool ended = false;

	if (!pick->ops->yields)
		return false;
	ct_spin_lock(&old->lock);
	if (pick->ops->yields(old, pick->conn))
		ended = ct_conn_condemn(pick->thr, old, CT_R_END_YIELDED);
	ct_spin_unlock(&old->lock);
	if (ended)
		ct_conn_bury(pick->thr, old);
	return ended;
}

/* => It is taken; with few tries left a finished one is ended, if it yields. */
static bool is_kept(const struct ct_pick *pick, const struct ct_tuple *leave,
		    uint32_t tries_left)
{
	struct ct_conn *conn = ct_pick_holder(pick, leave);

	return conn && (tries_left > CT_PICK_TRIES_HARD ||
			!ct_pick_make_room(pick, conn));
}

/*
 * Whether a tuple that needs no translation is taken.  Where two ends sent to
 * each other at once, the other's connection is this one the other way round;
 * they join in ct_confirm(), if the protocol allows that.
 */
static bool is_taken_as_it_is(const struct ct_pick *pick)
{
	enum ct_dir dir;
	const struct ct_conn *conn = holder(pick, &pick->now, &dir);
	struct ct_tuple reply;

	if (!conn)
		return false;
	if (!(pick->ops->flags & CT_L4_MAY_CLASH) || dir != CT_DIR_ORIG ||
	    ((ct_conn_word(conn) | ct_conn_word(pick->conn)) &
	     (CT_S_SRC_NAT | CT_S_DST_NAT)))
		return true;
	ct_conn_tuple(conn, CT_DIR_REPLY, &reply);
	return !ct_tuple_equal(&reply, &pick->orig);
}

/* --- Not to be had ------------------------------------------------------ */

static bool is_in_use(const struct ct_pick *pick, const struct ct_tuple *leave)
{
	const struct ct_nat_range *range = pick->range;

	return range->port_in_use && pick->end == CT_NAT_SRC &&
	       range->port_in_use(range->user, leave->l4, &leave->src,
				  ntohs(leave->src_id));
}

/* => The source would get an id that the range excludes, or that the host uses.
 *    One that stays as it is may be the host's own. */
static bool is_barred(const struct ct_pick *pick, const struct ct_tuple *leave)
{
	struct ct_tuple source = *leave;
	const ct_be16 *id = ct_range_id(pick->ops, &source, CT_NAT_SRC);

	if (ct_likely(!pick->range->n_excluded && !pick->range->port_in_use))
		return false;
	if (!id || pick->end != CT_NAT_SRC || ct_tuple_equal(leave, &pick->now))
		return false;
	return ct_range_excludes(pick->range, ntohs(*id)) ||
	       is_in_use(pick, leave);
}

/* --- What is there already ---------------------------------------------- */

/* => The source that a mapping makes of a tuple's. */
static void with_mapping(const struct ct_mapping *map, struct ct_tuple *t)
{
	t->src = map->outside;
	t->src_id = map->outside_id;
}

/* ct_mapping_fn: its source is one of the range's. */
static bool suits(const void *user, const struct ct_mapping *map)
{
	const struct ct_pick *pick = user;
	struct ct_tuple t = pick->now;

	if (map->outside_l3 != t.l3)
		return false;
	with_mapping(map, &t);
	return ct_range_has_source(pick->range, pick->ops, &t);
}

/* => Step 1 has found something. */
static bool keep_source(const struct ct_pick *pick, struct ct_tuple *leave)
{
	bool crosses = pick->orig.l3 != pick->now.l3;
	struct ct_tuple source = pick->now;
	struct ct_mapping map;

	if (!crosses && ct_range_has_source(pick->range, pick->ops, &pick->now))
		return !is_taken_as_it_is(pick);
	source.zone = pick->orig.zone;
	if (!ct_mapping_find(pick->thr->tbl, crosses ? &pick->orig : &source,
			     suits, pick, &map))
		return false;
	with_mapping(&map, &source);
	source.zone = pick->now.zone;
	if (ct_pick_is_taken(pick, &source) || is_barred(pick, &source))
		return false;
	*leave = source;
	return true;
}

/* --- Ids ---------------------------------------------------------------- */

struct span {
	uint32_t first;
	uint32_t n;
};

static struct span span_of(uint32_t first, uint32_t last)
{
	return (struct span){ first, last - first + 1 };
}

static struct span id_span(const struct ct_pick *pick, uint16_t id)
{
	if (pick->range->flags & CT_NAT_IDS)
		return span_of(pick->range->min_id, pick->range->max_id);
	if (pick->ops->flags & CT_L4_NAT_QUERY)
		return span_of(0, UINT16_MAX);
	if (id <= CLASS_LOW_LAST)
		return span_of(CLASS_LOW_FIRST, CLASS_LOW_LAST);
	if (id <= CLASS_MID_LAST)
		return span_of(CLASS_MID_FIRST, CLASS_MID_LAST);
	return span_of(CLASS_HIGH_FIRST, CLASS_HIGH_LAST);
}

/* Where in the span to begin. */
static uint32_t id_start(const struct ct_pick *pick, uint16_t id)
{
	if (pick->range->flags & CT_NAT_OFFSET)
		return (uint16_t)(id - pick->range->base_id);
	/* A port forward goes to the first port of its range. */
	if (pick->end == CT_NAT_DST && !ct_range_random(pick->range))
		return 0;
	return ct_random(pick->thr) & UINT16_MAX;
}

/*
 * Nothing is tried where NAT may not choose: without ids, where prefixes are
 * translated, a destination port that no range asks for, and what has been
 * counted as a mapping already.
 */
static ct_be16 *id_to_choose(const struct ct_pick *pick, struct ct_tuple *leave)
{
	if (pick->range->flags & CT_NAT_NPT)
		return NULL;
	if ((pick->ops->flags & CT_L4_NAT_TOLD) &&
	    !(pick->range->flags & CT_NAT_IDS))
		return NULL;
	if (pick->end == CT_NAT_DST) {
		bool query = pick->ops->flags & CT_L4_NAT_QUERY;

		if (!query && !(pick->range->flags & CT_NAT_IDS))
			return NULL;
		if (query && (ct_conn_word(pick->conn) & CT_S_SRC_NAT))
			return NULL;
	}
	return ct_range_told_id(pick->ops, leave, pick->end);
}

/* Pass over what is excluded; => false: all of the span is. */
static bool skip_excluded(const struct ct_pick *pick, const struct span *span,
			  uint32_t *at)
{
	const struct ct_nat_ids *ids;
	uint32_t passed = 0;

	if (pick->end != CT_NAT_SRC)
		return true;
	while (passed < span->n) {
		uint32_t place = *at % span->n, step;

		ids = ct_range_excludes(pick->range, span->first + place);
		if (ct_likely(!ids))
			return true;
		step = ids->last - span->first - place + 1;
		if (step > span->n - place)
			step = span->n - place;
		passed += step;
		*at += step;
	}
	return false;
}

/* => Step 4, or CT_E_FULL. */
static int choose_id(const struct ct_pick *pick, struct ct_tuple *leave)
{
	ct_be16 *id = id_to_choose(pick, leave);
	uint32_t tries, at;
	struct span span;

	if (!id)
		/* The source may still make a destination unique. */
		return pick->end == CT_NAT_SRC && ct_pick_is_taken(pick, leave)
			       ? CT_E_FULL
			       : 0;
	span = id_span(pick, ntohs(*id));
	at = id_start(pick, ntohs(*id));
	tries = span.n < TRIES_FIRST ? span.n : TRIES_FIRST;
	for (;;) {
		for (uint32_t left = tries; left; left--, at++) {
			if (ct_unlikely(pick->range->n_excluded) &&
			    !skip_excluded(pick, &span, &at))
				return CT_E_FULL;
			*id = htons((uint16_t)(span.first + at % span.n));
			if (!is_in_use(pick, leave) &&
			    !is_kept(pick, leave, left))
				return 0;
		}
		if (tries >= span.n || tries < TRIES_LAST)
			return CT_E_FULL;
		tries /= 2;
		at = ct_random(pick->thr) & UINT16_MAX;
	}
}

/* => The range does not ask for another id, or not for one it has not. */
static bool id_will_do(const struct ct_pick *pick, const struct ct_tuple *leave)
{
	const struct ct_nat_range *range = pick->range;

	if (is_barred(pick, leave))
		return false;
	if (!(range->flags & CT_NAT_IDS))
		return !ct_pick_is_taken(pick, leave);
	if ((range->flags & CT_NAT_OFFSET) ||
	    !ct_range_has_id(range, pick->ops, leave, pick->end))
		return false;
	return range->min_id == range->max_id || !ct_pick_is_taken(pick, leave);
}

int ct_pick(const struct ct_pick *pick, struct ct_tuple *leave)
{
	bool may_stay = !ct_range_random(pick->range);

	*leave = pick->now;
	if (may_stay && pick->end == CT_NAT_SRC && keep_source(pick, leave))
		return 0;
	ct_range_choose(pick->range, pick->orig.zone, leave, pick->end);
	if (may_stay && id_will_do(pick, leave))
		return 0;
	return choose_id(pick, leave);
}
