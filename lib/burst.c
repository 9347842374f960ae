/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * burst.c - the verbs for many packets at once
 *
 * One packet's way is a chain of cache misses: bucket, connection.  A burst
 * goes through the chain in steps, some packets at a time, each step behind the
 * one before, so that memory comes while other packets are worked on:
 *
 *	1  parse, hash, fetch the bucket		+----+----+----+----+
 *	2  match the tag, fetch the connection	     +----+----+----+----+
 *	3  look up, track			+----+----+----+----+
 *						time ------------------>
 *
 * What a step fetches it asks for in one go, behind its work.  Of a large table
 * each line is on a page of its own, and a fetch holds the core up until it
 * knows where that page is; those that stand together find out together.
 *
 * Steps 1 and 2 look, and change nothing; step 3 is what ct_process() does,
 * with everything at hand, packet by packet in order.  So a burst does exactly
 * what the single verbs do.
 */
#include "nat/apply.h"
#include "nat/foresee.h"
#include "overflow/evict.h"
#include "predict.h"
#include "predict_cross.h"
#include "predict_nat.h"

enum {
	GROUP = 32, /* packets under way at once */
	SOME = 8    /* packets a step: more fetches at once would be dropped */
};

/* Packets under way, and what is known of each. */
struct group {
	struct ct_pkt *const *pkts;
	unsigned n;
	struct ct_outlook out;
	struct ct_way ways[GROUP];
	struct ct_foreseen seen[GROUP]; /* of newcomers */
	uint32_t newcomers;             /* a bit for each */
};
CT_STATIC_ASSERT(GROUP <= 32, "a bit for each");

enum fetched { FETCH_BUCKETS, FETCH_CONNS };

/*
 * Bring what a step has found nearer, four at a time; to ask for one twice costs
 * less than to count.
 *
 * => There is room for a multiple of four.
 */
static ct_always_inline void fetch_all(const void **at, unsigned n,
				       enum fetched what)
{
	CT_STATIC_ASSERT(SOME % 4 == 0, "room for whole fours");
	if (ct_unlikely(!n))
		return;
	for (unsigned i = n; ct_unlikely(i % 4); i++)
		at[i] = at[0];
	for (unsigned i = 0; i < n; i += 4) {
		__builtin_prefetch(at[i]);
		__builtin_prefetch(at[i + 1]);
		__builtin_prefetch(at[i + 2]);
		__builtin_prefetch(at[i + 3]);
		if (what == FETCH_BUCKETS)
			continue;
		ct_conn_fetch_written(at[i]);
		ct_conn_fetch_written(at[i + 1]);
		ct_conn_fetch_written(at[i + 2]);
		ct_conn_fetch_written(at[i + 3]);
	}
}

static ct_noinline void step_1(struct ct_thread *thr, struct group *group,
			       unsigned at, enum ct_hook hook)
{
	const unsigned end = at + SOME < group->n ? at + SOME : group->n;
	const void *fetch[SOME];
	unsigned n = 0;

	for (unsigned i = at; i < end; i++) {
		struct ct_way *way = &group->ways[i];
		struct ct_pkt *pkt = group->pkts[i];

		ct_predict_begin(thr, pkt, hook, &group->out, way);
		if (ct_unlikely(way->next < CT_WAY_FOLLOW))
			continue;
		way->bucket =
			ct_bucket_seen(&group->out.buckets, way->key.hash);
		fetch[n++] = way->bucket;
	}
	fetch_all(fetch, n, FETCH_BUCKETS);
}

/*
 * Nobody has the tag, so there is nothing to predict.  A full table will refuse
 * the packet, without another look if the chain was the right one; otherwise it
 * opens a connection, most likely, which may be translated.
 */
static void expect_new(struct ct_thread *thr, struct group *group, unsigned i)
{
	struct ct_way *way = &group->ways[i];

	if (way->next == CT_WAY_PREDICT)
		ct_way_resume(thr, group->pkts[i], way);
	if (ct_unlikely(way->next != CT_WAY_FOLLOW))
		return;
	if (!ct_refuses(thr, group->pkts[i])) {
		way->hint.nobody = false;
		ct_evict_foresee(thr, way->key.hash);
		ct_foresee(thr, &way->key, &group->seen[i]);
		group->newcomers |= 1u << i;
		return;
	}
	way->hint.gen = thr->gen;
	way->hint.nobody &=
		way->key.dirs == CT_KEY_BOTH &&
		ct_bucket_view_true(&group->out.buckets, &thr->tbl->buckets);
}

