/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pools: which ids are given, and when they come back.
 */
#include "core/table.h"
#include "pool.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { MAX_CONNS = 16384, UDP = 17 };

static struct ct_world w;

static void setup(void)
{
	ct_world_start(&w, MAX_CONNS);
}

static void teardown(void)
{
	ct_world_clear(&w);
	ck_assert_uint_eq(ct_mappings_users(w.tbl), 0);
	ct_world_end(&w);
}

static struct ct_nat_pool *small_pool(uint16_t first, uint16_t last,
				      uint32_t flags, unsigned n_addrs)
{
	struct ct_nat_pool_config cfg = ct_pool_config();

	cfg.min_id = first;
	cfg.max_id = last;
	cfg.flags = flags;
	return ct_pool_new(&w, &cfg, n_addrs);
}

START_TEST(a_flow_leaves_by_the_pool_and_is_answered)
{
	struct ct_nat_pool *pool = small_pool(0, 0, 0, 1);
	struct ct_test_flow outside = ct_pool_out(&w, &ct_test_flow4, pool);
	struct ct_test_flow back;
	union ct_addr addr = ct_pool_addr(1);

	ck_assert_mem_eq(outside.src, &addr, 4);
	ck_assert_uint_ge(outside.sport, 1024);
	ct_nat_sums_right(&w.p);
	ck_assert_int_eq(ct_pool_in(&w, &outside, pool), 0);
	ct_nat_sums_right(&w.p);
	back = ct_pool_flow(&w.p);
	ck_assert_mem_eq(back.dst, ct_test_flow4.src, 4);
	ck_assert_uint_eq(back.dport, ct_test_flow4.sport);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
	ct_world_audit(&w);
}
END_TEST

START_TEST(every_id_of_every_address_is_given_before_any_is_refused)
{
	enum { ADDRS = 3, IDS = 200 };
	static bool seen[ADDRS + 1][IDS];
	struct ct_nat_pool *pool = small_pool(5000, 5000 + IDS - 1, 0, ADDRS);
	struct ct_test_flow last = ct_pool_client(9999, 1);
	unsigned kept = 0;

	memset(seen, 0, sizeof(seen));
	for (unsigned i = 0; i < ADDRS * IDS; i++) {
		struct ct_test_flow flow = ct_pool_client(i, 1000);
		struct ct_test_flow out = ct_pool_out(&w, &flow, pool);

		ck_assert(out.src[3] >= 1 && out.src[3] <= ADDRS);
		ck_assert(out.sport >= 5000 && out.sport < 5000 + IDS);
		ck_assert(!seen[out.src[3]][out.sport - 5000]);
		seen[out.src[3]][out.sport - 5000] = true;
	}
	ck_assert_uint_eq(ct_world_count(&w, CT_R_NAT_EXHAUSTED), 0);
	ct_pool_refused(&w, &last, pool, CT_E_FULL);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_NAT_EXHAUSTED), 1);
	for (unsigned i = 1; i <= ADDRS; i++) {
		struct ct_nat_gauge gauge = ct_pool_gauge(pool, i, UDP);

		ck_assert_uint_eq(gauge.free, 0);
		ck_assert_uint_eq(gauge.ids, IDS);
		kept += (unsigned)gauge.mappings;
	}
	ck_assert_uint_eq(kept, ADDRS * IDS);
	ct_world_audit(&w);
}
END_TEST

START_TEST(an_id_comes_back_after_the_grace_period_not_before)
{
	struct ct_nat_pool *pool = small_pool(5000, 5000, 0, 1);
	struct ct_test_flow second = ct_pool_client(2, 77);
	struct ct_pkt pkt;

	ct_test_udp(&w.p, &ct_test_flow4, CT_DIR_ORIG, 1);
	pkt = ct_pool_pass(&w, &w.p, pool);
	ct_pool_refused(&w, &second, pool, CT_E_FULL);
	ck_assert_int_eq(ct_conn_delete(w.thr, pkt.conn), 0);
	ct_pool_refused(&w, &second, pool, CT_E_FULL);
	ct_world_settle(&w);
	ck_assert_uint_eq(ct_pool_out(&w, &second, pool).sport, 5000);
}
END_TEST

