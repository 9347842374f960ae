/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events: which, in what order, to whom, and never after DESTROY.
 */
#include "core/event.h"

#include "suite.h"
#include "world.h"

enum { LOG_MAX = 64 };

struct seen {
	uint32_t events;
	uint32_t reason;
	uint64_t id;
};

/* What one subscriber was told. */
struct log {
	struct seen seen[LOG_MAX];
	unsigned n;
	struct ct_sub *sub;
};

static struct ct_world w;
static struct log all;

static void note(void *user, const struct ct_event_info *ev)
{
	struct log *log = user;

	ck_assert_uint_lt(log->n, LOG_MAX);
	ck_assert_uint_eq(ev->size, sizeof(*ev));
	ck_assert_ptr_eq(ev->thr, w.thr);
	ck_assert_uint_eq(ev->now_ns, w.now_ns);
	log->seen[log->n].events = ev->events;
	log->seen[log->n].reason = ev->reason;
	log->seen[log->n].id = ct_conn_id(w.tbl, ev->conn);
	log->n++;
}

static void listen(struct log *log, uint32_t events)
{
	log->n = 0;
	ck_assert_int_eq(ct_subscribe(w.tbl, events, note, log, &log->sub), 0);
}

static void setup(void)
{
	ct_world_create(&w, NULL);
	ct_world_watch(&w);
	ct_world_attach(&w);
	listen(&all, CT_EV_ALL);
}

static void teardown(void)
{
	ct_world_end(&w);
}

static void told(const struct log *log, const uint32_t *events, unsigned n)
{
	ck_assert_uint_eq(log->n, n);
	for (unsigned i = 0; i < n; i++)
		ck_assert_uint_eq(log->seen[i].events, events[i]);
}

#define TOLD(log, ...)                               \
	told(log, (const uint32_t[]){ __VA_ARGS__ }, \
	     sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

static struct ct_pkt say(enum ct_dir dir)
{
	return ct_world_udp(&w, &ct_test_flow4, dir);
}

START_TEST(life_is_told_in_order)
{
	struct ct_pkt pkt = say(CT_DIR_ORIG);

	say(CT_DIR_ORIG);
	say(CT_DIR_REPLY);
	ct_world_wait(&w, 3 * CT_WORLD_S);
	pkt = say(CT_DIR_ORIG);
	ct_conn_delete(w.thr, pkt.conn);
	TOLD(&all, CT_EV_NEW, CT_EV_REPLY, CT_EV_ASSURED, CT_EV_DESTROY);
	for (unsigned i = 0; i < all.n; i++)
		ck_assert_uint_eq(all.seen[i].id, all.seen[0].id);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(all.seen[i].reason, CT_R_NONE);
	ck_assert_uint_eq(all.seen[3].reason, CT_R_END_DELETED);
}
END_TEST

START_TEST(one_call_brings_all_of_a_packet)
{
	const uint8_t labels[16] = { 1 };
	struct ct_pkt pkt = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);

	ct_conn_mark_set(w.thr, pkt.conn, 7);
	ck_assert_int_eq(ct_conn_labels_set(w.thr, pkt.conn, labels), 0);
	ck_assert_uint_eq(all.n, 0);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	TOLD(&all, CT_EV_NEW | CT_EV_MARK | CT_EV_LABEL);

	ct_world_wait(&w, 3 * CT_WORLD_S);
	pkt = ct_world_open(&w, &ct_test_flow4, CT_DIR_REPLY);
	ct_conn_mark_set(w.thr, pkt.conn, 8);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	TOLD(&all, CT_EV_NEW | CT_EV_MARK | CT_EV_LABEL,
	     CT_EV_REPLY | CT_EV_MARK);
}
END_TEST

START_TEST(same_value_again_is_no_event)
{
	const uint8_t labels[16] = { 1 };
	struct ct_pkt pkt = say(CT_DIR_ORIG);

	for (unsigned i = 0; i < 3; i++) {
		ct_conn_mark_set(w.thr, pkt.conn, 7);
		ck_assert_int_eq(ct_conn_labels_set(w.thr, pkt.conn, labels),
				 0);
		pkt = say(CT_DIR_ORIG);
	}
	TOLD(&all, CT_EV_NEW, CT_EV_MARK | CT_EV_LABEL);
}
END_TEST

