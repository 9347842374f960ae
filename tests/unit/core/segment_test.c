/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A segment that becomes another one where it lies, and whose window and time
 * stamps are translated.
 */
#include "core/segment.h"

#include "nat.h"
#include "suite.h"
#include "wire/tcpopt.h"
#include "world.h"

#include <string.h>

enum { ROOM = 8 };

static struct ct_world w;

static void setup(void)
{
	ct_world_start(&w, 16);
}

static void teardown(void)
{
	ct_world_end(&w);
}

/* A segment of so many bytes with a time stamp, which may stand at an odd
 * place; parsed. */
static struct ct_pkt segment(const struct ct_test_flow *flow, bool odd,
			     uint32_t len)
{
	uint8_t options[12] = { 1, 1, 8, 10, 0, 0, 0, 5, 0, 0, 0, 9 };
	const struct ct_test_segment seg = { .flags = CT_TEST_ACK,
					     .win = 1000,
					     .seq = 7,
					     .ack = 8,
					     .options = options,
					     .options_len = sizeof(options),
					     .len = len };
	struct ct_pkt pkt;

	if (odd) {
		memmove(options + 1, options + 2, 10);
		options[11] = 0;
	}
	ct_test_tcp(&w.p, flow, CT_DIR_ORIG, &seg);
	pkt = ct_test_pkt(&w.p);
	pkt.tailroom = ROOM;
	pkt.l4_off = (uint16_t)ct_test_l4_off(&w.p);
	pkt.l4_len = pkt.len - pkt.l4_off;
	pkt.l4 = 6;
	return pkt;
}

static struct ct_segment read_it(const struct ct_pkt *pkt)
{
	struct ct_segment seg;

	w.p.len = pkt->len;
	ct_nat_sums_right(&w.p);
	ck_assert(ct_segment_read(&seg, pkt->l3, pkt->data, pkt->len));
	return seg;
}

static const struct ct_test_flow *flow_of(int i)
{
	return i & 1 ? &ct_test_flow6 : &ct_test_flow4;
}

START_TEST(it_becomes_another_one)
{
	struct ct_segment to = { .seq = 1,
				 .ack = 2,
				 .flags = CT_SEG_SYN,
				 .window = 3,
				 .options_len = 20 };
	struct ct_pkt pkt = segment(flow_of(_i), false, 100);
	uint32_t room = pkt.len + pkt.tailroom;
	struct ct_segment seg;

	memset(to.options, 1, to.options_len);
	ck_assert(ct_segment_remake(w.tbl, &pkt, &to));
	ck_assert_uint_eq(pkt.len + pkt.tailroom, room);
	ck_assert_uint_eq(pkt.l4_len, 40);
	seg = read_it(&pkt);
	ck_assert_uint_eq(seg.seq, 1);
	ck_assert_uint_eq(seg.ack, 2);
	ck_assert_uint_eq(seg.flags, CT_SEG_SYN);
	ck_assert_uint_eq(seg.window, 3);
	ck_assert_uint_eq(seg.options_len, 20);
	ck_assert_uint_eq(seg.data_len, 0);
}
END_TEST

START_TEST(it_becomes_no_longer_than_there_is_room)
{
	struct ct_segment to = { .options_len = 24 };
	struct ct_pkt pkt = segment(flow_of(_i), false, 0);
	struct ct_test_packet before = w.p;

	/* 12 bytes of options are there, and 8 of room. */
	ck_assert(!ct_segment_remake(w.tbl, &pkt, &to));
	ck_assert_mem_eq(w.p.bytes, before.bytes, before.len);
	to.options_len = 20;
	memset(to.options, 1, to.options_len);
	ck_assert(ct_segment_remake(w.tbl, &pkt, &to));
	read_it(&pkt);
}
END_TEST

/* Bytes that are not at hand are cut off, too. */
START_TEST(what_lies_elsewhere_is_cut_off)
{
	const struct ct_segment to = { .seq = 1 };
	struct ct_pkt pkt = segment(flow_of(_i), false, 100);

	pkt.len -= 60;
	pkt.frame_len = pkt.len + 60;
	pkt.gso_size = 40;
	ck_assert(ct_segment_remake(w.tbl, &pkt, &to));
	ck_assert_uint_eq(pkt.frame_len, pkt.len);
	ck_assert_uint_eq(pkt.gso_size, 0);
	read_it(&pkt);
}
END_TEST

START_TEST(window_and_stamps_are_translated)
{
	const struct ct_retouch how = { .tsval = 100,
					.tsecr = (uint32_t)-4,
					.stamps = true,
					.from_scale = 3,
					.to_scale = 1 };
	struct ct_pkt pkt = segment(flow_of(_i), _i & 2, 11);
	struct ct_segment seg;
	struct ct_tcpopt opt;

	ck_assert(ct_segment_retouch(&pkt, &how));
	seg = read_it(&pkt);
	ct_tcpopt_parse(ct_cursor_of(seg.options, seg.options_len), &opt);
	ck_assert_uint_eq(opt.tsval, 105);
	ck_assert_uint_eq(opt.tsecr, 5);
	ck_assert_uint_eq(seg.window, 4000);
}
END_TEST

START_TEST(a_window_is_never_more_than_the_field_holds)
{
	const struct ct_retouch how = { .from_scale = 14 };
	struct ct_pkt pkt = segment(flow_of(_i), false, 0);

	ck_assert(ct_segment_retouch(&pkt, &how));
	ck_assert_uint_eq(read_it(&pkt).window, UINT16_MAX);
}
END_TEST

START_TEST(a_cut_header_is_left_alone)
{
	const struct ct_retouch how = { .from_scale = 1 };
	struct ct_pkt pkt = segment(flow_of(_i), false, 0);

	pkt.len -= 4;
	ck_assert(!ct_segment_retouch(&pkt, &how));
}
END_TEST

Suite *ct_suite(void)
{
	Suite *s = suite_create("segment");
	TCase *tc = tcase_create("segment");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, it_becomes_another_one, 0, 2);
	tcase_add_loop_test(tc, it_becomes_no_longer_than_there_is_room, 0, 2);
	tcase_add_loop_test(tc, what_lies_elsewhere_is_cut_off, 0, 2);
	tcase_add_loop_test(tc, window_and_stamps_are_translated, 0, 4);
	tcase_add_loop_test(tc, a_window_is_never_more_than_the_field_holds, 0,
			    2);
	tcase_add_loop_test(tc, a_cut_header_is_left_alone, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}
