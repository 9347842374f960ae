/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * choose.c - who goes, by value; see choose.h
 *
 *	in a flood: one of the stock (stock.h); else
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
#include "overflow/ask.h"
#include "overflow/candidate.h"
#include "overflow/hold.h"
#include "overflow/probe.h"
#include "overflow/rate.h"
#include "overflow/stock.h"

/* Part of what may be on probation that may have proven something before those
 * come whom it pays for. */
#define CREDIT 16u

/* In units of which a thread remembers what its victims were worth. */
#define USUAL 16u

static uint32_t turn_now(const struct ct_thread *thr)
{
	return atomic_load_explicit(&thr->tbl->turn, memory_order_relaxed);
}

/*
 * => Any place of a line may be whose connection is looked for: whoever holds much
 *    may be busy as well, a zone's are anywhere, and a host's policy may think
 *    of them as it likes.
 */
static bool looks_wide(const struct ct_thread *thr,
		       const struct ct_newcomer *new)
{
	return ct_candidate_meets_heavy(thr) || new->within != CT_LIMIT_NONE ||
	       ct_ask_scores(thr->tbl);
}

/*
 * The worst of the places of a line that are alike.
 *
 * => false when none of them could go.
 */
static bool worst_of(struct ct_thread *thr, const struct ct_newcomer *new,
		     const struct ct_rate_line *line, uint64_t places,
		     struct ct_candidate *worst)
{
	unsigned n = looks_wide(thr, new) ? CT_CHOOSE_FAR : CT_CHOOSE_NEAR;
	struct ct_candidate cand;
	bool found = false;

