/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handshakes that the table answers in the server's place: what the client, the
 * server and the tracker see of each other, from the SYN to the last ACK.
 */
#include "proxy.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

/* --- The SYN --------------------------------------------------------------- */

START_TEST(a_syn_is_answered_and_nothing_is_kept)
{
	struct px_heard back;

	px_start((unsigned)_i, 2);
	back = px_syn_of_all();
	ck_assert_uint_eq(back.seg.flags, CT_SEG_SYN | CT_SEG_ACK);
	ck_assert_uint_eq(back.seg.ack, PX_ISN + 1);
	ck_assert_uint_eq(back.seg.window, 0);
	ck_assert_mem_eq(back.seg.dst.bytes, px.flow.src,
			 px.kind & PX_IPV6 ? 16 : 4);
	ck_assert_uint_eq(ntohs(back.seg.src_port), px.flow.dport);
	ck_assert(back.opt.has_mss && back.opt.sack_perm &&
		  back.opt.has_wscale && back.opt.has_timestamp);
	ck_assert_uint_eq(back.opt.mss, px.kind & PX_IPV6 ? 1440 : 1460);
	ck_assert_uint_eq(back.opt.wscale, PX_GIVEN_WS);
	ck_assert_uint_eq(back.opt.tsecr, PX_CLIENT_TS);
	ck_assert_uint_eq(ct_world_conns(&px.w), 0);
	ck_assert_uint_eq(px_pressure().cookies, 1);
	px_end();
}
END_TEST

START_TEST(who_offers_nothing_is_offered_a_segment_size)
{
	struct px_heard back;

	px_start((unsigned)_i, 2);
	px_client(CT_TEST_SYN, PX_ISN, 0, 0);
	ck_assert_uint_eq(px_dropped(), CT_R_SYN_COOKIE);
	back = px_hear_sent(0);
	ck_assert(back.opt.has_mss);
	ck_assert(!back.opt.sack_perm && !back.opt.has_wscale &&
		  !back.opt.has_timestamp);
	px_end();
}
END_TEST

START_TEST(a_syn_again_has_the_same_cookie)
{
	struct px_heard first, again;

	px_start((unsigned)_i, 2);
	first = px_syn_of_all();
	again = px_syn_of_all();
	ck_assert_uint_eq(again.seg.seq, first.seg.seq);
	px_end();
}
END_TEST

/* --- The ACK ----------------------------------------------------------------- */

START_TEST(the_ack_becomes_the_syn)
{
	struct px_heard back, syn;

	px_start((unsigned)_i, 2);
	back = px_syn_of_all();
	px_client_says(CT_TEST_ACK, PX_ISN + 1, back.seg.seq + 1,
		       PX_CLIENT_TS + 5, back.opt.tsval);
	syn = px_passed();
	ck_assert_uint_eq(syn.seg.flags, CT_SEG_SYN);
	ck_assert_uint_eq(syn.seg.seq, PX_ISN);
	ck_assert_uint_eq(syn.seg.ack, 0);
	ck_assert_uint_eq(syn.seg.window, 500 << PX_CLIENT_WS);
	ck_assert_uint_eq(syn.seg.data_len, 0);
	ck_assert_uint_eq(syn.opt.mss, 1400);
	ck_assert(syn.opt.sack_perm);
	ck_assert_uint_eq(syn.opt.wscale, PX_CLIENT_WS);
	ck_assert_uint_eq(syn.opt.tsval, PX_CLIENT_TS + 5);
	ck_assert_uint_eq(syn.opt.tsecr, 0);
	ck_assert_str_eq(px_state(), "SYN_SENT");
	ck_assert_uint_eq(px_pressure().cookies_good, 1);
	px_end();
}
END_TEST

START_TEST(what_cannot_be_a_cookie_is_invalid)
{
	struct ct_pkt pkt;
	uint32_t cookie;

	px_start((unsigned)_i, 2);
	cookie = px_knock();
	px_client(CT_TEST_ACK, PX_ISN + 1, cookie + 2, 0);
	pkt = px_route_with(PX_ROOM, NULL);
	ck_assert_uint_eq(pkt.state, CT_INVALID);
	ck_assert_uint_eq(pkt.reason, CT_R_SYN_BAD_COOKIE);
	px_client(CT_TEST_ACK, PX_ISN + 9, cookie + 1, 0);
	ck_assert_uint_eq(px_route_with(PX_ROOM, NULL).reason,
			  CT_R_SYN_BAD_COOKIE);
	ck_assert_uint_eq(ct_world_conns(&px.w), 0);
	ck_assert_uint_eq(px_pressure().cookies_bad, 2);
	px_end();
}
END_TEST

