/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small packet builder for tests: IPv4 and IPv6 with TCP, UDP, ICMP or any
 * other payload, with right lengths and checksums.
 *
 *	struct ct_test_packet p;
 *	struct ct_pkt pkt;
 *
 *	ct_test_udp(&p, &ct_test_flow4, CT_DIR_ORIG, 100);
 *	pkt = ct_test_pkt(&p);
 *
 * A test that wants a broken packet builds a right one and spoils its bytes:
 * ct_test_l4_off() says where the transport header is, ct_test_sum() puts the
 * transport checksum right again after a change.
 */
#ifndef CT_TEST_PACKET_H
#define CT_TEST_PACKET_H

#include <conntrack/conntrack.h>

/* Bits of ct_test_segment.flags, as on the wire. */
enum ct_test_tcp_flag {
	CT_TEST_FIN = 0x01,
	CT_TEST_SYN = 0x02,
	CT_TEST_RST = 0x04,
	CT_TEST_PSH = 0x08,
	CT_TEST_ACK = 0x10,
	CT_TEST_URG = 0x20,
	CT_TEST_ECE = 0x40,
	CT_TEST_CWR = 0x80
};

/* The two ends; src is the end that speaks in the original direction. */
struct ct_test_flow {
	uint8_t l3; /* CT_L3_IPV4 or CT_L3_IPV6 */
	uint8_t src[16];
	uint8_t dst[16];
	uint16_t sport;
	uint16_t dport;
};

extern const struct ct_test_flow ct_test_flow4; /* 10.0.0.2:40000 >
						   198.51.100.5:80 */
extern const struct ct_test_flow ct_test_flow6; /* 2001:db8:1::2:40000 >
						   2001:db8:2::5:80 */

/* A packet's bytes.  No pointers: it may be copied. */
struct ct_test_packet {
	uint8_t bytes[4096];
	uint32_t len;
	uint8_t l3;
	uint8_t l4;
};

/* A TCP segment; options are padded with zeros to a multiple of four. */
struct ct_test_segment {
	uint8_t flags; /* enum ct_test_tcp_flag */
	uint16_t win;  /* as in the header, unscaled */
	uint32_t seq;
	uint32_t ack;
	const void *options; /* or NULL */
	uint32_t options_len;
	uint32_t len; /* bytes of payload, all 'x' */
};

/* An ICMP or ICMPv6 message.  id: bytes 4 and 5; rest: what follows the
 * eighth byte. */
struct ct_test_icmp {
	uint8_t type;
	uint8_t code;
	uint16_t id;
	const void *rest; /* or NULL */
	uint32_t rest_len;
};

/* Any transport bytes; no checksum is put in. */
struct ct_test_l4 {
	uint8_t l4; /* IPPROTO_* */
	const void *bytes;
	uint32_t len;
};

void ct_test_tcp(struct ct_test_packet *p, const struct ct_test_flow *flow,
		 enum ct_dir dir, const struct ct_test_segment *seg);
void ct_test_udp(struct ct_test_packet *p, const struct ct_test_flow *flow,
		 enum ct_dir dir, uint32_t payload_len);
void ct_test_icmp(struct ct_test_packet *p, const struct ct_test_flow *flow,
		  enum ct_dir dir, const struct ct_test_icmp *icmp);
void ct_test_raw(struct ct_test_packet *p, const struct ct_test_flow *flow,
		 enum ct_dir dir, const struct ct_test_l4 *l4);

/* Where the transport header is: 20 or 40. */
uint32_t ct_test_l4_off(const struct ct_test_packet *p);

/* Put the transport checksum of TCP, UDP, ICMP, ICMPv6 or SCTP right. */
void ct_test_sum(struct ct_test_packet *p);

/* The packet as a host would hand it over; it points into p. */
struct ct_pkt ct_test_pkt(struct ct_test_packet *p);

#endif
