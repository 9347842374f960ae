/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which ids are free: found in a few steps, held, excluded, counted.
 */
#include "nat/portmap.h"

#include "alloc.h"
#include "suite.h"

#include <string.h>

enum { ALL = 65536, OWNER = 7 };

static struct ct_test_alloc alloc;
static struct ct_mem mem;

static void setup(void)
{
	struct ct_host host = { .size = sizeof(host) };

	ct_test_alloc_init(&alloc);
	ct_test_alloc_host(&alloc, &host);
	ck_assert_int_eq(ct_mem_init(&mem, &host, 0), 0);
}

static void teardown(void)
{
	ct_test_alloc_leaks(&alloc);
}

/* What a search finds must be what a look at every id finds. */
static uint32_t slow_next(const struct ct_portmap *map, uint32_t from)
{
	for (; from < map->n; from++)
		if (ct_portmap_is_free(map, from))
			return from;
	return CT_PORTMAP_NONE;
}

START_TEST(next_is_what_a_look_at_every_id_finds)
{
	static const uint32_t sizes[] = { 1, 63, 64, 65, 100, 4096, 4097, ALL };
	uint32_t x = 1;

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct ct_portmap *map = ct_portmap_make(&mem, sizes[i], 0);

		ck_assert_uint_eq(ct_portmap_n_free(map), sizes[i]);
		for (unsigned k = 0; k < 400; k++) {
			uint32_t id = (x = x * 69069 + 1) >> 8;
			uint32_t from = id % sizes[i];

			/* Long runs of taken ids as well as single ones. */
			for (uint32_t n = id % 600; n; n--, from++)
				if (from < sizes[i] &&
				    ct_portmap_is_free(map, from))
					ct_portmap_take(map, from, OWNER);
			id = (x = x * 69069 + 1) >> 8;
			from = id % (sizes[i] + 1);
			ck_assert_uint_eq(ct_portmap_next(map, from),
					  slow_next(map, from));
			if (from < sizes[i] && !ct_portmap_is_free(map, from))
				ct_portmap_give(map, from);
		}
		ct_portmap_free(&mem, map);
	}
}
END_TEST

START_TEST(every_id_is_given_once)
{
	const struct ct_portspan all = { 0, ALL - 1 };
	struct ct_portmap *map = ct_portmap_make(&mem, ALL, 0);
	uint32_t x = 5;

	for (uint32_t i = 0; i < ALL; i++) {
		uint32_t id;

		x = x * 69069 + 1;
		id = ct_portmap_find(map, &all, x >> 16);
		ck_assert_uint_lt(id, ALL);
		ck_assert(ct_portmap_is_free(map, id));
		ct_portmap_take(map, id, i + 1);
	}
	ck_assert_uint_eq(ct_portmap_n_free(map), 0);
	ck_assert_uint_eq(ct_portmap_find(map, &all, 9), CT_PORTMAP_NONE);
	ct_portmap_give(map, 4711);
	ck_assert_uint_eq(ct_portmap_find(map, &all, 50000), 4711);
	ct_portmap_free(&mem, map);
}
END_TEST

START_TEST(a_span_is_not_left)
{
	const struct ct_portspan span = { 100, 131 };
	struct ct_portmap *map = ct_portmap_make(&mem, 1000, 0);

	for (uint32_t i = 0; i < 32; i++) {
		uint32_t id = ct_portmap_find(map, &span, 100 + i * 7 % 32);

		ck_assert_uint_ge(id, span.first);
		ck_assert_uint_le(id, span.last);
		ct_portmap_take(map, id, OWNER);
	}
	ck_assert_uint_eq(ct_portmap_find(map, &span, 120), CT_PORTMAP_NONE);
	ck_assert_uint_eq(ct_portmap_n_free(map), 1000 - 32);
	ct_portmap_free(&mem, map);
}
END_TEST

