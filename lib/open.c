/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * open.c - a packet that nobody knows opens a connection, if it may; see
 * process.h
 */
#include "process.h"

#include "admit.h"
#include "core/expect.h"
#include "nat/reserve.h"
#include "overflow/talker.h"
#include "refuse.h"
#include "syn.h"

static int by_policy(struct ct_thread *thr, struct ct_conn *conn,
		     const struct ct_policy *policy)
{
	conn->policy = policy->number;
	if (policy->flags & CT_POLICY_MARK)
		ct_conn_mark_set(thr, conn, policy->mark);
	if (policy->flags & CT_POLICY_LABELS)
		return ct_conn_labels_set(thr, conn, policy->labels);
	return 0;
}

/*
 * Somebody may have announced it.
 *
 * => False when out of memory; met: the expectation, or NULL.
 */
static ct_noinline bool meet(struct ct_thread *thr, struct ct_conn *conn,
			     const struct ct_pkt *pkt, struct ct_expect **met)
{
	struct ct_conn *master;
	struct ct_expect *exp;
	struct ct_tuple t;

	ct_conn_tuple(conn, CT_DIR_ORIG, &t);
	t.zone = ct_policy_zone_any(pkt);
	exp = ct_expect_take(thr, &t);
	*met = exp;
	if (!exp)
		return true;
	master = ct_conn_at(thr->tbl, exp->master);
	if (!ct_conn_master_set(thr, conn, master) ||
	    (exp->helper && !ct_help_attach(thr, conn, exp->helper)))
		return false;
	ct_conn_set(conn, CT_S_EXPECTED);
	atomic_store_explicit(&conn->mark, ct_conn_mark(master),
			      memory_order_relaxed);
	return true;
}

/* => CT_R_NONE, or why it is dropped: its source is what it may not have. */
static enum ct_reason translate_met(struct ct_thread *thr, struct ct_pkt *pkt,
				    const struct ct_expect *exp)
{
	if (!ct_reserve_meet(thr, pkt, exp))
		return CT_R_NONE;
	if (exp->def.nat)
		exp->def.nat(thr, pkt, exp);
	else if (exp->def.flags & CT_EXPECT_NAT)
		ct_expect_nat_follow(thr, pkt, exp);
	if (!(ct_conn_word(pkt->conn) & CT_S_SRC_NAT))
		return CT_R_NONE;
	return ct_reserve_source(thr, pkt->conn,
				 ct_conn_at(thr->tbl, exp->master));
}

enum ct_verdict ct_open(struct ct_thread *thr, struct ct_pkt *pkt,
			const struct ct_way *way)
{
	const struct ct_l4_ops *ops = way->ops;
	struct ct_expect *met = NULL;
	struct ct_newcomer new = {
		.hash = way->key.hash,
		.t = &way->key.tuple,
		.pkt = pkt,
		.class_ = pkt->policy ? (uint8_t)pkt->policy->class_ : 0,
	};
	struct ct_proxied proxied = { .flags = 0 };
	enum ct_verdict verdict;
	struct ct_tuple reply;
	struct ct_conn *conn;
	enum ct_reason full, why;

	if (!ct_invert(ops, &way->key.tuple, &reply)) {
		pkt->reason = CT_R_L4_TUPLE;
		return ct_answer_invalid(thr, pkt);
	}
	reply.zone = ct_policy_zone(pkt, CT_DIR_REPLY);
	if (ct_unlikely(ct_pressed(thr->tbl)))
		ct_talker_note(thr, new.t);
	if (ct_unlikely(ct_syn_concerns(thr, pkt, ops)) &&
	    !ct_syn_meet(thr, pkt, way, &proxied, &verdict))
		return verdict;
	full = ct_admit(thr, &new);
	if (ct_unlikely(full != CT_R_NONE))
		return proxied.flags ? ct_refuse_proxied(thr, pkt, full)
				     : ct_refuse(thr, pkt, full);
	if (ct_unlikely(proxied.flags) && !ct_syn_turn(thr, pkt, &proxied)) {
		ct_count_give(thr);
		return ct_answer_drop(thr, pkt, CT_R_SYN_NO_ROOM);
	}
	conn = ct_conn_open(thr, &way->key, &reply);
	if (!conn) {
		ct_count_give(thr);
		ct_count_fit(thr);
		return ct_answer_drop(thr, pkt, CT_R_NO_MEMORY);
	}
	ct_conn_class_word_set(conn,
			       new.class_ | new.recalled *CT_CONN_RECALLED);
	ct_limits_enter(thr->tbl, new.t, new.class_);
	pkt->dir = CT_DIR_ORIG;
	pkt->state = CT_NEW;
	if (ct_unlikely((ct_expects_any(&thr->tbl->helpers) &&
			 !meet(thr, conn, pkt, &met)) ||
			(pkt->policy && by_policy(thr, conn, pkt->policy)) ||
			(proxied.flags && !ct_syn_keep(thr, conn, &proxied)))) {
		ct_conn_discard(thr, conn);
		return ct_answer_drop(thr, pkt, CT_R_NO_MEMORY);
	}
	if (ops->open(thr, conn, pkt) != CT_TRACK_OK) {
		ct_conn_discard(thr, conn);
		return ct_answer_invalid(thr, pkt);
	}
	pkt->conn = conn;
	if (ct_likely(!met))
		return CT_ACCEPT;
	why = translate_met(thr, pkt, met);
	if (why == CT_R_NONE)
		return CT_ACCEPT;
	ct_conn_discard(thr, conn);
	return ct_answer_drop(thr, pkt, why);
}
