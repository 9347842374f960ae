/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pools: on what a mapping and a filter depend, who shares an id, hairpins,
 * and pairs.
 */
#include "core/table.h"
#include "pool.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { MAX_CONNS = 8192, UDP = 17 };

static struct ct_world w;

static void setup(void)
{
	ct_world_start(&w, MAX_CONNS);
}

static void teardown(void)
{
	ct_world_clear(&w);
	ck_assert_uint_eq(ct_mappings_users(w.tbl), 0);
	ct_world_end(&w);
}

static struct ct_nat_pool *pool_of(unsigned mapping, unsigned filtering,
				   uint32_t flags, unsigned n_addrs)
{
	struct ct_nat_pool_config cfg = ct_pool_config();

	cfg.mapping = (uint8_t)mapping;
	cfg.filtering = (uint8_t)filtering;
	cfg.flags = flags;
	return ct_pool_new(&w, &cfg, n_addrs);
}

/* --- Mapping x filtering ------------------------------------------------ */

/* Which of one, two and three have the same port. */
static unsigned likeness(const struct ct_test_flow out[3])
{
	return (out[0].sport == out[1].sport) |
	       (unsigned)(out[0].sport == out[2].sport) << 1;
}

START_TEST(every_mapping_with_every_filter)
{
	static const unsigned same_port[] = {
		[CT_NAT_ON_NOTHING] = 3,      /* all three */
		[CT_NAT_ON_ADDRESS] = 1,      /* of one server */
		[CT_NAT_ON_ADDRESS_PORT] = 0, /* none */
	};
	unsigned mapping = (unsigned)_i / 3, filtering = (unsigned)_i % 3;
	struct ct_nat_pool *pool = pool_of(mapping, filtering, 0, 1);
	struct ct_test_flow flow[3], out[3], in, back;

	flow[0] = ct_pool_client(1, 4000);
	flow[1] = ct_pool_server(flow[0], 5, 81);  /* another port */
	flow[2] = ct_pool_server(flow[0], 77, 80); /* another server */
	for (unsigned i = 0; i < 3; i++)
		out[i] = ct_pool_out(&w, &flow[i], pool);
	ck_assert_uint_eq(likeness(out), same_port[mapping]);

	/* The server itself, from a port that it was not asked at. */
	in = ct_pool_server(out[0], 5, 9999);
	ck_assert_int_eq(ct_pool_in(&w, &in, pool),
			 filtering == CT_NAT_ON_ADDRESS_PORT ? CT_E_REFUSED
							     : 0);
	/* A stranger. */
	in = ct_pool_server(out[0], 200, 9999);
	ck_assert_int_eq(ct_pool_in(&w, &in, pool),
			 filtering == CT_NAT_ON_NOTHING ? 0 : CT_E_REFUSED);
	if (filtering == CT_NAT_ON_NOTHING) {
		back = ct_pool_flow(&w.p);
		ck_assert_mem_eq(back.dst, flow[0].src, 4);
		ck_assert_uint_eq(back.dport, 4000);
		ct_nat_sums_right(&w.p);
	} else {
		ck_assert_uint_gt(ct_world_count(&w, CT_R_NAT_FILTERED), 0);
	}
	/* Who was asked may answer, always. */
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(ct_pool_in(&w, &out[i], pool), 0);
}
END_TEST

START_TEST(an_answer_to_a_stranger_leaves_from_the_mapping)
{
	struct ct_nat_pool *pool = pool_of(0, 0, 0, 1);
	struct ct_test_flow out, in, answer;

	out = ct_pool_out(&w, &ct_test_flow4, pool);
	in = ct_pool_server(out, 200, 9999);
	ck_assert_int_eq(ct_pool_in(&w, &in, pool), 0);
	ck_assert_uint_eq(ct_world_conns(&w), 2);
	answer = ct_pool_server(ct_test_flow4, 200, 9999);
	answer = ct_pool_out(&w, &answer, pool);
	ck_assert_uint_eq(answer.sport, out.sport);
	ck_assert_uint_eq(ct_world_conns(&w), 2);
}
END_TEST

