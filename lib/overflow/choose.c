/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * choose.c - who goes, by value; see choose.h
 *
 *	line -> who of it is worth least (rate.h) -> up to four of these, or 16
 *	where a source holds much -> each looked into: alive? how old? whose? ->
 *	the worst one -> is it worth less than the newcomer?
 *
 * The bytes are hints, and so is what is read of a connection without its lock;
 * what counts is looked at again under the lock, by ct_conn_kill().
 */
#include "overflow/choose.h"

#include "core/count.h"
#include "core/table.h"
#include "core/timer.h"
#include "overflow/ask.h"
#include "overflow/hold.h"
#include "overflow/probe.h"
#include "overflow/rate.h"

/* A source with more than this part of the table, of 65535, holds much: 1/16. */
#define MUCH 4096u

/*
 * One search in so many halves the activity of the line that it looks at: each
 * line's in eight times as many searches as there are connections, about as fast
 * as ghosts are (ghost.c).
 */
#define TIRE_EVERY 512u

/* Part of what may be on probation that may have proven something before those
 * come whom it pays for. */
#define CREDIT 16u

/* In units of which a thread remembers what its victims were worth. */
#define USUAL 16u

struct candidate {
	struct ct_conn *conn;
	enum ct_reason reason; /* that it would end for */
	uint8_t worth;         /* as it is, not as the byte says */
	uint32_t source;       /* share of the table */
	uint64_t key;          /* its source */
	struct ct_tuple t;     /* its original one */
	uint8_t class_;
	uint8_t turns; /* since it came, if it has proven nothing */
	struct ct_age age;
	uint8_t score; /* the worth, or what the host makes of it */
};

static uint32_t turn_now(const struct ct_thread *thr)
{
	return atomic_load_explicit(&thr->tbl->turn, memory_order_relaxed);
}

/*
 * => The order in which groups go. What has proven nothing is spared while it
 *    has not got its share.
 */
static unsigned order_of(const struct ct_thread *thr,
			 const struct candidate *cand)
{
	unsigned group = ct_worth_group(cand->worth);

	/* Its own class has come for it. */
	if (group == CT_WORTH_KEPT_WEAK)
		group = CT_WORTH_UNPROVEN;
	if (group == CT_WORTH_UNPROVEN && !thr->crowd)
		return 2 * CT_WORTH_ESTABLISHED + 1;
	return 2 * group;
}

/*
 * => Whoever holds much pays first: one of those that were let in has proven
 *    something, and is not paid for yet.
 */
static bool heavy_pays(const struct ct_thread *thr)
{
	return thr->proven && !thr->crowd;
}

