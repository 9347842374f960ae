/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random packets of a few flows in any mix; see mix.h.
 */
#include "mix.h"

#include "nat.h"

#include <string.h>

/* One step of a life. */
struct step {
	enum ct_dir dir;
	uint8_t flags;
	uint32_t seq; /* from the base */
	uint32_t ack;
};

enum { F = CT_TEST_FIN, S = CT_TEST_SYN, R = CT_TEST_RST, A = CT_TEST_ACK };

static const struct step steps[] = {
	{ CT_DIR_ORIG, S, 0, 0 },     { CT_DIR_REPLY, S | A, 5000, 1 },
	{ CT_DIR_ORIG, A, 1, 5001 },  { CT_DIR_ORIG, A, 1, 5001 },
	{ CT_DIR_REPLY, A, 5001, 1 }, { CT_DIR_ORIG, F | A, 1, 5001 },
	{ CT_DIR_REPLY, A, 5001, 2 }, { CT_DIR_REPLY, F | A, 5001, 2 },
	{ CT_DIR_ORIG, A, 2, 5002 },
};

enum { STEPS = sizeof(steps) / sizeof(*steps) };

void ct_mix_begin(struct ct_mix *mix, uint64_t seed)
{
	memset(mix, 0, sizeof(*mix));
	mix->random = seed * 0x9e3779b97f4a7c15 + 1;
}

unsigned ct_mix_pick(struct ct_mix *mix, unsigned n)
{
	mix->random ^= mix->random << 13;
	mix->random ^= mix->random >> 7;
	mix->random ^= mix->random << 17;
	return (unsigned)(mix->random >> 33) % n;
}

/* --- Flows -------------------------------------------------------------- */

enum { END_SRC = 1, END_DST = 2 };

/* Which ends of a flow are translated. */
static unsigned ends_of(unsigned n)
{
	static const unsigned ends[CT_MIX_FLOWS / 2] = { 0, END_SRC | END_DST,
							 0, END_SRC, END_DST };

	return ends[n / 2];
}

/* An end's address in the original direction's reply, the flow's own; some
 * have another port, too. */
static struct ct_nat_range place_of(unsigned n, unsigned end)
{
	uint8_t host = (uint8_t)(end == END_SRC ? 1 + n : 128 + n);
	uint16_t port = (uint16_t)((end == END_SRC ? 20000 : 8000) + n);
	struct ct_nat_range range =
		n % 2 ? ct_nat_to6(host)
		      : ct_nat_to(0xcb007100u + host); /* 203.0.113.0/24 */

	return n % 8 < 4 ? ct_nat_ports(range, port, port) : range;
}

static void move(uint8_t addr[16], uint16_t *port,
		 const struct ct_nat_range *range)
{
	memcpy(addr, &range->min_addr, 16);
	if (range->min_id)
		*port = range->min_id;
}

/* A flow as packets of a direction see it. */
static struct ct_test_flow flow_of(unsigned n, enum ct_dir dir)
{
	struct ct_test_flow flow = n % 2 ? ct_world_flow6(n) : ct_world_flow(n);
	const struct ct_nat_range src = place_of(n, END_SRC);
	const struct ct_nat_range dst = place_of(n, END_DST);

	if (n % 5 == 4)
		flow.dport = CT_MIX_PORT;
	if (dir == CT_DIR_REPLY && (ends_of(n) & END_SRC))
		move(flow.src, &flow.sport, &src);
	if (dir == CT_DIR_REPLY && (ends_of(n) & END_DST))
		move(flow.dst, &flow.dport, &dst);
	return flow;
}

enum ct_verdict ct_mix_map(struct ct_thread *thr, struct ct_pkt *pkt)
{
	bool v6 = pkt->l3 == CT_L3_IPV6;
	struct ct_nat_range src, dst;
	struct ct_test_flow flow;
	struct ct_tuple t;
	unsigned n;

	ct_conn_tuple(pkt->conn, CT_DIR_ORIG, &t);
	n = t.src.bytes[v6 ? 15 : 3];
	if (n >= CT_MIX_FLOWS)
		return CT_ACCEPT;
	/* Not what comes from the server, or is outside already. */
	flow = flow_of(n, CT_DIR_ORIG);
	if (memcmp(&t.src, flow.src, v6 ? 16 : 4) != 0)
		return CT_ACCEPT;
	src = place_of(n, END_SRC);
	dst = place_of(n, END_DST);
	if ((ends_of(n) & END_DST) && ct_nat_setup(thr, pkt, CT_NAT_DST, &dst))
		return CT_DROP;
	if ((ends_of(n) & END_SRC) && ct_nat_setup(thr, pkt, CT_NAT_SRC, &src))
		return CT_DROP;
	return CT_ACCEPT;
}

