/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chain of IPv6 extension headers: what is walked over, where it ends, and
 * chains that lead nowhere.
 */
#include "suite.h"
#include "wire/hdr.h"
#include "wire/ip6ext.h"

#include <stdlib.h>

enum { UDP = 17, SCTP = 132 };

/* A walk over exactly these bytes: a sanitizer sees one more being read. */
static enum ct_ip6_end walk(const uint8_t *bytes, size_t len, uint8_t next,
			    struct ct_ip6ext *ext)
{
	uint8_t *exact = malloc(len ? len : 1);
	struct ct_cursor cur;
	enum ct_ip6_end end;

	ck_assert_ptr_nonnull(exact);
	if (len)
		memcpy(exact, bytes, len);
	cur = ct_cursor_of(exact, len);
	end = ct_ip6ext_walk(&cur, next, ext);
	if (end == CT_IP6_UPPER)
		ck_assert_uint_eq(ct_cursor_left(&cur), len - ext->len);
	free(exact);
	return end;
}

START_TEST(no_extension_is_an_empty_chain)
{
	struct ct_ip6ext ext;

	ck_assert_int_eq(walk(NULL, 0, UDP, &ext), CT_IP6_UPPER);
	ck_assert_uint_eq(ext.l4, UDP);
	ck_assert_uint_eq(ext.len, 0);
}
END_TEST

START_TEST(esp_ends_the_chain)
{
	struct ct_ip6ext ext;

	ck_assert_int_eq(walk(NULL, 0, CT_IPPROTO_ESP, &ext), CT_IP6_UPPER);
	ck_assert_uint_eq(ext.l4, CT_IPPROTO_ESP);
}
END_TEST

START_TEST(no_next_header_is_no_upper_layer)
{
	const uint8_t bytes[8] = { CT_IPPROTO_NONE };
	struct ct_ip6ext ext;

	ck_assert_int_eq(walk(NULL, 0, CT_IPPROTO_NONE, &ext), CT_IP6_NO_NEXT);
	ck_assert_int_eq(walk(bytes, 8, CT_IPPROTO_DSTOPTS, &ext),
			 CT_IP6_NO_NEXT);
}
END_TEST

/* hop-by-hop 8, routing 24, AH 16, destination 8: each counts otherwise */
static const uint8_t long_chain[8 + 24 + 16 + 8] = {
	[0] = CT_IPPROTO_ROUTING,  [1] = 0,  [8] = CT_IPPROTO_AH, [9] = 2,
	[32] = CT_IPPROTO_DSTOPTS, [33] = 2, [48] = SCTP,         [49] = 0,
};

START_TEST(every_kind_is_walked_over)
{
	struct ct_ip6ext ext;

	ck_assert_int_eq(
		walk(long_chain, sizeof(long_chain), CT_IPPROTO_HOPOPTS, &ext),
		CT_IP6_UPPER);
	ck_assert_uint_eq(ext.l4, SCTP);
	ck_assert_uint_eq(ext.len, sizeof(long_chain));
	ck_assert(!ext.fragmented);
}
END_TEST

START_TEST(cut_at_every_length_is_broken)
{
	struct ct_ip6ext ext;

	for (size_t len = 0; len < sizeof(long_chain); len++)
		ck_assert_int_eq(
			walk(long_chain, len, CT_IPPROTO_HOPOPTS, &ext),
			CT_IP6_BROKEN);
}
END_TEST

START_TEST(atomic_fragment_is_as_if_absent)
{
	const uint8_t bytes[8] = { UDP, 0, 0, 0, 1, 2, 3, 4 };
	struct ct_ip6ext ext;

	ck_assert_int_eq(walk(bytes, 8, CT_IPPROTO_FRAGMENT, &ext),
			 CT_IP6_UPPER);
	ck_assert_uint_eq(ext.l4, UDP);
	ck_assert(!ext.fragmented);
}
END_TEST

START_TEST(first_fragment_has_an_upper_layer)
{
	const uint8_t bytes[8] = { UDP, 0, 0, CT_IPV6_MORE };
	struct ct_ip6ext ext;

	ck_assert_int_eq(walk(bytes, 8, CT_IPPROTO_FRAGMENT, &ext),
			 CT_IP6_UPPER);
	ck_assert_uint_eq(ext.l4, UDP);
	ck_assert(ext.fragmented);
}
END_TEST

START_TEST(later_fragment_ends_the_chain)
{
	const uint8_t bytes[8] = { CT_IPPROTO_DSTOPTS, 0, 0, 8 };
	struct ct_ip6ext ext;

	ck_assert_int_eq(walk(bytes, 8, CT_IPPROTO_FRAGMENT, &ext),
			 CT_IP6_LATER);
	ck_assert(ext.fragmented);
}
END_TEST

START_TEST(fragment_length_byte_is_reserved)
{
	const uint8_t bytes[8] = { UDP, 0xff };
	struct ct_ip6ext ext;

	ck_assert_int_eq(walk(bytes, 8, CT_IPPROTO_FRAGMENT, &ext),
			 CT_IP6_UPPER);
	ck_assert_uint_eq(ext.len, 8);
}
END_TEST

START_TEST(endless_chain_is_given_up)
{
	static uint8_t bytes[8 * 64];
	struct ct_ip6ext ext;

	memset(bytes, 0, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i += 8)
		bytes[i] = CT_IPPROTO_DSTOPTS;
	bytes[8 * 63] = UDP;
	ck_assert_int_eq(walk(bytes, sizeof(bytes), CT_IPPROTO_DSTOPTS, &ext),
			 CT_IP6_BROKEN);
	/* the same, as short as somebody may need it */
	bytes[8 * 31] = UDP;
	ck_assert_int_eq(walk(bytes, sizeof(bytes), CT_IPPROTO_DSTOPTS, &ext),
			 CT_IP6_UPPER);
	ck_assert_uint_eq(ext.len, 8 * 32);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("ip6ext");
	TCase *tc = tcase_create("ip6ext");

	tcase_add_test(tc, no_extension_is_an_empty_chain);
	tcase_add_test(tc, esp_ends_the_chain);
	tcase_add_test(tc, no_next_header_is_no_upper_layer);
	tcase_add_test(tc, every_kind_is_walked_over);
	tcase_add_test(tc, cut_at_every_length_is_broken);
	tcase_add_test(tc, atomic_fragment_is_as_if_absent);
	tcase_add_test(tc, first_fragment_has_an_upper_layer);
	tcase_add_test(tc, later_fragment_ends_the_chain);
	tcase_add_test(tc, fragment_length_byte_is_reserved);
	tcase_add_test(tc, endless_chain_is_given_up);
	suite_add_tcase(suite, tc);
	return suite;
}