START_TEST(a_cookie_lasts_over_one_change_of_keys)
{
	uint32_t cookie;

	px_start((unsigned)_i, 2);
	cookie = px_knock();
	ct_world_wait(&px.w, 64 * CT_WORLD_S);
	px_open_by(cookie);
	ck_assert_str_eq(px_state(), "SYN_SENT");
	px_end();
}
END_TEST

START_TEST(a_cookie_does_not_last_over_two)
{
	uint32_t cookie;

	px_start((unsigned)_i, 2);
	cookie = px_knock();
	ct_world_wait(&px.w, 128 * CT_WORLD_S);
	px_client(CT_TEST_ACK, PX_ISN + 1, cookie + 1, 0);
	ck_assert_uint_eq(px_route_with(PX_ROOM, NULL).reason,
			  CT_R_SYN_BAD_COOKIE);
	px_end();
}
END_TEST

START_TEST(data_in_the_ack_waits)
{
	struct px_heard syn;
	uint32_t cookie;

	px_start((unsigned)_i, 2);
	cookie = px_knock();
	px_client(CT_TEST_ACK | CT_TEST_PSH, PX_ISN + 1, cookie + 1, 700);
	syn = px_passed();
	ck_assert_uint_eq(syn.seg.flags, CT_SEG_SYN);
	ck_assert_uint_eq(syn.seg.data_len, 0);
	ck_assert_uint_eq(px.w.p.len, ct_test_l4_off(&px.w.p) + 24);
	px_end();
}
END_TEST

START_TEST(a_question_for_the_window_redeems_the_cookie_of_a_lost_ack)
{
	struct px_heard syn;
	uint32_t cookie;

	px_start((unsigned)_i, 2);
	cookie = px_knock();
	px_client(CT_TEST_ACK, PX_ISN, cookie + 1, 0);
	syn = px_passed();
	ck_assert_uint_eq(syn.seg.flags, CT_SEG_SYN);
	ck_assert_uint_eq(syn.seg.seq, PX_ISN);
	px_end();
}
END_TEST

START_TEST(without_room_for_its_options_the_ack_is_dropped)
{
	uint32_t cookie;
	struct ct_pkt pkt;

	px_start((unsigned)_i, 2);
	cookie = px_knock();
	px_client(CT_TEST_ACK, PX_ISN + 1, cookie + 1, 0);
	pkt = px_route_with(3, NULL);
	ck_assert_uint_eq(pkt.reason, CT_R_SYN_NO_ROOM);
	ck_assert_uint_eq(ct_world_conns(&px.w), 0);
	px_client(CT_TEST_ACK, PX_ISN + 1, cookie + 1, 0);
	pkt = px_route_with(4, NULL);
	ck_assert_ptr_nonnull(pkt.conn);
	px_end();
}
END_TEST

START_TEST(a_partial_sum_stays_one)
{
	struct ct_pkt pkt;
	uint32_t cookie, sum;

	px_start((unsigned)_i, 2);
	cookie = px_knock();
	px_client(CT_TEST_ACK, PX_ISN + 1, cookie + 1, 0);
	pkt = ct_test_pkt(&px.w.p);
	pkt.tailroom = PX_ROOM;
	pkt.csum = CT_CSUM_PARTIAL;
	ck_assert_int_eq(px.kind & PX_BURST ? px_by_burst(&pkt)
					    : px_by_verbs(&pkt),
			 CT_ACCEPT);
	px.w.p.len = pkt.len;
	/* What a card does: the sum over the segment, its field included. */
	sum = ct_test_l4_off(&px.w.p) + 16;
	ct_nat_put(&px.w.p, sum, (uint16_t)ct_nat_u16(&px.w.p, sum));
	{
		uint64_t all = 0;

		for (uint32_t i = ct_test_l4_off(&px.w.p); i < px.w.p.len;
		     i += 2)
			all += ct_nat_u16(&px.w.p, i);
		while (all >> 16)
			all = (all & 0xffff) + (all >> 16);
		ct_nat_put(&px.w.p, sum, (uint16_t)~all);
	}
	ct_nat_sums_right(&px.w.p);
	px_end();
}
END_TEST

