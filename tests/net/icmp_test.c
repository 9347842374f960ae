/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * icmp_test.c - what tun-nat says itself: ICMP errors, answers to pings
 */
#include "icmp.h"
#include "suite.h"

#include <netinet/in.h>
#include <string.h>

enum { BIG = 2000 };

static const union ct_addr own4 = { .bytes = { 10, 0, 0, 1 } };
static const union ct_addr own6 = { .bytes = { 0xfd, [15] = 1 } };

struct packet {
	uint8_t data[BIG];
	struct ip ip;
};

static void finish(struct packet *packet, uint32_t len)
{
	uint8_t *data = packet->data;

	if (data[0] >> 4 == 4) {
		ip_put16(data + 10, 0);
		ip_put16(data + 10, ip_csum(0, data, IP4_HEADER));
	}
	ck_assert(ip_read(data, len, &packet->ip));
}

/* From 10.0.0.2 to 198.51.100.2, or the same with IPv6; an ICMP message of
 * that type if the protocol is ICMP. */
static void make(struct packet *packet, uint8_t l4, uint8_t type, uint32_t len)
{
	static const uint8_t addrs[] = { 10, 0, 0, 2, 198, 51, 100, 2 };
	bool v4 = l4 != IPPROTO_ICMPV6;
	uint8_t *data = packet->data;

	memset(packet, 0, sizeof(*packet));
	data[0] = v4 ? 0x45 : 0x60;
	ip_put16(data + (v4 ? 2 : 4), v4 ? len : len - IP6_HEADER);
	data[v4 ? 9 : 6] = l4;
	data[v4 ? 8 : 7] = 1;
	memcpy(data + (v4 ? 12 : 8), addrs, 4);
	memcpy(data + (v4 ? 16 : 24), addrs + 4, 4);
	for (uint32_t i = v4 ? IP4_HEADER : IP6_HEADER; i < len; i++)
		data[i] = (uint8_t)i;
	data[v4 ? IP4_HEADER : IP6_HEADER] = type;
	finish(packet, len);
}

static uint32_t tell(const struct packet *packet, enum icmp_error what,
		     uint8_t out[ICMP_ERROR_SIZE])
{
	return icmp_error_write(out, what, &packet->ip, packet->data,
				packet->ip.l3 == CT_L3_IPV4 ? &own4 : &own6,
				1400);
}

static void check_sums(const uint8_t *data, const struct ip *ip)
{
	const uint8_t *icmp = data + ip->hlen;
	uint32_t len = ip->len - ip->hlen;
	bool v4 = ip->l3 == CT_L3_IPV4;

	if (v4)
		ck_assert_uint_eq(ip_csum(0, data, ip->hlen), 0);
	ck_assert_uint_eq(ip_csum(v4 ? 0 : ip6_pseudo(data, len), icmp, len),
			  0);
}

/* --- Errors ------------------------------------------------------------- */

START_TEST(errors_quote_the_packet_to_its_sender)
{
	static const uint8_t wording[][2][2] = {
		[ICMP_TTL] = { { 11, 0 }, { 3, 0 } },
		[ICMP_TOO_BIG] = { { 3, 4 }, { 2, 0 } },
		[ICMP_NO_PORT] = { { 3, 3 }, { 1, 4 } },
	};
	bool v4 = _i < 3;
	enum icmp_error what = (enum icmp_error)(_i % 3);
	uint8_t out[ICMP_ERROR_SIZE];
	struct packet packet;
	struct ip ip;
	uint32_t len;

	make(&packet, v4 ? IPPROTO_UDP : IPPROTO_ICMPV6, 128, 100);
	len = tell(&packet, what, out);
	ck_assert(ip_read(out, len, &ip));
	ck_assert_uint_eq(ip.len, len);
	ck_assert_mem_eq(&ip.src, v4 ? &own4 : &own6, sizeof(ip.src));
	ck_assert_mem_eq(&ip.dst, &packet.ip.src, sizeof(ip.dst));
	ck_assert_mem_eq(out + ip.hlen, wording[what][!v4], 2);
	ck_assert_uint_eq(out[ip.hlen + 6] << 8 | out[ip.hlen + 7],
			  what == ICMP_TOO_BIG ? 1400 : 0);
	ck_assert_uint_eq(len, ip.hlen + 8u + 100);
	ck_assert_mem_eq(out + ip.hlen + 8, packet.data, 100);
	check_sums(out, &ip);
}
END_TEST

START_TEST(errors_quote_as_much_as_they_may)
{
	uint8_t out[ICMP_ERROR_SIZE];
	struct packet packet;

	make(&packet, IPPROTO_TCP, 0, BIG);
	ck_assert_uint_eq(tell(&packet, ICMP_TOO_BIG, out), 576);
	make(&packet, IPPROTO_ICMPV6, 128, BIG);
	ck_assert_uint_eq(tell(&packet, ICMP_TOO_BIG, out), 1280);
}
END_TEST