/* => The newcomers of one step's packets. */
static uint32_t newcomers_at(const struct group *group, unsigned at)
{
	return group->newcomers & (uint32_t)((1ull << SOME) - 1) << at;
}

static ct_noinline void step_2(struct ct_thread *thr, struct group *group,
			       unsigned at)
{
	const unsigned end = at + SOME < group->n ? at + SOME : group->n;
	const struct ct_bucket *next;
	const void *fetch[SOME];
	uint32_t later = 0; /* a bit for each whose chain goes on */
	unsigned n = 0;

	for (unsigned i = at; i < end; i++) {
		struct ct_way *way = &group->ways[i];
		const uint16_t tag = ct_tag_of(way->key.hash);
		uint32_t hits;

		if (ct_unlikely(way->next < CT_WAY_FOLLOW))
			continue;
		hits = ct_tag_slots(way->bucket, tag);
		if (ct_unlikely(!hits) &&
		    (next = ct_bucket_next(thr->tbl, way->bucket)) != NULL) {
			__builtin_prefetch(next);
			way->bucket = next;
			later |= 1u << i;
		} else if (ct_likely(ct_bucket_guess_by(thr->tbl, way->bucket,
							tag, hits,
							&way->hint))) {
			fetch[n++] = way->hint.conn;
		} else {
			expect_new(thr, group, i);
		}
	}
	for (; ct_unlikely(later); later &= later - 1) {
		unsigned i = (unsigned)__builtin_ctz(later);
		struct ct_way *way = &group->ways[i];

		if (ct_bucket_guess(thr->tbl, way->bucket, way->key.hash,
				    &way->hint))
			fetch[n++] = way->hint.conn;
		else
			expect_new(thr, group, i);
	}
	fetch_all(fetch, n, FETCH_CONNS);
}

/* Behind step 3 of other packets, so that the heads have come. */
static void step_2_units(struct ct_thread *thr, const struct group *group,
			 unsigned at)
{
	for (uint32_t new = newcomers_at(group, at); new; new &= new - 1)
		ct_foresee_units(thr->tbl, &group->seen[__builtin_ctz(new)]);
}

/* So that the far tuples, which connections that cross have, come as well. */
static void step_2_far(const struct group *group, unsigned at)
{
	const unsigned end = at + SOME < group->n ? at + SOME : group->n;

	for (unsigned i = at; i < end; i++) {
		const struct ct_way *way = &group->ways[i];
		const struct ct_conn *conn = way->hint.conn;

		if (way->next >= CT_WAY_FOLLOW && conn &&
		    (ct_conn_word(conn) & (CT_S_FAR | CT_S_CONFIRMED)) ==
			    (CT_S_FAR | CT_S_CONFIRMED))
			__builtin_prefetch(ct_conn_far(conn));
	}
}

/* => No event waits to be delivered. */
static inline bool quiet(const struct ct_conn *conn)
{
	return ct_likely(
		!atomic_load_explicit(&conn->events, memory_order_relaxed));
}

/* => ct_confirm() would find nothing to do. */
static inline bool settled(const struct ct_conn *conn)
{
	return conn && (ct_conn_word(conn) & CT_S_CONFIRMED) && quiet(conn);
}

/* What step 3 does: ct_process(), or all that ct_forward_burst() is for. */
struct job {
	enum ct_hook hook;
	bool forward;
	bool leak_proof; /* nothing leaves without a choice of its source */
	const struct ct_rules *rules; /* or NULL */
	enum ct_verdict *verdicts;    /* or NULL */
};

#define NATTED (CT_S_SRC_NAT | CT_S_DST_NAT)

/* A packet of a connection that ct_predict_translate() is too little for. */
static ct_noinline enum ct_verdict translate_apart(struct ct_thread *thr,
						   struct ct_pkt *pkt,
						   bool plain)
{
	if ((ct_conn_word(pkt->conn) & CT_S_FAR) &&
	    ct_conn_crosses(pkt->conn, ct_conn_word(pkt->conn))) {
		thr->crosses = true;
		if (plain && ct_predict_cross(thr, pkt))
			return CT_ACCEPT;
	}
	return ct_nat_forward(thr, pkt);
}