/* --- The server answers ------------------------------------------------------ */

START_TEST(both_ends_are_told_that_they_are_connected)
{
	struct px_heard ack, update;
	uint32_t cookie;

	px_start((unsigned)_i, 2);
	cookie = px_knock();
	px_open_by(cookie);
	px_server(CT_TEST_SYN | CT_TEST_ACK, PX_SERVER, PX_ISN + 1, 0);
	update = px_passed();
	ck_assert_uint_eq(update.seg.flags, CT_SEG_ACK);
	ck_assert_uint_eq(update.seg.seq, cookie + 1);
	ck_assert_uint_eq(update.seg.ack, PX_ISN + 1);
	ck_assert_uint_eq(update.seg.window, 300);
	ck_assert_uint_eq(update.seg.options_len, 0);
	ck_assert_mem_eq(update.seg.dst.bytes, px.flow.src,
			 px.kind & PX_IPV6 ? 16 : 4);
	ck_assert_mem_eq(update.seg.src.bytes, px.flow.dst,
			 px.kind & PX_IPV6 ? 16 : 4);

	ck_assert_uint_eq(px.sent.n, 1);
	ack = px_hear_sent(0);
	ck_assert_uint_eq(ack.seg.flags, CT_SEG_ACK);
	ck_assert_uint_eq(ack.seg.seq, PX_ISN + 1);
	ck_assert_uint_eq(ack.seg.ack, PX_SERVER + 1);
	ck_assert_mem_eq(ack.seg.dst.bytes, px.outside.dst,
			 px.kind & PX_IPV6 ? 16 : 4);
	ck_assert_mem_eq(ack.seg.src.bytes, px.outside.src,
			 px.kind & PX_IPV6 ? 16 : 4);
	ck_assert_str_eq(px_state(), "ESTABLISHED");
	ck_assert(ct_conn_status(px_found()) & CT_S_ASSURED);
	px_end();
}
END_TEST

START_TEST(numbers_are_shifted_for_life)
{
	struct px_heard said;
	uint32_t cookie;

	px_start((unsigned)_i, 2);
	cookie = px_establish();
	px_client(CT_TEST_ACK | CT_TEST_PSH, PX_ISN + 1, cookie + 1, 100);
	said = px_passed();
	ck_assert_uint_eq(said.seg.seq, PX_ISN + 1);
	ck_assert_uint_eq(said.seg.ack, PX_SERVER + 1);
	ck_assert_uint_eq(said.seg.data_len, 100);
	px_server(CT_TEST_ACK | CT_TEST_PSH, PX_SERVER + 1, PX_ISN + 101, 200);
	said = px_passed();
	ck_assert_uint_eq(said.seg.seq, cookie + 1);
	ck_assert_uint_eq(said.seg.ack, PX_ISN + 101);
	ck_assert_uint_eq(said.seg.window, 300);
	px_client(CT_TEST_FIN | CT_TEST_ACK, PX_ISN + 101, cookie + 201, 0);
	said = px_passed();
	ck_assert_uint_eq(said.seg.ack, PX_SERVER + 201);
	px_server(CT_TEST_FIN | CT_TEST_ACK, PX_SERVER + 201, PX_ISN + 102, 0);
	said = px_passed();
	ck_assert_uint_eq(said.seg.seq, cookie + 201);
	px_client(CT_TEST_ACK, PX_ISN + 102, cookie + 202, 0);
	said = px_passed();
	ck_assert_uint_eq(said.seg.ack, PX_SERVER + 202);
	ck_assert_str_eq(px_state(), "TIME_WAIT");
	px_end();
}
END_TEST

