/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Limits and guarantees: of zones, classes and sources.
 */
#include "crowd.h"
#include "suite.h"

enum { MAX = 200 };

static struct ct_world w;

static void start(void)
{
	const struct ct_config cfg = { .size = sizeof(cfg), .max_conns = MAX };

	ct_world_create(&w, &cfg);
	ct_world_watch(&w);
}

static void teardown(void)
{
	ct_world_settle(&w);
	ct_world_end(&w);
}

START_TEST(a_zone_has_its_limit)
{
	struct ct_test_flow flow;

	start();
	ct_crowd_set(&w, "overflow.policy", CT_OVERFLOW_LINUX);
	ck_assert_int_eq(ct_zone_limit(w.tbl, 7, 0, 10), 0);
	ck_assert_int_eq(ct_zone_limit(w.tbl, 8, MAX + 1, 0), CT_E_RANGE);
	ct_world_attach(&w);
	for (uint32_t i = 0; i < 10; i++) {
		flow = ct_world_flow(i);
		ck_assert_uint_eq(ct_crowd_arrive_by(&w, &flow, NULL, 7), 0);
	}
	flow = ct_world_flow(10);
	ck_assert_uint_eq(ct_crowd_arrive_by(&w, &flow, NULL, 7),
			  CT_R_ZONE_FULL);
	ck_assert_uint_eq(ct_crowd_arrive_by(&w, &flow, NULL, 6), 0);
	/* One that ends makes room for one. */
	ct_world_wait(&w, 31 * CT_WORLD_S);
	ct_world_wait(&w, 1);
	ck_assert_uint_eq(ct_crowd_arrive_by(&w, &flow, NULL, 7), 0);
	ck_assert_int_eq(ct_zone_limit(w.tbl, 9, 0, 10), CT_E_SEALED);
}
END_TEST

START_TEST(what_is_guaranteed_to_a_zone_is_kept_for_it)
{
	struct ct_test_flow flow;
	uint32_t n = 0;

	start();
	ck_assert_int_eq(ct_zone_limit(w.tbl, 7, 50, 0), 0);
	ct_world_attach(&w);
	ct_crowd_flood(&w, 0, 2 * MAX);
	ck_assert_uint_eq(ct_world_conns(&w), MAX - 50);
	for (uint32_t i = 0; i < 50; i++) {
		flow = ct_world_flow(5000 + i);
		ck_assert_uint_eq(ct_crowd_arrive_by(&w, &flow, NULL, 7), 0);
	}
	ck_assert_uint_eq(ct_world_conns(&w), MAX);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_EVICTED), MAX + 50);
	/* Nor can others take them now that they are there. */
	ct_crowd_flood(&w, 2000, MAX);
	for (uint32_t i = 0; i < 50; i++) {
		struct ct_tuple t;

		flow = ct_world_flow(5000 + i);
		t = ct_world_tuple(&flow, CT_DIR_ORIG);
		t.zone = 7;
		n += ct_find(w.thr, &t, NULL) != NULL;
	}
	ck_assert_uint_eq(n, 50);
}
END_TEST

START_TEST(the_control_plane_has_its_headroom)
{
	const struct ct_class_def def = { .size = sizeof(def),
					  .reserve = 20,
					  .flags = CT_CLASS_KEEP };
	const struct ct_policy *control;
	struct ct_conn *conn;

	start();
	ck_assert_int_eq(ct_class_define(w.tbl, 1, &def), 0);
	ck_assert_int_eq(ct_class_define(w.tbl, CT_CLASSES, &def), CT_E_RANGE);
	ct_world_attach(&w);
	control = ct_crowd_policy(w.tbl, 1, CT_OVERFLOW_DEFAULT);
	ct_crowd_flood(&w, 0, MAX);
	ck_assert_uint_eq(ct_world_conns(&w), MAX - 20);
	for (uint32_t i = 0; i < 20; i++) {
		struct ct_test_flow flow = ct_world_flow(5000 + i);

		ck_assert_uint_eq(ct_crowd_arrive_by(&w, &flow, control, 0), 0);
	}
	ct_crowd_flood(&w, 6000, 10 * MAX);
	ck_assert_uint_eq(ct_crowd_alive(&w, 5000, 20), 20);
	ck_assert_uint_eq(ct_crowd_pressure(&w).evicted[1], 0);
	/* One that is of the class no more may go. */
	conn = ct_crowd_found(&w, 5000);
	ck_assert_uint_eq(ct_conn_class(conn), 1);
	ck_assert_int_eq(ct_conn_class_set(w.thr, conn, 0), 0);
	ct_crowd_flood(&w, 9000, 10 * MAX);
	ck_assert_ptr_null(ct_crowd_found(&w, 5000));
	ck_assert_uint_eq(ct_crowd_alive(&w, 5001, 19), 19);
}
END_TEST

