/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv4 addresses in IPv6 ones: the table of RFC 6052 2.4.
 */
#include "suite.h"
#include "wire/pref64.h"

#include <arpa/inet.h>
#include <string.h>

static union ct_addr addr(const char *text)
{
	union ct_addr a;

	memset(&a, 0, sizeof(a));
	ck_assert_int_eq(
		inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, text, &a), 1);
	return a;
}

static const struct {
	const char *prefix;
	unsigned len;
	const char *v6;
} rfc[] = {
	{ "2001:db8::", 32, "2001:db8:c000:221::" },
	{ "2001:db8:100::", 40, "2001:db8:1c0:2:21::" },
	{ "2001:db8:122::", 48, "2001:db8:122:c000:2:2100::" },
	{ "2001:db8:122:300::", 56, "2001:db8:122:3c0:0:221::" },
	{ "2001:db8:122:344::", 64, "2001:db8:122:344:c0:2:2100::" },
	{ "2001:db8:122:344::", 96, "2001:db8:122:344::192.0.2.33" },
	{ "64:ff9b::", 96, "64:ff9b::192.0.2.33" },
};

enum { N = sizeof(rfc) / sizeof(rfc[0]) };

START_TEST(rfc6052_2_4_examples)
{
	const union ct_addr v4 = addr("192.0.2.33");

	for (unsigned i = 0; i < N; i++) {
		const union ct_addr prefix = addr(rfc[i].prefix);
		const union ct_addr want = addr(rfc[i].v6);
		union ct_addr got;

		ck_assert(ct_pref64_good(&prefix, rfc[i].len));
		ct_pref64_embed(&prefix, rfc[i].len, &v4, &got);
		ck_assert_mem_eq(&got, &want, sizeof(got));
		ck_assert(ct_pref64_has(&prefix, rfc[i].len, &got));
		ct_pref64_extract(rfc[i].len, &got, &got);
		ck_assert_mem_eq(&got, &v4, sizeof(got));
	}
}
END_TEST

START_TEST(rfc6052_2_2_suffix_is_not_looked_at)
{
	const union ct_addr v4 = addr("192.0.2.33");

	for (unsigned i = 0; i < N; i++) {
		union ct_addr a = addr(rfc[i].v6), got;

		a.bytes[8] = rfc[i].len < 96 ? 0xff : 0;
		for (unsigned at = 13; rfc[i].len < 96 && at < 16; at++)
			a.bytes[at] = 0xff;
		ct_pref64_extract(rfc[i].len, &a, &got);
		ck_assert_mem_eq(&got, &v4, sizeof(got));
	}
}
END_TEST

START_TEST(what_is_no_prefix)
{
	union ct_addr prefix = addr("2001:db8::");

	for (unsigned len = 0; len < 256; len++)
		ck_assert_int_eq(ct_pref64_good(&prefix, len),
				 len == 32 || len == 40 || len == 48 ||
					 len == 56 || len == 64 || len == 96);
	prefix = addr("2001:db8:0:1::");
	ck_assert(!ct_pref64_good(&prefix, 56)); /* more bits than that */
	prefix = addr("2001:db8::100:0:0:0");
	ck_assert(!ct_pref64_good(&prefix, 96)); /* the eighth byte */
}
END_TEST

START_TEST(rfc6052_3_1_global_addresses)
{
	static const char *const global[] = {
		"8.8.8.8",   "11.0.0.0",    "172.32.0.1",
		"192.0.1.0", "100.128.0.1", "223.255.255.255"
	};
	static const char *const not [] = {
		"0.1.2.3",     "10.255.0.1",     "100.64.0.0",   "127.0.0.1",
		"169.254.9.9", "172.31.0.1",     "192.0.0.8",    "192.0.2.33",
		"192.168.0.1", "198.19.0.1",     "198.51.100.5", "203.0.113.1",
		"224.0.0.1",   "255.255.255.255"
	};
	union ct_addr a;

	for (unsigned i = 0; i < sizeof(global) / sizeof(global[0]); i++) {
		a = addr(global[i]);
		ck_assert_msg(ct_ipv4_global(&a), "%s", global[i]);
	}
	for (unsigned i = 0; i < sizeof(not ) / sizeof(not [0]); i++) {
		a = addr(not [i]);
		ck_assert_msg(!ct_ipv4_global(&a), "%s", not [i]);
	}
	a = addr("64:ff9b::");
	ck_assert(ct_pref64_well_known(&a, 96));
	ck_assert(!ct_pref64_well_known(&a, 64));
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("pref64");
	TCase *tc = tcase_create("pref64");

	tcase_add_test(tc, rfc6052_2_4_examples);
	tcase_add_test(tc, rfc6052_2_2_suffix_is_not_looked_at);
	tcase_add_test(tc, what_is_no_prefix);
	tcase_add_test(tc, rfc6052_3_1_global_addresses);
	suite_add_tcase(suite, tc);
	return suite;
}
