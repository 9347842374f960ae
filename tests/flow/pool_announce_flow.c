/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What helpers announce in pools whose ids are overloaded: ids that are set
 * aside, of which each has one endpoint, whoever its peers are.
 *
 *	5000 ...... 5059 | 5060 ... 5063
 *	      shared          announced
 */
#include "announce.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum {
	UDP = 17,
	RTP = 4000,
	FIRST = 5000,
	IDS = 64,
	ASIDE = 4,
	SHARED = IDS - ASIDE,
	SERVER = 5
};

static struct ct_world w;
static struct ct_nat_pool *pool;

static void setup(void)
{
	ct_world_start(&w, 1024);
	ck_assert_int_eq(ct_param_set(w.tbl, "udp.timeout", 600), 0);
}

static void teardown(void)
{
	ct_world_audit(&w);
	ct_world_end(&w);
}

static struct ct_nat_pool_config overloaded(int mapping)
{
	struct ct_nat_pool_config cfg = ct_pool_config();

	cfg.flags = CT_POOL_OVERLOAD;
	cfg.mapping = (uint8_t)mapping;
	cfg.min_id = FIRST;
	cfg.max_id = FIRST + IDS - 1;
	return cfg;
}

static void open_pool(const struct ct_nat_pool_config *cfg, unsigned hosts)
{
	pool = ct_pool_new(&w, cfg, 1);
	for (unsigned host = 1; host <= hosts; host++)
		ct_announce_open(&w, host, pool);
}

static uint64_t taken(void)
{
	return ct_pool_gauge(pool, 1, UDP).mappings;
}

static bool is_aside(uint16_t id)
{
	return id >= FIRST + SHARED && id < FIRST + IDS;
}

/* Every shared id is somebody's with this server. */
static void use_up(uint8_t server)
{
	struct ct_test_flow flow;
	unsigned host = 100;

	for (unsigned n = 0; n < IDS; n++, host++) {
		struct ct_pkt pkt;

		flow = ct_pool_server(ct_pool_client(host, 7000), server, 6000);
		ct_test_udp(&w.p, &flow, CT_DIR_ORIG, 20);
		pkt = ct_test_pkt(&w.p);
		if (ct_pool_step(&w, &pkt, pool)) {
			ct_abandon(w.thr, &pkt);
			continue;
		}
		ck_assert(!is_aside(ct_pool_flow(&w.p).sport));
		ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	}
	ct_pool_refused(&w, &flow, pool, CT_E_FULL);
}

/* => The connection by which a server reaches a client's port at an id. */
static struct ct_conn *reach(uint8_t server, uint16_t id, unsigned host,
			     uint16_t port)
{
	const union ct_addr addr = ct_pool_inside(host);
	struct ct_tuple t;
	struct ct_pkt pkt;
	int error;

	pkt = ct_announce_comes(&w, pool, server, id, &error);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ct_conn_tuple(pkt.conn, CT_DIR_REPLY, &t);
	ck_assert_mem_eq(&t.src, &addr, sizeof(addr));
	ck_assert_uint_eq(ntohs(t.src_id), port);
	return pkt.conn;
}

/* --- Reached ------------------------------------------------------------ */

START_TEST(the_server_reaches_it_though_all_other_ids_know_that)
{
	const struct ct_nat_pool_config cfg = overloaded(_i);
	struct ct_conn *conn;
	uint64_t before;
	uint16_t id;

	open_pool(&cfg, 1);
	id = ct_announce(&w, 1, RTP);
	ck_assert(is_aside(id));
	use_up(SERVER);
	before = taken();
	conn = reach(SERVER, id, 1, RTP);
	ct_announce_end(&w);
	ck_assert_uint_eq(taken(), before);
	ck_assert_int_eq(ct_conn_delete(w.thr, conn), 0);
	ct_world_settle(&w);
	ck_assert_uint_eq(taken(), before - 1);
}
END_TEST

START_TEST(anybody_reaches_it_if_anybody_is_expected)
{
	const struct ct_nat_pool_config cfg = overloaded(_i);
	struct ct_expect_def def;

	open_pool(&cfg, 1);
	def = ct_announce_def(&w, 1, RTP);
	memset(&def.src_mask, 0, sizeof(def.src_mask));
	ck_assert_int_eq(ct_expect_add_near(w.thr, ct_announce_master(&w, 1),
					    &def, NULL),
			 0);
	use_up(77);
	reach(77, ntohs(def.tuple.dst_id), 1, RTP);
}
END_TEST

/* Only answers get in by overloaded ids, and what is expected by these. */
START_TEST(a_stranger_is_not_let_in)
{
	const struct ct_nat_pool_config cfg = overloaded(_i);
	struct ct_pkt pkt;
	uint16_t id;
	int error;

	open_pool(&cfg, 1);
	id = ct_announce(&w, 1, RTP);
	pkt = ct_announce_comes(&w, pool, 77, id, &error);
	ck_assert_int_eq(error, CT_E_NOENT);
	ct_abandon(w.thr, &pkt);
	reach(SERVER, id, 1, RTP);
}
END_TEST

