/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pools: closed connections make room, and when they do not.
 */
#include "core/table.h"
#include "natlog.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { MAX_CONNS = 1024, TCP = 6 };

static struct ct_world w;

static void setup(void)
{
	ct_natlog_open();
	ct_world_start(&w, MAX_CONNS);
}

static void teardown(void)
{
	ct_world_clear(&w);
	ck_assert_uint_eq(ct_mappings_users(w.tbl), 0);
	ct_world_end(&w);
}

static int segment(const struct ct_test_flow *flow, enum ct_dir dir,
		   struct ct_nat_pool *pool, struct ct_test_segment seg)
{
	struct ct_pkt pkt;
	int error;

	seg.win = 1000;
	ct_test_tcp(&w.p, flow, dir, &seg);
	pkt = ct_test_pkt(&w.p);
	error = ct_pool_step(&w, &pkt, pool);
	if (error)
		ct_abandon(w.thr, &pkt);
	else
		ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	return error;
}

/* Opened and reset; what the outside saw. */
static void reset_one(struct ct_nat_pool *pool)
{
	const struct ct_test_flow *flow = &ct_test_flow4;
	struct ct_test_flow out;

	segment(flow, CT_DIR_ORIG, pool,
		(struct ct_test_segment){ .flags = CT_TEST_SYN, .seq = 500 });
	out = ct_pool_flow(&w.p);
	segment(&out, CT_DIR_REPLY, pool,
		(struct ct_test_segment){ .flags = CT_TEST_SYN | CT_TEST_ACK,
					  .seq = 9,
					  .ack = 501 });
	segment(flow, CT_DIR_ORIG, pool,
		(struct ct_test_segment){
			.flags = CT_TEST_ACK, .seq = 501, .ack = 10 });
	segment(&out, CT_DIR_REPLY, pool,
		(struct ct_test_segment){ .flags = CT_TEST_RST | CT_TEST_ACK,
					  .seq = 10,
					  .ack = 501 });
}

static void makes_room(struct ct_nat_pool *pool)
{
	struct ct_test_flow second = ct_pool_client(9, 1);
	const struct ct_test_segment syn = { .flags = CT_TEST_SYN, .seq = 600 };
	const struct ct_test_segment old = { .flags = CT_TEST_SYN, .seq = 400 };

	reset_one(pool);
	ck_assert_int_eq(segment(&second, CT_DIR_ORIG, pool, old), CT_E_FULL);
	ck_assert_int_eq(segment(&second, CT_DIR_ORIG, pool, syn), 0);
	ck_assert_uint_eq(ct_nat_u16(&w.p, 20), 5000);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_YIELDED), 1);
	ct_world_audit(&w);
	ct_world_settle(&w);
	ct_world_audit(&w);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
	ck_assert_uint_eq(ct_pool_gauge(pool, 1, 6).mappings, 1);
}

START_TEST(a_closed_connection_makes_room)
{
	struct ct_nat_pool_config cfg = ct_pool_config();

	cfg.min_id = 5000;
	cfg.max_id = 5000;
	makes_room(ct_pool_new(&w, &cfg, 1));
}
END_TEST

START_TEST(a_closed_connection_makes_room_for_the_same_peer)
{
	struct ct_nat_pool_config cfg = ct_pool_config();

	cfg.min_id = 5000;
	cfg.max_id = 5000;
	cfg.flags = CT_POOL_OVERLOAD;
	cfg.mapping = (uint8_t)_i;
	makes_room(ct_pool_new(&w, &cfg, 1));
}
END_TEST

