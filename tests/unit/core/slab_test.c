/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slab: units, chunks, magazines and depots.
 */
#include "core/slab.h"

#include "alloc.h"
#include "suite.h"

#include <conntrack/types.h>
#include <stdlib.h>
#include <string.h>

static struct ct_test_alloc host_mem;
static struct ct_mem mem;
static struct ct_slab slab;
static struct ct_magazine magazine[CT_SLAB_CLASSES];

struct shape {
	uint32_t max_conns;
	uint32_t conn_units;
	uint32_t ext_units;
};

static const struct shape shapes[] = {
	{ 1, 2, 1 },     { 64, 2, 1 },   { 64, 3, 2 },    { 1000, 2, 0 },
	{ 1000, 5, 17 }, { 5000, 2, 1 }, { 64, 100, 40 },
};

#define N_SHAPES ((int)(sizeof(shapes) / sizeof(shapes[0])))

static void make(const struct shape *shape)
{
	struct ct_host host = { .size = sizeof(host) };

	ct_test_alloc_init(&host_mem);
	ct_test_alloc_host(&host_mem, &host);
	ct_mem_init(&mem, &host, 0);
	memset(magazine, 0, sizeof(magazine));
	ck_assert_int_eq(ct_slab_init(&slab, &mem, shape->max_conns,
				      shape->conn_units, shape->ext_units),
			 0);
}

static void end(void)
{
	ct_slab_fini(&slab);
	ct_test_alloc_leaks(&host_mem);
}

static uint32_t get(enum ct_slab_class class_)
{
	return ct_slab_alloc(&slab, &magazine[class_], class_);
}

static void put(enum ct_slab_class class_, uint32_t unit)
{
	ct_slab_free(&slab, &magazine[class_], class_, unit);
}

static bool filled(uint32_t unit, uint32_t units, uint32_t byte)
{
	const uint8_t *at = ct_slab_at(&slab, unit);

	for (uint32_t i = 0; i < units * CT_UNIT; i++)
		if (at[i] != byte)
			return false;
	return true;
}

START_TEST(no_object_overlaps_another)
{
	const struct shape *shape = &shapes[_i];
	uint32_t n = shape->max_conns;
	uint32_t *conns = calloc(n, sizeof(*conns));
	uint32_t *exts = calloc(n, sizeof(*exts));

	make(shape);
	for (uint32_t i = 0; i < n; i++) {
		ck_assert_uint_ne(conns[i] = get(CT_SLAB_CONN), 0);
		memset(ct_slab_at(&slab, conns[i]), (int)(i % 251),
		       (size_t)shape->conn_units * CT_UNIT);
		if (!shape->ext_units)
			continue;
		ck_assert_uint_ne(exts[i] = get(CT_SLAB_EXT), 0);
		memset(ct_slab_at(&slab, exts[i]), (int)(i % 241),
		       (size_t)shape->ext_units * CT_UNIT);
	}
	for (uint32_t i = 0; i < n; i++) {
		ck_assert(filled(conns[i], shape->conn_units, i % 251));
		ck_assert(!shape->ext_units ||
			  filled(exts[i], shape->ext_units, i % 241));
	}
	end();
	free(conns);
	free(exts);
}
END_TEST

START_TEST(address_leads_back_to_the_unit)
{
	const struct shape *shape = &shapes[_i];

	make(shape);
	for (uint32_t i = 0; i < shape->max_conns; i++) {
		uint32_t unit = get(CT_SLAB_CONN);
		uint8_t *at = ct_slab_at(&slab, unit);

		ck_assert_uint_eq((uintptr_t)at % CT_UNIT, 0);
		ck_assert_uint_eq(ct_slab_unit(&slab, at), unit);
		if (!shape->ext_units)
			continue;
		unit = get(CT_SLAB_EXT);
		ck_assert_uint_eq(ct_slab_unit(&slab, ct_slab_at(&slab, unit)),
				  unit);
	}
	end();
}
END_TEST

START_TEST(limit_and_headroom_fit_and_then_it_is_over)
{
	const struct shape *shape = &shapes[_i];
	uint32_t n = 0;

	make(shape);
	while (get(CT_SLAB_CONN))
		n++;
	ck_assert_uint_ge(n, shape->max_conns + 64);
	ck_assert_uint_eq(get(CT_SLAB_CONN), 0);
	end();
}
END_TEST

