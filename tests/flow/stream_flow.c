/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stream in order: what a helper over TCP is shown of segments that are cut,
 * come again, overlap or are missing.
 */
#include "lines.h"
#include "suite.h"

#include <string.h>

/* --- In order ----------------------------------------------------------- */

START_TEST(line_cut_over_segments_is_seen_whole)
{
	ct_lines_in_order();
	ct_lines_shake_hands();
	ct_lines_say("one\nt");
	ct_lines_say("w");
	ct_lines_say("o\nthree\n");
	ct_lines_seen("(one.t)(t|w)(tw|o.three.)");
}
END_TEST

START_TEST(directions_have_a_view_each)
{
	struct ct_pkt pkt;

	ct_lines_in_order();
	ct_lines_shake_hands();
	ct_lines_say("one");
	pkt = ct_lines_segment(CT_DIR_REPLY, ct_lines.seq[CT_DIR_REPLY],
			       ct_lines.seq[CT_DIR_ORIG], CT_TEST_ACK, "uno\n");
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	ct_lines.seq[CT_DIR_REPLY] += 4;
	ct_lines_say("\n");
	ct_lines_seen("(one)(uno.)(one|.)");
}
END_TEST

START_TEST(retransmission_is_shown_as_such)
{
	struct ct_pkt pkt;

	ct_lines_in_order();
	ct_lines_shake_hands();
	ct_lines_say("a OLD\n");
	pkt = ct_lines_say_at(CLIENT_ISN + 1, "a OLD\n");
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	ct_lines_carries(&pkt, "a NEWER\n");
	ct_lines_seen("(a OLD.){a OLD.}");
	pkt = ct_lines_say("b\n");
	ck_assert_uint_eq(ct_lines_number(&pkt, 4), CLIENT_ISN + 1 + 8);
}
END_TEST

START_TEST(segment_with_old_and_new_is_shown_in_two_parts)
{
	struct ct_pkt pkt;

	ct_lines_in_order();
	ct_lines_shake_hands();
	ct_lines_say("OLD\n");
	pkt = ct_lines_say_at(CLIENT_ISN + 1, "OLD\nmore OLD\n");
	ct_lines.seq[CT_DIR_ORIG] += 9;
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	ct_lines_carries(&pkt, "NEWER\nmore NEWER\n");
	ct_lines_seen("(OLD.){OLD.}(more OLD.)");
	pkt = ct_lines_say("end\n");
	ck_assert_uint_eq(ct_lines_number(&pkt, 4), CLIENT_ISN + 1 + 13 + 4);
}
END_TEST

START_TEST(behind_a_hole_the_view_goes_on)
{
	struct ct_pkt pkt;

	ct_lines_in_order();
	ct_lines_shake_hands();
	ct_lines_say("one\ntw");
	pkt = ct_lines_say_at(ct_lines.seq[CT_DIR_ORIG] + 2, "three\n");
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	pkt = ct_lines_say_at(ct_lines.seq[CT_DIR_ORIG], "o\n");
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	pkt = ct_lines_say_at(ct_lines.seq[CT_DIR_ORIG] + 8, "four\n");
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	ct_lines_seen("(one.tw)[three.][o.](four.)");
}
END_TEST

START_TEST(first_copy_of_a_byte_counts)
{
	struct ct_pkt pkt;

	ct_lines_in_order();
	ct_lines_shake_hands();
	ct_lines_say("abc");
	pkt = ct_lines_say_at(CLIENT_ISN + 1, "xyzdef\n");
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	ct_lines_seen("(abc)(abc|def.)");
}
END_TEST

START_TEST(too_much_is_forgotten)
{
	char text[64];

	ct_lines_in_order();
	ct_lines_shake_hands();
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ct_lines_say(text);
	ct_lines_say("bcd\n");
	ck_assert_ptr_nonnull(strstr(ct_lines.seen, "(bcd.)"));
}
END_TEST

START_TEST(word_that_left_in_part_is_lost_once)
{
	struct ct_pkt pkt;

	ct_lines_in_order();
	ct_lines_shake_hands();
	ct_lines_say("an O");
	pkt = ct_lines_say_at(ct_lines.seq[CT_DIR_ORIG], "LD\n");
	ck_assert_int_eq(ct_lines_go(&pkt), CT_DROP);
	ck_assert_uint_eq(pkt.reason, CT_R_HELPER_REFUSED);
	/* It comes with what was sent before: all can be replaced. */
	pkt = ct_lines_say_at(CLIENT_ISN + 1, "an OLD\n");
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	ct_lines_carries(&pkt, "an NEWER\n");
	ct_lines_seen("(an O)(an O|LD.)(an OLD.)");
}
END_TEST

START_TEST(word_that_left_in_part_passes_when_it_comes_again)
{
	struct ct_pkt pkt;

	ct_lines_in_order();
	ct_lines_shake_hands();
	ct_lines_say("an O");
	for (unsigned i = 0; i < 2; i++) {
		pkt = ct_lines_say_at(ct_lines.seq[CT_DIR_ORIG], "LD\n");
		ck_assert_int_eq(ct_lines_go(&pkt), i ? CT_ACCEPT : CT_DROP);
	}
	ct_lines_carries(&pkt, "LD\n");
	ct_lines.seq[CT_DIR_ORIG] += 3;
	ct_lines_say("next\n");
	ct_lines_seen("(an O)(an O|LD.)(an O|LD.)(next.)");
}
END_TEST

