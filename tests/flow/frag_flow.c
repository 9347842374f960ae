/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Full reassembly, as Linux does it: datagrams are put together, seen as one
 * packet, and leave as they came.  What happens to them on the way is in
 * frag_nat_flow.c.
 */
#include "frag.h"
#include "suite.h"

#include <string.h>

enum { V4 = 20, V6 = 40, PAYLOAD = 1992, WHOLE = PAYLOAD + 8 };

static struct ct_world w;
static struct ct_test_packet whole;
static struct ct_test_sent sent;
static const struct ct_test_flow *const flows[] = { &ct_test_flow4,
						    &ct_test_flow6 };

static void setup(void)
{
	ct_world_start(&w, 64);
	memset(&sent, 0, sizeof(sent));
}

static void teardown(void)
{
	ct_world_end(&w);
}

/* Bytes that tell where they were. */
static void number(struct ct_test_packet *p)
{
	uint32_t at = ct_test_l4_off(p) + 8;

	for (; at < p->len; at++)
		p->bytes[at] = (uint8_t)(at * 7 + at / 256);
	ct_test_sum(p);
}

static void datagram(const struct ct_test_flow *flow)
{
	ct_test_udp(&whole, flow, CT_DIR_ORIG, PAYLOAD);
	number(&whole);
}

static struct ct_pkt last;

static enum ct_verdict part(uint32_t id, uint32_t off, uint32_t len)
{
	ct_test_cut(&w.p, &whole, (struct ct_test_part){ id, off, len });
	return ct_test_frag(&w, &w.p, &last, &sent);
}

static uint64_t waiting(void)
{
	struct ct_frag_stats stats = { .size = sizeof(stats) };

	ck_assert_int_eq(ct_frag_stats(w.tbl, &stats), 0);
	ck_assert(!stats.datagrams == !stats.bytes);
	return stats.datagrams;
}

static void assert_left_whole(uint32_t n)
{
	struct ct_test_packet joined;

	ck_assert_uint_eq(sent.n, n);
	ct_test_join(&sent, &joined);
	ck_assert_uint_eq(joined.len, whole.len);
	ck_assert_mem_eq(joined.bytes, whole.bytes, whole.len);
	ck_assert_uint_eq(waiting(), 0);
	memset(&sent, 0, sizeof(sent));
}

START_TEST(pieces_are_held_and_leave_as_they_came)
{
	uint8_t first[64];

	datagram(flows[_i]);
	ck_assert_int_eq(part(7, 0, 800), CT_STOLEN);
	memcpy(first, w.p.bytes, sizeof(first));
	ck_assert_int_eq(last.reason, CT_R_FRAG_HELD);
	ck_assert_int_eq(part(7, 800, 400), CT_STOLEN);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	ck_assert_int_eq(part(7, 1200, 0), CT_ACCEPT);
	ck_assert_int_eq(last.state, CT_NEW);
	ck_assert(last.flags & CT_PKT_WHOLE);
	ck_assert_uint_eq(last.l4_len, WHOLE);
	ck_assert_uint_eq(sent.conns, 3);
	/* IPv6 ones have a new identification (RFC 8200 4.5: unique). */
	if (_i == 0)
		ck_assert_mem_eq(sent.p[0].bytes, first, sizeof(first));
	else
		ck_assert_uint_ne(ct_test_frag_id(sent.p[0].bytes), 7);
	ck_assert_uint_eq(sent.p[1].len, w.p.len - (WHOLE - 1200) + 400);
	assert_left_whole(3);
}
END_TEST

START_TEST(any_order_will_do)
{
	static const uint8_t orders[][4] = {
		{ 3, 2, 1, 0 },
		{ 1, 3, 0, 2 },
		{ 2, 0, 3, 1 },
		{ 0, 3, 1, 2 },
	};

	for (unsigned n = 0; n < 4; n++) {
		datagram(flows[_i]);
		for (unsigned i = 0; i < 4; i++) {
			unsigned at = orders[n][i];

			ck_assert_int_eq(part(n, at * 504, at == 3 ? 0 : 504),
					 i == 3 ? CT_ACCEPT : CT_STOLEN);
		}
		assert_left_whole(4);
	}
}
END_TEST

