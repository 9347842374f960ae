/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IP headers: read from one version, written as the other, and foreign bytes.
 */
#include "suite.h"
#include "wire/csum.h"
#include "wire/iphead.h"

#include <stdlib.h>
#include <string.h>

enum { V4 = CT_L3_IPV4, V6 = CT_L3_IPV6, TCP = 6, FRAGMENT = 44 };

static struct ct_iphead some(void)
{
	struct ct_iphead head;

	memset(&head, 0, sizeof(head));
	head.src.bytes[0] = 10;
	head.dst.bytes[3] = 7;
	head.payload = 100;
	head.tclass = 0xb9;
	head.hops = 61;
	head.l4 = TCP;
	return head;
}

/* Over exactly these bytes: a sanitizer sees one more being read. */
static bool read_exactly(struct ct_iphead *head, uint8_t l3,
			 const uint8_t *bytes, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);
	struct ct_cursor cur;
	bool good;

	ck_assert_ptr_nonnull(exact);
	if (len)
		memcpy(exact, bytes, len);
	cur = ct_cursor_of(exact, len);
	good = ct_iphead_read(head, l3, &cur);
	if (good)
		ck_assert(ct_cursor_good(&cur));
	free(exact);
	return good;
}

static void assert_common(const struct ct_iphead *a, const struct ct_iphead *b)
{
	ck_assert_mem_eq(&a->src, &b->src, sizeof(a->src));
	ck_assert_mem_eq(&a->dst, &b->dst, sizeof(a->dst));
	ck_assert_uint_eq(a->payload, b->payload);
	ck_assert_uint_eq(a->tclass, b->tclass);
	ck_assert_uint_eq(a->hops, b->hops);
	ck_assert_uint_eq(a->l4, b->l4);
}

START_TEST(what_is_written_is_read)
{
	struct ct_iphead head = some(), got;
	uint8_t bytes[CT_IPHEAD_MAX];

	ck_assert_uint_eq(ct_iphead_write(&head, V4, bytes), 20);
	ck_assert_uint_eq(ct_csum_fold(ct_csum_add(0, bytes, 20)), 0);
	ck_assert(read_exactly(&got, V4, bytes, 20));
	assert_common(&head, &got);
	ck_assert_uint_eq(ct_iphead_write(&head, V6, bytes), 40);
	ck_assert(read_exactly(&got, V6, bytes, 40));
	assert_common(&head, &got);
	ck_assert(!got.fragment && !got.bound);
}
END_TEST

START_TEST(fragments_keep_place_and_id)
{
	struct ct_iphead head = some(), got;
	uint8_t bytes[CT_IPHEAD_MAX];

	head.fragment = true;
	head.id = 0x12345678;
	head.frag = 1480 | 1;
	ck_assert_uint_eq(ct_iphead_write(&head, V6, bytes), 48);
	ck_assert_uint_eq(bytes[6], FRAGMENT);
	ck_assert(read_exactly(&got, V6, bytes, 48));
	assert_common(&head, &got);
	ck_assert_uint_eq(got.frag, head.frag);
	ck_assert_uint_eq(got.id, head.id);
	ct_iphead_write(&head, V4, bytes);
	ck_assert(read_exactly(&got, V4, bytes, 20));
	ck_assert_uint_eq(got.frag, head.frag);
	ck_assert_uint_eq(got.id, 0x5678);
}
END_TEST

START_TEST(length_that_does_not_fit_is_zero)
{
	struct ct_iphead head = some();
	uint8_t bytes[CT_IPHEAD_MAX];

	head.payload = 65516;
	ct_iphead_write(&head, V4, bytes);
	ck_assert_uint_eq(ct_csum_load(bytes + 2), 0);
	ct_iphead_write(&head, V6, bytes);
	ck_assert_uint_eq(ct_csum_load(bytes + 4), 65516);
	head.payload = 65536;
	ct_iphead_write(&head, V6, bytes);
	ck_assert_uint_eq(ct_csum_load(bytes + 4), 0);
}
END_TEST

START_TEST(headers_that_are_cut_or_broken)
{
	struct ct_iphead head = some(), got;
	uint8_t bytes[CT_IPHEAD_MAX];
	uint32_t len = ct_iphead_write(&head, V4, bytes);

	for (uint32_t i = 0; i < len; i++)
		ck_assert(!read_exactly(&got, V4, bytes, i));
	bytes[0] = 0x46;
	ck_assert(!read_exactly(&got, V4, bytes, len));
	bytes[0] = 0x44;
	ck_assert(!read_exactly(&got, V4, bytes, len));
	head.fragment = true;
	head.frag = 1;
	len = ct_iphead_write(&head, V6, bytes);
	for (uint32_t i = 0; i < len; i++)
		ck_assert(!read_exactly(&got, V6, bytes, i));
}
END_TEST

/* Whatever the bytes are. */
START_TEST(foreign_bytes_are_read_within_bounds)
{
	uint8_t bytes[128];
	uint32_t x = 88172645;

	for (unsigned round = 0; round < 20000; round++) {
		struct ct_iphead head;
		size_t len;

		for (unsigned i = 0; i < sizeof(bytes); i++) {
			x ^= x << 13;
			x ^= x >> 17;
			x ^= x << 5;
			bytes[i] = (uint8_t)(x >> 8);
		}
		len = bytes[0] % sizeof(bytes);
		if (round % 2)
			bytes[6] = bytes[1] & 1 ? 43 : 0;
		read_exactly(&head, round % 2 ? V6 : V4, bytes, len);
	}
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("iphead");
	TCase *tc = tcase_create("iphead");

	tcase_add_test(tc, what_is_written_is_read);
	tcase_add_test(tc, fragments_keep_place_and_id);
	tcase_add_test(tc, length_that_does_not_fit_is_zero);
	tcase_add_test(tc, headers_that_are_cut_or_broken);
	tcase_add_test(tc, foreign_bytes_are_read_within_bounds);
	suite_add_tcase(suite, tc);
	return suite;
}
