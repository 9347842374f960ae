/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who tracks what, structs of other versions, parameters as a host sees them.
 */
#include "core/registry.h"

#include "core/table.h"
#include "suite.h"
#include "world.h"

#include <string.h>

static struct ct_world w;

static void setup(void)
{
	ct_world_create(&w, NULL);
}

static void teardown(void)
{
	ct_world_end(&w);
}

/* --- Structs of other versions ------------------------------------------ */

struct sized {
	size_t size;
	uint32_t a;
	uint32_t b;
};

START_TEST(older_struct_has_zeros_behind_its_end)
{
	struct sized from = { offsetof(struct sized, b), 1, 2 }, to;

	memset(&to, 0xff, sizeof(to));
	ck_assert_int_eq(ct_sized_copy(&to, sizeof(to), &from), 0);
	ck_assert_uint_eq(to.size, sizeof(to));
	ck_assert_uint_eq(to.a, 1);
	ck_assert_uint_eq(to.b, 0);
}
END_TEST

START_TEST(newer_struct_may_say_nothing_new)
{
	struct {
		struct sized sized;
		uint8_t tail[8];
	} from = { { sizeof(from), 1, 2 }, { 0 } };
	struct sized to;

	ck_assert_int_eq(ct_sized_copy(&to, sizeof(to), &from), 0);
	ck_assert_uint_eq(to.size, sizeof(to));
	ck_assert_uint_eq(to.b, 2);
	from.tail[7] = 1;
	ck_assert_int_eq(ct_sized_copy(&to, sizeof(to), &from), CT_E_VERSION);
}
END_TEST

START_TEST(struct_without_a_size_is_refused)
{
	struct sized from = { 0, 1, 2 }, to;

	for (; from.size < sizeof(from.size); from.size++)
		ck_assert_int_eq(ct_sized_copy(&to, sizeof(to), &from),
				 CT_E_INVAL);
	ck_assert_int_eq(ct_sized_copy(&to, sizeof(to), &from), 0);
	ck_assert_uint_eq(to.a, 0);
}
END_TEST

START_TEST(older_caller_gets_the_part_that_it_knows)
{
	const struct sized from = { 0, 1, 2 };
	struct sized to = { offsetof(struct sized, b), 8, 9 };

	ck_assert_int_eq(ct_sized_answer(&to, &from, sizeof(from)), 0);
	ck_assert_uint_eq(to.size, offsetof(struct sized, b));
	ck_assert_uint_eq(to.a, 1);
	ck_assert_uint_eq(to.b, 9);
}
END_TEST

START_TEST(newer_caller_gets_zeros_beyond_what_we_know)
{
	const struct sized from = { 0, 1, 2 };
	struct {
		struct sized sized;
		uint8_t tail[8];
	} to;

	memset(&to, 0xff, sizeof(to));
	to.sized.size = sizeof(to);
	ck_assert_int_eq(ct_sized_answer(&to, &from, sizeof(from)), 0);
	ck_assert_uint_eq(to.sized.size, sizeof(to));
	ck_assert_uint_eq(to.sized.a, 1);
	ck_assert_uint_eq(to.sized.b, 2);
	for (unsigned i = 0; i < sizeof(to.tail); i++)
		ck_assert_uint_eq(to.tail[i], 0);
}
END_TEST

START_TEST(caller_without_a_size_gets_nothing)
{
	const struct sized from = { 0, 1, 2 };
	struct sized to = { 0, 8, 9 };

	for (; to.size < sizeof(to.size); to.size++)
		ck_assert_int_eq(ct_sized_answer(&to, &from, sizeof(from)),
				 CT_E_VERSION);
	ck_assert_int_eq(ct_sized_answer(&to, &from, sizeof(from)), 0);
	ck_assert_uint_eq(to.size, sizeof(to.size));
	ck_assert_uint_eq(to.a, 8);
	ck_assert_uint_eq(to.b, 9);
}
END_TEST

/* --- Trackers ----------------------------------------------------------- */

static bool no_tuple(struct ct_pkt *pkt, struct ct_tuple *t)
{
	(void)pkt;
	t->src_id = t->dst_id = 0;
	return true;
}

