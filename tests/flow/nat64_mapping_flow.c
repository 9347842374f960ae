/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NAT64: which mappings connections get, which they do not, and how they are
 * found (RFC 6146, RFC 6052).
 */
#include "nat64.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { V4 = 20 };

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

/* --- Mappings ----------------------------------------------------------- */

START_TEST(rfc6146_3_5_1_one_endpoint_keeps_its_mapping)
{
	struct ct_test_packet p;
	uint16_t port;

	by.v4 = ct_nat_ports(by.v4, 5000, 5999);
	ct_test_udp(&p, &inside, CT_DIR_ORIG, 9);
	pass(&p);
	port = ct_nat_u16(&p, V4);
	ck_assert(port >= 5000 && port <= 5999);
	for (uint8_t i = 6; i < 12; i++) {
		inside.dst[15] = i; /* another server */
		ct_test_udp(&p, &inside, CT_DIR_ORIG, 9);
		pass(&p);
		ck_assert_uint_eq(ct_nat_u16(&p, V4), port);
	}
}
END_TEST

START_TEST(rfc6146_3_5_1_1_port_is_kept_if_it_is_free)
{
	struct ct_test_packet p;

	for (uint8_t host = 2; host < 9; host++) {
		inside.src[15] = host;
		ct_test_udp(&p, &inside, CT_DIR_ORIG, 9);
		pass(&p);
		if (host == 2)
			ck_assert_uint_eq(ct_nat_u16(&p, V4), 40000);
		else
			ck_assert_uint_ge(ct_nat_u16(&p, V4), 1024);
	}
	ck_assert_uint_eq(ct_world_conns(&w), 7);
}
END_TEST

/* An IPv6 source that was translated within IPv6 has no mapping for IPv4. */
START_TEST(mappings_of_two_layers_do_not_mix)
{
	struct ct_nat_range to = ct_nat_to6(1);
	const struct ct_test_rules rules = { .src = &to };
	struct ct_test_flow plain = ct_test_flow6;
	struct ct_test_packet p;

	by.v4.max_addr.v4 = htonl(0xcb0071ff);
	by.v4.min_addr.v4 = htonl(0x01000000); /* 2001:db8:: is in between */
	ct_test_udp(&p, &plain, CT_DIR_ORIG, 9);
	ct_nat_pass(&w, &p, &rules);
	ct_test_udp(&p, &inside, CT_DIR_ORIG, 9);
	pass(&p);
	ck_assert_int_eq(p.l3, CT_L3_IPV4);
	ck_assert_uint_ne(ct_nat_u16(&p, 12), 0x2001);
}
END_TEST

START_TEST(rfc6146_3_5_1_exhausted_is_said_and_dropped)
{
	struct ct_test_packet p;
	struct ct_pkt pkt;

	by.v4 = ct_nat_ports(by.v4, 7000, 7001);
	for (uint8_t host = 2; host < 5; host++) {
		enum ct_verdict verdict;

		inside.src[15] = host;
		ct_test_udp(&p, &inside, CT_DIR_ORIG, 9);
		verdict = ct_test_cross(&w, &p, &by, &pkt);
		ck_assert_int_eq(verdict, CT_ACCEPT);
		ck_assert_int_eq(p.l3, CT_L3_IPV4); /* never as it was */
		ck_assert_int_eq(ct_confirm(w.thr, &pkt),
				 host < 4 ? CT_ACCEPT : CT_DROP);
	}
	ck_assert_uint_eq(ct_world_count(&w, CT_R_NAT_EXHAUSTED), 1);
}
END_TEST

