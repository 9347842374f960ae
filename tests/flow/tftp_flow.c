/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TFTP: requests, and servers that answer from another port.
 *
 *	client 10.0.0.2:5000 -- router 203.0.113.1 -- server 198.51.100.5:69
 */
#include "dialog.h"
#include "suite.h"

#include <arpa/inet.h>
#include <conntrack/conn.h>
#include <conntrack/expect.h>
#include <string.h>

enum { UDP = 17, TFTP = 69, ASKS = 5000, ANSWERS = 7000, OUTSIDE = 7777 };
enum { RRQ = 1, WRQ, DATA, ACK, ERROR, OACK };

#define CLIENT 0x0a000002u /* 10.0.0.2 */
#define SERVER 0xc6336405u /* 198.51.100.5 */
#define THIRD  0xc6336409u
#define PUBLIC 0xcb007101u /* 203.0.113.1 */

static struct ct_world w;
static struct ct_dialog talk;
static struct ct_nat_range range;

static void setup(void)
{
	ct_world_start(&w, 64);
}

static void teardown(void)
{
	ct_world_clear(&w);
	ct_world_end(&w);
}

static void between(uint32_t client, uint16_t port, uint32_t server)
{
	const struct ct_test_flow flow =
		ct_dialog_flow(client, port, server, TFTP);

	ct_dialog_begin_udp(&talk, &w, "tftp", &flow);
}

static void behind_nat(void)
{
	between(CLIENT, ASKS, SERVER);
	range = ct_nat_ports(ct_nat_to(PUBLIC), OUTSIDE, OUTSIDE);
	talk.rules.src = &range;
}

static void say(enum ct_dir dir, uint8_t op)
{
	const uint8_t bytes[] = { 0,   op,  'f', 'i', 'l', 'e', 0,
				  'o', 'c', 't', 'e', 't', 0 };

	ct_dialog_say(&talk, dir, bytes, sizeof(bytes));
}

static struct ct_pkt knock(uint32_t from, uint16_t sport, uint32_t to,
			   uint16_t port)
{
	const struct ct_test_flow flow = ct_dialog_flow(from, sport, to, port);
	struct ct_pkt pkt = ct_dialog_knock(&talk, &flow, UDP);

	ct_nat_sums_right(&talk.p);
	return pkt;
}

static bool count(void *user, struct ct_expect *exp)
{
	(void)exp;
	++*(unsigned *)user;
	return true;
}

static unsigned expects(void)
{
	unsigned n = 0;

	ct_expect_walk(w.thr, NULL, count, &n);
	return n;
}

/* --- Requests ----------------------------------------------------------- */

START_TEST(a_request_is_answered_from_another_port)
{
	struct ct_conn *asked;
	struct ct_pkt pkt;

	between(CLIENT, ASKS, SERVER);
	say(CT_DIR_ORIG, (uint8_t)_i);
	asked = talk.pkt.conn;
	pkt = knock(SERVER, ANSWERS, CLIENT, ASKS);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert_ptr_eq(ct_conn_master(w.tbl, pkt.conn), asked);
	pkt = knock(CLIENT, ASKS, SERVER, ANSWERS);
	ck_assert_int_eq(pkt.state, CT_ESTABLISHED);
	ck_assert_int_eq(pkt.dir, CT_DIR_REPLY);
	/* Once. */
	ck_assert_int_eq(knock(SERVER, ANSWERS + 1, CLIENT, ASKS).state,
			 CT_NEW);
}
END_TEST

START_TEST(nobody_else_is_expected)
{
	between(CLIENT, ASKS, SERVER);
	say(CT_DIR_ORIG, RRQ);
	ck_assert_int_eq(knock(THIRD, ANSWERS, CLIENT, ASKS).state, CT_NEW);
	ck_assert_int_eq(knock(SERVER, ANSWERS, CLIENT, ASKS + 1).state,
			 CT_NEW);
}
END_TEST

START_TEST(a_request_that_comes_again_is_one)
{
	between(CLIENT, ASKS, SERVER);
	say(CT_DIR_ORIG, RRQ);
	say(CT_DIR_ORIG, RRQ);
	say(CT_DIR_ORIG, WRQ);
	ck_assert_uint_eq(expects(), 1);
}
END_TEST

START_TEST(an_answer_is_waited_for_five_minutes)
{
	between(CLIENT, ASKS, SERVER);
	say(CT_DIR_ORIG, RRQ);
	for (unsigned i = 0; i < 13; i++) { /* the request's flow must live */
		ct_world_wait(&w, 23 * CT_WORLD_S);
		say(CT_DIR_ORIG, DATA);
	}
	ck_assert_uint_eq(expects(), 1);
	ct_world_wait(&w, 2 * CT_WORLD_S);
	ck_assert_int_eq(knock(SERVER, ANSWERS, CLIENT, ASKS).state, CT_NEW);
}
END_TEST

