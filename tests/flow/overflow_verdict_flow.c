/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happens to a newcomer that does not get in: the host has the last word.
 */
#include "crowd.h"
#include "nat.h"
#include "suite.h"

#include <string.h>

static struct ct_world w;

static struct {
	unsigned n;
	uint8_t bytes[1280];
	uint32_t len;
	uint8_t l3;
} sent;

static void emit(void *user, const struct ct_pkt *pkt)
{
	(void)user;
	ck_assert_uint_le(pkt->len, sizeof(sent.bytes));
	memcpy(sent.bytes, pkt->data, pkt->len);
	sent.len = pkt->len;
	sent.l3 = pkt->l3;
	sent.n++;
}

/* A table of one place, which is taken and kept. */
static void start_full(void)
{
	const struct ct_host host = { .size = sizeof(host), .emit = emit };
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = 1,
				       .host = &host };

	memset(&sent, 0, sizeof(sent));
	memset(&w, 0, sizeof(w));
	w.now_ns = CT_WORLD_START;
	ck_assert_int_eq(ct_table_create(&cfg, &w.tbl), 0);
}

static void take_place(void)
{
	ck_assert_int_eq(ct_thread_attach(w.tbl, &w.thr), 0);
	ct_thread_poll(w.thr, w.now_ns);
	ct_crowd_set(&w, "overflow.policy", CT_OVERFLOW_REFUSE);
	ck_assert_uint_eq(ct_crowd_arrive(&w, 0), 0);
}

static void end_full(void)
{
	ct_thread_detach(w.thr);
	ct_table_destroy(w.tbl);
}

START_TEST(a_rejected_syn_is_reset)
{
	struct ct_test_flow flow = ct_world_flow(1);
	const struct ct_test_segment seg = { .flags = CT_TEST_SYN, .seq = 77 };
	struct ct_pkt pkt;

	start_full();
	take_place();
	ct_crowd_set(&w, "overflow.verdict", CT_OVERFLOW_REJECT);
	ct_test_tcp(&w.p, &flow, CT_DIR_ORIG, &seg);
	pkt = ct_test_pkt(&w.p);
	ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_PREROUTING), CT_DROP);
	ck_assert_uint_eq(pkt.reason, CT_R_TABLE_FULL);
	ck_assert_uint_eq(sent.n, 1);
	ck_assert_uint_eq(sent.len, 40);
	ck_assert_mem_eq(sent.bytes + 16, flow.src, 4);
	ck_assert_uint_eq(sent.bytes[33], CT_TEST_RST | CT_TEST_ACK);
	ck_assert_uint_eq(sent.bytes[31], 78); /* acknowledges the SYN */
	end_full();
}
END_TEST

START_TEST(a_rejected_datagram_is_prohibited)
{
	struct ct_test_flow flow = ct_world_flow6(1);

	start_full();
	take_place();
	ck_assert_uint_eq(ct_crowd_arrive_by(
				  &w, &flow,
				  ct_crowd_policy(w.tbl, 0, CT_OVERFLOW_REJECT),
				  0),
			  CT_R_TABLE_FULL);
	ck_assert_uint_eq(sent.n, 1);
	ck_assert_uint_eq(sent.l3, CT_L3_IPV6);
	ck_assert_uint_eq(sent.bytes[40], 1);
	ck_assert_uint_eq(sent.bytes[41], 1);
	ck_assert_mem_eq(sent.bytes + 24, flow.src, 16);
	end_full();
}
END_TEST

/* Newcomers of this instant; => how many senders were told. */
static unsigned told_of(uint32_t first, uint32_t n)
{
	unsigned before = sent.n;

	for (uint32_t i = first; i < first + n; i++)
		ck_assert_uint_eq(ct_crowd_arrive(&w, i), CT_R_TABLE_FULL);
	return sent.n - before;
}