START_TEST(an_outside_address_that_goes_away_takes_its_connections)
{
	union ct_addr addr = by.v4.min_addr;
	struct ct_test_packet p;

	ct_test_udp(&p, &inside, CT_DIR_ORIG, 9);
	pass(&p);
	ct_test_udp(&p, &ct_test_flow6, CT_DIR_ORIG, 9);
	ct_nat_pass(&w, &p, &(struct ct_test_rules){ 0 });
	ck_assert_uint_eq(ct_nat_purge(w.thr, CT_L3_IPV6, &addr), 0);
	ck_assert_uint_eq(ct_nat_purge(w.thr, CT_L3_IPV4, &addr), 1);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

/* An IPv6 server behind an IPv4 address, as a static entry would have it. */
START_TEST(rfc6146_3_5_ipv4_client_of_an_ipv6_server)
{
	struct ct_nat_range server = ct_nat_ports(ct_nat_to6(9), 8080, 8080);
	struct ct_test_flow outer = ct_test_flow4; /* 10.0.0.2 is the client */
	struct ct_test_flow inner = { .l3 = CT_L3_IPV6,
				      .sport = 40000,
				      .dport = 8080 };
	union ct_addr client = { .bytes = { 10, 0, 0, 2 } }, v6;
	struct ct_test_packet p, want;

	by.v6 = &server;
	ck_assert_int_eq(ct_nat64_embed(&by.nat64, &client, &v6), 0);
	memcpy(inner.src, v6.bytes, 16);
	memcpy(inner.dst, server.min_addr.bytes, 16);
	ct_test_udp(&p, &outer, CT_DIR_ORIG, 9);
	pass(&p);
	ct_test_udp(&want, &inner, CT_DIR_ORIG, 9);
	ct_test_same(&p, &want);
	ct_test_udp(&p, &inner, CT_DIR_REPLY, 9);
	ck_assert_int_eq(pass(&p).state, CT_ESTABLISHED);
	ct_test_udp(&want, &outer, CT_DIR_REPLY, 9);
	ct_test_same_but_id(&p, &want);
}
END_TEST

/* --- What is refused ---------------------------------------------------- */

static int choose(const struct ct_test_flow *flow, uint8_t type,
		  uint16_t *reason)
{
	const struct ct_test_icmp query = { .type = type, .id = 1 };
	struct ct_test_packet p;
	struct ct_pkt pkt;
	int error;

	if (type)
		ct_test_icmp(&p, flow, CT_DIR_ORIG, &query);
	else
		ct_test_udp(&p, flow, CT_DIR_ORIG, 9);
	pkt = ct_test_pkt(&p);
	ct_process(w.thr, &pkt, CT_HOOK_PREROUTING);
	error = ct_nat64_setup(w.thr, &pkt, &by.nat64,
			       pkt.l3 == CT_L3_IPV6 ? &by.v4 : by.v6);
	*reason = pkt.reason;
	ct_abandon(w.thr, &pkt);
	return error;
}

START_TEST(rfc6146_3_5_source_in_the_prefix_is_refused)
{
	uint16_t reason;

	memcpy(inside.src, inside.dst, 16);
	inside.src[15]++;
	ck_assert_int_eq(choose(&inside, 0, &reason), CT_E_RANGE);
	ck_assert_uint_eq(reason, CT_R_NAT_UNTRANSLATABLE);
}
END_TEST

START_TEST(rfc6052_3_1_no_private_address_in_the_well_known_prefix)
{
	uint16_t reason;

	ct_test_addr6(by.nat64.prefix.bytes, 0x0064ff9b, 0, 0, 0);
	ct_test_addr6(inside.dst, 0x0064ff9b, 0, 0, 0x0a000001);
	ck_assert_int_eq(choose(&inside, 0, &reason), CT_E_RANGE);
	ck_assert_uint_eq(reason, CT_R_NAT_UNTRANSLATABLE);
	ct_test_addr6(inside.dst, 0x0064ff9b, 0, 0, 0x08080808);
	ck_assert_int_eq(choose(&inside, 0, &reason), 0);
	ck_assert_int_eq(ct_param_set(w.tbl, "nat64.private", 1), 0);
	ct_test_addr6(inside.dst, 0x0064ff9b, 0, 0, 0x0a000001);
	ck_assert_int_eq(choose(&inside, 0, &reason), 0);
}
END_TEST

START_TEST(rfc7915_4_2_queries_that_ipv6_does_not_have_are_refused)
{
	static const uint8_t types[] = { 13, 15, 17 };
	struct ct_nat_range server = ct_nat_to6(9);
	uint16_t reason;

	by.v6 = &server;
	for (unsigned i = 0; i < sizeof(types); i++)
		ck_assert_int_eq(choose(&ct_test_flow4, types[i], &reason),
				 CT_E_RANGE);
	ck_assert_int_eq(choose(&ct_test_flow4, 8, &reason), 0);
	ck_assert_int_eq(choose(&inside, 139, &reason), CT_E_RANGE);
}
END_TEST

START_TEST(rfc6146_3_5_other_protocols_are_refused)
{
	static const struct ct_test_l4 esp = { .l4 = 50,
					       .bytes = "abcdefgh",
					       .len = 8 };
	struct ct_test_packet p;
	struct ct_pkt pkt;

	ct_test_raw(&p, &inside, CT_DIR_ORIG, &esp);
	pkt = ct_test_pkt(&p);
	ct_process(w.thr, &pkt, CT_HOOK_PREROUTING);
	ck_assert_int_eq(ct_nat64_setup(w.thr, &pkt, &by.nat64, &by.v4),
			 CT_E_RANGE);
	ct_abandon(w.thr, &pkt);
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
	struct ct_nat_range good = by.v4;
	struct ct_nat64 nat64 = by.nat64;
	uint16_t reason;

	by.v4.flags = 0;
	ck_assert_int_eq(choose(&inside, 0, &reason), CT_E_INVAL);
	by.v4.flags = CT_NAT_ADDR | CT_NAT_NETMAP;
	ck_assert_int_eq(choose(&inside, 0, &reason), CT_E_INVAL);
	by.v4 = good;
	by.nat64.prefix_len = 95;
	ck_assert_int_eq(choose(&inside, 0, &reason), CT_E_INVAL);
	by.nat64.prefix_len = 64; /* it has more bits than that */
	by.nat64.prefix.bytes[9] = 1;
	ck_assert_int_eq(choose(&inside, 0, &reason), CT_E_INVAL);
	by.nat64 = nat64;
	inside.dst[0] = 0x30;
	ck_assert_int_eq(choose(&inside, 0, &reason), CT_E_INVAL);
	ck_assert_int_eq(choose(&ct_test_flow4, 0, &reason), CT_E_INVAL);
}
END_TEST

START_TEST(it_is_chosen_once)
{
	struct ct_test_packet p;
	struct ct_pkt pkt;

	ct_test_udp(&p, &inside, CT_DIR_ORIG, 9);
	pkt = ct_test_pkt(&p);
	ct_process(w.thr, &pkt, CT_HOOK_PREROUTING);
	ck_assert_int_eq(ct_nat64_setup(w.thr, &pkt, &by.nat64, &by.v4), 0);
	ck_assert_int_eq(ct_nat64_setup(w.thr, &pkt, &by.nat64, &by.v4),
			 CT_E_EXIST);
	ck_assert_int_eq(ct_nat_setup(w.thr, &pkt, CT_NAT_SRC, NULL),
			 CT_E_EXIST);
	ck_assert_int_eq(ct_nat_setup(w.thr, &pkt, CT_NAT_DST, NULL),
			 CT_E_EXIST);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ck_assert_int_eq(ct_nat64_setup(w.thr, &pkt, &by.nat64, &by.v4),
			 CT_E_NOENT);
}
END_TEST

/* --- What others see ---------------------------------------------------- */

START_TEST(both_tuples_find_it_and_are_shown)
{
	struct ct_filter filter = { .size = sizeof(filter),
				    .flags = CT_FILTER_ADDR,
				    .l3 = CT_L3_IPV4,
				    .addr = by.v4.min_addr };
	struct ct_tuple t = ct_world_tuple(&ct_test_outside, CT_DIR_REPLY);
	struct ct_test_packet p;
	struct ct_conn *conn, *both[2];
	struct ct_tuple asked[2] = { t, t };
	enum ct_dir dir, dirs[2];
	char text[700];

	ct_test_udp(&p, &inside, CT_DIR_ORIG, 9);
	conn = pass(&p).conn;
	ck_assert_ptr_eq(ct_find(w.thr, &t, &dir), conn);
	ck_assert_int_eq(dir, CT_DIR_REPLY);
	asked[0] = ct_world_tuple(&inside, CT_DIR_ORIG);
	ck_assert_uint_eq(ct_find_burst(w.thr, asked, 2, both, dirs), 2);
	ck_assert_ptr_eq(both[0], conn);
	ck_assert_ptr_eq(both[1], conn);
	ck_assert_int_eq(dirs[0], CT_DIR_ORIG);
	ck_assert_int_eq(dirs[1], CT_DIR_REPLY);

	ck_assert_int_gt(
		ct_conn_text(w.thr, conn, CT_TEXT_EXTENDED, text, sizeof(text)),
		0);
	ck_assert_str_eq(text,
			 "ipv6     10 udp      17 30 src=2001:db8:1::2 "
			 "dst=2001:db8:64::c633:6405 sport=40000 dport=80 "
			 "[UNREPLIED] src=198.51.100.5 dst=203.0.113.1 "
			 "sport=80 dport=40000 mark=0 use=1");
	ck_assert_int_gt(
		ct_conn_text(w.thr, conn, CT_TEXT_JSON, text, sizeof(text)), 0);
	ck_assert_ptr_nonnull(strstr(text, "\"family\":\"ipv6\""));
	ck_assert_ptr_nonnull(strstr(text, "\"reply_family\":\"ipv4\""));
	ck_assert_ptr_nonnull(strstr(text, "\"reply_dst\":\"203.0.113.1\""));
	ck_assert_int_eq(ct_flush(w.thr, &filter), 1);
}
END_TEST

/* A packet's way in a burst of one, with so much headroom; as it leaves. */
static void burst_of_one(struct ct_test_packet *p, uint32_t headroom)
{
	static uint8_t frame[2048];
	struct ct_pkt pkt = ct_test_pkt(p), *one = &pkt;
	enum ct_verdict verdict;

	memcpy(frame + headroom, p->bytes, p->len);
	pkt.data = frame + headroom;
	pkt.headroom = headroom;
	pkt.tailroom = 64;
	ct_forward_burst(w.thr, &one, 1, NULL, &verdict);
	ck_assert_int_eq(verdict, CT_ACCEPT);
	ck_assert_uint_eq(pkt.l4_off, pkt.l3 == CT_L3_IPV4 ? V4 : 40);
	memcpy(p->bytes, pkt.data, pkt.len);
	p->len = pkt.len;
	p->l3 = pkt.l3;
}

/* What a burst writes in one go is what the verbs write. */
static void same_both_ways(const struct ct_test_packet *p, uint32_t headroom)
{
	struct ct_test_packet verbs = *p, burst = *p;

	pass(&verbs);
	burst_of_one(&burst, headroom);
	ct_nat_sums_right(&burst);
	if (verbs.l3 == CT_L3_IPV4) { /* its id is random */
		memcpy(burst.bytes + 4, verbs.bytes + 4, 2);
		memcpy(burst.bytes + 10, verbs.bytes + 10, 2);
	}
	ck_assert_uint_eq(burst.l3, verbs.l3);
	ck_assert_uint_eq(burst.len, verbs.len);
	ck_assert_mem_eq(burst.bytes, verbs.bytes, verbs.len);
}

START_TEST(bursts_write_what_the_verbs_write)
{
	/* An IPv4 packet of 1260 bytes, and of one more, are among them. */
	static const uint32_t len[] = { 0, 1, 10, 1232, 1233, 1400 };
	const struct ct_test_segment syn = { .flags = CT_TEST_SYN,
					     .win = 1000,
					     .seq = 1 };
	struct ct_test_packet verbs;

	for (unsigned i = 0; i < 4 * sizeof(len) / sizeof(len[0]); i++) {
		bool back = i % 2, room = i / 2 % 2;

		ct_test_udp(&verbs, back ? &ct_test_outside : &inside,
			    back ? CT_DIR_REPLY : CT_DIR_ORIG, len[i / 4]);
		if (!back) {
			verbs.bytes[0] = 0x6a; /* class 0xab, flow label */
			verbs.bytes[1] = 0xb3;
			verbs.bytes[7] = 3; /* hops */
		}
		same_both_ways(&verbs, room ? 64 : 0);
	}
	ct_test_tcp(&verbs, &inside, CT_DIR_ORIG, &syn);
	same_both_ways(&verbs, 0);
}
END_TEST

/* A burst foretells both directions, and translates. */
START_TEST(bursts_go_both_ways)
{
	static uint8_t frame[2][256];
	struct ct_pkt pkt[2], *pkts[2] = { &pkt[0], &pkt[1] };
	enum ct_verdict verdicts[2];
	struct ct_test_packet p;

	ct_test_udp(&p, &inside, CT_DIR_ORIG, 9);
	pass(&p);
	ct_test_udp(&p, &ct_test_outside, CT_DIR_REPLY, 9);
	pass(&p);
	for (unsigned i = 0; i < 2; i++) {
		ct_test_udp(&p, i ? &ct_test_outside : &inside,
			    i ? CT_DIR_REPLY : CT_DIR_ORIG, 9);
		memcpy(frame[i] + 64, p.bytes, p.len);
		pkt[i] = ct_test_pkt(&p);
		pkt[i].data = frame[i] + 64;
		pkt[i].headroom = 64;
	}
	ct_forward_burst(w.thr, pkts, 2, NULL, verdicts);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(verdicts[i], CT_ACCEPT);
		ck_assert_int_eq(pkt[i].l3, i ? CT_L3_IPV6 : CT_L3_IPV4);
		ck_assert_int_eq(pkt[i].state, CT_ESTABLISHED);
		memcpy(p.bytes, pkt[i].data, pkt[i].len);
		p.len = pkt[i].len;
		p.l3 = pkt[i].l3;
		ct_nat_sums_right(&p);
	}
}
END_TEST

