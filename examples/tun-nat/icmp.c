/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * icmp.c - ICMP and ICMPv6 messages; see icmp.h
 *
 *	| IP header | type code checksum | rest: MTU or 0 | quoted packet ... |
 */
#include "icmp.h"

#include <netinet/in.h>
#include <string.h>

enum {
	HEADER = 8, /* of ICMP, up to the quote */
	TTL = 64,
	QUOTE4 = 576 - IP4_HEADER - HEADER, /* RFC 1812 4.3.2.3 */
	QUOTE6 = ICMP_ERROR_SIZE - IP6_HEADER - HEADER,
	ECHO_REPLY = 0,
	ECHO = 8,
	ECHO6 = 128,
	ECHO6_REPLY = 129
};

/* Type and code, of ICMP and of ICMPv6. */
struct wording {
	uint8_t type4, code4;
	uint8_t type6, code6;
};

static const struct wording wordings[] = {
	[ICMP_TTL] = { 11, 0, 3, 0 },
	[ICMP_TOO_BIG] = { 3, 4, 2, 0 },
	[ICMP_NO_PORT] = { 3, 3, 1, 4 },
};

static bool is_icmp(const struct ip *ip)
{
	return ip->l4 == (ip->l3 == CT_L3_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

/* => Of ICMP only queries may be answered by an error. */
static bool speaks_of_errors(const struct ip *ip, const uint8_t *data)
{
	uint8_t type;

	if (!is_icmp(ip))
		return false;
	if (ip->len <= ip->hlen)
		return true;
	type = data[ip->hlen];
	return ip->l3 == CT_L3_IPV4 ? type != ECHO && type != ECHO_REPLY
				    : type < ECHO6;
}

static bool may_tell(const struct ip *ip, const uint8_t *data)
{
	return !ip->fragment && !ip_addr_vague(ip->l3, &ip->src) &&
	       !ip_addr_vague(ip->l3, &ip->dst) && !speaks_of_errors(ip, data);
}

static void header4(uint8_t *out, uint32_t len, const struct ip *about,
		    const union ct_addr *from)
{
	memset(out, 0, IP4_HEADER);
	out[0] = 0x45;
	ip_put16(out + 2, len);
	out[8] = TTL;
	out[9] = IPPROTO_ICMP;
	memcpy(out + 12, from->bytes, 4);
	memcpy(out + 16, about->src.bytes, 4);
	ip_put16(out + 10, ip_csum(0, out, IP4_HEADER));
}

static void header6(uint8_t *out, uint32_t len, const struct ip *about,
		    const union ct_addr *from)
{
	memset(out, 0, IP6_HEADER);
	out[0] = 0x60;
	ip_put16(out + 4, len - IP6_HEADER);
	out[6] = IPPROTO_ICMPV6;
	out[7] = TTL;
	memcpy(out + 8, from->bytes, 16);
	memcpy(out + 24, about->src.bytes, 16);
}

static uint32_t at_most(uint32_t value, uint32_t limit)
{
	return value < limit ? value : limit;
}

uint32_t icmp_error_write(uint8_t out[ICMP_ERROR_SIZE], enum icmp_error what,
			  const struct ip *ip, const uint8_t *data,
			  const union ct_addr *from, uint32_t mtu)
{
	const struct wording *say = &wordings[what];
	bool v4 = ip->l3 == CT_L3_IPV4;
	uint32_t hlen = v4 ? IP4_HEADER : IP6_HEADER;
	uint32_t body = HEADER + at_most(ip->len, v4 ? QUOTE4 : QUOTE6);
	uint8_t *icmp = out + hlen;

	if (!may_tell(ip, data))
		return 0;
	(v4 ? header4 : header6)(out, hlen + body, ip, from);
	memset(icmp, 0, HEADER);
	icmp[0] = v4 ? say->type4 : say->type6;
	icmp[1] = v4 ? say->code4 : say->code6;
	if (what == ICMP_TOO_BIG)
		ip_put16(icmp + 6, at_most(mtu, UINT16_MAX));
	memcpy(icmp + HEADER, data, body - HEADER);
	ip_put16(icmp + 2, ip_csum(v4 ? 0 : ip6_pseudo(out, body), icmp, body));
	return hlen + body;
}

bool icmp_echo_asked(const struct ip *ip, const uint8_t *data)
{
	if (!is_icmp(ip) || ip->fragment || ip->len - ip->hlen < HEADER)
		return false;
	return data[ip->hlen] == (ip->l3 == CT_L3_IPV4 ? ECHO : ECHO6);
}

void icmp_echo_answer(const struct ip *ip, uint8_t *data)
{
	uint8_t *icmp = data + ip->hlen;
	uint32_t len = ip->len - ip->hlen;
	bool v4 = ip->l3 == CT_L3_IPV4;
	unsigned size = ip_addr_len(ip->l3);
	uint8_t *addrs = data + (v4 ? 12 : 8);

	memcpy(addrs, ip->dst.bytes, size);
	memcpy(addrs + size, ip->src.bytes, size);
	data[v4 ? 8 : 7] = TTL;
	if (v4) {
		ip_put16(data + 10, 0);
		ip_put16(data + 10, ip_csum(0, data, ip->hlen));
	}
	icmp[0] = v4 ? ECHO_REPLY : ECHO6_REPLY;
	ip_put16(icmp + 2, 0);
	ip_put16(icmp + 2, ip_csum(v4 ? 0 : ip6_pseudo(data, len), icmp, len));
}
