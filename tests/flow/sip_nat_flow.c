/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SIP through NAT: what the other end reads, and where media then go.
 *
 *	Alice 10.0.0.2 -- router 203.0.113.1 -- Bob 198.51.100.5
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
static struct ct_nat_range outside;
static struct ct_nat_range inside;

static void open(uint8_t l4, enum ct_profile profile)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .profile = profile };
	const struct ct_parley_def def = { .helper = "sip",
					   .l4 = l4,
					   .by = &phones,
					   .rules = { .src = &outside } };

	outside = ct_nat_to(0xcb007101); /* 203.0.113.1 */
	ct_world_create(&w, &cfg);
	ct_world_attach(&w);
	ct_parley_open(&parley, &w, &def);
}

static void setup_linux(void)
{
	open(IPPROTO_UDP, CT_PROFILE_LINUX);
}

static void setup_udp(void)
{
	open(IPPROTO_UDP, CT_PROFILE_RECOMMENDED);
}

static void setup_tcp(void)
{
	open(IPPROTO_TCP, CT_PROFILE_RECOMMENDED);
}

static void teardown(void)
{
	ct_world_end(&w);
}

/* --- Messages --- */

/* Whose addresses a message has, as its writer knows them. */
struct names {
	const char *alice;
	const char *bob;
};

static const struct names near = { "10.0.0.2", "198.51.100.5" };
static const struct names far = { "203.0.113.1", "198.51.100.5" };

/* A message of Alice's, or Bob's answer; from her port. */
static const char *write(char *to, const char *first, const struct names *names,
			 const char *contact, const char *body)
{
	char via[64], me[64];
	const struct ct_sip_text text = {
		.first = first,
		.via = via,
		.from = names->alice,
		.contact = me,
		.cseq = "1 INVITE",
		.body = body,
		.by = parley.def.l4 == IPPROTO_TCP ? "TCP" : "UDP",
	};

	snprintf(via, sizeof(via), "%s:5060", names->alice);
	snprintf(me, sizeof(me), "%s:5060", contact);
	return ct_sip_write(to, &text);
}

static const char *ask(char *to, const struct names *names, const char *body)
{
	return write(to, "INVITE sip:bob@198.51.100.5 SIP/2.0", names,
		     names->alice, body);
}

static const char *reply(char *to, const struct names *names, const char *body)
{
	return write(to, "SIP/2.0 200 OK", names, names->bob, body);
}

static const char *audio(char *to, const char *addr, unsigned port)
{
	char media[128];

	snprintf(media, sizeof(media), "m=audio %u RTP/AVP 0\r\na=rtcp:%u\r\n",
		 port, port + 1);
	return ct_sip_describe(to, addr, media);
}

static void hears(enum ct_dir who, const char *said, const char *heard)
{
	const char *text = ct_parley_say(&parley, who, said);

	ck_assert_ptr_nonnull(text);
	ck_assert_str_eq(text, heard);
}

/* A URI without a port means 5060; a translated one says so. */
static void with_port(char text[CT_SIP_TEXT], const char *uri)
{
	char *at = strstr(text, uri) + strlen(uri);

	memmove(at + strlen(":5060"), at, strlen(at) + 1);
	memcpy(at, ":5060", strlen(":5060"));
}

/* Alice calls and offers audio; Bob is told of another port, perhaps. */
static void invite(unsigned port, unsigned port_outside)
{
	char said[CT_SIP_TEXT], heard[CT_SIP_TEXT], body[CT_SIP_TEXT];

	ask(said, &near, audio(body, near.alice, port));
	ask(heard, &far, audio(body, far.alice, port_outside));
	with_port(heard, "alice@203.0.113.1");
	hears(ALICE, said, heard);
}

static void accept_call(unsigned port)
{
	char said[CT_SIP_TEXT], heard[CT_SIP_TEXT], body[CT_SIP_TEXT];

	reply(said, &far, audio(body, far.bob, port));
	reply(heard, &near, audio(body, near.bob, port));
	with_port(heard, "alice@10.0.0.2");
	hears(BOB, said, heard);
}

