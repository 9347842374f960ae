/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv6: where the transport header is behind extension headers, and headers
 * that cannot be.
 */
#include "packet.h"
#include "proto/ipv6.h"
#include "suite.h"
#include "wire/csum.h"
#include "wire/hdr.h"

#include <stdlib.h>

enum { UDP = 17 };

static struct ct_test_packet p;
static struct ct_tuple t;

static void build(void)
{
	ct_test_udp(&p, &ct_test_flow6, CT_DIR_ORIG, 4);
	memset(&t, 0, sizeof(t));
}

/* An extension header of eight bytes in front of UDP. */
static void build_extended(uint8_t type, uint8_t second, uint16_t bits)
{
	uint8_t bytes[8 + 12] = { UDP, second, (uint8_t)(bits >> 8),
				  (uint8_t)bits };
	const struct ct_test_l4 l4 = { type, bytes, sizeof(bytes) };

	build();
	memcpy(bytes + 8, p.bytes + 40, 12);
	ct_test_raw(&p, &ct_test_flow6, CT_DIR_ORIG, &l4);
}

/* Parses a copy of the first len bytes and no more, so that a sanitizer sees
 * one more being read. */
static struct ct_pkt parse_part(uint32_t len, uint32_t frame_len,
				bool (*parse)(struct ct_pkt *,
					      struct ct_tuple *))
{
	struct ct_pkt pkt = ct_test_pkt(&p);

	pkt.data = malloc(len ? len : 1);
	ck_assert_ptr_nonnull(pkt.data);
	memcpy(pkt.data, p.bytes, len);
	pkt.len = len;
	pkt.frame_len = frame_len;
	memset(&t, 0, sizeof(t));
	ck_assert_int_eq(parse(&pkt, &t), pkt.reason == CT_R_NONE);
	free(pkt.data);
	pkt.data = NULL;
	return pkt;
}

static struct ct_pkt parse(void)
{
	return parse_part(p.len, 0, ct_ipv6_ops.parse);
}

static struct ct_pkt parse_quoted(void)
{
	return parse_part(p.len, 0, ct_ipv6_ops.parse_quoted);
}

START_TEST(plain_header)
{
	struct ct_pkt pkt;

	build();
	pkt = parse();
	ck_assert_uint_eq(pkt.reason, CT_R_NONE);
	ck_assert_uint_eq(pkt.l4, UDP);
	ck_assert_uint_eq(pkt.l4_off, 40);
	ck_assert_uint_eq(pkt.l4_len, 12);
	ck_assert_mem_eq(t.src.bytes, ct_test_flow6.src, 16);
	ck_assert_mem_eq(t.dst.bytes, ct_test_flow6.dst, 16);
}
END_TEST

START_TEST(extension_header_is_stepped_over)
{
	struct ct_pkt pkt;

	build_extended(CT_IPPROTO_DSTOPTS, 0, 0);
	pkt = parse();
	ck_assert_uint_eq(pkt.reason, CT_R_NONE);
	ck_assert_uint_eq(pkt.l4, UDP);
	ck_assert_uint_eq(pkt.l4_off, 48);
	ck_assert_uint_eq(pkt.l4_len, 12);
}
END_TEST

START_TEST(trailer_of_the_link_layer_is_not_ours)
{
	struct ct_pkt pkt;

	build();
	p.len += 8;
	pkt = parse();
	ck_assert_uint_eq(pkt.reason, CT_R_NONE);
	ck_assert_uint_eq(pkt.l4_len, 12);
}
END_TEST

START_TEST(header_is_cut_at_every_length)
{
	build_extended(CT_IPPROTO_DSTOPTS, 0, 0);
	for (uint32_t len = 0; len < 48; len++)
		ck_assert_uint_eq(
			parse_part(len, p.len, ct_ipv6_ops.parse).reason,
			CT_R_IP_TRUNCATED);
	/* the rest need not be contiguous */
	ck_assert_uint_eq(parse_part(48, p.len, ct_ipv6_ops.parse).reason,
			  CT_R_NONE);
}
END_TEST

START_TEST(packet_is_shorter_than_it_says)
{
	build();
	p.len--;
	ck_assert_uint_eq(parse().reason, CT_R_IP_TOTAL_LEN);
}
END_TEST

START_TEST(extension_header_ends_beyond_the_packet)
{
	build_extended(CT_IPPROTO_DSTOPTS, 255, 0);
	ck_assert_uint_eq(parse().reason, CT_R_IP6_EXTENSION);
}
END_TEST

