/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NAT when ids run short: told at once, never sent untranslated, and never one
 * tuple for two.
 */
#include "nat64.h"
#include "natlog.h"
#include "suite.h"

#include <arpa/inet.h>
#include <conntrack/plugin.h>
#include <pthread.h>
#include <string.h>

enum { MAX_CONNS = 8192, ESP = 50 };

#define PUBLIC 0xcb007101u

static struct ct_world w;

static void setup(void)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = MAX_CONNS,
				       .profile = CT_PROFILE_LINUX };

	ct_natlog_open();
	ct_world_create(&w, &cfg);
	ck_assert_int_eq(ct_nat_watch(w.tbl, ct_natlog_note, NULL), 0);
	ct_world_attach(&w);
}

static void teardown(void)
{
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_end(&w);
}

static struct ct_test_flow client(uint8_t n)
{
	struct ct_test_flow flow = ct_test_flow4;

	flow.src[3] = n;
	return flow;
}

START_TEST(the_second_flow_on_one_port_is_told_and_dropped)
{
	struct ct_nat_range to = ct_nat_ports(ct_nat_to(PUBLIC), 7000, 7000);
	struct ct_test_rules rules = { .src = &to };
	struct ct_test_flow flow = client(9);
	struct ct_test_packet p;
	struct ct_pkt pkt;

	ct_test_udp(&p, &ct_test_flow4, CT_DIR_ORIG, 1);
	ct_nat_pass(&w, &p, &rules);
	pkt = ct_world_open(&w, &flow, CT_DIR_ORIG);
	ck_assert_int_eq(ct_nat_setup(w.thr, &pkt, CT_NAT_SRC, &to), CT_E_FULL);
	ck_assert_uint_eq(pkt.reason, CT_R_NAT_EXHAUSTED);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_NAT_EXHAUSTED), 1);
	/* A host that goes on all the same leaks nothing. */
	ck_assert_int_eq(ct_nat_apply(w.thr, &pkt, CT_HOOK_POSTROUTING),
			 CT_ACCEPT);
	ck_assert_uint_eq(ct_nat_tuple(&w.p).src.v4, htonl(PUBLIC));
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_DROP);
	ck_assert_uint_eq(pkt.reason, CT_R_CLASH);

	/* To another peer the port is free. */
	flow.dport++;
	ct_test_udp(&p, &flow, CT_DIR_ORIG, 1);
	ct_nat_pass(&w, &p, &rules);
}
END_TEST

/* --- Told --------------------------------------------------------------- */

START_TEST(exhaustion_of_a_range_is_an_event)
{
	struct ct_nat_range to = ct_nat_ports(ct_nat_to(PUBLIC), 7000, 7000);
	struct ct_test_rules rules = { .src = &to };
	struct ct_test_flow flow = client(9);
	const struct ct_nat_event *ev;
	struct ct_test_packet p;
	struct ct_pkt pkt;
	char line[512];

	ct_test_udp(&p, &ct_test_flow4, CT_DIR_ORIG, 1);
	ct_nat_pass(&w, &p, &rules);
	ck_assert_uint_eq(ct_natlog_all(), 0);
	ct_test_udp(&p, &flow, CT_DIR_ORIG, 1);
	pkt = ct_test_pkt(&p);
	ck_assert_int_eq(ct_nat_step(&w, &pkt, &rules), CT_ACCEPT);
	ct_abandon(w.thr, &pkt);
	ev = ct_natlog_last(CT_NAT_EV_NO_ID);
	ck_assert_uint_eq(ct_natlog_all(), 1);
	ck_assert_uint_eq(ev->pool, 0);
	ck_assert_uint_eq(ev->now_ns, w.now_ns);
	ck_assert_int_gt(ct_nat_event_text(ev, line, sizeof(line)), 0);
	ck_assert_ptr_nonnull(strstr(line, "\"nat_event\":\"NO_ID\","
					   "\"nat_event_number\":12,"));
	ck_assert_ptr_nonnull(
		strstr(line, "\"protocol_number\":17,"
			     "\"inside\":\"10.0.0.9\","
			     "\"outside\":\"203.0.113.1\","
			     "\"peer\":\"198.51.100.5\",\"peer_id\":80}"));
}
END_TEST

