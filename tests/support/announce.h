/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a helper would announce of clients behind a pool, for tests: a client's
 * master is its flow from port 40000 to the server.
 */
#ifndef CT_TEST_ANNOUNCE_H
#define CT_TEST_ANNOUNCE_H

#include "pool.h"

#include <conntrack/helper.h>

enum {
	CT_ANNOUNCE_MASTER = 40000,
	CT_ANNOUNCE_S = 60 /* seconds that an announcement holds */
};

/* A client's master; NULL: it has none. */
struct ct_conn *ct_announce_master(struct ct_world *w, unsigned host);

/* The same, opened; => what it leaves as. */
struct ct_test_flow ct_announce_open(struct ct_world *w, unsigned host,
				     struct ct_nat_pool *pool);

/* The server may send, from any of its ports, to a port of a client's. */
struct ct_expect_def ct_announce_def(struct ct_world *w, unsigned host,
				     uint16_t port);

/* => The id outside, or 0: none is free. */
uint16_t ct_announce(struct ct_world *w, unsigned host, uint16_t port);

/* The NAT callback of an expectation whose inside end goes first: it leaves by the
 * id that was announced, which is here. */
extern uint16_t ct_announced;
void ct_announce_leave(struct ct_thread *thr, struct ct_pkt *pkt,
		       const struct ct_expect *exp);

/* What was announced, and not used, is over. */
void ct_announce_end(struct ct_world *w);

/*
 * A datagram from a server's port 6000 to an id of the pool's first address, up
 * to ct_confirm().
 *
 * => What the pool said is in error.
 */
struct ct_pkt ct_announce_comes(struct ct_world *w, struct ct_nat_pool *pool,
				uint8_t server, uint16_t id, int *error);

#endif /* CT_TEST_ANNOUNCE_H */
