/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NPTv6: the address for each address, sums that stay, and the way back
 * (RFC 6296).
 */
#include "nat/npt.h"
#include "suite.h"
#include "wire/csum.h"

#include <arpa/inet.h>
#include <string.h>

static union ct_addr addr(const char *text)
{
	union ct_addr a;

	ck_assert_int_eq(inet_pton(AF_INET6, text, &a), 1);
	return a;
}

static struct ct_nat_range prefix(const char *text, unsigned bits)
{
	struct ct_nat_range range = { .size = sizeof(range),
				      .flags = CT_NAT_ADDR | CT_NAT_NPT,
				      .min_addr = addr(text) };

	range.max_addr = range.min_addr;
	for (unsigned i = bits; i < 128; i++)
		range.max_addr.bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
	return range;
}

static bool map(const char *to, unsigned bits, union ct_addr *a)
{
	struct ct_nat_range range = prefix(to, bits);

	ck_assert(ct_npt_good(&range));
	if (!ct_npt_map(&range, a))
		return false;
	ck_assert_mem_eq(&range.min_addr, &range.max_addr, sizeof(*a));
	/* Same sum, zero in either form. */
	ck_assert_uint_eq(ct_csum_folded(ct_csum_add(0, a, 16)) % 0xffff,
			  ct_csum_folded(ct_csum_add(0, &range.min_addr, 16)) %
				  0xffff);
	*a = range.min_addr;
	return true;
}

static void expect(const char *from, const char *to, unsigned bits,
		   const char *want)
{
	union ct_addr a = addr(from), b = addr(want);

	ck_assert(map(to, bits, &a));
	ck_assert_mem_eq(&a, &b, sizeof(a));
}

START_TEST(rfc6296_3_6_example)
{
	expect("fd01:203:405:1::1234", "2001:db8:1::", 48,
	       "2001:db8:1:d550::1234");
	expect("2001:db8:1:d550::1234", "fd01:203:405::", 48,
	       "fd01:203:405:1::1234");
}
END_TEST

START_TEST(rfc6296_3_4_short_prefixes_change_the_subnet)
{
	/* 0xfd01 - 0x2001 = 0xdd00, and 0xdb8 less of one to the next. */
	expect("fd01::1", "2001:db8::", 32, "2001:db8:0:cf48::1");
	expect("2001:db8:0:cf48::1", "fd01::", 32, "fd01::1");
	expect("fd00:0:0:2::9", "fd00::", 48, "fd00:0:0:2::9");
}
END_TEST

START_TEST(rfc6296_3_5_long_prefixes_change_the_interface)
{
	union ct_addr a = addr("fd01:203:405:7::1234"), b = a;

	ck_assert(map("2001:db8:1:8::", 64, &a));
	b = addr("2001:db8:1:8::1234");
	ck_assert_mem_eq(a.bytes, b.bytes, 8);
	ck_assert_mem_eq(a.bytes + 10, b.bytes + 10, 6);
	ck_assert(map("fd01:203:405:7::", 64, &a));
	b = addr("fd01:203:405:7::1234");
	ck_assert_mem_eq(&a, &b, sizeof(a));
}
END_TEST

START_TEST(rfc6296_3_5_first_word_that_is_not_all_ones)
{
	union ct_addr a = addr("fd01::ffff:ffff:0:1"), b = a;

	ck_assert(map("2001:db8:0:5::", 64, &a));
	ck_assert_mem_eq(a.bytes + 8, b.bytes + 8, 4);
	ck_assert_mem_ne(a.bytes + 12, b.bytes + 12, 2);
	ck_assert_mem_eq(a.bytes + 14, b.bytes + 14, 2);
	ck_assert(map("fd01::", 64, &a));
	ck_assert_mem_eq(&a, &b, sizeof(a));
}
END_TEST

START_TEST(rfc6296_3_2_subnet_of_all_ones_has_no_mapping)
{
	union ct_addr a = addr("fd01:203:405:ffff::1");

	ck_assert(!map("2001:db8:1::", 48, &a));
}
END_TEST

START_TEST(rfc6296_3_7_interfaces_without_a_mapping)
{
	union ct_addr zeros = addr("fd01:203:405:7::");
	union ct_addr ones = addr("fd01:203:405:7:ffff:ffff:ffff:ffff");

	ck_assert(!map("2001:db8:1:8::", 64, &zeros));
	ck_assert(!map("2001:db8:1:8::", 64, &ones));
	ck_assert(map("2001:db8:1::", 48, &zeros));
	ck_assert(map("2001:db8:1::", 48, &ones));
}
END_TEST

/* All ones is written as zero; so no word is both. */
START_TEST(rfc6296_3_2_all_ones_is_written_as_zero)
{
	/* The word and the difference, 0xd54f, are complements. */
	expect("fd01:203:405:2ab0::1", "2001:db8:1::", 48, "2001:db8:1::1");
	expect("2001:db8:1::1", "fd01:203:405::", 48, "fd01:203:405:2ab0::1");
}
END_TEST

START_TEST(words_come_back)
{
	static const struct {
		const char *in, *out;
		unsigned bits;
	} pairs[] = {
		{ "fd01:203:405::", "2001:db8:1::", 48 },
		{ "fd01:203:400::", "2001:db8::", 39 },
		{ "fd01::", "fd02::", 48 },
		{ "fd01:203:405:100::", "2001:db8:1:4200::", 56 },
		{ "fd01:203:405:7::", "2001:db8:1:8::", 64 },
	};

	for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		for (unsigned word = 0; word < 0xffff; word += 13) {
			union ct_addr a = addr(pairs[i].in), b;
			unsigned at = pairs[i].bits <= 48 ? 6 : 8;

			a.bytes[at] = (uint8_t)(word >> 8);
			a.bytes[at + 1] = (uint8_t)word;
			a.bytes[15] = 7;
			b = a;
			ck_assert(map(pairs[i].out, pairs[i].bits, &b));
			ck_assert(ct_csum_load(b.bytes + at) != 0xffff);
			ck_assert(map(pairs[i].in, pairs[i].bits, &b));
			ck_assert_mem_eq(&a, &b, sizeof(a));
		}
	}
}
END_TEST

START_TEST(what_is_no_prefix)
{
	struct ct_nat_range range = prefix("2001:db8::", 64);

	ck_assert(ct_npt_good(&range));
	range.max_addr.bytes[9] = 0; /* a hole */
	ck_assert(!ct_npt_good(&range));
	range = prefix("2001:db8::", 65);
	ck_assert(!ct_npt_good(&range));
	range = prefix("2001:db8::1", 128);
	ck_assert(!ct_npt_good(&range));
	range = prefix("::", 0);
	ck_assert(ct_npt_good(&range));
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("npt");
	TCase *tc = tcase_create("npt");

	tcase_add_test(tc, rfc6296_3_6_example);
	tcase_add_test(tc, rfc6296_3_4_short_prefixes_change_the_subnet);
	tcase_add_test(tc, rfc6296_3_5_long_prefixes_change_the_interface);
	tcase_add_test(tc, rfc6296_3_5_first_word_that_is_not_all_ones);
	tcase_add_test(tc, rfc6296_3_2_subnet_of_all_ones_has_no_mapping);
	tcase_add_test(tc, rfc6296_3_7_interfaces_without_a_mapping);
	tcase_add_test(tc, rfc6296_3_2_all_ones_is_written_as_zero);
	tcase_add_test(tc, words_come_back);
	tcase_add_test(tc, what_is_no_prefix);
	suite_add_tcase(suite, tc);
	return suite;
}
