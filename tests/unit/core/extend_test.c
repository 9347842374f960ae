/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extensions: where their bytes are, and how often they are destroyed.
 */
#include "core/extend.h"

#include "core/table.h"
#include "suite.h"
#include "world.h"

#include <string.h>

enum { MARKED = 0x77 };

static struct ct_world w;
static unsigned destroyed[2]; /* by the value of CT_EXT_ALWAYS */

static void destroy_always(void *ext)
{
	(void)ext;
	destroyed[1]++;
}

/* Sees what its owner wrote last. */
static void destroy_on_demand(void *ext)
{
	ck_assert_uint_eq(*(uint8_t *)ext, MARKED);
	destroyed[0]++;
}

static const struct ct_ext_ops always_ops = {
	.size = sizeof(always_ops),
	.name = "always",
	.len = 3,
	.align = 1,
	.flags = CT_EXT_ALWAYS,
	.destroy = destroy_always,
};

static const struct ct_ext_ops demand_ops = {
	.size = sizeof(demand_ops),
	.name = "on demand",
	.len = 5,
	.align = 4,
	.destroy = destroy_on_demand,
};

static ct_ext_id add(const struct ct_ext_ops *ops)
{
	ct_ext_id id;

	ck_assert_int_eq(ct_ext_register(w.tbl, ops, &id), 0);
	return id;
}

static void setup(void)
{
	destroyed[0] = destroyed[1] = 0;
	ct_world_create(&w, NULL);
}

static void teardown(void)
{
	ct_world_end(&w);
}

static struct ct_conn *open_one(uint32_t n)
{
	struct ct_test_flow flow = ct_world_flow(n);

	return ct_world_udp(&w, &flow, CT_DIR_ORIG).conn;
}

/* --- Layout ------------------------------------------------------------- */

/* Odd lengths and all alignments, every other one on demand. */
static void many(struct ct_ext_ops *ops, ct_ext_id *id, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		ops[i] = (struct ct_ext_ops){
			.size = sizeof(ops[i]),
			.name = "one of many",
			.len = (uint16_t)(1 + i * 7 % 60),
			.align = (uint16_t)(1u << i % 7),
			.flags = i % 2 ? CT_EXT_ALWAYS : 0,
		};
		id[i] = add(&ops[i]);
	}
}

static bool all_bytes(const uint8_t *at, size_t len, uint8_t byte)
{
	for (size_t i = 0; i < len; i++)
		if (at[i] != byte)
			return false;
	return true;
}

START_TEST(aligned_zeroed_and_nobody_elses)
{
	enum { N = 20 };
	struct ct_ext_ops ops[N];
	struct ct_conn *conn[2];
	ct_ext_id id[N];

	many(ops, id, N);
	ct_world_attach(&w);
	for (unsigned c = 0; c < 2; c++) {
		conn[c] = open_one(c);
		for (unsigned i = 0; i < N; i++) {
			uint8_t *at = ct_ext_add(w.thr, conn[c], id[i]);

			ck_assert_ptr_nonnull(at);
			ck_assert_uint_eq((uintptr_t)at % ops[i].align, 0);
			ck_assert(all_bytes(at, ops[i].len, 0));
			memset(at, (int)(100 * c + i), ops[i].len);
		}
		ck_assert_int_eq(ct_conn_cookie_set(w.thr, conn[c], 4711), 0);
	}
	for (unsigned c = 0; c < 2; c++) {
		for (unsigned i = 0; i < N; i++) {
			uint8_t *at = ct_ext(w.tbl, conn[c], id[i]);

			ck_assert(all_bytes(at, ops[i].len,
					    (uint8_t)(100 * c + i)));
		}
		ck_assert_uint_eq(ct_conn_cookie(w.tbl, conn[c]), 4711);
		ck_assert(ct_conn_known(conn[c]));
	}
}
END_TEST

START_TEST(longest_extensions_fit)
{
	struct ct_ext_ops long_ = { .size = sizeof(long_),
				    .name = "long",
				    .len = 1024,
				    .align = 64,
				    .flags = CT_EXT_ALWAYS };
	struct ct_ext_ops longer = long_;
	ct_ext_id a = add(&long_), b;
	struct ct_conn *conn[2];

	longer.flags = 0;
	b = add(&longer);
	ct_world_attach(&w);
	for (uint32_t i = 0; i < 2; i++) {
		conn[i] = open_one(i);
		memset(ct_ext(w.tbl, conn[i], a), 0x11, 1024);
		memset(ct_ext_add(w.thr, conn[i], b), 0x22, 1024);
	}
	ck_assert(all_bytes(ct_ext(w.tbl, conn[0], a), 1024, 0x11));
	ck_assert(all_bytes(ct_ext(w.tbl, conn[0], b), 1024, 0x22));
	ct_world_audit(&w);
}
END_TEST

