/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RFC 5382, NAT behaviour for TCP, and what RFC 7857 changes of it: a test for
 * each requirement that is the library's.  docs/nat.md lists all of them.
 */
#include "pool.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { MAX_CONNS = 1024, IP = 20, WINDOW = 5000 };

static struct ct_world w;
static struct ct_nat_pool *pool;

static void setup(void)
{
	struct ct_nat_pool_config cfg = ct_pool_config();

	ct_world_start(&w, MAX_CONNS);
	/* REQ-5 */
	ck_assert_int_eq(ct_param_set(w.tbl, "tcp.timeout.established", 7440),
			 0);
	ck_assert_int_eq(ct_param_set(w.tbl, "tcp.timeout.syn_sent", 240), 0);
	ck_assert_int_eq(ct_param_set(w.tbl, "tcp.timeout.fin_wait", 240), 0);
	ck_assert_int_eq(ct_param_set(w.tbl, "tcp.timeout.close", 240), 0);
	pool = ct_pool_new(&w, &cfg, 2);
}

static void teardown(void)
{
	ct_world_audit(&w);
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_end(&w);
}

static struct ct_pkt pass_on(const struct ct_test_flow *flow, enum ct_dir dir,
			     uint8_t flags, uint32_t seq, uint32_t ack)
{
	const struct ct_test_segment seg = {
		.flags = flags, .win = WINDOW, .seq = seq, .ack = ack
	};

	ct_test_tcp(&w.p, flow, dir, &seg);
	return ct_pool_pass(&w, &w.p, pool);
}

/* => The flow as the outside sees it; established. */
static struct ct_test_flow connect_to(const struct ct_test_flow *flow)
{
	struct ct_test_flow out;

	pass_on(flow, CT_DIR_ORIG, CT_TEST_SYN, 100, 0);
	out = ct_pool_flow(&w.p);
	pass_on(&out, CT_DIR_REPLY, CT_TEST_SYN | CT_TEST_ACK, 300, 101);
	pass_on(flow, CT_DIR_ORIG, CT_TEST_ACK, 101, 301);
	return out;
}

static int syn_from_outside(struct ct_test_flow out)
{
	const struct ct_test_segment seg = { .flags = CT_TEST_SYN,
					     .win = WINDOW,
					     .seq = 900 };
	struct ct_pkt pkt;
	int error;

	ct_test_tcp(&w.p, &out, CT_DIR_REPLY, &seg);
	pkt = ct_test_pkt(&w.p);
	error = ct_pool_step(&w, &pkt, pool);
	if (error)
		ct_abandon(w.thr, &pkt);
	else
		ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	return error;
}

START_TEST(req_1_mapping_is_endpoint_independent)
{
	struct ct_test_flow first = connect_to(&ct_test_flow4);

	for (uint8_t server = 10; server < 13; server++) {
		struct ct_test_flow flow =
			ct_pool_server(ct_test_flow4, server, 443);

		ck_assert_uint_eq(connect_to(&flow).sport, first.sport);
	}
}
END_TEST

START_TEST(req_2_both_may_open_at_once)
{
	struct ct_test_flow out;
	struct ct_pkt pkt;

	pass_on(&ct_test_flow4, CT_DIR_ORIG, CT_TEST_SYN, 100, 0);
	out = ct_pool_flow(&w.p);
	pass_on(&out, CT_DIR_REPLY, CT_TEST_SYN, 300, 0);
	pass_on(&ct_test_flow4, CT_DIR_ORIG, CT_TEST_SYN | CT_TEST_ACK, 100,
		301);
	pkt = pass_on(&out, CT_DIR_REPLY, CT_TEST_SYN | CT_TEST_ACK, 300, 101);
	ck_assert_int_eq(pkt.state, CT_ESTABLISHED);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
	pkt = pass_on(&out, CT_DIR_REPLY, CT_TEST_ACK, 301, 101);
	ck_assert_str_eq(ct_conn_state_name(w.tbl, pkt.conn), "ESTABLISHED");
}
END_TEST

