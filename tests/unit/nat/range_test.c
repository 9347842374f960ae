/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges: which addresses and ids they hold, and which of them a tuple gets.
 */
#include "nat/range.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

static const struct ct_l4_ops ports = { .flags = CT_L4_NAT_PORTS };
static const struct ct_l4_ops query = { .flags = CT_L4_NAT_QUERY };
static const struct ct_l4_ops plain = { .flags = 0 };

static struct ct_tuple tuple(const char *src, uint16_t sport, const char *dst,
			     uint16_t dport)
{
	bool ipv6 = strchr(src, ':') != NULL;
	struct ct_tuple t;

	memset(&t, 0, sizeof(t));
	t.l3 = ipv6 ? CT_L3_IPV6 : CT_L3_IPV4;
	ck_assert_int_eq(inet_pton(ipv6 ? AF_INET6 : AF_INET, src, &t.src), 1);
	ck_assert_int_eq(inet_pton(ipv6 ? AF_INET6 : AF_INET, dst, &t.dst), 1);
	t.src_id = htons(sport);
	t.dst_id = htons(dport);
	return t;
}

static struct ct_nat_range range(const char *min, const char *max)
{
	struct ct_tuple ends = tuple(min, 0, max, 0);

	return (struct ct_nat_range){ .size = sizeof(struct ct_nat_range),
				      .flags = CT_NAT_ADDR,
				      .min_addr = ends.src,
				      .max_addr = ends.dst };
}

static void expect(const struct ct_nat_range *r, struct ct_tuple t,
		   const char *text)
{
	struct ct_tuple want = tuple(text, 0, text, 0);

	ct_range_choose(r, 0, &t, CT_NAT_SRC);
	ck_assert_mem_eq(&t.src, &want.src, sizeof(t.src));
}

/* What a kernel gave (the goldens nat_1001, nat_1008). */
START_TEST(addresses_of_a_pool_are_those_of_linux)
{
	static const struct {
		const char *src, *dst, *alone, *persistent;
	} seen[] = {
		{ "10.0.0.2", "198.51.100.5", "203.0.113.17", "203.0.113.19" },
		{ "10.0.0.77", "198.51.100.5", "203.0.113.18", "203.0.113.16" },
		{ "10.100.100.200", "198.51.100.5", "203.0.113.19",
		  "203.0.113.18" },
	};
	struct ct_nat_range r = range("203.0.113.16", "203.0.113.19");

	for (unsigned i = 0; i < sizeof(seen) / sizeof(*seen); i++) {
		struct ct_tuple t = tuple(seen[i].src, 1, seen[i].dst, 80);

		r.flags = CT_NAT_ADDR;
		expect(&r, t, seen[i].alone);
		r.flags |= CT_NAT_PERSISTENT;
		expect(&r, t, seen[i].persistent);
	}
}
END_TEST

START_TEST(persistent_does_not_ask_for_the_peer)
{
	struct ct_nat_range r = range("2001:db8::10", "2001:db8::1f");
	struct ct_tuple t = tuple("2001:db8:1::2", 1, "2001:db8:2::1", 80);
	struct ct_tuple first = t, other;
	unsigned differ = 0;

	r.flags |= CT_NAT_PERSISTENT;
	ct_range_choose(&r, 0, &first, CT_NAT_SRC);
	for (unsigned i = 0; i < 32; i++) {
		other = t;
		other.dst.bytes[15] = (uint8_t)i;
		ct_range_choose(&r, 7, &other, CT_NAT_SRC);
		ck_assert_mem_eq(&other.src, &first.src, 16);
	}
	r.flags = CT_NAT_ADDR;
	ct_range_choose(&r, 0, &first, CT_NAT_SRC);
	for (unsigned i = 0; i < 32; i++) {
		other = t;
		other.dst.bytes[15] = (uint8_t)i;
		ct_range_choose(&r, 0, &other, CT_NAT_SRC);
		differ += memcmp(&other.src, &first.src, 16) != 0;
	}
	ck_assert_uint_gt(differ, 16);
}
END_TEST

