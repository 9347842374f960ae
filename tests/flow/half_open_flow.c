/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Budgets of half-open connections, in all and of one source.
 */
#include "suite.h"
#include "world.h"

#include <conntrack/overflow.h>
#include <conntrack/pressure.h>
#include <string.h>

enum { MAX = 100, BUDGET = 10 };

static struct ct_world w;
static unsigned sent;

static void emit(void *user, const struct ct_pkt *pkt)
{
	(void)user;
	(void)pkt;
	sent++;
}

static void set(const char *name, uint64_t value)
{
	ck_assert_int_eq(ct_param_set(w.tbl, name, value), 0);
}

static void start(const char *budget, uint32_t n)
{
	const struct ct_host host = { .size = sizeof(host), .emit = emit };
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = MAX,
				       .host = &host };

	sent = 0;
	ct_world_create(&w, &cfg);
	set(budget, n);
	ct_world_attach(&w);
}

static void finish(void)
{
	ct_world_settle(&w);
	ct_world_end(&w);
}

/* => What its sender is told: 0, or why it did not pass. */
static unsigned say(const struct ct_test_flow *flow, enum ct_dir dir,
		    uint8_t flags, uint32_t seq, uint32_t ack)
{
	const struct ct_test_segment seg = {
		.flags = flags, .win = 1000, .seq = seq, .ack = ack
	};
	struct ct_pkt pkt;

	ct_test_tcp(&w.p, flow, dir, &seg);
	pkt = ct_test_pkt(&w.p);
	if (ct_process(w.thr, &pkt, CT_HOOK_PREROUTING) != CT_ACCEPT)
		return pkt.reason;
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	return 0;
}

static unsigned knock(uint32_t n)
{
	struct ct_test_flow flow = ct_world_flow(n);

	return say(&flow, CT_DIR_ORIG, CT_TEST_SYN, 100, 0);
}

/* From one address; another port each time. */
static unsigned knock_again(uint16_t n)
{
	struct ct_test_flow flow = ct_world_flow(1);

	flow.sport = (uint16_t)(2000 + n);
	return say(&flow, CT_DIR_ORIG, CT_TEST_SYN, 100, 0);
}

static void fill(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		ck_assert_uint_eq(knock(i), 0);
}

static void complete(uint32_t n)
{
	struct ct_test_flow flow = ct_world_flow(n);

	say(&flow, CT_DIR_REPLY, CT_TEST_SYN | CT_TEST_ACK, 500, 101);
	say(&flow, CT_DIR_ORIG, CT_TEST_ACK, 101, 501);
}

static uint64_t refused(void)
{
	struct ct_pressure now = { .size = sizeof(now) };

	ck_assert_int_eq(ct_pressure(w.tbl, &now), 0);
	return now.refused[0];
}

START_TEST(beyond_the_budget_newcomers_are_refused)
{
	start("overflow.half_open.max", BUDGET);
	fill(BUDGET);
	ck_assert_uint_eq(knock(BUDGET), CT_R_HALF_OPEN_FULL);
	ck_assert_uint_eq(refused(), 1);
	ck_assert_uint_eq(ct_world_conns(&w), BUDGET);
	finish();
}
END_TEST

START_TEST(what_is_open_counts_no_more)
{
	start("overflow.half_open.max", BUDGET);
	for (uint32_t i = 0; i < 3 * BUDGET; i++) {
		ck_assert_uint_eq(knock(i), 0);
		complete(i);
	}
	fill(BUDGET);
	finish();
}
END_TEST

START_TEST(what_ends_counts_no_more)
{
	start("overflow.half_open.max", BUDGET);
	for (uint32_t i = 0; i < 3 * BUDGET; i++) {
		struct ct_test_flow flow = ct_world_flow(i);

		ck_assert_uint_eq(knock(i), 0);
		say(&flow, CT_DIR_REPLY, CT_TEST_RST | CT_TEST_ACK, 0, 101);
	}
	fill(BUDGET);
	/* An open one that ends does not count twice. */
	ct_world_wait(&w, 121 * CT_WORLD_S);
	ct_maintain(w.tbl, w.now_ns, 0);
	fill(BUDGET);
	ck_assert_uint_eq(knock(BUDGET), CT_R_HALF_OPEN_FULL);
	finish();
}
END_TEST

START_TEST(what_the_host_drops_counts_no_more)
{
	start("overflow.half_open.max", BUDGET);
	for (uint32_t i = 0; i < 3 * BUDGET; i++) {
		const struct ct_test_segment seg = { .flags = CT_TEST_SYN };
		struct ct_test_flow flow = ct_world_flow(i);
		struct ct_pkt pkt;

		ct_test_tcp(&w.p, &flow, CT_DIR_ORIG, &seg);
		pkt = ct_test_pkt(&w.p);
		ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_PREROUTING),
				 CT_ACCEPT);
		ct_abandon(w.thr, &pkt);
	}
	fill(BUDGET);
	finish();
}
END_TEST

START_TEST(datagrams_have_no_part_in_it)
{
	start("overflow.half_open.max", BUDGET);
	for (uint32_t i = 0; i < 3 * BUDGET; i++) {
		struct ct_test_flow flow = ct_world_flow(i);

		ct_world_udp(&w, &flow, CT_DIR_ORIG);
	}
	fill(BUDGET);
	finish();
}
END_TEST

