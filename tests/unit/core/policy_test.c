/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Policies: making them, and what they do to new connections.
 */
#include "core/policy.h"

#include "core/table.h"
#include "suite.h"
#include "world.h"

#include <string.h>

static struct ct_world w;
static struct ct_policy_def def;

static void setup(void)
{
	ct_world_start(&w, 0);
	memset(&def, 0, sizeof(def));
	def.size = sizeof(def);
}

static void teardown(void)
{
	ct_world_end(&w);
}

static const struct ct_policy *create(void)
{
	const struct ct_policy *policy = NULL;

	ck_assert_int_eq(ct_policy_create(w.tbl, &def, &policy), 0);
	ck_assert_ptr_nonnull(policy);
	return policy;
}

static int refused(void)
{
	const struct ct_policy *policy = NULL;
	uint64_t bytes = atomic_load(&w.mem.bytes);
	int error = ct_policy_create(w.tbl, &def, &policy);

	ck_assert_ptr_null(policy);
	ck_assert_uint_eq(atomic_load(&w.mem.bytes), bytes);
	return error;
}

static struct ct_pkt say(const struct ct_policy *policy, enum ct_dir dir)
{
	struct ct_pkt pkt;

	ct_test_udp(&w.p, &ct_test_flow4, dir, 10);
	pkt = ct_test_pkt(&w.p);
	pkt.policy = policy;
	ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	return pkt;
}

/* --- Making ------------------------------------------------------------- */

START_TEST(what_it_says_is_copied)
{
	struct ct_policy_timeout timeout = { "udp.timeout", 5, 0 };
	char helper[] = "tftp";
	const struct ct_policy *policy;

	def.helper = helper;
	def.timeouts = &timeout;
	def.n_timeouts = 1;
	policy = create();
	memset(helper, 'x', sizeof(helper));
	timeout.seconds = 77;
	memset(&def, 0xff, sizeof(def));
	ck_assert_uint_eq(policy->helper, ct_helper_find(w.tbl, "tftp"));
	ck_assert_uint_ne(policy->helper, 0);
	ck_assert_uint_eq(ct_conn_expires(w.thr, say(policy, CT_DIR_ORIG).conn),
			  5);
}
END_TEST

START_TEST(older_and_newer_callers)
{
	struct {
		struct ct_policy_def def;
		uint64_t future;
	} newer = { .def = { .size = sizeof(newer) } };
	const struct ct_policy *policy;

	ck_assert_int_eq(ct_policy_create(w.tbl, &newer.def, &policy), 0);
	newer.future = 1;
	ck_assert_int_eq(ct_policy_create(w.tbl, &newer.def, &policy),
			 CT_E_VERSION);

	/* One that ends behind mark does not know of events or zones. */
	def.size = offsetof(struct ct_policy_def, events);
	def.flags = CT_POLICY_MARK;
	def.mark = 7;
	def.zone = 9;
	policy = create();
	ck_assert_uint_eq(ct_conn_mark(say(policy, CT_DIR_ORIG).conn), 7);

	def.size = 0;
	ck_assert_int_eq(refused(), CT_E_INVAL);
}
END_TEST

START_TEST(definition_must_make_sense)
{
	def.flags = 1u << 8;
	ck_assert_int_eq(refused(), CT_E_INVAL);
	def.flags = 0;
	def.n_timeouts = 1;
	ck_assert_int_eq(refused(), CT_E_INVAL);
	def.n_timeouts = 0;
	def.events = CT_EV_EXPECT_DESTROY << 1;
	ck_assert_int_eq(refused(), CT_E_INVAL);
	def.events = 0;
	def.class_ = 256; /* a connection has a byte for it */
	ck_assert_int_eq(refused(), CT_E_INVAL);
}
END_TEST

static int refused_timeout(const char *name, uint32_t seconds)
{
	struct ct_policy_timeout timeouts[2] = { { "udp.timeout", 5, 0 },
						 { name, seconds, 0 } };

	def.timeouts = timeouts;
	def.n_timeouts = 2;
	return refused();
}

