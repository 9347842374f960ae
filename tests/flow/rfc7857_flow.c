/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RFC 7857, updates of the requirements: a test for each that is the library's
 * and is not in rfc5382_flow.c.  docs/nat.md lists all of them.
 */
#include "pool.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { MAX_CONNS = 4096, UDP = 17, IDS = 100 };

static struct ct_world w;

static void setup(void)
{
	ct_world_start(&w, MAX_CONNS);
}

static void teardown(void)
{
	ct_world_audit(&w);
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_end(&w);
}

/* Two addresses with a hundred ids each. */
static struct ct_nat_pool *pool_of(uint32_t flags, uint32_t max, uint32_t hold)
{
	struct ct_nat_pool_config cfg = ct_pool_config();

	cfg.flags = flags;
	cfg.min_id = 5000;
	cfg.max_id = 5000 + IDS - 1;
	cfg.max_mappings = max;
	cfg.hold_s = hold;
	return ct_pool_new(&w, &cfg, 2);
}

START_TEST(req_3_an_id_may_serve_several_peers)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_nat_pool *pool;

	cfg.flags = CT_POOL_OVERLOAD;
	cfg.mapping = CT_NAT_ON_ADDRESS;
	cfg.min_id = 5000;
	cfg.max_id = 5000;
	pool = ct_pool_new(&w, &cfg, 1);
	for (uint8_t server = 1; server <= 50; server++) {
		struct ct_test_flow flow = ct_pool_client(server, 1);

		flow = ct_pool_server(flow, server, 80);
		ck_assert_uint_eq(ct_pool_out(&w, &flow, pool).sport, 5000);
	}
}
END_TEST

START_TEST(req_4_a_host_whose_address_is_full_is_refused)
{
	struct ct_nat_pool *pool = pool_of(CT_POOL_STRICT, 0, 0);
	struct ct_test_flow last = ct_pool_client(1, 999);

	for (uint16_t port = 1; port <= IDS; port++) {
		struct ct_test_flow flow = ct_pool_client(1, port);

		ct_pool_out(&w, &flow, pool);
	}
	ct_pool_refused(&w, &last, pool, CT_E_FULL);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_NAT_EXHAUSTED), 1);
}
END_TEST

START_TEST(req_5_the_same_port_of_two_protocols_has_two_mappings)
{
	struct ct_nat_pool *pool = pool_of(0, 0, 0);
	const struct ct_test_segment syn = { .flags = CT_TEST_SYN, .win = 9 };
	struct ct_test_flow in = ct_pool_out(&w, &ct_test_flow4, pool);
	struct ct_pkt pkt;

	/* A filter for UDP lets no TCP in. */
	ct_test_tcp(&w.p, &in, CT_DIR_REPLY, &syn);
	pkt = ct_test_pkt(&w.p);
	ck_assert_int_eq(ct_pool_step(&w, &pkt, pool), CT_E_NOENT);
	ct_abandon(w.thr, &pkt);
	ct_test_tcp(&w.p, &ct_test_flow4, CT_DIR_ORIG, &syn);
	ct_pool_pass(&w, &w.p, pool);
	ck_assert_uint_eq(ct_pool_gauge(pool, in.src[3], 6).mappings, 1);
	ck_assert_uint_eq(ct_pool_gauge(pool, in.src[3], UDP).mappings, 1);
}
END_TEST

