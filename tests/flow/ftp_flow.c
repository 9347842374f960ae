/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FTP through NAT: what the other end reads, and where data then go.
 *
 *	client 10.0.0.2 -- router 203.0.113.1 -- server 198.51.100.5
 *	server 10.0.0.2 -- router 203.0.113.1 -- client 198.51.100.5
 */
#include "knock.h"
#include "suite.h"

#include <conntrack/config.h>
#include <conntrack/expect.h>
#include <netinet/in.h>
#include <string.h>

#define CLIENT CT_DIR_ORIG
#define SERVER CT_DIR_REPLY

static const struct ct_test_flow control = { .l3 = CT_L3_IPV4,
					     .src = { 10, 0, 0, 2 },
					     .dst = { 198, 51, 100, 5 },
					     .sport = 40000,
					     .dport = 21 };
static const struct ct_test_flow control6 = {
	.l3 = CT_L3_IPV6,
	.src = { 0x20, 0x01, 0x0d, 0xb8, 0, 1, [15] = 2 },
	.dst = { 0x20, 0x01, 0x0d, 0xb8, 0, 2, [15] = 5 },
	.sport = 40000,
	.dport = 21,
};
static const struct ct_test_flow from_outside = { .l3 = CT_L3_IPV4,
						  .src = { 198, 51, 100, 5 },
						  .dst = { 203, 0, 113, 1 },
						  .sport = 30000,
						  .dport = 21 };

static struct ct_world w;
static struct ct_parley parley;
static struct ct_nat_range range;

static void start(enum ct_profile profile)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .profile = profile };

	ct_world_create(&w, &cfg);
	ct_world_attach(&w);
}

/* A connection on which each end has said a line. */
static void talk(const struct ct_test_flow *by, struct ct_test_rules rules)
{
	const struct ct_parley_def def = {
		.helper = "ftp", .l4 = IPPROTO_TCP, .by = by, .rules = rules
	};

	ct_parley_open(&parley, &w, &def);
	ck_assert_ptr_nonnull(ct_parley_say(&parley, SERVER, "220 ready\r\n"));
	ck_assert_ptr_nonnull(ct_parley_say(&parley, CLIENT, "USER me\r\n"));
}

static void plain(void)
{
	talk(&control, (struct ct_test_rules){ 0 });
}

static void masquerade(void)
{
	range = ct_nat_to(0xcb007101); /* 203.0.113.1 */
	talk(&control, (struct ct_test_rules){ .src = &range });
}

static void setup_linux(void)
{
	start(CT_PROFILE_LINUX);
}

static void setup_stream(void)
{
	start(CT_PROFILE_RECOMMENDED);
}

static void teardown(void)
{
	ct_world_end(&w);
}

static void hears(enum ct_dir who, const char *said, const char *heard)
{
	const char *text = ct_parley_say(&parley, who, said);

	ck_assert_msg(text != NULL, "dropped: %s", said);
	ck_assert_str_eq(text, heard);
}

static void passes(enum ct_dir who, const char *text)
{
	hears(who, text, text);
}

static void dropped(enum ct_dir who, const char *text)
{
	ck_assert_ptr_null(ct_parley_say(&parley, who, text));
}

static const struct ct_knock server_knocks = { "198.51.100.5:20",
					       "203.0.113.1:5000" };
static const struct ct_knock client_is_reached = { "198.51.100.5:20",
						   "10.0.0.2:5000" };

/* --- What Linux does, too --- */

