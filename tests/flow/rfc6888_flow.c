/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RFC 6888, carrier grade NAT: a test for each requirement that is the library's.
 *  docs/nat.md lists all of them.
 */
#include "natlog.h"
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

/* The host does not call the verb; what is not translated stays so. */
START_TEST(req_6_some_destinations_are_not_translated)
{
	struct ct_nat_pool *pool = pool_of(0, 0, 0);
	struct ct_test_flow apart = ct_pool_server(ct_test_flow4, 200, 1);

	ct_pool_out(&w, &ct_test_flow4, pool);
	ct_world_udp(&w, &apart, CT_DIR_ORIG);
	ck_assert_mem_eq(ct_pool_flow(&w.p).src, apart.src, 4);
	ct_test_udp(&w.p, &apart, CT_DIR_REPLY, 9);
	ck_assert_int_eq(ct_pool_pass(&w, &w.p, pool).state, CT_ESTABLISHED);
	ck_assert_mem_eq(ct_pool_flow(&w.p).dst, apart.src, 4);
	ck_assert_uint_eq(ct_pool_gauge(pool, 1, 17).mappings +
				  ct_pool_gauge(pool, 2, 17).mappings,
			  1);
}
END_TEST

START_TEST(req_7_the_filter_asks_for_nothing)
{
	struct ct_nat_pool *pool = pool_of(0, 0, 0);
	struct ct_test_flow out = ct_pool_out(&w, &ct_test_flow4, pool);
	struct ct_test_flow stranger = ct_pool_server(out, 200, 9);

	ck_assert_int_eq(ct_pool_in(&w, &stranger, pool), 0);
	ck_assert_mem_eq(ct_pool_flow(&w.p).dst, ct_test_flow4.src, 4);
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

START_TEST(req_9_mappings_are_made_by_control)
{
	struct ct_nat_pool *pool = pool_of(0, 0, 0);
	struct ct_nat_static map = { .size = sizeof(map),
				     .inside = ct_pool_inside(3),
				     .inside_id = htons(8080),
				     .l4 = 17,
				     .lifetime_s = 60 };
	struct ct_test_flow in = ct_test_flow4;

	ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &map), 0);
	memcpy(in.src, &map.outside, 4);
	in.sport = ntohs(map.outside_id);
	ck_assert_int_eq(ct_pool_in(&w, &in, pool), 0);
	ck_assert_mem_eq(ct_pool_flow(&w.p).dst, &map.inside, 4);
	ck_assert_uint_eq(ct_pool_flow(&w.p).dport, 8080);
}
END_TEST

START_TEST(req_10_it_tells_how_it_is)
{
	struct ct_nat_pool *pool = pool_of(0, 10, 0);
	struct ct_test_flow out = ct_pool_out(&w, &ct_test_flow4, pool);
	struct ct_nat_gauge gauge = ct_pool_gauge(pool, out.src[3], 17);
	struct ct_nat_usage usage = { .size = sizeof(usage) };
	union ct_addr inside = ct_pool_inside(2);

	ck_assert_uint_eq(gauge.ids, IDS);
	ck_assert_uint_eq(gauge.free, IDS - 1);
	ck_assert_uint_eq(gauge.mappings, 1);
	ck_assert_uint_eq(gauge.made, 1);
	ck_assert_int_eq(ct_nat_usage(pool, &inside, 0, &usage), 0);
	ck_assert_uint_eq(usage.mappings, 1);
	ck_assert_mem_eq(&usage.outside, out.src, 4);
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

/* Who had which endpoint, and to nobody which server it asked. */
START_TEST(req_12_no_destination_is_logged)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	struct ct_nat_pool *pool;
	char line[512];

	cfg.events = 1u << CT_NAT_EV_MAPPING | 1u << CT_NAT_EV_MAPPING_END;
	ct_natlog_open();
	pool = ct_pool_new(&w, &cfg, 1);
	ct_pool_out(&w, &ct_test_flow4, pool);
	ck_assert_uint_eq(ct_natlog_all(), 1);
	ck_assert_int_gt(ct_nat_event_text(ct_natlog_last(CT_NAT_EV_MAPPING),
					   line, sizeof(line)),
			 0);
	ck_assert_ptr_null(strstr(line, "peer"));
	ck_assert_ptr_null(strstr(line, "198.51.100.5"));
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

START_TEST(req_14_logs_are_small)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	struct ct_nat_pool *pool;

	cfg.events = 1u << CT_NAT_EV_BLOCK | 1u << CT_NAT_EV_BLOCK_END;
	cfg.block_ids = 64;
	ct_natlog_open();
	pool = ct_pool_new(&w, &cfg, 1);
	for (uint16_t port = 1; port <= 64; port++) {
		struct ct_test_flow flow = ct_pool_client(1, port);

		ct_pool_out(&w, &flow, pool);
	}
	ck_assert_uint_eq(ct_natlog_all(), 1);
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
	tcase_add_test(tc, req_6_some_destinations_are_not_translated);
	tcase_add_test(tc, req_7_the_filter_asks_for_nothing);
	tcase_add_test(tc, req_8_an_id_is_given_to_another_after_two_minutes);
	tcase_add_test(tc, req_9_mappings_are_made_by_control);
	tcase_add_test(tc, req_10_it_tells_how_it_is);
	tcase_add_test(tc, req_11_nothing_is_ended_to_make_room);
	tcase_add_test(tc, req_12_no_destination_is_logged);
	tcase_add_test(tc, req_13_every_id_can_be_used);
	tcase_add_test(tc, req_14_logs_are_small);
	tcase_add_test(tc, req_15_ids_are_hard_to_guess);
	suite_add_tcase(suite, tc);
	return suite;
}
