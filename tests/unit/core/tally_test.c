/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sources are counted exactly, as many as there are connections; threads may
 * count at once.
 */
#include "core/tally.h"

#include "core/table.h"
#include "suite.h"
#include "world.h"

#include <pthread.h>

enum { MAX = 1 << 16, THREADS = 4, ROUNDS = 20000, FEW = 64 };

static struct ct_world w;
static struct ct_tally tally;

static void setup(void)
{
	const struct ct_config cfg = { .size = sizeof(cfg), .max_conns = MAX };

	ct_world_create(&w, &cfg);
	tally = (struct ct_tally){ 0 };
	ck_assert_int_eq(ct_tally_make(w.tbl, &tally), 0);
}

static void teardown(void)
{
	ct_tally_free(w.tbl, &tally);
	ct_world_end(&w);
}

/* Each connection of another source: no more of them fit. */
START_TEST(as_many_sources_as_connections_are_told_apart)
{
	for (uint64_t i = 0; i < MAX; i++)
		ct_tally_up(&tally, ct_world_key(i));
	for (uint64_t i = 0; i < MAX; i++)
		ck_assert_uint_eq(ct_tally_has(&tally, ct_world_key(i)), 1);
	for (uint64_t i = 0; i < MAX; i++)
		ck_assert_uint_eq(ct_tally_has(&tally, ct_world_key(MAX + i)),
				  0);
}
END_TEST

START_TEST(who_leaves_makes_room)
{
	for (uint64_t i = 0; i < MAX; i++)
		ct_tally_up(&tally, ct_world_key(i));
	/* The oldest goes, somebody else comes. */
	for (uint64_t i = 0; i < 10 * MAX; i++) {
		ct_tally_down(&tally, ct_world_key(i));
		ct_tally_up(&tally, ct_world_key(MAX + i));
	}
	for (uint64_t i = 10 * MAX; i < 11 * MAX; i++)
		ck_assert_uint_eq(ct_tally_has(&tally, ct_world_key(i)), 1);
	for (uint64_t i = 10 * MAX; i < 11 * MAX; i++)
		ct_tally_down(&tally, ct_world_key(i));
	for (uint32_t i = 0; i < (tally.mask + 1) * 8; i++)
		ck_assert_uint_eq(atomic_load(&tally.slots[i]), 0);
}
END_TEST

START_TEST(one_source_may_have_them_all)
{
	for (uint32_t i = 0; i < MAX; i++)
		ct_tally_up(&tally, ct_world_key(1));
	ck_assert_uint_eq(ct_tally_has(&tally, ct_world_key(1)), MAX);
	ck_assert_uint_eq(ct_tally_has(&tally, ct_world_key(2)), 0);
	for (uint32_t i = 0; i < MAX; i++)
		ct_tally_down(&tally, ct_world_key(1));
	ck_assert_uint_eq(ct_tally_has(&tally, ct_world_key(1)), 0);
	/* One less of none is none. */
	ct_tally_down(&tally, ct_world_key(1));
	ck_assert_uint_eq(ct_tally_has(&tally, ct_world_key(1)), 0);
}
END_TEST

static void *come_and_go(void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < ROUNDS; i++) {
		ct_tally_up(&tally, ct_world_key(i % FEW));
		ct_tally_up(&tally, ct_world_key(i % FEW));
		ct_tally_down(&tally, ct_world_key(i % FEW));
		ct_tally_down(&tally, ct_world_key(i % FEW));
	}
	for (uint32_t i = 0; i < FEW; i++)
		ct_tally_up(&tally, ct_world_key(i));
	return NULL;
}

START_TEST(threads_lose_no_count)
{
	pthread_t threads[THREADS];

	for (unsigned i = 0; i < THREADS; i++)
		ck_assert_int_eq(
			pthread_create(&threads[i], NULL, come_and_go, NULL),
			0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (uint32_t i = 0; i < FEW; i++)
		ck_assert_uint_eq(ct_tally_has(&tally, ct_world_key(i)),
				  THREADS);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("tally");
	TCase *tcase = tcase_create("tally");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, as_many_sources_as_connections_are_told_apart);
	tcase_add_test(tcase, who_leaves_makes_room);
	tcase_add_test(tcase, one_source_may_have_them_all);
	tcase_add_test(tcase, threads_lose_no_count);
	suite_add_tcase(suite, tcase);
	return suite;
}
