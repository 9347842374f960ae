/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fragments for tests: cut out of packets that packet.h builds, and put
 * together again, by code that shares nothing with the library's.
 */
#ifndef CT_TEST_FRAG_H
#define CT_TEST_FRAG_H

#include "world.h"

#include <conntrack/frag.h>

/* A part of a datagram's payload, up to its end if len is 0. */
struct ct_test_part {
	uint32_t id;
	uint32_t off;
	uint32_t len;
};

/* The fragment that holds a part. */
void ct_test_cut(struct ct_test_packet *piece,
		 const struct ct_test_packet *whole, struct ct_test_part part);

/* What a packet says of itself. */
bool ct_test_is_fragment(const uint8_t *bytes);
uint32_t ct_test_frag_id(const uint8_t *bytes);

/* Packets that left. */
struct ct_test_sent {
	uint32_t n;
	uint32_t conns; /* of these with a connection */
	struct ct_test_packet p[24];
};

/* ct_frag_next() until its end. */
void ct_test_send(struct ct_world *w, struct ct_pkt *pkt,
		  struct ct_test_sent *sent);

/* Put what left together; fails unless it is all of one datagram. */
void ct_test_join(const struct ct_test_sent *sent,
		  struct ct_test_packet *whole);

/* Process, confirm and send: => the verdict; sent grows. */
enum ct_verdict ct_test_frag(struct ct_world *w, struct ct_test_packet *p,
			     struct ct_pkt *pkt, struct ct_test_sent *sent);

#endif /* CT_TEST_FRAG_H */
