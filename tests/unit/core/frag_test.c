/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is kept of datagrams in fragments: pieces and runs, ranges that passed.
 */
#include "core/assembly.h"
#include "core/seen.h"
#include "suite.h"

#include <string.h>

enum { PIECES = 16 };

static struct ct_piece piece[PIECES];
static struct ct_assembly all;
static struct ct_seen seen;
static unsigned n;

static void setup(void)
{
	memset(piece, 0, sizeof(piece));
	memset(&all, 0, sizeof(all));
	memset(&seen, 0, sizeof(seen));
	n = 0;
}

static enum ct_assembly_end add(uint8_t l3, uint32_t off, uint32_t len,
				bool more)
{
	struct ct_fragment frag = { .off = off,
				    .len = len,
				    .hdr = 20,
				    .more = more,
				    .ecn = 1,
				    .key.l3 = l3 };

	piece[n].off = off;
	piece[n].len = len;
	piece[n].hdr = 20;
	return ct_assembly_add(&all, &piece[n++], &frag);
}

#define V4(off, len)      add(CT_L3_IPV4, off, len, true)
#define V4_LAST(off, len) add(CT_L3_IPV4, off, len, false)
#define V6(off, len)      add(CT_L3_IPV6, off, len, true)
#define V6_LAST(off, len) add(CT_L3_IPV6, off, len, false)

/* In order of their offsets, without a gap or an overlap. */
static void assert_complete(uint32_t len)
{
	uint32_t at = 0;

	for (const struct ct_piece *p = all.first; p; p = p->next) {
		ck_assert_uint_eq(p->off, at);
		at += p->len;
	}
	ck_assert_uint_eq(at, len);
}

START_TEST(pieces_are_sorted)
{
	ck_assert_int_eq(V4(80, 80), CT_ASSEMBLY_WAITS);
	ck_assert_int_eq(V4_LAST(240, 3), CT_ASSEMBLY_WAITS);
	ck_assert_int_eq(V4(0, 80), CT_ASSEMBLY_WAITS);
	ck_assert_int_eq(V4(160, 80), CT_ASSEMBLY_DONE);
	assert_complete(243);
	ck_assert_uint_eq(all.max, 100);
}
END_TEST

START_TEST(what_comes_in_order_is_one_run)
{
	V4(0, 8);
	V4(8, 8);
	V4(16, 8);
	ck_assert_ptr_eq(piece[0].run_last, &piece[2]);
	ck_assert_ptr_null(piece[1].run_last);
	/* across two pieces, but within the run */
	ck_assert_int_eq(V4(4, 8), CT_ASSEMBLY_DUPLICATE);
	ck_assert_int_eq(V4(0, 24), CT_ASSEMBLY_DUPLICATE);
	ck_assert_int_eq(V4(16, 16), CT_ASSEMBLY_OVERLAP);
}
END_TEST

START_TEST(what_fills_a_hole_is_a_run_of_its_own)
{
	V4(0, 8);
	V4(16, 8);
	V4(8, 8);
	ck_assert_int_eq(V4(8, 8), CT_ASSEMBLY_DUPLICATE);
	ck_assert_int_eq(V4(0, 16), CT_ASSEMBLY_OVERLAP);
}
END_TEST

START_TEST(nothing_fits_into_too_small_a_hole)
{
	V4(0, 8);
	V4(32, 8);
	ck_assert_int_eq(V4(0, 40), CT_ASSEMBLY_OVERLAP);
	ck_assert_int_eq(V4(8, 32), CT_ASSEMBLY_OVERLAP);
	ck_assert_int_eq(V4(16, 64), CT_ASSEMBLY_OVERLAP);
	ck_assert_int_eq(V4(8, 24), CT_ASSEMBLY_WAITS);
}
END_TEST

START_TEST(the_end_is_told_once)
{
	V4_LAST(80, 8);
	ck_assert_int_eq(V4_LAST(88, 8), CT_ASSEMBLY_BROKEN);
	ck_assert_int_eq(V4(88, 8), CT_ASSEMBLY_BROKEN);
	setup();
	V6_LAST(80, 8);
	ck_assert_int_eq(V6_LAST(72, 8), CT_ASSEMBLY_REFUSED);
	ck_assert_int_eq(V6(88, 8), CT_ASSEMBLY_REFUSED);
	ck_assert_int_eq(V6(0, 80), CT_ASSEMBLY_DONE);
}
END_TEST

