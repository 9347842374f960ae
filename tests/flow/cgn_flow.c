/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Carrier grade: blocks, deterministic mappings and their inverse, quotas,
 * events.
 */
#include "core/table.h"
#include "natlog.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { MAX_CONNS = 8192, UDP = 17 };

static struct ct_world w;

static void setup(void)
{
	ct_natlog_open();
	ct_world_start(&w, MAX_CONNS);
}

static void teardown(void)
{
	ct_world_clear(&w);
	ct_world_end(&w);
}

/* --- Blocks ------------------------------------------------------------- */

START_TEST(a_subscriber_gets_its_ids_by_the_block)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	const struct ct_nat_event *ev;
	struct ct_nat_pool *pool;

	cfg.block_ids = 64;
	cfg.max_blocks = 3;
	pool = ct_pool_new(&w, &cfg, 2);
	for (uint16_t port = 1; port <= 3 * 64; port++) {
		struct ct_test_flow flow = ct_pool_client(1, port);
		struct ct_test_flow out = ct_pool_out(&w, &flow, pool);

		ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_BLOCK),
				  (port + 63u) / 64);
		ev = ct_natlog_last(CT_NAT_EV_BLOCK);
		ck_assert(out.sport >= ev->first_id &&
			  out.sport <= ev->last_id);
		ck_assert_mem_eq(out.src, &ev->outside, 4);
		ck_assert_uint_eq(ev->last_id - ev->first_id, 63);
	}
	{
		struct ct_test_flow flow = ct_pool_client(1, 999);

		ct_pool_refused(&w, &flow, pool, CT_E_FULL);
	}
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_NO_ID), 1);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_SUBSCRIBER), 1);
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_BLOCK_END), 3);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_SUBSCRIBER_END), 1);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_MAPPING), 192);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_MAPPING_END), 192);
}
END_TEST

START_TEST(blocks_of_two_never_overlap)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	static uint16_t owner[UINT16_MAX + 1];
	struct ct_test_flow last = ct_pool_client(5000, 1);
	struct ct_nat_pool *pool;

	memset(owner, 0, sizeof(owner));
	cfg.min_id = 1024;
	cfg.max_id = 1024 + 100 * 16 - 1;
	cfg.block_ids = 16;
	pool = ct_pool_new(&w, &cfg, 1);
	for (uint16_t host = 1; host <= 100; host++)
		for (uint16_t port = 1; port <= 3; port++) {
			struct ct_test_flow flow = ct_pool_client(host, port);
			uint16_t id = ct_pool_out(&w, &flow, pool).sport;
			uint16_t *of = &owner[id / 16];

			ck_assert(!*of || *of == host);
			*of = host;
		}
	/* A hundred blocks are out. */
	ct_pool_refused(&w, &last, pool, CT_E_FULL);
}
END_TEST

START_TEST(a_prefix_may_be_one_subscriber)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	struct ct_nat_usage usage = { .size = sizeof(usage) };
	union ct_addr host = ct_pool_inside(3);
	struct ct_nat_pool *pool;

	cfg.prefix_len = 24;
	cfg.max_mappings = 10;
	cfg.max_conns = 100;
	pool = ct_pool_new(&w, &cfg, 4);
	for (unsigned i = 0; i < 10; i++) {
		struct ct_test_flow flow = ct_pool_client(i, 1);

		ct_pool_out(&w, &flow, pool);
	}
	{
		struct ct_test_flow flow = ct_pool_client(10, 1);

		ct_pool_refused(&w, &flow, pool, CT_E_FULL);
		flow = ct_pool_client(256, 1);
		ct_pool_out(&w, &flow, pool);
	}
	ck_assert_int_eq(ct_nat_usage(pool, &host, 0, &usage), 0);
	ck_assert_uint_eq(usage.mappings, 10);
	ck_assert_uint_eq(usage.conns, 10);
	ck_assert_uint_eq(usage.inside.v4, htonl(0x0a000000));
	ck_assert_uint_eq(usage.paired, 1);
	ck_assert_int_eq(ct_nat_usage(pool, &host, 1, &usage), CT_E_NOENT);
}
END_TEST

