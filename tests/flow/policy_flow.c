/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conversations under a policy: whose it is, and what it changes.
 */
#include "suite.h"
#include "world.h"

static struct ct_world w;

static void setup(void)
{
	ct_world_start(&w, 0);
}

static void teardown(void)
{
	ct_world_end(&w);
}

static const struct ct_policy *create(const struct ct_policy_def *def)
{
	const struct ct_policy *policy;

	ck_assert_int_eq(ct_policy_create(w.tbl, def, &policy), 0);
	return policy;
}

/* The packet in w.p, under a policy, all the way. */
static struct ct_pkt pass(const struct ct_policy *policy)
{
	struct ct_pkt pkt = ct_test_pkt(&w.p);

	pkt.policy = policy;
	ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ct_world_audit(&w);
	return pkt;
}

static struct ct_pkt udp(const struct ct_policy *policy, enum ct_dir dir)
{
	ct_test_udp(&w.p, &ct_test_flow4, dir, 10);
	return pass(policy);
}

/* A segment; => the seconds that its connection then has. */
static uint32_t tcp(const struct ct_policy *policy, enum ct_dir dir,
		    uint8_t flags)
{
	bool first = flags & CT_TEST_SYN;
	const struct ct_test_segment seg = { .flags = flags,
					     .win = 8192,
					     .seq = first ? 1000 : 1001,
					     .ack = flags & CT_TEST_ACK ? 1001
									: 0 };
	struct ct_pkt pkt;

	ct_test_tcp(&w.p, &ct_test_flow4, dir, &seg);
	pkt = pass(policy);
	ck_assert_ptr_nonnull(pkt.conn);
	return ct_conn_expires(w.thr, pkt.conn);
}

START_TEST(timeouts_through_the_life_of_a_connection)
{
	static const struct ct_policy_timeout timeouts[] = {
		{ "tcp.timeout.syn_sent", 11, 0 },
		{ "nf_conntrack_tcp_timeout_established", 44, 0 },
	};
	const struct ct_policy_def def = { .size = sizeof(def),
					   .timeouts = timeouts,
					   .n_timeouts = 2 };
	const struct ct_policy *policy = create(&def);

	ck_assert_uint_eq(tcp(policy, CT_DIR_ORIG, CT_TEST_SYN), 11);
	/* The policy names no other: the table's own. */
	ck_assert_uint_eq(tcp(policy, CT_DIR_REPLY, CT_TEST_SYN | CT_TEST_ACK),
			  60);
	ck_assert_uint_eq(tcp(NULL, CT_DIR_ORIG, CT_TEST_ACK), 44);
	/* Parameters of the table do not touch what the policy names. */
	ck_assert_int_eq(ct_param_set(w.tbl, "tcp.timeout.established", 999),
			 0);
	ct_world_wait(&w, 2 * CT_WORLD_S);
	ck_assert_uint_eq(tcp(NULL, CT_DIR_ORIG, CT_TEST_ACK), 44);
}
END_TEST

START_TEST(opener_decides_and_the_answer_does_not)
{
	const struct ct_policy_def one = { .size = sizeof(one),
					   .flags = CT_POLICY_MARK,
					   .mark = 1 };
	const struct ct_policy_def two = { .size = sizeof(two),
					   .flags = CT_POLICY_MARK,
					   .mark = 2 };
	struct ct_pkt pkt = udp(create(&one), CT_DIR_ORIG);

	ck_assert_ptr_eq(udp(create(&two), CT_DIR_REPLY).conn, pkt.conn);
	ck_assert_uint_eq(ct_conn_mark(pkt.conn), 1);
}
END_TEST

/* Untracked are this packet and the next, not the flow for ever. */
START_TEST(notrack_lasts_as_long_as_it_is_said)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .flags = CT_POLICY_NOTRACK };
	const struct ct_policy *notrack = create(&def);
	struct ct_pkt pkt;

	ck_assert_int_eq(udp(notrack, CT_DIR_ORIG).state, CT_UNTRACKED);
	ck_assert_int_eq(udp(NULL, CT_DIR_REPLY).state, CT_NEW);
	/* Even if there is a connection. */
	pkt = udp(notrack, CT_DIR_ORIG);
	ck_assert_int_eq(pkt.state, CT_UNTRACKED);
	ck_assert_ptr_null(pkt.conn);
	ck_assert_int_eq(udp(NULL, CT_DIR_ORIG).state, CT_ESTABLISHED);
}
END_TEST

START_TEST(broken_packets_are_untracked_as_well)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .flags = CT_POLICY_NOTRACK };
	const struct ct_policy *notrack = create(&def);
	struct ct_pkt pkt;

	ct_test_udp(&w.p, &ct_test_flow4, CT_DIR_ORIG, 10);
	w.p.bytes[0] = 0;
	pkt = pass(notrack);
	ck_assert_int_eq(pkt.state, CT_UNTRACKED);
	ck_assert_int_eq(pass(NULL).state, CT_INVALID);
}
END_TEST

START_TEST(error_under_no_policy_finds_the_policys_connection)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .flags = CT_POLICY_MARK,
					   .mark = 7 };
	struct ct_test_icmp icmp = { .type = 3, .code = 1, .rest_len = 28 };
	struct ct_pkt pkt = udp(create(&def), CT_DIR_ORIG), error;
	struct ct_test_packet quoted = w.p;

	icmp.rest = quoted.bytes;
	ct_test_icmp(&w.p, &ct_test_flow4, CT_DIR_REPLY, &icmp);
	error = pass(NULL);
	ck_assert_int_eq(error.state, CT_RELATED);
	ck_assert_ptr_eq(error.conn, pkt.conn);
	ck_assert_uint_eq(ct_conn_mark(error.conn), 7);
}
END_TEST

START_TEST(named_helper_shows_in_the_status)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .helper = "tftp" };
	struct ct_pkt pkt = udp(create(&def), CT_DIR_ORIG);

	ck_assert(ct_conn_status(pkt.conn) & CT_S_HELPER);
	ct_conn_delete(w.thr, pkt.conn);
	pkt = udp(NULL, CT_DIR_ORIG);
	ck_assert(!(ct_conn_status(pkt.conn) & CT_S_HELPER));
}
END_TEST

START_TEST(reopened_connection_belongs_to_its_new_opener)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .flags = CT_POLICY_MARK,
					   .mark = 7 };
	struct ct_pkt pkt = udp(create(&def), CT_DIR_ORIG);

	ck_assert_uint_eq(ct_conn_mark(pkt.conn), 7);
	ct_world_wait(&w, 31 * CT_WORLD_S);
	ck_assert_uint_eq(ct_conn_mark(udp(NULL, CT_DIR_ORIG).conn), 0);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("policy flow");
	TCase *tc = tcase_create("policy");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, timeouts_through_the_life_of_a_connection);
	tcase_add_test(tc, opener_decides_and_the_answer_does_not);
	tcase_add_test(tc, notrack_lasts_as_long_as_it_is_said);
	tcase_add_test(tc, broken_packets_are_untracked_as_well);
	tcase_add_test(tc, error_under_no_policy_finds_the_policys_connection);
	tcase_add_test(tc, named_helper_shows_in_the_status);
	tcase_add_test(tc, reopened_connection_belongs_to_its_new_opener);
	suite_add_tcase(suite, tc);
	return suite;
}
