/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a helper would announce of clients behind a pool; see announce.h.
 */
#include "announce.h"

#include <arpa/inet.h>
#include <check.h>
#include <string.h>

struct ct_conn *ct_announce_master(struct ct_world *w, unsigned host)
{
	const struct ct_test_flow flow =
		ct_pool_client(host, CT_ANNOUNCE_MASTER);
	const struct ct_tuple t = ct_world_tuple(&flow, CT_DIR_ORIG);

	return ct_find(w->thr, &t, NULL);
}

struct ct_test_flow ct_announce_open(struct ct_world *w, unsigned host,
				     struct ct_nat_pool *pool)
{
	const struct ct_test_flow flow =
		ct_pool_client(host, CT_ANNOUNCE_MASTER);

	return ct_pool_out(w, &flow, pool);
}

struct ct_expect_def ct_announce_def(struct ct_world *w, unsigned host,
				     uint16_t port)
{
	struct ct_expect_def def = { .size = sizeof(def),
				     .flags = CT_EXPECT_NAT |
					      CT_EXPECT_USERSPACE,
				     .nat_dir = CT_DIR_REPLY,
				     .nat_id = htons(port),
				     .timeout_s = CT_ANNOUNCE_S };

	ct_conn_tuple(ct_announce_master(w, host), CT_DIR_REPLY, &def.tuple);
	def.tuple.src_id = 0;
	def.tuple.dst_id = htons(port);
	def.nat_addr = ct_pool_inside(host);
	memset(&def.src_mask, 0xff, 4);
	return def;
}

uint16_t ct_announce(struct ct_world *w, unsigned host, uint16_t port)
{
	struct ct_expect_def def = ct_announce_def(w, host, port);
	int error = ct_expect_add_near(w->thr, ct_announce_master(w, host),
				       &def, NULL);

	ck_assert(!error || error == CT_E_FULL);
	return error ? 0 : ntohs(def.tuple.dst_id);
}

uint16_t ct_announced;

void ct_announce_leave(struct ct_thread *thr, struct ct_pkt *pkt,
		       const struct ct_expect *exp)
{
	struct ct_nat_range range = { .size = sizeof(range),
				      .flags = CT_NAT_ADDR | CT_NAT_IDS };

	(void)exp;
	range.min_addr = range.max_addr = ct_pool_addr(1);
	range.min_id = range.max_id = ct_announced;
	ck_assert_int_eq(ct_nat_setup(thr, pkt, CT_NAT_SRC, &range), 0);
}

void ct_announce_end(struct ct_world *w)
{
	ct_world_wait(w, (CT_ANNOUNCE_S + 1) * CT_WORLD_S);
	ct_maintain(w->tbl, w->now_ns, 0);
	ct_world_settle(w);
}

struct ct_pkt ct_announce_comes(struct ct_world *w, struct ct_nat_pool *pool,
				uint8_t server, uint16_t id, int *error)
{
	struct ct_test_flow flow = { .l3 = CT_L3_IPV4,
				     .src = { 198, 51, 100, server },
				     .dst = { 203, 0, 113, 1 },
				     .sport = 6000,
				     .dport = id };
	struct ct_pkt pkt;

	ct_test_udp(&w->p, &flow, CT_DIR_ORIG, 20);
	pkt = ct_test_pkt(&w->p);
	*error = ct_pool_step(w, &pkt, pool);
	return pkt;
}
