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
#include "nat/binding.h"
#include "predict.h"
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
};

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

/* A new connection's reply goes into another bucket. */
static void fetch_reply(const struct ct_table *tbl, const struct ct_pkt *pkt,
			const struct ct_way *way)
{
	struct ct_key reply;

	if (!ct_invert(way->ops, &way->key.tuple, &reply.tuple))
		return;
	reply.tuple.zone = ct_policy_zone(pkt, CT_DIR_REPLY);
	ct_key_finish(&reply, &tbl->hash);
	ct_bucket_prefetch(&tbl->buckets, reply.hash);
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

/* What step 2 asks for on behalf of newcomers. */
struct newcomers {
	struct ct_binding_heads heads[SOME];
	unsigned n;
};

/*
 * Nobody has the tag.  A full table will refuse the packet, without another
 * look if the chain was the right one; otherwise it opens a connection, most
 * likely, which a pool may translate.
 */
static inline void expect_new(struct ct_thread *thr, const struct ct_pkt *pkt,
			      const struct ct_outlook *out, struct ct_way *way,
			      struct newcomers *new)
{
	if (!ct_refuses(thr)) {
		way->hint.nobody = false;
		fetch_reply(thr->tbl, pkt, way);
		ct_binding_fetch_heads(thr->tbl, &way->key.tuple,
				       &new->heads[new->n++]);
		return;
	}
	way->hint.gen = thr->gen;
	way->hint.nobody &=
		way->key.dirs == CT_KEY_BOTH &&
		ct_bucket_view_true(&out->buckets, &thr->tbl->buckets);
}

static ct_noinline void step_2(struct ct_thread *thr, struct group *group,
			       unsigned at)
{
	const unsigned end = at + SOME < group->n ? at + SOME : group->n;
	const void *fetch[SOME];
	struct newcomers new;
	unsigned n = 0;

	new.n = 0;
	for (unsigned i = at; i < end; i++) {
		struct ct_way *way = &group->ways[i];

		if (ct_unlikely(way->next < CT_WAY_FOLLOW))
			continue;
		if (ct_likely(ct_bucket_guess(thr->tbl, way->bucket,
					      way->key.hash, &way->hint)))
			fetch[n++] = way->hint.conn;
		else if (way->next == CT_WAY_FOLLOW)
			expect_new(thr, group->pkts[i], &group->out, way, &new);
		else
			way->hint.nobody = false;
	}
	fetch_all(fetch, n, FETCH_CONNS);
	for (unsigned i = 0; i < new.n; i++)
		ct_binding_fetch_units(thr->tbl, &new.heads[i]);
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

/* What is left to do with an accepted packet; => its verdict. */
static enum ct_verdict finish(struct ct_thread *thr, struct ct_pkt *pkt,
			      const struct job *job)
{
	enum ct_verdict verdict = CT_ACCEPT;

	if (job->leak_proof || !pkt->conn || (ct_conn_word(pkt->conn) & NATTED))
		verdict = ct_nat_forward(thr, pkt);
	if (ct_likely(verdict == CT_ACCEPT))
		return settled(pkt->conn) ? CT_ACCEPT : ct_confirm(thr, pkt);
	ct_abandon(thr, pkt);
	return verdict;
}

static enum ct_verdict forward(struct ct_thread *thr, struct ct_pkt *pkt,
			       struct ct_way *way, const struct job *job)
{
	const struct ct_rules *rules = job->rules;
	enum ct_verdict verdict = ct_way_go(thr, pkt, way);

	if (rules && verdict == CT_ACCEPT && pkt->conn &&
	    !(ct_conn_word(pkt->conn) & (CT_S_CONFIRMED | CT_S_DYING)))
		verdict = rules->new_conn(rules->user, thr, pkt);
	if (ct_likely(verdict == CT_ACCEPT))
		return finish(thr, pkt, job);
	ct_abandon(thr, pkt);
	return verdict;
}

/* The same for a packet that was foretold: its connection is confirmed. */
static ct_always_inline enum ct_verdict forward_foretold(
	struct ct_thread *thr, struct ct_pkt *pkt, const struct ct_conn *conn,
	uint32_t status, const struct job *job)
{
	if (ct_unlikely(!quiet(conn) || job->leak_proof))
		return finish(thr, pkt, job);
	if (ct_likely(!(status & NATTED)))
		return CT_ACCEPT;
	if (ct_unlikely(!ct_predict_translates(pkt, status)))
		return finish(thr, pkt, job);
	ct_predict_translate(pkt);
	return CT_ACCEPT;
}

static ct_always_inline enum ct_verdict go(
	struct ct_thread *thr, struct ct_pkt *pkt, const struct ct_outlook *out,
	struct ct_way *way, const struct job *job, unsigned *told)
{
	uint32_t status;

	if (ct_likely(way->next == CT_WAY_PREDICT)) {
		if (ct_likely(ct_predict_go(thr, pkt, out, way, &status))) {
			(*told)++;
			return job->forward ? forward_foretold(thr, pkt,
							       way->hint.conn,
							       status, job)
					    : CT_ACCEPT;
		}
		ct_way_resume(thr, pkt, way);
	}
	return job->forward ? forward(thr, pkt, way, job)
			    : ct_way_go(thr, pkt, way);
}

static ct_noinline void step_3(struct ct_thread *thr, struct group *group,
			       unsigned at, const struct job *job)
{
	const unsigned end = at + SOME < group->n ? at + SOME : group->n;
	unsigned told = 0;

	for (unsigned i = at; i < end; i++) {
		enum ct_verdict verdict = go(thr, group->pkts[i], &group->out,
					     &group->ways[i], job, &told);

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
	struct group group;

	for (; n; n -= group.n, pkts += group.n) {
		group.pkts = pkts;
		group.n = n < most ? n : most;
		ct_outlook(thr, job->hook, &group.out);
		for (unsigned at = 0; at < group.n + 2 * SOME; at += SOME) {
			if (at < group.n)
				step_1(thr, &group, at, job->hook);
			if (at >= SOME && at - SOME < group.n)
				step_2(thr, &group, at - SOME);
			if (at >= 2 * SOME)
				step_3(thr, &group, at - 2 * SOME, job);
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
