/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RFC 4787, NAT behaviour for UDP: a test for each requirement that is the
 * library's.  docs/nat.md lists all of them.
 */
#include "frag.h"
#include "pool.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { MAX_CONNS = 4096, IP = 20 };

static struct ct_world w;
static struct ct_nat_pool *pool;

static void start(uint32_t flags, unsigned filtering, unsigned n_addrs)
{
	struct ct_nat_pool_config cfg = ct_pool_config();

	cfg.flags = flags;
	cfg.filtering = (uint8_t)filtering;
	cfg.min_id = 1;
	pool = ct_pool_new(&w, &cfg, n_addrs);
}

static void setup(void)
{
	ct_world_start(&w, MAX_CONNS);
	/* REQ-5: five minutes are recommended. */
	ck_assert_int_eq(ct_param_set(w.tbl, "udp.timeout", 300), 0);
	ck_assert_int_eq(ct_param_set(w.tbl, "udp.timeout.stream", 300), 0);
}

static void teardown(void)
{
	ct_world_audit(&w);
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_end(&w);
}

START_TEST(req_1_mapping_is_endpoint_independent)
{
	uint16_t port;

	start(0, 0, 4);
	port = ct_pool_out(&w, &ct_test_flow4, pool).sport;
	for (uint8_t server = 10; server < 13; server++) {
		struct ct_test_flow flow =
			ct_pool_server(ct_test_flow4, server, server);

		ck_assert_uint_eq(ct_pool_out(&w, &flow, pool).sport, port);
	}
}
END_TEST

START_TEST(req_2_pooling_is_paired)
{
	uint8_t address = 0;

	start(0, 0, 4);
	for (uint16_t port = 1; port <= 50; port++) {
		struct ct_test_flow flow = ct_pool_client(1, port);
		uint8_t now = ct_pool_out(&w, &flow, pool).src[3];

		ck_assert(!address || now == address);
		address = now;
	}
}
END_TEST

START_TEST(req_3_no_port_is_overloaded)
{
	struct ct_test_flow first = ct_pool_client(1, 5000);
	struct ct_test_flow second = ct_pool_client(2, 5000);
	struct ct_test_flow one, two;

	start(CT_POOL_KEEP_ID, 0, 1);
	one = ct_pool_out(&w, &first, pool);
	two = ct_pool_out(&w, &second, pool);
	ck_assert_uint_ne(one.sport, two.sport);
	ck_assert_int_eq(ct_pool_in(&w, &one, pool), 0);
	ck_assert_mem_eq(ct_pool_flow(&w.p).dst, first.src, 4);
	ck_assert_int_eq(ct_pool_in(&w, &two, pool), 0);
	ck_assert_mem_eq(ct_pool_flow(&w.p).dst, second.src, 4);
}
END_TEST

START_TEST(req_3a_port_range_is_preserved)
{
	start(CT_POOL_KEEP_CLASS, 0, 1);
	for (unsigned i = 0; i < 50; i++) {
		struct ct_test_flow low = ct_pool_client(i, 500);
		struct ct_test_flow high = ct_pool_client(i, 5000);

		ck_assert_uint_lt(ct_pool_out(&w, &low, pool).sport, 1024);
		ck_assert_uint_ge(ct_pool_out(&w, &high, pool).sport, 1024);
	}
}
END_TEST

START_TEST(req_4_parity_is_preserved)
{
	start(CT_POOL_PARITY, 0, 1);
	for (unsigned i = 0; i < 100; i++) {
		struct ct_test_flow flow =
			ct_pool_client(i / 2, (uint16_t)(4000 + i % 2));

		ck_assert_uint_eq(ct_pool_out(&w, &flow, pool).sport % 2,
				  i % 2);
	}
}
END_TEST

