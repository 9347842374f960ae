/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The by-source index: one mapping for each pair of endpoints, counted, the
 * latest first.
 */
#include "core/mapping.h"
#include "core/reply.h"
#include "core/table.h"
#include "suite.h"
#include "world.h"

#include <arpa/inet.h>
#include <conntrack/plugin.h>

static struct ct_world w;

static void setup(void)
{
	ct_world_start(&w, 256);
}

static void teardown(void)
{
	ct_world_end(&w);
}

static struct ct_tuple endpoint(uint16_t port)
{
	struct ct_tuple t = ct_world_tuple(&ct_test_flow4, CT_DIR_ORIG);

	t.src_id = htons(port);
	return t;
}

static bool any(const void *user, const struct ct_mapping *map)
{
	(void)user;
	(void)map;
	return true;
}

static bool has_port(const void *user, const struct ct_mapping *map)
{
	const uint16_t *port = user;

	return ntohs(map->outside_id) == *port;
}

/* => The port of the latest mapping, or 0. */
static uint16_t latest(uint16_t inside)
{
	struct ct_tuple orig = endpoint(inside);
	struct ct_mapping map;

	if (!ct_mapping_find(w.tbl, &orig, any, NULL, &map))
		return 0;
	return ntohs(map.outside_id);
}

static void take(uint16_t inside, uint16_t outside)
{
	struct ct_tuple orig = endpoint(inside), t = endpoint(outside);

	ck_assert(ct_mapping_take(w.thr, &orig, &t));
}

static void put(uint16_t inside, uint16_t outside)
{
	struct ct_tuple orig = endpoint(inside), t = endpoint(outside);

	ct_mapping_put(w.thr, &orig, &t);
}

START_TEST(nothing_is_there_at_first)
{
	ck_assert_uint_eq(ct_mappings_bytes(w.tbl), 0);
	ck_assert_uint_eq(latest(1), 0);
	ck_assert_uint_eq(ct_mappings_users(w.tbl), 0);
}
END_TEST

START_TEST(a_mapping_is_counted_and_ends_with_its_last_user)
{
	take(1, 100);
	take(1, 100);
	ck_assert_uint_eq(ct_mappings_users(w.tbl), 2);
	put(1, 100);
	ck_assert_uint_eq(latest(1), 100);
	put(1, 100);
	ck_assert_uint_eq(latest(1), 0);
	ck_assert_uint_gt(ct_mappings_bytes(w.tbl), 0);
}
END_TEST

START_TEST(the_latest_use_comes_first)
{
	uint16_t wanted = 100;
	struct ct_tuple orig = endpoint(1);
	struct ct_mapping map;

	take(1, 100);
	take(1, 200);
	ck_assert_uint_eq(latest(1), 200);
	take(1, 100);
	ck_assert_uint_eq(latest(1), 100);
	wanted = 200;
	ck_assert(ct_mapping_find(w.tbl, &orig, has_port, &wanted, &map));
	wanted = 300;
	ck_assert(!ct_mapping_find(w.tbl, &orig, has_port, &wanted, &map));
	put(1, 100);
	put(1, 100);
	put(1, 200);
}
END_TEST

START_TEST(endpoints_do_not_mix)
{
	struct ct_tuple orig = endpoint(1), t = endpoint(9);
	struct ct_tuple other = orig;
	struct ct_mapping map;

	for (uint16_t i = 1; i < 200; i++)
		take(i, (uint16_t)(1000 + i));
	for (uint16_t i = 1; i < 200; i++)
		ck_assert_uint_eq(latest(i), 1000 + i);
	other.zone = 3;
	ck_assert(!ct_mapping_find(w.tbl, &other, any, NULL, &map));
	ck_assert(ct_mapping_take(w.thr, &other, &t));
	ck_assert_uint_eq(latest(1), 1001);
	ct_mapping_put(w.thr, &other, &t);
	for (uint16_t i = 1; i < 200; i++)
		put(i, (uint16_t)(1000 + i));
	ck_assert_uint_eq(ct_mappings_users(w.tbl), 0);
}
END_TEST

/* --- Reply tuples ------------------------------------------------------- */

static struct ct_conn *open_conn(const struct ct_test_flow *flow)
{
	return ct_world_open(&w, flow, CT_DIR_ORIG).conn;
}

START_TEST(a_wide_reply_that_is_no_mirror_is_far)
{
	struct ct_conn *conn = open_conn(&ct_test_flow6);
	struct ct_tuple reply, got;
	struct ct_key key;

	ct_conn_tuple(conn, CT_DIR_REPLY, &reply);
	reply.dst_id = htons(77);
	ck_assert(ct_conn_reply_set(w.thr, conn, &reply));
	ck_assert(!(ct_conn_word(conn) & CT_S_FAR)); /* only an id */
	ct_conn_tuple(conn, CT_DIR_REPLY, &got);
	ck_assert(ct_tuple_equal(&got, &reply));

	for (uint8_t i = 1; i < 3; i++) {
		reply.dst.bytes[15] = i;
		ck_assert(ct_conn_reply_set(w.thr, conn, &reply));
		ck_assert(ct_conn_word(conn) & CT_S_FAR);
		ct_conn_tuple(conn, CT_DIR_REPLY, &got);
		ck_assert(ct_tuple_equal(&got, &reply));
		ct_key_make(&key, &reply, &w.tbl->hash);
		ck_assert(ct_conn_matches(conn, CT_DIR_REPLY, &key));
		ck_assert(!ct_conn_matches(conn, CT_DIR_ORIG, &key));
	}
	/* The original tuple is what it was. */
	ct_conn_tuple(conn, CT_DIR_ORIG, &got);
	reply = ct_world_tuple(&ct_test_flow6, CT_DIR_ORIG);
	ck_assert(ct_tuple_equal(&got, &reply));
}
END_TEST

