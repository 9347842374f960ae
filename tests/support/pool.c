/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A router with a pool; see pool.h.
 */
#include "pool.h"

#include <arpa/inet.h>
#include <check.h>
#include <string.h>

struct ct_nat_pool_config ct_pool_config(void)
{
	return (struct ct_nat_pool_config){
		.size = sizeof(struct ct_nat_pool_config)
	};
}

union ct_addr ct_pool_addr(unsigned n)
{
	union ct_addr addr = { .v6 = { htonl(CT_POOL_FIRST - 1 + n) } };

	return addr;
}

struct ct_nat_pool *ct_pool_new(struct ct_world *w,
				const struct ct_nat_pool_config *cfg,
				unsigned n_addrs)
{
	union ct_addr first = ct_pool_addr(1), last = ct_pool_addr(n_addrs);
	struct ct_nat_pool *pool;

	ck_assert_int_eq(ct_nat_pool_create(w->tbl, cfg, &pool), 0);
	ck_assert_int_eq(ct_nat_pool_add(pool, &first, &last), 0);
	return pool;
}

static bool is_external(struct ct_nat_pool *pool, const struct ct_pkt *pkt)
{
	struct ct_nat_gauge gauge = { .size = sizeof(gauge) };
	union ct_addr dst;

	memset(&dst, 0, sizeof(dst));
	memcpy(&dst, pkt->data + 16, 4);
	return ct_nat_pool_gauge(pool, &dst, 17, &gauge) == 0;
}

static bool from_inside(const struct ct_pkt *pkt)
{
	return pkt->data[12] == 10;
}

int ct_pool_step(struct ct_world *w, struct ct_pkt *pkt,
		 struct ct_nat_pool *pool)
{
	int error = 0;
	bool new;

	ck_assert_int_eq(ct_process(w->thr, pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	new = pkt->conn && !(ct_conn_status(pkt->conn) & CT_S_CONFIRMED);
	if (new &&is_external(pool, pkt))
		error = ct_nat_inbound(w->thr, pkt, pool);
	if (error)
		return error;
	if (ct_nat_apply(w->thr, pkt, CT_HOOK_PREROUTING) != CT_ACCEPT)
		return CT_E_REFUSED;
	if (new &&from_inside(pkt))
		error = ct_nat_pool_setup(w->thr, pkt, pool);
	if (!error && ct_nat_apply(w->thr, pkt, CT_HOOK_POSTROUTING))
		error = CT_E_REFUSED;
	return error;
}

struct ct_pkt ct_pool_pass(struct ct_world *w, struct ct_test_packet *p,
			   struct ct_nat_pool *pool)
{
	struct ct_pkt pkt = ct_test_pkt(p);

	ck_assert_int_eq(ct_pool_step(w, &pkt, pool), 0);
	ck_assert_int_eq(ct_confirm(w->thr, &pkt), CT_ACCEPT);
	return pkt;
}

struct ct_test_flow ct_pool_flow(const struct ct_test_packet *p)
{
	struct ct_tuple t = ct_nat_tuple(p);
	struct ct_test_flow flow = { .l3 = p->l3 };

	memcpy(flow.src, &t.src, sizeof(t.src));
	memcpy(flow.dst, &t.dst, sizeof(t.dst));
	flow.sport = ntohs(t.src_id);
	flow.dport = ntohs(t.dst_id);
	return flow;
}

struct ct_test_flow ct_pool_out(struct ct_world *w,
				const struct ct_test_flow *flow,
				struct ct_nat_pool *pool)
{
	ct_test_udp(&w->p, flow, CT_DIR_ORIG, 20);
	ct_pool_pass(w, &w->p, pool);
	return ct_pool_flow(&w->p);
}

void ct_pool_refused(struct ct_world *w, const struct ct_test_flow *flow,
		     struct ct_nat_pool *pool, int error)
{
	struct ct_pkt pkt;

	ct_test_udp(&w->p, flow, CT_DIR_ORIG, 20);
	pkt = ct_test_pkt(&w->p);
	ck_assert_int_eq(ct_pool_step(w, &pkt, pool), error);
	ct_abandon(w->thr, &pkt);
}

int ct_pool_in(struct ct_world *w, const struct ct_test_flow *outside,
	       struct ct_nat_pool *pool)
{
	struct ct_pkt pkt;
	int error;

	ct_test_udp(&w->p, outside, CT_DIR_REPLY, 20);
	pkt = ct_test_pkt(&w->p);
	error = ct_pool_step(w, &pkt, pool);
	if (!error)
		ck_assert_int_eq(ct_confirm(w->thr, &pkt), CT_ACCEPT);
	else
		ct_abandon(w->thr, &pkt);
	return error;
}

struct ct_test_flow ct_pool_client(unsigned host, uint16_t port)
{
	struct ct_test_flow flow = ct_test_flow4;

	flow.src[1] = 0;
	flow.src[2] = (uint8_t)(host >> 8);
	flow.src[3] = (uint8_t)host;
	flow.sport = port;
	return flow;
}

void ct_pool_first(struct ct_test_packet *p, const struct ct_test_flow *flow,
		   uint8_t l4)
{
	const struct ct_test_segment syn = { .flags = CT_TEST_SYN,
					     .seq = 100,
					     .win = 1000 };

	if (l4 == IPPROTO_TCP)
		ct_test_tcp(p, flow, CT_DIR_ORIG, &syn);
	else
		ct_test_udp(p, flow, CT_DIR_ORIG, 1);
}

union ct_addr ct_pool_inside(unsigned host)
{
	struct ct_test_flow flow = ct_pool_client(host, 1);
	union ct_addr addr;

	memset(&addr, 0, sizeof(addr));
	memcpy(&addr, flow.src, 4);
	return addr;
}

struct ct_test_flow ct_pool_server(struct ct_test_flow flow, uint8_t server,
				   uint16_t port)
{
	flow.dst[3] = server;
	flow.dport = port;
	return flow;
}

struct ct_nat_gauge ct_pool_gauge(struct ct_nat_pool *pool, unsigned n,
				  uint8_t l4)
{
	struct ct_nat_gauge gauge = { .size = sizeof(gauge) };
	union ct_addr addr = ct_pool_addr(n);

	ck_assert_int_eq(ct_nat_pool_gauge(pool, &addr, l4, &gauge), 0);
	return gauge;
}