START_TEST(what_the_ends_do_not_send_is_invalid)
{
	uint32_t cookie;

	px_start((unsigned)_i, 2);
	cookie = px_establish();
	/* The server's own numbers are none that a client can acknowledge. */
	px_client(CT_TEST_ACK, PX_ISN + 1, cookie + 5000, 0);
	ck_assert_uint_eq(px_route_with(PX_ROOM, NULL).reason,
			  CT_R_TCP_ACK_UNSENT);
	px_client(CT_TEST_ACK, PX_ISN + 900000, cookie + 1, 10);
	ck_assert_uint_eq(px_route_with(PX_ROOM, NULL).reason,
			  CT_R_TCP_ABOVE_WINDOW);
	px_end();
}
END_TEST

/* Both with all options, whose shifts and clocks differ. */
static struct px_heard establish_all(uint32_t *cookie, uint32_t *given)
{
	struct px_heard back = px_syn_of_all(), syn;
	uint8_t options[40];
	const struct ct_test_segment seg = {
		.flags = CT_TEST_SYN | CT_TEST_ACK,
		.win = 65000,
		.seq = PX_SERVER,
		.ack = PX_ISN + 1,
		.options = options,
		.options_len = px_offer(options, 1300, PX_SERVER_WS,
					PX_SERVER_TS, PX_CLIENT_TS + 5),
	};

	*cookie = back.seg.seq;
	*given = back.opt.tsval;
	px_client_says(CT_TEST_ACK, PX_ISN + 1, *cookie + 1, PX_CLIENT_TS + 5,
		       *given);
	syn = px_passed();
	px_meet_server(&syn);
	px.sent.n = 0;
	ct_test_tcp(&px.w.p, &px.outside, CT_DIR_REPLY, &seg);
	return px_passed();
}

START_TEST(time_stamps_and_windows_are_converted)
{
	struct px_heard said;
	uint32_t cookie, given;

	px_start((unsigned)_i, 2);
	said = establish_all(&cookie, &given);
	ck_assert_uint_eq(said.opt.tsval, given);
	ck_assert_uint_eq(said.opt.tsecr, PX_CLIENT_TS + 5);
	ck_assert_uint_eq(said.seg.window, 65000 >> PX_GIVEN_WS);
	ck_assert(!said.opt.has_mss && !said.opt.has_wscale);
	said = px_hear_sent(0);
	ck_assert_uint_eq(said.opt.tsval, PX_CLIENT_TS + 5);
	ck_assert_uint_eq(said.opt.tsecr, PX_SERVER_TS);
	ck_assert_uint_eq(said.seg.window, 500);

	px_server_says(CT_TEST_ACK, PX_SERVER + 1, PX_ISN + 1,
		       PX_SERVER_TS + 40, PX_CLIENT_TS + 5);
	said = px_passed();
	ck_assert_uint_eq(said.opt.tsval, given + 40);
	ck_assert_uint_eq(said.seg.window, 300 << PX_SERVER_WS >> PX_GIVEN_WS);
	px_client_says(CT_TEST_ACK, PX_ISN + 1, cookie + 11, PX_CLIENT_TS + 60,
		       given + 40);
	said = px_passed();
	ck_assert_uint_eq(said.opt.tsval, PX_CLIENT_TS + 60);
	ck_assert_uint_eq(said.opt.tsecr, PX_SERVER_TS + 40);
	ck_assert_uint_eq(said.seg.window, 500);
	ck_assert_uint_eq(said.seg.ack, PX_SERVER + 11);
	px_end();
}
END_TEST

START_TEST(a_server_without_options_gets_on_with_a_client_that_has_them)
{
	struct px_heard back, said;
	uint32_t cookie;

	px_start((unsigned)_i, 2);
	back = px_syn_of_all();
	cookie = back.seg.seq;
	px_client_says(CT_TEST_ACK, PX_ISN + 1, cookie + 1, PX_CLIENT_TS + 5,
		       back.opt.tsval);
	said = px_passed();
	px_meet_server(&said);
	px_server(CT_TEST_SYN | CT_TEST_ACK, PX_SERVER, PX_ISN + 1, 0);
	said = px_passed();
	ck_assert_uint_eq(said.seg.window, 300 >> PX_GIVEN_WS);
	ck_assert(!said.opt.has_timestamp);
	/* It may send what the client's window allows, scaled. */
	px_client_says(CT_TEST_ACK, PX_ISN + 1, cookie + 1, PX_CLIENT_TS + 9,
		       back.opt.tsval);
	said = px_passed();
	ck_assert_uint_eq(said.opt.tsval, PX_CLIENT_TS + 9);
	ck_assert_uint_eq(said.seg.window, 500 << PX_CLIENT_WS);
	px_server(CT_TEST_ACK, PX_SERVER + 1 + 20000, PX_ISN + 1, 1000);
	said = px_passed();
	ck_assert_uint_eq(said.seg.seq, cookie + 1 + 20000);
	ck_assert_uint_eq(said.seg.window, 300 >> PX_GIVEN_WS);
	px_end();
}
END_TEST

