/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bounds of TCP: their edges, and what holds for any numbers.
 */
#include "proto/tcp_window.h"

#include "suite.h"

#include <string.h>

#define ORIG  CT_DIR_ORIG
#define REPLY CT_DIR_REPLY

/* Where the ends begin, and the window that both always offer. */
#define ISN  1000u
#define PEER 5000u
#define WIN  8192u

static struct ct_tcp tcp;

static struct ct_tcp_seg segment(uint8_t bits, uint32_t seq, uint32_t ack,
				 uint32_t len)
{
	struct ct_tcp_seg seg = { .seq = seq, .ack = ack, .sack = ack };

	seg.bits = bits;
	seg.end = seq + len + !!(bits & CT_TCP_SYN) + !!(bits & CT_TCP_FIN);
	seg.win = WIN;
	seg.options = 4;
	seg.event = CT_TCP_EV_ACK;
	if (bits & CT_TCP_FIN)
		seg.event = CT_TCP_EV_FIN;
	if (bits & CT_TCP_SYN)
		seg.event =
			bits & CT_TCP_ACK ? CT_TCP_EV_SYNACK : CT_TCP_EV_SYN;
	if (bits & CT_TCP_RST)
		seg.event = CT_TCP_EV_RST;
	return seg;
}

static enum ct_tcp_bound judge(enum ct_dir dir, struct ct_tcp_seg seg)
{
	return ct_tcp_window_judge(&tcp, dir, &seg);
}

/* len bytes of data from dir. */
static enum ct_tcp_bound data(enum ct_dir dir, uint32_t seq, uint32_t ack,
			      uint32_t len)
{
	return judge(dir, segment(CT_TCP_ACK, seq, ack, len));
}

/* The handshake; both SYNs offer the same. */
static void handshake(uint8_t offers, uint8_t scale)
{
	struct ct_tcp_seg seg = segment(CT_TCP_SYN, ISN, 0, 0);

	tcp = (struct ct_tcp){ .last_event = CT_TCP_EV_NONE };
	seg.offers = offers;
	seg.scale = scale;
	ct_tcp_window_open(&tcp, &seg);
	ck_assert_int_eq(judge(ORIG, seg), CT_TCP_FITS);
	tcp.state = CT_TCP_SYN_SENT;
	seg = segment(CT_TCP_SYN | CT_TCP_ACK, PEER, ISN + 1, 0);
	seg.offers = offers;
	seg.scale = scale;
	ck_assert_int_eq(judge(REPLY, seg), CT_TCP_FITS);
	tcp.state = CT_TCP_SYN_RECV;
	ck_assert_int_eq(data(ORIG, ISN + 1, PEER + 1, 0), CT_TCP_FITS);
	tcp.state = CT_TCP_ESTABLISHED;
}

static void setup(void)
{
	handshake(0, 0);
}

/* --- The four bounds ---------------------------------------------------- */

START_TEST(data_may_begin_at_the_end_of_the_window)
{
	ck_assert_int_eq(data(ORIG, ISN + 1 + WIN, PEER + 1, 1), CT_TCP_FITS);
}
END_TEST

START_TEST(data_behind_the_window_overshoots)
{
	ck_assert_int_eq(data(ORIG, ISN + 2 + WIN, PEER + 1, 1),
			 CT_TCP_I_OVERSHOT);
	/* Its acknowledgement fits, if it was taken. */
	ck_assert_int_eq(data(REPLY, PEER + 1, ISN + 3 + WIN, 0), CT_TCP_FITS);
}
END_TEST

START_TEST(data_a_window_behind_the_window_is_above)
{
	ck_assert_int_eq(data(ORIG, ISN + 1 + WIN + WIN, PEER + 1, 0),
			 CT_TCP_I_ABOVE);
	ck_assert_int_eq(data(ORIG, ISN + WIN + WIN, PEER + 1, 0),
			 CT_TCP_I_OVERSHOT);
}
END_TEST

START_TEST(overshot_with_another_fault_is_above)
{
	ck_assert_int_eq(data(ORIG, ISN + 2 + WIN, PEER + 2, 1),
			 CT_TCP_I_ABOVE);
}
END_TEST

START_TEST(data_one_window_old_still_fits)
{
	ck_assert_int_eq(data(ORIG, ISN + 1 - WIN, PEER + 1, 0), CT_TCP_FITS);
	ck_assert_int_eq(data(ORIG, ISN - WIN, PEER + 1, 0), CT_TCP_II_BELOW);
}
END_TEST

