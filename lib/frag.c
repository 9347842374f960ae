/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frag.c - a fragment's way
 *
 * It begins where the network layer says that it was not put together.  The
 * others never come here.  It is taken in the order of the packets, also in a
 * burst: what a fragment is may depend on what the packet before it opened.
 */
#include "frag.h"

#include "core/expect.h"
#include "core/frag.h"
#include "core/policy.h"
#include "core/tags.h"
#include "core/whole.h"
#include "wire/hdr.h"

#include <conntrack/frag.h>

static enum ct_frag_mode mode_of(const struct ct_thread *thr)
{
	return (enum ct_frag_mode)ct_core_param(thr->tbl, CT_P_FRAG_MODE);
}

bool ct_frag_concerns(const struct ct_thread *thr, const struct ct_pkt *pkt,
		      const struct ct_l4_ops *parsed)
{
	struct ct_fragment frag;

	if (pkt->flags & CT_PKT_WHOLE)
		return false;
	if (!parsed)
		return pkt->reason == CT_R_IP_FRAGMENT &&
		       mode_of(thr) != CT_FRAG_OFF;
	return pkt->l3 == CT_L3_IPV6 && pkt->l4_off > CT_IPV6_HDR_LEN &&
	       mode_of(thr) == CT_FRAG_REASSEMBLE &&
	       ct_core_param(thr->tbl, CT_P_FRAG_ATOMIC) &&
	       ct_fragment_read(pkt->data, pkt->len, pkt->l3, &frag);
}

/* --- Bytes -------------------------------------------------------------- */

/* => All that the fragment says it has is contiguous, or is so now. */
static bool all_there(struct ct_thread *thr, struct ct_pkt *pkt,
		      const struct ct_fragment *frag)
{
	const struct ct_host *host = &thr->tbl->mem.host;
	uint32_t len = frag->hdr + frag->len;

	return pkt->len >= len ||
	       (!host->pull(host->user, pkt, len) && pkt->len >= len);
}

/*
 * Read a fragment that can be one.
 *
 * => False: it is to go on alone, as what it is.
 */
static bool read_sound(const struct ct_pkt *pkt, struct ct_fragment *frag)
{
	if (!ct_fragment_read(pkt->data, pkt->len, pkt->l3, frag))
		return false;
	/* RFC 8200 4.5: the first one has all headers. */
	return pkt->l3 == CT_L3_IPV4 || frag->off ||
	       !ct_fragment_chain_cut(pkt->data, pkt->len, frag);
}

/* => It reaches beyond what a datagram's length field can say. */
static bool too_large(const struct ct_fragment *frag)
{
	uint32_t end = frag->off + frag->len;

	if (frag->key.l3 == CT_L3_IPV4)
		end += frag->hdr;
	return end > CT_DATAGRAM_MAX;
}

/* --- Put together ------------------------------------------------------- */

/* The packet becomes the datagram that it completed. */
static enum ct_reason complete(struct ct_thread *thr, struct ct_pkt *pkt,
			       struct ct_datagram *done)
{
	enum ct_reason reason = ct_whole_make(thr, pkt, done);

	ct_datagram_free(&thr->tbl->mem, done);
	return reason;
}

/* => NONE: the packet is a datagram now. */
static enum ct_reason gather(struct ct_thread *thr, struct ct_pkt *pkt)
{
	struct ct_datagram *done = NULL;
	struct ct_fragment frag;
	enum ct_reason reason;

	if (!read_sound(pkt, &frag))
		return CT_R_IP_FRAGMENT;
	/* Of IPv4 that shows when it is put together, as in Linux. */
	if (pkt->l3 == CT_L3_IPV6 && too_large(&frag))
		return CT_R_FRAG_TOO_LARGE;
	if (!all_there(thr, pkt, &frag))
		return CT_R_FRAG_CUT;
	reason = ct_frags_hold(thr, pkt, &frag, &done);
	return reason == CT_R_NONE ? complete(thr, pkt, done) : reason;
}