START_TEST(errors_are_not_answered_by_errors)
{
	static const uint8_t types[][2] = {
		{ IPPROTO_ICMP, 3 },     { IPPROTO_ICMP, 5 },
		{ IPPROTO_ICMP, 11 },    { IPPROTO_ICMP, 255 },
		{ IPPROTO_ICMPV6, 1 },   { IPPROTO_ICMPV6, 3 },
		{ IPPROTO_ICMPV6, 127 },
	};
	uint8_t out[ICMP_ERROR_SIZE];
	struct packet packet;

	make(&packet, types[_i][0], types[_i][1], 100);
	ck_assert_uint_eq(tell(&packet, ICMP_TTL, out), 0);
	make(&packet, IPPROTO_ICMP, 8, 100);
	ck_assert_uint_ne(tell(&packet, ICMP_TTL, out), 0);
}
END_TEST

START_TEST(nothing_is_told_to_or_about_many)
{
	uint8_t out[ICMP_ERROR_SIZE];
	struct packet packet;

	make(&packet, IPPROTO_UDP, 0, 100);
	packet.data[16] = 224;
	finish(&packet, 100);
	ck_assert_uint_eq(tell(&packet, ICMP_TTL, out), 0);
	make(&packet, IPPROTO_UDP, 0, 100);
	memset(packet.data + 12, 0xff, 4);
	finish(&packet, 100);
	ck_assert_uint_eq(tell(&packet, ICMP_TTL, out), 0);
	make(&packet, IPPROTO_UDP, 0, 100);
	packet.data[7] = 5; /* a later fragment */
	finish(&packet, 100);
	ck_assert_uint_eq(tell(&packet, ICMP_TTL, out), 0);
}
END_TEST

/* --- Pings -------------------------------------------------------------- */

START_TEST(pings_come_back)
{
	bool v4 = _i == 0;
	struct packet packet;
	struct ip ip;

	make(&packet, v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6, v4 ? 8 : 128, 99);
	ck_assert(icmp_echo_asked(&packet.ip, packet.data));
	icmp_echo_answer(&packet.ip, packet.data);
	ck_assert(ip_read(packet.data, 99, &ip));
	ck_assert_mem_eq(&ip.src, &packet.ip.dst, sizeof(ip.src));
	ck_assert_mem_eq(&ip.dst, &packet.ip.src, sizeof(ip.dst));
	ck_assert_uint_eq(packet.data[ip.hlen], v4 ? 0 : 129);
	ck_assert_uint_eq(packet.data[98], 98);
	check_sums(packet.data, &ip);
	ck_assert(!icmp_echo_asked(&ip, packet.data));
}
END_TEST

START_TEST(half_a_ping_is_none)
{
	struct packet packet;

	make(&packet, IPPROTO_ICMP, 8, IP4_HEADER + 7);
	ck_assert(!icmp_echo_asked(&packet.ip, packet.data));
	make(&packet, IPPROTO_UDP, 8, 100);
	ck_assert(!icmp_echo_asked(&packet.ip, packet.data));
}
END_TEST

/* --- Headers ------------------------------------------------------------ */

START_TEST(a_hop_less_keeps_the_checksum_right)
{
	struct packet packet;

	/* All identifications: so the checksum takes every value, too. */
	for (uint32_t id = 0; id <= 0xffff; id++) {
		make(&packet, IPPROTO_UDP, 0, 30);
		packet.data[8] = 64;
		ip_put16(packet.data + 4, id);
		finish(&packet, 30);
		ip_age(packet.data, &packet.ip);
		ck_assert_uint_eq(packet.data[8], 63);
		ck_assert_uint_eq(ip_csum(0, packet.data, IP4_HEADER), 0);
	}
}
END_TEST

START_TEST(broken_headers_are_none)
{
	struct packet packet;
	struct ip ip;

	for (uint32_t len = 0; len < 100; len++) {
		make(&packet, IPPROTO_UDP, 0, 100);
		ck_assert(!ip_read(packet.data, len, &ip));
		make(&packet, IPPROTO_ICMPV6, 128, 100);
		ck_assert(!ip_read(packet.data, len, &ip));
	}
	packet.data[0] = 0x44;
	ck_assert(!ip_read(packet.data, 100, &ip));
	packet.data[0] = 0x50;
	ck_assert(!ip_read(packet.data, 100, &ip));
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("icmp");
	TCase *tc = tcase_create("icmp");

	tcase_add_loop_test(tc, errors_quote_the_packet_to_its_sender, 0, 6);
	tcase_add_test(tc, errors_quote_as_much_as_they_may);
	tcase_add_loop_test(tc, errors_are_not_answered_by_errors, 0, 7);
	tcase_add_test(tc, nothing_is_told_to_or_about_many);
	tcase_add_loop_test(tc, pings_come_back, 0, 2);
	tcase_add_test(tc, half_a_ping_is_none);
	tcase_add_test(tc, a_hop_less_keeps_the_checksum_right);
	tcase_add_test(tc, broken_headers_are_none);
	suite_add_tcase(suite, tc);
	return suite;
}