START_TEST(a_connection_that_is_given_up_gives_its_id_back)
{
	struct ct_nat_pool *pool = small_pool(5000, 5000, 0, 1);
	struct ct_test_flow second = ct_pool_client(2, 77);
	struct ct_pkt pkt;

	ct_test_udp(&w.p, &ct_test_flow4, CT_DIR_ORIG, 1);
	pkt = ct_test_pkt(&w.p);
	ck_assert_int_eq(ct_pool_step(&w, &pkt, pool), 0);
	ct_abandon(w.thr, &pkt);
	ck_assert_uint_eq(ct_pool_out(&w, &second, pool).sport, 5000);
}
END_TEST

START_TEST(an_id_is_held_down)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_test_flow second = ct_pool_client(2, 77);
	struct ct_nat_pool *pool;

	cfg.min_id = 5000;
	cfg.max_id = 5000;
	cfg.hold_s = 120;
	pool = ct_pool_new(&w, &cfg, 1);
	ct_pool_out(&w, &ct_test_flow4, pool);
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ck_assert_uint_eq(ct_pool_gauge(pool, 1, UDP).held, 1);
	ct_world_wait(&w, 119 * CT_WORLD_S);
	ct_pool_refused(&w, &second, pool, CT_E_FULL);
	ct_world_wait(&w, 42 * CT_WORLD_S);
	ck_assert_uint_eq(ct_pool_out(&w, &second, pool).sport, 5000);
}
END_TEST

START_TEST(ids_and_classes_are_kept_where_they_can_be)
{
	struct ct_nat_pool *pool =
		small_pool(1, 65535, CT_POOL_KEEP_ID | CT_POOL_KEEP_CLASS, 1);
	struct ct_test_flow first = ct_pool_client(1, 500);
	struct ct_test_flow second = ct_pool_client(2, 500);
	struct ct_test_flow third = ct_pool_client(3, 5000);
	struct ct_test_flow fourth = ct_pool_client(4, 5000);

	ck_assert_uint_eq(ct_pool_out(&w, &first, pool).sport, 500);
	ck_assert_uint_lt(ct_pool_out(&w, &second, pool).sport, 1024);
	ck_assert_uint_eq(ct_pool_out(&w, &third, pool).sport, 5000);
	ck_assert_uint_ge(ct_pool_out(&w, &fourth, pool).sport, 1024);
}
END_TEST

START_TEST(a_class_that_is_full_is_left)
{
	struct ct_nat_pool *pool =
		small_pool(1023, 1024, CT_POOL_KEEP_CLASS, 1);
	struct ct_test_flow first = ct_pool_client(1, 500);
	struct ct_test_flow second = ct_pool_client(2, 500);

	ck_assert_uint_eq(ct_pool_out(&w, &first, pool).sport, 1023);
	ck_assert_uint_eq(ct_pool_out(&w, &second, pool).sport, 1024);
}
END_TEST

START_TEST(parity_and_contiguity_for_a_pair_of_ports)
{
	struct ct_nat_pool *pool =
		small_pool(2000, 2099, CT_POOL_PARITY | CT_POOL_CONTIGUITY, 1);

	for (unsigned i = 0; i < 25; i++) {
		struct ct_test_flow rtp = ct_pool_client(i, 4000);
		struct ct_test_flow rtcp = ct_pool_client(i, 4001);
		uint16_t port = ct_pool_out(&w, &rtp, pool).sport;

		ck_assert_uint_eq(port % 2, 0);
		ck_assert_uint_eq(ct_pool_out(&w, &rtcp, pool).sport, port + 1);
	}
	/* Without its neighbour an odd port is still odd. */
	for (unsigned i = 100; i < 125; i++) {
		struct ct_test_flow flow = ct_pool_client(i, 4001);

		ck_assert_uint_eq(ct_pool_out(&w, &flow, pool).sport % 2, 1);
	}
}
END_TEST

