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

/* The packet that is due at a step. */
static const struct packet *packet_at(const struct conversation *flow,
				      uint32_t step)
{
	unsigned n;

	return &script(flow, &n)[step > HELD ? step - HELD : 0];
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
	flow->pooled = number & 32;
	flow->outside = flow->ends;
}

void conversation_build(const struct conversation *flow, uint32_t step,
			struct ct_test_packet *p)
{
	const struct packet *packet = packet_at(flow, step);
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

bool conversation_opened(struct worker *w, struct conversation *flow,
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

static int pool(struct worker *w, struct ct_pkt *pkt)
{
	struct ct_nat_pool *pool = w->s->pool[pkt->l3 == CT_L3_IPV6];

	return ct_nat_pool_setup(w->thr, pkt, pool);
}

/* One address for all: where two have the same port, one gets another. */
void conversation_map(struct worker *w, const struct conversation *flow,
		      struct ct_pkt *pkt)
{
	struct ct_nat_range range = { .size = sizeof(range),
				      .flags = CT_NAT_ADDR };
	int error;

	range.min_addr.bytes[0] = 0x20;
	range.max_addr = range.min_addr;
	error = flow->pooled ? pool(w, pkt)
			     : ct_nat_setup(w->thr, pkt, CT_NAT_SRC, &range);
	if (error && error != CT_E_NOMEM)
		wrong("no mapping is free");
}

void conversation_mapped(struct conversation *flow, struct ct_pkt *pkt)
{
	uint8_t *port, *addr = sender(flow, pkt, CT_DIR_ORIG, &port);

	memcpy(flow->outside.src, addr, flow->ends.l3 == CT_L3_IPV6 ? 16 : 4);
	flow->outside.sport = (uint16_t)(port[0] << 8 | port[1]);
}

/* The client sees its own address, the server the other one. */
void conversation_translated(const struct conversation *flow,
			     struct ct_pkt *pkt)
{
	const struct ct_test_flow *ends =
		pkt->dir == CT_DIR_ORIG ? &flow->outside : &flow->ends;
	uint8_t *port, *addr = sender(flow, pkt, (enum ct_dir)pkt->dir, &port);

	if (memcmp(addr, ends->src, ends->l3 == CT_L3_IPV6 ? 16 : 4) != 0 ||
	    port[0] != ends->sport >> 8 || port[1] != (ends->sport & 0xff))
		wrong("translated to somebody else's");
}

bool conversation_confirmed(struct worker *w, struct conversation *flow,
			    enum ct_verdict verdict, const struct ct_pkt *pkt)
{
	if (verdict == CT_DROP) {
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

bool conversation_hold(struct worker *w, struct conversation *flow)
{
	if (random_below(w, 4))
		return false;
	ct_conn_get(flow->held.conn);
	count(w->s, T_HELD);
	return true;
}

bool conversation_found(struct worker *w, struct conversation *flow,
			uint32_t step, enum ct_verdict verdict,
			struct ct_pkt *pkt)
{
	if (verdict == CT_DROP || !pkt->conn ||
	    ct_conn_id(w->s->tbl, pkt->conn) != flow->id)
		return cut_off(w, flow, pkt);
	if (pkt->state != CT_ESTABLISHED)
		wrong("part of a connection, but not established");
	if (pkt->dir != packet_at(flow, step)->dir)
		wrong("the wrong direction");
	return true;
}

/* --- One by one --------------------------------------------------------- */

/* => The next step; 0 when the conversation is over. */
static uint32_t first(struct worker *w, struct conversation *flow)
{
	struct ct_pkt *pkt = &flow->held;
	enum ct_verdict verdict;

	conversation_build(flow, 0, &flow->bytes);
	*pkt = ct_test_pkt(&flow->bytes);
	verdict = ct_process(w->thr, pkt, CT_HOOK_PREROUTING);
	if (!conversation_opened(w, flow, verdict, pkt))
		return 0;
	if (flow->nat) {
		conversation_map(w, flow, pkt);
		if (ct_nat_apply(w->thr, pkt, CT_HOOK_POSTROUTING) != CT_ACCEPT)
			wrong("a first packet cannot be translated");
		conversation_mapped(flow, pkt);
	}
	if (conversation_hold(w, flow))
		return HELD;
	verdict = ct_confirm(w->thr, pkt);
	return conversation_confirmed(w, flow, verdict, pkt) ? HELD + 1 : 0;
}

uint32_t conversation_confirm_held(struct worker *w, struct conversation *flow)
{
	struct ct_conn *owned = flow->held.conn;
	enum ct_verdict verdict;
	bool good = false;

	if (random_below(w, 8) == 0) {
		ct_abandon(w->thr, &flow->held);
	} else {
		verdict = ct_confirm(w->thr, &flow->held);
		good = conversation_confirmed(w, flow, verdict, &flow->held);
	}
	ct_conn_put(w->s->tbl, owned);
	return good ? HELD + 1 : 0;
}

/* => The next step; 0 when the conversation is over. */
static uint32_t further(struct worker *w, struct conversation *flow,
			uint32_t step)
{
	struct ct_test_packet p;
	struct ct_pkt pkt;
	enum ct_verdict verdict;

	conversation_build(flow, step, &p);
	pkt = ct_test_pkt(&p);
	verdict = ct_process(w->thr, &pkt, CT_HOOK_PREROUTING);
	if (!conversation_found(w, flow, step, verdict, &pkt))
		return 0;
	if (flow->nat) {
		if (ct_nat_apply(w->thr, &pkt, CT_HOOK_PREROUTING) !=
			    CT_ACCEPT ||
		    ct_nat_apply(w->thr, &pkt, CT_HOOK_POSTROUTING) !=
			    CT_ACCEPT)
			wrong("a packet cannot be translated");
		conversation_translated(flow, &pkt);
	}
	if (ct_confirm(w->thr, &pkt) != CT_ACCEPT)
		wrong("a known connection's packet was dropped");
	return step + 1;
}

/* --- Whose turn it is --------------------------------------------------- */

/* Odd threads send the replies of even conversations, and so on. */
static bool my_turn(const struct worker *w, unsigned number, uint32_t step)
{
	unsigned at = step > HELD ? step - HELD : step;

	return (w->number + number + at) % 2 == 0;
}

struct conversation *conversation_take(struct worker *w, uint32_t *step)
{
	unsigned number = random_below(w, FLOWS);
	struct conversation *flow = &w->s->flows[number];

	*step = atomic_load(&flow->step);
	if ((*step & BUSY) || !my_turn(w, number, *step) ||
	    !atomic_compare_exchange_strong(&flow->step, step, *step | BUSY))
		return NULL;
	if (*step == 0)
		new_ends(flow, number);
	return flow;
}

bool conversation_ends(const struct conversation *flow, uint32_t next)
{
	unsigned n;

	script(flow, &n);
	return next > HELD && next - HELD == n;
}

void conversation_leave(struct worker *w, struct conversation *flow,
			uint32_t next)
{
	if (conversation_ends(flow, next)) {
		count(w->s, T_CONVERSATIONS);
		next = 0;
	}
	if (next == 0)
		let_go(w, flow);
	count(w->s, T_PACKETS);
	atomic_store(&flow->step, next);
}

void converse(struct worker *w)
{
	uint32_t step;
	struct conversation *flow = conversation_take(w, &step);

	if (!flow)
		return;
	if (step == 0)
		step = first(w, flow);
	else if (step == HELD)
		step = conversation_confirm_held(w, flow);
	else
		step = further(w, flow, step);
	conversation_leave(w, flow, step);
}
