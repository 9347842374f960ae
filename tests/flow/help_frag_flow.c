/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers where fragments pass in order of arrival: those of a connection that a
 * helper listens to do not.  They are put together, so that it hears all of a
 * message and may change its length.
 */
#include "frag.h"
#include "lines.h"
#include "suite.h"

#include <string.h>

enum { PAYLOAD = 64 };

static struct ct_test_packet whole;
static struct ct_test_sent sent;

static void setup(void)
{
	ct_lines_setup();
	memset(&sent, 0, sizeof(sent));
	ck_assert_int_eq(ct_param_set(ct_lines.w.tbl, "frag.mode", 2), 0);
}

static void teardown(void)
{
	ct_lines_teardown();
}

/* Points, with a text at the beginning and one at the end. */
static void fill(const char *front, const char *back)
{
	struct ct_test_packet *p = &ct_lines.w.p;
	uint8_t *payload = p->bytes + p->len - PAYLOAD;

	memset(payload, '.', PAYLOAD);
	memcpy(payload, front, strlen(front));
	memcpy(payload + PAYLOAD - strlen(back), back, strlen(back));
	ct_test_sum(p);
	whole = *p;
}

static void datagram(int family, const char *front, const char *back)
{
	ct_lines.l3 = family ? CT_L3_IPV6 : CT_L3_IPV4;
	ct_test_udp(&ct_lines.w.p, ct_lines_flow(), CT_DIR_ORIG, PAYLOAD);
	fill(front, back);
}

static enum ct_verdict part(uint32_t off, uint32_t len)
{
	struct ct_test_packet *p = &ct_lines.w.p;
	enum ct_verdict verdict;
	struct ct_pkt pkt;

	ct_test_cut(p, &whole, (struct ct_test_part){ 7, off, len });
	pkt = ct_test_pkt(p);
	pkt.tailroom = ROOM;
	pkt.policy = ct_lines.policy;
	verdict = ct_process(ct_lines.w.thr, &pkt, CT_HOOK_PREROUTING);
	ck_assert(verdict != CT_ACCEPT || pkt.state != CT_INVALID);
	if (verdict == CT_ACCEPT)
		verdict = ct_confirm(ct_lines.w.thr, &pkt);
	if (verdict == CT_ACCEPT)
		ct_test_send(&ct_lines.w, &pkt, &sent);
	return verdict;
}

/* What left is, put together, what was sent. */
static void arrives(const struct ct_test_packet *as)
{
	const uint32_t off = ct_test_l4_off(as);
	struct ct_test_packet joined;

	ct_test_join(&sent, &joined);
	ck_assert_uint_eq(joined.len, as->len);
	ck_assert_mem_eq(joined.bytes + off, as->bytes + off, as->len - off);
}

/* What stood in front became longer by two bytes. */
static void lengthened(const char *front, const char *back)
{
	struct ct_test_packet *p = &ct_lines.w.p;
	uint8_t *payload;

	ct_test_udp(p, ct_lines_flow(), CT_DIR_ORIG, PAYLOAD + 2);
	payload = p->bytes + p->len - PAYLOAD - 2;
	memset(payload, '.', PAYLOAD + 2);
	memcpy(payload, front, strlen(front));
	memcpy(payload + PAYLOAD + 2 - strlen(back), back, strlen(back));
	ct_test_sum(p);
	whole = *p;
}

static uint64_t waiting(void)
{
	struct ct_frag_stats stats = { .size = sizeof(stats) };

	ck_assert_int_eq(ct_frag_stats(ct_lines.w.tbl, &stats), 0);
	return stats.datagrams;
}

