/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe.c - packets of our own to the ends of a connection
 *
 * A keep-alive has the number before the next one that its receiver expects
 * (RFC 1122 4.2.3.6), so that it is answered; a reset has that number itself, so
 * that it is believed (RFC 5961 3.2).  Both are what the other end would have
 * sent, as it would arrive: translated, and shifted.  No tracker sees them.
 *
 * Ends of UDP are told by an ICMP error.  No packet of theirs is at hand, so it
 * quotes an empty datagram: a host looks for the socket by what that has in
 * common with all others, addresses and ports (RFC 1122 3.2.2, RFC 4443 3.1).
 */
#include "probe.h"

#include "core/emit.h"
#include "core/stamps.h"
#include "core/worth.h"
#include "overflow/probe.h"
#include "proto/tcp.h"
#include "syn.h"
#include "wire/hdr.h"

enum { ROUND = 16 }; /* notes whose answer is carried out at once */

/* --- A segment ------------------------------------------------------------ */

/* => The shift by which the receiver takes the windows of a direction. */
static uint8_t scale_of(const struct ct_tcp *tcp, const struct ct_helped *help,
			enum ct_dir dir)
{
	const struct ct_proxied *proxied = help ? &help->proxied : NULL;

	if (!proxied || !proxied->flags)
		return tcp->scale[dir];
	if (dir == CT_DIR_REPLY)
		return proxied->given_scale;
	return proxied->flags & CT_PROXIED_PLAIN ? 0 : proxied->scale;
}

/*
 * What stands in a segment of this direction.
 *
 * => Acknowledgements are kept in the numbers of whom they are about: those of
 *    the sender arrive as they are, its own are shifted on the way.
 */
static struct ct_segment numbers_of(const struct ct_table *tbl,
				    const struct ct_conn *conn, enum ct_dir dir)
	CT_REQUIRES(conn->lock)
{
	const struct ct_tcp *tcp = ct_l4_state_const(conn);
	const struct ct_helped *help = ct_help_of(tbl, conn);
	const struct ct_tcp_end *snd = &tcp->ends[dir];
	const struct ct_tcp_end *rcv = &tcp->ends[!dir];
	uint32_t win = snd->max_win >> (scale_of(tcp, help, dir) & 15);
	struct ct_segment seg = {
		.seq = tcp->flags[!dir] & CT_TCP_F_MAXACK_SET ? rcv->max_ack
							      : snd->end,
		.ack = tcp->flags[dir] & CT_TCP_F_MAXACK_SET ? snd->max_ack
							     : rcv->end,
		.window = (uint16_t)(win < UINT16_MAX ? win : UINT16_MAX),
	};

	if (help && (ct_conn_word(conn) & CT_S_SEQ_ADJUST))
		seg.seq += (uint32_t)ct_seqadj_at(&help->adj[dir], seg.seq);
	return seg;
}

/*
 * Where both ends use time stamps, a segment without any may be dropped
 * (RFC 7323 3.2).  These are the latest ones, which are not too old for PAWS.
 */
static void add_stamps(const struct ct_table *tbl, const struct ct_conn *conn,
		       enum ct_dir dir, struct ct_segment *seg)
	CT_REQUIRES(conn->lock)
{
	const struct ct_stamps *stamps = ct_stamps_of(tbl, conn);
	const struct ct_helped *help = ct_help_of(tbl, conn);
	struct ct_tcpopt opt = { .has_timestamp = true };

	if (!stamps || stamps->seen != CT_STAMPS_BOTH)
		return;
	opt.tsval = stamps->val[dir];
	opt.tsecr = stamps->val[!dir];
	/* A proxy's client was told others of its server's. */
	if (help && dir == CT_DIR_REPLY &&
	    (help->proxied.flags & CT_PROXIED_SHIFTED))
		opt.tsval += (uint32_t)help->proxied.stamps;
	seg->options_len = (uint8_t)ct_tcpopt_write(seg->options, &opt);
}

/* Whom it leads to, as the other direction's tuple has it. */
static uint8_t address(struct ct_segment *seg, const struct ct_conn *conn,
		       enum ct_dir dir, uint16_t *zone)
{
	struct ct_tuple t;

	ct_conn_tuple(conn, dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG,
		      &t);
	seg->src = t.dst;
	seg->dst = t.src;
	seg->src_port = t.dst_id;
	seg->dst_port = t.src_id;
	*zone = t.zone;
	return t.l3;
}

