/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Of two that are worth the same, the one that is not translated gives way: the
 * other one's peers cannot go on without it.
 */
#include "crowd.h"
#include "nat.h"
#include "suite.h"

#include <string.h>

enum { MAX = 200, SOFT = 300 };

static struct ct_world w;

static void begin(uint32_t max_conns)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = max_conns };

	ct_world_create(&w, &cfg);
	ct_world_watch(&w);
	ct_world_attach(&w);
}

static void setup(void)
{
	begin(MAX);
}

static void teardown(void)
{
	ct_world_settle(&w);
	ct_world_end(&w);
}

/* The packet that was built goes through the router, which translates odd ones. */
static void pass(uint32_t i)
{
	const struct ct_nat_range range = ct_nat_to(0xc0000201);
	const struct ct_test_rules rules = { .src = i % 2 ? &range : NULL };
	struct ct_pkt pkt = ct_test_pkt(&w.p);

	ck_assert_int_eq(ct_nat_step(&w, &pkt, &rules), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ck_assert_int_eq(!(ct_conn_status(pkt.conn) & CT_S_SRC_NAT), !(i % 2));
}

static void ask(uint32_t i)
{
	struct ct_test_flow flow = ct_world_flow(i);

	ct_test_udp(&w.p, &flow, CT_DIR_ORIG, 10);
	pass(i);
}

static void say(uint32_t i, const struct ct_test_flow *flow, enum ct_dir dir,
		uint8_t flags, uint32_t seq, uint32_t ack)
{
	const struct ct_test_segment seg = {
		.flags = flags, .win = 1000, .seq = seq, .ack = ack
	};

	ct_test_tcp(&w.p, flow, dir, &seg);
	pass(i);
}

static void establish(uint32_t i)
{
	struct ct_test_flow flow = ct_world_flow(i), outside = flow;
	struct ct_tuple t;

	say(i, &flow, CT_DIR_ORIG, CT_TEST_SYN, 100, 0);
	t = ct_nat_tuple(&w.p);
	memcpy(outside.src, t.src.bytes, 4);
	outside.sport = ct_nat_u16(&w.p, 20);
	say(i, &outside, CT_DIR_REPLY, CT_TEST_SYN | CT_TEST_ACK, 500, 101);
	say(i, &flow, CT_DIR_ORIG, CT_TEST_ACK, 101, 501);
}

/* => How many of some live, of those that are translated or of the others. */
static uint32_t alive_tcp(uint32_t n, uint32_t translated)
{
	uint32_t alive = 0;

	for (uint32_t i = translated; i < n; i += 2)
		alive += ct_crowd_lives_tcp(&w, i);
	return alive;
}

static uint32_t alive_udp(uint32_t n, uint32_t translated)
{
	uint32_t alive = 0;

	for (uint32_t i = translated; i < n; i += 2)
		alive += ct_crowd_found(&w, i) != NULL;
	return alive;
}

START_TEST(unproven_ones_stay)
{
	for (uint32_t i = 0; i < MAX; i++)
		ask(i);
	/* Until no line of 64 has any other left. */
	ct_crowd_fill(&w, 1000, MAX / 4);
	ck_assert_uint_eq(alive_udp(MAX, 1), MAX / 2);
	/* Newcomers of the same turn are alike. */
	ck_assert_uint_eq(alive_udp(MAX, 0) + ct_crowd_alive(&w, 1000, MAX / 4),
			  MAX / 2);
}
END_TEST

/* What has proven nothing may have half of the table, so that a quarter takes
 * places of those who have. */
static void newcomers_take_a_quarter(void)
{
	ct_crowd_set(&w, "overflow.probation", 500);
	ct_crowd_fill(&w, 1000, MAX / 4);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_RECYCLED), MAX / 4);
	ck_assert_uint_eq(alive_tcp(MAX, 1), MAX / 2);
	ck_assert_uint_eq(alive_tcp(MAX, 0), MAX / 2 - MAX / 4);
}

