/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apply.c - ct_nat_apply(): a packet's addresses and ids
 *
 * A packet of one direction leaves as the inverse of the other direction's
 * tuple: the destination's half of it is written before routing, the source's
 * half behind.  Whether an end changes at all says the status:
 *
 *	direction   hook           end that is written   bit that asks for it
 *	original    PREROUTING     destination           DST_NAT
 *	original    POSTROUTING    source                SRC_NAT
 *	reply       PREROUTING     destination           SRC_NAT
 *	reply       POSTROUTING    source                DST_NAT
 *
 * An ICMP error travels in one direction and quotes a packet of the other.  Of
 * the quote the opposite end is written, with what stood there before it was
 * translated: the other direction's own tuple.
 *
 * Headers are written by those who read them, l3 and l4 trackers.
 */
#include "core/table.h"
#include "wire/csum.h"

/* Behind a quoted L3 header: as much as a tracker may write of an L4 one. */
enum { QUOTE_SUMMED = 64 };

struct apply {
	struct ct_thread *thr;
	struct ct_pkt *pkt;
	const struct ct_l4_ops *ops;
	enum ct_nat_end end;
	struct ct_tuple other; /* of the other direction */
};

static enum ct_verdict refuse(struct ct_thread *thr, struct ct_pkt *pkt,
			      enum ct_reason reason)
{
	pkt->reason = (uint16_t)reason;
	ct_count(thr, reason);
	if (ct_traced(thr))
		ct_trace(thr, "nat", "%s", ct_reason_text(reason)->text);
	return CT_DROP;
}

static bool end_of(enum ct_hook hook, enum ct_nat_end *end)
{
	switch (hook) {
	case CT_HOOK_PREROUTING:
	case CT_HOOK_OUTPUT:
		*end = CT_NAT_DST;
		return true;
	case CT_HOOK_POSTROUTING:
	case CT_HOOK_INPUT:
		*end = CT_NAT_SRC;
		return true;
	default:
		return false;
	}
}

static bool changes(uint32_t status, enum ct_dir dir, enum ct_nat_end end)
{
	bool source = (end == CT_NAT_SRC) == (dir == CT_DIR_ORIG);

	return status & (source ? CT_S_SRC_NAT : CT_S_DST_NAT);
}

/* Write one end of a header and what follows it. */
static bool write_headers(const struct ct_table *tbl, struct ct_pkt *pkt,
			  const struct ct_l4_ops *ops, struct ct_rewrite *how)
{
	const struct ct_l3_ops *l3 = ct_registry_l3(tbl, pkt->l3);
	const struct ct_tuple *to = how->to;

	if (!l3 || !l3->rewrite)
		return false;
	how->pseudo = l3->rewrite(pkt, how->end,
				  how->end == CT_NAT_SRC ? &to->src : &to->dst);
	return !ops->rewrite || ops->rewrite(pkt, how);
}

/* --- Errors ------------------------------------------------------------- */

/* => The quoted packet, as one of its own; false when it is broken. */
static bool unquote(const struct ct_table *tbl, const struct ct_pkt *pkt,
		    const struct ct_quote *quote, struct ct_pkt *inner)
{
	const struct ct_l3_ops *l3 = ct_registry_l3(tbl, quote->l3);
	struct ct_cursor whole = ct_l4_cursor(pkt);
	uint32_t len = pkt->l4_off + (uint32_t)ct_cursor_left(&whole);
	struct ct_tuple t;

	if (!l3 || quote->off >= len)
		return false;
	*inner = (struct ct_pkt){
		.data = pkt->data + quote->off,
		.len = len - quote->off,
		.l3 = quote->l3,
	};
	return l3->parse_quoted(inner, &t);
}

/*
 * Translate back what an error quotes.
 *
 * => What the sum over the error's body changes by; false when the quote is
 *    too short to be written.
 */
