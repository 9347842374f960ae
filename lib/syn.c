/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * syn.c - a SYN proxy, towards the client; see syn.h
 */
#include "syn.h"

#include "core/emit.h"
#include "core/segment.h"
#include "overflow/probe.h"
#include "proto/tcp_seg.h"
#include "refuse.h"
#include "wire/tcpopt.h"

enum {
	V6_LESS = 20,     /* bytes that IPv6's header is longer */
	MSS_SILENT = 536, /* of who says none, RFC 9293 3.7.1 */
	MSS_SILENT6 = 1220,
	NS_PER_MS = 1000000
};

static uint32_t second_of(const struct ct_thread *thr)
{
	return (uint32_t)(thr->now_ns / 1000000000u);
}

/* The last bytes of the secret: what hashes tuples reads others. */
static const uint8_t *key_of(const struct ct_table *tbl)
{
	return tbl->hash.secret + CT_HASH_SECRET - CT_SIPHASH_KEY;
}

/* A segment as check() has read it. */
static struct ct_tcp_seg recall(const struct ct_pkt *pkt)
{
	struct ct_tcp_seg seg;

	memcpy(&seg, pkt->scratch, sizeof(seg));
	return seg;
}

/* --- Whether ------------------------------------------------------------ */

static bool has_flag(const struct ct_pkt *pkt, enum ct_policy_flag flag)
{
	return pkt->policy && (pkt->policy->flags & flag);
}

/* => All of this packet's kind are answered, whatever the pressure. */
static bool always(const struct ct_thread *thr, const struct ct_pkt *pkt)
{
	return has_flag(pkt, CT_POLICY_SYN_PROXY) ||
	       ct_core_param(thr->tbl, CT_P_SYN_PROXY) == 2;
}

/* => It may be; this host's own packets are not. */
static bool may(const struct ct_thread *thr, const struct ct_pkt *pkt)
{
	return ct_emits(thr->tbl) && thr->hook == CT_HOOK_PREROUTING &&
	       !has_flag(pkt, CT_POLICY_NO_SYN_PROXY);
}

static bool wants(const struct ct_thread *thr, const struct ct_pkt *pkt,
		  enum ct_reason full)
{
	if (!may(thr, pkt))
		return false;
	return always(thr, pkt) ||
	       (ct_core_param(thr->tbl, CT_P_SYN_PROXY) &&
		(full != CT_R_NONE || ct_pressed(thr->tbl)));
}

/* => A cookie that was sent lately may come back. */
static bool are_out(const struct ct_thread *thr)
{
	uint32_t at = atomic_load_explicit(&thr->tbl->cookie_at,
					   memory_order_relaxed);

	return at && second_of(thr) - at < 2 * CT_COOKIE_EPOCH;
}

/* --- The answer to a SYN ------------------------------------------------- */

static void note_sent(struct ct_thread *thr)
{
	_Atomic uint32_t *at = &thr->tbl->cookie_at;
	uint32_t now = second_of(thr);

	if (!now)
		now = 1; /* 0 is never */
	if (atomic_load_explicit(at, memory_order_relaxed) != now)
		atomic_store_explicit(at, now, memory_order_relaxed);
	ct_ledger_add(thr->tbl, CT_LEDGER_COOKIES, 1);
}

void ct_syn_options(const struct ct_segment *seg, struct ct_tcpopt *opt)
{
	ct_tcpopt_parse(ct_cursor_of(seg->options, seg->options_len), opt);
}

static uint16_t own_mss(const struct ct_table *tbl, uint8_t l3)
{
	uint32_t mss = ct_core_param(tbl, CT_P_SYN_MSS);

	return (uint16_t)(l3 == CT_L3_IPV6 ? mss - V6_LESS : mss);
}

/* What its options offer, and what is offered in turn. */
static struct ct_offer offer_of(const struct ct_thread *thr, uint8_t l3,
				const struct ct_tcpopt *opt,
				struct ct_tcpopt *own)
{
	struct ct_table *tbl = thr->tbl;
	const struct ct_offer offer = {
		.mss = opt->has_mss       ? opt->mss
		       : l3 == CT_L3_IPV6 ? MSS_SILENT6
					  : MSS_SILENT,
		.wscale = opt->has_wscale ? opt->wscale : CT_WSCALE_NONE,
		.sack = opt->sack_perm,
	};

