/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handshakes that the table answers in the server's place, when something goes
 * wrong; and whose are answered.
 */
#include "crowd.h"
#include "proxy.h"
#include "suite.h"

#include <string.h>

/* --- What goes wrong ----------------------------------------------------------- */

START_TEST(until_the_server_answers_the_client_repeats_the_syn)
{
	struct px_heard said;
	uint32_t cookie;

	px_start((unsigned)_i, 2);
	cookie = px_knock();
	px_open_by(cookie);
	for (uint32_t i = 0; i < 3; i++) {
		ct_world_wait(&px.w, CT_WORLD_S);
		px_client(CT_TEST_ACK, PX_ISN + 1 - (i & 1), cookie + 1, i & 1);
		said = px_passed();
		ck_assert_uint_eq(said.seg.flags, CT_SEG_SYN);
		ck_assert_uint_eq(said.seg.seq, PX_ISN);
		ck_assert_uint_eq(said.seg.data_len, 0);
	}
	ck_assert_uint_eq(ct_world_conns(&px.w), 1);
	px_server(CT_TEST_SYN | CT_TEST_ACK, PX_SERVER, PX_ISN + 1, 0);
	px_passed();
	ck_assert_str_eq(px_state(), "ESTABLISHED");
	px_end();
}
END_TEST

START_TEST(if_the_client_is_silent_the_table_repeats_the_syn)
{
	const unsigned when[] = { 1, 2, 4, 8, 16, 32 };
	struct px_heard said;

	px_start((unsigned)_i, 2);
	px_open_by(px_knock());
	for (unsigned i = 0; i < 6; i++) {
		px.sent.n = 0;
		for (unsigned poll = 0; poll < 64; poll++)
			ct_world_wait(&px.w, when[i] * CT_WORLD_S / 64);
		for (unsigned poll = 0; poll < 64; poll++)
			ct_world_wait(&px.w, 1);
		ck_assert_uint_eq(px.sent.n, i < 5);
		if (i == 5)
			break;
		said = px_hear_sent(0);
		ck_assert_uint_eq(said.seg.flags, CT_SEG_SYN);
		ck_assert_uint_eq(said.seg.seq, PX_ISN);
		ck_assert_mem_eq(said.seg.dst.bytes, px.outside.dst,
				 px.kind & PX_IPV6 ? 16 : 4);
		ck_assert_mem_eq(said.seg.src.bytes, px.outside.src,
				 px.kind & PX_IPV6 ? 16 : 4);
	}
	px_end();
}
END_TEST

START_TEST(once_the_server_has_answered_the_syn_is_not_repeated)
{
	px_start((unsigned)_i, 2);
	px_establish();
	for (unsigned poll = 0; poll < 256; poll++)
		ct_world_wait(&px.w, CT_WORLD_S / 16);
	ck_assert_uint_eq(px.sent.n, 0);
	px_end();
}
END_TEST

START_TEST(a_server_that_refuses_resets_the_client)
{
	struct px_heard said;
	uint32_t cookie;

	px_start((unsigned)_i, 2);
	cookie = px_knock();
	px_open_by(cookie);
	px_server(CT_TEST_RST | CT_TEST_ACK, 0, PX_ISN + 1, 0);
	said = px_passed();
	ck_assert_uint_eq(said.seg.flags, CT_SEG_RST | CT_SEG_ACK);
	ck_assert_uint_eq(said.seg.seq, cookie + 1);
	ck_assert_uint_eq(said.seg.ack, PX_ISN + 1);
	ck_assert_uint_eq(ct_world_conns(&px.w), 0);
	px_end();
}
END_TEST

START_TEST(a_client_that_gives_up_resets_the_server)
{
	struct px_heard said;
	uint32_t cookie;

	px_start((unsigned)_i, 2);
	cookie = px_knock();
	px_open_by(cookie);
	px_client(CT_TEST_RST, PX_ISN + 1, 0, 0);
	said = px_passed();
	ck_assert_uint_eq(said.seg.flags, CT_SEG_RST);
	ck_assert_uint_eq(said.seg.seq, PX_ISN + 1);
	(void)cookie;
	px_end();
}
END_TEST

START_TEST(a_lost_ack_is_repeated_by_the_servers_answer)
{
	struct px_heard said;
	uint32_t cookie;

	px_start((unsigned)_i, 2);
	cookie = px_establish();
	px_server(CT_TEST_SYN | CT_TEST_ACK, PX_SERVER, PX_ISN + 1, 0);
	said = px_passed();
	ck_assert_uint_eq(said.seg.flags, CT_SEG_ACK);
	ck_assert_uint_eq(said.seg.seq, cookie + 1);
	ck_assert_uint_eq(px.sent.n, 1);
	said = px_hear_sent(0);
	ck_assert_uint_eq(said.seg.ack, PX_SERVER + 1);
	px_end();
}
END_TEST

