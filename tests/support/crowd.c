/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crowd.c - more connections than there is room for; see crowd.h
 */
#include "crowd.h"

#include <check.h>
#include <string.h>

void ct_crowd_set(struct ct_world *w, const char *name, uint64_t value)
{
	ck_assert_int_eq(ct_param_set(w->tbl, name, value), 0);
}

unsigned ct_crowd_arrive_by(struct ct_world *w, const struct ct_test_flow *flow,
			    const struct ct_policy *policy, uint16_t zone)
{
	struct ct_pkt pkt;

	ct_test_udp(&w->p, flow, CT_DIR_ORIG, 10);
	pkt = ct_test_pkt(&w->p);
	pkt.policy = policy;
	pkt.zone = zone;
	if (ct_process(w->thr, &pkt, CT_HOOK_PREROUTING) != CT_ACCEPT ||
	    !pkt.conn)
		return pkt.reason;
	ck_assert_int_eq(ct_confirm(w->thr, &pkt), CT_ACCEPT);
	return 0;
}

unsigned ct_crowd_arrive(struct ct_world *w, uint32_t n)
{
	struct ct_test_flow flow = ct_world_flow(n);

	return ct_crowd_arrive_by(w, &flow, NULL, 0);
}

void ct_crowd_flood(struct ct_world *w, uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		ct_crowd_arrive(w, first + i);
		if (i % 32 == 0)
			ct_world_wait(w, 1000);
	}
}

void ct_crowd_fill(struct ct_world *w, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++)
		ck_assert_uint_eq(ct_crowd_arrive(w, i), 0);
}

void ct_crowd_assure(struct ct_world *w, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++) {
		struct ct_test_flow flow = ct_world_flow(i);

		ct_world_udp(w, &flow, CT_DIR_REPLY);
	}
	ct_world_wait(w, 3 * CT_WORLD_S);
	for (uint32_t i = first; i < first + n; i++) {
		struct ct_test_flow flow = ct_world_flow(i);
		struct ct_pkt pkt = ct_world_udp(w, &flow, CT_DIR_ORIG);

		ck_assert(ct_conn_status(pkt.conn) & CT_S_ASSURED);
	}
}

struct ct_conn *ct_crowd_found(struct ct_world *w, uint32_t n)
{
	struct ct_test_flow flow = ct_world_flow(n);
	struct ct_tuple t = ct_world_tuple(&flow, CT_DIR_ORIG);

	return ct_find(w->thr, &t, NULL);
}

uint32_t ct_crowd_alive(struct ct_world *w, uint32_t first, uint32_t n)
{
	uint32_t alive = 0;

	for (uint32_t i = first; i < first + n; i++)
		alive += ct_crowd_found(w, i) != NULL;
	return alive;
}

struct ct_pressure ct_crowd_pressure(struct ct_world *w)
{
	struct ct_pressure now = { .size = sizeof(now) };

	ck_assert_int_eq(ct_pressure(w->tbl, &now), 0);
	return now;
}

struct ct_pkt ct_crowd_segment(struct ct_world *w, uint32_t n, enum ct_dir dir,
			       uint8_t flags, uint32_t seq, uint32_t ack)
{
	const struct ct_test_segment seg = {
		.flags = flags, .win = 1000, .seq = seq, .ack = ack
	};
	struct ct_test_flow flow = ct_world_flow(n);
	struct ct_pkt pkt = ct_world_tcp(w, &flow, dir, &seg);

	ck_assert_int_eq(ct_confirm(w->thr, &pkt), CT_ACCEPT);
	return pkt;
}

void ct_crowd_establish(struct ct_world *w, uint32_t n)
{
	ct_crowd_segment(w, n, CT_DIR_ORIG, CT_TEST_SYN, 100, 0);
	ct_crowd_segment(w, n, CT_DIR_REPLY, CT_TEST_SYN | CT_TEST_ACK, 500,
			 101);
	ct_crowd_segment(w, n, CT_DIR_ORIG, CT_TEST_ACK, 101, 501);
}

bool ct_crowd_lives_tcp(struct ct_world *w, uint32_t n)
{
	struct ct_test_flow flow = ct_world_flow(n);
	struct ct_tuple t = ct_world_tuple(&flow, CT_DIR_ORIG);

	t.l4 = 6;
	return ct_find(w->thr, &t, NULL) != NULL;
}

struct ct_test_flow ct_crowd_greedy(uint32_t n)
{
	struct ct_test_flow flow = ct_world_flow(0);

	memset(flow.src, 0, sizeof(flow.src));
	flow.src[0] = 10;
	flow.src[1] = 99;
	flow.sport = (uint16_t)(1024 + n);
	return flow;
}

const struct ct_policy *ct_crowd_policy(struct ct_table *tbl, uint16_t class_,
					enum ct_overflow_verdict verdict)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .class_ = class_,
					   .overflow = verdict };
	const struct ct_policy *policy;

	ck_assert_int_eq(ct_policy_create(tbl, &def, &policy), 0);
	return policy;
}
