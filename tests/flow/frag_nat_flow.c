/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fragments through NAT, put together (0, 1) or passing (2, 3), over IPv4 and
 * IPv6 by turns: what a receiver puts together has right checksums, and so has
 * what is quoted of it.
 */
#include "frag.h"
#include "nat.h"
#include "sip.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

enum { MODES = 4, PAYLOAD = 1992, V4 = 20, V6 = 40, OUTSIDE = 0xcb007101 };

static struct ct_world w;
static struct ct_test_packet whole, joined;
static struct ct_test_sent sent;
static struct ct_pkt last;
static struct ct_nat_range masquerade, forward;
static struct ct_test_rules rules;
static const struct ct_policy *policy; /* of all packets, or NULL */
static const struct ct_test_flow *const flows[] = { &ct_test_flow4,
						    &ct_test_flow6 };

static void setup(void)
{
	ct_world_start(&w, 64);
	memset(&sent, 0, sizeof(sent));
	policy = NULL;
}

static void teardown(void)
{
	ct_world_end(&w);
}

/* => The family. */
static unsigned choose_mode(int n)
{
	masquerade = n % 2 ? ct_nat_to6(1) : ct_nat_to(OUTSIDE);
	forward = n % 2 ? ct_nat_to6(9) : ct_nat_to(0x0a000009);
	rules = (struct ct_test_rules){ .src = &masquerade };
	ck_assert_int_eq(ct_param_set(w.tbl, "frag.mode", n < 2 ? 1 : 2), 0);
	return (unsigned)n % 2;
}

static enum ct_verdict pass(struct ct_test_packet *p)
{
	enum ct_verdict verdict;

	last = ct_test_pkt(p);
	last.policy = policy;
	verdict = ct_process(w.thr, &last, CT_HOOK_PREROUTING);
	if (verdict == CT_ACCEPT)
		verdict = ct_nat_step(&w, &last, &rules);
	if (verdict == CT_ACCEPT)
		verdict = ct_confirm(w.thr, &last);
	if (verdict == CT_ACCEPT)
		ct_test_send(&w, &last, &sent);
	ct_world_audit(&w);
	return verdict;
}

static enum ct_verdict part(uint32_t id, uint32_t off, uint32_t len)
{
	ct_test_cut(&w.p, &whole, (struct ct_test_part){ id, off, len });
	return pass(&w.p);
}

/* In this order: last, first, middle. */
static void pieces(uint32_t id)
{
	part(id, 1200, 0);
	part(id, 0, 800);
	part(id, 800, 400);
	ck_assert_uint_eq(sent.n, 3);
	ct_test_join(&sent, &joined);
	ck_assert_uint_eq(joined.len, whole.len);
	ct_nat_sums_right(&joined);
	sent.n = 0;
}

static bool inside_is(const struct ct_test_packet *p, const uint8_t *addr,
		      uint32_t at)
{
	bool v4 = p->l3 == CT_L3_IPV4;

	return !memcmp(p->bytes + (v4 ? 12 + 4 * at : 8 + 16 * at), addr,
		       v4 ? 4 : 16);
}

/* What comes back to where the joined packet came from. */
static void answer(void)
{
	struct ct_test_flow back = { .l3 = whole.l3 };
	const struct ct_tuple t = ct_nat_tuple(&joined);

	memcpy(back.src, t.dst.bytes, 16);
	memcpy(back.dst, t.src.bytes, 16);
	memcpy(&back.sport, &t.dst_id, 2);
	memcpy(&back.dport, &t.src_id, 2);
	back.sport = (uint16_t)(back.sport >> 8 | back.sport << 8);
	back.dport = (uint16_t)(back.dport >> 8 | back.dport << 8);
	ct_test_udp(&whole, &back, CT_DIR_ORIG, PAYLOAD);
}

