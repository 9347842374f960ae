/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PPTP: calls, their GRE, and their ids through NAT.
 */
#include "core/peer_id.h"
#include "core/table.h"
#include "dialog.h"
#include "suite.h"

#include <arpa/inet.h>
#include <conntrack/expect.h>
#include <string.h>

enum { GRE = 47, CLIENT_ID = 100, SERVER_ID = 200, CALL_ID_OFF = 20 + 6 };

#define CLIENT 0x0a000002u /* 10.0.0.2 */
#define OTHER  0x0a000003u
#define SERVER 0xc6336405u /* 198.51.100.5 */
#define PUBLIC 0xcb007101u /* 203.0.113.1 */

static struct ct_world w;
static struct ct_dialog talk;
static struct ct_nat_range to_public;

static void setup(void)
{
	struct ct_test_flow flow = ct_dialog_flow(CLIENT, 40000, SERVER, 1723);

	ct_world_start(&w, 256);
	ct_dialog_begin(&talk, &w, "pptp", &flow);
	to_public = ct_nat_to(PUBLIC);
}

static void teardown(void)
{
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_end(&w);
}

static void masquerade(void)
{
	talk.rules.src = &to_public;
}

/* --- Messages ----------------------------------------------------------- */

static uint8_t msg[256];

/* => Its length; ids as at bytes 12 and 14, a result at 14 or 16. */
static size_t make(unsigned type, size_t len, uint16_t first, uint16_t second)
{
	const uint8_t head[] = { 0,    (uint8_t)len, 0,    1, 0x1a,
				 0x2b, 0x3c,         0x4d, 0, (uint8_t)type };

	memset(msg, 0, sizeof(msg));
	memcpy(msg, head, sizeof(head));
	msg[12] = (uint8_t)(first >> 8);
	msg[13] = (uint8_t)first;
	msg[14] = (uint8_t)(second >> 8);
	msg[15] = (uint8_t)second;
	return len;
}

static uint16_t id_at(size_t off)
{
	return (uint16_t)(talk.said[off] << 8 | talk.said[off + 1]);
}

static void start(void)
{
	ct_dialog_connect(&talk);
	ct_dialog_say(&talk, CT_DIR_ORIG, msg, make(1, 156, 0x0100, 0));
	ct_dialog_say(&talk, CT_DIR_REPLY, msg, make(2, 156, 0x0100, 0x0100));
}

static void request(uint16_t id)
{
	ct_dialog_say(&talk, CT_DIR_ORIG, msg, make(7, 168, id, 1));
}

/* The server answers the id that it was asked with. */
static size_t make_reply(uint16_t id, uint16_t asked)
{
	size_t len = make(8, 32, id, asked);

	msg[16] = 1; /* connected */
	return len;
}

static uint16_t call(uint16_t client_id, uint16_t server_id)
{
	uint16_t asked;

	request(client_id);
	asked = id_at(12);
	ct_dialog_say(&talk, CT_DIR_REPLY, msg, make_reply(server_id, asked));
	ck_assert_uint_eq(id_at(14), client_id);
	return asked;
}

static void disconnect(uint16_t server_id)
{
	ct_dialog_say(&talk, CT_DIR_REPLY, msg,
		      make(13, 148, server_id, 0x0400));
}

/* --- GRE ---------------------------------------------------------------- */

static struct ct_pkt gre(uint32_t src, uint32_t dst, uint16_t id)
{
	const uint8_t bytes[] = {
		0x30,        1,  0x88, 0x0b, 0, 4,   (uint8_t)(id >> 8),
		(uint8_t)id, 0,  0,    0,    1, 'p', 'p',
		'p',         'p'
	};
	const struct ct_test_l4 l4 = { GRE, bytes, sizeof(bytes) };
	const struct ct_test_flow flow = ct_dialog_flow(src, 0, dst, 0);

	ct_test_raw(&talk.p, &flow, CT_DIR_ORIG, &l4);
	return ct_nat_pass(&w, &talk.p, &talk.rules);
}