/* One that another connection needs as well stays whose it is. */
START_TEST(a_closed_connection_beside_another_makes_no_room)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	const struct ct_test_segment syn = { .flags = CT_TEST_SYN, .seq = 600 };
	struct ct_test_flow beside = ct_test_flow4;
	struct ct_test_flow second = ct_pool_client(9, 1);
	struct ct_nat_pool *pool;

	cfg.min_id = 5000;
	cfg.max_id = 5000;
	cfg.flags = CT_POOL_OVERLOAD;
	cfg.mapping = CT_NAT_ON_ADDRESS;
	pool = ct_pool_new(&w, &cfg, 1);
	reset_one(pool);
	beside.dport++;
	ck_assert_int_eq(segment(&beside, CT_DIR_ORIG, pool, syn), 0);
	ck_assert_int_eq(segment(&second, CT_DIR_ORIG, pool, syn), CT_E_FULL);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_YIELDED), 0);
}
END_TEST

/* Who has lost its id gets another, though its old mapping is there still. */
START_TEST(who_has_made_room_begins_anew)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	const struct ct_test_segment syn = { .flags = CT_TEST_SYN, .seq = 600 };
	struct ct_test_flow second = ct_pool_client(9, 1);
	struct ct_nat_pool *pool;
	union ct_addr two = ct_pool_addr(2);

	cfg.min_id = 5000;
	cfg.max_id = 5000;
	cfg.flags = CT_POOL_OVERLOAD;
	cfg.mapping = (uint8_t)_i;
	pool = ct_pool_new(&w, &cfg, 1);
	reset_one(pool);
	ck_assert_int_eq(segment(&second, CT_DIR_ORIG, pool, syn), 0);
	ck_assert_int_eq(ct_nat_pool_add(pool, &two, NULL), 0);
	ck_assert_int_eq(segment(&ct_test_flow4, CT_DIR_ORIG, pool, syn), 0);
	ck_assert_mem_eq(ct_pool_flow(&w.p).src, &two, 4);
}
END_TEST

/* --- Which are not taken ------------------------------------------------ */

/* One id, which a connection had that is over. */
static struct ct_nat_pool_config one_id(void)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();

	cfg.min_id = 5000;
	cfg.max_id = 5000;
	return cfg;
}

/* A newcomer to a server does not get it, and the old connection stays. */
static void nothing_is_taken(struct ct_nat_pool *pool, uint8_t server)
{
	const struct ct_test_segment syn = { .flags = CT_TEST_SYN, .seq = 600 };
	struct ct_test_flow second =
		ct_pool_server(ct_pool_client(9, 1), server, 80);

	ck_assert_int_eq(segment(&second, CT_DIR_ORIG, pool, syn), CT_E_FULL);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_YIELDED), 0);
}

START_TEST(an_excluded_id_is_not_taken)
{
	struct ct_nat_pool_config cfg = one_id();
	struct ct_nat_pool *pool = ct_pool_new(&w, &cfg, 1);

	reset_one(pool);
	ck_assert_int_eq(ct_nat_pool_exclude(pool, 5000, 5000), 0);
	nothing_is_taken(pool, 5);
}
END_TEST

struct host {
	unsigned asked;
	bool uses;
};

static bool in_use(void *user, uint8_t l4, const union ct_addr *addr,
		   uint16_t id)
{
	struct host *host = user;

	ck_assert_uint_eq(l4, TCP);
	ck_assert_uint_eq(addr->v4, htonl(CT_POOL_FIRST));
	ck_assert_uint_eq(id, 5000);
	host->asked++;
	return host->uses;
}

START_TEST(an_id_that_the_host_uses_is_not_taken)
{
	struct ct_nat_pool_config cfg = one_id();
	struct host host = { .uses = false };
	struct ct_nat_pool *pool;

	cfg.port_in_use = in_use;
	cfg.user = &host;
	cfg.events = 0;
	pool = ct_pool_new(&w, &cfg, 1);
	reset_one(pool);
	host = (struct host){ .uses = true };
	nothing_is_taken(pool, 5);
	ck_assert_uint_gt(host.asked, 0);
}
END_TEST