/* Where the parts begin: the last one ends the datagram. */
static const uint32_t offs[] = { 0, 24, 48 };
static const uint8_t orders[][3] = {
	{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
	{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
};

static enum ct_verdict nth(unsigned i)
{
	return part(offs[i], i == 2 ? 0 : 24);
}

/* Once the first one is known to be of a helper's connection, all are. */
START_TEST(message_is_lengthened_whatever_comes_first)
{
	const uint8_t *order = orders[_i % 6];
	uint32_t most = 0;

	datagram(_i / 6, "an OLD", "end");
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(nth(order[i]), i < 2 ? CT_STOLEN : CT_ACCEPT);
	lengthened("an NEWER", "end");
	for (uint32_t i = 0; i < sent.n; i++)
		most = sent.p[i].len > most ? sent.p[i].len : most;
	if (!(_i / 6))
		ck_assert_uint_le(most, 20 + 24);
	ck_assert_uint_gt(sent.n, 2);
	arrives(&whole);
	ck_assert_uint_eq(waiting(), 0);
}
END_TEST

START_TEST(what_is_not_changed_leaves_as_it_came)
{
	datagram(_i, "hello", "and more");
	for (unsigned i = 0; i < 3; i++)
		nth(i);
	ct_lines_seen("[hello................................................"
		      "...and more]");
	ck_assert_uint_eq(sent.n, 3);
	arrives(&whole);
}
END_TEST

/* Its helper is the connection's, whatever the packet's policy. */
START_TEST(a_known_connection_is_enough)
{
	struct ct_pkt pkt;

	ct_test_udp(&ct_lines.w.p, ct_lines_flow(), CT_DIR_ORIG, 5);
	pkt = ct_lines_carry("first");
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	ct_lines.policy = NULL;
	datagram(0, "an OLD", "");
	for (unsigned i = 0; i < 3; i++)
		nth(i);
	lengthened("an NEWER", "");
	arrives(&whole);
}
END_TEST

/* So is an expectation that gives it one. */
START_TEST(an_expected_connection_is_enough)
{
	struct ct_expect_def def = { .size = sizeof(def),
				     .flags = CT_EXPECT_USERSPACE,
				     .helper = "lines" };
	struct ct_test_flow other = *ct_lines_flow();
	struct ct_pkt pkt;

	def.tuple = ct_world_tuple(&other, CT_DIR_ORIG);
	other.dport++;
	ct_test_udp(&ct_lines.w.p, &other, CT_DIR_ORIG, 5);
	pkt = ct_lines_carry("first");
	pkt.policy = NULL;
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	ck_assert_int_eq(ct_expect_add(ct_lines.w.thr, pkt.conn, &def, NULL),
			 0);
	ct_lines.policy = NULL;
	datagram(0, "an OLD", "");
	for (unsigned i = 0; i < 3; i++)
		nth(i);
	lengthened("an NEWER", "");
	arrives(&whole);
}
END_TEST

START_TEST(who_has_a_helper_for_tcp_passes)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .helper = "ftp" };

	ck_assert_int_eq(
		ct_policy_create(ct_lines.w.tbl, &def, &ct_lines.policy), 0);
	datagram(0, "hello", "");
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(nth(i), CT_ACCEPT);
	arrives(&whole);
}
END_TEST

START_TEST(what_waits_has_bounds)
{
	ck_assert_int_eq(ct_param_set(ct_lines.w.tbl, "frag.pieces", 2), 0);
	datagram(0, "hello", "");
	ck_assert_int_eq(nth(0), CT_STOLEN);
	ck_assert_int_eq(nth(1), CT_STOLEN);
	ck_assert_int_eq(nth(2), CT_DROP);
	ck_assert_uint_eq(ct_world_count(&ct_lines.w, CT_R_FRAG_LIMIT), 1);
	ck_assert_uint_eq(waiting(), 0);
	ck_assert_uint_eq(sent.n, 0);
}
END_TEST

/* From passing to putting together, and back. */
START_TEST(what_waits_may_outlive_the_mode)
{
	uint64_t mode = _i / 2 ? 1 : 2;

	datagram(_i % 2, "an OLD", "end");
	ck_assert_int_eq(ct_param_set(ct_lines.w.tbl, "frag.mode", mode), 0);
	ck_assert_int_eq(nth(2), CT_STOLEN);
	ck_assert_int_eq(nth(1), CT_STOLEN);
	ck_assert_int_eq(ct_param_set(ct_lines.w.tbl, "frag.mode", 3 - mode),
			 0);
	ck_assert_int_eq(nth(1), CT_DROP);
	ck_assert_int_eq(nth(0), CT_ACCEPT);
	lengthened("an NEWER", "end");
	arrives(&whole);
	ck_assert_uint_eq(waiting(), 0);
}
END_TEST

/* Nobody helps, so the first one passes; one more comes in the other mode. */
START_TEST(what_has_begun_to_pass_is_not_put_together)
{
	struct ct_test_packet bytes[3];
	struct ct_pkt pkt[3];

	datagram(_i, "hello", "end");
	for (unsigned i = 0; i < 3; i++) {
		ct_test_cut(
			&bytes[i], &whole,
			(struct ct_test_part){ 7, offs[i], i == 2 ? 0 : 24 });
		pkt[i] = ct_test_pkt(&bytes[i]);
	}
	ck_assert_int_eq(
		ct_process(ct_lines.w.thr, &pkt[0], CT_HOOK_PREROUTING),
		CT_ACCEPT);
	ck_assert_int_eq(
		ct_process(ct_lines.w.thr, &pkt[1], CT_HOOK_PREROUTING),
		CT_STOLEN);
	ck_assert_int_eq(ct_param_set(ct_lines.w.tbl, "frag.mode", 1), 0);
	ck_assert_int_eq(
		ct_process(ct_lines.w.thr, &pkt[2], CT_HOOK_PREROUTING),
		CT_DROP);
	ck_assert_uint_eq(pkt[2].reason, CT_R_FRAG_EARLY);
	ck_assert_int_eq(ct_confirm(ct_lines.w.thr, &pkt[0]), CT_ACCEPT);
	ct_test_send(&ct_lines.w, &pkt[0], &sent);
	ck_assert_uint_eq(sent.n, 2);
}
END_TEST

