/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Expiry, as conversations meet it: who ends when, and what the next packet
 * then is.
 */
#include "suite.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

static struct ct_world w;

static void setup(void)
{
	ct_world_start(&w, 0);
}

static void teardown(void)
{
	ct_world_end(&w);
}

static struct ct_pkt say(enum ct_dir dir)
{
	struct ct_pkt pkt = ct_world_udp(&w, &ct_test_flow4, dir);

	ct_world_audit(&w);
	return pkt;
}

static uint32_t left(void)
{
	struct ct_tuple t = ct_world_tuple(&ct_test_flow4, CT_DIR_ORIG);
	struct ct_conn *conn = ct_find(w.thr, &t, NULL);

	return conn ? ct_conn_expires(w.thr, conn) : 0;
}

START_TEST(seconds_run_down)
{
	say(CT_DIR_ORIG);
	for (uint32_t s = 0; s < 30; s++) {
		ck_assert_uint_eq(left(), 30 - s);
		ct_world_wait(&w, CT_WORLD_S);
	}
	ck_assert_uint_eq(left(), 0);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

START_TEST(late_answer_is_a_question)
{
	struct ct_pkt pkt;

	say(CT_DIR_ORIG);
	ct_world_wait(&w, 30 * CT_WORLD_S);
	pkt = say(CT_DIR_REPLY);
	ck_assert_int_eq(pkt.state, CT_NEW);
	ck_assert_int_eq(pkt.dir, CT_DIR_ORIG);
	pkt = say(CT_DIR_ORIG);
	ck_assert_int_eq(pkt.state, CT_ESTABLISHED);
	ck_assert_int_eq(pkt.dir, CT_DIR_REPLY);
}
END_TEST

START_TEST(errors_do_not_keep_it_alive)
{
	struct ct_test_icmp icmp = { .type = 3, .code = 1, .rest_len = 28 };
	struct ct_test_packet quoted, error;
	struct ct_pkt pkt;

	say(CT_DIR_ORIG);
	quoted = w.p;
	icmp.rest = quoted.bytes;
	ct_test_icmp(&error, &ct_test_flow4, CT_DIR_REPLY, &icmp);
	for (unsigned s = 0; s < 30; s++) {
		pkt = ct_test_pkt(&error);
		ct_process(w.thr, &pkt, CT_HOOK_PREROUTING);
		ck_assert_int_eq(pkt.state, CT_RELATED);
		ct_confirm(w.thr, &pkt);
		ct_world_wait(&w, CT_WORLD_S);
	}
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	pkt = ct_test_pkt(&error);
	ct_process(w.thr, &pkt, CT_HOOK_PREROUTING);
	ck_assert_int_eq(pkt.state, CT_INVALID);
}
END_TEST

START_TEST(invalid_packets_do_not_keep_it_alive)
{
	say(CT_DIR_ORIG);
	for (unsigned s = 0; s < 30; s++) {
		struct ct_pkt pkt;

		ct_test_udp(&w.p, &ct_test_flow4, CT_DIR_ORIG, 10);
		w.p.bytes[30] ^= 1;
		pkt = ct_test_pkt(&w.p);
		ct_process(w.thr, &pkt, CT_HOOK_PREROUTING);
		ck_assert_int_eq(pkt.state, CT_INVALID);
		ct_world_wait(&w, CT_WORLD_S);
	}
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

/* A packet that the host drops itself has refreshed it nevertheless. */
START_TEST(abandoned_packets_keep_it_alive)
{
	struct ct_pkt pkt;

	say(CT_DIR_ORIG);
	ct_world_wait(&w, 29 * CT_WORLD_S);
	pkt = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);
	ct_abandon(w.thr, &pkt);
	ck_assert_uint_eq(left(), 30);
}
END_TEST

START_TEST(clock_that_stands_still_ends_nobody)
{
	say(CT_DIR_ORIG);
	for (unsigned i = 0; i < 1000; i++)
		ct_thread_poll(w.thr, w.now_ns);
	ck_assert_uint_eq(left(), 30);
}
END_TEST

START_TEST(clock_may_jump_by_a_year)
{
	say(CT_DIR_ORIG);
	ct_world_wait(&w, 200 * 86400 * CT_WORLD_S);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	ck_assert_int_eq(say(CT_DIR_REPLY).state, CT_NEW);
	ct_world_wait(&w, 200 * 86400 * CT_WORLD_S);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

START_TEST(clock_may_start_anywhere)
{
	static const uint64_t starts[] = {
		1,
		CT_WORLD_S - 1,
		(UINT64_C(1) << 31) * 10000000,
		(UINT64_C(1) << 32) * 10000000 - 1,
		(UINT64_C(1) << 32) * 10000000,
		UINT64_C(1763000000) * 1000000000, /* wall clocks are clocks */
	};

	for (unsigned i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		ct_world_end(&w);
		ct_world_create(&w, NULL);
		w.now_ns = starts[i];
		ct_world_attach(&w);
		say(CT_DIR_ORIG);
		ck_assert_uint_eq(left(), 30);
		ct_world_wait(&w, 29 * CT_WORLD_S);
		ck_assert_uint_ge(left(), 1);
		ct_world_wait(&w, CT_WORLD_S + 10000000);
		ck_assert_uint_eq(ct_world_conns(&w), 0);
	}
}
END_TEST

/*
 * Hundreds of flows with packets at random times over ten minutes, against
 * arithmetic: each lives for 30 seconds, or 120 as a stream, after its last.
 */
enum { FLOWS = 300, STEPS = 6000, STEP_MS = 100 };

struct flow {
	uint64_t born_ns;
	uint64_t until_ns; /* 0: never seen */
	bool answered;
};

static void one_packet(struct flow *flow, uint32_t n, enum ct_dir dir)
{
	struct ct_test_flow ends = ct_world_flow(n);
	bool alive = flow->until_ns > w.now_ns;
	bool stream;
	struct ct_pkt pkt;

	/* A refresh by less than a second may be left out: nobody can tell
	 * then whether it lives. */
	if (alive && flow->until_ns < w.now_ns + CT_WORLD_S)
		return;
	if (!alive) {
		*flow = (struct flow){ .born_ns = w.now_ns };
		dir = CT_DIR_ORIG;
	}
	pkt = ct_world_udp(&w, &ends, dir);
	ck_assert_uint_eq(pkt.reason, alive ? CT_R_TRACKED : CT_R_OPENED);
	/* That it is answered counts from the next packet on. */
	stream = flow->answered && w.now_ns > flow->born_ns + 2 * CT_WORLD_S;
	flow->answered |= dir == CT_DIR_REPLY;
	flow->until_ns = w.now_ns + (stream ? 120 : 30) * CT_WORLD_S;
}

START_TEST(random_traffic_agrees_with_arithmetic)
{
	static struct flow flows[FLOWS];

	srand(1);
	for (unsigned step = 0; step < STEPS; step++) {
		uint32_t n = (uint32_t)rand() % FLOWS;
		uint64_t alive = 0;

		/* Some speak all the time, some hardly ever. */
		n = n * n / FLOWS;
		one_packet(&flows[n], n,
			   rand() % 4 ? CT_DIR_ORIG : CT_DIR_REPLY);
		ct_world_wait(&w, STEP_MS * UINT64_C(1000000));
		if (step % 50)
			continue;
		ck_assert_int_eq(ct_maintain(w.tbl, w.now_ns, 0), 0);
		for (uint32_t i = 0; i < FLOWS; i++)
			alive += flows[i].until_ns > w.now_ns;
		ck_assert_uint_le(ct_world_conns(&w), alive);
		ck_assert_uint_ge(ct_world_conns(&w) + 15, alive);
		ct_world_audit(&w);
	}
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("expiry flow");
	TCase *tc = tcase_create("expiry");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, seconds_run_down);
	tcase_add_test(tc, late_answer_is_a_question);
	tcase_add_test(tc, errors_do_not_keep_it_alive);
	tcase_add_test(tc, invalid_packets_do_not_keep_it_alive);
	tcase_add_test(tc, abandoned_packets_keep_it_alive);
	tcase_add_test(tc, clock_that_stands_still_ends_nobody);
	tcase_add_test(tc, clock_may_jump_by_a_year);
	tcase_add_test(tc, clock_may_start_anywhere);
	tcase_add_test(tc, random_traffic_agrees_with_arithmetic);
	suite_add_tcase(suite, tc);
	return suite;
}
