/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RFC 5597, NAT behaviour for DCCP: a test for each requirement that is the
 * library's.  docs/nat.md lists all of them.
 */
#include "dccp.h"
#include "pool.h"
#include "suite.h"

#include <string.h>

enum { IP = 20, QUOTE = IP + 8, REQUEST = CT_TEST_DCCP_REQUEST };
enum { RESPONSE = CT_TEST_DCCP_RESPONSE, ACK = CT_TEST_DCCP_ACK };
enum { DATAACK = CT_TEST_DCCP_DATAACK, LISTEN = CT_TEST_DCCP_LISTEN };
enum { ESTABLISHED_S = 124 * 60, TRANSITORY_S = 4 * 60 };

static struct ct_world w;
static struct ct_nat_pool *pool;

static void start(unsigned filtering)
{
	struct ct_nat_pool_config cfg = ct_pool_config();

	cfg.filtering = (uint8_t)filtering;
	pool = ct_pool_new(&w, &cfg, 1);
}

static void setup(void)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = 256,
				       .profile = CT_PROFILE_RECOMMENDED };

	ct_world_create(&w, &cfg);
	ct_world_attach(&w);
}

static void teardown(void)
{
	ct_world_audit(&w);
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_end(&w);
}

static void build(const struct ct_test_flow *flow, enum ct_dir dir,
		  uint8_t type, uint64_t seq, uint64_t ack)
{
	ct_test_dccp(
		&w.p, flow, dir,
		&(struct ct_test_dccp){ .type = type, .seq = seq, .ack = ack });
}

static struct ct_pkt pass(const struct ct_test_flow *flow, enum ct_dir dir,
			  uint8_t type, uint64_t seq, uint64_t ack)
{
	build(flow, dir, type, seq, ack);
	return ct_pool_pass(&w, &w.p, pool);
}

/* => The flow as the server sees it. */
static struct ct_test_flow request(const struct ct_test_flow *flow)
{
	pass(flow, CT_DIR_ORIG, REQUEST, 100, 0);
	return ct_pool_flow(&w.p);
}

/* The same, until it is open. */
static struct ct_test_flow open_to(const struct ct_test_flow *flow)
{
	struct ct_test_flow out = request(flow);

	pass(&out, CT_DIR_REPLY, RESPONSE, 500, 100);
	pass(flow, CT_DIR_ORIG, ACK, 101, 500);
	pass(&out, CT_DIR_REPLY, DATAACK, 501, 101);
	return out;
}

/* A request from outside to the source of a flow; => the pool's error. */
static int from_outside(const struct ct_test_flow *out)
{
	struct ct_pkt pkt;
	int error;

	build(out, CT_DIR_REPLY, REQUEST, 9000, 0);
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
	uint16_t port;

	start(0);
	port = request(&ct_test_flow4).sport;
	for (uint8_t server = 10; server < 13; server++) {
		struct ct_test_flow flow =
			ct_pool_server(ct_test_flow4, server, server);

		ck_assert_uint_eq(request(&flow).sport, port);
	}
}
END_TEST

START_TEST(req_2_either_side_may_begin_and_both_at_once)
{
	struct ct_test_flow out, in;

	start(0);
	out = open_to(&ct_test_flow4);
	in = ct_pool_server(out, 200, 7);
	ck_assert_int_eq(from_outside(&in), 0);
	ck_assert_mem_eq(w.p.bytes + 16, ct_test_flow4.src, 4);

	/* RFC 5596: the server's Listen opens its own NAT; the client's
	 * Request comes through. */
	in = ct_pool_client(3, 5001);
	ck_assert_int_eq(pass(&in, CT_DIR_ORIG, LISTEN, 0, 0).state, CT_NEW);
	out = ct_pool_flow(&w.p);
	ck_assert_int_eq(pass(&out, CT_DIR_REPLY, REQUEST, 100, 0).state,
			 CT_ESTABLISHED);
	ck_assert_mem_eq(w.p.bytes + 16, in.src, 4);
	ck_assert_int_eq(pass(&in, CT_DIR_ORIG, RESPONSE, 500, 100).state,
			 CT_ESTABLISHED);
}
END_TEST

START_TEST(req_3_the_filter_may_depend_on_the_address)
{
	struct ct_test_flow out, in;

	start((unsigned)_i);
	out = open_to(&ct_test_flow4);
	in = ct_pool_server(out, 200, 80);
	ck_assert_int_eq(from_outside(&in),
			 _i == CT_NAT_ON_NOTHING ? 0 : CT_E_REFUSED);
	in = ct_pool_server(out, 5, 81);
	ck_assert_int_eq(from_outside(&in), 0);
}
END_TEST

