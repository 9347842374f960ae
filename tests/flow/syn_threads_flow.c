/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Both ends of proxied connections on several threads at once, while another
 * maintains the table: whatever leaves has the numbers that its reader expects.
 */
#include "suite.h"
#include "wire/build.h"
#include "world.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { THREADS = 3, FLOWS = 32, TURNS = 4000, ISN = 1000, SERVER = 500000 };
enum { FAR = 100000 /* between servers' numbers */, SAID = 100 };

static struct shared {
	struct ct_world w;
	struct ct_test_flow flow[FLOWS];
	_Atomic uint32_t cookie[FLOWS]; /* 0: none yet */
	_Atomic uint64_t now_ns;
	_Atomic uint32_t wrong;
	_Atomic uint32_t shifted; /* segments that had the right numbers */
	_Atomic bool over;
} s;

static uint32_t server_of(uint32_t n)
{
	return SERVER + n * FAR;
}

/* A client's cookie stays the same within its epoch. */
static void emit(void *user, const struct ct_pkt *pkt)
{
	struct ct_segment seg;

	(void)user;
	if (!ct_segment_read(&seg, pkt->l3, pkt->data, pkt->len)) {
		atomic_fetch_add(&s.wrong, 1);
		return;
	}
	if (seg.flags != (CT_SEG_SYN | CT_SEG_ACK))
		return;
	for (uint32_t n = 0; n < FLOWS; n++)
		if (memcmp(s.flow[n].src, seg.dst.bytes, 4) == 0)
			atomic_store(&s.cookie[n], seg.seq);
}

static bool near(uint32_t number, uint32_t to)
{
	return number - to <= SAID;
}

/* What left, as the other end reads it. */
static void judge(const struct ct_pkt *pkt, uint32_t n, enum ct_dir dir)
{
	uint32_t cookie = atomic_load(&s.cookie[n]);
	struct ct_segment seg;
	bool good;

	if (!ct_segment_read(&seg, pkt->l3, pkt->data, pkt->len)) {
		atomic_fetch_add(&s.wrong, 1);
		return;
	}
	if (seg.flags & CT_SEG_SYN)
		good = dir == CT_DIR_ORIG && seg.seq == ISN && !seg.data_len;
	else if (dir == CT_DIR_ORIG)
		good = near(seg.ack, server_of(n));
	else
		good = near(seg.seq, cookie);
	atomic_fetch_add(good ? &s.shifted : &s.wrong, 1);
}

static void say(struct ct_thread *thr, uint32_t n, enum ct_dir dir,
		const struct ct_test_segment *seg)
{
	struct ct_test_packet p;
	struct ct_pkt pkt;

	ct_test_tcp(&p, &s.flow[n], dir, seg);
	pkt = ct_test_pkt(&p);
	pkt.tailroom = 64;
	if (ct_process(thr, &pkt, CT_HOOK_PREROUTING) != CT_ACCEPT ||
	    !pkt.conn || ct_confirm(thr, &pkt) != CT_ACCEPT)
		return;
	judge(&pkt, n, dir);
}

static void turn(struct ct_thread *thr, uint32_t n, uint32_t what)
{
	uint32_t cookie = atomic_load(&s.cookie[n]);
	struct ct_test_segment seg = { .win = 1000 };

	switch (what) {
	case 0:
		seg.flags = CT_TEST_SYN;
		seg.seq = ISN;
		say(thr, n, CT_DIR_ORIG, &seg);
		return;
	case 1:
		seg.flags = CT_TEST_SYN | CT_TEST_ACK;
		seg.seq = server_of(n);
		seg.ack = ISN + 1;
		say(thr, n, CT_DIR_REPLY, &seg);
		return;
	case 2:
		seg.len = 20;
		seg.seq = server_of(n) + 1;
		seg.flags = CT_TEST_ACK;
		seg.ack = ISN + 1;
		say(thr, n, CT_DIR_REPLY, &seg);
		return;
	default:
		seg.flags = CT_TEST_ACK;
		seg.seq = ISN + 1;
		seg.ack = cookie + 1;
		seg.len = what % 2 * 10;
		if (cookie)
			say(thr, n, CT_DIR_ORIG, &seg);
		return;
	}
}

static void *talk(void *user)
{
	uint32_t dice = *(uint32_t *)user;
	struct ct_thread *thr;

	if (ct_thread_attach(s.w.tbl, &thr)) {
		atomic_fetch_add(&s.wrong, 1);
		return NULL;
	}
	for (uint32_t i = 0; i < TURNS; i++) {
		dice = dice * 1664525u + 1013904223u;
		if (i % 8 == 0)
			ct_thread_poll(thr, atomic_load(&s.now_ns));
		turn(thr, dice >> 16 & (FLOWS - 1), dice >> 24 & 7);
	}
	ct_thread_detach(thr);
	return NULL;
}

/* SYNs are repeated meanwhile, and connections asked. */
static void *maintain(void *user)
{
	(void)user;
	for (unsigned i = 0; i < 30 && !atomic_load(&s.over); i++) {
		uint64_t now = atomic_fetch_add(&s.now_ns, CT_WORLD_S);

		ct_maintain(s.w.tbl, now, 0);
	}
	return NULL;
}

START_TEST(whatever_leaves_has_the_right_numbers)
{
	const struct ct_host host = { .size = sizeof(host), .emit = emit };
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = 1000,
				       .host = &host };
	uint32_t dice[THREADS] = { 1, 22, 333 };
	pthread_t threads[THREADS], other;

	memset(&s, 0, sizeof(s));
	ct_world_create(&s.w, &cfg);
	ck_assert_int_eq(ct_param_set(s.w.tbl, "overflow.syn_proxy", 2), 0);
	ck_assert_int_eq(ct_param_set(s.w.tbl, "overflow.probe", 1), 0);
	ck_assert_int_eq(ct_param_set(s.w.tbl, "overflow.low", 0), 0);
	ck_assert_int_eq(ct_param_set(s.w.tbl, "overflow.soft", 1), 0);
	for (uint32_t n = 0; n < FLOWS; n++)
		s.flow[n] = ct_world_flow(n);
	/* An epoch of cookies begins. */
	s.w.now_ns = 64 * 64 * CT_WORLD_S;
	s.now_ns = s.w.now_ns;
	ct_world_attach(&s.w);
	ct_thread_offline(s.w.thr);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(
			pthread_create(&threads[i], NULL, talk, &dice[i]), 0);
	ck_assert_int_eq(pthread_create(&other, NULL, maintain, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	atomic_store(&s.over, true);
	pthread_join(other, NULL);
	ct_thread_online(s.w.thr);
	ct_thread_poll(s.w.thr, s.now_ns);
	ck_assert_uint_eq(s.wrong, 0);
	ck_assert_uint_gt(s.shifted, TURNS);
	ct_world_end(&s.w);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("flow/syn_threads");
	TCase *tc = tcase_create("threads");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, whatever_leaves_has_the_right_numbers);
	suite_add_tcase(suite, tc);
	return suite;
}
