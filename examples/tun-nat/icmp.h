/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * icmp.h - what a router says by itself: errors, and answers to pings
 */
#ifndef TUN_NAT_ICMP_H
#define TUN_NAT_ICMP_H

#include "ip.h"

enum icmp_error {
	ICMP_TTL,     /* time exceeded in transit */
	ICMP_TOO_BIG, /* fragmentation needed; packet too big */
	ICMP_NO_PORT  /* nobody listens here */
};

/* No error is longer: a minimum MTU of IPv6 (RFC 4443 2.4c). */
enum { ICMP_ERROR_SIZE = 1280 };

/*
 * Write an error about a packet.
 *
 * => ip is what ip_read() found at data.  from is our own address, mtu is what
 *    TOO_BIG tells.
 * => The length; 0 when nothing may be said about such a packet (RFC 1122
 *    3.2.2, RFC 4443 2.4e).
 */
uint32_t icmp_error_write(uint8_t out[ICMP_ERROR_SIZE], enum icmp_error what,
			  const struct ip *ip, const uint8_t *data,
			  const union ct_addr *from, uint32_t mtu);

/* => Whether the packet is an echo request; whom it is for is not looked at. */
bool icmp_echo_asked(const struct ip *ip, const uint8_t *data);

/* Turn an echo request into its answer. */
void icmp_echo_answer(const struct ip *ip, uint8_t *data);

#endif /* TUN_NAT_ICMP_H */
