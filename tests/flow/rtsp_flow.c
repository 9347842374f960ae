/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RTSP: streams that a player sets up.
 *
 *	player 10.0.0.2 -- router 203.0.113.1 -- server 198.51.100.5:554
 */
#include "parley.h"
#include "suite.h"

#include <conntrack/expect.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define PLAYER CT_DIR_ORIG
#define SERVER CT_DIR_REPLY

static const struct ct_test_flow control = { .l3 = CT_L3_IPV4,
					     .src = { 10, 0, 0, 2 },
					     .dst = { 198, 51, 100, 5 },
					     .sport = 40000,
					     .dport = 554 };

static struct ct_world w;
static struct ct_parley parley;
static struct ct_nat_range outside;

static void open(const struct ct_test_rules *rules, enum ct_profile profile)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .profile = profile };
	const struct ct_parley_def def = { .helper = "rtsp",
					   .l4 = IPPROTO_TCP,
					   .by = &control,
					   .rules = *rules };

	ct_world_create(&w, &cfg);
	ct_world_attach(&w);
	ct_parley_open(&parley, &w, &def);
}

static void setup(void)
{
	open(&(struct ct_test_rules){ 0 }, CT_PROFILE_RECOMMENDED);
}

static void setup_linux(void)
{
	open(&(struct ct_test_rules){ 0 }, CT_PROFILE_LINUX);
}

static void setup_nat(void)
{
	outside = ct_nat_to(0xcb007101); /* 203.0.113.1 */
	open(&(struct ct_test_rules){ .src = &outside },
	     CT_PROFILE_RECOMMENDED);
}

static void teardown(void)
{
	ct_world_end(&w);
}

static void hears(enum ct_dir who, const char *said, const char *heard)
{
	const char *text = ct_parley_say(&parley, who, said);

	ck_assert_ptr_nonnull(text);
	ck_assert_str_eq(text, heard);
}

static void passes(enum ct_dir who, const char *text)
{
	hears(who, text, text);
}

/* SETUP and its answer, with a Transport each. */
#define ASK(transport)                                        \
	"SETUP rtsp://198.51.100.5/t RTSP/1.0\r\nCSeq: 4\r\n" \
	"Transport: " transport "\r\n\r\n"
#define GRANT(transport)                           \
	"RTSP/1.0 200 OK\r\nTransport: " transport \
	"\r\nCSeq: 4\r\nSession: 1\r\n\r\n"

#define UDP "RTP/AVP;unicast;client_port="

static void media(const struct ct_test_flow *flow, enum ct_state state)
{
	struct ct_pkt pkt = ct_parley_udp(&parley, flow);

	ck_assert_int_eq(pkt.state, state);
	if (state == CT_RELATED)
		ck_assert_ptr_eq(ct_conn_master(w.tbl, pkt.conn), parley.conn);
}

static void to_player(uint16_t sport, uint16_t dport, enum ct_state state)
{
	struct ct_test_flow flow = control;

	memcpy(flow.src, control.dst, sizeof(flow.src));
	memcpy(flow.dst, control.src, sizeof(flow.dst));
	flow.sport = sport;
	flow.dport = dport;
	media(&flow, state);
}

static void to_server(uint16_t sport, uint16_t dport, enum ct_state state)
{
	struct ct_test_flow flow = control;

	flow.sport = sport;
	flow.dport = dport;
	media(&flow, state);
}

START_TEST(a_stream_comes_and_its_reports_go_both_ways)
{
	passes(PLAYER, ASK(UDP "4588-4589"));
	ck_assert_uint_eq(ct_parley_expected(&parley), 2);
	passes(SERVER, GRANT(UDP "4588-4589;server_port=6257-6258"));
	ck_assert_uint_eq(ct_parley_expected(&parley), 4);
	to_player(6257, 4588, CT_RELATED);
	to_server(4589, 6258, CT_RELATED);
	to_player(6258, 4589, CT_ESTABLISHED);
	to_player(6257, 4590, CT_NEW);
}
END_TEST

