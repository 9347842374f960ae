/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads that send bursts through one pool: each foresees ids that another may
 * take first.  Never one tuple for two.
 */
#include "core/table.h"
#include "pool.h"
#include "suite.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>

enum {
	MAX_CONNS = 16384,
	TCP = 6,
	THREADS = 3,
	BURST = 32,
	ROUNDS = 120,
	KEPT = 20, /* bursts whose connections live */
	ADDRS = 2,
	FIRST_ID = 5000,
	IDS = 550
};

static struct ct_world w;
static struct ct_nat_pool *pool;

/* Who has an id, by address, of UDP and of TCP. */
static _Atomic unsigned owner[2][ADDRS + 1][IDS];

struct worker {
	pthread_t thread;
	struct ct_thread *thr;
	unsigned n;
	unsigned opened;
	unsigned shared;                      /* ids that somebody else had */
	struct ct_tuple reply[ROUNDS][BURST]; /* l4 0: none */
	struct ct_test_packet p[BURST];
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

static _Atomic unsigned *owner_of(const struct ct_tuple *reply)
{
	return &owner[reply->l4 == TCP][reply->dst.bytes[3]]
		     [ntohs(reply->dst_id) - FIRST_ID];
}

static enum ct_verdict choose(void *user, struct ct_thread *thr,
			      struct ct_pkt *pkt)
{
	struct worker *worker = user;
	struct ct_tuple reply;

	if (ct_nat_pool_setup(thr, pkt, pool))
		return CT_DROP;
	ct_conn_tuple(pkt->conn, CT_DIR_REPLY, &reply);
	worker->shared += atomic_exchange(owner_of(&reply), worker->n + 1) != 0;
	return CT_ACCEPT;
}

static void open_burst(struct worker *worker, unsigned round)
{
	const struct ct_rules rules = { .size = sizeof(rules),
					.new_conn = choose,
					.user = worker };
	const struct ct_test_segment syn = { .flags = CT_TEST_SYN,
					     .seq = 100,
					     .win = 1000 };
	struct ct_pkt pkt[BURST], *pkts[BURST];
	enum ct_verdict verdict[BURST];

	for (unsigned i = 0; i < BURST; i++) {
		struct ct_test_flow flow = ct_test_flow4;

		flow.src[1] = (uint8_t)(worker->n + 1);
		flow.src[2] = (uint8_t)(i % 8);
		flow.sport = (uint16_t)(1024 + round * BURST + i);
		if (i % 2)
			ct_test_udp(&worker->p[i], &flow, CT_DIR_ORIG, 1);
		else
			ct_test_tcp(&worker->p[i], &flow, CT_DIR_ORIG, &syn);
		pkt[i] = ct_test_pkt(&worker->p[i]);
		pkts[i] = &pkt[i];
	}
	ct_forward_burst(worker->thr, pkts, BURST, &rules, verdict);
	for (unsigned i = 0; i < BURST; i++) {
		struct ct_tuple *reply = &worker->reply[round][i];

		memset(reply, 0, sizeof(*reply));
		if (verdict[i] != CT_ACCEPT)
			continue;
		worker->opened++;
		ct_conn_tuple(pkt[i].conn, CT_DIR_REPLY, reply);
	}
}

static void end_burst(struct worker *worker, unsigned round)
{
	for (unsigned i = 0; i < BURST; i++) {
		const struct ct_tuple *reply = &worker->reply[round][i];
		struct ct_conn *conn;
		enum ct_dir dir;

		if (!reply->l4)
			continue;
		conn = ct_find(worker->thr, reply, &dir);
		/* Others may have its id once its grace period is over. */
		atomic_store(owner_of(reply), 0);
		worker->shared +=
			!conn || ct_conn_delete(worker->thr, conn) != 0;
	}
}

static void *work(void *user)
{
	struct worker *worker = user;

	for (unsigned round = 0; round < ROUNDS; round++) {
		ct_thread_poll(worker->thr, w.now_ns);
		open_burst(worker, round);
		if (round >= KEPT)
			end_burst(worker, round - KEPT);
	}
	ct_thread_offline(worker->thr);
	return NULL;
}

static void run(uint32_t flags, uint8_t mapping)
{
	static struct worker workers[THREADS];
	struct ct_nat_pool_config cfg = ct_pool_config();
	uint64_t opened = 0, foreseen = 0;

	cfg.flags = flags;
	cfg.mapping = mapping;
	cfg.min_id = FIRST_ID;
	cfg.max_id = FIRST_ID + IDS - 1;
	pool = ct_pool_new(&w, &cfg, ADDRS);
	memset(workers, 0, sizeof(workers));
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i].n = i;
		ck_assert_int_eq(ct_thread_attach(w.tbl, &workers[i].thr), 0);
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work,
						&workers[i]),
				 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	for (unsigned i = 0; i < THREADS; i++) {
		foreseen += workers[i].thr->n_foreseen;
		ct_thread_detach(workers[i].thr);
		ck_assert_uint_eq(workers[i].shared, 0);
		opened += workers[i].opened;
	}
	/* One that begins late may find nothing free. */
	ck_assert_uint_gt(opened, 0);
	ck_assert_uint_gt(foreseen, 0);
	ct_world_audit(&w);
}

START_TEST(an_id_that_two_foresaw_is_given_to_one)
{
	run(0, CT_NAT_ON_NOTHING);
}
END_TEST

START_TEST(an_overloaded_id_that_two_foresaw_is_given_to_one_for_a_peer)
{
	run(CT_POOL_OVERLOAD, CT_NAT_ON_ADDRESS_PORT);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("foresee threads");
	TCase *tc = tcase_create("bursts");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, an_id_that_two_foresaw_is_given_to_one);
	tcase_add_test(
		tc,
		an_overloaded_id_that_two_foresaw_is_given_to_one_for_a_peer);
	suite_add_tcase(suite, tc);
	return suite;
}
