/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Set-up in bursts: what is foreseen of a newcomer, rightly or wrongly, changes
 * nothing but the time.
 */
#include "core/table.h"
#include "nat.h"
#include "natlog.h"
#include "pool.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { MAX_CONNS = 4096, BURST = 32, TCP = 6, UDP = 17, RANGE_ADDR = 200 };

#define OTHER_SERVER 0xc0000209u /* 192.0.2.9 */

enum way {
	WAY_PLAIN,
	WAY_RANGE,
	WAY_POOL,
	WAY_OTHER,
	WAYS,
	WAY_BOTH_ENDS = WAYS /* WAY_POOL, and then another destination */
};

static struct ct_world w;
static struct ct_nat_pool *pools[WAYS + 1];
static struct ct_test_packet bytes[BURST];
static struct ct_pkt pkt[BURST];

/* Of newcomers: each test is one of datagrams, and one of SYNs. */
static const uint8_t l4s[] = { UDP, TCP };
static uint8_t l4;

/* How the newcomer of a client's address is translated. */
static enum way (*way_of)(const struct ct_pkt *pkt);

static enum way by_turns(const struct ct_pkt *p)
{
	return (enum way)(p->data[15] % WAYS);
}

static enum way one_pool(const struct ct_pkt *p)
{
	(void)p;
	return WAY_POOL;
}

static enum way one_range(const struct ct_pkt *p)
{
	(void)p;
	return WAY_RANGE;
}

static enum way both_ends(const struct ct_pkt *p)
{
	(void)p;
	return WAY_BOTH_ENDS;
}

static enum ct_verdict rule(void *user, struct ct_thread *thr, struct ct_pkt *p)
{
	union ct_addr addr = ct_pool_addr(RANGE_ADDR);
	enum way way = way_of(p);
	int error = 0;

	(void)user;
	if (way == WAY_RANGE)
		error = ct_nat_masquerade(thr, p, &addr, NULL);
	else if (way != WAY_PLAIN)
		error = ct_nat_pool_setup(thr, p, pools[way]);
	if (way == WAY_BOTH_ENDS && !error) {
		struct ct_nat_range to = ct_nat_to(OTHER_SERVER);

		error = ct_nat_setup(thr, p, CT_NAT_DST, &to);
	}
	return error ? CT_DROP : CT_ACCEPT;
}

/* Two pools of different addresses: 1 to n, and 101. */
static void two_pools(const struct ct_nat_pool_config *cfg, unsigned n)
{
	union ct_addr other = ct_pool_addr(101);

	pools[WAY_POOL] = ct_pool_new(&w, cfg, n);
	pools[WAY_BOTH_ENDS] = pools[WAY_POOL];
	ck_assert_int_eq(ct_nat_pool_create(w.tbl, cfg, &pools[WAY_OTHER]), 0);
	ck_assert_int_eq(ct_nat_pool_add(pools[WAY_OTHER], &other, NULL), 0);
}

static void setup(void)
{
	ct_world_start(&w, MAX_CONNS);
	way_of = one_pool;
}

static void teardown(void)
{
	ct_world_clear(&w);
	ck_assert_uint_eq(ct_mappings_users(w.tbl), 0);
	ct_world_end(&w);
}

/* So many packets in one burst; => how many were let through. */
static unsigned forward(unsigned n)
{
	static const struct ct_rules rules = { .size = sizeof(rules),
					       .new_conn = rule };
	enum ct_verdict verdict[BURST];
	struct ct_pkt *pkts[BURST] = { 0 };
	unsigned passed = 0;

	for (unsigned i = 0; i < n; i++) {
		pkt[i] = ct_test_pkt(&bytes[i]);
		pkts[i] = &pkt[i];
	}
	ct_forward_burst(w.thr, pkts, n, &rules, verdict);
	for (unsigned i = 0; i < n; i++) {
		passed += verdict[i] == CT_ACCEPT;
		if (verdict[i] == CT_ACCEPT)
			ct_nat_sums_right(&bytes[i]);
	}
	return passed;
}

/* A burst of newcomers, from this one on. */
static unsigned open_from(unsigned first, uint16_t port)
{
	for (unsigned i = 0; i < BURST; i++) {
		struct ct_test_flow flow = ct_pool_client(first + i, port);

		ct_pool_first(&bytes[i], &flow, l4);
	}
	return forward(BURST);
}

/* The same, all of one host, from this port on. */
static unsigned open_ports(unsigned host, uint16_t first)
{
	for (unsigned i = 0; i < BURST; i++) {
		struct ct_test_flow flow =
			ct_pool_client(host, (uint16_t)(first + i));

		ct_pool_first(&bytes[i], &flow, l4);
	}
	return forward(BURST);
}