static enum ct_verdict translate(struct ct_thread *thr, struct ct_pkt *pkt,
				 bool plain, const struct job *job)
{
	uint32_t status = pkt->conn ? ct_conn_word(pkt->conn) : 0;

	if (ct_likely(!job->leak_proof && pkt->conn && !(status & NATTED)))
		return CT_ACCEPT;
	if (job->leak_proof || !pkt->conn || pkt->state == CT_RELATED)
		return ct_nat_forward(thr, pkt);
	if (!plain || !ct_predict_translates(pkt, status))
		return translate_apart(thr, pkt, plain);
	ct_predict_translate(pkt);
	return CT_ACCEPT;
}

/* What is left to do with an accepted packet; => its verdict. */
static enum ct_verdict finish(struct ct_thread *thr, struct ct_pkt *pkt,
			      bool plain, const struct job *job)
{
	enum ct_verdict verdict = translate(thr, pkt, plain, job);

	if (ct_likely(verdict == CT_ACCEPT))
		return settled(pkt->conn) ? CT_ACCEPT : ct_confirm(thr, pkt);
	ct_abandon(thr, pkt);
	return verdict;
}

/* Ask the host what becomes of a new connection. */
static enum ct_verdict rule(struct ct_thread *thr, struct ct_pkt *pkt,
			    const struct ct_rules *rules)
{
	enum ct_verdict verdict;

	verdict = rules->new_conn(rules->user, thr, pkt);
	if (pkt->conn && !(ct_conn_word(pkt->conn) & NATTED))
		thr->habit = (struct ct_habit){ 0 };
	return verdict;
}

static enum ct_verdict forward(struct ct_thread *thr, struct ct_pkt *pkt,
			       struct ct_way *way, const struct job *job)
{
	const struct ct_rules *rules = job->rules;
	enum ct_verdict verdict = ct_way_go(thr, pkt, way);

	if (rules && verdict == CT_ACCEPT && pkt->conn &&
	    !(ct_conn_word(pkt->conn) & (CT_S_CONFIRMED | CT_S_DYING)))
		verdict = rule(thr, pkt, rules);
	if (ct_likely(verdict == CT_ACCEPT))
		return finish(thr, pkt, way->plain, job);
	ct_abandon(thr, pkt);
	return verdict;
}

/* The same for a packet that was foretold: its connection is confirmed. */
static ct_always_inline enum ct_verdict forward_foretold(
	struct ct_thread *thr, struct ct_pkt *pkt, const struct ct_conn *conn,
	uint32_t status, const struct job *job)
{
	if (ct_unlikely(!quiet(conn) || job->leak_proof))
		return finish(thr, pkt, false, job);
	if (ct_likely(!(status & NATTED)))
		return CT_ACCEPT;
	if (ct_unlikely(!ct_predict_translates(pkt, status)))
		return finish(thr, pkt, true, job);
	ct_predict_translate(pkt);
	return CT_ACCEPT;
}

static ct_always_inline enum ct_verdict go(struct ct_thread *thr,
					   struct group *group, unsigned i,
					   const struct job *job,
					   unsigned *told)
{
	struct ct_way *way = &group->ways[i];
	struct ct_pkt *pkt = group->pkts[i];
	enum ct_verdict verdict;
	uint32_t status;

	if (ct_likely(way->next == CT_WAY_PREDICT)) {
		if (ct_likely(ct_predict_go(thr, pkt, &group->out, way,
					    &status))) {
			(*told)++;
			return job->forward ? forward_foretold(thr, pkt,
							       way->hint.conn,
							       status, job)
					    : CT_ACCEPT;
		}
		ct_way_resume(thr, pkt, way);
	}
	if (!job->forward)
		return ct_way_go(thr, pkt, way);
	if (group->newcomers >> i & 1)
		thr->foreseen = &group->seen[i];
	verdict = forward(thr, pkt, way, job);
	thr->foreseen = NULL;
	return verdict;
}

/*
 * What is left to foresee, some packets ahead of the one at hand: no more lines
 * are asked for at a time than the processor can wait for.
 */
enum { ADDRESS_AHEAD = 6, ID_AHEAD = 3 };

static bool is_new(const struct group *group, unsigned i, unsigned end)
{
	return i < end && (group->newcomers >> i & 1);
}

static void foresee_at(struct group *group, unsigned i, unsigned end)
{
	unsigned address = i + ADDRESS_AHEAD, id = i + ID_AHEAD;

	if (is_new(group, address, end))
		ct_foresee_address(&group->ways[address].key,
				   &group->seen[address]);
	if (is_new(group, id, end))
		ct_foresee_id(&group->ways[id].key, &group->seen[id]);
}