static void is_related(const struct ct_pkt *pkt, enum ct_dir dir)
{
	ck_assert_int_eq(pkt->state, CT_RELATED);
	ck_assert_int_eq(pkt->dir, dir);
	ck_assert_uint_ne(ct_conn_status(pkt->conn) & CT_S_EXPECTED, 0);
}

static bool count_expects(void *user, struct ct_expect *exp)
{
	unsigned *n = user;

	(void)exp;
	(*n)++;
	return true;
}

static unsigned expects(void)
{
	unsigned n = 0;

	ct_expect_walk(w.thr, NULL, count_expects, &n);
	return n;
}

/* --- Stories ------------------------------------------------------------ */

START_TEST(both_directions_of_a_call_are_one_connection)
{
	struct ct_conn *master;
	struct ct_pkt first;

	start();
	call(CLIENT_ID, SERVER_ID);
	master = talk.pkt.conn;
	ck_assert_uint_eq(expects(), 2);
	first = gre(CLIENT, SERVER, SERVER_ID);
	is_related(&first, CT_DIR_ORIG);
	ck_assert_ptr_eq(ct_conn_master(w.tbl, first.conn), master);
	ck_assert_uint_eq(expects(), 0);
	ck_assert_ptr_eq(gre(SERVER, CLIENT, CLIENT_ID).conn, first.conn);
	ck_assert_int_eq(gre(SERVER, CLIENT, CLIENT_ID).state, CT_ESTABLISHED);
	ck_assert_ptr_eq(gre(CLIENT, SERVER, SERVER_ID).conn, first.conn);
}
END_TEST

START_TEST(a_call_id_may_be_0)
{
	struct ct_pkt first;
	uint16_t asked;

	masquerade();
	start();
	asked = call(CLIENT_ID, 0);
	first = gre(CLIENT, SERVER, 0);
	is_related(&first, CT_DIR_ORIG);
	ck_assert_uint_eq(expects(), 0);
	ck_assert_ptr_eq(gre(SERVER, PUBLIC, asked).conn, first.conn);
	ck_assert_uint_eq(ct_nat_u16(&talk.p, CALL_ID_OFF), CLIENT_ID);
}
END_TEST

START_TEST(the_server_may_be_first)
{
	struct ct_pkt first;

	start();
	call(CLIENT_ID, SERVER_ID);
	first = gre(SERVER, CLIENT, CLIENT_ID);
	is_related(&first, CT_DIR_ORIG);
	ck_assert_ptr_eq(gre(CLIENT, SERVER, SERVER_ID).conn, first.conn);
	ck_assert_int_eq(gre(CLIENT, SERVER, SERVER_ID).dir, CT_DIR_REPLY);
}
END_TEST

START_TEST(an_answer_without_a_question_is_not_believed)
{
	start();
	ct_dialog_say(&talk, CT_DIR_REPLY, msg,
		      make_reply(SERVER_ID, CLIENT_ID));
	ck_assert_uint_eq(expects(), 0);
	request(CLIENT_ID);
	ct_dialog_say(&talk, CT_DIR_REPLY, msg,
		      make_reply(SERVER_ID, CLIENT_ID + 1));
	ck_assert_uint_eq(expects(), 0);
	ck_assert_int_eq(gre(CLIENT, SERVER, SERVER_ID).state, CT_NEW);
}
END_TEST

START_TEST(a_refused_call_is_none)
{
	start();
	request(CLIENT_ID);
	make_reply(SERVER_ID, CLIENT_ID);
	msg[16] = 4; /* busy */
	ct_dialog_say(&talk, CT_DIR_REPLY, msg, 32);
	ck_assert_uint_eq(expects(), 0);
}
END_TEST

