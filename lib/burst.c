/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * burst.c - the verbs for many packets at once
 *
 * One packet's way is a chain of cache misses: bucket, connection.  A burst
 * goes through the chain in steps, each for a group of packets, so that the
 * misses of a group overlap:
 *
 *	1  parse, hash, fetch the bucket
 *	2  match the tag, fetch the connection
 *	3  look up, track: as ct_process() does, with everything at hand
 *
 * Steps 1 and 2 look, and change nothing; step 3 goes packet by packet in
 * order.  So a burst does exactly what the single verbs do.
 */
#include "process.h"

#include "nat/binding.h"

/* Packets under way at once: as many misses as a core keeps in flight. */
#define GROUP 32

/* Nobody has the tag: the packet opens a connection, most likely, whose reply
 * goes into another bucket. */
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

static void look_ahead(struct ct_thread *thr, struct ct_pkt *const *pkts,
		       unsigned n, enum ct_hook hook, struct ct_way *ways)
{
	struct ct_table *tbl = thr->tbl;
	struct ct_binding_heads heads[GROUP];
	unsigned n_new = 0;

	for (unsigned i = 0; i < n; i++) {
		ct_way_begin(thr, pkts[i], hook, &ways[i]);
		if (ct_likely(ways[i].next == CT_WAY_FOLLOW))
			ct_bucket_prefetch(&tbl->buckets, ways[i].key.hash);
	}
	for (unsigned i = 0; i < n; i++) {
		struct ct_way *way = &ways[i];

		if (ct_unlikely(way->next != CT_WAY_FOLLOW))
			continue;
		ct_buckets_guess(tbl, &way->key, &way->hint);
		if (ct_likely(way->hint.conn))
			continue;
		fetch_reply(tbl, pkts[i], way);
		ct_binding_fetch_heads(tbl, &way->key.tuple, &heads[n_new++]);
	}
	for (unsigned i = 0; i < n_new; i++)
		ct_binding_fetch_units(tbl, &heads[i]);
}

static unsigned group(unsigned left)
{
	return left < GROUP ? left : GROUP;
}

void ct_process_burst(struct ct_thread *thr, struct ct_pkt *const *pkts,
		      unsigned n, enum ct_hook hook, enum ct_verdict *verdicts)
{
	struct ct_way ways[GROUP];

	for (unsigned at = 0; at < n; at += GROUP) {
		unsigned now = group(n - at);

		look_ahead(thr, &pkts[at], now, hook, ways);
		for (unsigned i = 0; i < now; i++) {
			enum ct_verdict verdict =
				ct_way_go(thr, pkts[at + i], &ways[i]);

			if (verdicts)
				verdicts[at + i] = verdict;
		}
	}
}

/* Fetch the buckets that a new connection's keys go into. */
static void fetch_homes(struct ct_thread *thr, const struct ct_conn *conn)
{
	struct ct_key key[CT_DIR_MAX];

	if (ct_conn_word(conn) & CT_S_CONFIRMED)
		return;
	ct_conn_keys(conn, &thr->tbl->hash, key);
	ct_bucket_prefetch(&thr->tbl->buckets, key[CT_DIR_ORIG].hash);
	ct_bucket_prefetch(&thr->tbl->buckets, key[CT_DIR_REPLY].hash);
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

/* => ct_confirm() would find nothing to do. */
static bool settled(const struct ct_conn *conn)
{
	return ct_likely(
		conn && (ct_conn_word(conn) & CT_S_CONFIRMED) &&
		!atomic_load_explicit(&conn->events, memory_order_relaxed));
}

/* => It has a mapping, or nobody knows. */
static bool translated(const struct ct_pkt *pkt)
{
	return !pkt->conn ||
	       (ct_conn_word(pkt->conn) & (CT_S_SRC_NAT | CT_S_DST_NAT));
}

static enum ct_verdict translate(struct ct_thread *thr, struct ct_pkt *pkt)
{
	enum ct_verdict verdict = ct_nat_apply(thr, pkt, CT_HOOK_PREROUTING);

	return verdict == CT_ACCEPT
		       ? ct_nat_apply(thr, pkt, CT_HOOK_POSTROUTING)
		       : verdict;
}

static enum ct_verdict forward(struct ct_thread *thr, struct ct_pkt *pkt,
			       const struct ct_way *way,
			       const struct ct_rules *rules)
{
	enum ct_verdict verdict = ct_way_go(thr, pkt, way);

	if (rules && verdict == CT_ACCEPT && pkt->conn &&
	    !(ct_conn_word(pkt->conn) & (CT_S_CONFIRMED | CT_S_DYING)))
		verdict = rules->new_conn(rules->user, thr, pkt);
	if (ct_unlikely(translated(pkt)) && verdict == CT_ACCEPT)
		verdict = translate(thr, pkt);
	if (ct_likely(verdict == CT_ACCEPT))
		return settled(pkt->conn) ? CT_ACCEPT : ct_confirm(thr, pkt);
	ct_abandon(thr, pkt);
	return verdict;
}

void ct_forward_burst(struct ct_thread *thr, struct ct_pkt *const *pkts,
		      unsigned n, const struct ct_rules *rules,
		      enum ct_verdict *verdicts)
{
	struct ct_way ways[GROUP];

	/* Rules of an older header than ours have no function for us. */
	if (rules && (rules->size < sizeof(*rules) || !rules->new_conn))
		rules = NULL;
	for (unsigned at = 0; at < n; at += GROUP) {
		unsigned now = group(n - at);

		look_ahead(thr, &pkts[at], now, CT_HOOK_PREROUTING, ways);
		for (unsigned i = 0; i < now; i++) {
			enum ct_verdict verdict =
				forward(thr, pkts[at + i], &ways[i], rules);

			if (verdicts)
				verdicts[at + i] = verdict;
		}
	}
}