START_TEST(selective_acknowledgements_are_shifted)
{
	const uint8_t sack[12] = { 1, 1, 5, 10 };
	struct ct_test_segment seg = { .flags = CT_TEST_ACK,
				       .win = 500,
				       .seq = PX_ISN + 1 };
	uint32_t cookie, given;
	uint8_t options[12];
	struct px_heard said;

	px_start((unsigned)_i, 2);
	establish_all(&cookie, &given);
	px_server(CT_TEST_ACK, PX_SERVER + 1001, PX_ISN + 1, 100);
	px_passed();
	memcpy(options, sack, sizeof(options));
	for (unsigned i = 0; i < 2; i++) {
		uint32_t edge = htonl(cookie + 1001 + 100 * i);

		memcpy(options + 4 + 4 * i, &edge, sizeof(edge));
	}
	seg.ack = cookie + 1;
	seg.options = options;
	seg.options_len = sizeof(options);
	ct_test_tcp(&px.w.p, &px.flow, CT_DIR_ORIG, &seg);
	said = px_passed();
	ck_assert_uint_eq(said.opt.n_sacks, 1);
	ck_assert_uint_eq(said.opt.sacks[0].left, PX_SERVER + 1001);
	ck_assert_uint_eq(said.opt.sacks[0].right, PX_SERVER + 1101);
	px_end();
}
END_TEST

Suite *ct_suite(void)
{
	Suite *s = suite_create("flow/syn_proxy");
	TCase *tc;

	tc = tcase_create("syn");
	tcase_add_loop_test(tc, a_syn_is_answered_and_nothing_is_kept, 0,
			    PX_WAYS);
	tcase_add_loop_test(tc, who_offers_nothing_is_offered_a_segment_size, 0,
			    PX_WAYS);
	tcase_add_loop_test(tc, a_syn_again_has_the_same_cookie, 0, PX_WAYS);
	suite_add_tcase(s, tc);

	tc = tcase_create("ack");
	tcase_add_loop_test(tc, the_ack_becomes_the_syn, 0, PX_WAYS);
	tcase_add_loop_test(tc, what_cannot_be_a_cookie_is_invalid, 0, PX_WAYS);
	tcase_add_loop_test(tc, a_cookie_lasts_over_one_change_of_keys, 0,
			    PX_WAYS);
	tcase_add_loop_test(tc, a_cookie_does_not_last_over_two, 0, PX_WAYS);
	tcase_add_loop_test(tc, data_in_the_ack_waits, 0, PX_WAYS);
	tcase_add_loop_test(
		tc, a_question_for_the_window_redeems_the_cookie_of_a_lost_ack,
		0, PX_WAYS);
	tcase_add_loop_test(tc, without_room_for_its_options_the_ack_is_dropped,
			    0, PX_WAYS);
	tcase_add_loop_test(tc, a_partial_sum_stays_one, 0, PX_WAYS);
	suite_add_tcase(s, tc);

	tc = tcase_create("answer");
	tcase_add_loop_test(tc, both_ends_are_told_that_they_are_connected, 0,
			    PX_WAYS);
	tcase_add_loop_test(tc, numbers_are_shifted_for_life, 0, PX_WAYS);
	tcase_add_loop_test(tc, what_the_ends_do_not_send_is_invalid, 0,
			    PX_WAYS);
	tcase_add_loop_test(tc, time_stamps_and_windows_are_converted, 0,
			    PX_WAYS);
	tcase_add_loop_test(
		tc,
		a_server_without_options_gets_on_with_a_client_that_has_them, 0,
		PX_WAYS);
	tcase_add_loop_test(tc, selective_acknowledgements_are_shifted, 0,
			    PX_WAYS);
	suite_add_tcase(s, tc);
	return s;
}
