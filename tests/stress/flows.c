/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conversations whose two directions are different threads; see stress.h.
 *
 * A thread takes a conversation whose next packet goes its way, sends it, and
 * leaves the rest to others.  So each packet is looked up after ct_confirm()
 * of the one before it has returned, elsewhere; and must be found part of the
 * same connection, unless that one has ended meanwhile.  Who owns the
 * connection can tell: its status says DYING then.
 */
#include "stress.h"

#include <string.h>

#define BUSY 0x80000000u

enum { TCP = 6, UDP = 17, ICMP = 1 };
enum { HELD = 1 }; /* the step in which a first packet waits for confirm */

struct packet {
	enum ct_dir dir;
	uint8_t flags; /* TCP */
	uint8_t seq;   /* what was sent before in this direction */
	uint8_t ack;
	uint8_t len;
};

/* The first packet is step 0; step HELD belongs to it. */
static const struct packet tcp[] = {
	{ CT_DIR_ORIG, CT_TEST_SYN, 0, 0, 0 },
	{ CT_DIR_REPLY, CT_TEST_SYN | CT_TEST_ACK, 0, 1, 0 },
	{ CT_DIR_ORIG, CT_TEST_ACK, 1, 1, 0 },
	{ CT_DIR_REPLY, CT_TEST_ACK, 1, 1, 10 },
	{ CT_DIR_ORIG, CT_TEST_ACK, 1, 11, 20 },
	{ CT_DIR_REPLY, CT_TEST_ACK, 11, 21, 0 },
	{ CT_DIR_ORIG, CT_TEST_FIN | CT_TEST_ACK, 21, 11, 0 },
	{ CT_DIR_REPLY, CT_TEST_FIN | CT_TEST_ACK, 11, 22, 0 },
	{ CT_DIR_ORIG, CT_TEST_ACK, 22, 12, 0 },
};

/* The same, but cut off by a reset. */
static const struct packet reset[] = {
	{ CT_DIR_ORIG, CT_TEST_SYN, 0, 0, 0 },
	{ CT_DIR_REPLY, CT_TEST_SYN | CT_TEST_ACK, 0, 1, 0 },
	{ CT_DIR_ORIG, CT_TEST_ACK, 1, 1, 0 },
	{ CT_DIR_REPLY, CT_TEST_RST | CT_TEST_ACK, 1, 1, 0 },
};

static const struct packet others[] = {
	{ CT_DIR_ORIG, 0, 0, 0, 20 },
	{ CT_DIR_REPLY, 0, 0, 0, 10 },
	{ CT_DIR_ORIG, 0, 0, 0, 20 },
	{ CT_DIR_REPLY, 0, 0, 0, 10 },
};

static const struct packet *script(const struct conversation *flow, unsigned *n)
{
	if (flow->l4 != TCP) {
		*n = sizeof(others) / sizeof(*others);
		return others;
	}
	if (flow->round % 4 == 0) {
		*n = sizeof(reset) / sizeof(*reset);
		return reset;
	}
	*n = sizeof(tcp) / sizeof(*tcp);
	return tcp;
}

/* Two ends that did not talk for a long time, if ever. */
static void new_ends(struct conversation *flow, unsigned number)
{
	static const uint8_t l4[] = { TCP, UDP, TCP, ICMP };

	flow->round++;
	flow->l4 = l4[number % 4];
	flow->ends = number & 8 ? ct_test_flow6 : ct_test_flow4;
	flow->ends.src[number & 8 ? 14 : 2] = (uint8_t)number;
	flow->ends.src[number & 8 ? 13 : 1] = (uint8_t)(flow->round >> 15);
	flow->ends.sport = (uint16_t)(flow->round & 0x7fff) | 0x8000;
	flow->nat = number & 16;
	flow->outside = flow->ends;
}

static void build(struct ct_test_packet *p, const struct conversation *flow,
		  const struct packet *packet)
{
	const uint32_t isn[] = { 0xfffffff8, 0x12345678 };
	struct ct_test_segment seg = {
		.flags = packet->flags,
		.win = 8192,
		.seq = isn[packet->dir] + packet->seq,
		.ack = isn[!packet->dir] + packet->ack,
		.len = packet->len,
	};
	const struct ct_test_flow *ends =
		packet->dir == CT_DIR_ORIG ? &flow->ends : &flow->outside;
	struct ct_test_icmp icmp = { .id = ends->sport };
	bool v6 = flow->ends.l3 == CT_L3_IPV6;

	if (!(packet->flags & CT_TEST_ACK))
		seg.ack = 0;
	icmp.type =
		packet->dir == CT_DIR_ORIG ? (v6 ? 128 : 8) : (v6 ? 129 : 0);
	if (flow->l4 == TCP)
		ct_test_tcp(p, ends, packet->dir, &seg);
	else if (flow->l4 == UDP)
		ct_test_udp(p, ends, packet->dir, packet->len);
	else
		ct_test_icmp(p, ends, packet->dir, &icmp);
}

