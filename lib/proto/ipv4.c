/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv4 (RFC 791) as a network layer.
 *
 * The header checksum is not verified: a host does that before it looks any
 * further (RFC 1122 3.2.1.2), and no packet which fails it gets here.
 * Fragments have to be put together before they come here: only the first one
 * holds ports.
 */
#include "proto/ipv4.h"

#include "wire/csum.h"
#include "wire/hdr.h"

#include <arpa/inet.h>

enum { VERSION = 4, ADDRS_LEN = 8, TEXT_LEN = 46 };

/* The fields that count, as they stand in the header. */
struct header {
	uint8_t version;
	uint8_t protocol;
	uint16_t len;       /* of the header */
	uint16_t total_len; /* of the packet, says the header */
	uint16_t frag;      /* enum ct_ipv4_frag */
};

static uint32_t packet_len(const struct ct_pkt *pkt)
{
	return pkt->frame_len > pkt->len ? pkt->frame_len : pkt->len;
}

static bool refuse(struct ct_pkt *pkt, enum ct_reason reason)
{
	pkt->reason = (uint16_t)reason;
	return false;
}

/* False if it is not all there. */
static bool read_header(const struct ct_pkt *pkt, struct header *hdr,
			struct ct_tuple *t)
{
	struct ct_cursor cur = ct_cursor_of(pkt->data, pkt->len);
	const uint8_t *bytes = ct_cursor_take(&cur, CT_IPV4_HDR_LEN);

	if (!bytes)
		return false;
	hdr->version = bytes[0] >> 4;
	hdr->len = (uint16_t)((bytes[0] & 0xf) * 4);
	hdr->total_len = ct_load_u16(bytes + CT_IPV4_TOTAL_OFF);
	hdr->frag = ct_load_u16(bytes + CT_IPV4_FRAG_OFF);
	hdr->protocol = bytes[CT_IPV4_PROTOCOL_OFF];
	memcpy(t->src.bytes, bytes + CT_IPV4_SRC_OFF, 4);
	memcpy(t->dst.bytes, bytes + CT_IPV4_DST_OFF, 4);
	return true;
}

/* What the header says of the packet's length, or 0 if that cannot be. */
static uint32_t believed_len(const struct ct_pkt *pkt, const struct header *hdr)
{
	uint32_t have = packet_len(pkt);

	/* A super-packet of 64 K and more has no room to say so. */
	if (hdr->total_len == 0 && pkt->gso_size)
		return have;
	if (hdr->total_len < hdr->len || hdr->total_len > have)
		return 0;
	return hdr->total_len;
}

static bool parse(struct ct_pkt *pkt, struct ct_tuple *t)
{
	struct header hdr;
	uint32_t len;

	if (!read_header(pkt, &hdr, t))
		return refuse(pkt, CT_R_IP_TRUNCATED);
	if (hdr.version != VERSION)
		return refuse(pkt, CT_R_IP_VERSION);
	if (hdr.len < CT_IPV4_HDR_LEN)
		return refuse(pkt, CT_R_IP_HEADER_LEN);
	len = believed_len(pkt, &hdr);
	if (!len)
		return refuse(pkt, CT_R_IP_TOTAL_LEN);
	if (hdr.len > pkt->len)
		return refuse(pkt, CT_R_IP_TRUNCATED);
	if (hdr.frag & (CT_IPV4_MORE | CT_IPV4_OFFSET))
		return refuse(pkt, CT_R_IP_FRAGMENT);
	pkt->l4 = hdr.protocol;
	pkt->l4_off = hdr.len;
	pkt->l4_len = len - hdr.len;
	return true;
}

/* The version is not looked at, as in Linux: the error's own version says
 * what it quotes. */
static bool parse_quoted(struct ct_pkt *pkt, struct ct_tuple *t)
{
	struct header hdr;

	if (!read_header(pkt, &hdr, t))
		return refuse(pkt, CT_R_ICMP_QUOTE_SHORT);
	if (hdr.frag & CT_IPV4_OFFSET)
		return refuse(pkt, CT_R_ICMP_QUOTE_FRAGMENT);
	if (hdr.len < CT_IPV4_HDR_LEN || hdr.len > pkt->len)
		return refuse(pkt, CT_R_ICMP_QUOTE_SHORT);
	pkt->l4 = hdr.protocol;
	pkt->l4_off = hdr.len;
	pkt->l4_len = packet_len(pkt) - hdr.len;
	return true;
}

/*
 *	+---------------------------+---------------------------+
 *	|          source           |        destination        |
 *	+------+--------+-----------+---------------------------+
 *	| zero |protocol| L4 length |
 *	+------+--------+-----------+
 *
 * ICMP over IPv4 is summed without it (RFC 792).
 */
static uint32_t pseudo_sum(const struct ct_pkt *pkt, uint8_t l4,
			   uint32_t l4_len)
{
	struct ct_cursor cur = ct_cursor_of(pkt->data, pkt->len);
	const uint8_t *addrs;
	uint32_t sum = l4 + (l4_len >> 16) + (l4_len & 0xffff);

	if (l4 == CT_IPPROTO_ICMP)
		return 0;
	ct_cursor_skip(&cur, CT_IPV4_SRC_OFF);
	addrs = ct_cursor_take(&cur, ADDRS_LEN);
	return addrs ? ct_csum_add(sum, addrs, ADDRS_LEN) : sum;
}

static uint32_t rewrite(struct ct_pkt *pkt, enum ct_nat_end end,
			const union ct_addr *addr)
{
	uint8_t *at = pkt->data +
		      (end == CT_NAT_SRC ? CT_IPV4_SRC_OFF : CT_IPV4_DST_OFF);
	uint32_t diff = ct_csum_put32(at, &addr->v4);

	ct_csum_patch(pkt->data + CT_IPV4_SUM_OFF, diff);
	return diff;
}

static void addr_text(const union ct_addr *addr, char *buf)
{
	if (!inet_ntop(AF_INET, addr->bytes, buf, TEXT_LEN))
		buf[0] = '\0';
}

const struct ct_l3_ops ct_ipv4_ops = {
	.size = sizeof(struct ct_l3_ops),
	.name = "ipv4",
	.l3 = CT_L3_IPV4,
	.family = 2,
	.addr_len = 4,
	.parse = parse,
	.parse_quoted = parse_quoted,
	.pseudo_sum = pseudo_sum,
	.addr_text = addr_text,
	.rewrite = rewrite,
};