START_TEST(private_ones_are_nobodys_business)
{
	struct ct_pkt pkt = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);

	ct_abandon(w.thr, &pkt);
	ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);
	ct_world_settle(&w);
	ck_assert_uint_eq(all.n, 0);
}
END_TEST

START_TEST(joining_packet_opens_nothing)
{
	struct ct_pkt first = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);
	struct ct_pkt second = ct_world_open(&w, &ct_test_flow4, CT_DIR_ORIG);

	ck_assert_int_eq(ct_confirm(w.thr, &first), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &second), CT_ACCEPT);
	ct_world_settle(&w);
	TOLD(&all, CT_EV_NEW);
}
END_TEST

/* --- The end ------------------------------------------------------------ */

START_TEST(every_end_has_its_reason)
{
	struct ct_pkt pkt = say(CT_DIR_ORIG);

	ct_conn_delete(w.thr, pkt.conn);
	say(CT_DIR_ORIG);
	ck_assert_int_eq(ct_flush(w.thr, NULL), 1);
	say(CT_DIR_ORIG);
	ct_world_wait(&w, 31 * CT_WORLD_S); /* swept */
	say(CT_DIR_ORIG);
	TOLD(&all, CT_EV_NEW, CT_EV_DESTROY, CT_EV_NEW, CT_EV_DESTROY,
	     CT_EV_NEW, CT_EV_DESTROY, CT_EV_NEW);
	ck_assert_uint_eq(all.seen[1].reason, CT_R_END_DELETED);
	ck_assert_uint_eq(all.seen[3].reason, CT_R_END_FLUSHED);
	ck_assert_uint_eq(all.seen[5].reason, CT_R_END_EXPIRED);
	ck_assert_uint_ne(all.seen[4].id, all.seen[6].id);
}
END_TEST

START_TEST(nothing_comes_after_the_end)
{
	struct ct_pkt pkt = say(CT_DIR_ORIG);
	struct ct_pkt late = ct_world_open(&w, &ct_test_flow4, CT_DIR_REPLY);
	const uint8_t labels[16] = { 1 };

	ct_conn_get(pkt.conn);
	ck_assert_int_eq(ct_conn_delete(w.thr, pkt.conn), 0);
	ck_assert_int_eq(ct_conn_delete(w.thr, pkt.conn), CT_E_NOENT);
	ct_conn_mark_set(w.thr, pkt.conn, 9);
	ck_assert_int_eq(ct_conn_labels_set(w.thr, pkt.conn, labels), 0);
	/* A packet that was on its way. */
	ck_assert_int_eq(ct_confirm(w.thr, &late), CT_ACCEPT);
	ct_world_settle(&w);
	ct_conn_mark_set(w.thr, pkt.conn, 10);
	ct_conn_put(w.tbl, pkt.conn);
	ct_world_settle(&w);
	ck_assert_int_eq(ct_flush(w.thr, NULL), 0);
	TOLD(&all, CT_EV_NEW, CT_EV_DESTROY);
	ck_assert_uint_eq(ct_world_freed(), 1);
}
END_TEST

START_TEST(end_of_the_table_is_silent)
{
	say(CT_DIR_ORIG);
	ct_thread_detach(w.thr);
	w.thr = NULL;
	ct_table_destroy(w.tbl);
	w.tbl = NULL;
	TOLD(&all, CT_EV_NEW);
	ct_test_alloc_leaks(&w.mem);
}
END_TEST

/* --- Who is told -------------------------------------------------------- */