/* --- Passed ------------------------------------------------------------- */

/* The headers of a first fragment, behind which is not all. */
static const struct ct_l4_ops *parse_first(struct ct_thread *thr,
					   struct ct_pkt *pkt,
					   struct ct_tuple *t)
{
	const struct ct_l3_ops *l3 = ct_registry_l3(thr->tbl, pkt->l3);
	uint32_t end = pkt->l4_off + pkt->l4_len; /* as ct_frags_pass() says */

	memset(t, 0, sizeof(*t));
	t->l3 = pkt->l3;
	pkt->flags |= CT_PKT_FIRST;
	if (!l3 || !l3->parse_quoted(pkt, t) || pkt->l4_off > end) {
		pkt->reason = CT_R_IP_TRUNCATED;
		return NULL;
	}
	pkt->l4_len = end - pkt->l4_off;
	t->l4 = pkt->l4;
	return ct_registry_l4(thr->tbl, pkt->l4);
}

/* => Which helper hears a connection, or would hear a new one; 0: none. */
static uint8_t helper_of(struct ct_thread *thr, struct ct_pkt *pkt,
			 const struct ct_key *key)
{
	const struct ct_conn *conn = ct_lookup(thr, pkt, key);
	const struct ct_helped *help;
	const struct ct_expect *exp;
	struct ct_tuple t;

	if (conn) {
		help = ct_help_of(thr->tbl, conn);
		return help ? help->helper : 0;
	}
	t = key->tuple;
	t.zone = ct_policy_zone_any(pkt);
	exp = ct_expect_find(thr, &t);
	if (exp && exp->helper)
		return exp->helper;
	return pkt->policy ? pkt->policy->helper : 0;
}

/*
 * A helper may have to lengthen what a first fragment says, which cannot be
 * done for itself: what follows would have to move.
 *
 * => False, too, for what is no packet of a connection.
 */
static bool is_helped(struct ct_thread *thr, const struct ct_pkt *first,
		      const struct ct_fragment *frag)
{
	const struct ct_helpers *helpers = &thr->tbl->helpers;
	const struct ct_helper_ops *helper;
	const struct ct_l4_ops *ops;
	struct ct_pkt pkt = *first;
	struct ct_key key;
	uint8_t number;

	pkt.l4_off = (uint16_t)frag->hdr;
	pkt.l4_len = frag->len;
	ops = parse_first(thr, &pkt, &key.tuple);
	if (!ops || !ops->tuple(&pkt, &key.tuple))
		return false;
	ct_complete(thr, &pkt, ops, &key.tuple);
	ct_lookup_key(thr, &pkt, &key);
	number = helper_of(thr, &pkt, &key);
	if (!number)
		return false;
	helper = helpers->place[number].ops;
	return (!helper->l3 || helper->l3 == pkt.l3) &&
	       (!helper->l4 || helper->l4 == pkt.l4);
}

/* => NONE: it goes on, or the packet is a datagram now. */
static enum ct_reason pass(struct ct_thread *thr, struct ct_pkt *pkt)
{
	enum ct_frag_mode mode = CT_FRAG_VIRTUAL;
	struct ct_datagram *done = NULL;
	struct ct_fragment frag;
	enum ct_reason reason;

	if (!read_sound(pkt, &frag))
		return CT_R_IP_FRAGMENT;
	if (!frag.off && is_helped(thr, pkt, &frag))
		mode = CT_FRAG_REASSEMBLE;
	/* What may have to be held; it passes all the same if it need not. */
	if (frag.off || mode == CT_FRAG_REASSEMBLE)
		(void)all_there(thr, pkt, &frag);
	if (too_large(&frag))
		return CT_R_FRAG_TOO_LARGE;
	/*
	 * RFC 3128 2: what begins within TCP's header is there to get flags
	 * past a filter.
	 */
	if (frag.next == CT_IPPROTO_TCP && frag.off &&
	    frag.off < CT_TCP_HDR_LEN)
		return CT_R_FRAG_OVERLAP;
	reason = ct_frags_pass(thr, pkt, &frag, mode, &done);
	return done ? complete(thr, pkt, done) : reason;
}

