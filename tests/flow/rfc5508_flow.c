/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RFC 5508, NAT behaviour for ICMP: a test for each requirement that is the
 * library's.  docs/nat.md lists all of them.
 */
#include "pool.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { MAX_CONNS = 1024, IP = 20, QUOTE = IP + 8, ECHO = 8, ID = IP + 4 };

static struct ct_world w;
static struct ct_nat_pool *pool;

static void setup(void)
{
	struct ct_nat_pool_config cfg = ct_pool_config();

	ct_world_start(&w, MAX_CONNS);
	ck_assert_int_eq(ct_param_set(w.tbl, "icmp.timeout", 60), 0);
	pool = ct_pool_new(&w, &cfg, 1);
}

static void teardown(void)
{
	ct_world_audit(&w);
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_end(&w);
}

static struct ct_test_flow to(uint8_t server)
{
	return ct_pool_server(ct_test_flow4, server, 0);
}

/* A query from inside; => its id outside. */
static uint16_t query(uint8_t server, uint16_t id)
{
	const struct ct_test_icmp echo = { ECHO, 0, id, "abcd", 4 };
	struct ct_test_flow flow = to(server);

	ct_test_icmp(&w.p, &flow, CT_DIR_ORIG, &echo);
	ct_pool_pass(&w, &w.p, pool);
	ct_nat_sums_right(&w.p);
	return ct_nat_u16(&w.p, ID);
}

/* The answer; => its id inside, or 0 when it is let in nowhere. */
static uint16_t answer(uint8_t server, uint16_t id)
{
	const struct ct_test_icmp reply = { 0, 0, id, "abcd", 4 };
	union ct_addr one = ct_pool_addr(1);
	struct ct_test_flow flow = to(server);
	struct ct_pkt pkt;

	memcpy(flow.src, &one, 4);
	ct_test_icmp(&w.p, &flow, CT_DIR_REPLY, &reply);
	pkt = ct_test_pkt(&w.p);
	ct_pool_step(&w, &pkt, pool);
	if (!pkt.conn)
		return 0;
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ct_nat_sums_right(&w.p);
	ck_assert_mem_eq(w.p.bytes + 16, ct_test_flow4.src, 4);
	return ct_nat_u16(&w.p, ID);
}

START_TEST(req_1_queries_pass_and_their_mapping_is_host_independent)
{
	uint16_t id = query(5, 7);

	ck_assert_uint_eq(query(6, 7), id);
	ck_assert_uint_eq(answer(5, id), 7);
	ck_assert_uint_eq(answer(6, id), 7);
	ck_assert_uint_ne(query(5, 8), id);
}
END_TEST

START_TEST(req_2_a_query_lives_for_a_minute)
{
	uint16_t id = query(5, 7);

	ct_world_wait(&w, 59 * CT_WORLD_S);
	ck_assert_uint_eq(answer(5, id), 7);
	ct_world_wait(&w, 61 * CT_WORLD_S);
	ct_world_settle(&w);
	ck_assert_uint_eq(answer(5, id), 0);
}
END_TEST

/* An error about the datagram that has left as it is quoted. */
static struct ct_pkt complain(const struct ct_test_packet *about, uint8_t type,
			      uint32_t quoted)
{
	struct ct_test_flow from = { .l3 = CT_L3_IPV4,
				     .src = { 192, 0, 2, 99 } };
	const struct ct_test_icmp error = { type, 0, 0, about->bytes, quoted };

	memcpy(from.dst, about->bytes + 12, 4);
	ct_test_icmp(&w.p, &from, CT_DIR_ORIG, &error);
	return ct_test_pkt(&w.p);
}

START_TEST(req_3_a_wrong_checksum_is_invalid)
{
	struct ct_test_packet left;
	struct ct_pkt pkt;

	ct_pool_out(&w, &ct_test_flow4, pool);
	left = w.p;
	pkt = complain(&left, 3, IP + 8);
	w.p.bytes[IP + 2] ^= 0x55;
	ct_process(w.thr, &pkt, CT_HOOK_PREROUTING);
	ck_assert_int_eq(pkt.state, CT_INVALID);
	ck_assert_uint_eq(pkt.reason, CT_R_L4_CHECKSUM);
}
END_TEST

/* A bad sum of the quoted header, as (a) has it, is not looked for: the error
 * says as much of the packet with it as without. */
