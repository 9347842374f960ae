/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Expectations: added, met, replaced, refused, ended, told of in order.
 */
#include "core/expect.h"

#include "core/table.h"
#include "suite.h"
#include "world.h"

#include <arpa/inet.h>
#include <conntrack/helper.h>
#include <string.h>

enum { UDP = 17, LOG_MAX = 32, PORT = 5000 };

static struct ct_world w;

/* "N3" for NEW of the third expectation, "D3" for its end; "n", "r", "d" of
 * connections: new, new and expected, ended. */
static char told[4 * LOG_MAX];

static void say(char what, unsigned n)
{
	char *end = told + strlen(told);

	ck_assert_ptr_ne(end, told + sizeof(told) - 4);
	*end++ = what;
	if (n)
		*end++ = (char)('0' + n);
	*end = '\0';
}

static void note(void *user, const struct ct_event_info *ev)
{
	struct ct_expect_view view = { .size = sizeof(view) };

	(void)user;
	ck_assert_ptr_nonnull(ev->conn);
	if (ev->exp) {
		ck_assert_int_eq(ct_expect_view(ev->thr, ev->exp, &view), 0);
		ck_assert_ptr_eq(view.master, ev->conn);
		say(ev->events == CT_EV_EXPECT_NEW ? 'N' : 'D',
		    (unsigned)view.id);
	} else if (ev->events & CT_EV_RELATED) {
		ck_assert(ev->events & CT_EV_NEW);
		say('r', 0);
	} else if (ev->events & CT_EV_NEW) {
		say('n', 0);
	} else if (ev->events & CT_EV_DESTROY) {
		say('d', 0);
	}
}

/* What was told since the last time. */
static void ck_told(const char *what)
{
	ck_assert_str_eq(told, what);
	told[0] = '\0';
}

/* A helper with two classes, that does nothing by itself. */
static enum ct_help no_help(struct ct_thread *thr, struct ct_pkt *pkt,
			    struct ct_speech *speech)
{
	(void)thr;
	(void)pkt;
	(void)speech;
	return CT_HELP_OK;
}

static const struct ct_expect_class classes[] = {
	{ .name = "two", .max = 2, .timeout_s = 60 },
	{ .name = "many", .timeout_s = 0 },
};

static const struct ct_helper_ops ops = {
	.size = sizeof(ops),
	.name = "test",
	.l4 = UDP,
	.classes = classes,
	.n_classes = 2,
	.help = no_help,
};

static struct ct_conn *master;

static struct ct_pkt packet(const struct ct_test_flow *flow, enum ct_dir dir,
			    const struct ct_policy *policy)
{
	struct ct_pkt pkt;

	ct_test_udp(&w.p, flow, dir, 10);
	pkt = ct_test_pkt(&w.p);
	pkt.policy = policy;
	ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	return pkt;
}

static struct ct_pkt open_master(void)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .helper = "test" };
	const struct ct_policy *policy;

	ck_assert_int_eq(ct_policy_create(w.tbl, &def, &policy), 0);
	return packet(&ct_test_flow4, CT_DIR_ORIG, policy);
}

static void setup(void)
{
	struct ct_pkt pkt;
	struct ct_sub *sub;

	told[0] = '\0';
	ct_world_create(&w, NULL);
	ck_assert_int_eq(ct_helper_register(w.tbl, &ops), 0);
	ct_world_attach(&w);
	ck_assert_int_eq(ct_subscribe(w.tbl, (uint32_t)CT_EV_ALL | CT_EV_EXPECT,
				      note, NULL, &sub),
			 0);
	pkt = open_master();
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	master = ct_conn_get(pkt.conn);
	ck_told("n");
}

static void teardown(void)
{
	ct_conn_put(w.tbl, master);
	ct_world_end(&w);
}

/* Anybody's port of the server, to a port of the client. */
static struct ct_expect_def def_of(uint16_t port)
{
	struct ct_expect_def def = { .size = sizeof(def) };