START_TEST(what_nobody_has_lets_nobody_in)
{
	struct ct_nat_pool *pool = pool_of(0, 0, 0, 2);
	struct ct_test_flow out = ct_pool_out(&w, &ct_test_flow4, pool);
	struct ct_test_flow in = ct_pool_server(out, 9, 9);

	in.sport++;
	ck_assert_int_eq(ct_pool_in(&w, &in, pool), CT_E_NOENT);
	in.sport = 80; /* below the pool's ids */
	ck_assert_int_eq(ct_pool_in(&w, &in, pool), CT_E_NOENT);
	in = ct_pool_server(out, 9, 9);
	in.src[3] = in.src[3] == 1 ? 2 : 1;
	ck_assert_int_eq(ct_pool_in(&w, &in, pool), CT_E_NOENT);
}
END_TEST

START_TEST(a_stranger_keeps_the_mapping_alive)
{
	struct ct_nat_pool *pool = pool_of(0, 0, 0, 1);
	struct ct_test_flow out = ct_pool_out(&w, &ct_test_flow4, pool);
	struct ct_test_flow in = ct_pool_server(out, 200, 9999);

	for (unsigned i = 0; i < 8; i++) {
		ck_assert_int_eq(ct_pool_in(&w, &in, pool), 0);
		ct_world_wait(&w, 20 * CT_WORLD_S);
	}
	ct_world_settle(&w);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
	ck_assert_uint_eq(ct_pool_gauge(pool, 1, UDP).mappings, 1);
	ck_assert_uint_eq(ct_pool_out(&w, &ct_test_flow4, pool).sport,
			  out.sport);
}
END_TEST

/* --- Overloading -------------------------------------------------------- */

static void shared_ids(unsigned mapping)
{
	struct ct_nat_pool_config cfg = ct_pool_config();
	struct ct_test_flow last = ct_pool_client(999, 7);
	struct ct_nat_pool *pool;

	cfg.mapping = (uint8_t)mapping;
	cfg.flags = CT_POOL_OVERLOAD;
	cfg.min_id = 5000;
	cfg.max_id = 5009;
	pool = ct_pool_new(&w, &cfg, 1);
	for (unsigned server = 1; server <= 20; server++)
		for (unsigned i = 0; i < 10; i++) {
			struct ct_test_flow flow = ct_pool_client(i, 7);

			flow = ct_pool_server(flow, (uint8_t)server, 80);
			ct_pool_out(&w, &flow, pool);
		}
	ck_assert_uint_eq(ct_world_conns(&w), 200);
	ck_assert_uint_eq(ct_pool_gauge(pool, 1, UDP).mappings, 200);
	last = ct_pool_server(last, 3, 80);
	ct_pool_refused(&w, &last, pool, CT_E_FULL);
	last = ct_pool_server(last, 21, 80);
	ct_pool_out(&w, &last, pool);
}

START_TEST(an_id_serves_many_peers)
{
	shared_ids(CT_NAT_ON_ADDRESS_PORT);
}
END_TEST

START_TEST(an_id_serves_many_peers_by_address)
{
	shared_ids(CT_NAT_ON_ADDRESS);
}
END_TEST

/* Several mappings are behind one endpoint, and a stranger does not say which
 * of them he means: whatever the filter, answers and errors alone get in. */
