/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Internet checksum: known sums, any alignment, any cutting.
 */
#include "suite.h"
#include "wire/csum.h"

#include <stdlib.h>
#include <string.h>

/* A sum as RFC 1071, 1, tells it, word by word. */
static uint16_t plain_sum(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void fill(uint8_t *bytes, size_t len)
{
	uint32_t x = 1;

	for (size_t i = 0; i < len; i++) {
		x = x * 1103515245 + 12345;
		bytes[i] = (uint8_t)(x >> 16);
	}
}

START_TEST(example_of_rfc_1071)
{
	const uint8_t bytes[] = {
		0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7
	};

	/* RFC 1071, 3: the sum is ddf2 */
	ck_assert_uint_eq(ct_csum_fold(ct_csum_add(0, bytes, 8)),
			  0xffff - 0xddf2);
}
END_TEST

START_TEST(nothing_sums_to_nothing)
{
	ck_assert_uint_eq(ct_csum_add(0, "", 0), 0);
	ck_assert_uint_eq(ct_csum_fold(0), 0xffff);
}
END_TEST

START_TEST(right_checksum_folds_to_zero)
{
	uint8_t bytes[64];
	uint16_t sum;

	fill(bytes, sizeof(bytes));
	memset(bytes + 10, 0, 2);
	sum = ct_csum_fold(ct_csum_add(0, bytes, sizeof(bytes)));
	bytes[10] = (uint8_t)(sum >> 8);
	bytes[11] = (uint8_t)sum;
	ck_assert_uint_eq(ct_csum_fold(ct_csum_add(0, bytes, sizeof(bytes))),
			  0);
	bytes[63] ^= 1;
	ck_assert_uint_ne(ct_csum_fold(ct_csum_add(0, bytes, sizeof(bytes))),
			  0);
}
END_TEST

START_TEST(every_length_at_every_alignment)
{
	uint8_t bytes[80];

	fill(bytes, sizeof(bytes));
	for (size_t off = 0; off < 8; off++)
		for (size_t len = 0; len <= 70; len++)
			ck_assert_uint_eq(
				ct_csum_fold(ct_csum_add(0, bytes + off, len)),
				plain_sum(bytes + off, len));
}
END_TEST

START_TEST(parts_of_even_length_may_be_chained)
{
	uint8_t bytes[61];
	uint32_t sum;

	fill(bytes, sizeof(bytes));
	for (size_t cut = 0; cut <= 60; cut += 2) {
		sum = ct_csum_add(0, bytes, cut);
		sum = ct_csum_add(sum, bytes + cut, sizeof(bytes) - cut);
		ck_assert_uint_eq(ct_csum_fold(sum),
				  plain_sum(bytes, sizeof(bytes)));
	}
}
END_TEST

START_TEST(carries_of_a_large_sum_are_kept)
{
	uint8_t *bytes = malloc(65535);

	ck_assert_ptr_nonnull(bytes);
	memset(bytes, 0xff, 65535);
	ck_assert_uint_eq(ct_csum_fold(ct_csum_add(0xffffffff, bytes, 65534)),
			  0);
	ck_assert_uint_eq(ct_csum_fold(ct_csum_add(0, bytes, 65535)), 0xff);
	free(bytes);
}
END_TEST

/* RFC 1624, 4: the example that RFC 1141 gets wrong. */
START_TEST(example_of_rfc_1624)
{
	const uint8_t old[] = { 0x55, 0x55 }, new[] = { 0x32, 0x85 };
	uint8_t sum[] = { 0xdd, 0x2f };

	ct_csum_patch(sum, ct_csum_diff(0, old, new, sizeof(old)));
	ck_assert_uint_eq(sum[0], 0);
	ck_assert_uint_eq(sum[1], 0);
}
END_TEST

START_TEST(patched_sum_is_the_new_sum)
{
	uint8_t bytes[64], new[64], sum[2];

	fill(new, sizeof(new));
	for (unsigned from = 0; from < 64; from += 2) {
		for (unsigned len = 0; from + len <= 64; len += 2) {
			uint16_t want, is;
			uint32_t diff;

			fill(bytes, sizeof(bytes));
			bytes[0] = 1; /* no sum of a packet is zero */
			want = plain_sum(bytes, sizeof(bytes));
			sum[0] = (uint8_t)(want >> 8);
			sum[1] = (uint8_t)want;
			new[0] = 2;
			diff = ct_csum_diff(0, bytes + from,
					    new + 64 - from - len, len);
			memcpy(bytes + from, new + 64 - from - len, len);
			ct_csum_patch(sum, diff);
			want = plain_sum(bytes, sizeof(bytes));
			is = (uint16_t)(sum[0] << 8 | sum[1]);
			ck_assert_uint_eq(is, want);
		}
	}
}
END_TEST

START_TEST(nothing_changed_leaves_any_sum)
{
	uint8_t sum[2];

	for (uint32_t i = 0; i <= UINT16_MAX; i += 0x1111) {
		sum[0] = (uint8_t)(i >> 8);
		sum[1] = (uint8_t)i;
		ct_csum_patch(sum, ct_csum_diff(0, "abcd", "abcd", 4));
		ct_csum_patch_partial(sum, ct_csum_diff(0, "abcd", "abcd", 4));
		ct_csum_patch(sum, 0);
		ck_assert_uint_eq((uint32_t)(sum[0] << 8 | sum[1]), i);
	}
}
END_TEST

START_TEST(partial_sum_is_no_complement)
{
	uint8_t sum[] = { 0x12, 0x34 };

	ct_csum_patch_partial(sum, ct_csum_diff(0, "\0\1", "\0\3", 2));
	ck_assert_uint_eq(sum[0] << 8 | sum[1], 0x1236);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("csum");
	TCase *tc = tcase_create("csum");

	tcase_add_test(tc, example_of_rfc_1071);
	tcase_add_test(tc, nothing_sums_to_nothing);
	tcase_add_test(tc, right_checksum_folds_to_zero);
	tcase_add_test(tc, every_length_at_every_alignment);
	tcase_add_test(tc, parts_of_even_length_may_be_chained);
	tcase_add_test(tc, carries_of_a_large_sum_are_kept);
	tcase_add_test(tc, example_of_rfc_1624);
	tcase_add_test(tc, patched_sum_is_the_new_sum);
	tcase_add_test(tc, nothing_changed_leaves_any_sum);
	tcase_add_test(tc, partial_sum_is_no_complement);
	suite_add_tcase(suite, tc);
	return suite;
}