/* => The last number of the address that a packet left with. */
static unsigned left_with(unsigned i)
{
	return bytes[i].bytes[15];
}

static void assert_way(unsigned i, enum way way, unsigned host)
{
	unsigned last = left_with(i);

	switch (way) {
	case WAY_PLAIN:
		ck_assert_uint_eq(last, host & 0xff);
		break;
	case WAY_RANGE:
		ck_assert_uint_eq(last, RANGE_ADDR);
		break;
	case WAY_OTHER:
		ck_assert_uint_eq(last, 101);
		break;
	default:
		ck_assert(last >= 1 && last <= 3);
		break;
	}
}

/* Each newcomer is foreseen to go the way of the one before. */
START_TEST(ways_that_take_turns_are_foreseen_wrongly_and_gone_rightly)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	unsigned host = 0;

	l4 = l4s[_i];
	two_pools(&cfg, 3);
	way_of = by_turns;
	for (unsigned round = 0; round < 40; round++, host += BURST) {
		ck_assert_uint_eq(open_from(host, 1000), BURST);
		for (unsigned i = 0; i < BURST; i++)
			assert_way(i, (enum way)((host + i) % 256 % WAYS),
				   host + i);
	}
	/* Of the packets that go to a pool, half of all. */
	ck_assert_uint_gt(w.thr->n_foreseen, 0);
	ck_assert_uint_lt(w.thr->n_foreseen, host / 2);
	ct_world_audit(&w);
	ck_assert_uint_eq(ct_world_conns(&w), host);
}
END_TEST

/* The last ids are foreseen by several of one burst. */
START_TEST(a_burst_takes_every_id_once_and_no_more)
{
	enum { IDS = 50, ADDRS = 3, ALL = IDS * ADDRS };
	static bool seen[ADDRS + 1][IDS];
	struct ct_nat_pool_config cfg = ct_pool_config();
	unsigned taken = 0;

	l4 = l4s[_i];
	memset(seen, 0, sizeof(seen));
	cfg.min_id = 7000;
	cfg.max_id = 7000 + IDS - 1;
	two_pools(&cfg, ADDRS);
	for (unsigned host = 0; host < 6 * BURST; host += BURST) {
		taken += open_from(host, 1000);
		for (unsigned i = 0; i < BURST; i++) {
			unsigned id = ct_nat_u16(&bytes[i], 20) - 7000u;

			if (!pkt[i].conn)
				continue;
			ck_assert_uint_lt(id, IDS);
			ck_assert(!seen[left_with(i)][id]);
			seen[left_with(i)][id] = true;
		}
	}
	ck_assert_uint_eq(taken, ALL);
	ck_assert_uint_gt(w.thr->n_foreseen, ALL / 2);
	for (unsigned n = 1; n <= ADDRS; n++)
		ck_assert_uint_eq(ct_pool_gauge(pools[WAY_POOL], n, l4).free,
				  0);
	ct_world_audit(&w);
}
END_TEST

START_TEST(an_endpoint_keeps_its_mapping_in_bursts)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_test_flow flow = ct_pool_client(5, 1000), outside;
	uint16_t id;

	l4 = l4s[_i];
	two_pools(&cfg, 3);
	open_from(0, 1000);
	outside = ct_pool_flow(&bytes[5]);
	id = outside.sport;
	/* Who has no habit yet foresees nothing of a pool. */
	ck_assert_uint_gt(w.thr->n_foreseen, 0);
	ck_assert_uint_lt(w.thr->n_foreseen, BURST);
	/* The same endpoint to another server: no new mapping. */
	flow = ct_pool_server(flow, 77, 53);
	ct_pool_first(&bytes[0], &flow, l4);
	ck_assert_uint_eq(forward(1), 1);
	ck_assert_uint_eq(ct_pool_flow(&bytes[0]).sport, id);
	ck_assert_uint_eq(open_from(0, 1000), BURST);
	ck_assert_uint_eq(ct_pool_flow(&bytes[5]).sport, id);
	ct_world_audit(&w);
}
END_TEST