	ct_conn_tuple(master, CT_DIR_REPLY, &def.tuple);
	def.tuple.src_id = 0;
	def.tuple.dst_id = htons(port);
	memset(&def.src_mask, 0xff, 4);
	return def;
}

static struct ct_expect *expect(uint16_t port)
{
	struct ct_expect_def def = def_of(port);
	struct ct_expect *exp = NULL;

	ck_assert_int_eq(ct_expect_add(w.thr, master, &def, &exp), 0);
	ck_assert_ptr_nonnull(exp);
	return exp;
}

/* What comes to a port of the client, from the server. */
static struct ct_test_flow data_flow(uint16_t sport, uint16_t dport)
{
	struct ct_test_flow flow = ct_test_flow4;

	memcpy(flow.src, ct_test_flow4.dst, sizeof(flow.src));
	memcpy(flow.dst, ct_test_flow4.src, sizeof(flow.dst));
	flow.sport = sport;
	flow.dport = dport;
	return flow;
}

static struct ct_pkt knock(uint16_t sport, uint16_t dport)
{
	struct ct_test_flow flow = data_flow(sport, dport);
	struct ct_pkt pkt = packet(&flow, CT_DIR_ORIG, NULL);

	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	return pkt;
}

static unsigned count_all(struct ct_conn *of);

/* --- Meeting ------------------------------------------------------------ */

START_TEST(expected_one_is_related_and_has_a_master)
{
	struct ct_pkt pkt;

	ct_conn_mark_set(w.thr, master, 77);
	expect(PORT);
	ck_told("N1");
	pkt = knock(7000, PORT);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert(ct_conn_status(pkt.conn) & CT_S_EXPECTED);
	ck_assert_ptr_eq(ct_conn_master(w.tbl, pkt.conn), master);
	ck_assert_uint_eq(ct_conn_mark(pkt.conn), 77);
	ck_told("D1r");
	ck_assert_int_eq(knock(7001, PORT).state, CT_NEW);
}
END_TEST

START_TEST(another_one_is_new)
{
	struct ct_pkt pkt;

	expect(PORT);
	pkt = knock(7000, PORT + 1);
	ck_assert_int_eq(pkt.state, CT_NEW);
	ck_assert_ptr_null(ct_conn_master(w.tbl, pkt.conn));
}
END_TEST

START_TEST(source_counts_as_far_as_its_mask_says)
{
	struct ct_expect_def def = def_of(PORT);
	struct ct_test_flow flow = data_flow(7000, PORT);
	struct ct_pkt pkt;

	memset(&def.src_mask, 0xff, 3);
	((uint8_t *)&def.src_mask)[3] = 0;
	def.tuple.src_id = htons(7000);
	def.src_id_mask = 0xffff;
	ck_assert_int_eq(ct_expect_add(w.thr, master, &def, NULL), 0);
	flow.src[3]++;
	flow.sport = 7001;
	ck_assert_int_eq(packet(&flow, CT_DIR_ORIG, NULL).state, CT_NEW);
	flow.sport = 7000;
	pkt = packet(&flow, CT_DIR_ORIG, NULL);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ct_abandon(w.thr, &pkt);
}
END_TEST

START_TEST(permanent_one_stays)
{
	struct ct_expect_def def = def_of(PORT);

	def.flags = CT_EXPECT_PERMANENT;
	ck_assert_int_eq(ct_expect_add(w.thr, master, &def, NULL), 0);
	ck_assert_int_eq(knock(7000, PORT).state, CT_RELATED);
	ck_assert_int_eq(knock(7001, PORT).state, CT_RELATED);
	ck_told("N1rr");
}
END_TEST

START_TEST(inactive_one_waits_for_its_refresh)
{
	struct ct_expect_def def = def_of(PORT);
	struct ct_expect *exp;

	def.flags = CT_EXPECT_INACTIVE;
	ck_assert_int_eq(ct_expect_add(w.thr, master, &def, &exp), 0);
	ck_assert_int_eq(knock(7000, PORT).state, CT_NEW);
	ck_assert_int_eq(ct_expect_refresh(w.thr, exp, 10), 0);
	ck_assert_int_eq(knock(7001, PORT).state, CT_RELATED);
	ck_assert_int_eq(ct_expect_refresh(w.thr, exp, 10), CT_E_NOENT);
}
END_TEST