START_TEST(req_2_the_outside_may_open)
{
	struct ct_test_flow out = connect_to(&ct_test_flow4);
	struct ct_test_flow in = ct_pool_server(out, 200, 999);
	struct ct_test_flow at_home;

	ck_assert_int_eq(syn_from_outside(in), 0);
	at_home = ct_pool_flow(&w.p);
	ck_assert_mem_eq(at_home.dst, ct_test_flow4.src, 4);
	pass_on(&at_home, CT_DIR_REPLY, CT_TEST_SYN | CT_TEST_ACK, 50, 901);
	ck_assert_mem_eq(ct_pool_flow(&w.p).src, out.src, 4);
	ck_assert_uint_eq(ct_pool_flow(&w.p).sport, out.sport);
	ct_nat_sums_right(&w.p);
}
END_TEST

START_TEST(req_3_the_filter_may_depend_on_the_address)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_test_flow out, in;
	union ct_addr third = ct_pool_addr(3);

	cfg.filtering = CT_NAT_ON_ADDRESS;
	ck_assert_int_eq(ct_nat_pool_create(w.tbl, &cfg, &pool), 0);
	ck_assert_int_eq(ct_nat_pool_add(pool, &third, NULL), 0);
	out = connect_to(&ct_test_flow4);
	in = ct_pool_server(out, 200, 999);
	ck_assert_int_eq(syn_from_outside(in), CT_E_REFUSED);
	in = ct_pool_server(out, 5, 999);
	ck_assert_int_eq(syn_from_outside(in), 0);
}
END_TEST

