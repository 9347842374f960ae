/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Floods of a table that limits nobody, where the host has no memory for what
 * helps against them, or the table may not take it: each of them with all that it
 * makes the table want.
 */
#include "alloc.h"
#include "audit.h"
#include "core/table.h"
#include "crowd.h"
#include "suite.h"

#include <string.h>

enum { MAX = 200, BUDGET = 40, ROOM = 64, ISN = 1000, SERVER = 70000 };

static struct ct_world w;
static struct ct_test_alloc mem;
static uint32_t cookie; /* of the last segment that the table sent */

/* What floods, and what the table has made by then if it could. */
struct flood {
	void (*set)(void);
	void (*come)(uint32_t n);
	bool (*is_met)(void);
};

static void emit(void *user, const struct ct_pkt *pkt)
{
	(void)user;
	if (pkt->len >= 28)
		cookie = (uint32_t)pkt->data[24] << 24 |
			 (uint32_t)pkt->data[25] << 16 |
			 (uint32_t)pkt->data[26] << 8 | pkt->data[27];
}

/* --- What comes ------------------------------------------------------------- */

static void pass(void)
{
	struct ct_pkt pkt = ct_test_pkt(&w.p);

	pkt.tailroom = ROOM;
	if (ct_process(w.thr, &pkt, CT_HOOK_PREROUTING) == CT_ACCEPT &&
	    pkt.conn)
		ct_confirm(w.thr, &pkt);
}

static void say(uint32_t n, enum ct_dir dir, uint8_t flags, uint32_t seq,
		uint32_t ack)
{
	const struct ct_test_segment seg = {
		.flags = flags, .win = 1000, .seq = seq, .ack = ack
	};
	struct ct_test_flow flow = ct_world_flow(n);

	ct_test_tcp(&w.p, &flow, dir, &seg);
	pass();
}

static void set_nothing(void)
{
}

static void ask(uint32_t n)
{
	struct ct_test_flow flow = ct_world_flow(n);

	ct_test_udp(&w.p, &flow, CT_DIR_ORIG, 10);
	pass();
}

static bool has_stock(void)
{
	return w.thr->stock && ct_crowd_pressure(&w).evicted[0] >= MAX / 2;
}

static void set_budgets(void)
{
	ct_crowd_set(&w, "overflow.half_open.max", BUDGET);
	ct_crowd_set(&w, "overflow.half_open.source", BUDGET / 10);
	ct_crowd_set(&w, "overflow.verdict", CT_OVERFLOW_REJECT);
}

/* Two SYNs; every other one is of the same source. */
static void knock(uint32_t n)
{
	const struct ct_test_segment seg = { .flags = CT_TEST_SYN };
	struct ct_test_flow flow = ct_crowd_greedy(n);

	ct_test_tcp(&w.p, &flow, CT_DIR_ORIG, &seg);
	pass();
	say(n, CT_DIR_ORIG, CT_TEST_SYN, ISN, 0);
}

static bool has_budget(void)
{
	return ct_crowd_pressure(&w).refused[0] >= MAX &&
	       ct_world_conns(&w) == BUDGET;
}

static void set_probes(void)
{
	ct_crowd_set(&w, "overflow.probe", 1);
	ct_crowd_set(&w, "overflow.soft", 1);
	ct_crowd_set(&w, "overflow.low", 100);
}

/* Opened, and silent from then on; every fourth one is not even opened. */
static void fall_silent(uint32_t n)
{
	if (n % 4 == 0) {
		ask(n);
		return;
	}
	say(n, CT_DIR_ORIG, CT_TEST_SYN, ISN, 0);
	say(n, CT_DIR_REPLY, CT_TEST_SYN | CT_TEST_ACK, SERVER, ISN + 1);
	say(n, CT_DIR_ORIG, CT_TEST_ACK, ISN + 1, SERVER + 1);
	w.now_ns += CT_WORLD_S / 100;
}

static bool has_probes(void)
{
	return atomic_load(&w.tbl->probes) && cookie &&
	       ct_world_conns(&w) > MAX / 2;
}

static void set_proxy(void)
{
	ct_crowd_set(&w, "overflow.syn_proxy", 2);
}

/* By the proxy, up to a word of the client's, whose numbers are shifted. */
static void open_by_proxy(uint32_t n)
{
	say(n, CT_DIR_ORIG, CT_TEST_SYN, ISN, 0);
	say(n, CT_DIR_ORIG, CT_TEST_ACK, ISN + 1, cookie + 1);
	say(n, CT_DIR_REPLY, CT_TEST_SYN | CT_TEST_ACK, SERVER, ISN + 1);
	say(n, CT_DIR_ORIG, CT_TEST_ACK, ISN + 1, cookie + 1);
}

static bool has_proxy(void)
{
	return ct_crowd_pressure(&w).cookies_good >= MAX &&
	       ct_world_conns(&w) == MAX;
}

static const struct flood floods[] = {
	{ set_nothing, ask, has_stock },
	{ set_budgets, knock, has_budget },
	{ set_probes, fall_silent, has_probes },
	{ set_proxy, open_by_proxy, has_proxy },
};
enum { FLOODS = sizeof(floods) / sizeof(floods[0]) };

static void press(const struct flood *flood, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++) {
		flood->come(i);
		if (i % 32 == 0) {
			w.now_ns += 1000000;
			ct_thread_poll(w.thr, w.now_ns);
		}
	}
}

/* --- The table ---------------------------------------------------------------- */