/* => The policy of a class that goes for its like only. */
static const struct ct_policy *start_kept(void)
{
	const struct ct_class_def def = { .size = sizeof(def),
					  .flags = CT_CLASS_KEEP };

	start();
	ck_assert_int_eq(ct_class_define(w.tbl, 1, &def), 0);
	ct_world_attach(&w);
	return ct_crowd_policy(w.tbl, 1, CT_OVERFLOW_DEFAULT);
}

/* => How many newcomers of them get in. */
static uint32_t flood_by(const struct ct_policy *policy, uint32_t first,
			 uint32_t n)
{
	uint32_t in = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct ct_test_flow flow = ct_world_flow(first + i);

		in += !ct_crowd_arrive_by(&w, &flow, policy, 0);
		if (i % 32 == 0)
			ct_world_wait(&w, CT_WORLD_S / 50);
	}
	return in;
}

/* Everybody's are younger, and there are as many of them. */
START_TEST(a_newcomer_of_the_class_takes_what_came_first)
{
	const struct ct_policy *kept = start_kept();

	ck_assert_uint_eq(flood_by(kept, 0, MAX / 2), MAX / 2);
	ct_world_wait(&w, 5 * CT_WORLD_S);
	ck_assert_uint_eq(flood_by(NULL, 5000, MAX / 2), MAX / 2);
	ct_world_wait(&w, CT_WORLD_S);
	ck_assert_uint_eq(flood_by(kept, 1000, MAX / 4), MAX / 4);
	/* Of one turn it is mostly the older ones that go. */
	ck_assert_uint_eq(ct_crowd_alive(&w, 1000, MAX / 4), MAX / 4);
	ck_assert_uint_lt(ct_crowd_alive(&w, 0, MAX / 2), MAX / 2 - MAX / 8);
}
END_TEST

START_TEST(a_flood_does_not_shut_its_class_out)
{
	const struct ct_policy *kept = start_kept();

	ck_assert_uint_eq(flood_by(kept, 0, MAX), MAX);
	ck_assert_uint_eq(flood_by(kept, 1000, MAX), MAX);
	/* For others nothing of it goes. */
	ct_world_wait(&w, CT_WORLD_S);
	ck_assert_uint_eq(flood_by(NULL, 5000, MAX), 0);
	ck_assert_uint_eq(ct_crowd_pressure(&w).evicted[1], MAX);
}
END_TEST

START_TEST(of_a_kept_class_the_unproven_go_first)
{
	const struct ct_policy *kept = start_kept();

	ck_assert_uint_eq(flood_by(kept, 0, MAX), MAX);
	ct_crowd_assure(&w, 0, MAX / 2);
	ck_assert_uint_eq(flood_by(kept, 1000, 10 * MAX), 10 * MAX);
	ck_assert_uint_eq(ct_crowd_alive(&w, 0, MAX / 2), MAX / 2);
	/* The latest ones have come in the place of the earlier ones. */
	ck_assert_uint_eq(
		ct_crowd_alive(&w, 1000 + 10 * MAX - MAX / 20, MAX / 20),
		MAX / 20);
}
END_TEST

/* A twentieth, as any other newcomers. */
START_TEST(of_a_kept_class_the_proven_make_some_room)
{
	const struct ct_policy *kept = start_kept();
	uint32_t left;

	ck_assert_uint_eq(flood_by(kept, 0, MAX), MAX);
	ct_crowd_assure(&w, 0, MAX);
	flood_by(kept, 1000, 10 * MAX);
	left = ct_crowd_alive(&w, 0, MAX);
	ck_assert_uint_lt(left, MAX);
	ck_assert_uint_ge(left, MAX - MAX / 20 - 1);
}
END_TEST

/* What others have proven is safe from a flood in a kept class. */
START_TEST(a_flood_in_a_kept_class_takes_from_itself)
{
	const struct ct_policy *kept = start_kept();

	ct_crowd_fill(&w, 0, MAX);
	ct_crowd_assure(&w, 0, MAX);
	ck_assert_uint_eq(flood_by(kept, 1000, 50 * MAX), 50 * MAX);
	ck_assert_uint_ge(ct_crowd_alive(&w, 0, MAX), MAX - MAX / 20 - 3);
}
END_TEST