START_TEST(expected_one_gets_the_helper_that_was_named)
{
	struct ct_expect_def def = def_of(PORT);
	struct ct_pkt pkt;

	def.helper = "test";
	ck_assert_int_eq(ct_expect_add(w.thr, master, &def, NULL), 0);
	pkt = knock(7000, PORT);
	ck_assert_str_eq(ct_conn_helper(w.tbl, pkt.conn), "test");
	ck_assert(!(ct_conn_status(pkt.conn) & CT_S_HELPER));
	def.helper = "none such";
	ck_assert_int_eq(ct_expect_add(w.thr, master, &def, NULL), CT_E_NOENT);
}
END_TEST

START_TEST(zone_counts)
{
	struct ct_expect_def def = def_of(PORT);
	struct ct_test_flow flow = data_flow(7000, PORT);
	struct ct_pkt pkt;

	def.tuple.zone = 9;
	ck_assert_int_eq(ct_expect_add(w.thr, master, &def, NULL), 0);
	ck_assert_int_eq(knock(7000, PORT).state, CT_NEW);
	ct_test_udp(&w.p, &flow, CT_DIR_ORIG, 10);
	pkt = ct_test_pkt(&w.p);
	pkt.zone = 9;
	ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ct_abandon(w.thr, &pkt);
}
END_TEST

START_TEST(packet_that_is_dropped_has_met_it)
{
	struct ct_test_flow flow = data_flow(7000, PORT);
	struct ct_pkt pkt;

	expect(PORT);
	pkt = packet(&flow, CT_DIR_ORIG, NULL);
	ct_abandon(w.thr, &pkt);
	ck_assert_int_eq(knock(7000, PORT).state, CT_NEW);
	ck_told("N1D1n");
}
END_TEST

/* --- Clash, and limits -------------------------------------------------- */

START_TEST(equal_one_takes_the_place)
{
	expect(PORT);
	expect(PORT);
	ck_told("N1D1N2");
	ck_assert_uint_eq(count_all(NULL), 1);
}
END_TEST

START_TEST(one_that_overlaps_is_refused)
{
	struct ct_expect_def def = def_of(PORT);

	expect(PORT);
	memset(&def.src_mask, 0, sizeof(def.src_mask));
	ck_assert_int_eq(ct_expect_add(w.thr, master, &def, NULL), CT_E_EXIST);
	def = def_of(PORT);
	def.class_ = 1;
	ck_assert_int_eq(ct_expect_add(w.thr, master, &def, NULL), CT_E_EXIST);
	ck_told("N1");
}
END_TEST

START_TEST(oldest_of_a_class_gives_way)
{
	struct ct_expect_def def = def_of(PORT + 9);

	def.class_ = 1;
	ck_assert_int_eq(ct_expect_add(w.thr, master, &def, NULL), 0);
	expect(PORT);
	expect(PORT + 1);
	expect(PORT + 2);
	ck_told("N1N2N3D2N4");
}
END_TEST

START_TEST(hosts_own_are_not_limited_by_classes)
{
	for (uint16_t i = 0; i < 5; i++) {
		struct ct_expect_def def = def_of((uint16_t)(PORT + i));

		def.flags = CT_EXPECT_USERSPACE;
		ck_assert_int_eq(ct_expect_add(w.thr, master, &def, NULL), 0);
	}
	ck_assert_uint_eq(count_all(master), 5);
	expect(PORT + 10);
	expect(PORT + 11);
	ck_assert_uint_eq(count_all(master), 7);
}
END_TEST

START_TEST(table_takes_so_many)
{
	struct ct_expect_def def = def_of(PORT + 2);

	ck_assert_int_eq(ct_param_set(w.tbl, "nf_conntrack_expect_max", 2), 0);
	expect(PORT);
	expect(PORT + 1);
	def.class_ = 1;
	ck_assert_int_eq(ct_expect_add(w.thr, master, &def, NULL), CT_E_FULL);
	ck_assert_uint_eq(count_all(NULL), 2);
	ck_told("N1N2");
}
END_TEST