START_TEST(an_overloaded_id_lets_in_answers_only)
{
	struct ct_nat_pool *pool = pool_of(
		1 + (unsigned)_i / 3, (unsigned)_i % 3, CT_POOL_OVERLOAD, 1);
	struct ct_test_flow out = ct_pool_out(&w, &ct_test_flow4, pool);
	struct ct_test_flow port = ct_pool_server(out, 5, 81);
	struct ct_test_flow other = ct_pool_server(out, 6, 80);
	struct ct_test_icmp error = { .type = 3, .code = 3, .rest_len = 28 };
	struct ct_test_flow from = ct_pool_server(out, 9, 0);
	struct ct_test_packet left = w.p, back;
	struct ct_pkt pkt;

	ck_assert_int_eq(ct_pool_in(&w, &port, pool), CT_E_NOENT);
	ck_assert_int_eq(ct_pool_in(&w, &other, pool), CT_E_NOENT);
	ck_assert_int_eq(ct_pool_in(&w, &out, pool), 0);
	ck_assert_mem_eq(ct_pool_flow(&w.p).dst, ct_test_flow4.src, 4);
	error.rest = left.bytes;
	ct_test_icmp(&back, &from, CT_DIR_REPLY, &error);
	pkt = ct_test_pkt(&back);
	ck_assert_int_eq(ct_pool_step(&w, &pkt, pool), 0);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert_mem_eq(back.bytes + 16, ct_test_flow4.src, 4);
}
END_TEST

START_TEST(an_overloaded_address_is_taken_away)
{
	struct ct_nat_pool *pool =
		pool_of(CT_NAT_ON_ADDRESS_PORT, 0, CT_POOL_OVERLOAD, 2);
	union ct_addr one = ct_pool_addr(1);
	unsigned on_one = 0;
	enum { FLOWS = 700 };

	for (unsigned i = 0; i < FLOWS; i++) {
		struct ct_test_flow flow = ct_pool_client(i, 1);

		on_one += ct_pool_out(&w, &flow, pool).src[3] == 1;
	}
	ck_assert(on_one > 0 && on_one < FLOWS);
	ck_assert_int_eq(ct_nat_pool_remove(w.thr, pool, &one), on_one);
	ck_assert_uint_eq(ct_world_conns(&w), FLOWS - on_one);
}
END_TEST

/* --- Hairpins ----------------------------------------------------------- */

START_TEST(inside_hosts_meet_at_the_external_address)
{
	struct ct_nat_pool *pool = pool_of(0, 0, 0, 4);
	struct ct_test_flow a = ct_pool_client(1, 1111);
	struct ct_test_flow b = ct_pool_client(2, 2222);
	struct ct_test_flow a_out = ct_pool_out(&w, &a, pool);
	struct ct_test_flow b_out = ct_pool_out(&w, &b, pool);
	struct ct_test_flow pin, back;

	/* A to B's external endpoint: B sees A's. */
	pin = a;
	memcpy(pin.dst, b_out.src, 4);
	pin.dport = b_out.sport;
	pin = ct_pool_out(&w, &pin, pool);
	ct_nat_sums_right(&w.p);
	ck_assert_mem_eq(pin.dst, b.src, 4);
	ck_assert_uint_eq(pin.dport, 2222);
	ck_assert_mem_eq(pin.src, a_out.src, 4);
	ck_assert_uint_eq(pin.sport, a_out.sport);

	/* B answers to A's external endpoint: A sees B's. */
	ct_test_udp(&w.p, &pin, CT_DIR_REPLY, 20);
	ct_pool_pass(&w, &w.p, pool);
	ct_nat_sums_right(&w.p);
	back = ct_pool_flow(&w.p);
	ck_assert_mem_eq(back.dst, a.src, 4);
	ck_assert_uint_eq(back.dport, 1111);
	ck_assert_mem_eq(back.src, b_out.src, 4);
	ck_assert_uint_eq(back.sport, b_out.sport);
	ck_assert_uint_eq(ct_world_conns(&w), 3);
	/* It uses both mappings. */
	ck_assert_uint_eq(ct_mappings_users(w.tbl), 4);
}
END_TEST

START_TEST(an_endpoint_meets_itself)
{
	struct ct_nat_pool *pool = pool_of(0, 0, 0, 1);
	struct ct_test_flow out = ct_pool_out(&w, &ct_test_flow4, pool);
	struct ct_test_flow pin = ct_test_flow4;

	memcpy(pin.dst, out.src, 4);
	pin.dport = out.sport;
	pin = ct_pool_out(&w, &pin, pool);
	ck_assert_mem_eq(pin.dst, ct_test_flow4.src, 4);
	ck_assert_mem_eq(pin.src, out.src, 4);
	ck_assert_uint_eq(pin.sport, out.sport);
}
END_TEST

