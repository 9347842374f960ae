/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Zones: the same addresses in several networks at once, and zones for one
 * direction only.
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

/* A datagram in a zone, or under a policy, confirmed. */
static struct ct_pkt pass(enum ct_dir dir, uint16_t zone,
			  const struct ct_policy *policy)
{
	struct ct_pkt pkt;

	ct_test_udp(&w.p, &ct_test_flow4, dir, 10);
	pkt = ct_test_pkt(&w.p);
	pkt.zone = zone;
	pkt.policy = policy;
	ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	return pkt;
}

static struct ct_pkt say(enum ct_dir dir, uint16_t zone,
			 const struct ct_policy *policy)
{
	struct ct_pkt pkt = pass(dir, zone, policy);

	ct_world_audit(&w);
	return pkt;
}

static const struct ct_policy *zoned(uint32_t flags, uint16_t zone)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .flags = flags,
					   .zone = zone };
	const struct ct_policy *policy;

	ck_assert_int_eq(ct_policy_create(w.tbl, &def, &policy), 0);
	return policy;
}

static void is_zone(const struct ct_conn *conn, uint16_t orig, uint16_t reply)
{
	struct ct_tuple t;

	ct_conn_tuple(conn, CT_DIR_ORIG, &t);
	ck_assert_uint_eq(t.zone, orig);
	ct_conn_tuple(conn, CT_DIR_REPLY, &t);
	ck_assert_uint_eq(t.zone, reply);
}

START_TEST(same_addresses_in_two_zones_are_two_connections)
{
	struct ct_pkt one = say(CT_DIR_ORIG, 1, NULL);
	struct ct_pkt two = say(CT_DIR_ORIG, 2, NULL);
	struct ct_pkt none = say(CT_DIR_ORIG, 0, NULL);

	ck_assert_uint_eq(ct_world_conns(&w), 3);
	is_zone(one.conn, 1, 1);
	is_zone(two.conn, 2, 2);
	is_zone(none.conn, 0, 0);
	ck_assert_ptr_eq(say(CT_DIR_REPLY, 1, NULL).conn, one.conn);
	ck_assert_ptr_eq(say(CT_DIR_REPLY, 2, NULL).conn, two.conn);
	ck_assert(!(ct_conn_status(none.conn) & CT_S_SEEN_REPLY));
}
END_TEST

START_TEST(answer_in_another_zone_is_no_answer)
{
	say(CT_DIR_ORIG, 1, NULL);
	ck_assert_int_eq(say(CT_DIR_REPLY, 2, NULL).state, CT_NEW);
	ck_assert_int_eq(say(CT_DIR_REPLY, 1, NULL).state, CT_ESTABLISHED);
}
END_TEST

START_TEST(highest_zone_is_a_zone)
{
	struct ct_pkt pkt = say(CT_DIR_ORIG, UINT16_MAX, NULL);

	is_zone(pkt.conn, UINT16_MAX, UINT16_MAX);
	ck_assert_int_eq(say(CT_DIR_REPLY, UINT16_MAX, NULL).state,
			 CT_ESTABLISHED);
}
END_TEST

START_TEST(policy_zone_goes_before_the_packets)
{
	const struct ct_policy *both =
		zoned(CT_POLICY_ZONE_ORIG | CT_POLICY_ZONE_REPLY, 5);
	struct ct_pkt pkt = say(CT_DIR_ORIG, 9, both);

	is_zone(pkt.conn, 5, 5);
	ck_assert_ptr_eq(say(CT_DIR_REPLY, 5, NULL).conn, pkt.conn);
	/* A policy without zones leaves the packet its own. */
	pkt = say(CT_DIR_ORIG, 9, zoned(0, 5));
	is_zone(pkt.conn, 9, 9);
}
END_TEST

/* The question comes out of a zone, the answer out of none. */
START_TEST(zone_for_the_question_only)
{
	const struct ct_policy *policy = zoned(CT_POLICY_ZONE_ORIG, 3);
	struct ct_pkt pkt = say(CT_DIR_ORIG, 0, policy), back;

	ck_assert_int_eq(pkt.state, CT_NEW);
	is_zone(pkt.conn, 3, 0);
	back = say(CT_DIR_REPLY, 0, NULL);
	ck_assert_ptr_eq(back.conn, pkt.conn);
	ck_assert_int_eq(back.dir, CT_DIR_REPLY);
	ck_assert_int_eq(back.state, CT_ESTABLISHED);
	ck_assert_ptr_eq(say(CT_DIR_ORIG, 0, policy).conn, pkt.conn);
	/* Where the policy is not, the question is another one. */
	ck_assert_ptr_ne(say(CT_DIR_ORIG, 7, NULL).conn, pkt.conn);
}
END_TEST