/* => What goes before the other one. */
static bool is_worse(const struct ct_thread *thr, const struct candidate *a,
		     const struct candidate *b)
{
	bool a_much = a->source > MUCH, b_much = b->source > MUCH;
	unsigned oa = order_of(thr, a), ob = order_of(thr, b);
	bool unproven = ct_worth_takes_turns(a->worth);

	if (ct_unlikely(ct_ask_scores(thr->tbl)) && a->score != b->score)
		return a->score < b->score;
	if (a_much != b_much && (heavy_pays(thr) || (oa == ob && unproven)))
		return a_much;
	if (oa != ob)
		return oa < ob;
	if (unproven && a->turns != b->turns)
		return a->turns > b->turns;
	if (!unproven && a->worth != b->worth)
		return a->worth < b->worth;
	if ((a->worth ^ b->worth) & CT_WORTH_NAT)
		return !(a->worth & CT_WORTH_NAT);
	return a->age.idle > b->age.idle;
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
static void look_at_age(struct ct_thread *thr, struct candidate *cand)
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

/* Count a sample of a source; => what the source has, without this one. */
static uint32_t sample(struct ct_thread *thr, uint64_t key)
{
	uint32_t share = ct_share_of(thr, key);

	ct_share_add(thr, key);
	if (share > MUCH)
		thr->heavy = thr->now;
	return share;
}

/* What it is worth to whoever decides; what is over anyway is nothing. */
static uint8_t score_of(struct ct_thread *thr, const struct candidate *cand)
{
	const struct ct_known known = { &cand->t,       cand->age.life,
					cand->age.idle, cand->source,
					cand->class_,   cand->worth };

	if (ct_likely(!ct_ask_scores(thr->tbl)) ||
	    cand->reason == CT_R_END_EXPIRED)
		return cand->worth;
	return ct_ask_score(thr, cand->conn, &known);
}

/* => It is of the zone or source that has met its limit, and may go for it. */
static bool is_within(const struct candidate *cand,
		      const struct ct_newcomer *new)
{
	if (ct_worth_is_proven(cand->worth) &&
	    ct_worth_group(cand->worth) != CT_WORTH_STALE)
		return false;
	return new->within == CT_LIMIT_ZONE ? cand->t.zone == new->t->zone
					    : cand->key == new->key;
}

/* Look into a connection; => false when it is none that could go. */
static bool look_into(struct ct_thread *thr, struct ct_conn *conn,
		      const struct ct_newcomer *new, struct candidate *cand)
{
	if (!conn || !ct_conn_known(conn))
		return false;
	ct_count_own(&thr->n_candidates, 1);
	cand->conn = conn;
	cand->worth = ct_worth_of(thr->tbl, conn);
	cand->turns = ct_worth_turns(cand->worth, turn_now(thr));
	cand->reason =
		ct_conn_is_weak(ct_conn_word(conn), ct_conn_class_word(conn))
			? CT_R_END_EVICTED
			: CT_R_END_RECYCLED;
	if (ct_conn_expired(conn, thr->now)) {
		cand->worth = 0;
		cand->reason = CT_R_END_EXPIRED;
	}
	look_at_age(thr, cand);
	ct_conn_tuple(conn, CT_DIR_ORIG, &cand->t);
	cand->class_ = (uint8_t)ct_conn_class(conn);
	cand->key = ct_share_key(thr->tbl, &cand->t);
	cand->source = sample(thr, cand->key);
	cand->score = score_of(thr, cand);
	if (new->within != CT_LIMIT_NONE && !is_within(cand, new))
		return false;
	if (new->much && cand->key != new->key &&
	    cand->reason != CT_R_END_EXPIRED)
		return false;
	if (ct_worth_group(cand->worth) >= CT_WORTH_KEPT_WEAK &&
	    cand->class_ != new->class_)
		return false;
	return !ct_limits_guard(thr->tbl, &cand->t, cand->class_, new->t,
				new->class_);
}

/* => A source that holds much was met within the last second. */
static bool meets_heavy(const struct ct_thread *thr)
{
	return thr->heavy && thr->now - thr->heavy < CT_TICKS_PER_S;
}

/*
 * => Any place of a line may be whose connection is looked for: whoever holds much
 *    may be busy as well, a zone's are anywhere, and a host's policy may think
 *    of them as it likes.
 */
static bool looks_wide(const struct ct_thread *thr,
		       const struct ct_newcomer *new)
{
	return meets_heavy(thr) || new->within != CT_LIMIT_NONE ||
	       ct_ask_scores(thr->tbl);
}

/* => It is in the midst of a handshake, which it is given the time for. */
static bool is_held(struct ct_thread *thr, const struct candidate *cand)
{
	return ct_worth_group(cand->worth) == CT_WORTH_UNPROVEN &&
	       cand->source <= MUCH && !ct_ask_scores(thr->tbl) &&
	       ct_hold_spares(thr, cand->conn, cand->age.idle);
}

/*
 * The worst of the places of a line that are alike.
 *
 * => false when none of them could go.
 */
static bool worst_of(struct ct_thread *thr, const struct ct_newcomer *new,
		     const struct ct_rate_line *line, uint64_t places,
		     struct candidate *worst)
{
	struct candidate cand;
	bool found = false;

	unsigned n = looks_wide(thr, new) ? CT_CHOOSE_FAR : CT_CHOOSE_NEAR;

	for (; n && places; n--) {
		unsigned i = n % 2 ? ct_rate_any(thr, places)
				   : ct_rate_oldest(line, places, thr->now);

		places &= ~(UINT64_C(1) << i);
		if (!look_into(thr, ct_rate_conn(thr, line, i), new, &cand) ||
		    cand.score >= new->value || is_held(thr, &cand))
			continue;
		if (!found || is_worse(thr, &cand, worst))
			*worst = cand;
		found = true;
	}
	return found;
}

/*
 * => Those that are not assured have their share of the table already.
 *
 * Counting them asks all threads, so it is done once in a while: when one in 64
 * of them may have changed.
 */
static bool is_crowd(struct ct_thread *thr)
{
	struct ct_table *tbl = thr->tbl;
	uint64_t share = (uint64_t)ct_core_param(tbl, CT_P_MAX_CONNS) *
			 ct_core_param(tbl, CT_P_PROBATION) / 1000;

	if (!thr->crowd_left) {
		if (thr->proven > share / CREDIT)
			thr->proven = (uint32_t)(share / CREDIT) + 1;
		thr->weak_now = ct_count_weak_now(tbl);
		thr->crowd = thr->weak_now >= share;
		thr->crowd_left = (uint32_t)(share / 64);
	} else {
		thr->crowd_left--;
	}
	return thr->crowd;
}

/* => It is of a class whose connections go for their like only. */
static bool is_kept(const struct ct_thread *thr, const struct ct_newcomer *new)
{
	return ct_class_has(ct_class_at(&thr->tbl->limits, new->class_),
			    CT_CLASS_KEEP);
}

/* => What a newcomer is worth: more than anybody whose place it may take. */
static uint8_t value_of(struct ct_thread *thr, const struct ct_newcomer *new)
{
	const struct ct_class *class_ =
		ct_class_at(&thr->tbl->limits, new->class_);
	struct ct_known known = {
		.t = new->t,
		.source = ct_share_of(thr, new->key),
		.class_ = new->class_,
	};
	bool crowd = is_crowd(thr);
	unsigned above = crowd ? CT_WORTH_ESTABLISHED : CT_WORTH_FAVOURED;

	if (atomic_load_explicit(&class_->rank, memory_order_relaxed))
		above = CT_WORTH_KEPT_WEAK;
	if (is_kept(thr, new))
		above = CT_WORTH_KEPT + !crowd;
	known.worth = above > CT_WORTH_KEPT
			      ? UINT8_MAX
			      : (uint8_t)(above << CT_WORTH_SHIFT);
	return ct_ask_value(thr, new, &known);
}

/* => Its activity, if it has proven something. */
static unsigned activity_of(const struct candidate *cand)
{
	return ct_worth_is_proven(cand->worth) ? ct_worth_activity(cand->worth)
					       : 0;
}

/* => More active than victims usually are, or proven where others are not:
 * another line may have better ones. */
static bool is_dear(const struct ct_thread *thr, const struct candidate *cand)
{
	if (thr->crowd && ct_worth_group(cand->worth) >= CT_WORTH_ESTABLISHED &&
	    !ct_worth_takes_turns(cand->worth))
		return true;
	return activity_of(cand) * USUAL > thr->usual + USUAL;
}

/* What it was worth is remembered when it has gone. */
static void leave_ghost(struct ct_thread *thr, const struct candidate *cand)
{
	struct ct_key key[CT_DIR_MAX];
	unsigned activity = activity_of(cand);

	if (cand->reason != CT_R_END_RECYCLED)
		return;
	thr->usual = (uint8_t)(thr->usual - thr->usual / USUAL + activity);
	if (!activity)
		return;
	ct_conn_keys(cand->conn, &thr->tbl->hash, key);
	ct_ghost_add(thr, key[CT_DIR_ORIG].hash, activity);
}

static bool evict(struct ct_thread *thr, const struct ct_newcomer *new,
		  const struct candidate *cand)
{
	struct ct_victim victim = {
		.tuple = cand->t,
		.at_ns = thr->now_ns,
		.reason = cand->reason,
		.idle_s = cand->age.idle / CT_TICKS_PER_S,
		.status = ct_conn_status(cand->conn),
		.class_ = cand->class_,
		.score = cand->score,
		.newcomer = new->value,
	};

	if (!ct_conn_kill(thr, cand->conn, cand->reason))
		return false;
	leave_ghost(thr, cand);
	if (thr->proven && cand->source > MUCH && cand->key != new->key &&
	    cand->reason == CT_R_END_RECYCLED)
		thr->proven--;
	if (cand->reason != CT_R_END_EXPIRED)
		ct_ledger_evicted(thr->tbl, &victim);
	if (cand->reason == CT_R_END_RECYCLED)
		ct_probe_evicted(thr, cand->conn);
	if (cand->reason == CT_R_END_EVICTED)
		ct_worth_evicted(thr);
	return true;
}

/* The first search: some samples of the whole table tell who holds much. */
static void prime(struct ct_thread *thr)
{
	enum { SAMPLES = 128 };
	struct ct_rate_line line;

	if (ct_likely(thr->share != NULL))
		return;
	for (unsigned i = 0; i < SAMPLES; i++) {
		struct ct_conn *conn;
		struct ct_tuple t;

		thr->hand = ct_rate_anywhere(thr);
		if (!ct_rate_next(thr, &line))
			break;
		conn = ct_rate_conn(thr, &line, ct_random(thr) % line.n);
		if (!conn || !ct_conn_known(conn))
			continue;
		ct_conn_tuple(conn, CT_DIR_ORIG, &t);
		sample(thr, ct_share_key(thr->tbl, &t));
	}
}

/*
 * The next line to be searched: any, where assured ones may go, or else one of
 * those that have others.
 */
static bool next_line(struct ct_thread *thr, uint8_t value,
		      struct ct_rate_line *line)
{
	bool found = ct_worth_group(value) <= CT_WORTH_ESTABLISHED &&
		     !ct_ask_scores(thr->tbl) && ct_rate_next_easy(thr, line);

	/* What is stale may not be known to be so. */
	if (!found)
		found = ct_rate_next(thr, line);
	ct_count_own(&thr->n_lines, found);
	return found;
}

/* The places of a line that go first; a line without any is marked. */
static uint64_t places_in(struct ct_thread *thr, const struct ct_newcomer *new,
			  const struct ct_rate_line *line)
{
	uint8_t group;
	uint64_t places =
		ct_rate_first(line, turn_now(thr), !thr->crowd, &group);

	if (group >= CT_WORTH_ESTABLISHED)
		ct_rate_uneasy(thr, line);
	if (is_kept(thr, new))
		places |= ct_rate_kept(line, turn_now(thr));
	if (ct_random(thr) % TIRE_EVERY == 0)
		ct_rate_tire(line);
	return looks_wide(thr, new) ? ct_rate_all(line) : places;
}

/*
 * The worst one of some lines: as many as make a whole one, since a small
 * table's are short.
 *
 * => false when nobody may go.
 */
static bool search(struct ct_thread *thr, const struct ct_newcomer *new,
		   struct candidate *worst)
{
	struct ct_rate_line line;
	struct candidate cand;
	bool found = false;

	for (unsigned n = 0; n < CT_RATE_LINE; n += line.n) {
		uint64_t places;

		if (!next_line(thr, new->value, &line))
			break;
		places = places_in(thr, new, &line);
		if (!places || !worst_of(thr, new, &line, places, &cand))
			continue;
		if (!found || is_worse(thr, &cand, worst))
			*worst = cand;
		found = true;
	}
	return found;
}

/*
 * Somewhere there is a source that holds much: its connections shall go, so what
 * a search has found is only the second choice until some more, anywhere, have
 * met none of them.
 */
static bool search_heavy(struct ct_thread *thr, const struct ct_newcomer *new,
			 struct candidate *worst)
{
	struct candidate cand;
	bool found = false;

	for (unsigned i = 0; i < CT_CHOOSE_HEAVY; i++) {
		thr->hand = ct_rate_anywhere(thr);
		if (!search(thr, new, &cand))
			continue;
		if (!found || is_worse(thr, &cand, worst))
			*worst = cand;
		found = true;
		if (worst->source > MUCH || !heavy_pays(thr))
			break;
	}
	return found;
}

/* How often was its flow missed before?  No oftener than those were of use that
 * have to go is nothing. */
static void recall(struct ct_thread *thr, struct ct_newcomer *new)
{
	unsigned n = ct_ghost_add(thr, new->hash, 1);

	if (n * USUAL <= thr->usual)
		n = 0;
	new->recalled =
		(uint8_t)(n < CT_CONN_RECALLED_MOST ? n
						    : CT_CONN_RECALLED_MOST);
}

/* => The best that some searches can do has gone; or false. */
static bool make_room(struct ct_thread *thr, const struct ct_newcomer *new)
{
	struct candidate cand, worst;
	bool found = false;

	for (unsigned i = 0; i < CT_CHOOSE_LINES; i++) {
		if (!(meets_heavy(thr) ? search_heavy(thr, new, &cand)
				       : search(thr, new, &cand)))
			continue;
		if (!found || is_worse(thr, &cand, &worst))
			worst = cand;
		found = true;
		if (is_dear(thr, &worst))
			continue;
		if (evict(thr, new, &worst))
			return true;
		found = false;
	}
	return found && evict(thr, new, &worst);
}

bool ct_choose_scored(struct ct_thread *thr, struct ct_newcomer *new)
{
	if (ct_hold_refuses(thr))
		return false;
	new->key = ct_share_key(thr->tbl, new->t);
	new->much = ct_share_of(thr, new->key) > MUCH;
	new->value = value_of(thr, new);
	prime(thr);
	recall(thr, new);
	if (!make_room(thr, new)) {
		ct_hold_missed(thr);
		return false;
	}
	ct_hold_found(thr);
	return true;
}

bool ct_choose_within(struct ct_thread *thr, struct ct_newcomer *new)
{
	struct candidate worst;

	new->key = ct_share_key(thr->tbl, new->t);
	new->value = value_of(thr, new);
	if (!ct_ask_scores(thr->tbl))
		new->value = CT_WORTH_KEPT << CT_WORTH_SHIFT;
	for (unsigned i = 0; i < CT_CHOOSE_LINES; i++)
		if (search(thr, new, &worst) && evict(thr, new, &worst))
			return true;
	return false;
}

bool ct_choose_lru(struct ct_thread *thr, const struct ct_newcomer *new)
{
	struct candidate cand, worst = { 0 };
	struct ct_rate_line line;

	for (unsigned l = 0; l < CT_CHOOSE_LINES && ct_rate_next(thr, &line);
	     l++) {
		for (unsigned i = 0; i < line.n; i++)
			if (look_into(thr, ct_rate_conn(thr, &line, i), new,
				      &cand) &&
			    (!worst.conn || cand.age.idle > worst.age.idle))
				worst = cand;
		if (worst.conn && evict(thr, new, &worst))
			return true;
	}
	return false;
}

bool ct_choose_random(struct ct_thread *thr, const struct ct_newcomer *new)
{
	struct ct_rate_line line;
	struct candidate cand;

	for (unsigned l = 0; l < CT_CHOOSE_LINES && ct_rate_next(thr, &line);
	     l++) {
		unsigned i = ct_random(thr) % line.n;

		if (look_into(thr, ct_rate_conn(thr, &line, i), new, &cand) &&
		    evict(thr, new, &cand))
			return true;
	}
	return false;
}
