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
 *
 * Where the two directions have different network layers, both ends change at
 * once, at whichever hook comes first; see cross.h.
 */
#include "nat/apply.h"

#include "core/table.h"
#include "nat/cross.h"
#include "nat/quote.h"
#include "nat/setup.h"
#include "nat/stateless.h"
#include "wire/csum.h"

/* What a later fragment has: neither ids nor sums nor quotes. */
static const struct ct_l4_ops no_header = { .size = sizeof(no_header) };

struct apply {
	struct ct_thread *thr;
	struct ct_pkt *pkt;
	const struct ct_l4_ops *ops;
	enum ct_nat_end end;
	enum ct_dir other; /* direction */
};

static enum ct_verdict refuse(struct ct_thread *thr, struct ct_pkt *pkt,
			      enum ct_reason reason)
{
	ct_nat_tell(thr, pkt, reason);
	return CT_DROP;
}

/* Which end is written at a hook. */
enum { AT_NONE = 0, AT_SRC = 1 + CT_NAT_SRC, AT_DST = 1 + CT_NAT_DST };

static const uint8_t end_at[CT_HOOK_MAX] = {
	[CT_HOOK_PREROUTING] = AT_DST,
	[CT_HOOK_OUTPUT] = AT_DST,
	[CT_HOOK_POSTROUTING] = AT_SRC,
	[CT_HOOK_INPUT] = AT_SRC,
};

static bool changes(uint32_t status, enum ct_dir dir, enum ct_nat_end end)
{
	bool source = (end == CT_NAT_SRC) == (dir == CT_DIR_ORIG);

	return status & (source ? CT_S_SRC_NAT : CT_S_DST_NAT);
}

/* Write one end of a header and what follows it. */
static bool write_headers(const struct ct_table *tbl, struct ct_pkt *pkt,
			  const struct ct_l4_ops *ops,
			  const union ct_addr *addr, struct ct_rewrite *how)
{
	const struct ct_l3_ops *l3 = ct_registry_l3(tbl, pkt->l3);

	if (ct_unlikely(!l3 || !l3->rewrite))
		return false;
	how->pseudo = l3->rewrite(pkt, how->end, addr);
	return !ops->rewrite || ops->rewrite(pkt, how);
}

/* --- Errors ------------------------------------------------------------- */

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
		.end = apply->end == CT_NAT_SRC ? CT_NAT_DST : CT_NAT_SRC,
	};
	struct ct_tuple to;
	struct ct_pkt inner;
	uint32_t before;

	if (!ct_quote_open(tbl, apply->pkt, quote, &inner, &to))
		return false;
	before = ct_quote_sum(&inner);
	ct_conn_tuple(apply->pkt->conn, apply->other, &to);
	how.src_id = to.src_id;
	how.dst_id = to.dst_id;
	if (!write_headers(tbl, &inner, ct_registry_l4(tbl, inner.l4),
			   how.end == CT_NAT_SRC ? &to.src : &to.dst, &how))
		return false;
	*body = ct_csum_both(ct_quote_sum(&inner), ct_csum_fold(before));
	return true;
}

/* --- The verb ----------------------------------------------------------- */

/* The inverse of the other direction's ids, which is its own. */
static void invert_ids(const struct ct_l4_ops *ops, ct_be16 src_id,
		       ct_be16 dst_id, struct ct_rewrite *how)
{
	bool query = ops->flags & CT_L4_NAT_QUERY;

	how->src_id = query ? src_id : dst_id;
	how->dst_id = query ? dst_id : src_id;
}

/* One end of the packet, to what the other direction's tuple says. */
static bool write_packet(const struct apply *apply, struct ct_rewrite *how)
{
	const struct ct_conn *conn = apply->pkt->conn;
	const struct ct_narrow *narrow = &conn->narrow[apply->other];
	bool source = apply->end == CT_NAT_SRC;
	union ct_addr addr;
	struct ct_tuple t;

	how->end = apply->end;
	if (ct_likely(!(ct_conn_word(conn) & CT_S_WIDE))) {
		addr.v4 = source ? narrow->dst : narrow->src;
		invert_ids(apply->ops, narrow->src_id, narrow->dst_id, how);
	} else {
		ct_conn_tuple(conn, apply->other, &t);
		addr = source ? t.dst : t.src;
		invert_ids(apply->ops, t.src_id, t.dst_id, how);
	}
	return write_headers(apply->thr->tbl, apply->pkt, apply->ops, &addr,
			     how);
}

/* The same for an error, which has no ids of its own. */
static bool write_error(const struct apply *apply, const struct ct_quote *quote)
{
	struct ct_rewrite how = { 0 };

	return write_quote(apply, quote, &how.body) &&
	       write_packet(apply, &how);
}

/* A packet that no mapping changes at this end: may it pass? */
static enum ct_verdict pass(struct ct_thread *thr, struct ct_pkt *pkt,
			    enum ct_nat_end end)
{
	if (ct_likely(!ct_core_param(thr->tbl, CT_P_LEAK_PROOF)) ||
	    end != CT_NAT_SRC)
		return CT_ACCEPT;
	/* Exempt by the host; not for want of room. */
	if (pkt->state == CT_UNTRACKED &&
	    pkt->reason != CT_R_OVERFLOW_UNTRACKED)
		return CT_ACCEPT;
	if (pkt->conn && (ct_conn_word(pkt->conn) & CT_S_SRC_NAT_DONE))
		return CT_ACCEPT;
	return refuse(thr, pkt, CT_R_NAT_LEAK);
}

