/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a TCP segment: whole ones, broken ones, odd ones.
 */
#include "proto/tcp_seg.h"

#include "packet.h"
#include "suite.h"

#include <string.h>

static struct ct_test_packet p;
static struct ct_pkt pkt;
static struct ct_tcp_seg seg;

/* As after L3. */
static void build(const struct ct_test_segment *spec)
{
	ct_test_tcp(&p, &ct_test_flow4, CT_DIR_ORIG, spec);
	pkt = ct_test_pkt(&p);
	pkt.l4_off = (uint16_t)ct_test_l4_off(&p);
	pkt.l4_len = p.len - pkt.l4_off;
}

static void build_with(const void *options, uint32_t len, uint8_t flags)
{
	const struct ct_test_segment spec = { .flags = flags,
					      .seq = 1000,
					      .ack = 5000,
					      .options = options,
					      .options_len = len };

	build(&spec);
	ck_assert_int_eq(ct_tcp_seg_read(&pkt, &seg), CT_R_NONE);
	ck_assert_uint_eq(seg.options, (len + 3) / 4 * 4);
	if (seg.unread)
		ct_tcp_seg_read_options(&pkt, &seg);
	ck_assert(!seg.unread);
}

START_TEST(every_number_is_read)
{
	const struct ct_test_segment spec = { .flags =
						      CT_TEST_PSH | CT_TEST_ACK,
					      .win = 0x1234,
					      .seq = 0xdeadbeef,
					      .ack = 0xfeedface,
					      .len = 100 };

	build(&spec);
	ck_assert_int_eq(ct_tcp_seg_read(&pkt, &seg), CT_R_NONE);
	ck_assert_uint_eq(seg.seq, 0xdeadbeef);
	ck_assert_uint_eq(seg.ack, 0xfeedface);
	ck_assert_uint_eq(seg.sack, 0xfeedface);
	ck_assert_uint_eq(seg.end, 0xdeadbeef + 100);
	ck_assert_uint_eq(seg.win, 0x1234);
	ck_assert_uint_eq(seg.event, CT_TCP_EV_ACK);
	ck_assert_uint_eq(seg.bits, CT_TEST_PSH | CT_TEST_ACK);
}
END_TEST

START_TEST(syn_and_fin_count_as_one)
{
	build_with(NULL, 0, CT_TEST_SYN);
	ck_assert_uint_eq(seg.end, 1001);
	ck_assert_uint_eq(seg.event, CT_TCP_EV_SYN);
	build_with(NULL, 0, CT_TEST_SYN | CT_TEST_ACK);
	ck_assert_uint_eq(seg.event, CT_TCP_EV_SYNACK);
	build_with(NULL, 0, CT_TEST_FIN | CT_TEST_ACK);
	ck_assert_uint_eq(seg.end, 1001);
	ck_assert_uint_eq(seg.event, CT_TCP_EV_FIN);
	build_with(NULL, 0, CT_TEST_RST | CT_TEST_ACK);
	ck_assert_uint_eq(seg.end, 1000);
	ck_assert_uint_eq(seg.event, CT_TCP_EV_RST);
}
END_TEST

/* A host hands over headers only; the rest is elsewhere. */
START_TEST(data_need_not_be_there)
{
	const struct ct_test_segment spec = { .flags = CT_TEST_ACK,
					      .len = 1000 };

	build(&spec);
	pkt.len = pkt.l4_off + 20u;
	ck_assert_int_eq(ct_tcp_seg_read(&pkt, &seg), CT_R_NONE);
	ck_assert_uint_eq(seg.end, 1000);
}
END_TEST

START_TEST(header_must_be_there)
{
	build_with("\3\3\7", 3, CT_TEST_SYN);
	for (uint32_t len = 0; len < pkt.l4_len; len++) {
		struct ct_pkt cut = pkt;

		cut.len = pkt.l4_off + len;
		ck_assert_int_eq(ct_tcp_seg_read(&cut, &seg),
				 CT_R_L4_TRUNCATED);
		cut = pkt;
		cut.l4_len = len;
		ck_assert_int_ne(ct_tcp_seg_read(&cut, &seg), CT_R_NONE);
	}
	ck_assert_int_eq(ct_tcp_seg_read(&pkt, &seg), CT_R_NONE);
	ck_assert_uint_eq(seg.bits, CT_TEST_SYN);
}
END_TEST