START_TEST(timeouts_must_be_those_of_trackers)
{
	ck_assert_int_eq(refused_timeout("udp.timeou", 5), CT_E_NOENT);
	ck_assert_int_eq(refused_timeout(NULL, 5), CT_E_NOENT);
	ck_assert_int_eq(refused_timeout("max_conns", 5), CT_E_NOENT);
	ck_assert_int_eq(refused_timeout("tcp.loose", 1), CT_E_NOENT);
	ck_assert_int_eq(refused_timeout("udp.timeout", 0), CT_E_RANGE);
	ck_assert_int_eq(refused_timeout("udp.timeout", CT_TIMEOUT_MAX + 1),
			 CT_E_RANGE);
}
END_TEST

START_TEST(out_of_memory_leaves_nothing)
{
	for (uint64_t n = 1; n <= 2; n++) {
		ct_test_alloc_fail_nth(&w.mem, n);
		ck_assert_int_eq(refused(), CT_E_NOMEM);
	}
	ct_test_alloc_fail_never(&w.mem);
	create();
}
END_TEST

START_TEST(number_300_is_as_good_as_the_first)
{
	const struct ct_policy *policies[300];

	def.flags = CT_POLICY_MARK;
	for (uint32_t i = 0; i < 300; i++) {
		def.mark = 1000 + i;
		policies[i] = create();
	}
	for (uint32_t i = 0; i < 300; i++) {
		struct ct_pkt pkt = say(policies[i], CT_DIR_ORIG);

		ck_assert_ptr_eq(ct_policy_at(w.tbl, policies[i]->number),
				 policies[i]);
		ck_assert_uint_eq(ct_conn_mark(pkt.conn), 1000 + i);
		ct_conn_delete(w.thr, pkt.conn);
	}
	ck_assert_ptr_null(ct_policy_at(w.tbl, 0));
}
END_TEST

START_TEST(there_are_65535)
{
	for (uint32_t i = 1; i <= UINT16_MAX; i++) {
		const struct ct_policy *policy;

		if (ct_policy_create(w.tbl, &def, &policy) ||
		    policy->number != i)
			ck_abort_msg("not the %u.", i);
	}
	ck_assert_int_eq(refused(), CT_E_FULL);
	for (uint32_t i = 1; i <= UINT16_MAX; i++)
		if (ct_policy_at(w.tbl, (uint16_t)i)->number != i)
			ck_abort_msg("%u. is another", i);
}
END_TEST

/* --- What they do ------------------------------------------------------- */

START_TEST(untracked_by_policy)
{
	const struct ct_policy *policy;
	struct ct_pkt pkt;

	def.flags = CT_POLICY_NOTRACK;
	policy = create();
	pkt = say(policy, CT_DIR_ORIG);
	ck_assert_int_eq(pkt.state, CT_UNTRACKED);
	ck_assert_uint_eq(pkt.reason, CT_R_NOTRACK);
	ck_assert_ptr_null(pkt.conn);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
}
END_TEST

START_TEST(mark_and_labels_are_given_to_new_ones_only)
{
	const struct ct_policy *policy;
	struct ct_pkt pkt;
	uint8_t labels[16];

	def.flags = CT_POLICY_MARK | CT_POLICY_LABELS;
	def.mark = 42;
	memset(def.labels, 0xab, sizeof(def.labels));
	policy = create();
	pkt = say(policy, CT_DIR_ORIG);
	ck_assert_uint_eq(ct_conn_mark(pkt.conn), 42);
	ct_conn_labels(w.tbl, pkt.conn, labels);
	ck_assert_mem_eq(labels, def.labels, sizeof(labels));

	ct_conn_mark_set(w.thr, pkt.conn, 1);
	say(policy, CT_DIR_ORIG);
	say(policy, CT_DIR_REPLY);
	ck_assert_uint_eq(ct_conn_mark(pkt.conn), 1);
}
END_TEST

