/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Translated conversations by UDP that give way: both ends are told by ICMP.
 */
#include "nat.h"
#include "suite.h"
#include "wire/hdr.h"
#include "world.h"

#include <conntrack/pressure.h>
#include <string.h>

enum { MAX = 100, IPV6 = 1, WAYS = 2 };

static struct ct_world w;
static unsigned kind; /* set of IPV6 */
static struct ct_nat_range to_server, from_router;

/* What the table sent by itself. */
static struct {
	struct ct_test_packet error[64];
	unsigned n;
} sent;

static void emit(void *user, const struct ct_pkt *pkt)
{
	struct ct_test_packet *p = &sent.error[sent.n++];
	const bool v4 = pkt->l3 == CT_L3_IPV4;

	(void)user;
	ck_assert_uint_lt(sent.n, 64);
	ck_assert(pkt->flags & CT_PKT_UNTRACKED);
	*p = (struct ct_test_packet){ .len = pkt->len, .l3 = pkt->l3 };
	memcpy(p->bytes, pkt->data, pkt->len);
	p->l4 = p->bytes[v4 ? CT_IPV4_PROTOCOL_OFF : CT_IPV6_NEXT_OFF];
	ck_assert_uint_eq(p->l4, v4 ? CT_IPPROTO_ICMP : CT_IPPROTO_ICMPV6);
	ct_nat_sums_right(p);
}

static void set(const char *name, uint64_t value)
{
	ck_assert_int_eq(ct_param_set(w.tbl, name, value), 0);
}

/* A full table, that has to let newcomers in. */
static void start(unsigned which)
{
	const struct ct_host host = { .size = sizeof(host), .emit = emit };
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = MAX,
				       .host = &host };

	kind = which;
	sent.n = 0;
	ct_world_create(&w, &cfg);
	set("overflow.policy", CT_OVERFLOW_SCORED);
	set("overflow.reset", 1);
	set("overflow.low", 1000);
	set("overflow.probation", 1000);
	set("nf_conntrack_max", 1);
	ct_world_attach(&w);
	to_server = kind & IPV6 ? ct_nat_to6(9) : ct_nat_to(0x0a090909);
	from_router = kind & IPV6 ? ct_nat_to6(1) : ct_nat_to(0xcb007101);
}

static void finish(void)
{
	ct_world_settle(&w);
	ct_world_end(&w);
}

static void datagram(const struct ct_test_flow *by, enum ct_dir dir,
		     const struct ct_test_rules *rules)
{
	ct_test_udp(&w.p, by, dir, 10);
	ct_nat_pass(&w, &w.p, rules);
}

static struct ct_test_flow datagram_flow(uint32_t n)
{
	return kind & IPV6 ? ct_world_flow6(n) : ct_world_flow(n);
}

/* A conversation by UDP with so many clients; => how the last one's server sees
 * it. */
static struct ct_test_flow converse(uint32_t n,
				    const struct ct_test_rules *rules)
{
	struct ct_test_flow seen = { 0 };

	for (uint32_t i = 0; i < n; i++) {
		const struct ct_test_flow by = datagram_flow(i);
		const uint32_t head =
			kind & IPV6 ? CT_IPV6_HDR_LEN : CT_IPV4_HDR_LEN;

		datagram(&by, CT_DIR_ORIG, rules);
		seen = by;
		memcpy(seen.src,
		       w.p.bytes + (kind & IPV6 ? CT_IPV6_SRC_OFF
						: CT_IPV4_SRC_OFF),
		       kind & IPV6 ? 16 : 4);
		memcpy(seen.dst,
		       w.p.bytes + (kind & IPV6 ? CT_IPV6_DST_OFF
						: CT_IPV4_DST_OFF),
		       kind & IPV6 ? 16 : 4);
		seen.sport = ct_nat_u16(&w.p, head);
		seen.dport = ct_nat_u16(&w.p, head + 2);
		datagram(&seen, CT_DIR_REPLY, rules);
	}
	ct_world_wait(&w, 3 * CT_WORLD_S);
	for (uint32_t i = 0; i < n; i++) {
		const struct ct_test_flow by = datagram_flow(i);

		datagram(&by, CT_DIR_ORIG, rules);
	}
	return seen;
}

static void push_out(void)
{
	const struct ct_test_rules none = { 0 };
	const struct ct_test_flow other = datagram_flow(5000);

	datagram(&other, CT_DIR_ORIG, &none);
}

/* --- Stories ---------------------------------------------------------------- */

