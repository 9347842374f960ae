/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything else that a host may do, at random; see stress.h.
 *
 * Some tuples belong to nobody: every thread sends packets of either end
 * without any order, so that connections clash, are reopened, reset and
 * expire under each other's eyes.
 */
#include "stress.h"

#include <string.h>

enum { TUPLES = 24 };

static void read_conn(struct worker *w, struct ct_conn *conn)
{
	struct ct_counter counter;
	uint64_t start, stop;
	uint8_t labels[16];
	char line[1024];

	if (ct_conn_text(w->thr, conn, (enum ct_text_style)random_below(w, 4),
			 line, sizeof(line)) <= 0)
		wrong("a connection that makes no line");
	ct_conn_labels(w->s->tbl, conn, labels);
	(void)ct_conn_cookie(w->s->tbl, conn);
	(void)ct_conn_expires(w->thr, conn);
	ct_conn_counter(w->s->tbl, conn, CT_DIR_ORIG, &counter);
	ct_conn_times(w->s->tbl, conn, &start, &stop);
}

static void write_conn(struct worker *w, struct ct_conn *conn)
{
	uint8_t labels[16] = { (uint8_t)random_below(w, 256) };

	ct_conn_mark_set(w->thr, conn, random_below(w, 4));
	/* No memory is an answer: after a flush much of it waits. */
	(void)ct_conn_labels_set(w->thr, conn, labels);
	(void)ct_conn_cookie_set(w->thr, conn, w->random);
}

/* Leave it to another thread, and take what another one has left. */
static void exchange(struct worker *w, struct ct_conn *conn)
{
	struct ct_conn *old;

	old = atomic_exchange(&w->s->shelf[random_below(w, SHELF)],
			      ct_conn_get(conn));
	if (!old)
		return;
	read_conn(w, old);
	write_conn(w, old);
	ct_conn_put(w->s->tbl, old);
}

/* --- Packets without order ---------------------------------------------- */

void stray_build(struct worker *w, struct ct_test_packet *p)
{
	static const uint8_t flags[] = {
		CT_TEST_SYN,
		CT_TEST_SYN | CT_TEST_ACK,
		CT_TEST_ACK,
		CT_TEST_FIN | CT_TEST_ACK,
		CT_TEST_RST | CT_TEST_ACK,
	};
	uint32_t number = random_below(w, TUPLES);
	enum ct_dir dir = random_below(w, 2) ? CT_DIR_ORIG : CT_DIR_REPLY;
	struct ct_test_flow ends = number & 1 ? ct_test_flow6 : ct_test_flow4;
	struct ct_test_segment seg = {
		.flags = flags[random_below(w, sizeof(flags))],
		.win = 1000,
		.seq = random_below(w, 3),
		.ack = random_below(w, 3),
	};
	struct ct_test_icmp icmp = { .type = number & 1 ? 128 : 8,
				     .id = (uint16_t)number };

	ends.sport = ends.dport = (uint16_t)(1000 + number);
	if (number % 3 == 0)
		ct_test_udp(p, &ends, dir, 4);
	else if (number % 3 == 1)
		ct_test_tcp(p, &ends, dir, &seg);
	else
		ct_test_icmp(p, &ends, dir, &icmp);
}

static void stray(struct worker *w)
{
	enum { BURST = 4 };
	struct ct_test_packet p[BURST];
	struct ct_pkt pkt[BURST];

	for (unsigned i = 0; i < BURST; i++) {
		stray_build(w, &p[i]);
		pkt[i] = ct_test_pkt(&p[i]);
		ct_process(w->thr, &pkt[i], CT_HOOK_PREROUTING);
	}
	for (unsigned i = 0; i < BURST; i++) {
		if (random_below(w, 8) == 0)
			ct_abandon(w->thr, &pkt[i]);
		else if (random_below(w, 8))
			ct_confirm(w->thr, &pkt[i]);
		else
			continue; /* forgotten; the poll gives it up */
		if (!pkt[i].conn)
			continue;
		if (random_below(w, 4) == 0)
			write_conn(w, pkt[i].conn);
		if (random_below(w, 8) == 0)
			exchange(w, pkt[i].conn);
		if (random_below(w, 16) == 0)
			ct_conn_delete(w->thr, pkt[i].conn);
		count(w->s, T_PACKETS);
	}
}

/* --- Control ------------------------------------------------------------ */

static int visit(void *user, struct ct_conn *conn)
{
	struct worker *w = user;

	if (random_below(w, 8) == 0)
		read_conn(w, conn);
	if (random_below(w, 64) == 0)
		exchange(w, conn);
	if (random_below(w, 512) == 0)
		ct_conn_delete(w->thr, conn);
	return random_below(w, 512) == 0;
}

static void walk(struct worker *w)
{
	uint64_t cursor = 0;

	while (ct_walk(w->thr, &cursor, NULL, visit, w) > 0)
		worker_poll(w);
}

static void flush(struct worker *w)
{
	struct ct_filter filter = { .size = sizeof(filter) };

	filter.flags = CT_FILTER_L4;
	filter.l4 = random_below(w, 2) ? 6 : 17;
	if (ct_flush(w->thr, random_below(w, 4) ? &filter : NULL) < 0)
		wrong("a flush that fails");
}

static void come_and_go(struct worker *w)
{
	struct ct_table *tbl = w->s->tbl;
	struct ct_sub *sub;

	switch (random_below(w, 3)) {
	case 0:
		if (ct_subscribe(tbl, CT_EV_ALL, on_guest, w->s, &sub))
			wrong("no subscription");
		for (unsigned i = random_below(w, 32); i; i--) {
			stray(w);
			worker_poll(w);
		}
		ct_unsubscribe(tbl, sub);
		break;
	case 1:
		ct_thread_offline(w->thr);
		ct_thread_online(w->thr);
		worker_poll(w);
		break;
	default:
		ct_thread_detach(w->thr);
		if (ct_thread_attach(tbl, &w->thr))
			wrong("cannot attach");
		worker_poll(w);
	}
}

static void ask(struct worker *w)
{
	struct ct_stats stats = { .size = sizeof(stats) };

	if (ct_stats(w->s->tbl, &stats))
		wrong("no numbers");
	if (stats.conns > w->s->max_conns + THREADS_MAX)
		wrong("more connections than there may be");
	(void)ct_next_expiry(w->s->tbl);
}

void be_wild(struct worker *w)
{
	count(w->s, T_WILD);
	if (random_below(w, 512) == 0)
		flush(w);
	else if (random_below(w, 64) == 0)
		come_and_go(w);
	else if (random_below(w, 64) == 0)
		walk(w);
	else if (random_below(w, 64) == 0)
		ask(w);
	else if (random_below(w, 2) == 0)
		announce(w);
	else
		stray(w);
}