	*own = (struct ct_tcpopt){
		.has_mss = true,
		.mss = own_mss(tbl, l3),
		.sack_perm = opt->sack_perm,
		.has_wscale = opt->has_wscale,
		.wscale = (uint8_t)ct_core_param(tbl, CT_P_SYN_WSCALE),
		.has_timestamp = opt->has_timestamp &&
				 ct_core_param(tbl, CT_P_SYN_STAMPS),
		.tsval = (uint32_t)(thr->now_ns / NS_PER_MS),
		.tsecr = opt->tsval,
	};
	return offer;
}

static enum ct_verdict drop(struct ct_thread *thr, struct ct_pkt *pkt,
			    enum ct_reason reason)
{
	pkt->conn = NULL;
	pkt->state = CT_INVALID;
	ct_answer(thr, pkt, reason);
	return CT_DROP;
}

/* A SYN/ACK whose window is closed: data would only be lost. */
static enum ct_verdict answer(struct ct_thread *thr, struct ct_pkt *pkt,
			      const struct ct_tuple *t)
{
	struct ct_tcpopt opt, own;
	struct ct_segment syn, back;
	struct ct_built built;
	struct ct_offer offer;

	if (!ct_segment_read(&syn, pkt->l3, pkt->data, pkt->len))
		return drop(thr, pkt, CT_R_SYN_COOKIE);
	ct_syn_options(&syn, &opt);
	offer = offer_of(thr, pkt->l3, &opt, &own);
	back = (struct ct_segment){
		.src = syn.dst,
		.dst = syn.src,
		.src_port = syn.dst_port,
		.dst_port = syn.src_port,
		.seq = ct_cookie_make(key_of(thr->tbl), t, syn.seq, &offer,
				      ct_cookie_epoch(thr->now_ns)),
		.ack = syn.seq + 1,
		.flags = CT_SEG_SYN | CT_SEG_ACK,
	};
	back.options_len = (uint8_t)ct_tcpopt_write(back.options, &own);
	ct_build_segment(&built, pkt->l3, &back);
	note_sent(thr);
	if (ct_traced(thr))
		ct_trace(thr, "syn proxy", "SYN/ACK with cookie %u", back.seq);
	ct_emit(thr, &built, pkt->zone, pkt->mark);
	return drop(thr, pkt, CT_R_SYN_COOKIE);
}

/* --- The cookie comes back ----------------------------------------------- */

static void take_offer(const struct ct_thread *thr, struct ct_proxied *proxied,
		       const struct ct_offer *offer)
{
	proxied->flags = CT_PROXIED | CT_PROXIED_WAITS;
	proxied->mss = offer->mss;
	if (offer->sack)
		proxied->flags |= CT_PROXIED_SACK;
	if (offer->wscale == CT_WSCALE_NONE)
		return;
	proxied->flags |= CT_PROXIED_SCALE;
	proxied->scale = offer->wscale;
	proxied->given_scale =
		(uint8_t)ct_core_param(thr->tbl, CT_P_SYN_WSCALE);
}

/* What its latest segment says. */
static void take_latest(struct ct_proxied *proxied, const struct ct_pkt *pkt,
			uint16_t window)
{
	struct ct_segment seg;
	struct ct_tcpopt opt;

	proxied->window = window;
	if (!ct_segment_read(&seg, pkt->l3, pkt->data, pkt->len))
		return;
	ct_syn_options(&seg, &opt);
	if (!opt.has_timestamp)
		return;
	proxied->flags |= CT_PROXIED_STAMPS;
	proxied->tsval = opt.tsval;
	proxied->tsecr = opt.tsecr;
}

/*
 * Whether a segment acknowledges a cookie that its sender was given.
 *
 * If the ACK was lost, a question for the window comes first: its number is one
 * less (RFC 9293 3.8.6.1), and it has no data.
 */