START_TEST(what_is_no_fragment_is_sent_once)
{
	ct_test_udp(&w.p, flows[_i], CT_DIR_ORIG, 9);
	ck_assert_int_eq(ct_test_frag(&w, &w.p, &last, &sent), CT_ACCEPT);
	ck_assert_uint_eq(sent.n, 1);
	ck_assert_mem_eq(sent.p[0].bytes, w.p.bytes, w.p.len);
}
END_TEST

START_TEST(a_duplicate_is_dropped_and_does_no_harm)
{
	datagram(flows[_i]);
	part(1, 0, 800);
	ck_assert_int_eq(part(1, 0, 800), CT_DROP);
	ck_assert_int_eq(last.reason, CT_R_FRAG_DUPLICATE);
	ck_assert_int_eq(part(1, 800, 0), CT_ACCEPT);
	assert_left_whole(2);
}
END_TEST

START_TEST(rfc5722_an_overlap_ends_the_datagram)
{
	datagram(flows[_i]);
	part(1, 0, 800);
	ck_assert_int_eq(part(1, 792, 400), CT_DROP);
	ck_assert_int_eq(last.reason, CT_R_FRAG_OVERLAP);
	ck_assert_uint_eq(waiting(), 0);
	/* what comes now is another datagram, and never complete */
	ck_assert_int_eq(part(1, 800, 0), CT_STOLEN);
	ck_assert_uint_eq(waiting(), 1);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

/* The hole is too small, from either side. */
START_TEST(an_overlap_of_a_later_piece_ends_it_too)
{
	datagram(flows[_i]);
	part(1, 0, 400);
	part(1, 800, 400);
	ck_assert_int_eq(part(1, 400, 408), CT_DROP);
	ck_assert_int_eq(last.reason, CT_R_FRAG_OVERLAP);
	ck_assert_uint_eq(waiting(), 0);
}
END_TEST

START_TEST(two_ends_contradict_each_other)
{
	datagram(flows[_i]);
	part(1, 1600, 0);
	whole.len -= 80; /* now it would end earlier */
	ck_assert_int_eq(part(1, 1440, 0), CT_DROP);
	ck_assert_int_eq(last.reason, CT_R_FRAG_LENGTH);
	/* IPv4 gives up what it has, IPv6 does not, as in Linux */
	ck_assert_uint_eq(waiting(), (uint64_t)_i);
}
END_TEST

START_TEST(eight_bytes_are_a_piece)
{
	ct_test_udp(&whole, flows[_i], CT_DIR_ORIG, 100);
	number(&whole);
	for (uint32_t off = 0; off < 104; off += 8)
		ck_assert_int_eq(part(5, off, 8), CT_STOLEN);
	ck_assert_int_eq(part(5, 104, 0), CT_ACCEPT);
	ck_assert_int_eq(last.state, CT_NEW);
	assert_left_whole(14);
}
END_TEST

START_TEST(rfc1858_tiny_fragments_hide_no_flags)
{
	const struct ct_test_segment seg = { .flags = CT_TEST_SYN |
						      CT_TEST_FIN };

	ct_test_tcp(&whole, flows[0], CT_DIR_ORIG, &seg);
	part(5, 0, 8);
	ck_assert_int_eq(part(5, 8, 0), CT_ACCEPT);
	ck_assert_int_eq(last.state, CT_INVALID);
	ck_assert_int_eq(last.reason, CT_R_TCP_FLAGS);
}
END_TEST

static void resize_v4(uint32_t total, uint32_t bits)
{
	w.p.bytes[2] = (uint8_t)(total >> 8);
	w.p.bytes[3] = (uint8_t)total;
	w.p.bytes[6] = (uint8_t)(bits >> 8);
	w.p.bytes[7] = (uint8_t)bits;
	w.p.len = total;
}

START_TEST(an_empty_fragment_ends_ipv4_and_is_ignored_by_ipv6)
{
	datagram(flows[_i]);
	part(1, 0, 800);
	ct_test_cut(&w.p, &whole, (struct ct_test_part){ 1, 800, 8 });
	w.p.len -= 8;
	if (_i)
		w.p.bytes[5] = 8;
	else
		w.p.bytes[3] = V4;
	ck_assert_int_eq(ct_test_frag(&w, &w.p, &last, &sent), CT_DROP);
	ck_assert_int_eq(last.reason, CT_R_FRAG_LENGTH);
	ck_assert_uint_eq(waiting(), (uint64_t)_i);
}
END_TEST

START_TEST(ping_of_death_is_dropped)
{
	static uint8_t big[20 + 65000];
	struct ct_test_sent none = { 0 };
	struct ct_pkt pkt = { .data = big, .len = sizeof(big), .l3 = 4 };

	/* 65000 bytes, and 600 more */
	datagram(flows[0]);
	ct_test_cut(&w.p, &whole, (struct ct_test_part){ 1, 0, 800 });
	memcpy(big, w.p.bytes, V4);
	big[2] = (uint8_t)(sizeof(big) >> 8);
	big[3] = (uint8_t)sizeof(big);
	ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_PREROUTING),
			 CT_STOLEN);
	ct_test_cut(&w.p, &whole, (struct ct_test_part){ 1, 0, 600 });
	resize_v4(V4 + 600, 65000 / 8);
	ck_assert_int_eq(ct_test_frag(&w, &w.p, &last, &none), CT_DROP);
	ck_assert_int_eq(last.reason, CT_R_FRAG_TOO_LARGE);
	ck_assert_uint_eq(waiting(), 0);
}
END_TEST