START_TEST(req_5_a_mapping_lives_two_minutes_and_ends)
{
	struct ct_test_flow out;

	start(0, 0, 1);
	out = ct_pool_out(&w, &ct_test_flow4, pool);
	ct_world_wait(&w, 119 * CT_WORLD_S);
	ck_assert_int_eq(ct_pool_in(&w, &out, pool), 0);
	ct_world_wait(&w, 301 * CT_WORLD_S);
	ct_world_settle(&w);
	ck_assert_int_eq(ct_pool_in(&w, &out, pool), CT_E_NOENT);
}
END_TEST

START_TEST(req_6_outbound_packets_refresh_it)
{
	struct ct_test_flow out;

	ck_assert_int_eq(ct_param_set(w.tbl, "udp.timeout", 120), 0);
	start(0, 0, 1);
	out = ct_pool_out(&w, &ct_test_flow4, pool);
	ct_world_wait(&w, 100 * CT_WORLD_S);
	ct_pool_out(&w, &ct_test_flow4, pool);
	ct_world_wait(&w, 100 * CT_WORLD_S);
	ck_assert_int_eq(ct_pool_in(&w, &out, pool), 0);
}
END_TEST

START_TEST(req_6a_inbound_packets_refresh_it_too)
{
	struct ct_test_flow out;

	start(0, 0, 1);
	out = ct_pool_out(&w, &ct_test_flow4, pool);
	for (unsigned i = 0; i < 4; i++) {
		ct_world_wait(&w, 200 * CT_WORLD_S);
		ck_assert_int_eq(ct_pool_in(&w, &out, pool), 0);
	}
}
END_TEST

/* The inside has a zone of its own: there, its addresses are others' as well. */
START_TEST(req_7_inside_and_outside_may_overlap)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .flags = CT_POLICY_ZONE_ORIG,
					   .zone = 1 };
	struct ct_test_flow flow = ct_pool_client(1, 4000);
	const struct ct_policy *policy;
	struct ct_test_flow out;
	struct ct_pkt pkt;

	start(0, 0, 1);
	ck_assert_int_eq(ct_policy_create(w.tbl, &def, &policy), 0);
	/* An outside host with the same addresses and ports is known. */
	ct_world_udp(&w, &flow, CT_DIR_ORIG);
	ct_test_udp(&w.p, &flow, CT_DIR_ORIG, 20);
	pkt = ct_test_pkt(&w.p);
	pkt.policy = policy;
	ck_assert_int_eq(ct_pool_step(&w, &pkt, pool), 0);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ck_assert_uint_eq(ct_world_conns(&w), 2);
	out = ct_pool_flow(&w.p);
	ck_assert_int_eq(ct_pool_in(&w, &out, pool), 0);
	ck_assert_mem_eq(ct_pool_flow(&w.p).dst, flow.src, 4);
}
END_TEST

START_TEST(req_8_the_filter_may_depend_on_the_address)
{
	struct ct_test_flow out, in;

	start(0, (unsigned)_i, 1);
	out = ct_pool_out(&w, &ct_test_flow4, pool);
	in = ct_pool_server(out, 200, 80);
	ck_assert_int_eq(ct_pool_in(&w, &in, pool),
			 _i == CT_NAT_ON_NOTHING ? 0 : CT_E_REFUSED);
	in = ct_pool_server(out, 5, 81);
	ck_assert_int_eq(ct_pool_in(&w, &in, pool), 0);
}
END_TEST

START_TEST(req_9_hairpins_have_external_sources)
{
	struct ct_test_flow a = ct_pool_client(1, 1111);
	struct ct_test_flow b = ct_pool_client(2, 2222);
	struct ct_test_flow a_out, b_out, pin;

	start(0, 0, 1);
	a_out = ct_pool_out(&w, &a, pool);
	b_out = ct_pool_out(&w, &b, pool);
	memcpy(a.dst, b_out.src, 4);
	a.dport = b_out.sport;
	pin = ct_pool_out(&w, &a, pool);
	ck_assert_mem_eq(pin.dst, b.src, 4);
	ck_assert_mem_eq(pin.src, a_out.src, 4);
	ck_assert_uint_eq(pin.sport, a_out.sport);
}
END_TEST