	for (; n && places; n--) {
		unsigned i = n % 2 ? ct_rate_any(thr, places)
				   : ct_rate_oldest(line, places, thr->now);

		places &= ~(UINT64_C(1) << i);
		if (!ct_candidate_look(thr, ct_rate_conn(thr, line, i), new,
				       &cand) ||
		    cand.score >= new->value ||
		    ct_candidate_is_held(thr, &cand))
			continue;
		if (!found || ct_candidate_worse(thr, &cand, worst))
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
	uint64_t share;

	if (ct_likely(thr->crowd_left)) {
		thr->crowd_left--;
		return thr->crowd;
	}
	share = (uint64_t)ct_max_conns(tbl) *
		ct_core_param(tbl, CT_P_PROBATION) / 1000;
	if (thr->proven > share / CREDIT)
		thr->proven = (uint32_t)(share / CREDIT) + 1;
	thr->weak_now = ct_count_weak_now(tbl);
	thr->crowd = thr->weak_now >= share;
	thr->crowd_left = (uint32_t)(share / 64);
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
	struct ct_known known = { .t = new->t, .class_ = new->class_ };
	bool crowd = is_crowd(thr);
	unsigned above = crowd ? CT_WORTH_ESTABLISHED : CT_WORTH_FAVOURED;

	if (atomic_load_explicit(&class_->rank, memory_order_relaxed))
		above = CT_WORTH_KEPT_WEAK;
	if (is_kept(thr, new))
		above = CT_WORTH_KEPT + !crowd;
	known.worth = above > CT_WORTH_KEPT
			      ? UINT8_MAX
			      : (uint8_t)(above << CT_WORTH_SHIFT);
	if (ct_likely(!ct_ask_values(thr->tbl)))
		return known.worth;
	known.source = ct_share_of(thr->tbl, new->key);
	return ct_ask_value(thr, new, &known);
}

/* => More active than victims usually are, or proven where others are not:
 * another line may have better ones. */
static bool is_dear(const struct ct_thread *thr,
		    const struct ct_candidate *cand)
{
	if (thr->crowd && ct_worth_group(cand->worth) >= CT_WORTH_ESTABLISHED &&
	    !ct_worth_takes_turns(cand->worth))
		return true;
	return ct_candidate_activity(cand) * USUAL > thr->usual + USUAL;
}

/* What it was worth is remembered when it has gone. */
static void leave_ghost(struct ct_thread *thr, const struct ct_candidate *cand)
{
	struct ct_key key[CT_DIR_MAX];
	unsigned activity = ct_candidate_activity(cand);

	if (cand->reason != CT_R_END_RECYCLED)
		return;
	thr->usual = (uint8_t)(thr->usual - thr->usual / USUAL + activity);
	if (!activity)
		return;
	ct_conn_keys(cand->conn, &thr->tbl->hash, key);
	ct_ghost_add(thr, key[CT_DIR_ORIG].hash, activity);
}

static bool evict(struct ct_thread *thr, const struct ct_newcomer *new,
		  const struct ct_candidate *cand)
{
	struct ct_victim victim = {
		.at_ns = thr->now_ns,
		.reason = cand->reason,
		.idle_s = cand->age.idle / CT_TICKS_PER_S,
		.status = ct_conn_status(cand->conn),
		.class_ = cand->class_,
		.score = cand->score,
		.newcomer = new->value,
	};

	if (!ct_conn_replace(thr, cand->conn, cand->reason, cand->hash))
		return false;
	ct_conn_tuple(cand->conn, CT_DIR_ORIG, &victim.tuple);
	leave_ghost(thr, cand);
	if (thr->proven && cand->much && cand->key != new->key &&
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

/* The table's first search: some samples of all of it tell who holds much. */
static void prime(struct ct_thread *thr)
{
	enum { SAMPLES = 128 };
	struct ct_rate_line line;

	if (ct_likely(!ct_share_begin(thr->tbl)))
		return;
	for (unsigned i = 0; i < SAMPLES; i++) {
		struct ct_conn *conn;

		thr->hand = ct_rate_anywhere(thr);
		if (!ct_rate_next(thr, &line))
			break;
		conn = ct_rate_conn(thr, &line, ct_random(thr) % line.n);
		if (!conn || !ct_conn_known(conn))
			continue;
		ct_candidate_sample(thr, ct_share_key_of(thr->tbl, conn));
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
	if (ct_random(thr) % CT_TIRE_EVERY == 0)
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
		   struct ct_candidate *worst)
{
	struct ct_rate_line line;
	struct ct_candidate cand;
	bool found = false;

	for (unsigned n = 0; n < CT_RATE_LINE; n += line.n) {
		uint64_t places;

		if (!next_line(thr, new->value, &line))
			break;
		places = places_in(thr, new, &line);
		if (!places || !worst_of(thr, new, &line, places, &cand))
			continue;
		if (!found || ct_candidate_worse(thr, &cand, worst))
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
			 struct ct_candidate *worst)
{
	struct ct_candidate cand;
	bool found = false;

	for (unsigned i = 0; i < CT_CHOOSE_HEAVY; i++) {
		thr->hand = ct_rate_anywhere(thr);
		if (!search(thr, new, &cand))
			continue;
		if (!found || ct_candidate_worse(thr, &cand, worst))
			*worst = cand;
		found = true;
		if (worst->much || !ct_candidate_heavy_pays(thr))
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

/* In a flood: one of the stock has gone; or false. */
static bool from_stock(struct ct_thread *thr, const struct ct_newcomer *new)
{
	struct ct_candidate cand;

	if (!ct_stock_serves(thr) || new->much || is_kept(thr, new))
		return false;
	for (unsigned i = 0; i < CT_STOCK && ct_stock_take(thr, &cand); i++)
		if (cand.score < new->value && evict(thr, new, &cand))
			return true;
	return false;
}

/* => The best that some searches can do has gone; or false. */
static bool make_room(struct ct_thread *thr, const struct ct_newcomer *new)
{
	struct ct_candidate cand, worst;
	bool found = false;

	for (unsigned i = 0; i < CT_CHOOSE_LINES; i++) {
		if (!(ct_candidate_meets_heavy(thr)
			      ? search_heavy(thr, new, &cand)
			      : search(thr, new, &cand)))
			continue;
		if (!found || ct_candidate_worse(thr, &cand, &worst))
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
	if (ct_hold_refuses(thr) && !ct_takes_more(thr->tbl, new->class_))
		return false;
	new->key = ct_share_key(thr->tbl, new->t);
	new->much = ct_share_much(thr->tbl, new->key);
	new->value = value_of(thr, new);
	prime(thr);
	recall(thr, new);
	if (!from_stock(thr, new) && !make_room(thr, new)) {
		ct_hold_missed(thr);
		return false;
	}
	ct_hold_found(thr);
	return true;
}

bool ct_choose_within(struct ct_thread *thr, struct ct_newcomer *new)
{
	struct ct_candidate worst;

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
	struct ct_candidate cand, worst = { 0 };
	struct ct_rate_line line;

	for (unsigned l = 0; l < CT_CHOOSE_LINES && ct_rate_next(thr, &line);
	     l++) {
		for (unsigned i = 0; i < line.n; i++)
			if (ct_candidate_look(thr, ct_rate_conn(thr, &line, i),
					      new, &cand) &&
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
	struct ct_candidate cand;

	for (unsigned l = 0; l < CT_CHOOSE_LINES && ct_rate_next(thr, &line);
	     l++) {
		unsigned i = ct_random(thr) % line.n;

		if (ct_candidate_look(thr, ct_rate_conn(thr, &line, i), new,
				      &cand) &&
		    evict(thr, new, &cand))
			return true;
	}
	return false;
}
