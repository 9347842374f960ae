/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An address that ranges give goes away: what uses it ends, in a time that is
 * its own connections', and nothing else does.
 */
#include "pool.h"
#include "suite.h"

#include "core/outside.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>

enum { MAX_CONNS = 16384, ADDRS = 64, EACH = 100 };

#define PUBLIC 0xcb007101u

static struct ct_world w;

static void setup(void)
{
	ct_world_start(&w, MAX_CONNS);
}

static void teardown(void)
{
	ct_world_audit(&w);
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_end(&w);
}

static union ct_addr public(unsigned n)
{
	union ct_addr addr = { .v6 = { htonl(PUBLIC + n) } };

	return addr;
}

/* The n-th client leaves by an address. */
static struct ct_pkt leave_by(unsigned n, uint32_t addr)
{
	struct ct_nat_range to = ct_nat_to(addr);
	struct ct_test_flow flow = ct_world_flow(n);
	struct ct_pkt pkt = ct_world_open(&w, &flow, CT_DIR_ORIG);

	ck_assert_int_eq(ct_nat_setup(w.thr, &pkt, CT_NAT_SRC, &to), 0);
	return pkt;
}

static void confirm(struct ct_pkt pkt)
{
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
}

static struct ct_outside_work end(unsigned n)
{
	union ct_addr addr = public(n);
	struct ct_outside_work work;

	ct_outside_end(w.thr, CT_L3_IPV4, &addr, &work);
	return work;
}

static uint64_t purge(unsigned n)
{
	union ct_addr addr = public(n);

	return ct_nat_purge(w.thr, CT_L3_IPV4, &addr);
}

/* --- Work --------------------------------------------------------------- */

START_TEST(a_purge_looks_at_the_addresss_own)
{
	uint64_t seen = 0;

	for (unsigned i = 0; i < ADDRS * EACH; i++)
		confirm(leave_by(i, PUBLIC + i % ADDRS));
	for (unsigned n = 0; n < ADDRS; n++) {
		struct ct_outside_work work = end(n);

		ck_assert_uint_eq(work.ended, EACH);
		seen += work.seen;
	}
	/* Addresses that happen to share a list see each other's. */
	ck_assert_uint_lt(seen, 2 * ADDRS * EACH);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

START_TEST(a_small_address_is_as_quick_beside_a_large_one)
{
	enum { LARGE = 10000, SMALL = 10 };
	struct ct_outside_work alone, beside;

	for (unsigned i = 0; i < SMALL; i++)
		confirm(leave_by(i, PUBLIC));
	alone = end(0);
	ck_assert_uint_eq(alone.ended, SMALL);
	ck_assert_uint_eq(alone.seen, SMALL);
	ct_world_settle(&w);
	for (unsigned i = 0; i < LARGE; i++)
		confirm(leave_by(i, PUBLIC + 1));
	for (unsigned i = 0; i < SMALL; i++)
		confirm(leave_by(LARGE + i, PUBLIC));
	beside = end(0);
	ck_assert_uint_eq(beside.ended, SMALL);
	ck_assert_uint_eq(beside.seen, SMALL);
	/* More than are noted at once; each is looked at once. */
	beside = end(1);
	ck_assert_uint_eq(beside.ended, LARGE);
	ck_assert_uint_eq(beside.seen, LARGE);
}
END_TEST

/* --- What ends ---------------------------------------------------------- */

START_TEST(nothing_else_ends)
{
	struct ct_test_flow plain = ct_world_flow(1000);
	struct ct_nat_range to = ct_nat_to(PUBLIC);
	struct ct_pkt pkt;

	confirm(leave_by(1, PUBLIC));
	confirm(leave_by(2, PUBLIC + 1));
	ct_world_udp(&w, &plain, CT_DIR_ORIG);
	/* The address is a destination's here. */
	plain.sport++;
	pkt = ct_world_open(&w, &plain, CT_DIR_ORIG);
	ck_assert_int_eq(ct_nat_setup(w.thr, &pkt, CT_NAT_DST, &to), 0);
	confirm(pkt);
	ck_assert_uint_eq(purge(0), 1);
	ck_assert_uint_eq(purge(0), 0);
	ck_assert_uint_eq(ct_world_conns(&w), 3);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_ADDRESS), 1);
}
END_TEST