START_TEST(req_4_an_unsolicited_syn_is_not_answered_and_does_not_stay)
{
	struct ct_test_flow nobody = ct_pool_client(1, 7777);
	union ct_addr one = ct_pool_addr(1);

	memcpy(nobody.src, &one, 4);
	ck_assert_int_eq(syn_from_outside(nobody), CT_E_NOENT);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

START_TEST(req_5_timeouts_are_those_that_are_asked_for)
{
	struct ct_test_flow other = ct_pool_server(ct_test_flow4, 9, 9);
	struct ct_pkt pkt;

	connect_to(&ct_test_flow4);
	pkt = pass_on(&ct_test_flow4, CT_DIR_ORIG, CT_TEST_ACK, 101, 301);
	ck_assert_uint_eq(ct_conn_expires(w.thr, pkt.conn), 7440);
	pkt = pass_on(&other, CT_DIR_ORIG, CT_TEST_SYN, 1, 0);
	ck_assert_uint_eq(ct_conn_expires(w.thr, pkt.conn), 240);
}
END_TEST

START_TEST(req_6_no_helper_is_there_by_itself)
{
	struct ct_test_flow ftp = ct_pool_server(ct_test_flow4, 9, 21);
	struct ct_pkt pkt = pass_on(&ftp, CT_DIR_ORIG, CT_TEST_SYN, 1, 0);

	ck_assert(!(ct_conn_status(pkt.conn) & CT_S_HELPER));
}
END_TEST

START_TEST(req_7_no_port_is_overloaded)
{
	struct ct_test_flow first = ct_pool_client(1, 5000);
	struct ct_test_flow second = ct_pool_client(2, 5000);
	struct ct_test_flow one = connect_to(&first);
	struct ct_test_flow two = connect_to(&second);

	ck_assert(memcmp(one.src, two.src, 4) != 0 || one.sport != two.sport);
}
END_TEST

START_TEST(req_8_hairpins_have_external_sources)
{
	struct ct_test_flow a = ct_pool_client(1, 1111);
	struct ct_test_flow b = ct_pool_client(2, 2222);
	struct ct_test_flow a_out = connect_to(&a), b_out = connect_to(&b);
	struct ct_test_flow pin = a;

	memcpy(pin.dst, b_out.src, 4);
	pin.dport = b_out.sport;
	pass_on(&pin, CT_DIR_ORIG, CT_TEST_SYN, 1, 0);
	pin = ct_pool_flow(&w.p);
	ck_assert_mem_eq(pin.dst, b.src, 4);
	ck_assert_mem_eq(pin.src, a_out.src, 4);
	ck_assert_uint_eq(pin.sport, a_out.sport);
}
END_TEST

static void complain(const struct ct_test_packet *about, uint8_t code)
{
	struct ct_test_flow from = { .l3 = CT_L3_IPV4,
				     .src = { 192, 0, 2, 99 } };
	const struct ct_test_icmp error = { 3, code, 0, about->bytes, IP + 8 };

	memcpy(from.dst, about->bytes + 12, 4);
	ct_test_icmp(&w.p, &from, CT_DIR_ORIG, &error);
	ck_assert_int_eq(ct_pool_pass(&w, &w.p, pool).state, CT_RELATED);
	ck_assert_mem_eq(w.p.bytes + IP + 8 + 12, ct_test_flow4.src, 4);
	ck_assert_uint_eq(ct_nat_u16(&w.p, IP + 8 + IP), ct_test_flow4.sport);
}

START_TEST(req_9_unreachables_are_translated)
{
	struct ct_test_packet left;

	pass_on(&ct_test_flow4, CT_DIR_ORIG, CT_TEST_SYN, 100, 0);
	left = w.p;
	for (uint8_t code = 0; code < 6; code++)
		complain(&left, code);
}
END_TEST

START_TEST(req_10_an_icmp_error_ends_no_connection)
{
	struct ct_test_packet left;
	struct ct_pkt pkt;

	connect_to(&ct_test_flow4);
	pass_on(&ct_test_flow4, CT_DIR_ORIG, CT_TEST_ACK, 101, 301);
	left = w.p;
	complain(&left, 3);
	pkt = pass_on(&ct_test_flow4, CT_DIR_ORIG, CT_TEST_ACK, 101, 301);
	ck_assert_int_eq(pkt.state, CT_ESTABLISHED);
	ck_assert_str_eq(ct_conn_state_name(w.tbl, pkt.conn), "ESTABLISHED");
}
END_TEST

START_TEST(rfc7857_2_2_a_reset_is_translated_and_kept_for_a_while)
{
	struct ct_test_flow out = connect_to(&ct_test_flow4);
	struct ct_pkt pkt = pass_on(&out, CT_DIR_REPLY,
				    CT_TEST_RST | CT_TEST_ACK, 301, 101);

	ck_assert_mem_eq(ct_pool_flow(&w.p).dst, ct_test_flow4.src, 4);
	ck_assert_uint_eq(ct_conn_expires(w.thr, pkt.conn), 240);
}
END_TEST

START_TEST(rfc7857_2_2_a_reset_beside_the_window_is_not_believed)
{
	struct ct_test_flow out = connect_to(&ct_test_flow4);
	const struct ct_test_segment seg = { .flags = CT_TEST_RST,
					     .seq = 9000000 };
	struct ct_pkt pkt;

	ct_test_tcp(&w.p, &out, CT_DIR_REPLY, &seg);
	pkt = ct_test_pkt(&w.p);
	ct_process(w.thr, &pkt, CT_HOOK_PREROUTING);
	ck_assert_int_eq(pkt.state, CT_INVALID);
	pkt = pass_on(&ct_test_flow4, CT_DIR_ORIG, CT_TEST_ACK, 101, 301);
	ck_assert_uint_eq(ct_conn_expires(w.thr, pkt.conn), 7440);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("rfc5382 flow");
	TCase *tc = tcase_create("rfc5382");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, req_1_mapping_is_endpoint_independent);
	tcase_add_test(tc, req_2_both_may_open_at_once);
	tcase_add_test(tc, req_2_the_outside_may_open);
	tcase_add_test(tc, req_3_the_filter_may_depend_on_the_address);
	tcase_add_test(
		tc, req_4_an_unsolicited_syn_is_not_answered_and_does_not_stay);
	tcase_add_test(tc, req_5_timeouts_are_those_that_are_asked_for);
	tcase_add_test(tc, req_6_no_helper_is_there_by_itself);
	tcase_add_test(tc, req_7_no_port_is_overloaded);
	tcase_add_test(tc, req_8_hairpins_have_external_sources);
	tcase_add_test(tc, req_9_unreachables_are_translated);
	tcase_add_test(tc, req_10_an_icmp_error_ends_no_connection);
	tcase_add_test(tc,
		       rfc7857_2_2_a_reset_is_translated_and_kept_for_a_while);
	tcase_add_test(tc,
		       rfc7857_2_2_a_reset_beside_the_window_is_not_believed);
	suite_add_tcase(suite, tc);
	return suite;
}