START_TEST(only_what_was_sent_is_acknowledged)
{
	ck_assert_int_eq(data(ORIG, ISN + 1, PEER + 2, 0), CT_TCP_III_ACK);
	ck_assert_int_eq(data(REPLY, PEER + 1, ISN + 1, 1), CT_TCP_FITS);
	ck_assert_int_eq(data(ORIG, ISN + 1, PEER + 2, 0), CT_TCP_FITS);
}
END_TEST

START_TEST(old_acks_have_66000_octets_of_slack)
{
	ck_assert_int_eq(data(ORIG, ISN + 1, PEER + 1 - 66000, 0), CT_TCP_FITS);
	ck_assert_int_eq(data(ORIG, ISN + 1, PEER - 66000, 0), CT_TCP_IV_OLD);
}
END_TEST

START_TEST(large_windows_widen_the_slack)
{
	handshake(CT_TCP_F_WINDOW_SCALE, 7);
	ck_assert_int_eq(data(ORIG, ISN + 1, PEER + 1, 0), CT_TCP_FITS);
	ck_assert_int_eq(data(ORIG, ISN + 1, PEER + 1 - (WIN << 7), 0),
			 CT_TCP_FITS);
	ck_assert_int_eq(data(ORIG, ISN + 1, PEER - (WIN << 7), 0),
			 CT_TCP_IV_OLD);
}
END_TEST

/* --- Scaling, SACK ------------------------------------------------------ */

START_TEST(scaling_needs_both_ends)
{
	struct ct_tcp_seg syn = segment(CT_TCP_SYN, ISN, 0, 0);

	tcp = (struct ct_tcp){ .last_event = CT_TCP_EV_NONE };
	syn.offers = CT_TCP_F_WINDOW_SCALE;
	syn.scale = 7;
	ct_tcp_window_open(&tcp, &syn);
	ck_assert_uint_eq(tcp.scale[ORIG], 7);
	tcp.state = CT_TCP_SYN_SENT;
	judge(REPLY, segment(CT_TCP_SYN | CT_TCP_ACK, PEER, ISN + 1, 0));
	ck_assert_uint_eq(tcp.scale[ORIG], 0);
	ck_assert_uint_eq(tcp.scale[REPLY], 0);
}
END_TEST

START_TEST(larger_syn_without_options_leaves_the_offers)
{
	struct ct_tcp_seg syn =
		segment(CT_TCP_SYN | CT_TCP_ACK, ISN + 1, PEER + 1, 100);

	handshake(CT_TCP_F_WINDOW_SCALE, 7);
	tcp.state = CT_TCP_SYN_RECV;
	syn.options = 0;
	judge(ORIG, syn);
	ck_assert(tcp.flags[ORIG] & CT_TCP_F_WINDOW_SCALE);
	ck_assert_uint_eq(tcp.scale[ORIG], 7);
	syn.options = 4;
	syn.end++;
	judge(ORIG, syn);
	ck_assert(!(tcp.flags[ORIG] & CT_TCP_F_WINDOW_SCALE));
	ck_assert_uint_eq(tcp.scale[ORIG], 0);
}
END_TEST

START_TEST(window_of_a_syn_is_not_scaled)
{
	handshake(CT_TCP_F_WINDOW_SCALE, 7);
	ck_assert_uint_eq(tcp.ends[REPLY].max_win, WIN);
	ck_assert_uint_eq(tcp.ends[ORIG].max_win, WIN << 7);
}
END_TEST

START_TEST(sack_counts_only_where_it_was_permitted)
{
	struct ct_tcp_seg seg = segment(CT_TCP_ACK, ISN + 1, PEER + 1, 0);

	seg.sack = PEER + 100;
	ck_assert_int_eq(judge(ORIG, seg), CT_TCP_FITS);
	handshake(CT_TCP_F_SACK_PERM, 0);
	ck_assert_int_eq(judge(ORIG, seg), CT_TCP_III_SACK);
	seg.ack = PEER + 50;
	ck_assert_int_eq(judge(ORIG, seg), CT_TCP_III_ACK);
}
END_TEST

/* --- Learning ----------------------------------------------------------- */

START_TEST(closed_window_lets_a_probe_through)
{
	struct ct_tcp_seg seg = segment(CT_TCP_ACK, PEER + 1, ISN + 1, 0);

	/* All of the window is used up, and it closes. */
	ck_assert_int_eq(data(ORIG, ISN + 1, PEER + 1, WIN), CT_TCP_FITS);
	seg.ack = seg.sack = ISN + 1 + WIN;
	seg.win = 0;
	ck_assert_int_eq(judge(REPLY, seg), CT_TCP_FITS);
	ck_assert_uint_eq(tcp.ends[ORIG].max_end, ISN + 1 + WIN + 1);
}
END_TEST