START_TEST(what_has_expired_makes_room)
{
	struct ct_expect_def def = def_of(PORT);

	ck_assert_int_eq(ct_param_set(w.tbl, "expect.max", 1), 0);
	def.timeout_s = 5;
	ck_assert_int_eq(ct_expect_add(w.thr, master, &def, NULL), 0);
	ct_world_wait(&w, 6 * CT_WORLD_S);
	expect(PORT + 1);
	ck_assert_uint_eq(count_all(NULL), 1);
}
END_TEST

START_TEST(definition_must_make_sense)
{
	struct ct_expect_def def = def_of(PORT);

	def.flags = 1u << 4;
	ck_assert_int_eq(ct_expect_add(w.thr, master, &def, NULL), CT_E_INVAL);
	def = def_of(PORT);
	def.class_ = 2;
	ck_assert_int_eq(ct_expect_add(w.thr, master, &def, NULL), CT_E_INVAL);
	def = def_of(PORT);
	def.nat_dir = 2;
	ck_assert_int_eq(ct_expect_add(w.thr, master, &def, NULL), CT_E_INVAL);
	def = def_of(PORT);
	def.size = 0;
	ck_assert_int_eq(ct_expect_add(w.thr, master, &def, NULL), CT_E_INVAL);
}
END_TEST

START_TEST(near_and_pair_pass_over_what_is_taken)
{
	struct ct_expect_def def = def_of(PORT + 1);
	struct ct_expect_def pair[2];

	expect(PORT + 1);
	def.class_ = 1;
	ck_assert_int_eq(ct_expect_add_near(w.thr, master, &def, NULL), 0);
	ck_assert_uint_eq(ntohs(def.tuple.dst_id), PORT + 2);
	for (unsigned i = 0; i < 2; i++) {
		pair[i] = def_of(PORT + 1);
		pair[i].flags = CT_EXPECT_USERSPACE;
	}
	ck_assert_int_eq(ct_expect_add_pair(w.thr, master, pair), 0);
	ck_assert_uint_eq(ntohs(pair[0].tuple.dst_id), PORT + 4);
	ck_assert_uint_eq(ntohs(pair[1].tuple.dst_id), PORT + 5);
}
END_TEST

/* --- Ends --------------------------------------------------------------- */

START_TEST(expired_one_is_not_met)
{
	struct ct_expect_def def = def_of(PORT);

	def.timeout_s = 5;
	ck_assert_int_eq(ct_expect_add(w.thr, master, &def, NULL), 0);
	ck_assert_uint_eq(ct_next_expiry(w.tbl), w.now_ns + 5 * CT_WORLD_S);
	w.now_ns += 5 * CT_WORLD_S;
	ck_assert_int_eq(ct_maintain(w.tbl, w.now_ns, 0), 0);
	ck_told("N1D1");
	ct_thread_poll(w.thr, w.now_ns);
	ck_assert_int_eq(knock(7000, PORT).state, CT_NEW);
}
END_TEST

START_TEST(polls_find_what_has_expired)
{
	struct ct_expect_def def = def_of(PORT);

	def.timeout_s = 5;
	ck_assert_int_eq(ct_expect_add(w.thr, master, &def, NULL), 0);
	w.now_ns += 6 * CT_WORLD_S;
	for (unsigned i = 0; i < 1024; i++)
		ct_thread_poll(w.thr, w.now_ns);
	ck_told("N1D1");
}
END_TEST