/* --- Whose it is -------------------------------------------------------- */

/* Who asks for the very id gets another. */
START_TEST(an_announced_id_is_not_kept_by_another)
{
	struct ct_nat_pool_config cfg = overloaded(_i);
	struct ct_test_flow flow;
	uint16_t id;

	cfg.flags |= CT_POOL_KEEP_ID;
	open_pool(&cfg, 1);
	id = ct_announce(&w, 1, RTP);
	flow = ct_pool_server(ct_pool_client(2, id), 77, 80);
	ck_assert(!is_aside(ct_pool_out(&w, &flow, pool).sport));
	flow = ct_pool_client(3, FIRST);
	ck_assert_uint_eq(ct_pool_out(&w, &flow, pool).sport, FIRST);
	reach(SERVER, id, 1, RTP);
}
END_TEST

START_TEST(an_endpoint_has_one_for_all_its_peers)
{
	const struct ct_nat_pool_config cfg = overloaded(_i);
	struct ct_expect_def def;
	struct ct_conn *conn;
	uint64_t before;
	uint16_t id;

	open_pool(&cfg, 1);
	id = ct_announce(&w, 1, RTP);
	before = taken();
	ck_assert_uint_eq(ct_announce(&w, 1, RTP), id);
	def = ct_announce_def(&w, 1, RTP);
	def.tuple.src.bytes[3] = 77;
	ck_assert_int_eq(ct_expect_add_near(w.thr, ct_announce_master(&w, 1),
					    &def, NULL),
			 0);
	ck_assert_uint_eq(ntohs(def.tuple.dst_id), id);
	ck_assert_uint_eq(taken(), before);
	conn = reach(77, id, 1, RTP);
	ck_assert_uint_eq(taken(), before);
	/* It seems to come from the server, too: one after the other. */
	ck_assert_int_eq(ct_conn_delete(w.thr, conn), 0);
	ct_world_settle(&w);
	reach(SERVER, id, 1, RTP);
	ck_assert_uint_eq(taken(), before);
}
END_TEST

/* One by one, and in pairs. */
START_TEST(no_two_endpoints_have_the_same)
{
	const struct ct_nat_pool_config cfg = overloaded(CT_NAT_ON_ADDRESS);
	bool seen[ASIDE] = { false };

	open_pool(&cfg, ASIDE + 1);
	for (unsigned host = 1; host <= ASIDE + 1; host++) {
		uint16_t id = ct_announce(&w, host, RTP);

		if (host > ASIDE) {
			ck_assert_uint_eq(id, 0);
			break;
		}
		ck_assert(is_aside(id));
		ck_assert(!seen[id - FIRST - SHARED]);
		seen[id - FIRST - SHARED] = true;
	}
	ck_assert_uint_eq(ct_world_count(&w, CT_R_NAT_EXHAUSTED), 1);
	ct_announce_end(&w);
	ck_assert_uint_eq(taken(), ASIDE + 1);
	ck_assert_uint_ne(ct_announce(&w, ASIDE + 1, RTP), 0);
}
END_TEST

START_TEST(a_pair_is_set_aside_too)
{
	const struct ct_nat_pool_config cfg = overloaded(_i);
	struct ct_expect_def pair[2];
	uint16_t id;

	open_pool(&cfg, 1);
	for (unsigned i = 0; i < 2; i++)
		pair[i] = ct_announce_def(&w, 1, (uint16_t)(RTP + i));
	ck_assert_int_eq(
		ct_expect_add_pair(w.thr, ct_announce_master(&w, 1), pair), 0);
	id = ntohs(pair[0].tuple.dst_id);
	ck_assert(is_aside(id) && id % 2 == 0);
	use_up(SERVER);
	reach(SERVER, id, 1, RTP);
	reach(SERVER, id + 1, 1, RTP + 1);
}
END_TEST

START_TEST(who_goes_first_has_it)
{
	const struct ct_nat_pool_config cfg = overloaded(_i);
	struct ct_test_flow flow = ct_pool_client(1, RTP);
	struct ct_expect_def def;
	struct ct_pkt pkt;

	open_pool(&cfg, 1);
	ct_announced = ct_announce(&w, 1, RTP);
	def = ct_announce_def(&w, 1, RTP);
	flow.dport = 6000;
	def.tuple = ct_world_tuple(&flow, CT_DIR_ORIG);
	def.nat = ct_announce_leave;
	ck_assert_int_eq(
		ct_expect_add(w.thr, ct_announce_master(&w, 1), &def, NULL), 0);
	ct_test_udp(&w.p, &flow, CT_DIR_ORIG, 20);
	pkt = ct_test_pkt(&w.p);
	ct_pool_step(&w, &pkt, pool);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ct_announce_end(&w);
	ck_assert_uint_eq(taken(), 2);
	ck_assert_int_eq(ct_conn_delete(w.thr, pkt.conn), 0);
	ct_world_settle(&w);
	ck_assert_uint_eq(taken(), 1);
}
END_TEST