START_TEST(classes_live_in_chunks_of_their_own)
{
	make(&shapes[1]);
	for (unsigned i = 0; i < 40; i++) {
		uint32_t conn = get(CT_SLAB_CONN), ext = get(CT_SLAB_EXT);

		ck_assert_uint_ne(conn >> slab.shift, ext >> slab.shift);
		ck_assert_int_eq(slab.chunk[conn >> slab.shift].class_,
				 CT_SLAB_CONN);
		ck_assert_int_eq(slab.chunk[ext >> slab.shift].class_,
				 CT_SLAB_EXT);
	}
	end();
}
END_TEST

START_TEST(every_connection_has_a_deadline_of_its_own)
{
	const struct shape *shape = &shapes[_i];
	uint32_t *units = calloc(shape->max_conns, sizeof(*units));

	make(shape);
	for (uint32_t i = 0; i < shape->max_conns; i++) {
		units[i] = get(CT_SLAB_CONN);
		ck_assert_uint_eq(
			atomic_load(ct_slab_deadline(&slab, units[i])), 0);
		atomic_store(ct_slab_deadline(&slab, units[i]), i + 1);
	}
	for (uint32_t i = 0; i < shape->max_conns; i++)
		ck_assert_uint_eq(
			atomic_load(ct_slab_deadline(&slab, units[i])), i + 1);
	end();
	free(units);
}
END_TEST

START_TEST(what_is_freed_is_used_again)
{
	enum { N = 60 };
	uint32_t units[N], n_chunks;

	make(&shapes[1]);
	for (unsigned i = 0; i < N; i++)
		units[i] = get(CT_SLAB_CONN);
	n_chunks = atomic_load(&slab.n_chunks);
	for (unsigned round = 0; round < 50; round++) {
		for (unsigned i = 0; i < N; i++)
			put(CT_SLAB_CONN, units[i]);
		for (unsigned i = 0; i < N; i++) {
			units[i] = get(CT_SLAB_CONN);
			ck_assert_uint_ne(units[i], 0);
			for (unsigned j = 0; j < i; j++)
				ck_assert_uint_ne(units[i], units[j]);
		}
	}
	ck_assert_uint_eq(atomic_load(&slab.n_chunks), n_chunks);
	end();
}
END_TEST

START_TEST(magazine_keeps_some_and_the_depot_the_rest)
{
	enum { N = 60 };
	struct ct_magazine other = { 0 };
	uint32_t units[N], unit, n = 0;

	make(&shapes[1]);
	for (unsigned i = 0; i < N; i++)
		units[i] = get(CT_SLAB_CONN);
	for (unsigned i = 0; i < N; i++) {
		put(CT_SLAB_CONN, units[i]);
		ck_assert_uint_le(magazine[CT_SLAB_CONN].n, slab.magazine);
	}
	/* Another thread gets what is not in this one's magazine. */
	do {
		unit = ct_slab_alloc(&slab, &other, CT_SLAB_CONN);
		for (unsigned i = 0; i < N; i++)
			n += units[i] == unit;
	} while (unit);
	ck_assert_uint_eq(n, N - magazine[CT_SLAB_CONN].n);
	end();
}
END_TEST

START_TEST(flush_leaves_as_many_as_asked)
{
	uint32_t units[4];

	make(&shapes[1]);
	for (unsigned i = 0; i < 4; i++)
		units[i] = get(CT_SLAB_CONN);
	for (unsigned i = 0; i < 4; i++)
		put(CT_SLAB_CONN, units[i]);
	ck_assert_uint_eq(magazine[CT_SLAB_CONN].n, 4);
	ct_slab_flush(&slab, &magazine[CT_SLAB_CONN], CT_SLAB_CONN, 1);
	ck_assert_uint_eq(magazine[CT_SLAB_CONN].n, 1);
	ct_slab_flush(&slab, &magazine[CT_SLAB_CONN], CT_SLAB_CONN, 0);
	ck_assert_uint_eq(magazine[CT_SLAB_CONN].n, 0);
	ck_assert_uint_eq(magazine[CT_SLAB_CONN].free, 0);
	end();
}
END_TEST

