/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Work that growing and shrinking makes in a call: it is counted, and no call
 * does more than its budget; a host that seldom polls has it done by packets.
 */
#include "core/work.h"

#include "core/table.h"
#include "suite.h"
#include "world.h"

enum {
	LARGE = 128 << 10, /* blocks of many pages, made ready ahead */
	SMALL = 4000,      /* hash table by less than a page */
	MANY = 60000,
	FIRST = 20000, /* more than the first blocks hold; chains have begun */
	BURST = 32
};

static struct ct_world w;

static void start(uint32_t max_conns)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = max_conns };

	ct_world_create(&w, &cfg);
	ct_world_attach(&w);
}

static void poll(void)
{
	ct_thread_poll(w.thr, w.now_ns);
}

/* [from, to) are opened, with a poll after so many of them. */
static void open_many(uint32_t from, uint32_t to, uint32_t burst)
{
	for (uint32_t n = from; n < to; n++) {
		struct ct_test_flow flow = ct_world_flow(n);
		struct ct_pkt pkt;

		ct_test_udp(&w.p, &flow, CT_DIR_ORIG, 10);
		pkt = ct_test_pkt(&w.p);
		if (ct_process(w.thr, &pkt, CT_HOOK_PREROUTING) != CT_ACCEPT ||
		    ct_confirm(w.thr, &pkt) != CT_ACCEPT)
			ck_abort_msg("turned away: %u", n);
		if (n % burst == burst - 1)
			poll();
	}
}

static void all_live(uint32_t n)
{
	while (n-- > 0) {
		struct ct_test_flow flow = ct_world_flow(n);
		struct ct_tuple t = ct_world_tuple(&flow, CT_DIR_REPLY);

		if (!ct_find(w.thr, &t, NULL))
			ck_abort_msg("lost: %u", n);
	}
}

static struct ct_mem_report report(void)
{
	struct ct_mem_report r = { .size = sizeof(r) };

	ck_assert_int_eq(ct_mem_report(w.tbl, &r), 0);
	return r;
}

/* => The report. */
static struct ct_mem_report nothing_beyond_budget(void)
{
	struct ct_mem_report r = report();

	for (unsigned i = 0; i < CT_WORK_CALLS; i++) {
		ck_assert_uint_le(r.most[i].moved, r.budget[i].moved);
		ck_assert_uint_le(r.most[i].cleared, r.budget[i].cleared);
		ck_assert_uint_le(r.most[i].pages, r.budget[i].pages);
		ck_assert_uint_le(r.most[i].blocks, r.budget[i].blocks);
	}
	return r;
}

static double keys_per_bucket(uint32_t n_conns)
{
	return 2.0 * n_conns / atomic_load(&w.tbl->buckets.n);
}

START_TEST(growth_by_polls_keeps_to_the_budget)
{
	struct ct_mem_report r;

	start(_i ? SMALL : LARGE);
	open_many(0, _i ? SMALL : MANY, BURST);
	r = nothing_beyond_budget();
	ck_assert_uint_gt(r.most[CT_WORK_POLL].moved, 0);
	ck_assert_uint_gt(r.most[CT_WORK_POLL].cleared, 0);
	ck_assert_uint_gt(r.most[CT_WORK_POLL].pages, 0);
	ck_assert_uint_gt(r.most[CT_WORK_POLL].blocks, 0);
	ct_world_end(&w);
}
END_TEST

/* With a poll for each burst no packet has to touch a page or split a bucket,
 * once the first block is in use. */
START_TEST(packets_find_everything_ready)
{
	struct ct_mem_report r;

	start(LARGE);
	open_many(0, FIRST, BURST);
	memset(w.tbl->work, 0, sizeof(w.tbl->work));
	open_many(FIRST, MANY, BURST);
	r = nothing_beyond_budget();
	ck_assert_uint_eq(r.most[CT_WORK_INSERT].pages, 0);
	ck_assert_uint_eq(r.most[CT_WORK_INSERT].moved, 0);
	ct_world_end(&w);
}
END_TEST

START_TEST(growth_by_maintenance_keeps_to_the_budget)
{
	struct ct_mem_report r;

	start(_i ? SMALL : LARGE);
	for (uint32_t n = 0; n < (_i ? SMALL : MANY); n += 1000) {
		open_many(n, n + 1000, MANY);
		ck_assert_int_eq(ct_maintain(w.tbl, w.now_ns, 4096), 0);
		poll();
	}
	r = nothing_beyond_budget();
	ck_assert_uint_gt(r.most[CT_WORK_MAINTAIN].moved, 0);
	ct_world_end(&w);
}
END_TEST

