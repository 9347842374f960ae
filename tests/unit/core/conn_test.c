/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection's life: private, confirmed, owned, ended, freed - once.
 */
#include "core/conn.h"

#include "core/table.h"
#include "suite.h"
#include "world.h"

static struct ct_world w;

static void setup(void)
{
	ct_world_create(&w, NULL);
	ct_world_watch(&w);
	ct_world_attach(&w);
}

static void teardown(void)
{
	ct_world_end(&w);
}

static const struct ct_test_flow *flow4 = &ct_test_flow4;

/* Polls until nothing can be waiting any more. */
static void settle(void)
{
	ct_world_settle(&w);
	ct_world_audit(&w);
}

static bool known(const struct ct_test_flow *flow)
{
	struct ct_tuple t = ct_world_tuple(flow, CT_DIR_ORIG);

	return ct_find(w.thr, &t, NULL) != NULL;
}

/* --- Private ------------------------------------------------------------ */

START_TEST(private_one_is_counted_but_not_found)
{
	struct ct_pkt pkt = ct_world_open(&w, flow4, CT_DIR_ORIG);

	ck_assert_int_eq(pkt.state, CT_NEW);
	ck_assert_ptr_nonnull(pkt.conn);
	ck_assert(!known(flow4));
	ck_assert_uint_eq(ct_world_conns(&w), 1);
	ct_world_audit(&w);
}
END_TEST

START_TEST(poll_gives_up_what_was_not_confirmed)
{
	for (uint32_t i = 0; i < 100; i++) {
		struct ct_test_flow flow = ct_world_flow(i);

		ct_world_open(&w, &flow, CT_DIR_ORIG);
	}
	ck_assert_uint_eq(ct_world_conns(&w), 100);
	ct_thread_poll(w.thr, w.now_ns);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	ck_assert_uint_eq(ct_world_freed(), 100);
	ct_world_audit(&w);
}
END_TEST

START_TEST(offline_gives_up_what_was_not_confirmed)
{
	ct_world_open(&w, flow4, CT_DIR_ORIG);
	ct_thread_offline(w.thr);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	ck_assert_uint_eq(ct_world_freed(), 1);
	ct_thread_online(w.thr);
}
END_TEST

START_TEST(abandoned_one_is_freed_at_once)
{
	struct ct_pkt pkt = ct_world_open(&w, flow4, CT_DIR_ORIG);

	ct_abandon(w.thr, &pkt);
	ck_assert_ptr_null(pkt.conn);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	ck_assert_uint_eq(ct_world_freed(), 1);
	settle();
	ck_assert_uint_eq(ct_world_freed(), 1);
}
END_TEST

START_TEST(abandoning_a_packet_of_a_known_one_changes_nothing)
{
	struct ct_pkt pkt;

	ct_world_udp(&w, flow4, CT_DIR_ORIG);
	pkt = ct_world_open(&w, flow4, CT_DIR_ORIG);
	ct_abandon(w.thr, &pkt);
	ck_assert_ptr_null(pkt.conn);
	settle();
	ck_assert(known(flow4));
	ck_assert_uint_eq(ct_world_freed(), 0);
}
END_TEST

START_TEST(thousands_of_private_ones_are_remembered)
{
	enum { N = 3000 };

	for (uint32_t i = 0; i < N; i++) {
		struct ct_test_flow flow = ct_world_flow6(i);
		struct ct_pkt pkt = ct_world_open(&w, &flow, CT_DIR_ORIG);

		/* Every third gets through. */
		if (i % 3 == 0)
			ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	}
	ct_world_audit(&w);
	ct_thread_poll(w.thr, w.now_ns);
	ck_assert_uint_eq(ct_world_conns(&w), N / 3);
	ck_assert_uint_eq(ct_world_freed(), N - N / 3);
	ct_world_audit(&w);
}
END_TEST

/* What a thread remembers of one, or finds out again, is what both tuples hash
 * to. */
static void hashes_are_right(struct ct_thread *thr, const struct ct_conn *conn)
{
	struct ct_key key[CT_DIR_MAX];

	ct_conn_keys(conn, &w.tbl->hash, key);
	ck_assert_uint_eq(ct_conn_private_hash(thr, conn),
			  (uint32_t)key[CT_DIR_ORIG].hash);
	for (enum ct_dir dir = CT_DIR_ORIG; dir < CT_DIR_MAX; dir++)
		ck_assert_uint_eq(ct_conn_hash(conn, dir, &w.tbl->hash),
				  key[dir].hash);
}

