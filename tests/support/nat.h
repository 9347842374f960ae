/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A router that translates, for tests: packets go through all verbs in the
 * order of nat.h, and come out as they would leave.
 */
#ifndef CT_TEST_NAT_H
#define CT_TEST_NAT_H

#include "world.h"

#include <conntrack/nat_pool.h>

/* What the router's rules say of new connections; NULL: a null mapping. */
struct ct_test_rules {
	const struct ct_nat_range *dst;
	const struct ct_nat_range *src;
	struct ct_nat_pool *pool; /* or NULL; the source of who is in 10/8 */
};

/* A range of one IPv4 address, in host order. */
struct ct_nat_range ct_nat_to(uint32_t addr);

/* A range of one IPv6 address: 2001:db8:ff:: and so much. */
struct ct_nat_range ct_nat_to6(uint8_t host);

/* The same with ports. */
struct ct_nat_range ct_nat_ports(struct ct_nat_range range, uint16_t min,
				 uint16_t max);

/* The packet's way up to, and without, ct_confirm(). */
enum ct_verdict ct_nat_step(struct ct_world *w, struct ct_pkt *pkt,
			    const struct ct_test_rules *rules);

/* The whole way of a packet of these bytes; it must be accepted. */
struct ct_pkt ct_nat_pass(struct ct_world *w, struct ct_test_packet *p,
			  const struct ct_test_rules *rules);

/* The tuple of a packet as it is now. */
struct ct_tuple ct_nat_tuple(const struct ct_test_packet *p);

/* Fails unless the header's and the transport's checksums are right. */
void ct_nat_sums_right(const struct ct_test_packet *p);

/* 16 bits of a packet, and to put some there. */
uint16_t ct_nat_u16(const struct ct_test_packet *p, uint32_t off);
void ct_nat_put(struct ct_test_packet *p, uint32_t off, uint16_t value);

/* Make the one's complement sum of some bytes right by what is at free. */
void ct_nat_balance(struct ct_test_packet *p, uint32_t off, uint32_t len,
		    uint32_t free);

#endif /* CT_TEST_NAT_H */