START_TEST(a_wide_range_is_left_by_none)
{
	struct ct_nat_range r = range("2001:db8::5", "2001:db8:0:1::3");

	for (unsigned i = 0; i < 256; i++) {
		struct ct_tuple t = tuple("2001:db8:1::2", 1, "2001:db8::1", 1);

		t.src.bytes[15] = (uint8_t)i;
		ct_range_choose(&r, 0, &t, CT_NAT_SRC);
		ck_assert_mem_eq(&t.src, &r.min_addr, 7);
		ck_assert_uint_le(t.src.bytes[7], 1);
	}
}
END_TEST

START_TEST(one_address_and_none)
{
	struct ct_nat_range r = range("192.0.2.7", "192.0.2.7");
	struct ct_tuple t = tuple("10.0.0.1", 1, "10.0.0.2", 2);

	expect(&r, t, "192.0.2.7");
	r.flags = 0;
	expect(&r, t, "10.0.0.1");
}
END_TEST

START_TEST(a_prefix_keeps_the_host)
{
	struct ct_nat_range r = range("192.0.2.0", "192.0.2.63");
	struct ct_tuple t = tuple("10.0.0.201", 1, "10.0.0.2", 2);

	r.flags |= CT_NAT_NETMAP;
	ct_range_map(&r, &t.src);
	ck_assert(!(r.flags & CT_NAT_NETMAP));
	expect(&r, t, "192.0.2.9");
}
END_TEST

START_TEST(a_source_is_in_the_range_by_address_and_id)
{
	struct ct_nat_range r = range("10.0.0.2", "10.0.0.4");
	struct ct_tuple t = tuple("10.0.0.4", 99, "10.9.9.9", 2);

	ck_assert(ct_range_has_source(&r, &ports, &t));
	r.flags |= CT_NAT_IDS;
	r.min_id = 100;
	r.max_id = 200;
	ck_assert(!ct_range_has_source(&r, &ports, &t));
	ck_assert(!ct_range_has_source(&r, &query, &t));
	ck_assert(ct_range_has_source(&r, &plain, &t)); /* no id to ask for */
	t.src_id = htons(200);
	ck_assert(ct_range_has_source(&r, &ports, &t));
	t.src.bytes[3] = 5;
	ck_assert(!ct_range_has_source(&r, &ports, &t));
	t.src.bytes[3] = 1;
	ck_assert(!ct_range_has_source(&r, &ports, &t));
}
END_TEST

START_TEST(which_id_may_be_chosen)
{
	struct ct_tuple t;

	ck_assert_ptr_eq(ct_range_id(&ports, &t, CT_NAT_SRC), &t.src_id);
	ck_assert_ptr_eq(ct_range_id(&ports, &t, CT_NAT_DST), &t.dst_id);
	ck_assert_ptr_eq(ct_range_id(&query, &t, CT_NAT_SRC), &t.src_id);
	ck_assert_ptr_eq(ct_range_id(&query, &t, CT_NAT_DST), &t.src_id);
	ck_assert_ptr_null(ct_range_id(&plain, &t, CT_NAT_SRC));
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("range");
	TCase *tc = tcase_create("range");

	tcase_add_test(tc, addresses_of_a_pool_are_those_of_linux);
	tcase_add_test(tc, persistent_does_not_ask_for_the_peer);
	tcase_add_test(tc, a_wide_range_is_left_by_none);
	tcase_add_test(tc, one_address_and_none);
	tcase_add_test(tc, a_prefix_keeps_the_host);
	tcase_add_test(tc, a_source_is_in_the_range_by_address_and_id);
	tcase_add_test(tc, which_id_may_be_chosen);
	suite_add_tcase(suite, tc);
	return suite;
}
