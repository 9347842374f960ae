/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A NAT64 for tests; see nat64.h.
 */
#include "nat64.h"

#include <arpa/inet.h>
#include <check.h>
#include <string.h>

#define OUTSIDE 0xcb007101u /* 203.0.113.1 */

const struct ct_test_flow ct_test_outside = { .l3 = CT_L3_IPV4,
					      .src = { 203, 0, 113, 1 },
					      .dst = { 198, 51, 100, 5 },
					      .sport = 40000,
					      .dport = 80 };

void ct_test_addr6(uint8_t addr[16], uint32_t a, uint32_t b, uint32_t c,
		   uint32_t d)
{
	const ct_be32 words[4] = { htonl(a), htonl(b), htonl(c), htonl(d) };

	memcpy(addr, words, sizeof(words));
}

struct ct_test_nat64 ct_test_nat64(void)
{
	struct ct_test_nat64 by = {
		.nat64 = { .size = sizeof(by.nat64), .prefix_len = 96 },
		.v4 = ct_nat_to(OUTSIDE),
		.headroom = CT_NAT64_ROOM,
	};

	ct_test_addr6(by.nat64.prefix.bytes, 0x20010db8, 0x00640000, 0, 0);
	return by;
}

struct ct_test_flow ct_test_flow64(const struct ct_test_nat64 *to)
{
	struct ct_test_flow flow = ct_test_flow6;
	union ct_addr v4 = { .bytes = { 198, 51, 100, 5 } }, v6;

	ck_assert_int_eq(ct_nat64_embed(&to->nat64, &v4, &v6), 0);
	memcpy(flow.dst, v6.bytes, sizeof(flow.dst));
	return flow;
}

static void choose(struct ct_world *w, struct ct_pkt *pkt,
		   const struct ct_test_nat64 *by)
{
	const struct ct_nat_range *range =
		pkt->l3 == CT_L3_IPV6 ? &by->v4 : by->v6;
	int error;

	if (!range || !pkt->conn || pkt->state != CT_NEW ||
	    (ct_conn_status(pkt->conn) & CT_S_CONFIRMED))
		return;
	error = ct_nat64_setup(w->thr, pkt, &by->nat64, range);
	ck_assert(error == 0 || error == CT_E_FULL);
}

enum ct_verdict ct_test_cross(struct ct_world *w, struct ct_test_packet *p,
			      const struct ct_test_nat64 *by,
			      struct ct_pkt *pkt)
{
	static uint8_t frame[sizeof(p->bytes) + 256];
	enum ct_verdict verdict;

	memset(frame, 0xa5, sizeof(frame));
	memcpy(frame + by->headroom, p->bytes, p->len);
	*pkt = ct_test_pkt(p);
	pkt->data = frame + by->headroom;
	pkt->headroom = by->headroom;
	pkt->tailroom = by->tailroom;
	pkt->csum = by->csum;
	pkt->gso_size = by->gso_size;
	pkt->frame_len = by->frame_len;
	ck_assert_int_eq(ct_process(w->thr, pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	choose(w, pkt, by);
	verdict = ct_nat_apply(w->thr, pkt, CT_HOOK_PREROUTING);
	if (verdict == CT_ACCEPT)
		verdict = ct_nat_apply(w->thr, pkt, CT_HOOK_POSTROUTING);
	/* The frame's bytes, before and behind the packet too, are all there. */
	ck_assert_ptr_eq(pkt->data, frame + pkt->headroom);
	memset(p, 0, sizeof(*p));
	memcpy(p->bytes, pkt->data, pkt->len);
	p->len = pkt->len;
	p->l3 = pkt->l3;
	p->l4 = pkt->l4;
	return verdict;
}

struct ct_pkt ct_test_cross_pass(struct ct_world *w, struct ct_test_packet *p,
				 const struct ct_test_nat64 *by)
{
	struct ct_pkt pkt;

	ck_assert_int_eq(ct_test_cross(w, p, by, &pkt), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w->thr, &pkt), CT_ACCEPT);
	ct_world_audit(w);
	return pkt;
}

void ct_test_start64(struct ct_world *w, struct ct_test_nat64 *by,
		     struct ct_test_flow *inside)
{
	ct_world_start(w, 64);
	*by = ct_test_nat64();
	*inside = ct_test_flow64(by);
}

void ct_test_end64(struct ct_world *w)
{
	ct_flush(w->thr, NULL);
	ct_world_settle(w);
	ct_world_end(w);
}

void ct_test_same(const struct ct_test_packet *a,
		  const struct ct_test_packet *b)
{
	ck_assert_uint_eq(a->l3, b->l3);
	ck_assert_uint_eq(a->len, b->len);
	ck_assert_mem_eq(a->bytes, b->bytes, b->len);
}

void ct_test_same_but_id(struct ct_test_packet *p,
			 const struct ct_test_packet *want)
{
	enum { V4 = 20, V4_ID = 4, V4_SUM = 10 };

	ct_nat_put(p, V4_ID, ct_nat_u16(want, V4_ID));
	ct_nat_balance(p, 0, V4, V4_SUM);
	ct_test_same(p, want);
}