/* Nobody's endpoint: the host is told, has six seconds to answer or not to,
 * and nothing stays.  A request that goes out meanwhile is not disturbed. */
START_TEST(req_4_unsolicited_packets_leave_nothing)
{
	struct ct_test_flow out, other;

	start(0);
	out = request(&ct_test_flow4);
	other = out;
	other.sport ^= 1;
	for (unsigned i = 0; i < 2; i++) {
		struct ct_pkt pkt;

		build(&other, CT_DIR_REPLY, i ? LISTEN : REQUEST, 9000, 0);
		pkt = ct_test_pkt(&w.p);
		ck_assert_int_eq(ct_pool_step(&w, &pkt, pool), CT_E_NOENT);
		ct_abandon(w.thr, &pkt);
	}
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

START_TEST(req_5_timeouts_are_long_enough)
{
	struct ct_pkt pkt;

	start(0);
	pkt = pass(&ct_test_flow4, CT_DIR_ORIG, REQUEST, 100, 0);
	ck_assert_uint_ge(ct_conn_expires(w.thr, pkt.conn), TRANSITORY_S);
	open_to(&ct_test_flow4);
	ck_assert_uint_ge(ct_conn_expires(w.thr, pkt.conn), ESTABLISHED_S);
	ck_assert_int_eq(ct_param_set(w.tbl, "dccp.timeout.open", 9000), 0);
	pass(&ct_test_flow4, CT_DIR_ORIG, DATAACK, 102, 501);
	ck_assert_uint_ge(ct_conn_expires(w.thr, pkt.conn), 8999);
}
END_TEST

START_TEST(req_6_no_helper_is_there_by_itself)
{
	start(0);
	ck_assert(!(ct_conn_status(
			    pass(&ct_test_flow4, CT_DIR_ORIG, REQUEST, 100, 0)
				    .conn) &
		    CT_S_HELPER));
}
END_TEST

START_TEST(req_7_no_port_is_overloaded)
{
	struct ct_test_flow first = ct_pool_client(1, 5000);
	struct ct_test_flow second = ct_pool_client(2, 5000);

	start(0);
	ck_assert_uint_ne(request(&first).sport, request(&second).sport);
}
END_TEST

START_TEST(req_8_hairpins_have_external_sources)
{
	struct ct_test_flow a = ct_pool_client(1, 1111);
	struct ct_test_flow b = ct_pool_client(2, 2222);
	struct ct_test_flow a_out, b_out, pin;

	start(0);
	a_out = request(&a);
	b_out = request(&b);
	memcpy(a.dst, b_out.src, 4);
	a.dport = b_out.sport;
	pin = request(&a);
	ck_assert_mem_eq(pin.dst, b.src, 4);
	ck_assert_uint_eq(pin.dport, 2222);
	ck_assert_mem_eq(pin.src, a_out.src, 4);
	ck_assert_uint_eq(pin.sport, a_out.sport);
}
END_TEST

/* A router's error about what has left; => it has come to the client. */
static void complain(const struct ct_test_packet *about, uint8_t code)
{
	struct ct_test_flow from = { .l3 = CT_L3_IPV4,
				     .src = { 192, 0, 2, 99 } };
	const struct ct_test_icmp error = { 3, code, 0, about->bytes, IP + 8 };

	memcpy(from.dst, about->bytes + 12, 4);
	ct_test_icmp(&w.p, &from, CT_DIR_ORIG, &error);
	ck_assert_int_eq(ct_pool_pass(&w, &w.p, pool).state, CT_RELATED);
	ck_assert_mem_eq(w.p.bytes + 16, ct_test_flow4.src, 4);
	ck_assert_mem_eq(w.p.bytes + QUOTE + 12, ct_test_flow4.src, 4);
	ck_assert_uint_eq(ct_nat_u16(&w.p, QUOTE + IP), ct_test_flow4.sport);
	ck_assert_uint_eq(w.p.bytes[IP + 1], code);
}

START_TEST(req_9_unreachables_are_translated)
{
	struct ct_test_packet left;

	start(0);
	request(&ct_test_flow4);
	left = w.p;
	for (uint8_t code = 0; code < 5; code++)
		complain(&left, code);
}
END_TEST

START_TEST(req_10_an_icmp_error_ends_no_connection)
{
	struct ct_test_packet left;
	struct ct_test_flow out;
	struct ct_pkt pkt;

	start(0);
	out = open_to(&ct_test_flow4);
	pass(&ct_test_flow4, CT_DIR_ORIG, DATAACK, 102, 501);
	left = w.p;
	complain(&left, 3);
	pkt = pass(&out, CT_DIR_REPLY, DATAACK, 502, 102);
	ck_assert_int_eq(pkt.state, CT_ESTABLISHED);
	ck_assert_str_eq(ct_conn_state_name(w.tbl, pkt.conn), "OPEN");
}
END_TEST

/* Coverage of all, of the header, of a word, of two, there and back. */
static void expect_sum(const struct ct_test_packet *before, uint8_t coverage)
{
	struct ct_test_packet right = w.p;

	ct_test_dccp_sum(&right);
	ck_assert_uint_eq(ct_nat_u16(&w.p, IP + CT_TEST_DCCP_SUM),
			  ct_nat_u16(&right, IP + CT_TEST_DCCP_SUM));
	ck_assert_uint_eq(w.p.bytes[IP + CT_TEST_DCCP_COVER], coverage);
	ck_assert_mem_eq(w.p.bytes + IP + 8, before->bytes + IP + 8,
			 CT_TEST_DCCP_HDR + CT_TEST_DCCP_DATA - 8);
}

START_TEST(req_11_the_checksum_is_right_afterwards)
{
	struct ct_test_packet before;
	struct ct_test_flow out;
	const struct ct_test_dccp there = { .type = REQUEST,
					    .coverage = (uint8_t)_i,
					    .seq = 100 };
	const struct ct_test_dccp back = { .type = RESPONSE,
					   .coverage = (uint8_t)_i,
					   .seq = 500,
					   .ack = 100 };

	start(0);
	ct_test_dccp(&w.p, &ct_test_flow4, CT_DIR_ORIG, &there);
	before = w.p;
	ct_pool_pass(&w, &w.p, pool);
	out = ct_pool_flow(&w.p);
	ck_assert_uint_ne(out.sport, ct_test_flow4.sport);
	expect_sum(&before, there.coverage);
	ct_test_dccp(&w.p, &out, CT_DIR_REPLY, &back);
	before = w.p;
	ct_pool_pass(&w, &w.p, pool);
	expect_sum(&before, back.coverage);
}
END_TEST

/* REQ-11 has those that fit.  One that the packet has no data for is invalid,
 * and is not mended. */
START_TEST(req_12_the_coverage_is_never_changed)
{
	start(0);
	for (uint8_t coverage = 4; coverage < 16; coverage++) {
		const struct ct_test_dccp dccp = { .type = REQUEST,
						   .coverage = 1,
						   .seq = 100 };
		struct ct_pkt pkt;

		ct_test_dccp(&w.p, &ct_test_flow4, CT_DIR_ORIG, &dccp);
		w.p.bytes[IP + CT_TEST_DCCP_COVER] = coverage;
		pkt = ct_test_pkt(&w.p);
		ct_process(w.thr, &pkt, CT_HOOK_PREROUTING);
		ck_assert_int_eq(pkt.state, CT_INVALID);
		ck_assert_uint_eq(w.p.bytes[IP + CT_TEST_DCCP_COVER], coverage);
	}
}
END_TEST

START_TEST(req_13_the_service_code_is_never_changed)
{
	start(0);
	build(&ct_test_flow4, CT_DIR_ORIG, REQUEST, 100, 0);
	ct_nat_put(&w.p, IP + CT_TEST_DCCP_SERVICE, 0x6162);
	ct_nat_put(&w.p, IP + CT_TEST_DCCP_SERVICE + 2, 0x6364);
	ct_test_dccp_sum(&w.p);
	ct_pool_pass(&w, &w.p, pool);
	ck_assert_mem_eq(w.p.bytes + IP + CT_TEST_DCCP_SERVICE, "abcd", 4);
}
END_TEST

static void more_cases(TCase *tc)
{
	tcase_add_test(tc, req_8_hairpins_have_external_sources);
	tcase_add_test(tc, req_9_unreachables_are_translated);
	tcase_add_test(tc, req_10_an_icmp_error_ends_no_connection);
	tcase_add_loop_test(tc, req_11_the_checksum_is_right_afterwards, 0, 4);
	tcase_add_test(tc, req_12_the_coverage_is_never_changed);
	tcase_add_test(tc, req_13_the_service_code_is_never_changed);
}

Suite *ct_suite(void)
{
	Suite *suite = suite_create("rfc5597 flow");
	TCase *tc = tcase_create("rfc5597");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, req_1_mapping_is_endpoint_independent);
	tcase_add_test(tc, req_2_either_side_may_begin_and_both_at_once);
	tcase_add_loop_test(tc, req_3_the_filter_may_depend_on_the_address, 0,
			    2);
	tcase_add_test(tc, req_4_unsolicited_packets_leave_nothing);
	tcase_add_test(tc, req_5_timeouts_are_long_enough);
	tcase_add_test(tc, req_6_no_helper_is_there_by_itself);
	tcase_add_test(tc, req_7_no_port_is_overloaded);
	more_cases(tc);
	suite_add_tcase(suite, tc);
	return suite;
}