/* --- The way ------------------------------------------------------------ */

static enum ct_verdict steal(struct ct_thread *thr, struct ct_pkt *pkt)
{
	pkt->conn = NULL;
	pkt->state = CT_INVALID;
	ct_answer(thr, pkt, CT_R_FRAG_HELD);
	return CT_STOLEN;
}

static enum ct_verdict refuse(struct ct_thread *thr, struct ct_pkt *pkt,
			      enum ct_reason reason)
{
	pkt->conn = NULL;
	pkt->state = CT_INVALID;
	ct_answer(thr, pkt, reason);
	return ct_reason_text(reason)->class_ == CT_RC_D ? CT_DROP : CT_ACCEPT;
}

/* What ct_process() does with a packet whose headers are read. */
static enum ct_verdict go_on(struct ct_thread *thr, struct ct_pkt *pkt,
			     const struct ct_l4_ops *ops, struct ct_way *way)
{
	ct_way_enter(thr, pkt, ops, way);
	if (way->next == CT_WAY_FOLLOW)
		ct_bucket_guess(
			thr->tbl,
			ct_bucket_prefetch(&thr->tbl->buckets, way->key.hash),
			way->key.hash, &way->hint);
	way->hint.nobody = false;
	return ct_way_go(thr, pkt, way);
}

static enum ct_verdict go_first(struct ct_thread *thr, struct ct_pkt *pkt,
				struct ct_way *way)
{
	const struct ct_l4_ops *ops = parse_first(thr, pkt, &way->key.tuple);
	enum ct_verdict verdict = go_on(thr, pkt, ops, way);

	ct_frags_tell(thr, pkt, verdict);
	return verdict;
}

enum ct_verdict ct_frag_way(struct ct_thread *thr, struct ct_pkt *pkt,
			    struct ct_way *way)
{
	bool passes = mode_of(thr) == CT_FRAG_VIRTUAL;
	enum ct_reason reason = passes ? pass(thr, pkt) : gather(thr, pkt);

	if (ct_traced(thr))
		ct_trace(thr, "fragment", "%s",
			 reason != CT_R_NONE ? ct_reason_text(reason)->text
			 : pkt->flags & CT_PKT_WHOLE ? "its datagram is whole"
						     : "goes on");
	if (reason == CT_R_FRAG_HELD)
		return steal(thr, pkt);
	if (reason == CT_R_IP_FRAGMENT) {
		pkt->reason = (uint16_t)reason;
		return ct_answer_invalid(thr, pkt);
	}
	if (reason != CT_R_NONE)
		return refuse(thr, pkt, reason);
	if (pkt->flags & CT_PKT_LATER)
		return ct_answer(thr, pkt, (enum ct_reason)pkt->reason);
	if (passes && !(pkt->flags & CT_PKT_WHOLE))
		return go_first(thr, pkt, way);
	return go_on(thr, pkt, ct_way_parse(thr, pkt, &way->key.tuple), way);
}

enum ct_verdict ct_frag_gather(struct ct_thread *thr, struct ct_pkt *pkt)
{
	const struct ct_l4_ops *ops;
	enum ct_reason reason;
	struct ct_tuple t;

	if (pkt->answered || mode_of(thr) != CT_FRAG_REASSEMBLE)
		return CT_ACCEPT;
	ops = ct_way_parse(thr, pkt, &t);
	if (!ct_frag_concerns(thr, pkt, ops))
		return CT_ACCEPT;
	reason = gather(thr, pkt);
	if (reason == CT_R_NONE || reason == CT_R_IP_FRAGMENT)
		return CT_ACCEPT;
	pkt->answered = 1;
	return reason == CT_R_FRAG_HELD ? steal(thr, pkt)
					: refuse(thr, pkt, reason);
}
