/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NetBIOS-NS and SNMP: who may answer a broadcast, and for how long.
 *
 *	this host 10.0.0.2 --> 10.0.0.255
 */
#include "suite.h"
#include "world.h"

#include <conntrack/config.h>
#include <string.h>

static const struct ct_test_flow to_all = { .l3 = CT_L3_IPV4,
					    .src = { 10, 0, 0, 2 },
					    .dst = { 10, 0, 0, 255 },
					    .sport = 137,
					    .dport = 137 };

static struct ct_world w;

static void setup(void)
{
	ct_world_create(&w, NULL);
	ct_world_attach(&w);
}

static void teardown(void)
{
	ct_world_end(&w);
}

/* This host asks; flags are enum ct_pkt_flag. */
static void ask(const char *helper, const struct ct_test_flow *flow,
		uint16_t flags)
{
	struct ct_policy_def def = { .size = sizeof(def), .helper = helper };
	const struct ct_policy *policy;
	struct ct_pkt pkt;

	ck_assert_int_eq(ct_policy_create(w.tbl, &def, &policy), 0);
	ct_test_udp(&w.p, flow, CT_DIR_ORIG, 10);
	pkt = ct_test_pkt(&w.p);
	pkt.policy = policy;
	pkt.flags = flags;
	ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_OUTPUT), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
}

/* 10.0.net.host answers this host.  => What that is. */
static enum ct_state answer(const struct ct_test_flow *asked, uint8_t net,
			    uint8_t host)
{
	struct ct_test_flow flow = { .l3 = CT_L3_IPV4,
				     .src = { 10, 0, net, host },
				     .dst = { 10, 0, 0, 2 },
				     .sport = asked->dport,
				     .dport = asked->sport };

	return (enum ct_state)ct_world_udp(&w, &flow, CT_DIR_ORIG).state;
}

START_TEST(everybody_in_the_network_may_answer)
{
	ask("netbios-ns", &to_all, CT_PKT_BROADCAST);
	ck_assert_int_eq(answer(&to_all, 0, 9), CT_RELATED);
	ck_assert_int_eq(answer(&to_all, 0, 10), CT_RELATED);
	ck_assert_int_eq(answer(&to_all, 1, 9), CT_NEW);
}
END_TEST

START_TEST(how_large_the_network_is_can_be_said)
{
	ck_assert_int_eq(ct_param_set(w.tbl, "netbios-ns.prefix", 16), 0);
	ask("netbios-ns", &to_all, CT_PKT_BROADCAST);
	ck_assert_int_eq(answer(&to_all, 1, 9), CT_RELATED);
}
END_TEST

START_TEST(answers_are_expected_for_three_seconds)
{
	ask("netbios-ns", &to_all, CT_PKT_BROADCAST);
	ct_world_wait(&w, 4 * CT_WORLD_S);
	ck_assert_int_eq(answer(&to_all, 0, 9), CT_NEW);
}
END_TEST

/* What the router forwards, or sends to one host. */
START_TEST(other_packets_have_no_answers)
{
	ask("netbios-ns", &to_all, 0);
	ck_assert_int_eq(answer(&to_all, 0, 9), CT_NEW);
}
END_TEST

START_TEST(an_agent_answers_from_its_own_port)
{
	struct ct_test_flow query = to_all;
	struct ct_test_flow other;

	memset(query.dst, 255, 4);
	query.sport = 5000;
	query.dport = 161;
	ask("snmp", &query, CT_PKT_BROADCAST);
	ct_world_wait(&w, 20 * CT_WORLD_S);
	ck_assert_int_eq(answer(&query, 0, 9), CT_RELATED);
	other = query;
	other.dport = 162;
	ck_assert_int_eq(answer(&other, 0, 10), CT_NEW);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("flow/broadcast");
	TCase *tcase = tcase_create("broadcast");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, everybody_in_the_network_may_answer);
	tcase_add_test(tcase, how_large_the_network_is_can_be_said);
	tcase_add_test(tcase, answers_are_expected_for_three_seconds);
	tcase_add_test(tcase, other_packets_have_no_answers);
	tcase_add_test(tcase, an_agent_answers_from_its_own_port);
	suite_add_tcase(suite, tcase);
	return suite;
}