START_TEST(a_source_has_its_limit)
{
	struct ct_test_flow flow;

	start();
	ct_crowd_set(&w, "overflow.policy", CT_OVERFLOW_LINUX);
	ct_crowd_set(&w, "overflow.source.max", 10);
	ct_world_attach(&w);
	for (uint32_t i = 0; i < 10; i++) {
		flow = ct_crowd_greedy(i);
		ck_assert_uint_eq(ct_crowd_arrive_by(&w, &flow, NULL, 0), 0);
	}
	flow = ct_crowd_greedy(10);
	ck_assert_uint_eq(ct_crowd_arrive_by(&w, &flow, NULL, 0),
			  CT_R_SOURCE_FULL);
	ct_crowd_fill(&w, 0, 100);
}
END_TEST

/* The k-th connection of a source of a group. */
static struct ct_test_flow of_source(uint8_t group, uint32_t source, uint32_t k)
{
	struct ct_test_flow flow = ct_world_flow(0);

	flow.src[0] = group;
	flow.src[1] = 0;
	flow.src[2] = (uint8_t)(source >> 8);
	flow.src[3] = (uint8_t)source;
	flow.sport = (uint16_t)(1024 + k);
	return flow;
}

/* None of them, although the table is too small for all who come. */
START_TEST(what_is_guaranteed_to_a_source_stays)
{
	enum { CROWD = 1000, GUARDED = 100, MIN = 2, GREEDY = 80 };
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = CROWD };
	struct ct_test_flow flow;
	uint32_t alive = 0;

	ct_world_create(&w, &cfg);
	ct_crowd_set(&w, "overflow.source.min", MIN);
	ct_world_attach(&w);
	for (uint32_t i = 0; i < GUARDED * MIN; i++) {
		flow = of_source(20, i / MIN, i % MIN);
		ck_assert_uint_eq(ct_crowd_arrive_by(&w, &flow, NULL, 0), 0);
	}
	for (uint32_t i = 0; i < 20 * CROWD; i++) {
		flow = of_source(30, i % GREEDY, i / GREEDY);
		ct_crowd_arrive_by(&w, &flow, NULL, 0);
		if (i % 32 == 0)
			ct_world_wait(&w, 1000);
	}
	for (uint32_t i = 0; i < GUARDED * MIN; i++) {
		struct ct_tuple t;

		flow = of_source(20, i / MIN, i % MIN);
		t = ct_world_tuple(&flow, CT_DIR_ORIG);
		alive += ct_find(w.thr, &t, NULL) != NULL;
	}
	ck_assert_uint_eq(alive, GUARDED * MIN);
}
END_TEST

/* As many sources as connections, each at its limit: none is taken for another,
 * and who goes makes room for one. */
START_TEST(no_source_pays_for_anothers)
{
	struct ct_test_flow flow;

	start();
	ct_crowd_set(&w, "overflow.policy", CT_OVERFLOW_LINUX);
	ct_crowd_set(&w, "overflow.source.max", 1);
	ct_world_attach(&w);
	/* Who came as one source would go as another. */
	ck_assert_int_eq(ct_param_set(w.tbl, "overflow.prefix4", 24),
			 CT_E_SEALED);
	for (uint32_t i = 0; i < MAX; i++) {
		flow = of_source(20, i, 0);
		ck_assert_uint_eq(ct_crowd_arrive_by(&w, &flow, NULL, 0), 0);
	}
	ct_world_wait(&w, 31 * CT_WORLD_S);
	ct_maintain(w.tbl, w.now_ns, 0);
	for (uint32_t i = 0; i < MAX; i++) {
		flow = of_source(20, i, 1);
		ck_assert_uint_eq(ct_crowd_arrive_by(&w, &flow, NULL, 0), 0);
	}
}
END_TEST

/* --- A zone, or a source, is full -------------------------------------- */

enum { CROWD = 1000, TENANT = 7 };

static void start_tenant(uint32_t max)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = CROWD };

	ct_world_create(&w, &cfg);
	ct_world_watch(&w);
	ck_assert_int_eq(ct_zone_limit(w.tbl, TENANT, 0, max), 0);
	ct_world_attach(&w);
}

static unsigned say_in(uint16_t zone, uint32_t n, enum ct_dir dir,
		       uint8_t flags, uint32_t seq, uint32_t ack)
{
	const struct ct_test_segment seg = {
		.flags = flags, .win = 1000, .seq = seq, .ack = ack
	};
	struct ct_test_flow flow = ct_world_flow(n);
	struct ct_pkt pkt;

	ct_test_tcp(&w.p, &flow, dir, &seg);
	pkt = ct_test_pkt(&w.p);
	pkt.zone = zone;
	if (ct_process(w.thr, &pkt, CT_HOOK_PREROUTING) != CT_ACCEPT)
		return pkt.reason;
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	return 0;
}

