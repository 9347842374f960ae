/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What bounds full reassembly: time, memory, numbers; and what is said of a
 * datagram that was given up.
 */
#include "frag.h"
#include "suite.h"

#include <string.h>

enum { V4 = 20, V6 = 40, PAYLOAD = 1992 };

static struct ct_world w;
static struct ct_test_packet whole;
static struct ct_test_sent sent;
static struct ct_pkt last;
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

START_TEST(a_lone_piece_waits_for_its_time)
{
	uint64_t left = _i ? 60 : 30;

	datagram(flows[_i]);
	part(1, 0, 800);
	ck_assert_uint_eq(ct_next_expiry(w.tbl), w.now_ns + left * CT_WORLD_S);
	ct_world_wait(&w, left * CT_WORLD_S - CT_WORLD_S / 2);
	ck_assert_uint_eq(waiting(), 1);
	ct_world_wait(&w, CT_WORLD_S);
	ck_assert_uint_eq(waiting(), 0);
	ck_assert_int_eq(part(1, 800, 0), CT_STOLEN);
}
END_TEST

/* Nobody polled meanwhile. */
START_TEST(what_is_too_old_is_not_found)
{
	datagram(flows[_i]);
	ck_assert_int_eq(ct_param_set(w.tbl, "nf_conntrack_frag6_timeout", 1),
			 0);
	ck_assert_int_eq(ct_param_set(w.tbl, "net.ipv4.ipfrag_time", 1), 0);
	for (uint32_t id = 0; id < 100; id++)
		part(id, 0, 800);
	ct_world_wait(&w, 2 * CT_WORLD_S); /* ends 64 */
	ck_assert_uint_eq(waiting(), 36);
	ck_assert_int_eq(part(99, 800, 0), CT_STOLEN);
	ct_world_wait(&w, 0);
	ck_assert_uint_eq(waiting(), 1);
}
END_TEST

START_TEST(the_sender_is_told_if_the_first_piece_came)
{
	static const union ct_addr own = { .bytes = { 0xfe, 0x80, 1, 2 } };
	uint8_t error[CT_FRAG_ERROR_MAX];
	struct ct_pkt first;
	int len;

	ck_assert_int_eq(ct_param_set(w.tbl, "frag.time_exceeded", 2), 0);
	datagram(flows[_i]);
	part(1, 0, 800);
	part(2, 800, 400);
	ct_world_wait(&w, 61 * CT_WORLD_S);
	ck_assert(ct_frag_expired(w.thr, &first));
	ct_test_cut(&w.p, &whole, (struct ct_test_part){ 1, 0, 800 });
	ck_assert_uint_eq(first.len, w.p.len);
	ck_assert_mem_eq(first.data, w.p.bytes, first.len);
	ck_assert_int_eq(ct_frag_time_exceeded(&first, &own, error, 100),
			 CT_E_NOSPC);
	len = ct_frag_time_exceeded(&first, &own, error, sizeof(error));
	ck_assert_int_eq(len, _i ? V6 + 8 + V6 + 8 + 800 : 576);
	ck_assert_uint_eq(error[_i ? V6 : V4], _i ? 3 : 11);
	ck_assert_uint_eq(error[_i ? V6 + 1 : V4 + 1], 1);
	memset(&w.p, 0, sizeof(w.p));
	memcpy(w.p.bytes, error, (size_t)len);
	w.p.len = (uint32_t)len;
	w.p.l3 = flows[_i]->l3;
	w.p.l4 = _i ? 58 : 1;
	ct_test_sum(&w.p);
	ck_assert_mem_eq(w.p.bytes, error, (size_t)len);
	ck_assert(!ct_frag_expired(w.thr, &first));
}
END_TEST

START_TEST(what_does_not_fit_takes_from_who_holds_most)
{
	struct ct_test_flow other = ct_test_flow4;

	ck_assert_int_eq(ct_param_set(w.tbl, "frag.memory.ipv4", 100000), 0);
	datagram(&ct_test_flow4);
	ck_assert_int_eq(part(1, 0, 800), CT_STOLEN);
	other.src[3] = 99;
	ct_test_udp(&whole, &other, CT_DIR_ORIG, PAYLOAD);
	for (uint32_t id = 0; id < 1000; id++)
		ck_assert_int_eq(part(id, 0, 800), CT_STOLEN);
	ck_assert_uint_lt(waiting(), 100);
	/* the flood was not at the cost of the other sender */
	datagram(&ct_test_flow4);
	ck_assert_int_eq(part(1, 800, 0), CT_ACCEPT);
}
END_TEST

START_TEST(memory_of_none_holds_none)
{
	ck_assert_int_eq(ct_param_set(w.tbl, "frag.memory.ipv4", 0), 0);
	datagram(&ct_test_flow4);
	ck_assert_int_eq(part(1, 0, 800), CT_DROP);
	ck_assert_int_eq(last.reason, CT_R_FRAG_LIMIT);
	ck_assert_uint_eq(waiting(), 0);
}
END_TEST

START_TEST(datagrams_are_limited_in_number)
{
	ck_assert_int_eq(ct_param_set(w.tbl, "frag.datagrams", 10), 0);
	datagram(flows[_i]);
	for (uint32_t id = 0; id < 50; id++)
		part(id, 0, 800);
	ck_assert_uint_eq(waiting(), 10);
	ck_assert_int_eq(part(49, 800, 0), CT_ACCEPT);
}
END_TEST

START_TEST(too_many_pieces_end_a_datagram)
{
	ck_assert_int_eq(ct_param_set(w.tbl, "frag.pieces", 4), 0);
	datagram(flows[_i]);
	for (uint32_t i = 0; i < 4; i++)
		ck_assert_int_eq(part(1, i * 8, 8), CT_STOLEN);
	ck_assert_int_eq(part(1, 32, 8), CT_DROP);
	ck_assert_int_eq(last.reason, CT_R_FRAG_LIMIT);
	ck_assert_uint_eq(waiting(), 0);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("frag bounds flow");
	TCase *tc = tcase_create("frag bounds");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_lone_piece_waits_for_its_time, 0, 2);
	tcase_add_loop_test(tc, what_is_too_old_is_not_found, 0, 2);
	tcase_add_loop_test(tc, the_sender_is_told_if_the_first_piece_came, 0,
			    2);
	tcase_add_loop_test(tc, what_does_not_fit_takes_from_who_holds_most, 0,
			    2);
	tcase_add_loop_test(tc, memory_of_none_holds_none, 0, 2);
	tcase_add_loop_test(tc, datagrams_are_limited_in_number, 0, 2);
	tcase_add_loop_test(tc, too_many_pieces_end_a_datagram, 0, 2);
	suite_add_tcase(suite, tc);
	return suite;
}
