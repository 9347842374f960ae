/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers at work: what they are shown, what they replace, and what follows from
 * it for lengths, sums and sequence numbers.
 */
#include "lines.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

/* --- Packet by packet --------------------------------------------------- */

START_TEST(each_segment_is_shown_by_itself)
{
	ct_lines_shake_hands();
	ct_lines_say("one\ntw");
	ct_lines_say("o\n");
	ct_lines_seen("[one.tw][o.]");
}
END_TEST

START_TEST(helper_of_a_datagram_sees_the_first_one)
{
	struct ct_pkt pkt;

	ct_test_udp(&ct_lines.w.p, &ct_test_flow4, CT_DIR_ORIG, 5);
	pkt = ct_lines_carry("hello");
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	ct_lines_seen("[hello]");
	ck_assert(ct_conn_status(pkt.conn) & CT_S_HELPER);
	ck_assert_str_eq(ct_conn_helper(ct_lines.w.tbl, pkt.conn), "lines");
}
END_TEST

START_TEST(packets_without_policy_are_shown_to_their_helper)
{
	struct ct_pkt pkt;

	ct_lines_shake_hands();
	ct_lines.policy = NULL;
	for (unsigned i = 0; i < 4; i++)
		pkt = ct_lines_say("again and again\n");
	ck_assert_uint_eq(
		*(uint32_t *)ct_helper_state(ct_lines.w.tbl, pkt.conn), 4);
}
END_TEST

START_TEST(refused_packet_is_dropped_and_leaves_no_connection)
{
	struct ct_pkt pkt;

	ct_test_udp(&ct_lines.w.p, &ct_test_flow4, CT_DIR_ORIG, 4);
	pkt = ct_lines_carry("NO..");
	ck_assert_int_eq(ct_lines_go(&pkt), CT_DROP);
	ck_assert_uint_eq(pkt.reason, CT_R_HELPER_REFUSED);
	ck_assert_ptr_null(pkt.conn);
	ck_assert_uint_eq(ct_world_conns(&ct_lines.w), 0);
	ck_assert_uint_eq(ct_world_count(&ct_lines.w, CT_R_HELPER_REFUSED), 1);
}
END_TEST

START_TEST(error_about_it_is_not_shown)
{
	struct ct_test_icmp icmp = { .type = 3, .code = 1, .rest_len = 28 };
	struct ct_test_packet quoted;
	struct ct_pkt pkt;

	ct_test_udp(&ct_lines.w.p, &ct_test_flow4, CT_DIR_ORIG, 5);
	pkt = ct_lines_carry("hello");
	quoted = ct_lines.w.p;
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	ct_lines.seen[0] = '\0';
	icmp.rest = quoted.bytes;
	ct_test_icmp(&ct_lines.w.p, &ct_test_flow4, CT_DIR_REPLY, &icmp);
	pkt = ct_test_pkt(&ct_lines.w.p);
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ct_lines_seen("");
}
END_TEST

START_TEST(helper_has_parameters)
{
	uint64_t value;

	ck_assert_uint_eq(ct_helper_param(ct_lines.w.thr, &ct_lines_ops, 0), 7);
	ck_assert_int_eq(ct_param_set(ct_lines.w.tbl, "lines.number", 9), 0);
	ck_assert_int_eq(ct_param_get(ct_lines.w.tbl, "lines.number", &value),
			 0);
	ck_assert_uint_eq(ct_helper_param(ct_lines.w.thr, &ct_lines_ops, 0),
			  value);
}
END_TEST

START_TEST(registration_must_make_sense)
{
	struct ct_helper_ops bad[5] = { ct_lines_ops, ct_lines_ops,
					ct_lines_ops, ct_lines_ops,
					ct_lines_ops };
	struct ct_table *tbl;

	ck_assert_int_eq(ct_helper_register(ct_lines.w.tbl, &ct_lines_ops),
			 CT_E_SEALED);
	bad[0].help = NULL;
	bad[1].n_classes = 9;
	bad[2].state_size = CT_HELPER_STATE_MAX + 1;
	bad[3].flags = 2;
	bad[4].name = NULL;
	ck_assert_int_eq(ct_table_create(NULL, &tbl), 0);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(ct_helper_register(tbl, &bad[i]), CT_E_INVAL);
	bad[0].size--;
	ck_assert_int_eq(ct_helper_register(tbl, &bad[0]), CT_E_VERSION);
	ct_table_destroy(tbl);
}
END_TEST

/* --- Replacements ------------------------------------------------------- */