START_TEST(every_place_is_visited_once)
{
	const struct shape *shape = &shapes[_i];
	uint32_t n = shape->max_conns, last = 0, found = 0;
	uint32_t *units = calloc(n, sizeof(*units));
	uint32_t unit;

	make(shape);
	ck_assert_uint_eq(ct_slab_next_conn(&slab, 0), 0);
	for (uint32_t i = 0; i < n; i++) {
		units[i] = get(CT_SLAB_CONN);
		if (shape->ext_units)
			get(CT_SLAB_EXT);
		memset(ct_slab_at(&slab, units[i]), 0xee, CT_UNIT);
	}
	for (unit = ct_slab_next_conn(&slab, 0); unit;
	     unit = ct_slab_next_conn(&slab, unit + shape->conn_units)) {
		const uint8_t *at = ct_slab_at(&slab, unit);

		ck_assert_uint_gt(unit, last);
		ck_assert_int_eq(slab.chunk[unit >> slab.shift].class_,
				 CT_SLAB_CONN);
		last = unit;
		found += at[7] == 0xee;
	}
	ck_assert_uint_eq(found, n);
	end();
	free(units);
}
END_TEST

/* A cursor that was kept may point into the middle of a place. */
START_TEST(next_place_is_never_behind)
{
	make(&shapes[2]); /* places of three units */
	for (unsigned i = 0; i < 40; i++)
		get(CT_SLAB_CONN);
	for (uint32_t unit = 0; unit < 200; unit++) {
		uint32_t next = ct_slab_next_conn(&slab, unit);

		ck_assert(!next || next >= unit);
		ck_assert_uint_eq(next % (1u << slab.shift) % 3, 0);
	}
	end();
}
END_TEST

/* 64 connections and their headroom in pages; that is what is promised to
 * small devices. */
START_TEST(small_tables_are_small)
{
	make(&shapes[1]);
	for (unsigned i = 0; i < 64; i++)
		get(CT_SLAB_CONN);
	ck_assert_uint_lt(ct_mem_in_use(&mem), 16 * 1024);
	end();
}
END_TEST

START_TEST(references_have_31_bits)
{
	struct ct_host host = { .size = sizeof(host) };

	ct_test_alloc_init(&host_mem);
	ct_test_alloc_host(&host_mem, &host);
	ct_mem_init(&mem, &host, 0);
	ck_assert_int_eq(ct_slab_init(&slab, &mem, UINT32_MAX, 2, 1),
			 CT_E_RANGE);
	ct_slab_fini(&slab);
	ck_assert_int_eq(ct_slab_init(&slab, &mem, 1u << 28, 8, 1), CT_E_RANGE);
	end();
}
END_TEST

START_TEST(out_of_memory_leaves_nothing_half_done)
{
	struct ct_host host = { .size = sizeof(host) };

	for (uint64_t n = 1; n <= 2; n++) {
		/* the directory, then the first chunk */
		ct_test_alloc_init(&host_mem);
		ct_test_alloc_host(&host_mem, &host);
		ct_mem_init(&mem, &host, 0);
		ct_test_alloc_fail_nth(&host_mem, n);
		ck_assert_int_eq(ct_slab_init(&slab, &mem, 64, 2, 1),
				 CT_E_NOMEM);
		end();
	}
	make(&shapes[1]);
	ct_test_alloc_fail_from(&host_mem, 1);
	while (get(CT_SLAB_CONN) != 0)
		ck_assert_uint_eq(atomic_load(&slab.n_chunks), 1);
	ct_test_alloc_fail_never(&host_mem);
	ck_assert_uint_ne(get(CT_SLAB_CONN), 0);
	end();
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("slab");
	TCase *tc = tcase_create("slab");

	tcase_add_loop_test(tc, no_object_overlaps_another, 0, N_SHAPES);
	tcase_add_loop_test(tc, address_leads_back_to_the_unit, 0, N_SHAPES);
	tcase_add_loop_test(tc, limit_and_headroom_fit_and_then_it_is_over, 0,
			    N_SHAPES);
	tcase_add_test(tc, classes_live_in_chunks_of_their_own);
	tcase_add_loop_test(tc, every_connection_has_a_deadline_of_its_own, 0,
			    N_SHAPES);
	tcase_add_test(tc, what_is_freed_is_used_again);
	tcase_add_test(tc, magazine_keeps_some_and_the_depot_the_rest);
	tcase_add_test(tc, flush_leaves_as_many_as_asked);
	tcase_add_loop_test(tc, every_place_is_visited_once, 0, N_SHAPES);
	tcase_add_test(tc, next_place_is_never_behind);
	tcase_add_test(tc, small_tables_are_small);
	tcase_add_test(tc, references_have_31_bits);
	tcase_add_test(tc, out_of_memory_leaves_nothing_half_done);
	suite_add_tcase(suite, tc);
	return suite;
}