/* => The error is to whoever sends so, about that. */
static void assert_about(const struct ct_test_packet *error,
			 const struct ct_test_flow *by, enum ct_dir dir,
			 uint8_t v4_code, uint8_t v6_code)
{
	const bool v6 = error->l3 == CT_L3_IPV6;
	const uint32_t head = v6 ? CT_IPV6_HDR_LEN : CT_IPV4_HDR_LEN;
	const uint32_t src = v6 ? CT_IPV6_SRC_OFF : CT_IPV4_SRC_OFF;
	const uint32_t dst = v6 ? CT_IPV6_DST_OFF : CT_IPV4_DST_OFF;
	const uint8_t *icmp = error->bytes + head;
	const uint8_t *quote = icmp + CT_ICMP_HDR_LEN;
	struct ct_test_packet sent_by_it;

	ck_assert_uint_eq(icmp[0], v6 ? 1 : 3);
	ck_assert_uint_eq(icmp[1], v6 ? v6_code : v4_code);
	ck_assert_uint_eq(error->len, 2 * head + 16);
	/* An empty datagram of that end. */
	ct_test_udp(&sent_by_it, by, dir, 0);
	ck_assert_mem_eq(quote + src, sent_by_it.bytes + src, v6 ? 32 : 8);
	ck_assert_mem_eq(quote + head, sent_by_it.bytes + head, CT_UDP_HDR_LEN);
	ck_assert_mem_eq(error->bytes + dst, quote + src, v6 ? 16 : 4);
	ck_assert_mem_eq(error->bytes + src, quote + dst, v6 ? 16 : 4);
}

enum { PROHIBITED = 13, PROHIBITED6 = 1, PORT = 3, PORT6 = 4 };

/* The server is sent to by a mapping, which is gone; the client sends to it by
 * its own address. */
START_TEST(both_ends_are_told)
{
	struct ct_test_flow inside, seen;
	struct ct_test_rules rules;

	start((unsigned)_i);
	rules = (struct ct_test_rules){ .src = &from_router };
	seen = converse(1, &rules);
	inside = datagram_flow(0);
	push_out();
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_RECYCLED), 1);
	ck_assert_uint_eq(sent.n, 2);
	assert_about(&sent.error[0], &inside, CT_DIR_ORIG, PROHIBITED,
		     PROHIBITED6);
	assert_about(&sent.error[1], &seen, CT_DIR_REPLY, PORT, PORT6);
	finish();
}
END_TEST

START_TEST(who_sends_to_a_translated_server_hears_of_its_port)
{
	struct ct_test_flow inside, seen;
	struct ct_test_rules rules;

	start((unsigned)_i);
	rules = (struct ct_test_rules){ .dst = &to_server };
	seen = converse(1, &rules);
	inside = datagram_flow(0);
	push_out();
	ck_assert_uint_eq(sent.n, 2);
	assert_about(&sent.error[0], &inside, CT_DIR_ORIG, PORT, PORT6);
	assert_about(&sent.error[1], &seen, CT_DIR_REPLY, PROHIBITED,
		     PROHIBITED6);
	finish();
}
END_TEST

START_TEST(nobody_is_told_without_need)
{
	struct ct_test_rules rules = { 0 };
	struct ct_test_flow by;

	/* Who is not translated; whose host has not asked for it; what has
	 * proven nothing. */
	start((unsigned)_i);
	converse(1, &rules);
	push_out();
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_RECYCLED), 1);
	finish();
	start((unsigned)_i);
	set("overflow.reset", 0);
	rules.src = &from_router;
	converse(1, &rules);
	push_out();
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_RECYCLED), 1);
	finish();
	start((unsigned)_i);
	by = datagram_flow(1);
	datagram(&by, CT_DIR_ORIG, &rules);
	push_out();
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_EVICTED), 1);
	finish();
	ck_assert_uint_eq(sent.n, 0);
}
END_TEST

START_TEST(errors_are_so_many_a_second_as_well)
{
	const struct ct_test_rules rules = { .src = &from_router };
	uint32_t n = 40;

	start((unsigned)_i);
	set("nf_conntrack_max", n);
	set("overflow.probe.rate", 10);
	converse(n, &rules);
	for (uint32_t i = 0; i < n / 2; i++) {
		const struct ct_test_flow other = datagram_flow(5000 + i);

		datagram(&other, CT_DIR_ORIG, &(struct ct_test_rules){ 0 });
	}
	ck_assert_uint_gt(ct_world_count(&w, CT_R_END_RECYCLED), 10);
	ck_assert_uint_eq(sent.n, 10);
	finish();
}
END_TEST

Suite *ct_suite(void)
{
	Suite *s = suite_create("flow/told");
	TCase *tc = tcase_create("icmp");

	tcase_add_loop_test(tc, both_ends_are_told, 0, WAYS);
	tcase_add_loop_test(tc,
			    who_sends_to_a_translated_server_hears_of_its_port,
			    0, WAYS);
	tcase_add_loop_test(tc, nobody_is_told_without_need, 0, WAYS);
	tcase_add_loop_test(tc, errors_are_so_many_a_second_as_well, 0, WAYS);
	suite_add_tcase(s, tc);
	return s;
}
