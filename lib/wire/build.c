/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets that the library makes itself; see build.h.
 */
#include "wire/build.h"

#include "wire/csum.h"
#include "wire/hdr.h"
#include "wire/iphead.h"

#include <conntrack/cursor.h>

enum {
	HOPS = 64,       /* that a packet of our own may go */
	QUOTE_V4 = 576,  /* bytes of an ICMP error: RFC 1812 4.3.2.3 */
	V4_GROUPS = 224, /* first byte of multicast and reserved addresses */
	V6_GROUPS = 0xff
};

/* --- What is read ------------------------------------------------------- */

/* => cur stands behind the IP header, at the first byte of the upper layer. */
static bool read_head(struct ct_iphead *head, uint8_t l3, struct ct_cursor *cur)
{
	if (l3 != CT_L3_IPV4 && l3 != CT_L3_IPV6)
		return false;
	return ct_iphead_read(head, l3, cur) && !(head->frag & CT_IPV6_OFFSET);
}

bool ct_segment_read(struct ct_segment *seg, uint8_t l3, const uint8_t *bytes,
		     uint32_t len)
{
	struct ct_cursor cur = ct_cursor_of(bytes, len);
	struct ct_iphead head;
	const uint8_t *hdr;
	uint32_t hdr_len;

	memset(seg, 0, sizeof(*seg));
	if (!read_head(&head, l3, &cur) || head.l4 != CT_IPPROTO_TCP)
		return false;
	hdr = ct_cursor_take(&cur, CT_TCP_HDR_LEN);
	if (!hdr)
		return false;
	hdr_len = (hdr[CT_TCP_OFFSET_OFF] >> 4) * 4u;
	if (hdr_len < CT_TCP_HDR_LEN || hdr_len > head.payload)
		return false;
	seg->src = head.src;
	seg->dst = head.dst;
	memcpy(&seg->src_port, hdr, 2);
	memcpy(&seg->dst_port, hdr + 2, 2);
	seg->seq = ct_load_u32(hdr + CT_TCP_SEQ_OFF);
	seg->ack = ct_load_u32(hdr + CT_TCP_ACK_OFF);
	seg->flags = hdr[CT_TCP_FLAGS_OFF];
	seg->window = ct_load_u16(hdr + CT_TCP_WINDOW_OFF);
	seg->options_len = (uint8_t)(hdr_len - CT_TCP_HDR_LEN);
	seg->data_len = head.payload - hdr_len;
	ct_cursor_copy(&cur, seg->options, seg->options_len);
	return ct_cursor_good(&cur);
}

/* --- What is written ---------------------------------------------------- */

static void store32(uint8_t *at, uint32_t value)
{
	ct_csum_store(at, (uint16_t)(value >> 16));
	ct_csum_store(at + 2, (uint16_t)value);
}

static uint32_t addr_len(uint8_t l3)
{
	return l3 == CT_L3_IPV4 ? 4 : 16;
}

/* => The sum of a pseudo header, not folded. */
static uint32_t pseudo_sum(const struct ct_iphead *head, uint8_t l3)
{
	uint32_t sum = head->l4 + head->payload;

	sum = ct_csum_add(sum, head->src.bytes, addr_len(l3));
	return ct_csum_add(sum, head->dst.bytes, addr_len(l3));
}

/* => Where the upper layer's bytes, head->payload of them, are to stand. */
static uint8_t *begin(struct ct_built *built, uint8_t l3,
		      const struct ct_iphead *head)
{
	uint32_t at = ct_iphead_write(head, l3, built->bytes);

	built->l3 = l3;
	built->len = at + head->payload;
	return built->bytes + at;
}

void ct_build_segment(struct ct_built *built, uint8_t l3,
		      const struct ct_segment *seg)
{
	struct ct_iphead head = {
		.src = seg->src,
		.dst = seg->dst,
		.payload = CT_TCP_HDR_LEN + seg->options_len,
		.hops = HOPS,
		.l4 = CT_IPPROTO_TCP,
	};
	uint8_t *hdr = begin(built, l3, &head);

	memset(hdr, 0, CT_TCP_HDR_LEN);
	memcpy(hdr, &seg->src_port, 2);
	memcpy(hdr + 2, &seg->dst_port, 2);
	store32(hdr + CT_TCP_SEQ_OFF, seg->seq);
	store32(hdr + CT_TCP_ACK_OFF, seg->ack);
	hdr[CT_TCP_OFFSET_OFF] = (uint8_t)(head.payload / 4 << 4);
	hdr[CT_TCP_FLAGS_OFF] = seg->flags;
	ct_csum_store(hdr + CT_TCP_WINDOW_OFF, seg->window);
	memcpy(hdr + CT_TCP_HDR_LEN, seg->options, seg->options_len);
	ct_csum_store(hdr + CT_TCP_SUM_OFF,
		      ct_csum_fold(ct_csum_add(pseudo_sum(&head, l3), hdr,
					       head.payload)));
}