START_TEST(req_10_no_helper_is_there_by_itself)
{
	struct ct_test_flow sip = ct_pool_server(ct_test_flow4, 5, 5060);
	struct ct_pkt pkt;

	start(0, 0, 1);
	ct_test_udp(&w.p, &sip, CT_DIR_ORIG, 20);
	pkt = ct_pool_pass(&w, &w.p, pool);
	ck_assert(!(ct_conn_status(pkt.conn) & CT_S_HELPER));
}
END_TEST

/* The same packets in two worlds of the same randomness. */
START_TEST(req_11_behaviour_is_deterministic)
{
	enum { FLOWS = 300 };
	static struct ct_test_flow out[2][FLOWS];

	for (unsigned run = 0; run < 2; run++) {
		struct ct_world saved = w;

		ct_world_start(&w, MAX_CONNS);
		start(CT_POOL_KEEP_ID, 0, 2);
		for (unsigned i = 0; i < FLOWS; i++) {
			struct ct_test_flow flow =
				ct_pool_client(i, (uint16_t)(1 + i % 7));

			out[run][i] = ct_pool_out(&w, &flow, pool);
		}
		ct_flush(w.thr, NULL);
		ct_world_settle(&w);
		ct_world_end(&w);
		w = saved;
	}
	ck_assert_mem_eq(out[0], out[1], sizeof(out[0]));
}
END_TEST

/* An error of a router that nobody knows. */
static void complain(const struct ct_test_packet *about, uint8_t code)
{
	struct ct_test_flow from = { .l3 = CT_L3_IPV4,
				     .src = { 192, 0, 2, 99 } };
	const struct ct_test_icmp error = { 3, code, 0, about->bytes, IP + 8 };

	memcpy(from.dst, about->bytes + 12, 4);
	ct_test_icmp(&w.p, &from, CT_DIR_ORIG, &error);
	ck_assert_int_eq(ct_pool_pass(&w, &w.p, pool).state, CT_RELATED);
	ct_nat_sums_right(&w.p);
	ck_assert_mem_eq(w.p.bytes + 16, ct_test_flow4.src, 4);
	ck_assert_mem_eq(w.p.bytes + IP + 8 + 12, ct_test_flow4.src, 4);
	ck_assert_uint_eq(ct_nat_u16(&w.p, IP + 8 + IP), ct_test_flow4.sport);
}

START_TEST(req_12_an_icmp_error_ends_no_mapping)
{
	struct ct_test_packet left;
	struct ct_test_flow out;

	start(0, 0, 1);
	out = ct_pool_out(&w, &ct_test_flow4, pool);
	left = w.p;
	complain(&left, 3);
	ck_assert_uint_eq(ct_pool_out(&w, &ct_test_flow4, pool).sport,
			  out.sport);
	ck_assert_int_eq(ct_pool_in(&w, &out, pool), 0);
}
END_TEST

START_TEST(req_13_fragmentation_needed_comes_back)
{
	struct ct_test_packet left;

	start(0, 0, 1);
	ct_pool_out(&w, &ct_test_flow4, pool);
	left = w.p;
	complain(&left, 4);
}
END_TEST

/* => The verdict; what leaves is added to sent. */
static enum ct_verdict fragment(const struct ct_test_packet *whole,
				struct ct_test_part part,
				struct ct_test_sent *sent)
{
	struct ct_pkt pkt;
	enum ct_verdict verdict;

	ct_test_cut(&w.p, whole, part);
	pkt = ct_test_pkt(&w.p);
	verdict = ct_process(w.thr, &pkt, CT_HOOK_PREROUTING);
	if (verdict != CT_ACCEPT)
		return verdict;
	ck_assert_int_eq(ct_pool_step(&w, &pkt, pool), 0);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ct_test_send(&w, &pkt, sent);
	return verdict;
}

