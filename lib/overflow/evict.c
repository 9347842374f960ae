/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * evict.c - when the table is full: who goes
 *
 * By the parameter overflow.policy: by value (choose.h), or as Linux does: of the
 * hash table's neighbourhoods that follow the newcomer's own, eight are looked
 * at, and the first one that holds connections which are not assured loses all
 * of these.  Where all are assured only expired ones can
 * go, and a piece of the sweep looks for them; when it finds none, newcomers of
 * the same tick are refused without another look (count.h).
 *
 * Linux' neighbourhoods are the chains of its hash table; nf_conntrack_buckets
 * says how many there are.  Ours has another number of buckets, so a
 * neighbourhood is told by the low bits of the hash:
 *
 *	fewer buckets than neighbourhoods: one bucket holds several of them,
 *		and each entry's own hash tells which it is in;
 *	more: a neighbourhood is spread over several buckets.
 */
#include "overflow/evict.h"

#include "core/table.h"
#include "core/timer.h"
#include "core/worth.h"
#include "overflow/choose.h"

#define NEIGHBOURHOODS 8  /* that early drop looks at, as Linux does */
#define PLACES         64 /* that the sweep looks at instead */

/* One in so many connections: of 64 that a search looks into, four are of whom
 * it looks for. */
#define FEW 16

struct search {
	struct ct_thread *thr;
	uint32_t mask; /* number of neighbourhoods, a power of two, less 1 */
	uint32_t which;
	unsigned n_evicted;
};

/* Its class, and what it is worth, as all others' in the list of victims; this
 * policy asks for neither. */
static struct ct_victim victim_of(struct ct_thread *thr, struct ct_conn *conn)
{
	struct ct_victim victim = {
		.at_ns = thr->now_ns,
		.reason = CT_R_END_EVICTED,
		.idle_s = ct_worth_age(thr, conn).idle / CT_TICKS_PER_S,
		.status = ct_conn_status(conn),
		.class_ = (uint8_t)ct_conn_class(conn),
		.score = ct_worth_of(thr->tbl, conn),
	};

	ct_conn_tuple(conn, CT_DIR_ORIG, &victim.tuple);
	return victim;
}

static void consider(void *user, struct ct_conn *conn, enum ct_dir dir)
{
	struct search *search = user;
	struct ct_thread *thr = search->thr;
	enum ct_reason why = CT_R_END_EVICTED;
	struct ct_key key[CT_DIR_MAX];
	struct ct_victim victim;

	if (!ct_conn_known(conn))
		return;
	if (ct_conn_expired(conn, thr->now))
		why = CT_R_END_EXPIRED;
	else if (ct_conn_status(conn) & CT_S_ASSURED)
		return;
	ct_conn_keys(conn, &thr->tbl->hash, key);
	if (((uint32_t)key[dir].hash & search->mask) != search->which)
		return;
	victim = victim_of(thr, conn);
	if (!ct_conn_kill(thr, conn, why))
		return;
	search->n_evicted++;
	if (why == CT_R_END_EVICTED)
		ct_ledger_evicted(thr->tbl, &victim);
}

static uint32_t mask_for(uint32_t n)
{
	uint32_t mask = 0;

	while (mask < n - 1)
		mask = mask << 1 | 1;
	return mask;
}

static bool drop_early(struct ct_thread *thr, uint64_t hash)
{
	struct ct_table *tbl = thr->tbl;
	uint32_t n =
		atomic_load_explicit(&tbl->buckets.n, memory_order_acquire);
	struct search search = {
		.thr = thr,
		.mask = mask_for(ct_core_param(tbl, CT_P_BUCKETS)),
	};

	if (!ct_count_any_weak(tbl))
		return ct_timer_sweep(thr, PLACES) > 0;
	for (uint32_t i = 0; i < NEIGHBOURHOODS && !search.n_evicted; i++) {
		uint64_t at = search.which = ((uint32_t)hash + i) & search.mask;

		do {
			ct_buckets_visit(tbl, ct_bucket_map(at, n), consider,
					 &search);
			at += (uint64_t)search.mask + 1;
		} while (at < n);
	}
	return search.n_evicted > 0;
}

bool ct_evict_within(struct ct_thread *thr, struct ct_newcomer *new,
		     enum ct_limit limit)
{
	uint64_t n = ct_limits_has(thr->tbl, new->t, limit);

	if (ct_core_param(thr->tbl, CT_P_POLICY) != CT_OVERFLOW_SCORED ||
	    n * FEW < atomic_load_explicit(&thr->tbl->n_conns,
					   memory_order_relaxed))
		return false;
	new->within = limit;
	return ct_choose_within(thr, new);
}

static enum ct_room taken(bool whether)
{
	return whether ? CT_ROOM_TAKEN : CT_ROOM_NONE;
}

static enum ct_room freed(bool whether)
{
	return whether ? CT_ROOM_FREE : CT_ROOM_NONE;
}

enum ct_room ct_evict_for(struct ct_thread *thr, struct ct_newcomer *new)
{
	switch (ct_core_param(thr->tbl, CT_P_POLICY)) {
	case CT_OVERFLOW_SCORED:
		return taken(ct_choose_scored(thr, new));
	case CT_OVERFLOW_LINUX:
		return freed(drop_early(thr, new->hash));
	case CT_OVERFLOW_LRU:
		return taken(ct_choose_lru(thr, new));
	case CT_OVERFLOW_RANDOM:
		return taken(ct_choose_random(thr, new));
	default: /* refuses */
		return freed(ct_timer_sweep(thr, PLACES) > 0);
	}
}

void ct_evict_foresee(const struct ct_thread *thr, uint64_t hash)
{
	const struct ct_table *tbl = thr->tbl;

	if (ct_unlikely(
		    atomic_load_explicit(&tbl->n_conns, memory_order_relaxed) >=
		    ct_max_conns(tbl)))
		ct_ghost_fetch(tbl, hash);
}