START_TEST(zone_for_the_answer_only)
{
	const struct ct_policy *policy = zoned(CT_POLICY_ZONE_REPLY, 3);
	struct ct_pkt pkt = say(CT_DIR_ORIG, 0, policy), back;

	is_zone(pkt.conn, 0, 3);
	back = say(CT_DIR_REPLY, 3, NULL);
	ck_assert_ptr_eq(back.conn, pkt.conn);
	ck_assert_int_eq(back.dir, CT_DIR_REPLY);
	ck_assert_int_eq(back.state, CT_ESTABLISHED);
}
END_TEST

START_TEST(ended_ones_leave_no_key_in_any_zone)
{
	say(CT_DIR_ORIG, 1, NULL);
	say(CT_DIR_ORIG, 2, NULL);
	say(CT_DIR_ORIG, 0, zoned(CT_POLICY_ZONE_ORIG, 3));
	say(CT_DIR_ORIG, 4, zoned(CT_POLICY_ZONE_REPLY, 4));
	ck_assert_int_eq(ct_flush(w.thr, NULL), 4);
	ct_world_audit(&w);
	ck_assert_int_eq(say(CT_DIR_REPLY, 1, NULL).state, CT_NEW);
	ck_assert_int_eq(say(CT_DIR_REPLY, 0, NULL).state, CT_NEW);
	ck_assert_int_eq(say(CT_DIR_REPLY, 4, NULL).state, CT_NEW);
}
END_TEST

/* --- ICMP errors -------------------------------------------------------- */

static struct ct_pkt unreachable(uint16_t zone)
{
	struct ct_test_icmp icmp = { .type = 3, .code = 3, .rest_len = 28 };
	struct ct_test_packet quoted;
	struct ct_pkt pkt;

	ct_test_udp(&quoted, &ct_test_flow4, CT_DIR_ORIG, 10);
	icmp.rest = quoted.bytes;
	ct_test_icmp(&w.p, &ct_test_flow4, CT_DIR_REPLY, &icmp);
	pkt = ct_test_pkt(&w.p);
	pkt.zone = zone;
	ct_process(w.thr, &pkt, CT_HOOK_PREROUTING);
	return pkt;
}

START_TEST(error_belongs_to_the_connection_of_its_zone)
{
	struct ct_pkt one = say(CT_DIR_ORIG, 1, NULL), error;
	struct ct_pkt two = say(CT_DIR_ORIG, 2, NULL);

	error = unreachable(1);
	ck_assert_int_eq(error.state, CT_RELATED);
	ck_assert_ptr_eq(error.conn, one.conn);
	ck_assert_int_eq(error.dir, CT_DIR_REPLY);
	ck_assert_ptr_eq(unreachable(2).conn, two.conn);
	error = unreachable(0);
	ck_assert_int_eq(error.state, CT_INVALID);
	ck_assert_uint_eq(error.reason, CT_R_ICMP_QUOTE_UNKNOWN);
}
END_TEST

START_TEST(many_zones_of_one_flow_do_not_mix)
{
	enum { N = 500 };
	struct ct_conn *conn[N];

	for (uint16_t z = 0; z < N; z++)
		conn[z] = pass(CT_DIR_ORIG, z, NULL).conn;
	ck_assert_uint_eq(ct_world_conns(&w), N);
	for (uint16_t z = 0; z < N; z += 7)
		ck_assert_ptr_eq(say(CT_DIR_REPLY, z, NULL).conn, conn[z]);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("zones flow");
	TCase *tc = tcase_create("zones");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, same_addresses_in_two_zones_are_two_connections);
	tcase_add_test(tc, answer_in_another_zone_is_no_answer);
	tcase_add_test(tc, highest_zone_is_a_zone);
	tcase_add_test(tc, policy_zone_goes_before_the_packets);
	tcase_add_test(tc, zone_for_the_question_only);
	tcase_add_test(tc, zone_for_the_answer_only);
	tcase_add_test(tc, ended_ones_leave_no_key_in_any_zone);
	tcase_add_test(tc, error_belongs_to_the_connection_of_its_zone);
	tcase_add_test(tc, many_zones_of_one_flow_do_not_mix);
	suite_add_tcase(suite, tc);
	return suite;
}
