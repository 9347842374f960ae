/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A master, with a helper that does nothing by itself, and what comes to where
 * it has announced; for tests of expectations.
 */
#ifndef CT_TEST_HERALD_H
#define CT_TEST_HERALD_H

#include "world.h"

#include <conntrack/expect.h>

enum { PORT = 5000 };

struct ct_herald {
	struct ct_world w;
	struct ct_conn *master; /* owned; ct_test_flow4, over UDP */
};

extern struct ct_herald ct_herald;

/* Fixtures: a world with its master, and everything that happens is written
 * down; its end. */
void ct_herald_setup(void);
void ct_herald_teardown(void);

/*
 * What was told since the last time: "N3" for the third expectation, "D3" for
 * its end; "n", "r", "d" of connections: new, new and expected, ended.
 */
void ct_herald_told(const char *what);

/* Anybody's port of the server, to a port of the client; class 0, of which
 * there may be two. */
struct ct_expect_def ct_herald_def(uint16_t port);
struct ct_expect *ct_herald_expect(uint16_t port);

/* A datagram, processed. */
struct ct_pkt ct_herald_packet(const struct ct_test_flow *flow, enum ct_dir dir,
			       const struct ct_policy *policy);

/* What comes from the server to a port of the client; confirmed. */
struct ct_test_flow ct_herald_flow(uint16_t sport, uint16_t dport);
struct ct_pkt ct_herald_knock(uint16_t sport, uint16_t dport);

/* => How many expectations there are, of a master or of all. */
unsigned ct_herald_count(struct ct_conn *of);

#endif /* CT_TEST_HERALD_H */