START_TEST(a_connection_on_its_way_does_not_survive_its_address)
{
	struct ct_pkt early = leave_by(1, PUBLIC);
	struct ct_pkt other = leave_by(2, PUBLIC + 1);

	ck_assert_uint_eq(purge(0), 0);
	confirm(early);
	confirm(other);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_ADDRESS), 1);
	/* Who comes later has it from a rule that knows what it does. */
	confirm(leave_by(3, PUBLIC));
	ck_assert_uint_eq(ct_world_conns(&w), 2);
}
END_TEST

START_TEST(lists_close_over_what_has_gone)
{
	struct ct_pkt pkt[6];

	for (unsigned i = 0; i < 6; i++)
		pkt[i] = leave_by(i, PUBLIC);
	ct_abandon(w.thr, &pkt[0]); /* the last */
	ct_abandon(w.thr, &pkt[5]); /* the first */
	ct_abandon(w.thr, &pkt[2]);
	ct_world_audit(&w);
	confirm(pkt[1]);
	confirm(pkt[3]);
	ck_assert_uint_eq(purge(0), 2);
	ct_world_audit(&w);
	confirm(pkt[4]);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	ct_world_settle(&w);
	ck_assert_uint_eq(end(0).seen, 0);
}
END_TEST

START_TEST(ipv6_addresses_and_ports_alone)
{
	struct ct_nat_range to = ct_nat_to6(1);
	struct ct_test_flow flow = ct_world_flow6(1);
	struct ct_nat_range port = { .size = sizeof(port) };
	struct ct_pkt pkt;
	union ct_addr own;

	pkt = ct_world_open(&w, &flow, CT_DIR_ORIG);
	ck_assert_int_eq(ct_nat_setup(w.thr, &pkt, CT_NAT_SRC, &to), 0);
	confirm(pkt);
	flow = ct_world_flow6(2);
	memcpy(&own, flow.src, sizeof(own));
	port = ct_nat_ports(port, 7, 7);
	pkt = ct_world_open(&w, &flow, CT_DIR_ORIG);
	ck_assert_int_eq(ct_nat_setup(w.thr, &pkt, CT_NAT_SRC, &port), 0);
	confirm(pkt);
	ct_world_audit(&w);
	ck_assert_uint_eq(ct_nat_purge(w.thr, CT_L3_IPV6, &own), 1);
	ck_assert_uint_eq(ct_nat_purge(w.thr, CT_L3_IPV6, &to.min_addr), 1);
}
END_TEST

/* --- With a pool at the other end --------------------------------------- */

/* A host behind the pool is reached at its external endpoint, by one whose
 * source a range hides. */
static struct ct_pkt into_pool(struct ct_nat_pool *pool, bool source_first)
{
	struct ct_nat_range to = ct_nat_to(PUBLIC + 100);
	struct ct_test_flow inside = ct_pool_client(1, 5000);
	struct ct_test_flow outside = ct_pool_out(&w, &inside, pool);
	struct ct_test_flow visit = ct_world_flow(77);
	struct ct_pkt pkt;

	memcpy(visit.dst, outside.src, sizeof(visit.dst));
	visit.dport = outside.sport;
	pkt = ct_world_open(&w, &visit, CT_DIR_ORIG);
	if (source_first)
		ck_assert_int_eq(ct_nat_setup(w.thr, &pkt, CT_NAT_SRC, &to), 0);
	ck_assert_int_eq(ct_nat_inbound(w.thr, &pkt, pool), 0);
	if (!source_first)
		ck_assert_int_eq(ct_nat_setup(w.thr, &pkt, CT_NAT_SRC, &to), 0);
	ct_world_audit(&w);
	return pkt;
}