START_TEST(no_more_are_told_than_a_second_may_be)
{
	struct ct_pressure now;

	start_full();
	take_place();
	ct_crowd_set(&w, "overflow.verdict", CT_OVERFLOW_REJECT);
	ct_crowd_set(&w, "overflow.reject.rate", 10);
	ck_assert_uint_eq(told_of(1, 100), 10);
	ck_assert_uint_eq(told_of(1, 1), 0);
	ct_world_wait(&w, CT_WORLD_S / 2);
	ck_assert_uint_eq(told_of(1, 100), 5);
	ct_world_wait(&w, 9 * CT_WORLD_S);
	ck_assert_uint_eq(told_of(1, 100), 10);
	now = ct_crowd_pressure(&w);
	ck_assert_uint_eq(now.told, 25);
	ck_assert_uint_eq(now.untold, 301 - 25);
	ck_assert_uint_eq(now.refused[0], 301);
	end_full();
}
END_TEST

START_TEST(what_passes_untracked_says_why)
{
	struct ct_test_flow flow = ct_world_flow(1);

	start_full();
	take_place();
	ck_assert_uint_eq(
		ct_crowd_arrive_by(
			&w, &flow,
			ct_crowd_policy(w.tbl, 0, CT_OVERFLOW_UNTRACKED), 0),
		CT_R_OVERFLOW_UNTRACKED);
	ck_assert_uint_eq(ct_crowd_pressure(&w).refused[0], 1);
	end_full();
}
END_TEST

