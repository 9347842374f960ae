/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads and one pool: never one tuple for two, and never a refusal while an
 * id is free somewhere.
 */
#include "pool.h"
#include "suite.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>

enum { MAX_CONNS = 32768, THREADS = 3, HELD = 20, ROUNDS = 300, ADDRS = 4 };

static struct ct_world w;
static struct ct_nat_pool *pool;

/* Who has an id, by address and port. */
static _Atomic unsigned owner[ADDRS + 1][UINT16_MAX + 1];

struct worker {
	pthread_t thread;
	struct ct_thread *thr;
	unsigned n;
	bool keeps; /* confirms, and leaves it to its end */
	unsigned refused;
	unsigned shared; /* ids that somebody else had */
	unsigned lost;   /* in ct_confirm() */
	struct ct_test_packet p[HELD];
};

static void setup(void)
{
	memset(owner, 0, sizeof(owner));
	ct_world_start(&w, MAX_CONNS);
}

static void teardown(void)
{
	ct_world_clear(&w);
	ct_world_end(&w);
}

static struct ct_test_flow flow_of(const struct worker *worker, unsigned round,
				   unsigned i)
{
	struct ct_test_flow flow = ct_test_flow4;

	flow.src[1] = (uint8_t)(worker->n + 1);
	flow.src[2] = (uint8_t)round;
	flow.src[3] = (uint8_t)i;
	flow.sport = (uint16_t)(round * HELD + i + 1);
	return flow;
}

static _Atomic unsigned *owner_of(const struct ct_pkt *pkt)
{
	struct ct_tuple reply;

	ct_conn_tuple(pkt->conn, CT_DIR_REPLY, &reply);
	return &owner[reply.dst.bytes[3]][ntohs(reply.dst_id)];
}

static bool start(struct worker *worker, struct ct_pkt *pkt)
{
	struct ct_tuple reply;

	ck_assert_int_eq(ct_process(worker->thr, pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	if (ct_nat_pool_setup(worker->thr, pkt, pool)) {
		worker->refused++;
		return false;
	}
	ct_conn_tuple(pkt->conn, CT_DIR_REPLY, &reply);
	worker->shared += atomic_exchange(owner_of(pkt), worker->n + 1) != 0;
	return true;
}

static void give_up(struct worker *worker, struct ct_pkt *pkt)
{
	if (pkt->conn && (ct_conn_status(pkt->conn) & CT_S_SRC_NAT_DONE))
		atomic_store(owner_of(pkt), 0);
	ct_abandon(worker->thr, pkt);
}

static void *work(void *user)
{
	struct worker *worker = user;

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct ct_pkt pkt[HELD];

		ct_thread_poll(worker->thr, w.now_ns);
		for (unsigned i = 0; i < HELD; i++) {
			struct ct_test_flow flow = flow_of(worker, round, i);

			ct_test_udp(&worker->p[i], &flow, CT_DIR_ORIG, 1);
			pkt[i] = ct_test_pkt(&worker->p[i]);
			if (!start(worker, &pkt[i]))
				give_up(worker, &pkt[i]);
			else if (worker->keeps)
				worker->lost +=
					ct_confirm(worker->thr, &pkt[i]) !=
					CT_ACCEPT;
		}
		for (unsigned i = 0; i < HELD && !worker->keeps; i++)
			give_up(worker, &pkt[i]);
	}
	ct_thread_offline(worker->thr);
	return NULL;
}

static struct worker *run(bool keeps)
{
	static struct worker workers[THREADS];

	memset(workers, 0, sizeof(workers));
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i].n = i;
		workers[i].keeps = keeps;
		ck_assert_int_eq(ct_thread_attach(w.tbl, &workers[i].thr), 0);
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work,
						&workers[i]),
				 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		ct_thread_detach(workers[i].thr);
	}
	return workers;
}

