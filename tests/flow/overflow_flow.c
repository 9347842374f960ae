/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A full table that decides by value: who goes, who stays, who pays.
 */
#include "crowd.h"
#include "suite.h"

#include <conntrack/tracker.h>
#include <string.h>

enum { MAX = 200, SOFT = 300 };

static struct ct_world w;

static void setup(void)
{
	const struct ct_config cfg = { .size = sizeof(cfg), .max_conns = MAX };

	ct_world_create(&w, &cfg);
	ct_world_watch(&w);
	ct_world_attach(&w);
}

static void teardown(void)
{
	ct_world_settle(&w);
	ct_world_end(&w);
}

/* --- Who goes ----------------------------------------------------------- */

START_TEST(a_flood_takes_places_from_itself)
{
	ct_crowd_fill(&w, 0, 100);
	ct_crowd_assure(&w, 0, 100);
	for (uint32_t i = 0; i < 5000; i++) {
		ck_assert_uint_eq(ct_crowd_arrive(&w, 1000 + i), 0);
		if (i % 32 == 0)
			ct_world_wait(&w, 1000);
	}
	ck_assert_uint_eq(ct_crowd_alive(&w, 0, 100), 100);
	ck_assert_uint_le(ct_world_conns(&w), MAX);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_RECYCLED), 0);
	ct_world_audit(&w);
}
END_TEST

START_TEST(what_has_proven_nothing_goes_in_turn)
{
	for (uint32_t i = 0; i < MAX; i++) {
		ct_crowd_fill(&w, i, 1);
		ct_world_wait(&w, CT_WORLD_S / 20);
	}
	for (uint32_t i = 0; i < 10 * MAX; i++) {
		ck_assert_uint_eq(ct_crowd_arrive(&w, 1000 + i), 0);
		ct_world_wait(&w, CT_WORLD_S / 100);
	}
	/* Each search sees 64 of 200: not exactly the oldest, but none of the
	 * younger half. */
	ck_assert_uint_eq(
		ct_crowd_alive(&w, 1000 + 10 * MAX - MAX / 2, MAX / 2),
		MAX / 2);
}
END_TEST

enum { BURST = 32 };

/* Newcomers, a burst at a time; => how many got in. */
static uint32_t arrive_together(uint32_t first)
{
	struct ct_test_packet bytes[BURST];
	struct ct_pkt pkt[BURST], *pkts[BURST];
	enum ct_verdict verdict[BURST];
	uint32_t n = 0;

	for (uint32_t i = 0; i < BURST; i++) {
		struct ct_test_flow flow = ct_world_flow(first + i);

		ct_test_udp(&bytes[i], &flow, CT_DIR_ORIG, 10);
		pkt[i] = ct_test_pkt(&bytes[i]);
		pkts[i] = &pkt[i];
	}
	ct_forward_burst(w.thr, pkts, BURST, NULL, verdict);
	for (uint32_t i = 0; i < BURST; i++)
		n += verdict[i] == CT_ACCEPT && pkt[i].conn;
	return n;
}

/* A burst needs many victims at once. */
START_TEST(a_burst_takes_places_of_those_that_came_first)
{
	ct_crowd_fill(&w, 0, 50);
	ct_crowd_assure(&w, 0, 50);
	for (uint32_t i = 0; i < 100; i++) {
		ck_assert_uint_eq(arrive_together(1000 + BURST * i), BURST);
		ct_world_wait(&w, CT_WORLD_S / 100);
	}
	ck_assert_uint_eq(ct_crowd_alive(&w, 0, 50), 50);
	ck_assert_uint_eq(ct_world_conns(&w), MAX);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_RECYCLED), 0);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_EVICTED),
			  100 * BURST - (MAX - 50));
	/* None of the latest two bursts, of those 150 that have places. */
	ck_assert_uint_eq(ct_crowd_alive(&w, 1000 + 98 * BURST, 2 * BURST),
			  2 * BURST);
	ct_world_audit(&w);
}
END_TEST

/* In a table that is not small, several victims are chosen with one line; they
 * are no younger for that. */
