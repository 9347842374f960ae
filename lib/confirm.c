/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * confirm.c - make a connection known; when two packets do so at once
 *
 * Until now the connection belonged to one packet.  Here both its tuples enter
 * the table, under the locks of both buckets, and the status bit CONFIRMED
 * makes it known: the point from which on everybody finds it.
 *
 * Clash:
 *	Two packets of one new flow may each have opened a connection, or a
 *	packet and its answer, before either was confirmed.  One is first.  If
 *	the other's two tuples are the same, perhaps the other way round, and
 *	its protocol does not mind, its packet joins the winner, and nobody can
 *	tell that there were two.  Otherwise the packet is lost; its sender
 *	will send it again.
 *
 * Events:
 *	Before it is known the connection's deliverer is this thread, so that
 *	NEW comes before whatever other threads make happen to it; unless
 *	nobody wants to know of NEW.
 */
#include "help.h"
#include "process.h"

#include "core/expect.h"
#include "core/timer.h"
#include "core/worth.h"
#include "nat/binding.h"
#include "nat/foresee.h"

/*
 * The timeout ran in seconds so far; from now on it is a time.
 *
 * => The events that are held, NEW and others.
 */
static uint32_t start(struct ct_thread *thr, struct ct_conn *conn,
		      uint32_t beginning)
{
	uint32_t left =
		atomic_load_explicit(&conn->timeout, memory_order_relaxed);

	atomic_store_explicit(&conn->timeout, ct_ticks_name(thr->now + left),
			      memory_order_relaxed);
	/* Now, not after the publication: others may end it by then. */
	ct_timer_start(thr, conn);
	ct_worth_start(thr, conn);
	ct_times_start(thr, conn);
	return ct_event_hold(thr, conn, beginning);
}

static bool same_tuples(const struct ct_conn *conn, enum ct_dir dir,
			const struct ct_key key[CT_DIR_MAX])
{
	enum ct_dir other = dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG;

	return ct_conn_matches(conn, dir, &key[CT_DIR_ORIG]) &&
	       ct_conn_matches(conn, other, &key[CT_DIR_REPLY]);
}

/* => The protocol does not mind that two connections become one. */
static bool may_join(const struct ct_table *tbl, const struct ct_key *key)
{
	const struct ct_l4_ops *ops = ct_registry_l4(tbl, key->tuple.l4);

	return (ops->flags & CT_L4_MAY_CLASH) || ct_core_param(tbl, CT_P_CLASH);
}

static enum ct_verdict lose(struct ct_thread *thr, struct ct_pkt *pkt,
			    enum ct_reason reason)
{
	ct_conn_discard_later(thr, pkt->conn);
	pkt->conn = NULL;
	ct_answer(thr, pkt, reason);
	return CT_DROP;
}

/*
 * Two packets of one new flow were given different mappings at once.  The
 * later one leaves with its own, if nobody else is answered there; the flow
 * goes on with the first.
 */
static bool may_leave(struct ct_thread *thr, const struct ct_pkt *pkt,
		      const struct ct_clash *clash,
		      const struct ct_key key[CT_DIR_MAX])
{
	enum ct_dir dir;

	return (ct_conn_word(pkt->conn) & (CT_S_SRC_NAT | CT_S_DST_NAT)) &&
	       may_join(thr->tbl, &key[CT_DIR_ORIG]) &&
	       ct_conn_matches(clash->conn, CT_DIR_ORIG, &key[CT_DIR_ORIG]) &&
	       !ct_buckets_find(thr->tbl, &key[CT_DIR_REPLY], &dir);
}

static enum ct_verdict resolve(struct ct_thread *thr, struct ct_pkt *pkt,
			       const struct ct_clash *clash)
{
	struct ct_key key[CT_DIR_MAX];

	ct_conn_keys(pkt->conn, &thr->tbl->hash, key);
	if (ct_unlikely(may_leave(thr, pkt, clash, key))) {
		lose(thr, pkt, CT_R_OTHER_MAPPING);
		return CT_ACCEPT;
	}
	if (!same_tuples(clash->conn, clash->dir, key) ||
	    !may_join(thr->tbl, &key[CT_DIR_ORIG]))
		return lose(thr, pkt, CT_R_CLASH);

	ct_spin_lock(&clash->conn->lock);
	pkt->dir = (uint8_t)clash->dir;
	ct_acct_add(thr->tbl, clash->conn, pkt);
	ct_spin_unlock(&clash->conn->lock);
	ct_conn_discard_later(thr, pkt->conn);
	pkt->conn = clash->conn;
	if (pkt->dir == CT_DIR_REPLY ||
	    (ct_conn_word(clash->conn) & CT_S_SEEN_REPLY))
		pkt->state = CT_ESTABLISHED;
	ct_event_deliver(thr, clash->conn);
	return ct_answer(thr, pkt, CT_R_JOINED);
}

/* => The winner has ended meanwhile, or ends now, being expired. */
static bool winner_gone(struct ct_thread *thr, struct ct_conn *winner)
{
	if (ct_conn_known(winner) && ct_conn_expired(winner, thr->now))
		ct_conn_kill(thr, winner, CT_R_END_EXPIRED);
	return !ct_conn_known(winner);
}