START_TEST(established_ones_stay)
{
	for (uint32_t i = 0; i < MAX; i++)
		establish(i);
	newcomers_take_a_quarter();
	ct_world_audit(&w);
}
END_TEST

START_TEST(stale_ones_stay)
{
	struct ct_victim victim;

	ct_crowd_set(&w, "tcp.timeout.established", 7440);
	ct_crowd_set(&w, "overflow.low", 1000);
	for (uint32_t i = 0; i < MAX; i++)
		establish(i);
	ct_world_wait(&w, (SOFT + 5) * CT_WORLD_S);
	newcomers_take_a_quarter();
	ck_assert_uint_eq(ct_victims(w.tbl, &victim, 1), 1);
	ck_assert_uint_ge(victim.idle_s, SOFT);
	ct_world_audit(&w);
}
END_TEST

/* Who has been of use lately is worth more, translated or not. */
START_TEST(busy_ones_stay_before_translated_ones)
{
	ct_crowd_set(&w, "overflow.low", 0);
	for (uint32_t i = 0; i < MAX; i++)
		establish(i);
	for (unsigned round = 0; round < 4; round++) {
		ct_world_wait(&w, 2 * CT_WORLD_S);
		for (uint32_t i = 0; i < MAX; i += 2)
			ct_crowd_segment(&w, i, CT_DIR_ORIG, CT_TEST_ACK, 101,
					 501);
	}
	ct_crowd_set(&w, "overflow.probation", 500);
	ct_crowd_fill(&w, 1000, MAX / 8);
	ck_assert_uint_eq(alive_tcp(MAX, 0), MAX / 2);
	ck_assert_uint_eq(alive_tcp(MAX, 1), MAX / 2 - MAX / 8);
}
END_TEST

enum { LARGE = 8192, BURST = 32 };

/* A flood, some newcomers between two polls; of one burst, so that some victims
 * are chosen at a time. */
static void flood(uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i += BURST) {
		ct_crowd_fill(&w, first + i, BURST);
		ct_world_wait(&w, CT_WORLD_S / 1000);
	}
}

/* Those of a line that came in the same turn are alike.  A later turn outweighs a
 * translation: a flood that is translated gives way, too. */
START_TEST(victims_of_a_stock_go_before_translated_ones)
{
	enum { SOME = LARGE / 4, MANY = LARGE };
	struct ct_pressure now;

	begin(LARGE);
	for (uint32_t i = 0; i < LARGE; i++)
		ask(i);
	flood(LARGE, SOME);
	now = ct_crowd_pressure(&w);
	ck_assert_uint_eq(now.evicted[0], SOME);
	/* More than one of a line: by the stock. */
	ck_assert_uint_le(now.lines, SOME * 3 / 4);
	ck_assert_uint_eq(alive_udp(LARGE, 1), LARGE / 2);
	ck_assert_uint_lt(alive_udp(LARGE, 0), LARGE / 2 - SOME * 3 / 4);
	flood(LARGE + SOME, MANY);
	ck_assert_uint_lt(alive_udp(LARGE, 1), LARGE / 16);
	ck_assert_uint_eq(ct_crowd_alive(&w, LARGE + SOME + MANY / 2, MANY / 2),
			  MANY / 2);
	ct_world_audit(&w);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("overflow_nat");
	TCase *tcase = tcase_create("small");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, unproven_ones_stay);
	tcase_add_test(tcase, established_ones_stay);
	tcase_add_test(tcase, stale_ones_stay);
	tcase_add_test(tcase, busy_ones_stay_before_translated_ones);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("large");
	tcase_add_checked_fixture(tcase, NULL, teardown);
	tcase_add_test(tcase, victims_of_a_stock_go_before_translated_ones);
	suite_add_tcase(suite, tcase);
	return suite;
}