START_TEST(private_ones_may_be_confirmed_in_any_order)
{
	enum { N = 60 };
	/* Prime to N: forwards, by leaps, backwards. */
	static const uint32_t step[] = { 1, 7, N - 1 };

	for (unsigned s = 0; s < 3; s++) {
		struct ct_pkt pkt[N];

		for (uint32_t i = 0; i < N; i++) {
			struct ct_test_flow flow =
				i % 2 ? ct_world_flow6(s * N + i)
				      : ct_world_flow(s * N + i);

			pkt[i] = ct_world_open(&w, &flow, CT_DIR_ORIG);
		}
		for (uint32_t i = 0; i < N; i++) {
			struct ct_pkt *next = &pkt[i * step[s] % N];

			hashes_are_right(w.thr, next->conn);
			if (i % 5 == 0)
				ct_abandon(w.thr, next);
			else
				ck_assert_int_eq(ct_confirm(w.thr, next),
						 CT_ACCEPT);
		}
		ct_world_audit(&w);
		ct_thread_poll(w.thr, w.now_ns);
	}
	ck_assert_uint_eq(ct_world_conns(&w), 3 * N * 4 / 5);
}
END_TEST

/* --- Private and owned -------------------------------------------------- */

START_TEST(held_private_one_survives_polls_and_is_confirmed)
{
	struct ct_pkt pkt = ct_world_open(&w, flow4, CT_DIR_ORIG);

	ct_conn_get(pkt.conn);
	settle();
	ck_assert_uint_eq(ct_world_conns(&w), 1);
	ck_assert_uint_eq(ct_conn_expires(w.thr, pkt.conn), 30);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ct_conn_put(w.tbl, pkt.conn);
	settle();
	ck_assert(known(flow4));
	ck_assert_uint_eq(ct_world_freed(), 0);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
}
END_TEST

START_TEST(held_private_one_is_confirmed_on_another_handle)
{
	struct ct_pkt pkt = ct_world_open(&w, flow4, CT_DIR_ORIG);
	struct ct_thread *other;

	ct_conn_get(pkt.conn);
	ct_thread_poll(w.thr, w.now_ns);
	ck_assert_int_eq(ct_thread_attach(w.tbl, &other), 0);
	ct_thread_poll(other, w.now_ns);
	ck_assert_int_eq(ct_confirm(other, &pkt), CT_ACCEPT);
	ct_conn_put(w.tbl, pkt.conn);
	ct_thread_poll(other, w.now_ns);
	settle();
	ck_assert(known(flow4));
	ck_assert_uint_eq(ct_conn_expires(other, pkt.conn), 30);
	ct_thread_detach(other);
	settle();
	ck_assert(known(flow4));
}
END_TEST

/* The handle that opened it has not polled yet, and still has it in its list
 * when the other one confirms it. */
START_TEST(confirmed_elsewhere_before_its_opener_polls)
{
	struct ct_pkt pkt = ct_world_open(&w, flow4, CT_DIR_ORIG);
	struct ct_thread *other;

	ct_conn_get(pkt.conn);
	ck_assert_int_eq(ct_thread_attach(w.tbl, &other), 0);
	ct_thread_poll(other, w.now_ns);
	ck_assert_int_eq(ct_confirm(other, &pkt), CT_ACCEPT);
	ct_thread_detach(other);
	ct_conn_put(w.tbl, pkt.conn);
	settle();
	ck_assert(known(flow4));
	ck_assert_uint_eq(ct_world_freed(), 0);
}
END_TEST