START_TEST(overloaded_ids_differ_where_the_server_is_the_same)
{
	enum { IDS = 64, ASIDE = 4 }; /* these only for what is announced */
	static bool seen[IDS];
	struct ct_nat_pool_config cfg = ct_pool_config();

	l4 = l4s[_i];
	memset(seen, 0, sizeof(seen));
	cfg.flags = CT_POOL_OVERLOAD;
	cfg.mapping = CT_NAT_ON_ADDRESS_PORT;
	cfg.min_id = 7000;
	cfg.max_id = 7000 + IDS + ASIDE - 1;
	cfg.announced_ids = ASIDE;
	two_pools(&cfg, 1);
	ck_assert_uint_eq(open_from(0, 1000), BURST);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < BURST; i++) {
			unsigned id = ct_nat_u16(&bytes[i], 20) - 7000u;

			ck_assert_uint_lt(id, IDS);
			ck_assert(!seen[id]);
			seen[id] = true;
		}
		if (!round)
			ck_assert_uint_eq(open_from(100, 1000), BURST);
	}
	ck_assert_uint_eq(open_from(300, 1000), 0);
	ck_assert_uint_gt(w.thr->n_foreseen, 0);
	ct_world_audit(&w);
}
END_TEST

/* What was foreseen of the answer is not what it is in the end. */
START_TEST(answers_are_known_when_the_other_end_is_translated_later)
{
	struct ct_nat_pool_config cfg = ct_pool_config();

	l4 = UDP;
	two_pools(&cfg, 3);
	way_of = both_ends;
	for (unsigned host = 0; host < 3 * BURST; host += BURST) {
		ck_assert_uint_eq(open_from(host, 1000), BURST);
		for (unsigned i = 0; i < BURST; i++) {
			struct ct_test_flow out = ct_pool_flow(&bytes[i]);
			const ct_be32 server = htonl(OTHER_SERVER);
			struct ct_test_packet answer;
			struct ct_pkt p;

			ck_assert_mem_eq(out.dst, &server, sizeof(server));
			ct_test_udp(&answer, &out, CT_DIR_REPLY, 1);
			p = ct_test_pkt(&answer);
			ck_assert_int_eq(
				ct_process(w.thr, &p, CT_HOOK_PREROUTING),
				CT_ACCEPT);
			ck_assert_int_eq(p.state, CT_ESTABLISHED);
		}
	}
	ct_world_audit(&w);
}
END_TEST

START_TEST(a_quota_of_mappings_holds_in_bursts)
{
	enum { IDS = 1000, QUOTA = 70 };
	struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_nat_usage usage = { .size = sizeof(usage) };
	union ct_addr host = ct_pool_inside(5);
	unsigned n = 0;

	l4 = l4s[_i];
	cfg.min_id = 7000;
	cfg.max_id = 7000 + IDS - 1;
	cfg.max_mappings = QUOTA;
	two_pools(&cfg, 1);
	for (uint16_t port = 1; port < 4 * BURST; port += BURST)
		n += open_ports(5, port);
	ck_assert_uint_eq(n, QUOTA);
	/* What was tried beyond holds nothing. */
	ck_assert_uint_eq(ct_pool_gauge(pools[WAY_POOL], 1, l4).free,
			  IDS - QUOTA);
	ck_assert_int_eq(ct_nat_usage(pools[WAY_POOL], &host, 0, &usage), 0);
	ck_assert_uint_eq(usage.mappings, QUOTA);
	ck_assert(usage.paired);
	ct_world_audit(&w);
}
END_TEST

/* Somebody outside has a connection to one of the pool's endpoints. */
START_TEST(an_endpoint_that_a_stranger_uses_is_passed_over_in_bursts)
{
	enum { IDS = 3 * BURST, TAKEN = 7000 + 50 };
	struct ct_nat_pool_config cfg = ct_pool_config();
	union ct_addr addr = ct_pool_addr(1);
	struct ct_test_flow flow = ct_pool_client(0, TAKEN);
	unsigned n = 0;

	l4 = UDP;
	cfg.min_id = 7000;
	cfg.max_id = 7000 + IDS - 1;
	two_pools(&cfg, 1);
	memcpy(flow.src, &addr, 4);
	ct_world_udp(&w, &flow, CT_DIR_ORIG);
	for (unsigned host = 0; host < 4 * BURST; host += BURST) {
		n += open_from(host, 1000);
		ck_assert(n == host + BURST || n == IDS - 1);
		for (unsigned i = 0; i < BURST; i++)
			if (pkt[i].conn)
				ck_assert_uint_ne(ct_nat_u16(&bytes[i], 20),
						  TAKEN);
	}
	ck_assert_uint_eq(n, IDS - 1);
	ck_assert_uint_eq(ct_pool_gauge(pools[WAY_POOL], 1, UDP).free, 1);
	ct_world_audit(&w);
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	for (unsigned host = 0; host < 4 * BURST; host++) {
		struct ct_nat_usage usage = { .size = sizeof(usage) };
		union ct_addr inside = ct_pool_inside(host);

		ck_assert_int_eq(
			ct_nat_usage(pools[WAY_POOL], &inside, 0, &usage),
			CT_E_NOENT);
	}
}
END_TEST