/* => Its packets are for a helper, or are shifted. */
static bool is_helped(const struct ct_conn *conn)
{
	return ct_event_marked(
		atomic_load_explicit(&conn->events, memory_order_relaxed));
}

static bool has_helper(const struct ct_thread *thr, const struct ct_conn *conn)
{
	return ct_help_ops(thr->tbl, ct_help_of(thr->tbl, conn));
}

/* The helper that its policy names, unless an expectation named one; => false
 * when out of memory. */
static bool attach(struct ct_thread *thr, struct ct_conn *conn)
{
	const struct ct_policy *policy = ct_policy_at(thr->tbl, conn->policy);

	if (!policy || !policy->helper || has_helper(thr, conn))
		return true;
	if (!ct_help_attach(thr, conn, policy->helper))
		return false;
	if (has_helper(thr, conn))
		ct_conn_set(conn, CT_S_HELPER);
	return true;
}

/* A packet's helper, and then whoever listens. */
static ct_noinline enum ct_verdict help(struct ct_thread *thr,
					struct ct_pkt *pkt)
{
	enum ct_verdict verdict = ct_help_run(thr, pkt);

	ct_help_tell(thr);
	return verdict;
}

/*
 * What comes before a connection is known that has a policy or an extension:
 * its helper, which may refuse it.
 *
 * => CT_ACCEPT, or the packet has lost its connection.
 */
static ct_noinline enum ct_verdict prepare(struct ct_thread *thr,
					   struct ct_pkt *pkt)
{
	struct ct_conn *conn = pkt->conn;

	if (!attach(thr, conn))
		return lose(thr, pkt, CT_R_NO_MEMORY);
	if (!is_helped(conn))
		return CT_ACCEPT;
	if (help(thr, pkt) == CT_ACCEPT)
		return CT_ACCEPT;
	ct_conn_discard_later(thr, conn);
	pkt->conn = NULL;
	return CT_DROP;
}

static enum ct_verdict publish(struct ct_thread *thr, struct ct_pkt *pkt)
{
	struct ct_conn *conn = pkt->conn;
	uint32_t hash[CT_DIR_MAX];
	bool weak = !(ct_conn_word(conn) & CT_S_ASSURED);
	uint32_t beginning = CT_EV_NEW;
	struct ct_clash clash;
	uint32_t held;
	int error;

	if (ct_unlikely(conn->policy || ct_conn_has_ext(conn))) {
		if (prepare(thr, pkt) != CT_ACCEPT)
			return CT_DROP;
		if (ct_conn_word(conn) & CT_S_EXPECTED)
			beginning |= CT_EV_RELATED;
	}
	hash[CT_DIR_ORIG] = ct_conn_private_hash(thr, conn);
	hash[CT_DIR_REPLY] = (uint32_t)ct_reply_hash(thr, conn);
	held = start(thr, conn, beginning);
	if (ct_unlikely(ct_conn_has_ext(conn)))
		ct_expects_publish(thr, conn);
	do {
		error = ct_buckets_publish(thr, conn, hash, &clash);
	} while (error == CT_E_EXIST && winner_gone(thr, clash.conn));

	if (error == CT_E_EXIST)
		return resolve(thr, pkt, &clash);
	if (error)
		return lose(thr, pkt, CT_R_NO_MEMORY);
	ct_conn_adopt(conn);
	ct_count_published(thr);
	if (weak)
		ct_count_weak(thr, 1);
	if (held)
		ct_event_release(thr, conn, held);
	else
		ct_event_deliver(thr, conn);
	ct_count(thr, CT_R_CONFIRMED);
	if (ct_unlikely(ct_conn_word(conn) & (CT_S_SRC_NAT | CT_S_DST_NAT)))
		ct_binding_confirmed(thr, conn);
	if (ct_unlikely(ct_table_crowded(thr->tbl)))
		ct_resize_help(thr);
	return CT_ACCEPT;
}

enum ct_verdict ct_confirm(struct ct_thread *thr, struct ct_pkt *pkt)
{
	enum ct_verdict verdict = CT_ACCEPT;
	uint32_t status;

	if (!pkt->conn)
		return CT_ACCEPT;
	status = ct_conn_word(pkt->conn);
	if (ct_unlikely(!(status & (CT_S_CONFIRMED | CT_S_DYING))))
		return publish(thr, pkt);
	if (ct_unlikely(!(status & CT_S_CONFIRMED))) {
		pkt->conn = NULL;
		ct_answer(thr, pkt, CT_R_GONE);
		return CT_DROP;
	}
	if (ct_unlikely(is_helped(pkt->conn)))
		verdict = help(thr, pkt);
	ct_event_deliver(thr, pkt->conn);
	if (ct_unlikely(verdict != CT_ACCEPT))
		pkt->conn = NULL;
	return verdict;
}

void ct_abandon(struct ct_thread *thr, struct ct_pkt *pkt)
{
	struct ct_conn *conn = pkt->conn;

	pkt->conn = NULL;
	if (conn && !(ct_conn_word(conn) & (CT_S_CONFIRMED | CT_S_DYING)))
		ct_conn_discard(thr, conn);
}
