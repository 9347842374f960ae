/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pools whose ids are overloaded, and protocols without ids: whose an endpoint
 * is with a peer before the table knows it, and beyond what the table knows.
 */
#include "core/table.h"
#include "pool.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { MAX_CONNS = 8192, UDP = 17, ESP = 50 };

static struct ct_world w;

static void setup(void)
{
	ct_world_start(&w, MAX_CONNS);
}

static void teardown(void)
{
	ct_world_audit(&w);
	ct_flush(w.thr, NULL);
	/* A poll frees a share of what has ended. */
	for (unsigned i = 0; i < 4; i++)
		ct_world_settle(&w);
	ck_assert_uint_eq(ct_mappings_users(w.tbl), 0);
	ct_world_end(&w);
}

static struct ct_nat_pool *overloaded(int mapping, uint16_t min_id,
				      uint16_t max_id)
{
	struct ct_nat_pool_config cfg = ct_pool_config();

	cfg.flags = CT_POOL_OVERLOAD | CT_POOL_KEEP_ID;
	cfg.mapping = (uint8_t)mapping;
	cfg.min_id = min_id;
	cfg.max_id = max_id;
	return ct_pool_new(&w, &cfg, 1);
}

/* --- Packets that are held ---------------------------------------------- */

enum { HELD = 6000 };

static struct ct_test_packet bytes[HELD];
static struct ct_pkt pkts[HELD];

/* => What the pool said; the connection is not confirmed yet. */
static int hold(unsigned i, const struct ct_test_flow *flow,
		struct ct_nat_pool *pool)
{
	ct_test_udp(&bytes[i], flow, CT_DIR_ORIG, 20);
	pkts[i] = ct_test_pkt(&bytes[i]);
	return ct_pool_step(&w, &pkts[i], pool);
}

static int hold_esp(unsigned i, const struct ct_test_flow *flow,
		    struct ct_nat_pool *pool)
{
	static const uint8_t spi[16] = { 0, 0, 0, 7 };
	const struct ct_test_l4 esp = { ESP, spi, sizeof(spi) };

	ct_test_raw(&bytes[i], flow, CT_DIR_ORIG, &esp);
	pkts[i] = ct_test_pkt(&bytes[i]);
	return ct_pool_step(&w, &pkts[i], pool);
}

static void let_go(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		ck_assert_int_eq(ct_confirm(w.thr, &pkts[i]), CT_ACCEPT);
}

static void give_up(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		ct_abandon(w.thr, &pkts[i]);
}

/* A host holds packets as it likes, and asks about them in its own time. */
START_TEST(newcomers_that_are_held_are_not_refused)
{
	struct ct_nat_pool *pool = overloaded(_i, 1024, 65535);

	for (unsigned i = 0; i < HELD; i++) {
		struct ct_test_flow flow = ct_pool_client(i, 4000);

		ck_assert_int_eq(hold(i, &flow, pool), 0);
	}
	/* No two of them have the same. */
	let_go(0, HELD / 2);
	give_up(HELD / 2, HELD);
}
END_TEST

START_TEST(newcomers_without_ids_that_are_held_are_not_refused)
{
	enum { PEERS = 300, ADDRS = 4 };
	struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_nat_pool *pool = ct_pool_new(&w, &cfg, ADDRS);
	unsigned n = 0;

	for (unsigned peer = 0; peer < PEERS; peer++)
		for (unsigned i = 0; i <= ADDRS; i++) {
			struct ct_test_flow flow = ct_pool_client(n, 0);

			flow.dst[2] = (uint8_t)(peer >> 8);
			flow.dst[3] = (uint8_t)peer;
			/* A peer for each address; no two have the same. */
			ck_assert_int_eq(hold_esp(n, &flow, pool),
					 i < ADDRS ? 0 : CT_E_FULL);
			if (i < ADDRS)
				n++;
			else
				ct_abandon(w.thr, &pkts[n]);
		}
	let_go(0, n);
}
END_TEST

START_TEST(what_is_given_up_is_free)
{
	enum { IDS = 4 };
	struct ct_nat_pool *pool = overloaded(_i, 5000, 5000 + IDS - 1);

	for (unsigned round = 0; round < 500; round++) {
		for (unsigned i = 0; i <= IDS; i++) {
			struct ct_test_flow flow =
				ct_pool_client(round * IDS + i, 7);

			ck_assert_int_eq(hold(i, &flow, pool),
					 i < IDS ? 0 : CT_E_FULL);
		}
		give_up(0, IDS + 1);
	}
}
END_TEST

START_TEST(what_has_ended_is_free)
{
	struct ct_nat_pool *pool = overloaded(_i, 5000, 5000);

	for (unsigned i = 0; i < 20; i++) {
		struct ct_test_flow flow = ct_pool_client(i, 7);
		struct ct_test_flow other = ct_pool_client(100, 7);

		ck_assert_uint_eq(ct_pool_out(&w, &flow, pool).sport, 5000);
		ct_pool_refused(&w, &other, pool, CT_E_FULL);
		/* It serves other peers. */
		other = ct_pool_server(other, 77, 80);
		ck_assert_uint_eq(ct_pool_out(&w, &other, pool).sport, 5000);
		ct_flush(w.thr, NULL);
		ct_world_settle(&w);
		ct_world_settle(&w);
	}
}
END_TEST

