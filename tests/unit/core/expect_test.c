/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Expectations: added, met, replaced, refused, ended, told of in order.
 */
#include "core/expect.h"

#include "herald.h"
#include "suite.h"

#include <arpa/inet.h>
#include <conntrack/helper.h>
#include <string.h>

/* --- Meeting ------------------------------------------------------------ */

START_TEST(expected_one_is_related_and_has_a_master)
{
	struct ct_pkt pkt;

	ct_conn_mark_set(ct_herald.w.thr, ct_herald.master, 77);
	ct_herald_expect(PORT);
	ct_herald_told("N1");
	pkt = ct_herald_knock(7000, PORT);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert(ct_conn_status(pkt.conn) & CT_S_EXPECTED);
	ck_assert_ptr_eq(ct_conn_master(ct_herald.w.tbl, pkt.conn),
			 ct_herald.master);
	ck_assert_uint_eq(ct_conn_mark(pkt.conn), 77);
	ct_herald_told("D1r");
	ck_assert_int_eq(ct_herald_knock(7001, PORT).state, CT_NEW);
}
END_TEST

START_TEST(another_one_is_new)
{
	struct ct_pkt pkt;

	ct_herald_expect(PORT);
	pkt = ct_herald_knock(7000, PORT + 1);
	ck_assert_int_eq(pkt.state, CT_NEW);
	ck_assert_ptr_null(ct_conn_master(ct_herald.w.tbl, pkt.conn));
}
END_TEST

START_TEST(source_counts_as_far_as_its_mask_says)
{
	struct ct_expect_def def = ct_herald_def(PORT);
	struct ct_test_flow flow = ct_herald_flow(7000, PORT);
	struct ct_pkt pkt;

	memset(&def.src_mask, 0xff, 3);
	((uint8_t *)&def.src_mask)[3] = 0;
	def.tuple.src_id = htons(7000);
	def.src_id_mask = 0xffff;
	ck_assert_int_eq(
		ct_expect_add(ct_herald.w.thr, ct_herald.master, &def, NULL),
		0);
	flow.src[3]++;
	flow.sport = 7001;
	ck_assert_int_eq(ct_herald_packet(&flow, CT_DIR_ORIG, NULL).state,
			 CT_NEW);
	flow.sport = 7000;
	pkt = ct_herald_packet(&flow, CT_DIR_ORIG, NULL);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ct_abandon(ct_herald.w.thr, &pkt);
}
END_TEST

START_TEST(permanent_one_stays)
{
	struct ct_expect_def def = ct_herald_def(PORT);

	def.flags = CT_EXPECT_PERMANENT;
	ck_assert_int_eq(
		ct_expect_add(ct_herald.w.thr, ct_herald.master, &def, NULL),
		0);
	ck_assert_int_eq(ct_herald_knock(7000, PORT).state, CT_RELATED);
	ck_assert_int_eq(ct_herald_knock(7001, PORT).state, CT_RELATED);
	ct_herald_told("N1rr");
}
END_TEST

START_TEST(inactive_one_waits_for_its_refresh)
{
	struct ct_expect_def def = ct_herald_def(PORT);
	struct ct_expect *exp;

	def.flags = CT_EXPECT_INACTIVE;
	ck_assert_int_eq(
		ct_expect_add(ct_herald.w.thr, ct_herald.master, &def, &exp),
		0);
	ck_assert_int_eq(ct_herald_knock(7000, PORT).state, CT_NEW);
	ck_assert_int_eq(ct_expect_refresh(ct_herald.w.thr, exp, 10), 0);
	ck_assert_int_eq(ct_herald_knock(7001, PORT).state, CT_RELATED);
	ck_assert_int_eq(ct_expect_refresh(ct_herald.w.thr, exp, 10),
			 CT_E_NOENT);
}
END_TEST

START_TEST(expected_one_gets_the_helper_that_was_named)
{
	struct ct_expect_def def = ct_herald_def(PORT);
	struct ct_pkt pkt;

	def.helper = "test";
	ck_assert_int_eq(
		ct_expect_add(ct_herald.w.thr, ct_herald.master, &def, NULL),
		0);
	pkt = ct_herald_knock(7000, PORT);
	ck_assert_str_eq(ct_conn_helper(ct_herald.w.tbl, pkt.conn), "test");
	ck_assert(!(ct_conn_status(pkt.conn) & CT_S_HELPER));
	def.helper = "none such";
	ck_assert_int_eq(
		ct_expect_add(ct_herald.w.thr, ct_herald.master, &def, NULL),
		CT_E_NOENT);
}
END_TEST