/* As many ids as the threads ever hold at once. */
START_TEST(no_false_refusal_and_no_id_for_two)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	const struct worker *workers;

	cfg.min_id = 5000;
	cfg.max_id = 5000 + THREADS * HELD / ADDRS - 1;
	cfg.flags = CT_POOL_UNPAIRED;
	pool = ct_pool_new(&w, &cfg, ADDRS);
	workers = run(false);
	for (unsigned i = 0; i < THREADS; i++) {
		ck_assert_uint_eq(workers[i].refused, 0);
		ck_assert_uint_eq(workers[i].shared, 0);
	}
	for (unsigned i = 1; i <= ADDRS; i++)
		ck_assert_uint_eq(ct_pool_gauge(pool, i, 17).mappings, 0);
}
END_TEST

/* The same by hosts that are paired with an address. */
START_TEST(paired_hosts_get_any_id_that_is_free)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	const struct worker *workers;

	cfg.min_id = 5000;
	cfg.max_id = 5000 + THREADS * HELD / ADDRS - 1;
	pool = ct_pool_new(&w, &cfg, ADDRS);
	workers = run(false);
	for (unsigned i = 0; i < THREADS; i++) {
		ck_assert_uint_eq(workers[i].refused, 0);
		ck_assert_uint_eq(workers[i].shared, 0);
	}
}
END_TEST

/* One server, so that every tuple has a port of its own. */
START_TEST(overloaded_ids_are_given_once_for_a_peer)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	const struct worker *workers;
	unsigned n = 0;

	cfg.flags = CT_POOL_OVERLOAD;
	cfg.mapping = (uint8_t)_i;
	cfg.min_id = 5000;
	cfg.max_id = 15000;
	pool = ct_pool_new(&w, &cfg, 1);
	workers = run(true);
	for (unsigned i = 0; i < THREADS; i++) {
		ck_assert_uint_eq(workers[i].shared, 0);
		/* No packet is dropped by ct_confirm(). */
		ck_assert_uint_eq(workers[i].lost, 0);
		n += ROUNDS * HELD - workers[i].refused;
	}
	ck_assert_uint_ge(n, 7000);
	ck_assert_uint_eq(ct_pool_gauge(pool, 1, 17).mappings,
			  ct_world_conns(&w));
	ct_world_audit(&w);
}
END_TEST

/* Addresses come and go under the threads' hands. */
static void *change(void *user)
{
	struct worker *worker = user;

	for (unsigned i = 0; i < 2 * ROUNDS; i++) {
		union ct_addr addr = ct_pool_addr(1 + i % ADDRS);

		ct_thread_poll(worker->thr, w.now_ns);
		ct_nat_pool_remove(worker->thr, pool, &addr);
		ct_nat_pool_drain(pool, &addr);
		ct_nat_pool_add(pool, &addr, NULL);
		ct_nat_pool_exclude(pool, (uint16_t)(5000 + i % 10),
				    (uint16_t)(5000 + i % 10));
	}
	ct_thread_offline(worker->thr);
	return NULL;
}

/* => Nothing uses their places any more: they are for others. */
static bool places_are_free(void)
{
	union ct_addr next = ct_pool_addr(ADDRS + 1);
	int error = CT_E_FULL;

	for (unsigned i = 0; error && i < 100; i++) {
		ct_world_settle(&w);
		error = ct_nat_pool_add(pool, &next, NULL);
	}
	return !error;
}

static void changing(struct ct_nat_pool_config *cfg)
{
	static struct worker other;
	uint64_t conns;

	memset(&other, 0, sizeof(other));
	cfg->max_addrs = ADDRS;
	pool = ct_pool_new(&w, cfg, ADDRS);
	ck_assert_int_eq(ct_thread_attach(w.tbl, &other.thr), 0);
	ck_assert_int_eq(pthread_create(&other.thread, NULL, change, &other),
			 0);
	run(true);
	pthread_join(other.thread, NULL);
	ct_thread_detach(other.thr);
	/* Then none of them is left, if all addresses are taken away. */
	conns = ct_world_conns(&w);
	for (unsigned i = 1; i <= ADDRS; i++) {
		union ct_addr addr = ct_pool_addr(i);

		conns -= (uint64_t)ct_nat_pool_remove(w.thr, pool, &addr);
	}
	ck_assert_uint_eq(conns, 0);
	ck_assert(places_are_free());
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	ct_world_audit(&w);
}