/* REQ-14 and 14a: in both modes, in order (0) or not (1). */
START_TEST(req_14_fragments_are_translated_in_any_order)
{
	static const uint32_t orders[2][3] = { { 0, 800, 1600 },
					       { 1600, 0, 800 } };
	static struct ct_test_sent sent;
	struct ct_test_packet whole, joined;

	start(0, 0, 1);
	ct_test_udp(&whole, &ct_test_flow4, CT_DIR_ORIG, 1992);
	for (uint64_t mode = 1; mode <= 2; mode++) {
		ck_assert_int_eq(ct_param_set(w.tbl, "frag.mode", mode), 0);
		memset(&sent, 0, sizeof(sent));
		for (int i = 0; i < 3; i++) {
			uint32_t off = orders[_i][i];

			fragment(&whole,
				 (struct ct_test_part){ (uint32_t)mode, off,
							off < 1600 ? 800 : 0 },
				 &sent);
		}
		ck_assert_uint_eq(sent.n, 3);
		ct_test_join(&sent, &joined);
		ct_nat_sums_right(&joined);
		ck_assert_uint_ne(joined.bytes[12], 10);
	}
}
END_TEST

START_TEST(req_14b_a_flood_of_fragments_hurts_nobody_else)
{
	static struct ct_test_sent sent;
	struct ct_test_packet whole;
	struct ct_test_flow flow;
	uint64_t bytes;

	start(0, 0, 1);
	ck_assert_int_eq(ct_param_set(w.tbl, "frag.memory.ipv4", 50000), 0);
	ct_test_udp(&whole, &ct_test_flow4, CT_DIR_ORIG, 1992);
	for (uint32_t mode = 1; mode <= 2; mode++) {
		ct_param_set(w.tbl, "frag.mode", mode);
		bytes = atomic_load(&w.mem.bytes);
		for (uint32_t id = 0; id < 5000; id++)
			fragment(&whole, (struct ct_test_part){ id, 800, 400 },
				 &sent);
		ck_assert_uint_lt(atomic_load(&w.mem.bytes), bytes + 200000);
		flow = ct_pool_client(mode, 4000);
		ct_pool_out(&w, &flow, pool);
		flow = ct_pool_flow(&w.p);
		ck_assert_int_eq(ct_pool_in(&w, &flow, pool), 0);
	}
	ck_assert_uint_eq(sent.n, 0);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("rfc4787 flow");
	TCase *tc = tcase_create("rfc4787");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, req_1_mapping_is_endpoint_independent);
	tcase_add_test(tc, req_2_pooling_is_paired);
	tcase_add_test(tc, req_3_no_port_is_overloaded);
	tcase_add_test(tc, req_3a_port_range_is_preserved);
	tcase_add_test(tc, req_4_parity_is_preserved);
	tcase_add_test(tc, req_5_a_mapping_lives_two_minutes_and_ends);
	tcase_add_test(tc, req_6_outbound_packets_refresh_it);
	tcase_add_test(tc, req_6a_inbound_packets_refresh_it_too);
	tcase_add_test(tc, req_7_inside_and_outside_may_overlap);
	tcase_add_loop_test(tc, req_8_the_filter_may_depend_on_the_address, 0,
			    2);
	tcase_add_test(tc, req_9_hairpins_have_external_sources);
	tcase_add_test(tc, req_10_no_helper_is_there_by_itself);
	tcase_add_test(tc, req_11_behaviour_is_deterministic);
	tcase_add_test(tc, req_12_an_icmp_error_ends_no_mapping);
	tcase_add_test(tc, req_13_fragmentation_needed_comes_back);
	tcase_add_loop_test(tc, req_14_fragments_are_translated_in_any_order, 0,
			    2);
	tcase_add_test(tc, req_14b_a_flood_of_fragments_hurts_nobody_else);
	suite_add_tcase(suite, tc);
	return suite;
}
