/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flows that were missed, and how often.
 */
#include "core/ghost.h"

#include "core/table.h"
#include "suite.h"
#include "world.h"

enum { MAX = 64, MOST = CT_GHOST_MOST };

static struct ct_world w;

static void setup(void)
{
	ct_world_start(&w, MAX);
	/* No set is aged, but where a test says so. */
	w.thr->ghost_counts = 1;
}

static void teardown(void)
{
	ct_world_end(&w);
}

/* => The hash of the n-th flow of a set. */
static uint64_t of_set(uint32_t set, uint32_t n)
{
	return (uint64_t)(n + 1) << 32 | set;
}

static unsigned miss(uint32_t n)
{
	return ct_ghost_add(w.thr, of_set(3, n), 1);
}

START_TEST(a_flow_is_counted_up_to_the_most)
{
	for (unsigned i = 0; i < MOST; i++)
		ck_assert_uint_eq(ct_ghost_add(w.thr, of_set(3, 0), 1), i);
	w.thr->ghost_counts = 1;
	ck_assert_uint_eq(miss(0), MOST);
	ck_assert_uint_eq(miss(0), MOST);
}
END_TEST

START_TEST(as_many_as_a_set_has_ways_are_told_apart)
{
	for (uint32_t n = 0; n < CT_GHOST_WAYS; n++)
		ck_assert_uint_eq(ct_ghost_add(w.thr, of_set(3, n), n + 1), 0);
	for (uint32_t n = 0; n < CT_GHOST_WAYS; n++)
		ck_assert_uint_eq(miss(n), n + 1);
	/* The same flow of another set is another one. */
	ck_assert_uint_eq(ct_ghost_add(w.thr, of_set(4, 0), 1), 0);
}
END_TEST

START_TEST(who_finds_no_cell_takes_that_of_the_least_in_the_end)
{
	for (uint32_t n = 0; n < CT_GHOST_WAYS; n++)
		ct_ghost_add(w.thr, of_set(3, n), n == 2 ? 2 : 5);
	ck_assert_uint_eq(miss(9), 0); /* the third one has 1 */
	ck_assert_uint_eq(miss(9), 0); /* its place is taken */
	ck_assert_uint_eq(miss(9), 1);
	for (uint32_t n = 0; n < CT_GHOST_WAYS; n++)
		if (n != 2)
			ck_assert_uint_eq(miss(n), 5);
}
END_TEST

/* Tags that differ by one, or are all zeros or ones, are other tags. */
START_TEST(no_tag_is_taken_for_its_neighbour)
{
	static const uint64_t tags[CT_GHOST_WAYS] = { 0, 1, 0xffe, 0xfff };

	for (unsigned i = 0; i < CT_GHOST_WAYS; i++)
		ck_assert_uint_eq(ct_ghost_add(w.thr, tags[i] << 32, i + 2), 0);
	for (unsigned i = 0; i < CT_GHOST_WAYS; i++)
		ck_assert_uint_eq(ct_ghost_add(w.thr, tags[i] << 32, 1), i + 2);
}
END_TEST

/* One set in 16 counts, each in its turn. */
START_TEST(a_set_that_is_aged_has_half)
{
	ct_ghost_add(w.thr, of_set(3, 0), 9);
	ct_ghost_add(w.thr, of_set(3, 1), 4);
	ct_ghost_add(w.thr, of_set(5, 0), 9);
	w.thr->ghost_counts = 0;
	w.thr->ghost = 3;
	ck_assert_uint_eq(miss(0), 9 / 2);
	ck_assert_uint_eq(miss(1), 4 / 2);
	ck_assert_uint_eq(ct_ghost_add(w.thr, of_set(5, 0), 1), 9);
	ck_assert_uint_eq(w.thr->ghost, 4);
}
END_TEST

START_TEST(there_are_two_cells_for_each_connection_at_least)
{
	ck_assert_uint_eq(ct_ghosts_bytes(w.tbl), 0);
	miss(0);
	ck_assert_uint_ge(ct_ghosts_bytes(w.tbl), 2 * 2 * MAX);
	ck_assert_uint_le(ct_ghosts_bytes(w.tbl), 2 * 4 * MAX + 16);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("ghost");
	TCase *tc = tcase_create("sets");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_flow_is_counted_up_to_the_most);
	tcase_add_test(tc, as_many_as_a_set_has_ways_are_told_apart);
	tcase_add_test(tc,
		       who_finds_no_cell_takes_that_of_the_least_in_the_end);
	tcase_add_test(tc, no_tag_is_taken_for_its_neighbour);
	tcase_add_test(tc, a_set_that_is_aged_has_half);
	tcase_add_test(tc, there_are_two_cells_for_each_connection_at_least);
	suite_add_tcase(suite, tc);
	return suite;
}
