/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SIP calls through a router that translates nothing: what is expected when,
 * over UDP and TCP.
 */
#include "parley.h"
#include "sip.h"
#include "suite.h"

#include <conntrack/expect.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define ALICE CT_DIR_ORIG
#define BOB   CT_DIR_REPLY

static const struct ct_test_flow phones = { .l3 = CT_L3_IPV4,
					    .src = { 10, 0, 0, 2 },
					    .dst = { 198, 51, 100, 5 },
					    .sport = 5060,
					    .dport = 5060 };

static struct ct_world w;
static struct ct_parley parley;

static void set(const char *name, uint32_t value)
{
	ck_assert_int_eq(ct_param_set(w.tbl, name, value), 0);
}

/* Two networks: 10.0.0.0/8, and all others. */
static bool leaves_with(void *user, const struct ct_pkt *pkt,
			const union ct_addr *addr)
{
	enum { DST = 16, INSIDE = 10 };

	(void)user;
	return (pkt->data[DST] == INSIDE) == (addr->bytes[0] == INSIDE);
}

static void open(uint8_t l4, enum ct_profile profile)
{
	const struct ct_host host = { .size = sizeof(host),
				      .leaves_with = leaves_with };
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .host = &host,
				       .profile = profile };
	const struct ct_parley_def def = { .helper = "sip",
					   .l4 = l4,
					   .by = &phones };

	ct_world_create(&w, &cfg);
	ct_world_attach(&w);
	ct_parley_open(&parley, &w, &def);
}

static void setup_udp(void)
{
	open(IPPROTO_UDP, CT_PROFILE_LINUX);
}

static void setup_tcp(void)
{
	open(IPPROTO_TCP, CT_PROFILE_RECOMMENDED);
}

static void setup_tcp_linux(void)
{
	open(IPPROTO_TCP, CT_PROFILE_LINUX);
}

static void teardown(void)
{
	ct_world_end(&w);
}

/* --- Messages --- */

static const char *transport(void)
{
	return parley.def.l4 == IPPROTO_TCP ? "TCP" : "UDP";
}

static const char *alice(char *to, const char *method, const char *cseq,
			 const char *body)
{
	char first[64];
	const struct ct_sip_text text = {
		.first = first,
		.via = "10.0.0.2:5060",
		.from = "10.0.0.2",
		.contact = "10.0.0.2:5060",
		.cseq = cseq,
		.body = body,
		.by = transport(),
	};

	snprintf(first, sizeof(first), "%s sip:bob@198.51.100.5 SIP/2.0",
		 method);
	return ct_sip_write(to, &text);
}

static const char *bob(char *to, const char *status, const char *cseq,
		       const char *body)
{
	char first[64];
	const struct ct_sip_text text = {
		.first = first,
		.via = "10.0.0.2:5060",
		.from = "10.0.0.2",
		.contact = "198.51.100.5:5060",
		.cseq = cseq,
		.body = body,
		.by = transport(),
	};

	snprintf(first, sizeof(first), "SIP/2.0 %s", status);
	return ct_sip_write(to, &text);
}

/* The text arrives as it is. */
static void passes(enum ct_dir who, const char *text)
{
	const char *heard = ct_parley_say(&parley, who, text);

	ck_assert_ptr_nonnull(heard);
	ck_assert_str_eq(heard, text);
}

static const char *audio(char *to, const char *addr, unsigned port)
{
	char media[64];

	snprintf(media, sizeof(media), "m=audio %u RTP/AVP 0\r\n", port);
	return ct_sip_describe(to, addr, media);
}

static void invite(unsigned port)
{
	char text[CT_SIP_TEXT], body[CT_SIP_TEXT];

	passes(ALICE, alice(text, "INVITE", "1 INVITE",
			    audio(body, "10.0.0.2", port)));
}

static void accept_call(unsigned port)
{
	char text[CT_SIP_TEXT], body[CT_SIP_TEXT];

	passes(BOB, bob(text, "200 OK", "1 INVITE",
			audio(body, "198.51.100.5", port)));
}

/* --- Media --- */