/* --- Packets ------------------------------------------------------------ */

/* Most are what prediction takes for all: a time stamp behind two NOPs. */
static uint32_t options(struct ct_mix *mix, uint8_t bytes[12])
{
	static const uint8_t stamps[][4] = {
		{ 1, 1, 8, 10 }, { 1, 1, 8, 10 }, { 1, 1, 8, 10 },
		{ 8, 10, 1, 1 }, { 1, 1, 5, 10 }, { 1, 1, 8, 9 },
	};

	memcpy(bytes, stamps[ct_mix_pick(mix, 6)], 4);
	for (unsigned i = 4; i < 12; i++)
		bytes[i] = (uint8_t)ct_mix_pick(mix, 256);
	return 12;
}

static void segment(struct ct_mix *mix, struct ct_test_packet *p)
{
	static const uint8_t odd[] = { S, S | A, A, F | A, R, R | A, 0, S | F };
	unsigned n = ct_mix_pick(mix, CT_MIX_FLOWS);
	struct ct_mix_life *life = &mix->lives[n];
	const struct step *step = &steps[life->step];
	const struct ct_test_flow f = flow_of(n, step->dir);
	struct ct_test_segment seg = { .win = (uint16_t)(ct_mix_pick(mix, 9) *
							 4096) };
	uint8_t stamp[12];

	seg.flags = step->flags;
	seg.seq = life->base + step->seq;
	seg.ack = step->flags & A ? life->base + step->ack : 0;
	if (seg.flags == A) {
		seg.len = ct_mix_pick(mix, 3) * 100;
		seg.ack -= ct_mix_pick(mix, 3) * 50;
		if (ct_mix_pick(mix, 2))
			seg.options_len = options(mix, stamp);
		seg.options = seg.options_len ? stamp : NULL;
	}
	if (!ct_mix_pick(mix, 4)) /* something else, which may be right */
		seg.flags = odd[ct_mix_pick(mix, sizeof(odd))];
	else if (!ct_mix_pick(mix, 16))
		seg.seq += 1u << 24;
	else
		life->step = (life->step + 1) % STEPS;
	if (!life->step || (seg.flags & R && !ct_mix_pick(mix, 2))) {
		life->step = 0;
		life->base += 100000;
	}
	ct_test_tcp(p, &f, step->dir, &seg);
}

static enum ct_dir any_dir(struct ct_mix *mix)
{
	return ct_mix_pick(mix, 2) ? CT_DIR_REPLY : CT_DIR_ORIG;
}

static struct ct_test_flow any_flow(struct ct_mix *mix, enum ct_dir dir)
{
	return flow_of(ct_mix_pick(mix, CT_MIX_FLOWS), dir);
}

static void datagram(struct ct_mix *mix, struct ct_test_packet *p)
{
	enum ct_dir dir = any_dir(mix);
	const struct ct_test_flow f = any_flow(mix, dir);

	ct_test_udp(p, &f, dir, ct_mix_pick(mix, 20));
	if (!ct_mix_pick(mix, 8)) /* no checksum (RFC 768) */
		memset(p->bytes + ct_test_l4_off(p) + 6, 0, 2);
}

static void query(struct ct_mix *mix, struct ct_test_packet *p)
{
	enum ct_dir dir = any_dir(mix);
	const struct ct_test_flow f = any_flow(mix, dir);
	struct ct_test_icmp icmp = { .id = (uint16_t)ct_mix_pick(mix, 2) };

	if (f.l3 == CT_L3_IPV4)
		icmp.type = dir == CT_DIR_ORIG ? 8 : 0;
	else
		icmp.type = dir == CT_DIR_ORIG ? 128 : 129;
	ct_test_icmp(p, &f, dir, &icmp);
}

