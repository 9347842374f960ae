/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packet builder; see packet.h.  Its checksum is its own, so that a wrong
 * one in the library cannot hide behind the same mistake here.
 */
#include "packet.h"

#include <stdlib.h>
#include <string.h>

enum { TCP = 6, UDP = 17, ICMP = 1, ICMPV6 = 58, SCTP = 132 };
enum { IPV4_LEN = 20, IPV6_LEN = 40, TCP_LEN = 20, UDP_LEN = 8, ICMP_LEN = 8 };

const struct ct_test_flow ct_test_flow4 = { .l3 = CT_L3_IPV4,
					    .src = { 10, 0, 0, 2 },
					    .dst = { 198, 51, 100, 5 },
					    .sport = 40000,
					    .dport = 80 };

const struct ct_test_flow ct_test_flow6 = {
	.l3 = CT_L3_IPV6,
	.src = { 0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2 },
	.dst = { 0x20, 0x01, 0x0d, 0xb8, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5 },
	.sport = 40000,
	.dport = 80
};

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static uint32_t sum_bytes(uint32_t sum, const uint8_t *bytes, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

static uint16_t sum_close(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint32_t ct_test_l4_off(const struct ct_test_packet *p)
{
	return p->l3 == CT_L3_IPV4 ? IPV4_LEN : IPV6_LEN;
}

/* Where the checksum is from the transport header, or 0. */
static uint32_t sum_place(uint8_t l4)
{
	switch (l4) {
	case TCP:
		return 16;
	case UDP:
		return 6;
	case ICMP:
	case ICMPV6:
		return 2;
	default:
		return 0;
	}
}

/* CRC32c, bit by bit; its low byte is stored first. */
static void sctp_sum(uint8_t *at, uint32_t len)
{
	uint32_t crc = ~UINT32_C(0);

	memset(at + 8, 0, 4);
	for (uint32_t i = 0; i < 8 * len; i++) {
		crc ^= at[i / 8] >> i % 8 & 1;
		crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
	}
	for (uint32_t i = 0; i < 4; i++)
		at[8 + i] = (uint8_t)(~crc >> 8 * i);
}

void ct_test_sum(struct ct_test_packet *p)
{
	uint32_t off = ct_test_l4_off(p), place = sum_place(p->l4);
	uint32_t sum = 0;
	uint16_t value;

	if (p->l4 == SCTP)
		sctp_sum(p->bytes + off, p->len - off);
	if (!place)
		return;
	put16(p->bytes + off + place, 0);
	if (p->l4 != ICMP) {
		sum += p->l4 + (p->len - off);
		sum = p->l3 == CT_L3_IPV4 ? sum_bytes(sum, p->bytes + 12, 8)
					  : sum_bytes(sum, p->bytes + 8, 32);
	}
	value = sum_close(sum_bytes(sum, p->bytes + off, p->len - off));
	/* RFC 768: a sum of zero is sent as its other representation. */
	put16(p->bytes + off + place, p->l4 == UDP && !value ? 0xffff : value);
}

static void ipv4_header(struct ct_test_packet *p, const uint8_t *src,
			const uint8_t *dst)
{
	p->bytes[0] = 0x45;
	put16(p->bytes + 2, p->len);
	p->bytes[8] = 64;
	p->bytes[9] = p->l4;
	memcpy(p->bytes + 12, src, 4);
	memcpy(p->bytes + 16, dst, 4);
	put16(p->bytes + 10, sum_close(sum_bytes(0, p->bytes, IPV4_LEN)));
}

static void ipv6_header(struct ct_test_packet *p, const uint8_t *src,
			const uint8_t *dst)
{
	p->bytes[0] = 0x60;
	put16(p->bytes + 4, p->len - IPV6_LEN);
	p->bytes[6] = p->l4;
	p->bytes[7] = 64;
	memcpy(p->bytes + 8, src, 16);
	memcpy(p->bytes + 24, dst, 16);
}

/* The IP header, and room for len bytes of L4: returns where. */
static uint8_t *begin(struct ct_test_packet *p, const struct ct_test_flow *flow,
		      enum ct_dir dir, uint8_t l4, uint32_t len)
{
	const uint8_t *src = dir == CT_DIR_ORIG ? flow->src : flow->dst;
	const uint8_t *dst = dir == CT_DIR_ORIG ? flow->dst : flow->src;

	memset(p, 0, sizeof(*p));
	p->l3 = flow->l3;
	p->l4 = l4;
	p->len = ct_test_l4_off(p) + len;
	if (p->len > sizeof(p->bytes))
		abort();
	if (p->l3 == CT_L3_IPV4)
		ipv4_header(p, src, dst);
	else
		ipv6_header(p, src, dst);
	return p->bytes + ct_test_l4_off(p);
}

static void put_ports(uint8_t *at, const struct ct_test_flow *flow,
		      enum ct_dir dir)
{
	put16(at, dir == CT_DIR_ORIG ? flow->sport : flow->dport);
	put16(at + 2, dir == CT_DIR_ORIG ? flow->dport : flow->sport);
}

void ct_test_tcp(struct ct_test_packet *p, const struct ct_test_flow *flow,
		 enum ct_dir dir, const struct ct_test_segment *seg)
{
	uint32_t header = TCP_LEN + (seg->options_len + 3) / 4 * 4;
	uint8_t *at = begin(p, flow, dir, TCP, header + seg->len);

	put_ports(at, flow, dir);
	put32(at + 4, seg->seq);
	put32(at + 8, seg->ack);
	at[12] = (uint8_t)(header / 4 << 4);
	at[13] = seg->flags;
	put16(at + 14, seg->win);
	if (seg->options_len)
		memcpy(at + TCP_LEN, seg->options, seg->options_len);
	memset(at + header, 'x', seg->len);
	ct_test_sum(p);
}

void ct_test_udp(struct ct_test_packet *p, const struct ct_test_flow *flow,
		 enum ct_dir dir, uint32_t payload_len)
{
	uint8_t *at = begin(p, flow, dir, UDP, UDP_LEN + payload_len);

	put_ports(at, flow, dir);
	put16(at + 4, UDP_LEN + payload_len);
	memset(at + UDP_LEN, 'x', payload_len);
	ct_test_sum(p);
}

void ct_test_icmp(struct ct_test_packet *p, const struct ct_test_flow *flow,
		  enum ct_dir dir, const struct ct_test_icmp *icmp)
{
	uint8_t l4 = flow->l3 == CT_L3_IPV4 ? ICMP : ICMPV6;
	uint8_t *at = begin(p, flow, dir, l4, ICMP_LEN + icmp->rest_len);

	at[0] = icmp->type;
	at[1] = icmp->code;
	put16(at + 4, icmp->id);
	if (icmp->rest_len)
		memcpy(at + ICMP_LEN, icmp->rest, icmp->rest_len);
	ct_test_sum(p);
}

void ct_test_raw(struct ct_test_packet *p, const struct ct_test_flow *flow,
		 enum ct_dir dir, const struct ct_test_l4 *l4)
{
	uint8_t *at = begin(p, flow, dir, l4->l4, l4->len);

	if (l4->len)
		memcpy(at, l4->bytes, l4->len);
}

struct ct_pkt ct_test_pkt(struct ct_test_packet *p)
{
	struct ct_pkt pkt;

	memset(&pkt, 0, sizeof(pkt));
	pkt.data = p->bytes;
	pkt.len = p->len;
	pkt.l3 = p->l3;
	return pkt;
}
