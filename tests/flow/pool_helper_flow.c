/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers whose clients are behind a pool: what they announce is the pool's.
 *
 *	client 10.0.0.2 -- router, 203.0.113.1 -- server 198.51.100.5
 */
#include "announce.h"
#include "parley.h"
#include "suite.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const struct ct_test_flow control = { .l3 = CT_L3_IPV4,
					     .src = { 10, 0, 0, 2 },
					     .dst = { 198, 51, 100, 5 },
					     .sport = 40000,
					     .dport = 554 };

static struct ct_world w;
static struct ct_parley parley;
static struct ct_nat_pool *pool;

static void setup(void)
{
	ct_world_start(&w, 256);
	ck_assert_int_eq(ct_param_set(w.tbl, "udp.timeout", 600), 0);
}

static void teardown(void)
{
	ct_world_audit(&w);
	ct_world_end(&w);
}

/* With ids of its own for each mapping, or overloaded. */
static struct ct_nat_pool_config config_of(int mapping)
{
	struct ct_nat_pool_config cfg = ct_pool_config();

	cfg.mapping = (uint8_t)mapping;
	if (mapping != CT_NAT_ON_NOTHING)
		cfg.flags = CT_POOL_OVERLOAD;
	return cfg;
}

static void open(const char *helper, const struct ct_nat_pool_config *cfg)
{
	struct ct_parley_def def = { .helper = helper,
				     .l4 = IPPROTO_TCP,
				     .by = &control };

	pool = ct_pool_new(&w, cfg, 1);
	def.rules.pool = pool;
	ct_parley_open(&parley, &w, &def);
}

static uint64_t taken(uint8_t l4)
{
	return ct_pool_gauge(pool, 1, l4).mappings;
}

/* What the server sends to an id comes to the client's port. */
static void reaches(unsigned id, uint16_t port)
{
	struct ct_pkt pkt = ct_parley_in(&parley, 6256, (uint16_t)id);
	struct ct_tuple t = ct_nat_tuple(&w.p);

	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert_mem_eq(t.dst.bytes, control.src, 4);
	ck_assert_uint_eq(ntohs(t.dst_id), port);
}

/* --- RTSP --------------------------------------------------------------- */

/* A client offers its ports; => the first that the server hears of. */
static unsigned set_up(const char *ports, unsigned n)
{
	unsigned first = 0, last = 0;
	const char *heard;
	char text[256];

	snprintf(text, sizeof(text),
		 "SETUP rtsp://198.51.100.5/t RTSP/1.0\r\nCSeq: 4\r\n"
		 "Transport: RTP/AVP;unicast;client_port=%s\r\n\r\n",
		 ports);
	heard = ct_parley_say(&parley, CT_DIR_ORIG, text);
	ck_assert_ptr_nonnull(heard);
	heard = strstr(heard, "client_port=");
	ck_assert_ptr_nonnull(heard);
	ck_assert_int_eq(sscanf(heard, "client_port=%u-%u", &first, &last),
			 (int)n);
	if (n == 2)
		ck_assert_uint_eq(last, first + 1);
	return first;
}

START_TEST(a_pair_that_begins_with_an_odd_port_has_ids_of_the_pool)
{
	const struct ct_nat_pool_config cfg = config_of(_i);
	unsigned id;

	open("rtsp", &cfg);
	id = set_up("4589-4590", 2);
	ck_assert_uint_eq(taken(IPPROTO_UDP), 2);
	reaches(id, 4589);
	reaches(id + 1, 4590);
	ck_assert_uint_eq(taken(IPPROTO_UDP), 2);
}
END_TEST

START_TEST(a_port_alone_has_an_id_of_the_pool)
{
	const struct ct_nat_pool_config cfg = config_of(_i);
	unsigned id;

	open("rtsp", &cfg);
	id = set_up("4588", 1);
	ck_assert_uint_eq(taken(IPPROTO_UDP), 1);
	reaches(id, 4588);
}
END_TEST

