/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Carrier grade: subscribers whose ids are excluded, or whose address goes.
 */
#include "core/table.h"
#include "natlog.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { MAX_CONNS = 4096, UDP = 17 };

static struct ct_world w;

static void setup(void)
{
	ct_natlog_open();
	ct_world_start(&w, MAX_CONNS);
}

/* Who got something has given it back. */
static void teardown(void)
{
	ct_world_clear(&w);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_BLOCK),
			  ct_natlog_count(CT_NAT_EV_BLOCK_END));
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_SUBSCRIBER),
			  ct_natlog_count(CT_NAT_EV_SUBSCRIBER_END));
	ct_world_end(&w);
}

static union ct_addr source_of(const struct ct_test_flow *out)
{
	union ct_addr addr;

	memset(&addr, 0, sizeof(addr));
	memcpy(&addr, out->src, 4);
	return addr;
}

/* --- Excluded blocks ---------------------------------------------------- */

/* Ids are excluded before an address comes, or while it is there. */
START_TEST(a_block_without_an_id_is_not_given)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	union ct_addr one = ct_pool_addr(1);
	struct ct_nat_pool *pool;

	cfg.block_ids = 64;
	ck_assert_int_eq(ct_nat_pool_create(w.tbl, &cfg, &pool), 0);
	if (_i)
		ck_assert_int_eq(ct_nat_pool_add(pool, &one, NULL), 0);
	/* The last block that is touched has one id left. */
	ck_assert_int_eq(ct_nat_pool_exclude(pool, 1024, 1024 + 900 * 64 - 2),
			 0);
	if (!_i)
		ck_assert_int_eq(ct_nat_pool_add(pool, &one, NULL), 0);
	for (unsigned i = 0; i < 109; i++) {
		struct ct_test_flow flow = ct_pool_client(i, 4000);

		ck_assert_uint_ge(ct_pool_out(&w, &flow, pool).sport,
				  1024 + 900 * 64 - 1);
	}
	{
		struct ct_test_flow last = ct_pool_client(200, 1);

		ct_pool_refused(&w, &last, pool, CT_E_FULL);
	}
}
END_TEST

START_TEST(a_block_that_is_excluded_meanwhile_does_not_come_back)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	struct ct_test_flow second = ct_pool_client(2, 1);
	struct ct_test_flow third = ct_pool_client(3, 1);
	struct ct_nat_pool *pool;
	uint16_t first;

	cfg.min_id = 5000;
	cfg.max_id = 5015;
	cfg.block_ids = 8;
	pool = ct_pool_new(&w, &cfg, 1);
	ct_pool_out(&w, &ct_test_flow4, pool);
	first = ct_natlog_last(CT_NAT_EV_BLOCK)->first_id;
	ck_assert_int_eq(
		ct_nat_pool_exclude(pool, first, (uint16_t)(first + 7)), 0);
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_pool_out(&w, &second, pool);
	ck_assert_uint_ne(ct_natlog_last(CT_NAT_EV_BLOCK)->first_id, first);
	ct_pool_refused(&w, &third, pool, CT_E_FULL);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_BLOCK), 2);
}
END_TEST

START_TEST(who_has_an_excluded_block_for_good_gets_a_spare_one)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	struct ct_test_flow flow = ct_pool_client(1, 1);
	struct ct_nat_pool *pool;

	cfg.min_id = 2000;
	cfg.max_id = 2039;
	cfg.block_ids = 10;
	cfg.fixed_first = ct_pool_inside(1);
	cfg.n_fixed = 2;
	cfg.spare_blocks = 2;
	pool = ct_pool_new(&w, &cfg, 1);
	ck_assert_int_eq(ct_nat_pool_exclude(pool, 2000, 2009), 0);
	ck_assert_uint_ge(ct_pool_out(&w, &flow, pool).sport, 2020);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_BLOCK), 1);
}
END_TEST

/* --- An address goes ---------------------------------------------------- */

enum { IDS = 4 };

static struct ct_nat_pool *pool_of_blocks(void)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();

	cfg.block_ids = IDS;
	cfg.max_blocks = 3;
	return ct_pool_new(&w, &cfg, 2);
}

START_TEST(blocks_of_a_drained_address_are_not_given)
{
	struct ct_nat_pool *pool = pool_of_blocks();
	struct ct_nat_usage usage = { .size = sizeof(usage) };
	union ct_addr host = ct_pool_inside(1);
	struct ct_test_flow old = ct_pool_client(1, 1);
	struct ct_test_flow out = ct_pool_out(&w, &old, pool);
	struct ct_test_flow same;
	union ct_addr one = source_of(&out);

	ck_assert_int_eq(ct_nat_pool_drain(pool, &one), 0);
	/* As many blocks as ever, on the other address. */
	for (uint16_t port = 2; port < 2 + 3 * IDS; port++) {
		struct ct_test_flow flow = ct_pool_client(1, port);

		out = ct_pool_out(&w, &flow, pool);
		ck_assert_uint_ne(source_of(&out).v4, one.v4);
	}
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_BLOCK), 4);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_SUBSCRIBER), 2);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_NO_ID), 0);
	ck_assert_int_eq(ct_nat_usage(pool, &host, 0, &usage), 0);
	ck_assert_uint_eq(usage.blocks, 3);
	ck_assert_uint_eq(usage.outside.v4, source_of(&out).v4);
	/* Its old mapping serves it still. */
	old = ct_pool_server(old, 77, 7);
	same = ct_pool_out(&w, &old, pool);
	ck_assert_uint_eq(source_of(&same).v4, one.v4);
}
END_TEST

