/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NAT: what leaves, what comes back, and what the connection shows.
 */
#include "core/table.h"
#include "nat.h"
#include "suite.h"

#include <arpa/inet.h>
#include <conntrack/plugin.h>
#include <string.h>

enum { MAX_CONNS = 4096 };

#define PUBLIC 0xcb007101u /* 203.0.113.1 */
#define INSIDE 0x0a000002u /* 10.0.0.2 */

static struct ct_world w;

static void setup(void)
{
	ct_world_start(&w, MAX_CONNS);
}

static void teardown(void)
{
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_end(&w);
}

/* The answer to a packet that has left, as the other side sends it. */
static struct ct_test_flow flow_of(const struct ct_test_packet *p)
{
	struct ct_tuple t = ct_nat_tuple(p);
	struct ct_test_flow flow = { .l3 = p->l3 };

	memcpy(flow.src, &t.src, sizeof(t.src));
	memcpy(flow.dst, &t.dst, sizeof(t.dst));
	flow.sport = ntohs(t.src_id);
	flow.dport = ntohs(t.dst_id);
	return flow;
}

/* A datagram out and its answer in; the answer's receiver must be the flow's
 * source again. */
static struct ct_test_flow exchange(const struct ct_test_flow *flow,
				    const struct ct_test_rules *rules)
{
	struct ct_test_flow outside;
	struct ct_test_packet p;
	struct ct_tuple back;

	ct_test_udp(&p, flow, CT_DIR_ORIG, 33);
	ct_nat_pass(&w, &p, rules);
	ct_nat_sums_right(&p);
	outside = flow_of(&p);
	ct_test_udp(&p, &outside, CT_DIR_REPLY, 20);
	ck_assert_int_eq(ct_nat_pass(&w, &p, rules).dir, CT_DIR_REPLY);
	ct_nat_sums_right(&p);
	back = ct_nat_tuple(&p);
	ck_assert_mem_eq(&back.dst, flow->src, flow->l3 == 4 ? 4 : 16);
	ck_assert_mem_eq(&back.src, flow->dst, flow->l3 == 4 ? 4 : 16);
	ck_assert_uint_eq(ntohs(back.dst_id), flow->sport);
	ck_assert_uint_eq(ntohs(back.src_id), flow->dport);
	return outside;
}

START_TEST(a_source_leaves_as_another_and_is_answered)
{
	struct ct_nat_range to = ct_nat_to(PUBLIC);
	struct ct_nat_range to6 = ct_nat_to6(1);
	struct ct_test_flow outside;

	outside =
		exchange(&ct_test_flow4, &(struct ct_test_rules){ .src = &to });
	ck_assert_mem_eq(outside.src, &to.min_addr, 4);
	ck_assert_uint_eq(outside.sport, ct_test_flow4.sport);
	outside = exchange(&ct_test_flow6,
			   &(struct ct_test_rules){ .src = &to6 });
	ck_assert_mem_eq(outside.src, &to6.min_addr, 16);
}
END_TEST

START_TEST(a_destination_is_another_behind_the_router)
{
	struct ct_nat_range to = ct_nat_ports(ct_nat_to(INSIDE), 8080, 8080);
	struct ct_nat_range to6 = ct_nat_ports(ct_nat_to6(7), 8080, 8080);
	struct ct_test_flow inside;

	inside =
		exchange(&ct_test_flow4, &(struct ct_test_rules){ .dst = &to });
	ck_assert_mem_eq(inside.dst, &to.min_addr, 4);
	ck_assert_uint_eq(inside.dport, 8080);
	inside = exchange(&ct_test_flow6,
			  &(struct ct_test_rules){ .dst = &to6 });
	ck_assert_mem_eq(inside.dst, &to6.min_addr, 16);
	ck_assert_uint_eq(inside.dport, 8080);
}
END_TEST

