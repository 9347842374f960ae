/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMP errors through NAT: translated outside and inside, so that whoever gets
 * one knows the packet it is about.  The exact sums are those that another
 * implementation expects (Open vSwitch, tests/ofproto-dpif.at and
 * tests/system-traffic.at).
 */
#include "nat.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum {
	IP = 20,
	IP_ID = 4,
	IP_SUM = 10,
	ICMP_SUM = IP + 2,
	ICMP_SPARE = IP + 4,
	QUOTE = IP + 8,
	QUOTE_SUM = QUOTE + IP_SUM,
	QUOTE_UDP = QUOTE + IP,
	UDP_SUM = 6
};

static struct ct_world w;

static void setup(void)
{
	ct_world_start(&w, 64);
}

static void teardown(void)
{
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_end(&w);
}

static struct ct_test_flow flow4(uint32_t src, uint16_t sport, uint32_t dst,
				 uint16_t dport)
{
	struct ct_test_flow flow = { .l3 = CT_L3_IPV4,
				     .sport = sport,
				     .dport = dport };
	ct_be32 addr = htonl(src);

	memcpy(flow.src, &addr, 4);
	addr = htonl(dst);
	memcpy(flow.dst, &addr, 4);
	return flow;
}

static uint32_t get_addr(const struct ct_test_packet *p, uint32_t off)
{
	return (uint32_t)ct_nat_u16(p, off) << 16 | ct_nat_u16(p, off + 2);
}

/* An error from a router to a receiver, about a packet that is quoted as it
 * is, or cut. */
static void complain(struct ct_test_packet *p, uint32_t from, uint32_t to,
		     uint8_t type, const struct ct_test_packet *about,
		     uint32_t len)
{
	struct ct_test_flow flow = flow4(from, 0, to, 0);
	const struct ct_test_icmp error = { .type = type,
					    .code = type == 3 ? 3 : 0,
					    .rest = about->bytes,
					    .rest_len = len };

	ct_test_icmp(p, &flow, CT_DIR_ORIG, &error);
}

/* The sums that the other implementation's packet has; what is free in it
 * makes them right. */
static void with_sums(struct ct_test_packet *p, uint16_t ip, uint16_t icmp)
{
	ct_nat_put(p, ICMP_SUM, icmp);
	ct_nat_balance(p, IP, p->len - IP, ICMP_SPARE);
	ct_nat_put(p, IP_SUM, ip);
	ct_nat_balance(p, 0, IP, IP_ID);
}

struct story {
	uint32_t client, vip, server;
	uint16_t port, vip_port, server_port;
	uint32_t payload;
	uint16_t udp, udp_translated; /* the query's sum; 0: not known */
	uint16_t quote_ip, quote_udp; /* as they come */
	uint16_t ip, icmp;            /* as they come */
	uint16_t ip_out, icmp_out, quote_ip_out, quote_udp_out;
};

