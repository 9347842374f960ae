/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process.c - ct_process(): a packet's way, top to bottom
 *
 * Nothing is locked but the one connection, while its tracker looks at the
 * packet.  A connection may end between the look-up and the lock; the packet
 * then looks again, as if it had come a little later.
 */
#include "process.h"

#include "admit.h"
#include "core/stamps.h"
#include "core/worth.h"
#include "frag.h"
#include "overflow/talker.h"
#include "predict.h"
#include "proto/ports.h"
#include "refuse.h"
#include "syn.h"

#include <conntrack/dump.h>
#include <stdio.h>
#include <string.h>

/* --- Answers ------------------------------------------------------------ */

enum ct_verdict ct_answer(struct ct_thread *thr, struct ct_pkt *pkt,
			  enum ct_reason reason)
{
	/* A stranger's tracker may give anything. */
	if (ct_unlikely((unsigned)reason >= CT_REASON_MAX))
		reason = CT_R_L4_TUPLE;
	pkt->reason = (uint16_t)reason;
	ct_count(thr, reason);
	if (ct_traced(thr))
		ct_trace(thr, "verdict", "%s: %s",
			 pkt->state == CT_INVALID       ? "INVALID"
			 : pkt->state == CT_NEW         ? "NEW"
			 : pkt->state == CT_ESTABLISHED ? "ESTABLISHED"
			 : pkt->state == CT_RELATED     ? "RELATED"
							: "UNTRACKED",
			 ct_reason_text(reason)->text);
	return CT_ACCEPT;
}

static void log_invalid(struct ct_thread *thr, const struct ct_pkt *pkt)
{
	uint32_t which = ct_core_param(thr->tbl, CT_P_LOG_INVALID);
	const struct ct_host *host = &thr->tbl->mem.host;
	char line[128];

	if (ct_likely(!which) || (which != 255 && which != pkt->l4))
		return;
	snprintf(line, sizeof(line), "protocol %u: %s", pkt->l4,
		 ct_reason_text(pkt->reason)->text);
	host->log(host->user, CT_LOG_INFO, line);
}

enum ct_verdict ct_answer_invalid(struct ct_thread *thr, struct ct_pkt *pkt)
{
	pkt->conn = NULL;
	pkt->state = CT_INVALID;
	log_invalid(thr, pkt);
	return ct_answer(thr, pkt, (enum ct_reason)pkt->reason);
}

static enum ct_verdict answer_untracked(struct ct_thread *thr,
					struct ct_pkt *pkt,
					enum ct_reason reason)
{
	pkt->state = CT_UNTRACKED;
	return ct_answer(thr, pkt, reason);
}

enum ct_verdict ct_answer_drop(struct ct_thread *thr, struct ct_pkt *pkt,
			       enum ct_reason reason)
{
	pkt->conn = NULL;
	pkt->state = CT_INVALID;
	ct_answer(thr, pkt, reason);
	return CT_DROP;
}

/* --- Look-up ------------------------------------------------------------ */

bool ct_invert(const struct ct_l4_ops *ops, const struct ct_tuple *t,
	       struct ct_tuple *inverse)
{
	return ct_l4_invert(ops, t, inverse);
}

static struct ct_conn *find(struct ct_thread *thr, const struct ct_key *key,
			    enum ct_dir *dir)
{
	struct ct_conn *conn;

	for (;;) {
		conn = ct_buckets_find(thr->tbl, key, dir);
		if (!conn || ct_likely(!ct_conn_expired(conn, thr->now)))
			return conn;
		/* Refreshed or replaced meanwhile?  Then look again. */
		ct_conn_kill(thr, conn, CT_R_END_EXPIRED);
	}
}

void ct_lookup_key(struct ct_thread *thr, const struct ct_pkt *pkt,
		   struct ct_key *key)
{
	uint16_t zone = ct_policy_zone(pkt, CT_DIR_ORIG);

	key->tuple.zone = zone;
	ct_key_finish(key, &thr->tbl->hash);
	if (ct_unlikely(zone != ct_policy_zone(pkt, CT_DIR_REPLY)))
		key->dirs = CT_KEY_ORIG;
}

struct ct_conn *ct_lookup(struct ct_thread *thr, struct ct_pkt *pkt,
			  const struct ct_key *key)
{
	enum ct_dir dir = CT_DIR_ORIG;
	struct ct_conn *conn = find(thr, key, &dir);

	if (ct_unlikely(!conn && key->dirs != CT_KEY_BOTH)) {
		struct ct_tuple t = key->tuple;
		struct ct_key other;

		t.zone = ct_policy_zone(pkt, CT_DIR_REPLY);
		ct_key_make(&other, &t, &thr->tbl->hash);
		other.dirs = CT_KEY_REPLY;
		conn = find(thr, &other, &dir);
	}
	pkt->dir = (uint8_t)dir;
	return conn;
}

