/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the router says itself to the sender of a packet that it rejects: a TCP
 * reset, or "port unreachable" (RFC 792, RFC 4443).
 */
#include <stdlib.h>
#include <string.h>

#include "router.h"

enum {
	IPV4_LEN = 20,
	IPV6_LEN = 40,
	TCP_LEN = 20,
	ICMP_LEN = 8,
	TTL = 64,
	PRECEDENCE = 0xc0,     /* of ICMP errors: internetwork control */
	QUOTE_MAX_IPV4 = 576,  /* the whole error, RFC 1812 4.3.2.3 */
	QUOTE_MAX_IPV6 = 1280, /* the whole error, RFC 4443 2.4 */
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_ACK = 0x10
};

/* The router's addresses: RFC 7600's dummy, and one that is discard-only. */
static const uint8_t own_ipv4[4] = { 192, 0, 0, 8 };
static const uint8_t own_ipv6[16] = { [0] = 0x01, [15] = 0x08 };

const union ct_addr *router_address(uint8_t l3)
{
	static union ct_addr ipv4, ipv6;

	memcpy(ipv4.bytes, own_ipv4, sizeof(own_ipv4));
	memcpy(ipv6.bytes, own_ipv6, sizeof(own_ipv6));
	return l3 == CT_L3_IPV4 ? &ipv4 : &ipv6;
}

/* An IP header in front of len bytes, back to the sender of packet. */
static struct bytes answer(const struct ip_view *to, int proto, size_t len,
			   const uint8_t *src)
{
	size_t header = to->version == 4 ? IPV4_LEN : IPV6_LEN;
	struct bytes packet = { calloc(1, header + len), header + len };
	uint8_t *data = packet.data;

	if (!data)
		return packet;
	data[0] = (uint8_t)(to->version << 4);
	if (to->version == 4) {
		data[0] |= IPV4_LEN / 4;
		put_be16(data + 2, (uint32_t)packet.len);
		data[8] = TTL;
		data[9] = (uint8_t)proto;
		memcpy(data + 12, src, 4);
		memcpy(data + 16, to->data + to->src_at, 4);
	} else {
		put_be16(data + 4, (uint32_t)len);
		data[6] = (uint8_t)proto;
		data[7] = TTL;
		memcpy(data + 8, src, 16);
		memcpy(data + 24, to->data + to->src_at, 16);
	}
	return packet;
}

static struct bytes finish(struct bytes packet)
{
	if (packet.data && packet.data[0] >> 4 == 4)
		ipv4_set_checksum(packet.data, IPV4_LEN);
	if (packet.data)
		packet_set_checksum(&packet);
	return packet;
}

/* The numbers of a reset that the sender of a segment will believe. */
static void reset_numbers(const struct ip_view *view, uint8_t *tcp)
{
	const uint8_t *segment = view->data + view->transport;
	uint8_t flags = segment[13];
	uint32_t len = (uint32_t)(view->len - view->transport) -
		       (segment[12] >> 4) * 4u;

	tcp[13] = TCP_RST;
	if (flags & TCP_ACK) {
		memcpy(tcp + 4, segment + 8, 4);
		return;
	}
	len += (flags & TCP_SYN ? 1u : 0u) + (flags & TCP_FIN ? 1u : 0u);
	put_be32(tcp + 8, get_be32(segment + 4) + len);
	tcp[13] |= TCP_ACK;
}

struct bytes router_reset(const struct bytes *packet)
{
	struct ip_view view = packet_view(packet->data, packet->len, 0);
	const uint8_t *segment = packet->data + view.transport;
	struct bytes reset = { NULL, 0 };
	uint8_t *tcp;

	if (view.proto != IPPROTO_TCP || view.transport + TCP_LEN > view.len ||
	    segment[13] & TCP_RST)
		return reset;
	reset = answer(&view, IPPROTO_TCP, TCP_LEN, view.data + view.dst_at);
	if (!reset.data)
		return reset;
	if (view.version == 4)
		reset.data[6] = 0x40; /* do not fragment */
	tcp = reset.data + reset.len - TCP_LEN;
	memcpy(tcp, segment + 2, 2);
	memcpy(tcp + 2, segment, 2);
	tcp[12] = TCP_LEN / 4 << 4;
	reset_numbers(&view, tcp);
	return finish(reset);
}

/* The packet as it is when its time to live has been counted down. */
static void quote(uint8_t *to, const struct ip_view *view, size_t len)
{
	memcpy(to, view->data, len);
	if (view->version == 6) {
		to[7]--;
	} else {
		to[8]--;
		ipv4_set_checksum(to, view->transport);
	}
}

struct bytes router_unreachable(const struct bytes *packet)
{
	struct ip_view view = packet_view(packet->data, packet->len, 0);
	bool ipv4 = view.version == 4;
	size_t header = (ipv4 ? IPV4_LEN : IPV6_LEN) + ICMP_LEN;
	size_t room = (ipv4 ? QUOTE_MAX_IPV4 : QUOTE_MAX_IPV6) - header;
	size_t len = packet->len < room ? packet->len : room;
	struct bytes error = { NULL, 0 };

	if (view_is_icmp_error(&view))
		return error;
	error = answer(&view, ipv4 ? IPPROTO_ICMP : IPPROTO_ICMPV6,
		       ICMP_LEN + len, ipv4 ? own_ipv4 : own_ipv6);
	if (!error.data)
		return error;
	if (ipv4)
		error.data[1] = PRECEDENCE;
	error.data[header - ICMP_LEN] = ipv4 ? 3 : 1;
	error.data[header - ICMP_LEN + 1] = ipv4 ? 3 : 4;
	quote(error.data + header, &view, len);
	return finish(error);
}