static void send(struct ct_thread *thr, struct ct_conn *conn, enum ct_dir dir,
		 uint8_t flags)
{
	struct ct_segment seg;
	struct ct_built built;
	uint16_t zone;
	uint8_t l3;

	ct_spin_lock(&conn->lock);
	seg = numbers_of(thr->tbl, conn, dir);
	if (!(flags & CT_SEG_RST))
		add_stamps(thr->tbl, conn, dir, &seg);
	ct_spin_unlock(&conn->lock);
	l3 = address(&seg, conn, dir, &zone);
	seg.flags = flags;
	if (!(flags & CT_SEG_RST))
		seg.seq--;
	ct_build_segment(&built, l3, &seg);
	ct_emit(thr, &built, zone, ct_conn_mark(conn));
}

/* --- Probes --------------------------------------------------------------- */

/* What follows from a note. */
enum deed { DEED_NONE, DEED_ASK, DEED_END, DEED_SYN };

struct order {
	struct ct_conn *conn;
	uint8_t deed; /* enum deed */
	uint8_t to;   /* enum ct_dir */
};

static uint32_t word_of(const struct ct_conn *conn)
{
	return atomic_load_explicit(&conn->timeout, memory_order_relaxed);
}

static void forget(struct ct_probes *probes, struct ct_probe *probe)
	CT_REQUIRES(probes->lock)
{
	probe->unit = 0;
	probes->used--;
}

static enum deed ask(struct ct_thread *thr, struct ct_probes *probes,
		     struct ct_probe *probe, const struct ct_conn *conn)
	CT_REQUIRES(probes->lock)
{
	if (!ct_probe_allowed(thr, probes))
		return DEED_NONE;
	probe->tries++;
	probe->at = thr->now;
	probe->timeout = word_of(conn);
	return DEED_ASK;
}

/* Whoever was asked has had time enough. */
static enum deed judge(struct ct_thread *thr, struct ct_probes *probes,
		       struct ct_probe *probe, const struct ct_conn *conn)
	CT_REQUIRES(probes->lock)
{
	if (word_of(conn) == probe->timeout) {
		if (probe->tries < CT_PROBE_TRIES)
			return ask(thr, probes, probe, conn);
		forget(probes, probe);
		return DEED_END;
	}
	if (probe->to == CT_DIR_ORIG) {
		probe->to = CT_DIR_REPLY;
		probe->tries = 0;
		return ask(thr, probes, probe, conn);
	}
	forget(probes, probe);
	ct_ledger_add(thr->tbl, CT_LEDGER_ANSWERS, 1);
	return DEED_NONE;
}

static bool is_it(const struct ct_probe *probe, const struct ct_conn *conn)
{
	return ct_conn_known(conn) &&
	       atomic_load_explicit(&conn->gen, memory_order_relaxed) ==
		       probe->gen;
}

/* It is private for a moment, when it is noted. */
static enum deed look_at_syn(struct ct_thread *thr, struct ct_probes *probes,
			     struct ct_probe *probe, const struct ct_conn *conn)
	CT_REQUIRES(probes->lock)
{
	uint32_t wait = (uint32_t)CT_TICKS_PER_S << probe->tries;

	if (ct_ticks_until(probe->at + wait, thr->now) > 0)
		return DEED_NONE;
	if (!is_it(probe, conn) || probe->tries == CT_PROBE_SYNS ||
	    (ct_conn_word(conn) & CT_S_SEEN_REPLY)) {
		forget(probes, probe);
		return DEED_NONE;
	}
	return ask(thr, probes, probe, conn) == DEED_ASK ? DEED_SYN : DEED_NONE;
}

static enum deed look_at(struct ct_thread *thr, struct ct_probes *probes,
			 struct ct_probe *probe, struct ct_conn *conn)
	CT_REQUIRES(probes->lock)
{
	uint32_t wait =
		ct_core_param(thr->tbl, CT_P_PROBE_WAIT) * CT_TICKS_PER_S;

	if (probe->to == CT_PROBE_SYN)
		return look_at_syn(thr, probes, probe, conn);
	if (!is_it(probe, conn)) {
		forget(probes, probe);
		return DEED_NONE;
	}
	if (!probe->tries)
		return ask(thr, probes, probe, conn);
	if (ct_ticks_until(probe->at + wait, thr->now) > 0)
		return DEED_NONE;
	return judge(thr, probes, probe, conn);
}

/* => How many orders. */
static unsigned look(struct ct_thread *thr, struct ct_probes *probes,
		     uint32_t *budget, struct order orders[ROUND])
	CT_REQUIRES(probes->lock)
{
	unsigned n = 0;

	for (; *budget && n < ROUND && probes->used; --*budget) {
		struct ct_probe *probe =
			&probes->probes[probes->next++ % CT_PROBES];
		struct order *order = &orders[n];

		if (!probe->unit)
			continue;
		order->conn = ct_conn_at(thr->tbl, probe->unit);
		order->deed = (uint8_t)look_at(thr, probes, probe, order->conn);
		order->to = probe->to;
		n += order->deed != DEED_NONE;
	}
	return n;
}