static void replaces_in_datagrams(void)
{
	struct ct_pkt pkt;

	ct_test_udp(&ct_lines.w.p, ct_lines_flow(), CT_DIR_ORIG, 11);
	pkt = ct_lines_carry("the OLD one");
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	ct_lines_carries(&pkt, "the NEWER one");
	ck_assert_uint_eq(ct_load_u16(pkt.data + pkt.l4_off + 4), 8 + 13);
	ck_assert_uint_eq(pkt.tailroom, ROOM - 2);
	ct_test_udp(&ct_lines.w.p, ct_lines_flow(), CT_DIR_ORIG, 5);
	pkt = ct_lines_carry("a X b");
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	ct_lines_carries(&pkt, "a  b");
	ck_assert_uint_eq(pkt.tailroom, ROOM + 1);
}

START_TEST(datagram_grows_and_shrinks)
{
	replaces_in_datagrams();
}
END_TEST

START_TEST(ipv6_datagram_grows_and_shrinks)
{
	ct_lines.l3 = CT_L3_IPV6;
	replaces_in_datagrams();
}
END_TEST

START_TEST(datagram_without_sum_keeps_none)
{
	struct ct_pkt pkt;

	ct_test_udp(&ct_lines.w.p, &ct_test_flow4, CT_DIR_ORIG, 3);
	pkt = ct_lines_carry("OLD");
	memset(ct_lines.w.p.bytes + 26, 0, 2);
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	ck_assert_uint_eq(ct_load_u16(ct_lines.w.p.bytes + 26), 0);
	ck_assert_mem_eq(ct_lines.w.p.bytes + 28, "NEWER", 5);
}
END_TEST

START_TEST(partial_sum_knows_the_new_length)
{
	struct ct_pkt pkt;
	uint32_t before;

	ct_test_udp(&ct_lines.w.p, &ct_test_flow4, CT_DIR_ORIG, 3);
	pkt = ct_lines_carry("OLD");
	pkt.csum = CT_CSUM_PARTIAL;
	before = ct_load_u16(ct_lines.w.p.bytes + 26);
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	ck_assert_uint_eq(ct_load_u16(ct_lines.w.p.bytes + 26), before + 2);
}
END_TEST

START_TEST(without_room_it_is_dropped)
{
	struct ct_pkt pkt;

	ct_test_udp(&ct_lines.w.p, &ct_test_flow4, CT_DIR_ORIG, 3);
	pkt = ct_lines_carry("OLD");
	pkt.tailroom = 1;
	ck_assert_int_eq(ct_lines_go(&pkt), CT_DROP);
	ck_assert_mem_eq(ct_lines.w.p.bytes + 28, "OLD", 3);
}
END_TEST

START_TEST(what_pads_a_frame_is_room)
{
	struct ct_pkt pkt;

	ct_test_udp(&ct_lines.w.p, &ct_test_flow4, CT_DIR_ORIG, 3);
	pkt = ct_lines_carry("OLD");
	pkt.len += 2;
	pkt.tailroom = 0;
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	ct_lines_carries(&pkt, "NEWER");
	ck_assert_uint_eq(pkt.tailroom, 0);
}
END_TEST

START_TEST(length_may_stay_where_not_all_is_there)
{
	struct ct_pkt pkt;

	ct_lines_shake_hands();
	/* "X" goes, so it would have to move. */
	pkt = ct_lines_say_at(ct_lines.seq[CT_DIR_ORIG], "X1234567");
	pkt.frame_len = pkt.len;
	pkt.len -= 4;
	pkt.csum = CT_CSUM_VERIFIED;
	ck_assert_int_eq(ct_lines_go(&pkt), CT_DROP);
	ct_lines_seen("[X123]");
}
END_TEST

static void shifts_a_stream(void)
{
	struct ct_pkt pkt;

	ct_lines_shake_hands();
	pkt = ct_lines_say("the OLD one\n");
	ct_lines_carries(&pkt, "the NEWER one\n");
	ck_assert(ct_conn_status(pkt.conn) & CT_S_SEQ_ADJUST);
	ck_assert_uint_eq(ct_lines_number(&pkt, 4), CLIENT_ISN + 1);

	/* The server counts what it got; the client what it sent. */
	pkt = ct_lines_segment(CT_DIR_REPLY, ct_lines.seq[CT_DIR_REPLY],
			       CLIENT_ISN + 1 + 14, CT_TEST_ACK, "yes\n");
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	ck_assert_uint_eq(ct_lines_number(&pkt, 8), CLIENT_ISN + 1 + 12);
	ct_lines.seq[CT_DIR_REPLY] += 4;

	pkt = ct_lines_say("next\n");
	ck_assert_uint_eq(ct_lines_number(&pkt, 4), CLIENT_ISN + 1 + 14);
	ct_lines_carries(&pkt, "next\n");
}

START_TEST(later_numbers_are_shifted)
{
	shifts_a_stream();
}
END_TEST

