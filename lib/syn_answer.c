/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * syn_answer.c - a SYN proxy, when its server answers, and ever since; see
 * syn.h
 *
 * The server's SYN/ACK ends the waiting: the offsets are known.  It becomes the
 * ACK that opens the client's window, and the ACK that the server waits for goes
 * the client's way, through tracker, NAT and shifting, before it is handed to
 * the host.
 */
#include "syn.h"

#include "core/emit.h"
#include "core/segment.h"
#include "nat/apply.h"
#include "wire/iphead.h"
#include "wire/tcpopt.h"

/* --- The ACK to the server ------------------------------------------------ */

/* As the client would say it. */
static struct ct_segment ack_of(const struct ct_proxied *proxied)
{
	const struct ct_tcpopt opt = {
		.has_timestamp = proxied->flags & CT_PROXIED_SHIFTED,
		.tsval = proxied->tsval,
		.tsecr = proxied->tsecr,
	};
	struct ct_segment ack = {
		.seq = proxied->isn + 1,
		.ack = proxied->cookie + 1,
		.window = proxied->window,
		.flags = CT_SEG_ACK,
	};

	ack.options_len = (uint8_t)ct_tcpopt_write(ack.options, &opt);
	return ack;
}

/* All verbs, for a packet of our own: as one of this host's, no SYN of it is
 * answered. */
static bool pass(struct ct_thread *thr, struct ct_pkt *pkt,
		 const struct ct_conn *conn)
{
	uint8_t hook = thr->hook;
	bool good = ct_process(thr, pkt, CT_HOOK_OUTPUT) == CT_ACCEPT &&
		    pkt->conn == conn &&
		    ct_nat_forward(thr, pkt) == CT_ACCEPT &&
		    ct_confirm(thr, pkt) == CT_ACCEPT;

	thr->hook = hook;
	if (!good)
		ct_abandon(thr, pkt);
	return good;
}

/* Send the server what its client would. */
static void speak(struct ct_thread *thr, struct ct_conn *conn, uint32_t mark,
		  struct ct_segment *seg)
{
	const struct ct_host *host = &thr->tbl->mem.host;
	uint8_t room[CT_IPHEAD_MAX + CT_BUILD_MAX];
	struct ct_built built;
	struct ct_tuple t;
	struct ct_pkt pkt;

	ct_conn_tuple(conn, CT_DIR_ORIG, &t);
	seg->src = t.src;
	seg->dst = t.dst;
	seg->src_port = t.src_id;
	seg->dst_port = t.dst_id;
	ct_build_segment(&built, t.l3, seg);
	pkt = ct_emit_pkt(&built, t.zone, mark);
	/* NAT64 may make the header longer. */
	pkt.data = memcpy(room + CT_IPHEAD_MAX, built.bytes, built.len);
	pkt.headroom = CT_IPHEAD_MAX;
	pkt.flags = 0;
	if (!pass(thr, &pkt, conn))
		return;
	pkt.flags = CT_PKT_UNTRACKED;
	host->emit(host->user, &pkt);
}

void ct_syn_repeat(struct ct_thread *thr, struct ct_conn *conn)
{
	struct ct_helped *help = ct_help_of(thr->tbl, conn);
	struct ct_proxied proxied;
	struct ct_segment syn;

	if (!help)
		return;
	ct_spin_lock(&conn->lock);
	proxied = help->proxied;
	ct_spin_unlock(&conn->lock);
	if (!(proxied.flags & CT_PROXIED_WAITS))
		return;
	syn = ct_syn_of(&proxied);
	speak(thr, conn, ct_conn_mark(conn), &syn);
}

/* --- What becomes of the server's answer ----------------------------------- */

static uint8_t shift_of(const struct ct_proxied *proxied,
			const struct ct_tcpopt *opt)
{
	return proxied->flags & CT_PROXIED_SCALE && opt->has_wscale
		       ? opt->wscale
		       : 0;
}

/* The waiting is over; once. */
static void settle(struct ct_conn *conn, struct ct_helped *help, uint32_t seq,
		   const struct ct_tcpopt *opt) CT_REQUIRES(conn->lock)
{
	struct ct_proxied *proxied = &help->proxied;

	if (!(proxied->flags & CT_PROXIED_WAITS))
		return;
	proxied->flags &= (uint8_t)~CT_PROXIED_WAITS;
	proxied->server = seq;
	proxied->server_scale = shift_of(proxied, opt);
	if ((proxied->flags & CT_PROXIED_STAMPS) && opt->has_timestamp) {
		proxied->flags |= CT_PROXIED_SHIFTED;
		proxied->stamps = (int32_t)(proxied->tsecr - opt->tsval);
	}
	help->adj[CT_DIR_REPLY].base = (int32_t)(proxied->cookie - seq);
	ct_conn_set(conn, CT_S_SEQ_ADJUST);
	/* The client scales its windows in any case. */
	if ((proxied->flags & CT_PROXIED_SCALE) && !opt->has_wscale) {
		proxied->flags |= CT_PROXIED_PLAIN;
		ct_tcp_scales(conn, CT_DIR_ORIG, proxied->scale);
	}
}