START_TEST(req_3a_a_quoted_header_is_believed_as_it_is)
{
	struct ct_test_packet left;
	struct ct_pkt pkt;

	ct_pool_out(&w, &ct_test_flow4, pool);
	left = w.p;
	left.bytes[10] ^= 0x55;
	pkt = complain(&left, 3, IP + 8);
	ck_assert_int_eq(ct_pool_step(&w, &pkt, pool), 0);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	/* It is as wrong as it was. */
	ct_nat_balance(&w.p, QUOTE, IP, QUOTE + 10);
	ck_assert_mem_eq(w.p.bytes + QUOTE + 12, ct_test_flow4.src, 4);
}
END_TEST

START_TEST(req_3b_options_of_the_quoted_header_are_skipped)
{
	enum { OPTIONS = 8, QUOTED = IP + OPTIONS + 8 };
	static const uint8_t options[OPTIONS] = { 7, 7, 4, 1, 2, 3, 4, 0 };
	struct ct_test_packet left, quote;
	struct ct_pkt pkt;

	ct_pool_out(&w, &ct_test_flow4, pool);
	left = w.p;
	quote = left;
	quote.bytes[0] = 0x40 | (IP + OPTIONS) / 4;
	memcpy(quote.bytes + IP, options, OPTIONS);
	memcpy(quote.bytes + IP + OPTIONS, left.bytes + IP, 8);
	ct_nat_put(&quote, 2, (uint16_t)(left.len + OPTIONS));
	ct_nat_balance(&quote, 0, IP + OPTIONS, 10);
	pkt = complain(&quote, 3, QUOTED);
	ck_assert_int_eq(ct_pool_step(&w, &pkt, pool), 0);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ct_nat_sums_right(&w.p);
	ck_assert_mem_eq(w.p.bytes + QUOTE + 12, ct_test_flow4.src, 4);
	ck_assert_mem_eq(w.p.bytes + QUOTE + IP, options, OPTIONS);
	ck_assert_uint_eq(ct_nat_u16(&w.p, QUOTE + IP + OPTIONS),
			  ct_test_flow4.sport);
}
END_TEST

/* RFC 4884: what follows the quoted datagram, padded to 128 bytes, with a sum
 * of its own. */
START_TEST(req_3d_extensions_pass_as_they_are)
{
	static const uint8_t mpls[] = { 0x20, 0, 0x12, 0x34, 0,    8,
					1,    1, 0x01, 0x86, 0xa1, 0x01 };
	enum { PADDED = 128, ALL = PADDED + sizeof(mpls) };
	struct ct_test_packet left, quote;
	struct ct_pkt pkt;

	ct_pool_out(&w, &ct_test_flow4, pool);
	left = w.p;
	quote = left;
	memset(quote.bytes + left.len, 0, PADDED - left.len);
	memcpy(quote.bytes + PADDED, mpls, sizeof(mpls));
	pkt = complain(&quote, 11, ALL);
	ct_nat_put(&w.p, IP + 4, PADDED / 4); /* length, in words */
	ct_test_sum(&w.p);
	ck_assert_int_eq(ct_pool_step(&w, &pkt, pool), 0);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ct_nat_sums_right(&w.p);
	ck_assert_uint_eq(ct_nat_u16(&w.p, IP + 4), PADDED / 4);
	ck_assert_mem_eq(w.p.bytes + QUOTE + PADDED, mpls, sizeof(mpls));
	ck_assert_mem_eq(w.p.bytes + QUOTE + 12, ct_test_flow4.src, 4);
}
END_TEST

START_TEST(req_3c_a_quoted_transport_checksum_is_not_believed)
{
	struct ct_test_packet left;
	struct ct_pkt pkt;

	ct_pool_out(&w, &ct_test_flow4, pool);
	left = w.p;
	left.bytes[IP + 6] ^= 0x55;
	pkt = complain(&left, 3, IP + 8);
	ck_assert_int_eq(ct_pool_step(&w, &pkt, pool), 0);
	ck_assert_int_eq(pkt.state, CT_RELATED);
}
END_TEST

START_TEST(req_4_an_error_from_outside_is_translated_inside_and_out)
{
	static const uint8_t types[] = { 3, 11, 12 };
	struct ct_test_packet left;

	ct_pool_out(&w, &ct_test_flow4, pool);
	left = w.p;
	for (unsigned i = 0; i < sizeof(types); i++) {
		struct ct_pkt pkt = complain(&left, types[i], left.len);

		ck_assert_int_eq(ct_pool_step(&w, &pkt, pool), 0);
		ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
		ct_nat_sums_right(&w.p);
		ck_assert_uint_eq(w.p.bytes[IP], types[i]);
		ck_assert_mem_eq(w.p.bytes + 16, ct_test_flow4.src, 4);
		ck_assert_mem_eq(w.p.bytes + QUOTE + 12, ct_test_flow4.src, 4);
		ck_assert_uint_eq(ct_nat_u16(&w.p, QUOTE + IP),
				  ct_test_flow4.sport);
	}
}
END_TEST

