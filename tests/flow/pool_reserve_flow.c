/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What helpers announce of inside endpoints whose address is a pool's: ids of
 * the pool's that nobody else gets, as long as somebody may come.
 */
#include "announce.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { UDP = 17, RTP = 4000, MANY = 64 };

static struct ct_world w;
static struct ct_nat_pool *pool;

static void setup(void)
{
	ct_world_start(&w, 256);
}

static void teardown(void)
{
	ct_world_end(&w);
}

static struct ct_nat_pool_config small(void)
{
	struct ct_nat_pool_config cfg = ct_pool_config();

	cfg.min_id = 1024;
	cfg.max_id = 1024 + MANY - 1;
	return cfg;
}

static struct ct_conn *master_of(unsigned host)
{
	return ct_announce_master(&w, host);
}

static void open_master(unsigned host)
{
	ct_announce_open(&w, host, pool);
}

static struct ct_expect_def announcement(unsigned host, uint16_t port)
{
	return ct_announce_def(&w, host, port);
}

/* => The id outside, or 0. */
static uint16_t announce(unsigned host, uint16_t port)
{
	return ct_announce(&w, host, port);
}

/* => The first id of two, or 0. */
static uint16_t announce_two(unsigned host, uint16_t port)
{
	struct ct_expect_def two[2] = { announcement(host, port),
					announcement(host,
						     (uint16_t)(port + 1)) };
	int error = ct_expect_add_pair(w.thr, master_of(host), two);

	ck_assert(!error || error == CT_E_FULL);
	if (error)
		return 0;
	ck_assert_uint_eq(ntohs(two[0].tuple.dst_id) + 1,
			  ntohs(two[1].tuple.dst_id));
	return ntohs(two[0].tuple.dst_id);
}

static uint16_t announce_pair(unsigned host, uint16_t port)
{
	uint16_t id = announce_two(host, port);

	ck_assert_uint_eq(id % 2, 0);
	return id;
}

static uint16_t announce_neighbours(unsigned host, uint16_t port)
{
	return announce_two(host, port | 1);
}

static uint64_t taken(void)
{
	return ct_pool_gauge(pool, 1, UDP).mappings;
}

static struct ct_pkt comes_from(uint8_t server, uint16_t id)
{
	int error;

	return ct_announce_comes(&w, pool, server, id, &error);
}

static struct ct_pkt comes_to(uint16_t id)
{
	return comes_from(5, id);
}

/* The expectation's time is over, and the connection has the mapping. */
static void is_its_until_the_end(struct ct_conn *conn)
{
	ct_announce_end(&w);
	ct_world_audit(&w);
	ck_assert_uint_eq(taken(), 2);
	ck_assert_int_eq(ct_conn_delete(w.thr, conn), 0);
	ct_world_settle(&w);
	ck_assert_uint_eq(taken(), 1);
}

START_TEST(it_is_the_endpoints_own_mapping)
{
	const struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_test_flow rtp = ct_pool_client(1, RTP);
	uint16_t id;

	pool = ct_pool_new(&w, &cfg, 1);
	open_master(1);
	id = announce(1, RTP);
	ck_assert_uint_ne(id, 0);
	ck_assert_uint_eq(taken(), 2);
	/* Said once more, and used: the same. */
	ck_assert_uint_eq(announce(1, RTP), id);
	ck_assert_uint_eq(ct_pool_out(&w, &rtp, pool).sport, id);
	ck_assert_uint_eq(taken(), 2);
}
END_TEST

/* One by one, in pairs, by two, and in blocks: no id is announced for two
 * hosts. */
START_TEST(nobody_is_announced_what_another_has)
{
	uint16_t (*const say[])(unsigned, uint16_t) = { announce, announce_pair,
							announce_neighbours };
	struct ct_nat_pool_config cfg = small();
	bool seen[MANY] = { false };
	unsigned row = _i % 3 ? 2 : 1;
	unsigned n = 0, hosts = 0;

	cfg.block_ids = _i / 3 ? 7 : 0;
	pool = ct_pool_new(&w, &cfg, 1);
	for (unsigned host = 1; host <= 8; host++) {
		struct ct_test_flow flow = ct_pool_client(host, 40000);
		struct ct_test_flow as = ct_pool_out(&w, &flow, pool);

		seen[as.sport - 1024] = true;
		hosts++;
	}
	for (unsigned i = 0; i < MANY; i++) {
		uint16_t port = (uint16_t)(RTP + 2 * i);
		uint16_t id = say[_i % 3](i % 8 + 1, port);

		/* Half of two in another block would be another's. */
		if (id && row == 2 && cfg.block_ids)
			ck_assert_uint_ne((id + 1u - 1024u) % cfg.block_ids, 0);
		for (unsigned k = 0; id && k < row; k++) {
			ck_assert(!seen[id + k - 1024]);
			seen[id + k - 1024] = true;
			n++;
		}
	}
	ck_assert_uint_eq(taken(), n + hosts);
	if (row == 1)
		ck_assert_uint_eq(n + hosts,
				  cfg.block_ids ? 8 * cfg.block_ids : MANY);
	else
		ck_assert_uint_ge(n + hosts, MANY / 2);
	ck_assert_uint_gt(ct_world_count(&w, CT_R_NAT_EXHAUSTED), 0);
}
END_TEST