/* --- One packet --------------------------------------------------------- */

static void let_go(struct worker *w, struct conversation *flow)
{
	ct_conn_put(w->s->tbl, flow->conn);
	flow->conn = NULL;
}

/* The connection's end is the only excuse; => false, the conversation ends. */
static bool cut_off(struct worker *w, struct conversation *flow,
		    struct ct_pkt *pkt)
{
	if (flow->conn && !(ct_conn_status(flow->conn) & CT_S_DYING))
		wrong("a connection that lives was not found");
	ct_abandon(w->thr, pkt);
	count(w->s, T_CUT);
	return false;
}

static bool opened(struct worker *w, struct conversation *flow,
		   enum ct_verdict verdict, const struct ct_pkt *pkt)
{
	if (verdict == CT_DROP) {
		if (pkt->reason != CT_R_TABLE_FULL &&
		    pkt->reason != CT_R_NO_MEMORY)
			wrong("a first packet is lost for no reason");
		count(w->s, T_CUT);
		return false;
	}
	if (pkt->state != CT_NEW || !pkt->conn)
		wrong("a first packet opened nothing");
	flow->id = ct_conn_id(w->s->tbl, pkt->conn);
	return true;
}

/* --- NAT ---------------------------------------------------------------- */

/* Where a packet's own address and port, or id, are. */
static uint8_t *sender(const struct conversation *flow, struct ct_pkt *pkt,
		       enum ct_dir who, uint8_t **port)
{
	bool v6 = flow->ends.l3 == CT_L3_IPV6, first = who == CT_DIR_ORIG;

	*port = pkt->data + pkt->l4_off +
		(flow->l4 == ICMP || pkt->l4 == 58 ? 4
		 : first                           ? 0
						   : 2);
	return pkt->data + (v6 ? (first ? 8 : 24) : (first ? 12 : 16));
}

/* One address for all: where two have the same port, one gets another. */
static void translate(struct worker *w, struct conversation *flow,
		      struct ct_pkt *pkt)
{
	struct ct_nat_range range = { .size = sizeof(range),
				      .flags = CT_NAT_ADDR };
	uint8_t *addr, *port;
	int error;

	range.min_addr.bytes[0] = 0x20;
	range.max_addr = range.min_addr;
	error = ct_nat_setup(w->thr, pkt, CT_NAT_SRC, &range);
	if (error && error != CT_E_NOMEM)
		wrong("no mapping is free");
	if (ct_nat_apply(w->thr, pkt, CT_HOOK_POSTROUTING) != CT_ACCEPT)
		wrong("a first packet cannot be translated");
	addr = sender(flow, pkt, CT_DIR_ORIG, &port);
	memcpy(flow->outside.src, addr, flow->ends.l3 == CT_L3_IPV6 ? 16 : 4);
	flow->outside.sport = (uint16_t)(port[0] << 8 | port[1]);
}

/* The client sees its own address, the server the other one. */
static void expect_translated(struct worker *w, const struct conversation *flow,
			      struct ct_pkt *pkt)
{
	const struct ct_test_flow *ends =
		pkt->dir == CT_DIR_ORIG ? &flow->outside : &flow->ends;
	uint8_t *addr, *port;

	if (ct_nat_apply(w->thr, pkt, CT_HOOK_PREROUTING) != CT_ACCEPT ||
	    ct_nat_apply(w->thr, pkt, CT_HOOK_POSTROUTING) != CT_ACCEPT)
		wrong("a packet cannot be translated");
	addr = sender(flow, pkt, (enum ct_dir)pkt->dir, &port);
	if (memcmp(addr, ends->src, ends->l3 == CT_L3_IPV6 ? 16 : 4) != 0 ||
	    port[0] != ends->sport >> 8 || port[1] != (ends->sport & 0xff))
		wrong("translated to somebody else's");
}