/* --- Media --- */

static void has(const struct ct_test_packet *p, const char *src, uint16_t sport,
		const char *dst, uint16_t dport)
{
	struct ct_test_flow flow = { .l3 = CT_L3_IPV4 };
	unsigned s[4], d[4];
	struct ct_tuple t = ct_nat_tuple(p);

	sscanf(src, "%u.%u.%u.%u", &s[0], &s[1], &s[2], &s[3]);
	sscanf(dst, "%u.%u.%u.%u", &d[0], &d[1], &d[2], &d[3]);
	for (unsigned i = 0; i < 4; i++) {
		flow.src[i] = (uint8_t)s[i];
		flow.dst[i] = (uint8_t)d[i];
	}
	ck_assert_mem_eq(t.src.bytes, flow.src, 4);
	ck_assert_mem_eq(t.dst.bytes, flow.dst, 4);
	ck_assert_uint_eq((uint16_t)(t.src_id >> 8 | t.src_id << 8), sport);
	ck_assert_uint_eq((uint16_t)(t.dst_id >> 8 | t.dst_id << 8), dport);
}

START_TEST(bob_speaks_first)
{
	struct ct_pkt pkt;

	invite(4000, 4000);
	accept_call(6000);
	pkt = ct_parley_in(&parley, 6000, 4000);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert_ptr_eq(ct_conn_master(w.tbl, pkt.conn), parley.conn);
	has(&w.p, "198.51.100.5", 6000, "10.0.0.2", 4000);
	pkt = ct_parley_out(&parley, 4000, 6000);
	ck_assert_int_eq(pkt.state, CT_ESTABLISHED);
	has(&w.p, "203.0.113.1", 4000, "198.51.100.5", 6000);
}
END_TEST

START_TEST(alice_speaks_first)
{
	struct ct_pkt pkt;

	invite(4000, 4000);
	accept_call(6000);
	pkt = ct_parley_out(&parley, 4001, 6001);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	has(&w.p, "203.0.113.1", 4001, "198.51.100.5", 6001);
	pkt = ct_parley_in(&parley, 6001, 4001);
	ck_assert_int_eq(pkt.state, CT_ESTABLISHED);
	has(&w.p, "198.51.100.5", 6001, "10.0.0.2", 4001);
}
END_TEST

/* Somebody else's expectation is at a port already. */
static void take(uint16_t port)
{
	struct ct_expect_def def = { .size = sizeof(def) };
	struct ct_tuple t;

	ct_conn_tuple(parley.conn, CT_DIR_REPLY, &t);
	def.tuple = t;
	def.tuple.l4 = IPPROTO_UDP;
	def.tuple.dst_id = (ct_be16)(port >> 8 | port << 8);
	def.tuple.src_id = 0;
	memset(def.src_mask.bytes, 0xff, 4);
	def.flags = CT_EXPECT_USERSPACE;
	ck_assert_int_eq(ct_expect_add(w.thr, parley.conn, &def, NULL), 0);
}

/* The host's expectations are no media of the call, but end with its BYE, too,
 * so their connection is another one. */
static void occupy(uint16_t port)
{
	struct ct_parley other = parley;
	struct ct_test_flow flow = phones;
	struct ct_pkt pkt;

	flow.sport = 7777;
	flow.dport = 7777;
	pkt = ct_parley_udp(&parley, &flow);
	parley.conn = pkt.conn;
	take(port);
	parley = other;
}

START_TEST(a_port_that_is_taken_becomes_the_next_pair)
{
	struct ct_pkt pkt;

	occupy(4001);
	invite(4000, 4002);
	accept_call(6000);
	/* Whoever speaks first, the announced port is the one. */
	pkt = ct_parley_out(&parley, 4000, 6000);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	has(&w.p, "203.0.113.1", 4002, "198.51.100.5", 6000);
	pkt = ct_parley_in(&parley, 6001, 4003);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	has(&w.p, "198.51.100.5", 6001, "10.0.0.2", 4001);
}
END_TEST