START_TEST(req_4_an_error_about_nothing_is_invalid)
{
	struct ct_test_packet left;
	struct ct_pkt pkt;

	ct_pool_out(&w, &ct_test_flow4, pool);
	left = w.p;
	left.bytes[IP + 1] ^= 1; /* of another port */
	pkt = complain(&left, 3, IP + 8);
	ct_process(w.thr, &pkt, CT_HOOK_PREROUTING);
	ck_assert_int_eq(pkt.state, CT_INVALID);
	ck_assert_uint_eq(pkt.reason, CT_R_ICMP_QUOTE_UNKNOWN);
}
END_TEST

/* A router inside complains about an answer. */
START_TEST(req_5_an_error_from_inside_is_translated_too)
{
	struct ct_test_flow out = ct_pool_out(&w, &ct_test_flow4, pool);
	struct ct_test_packet came, error;
	struct ct_test_flow from = { .l3 = CT_L3_IPV4, .src = { 10, 0, 9, 9 } };
	struct ct_test_icmp exceeded = { .type = 11, .rest_len = IP + 8 };
	struct ct_pkt pkt;

	ck_assert_int_eq(ct_pool_in(&w, &out, pool), 0);
	came = w.p;
	exceeded.rest = came.bytes;
	memcpy(from.dst, out.dst, 4);
	ct_test_icmp(&error, &from, CT_DIR_ORIG, &exceeded);
	pkt = ct_test_pkt(&error);
	ck_assert_int_eq(ct_pool_step(&w, &pkt, pool), 0);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ct_nat_sums_right(&error);
	ck_assert_mem_eq(error.bytes + 12, out.src, 4);
	ck_assert_mem_eq(error.bytes + QUOTE + 16, out.src, 4);
	ck_assert_uint_eq(ct_nat_u16(&error, QUOTE + IP + 2), out.sport);
}
END_TEST

START_TEST(req_6_an_error_about_a_query_changes_no_timeout)
{
	struct ct_test_packet left;
	struct ct_pkt pkt;

	query(5, 7);
	left = w.p;
	ct_world_wait(&w, 20 * CT_WORLD_S);
	pkt = complain(&left, 11, left.len);
	ck_assert_int_eq(ct_pool_step(&w, &pkt, pool), 0);
	ck_assert_uint_eq(ct_conn_expires(w.thr, pkt.conn), 40);
	ct_nat_sums_right(&w.p);
	ck_assert_uint_eq(ct_nat_u16(&w.p, QUOTE + ID), 7);
}
END_TEST

/* B complains about a datagram of A's that came through its mapping. */
START_TEST(req_7_a_hairpinned_error_gets_home)
{
	struct ct_test_flow a = ct_pool_client(1, 1111);
	struct ct_test_flow b = ct_pool_client(2, 2222);
	struct ct_test_flow a_out = ct_pool_out(&w, &a, pool);
	struct ct_test_flow b_out = ct_pool_out(&w, &b, pool);
	struct ct_test_flow from = { .l3 = CT_L3_IPV4 };
	struct ct_test_icmp error = { .type = 3, .code = 3, .rest_len = 28 };
	struct ct_test_packet arrived, back;
	struct ct_pkt pkt;

	memcpy(a.dst, b_out.src, 4);
	a.dport = b_out.sport;
	ct_pool_out(&w, &a, pool);
	arrived = w.p;
	error.rest = arrived.bytes;
	memcpy(from.src, b.src, 4);
	memcpy(from.dst, a_out.src, 4);
	ct_test_icmp(&back, &from, CT_DIR_ORIG, &error);
	pkt = ct_test_pkt(&back);
	ck_assert_int_eq(ct_pool_step(&w, &pkt, pool), 0);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ct_nat_sums_right(&back);
	ck_assert_mem_eq(back.bytes + 16, a.src, 4);
	ck_assert_mem_eq(back.bytes + 12, b_out.src, 4);
	ck_assert_mem_eq(back.bytes + QUOTE + 12, a.src, 4);
	ck_assert_mem_eq(back.bytes + QUOTE + 16, b_out.src, 4);
	ck_assert_uint_eq(ct_nat_u16(&back, QUOTE + IP), 1111);
	ck_assert_uint_eq(ct_nat_u16(&back, QUOTE + IP + 2), b_out.sport);
}
END_TEST

