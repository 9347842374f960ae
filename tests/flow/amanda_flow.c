/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Amanda through NAT: which ports a client hears of, and where they lead.
 *
 *	server 10.0.0.2 -- router 203.0.113.1 -- client 198.51.100.5
 */
#include "knock.h"
#include "suite.h"

#include <conntrack/config.h>
#include <conntrack/conn.h>
#include <conntrack/expect.h>
#include <netinet/in.h>
#include <string.h>

#define CLIENT CT_DIR_ORIG
#define SERVER CT_DIR_REPLY

static const struct ct_test_flow query = { .l3 = CT_L3_IPV4,
					   .src = { 198, 51, 100, 5 },
					   .dst = { 203, 0, 113, 1 },
					   .sport = 700,
					   .dport = 10080 };

static struct ct_world w;
static struct ct_parley parley;
static struct ct_nat_range range;

static void talk(const struct ct_test_flow *by)
{
	struct ct_parley_def def = { .helper = "amanda",
				     .l4 = IPPROTO_UDP,
				     .by = by,
				     .rules = { .dst = &range } };

	range = ct_nat_to(0x0a000002); /* 10.0.0.2 */
	ct_parley_open(&parley, &w, &def);
	ck_assert_ptr_nonnull(ct_parley_say(&parley, CLIENT, "REQ\n"));
}

static void setup(void)
{
	ct_world_create(&w, NULL);
	ct_world_attach(&w);
}

static void teardown(void)
{
	ct_world_end(&w);
}

static void answers(const char *said, const char *heard)
{
	const char *text = ct_parley_say(&parley, SERVER, said);

	ck_assert_msg(text != NULL, "dropped: %s", said);
	ck_assert_str_eq(text, heard);
}

START_TEST(a_client_reaches_the_ports_of_a_server_behind_nat)
{
	const struct ct_knock knock = { "198.51.100.5:800",
					"203.0.113.1:7002" };
	const struct ct_knock arrives = { "198.51.100.5:800", "10.0.0.2:7002" };

	talk(&query);
	answers("CONNECT DATA 7001 MESG 7002 INDEX 7003\n",
		"CONNECT DATA 7001 MESG 7002 INDEX 7003\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 3);
	ck_assert_int_eq(ct_knock(&parley, &knock, &arrives), CT_RELATED);
	ck_assert_uint_eq(ct_parley_expected(&parley), 2);
}
END_TEST

/* Another query of the same client has the first ports already: those that
 * follow are longer, and so is the text. */
START_TEST(a_port_that_is_taken_is_replaced)
{
	const struct ct_knock knock = { "198.51.100.5:800",
					"203.0.113.1:10000" };
	const struct ct_knock arrives = { "198.51.100.5:800", "10.0.0.2:9999" };
	struct ct_test_flow other = query;

	talk(&query);
	answers("CONNECT DATA 9999\n", "CONNECT DATA 9999\n");
	other.sport = 701;
	talk(&other);
	answers("CONNECT MESG 9998 DATA 9999 INDEX 7003\n",
		"CONNECT MESG 9998 DATA 10000 INDEX 7003\n");
	ck_assert_int_eq(ct_knock(&parley, &knock, &arrives), CT_RELATED);
}
END_TEST

START_TEST(an_answer_gives_more_time)
{
	talk(&query);
	ck_assert_uint_le(ct_conn_expires(w.thr, parley.conn), 30);
	answers("ACK\n", "ACK\n");
	ck_assert_uint_eq(ct_conn_expires(w.thr, parley.conn), 300);
}
END_TEST

START_TEST(a_client_announces_nothing)
{
	talk(&query);
	ck_assert_ptr_nonnull(
		ct_parley_say(&parley, CLIENT, "CONNECT DATA 7001\n"));
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
}
END_TEST

START_TEST(strictly_no_port_below_1024_is_expected)
{
	ck_assert_int_eq(ct_param_set(w.tbl, "helper.strict", 1), 0);
	talk(&query);
	answers("CONNECT DATA 513 MESG 7002\n", "CONNECT DATA 513 MESG 7002\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 1);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("flow/amanda");
	TCase *tcase = tcase_create("amanda");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase,
		       a_client_reaches_the_ports_of_a_server_behind_nat);
	tcase_add_test(tcase, a_port_that_is_taken_is_replaced);
	tcase_add_test(tcase, an_answer_gives_more_time);
	tcase_add_test(tcase, a_client_announces_nothing);
	tcase_add_test(tcase, strictly_no_port_below_1024_is_expected);
	suite_add_tcase(suite, tcase);
	return suite;
}