START_TEST(linux_leaves_rtcp_and_changes_whose_session_it_is)
{
	char said[CT_SIP_TEXT], body[CT_SIP_TEXT];
	const char *heard;

	occupy(4000);
	heard = ct_parley_say(&parley, ALICE,
			      ask(said, &near, audio(body, near.alice, 4000)));
	ck_assert_ptr_nonnull(strstr(heard, "m=audio 4002 "));
	ck_assert_ptr_nonnull(strstr(heard, "a=rtcp:4001"));
	heard = ct_parley_say(&parley, ALICE,
			      ask(said, &near, audio(body, "0.0.0.0", 4000)));
	ck_assert_ptr_nonnull(strstr(heard, "o=- 1 1 IN IP4 0.0.0.0"));
	/* and wants a length */
	ck_assert_ptr_null(ct_parley_say(
		&parley, ALICE,
		"INVITE sip:b@198.51.100.5 SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n"
		"v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\nc=IN IP4 10.0.0.2\r\n"
		"m=audio 4000 x\r\n"));
}
END_TEST

START_TEST(a_call_on_hold_keeps_whose_session_it_is)
{
	char said[CT_SIP_TEXT], body[CT_SIP_TEXT];
	const char *heard;

	ct_sip_describe(body, "10.0.0.2",
			"m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n");
	heard = ct_parley_say(&parley, ALICE, ask(said, &near, body));
	ck_assert_ptr_nonnull(strstr(heard, "o=- 1 1 IN IP4 "));
	ck_assert_ptr_nonnull(strstr(heard, "\r\nc=IN IP4 0.0.0.0"));
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
}
END_TEST

START_TEST(audio_and_video_may_share_a_port)
{
	char said[CT_SIP_TEXT], body[CT_SIP_TEXT];
	const char *heard;

	occupy(4000);
	ct_sip_describe(body, "10.0.0.2",
			"m=audio 4000 RTP/AVP 0\r\n"
			"m=video 4000 RTP/AVP 31\r\n");
	heard = ct_parley_say(&parley, ALICE, ask(said, &near, body));
	ck_assert_ptr_nonnull(heard);
	ck_assert_ptr_nonnull(strstr(heard, "m=audio 4002 "));
	ck_assert_ptr_nonnull(strstr(heard, "m=video 4002 "));
}
END_TEST

START_TEST(routes_and_parameters_are_translated)
{
	const char *heard = ct_parley_say(
		&parley, ALICE,
		"OPTIONS sip:bob@198.51.100.5 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 10.0.0.2:5060;maddr=10.0.0.2;branch=1\r\n"
		"Via: SIP/2.0/UDP 10.0.0.9:5060;branch=0\r\n"
		"Record-Route: <sip:p@10.0.0.2:5060;lr>, <sip:10.0.0.9;lr>\r\n"
		"Record-Route: <sip:10.0.0.2;lr>\r\n"
		"Route: <sip:198.51.100.5;lr>\r\n"
		"Contact: <sip:10.0.0.2>, <sip:x@10.0.0.2:5060>\r\n"
		"CSeq: 1 OPTIONS\r\n\r\n");

	ck_assert_str_eq(
		heard,
		"OPTIONS sip:bob@198.51.100.5 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 203.0.113.1:5060;maddr=203.0.113.1;branch=1"
		"\r\n"
		"Via: SIP/2.0/UDP 10.0.0.9:5060;branch=0\r\n"
		"Record-Route: <sip:p@203.0.113.1:5060;lr>, <sip:10.0.0.9;lr>"
		"\r\n"
		"Record-Route: <sip:203.0.113.1:5060;lr>\r\n"
		"Route: <sip:198.51.100.5;lr>\r\n"
		"Contact: <sip:203.0.113.1:5060>, <sip:x@203.0.113.1:5060>\r\n"
		"CSeq: 1 OPTIONS\r\n\r\n");
	heard = ct_parley_say(
		&parley, BOB,
		"SIP/2.0 200 OK\r\n"
		"Via: SIP/2.0/UDP 203.0.113.1:5060;received=203.0.113.1;"
		"rport=5060;branch=1\r\n"
		"CSeq: 1 OPTIONS\r\n\r\n");
	ck_assert_ptr_nonnull(
		strstr(heard, "10.0.0.2:5060;received=10.0.0.2;rport=5060;"));
}
END_TEST

