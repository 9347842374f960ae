/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NAT case by case, as Linux' own tests have it (its selftests nft_nat,
 * nft_nat_zones, nf_nat_edemux, conntrack_tcp_unreplied): what a router's own
 * packets get, what clients get, and who is mistaken for whom.
 */
#include "nat.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { MAX_CONNS = 1024, SYN = CT_TEST_SYN };

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

/* --- The two families --------------------------------------------------- */

static struct ct_test_flow flow_of(uint8_t l3)
{
	return l3 == CT_L3_IPV4 ? ct_test_flow4 : ct_test_flow6;
}

/* The router's address. */
static struct ct_nat_range router_of(uint8_t l3)
{
	return l3 == CT_L3_IPV4 ? ct_nat_to(0xcb007101) : ct_nat_to6(1);
}

/* Another server. */
static struct ct_nat_range other_of(uint8_t l3)
{
	return l3 == CT_L3_IPV4 ? ct_nat_to(0xc6336463) : ct_nat_to6(99);
}

static const uint8_t families[] = { CT_L3_IPV4, CT_L3_IPV6 };

/* The ends of a packet. */
static struct ct_test_flow ends_of(const struct ct_test_packet *p)
{
	struct ct_tuple t = ct_nat_tuple(p);
	struct ct_test_flow flow = { .l3 = p->l3 };

	memcpy(flow.src, &t.src, sizeof(flow.src));
	memcpy(flow.dst, &t.dst, sizeof(flow.dst));
	flow.sport = ntohs(t.src_id);
	flow.dport = ntohs(t.dst_id);
	return flow;
}

static void assert_ends(const struct ct_test_packet *p,
			const struct ct_test_flow *want, enum ct_dir dir)
{
	struct ct_test_flow is = ends_of(p);
	bool forth = dir == CT_DIR_ORIG;

	ck_assert_mem_eq(is.src, forth ? want->src : want->dst, 16);
	ck_assert_mem_eq(is.dst, forth ? want->dst : want->src, 16);
	ck_assert_uint_eq(is.sport, forth ? want->sport : want->dport);
	ck_assert_uint_eq(is.dport, forth ? want->dport : want->sport);
	ct_nat_sums_right(p);
}

static void set_dst(struct ct_test_flow *flow, const struct ct_nat_range *to)
{
	memcpy(flow->dst, &to->min_addr, sizeof(flow->dst));
}

/* --- A router's own packets --------------------------------------------- */