START_TEST(both_ends_at_once)
{
	struct ct_nat_range dst = ct_nat_ports(ct_nat_to(INSIDE), 53, 53);
	struct ct_nat_range src = ct_nat_ports(ct_nat_to(PUBLIC), 7000, 7010);
	struct ct_nat_range dst6 = ct_nat_to6(2), src6 = ct_nat_to6(3);
	struct ct_test_rules both = { .dst = &dst, .src = &src };
	struct ct_test_rules both6 = { .dst = &dst6, .src = &src6 };
	struct ct_test_flow other = exchange(&ct_test_flow4, &both);

	ck_assert_mem_eq(other.src, &src.min_addr, 4);
	ck_assert_mem_eq(other.dst, &dst.min_addr, 4);
	ck_assert_uint_ge(other.sport, 7000);
	ck_assert_uint_le(other.sport, 7010);
	exchange(&ct_test_flow6, &both6);
}
END_TEST

START_TEST(status_and_tuples_tell_of_it)
{
	struct ct_nat_range to6 = ct_nat_to6(9);
	struct ct_test_rules rules = { .src = &to6 };
	struct ct_test_packet p;
	struct ct_tuple reply;
	struct ct_pkt pkt;

	ct_test_udp(&p, &ct_test_flow6, CT_DIR_ORIG, 1);
	pkt = ct_nat_pass(&w, &p, &rules);
	ck_assert_uint_eq(ct_conn_status(pkt.conn),
			  CT_S_CONFIRMED | CT_S_SRC_NAT | CT_S_SRC_NAT_DONE |
				  CT_S_DST_NAT_DONE);
	ct_conn_tuple(pkt.conn, CT_DIR_REPLY, &reply);
	ck_assert_mem_eq(&reply.dst, &to6.min_addr, 16);
	ck_assert_ptr_eq(ct_find(w.thr, &reply, NULL), pkt.conn);
	/* What would answer it untranslated is nobody's. */
	reply = ct_world_tuple(&ct_test_flow6, CT_DIR_REPLY);
	ck_assert_ptr_null(ct_find(w.thr, &reply, NULL));
}
END_TEST

START_TEST(an_end_is_chosen_once_and_before_confirmation)
{
	struct ct_nat_range to = ct_nat_to(PUBLIC);
	struct ct_pkt pkt = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);
	struct ct_pkt none = { .data = w.p.bytes };

	ck_assert_int_eq(ct_nat_setup(w.thr, &none, CT_NAT_SRC, &to),
			 CT_E_NOENT);
	ck_assert_int_eq(ct_nat_setup(w.thr, &pkt, CT_NAT_SRC, &to), 0);
	ck_assert_int_eq(ct_nat_setup(w.thr, &pkt, CT_NAT_SRC, NULL),
			 CT_E_EXIST);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ck_assert_int_eq(ct_nat_setup(w.thr, &pkt, CT_NAT_DST, &to),
			 CT_E_NOENT);
}
END_TEST

START_TEST(ranges_that_make_no_sense)
{
	struct ct_nat_range bad[5];
	struct ct_pkt pkt = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);

	for (unsigned i = 0; i < 5; i++)
		bad[i] = ct_nat_ports(ct_nat_to(PUBLIC), 1, 2);
	bad[0].min_id = 3;
	bad[1].max_addr.v4 = htonl(PUBLIC - 1);
	bad[2].flags |= 1u << 30;
	bad[3].flags = CT_NAT_NETMAP;
	bad[4].flags = CT_NAT_OFFSET;
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(ct_nat_setup(w.thr, &pkt, CT_NAT_SRC, &bad[i]),
				 CT_E_INVAL);
	bad[0].size = 0;
	ck_assert_int_eq(ct_nat_setup(w.thr, &pkt, CT_NAT_SRC, &bad[0]),
			 CT_E_INVAL);
	ct_abandon(w.thr, &pkt);
}
END_TEST