START_TEST(data_is_unacknowledged_until_all_of_it_is_acked)
{
	data(ORIG, ISN + 1, PEER + 1, 100);
	ck_assert(tcp.flags[ORIG] & CT_TCP_F_UNACKED);
	data(REPLY, PEER + 1, ISN + 100, 0);
	ck_assert(tcp.flags[ORIG] & CT_TCP_F_UNACKED);
	data(REPLY, PEER + 1, ISN + 101, 0);
	ck_assert(!(tcp.flags[ORIG] & CT_TCP_F_UNACKED));
}
END_TEST

START_TEST(retransmissions_are_counted)
{
	for (unsigned i = 0; i < 4; i++) {
		data(ORIG, ISN + 1, PEER + 1, 10);
		ck_assert_uint_eq(tcp.retrans, i);
	}
	data(ORIG, ISN + 11, PEER + 1, 10);
	ck_assert_uint_eq(tcp.retrans, 0);
}
END_TEST

START_TEST(retransmissions_do_not_wrap)
{
	for (unsigned i = 0; i < 300; i++)
		data(ORIG, ISN + 1, PEER + 1, 10);
	ck_assert_uint_eq(tcp.retrans, 255);
}
END_TEST

START_TEST(larger_syn_ack_moves_the_responder)
{
	struct ct_tcp_seg syn = segment(CT_TCP_SYN, ISN, 0, 0);

	tcp = (struct ct_tcp){ .last_event = CT_TCP_EV_NONE };
	ct_tcp_window_open(&tcp, &syn);
	tcp.state = CT_TCP_SYN_SENT;
	judge(REPLY, segment(CT_TCP_SYN | CT_TCP_ACK, PEER, ISN + 1, 0));
	judge(REPLY, segment(CT_TCP_SYN | CT_TCP_ACK, 90000, ISN + 1, 0));
	ck_assert_uint_eq(tcp.ends[REPLY].end, 90001);
	/* Once it is open, it does not. */
	tcp.state = CT_TCP_ESTABLISHED;
	ck_assert_int_eq(judge(REPLY, segment(CT_TCP_SYN | CT_TCP_ACK, 900000,
					      ISN + 1, 0)),
			 CT_TCP_I_ABOVE);
	ck_assert_uint_eq(tcp.ends[REPLY].end, 90001);
}
END_TEST

START_TEST(crossing_syn_has_nothing_to_compare)
{
	struct ct_tcp_seg syn = segment(CT_TCP_SYN, ISN, 0, 0);

	tcp = (struct ct_tcp){ .last_event = CT_TCP_EV_NONE };
	ct_tcp_window_open(&tcp, &syn);
	tcp.state = CT_TCP_SYN_SENT;
	ck_assert_int_eq(judge(REPLY, segment(CT_TCP_SYN, 77, 0, 0)),
			 CT_TCP_FITS);
	ck_assert_uint_eq(tcp.ends[REPLY].end, 78);
}
END_TEST

START_TEST(picked_up_is_liberal_for_both_ends)
{
	const uint8_t want = CT_TCP_F_SACK_PERM | CT_TCP_F_BE_LIBERAL;
	struct ct_tcp_seg seg = segment(CT_TCP_ACK, ISN, PEER, 10);

	tcp = (struct ct_tcp){ .last_event = CT_TCP_EV_NONE };
	ct_tcp_window_pick_up(&tcp, &seg);
	ck_assert_uint_eq(tcp.flags[ORIG], want);
	ck_assert_uint_eq(tcp.flags[REPLY], want);
	ck_assert_uint_eq(tcp.ends[ORIG].end, ISN + 10);
	ck_assert_uint_eq(tcp.ends[ORIG].max_end, ISN + 10 + WIN);
}
END_TEST

START_TEST(reopening_forgets_the_responder)
{
	tcp.last_end = 70001;
	tcp.last_win = 100;
	tcp.kept_scale = 3;
	tcp.kept_flags = CT_TCP_KEPT_SCALE | CT_TCP_KEPT_CHALLENGE;
	ct_tcp_window_reopen(&tcp);
	tcp.state = CT_TCP_SYN_SENT;
	ck_assert_uint_eq(tcp.flags[ORIG], CT_TCP_F_WINDOW_SCALE);
	ck_assert_uint_eq(tcp.ends[REPLY].max_win, 0);
	ck_assert_int_eq(
		judge(REPLY, segment(CT_TCP_SYN | CT_TCP_ACK, 3, 70001, 0)),
		CT_TCP_FITS);
	ck_assert_uint_eq(tcp.ends[REPLY].end, 4);
}
END_TEST

