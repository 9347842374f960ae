/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ids that a rule's range does not give: excluded, or in use by the host.
 */
#include "nat.h"
#include "suite.h"

#include <arpa/inet.h>
#include <stddef.h>

enum { MAX_CONNS = 4096 };

#define PUBLIC 0xcb007101u

static struct ct_world w;

/* What the host has bound, and how often it was asked. */
static uint16_t bound;
static unsigned asked;

static bool is_bound(void *user, uint8_t l4, const union ct_addr *addr,
		     uint16_t id)
{
	ck_assert_ptr_eq(user, &bound);
	ck_assert_uint_eq(l4, 17);
	ck_assert_uint_eq(ntohl(addr->v4), PUBLIC);
	asked++;
	return id == bound;
}

static void setup(void)
{
	bound = 0;
	asked = 0;
	ct_world_start(&w, MAX_CONNS);
}

static void teardown(void)
{
	ct_world_audit(&w);
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_end(&w);
}

static struct ct_nat_range without(const struct ct_nat_ids *ids, uint32_t n)
{
	struct ct_nat_range range = ct_nat_to(PUBLIC);

	range.excluded = ids;
	range.n_excluded = n;
	return range;
}

static struct ct_nat_range that_asks(void)
{
	struct ct_nat_range range = ct_nat_to(PUBLIC);

	range.port_in_use = is_bound;
	range.user = &bound;
	return range;
}

/* A client's datagram from a port to a server; => the port that it leaves
 * with. */
static uint16_t leave(unsigned host, uint16_t port, uint8_t server,
		      const struct ct_nat_range *range)
{
	struct ct_test_rules rules = { .src = range };
	struct ct_test_flow flow = ct_test_flow4;
	struct ct_test_packet p;

	flow.src[2] = (uint8_t)(host >> 8);
	flow.src[3] = (uint8_t)host;
	flow.sport = port;
	flow.dst[3] = server;
	ct_test_udp(&p, &flow, CT_DIR_ORIG, 1);
	ct_nat_pass(&w, &p, &rules);
	ck_assert_uint_eq(ntohl(ct_nat_tuple(&p).src.v4), PUBLIC);
	return ntohs(ct_nat_tuple(&p).src_id);
}

static int refused(unsigned host, uint16_t port,
		   const struct ct_nat_range *range)
{
	struct ct_test_flow flow = ct_test_flow4;
	struct ct_pkt pkt;
	int error;

	flow.src[3] = (uint8_t)host;
	flow.sport = port;
	flow.dst[3] = 5;
	pkt = ct_world_open(&w, &flow, CT_DIR_ORIG);
	error = ct_nat_setup(w.thr, &pkt, CT_NAT_SRC, range);
	ct_abandon(w.thr, &pkt);
	return error;
}

START_TEST(an_excluded_port_is_not_kept)
{
	const struct ct_nat_ids ids[] = { { 2000, 2999 }, { 5000, 5000 } };
	struct ct_nat_range range = without(ids, 2);
	uint16_t port = leave(1, 5000, 5, &range);

	ck_assert_uint_ge(port, 1024);
	ck_assert_uint_ne(port, 5000);
	ck_assert(port < 2000 || port > 2999);
	ck_assert_uint_eq(leave(2, 5001, 5, &range), 5001);
}
END_TEST

/* However large the exclusions are, what is between them is found. */
START_TEST(exclusions_are_passed_over)
{
	const struct ct_nat_ids ids[] = { { 1024, 30000 }, { 30201, 65535 } };
	struct ct_nat_range range = without(ids, 2);
	static bool taken[200];

	for (unsigned i = 0; i < 100; i++) {
		unsigned id = leave(i, 4000, 5, &range) - 30001u;

		ck_assert_uint_lt(id, 200);
		ck_assert(!taken[id]);
		taken[id] = true;
	}
}
END_TEST

