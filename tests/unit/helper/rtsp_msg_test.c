/* SPDX-License-Identifier: BSD-2-Clause */
/* RTSP messages: headers and transports. */
#include "helper/rtsp_msg.h"
#include "suite.h"

#include <string.h>

static struct ct_say say(const char *text, uint8_t l3)
{
	struct ct_say msg = { .l3 = l3 };

	msg.bytes = ct_cursor_of(text, strlen(text));
	return msg;
}

static void is(const struct ct_say *msg, struct ct_span at, const char *text)
{
	struct ct_cursor cur = ct_say_from(msg, at.off);

	ck_assert_uint_eq(at.len, strlen(text));
	ck_assert(ct_word_begins(&cur, text));
}

/* The only transport of a value. */
static struct ct_rtsp_transport only(const char *value)
{
	struct ct_say msg = say(value, CT_L3_IPV4);
	struct ct_cursor cur = msg.bytes;
	struct ct_rtsp_transport transport, none;

	ck_assert(ct_rtsp_transport_next(&msg, &cur, &transport));
	ck_assert(!ct_rtsp_transport_next(&msg, &cur, &none));
	return transport;
}

START_TEST(headers_end_with_the_empty_line)
{
	struct ct_say msg = say("SETUP rtsp://a RTSP/1.0\r\n"
				"CSeq: 4\r\n"
				"transport :  RTP/AVP\r\n"
				"Content-Length: 12\r\n"
				"\r\n"
				"Session: 1\r\n",
				CT_L3_IPV4);
	struct ct_cursor value;
	struct ct_span at;

	ck_assert(ct_rtsp_header(&msg, "Transport", &value));
	ck_assert(ct_word_begins(&value, "RTP/AVP"));
	ck_assert_uint_eq(ct_cursor_left(&value), strlen("RTP/AVP"));
	ck_assert(!ct_rtsp_header(&msg, "Session", &value));
	ck_assert(!ct_rtsp_header(&msg, "SETUP", &value));
	ck_assert_uint_eq(ct_rtsp_length(&msg, &at), 12);
	is(&msg, at, "12");
}
END_TEST

START_TEST(ports_of_both_ends)
{
	static const char value[] =
		"RTP/AVP/UDP;unicast;client_port=4588-4589;"
		"server_port=6257-6258;source=192.0.2.5;ssrc=B1964B48";
	struct ct_say msg = say(value, CT_L3_IPV4);
	struct ct_rtsp_transport transport = only(value);

	ck_assert(transport.udp);
	ck_assert_uint_eq(transport.client.n, 2);
	ck_assert_uint_eq(transport.client.port, 4588);
	is(&msg, transport.client.at[0], "4588-4589");
	ck_assert_uint_eq(transport.server.n, 2);
	ck_assert_uint_eq(transport.server.port, 6257);
	ck_assert(transport.source.there);
	is(&msg, transport.source.at, "192.0.2.5");
	ck_assert(!transport.destination.there);
}
END_TEST

START_TEST(ports_that_are_no_pair)
{
	ck_assert_uint_eq(only("RTP/AVP;client_port=4588").client.n, 1);
	ck_assert_uint_eq(only("RTP/AVP;client_port=4588-4600").client.n, 1);
	ck_assert_uint_eq(only("RTP/AVP;client_port=65535-65536").client.n, 1);
	ck_assert_uint_eq(only("RTP/AVP;client_port=").client.n, 0);
	ck_assert_uint_eq(only("RTP/AVP;client_port=70000-70001").client.n, 0);
}
END_TEST

START_TEST(what_is_said_twice_counts_as_it_was_said_last)
{
	static const char value[] = "RTP/AVP;client_port=4588-4589;"
				    "dest_addr=\":7000\";client_port=5000";
	struct ct_say msg = say(value, CT_L3_IPV4);
	struct ct_rtsp_transport transport = only(value);

	ck_assert_uint_eq(transport.client.n, 1);
	is(&msg, transport.client.at[0], "5000");
	ck_assert_uint_eq(
		only("RTP/AVP;client_port=4588-4589;client_port=").client.n, 0);
	ck_assert_uint_eq(
		only("RTP/AVP;client_port=4588-4589;dest_addr=").client.n, 0);
}
END_TEST