START_TEST(last_put_of_one_never_confirmed_frees_and_uncounts_it)
{
	struct ct_pkt pkt = ct_world_open(&w, flow4, CT_DIR_ORIG);

	ct_conn_get(pkt.conn);
	ct_conn_get(pkt.conn);
	settle();
	ct_conn_put(w.tbl, pkt.conn);
	settle();
	ck_assert_uint_eq(ct_world_freed(), 0);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
	ct_conn_put(w.tbl, pkt.conn);
	ct_world_audit(&w);
	settle();
	ck_assert_uint_eq(ct_world_freed(), 1);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

START_TEST(put_before_the_poll_leaves_it_to_the_poll)
{
	struct ct_pkt pkt = ct_world_open(&w, flow4, CT_DIR_ORIG);

	ct_conn_put(w.tbl, ct_conn_get(pkt.conn));
	ck_assert_uint_eq(ct_world_freed(), 0);
	settle();
	ck_assert_uint_eq(ct_world_freed(), 1);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

START_TEST(abandoned_but_owned_stays_until_it_is_put)
{
	for (int polls = 0; polls < 2; polls++) {
		struct ct_pkt pkt = ct_world_open(&w, flow4, CT_DIR_ORIG);
		struct ct_conn *conn = ct_conn_get(pkt.conn);
		unsigned before = ct_world_freed();

		if (polls)
			settle();
		ct_abandon(w.thr, &pkt);
		ck_assert_uint_eq(ct_world_conns(&w), 0);
		settle();
		ck_assert_uint_eq(ct_world_freed(), before);
		ck_assert_uint_eq(ct_conn_expires(w.thr, conn), 0);
		ct_conn_put(w.tbl, conn);
		settle();
		ck_assert_uint_eq(ct_world_freed(), before + 1);
	}
}
END_TEST

START_TEST(confirm_of_an_abandoned_one_drops_the_packet)
{
	struct ct_pkt pkt = ct_world_open(&w, flow4, CT_DIR_ORIG);
	struct ct_pkt twin = pkt;
	struct ct_conn *conn = ct_conn_get(pkt.conn);

	ct_abandon(w.thr, &twin);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_DROP);
	ck_assert_uint_eq(pkt.reason, CT_R_GONE);
	ck_assert_ptr_null(pkt.conn);
	ct_conn_put(w.tbl, conn);
	settle();
	ck_assert_uint_eq(ct_world_freed(), 1);
}
END_TEST

/* --- Ended and owned ---------------------------------------------------- */

START_TEST(unowned_one_is_freed_after_its_grace_period)
{
	struct ct_pkt pkt = ct_world_udp(&w, flow4, CT_DIR_ORIG);

	ck_assert_int_eq(ct_conn_delete(w.thr, pkt.conn), 0);
	ck_assert(!known(flow4));
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	ck_assert_uint_eq(ct_world_freed(), 0);
	settle();
	ck_assert_uint_eq(ct_world_freed(), 1);
}
END_TEST

START_TEST(owned_one_outlives_its_end)
{
	struct ct_tuple want = ct_world_tuple(flow4, CT_DIR_REPLY), t;
	struct ct_pkt pkt = ct_world_udp(&w, flow4, CT_DIR_ORIG);
	struct ct_conn *conn = ct_conn_get(pkt.conn);

	ck_assert_int_eq(ct_conn_delete(w.thr, conn), 0);
	settle();
	/* Its memory is nobody else's, although others come and go. */
	for (uint32_t i = 0; i < 500; i++) {
		struct ct_test_flow flow = ct_world_flow(i);

		pkt = ct_world_udp(&w, &flow, CT_DIR_ORIG);
		ck_assert_ptr_ne(pkt.conn, conn);
	}
	ct_conn_tuple(conn, CT_DIR_REPLY, &t);
	ck_assert_mem_eq(&t, &want, sizeof(t));
	ck_assert(ct_conn_status(conn) & CT_S_DYING);
	ck_assert_uint_eq(ct_world_freed(), 0);
	ct_conn_put(w.tbl, conn);
	settle();
	ck_assert_uint_eq(ct_world_freed(), 1);
	settle();
	ck_assert_uint_eq(ct_world_freed(), 1);
}
END_TEST

START_TEST(put_within_the_grace_period_leaves_it_to_the_poll)
{
	struct ct_pkt pkt = ct_world_udp(&w, flow4, CT_DIR_ORIG);
	struct ct_conn *conn = ct_conn_get(pkt.conn);

	ct_conn_delete(w.thr, conn);
	ct_conn_put(w.tbl, conn);
	ck_assert_uint_eq(ct_world_freed(), 0);
	settle();
	ck_assert_uint_eq(ct_world_freed(), 1);
}
END_TEST

START_TEST(many_may_be_put_between_two_polls)
{
	enum { N = 50 };
	struct ct_conn *conn[N];

	for (uint32_t i = 0; i < N; i++) {
		struct ct_test_flow flow = ct_world_flow(i);
		struct ct_pkt pkt = ct_world_udp(&w, &flow, CT_DIR_ORIG);

		conn[i] = ct_conn_get(pkt.conn);
	}
	ck_assert_int_eq(ct_flush(w.thr, NULL), N);
	settle();
	ck_assert_uint_eq(ct_world_freed(), 0);
	for (uint32_t i = 0; i < N; i++)
		ct_conn_put(w.tbl, conn[i]);
	settle();
	ck_assert_uint_eq(ct_world_freed(), N);
}
END_TEST

START_TEST(put_after_the_last_detach_is_freed_with_the_table)
{
	struct ct_pkt pkt = ct_world_udp(&w, flow4, CT_DIR_ORIG);
	struct ct_conn *conn = ct_conn_get(pkt.conn);

	ct_conn_delete(w.thr, conn);
	settle();
	ct_thread_detach(w.thr);
	w.thr = NULL;
	ct_conn_put(w.tbl, conn);
	ck_assert_uint_eq(ct_world_freed(), 0);
}
END_TEST

static void own_many(struct ct_conn *conn, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		ck_assert(ct_conn_get(conn) == conn);
	for (unsigned i = 0; i < n; i++)
		ct_conn_put(w.tbl, conn);
}

START_TEST(as_many_owners_as_promised_are_counted)
{
	struct ct_pkt pkt = ct_world_udp(&w, flow4, CT_DIR_ORIG);
	uint32_t before = ct_conn_word(pkt.conn);

	own_many(pkt.conn, CT_OWNERS_MAX - 1);
	ck_assert_uint_eq(ct_conn_word(pkt.conn), before);
	ct_conn_delete(w.thr, pkt.conn);
	settle();
	ck_assert_uint_eq(ct_world_freed(), 1);
}
END_TEST

START_TEST(one_owner_more_and_it_stays_with_the_table)
{
	struct ct_pkt pkt = ct_world_udp(&w, flow4, CT_DIR_ORIG);

	own_many(pkt.conn, CT_OWNERS_MAX);
	ck_assert(ct_conn_known(pkt.conn));
	ct_conn_delete(w.thr, pkt.conn);
	settle();
	settle();
	ck_assert_uint_eq(ct_world_freed(), 0);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	/* ct_world_end() finds no memory left. */
}
END_TEST

START_TEST(deleted_twice_is_deleted_once)
{
	struct ct_pkt pkt = ct_world_udp(&w, flow4, CT_DIR_ORIG);

	ck_assert_int_eq(ct_conn_delete(w.thr, pkt.conn), 0);
	ck_assert_int_eq(ct_conn_delete(w.thr, pkt.conn), CT_E_NOENT);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_DELETED), 1);
	settle();
	ck_assert_uint_eq(ct_world_freed(), 1);
}
END_TEST