START_TEST(the_server_may_call)
{
	start();
	ct_dialog_say(&talk, CT_DIR_REPLY, msg, make(9, 220, SERVER_ID, 1));
	make(10, 24, CLIENT_ID, SERVER_ID);
	msg[16] = 1;
	ct_dialog_say(&talk, CT_DIR_ORIG, msg, 24);
	ck_assert_uint_eq(expects(), 0);
	ct_dialog_say(&talk, CT_DIR_REPLY, msg, make(11, 28, CLIENT_ID, 0));
	ck_assert_uint_eq(expects(), 2);
	ck_assert_int_eq(gre(SERVER, CLIENT, CLIENT_ID).state, CT_RELATED);
	ck_assert_int_eq(gre(CLIENT, SERVER, SERVER_ID).state, CT_ESTABLISHED);
}
END_TEST

/* --- NAT ---------------------------------------------------------------- */

START_TEST(the_clients_id_is_its_port_outside)
{
	uint16_t asked;
	struct ct_pkt first;

	masquerade();
	start();
	asked = call(CLIENT_ID, SERVER_ID);
	ck_assert_uint_eq(asked, talk.outside.sport);
	first = gre(CLIENT, SERVER, SERVER_ID);
	is_related(&first, CT_DIR_ORIG);
	ct_dialog_comes_from(&talk, PUBLIC);
	ck_assert_uint_eq(ct_nat_u16(&talk.p, CALL_ID_OFF), SERVER_ID);
	ck_assert_ptr_eq(gre(SERVER, PUBLIC, asked).conn, first.conn);
	ck_assert_uint_eq(ct_nat_u16(&talk.p, CALL_ID_OFF), CLIENT_ID);
	ck_assert_uint_eq(ct_nat_u16(&talk.p, 16), CLIENT >> 16);
}
END_TEST

START_TEST(the_server_may_be_first_through_nat)
{
	uint16_t asked;
	struct ct_pkt first;

	masquerade();
	start();
	asked = call(CLIENT_ID, SERVER_ID);
	first = gre(SERVER, PUBLIC, asked);
	is_related(&first, CT_DIR_ORIG);
	ck_assert_uint_eq(ct_nat_u16(&talk.p, CALL_ID_OFF), CLIENT_ID);
	ck_assert_ptr_eq(gre(CLIENT, SERVER, SERVER_ID).conn, first.conn);
	ct_dialog_comes_from(&talk, PUBLIC);
}
END_TEST

START_TEST(two_clients_of_a_server_with_the_same_id)
{
	struct ct_test_flow flow = ct_dialog_flow(OTHER, 40000, SERVER, 1723);
	struct ct_conn *conn[2];
	uint16_t asked[2];

	masquerade();
	start();
	asked[0] = call(CLIENT_ID, SERVER_ID);
	conn[0] = gre(CLIENT, SERVER, SERVER_ID).conn;
	ct_dialog_begin(&talk, &w, "pptp", &flow);
	masquerade();
	start();
	asked[1] = call(CLIENT_ID, SERVER_ID + 1);
	ck_assert_uint_ne(asked[0], asked[1]);
	conn[1] = gre(OTHER, SERVER, SERVER_ID + 1).conn;
	ck_assert_ptr_ne(conn[0], conn[1]);
	ck_assert_ptr_eq(gre(SERVER, PUBLIC, asked[0]).conn, conn[0]);
	ck_assert_uint_eq(ct_nat_u16(&talk.p, 18), CLIENT & 0xffff);
	ck_assert_ptr_eq(gre(SERVER, PUBLIC, asked[1]).conn, conn[1]);
	ck_assert_uint_eq(ct_nat_u16(&talk.p, 18), OTHER & 0xffff);
	ck_assert_uint_eq(ct_nat_u16(&talk.p, CALL_ID_OFF), CLIENT_ID);
}
END_TEST

