/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IRC through NAT: what a friend is offered, and where his connection goes.
 *
 *	client 10.0.0.2 -- router 203.0.113.1 -- server 198.51.100.5
 */
#include "knock.h"
#include "suite.h"

#include <conntrack/config.h>
#include <conntrack/expect.h>
#include <netinet/in.h>
#include <string.h>

#define CLIENT CT_DIR_ORIG
#define SERVER CT_DIR_REPLY

#define OFFER(address, port) \
	"PRIVMSG friend :\1DCC SEND file " address " " port " 2048\1\r\n"
#define INSIDE  "167772162"  /* 10.0.0.2 */
#define OUTSIDE "3405803777" /* 203.0.113.1 */

static const struct ct_test_flow chat = { .l3 = CT_L3_IPV4,
					  .src = { 10, 0, 0, 2 },
					  .dst = { 198, 51, 100, 5 },
					  .sport = 40000,
					  .dport = 6667 };
static const struct ct_knock friend_knocks = { "198.51.100.99:30000",
					       "203.0.113.1:5000" };
static const struct ct_knock client_sees = { "198.51.100.5:30000",
					     "10.0.0.2:5000" };

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

static void talk(struct ct_test_rules rules)
{
	const struct ct_parley_def def = {
		.helper = "irc", .l4 = IPPROTO_TCP, .by = &chat, .rules = rules
	};

	ct_parley_open(&parley, &w, &def);
	ck_assert_ptr_nonnull(ct_parley_say(&parley, CLIENT, "NICK me\r\n"));
}

static void plain(void)
{
	talk((struct ct_test_rules){ 0 });
}

static void masquerade(void)
{
	range = ct_nat_to(0xcb007101); /* 203.0.113.1 */
	talk((struct ct_test_rules){ .src = &range });
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

START_TEST(a_friend_reaches_a_masqueraded_client)
{
	masquerade();
	hears(CLIENT, OFFER(INSIDE, "5000"), OFFER(OUTSIDE, "5000"));
	ck_assert_int_eq(ct_knock(&parley, &friend_knocks, &client_sees),
			 CT_RELATED);
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
	passes(CLIENT, "QUIT\r\n");
}
END_TEST

START_TEST(anybody_may_be_the_friend)
{
	const struct ct_knock knock = { "192.0.2.77:1", "10.0.0.2:5000" };

	plain();
	passes(CLIENT, OFFER(INSIDE, "5000"));
	ck_assert_int_eq(ct_knock(&parley, &knock, NULL), CT_RELATED);
}
END_TEST

START_TEST(an_offer_that_comes_again_is_rewritten_again)
{
	masquerade();
	hears(CLIENT, OFFER(INSIDE, "5000"), OFFER(OUTSIDE, "5000"));
	ck_assert_str_eq(
		ct_parley_again(&parley, CLIENT, OFFER(INSIDE, "5000")),
		OFFER(OUTSIDE, "5000"));
	ck_assert_uint_eq(ct_parley_expected(&parley), 1);
	passes(CLIENT, "QUIT\r\n");
}
END_TEST

START_TEST(nobody_offers_for_another)
{
	masquerade();
	passes(CLIENT, OFFER("3325256803", "5000"));
	passes(CLIENT, OFFER(INSIDE, "0"));
	passes(SERVER, OFFER(INSIDE, "5000"));
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
}
END_TEST

START_TEST(an_offer_waits_for_its_time)
{
	ck_assert_int_eq(ct_param_set(w.tbl, "irc.timeout", 20), 0);
	masquerade();
	hears(CLIENT, OFFER(INSIDE, "5000"), OFFER(OUTSIDE, "5000"));
	ct_world_wait(&w, 21 * CT_WORLD_S);
	ck_assert_int_eq(ct_knock(&parley, &friend_knocks, NULL), CT_NEW);
}
END_TEST

START_TEST(strictly_no_port_below_1024_is_expected)
{
	ck_assert_int_eq(ct_param_set(w.tbl, "helper.strict", 1), 0);
	masquerade();
	passes(CLIENT, OFFER(INSIDE, "25"));
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
	hears(CLIENT, OFFER(INSIDE, "5000"), OFFER(OUTSIDE, "5000"));
}
END_TEST

/* --- In the order of the stream --- */

START_TEST(every_line_of_a_segment_is_seen)
{
	masquerade();
	hears(CLIENT, "PING :1\r\n" OFFER(INSIDE, "5000") OFFER(INSIDE, "5001"),
	      "PING :1\r\n" OFFER(OUTSIDE, "5000") OFFER(OUTSIDE, "5001"));
	ck_assert_uint_eq(ct_parley_expected(&parley), 2);
	passes(CLIENT, "QUIT\r\n");
}
END_TEST

START_TEST(an_offer_in_pieces_is_seen)
{
	plain();
	passes(CLIENT, "PRIVMSG friend :\1DCC SEND fi");
	passes(CLIENT, "le " INSIDE " 50");
	passes(CLIENT, "00 2048\1\r\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 1);
}
END_TEST

START_TEST(an_address_in_pieces_waits_until_it_is_whole)
{
	masquerade();
	passes(CLIENT, "PRIVMSG friend :\1DCC SEND fi");
	dropped(CLIENT, "le " INSIDE " 50");
	hears(CLIENT, "le " INSIDE " 5000 2048\1\r\n",
	      "le " OUTSIDE " 5000 2048\1\r\n");
	ck_assert_int_eq(ct_knock(&parley, &friend_knocks, &client_sees),
			 CT_RELATED);
}
END_TEST

START_TEST(the_middle_of_a_line_is_no_offer)
{
	masquerade();
	passes(CLIENT, "TOPIC #x :");
	passes(CLIENT, OFFER(INSIDE, "5000"));
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("flow/irc");
	TCase *linux_like = tcase_create("packet by packet");
	TCase *stream = tcase_create("in order");

	tcase_add_checked_fixture(linux_like, setup_linux, teardown);
	tcase_add_test(linux_like, a_friend_reaches_a_masqueraded_client);
	tcase_add_test(linux_like, anybody_may_be_the_friend);
	tcase_add_test(linux_like,
		       an_offer_that_comes_again_is_rewritten_again);
	tcase_add_test(linux_like, nobody_offers_for_another);
	tcase_add_test(linux_like, an_offer_waits_for_its_time);
	tcase_add_test(linux_like, strictly_no_port_below_1024_is_expected);
	suite_add_tcase(suite, linux_like);

	tcase_add_checked_fixture(stream, setup_stream, teardown);
	tcase_add_test(stream, a_friend_reaches_a_masqueraded_client);
	tcase_add_test(stream, an_offer_that_comes_again_is_rewritten_again);
	tcase_add_test(stream, nobody_offers_for_another);
	tcase_add_test(stream, every_line_of_a_segment_is_seen);
	tcase_add_test(stream, an_offer_in_pieces_is_seen);
	tcase_add_test(stream, an_address_in_pieces_waits_until_it_is_whole);
	tcase_add_test(stream, the_middle_of_a_line_is_no_offer);
	suite_add_tcase(suite, stream);
	return suite;
}