START_TEST(zone_counts)
{
	struct ct_expect_def def = ct_herald_def(PORT);
	struct ct_test_flow flow = ct_herald_flow(7000, PORT);
	struct ct_pkt pkt;

	def.tuple.zone = 9;
	def.flags |= CT_EXPECT_USERSPACE; /* a helper's has its master's */
	ck_assert_int_eq(
		ct_expect_add(ct_herald.w.thr, ct_herald.master, &def, NULL),
		0);
	ck_assert_int_eq(ct_herald_knock(7000, PORT).state, CT_NEW);
	ct_test_udp(&ct_herald.w.p, &flow, CT_DIR_ORIG, 10);
	pkt = ct_test_pkt(&ct_herald.w.p);
	pkt.zone = 9;
	ck_assert_int_eq(ct_process(ct_herald.w.thr, &pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ct_abandon(ct_herald.w.thr, &pkt);
}
END_TEST

START_TEST(packet_that_is_dropped_has_met_it)
{
	struct ct_test_flow flow = ct_herald_flow(7000, PORT);
	struct ct_pkt pkt;

	ct_herald_expect(PORT);
	pkt = ct_herald_packet(&flow, CT_DIR_ORIG, NULL);
	ct_abandon(ct_herald.w.thr, &pkt);
	ck_assert_int_eq(ct_herald_knock(7000, PORT).state, CT_NEW);
	ct_herald_told("N1D1n");
}
END_TEST

/* --- Clash, and limits -------------------------------------------------- */

START_TEST(equal_one_takes_the_place)
{
	ct_herald_expect(PORT);
	ct_herald_expect(PORT);
	ct_herald_told("N1D1N2");
	ck_assert_uint_eq(ct_herald_count(NULL), 1);
}
END_TEST

START_TEST(one_that_overlaps_is_refused)
{
	struct ct_expect_def def = ct_herald_def(PORT);

	ct_herald_expect(PORT);
	memset(&def.src_mask, 0, sizeof(def.src_mask));
	ck_assert_int_eq(
		ct_expect_add(ct_herald.w.thr, ct_herald.master, &def, NULL),
		CT_E_EXIST);
	def = ct_herald_def(PORT);
	def.class_ = 1;
	ck_assert_int_eq(
		ct_expect_add(ct_herald.w.thr, ct_herald.master, &def, NULL),
		CT_E_EXIST);
	ct_herald_told("N1");
}
END_TEST

START_TEST(oldest_of_a_class_gives_way)
{
	struct ct_expect_def def = ct_herald_def(PORT + 9);

	def.class_ = 1;
	ck_assert_int_eq(
		ct_expect_add(ct_herald.w.thr, ct_herald.master, &def, NULL),
		0);
	ct_herald_expect(PORT);
	ct_herald_expect(PORT + 1);
	ct_herald_expect(PORT + 2);
	ct_herald_told("N1N2N3D2N4");
}
END_TEST

START_TEST(hosts_own_are_not_limited_by_classes)
{
	for (uint16_t i = 0; i < 5; i++) {
		struct ct_expect_def def = ct_herald_def((uint16_t)(PORT + i));

		def.flags = CT_EXPECT_USERSPACE;
		ck_assert_int_eq(ct_expect_add(ct_herald.w.thr,
					       ct_herald.master, &def, NULL),
				 0);
	}
	ck_assert_uint_eq(ct_herald_count(ct_herald.master), 5);
	ct_herald_expect(PORT + 10);
	ct_herald_expect(PORT + 11);
	ck_assert_uint_eq(ct_herald_count(ct_herald.master), 7);
}
END_TEST

START_TEST(table_takes_so_many)
{
	struct ct_expect_def def = ct_herald_def(PORT + 2);

	ck_assert_int_eq(
		ct_param_set(ct_herald.w.tbl, "nf_conntrack_expect_max", 2), 0);
	ct_herald_expect(PORT);
	ct_herald_expect(PORT + 1);
	def.class_ = 1;
	ck_assert_int_eq(
		ct_expect_add(ct_herald.w.thr, ct_herald.master, &def, NULL),
		CT_E_FULL);
	ck_assert_uint_eq(ct_herald_count(NULL), 2);
	ct_herald_told("N1N2");
}
END_TEST

START_TEST(what_has_expired_makes_room)
{
	struct ct_expect_def def = ct_herald_def(PORT);

	ck_assert_int_eq(ct_param_set(ct_herald.w.tbl, "expect.max", 1), 0);
	def.timeout_s = 5;
	ck_assert_int_eq(
		ct_expect_add(ct_herald.w.thr, ct_herald.master, &def, NULL),
		0);
	ct_world_wait(&ct_herald.w, 6 * CT_WORLD_S);
	ct_herald_expect(PORT + 1);
	ck_assert_uint_eq(ct_herald_count(NULL), 1);
}
END_TEST

START_TEST(definition_must_make_sense)
{
	struct ct_expect_def def = ct_herald_def(PORT);

	def.flags = 1u << 5;
	ck_assert_int_eq(
		ct_expect_add(ct_herald.w.thr, ct_herald.master, &def, NULL),
		CT_E_INVAL);
	def = ct_herald_def(PORT);
	def.class_ = 2;
	ck_assert_int_eq(
		ct_expect_add(ct_herald.w.thr, ct_herald.master, &def, NULL),
		CT_E_INVAL);
	def = ct_herald_def(PORT);
	def.nat_dir = 2;
	ck_assert_int_eq(
		ct_expect_add(ct_herald.w.thr, ct_herald.master, &def, NULL),
		CT_E_INVAL);
	def = ct_herald_def(PORT);
	def.size = 0;
	ck_assert_int_eq(
		ct_expect_add(ct_herald.w.thr, ct_herald.master, &def, NULL),
		CT_E_INVAL);
}
END_TEST

START_TEST(near_and_pair_pass_over_what_is_taken)
{
	struct ct_expect_def def = ct_herald_def(PORT + 1);
	struct ct_expect_def pair[2];

	ct_herald_expect(PORT + 1);
	def.class_ = 1;
	ck_assert_int_eq(ct_expect_add_near(ct_herald.w.thr, ct_herald.master,
					    &def, NULL),
			 0);
	ck_assert_uint_eq(ntohs(def.tuple.dst_id), PORT + 2);
	for (unsigned i = 0; i < 2; i++) {
		pair[i] = ct_herald_def(PORT + 2);
		pair[i].flags = CT_EXPECT_USERSPACE;
	}
	ck_assert_int_eq(
		ct_expect_add_pair(ct_herald.w.thr, ct_herald.master, pair), 0);
	ck_assert_uint_eq(ntohs(pair[0].tuple.dst_id), PORT + 4);
	ck_assert_uint_eq(ntohs(pair[1].tuple.dst_id), PORT + 5);
}
END_TEST

START_TEST(pair_may_begin_with_an_odd_id)
{
	struct ct_expect_def pair[2];

	ct_herald_expect(PORT + 4);
	for (unsigned i = 0; i < 2; i++) {
		pair[i] = ct_herald_def(PORT + 3);
		pair[i].class_ = 1;
	}
	ck_assert_int_eq(
		ct_expect_add_pair(ct_herald.w.thr, ct_herald.master, pair), 0);
	ck_assert_uint_eq(ntohs(pair[0].tuple.dst_id), PORT + 5);
	ck_assert_uint_eq(ntohs(pair[1].tuple.dst_id), PORT + 6);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("expect");
	TCase *tc = tcase_create("expect");

	tcase_add_checked_fixture(tc, ct_herald_setup, ct_herald_teardown);
	tcase_add_test(tc, expected_one_is_related_and_has_a_master);
	tcase_add_test(tc, another_one_is_new);
	tcase_add_test(tc, source_counts_as_far_as_its_mask_says);
	tcase_add_test(tc, permanent_one_stays);
	tcase_add_test(tc, inactive_one_waits_for_its_refresh);
	tcase_add_test(tc, expected_one_gets_the_helper_that_was_named);
	tcase_add_test(tc, zone_counts);
	tcase_add_test(tc, packet_that_is_dropped_has_met_it);
	tcase_add_test(tc, equal_one_takes_the_place);
	tcase_add_test(tc, one_that_overlaps_is_refused);
	tcase_add_test(tc, oldest_of_a_class_gives_way);
	tcase_add_test(tc, hosts_own_are_not_limited_by_classes);
	tcase_add_test(tc, table_takes_so_many);
	tcase_add_test(tc, what_has_expired_makes_room);
	tcase_add_test(tc, pair_may_begin_with_an_odd_id);
	tcase_add_test(tc, definition_must_make_sense);
	tcase_add_test(tc, near_and_pair_pass_over_what_is_taken);
	suite_add_tcase(suite, tc);
	return suite;
}