/* => Its place is still wanted. */
static bool is_wanted(const struct ct_table *tbl)
{
	return ct_pressed(tbl) ||
	       atomic_load_explicit(&tbl->n_conns, memory_order_relaxed) >=
		       ct_max_conns(tbl);
}

static bool is_stale(struct ct_thread *thr, const struct ct_conn *conn)
	CT_REQUIRES(conn->lock)
{
	struct ct_age age = ct_worth_age_held(thr, conn);

	return age.idle >
	       ct_worth_soft(thr->tbl, ct_conn_class_of(conn), age.life);
}

/* It may have been heard of just now: the timeout tells, under the lock. */
static void end(struct ct_thread *thr, struct ct_conn *conn)
{
	bool ended = false;

	if (!is_wanted(thr->tbl) && !ct_limits_pressed(thr))
		return;
	ct_spin_lock(&conn->lock);
	if (ct_conn_known(conn) && is_stale(thr, conn))
		ended = ct_conn_condemn(thr, conn, CT_R_END_UNANSWERED);
	ct_spin_unlock(&conn->lock);
	if (!ended)
		return;
	ct_conn_bury(thr, conn);
	ct_ledger_add(thr->tbl, CT_LEDGER_RECYCLED, 1);
	ct_probe_evicted(thr, conn);
}

static void carry_out(struct ct_thread *thr, const struct order *order)
{
	if (order->deed == DEED_END) {
		end(thr, order->conn);
		return;
	}
	if (order->deed == DEED_SYN) {
		ct_syn_repeat(thr, order->conn);
		return;
	}
	ct_ledger_add(thr->tbl, CT_LEDGER_PROBES, 1);
	send(thr, order->conn, (enum ct_dir)order->to, CT_SEG_ACK);
}

void ct_probes_step(struct ct_thread *thr, uint32_t budget)
{
	struct ct_probes *probes =
		atomic_load_explicit(&thr->tbl->probes, memory_order_acquire);
	struct order orders[ROUND];
	unsigned n = 0;

	if (ct_likely(!probes))
		return;
	if (!budget || budget > CT_PROBES)
		budget = CT_PROBES;
	do {
		if (!ct_spin_trylock(&probes->lock))
			return; /* another thread does it */
		n = look(thr, probes, &budget, orders);
		ct_spin_unlock(&probes->lock);
		for (unsigned i = 0; i < n; i++)
			carry_out(thr, &orders[i]);
	} while (n == ROUND && budget);
}

/* --- Resets --------------------------------------------------------------- */

static bool is_allowed(struct ct_thread *thr)
{
	struct ct_probes *probes = ct_probes_of(thr->tbl);
	bool allowed;

	if (!probes)
		return false;
	ct_spin_lock(&probes->lock);
	allowed =
		ct_probe_allowed(thr, probes) && ct_probe_allowed(thr, probes);
	ct_spin_unlock(&probes->lock);
	return allowed;
}

/*
 * Tell the end whose packets have this direction's tuple.
 *
 * => A mapping that it sends to is not there any more; else it is refused for want
 *    of room.
 */
static void tell(struct ct_thread *thr, const struct ct_conn *conn,
		 enum ct_dir dir)
{
	uint32_t mapped = dir == CT_DIR_ORIG ? CT_S_DST_NAT : CT_S_SRC_NAT;
	struct ct_built quote, error;
	struct ct_tuple t;

	ct_conn_tuple(conn, dir, &t);
	ct_build_datagram(&quote, &t);
	if (ct_build_icmp(&error,
			  ct_conn_word(conn) & mapped ? CT_ICMP_PORT
						      : CT_ICMP_PROHIBITED,
			  t.l3, quote.bytes, quote.len, NULL))
		ct_emit(thr, &error, t.zone, ct_conn_mark(conn));
}

static void reset(struct ct_thread *thr, struct ct_conn *conn, enum ct_dir dir)
{
	struct ct_tuple t;

	ct_conn_tuple(conn, dir, &t);
	if (t.l4 == CT_IPPROTO_TCP)
		send(thr, conn, dir, CT_SEG_RST | CT_SEG_ACK);
	else
		tell(thr, conn, dir);
}

void ct_resets_send(struct ct_thread *thr)
{
	while (ct_unlikely(thr->n_resets)) {
		struct ct_conn *conn =
			ct_conn_at(thr->tbl, thr->resets[--thr->n_resets]);

		if (!ct_emits(thr->tbl) || !is_allowed(thr))
			continue;
		reset(thr, conn, CT_DIR_ORIG);
		reset(thr, conn, CT_DIR_REPLY);
	}
}