START_TEST(who_does_not_come_gives_it_back)
{
	const struct ct_nat_pool_config cfg = ct_pool_config();

	pool = ct_pool_new(&w, &cfg, 1);
	open_master(1);
	ck_assert_int_eq(ct_param_set(w.tbl, "udp.timeout", 600), 0);
	open_master(2);
	ck_assert_uint_ne(announce(2, RTP), 0);
	ck_assert_uint_ne(announce_pair(2, RTP + 2), 0);
	ck_assert_uint_eq(taken(), 5);
	ct_announce_end(&w);
	ck_assert_uint_eq(taken(), 1);
}
END_TEST

START_TEST(who_comes_has_it_until_the_connections_end)
{
	const struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_tuple t;
	struct ct_pkt pkt;
	uint16_t id;

	ck_assert_int_eq(ct_param_set(w.tbl, "udp.timeout", 600), 0);
	pool = ct_pool_new(&w, &cfg, 1);
	open_master(1);
	id = announce(1, RTP);
	pkt = comes_to(id);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ct_conn_tuple(pkt.conn, CT_DIR_REPLY, &t);
	ck_assert_uint_eq(ntohs(t.src_id), RTP);
	is_its_until_the_end(pkt.conn);
}
END_TEST

/* A stranger appears as the master's server, and has a link of both kinds. */
START_TEST(a_stranger_comes_in_the_servers_name)
{
	const struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_expect_def def;
	struct ct_tuple t;
	struct ct_pkt pkt;

	ck_assert_int_eq(ct_param_set(w.tbl, "udp.timeout", 600), 0);
	pool = ct_pool_new(&w, &cfg, 1);
	open_master(1);
	def = announcement(1, RTP);
	memset(&def.src_mask, 0, sizeof(def.src_mask));
	ck_assert_int_eq(ct_expect_add_near(w.thr, master_of(1), &def, NULL),
			 0);
	pkt = comes_from(77, ntohs(def.tuple.dst_id));
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ct_world_audit(&w);
	ck_assert_uint_ne(ct_conn_status(pkt.conn) & CT_S_SRC_NAT, 0);
	ck_assert_uint_ne(ct_conn_status(pkt.conn) & CT_S_CONFIRMED, 0);
	ct_conn_tuple(pkt.conn, CT_DIR_REPLY, &t);
	ck_assert_uint_eq(ntohs(t.src_id), RTP);
	ck_assert_mem_eq(t.dst.bytes, "\xc6\x33\x64\x05", 4);
	ck_assert_int_eq(ct_conn_delete(w.thr, pkt.conn), 0);
	ct_announce_end(&w);
	ck_assert_uint_eq(taken(), 1);
}
END_TEST

/* The port RTP is announced, and so is the server's, to which a flow from there
 * goes. */
static void expect_server(struct ct_test_flow *flow)
{
	struct ct_expect_def def = announcement(1, RTP);

	ct_announced = announce(1, RTP);
	flow->dport = 6000;
	def.tuple = ct_world_tuple(flow, CT_DIR_ORIG);
	def.nat = ct_announce_leave;
	ck_assert_int_eq(ct_expect_add(w.thr, master_of(1), &def, NULL), 0);
}

START_TEST(who_goes_first_has_it_too)
{
	const struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_test_flow flow = ct_pool_client(1, RTP);
	struct ct_tuple t;
	struct ct_pkt pkt;

	ck_assert_int_eq(ct_param_set(w.tbl, "udp.timeout", 600), 0);
	pool = ct_pool_new(&w, &cfg, 1);
	open_master(1);
	expect_server(&flow);
	ct_test_udp(&w.p, &flow, CT_DIR_ORIG, 20);
	pkt = ct_test_pkt(&w.p);
	ct_pool_step(&w, &pkt, pool);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ct_conn_tuple(pkt.conn, CT_DIR_REPLY, &t);
	ck_assert_uint_eq(ntohs(t.dst_id), ct_announced);
	is_its_until_the_end(pkt.conn);
}
END_TEST