START_TEST(a_source_port_that_is_taken_becomes_another_of_its_class)
{
	static const uint16_t ports[][3] = { { 300, 1, 511 },
					     { 700, 600, 1023 },
					     { 40000, 1024, 65535 } };
	struct ct_nat_range to = ct_nat_to(PUBLIC);
	struct ct_test_rules rules = { .src = &to };

	for (unsigned i = 0; i < 3; i++) {
		struct ct_test_flow flow = ct_test_flow4;
		struct ct_test_flow outside;

		flow.sport = ports[i][0];
		ck_assert_uint_eq(exchange(&flow, &rules).sport, flow.sport);
		flow.src[3]++;
		outside = exchange(&flow, &rules);
		ck_assert_uint_ne(outside.sport, flow.sport);
		ck_assert_uint_ge(outside.sport, ports[i][1]);
		ck_assert_uint_le(outside.sport, ports[i][2]);
	}
}
END_TEST

START_TEST(an_endpoint_keeps_its_mapping_with_other_peers)
{
	struct ct_nat_range to = ct_nat_to(PUBLIC);
	struct ct_test_rules rules = { .src = &to };
	struct ct_test_flow flow = ct_test_flow4;
	uint16_t port;

	exchange(&flow, &rules);
	flow.src[3]++; /* its port is taken: it gets another */
	port = exchange(&flow, &rules).sport;
	for (unsigned i = 0; i < 5; i++) {
		flow.dst[3]++;
		ck_assert_uint_eq(exchange(&flow, &rules).sport, port);
	}
}
END_TEST

START_TEST(a_mapping_ends_with_its_last_connection)
{
	struct ct_nat_range to = ct_nat_ports(ct_nat_to(PUBLIC), 20000, 29999);
	struct ct_test_rules rules = { .src = &to };
	struct ct_test_flow flow = ct_test_flow4;
	uint16_t port = exchange(&flow, &rules).sport;

	flow.dst[3]++;
	ck_assert_uint_eq(exchange(&flow, &rules).sport, port);
	ck_assert_uint_eq(ct_mappings_users(w.tbl), 2);
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	ck_assert_uint_eq(ct_mappings_users(w.tbl), 0);
}
END_TEST

START_TEST(a_null_mapping_changes_nothing_but_a_taken_port)
{
	struct ct_nat_range dst = ct_nat_ports(ct_nat_to(0xc6336405), 80, 80);
	struct ct_test_flow flow = ct_test_flow4, other = ct_test_flow4;
	struct ct_test_rules none = { 0 }, forward = { .dst = &dst };

	ck_assert_uint_eq(exchange(&flow, &none).sport, flow.sport);
	other.dst[3] = 77; /* becomes the first flow, but for the port */
	ck_assert_uint_ne(exchange(&other, &forward).sport, flow.sport);
}
END_TEST

START_TEST(a_prefix_maps_onto_another)
{
	struct ct_nat_range to = ct_nat_to(0xc0000200); /* 192.0.2.0/24 */
	struct ct_test_rules rules = { .src = &to };
	struct ct_test_flow flow = ct_test_flow4, outside;

	to.max_addr.v4 = htonl(0xc00002ff);
	to.flags |= CT_NAT_NETMAP;
	flow.src[3] = 200;
	outside = exchange(&flow, &rules);
	ck_assert_mem_eq(outside.src, ((uint8_t[]){ 192, 0, 2, 200 }), 4);
	ck_assert_uint_eq(outside.sport, flow.sport);
}
END_TEST

START_TEST(ports_move_together)
{
	struct ct_nat_range to = ct_nat_ports(ct_nat_to(INSIDE), 9000, 9099);
	struct ct_test_rules rules = { .dst = &to };
	struct ct_test_flow flow = ct_test_flow4;

	to.flags |= CT_NAT_OFFSET;
	to.base_id = 5000;
	flow.dport = 5042;
	ck_assert_uint_eq(exchange(&flow, &rules).dport, 9042);
}
END_TEST

