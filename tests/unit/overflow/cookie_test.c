/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SYN cookies: what goes in comes out, and nothing else gets through.
 */
#include "overflow/cookie.h"
#include "suite.h"

#include <string.h>

static const uint8_t key[CT_SIPHASH_KEY] = "a secret of ours";
static const struct ct_tuple client = {
	.src = { .bytes = { 10, 0, 0, 1 } },
	.dst = { .bytes = { 192, 0, 2, 1 } },
	.src_id = 0x1234,
	.dst_id = 0x5000,
	.l3 = CT_L3_IPV4,
	.l4 = 6,
};

enum { ISN = 77, EPOCH = 1000 };

static uint32_t made(const struct ct_offer *offer)
{
	return ct_cookie_make(key, &client, ISN, offer, EPOCH);
}

START_TEST(what_was_offered_comes_back)
{
	static const uint16_t mss[][2] = { { 0, 216 },     { 536, 536 },
					   { 1219, 536 },  { 1220, 1220 },
					   { 1459, 1440 }, { 1460, 1460 },
					   { 9000, 8940 }, { 65535, 8940 } };

	for (size_t i = 0; i < sizeof(mss) / sizeof(mss[0]); i++)
		for (uint8_t shift = 0; shift <= CT_WSCALE_NONE; shift++) {
			struct ct_offer in = { mss[i][0], shift, shift & 1, 0 };
			struct ct_offer out = { 0 };

			ck_assert(ct_cookie_check(key, &client, ISN, made(&in),
						  EPOCH, &out));
			ck_assert_uint_eq(out.mss, mss[i][1]);
			ck_assert_uint_eq(out.wscale, shift);
			ck_assert_uint_eq(out.sack, in.sack);
		}
}
END_TEST

START_TEST(a_cookie_counts_for_two_epochs)
{
	struct ct_offer offer = { 1460, 7, true, false };
	uint32_t cookie = made(&offer);

	ck_assert(ct_cookie_check(key, &client, ISN, cookie, EPOCH, &offer));
	ck_assert(
		ct_cookie_check(key, &client, ISN, cookie, EPOCH + 1, &offer));
	for (uint32_t later = 2; later < 9; later++)
		ck_assert(!ct_cookie_check(key, &client, ISN, cookie,
					   EPOCH + later, &offer));
	ck_assert(
		!ct_cookie_check(key, &client, ISN, cookie, EPOCH - 1, &offer));
}
END_TEST

START_TEST(a_cookie_is_of_one_handshake_alone)
{
	struct ct_offer offer = { 1460, 7, true, false };
	uint32_t cookie = made(&offer);
	struct ct_tuple other = client;
	uint8_t other_key[CT_SIPHASH_KEY];

	ck_assert(
		!ct_cookie_check(key, &client, ISN + 1, cookie, EPOCH, &offer));
	other.src_id++;
	ck_assert(!ct_cookie_check(key, &other, ISN, cookie, EPOCH, &offer));
	memcpy(other_key, key, sizeof(key));
	other_key[15] ^= 1;
	ck_assert(!ct_cookie_check(other_key, &client, ISN, cookie, EPOCH,
				   &offer));
}
END_TEST

/* Each bit is proven, those that say what was offered included. */
START_TEST(no_bit_may_change)
{
	struct ct_offer offer = { 1460, 7, true, false };
	uint32_t cookie = made(&offer);

	for (unsigned bit = 0; bit < 32; bit++)
		ck_assert(!ct_cookie_check(key, &client, ISN,
					   cookie ^ 1u << bit, EPOCH, &offer));
}
END_TEST

/* Of 2^20 guesses one in eight is right by chance, and more than four never are. */
START_TEST(guesses_fail)
{
	struct ct_offer offer;
	unsigned n = 0;

	for (uint32_t i = 0; i < 1u << 20; i++)
		n += ct_cookie_check(key, &client, ISN, i * 2654435761u, EPOCH,
				     &offer);
	ck_assert_uint_le(n, 4);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("overflow/cookie");
	TCase *tcase = tcase_create("cookie");

	tcase_add_test(tcase, what_was_offered_comes_back);
	tcase_add_test(tcase, a_cookie_counts_for_two_epochs);
	tcase_add_test(tcase, a_cookie_is_of_one_handshake_alone);
	tcase_add_test(tcase, no_bit_may_change);
	tcase_add_test(tcase, guesses_fail);
	suite_add_tcase(suite, tcase);
	return suite;
}
