/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv4: where the transport header is, and headers that cannot be.
 */
#include "packet.h"
#include "proto/ipv4.h"
#include "suite.h"
#include "wire/csum.h"

#include <stdlib.h>

enum { UDP = 17 };

static struct ct_test_packet p;
static struct ct_tuple t;

static void build(void)
{
	ct_test_udp(&p, &ct_test_flow4, CT_DIR_ORIG, 4);
	memset(&t, 0, sizeof(t));
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
	return parse_part(p.len, 0, ct_ipv4_ops.parse);
}

static struct ct_pkt parse_quoted(void)
{
	return parse_part(p.len, 0, ct_ipv4_ops.parse_quoted);
}

START_TEST(plain_header)
{
	struct ct_pkt pkt;

	build();
	pkt = parse();
	ck_assert_uint_eq(pkt.reason, CT_R_NONE);
	ck_assert_uint_eq(pkt.l4, UDP);
	ck_assert_uint_eq(pkt.l4_off, 20);
	ck_assert_uint_eq(pkt.l4_len, 12);
	ck_assert_mem_eq(t.src.bytes, ct_test_flow4.src, 16);
	ck_assert_mem_eq(t.dst.bytes, ct_test_flow4.dst, 16);
}
END_TEST

START_TEST(options_are_stepped_over)
{
	struct ct_pkt pkt;

	build();
	p.bytes[0] = 0x47;
	pkt = parse();
	ck_assert_uint_eq(pkt.reason, CT_R_NONE);
	ck_assert_uint_eq(pkt.l4_off, 28);
	ck_assert_uint_eq(pkt.l4_len, 4);
}
END_TEST

START_TEST(trailer_of_the_link_layer_is_not_ours)
{
	struct ct_pkt pkt;

	build();
	p.len += 14; /* Ethernet pads to 60 */
	pkt = parse();
	ck_assert_uint_eq(pkt.reason, CT_R_NONE);
	ck_assert_uint_eq(pkt.l4_len, 12);
}
END_TEST

START_TEST(header_is_cut_at_every_length)
{
	build();
	for (uint32_t len = 0; len < 20; len++)
		ck_assert_uint_eq(
			parse_part(len, p.len, ct_ipv4_ops.parse).reason,
			CT_R_IP_TRUNCATED);
	/* the rest need not be contiguous */
	ck_assert_uint_eq(parse_part(20, p.len, ct_ipv4_ops.parse).reason,
			  CT_R_NONE);
}
END_TEST

START_TEST(options_beyond_the_contiguous_bytes)
{
	build();
	p.bytes[0] = 0x46;
	ck_assert_uint_eq(parse_part(23, p.len, ct_ipv4_ops.parse).reason,
			  CT_R_IP_TRUNCATED);
}
END_TEST

START_TEST(packet_is_shorter_than_it_says)
{
	build();
	p.len--;
	ck_assert_uint_eq(parse().reason, CT_R_IP_TOTAL_LEN);
}
END_TEST

START_TEST(total_length_is_less_than_the_header)
{
	build();
	p.bytes[3] = 19;
	ck_assert_uint_eq(parse().reason, CT_R_IP_TOTAL_LEN);
	p.bytes[3] = 20;
	ck_assert_uint_eq(parse().reason, CT_R_NONE);
}
END_TEST

START_TEST(super_packet_has_no_total_length)
{
	struct ct_pkt pkt;

	build();
	p.bytes[3] = 0;
	ck_assert_uint_eq(parse().reason, CT_R_IP_TOTAL_LEN);
	pkt = ct_test_pkt(&p);
	pkt.gso_size = 1400;
	pkt.frame_len = 200000;
	ck_assert(ct_ipv4_ops.parse(&pkt, &t));
	ck_assert_uint_eq(pkt.l4_len, 200000 - 20);
}
END_TEST

START_TEST(other_version)
{
	build();
	p.bytes[0] = 0x65;
	ck_assert_uint_eq(parse().reason, CT_R_IP_VERSION);
}
END_TEST

START_TEST(header_length_below_five_words)
{
	build();
	for (uint8_t ihl = 0; ihl < 5; ihl++) {
		p.bytes[0] = 0x40 | ihl;
		ck_assert_uint_eq(parse().reason, CT_R_IP_HEADER_LEN);
		ck_assert_uint_eq(parse_quoted().reason, CT_R_ICMP_QUOTE_SHORT);
	}
}
END_TEST