START_TEST(ipv6_beyond_64k_is_dropped_at_once)
{
	datagram(flows[1]);
	ct_test_cut(&w.p, &whole, (struct ct_test_part){ 1, 0, 40 });
	w.p.bytes[V6 + 2] = 0xff;
	w.p.bytes[V6 + 3] = 0xf8;
	ck_assert_int_eq(ct_test_frag(&w, &w.p, &last, &sent), CT_DROP);
	ck_assert_int_eq(last.reason, CT_R_FRAG_TOO_LARGE);
}
END_TEST

START_TEST(zones_do_not_share_datagrams)
{
	datagram(flows[_i]);
	part(1, 0, 800);
	ct_test_cut(&w.p, &whole, (struct ct_test_part){ 1, 800, 0 });
	last = ct_test_pkt(&w.p);
	last.zone = 5;
	ck_assert_int_eq(ct_process(w.thr, &last, CT_HOOK_PREROUTING),
			 CT_STOLEN);
	ck_assert_uint_eq(waiting(), 2);
}
END_TEST

START_TEST(the_sum_of_the_whole_is_verified)
{
	datagram(flows[_i]);
	part(1, 0, 800);
	whole.bytes[whole.len - 1] ^= 1;
	ck_assert_int_eq(part(1, 800, 0), CT_ACCEPT);
	ck_assert_int_eq(last.state, CT_INVALID);
	ck_assert_int_eq(last.reason, CT_R_L4_CHECKSUM);
	/* it is forwarded like any invalid packet: in pieces */
	ck_assert_uint_eq(sent.n, 2);
}
END_TEST

START_TEST(rfc6946_an_atomic_fragment_is_alone_if_told_so)
{
	datagram(flows[1]);
	ct_test_cut(&w.p, &whole, (struct ct_test_part){ 1, 0, 0 });
	ck_assert_int_eq(ct_test_frag(&w, &w.p, &last, &sent), CT_ACCEPT);
	ck_assert_int_eq(last.state, CT_NEW);
	/* Linux takes its fragment header off */
	ck_assert_uint_eq(sent.p[0].len, whole.len);
	ck_assert_mem_eq(sent.p[0].bytes, whole.bytes, whole.len);
	ck_assert_int_eq(ct_param_set(w.tbl, "frag.atomic_joins", 0), 0);
	sent.n = 0;
	part(1, 0, 800);
	ck_assert_int_eq(part(1, 0, 0), CT_ACCEPT);
	ck_assert_uint_eq(sent.n, 1);
	ck_assert_mem_eq(sent.p[0].bytes, w.p.bytes, w.p.len);
	ck_assert_uint_eq(waiting(), 1);
}
END_TEST

