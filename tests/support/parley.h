/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two ends that talk in a text protocol through a router that may translate
 * and has a helper: what one says, and what the other hears.
 *
 *	static struct ct_parley parley;
 *
 *	ct_parley_open(&parley, &w, &def);	TCP: the handshake, too
 *	heard = ct_parley_say(&parley, CT_DIR_ORIG, "INVITE ...");
 *
 * Over TCP each end counts what it said and what it heard by itself, as real
 * ones do, so that a shift which does not fit fails the test; the same goes for
 * every length and checksum.
 */
#ifndef CT_TEST_PARLEY_H
#define CT_TEST_PARLEY_H

#include "nat.h"

struct ct_parley_def {
	const char *helper;
	uint8_t l4;                    /* IPPROTO_UDP or IPPROTO_TCP */
	const struct ct_test_flow *by; /* as the client sees it */
	struct ct_test_rules rules;
	uint32_t flags; /* of its packets' policy, and their zone */
	uint16_t zone;
};

struct ct_parley {
	struct ct_world *w;
	struct ct_parley_def def;
	const struct ct_policy *policy;
	struct ct_test_flow as[CT_DIR_MAX]; /* as each end sees it */
	uint32_t said[CT_DIR_MAX];          /* TCP: each end's next number */
	uint32_t heard[CT_DIR_MAX];         /* the other's that it waits for */
	struct ct_conn *conn;               /* borrowed */
	uint32_t out_seq;                   /* of the last segment that left */
	char text[4096];
};

void ct_parley_open(struct ct_parley *parley, struct ct_world *w,
		    const struct ct_parley_def *def);

/* => What the other end hears; NULL when the packet was dropped. */
const char *ct_parley_say(struct ct_parley *parley, enum ct_dir who,
			  const char *text);

/* TCP: the last bytes that were said come once more. */
const char *ct_parley_again(struct ct_parley *parley, enum ct_dir who,
			    const char *text);

/* A datagram of another flow, in that one's original direction, by the same
 * rules; its bytes are in w->p. */
struct ct_pkt ct_parley_udp(struct ct_parley *parley,
			    const struct ct_test_flow *flow);

/* The same for flows of the first end's network: 10.0.0.2 to 198.51.100.5, and
 * from there to 203.0.113.1. */
struct ct_pkt ct_parley_out(struct ct_parley *parley, uint16_t sport,
			    uint16_t dport);
struct ct_pkt ct_parley_in(struct ct_parley *parley, uint16_t sport,
			   uint16_t dport);

/* How many expectations there are. */
unsigned ct_parley_expected(struct ct_parley *parley);

#endif /* CT_TEST_PARLEY_H */
