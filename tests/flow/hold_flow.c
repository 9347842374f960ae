/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handshakes that take longer than a flood leaves them: as many complete as
 * there is room for.
 */
#include "core/pace.h"
#include "core/table.h"
#include "crowd.h"
#include "suite.h"
#include "wire/build.h"

#include <conntrack/tracker.h>

enum {
	MAX = 1000,
	LARGE = 2048, /* has scouts */
	KNOWN = 60,   /* handshakes that a table has seen */
	FLOOD = 100000,
	LONGEST = 400, /* ms */
	ISN = 100,
	SERVER_ISN = 500
};
#define MS (CT_WORLD_S / 1000)

static struct ct_world w;
static uint32_t told; /* the server's number, where the table answers for it */

static void emit(void *user, const struct ct_pkt *pkt)
{
	struct ct_segment seg;

	(void)user;
	ck_assert(ct_segment_read(&seg, pkt->l3, pkt->data, pkt->len));
	if (seg.flags == (CT_SEG_SYN | CT_SEG_ACK))
		told = seg.seq;
}

static void start(uint32_t max_conns)
{
	const struct ct_host host = { .size = sizeof(host), .emit = emit };
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = max_conns,
				       .host = &host };

	told = SERVER_ISN;
	ct_world_create(&w, &cfg);
	ct_world_attach(&w);
	ct_crowd_set(&w, "overflow.policy", CT_OVERFLOW_SCORED);
	ct_crowd_set(&w, "overflow.hold", 1000);
}

static void finish(void)
{
	ct_world_settle(&w);
	ct_world_end(&w);
}

/* --- Steps of a handshake ------------------------------------------------- */

static unsigned say_by(const struct ct_test_flow *flow, enum ct_dir dir,
		       uint8_t flags)
{
	const uint32_t own = dir == CT_DIR_ORIG ? ISN : SERVER_ISN;
	const uint32_t other = dir == CT_DIR_ORIG ? told : ISN;
	const struct ct_test_segment seg = {
		.flags = flags,
		.win = 1000,
		.seq = flags & CT_TEST_SYN ? own : own + 1,
		.ack = flags & CT_TEST_ACK ? other + 1 : 0
	};
	struct ct_pkt pkt;

	ct_test_tcp(&w.p, flow, dir, &seg);
	pkt = ct_test_pkt(&w.p);
	pkt.tailroom = (uint32_t)sizeof(w.p.bytes) - w.p.len;
	if (ct_process(w.thr, &pkt, CT_HOOK_PREROUTING) != CT_ACCEPT)
		return pkt.reason;
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	return pkt.state == CT_INVALID ? pkt.reason : 0;
}

/* => 0, or why not. */
static unsigned ask(uint32_t n)
{
	const struct ct_test_flow flow = ct_world_flow(n);

	return say_by(&flow, CT_DIR_ORIG, CT_TEST_SYN);
}

static void answer(uint32_t n)
{
	const struct ct_test_flow flow = ct_world_flow(n);

	say_by(&flow, CT_DIR_REPLY, CT_TEST_SYN | CT_TEST_ACK);
}

/* => It is complete; it is not opened by this. */
static bool complete(uint32_t n)
{
	const struct ct_test_flow flow = ct_world_flow(n);

	if (!ct_crowd_lives_tcp(&w, n))
		return false;
	say_by(&flow, CT_DIR_ORIG, CT_TEST_ACK);
	return true;
}

/* Handshakes whose clients answer so much later. */
static void learn(uint32_t ms)
{
	for (uint32_t i = 0; i < KNOWN; i++)
		ask(i);
	ct_world_wait(&w, MS);
	for (uint32_t i = 0; i < KNOWN; i++)
		answer(i);
	ct_world_wait(&w, ms * MS);
	for (uint32_t i = 0; i < KNOWN; i++)
		ck_assert(complete(i));
}

/* Spoofed SYNs that a server answers at once. */
static unsigned flood(uint32_t *next, uint32_t n)
{
	unsigned n_in = 0;

	while (n--) {
		uint32_t i = FLOOD + (*next)++;

		if (ask(i))
			continue;
		answer(i);
		n_in++;
	}
	return n_in;
}