START_TEST(an_atomic_fragment_dies_with_the_others)
{
	datagram(flows[1]);
	part(1, 0, 800);
	ck_assert_int_eq(part(1, 0, 0), CT_DROP);
	ck_assert_int_eq(last.reason, CT_R_FRAG_OVERLAP);
	ck_assert_uint_eq(waiting(), 0);
}
END_TEST

START_TEST(rfc3168_a_mixture_of_ecn_is_dropped)
{
	datagram(flows[_i]);
	part(1, 0, 800);
	ct_test_cut(&w.p, &whole, (struct ct_test_part){ 1, 800, 0 });
	w.p.bytes[1] |= _i ? 0x30 : 3; /* CE beside not-ECT */
	ck_assert_int_eq(ct_test_frag(&w, &w.p, &last, &sent), CT_DROP);
	ck_assert_int_eq(last.reason, CT_R_FRAG_ECN);
}
END_TEST

START_TEST(congestion_is_told_on)
{
	datagram(flows[_i]);
	whole.bytes[1] |= _i ? 0x20 : 2; /* ECT(0) */
	part(1, 0, 800);
	ct_test_cut(&w.p, &whole, (struct ct_test_part){ 1, 800, 0 });
	w.p.bytes[1] |= _i ? 0x30 : 3;
	ck_assert_int_eq(ct_test_frag(&w, &w.p, &last, &sent), CT_ACCEPT);
	for (uint32_t i = 0; i < 2; i++)
		ck_assert_uint_eq(sent.p[i].bytes[1] & (_i ? 0x30 : 3),
				  _i ? 0x30 : 3);
}
END_TEST

START_TEST(df_is_kept)
{
	datagram(flows[0]);
	for (uint32_t off = 0; off < WHOLE; off += 1000) {
		ct_test_cut(&w.p, &whole,
			    (struct ct_test_part){ 1, off, 1000 });
		w.p.bytes[6] |= 0x40;
		ct_test_frag(&w, &w.p, &last, &sent);
	}
	ck_assert_uint_eq(sent.n, 2);
	ck_assert_uint_eq(sent.p[0].bytes[6], 0x60);
	ck_assert_uint_eq(sent.p[1].bytes[6] & 0xe0, 0x40);
}
END_TEST

START_TEST(options_that_are_not_copied_leave_with_the_first)
{
	static const uint8_t options[8] = { 7, 3, 4, 0x94, 4, 0, 0, 0 };
	uint8_t *hdr = w.p.bytes;

	datagram(flows[0]);
	for (uint32_t off = 0; off < WHOLE; off += 1000) {
		ct_test_cut(&w.p, &whole,
			    (struct ct_test_part){ 1, off, 1000 });
		memmove(hdr + V4 + 8, hdr + V4, w.p.len - V4);
		memcpy(hdr + V4, options, sizeof(options));
		w.p.len += 8;
		hdr[0] = 0x47;
		hdr[2] = (uint8_t)(w.p.len >> 8);
		hdr[3] = (uint8_t)w.p.len;
		ct_test_frag(&w, &w.p, &last, &sent);
	}
	ck_assert_int_eq(last.state, CT_NEW);
	ck_assert_uint_eq(sent.n, 2);
	ck_assert_mem_eq(sent.p[0].bytes + V4, options, sizeof(options));
	ck_assert_uint_eq(sent.p[1].bytes[V4], 1); /* record route: no-op */
	ck_assert_uint_eq(sent.p[1].bytes[V4 + 3], 0x94);
}
END_TEST