/* The first ones, which nothing is ahead of. */
static void foresee_first(struct group *group, unsigned at, unsigned end)
{
	for (unsigned i = at; i < at + ADDRESS_AHEAD; i++)
		if (is_new(group, i, end))
			ct_foresee_address(&group->ways[i].key,
					   &group->seen[i]);
	for (unsigned i = at; i < at + ID_AHEAD; i++)
		if (is_new(group, i, end))
			ct_foresee_id(&group->ways[i].key, &group->seen[i]);
}

static ct_noinline void step_3(struct ct_thread *thr, struct group *group,
			       unsigned at, const struct job *job)
{
	const unsigned end = at + SOME < group->n ? at + SOME : group->n;
	const bool new = newcomers_at(group, at) && thr->habit.pool;
	unsigned told = 0;

	if (ct_unlikely(new))
		foresee_first(group, at, end);
	for (unsigned i = at; i < end; i++) {
		enum ct_verdict verdict;

		if (ct_unlikely(new))
			foresee_at(group, i, end);
		verdict = go(thr, group, i, job, &told);
		if (job->verdicts)
			job->verdicts[i] = verdict;
	}
	ct_count_by(thr, CT_R_TRACKED, told);
}

static void run(struct ct_thread *thr, struct ct_pkt *const *pkts, unsigned n,
		struct job *job)
{
	/* What is explained is explained one after the other. */
	const unsigned most = ct_traced(thr) ? 1 : GROUP;
	const bool far = thr->crosses;
	struct group group;

	thr->crosses = false;
	thr->hook = (uint8_t)job->hook;
	for (; n; n -= group.n, pkts += group.n) {
		group.pkts = pkts;
		group.n = n < most ? n : most;
		ct_outlook(thr, job->hook, &group.out);
		group.newcomers = 0;
		for (unsigned at = 0; at < group.n + 2 * SOME; at += SOME) {
			if (at < group.n)
				step_1(thr, &group, at, job->hook);
			if (at >= SOME && at - SOME < group.n)
				step_2(thr, &group, at - SOME);
			if (at >= 2 * SOME)
				step_3(thr, &group, at - 2 * SOME, job);
			if (at < SOME || at - SOME >= group.n)
				continue;
			step_2_units(thr, &group, at - SOME);
			if (ct_unlikely(far))
				step_2_far(&group, at - SOME);
		}
		if (job->verdicts)
			job->verdicts += group.n;
	}
}

void ct_process_burst(struct ct_thread *thr, struct ct_pkt *const *pkts,
		      unsigned n, enum ct_hook hook, enum ct_verdict *verdicts)
{
	struct job job = { .hook = hook, .verdicts = verdicts };

	run(thr, pkts, n, &job);
}

void ct_forward_burst(struct ct_thread *thr, struct ct_pkt *const *pkts,
		      unsigned n, const struct ct_rules *rules,
		      enum ct_verdict *verdicts)
{
	struct job job = {
		.hook = CT_HOOK_PREROUTING,
		.forward = true,
		.leak_proof = ct_core_param(thr->tbl, CT_P_LEAK_PROOF),
		.rules = rules,
		.verdicts = verdicts,
	};

	/* Rules of an older header than ours have no function for us. */
	if (rules && (rules->size < sizeof(*rules) || !rules->new_conn))
		job.rules = NULL;
	run(thr, pkts, n, &job);
}

/* Fetch the buckets that a new connection's keys go into. */
static void fetch_homes(struct ct_thread *thr, const struct ct_conn *conn)
{
	uint32_t hash[CT_DIR_MAX];

	if (ct_conn_word(conn) & CT_S_CONFIRMED)
		return;
	ct_conn_hashes(conn, &thr->tbl->hash, hash);
	ct_bucket_prefetch(&thr->tbl->buckets, hash[CT_DIR_ORIG]);
	ct_bucket_prefetch(&thr->tbl->buckets, hash[CT_DIR_REPLY]);
}

void ct_confirm_burst(struct ct_thread *thr, struct ct_pkt *const *pkts,
		      unsigned n, enum ct_verdict *verdicts)
{
	for (unsigned i = 0; i < n; i++)
		if (pkts[i]->conn)
			fetch_homes(thr, pkts[i]->conn);
	for (unsigned i = 0; i < n; i++) {
		enum ct_verdict verdict = ct_confirm(thr, pkts[i]);

		if (verdicts)
			verdicts[i] = verdict;
	}
}