START_TEST(rst_without_number_counts_as_the_next_one)
{
	struct ct_tcp_seg syn = segment(CT_TCP_SYN, ISN, 0, 0);

	tcp = (struct ct_tcp){ .last_event = CT_TCP_EV_NONE };
	ct_tcp_window_open(&tcp, &syn);
	tcp.state = CT_TCP_SYN_SENT;
	judge(REPLY, segment(CT_TCP_SYN | CT_TCP_ACK, 0x90000000, ISN + 1, 0));
	ck_assert_int_eq(judge(REPLY, segment(CT_TCP_RST, 0, 0, 0)),
			 CT_TCP_FITS);
	tcp.state = CT_TCP_ESTABLISHED;
	ck_assert_int_eq(judge(REPLY, segment(CT_TCP_RST, 0, 0, 0)),
			 CT_TCP_I_ABOVE);
}
END_TEST

START_TEST(rst_with_ack_0_acknowledges_nothing)
{
	struct ct_tcp_seg seg = segment(CT_TCP_RST | CT_TCP_ACK, ISN + 1, 0, 0);

	ck_assert_int_eq(judge(ORIG, seg), CT_TCP_FITS);
	seg.bits = CT_TCP_ACK;
	tcp.ends[REPLY].end = 0x80000000;
	ck_assert_int_ne(judge(ORIG, seg), CT_TCP_FITS);
}
END_TEST

/* --- What holds for any numbers ----------------------------------------- */

static uint32_t state;

/* Numerical Recipes' generator: the same story every time. */
static uint32_t chance(uint32_t below)
{
	state = state * 1664525u + 1013904223u;
	return (state >> 8) % below;
}

/* Somewhere near what the ends allow, on both sides of every edge. */
static struct ct_tcp_seg any_segment(const struct ct_tcp *of, enum ct_dir dir)
{
	static const uint32_t spread[] = { 4, 1000, 3 * WIN, 200000 };
	uint32_t around = spread[chance(4)];
	struct ct_tcp_seg seg = segment(CT_TCP_ACK, 0, 0, chance(3000));

	seg.seq = of->ends[dir].end + chance(around) - around / 2;
	seg.end += seg.seq;
	seg.ack = of->ends[!dir].end + chance(around) - around / 2;
	seg.sack = seg.ack + (chance(4) ? 0 : chance(2000));
	seg.win = (uint16_t)chance(4) ? (uint16_t)chance(65536) : 0;
	return seg;
}

static void shift(struct ct_tcp *by, uint32_t orig, uint32_t reply)
{
	const uint32_t step[CT_DIR_MAX] = { orig, reply };

	for (unsigned dir = 0; dir < CT_DIR_MAX; dir++) {
		by->ends[dir].end += step[dir];
		by->ends[dir].max_end += step[dir];
		by->ends[dir].max_ack += step[!dir];
	}
	by->last_seq += step[by->last_dir];
	by->last_end += step[by->last_dir];
	by->last_ack += step[!by->last_dir];
}

START_TEST(only_differences_of_numbers_matter)
{
	state = 7;
	for (unsigned round = 0; round < 20; round++) {
		uint32_t by[CT_DIR_MAX] = { chance(1u << 24) << 8,
					    chance(1u << 24) << 8 };
		struct ct_tcp other;

		handshake(CT_TCP_F_SACK_PERM | CT_TCP_F_WINDOW_SCALE, 2);
		other = tcp;
		shift(&other, by[ORIG], by[REPLY]);
		for (unsigned i = 0; i < 500; i++) {
			enum ct_dir dir = chance(2) ? ORIG : REPLY;
			struct ct_tcp_seg seg = any_segment(&tcp, dir);
			struct ct_tcp_seg moved = seg;
			struct ct_tcp back;

			moved.seq += by[dir];
			moved.end += by[dir];
			moved.ack += by[!dir];
			moved.sack += by[!dir];
			ck_assert_int_eq(
				judge(dir, seg),
				ct_tcp_window_judge(&other, dir, &moved));
			back = other;
			shift(&back, -by[ORIG], -by[REPLY]);
			ck_assert_mem_eq(&back, &tcp, sizeof(tcp));
		}
	}
}
END_TEST

