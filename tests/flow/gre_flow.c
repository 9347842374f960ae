/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GRE: tunnels with and without keys, calls, and what NAT does with them.
 */
#include "core/table.h"
#include "nat.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { GRE = 47, IP = 20, HDR = 12, CALL_ID = IP + 6 };

static struct ct_world w;
static struct ct_test_packet p;

static void setup(void)
{
	ct_world_start(&w, 64);
}

static void setup_keyed(void)
{
	const struct ct_config cfg = { .size = sizeof(cfg), .max_conns = 64 };

	ct_world_create(&w, &cfg);
	ck_assert_int_eq(ct_param_set(w.tbl, "gre.key", 1), 0);
	ct_world_attach(&w);
}

static void teardown(void)
{
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_end(&w);
}

/* --- Packets ------------------------------------------------------------ */

static const uint8_t plain[HDR] = { 0, 0, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8 };

static void send_on(struct ct_pkt *pkt, const struct ct_test_flow *flow,
		    enum ct_dir dir, const uint8_t *bytes, uint32_t len)
{
	const struct ct_test_l4 l4 = { GRE, bytes, len };

	ct_test_raw(&p, flow, dir, &l4);
	*pkt = ct_test_pkt(&p);
	ck_assert_int_eq(ct_process(w.thr, pkt, CT_HOOK_PREROUTING), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, pkt), CT_ACCEPT);
}

static struct ct_pkt pass(enum ct_dir dir, const uint8_t *bytes, uint32_t len)
{
	struct ct_pkt pkt;

	send_on(&pkt, &ct_test_flow4, dir, bytes, len);
	return pkt;
}

static struct ct_pkt pass_key(enum ct_dir dir, uint32_t key)
{
	uint8_t bytes[HDR] = { 0x20, 0, 8, 0 };
	uint32_t be = htonl(key);

	memcpy(bytes + 4, &be, sizeof(be));
	return pass(dir, bytes, HDR);
}

/* A key behind a checksum and what lies beside that. */
static struct ct_pkt pass_summed_key(enum ct_dir dir, uint8_t flags,
				     uint8_t key)
{
	const uint8_t bytes[HDR] = { flags, 0, 8, 0, 9, 9, 0, 0, 0, 0, 0, key };

	return pass(dir, bytes, HDR);
}

static void call(uint8_t bytes[HDR], uint16_t id)
{
	const uint8_t header[HDR] = {
		0x30, 1, 0x88, 0x0b, 0, 4, (uint8_t)(id >> 8), (uint8_t)id
	};

	memcpy(bytes, header, HDR);
}

static void wait_s(uint64_t seconds)
{
	ct_world_wait(&w, seconds * CT_WORLD_S);
}

/* --- Life --------------------------------------------------------------- */

START_TEST(the_packet_after_the_answer_makes_a_stream)
{
	struct ct_pkt pkt = pass(CT_DIR_ORIG, plain, HDR);

	ck_assert_int_eq(pkt.state, CT_NEW);
	ck_assert_uint_eq(ct_conn_expires(w.thr, pkt.conn), 30);
	wait_s(20);
	pkt = pass(CT_DIR_REPLY, plain, HDR);
	ck_assert_int_eq(pkt.state, CT_ESTABLISHED);
	ck_assert_uint_eq(ct_conn_expires(w.thr, pkt.conn), 30);
	ck_assert(!(ct_conn_status(pkt.conn) & CT_S_ASSURED));
	wait_s(20);
	pkt = pass(CT_DIR_REPLY, plain, HDR);
	ck_assert_uint_eq(ct_conn_expires(w.thr, pkt.conn), 180);
	ck_assert(ct_conn_status(pkt.conn) & CT_S_ASSURED);
}
END_TEST

START_TEST(keys_are_one_tunnel)
{
	struct ct_conn *tunnel = pass(CT_DIR_ORIG, plain, HDR).conn;

	ck_assert_ptr_eq(pass_key(CT_DIR_ORIG, 7).conn, tunnel);
	ck_assert_ptr_eq(pass_key(CT_DIR_REPLY, 8).conn, tunnel);
	for (uint32_t len = 0; len < HDR; len++)
		ck_assert_ptr_eq(pass(CT_DIR_ORIG, plain, len).conn, tunnel);
}
END_TEST

START_TEST(ipv6_has_tunnels_too)
{
	struct ct_pkt pkt;

	send_on(&pkt, &ct_test_flow6, CT_DIR_ORIG, plain, HDR);
	ck_assert_int_eq(pkt.state, CT_NEW);
	send_on(&pkt, &ct_test_flow6, CT_DIR_REPLY, plain, HDR);
	ck_assert_int_eq(pkt.state, CT_ESTABLISHED);
}
END_TEST

