/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMP errors through NAT64: translated outside and inside, by the tables of
 * RFC 7915 4.2 and 5.2.
 */
#include "nat64.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { V4 = 20, V6 = 40, ICMP = 8, V4_SUM = 10, UDP = 17 };
enum { QUOTE4 = V4 + ICMP, QUOTE6 = V6 + ICMP };

static const uint8_t router4[4] = { 192, 0, 2, 99 };

static struct ct_world w;
static struct ct_test_nat64 by;
static struct ct_test_flow inside;

static void setup(void)
{
	ct_test_start64(&w, &by, &inside);
}

static void teardown(void)
{
	ct_test_end64(&w);
}

/* An error and what stands in its bytes 4 to 7. */
struct complaint {
	uint8_t type;
	uint8_t code;
	uint32_t rest;
};

/* A datagram that has left to the server; as the server has it. */
static void send_out(struct ct_test_packet *p, uint32_t len)
{
	ct_test_udp(p, &inside, CT_DIR_ORIG, len);
	ct_test_cross_pass(&w, p, &by);
}

/* A datagram of the server's; as the client has it. */
static void send_back(struct ct_test_packet *p, uint32_t len)
{
	ct_test_udp(p, &ct_test_outside, CT_DIR_REPLY, len);
	ct_test_cross_pass(&w, p, &by);
}

static void complain(struct ct_test_packet *p, const struct ct_test_flow *flow,
		     const struct complaint *what,
		     const struct ct_test_packet *about, uint32_t len)
{
	const struct ct_test_icmp error = { .type = what->type,
					    .code = what->code,
					    .rest = about->bytes,
					    .rest_len = len };
	uint32_t at = flow->l3 == CT_L3_IPV4 ? V4 : V6;

	ct_test_icmp(p, flow, CT_DIR_ORIG, &error);
	ct_nat_put(p, at + 4, (uint16_t)(what->rest >> 16));
	ct_nat_put(p, at + 6, (uint16_t)what->rest);
	ct_test_sum(p);
}

/* From a router on the IPv4 side, to us, about what we sent. */
static void complain4(struct ct_test_packet *p, const struct complaint *what,
		      const struct ct_test_packet *about, uint32_t len)
{
	struct ct_test_flow flow = { .l3 = CT_L3_IPV4 };

	memcpy(flow.src, router4, 4);
	memcpy(flow.dst, ct_test_outside.src, 4);
	complain(p, &flow, what, about, len);
}

/* From a router on the IPv6 side, to the server. */
static void complain6(struct ct_test_packet *p, const struct complaint *what,
		      const struct ct_test_packet *about, uint32_t len)
{
	struct ct_test_flow flow = inside;

	flow.src[15] = 0xfe;
	complain(p, &flow, what, about, len);
}

static uint32_t rest_of(const struct ct_test_packet *p)
{
	uint32_t at = ct_test_l4_off(p) + 4;

	return (uint32_t)ct_nat_u16(p, at) << 16 | ct_nat_u16(p, at + 2);
}

/* It was dropped, and says why. */
static void assert_dropped(struct ct_test_packet *p)
{
	struct ct_pkt pkt;

	ck_assert_int_eq(ct_test_cross(&w, p, &by, &pkt), CT_DROP);
	ck_assert_uint_eq(pkt.reason, CT_R_NAT_UNTRANSLATABLE);
}

START_TEST(rfc7915_4_3_quoted_packet_is_the_senders)
{
	static const struct complaint ttl = { .type = 11 };
	struct ct_test_packet out, error, sent;
	union ct_addr router = { .bytes = { 192, 0, 2, 99 } }, v6;
	struct ct_pkt pkt;

	send_out(&out, 33);
	complain4(&error, &ttl, &out, out.len);
	pkt = ct_test_cross_pass(&w, &error, &by);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert_uint_eq(pkt.l4_off, V6);
	ck_assert_uint_eq(pkt.l4_len, error.len - V6);
	ct_nat_sums_right(&error);
	/* The router in the prefix, to the client. */
	ck_assert_int_eq(ct_nat64_embed(&by.nat64, &router, &v6), 0);
	ck_assert_mem_eq(error.bytes + 8, v6.bytes, 16);
	ck_assert_mem_eq(error.bytes + 24, inside.src, 16);
	ck_assert_uint_eq(error.bytes[V6], 3);
	/* And the packet that the client sent, to the last byte. */
	ct_test_udp(&sent, &inside, CT_DIR_ORIG, 33);
	ck_assert_uint_eq(error.len, QUOTE6 + sent.len);
	ck_assert_mem_eq(error.bytes + QUOTE6, sent.bytes, sent.len);
}
END_TEST