START_TEST(odd_lengths_are_cut_or_refused)
{
	ck_assert_int_eq(V4(0, 15), CT_ASSEMBLY_WAITS);
	ck_assert_uint_eq(all.meat, 8);
	ck_assert_int_eq(V4_LAST(8, 7), CT_ASSEMBLY_DONE);
	setup();
	ck_assert_int_eq(V4(0, 7), CT_ASSEMBLY_BROKEN);
	setup();
	ck_assert_int_eq(V6(0, 15), CT_ASSEMBLY_UNEVEN);
}
END_TEST

START_TEST(ecn_is_that_of_all)
{
	all.ecn = 1 << 0;
	ck_assert_int_eq(ct_assembly_ecn(&all), 0);
	all.ecn = 1 << 2;
	ck_assert_int_eq(ct_assembly_ecn(&all), 0);
	all.ecn = 1 << 2 | 1 << 3;
	ck_assert_int_eq(ct_assembly_ecn(&all), 3);
	all.ecn = 1 << 0 | 1 << 2;
	ck_assert_int_eq(ct_assembly_ecn(&all), -1);
}
END_TEST

START_TEST(ranges_grow_together)
{
	ck_assert_int_eq(ct_seen_add(&seen, 0, 8, true), CT_SEEN_NEW);
	ck_assert_int_eq(ct_seen_add(&seen, 16, 24, true), CT_SEEN_NEW);
	ck_assert_uint_eq(seen.n, 2);
	ck_assert_int_eq(ct_seen_add(&seen, 8, 16, true), CT_SEEN_NEW);
	ck_assert_uint_eq(seen.n, 1);
	ck_assert(!seen.all);
	ck_assert_int_eq(ct_seen_add(&seen, 24, 27, false), CT_SEEN_NEW);
	ck_assert(seen.all);
}
END_TEST

START_TEST(ranges_share_no_byte)
{
	ct_seen_add(&seen, 16, 32, true);
	ck_assert_int_eq(ct_seen_add(&seen, 16, 32, true), CT_SEEN_OVERLAP);
	ck_assert_int_eq(ct_seen_add(&seen, 8, 24, true), CT_SEEN_OVERLAP);
	ck_assert_int_eq(ct_seen_add(&seen, 24, 48, true), CT_SEEN_OVERLAP);
	ck_assert_int_eq(ct_seen_add(&seen, 0, 64, true), CT_SEEN_OVERLAP);
	ck_assert_int_eq(ct_seen_add(&seen, 24, 24, true), CT_SEEN_LENGTH);
	ck_assert_int_eq(ct_seen_add(&seen, 0, 12, true), CT_SEEN_LENGTH);
	ck_assert_int_eq(ct_seen_add(&seen, 0, 8, false), CT_SEEN_LENGTH);
	ck_assert_uint_eq(seen.n, 1);
}
END_TEST

START_TEST(ranges_are_few)
{
	for (uint32_t i = 0; i < CT_SEEN_RANGES; i++)
		ck_assert_int_eq(ct_seen_add(&seen, i * 16, i * 16 + 8, true),
				 CT_SEEN_NEW);
	ck_assert_int_eq(ct_seen_add(&seen, 800, 808, true), CT_SEEN_FULL);
	/* one that grows needs no place */
	ck_assert_int_eq(ct_seen_add(&seen, 8, 16, true), CT_SEEN_NEW);
	ck_assert_int_eq(ct_seen_add(&seen, 800, 808, true), CT_SEEN_NEW);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("frag");
	TCase *tc = tcase_create("frag");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, pieces_are_sorted);
	tcase_add_test(tc, what_comes_in_order_is_one_run);
	tcase_add_test(tc, what_fills_a_hole_is_a_run_of_its_own);
	tcase_add_test(tc, nothing_fits_into_too_small_a_hole);
	tcase_add_test(tc, the_end_is_told_once);
	tcase_add_test(tc, odd_lengths_are_cut_or_refused);
	tcase_add_test(tc, ecn_is_that_of_all);
	tcase_add_test(tc, ranges_grow_together);
	tcase_add_test(tc, ranges_share_no_byte);
	tcase_add_test(tc, ranges_are_few);
	suite_add_tcase(suite, tc);
	return suite;
}