struct ct_conn *ct_find(struct ct_thread *thr, const struct ct_tuple *tuple,
			enum ct_dir *dir)
{
	enum ct_dir found;
	struct ct_key key;

	ct_key_make(&key, tuple, &thr->tbl->hash);
	return find(thr, &key, dir ? dir : &found);
}

/* --- The tracker's opinion ---------------------------------------------- */

static void set_state(struct ct_pkt *pkt, const struct ct_conn *conn)
{
	uint32_t status = ct_conn_word(conn);

	if (pkt->dir == CT_DIR_REPLY || (status & CT_S_SEEN_REPLY))
		pkt->state = CT_ESTABLISHED;
	else if (status & CT_S_EXPECTED)
		pkt->state = CT_RELATED;
	else
		pkt->state = CT_NEW;
}

/*
 * Show the packet to the tracker.
 *
 * => CT_TRACK_RESTART also when the connection ended before it was locked.
 */
static enum ct_track track(struct ct_thread *thr, struct ct_pkt *pkt,
			   const struct ct_l4_ops *ops, struct ct_conn *conn)
{
	enum ct_track answer;
	bool ended = false;

	ct_spin_lock(&conn->lock);
	if (ct_conn_word(conn) & CT_S_DYING) {
		ct_spin_unlock(&conn->lock);
		return CT_TRACK_RESTART;
	}
	set_state(pkt, conn);
	pkt->reason = CT_R_IGNORED;
	answer = ops->packet(thr, conn, pkt);
	/* A first packet can neither end its connection nor replace it. */
	if ((answer == CT_TRACK_RESTART || answer == CT_TRACK_KILL) &&
	    !(ct_conn_word(conn) & CT_S_CONFIRMED))
		answer = CT_TRACK_INVALID;
	if (answer == CT_TRACK_OK || answer == CT_TRACK_KILL) {
		ct_acct_add(thr->tbl, conn, pkt);
		ct_stamps_note(thr->tbl, conn, pkt);
	}
	if (answer == CT_TRACK_RESTART)
		ended = ct_conn_condemn(thr, conn, CT_R_END_REPLACED);
	else if (answer == CT_TRACK_KILL)
		ended = ct_conn_condemn(thr, conn, CT_R_END_RESET);
	ct_spin_unlock(&conn->lock);

	if (ended)
		ct_conn_bury(thr, conn);
	return answer;
}

static void note_reply(struct ct_thread *thr, struct ct_conn *conn)
{
	if (ct_conn_word(conn) & CT_S_SEEN_REPLY)
		return;
	if (ct_conn_set(conn, CT_S_SEEN_REPLY) & CT_S_SEEN_REPLY)
		return;
	ct_worth_answered(thr, conn);
	ct_event_note(thr, conn, CT_EV_REPLY);
}

static enum ct_verdict settle(struct ct_thread *thr, struct ct_pkt *pkt,
			      enum ct_track answer, enum ct_reason why)
{
	struct ct_conn *conn = pkt->conn;

	if (answer == CT_TRACK_INVALID) {
		if (!(ct_conn_word(conn) & CT_S_CONFIRMED))
			ct_conn_discard(thr, conn);
		return ct_answer_invalid(thr, pkt);
	}
	if (pkt->dir == CT_DIR_REPLY)
		note_reply(thr, conn);
	if (answer == CT_TRACK_KILL)
		why = CT_R_CLOSED_BY_RESET;
	else if (answer == CT_TRACK_IGNORE)
		why = (enum ct_reason)pkt->reason;
	return ct_answer(thr, pkt, why);
}

/* => The connection that a burst guessed, or that a look-up finds. */
static struct ct_conn *recall(struct ct_thread *thr, struct ct_pkt *pkt,
			      const struct ct_way *way)
{
	const struct ct_hint *hint = &way->hint;

	if (ct_unlikely(!ct_hint_right(hint, &way->key) ||
			ct_conn_expired(hint->conn, thr->now)))
		return ct_lookup(thr, pkt, &way->key);
	pkt->dir = (uint8_t)hint->dir;
	return hint->conn;
}

/*
 * => There is no connection, and no room for one.
 *
 * Nobody had the tuple when the burst looked ahead.  Whoever has it by now was
 * published since: not by this thread, which has opened none, and before
 * another's this packet may come.  What cannot be answered is not refused but
 * invalid; ports always can.
 */