static bool write_quote(const struct apply *apply, const struct ct_quote *quote,
			uint32_t *body)
{
	const struct ct_table *tbl = apply->thr->tbl;
	struct ct_rewrite how = {
		.to = &apply->other,
		.end = apply->end == CT_NAT_SRC ? CT_NAT_DST : CT_NAT_SRC,
	};
	struct ct_pkt inner;
	uint32_t before, len;

	if (!unquote(tbl, apply->pkt, quote, &inner))
		return false;
	len = inner.l4_off + QUOTE_SUMMED;
	if (len > inner.len)
		len = inner.len;
	before = ct_csum_add(0, inner.data, len);
	if (!write_headers(tbl, &inner, ct_registry_l4(tbl, inner.l4), &how))
		return false;
	*body = ct_csum_both(ct_csum_add(0, inner.data, len),
			     ct_csum_fold(before));
	return true;
}

/* --- The verb ----------------------------------------------------------- */

static bool write_packet(struct apply *apply, const struct ct_quote *quote)
{
	struct ct_rewrite how = { .end = apply->end };
	struct ct_tuple to;

	if (quote && !write_quote(apply, quote, &how.body))
		return false;
	/* An error's own ids are none; what is written is its checksum. */
	if (!ct_l4_invert(ct_registry_l4(apply->thr->tbl, apply->other.l4),
			  &apply->other, &to))
		return false;
	how.to = &to;
	return write_headers(apply->thr->tbl, apply->pkt, apply->ops, &how);
}

/* A packet without a mapping: may it pass? */
static enum ct_verdict pass(struct ct_thread *thr, struct ct_pkt *pkt,
			    enum ct_nat_end end)
{
	if (ct_likely(!ct_core_param(thr->tbl, CT_P_LEAK_PROOF)) ||
	    end != CT_NAT_SRC || pkt->state == CT_UNTRACKED)
		return CT_ACCEPT;
	if (pkt->conn && (ct_conn_word(pkt->conn) & CT_S_SRC_NAT_DONE))
		return CT_ACCEPT;
	return refuse(thr, pkt, CT_R_NAT_LEAK);
}

/* => Its quote, if the packet is an ICMP error. */
static const struct ct_quote *quote_of(const struct apply *apply,
				       struct ct_quote *quote)
{
	if (ct_likely(apply->pkt->state != CT_RELATED) || !apply->ops->quote ||
	    !apply->ops->quote(apply->pkt, quote))
		return NULL;
	return quote;
}

enum ct_verdict ct_nat_apply(struct ct_thread *thr, struct ct_pkt *pkt,
			     enum ct_hook hook)
{
	struct apply apply = { .thr = thr, .pkt = pkt };
	struct ct_quote space;
	const struct ct_quote *quote;
	uint32_t status;

	if (!end_of(hook, &apply.end))
		return CT_ACCEPT;
	if (!pkt->conn)
		return pass(thr, pkt, apply.end);
	status = ct_conn_word(pkt->conn);
	if (!(status & (CT_S_SRC_NAT | CT_S_DST_NAT)))
		return pass(thr, pkt, apply.end);
	apply.ops = ct_registry_l4(thr->tbl, pkt->l4);
	quote = quote_of(&apply, &space);
	if (quote && quote->redirects)
		return refuse(thr, pkt, CT_R_NAT_UNTRANSLATABLE);
	if (!changes(status, (enum ct_dir)pkt->dir, apply.end))
		return CT_ACCEPT;
	ct_conn_tuple(pkt->conn,
		      pkt->dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG,
		      &apply.other);
	if (!write_packet(&apply, quote))
		return refuse(thr, pkt, CT_R_NAT_UNTRANSLATABLE);
	return CT_ACCEPT;
}

void ct_nat_apply_burst(struct ct_thread *thr, struct ct_pkt *const *pkts,
			unsigned n, enum ct_hook hook,
			enum ct_verdict *verdicts)
{
	for (unsigned i = 0; i < n; i++) {
		enum ct_verdict verdict = ct_nat_apply(thr, pkts[i], hook);

		if (verdicts)
			verdicts[i] = verdict;
	}
}