START_TEST(impossible_header_length_is_refused)
{
	build_with(NULL, 0, CT_TEST_SYN);
	for (unsigned offset = 0; offset < 16; offset++) {
		p.bytes[pkt.l4_off + 12] = (uint8_t)(offset << 4);
		ck_assert_int_eq(ct_tcp_seg_read(&pkt, &seg),
				 offset == 5 ? CT_R_NONE : CT_R_L4_LENGTH);
	}
}
END_TEST

START_TEST(offers_of_a_syn_are_read)
{
	build_with("\1\3\3\7\4\2\1\1", 8, CT_TEST_SYN);
	ck_assert_uint_eq(seg.offers,
			  CT_TCP_F_WINDOW_SCALE | CT_TCP_F_SACK_PERM);
	ck_assert_uint_eq(seg.scale, 7);
	build_with("\1\3\3\17", 4, CT_TEST_SYN);
	ck_assert_uint_eq(seg.scale, 14);
	build_with(NULL, 0, CT_TEST_SYN);
	ck_assert_uint_eq(seg.offers, 0);
}
END_TEST

START_TEST(highest_sack_edge_counts)
{
	static const uint8_t blocks[] = { 1,    1, 5, 18,   0,    0, 0x20,
					  0,    0, 0, 0x30, 0,    0, 0,
					  0x14, 0, 0, 0,    0x18, 0 };

	build_with(blocks, sizeof(blocks), CT_TEST_ACK);
	ck_assert_uint_eq(seg.sack, 0x3000);
}
END_TEST

START_TEST(sack_below_the_ack_does_not_count)
{
	static const uint8_t duplicate[] = {
		1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 9
	};

	build_with(duplicate, sizeof(duplicate), CT_TEST_ACK);
	ck_assert_uint_eq(seg.sack, 5000);
}
END_TEST

START_TEST(usual_timestamp_means_nothing)
{
	build_with("\1\1\10\12tsvltser", 12, CT_TEST_ACK);
	ck_assert_uint_eq(seg.sack, 5000);
	ck_assert_uint_eq(seg.offers, 0);
}
END_TEST

/* --- Flags -------------------------------------------------------------- */

/* Written out, without what does not matter. */
static const uint8_t valid[] = {
	CT_TCP_SYN,
	CT_TCP_SYN | CT_TCP_URG,
	CT_TCP_SYN | CT_TCP_ACK,
	CT_TCP_ACK,
	CT_TCP_ACK | CT_TCP_URG,
	CT_TCP_FIN | CT_TCP_ACK,
	CT_TCP_FIN | CT_TCP_ACK | CT_TCP_URG,
	CT_TCP_RST,
	CT_TCP_RST | CT_TCP_ACK,
};

START_TEST(flags_go_together_or_not)
{
	const uint8_t matter = CT_TEST_FIN | CT_TEST_SYN | CT_TEST_RST |
			       CT_TEST_ACK | CT_TEST_URG;

	for (unsigned bits = 0; bits < 256; bits++) {
		bool found = memchr(valid, (int)(bits & matter),
				    sizeof(valid)) != NULL;

		ck_assert_msg(ct_tcp_flags_valid((uint8_t)bits) == found,
			      "flags %#x", bits);
	}
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("tcp_seg");
	TCase *read = tcase_create("read");

	tcase_add_test(read, every_number_is_read);
	tcase_add_test(read, syn_and_fin_count_as_one);
	tcase_add_test(read, data_need_not_be_there);
	tcase_add_test(read, header_must_be_there);
	tcase_add_test(read, impossible_header_length_is_refused);
	tcase_add_test(read, offers_of_a_syn_are_read);
	tcase_add_test(read, highest_sack_edge_counts);
	tcase_add_test(read, sack_below_the_ack_does_not_count);
	tcase_add_test(read, usual_timestamp_means_nothing);
	tcase_add_test(read, flags_go_together_or_not);
	suite_add_tcase(suite, read);
	return suite;
}