START_TEST(private_one_cannot_be_deleted)
{
	struct ct_pkt pkt = ct_world_open(&w, flow4, CT_DIR_ORIG);

	ck_assert_int_eq(ct_conn_delete(w.thr, pkt.conn), CT_E_NOENT);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
}
END_TEST

/* --- What is read of it ------------------------------------------------- */

START_TEST(both_tuples_are_read_back_in_both_forms)
{
	static const struct ct_test_flow *const flows[] = { &ct_test_flow4,
							    &ct_test_flow6 };

	for (unsigned i = 0; i < 2; i++) {
		struct ct_pkt pkt = ct_world_udp(&w, flows[i], CT_DIR_ORIG);

		for (unsigned d = 0; d < CT_DIR_MAX; d++) {
			enum ct_dir dir = (enum ct_dir)d, found;
			struct ct_tuple want = ct_world_tuple(flows[i], dir);
			struct ct_tuple t;

			memset(&t, 0xff, sizeof(t));
			ct_conn_tuple(pkt.conn, dir, &t);
			ck_assert_mem_eq(&t, &want, sizeof(t));
			ck_assert_ptr_eq(ct_find(w.thr, &t, &found), pkt.conn);
			ck_assert_int_eq(found, dir);
		}
	}
}
END_TEST

START_TEST(hosts_see_netfilters_bits_only)
{
	struct ct_pkt pkt = ct_world_udp(&w, &ct_test_flow6, CT_DIR_ORIG);

	ct_conn_get(pkt.conn);
	ck_assert_uint_eq(ct_conn_status(pkt.conn), CT_S_CONFIRMED);
	ct_world_udp(&w, &ct_test_flow6, CT_DIR_REPLY);
	ck_assert_uint_eq(ct_conn_status(pkt.conn),
			  CT_S_CONFIRMED | CT_S_SEEN_REPLY);
	ct_conn_put(w.tbl, pkt.conn);
}
END_TEST

START_TEST(no_two_lives_have_one_id)
{
	uint64_t ids[100];

	for (unsigned i = 0; i < 100; i++) {
		struct ct_pkt pkt = ct_world_udp(&w, flow4, CT_DIR_ORIG);

		ids[i] = ct_conn_id(w.tbl, pkt.conn);
		ck_assert_uint_ne(ids[i], 0);
		for (unsigned j = 0; j < i; j++)
			ck_assert_uint_ne(ids[i], ids[j]);
		ct_conn_delete(w.thr, pkt.conn);
		settle();
	}
}
END_TEST

