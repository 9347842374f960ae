/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NAT64: packets between IPv6 and IPv4 (RFC 7915).  Errors are in
 * nat64_error_flow.c, mappings in nat64_mapping_flow.c.
 */
#include "nat64.h"
#include "suite.h"

#include <string.h>

enum {
	V4 = 20,
	V6 = 40,
	V4_TOS = 1,
	V4_LEN = 2,
	V4_ID = 4,
	V4_FRAG = 6,
	V4_TTL = 8,
	V4_SUM = 10,
	DF = 0x4000
};

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

static struct ct_pkt pass(struct ct_test_packet *p)
{
	return ct_test_cross_pass(&w, p, &by);
}

/* --- Packets ------------------------------------------------------------ */

START_TEST(rfc7915_udp_there_and_back)
{
	struct ct_test_packet p, want;
	struct ct_pkt pkt;

	ct_test_udp(&p, &inside, CT_DIR_ORIG, 33);
	pkt = pass(&p);
	ck_assert_int_eq(pkt.l3, CT_L3_IPV4);
	ck_assert_uint_eq(pkt.l4_off, V4);
	ck_assert_uint_eq(pkt.headroom, CT_NAT64_ROOM + V6 - V4);
	ct_nat_sums_right(&p);
	ct_test_udp(&want, &ct_test_outside, CT_DIR_ORIG, 33);
	ct_test_same_but_id(&p, &want);

	ct_test_udp(&p, &ct_test_outside, CT_DIR_REPLY, 7);
	pkt = pass(&p);
	ck_assert_int_eq(pkt.dir, CT_DIR_REPLY);
	ck_assert_int_eq(pkt.state, CT_ESTABLISHED);
	ck_assert_uint_eq(pkt.l4_off, V6);
	ct_test_udp(&want, &inside, CT_DIR_REPLY, 7);
	ct_test_same(&p, &want);
}
END_TEST

