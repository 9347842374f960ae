/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SipHash-2-4 against the test vectors that its authors publish with their
 * reference code: the key is 0, 1, ..., 15, the input 0, 1, ..., len - 1.
 */
#include "base/siphash.h"

#include "suite.h"

enum { WORD = 8, VECTORS = 8 };

static const struct {
	size_t len;
	uint64_t hash;
} vectors[VECTORS] = {
	{ 0, 0x726fdb47dd0e0e31 },  { 8, 0x93f5f5799a932462 },
	{ 16, 0x3f2acc7f57c29bdb }, { 24, 0xb8ad50c6f649af94 },
	{ 32, 0x7127512f72f27cce }, { 40, 0x0e3ea96b5304a7d0 },
	{ 48, 0xe612a3cb9ecba951 }, { 56, 0xb78dbfaf3a8d83bd },
};

START_TEST(published_vectors_come_out)
{
	uint8_t key[CT_SIPHASH_KEY], input[VECTORS * WORD];

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(input); i++)
		input[i] = (uint8_t)i;
	ck_assert_uint_eq(ct_siphash(key, input, vectors[_i].len),
			  vectors[_i].hash);
}
END_TEST

START_TEST(input_may_lie_anywhere)
{
	uint8_t key[CT_SIPHASH_KEY] = { 1, 2, 3 };
	uint8_t bytes[3 * WORD] = { 0 };
	uint64_t aligned = ct_siphash(key, bytes, 2 * WORD);

	for (unsigned off = 1; off < WORD; off++)
		ck_assert_uint_eq(ct_siphash(key, bytes + off, 2 * WORD),
				  aligned);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("siphash");
	TCase *tc = tcase_create("siphash");

	tcase_add_loop_test(tc, published_vectors_come_out, 0, VECTORS);
	tcase_add_test(tc, input_may_lie_anywhere);
	suite_add_tcase(suite, tc);
	return suite;
}