/* --- Deterministic ------------------------------------------------------ */

/* The example of RFC 7422, 2: a /28 behind one address. */
static struct ct_nat_pool *rfc7422_pool(uint32_t max_blocks)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	union ct_addr outside = { .v6 = { htonl(0xc0000201) } };
	struct ct_nat_pool *pool;

	cfg.fixed_first.v4 = htonl(0x0a000001);
	cfg.n_fixed = 14;
	cfg.spare_blocks = 2;
	cfg.block_ids = 4032;
	cfg.max_blocks = max_blocks;
	ck_assert_int_eq(ct_nat_pool_create(w.tbl, &cfg, &pool), 0);
	ck_assert_int_eq(ct_nat_pool_add(pool, &outside, NULL), 0);
	return pool;
}

START_TEST(the_blocks_are_those_of_rfc_7422)
{
	static const uint16_t first[][2] = {
		{ 1, 1024 }, { 2, 5056 }, { 12, 45376 }, { 14, 53440 }
	};
	struct ct_nat_pool *pool = rfc7422_pool(1);
	union ct_addr other = ct_pool_inside(15);
	struct ct_nat_block block = { .size = sizeof(block) };

	for (unsigned i = 0; i < 4; i++) {
		union ct_addr host = ct_pool_inside(first[i][0]);

		ck_assert_int_eq(ct_nat_fixed(pool, &host, &block), 0);
		ck_assert_uint_eq(block.first_id, first[i][1]);
		ck_assert_uint_eq(block.last_id, first[i][1] + 4031);
		ck_assert_uint_eq(block.outside.v4, htonl(0xc0000201));
	}
	ck_assert_int_eq(ct_nat_fixed(pool, &other, &block), CT_E_NOENT);
}
END_TEST

START_TEST(the_inverse_is_exact)
{
	struct ct_nat_pool *pool = rfc7422_pool(1);
	union ct_addr outside = { .v6 = { htonl(0xc0000201) } };
	struct ct_nat_block back = { .size = sizeof(back) };
	struct ct_nat_block block = { .size = sizeof(block) };

	for (unsigned host = 1; host <= 14; host++) {
		union ct_addr addr = ct_pool_inside(host);

		ck_assert_int_eq(ct_nat_fixed(pool, &addr, &block), 0);
		for (uint32_t id = block.first_id; id <= block.last_id; id++) {
			ck_assert_int_eq(ct_nat_fixed_owner(pool, &outside,
							    (uint16_t)id,
							    &back),
					 0);
			ck_assert_uint_eq(back.inside.v4, addr.v4);
		}
	}
	for (uint32_t id = 57472; id <= UINT16_MAX; id++)
		ck_assert_int_eq(
			ct_nat_fixed_owner(pool, &outside, (uint16_t)id, &back),
			CT_E_NOENT);
	ck_assert_int_eq(ct_nat_fixed_owner(pool, &outside, 1023, &back),
			 CT_E_NOENT);
	outside.v4 = htonl(0xc0000202);
	ck_assert_int_eq(ct_nat_fixed_owner(pool, &outside, 2000, &back),
			 CT_E_NOENT);
}
END_TEST

START_TEST(flows_leave_from_their_fixed_block_and_no_line_is_logged)
{
	struct ct_nat_pool *pool = rfc7422_pool(1);
	struct ct_nat_block back = { .size = sizeof(back) };

	for (unsigned host = 1; host <= 14; host++)
		for (uint16_t port = 1; port < 40; port++) {
			struct ct_test_flow flow = ct_pool_client(host, port);
			struct ct_test_flow out = ct_pool_out(&w, &flow, pool);
			union ct_addr outside = { .bytes = { 0 } };

			memcpy(&outside, out.src, 4);
			ck_assert_int_eq(ct_nat_fixed_owner(pool, &outside,
							    out.sport, &back),
					 0);
			ck_assert_mem_eq(&back.inside, flow.src, 4);
		}
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_BLOCK), 0);
}
END_TEST