START_TEST(later_messages_are_translated)
{
	uint16_t asked;

	masquerade();
	start();
	asked = call(CLIENT_ID, SERVER_ID);
	ct_dialog_say(&talk, CT_DIR_REPLY, msg, make(15, 24, asked, 0));
	ck_assert_uint_eq(id_at(12), CLIENT_ID); /* Set-Link-Info */
	ct_dialog_say(&talk, CT_DIR_REPLY, msg, make(14, 40, asked, 0));
	ck_assert_uint_eq(id_at(12), CLIENT_ID); /* WAN-Error-Notify */
	ct_dialog_say(&talk, CT_DIR_ORIG, msg, make(15, 24, SERVER_ID, 0));
	ck_assert_uint_eq(id_at(12), SERVER_ID);
	ct_dialog_say(&talk, CT_DIR_ORIG, msg, make(12, 16, CLIENT_ID, 0));
	ck_assert_uint_eq(id_at(12), asked); /* Call-Clear-Request */
}
END_TEST

/* As for any port rule: it is not meant for GRE. */
START_TEST(ports_of_a_rule_leave_plain_gre_alone)
{
	const uint8_t bytes[8] = { 0, 0, 8, 0 };
	const struct ct_test_l4 l4 = { GRE, bytes, sizeof(bytes) };
	struct ct_test_flow flow = ct_dialog_flow(CLIENT, 0, SERVER, 0);
	struct ct_nat_range ports = ct_nat_ports(to_public, 5000, 5000);
	struct ct_pkt pkt;

	talk.rules.src = &ports;
	ct_test_raw(&talk.p, &flow, CT_DIR_ORIG, &l4);
	pkt = ct_nat_pass(&w, &talk.p, &talk.rules);
	flow = ct_dialog_flow(PUBLIC, 0, SERVER, 0);
	ct_test_raw(&talk.p, &flow, CT_DIR_REPLY, &l4);
	ck_assert_ptr_eq(ct_nat_pass(&w, &talk.p, &talk.rules).conn, pkt.conn);
}
END_TEST

/* --- The end ------------------------------------------------------------ */

START_TEST(a_disconnected_call_takes_its_gre_along)
{
	struct ct_conn *conn;

	if (_i)
		masquerade();
	start();
	call(CLIENT_ID, SERVER_ID);
	conn = gre(CLIENT, SERVER, SERVER_ID).conn;
	disconnect(SERVER_ID);
	ck_assert_uint_ne(ct_conn_status(conn) & CT_S_DYING, 0);
	ck_assert_int_eq(gre(CLIENT, SERVER, SERVER_ID).state, CT_NEW);
}
END_TEST

START_TEST(a_call_may_follow_a_call)
{
	start();
	call(CLIENT_ID, SERVER_ID);
	disconnect(SERVER_ID);
	ck_assert_uint_eq(expects(), 0);
	call(CLIENT_ID + 1, SERVER_ID + 1);
	ck_assert_int_eq(gre(CLIENT, SERVER, SERVER_ID + 1).state, CT_RELATED);
	ck_assert_int_eq(gre(SERVER, CLIENT, CLIENT_ID + 1).state,
			 CT_ESTABLISHED);
}
END_TEST

START_TEST(the_control_connection_takes_all_along)
{
	struct ct_tuple t;
	struct ct_conn *conn;

	start();
	call(CLIENT_ID, SERVER_ID);
	ct_conn_tuple(talk.pkt.conn, CT_DIR_ORIG, &t);
	conn = gre(CLIENT, SERVER, SERVER_ID).conn;
	ck_assert_int_eq(ct_conn_delete(w.thr, talk.pkt.conn), 0);
	ck_assert_uint_ne(ct_conn_status(conn) & CT_S_DYING, 0);
	t.l4 = GRE;
	t.src_id = 0;
	t.dst_id = htons(SERVER_ID);
	ct_peer_id_find(w.tbl, &t);
	ck_assert_uint_eq(t.src_id, 0);
}
END_TEST

/* A tunnel that is none of its calls stays. */
START_TEST(plain_gre_outlives_a_session_without_calls)
{
	const uint8_t bytes[8] = { 0, 0, 8, 0 };
	const struct ct_test_l4 l4 = { GRE, bytes, sizeof(bytes) };
	struct ct_test_flow flow = ct_dialog_flow(CLIENT, 0, SERVER, 0);
	struct ct_pkt pkt;

	start();
	ct_test_raw(&talk.p, &flow, CT_DIR_ORIG, &l4);
	pkt = ct_nat_pass(&w, &talk.p, &talk.rules);
	disconnect(0);
	ck_assert_uint_eq(ct_conn_status(pkt.conn) & CT_S_DYING, 0);
}
END_TEST