START_TEST(udp_goes_out_and_back)
{
	const struct ct_test_flow *flow = flows[choose_mode(_i)];

	ct_test_udp(&whole, flow, CT_DIR_ORIG, PAYLOAD);
	pieces(7);
	ck_assert(inside_is(&joined, masquerade.min_addr.bytes, 0));
	answer();
	pieces(8);
	ck_assert(inside_is(&joined, flow->src, 1));
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

START_TEST(both_ends_change_at_once)
{
	const struct ct_test_flow *flow = flows[choose_mode(_i)];

	rules.dst = &forward;
	ct_test_udp(&whole, flow, CT_DIR_ORIG, PAYLOAD);
	pieces(7);
	ck_assert(inside_is(&joined, masquerade.min_addr.bytes, 0));
	ck_assert(inside_is(&joined, forward.min_addr.bytes, 1));
	answer();
	pieces(8);
	ck_assert(inside_is(&joined, flow->dst, 0));
	ck_assert(inside_is(&joined, flow->src, 1));
}
END_TEST

START_TEST(a_port_changes_in_the_first_only)
{
	const struct ct_test_flow *flow = flows[choose_mode(_i)];

	masquerade = ct_nat_ports(masquerade, 4242, 4242);
	ct_test_udp(&whole, flow, CT_DIR_ORIG, PAYLOAD);
	pieces(7);
	ck_assert_uint_eq(ct_nat_u16(&joined, ct_test_l4_off(&joined)), 4242);
	/* and nothing else behind the checksum */
	ck_assert_mem_eq(joined.bytes + ct_test_l4_off(&joined) + 8,
			 whole.bytes + ct_test_l4_off(&whole) + 8, PAYLOAD);
}
END_TEST

START_TEST(tcp_is_translated_too)
{
	const struct ct_test_segment seg = { .flags = CT_TEST_SYN,
					     .win = 1000,
					     .len = 1972 };
	const struct ct_test_flow *flow = flows[choose_mode(_i)];

	ct_test_tcp(&whole, flow, CT_DIR_ORIG, &seg);
	pieces(7);
	ck_assert(inside_is(&joined, masquerade.min_addr.bytes, 0));
}
END_TEST

START_TEST(a_large_ping_is_translated_too)
{
	static const uint8_t zeros[1984];
	unsigned family = choose_mode(_i);
	const struct ct_test_icmp ping = { family ? 128 : 8, 0, 77, zeros,
					   sizeof(zeros) };

	ct_test_icmp(&whole, flows[family], CT_DIR_ORIG, &ping);
	pieces(7);
	ck_assert(inside_is(&joined, masquerade.min_addr.bytes, 0));
}
END_TEST

START_TEST(a_sum_of_none_stays_none)
{
	choose_mode(_i & 2);
	ct_test_udp(&whole, flows[0], CT_DIR_ORIG, PAYLOAD);
	ct_nat_put(&whole, V4 + 6, 0);
	part(7, 1200, 0);
	part(7, 0, 800);
	part(7, 800, 400);
	ct_test_join(&sent, &joined);
	ck_assert_uint_eq(ct_nat_u16(&joined, V4 + 6), 0);
}
END_TEST

/* From outside, about the first piece that left. */
START_TEST(an_error_about_the_first_piece_comes_back)
{
	unsigned family = choose_mode(_i);
	uint32_t hdr = family ? V6 : V4, ext = family ? 8 : 0;
	struct ct_test_flow router = *flows[family];
	struct ct_test_packet piece;
	struct ct_test_icmp error = { .type = family ? 2 : 3,
				      .code = family ? 0 : 4,
				      .rest = piece.bytes,
				      .rest_len = 500 };

	masquerade = ct_nat_ports(masquerade, 4242, 4242);
	ct_test_udp(&whole, flows[family], CT_DIR_ORIG, PAYLOAD);
	part(7, 0, 800);
	part(7, 800, 0);
	piece = sent.p[0];
	sent.n = 0;
	ck_assert(ct_test_is_fragment(piece.bytes));
	memset(router.src, 0x33, sizeof(router.src));
	memcpy(router.dst, masquerade.min_addr.bytes, sizeof(router.dst));
	ct_test_icmp(&w.p, &router, CT_DIR_ORIG, &error);
	ck_assert_int_eq(pass(&w.p), CT_ACCEPT);
	ck_assert_int_eq(last.state, CT_RELATED);
	ct_nat_sums_right(&sent.p[0]);
	ck_assert(inside_is(&sent.p[0], flows[family]->src, 1));
	ck_assert_mem_eq(sent.p[0].bytes + hdr + 8 + (family ? 8 : 12),
			 flows[family]->src, family ? 16 : 4);
	ck_assert_uint_eq(ct_nat_u16(&sent.p[0], hdr + 8 + hdr + ext),
			  flows[family]->sport);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

START_TEST(leak_proof_lets_no_piece_out_untranslated)
{
	unsigned family = choose_mode(_i);

	ck_assert_int_eq(ct_param_set(w.tbl, "nat.leak_proof", 1), 0);
	ct_test_udp(&whole, flows[family], CT_DIR_ORIG, PAYLOAD);
	pieces(7);
	ck_assert(inside_is(&joined, masquerade.min_addr.bytes, 0));
	ct_nat_put(&whole, ct_test_l4_off(&whole) + 4, 3); /* UDP length */
	part(8, 0, 800);
	part(8, 800, 0);
	ck_assert_uint_eq(sent.n, 0);
}
END_TEST

/* The fused verb, with rules. */
static enum ct_verdict choose(void *user, struct ct_thread *thr,
			      struct ct_pkt *pkt)
{
	(void)user;
	return ct_nat_setup(thr, pkt, CT_NAT_SRC, &masquerade) ? CT_DROP
							       : CT_ACCEPT;
}

START_TEST(a_burst_is_translated)
{
	static struct ct_test_packet p[3];
	const struct ct_rules burst = { .size = sizeof(burst),
					.new_conn = choose };
	static const uint8_t order[] = { 2, 0, 1 };
	struct ct_pkt pkt[3];
	struct ct_pkt *pkts[3];
	enum ct_verdict verdicts[3];

	ct_test_udp(&whole, flows[choose_mode(_i)], CT_DIR_ORIG, PAYLOAD);
	for (uint32_t i = 0; i < 3; i++) {
		ct_test_cut(&p[i], &whole,
			    (struct ct_test_part){ 7, order[i] * 800u,
						   order[i] == 2 ? 0 : 800 });
		pkt[i] = ct_test_pkt(&p[i]);
		pkts[i] = &pkt[i];
	}
	ct_forward_burst(w.thr, pkts, 3, &burst, verdicts);
	for (uint32_t i = 0; i < 3; i++)
		if (verdicts[i] == CT_ACCEPT)
			ct_test_send(&w, &pkt[i], &sent);
	ck_assert_uint_eq(sent.n, 3);
	ct_test_join(&sent, &joined);
	ct_nat_sums_right(&joined);
	ck_assert(inside_is(&joined, masquerade.min_addr.bytes, 0));
}
END_TEST

/* A call whose invitation is long, and grows: both modes do the same. */
START_TEST(a_long_invitation_is_translated)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .helper = "sip" };
	const struct ct_test_flow phones = { .l3 = CT_L3_IPV4,
					     .src = { 10, 0, 0, 2 },
					     .dst = { 198, 51, 100, 5 },
					     .sport = 5060,
					     .dport = 5060 };
	char body[CT_SIP_TEXT], text[CT_SIP_TEXT], more[900];
	const struct ct_sip_text invite = {
		.first = "INVITE sip:bob@198.51.100.5 SIP/2.0",
		.via = "10.0.0.2:5060",
		.from = "10.0.0.2",
		.contact = "10.0.0.2:5060",
		.cseq = "1 INVITE",
		.more = more,
		.body = ct_sip_describe(body, "10.0.0.2",
					"m=audio 4000 RTP/AVP 0\r\n"),
	};
	const uint8_t order[][3] = { { 0, 1, 2 }, { 2, 0, 1 } };
	uint32_t len, most = 0;

	choose_mode(2 * (_i % 2));
	ck_assert_int_eq(ct_policy_create(w.tbl, &def, &policy), 0);
	snprintf(more, sizeof(more), "Subject: %0800d\r\n", 0);
	ct_sip_write(text, &invite);
	len = (uint32_t)strlen(text);
	ct_test_udp(&whole, &phones, CT_DIR_ORIG, len);
	memcpy(whole.bytes + whole.len - len, text, len);
	ct_test_sum(&whole);
	for (unsigned i = 0; i < 3; i++) {
		uint8_t n = order[_i / 2][i];

		part(7, 400 * n, n < 2 ? 400 : 0);
	}
	ct_test_join(&sent, &joined);
	ct_nat_sums_right(&joined);
	joined.bytes[joined.len] = '\0';
	ck_assert_ptr_null(strstr((char *)joined.bytes + 28, "10.0.0.2"));
	ck_assert_ptr_nonnull(
		strstr((char *)joined.bytes + 28, "c=IN IP4 203.0.113.1"));
	for (uint32_t i = 0; i < sent.n; i++)
		most = sent.p[i].len > most ? sent.p[i].len : most;
	ck_assert_uint_le(most, V4 + 400);
	ck_assert_uint_eq(sent.conns, sent.n);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("frag nat flow");
	TCase *tc = tcase_create("frag nat");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, udp_goes_out_and_back, 0, MODES);
	tcase_add_loop_test(tc, both_ends_change_at_once, 0, MODES);
	tcase_add_loop_test(tc, a_port_changes_in_the_first_only, 0, MODES);
	tcase_add_loop_test(tc, tcp_is_translated_too, 0, MODES);
	tcase_add_loop_test(tc, a_large_ping_is_translated_too, 0, MODES);
	tcase_add_loop_test(tc, a_sum_of_none_stays_none, 0, MODES);
	tcase_add_loop_test(tc, an_error_about_the_first_piece_comes_back, 0,
			    MODES);
	tcase_add_loop_test(tc, leak_proof_lets_no_piece_out_untranslated, 0,
			    MODES);
	tcase_add_loop_test(tc, a_burst_is_translated, 0, MODES);
	tcase_add_loop_test(tc, a_long_invitation_is_translated, 0, 4);
	suite_add_tcase(suite, tc);
	return suite;
}
