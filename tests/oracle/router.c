/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input and routing; see router.h.  What is refused was seen in goldens, or
 * follows from RFC 791, 1122, 1812, 4291 and 8200.
 */
#include <string.h>

#include "router.h"

enum {
	IPV4_MIN = 20,
	IPV6_LEN = 40,
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_RECORD_ROUTE = 7,
	TLV_PAD1 = 0,
	TLV_PADN = 1,
	TLV_KNOWN_ALERT = 5,
	TLV_ACTION = 0xc0, /* what to do if the type is unknown; 0: skip */
	PADDING_MAX = 7
};

/* The dummy address of RFC 7600: the router's, towards the packets' sender. */
static const uint8_t own_ipv4[4] = { 192, 0, 0, 8 };

/* --- Input -------------------------------------------------------------- */

static enum router_input input_ipv4(struct bytes *packet)
{
	const uint8_t *data = packet->data;
	size_t header;
	size_t total;

	if (packet->len < IPV4_MIN)
		return INPUT_MALFORMED;
	header = (size_t)(data[0] & 15) * 4;
	total = get_be16(data + 2);
	if (header < IPV4_MIN || packet->len < header || total < header ||
	    packet->len < total || ones_sum(0, data, header) != 0xffff)
		return INPUT_MALFORMED;
	packet->len = total;
	return INPUT_GOOD;
}

static bool all_zero(const uint8_t *data, size_t len)
{
	for (; len; len--, data++)
		if (*data)
			return false;
	return true;
}

static bool is_loopback(const uint8_t *addr)
{
	return all_zero(addr, 15) && addr[15] == 1;
}

static bool is_v4_mapped(const uint8_t *addr)
{
	return all_zero(addr, 10) && addr[10] == 0xff && addr[11] == 0xff;
}

static bool good_addresses(const uint8_t *src, const uint8_t *dst)
{
	if (is_loopback(src) || is_loopback(dst) || src[0] == 0xff ||
	    is_v4_mapped(src))
		return false;
	/* a multicast destination that never leaves its node, or has no scope */
	return dst[0] != 0xff || (dst[1] & 15) > 1;
}

/* One option of a hop-by-hop header; its length, or 0 if it is bad. */
static size_t hop_option(const uint8_t *option, size_t room, size_t *padding)
{
	size_t len;

	if (option[0] == TLV_PAD1) {
		*padding += 1;
		return *padding <= PADDING_MAX ? 1 : 0;
	}
	if (room < 2)
		return 0;
	len = option[1] + 2u;
	if (len > room)
		return 0;
	if (option[0] == TLV_PADN) {
		*padding += len;
		return *padding <= PADDING_MAX && all_zero(option + 2, len - 2)
			       ? len
			       : 0;
	}
	*padding = 0;
	if (option[0] == TLV_KNOWN_ALERT)
		return len == 4 ? len : 0;
	return option[0] & TLV_ACTION ? 0 : len;
}

static bool good_hop_by_hop(const struct bytes *packet)
{
	const uint8_t *header = packet->data + IPV6_LEN;
	size_t room = packet->len - IPV6_LEN;
	size_t padding = 0;
	size_t len;
	size_t at;
	size_t step;

	if (room < 8)
		return false;
	len = (header[1] + 1u) * 8u;
	if (len > room)
		return false;
	for (at = 2; at < len; at += step) {
		step = hop_option(header + at, len - at, &padding);
		if (!step)
			return false;
	}
	return true;
}

static enum router_input input_ipv6(struct bytes *packet)
{
	const uint8_t *data = packet->data;
	size_t total;

	if (packet->len < IPV6_LEN || !good_addresses(data + 8, data + 24))
		return INPUT_MALFORMED;
	total = IPV6_LEN + get_be16(data + 4);
	if (total > packet->len)
		return INPUT_MALFORMED;
	packet->len = total;
	if (data[6] == 0 && !good_hop_by_hop(packet))
		return INPUT_MALFORMED;
	return INPUT_GOOD;
}

enum router_input router_input(struct bytes *packet)
{
	int version = packet->len ? packet->data[0] >> 4 : 0;

	if (version == 4)
		return input_ipv4(packet);
	if (version == 6)
		return input_ipv6(packet);
	return INPUT_NO_IP;
}

bool router_untraceable(const struct bytes *packet)
{
	struct ip_view view = packet_view(packet->data, packet->len, 0);

	return view.version == 6 && view.transport > packet->len;
}

/* --- Routing ------------------------------------------------------------ */

/* Fill in a record route option; false if it is bad. */
static bool record_route(uint8_t *option, size_t len)
{
	size_t at = option[2];

	if (len < 3 || at < 4)
		return false;
	if (at > len)
		return true; /* full: passed on as it is */
	if (at + 3 > len)
		return false;
	memcpy(option + at - 1, own_ipv4, sizeof(own_ipv4));
	option[2] = (uint8_t)(at + 4);
	return true;
}

/* Act on the options of an IPv4 header; false if one is bad. */
static bool ipv4_options(uint8_t *header, size_t len)
{
	size_t at = IPV4_MIN;

	while (at < len && header[at] != OPTION_END) {
		size_t step = 1;

		if (header[at] != OPTION_NOP) {
			step = at + 1 < len ? header[at + 1] : 0;
			if (step < 2 || at + step > len)
				return false;
		}
		if (header[at] == OPTION_RECORD_ROUTE &&
		    !record_route(header + at, step))
			return false;
		at += step;
	}
	ipv4_set_checksum(header, len);
	return true;
}

static bool is_multicast_ipv4(uint32_t addr)
{
	return addr >> 28 == 14;
}

static enum router_route route_ipv4(struct bytes *packet)
{
	static const uint32_t broadcast = 0xffffffff;
	static const uint32_t all_hosts = 0xe0000001;
	uint8_t *data = packet->data;
	uint32_t src = get_be32(data + 12);
	uint32_t dst = get_be32(data + 16);

	if (!ipv4_options(data, (size_t)(data[0] & 15) * 4))
		return ROUTE_DROP;
	if (is_multicast_ipv4(src) || src == broadcast)
		return ROUTE_DROP;
	if (is_multicast_ipv4(dst))
		return dst == all_hosts ? ROUTE_LOCAL : ROUTE_DROP;
	if (dst == broadcast || (!src && !dst))
		return ROUTE_LOCAL;
	return src && dst ? ROUTE_FORWARD : ROUTE_DROP;
}

static bool is_link_local(const uint8_t *addr)
{
	return addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80;
}

/* The groups of a router: all nodes and all routers of the link, site. */
static bool is_own_group(const uint8_t *addr)
{
	if (!all_zero(addr + 2, 13))
		return false;
	return (addr[1] == 2 && (addr[15] == 1 || addr[15] == 2)) ||
	       (addr[1] == 5 && addr[15] == 2);
}

static enum router_route route_ipv6(const struct bytes *packet)
{
	const uint8_t *src = packet->data + 8;
	const uint8_t *dst = packet->data + 24;

	if (dst[0] == 0xff)
		return is_own_group(dst) ? ROUTE_LOCAL : ROUTE_DROP;
	if (is_link_local(src) || is_link_local(dst) || all_zero(src, 16))
		return ROUTE_DROP;
	return ROUTE_FORWARD;
}

enum router_route router_route(struct bytes *packet)
{
	return packet->data[0] >> 4 == 4 ? route_ipv4(packet)
					 : route_ipv6(packet);
}