START_TEST(subscriber_is_told_what_it_asked_for)
{
	struct log ends, replies;
	struct ct_pkt pkt;

	listen(&ends, CT_EV_DESTROY);
	listen(&replies, CT_EV_REPLY | CT_EV_MARK);
	say(CT_DIR_ORIG);
	pkt = say(CT_DIR_REPLY);
	ct_conn_mark_set(w.thr, pkt.conn, 7);
	say(CT_DIR_ORIG);
	ct_conn_delete(w.thr, pkt.conn);
	TOLD(&ends, CT_EV_DESTROY);
	TOLD(&replies, CT_EV_REPLY, CT_EV_MARK);
	TOLD(&all, CT_EV_NEW, CT_EV_REPLY, CT_EV_MARK, CT_EV_DESTROY);
}
END_TEST

START_TEST(unsubscribed_is_told_nothing_more)
{
	struct log second, third;

	listen(&second, CT_EV_ALL);
	listen(&third, CT_EV_ALL);
	say(CT_DIR_ORIG);
	ct_unsubscribe(w.tbl, second.sub);
	say(CT_DIR_REPLY);
	ct_unsubscribe(w.tbl, all.sub);
	ck_assert_int_eq(ct_flush(w.thr, NULL), 1);
	TOLD(&second, CT_EV_NEW);
	TOLD(&all, CT_EV_NEW, CT_EV_REPLY);
	TOLD(&third, CT_EV_NEW, CT_EV_REPLY, CT_EV_DESTROY);
	ct_unsubscribe(w.tbl, third.sub);
	say(CT_DIR_ORIG);
	ck_assert_uint_eq(third.n, 3);
	ct_unsubscribe(w.tbl, NULL);
}
END_TEST

START_TEST(dead_subscriptions_do_not_pile_up)
{
	uint64_t blocks;

	for (unsigned i = 0; i < 3; i++) {
		struct log log;

		listen(&log, CT_EV_NEW);
		ct_unsubscribe(w.tbl, log.sub);
		ct_world_settle(&w);
	}
	blocks = atomic_load(&w.mem.blocks);
	for (unsigned i = 0; i < 100; i++) {
		struct log log;

		listen(&log, CT_EV_NEW);
		ct_unsubscribe(w.tbl, log.sub);
		ct_world_settle(&w);
	}
	ck_assert_uint_eq(atomic_load(&w.mem.blocks), blocks);
}
END_TEST

START_TEST(late_subscriber_is_told_of_the_end)
{
	struct log late;

	ct_unsubscribe(w.tbl, all.sub);
	say(CT_DIR_ORIG);
	say(CT_DIR_REPLY);
	listen(&late, CT_EV_ALL);
	ck_assert_int_eq(ct_flush(w.thr, NULL), 1);
	TOLD(&late, CT_EV_DESTROY);
}
END_TEST

START_TEST(subscription_must_make_sense)
{
	struct ct_sub *sub;

	ck_assert_int_eq(ct_subscribe(w.tbl, CT_EV_NEW, NULL, NULL, &sub),
			 CT_E_INVAL);
	ck_assert_int_eq(ct_subscribe(w.tbl, 0, note, NULL, &sub), CT_E_INVAL);
	ck_assert_int_eq(ct_subscribe(w.tbl, CT_EV_EXPECT_DESTROY << 1, note,
				      NULL, &sub),
			 CT_E_INVAL);
	ck_assert_int_eq(ct_subscribe(w.tbl, CT_EV_NEW, note, NULL, NULL),
			 CT_E_INVAL);
	ct_test_alloc_fail_nth(&w.mem, 1);
	ck_assert_int_eq(ct_subscribe(w.tbl, CT_EV_NEW, note, NULL, &sub),
			 CT_E_NOMEM);
	ct_test_alloc_fail_never(&w.mem);
}
END_TEST

static struct ct_pkt say_under(const struct ct_policy *policy)
{
	struct ct_pkt pkt;

	ct_test_udp(&w.p, &ct_test_flow4, CT_DIR_ORIG, 10);
	pkt = ct_test_pkt(&w.p);
	pkt.policy = policy;
	ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	return pkt;
}

