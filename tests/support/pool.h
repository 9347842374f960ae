/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A router with a pool, for tests: packets from inside get their source from
 * it, packets to its addresses are let in by it.
 */
#ifndef CT_TEST_POOL_H
#define CT_TEST_POOL_H

#include "nat.h"

#include <conntrack/nat_cgn.h>

#define CT_POOL_FIRST 0xcb007101u /* 203.0.113.1 */

/* A configuration with its size, and everything else zero. */
struct ct_nat_pool_config ct_pool_config(void);

/* 203.0.113.n. */
union ct_addr ct_pool_addr(unsigned n);

/* A pool of so many addresses, from 203.0.113.1 on. */
struct ct_nat_pool *ct_pool_new(struct ct_world *w,
				const struct ct_nat_pool_config *cfg,
				unsigned n_addrs);

/*
 * A packet on its way through the router, up to ct_confirm().
 *
 * => What the pool said of a new connection, or 0.
 */
int ct_pool_step(struct ct_world *w, struct ct_pkt *pkt,
		 struct ct_nat_pool *pool);

/* The whole way; the packet must be accepted. */
struct ct_pkt ct_pool_pass(struct ct_world *w, struct ct_test_packet *p,
			   struct ct_nat_pool *pool);

/* A datagram from inside; => the flow as the outside sees it. */
struct ct_test_flow ct_pool_out(struct ct_world *w,
				const struct ct_test_flow *flow,
				struct ct_nat_pool *pool);

/* The same, which must fail with this error. */
void ct_pool_refused(struct ct_world *w, const struct ct_test_flow *flow,
		     struct ct_nat_pool *pool, int error);

/*
 * A datagram from outside to the source of a flow that has left.
 *
 * => Its verdict: 0, or the pool's error; where it goes is in w->p.
 */
int ct_pool_in(struct ct_world *w, const struct ct_test_flow *outside,
	       struct ct_nat_pool *pool);

/* A client's flow: 10.0.host of two bytes, its port, to 198.51.100.5:80. */
struct ct_test_flow ct_pool_client(unsigned host, uint16_t port);

/* The first packet of a flow: a SYN, or a datagram. */
void ct_pool_first(struct ct_test_packet *p, const struct ct_test_flow *flow,
		   uint8_t l4);

/* The address of a client. */
union ct_addr ct_pool_inside(unsigned host);

/* The flow as it is from another server. */
struct ct_test_flow ct_pool_server(struct ct_test_flow flow, uint8_t server,
				   uint16_t port);

/* A packet's ends. */
struct ct_test_flow ct_pool_flow(const struct ct_test_packet *p);

struct ct_nat_gauge ct_pool_gauge(struct ct_nat_pool *pool, unsigned n,
				  uint8_t l4);

#endif /* CT_TEST_POOL_H */