static inline bool nobody_may(const struct ct_thread *thr,
			      const struct ct_pkt *pkt,
			      const struct ct_way *way)
{
	return way->hint.nobody && way->hint.gen == thr->gen &&
	       way->ops->invert == ct_ports_invert && ct_refuses(thr, pkt) &&
	       !ct_syn_concerns(thr, pkt, way->ops);
}

/* What ct_open() would come to. */
static ct_noinline enum ct_verdict refuse_nobody(struct ct_thread *thr,
						 struct ct_pkt *pkt,
						 const struct ct_tuple *t)
{
	if (ct_pressed(thr->tbl))
		ct_talker_note(thr, t);
	return ct_refuse(thr, pkt, CT_R_TABLE_FULL);
}

/*
 * A tuple to a connection, and the connection's opinion.
 *
 * A tracker asks for a second turn when the packet opens a new connection on
 * the tuple of a finished one, or when that one ended under its eyes.  The old
 * one is out of the table by then, or about to be; a new one is never finished.
 */
static enum ct_verdict follow(struct ct_thread *thr, struct ct_pkt *pkt,
			      const struct ct_way *way)
{
	enum ct_reason why = CT_R_TRACKED;
	enum ct_verdict verdict;
	enum ct_track answer;

	if (ct_unlikely(nobody_may(thr, pkt, way)))
		return refuse_nobody(thr, pkt, &way->key.tuple);
	for (;;) {
		pkt->conn = recall(thr, pkt, way);
		if (!pkt->conn) {
			verdict = ct_open(thr, pkt, way);
			if (!pkt->conn)
				return verdict;
			if (why == CT_R_TRACKED)
				why = CT_R_OPENED;
		} else if (ct_unlikely(ct_syn_may_wait(thr, pkt->conn))) {
			answer = ct_syn_again(thr, pkt, way, &verdict);
			if (answer == CT_TRACK_INVALID)
				return verdict;
			if (answer == CT_TRACK_RESTART)
				continue;
		}
		if (ct_traced(thr))
			ct_trace(thr, "lookup", "%s connection, %s direction",
				 why == CT_R_TRACKED ? "known" : "new",
				 pkt->dir == CT_DIR_ORIG ? "original"
							 : "reply");
		answer = track(thr, pkt, way->ops, pkt->conn);
		if (answer != CT_TRACK_RESTART)
			return settle(thr, pkt, answer, why);
		why = CT_R_REOPENED;
	}
}

/* --- The verb ----------------------------------------------------------- */

static bool hook_tracks(enum ct_hook hook)
{
	return hook == CT_HOOK_PREROUTING || hook == CT_HOOK_OUTPUT;
}

static bool exempt(const struct ct_pkt *pkt)
{
	return (pkt->flags & CT_PKT_UNTRACKED) ||
	       (pkt->policy && (pkt->policy->flags & CT_POLICY_NOTRACK));
}

const struct ct_l4_ops *ct_way_parse(struct ct_thread *thr, struct ct_pkt *pkt,
				     struct ct_tuple *t)
{
	const struct ct_l3_ops *l3 = ct_registry_l3(thr->tbl, pkt->l3);

	memset(t, 0, sizeof(*t));
	t->l3 = pkt->l3;
	pkt->reason = CT_R_L3_UNKNOWN;
	if (!l3 || !l3->parse(pkt, t))
		return NULL;
	t->l4 = pkt->l4;
	if (ct_traced(thr))
		ct_trace(thr, "l3",
			 "%s: protocol %u, %u bytes behind a header of %u",
			 l3->name, pkt->l4, pkt->l4_len, pkt->l4_off);
	return ct_registry_l4(thr->tbl, pkt->l4);
}

/* => What this packet was told before. */
static enum ct_verdict answered(const struct ct_pkt *pkt)
{
	switch (ct_reason_text(pkt->reason)->class_) {
	case CT_RC_D:
		return CT_DROP;
	case CT_RC_S:
		return CT_STOLEN;
	default:
		return CT_ACCEPT;
	}
}

static void done(struct ct_way *way, enum ct_verdict verdict)
{
	way->next = CT_WAY_DONE;
	way->verdict = verdict;
}

/* => The tracker has nothing against it; false: it is answered. */
static bool looked_at(struct ct_thread *thr, struct ct_pkt *pkt,
		      const struct ct_l4_ops *ops, struct ct_way *way)
{
	enum ct_track checked = ops->check ? ops->check(thr, pkt) : CT_TRACK_OK;

	if (ct_likely(checked == CT_TRACK_OK))
		return true;
	if (checked == CT_TRACK_UNTRACKED)
		done(way,
		     answer_untracked(thr, pkt, (enum ct_reason)pkt->reason));
	else
		done(way, ct_answer_invalid(thr, pkt));
	return false;
}