START_TEST(excluded_ids_are_not_given)
{
	struct ct_nat_pool *pool = small_pool(5000, 5009, 0, 1);
	struct ct_test_flow last = ct_pool_client(99, 1);

	ck_assert_int_eq(ct_nat_pool_exclude(pool, 5003, 5005), 0);
	ck_assert_int_eq(ct_nat_pool_exclude(pool, 7, 6), CT_E_INVAL);
	for (unsigned i = 0; i < 4; i++) {
		struct ct_test_flow flow = ct_pool_client(i, 1);
		uint16_t port = ct_pool_out(&w, &flow, pool).sport;

		ck_assert(port < 5003 || port > 5005);
	}
	/* While the pool is in use. */
	ck_assert_int_eq(ct_nat_pool_exclude(pool, 5006, 5009), 0);
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	for (unsigned i = 0; i < 3; i++) {
		struct ct_test_flow flow = ct_pool_client(i, 2);

		ck_assert_uint_lt(ct_pool_out(&w, &flow, pool).sport, 5003);
	}
	ct_pool_refused(&w, &last, pool, CT_E_FULL);
}
END_TEST

START_TEST(excluded_ids_are_not_counted)
{
	struct ct_nat_pool *pool = small_pool(5000, 5009, 0, 1);

	ck_assert_int_eq(ct_nat_pool_exclude(pool, 4990, 5003), 0);
	ck_assert_int_eq(ct_nat_pool_exclude(pool, 5002, 5003), 0);
	/* Whether a packet has made the map of ids or not. */
	for (uint32_t used = 0; used < 2; used++) {
		struct ct_nat_gauge gauge = ct_pool_gauge(pool, 1, UDP);

		ck_assert_uint_eq(gauge.ids, 6);
		ck_assert_uint_eq(gauge.free, 6 - used);
		ct_pool_out(&w, &ct_test_flow4, pool);
	}
	/* One that is used still is one until then. */
	ck_assert_int_eq(ct_nat_pool_exclude(pool, 5004, 5009), 0);
	ck_assert_uint_eq(ct_pool_gauge(pool, 1, UDP).ids, 1);
	ck_assert_uint_eq(ct_pool_gauge(pool, 1, UDP).free, 0);
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ck_assert_uint_eq(ct_pool_gauge(pool, 1, UDP).ids, 0);
}
END_TEST

static bool low_is_used(void *user, uint8_t l4, const union ct_addr *addr,
			uint16_t id)
{
	unsigned *asked = user;

	ck_assert_uint_eq(l4, UDP);
	ck_assert_uint_eq(addr->v4, htonl(CT_POOL_FIRST));
	(*asked)++;
	return id < 5008;
}

START_TEST(a_port_that_the_host_uses_is_passed_over)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_test_flow last = ct_pool_client(99, 1);
	struct ct_nat_pool *pool;
	unsigned asked = 0;

	cfg.min_id = 5000;
	cfg.max_id = 5009;
	cfg.port_in_use = low_is_used;
	cfg.user = &asked;
	pool = ct_pool_new(&w, &cfg, 1);
	for (unsigned i = 0; i < 2; i++) {
		struct ct_test_flow flow = ct_pool_client(i, 1);

		ck_assert_uint_ge(ct_pool_out(&w, &flow, pool).sport, 5008);
	}
	ck_assert_uint_ge(asked, 2);
	ct_pool_refused(&w, &last, pool, CT_E_FULL);
	/* What was passed over is free. */
	ck_assert_uint_eq(ct_pool_gauge(pool, 1, UDP).free, 8);
}
END_TEST

START_TEST(a_tuple_of_somebody_else_is_passed_over)
{
	struct ct_nat_pool *pool = small_pool(5000, 5001, 0, 1);
	struct ct_test_flow own = ct_test_flow4;
	union ct_addr addr = ct_pool_addr(1);

	/* The router's own connection from the pool's address. */
	memcpy(own.src, &addr, 4);
	own.sport = 5000;
	ct_world_udp(&w, &own, CT_DIR_ORIG);
	ck_assert_uint_eq(ct_pool_out(&w, &ct_test_flow4, pool).sport, 5001);
}
END_TEST

