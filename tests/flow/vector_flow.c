/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conversations that another implementation tests, number by number (Open
 * vSwitch, tests/ofproto-dpif.at): ports that are used again, a pick-up in the
 * middle, sequence checks that are switched off.  Each as it is, and behind a
 * router that hides the client.  The sums of errors are in nat_error_flow.c.
 */
#include "nat.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { SYN = CT_TEST_SYN, ACK = CT_TEST_ACK };
enum { SYN_ACK = SYN | ACK, PSH = CT_TEST_PSH | ACK, FIN = CT_TEST_FIN | ACK };
enum { WINDOW = 0x7210 };

static struct ct_world w;
static struct ct_test_flow inside, outside;
static struct ct_nat_range to;
static struct ct_test_rules rules;
static unsigned n_new, n_invalid, n_passed;

/* hidden: 10.1.1.1 leaves as 203.0.113.1. */
static void start(bool hidden, uint16_t client, uint16_t server)
{
	static const uint8_t from[4] = { 10, 1, 1, 1 }, at[4] = { 10, 1, 1, 2 };

	inside = (struct ct_test_flow){ .l3 = CT_L3_IPV4,
					.sport = client,
					.dport = server };
	memcpy(inside.src, from, 4);
	memcpy(inside.dst, at, 4);
	outside = inside;
	to = ct_nat_to(0xcb007101);
	rules = (struct ct_test_rules){ .src = hidden ? &to : NULL };
	if (hidden)
		memcpy(outside.src, &to.min_addr, 4);
	n_new = n_invalid = n_passed = 0;
}

static void setup(void)
{
	ct_world_start(&w, 64);
}

static void teardown(void)
{
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_end(&w);
}

/* A packet of the client's or of the server's, and what became of it. */
static void say(enum ct_dir who, struct ct_test_segment seg)
{
	struct ct_test_packet p;
	struct ct_pkt pkt;

	ct_test_tcp(&p, who == CT_DIR_ORIG ? &inside : &outside, who, &seg);
	pkt = ct_nat_pass(&w, &p, &rules);
	n_new += pkt.state == CT_NEW;
	n_invalid += pkt.state == CT_INVALID;
	n_passed += who == CT_DIR_REPLY && pkt.state == CT_ESTABLISHED;
	if (pkt.state != CT_INVALID)
		ct_nat_sums_right(&p);
}

static struct ct_test_segment seg(uint8_t flags, uint32_t seq, uint32_t ack,
				  uint32_t len)
{
	return (struct ct_test_segment){ .flags = flags,
					 .win = WINDOW,
					 .seq = seq,
					 .ack = ack,
					 .len = len };
}

/* From the handshake to the last ACK; broken: the server's data have no
 * numbers. */
static void session(uint32_t client, uint32_t server, bool broken)
{
	static const uint8_t mss[4] = { 2, 4, 1460 >> 8, 1460 & 0xff };
	struct ct_test_segment syn = seg(SYN, client, 0, 0);

	syn.options = mss;
	syn.options_len = sizeof(mss);
	say(CT_DIR_ORIG, syn);
	say(CT_DIR_REPLY, seg(SYN_ACK, server, client + 1, 0));
	say(CT_DIR_ORIG, seg(ACK, client + 1, server + 1, 0));
	say(CT_DIR_REPLY,
	    broken ? seg(PSH, 0, 0, 8) : seg(PSH, server + 1, client + 1, 8));
	say(CT_DIR_ORIG, seg(ACK, client + 1, server + 9, 0));
	say(CT_DIR_REPLY, seg(FIN, server + 9, client + 1, 0));
	say(CT_DIR_ORIG, seg(ACK, client + 1, server + 10, 0));
	say(CT_DIR_ORIG, seg(FIN, client + 1, server + 10, 0));
	say(CT_DIR_REPLY, seg(ACK, server + 10, client + 2, 0));
}

START_TEST(tcp_port_reuse)
{
	start(_i, 1, 2);
	session(0x59b5d93f, 0x7c354684, false);
	ck_assert_uint_eq(n_new, 1);
	session(0x5b7dbf1f, 0x7c36468f, false);
	ck_assert_uint_eq(n_new, 2);
	ck_assert_uint_eq(n_invalid, 0);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

/* The window that was seen is small: without the handshake nobody knows its
 * scale. */
START_TEST(tcp_pick_up)
{
	const uint32_t client = 0x396bb35a, server = 0x8cadbdb4;
	struct ct_test_segment s;

	start(_i, 2, 1);
	s = seg(ACK, client, server, 0);
	s.win = 10;
	say(CT_DIR_ORIG, s);
	s = seg(PSH, client, server, 1);
	s.win = 10;
	say(CT_DIR_ORIG, s);
	s = seg(ACK, server, client + 1, 0);
	s.win = 10;
	say(CT_DIR_REPLY, s);
	ck_assert_uint_eq(n_passed, 1);
	s = seg(PSH, client + 1, server, 514);
	s.win = 10;
	say(CT_DIR_ORIG, s);
	say(CT_DIR_REPLY, seg(ACK, server, client + 515, 0));
	say(CT_DIR_REPLY, seg(PSH, server, client + 515, 469));
	say(CT_DIR_ORIG, seg(ACK, client + 515, server + 469, 0));
	say(CT_DIR_ORIG, seg(FIN, client + 515, server + 469, 0));
	say(CT_DIR_REPLY, seg(ACK, server + 469, client + 516, 0));
	say(CT_DIR_REPLY, seg(FIN, server + 469, client + 516, 0));
	say(CT_DIR_ORIG, seg(ACK, client + 516, server + 470, 0));
	ck_assert_uint_eq(n_invalid, 0);
}
END_TEST

/* What is far below the window passes and is not believed, as in Linux (Open
 * vSwitch drops it); so it is the client's answer that is invalid, once. */
START_TEST(disable_tcp_sequence_checking)
{
	start(_i, 1, 2);
	for (unsigned liberal = 0; liberal < 3; liberal++) {
		uint64_t value;

		n_invalid = 0;
		ck_assert_int_eq(
			ct_param_set(w.tbl, "tcp.be_liberal", liberal % 2), 0);
		ck_assert_int_eq(ct_param_get(w.tbl, "tcp.be_liberal", &value),
				 0);
		ck_assert_uint_eq(value, liberal % 2);
		session(0x59b5d93f, 0x7c354684, true);
		ck_assert_uint_eq(n_invalid, liberal % 2 ? 0 : 1);
		ct_flush(w.thr, NULL);
		ct_world_settle(&w);
	}
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("vector flow");
	TCase *tc = tcase_create("vectors");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, tcp_port_reuse, 0, 2);
	tcase_add_loop_test(tc, tcp_pick_up, 0, 2);
	tcase_add_loop_test(tc, disable_tcp_sequence_checking, 0, 2);
	suite_add_tcase(suite, tc);
	return suite;
}
