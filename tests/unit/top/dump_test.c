/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looking at a table: find, walk, flush, counters.
 */
#include "suite.h"
#include "world.h"

#include <string.h>

enum { N = 300 };

static struct ct_world w;
static unsigned met[2 * N]; /* by number of the flow */

static void setup(void)
{
	ct_world_start(&w, 0);
	memset(met, 0, sizeof(met));
}

static void teardown(void)
{
	ct_world_end(&w);
}

/* The mark of a connection is the number of its flow. */
static struct ct_conn *open_one(uint32_t n)
{
	struct ct_test_flow flow = n % 2 ? ct_world_flow6(n) : ct_world_flow(n);
	struct ct_pkt pkt = ct_world_udp(&w, &flow, CT_DIR_ORIG);

	ct_conn_mark_set(w.thr, pkt.conn, n);
	return pkt.conn;
}

static void open_many(uint32_t from, uint32_t to)
{
	for (uint32_t n = from; n < to; n++)
		open_one(n);
}

static int meet(void *user, struct ct_conn *conn)
{
	(void)user;
	met[ct_conn_mark(conn)]++;
	return 0;
}

static unsigned meet_all(const struct ct_filter *filter)
{
	uint64_t cursor = 0;
	unsigned n = 0;

	memset(met, 0, sizeof(met));
	ck_assert_int_eq(ct_walk(w.thr, &cursor, filter, meet, NULL), 0);
	for (unsigned i = 0; i < 2 * N; i++)
		n += met[i];
	return n;
}

/* --- Walk --------------------------------------------------------------- */

START_TEST(each_is_met_once)
{
	ck_assert_uint_eq(meet_all(NULL), 0);
	open_many(0, N);
	ck_assert_uint_eq(meet_all(NULL), N);
	for (unsigned i = 0; i < N; i++)
		ck_assert_uint_eq(met[i], 1);
}
END_TEST

static int stop_at_once(void *user, struct ct_conn *conn)
{
	meet(user, conn);
	return -77;
}

START_TEST(walk_goes_on_where_it_stopped)
{
	uint64_t cursor = 0;
	unsigned calls = 0;
	int answer;

	open_many(0, N);
	while ((answer = ct_walk(w.thr, &cursor, NULL, stop_at_once, NULL))) {
		ck_assert_int_eq(answer, -77);
		ck_assert_uint_lt(calls++, 2 * N);
		if (calls % 10 == 0)
			ct_thread_poll(w.thr, w.now_ns);
	}
	ck_assert_uint_eq(calls, N);
	for (unsigned i = 0; i < N; i++)
		ck_assert_uint_eq(met[i], 1);
	/* At its end it stays at its end. */
	ck_assert_int_eq(ct_walk(w.thr, &cursor, NULL, stop_at_once, NULL), 0);
	ck_assert_uint_eq(met[0], 1);
}
END_TEST

/* While it pauses some end and others begin, in their places perhaps. */
START_TEST(those_that_stay_are_met_whatever_happens_to_others)
{
	uint64_t cursor = 0;
	uint32_t gone = 0, come = N;

	open_many(0, N);
	while (ct_walk(w.thr, &cursor, NULL, stop_at_once, NULL)) {
		struct ct_test_flow flow = ct_world_flow(gone);
		struct ct_tuple t = ct_world_tuple(&flow, CT_DIR_ORIG);

		if (gone < N) {
			ct_conn_delete(w.thr, ct_find(w.thr, &t, NULL));
			gone += 4;
		}
		if (come < 2 * N)
			open_one(come++);
		ct_world_settle(&w);
	}
	for (uint32_t i = 0; i < N; i++)
		if (i % 4)
			ck_assert_uint_eq(met[i], 1);
	for (uint32_t i = 0; i < 2 * N; i++)
		ck_assert_uint_le(met[i], 1);
	ct_world_audit(&w);
}
END_TEST

static int end_it(void *user, struct ct_conn *conn)
{
	(void)user;
	return ct_conn_delete(w.thr, conn);
}

START_TEST(callback_may_end_what_it_meets)
{
	uint64_t cursor = 0;

	open_many(0, N);
	ck_assert_int_eq(ct_walk(w.thr, &cursor, NULL, end_it, NULL), 0);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	ck_assert_uint_eq(meet_all(NULL), 0);
}
END_TEST

START_TEST(private_and_dying_ones_are_not_met)
{
	struct ct_test_flow flow = ct_world_flow(1000);

	/* So late that what is left of a private one's time looks like a time
	 * that is still to come. */
	ct_world_wait(&w, UINT64_C(3000000000) * 10000000);
	open_many(0, 3);
	ct_world_open(&w, &flow, CT_DIR_ORIG);
	ct_conn_delete(w.thr, open_one(5));
	ck_assert_uint_eq(meet_all(NULL), 3);
}
END_TEST

/* --- Filters ------------------------------------------------------------ */