START_TEST(off_is_off)
{
	ck_assert_int_eq(ct_param_set(w.tbl, "frag.mode", 0), 0);
	datagram(flows[_i]);
	ck_assert_int_eq(part(1, 0, 800), CT_ACCEPT);
	ck_assert_int_eq(last.state, CT_INVALID);
	ck_assert_int_eq(last.reason, CT_R_IP_FRAGMENT);
	ck_assert_uint_eq(sent.n, 1);
}
END_TEST

START_TEST(stolen_stays_stolen)
{
	datagram(flows[_i]);
	part(1, 0, 800);
	ck_assert_int_eq(ct_process(w.thr, &last, CT_HOOK_FORWARD), CT_STOLEN);
	ck_assert_uint_eq(waiting(), 1);
}
END_TEST

START_TEST(untracked_fragments_are_left_alone)
{
	datagram(flows[_i]);
	ct_test_cut(&w.p, &whole, (struct ct_test_part){ 1, 0, 800 });
	last = ct_test_pkt(&w.p);
	last.flags = CT_PKT_UNTRACKED;
	ck_assert_int_eq(ct_process(w.thr, &last, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(last.state, CT_UNTRACKED);
	ck_assert_uint_eq(waiting(), 0);
}
END_TEST

/* A policy is chosen by ports, which only the whole has. */
START_TEST(a_host_may_gather_first)
{
	datagram(flows[_i]);
	ct_test_cut(&w.p, &whole, (struct ct_test_part){ 1, 0, 800 });
	last = ct_test_pkt(&w.p);
	ck_assert_int_eq(ct_frag_gather(w.thr, &last), CT_STOLEN);
	ct_test_cut(&w.p, &whole, (struct ct_test_part){ 1, 800, 0 });
	last = ct_test_pkt(&w.p);
	ck_assert_int_eq(ct_frag_gather(w.thr, &last), CT_ACCEPT);
	ck_assert_uint_eq(last.len, whole.len);
	ck_assert_int_eq(ct_frag_gather(w.thr, &last), CT_ACCEPT);
	ck_assert_int_eq(ct_process(w.thr, &last, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(last.state, CT_NEW);
	ck_assert_int_eq(ct_confirm(w.thr, &last), CT_ACCEPT);
	ct_test_send(&w, &last, &sent);
	assert_left_whole(2);
}
END_TEST

/* Without ct_host.pull, which fails: what is not there cannot be kept. */
START_TEST(bytes_elsewhere_cannot_be_held)
{
	datagram(flows[_i]);
	ct_test_cut(&w.p, &whole, (struct ct_test_part){ 1, 0, 800 });
	last = ct_test_pkt(&w.p);
	last.frame_len = last.len;
	last.len = 100;
	ck_assert_int_eq(ct_process(w.thr, &last, CT_HOOK_PREROUTING), CT_DROP);
	ck_assert_int_eq(last.reason, CT_R_FRAG_CUT);
}
END_TEST

START_TEST(a_burst_does_as_single_verbs_do)
{
	static struct ct_test_packet p[6];
	struct ct_pkt pkt[6];
	struct ct_pkt *pkts[6];
	enum ct_verdict verdicts[6];

	datagram(flows[_i]);
	for (uint32_t i = 0; i < 6; i++) {
		uint32_t at = i / 2;

		ct_test_cut(&p[i], &whole,
			    (struct ct_test_part){ i % 2, at * 800,
						   at == 2 ? 0 : 800 });
		pkt[i] = ct_test_pkt(&p[i]);
		pkts[i] = &pkt[i];
	}
	ct_forward_burst(w.thr, pkts, 6, NULL, verdicts);
	for (uint32_t i = 0; i < 6; i++)
		ck_assert_int_eq(verdicts[i], i < 4 ? CT_STOLEN : CT_ACCEPT);
	ck_assert_int_eq(pkt[4].state, CT_NEW);
	ck_assert_ptr_eq(pkt[4].conn, pkt[5].conn);
	for (uint32_t i = 4; i < 6; i++) {
		ct_test_send(&w, &pkt[i], &sent);
		ck_assert_uint_eq(sent.n, 3);
		assert_left_whole(3);
	}
}
END_TEST

/* A router on the way says something about a piece that left. */
static struct ct_pkt complain(unsigned family, uint32_t off)
{
	struct ct_test_flow from = *flows[family];
	struct ct_test_packet piece;
	struct ct_test_icmp error = { .type = family ? 1 : 3,
				      .rest = piece.bytes,
				      .rest_len = 200 };

	memcpy(from.dst, flows[family]->src, sizeof(from.dst));
	memset(from.src, 0x22, sizeof(from.src));
	ct_test_cut(&piece, &whole,
		    (struct ct_test_part){ 1, off, off ? 0 : 800 });
	ct_test_icmp(&w.p, &from, CT_DIR_ORIG, &error);
	ct_test_frag(&w, &w.p, &last, &sent);
	return last;
}

START_TEST(an_error_about_the_first_piece_is_related)
{
	datagram(flows[_i]);
	part(1, 0, 800);
	part(1, 800, 0);
	ck_assert_int_eq(complain((unsigned)_i, 0).state, CT_RELATED);
	/* a later one has no ports */
	ck_assert_int_eq(complain((unsigned)_i, 800).state, CT_INVALID);
	ck_assert_int_eq(last.reason, CT_R_ICMP_QUOTE_FRAGMENT);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("frag flow");
	TCase *tc = tcase_create("frag");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, pieces_are_held_and_leave_as_they_came, 0, 2);
	tcase_add_loop_test(tc, any_order_will_do, 0, 2);
	tcase_add_loop_test(tc, what_is_no_fragment_is_sent_once, 0, 2);
	tcase_add_loop_test(tc, a_duplicate_is_dropped_and_does_no_harm, 0, 2);
	tcase_add_loop_test(tc, rfc5722_an_overlap_ends_the_datagram, 0, 2);
	tcase_add_loop_test(tc, an_overlap_of_a_later_piece_ends_it_too, 0, 2);
	tcase_add_loop_test(tc, two_ends_contradict_each_other, 0, 2);
	tcase_add_loop_test(tc, eight_bytes_are_a_piece, 0, 2);
	tcase_add_loop_test(tc, rfc1858_tiny_fragments_hide_no_flags, 0, 2);
	tcase_add_loop_test(
		tc, an_empty_fragment_ends_ipv4_and_is_ignored_by_ipv6, 0, 2);
	tcase_add_loop_test(tc, ping_of_death_is_dropped, 0, 2);
	tcase_add_loop_test(tc, ipv6_beyond_64k_is_dropped_at_once, 0, 2);
	tcase_add_loop_test(tc, zones_do_not_share_datagrams, 0, 2);
	tcase_add_loop_test(tc, the_sum_of_the_whole_is_verified, 0, 2);
	tcase_add_loop_test(tc, rfc6946_an_atomic_fragment_is_alone_if_told_so,
			    0, 2);
	tcase_add_loop_test(tc, an_atomic_fragment_dies_with_the_others, 0, 2);
	tcase_add_loop_test(tc, rfc3168_a_mixture_of_ecn_is_dropped, 0, 2);
	tcase_add_loop_test(tc, congestion_is_told_on, 0, 2);
	tcase_add_loop_test(tc, df_is_kept, 0, 2);
	tcase_add_loop_test(
		tc, options_that_are_not_copied_leave_with_the_first, 0, 2);
	tcase_add_loop_test(tc, off_is_off, 0, 2);
	tcase_add_loop_test(tc, stolen_stays_stolen, 0, 2);
	tcase_add_loop_test(tc, untracked_fragments_are_left_alone, 0, 2);
	tcase_add_loop_test(tc, a_host_may_gather_first, 0, 2);
	tcase_add_loop_test(tc, bytes_elsewhere_cannot_be_held, 0, 2);
	tcase_add_loop_test(tc, a_burst_does_as_single_verbs_do, 0, 2);
	tcase_add_loop_test(tc, an_error_about_the_first_piece_is_related, 0,
			    2);
	suite_add_tcase(suite, tc);
	return suite;
}
