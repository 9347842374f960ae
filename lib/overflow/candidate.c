/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * candidate.c - a connection that may have to go; see candidate.h
 */
#include "overflow/candidate.h"

#include "core/table.h"
#include "core/timer.h"
#include "overflow/ask.h"
#include "overflow/hold.h"
#include "overflow/probe.h"

/*
 * => The order in which groups go. What has proven nothing is spared while it
 *    has not got its share.
 */
static unsigned order_of(const struct ct_thread *thr,
			 const struct ct_candidate *cand)
{
	unsigned group = ct_worth_group(cand->worth);

	/* Its own class has come for it. */
	if (group == CT_WORTH_KEPT_WEAK)
		group = CT_WORTH_UNPROVEN;
	if (group == CT_WORTH_UNPROVEN && !thr->crowd)
		return 2 * CT_WORTH_ESTABLISHED + 1;
	return 2 * group;
}

static uint8_t rank_of(const struct ct_thread *thr,
		       const struct ct_candidate *cand)
{
	return ct_class_rank(&thr->tbl->limits, cand->class_);
}

bool ct_candidate_heavy_pays(const struct ct_thread *thr)
{
	return thr->proven && !thr->crowd;
}

bool ct_candidate_worse(const struct ct_thread *thr,
			const struct ct_candidate *a,
			const struct ct_candidate *b)
{
	unsigned oa = order_of(thr, a), ob = order_of(thr, b);
	bool unproven = ct_worth_takes_turns(a->worth);

	if (ct_unlikely(ct_ask_scores(thr->tbl)) && a->score != b->score)
		return a->score < b->score;
	if (a->much != b->much &&
	    (ct_candidate_heavy_pays(thr) || (oa == ob && unproven)))
		return a->much;
	if (oa != ob)
		return oa < ob;
	if (ct_worth_group(a->worth) == CT_WORTH_FAVOURED &&
	    rank_of(thr, a) != rank_of(thr, b))
		return rank_of(thr, a) < rank_of(thr, b);
	if (unproven && a->turns != b->turns)
		return a->turns > b->turns;
	if (!unproven && a->worth != b->worth)
		return a->worth < b->worth;
	if ((a->worth ^ b->worth) & CT_WORTH_NAT)
		return !(a->worth & CT_WORTH_NAT);
	return a->age.idle > b->age.idle;
}

unsigned ct_candidate_activity(const struct ct_candidate *cand)
{
	return ct_worth_is_proven(cand->worth) ? ct_worth_activity(cand->worth)
					       : 0;
}

/* The deadline becomes the timeout, so that the next search knows better who has
 * been idle for long. */
static void learn(struct ct_thread *thr, struct ct_conn *conn)
{
	ct_spin_lock(&conn->lock);
	if (ct_conn_known(conn))
		ct_timer_start(thr, conn);
	ct_spin_unlock(&conn->lock);
}

/* => How idle, and with what consequence. */
static void look_at_age(struct ct_thread *thr, struct ct_candidate *cand)
{
	uint8_t below = cand->worth & ((1u << CT_WORTH_SHIFT) - 1);
	uint32_t soft;

	cand->age = ct_worth_age(thr, cand->conn);
	soft = ct_worth_soft(thr->tbl, ct_conn_class_of(cand->conn),
			     cand->age.life);
	if (ct_worth_group(cand->worth) == CT_WORTH_ESTABLISHED &&
	    cand->age.idle <= soft)
		learn(thr, cand->conn);
	else if (ct_worth_group(cand->worth) == CT_WORTH_ESTABLISHED &&
		 !ct_probe_want(thr, cand->conn))
		cand->worth =
			(uint8_t)(CT_WORTH_STALE << CT_WORTH_SHIFT | below);
}

bool ct_candidate_meets_heavy(const struct ct_thread *thr)
{
	return thr->heavy && thr->now - thr->heavy < CT_TICKS_PER_S;
}

bool ct_candidate_sample(struct ct_thread *thr, uint64_t key)
{
	bool much = ct_share_sample(thr, key);

	if (ct_unlikely(much))
		thr->heavy = thr->now;
	return much;
}

/* What the host makes of it; what is over anyway is worth nothing. */
static uint8_t score_by_host(struct ct_thread *thr,
			     const struct ct_candidate *cand,
			     const struct ct_tuple *t, uint32_t source)
{
	const struct ct_known known = { t,      cand->age.life, cand->age.idle,
					source, cand->class_,   cand->worth };

	return cand->reason == CT_R_END_EXPIRED
		       ? cand->worth
		       : ct_ask_score(thr, cand->conn, &known);
}

/* => It is of the zone or source that has met its limit, and may go for it. */
static bool is_within(const struct ct_candidate *cand, const struct ct_tuple *t,
		      const struct ct_newcomer *new)
{
	if (ct_worth_is_proven(cand->worth) &&
	    ct_worth_group(cand->worth) != CT_WORTH_STALE)
		return false;
	return new->within == CT_LIMIT_ZONE ? t->zone == new->t->zone
					    : cand->key == new->key;
}

bool ct_candidate_is_held(struct ct_thread *thr,
			  const struct ct_candidate *cand)
{
	return ct_worth_group(cand->worth) == CT_WORTH_UNPROVEN &&
	       !cand->much && !ct_ask_scores(thr->tbl) &&
	       ct_hold_spares(thr, cand->conn, cand->age.idle);
}

bool ct_candidate_look(struct ct_thread *thr, struct ct_conn *conn,
		       const struct ct_newcomer *new, struct ct_candidate *cand)
{
	struct ct_table *tbl = thr->tbl;
	uint32_t source = 0;
	struct ct_tuple t;

	if (!conn || !ct_conn_known(conn))
		return false;
	ct_count_own(&thr->n_candidates, 1);
	cand->conn = conn;
	cand->hash = NULL;
	cand->worth = ct_worth_of(tbl, conn);
	cand->turns = ct_worth_turns(
		cand->worth,
		atomic_load_explicit(&tbl->turn, memory_order_relaxed));
	cand->reason =
		ct_conn_is_weak(ct_conn_word(conn), ct_conn_class_word(conn))
			? CT_R_END_EVICTED
			: CT_R_END_RECYCLED;
	if (ct_conn_expired(conn, thr->now)) {
		cand->worth = 0;
		cand->reason = CT_R_END_EXPIRED;
	}
	look_at_age(thr, cand);
	cand->class_ = (uint8_t)ct_conn_class(conn);
	cand->key = ct_share_key_of(tbl, conn);
	if (ct_unlikely(ct_ask_scores(tbl)))
		source = ct_share_of(tbl, cand->key);
	cand->much = ct_candidate_sample(thr, cand->key);
	cand->score = cand->worth;
	if (new->much && cand->key != new->key &&
	    cand->reason != CT_R_END_EXPIRED)
		return false;
	if (ct_worth_group(cand->worth) >= CT_WORTH_KEPT_WEAK &&
	    cand->class_ != new->class_)
		return false;
	if (ct_worth_group(cand->worth) == CT_WORTH_FAVOURED &&
	    rank_of(thr, cand) > ct_class_rank(&tbl->limits, new->class_))
		return false;
	if (ct_likely(!ct_ask_scores(tbl) && !tbl->limits.on))
		return true;
	ct_conn_tuple(conn, CT_DIR_ORIG, &t);
	if (new->within != CT_LIMIT_NONE && !is_within(cand, &t, new))
		return false;
	if (ct_ask_scores(tbl))
		cand->score = score_by_host(thr, cand, &t, source);
	return !ct_limits_guard(tbl, &t, cand->class_, new->t, new->class_);
}