/* A datagram between the phones is, or is not, announced. */
static void media(enum ct_dir from, uint16_t sport, uint16_t dport,
		  enum ct_state state)
{
	struct ct_test_flow flow = phones;
	struct ct_pkt pkt;

	flow.sport = sport;
	flow.dport = dport;
	if (from == BOB) {
		memcpy(flow.src, phones.dst, sizeof(flow.src));
		memcpy(flow.dst, phones.src, sizeof(flow.dst));
	}
	pkt = ct_parley_udp(&parley, &flow);
	ck_assert_int_eq(pkt.state, state);
	if (state == CT_RELATED)
		ck_assert_ptr_eq(ct_conn_master(w.tbl, pkt.conn), parley.conn);
}

START_TEST(a_call_announces_the_media_of_both_ends)
{
	char text[CT_SIP_TEXT];

	invite(4000);
	ck_assert_uint_eq(ct_parley_expected(&parley), 2);
	accept_call(6000);
	ck_assert_uint_eq(ct_parley_expected(&parley), 4);
	passes(ALICE, alice(text, "ACK", "1 ACK", NULL));
	media(BOB, 6000, 4000, CT_RELATED);
	media(ALICE, 4001, 6001, CT_RELATED);
	ck_assert_uint_eq(ct_parley_expected(&parley), 2);
	passes(BOB, alice(text, "BYE", "2 BYE", NULL));
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
	media(BOB, 6002, 4002, CT_NEW);
}
END_TEST

START_TEST(signalling_lives_an_hour_after_each_message)
{
	char text[CT_SIP_TEXT];

	passes(ALICE, alice(text, "OPTIONS", "1 OPTIONS", NULL));
	ck_assert_uint_eq(ct_conn_expires(w.thr, parley.conn), 3600);
	set("helper.sip.timeout", 100);
	passes(BOB, bob(text, "200 OK", "1 OPTIONS", NULL));
	ck_assert_uint_eq(ct_conn_expires(w.thr, parley.conn), 100);
}
END_TEST

START_TEST(a_refused_call_announces_nothing)
{
	char text[CT_SIP_TEXT];

	invite(4000);
	/* of another request: nothing happens */
	passes(BOB, bob(text, "486 Busy Here", "7 INVITE", NULL));
	ck_assert_uint_eq(ct_parley_expected(&parley), 2);
	passes(BOB, bob(text, "486 Busy Here", "1 INVITE", NULL));
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
	media(BOB, 6000, 4000, CT_NEW);
}
END_TEST

START_TEST(a_call_goes_on_elsewhere)
{
	char text[CT_SIP_TEXT], body[CT_SIP_TEXT];

	invite(4000);
	accept_call(6000);
	passes(BOB, alice(text, "INVITE", "2 INVITE",
			  audio(body, "198.51.100.5", 7000)));
	ck_assert_uint_eq(ct_parley_expected(&parley), 2);
	media(ALICE, 4000, 7000, CT_RELATED);
	media(ALICE, 4000, 6000, CT_NEW);
}
END_TEST

START_TEST(a_call_on_hold_announces_nothing)
{
	char text[CT_SIP_TEXT], body[CT_SIP_TEXT];

	invite(4000);
	accept_call(6000);
	passes(ALICE,
	       alice(text, "INVITE", "2 INVITE", audio(body, "0.0.0.0", 4000)));
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
	passes(ALICE, alice(text, "INVITE", "3 INVITE",
			    audio(body, "10.0.0.2", 4000)));
	ck_assert_uint_eq(ct_parley_expected(&parley), 2);
}
END_TEST

START_TEST(several_media_each_with_its_address)
{
	char text[CT_SIP_TEXT], body[CT_SIP_TEXT];

	ct_sip_describe(body, "10.0.0.2",
			"m=audio 4000 RTP/AVP 0\r\n"
			"m=application 9 x\r\n"
			"m=video 0 RTP/AVP 31\r\n"
			"m=video 4010 RTP/AVP 31\r\n"
			"c=IN IP4 10.0.0.2\r\n"
			"m=image 4021 udptl t38\r\n");
	passes(ALICE, alice(text, "INVITE", "1 INVITE", body));
	ck_assert_uint_eq(ct_parley_expected(&parley), 6);
	media(BOB, 6000, 4000, CT_RELATED);
	media(BOB, 6001, 4001, CT_RELATED);
	media(BOB, 6010, 4010, CT_RELATED);
	media(BOB, 6011, 4011, CT_RELATED);
	/* RTP's port is even */
	media(BOB, 6020, 4020, CT_RELATED);
	media(BOB, 6021, 4021, CT_RELATED);
}
END_TEST