START_TEST(who_has_used_up_its_block_gets_a_spare_one_which_is_logged)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	struct ct_test_flow last = ct_pool_client(1, 99);
	struct ct_test_flow other = ct_pool_client(77, 1);
	struct ct_nat_pool *pool;

	cfg.min_id = 2000;
	cfg.max_id = 2039;
	cfg.block_ids = 10;
	cfg.fixed_first = ct_pool_inside(1);
	cfg.n_fixed = 2;
	cfg.spare_blocks = 2;
	cfg.max_blocks = 2;
	pool = ct_pool_new(&w, &cfg, 1);
	for (uint16_t port = 1; port <= 20; port++) {
		struct ct_test_flow flow = ct_pool_client(1, port);
		uint16_t id = ct_pool_out(&w, &flow, pool).sport;

		ck_assert(port <= 10 ? id < 2010 : id >= 2020);
		ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_BLOCK), port > 10);
	}
	ct_pool_refused(&w, &last, pool, CT_E_FULL);
	/* A stranger to the fixed ones has the other spare block. */
	ck_assert_uint_ge(ct_pool_out(&w, &other, pool).sport, 2020);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_BLOCK), 2);
}
END_TEST

/* --- Quotas ------------------------------------------------------------- */

START_TEST(mappings_connections_and_new_ones_are_limited)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	struct ct_test_flow flow = ct_pool_client(1, 1);
	struct ct_nat_pool *pool;

	cfg.max_mappings = 2;
	cfg.max_conns = 4;
	cfg.max_rate = 3;
	pool = ct_pool_new(&w, &cfg, 1);
	ct_pool_out(&w, &flow, pool);
	flow.sport = 2;
	ct_pool_out(&w, &flow, pool);
	flow.sport = 3;
	ct_pool_refused(&w, &flow, pool, CT_E_FULL);
	ck_assert_uint_eq(ct_natlog_last(CT_NAT_EV_QUOTA)->quota,
			  CT_NAT_QUOTA_MAPPINGS);
	ck_assert_uint_eq(ct_natlog_last(CT_NAT_EV_QUOTA)->limit, 2);

	flow = ct_pool_server(ct_pool_client(1, 1), 9, 1);
	ct_pool_out(&w, &flow, pool);
	flow.dport = 2;
	ct_pool_refused(&w, &flow, pool, CT_E_FULL);
	ck_assert_uint_eq(ct_natlog_last(CT_NAT_EV_QUOTA)->quota,
			  CT_NAT_QUOTA_RATE);
	ct_world_wait(&w, CT_WORLD_S);
	ct_pool_out(&w, &flow, pool);
	flow.dport = 3;
	ct_pool_refused(&w, &flow, pool, CT_E_FULL);
	ck_assert_uint_eq(ct_natlog_last(CT_NAT_EV_QUOTA)->quota,
			  CT_NAT_QUOTA_SESSIONS);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_NAT_QUOTA), 3);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_NAT_EXHAUSTED), 0);
	/* Others are not concerned. */
	flow = ct_pool_client(2, 1);
	ct_pool_out(&w, &flow, pool);
}
END_TEST