START_TEST(several_victims_of_a_line_go_in_turn)
{
	enum { LARGE = 8192, ASSURED = 2048, BURSTS = 1000 };
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = LARGE };
	struct ct_pressure now;
	uint32_t n = 0;

	ct_world_end(&w);
	ct_world_create(&w, &cfg);
	ct_world_watch(&w);
	ct_world_attach(&w);
	ct_crowd_fill(&w, 0, ASSURED);
	ct_crowd_assure(&w, 0, ASSURED);
	for (uint32_t i = 0; i < BURSTS; i++) {
		n += arrive_together(10000 + BURST * i);
		ct_world_wait(&w, CT_WORLD_S / 1000);
	}
	now = ct_crowd_pressure(&w);
	/* At first the lines are found out that were others' before all of
	 * them were assured: 32, four a search. */
	ck_assert_uint_ge(n, BURST * BURSTS - 8);
	ck_assert_uint_eq(now.evicted[0], n - LARGE + ASSURED);
	ck_assert_uint_le(now.lines, now.evicted[0] * 3 / 4);
	ck_assert_uint_eq(ct_crowd_alive(&w, 0, ASSURED), ASSURED);
	/* The younger half of those that have places. */
	ck_assert_uint_eq(
		ct_crowd_alive(&w, 10000 + BURST * (BURSTS - 96), BURST * 96),
		BURST * 96);
	ct_world_audit(&w);
}
END_TEST

/* Whoever is assured between the choice and the need of it stays: a packet of
 * the burst may be the one that does it. */
START_TEST(who_proves_something_within_the_burst_stays)
{
	enum { N = 2 * BURST };
	static struct ct_test_packet bytes[N];
	static struct ct_pkt pkt[N], *pkts[N];
	enum ct_verdict verdict[N];

	ct_crowd_fill(&w, 0, MAX);
	ct_crowd_fill(&w, 1000, 1); /* it is known to be a crowd */
	/* All others get their answer, and are newcomers' only victims. */
	for (uint32_t i = 0; i < MAX; i++) {
		struct ct_test_flow flow = ct_world_flow(i);

		if (ct_crowd_found(&w, i))
			ct_world_udp(&w, &flow, CT_DIR_REPLY);
	}
	ct_world_wait(&w, 3 * CT_WORLD_S);
	for (uint32_t i = 0; i < N; i++) {
		/* Every other packet assures one; UDP's second question. */
		struct ct_test_flow flow =
			ct_world_flow(i % 2 ? i / 2 + 10 : 2000 + i);

		ct_test_udp(&bytes[i], &flow, CT_DIR_ORIG, 10);
		pkt[i] = ct_test_pkt(&bytes[i]);
		pkts[i] = &pkt[i];
	}
	ct_forward_burst(w.thr, pkts, N, NULL, verdict);
	for (uint32_t i = 1; i < N; i += 2)
		if (pkt[i].conn && ct_conn_status(pkt[i].conn) & CT_S_ASSURED)
			ck_assert_ptr_eq(ct_crowd_found(&w, i / 2 + 10),
					 pkt[i].conn);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_RECYCLED), 0);
	ct_world_audit(&w);
}
END_TEST

START_TEST(a_full_table_of_assured_ones_lets_some_newcomers_in)
{
	ct_crowd_fill(&w, 0, MAX);
	ct_crowd_assure(&w, 0, MAX);
	for (uint32_t i = 0; i < 1000; i++) {
		ck_assert_uint_eq(ct_crowd_arrive(&w, 1000 + i), 0);
		ct_world_wait(&w, 1000);
	}
	/* A twentieth, and those that came between two counts. */
	ck_assert_uint_ge(ct_crowd_alive(&w, 0, MAX), MAX - MAX / 20 - 1);
	ck_assert_uint_lt(ct_crowd_alive(&w, 0, MAX), MAX);
}
END_TEST

START_TEST(the_busy_ones_stay)
{
	ct_crowd_fill(&w, 0, MAX);
	ct_crowd_assure(&w, 0, MAX);
	for (uint32_t round = 0; round < 8; round++) {
		ct_world_wait(&w, 2 * CT_WORLD_S);
		for (uint32_t i = 0; i < MAX / 2; i++) {
			struct ct_test_flow flow = ct_world_flow(i);

			ct_world_udp(&w, &flow, CT_DIR_ORIG);
		}
	}
	ct_crowd_fill(&w, 1000, MAX / 10);
	ck_assert_uint_eq(ct_crowd_alive(&w, 0, MAX / 2), MAX / 2);
}
END_TEST