START_TEST(a_pool_and_a_range_at_its_two_ends)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_nat_pool *pool = ct_pool_new(&w, &cfg, 1);
	union ct_addr addr = ct_pool_addr(1);

	for (unsigned i = 0; i < 2; i++) {
		confirm(into_pool(pool, i));
		ck_assert_uint_eq(purge(100), 1);
		ct_world_settle(&w);
		ct_world_audit(&w);
		confirm(into_pool(pool, i));
		ck_assert_int_eq(ct_nat_pool_remove(w.thr, pool, &addr), 2);
		ct_world_settle(&w);
		ct_world_audit(&w);
		ck_assert_int_eq(ct_nat_pool_add(pool, &addr, NULL), 0);
	}
	for (unsigned i = 0; i < 2; i++) {
		struct ct_pkt pkt = into_pool(pool, i);

		ck_assert_uint_eq(purge(100), 0);
		confirm(pkt);
		ck_assert_uint_eq(ct_world_count(&w, CT_R_END_ADDRESS),
				  2 * 3 + i + 1);
		ct_world_settle(&w);
	}
}
END_TEST

START_TEST(a_purge_ends_what_a_pool_gave_too)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_nat_pool *pool = ct_pool_new(&w, &cfg, 2);
	struct ct_test_flow inside = ct_pool_client(1, 5000);
	struct ct_test_flow outside = ct_pool_out(&w, &inside, pool);
	union ct_addr addr;

	memset(&addr, 0, sizeof(addr));
	memcpy(&addr, outside.src, 4);
	ck_assert_uint_eq(ct_nat_purge(w.thr, CT_L3_IPV4, &addr), 1);
	/* The pool still has it. */
	ck_assert_int_eq(ct_nat_pool_drain(pool, &addr), 0);
}
END_TEST

/* --- Threads ------------------------------------------------------------ */

enum { WORK = 3000, THREADS = 2 };

struct worker {
	pthread_t thread;
	struct ct_thread *thr;
	unsigned from;
};

static void *work(void *user)
{
	struct worker *worker = user;

	for (unsigned i = 0; i < WORK; i++) {
		struct ct_nat_range to = ct_nat_to(PUBLIC + i % 3);
		struct ct_test_flow flow = ct_world_flow(worker->from + i);
		struct ct_test_packet p;
		struct ct_pkt pkt;

		ct_test_udp(&p, &flow, CT_DIR_ORIG, 1);
		pkt = ct_test_pkt(&p);
		if (i % 16 == 0)
			ct_thread_poll(worker->thr, w.now_ns);
		if (ct_process(worker->thr, &pkt, CT_HOOK_PREROUTING) ||
		    ct_nat_setup(worker->thr, &pkt, CT_NAT_SRC, &to) ||
		    i % 7 == 0)
			ct_abandon(worker->thr, &pkt);
		else
			ct_confirm(worker->thr, &pkt);
	}
	ct_thread_offline(worker->thr);
	return NULL;
}

START_TEST(addresses_go_while_threads_use_them)
{
	static struct worker workers[THREADS];
	uint64_t ended = 0;

	for (unsigned i = 0; i < THREADS; i++) {
		workers[i].from = 100000 * (i + 1);
		ck_assert_int_eq(ct_thread_attach(w.tbl, &workers[i].thr), 0);
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work,
						&workers[i]),
				 0);
	}
	for (unsigned i = 0; i < 300; i++) {
		ended += purge(i % 3);
		ct_thread_poll(w.thr, w.now_ns);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		ct_thread_detach(workers[i].thr);
	}
	ct_world_audit(&w);
	for (unsigned i = 0; i < 3; i++)
		ended += purge(i);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	/* Some were ended by the thread that confirmed them. */
	ck_assert_uint_le(ended, ct_world_count(&w, CT_R_END_ADDRESS));
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_ADDRESS),
			  ct_world_count(&w, CT_R_CONFIRMED));
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("nat purge flow");
	TCase *tc = tcase_create("nat purge");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_purge_looks_at_the_addresss_own);
	tcase_add_test(tc, a_small_address_is_as_quick_beside_a_large_one);
	tcase_add_test(tc, nothing_else_ends);
	tcase_add_test(tc,
		       a_connection_on_its_way_does_not_survive_its_address);
	tcase_add_test(tc, lists_close_over_what_has_gone);
	tcase_add_test(tc, ipv6_addresses_and_ports_alone);
	tcase_add_test(tc, a_pool_and_a_range_at_its_two_ends);
	tcase_add_test(tc, a_purge_ends_what_a_pool_gave_too);
	tcase_add_test(tc, addresses_go_while_threads_use_them);
	suite_add_tcase(suite, tc);
	return suite;
}