START_TEST(filter_by_network_layer)
{
	struct ct_filter filter = { .size = sizeof(filter), .l3 = CT_L3_IPV6 };

	open_many(0, 10);
	ck_assert_uint_eq(meet_all(&filter), 5);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_uint_eq(met[i], i % 2);
}
END_TEST

START_TEST(filter_by_protocol)
{
	static const struct ct_test_icmp echo = { 8, 0, 7, "ping", 4 };
	struct ct_filter filter = { .size = sizeof(filter),
				    .flags = CT_FILTER_L4,
				    .l4 = 1 };
	struct ct_pkt pkt;

	open_many(0, 10);
	ct_test_icmp(&w.p, &ct_test_flow4, CT_DIR_ORIG, &echo);
	pkt = ct_test_pkt(&w.p);
	ct_process(w.thr, &pkt, CT_HOOK_PREROUTING);
	ct_confirm(w.thr, &pkt);
	ct_conn_mark_set(w.thr, pkt.conn, 11);
	ck_assert_uint_eq(meet_all(&filter), 1);
	ck_assert_uint_eq(met[11], 1);
	filter.l4 = 0; /* a protocol, too */
	ck_assert_uint_eq(meet_all(&filter), 0);
}
END_TEST

START_TEST(filter_by_mark_under_its_mask)
{
	struct ct_filter filter = { .size = sizeof(filter),
				    .flags = CT_FILTER_MARK,
				    .mark = 0x10,
				    .mark_mask = 0xf0 };

	open_many(0, 100);
	ck_assert_uint_eq(meet_all(&filter), 16);
	for (unsigned i = 16; i < 32; i++)
		ck_assert_uint_eq(met[i], 1);
}
END_TEST

START_TEST(filter_by_zone_of_the_original_tuple)
{
	struct ct_filter filter = { .size = sizeof(filter),
				    .flags = CT_FILTER_ZONE,
				    .zone = 3 };
	struct ct_pkt pkt;

	open_many(0, 10);
	ct_test_udp(&w.p, &ct_test_flow4, CT_DIR_ORIG, 10);
	pkt = ct_test_pkt(&w.p);
	pkt.zone = 3;
	ct_process(w.thr, &pkt, CT_HOOK_PREROUTING);
	ct_confirm(w.thr, &pkt);
	ct_conn_mark_set(w.thr, pkt.conn, 20);
	ck_assert_uint_eq(meet_all(&filter), 1);
	ck_assert_uint_eq(met[20], 1);
	filter.zone = 0;
	ck_assert_uint_eq(meet_all(&filter), 10);
}
END_TEST

START_TEST(filter_by_an_address_anywhere)
{
	struct ct_filter filter = { .size = sizeof(filter),
				    .flags = CT_FILTER_ADDR,
				    .l3 = CT_L3_IPV4 };
	struct ct_test_flow flow = ct_world_flow(4);

	open_many(0, 10);
	memcpy(&filter.addr, flow.src, 4);
	ck_assert_uint_eq(meet_all(&filter), 1);
	ck_assert_uint_eq(met[4], 1);
	memcpy(&filter.addr, flow.dst, 4);
	ck_assert_uint_eq(meet_all(&filter), 5);
	/* The same bytes are another address in another layer. */
	filter.l3 = CT_L3_IPV6;
	ck_assert_uint_eq(meet_all(&filter), 0);
}
END_TEST

START_TEST(all_parts_must_hold)
{
	struct ct_filter filter = { .size = sizeof(filter),
				    .flags = CT_FILTER_MARK | CT_FILTER_L4,
				    .mark = 7,
				    .mark_mask = UINT32_MAX,
				    .l3 = CT_L3_IPV6,
				    .l4 = 17 };

	open_many(0, 10);
	ck_assert_uint_eq(meet_all(&filter), 1);
	filter.l3 = CT_L3_IPV4;
	ck_assert_uint_eq(meet_all(&filter), 0);
}
END_TEST

START_TEST(newer_filter_is_refused)
{
	struct {
		struct ct_filter filter;
		uint64_t future;
	} newer = { .filter = { .size = sizeof(newer) }, .future = 1 };
	uint64_t cursor = 0;

	open_many(0, 3);
	ck_assert_int_eq(ct_walk(w.thr, &cursor, &newer.filter, meet, NULL),
			 CT_E_VERSION);
	ck_assert_int_eq(ct_flush(w.thr, &newer.filter), CT_E_VERSION);
	ck_assert_uint_eq(ct_world_conns(&w), 3);
	newer.future = 0;
	ck_assert_int_eq(ct_flush(w.thr, &newer.filter), 3);
}
END_TEST

/* --- Flush -------------------------------------------------------------- */