START_TEST(one_source_does_not_take_anothers)
{
	start("overflow.half_open.source", BUDGET);
	for (uint16_t i = 0; i < BUDGET; i++)
		ck_assert_uint_eq(knock_again(i), 0);
	ck_assert_uint_eq(knock_again(BUDGET), CT_R_SOURCE_HALF_OPEN);
	ck_assert_uint_eq(knock(2), 0);
	ck_assert_uint_eq(knock(3), 0);
	finish();
}
END_TEST

START_TEST(a_verdict_says_what_becomes_of_them)
{
	start("overflow.half_open.max", BUDGET);
	set("overflow.verdict", CT_OVERFLOW_REJECT);
	fill(BUDGET);
	ck_assert_uint_eq(knock(BUDGET), CT_R_HALF_OPEN_FULL);
	ck_assert_uint_eq(sent, 1);
	finish();
}
END_TEST

START_TEST(where_there_is_a_proxy_they_get_a_cookie)
{
	start("overflow.half_open.max", BUDGET);
	set("overflow.syn_proxy", 1);
	fill(BUDGET);
	ck_assert_uint_eq(sent, 0);
	ck_assert_uint_eq(knock(BUDGET), CT_R_SYN_COOKIE);
	ck_assert_uint_eq(sent, 1);
	ck_assert_uint_eq(refused(), 0);
	finish();
}
END_TEST

START_TEST(a_repeated_syn_is_no_newcomer)
{
	start("overflow.half_open.max", BUDGET);
	fill(BUDGET);
	ck_assert_uint_eq(knock(0), 0);
	finish();
}
END_TEST

/* A segment without a connection, from one of many, or with a port of one
 * address. */
static void pick_up(uint32_t n, uint16_t port)
{
	struct ct_test_flow flow = ct_world_flow(n);

	flow.sport = port;
	ck_assert_uint_eq(say(&flow, CT_DIR_ORIG, CT_TEST_ACK, 100, 500), 0);
}

START_TEST(what_is_picked_up_has_no_part_in_it)
{
	start("overflow.half_open.max", BUDGET);
	for (uint16_t i = 0; i < 3 * BUDGET; i++)
		pick_up(1000u + i, 3000);
	ct_world_wait(&w, 250 * CT_WORLD_S);
	fill(BUDGET);
	ck_assert_uint_eq(ct_world_conns(&w), 4 * BUDGET);
	ck_assert_uint_eq(knock(BUDGET), CT_R_HALF_OPEN_FULL);
	/* Nor when it ends, before the others. */
	ct_world_wait(&w, 51 * CT_WORLD_S);
	ct_maintain(w.tbl, w.now_ns, 0);
	ck_assert_uint_eq(ct_world_conns(&w), BUDGET);
	ck_assert_uint_eq(knock(BUDGET), CT_R_HALF_OPEN_FULL);
	finish();
}
END_TEST

START_TEST(nobody_uses_up_a_victims_budget_by_segments)
{
	start("overflow.half_open.source", BUDGET);
	for (uint16_t i = 0; i < 3 * BUDGET; i++)
		pick_up(1, (uint16_t)(3000 + i));
	for (uint16_t i = 0; i < BUDGET; i++)
		ck_assert_uint_eq(knock_again(i), 0);
	ck_assert_uint_eq(knock_again(BUDGET), CT_R_SOURCE_HALF_OPEN);
	finish();
}
END_TEST

/* The handshake is over, whatever became of it. */
START_TEST(what_was_reset_counts_no_more)
{
	start("overflow.half_open.max", BUDGET);
	for (uint32_t i = 0; i < 3 * BUDGET; i++) {
		struct ct_test_flow flow = ct_world_flow(i);

		ck_assert_uint_eq(knock(i), 0);
		say(&flow, CT_DIR_REPLY, CT_TEST_SYN | CT_TEST_ACK, 500, 101);
		say(&flow, CT_DIR_ORIG, CT_TEST_RST, 101, 0);
	}
	fill(BUDGET);
	ck_assert_uint_eq(knock(BUDGET), CT_R_HALF_OPEN_FULL);
	finish();
}
END_TEST

Suite *ct_suite(void)
{
	Suite *s = suite_create("flow/half_open");
	TCase *tc = tcase_create("budget");

	tcase_add_test(tc, beyond_the_budget_newcomers_are_refused);
	tcase_add_test(tc, what_is_open_counts_no_more);
	tcase_add_test(tc, what_ends_counts_no_more);
	tcase_add_test(tc, what_the_host_drops_counts_no_more);
	tcase_add_test(tc, datagrams_have_no_part_in_it);
	tcase_add_test(tc, one_source_does_not_take_anothers);
	tcase_add_test(tc, a_verdict_says_what_becomes_of_them);
	tcase_add_test(tc, where_there_is_a_proxy_they_get_a_cookie);
	tcase_add_test(tc, a_repeated_syn_is_no_newcomer);
	tcase_add_test(tc, what_is_picked_up_has_no_part_in_it);
	tcase_add_test(tc, nobody_uses_up_a_victims_budget_by_segments);
	tcase_add_test(tc, what_was_reset_counts_no_more);
	suite_add_tcase(s, tc);
	return s;
}
