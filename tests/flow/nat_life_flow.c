/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lives of translated connections, as another implementation tests them
 * (VPP, test/test_nat44_ed.py): who closes, reopens and retransmits what.  It
 * is strict, so tcp.loose is 0 here; its transitory timer is five seconds.
 */
#include "pool.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { MAX_CONNS = 1024, TRANSITORY = 5, IP = 20 };
enum { FIN = CT_TEST_FIN | CT_TEST_ACK, SYN_ACK = CT_TEST_SYN | CT_TEST_ACK };
enum { PSH = CT_TEST_PSH | CT_TEST_ACK };

static struct ct_world w;
static struct ct_nat_pool *pool;
static struct ct_test_flow outside; /* the connection, as O sees it */

static void setup(void)
{
	static const char *const transitory[] = {
		"tcp.timeout.fin_wait", "tcp.timeout.close_wait",
		"tcp.timeout.last_ack", "tcp.timeout.time_wait",
		"tcp.timeout.close",    "tcp.timeout.syn_sent",
		"tcp.timeout.syn_recv",
	};
	struct ct_nat_pool_config cfg = ct_pool_config();

	ct_world_start(&w, MAX_CONNS);
	for (unsigned i = 0; i < sizeof(transitory) / sizeof(char *); i++)
		ck_assert_int_eq(ct_param_set(w.tbl, transitory[i], TRANSITORY),
				 0);
	ck_assert_int_eq(ct_param_set(w.tbl, "tcp.loose", 0), 0);
	pool = ct_pool_new(&w, &cfg, 1);
}

static void teardown(void)
{
	ct_world_audit(&w);
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_end(&w);
}

enum who { I, O };

/* => Whether it passes: what is invalid the host drops. */
static bool say(enum who who, uint8_t flags, uint32_t seq, uint32_t ack)
{
	const struct ct_test_segment seg = { .flags = flags,
					     .win = 1000,
					     .seq = seq,
					     .ack = ack,
					     .len = flags & CT_TEST_PSH ? 10
									: 0 };
	struct ct_pkt pkt;

	if (who == I)
		ct_test_tcp(&w.p, &ct_test_flow4, CT_DIR_ORIG, &seg);
	else
		ct_test_tcp(&w.p, &outside, CT_DIR_REPLY, &seg);
	pkt = ct_test_pkt(&w.p);
	if (ct_pool_step(&w, &pkt, pool) || pkt.state == CT_INVALID) {
		ct_abandon(w.thr, &pkt);
		return false;
	}
	if (who == I)
		outside = ct_pool_flow(&w.p);
	return ct_confirm(w.thr, &pkt) == CT_ACCEPT;
}

static void passes(enum who who, uint8_t flags, uint32_t seq, uint32_t ack)
{
	ck_assert(say(who, flags, seq, ack));
}

/* I's next byte is 100, O's 300. */
static void establish(void)
{
	passes(I, CT_TEST_SYN, 99, 0);
	passes(O, SYN_ACK, 299, 100);
	passes(I, CT_TEST_ACK, 100, 300);
}

static void later(unsigned seconds)
{
	ct_world_wait(&w, seconds * CT_WORLD_S);
	ct_world_settle(&w);
	ct_world_settle(&w);
}

static void is_gone(void)
{
	ck_assert(!say(I, CT_TEST_ACK, 101, 301));
	ck_assert(!say(O, CT_TEST_ACK, 301, 101));
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	ck_assert_uint_eq(ct_pool_gauge(pool, 1, 6).mappings, 0);
}

static void close_from(enum who first)
{
	enum who second = first == I ? O : I;
	uint32_t a = first == I ? 100 : 300, b = first == I ? 300 : 100;

	establish();
	passes(first, FIN, a, b);
	passes(second, CT_TEST_ACK, b, a + 1);
	passes(second, FIN, b, a + 1);
	passes(first, CT_TEST_ACK, a + 1, b + 1);
	/* Retransmitted. */
	passes(second, FIN, b, a + 1);
	passes(first, CT_TEST_ACK, a + 1, b + 1);
}

START_TEST(session_close_in)
{
	close_from(I);
	later(TRANSITORY + 1);
	is_gone();
}
END_TEST

START_TEST(session_close_out)
{
	close_from(O);
	later(TRANSITORY + 1);
	is_gone();
}
END_TEST