/* Out: OUTPUT, POSTROUTING.  In: PREROUTING, INPUT. */
static void local_out(struct ct_test_packet *p, const struct ct_nat_range *dst)
{
	struct ct_pkt pkt = ct_test_pkt(p);

	ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_OUTPUT), CT_ACCEPT);
	if (pkt.state == CT_NEW && dst)
		ck_assert_int_eq(ct_nat_setup(w.thr, &pkt, CT_NAT_DST, dst), 0);
	ck_assert_int_eq(ct_nat_apply(w.thr, &pkt, CT_HOOK_OUTPUT), CT_ACCEPT);
	ck_assert_int_eq(ct_nat_apply(w.thr, &pkt, CT_HOOK_POSTROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
}

static struct ct_pkt local_in(struct ct_test_packet *p)
{
	struct ct_pkt pkt = ct_test_pkt(p);

	ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(ct_nat_apply(w.thr, &pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(ct_nat_apply(w.thr, &pkt, CT_HOOK_INPUT), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	return pkt;
}

/* The rule's target changes, and the rule goes: old flows do not care. */
START_TEST(local_dnat)
{
	uint8_t l3 = families[_i];
	struct ct_nat_range first = other_of(l3), second = router_of(l3);
	struct ct_test_flow flow = flow_of(l3), there = flow;
	struct ct_test_packet p;

	set_dst(&there, &first);
	ct_test_udp(&p, &flow, CT_DIR_ORIG, 9);
	local_out(&p, &first);
	assert_ends(&p, &there, CT_DIR_ORIG);
	ct_test_udp(&p, &there, CT_DIR_REPLY, 9);
	ck_assert_int_eq(local_in(&p).state, CT_ESTABLISHED);
	assert_ends(&p, &flow, CT_DIR_REPLY);
	ct_test_udp(&p, &flow, CT_DIR_ORIG, 9);
	local_out(&p, &second);
	assert_ends(&p, &there, CT_DIR_ORIG);
	ct_test_udp(&p, &flow, CT_DIR_ORIG, 9);
	local_out(&p, NULL);
	assert_ends(&p, &there, CT_DIR_ORIG);
	flow.sport++;
	there = flow;
	set_dst(&there, &second);
	ct_test_udp(&p, &flow, CT_DIR_ORIG, 9);
	local_out(&p, &second);
	assert_ends(&p, &there, CT_DIR_ORIG);
}
END_TEST

START_TEST(local_dnat_of_the_port_alone)
{
	uint8_t l3 = families[_i];
	struct ct_nat_range port = { .size = sizeof(port) };
	struct ct_test_flow flow = flow_of(l3), there = flow;
	struct ct_test_packet p;

	port = ct_nat_ports(port, 2000, 2000);
	there.dport = 2000;
	ct_test_udp(&p, &flow, CT_DIR_ORIG, 9);
	local_out(&p, &port);
	assert_ends(&p, &there, CT_DIR_ORIG);
	ct_test_udp(&p, &there, CT_DIR_REPLY, 9);
	local_in(&p);
	assert_ends(&p, &flow, CT_DIR_REPLY);
}
END_TEST

START_TEST(redirect)
{
	uint8_t l3 = families[_i];
	struct ct_nat_range to = ct_nat_ports(router_of(l3), 1053, 1053);
	struct ct_test_flow flow = flow_of(l3), there = flow;
	struct ct_test_packet p;
	struct ct_pkt pkt;

	set_dst(&there, &to);
	there.dport = 1053;
	ct_test_udp(&p, &flow, CT_DIR_ORIG, 9);
	pkt = ct_test_pkt(&p);
	ct_process(w.thr, &pkt, CT_HOOK_PREROUTING);
	ck_assert_int_eq(ct_nat_setup(w.thr, &pkt, CT_NAT_DST, &to), 0);
	ct_nat_apply(w.thr, &pkt, CT_HOOK_PREROUTING);
	ck_assert_int_eq(ct_nat_setup(w.thr, &pkt, CT_NAT_SRC, NULL), 0);
	ct_nat_apply(w.thr, &pkt, CT_HOOK_INPUT);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	assert_ends(&p, &there, CT_DIR_ORIG);
	ct_test_udp(&p, &there, CT_DIR_REPLY, 9);
	local_out(&p, NULL);
	assert_ends(&p, &flow, CT_DIR_REPLY);
}
END_TEST

/* --- Clients' packets --------------------------------------------------- */

static const uint32_t randomness[] = { 0, CT_NAT_RANDOM, CT_NAT_RANDOM_FULLY };

START_TEST(masquerade_plain_random_and_fully_random)
{
	uint8_t l3 = families[_i % 2];
	struct ct_nat_range to = router_of(l3);
	const struct ct_test_rules rules = { .src = &to };
	unsigned kept = 0;

	to.flags |= randomness[_i / 2];
	for (uint16_t i = 0; i < 20; i++) {
		struct ct_test_flow flow = flow_of(l3), there;
		struct ct_test_packet p;

		flow.sport = (uint16_t)(flow.sport + i);
		ct_test_udp(&p, &flow, CT_DIR_ORIG, 9);
		ct_nat_pass(&w, &p, &rules);
		there = ends_of(&p);
		ck_assert_mem_eq(there.src, &to.min_addr, 16);
		ck_assert_mem_eq(there.dst, flow.dst, 16);
		kept += there.sport == flow.sport;
		ct_test_udp(&p, &there, CT_DIR_REPLY, 9);
		ct_nat_pass(&w, &p, &rules);
		assert_ends(&p, &flow, CT_DIR_REPLY);
	}
	if (randomness[_i / 2])
		ck_assert_uint_lt(kept, 2);
	else
		ck_assert_uint_eq(kept, 20);
}
END_TEST

/* --- Who is mistaken for whom ------------------------------------------- */

enum { SERVICE = 1405, THERE = 41404 };

/* A client's datagram, from the port where the router has a service. */
static struct ct_test_flow shadow(const struct ct_nat_range *to)
{
	const struct ct_test_rules rules = { .src = to };
	struct ct_test_flow flow = ct_test_flow4;
	struct ct_test_packet p;

	flow.sport = SERVICE;
	flow.dport = THERE;
	ct_test_udp(&p, &flow, CT_DIR_ORIG, 9);
	ct_nat_pass(&w, &p, &rules);
	return ends_of(&p);
}

/* The server asks the router's service; => whom it reaches. */
static struct ct_test_flow ask_service(const struct ct_policy *policy)
{
	struct ct_nat_range router = ct_nat_to(0xcb007101);
	struct ct_test_flow flow = ct_test_flow4;
	struct ct_test_packet p;
	struct ct_pkt pkt;

	memcpy(flow.src, &router.min_addr, 4);
	flow.sport = SERVICE;
	flow.dport = THERE;
	ct_test_udp(&p, &flow, CT_DIR_REPLY, 9);
	pkt = ct_test_pkt(&p);
	pkt.policy = policy;
	ck_assert_int_eq(ct_nat_step(&w, &pkt, &(struct ct_test_rules){ 0 }),
			 CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	return ends_of(&p);
}

/* Linux' policy, and a known hazard: an answer is an answer. */
START_TEST(port_shadow_by_default)
{
	struct ct_nat_range to = ct_nat_to(0xcb007101);

	ck_assert_uint_eq(shadow(&to).sport, SERVICE);
	ck_assert_mem_eq(ask_service(NULL).dst, ct_test_flow4.src, 4);
}
END_TEST

START_TEST(port_shadow_is_kept_away_by_other_ports)
{
	struct ct_nat_range to =
		ct_nat_ports(ct_nat_to(0xcb007101), SERVICE + 1, 65535);

	ck_assert_uint_gt(shadow(&to).sport, SERVICE);
	ck_assert_mem_eq(ask_service(NULL).dst, &to.min_addr, 4);
}
END_TEST

START_TEST(port_shadow_is_kept_away_by_exemption)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .flags = CT_POLICY_NOTRACK };
	struct ct_nat_range to = ct_nat_to(0xcb007101);
	const struct ct_policy *policy;

	ck_assert_int_eq(ct_policy_create(w.tbl, &def, &policy), 0);
	shadow(&to);
	ck_assert_mem_eq(ask_service(policy).dst, &to.min_addr, 4);
}
END_TEST

/* Of a flow that has left so, the answer comes home. */
static void answer(const struct ct_test_packet *left,
		   const struct ct_test_flow *home)
{
	struct ct_test_flow there = ends_of(left);
	struct ct_test_packet p;

	ct_test_udp(&p, &there, CT_DIR_REPLY, 9);
	ct_nat_pass(&w, &p, &(struct ct_test_rules){ 0 });
	assert_ends(&p, home, CT_DIR_REPLY);
}

/* Two destinations become one: the source port tells the two apart, though no
 * rule asks for that. */
START_TEST(two_destinations_become_one)
{
	struct ct_nat_range server = ct_nat_to(0xc6336405); /* 198.51.100.5 */
	const struct ct_test_rules rules = { .dst = &server };
	const struct ct_test_rules none = { 0 };
	struct ct_test_flow direct = ct_test_flow4, by_vip = direct;
	struct ct_test_packet first, second;

	server = ct_nat_ports(server, 80, 80);
	by_vip.dst[3] = 99;
	by_vip.dport = 443;
	ct_test_udp(&first, &direct, CT_DIR_ORIG, 9);
	ct_nat_pass(&w, &first, &none);
	ct_test_udp(&second, &by_vip, CT_DIR_ORIG, 9);
	ct_nat_pass(&w, &second, &rules);
	ck_assert_uint_eq(ends_of(&first).sport, direct.sport);
	ck_assert_uint_ne(ends_of(&second).sport, direct.sport);
	answer(&first, &direct);
	answer(&second, &by_vip);
}
END_TEST

/* All clients are 10.0.0.2:40000, each in a zone of its own. */
START_TEST(a_hundred_zones_of_one_client)
{
	enum { ZONES = 100 };
	uint8_t l3 = families[_i];
	struct ct_nat_range to = router_of(l3);
	const struct ct_test_rules rules = { .src = &to };
	struct ct_test_flow flow = flow_of(l3);
	struct ct_conn *conn[ZONES];
	struct ct_test_flow left[ZONES];
	struct ct_test_packet p;
	struct ct_pkt pkt;

	for (uint16_t i = 0; i < ZONES; i++) {
		const struct ct_policy_def def = { .size = sizeof(def),
						   .flags = CT_POLICY_ZONE_ORIG,
						   .zone = (uint16_t)(i + 1) };
		const struct ct_policy *policy;

		ck_assert_int_eq(ct_policy_create(w.tbl, &def, &policy), 0);
		ct_test_udp(&p, &flow, CT_DIR_ORIG, 9);
		pkt = ct_test_pkt(&p);
		pkt.policy = policy;
		ck_assert_int_eq(ct_nat_step(&w, &pkt, &rules), CT_ACCEPT);
		ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
		conn[i] = pkt.conn;
		left[i] = ends_of(&p);
	}
	for (unsigned i = 0; i < ZONES; i++) {
		struct ct_tuple orig;

		ct_test_udp(&p, &left[i], CT_DIR_REPLY, 9);
		pkt = ct_nat_pass(&w, &p, &rules);
		ck_assert_ptr_eq(pkt.conn, conn[i]);
		assert_ends(&p, &flow, CT_DIR_REPLY);
		ct_conn_tuple(pkt.conn, CT_DIR_ORIG, &orig);
		ck_assert_uint_eq(orig.zone, i + 1);
	}
}
END_TEST

/* --- A rule that comes late --------------------------------------------- */

START_TEST(an_unanswered_syn_does_not_live_for_ever)
{
	struct ct_nat_range to =
		ct_nat_ports(ct_nat_to(0xcb007101), 8080, 8080);
	const struct ct_test_rules none = { 0 }, rules = { .dst = &to };
	const struct ct_test_segment syn = { .flags = SYN };
	struct ct_test_packet p;
	unsigned new = 0;

	ck_assert_int_eq(ct_param_set(w.tbl, "tcp.timeout.syn_sent", 10), 0);
	ct_test_tcp(&p, &ct_test_flow4, CT_DIR_ORIG, &syn);
	ct_nat_pass(&w, &p, &none);
	for (unsigned i = 0; i < 15; i++) {
		struct ct_tuple reply;
		struct ct_pkt pkt;

		ct_world_wait(&w, CT_WORLD_S);
		ct_test_tcp(&p, &ct_test_flow4, CT_DIR_ORIG, &syn);
		pkt = ct_nat_pass(&w, &p, &rules);
		ct_conn_tuple(pkt.conn, CT_DIR_REPLY, &reply);
		new += (ct_conn_status(pkt.conn) & CT_S_DST_NAT) != 0;
		ck_assert_uint_eq(ntohs(reply.src_id), new ? 8080 : 80);
	}
	ck_assert_uint_ge(new, 4);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

static void client_cases(TCase *tc)
{
	tcase_add_loop_test(tc, masquerade_plain_random_and_fully_random, 0, 6);
	tcase_add_test(tc, port_shadow_by_default);
	tcase_add_test(tc, port_shadow_is_kept_away_by_other_ports);
	tcase_add_test(tc, port_shadow_is_kept_away_by_exemption);
	tcase_add_test(tc, two_destinations_become_one);
	tcase_add_loop_test(tc, a_hundred_zones_of_one_client, 0, 2);
	tcase_add_test(tc, an_unanswered_syn_does_not_live_for_ever);
}

Suite *ct_suite(void)
{
	Suite *suite = suite_create("nat matrix flow");
	TCase *tc = tcase_create("nat matrix");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, local_dnat, 0, 2);
	tcase_add_loop_test(tc, local_dnat_of_the_port_alone, 0, 2);
	tcase_add_loop_test(tc, redirect, 0, 2);
	client_cases(tc);
	suite_add_tcase(suite, tc);
	return suite;
}