START_TEST(what_waits_too_long_is_given_up)
{
	datagram(0, "hello", "");
	ck_assert_int_eq(nth(1), CT_STOLEN);
	ck_assert_int_eq(nth(0), CT_STOLEN);
	ck_assert_uint_eq(waiting(), 1);
	ct_world_wait(&ct_lines.w, 31000000000u);
	ct_world_settle(&ct_lines.w);
	ck_assert_uint_eq(waiting(), 0);
}
END_TEST

/* What shares bytes with others is an attack (RFC 5722). */
START_TEST(an_overlap_gives_the_datagram_up)
{
	datagram(0, "hello", "");
	ck_assert_int_eq(nth(0), CT_STOLEN);
	ck_assert_int_eq(part(16, 16), CT_DROP);
	ck_assert_uint_eq(ct_world_count(&ct_lines.w, CT_R_FRAG_OVERLAP), 1);
	ck_assert_uint_eq(waiting(), 0);
}
END_TEST

/* Without ct_host.pull, which fails: what is not there cannot be kept. */
START_TEST(what_is_not_there_cannot_be_kept)
{
	struct ct_test_packet *p = &ct_lines.w.p;
	struct ct_pkt pkt;

	datagram(0, "hello", "");
	ct_test_cut(p, &whole,
		    (struct ct_test_part){ 7, (uint32_t)_i * 24, 24 });
	pkt = ct_test_pkt(p);
	pkt.frame_len = pkt.len;
	pkt.len -= 8;
	pkt.policy = ct_lines.policy;
	ck_assert_int_eq(ct_process(ct_lines.w.thr, &pkt, CT_HOOK_PREROUTING),
			 CT_DROP);
	ck_assert_int_eq(pkt.reason, CT_R_FRAG_CUT);
}
END_TEST

START_TEST(a_segment_is_put_together_and_shifted)
{
	struct ct_test_segment seg = { .flags = CT_TEST_ACK,
				       .win = 8192,
				       .len = PAYLOAD };
	struct ct_pkt pkt;

	ct_lines_shake_hands();
	pkt = ct_lines_say("OLD\n");
	ct_lines_carries(&pkt, "NEWER\n");
	seg.seq = ct_lines.seq[CT_DIR_ORIG];
	seg.ack = ct_lines.seq[CT_DIR_REPLY];
	ct_test_tcp(&ct_lines.w.p, ct_lines_flow(), CT_DIR_ORIG, &seg);
	fill("", "");
	ck_assert_int_eq(part(0, 40), CT_STOLEN);
	ck_assert_int_eq(part(40, 0), CT_ACCEPT);
	seg.seq += 2;
	ct_test_tcp(&ct_lines.w.p, ct_lines_flow(), CT_DIR_ORIG, &seg);
	fill("", "");
	arrives(&whole);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *s = suite_create("helpers and fragments");
	TCase *tc = tcase_create("virtual");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, message_is_lengthened_whatever_comes_first, 0,
			    12);
	tcase_add_loop_test(tc, what_is_not_changed_leaves_as_it_came, 0, 2);
	tcase_add_test(tc, a_known_connection_is_enough);
	tcase_add_test(tc, an_expected_connection_is_enough);
	tcase_add_test(tc, who_has_a_helper_for_tcp_passes);
	tcase_add_test(tc, what_waits_has_bounds);
	tcase_add_loop_test(tc, what_waits_may_outlive_the_mode, 0, 4);
	tcase_add_loop_test(tc, what_has_begun_to_pass_is_not_put_together, 0,
			    2);
	tcase_add_test(tc, what_waits_too_long_is_given_up);
	tcase_add_test(tc, an_overlap_gives_the_datagram_up);
	tcase_add_loop_test(tc, what_is_not_there_cannot_be_kept, 0, 2);
	tcase_add_test(tc, a_segment_is_put_together_and_shifted);
	suite_add_tcase(s, tc);
	return s;
}