START_TEST(streams_of_one_session_come_together)
{
	passes(PLAYER, ASK(UDP "4588-4589"));
	passes(SERVER, GRANT(UDP "4588-4589;server_port=6256-6257"));
	passes(PLAYER, ASK(UDP "4590-4591"));
	passes(SERVER, GRANT(UDP "4590-4591;server_port=6258-6259"));
	ck_assert_uint_eq(ct_parley_expected(&parley), 8);
	to_player(6256, 4588, CT_RELATED);
	to_player(6258, 4590, CT_RELATED);
	passes(PLAYER, "TEARDOWN rtsp://198.51.100.5/ RTSP/1.0\r\n\r\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
	to_player(6259, 4591, CT_NEW);
}
END_TEST

START_TEST(what_is_not_udp_is_not_expected)
{
	passes(PLAYER, ASK("RTP/AVP/TCP;unicast;interleaved=0-1"));
	passes(SERVER, GRANT("RTP/AVP/TCP;unicast;interleaved=0-1"));
	passes(PLAYER, ASK("RTP/AVP;multicast;port=4588-4589"));
	passes(PLAYER, ASK(UDP "4588-4589;destination=10.0.0.9"));
	passes(SERVER, "RTSP/1.0 461 Unsupported Transport\r\n"
		       "Transport: RTP/AVP;server_port=6256-6257\r\n\r\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
	/* the one of three that is */
	passes(PLAYER, ASK("RTP/AVP/TCP;interleaved=0-1," UDP
			   "4588-4589,RTP/AVP;multicast"));
	ck_assert_uint_eq(ct_parley_expected(&parley), 2);
}
END_TEST

START_TEST(a_well_known_port_is_not_opened)
{
	passes(PLAYER, ASK(UDP "22-23"));
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
}
END_TEST

START_TEST(a_single_port_is_expected_alone)
{
	passes(PLAYER, ASK(UDP "4589"));
	ck_assert_uint_eq(ct_parley_expected(&parley), 1);
	to_player(6256, 4589, CT_RELATED);
}
END_TEST

/* "$", channel 1, so many bytes. */
static void frame(char to[512], unsigned char len)
{
	memset(to, 0, 512);
	memcpy(to, "$\1\1", 3);
	to[3] = (char)len;
	memset(to + 4, 'S', 256u + len);
}

START_TEST(a_message_between_interleaved_packets_is_found)
{
	char packet[512], text[1200];
	size_t len;

	frame(packet, 7);
	snprintf(text, sizeof(text), "%s\r\n%s%s", packet, ASK(UDP "4588-4589"),
		 packet);
	/* cut at every place, also within the packets */
	len = strlen(text);
	for (size_t at = 1; at < len; at += 23) {
		char first[1200];

		snprintf(first, sizeof(first), "%.*s", (int)at, text);
		passes(PLAYER, first);
		passes(PLAYER, text + at);
		ck_assert_uint_eq(ct_parley_expected(&parley), 2);
		passes(PLAYER, "TEARDOWN rtsp://a RTSP/1.0\r\n\r\n");
		ck_assert_uint_eq(ct_parley_expected(&parley), 0);
	}
}
END_TEST

START_TEST(a_body_is_passed_over)
{
	passes(SERVER, "RTSP/1.0 200 OK\r\nContent-Length: 64\r\n\r\n"
		       "RTSP/1.0 200 OK\r\nTransport: RTP/AVP;");
	passes(SERVER, "server_port=6256\r\n\r\n"
		       "RTSP/1.0 200 OK\r\n\r\n");
	ck_assert_uint_eq(ct_parley_expected(&parley), 0);
}
END_TEST

/* --- NAT --- */

static void translated(const char *src, const char *dst)
{
	struct ct_tuple t = ct_nat_tuple(&w.p);
	const uint8_t *at[2] = { t.src.bytes, t.dst.bytes };
	const char *wanted[2] = { src, dst };
	ct_be16 ids[2] = { t.src_id, t.dst_id };
	char text[2][64];

	for (unsigned i = 0; i < 2; i++) {
		const uint8_t *addr = at[i];

		snprintf(text[i], sizeof(text[i]), "%u.%u.%u.%u:%u", addr[0],
			 addr[1], addr[2], addr[3],
			 (unsigned)(uint16_t)(ids[i] >> 8 | ids[i] << 8));
		ck_assert_str_eq(text[i], wanted[i]);
	}
}

START_TEST(a_player_behind_nat)
{
	struct ct_pkt pkt;

	hears(PLAYER, ASK(UDP "4588-4589;destination=10.0.0.2"),
	      ASK(UDP "4588-4589;destination=203.0.113.1"));
	hears(SERVER,
	      GRANT("RTP/AVP;unicast;destination=203.0.113.1;"
		    "client_port=4588-4589;server_port=6256-6257"),
	      GRANT("RTP/AVP;unicast;destination=10.0.0.2;"
		    "client_port=4588-4589;server_port=6256-6257"));
	pkt = ct_parley_in(&parley, 6256, 4588);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	translated("198.51.100.5:6256", "10.0.0.2:4588");
	pkt = ct_parley_out(&parley, 4589, 6257);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	translated("203.0.113.1:4589", "198.51.100.5:6257");
}
END_TEST

/* Another player's stream is at that port already. */
static void occupy(uint16_t port)
{
	struct ct_expect_def def = { .size = sizeof(def) };
	struct ct_pkt pkt = ct_parley_out(&parley, 7777, 7777);

	ct_conn_tuple(pkt.conn, CT_DIR_REPLY, &def.tuple);
	def.tuple.l4 = IPPROTO_UDP;
	def.tuple.dst_id = (ct_be16)(port >> 8 | port << 8);
	def.tuple.src_id = 0;
	memset(def.src_mask.bytes, 0xff, 4);
	def.flags = CT_EXPECT_USERSPACE;
	ck_assert_int_eq(ct_expect_add(w.thr, pkt.conn, &def, NULL), 0);
}

START_TEST(ports_that_are_taken_become_others_and_come_back)
{
	struct ct_pkt pkt;

	occupy(9999);
	hears(PLAYER, ASK(UDP "9998-9999"), ASK(UDP "10000-10001"));
	hears(SERVER, GRANT(UDP "10000-10001;server_port=6256-6257"),
	      GRANT(UDP "9998-9999;server_port=6256-6257"));
	pkt = ct_parley_in(&parley, 6256, 10000);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	translated("198.51.100.5:6256", "10.0.0.2:9998");
	/* What the player sends comes from where the server expects it. */
	pkt = ct_parley_out(&parley, 9999, 6257);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	translated("203.0.113.1:10001", "198.51.100.5:6257");
}
END_TEST

START_TEST(the_second_version_names_addresses)
{
	occupy(4588);
	hears(PLAYER, ASK("RTP/AVP/UDP;unicast;dest_addr=\":4588\"/\":4589\""),
	      ASK("RTP/AVP/UDP;unicast;dest_addr=\":4590\"/\":4591\""));
	hears(SERVER,
	      GRANT("RTP/AVP/UDP;unicast;dest_addr=\"203.0.113.1:4590\"/"
		    "\"203.0.113.1:4591\";src_addr=\"198.51.100.5:6256\"/"
		    "\"198.51.100.5:6257\""),
	      GRANT("RTP/AVP/UDP;unicast;dest_addr=\"10.0.0.2:4588\"/"
		    "\"10.0.0.2:4589\";src_addr=\"198.51.100.5:6256\"/"
		    "\"198.51.100.5:6257\""));
	ck_assert_uint_eq(ct_parley_expected(&parley), 5);
}
END_TEST

START_TEST(a_server_inside_is_described_and_reached)
{
	static const struct ct_test_flow asked = { .l3 = CT_L3_IPV4,
						   .src = { 198, 51, 100, 5 },
						   .dst = { 203, 0, 113, 1 },
						   .sport = 40000,
						   .dport = 554 };
	struct ct_nat_range inside = ct_nat_to(0x0a000002);
	const struct ct_parley_def def = { .helper = "rtsp",
					   .l4 = IPPROTO_TCP,
					   .by = &asked,
					   .rules = { .dst = &inside } };
	struct ct_pkt pkt;

	ct_parley_open(&parley, &w, &def);
	hears(SERVER,
	      "RTSP/1.0 200 OK\r\nContent-Length: 65\r\n\r\n"
	      "v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=-\r\n"
	      "c=IN IP4 10.0.0.2\r\nt=0 0\r\nxx\r\n",
	      "RTSP/1.0 200 OK\r\nContent-Length: 71\r\n\r\n"
	      "v=0\r\no=- 1 1 IN IP4 203.0.113.1\r\ns=-\r\n"
	      "c=IN IP4 203.0.113.1\r\nt=0 0\r\nxx\r\n");
	hears(PLAYER, ASK(UDP "4588-4589"), ASK(UDP "4588-4589"));
	hears(SERVER,
	      GRANT(UDP "4588-4589;source=10.0.0.2;server_port=6257-6258"),
	      GRANT(UDP "4588-4589;source=203.0.113.1;server_port=6257-6258"));
	pkt = ct_parley_in(&parley, 4589, 6258);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	translated("198.51.100.5:4589", "10.0.0.2:6258");
	pkt = ct_parley_out(&parley, 6257, 4588);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	translated("203.0.113.1:6257", "198.51.100.5:4588");
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("rtsp");
	TCase *plain = tcase_create("plain");
	TCase *as_linux = tcase_create("linux");
	TCase *nat = tcase_create("nat");

	tcase_add_checked_fixture(plain, setup, teardown);
	tcase_add_test(plain, a_stream_comes_and_its_reports_go_both_ways);
	tcase_add_test(plain, streams_of_one_session_come_together);
	tcase_add_test(plain, what_is_not_udp_is_not_expected);
	tcase_add_test(plain, a_well_known_port_is_not_opened);
	tcase_add_test(plain, a_single_port_is_expected_alone);
	tcase_add_test(plain, a_message_between_interleaved_packets_is_found);
	tcase_add_test(plain, a_body_is_passed_over);
	suite_add_tcase(suite, plain);

	tcase_add_checked_fixture(as_linux, setup_linux, teardown);
	tcase_add_test(as_linux, a_stream_comes_and_its_reports_go_both_ways);
	tcase_add_test(as_linux, streams_of_one_session_come_together);
	suite_add_tcase(suite, as_linux);

	tcase_add_checked_fixture(nat, setup_nat, teardown);
	tcase_add_test(nat, a_player_behind_nat);
	tcase_add_test(nat, ports_that_are_taken_become_others_and_come_back);
	tcase_add_test(nat, the_second_version_names_addresses);
	tcase_add_test(nat, a_server_inside_is_described_and_reached);
	suite_add_tcase(suite, nat);
	return suite;
}
