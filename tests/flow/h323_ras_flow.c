/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RAS: an endpoint, inside and translated or not, and its gatekeeper.
 */
#include "dialog.h"
#include "per_out.h"
#include "suite.h"

#include <conntrack/conn.h>
#include <conntrack/expect.h>
#include <string.h>

enum { TCP = 6, UDP = 17, SIGNAL = 1720, RAS = 1719 };
enum { GRQ, GCF, RRQ = 3, RCF, URQ = 6, ARQ = 9, ACF, LRQ = 18, LCF, IRR = 22 };

#define ENDPOINT   0x0a000002u /* 10.0.0.2 */
#define GATEKEEPER 0xc6336405u /* 198.51.100.5 */
#define THIRD      0xc6336409u
#define PUBLIC     0xcb007101u /* 203.0.113.1 */

static struct ct_world w;
static struct ct_dialog talk;
static struct ct_nat_range to_public;

static void setup(void)
{
	struct ct_test_flow flow =
		ct_dialog_flow(ENDPOINT, RAS, GATEKEEPER, RAS);

	ct_world_start(&w, 256);
	ct_dialog_begin_udp(&talk, &w, "RAS", &flow);
	to_public = ct_nat_to(PUBLIC);
}

static void setup_nat(void)
{
	setup();
	talk.rules.src = &to_public;
	ct_dialog_connect(&talk);
}

static void teardown(void)
{
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_end(&w);
}

static void say(enum ct_dir dir, struct ct_per_ras ras)
{
	struct ct_per_out out;

	ct_per_begin(&out);
	ct_per_ras(&out, &ras);
	ct_dialog_say(&talk, dir, out.bytes, ct_per_size(&out));
}

static unsigned said(uint32_t addr, uint16_t port)
{
	const uint8_t bytes[6] = { (uint8_t)(addr >> 24), (uint8_t)(addr >> 16),
				   (uint8_t)(addr >> 8),  (uint8_t)addr,
				   (uint8_t)(port >> 8),  (uint8_t)port };
	unsigned n = 0;

	for (uint32_t i = 0; i + sizeof(bytes) <= talk.said_len; i++)
		n += memcmp(talk.said + i, bytes, sizeof(bytes)) == 0;
	return n;
}

static struct ct_pkt knock(uint32_t from, uint16_t sport, uint32_t to,
			   uint16_t port)
{
	const struct ct_test_flow flow = ct_dialog_flow(from, sport, to, port);

	return ct_dialog_knock(&talk, &flow, TCP);
}

static void registers(uint32_t seconds)
{
	say(CT_DIR_ORIG, (struct ct_per_ras){
				 .message = RRQ,
				 .ras = { ENDPOINT, RAS },
				 .signal = { ENDPOINT, SIGNAL },
				 .time_to_live = seconds,
			 });
}

static void confirm(uint32_t addr, uint32_t seconds)
{
	say(CT_DIR_REPLY, (struct ct_per_ras){ .message = RCF,
					       .signal = { addr, SIGNAL },
					       .time_to_live = seconds });
}

static void wait_s(uint64_t seconds)
{
	ct_world_wait(&w, seconds * CT_WORLD_S);
}

/* --- Registration ------------------------------------------------------- */

START_TEST(calls_to_a_registered_endpoint_are_expected)
{
	struct ct_pkt pkt;

	registers(0);
	pkt = knock(GATEKEEPER, 3333, ENDPOINT, SIGNAL);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert_str_eq(ct_conn_helper(w.tbl, pkt.conn), "Q.931");
	/* Any number of them. */
	pkt = knock(GATEKEEPER, 3334, ENDPOINT, SIGNAL);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	/* Of the gatekeeper only. */
	ck_assert_int_eq(knock(THIRD, 3333, ENDPOINT, SIGNAL).state, CT_NEW);
}
END_TEST