START_TEST(third_parties_are_expected_only_where_wanted)
{
	char text[CT_SIP_TEXT], body[CT_SIP_TEXT];
	struct ct_test_flow flow = phones;

	memcpy(flow.dst, (uint8_t[]){ 10, 0, 0, 9 }, 4);
	flow.dport = 4000;
	alice(text, "INVITE", "1 INVITE", audio(body, "10.0.0.9", 4000));
	passes(ALICE, text);
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
	set("helper.sip.direct_media", 0);
	passes(ALICE, text);
	ck_assert_uint_eq(ct_parley_expected(&parley), 2);
	ck_assert_int_eq(ct_parley_udp(&parley, &flow).state, CT_RELATED);
	/* Strictly, not at all. */
	set("helper.strict", 1);
	passes(ALICE, text);
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
}
END_TEST

/* Alice's own server is here, and Bob's there. */
START_TEST(media_that_do_not_come_through_us_are_left_alone)
{
	char text[CT_SIP_TEXT], body[CT_SIP_TEXT];
	const char *there = audio(body, "198.51.100.9", 4000);

	set("helper.sip.external_media", 1);
	set("helper.sip.direct_media", (uint32_t)_i);
	passes(ALICE, alice(text, "INVITE", "1 INVITE", there));
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
	passes(ALICE, alice(text, "INVITE", "2 INVITE",
			    audio(body, "10.0.0.9", 4000)));
	ck_assert_uint_eq(ct_parley_expected(&parley), _i ? 0 : 2);
	set("helper.sip.external_media", 0);
	passes(ALICE, alice(text, "INVITE", "3 INVITE",
			    audio(body, "198.51.100.9", 4000)));
	ck_assert_uint_eq(ct_parley_expected(&parley), _i ? 0 : 2);
}
END_TEST

static void dropped(enum ct_dir who, const char *text)
{
	ck_assert_ptr_null(ct_parley_say(&parley, who, text));
}

START_TEST(what_makes_no_sense_is_dropped)
{
	char text[CT_SIP_TEXT], body[CT_SIP_TEXT];

	invite(4000);
	/* no address */
	dropped(ALICE, alice(text, "INVITE", "2 INVITE",
			     "v=0\r\nm=audio 4000 RTP/AVP 0\r\n"));
	/* a port of others */
	dropped(ALICE,
		alice(text, "INVITE", "2 INVITE", audio(body, "10.0.0.2", 22)));
	/* no number */
	dropped(ALICE, alice(text, "INVITE", "x INVITE", NULL));
	dropped(BOB, bob(text, "200 OK", "x INVITE", NULL));
	dropped(BOB, bob(text, "OK", "1 INVITE", NULL));
	/* no method of ours, or no SIP: none of our business */
	passes(ALICE, alice(text, "INFO", "x INFO", NULL));
	passes(ALICE, "\r\n\r\n");
	passes(ALICE, "GET / HTTP/1.1\r\n\r\n");
	ck_assert_uint_eq(ct_world_count(&w, CT_R_HELPER_REFUSED), 5);
}
END_TEST

/* --- Registrations --- */

static const char *registration(char *to, const char *status,
				const char *contact, const char *more)
{
	const struct ct_sip_text text = {
		.first = status,
		.via = "10.0.0.2:5060",
		.from = "10.0.0.2",
		.contact = contact,
		.cseq = "5 REGISTER",
		.more = more,
		.by = transport(),
	};

	return ct_sip_write(to, &text);
}

#define REGISTER "REGISTER sip:198.51.100.5 SIP/2.0"