/* What another client sends from has another id, though it was there first. */
START_TEST(an_announced_port_is_not_anothers)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_test_flow flow = ct_pool_client(9, 4589);
	struct ct_test_flow as;
	unsigned id;

	cfg.flags = CT_POOL_KEEP_ID;
	open("rtsp", &cfg);
	ck_assert_uint_eq(ct_pool_out(&w, &flow, pool).sport, 4589);
	id = set_up("4589-4590", 2);
	ck_assert_uint_ne(id, 4589);
	flow = ct_pool_client(10, (uint16_t)id);
	as = ct_pool_out(&w, &flow, pool);
	ck_assert_uint_ne(as.sport, id);
	reaches(id, 4589);
}
END_TEST

START_TEST(a_stream_is_not_set_up_when_no_ids_are_free)
{
	struct ct_nat_pool_config cfg = ct_pool_config();

	cfg.min_id = 5000;
	cfg.max_id = 5001;
	open("rtsp", &cfg);
	ck_assert_uint_eq(set_up("4589-4590", 2), 5000);
	ck_assert_ptr_null(ct_parley_say(
		&parley, CT_DIR_ORIG,
		"SETUP rtsp://198.51.100.5/u RTSP/1.0\r\nCSeq: 5\r\n"
		"Transport: RTP/AVP;unicast;client_port=4591\r\n\r\n"));
	ck_assert_uint_eq(ct_world_count(&w, CT_R_NAT_EXHAUSTED), 1);
}
END_TEST

/* --- FTP ---------------------------------------------------------------- */

START_TEST(an_ftp_client_is_reached_at_a_port_of_its_own)
{
	const struct ct_test_segment syn = { .flags = CT_TEST_SYN,
					     .seq = 100,
					     .win = 1000 };
	const struct ct_nat_pool_config cfg = config_of(_i);
	struct ct_test_flow data = { .l3 = CT_L3_IPV4,
				     .src = { 198, 51, 100, 5 },
				     .dst = { 203, 0, 113, 1 },
				     .sport = 20 };
	unsigned high, low;
	const char *heard;
	struct ct_pkt pkt;
	struct ct_tuple t;

	open("ftp", &cfg);
	/* Where a line begins is known behind one. */
	ct_parley_say(&parley, CT_DIR_ORIG, "NOOP\r\n");
	heard = ct_parley_say(&parley, CT_DIR_ORIG, "PORT 10,0,0,2,16,1\r\n");
	ck_assert_ptr_nonnull(heard);
	ck_assert_int_eq(sscanf(heard, "PORT 203,0,113,1,%u,%u", &high, &low),
			 2);
	ck_assert_uint_eq(taken(IPPROTO_TCP), 2);
	data.dport = (uint16_t)(high << 8 | low);
	ct_test_tcp(&w.p, &data, CT_DIR_ORIG, &syn);
	pkt = ct_nat_pass(&w, &w.p, &parley.def.rules);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	t = ct_nat_tuple(&w.p);
	ck_assert_mem_eq(t.dst.bytes, control.src, 4);
	ck_assert_uint_eq(ntohs(t.dst_id), 16 << 8 | 1);
	ck_assert_uint_eq(taken(IPPROTO_TCP), 2);
}
END_TEST

static void each_pool(TCase *tc, const TTest *test)
{
	tcase_add_loop_test(tc, test, CT_NAT_ON_NOTHING,
			    CT_NAT_ON_ADDRESS_PORT + 1);
}

Suite *ct_suite(void)
{
	Suite *s = suite_create("pools and helpers");
	TCase *tc = tcase_create("helpers");

	tcase_add_checked_fixture(tc, setup, teardown);
	each_pool(tc, a_pair_that_begins_with_an_odd_port_has_ids_of_the_pool);
	each_pool(tc, a_port_alone_has_an_id_of_the_pool);
	tcase_add_test(tc, an_announced_port_is_not_anothers);
	tcase_add_test(tc, a_stream_is_not_set_up_when_no_ids_are_free);
	each_pool(tc, an_ftp_client_is_reached_at_a_port_of_its_own);
	suite_add_tcase(s, tc);
	return s;
}
