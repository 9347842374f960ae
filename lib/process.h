/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process.h - the steps of a packet's way, as the files of the top floor share
 * them
 */
#ifndef PROCESS_H
#define PROCESS_H

#include "core/conn.h"
#include "core/table.h"

/*
 * Find the connection of a tuple in the packet's zones.
 *
 * => Borrowed, known, not expired; sets pkt->dir.  NULL when there is none.
 * => The key is left in the zone that was looked up last.
 */
struct ct_conn *ct_lookup(struct ct_thread *thr, struct ct_pkt *pkt,
			  struct ct_tuple *t);

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

#endif /* PROCESS_H */