START_TEST(blocks_are_given_elsewhere_at_once_when_an_address_is_removed)
{
	struct ct_nat_pool *pool = pool_of_blocks();
	struct ct_test_flow flow = ct_pool_client(1, 1);
	struct ct_test_flow out = ct_pool_out(&w, &flow, pool);
	union ct_addr one = source_of(&out);

	ck_assert_int_eq(ct_nat_pool_remove(w.thr, pool, &one), 1);
	out = ct_pool_out(&w, &flow, pool);
	ck_assert_uint_ne(source_of(&out).v4, one.v4);
}
END_TEST

START_TEST(
	who_has_a_block_for_good_gets_a_spare_one_when_its_address_is_drained)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	struct ct_test_flow flow = ct_pool_client(1, 1);
	union ct_addr one = ct_pool_addr(1);
	struct ct_test_flow out;
	struct ct_nat_pool *pool;

	cfg.min_id = 2000;
	cfg.max_id = 2039;
	cfg.block_ids = 10;
	cfg.fixed_first = ct_pool_inside(1);
	cfg.n_fixed = 4;
	cfg.spare_blocks = 2;
	pool = ct_pool_new(&w, &cfg, 2);
	ck_assert_uint_lt(ct_pool_out(&w, &flow, pool).sport, 2010);
	ck_assert_int_eq(ct_nat_pool_drain(pool, &one), 0);
	flow.sport = 2;
	out = ct_pool_out(&w, &flow, pool);
	ck_assert_uint_eq(out.src[3], 2);
	ck_assert_uint_ge(out.sport, 2020);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_BLOCK), 1);
	/* And its own again, when that is back. */
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ck_assert_int_eq(ct_nat_pool_add(pool, &one, NULL), 0);
	ck_assert_uint_lt(ct_pool_out(&w, &flow, pool).sport, 2010);
}
END_TEST

/* The place of an address that was removed is another's: who was paired with
 * the old one is not paired with the new one. */
START_TEST(a_subscriber_is_not_paired_with_what_comes_in_its_addresss_place)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	union ct_addr next = ct_pool_addr(9), first;
	const struct ct_nat_event *ev;
	struct ct_test_flow flow, out;
	struct ct_nat_pool *pool;

	cfg.min_id = 5000;
	cfg.max_id = 5000;
	cfg.max_addrs = 2;
	pool = ct_pool_new(&w, &cfg, 2);
	for (uint16_t port = 2; port; port--) {
		flow = ct_pool_client(1, port);
		out = ct_pool_out(&w, &flow, pool);
	}
	first = ct_natlog_last(CT_NAT_EV_SUBSCRIBER)->outside;
	ck_assert_uint_ne(source_of(&out).v4, first.v4);
	ck_assert_int_eq(ct_nat_pool_remove(w.thr, pool, &first), 1);
	ck_assert_int_eq(ct_nat_pool_add(pool, &next, NULL), CT_E_FULL);
	ct_world_settle(&w);
	ev = ct_natlog_last(CT_NAT_EV_SUBSCRIBER_END);
	ck_assert_uint_eq(ev->outside.v4, first.v4);
	ck_assert_int_eq(ct_nat_pool_add(pool, &next, NULL), 0);
	flow.sport = 3;
	out = ct_pool_out(&w, &flow, pool);
	ck_assert_uint_eq(source_of(&out).v4, next.v4);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_SUBSCRIBER), 2);
	ck_assert_uint_eq(ct_natlog_last(CT_NAT_EV_SUBSCRIBER)->outside.v4,
			  next.v4);
}
END_TEST

/* While it is in nobody's log that the old address's pair has ended. */
START_TEST(a_place_is_kept_for_who_is_paired_with_it)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	union ct_addr next = ct_pool_addr(9), first;
	struct ct_test_flow flow;
	struct ct_nat_pool *pool;
	struct ct_pkt pkt;

	cfg.min_id = 5000;
	cfg.max_id = 5000;
	cfg.max_addrs = 2;
	pool = ct_pool_new(&w, &cfg, 2);
	flow = ct_pool_client(1, 1);
	ct_test_udp(&w.p, &flow, CT_DIR_ORIG, 1);
	pkt = ct_pool_pass(&w, &w.p, pool);
	flow.sport = 2;
	ct_pool_out(&w, &flow, pool);
	first = ct_natlog_last(CT_NAT_EV_SUBSCRIBER)->outside;
	ck_assert_int_eq(ct_conn_delete(w.thr, pkt.conn), 0);
	ct_world_settle(&w);
	/* Nothing is on it now. */
	ck_assert_int_eq(ct_nat_pool_remove(w.thr, pool, &first), 0);
	ck_assert_int_eq(ct_nat_pool_add(pool, &next, NULL), CT_E_FULL);
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ck_assert_uint_eq(ct_natlog_last(CT_NAT_EV_SUBSCRIBER_END)->outside.v4,
			  first.v4);
	ck_assert_int_eq(ct_nat_pool_add(pool, &next, NULL), 0);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("cgn address flow");
	TCase *tc = tcase_create("cgn address");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_block_without_an_id_is_not_given, 0, 2);
	tcase_add_test(tc,
		       a_block_that_is_excluded_meanwhile_does_not_come_back);
	tcase_add_test(tc, who_has_an_excluded_block_for_good_gets_a_spare_one);
	tcase_add_test(tc, blocks_of_a_drained_address_are_not_given);
	tcase_add_test(
		tc,
		blocks_are_given_elsewhere_at_once_when_an_address_is_removed);
	tcase_add_test(
		tc,
		who_has_a_block_for_good_gets_a_spare_one_when_its_address_is_drained);
	tcase_add_test(
		tc,
		a_subscriber_is_not_paired_with_what_comes_in_its_addresss_place);
	tcase_add_test(tc, a_place_is_kept_for_who_is_paired_with_it);
	suite_add_tcase(suite, tc);
	return suite;
}