static bool redeem(const struct ct_thread *thr, const struct ct_tcp_seg *seg,
		   const struct ct_tuple *t, struct ct_proxied *proxied)
{
	uint32_t epoch = ct_cookie_epoch(thr->now_ns);
	const uint8_t *key = key_of(thr->tbl);
	struct ct_offer offer;

	proxied->cookie = seg->ack - 1;
	proxied->isn = seg->seq - 1;
	if (!ct_cookie_check(key, t, proxied->isn, proxied->cookie, epoch,
			     &offer)) {
		proxied->isn = seg->seq;
		if (seg->end != seg->seq ||
		    !ct_cookie_check(key, t, proxied->isn, proxied->cookie,
				     epoch, &offer))
			return false;
	}
	take_offer(thr, proxied, &offer);
	return true;
}

struct ct_segment ct_syn_of(const struct ct_proxied *proxied)
{
	const struct ct_tcpopt opt = {
		.has_mss = true,
		.mss = proxied->mss,
		.sack_perm = proxied->flags & CT_PROXIED_SACK,
		.has_wscale = proxied->flags & CT_PROXIED_SCALE,
		.wscale = proxied->scale,
		.has_timestamp = proxied->flags & CT_PROXIED_STAMPS,
		.tsval = proxied->tsval,
	};
	uint32_t window = (uint32_t)proxied->window << proxied->scale;
	struct ct_segment syn = {
		.seq = proxied->isn,
		.flags = CT_SEG_SYN,
		.window = (uint16_t)(window < UINT16_MAX ? window : UINT16_MAX),
	};

	syn.options_len = (uint8_t)ct_tcpopt_write(syn.options, &opt);
	return syn;
}

static bool is_whole(const struct ct_pkt *pkt)
{
	return !(pkt->flags & (CT_PKT_WHOLE | CT_PKT_FIRST | CT_PKT_LATER));
}

bool ct_syn_turn(struct ct_thread *thr, struct ct_pkt *pkt,
		 const struct ct_proxied *proxied)
{
	const struct ct_segment syn = ct_syn_of(proxied);

	if (!ct_segment_remake(thr->tbl, pkt, &syn))
		return false;
	if (ct_traced(thr))
		ct_trace(thr, "syn proxy", "becomes the SYN %u to the server",
			 syn.seq);
	/* The tracker reads what it is now. */
	return ct_tcp_ops.check(thr, pkt) == CT_TRACK_OK;
}

/* --- Newcomers ------------------------------------------------------------ */

static enum ct_verdict invalid(struct ct_thread *thr, struct ct_pkt *pkt)
{
	ct_ledger_add(thr->tbl, CT_LEDGER_COOKIES_BAD, 1);
	pkt->reason = CT_R_SYN_BAD_COOKIE;
	return ct_answer_invalid(thr, pkt);
}

static bool meet_syn(struct ct_thread *thr, struct ct_pkt *pkt,
		     const struct ct_tuple *t, enum ct_verdict *verdict)
{
	enum ct_reason full = ct_half_met(thr->tbl, t);

	if (wants(thr, pkt, full))
		*verdict = answer(thr, pkt, t);
	else if (full != CT_R_NONE)
		*verdict = ct_refuse(thr, pkt, full);
	else
		return true;
	return false;
}

bool ct_syn_meet(struct ct_thread *thr, struct ct_pkt *pkt,
		 const struct ct_way *way, struct ct_proxied *proxied,
		 enum ct_verdict *verdict)
{
	const struct ct_tcp_seg seg = recall(pkt);
	const struct ct_tuple *t = &way->key.tuple;

	if (seg.event == CT_TCP_EV_SYN)
		return meet_syn(thr, pkt, t, verdict);
	if ((seg.event != CT_TCP_EV_ACK && seg.event != CT_TCP_EV_FIN) ||
	    !may(thr, pkt) || !(are_out(thr) || always(thr, pkt)))
		return true;
	if (!is_whole(pkt) || !redeem(thr, &seg, t, proxied)) {
		proxied->flags = 0;
		/* It may be one that is picked up. */
		if (!always(thr, pkt)) {
			ct_ledger_add(thr->tbl, CT_LEDGER_COOKIES_BAD, 1);
			return true;
		}
		*verdict = invalid(thr, pkt);
		return false;
	}
	take_latest(proxied, pkt, seg.win);
	ct_ledger_add(thr->tbl, CT_LEDGER_COOKIES_GOOD, 1);
	return true;
}