/* => The packet is confirmed; half of the connections are then owned. */
static bool confirmed(struct worker *w, struct conversation *flow,
		      struct ct_pkt *pkt)
{
	if (ct_confirm(w->thr, pkt) == CT_DROP) {
		/* Two may choose one port at once. */
		if (pkt->reason != CT_R_NO_MEMORY &&
		    !(flow->nat && pkt->reason == CT_R_CLASH))
			wrong("a first packet clashed with nobody's");
		count(w->s, T_CUT);
		return false;
	}
	if (ct_conn_id(w->s->tbl, pkt->conn) != flow->id)
		wrong("confirmed as another connection");
	if (random_below(w, 2))
		flow->conn = ct_conn_get(pkt->conn);
	return true;
}

/* => The next step; 0 when the conversation is over. */
static uint32_t first(struct worker *w, struct conversation *flow,
		      const struct packet *packet)
{
	struct ct_pkt *pkt = &flow->held;
	enum ct_verdict verdict;

	build(&flow->bytes, flow, packet);
	*pkt = ct_test_pkt(&flow->bytes);
	verdict = ct_process(w->thr, pkt, CT_HOOK_PREROUTING);
	if (!opened(w, flow, verdict, pkt))
		return 0;
	if (flow->nat)
		translate(w, flow, pkt);
	if (random_below(w, 4) == 0) {
		ct_conn_get(pkt->conn);
		count(w->s, T_HELD);
		return HELD;
	}
	return confirmed(w, flow, pkt) ? HELD + 1 : 0;
}

/* Another thread has opened it, and may have polled since. */
static uint32_t confirm_held(struct worker *w, struct conversation *flow)
{
	struct ct_conn *owned = flow->held.conn;
	bool good;

	if (random_below(w, 8) == 0) {
		ct_abandon(w->thr, &flow->held);
		good = false;
	} else {
		good = confirmed(w, flow, &flow->held);
	}
	ct_conn_put(w->s->tbl, owned);
	return good ? HELD + 1 : 0;
}

static bool further(struct worker *w, struct conversation *flow,
		    const struct packet *packet)
{
	struct ct_test_packet p;
	struct ct_pkt pkt;
	enum ct_verdict verdict;

	build(&p, flow, packet);
	pkt = ct_test_pkt(&p);
	verdict = ct_process(w->thr, &pkt, CT_HOOK_PREROUTING);
	if (verdict == CT_DROP || !pkt.conn ||
	    ct_conn_id(w->s->tbl, pkt.conn) != flow->id)
		return cut_off(w, flow, &pkt);
	if (pkt.state != CT_ESTABLISHED)
		wrong("part of a connection, but not established");
	if (pkt.dir != packet->dir)
		wrong("the wrong direction");
	if (flow->nat)
		expect_translated(w, flow, &pkt);
	if (ct_confirm(w->thr, &pkt) != CT_ACCEPT)
		wrong("a known connection's packet was dropped");
	return true;
}

/* --- Whose turn it is --------------------------------------------------- */

static uint32_t act(struct worker *w, struct conversation *flow, uint32_t step)
{
	unsigned n;
	const struct packet *packets = script(flow, &n);
	uint32_t at = step > HELD ? step - HELD : 0;

	if (step == 0)
		step = first(w, flow, &packets[0]);
	else if (step == HELD)
		step = confirm_held(w, flow);
	else
		step = further(w, flow, &packets[at]) ? step + 1 : 0;
	if (step > HELD && step - HELD == n) {
		count(w->s, T_CONVERSATIONS);
		step = 0;
	}
	return step;
}

/* Odd threads send the replies of even conversations, and so on. */
static bool my_turn(const struct worker *w, unsigned number, uint32_t step)
{
	unsigned at = step > HELD ? step - HELD : step;

	return (w->number + number + at) % 2 == 0;
}

void converse(struct worker *w)
{
	unsigned number = random_below(w, FLOWS);
	struct conversation *flow = &w->s->flows[number];
	uint32_t step = atomic_load(&flow->step);
	uint32_t next;

	if ((step & BUSY) || !my_turn(w, number, step) ||
	    !atomic_compare_exchange_strong(&flow->step, &step, step | BUSY))
		return;
	if (step == 0)
		new_ends(flow, number);
	next = act(w, flow, step);
	if (next == 0)
		let_go(w, flow);
	count(w->s, T_PACKETS);
	atomic_store(&flow->step, next);
}
