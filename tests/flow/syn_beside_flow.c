/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SYN proxy beside what else changes a connection's packets: NAT64, and
 * helpers that make them longer.
 */
#include "nat64.h"
#include "proxy.h"
#include "suite.h"

#include <conntrack/helper.h>
#include <conntrack/policy.h>
#include <string.h>

/* --- NAT64 ------------------------------------------------------------------ */

static struct ct_test_nat64 by;

/* An IPv6 client of an IPv4 server; => the cookie. */
static uint32_t knock_64(void)
{
	struct ct_pkt pkt;

	px_start(PX_IPV6, 2);
	by = ct_test_nat64();
	by.tailroom = PX_ROOM;
	px.flow = ct_test_flow64(&by);
	px_client(CT_TEST_SYN, PX_ISN, 0, 0);
	pkt = ct_test_pkt(&px.w.p);
	ck_assert_int_eq(ct_process(px.w.thr, &pkt, CT_HOOK_PREROUTING),
			 CT_DROP);
	ck_assert_uint_eq(pkt.reason, CT_R_SYN_COOKIE);
	return px_hear_sent(0).seg.seq;
}

static struct px_heard cross(void)
{
	struct ct_pkt pkt;

	ck_assert_int_eq(ct_test_cross(&px.w, &px.w.p, &by, &pkt), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(px.w.thr, &pkt), CT_ACCEPT);
	ck_assert_ptr_nonnull(pkt.conn);
	ct_world_audit(&px.w);
	/* It changes once more, when it leaves. */
	memcpy(px.w.p.bytes, pkt.data, pkt.len);
	px.w.p.len = pkt.len;
	return px_hear(&px.w.p);
}

START_TEST(an_ipv6_client_and_an_ipv4_server)
{
	uint32_t cookie = knock_64();
	struct px_heard said;

	px_client(CT_TEST_ACK, PX_ISN + 1, cookie + 1, 0);
	said = cross();
	ck_assert_uint_eq(px.w.p.l3, CT_L3_IPV4);
	ck_assert_uint_eq(said.seg.flags, CT_SEG_SYN);
	px_meet_server(&said);
	px.outside.l3 = CT_L3_IPV4;

	px.sent.n = 0;
	px_server(CT_TEST_SYN | CT_TEST_ACK, PX_SERVER, PX_ISN + 1, 0);
	said = cross();
	ck_assert_uint_eq(px.w.p.l3, CT_L3_IPV6);
	ck_assert_uint_eq(said.seg.flags, CT_SEG_ACK);
	ck_assert_uint_eq(said.seg.seq, cookie + 1);
	ck_assert_uint_eq(px.sent.n, 1);
	ck_assert_uint_eq(px.sent.p[0].l3, CT_L3_IPV4);
	said = px_hear_sent(0);
	ck_assert_uint_eq(said.seg.flags, CT_SEG_ACK);
	ck_assert_uint_eq(said.seg.ack, PX_SERVER + 1);

	px_client(CT_TEST_ACK | CT_TEST_PSH, PX_ISN + 1, cookie + 1, 30);
	said = cross();
	ck_assert_uint_eq(said.seg.ack, PX_SERVER + 1);
	px_server(CT_TEST_ACK | CT_TEST_PSH, PX_SERVER + 1, PX_ISN + 31, 50);
	said = cross();
	ck_assert_uint_eq(said.seg.seq, cookie + 1);
	ck_assert_uint_eq(said.seg.data_len, 50);
	px_end();
}
END_TEST

START_TEST(an_ipv4_server_that_refuses_an_ipv6_client)
{
	uint32_t cookie = knock_64();
	struct px_heard said;

	px_client(CT_TEST_ACK, PX_ISN + 1, cookie + 1, 0);
	said = cross();
	px_meet_server(&said);
	px.outside.l3 = CT_L3_IPV4;
	px_server(CT_TEST_RST | CT_TEST_ACK, 0, PX_ISN + 1, 0);
	said = cross();
	ck_assert_uint_eq(px.w.p.l3, CT_L3_IPV6);
	ck_assert_uint_eq(said.seg.flags, CT_SEG_RST | CT_SEG_ACK);
	ck_assert_uint_eq(said.seg.seq, cookie + 1);
	px_end();
}
END_TEST