START_TEST(rfc7915_5_3_quoted_packet_is_the_senders)
{
	static const struct complaint closed = { .type = 1, .code = 4 };
	struct ct_test_packet out, back, error, sent;
	struct ct_pkt pkt;

	send_out(&out, 1);
	send_back(&back, 33);
	complain6(&error, &closed, &back, back.len);
	pkt = ct_test_cross_pass(&w, &error, &by);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ct_nat_sums_right(&error);
	/* IPv4 has no address for the router but ours. */
	ck_assert_mem_eq(error.bytes + 12, ct_test_outside.src, 4);
	ck_assert_mem_eq(error.bytes + 16, ct_test_outside.dst, 4);
	ck_assert_uint_eq(ct_nat_u16(&error, V4), 0x0303);
	ct_test_udp(&sent, &ct_test_outside, CT_DIR_REPLY, 33);
	ck_assert_uint_eq(error.len, QUOTE4 + sent.len);
	ck_assert_mem_eq(error.bytes + QUOTE4, sent.bytes, sent.len);
}
END_TEST

START_TEST(rfc7915_4_2_types_and_codes)
{
	static const struct {
		struct complaint in, out;
	} table[] = {
		{ { 3, 0, 0 }, { 1, 0, 0 } },
		{ { 3, 1, 0 }, { 1, 0, 0 } },
		{ { 3, 2, 0 }, { 4, 1, 6 } },
		{ { 3, 3, 0 }, { 1, 4, 0 } },
		{ { 3, 5, 0 }, { 1, 0, 0 } },
		{ { 3, 6, 0 }, { 1, 0, 0 } },
		{ { 3, 7, 0 }, { 1, 0, 0 } },
		{ { 3, 8, 0 }, { 1, 0, 0 } },
		{ { 3, 9, 0 }, { 1, 1, 0 } },
		{ { 3, 10, 0 }, { 1, 1, 0 } },
		{ { 3, 11, 0 }, { 1, 0, 0 } },
		{ { 3, 12, 0 }, { 1, 0, 0 } },
		{ { 3, 13, 0 }, { 1, 1, 0 } },
		{ { 3, 15, 0 }, { 1, 1, 0 } },
		{ { 11, 0, 0 }, { 3, 0, 0 } },
		{ { 11, 1, 0 }, { 3, 1, 0 } },
		{ { 12, 0, 0 }, { 4, 0, 0 } },
		/* Pointers: bytes 4 and, in ICMPv6, 4 to 7. */
		{ { 12, 0, 1u << 24 }, { 4, 0, 1 } },
		{ { 12, 0, 2u << 24 }, { 4, 0, 4 } },
		{ { 12, 2, 3u << 24 }, { 4, 0, 4 } },
		{ { 12, 0, 8u << 24 }, { 4, 0, 7 } },
		{ { 12, 0, 9u << 24 }, { 4, 0, 6 } },
		{ { 12, 0, 12u << 24 }, { 4, 0, 8 } },
		{ { 12, 0, 15u << 24 }, { 4, 0, 8 } },
		{ { 12, 0, 19u << 24 }, { 4, 0, 24 } },
		/* What RFC 4884 says of the quote's length is not kept. */
		{ { 11, 0, 32u << 16 }, { 3, 0, 0 } },
	};
	struct ct_test_packet out, error;

	send_out(&out, 33);
	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		complain4(&error, &table[i].in, &out, out.len);
		ct_test_cross_pass(&w, &error, &by);
		ck_assert_uint_eq(error.bytes[V6], table[i].out.type);
		ck_assert_uint_eq(error.bytes[V6 + 1], table[i].out.code);
		ck_assert_uint_eq(rest_of(&error), table[i].out.rest);
		ct_nat_sums_right(&error);
	}
}
END_TEST

START_TEST(rfc7915_4_2_what_ipv6_does_not_have_is_dropped)
{
	static const struct complaint table[] = {
		{ 3, 14, 0 },        { 3, 16, 0 },         { 4, 0, 0 },
		{ 5, 1, 0 },         { 12, 1, 0 },         { 12, 0, 4u << 24 },
		{ 12, 0, 7u << 24 }, { 12, 0, 10u << 24 }, { 12, 0, 20u << 24 },
	};
	struct ct_test_packet out, error;

	send_out(&out, 33);
	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		complain4(&error, &table[i], &out, out.len);
		assert_dropped(&error);
	}
}
END_TEST