/* --- Segments ----------------------------------------------------------- */

static void in_order(void)
{
	ck_assert_int_eq(ct_param_set(w.tbl, "helper.stream", 4096), 0);
}

/* The reply in two segments, cut anywhere. */
static void split_reply(size_t cut)
{
	start();
	request(CLIENT_ID);
	make_reply(SERVER_ID, CLIENT_ID);
	ct_dialog_say(&talk, CT_DIR_REPLY, msg, cut);
	ct_dialog_say(&talk, CT_DIR_REPLY, msg + cut, 32 - cut);
}

START_TEST(a_split_message_is_seen_in_order_only)
{
	split_reply(13);
	ck_assert_uint_eq(expects(), 0);
	ct_conn_delete(w.thr, talk.pkt.conn);
	ct_dialog_begin(&talk, &w, "pptp", &talk.inside);
	in_order();
	split_reply(13);
	ck_assert_uint_eq(expects(), 2);
}
END_TEST

START_TEST(several_messages_in_a_segment)
{
	uint8_t both[16 + 168];

	in_order();
	start();
	make(5, 16, 0, 0); /* Echo-Request */
	memcpy(both, msg, 16);
	make(7, 168, CLIENT_ID, 1);
	memcpy(both + 16, msg, 168);
	ct_dialog_say(&talk, CT_DIR_ORIG, both, sizeof(both));
	ct_dialog_say(&talk, CT_DIR_REPLY, msg,
		      make_reply(SERVER_ID, CLIENT_ID));
	ck_assert_uint_eq(expects(), 2);
}
END_TEST

/* An ICMP error quotes what was sent to the server. */
START_TEST(an_error_about_a_call_is_related)
{
	struct ct_test_packet sent;
	struct ct_pkt pkt;
	struct ct_test_icmp icmp = { .type = 3, .code = 1 };
	const struct ct_test_flow back = ct_dialog_flow(SERVER, 0, CLIENT, 0);

	start();
	call(CLIENT_ID, SERVER_ID);
	gre(CLIENT, SERVER, SERVER_ID);
	sent = talk.p;
	icmp.rest = sent.bytes;
	icmp.rest_len = sent.len;
	ct_test_icmp(&talk.p, &back, CT_DIR_ORIG, &icmp);
	pkt = ct_nat_pass(&w, &talk.p, &talk.rules);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert_int_eq(pkt.dir, CT_DIR_REPLY);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("pptp_flow");
	TCase *tc = tcase_create("calls");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, both_directions_of_a_call_are_one_connection);
	tcase_add_test(tc, a_call_id_may_be_0);
	tcase_add_test(tc, the_server_may_be_first);
	tcase_add_test(tc, an_answer_without_a_question_is_not_believed);
	tcase_add_test(tc, a_refused_call_is_none);
	tcase_add_test(tc, the_server_may_call);
	tcase_add_test(tc, the_clients_id_is_its_port_outside);
	tcase_add_test(tc, the_server_may_be_first_through_nat);
	tcase_add_test(tc, two_clients_of_a_server_with_the_same_id);
	tcase_add_test(tc, later_messages_are_translated);
	tcase_add_test(tc, ports_of_a_rule_leave_plain_gre_alone);
	tcase_add_loop_test(tc, a_disconnected_call_takes_its_gre_along, 0, 2);
	tcase_add_test(tc, a_call_may_follow_a_call);
	tcase_add_test(tc, the_control_connection_takes_all_along);
	tcase_add_test(tc, plain_gre_outlives_a_session_without_calls);
	tcase_add_test(tc, a_split_message_is_seen_in_order_only);
	tcase_add_test(tc, several_messages_in_a_segment);
	tcase_add_test(tc, an_error_about_a_call_is_related);
	suite_add_tcase(suite, tc);
	return suite;
}