/* A handshake, data, and the end: the tracker sees one connection. */
START_TEST(rfc6146_3_5_2_tcp_is_followed_over_both)
{
	static const struct {
		enum ct_dir dir;
		struct ct_test_segment seg;
		const char *state;
	} talk[] = {
		{ CT_DIR_ORIG,
		  { .flags = CT_TEST_SYN, .win = 9, .seq = 1 },
		  "SYN_SENT" },
		{ CT_DIR_REPLY,
		  { .flags = CT_TEST_SYN | CT_TEST_ACK,
		    .win = 9000,
		    .seq = 70,
		    .ack = 2 },
		  "SYN_RECV" },
		{ CT_DIR_ORIG,
		  { .flags = CT_TEST_ACK, .win = 9000, .seq = 2, .ack = 71 },
		  "ESTABLISHED" },
		{ CT_DIR_ORIG,
		  { .flags = CT_TEST_ACK,
		    .win = 9000,
		    .seq = 2,
		    .ack = 71,
		    .len = 55 },
		  "ESTABLISHED" },
		{ CT_DIR_REPLY,
		  { .flags = CT_TEST_ACK,
		    .win = 9000,
		    .seq = 71,
		    .ack = 57,
		    .len = 1400 },
		  "ESTABLISHED" },
		{ CT_DIR_ORIG,
		  { .flags = CT_TEST_FIN | CT_TEST_ACK,
		    .win = 9000,
		    .seq = 57,
		    .ack = 1471 },
		  "FIN_WAIT" },
		{ CT_DIR_REPLY,
		  { .flags = CT_TEST_FIN | CT_TEST_ACK,
		    .win = 9000,
		    .seq = 1471,
		    .ack = 58 },
		  "LAST_ACK" },
		{ CT_DIR_ORIG,
		  { .flags = CT_TEST_ACK, .win = 9000, .seq = 58, .ack = 1472 },
		  "TIME_WAIT" },
	};

	for (unsigned i = 0; i < sizeof(talk) / sizeof(talk[0]); i++) {
		bool out = talk[i].dir == CT_DIR_ORIG;
		struct ct_test_packet p, want;
		struct ct_pkt pkt;

		ct_test_tcp(&p, out ? &inside : &ct_test_outside, talk[i].dir,
			    &talk[i].seg);
		pkt = pass(&p);
		ck_assert_str_eq(ct_conn_state_name(w.tbl, pkt.conn),
				 talk[i].state);
		ct_nat_sums_right(&p);
		ct_test_tcp(&want, out ? &ct_test_outside : &inside,
			    talk[i].dir, &talk[i].seg);
		if (out)
			ct_test_same_but_id(&p, &want);
		else
			ct_test_same(&p, &want);
	}
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

START_TEST(rfc7915_4_2_echo_there_and_back)
{
	static const uint8_t data[] = "how far is it?";
	struct ct_test_icmp echo = {
		.type = 128, .id = 4711, .rest = data, .rest_len = sizeof(data)
	};
	struct ct_test_packet p, want;
	struct ct_pkt pkt;

	ct_test_icmp(&p, &inside, CT_DIR_ORIG, &echo);
	pkt = pass(&p);
	ck_assert_int_eq(pkt.l4, 1);
	echo.type = 8;
	ct_test_icmp(&want, &ct_test_outside, CT_DIR_ORIG, &echo);
	ct_test_same_but_id(&p, &want);

	echo.type = 0;
	ct_test_icmp(&p, &ct_test_outside, CT_DIR_REPLY, &echo);
	pkt = pass(&p);
	ck_assert_int_eq(pkt.state, CT_ESTABLISHED);
	echo.type = 129;
	ct_test_icmp(&want, &inside, CT_DIR_REPLY, &echo);
	ct_test_same(&p, &want);
}
END_TEST

START_TEST(rfc6146_3_5_3_two_hosts_with_one_id_are_told_apart)
{
	struct ct_test_icmp echo = { .type = 128, .id = 5 };
	struct ct_test_flow other = inside;
	struct ct_test_packet p;
	uint16_t id;

	ct_test_icmp(&p, &inside, CT_DIR_ORIG, &echo);
	pass(&p);
	ck_assert_uint_eq(ct_nat_u16(&p, V4 + 4), 5);
	other.src[15] = 3;
	ct_test_icmp(&p, &other, CT_DIR_ORIG, &echo);
	pass(&p);
	id = ct_nat_u16(&p, V4 + 4);
	ck_assert_uint_ne(id, 5);

	echo = (struct ct_test_icmp){ .type = 0, .id = id };
	ct_test_icmp(&p, &ct_test_outside, CT_DIR_REPLY, &echo);
	pass(&p);
	ck_assert_mem_eq(p.bytes + 24, other.src, 16);
	ck_assert_uint_eq(ct_nat_u16(&p, V6 + 4), 5);
}
END_TEST

/* Every length of prefix that RFC 6052 knows. */
START_TEST(rfc6052_prefixes_of_all_lengths)
{
	static const uint8_t lens[] = { 32, 40, 48, 56, 64, 96 };

	for (unsigned i = 0; i < sizeof(lens); i++) {
		struct ct_test_packet p, want;

		by.nat64.prefix_len = lens[i];
		ct_test_addr6(by.nat64.prefix.bytes, 0x20010db8, 0, 0, 0);
		by.nat64.prefix
			.bytes[lens[i] / 8 - 1 - (lens[i] == 96 ? 2 : 0)] |=
			0x40;
		inside = ct_test_flow64(&by);
		inside.sport++;
		ct_test_udp(&p, &inside, CT_DIR_ORIG, 1);
		pass(&p);
		ck_assert_mem_eq(p.bytes + 16, ct_test_outside.dst, 4);
		inside.sport = ct_nat_u16(&p, V4);
		ct_test_udp(&p, &ct_test_outside, CT_DIR_REPLY, 1);
		ct_nat_put(&p, V4 + 2, inside.sport);
		ct_test_sum(&p);
		pass(&p);
		inside.sport = ct_nat_u16(&p, V6 + 2);
		ct_test_udp(&want, &inside, CT_DIR_REPLY, 1);
		ct_test_same(&p, &want);
	}
}
END_TEST

/* --- Header fields ------------------------------------------------------ */

START_TEST(rfc7915_5_1_traffic_class_and_hop_limit_are_kept)
{
	struct ct_test_packet p;

	ct_test_udp(&p, &inside, CT_DIR_ORIG, 9);
	p.bytes[0] = 0x6b; /* class 0xb8 */
	p.bytes[1] = 0x8f; /* and a flow label */
	p.bytes[7] = 17;
	pass(&p);
	ck_assert_uint_eq(p.bytes[V4_TOS], 0xb8);
	ck_assert_uint_eq(p.bytes[V4_TTL], 17);

	ct_test_udp(&p, &ct_test_outside, CT_DIR_REPLY, 9);
	p.bytes[V4_TOS] = 0x2e;
	p.bytes[V4_TTL] = 3;
	pass(&p);
	ck_assert_uint_eq(ct_nat_u16(&p, 0), 0x62e0);
	ck_assert_uint_eq(ct_nat_u16(&p, 2), 0);
	ck_assert_uint_eq(p.bytes[7], 3);
}
END_TEST

START_TEST(rfc7915_5_1_dont_fragment_only_above_1260)
{
	struct ct_test_packet p;
	uint16_t ids[2];

	ct_test_udp(&p, &inside, CT_DIR_ORIG, 1260 - V4 - 8);
	pass(&p);
	ck_assert_uint_eq(ct_nat_u16(&p, V4_LEN), 1260);
	ck_assert_uint_eq(ct_nat_u16(&p, V4_FRAG), 0);
	ids[0] = ct_nat_u16(&p, V4_ID);
	ct_test_udp(&p, &inside, CT_DIR_ORIG, 1261 - V4 - 8);
	pass(&p);
	ck_assert_uint_eq(ct_nat_u16(&p, V4_FRAG), DF);
	ids[1] = ct_nat_u16(&p, V4_ID);
	ck_assert_uint_ne(ids[0], ids[1]);
	ct_nat_sums_right(&p);
}
END_TEST

START_TEST(rfc7915_4_1_no_fragment_header_without_fragments)
{
	struct ct_test_packet p, want;

	ct_test_udp(&p, &inside, CT_DIR_ORIG, 9);
	pass(&p);
	for (unsigned df = 0; df < 2; df++) {
		ct_test_udp(&p, &ct_test_outside, CT_DIR_REPLY, 9);
		ct_nat_put(&p, V4_FRAG, df ? DF : 0);
		pass(&p);
		ct_test_udp(&want, &inside, CT_DIR_REPLY, 9);
		ct_test_same(&p, &want);
	}
}
END_TEST

/* Put bytes between the IPv6 header and what follows it. */
static void extend(struct ct_test_packet *p, uint8_t type, const void *ext,
		   uint32_t len)
{
	memmove(p->bytes + V6 + len, p->bytes + V6, p->len - V6);
	memcpy(p->bytes + V6, ext, len);
	p->bytes[V6] = p->bytes[6];
	p->bytes[6] = type;
	p->len += len;
	ct_nat_put(p, 4, (uint16_t)(p->len - V6));
}

START_TEST(rfc7915_5_1_1_atomic_fragment_gives_its_id)
{
	static const uint8_t atomic[8] = { 0, 0, 0, 0, 0xaa, 0xbb, 0x12, 0x34 };
	struct ct_test_packet p;

	/* Not put together: RFC 6946. */
	ck_assert_int_eq(ct_param_set(w.tbl, "frag.atomic_joins", 0), 0);
	ct_test_udp(&p, &inside, CT_DIR_ORIG, 1300);
	extend(&p, 44, atomic, sizeof(atomic));
	pass(&p);
	ck_assert_uint_eq(ct_nat_u16(&p, V4_ID), 0x1234);
	ck_assert_uint_eq(ct_nat_u16(&p, V4_FRAG), 0);
	ck_assert_uint_eq(ct_nat_u16(&p, V4_LEN), V4 + 8 + 1300);
	ct_nat_sums_right(&p);
}
END_TEST

START_TEST(rfc7915_5_1_extension_headers_are_left_out)
{
	static const uint8_t options[8] = { 0, 0, 1, 4 };
	static const uint8_t spent[8] = { 0, 0, 4, 0 };
	struct ct_test_packet p, want;

	ct_test_udp(&p, &inside, CT_DIR_ORIG, 9);
	extend(&p, 43, spent, sizeof(spent));
	extend(&p, 60, options, sizeof(options));
	extend(&p, 0, options, sizeof(options));
	pass(&p);
	ct_test_udp(&want, &ct_test_outside, CT_DIR_ORIG, 9);
	ct_test_same_but_id(&p, &want);
}
END_TEST

static void assert_untranslatable(struct ct_test_packet *p)
{
	struct ct_pkt pkt;

	ck_assert_int_eq(ct_test_cross(&w, p, &by, &pkt), CT_DROP);
	ck_assert_uint_eq(pkt.reason, CT_R_NAT_UNTRANSLATABLE);
	ct_abandon(w.thr, &pkt);
	ct_world_audit(&w);
}

START_TEST(rfc7915_5_1_routing_header_not_spent_is_dropped)
{
	static const uint8_t unspent[8] = { 0, 0, 4, 1 };
	struct ct_test_packet p;

	ct_test_udp(&p, &inside, CT_DIR_ORIG, 9);
	extend(&p, 43, unspent, sizeof(unspent));
	assert_untranslatable(&p);
}
END_TEST

START_TEST(rfc7915_5_1_authenticated_packets_are_dropped)
{
	static const uint8_t auth[16] = { 0, 2 };
	struct ct_test_packet p;

	ct_test_udp(&p, &inside, CT_DIR_ORIG, 9);
	extend(&p, 51, auth, sizeof(auth));
	assert_untranslatable(&p);
}
END_TEST

/* Put options into an IPv4 header. */
static void add_options(struct ct_test_packet *p, const uint8_t *options,
			uint32_t len)
{
	memmove(p->bytes + V4 + len, p->bytes + V4, p->len - V4);
	memcpy(p->bytes + V4, options, len);
	p->len += len;
	p->bytes[0] = (uint8_t)(0x40 | (V4 + len) / 4);
	ct_nat_put(p, V4_LEN, (uint16_t)p->len);
	ct_nat_balance(p, 0, V4 + len, V4_SUM);
}

START_TEST(rfc7915_4_1_options_are_left_out)
{
	static const uint8_t record[8] = { 1, 7, 7, 4 }; /* a route recorded */
	static const uint8_t spent[8] = { 131, 7, 8, 1, 2, 3, 4 };
	struct ct_test_packet p, want;

	ct_test_udp(&p, &inside, CT_DIR_ORIG, 9);
	pass(&p);
	ct_test_udp(&p, &ct_test_outside, CT_DIR_REPLY, 9);
	add_options(&p, record, sizeof(record));
	pass(&p);
	ct_test_udp(&want, &inside, CT_DIR_REPLY, 9);
	ct_test_same(&p, &want);

	ct_test_udp(&p, &ct_test_outside, CT_DIR_REPLY, 9);
	add_options(&p, spent, sizeof(spent));
	pass(&p);
	ct_test_same(&p, &want);
}
END_TEST

START_TEST(rfc7915_4_1_source_route_not_spent_is_dropped)
{
	static const uint8_t loose[8] = { 1, 131, 7, 4, 1, 2, 3, 4 };
	static const uint8_t strict[8] = { 137, 7, 4, 1, 2, 3, 4 };
	static const uint8_t cut[4] = { 1, 1, 1, 131 };
	struct ct_test_packet p;

	ct_test_udp(&p, &inside, CT_DIR_ORIG, 9);
	pass(&p);
	ct_test_udp(&p, &ct_test_outside, CT_DIR_REPLY, 9);
	add_options(&p, loose, sizeof(loose));
	assert_untranslatable(&p);
	ct_test_udp(&p, &ct_test_outside, CT_DIR_REPLY, 9);
	add_options(&p, strict, sizeof(strict));
	assert_untranslatable(&p);
	ct_test_udp(&p, &ct_test_outside, CT_DIR_REPLY, 9);
	add_options(&p, cut, sizeof(cut));
	assert_untranslatable(&p);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("nat64 flow");
	TCase *tc = tcase_create("packets");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, rfc7915_udp_there_and_back);
	tcase_add_test(tc, rfc6146_3_5_2_tcp_is_followed_over_both);
	tcase_add_test(tc, rfc7915_4_2_echo_there_and_back);
	tcase_add_test(tc, rfc6146_3_5_3_two_hosts_with_one_id_are_told_apart);
	tcase_add_test(tc, rfc6052_prefixes_of_all_lengths);
	tcase_add_test(tc, rfc7915_5_1_traffic_class_and_hop_limit_are_kept);
	tcase_add_test(tc, rfc7915_5_1_dont_fragment_only_above_1260);
	tcase_add_test(tc, rfc7915_4_1_no_fragment_header_without_fragments);
	tcase_add_test(tc, rfc7915_5_1_1_atomic_fragment_gives_its_id);
	tcase_add_test(tc, rfc7915_5_1_extension_headers_are_left_out);
	tcase_add_test(tc, rfc7915_5_1_routing_header_not_spent_is_dropped);
	tcase_add_test(tc, rfc7915_5_1_authenticated_packets_are_dropped);
	tcase_add_test(tc, rfc7915_4_1_options_are_left_out);
	tcase_add_test(tc, rfc7915_4_1_source_route_not_spent_is_dropped);
	suite_add_tcase(suite, tc);
	return suite;
}