/* The ACK that the client gets: its numbers are shifted later. */
static struct ct_segment update_of(const struct ct_segment *syn,
				   const struct ct_tcpopt *opt,
				   const struct ct_proxied *proxied)
{
	const struct ct_tcpopt stamps = {
		.has_timestamp = proxied->flags & CT_PROXIED_SHIFTED,
		.tsval = opt->tsval,
		.tsecr = opt->tsecr,
	};
	struct ct_segment ack = {
		.seq = syn->seq + 1,
		.ack = syn->ack,
		.window = (uint16_t)(syn->window >> proxied->given_scale),
		.flags = CT_SEG_ACK,
	};

	ack.options_len = (uint8_t)ct_tcpopt_write(ack.options, &stamps);
	return ack;
}

/* => Its window is the client's already; or false: it is as it was. */
static bool open_window(struct ct_thread *thr, struct ct_pkt *pkt,
			struct ct_helped *help, const struct ct_segment *syn)
{
	struct ct_conn *conn = pkt->conn;
	struct ct_proxied proxied;
	struct ct_segment ack;
	struct ct_tcpopt opt;

	ct_syn_options(syn, &opt);
	ct_spin_lock(&conn->lock);
	if (syn->ack == help->proxied.isn + 1)
		settle(conn, help, syn->seq, &opt);
	proxied = help->proxied;
	ct_spin_unlock(&conn->lock);
	if ((proxied.flags & CT_PROXIED_WAITS) || proxied.server != syn->seq ||
	    syn->ack != proxied.isn + 1)
		return false;
	ack = ack_of(&proxied);
	speak(thr, conn, pkt->mark, &ack);
	ack = update_of(syn, &opt, &proxied);
	return ct_segment_remake(thr->tbl, pkt, &ack);
}

/* The client believes that it is connected: a RST has to have its number. */
static bool refuse(struct ct_thread *thr, struct ct_pkt *pkt,
		   const struct ct_proxied *proxied)
{
	const struct ct_segment rst = {
		.seq = proxied->cookie + 1,
		.ack = proxied->isn + 1,
		.flags = CT_SEG_RST | CT_SEG_ACK,
	};

	return ct_segment_remake(thr->tbl, pkt, &rst);
}

static struct ct_retouch touch_of(const struct ct_proxied *proxied,
				  enum ct_dir dir, bool window_done)
{
	struct ct_retouch how = {
		.stamps = proxied->flags & CT_PROXIED_SHIFTED,
	};

	if (dir == CT_DIR_ORIG) {
		how.tsecr = -(uint32_t)proxied->stamps;
		if (proxied->flags & CT_PROXIED_PLAIN)
			how.from_scale = proxied->scale;
		return how;
	}
	how.tsval = (uint32_t)proxied->stamps;
	if (window_done)
		return how;
	how.from_scale = proxied->server_scale;
	how.to_scale = proxied->given_scale;
	return how;
}

bool ct_syn_leave(struct ct_thread *thr, struct ct_pkt *pkt,
		  struct ct_helped *help)
{
	struct ct_proxied proxied;
	struct ct_segment seg;
	struct ct_retouch how;
	bool window_done = false;

	if (pkt->dir == CT_DIR_REPLY &&
	    ct_segment_read(&seg, pkt->l3, pkt->data, pkt->len) &&
	    (seg.flags & CT_SEG_SYN))
		window_done = open_window(thr, pkt, help, &seg);
	ct_spin_lock(&pkt->conn->lock);
	proxied = help->proxied;
	ct_spin_unlock(&pkt->conn->lock);
	/* Nothing else of a server that has not answered means anything. */
	if (proxied.flags & CT_PROXIED_WAITS)
		return pkt->dir == CT_DIR_ORIG ||
		       ((seg.flags & CT_SEG_RST) && refuse(thr, pkt, &proxied));
	how = touch_of(&proxied, (enum ct_dir)pkt->dir, window_done);
	return ct_segment_retouch(pkt, &how);
}