START_TEST(calls_of_anybody_if_not_routed)
{
	ck_assert_int_eq(ct_param_set(w.tbl, "ras.gkrouted_only", 0), 0);
	if (_i)
		talk.rules.src = &to_public;
	ct_dialog_connect(&talk);
	registers(0);
	ck_assert_int_eq(
		knock(THIRD, 3333, _i ? PUBLIC : ENDPOINT, SIGNAL).state,
		CT_RELATED);
	ct_dialog_comes_from(&talk, THIRD);
	ct_dialog_goes_to(&talk, ENDPOINT, SIGNAL);
}
END_TEST

START_TEST(a_registration_is_translated_there_and_back)
{
	registers(0);
	ck_assert_uint_eq(said(PUBLIC, RAS), 1);
	ck_assert_uint_eq(said(PUBLIC, SIGNAL), 1);
	ck_assert_uint_eq(said(ENDPOINT, SIGNAL), 0);
	confirm(PUBLIC, 0);
	ck_assert_uint_eq(said(ENDPOINT, SIGNAL), 1);
	ck_assert_int_eq(knock(GATEKEEPER, 3333, PUBLIC, SIGNAL).state,
			 CT_RELATED);
	ct_dialog_goes_to(&talk, ENDPOINT, SIGNAL);
}
END_TEST

/* Half a minute is what a UDP connection has otherwise. */
START_TEST(a_registration_lives_as_long_as_it_is_said_to)
{
	registers(600);
	confirm(ENDPOINT, 500);
	ck_assert_uint_eq(ct_conn_expires(w.thr, talk.pkt.conn), 500);
	wait_s(450);
	ck_assert_int_eq(knock(GATEKEEPER, 3333, ENDPOINT, SIGNAL).state,
			 CT_RELATED);
	wait_s(51);
	ck_assert_int_eq(knock(GATEKEEPER, 3334, ENDPOINT, SIGNAL).state,
			 CT_NEW);
}
END_TEST

START_TEST(nobody_registers_for_ever)
{
	registers(65535);
	confirm(ENDPOINT, 0);
	ck_assert_uint_eq(ct_conn_expires(w.thr, talk.pkt.conn), 65535);
	registers(0); /* the default, then */
	confirm(ENDPOINT, 0);
	ck_assert_uint_eq(ct_conn_expires(w.thr, talk.pkt.conn), 300);
}
END_TEST

START_TEST(who_leaves_is_not_called)
{
	registers(0);
	confirm(PUBLIC, 300);
	say(CT_DIR_ORIG, (struct ct_per_ras){ .message = URQ,
					      .signal = { ENDPOINT, SIGNAL } });
	ck_assert_uint_eq(said(PUBLIC, SIGNAL), 1);
	ck_assert_uint_eq(ct_conn_expires(w.thr, talk.pkt.conn), 30);
	ck_assert_int_eq(knock(GATEKEEPER, 3333, PUBLIC, SIGNAL).state, CT_NEW);
}
END_TEST

/* --- Gatekeepers -------------------------------------------------------- */

START_TEST(a_gatekeeper_is_looked_for)
{
	const struct ct_test_flow elsewhere =
		ct_dialog_flow(ENDPOINT, RAS, THIRD, 2000);
	struct ct_pkt pkt;

	say(CT_DIR_ORIG,
	    (struct ct_per_ras){ .message = GRQ, .ras = { ENDPOINT, RAS } });
	ck_assert_uint_eq(said(PUBLIC, RAS), 1);
	say(CT_DIR_REPLY,
	    (struct ct_per_ras){ .message = GCF, .ras = { THIRD, 2000 } });
	ck_assert_uint_eq(said(THIRD, 2000), 1);
	pkt = ct_dialog_knock(&talk, &elsewhere, UDP);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert_str_eq(ct_conn_helper(w.tbl, pkt.conn), "RAS");
}
END_TEST