START_TEST(session_close_simultaneous)
{
	establish();
	passes(I, FIN, 100, 300);
	passes(O, FIN, 300, 100);
	passes(I, CT_TEST_ACK, 101, 301);
	passes(O, CT_TEST_ACK, 301, 101);
	passes(I, FIN, 100, 301);
	passes(O, FIN, 300, 101);
	later(TRANSITORY + 1);
	is_gone();
}
END_TEST

START_TEST(session_half_reopen_inside)
{
	close_from(I);
	passes(I, CT_TEST_SYN, 101, 0);
	later(TRANSITORY + 1);
	is_gone();
}
END_TEST

START_TEST(session_half_reopen_outside)
{
	close_from(O);
	say(O, CT_TEST_SYN, 301, 0);
	later(TRANSITORY + 1);
	is_gone();
}
END_TEST

START_TEST(session_reopen)
{
	close_from(I);
	passes(I, CT_TEST_SYN, 101, 0);
	passes(O, SYN_ACK, 301, 102);
	passes(I, CT_TEST_ACK, 102, 302);
	later(TRANSITORY + 1);
	passes(O, PSH, 302, 102);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

START_TEST(session_rst_timeout)
{
	establish();
	passes(O, CT_TEST_RST | CT_TEST_ACK, 300, 100);
	later(TRANSITORY + 1);
	ck_assert(!say(I, PSH, 100, 300));
	is_gone();
	establish();
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

START_TEST(session_open_retransmit1)
{
	passes(I, CT_TEST_SYN, 99, 0);
	passes(O, SYN_ACK, 299, 100);
	passes(O, SYN_ACK, 299, 100);
	passes(I, CT_TEST_ACK, 100, 300);
	later(TRANSITORY + 1);
	passes(I, PSH, 100, 300);
}
END_TEST

START_TEST(session_open_retransmit2)
{
	establish();
	passes(I, PSH, 100, 300);
	say(O, SYN_ACK, 299, 100);
	passes(I, CT_TEST_ACK, 110, 300);
	passes(I, PSH, 110, 300);
	passes(O, CT_TEST_ACK, 300, 120);
	later(TRANSITORY + 1);
	passes(I, PSH, 120, 300);
}
END_TEST

START_TEST(dynamic_edge_ports)
{
	static const uint16_t ports[] = { 0, 1, 1023, 1024, 65535 };

	for (unsigned i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		struct ct_test_flow flow = ct_pool_client(1, ports[i]);
		struct ct_test_flow out = ct_pool_out(&w, &flow, pool);

		ck_assert_uint_ge(out.sport, 1024);
		ck_assert_int_eq(ct_pool_in(&w, &out, pool), 0);
		ck_assert_uint_eq(ct_pool_flow(&w.p).dport, ports[i]);
	}
}
END_TEST

/* More flows of one host to one server than an address has ports. */
START_TEST(dynamic_ports_exhausted)
{
	enum { FROM = 1024, PORTS = 65536 - FROM, MORE = 100 };
	static uint8_t used[65536];
	struct ct_world saved = w;
	struct ct_nat_pool_config cfg = ct_pool_config();

	ct_world_start(&w, PORTS + MORE);
	pool = ct_pool_new(&w, &cfg, 1);
	memset(used, 0, sizeof(used));
	for (uint32_t i = 0; i < PORTS; i++) {
		struct ct_test_flow flow =
			ct_pool_client(1 + i / 60000, (uint16_t)(i % 60000));
		uint16_t port = ct_pool_out(&w, &flow, pool).sport;

		ck_assert_uint_ge(port, FROM);
		ck_assert_uint_eq(used[port]++, 0);
	}
	for (uint16_t i = 0; i < MORE; i++) {
		struct ct_test_flow flow = ct_pool_client(9, i);

		ct_pool_refused(&w, &flow, pool, CT_E_FULL);
	}
	ck_assert_uint_eq(ct_world_count(&w, CT_R_NAT_EXHAUSTED), MORE);
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_end(&w);
	w = saved;
}
END_TEST

/* About a datagram, a segment and a ping that have left. */
START_TEST(icmp_error)
{
	static const struct ct_test_icmp echo = { 8, 0, 7, "abcd", 4 };
	static const struct ct_test_segment syn = { .flags = CT_TEST_SYN };
	struct ct_test_flow from = { .l3 = CT_L3_IPV4,
				     .src = { 198, 51, 100, 5 } };
	struct ct_test_icmp error = { 3, 3, 0, NULL, IP + 8 };
	struct ct_test_packet before, left;

	if (_i == 0)
		ct_test_udp(&w.p, &ct_test_flow4, CT_DIR_ORIG, 20);
	else if (_i == 1)
		ct_test_tcp(&w.p, &ct_test_flow4, CT_DIR_ORIG, &syn);
	else
		ct_test_icmp(&w.p, &ct_test_flow4, CT_DIR_ORIG, &echo);
	before = w.p;
	ct_pool_pass(&w, &w.p, pool);
	left = w.p;
	error.rest = left.bytes;
	memcpy(from.dst, left.bytes + 12, 4);
	ct_test_icmp(&w.p, &from, CT_DIR_ORIG, &error);
	ck_assert_int_eq(ct_pool_pass(&w, &w.p, pool).state, CT_RELATED);
	ct_nat_sums_right(&w.p);
	ck_assert_mem_eq(w.p.bytes + 16, before.bytes + 12, 4);
	ck_assert_mem_eq(w.p.bytes + IP + 8, before.bytes, IP + 8);
}
END_TEST

/* An error about what is not translated is not touched. */
START_TEST(icmp_error_fwd_outbound)
{
	struct ct_test_flow from = { .l3 = CT_L3_IPV4,
				     .src = { 192, 0, 2, 99 } };
	struct ct_test_icmp error = { 11, 0, 0, NULL, IP + 8 };
	struct ct_test_packet left, before;

	ct_world_udp(&w, &ct_test_flow4, CT_DIR_ORIG);
	left = w.p;
	error.rest = left.bytes;
	memcpy(from.dst, left.bytes + 12, 4);
	ct_test_icmp(&w.p, &from, CT_DIR_ORIG, &error);
	before = w.p;
	ck_assert_int_eq(ct_pool_pass(&w, &w.p, pool).state, CT_RELATED);
	ck_assert_mem_eq(w.p.bytes, before.bytes, before.len);
}
END_TEST

/* A short frame is padded behind the packet's end. */
START_TEST(icmp_echo_reply_trailer)
{
	struct ct_test_icmp echo = { 8, 0, 7, "ab", 2 };
	struct ct_test_packet answer;
	struct ct_test_flow out;
	struct ct_pkt pkt;

	ct_test_icmp(&w.p, &ct_test_flow4, CT_DIR_ORIG, &echo);
	ct_pool_pass(&w, &w.p, pool);
	out = ct_test_flow4;
	memcpy(out.src, w.p.bytes + 12, 4);
	echo.type = 0;
	echo.id = ct_nat_u16(&w.p, IP + 4);
	ct_test_icmp(&answer, &out, CT_DIR_REPLY, &echo);
	memset(answer.bytes + answer.len, 0xa5, 16);
	pkt = ct_test_pkt(&answer);
	pkt.len += 16;
	ck_assert_int_eq(ct_pool_step(&w, &pkt, pool), 0);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ct_nat_sums_right(&answer);
	ck_assert_mem_eq(answer.bytes + 16, ct_test_flow4.src, 4);
	ck_assert_uint_eq(ct_nat_u16(&answer, IP + 4), 7);
	ck_assert_uint_eq(answer.bytes[answer.len], 0xa5);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("nat life flow");
	TCase *tc = tcase_create("nat life");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, session_close_in);
	tcase_add_test(tc, session_close_out);
	tcase_add_test(tc, session_close_simultaneous);
	tcase_add_test(tc, session_half_reopen_inside);
	tcase_add_test(tc, session_half_reopen_outside);
	tcase_add_test(tc, session_reopen);
	tcase_add_test(tc, session_rst_timeout);
	tcase_add_test(tc, session_open_retransmit1);
	tcase_add_test(tc, session_open_retransmit2);
	tcase_add_test(tc, dynamic_edge_ports);
	tcase_add_test(tc, dynamic_ports_exhausted);
	tcase_add_loop_test(tc, icmp_error, 0, 3);
	tcase_add_test(tc, icmp_error_fwd_outbound);
	tcase_add_test(tc, icmp_echo_reply_trailer);
	suite_add_tcase(suite, tc);
	return suite;
}
