/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ip.c - reading IP headers, one hop less, checksums
 */
#include "ip.h"

#include <conntrack/cursor.h>
#include <netinet/in.h>

enum {
	FLAG_DF = 0x4000,  /* do not fragment */
	FRAGMENT = 0x3fff, /* more fragments, and the offset */
	TTL4_AT = 8,
	CSUM4_AT = 10,
	TTL6_AT = 7
};

void ip_put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void read_addr(struct ct_cursor *cur, union ct_addr *addr, uint8_t l3)
{
	const uint8_t *bytes = ct_cursor_take(cur, ip_addr_len(l3));

	if (bytes)
		memcpy(addr->bytes, bytes, ip_addr_len(l3));
}

static bool read_v4(struct ct_cursor cur, uint32_t len, struct ip *ip)
{
	uint16_t offset;

	ip->l3 = CT_L3_IPV4;
	ip->hlen = (uint8_t)((ct_cursor_u8(&cur) & 15) * 4);
	ct_cursor_skip(&cur, 1);
	ip->len = ct_cursor_u16(&cur);
	ct_cursor_skip(&cur, 2);
	offset = ct_cursor_u16(&cur);
	ip->fragment = offset & FRAGMENT;
	ip->no_fragment = offset & FLAG_DF;
	ip->ttl = ct_cursor_u8(&cur);
	ip->l4 = ct_cursor_u8(&cur);
	ct_cursor_skip(&cur, 2);
	read_addr(&cur, &ip->src, ip->l3);
	read_addr(&cur, &ip->dst, ip->l3);
	return ct_cursor_good(&cur) && ip->hlen >= IP4_HEADER &&
	       ip->hlen <= ip->len && ip->len <= len;
}

static bool read_v6(struct ct_cursor cur, uint32_t len, struct ip *ip)
{
	ip->l3 = CT_L3_IPV6;
	ip->hlen = IP6_HEADER;
	ct_cursor_skip(&cur, 4);
	ip->len = IP6_HEADER + ct_cursor_u16(&cur);
	ip->l4 = ct_cursor_u8(&cur);
	ip->fragment = ip->l4 == IPPROTO_FRAGMENT;
	ip->no_fragment = true;
	ip->ttl = ct_cursor_u8(&cur);
	read_addr(&cur, &ip->src, ip->l3);
	read_addr(&cur, &ip->dst, ip->l3);
	return ct_cursor_good(&cur) && ip->len <= len;
}

bool ip_read(const uint8_t *data, uint32_t len, struct ip *ip)
{
	struct ct_cursor cur = ct_cursor_of(data, len);

	*ip = (struct ip){ 0 };
	if (!len)
		return false;
	switch (data[0] >> 4) {
	case 4:
		return read_v4(cur, len, ip);
	case 6:
		return read_v6(cur, len, ip);
	default:
		return false;
	}
}

void ip_age(uint8_t *data, const struct ip *ip)
{
	uint32_t sum;

	if (ip->l3 == CT_L3_IPV6) {
		data[TTL6_AT]--;
		return;
	}
	/* The checksum is a complement: one less there is one more here. */
	data[TTL4_AT]--;
	sum = ct_load_u16(data + CSUM4_AT) + 0x100u;
	ip_put16(data + CSUM4_AT, sum + (sum >> 16));
}

bool ip_addr_vague(uint8_t l3, const union ct_addr *addr)
{
	static const union ct_addr none;
	uint8_t first = addr->bytes[0];

	if (memcmp(addr, &none, sizeof(none)) == 0)
		return true;
	return l3 == CT_L3_IPV4 ? first >= 224 || first == 127 : first == 0xff;
}

uint16_t ip_csum(uint32_t sum, const uint8_t *bytes, uint32_t len)
{
	uint64_t all = sum;

	for (; len > 1; len -= 2, bytes += 2)
		all += ct_load_u16(bytes);
	if (len)
		all += (uint32_t)bytes[0] << 8;
	while (all >> 16)
		all = (all & 0xffff) + (all >> 16);
	return (uint16_t)~all;
}

uint32_t ip6_pseudo(const uint8_t *header, uint32_t l4_len)
{
	uint16_t addrs = ip_csum(0, header + 8, 32);

	return (uint32_t)(uint16_t)~addrs + (l4_len >> 16) + (l4_len & 0xffff) +
	       IPPROTO_ICMPV6;
}
