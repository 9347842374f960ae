/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RFC 6888, carrier grade NAT: a test for each requirement that is the library's.
 *  docs/nat.md lists all of them.
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

START_TEST(req_2_pairs_hold_across_protocols)
{
	struct ct_nat_pool *pool = pool_of(0, 0, 0);
	const struct ct_test_segment syn = { .flags = CT_TEST_SYN, .win = 9 };

	for (unsigned host = 0; host < 20; host++) {
		struct ct_test_flow flow = ct_pool_client(host, 1);
		uint8_t address = ct_pool_out(&w, &flow, pool).src[3];

		ct_test_tcp(&w.p, &flow, CT_DIR_ORIG, &syn);
		ct_pool_pass(&w, &w.p, pool);
		ck_assert_uint_eq(w.p.bytes[15], address);
	}
}
END_TEST

START_TEST(req_3_a_pool_need_not_be_contiguous)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	union ct_addr one = ct_pool_addr(1), far = ct_pool_addr(77);
	struct ct_nat_pool *pool;
	bool used[256] = { false };

	ck_assert_int_eq(ct_nat_pool_create(w.tbl, &cfg, &pool), 0);
	ck_assert_int_eq(ct_nat_pool_add(pool, &one, NULL), 0);
	ck_assert_int_eq(ct_nat_pool_add(pool, &far, NULL), 0);
	for (unsigned host = 0; host < 30; host++) {
		struct ct_test_flow flow = ct_pool_client(host, 1);

		used[ct_pool_out(&w, &flow, pool).src[3]] = true;
	}
	ck_assert(used[1] && used[77]);
}
END_TEST

START_TEST(req_4_a_subscriber_has_a_limit_of_ids)
{
	struct ct_nat_pool *pool = pool_of(0, 20, 0);

	for (unsigned host = 1; host <= 3; host++) {
		struct ct_test_flow last = ct_pool_client(host, 999);

		for (uint16_t port = 1; port <= 20; port++) {
			struct ct_test_flow flow = ct_pool_client(host, port);

			ct_pool_out(&w, &flow, pool);
		}
		ct_pool_refused(&w, &last, pool, CT_E_FULL);
	}
	ck_assert_uint_eq(ct_world_count(&w, CT_R_NAT_QUOTA), 3);
}
END_TEST

START_TEST(req_5_a_subscriber_has_a_limit_of_sessions)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_test_flow last = ct_pool_server(ct_test_flow4, 200, 1);
	struct ct_nat_pool *pool;

	cfg.max_conns = 30;
	pool = ct_pool_new(&w, &cfg, 1);
	for (uint8_t server = 1; server <= 30; server++) {
		struct ct_test_flow flow =
			ct_pool_server(ct_test_flow4, server, 1);

		ct_pool_out(&w, &flow, pool);
	}
	ct_pool_refused(&w, &last, pool, CT_E_FULL);
}
END_TEST

START_TEST(req_8_an_id_is_given_to_another_after_two_minutes)
{
	struct ct_nat_pool *pool = pool_of(0, 0, 120);
	struct ct_test_flow last = ct_pool_client(999, 1);

	for (unsigned host = 0; host < 2 * IDS; host++) {
		struct ct_test_flow flow = ct_pool_client(host, 1);

		ct_pool_out(&w, &flow, pool);
	}
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_wait(&w, 119 * CT_WORLD_S);
	ct_pool_refused(&w, &last, pool, CT_E_FULL);
	ct_world_wait(&w, 42 * CT_WORLD_S);
	ct_pool_out(&w, &last, pool);
}
END_TEST

START_TEST(req_11_nothing_is_ended_to_make_room)
{
	struct ct_nat_pool *pool = pool_of(0, 0, 0);
	static struct ct_test_flow out[2 * IDS];

	for (unsigned host = 0; host < 2 * IDS; host++) {
		struct ct_test_flow flow = ct_pool_client(host, 1);

		out[host] = ct_pool_out(&w, &flow, pool);
	}
	for (unsigned host = 1000; host < 1050; host++) {
		struct ct_test_flow flow = ct_pool_client(host, 1);

		ct_pool_refused(&w, &flow, pool, CT_E_FULL);
	}
	ck_assert_uint_eq(ct_world_count(&w, CT_R_NAT_EXHAUSTED), 50);
	ck_assert_uint_eq(ct_world_conns(&w), 2 * IDS);
	for (unsigned host = 0; host < 2 * IDS; host++)
		ck_assert_int_eq(ct_pool_in(&w, &out[host], pool), 0);
}
END_TEST

/* Three subscribers and no pairs that bind: all ids are used. */
START_TEST(req_13_every_id_can_be_used)
{
	struct ct_nat_pool *pool = pool_of(0, 0, 0);

	for (unsigned i = 0; i < 2 * IDS; i++) {
		struct ct_test_flow flow =
			ct_pool_client(i % 3, (uint16_t)(1 + i / 3));

		ct_pool_out(&w, &flow, pool);
	}
}
END_TEST

/* Of a hundred ids in a row hardly any follows its predecessor. */
START_TEST(req_15_ids_are_hard_to_guess)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_nat_pool *pool = ct_pool_new(&w, &cfg, 1);
	unsigned near = 0, high = 0;
	uint16_t before = 0;

	for (unsigned host = 0; host < 400; host++) {
		struct ct_test_flow flow = ct_pool_client(host, 1);
		uint16_t id = ct_pool_out(&w, &flow, pool).sport;

		near += id - before < 256 && before - id < 256;
		high += id >= 33280; /* the upper half */
		before = id;
	}
	/* By chance: 400 / 126, and 200. */
	ck_assert_uint_lt(near, 14);
	ck_assert(high > 150 && high < 250);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("rfc6888 flow");
	TCase *tc = tcase_create("rfc6888");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, req_2_pairs_hold_across_protocols);
	tcase_add_test(tc, req_3_a_pool_need_not_be_contiguous);
	tcase_add_test(tc, req_4_a_subscriber_has_a_limit_of_ids);
	tcase_add_test(tc, req_5_a_subscriber_has_a_limit_of_sessions);
	tcase_add_test(tc, req_8_an_id_is_given_to_another_after_two_minutes);
	tcase_add_test(tc, req_11_nothing_is_ended_to_make_room);
	tcase_add_test(tc, req_13_every_id_can_be_used);
	tcase_add_test(tc, req_15_ids_are_hard_to_guess);
	suite_add_tcase(suite, tc);
	return suite;
}
