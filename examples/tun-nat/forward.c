/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forward.c - the way of packets through the gateway
 *
 *	read -> receive() -> ct_forward_burst() -> deliver() -> write
 *	         a router's      tracking, NAT       which side
 *	         own checks      and rules.c
 *
 * The router's checks come first, as an ICMP error must quote the packet as
 * its sender knows it.
 */
#include "gateway.h"

#include <arpa/inet.h>
#include <string.h>

static void drop(struct gateway *gw, enum drop why)
{
	gw->drops[why]++;
}

static void send_plain(struct gateway *gw, int side, const uint8_t *data,
		       uint32_t len)
{
	static const struct virtio_net_hdr plain; /* checksums are done */

	tun_write(&gw->tun[side], &plain, data, len);
}

/* --- What the gateway says itself --------------------------------------- */

void forward_error(struct gateway *gw, const struct frame *frame,
		   enum icmp_error what, uint32_t mtu)
{
	const union ct_addr *own =
		policy_own(gw->policy, (enum side)frame->from, frame->ip.l3);
	uint8_t message[ICMP_ERROR_SIZE];
	uint32_t len = 0;

	if (own)
		len = icmp_error_write(message, what, &frame->ip, frame->data,
				       own, mtu);
	if (!len)
		return;
	if (!gw->errors_left) {
		gw->errors_saved++;
		return;
	}
	gw->errors_left--;
	gw->errors++;
	send_plain(gw, frame->from, message, len);
}

/* => Where its destination is, as it is now. */
static enum side side_of(const struct gateway *gw, uint8_t l3,
			 const uint8_t *data)
{
	union ct_addr dst = { .v4 = 0 };

	memcpy(dst.bytes, data + (l3 == CT_L3_IPV4 ? 16 : 24), ip_addr_len(l3));
	return policy_is_on(gw->policy, INSIDE, l3, &dst) ? INSIDE : OUTSIDE;
}

void forward_own(void *user, const struct ct_pkt *pkt)
{
	struct gateway *gw = user;

	gw->own++;
	send_plain(gw, side_of(gw, pkt->l3, pkt->data), pkt->data, pkt->len);
}

static bool is_ping(const struct gateway *gw, const struct frame *frame)
{
	const struct ip *ip = &frame->ip;

	return icmp_echo_asked(ip, frame->data) &&
	       (policy_is_own(gw->policy, INSIDE, ip->l3, &ip->dst) ||
		policy_is_own(gw->policy, OUTSIDE, ip->l3, &ip->dst));
}

static void answer_ping(struct gateway *gw, struct frame *frame)
{
	icmp_echo_answer(&frame->ip, frame->data);
	gw->pings++;
	send_plain(gw, frame->from, frame->data, frame->ip.len);
}

/* --- Before ------------------------------------------------------------- */

/* => Where the packet will go if it goes anywhere.  From inside to one of our
 *    outside addresses: back, by a forward. */
static enum side leads_to(const struct gateway *gw, const struct frame *frame)
{
	if (frame->from == OUTSIDE)
		return INSIDE;
	return policy_is_public(gw->policy, frame->ip.l3, &frame->ip.dst)
		       ? INSIDE
		       : OUTSIDE;
}

/* => For the gateway's inner address: it goes nowhere. */
static bool is_local(const struct gateway *gw, const struct frame *frame)
{
	return frame->from == INSIDE &&
	       policy_is_own(gw->policy, INSIDE, frame->ip.l3, &frame->ip.dst);
}

/* => False when the packet is dealt with. */
static bool one_hop(struct gateway *gw, struct frame *frame)
{
	uint32_t mtu = gw->tun[leads_to(gw, frame)].mtu;

	if (is_local(gw, frame))
		return true;
	if (frame->ip.ttl <= 1) {
		drop(gw, DROP_EXPIRED);
		forward_error(gw, frame, ICMP_TTL, 0);
		return false;
	}
	/* Nothing is cut here, and who allows that is told as well. */
	if (tun_segment(frame) > mtu) {
		drop(gw, DROP_TOO_BIG);
		forward_error(gw, frame, ICMP_TOO_BIG, mtu);
		return false;
	}
	ip_age(frame->data, &frame->ip);
	return true;
}

