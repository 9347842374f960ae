/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keyed hash, of both kinds: every byte of the input and of the key's
 * choice counts.
 */
#include "base/hash.h"

#include "suite.h"

#include <string.h>

enum { NARROW = 16, WIDE = 40 };

static struct ct_hash_key key;

static void set_key(enum ct_hash_kind kind)
{
	key.kind = kind;
	for (size_t i = 0; i < sizeof(key.secret); i++)
		key.secret[i] = (uint8_t)(i * 167 + 13);
}

static uint64_t hash(const void *bytes, size_t len)
{
	return len == NARROW ? ct_hash_narrow(&key, bytes)
			     : ct_hash_wide(&key, bytes);
}

START_TEST(same_bytes_have_the_same_hash)
{
	uint8_t a[WIDE] = { 1, 2, 3 }, b[WIDE] = { 1, 2, 3 };

	set_key((enum ct_hash_kind)_i);
	ck_assert_uint_eq(hash(a, WIDE), hash(b, WIDE));
	ck_assert_uint_eq(hash(a, NARROW), hash(b, NARROW));
}
END_TEST

/* Both halves change: one is the place, the top is the tag. */
START_TEST(every_bit_of_a_tuple_counts)
{
	static const size_t lens[] = { NARROW, WIDE };

	set_key((enum ct_hash_kind)_i);
	for (size_t l = 0; l < 2; l++) {
		uint8_t bytes[WIDE] = { 0 };
		uint64_t before = hash(bytes, lens[l]);

		for (size_t bit = 0; bit < 8 * lens[l]; bit++) {
			uint64_t after;

			bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
			after = hash(bytes, lens[l]);
			bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
			ck_assert_uint_ne((uint32_t)before, (uint32_t)after);
			ck_assert_uint_ne(before >> 48, after >> 48);
		}
	}
}
END_TEST

START_TEST(another_key_gives_another_hash)
{
	static const size_t lens[] = { NARROW, WIDE };
	size_t used = _i == CT_HASH_XXH3 ? 8 : CT_SIPHASH_KEY;
	uint8_t bytes[WIDE] = { 10, 0, 0, 2 };

	set_key((enum ct_hash_kind)_i);
	for (size_t l = 0; l < 2; l++) {
		uint64_t before = hash(bytes, lens[l]);
		unsigned same = 0;

		for (size_t i = 0; i < sizeof(key.secret); i++) {
			key.secret[i] ^= 0x55;
			same += hash(bytes, lens[l]) == before;
			key.secret[i] ^= 0x55;
		}
		/* A short input meets a part of the secret only. */
		ck_assert_uint_le(same, sizeof(key.secret) - used);
		memset(key.secret, 7, sizeof(key.secret));
		ck_assert_uint_ne(hash(bytes, lens[l]), before);
		set_key((enum ct_hash_kind)_i);
	}
}
END_TEST

/* Swapped ends are another tuple: nothing is folded before it is hashed. */
START_TEST(order_counts)
{
	uint8_t there[NARROW] = { 10, 0, 0, 2, 10, 0, 0, 3 };
	uint8_t back[NARROW] = { 10, 0, 0, 3, 10, 0, 0, 2 };

	set_key((enum ct_hash_kind)_i);
	ck_assert_uint_ne(hash(there, NARROW), hash(back, NARROW));
}
END_TEST

START_TEST(neighbouring_tuples_spread)
{
	enum { BUCKETS = 64, PER_BUCKET = 64 };
	unsigned load[BUCKETS] = { 0 };

	set_key((enum ct_hash_kind)_i);
	for (uint32_t i = 0; i < BUCKETS * PER_BUCKET; i++) {
		uint8_t bytes[NARROW] = { 10, 0, 0, 2 };

		memcpy(bytes + 8, &i, 2);
		load[hash(bytes, NARROW) % BUCKETS]++;
	}
	for (unsigned i = 0; i < BUCKETS; i++) {
		/* five times the standard deviation */
		ck_assert_uint_gt(load[i], PER_BUCKET - 40);
		ck_assert_uint_lt(load[i], PER_BUCKET + 40);
	}
}
END_TEST

START_TEST(kinds_have_nothing_in_common)
{
	uint8_t bytes[WIDE] = { 1, 2, 3 };
	uint64_t narrow, wide;

	set_key(CT_HASH_XXH3);
	narrow = hash(bytes, NARROW);
	wide = hash(bytes, WIDE);
	set_key(CT_HASH_SIPHASH);
	ck_assert_uint_ne(hash(bytes, NARROW), narrow);
	ck_assert_uint_ne(hash(bytes, WIDE), wide);
	ck_assert_uint_eq(hash(bytes, NARROW),
			  ct_siphash(key.secret, bytes, NARROW));
	ck_assert_uint_eq(hash(bytes, WIDE),
			  ct_siphash(key.secret, bytes, WIDE));
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("hash");
	TCase *tc = tcase_create("hash");

	tcase_add_loop_test(tc, same_bytes_have_the_same_hash, 0,
			    CT_HASH_KINDS);
	tcase_add_loop_test(tc, every_bit_of_a_tuple_counts, 0, CT_HASH_KINDS);
	tcase_add_loop_test(tc, another_key_gives_another_hash, 0,
			    CT_HASH_KINDS);
	tcase_add_loop_test(tc, order_counts, 0, CT_HASH_KINDS);
	tcase_add_loop_test(tc, neighbouring_tuples_spread, 0, CT_HASH_KINDS);
	tcase_add_test(tc, kinds_have_nothing_in_common);
	suite_add_tcase(suite, tc);
	return suite;
}
