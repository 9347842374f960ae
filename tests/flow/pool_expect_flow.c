/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is expected from inside, of a master whose source is a pool's: it gets
 * an id of the pool's, too, and counts for its subscriber.
 */
#include "pool.h"
#include "suite.h"

#include <arpa/inet.h>
#include <conntrack/expect.h>
#include <string.h>

enum { UDP = 17, DATA = 5000 };

static struct ct_world w;
static struct ct_nat_pool *pool;

static void setup(void)
{
	ct_world_start(&w, 64);
}

static void teardown(void)
{
	ct_world_end(&w);
}

/* A client has a connection, and will open another one to port DATA. */
static void announce(const struct ct_nat_pool_config *cfg)
{
	const struct ct_test_flow flow = ct_pool_client(1, 40000);
	struct ct_expect_def def = {
		.size = sizeof(def),
		.flags = CT_EXPECT_NAT | CT_EXPECT_USERSPACE,
		.nat_dir = CT_DIR_ORIG,
		.nat_id = htons(DATA),
	};
	struct ct_conn *master;

	pool = ct_pool_new(&w, cfg, 2);
	ct_pool_out(&w, &flow, pool);
	def.tuple = ct_world_tuple(&flow, CT_DIR_ORIG);
	master = ct_find(w.thr, &def.tuple, NULL);
	def.tuple.src_id = 0;
	def.tuple.dst_id = htons(DATA);
	ck_assert_int_eq(ct_expect_add(w.thr, master, &def, NULL), 0);
}

static int open_data(struct ct_pkt *pkt)
{
	struct ct_test_flow flow = ct_pool_client(1, 40001);

	flow.dport = DATA;
	ct_test_udp(&w.p, &flow, CT_DIR_ORIG, 10);
	*pkt = ct_test_pkt(&w.p);
	return ct_pool_step(&w, pkt, pool);
}

START_TEST(it_has_an_id_of_the_pools)
{
	const struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_nat_gauge gauge[2];
	struct ct_tuple t;
	struct ct_pkt pkt;

	announce(&cfg);
	open_data(&pkt);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert(ct_conn_status(pkt.conn) & CT_S_EXPECTED);
	ck_assert(ct_conn_status(pkt.conn) & CT_S_SRC_NAT);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	for (unsigned i = 0; i < 2; i++)
		gauge[i] = ct_pool_gauge(pool, i + 1, UDP);
	ck_assert_uint_eq(gauge[0].mappings + gauge[1].mappings, 2);
	/* paired: both leave by one address */
	ck_assert_uint_eq(gauge[0].mappings % 2, 0);
	ct_conn_tuple(pkt.conn, CT_DIR_REPLY, &t);
	ck_assert_uint_eq(t.src_id, htons(DATA));
}
END_TEST

START_TEST(it_counts_for_its_subscriber)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_pkt pkt;

	cfg.max_conns = 1;
	announce(&cfg);
	ck_assert_int_eq(open_data(&pkt), CT_E_FULL);
	ck_assert_uint_eq(pkt.reason, CT_R_NAT_QUOTA);
	ct_abandon(w.thr, &pkt);
}
END_TEST

START_TEST(it_ends_with_the_pools_address)
{
	const struct ct_nat_pool_config cfg = ct_pool_config();
	union ct_addr addr[2] = { ct_pool_addr(1), ct_pool_addr(2) };
	struct ct_pkt pkt;

	announce(&cfg);
	open_data(&pkt);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ct_nat_pool_remove(w.thr, pool, &addr[0]);
	ct_nat_pool_remove(w.thr, pool, &addr[1]);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *s = suite_create("pools and expectations");
	TCase *tc = tcase_create("from inside");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, it_has_an_id_of_the_pools);
	tcase_add_test(tc, it_counts_for_its_subscriber);
	tcase_add_test(tc, it_ends_with_the_pools_address);
	suite_add_tcase(s, tc);
	return s;
}