/* What one protocol has sent lets nobody of another in. */
START_TEST(req_6_the_filter_is_each_protocols_own)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	const struct ct_test_segment syn = { .flags = CT_TEST_SYN };
	struct ct_nat_pool *pool;
	struct ct_test_flow out, tcp;
	struct ct_pkt pkt;

	cfg.filtering = CT_NAT_ON_ADDRESS;
	pool = ct_pool_new(&w, &cfg, 1);
	ct_test_tcp(&w.p, &ct_test_flow4, CT_DIR_ORIG, &syn);
	ct_pool_pass(&w, &w.p, pool);
	tcp = ct_pool_flow(&w.p);
	out = ct_pool_server(ct_test_flow4, 9, 80);
	out = ct_pool_out(&w, &out, pool);
	/* UDP knows server 9, TCP server 5. */
	tcp = ct_pool_server(tcp, 9, 80);
	ct_test_tcp(&w.p, &tcp, CT_DIR_REPLY, &syn);
	pkt = ct_test_pkt(&w.p);
	ck_assert_int_eq(ct_pool_step(&w, &pkt, pool), CT_E_REFUSED);
	ct_abandon(w.thr, &pkt);
	out = ct_pool_server(out, 5, 80);
	ck_assert_int_eq(ct_pool_in(&w, &out, pool), CT_E_REFUSED);
	out = ct_pool_server(out, 9, 81);
	ck_assert_int_eq(ct_pool_in(&w, &out, pool), 0);
}
END_TEST

START_TEST(req_7_what_is_not_let_in_refreshes_nothing)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_nat_pool *pool;
	struct ct_test_flow in;

	cfg.filtering = CT_NAT_ON_ADDRESS;
	pool = ct_pool_new(&w, &cfg, 1);
	in = ct_pool_out(&w, &ct_test_flow4, pool);
	in = ct_pool_server(in, 200, 1);
	for (unsigned i = 0; i < 3; i++) {
		ct_world_wait(&w, 9 * CT_WORLD_S);
		ck_assert_int_eq(ct_pool_in(&w, &in, pool), CT_E_REFUSED);
	}
	ct_world_wait(&w, 5 * CT_WORLD_S);
	ct_world_settle(&w);
	ck_assert_uint_eq(ct_pool_gauge(pool, 1, UDP).mappings, 0);
}
END_TEST

/* Unless it is asked for: an even port has an odd one as often as not. */
START_TEST(req_8_parity_is_off)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_nat_pool *pool = ct_pool_new(&w, &cfg, 1);
	unsigned odd = 0;

	for (unsigned host = 0; host < 200; host++) {
		struct ct_test_flow flow = ct_pool_client(host, 4000);

		odd += ct_pool_out(&w, &flow, pool).sport % 2;
	}
	ck_assert(odd > 60 && odd < 140);
}
END_TEST

START_TEST(req_11_a_querys_mapping_goes_with_its_last_session)
{
	static const struct ct_test_icmp echo = { 8, 0, 7, "ping", 4 };
	struct ct_nat_pool *pool = pool_of(0, 0, 0);
	struct ct_test_flow flow = ct_test_flow4;

	ct_test_icmp(&w.p, &flow, CT_DIR_ORIG, &echo);
	ct_pool_pass(&w, &w.p, pool);
	ct_world_wait(&w, 20 * CT_WORLD_S);
	flow.dst[3] = 9;
	ct_test_icmp(&w.p, &flow, CT_DIR_ORIG, &echo);
	ct_pool_pass(&w, &w.p, pool);
	ct_world_wait(&w, 20 * CT_WORLD_S);
	ct_world_settle(&w);
	ck_assert_uint_eq(ct_pool_gauge(pool, w.p.bytes[15], 1).mappings, 1);
	ct_world_wait(&w, 20 * CT_WORLD_S);
	ct_world_settle(&w);
	ck_assert_uint_eq(ct_pool_gauge(pool, w.p.bytes[15], 1).mappings, 0);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("rfc7857 flow");
	TCase *tc = tcase_create("rfc7857");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, req_3_an_id_may_serve_several_peers);
	tcase_add_test(tc, req_4_a_host_whose_address_is_full_is_refused);
	tcase_add_test(tc,
		       req_5_the_same_port_of_two_protocols_has_two_mappings);
	tcase_add_test(tc, req_6_the_filter_is_each_protocols_own);
	tcase_add_test(tc, req_8_parity_is_off);
	tcase_add_test(tc, req_7_what_is_not_let_in_refreshes_nothing);
	tcase_add_test(tc, req_11_a_querys_mapping_goes_with_its_last_session);
	suite_add_tcase(suite, tc);
	return suite;
}
