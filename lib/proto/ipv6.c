/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv6 (RFC 8200) as a network layer.
 *
 * Extension headers are walked over (wire/ip6ext.h).  An atomic fragment (RFC
 * 6946) passes as if its fragment header were not there; other fragments have
 * to be put together before they come here.  The pseudo header takes the
 * destination that stands in the header: that of a routing header which is not
 * spent is another, and its sums cannot be right here.
 */
#include "proto/ipv6.h"

#include "wire/csum.h"
#include "wire/hdr.h"
#include "wire/ip6ext.h"

#include <arpa/inet.h>

enum { VERSION = 6, ADDRS_LEN = 32, TEXT_LEN = 46 };

/* The fields that count, as they stand in the header. */
struct header {
	uint8_t version;
	uint8_t next;
	uint16_t payload_len; /* all behind the header, says the header */
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

	hdr->version = ct_cursor_u8(&cur) >> 4;
	ct_cursor_skip(&cur, 3); /* traffic class, flow label */
	hdr->payload_len = ct_cursor_u16(&cur);
	hdr->next = ct_cursor_u8(&cur);
	ct_cursor_skip(&cur, 1); /* hop limit */
	ct_cursor_copy(&cur, t->src.bytes, 16);
	ct_cursor_copy(&cur, t->dst.bytes, 16);
	return ct_cursor_good(&cur);
}

/*
 * What the header says of the packet's length, or 0 if that cannot be.  A
 * jumbogram (RFC 2675 3) has its length in a hop-by-hop option instead, and a
 * super-packet may have it nowhere: these are as long as they are.
 */
static uint32_t believed_len(const struct ct_pkt *pkt, const struct header *hdr)
{
	uint32_t have = packet_len(pkt);
	uint32_t len = CT_IPV6_HDR_LEN + (uint32_t)hdr->payload_len;

	if (hdr->payload_len == 0 &&
	    (hdr->next == CT_IPPROTO_HOPOPTS || pkt->gso_size))
		return have;
	return len <= have ? len : 0;
}

/* The walk over what is contiguous of a packet of len bytes. */
static enum ct_ip6_end walk(const struct ct_pkt *pkt, uint32_t len,
			    uint8_t next, struct ct_ip6ext *ext)
{
	struct ct_cursor cur;

	cur = ct_cursor_of(pkt->data, len < pkt->len ? len : pkt->len);
	ct_cursor_skip(&cur, CT_IPV6_HDR_LEN);
	return ct_ip6ext_walk(&cur, next, ext);
}

static bool parse(struct ct_pkt *pkt, struct ct_tuple *t)
{
	struct ct_ip6ext ext;
	struct header hdr;
	enum ct_ip6_end end;
	uint32_t len;

	if (!read_header(pkt, &hdr, t))
		return refuse(pkt, CT_R_IP_TRUNCATED);
	if (hdr.version != VERSION)
		return refuse(pkt, CT_R_IP_VERSION);
	len = believed_len(pkt, &hdr);
	if (!len)
		return refuse(pkt, CT_R_IP_TOTAL_LEN);
	end = walk(pkt, len, hdr.next, &ext);
	if (ext.fragmented)
		return refuse(pkt, CT_R_IP_FRAGMENT);
	if (end == CT_IP6_NO_NEXT)
		return refuse(pkt, CT_R_IP6_NO_NEXT);
	if (end != CT_IP6_UPPER || ext.len > UINT16_MAX - CT_IPV6_HDR_LEN)
		return refuse(pkt, pkt->len < len ? CT_R_IP_TRUNCATED
						  : CT_R_IP6_EXTENSION);
	pkt->l4 = ext.l4;
	pkt->l4_off = (uint16_t)(CT_IPV6_HDR_LEN + ext.len);
	pkt->l4_len = len - pkt->l4_off;
	return true;
}

/*
 * Version and length are not looked at, as in Linux.  Where the quote ends
 * within the last extension header, the protocol is known all the same, and
 * some have no ids that one would miss.
 */
static bool parse_quoted(struct ct_pkt *pkt, struct ct_tuple *t)
{
	struct ct_ip6ext ext;
	struct header hdr;
	enum ct_ip6_end end;

	if (!read_header(pkt, &hdr, t))
		return refuse(pkt, CT_R_ICMP_QUOTE_SHORT);
	end = walk(pkt, pkt->len, hdr.next, &ext);
	if (end == CT_IP6_LATER)
		return refuse(pkt, CT_R_ICMP_QUOTE_FRAGMENT);
	if (ext.cut && pkt->len <= UINT16_MAX) {
		pkt->l4 = ext.l4;
		pkt->l4_off = (uint16_t)pkt->len;
		pkt->l4_len = 0;
		return true;
	}
	if (end != CT_IP6_UPPER || ext.len > UINT16_MAX - CT_IPV6_HDR_LEN)
		return refuse(pkt, CT_R_ICMP_QUOTE_SHORT);
	pkt->l4 = ext.l4;
	pkt->l4_off = (uint16_t)(CT_IPV6_HDR_LEN + ext.len);
	pkt->l4_len = packet_len(pkt) - pkt->l4_off;
	return true;
}

/*
 * RFC 8200 8.1: both addresses, 32 bits of L4 length, 24 zero bits and the
 * upper layer's number.
 */
static uint32_t pseudo_sum(const struct ct_pkt *pkt, uint8_t l4,
			   uint32_t l4_len)
{
	struct ct_cursor cur = ct_cursor_of(pkt->data, pkt->len);
	const uint8_t *addrs;
	uint32_t sum = l4 + (l4_len >> 16) + (l4_len & 0xffff);

	ct_cursor_skip(&cur, CT_IPV6_SRC_OFF);
	addrs = ct_cursor_take(&cur, ADDRS_LEN);
	return addrs ? ct_csum_add(sum, addrs, ADDRS_LEN) : sum;
}

/* There is no checksum but those of the upper layers. */
static uint32_t rewrite(struct ct_pkt *pkt, enum ct_nat_end end,
			const union ct_addr *addr)
{
	uint8_t *at = pkt->data +
		      (end == CT_NAT_SRC ? CT_IPV6_SRC_OFF : CT_IPV6_DST_OFF);
	uint32_t diff = ct_csum_diff(0, at, addr, sizeof(*addr));

	memcpy(at, addr, sizeof(*addr));
	return diff;
}

static void addr_text(const union ct_addr *addr, char *buf)
{
	if (!inet_ntop(AF_INET6, addr->bytes, buf, TEXT_LEN))
		buf[0] = '\0';
}

const struct ct_l3_ops ct_ipv6_ops = {
	.size = sizeof(struct ct_l3_ops),
	.name = "ipv6",
	.l3 = CT_L3_IPV6,
	.family = 10,
	.addr_len = 16,
	.parse = parse,
	.parse_quoted = parse_quoted,
	.pseudo_sum = pseudo_sum,
	.addr_text = addr_text,
	.rewrite = rewrite,
};