START_TEST(extension_header_ends_in_the_trailer)
{
	build_extended(CT_IPPROTO_DSTOPTS, 2, 0);
	p.len += 32; /* bytes that are not the packet's */
	ck_assert_uint_eq(parse().reason, CT_R_IP6_EXTENSION);
}
END_TEST

START_TEST(chain_too_long_for_its_offset)
{
	/* 32 headers of 2048 bytes are more than the 16 bits of l4_off */
	uint32_t len = 40 + 32 * 2048;
	uint8_t *bytes = calloc(1, len);
	struct ct_pkt pkt = { .data = bytes, .len = len, .l3 = CT_L3_IPV6 };

	ck_assert_ptr_nonnull(bytes);
	bytes[0] = 0x60; /* payload length 0: a jumbogram */
	bytes[6] = CT_IPPROTO_HOPOPTS;
	for (uint32_t i = 40; i < len; i += 2048) {
		bytes[i] = CT_IPPROTO_DSTOPTS;
		bytes[i + 1] = 255;
	}
	bytes[len - 2048] = UDP;
	ck_assert(!ct_ipv6_ops.parse(&pkt, &t));
	ck_assert_uint_eq(pkt.reason, CT_R_IP6_EXTENSION);
	pkt.reason = CT_R_NONE;
	ck_assert(!ct_ipv6_ops.parse_quoted(&pkt, &t));
	ck_assert_uint_eq(pkt.reason, CT_R_ICMP_QUOTE_SHORT);
	free(bytes);
}
END_TEST

START_TEST(no_next_header)
{
	build();
	p.bytes[6] = CT_IPPROTO_NONE;
	ck_assert_uint_eq(parse().reason, CT_R_IP6_NO_NEXT);
}
END_TEST

START_TEST(other_version)
{
	build();
	p.bytes[0] = 0x40;
	ck_assert_uint_eq(parse().reason, CT_R_IP_VERSION);
}
END_TEST

START_TEST(fragments_are_for_others)
{
	build_extended(CT_IPPROTO_FRAGMENT, 0, 1); /* first */
	ck_assert_uint_eq(parse().reason, CT_R_IP_FRAGMENT);
	build_extended(CT_IPPROTO_FRAGMENT, 0, 8); /* last */
	ck_assert_uint_eq(parse().reason, CT_R_IP_FRAGMENT);
}
END_TEST

START_TEST(atomic_fragment_passes)
{
	struct ct_pkt pkt;

	build_extended(CT_IPPROTO_FRAGMENT, 0, 0);
	pkt = parse();
	ck_assert_uint_eq(pkt.reason, CT_R_NONE);
	ck_assert_uint_eq(pkt.l4, UDP);
	ck_assert_uint_eq(pkt.l4_off, 48);
}
END_TEST

START_TEST(payload_length_zero)
{
	struct ct_pkt pkt;

	/* no payload, and bytes that are not the packet's */
	build();
	p.bytes[5] = 0;
	pkt = parse();
	ck_assert_uint_eq(pkt.reason, CT_R_NONE);
	ck_assert_uint_eq(pkt.l4_len, 0);
	/* a jumbogram's length is in its hop-by-hop options */
	build_extended(CT_IPPROTO_HOPOPTS, 0, 0);
	p.bytes[5] = 0;
	pkt = parse();
	ck_assert_uint_eq(pkt.reason, CT_R_NONE);
	ck_assert_uint_eq(pkt.l4_len, 12);
	/* a super-packet has it nowhere */
	build();
	p.bytes[5] = 0;
	pkt = ct_test_pkt(&p);
	pkt.gso_size = 1400;
	pkt.frame_len = 200000;
	ck_assert(ct_ipv6_ops.parse(&pkt, &t));
	ck_assert_uint_eq(pkt.l4_len, 200000 - 40);
}
END_TEST

START_TEST(quoted_lengths_and_version_are_not_believed)
{
	struct ct_pkt pkt;

	build_extended(CT_IPPROTO_DSTOPTS, 0, 0);
	p.bytes[0] = 0xf0;
	p.bytes[4] = 0xff;
	p.len = 52; /* four bytes of L4 are left */
	pkt = parse_quoted();
	ck_assert_uint_eq(pkt.reason, CT_R_NONE);
	ck_assert_uint_eq(pkt.l4, UDP);
	ck_assert_uint_eq(pkt.l4_off, 48);
	ck_assert_uint_eq(pkt.l4_len, 4);
	ck_assert_mem_eq(t.dst.bytes, ct_test_flow6.dst, 16);
}
END_TEST

