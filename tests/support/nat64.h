/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A NAT64 for tests: packets go through all verbs in the order of nat64.h, and
 * come out as they would leave.
 */
#ifndef CT_TEST_NAT64_H
#define CT_TEST_NAT64_H

#include "nat.h"

#include <conntrack/nat64.h>

/* What the router does with new connections into its prefix, and with IPv4
 * ones if v6 is not NULL. */
struct ct_test_nat64 {
	struct ct_nat64 nat64;
	struct ct_nat_range v4;        /* sources */
	const struct ct_nat_range *v6; /* destinations, or NULL */
	uint32_t headroom;             /* of each packet */
	uint32_t tailroom;
	uint8_t csum; /* enum ct_csum */
	uint16_t gso_size;
	uint32_t frame_len; /* 0: what there is */
};

/* 2001:db8:64::/96 and 203.0.113.1. */
struct ct_test_nat64 ct_test_nat64(void);

/* An IPv6 address: four words in host order. */
void ct_test_addr6(uint8_t addr[16], uint32_t a, uint32_t b, uint32_t c,
		   uint32_t d);

/* From 2001:db8:1::2:40000 to port 80 of 198.51.100.5, in the prefix. */
struct ct_test_flow ct_test_flow64(const struct ct_test_nat64 *to);

/* That flow as the server sees it: from 203.0.113.1. */
extern const struct ct_test_flow ct_test_outside;

/* The packet's way up to, and without, ct_confirm(); p is what it becomes. */
enum ct_verdict ct_test_cross(struct ct_world *w, struct ct_test_packet *p,
			      const struct ct_test_nat64 *by,
			      struct ct_pkt *pkt);

/* The whole way; it must be accepted. */
struct ct_pkt ct_test_cross_pass(struct ct_world *w, struct ct_test_packet *p,
				 const struct ct_test_nat64 *by);

/* A small world with such a router, and the flow through it; its end. */
void ct_test_start64(struct ct_world *w, struct ct_test_nat64 *by,
		     struct ct_test_flow *inside);
void ct_test_end64(struct ct_world *w);

/* Fails unless two packets are equal. */
void ct_test_same(const struct ct_test_packet *a,
		  const struct ct_test_packet *b);

/* Fails unless an IPv4 packet is as it would be if it had begun on this side,
 * but for the id that a translated header gets. */
void ct_test_same_but_id(struct ct_test_packet *p,
			 const struct ct_test_packet *want);

#endif /* CT_TEST_NAT64_H */
