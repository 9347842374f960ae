/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The generic tracker: protocols that nobody knows, over both network layers.
 */
#include "packet.h"
#include "suite.h"

enum { ESP = 50, OSPF = 89, S = 1000000000 };

static struct ct_table *tbl;
static struct ct_thread *thr;
static struct ct_test_packet p;
static uint64_t now_ns;

static void setup(void)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .profile = CT_PROFILE_LINUX };

	ck_assert_int_eq(ct_table_create(&cfg, &tbl), 0);
	ck_assert_int_eq(ct_thread_attach(tbl, &thr), 0);
	now_ns = S;
	ct_thread_poll(thr, now_ns);
}

static void teardown(void)
{
	ct_thread_detach(thr);
	ct_table_destroy(tbl);
}

static struct ct_pkt pass(const struct ct_test_flow *flow, enum ct_dir dir,
			  uint8_t l4, uint32_t len)
{
	const struct ct_test_l4 raw = { l4, "some bytes", len };
	struct ct_pkt pkt;

	ct_test_raw(&p, flow, dir, &raw);
	pkt = ct_test_pkt(&p);
	ck_assert_int_eq(ct_process(thr, &pkt, CT_HOOK_PREROUTING), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(thr, &pkt), CT_ACCEPT);
	return pkt;
}

START_TEST(hosts_have_one_connection_per_protocol)
{
	struct ct_pkt esp, ospf, answer;

	esp = pass(&ct_test_flow4, CT_DIR_ORIG, ESP, 8);
	ck_assert_int_eq(esp.state, CT_NEW);
	ospf = pass(&ct_test_flow4, CT_DIR_ORIG, OSPF, 8);
	ck_assert_int_eq(ospf.state, CT_NEW);
	ck_assert_ptr_ne(esp.conn, ospf.conn);
	answer = pass(&ct_test_flow4, CT_DIR_REPLY, ESP, 4);
	ck_assert_int_eq(answer.state, CT_ESTABLISHED);
	ck_assert_int_eq(answer.dir, CT_DIR_REPLY);
	ck_assert_ptr_eq(answer.conn, esp.conn);
}
END_TEST

START_TEST(no_payload_is_needed)
{
	ck_assert_int_eq(pass(&ct_test_flow4, CT_DIR_ORIG, ESP, 0).state,
			 CT_NEW);
	ck_assert_int_eq(pass(&ct_test_flow6, CT_DIR_ORIG, ESP, 0).state,
			 CT_NEW);
}
END_TEST

START_TEST(tuple_has_no_ids)
{
	struct ct_pkt pkt = pass(&ct_test_flow6, CT_DIR_ORIG, OSPF, 8);
	struct ct_tuple t;

	for (int dir = 0; dir < CT_DIR_MAX; dir++) {
		ct_conn_tuple(pkt.conn, (enum ct_dir)dir, &t);
		ck_assert_uint_eq(t.src_id, 0);
		ck_assert_uint_eq(t.dst_id, 0);
		ck_assert_uint_eq(t.l4, OSPF);
	}
}
END_TEST

START_TEST(packets_refresh_it_and_never_assure_it)
{
	struct ct_pkt pkt;

	pass(&ct_test_flow4, CT_DIR_ORIG, ESP, 8);
	for (int i = 0; i < 3; i++) {
		now_ns += UINT64_C(599) * S;
		ct_thread_poll(thr, now_ns);
		pkt = pass(&ct_test_flow4, CT_DIR_REPLY, ESP, 8);
		ck_assert_int_eq(pkt.state, CT_ESTABLISHED);
		ck_assert_uint_eq(ct_conn_expires(thr, pkt.conn), 600);
		ck_assert(!(ct_conn_status(pkt.conn) & CT_S_ASSURED));
	}
	now_ns += UINT64_C(601) * S;
	ct_thread_poll(thr, now_ns);
	ck_assert_int_eq(pass(&ct_test_flow4, CT_DIR_REPLY, ESP, 8).state,
			 CT_NEW);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("generic");
	TCase *tc = tcase_create("generic");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, hosts_have_one_connection_per_protocol);
	tcase_add_test(tc, no_payload_is_needed);
	tcase_add_test(tc, tuple_has_no_ids);
	tcase_add_test(tc, packets_refresh_it_and_never_assure_it);
	suite_add_tcase(suite, tc);
	return suite;
}