START_TEST(another_life_of_the_memory_starts_clean)
{
	const uint8_t labels[16] = { 1 }, none[16] = { 0 };
	uint8_t got[16];

	for (unsigned i = 0; i < 20; i++) {
		struct ct_pkt pkt = ct_world_udp(&w, flow4, CT_DIR_ORIG);

		ck_assert_uint_eq(ct_conn_mark(pkt.conn), 0);
		ck_assert_uint_eq(ct_conn_cookie(w.tbl, pkt.conn), 0);
		ct_conn_labels(w.tbl, pkt.conn, got);
		ck_assert_mem_eq(got, none, sizeof(none));
		ck_assert_uint_eq(ct_conn_status(pkt.conn), CT_S_CONFIRMED);
		ct_conn_mark_set(w.thr, pkt.conn, 77);
		ck_assert_int_eq(ct_conn_cookie_set(w.thr, pkt.conn, 78), 0);
		ck_assert_int_eq(ct_conn_labels_set(w.thr, pkt.conn, labels),
				 0);
		ct_world_udp(&w, flow4, CT_DIR_REPLY);
		ct_conn_delete(w.thr, pkt.conn);
		settle();
	}
}
END_TEST

START_TEST(dying_one_has_no_time_left)
{
	/* Late in a round of the ticks, so that a link looks like a time that
	 * is still to come. */
	const uint64_t late = UINT64_C(3000000000) * CT_TICK_NS;
	struct ct_test_flow flow = ct_world_flow(1);
	struct ct_pkt pkt, second;

	ct_world_wait(&w, late);
	pkt = ct_world_udp(&w, flow4, CT_DIR_ORIG);
	second = ct_world_udp(&w, &flow, CT_DIR_ORIG);
	ck_assert_uint_eq(ct_conn_expires(w.thr, pkt.conn), 30);
	ct_conn_get(pkt.conn);
	ct_conn_delete(w.thr, second.conn);
	ct_conn_delete(w.thr, pkt.conn);
	ck_assert_uint_eq(ct_conn_expires(w.thr, pkt.conn), 0);
	ck_assert_uint_eq(ct_conn_expires(w.thr, second.conn), 0);
	settle();
	ck_assert_uint_eq(ct_conn_expires(w.thr, pkt.conn), 0);
	ct_conn_put(w.tbl, pkt.conn);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("conn");
	TCase *tc = tcase_create("conn");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, private_one_is_counted_but_not_found);
	tcase_add_test(tc, poll_gives_up_what_was_not_confirmed);
	tcase_add_test(tc, offline_gives_up_what_was_not_confirmed);
	tcase_add_test(tc, abandoned_one_is_freed_at_once);
	tcase_add_test(tc, abandoning_a_packet_of_a_known_one_changes_nothing);
	tcase_add_test(tc, thousands_of_private_ones_are_remembered);
	tcase_add_test(tc, private_ones_may_be_confirmed_in_any_order);
	tcase_add_test(tc, held_private_one_survives_polls_and_is_confirmed);
	tcase_add_test(tc, held_private_one_is_confirmed_on_another_handle);
	tcase_add_test(tc, confirmed_elsewhere_before_its_opener_polls);
	tcase_add_test(tc,
		       last_put_of_one_never_confirmed_frees_and_uncounts_it);
	tcase_add_test(tc, put_before_the_poll_leaves_it_to_the_poll);
	tcase_add_test(tc, abandoned_but_owned_stays_until_it_is_put);
	tcase_add_test(tc, confirm_of_an_abandoned_one_drops_the_packet);
	tcase_add_test(tc, unowned_one_is_freed_after_its_grace_period);
	tcase_add_test(tc, owned_one_outlives_its_end);
	tcase_add_test(tc, put_within_the_grace_period_leaves_it_to_the_poll);
	tcase_add_test(tc, many_may_be_put_between_two_polls);
	tcase_add_test(tc, put_after_the_last_detach_is_freed_with_the_table);
	tcase_add_test(tc, as_many_owners_as_promised_are_counted);
	tcase_add_test(tc, one_owner_more_and_it_stays_with_the_table);
	tcase_add_test(tc, deleted_twice_is_deleted_once);
	tcase_add_test(tc, private_one_cannot_be_deleted);
	tcase_add_test(tc, both_tuples_are_read_back_in_both_forms);
	tcase_add_test(tc, hosts_see_netfilters_bits_only);
	tcase_add_test(tc, no_two_lives_have_one_id);
	tcase_add_test(tc, another_life_of_the_memory_starts_clean);
	tcase_add_test(tc, dying_one_has_no_time_left);
	suite_add_tcase(suite, tc);
	return suite;
}