START_TEST(later_numbers_are_shifted_in_ipv6)
{
	ct_lines.l3 = CT_L3_IPV6;
	shifts_a_stream();
}
END_TEST

START_TEST(retransmission_is_replaced_again_and_counted_once)
{
	struct ct_pkt pkt;

	ct_lines_shake_hands();
	ct_lines_say("OLD\n");
	pkt = ct_lines_say_at(CLIENT_ISN + 1, "OLD\n");
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	ct_lines_carries(&pkt, "NEWER\n");
	pkt = ct_lines_say("next\n");
	ck_assert_uint_eq(ct_lines_number(&pkt, 4), CLIENT_ISN + 1 + 6);
}
END_TEST

START_TEST(burst_does_what_single_verbs_do)
{
	struct ct_test_packet copies[3];
	struct ct_pkt pkts[3];
	struct ct_pkt *list[3];
	enum ct_verdict verdicts[3];
	const char *const texts[3] = { "one\n", "OLD\n", "two\n" };

	ct_lines_shake_hands();
	ct_lines.policy = NULL;
	for (unsigned i = 0; i < 3; i++) {
		pkts[i] = ct_lines_say_at(ct_lines.seq[CT_DIR_ORIG], texts[i]);
		ct_lines.seq[CT_DIR_ORIG] += 4;
		copies[i] = ct_lines.w.p;
		pkts[i].data = copies[i].bytes;
		pkts[i].csum = CT_CSUM_VERIFIED;
		list[i] = &pkts[i];
	}
	ct_forward_burst(ct_lines.w.thr, list, 3, NULL, verdicts);
	ct_lines_seen("[one.][OLD.][two.]");
	ck_assert_uint_eq(ct_lines_number(&pkts[1], 4), CLIENT_ISN + 1 + 4);
	ck_assert_uint_eq(ct_lines_number(&pkts[2], 4), CLIENT_ISN + 1 + 10);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(verdicts[i], CT_ACCEPT);
}
END_TEST

/* --- Strict mode -------------------------------------------------------- */

START_TEST(strict_mode_knows_ends_and_ports)
{
	union ct_addr own = { 0 }, other = { 0 };
	struct ct_pkt pkt;

	ct_lines_shake_hands();
	pkt = ct_lines_say("x\n");
	memcpy(&own, ct_test_flow4.src, 4);
	memcpy(&other, ct_test_flow4.src, 4);
	other.bytes[3]++;
	ck_assert(ct_help_allowed(ct_lines.w.thr, &pkt, &other, htons(22)));
	ck_assert_int_eq(ct_param_set(ct_lines.w.tbl, "helper.strict", 1), 0);
	ck_assert(ct_help_allowed(ct_lines.w.thr, &pkt, &own, htons(1024)));
	ck_assert(!ct_help_allowed(ct_lines.w.thr, &pkt, &own, htons(1023)));
	ck_assert(!ct_help_allowed(ct_lines.w.thr, &pkt, &other, htons(5000)));
	ck_assert_uint_eq(ct_world_count(&ct_lines.w, CT_R_HELPER_STRICT), 2);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("help flow");
	TCase *tc = tcase_create("help");

	tcase_add_checked_fixture(tc, ct_lines_setup, ct_lines_teardown);
	tcase_add_test(tc, each_segment_is_shown_by_itself);
	tcase_add_test(tc, helper_of_a_datagram_sees_the_first_one);
	tcase_add_test(tc, packets_without_policy_are_shown_to_their_helper);
	tcase_add_test(tc, refused_packet_is_dropped_and_leaves_no_connection);
	tcase_add_test(tc, error_about_it_is_not_shown);
	tcase_add_test(tc, helper_has_parameters);
	tcase_add_test(tc, registration_must_make_sense);
	tcase_add_test(tc, datagram_grows_and_shrinks);
	tcase_add_test(tc, ipv6_datagram_grows_and_shrinks);
	tcase_add_test(tc, datagram_without_sum_keeps_none);
	tcase_add_test(tc, partial_sum_knows_the_new_length);
	tcase_add_test(tc, without_room_it_is_dropped);
	tcase_add_test(tc, what_pads_a_frame_is_room);
	tcase_add_test(tc, length_may_stay_where_not_all_is_there);
	tcase_add_test(tc, later_numbers_are_shifted);
	tcase_add_test(tc, later_numbers_are_shifted_in_ipv6);
	tcase_add_test(tc, retransmission_is_replaced_again_and_counted_once);
	tcase_add_test(tc, burst_does_what_single_verbs_do);
	tcase_add_test(tc, strict_mode_knows_ends_and_ports);
	suite_add_tcase(suite, tc);
	return suite;
}