static void says_it_listens(enum ct_dir who, const char *at)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "OPTIONS sip:you@198.51.100.5 SIP/2.0\r\n"
		 "Via: SIP/2.0/UDP %s;branch=1\r\nCSeq: 1 OPTIONS\r\n\r\n",
		 at);
	ck_assert_ptr_nonnull(ct_parley_say(&parley, who, text));
}

static void reaches(uint16_t port)
{
	ck_assert_ptr_nonnull(ct_parley_say(&parley, BOB, "any other text"));
	has(&w.p, "198.51.100.5", 5060, "10.0.0.2", port);
}

/* Whoever could name a port of the client's would reach it there. */
START_TEST(answers_go_where_the_client_listens)
{
	says_it_listens(ALICE, "10.0.0.2:53");
	reaches(5060);
	says_it_listens(BOB, "198.51.100.5:11211");
	reaches(5060);
	says_it_listens(ALICE, "10.0.0.2:5082");
	reaches(5082);
}
END_TEST

START_TEST(a_registration_is_for_the_address_outside)
{
	char said[CT_SIP_TEXT];
	const char *heard;
	struct ct_pkt pkt;
	struct ct_sip_text text = {
		.first = "REGISTER sip:198.51.100.5 SIP/2.0",
		.via = "10.0.0.2:5060",
		.from = "10.0.0.2",
		.contact = "10.0.0.2:5062",
		.cseq = "5 REGISTER",
		.more = "Expires: 600\r\n",
	};

	heard = ct_parley_say(&parley, ALICE, ct_sip_write(said, &text));
	ck_assert_ptr_nonnull(strstr(heard, "Contact: <sip:me@203.0.113.1:5062"
					    ">"));
	text.first = "SIP/2.0 200 OK";
	text.via = "203.0.113.1:5060";
	text.contact = "203.0.113.1:5062";
	heard = ct_parley_say(&parley, BOB, ct_sip_write(said, &text));
	ck_assert_ptr_nonnull(heard);
	pkt = ct_parley_in(&parley, 5060, 5062);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert_str_eq(ct_conn_helper(w.tbl, pkt.conn), "sip");
	has(&w.p, "198.51.100.5", 5060, "10.0.0.2", 5062);
}
END_TEST

/* Alice calls from outside a phone that a rule sends inside: 203.0.113.1 is
 * 10.0.0.2's public name, and the caller is 198.51.100.5. */
START_TEST(a_phone_inside_is_called)
{
	static const struct ct_test_flow called = { .l3 = CT_L3_IPV4,
						    .src = { 198, 51, 100, 5 },
						    .dst = { 203, 0, 113, 1 },
						    .sport = 5060,
						    .dport = 5060 };
	struct ct_parley_def def = { .helper = "sip",
				     .l4 = IPPROTO_UDP,
				     .by = &called,
				     .rules = { .dst = &inside } };
	struct ct_sip_text text = { .first = "INVITE sip:x@203.0.113.1 SIP/2.0",
				    .via = "198.51.100.5:5060",
				    .from = "198.51.100.5",
				    .contact = "198.51.100.5:5060",
				    .cseq = "1 INVITE" };
	char said[CT_SIP_TEXT], body[CT_SIP_TEXT];
	const char *heard;
	struct ct_pkt pkt;

	inside = ct_nat_to(0x0a000002);
	ct_parley_open(&parley, &w, &def);
	text.body = audio(body, "198.51.100.5", 6000);
	heard = ct_parley_say(&parley, CT_DIR_ORIG, ct_sip_write(said, &text));
	ck_assert_ptr_nonnull(
		strstr(heard, "INVITE sip:x@10.0.0.2:5060 SIP/2.0"));
	text.first = "SIP/2.0 200 OK";
	text.contact = "10.0.0.2:5060";
	text.body = audio(body, "10.0.0.2", 4000);
	heard = ct_parley_say(&parley, CT_DIR_REPLY, ct_sip_write(said, &text));
	ck_assert_ptr_nonnull(strstr(heard, "me@203.0.113.1:5060"));
	ck_assert_ptr_nonnull(strstr(heard, "c=IN IP4 203.0.113.1"));

	pkt = ct_parley_in(&parley, 6000, 4000);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	has(&w.p, "198.51.100.5", 6000, "10.0.0.2", 4000);
	pkt = ct_parley_out(&parley, 4001, 6001);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	has(&w.p, "203.0.113.1", 4001, "198.51.100.5", 6001);
}
END_TEST

