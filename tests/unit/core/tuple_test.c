/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tuples: the narrow form and back, and what is hashed.
 */
#include "core/tuple.h"

#include "suite.h"

static const struct ct_hash_key secret = {
	.secret = { 1, 2, 3, 4, 5, 6, 7, 8, 9 },
};

/* Every byte another one, so that nothing can take another's place. */
static struct ct_tuple sample(uint8_t l3)
{
	struct ct_tuple t;
	uint8_t *bytes = (uint8_t *)&t;
	size_t used = l3 == CT_L3_IPV4 ? sizeof(t.src.v4) : sizeof(t.src);

	memset(&t, 0, sizeof(t));
	for (size_t i = 0; i < used; i++) {
		t.src.bytes[i] = (uint8_t)(0x10 + i);
		t.dst.bytes[i] = (uint8_t)(0x30 + i);
	}
	for (size_t i = offsetof(struct ct_tuple, src_id); i < sizeof(t); i++)
		bytes[i] = (uint8_t)(0x50 + i);
	t.l3 = l3;
	return t;
}

START_TEST(narrow_form_loses_nothing)
{
	struct ct_tuple t = sample(CT_L3_IPV4), back;
	struct ct_narrow narrow;

	memset(&back, 0xff, sizeof(back));
	ct_narrow_pack(&narrow, &t);
	ct_narrow_unpack(&narrow, &back);
	ck_assert(ct_tuple_equal(&t, &back));
}
END_TEST

START_TEST(every_narrow_byte_comes_from_one_of_the_tuple)
{
	struct ct_tuple t = sample(CT_L3_IPV4);
	struct ct_narrow before, after;

	ct_narrow_pack(&before, &t);
	t.zone ^= 0x100;
	t.l4 ^= 1;
	t.src_id ^= 1;
	t.dst_id ^= 1;
	t.src.bytes[3] ^= 1;
	t.dst.bytes[0] ^= 1;
	ct_narrow_pack(&after, &t);
	ck_assert_uint_eq(before.zone ^ after.zone, 0x100);
	ck_assert_uint_eq(before.l4 ^ after.l4, 1);
	ck_assert_uint_eq(before.src_id ^ after.src_id, 1);
	ck_assert_uint_eq(before.dst_id ^ after.dst_id, 1);
	ck_assert_uint_ne(before.src, after.src);
	ck_assert_uint_ne(before.dst, after.dst);
}
END_TEST

START_TEST(only_ipv4_is_narrow)
{
	struct ct_tuple t;

	for (unsigned l3 = 0; l3 < 256; l3++) {
		t = sample((uint8_t)l3);
		ck_assert_int_eq(ct_tuple_wide(&t), l3 != CT_L3_IPV4);
	}
}
END_TEST

/* Unused bytes of an address are zero by contract; all others must count. */
START_TEST(every_byte_makes_another_key)
{
	static const uint8_t l3s[] = { CT_L3_IPV4, CT_L3_IPV6, 77 };

	for (unsigned l = 0; l < sizeof(l3s); l++) {
		struct ct_tuple t = sample(l3s[l]);
		uint8_t *bytes = (uint8_t *)&t;
		struct ct_key before, after;

		ct_key_make(&before, &t, &secret);
		for (size_t i = 0; i < sizeof(t); i++) {
			if (!bytes[i])
				continue;
			bytes[i] ^= 0x80;
			ct_key_make(&after, &t, &secret);
			ck_assert_uint_ne(before.hash, after.hash);
			ck_assert(!ct_tuple_equal(&before.tuple, &after.tuple));
			bytes[i] ^= 0x80;
		}
		ct_key_make(&after, &t, &secret);
		ck_assert_uint_eq(before.hash, after.hash);
		ck_assert_int_eq(after.wide, l3s[l] != CT_L3_IPV4);
	}
}
END_TEST

START_TEST(two_tables_hash_differently)
{
	struct ct_hash_key other = { .kind = CT_HASH_XXH3 };
	struct ct_tuple t = sample(CT_L3_IPV4);
	struct ct_key a, b;

	for (size_t i = 0; i < sizeof(other.secret); i++)
		other.secret[i] = (uint8_t)(i * i);
	ct_key_make(&a, &t, &secret);
	ct_key_make(&b, &t, &other);
	ck_assert_uint_ne(a.hash, b.hash);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("tuple");
	TCase *tc = tcase_create("tuple");

	tcase_add_test(tc, narrow_form_loses_nothing);
	tcase_add_test(tc, every_narrow_byte_comes_from_one_of_the_tuple);
	tcase_add_test(tc, only_ipv4_is_narrow);
	tcase_add_test(tc, every_byte_makes_another_key);
	tcase_add_test(tc, two_tables_hash_differently);
	suite_add_tcase(suite, tc);
	return suite;
}