/* Two threads whose clocks differ by less than a second. */
START_TEST(a_late_clock_begins_no_second_of_its_own)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	const uint64_t late_ns = 20 * CT_TICK_NS;
	struct ct_nat_pool *pool;
	struct ct_thread *thr[2];
	unsigned let_in = 0;

	cfg.max_rate = 2;
	pool = ct_pool_new(&w, &cfg, 1);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(ct_thread_attach(w.tbl, &thr[i]), 0);
		ct_thread_poll(thr[i],
			       w.now_ns + 10 * CT_WORLD_S - (1 - i) * late_ns);
	}
	for (uint16_t i = 0; i < 100; i++) {
		struct ct_test_flow flow = ct_pool_client(1, 100 + i);
		struct ct_pkt pkt;

		ct_test_udp(&w.p, &flow, CT_DIR_ORIG, 20);
		pkt = ct_test_pkt(&w.p);
		ct_process(thr[i % 2], &pkt, CT_HOOK_PREROUTING);
		if (ct_nat_pool_setup(thr[i % 2], &pkt, pool) == 0) {
			let_in++;
			ct_confirm(thr[i % 2], &pkt);
		} else {
			ct_abandon(thr[i % 2], &pkt);
		}
	}
	ck_assert_uint_eq(let_in, 2);
	for (unsigned i = 0; i < 2; i++)
		ct_thread_detach(thr[i]);
}
END_TEST

START_TEST(a_stranger_is_refused_when_the_subscriber_has_enough)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	struct ct_test_flow out, in;
	struct ct_nat_pool *pool;

	cfg.max_conns = 2;
	pool = ct_pool_new(&w, &cfg, 1);
	out = ct_pool_out(&w, &ct_test_flow4, pool);
	in = ct_pool_server(out, 200, 1);
	ck_assert_int_eq(ct_pool_in(&w, &in, pool), 0);
	in = ct_pool_server(out, 201, 1);
	ck_assert_int_eq(ct_pool_in(&w, &in, pool), CT_E_REFUSED);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_NAT_QUOTA), 1);
}
END_TEST

/* --- Events ------------------------------------------------------------- */

START_TEST(events_tell_who_had_what_when)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	const struct ct_nat_event *ev;
	struct ct_test_flow out;
	char line[512];
	struct ct_nat_pool *pool;

	pool = ct_pool_new(&w, &cfg, 1);
	out = ct_pool_out(&w, &ct_test_flow4, pool);
	ev = ct_natlog_last(CT_NAT_EV_SESSION);
	ck_assert_mem_eq(&ev->inside, ct_test_flow4.src, 4);
	ck_assert_mem_eq(&ev->outside, out.src, 4);
	ck_assert_mem_eq(&ev->peer, ct_test_flow4.dst, 4);
	ck_assert_uint_eq(ntohs(ev->inside_id), ct_test_flow4.sport);
	ck_assert_uint_eq(ntohs(ev->outside_id), out.sport);
	ck_assert_uint_eq(ntohs(ev->peer_id), 80);
	ck_assert_uint_eq(ev->now_ns, w.now_ns);
	ck_assert_uint_eq(ev->l4, UDP);
	ck_assert_uint_eq(ev->pool, 1);
	ct_world_wait(&w, 31 * CT_WORLD_S);
	ct_world_settle(&w);
	ev = ct_natlog_last(CT_NAT_EV_SESSION_END);
	ck_assert_mem_eq(&ev->peer, ct_test_flow4.dst, 4);
	ck_assert_uint_eq(ev->now_ns, w.now_ns);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_MAPPING_END), 1);
	ck_assert_int_gt(ct_nat_event_text(ev, line, sizeof(line)), 0);
	ck_assert_ptr_nonnull(strstr(line, "\"nat_event\":\"SESSION_END\","
					   "\"nat_event_number\":5,"));
	ck_assert_ptr_nonnull(strstr(line, "\"inside\":\"10.0.0.2\","
					   "\"outside\":\"203.0.113.1\","
					   "\"inside_id\":40000,"));
	ck_assert_ptr_nonnull(
		strstr(line, "\"peer\":\"198.51.100.5\",\"peer_id\":80}"));
	ck_assert_int_eq(ct_nat_event_text(ev, line, 20), CT_E_NOSPC);
}
END_TEST

START_TEST(only_what_is_wanted_is_told)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();

	cfg.events = 1u << CT_NAT_EV_MAPPING;
	ct_pool_out(&w, &ct_test_flow4, ct_pool_new(&w, &cfg, 1));
	ck_assert_uint_eq(ct_natlog_all(), 1);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_MAPPING), 1);
}
END_TEST