START_TEST(an_older_connection_of_the_server_is_reset)
{
	struct px_heard rst;
	uint32_t cookie;

	px_start((unsigned)_i, 2);
	cookie = px_knock();
	px_open_by(cookie);
	px_server(CT_TEST_ACK, 31337, 4242, 0);
	ck_assert_uint_eq(px_dropped(), CT_R_SYN_STALE);
	ck_assert_uint_eq(px.sent.n, 1);
	rst = px_hear_sent(0);
	ck_assert_uint_eq(rst.seg.flags, CT_SEG_RST);
	ck_assert_uint_eq(rst.seg.seq, 4242);
	ck_assert_mem_eq(rst.seg.dst.bytes, px.outside.dst,
			 px.kind & PX_IPV6 ? 16 : 4);
	px_client(CT_TEST_ACK, PX_ISN + 1, cookie + 1, 0);
	ck_assert_uint_eq(px_passed().seg.flags, CT_SEG_SYN);
	px_end();
}
END_TEST

START_TEST(a_client_that_begins_anew_takes_its_old_connection_away)
{
	struct px_heard said;
	uint32_t cookie, other;

	px_start((unsigned)_i, 2);
	cookie = px_knock();
	px_open_by(cookie);
	px.sent.n = 0;
	px_client(CT_TEST_SYN, 555000, 0, 0);
	ck_assert_uint_eq(px_dropped(), CT_R_SYN_COOKIE);
	other = px_hear_sent(0).seg.seq;
	ck_assert_uint_ne(other, cookie);
	px_client(CT_TEST_ACK, 555001, other + 2, 0);
	ck_assert_uint_eq(px_route_with(PX_ROOM, NULL).reason,
			  CT_R_SYN_BAD_COOKIE);
	ck_assert_uint_eq(ct_world_conns(&px.w), 1);
	px_client(CT_TEST_ACK, 555001, other + 1, 0);
	said = px_passed();
	ck_assert_uint_eq(said.seg.flags, CT_SEG_SYN);
	ck_assert_uint_eq(said.seg.seq, 555000);
	ck_assert_uint_eq(ct_world_conns(&px.w), 1);
	ck_assert_uint_eq(ct_world_count(&px.w, CT_R_END_REPLACED), 1);
	px_end();
}
END_TEST

START_TEST(a_late_copy_of_the_syn_goes_to_the_server)
{
	struct px_heard said;

	px_start((unsigned)_i, 2);
	px_open_by(px_knock());
	px_client(CT_TEST_SYN, PX_ISN, 0, 0);
	said = px_passed();
	ck_assert_uint_eq(said.seg.flags, CT_SEG_SYN);
	ck_assert_uint_eq(said.seg.seq, PX_ISN);
	ck_assert_uint_eq(px.sent.n, 0);
	px_end();
}
END_TEST