START_TEST(class_says_how_long_it_waits)
{
	struct ct_expect_view view = { .size = sizeof(view) };
	struct ct_expect_def def = def_of(PORT);

	ck_assert_int_eq(ct_expect_view(w.thr, expect(PORT), &view), 0);
	ck_assert_uint_eq(view.def.timeout_s, 60);
	ck_assert_str_eq(view.master_helper, "test");
	ck_assert_ptr_eq(view.master, master);
	def.tuple.dst_id = htons(PORT + 1);
	def.class_ = 1;
	ck_assert_int_eq(ct_expect_add(w.thr, master, &def, NULL), 0);
	ck_assert_int_eq(
		ct_expect_view(w.thr, ct_expect_find(w.thr, &def.tuple), &view),
		0);
	ck_assert_uint_eq(view.def.timeout_s, 300);
}
END_TEST

START_TEST(removed_once_only)
{
	struct ct_expect *exp = expect(PORT);

	ck_assert_int_eq(ct_expect_remove(w.thr, exp), 0);
	ck_assert_int_eq(ct_expect_remove(w.thr, exp), CT_E_NOENT);
	ck_told("N1D1");
	ck_assert_int_eq(knock(7000, PORT).state, CT_NEW);
}
END_TEST

START_TEST(they_die_with_their_master)
{
	struct ct_expect_def def = def_of(PORT);

	expect(PORT);
	expect(PORT + 1);
	ck_told("N1N2");
	ck_assert_int_eq(ct_conn_delete(w.thr, master), 0);
	ck_told("dD1D2");
	ck_assert_int_eq(ct_expect_add(w.thr, master, &def, NULL), CT_E_NOENT);
	ck_assert_int_eq(knock(7000, PORT).state, CT_NEW);
}
END_TEST

START_TEST(master_lives_as_long_as_what_it_announced)
{
	struct ct_pkt pkt;
	struct ct_conn *child;

	expect(PORT);
	pkt = knock(7000, PORT);
	child = ct_conn_get(pkt.conn);
	ck_assert_int_eq(ct_conn_delete(w.thr, master), 0);
	for (unsigned i = 0; i < 4; i++)
		ct_thread_poll(w.thr, w.now_ns);
	ck_assert_ptr_eq(ct_conn_master(w.tbl, child), master);
	ck_assert(ct_conn_status(master) & CT_S_DYING);
	ck_assert_int_eq(ct_conn_delete(w.thr, child), 0);
	ct_conn_put(w.tbl, child);
	ct_world_settle(&w);
}
END_TEST

/* --- A master that is not known yet ------------------------------------- */

START_TEST(private_masters_are_told_of_just_before_it)
{
	struct ct_expect_def def = def_of(PORT);
	struct ct_test_flow flow = ct_world_flow(3);
	struct ct_pkt pkt = packet(&flow, CT_DIR_ORIG, NULL);

	ck_assert_int_eq(ct_expect_add(w.thr, pkt.conn, &def, NULL), 0);
	ck_told("");
	ck_assert_int_eq(knock(7000, PORT).state, CT_NEW);
	ck_told("n");
	/* That was another packet of this thread: no poll in between. */
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ck_told("N1n");
	ck_assert_int_eq(knock(7001, PORT).state, CT_RELATED);
}
END_TEST

START_TEST(private_masters_go_with_it_untold)
{
	struct ct_expect_def def = def_of(PORT);
	struct ct_test_flow flow = ct_world_flow(3);
	struct ct_pkt pkt = packet(&flow, CT_DIR_ORIG, NULL);

	ck_assert_int_eq(ct_expect_add(w.thr, pkt.conn, &def, NULL), 0);
	ct_abandon(w.thr, &pkt);
	ck_told("");
	ck_assert_uint_eq(count_all(NULL), 0);
	expect(PORT);
	ck_told("N2");
}
END_TEST

/* --- Looking ------------------------------------------------------------ */

struct walk {
	unsigned n;
	uint64_t last;
	bool removes;
};

static bool look(void *user, struct ct_expect *exp)
{
	struct ct_expect_view view = { .size = sizeof(view) };
	struct walk *walk = user;

	ct_expect_view(w.thr, exp, &view);
	ck_assert_uint_gt(view.id, walk->last);
	walk->last = view.id;
	walk->n++;
	if (walk->removes)
		ck_assert_int_eq(ct_expect_remove(w.thr, exp), 0);
	return true;
}

