/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ip.h - the fields of an IP header that a router looks at
 */
#ifndef TUN_NAT_IP_H
#define TUN_NAT_IP_H

#include <conntrack/types.h>

enum { IP4_HEADER = 20, IP6_HEADER = 40 };

/* An IP header, read. */
struct ip {
	union ct_addr src;
	union ct_addr dst;
	uint32_t len;     /* of the packet, as IP says */
	uint8_t l3;       /* CT_L3_* */
	uint8_t l4;       /* what follows the header directly */
	uint8_t ttl;      /* or hop limit */
	uint8_t hlen;     /* of the header, without IPv6 extensions */
	bool fragment;    /* any of several */
	bool no_fragment; /* must not become several */
};

/* => False for what is no whole IP packet. */
bool ip_read(const uint8_t *data, uint32_t len, struct ip *ip);

/* One hop less. */
void ip_age(uint8_t *data, const struct ip *ip);

/* => Bytes of an address. */
static inline unsigned ip_addr_len(uint8_t l3)
{
	return l3 == CT_L3_IPV4 ? 4 : 16;
}

/* => Not an address that one host alone has: multicast, broadcast, none. */
bool ip_addr_vague(uint8_t l3, const union ct_addr *addr);

/* => The Internet checksum (RFC 1071) over the bytes, sum on top. */
uint16_t ip_csum(uint32_t sum, const uint8_t *bytes, uint32_t len);

/* => What the pseudo header of an ICMPv6 message adds to it. */
uint32_t ip6_pseudo(const uint8_t *header, uint32_t l4_len);

void ip_put16(uint8_t *at, uint32_t value);

#endif /* TUN_NAT_IP_H */