START_TEST(without_extensions_a_connection_is_two_lines)
{
	ct_world_attach(&w);
	ck_assert_uint_eq(w.tbl->extend.conn_units, CT_CONN_UNITS);
}
END_TEST

/* --- Always, on demand -------------------------------------------------- */

START_TEST(on_demand_is_there_once_it_was_added)
{
	ct_ext_id id = add(&demand_ops), always = add(&always_ops);
	struct ct_conn *conn;
	uint8_t *at;

	ct_world_attach(&w);
	conn = open_one(1);
	ck_assert_ptr_null(ct_ext(w.tbl, conn, id));
	ck_assert_ptr_nonnull(ct_ext(w.tbl, conn, always));
	ck_assert_ptr_eq(ct_ext(w.tbl, conn, always),
			 ct_ext_add(w.thr, conn, always));
	/* Its neighbour in the block does not bring it along. */
	ck_assert_int_eq(ct_conn_cookie_set(w.thr, conn, 1), 0);
	ck_assert_ptr_null(ct_ext(w.tbl, conn, id));
	at = ct_ext_add(w.thr, conn, id);
	*at = MARKED;
	ck_assert_ptr_eq(ct_ext(w.tbl, conn, id), at);
	ck_assert_ptr_eq(ct_ext_add(w.thr, conn, id), at);
}
END_TEST

START_TEST(next_life_finds_it_zeroed)
{
	ct_ext_id id = add(&demand_ops), always = add(&always_ops);

	ct_world_attach(&w);
	for (uint32_t i = 0; i < 300; i++) {
		struct ct_conn *conn = open_one(i);

		ck_assert_ptr_null(ct_ext(w.tbl, conn, id));
		ck_assert(all_bytes(ct_ext(w.tbl, conn, always), 3, 0));
		ck_assert(all_bytes(ct_ext_add(w.thr, conn, id), 5, 0));
		memset(ct_ext(w.tbl, conn, id), MARKED, 5);
		memset(ct_ext(w.tbl, conn, always), 0xff, 3);
		ct_conn_delete(w.thr, conn);
		ct_world_settle(&w);
	}
}
END_TEST

START_TEST(destroyed_once_where_it_was)
{
	ct_ext_id id = add(&demand_ops);

	add(&always_ops);
	ct_world_attach(&w);
	for (uint32_t i = 0; i < 30; i++) {
		struct ct_conn *conn = open_one(i);

		if (i % 3 == 0)
			*(uint8_t *)ct_ext_add(w.thr, conn, id) = MARKED;
	}
	ck_assert_int_eq(ct_flush(w.thr, NULL), 30);
	ck_assert_uint_eq(destroyed[1], 0);
	ct_world_settle(&w);
	ck_assert_uint_eq(destroyed[0], 10);
	ck_assert_uint_eq(destroyed[1], 30);
	ct_world_settle(&w);
	ck_assert_uint_eq(destroyed[1], 30);
}
END_TEST

START_TEST(destroyed_with_private_ones_and_with_the_table)
{
	ct_ext_id id = add(&demand_ops);
	struct ct_pkt pkt;

	add(&always_ops);
	ct_world_attach(&w);
	pkt = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);
	*(uint8_t *)ct_ext_add(w.thr, pkt.conn, id) = MARKED;
	ct_world_settle(&w);
	ck_assert_uint_eq(destroyed[0], 1);
	ck_assert_uint_eq(destroyed[1], 1);
	*(uint8_t *)ct_ext_add(w.thr, open_one(1), id) = MARKED;
	open_one(2);
	ct_conn_delete(w.thr, open_one(3)); /* in limbo at the end */
	ct_world_end(&w);
	ck_assert_uint_eq(destroyed[0], 2);
	ck_assert_uint_eq(destroyed[1], 4);
	setup();
}
END_TEST

START_TEST(unknown_number_has_no_bytes)
{
	struct ct_conn *conn;

	ct_world_attach(&w);
	conn = open_one(1);
	for (unsigned id = w.tbl->extend.n; id < 256; id++) {
		ck_assert_ptr_null(ct_ext(w.tbl, conn, (ct_ext_id)id));
		ck_assert_ptr_null(ct_ext_add(w.thr, conn, (ct_ext_id)id));
	}
}
END_TEST