START_TEST(what_begins_in_bursts_is_told_as_it_ends)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();

	l4 = l4s[_i];
	ct_natlog_open();
	two_pools(&cfg, 3);
	for (unsigned host = 0; host < 3 * BURST; host += BURST) {
		ck_assert_uint_eq(open_from(host, 1000), BURST);
		ck_assert_uint_eq(open_from(host, 1001), BURST);
	}
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_SUBSCRIBER), 3 * BURST);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_MAPPING), 6 * BURST);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_SESSION), 6 * BURST);
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_SUBSCRIBER_END), 3 * BURST);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_MAPPING_END), 6 * BURST);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_SESSION_END), 6 * BURST);
}
END_TEST

/* A host whose address is being drained gets another one. */
START_TEST(a_drained_address_is_left_in_bursts)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	union ct_addr drained = ct_pool_addr(2);
	unsigned moved = 0;

	l4 = l4s[_i];
	two_pools(&cfg, 3);
	ck_assert_uint_eq(open_from(0, 1000), BURST);
	ck_assert_uint_eq(open_from(0, 1001), BURST);
	for (unsigned i = 0; i < BURST; i++)
		moved += left_with(i) == 2;
	ck_assert_uint_gt(moved, 0);
	ck_assert_int_eq(ct_nat_pool_drain(pools[WAY_POOL], &drained), 0);
	ck_assert_uint_eq(open_from(0, 1002), BURST);
	for (unsigned i = 0; i < BURST; i++)
		ck_assert_uint_ne(left_with(i), 2);
	ct_world_audit(&w);
}
END_TEST

/* Hosts that came in bursts leave their address as others do. */
START_TEST(a_place_serves_another_address_after_bursts)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	union ct_addr first = ct_pool_addr(1), other = ct_pool_addr(9);

	l4 = l4s[_i];
	cfg.max_addrs = 1;
	two_pools(&cfg, 1);
	ck_assert_uint_eq(open_from(0, 1000), BURST);
	ck_assert_uint_gt(w.thr->n_foreseen, 0);
	ck_assert_int_eq(ct_nat_pool_remove(w.thr, pools[WAY_POOL], &first),
			 BURST);
	ck_assert_int_eq(ct_nat_pool_add(pools[WAY_POOL], &other, NULL),
			 CT_E_FULL);
	ct_world_settle(&w);
	ct_world_settle(&w);
	ck_assert_int_eq(ct_nat_pool_add(pools[WAY_POOL], &other, NULL), 0);
	ck_assert_uint_eq(open_from(0, 1000), BURST);
	for (unsigned i = 0; i < BURST; i++)
		ck_assert_uint_eq(left_with(i), 9);
	ct_world_audit(&w);
}
END_TEST

/* Of two hosts with the same port the first one keeps it. */
START_TEST(a_range_keeps_a_port_for_one_of_a_burst)
{
	unsigned kept = 0;

	l4 = l4s[_i];
	way_of = one_range;
	for (unsigned host = 0; host < 4 * BURST; host += BURST) {
		ck_assert_uint_eq(open_from(host, 1000), BURST);
		for (unsigned i = 0; i < BURST; i++) {
			ck_assert_uint_eq(left_with(i), RANGE_ADDR);
			kept += ct_nat_u16(&bytes[i], 20) == 1000;
		}
	}
	ck_assert_uint_eq(kept, 1);
	ct_world_audit(&w);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("foresee");
	TCase *tc = tcase_create("bursts");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(
		tc, ways_that_take_turns_are_foreseen_wrongly_and_gone_rightly,
		0, 2);
	tcase_add_loop_test(tc, a_burst_takes_every_id_once_and_no_more, 0, 2);
	tcase_add_loop_test(tc, an_endpoint_keeps_its_mapping_in_bursts, 0, 2);
	tcase_add_loop_test(
		tc, overloaded_ids_differ_where_the_server_is_the_same, 0, 2);
	tcase_add_test(
		tc, answers_are_known_when_the_other_end_is_translated_later);
	tcase_add_loop_test(tc, a_quota_of_mappings_holds_in_bursts, 0, 2);
	tcase_add_test(
		tc, an_endpoint_that_a_stranger_uses_is_passed_over_in_bursts);
	tcase_add_loop_test(tc, what_begins_in_bursts_is_told_as_it_ends, 0, 2);
	tcase_add_loop_test(tc, a_drained_address_is_left_in_bursts, 0, 2);
	tcase_add_loop_test(tc, a_place_serves_another_address_after_bursts, 0,
			    2);
	tcase_add_loop_test(tc, a_range_keeps_a_port_for_one_of_a_burst, 0, 2);
	suite_add_tcase(suite, tc);
	return suite;
}