/* One poll for a thousand packets: twelve buckets are not enough by far. */
START_TEST(packets_help_a_host_that_seldom_polls)
{
	enum { SELDOM = 1000 };
	struct ct_mem_report r;

	start(LARGE);
	open_many(0, MANY, SELDOM);
	r = nothing_beyond_budget();
	ck_assert_uint_gt(r.most[CT_WORK_INSERT].moved, 0);
	ck_assert_uint_gt(r.most[CT_WORK_INSERT].cleared, 0);
	ck_assert_uint_gt(r.most[CT_WORK_INSERT].pages, 0);
	ck_assert(keys_per_bucket(MANY) < CT_RESIZE_CROWDED + 0.1);
	ck_assert_uint_eq(r.long_chains, 0);
	all_live(MANY);
	ct_world_audit(&w);
	ct_world_end(&w);
}
END_TEST

/* What was split waits for a poll; until then the table can only double. */
START_TEST(packets_alone_double_the_table)
{
	uint32_t n;

	start(SMALL);
	n = atomic_load(&w.tbl->buckets.n);
	open_many(0, SMALL, SMALL + 1);
	ck_assert_uint_eq(atomic_load(&w.tbl->buckets.n), 2 * n);
	nothing_beyond_budget();
	all_live(SMALL);
	ct_world_audit(&w);
	ct_world_end(&w);
}
END_TEST

/* What maintenance began, polls may have to end. */
START_TEST(shrinking_keeps_to_the_budget)
{
	uint32_t n;

	start(LARGE);
	n = atomic_load(&w.tbl->buckets.n);
	open_many(0, MANY, BURST);
	ck_assert_uint_gt(atomic_load(&w.tbl->buckets.n), n + 1000);
	ck_assert_int_eq(ct_flush(w.thr, NULL), MANY);
	for (unsigned i = 0; i < 5000; i++) {
		if (i % 100 == 0)
			ct_maintain(w.tbl, w.now_ns, 1);
		poll();
		if (i % 1000 == 0)
			ct_world_audit(&w);
	}
	ck_assert_uint_eq(atomic_load(&w.tbl->buckets.n), n);
	ck_assert_uint_eq(w.tbl->resize.n_segments, 1);
	nothing_beyond_budget();
	ct_world_end(&w);
}
END_TEST

/*
 * Twelve extensions of a KB each, on demand or always: three pages a
 * connection, which one packet has to touch.
 */
START_TEST(large_objects_keep_to_a_larger_budget)
{
	static const struct ct_ext_ops ops[] = {
		{ .size = sizeof(*ops),
		  .name = "large",
		  .len = 1024,
		  .align = 8 },
		{ .size = sizeof(*ops),
		  .name = "large",
		  .len = 1024,
		  .align = 8,
		  .flags = CT_EXT_ALWAYS },
	};
	enum { N = 12 };
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = LARGE };
	struct ct_mem_report r;
	ct_ext_id id[N];

	ct_world_create(&w, &cfg);
	for (unsigned i = 0; i < N; i++)
		ck_assert_int_eq(ct_ext_register(w.tbl, &ops[_i], &id[i]), 0);
	ct_world_attach(&w);
	for (uint32_t n = 0; n < 2000; n++) {
		struct ct_test_flow flow = ct_world_flow(n);
		struct ct_pkt pkt = ct_world_udp(&w, &flow, CT_DIR_ORIG);

		ck_assert_ptr_nonnull(ct_ext_add(w.thr, pkt.conn, id[n % N]));
		if (n % BURST == BURST - 1)
			poll();
	}
	r = nothing_beyond_budget();
	ck_assert_uint_gt(r.most[CT_WORK_INSERT].pages, CT_WORK_INSERT_PAGES);
	ct_world_end(&w);
}
END_TEST

/* A host without memory is not asked by every packet. */
START_TEST(host_that_refused_is_asked_again_by_polls)
{
	struct ct_mem_report before, after;

	start(LARGE);
	open_many(0, 1000, BURST);
	ct_test_alloc_fail_from(&w.mem, 1);
	before = report();
	/* The first segment is full, then crowded. */
	w.tbl->n_conns += 200000;
	open_many(1000, 1020, MANY);
	after = report();
	w.tbl->n_conns -= 200000;
	ck_assert_uint_eq(after.refused - before.refused, 1);
	ct_test_alloc_fail_never(&w.mem);
	ct_world_end(&w);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("work");
	TCase *tc = tcase_create("work");

	tcase_set_timeout(tc, 100);
	tcase_add_loop_test(tc, growth_by_polls_keeps_to_the_budget, 0, 2);
	tcase_add_test(tc, packets_find_everything_ready);
	tcase_add_loop_test(tc, growth_by_maintenance_keeps_to_the_budget, 0,
			    2);
	tcase_add_test(tc, packets_help_a_host_that_seldom_polls);
	tcase_add_test(tc, packets_alone_double_the_table);
	tcase_add_test(tc, shrinking_keeps_to_the_budget);
	tcase_add_loop_test(tc, large_objects_keep_to_a_larger_budget, 0, 2);
	tcase_add_test(tc, host_that_refused_is_asked_again_by_polls);
	suite_add_tcase(suite, tc);
	return suite;
}