START_TEST(each_protocol_has_all_ids)
{
	static const struct ct_test_icmp echo = { 8, 0, 7, "ping", 4 };
	struct ct_nat_pool *pool = small_pool(5000, 5000, 0, 1);
	const struct ct_test_segment syn = { .flags = CT_TEST_SYN, .win = 100 };

	ct_pool_out(&w, &ct_test_flow4, pool);
	ct_test_tcp(&w.p, &ct_test_flow4, CT_DIR_ORIG, &syn);
	ct_pool_pass(&w, &w.p, pool);
	ck_assert_uint_eq(ct_nat_u16(&w.p, 20), 5000);
	ct_test_icmp(&w.p, &ct_test_flow4, CT_DIR_ORIG, &echo);
	ct_pool_pass(&w, &w.p, pool);
	ck_assert_uint_eq(ct_nat_u16(&w.p, 24), 5000);
	ct_nat_sums_right(&w.p);
	ct_world_audit(&w);
}
END_TEST

START_TEST(a_protocol_without_ids_gets_an_address_for_each_peer)
{
	static const uint8_t bytes[16] = { 0, 0, 0, 7 };
	const struct ct_test_l4 esp = { 50, bytes, sizeof(bytes) };
	struct ct_nat_pool *pool = small_pool(0, 0, 0, 2);
	struct ct_test_flow flow = ct_pool_client(1, 0);
	uint8_t first;
	struct ct_pkt pkt;

	ct_test_raw(&w.p, &flow, CT_DIR_ORIG, &esp);
	ct_pool_pass(&w, &w.p, pool);
	first = w.p.bytes[15];
	flow = ct_pool_client(2, 0);
	ct_test_raw(&w.p, &flow, CT_DIR_ORIG, &esp);
	ct_pool_pass(&w, &w.p, pool);
	ck_assert_uint_ne(w.p.bytes[15], first);
	flow = ct_pool_client(3, 0);
	ct_test_raw(&w.p, &flow, CT_DIR_ORIG, &esp);
	pkt = ct_test_pkt(&w.p);
	ck_assert_int_eq(ct_pool_step(&w, &pkt, pool), CT_E_FULL);
	ct_abandon(w.thr, &pkt);
	ct_world_audit(&w);
}
END_TEST

START_TEST(ipv6_pools_work_as_well)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_nat_range to = ct_nat_to6(7);
	struct ct_nat_pool *pool;
	struct ct_pkt pkt;

	cfg.l3 = CT_L3_IPV6;
	ck_assert_int_eq(ct_nat_pool_create(w.tbl, &cfg, &pool), 0);
	ck_assert_int_eq(ct_nat_pool_add(pool, &to.min_addr, NULL), 0);
	pkt = ct_world_open(&w, &ct_test_flow6, CT_DIR_ORIG);
	ck_assert_int_eq(ct_nat_pool_setup(w.thr, &pkt, pool), 0);
	ck_assert_int_eq(ct_nat_apply(w.thr, &pkt, CT_HOOK_POSTROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ck_assert_mem_eq(w.p.bytes + 8, &to.min_addr, 16);
	ct_nat_sums_right(&w.p);
	pkt = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);
	ck_assert_int_eq(ct_nat_pool_setup(w.thr, &pkt, pool), CT_E_INVAL);
	ct_abandon(w.thr, &pkt);
	ct_world_audit(&w);
}
END_TEST

/* --- Addresses come and go ---------------------------------------------- */

START_TEST(a_draining_address_gets_no_new_mappings)
{
	struct ct_nat_pool *pool = small_pool(0, 0, 0, 2);
	union ct_addr one = ct_pool_addr(1), other = ct_pool_addr(9);
	struct ct_test_flow out = { 0 };
	struct ct_test_flow flow;

	for (unsigned i = 0; out.src[3] != 1; i++) {
		flow = ct_pool_client(i, 1);
		out = ct_pool_out(&w, &flow, pool);
	}
	ck_assert_int_eq(ct_nat_pool_drain(pool, &one), 0);
	ck_assert_int_eq(ct_nat_pool_drain(pool, &other), CT_E_NOENT);
	for (unsigned i = 0; i < 50; i++) {
		struct ct_test_flow next = ct_pool_client(1000 + i, 1);

		ck_assert_uint_eq(ct_pool_out(&w, &next, pool).src[3], 2);
	}
	/* The old mapping serves its endpoint still. */
	flow = ct_pool_server(flow, 77, 7);
	ck_assert_uint_eq(ct_pool_out(&w, &flow, pool).src[3], 1);
	ck_assert_int_eq(ct_nat_pool_add(pool, &one, NULL), 0);
	ck_assert_uint_eq(ct_pool_gauge(pool, 1, UDP).active, 1);
}
END_TEST