/* => What they are told, the first that does not get in; 0: all do. */
static unsigned knock_in(uint16_t zone, uint32_t first, uint32_t n)
{
	unsigned reason = 0;

	for (uint32_t i = first; i < first + n && !reason; i++) {
		reason = say_in(zone, i, CT_DIR_ORIG, CT_TEST_SYN, 100, 0);
		if (i % 32 == 0)
			ct_world_wait(&w, 1000);
	}
	return reason;
}

static void establish_in(uint16_t zone, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++) {
		say_in(zone, i, CT_DIR_ORIG, CT_TEST_SYN, 100, 0);
		say_in(zone, i, CT_DIR_REPLY, CT_TEST_SYN | CT_TEST_ACK, 500,
		       101);
		say_in(zone, i, CT_DIR_ORIG, CT_TEST_ACK, 101, 501);
	}
}

static uint32_t alive_in(uint16_t zone, uint32_t first, uint32_t n)
{
	uint32_t alive = 0;

	for (uint32_t i = first; i < first + n; i++) {
		struct ct_test_flow flow = ct_world_flow(i);
		struct ct_tuple t = ct_world_tuple(&flow, CT_DIR_ORIG);

		t.l4 = 6;
		t.zone = zone;
		alive += ct_find(w.thr, &t, NULL) != NULL;
	}
	return alive;
}

START_TEST(in_a_full_zone_a_flood_takes_places_from_itself)
{
	start_tenant(100);
	establish_in(TENANT, 0, 50);
	ck_assert_uint_eq(knock_in(TENANT, 1000, 50), 0);
	ck_assert_uint_eq(knock_in(3, 3000, 100), 0);
	ck_assert_uint_eq(knock_in(TENANT, 2000, 500), 0);
	ck_assert_uint_eq(alive_in(TENANT, 0, 50), 50);
	ck_assert_uint_eq(alive_in(3, 3000, 100), 100);
	ck_assert_uint_eq(ct_world_conns(&w), 200);
	ct_world_audit(&w);
}
END_TEST

START_TEST(in_a_full_zone_nothing_proven_goes)
{
	start_tenant(100);
	establish_in(TENANT, 0, 100);
	ck_assert_uint_eq(knock_in(3, 3000, 100), 0);
	ck_assert_uint_eq(knock_in(TENANT, 2000, 1), CT_R_ZONE_FULL);
	ck_assert_uint_eq(alive_in(TENANT, 0, 100), 100);
	ck_assert_uint_eq(alive_in(3, 3000, 100), 100);
}
END_TEST

START_TEST(a_full_source_takes_places_from_itself)
{
	struct ct_test_flow flow;

	start();
	ct_crowd_set(&w, "overflow.source.max", 10);
	ct_world_attach(&w);
	ct_crowd_fill(&w, 0, 50);
	for (uint32_t i = 0; i < 100; i++) {
		flow = ct_crowd_greedy(i);
		ck_assert_uint_eq(ct_crowd_arrive_by(&w, &flow, NULL, 0), 0);
	}
	ck_assert_uint_eq(ct_crowd_alive(&w, 0, 50), 50);
	ck_assert_uint_eq(ct_world_conns(&w), 60);
}
END_TEST

/* Too few for a search to meet one: the zone's own timeouts shrink. */
START_TEST(a_small_full_zone_has_short_timeouts)
{
	uint32_t second = 0;

	start_tenant(10);
	establish_in(3, 3000, 300);
	ck_assert_uint_eq(knock_in(3, 5000, 300), 0);
	ck_assert_uint_eq(knock_in(TENANT, 0, 10), 0);
	while (knock_in(TENANT, 1000, 1) == CT_R_ZONE_FULL) {
		ck_assert_uint_lt(++second, 20);
		for (unsigned i = 0; i < 20; i++)
			ct_world_wait(&w, CT_WORLD_S / 20);
	}
	ck_assert_uint_ge(second, 10);
	/* Nobody else's. */
	ck_assert_uint_eq(alive_in(3, 3000, 300), 300);
	ck_assert_uint_eq(alive_in(3, 5000, 300), 300);
	ck_assert_uint_gt(ct_world_count(&w, CT_R_END_SHORTENED), 0);
	ck_assert_uint_le(ct_world_count(&w, CT_R_END_SHORTENED), 10);
}
END_TEST