START_TEST(an_id_with_which_somebody_else_knows_the_peer_is_not_taken)
{
	struct ct_nat_pool_config cfg = one_id();
	struct ct_nat_pool *pool = ct_pool_new(&w, &cfg, 1);
	struct ct_test_flow own = ct_pool_server(ct_test_flow4, 77, 80);
	union ct_addr addr = ct_pool_addr(1);
	const struct ct_test_segment syn = { .flags = CT_TEST_SYN,
					     .seq = 1,
					     .win = 1000 };
	struct ct_pkt pkt;

	reset_one(pool);
	/* The router's own connection from the pool's address. */
	memcpy(own.src, &addr, 4);
	own.sport = 5000;
	ct_test_tcp(&w.p, &own, CT_DIR_ORIG, &syn);
	pkt = ct_test_pkt(&w.p);
	ct_process(w.thr, &pkt, CT_HOOK_OUTPUT);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	nothing_is_taken(pool, 77);
}
END_TEST

START_TEST(an_id_that_is_to_be_held_down_is_not_taken)
{
	struct ct_nat_pool_config cfg = one_id();
	struct ct_nat_pool *pool;

	cfg.hold_s = 120;
	pool = ct_pool_new(&w, &cfg, 1);
	reset_one(pool);
	nothing_is_taken(pool, 5);
}
END_TEST

/* --- What is told ------------------------------------------------------- */

/* So that nobody but one has an endpoint at any time, says the log. */
START_TEST(the_end_of_who_loses_its_id_is_told_first)
{
	struct ct_nat_pool_config cfg = one_id();
	const struct ct_test_segment syn = { .flags = CT_TEST_SYN, .seq = 600 };
	struct ct_test_flow second = ct_pool_client(9, 1);
	struct ct_nat_pool *pool;

	cfg.mapping = (uint8_t)_i;
	cfg.flags = _i ? CT_POOL_OVERLOAD : 0;
	pool = ct_pool_new(&w, &cfg, 1);
	reset_one(pool);
	ck_assert_int_eq(segment(&second, CT_DIR_ORIG, pool, syn), 0);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_MAPPING), 2);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_MAPPING_END), 1);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_SESSION_END), 1);
	ck_assert(ct_natlog_last(CT_NAT_EV_SESSION_END) <
		  ct_natlog_last(CT_NAT_EV_MAPPING_END));
	ck_assert(ct_natlog_last(CT_NAT_EV_MAPPING_END) <
		  ct_natlog_last(CT_NAT_EV_MAPPING));
	ck_assert_mem_eq(&ct_natlog_last(CT_NAT_EV_MAPPING_END)->inside,
			 ct_test_flow4.src, 4);
	ck_assert_mem_eq(&ct_natlog_last(CT_NAT_EV_SESSION_END)->peer,
			 ct_test_flow4.dst, 4);
	/* And once. */
	ct_world_settle(&w);
	ct_world_settle(&w);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_MAPPING_END), 1);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_SESSION_END), 1);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("pool steal flow");
	TCase *tc = tcase_create("pool steal");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_closed_connection_makes_room);
	tcase_add_loop_test(tc,
			    a_closed_connection_makes_room_for_the_same_peer,
			    CT_NAT_ON_ADDRESS, CT_NAT_ON_ADDRESS_PORT + 1);
	tcase_add_test(tc, a_closed_connection_beside_another_makes_no_room);
	tcase_add_loop_test(tc, who_has_made_room_begins_anew,
			    CT_NAT_ON_ADDRESS, CT_NAT_ON_ADDRESS_PORT + 1);
	tcase_add_test(tc, an_excluded_id_is_not_taken);
	tcase_add_test(tc, an_id_that_the_host_uses_is_not_taken);
	tcase_add_test(
		tc, an_id_with_which_somebody_else_knows_the_peer_is_not_taken);
	tcase_add_test(tc, an_id_that_is_to_be_held_down_is_not_taken);
	tcase_add_loop_test(tc, the_end_of_who_loses_its_id_is_told_first, 0,
			    CT_NAT_ON_ADDRESS_PORT + 1);
	suite_add_tcase(suite, tc);
	return suite;
}