START_TEST(without_its_flag_a_field_says_nothing)
{
	const struct ct_policy *policy;
	const uint8_t none[16] = { 0 };
	struct ct_tuple t;
	struct ct_pkt pkt;
	uint8_t labels[16];

	def.mark = 42;
	def.zone = 3;
	def.events = 0;
	memset(def.labels, 0xab, sizeof(def.labels));
	policy = create();
	pkt = say(policy, CT_DIR_ORIG);
	ck_assert_uint_eq(ct_conn_mark(pkt.conn), 0);
	ct_conn_labels(w.tbl, pkt.conn, labels);
	ck_assert_mem_eq(labels, none, sizeof(labels));
	ct_conn_tuple(pkt.conn, CT_DIR_ORIG, &t);
	ck_assert_uint_eq(t.zone, 0);
	ck_assert_uint_eq(ct_policy_events(w.tbl, pkt.conn),
			  (uint32_t)CT_EV_ALL | CT_EV_EXPECT);
}
END_TEST

START_TEST(connection_keeps_the_policy_it_was_opened_under)
{
	static const struct ct_policy_timeout timeouts[] = {
		{ "nf_conntrack_udp_timeout", 5, 0 },
		{ "udp.timeout.stream", 6, 0 },
	};
	const struct ct_policy *policy;
	struct ct_pkt pkt;

	def.timeouts = timeouts;
	def.n_timeouts = 2;
	policy = create();
	pkt = say(policy, CT_DIR_ORIG);
	ck_assert_uint_eq(ct_conn_expires(w.thr, pkt.conn), 5);
	ct_world_wait(&w, 3 * CT_WORLD_S);
	pkt = say(NULL, CT_DIR_REPLY);
	ck_assert_uint_eq(ct_conn_expires(w.thr, pkt.conn), 5);
	pkt = say(NULL, CT_DIR_ORIG);
	ck_assert_uint_eq(ct_conn_expires(w.thr, pkt.conn), 6);
	ct_conn_delete(w.thr, pkt.conn);
	/* What it does not name is the table's. */
	ck_assert_uint_eq(ct_conn_expires(w.thr, say(NULL, CT_DIR_ORIG).conn),
			  30);
}
END_TEST

START_TEST(labels_need_memory)
{
	const struct ct_policy *policy;
	struct ct_pkt pkt;

	def.flags = CT_POLICY_LABELS;
	policy = create();
	pkt = say(NULL, CT_DIR_ORIG); /* the connection's own chunk is there */
	ct_conn_delete(w.thr, pkt.conn);
	ct_test_alloc_fail_from(&w.mem, 1);
	ct_test_udp(&w.p, &ct_test_flow4, CT_DIR_ORIG, 10);
	pkt = ct_test_pkt(&w.p);
	pkt.policy = policy;
	ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_PREROUTING), CT_DROP);
	ck_assert_uint_eq(pkt.reason, CT_R_NO_MEMORY);
	ck_assert_ptr_null(pkt.conn);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	ct_world_audit(&w);
	ct_test_alloc_fail_never(&w.mem);
	say(policy, CT_DIR_ORIG);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("policy");
	TCase *tc = tcase_create("policy");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, what_it_says_is_copied);
	tcase_add_test(tc, older_and_newer_callers);
	tcase_add_test(tc, definition_must_make_sense);
	tcase_add_test(tc, timeouts_must_be_those_of_trackers);
	tcase_add_test(tc, out_of_memory_leaves_nothing);
	tcase_add_test(tc, number_300_is_as_good_as_the_first);
	tcase_add_test(tc, there_are_65535);
	tcase_add_test(tc, untracked_by_policy);
	tcase_add_test(tc, mark_and_labels_are_given_to_new_ones_only);
	tcase_add_test(tc, without_its_flag_a_field_says_nothing);
	tcase_add_test(tc, connection_keeps_the_policy_it_was_opened_under);
	tcase_add_test(tc, labels_need_memory);
	suite_add_tcase(suite, tc);
	return suite;
}