static bool no_invert(const struct ct_tuple *t, struct ct_tuple *inverse)
{
	inverse->src_id = t->dst_id;
	inverse->dst_id = t->src_id;
	return true;
}

static enum ct_track say_ok(struct ct_thread *thr, struct ct_conn *conn,
			    struct ct_pkt *pkt)
{
	(void)pkt;
	ct_conn_refresh(thr, conn, 10);
	return CT_TRACK_OK;
}

static const struct ct_l4_ops mine = {
	.size = sizeof(mine),
	.name = "mine",
	.l4 = 99,
	.ids = CT_IDS_NONE,
	.tuple = no_tuple,
	.invert = no_invert,
	.open = say_ok,
	.packet = say_ok,
};

START_TEST(unknown_protocols_are_the_generic_trackers)
{
	const struct ct_l4_ops *generic = ct_registry_l4(w.tbl, CT_L4_GENERIC);

	ck_assert_ptr_nonnull(generic);
	ck_assert_ptr_eq(ct_registry_l4(w.tbl, 99), generic);
	ck_assert_ptr_ne(ct_registry_l4(w.tbl, 6), generic);
	ck_assert_int_eq(ct_l4_register(w.tbl, &mine), 0);
	ck_assert_ptr_eq(ct_registry_l4(w.tbl, 99), &mine);
	ck_assert_ptr_eq(ct_registry_l4(w.tbl, 98), generic);
}
END_TEST

START_TEST(built_in_tracker_may_be_replaced)
{
	struct ct_l4_ops udp = mine;
	struct ct_pkt pkt;

	udp.l4 = 17;
	ck_assert_int_eq(ct_l4_register(w.tbl, &udp), 0);
	ct_world_attach(&w);
	pkt = ct_world_udp(&w, &ct_test_flow4, CT_DIR_ORIG);
	ck_assert_uint_eq(ct_conn_expires(w.thr, pkt.conn), 10);
}
END_TEST

START_TEST(l4_ops_must_be_whole)
{
	struct ct_l4_ops bad[7];

	for (unsigned i = 0; i < 7; i++)
		bad[i] = mine;
	bad[0].name = NULL;
	bad[1].tuple = NULL;
	bad[2].invert = NULL;
	bad[3].open = NULL;
	bad[4].packet = NULL;
	bad[5].state_size = CT_L4_STATE_MAX + 1;
	bad[6].ids = CT_IDS_NONE + 1;
	for (unsigned i = 0; i < 7; i++)
		ck_assert_int_eq(ct_l4_register(w.tbl, &bad[i]), CT_E_INVAL);
	bad[0] = mine;
	bad[0].size++;
	ck_assert_int_eq(ct_l4_register(w.tbl, &bad[0]), CT_E_VERSION);
	ck_assert_ptr_eq(ct_registry_l4(w.tbl, 99),
			 ct_registry_l4(w.tbl, CT_L4_GENERIC));
}
END_TEST

START_TEST(parameters_of_others_are_refused)
{
	static const struct ct_param_def params[] = {
		{ "udp.timeout", NULL, "taken", 1, 1, 1, 1, 0, 0 },
	};
	struct ct_l4_ops bad = mine;

	bad.params = params;
	bad.n_params = 1;
	ck_assert_int_eq(ct_l4_register(w.tbl, &bad), CT_E_EXIST);
}
END_TEST

START_TEST(what_fails_leaves_nothing_behind)
{
	static const struct ct_param_def taken[] = {
		{ "udp.timeout", NULL, "taken", 1, 1, 1, 1, 0, 0 },
	};
	static const struct ct_param_def one[] = {
		{ "mine.timeout", NULL, "free", 1, 1, 1, 1, 0, 0 },
	};
	struct ct_l4_ops bad = mine;
	uint64_t value;

	bad.params = taken;
	bad.n_params = 1;
	ck_assert_int_eq(ct_l4_register(w.tbl, &bad), CT_E_EXIST);
	ck_assert_ptr_eq(ct_registry_l4(w.tbl, 99),
			 ct_registry_l4(w.tbl, CT_L4_GENERIC));

	/* The places run out: 250 down to where there is none. */
	for (bad = mine, bad.l4 = 250; !ct_l4_register(w.tbl, &bad); bad.l4--)
		;
	ck_assert_uint_gt(bad.l4, 200);
	bad.params = one;
	bad.n_params = 1;
	ck_assert_int_eq(ct_l4_register(w.tbl, &bad), CT_E_FULL);
	ck_assert_int_eq(ct_param_get(w.tbl, "mine.timeout", &value),
			 CT_E_NOENT);
	bad.l4++; /* this one has a place */
	ck_assert_int_eq(ct_l4_register(w.tbl, &bad), 0);
	ck_assert_int_eq(ct_param_get(w.tbl, "mine.timeout", &value), 0);
}
END_TEST