START_TEST(out_of_memory_is_told)
{
	const uint8_t labels[16] = { 1 };
	ct_ext_id id = add(&demand_ops);
	struct ct_conn *conn;

	ct_world_attach(&w);
	conn = open_one(1);
	ct_test_alloc_fail_from(&w.mem, 1);
	ck_assert_ptr_null(ct_ext_add(w.thr, conn, id));
	ck_assert_int_eq(ct_conn_cookie_set(w.thr, conn, 1), CT_E_NOMEM);
	ck_assert_int_eq(ct_conn_labels_set(w.thr, conn, labels), CT_E_NOMEM);
	ck_assert_uint_eq(ct_conn_cookie(w.tbl, conn), 0);
	ct_test_alloc_fail_never(&w.mem);
	ck_assert_int_eq(ct_conn_cookie_set(w.thr, conn, 1), 0);
}
END_TEST

/* --- Registration ------------------------------------------------------- */

START_TEST(registration_must_make_sense)
{
	struct ct_ext_ops bad[] = {
		{ sizeof(always_ops), NULL, 1, 1, 0, NULL },
		{ sizeof(always_ops), "no length", 0, 1, 0, NULL },
		{ sizeof(always_ops), "too long", 1025, 1, 0, NULL },
		{ sizeof(always_ops), "no alignment", 1, 0, 0, NULL },
		{ sizeof(always_ops), "odd alignment", 1, 3, 0, NULL },
		{ sizeof(always_ops), "wide alignment", 1, 128, 0, NULL },
		{ sizeof(always_ops), "unknown flag", 1, 1, 2, NULL },
	};
	ct_ext_id id;

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(ct_ext_register(w.tbl, &bad[i], &id),
				 CT_E_INVAL);
	bad[0].size--;
	ck_assert_int_eq(ct_ext_register(w.tbl, &bad[0], &id), CT_E_VERSION);
}
END_TEST

START_TEST(sealed_table_takes_no_more)
{
	ct_ext_id id;

	ct_world_attach(&w);
	ck_assert_int_eq(ct_ext_register(w.tbl, &always_ops, &id), CT_E_SEALED);
}
END_TEST

/* However many strangers there are, the table's own ones have their place. */
START_TEST(full_house_can_still_count_and_stamp)
{
	struct ct_counter counter;
	uint64_t start, stop;
	struct ct_conn *conn;
	ct_ext_id id;
	unsigned n = 0;
	int error;

	while ((error = ct_ext_register(w.tbl, &demand_ops, &id)) == 0)
		ck_assert_uint_lt(n++, 64);
	ck_assert_int_eq(error, CT_E_FULL);
	ck_assert_uint_ge(n, 27);
	ck_assert_int_eq(ct_param_set(w.tbl, "acct", 1), 0);
	ck_assert_int_eq(ct_param_set(w.tbl, "timestamp", 1), 0);
	ck_assert_int_eq(ct_param_set(w.tbl, "overflow.probe.timestamps", 1),
			 0);
	ct_world_attach(&w);
	conn = open_one(1);
	ck_assert_int_eq(ct_conn_counter(w.tbl, conn, CT_DIR_ORIG, &counter),
			 0);
	ck_assert_uint_eq(counter.packets, 1);
	ck_assert_int_eq(ct_conn_times(w.tbl, conn, &start, &stop), 0);
	ck_assert_uint_eq(start, w.now_ns);
}
END_TEST

/* --- Built on it -------------------------------------------------------- */

START_TEST(counting_and_stamping_are_asked_for)
{
	struct ct_counter counter;
	uint64_t start, stop;
	struct ct_conn *conn;

	ct_world_attach(&w);
	conn = open_one(1);
	ck_assert_int_eq(ct_conn_counter(w.tbl, conn, CT_DIR_ORIG, &counter),
			 CT_E_NOENT);
	ck_assert_int_eq(ct_conn_times(w.tbl, conn, &start, &stop), CT_E_NOENT);
	ck_assert_int_eq(ct_param_set(w.tbl, "acct", 1), CT_E_SEALED);
	ck_assert_int_eq(ct_param_set(w.tbl, "timestamp", 1), CT_E_SEALED);
}
END_TEST