START_TEST(what_is_not_udp)
{
	ck_assert(only("RTP/AVP;unicast").udp);
	ck_assert(only("RTP/SAVPF/UDP;unicast").udp);
	ck_assert(!only("RTP/AVP/TCP;unicast;interleaved=0-1").udp);
	ck_assert(!only("RTP/AVP;unicast;interleaved=0-1").udp);
	ck_assert(!only("RTP/AVP;multicast;client_port=4588-4589").udp);
	ck_assert(!only("RAW/RAW/UDP;client_port=4588-4589").udp);
}
END_TEST

START_TEST(addresses_of_the_second_version)
{
	static const char value[] =
		"RTP/AVP/UDP;unicast;dest_addr=\":4588\"/\":4589\";"
		"src_addr=\"192.0.2.5:6256\"/\"192.0.2.5:6257\"";
	struct ct_say msg = say(value, CT_L3_IPV4);
	struct ct_rtsp_transport transport = only(value);

	ck_assert(transport.udp);
	ck_assert_uint_eq(transport.client.n, 2);
	ck_assert(!transport.client.named[0] && !transport.client.named[1]);
	is(&msg, transport.client.at[0], ":4588");
	is(&msg, transport.client.at[1], ":4589");
	ck_assert_uint_eq(transport.server.n, 2);
	ck_assert(transport.server.named[0] && transport.server.named[1]);
	is(&msg, transport.server.at[1], "192.0.2.5:6257");
	/* no neighbours, no numbers, no end */
	ck_assert_uint_eq(
		only("RTP/AVP;dest_addr=\":4588\"/\":4600\"").client.n, 1);
	ck_assert_uint_eq(only("RTP/AVP;dest_addr=\"host:4588\"").client.n, 0);
	ck_assert_uint_eq(only("RTP/AVP;dest_addr=\":4588").client.n, 0);
}
END_TEST

START_TEST(ipv6_in_both_versions)
{
	static const char value[] =
		"RTP/AVP/UDP;dest_addr=\"[2001:db8::2]:4588\";"
		"source=2001:db8::5";
	struct ct_say msg = say(value, CT_L3_IPV6);
	struct ct_cursor cur = msg.bytes;
	struct ct_rtsp_transport transport;

	ck_assert(ct_rtsp_transport_next(&msg, &cur, &transport));
	ck_assert_uint_eq(transport.client.n, 1);
	ck_assert(transport.client.named[0]);
	is(&msg, transport.client.at[0], "[2001:db8::2]:4588");
	is(&msg, transport.source.at, "2001:db8::5");
}
END_TEST

START_TEST(offers_are_several)
{
	struct ct_say msg = say("RTP/AVP/TCP;interleaved=0-1,"
				"RTP/AVP;x=\"a,b;c\";client_port=4588-4589, ,",
				CT_L3_IPV4);
	struct ct_cursor cur = msg.bytes;
	struct ct_rtsp_transport transport;

	ck_assert(ct_rtsp_transport_next(&msg, &cur, &transport));
	ck_assert(!transport.udp);
	ck_assert(ct_rtsp_transport_next(&msg, &cur, &transport));
	ck_assert(transport.udp);
	ck_assert_uint_eq(transport.client.port, 4588);
	ck_assert(ct_rtsp_transport_next(&msg, &cur, &transport));
	ck_assert(!transport.udp);
	ck_assert(!ct_rtsp_transport_next(&msg, &cur, &transport));
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("rtsp_msg");
	TCase *tcase = tcase_create("rtsp_msg");

	tcase_add_test(tcase, headers_end_with_the_empty_line);
	tcase_add_test(tcase, ports_of_both_ends);
	tcase_add_test(tcase, ports_that_are_no_pair);
	tcase_add_test(tcase, what_is_said_twice_counts_as_it_was_said_last);
	tcase_add_test(tcase, what_is_not_udp);
	tcase_add_test(tcase, addresses_of_the_second_version);
	tcase_add_test(tcase, ipv6_in_both_versions);
	tcase_add_test(tcase, offers_are_several);
	suite_add_tcase(suite, tcase);
	return suite;
}
