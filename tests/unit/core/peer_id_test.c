/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ids that packets do not tell: learnt, found, forgotten.
 */
#include "core/peer_id.h"
#include "core/table.h"
#include "suite.h"
#include "world.h"

#include <arpa/inet.h>
#include <string.h>

static struct ct_world w;

static void setup(void)
{
	ct_world_start(&w, 64);
}

static void teardown(void)
{
	ct_world_end(&w);
}

static struct ct_tuple call(uint16_t src_id, uint16_t dst_id)
{
	struct ct_tuple t;

	memset(&t, 0, sizeof(t));
	t.src.v4 = htonl(0x0a000002);
	t.dst.v4 = htonl(0xc6336405);
	t.src_id = htons(src_id);
	t.dst_id = htons(dst_id);
	t.l3 = CT_L3_IPV4;
	t.l4 = 47;
	return t;
}

static void learn(uint16_t src_id, uint16_t dst_id)
{
	const struct ct_tuple t = call(src_id, dst_id);

	ck_assert_int_eq(ct_peer_id_learn(w.thr, &t), 0);
}

static int forget(uint16_t src_id, uint16_t dst_id)
{
	const struct ct_tuple t = call(src_id, dst_id);

	return ct_peer_id_forget(w.thr, &t);
}

static uint16_t found(uint16_t dst_id)
{
	struct ct_tuple t = call(0, dst_id);

	ct_peer_id_find(w.tbl, &t);
	return ntohs(t.src_id);
}

START_TEST(nothing_is_known_at_first)
{
	ck_assert_uint_eq(found(200), 0);
	ck_assert_int_eq(forget(100, 200), CT_E_NOENT);
	ck_assert_uint_eq(ct_peer_ids_bytes(w.tbl), 0);
}
END_TEST

START_TEST(many_are_told_apart)
{
	for (uint16_t i = 1; i <= 60; i++)
		learn(i, (uint16_t)(i + 5000));
	for (uint16_t i = 1; i <= 60; i++)
		ck_assert_uint_eq(found((uint16_t)(i + 5000)), i);
	for (uint16_t i = 1; i <= 60; i++)
		ck_assert_int_eq(forget(i, (uint16_t)(i + 5000)), 0);
	ck_assert_uint_eq(found(5001), 0);
}
END_TEST

START_TEST(the_oldest_answers)
{
	learn(100, 200);
	learn(101, 200);
	ck_assert_uint_eq(found(200), 100);
	ck_assert_int_eq(forget(100, 200), 0);
	ck_assert_uint_eq(found(200), 101);
	ck_assert_int_eq(forget(101, 200), 0);
	ck_assert_int_eq(forget(101, 200), CT_E_NOENT);
}
END_TEST

START_TEST(zones_do_not_mix)
{
	struct ct_tuple t = call(0, 200);

	learn(100, 200);
	t.zone = 1;
	ct_peer_id_find(w.tbl, &t);
	ck_assert_uint_eq(t.src_id, 0);
	ck_assert_int_eq(forget(100, 200), 0);
}
END_TEST

START_TEST(without_memory_nothing_is_learnt)
{
	const struct ct_tuple t = call(100, 200);

	ct_test_alloc_fail_from(&w.mem, 1);
	ck_assert_int_eq(ct_peer_id_learn(w.thr, &t), CT_E_NOMEM);
	ct_test_alloc_fail_never(&w.mem);
	ck_assert_int_eq(ct_peer_id_learn(w.thr, &t), 0);
	ck_assert_int_eq(forget(100, 200), 0);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("peer_id");
	TCase *tc = tcase_create("peer_id");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, nothing_is_known_at_first);
	tcase_add_test(tc, many_are_told_apart);
	tcase_add_test(tc, the_oldest_answers);
	tcase_add_test(tc, zones_do_not_mix);
	tcase_add_test(tc, without_memory_nothing_is_learnt);
	suite_add_tcase(suite, tc);
	return suite;
}