START_TEST(rfc7915_5_2_types_and_codes)
{
	static const struct {
		struct complaint in, out;
	} table[] = {
		{ { 1, 0, 0 }, { 3, 1, 0 } },
		{ { 1, 1, 0 }, { 3, 10, 0 } },
		{ { 1, 2, 0 }, { 3, 1, 0 } },
		{ { 1, 3, 0 }, { 3, 1, 0 } },
		{ { 1, 4, 0 }, { 3, 3, 0 } },
		{ { 3, 0, 0 }, { 11, 0, 0 } },
		{ { 3, 1, 0 }, { 11, 1, 0 } },
		{ { 4, 1, 6 }, { 3, 2, 0 } },
		{ { 4, 0, 0 }, { 12, 0, 0 } },
		{ { 4, 0, 1 }, { 12, 0, 1u << 24 } },
		{ { 4, 0, 5 }, { 12, 0, 2u << 24 } },
		{ { 4, 0, 6 }, { 12, 0, 9u << 24 } },
		{ { 4, 0, 7 }, { 12, 0, 8u << 24 } },
		{ { 4, 0, 8 }, { 12, 0, 12u << 24 } },
		{ { 4, 0, 23 }, { 12, 0, 12u << 24 } },
		{ { 4, 0, 39 }, { 12, 0, 16u << 24 } },
	};
	struct ct_test_packet out, back, error;

	send_out(&out, 1);
	send_back(&back, 33);
	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		complain6(&error, &table[i].in, &back, back.len);
		ct_test_cross_pass(&w, &error, &by);
		ck_assert_uint_eq(error.bytes[V4], table[i].out.type);
		ck_assert_uint_eq(error.bytes[V4 + 1], table[i].out.code);
		ck_assert_uint_eq(rest_of(&error), table[i].out.rest);
		ct_nat_sums_right(&error);
	}
}
END_TEST

START_TEST(rfc7915_5_2_what_ipv4_does_not_have_is_dropped)
{
	static const struct complaint table[] = {
		{ 1, 5, 0 }, { 1, 6, 0 },  { 4, 2, 0 },          { 4, 0, 2 },
		{ 4, 0, 3 }, { 4, 0, 40 }, { 4, 0, UINT32_MAX }, { 100, 0, 0 },
	};
	struct ct_test_packet out, back, error;

	send_out(&out, 1);
	send_back(&back, 33);
	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		complain6(&error, &table[i], &back, back.len);
		assert_dropped(&error);
	}
}
END_TEST

static uint32_t mtu_to_v6(uint32_t mtu, const struct ct_test_packet *out)
{
	const struct complaint big = { .type = 3, .code = 4, .rest = mtu };
	struct ct_test_packet error;

	complain4(&error, &big, out, V4 + 8);
	ct_test_cross_pass(&w, &error, &by);
	ck_assert_uint_eq(ct_nat_u16(&error, V6), 0x0200);
	return rest_of(&error);
}

START_TEST(rfc7915_4_2_mtu_grows_by_the_header)
{
	struct ct_test_packet out;

	send_out(&out, 1470);
	ck_assert_uint_eq(mtu_to_v6(1400, &out), 1420);
	ck_assert_uint_eq(mtu_to_v6(1260, &out), 1280);
	ck_assert_uint_eq(mtu_to_v6(576, &out), 1280); /* never below */
	ck_assert_uint_eq(mtu_to_v6(65535, &out), 65555);
}
END_TEST

START_TEST(rfc7915_4_2_mtu_of_zero_is_guessed)
{
	struct ct_test_packet out;

	send_out(&out, 1470); /* 1498 bytes: the plateau below is 1492 */
	ck_assert_uint_eq(mtu_to_v6(0, &out), 1512);
	send_out(&out, 2000);
	ck_assert_uint_eq(mtu_to_v6(0, &out), 2022);
	send_out(&out, 1400); /* the plateaus below 1492 are below 1280 */
	ck_assert_uint_eq(mtu_to_v6(0, &out), 1280);
}
END_TEST

static uint32_t mtu_to_v4(uint32_t mtu, const struct ct_test_packet *back)
{
	const struct complaint big = { .type = 2, .rest = mtu };
	struct ct_test_packet error;

	complain6(&error, &big, back, back->len < 600 ? back->len : 600);
	ct_test_cross_pass(&w, &error, &by);
	ck_assert_uint_eq(ct_nat_u16(&error, V4), 0x0304);
	return rest_of(&error);
}