START_TEST(policy_lets_out_what_it_names)
{
	const struct ct_policy_def some = { .size = sizeof(some),
					    .flags = CT_POLICY_EVENTS,
					    .events = CT_EV_REPLY };
	const struct ct_policy_def none = { .size = sizeof(none),
					    .flags = CT_POLICY_EVENTS };
	const struct ct_policy *policy;

	ck_assert_int_eq(ct_policy_create(w.tbl, &some, &policy), 0);
	say_under(policy);
	say(CT_DIR_REPLY);
	ck_assert_int_eq(ct_flush(w.thr, NULL), 1);
	TOLD(&all, CT_EV_REPLY);

	all.n = 0;
	ck_assert_int_eq(ct_policy_create(w.tbl, &none, &policy), 0);
	say_under(policy);
	say(CT_DIR_REPLY);
	ck_assert_int_eq(ct_flush(w.thr, NULL), 1);
	ct_world_settle(&w);
	ck_assert_uint_eq(all.n, 0);
	ck_assert_uint_eq(ct_world_freed(), 2);
}
END_TEST

START_TEST(parameter_switches_all_off)
{
	ck_assert_int_eq(ct_param_set(w.tbl, "nf_conntrack_events", 0), 0);
	say(CT_DIR_ORIG);
	say(CT_DIR_REPLY);
	ck_assert_int_eq(ct_flush(w.thr, NULL), 1);
	ct_world_settle(&w);
	ck_assert_uint_eq(all.n, 0);
	ck_assert_uint_eq(ct_world_freed(), 1);
	ck_assert_int_eq(ct_param_set(w.tbl, "events", 2), 0);
	say(CT_DIR_ORIG);
	TOLD(&all, CT_EV_NEW);
}
END_TEST

/* --- What a callback may do --------------------------------------------- */

static struct ct_conn *owned;

static void act(void *user, const struct ct_event_info *ev)
{
	(void)user;
	if (ev->events & CT_EV_NEW) {
		ct_conn_mark_set(ev->thr, ev->conn, 5);
		ck_assert_int_eq(ct_conn_cookie_set(ev->thr, ev->conn, 6), 0);
		owned = ct_conn_get(ev->conn);
	}
	if (ev->events & CT_EV_DESTROY)
		ct_conn_put(ct_thread_table(ev->thr), owned);
}

START_TEST(callback_may_set_and_own)
{
	struct ct_sub *sub;
	struct ct_pkt pkt;

	ck_assert_int_eq(ct_subscribe(w.tbl, CT_EV_ALL, act, NULL, &sub), 0);
	pkt = say(CT_DIR_ORIG);
	ck_assert_ptr_eq(owned, pkt.conn);
	ck_assert_uint_eq(ct_conn_mark(owned), 5);
	ck_assert_uint_eq(ct_conn_cookie(w.tbl, owned), 6);
	/* What it set is told, too, before the call returns. */
	TOLD(&all, CT_EV_NEW, CT_EV_MARK);
	ck_assert_int_eq(ct_flush(w.thr, NULL), 1);
	ct_world_settle(&w);
	ck_assert_uint_eq(ct_world_freed(), 1);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("event");
	TCase *tc = tcase_create("event");
	TCase *end = tcase_create("end of the table");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, life_is_told_in_order);
	tcase_add_test(tc, one_call_brings_all_of_a_packet);
	tcase_add_test(tc, same_value_again_is_no_event);
	tcase_add_test(tc, private_ones_are_nobodys_business);
	tcase_add_test(tc, joining_packet_opens_nothing);
	tcase_add_test(tc, every_end_has_its_reason);
	tcase_add_test(tc, nothing_comes_after_the_end);
	tcase_add_test(tc, subscriber_is_told_what_it_asked_for);
	tcase_add_test(tc, unsubscribed_is_told_nothing_more);
	tcase_add_test(tc, dead_subscriptions_do_not_pile_up);
	tcase_add_test(tc, late_subscriber_is_told_of_the_end);
	tcase_add_test(tc, subscription_must_make_sense);
	tcase_add_test(tc, policy_lets_out_what_it_names);
	tcase_add_test(tc, parameter_switches_all_off);
	tcase_add_test(tc, callback_may_set_and_own);
	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(end, setup, NULL);
	tcase_add_test(end, end_of_the_table_is_silent);
	suite_add_tcase(suite, end);
	return suite;
}