START_TEST(what_is_closing_goes_first)
{
	ct_crowd_fill(&w, 0, MAX - 1);
	ct_crowd_establish(&w, 9000);
	ct_crowd_segment(&w, 9000, CT_DIR_ORIG, CT_TEST_FIN | CT_TEST_ACK, 101,
			 501);
	/* Wherever it is, it is the first of its line. */
	for (uint32_t i = 0; i < MAX / 4; i++)
		ck_assert_uint_eq(ct_crowd_arrive(&w, 1000 + i), 0);
	ck_assert(!ct_crowd_lives_tcp(&w, 9000));
	ck_assert_uint_gt(ct_crowd_alive(&w, 0, MAX - 1), MAX / 2);
}
END_TEST

START_TEST(idle_past_the_soft_age_goes_first)
{
	ct_crowd_set(&w, "tcp.timeout.established", 7440);
	ct_crowd_set(&w, "overflow.low", 1000);
	for (uint32_t i = 0; i < MAX / 2; i++)
		ct_crowd_establish(&w, i);
	ct_world_wait(&w, (SOFT + 5) * CT_WORLD_S);
	for (uint32_t i = MAX / 2; i < MAX; i++)
		ct_crowd_establish(&w, i);
	ct_crowd_set(&w, "overflow.probation",
		     0); /* or else younger ones might go, too */
	ct_crowd_fill(&w, 1000, 20);
	for (uint32_t i = MAX / 2; i < MAX; i++)
		ck_assert(ct_crowd_lives_tcp(&w, i));
	ck_assert_uint_gt(ct_world_count(&w, CT_R_END_RECYCLED), 0);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_RECYCLED) +
				  ct_world_count(&w, CT_R_END_EVICTED),
			  20);
}
END_TEST

START_TEST(nobody_goes_below_the_soft_age_for_nothing)
{
	for (uint32_t i = 0; i < MAX; i++)
		ct_crowd_establish(&w, i);
	ct_crowd_set(&w, "overflow.probation", 0);
	ck_assert_uint_eq(ct_crowd_arrive(&w, 1000), CT_R_TABLE_FULL);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_RECYCLED), 0);
}
END_TEST

START_TEST(a_source_that_holds_much_pays_with_its_own)
{
	const uint32_t n_others = 60;

	ct_crowd_fill(&w, 0, n_others);
	ct_crowd_assure(&w, 0, n_others);
	for (uint32_t i = 0; i < 3000; i++) {
		struct ct_test_flow flow = ct_crowd_greedy(i);
		struct ct_pkt pkt;

		if (ct_crowd_arrive_by(&w, &flow, NULL, 0))
			continue;
		ct_world_udp(&w, &flow, CT_DIR_REPLY);
		ct_world_wait(&w, 2100 * (CT_WORLD_S / 1000));
		pkt = ct_world_udp(&w, &flow, CT_DIR_ORIG);
		ck_assert_ptr_nonnull(pkt.conn);
		for (uint32_t k = 0; i % 8 == 0 && k < n_others; k++) {
			struct ct_test_flow other = ct_world_flow(k);

			ct_world_udp(&w, &other, CT_DIR_ORIG);
		}
	}
	ck_assert_uint_eq(ct_crowd_alive(&w, 0, n_others), n_others);
	/* And who comes anew gets in. */
	ct_crowd_fill(&w, 2000, 20);
	ck_assert_uint_eq(ct_crowd_alive(&w, 0, n_others), n_others);
}
END_TEST

static void establish(const struct ct_test_flow *flow)
{
	static const struct {
		enum ct_dir dir;
		uint8_t flags;
		uint32_t seq, ack;
	} says[] = { { CT_DIR_ORIG, CT_TEST_SYN, 100, 0 },
		     { CT_DIR_REPLY, CT_TEST_SYN | CT_TEST_ACK, 500, 101 },
		     { CT_DIR_ORIG, CT_TEST_ACK, 101, 501 } };

	for (unsigned i = 0; i < 3; i++) {
		const struct ct_test_segment seg = { .flags = says[i].flags,
						     .win = 1000,
						     .seq = says[i].seq,
						     .ack = says[i].ack };
		struct ct_pkt pkt = ct_world_tcp(&w, flow, says[i].dir, &seg);

		ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	}
}

static bool has_gone(const struct ct_test_flow *flow)
{
	struct ct_tuple t = ct_world_tuple(flow, CT_DIR_ORIG);

	t.l4 = 6;
	return !ct_find(w.thr, &t, NULL);
}