START_TEST(rfc7915_5_2_mtu_shrinks_by_the_header)
{
	static const uint8_t atomic[8] = { UDP };
	struct ct_test_packet out, back;

	send_out(&out, 1);
	send_back(&back, 1470);
	ck_assert_uint_eq(mtu_to_v4(1400, &back), 1380);
	ck_assert_uint_eq(mtu_to_v4(UINT32_MAX, &back), 65535);
	ck_assert_uint_eq(mtu_to_v4(5, &back), 68);
	/* And by a fragment header, if that packet had one. */
	memmove(back.bytes + V6 + 8, back.bytes + V6, 300);
	memcpy(back.bytes + V6, atomic, sizeof(atomic));
	back.bytes[6] = 44;
	back.len = 300;
	ck_assert_uint_eq(mtu_to_v4(1400, &back), 1372);
}
END_TEST

/* From eight bytes of UDP on, as RFC 792 has it. */
START_TEST(quote_is_cut_at_every_length)
{
	static const struct complaint ttl = { .type = 11 },
				      time = { .type = 3 };
	struct ct_test_packet out, back, error;
	struct ct_pkt pkt;

	send_out(&out, 33);
	send_back(&back, 33);
	for (uint32_t len = 0; len <= out.len; len++) {
		complain4(&error, &ttl, &out, len);
		if (ct_test_cross(&w, &error, &by, &pkt) == CT_ACCEPT &&
		    pkt.state == CT_RELATED) {
			ck_assert_uint_ge(len, V4 + 8);
			ck_assert_uint_eq(error.len, QUOTE6 + len - V4 + V6);
			ct_nat_sums_right(&error);
		} else {
			ck_assert_uint_lt(len, V4 + 8);
		}
	}
	for (uint32_t len = 0; len <= back.len; len++) {
		complain6(&error, &time, &back, len);
		if (ct_test_cross(&w, &error, &by, &pkt) == CT_ACCEPT &&
		    pkt.state == CT_RELATED) {
			ck_assert_uint_ge(len, V6 + 8);
			ck_assert_uint_eq(error.len, QUOTE4 + len - V6 + V4);
			ct_nat_sums_right(&error);
		} else {
			ck_assert_uint_lt(len, V6 + 8);
		}
	}
}
END_TEST

START_TEST(quoted_echo_has_its_own_id_and_type)
{
	static const struct complaint ttl = { .type = 11 };
	struct ct_test_icmp echo = { .type = 128, .id = 5 };
	struct ct_test_packet out, sent, error;

	by.v4 = ct_nat_ports(by.v4, 700, 700);
	ct_test_icmp(&sent, &inside, CT_DIR_ORIG, &echo);
	out = sent;
	ct_test_cross_pass(&w, &out, &by);
	ck_assert_uint_eq(ct_nat_u16(&out, V4 + 4), 700);
	complain4(&error, &ttl, &out, out.len);
	ct_test_cross_pass(&w, &error, &by);
	ct_nat_sums_right(&error);
	ck_assert_mem_eq(error.bytes + QUOTE6, sent.bytes, sent.len);
}
END_TEST

/* The quoted datagram had no sum, and not all of it is there to make one. */
START_TEST(rfc7915_4_3_quoted_sum_of_zero_stays)
{
	static const struct complaint closed = { .type = 3, .code = 3 };
	struct ct_test_packet out, error;

	send_out(&out, 33);
	ct_nat_put(&out, V4 + 6, 0);
	complain4(&error, &closed, &out, out.len);
	ct_test_cross_pass(&w, &error, &by);
	ct_nat_sums_right(&error);
	ck_assert_uint_eq(ct_nat_u16(&error, QUOTE6 + V6 + 6), 0);
}
END_TEST

/* A router cut the packet before it complained: the first fragment. */
START_TEST(rfc7915_4_3_quoted_fragment_gets_its_header)
{
	static const struct complaint ttl = { .type = 11, .code = 1 };
	struct ct_test_packet out, error;

	send_out(&out, 400);
	ct_nat_put(&out, 4, 0xabcd);
	ct_nat_put(&out, 6, 0x2000);
	ct_nat_put(&out, 2, V4 + 64);
	ct_nat_balance(&out, 0, V4, V4_SUM);
	complain4(&error, &ttl, &out, V4 + 64);
	by.headroom = CT_NAT64_ROOM; /* all of it is needed */
	ck_assert_uint_eq(ct_test_cross_pass(&w, &error, &by).headroom, 0);
	ct_nat_sums_right(&error);
	ck_assert_uint_eq(ct_nat_u16(&error, QUOTE6 + 4), 8 + 64);
	ck_assert_uint_eq(error.bytes[QUOTE6 + 6], 44);
	ck_assert_uint_eq(error.bytes[QUOTE6 + V6], UDP);
	ck_assert_uint_eq(ct_nat_u16(&error, QUOTE6 + V6 + 2), 1);
	ck_assert_uint_eq(ct_nat_u16(&error, QUOTE6 + V6 + 4), 0);
	ck_assert_uint_eq(ct_nat_u16(&error, QUOTE6 + V6 + 6), 0xabcd);
	ck_assert_uint_eq(ct_nat_u16(&error, QUOTE6 + V6 + 8), 40000);
}
END_TEST