START_TEST(a_hairpin_passes_the_filter_by_its_external_address)
{
	struct ct_nat_pool *pool = pool_of(0, CT_NAT_ON_ADDRESS, 0, 1);
	struct ct_test_flow a = ct_pool_client(1, 1111);
	struct ct_test_flow b = ct_pool_client(2, 2222);
	struct ct_test_flow a_out = ct_pool_out(&w, &a, pool);
	struct ct_test_flow b_out = ct_pool_out(&w, &b, pool);
	struct ct_test_flow there = a, back = b;
	struct ct_pkt pkt;

	memcpy(there.dst, b_out.src, 4);
	there.dport = b_out.sport;
	memcpy(back.dst, a_out.src, 4);
	back.dport = a_out.sport;
	/* B has sent nothing to that address yet, and A neither. */
	ct_pool_refused(&w, &there, pool, CT_E_REFUSED);
	ct_test_udp(&w.p, &back, CT_DIR_ORIG, 20);
	pkt = ct_test_pkt(&w.p);
	ck_assert_int_eq(ct_pool_step(&w, &pkt, pool), CT_E_REFUSED);
	ct_abandon(w.thr, &pkt);
}
END_TEST

START_TEST(what_is_not_confirmed_opens_no_filter)
{
	struct ct_nat_pool *pool = pool_of(0, CT_NAT_ON_ADDRESS, 0, 1);
	struct ct_test_flow flow = ct_pool_client(1, 1111), answer;
	struct ct_test_flow other = ct_pool_server(flow, 77, 80);
	struct ct_test_packet p;
	struct ct_pkt pkt;

	answer = ct_pool_server(ct_pool_out(&w, &flow, pool), 77, 9);
	ct_test_udp(&p, &other, CT_DIR_ORIG, 20);
	pkt = ct_test_pkt(&p);
	ck_assert_int_eq(ct_pool_step(&w, &pkt, pool), 0);
	ck_assert_int_eq(ct_pool_in(&w, &answer, pool), CT_E_REFUSED);
	ct_abandon(w.thr, &pkt);
	ck_assert_int_eq(ct_pool_in(&w, &answer, pool), CT_E_REFUSED);
	ct_pool_out(&w, &other, pool);
	ck_assert_int_eq(ct_pool_in(&w, &answer, pool), 0);
}
END_TEST

START_TEST(a_hairpin_ends_with_either_address)
{
	struct ct_nat_pool *pool = pool_of(0, 0, CT_POOL_UNPAIRED, 2);
	struct ct_test_flow a, b, a_out, b_out;
	union ct_addr of_b;
	unsigned i = 0;

	do {
		a = ct_pool_client(++i, 1111);
		b = ct_pool_client(1000 + i, 2222);
		a_out = ct_pool_out(&w, &a, pool);
		b_out = ct_pool_out(&w, &b, pool);
	} while (a_out.src[3] == b_out.src[3]);
	memcpy(a.dst, b_out.src, 4);
	a.dport = b_out.sport;
	ct_pool_out(&w, &a, pool);
	ct_world_audit(&w);
	of_b = ct_pool_addr(b_out.src[3]);
	ck_assert_int_gt(ct_nat_pool_remove(w.thr, pool, &of_b), 1);
	ct_world_settle(&w);
	ct_world_audit(&w);
}
END_TEST

/* --- Pairs -------------------------------------------------------------- */

START_TEST(a_host_has_one_address)
{
	struct ct_nat_pool *pool = pool_of(0, 0, 0, 4);
	bool used[5] = { false };

	for (unsigned host = 0; host < 60; host++) {
		struct ct_test_flow flow = ct_pool_client(host, 1);
		uint8_t address = ct_pool_out(&w, &flow, pool).src[3];

		used[address] = true;
		for (uint16_t port = 2; port < 20; port++) {
			flow = ct_pool_client(host, port);
			ck_assert_uint_eq(ct_pool_out(&w, &flow, pool).src[3],
					  address);
		}
	}
	for (unsigned i = 1; i <= 4; i++)
		ck_assert(used[i]);
}
END_TEST