START_TEST(flush_ends_what_passes_the_filter)
{
	struct ct_filter filter = { .size = sizeof(filter), .l3 = CT_L3_IPV6 };

	open_many(0, 10);
	ck_assert_int_eq(ct_flush(w.thr, &filter), 5);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_FLUSHED), 5);
	ck_assert_uint_eq(ct_world_conns(&w), 5);
	ck_assert_uint_eq(meet_all(&filter), 0);
	ck_assert_int_eq(ct_flush(w.thr, NULL), 5);
	ck_assert_int_eq(ct_flush(w.thr, NULL), 0);
	ct_world_audit(&w);
}
END_TEST

/* --- Find --------------------------------------------------------------- */

START_TEST(found_by_either_tuple)
{
	struct ct_tuple t = ct_world_tuple(&ct_test_flow4, CT_DIR_REPLY);
	struct ct_pkt pkt = ct_world_udp(&w, &ct_test_flow4, CT_DIR_ORIG);
	enum ct_dir dir = CT_DIR_ORIG;

	ck_assert_ptr_eq(ct_find(w.thr, &t, &dir), pkt.conn);
	ck_assert_int_eq(dir, CT_DIR_REPLY);
	ck_assert_ptr_eq(ct_find(w.thr, &t, NULL), pkt.conn);
	t.zone = 1;
	ck_assert_ptr_null(ct_find(w.thr, &t, &dir));
}
END_TEST

/* --- Counters ----------------------------------------------------------- */

START_TEST(every_reason_is_counted_over_all_threads)
{
	struct ct_thread *other;
	struct ct_pkt pkt;

	open_many(0, 3);
	ck_assert_int_eq(ct_thread_attach(w.tbl, &other), 0);
	ct_test_udp(&w.p, &ct_test_flow4, CT_DIR_ORIG, 10);
	pkt = ct_test_pkt(&w.p);
	ct_process(other, &pkt, CT_HOOK_PREROUTING);
	ct_confirm(other, &pkt);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_OPENED), 4);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_CONFIRMED), 4);
	/* What a thread counted stays when it goes. */
	ct_thread_detach(other);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_OPENED), 4);
	ct_world_udp(&w, &ct_test_flow4, CT_DIR_REPLY);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_TRACKED), 1);
}
END_TEST

START_TEST(connections_and_their_limit_are_told)
{
	struct ct_stats stats = { .size = sizeof(stats) };

	open_many(0, 3);
	ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);
	ck_assert_int_eq(ct_param_set(w.tbl, "max_conns", 5000), 0);
	ck_assert_int_eq(ct_stats(w.tbl, &stats), 0);
	ck_assert_uint_eq(stats.conns, 4);
	ck_assert_uint_eq(stats.max_conns, 5000);
	stats.size = sizeof(stats.size) - 1;
	ck_assert_int_eq(ct_stats(w.tbl, &stats), CT_E_VERSION);
}
END_TEST

START_TEST(numbers_are_told_as_far_as_the_caller_has_room)
{
	struct ct_stats stats = { .size = offsetof(struct ct_stats, bytes),
				  .bytes = 12345 };
	struct ct_mem_report report = { .size = offsetof(struct ct_mem_report,
							 buckets),
					.buckets = 12345 };

	open_many(0, 3);
	ck_assert_int_eq(ct_stats(w.tbl, &stats), 0);
	ck_assert_uint_eq(stats.conns, 3);
	ck_assert_uint_eq(stats.bytes, 12345);
	ck_assert_int_eq(ct_mem_report(w.tbl, &report), 0);
	ck_assert_uint_eq(report.total, atomic_load(&w.mem.bytes));
	ck_assert_uint_eq(report.buckets, 12345);
	report.size = 0;
	ck_assert_int_eq(ct_mem_report(w.tbl, &report), CT_E_VERSION);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("dump");
	TCase *tc = tcase_create("dump");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, each_is_met_once);
	tcase_add_test(tc, walk_goes_on_where_it_stopped);
	tcase_add_test(tc, those_that_stay_are_met_whatever_happens_to_others);
	tcase_add_test(tc, callback_may_end_what_it_meets);
	tcase_add_test(tc, private_and_dying_ones_are_not_met);
	tcase_add_test(tc, filter_by_network_layer);
	tcase_add_test(tc, filter_by_protocol);
	tcase_add_test(tc, filter_by_mark_under_its_mask);
	tcase_add_test(tc, filter_by_zone_of_the_original_tuple);
	tcase_add_test(tc, filter_by_an_address_anywhere);
	tcase_add_test(tc, all_parts_must_hold);
	tcase_add_test(tc, newer_filter_is_refused);
	tcase_add_test(tc, flush_ends_what_passes_the_filter);
	tcase_add_test(tc, found_by_either_tuple);
	tcase_add_test(tc, every_reason_is_counted_over_all_threads);
	tcase_add_test(tc, connections_and_their_limit_are_told);
	tcase_add_test(tc, numbers_are_told_as_far_as_the_caller_has_room);
	suite_add_tcase(suite, tc);
	return suite;
}