/* The n-th allocation fails, from the table's first on; 0: none. */
static int begin(const struct flood *flood, uint64_t max_bytes, uint64_t n)
{
	struct ct_host host = { .size = sizeof(host), .emit = emit };
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .host = &host,
				       .max_conns = MAX,
				       .max_bytes = max_bytes };
	int error;

	memset(&w, 0, sizeof(w));
	w.now_ns = CT_WORLD_START;
	cookie = 0;
	ct_test_alloc_init(&mem);
	ct_test_alloc_host(&mem, &host);
	if (n)
		ct_test_alloc_fail_nth(&mem, n);
	error = ct_table_create(&cfg, &w.tbl);
	if (error)
		return error;
	flood->set();
	error = ct_thread_attach(w.tbl, &w.thr);
	if (error)
		ct_table_destroy(w.tbl);
	else
		ct_thread_poll(w.thr, w.now_ns);
	return error;
}

static void end(void)
{
	ct_thread_poll(w.thr, w.now_ns);
	ck_assert_ptr_null(ct_table_check(w.tbl));
	ct_thread_detach(w.thr);
	ct_table_destroy(w.tbl);
	ct_test_alloc_leaks(&mem);
}

/* What it has before anybody came, just full, and at most. */
struct taken {
	uint64_t empty;
	uint64_t full;
	uint64_t whole;
};

static struct taken measure(const struct flood *flood)
{
	struct taken taken;

	ck_assert_int_eq(begin(flood, 0, 0), 0);
	taken.empty = mem.bytes;
	press(flood, 0, MAX);
	taken.full = mem.bytes;
	press(flood, MAX, 8 * MAX);
	ck_assert(flood->is_met());
	taken.whole = mem.most;
	end();
	return taken;
}

/* Nothing that a full table makes is there. */
static void nothing_was_made(void)
{
	ck_assert_ptr_null(w.thr->stock);
	ck_assert_ptr_null(atomic_load(&w.tbl->ghosts));
	ck_assert_ptr_null(atomic_load(&w.tbl->share));
}

/* What cannot be made is made later. */
START_TEST(no_single_failure_does_harm)
{
	const struct flood *flood = &floods[_i];
	bool failed = true;

	for (uint64_t n = 1; failed; n++) {
		int error = begin(flood, 0, n);

		failed = ct_test_alloc_failed(&mem);
		if (error) {
			ck_assert_int_eq(error, CT_E_NOMEM);
			ct_test_alloc_leaks(&mem);
			continue;
		}
		press(flood, 0, 2 * MAX);
		failed = ct_test_alloc_failed(&mem);
		ct_test_alloc_fail_never(&mem);
		press(flood, 2 * MAX, 2 * MAX);
		end();
	}
}
END_TEST

START_TEST(memory_may_be_gone_for_good)
{
	const struct flood *flood = &floods[_i];
	uint64_t bytes;

	ck_assert_int_eq(begin(flood, 0, 0), 0);
	press(flood, 0, MAX / 2);
	bytes = mem.bytes;
	ct_test_alloc_fail_from(&mem, 1);
	press(flood, MAX / 2, 8 * MAX);
	ck_assert_uint_le(mem.bytes, bytes);
	nothing_was_made();
	ct_test_alloc_fail_never(&mem);
	press(flood, 9 * MAX, 4 * MAX);
	ck_assert(flood->is_met());
	end();
}
END_TEST

START_TEST(it_never_takes_more_than_it_may)
{
	const struct flood *flood = &floods[_i];
	const struct taken taken = measure(flood);

	for (uint64_t max = taken.empty; max < taken.whole; max += 1024) {
		ck_assert_int_eq(begin(flood, max, 0), 0);
		press(flood, 0, 8 * MAX);
		ck_assert_uint_le(mem.most, max);
		ck_assert_uint_eq(ct_crowd_pressure(&w).bytes, mem.bytes);
		end();
	}
}
END_TEST

/* With room for its connections only it is full a little sooner, and newcomers get
 * in as everywhere. */
START_TEST(what_is_bound_by_its_bytes_is_full_sooner)
{
	const struct flood *flood = &floods[_i];
	const struct taken taken = measure(flood);
	struct ct_pressure now;

	ck_assert_int_eq(begin(flood, taken.full, 0), 0);
	press(flood, 0, 8 * MAX);
	now = ct_crowd_pressure(&w);
	ck_assert_uint_gt(now.evicted[0] + now.refused[0], 0);
	ck_assert_uint_lt(now.max_conns, MAX);
	/* More than come between two polls. */
	if (now.max_conns > 2 * 32) {
		ck_assert_uint_ge(now.conns, now.max_conns * 3 / 4);
		/* A chunk is 29 of 200 places here, a burst 32. */
		ck_assert_uint_le(ct_world_count(&w, CT_R_NO_MEMORY), MAX / 2);
	}
	ck_assert_uint_le(mem.most, taken.full);
	end();
}
END_TEST

/* However long it goes on. */
START_TEST(no_sender_makes_it_take_more)
{
	const struct flood *flood = &floods[_i];
	const struct taken taken = measure(flood);

	ck_assert_int_eq(begin(flood, 0, 0), 0);
	press(flood, 0, 40 * MAX);
	ck_assert_uint_le(mem.most, taken.whole);
	end();
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("fail.flood");
	TCase *tcase = tcase_create("memory");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, no_single_failure_does_harm, 0, FLOODS);
	tcase_add_loop_test(tcase, memory_may_be_gone_for_good, 0, FLOODS);
	tcase_add_loop_test(tcase, it_never_takes_more_than_it_may, 0, FLOODS);
	tcase_add_loop_test(tcase, what_is_bound_by_its_bytes_is_full_sooner, 0,
			    FLOODS);
	tcase_add_loop_test(tcase, no_sender_makes_it_take_more, 0, FLOODS);
	suite_add_tcase(suite, tcase);
	return suite;
}
