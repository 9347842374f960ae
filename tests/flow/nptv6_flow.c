/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NPTv6 (RFC 6296): one IPv6 prefix for another, both ways, and no checksum
 * that changes.
 */
#include "nat.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { IP = 40, UDP_SUM = IP + 6 };

#define INSIDE  "fd01:203:405:1::1234"
#define OUTSIDE "2001:db8:1:d550::1234"

static struct ct_world w;
static struct ct_nat_range out, in; /* prefixes that are translated to */
static struct ct_test_flow inner, outer;
static const struct ct_test_rules outbound = { .src = &out };
static const struct ct_test_rules inbound = { .dst = &in };

static struct ct_nat_range prefix48(const char *text)
{
	struct ct_nat_range range = { .size = sizeof(range),
				      .flags = CT_NAT_ADDR | CT_NAT_NPT };

	ck_assert_int_eq(inet_pton(AF_INET6, text, &range.min_addr), 1);
	range.max_addr = range.min_addr;
	memset(range.max_addr.bytes + 6, 0xff, 10);
	return range;
}

static void setup(void)
{
	ct_world_start(&w, 64);
	out = prefix48("2001:db8:1::");
	in = prefix48("fd01:203:405::");
	inner = outer = ct_test_flow6;
	ck_assert_int_eq(inet_pton(AF_INET6, INSIDE, inner.src), 1);
	ck_assert_int_eq(inet_pton(AF_INET6, OUTSIDE, outer.src), 1);
}

static void teardown(void)
{
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_end(&w);
}

static void assert_same(const struct ct_test_packet *a,
			const struct ct_test_packet *b)
{
	ck_assert_uint_eq(a->len, b->len);
	ck_assert_mem_eq(a->bytes, b->bytes, b->len);
}

START_TEST(rfc6296_2_1_outbound_and_its_answer)
{
	struct ct_test_packet p, want;

	ct_test_udp(&p, &inner, CT_DIR_ORIG, 9);
	ct_nat_pass(&w, &p, &outbound);
	ct_test_udp(&want, &outer, CT_DIR_ORIG, 9);
	assert_same(&p, &want);
	ct_test_udp(&p, &outer, CT_DIR_REPLY, 9);
	ck_assert_int_eq(ct_nat_pass(&w, &p, &outbound).state, CT_ESTABLISHED);
	ct_test_udp(&want, &inner, CT_DIR_REPLY, 9);
	assert_same(&p, &want);
}
END_TEST

START_TEST(rfc6296_2_1_inbound_and_its_answer)
{
	struct ct_test_packet p, want;

	/* The peer begins: its first packet is of the original direction. */
	ct_test_udp(&p, &outer, CT_DIR_REPLY, 9);
	ct_nat_pass(&w, &p, &inbound);
	ct_test_udp(&want, &inner, CT_DIR_REPLY, 9);
	assert_same(&p, &want);
	ct_test_udp(&p, &inner, CT_DIR_ORIG, 9);
	ck_assert_int_eq(ct_nat_pass(&w, &p, &inbound).dir, CT_DIR_REPLY);
	ct_test_udp(&want, &outer, CT_DIR_ORIG, 9);
	assert_same(&p, &want);
}
END_TEST

START_TEST(rfc6296_1_no_checksum_changes)
{
	struct ct_test_packet p;

	for (uint16_t sum = 0; sum < 0xff00; sum += 0x1111) {
		struct ct_pkt pkt;

		ct_test_udp(&p, &inner, CT_DIR_ORIG, 9);
		ct_nat_put(&p, UDP_SUM, sum); /* right, wrong, none */
		pkt = ct_test_pkt(&p);
		pkt.csum = CT_CSUM_VERIFIED;
		ck_assert_int_eq(ct_nat_step(&w, &pkt, &outbound), CT_ACCEPT);
		ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
		ck_assert_uint_eq(ct_nat_u16(&p, UDP_SUM), sum);
		ck_assert_mem_eq(p.bytes + 8, outer.src, 16);
	}
}
END_TEST

START_TEST(rfc6296_ports_and_ids_never_change)
{
	const struct ct_test_icmp echo = { .type = 128, .id = 77 };
	struct ct_test_packet p;

	for (uint8_t host = 1; host < 9; host++) {
		inner.src[15] = host;
		ct_test_udp(&p, &inner, CT_DIR_ORIG, 9);
		ct_nat_pass(&w, &p, &outbound);
		ck_assert_uint_eq(ct_nat_u16(&p, IP), 40000);
		ck_assert_uint_eq(p.bytes[23], host);
		ct_test_icmp(&p, &inner, CT_DIR_ORIG, &echo);
		ct_nat_pass(&w, &p, &outbound);
		ck_assert_uint_eq(ct_nat_u16(&p, IP + 4), 77);
		ct_nat_sums_right(&p);
	}
}
END_TEST