/* Each end sends to the other one's id; the control connection is not read. */
START_TEST(a_call_is_two_connections)
{
	struct ct_pkt there, back;
	struct ct_tuple t;
	uint8_t bytes[HDR];

	call(bytes, 7);
	there = pass(CT_DIR_ORIG, bytes, HDR);
	call(bytes, 9);
	back = pass(CT_DIR_REPLY, bytes, HDR);
	ck_assert_int_eq(there.state, CT_NEW);
	ck_assert_int_eq(back.state, CT_NEW);
	ct_conn_tuple(there.conn, CT_DIR_ORIG, &t);
	ck_assert_uint_eq(t.src_id, 0);
	ck_assert_uint_eq(t.dst_id, htons(7));
	ct_conn_tuple(there.conn, CT_DIR_REPLY, &t);
	ck_assert_uint_eq(t.src_id, htons(7));
	ck_assert_uint_eq(t.dst_id, 0);
}
END_TEST

START_TEST(a_call_that_is_cut_has_no_id)
{
	struct ct_conn *tunnel = pass(CT_DIR_ORIG, plain, HDR).conn;
	uint8_t bytes[HDR];

	call(bytes, 7);
	for (uint32_t len = 0; len < 8; len++)
		ck_assert_ptr_eq(pass(CT_DIR_ORIG, bytes, len).conn, tunnel);
	ck_assert_ptr_ne(pass(CT_DIR_ORIG, bytes, 8).conn, tunnel);
}
END_TEST

START_TEST(enhanced_gre_carries_ppp)
{
	uint8_t bytes[HDR];
	struct ct_pkt pkt;

	call(bytes, 7);
	bytes[2] = 8;
	bytes[3] = 0;
	pkt = pass(CT_DIR_ORIG, bytes, HDR);
	ck_assert_int_eq(pkt.state, CT_INVALID);
	ck_assert_uint_eq(pkt.reason, CT_R_GRE_PROTOCOL);
}
END_TEST

/* --- gre.key ------------------------------------------------------------ */

START_TEST(keys_tell_tunnels_apart)
{
	struct ct_conn *seven = pass_key(CT_DIR_ORIG, 7).conn;
	struct ct_conn *eight = pass_key(CT_DIR_ORIG, 8).conn;
	struct ct_conn *none = pass(CT_DIR_ORIG, plain, HDR).conn;

	ck_assert_ptr_ne(seven, eight);
	ck_assert_ptr_ne(seven, none);
	ck_assert_ptr_eq(pass_key(CT_DIR_REPLY, 7).conn, seven);
	ck_assert_ptr_eq(pass_key(CT_DIR_REPLY, 8).conn, eight);
	ck_assert_ptr_eq(pass_key(CT_DIR_REPLY, 0x00080000).conn, eight);
}
END_TEST

START_TEST(a_key_lies_behind_the_checksum)
{
	struct ct_conn *seven = pass_key(CT_DIR_ORIG, 7).conn;

	ck_assert_ptr_eq(pass_summed_key(CT_DIR_ORIG, 0xa0, 7).conn, seven);
	ck_assert_ptr_eq(pass_summed_key(CT_DIR_REPLY, 0x60, 7).conn, seven);
}
END_TEST

START_TEST(a_key_that_is_cut_is_none)
{
	const uint8_t bytes[HDR] = { 0x20, 0, 8, 0, 0, 0, 0, 7 };
	struct ct_conn *none = pass(CT_DIR_ORIG, plain, HDR).conn;

	for (uint32_t len = 0; len < 8; len++)
		ck_assert_ptr_eq(pass(CT_DIR_ORIG, bytes, len).conn, none);
	ck_assert_ptr_ne(pass(CT_DIR_ORIG, bytes, 8).conn, none);
}
END_TEST

START_TEST(calls_keep_their_ids)
{
	struct ct_tuple t;
	uint8_t bytes[HDR];

	call(bytes, 7);
	ct_conn_tuple(pass(CT_DIR_ORIG, bytes, HDR).conn, CT_DIR_ORIG, &t);
	ck_assert_uint_eq(t.src_id, 0);
	ck_assert_uint_eq(t.dst_id, htons(7));
}
END_TEST

START_TEST(the_choice_is_for_good)
{
	ck_assert_int_eq(ct_param_set(w.tbl, "gre.key", 0), CT_E_SEALED);
}
END_TEST

/* --- NAT ---------------------------------------------------------------- */

static enum ct_verdict translate(const struct ct_test_flow *flow,
				 enum ct_dir dir, const uint8_t *bytes,
				 uint32_t len, struct ct_pkt *pkt)
{
	static struct ct_nat_range to;
	static const struct ct_test_rules rules = { .src = &to };
	const struct ct_test_l4 l4 = { GRE, bytes, len };
	enum ct_verdict verdict;

	to = ct_nat_to(0xcb007101);
	ct_test_raw(&p, flow, dir, &l4);
	*pkt = ct_test_pkt(&p);
	verdict = ct_nat_step(&w, pkt, &rules);
	if (verdict == CT_ACCEPT)
		return ct_confirm(w.thr, pkt);
	ct_abandon(w.thr, pkt);
	return verdict;
}

static struct ct_test_flow outside(void)
{
	struct ct_test_flow flow = ct_test_flow4;
	const uint32_t addr = htonl(0xcb007101);

	memcpy(flow.src, &addr, sizeof(addr));
	return flow;
}