START_TEST(flows_spread_over_a_pool_and_a_host_keeps_its_address)
{
	struct ct_nat_range to = ct_nat_to(PUBLIC);
	struct ct_test_rules rules = { .src = &to };
	struct ct_test_flow flow = ct_test_flow4;
	unsigned seen = 0;

	to.max_addr.v4 = htonl(PUBLIC + 3);
	for (unsigned i = 0; i < 64; i++) {
		flow.src[2] = (uint8_t)i;
		seen |= 1u << (exchange(&flow, &rules).src[3] & 3);
	}
	ck_assert_uint_eq(seen, 15);
	to.flags |= CT_NAT_PERSISTENT;
	flow.src[2] = 99;
	seen = 0;
	for (unsigned i = 0; i < 32; i++) {
		flow.dst[3] = (uint8_t)i;
		flow.sport++;
		seen |= 1u << (exchange(&flow, &rules).src[3] & 3);
	}
	ck_assert_uint_eq(seen & (seen - 1), 0);
}
END_TEST

/* An echo out and its answer in. */
static uint16_t ping(const struct ct_test_flow *flow,
		     const struct ct_test_rules *rules)
{
	struct ct_test_icmp echo = { .type = flow->l3 == 4 ? 8 : 128, .id = 7 };
	struct ct_test_flow outside = *flow;
	struct ct_test_packet p;
	struct ct_tuple t;
	uint16_t id;

	ct_test_icmp(&p, flow, CT_DIR_ORIG, &echo);
	ct_nat_pass(&w, &p, rules);
	ct_nat_sums_right(&p);
	t = ct_nat_tuple(&p);
	memcpy(outside.src, &t.src, 16);
	id = ct_nat_u16(&p, ct_test_l4_off(&p) + 4);
	echo.type = flow->l3 == 4 ? 0 : 129;
	echo.id = id;
	ct_test_icmp(&p, &outside, CT_DIR_REPLY, &echo);
	ck_assert_int_eq(ct_nat_pass(&w, &p, rules).dir, CT_DIR_REPLY);
	ct_nat_sums_right(&p);
	t = ct_nat_tuple(&p);
	ck_assert_mem_eq(&t.dst, flow->src, flow->l3 == 4 ? 4 : 16);
	ck_assert_uint_eq(ct_nat_u16(&p, ct_test_l4_off(&p) + 4), 7);
	return id;
}

START_TEST(pings_of_three_hosts_with_one_id)
{
	struct ct_nat_range to = ct_nat_to(PUBLIC), to6 = ct_nat_to6(1);
	struct ct_test_rules rules = { .src = &to }, rules6 = { .src = &to6 };
	struct ct_test_flow flow = ct_test_flow4, flow6 = ct_test_flow6;
	uint16_t id[3], id6[3];

	for (unsigned i = 0; i < 3; i++) {
		flow.src[3]++;
		flow6.src[15]++;
		id[i] = ping(&flow, &rules);
		id6[i] = ping(&flow6, &rules6);
	}
	ck_assert(id[0] == 7 && id[1] != 7 && id[2] != 7 && id[1] != id[2]);
	ck_assert(id6[0] == 7 && id6[1] != 7 && id6[2] != 7);
}
END_TEST

START_TEST(tcp_opens_and_closes_behind_a_router)
{
	struct ct_nat_range to = ct_nat_to(PUBLIC);
	struct ct_test_rules rules = { .src = &to };
	static const struct ct_test_segment segs[] = {
		{ .flags = CT_TEST_SYN, .win = 1000, .seq = 100 },
		{ .flags = CT_TEST_SYN | CT_TEST_ACK,
		  .win = 1000,
		  .seq = 500,
		  .ack = 101 },
		{ .flags = CT_TEST_ACK, .win = 1000, .seq = 101, .ack = 501 },
	};
	struct ct_test_flow outside = ct_test_flow4;
	struct ct_test_packet p;
	struct ct_pkt pkt;

	memcpy(outside.src, &to.min_addr, 4);
	for (unsigned i = 0; i < 3; i++) {
		enum ct_dir dir = i == 1 ? CT_DIR_REPLY : CT_DIR_ORIG;

		ct_test_tcp(&p, i == 1 ? &outside : &ct_test_flow4, dir,
			    &segs[i]);
		pkt = ct_nat_pass(&w, &p, &rules);
		ck_assert_int_eq(pkt.dir, dir);
		ct_nat_sums_right(&p);
	}
	ck_assert_str_eq(ct_conn_state_name(w.tbl, pkt.conn), "ESTABLISHED");
}
END_TEST