START_TEST(addresses_come_and_go_while_threads_use_them)
{
	struct ct_nat_pool_config cfg = ct_pool_config();

	cfg.min_id = 5000;
	changing(&cfg);
}
END_TEST

START_TEST(blocks_come_and_go_while_threads_use_them)
{
	struct ct_nat_pool_config cfg = ct_pool_config();

	cfg.min_id = 5000;
	cfg.block_ids = 8;
	cfg.max_blocks = 4;
	cfg.prefix_len = 24;
	changing(&cfg);
}
END_TEST

START_TEST(overloaded_addresses_come_and_go_while_threads_use_them)
{
	struct ct_nat_pool_config cfg = ct_pool_config();

	cfg.flags = CT_POOL_OVERLOAD;
	cfg.mapping = CT_NAT_ON_ADDRESS;
	changing(&cfg);
}
END_TEST

/* --- A filter ----------------------------------------------------------- */

enum { TURNS = 1500, BEATS = 16, ASKED = 200 };

static struct ct_test_flow inside; /* an endpoint, and as it is seen */
static struct ct_test_flow outside;
static _Atomic bool over;

/* An endpoint's packets to more and more servers, none of which is let go. */
static void *knock_from_inside(void *user)
{
	struct worker *worker = user;
	struct ct_test_packet *p = &worker->p[0];

	for (unsigned i = 0; i < TURNS; i++) {
		struct ct_test_flow to =
			ct_pool_server(inside, 77, (uint16_t)(1000 + i));
		struct ct_pkt pkt;

		if (i % BEATS == 0)
			ct_thread_poll(worker->thr, w.now_ns);
		ct_test_udp(p, &to, CT_DIR_ORIG, 1);
		pkt = ct_test_pkt(p);
		ct_process(worker->thr, &pkt, CT_HOOK_PREROUTING);
		worker->refused +=
			ct_nat_pool_setup(worker->thr, &pkt, pool) != 0;
		ct_abandon(worker->thr, &pkt);
	}
	atomic_store(&over, true);
	ct_thread_offline(worker->thr);
	return NULL;
}

/* One of those servers knocks meanwhile. */
static void *knock_from_outside(void *user)
{
	const struct ct_test_flow from = ct_pool_server(outside, 77, 9);
	struct worker *worker = user;
	struct ct_test_packet *p = &worker->p[0];

	for (unsigned i = 0; !atomic_load(&over); i++) {
		struct ct_pkt pkt;

		if (i % BEATS == 0)
			ct_thread_poll(worker->thr, w.now_ns);
		ct_test_udp(p, &from, CT_DIR_REPLY, 1);
		pkt = ct_test_pkt(p);
		ct_process(worker->thr, &pkt, CT_HOOK_PREROUTING);
		worker->shared +=
			ct_nat_inbound(worker->thr, &pkt, pool) != CT_E_REFUSED;
		ct_abandon(worker->thr, &pkt);
	}
	ct_thread_offline(worker->thr);
	return NULL;
}