bool ct_syn_keep(struct ct_thread *thr, struct ct_conn *conn,
		 const struct ct_proxied *proxied)
{
	struct ct_helped *help = ct_help_get(thr, conn);

	if (!help)
		return false;
	help->proxied = *proxied;
	help->is_proxied = true;
	ct_event_mark(conn);
	ct_probe_syn(thr, conn);
	return true;
}

/* --- While the server has not answered ------------------------------------ */

static bool waits(struct ct_thread *thr, struct ct_conn *conn,
		  struct ct_helped **help, struct ct_proxied *proxied)
{
	*help = ct_help_of(thr->tbl, conn);
	if (!*help)
		return false;
	ct_spin_lock(&conn->lock);
	*proxied = (*help)->proxied;
	ct_spin_unlock(&conn->lock);
	return proxied->flags & CT_PROXIED_WAITS;
}

/* The client's cookie once more: the SYN once more. */
static enum ct_track repeat(struct ct_thread *thr, struct ct_pkt *pkt,
			    struct ct_helped *help,
			    const struct ct_tcp_seg *seg,
			    enum ct_verdict *verdict)
{
	struct ct_conn *conn = pkt->conn;
	struct ct_proxied proxied;

	ct_spin_lock(&conn->lock);
	if (help->proxied.flags & CT_PROXIED_WAITS)
		take_latest(&help->proxied, pkt, seg->win);
	proxied = help->proxied;
	ct_spin_unlock(&conn->lock);
	if (is_whole(pkt) && ct_syn_turn(thr, pkt, &proxied))
		return CT_TRACK_OK;
	*verdict = drop(thr, pkt, CT_R_SYN_NO_ROOM);
	return CT_TRACK_INVALID;
}

static enum ct_track from_client(struct ct_thread *thr, struct ct_pkt *pkt,
				 const struct ct_way *way,
				 struct ct_helped *help,
				 enum ct_verdict *verdict)
{
	const struct ct_tcp_seg seg = recall(pkt);
	struct ct_proxied proxied = help->proxied;
	struct ct_proxied other = { 0 };

	if (seg.event == CT_TCP_EV_RST || seg.event == CT_TCP_EV_SYNACK ||
	    (seg.event == CT_TCP_EV_SYN && seg.seq == proxied.isn))
		return CT_TRACK_OK;
	if (seg.event == CT_TCP_EV_SYN) {
		*verdict = answer(thr, pkt, &way->key.tuple);
		return CT_TRACK_INVALID;
	}
	if (seg.ack == proxied.cookie + 1)
		return repeat(thr, pkt, help, &seg, verdict);
	/* It has begun anew, and was given another one. */
	if (redeem(thr, &seg, &way->key.tuple, &other)) {
		ct_conn_kill(thr, pkt->conn, CT_R_END_REPLACED);
		return CT_TRACK_RESTART;
	}
	*verdict = invalid(thr, pkt);
	return CT_TRACK_INVALID;
}

/*
 * A server that answers a SYN with a mere ACK has an older connection with this
 * client, of which the client knows nothing any more (RFC 9293 3.5.1).
 */
static enum ct_track from_server(struct ct_thread *thr, struct ct_pkt *pkt,
				 enum ct_verdict *verdict)
{
	const struct ct_tcp_seg seg = recall(pkt);
	struct ct_built built;

	if (seg.event != CT_TCP_EV_ACK ||
	    (ct_conn_word(pkt->conn) & CT_S_SEEN_REPLY))
		return CT_TRACK_OK;
	if (ct_build_reset(&built, pkt->l3, pkt->data, pkt->len))
		ct_emit(thr, &built, pkt->zone, pkt->mark);
	*verdict = drop(thr, pkt, CT_R_SYN_STALE);
	return CT_TRACK_INVALID;
}

enum ct_track ct_syn_again(struct ct_thread *thr, struct ct_pkt *pkt,
			   const struct ct_way *way, enum ct_verdict *verdict)
{
	struct ct_proxied proxied;
	struct ct_helped *help;

	if (way->ops != &ct_tcp_ops ||
	    !(ct_conn_word(pkt->conn) & CT_S_CONFIRMED) ||
	    !waits(thr, pkt->conn, &help, &proxied))
		return CT_TRACK_OK;
	return pkt->dir == CT_DIR_ORIG
		       ? from_client(thr, pkt, way, help, verdict)
		       : from_server(thr, pkt, verdict);
}