START_TEST(masquerade_takes_the_interface_and_a_purge_ends_it)
{
	struct ct_nat_range ports = ct_nat_ports(ct_nat_to(INSIDE), 7, 7);
	union ct_addr addr = { .v4 = htonl(PUBLIC) };
	struct ct_test_flow flow = ct_test_flow4;
	struct ct_tuple reply;
	struct ct_pkt pkt = ct_world_open(&w, &flow, CT_DIR_ORIG);

	ck_assert_int_eq(ct_nat_masquerade(w.thr, &pkt, &addr, &ports), 0);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ct_conn_tuple(pkt.conn, CT_DIR_REPLY, &reply);
	ck_assert_uint_eq(reply.dst.v4, addr.v4);
	ck_assert_uint_eq(ntohs(reply.dst_id), 7);
	flow.sport++;
	ct_world_udp(&w, &flow, CT_DIR_ORIG); /* not translated: stays */
	addr.v4 = htonl(PUBLIC + 1);
	ck_assert_uint_eq(ct_nat_purge(w.thr, CT_L3_IPV4, &addr), 0);
	addr.v4 = htonl(PUBLIC);
	ck_assert_uint_eq(ct_nat_purge(w.thr, CT_L3_IPV4, &addr), 1);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_ADDRESS), 1);
}
END_TEST

static enum ct_verdict to_public(void *user, struct ct_thread *thr,
				 struct ct_pkt *pkt)
{
	ck_assert_int_eq(ct_nat_setup(thr, pkt, CT_NAT_SRC, user), 0);
	return CT_ACCEPT;
}

START_TEST(a_burst_is_translated_by_its_rules)
{
	enum { N = 40 };
	static struct ct_test_packet p[N];
	struct ct_nat_range to = ct_nat_to(PUBLIC);
	const struct ct_rules rules = { .size = sizeof(rules),
					.user = &to,
					.new_conn = to_public };
	struct ct_pkt pkt[N], *pkts[N];
	enum ct_verdict verdicts[N];

	for (unsigned i = 0; i < N; i++) {
		struct ct_test_flow flow = ct_world_flow(i / 4);

		ct_test_udp(&p[i], &flow, CT_DIR_ORIG, i);
		pkt[i] = ct_test_pkt(&p[i]);
		pkts[i] = &pkt[i];
	}
	ct_forward_burst(w.thr, pkts, N, &rules, verdicts);
	for (unsigned i = 0; i < N; i++) {
		struct ct_tuple t = ct_nat_tuple(&p[i]);

		ck_assert_int_eq(verdicts[i], CT_ACCEPT);
		ck_assert_uint_eq(t.src.v4, htonl(PUBLIC));
		ct_nat_sums_right(&p[i]);
	}
	ck_assert_uint_eq(ct_world_conns(&w), N / 4);
}
END_TEST

START_TEST(nothing_leaks_where_that_is_asked_for)
{
	struct ct_test_rules none = { 0 };
	struct ct_test_packet p;
	struct ct_pkt pkt;

	ct_test_udp(&p, &ct_test_flow4, CT_DIR_ORIG, 5);
	p.bytes[27]++; /* a wrong checksum: invalid */
	pkt = ct_test_pkt(&p);
	ck_assert_int_eq(ct_nat_step(&w, &pkt, &none), CT_ACCEPT);
	ck_assert_int_eq(ct_param_set(w.tbl, "nat.leak_proof", 1), 0);
	pkt = ct_test_pkt(&p);
	ck_assert_int_eq(ct_nat_step(&w, &pkt, &none), CT_DROP);
	ck_assert_uint_eq(pkt.reason, CT_R_NAT_LEAK);

	/* No mapping was chosen, not even none. */
	pkt = ct_world_udp(&w, &ct_test_flow4, CT_DIR_ORIG);
	ck_assert_int_eq(ct_nat_apply(w.thr, &pkt, CT_HOOK_POSTROUTING),
			 CT_DROP);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_NAT_LEAK), 2);
}
END_TEST