/* "Port unreachable", about a packet in the other direction. */
static void error(struct ct_mix *mix, struct ct_test_packet *p)
{
	struct ct_test_packet quoted;
	enum ct_dir dir = any_dir(mix);
	enum ct_dir back = dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG;
	const struct ct_test_flow f = any_flow(mix, back);
	struct ct_test_icmp icmp = { .type = 3, .code = 3 };

	if (f.l3 == CT_L3_IPV6) {
		icmp.type = 1;
		icmp.code = 4;
	}
	ct_test_udp(&quoted, &f, dir, 4);
	icmp.rest = quoted.bytes;
	icmp.rest_len = ct_mix_pick(mix, 5) ? quoted.len : 11;
	ct_test_icmp(p, &f, back, &icmp);
}

static void unknown(struct ct_mix *mix, struct ct_test_packet *p)
{
	enum ct_dir dir = any_dir(mix);
	const struct ct_test_flow f = any_flow(mix, dir);
	const struct ct_test_l4 l4 = { 253, "anything", 8 };

	ct_test_raw(p, &f, dir, &l4);
}

static void build(struct ct_mix *mix, struct ct_test_packet *p)
{
	static void (*const kinds[])(struct ct_mix *,
				     struct ct_test_packet *) = {
		segment,  segment, segment, segment, datagram,
		datagram, query,   error,   unknown
	};

	kinds[ct_mix_pick(mix, sizeof(kinds) / sizeof(*kinds))](mix, p);
	if (!ct_mix_pick(mix, 20))
		p->bytes[ct_mix_pick(mix, p->len)] ^=
			(uint8_t)(1 + ct_mix_pick(mix, 255));
}

/* --- What the host knows ------------------------------------------------ */

/* As a short frame is padded, with whatever. */
static void pad(struct ct_mix *mix, struct ct_test_packet *p)
{
	unsigned n = 1 + ct_mix_pick(mix, 46);

	while (n-- > 0)
		p->bytes[p->len++] = (uint8_t)ct_mix_pick(mix, 256);
}

/* A capture that ends early: the host may know how long the packet was. */
static void truncate(struct ct_mix *mix, struct ct_mix_frame *frame)
{
	uint32_t len = frame->p.len;

	if (!ct_mix_pick(mix, 30))
		frame->cut = ct_mix_pick(mix, len + 1);
	if (ct_mix_pick(mix, 8))
		return;
	frame->frame_len = ct_mix_pick(mix, 4) ? len : len + 100;
	/* Mostly of the payload. */
	if (ct_mix_pick(mix, 2))
		frame->cut = ct_mix_pick(mix, len / 2);
}

/* A super-packet, which may be too long for its length to be told. */
static void merge(struct ct_mix *mix, struct ct_mix_frame *frame)
{
	struct ct_test_packet *p = &frame->p;

	if (ct_mix_pick(mix, 4))
		frame->gso_size = (uint16_t)(1 + ct_mix_pick(mix, 1448));
	if (ct_mix_pick(mix, 4))
		memset(p->bytes + (p->l3 == CT_L3_IPV4 ? 2 : 4), 0, 2);
}

static uint8_t csum(struct ct_mix *mix)
{
	static const uint8_t all[] = { CT_CSUM_NONE,     CT_CSUM_NONE,
				       CT_CSUM_NONE,     CT_CSUM_VERIFIED,
				       CT_CSUM_VERIFIED, CT_CSUM_PARTIAL,
				       CT_CSUM_PARTIAL,  CT_CSUM_BAD };

	return all[ct_mix_pick(mix, sizeof(all))];
}

void ct_mix_next(struct ct_mix *mix, struct ct_mix_frame *frame)
{
	memset(frame, 0, sizeof(*frame));
	build(mix, &frame->p);
	frame->zone = ct_mix_pick(mix, 8) ? 0 : 1;
	frame->csum = csum(mix);
	if (!ct_mix_pick(mix, 30))
		frame->flags = CT_PKT_UNTRACKED;
	if (!ct_mix_pick(mix, 8))
		pad(mix, &frame->p);
	if (!ct_mix_pick(mix, 12))
		merge(mix, frame);
	truncate(mix, frame);
}

struct ct_pkt ct_mix_pkt(const struct ct_mix_frame *frame,
			 struct ct_test_packet *p)
{
	struct ct_pkt pkt = ct_test_pkt(p);

	pkt.len -= frame->cut;
	pkt.frame_len = frame->frame_len;
	pkt.gso_size = frame->gso_size;
	pkt.flags = frame->flags;
	pkt.zone = frame->zone;
	pkt.csum = frame->csum;
	return pkt;
}
