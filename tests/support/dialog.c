/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection that a helper listens to; see dialog.h.
 */
#include "dialog.h"

#include <arpa/inet.h>
#include <check.h>
#include <conntrack/policy.h>
#include <string.h>

enum { TCP = 6, UDP = 17, TCP_LEN = 20, UDP_LEN = 8, WINDOW = 60000 };

void ct_dialog_begin(struct ct_dialog *talk, struct ct_world *w,
		     const char *helper, const struct ct_test_flow *flow)
{
	struct ct_policy_def def = { .size = sizeof(def), .helper = helper };
	const struct ct_test_flow copy = *flow; /* perhaps talk's own */

	memset(talk, 0, sizeof(*talk));
	talk->w = w;
	talk->inside = copy;
	talk->outside = copy;
	talk->tcp = true;
	talk->seq[CT_DIR_ORIG] = 1000;
	talk->seq[CT_DIR_REPLY] = 5000;
	if (helper)
		ck_assert_int_eq(ct_policy_create(w->tbl, &def, &talk->policy),
				 0);
}

void ct_dialog_begin_udp(struct ct_dialog *talk, struct ct_world *w,
			 const char *helper, const struct ct_test_flow *flow)
{
	ct_dialog_begin(talk, w, helper, flow);
	talk->tcp = false;
}

/* The packet in talk->p, all the way. */
static enum ct_verdict pass(struct ct_dialog *talk)
{
	enum ct_verdict verdict;

	talk->pkt = ct_test_pkt(&talk->p);
	talk->pkt.policy = talk->policy;
	ck_assert_int_eq(ct_nat_step(talk->w, &talk->pkt, &talk->rules),
			 CT_ACCEPT);
	verdict = ct_confirm(talk->w->thr, &talk->pkt);
	talk->p.len = talk->pkt.len;
	ct_world_audit(talk->w);
	return verdict;
}

/* What the other end answers to. */
static void see(struct ct_dialog *talk)
{
	struct ct_tuple t = ct_nat_tuple(&talk->p);

	memcpy(talk->outside.src, &t.src, sizeof(t.src));
	memcpy(talk->outside.dst, &t.dst, sizeof(t.dst));
	talk->outside.sport = ntohs(t.src_id);
	talk->outside.dport = ntohs(t.dst_id);
}

static const struct ct_test_flow *flow_of(const struct ct_dialog *talk,
					  enum ct_dir dir)
{
	return dir == CT_DIR_ORIG ? &talk->inside : &talk->outside;
}

static void segment(struct ct_dialog *talk, enum ct_dir dir, uint8_t flags)
{
	const struct ct_test_segment seg = {
		.flags = flags,
		.win = WINDOW,
		.seq = talk->seq[dir],
		.ack = flags & CT_TEST_ACK ? talk->seq[!dir] : 0,
	};

	ct_test_tcp(&talk->p, flow_of(talk, dir), dir, &seg);
	talk->seq[dir] += flags & CT_TEST_SYN ? 1 : 0;
	ck_assert_int_eq(pass(talk), CT_ACCEPT);
}

void ct_dialog_connect(struct ct_dialog *talk)
{
	if (!talk->tcp) {
		ct_dialog_say(talk, CT_DIR_ORIG, "?", 1);
		return;
	}
	segment(talk, CT_DIR_ORIG, CT_TEST_SYN);
	see(talk);
	segment(talk, CT_DIR_REPLY, CT_TEST_SYN | CT_TEST_ACK);
	segment(talk, CT_DIR_ORIG, CT_TEST_ACK);
}

static void build(struct ct_dialog *talk, enum ct_dir dir, const void *bytes,
		  size_t len)
{
	const struct ct_test_segment seg = {
		.flags = CT_TEST_ACK | CT_TEST_PSH,
		.win = WINDOW,
		.seq = talk->seq[dir],
		.ack = talk->seq[!dir],
		.len = (uint32_t)len,
	};

	if (talk->tcp)
		ct_test_tcp(&talk->p, flow_of(talk, dir), dir, &seg);
	else
		ct_test_udp(&talk->p, flow_of(talk, dir), dir, (uint32_t)len);
	memcpy(talk->p.bytes + talk->p.len - len, bytes, len);
	ct_test_sum(&talk->p);
}

enum ct_verdict ct_dialog_try(struct ct_dialog *talk, enum ct_dir dir,
			      const void *bytes, size_t len)
{
	uint32_t header = talk->tcp ? TCP_LEN : UDP_LEN;
	enum ct_verdict verdict;

	build(talk, dir, bytes, len);
	verdict = pass(talk);
	if (verdict == CT_ACCEPT)
		ct_nat_sums_right(&talk->p);
	if (!talk->tcp && dir == CT_DIR_ORIG)
		see(talk);
	if (verdict == CT_ACCEPT && talk->tcp)
		talk->seq[dir] += (uint32_t)len;
	header += ct_test_l4_off(&talk->p);
	talk->said = talk->p.bytes + header;
	talk->said_len = talk->p.len - header;
	return verdict;
}

void ct_dialog_say(struct ct_dialog *talk, enum ct_dir dir, const void *bytes,
		   size_t len)
{
	ck_assert_int_eq(ct_dialog_try(talk, dir, bytes, len), CT_ACCEPT);
}

struct ct_pkt ct_dialog_knock(struct ct_dialog *talk,
			      const struct ct_test_flow *flow, uint8_t l4)
{
	const struct ct_test_segment syn = { .flags = CT_TEST_SYN,
					     .win = WINDOW,
					     .seq = 1 };

	if (l4 == TCP)
		ct_test_tcp(&talk->p, flow, CT_DIR_ORIG, &syn);
	else
		ct_test_udp(&talk->p, flow, CT_DIR_ORIG, 20);
	talk->pkt = ct_nat_pass(talk->w, &talk->p, &talk->rules);
	return talk->pkt;
}

struct ct_test_flow ct_dialog_flow(uint32_t src, uint16_t sport, uint32_t dst,
				   uint16_t dport)
{
	struct ct_test_flow flow = { .l3 = CT_L3_IPV4,
				     .sport = sport,
				     .dport = dport };

	src = htonl(src);
	dst = htonl(dst);
	memcpy(flow.src, &src, sizeof(src));
	memcpy(flow.dst, &dst, sizeof(dst));
	return flow;
}

void ct_dialog_goes_to(const struct ct_dialog *talk, uint32_t addr,
		       uint16_t port)
{
	struct ct_tuple t = ct_nat_tuple(&talk->p);

	ck_assert_uint_eq(ntohl(t.dst.v4), addr);
	ck_assert_uint_eq(ntohs(t.dst_id), port);
}

void ct_dialog_comes_from(const struct ct_dialog *talk, uint32_t addr)
{
	struct ct_tuple t = ct_nat_tuple(&talk->p);

	ck_assert_uint_eq(ntohl(t.src.v4), addr);
}