/* Two packets of one flow, of which one is given up. */
START_TEST(an_endpoint_is_claimed_as_long_as_one_packet_waits)
{
	struct ct_nat_pool *pool = overloaded(_i, 5000, 5000);
	struct ct_test_flow other = ct_pool_client(9, 7);

	ck_assert_int_eq(hold(0, &ct_test_flow4, pool), 0);
	ck_assert_int_eq(hold(1, &ct_test_flow4, pool), 0);
	give_up(0, 1);
	ct_pool_refused(&w, &other, pool, CT_E_FULL);
	let_go(1, 2);
	ct_pool_refused(&w, &other, pool, CT_E_FULL);
}
END_TEST

/* The destination is chosen behind the source, as for what was expected. */
START_TEST(a_claim_ends_though_the_peer_has_changed)
{
	struct ct_nat_range to = ct_nat_to(0xc6336409);
	struct ct_nat_pool *pool = overloaded(_i, 5000, 5000);
	struct ct_test_flow other = ct_pool_client(9, 7);

	ck_assert_int_eq(hold(0, &ct_test_flow4, pool), 0);
	ck_assert_int_eq(ct_nat_setup(w.thr, &pkts[0], CT_NAT_DST, &to), 0);
	ct_pool_refused(&w, &other, pool, CT_E_FULL);
	give_up(0, 1);
	ck_assert_uint_eq(ct_pool_out(&w, &other, pool).sport, 5000);
}
END_TEST

/* --- By address --------------------------------------------------------- */

/* A mapping is for all ports of its peer, those to come as well. */
START_TEST(an_id_is_one_mappings_with_an_address_whatever_the_port)
{
	struct ct_nat_pool *pool = overloaded(CT_NAT_ON_ADDRESS, 5000, 5001);
	struct ct_test_flow one = ct_pool_client(1, 5000);
	struct ct_test_flow two = ct_pool_client(2, 5000);
	struct ct_test_flow three = ct_pool_client(3, 5000);

	ck_assert_uint_eq(ct_pool_out(&w, &one, pool).sport, 5000);
	two.dport = 81;
	ck_assert_uint_eq(ct_pool_out(&w, &two, pool).sport, 5001);
	one.dport = 81;
	two.dport = 80;
	ck_assert_uint_eq(ct_pool_out(&w, &one, pool).sport, 5000);
	ck_assert_uint_eq(ct_pool_out(&w, &two, pool).sport, 5001);
	three.dport = 82;
	ct_pool_refused(&w, &three, pool, CT_E_FULL);
	three = ct_pool_server(three, 6, 80);
	ck_assert_uint_eq(ct_pool_out(&w, &three, pool).sport, 5000);
	ck_assert_uint_eq(ct_pool_gauge(pool, 1, UDP).mappings, 3);
}
END_TEST

/* Where ports count a port more is a peer more. */
START_TEST(an_id_is_several_mappings_with_an_address_if_the_port_counts)
{
	struct ct_nat_pool *pool =
		overloaded(CT_NAT_ON_ADDRESS_PORT, 5000, 5000);
	struct ct_test_flow one = ct_pool_client(1, 5000);
	struct ct_test_flow two = ct_pool_client(2, 5000);

	ct_pool_out(&w, &one, pool);
	two.dport = 81;
	ck_assert_uint_eq(ct_pool_out(&w, &two, pool).sport, 5000);
	two.dport = 80;
	ct_pool_refused(&w, &two, pool, CT_E_FULL);
}
END_TEST

static void either(TCase *tc, const TTest *test)
{
	tcase_add_loop_test(tc, test, CT_NAT_ON_ADDRESS,
			    CT_NAT_ON_ADDRESS_PORT + 1);
}

Suite *ct_suite(void)
{
	Suite *suite = suite_create("pool claim flow");
	TCase *tc = tcase_create("pool claim");

	tcase_add_checked_fixture(tc, setup, teardown);
	either(tc, newcomers_that_are_held_are_not_refused);
	tcase_add_test(tc, newcomers_without_ids_that_are_held_are_not_refused);
	either(tc, what_is_given_up_is_free);
	either(tc, what_has_ended_is_free);
	either(tc, an_endpoint_is_claimed_as_long_as_one_packet_waits);
	either(tc, a_claim_ends_though_the_peer_has_changed);
	tcase_add_test(tc,
		       an_id_is_one_mappings_with_an_address_whatever_the_port);
	tcase_add_test(
		tc,
		an_id_is_several_mappings_with_an_address_if_the_port_counts);
	suite_add_tcase(suite, tc);
	return suite;
}
