/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IP packets as bytes; see packet.h.
 */
#include <stdlib.h>
#include <string.h>

#include "packet.h"

enum {
	IPV4_MIN = 20,
	IPV6_LEN = 40,
	EXT_HOP_BY_HOP = 0,
	EXT_ROUTING = 43,
	EXT_FRAGMENT = 44,
	EXT_DESTINATION = 60
};

uint32_t get_be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

uint32_t get_be32(const uint8_t *p)
{
	return get_be16(p) << 16 | get_be16(p + 2);
}

void put_be16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

void put_be32(uint8_t *p, uint32_t value)
{
	put_be16(p, value >> 16);
	put_be16(p + 2, value);
}

/* --- Looking ------------------------------------------------------------ */

static void view_ipv4(struct ip_view *view)
{
	const uint8_t *header = view->data + view->start;
	uint32_t fragment = get_be16(header + 6);

	view->transport = view->start + (size_t)(header[0] & 15) * 4;
	view->total_len = get_be16(header + 2);
	view->more_fragments = fragment & 0x2000;
	view->frag_offset = (size_t)(fragment & 0x1fff) * 8;
	view->proto = header[9];
	view->addr_len = 4;
	view->src_at = view->start + 12;
	view->dst_at = view->start + 16;
}

static void view_ipv6(struct ip_view *view)
{
	const uint8_t *data = view->data;
	size_t at = view->start + IPV6_LEN;
	int proto = data[view->start + 6];

	view->total_len = IPV6_LEN + get_be16(data + view->start + 4);
	view->addr_len = 16;
	view->src_at = view->start + 8;
	view->dst_at = view->start + 24;
	for (; view->len >= at + 8; proto = data[view->transport]) {
		view->transport = at;
		if (proto == EXT_HOP_BY_HOP || proto == EXT_ROUTING ||
		    proto == EXT_DESTINATION) {
			at += (data[at + 1] + 1u) * 8u;
		} else if (proto == EXT_FRAGMENT) {
			view->has_fragment_header = true;
			view->frag_offset = get_be16(data + at + 2) & 0xfff8;
			view->more_fragments = data[at + 3] & 1;
			at += 8;
		} else {
			break;
		}
	}
	view->transport = at;
	view->proto = proto;
}

struct ip_view packet_view(const uint8_t *data, size_t len, size_t start)
{
	struct ip_view view = { .data = data,
				.len = len,
				.start = start,
				.transport = len,
				.proto = PROTO_UNKNOWN };

	view.version = len > start ? data[start] >> 4 : 0;
	if (view.version == 4 && len >= start + IPV4_MIN)
		view_ipv4(&view);
	else if (view.version == 6 && len >= start + IPV6_LEN)
		view_ipv6(&view);
	return view;
}

bool view_is_fragment(const struct ip_view *view)
{
	return view->more_fragments || view->frag_offset;
}

bool view_has_ports(const struct ip_view *view)
{
	switch (view->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_DCCP:
	case IPPROTO_SCTP:
	case PROTO_UDPLITE:
		return !view->frag_offset;
	default:
		return false;
	}
}

int view_u16(const struct ip_view *view, size_t at)
{
	at += view->transport;
	return at + 2 <= view->len ? (int)get_be16(view->data + at) : -1;
}

static int icmp_type(const struct ip_view *view)
{
	bool icmp =
		view->proto == IPPROTO_ICMP || view->proto == IPPROTO_ICMPV6;

	if (!icmp || view->frag_offset || view->transport >= view->len)
		return -1;
	return view->data[view->transport];
}

bool view_is_icmp_query(const struct ip_view *view)
{
	int type = icmp_type(view);

	if (view->proto == IPPROTO_ICMPV6)
		return type == 128 || type == 129;
	return type == 0 || type == 8 || (type >= 13 && type <= 18);
}

bool view_is_icmp_error(const struct ip_view *view)
{
	int type = icmp_type(view);

	if (view->proto == IPPROTO_ICMPV6)
		return type >= 1 && type <= 4;
	return (type >= 3 && type <= 5) || type == 11 || type == 12;
}

/* --- Checksums ---------------------------------------------------------- */

uint32_t ones_sum(uint32_t sum, const uint8_t *data, size_t len)
{
	uint64_t total = sum;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		total += get_be16(data + i);
	if (len & 1)
		total += (uint32_t)data[len - 1] << 8;
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return (uint32_t)total;
}

void ipv4_set_checksum(uint8_t *header, size_t len)
{
	put_be16(header + 10, 0);
	put_be16(header + 10, ~ones_sum(0, header, len) & 0xffff);
}

/* Where the transport header has its 16-bit checksum, or -1. */
static int checksum_at(int proto)
{
	switch (proto) {
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return 2;
	case IPPROTO_TCP:
		return 16;
	case IPPROTO_UDP:
		return 6;
	default:
		return -1;
	}
}

void packet_set_checksum(struct bytes *packet)
{
	struct ip_view view = packet_view(packet->data, packet->len, 0);
	int at = checksum_at(view.proto);
	uint8_t *body = packet->data + view.transport;
	uint32_t sum = 0;
	size_t len;

	if (at < 0 || view.transport + (size_t)at + 2 > packet->len)
		return;
	len = packet->len - view.transport;
	if (view.proto != IPPROTO_ICMP) {
		sum = ones_sum(0, view.data + view.src_at, 2 * view.addr_len);
		sum += (uint32_t)len + (uint32_t)view.proto;
	}
	put_be16(body + at, 0);
	sum = ~ones_sum(sum, body, len) & 0xffff;
	if (view.proto == IPPROTO_UDP && !sum)
		sum = 0xffff;
	put_be16(body + at, sum);
}

/* --- Hex ---------------------------------------------------------------- */

static int digit_value(char digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = digit ? strchr(digits, digit) : NULL;

	if (digit == '?')
		return 0;
	return found ? (int)(found - digits) : -1;
}

bool bytes_from_hex(const char *hex, struct bytes *packet, bool *masked)
{
	size_t i;

	*masked = strchr(hex, '?') != NULL;
	packet->len = strlen(hex) / 2;
	packet->data = malloc(packet->len ? packet->len : 1);
	if (!packet->data)
		return false;
	for (i = 0; i < packet->len; i++) {
		int high = digit_value(hex[2 * i]);
		int low = digit_value(hex[2 * i + 1]);

		if (high < 0 || low < 0) {
			free(packet->data);
			packet->data = NULL;
			return false;
		}
		packet->data[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

struct bytes bytes_copy(const uint8_t *data, size_t len)
{
	struct bytes copy = { malloc(len ? len : 1), len };

	if (copy.data)
		memcpy(copy.data, data, len);
	else
		copy.len = 0;
	return copy;
}

struct bytes bytes_roomy(const struct bytes *packet, size_t room)
{
	struct bytes copy = { malloc(packet->len + room), packet->len };

	if (copy.data)
		memcpy(copy.data, packet->data, packet->len);
	else
		copy.len = 0;
	return copy;
}

json_t *bytes_to_hex(const uint8_t *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char *hex = malloc(2 * len + 1);
	json_t *text;
	size_t i;

	if (!hex)
		return NULL;
	for (i = 0; i < len; i++) {
		hex[2 * i] = digits[data[i] >> 4];
		hex[2 * i + 1] = digits[data[i] & 15];
	}
	text = json_stringn(hex, 2 * len);
	free(hex);
	return text;
}