START_TEST(refused_segment_has_not_been_said)
{
	struct ct_pkt pkt;

	ct_lines_in_order();
	ct_lines_shake_hands();
	ct_lines_say("a ");
	pkt = ct_lines_say_at(ct_lines.seq[CT_DIR_ORIG], "NO\n");
	ck_assert_int_eq(ct_lines_go(&pkt), CT_DROP);
	ct_lines_say("yes\n");
	ct_lines_seen("(a )(a |NO.)(a |yes.)");
}
END_TEST

START_TEST(what_is_held_back_comes_again_with_more)
{
	struct ct_pkt pkt;

	ct_lines_in_order();
	ct_lines_shake_hands();
	pkt = ct_lines_say("one ~");
	ct_lines_carries(&pkt, "one ");
	pkt = ct_lines_say_at(CLIENT_ISN + 1 + 4, "~two\n");
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	ct_lines_carries(&pkt, "~two\n");
	ct_lines_seen("(one ~)(one |~two.)");
	ck_assert_uint_eq(ct_lines_number(&pkt, 4), CLIENT_ISN + 1 + 4);
}
END_TEST

/* Nothing would be left of the segment. */
START_TEST(a_segment_that_is_held_back_wholly_is_dropped)
{
	struct ct_pkt pkt;

	ct_lines_in_order();
	ct_lines_shake_hands();
	ct_lines_say("one\n");
	for (unsigned i = 0; i < 2; i++) {
		pkt = ct_lines_say_at(ct_lines.seq[CT_DIR_ORIG], "~");
		ck_assert_int_eq(ct_lines_go(&pkt), i ? CT_ACCEPT : CT_DROP);
	}
	ct_lines_carries(&pkt, "~");
}
END_TEST

/* Its number would be that of a byte that is yet to come. */
START_TEST(a_last_segment_is_not_cut)
{
	struct ct_pkt pkt;

	ct_lines_in_order();
	ct_lines_shake_hands();
	pkt = ct_lines_segment(CT_DIR_ORIG, ct_lines.seq[CT_DIR_ORIG],
			       ct_lines.seq[CT_DIR_REPLY],
			       CT_TEST_ACK | CT_TEST_FIN, "one ~");
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	ct_lines_carries(&pkt, "one ~");
}
END_TEST

/* What was left, and replaced, is sent again: as it was if that is known. */
START_TEST(what_is_kept_comes_again_as_it_was_replaced)
{
	struct ct_pkt pkt;

	ct_lines_in_order();
	ct_lines_shake_hands();
	pkt = ct_lines_say("YES or YE");
	ct_lines_carries(&pkt, "yes or YE");
	pkt = ct_lines_say_at(CLIENT_ISN + 1 + 1, "ES or");
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	ct_lines_carries(&pkt, "es or");
	ct_lines_say(" an OLD");
	pkt = ct_lines_say_at(CLIENT_ISN + 1 + 9, " an OLD");
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	ct_lines_carries(&pkt, " an OLD");
}
END_TEST

START_TEST(memory_of_views_is_counted)
{
	struct ct_mem_report before = { .size = sizeof(before) };
	struct ct_mem_report after = { .size = sizeof(after) };

	ct_lines_in_order();
	ct_lines_shake_hands();
	ct_lines_say("one\n");
	ck_assert_int_eq(ct_mem_report(ct_lines.w.tbl, &before), 0);
	ct_lines_say("tw");
	ck_assert_int_eq(ct_mem_report(ct_lines.w.tbl, &after), 0);
	ck_assert_uint_ge(after.on_demand, before.on_demand + 64);
	ck_assert_uint_eq(after.other, before.other);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("stream flow");
	TCase *tc = tcase_create("help");

	tcase_add_checked_fixture(tc, ct_lines_setup, ct_lines_teardown);
	tcase_add_test(tc, line_cut_over_segments_is_seen_whole);
	tcase_add_test(tc, directions_have_a_view_each);
	tcase_add_test(tc, retransmission_is_shown_as_such);
	tcase_add_test(tc, segment_with_old_and_new_is_shown_in_two_parts);
	tcase_add_test(tc, behind_a_hole_the_view_goes_on);
	tcase_add_test(tc, first_copy_of_a_byte_counts);
	tcase_add_test(tc, too_much_is_forgotten);
	tcase_add_test(tc, word_that_left_in_part_is_lost_once);
	tcase_add_test(tc, word_that_left_in_part_passes_when_it_comes_again);
	tcase_add_test(tc, refused_segment_has_not_been_said);
	tcase_add_test(tc, what_is_held_back_comes_again_with_more);
	tcase_add_test(tc, a_segment_that_is_held_back_wholly_is_dropped);
	tcase_add_test(tc, a_last_segment_is_not_cut);
	tcase_add_test(tc, what_is_kept_comes_again_as_it_was_replaced);
	tcase_add_test(tc, memory_of_views_is_counted);
	suite_add_tcase(suite, tc);
	return suite;
}
