/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SANE through NAT: which port a client hears of, and where it leads.
 *
 *	scanner 10.0.0.2 -- router 203.0.113.1 -- client 198.51.100.5
 */
#include "knock.h"
#include "suite.h"

#include <conntrack/config.h>
#include <conntrack/expect.h>
#include <netinet/in.h>
#include <string.h>

#define CLIENT CT_DIR_ORIG
#define SERVER CT_DIR_REPLY

enum { IP = 20, TCP = 20, LEN = 8 };

static const uint8_t net_start[LEN] = { 0, 0, 0, 7, 0, 0, 0, 0 };
static const uint8_t other_request[LEN] = { 0, 0, 0, 8, 0, 0, 0, 0 };
static const uint8_t answer[LEN] = { 0, 0, 0, 0, 0, 0, 0x1b, 0x5f }; /* 7007 */
static const uint8_t answer_80[LEN] = { 0, 0, 0, 0, 0, 0, 0, 80 };

static const struct ct_test_flow scan = { .l3 = CT_L3_IPV4,
					  .src = { 198, 51, 100, 5 },
					  .dst = { 203, 0, 113, 1 },
					  .sport = 40000,
					  .dport = 6566 };
static const struct ct_knock knock = { "198.51.100.5:40001",
				       "203.0.113.1:7007" };

static struct ct_world w;
static struct ct_parley parley;
static struct ct_nat_range range;

static void talk(const struct ct_test_flow *by)
{
	struct ct_parley_def def = { .helper = "sane",
				     .l4 = IPPROTO_TCP,
				     .by = by,
				     .rules = { .dst = &range } };

	range = ct_nat_to(0x0a000002); /* 10.0.0.2 */
	ct_parley_open(&parley, &w, &def);
}

static void start(enum ct_profile profile)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .profile = profile };

	ct_world_create(&w, &cfg);
	ct_world_attach(&w);
}

static void setup_linux(void)
{
	start(CT_PROFILE_LINUX);
}

static void setup_recommended(void)
{
	start(CT_PROFILE_RECOMMENDED);
}

static void teardown(void)
{
	ct_world_end(&w);
}

/* Eight bytes, of which zeros are some.  => What the other end gets of them,
 * in w.p behind its headers. */
static const uint8_t *says(enum ct_dir who, const uint8_t bytes[LEN])
{
	const struct ct_test_segment seg = {
		.flags = CT_TEST_PSH | CT_TEST_ACK,
		.win = 65535,
		.seq = parley.said[who],
		.ack = parley.heard[who],
		.len = LEN,
	};
	struct ct_pkt pkt;

	ct_test_tcp(&w.p, &parley.as[who], who, &seg);
	memcpy(w.p.bytes + IP + TCP, bytes, LEN);
	ct_test_sum(&w.p);
	pkt = ct_nat_pass(&w, &w.p, &parley.def.rules);
	ck_assert_uint_eq(pkt.len, IP + TCP + LEN);
	ct_nat_sums_right(&w.p);
	parley.said[who] += LEN;
	parley.heard[!who] += LEN;
	return w.p.bytes + IP + TCP;
}

START_TEST(a_scanner_behind_nat_is_reached)
{
	const struct ct_knock arrives = { "198.51.100.5:40001",
					  "10.0.0.2:7007" };

	talk(&scan);
	says(CLIENT, net_start);
	ck_assert_mem_eq(says(SERVER, answer), answer, LEN);
	ck_assert_int_eq(ct_knock(&parley, &knock, &arrives), CT_RELATED);
}
END_TEST

START_TEST(a_port_that_is_taken_is_replaced)
{
	static const uint8_t next[LEN] = { 0, 0, 0, 0, 0, 0, 0x1b, 0x60 };
	struct ct_test_flow other = scan;

	talk(&scan);
	says(CLIENT, net_start);
	says(SERVER, answer);
	other.sport = 40002;
	talk(&other);
	says(CLIENT, net_start);
	ck_assert_mem_eq(says(SERVER, answer), next, LEN);
}
END_TEST

/* It is RELATED, and goes to the router itself. */
START_TEST(linux_translates_nothing)
{
	talk(&scan);
	says(CLIENT, net_start);
	says(SERVER, answer);
	parley.def.rules = (struct ct_test_rules){ 0 };
	ck_assert_int_eq(ct_knock(&parley, &knock, &knock), CT_RELATED);
}
END_TEST

START_TEST(only_an_answer_to_net_start_is_one)
{
	talk(&scan);
	says(SERVER, answer);
	says(CLIENT, net_start);
	says(CLIENT, other_request);
	says(SERVER, answer);
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
}
END_TEST

START_TEST(strictly_no_port_below_1024_is_expected)
{
	ck_assert_int_eq(ct_param_set(w.tbl, "helper.strict", 1), 0);
	talk(&scan);
	says(CLIENT, net_start);
	says(SERVER, answer_80);
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("flow/sane");
	TCase *linux_like = tcase_create("Linux");
	TCase *recommended = tcase_create("recommended");

	tcase_add_checked_fixture(linux_like, setup_linux, teardown);
	tcase_add_test(linux_like, linux_translates_nothing);
	tcase_add_test(linux_like, only_an_answer_to_net_start_is_one);
	tcase_add_test(linux_like, strictly_no_port_below_1024_is_expected);
	suite_add_tcase(suite, linux_like);

	tcase_add_checked_fixture(recommended, setup_recommended, teardown);
	tcase_add_test(recommended, a_scanner_behind_nat_is_reached);
	tcase_add_test(recommended, a_port_that_is_taken_is_replaced);
	tcase_add_test(recommended, only_an_answer_to_net_start_is_one);
	suite_add_tcase(suite, recommended);
	return suite;
}