/* Who had which address, when: also if the first one is drained. */
START_TEST(a_subscriber_that_moves_leaves_its_address)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	struct ct_nat_pool *pool = ct_pool_new(&w, &cfg, 2);
	struct ct_test_flow flow = ct_pool_client(1, 1);
	struct ct_test_flow out = ct_pool_out(&w, &flow, pool);
	union ct_addr first = ct_pool_addr(out.src[3]);

	ck_assert_int_eq(ct_nat_pool_drain(pool, &first), 0);
	flow.sport++;
	out = ct_pool_out(&w, &flow, pool);
	ck_assert_uint_ne(ct_pool_addr(out.src[3]).v4, first.v4);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_SUBSCRIBER), 2);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_SUBSCRIBER_END), 1);
	ck_assert_uint_eq(ct_natlog_last(CT_NAT_EV_SUBSCRIBER_END)->outside.v4,
			  first.v4);
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_SUBSCRIBER_END), 2);
	ck_assert_mem_eq(&ct_natlog_last(CT_NAT_EV_SUBSCRIBER_END)->outside,
			 out.src, 4);
}
END_TEST

START_TEST(exhaustion_is_an_event)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	struct ct_test_flow second = ct_pool_client(2, 77);
	union ct_addr one = ct_pool_addr(1);
	struct ct_nat_pool *pool;

	cfg.min_id = 5000;
	cfg.max_id = 5000;
	pool = ct_pool_new(&w, &cfg, 1);
	ct_pool_out(&w, &ct_test_flow4, pool);
	ct_pool_refused(&w, &second, pool, CT_E_FULL);
	ck_assert_mem_eq(&ct_natlog_last(CT_NAT_EV_NO_ID)->inside, second.src,
			 4);
	/* It names the address that the refused one is paired with. */
	second = ct_test_flow4;
	second.sport++;
	ct_pool_refused(&w, &second, pool, CT_E_FULL);
	ck_assert_uint_eq(ct_natlog_last(CT_NAT_EV_NO_ID)->outside.v4, one.v4);
	ck_assert_int_eq(ct_nat_pool_remove(w.thr, pool, &one), 1);
	ct_pool_refused(&w, &second, pool, CT_E_NOENT);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_NO_ADDRESS), 1);
}
END_TEST

static void cgn_cases(TCase *tc)
{
	tcase_add_test(tc, a_subscriber_gets_its_ids_by_the_block);
	tcase_add_test(tc, blocks_of_two_never_overlap);
	tcase_add_test(tc, a_prefix_may_be_one_subscriber);
	tcase_add_test(tc, the_blocks_are_those_of_rfc_7422);
	tcase_add_test(tc, the_inverse_is_exact);
	tcase_add_test(
		tc, flows_leave_from_their_fixed_block_and_no_line_is_logged);
	tcase_add_test(
		tc, who_has_used_up_its_block_gets_a_spare_one_which_is_logged);
	tcase_add_test(tc, mappings_connections_and_new_ones_are_limited);
	tcase_add_test(tc, a_late_clock_begins_no_second_of_its_own);
	tcase_add_test(tc,
		       a_stranger_is_refused_when_the_subscriber_has_enough);
}

Suite *ct_suite(void)
{
	Suite *suite = suite_create("cgn flow");
	TCase *tc = tcase_create("cgn");

	tcase_add_checked_fixture(tc, setup, teardown);
	cgn_cases(tc);
	tcase_add_test(tc, events_tell_who_had_what_when);
	tcase_add_test(tc, only_what_is_wanted_is_told);
	tcase_add_test(tc, a_subscriber_that_moves_leaves_its_address);
	tcase_add_test(tc, exhaustion_is_an_event);
	suite_add_tcase(suite, tc);
	return suite;
}