START_TEST(removal_ends_what_uses_the_address_and_nothing_else)
{
	struct ct_nat_pool *pool = small_pool(0, 0, 0, 2);
	union ct_addr one = ct_pool_addr(1);
	unsigned on_one = 0;
	enum { FLOWS = 500 };

	for (unsigned i = 0; i < FLOWS; i++) {
		struct ct_test_flow flow = ct_pool_client(i, 1);

		on_one += ct_pool_out(&w, &flow, pool).src[3] == 1;
		flow.dport++; /* two connections of each mapping */
		ct_pool_out(&w, &flow, pool);
	}
	ck_assert(on_one > 0 && on_one < FLOWS);
	ck_assert_int_eq(ct_nat_pool_remove(w.thr, pool, &one), 2 * on_one);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_ADDRESS), 2 * on_one);
	ck_assert_uint_eq(ct_world_conns(&w), 2 * (FLOWS - on_one));
	ck_assert_int_eq(ct_nat_pool_remove(w.thr, pool, &one), CT_E_NOENT);
	for (unsigned i = 0; i < FLOWS; i++) {
		struct ct_test_flow flow = ct_pool_client(i, 1);

		ck_assert_uint_eq(ct_pool_out(&w, &flow, pool).src[3], 2);
	}
	ct_world_audit(&w);
}
END_TEST

START_TEST(a_connection_on_its_way_does_not_survive_its_address)
{
	struct ct_nat_pool *pool = small_pool(0, 0, 0, 1);
	union ct_addr one = ct_pool_addr(1);
	struct ct_pkt pkt;

	ct_test_udp(&w.p, &ct_test_flow4, CT_DIR_ORIG, 1);
	pkt = ct_test_pkt(&w.p);
	ck_assert_int_eq(ct_pool_step(&w, &pkt, pool), 0);
	ck_assert_int_eq(ct_nat_pool_remove(w.thr, pool, &one), 0);
	ct_confirm(w.thr, &pkt);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_ADDRESS), 1);
}
END_TEST

START_TEST(a_place_serves_another_address_when_nothing_uses_it)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_nat_pool *pool;

	cfg.max_addrs = 2;
	pool = ct_pool_new(&w, &cfg, 2);
	for (unsigned n = 3; n < 20; n++) {
		union ct_addr old = ct_pool_addr(n - 2);
		union ct_addr next = ct_pool_addr(n);
		struct ct_test_flow flow = ct_pool_client(n, 1);

		ct_pool_out(&w, &flow, pool);
		ck_assert_int_eq(ct_nat_pool_add(pool, &next, NULL), CT_E_FULL);
		ck_assert_int_ge(ct_nat_pool_remove(w.thr, pool, &old), 0);
		ct_world_settle(&w);
		ck_assert_int_eq(ct_nat_pool_add(pool, &next, NULL), 0);
		ck_assert_uint_eq(ct_pool_gauge(pool, n, UDP).active, 1);
	}
}
END_TEST

START_TEST(without_addresses_nothing_is_given)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	union ct_addr one = ct_pool_addr(1);
	struct ct_nat_pool *pool;

	ck_assert_int_eq(ct_nat_pool_create(w.tbl, &cfg, &pool), 0);
	ct_pool_refused(&w, &ct_test_flow4, pool, CT_E_NOENT);
	ck_assert_int_eq(ct_nat_pool_add(pool, &one, NULL), 0);
	ck_assert_int_eq(ct_nat_pool_remove(w.thr, pool, &one), 0);
	ct_pool_refused(&w, &ct_test_flow4, pool, CT_E_NOENT);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_NAT_EXHAUSTED), 2);
}
END_TEST