/* --- Helpers ------------------------------------------------------------------ */

enum { LONGER = 5 };

static enum ct_help help(struct ct_thread *thr, struct ct_pkt *pkt,
			 struct ct_speech *speech)
{
	if (ct_help_replace(thr, pkt, speech, 0, 1, "longer", 1 + LONGER))
		return CT_HELP_DROP;
	return CT_HELP_OK;
}

static const struct ct_expect_class classes[] = { { .max = 1,
						    .timeout_s = 60 } };

static const struct ct_helper_ops longer = {
	.size = sizeof(longer),
	.name = "longer",
	.classes = classes,
	.n_classes = 1,
	.help = help,
};

/* Of both ends each word becomes longer by five; its policy names the helper. */
static uint32_t establish_helped(unsigned kind)
{
	struct ct_policy_def def = { .size = sizeof(def), .helper = "longer" };
	const struct ct_policy *policy;
	struct px_heard syn;
	uint32_t cookie;

	px_create(kind, 2);
	ck_assert_int_eq(ct_helper_register(px.w.tbl, &longer), 0);
	ck_assert_int_eq(ct_policy_create(px.w.tbl, &def, &policy), 0);
	ct_world_attach(&px.w);
	cookie = px_knock();
	px_client(CT_TEST_ACK, PX_ISN + 1, cookie + 1, 0);
	ck_assert_ptr_nonnull(px_route_with(PX_ROOM, policy).conn);
	syn = px_hear(&px.w.p);
	px_meet_server(&syn);
	ck_assert_str_eq(ct_conn_helper(px.w.tbl, px_found()), "longer");
	px_server(CT_TEST_SYN | CT_TEST_ACK, PX_SERVER, PX_ISN + 1, 0);
	px_passed();
	return cookie;
}

START_TEST(a_helper_shifts_further)
{
	uint32_t cookie = establish_helped((unsigned)_i);
	struct px_heard said;

	px_client(CT_TEST_ACK | CT_TEST_PSH, PX_ISN + 1, cookie + 1, 10);
	said = px_passed();
	ck_assert_uint_eq(said.seg.seq, PX_ISN + 1);
	ck_assert_uint_eq(said.seg.data_len, 10 + LONGER);
	ck_assert_uint_eq(said.seg.ack, PX_SERVER + 1);
	px_server(CT_TEST_ACK | CT_TEST_PSH, PX_SERVER + 1,
		  PX_ISN + 11 + LONGER, 20);
	said = px_passed();
	ck_assert_uint_eq(said.seg.seq, cookie + 1);
	ck_assert_uint_eq(said.seg.data_len, 20 + LONGER);
	ck_assert_uint_eq(said.seg.ack, PX_ISN + 11);
	px_client(CT_TEST_ACK, PX_ISN + 11, cookie + 21 + LONGER, 0);
	said = px_passed();
	ck_assert_uint_eq(said.seg.seq, PX_ISN + 11 + LONGER);
	ck_assert_uint_eq(said.seg.ack, PX_SERVER + 21);
	px_end();
}
END_TEST

Suite *ct_suite(void)
{
	Suite *s = suite_create("flow/syn_beside");
	TCase *tc = tcase_create("nat64");

	tcase_add_test(tc, an_ipv6_client_and_an_ipv4_server);
	tcase_add_test(tc, an_ipv4_server_that_refuses_an_ipv6_client);
	suite_add_tcase(s, tc);

	tc = tcase_create("helper");
	tcase_add_loop_test(tc, a_helper_shifts_further, 0, PX_WAYS);
	suite_add_tcase(s, tc);
	return s;
}