START_TEST(time_passes_and_it_is_gone_from_both_sides)
{
	struct ct_tuple t = ct_world_tuple(&ct_test_outside, CT_DIR_REPLY);
	struct ct_test_packet p;

	ct_test_udp(&p, &inside, CT_DIR_ORIG, 9);
	pass(&p);
	ct_world_wait(&w, 31 * CT_WORLD_S);
	ck_assert_ptr_null(ct_find(w.thr, &t, NULL));
	ct_world_settle(&w);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("nat64 mapping flow");
	TCase *tc = tcase_create("mappings");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, rfc6146_3_5_1_one_endpoint_keeps_its_mapping);
	tcase_add_test(tc, rfc6146_3_5_1_1_port_is_kept_if_it_is_free);
	tcase_add_test(tc, mappings_of_two_layers_do_not_mix);
	tcase_add_test(tc, rfc6146_3_5_1_exhausted_is_said_and_dropped);
	tcase_add_test(tc,
		       an_outside_address_that_goes_away_takes_its_connections);
	tcase_add_test(tc, rfc6146_3_5_ipv4_client_of_an_ipv6_server);
	tcase_add_test(tc, rfc6146_3_5_source_in_the_prefix_is_refused);
	tcase_add_test(tc,
		       rfc6052_3_1_no_private_address_in_the_well_known_prefix);
	tcase_add_test(tc,
		       rfc7915_4_2_queries_that_ipv6_does_not_have_are_refused);
	tcase_add_test(tc, rfc6146_3_5_other_protocols_are_refused);
	tcase_add_test(tc, what_makes_no_sense_is_refused);
	tcase_add_test(tc, it_is_chosen_once);
	tcase_add_test(tc, both_tuples_find_it_and_are_shown);
	tcase_add_test(tc, bursts_write_what_the_verbs_write);
	tcase_add_test(tc, bursts_go_both_ways);
	tcase_add_test(tc, time_passes_and_it_is_gone_from_both_sides);
	suite_add_tcase(suite, tc);
	return suite;
}
