/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual reassembly: fragments pass in order of arrival once the first one is
 * known; those that come before it are held, a few.
 */
#include "frag.h"
#include "suite.h"

#include <string.h>

enum { PAYLOAD = 1992, WHOLE = PAYLOAD + 8 };

static struct ct_world w;
static struct ct_test_packet whole;
static struct ct_test_sent sent;
static struct ct_pkt last;
static const struct ct_test_flow *const flows[] = { &ct_test_flow4,
						    &ct_test_flow6 };

static void setup(void)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = 64,
				       .profile = CT_PROFILE_RECOMMENDED };

	ct_world_create(&w, &cfg);
	ct_world_attach(&w);
	memset(&sent, 0, sizeof(sent));
}

static void teardown(void)
{
	ct_world_end(&w);
}

static void datagram(const struct ct_test_flow *flow)
{
	ct_test_udp(&whole, flow, CT_DIR_ORIG, PAYLOAD);
}

static enum ct_verdict part(uint32_t id, uint32_t off, uint32_t len)
{
	ct_test_cut(&w.p, &whole, (struct ct_test_part){ id, off, len });
	return ct_test_frag(&w, &w.p, &last, &sent);
}

static uint64_t waiting(void)
{
	struct ct_frag_stats stats = { .size = sizeof(stats) };

	ck_assert_int_eq(ct_frag_stats(w.tbl, &stats), 0);
	return stats.datagrams;
}

static void assert_left(uint32_t n)
{
	struct ct_test_packet joined;

	ck_assert_uint_eq(sent.n, n);
	ct_test_join(&sent, &joined);
	whole.bytes[4] = whole.bytes[5] =
		whole.l3 == CT_L3_IPV4 ? 0 : whole.bytes[5];
	ck_assert_uint_eq(joined.len, whole.len);
	ck_assert_mem_eq(joined.bytes + ct_test_l4_off(&whole),
			 whole.bytes + ct_test_l4_off(&whole),
			 whole.len - ct_test_l4_off(&whole));
	memset(&sent, 0, sizeof(sent));
}

START_TEST(in_order_each_passes_at_once)
{
	struct ct_conn *conn;

	datagram(flows[_i]);
	ck_assert_int_eq(part(7, 0, 800), CT_ACCEPT);
	ck_assert_int_eq(last.state, CT_NEW);
	ck_assert(last.flags & CT_PKT_FIRST);
	conn = last.conn;
	ck_assert_int_eq(part(7, 800, 400), CT_ACCEPT);
	ck_assert(last.flags & CT_PKT_LATER);
	ck_assert_ptr_eq(last.conn, conn);
	ck_assert_int_eq(last.reason, CT_R_FRAG_LATER);
	ck_assert_int_eq(last.l4, 17);
	ck_assert_uint_eq(waiting(), 1);
	ck_assert_int_eq(part(7, 1200, 0), CT_ACCEPT);
	ck_assert_uint_eq(waiting(), 0);
	ck_assert_uint_eq(sent.conns, 3);
	/* with the identification that it had */
	ck_assert_uint_eq(ct_test_frag_id(sent.p[2].bytes), 7);
	assert_left(3);
}
END_TEST

START_TEST(early_ones_leave_behind_the_first)
{
	datagram(flows[_i]);
	ck_assert_int_eq(part(7, 1200, 0), CT_STOLEN);
	ck_assert_int_eq(part(7, 800, 400), CT_STOLEN);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	ck_assert_int_eq(part(7, 0, 800), CT_ACCEPT);
	ck_assert_uint_eq(sent.n, 3);
	ck_assert_uint_eq(sent.conns, 3);
	ck_assert_uint_eq(waiting(), 0);
	assert_left(3);
}
END_TEST

START_TEST(some_before_and_some_behind)
{
	datagram(flows[_i]);
	part(7, 1200, 0);
	ck_assert_int_eq(part(7, 0, 800), CT_ACCEPT);
	ck_assert_uint_eq(sent.n, 2);
	ck_assert_int_eq(part(7, 800, 400), CT_ACCEPT);
	assert_left(3);
	ck_assert_uint_eq(waiting(), 0);
}
END_TEST