START_TEST(a_registration_announces_calls_when_it_is_accepted)
{
	char text[CT_SIP_TEXT];
	struct ct_test_flow call = phones;
	struct ct_pkt pkt;

	memcpy(call.src, phones.dst, sizeof(call.src));
	memcpy(call.dst, phones.src, sizeof(call.dst));
	call.sport = 5070;
	call.dport = 5062;
	passes(ALICE, registration(text, REGISTER, "10.0.0.2:5062",
				   "Expires: 600\r\n"));
	ck_assert_uint_eq(ct_parley_expected(&parley), 1);
	call.sport = 5071;
	ck_assert_int_eq(ct_parley_udp(&parley, &call).state, CT_NEW);

	passes(BOB, registration(text, "SIP/2.0 200 OK", "10.0.0.2:5062",
				 "Expires: 600\r\n"));
	call.sport = 5072;
	pkt = ct_parley_udp(&parley, &call);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert_str_eq(ct_conn_helper(w.tbl, pkt.conn), "sip");
	/* It stays, for other calls, as long as it was said. */
	ck_assert_uint_eq(ct_parley_expected(&parley), 1);
	ct_world_wait(&w, 599 * CT_WORLD_S);
	ck_assert_uint_eq(ct_parley_expected(&parley), 1);
	ct_world_wait(&w, 2 * CT_WORLD_S);
	call.sport = 5073;
	ck_assert_int_eq(ct_parley_udp(&parley, &call).state, CT_NEW);
}
END_TEST

START_TEST(a_registration_may_be_refused_or_given_back)
{
	char text[CT_SIP_TEXT];

	passes(ALICE, registration(text, REGISTER, "10.0.0.2:5062",
				   "Expires: 600\r\n"));
	passes(BOB,
	       registration(text, "SIP/2.0 100 Trying", "10.0.0.2:5062", NULL));
	ck_assert_uint_eq(ct_parley_expected(&parley), 1);
	passes(BOB, registration(text, "SIP/2.0 403 Forbidden", "10.0.0.2:5062",
				 NULL));
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
	/* for nobody else, by nothing else, and not for no time */
	passes(ALICE, registration(text, REGISTER, "10.0.0.9:5062",
				   "Expires: 600\r\n"));
	passes(ALICE,
	       registration(text, REGISTER, "10.0.0.2:5062;transport=tcp",
			    "Expires: 600\r\n"));
	passes(ALICE,
	       registration(text, REGISTER, "10.0.0.2:5062", "Expires: 0\r\n"));
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
}
END_TEST

/* --- TCP --- */

/* Two whole messages and none in between. */
static const char *train(char *to, const char *addr)
{
	char one[CT_SIP_TEXT], two[CT_SIP_TEXT], body[CT_SIP_TEXT];

	alice(one, "OPTIONS", "1 OPTIONS", NULL);
	alice(two, "INVITE", "1 INVITE", audio(body, addr, 4000));
	ck_assert_uint_lt(strlen(one) + strlen(two) + 5, CT_SIP_TEXT);
	snprintf(to, CT_SIP_TEXT, "%.900s\r\n\r\n%.900s", one, two);
	return to;
}

START_TEST(several_messages_in_a_segment)
{
	char text[CT_SIP_TEXT];

	passes(ALICE, train(text, "10.0.0.2"));
	ck_assert_uint_eq(ct_parley_expected(&parley), 2);
}
END_TEST

/* A message in two segments. */
static void in_two(const char *text, size_t at)
{
	char first[CT_SIP_TEXT];

	snprintf(first, sizeof(first), "%.*s", (int)at, text);
	passes(ALICE, first);
	passes(ALICE, text + at);
}

START_TEST(a_message_cut_anywhere_is_understood)
{
	char text[CT_SIP_TEXT], end[CT_SIP_TEXT];
	size_t len;

	train(text, "10.0.0.2");
	len = strlen(text);
	for (size_t at = 1; at < len; at += 7) {
		in_two(text, at);
		ck_assert_uint_eq(ct_parley_expected(&parley), 2);
		passes(ALICE, alice(end, "BYE", "2 BYE", NULL));
		ck_assert_uint_eq(ct_parley_expected(&parley), 0);
	}
}
END_TEST