START_TEST(a_filter_is_not_opened_by_what_was_never_let_go)
{
	static void *(*const role[])(void *) = { knock_from_inside,
						 knock_from_outside };
	static struct worker worker[2];
	struct ct_nat_pool_config cfg = ct_pool_config();

	memset(worker, 0, sizeof(worker));
	over = false;
	cfg.filtering = CT_NAT_ON_ADDRESS;
	pool = ct_pool_new(&w, &cfg, 1);
	inside = ct_pool_client(1, 4000);
	outside = ct_pool_out(&w, &inside, pool);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(ct_thread_attach(w.tbl, &worker[i].thr), 0);
		ck_assert_int_eq(pthread_create(&worker[i].thread, NULL,
						role[i], &worker[i]),
				 0);
	}
	for (unsigned i = 0; i < 2; i++) {
		pthread_join(worker[i].thread, NULL);
		ct_thread_detach(worker[i].thr);
	}
	ck_assert_uint_eq(worker[0].refused, 0);
	ck_assert_uint_eq(worker[1].shared, 0);
}
END_TEST

/* --- Static mappings ---------------------------------------------------- */

static int count_one(void *user, const struct ct_nat_static *map)
{
	(void)map;
	++*(unsigned *)user;
	return 0;
}

/* All ask for the same, and end it now and then. */
static void *ask(void *user)
{
	struct worker *worker = user;

	for (unsigned i = 0; i < ASKED; i++) {
		struct ct_nat_static map = { .size = sizeof(map),
					     .inside = ct_pool_inside(1),
					     .inside_id = htons(7),
					     .l4 = 17,
					     .lifetime_s = 1000 };
		unsigned listed = 0;

		ct_thread_poll(worker->thr, w.now_ns);
		worker->refused +=
			ct_nat_static_add(worker->thr, pool, &map) != 0;
		ct_nat_static_walk(worker->thr, pool, count_one, &listed);
		worker->shared += listed > 1;
		if (i % 2)
			ct_nat_static_delete(worker->thr, pool, &map);
	}
	ct_thread_offline(worker->thr);
	return NULL;
}

START_TEST(threads_that_ask_for_the_same_mapping_share_one)
{
	static struct worker worker[THREADS];
	struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_nat_static map = { .size = sizeof(map),
				     .inside = ct_pool_inside(1),
				     .inside_id = htons(7),
				     .l4 = 17 };

	memset(worker, 0, sizeof(worker));
	cfg.min_id = 5000;
	pool = ct_pool_new(&w, &cfg, 1);
	for (unsigned i = 0; i < THREADS; i++) {
		ck_assert_int_eq(ct_thread_attach(w.tbl, &worker[i].thr), 0);
		ck_assert_int_eq(pthread_create(&worker[i].thread, NULL, ask,
						&worker[i]),
				 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(worker[i].thread, NULL);
		ct_thread_detach(worker[i].thr);
		ck_assert_uint_eq(worker[i].refused, 0);
		ck_assert_uint_eq(worker[i].shared, 0);
	}
	/* There was one at most, and nothing is left behind it. */
	ct_nat_static_delete(w.thr, pool, &map);
	ck_assert_int_eq(ct_nat_static_delete(w.thr, pool, &map), CT_E_NOENT);
	ck_assert_uint_eq(ct_pool_gauge(pool, 1, 17).mappings, 0);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("pool threads flow");
	TCase *tc = tcase_create("pool threads");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, no_false_refusal_and_no_id_for_two);
	tcase_add_test(tc, paired_hosts_get_any_id_that_is_free);
	tcase_add_loop_test(tc, overloaded_ids_are_given_once_for_a_peer,
			    CT_NAT_ON_ADDRESS, CT_NAT_ON_ADDRESS_PORT + 1);
	tcase_add_test(tc, addresses_come_and_go_while_threads_use_them);
	tcase_add_test(tc, blocks_come_and_go_while_threads_use_them);
	tcase_add_test(tc,
		       overloaded_addresses_come_and_go_while_threads_use_them);
	tcase_add_test(tc, a_filter_is_not_opened_by_what_was_never_let_go);
	tcase_add_test(tc, threads_that_ask_for_the_same_mapping_share_one);
	suite_add_tcase(suite, tc);
	return suite;
}
