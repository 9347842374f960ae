/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets that are made: what they say, their checksums, and what must never be
 * answered.
 */
#include "suite.h"
#include "wire/build.h"
#include "wire/csum.h"
#include "wire/hdr.h"
#include "wire/iphead.h"

#include <stdlib.h>
#include <string.h>

enum { V4 = CT_L3_IPV4, V6 = CT_L3_IPV6 };

static struct ct_segment some(uint8_t flags)
{
	struct ct_segment seg;

	memset(&seg, 0, sizeof(seg));
	seg.src.bytes[0] = 10;
	seg.src.bytes[3] = 1;
	seg.dst.bytes[0] = 192;
	seg.dst.bytes[3] = 2;
	seg.src_port = htons(40000);
	seg.dst_port = htons(80);
	seg.seq = 0x01020304;
	seg.ack = 0xa0b0c0d0;
	seg.window = 512;
	seg.flags = flags;
	return seg;
}

/* Of the whole packet, by another way than the builder's. */
static void assert_sums(const struct ct_built *built)
{
	struct ct_cursor cur = ct_cursor_of(built->bytes, built->len);
	struct ct_iphead head;
	uint32_t n = built->l3 == V4 ? 4 : 16, sum = 0;
	bool has_pseudo;

	ck_assert(ct_iphead_read(&head, built->l3, &cur));
	if (built->l3 == V4)
		ck_assert_uint_eq(ct_csum_fold(ct_csum_add(0, built->bytes,
							   CT_IPV4_HDR_LEN)),
				  0);
	ck_assert_uint_eq(ct_cursor_left(&cur), head.payload);
	has_pseudo = head.l4 != CT_IPPROTO_ICMP;
	if (has_pseudo) {
		sum = ct_csum_add(sum, head.src.bytes, n);
		sum = ct_csum_add(sum, head.dst.bytes, n);
		sum += head.l4 + head.payload;
	}
	ck_assert_uint_eq(ct_csum_fold(ct_csum_add(sum, cur.at, head.payload)),
			  0);
}

START_TEST(what_is_made_is_read)
{
	for (uint8_t l3 = V4; l3 <= V6; l3 += 2) {
		struct ct_segment seg = some(CT_SEG_SYN), got;
		struct ct_built built;

		seg.options_len = 4;
		memcpy(seg.options, "\x02\x04\x05\xb4", 4);
		ct_build_segment(&built, l3, &seg);
		assert_sums(&built);
		ck_assert(ct_segment_read(&got, l3, built.bytes, built.len));
		ck_assert_mem_eq(&seg, &got, sizeof(seg));
	}
}
END_TEST

START_TEST(a_syn_is_refused_with_its_ack)
{
	struct ct_segment seg = some(CT_SEG_SYN), rst;
	struct ct_built built, answer;

	ct_build_segment(&built, V4, &seg);
	ck_assert(ct_build_reset(&answer, V4, built.bytes, built.len));
	assert_sums(&answer);
	ck_assert(ct_segment_read(&rst, V4, answer.bytes, answer.len));
	ck_assert_uint_eq(rst.flags, CT_SEG_RST | CT_SEG_ACK);
	ck_assert_uint_eq(rst.seq, 0);
	ck_assert_uint_eq(rst.ack, seg.seq + 1);
	ck_assert_uint_eq(rst.src_port, seg.dst_port);
	ck_assert_mem_eq(&rst.dst, &seg.src, sizeof(rst.dst));
}
END_TEST

START_TEST(an_ack_is_refused_where_it_stands)
{
	struct ct_segment seg = some(CT_SEG_ACK | CT_SEG_PSH), rst;
	struct ct_built built, answer;

	ct_build_segment(&built, V6, &seg);
	ck_assert(ct_build_reset(&answer, V6, built.bytes, built.len));
	assert_sums(&answer);
	ck_assert(ct_segment_read(&rst, V6, answer.bytes, answer.len));
	ck_assert_uint_eq(rst.flags, CT_SEG_RST);
	ck_assert_uint_eq(rst.seq, seg.ack);
}
END_TEST

START_TEST(resets_are_not_answered)
{
	struct ct_segment seg = some(CT_SEG_RST);
	struct ct_built built, answer;

	ct_build_segment(&built, V4, &seg);
	ck_assert(!ct_build_reset(&answer, V4, built.bytes, built.len));
}
END_TEST

START_TEST(errors_quote_what_they_are_about)
{
	for (uint8_t l3 = V4; l3 <= V6; l3 += 2) {
		struct ct_segment seg = some(CT_SEG_SYN);
		struct ct_built built, error;
		struct ct_iphead head;
		struct ct_cursor cur;
		const uint8_t *icmp;

		ct_build_segment(&built, l3, &seg);
		ck_assert(ct_build_icmp(&error, CT_ICMP_PROHIBITED, l3,
					built.bytes, built.len, NULL));
		assert_sums(&error);
		cur = ct_cursor_of(error.bytes, error.len);
		ck_assert(ct_iphead_read(&head, l3, &cur));
		ck_assert_mem_eq(&head.src, &seg.dst, sizeof(head.src));
		ck_assert_mem_eq(&head.dst, &seg.src, sizeof(head.dst));
		icmp = ct_cursor_take(&cur, CT_ICMP_HDR_LEN);
		ck_assert_ptr_nonnull(icmp);
		ck_assert_uint_eq(icmp[0], l3 == V4 ? 3 : 1);
		ck_assert_uint_eq(icmp[1], l3 == V4 ? 13 : 1);
		ck_assert_uint_eq(ct_cursor_left(&cur), built.len);
		ck_assert_mem_eq(cur.at, built.bytes, built.len);
	}
}
END_TEST