/* The length of UDP is the coverage of UDP-Lite: all of it. */
void ct_build_datagram(struct ct_built *built, const struct ct_tuple *t)
{
	const struct ct_iphead head = {
		.src = t->src,
		.dst = t->dst,
		.payload = CT_UDP_HDR_LEN,
		.hops = HOPS,
		.l4 = t->l4,
	};
	uint8_t *hdr = begin(built, t->l3, &head);
	uint16_t sum;

	memcpy(hdr, &t->src_id, 2);
	memcpy(hdr + 2, &t->dst_id, 2);
	store32(hdr + CT_UDP_LEN_OFF, CT_UDP_HDR_LEN << 16);
	sum = ct_csum_fold(
		ct_csum_add(pseudo_sum(&head, t->l3), hdr, CT_UDP_HDR_LEN));
	/* 0 would say that there is none (RFC 768). */
	ct_csum_store(hdr + CT_UDP_SUM_OFF, sum ? sum : UINT16_MAX);
}

bool ct_build_reset(struct ct_built *built, uint8_t l3, const uint8_t *bytes,
		    uint32_t len)
{
	struct ct_segment seg, rst = { .flags = CT_SEG_RST };

	if (!ct_segment_read(&seg, l3, bytes, len) || seg.flags & CT_SEG_RST)
		return false;
	rst.src = seg.dst;
	rst.dst = seg.src;
	rst.src_port = seg.dst_port;
	rst.dst_port = seg.src_port;
	if (seg.flags & CT_SEG_ACK) {
		rst.seq = seg.ack;
	} else {
		rst.ack = seg.seq + seg.data_len + !!(seg.flags & CT_SEG_SYN) +
			  !!(seg.flags & CT_SEG_FIN);
		rst.flags |= CT_SEG_ACK;
	}
	ct_build_segment(built, l3, &rst);
	return true;
}

/* --- ICMP errors -------------------------------------------------------- */

/* Type and code of each. */
static const struct {
	uint8_t v4[2]; /* RFC 792, RFC 1812 5.2.7.1 */
	uint8_t v6[2]; /* RFC 4443 3.1, 3.3 */
} icmp_errors[] = {
	[CT_ICMP_PROHIBITED] = { { 3, 13 }, { 1, 1 } },
	[CT_ICMP_UNREACHABLE] = { { 3, 1 }, { 1, 3 } },
	[CT_ICMP_PORT] = { { 3, 3 }, { 1, 4 } },
	[CT_ICMP_REASSEMBLY] = { { 11, 1 }, { 3, 1 } },
};

/* => Whether an ICMP message must not be answered by another one: only queries
 *    may; of ICMPv6, all with the high bit. */
static bool is_error(uint8_t l3, uint8_t type)
{
	if (l3 == CT_L3_IPV6)
		return type < 128;
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

static bool is_nobody(const union ct_addr *addr)
{
	static const union ct_addr nobody;

	return !memcmp(addr, &nobody, sizeof(nobody));
}

static bool is_group(const union ct_addr *addr, uint8_t l3)
{
	return l3 == CT_L3_IPV4 ? addr->bytes[0] >= V4_GROUPS
				: addr->bytes[0] == V6_GROUPS;
}

/* => cur stands at its upper layer. */
static bool may_answer(const struct ct_iphead *head, uint8_t l3,
		       struct ct_cursor cur)
{
	if (is_group(&head->src, l3) || is_group(&head->dst, l3) ||
	    is_nobody(&head->src))
		return false;
	if (head->l4 != CT_IPPROTO_ICMP && head->l4 != CT_IPPROTO_ICMPV6)
		return true;
	return !is_error(l3, ct_cursor_u8(&cur)) && ct_cursor_good(&cur);
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

bool ct_build_icmp(struct ct_built *built, enum ct_build_icmp which, uint8_t l3,
		   const uint8_t *bytes, uint32_t len,
		   const union ct_addr *from)
{
	bool v4 = l3 == CT_L3_IPV4;
	struct ct_cursor cur = ct_cursor_of(bytes, len);
	struct ct_iphead head, about;
	uint32_t room = v4 ? QUOTE_V4 - CT_IPV4_HDR_LEN
			   : CT_BUILD_MAX - CT_IPV6_HDR_LEN;
	uint8_t *hdr;

	if (!read_head(&about, l3, &cur) || !may_answer(&about, l3, cur))
		return false;
	len = least(len, room - CT_ICMP_HDR_LEN);
	memset(&head, 0, sizeof(head));
	head.src = from ? *from : about.dst;
	head.dst = about.src;
	head.payload = CT_ICMP_HDR_LEN + len;
	head.hops = HOPS;
	head.l4 = v4 ? CT_IPPROTO_ICMP : CT_IPPROTO_ICMPV6;
	hdr = begin(built, l3, &head);
	memset(hdr, 0, CT_ICMP_HDR_LEN);
	memcpy(hdr, v4 ? icmp_errors[which].v4 : icmp_errors[which].v6, 2);
	memcpy(hdr + CT_ICMP_HDR_LEN, bytes, len);
	ct_csum_store(hdr + CT_ICMP_SUM_OFF,
		      ct_csum_fold(ct_csum_add(v4 ? 0 : pseudo_sum(&head, l3),
					       hdr, head.payload)));
	return true;
}