static uint32_t known_ones(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < KNOWN; i++)
		n += ct_crowd_lives_tcp(&w, i);
	return n;
}

/*
 * A flood of so many a ms, beside it clients, one in gap ms, each of whom
 * answers client_ms later.
 *
 * => Thousandths of them that complete; those of the first part are not counted.
 */
static unsigned beside_flood(uint32_t per_ms, uint32_t gap, uint32_t client_ms,
			     uint32_t warm, uint32_t duration)
{
	uint32_t next = 0, asked = 0, done = 0;

	for (uint32_t ms = 0; ms < warm + duration; ms++) {
		flood(&next, per_ms);
		if (ms % gap == 0 && ms + client_ms < warm + duration) {
			asked += ms >= warm;
			if (!ask(KNOWN + ms))
				answer(KNOWN + ms);
		}
		ct_world_wait(&w, MS);
		if (ms >= client_ms && (ms - client_ms) % gap == 0)
			done += complete(KNOWN + ms - client_ms) &&
				ms - client_ms >= warm;
	}
	return 1000 * done / asked;
}

/* --- Stories ---------------------------------------------------------------- */

/* 940 places, less what completes, and ten newcomers a ms: 94 ms for each, or 300
 * for 290 of 1000. */
START_TEST(long_handshakes_complete_as_far_as_there_is_room)
{
	unsigned n;

	start(MAX);
	learn(300);
	n = beside_flood(10, 7, 300, 600, 2000);
	ck_assert_uint_gt(n, 290 - 60);
	ck_assert_uint_lt(n, 290 + 30);
	ck_assert_uint_eq(known_ones(), KNOWN);
	ct_world_audit(&w);
	finish();
}
END_TEST

START_TEST(without_a_hold_none_does)
{
	start(MAX);
	ct_crowd_set(&w, "overflow.hold", 0);
	learn(300);
	ck_assert_uint_eq(beside_flood(10, 7, 300, 600, 1000), 0);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_TABLE_FULL), 0);
	finish();
}
END_TEST

/* Of 12000 newcomers a few are, when the flood sets in: all are of one turn. */
START_TEST(where_handshakes_fit_they_complete)
{
	start(MAX);
	learn(50);
	ck_assert_uint_eq(beside_flood(10, 7, 50, 200, 1000), 1000);
	ck_assert_uint_lt(ct_world_count(&w, CT_R_TABLE_FULL), 12000 / 500);
	finish();
}
END_TEST

START_TEST(who_never_completes_teaches_nothing)
{
	uint32_t next = 0;

	start(MAX);
	for (unsigned ms = 0; ms < 500; ms++) {
		ck_assert_uint_eq(flood(&next, 10), 10);
		ct_world_wait(&w, MS);
	}
	finish();
}
END_TEST

/* Handshakes of five seconds: one second is the most that anybody is left. */
START_TEST(nobody_is_held_for_longer_than_the_parameter_says)
{
	uint32_t next = 0;

	start(MAX);
	learn(5000);
	ck_assert_uint_eq(flood(&next, MAX - KNOWN), MAX - KNOWN);
	ck_assert_uint_eq(flood(&next, 100), 0);
	ct_world_wait(&w, 900 * MS);
	ck_assert_uint_eq(flood(&next, 100), 0);
	ct_world_wait(&w, 110 * MS);
	ck_assert_uint_eq(flood(&next, 100), 100);
	finish();
}
END_TEST

/* Others do not push out who is in the midst of a handshake, either. */
START_TEST(datagrams_wait_as_well)
{
	uint32_t next = 0;

	start(MAX);
	learn(300);
	flood(&next, MAX - KNOWN);
	ck_assert_uint_eq(ct_crowd_arrive(&w, 1), CT_R_TABLE_FULL);
	ct_world_wait(&w, LONGEST * MS);
	ck_assert_uint_eq(ct_crowd_arrive(&w, 1), 0);
	finish();
}
END_TEST

/* As many victims are chosen together as were needed before; then all that could
 * go are answered. */