/*
 * A proxy, say, with a tenth of the table: what a flood may have of the others it
 * has of the proxy, too, and no more.
 */
START_TEST(a_large_source_does_not_pay_for_a_spoofed_flood)
{
	enum { ALL = 4000, PROXY = 400, SPOOFED = 20000 };
	const struct ct_config cfg = { .size = sizeof(cfg), .max_conns = ALL };
	uint32_t lost = 0, others = 0;
	struct ct_test_flow flow;

	ct_world_create(&w, &cfg);
	ct_world_attach(&w);
	for (uint32_t i = 0; i < ALL; i++) {
		flow = i % (ALL / PROXY) ? ct_world_flow(i)
					 : ct_crowd_greedy(i);
		establish(&flow);
	}
	ct_world_wait(&w, CT_WORLD_S);
	for (uint32_t i = 0; i < SPOOFED; i++) {
		const struct ct_test_segment seg = { .flags = CT_TEST_SYN };
		struct ct_pkt pkt;

		flow = ct_world_flow(1000000 + i);
		ct_test_tcp(&w.p, &flow, CT_DIR_ORIG, &seg);
		pkt = ct_test_pkt(&w.p);
		if (ct_process(w.thr, &pkt, CT_HOOK_PREROUTING) == CT_ACCEPT &&
		    pkt.conn)
			ct_confirm(w.thr, &pkt);
		if (i % 32 == 0)
			ct_world_wait(&w, 320000);
	}
	for (uint32_t i = 0; i < ALL; i++) {
		flow = i % (ALL / PROXY) ? ct_world_flow(i)
					 : ct_crowd_greedy(i);
		if (has_gone(&flow))
			++*(i % (ALL / PROXY) ? &others : &lost);
	}
	/* Of 200 some 20, and the credit of 13. */
	ck_assert_uint_ge(lost + others, ALL / 20);
	ck_assert_uint_le(lost, 2 * ALL / 20 * PROXY / ALL + 13);
}
END_TEST

/*
 * Who comes again, and is answered, need not wait for two seconds; who only comes
 * again gains nothing.
 */
static void come_again(bool answered)
{
	ct_crowd_fill(&w, 0, MAX);
	ct_crowd_assure(&w, 0, MAX);
	for (uint32_t round = 0; round < 6; round++) {
		for (uint32_t i = 0; i < 4; i++) {
			struct ct_test_flow flow = ct_world_flow(5000 + i);

			if (ct_crowd_found(&w, 5000 + i))
				continue;
			ct_crowd_fill(&w, 5000 + i, 1);
			if (answered && round)
				ct_world_udp(&w, &flow, CT_DIR_REPLY);
		}
		ct_crowd_flood(&w, 10000 + 1000 * round, 100);
	}
}

START_TEST(who_is_missed_again_and_again_stays_once_it_is_answered)
{
	come_again(true);
	ck_assert_uint_ge(ct_crowd_alive(&w, 5000, 4), 3);
	ck_assert_uint_eq(ct_crowd_pressure(&w).unproven,
			  MAX - ct_crowd_alive(&w, 0, MAX) -
				  ct_crowd_alive(&w, 5000, 4));
	ct_world_audit(&w);
}
END_TEST

START_TEST(who_only_repeats_himself_gains_nothing)
{
	come_again(false);
	ck_assert_uint_eq(ct_crowd_alive(&w, 5000, 4), 0);
	/* A twentieth, and those that came between two counts. */
	ck_assert_uint_ge(ct_crowd_alive(&w, 0, MAX), MAX - MAX / 20 - 1);
}
END_TEST

/* --- A policy of the host's --------------------------------------------- */

static struct {
	uint8_t value;
	struct ct_worth newcomer;
	struct ct_worth candidate;
	unsigned n;
} host;

static uint8_t value(void *user, struct ct_thread *thr,
		     const struct ct_pkt *pkt, const struct ct_tuple *t,
		     const struct ct_worth *worth)
{
	(void)user;
	(void)thr;
	ck_assert_mem_eq(pkt->data + 12, t->src.bytes, 4);
	host.newcomer = *worth;
	return host.value;
}

/* Those whose address is odd are worth little. */
static uint8_t score(void *user, struct ct_thread *thr,
		     const struct ct_conn *conn, const struct ct_worth *worth)
{
	struct ct_tuple t;

	(void)user;
	(void)thr;
	ct_conn_tuple(conn, CT_DIR_ORIG, &t);
	host.candidate = *worth;
	host.n++;
	return t.src.bytes[3] % 2 ? 10 : 200;
}