START_TEST(untracked_for_want_of_room_does_not_leak)
{
	const struct ct_test_flow flow = ct_world_flow(1);
	struct ct_pkt pkt;

	start_full();
	take_place();
	ct_crowd_set(&w, "overflow.verdict", CT_OVERFLOW_UNTRACKED);
	ct_crowd_set(&w, "nat.leak_proof", 1);
	ct_test_udp(&w.p, &flow, CT_DIR_ORIG, 10);
	pkt = ct_test_pkt(&w.p);
	ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(ct_nat_apply(w.thr, &pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(ct_nat_apply(w.thr, &pkt, CT_HOOK_POSTROUTING),
			 CT_DROP);
	ck_assert_uint_eq(pkt.reason, CT_R_NAT_LEAK);
	end_full();
}
END_TEST

static void pass_stateless(struct ct_test_packet *p, enum ct_hook in)
{
	struct ct_pkt pkt = ct_test_pkt(p);

	ck_assert_int_eq(ct_process(w.thr, &pkt, in), CT_ACCEPT);
	ck_assert_uint_eq(pkt.state, CT_UNTRACKED);
	ck_assert_uint_eq(pkt.reason, CT_R_OVERFLOW_STATELESS);
	ck_assert_int_eq(ct_nat_apply(w.thr, &pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(ct_nat_apply(w.thr, &pkt, CT_HOOK_POSTROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ct_nat_sums_right(p);
}

START_TEST(a_prefix_is_translated_without_state)
{
	const union ct_addr inside = { .bytes = { 10 } };
	const union ct_addr outside = { .bytes = { 44 } };
	struct ct_test_flow flow = ct_world_flow(1), back;

	start_full();
	ck_assert_int_eq(
		ct_overflow_prefix(w.tbl, CT_L3_IPV4, &inside, &inside, 8),
		CT_E_REFUSED);
	ck_assert_int_eq(
		ct_overflow_prefix(w.tbl, CT_L3_IPV4, &inside, &outside, 4),
		CT_E_REFUSED);
	ck_assert_int_eq(
		ct_overflow_prefix(w.tbl, CT_L3_IPV4, &inside, &outside, 8), 0);
	ck_assert_int_eq(
		ct_overflow_prefix(w.tbl, CT_L3_IPV4, &inside, &outside, 16),
		CT_E_REFUSED);
	take_place();
	ct_crowd_set(&w, "overflow.verdict", CT_OVERFLOW_STATELESS);
	ct_test_udp(&w.p, &flow, CT_DIR_ORIG, 10);
	pass_stateless(&w.p, CT_HOOK_PREROUTING);
	ck_assert_uint_eq(w.p.bytes[12], 44);
	ck_assert_mem_eq(w.p.bytes + 13, flow.src + 1, 3);
	/* And what comes back finds its way. */
	back = flow;
	back.src[0] = 44;
	ct_test_udp(&w.p, &back, CT_DIR_REPLY, 10);
	pass_stateless(&w.p, CT_HOOK_PREROUTING);
	ck_assert_mem_eq(w.p.bytes + 16, flow.src, 4);
	end_full();
}
END_TEST

START_TEST(stateless_where_nothing_is_mapped_is_refused)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .overflow = CT_OVERFLOW_STATELESS };
	const union ct_addr inside = { .bytes = { 10 } };
	const union ct_addr outside = { .bytes = { 44 } };
	const struct ct_policy *policy;
	uint64_t verdict;

	start_full();
	ck_assert_int_eq(
		ct_param_set(w.tbl, "overflow.verdict", CT_OVERFLOW_STATELESS),
		CT_E_REFUSED);
	ck_assert_int_eq(ct_param_get(w.tbl, "overflow.verdict", &verdict), 0);
	ck_assert_uint_eq(verdict, CT_OVERFLOW_DROP);
	ck_assert_int_eq(ct_policy_create(w.tbl, &def, &policy), CT_E_REFUSED);
	ck_assert_int_eq(
		ct_overflow_prefix(w.tbl, CT_L3_IPV4, &inside, &outside, 8), 0);
	ck_assert_int_eq(ct_policy_create(w.tbl, &def, &policy), 0);
	ct_crowd_set(&w, "overflow.verdict", CT_OVERFLOW_STATELESS);
	take_place();
	ck_assert_uint_eq(ct_crowd_arrive(&w, 1), CT_R_OVERFLOW_STATELESS);
	end_full();
}
END_TEST

static enum ct_overflow_verdict wish_stateless(void *user,
					       struct ct_thread *thr,
					       struct ct_pkt *pkt,
					       enum ct_reason reason)
{
	(void)user;
	(void)thr;
	(void)pkt;
	(void)reason;
	return CT_OVERFLOW_STATELESS;
}

START_TEST(a_callback_that_wishes_for_it_there_drops)
{
	static const struct ct_overflow_ops ops = { .size = sizeof(ops),
						    .name = "test",
						    .refused = wish_stateless };

	start_full();
	ck_assert_int_eq(ct_overflow_register(w.tbl, &ops), 0);
	take_place();
	ct_crowd_set(&w, "overflow.verdict", CT_OVERFLOW_CALLBACK);
	ck_assert_uint_eq(ct_crowd_arrive(&w, 1), CT_R_TABLE_FULL);
	end_full();
}
END_TEST

static enum ct_overflow_verdict ask(void *user, struct ct_thread *thr,
				    struct ct_pkt *pkt, enum ct_reason reason)
{
	(void)thr;
	(void)pkt;
	ck_assert_uint_eq(reason, CT_R_TABLE_FULL);
	++*(unsigned *)user;
	return CT_OVERFLOW_UNTRACKED;
}

START_TEST(the_host_is_asked)
{
	static unsigned asked;
	static const struct ct_overflow_ops ops = { .size = sizeof(ops),
						    .name = "test",
						    .user = &asked,
						    .refused = ask };

	start_full();
	ck_assert_int_eq(ct_overflow_register(w.tbl, &ops), 0);
	take_place();
	ct_crowd_set(&w, "overflow.verdict", CT_OVERFLOW_CALLBACK);
	ck_assert_uint_eq(ct_crowd_arrive(&w, 1), CT_R_OVERFLOW_UNTRACKED);
	ck_assert_uint_eq(asked, 1);
	ck_assert_int_eq(ct_overflow_register(w.tbl, &ops), CT_E_SEALED);
	end_full();
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("overflow_verdict");
	TCase *tcase = tcase_create("word");

	tcase_add_test(tcase, a_rejected_syn_is_reset);
	tcase_add_test(tcase, a_rejected_datagram_is_prohibited);
	tcase_add_test(tcase, untracked_for_want_of_room_does_not_leak);
	tcase_add_test(tcase, what_passes_untracked_says_why);
	tcase_add_test(tcase, a_prefix_is_translated_without_state);
	tcase_add_test(tcase, no_more_are_told_than_a_second_may_be);
	tcase_add_test(tcase, stateless_where_nothing_is_mapped_is_refused);
	tcase_add_test(tcase, a_callback_that_wishes_for_it_there_drops);
	tcase_add_test(tcase, the_host_is_asked);
	suite_add_tcase(suite, tcase);
	return suite;
}