void ct_way_enter(struct ct_thread *thr, struct ct_pkt *pkt,
		  const struct ct_l4_ops *ops, struct ct_way *way)
{
	if (!ops)
		return done(way, ct_answer_invalid(thr, pkt));
	if (!looked_at(thr, pkt, ops, way))
		return;
	way->ops = ops;
	way->next = CT_WAY_RELATE;
	if (ops->quote && ops->quote(pkt, &way->quote))
		return;
	if (!ops->tuple(pkt, &way->key.tuple))
		return done(way, ct_answer_invalid(thr, pkt));
	ct_lookup_key(thr, pkt, &way->key);
	way->next = CT_WAY_FOLLOW;
}

void ct_way_begin(struct ct_thread *thr, struct ct_pkt *pkt, enum ct_hook hook,
		  struct ct_way *way)
{
	const struct ct_l4_ops *ops;

	/* 1. Seen already, or not ours to see? */
	if (pkt->answered)
		return done(way, answered(pkt));
	if (!hook_tracks(hook))
		return done(way, answer_untracked(thr, pkt, CT_R_NO_HOOK));
	pkt->answered = 1;
	if (exempt(pkt))
		return done(way, answer_untracked(thr, pkt, CT_R_NOTRACK));

	/* 2. Bytes to a tuple. */
	ops = ct_way_parse(thr, pkt, &way->key.tuple);
	if (ct_unlikely(!ops || pkt->l4_off > CT_IPV6_HDR_LEN) &&
	    ct_frag_concerns(thr, pkt, ops)) {
		way->next = CT_WAY_FRAGMENT;
		return;
	}
	ct_way_enter(thr, pkt, ops, way);
}

void ct_way_resume(struct ct_thread *thr, struct ct_pkt *pkt,
		   struct ct_way *way)
{
	const struct ct_l4_ops *ops = ct_registry_l4(thr->tbl, pkt->l4);

	pkt->answered = 1;
	if (!looked_at(thr, pkt, ops, way))
		return;
	if (!way->key.wide)
		ct_narrow_unpack(&way->key.narrow, &way->key.tuple);
	way->ops = ops;
	way->next = CT_WAY_FOLLOW;
}

/* Not before: an earlier packet of the burst may have told. */
static void complete_way(struct ct_thread *thr, struct ct_pkt *pkt,
			 struct ct_way *way)
{
	ct_be16 src_id = way->key.tuple.src_id;

	ct_complete(thr, pkt, way->ops, &way->key.tuple);
	if (way->key.tuple.src_id == src_id)
		return;
	ct_lookup_key(thr, pkt, &way->key);
	way->hint.nobody = false;
}

enum ct_verdict ct_way_go(struct ct_thread *thr, struct ct_pkt *pkt,
			  struct ct_way *way)
{
	switch (way->next) {
	case CT_WAY_FRAGMENT:
		return ct_frag_way(thr, pkt, way);
	case CT_WAY_RELATE:
		/* 3. An ICMP error belongs to the connection it quotes. */
		return ct_relate(thr, pkt, &way->quote);
	case CT_WAY_FOLLOW:
		/* 4. A tuple to a connection, and the connection's opinion. */
		if (ct_unlikely(way->ops->complete != NULL))
			complete_way(thr, pkt, way);
		return follow(thr, pkt, way);
	case CT_WAY_DONE:
	case CT_WAY_PREDICT: /* not any more */
		break;
	}
	return way->verdict;
}

enum ct_verdict ct_process(struct ct_thread *thr, struct ct_pkt *pkt,
			   enum ct_hook hook)
{
	struct ct_outlook out;
	struct ct_way way;
	uint32_t status;

	ct_outlook(thr, hook, &out);
	ct_predict_begin(thr, pkt, hook, &out, &way);
	if (ct_likely(way.next >= CT_WAY_FOLLOW) &&
	    ct_bucket_guess(thr->tbl,
			    ct_bucket_seen(&out.buckets, way.key.hash),
			    way.key.hash, &way.hint)) {
		ct_conn_fetch_read(way.hint.conn);
		ct_conn_fetch_written(way.hint.conn);
	}
	way.hint.nobody = false;
	if (ct_likely(way.next == CT_WAY_PREDICT)) {
		if (ct_likely(ct_predict_go(thr, pkt, &out, &way, &status))) {
			ct_count(thr, CT_R_TRACKED);
			return CT_ACCEPT;
		}
		ct_way_resume(thr, pkt, &way);
	}
	thr->hook = (uint8_t)hook;
	return ct_way_go(thr, pkt, &way);
}