/* A related packet is an ICMP error, or the first one of what was expected. */
static bool is_error(const struct apply *apply, struct ct_quote *quote)
{
	return apply->pkt->state == CT_RELATED && apply->ops->quote &&
	       apply->ops->quote(apply->pkt, quote);
}

static bool may_pass(const struct apply *apply, uint32_t status)
{
	return !changes(status, (enum ct_dir)apply->pkt->dir, apply->end);
}

static enum ct_verdict translate(const struct apply *apply)
{
	struct ct_rewrite how;

	how.body = 0;
	if (ct_likely(write_packet(apply, &how)))
		return CT_ACCEPT;
	return refuse(apply->thr, apply->pkt, CT_R_NAT_UNTRANSLATABLE);
}

/* The same for what may be an error: seldom, and not in the way of others. */
static __attribute__((noinline)) enum ct_verdict translate_related(
	const struct apply *apply, uint32_t status)
{
	struct ct_quote quote;

	if (!is_error(apply, &quote))
		return may_pass(apply, status) ? CT_ACCEPT : translate(apply);
	if (!quote.redirects &&
	    (may_pass(apply, status) || write_error(apply, &quote)))
		return CT_ACCEPT;
	return refuse(apply->thr, apply->pkt, CT_R_NAT_UNTRANSLATABLE);
}

static __attribute__((noinline)) enum ct_verdict cross(struct ct_thread *thr,
						       struct ct_pkt *pkt)
{
	enum ct_reason reason = ct_nat_cross(thr, pkt);

	return reason == CT_R_NONE ? CT_ACCEPT : refuse(thr, pkt, reason);
}

/* What found no room, where a prefix says what it is outside. */
static __attribute__((noinline)) enum ct_verdict stateless(
	struct ct_thread *thr, struct ct_pkt *pkt, enum ct_nat_end end)
{
	enum ct_reason reason = ct_nat_stateless(thr, pkt, end);

	return reason == CT_R_NONE ? CT_ACCEPT : refuse(thr, pkt, reason);
}

static void begin(struct apply *apply, struct ct_thread *thr,
		  struct ct_pkt *pkt, enum ct_nat_end end)
{
	apply->thr = thr;
	apply->pkt = pkt;
	apply->ops = ct_unlikely(pkt->flags & CT_PKT_LATER)
			     ? &no_header
			     : ct_registry_l4(thr->tbl, pkt->l4);
	apply->other = pkt->dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG;
	apply->end = end;
}

static uint32_t status_of(const struct ct_pkt *pkt)
{
	return pkt->conn ? ct_conn_word(pkt->conn) : 0;
}

enum ct_verdict ct_nat_apply(struct ct_thread *thr, struct ct_pkt *pkt,
			     enum ct_hook hook)
{
	uint8_t at = (unsigned)hook < CT_HOOK_MAX ? end_at[hook] : AT_NONE;
	uint32_t status = status_of(pkt);
	struct apply apply;
	enum ct_nat_end end;

	if (at == AT_NONE)
		return CT_ACCEPT;
	end = (enum ct_nat_end)(at - 1);
	if (!(status & (CT_S_SRC_NAT | CT_S_DST_NAT))) {
		if (ct_unlikely(ct_nat_is_stateless(pkt)))
			return stateless(thr, pkt, end);
		return pass(thr, pkt, end);
	}
	if (ct_unlikely(ct_conn_crosses(pkt->conn, status)))
		return cross(thr, pkt);
	begin(&apply, thr, pkt, end);
	if (ct_unlikely(pkt->state == CT_RELATED))
		return translate_related(&apply, status);
	return may_pass(&apply, status) ? pass(thr, pkt, end)
					: translate(&apply);
}

enum ct_verdict ct_nat_forward(struct ct_thread *thr, struct ct_pkt *pkt)
{
	enum ct_verdict verdict = CT_ACCEPT;
	uint32_t status = status_of(pkt);
	struct apply apply;

	if (!(status & (CT_S_SRC_NAT | CT_S_DST_NAT))) {
		if (ct_likely(!ct_nat_is_stateless(pkt)))
			return pass(thr, pkt, CT_NAT_SRC);
		verdict = stateless(thr, pkt, CT_NAT_DST);
		return verdict == CT_ACCEPT ? stateless(thr, pkt, CT_NAT_SRC)
					    : verdict;
	}
	if (ct_unlikely(ct_conn_crosses(pkt->conn, status)))
		return cross(thr, pkt);
	begin(&apply, thr, pkt, CT_NAT_DST);
	if (ct_unlikely(pkt->state == CT_RELATED))
		verdict = translate_related(&apply, status);
	else if (!may_pass(&apply, status))
		verdict = translate(&apply);
	if (ct_unlikely(verdict != CT_ACCEPT))
		return verdict;
	apply.end = CT_NAT_SRC;
	if (ct_unlikely(pkt->state == CT_RELATED))
		return translate_related(&apply, status);
	return may_pass(&apply, status) ? pass(thr, pkt, CT_NAT_SRC)
					: translate(&apply);
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