START_TEST(an_admitted_call_is_expected)
{
	say(CT_DIR_ORIG, (struct ct_per_ras){ .message = ARQ,
					      .source = { ENDPOINT, SIGNAL } });
	ck_assert_uint_eq(said(PUBLIC, SIGNAL), 1);
	say(CT_DIR_REPLY,
	    (struct ct_per_ras){ .message = ACF, .signal = { THIRD, SIGNAL } });
	ck_assert_uint_eq(said(THIRD, SIGNAL), 1);
	ck_assert_int_eq(knock(ENDPOINT, 3333, THIRD, SIGNAL).state,
			 CT_RELATED);
}
END_TEST

/* Who is called asks, too; it names where it is called. */
START_TEST(an_answering_endpoint_is_translated)
{
	registers(0);
	say(CT_DIR_ORIG, (struct ct_per_ras){ .message = ARQ,
					      .signal = { ENDPOINT, SIGNAL },
					      .source = { THIRD, SIGNAL } });
	ck_assert_uint_eq(said(PUBLIC, SIGNAL), 1);
	ck_assert_uint_eq(said(THIRD, SIGNAL), 1);
	say(CT_DIR_REPLY, (struct ct_per_ras){ .message = ACF,
					       .signal = { PUBLIC, SIGNAL } });
	ck_assert_uint_eq(said(ENDPOINT, SIGNAL), 1);
}
END_TEST

START_TEST(a_located_endpoint_is_expected)
{
	say(CT_DIR_ORIG,
	    (struct ct_per_ras){ .message = LRQ, .ras = { ENDPOINT, RAS } });
	ck_assert_uint_eq(said(PUBLIC, RAS), 1);
	say(CT_DIR_REPLY, (struct ct_per_ras){ .message = LCF,
					       .signal = { THIRD, SIGNAL },
					       .ras = { THIRD, RAS } });
	ck_assert_int_eq(knock(ENDPOINT, 3333, THIRD, SIGNAL).state,
			 CT_RELATED);
}
END_TEST

START_TEST(an_informing_endpoint_is_translated)
{
	registers(0);
	say(CT_DIR_ORIG, (struct ct_per_ras){ .message = IRR,
					      .ras = { ENDPOINT, RAS },
					      .signal = { ENDPOINT, SIGNAL } });
	ck_assert_uint_eq(said(PUBLIC, RAS), 1);
	ck_assert_uint_eq(said(PUBLIC, SIGNAL), 1);
}
END_TEST

START_TEST(strict_mode_expects_no_third_party)
{
	ck_assert_int_eq(ct_param_set(w.tbl, "helper.strict", 1), 0);
	say(CT_DIR_ORIG, (struct ct_per_ras){ .message = ARQ,
					      .source = { ENDPOINT, SIGNAL } });
	say(CT_DIR_REPLY,
	    (struct ct_per_ras){ .message = ACF, .signal = { THIRD, SIGNAL } });
	ck_assert_int_eq(knock(ENDPOINT, 3333, THIRD, SIGNAL).state, CT_NEW);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("h323_ras_flow");
	TCase *plain = tcase_create("plain");
	TCase *nat = tcase_create("nat");

	tcase_add_checked_fixture(plain, setup, teardown);
	tcase_add_test(plain, calls_to_a_registered_endpoint_are_expected);
	tcase_add_loop_test(plain, calls_of_anybody_if_not_routed, 0, 2);
	tcase_add_test(plain, a_registration_lives_as_long_as_it_is_said_to);
	tcase_add_test(plain, nobody_registers_for_ever);
	suite_add_tcase(suite, plain);
	tcase_add_checked_fixture(nat, setup_nat, teardown);
	tcase_add_test(nat, a_registration_is_translated_there_and_back);
	tcase_add_test(nat, who_leaves_is_not_called);
	tcase_add_test(nat, a_gatekeeper_is_looked_for);
	tcase_add_test(nat, an_admitted_call_is_expected);
	tcase_add_test(nat, an_answering_endpoint_is_translated);
	tcase_add_test(nat, a_located_endpoint_is_expected);
	tcase_add_test(nat, an_informing_endpoint_is_translated);
	tcase_add_test(nat, strict_mode_expects_no_third_party);
	suite_add_tcase(suite, nat);
	return suite;
}
