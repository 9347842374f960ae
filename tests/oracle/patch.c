/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Patches; see patch.h.  Checksums follow: a packet whose bytes were masked in
 * the golden has no checksum to keep, so they are made anew.
 */
#include <string.h>

#include "patch.h"

/* One end of a flow: an address, and a port or ICMP id (-1: none). */
struct end {
	const uint8_t *addr;
	size_t addr_len;
	int id;
};

/* Where a packet's id for an end is in its transport header, or -1. */
static int id_at(const struct ip_view *view, bool is_dst)
{
	if (view_has_ports(view))
		return is_dst ? 2 : 0;
	return view_is_icmp_query(view) ? 4 : -1;
}

static struct end end_of(const struct ip_view *view, bool is_dst)
{
	int at = id_at(view, is_dst);
	struct end end = { view->data + (is_dst ? view->dst_at : view->src_at),
			   view->addr_len, -1 };

	if (at >= 0)
		end.id = view_u16(view, (size_t)at);
	return end;
}

/* Make the packet go to an end, or come from it. */
static void retarget(struct bytes *packet, const struct end *end, bool is_dst)
{
	struct ip_view view = packet_view(packet->data, packet->len, 0);
	int at = id_at(&view, is_dst);

	if (view.proto == PROTO_UNKNOWN || view.addr_len != end->addr_len)
		return;
	memcpy(packet->data + (is_dst ? view.dst_at : view.src_at), end->addr,
	       end->addr_len);
	if (at >= 0 && end->id >= 0 && view_u16(&view, (size_t)at) >= 0)
		put_be16(packet->data + view.transport + at, (uint32_t)end->id);
}

/* Quote as many bytes of another packet as were quoted before. */
static bool requote(struct bytes *error, const struct bytes *quoted)
{
	struct ip_view view = packet_view(error->data, error->len, 0);
	size_t start = view.transport + 8;

	if (!view_is_icmp_error(&view) || start > error->len ||
	    quoted->len < error->len - start)
		return false;
	memcpy(error->data + start, quoted->data, error->len - start);
	return true;
}

void patch_apply(struct bytes *packet, const char *how,
		 const struct bytes *left)
{
	struct ip_view view = packet_view(packet->data, packet->len, 0);
	struct ip_view other = packet_view(left->data, left->len, 0);
	struct end source;
	struct end target;

	if (view.proto == PROTO_UNKNOWN || other.proto == PROTO_UNKNOWN)
		return;
	source = end_of(&other, false);
	target = end_of(&other, true);
	if (!strcmp(how, "quotes")) {
		if (!requote(packet, left))
			return;
		source.id = -1;
	} else if (!strcmp(how, "answer_to")) {
		retarget(packet, &target, false);
	}
	retarget(packet, &source, true);
	if (view.version == 4 && view.transport <= packet->len)
		ipv4_set_checksum(packet->data, view.transport);
	if (!view_is_fragment(&view))
		packet_set_checksum(packet);
}

/* The same ends, and its numbers near. */
static bool goes_on(const struct ip_view *view, const struct ip_view *before)
{
	uint32_t ahead;

	if (view->proto != IPPROTO_TCP || before->proto != IPPROTO_TCP ||
	    view->addr_len != before->addr_len ||
	    view->transport + 20 > view->len ||
	    before->transport + 20 > before->len)
		return false;
	ahead = get_be32(view->data + view->transport + 4) -
		get_be32(before->data + before->transport + 4);
	return ahead < 1 << 16 && view_u16(view, 2) == view_u16(before, 2) &&
	       !memcmp(view->data + view->src_at, before->data + before->src_at,
		       2 * view->addr_len);
}

bool patch_port(struct bytes *packet, const struct bytes *earlier)
{
	struct ip_view view = packet_view(packet->data, packet->len, 0);
	struct ip_view before = packet_view(earlier->data, earlier->len, 0);

	if (view_u16(&view, 0) != 0 || view_u16(&before, 0) <= 0 ||
	    !goes_on(&view, &before))
		return false;
	put_be16(packet->data + view.transport, (uint32_t)view_u16(&before, 0));
	packet_set_checksum(packet);
	return true;
}