/* --- As other mappings -------------------------------------------------- */

START_TEST(it_counts_as_a_mapping_and_a_connection)
{
	struct ct_nat_pool_config cfg = overloaded(_i);
	struct ct_pkt pkt;
	uint16_t id;
	int error;

	cfg.max_mappings = 2;
	cfg.max_conns = 1;
	open_pool(&cfg, 1);
	id = ct_announce(&w, 1, RTP);
	ck_assert_uint_ne(id, 0);
	ck_assert_uint_eq(ct_announce(&w, 1, RTP + 2), 0);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_NAT_QUOTA), 1);
	pkt = ct_announce_comes(&w, pool, SERVER, id, &error);
	ck_assert_uint_ge(ct_world_count(&w, CT_R_NAT_QUOTA), 2);
	ck_assert(!(ct_conn_status(pkt.conn) & CT_S_DST_NAT));
	ct_abandon(w.thr, &pkt);
}
END_TEST

START_TEST(it_is_held_when_it_was_used)
{
	struct ct_nat_pool_config cfg = overloaded(_i);

	cfg.hold_s = 300;
	open_pool(&cfg, 1);
	ck_assert_uint_ne(ct_announce(&w, 1, RTP), 0);
	ct_announce_end(&w);
	ck_assert_uint_eq(taken(), 1);
	ck_assert_uint_eq(ct_pool_gauge(pool, 1, UDP).held, 1);
	ck_assert_uint_eq(ct_pool_gauge(pool, 1, UDP).ids, IDS);
}
END_TEST

START_TEST(who_came_ends_with_the_address)
{
	const struct ct_nat_pool_config cfg = overloaded(_i);
	const union ct_addr addr = ct_pool_addr(1);

	open_pool(&cfg, 1);
	reach(SERVER, ct_announce(&w, 1, RTP), 1, RTP);
	ck_assert_int_eq(ct_nat_pool_remove(w.thr, pool, &addr), 2);
}
END_TEST

/* --- How many ----------------------------------------------------------- */

static unsigned announce_all(const struct ct_nat_pool_config *cfg)
{
	unsigned n = 0;

	open_pool(cfg, 1);
	while (ct_announce(&w, 1, (uint16_t)(RTP + n)))
		n++;
	ck_assert_uint_eq(ct_world_count(&w, CT_R_NAT_EXHAUSTED), 1);
	return n;
}

START_TEST(a_host_says_how_many_are_set_aside)
{
	struct ct_nat_pool_config cfg = overloaded(CT_NAT_ON_ADDRESS);

	cfg.announced_ids = 9;
	ck_assert_uint_eq(announce_all(&cfg), 9);
}
END_TEST

/* What cannot be kept is not announced. */
START_TEST(of_few_ids_none_is_set_aside)
{
	struct ct_nat_pool_config cfg = overloaded(CT_NAT_ON_ADDRESS);

	cfg.max_id = (uint16_t)(FIRST + _i);
	ck_assert_uint_eq(announce_all(&cfg), 0);
}
END_TEST

START_TEST(they_are_not_more_than_all_but_one)
{
	struct ct_nat_pool_config cfg = overloaded(CT_NAT_ON_ADDRESS);

	cfg.announced_ids = IDS;
	ck_assert_int_eq(ct_nat_pool_create(w.tbl, &cfg, &pool), CT_E_INVAL);
	cfg.announced_ids = IDS - 1;
	ck_assert_int_eq(ct_nat_pool_create(w.tbl, &cfg, &pool), 0);
	cfg.flags = 0;
	ck_assert_int_eq(ct_nat_pool_create(w.tbl, &cfg, &pool), CT_E_INVAL);
}
END_TEST

static void either(TCase *tc, const TTest *test)
{
	tcase_add_loop_test(tc, test, CT_NAT_ON_ADDRESS,
			    CT_NAT_ON_ADDRESS_PORT + 1);
}

Suite *ct_suite(void)
{
	Suite *s = suite_create("overloaded pools and announcements");
	TCase *tc = tcase_create("announced");

	tcase_add_checked_fixture(tc, setup, teardown);
	either(tc, the_server_reaches_it_though_all_other_ids_know_that);
	either(tc, anybody_reaches_it_if_anybody_is_expected);
	either(tc, a_stranger_is_not_let_in);
	either(tc, an_announced_id_is_not_kept_by_another);
	either(tc, an_endpoint_has_one_for_all_its_peers);
	tcase_add_test(tc, no_two_endpoints_have_the_same);
	either(tc, a_pair_is_set_aside_too);
	either(tc, who_goes_first_has_it);
	either(tc, it_counts_as_a_mapping_and_a_connection);
	either(tc, it_is_held_when_it_was_used);
	either(tc, who_came_ends_with_the_address);
	tcase_add_test(tc, a_host_says_how_many_are_set_aside);
	tcase_add_loop_test(tc, of_few_ids_none_is_set_aside, 0, 2);
	tcase_add_test(tc, they_are_not_more_than_all_but_one);
	suite_add_tcase(s, tc);
	return s;
}