/* => Its source is one that may be on the side that it came from (RFC 2827). */
static bool honest(const struct gateway *gw, const struct frame *frame)
{
	const union ct_addr *src = &frame->ip.src;
	uint8_t l3 = frame->ip.l3;

	if (frame->from == INSIDE)
		return policy_is_on(gw->policy, INSIDE, l3, src);
	return !ip_addr_vague(l3, src) &&
	       !policy_is_on(gw->policy, INSIDE, l3, src) &&
	       !policy_is_public(gw->policy, l3, src);
}

/* A helper may make a packet longer. */
static void describe(const struct gateway *gw, struct frame *frame)
{
	uint8_t flags = frame->vnet.flags;

	frame->pkt = (struct ct_pkt){
		.data = frame->data,
		.len = frame->len,
		.tailroom = (uint32_t)sizeof(frame->data) - frame->len,
		.user = frame,
		.policy = helpers_policy(gw, frame),
		.gso_size = frame->vnet.gso_size,
		.l3 = frame->ip.l3,
		.csum = CT_CSUM_NONE,
	};
	if (flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		frame->pkt.csum = CT_CSUM_PARTIAL;
	else if (flags & VIRTIO_NET_HDR_F_DATA_VALID)
		frame->pkt.csum = CT_CSUM_VERIFIED;
}

/* => False when the packet is dealt with. */
static bool receive(struct gateway *gw, struct frame *frame)
{
	if (!ip_read(frame->data, frame->len, &frame->ip)) {
		drop(gw, DROP_NOT_IP);
		return false;
	}
	if (!honest(gw, frame)) {
		drop(gw, DROP_SPOOFED);
		return false;
	}
	if (is_ping(gw, frame)) {
		answer_ping(gw, frame);
		return false;
	}
	if (!one_hop(gw, frame))
		return false;
	describe(gw, frame);
	return true;
}

/* --- Behind ------------------------------------------------------------- */

/* The SYN proxy has made another segment of it, which need not be cut. */
static void mind_remade(struct frame *frame)
{
	if (frame->pkt.gso_size)
		return;
	frame->vnet.gso_type = VIRTIO_NET_HDR_GSO_NONE;
	frame->vnet.gso_size = 0;
}

/* Fragments that waited for this one leave behind it, without a super-packet's
 * header. */
static void send_all(struct gateway *gw, struct frame *frame, enum side to)
{
	static const struct virtio_net_hdr plain;
	struct ct_pkt piece = { 0 };

	mind_remade(frame);
	while (ct_frag_next(gw->thr, &frame->pkt, &piece))
		tun_write(&gw->tun[to],
			  piece.data == frame->data ? &frame->vnet : &plain,
			  piece.data, piece.len);
}

static void deliver(struct gateway *gw, struct frame *frame)
{
	enum side to = side_of(gw, frame->ip.l3, frame->data);

	if (frame->pkt.state == CT_INVALID)
		drop(gw, DROP_INVALID);
	else if (frame->pkt.state == CT_UNTRACKED)
		drop(gw, DROP_UNTRACKED);
	else if (frame->from == OUTSIDE && to == OUTSIDE)
		drop(gw, DROP_ASTRAY);
	else /* what the header says holds as before: nothing moved */
		send_all(gw, frame, to);
}

/* => rules.c has counted what it dropped. */
static void count_lost(struct gateway *gw, const struct ct_pkt *pkt)
{
	if (ct_reason_text(pkt->reason)->class_ == CT_RC_D &&
	    pkt->reason != CT_R_NAT_EXHAUSTED && pkt->reason != CT_R_SYN_COOKIE)
		drop(gw, DROP_LOST);
}

void forward_burst(struct gateway *gw, enum side from)
{
	const struct ct_rules rules = { .size = sizeof(rules),
					.user = gw,
					.new_conn = rules_new_conn };
	struct ct_pkt *pkts[BURST];
	enum ct_verdict verdicts[BURST];
	unsigned n = 0;

	for (unsigned i = 0; i < BURST; i++) {
		struct frame *frame = &gw->frames[i];

		frame->from = (int)from;
		if (!tun_read(&gw->tun[from], frame))
			break;
		if (receive(gw, frame))
			pkts[n++] = &frame->pkt;
	}
	ct_forward_burst(gw->thr, pkts, n, &rules, verdicts);
	for (unsigned i = 0; i < n; i++)
		if (verdicts[i] == CT_ACCEPT)
			deliver(gw, pkts[i]->user);
		else
			count_lost(gw, pkts[i]);
}