static const struct ct_overflow_ops ours = {
	.size = sizeof(ours), .name = "ours", .value = value, .score = score
};

static void start_ours(void)
{
	const struct ct_config cfg = { .size = sizeof(cfg), .max_conns = MAX };

	memset(&host, 0, sizeof(host));
	ct_world_create(&w, &cfg);
	ct_world_watch(&w);
	ck_assert_int_eq(ct_overflow_register(w.tbl, &ours), 0);
	ct_world_attach(&w);
	ct_crowd_fill(&w, 0, MAX);
}

START_TEST(the_host_says_who_goes)
{
	struct ct_victim victims[20];
	uint32_t lost[2] = { 0, 0 };

	host.value = 0;
	start_ours();
	host.value = 100;
	ct_crowd_assure(&w, 0, 10);
	ct_crowd_fill(&w, 1000, 20);
	for (uint32_t i = 0; i < MAX; i++)
		lost[ct_world_flow(i).src[3] % 2] +=
			ct_crowd_found(&w, i) == NULL;
	ck_assert_uint_eq(lost[0], 0);
	ck_assert_uint_eq(ct_victims(w.tbl, victims, 20), 20);
	for (unsigned i = 0; i < 20; i++) {
		ck_assert_uint_eq(victims[i].score, 10);
		ck_assert_uint_eq(victims[i].newcomer, 100);
	}
}
END_TEST

START_TEST(the_host_knows_what_they_are_worth)
{
	start_ours();
	host.value = 5; /* less than anybody */
	ct_world_wait(&w, 4 * CT_WORLD_S);
	ck_assert_uint_eq(ct_crowd_arrive(&w, 1000), CT_R_TABLE_FULL);
	/* Constant work: so many places of so many lines. */
	ck_assert_uint_gt(host.n, 0);
	ck_assert_uint_le(host.n, 4 * 4 * 16);
	ck_assert_uint_eq(host.candidate.state, CT_SCORE_UNREPLIED);
	ck_assert_uint_eq(host.candidate.idle_ms, 4000);
	ck_assert_uint_eq(host.candidate.hard_s, 30);
	ck_assert_uint_eq(host.candidate.soft_s, 30); /* no more than it has */
	ck_assert_uint_eq(host.newcomer.soft_s, SOFT);
	ck_assert_uint_eq(host.candidate.nat, 0);
	ck_assert_uint_eq(host.candidate.activity, 0);
	ck_assert_uint_eq(host.newcomer.idle_ms, 0);
	ck_assert_uint_eq(host.newcomer.state, CT_SCORE_UNREPLIED);
	ck_assert_uint_eq(ct_crowd_alive(&w, 0, MAX), MAX);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("overflow");
	TCase *tcase = tcase_create("who");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_flood_takes_places_from_itself);
	tcase_add_test(tcase, what_has_proven_nothing_goes_in_turn);
	tcase_add_test(tcase, a_burst_takes_places_of_those_that_came_first);
	tcase_add_test(tcase, several_victims_of_a_line_go_in_turn);
	tcase_add_test(tcase, who_proves_something_within_the_burst_stays);
	tcase_add_test(tcase,
		       a_full_table_of_assured_ones_lets_some_newcomers_in);
	tcase_add_test(tcase, the_busy_ones_stay);
	tcase_add_test(tcase, what_is_closing_goes_first);
	tcase_add_test(tcase, idle_past_the_soft_age_goes_first);
	tcase_add_test(tcase, nobody_goes_below_the_soft_age_for_nothing);
	tcase_add_test(tcase, a_source_that_holds_much_pays_with_its_own);
	tcase_add_test(tcase,
		       who_is_missed_again_and_again_stays_once_it_is_answered);
	tcase_add_test(tcase, who_only_repeats_himself_gains_nothing);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("large");
	tcase_add_checked_fixture(tcase, NULL, teardown);
	tcase_add_test(tcase, a_large_source_does_not_pay_for_a_spoofed_flood);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("host");
	tcase_add_checked_fixture(tcase, NULL, teardown);
	tcase_add_test(tcase, the_host_says_who_goes);
	tcase_add_test(tcase, the_host_knows_what_they_are_worth);
	suite_add_tcase(suite, tcase);
	return suite;
}