START_TEST(who_is_answered_after_the_choice_is_spared)
{
	enum { TOGETHER = 6 };
	const uint32_t n = LARGE - KNOWN;

	start(LARGE);
	learn(300);
	for (uint32_t i = 0; i < n; i++)
		ck_assert_uint_eq(ask(FLOOD + i), 0);
	ct_world_wait(&w, 100 * MS);
	for (uint32_t i = 0; i < TOGETHER; i++)
		ck_assert_uint_eq(ask(1000 + i), 0);
	ct_world_wait(&w, MS);
	ck_assert_uint_eq(ask(2000), 0);
	for (uint32_t i = 0; i < n; i++)
		if (ct_crowd_lives_tcp(&w, FLOOD + i))
			answer(FLOOD + i);
	for (uint32_t i = 0; i < TOGETHER; i++)
		ck_assert_uint_eq(ask(3000 + i), CT_R_TABLE_FULL);
	ct_world_audit(&w);
	finish();
}
END_TEST

START_TEST(datagrams_are_not_spared)
{
	start(MAX);
	learn(300);
	ct_crowd_fill(&w, FLOOD, 2 * MAX);
	ck_assert_uint_eq(ask(1000), 0);
	finish();
}
END_TEST

/* He has completed handshakes, slow ones, and now begins all that he can. */
START_TEST(who_holds_much_is_not_spared)
{
	start(MAX);
	learn(900);
	for (uint32_t i = 0; i < MAX - KNOWN; i++) {
		const struct ct_test_flow flow = ct_crowd_greedy(i);

		say_by(&flow, CT_DIR_ORIG, CT_TEST_SYN);
		say_by(&flow, CT_DIR_REPLY, CT_TEST_SYN | CT_TEST_ACK);
	}
	for (uint32_t i = 0; i < 100; i++)
		ck_assert_uint_eq(ask(1000 + i), 0);
	ck_assert_uint_eq(known_ones(), KNOWN);
	finish();
}
END_TEST

/* A cookie's client has answered already. */
START_TEST(proxied_handshakes_teach_nothing_of_their_clients)
{
	uint32_t before;

	start(MAX);
	learn(300);
	before = w.tbl->pace.wait[CT_PACE_ACK];
	ck_assert_uint_gt(before, 29 * CT_PACE_TICK);
	ct_crowd_set(&w, "overflow.syn_proxy", 2);
	for (uint32_t i = 1000; i < 1200; i++) {
		const struct ct_test_flow flow = ct_world_flow(i);

		ck_assert_uint_eq(ask(i), CT_R_SYN_COOKIE);
		ck_assert_uint_eq(say_by(&flow, CT_DIR_ORIG, CT_TEST_ACK), 0);
		answer(i);
	}
	ck_assert_uint_eq(w.tbl->pace.wait[CT_PACE_ACK], before);
	finish();
}
END_TEST

/* 2048 places, 20 newcomers a ms; nobody knows how long a handshake takes but
 * those few that are kept long enough to complete one.  Some 1600 places are left
 * of what has completed: 260 of 1000. */
START_TEST(scouts_find_out_in_the_midst_of_a_flood)
{
	unsigned n;

	start(LARGE);
	n = beside_flood(20, 2, 300, 2500, 1500);
	ck_assert_uint_gt(n, 260 - 60);
	finish();
}
END_TEST

Suite *ct_suite(void)
{
	Suite *s = suite_create("flow/hold");
	TCase *tc = tcase_create("hold");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, long_handshakes_complete_as_far_as_there_is_room);
	tcase_add_test(tc, without_a_hold_none_does);
	tcase_add_test(tc, where_handshakes_fit_they_complete);
	tcase_add_test(tc, who_never_completes_teaches_nothing);
	tcase_add_test(tc, nobody_is_held_for_longer_than_the_parameter_says);
	tcase_add_test(tc, datagrams_wait_as_well);
	tcase_add_test(tc, who_is_answered_after_the_choice_is_spared);
	tcase_add_test(tc, datagrams_are_not_spared);
	tcase_add_test(tc, who_holds_much_is_not_spared);
	tcase_add_test(tc, proxied_handshakes_teach_nothing_of_their_clients);
	tcase_add_test(tc, scouts_find_out_in_the_midst_of_a_flood);
	suite_add_tcase(s, tc);
	return s;
}
