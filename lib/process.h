/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process.h - the steps of a packet's way, as the files of the top floor share
 * them
 */
#ifndef PROCESS_H
#define PROCESS_H

#include "core/conn.h"
#include "core/table.h"

/* Make a packet's tuple, which stands in the key, the key of its first
 * look-up: in the original zone. */
void ct_lookup_key(struct ct_thread *thr, const struct ct_pkt *pkt,
		   struct ct_key *key);

/*
 * Find the connection of a tuple in the packet's zones, without a guess.
 *
 * => Borrowed, known, not expired; sets pkt->dir.  NULL when there is none.
 */
struct ct_conn *ct_lookup(struct ct_thread *thr, struct ct_pkt *pkt,
			  const struct ct_key *key);

/* What a tracker could not read from the packet; the zone is in the tuple
 * then, too. */
static inline void ct_complete(struct ct_thread *thr, const struct ct_pkt *pkt,
			       const struct ct_l4_ops *ops, struct ct_tuple *t)
{
	if (ct_likely(!ops->complete))
		return;
	t->zone = ct_policy_zone(pkt, CT_DIR_ORIG);
	ops->complete(thr, t);
}

/* The tuple that answers t; false when nothing can. */
bool ct_invert(const struct ct_l4_ops *ops, const struct ct_tuple *t,
	       struct ct_tuple *inverse);

/* An ICMP error takes the connection of the packet it quotes. */
enum ct_verdict ct_relate(struct ct_thread *thr, struct ct_pkt *pkt,
			  const struct ct_quote *quote);

/* The answers that end the way. */
enum ct_verdict ct_answer_invalid(struct ct_thread *thr, struct ct_pkt *pkt);
enum ct_verdict ct_answer(struct ct_thread *thr, struct ct_pkt *pkt,
			  enum ct_reason reason);
enum ct_verdict ct_answer_drop(struct ct_thread *thr, struct ct_pkt *pkt,
			       enum ct_reason reason);

/*
 * A packet's way in two parts: what needs nothing but the packet, and what
 * needs the table.  A burst does the first part of all packets, so that memory
 * is on its way, before the second of any.
 */
struct ct_way {
	enum {
		CT_WAY_DONE,     /* answered: verdict */
		CT_WAY_FRAGMENT, /* of a datagram; see frag.h */
		CT_WAY_RELATE,   /* an ICMP error: quote */
		CT_WAY_FOLLOW,   /* look up the key; ops is its tracker */
		CT_WAY_PREDICT   /* look up the key; see predict.h */
	} next;
	enum ct_verdict verdict;
	/* Its headers are where everybody has them; see ct_predict_key(). */
	bool plain;
	const struct ct_l4_ops *ops;
	struct ct_quote quote;
	struct ct_key key;
	/* The key's, as far as it is known already; of FOLLOW, PREDICT. */
	const struct ct_bucket *bucket;
	struct ct_hint hint;
};

void ct_way_begin(struct ct_thread *thr, struct ct_pkt *pkt, enum ct_hook hook,
		  struct ct_way *way);
/* Its first half: bytes to addresses; => the tracker, or NULL with pkt->reason
 * set. */
const struct ct_l4_ops *ct_way_parse(struct ct_thread *thr, struct ct_pkt *pkt,
				     struct ct_tuple *t);
/* Its second half: the tracker's header, ids and key; ops may be NULL. */
void ct_way_enter(struct ct_thread *thr, struct ct_pkt *pkt,
		  const struct ct_l4_ops *ops, struct ct_way *way);
/* The same for a packet whose key is made, and where its L4 header is stands in
 * it: a plain one (predict.h) of a tracker with ports. */
void ct_way_resume(struct ct_thread *thr, struct ct_pkt *pkt,
		   struct ct_way *way);

/* Make a private connection; sets pkt->conn, or the reason why not. */
enum ct_verdict ct_open(struct ct_thread *thr, struct ct_pkt *pkt,
			const struct ct_way *way);

/* => The way's hint is set, unless it is done or relates. */
enum ct_verdict ct_way_go(struct ct_thread *thr, struct ct_pkt *pkt,
			  struct ct_way *way);

#endif /* PROCESS_H */