START_TEST(quoted_header_is_cut_at_every_length)
{
	build_extended(CT_IPPROTO_DSTOPTS, 0, 0);
	for (uint32_t len = 0; len < 42; len++)
		ck_assert_uint_eq(
			parse_part(len, 0, ct_ipv6_ops.parse_quoted).reason,
			CT_R_ICMP_QUOTE_SHORT);
}
END_TEST

START_TEST(quote_that_ends_in_an_extension_header_has_a_protocol)
{
	struct ct_pkt pkt;

	build_extended(CT_IPPROTO_DSTOPTS, 0, 0);
	for (uint32_t len = 42; len < 48; len++) {
		pkt = parse_part(len, 0, ct_ipv6_ops.parse_quoted);
		ck_assert_uint_eq(pkt.reason, CT_R_NONE);
		ck_assert_uint_eq(pkt.l4, UDP);
		ck_assert_uint_eq(pkt.l4_off, len);
		ck_assert_uint_eq(pkt.l4_len, 0);
	}
}
END_TEST

START_TEST(quote_that_ends_before_another_extension_header_has_none)
{
	build_extended(CT_IPPROTO_DSTOPTS, 0, 0);
	p.bytes[40] = CT_IPPROTO_ROUTING;
	ck_assert_uint_eq(parse_part(46, 0, ct_ipv6_ops.parse_quoted).reason,
			  CT_R_ICMP_QUOTE_SHORT);
}
END_TEST

START_TEST(quoted_later_fragment_has_no_ports)
{
	build_extended(CT_IPPROTO_FRAGMENT, 0, 8);
	ck_assert_uint_eq(parse_quoted().reason, CT_R_ICMP_QUOTE_FRAGMENT);
	build_extended(CT_IPPROTO_FRAGMENT, 0, 1); /* the first one has */
	ck_assert_uint_eq(parse_quoted().reason, CT_R_NONE);
}
END_TEST

START_TEST(pseudo_header_makes_the_sum_right)
{
	struct ct_pkt pkt;
	uint32_t sum;

	build();
	pkt = ct_test_pkt(&p);
	ck_assert(ct_ipv6_ops.parse(&pkt, &t));
	sum = ct_ipv6_ops.pseudo_sum(&pkt, pkt.l4, pkt.l4_len);
	sum = ct_csum_add(sum, pkt.data + pkt.l4_off, pkt.l4_len);
	ck_assert_uint_eq(ct_csum_fold(sum), 0);
}
END_TEST

START_TEST(address_as_text)
{
	union ct_addr addr = { .bytes = { 0 } };
	char buf[46];

	memcpy(addr.bytes, ct_test_flow6.dst, 16);
	ct_ipv6_ops.addr_text(&addr, buf);
	ck_assert_str_eq(buf, "2001:db8:2::5");
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("ipv6");
	TCase *tc = tcase_create("ipv6");

	tcase_add_test(tc, plain_header);
	tcase_add_test(tc, extension_header_is_stepped_over);
	tcase_add_test(tc, trailer_of_the_link_layer_is_not_ours);
	tcase_add_test(tc, header_is_cut_at_every_length);
	tcase_add_test(tc, packet_is_shorter_than_it_says);
	tcase_add_test(tc, extension_header_ends_beyond_the_packet);
	tcase_add_test(tc, extension_header_ends_in_the_trailer);
	tcase_add_test(tc, chain_too_long_for_its_offset);
	tcase_add_test(tc, no_next_header);
	tcase_add_test(tc, other_version);
	tcase_add_test(tc, fragments_are_for_others);
	tcase_add_test(tc, atomic_fragment_passes);
	tcase_add_test(tc, payload_length_zero);
	tcase_add_test(tc, quoted_lengths_and_version_are_not_believed);
	tcase_add_test(tc, quoted_header_is_cut_at_every_length);
	tcase_add_test(tc,
		       quote_that_ends_in_an_extension_header_has_a_protocol);
	tcase_add_test(
		tc, quote_that_ends_before_another_extension_header_has_none);
	tcase_add_test(tc, quoted_later_fragment_has_no_ports);
	tcase_add_test(tc, pseudo_header_makes_the_sum_right);
	tcase_add_test(tc, address_as_text);
	suite_add_tcase(suite, tc);
	return suite;
}