START_TEST(bounds_never_go_back)
{
	unsigned fitting = 0;

	state = 11;
	for (unsigned i = 0; i < 10000; i++) {
		enum ct_dir dir = chance(2) ? ORIG : REPLY;
		const struct ct_tcp before = tcp;

		enum ct_tcp_bound bound = judge(dir, any_segment(&tcp, dir));

		if (bound == CT_TCP_I_OVERSHOT) /* may move the end back */
			continue;
		fitting += bound == CT_TCP_FITS;
		for (dir = ORIG; dir <= REPLY; dir++) {
			const struct ct_tcp_end *was = &before.ends[dir];
			const struct ct_tcp_end *is = &tcp.ends[dir];

			ck_assert(!ct_seq_before(is->end, was->end));
			ck_assert(!ct_seq_before(is->max_end, was->max_end));
			ck_assert(!ct_seq_before(is->max_ack, was->max_ack));
			ck_assert_uint_ge(is->max_win, was->max_win);
		}
	}
	ck_assert_uint_gt(fitting, 500);
}
END_TEST

START_TEST(what_does_not_fit_teaches_nothing)
{
	unsigned refused = 0;

	state = 13;
	for (unsigned i = 0; i < 10000; i++) {
		enum ct_dir dir = chance(2) ? ORIG : REPLY;
		const struct ct_tcp before = tcp;
		enum ct_tcp_bound bound = judge(dir, any_segment(&tcp, dir));

		if (bound == CT_TCP_FITS || bound == CT_TCP_I_OVERSHOT)
			continue;
		ck_assert_mem_eq(&before, &tcp, sizeof(tcp));
		refused++;
	}
	ck_assert_uint_gt(refused, 1000);
}
END_TEST

START_TEST(every_bound_has_its_sentence)
{
	for (unsigned bound = CT_TCP_FITS; bound <= CT_TCP_IV_OLD; bound++)
		for (unsigned other = 0; other < bound; other++)
			ck_assert_str_ne(ct_tcp_bound_text(bound),
					 ct_tcp_bound_text(other));
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("tcp_window");
	TCase *bounds = tcase_create("bounds");
	TCase *learning = tcase_create("learning");
	TCase *any = tcase_create("any");

	tcase_add_checked_fixture(bounds, setup, NULL);
	tcase_add_test(bounds, data_may_begin_at_the_end_of_the_window);
	tcase_add_test(bounds, data_behind_the_window_overshoots);
	tcase_add_test(bounds, data_a_window_behind_the_window_is_above);
	tcase_add_test(bounds, overshot_with_another_fault_is_above);
	tcase_add_test(bounds, data_one_window_old_still_fits);
	tcase_add_test(bounds, only_what_was_sent_is_acknowledged);
	tcase_add_test(bounds, old_acks_have_66000_octets_of_slack);
	tcase_add_test(bounds, large_windows_widen_the_slack);
	tcase_add_test(bounds, scaling_needs_both_ends);
	tcase_add_test(bounds, larger_syn_without_options_leaves_the_offers);
	tcase_add_test(bounds, window_of_a_syn_is_not_scaled);
	tcase_add_test(bounds, sack_counts_only_where_it_was_permitted);
	suite_add_tcase(suite, bounds);

	tcase_add_checked_fixture(learning, setup, NULL);
	tcase_add_test(learning, closed_window_lets_a_probe_through);
	tcase_add_test(learning,
		       data_is_unacknowledged_until_all_of_it_is_acked);
	tcase_add_test(learning, retransmissions_are_counted);
	tcase_add_test(learning, retransmissions_do_not_wrap);
	tcase_add_test(learning, larger_syn_ack_moves_the_responder);
	tcase_add_test(learning, crossing_syn_has_nothing_to_compare);
	tcase_add_test(learning, picked_up_is_liberal_for_both_ends);
	tcase_add_test(learning, reopening_forgets_the_responder);
	tcase_add_test(learning, rst_without_number_counts_as_the_next_one);
	tcase_add_test(learning, rst_with_ack_0_acknowledges_nothing);
	suite_add_tcase(suite, learning);

	tcase_add_checked_fixture(any, setup, NULL);
	tcase_add_test(any, only_differences_of_numbers_matter);
	tcase_add_test(any, bounds_never_go_back);
	tcase_add_test(any, what_does_not_fit_teaches_nothing);
	tcase_add_test(any, every_bound_has_its_sentence);
	suite_add_tcase(suite, any);
	return suite;
}