/* The connection is nobody's business before it is confirmed. */
START_TEST(a_later_one_waits_for_the_firsts_confirmation)
{
	struct ct_test_packet first;
	struct ct_pkt opener;

	datagram(flows[_i]);
	ct_test_cut(&first, &whole, (struct ct_test_part){ 7, 0, 800 });
	opener = ct_test_pkt(&first);
	ck_assert_int_eq(ct_process(w.thr, &opener, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(part(7, 800, 0), CT_STOLEN);
	ck_assert_int_eq(ct_confirm(w.thr, &opener), CT_ACCEPT);
	ct_test_send(&w, &opener, &sent);
	assert_left(2);
}
END_TEST

START_TEST(of_a_dropped_first_nothing_leaves)
{
	struct ct_test_packet first;
	struct ct_pkt opener, piece = { 0 };

	datagram(flows[_i]);
	part(7, 800, 400);
	ct_test_cut(&first, &whole, (struct ct_test_part){ 7, 0, 800 });
	opener = ct_test_pkt(&first);
	ct_process(w.thr, &opener, CT_HOOK_PREROUTING);
	ct_abandon(w.thr, &opener);
	ck_assert(ct_frag_next(w.thr, &opener, &piece)); /* itself, if asked */
	ck_assert(!ct_frag_next(w.thr, &opener, &piece));
	ck_assert_int_eq(part(7, 1200, 0), CT_STOLEN);
	ct_world_wait(&w, 61 * CT_WORLD_S);
	ck_assert_uint_eq(waiting(), 0);
}
END_TEST

START_TEST(a_full_table_drops_the_later_ones_too)
{
	ck_assert_int_eq(ct_param_set(w.tbl, "max_conns", 1), 0);
	ct_world_open(&w, &ct_test_flow4, CT_DIR_REPLY);
	datagram(flows[_i]);
	ck_assert_int_eq(part(7, 0, 800), CT_DROP);
	ck_assert_int_eq(part(7, 800, 0), CT_DROP);
	ck_assert_int_eq(last.reason, CT_R_TABLE_FULL);
}
END_TEST

START_TEST(an_overlap_is_dropped_and_the_rest_goes_on)
{
	datagram(flows[_i]);
	part(7, 0, 800);
	ck_assert_int_eq(part(7, 792, 400), CT_DROP);
	ck_assert_int_eq(last.reason, CT_R_FRAG_OVERLAP);
	ck_assert_int_eq(part(7, 0, 800), CT_DROP);
	ck_assert_int_eq(part(7, 0, 8), CT_DROP);
	ck_assert_int_eq(part(7, 800, 0), CT_ACCEPT);
	assert_left(2);
}
END_TEST

START_TEST(a_held_one_cannot_be_contradicted_either)
{
	datagram(flows[_i]);
	part(7, 800, 400);
	ck_assert_int_eq(part(7, 800, 400), CT_DROP);
	ck_assert_int_eq(part(7, 0, 808), CT_DROP);
	ck_assert_int_eq(last.reason, CT_R_FRAG_OVERLAP);
	part(7, 0, 800);
	part(7, 1200, 0);
	assert_left(3);
}
END_TEST

START_TEST(rfc3128_nothing_begins_within_tcps_header)
{
	const struct ct_test_segment seg = { .flags = CT_TEST_SYN, .len = 100 };

	ct_test_tcp(&whole, flows[_i], CT_DIR_ORIG, &seg);
	ck_assert_int_eq(part(7, 8, 0), CT_DROP);
	ck_assert_int_eq(last.reason, CT_R_FRAG_OVERLAP);
	/* and what is cut within it opens nothing */
	ck_assert_int_eq(part(7, 0, 16), CT_ACCEPT);
	ck_assert_int_eq(last.state, CT_INVALID);
}
END_TEST

START_TEST(what_the_first_was_the_others_are)
{
	datagram(flows[_i]);
	whole.bytes[ct_test_l4_off(&whole) + 5] = 3; /* UDP length */
	whole.bytes[ct_test_l4_off(&whole) + 4] = 0;
	part(7, 1200, 0);
	ck_assert_int_eq(part(7, 0, 800), CT_ACCEPT);
	ck_assert_int_eq(last.state, CT_INVALID);
	ck_assert_int_eq(last.reason, CT_R_L4_LENGTH);
	ck_assert_int_eq(part(7, 800, 400), CT_ACCEPT);
	ck_assert_int_eq(last.state, CT_INVALID);
	ck_assert_int_eq(last.reason, CT_R_L4_LENGTH);
	ck_assert_uint_eq(sent.conns, 0);
	assert_left(3);
}
END_TEST

START_TEST(only_a_few_are_held)
{
	ck_assert_int_eq(ct_param_set(w.tbl, "frag.hold", 2), 0);
	datagram(flows[_i]);
	part(7, 400, 400);
	part(7, 800, 400);
	ck_assert_int_eq(part(7, 1200, 400), CT_DROP);
	ck_assert_int_eq(last.reason, CT_R_FRAG_EARLY);
	ck_assert_int_eq(part(7, 0, 400), CT_ACCEPT);
	ck_assert_uint_eq(sent.n, 3);
	/* sent again, it passes */
	ck_assert_int_eq(part(7, 1200, 400), CT_ACCEPT);
	ck_assert_int_eq(part(7, 1600, 0), CT_ACCEPT);
	assert_left(5);
}
END_TEST

START_TEST(none_are_held_if_told_so)
{
	ck_assert_int_eq(ct_param_set(w.tbl, "frag.hold", 0), 0);
	datagram(flows[_i]);
	ck_assert_int_eq(part(7, 800, 0), CT_DROP);
	ck_assert_int_eq(last.reason, CT_R_FRAG_EARLY);
	ck_assert_uint_eq(waiting(), 0);
}
END_TEST

START_TEST(a_spray_is_bounded)
{
	struct ct_frag_stats stats = { .size = sizeof(stats) };

	ck_assert_int_eq(
		ct_param_set(w.tbl,
			     _i ? "frag.memory.ipv6" : "frag.memory.ipv4",
			     100000),
		0);
	datagram(flows[_i]);
	for (uint32_t id = 0; id < 2000; id++)
		ck_assert_int_eq(part(id, 800, 0), CT_STOLEN);
	ck_assert_int_eq(ct_frag_stats(w.tbl, &stats), 0);
	ck_assert_uint_le(stats.bytes, 100000);
	ck_assert_uint_gt(stats.evicted, 1900);
}
END_TEST

START_TEST(too_many_holes_are_dropped)
{
	datagram(flows[_i]);
	part(7, 0, 8);
	for (uint32_t i = 1; i < 12; i++)
		ck_assert_int_eq(part(7, i * 16, 8), CT_ACCEPT);
	sent.n = 0;
	ck_assert_int_eq(part(7, 12 * 16, 8), CT_DROP);
	ck_assert_int_eq(last.reason, CT_R_FRAG_LIMIT);
}
END_TEST

/* Its end was not seen; what is acknowledged must not be refused. */
START_TEST(a_segment_in_fragments_may_be_acknowledged)
{
	const struct ct_test_segment syn = { CT_TEST_SYN, 65535, 100, 0,
					     NULL,        0,     0 };
	const struct ct_test_segment both = {
		CT_TEST_SYN | CT_TEST_ACK, 65535, 500, 101, NULL, 0, 0
	};
	const struct ct_test_segment ack = { CT_TEST_ACK, 65535, 101, 501,
					     NULL,        0,     0 };
	const struct ct_test_segment data = { CT_TEST_ACK, 65535, 101, 501,
					      NULL,        0,     2000 };
	const struct ct_test_segment taken = { CT_TEST_ACK, 65535, 501, 2101,
					       NULL,        0,     0 };
	const struct ct_test_segment next = { CT_TEST_ACK, 65535, 2101, 501,
					      NULL,        0,     100 };

	last = ct_world_tcp(&w, flows[_i], CT_DIR_ORIG, &syn);
	ct_confirm(w.thr, &last);
	ct_world_tcp(&w, flows[_i], CT_DIR_REPLY, &both);
	ct_world_tcp(&w, flows[_i], CT_DIR_ORIG, &ack);
	ct_test_tcp(&whole, flows[_i], CT_DIR_ORIG, &data);
	ck_assert_int_eq(part(7, 0, 800), CT_ACCEPT);
	ck_assert_int_eq(last.state, CT_ESTABLISHED);
	ck_assert_int_eq(part(7, 800, 0), CT_ACCEPT);
	ck_assert_int_eq(last.state, CT_ESTABLISHED);
	assert_left(2);
	ck_assert_int_eq(
		ct_world_tcp(&w, flows[_i], CT_DIR_REPLY, &taken).state,
		CT_ESTABLISHED);
	ck_assert_int_eq(ct_world_tcp(&w, flows[_i], CT_DIR_ORIG, &next).state,
			 CT_ESTABLISHED);
}
END_TEST

START_TEST(replies_come_in_fragments_too)
{
	datagram(flows[_i]);
	part(7, 0, 800);
	part(7, 800, 0);
	ct_test_udp(&whole, flows[_i], CT_DIR_REPLY, PAYLOAD);
	part(7, 800, 0);
	ck_assert_int_eq(part(7, 0, 800), CT_ACCEPT);
	ck_assert_int_eq(last.dir, CT_DIR_REPLY);
	ck_assert_int_eq(last.state, CT_ESTABLISHED);
	ck_assert_uint_eq(sent.n, 4);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

/* n process, then n confirm: the later ones wait for the first's. */
START_TEST(a_burst_processed_first_is_confirmed_then)
{
	static struct ct_test_packet p[3];
	struct ct_pkt pkt[3];
	struct ct_pkt *pkts[3];
	enum ct_verdict verdicts[3];

	datagram(flows[_i]);
	for (uint32_t i = 0; i < 3; i++) {
		ct_test_cut(
			&p[i], &whole,
			(struct ct_test_part){ 7, i * 800, i == 2 ? 0 : 800 });
		pkt[i] = ct_test_pkt(&p[i]);
		pkts[i] = &pkt[i];
	}
	ct_process_burst(w.thr, pkts, 3, CT_HOOK_PREROUTING, verdicts);
	ck_assert_int_eq(verdicts[0], CT_ACCEPT);
	ck_assert_int_eq(verdicts[1], CT_STOLEN);
	ck_assert_int_eq(verdicts[2], CT_STOLEN);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt[0]), CT_ACCEPT);
	ct_test_send(&w, &pkt[0], &sent);
	assert_left(3);
}
END_TEST

START_TEST(a_forwarded_burst_is_one_after_the_other)
{
	static struct ct_test_packet p[3];
	struct ct_pkt pkt[3];
	struct ct_pkt *pkts[3];
	enum ct_verdict verdicts[3];

	datagram(flows[_i]);
	for (uint32_t i = 0; i < 3; i++) {
		ct_test_cut(
			&p[i], &whole,
			(struct ct_test_part){ 7, i * 800, i == 2 ? 0 : 800 });
		pkt[i] = ct_test_pkt(&p[i]);
		pkts[i] = &pkt[i];
	}
	ct_forward_burst(w.thr, pkts, 3, NULL, verdicts);
	for (uint32_t i = 0; i < 3; i++) {
		ck_assert_int_eq(verdicts[i], CT_ACCEPT);
		ck_assert_ptr_eq(pkt[i].conn, pkt[0].conn);
		ct_test_send(&w, &pkt[i], &sent);
	}
	assert_left(3);
}
END_TEST

START_TEST(every_fragment_counts)
{
	const struct ct_config cfg = { .size = sizeof(cfg), .max_conns = 64 };
	struct ct_counter counter;

	ct_world_end(&w);
	ct_world_create(&w, &cfg);
	ck_assert_int_eq(ct_param_set(w.tbl, "acct", 1), 0);
	ct_world_attach(&w);
	datagram(flows[_i]);
	part(7, 1200, 0);
	part(7, 0, 800);
	part(7, 800, 400);
	ck_assert_int_eq(
		ct_conn_counter(w.tbl, last.conn, CT_DIR_ORIG, &counter), 0);
	ck_assert_uint_eq(counter.packets, 3);
	ck_assert_uint_eq(counter.bytes, WHOLE + 3u * (_i ? 48 : 20));
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("virtual frag flow");
	TCase *tc = tcase_create("virtual frag");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, in_order_each_passes_at_once, 0, 2);
	tcase_add_loop_test(tc, early_ones_leave_behind_the_first, 0, 2);
	tcase_add_loop_test(tc, some_before_and_some_behind, 0, 2);
	tcase_add_loop_test(tc, a_later_one_waits_for_the_firsts_confirmation,
			    0, 2);
	tcase_add_loop_test(tc, of_a_dropped_first_nothing_leaves, 0, 2);
	tcase_add_loop_test(tc, a_full_table_drops_the_later_ones_too, 0, 2);
	tcase_add_loop_test(tc, an_overlap_is_dropped_and_the_rest_goes_on, 0,
			    2);
	tcase_add_loop_test(tc, a_held_one_cannot_be_contradicted_either, 0, 2);
	tcase_add_loop_test(tc, rfc3128_nothing_begins_within_tcps_header, 0,
			    2);
	tcase_add_loop_test(tc, what_the_first_was_the_others_are, 0, 2);
	tcase_add_loop_test(tc, only_a_few_are_held, 0, 2);
	tcase_add_loop_test(tc, none_are_held_if_told_so, 0, 2);
	tcase_add_loop_test(tc, a_spray_is_bounded, 0, 2);
	tcase_add_loop_test(tc, too_many_holes_are_dropped, 0, 2);
	tcase_add_loop_test(tc, a_segment_in_fragments_may_be_acknowledged, 0,
			    2);
	tcase_add_loop_test(tc, replies_come_in_fragments_too, 0, 2);
	tcase_add_loop_test(tc, a_burst_processed_first_is_confirmed_then, 0,
			    2);
	tcase_add_loop_test(tc, a_forwarded_burst_is_one_after_the_other, 0, 2);
	tcase_add_loop_test(tc, every_fragment_counts, 0, 2);
	suite_add_tcase(suite, tc);
	return suite;
}