/* Should an outside host have the very address, nobody's port is changed. */
START_TEST(what_is_taken_is_refused)
{
	struct ct_test_rules none = { 0 };
	struct ct_test_packet p;
	struct ct_pkt pkt;

	ct_test_udp(&p, &outer, CT_DIR_ORIG, 9);
	ct_nat_pass(&w, &p, &none);
	ct_test_udp(&p, &inner, CT_DIR_ORIG, 9);
	pkt = ct_test_pkt(&p);
	ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(ct_nat_setup(w.thr, &pkt, CT_NAT_SRC, &out),
			 CT_E_FULL);
	ck_assert_uint_eq(pkt.reason, CT_R_NAT_EXHAUSTED);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_DROP);
}
END_TEST

static int choose(const struct ct_test_flow *flow,
		  const struct ct_nat_range *range, uint16_t *reason)
{
	struct ct_test_packet p;
	struct ct_pkt pkt;
	int error;

	ct_test_udp(&p, flow, CT_DIR_ORIG, 9);
	pkt = ct_test_pkt(&p);
	ct_process(w.thr, &pkt, CT_HOOK_PREROUTING);
	error = ct_nat_setup(w.thr, &pkt, CT_NAT_SRC, range);
	*reason = pkt.reason;
	ct_abandon(w.thr, &pkt);
	return error;
}

START_TEST(rfc6296_3_2_subnet_without_a_mapping_is_refused)
{
	uint16_t reason;

	inner.src[6] = inner.src[7] = 0xff;
	ck_assert_int_eq(choose(&inner, &out, &reason), CT_E_RANGE);
	ck_assert_uint_eq(reason, CT_R_NAT_UNTRANSLATABLE);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_NAT_UNTRANSLATABLE), 1);
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
	uint16_t reason;

	ck_assert_int_eq(choose(&ct_test_flow4, &out, &reason), CT_E_INVAL);
	out.flags |= CT_NAT_IDS;
	ck_assert_int_eq(choose(&inner, &out, &reason), CT_E_INVAL);
	out.flags = CT_NAT_NPT;
	ck_assert_int_eq(choose(&inner, &out, &reason), CT_E_INVAL);
	out.flags |= CT_NAT_ADDR;
	out.max_addr.bytes[15] = 0xfe;
	ck_assert_int_eq(choose(&inner, &out, &reason), CT_E_INVAL);
}
END_TEST

/* The client is told of a packet that was too big; by both its addresses. */
START_TEST(errors_are_translated_outside_and_inside)
{
	struct ct_test_packet sent, left, error;
	struct ct_test_flow back = outer;
	struct ct_test_icmp big = { .type = 2, .rest_len = 100 };
	struct ct_pkt pkt;

	ct_test_udp(&sent, &inner, CT_DIR_ORIG, 100);
	left = sent;
	ct_nat_pass(&w, &left, &outbound);
	big.rest = left.bytes;
	back.dst[15] = 99; /* a router */
	ct_test_icmp(&error, &back, CT_DIR_REPLY, &big);
	pkt = ct_nat_pass(&w, &error, &outbound);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert_mem_eq(error.bytes + 24, inner.src, 16);
	ck_assert_mem_eq(error.bytes + 48, sent.bytes, 100);
	ct_nat_sums_right(&error);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("nptv6 flow");
	TCase *tc = tcase_create("nptv6");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, rfc6296_2_1_outbound_and_its_answer);
	tcase_add_test(tc, rfc6296_2_1_inbound_and_its_answer);
	tcase_add_test(tc, rfc6296_1_no_checksum_changes);
	tcase_add_test(tc, rfc6296_ports_and_ids_never_change);
	tcase_add_test(tc, what_is_taken_is_refused);
	tcase_add_test(tc, rfc6296_3_2_subnet_without_a_mapping_is_refused);
	tcase_add_test(tc, what_makes_no_sense_is_refused);
	tcase_add_test(tc, errors_are_translated_outside_and_inside);
	suite_add_tcase(suite, tc);
	return suite;
}