/* The header keeps them for what may be built in one day. */
START_TEST(l3_numbers_of_strangers_begin_at_16)
{
	struct ct_l3_ops ops = *ct_registry_l3(w.tbl, CT_L3_IPV4);

	for (ops.l3 = 0; ops.l3 < 16; ops.l3++)
		ck_assert_int_eq(ct_l3_register(w.tbl, &ops),
				 ops.l3 == CT_L3_IPV4 || ops.l3 == CT_L3_IPV6
					 ? 0
					 : CT_E_INVAL);
	ck_assert_int_eq(ct_l3_register(w.tbl, &ops), 0);
	ck_assert_ptr_eq(ct_registry_l3(w.tbl, 16), &ops);
}
END_TEST

START_TEST(l3_ops_must_be_whole)
{
	const struct ct_l3_ops *ipv4 = ct_registry_l3(w.tbl, CT_L3_IPV4);
	struct ct_l3_ops bad[7];

	for (unsigned i = 0; i < 7; i++)
		bad[i] = *ipv4;
	bad[0].name = NULL;
	bad[1].l3 = 0;
	bad[2].parse = NULL;
	bad[3].parse_quoted = NULL;
	bad[4].pseudo_sum = NULL;
	bad[5].addr_text = NULL;
	bad[6].addr_len = 17;
	for (unsigned i = 0; i < 7; i++)
		ck_assert_int_eq(ct_l3_register(w.tbl, &bad[i]), CT_E_INVAL);
	bad[0] = *ipv4;
	bad[0].size--;
	ck_assert_int_eq(ct_l3_register(w.tbl, &bad[0]), CT_E_VERSION);
	ck_assert_ptr_eq(ct_registry_l3(w.tbl, CT_L3_IPV4), ipv4);
	ck_assert_ptr_null(ct_registry_l3(w.tbl, 77));
}
END_TEST

START_TEST(sealed_table_takes_no_tracker)
{
	ct_world_attach(&w);
	ck_assert_int_eq(ct_l4_register(w.tbl, &mine), CT_E_SEALED);
	ck_assert_int_eq(
		ct_l3_register(w.tbl, ct_registry_l3(w.tbl, CT_L3_IPV4)),
		CT_E_SEALED);
}
END_TEST

/* --- Parameters --------------------------------------------------------- */

START_TEST(set_by_one_name_and_read_by_another)
{
	uint64_t value = 0;

	ck_assert_int_eq(
		ct_param_set(w.tbl,
			     "net.netfilter.nf_conntrack_udp_timeout_stream",
			     77),
		0);
	ck_assert_int_eq(ct_param_get(w.tbl, "udp.timeout.stream", &value), 0);
	ck_assert_uint_eq(value, 77);
}
END_TEST

START_TEST(every_parameter_takes_its_bounds_and_no_more)
{
	struct ct_param_info param = { .size = sizeof(param) };
	uint64_t value;
	unsigned n = 0;

	for (; ct_param_info(w.tbl, n, &param) == 0; n++) {
		ck_assert_int_eq(ct_param_set(w.tbl, param.name, param.min), 0);
		ck_assert_int_eq(ct_param_set(w.tbl, param.name, param.max), 0);
		if (param.min)
			ck_assert_int_eq(
				ct_param_set(w.tbl, param.name, param.min - 1),
				CT_E_RANGE);
		ck_assert_int_eq(ct_param_set(w.tbl, param.name, param.max + 1),
				 CT_E_RANGE);
		ck_assert_int_eq(
			ct_param_set(w.tbl, param.name, UINT64_C(1) << 32),
			CT_E_RANGE);
		ck_assert_int_eq(ct_param_get(w.tbl, param.name, &value), 0);
		ck_assert_uint_eq(value, param.max);
	}
	ck_assert_uint_gt(n, 20);
}
END_TEST