START_TEST(ipv6_is_written_in_brackets)
{
	static const struct ct_test_flow six = {
		.l3 = CT_L3_IPV6,
		.src = { 0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0,
			 0, 2 },
		.dst = { 0x20, 0x01, 0x0d, 0xb8, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0,
			 0, 5 },
		.sport = 5060,
		.dport = 5060
	};
	struct ct_parley_def def = { .helper = "sip",
				     .l4 = IPPROTO_UDP,
				     .by = &six,
				     .rules = { .src = &outside } };
	const char *heard;

	outside = ct_nat_to6(1);
	ct_parley_open(&parley, &w, &def);
	heard = ct_parley_say(
		&parley, ALICE,
		"INVITE sip:b@[2001:db8:2::5] SIP/2.0\r\n"
		"Via: SIP/2.0/UDP [2001:db8:1::2]:5060;branch=1\r\n"
		"CSeq: 1 INVITE\r\n"
		"Content-Length: 83\r\n\r\n"
		"v=0\r\n"
		"o=- 1 1 IN IP6 2001:db8:1::2\r\n"
		"c=IN IP6 2001:db8:1::2\r\n"
		"m=audio 4000 RTP/AVP 0\r\n");
	ck_assert_str_eq(heard,
			 "INVITE sip:b@[2001:db8:2::5] SIP/2.0\r\n"
			 "Via: SIP/2.0/UDP [2001:db8:ff::1]:5060;branch=1\r\n"
			 "CSeq: 1 INVITE\r\n"
			 "Content-Length: 85\r\n\r\n"
			 "v=0\r\n"
			 "o=- 1 1 IN IP6 2001:db8:ff::1\r\n"
			 "c=IN IP6 2001:db8:ff::1\r\n"
			 "m=audio 4000 RTP/AVP 0\r\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 2);
}
END_TEST

/* --- TCP --- */

START_TEST(a_body_in_two_segments_keeps_its_length)
{
	char said[CT_SIP_TEXT], heard[CT_SIP_TEXT], body[CT_SIP_TEXT];
	char all[CT_SIP_TEXT], first[CT_SIP_TEXT], second[CT_SIP_TEXT];
	size_t head, len;

	ct_sip_describe(body, near.alice,
			"m=audio 4000 RTP/AVP 0\r\n"
			"a=sendrecv\r\n"
			"m=video 4010 RTP/AVP 31\r\n"
			"a=sendrecv\r\n");
	ask(said, &near, body);
	ct_sip_describe(body, far.alice,
			"m=audio 4000 RTP/AVP 0\r\n"
			"a=sendrecv\r\n"
			"m=video 4010 RTP/AVP 31\r\n"
			"a=sendrecv\r\n");
	ask(heard, &far, body);
	with_port(heard, "alice@203.0.113.1");

	head = (size_t)(strstr(said, "t=0 0") - said);
	len = strlen(said);
	for (size_t at = head; at < len; at += 5) {
		snprintf(first, sizeof(first), "%.*s", (int)at, said);
		strcpy(all, ct_parley_say(&parley, ALICE, first));
		/* It may be lost behind us. */
		ck_assert_str_eq(ct_parley_again(&parley, ALICE, first), all);
		strcpy(second, ct_parley_say(&parley, ALICE, said + at));
		ck_assert_str_eq(ct_parley_again(&parley, ALICE, said + at),
				 second);
		strcat(all, second);
		ck_assert_str_eq(all, heard);
		ck_assert_uint_eq(ct_parley_expected(&parley), 4);
	}
}
END_TEST

START_TEST(headers_in_two_segments_leave_a_length_that_holds)
{
	char said[CT_SIP_TEXT], all[CT_SIP_TEXT], first[CT_SIP_TEXT];
	char body[CT_SIP_TEXT], second[CT_SIP_TEXT];
	const char *text;
	size_t head;
	unsigned length;

	ask(said, &near, audio(body, near.alice, 4000));
	head = (size_t)(strstr(said, "v=0") - said);
	for (size_t at = 1; at < head; at += 13) {
		snprintf(first, sizeof(first), "%.*s", (int)at, said);
		strcpy(all, ct_parley_say(&parley, ALICE, first));
		ck_assert_str_eq(ct_parley_again(&parley, ALICE, first), all);
		strcpy(second, ct_parley_say(&parley, ALICE, said + at));
		/* Whichever is lost behind us, it comes as it was. */
		ck_assert_str_eq(ct_parley_again(&parley, ALICE, said + at),
				 second);
		strcat(all, second);
		text = strstr(all, "Content-Length: ");
		ck_assert_ptr_nonnull(text);
		sscanf(text, "Content-Length: %u", &length);
		ck_assert_uint_eq(strlen(strstr(all, "\r\n\r\n")) - 4, length);
		ck_assert_uint_eq(ct_parley_expected(&parley), 2);
	}
}
END_TEST

START_TEST(a_retransmission_is_rewritten_again)
{
	char said[CT_SIP_TEXT], heard[CT_SIP_TEXT], body[CT_SIP_TEXT];

	ask(said, &near, audio(body, near.alice, 4000));
	strcpy(heard, ct_parley_say(&parley, ALICE, said));
	ck_assert_str_eq(ct_parley_again(&parley, ALICE, said), heard);
	ck_assert_uint_eq(ct_parley_expected(&parley), 2);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("sip_nat");
	TCase *as_linux = tcase_create("linux");
	TCase *udp = tcase_create("udp");
	TCase *tcp = tcase_create("tcp");

	tcase_add_checked_fixture(as_linux, setup_linux, teardown);
	tcase_add_test(as_linux, bob_speaks_first);
	tcase_add_test(as_linux, alice_speaks_first);
	tcase_add_test(as_linux,
		       linux_leaves_rtcp_and_changes_whose_session_it_is);
	suite_add_tcase(suite, as_linux);

	tcase_add_checked_fixture(udp, setup_udp, teardown);
	tcase_add_test(udp, bob_speaks_first);
	tcase_add_test(udp, alice_speaks_first);
	tcase_add_test(udp, a_port_that_is_taken_becomes_the_next_pair);
	tcase_add_test(udp, a_call_on_hold_keeps_whose_session_it_is);
	tcase_add_test(udp, audio_and_video_may_share_a_port);
	tcase_add_test(udp, routes_and_parameters_are_translated);
	tcase_add_test(udp, answers_go_where_the_client_listens);
	tcase_add_test(udp, a_registration_is_for_the_address_outside);
	tcase_add_test(udp, a_phone_inside_is_called);
	tcase_add_test(udp, ipv6_is_written_in_brackets);
	suite_add_tcase(suite, udp);

	tcase_add_checked_fixture(tcp, setup_tcp, teardown);
	tcase_add_test(tcp, bob_speaks_first);
	tcase_add_test(tcp, alice_speaks_first);
	tcase_add_test(tcp, a_body_in_two_segments_keeps_its_length);
	tcase_add_test(tcp, headers_in_two_segments_leave_a_length_that_holds);
	tcase_add_test(tcp, a_retransmission_is_rewritten_again);
	suite_add_tcase(suite, tcp);
	return suite;
}
