/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fragments of one datagram on several threads at once: whoever brings the last
 * one gets the datagram, or, where they pass, every one leaves exactly once.
 */
#include "frag.h"
#include "suite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { THREADS = 3, DATAGRAMS = 1500, PIECES = 6, PIECE = 104, AHEAD = 4 };

struct shared {
	struct ct_world w;
	struct ct_test_packet whole[2];
	_Atomic uint32_t next;
	_Atomic uint32_t wholes;
	_Atomic uint32_t left; /* fragments */
	_Atomic uint32_t wrong;
	_Atomic uint32_t seen[DATAGRAMS][PIECES];
};

static struct shared s;

static void setup(void)
{
	memset(&s, 0, sizeof(s));
}

/* A fragment's place in its datagram. */
static uint32_t place_of(const struct ct_pkt *piece)
{
	const uint8_t *at = piece->data;
	uint32_t off = piece->l3 == CT_L3_IPV4
			       ? (uint32_t)(at[6] & 0x1f) << 8 | at[7]
			       : ((uint32_t)at[42] << 8 | at[43]) >> 3;

	return off * 8 / PIECE;
}

/* Pieces have the port of their datagram, and its number as the payload. */
static void build(uint32_t n, struct ct_test_packet *p)
{
	uint32_t hdr;

	*p = s.whole[n % 2];
	hdr = ct_test_l4_off(p);
	for (uint32_t i = hdr + 8; i + 1 < p->len; i += 2) {
		p->bytes[i] = (uint8_t)(n >> 8);
		p->bytes[i + 1] = (uint8_t)n;
	}
	ct_test_sum(p);
}

static void send(struct ct_thread *thr, struct ct_pkt *pkt, uint32_t n)
{
	struct ct_pkt piece = { 0 };

	while (ct_frag_next(thr, pkt, &piece)) {
		uint32_t place = place_of(&piece);
		uint32_t at = piece.len - 8;

		if (piece.data[at] != (uint8_t)(n >> 8) ||
		    piece.data[at + 1] != (uint8_t)n || place >= PIECES)
			atomic_fetch_add(&s.wrong, 1);
		else
			atomic_fetch_add(&s.seen[n][place], 1);
		atomic_fetch_add(&s.left, 1);
	}
}

/* Pieces of some datagrams by turns, so that threads meet in them. */
static void bring(struct ct_thread *thr, uint32_t turn)
{
	static const uint8_t order[PIECES] = { 3, 0, 1, 5, 2, 4 };
	uint32_t group = turn / (AHEAD * PIECES), at = turn % (AHEAD * PIECES);
	uint32_t n = group * AHEAD + at % AHEAD;
	uint32_t place = order[(at / AHEAD + n) % PIECES];
	struct ct_test_packet whole, p;
	struct ct_pkt pkt;

	build(n, &whole);
	ct_test_cut(&p, &whole,
		    (struct ct_test_part){ n, place * PIECE,
					   place == PIECES - 1 ? 0 : PIECE });
	pkt = ct_test_pkt(&p);
	if (ct_process(thr, &pkt, CT_HOOK_PREROUTING) != CT_ACCEPT)
		return;
	if (pkt.state == CT_INVALID)
		atomic_fetch_add(&s.wrong, 1);
	if (ct_confirm(thr, &pkt) != CT_ACCEPT) {
		atomic_fetch_add(&s.wrong, 1);
		return;
	}
	if (pkt.flags & CT_PKT_WHOLE)
		atomic_fetch_add(&s.wholes, 1);
	send(thr, &pkt, n);
}

static void *work(void *user)
{
	struct ct_thread *thr;
	uint32_t turn;

	(void)user;
	if (ct_thread_attach(s.w.tbl, &thr)) {
		atomic_fetch_add(&s.wrong, 1);
		return NULL;
	}
	while ((turn = atomic_fetch_add(&s.next, 1)) < DATAGRAMS * PIECES) {
		if (turn % 5 == 0)
			ct_thread_poll(thr, s.w.now_ns);
		bring(thr, turn);
	}
	ct_thread_detach(thr);
	return NULL;
}

static void run(uint64_t mode)
{
	pthread_t threads[THREADS];

	ct_world_create(&s.w, NULL);
	ck_assert_int_eq(ct_param_set(s.w.tbl, "frag.mode", mode), 0);
	ct_world_attach(&s.w);
	ct_test_udp(&s.whole[0], &ct_test_flow4, CT_DIR_ORIG,
		    PIECES * PIECE - 16);
	ct_test_udp(&s.whole[1], &ct_test_flow6, CT_DIR_ORIG,
		    PIECES * PIECE - 16);
	/* Known already: no piece waits for a connection to be confirmed. */
	if (mode == 2)
		for (uint32_t i = 0; i < 2; i++) {
			struct ct_pkt pkt = ct_test_pkt(&s.whole[i]);

			ct_process(s.w.thr, &pkt, CT_HOOK_PREROUTING);
			ct_confirm(s.w.thr, &pkt);
		}
	ct_thread_offline(s.w.thr);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, work, NULL),
				 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ct_thread_online(s.w.thr);
	ct_thread_poll(s.w.thr, s.w.now_ns);
	ck_assert_uint_eq(s.wrong, 0);
	ck_assert_uint_eq(s.left, DATAGRAMS * PIECES);
	for (uint32_t n = 0; n < DATAGRAMS; n++)
		for (uint32_t i = 0; i < PIECES; i++)
			ck_assert_uint_eq(s.seen[n][i], 1);
}

static void nothing_waits(void)
{
	struct ct_frag_stats stats = { .size = sizeof(stats) };

	ck_assert_int_eq(ct_frag_stats(s.w.tbl, &stats), 0);
	ck_assert_uint_eq(stats.datagrams, 0);
	ck_assert_uint_eq(stats.bytes, 0);
	ck_assert_uint_eq(stats.completed, DATAGRAMS);
	ct_world_end(&s.w);
}

START_TEST(one_thread_gets_each_datagram)
{
	run(1);
	ck_assert_uint_eq(s.wholes, DATAGRAMS);
	nothing_waits();
}
END_TEST

START_TEST(every_fragment_passes_once)
{
	run(2);
	ck_assert_uint_eq(s.wholes, 0);
	nothing_waits();
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("frag threads flow");
	TCase *tc = tcase_create("frag threads");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, one_thread_gets_each_datagram);
	tcase_add_test(tc, every_fragment_passes_once);
	suite_add_tcase(suite, tc);
	return suite;
}