START_TEST(parity_is_kept_and_pairs_are_whole)
{
	const struct ct_portspan span = { 10, 201 };
	struct ct_portmap *map = ct_portmap_make(&mem, 256, 0);
	uint32_t odd = 0, id;

	ct_portmap_take(map, 50, OWNER);
	while ((id = ct_portmap_find_like(map, &span, 51, false)) !=
	       CT_PORTMAP_NONE) {
		ck_assert_uint_eq(id % 2, 1);
		ck_assert(id >= span.first && id <= span.last);
		ct_portmap_take(map, id, OWNER);
		odd++;
	}
	ck_assert_uint_eq(odd, 96);
	ck_assert_uint_eq(ct_portmap_find_like(map, &span, 60, true),
			  CT_PORTMAP_NONE);
	ct_portmap_give(map, 151);
	ck_assert_uint_eq(ct_portmap_find_like(map, &span, 60, true), 150);
	ck_assert_uint_eq(ct_portmap_find_like(map, &span, 61, true), 151);
	/* 50's neighbour would make a pair, if 50 were free. */
	ct_portmap_take(map, 151, OWNER);
	ct_portmap_give(map, 51);
	ck_assert_uint_eq(ct_portmap_find_like(map, &span, 61, true),
			  CT_PORTMAP_NONE);
	ct_portmap_free(&mem, map);
}
END_TEST

START_TEST(an_id_is_held_for_its_time_and_a_third_at_most)
{
	enum { HOLD = 12000 };

	for (uint32_t late = 0; late < HOLD; late += 777) {
		struct ct_portmap *map = ct_portmap_make(&mem, 200, HOLD);
		uint32_t start = UINT32_MAX - 5000, now = start;

		ct_portmap_take(map, 3, OWNER);
		ct_portmap_take(map, 4, OWNER);
		ct_portmap_hold(map, 3, now, 0); /* the sets begin to turn */
		now += late;
		ct_portmap_hold(map, 4, now, 0);
		for (uint32_t i = 0; i <= HOLD; i += 100) {
			ct_portmap_tick(map, now + i);
			if (i < HOLD)
				ck_assert(!ct_portmap_is_free(map, 4));
		}
		ct_portmap_tick(map, now + HOLD + HOLD / 3 + 1);
		ck_assert(ct_portmap_is_free(map, 4));
		ck_assert_uint_eq(map->n_held, 0);
		ck_assert_uint_eq(ct_portmap_n_free(map), 200);
		ct_portmap_free(&mem, map);
	}
}
END_TEST

START_TEST(an_excluded_id_is_never_free)
{
	struct ct_portmap *map = ct_portmap_make(&mem, 64, 300);

	ct_portmap_take(map, 1, OWNER);
	ct_portmap_hold(map, 1, 1000, 0);
	ct_portmap_take(map, 2, OWNER);
	ct_portmap_exclude(map, 1); /* held */
	ct_portmap_exclude(map, 2); /* taken */
	ct_portmap_exclude(map, 3); /* free */
	ct_portmap_leave(map, 2);
	ct_portmap_tick(map, 5000);
	ck_assert_uint_eq(ct_portmap_n_free(map), 61);
	ck_assert_uint_eq(map->n_held, 0);
	ck_assert_uint_eq(map->n_taken, 0);
	ck_assert_uint_eq(ct_portmap_next(map, 1), 4);
	ct_portmap_free(&mem, map);
}
END_TEST

START_TEST(without_memory_there_is_no_map)
{
	ct_test_alloc_fail_nth(&alloc, 1);
	ck_assert_ptr_null(ct_portmap_make(&mem, ALL, 0));
	ct_portmap_free(&mem, NULL);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("portmap");
	TCase *tc = tcase_create("portmap");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, next_is_what_a_look_at_every_id_finds);
	tcase_add_test(tc, every_id_is_given_once);
	tcase_add_test(tc, a_span_is_not_left);
	tcase_add_test(tc, parity_is_kept_and_pairs_are_whole);
	tcase_add_test(tc, an_id_is_held_for_its_time_and_a_third_at_most);
	tcase_add_test(tc, an_excluded_id_is_never_free);
	tcase_add_test(tc, without_memory_there_is_no_map);
	suite_add_tcase(suite, tc);
	return suite;
}