static bool count_one(void *user, struct ct_expect *exp)
{
	(void)exp;
	++*(unsigned *)user;
	return true;
}

static unsigned count_all(struct ct_conn *of)
{
	unsigned n = 0;

	ct_expect_walk(w.thr, of, count_one, &n);
	return n;
}

START_TEST(walk_over_a_master_is_in_order_and_may_remove)
{
	struct walk walk = { .removes = true };

	for (uint16_t i = 0; i < 20; i++) {
		struct ct_expect_def def = def_of((uint16_t)(PORT - i));

		def.class_ = 1;
		ck_assert_int_eq(ct_expect_add(w.thr, master, &def, NULL), 0);
	}
	ct_expect_walk(w.thr, master, look, &walk);
	ck_assert_uint_eq(walk.n, 20);
	ck_assert_uint_eq(count_all(master), 0);
	ck_assert_uint_eq(count_all(NULL), 0);
}
END_TEST

START_TEST(found_by_the_packet_that_would_meet_it)
{
	struct ct_expect *exp = expect(PORT);
	struct ct_tuple t = def_of(PORT).tuple;

	t.src_id = htons(1234);
	ck_assert_ptr_eq(ct_expect_find(w.thr, &t), exp);
	t.dst_id++;
	ck_assert_ptr_null(ct_expect_find(w.thr, &t));
}
END_TEST

START_TEST(out_of_memory_leaves_nothing)
{
	struct ct_expect_def def = def_of(PORT);
	struct ct_test_flow flow = ct_world_flow(3);
	struct ct_pkt pkt = packet(&flow, CT_DIR_ORIG, NULL);
	unsigned failures = 0;

	for (uint64_t n = 1; n < 8; n++) {
		int error;

		ct_test_alloc_fail_nth(&w.mem, n);
		error = ct_expect_add(w.thr, pkt.conn, &def, NULL);
		ck_assert(error == 0 || error == CT_E_NOMEM);
		failures += error != 0;
	}
	ct_test_alloc_fail_never(&w.mem);
	ck_assert_uint_ge(failures, 1);
	ct_abandon(w.thr, &pkt);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("expect");
	TCase *tc = tcase_create("expect");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, expected_one_is_related_and_has_a_master);
	tcase_add_test(tc, another_one_is_new);
	tcase_add_test(tc, source_counts_as_far_as_its_mask_says);
	tcase_add_test(tc, permanent_one_stays);
	tcase_add_test(tc, inactive_one_waits_for_its_refresh);
	tcase_add_test(tc, expected_one_gets_the_helper_that_was_named);
	tcase_add_test(tc, zone_counts);
	tcase_add_test(tc, packet_that_is_dropped_has_met_it);
	tcase_add_test(tc, equal_one_takes_the_place);
	tcase_add_test(tc, one_that_overlaps_is_refused);
	tcase_add_test(tc, oldest_of_a_class_gives_way);
	tcase_add_test(tc, hosts_own_are_not_limited_by_classes);
	tcase_add_test(tc, table_takes_so_many);
	tcase_add_test(tc, what_has_expired_makes_room);
	tcase_add_test(tc, definition_must_make_sense);
	tcase_add_test(tc, near_and_pair_pass_over_what_is_taken);
	tcase_add_test(tc, expired_one_is_not_met);
	tcase_add_test(tc, polls_find_what_has_expired);
	tcase_add_test(tc, class_says_how_long_it_waits);
	tcase_add_test(tc, removed_once_only);
	tcase_add_test(tc, they_die_with_their_master);
	tcase_add_test(tc, master_lives_as_long_as_what_it_announced);
	tcase_add_test(tc, private_masters_are_told_of_just_before_it);
	tcase_add_test(tc, private_masters_go_with_it_untold);
	tcase_add_test(tc, walk_over_a_master_is_in_order_and_may_remove);
	tcase_add_test(tc, found_by_the_packet_that_would_meet_it);
	tcase_add_test(tc, out_of_memory_leaves_nothing);
	suite_add_tcase(suite, tc);
	return suite;
}