START_TEST(the_server_connects_to_a_masqueraded_client)
{
	masquerade();
	hears(CLIENT, "PORT 10,0,0,2,19,136\r\n",
	      "PORT 203,0,113,1,19,136\r\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 1);
	passes(SERVER, "200 ok\r\n");
	ck_assert_int_eq(ct_knock(&parley, &server_knocks, &client_is_reached),
			 CT_RELATED);
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
	passes(CLIENT, "NOOP\r\n");
}
END_TEST

START_TEST(a_client_connects_to_a_server_behind_nat)
{
	const struct ct_knock knock = { "198.51.100.5:30001",
					"203.0.113.1:6000" };
	const struct ct_knock arrives = { "198.51.100.5:30001",
					  "10.0.0.2:6000" };

	range = ct_nat_to(0x0a000002); /* 10.0.0.2 */
	talk(&from_outside, (struct ct_test_rules){ .dst = &range });
	passes(CLIENT, "PASV\r\n");
	hears(SERVER, "227 Entering (10,0,0,2,23,112).\r\n",
	      "227 Entering (203,0,113,1,23,112).\r\n");
	ck_assert_int_eq(ct_knock(&parley, &knock, &arrives), CT_RELATED);
	hears(SERVER, "229 Entering (|||6001|)\r\n",
	      "229 Entering (|||6001|)\r\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 1);
}
END_TEST

START_TEST(extended_words_work_over_ipv6)
{
	const struct ct_knock knock = { "[2001:db8:2::5]:20",
					"[2001:db8:ff::1]:5000" };
	const struct ct_knock arrives = { "[2001:db8:2::5]:20",
					  "[2001:db8:1::2]:5000" };

	range = ct_nat_to6(1); /* 2001:db8:ff::1 */
	talk(&control6, (struct ct_test_rules){ .src = &range });
	hears(CLIENT, "EPRT |2|2001:db8:1::2|5000|\r\n",
	      "EPRT |2|2001:0db8:00ff:0000:0000:0000:0000:0001|5000|\r\n");
	ck_assert_int_eq(ct_knock(&parley, &knock, &arrives), CT_RELATED);
	passes(SERVER, "229 Entering (|||6000|)\r\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 1);
}
END_TEST

START_TEST(a_command_that_comes_again_is_rewritten_again)
{
	const char *said = "PORT 10,0,0,2,19,136\r\n";
	const char *heard;

	masquerade();
	hears(CLIENT, said, "PORT 203,0,113,1,19,136\r\n");
	heard = ct_parley_again(&parley, CLIENT, said);
	ck_assert_ptr_nonnull(heard);
	ck_assert_str_eq(heard, "PORT 203,0,113,1,19,136\r\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 1);
	passes(CLIENT, "NOOP\r\n");
	ck_assert_int_eq(ct_knock(&parley, &server_knocks, &client_is_reached),
			 CT_RELATED);
}
END_TEST

/* The port that the first one was given is taken by then. */
START_TEST(a_command_that_comes_again_says_the_same_port)
{
	const char *said = "PORT 10,0,0,2,19,136\r\n";
	struct ct_test_flow other = control;
	struct ct_parley first;

	masquerade();
	hears(CLIENT, said, "PORT 203,0,113,1,19,136\r\n");
	first = parley;
	other.src[3] = 3;
	other.sport = 40001;
	talk(&other, first.def.rules);
	hears(CLIENT, "PORT 10,0,0,3,19,136\r\n",
	      "PORT 203,0,113,1,19,137\r\n");
	ck_assert_int_eq(ct_knock(&first, &server_knocks, &client_is_reached),
			 CT_RELATED);
	ck_assert_str_eq(
		ct_parley_again(&parley, CLIENT, "PORT 10,0,0,3,19,136\r\n"),
		"PORT 203,0,113,1,19,137\r\n");
}
END_TEST

START_TEST(a_strangers_address_is_not_expected)
{
	masquerade();
	passes(CLIENT, "PORT 198,51,100,99,19,136\r\n");
	passes(SERVER, "227 (198,51,100,99,19,136)\r\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
}
END_TEST

START_TEST(a_loose_helper_expects_a_stranger_where_he_is)
{
	const struct ct_knock knock = { "10.0.0.2:40001",
					"198.51.100.99:5000" };

	ck_assert_int_eq(ct_param_set(w.tbl, "ftp.loose", 1), 0);
	plain();
	passes(SERVER, "227 (198,51,100,99,19,136)\r\n");
	ck_assert_int_eq(ct_knock(&parley, &knock, NULL), CT_RELATED);
}
END_TEST

START_TEST(an_announcement_that_is_cut_off_is_dropped)
{
	plain();
	dropped(CLIENT, "PORT 10,0,0,2,1");
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
	passes(CLIENT, "PORT 10,0,0,2,19,136\r\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 1);
}
END_TEST

START_TEST(a_second_line_is_not_seen_packet_by_packet)
{
	masquerade();
	passes(CLIENT, "NOOP\r\nPORT 10,0,0,2,19,136\r\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
}
END_TEST

/* --- In the order of the stream --- */

START_TEST(every_line_of_a_segment_is_seen)
{
	masquerade();
	hears(CLIENT, "NOOP\r\nPORT 10,0,0,2,19,136\r\nLIST\r\n",
	      "NOOP\r\nPORT 203,0,113,1,19,136\r\nLIST\r\n");
	ck_assert_int_eq(ct_knock(&parley, &server_knocks, &client_is_reached),
			 CT_RELATED);
	passes(CLIENT, "NOOP\r\n");
}
END_TEST

/* One expectation of the class may wait: the last one does. */
START_TEST(two_commands_of_a_segment_are_both_rewritten)
{
	masquerade();
	hears(CLIENT, "PORT 10,0,0,2,19,135\r\nPORT 10,0,0,2,19,136\r\n",
	      "PORT 203,0,113,1,19,135\r\nPORT 203,0,113,1,19,136\r\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 1);
	ck_assert_str_eq(
		ct_parley_again(
			&parley, CLIENT,
			"PORT 10,0,0,2,19,135\r\nPORT 10,0,0,2,19,136\r\n"),
		"PORT 203,0,113,1,19,135\r\nPORT 203,0,113,1,19,136\r\n");
	passes(CLIENT, "NOOP\r\n");
	ck_assert_int_eq(ct_knock(&parley, &server_knocks, &client_is_reached),
			 CT_RELATED);
}
END_TEST

START_TEST(a_command_in_pieces_is_seen)
{
	const struct ct_knock knock = { "198.51.100.5:20", "10.0.0.2:5000" };

	plain();
	passes(CLIENT, "PO");
	passes(CLIENT, "RT 10,0,0,2,1");
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
	passes(CLIENT, "9,136\r\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 1);
	ck_assert_int_eq(ct_knock(&parley, &knock, NULL), CT_RELATED);
}
END_TEST

/* What NAT must replace cannot be sent on by halves. */
START_TEST(an_address_in_pieces_waits_until_it_is_whole)
{
	masquerade();
	passes(CLIENT, "PORT");
	dropped(CLIENT, " 10,0,0,2,1");
	hears(CLIENT, " 10,0,0,2,19,136\r\n", " 203,0,113,1,19,136\r\n");
	passes(SERVER, "200 ok\r\n");
	passes(SERVER, "227 Entering Pas");
	dropped(SERVER, "sive Mode (198,51");
	hears(SERVER, "sive Mode (198,51,100,5,23,112)\r\n",
	      "sive Mode (198,51,100,5,23,112)\r\n");
}
END_TEST

/* Else it would never get on. */
START_TEST(a_sender_that_knows_no_better_is_let_pass)
{
	masquerade();
	dropped(CLIENT, "PORT 10,0,0,2,1");
	passes(CLIENT, "PORT 10,0,0,2,1");
	dropped(CLIENT, "9,136\r\n");
	passes(CLIENT, "9,136\r\n");
	passes(CLIENT, "NOOP\r\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
	hears(CLIENT, "PORT 10,0,0,2,19,136\r\n",
	      "PORT 203,0,113,1,19,136\r\n");
}
END_TEST

START_TEST(the_middle_of_a_line_is_no_command)
{
	masquerade();
	passes(CLIENT, "STOR ");
	passes(CLIENT, "PORT 10,0,0,2,19,136\r\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
	passes(CLIENT, "NOOP\r\n");
	hears(CLIENT, "PORT 10,0,0,2,19,136\r\n",
	      "PORT 203,0,113,1,19,136\r\n");
}
END_TEST

START_TEST(the_end_of_a_long_line_is_no_command)
{
	char text[601];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	masquerade();
	passes(CLIENT, text);
	passes(CLIENT, "PORT 10,0,0,2,19,136\r\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
	hears(CLIENT, "PORT 10,0,0,2,19,136\r\n",
	      "PORT 203,0,113,1,19,136\r\n");
}
END_TEST

/* It was overtaken by what was said behind it. */
START_TEST(a_command_that_fills_a_hole_is_seen)
{
	static const char port[] = "PORT 10,0,0,2,19,136\r\n";
	static const char list[] = "LIST\r\n";
	enum { PORT_LEN = sizeof(port) - 1, LIST_LEN = sizeof(list) - 1 };

	plain();
	parley.said[CLIENT] += PORT_LEN;
	parley.heard[SERVER] += PORT_LEN;
	passes(CLIENT, list);
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
	parley.said[CLIENT] -= PORT_LEN + LIST_LEN;
	parley.heard[SERVER] -= PORT_LEN + LIST_LEN;
	passes(CLIENT, port);
	ck_assert_uint_eq(ct_parley_expected(&parley), 1);
}
END_TEST

/* Somebody joined late: nobody knows where a line begins. */
START_TEST(the_first_line_of_all_is_no_command)
{
	const struct ct_parley_def def = { .helper = "ftp",
					   .l4 = IPPROTO_TCP,
					   .by = &control };

	ct_parley_open(&parley, &w, &def);
	passes(CLIENT, "PORT 10,0,0,2,19,136\r\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
	passes(CLIENT, "PORT 10,0,0,2,19,136\r\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 1);
}
END_TEST

/* --- Strictly --- */

START_TEST(strictly_no_port_below_1024_is_expected)
{
	ck_assert_int_eq(ct_param_set(w.tbl, "helper.strict", 1), 0);
	masquerade();
	passes(CLIENT, "PORT 10,0,0,2,0,80\r\n");
	passes(SERVER, "229 Entering (|||1023|)\r\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
	hears(CLIENT, "PORT 10,0,0,2,4,0\r\n", "PORT 203,0,113,1,4,0\r\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 1);
}
END_TEST

START_TEST(strictly_no_stranger_is_expected)
{
	ck_assert_int_eq(ct_param_set(w.tbl, "helper.strict", 1), 0);
	ck_assert_int_eq(ct_param_set(w.tbl, "ftp.loose", 1), 0);
	plain();
	passes(CLIENT, "PORT 10,0,0,77,19,136\r\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
	ck_assert_int_eq(ct_param_set(w.tbl, "helper.strict", 0), 0);
	passes(CLIENT, "PORT 10,0,0,77,19,136\r\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 1);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("flow/ftp");
	TCase *linux_like = tcase_create("packet by packet");
	TCase *stream = tcase_create("in order");

	tcase_add_checked_fixture(linux_like, setup_linux, teardown);
	tcase_add_test(linux_like, the_server_connects_to_a_masqueraded_client);
	tcase_add_test(linux_like, a_client_connects_to_a_server_behind_nat);
	tcase_add_test(linux_like, extended_words_work_over_ipv6);
	tcase_add_test(linux_like,
		       a_command_that_comes_again_is_rewritten_again);
	tcase_add_test(linux_like,
		       a_command_that_comes_again_says_the_same_port);
	tcase_add_test(linux_like, a_strangers_address_is_not_expected);
	tcase_add_test(linux_like,
		       a_loose_helper_expects_a_stranger_where_he_is);
	tcase_add_test(linux_like, an_announcement_that_is_cut_off_is_dropped);
	tcase_add_test(linux_like, a_second_line_is_not_seen_packet_by_packet);
	tcase_add_test(linux_like, strictly_no_port_below_1024_is_expected);
	tcase_add_test(linux_like, strictly_no_stranger_is_expected);
	suite_add_tcase(suite, linux_like);

	tcase_add_checked_fixture(stream, setup_stream, teardown);
	tcase_add_test(stream, the_server_connects_to_a_masqueraded_client);
	tcase_add_test(stream, a_client_connects_to_a_server_behind_nat);
	tcase_add_test(stream, extended_words_work_over_ipv6);
	tcase_add_test(stream, a_command_that_comes_again_is_rewritten_again);
	tcase_add_test(stream, a_command_that_comes_again_says_the_same_port);
	tcase_add_test(stream, a_strangers_address_is_not_expected);
	tcase_add_test(stream, every_line_of_a_segment_is_seen);
	tcase_add_test(stream, two_commands_of_a_segment_are_both_rewritten);
	tcase_add_test(stream, a_command_in_pieces_is_seen);
	tcase_add_test(stream, an_address_in_pieces_waits_until_it_is_whole);
	tcase_add_test(stream, a_sender_that_knows_no_better_is_let_pass);
	tcase_add_test(stream, the_middle_of_a_line_is_no_command);
	tcase_add_test(stream, the_end_of_a_long_line_is_no_command);
	tcase_add_test(stream, the_first_line_of_all_is_no_command);
	tcase_add_test(stream, a_command_that_fills_a_hole_is_seen);
	tcase_add_test(stream, strictly_no_port_below_1024_is_expected);
	tcase_add_test(stream, strictly_no_stranger_is_expected);
	suite_add_tcase(suite, stream);
	return suite;
}