START_TEST(clashing_datagrams_of_one_flow_join_translated)
{
	struct ct_nat_range to = ct_nat_to(PUBLIC);
	struct ct_test_rules rules = { .src = &to };
	struct ct_test_packet a, b;
	struct ct_pkt first, second;

	ct_test_udp(&a, &ct_test_flow4, CT_DIR_ORIG, 5);
	b = a;
	first = ct_test_pkt(&a);
	second = ct_test_pkt(&b);
	ck_assert_int_eq(ct_nat_step(&w, &first, &rules), CT_ACCEPT);
	ck_assert_int_eq(ct_nat_step(&w, &second, &rules), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &first), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &second), CT_ACCEPT);
	ck_assert_uint_eq(second.reason, CT_R_JOINED);
	ck_assert_mem_eq(a.bytes, b.bytes, a.len);
	ct_world_audit(&w);
}
END_TEST

/* Balanced to two servers at once: both datagrams arrive, one flow stays. */
START_TEST(the_loser_of_two_mappings_leaves_all_the_same)
{
	struct ct_nat_range one = ct_nat_to(INSIDE),
			    two = ct_nat_to(INSIDE + 1);
	struct ct_test_rules rules = { .dst = &one }, other = { .dst = &two };
	struct ct_test_packet a, b;
	struct ct_pkt first, second;

	ct_test_udp(&a, &ct_test_flow4, CT_DIR_ORIG, 5);
	b = a;
	first = ct_test_pkt(&a);
	second = ct_test_pkt(&b);
	ck_assert_int_eq(ct_nat_step(&w, &first, &rules), CT_ACCEPT);
	ck_assert_int_eq(ct_nat_step(&w, &second, &other), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &first), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &second), CT_ACCEPT);
	ck_assert_uint_eq(second.reason, CT_R_OTHER_MAPPING);
	ck_assert_uint_eq(ct_nat_tuple(&b).dst.v4, htonl(INSIDE + 1));
	ck_assert_uint_eq(ct_world_conns(&w), 1);
	ct_world_audit(&w);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("nat flow");
	TCase *tc = tcase_create("nat");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_source_leaves_as_another_and_is_answered);
	tcase_add_test(tc, a_destination_is_another_behind_the_router);
	tcase_add_test(tc, both_ends_at_once);
	tcase_add_test(tc, status_and_tuples_tell_of_it);
	tcase_add_test(tc, an_end_is_chosen_once_and_before_confirmation);
	tcase_add_test(tc, ranges_that_make_no_sense);
	tcase_add_test(
		tc, a_source_port_that_is_taken_becomes_another_of_its_class);
	tcase_add_test(tc, an_endpoint_keeps_its_mapping_with_other_peers);
	tcase_add_test(tc, a_mapping_ends_with_its_last_connection);
	tcase_add_test(tc, a_null_mapping_changes_nothing_but_a_taken_port);
	tcase_add_test(tc, a_prefix_maps_onto_another);
	tcase_add_test(tc, ports_move_together);
	tcase_add_test(tc,
		       flows_spread_over_a_pool_and_a_host_keeps_its_address);
	tcase_add_test(tc, pings_of_three_hosts_with_one_id);
	tcase_add_test(tc, tcp_opens_and_closes_behind_a_router);
	tcase_add_test(tc, masquerade_takes_the_interface_and_a_purge_ends_it);
	tcase_add_test(tc, a_burst_is_translated_by_its_rules);
	tcase_add_test(tc, nothing_leaks_where_that_is_asked_for);
	tcase_add_test(tc, clashing_datagrams_of_one_flow_join_translated);
	tcase_add_test(tc, the_loser_of_two_mappings_leaves_all_the_same);
	suite_add_tcase(suite, tc);
	return suite;
}