START_TEST(one_tunnel_to_a_server_is_translated)
{
	struct ct_test_flow other = ct_test_flow4, there = outside();
	struct ct_pkt pkt;

	ck_assert_int_eq(
		translate(&ct_test_flow4, CT_DIR_ORIG, plain, HDR, &pkt),
		CT_ACCEPT);
	ck_assert_mem_eq(p.bytes + 12, there.src, 4);
	other.src[3]++;
	ck_assert_int_eq(translate(&other, CT_DIR_ORIG, plain, HDR, &pkt),
			 CT_DROP);
	ck_assert_int_eq(translate(&there, CT_DIR_REPLY, plain, HDR, &pkt),
			 CT_ACCEPT);
	ck_assert_mem_eq(p.bytes + 16, ct_test_flow4.src, 4);
	ck_assert_mem_eq(p.bytes + IP, plain, HDR);
}
END_TEST

START_TEST(two_keyed_tunnels_to_a_server_are_translated)
{
	const uint8_t seven[HDR] = { 0x20, 0, 8, 0, 0, 0, 0, 7 };
	const uint8_t eight[HDR] = { 0x20, 0, 8, 0, 0, 0, 0, 8 };
	struct ct_test_flow other = ct_test_flow4, there = outside();
	struct ct_pkt pkt;

	other.src[3]++;
	ck_assert_int_eq(
		translate(&ct_test_flow4, CT_DIR_ORIG, seven, HDR, &pkt),
		CT_ACCEPT);
	ck_assert_int_eq(translate(&other, CT_DIR_ORIG, eight, HDR, &pkt),
			 CT_ACCEPT);
	ck_assert_int_eq(translate(&there, CT_DIR_REPLY, eight, HDR, &pkt),
			 CT_ACCEPT);
	ck_assert_mem_eq(p.bytes + 16, other.src, 4);
}
END_TEST

START_TEST(what_is_too_short_is_not_translated)
{
	struct ct_pkt pkt;

	ck_assert_int_eq(translate(&ct_test_flow4, CT_DIR_ORIG, plain, 7, &pkt),
			 CT_DROP);
	ck_assert_uint_eq(pkt.reason, CT_R_NAT_UNTRANSLATABLE);
}
END_TEST

START_TEST(an_unknown_version_does_not_come_back)
{
	const uint8_t two[HDR] = { 0, 2, 8, 0 };
	struct ct_test_flow there = outside();
	struct ct_pkt pkt;

	ck_assert_int_eq(translate(&ct_test_flow4, CT_DIR_ORIG, two, HDR, &pkt),
			 CT_ACCEPT);
	ck_assert_int_eq(translate(&there, CT_DIR_REPLY, two, HDR, &pkt),
			 CT_DROP);
	ck_assert_uint_eq(pkt.reason, CT_R_NAT_UNTRANSLATABLE);
}
END_TEST

START_TEST(a_call_id_is_written_where_it_is_received)
{
	const struct ct_l4_ops *ops = ct_registry_l4(w.tbl, GRE);
	struct ct_rewrite how = { .src_id = htons(5), .dst_id = htons(300) };
	uint8_t bytes[HDR];
	const struct ct_test_l4 l4 = { GRE, bytes, HDR };
	struct ct_pkt pkt;

	call(bytes, 7);
	ct_test_raw(&p, &ct_test_flow4, CT_DIR_ORIG, &l4);
	pkt = ct_test_pkt(&p);
	pkt.l4_off = IP;
	pkt.l4_len = HDR;
	how.end = CT_NAT_SRC;
	ck_assert(ops->rewrite(&pkt, &how));
	ck_assert_uint_eq(ct_nat_u16(&p, CALL_ID), 7);
	how.end = CT_NAT_DST;
	ck_assert(ops->rewrite(&pkt, &how));
	ck_assert_uint_eq(ct_nat_u16(&p, CALL_ID), 300);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("gre_flow");
	TCase *tc = tcase_create("gre");
	TCase *keyed = tcase_create("gre.key");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_packet_after_the_answer_makes_a_stream);
	tcase_add_test(tc, keys_are_one_tunnel);
	tcase_add_test(tc, ipv6_has_tunnels_too);
	tcase_add_test(tc, a_call_is_two_connections);
	tcase_add_test(tc, a_call_that_is_cut_has_no_id);
	tcase_add_test(tc, enhanced_gre_carries_ppp);
	tcase_add_test(tc, one_tunnel_to_a_server_is_translated);
	tcase_add_test(tc, what_is_too_short_is_not_translated);
	tcase_add_test(tc, an_unknown_version_does_not_come_back);
	tcase_add_test(tc, a_call_id_is_written_where_it_is_received);
	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(keyed, setup_keyed, teardown);
	tcase_add_test(keyed, keys_tell_tunnels_apart);
	tcase_add_test(keyed, a_key_lies_behind_the_checksum);
	tcase_add_test(keyed, a_key_that_is_cut_is_none);
	tcase_add_test(keyed, calls_keep_their_ids);
	tcase_add_test(keyed, the_choice_is_for_good);
	tcase_add_test(keyed, two_keyed_tunnels_to_a_server_are_translated);
	suite_add_tcase(suite, keyed);
	return suite;
}