START_TEST(a_narrow_reply_has_a_place_of_its_own)
{
	struct ct_conn *conn = open_conn(&ct_test_flow4);
	struct ct_tuple reply, got;

	ct_conn_tuple(conn, CT_DIR_REPLY, &reply);
	reply.dst.v4 = htonl(0xcb007101);
	ck_assert(ct_conn_reply_set(w.thr, conn, &reply));
	ct_conn_tuple(conn, CT_DIR_REPLY, &got);
	ck_assert(ct_tuple_equal(&got, &reply));
	ct_conn_outside(w.tbl, conn, &got);
	ck_assert_uint_eq(got.src.v4, reply.dst.v4);
	ck_assert_uint_eq(got.src_id, reply.dst_id);
	ck_assert(!(ct_conn_word(conn) & CT_S_FAR));
}
END_TEST

/* NAT64: what is wide in one direction and narrow in the other. */
static void reply_of_other_layer(const struct ct_test_flow *flow,
				 const struct ct_test_flow *other)
{
	struct ct_conn *conn = open_conn(flow);
	struct ct_tuple reply = ct_world_tuple(other, CT_DIR_REPLY), got;
	struct ct_key key[CT_DIR_MAX];
	uint32_t hash[CT_DIR_MAX];

	ck_assert(ct_conn_reply_set(w.thr, conn, &reply));
	ck_assert(ct_conn_crosses(conn, ct_conn_word(conn)));
	ct_conn_tuple(conn, CT_DIR_REPLY, &got);
	ck_assert(ct_tuple_equal(&got, &reply));
	ct_conn_tuple(conn, CT_DIR_ORIG, &got);
	ck_assert_uint_eq(got.l3, flow->l3);
	ct_conn_keys(conn, &w.tbl->hash, key);
	ct_conn_hashes(conn, &w.tbl->hash, hash);
	for (unsigned dir = 0; dir < CT_DIR_MAX; dir++)
		for (unsigned k = 0; k < CT_DIR_MAX; k++) {
			ck_assert_uint_eq((uint32_t)key[k].hash, hash[k]);
			ck_assert_int_eq(ct_conn_matches(conn, (enum ct_dir)dir,
							 &key[k]),
					 dir == k);
		}
	reply.dst_id = htons(9); /* once more, as long as it is private */
	ck_assert(ct_conn_reply_set(w.thr, conn, &reply));
	ck_assert(!ct_conn_matches(conn, CT_DIR_REPLY, &key[CT_DIR_REPLY]));
}

START_TEST(a_reply_may_be_of_another_layer)
{
	reply_of_other_layer(&ct_test_flow6, &ct_test_flow4);
	reply_of_other_layer(&ct_test_flow4, &ct_test_flow6);
}
END_TEST

START_TEST(mappings_are_told_apart_by_the_outside_layer)
{
	struct ct_tuple orig = endpoint(1), v4 = endpoint(100), v6 = v4;
	struct ct_mapping map;

	v6.l3 = CT_L3_IPV6;
	ck_assert(ct_mapping_take(w.thr, &orig, &v4));
	ck_assert(ct_mapping_take(w.thr, &orig, &v6));
	ck_assert(ct_mapping_find(w.tbl, &orig, any, NULL, &map));
	ck_assert_uint_eq(map.outside_l3, CT_L3_IPV6);
	ct_mapping_put(w.thr, &orig, &v6);
	ck_assert(ct_mapping_find(w.tbl, &orig, any, NULL, &map));
	ck_assert_uint_eq(map.outside_l3, CT_L3_IPV4);
	ct_mapping_put(w.thr, &orig, &v4);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("mapping");
	TCase *tc = tcase_create("mapping");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, nothing_is_there_at_first);
	tcase_add_test(tc, a_mapping_is_counted_and_ends_with_its_last_user);
	tcase_add_test(tc, the_latest_use_comes_first);
	tcase_add_test(tc, endpoints_do_not_mix);
	tcase_add_test(tc, a_wide_reply_that_is_no_mirror_is_far);
	tcase_add_test(tc, a_narrow_reply_has_a_place_of_its_own);
	tcase_add_test(tc, a_reply_may_be_of_another_layer);
	tcase_add_test(tc, mappings_are_told_apart_by_the_outside_layer);
	suite_add_tcase(suite, tc);
	return suite;
}