START_TEST(what_excludes_all_is_full)
{
	const struct ct_nat_ids ids[] = { { 7000, 7030 }, { 7032, 7100 } };
	struct ct_nat_range range = without(ids, 2);

	range = ct_nat_ports(range, 7000, 7063);
	ck_assert_uint_eq(leave(1, 7000, 5, &range), 7031);
	ck_assert_int_eq(refused(2, 7000, &range), CT_E_FULL);
	range.min_id = 7032;
	ck_assert_int_eq(refused(3, 7040, &range), CT_E_FULL);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_NAT_EXHAUSTED), 2);
}
END_TEST

/* An endpoint keeps its mapping, unless its port is excluded by now. */
START_TEST(a_mapping_is_left_when_its_port_is_excluded)
{
	const struct ct_nat_ids ids[] = { { 5000, 5000 } };
	struct ct_nat_range range = without(ids, 1), any = ct_nat_to(PUBLIC);
	uint16_t port;

	ck_assert_uint_eq(leave(1, 5000, 5, &any), 5000);
	port = leave(1, 5000, 6, &range);
	ck_assert_uint_ne(port, 5000);
	ck_assert_uint_eq(leave(1, 5000, 7, &range), port);
}
END_TEST

START_TEST(a_port_that_the_host_uses_is_not_given)
{
	struct ct_nat_range range = that_asks();

	bound = 5000;
	ck_assert_uint_eq(leave(1, 4000, 5, &range), 4000);
	ck_assert_uint_eq(asked, 1);
	ck_assert_uint_ne(leave(1, 5000, 5, &range), 5000);
	range = ct_nat_ports(range, 5000, 5001);
	ck_assert_uint_eq(leave(2, 9000, 5, &range), 5001);
	ck_assert_int_eq(refused(3, 9000, &range), CT_E_FULL);
}
END_TEST

/* The host's own packets: of course it uses the port. */
START_TEST(a_source_that_stays_is_not_asked_about)
{
	const struct ct_nat_ids ids[] = { { 5000, 5000 } };
	struct ct_nat_range range = that_asks();
	struct ct_test_rules rules = { .src = &range };
	struct ct_test_flow flow = ct_test_flow4;
	struct ct_test_packet p;

	range.excluded = ids;
	range.n_excluded = 1;
	bound = 5000;
	for (unsigned i = 0; i < 4; i++)
		flow.src[i] = (uint8_t)(PUBLIC >> (24 - 8 * i));
	flow.sport = 5000;
	ct_test_udp(&p, &flow, CT_DIR_ORIG, 1);
	ct_nat_pass(&w, &p, &rules);
	ck_assert_uint_eq(ntohs(ct_nat_tuple(&p).src_id), 5000);
	ck_assert_uint_eq(asked, 0);
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
	const struct ct_nat_ids backwards[] = { { 6000, 5000 } };
	struct ct_nat_range range = without(backwards, 1);

	ck_assert_int_eq(refused(1, 5000, &range), CT_E_INVAL);
	range = without(NULL, 1);
	ck_assert_int_eq(refused(1, 5000, &range), CT_E_INVAL);
}
END_TEST

/* Whoever was built before has a shorter range. */
START_TEST(an_older_range_has_neither)
{
	struct ct_nat_range range = that_asks();

	range.size = offsetof(struct ct_nat_range, excluded);
	bound = 5000;
	ck_assert_uint_eq(leave(1, 5000, 5, &range), 5000);
	ck_assert_uint_eq(asked, 0);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("nat barred flow");
	TCase *tc = tcase_create("nat barred");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_excluded_port_is_not_kept);
	tcase_add_test(tc, exclusions_are_passed_over);
	tcase_add_test(tc, what_excludes_all_is_full);
	tcase_add_test(tc, a_mapping_is_left_when_its_port_is_excluded);
	tcase_add_test(tc, a_port_that_the_host_uses_is_not_given);
	tcase_add_test(tc, a_source_that_stays_is_not_asked_about);
	tcase_add_test(tc, what_makes_no_sense_is_refused);
	tcase_add_test(tc, an_older_range_has_neither);
	suite_add_tcase(suite, tc);
	return suite;
}