START_TEST(fragments_are_for_others)
{
	build();
	p.bytes[6] = 0x20; /* more fragments */
	ck_assert_uint_eq(parse().reason, CT_R_IP_FRAGMENT);
	p.bytes[6] = 0;
	p.bytes[7] = 1; /* offset 8 */
	ck_assert_uint_eq(parse().reason, CT_R_IP_FRAGMENT);
	p.bytes[6] = 0x40; /* don't fragment */
	p.bytes[7] = 0;
	ck_assert_uint_eq(parse().reason, CT_R_NONE);
}
END_TEST

START_TEST(quoted_lengths_and_version_are_not_believed)
{
	struct ct_pkt pkt;

	build();
	p.bytes[0] = 0xf5;
	p.bytes[2] = 0xff;
	p.len = 24; /* four bytes of L4 are left */
	pkt = parse_quoted();
	ck_assert_uint_eq(pkt.reason, CT_R_NONE);
	ck_assert_uint_eq(pkt.l4, UDP);
	ck_assert_uint_eq(pkt.l4_off, 20);
	ck_assert_uint_eq(pkt.l4_len, 4);
	ck_assert_mem_eq(t.src.bytes, ct_test_flow4.src, 16);
}
END_TEST

START_TEST(quoted_header_is_cut_at_every_length)
{
	build();
	for (uint32_t len = 0; len < 20; len++)
		ck_assert_uint_eq(
			parse_part(len, 0, ct_ipv4_ops.parse_quoted).reason,
			CT_R_ICMP_QUOTE_SHORT);
	p.bytes[0] = 0x46;
	ck_assert_uint_eq(parse_part(23, 0, ct_ipv4_ops.parse_quoted).reason,
			  CT_R_ICMP_QUOTE_SHORT);
}
END_TEST

START_TEST(quoted_later_fragment_has_no_ports)
{
	build();
	p.bytes[7] = 1;
	ck_assert_uint_eq(parse_quoted().reason, CT_R_ICMP_QUOTE_FRAGMENT);
	p.bytes[6] = 0x20; /* the first one has */
	p.bytes[7] = 0;
	ck_assert_uint_eq(parse_quoted().reason, CT_R_NONE);
}
END_TEST

START_TEST(pseudo_header_makes_the_sum_right)
{
	struct ct_pkt pkt;
	uint32_t sum;

	build();
	pkt = ct_test_pkt(&p);
	ck_assert(ct_ipv4_ops.parse(&pkt, &t));
	sum = ct_ipv4_ops.pseudo_sum(&pkt, pkt.l4, pkt.l4_len);
	sum = ct_csum_add(sum, pkt.data + pkt.l4_off, pkt.l4_len);
	ck_assert_uint_eq(ct_csum_fold(sum), 0);
}
END_TEST

START_TEST(icmp_has_no_pseudo_header)
{
	const struct ct_test_icmp echo = { .type = 8, .id = 7 };
	struct ct_pkt pkt;

	ct_test_icmp(&p, &ct_test_flow4, CT_DIR_ORIG, &echo);
	pkt = ct_test_pkt(&p);
	ck_assert(ct_ipv4_ops.parse(&pkt, &t));
	ck_assert_uint_eq(ct_ipv4_ops.pseudo_sum(&pkt, pkt.l4, pkt.l4_len), 0);
	ck_assert_uint_eq(ct_csum_fold(ct_csum_add(0, pkt.data + 20, 8)), 0);
}
END_TEST

START_TEST(address_as_text)
{
	union ct_addr addr = { .bytes = { 198, 51, 100, 5 } };
	char buf[46];

	ct_ipv4_ops.addr_text(&addr, buf);
	ck_assert_str_eq(buf, "198.51.100.5");
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("ipv4");
	TCase *tc = tcase_create("ipv4");

	tcase_add_test(tc, plain_header);
	tcase_add_test(tc, options_are_stepped_over);
	tcase_add_test(tc, trailer_of_the_link_layer_is_not_ours);
	tcase_add_test(tc, header_is_cut_at_every_length);
	tcase_add_test(tc, options_beyond_the_contiguous_bytes);
	tcase_add_test(tc, packet_is_shorter_than_it_says);
	tcase_add_test(tc, total_length_is_less_than_the_header);
	tcase_add_test(tc, super_packet_has_no_total_length);
	tcase_add_test(tc, other_version);
	tcase_add_test(tc, header_length_below_five_words);
	tcase_add_test(tc, fragments_are_for_others);
	tcase_add_test(tc, quoted_lengths_and_version_are_not_believed);
	tcase_add_test(tc, quoted_header_is_cut_at_every_length);
	tcase_add_test(tc, quoted_later_fragment_has_no_ports);
	tcase_add_test(tc, pseudo_header_makes_the_sum_right);
	tcase_add_test(tc, icmp_has_no_pseudo_header);
	tcase_add_test(tc, address_as_text);
	suite_add_tcase(suite, tc);
	return suite;
}