START_TEST(a_quote_has_an_end)
{
	uint8_t bytes[2000] = { 0x45 };
	struct ct_built error;
	union ct_addr from = { .bytes = { 10, 9, 9, 9 } };

	ct_csum_store(bytes + CT_IPV4_TOTAL_OFF, sizeof(bytes));
	bytes[CT_IPV4_PROTOCOL_OFF] = CT_IPPROTO_UDP;
	bytes[CT_IPV4_SRC_OFF] = 10;
	ck_assert(ct_build_icmp(&error, CT_ICMP_PORT, V4, bytes, sizeof(bytes),
				&from));
	ck_assert_uint_eq(error.len, 576);
	ck_assert_mem_eq(error.bytes + CT_IPV4_SRC_OFF, &from, 4);
	assert_sums(&error);
	/* One byte of a length beyond what any packet may have. */
	bytes[0] = 0x65;
	memset(bytes + CT_IPV6_SRC_OFF, 0x20, 32);
	bytes[CT_IPV6_NEXT_OFF] = CT_IPPROTO_UDP;
	ck_assert(ct_build_icmp(&error, CT_ICMP_PORT, V6, bytes, sizeof(bytes),
				NULL));
	ck_assert_uint_eq(error.len, CT_BUILD_MAX);
	assert_sums(&error);
}
END_TEST

/* A packet with one thing wrong. */
static const struct {
	const char *what;
	uint32_t off;
	uint8_t value;
} never[] = {
	{ "to a group", CT_IPV4_DST_OFF, 224 },
	{ "to everybody", CT_IPV4_DST_OFF, 255 },
	{ "from a group", CT_IPV4_SRC_OFF, 239 },
	{ "from nobody", CT_IPV4_SRC_OFF, 0 },
	{ "a later fragment", CT_IPV4_FRAG_OFF + 1, 1 },
	{ "an ICMP error", CT_IPV4_HDR_LEN, 3 },
};

START_TEST(errors_are_never_sent_about)
{
	uint8_t bytes[CT_IPV4_HDR_LEN + CT_ICMP_HDR_LEN] = { 0x45 };
	struct ct_built error;

	ct_csum_store(bytes + CT_IPV4_TOTAL_OFF, sizeof(bytes));
	bytes[CT_IPV4_PROTOCOL_OFF] = CT_IPPROTO_ICMP;
	bytes[CT_IPV4_SRC_OFF] = 10;
	bytes[CT_IPV4_DST_OFF] = 192;
	bytes[CT_IPV4_HDR_LEN] = 8; /* an echo may be answered */
	ck_assert(ct_build_icmp(&error, CT_ICMP_PORT, V4, bytes, sizeof(bytes),
				NULL));
	bytes[never[_i].off] = never[_i].value;
	ck_assert_msg(!ct_build_icmp(&error, CT_ICMP_PORT, V4, bytes,
				     sizeof(bytes), NULL),
		      "%s", never[_i].what);
}
END_TEST

/* Over exactly these bytes: a sanitizer sees one more being read. */
START_TEST(cut_packets_are_read_no_further)
{
	struct ct_segment seg = some(CT_SEG_ACK);
	struct ct_built whole, answer;

	seg.options_len = 12;
	ct_build_segment(&whole, V4, &seg);
	for (uint32_t len = 0; len < whole.len; len++) {
		uint8_t *exact = malloc(len ? len : 1);

		ck_assert_ptr_nonnull(exact);
		memcpy(exact, whole.bytes, len);
		ck_assert(!ct_build_reset(&answer, V4, exact, len));
		(void)ct_build_icmp(&answer, CT_ICMP_PORT, V4, exact, len,
				    NULL);
		free(exact);
	}
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("wire/build");
	TCase *tcase = tcase_create("build");

	tcase_add_test(tcase, what_is_made_is_read);
	tcase_add_test(tcase, a_syn_is_refused_with_its_ack);
	tcase_add_test(tcase, an_ack_is_refused_where_it_stands);
	tcase_add_test(tcase, resets_are_not_answered);
	tcase_add_test(tcase, errors_quote_what_they_are_about);
	tcase_add_test(tcase, a_quote_has_an_end);
	tcase_add_loop_test(tcase, errors_are_never_sent_about, 0,
			    (int)(sizeof(never) / sizeof(never[0])));
	tcase_add_test(tcase, cut_packets_are_read_no_further);
	suite_add_tcase(suite, tcase);
	return suite;
}