static struct ct_nat_pool *tight_pool(uint32_t flags)
{
	struct ct_nat_pool_config cfg = ct_pool_config();

	cfg.flags = flags;
	cfg.min_id = 5000;
	cfg.max_id = 5009;
	return ct_pool_new(&w, &cfg, 2);
}

START_TEST(a_host_leaves_its_address_when_that_is_full)
{
	struct ct_nat_pool *pool = tight_pool(0);

	for (uint16_t port = 1; port <= 20; port++) {
		struct ct_test_flow flow = ct_pool_client(1, port);

		ct_pool_out(&w, &flow, pool);
	}
}
END_TEST

START_TEST(unless_the_pool_is_strict)
{
	struct ct_nat_pool *pool = tight_pool(CT_POOL_STRICT);
	struct ct_test_flow flow = ct_pool_client(1, 99);
	unsigned n = 0;

	for (uint16_t port = 1; port <= 10; port++) {
		struct ct_test_flow own = ct_pool_client(1, port);

		ct_pool_out(&w, &own, pool);
	}
	ct_pool_refused(&w, &flow, pool, CT_E_FULL);
	/* Others have the other address. */
	for (unsigned host = 2; host < 200 && n < 10; host++) {
		struct ct_pkt pkt;

		flow = ct_pool_client(host, 1);
		ct_test_udp(&w.p, &flow, CT_DIR_ORIG, 1);
		pkt = ct_test_pkt(&w.p);
		if (ct_pool_step(&w, &pkt, pool)) {
			ct_abandon(w.thr, &pkt);
			continue;
		}
		ct_confirm(w.thr, &pkt);
		n++;
	}
	ck_assert_uint_eq(n, 10);
}
END_TEST

START_TEST(without_pairs_a_host_has_several_addresses)
{
	struct ct_nat_pool *pool = pool_of(0, 0, CT_POOL_UNPAIRED, 4);
	bool used[5] = { false };

	for (uint16_t port = 1; port < 100; port++) {
		struct ct_test_flow flow = ct_pool_client(1, port);

		used[ct_pool_out(&w, &flow, pool).src[3]] = true;
	}
	for (unsigned i = 1; i <= 4; i++)
		ck_assert(used[i]);
}
END_TEST

static void behaviour_cases(TCase *tc)
{
	tcase_add_loop_test(tc, every_mapping_with_every_filter, 0, 9);
	tcase_add_test(tc, an_answer_to_a_stranger_leaves_from_the_mapping);
	tcase_add_test(tc, what_nobody_has_lets_nobody_in);
	tcase_add_test(tc, a_stranger_keeps_the_mapping_alive);
	tcase_add_test(tc, an_id_serves_many_peers);
	tcase_add_test(tc, an_id_serves_many_peers_by_address);
	tcase_add_test(tc, an_overloaded_address_is_taken_away);
	tcase_add_loop_test(tc, an_overloaded_id_lets_in_answers_only, 0, 6);
	tcase_add_test(tc, inside_hosts_meet_at_the_external_address);
	tcase_add_test(tc, an_endpoint_meets_itself);
	tcase_add_test(tc, a_hairpin_passes_the_filter_by_its_external_address);
	tcase_add_test(tc, what_is_not_confirmed_opens_no_filter);
	tcase_add_test(tc, a_hairpin_ends_with_either_address);
}

Suite *ct_suite(void)
{
	Suite *suite = suite_create("pool behaviour flow");
	TCase *tc = tcase_create("pool behaviour");

	tcase_add_checked_fixture(tc, setup, teardown);
	behaviour_cases(tc);
	tcase_add_test(tc, a_host_has_one_address);
	tcase_add_test(tc, a_host_leaves_its_address_when_that_is_full);
	tcase_add_test(tc, unless_the_pool_is_strict);
	tcase_add_test(tc, without_pairs_a_host_has_several_addresses);
	suite_add_tcase(suite, tc);
	return suite;
}