START_TEST(exhaustion_of_nat64_names_both_layers)
{
	struct ct_test_nat64 by = ct_test_nat64();
	struct ct_test_flow flow = ct_test_flow64(&by);
	const struct ct_nat_event *ev;
	char line[512];

	by.v4 = ct_nat_ports(by.v4, 7000, 7000);
	for (uint8_t host = 2; host < 4; host++) {
		struct ct_test_packet p;
		struct ct_pkt pkt;

		flow.src[15] = host;
		ct_test_udp(&p, &flow, CT_DIR_ORIG, 9);
		ct_test_cross(&w, &p, &by, &pkt);
		ct_confirm(w.thr, &pkt);
	}
	ev = ct_natlog_last(CT_NAT_EV_NO_ID);
	ck_assert_int_gt(ct_nat_event_text(ev, line, sizeof(line)), 0);
	ck_assert_ptr_nonnull(strstr(line, "\"inside\":\"2001:db8:1::3\","
					   "\"outside\":\"203.0.113.1\""));
	ck_assert_ptr_nonnull(strstr(line, "\"peer\":\"198.51.100.5\""));
}
END_TEST

START_TEST(a_watch_is_set_before_threads_come)
{
	ck_assert_int_eq(ct_nat_watch(w.tbl, NULL, NULL), CT_E_SEALED);
}
END_TEST

/* --- Small ranges ------------------------------------------------------- */

START_TEST(every_port_of_a_small_range_is_used_once)
{
	enum { PORTS = 100 };
	struct ct_nat_range to = ct_nat_ports(ct_nat_to(PUBLIC), 5000, 5099);
	struct ct_test_rules rules = { .src = &to };
	bool seen[PORTS] = { false };
	struct ct_test_flow last;
	struct ct_pkt pkt;

	for (unsigned i = 0; i < PORTS; i++) {
		struct ct_test_flow flow = client((uint8_t)i);
		struct ct_test_packet p;
		unsigned port;

		ct_test_udp(&p, &flow, CT_DIR_ORIG, 1);
		ct_nat_pass(&w, &p, &rules);
		port = ct_nat_u16(&p, 20) - 5000u;
		ck_assert_uint_lt(port, PORTS);
		ck_assert(!seen[port]);
		seen[port] = true;
	}
	ck_assert_uint_eq(ct_world_count(&w, CT_R_NAT_EXHAUSTED), 0);
	last = client(PORTS);
	pkt = ct_world_open(&w, &last, CT_DIR_ORIG);
	ck_assert_int_eq(ct_nat_setup(w.thr, &pkt, CT_NAT_SRC, &to), CT_E_FULL);
	ct_abandon(w.thr, &pkt);
}
END_TEST

START_TEST(protocols_without_ids_have_one_flow_to_a_peer)
{
	static const uint8_t bytes[16] = { 0, 0, 0, 7 };
	const struct ct_test_l4 esp = { ESP, bytes, sizeof(bytes) };
	struct ct_nat_range to = ct_nat_to(PUBLIC);
	struct ct_test_rules rules = { .src = &to };
	struct ct_test_flow second = client(77), outside = ct_test_flow4;
	struct ct_test_packet p;
	struct ct_pkt pkt;

	ct_test_raw(&p, &ct_test_flow4, CT_DIR_ORIG, &esp);
	ct_nat_pass(&w, &p, &rules);
	ct_test_raw(&p, &second, CT_DIR_ORIG, &esp);
	pkt = ct_test_pkt(&p);
	ck_assert_int_eq(ct_nat_step(&w, &pkt, &rules), CT_ACCEPT);
	ck_assert_uint_eq(pkt.reason, CT_R_NAT_EXHAUSTED);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_DROP);

	memcpy(outside.src, &to.min_addr, 4);
	ct_test_raw(&p, &outside, CT_DIR_REPLY, &esp);
	ck_assert_int_eq(ct_nat_pass(&w, &p, &rules).dir, CT_DIR_REPLY);
	ck_assert_mem_eq(p.bytes + 16, ct_test_flow4.src, 4);
}
END_TEST

static enum ct_verdict segment(const struct ct_test_flow *flow, enum ct_dir dir,
			       const struct ct_test_rules *rules,
			       struct ct_test_segment seg)
{
	struct ct_test_packet p;
	struct ct_pkt pkt;

	seg.win = 1000;
	ct_test_tcp(&p, flow, dir, &seg);
	pkt = ct_test_pkt(&p);
	ck_assert_int_eq(ct_nat_step(&w, &pkt, rules), CT_ACCEPT);
	return ct_confirm(w.thr, &pkt);
}