START_TEST(between_process_and_confirm_nothing_is_lost)
{
	struct ct_test_packet answer, question;
	struct ct_pkt first, second;
	uint32_t cookie;

	px_start(_i & PX_IPV6, 2);
	cookie = px_knock();
	px_open_by(cookie);
	px_server(CT_TEST_SYN | CT_TEST_ACK, PX_SERVER, PX_ISN + 1, 0);
	answer = px.w.p;
	px_client(CT_TEST_ACK, PX_ISN, cookie + 1, 0);
	question = px.w.p;
	first = ct_test_pkt(&answer);
	second = ct_test_pkt(&question);
	second.tailroom = PX_ROOM;
	ck_assert_int_eq(ct_process(px.w.thr, &first, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(ct_process(px.w.thr, &second, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(px.w.thr, &first), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(px.w.thr, &second), CT_ACCEPT);
	ck_assert_str_eq(px_state(), "ESTABLISHED");
	ck_assert_uint_eq(px.sent.n, 1);
	px_end();
}
END_TEST

/* --- When ----------------------------------------------------------------------- */

static void fill(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct ct_test_flow other = ct_world_flow(100 + i);

		ct_world_udp(&px.w, &other, CT_DIR_ORIG);
	}
	ct_world_wait(&px.w, 1000);
}

START_TEST(without_pressure_syns_pass)
{
	struct px_heard said;

	px_start((unsigned)_i, 1);
	px_set("overflow.low", 500);
	px_client(CT_TEST_SYN, PX_ISN, 0, 0);
	said = px_passed();
	ck_assert_uint_eq(said.seg.flags, CT_SEG_SYN);
	ck_assert_uint_eq(px.sent.n, 0);
	ck_assert_uint_eq(ct_world_conns(&px.w), 1);
	px_end();
}
END_TEST

START_TEST(above_the_watermark_they_are_answered)
{
	uint32_t cookie;

	px_start((unsigned)_i, 1);
	px_set("overflow.low", 500);
	fill(PX_MAX / 2 + 1);
	cookie = px_knock();
	px_open_by(cookie);
	ck_assert_str_eq(px_state(), "SYN_SENT");
	px_end();
}
END_TEST

START_TEST(what_is_picked_up_is_no_cookie)
{
	struct px_heard said;

	px_start((unsigned)_i, 1);
	px_set("overflow.low", 500);
	fill(PX_MAX / 2 + 1);
	px_knock();
	px_client(CT_TEST_ACK, 4242, 31337, 5);
	said = px_passed();
	ck_assert_uint_eq(said.seg.flags, CT_SEG_ACK);
	ck_assert_uint_eq(px_pressure().cookies_bad, 1);
	px_end();
}
END_TEST

START_TEST(a_policy_says_yes_or_no)
{
	struct ct_policy_def def = { .size = sizeof(def),
				     .flags = CT_POLICY_SYN_PROXY };
	const struct ct_policy *yes, *no;

	px_start((unsigned)_i, 0);
	ck_assert_int_eq(ct_policy_create(px.w.tbl, &def, &yes), 0);
	def.flags = CT_POLICY_NO_SYN_PROXY;
	ck_assert_int_eq(ct_policy_create(px.w.tbl, &def, &no), 0);
	px_client(CT_TEST_SYN, PX_ISN, 0, 0);
	ck_assert_uint_eq(px_route_with(PX_ROOM, yes).reason, CT_R_SYN_COOKIE);
	px_set("overflow.syn_proxy", 2);
	px_client(CT_TEST_SYN, PX_ISN, 0, 0);
	ck_assert_ptr_nonnull(px_route_with(PX_ROOM, no).conn);
	def.flags = CT_POLICY_SYN_PROXY | CT_POLICY_NO_SYN_PROXY;
	ck_assert_int_eq(ct_policy_create(px.w.tbl, &def, &no), CT_E_INVAL);
	px_end();
}
END_TEST

START_TEST(this_hosts_own_syns_pass)
{
	struct ct_pkt pkt;

	px_start(_i & PX_IPV6, 2);
	px_client(CT_TEST_SYN, PX_ISN, 0, 0);
	pkt = ct_test_pkt(&px.w.p);
	ck_assert_int_eq(ct_process(px.w.thr, &pkt, CT_HOOK_OUTPUT), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(px.w.thr, &pkt), CT_ACCEPT);
	ck_assert_uint_eq(px.sent.n, 0);
	px_end();
}
END_TEST

START_TEST(a_host_that_sends_nothing_has_no_proxy)
{
	struct px_heard said;

	ct_world_start(&px.w, PX_MAX);
	px.kind = 0;
	px.flow = ct_world_flow(7);
	px_set("overflow.syn_proxy", 2);
	px_client(CT_TEST_SYN, PX_ISN, 0, 0);
	said = px_passed();
	ck_assert_uint_eq(said.seg.flags, CT_SEG_SYN);
	px_end();
}
END_TEST

/*
 * A cookie is out when the table becomes full, and comes back.
 *
 * => The cookie; px.w.p is what left, if anything.
 */
static uint32_t come_back(unsigned kind, uint32_t verdict, struct ct_pkt *pkt)
{
	uint32_t cookie;

	px_create(kind, 2);
	px_set("overflow.policy", CT_OVERFLOW_REFUSE);
	px_set("overflow.verdict", verdict);
	ct_world_attach(&px.w);
	cookie = px_knock();
	for (uint32_t i = 0; i < PX_MAX; i++)
		ct_crowd_arrive(&px.w, 5000 + i);
	px.sent.n = 0;
	px_client(CT_TEST_ACK, PX_ISN + 1, cookie + 1, 0);
	*pkt = px_route_with(PX_ROOM, NULL);
	return cookie;
}

START_TEST(a_rejected_cookie_is_reset_as_its_ack_wants_it)
{
	struct px_heard rst;
	struct ct_pkt pkt;
	uint32_t cookie = come_back((unsigned)_i, CT_OVERFLOW_REJECT, &pkt);

	ck_assert_ptr_null(pkt.user);
	ck_assert_uint_eq(pkt.reason, CT_R_TABLE_FULL);
	ck_assert_uint_eq(px.sent.n, 1);
	rst = px_hear_sent(0);
	ck_assert_uint_eq(rst.seg.flags, CT_SEG_RST);
	ck_assert_uint_eq(rst.seg.seq, cookie + 1);
	px_end();
}
END_TEST

START_TEST(a_cookie_without_a_connection_does_not_pass)
{
	struct px_heard said;
	struct ct_pkt pkt;
	uint32_t cookie = come_back((unsigned)_i, CT_OVERFLOW_UNTRACKED, &pkt);

	ck_assert_ptr_null(pkt.user);
	ck_assert_uint_eq(pkt.reason, CT_R_TABLE_FULL);
	ck_assert_uint_eq(px.sent.n, 0);
	/* Who comes again when there is a place is as welcome as before. */
	ct_flush(px.w.thr, NULL);
	ct_world_settle(&px.w);
	px_client(CT_TEST_ACK, PX_ISN + 1, cookie + 1, 20);
	said = px_passed();
	ck_assert_uint_eq(said.seg.flags, CT_SEG_SYN);
	ck_assert_uint_eq(said.seg.seq, PX_ISN);
	px_end();
}
END_TEST

START_TEST(a_full_table_answers_all_the_same)
{
	px_start((unsigned)_i, 1);
	px_set("overflow.policy", CT_OVERFLOW_REFUSE);
	px_set("overflow.low", 500);
	fill(PX_MAX);
	px_knock();
	ck_assert_uint_eq(ct_world_count(&px.w, CT_R_TABLE_FULL), 0);
	px_end();
}
END_TEST

Suite *ct_suite(void)
{
	Suite *s = suite_create("flow/syn_trouble");
	TCase *tc;

	tc = tcase_create("trouble");
	tcase_add_loop_test(tc,
			    until_the_server_answers_the_client_repeats_the_syn,
			    0, PX_WAYS);
	tcase_add_loop_test(tc,
			    if_the_client_is_silent_the_table_repeats_the_syn,
			    0, PX_WAYS);
	tcase_add_loop_test(
		tc, once_the_server_has_answered_the_syn_is_not_repeated, 0,
		PX_WAYS);
	tcase_add_loop_test(tc, a_server_that_refuses_resets_the_client, 0,
			    PX_WAYS);
	tcase_add_loop_test(tc, a_client_that_gives_up_resets_the_server, 0,
			    PX_WAYS);
	tcase_add_loop_test(tc, a_lost_ack_is_repeated_by_the_servers_answer, 0,
			    PX_WAYS);
	tcase_add_loop_test(tc, an_older_connection_of_the_server_is_reset, 0,
			    PX_WAYS);
	tcase_add_loop_test(
		tc, a_client_that_begins_anew_takes_its_old_connection_away, 0,
		PX_WAYS);
	tcase_add_loop_test(tc, a_late_copy_of_the_syn_goes_to_the_server, 0,
			    PX_WAYS);
	tcase_add_loop_test(tc, between_process_and_confirm_nothing_is_lost, 0,
			    PX_IPV6 + 1);
	suite_add_tcase(s, tc);

	tc = tcase_create("when");
	tcase_add_loop_test(tc, without_pressure_syns_pass, 0, PX_WAYS);
	tcase_add_loop_test(tc, above_the_watermark_they_are_answered, 0,
			    PX_WAYS);
	tcase_add_loop_test(tc, what_is_picked_up_is_no_cookie, 0, PX_WAYS);
	tcase_add_loop_test(tc, a_policy_says_yes_or_no, 0, PX_WAYS);
	tcase_add_loop_test(tc, this_hosts_own_syns_pass, 0, PX_IPV6 + 1);
	tcase_add_test(tc, a_host_that_sends_nothing_has_no_proxy);
	tcase_add_loop_test(tc, a_full_table_answers_all_the_same, 0, PX_WAYS);
	tcase_add_loop_test(tc, a_rejected_cookie_is_reset_as_its_ack_wants_it,
			    0, PX_WAYS);
	tcase_add_loop_test(tc, a_cookie_without_a_connection_does_not_pass, 0,
			    PX_WAYS);
	suite_add_tcase(s, tc);
	return s;
}
