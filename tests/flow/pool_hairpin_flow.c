/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two clients of a pool that speak to each other by its addresses, and what
 * helpers announce of both: a connection then has met the one's id, and leaves
 * as the other's.
 *
 *	a  10.0.0.1:RTP  as  X1:ids[0]  ---->  X2:ids[1]  for  b:RTP
 */
#include "announce.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { UDP = 17, RTP = 4000, A = 1 };

static struct ct_world w;
static struct ct_nat_pool *pool;
static unsigned b;       /* the other client */
static unsigned n_addrs; /* that they have together */
static struct ct_conn *master;
static struct ct_test_flow out[2]; /* their masters, as they leave */
static uint16_t ids[2];            /* announced of a and b */

static void setup(void)
{
	ct_world_start(&w, 64);
	ck_assert_int_eq(ct_param_set(w.tbl, "udp.timeout", 600), 0);
}

static void teardown(void)
{
	ct_world_audit(&w);
	ct_world_end(&w);
}

static uint64_t taken(void)
{
	uint64_t n = 0;

	for (unsigned i = 1; i <= n_addrs; i++)
		n += ct_pool_gauge(pool, i, UDP).mappings;
	return n;
}

/* A client that leaves by another address than a, or by the same. */
static void find_b(void)
{
	bool same;

	out[0] = ct_announce_open(&w, A, pool);
	b = A;
	do {
		out[1] = ct_announce_open(&w, ++b, pool);
		same = memcmp(out[0].src, out[1].src, 4) == 0;
	} while (same != (n_addrs == 1));
}

/* A connection from a to where b's master comes from. */
static void open_hairpin(void)
{
	struct ct_test_flow flow = ct_pool_client(A, 40001);
	struct ct_pkt pkt;

	memcpy(flow.dst, out[1].src, 4);
	flow.dport = out[1].sport;
	ct_test_udp(&w.p, &flow, CT_DIR_ORIG, 20);
	pkt = ct_pool_pass(&w, &w.p, pool);
	master = pkt.conn;
}

static void put_addr(union ct_addr *addr, const uint8_t bytes[4])
{
	memset(addr, 0, sizeof(*addr));
	memcpy(addr, bytes, 4);
}

/* The destination as it was announced, the source as the other was. */
static void follow(struct ct_thread *thr, struct ct_pkt *pkt,
		   const struct ct_expect *exp)
{
	struct ct_expect_view view = { .size = sizeof(view) };
	struct ct_nat_range range = { .size = sizeof(range),
				      .flags = CT_NAT_ADDR | CT_NAT_IDS };

	ck_assert_int_eq(ct_expect_view(thr, exp, &view), 0);
	range.min_addr = range.max_addr = view.def.nat_addr;
	range.min_id = range.max_id = ntohs(view.def.nat_id);
	ck_assert_int_eq(ct_nat_setup(thr, pkt, CT_NAT_DST, &range), 0);
	put_addr(&range.min_addr, out[0].src);
	range.max_addr = range.min_addr;
	range.min_id = range.max_id = ids[0];
	ck_assert_int_eq(ct_nat_setup(thr, pkt, CT_NAT_SRC, &range), 0);
}

/* Either may send to the other's port RTP. */
static void announce(unsigned i)
{
	const unsigned host[2] = { A, b };
	struct ct_expect_def def = ct_announce_def(&w, host[i], RTP);

	def.tuple.src = ct_pool_inside(host[!i]);
	put_addr(&def.tuple.dst, out[i].src);
	def.nat = follow;
	ck_assert_int_eq(ct_expect_add_near(w.thr, master, &def, NULL), 0);
	ids[i] = ntohs(def.tuple.dst_id);
}

static struct ct_conn *open_media(void)
{
	struct ct_test_flow flow = ct_pool_client(A, RTP);
	struct ct_tuple t;
	struct ct_pkt pkt;

	memcpy(flow.dst, out[1].src, 4);
	flow.dport = ids[1];
	ct_test_udp(&w.p, &flow, CT_DIR_ORIG, 20);
	pkt = ct_test_pkt(&w.p);
	ct_pool_step(&w, &pkt, pool);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ct_conn_tuple(pkt.conn, CT_DIR_REPLY, &t);
	ck_assert_mem_eq(t.dst.bytes, out[0].src, 4);
	ck_assert_uint_eq(ntohs(t.dst_id), ids[0]);
	ck_assert_uint_eq(ntohs(t.src_id), RTP);
	return pkt.conn;
}

static void converse(unsigned addrs)
{
	const struct ct_nat_pool_config cfg = ct_pool_config();

	n_addrs = addrs;
	pool = ct_pool_new(&w, &cfg, n_addrs);
	find_b();
	open_hairpin();
	announce(0);
	announce(1);
}

/* By one address or two: both ids are its, when nobody is expected any more. */
START_TEST(a_connection_has_both_its_ids_until_its_end)
{
	struct ct_conn *media;
	uint64_t before;

	converse((unsigned)_i);
	before = taken();
	media = open_media();
	ct_world_audit(&w);
	ct_announce_end(&w);
	ck_assert_uint_eq(taken(), before);
	ck_assert_int_eq(ct_conn_delete(w.thr, media), 0);
	ct_world_settle(&w);
	ck_assert_uint_eq(taken(), before - 2);
}
END_TEST

/* The range that gave it its source has nothing to say any more. */
START_TEST(a_connection_ends_with_either_address)
{
	struct ct_conn *media;
	union ct_addr addr;

	converse(2);
	media = open_media();
	put_addr(&addr, out[_i].src);
	ct_nat_pool_remove(w.thr, pool, &addr);
	ck_assert_uint_ne(ct_conn_status(media) & CT_S_DYING, 0);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *s = suite_create("pools, announcements and hairpins");
	TCase *tc = tcase_create("hairpin");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_connection_has_both_its_ids_until_its_end, 1,
			    3);
	tcase_add_loop_test(tc, a_connection_ends_with_either_address, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}