START_TEST(packets_and_bytes_are_counted_by_direction)
{
	static const struct ct_test_flow *const flows[] = { &ct_test_flow4,
							    &ct_test_flow6 };

	ck_assert_int_eq(ct_param_set(w.tbl, "acct", 1), 0);
	ct_world_attach(&w);
	for (unsigned i = 0; i < 2; i++) {
		uint64_t len = (i ? 40 : 20) + 8 + 10;
		struct ct_counter there, back;
		struct ct_conn *conn;

		ct_world_udp(&w, flows[i], CT_DIR_ORIG);
		ct_world_udp(&w, flows[i], CT_DIR_REPLY);
		conn = ct_world_udp(&w, flows[i], CT_DIR_ORIG).conn;
		ct_conn_counter(w.tbl, conn, CT_DIR_ORIG, &there);
		ct_conn_counter(w.tbl, conn, CT_DIR_REPLY, &back);
		ck_assert_uint_eq(there.packets, 2);
		ck_assert_uint_eq(there.bytes, 2 * len);
		ck_assert_uint_eq(back.packets, 1);
		ck_assert_uint_eq(back.bytes, len);
	}
}
END_TEST

START_TEST(frame_may_be_longer_than_its_headers)
{
	struct ct_counter counter;
	struct ct_pkt pkt;

	ck_assert_int_eq(ct_param_set(w.tbl, "nf_conntrack_acct", 1), 0);
	ct_world_attach(&w);
	ct_test_udp(&w.p, &ct_test_flow4, CT_DIR_ORIG, 500);
	pkt = ct_test_pkt(&w.p);
	pkt.len = 64;
	pkt.frame_len = w.p.len;
	ct_process(w.thr, &pkt, CT_HOOK_PREROUTING);
	ck_assert_ptr_nonnull(pkt.conn);
	ct_conn_counter(w.tbl, pkt.conn, CT_DIR_ORIG, &counter);
	ck_assert_uint_eq(counter.bytes, w.p.len);
}
END_TEST

/* Ethernet fills short frames up; IP says where the packet ends. */
START_TEST(padding_does_not_count)
{
	struct ct_counter counter;
	struct ct_pkt pkt;

	ck_assert_int_eq(ct_param_set(w.tbl, "acct", 1), 0);
	ct_world_attach(&w);
	ct_test_udp(&w.p, &ct_test_flow4, CT_DIR_ORIG, 1);
	pkt = ct_test_pkt(&w.p);
	pkt.len += 17;
	ct_process(w.thr, &pkt, CT_HOOK_PREROUTING);
	ck_assert_ptr_nonnull(pkt.conn);
	ct_conn_counter(w.tbl, pkt.conn, CT_DIR_ORIG, &counter);
	ck_assert_uint_eq(counter.bytes, w.p.len);
}
END_TEST

START_TEST(begin_and_end_are_stamped)
{
	uint64_t start, stop, began;
	struct ct_conn *conn;

	ck_assert_int_eq(ct_param_set(w.tbl, "timestamp", 1), 0);
	ct_world_attach(&w);
	began = w.now_ns;
	conn = ct_conn_get(open_one(1));
	ct_world_wait(&w, 5 * CT_WORLD_S);
	ck_assert_int_eq(ct_conn_times(w.tbl, conn, &start, &stop), 0);
	ck_assert_uint_eq(start, began);
	ck_assert_uint_eq(stop, 0);
	ct_conn_delete(w.thr, conn);
	ck_assert_int_eq(ct_conn_times(w.tbl, conn, &start, &stop), 0);
	ck_assert_uint_eq(start, began);
	ck_assert_uint_eq(stop, began + 5 * CT_WORLD_S);
	ct_conn_put(w.tbl, conn);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("extend");
	TCase *tc = tcase_create("extend");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, aligned_zeroed_and_nobody_elses);
	tcase_add_test(tc, longest_extensions_fit);
	tcase_add_test(tc, without_extensions_a_connection_is_two_lines);
	tcase_add_test(tc, on_demand_is_there_once_it_was_added);
	tcase_add_test(tc, next_life_finds_it_zeroed);
	tcase_add_test(tc, destroyed_once_where_it_was);
	tcase_add_test(tc, destroyed_with_private_ones_and_with_the_table);
	tcase_add_test(tc, unknown_number_has_no_bytes);
	tcase_add_test(tc, out_of_memory_is_told);
	tcase_add_test(tc, registration_must_make_sense);
	tcase_add_test(tc, sealed_table_takes_no_more);
	tcase_add_test(tc, full_house_can_still_count_and_stamp);
	tcase_add_test(tc, counting_and_stamping_are_asked_for);
	tcase_add_test(tc, packets_and_bytes_are_counted_by_direction);
	tcase_add_test(tc, frame_may_be_longer_than_its_headers);
	tcase_add_test(tc, padding_does_not_count);
	tcase_add_test(tc, begin_and_end_are_stamped);
	suite_add_tcase(suite, tc);
	return suite;
}