START_TEST(leak_proof_lets_nothing_leave_untranslated)
{
	struct ct_nat_pool *pool = small_pool(5000, 5000, 0, 1);
	struct ct_test_flow second = ct_pool_client(2, 77);
	struct ct_pkt pkt;

	ck_assert_int_eq(ct_param_set(w.tbl, "nat.leak_proof", 1), 0);
	ct_pool_out(&w, &ct_test_flow4, pool);
	ct_test_udp(&w.p, &second, CT_DIR_ORIG, 20);
	pkt = ct_test_pkt(&w.p);
	ck_assert_int_eq(ct_pool_step(&w, &pkt, pool), CT_E_FULL);
	ck_assert_int_eq(ct_nat_apply(w.thr, &pkt, CT_HOOK_POSTROUTING),
			 CT_DROP);
	ck_assert_uint_eq(pkt.reason, CT_R_NAT_LEAK);
	ct_abandon(w.thr, &pkt);
}
END_TEST

START_TEST(configurations_that_make_no_sense)
{
	struct ct_nat_pool_config bad[8];
	struct ct_nat_pool *pool;

	for (unsigned i = 0; i < 8; i++)
		bad[i] = ct_pool_config();
	bad[0].l3 = 5;
	bad[1].flags = 1u << 30;
	bad[2].mapping = 3;
	bad[3].min_id = 9;
	bad[3].max_id = 8;
	bad[4].max_addrs = 5000;
	bad[5].flags = CT_POOL_OVERLOAD; /* with endpoint independence */
	bad[6].prefix_len = 33;
	bad[7].spare_blocks = 1;
	for (unsigned i = 0; i < 8; i++)
		ck_assert_int_eq(ct_nat_pool_create(w.tbl, &bad[i], &pool),
				 CT_E_INVAL);
	bad[0] = ct_pool_config();
	for (unsigned i = 0; i < CT_POOLS; i++)
		ck_assert_int_eq(ct_nat_pool_create(w.tbl, &bad[0], &pool), 0);
	ck_assert_int_eq(ct_nat_pool_create(w.tbl, &bad[0], &pool), CT_E_FULL);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("pool flow");
	TCase *tc = tcase_create("pool");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_flow_leaves_by_the_pool_and_is_answered);
	tcase_add_test(
		tc, every_id_of_every_address_is_given_before_any_is_refused);
	tcase_add_test(tc, an_id_comes_back_after_the_grace_period_not_before);
	tcase_add_test(tc, a_connection_that_is_given_up_gives_its_id_back);
	tcase_add_test(tc, an_id_is_held_down);
	tcase_add_test(tc, ids_and_classes_are_kept_where_they_can_be);
	tcase_add_test(tc, a_class_that_is_full_is_left);
	tcase_add_test(tc, parity_and_contiguity_for_a_pair_of_ports);
	tcase_add_test(tc, excluded_ids_are_not_given);
	tcase_add_test(tc, excluded_ids_are_not_counted);
	tcase_add_test(tc, a_port_that_the_host_uses_is_passed_over);
	tcase_add_test(tc, a_tuple_of_somebody_else_is_passed_over);
	tcase_add_test(tc, each_protocol_has_all_ids);
	tcase_add_test(tc,
		       a_protocol_without_ids_gets_an_address_for_each_peer);
	tcase_add_test(tc, ipv6_pools_work_as_well);
	tcase_add_test(tc, a_draining_address_gets_no_new_mappings);
	tcase_add_test(tc, removal_ends_what_uses_the_address_and_nothing_else);
	tcase_add_test(tc,
		       a_connection_on_its_way_does_not_survive_its_address);
	tcase_add_test(tc, a_place_serves_another_address_when_nothing_uses_it);
	tcase_add_test(tc, without_addresses_nothing_is_given);
	tcase_add_test(tc, leak_proof_lets_nothing_leave_untranslated);
	tcase_add_test(tc, configurations_that_make_no_sense);
	suite_add_tcase(suite, tc);
	return suite;
}