/* It has its source already, so that it cannot go on without the id. */
START_TEST(who_goes_first_counts_as_a_connection)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_test_flow flow = ct_pool_client(1, RTP);
	struct ct_pkt pkt;

	cfg.max_conns = 1;
	pool = ct_pool_new(&w, &cfg, 1);
	open_master(1);
	expect_server(&flow);
	ct_test_udp(&w.p, &flow, CT_DIR_ORIG, 20);
	pkt = ct_test_pkt(&w.p);
	ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_PREROUTING), CT_DROP);
	ck_assert_uint_eq(pkt.reason, CT_R_NAT_QUOTA);
	ck_assert_ptr_null(pkt.conn);
	ct_world_audit(&w);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

START_TEST(it_counts_as_a_mapping)
{
	struct ct_nat_pool_config cfg = ct_pool_config();

	cfg.max_mappings = 3;
	pool = ct_pool_new(&w, &cfg, 1);
	open_master(1);
	ck_assert_uint_ne(announce(1, RTP), 0);
	ck_assert_uint_eq(announce_pair(1, RTP + 2), 0);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_NAT_QUOTA), 1);
	ck_assert_uint_eq(taken(), 2);
	ck_assert_uint_ne(announce(1, RTP + 2), 0);
	ck_assert_uint_eq(announce(1, RTP + 4), 0);
}
END_TEST

START_TEST(who_comes_counts_as_a_connection)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_pkt pkt;
	uint16_t id;

	cfg.max_conns = 1;
	pool = ct_pool_new(&w, &cfg, 1);
	open_master(1);
	id = announce(1, RTP);
	pkt = comes_to(id);
	ck_assert_uint_ge(ct_world_count(&w, CT_R_NAT_QUOTA), 1);
	ck_assert(!(ct_conn_status(pkt.conn) & CT_S_DST_NAT));
	ct_abandon(w.thr, &pkt);
}
END_TEST

/* Half of a pair has its mapping already: the other is made to fit. */
START_TEST(a_pair_grows_beside_what_is_there)
{
	const struct ct_nat_pool_config cfg = ct_pool_config();
	unsigned fits = 0;

	pool = ct_pool_new(&w, &cfg, 1);
	open_master(1);
	for (unsigned i = 0; i < 20; i++) {
		uint16_t port = (uint16_t)(RTP + 2 * i);
		uint16_t had = announce(1, (uint16_t)(port + (i & 1)));
		uint16_t id = announce_pair(1, port);

		if (had % 2 == (i & 1)) {
			ck_assert_uint_eq(id, had & ~1u);
			fits++;
		} else {
			ck_assert_uint_eq(id, 0);
		}
	}
	ck_assert_uint_gt(fits, 0);
	ck_assert_uint_lt(fits, 20);
	ct_announce_end(&w);
	ck_assert_uint_eq(taken(), 0);
}
END_TEST

/* Neighbours that are not a pair: whatever half of them is there fits, unless
 * its neighbour is somebody else's. */
START_TEST(neighbours_grow_beside_what_is_there)
{
	const struct ct_nat_pool_config cfg = ct_pool_config();
	unsigned odd = 0;

	pool = ct_pool_new(&w, &cfg, 1);
	open_master(1);
	for (unsigned i = 0; i < 20; i++) {
		uint16_t port = (uint16_t)(RTP + 1 + 2 * i);
		uint16_t had = announce(1, (uint16_t)(port + (i & 1)));
		uint16_t id = announce_neighbours(1, port);

		ck_assert_uint_eq(id, had - (i & 1));
		odd += id & 1;
	}
	ck_assert_uint_gt(odd, 0);
	ck_assert_uint_eq(taken(), 41);
	ct_announce_end(&w);
	ck_assert_uint_eq(taken(), 0);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *s = suite_create("pools and announcements");
	TCase *tc = tcase_create("reserved");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, it_is_the_endpoints_own_mapping);
	tcase_add_loop_test(tc, nobody_is_announced_what_another_has, 0, 6);
	tcase_add_test(tc, who_does_not_come_gives_it_back);
	tcase_add_test(tc, who_comes_has_it_until_the_connections_end);
	tcase_add_test(tc, a_stranger_comes_in_the_servers_name);
	tcase_add_test(tc, who_goes_first_has_it_too);
	tcase_add_test(tc, who_goes_first_counts_as_a_connection);
	tcase_add_test(tc, it_counts_as_a_mapping);
	tcase_add_test(tc, who_comes_counts_as_a_connection);
	tcase_add_test(tc, a_pair_grows_beside_what_is_there);
	tcase_add_test(tc, neighbours_grow_beside_what_is_there);
	suite_add_tcase(s, tc);
	return s;
}
