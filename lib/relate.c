/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * relate.c - an ICMP error to the connection it quotes
 *
 * The quoted packet was sent in one direction of its connection; the error
 * travels in the other, and takes that one.  It never changes the connection.
 */
#include "process.h"

#include "refuse.h"

#include <string.h>

static enum ct_verdict unrelated(struct ct_thread *thr, struct ct_pkt *pkt,
				 enum ct_reason reason)
{
	pkt->reason = (uint16_t)reason;
	return ct_answer_invalid(thr, pkt);
}

/*
 * The tuple with which the quoted packet would be answered.
 *
 * => False with pkt->reason set.
 */
static bool quoted_answer(struct ct_thread *thr, struct ct_pkt *pkt,
			  const struct ct_quote *quote, struct ct_tuple *answer)
{
	const struct ct_l3_ops *l3 = ct_registry_l3(thr->tbl, quote->l3);
	struct ct_cursor whole = ct_l4_cursor(pkt);
	uint32_t len = pkt->l4_off + (uint32_t)ct_cursor_left(&whole);
	const struct ct_l4_ops *l4;
	struct ct_pkt inner = { 0 };
	struct ct_tuple t;

	pkt->reason = CT_R_ICMP_QUOTE_SHORT;
	if (!l3 || quote->off >= len)
		return false;
	memset(&t, 0, sizeof(t));
	t.l3 = quote->l3;
	inner.data = pkt->data + quote->off;
	inner.len = len - quote->off;
	inner.l3 = quote->l3;
	inner.reason = pkt->reason;
	if (!l3->parse_quoted(&inner, &t)) {
		pkt->reason = inner.reason;
		return false;
	}
	t.l4 = inner.l4;
	l4 = ct_registry_l4(thr->tbl, inner.l4);
	if (!l4->tuple(&inner, &t))
		return false;
	ct_complete(thr, pkt, l4, &t);
	pkt->reason = CT_R_ICMP_QUOTE_UNKNOWN;
	return ct_invert(l4, &t, answer);
}

/* The error must go to whoever sent the quoted packet. */
static bool goes_to(struct ct_thread *thr, const struct ct_pkt *pkt,
		    const union ct_addr *sender)
{
	const struct ct_l3_ops *l3 = ct_registry_l3(thr->tbl, pkt->l3);
	struct ct_pkt copy = *pkt;
	struct ct_tuple outer;

	memset(&outer, 0, sizeof(outer));
	return l3->parse(&copy, &outer) &&
	       memcmp(&outer.dst, sender, sizeof(*sender)) == 0;
}

/* The quoted packet may be one for which there was no room. */
static enum ct_verdict relate_to_nobody(struct ct_thread *thr,
					struct ct_pkt *pkt,
					const struct ct_tuple *answer)
{
	if (!ct_refuse_relates(thr, answer))
		return unrelated(thr, pkt, CT_R_ICMP_QUOTE_UNKNOWN);
	if (!goes_to(thr, pkt, &answer->dst))
		return unrelated(thr, pkt, CT_R_ICMP_QUOTE_ADDRESS);
	pkt->conn = NULL;
	pkt->state = CT_UNTRACKED;
	return ct_answer(thr, pkt, CT_R_OVERFLOW_ERROR);
}

enum ct_verdict ct_relate(struct ct_thread *thr, struct ct_pkt *pkt,
			  const struct ct_quote *quote)
{
	struct ct_conn *conn;
	struct ct_tuple t;
	struct ct_key key;

	if (!quoted_answer(thr, pkt, quote, &key.tuple))
		return ct_answer_invalid(thr, pkt);
	ct_lookup_key(thr, pkt, &key);
	conn = ct_lookup(thr, pkt, &key);
	if (!conn)
		return relate_to_nobody(thr, pkt, &key.tuple);
	ct_conn_tuple(conn, (enum ct_dir)pkt->dir, &t);
	if (!goes_to(thr, pkt, &t.dst))
		return unrelated(thr, pkt, CT_R_ICMP_QUOTE_ADDRESS);
	pkt->conn = conn;
	pkt->state = CT_RELATED;
	return ct_answer(thr, pkt, CT_R_RELATED_ERROR);
}