START_TEST(what_is_no_request_announces_nothing)
{
	static const uint8_t short_one[] = { 0 };
	static const uint8_t far_one[] = { 1, 1 };
	static const uint8_t ops[] = { 0, DATA, ACK, ERROR, OACK, 255 };

	between(CLIENT, ASKS, SERVER);
	for (unsigned i = 0; i < sizeof(ops); i++)
		say(CT_DIR_ORIG, ops[i]);
	ct_dialog_say(&talk, CT_DIR_ORIG, short_one, sizeof(short_one));
	ct_dialog_say(&talk, CT_DIR_ORIG, far_one, sizeof(far_one));
	ck_assert_uint_eq(expects(), 0);
	/* In the middle of a flow as well. */
	say(CT_DIR_ORIG, WRQ);
	ck_assert_uint_eq(expects(), 1);
}
END_TEST

/* --- NAT ---------------------------------------------------------------- */

START_TEST(an_answer_finds_the_client_behind_nat)
{
	behind_nat();
	say(CT_DIR_ORIG, (uint8_t)_i);
	ct_dialog_comes_from(&talk, PUBLIC);
	ck_assert_int_eq(knock(SERVER, ANSWERS, PUBLIC, OUTSIDE).state,
			 CT_RELATED);
	ct_dialog_goes_to(&talk, CLIENT, ASKS);
	/* What the client sends there leaves from where the server answered. */
	ck_assert_int_eq(knock(CLIENT, ASKS, SERVER, ANSWERS).state,
			 CT_ESTABLISHED);
	ct_dialog_comes_from(&talk, PUBLIC);
	ct_dialog_goes_to(&talk, SERVER, ANSWERS);
	ck_assert_uint_eq(ntohs(ct_nat_tuple(&talk.p).src_id), OUTSIDE);
}
END_TEST

START_TEST(a_server_behind_nat_answers_from_its_address_outside)
{
	between(SERVER, ASKS, PUBLIC); /* who asks is outside */
	range = ct_nat_to(CLIENT);
	talk.rules.dst = &range;
	say(CT_DIR_ORIG, RRQ);
	ct_dialog_goes_to(&talk, CLIENT, TFTP);
	talk.rules.dst = NULL;
	ck_assert_int_eq(knock(CLIENT, ANSWERS, SERVER, ASKS).state,
			 CT_RELATED);
	ct_dialog_comes_from(&talk, PUBLIC);
	ct_dialog_goes_to(&talk, SERVER, ASKS);
}
END_TEST

/* --- Strict mode -------------------------------------------------------- */

static void asks_from(uint16_t port)
{
	between(CLIENT, port, SERVER);
	say(CT_DIR_ORIG, RRQ);
}

START_TEST(strictly_no_client_below_1024_is_answered)
{
	ck_assert_int_eq(ct_param_set(w.tbl, "helper.strict", 1), 0);
	asks_from(1023);
	ck_assert_uint_eq(expects(), 0);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_HELPER_STRICT), 1);
	ck_assert_int_eq(knock(SERVER, ANSWERS, CLIENT, 1023).state, CT_NEW);
	asks_from(1024);
	ck_assert_uint_eq(expects(), 1);
	ck_assert_int_eq(knock(SERVER, ANSWERS, CLIENT, 1024).state,
			 CT_RELATED);
}
END_TEST

/* The port inside counts, which is the one that opens. */
START_TEST(strictly_a_port_is_low_where_the_client_is)
{
	ck_assert_int_eq(ct_param_set(w.tbl, "helper.strict", 1), 0);
	behind_nat();
	talk.inside.sport = 53;
	say(CT_DIR_ORIG, RRQ);
	ck_assert_uint_eq(expects(), 0);
	ck_assert_int_eq(knock(SERVER, ANSWERS, PUBLIC, OUTSIDE).state, CT_NEW);
}
END_TEST

START_TEST(linux_answers_every_client)
{
	asks_from(1023);
	ck_assert_int_eq(knock(SERVER, ANSWERS, CLIENT, 1023).state,
			 CT_RELATED);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("tftp_flow");
	TCase *tc = tcase_create("tftp");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_request_is_answered_from_another_port, RRQ,
			    WRQ + 1);
	tcase_add_test(tc, nobody_else_is_expected);
	tcase_add_test(tc, a_request_that_comes_again_is_one);
	tcase_add_test(tc, an_answer_is_waited_for_five_minutes);
	tcase_add_test(tc, what_is_no_request_announces_nothing);
	tcase_add_loop_test(tc, an_answer_finds_the_client_behind_nat, RRQ,
			    WRQ + 1);
	tcase_add_test(tc,
		       a_server_behind_nat_answers_from_its_address_outside);
	tcase_add_test(tc, strictly_no_client_below_1024_is_answered);
	tcase_add_test(tc, strictly_a_port_is_low_where_the_client_is);
	tcase_add_test(tc, linux_answers_every_client);
	suite_add_tcase(suite, tc);
	return suite;
}