START_TEST(a_message_in_many_segments_is_understood)
{
	char text[CT_SIP_TEXT], piece[32];
	size_t len;

	train(text, "10.0.0.2");
	len = strlen(text);
	for (size_t at = 0; at < len; at += 31) {
		snprintf(piece, sizeof(piece), "%.31s", text + at);
		passes(ALICE, piece);
	}
	ck_assert_uint_eq(ct_parley_expected(&parley), 2);
}
END_TEST

START_TEST(what_comes_again_changes_nothing)
{
	char text[CT_SIP_TEXT], body[CT_SIP_TEXT];
	const char *heard;

	alice(text, "INVITE", "1 INVITE", audio(body, "10.0.0.2", 4000));
	passes(ALICE, text);
	heard = ct_parley_again(&parley, ALICE, text);
	ck_assert_str_eq(heard, text);
	ck_assert_uint_eq(ct_parley_expected(&parley), 2);
	passes(ALICE, alice(text, "BYE", "2 BYE", NULL));
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
}
END_TEST

START_TEST(too_many_messages_are_refused)
{
	char text[3000] = "";

	for (unsigned i = 0; i < 65; i++)
		strcat(text, "ACK sip:b SIP/2.0\r\nl:0\r\n\r\n");
	dropped(ALICE, text);
	text[64 * strlen("ACK sip:b SIP/2.0\r\nl:0\r\n\r\n")] = '\0';
	/* without CSeq, the first one is */
	dropped(ALICE, text);
	memset(text, 0, sizeof(text));
	for (unsigned i = 0; i < 64; i++)
		strcat(text, "INFO sip:b SIP/2.0\r\nl:0\r\n\r\n");
	passes(ALICE, text);
}
END_TEST

START_TEST(linux_sees_whole_messages_of_one_segment)
{
	char text[CT_SIP_TEXT], body[CT_SIP_TEXT];

	alice(text, "INVITE", "1 INVITE", audio(body, "10.0.0.2", 4000));
	in_two(text, strlen(text) - 5);
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
	passes(ALICE, text);
	ck_assert_uint_eq(ct_parley_expected(&parley), 2);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("sip");
	TCase *udp = tcase_create("udp");
	TCase *tcp = tcase_create("tcp");
	TCase *tcp_linux = tcase_create("tcp_linux");

	tcase_add_checked_fixture(udp, setup_udp, teardown);
	tcase_add_test(udp, a_call_announces_the_media_of_both_ends);
	tcase_add_test(udp, signalling_lives_an_hour_after_each_message);
	tcase_add_test(udp, a_refused_call_announces_nothing);
	tcase_add_test(udp, a_call_goes_on_elsewhere);
	tcase_add_test(udp, a_call_on_hold_announces_nothing);
	tcase_add_test(udp, several_media_each_with_its_address);
	tcase_add_test(udp, third_parties_are_expected_only_where_wanted);
	tcase_add_loop_test(
		udp, media_that_do_not_come_through_us_are_left_alone, 0, 2);
	tcase_add_test(udp, what_makes_no_sense_is_dropped);
	tcase_add_test(udp, a_registration_announces_calls_when_it_is_accepted);
	tcase_add_test(udp, a_registration_may_be_refused_or_given_back);
	suite_add_tcase(suite, udp);

	tcase_add_checked_fixture(tcp, setup_tcp, teardown);
	tcase_add_test(tcp, a_call_announces_the_media_of_both_ends);
	tcase_add_test(tcp, several_messages_in_a_segment);
	tcase_add_test(tcp, a_message_cut_anywhere_is_understood);
	tcase_add_test(tcp, a_message_in_many_segments_is_understood);
	tcase_add_test(tcp, what_comes_again_changes_nothing);
	tcase_add_test(tcp, too_many_messages_are_refused);
	suite_add_tcase(suite, tcp);

	tcase_add_checked_fixture(tcp_linux, setup_tcp_linux, teardown);
	tcase_add_test(tcp_linux, a_call_announces_the_media_of_both_ends);
	tcase_add_test(tcp_linux, linux_sees_whole_messages_of_one_segment);
	suite_add_tcase(suite, tcp_linux);
	return suite;
}