START_TEST(req_8_the_host_is_told_that_nothing_is_free)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	const struct ct_test_icmp echo = { ECHO, 0, 9, "abcd", 4 };
	struct ct_test_flow flow = to(5);
	union ct_addr other = ct_pool_addr(9);
	struct ct_pkt pkt;

	cfg.min_id = 5000;
	cfg.max_id = 5000;
	ck_assert_int_eq(ct_nat_pool_create(w.tbl, &cfg, &pool), 0);
	ck_assert_int_eq(ct_nat_pool_add(pool, &other, NULL), 0);
	query(5, 7);
	ct_test_icmp(&w.p, &flow, CT_DIR_ORIG, &echo);
	pkt = ct_test_pkt(&w.p);
	ck_assert_int_eq(ct_pool_step(&w, &pkt, pool), CT_E_FULL);
	ck_assert_uint_eq(pkt.reason, CT_R_NAT_EXHAUSTED);
	ct_abandon(w.thr, &pkt);
}
END_TEST

/* Every query that tracking knows is translated there and back. */
START_TEST(req_10_queries_of_each_type_pass)
{
	static const struct {
		uint8_t ask, answer;
	} types[] = { { 8, 0 }, { 13, 14 }, { 15, 16 }, { 17, 18 } };
	struct ct_test_flow flow = to(5), out = flow;
	union ct_addr one = ct_pool_addr(1);

	memcpy(out.src, &one, 4);
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct ct_test_icmp msg = { types[i].ask, 0, 7, "abcd", 4 };

		ct_test_icmp(&w.p, &flow, CT_DIR_ORIG, &msg);
		ct_pool_pass(&w, &w.p, pool);
		ct_nat_sums_right(&w.p);
		ck_assert_mem_eq(w.p.bytes + 12, &one, 4);
		msg.type = types[i].answer;
		msg.id = ct_nat_u16(&w.p, ID);
		ct_test_icmp(&w.p, &out, CT_DIR_REPLY, &msg);
		ck_assert_int_eq(ct_pool_pass(&w, &w.p, pool).state,
				 CT_ESTABLISHED);
		ct_nat_sums_right(&w.p);
		ck_assert_mem_eq(w.p.bytes + 16, flow.src, 4);
		ck_assert_uint_eq(ct_nat_u16(&w.p, ID), 7);
	}
}
END_TEST

/* Errors of each type: unreachable, source quench, exceeded, parameter problem
 * pass translated; a redirect of what is translated is good for nobody. */
START_TEST(req_10_errors_of_each_type)
{
	static const uint8_t types[] = { 3, 4, 11, 12, 5 };
	struct ct_test_packet left;

	ct_pool_out(&w, &ct_test_flow4, pool);
	left = w.p;
	for (unsigned i = 0; i < sizeof(types); i++) {
		struct ct_pkt pkt = complain(&left, types[i], left.len);
		int error = ct_pool_step(&w, &pkt, pool);

		ck_assert_int_eq(error, types[i] == 5 ? CT_E_REFUSED : 0);
		if (types[i] == 5)
			ck_assert_uint_eq(pkt.reason, CT_R_NAT_UNTRANSLATABLE);
		else
			ck_assert_mem_eq(w.p.bytes + 16, ct_test_flow4.src, 4);
	}
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("rfc5508 flow");
	TCase *tc = tcase_create("rfc5508");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(
		tc, req_1_queries_pass_and_their_mapping_is_host_independent);
	tcase_add_test(tc, req_2_a_query_lives_for_a_minute);
	tcase_add_test(tc, req_3_a_wrong_checksum_is_invalid);
	tcase_add_test(tc, req_3a_a_quoted_header_is_believed_as_it_is);
	tcase_add_test(tc, req_3b_options_of_the_quoted_header_are_skipped);
	tcase_add_test(tc, req_3d_extensions_pass_as_they_are);
	tcase_add_test(tc, req_3c_a_quoted_transport_checksum_is_not_believed);
	tcase_add_test(
		tc, req_4_an_error_from_outside_is_translated_inside_and_out);
	tcase_add_test(tc, req_4_an_error_about_nothing_is_invalid);
	tcase_add_test(tc, req_5_an_error_from_inside_is_translated_too);
	tcase_add_test(tc, req_6_an_error_about_a_query_changes_no_timeout);
	tcase_add_test(tc, req_7_a_hairpinned_error_gets_home);
	tcase_add_test(tc, req_8_the_host_is_told_that_nothing_is_free);
	tcase_add_test(tc, req_10_queries_of_each_type_pass);
	tcase_add_test(tc, req_10_errors_of_each_type);
	suite_add_tcase(suite, tc);
	return suite;
}