/* The same of a source. */
START_TEST(a_small_full_source_has_short_timeouts)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = CROWD };
	struct ct_test_flow flow;
	uint32_t second = 0;

	ct_world_create(&w, &cfg);
	ct_world_watch(&w);
	ct_crowd_set(&w, "overflow.source.max", 10);
	ct_world_attach(&w);
	ct_crowd_fill(&w, 0, 190);
	for (uint32_t i = 0; i < 10; i++) {
		flow = ct_crowd_greedy(i);
		ck_assert_uint_eq(ct_crowd_arrive_by(&w, &flow, NULL, 0), 0);
	}
	flow = ct_crowd_greedy(10);
	while (ct_crowd_arrive_by(&w, &flow, NULL, 0) == CT_R_SOURCE_FULL) {
		ck_assert_uint_lt(++second, 20);
		for (unsigned i = 0; i < 20; i++)
			ct_world_wait(&w, CT_WORLD_S / 20);
	}
	ck_assert_uint_ge(second, 10);
	/* Nobody else's. */
	ck_assert_uint_eq(ct_crowd_alive(&w, 0, 190), 190);
	ck_assert_uint_gt(ct_world_count(&w, CT_R_END_SHORTENED), 0);
	ck_assert_uint_le(ct_world_count(&w, CT_R_END_SHORTENED), 10);
}
END_TEST

/* => How many of these find no place; a poll after each 32. */
static uint32_t lost_of(uint32_t first, uint32_t n)
{
	uint32_t lost = 0;

	for (uint32_t i = 0; i < n; i++) {
		lost += ct_crowd_arrive(&w, first + i) != 0;
		if (i % 32 == 31)
			ct_world_wait(&w, CT_WORLD_S / 1000);
	}
	return lost;
}

/* A table that is bound by its bytes is full when these are nearly gone. */
START_TEST(for_want_of_memory_somebody_goes)
{
	enum { BYTES = 4 << 20, ROOM = 100000, FEW = 1000 };
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = ROOM,
				       .max_bytes = BYTES };
	struct ct_pressure now;
	uint32_t lost;

	ct_world_create(&w, &cfg);
	ct_world_watch(&w);
	ct_world_attach(&w);
	for (uint32_t i = 0; i < FEW; i++)
		ct_crowd_establish(&w, i);
	lost = lost_of(FEW, ROOM);
	/* When searches come by for the first time they learn, four lines each,
	 * that of these nobody may go. */
	ck_assert_uint_le(lost, FEW / 64 / 4);
	now = ct_crowd_pressure(&w);
	ck_assert_uint_eq(now.level, 1000);
	ck_assert_uint_lt(now.max_conns, ROOM);
	ck_assert_uint_le(now.conns, now.max_conns);
	/* At 200 bytes each. */
	ck_assert_uint_gt(now.conns, BYTES / 400);
	ck_assert_uint_le(now.bytes, BYTES);
	ck_assert_uint_eq(now.evicted[0], FEW + ROOM - now.conns - lost);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_NO_MEMORY), 0);
	for (uint32_t i = 0; i < FEW; i++)
		ck_assert(ct_crowd_lives_tcp(&w, i));
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("overflow_limit");
	TCase *tcase = tcase_create("own");

	tcase_add_checked_fixture(tcase, NULL, teardown);
	tcase_add_test(tcase, a_zone_has_its_limit);
	tcase_add_test(tcase, what_is_guaranteed_to_a_zone_is_kept_for_it);
	tcase_add_test(tcase, the_control_plane_has_its_headroom);
	tcase_add_test(tcase, a_newcomer_of_the_class_takes_what_came_first);
	tcase_add_test(tcase, a_flood_does_not_shut_its_class_out);
	tcase_add_test(tcase, of_a_kept_class_the_unproven_go_first);
	tcase_add_test(tcase, of_a_kept_class_the_proven_make_some_room);
	tcase_add_test(tcase, a_flood_in_a_kept_class_takes_from_itself);
	tcase_add_test(tcase, a_source_has_its_limit);
	tcase_add_test(tcase, what_is_guaranteed_to_a_source_stays);
	tcase_add_test(tcase, no_source_pays_for_anothers);
	tcase_add_test(tcase, in_a_full_zone_a_flood_takes_places_from_itself);
	tcase_add_test(tcase, in_a_full_zone_nothing_proven_goes);
	tcase_add_test(tcase, a_full_source_takes_places_from_itself);
	tcase_add_test(tcase, a_small_full_zone_has_short_timeouts);
	tcase_add_test(tcase, a_small_full_source_has_short_timeouts);
	tcase_add_test(tcase, for_want_of_memory_somebody_goes);
	suite_add_tcase(suite, tcase);
	return suite;
}