START_TEST(info_tells_now_and_both_defaults)
{
	struct ct_param_info param = { .size = sizeof(param) };
	unsigned n = 0;

	do {
		ck_assert_int_eq(ct_param_info(w.tbl, n++, &param), 0);
	} while (strcmp(param.name, "udp.timeout.stream") != 0);
	ck_assert_str_eq(param.alias, "nf_conntrack_udp_timeout_stream");
	ck_assert_uint_eq(param.value, 120);
	ck_assert_uint_eq(param.linux_value, 120);
	ck_assert_uint_eq(param.recommended, 300);
	param.size = offsetof(struct ct_param_info, doc);
	ck_assert_int_eq(ct_param_info(w.tbl, 0, &param), 0);
	ck_assert_str_eq(param.name, "max_conns");
	ck_assert_uint_eq(param.recommended, 300);
	param.size = 0;
	ck_assert_int_eq(ct_param_info(w.tbl, 0, &param), CT_E_VERSION);
}
END_TEST

START_TEST(unknown_names_are_told)
{
	uint64_t value = 5;

	ck_assert_int_eq(ct_param_set(w.tbl, "udp.timeou", 1), CT_E_NOENT);
	ck_assert_int_eq(ct_param_get(w.tbl, "", &value), CT_E_NOENT);
	ck_assert_uint_eq(value, 5);
}
END_TEST

START_TEST(most_may_be_set_while_packets_flow)
{
	ct_world_attach(&w);
	ck_assert_int_eq(ct_param_set(w.tbl, "udp.timeout", 7), 0);
	ck_assert_uint_eq(
		ct_conn_expires(
			w.thr,
			ct_world_udp(&w, &ct_test_flow4, CT_DIR_ORIG).conn),
		7);
}
END_TEST

START_TEST(table_cannot_grow_beyond_what_it_was_made_for)
{
	teardown();
	ct_world_start(&w, 100);
	ck_assert_int_eq(ct_param_set(w.tbl, "max_conns", 101), CT_E_RANGE);
	ck_assert_int_eq(ct_param_set(w.tbl, "nf_conntrack_max", 50), 0);
	ck_assert_int_eq(ct_param_set(w.tbl, "max_conns", 100), 0);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("registry");
	TCase *tc = tcase_create("registry");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, older_struct_has_zeros_behind_its_end);
	tcase_add_test(tc, newer_struct_may_say_nothing_new);
	tcase_add_test(tc, struct_without_a_size_is_refused);
	tcase_add_test(tc, older_caller_gets_the_part_that_it_knows);
	tcase_add_test(tc, newer_caller_gets_zeros_beyond_what_we_know);
	tcase_add_test(tc, caller_without_a_size_gets_nothing);
	tcase_add_test(tc, unknown_protocols_are_the_generic_trackers);
	tcase_add_test(tc, built_in_tracker_may_be_replaced);
	tcase_add_test(tc, l4_ops_must_be_whole);
	tcase_add_test(tc, parameters_of_others_are_refused);
	tcase_add_test(tc, what_fails_leaves_nothing_behind);
	tcase_add_test(tc, l3_numbers_of_strangers_begin_at_16);
	tcase_add_test(tc, l3_ops_must_be_whole);
	tcase_add_test(tc, sealed_table_takes_no_tracker);
	tcase_add_test(tc, set_by_one_name_and_read_by_another);
	tcase_add_test(tc, every_parameter_takes_its_bounds_and_no_more);
	tcase_add_test(tc, info_tells_now_and_both_defaults);
	tcase_add_test(tc, unknown_names_are_told);
	tcase_add_test(tc, most_may_be_set_while_packets_flow);
	tcase_add_test(tc, table_cannot_grow_beyond_what_it_was_made_for);
	suite_add_tcase(suite, tc);
	return suite;
}