/* A query to a forwarded port, and the server's "port unreachable". */
static void port_unreachable(const struct story *s)
{
	struct ct_test_flow flow =
		flow4(s->client, s->port, s->vip, s->vip_port);
	struct ct_nat_range to = ct_nat_ports(ct_nat_to(s->server),
					      s->server_port, s->server_port);
	struct ct_test_rules rules = { .dst = &to };
	struct ct_test_packet query, error;
	struct ct_pkt pkt;

	ct_test_udp(&query, &flow, CT_DIR_ORIG, s->payload);
	ct_nat_put(&query, IP + UDP_SUM, s->udp);
	pkt = ct_test_pkt(&query);
	pkt.csum = CT_CSUM_VERIFIED; /* of a payload that we do not know */
	ck_assert_int_eq(ct_nat_step(&w, &pkt, &rules), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	if (s->udp_translated)
		ck_assert_uint_eq(ct_nat_u16(&query, IP + UDP_SUM),
				  s->udp_translated);

	ct_nat_put(&query, IP + UDP_SUM, s->quote_udp);
	ct_nat_put(&query, IP_SUM, s->quote_ip);
	complain(&error, s->server, s->client, 3, &query, query.len);
	with_sums(&error, s->ip, s->icmp);
	pkt = ct_nat_pass(&w, &error, &rules);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert_int_eq(pkt.dir, CT_DIR_REPLY);
	ck_assert_uint_eq(get_addr(&error, 12), s->vip);
	ck_assert_uint_eq(ct_nat_u16(&error, IP_SUM), s->ip_out);
	ck_assert_uint_eq(ct_nat_u16(&error, ICMP_SUM), s->icmp_out);
	ck_assert_uint_eq(get_addr(&error, QUOTE + 16), s->vip);
	ck_assert_uint_eq(ct_nat_u16(&error, QUOTE_UDP + 2), s->vip_port);
	ck_assert_uint_eq(ct_nat_u16(&error, QUOTE_SUM), s->quote_ip_out);
	ck_assert_uint_eq(ct_nat_u16(&error, QUOTE_UDP + UDP_SUM),
			  s->quote_udp_out);
}

START_TEST(related_nat_has_the_known_sums)
{
	static const struct story story = {
		.client = 0xac100001, /* 172.16.0.1 */
		.vip = 0xac100002,
		.server = 0x01020304,
		.port = 41614,
		.vip_port = 5555,
		.server_port = 10000,
		.payload = 5,
		.udp = 0x2096,
		.quote_ip = 0x794a,
		.quote_udp = 0x8623, /* of a fragment's datagram */
		.ip = 0x9b67,
		.icmp = 0xad2d,
		.ip_out = 0xf35a,
		.icmp_out = 0x553a,
		.quote_ip_out = 0xd13d,
		.quote_udp_out = 0xef73,
	};

	port_unreachable(&story);
}
END_TEST

START_TEST(related_nat_with_a_single_port_has_the_known_sums)
{
	static const struct story story = {
		.client = 0x0a010101, /* 10.1.1.1 */
		.vip = 0x0a0101f0,
		.server = 0x0a010102,
		.port = 1234,
		.vip_port = 80,
		.server_port = 8080,
		.payload = 13,
		.udp = 0x6b24,
		.udp_translated = 0x4cd2,
		.quote_ip = 0xdffe,
		.quote_udp = 0x4cd2,
		.ip = 0xf9bc,
		.icmp = 0x1328,
		.ip_out = 0xf8ce,
		.icmp_out = 0x1416,
		.quote_ip_out = 0xdf10,
		.quote_udp_out = 0x6b24,
	};

	port_unreachable(&story);
}
END_TEST

#define CLIENT 0xc0a8140au /* 192.168.20.10 */
#define VIP    0xc0a81414u
#define SERVER 0xc0a80a14u /* 192.168.10.20 */
#define ROUTER 0xc0a81401u

/* A query to the VIP and its answer; both as the server's side has them. */
static void talk(const struct ct_test_rules *rules,
		 struct ct_test_packet *query, struct ct_test_packet *answer)
{
	struct ct_test_flow flow = flow4(CLIENT, 1, VIP, 2);
	struct ct_test_flow inside = flow4(CLIENT, 1, SERVER, 2);

	ct_test_udp(query, &flow, CT_DIR_ORIG, 10);
	ct_nat_put(query, IP + UDP_SUM, 0);
	ct_nat_pass(&w, query, rules);
	ct_test_udp(answer, &inside, CT_DIR_REPLY, 10);
	ct_nat_put(answer, IP + UDP_SUM, 0);
	ct_nat_pass(&w, answer, rules);
}

START_TEST(error_of_a_router_in_the_middle_about_the_answer)
{
	struct ct_nat_range to = ct_nat_to(SERVER);
	struct ct_test_rules rules = { .dst = &to };
	struct ct_test_packet query, answer, error;
	struct ct_pkt pkt;

	talk(&rules, &query, &answer); /* the answer has left as the VIP's */
	complain(&error, ROUTER, VIP, 11, &answer, answer.len);
	with_sums(&error, 0x1140, 0xf778);
	pkt = ct_nat_pass(&w, &error, &rules);
	ck_assert_int_eq(pkt.dir, CT_DIR_ORIG);
	ck_assert_uint_eq(get_addr(&error, 12), ROUTER);
	ck_assert_uint_eq(get_addr(&error, 16), SERVER);
	ck_assert_uint_eq(ct_nat_u16(&error, IP_SUM), 0x1b40);
	/* The quoted header's own sum makes up for its address. */
	ck_assert_uint_eq(ct_nat_u16(&error, ICMP_SUM), 0xf778);
	ck_assert_uint_eq(get_addr(&error, QUOTE + 12), SERVER);
	ck_assert_uint_eq(ct_nat_u16(&error, QUOTE_UDP + UDP_SUM), 0);
	ct_nat_sums_right(&error);
}
END_TEST

START_TEST(error_of_a_router_in_the_middle_about_the_query)
{
	struct ct_nat_range to = ct_nat_to(SERVER);
	struct ct_test_rules rules = { .dst = &to };
	struct ct_test_packet query, answer, error;
	struct ct_pkt pkt;

	talk(&rules, &query, &answer);
	complain(&error, ROUTER, CLIENT, 3, &query, query.len);
	pkt = ct_nat_pass(&w, &error, &rules);
	ck_assert_int_eq(pkt.dir, CT_DIR_REPLY);
	/* As Linux does: the client knows nobody but the VIP. */
	ck_assert_uint_eq(get_addr(&error, 12), VIP);
	ck_assert_uint_eq(get_addr(&error, 16), CLIENT);
	ck_assert_uint_eq(get_addr(&error, QUOTE + 16), VIP);
	ct_nat_sums_right(&error);
}
END_TEST

/* A masqueraded segment or datagram that has left. */
static void send_out(struct ct_test_packet *p, bool tcp,
		     const struct ct_test_rules *rules)
{
	static const struct ct_test_segment syn = { .flags = CT_TEST_SYN,
						    .win = 1000 };

	if (tcp)
		ct_test_tcp(p, &ct_test_flow4, CT_DIR_ORIG, &syn);
	else
		ct_test_udp(p, &ct_test_flow4, CT_DIR_ORIG, 20);
	ct_nat_pass(&w, p, rules);
}

START_TEST(quote_is_cut_at_every_length)
{
	struct ct_nat_range to = ct_nat_ports(ct_nat_to(VIP), 7000, 7000);
	struct ct_test_rules rules = { .src = &to };

	for (unsigned tcp = 0; tcp < 2; tcp++) {
		struct ct_test_packet out, error;

		send_out(&out, tcp, &rules);
		for (uint32_t len = IP + 4; len <= out.len; len++) {
			struct ct_pkt pkt;
			bool enough = len >= IP + 8;

			complain(&error, ROUTER, VIP, 11, &out, len);
			pkt = ct_test_pkt(&error);
			ck_assert_int_eq(ct_nat_step(&w, &pkt, &rules),
					 enough ? CT_ACCEPT : CT_DROP);
			ck_assert_int_eq(pkt.state, CT_RELATED);
			if (!enough) {
				ck_assert_uint_eq(pkt.reason,
						  CT_R_NAT_UNTRANSLATABLE);
				continue;
			}
			ck_assert_uint_eq(get_addr(&error, 16), 0x0a000002);
			ck_assert_uint_eq(get_addr(&error, QUOTE + 12),
					  0x0a000002);
			ck_assert_uint_eq(ct_nat_u16(&error, QUOTE_UDP), 40000);
			ct_nat_sums_right(&error);
		}
	}
}
END_TEST

START_TEST(redirects_about_translated_connections_are_dropped)
{
	struct ct_nat_range to = ct_nat_to(VIP);
	struct ct_test_rules rules = { .src = &to }, none = { 0 };
	struct ct_test_flow plain = ct_test_flow4;
	struct ct_test_packet out, error;
	struct ct_pkt pkt;

	send_out(&out, false, &rules);
	complain(&error, ROUTER, VIP, 5, &out, out.len);
	pkt = ct_test_pkt(&error);
	ck_assert_int_eq(ct_nat_step(&w, &pkt, &rules), CT_DROP);
	ck_assert_uint_eq(pkt.reason, CT_R_NAT_UNTRANSLATABLE);

	plain.sport++;
	ct_test_udp(&out, &plain, CT_DIR_ORIG, 20);
	ct_nat_pass(&w, &out, &none);
	complain(&error, ROUTER, 0x0a000002, 5, &out, out.len);
	ck_assert_int_eq(ct_nat_pass(&w, &error, &none).state, CT_RELATED);
}
END_TEST

START_TEST(error_over_ipv6_about_a_ping_with_another_id)
{
	struct ct_nat_range to = ct_nat_ports(ct_nat_to6(1), 77, 77);
	struct ct_test_rules rules = { .src = &to };
	const struct ct_test_icmp echo = { .type = 128, .id = 5 };
	struct ct_test_flow back = ct_test_flow6;
	struct ct_test_packet ping, error;
	struct ct_test_icmp unreachable = { .type = 1 };
	struct ct_pkt pkt;

	ct_test_icmp(&ping, &ct_test_flow6, CT_DIR_ORIG, &echo);
	ct_nat_pass(&w, &ping, &rules);
	ck_assert_uint_eq(ct_nat_u16(&ping, 44), 77);
	unreachable.rest = ping.bytes;
	unreachable.rest_len = ping.len;
	memcpy(back.src, &to.min_addr, 16);
	back.dst[15] = 99; /* a router's */
	ct_test_icmp(&error, &back, CT_DIR_REPLY, &unreachable);
	pkt = ct_nat_pass(&w, &error, &rules);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert_mem_eq(error.bytes + 24, ct_test_flow6.src, 16);
	ck_assert_mem_eq(error.bytes + 48 + 8, ct_test_flow6.src, 16);
	ck_assert_uint_eq(ct_nat_u16(&error, 48 + 44), 5);
	ct_nat_sums_right(&error);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("nat error flow");
	TCase *tc = tcase_create("nat error");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, related_nat_has_the_known_sums);
	tcase_add_test(tc, related_nat_with_a_single_port_has_the_known_sums);
	tcase_add_test(tc, error_of_a_router_in_the_middle_about_the_answer);
	tcase_add_test(tc, error_of_a_router_in_the_middle_about_the_query);
	tcase_add_test(tc, quote_is_cut_at_every_length);
	tcase_add_test(tc, redirects_about_translated_connections_are_dropped);
	tcase_add_test(tc, error_over_ipv6_about_a_ping_with_another_id);
	suite_add_tcase(suite, tc);
	return suite;
}