START_TEST(rfc7915_4_3_error_about_an_error_is_nobodys)
{
	static const struct complaint ttl = { .type = 11 };
	struct ct_test_packet out, error, again;
	struct ct_pkt pkt;

	send_out(&out, 33);
	complain4(&error, &ttl, &out, out.len);
	complain4(&again, &ttl, &error, error.len);
	ck_assert_int_eq(ct_test_cross(&w, &again, &by, &pkt), CT_ACCEPT);
	ck_assert_int_eq(pkt.state, CT_INVALID);
	ck_assert_ptr_null(pkt.conn);
	ck_assert_int_eq(again.l3, CT_L3_IPV4); /* leak-proof tables drop it */
}
END_TEST

START_TEST(options_of_a_quoted_header_are_left_out)
{
	static const struct complaint ttl = { .type = 11 };
	struct ct_test_packet out, error, sent;

	send_out(&out, 33);
	memmove(out.bytes + V4 + 4, out.bytes + V4, out.len - V4);
	memset(out.bytes + V4, 1, 4);
	out.len += 4;
	out.bytes[0] = 0x46;
	ct_nat_put(&out, 2, (uint16_t)out.len);
	complain4(&error, &ttl, &out, out.len);
	ct_test_cross_pass(&w, &error, &by);
	ct_nat_sums_right(&error);
	ct_test_udp(&sent, &inside, CT_DIR_ORIG, 33);
	ck_assert_mem_eq(error.bytes + QUOTE6, sent.bytes, sent.len);
}
END_TEST

START_TEST(errors_change_no_connection)
{
	static const struct complaint closed = { .type = 3, .code = 3 };
	struct ct_test_packet out, error;
	struct ct_conn *conn;

	ct_test_udp(&out, &inside, CT_DIR_ORIG, 9);
	conn = ct_test_cross_pass(&w, &out, &by).conn;
	ct_conn_get(conn);
	ct_world_wait(&w, 20 * CT_WORLD_S);
	complain4(&error, &closed, &out, out.len);
	ck_assert_ptr_eq(ct_test_cross_pass(&w, &error, &by).conn, conn);
	ck_assert_uint_eq(ct_conn_expires(w.thr, conn), 10);
	ck_assert(!(ct_conn_status(conn) & CT_S_SEEN_REPLY));
	ct_conn_put(w.tbl, conn);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("nat64 error flow");
	TCase *tc = tcase_create("errors");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, rfc7915_4_3_quoted_packet_is_the_senders);
	tcase_add_test(tc, rfc7915_5_3_quoted_packet_is_the_senders);
	tcase_add_test(tc, rfc7915_4_2_types_and_codes);
	tcase_add_test(tc, rfc7915_4_2_what_ipv6_does_not_have_is_dropped);
	tcase_add_test(tc, rfc7915_5_2_types_and_codes);
	tcase_add_test(tc, rfc7915_5_2_what_ipv4_does_not_have_is_dropped);
	tcase_add_test(tc, rfc7915_4_2_mtu_grows_by_the_header);
	tcase_add_test(tc, rfc7915_4_2_mtu_of_zero_is_guessed);
	tcase_add_test(tc, rfc7915_5_2_mtu_shrinks_by_the_header);
	tcase_add_test(tc, quote_is_cut_at_every_length);
	tcase_add_test(tc, quoted_echo_has_its_own_id_and_type);
	tcase_add_test(tc, rfc7915_4_3_quoted_sum_of_zero_stays);
	tcase_add_test(tc, rfc7915_4_3_quoted_fragment_gets_its_header);
	tcase_add_test(tc, rfc7915_4_3_error_about_an_error_is_nobodys);
	tcase_add_test(tc, options_of_a_quoted_header_are_left_out);
	tcase_add_test(tc, errors_change_no_connection);
	suite_add_tcase(suite, tc);
	return suite;
}