START_TEST(a_reset_connection_yields_to_a_newer_syn_only)
{
	struct ct_nat_range to = ct_nat_ports(ct_nat_to(PUBLIC), 7000, 7000);
	struct ct_test_rules rules = { .src = &to };
	const struct ct_test_segment syn = { .flags = CT_TEST_SYN, .seq = 500 };
	struct ct_test_segment newer = syn, older = syn;
	struct ct_test_flow outside = ct_test_flow4, second = client(9);

	memcpy(outside.src, &to.min_addr, 4);
	outside.sport = 7000;
	newer.seq = 600;
	older.seq = 400;
	segment(&ct_test_flow4, CT_DIR_ORIG, &rules, syn);
	ck_assert_int_eq(segment(&second, CT_DIR_ORIG, &rules, newer), CT_DROP);
	segment(&outside, CT_DIR_REPLY, &rules,
		(struct ct_test_segment){ .flags = CT_TEST_SYN | CT_TEST_ACK,
					  .seq = 9,
					  .ack = 501 });
	segment(&ct_test_flow4, CT_DIR_ORIG, &rules,
		(struct ct_test_segment){
			.flags = CT_TEST_ACK, .seq = 501, .ack = 10 });
	segment(&outside, CT_DIR_REPLY, &rules,
		(struct ct_test_segment){ .flags = CT_TEST_RST | CT_TEST_ACK,
					  .seq = 10,
					  .ack = 501 });
	ck_assert_int_eq(segment(&second, CT_DIR_ORIG, &rules, older), CT_DROP);
	ck_assert_int_eq(segment(&second, CT_DIR_ORIG, &rules, newer),
			 CT_ACCEPT);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_YIELDED), 1);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

/* --- Threads ------------------------------------------------------------ */

enum { EACH = 1500 };

struct worker {
	pthread_t thread;
	struct ct_thread *thr;
	uint8_t net;
	unsigned n;
	uint16_t ports[EACH];
};

/* Clients of a net of its own, all from one port to one server. */
static void *work(void *user)
{
	struct worker *worker = user;
	struct ct_nat_range to = ct_nat_ports(ct_nat_to(PUBLIC), 3000, 6999);

	for (unsigned i = 0; i < EACH; i++) {
		struct ct_test_flow flow = ct_test_flow4;
		struct ct_test_packet p;
		struct ct_pkt pkt;

		flow.src[1] = worker->net;
		flow.src[2] = (uint8_t)(i >> 8);
		flow.src[3] = (uint8_t)i;
		ct_test_udp(&p, &flow, CT_DIR_ORIG, 1);
		pkt = ct_test_pkt(&p);
		ct_thread_poll(worker->thr, w.now_ns);
		if (ct_process(worker->thr, &pkt, CT_HOOK_PREROUTING) ||
		    ct_nat_setup(worker->thr, &pkt, CT_NAT_SRC, &to) ||
		    ct_nat_apply(worker->thr, &pkt, CT_HOOK_POSTROUTING) ||
		    ct_confirm(worker->thr, &pkt))
			continue;
		worker->ports[worker->n++] = ct_nat_u16(&p, 20);
	}
	ct_thread_offline(worker->thr);
	return NULL;
}

START_TEST(two_threads_never_get_one_tuple_twice)
{
	static struct worker workers[2];
	static bool seen[UINT16_MAX + 1];
	unsigned n = 0;

	for (unsigned i = 0; i < 2; i++) {
		workers[i].net = (uint8_t)(i + 1);
		ck_assert_int_eq(ct_thread_attach(w.tbl, &workers[i].thr), 0);
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work,
						&workers[i]),
				 0);
	}
	for (unsigned i = 0; i < 2; i++) {
		pthread_join(workers[i].thread, NULL);
		for (unsigned k = 0; k < workers[i].n; k++) {
			ck_assert(!seen[workers[i].ports[k]]);
			seen[workers[i].ports[k]] = true;
		}
		n += workers[i].n;
		ct_thread_detach(workers[i].thr);
	}
	/* Who chose a tuple at the same instant has lost its packet. */
	ck_assert_uint_ge(n, 2 * EACH - EACH / 10);
	ck_assert_uint_eq(ct_world_conns(&w), n);
	ct_world_audit(&w);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("nat full flow");
	TCase *tc = tcase_create("nat full");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_second_flow_on_one_port_is_told_and_dropped);
	tcase_add_test(tc, exhaustion_of_a_range_is_an_event);
	tcase_add_test(tc, exhaustion_of_nat64_names_both_layers);
	tcase_add_test(tc, a_watch_is_set_before_threads_come);
	tcase_add_test(tc, every_port_of_a_small_range_is_used_once);
	tcase_add_test(tc, protocols_without_ids_have_one_flow_to_a_peer);
	tcase_add_test(tc, a_reset_connection_yields_to_a_newer_syn_only);
	tcase_add_test(tc, two_threads_never_get_one_tuple_twice);
	suite_add_tcase(suite, tc);
	return suite;
}
