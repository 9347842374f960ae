/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP conversations: how long they live, and when they are a stream.
 */
#include "packet.h"
#include "suite.h"

#define S UINT64_C(1000000000)

static struct ct_table *tbl;
static struct ct_thread *thr;
static uint64_t now_ns;

static void start(enum ct_profile profile)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .profile = profile };

	ck_assert_int_eq(ct_table_create(&cfg, &tbl), 0);
	ck_assert_int_eq(ct_thread_attach(tbl, &thr), 0);
	now_ns = 1000 * S;
	ct_thread_poll(thr, now_ns);
}

static void setup(void)
{
	start(CT_PROFILE_LINUX);
}

static void teardown(void)
{
	ct_thread_detach(thr);
	ct_table_destroy(tbl);
}

/* One datagram: when, which way, and what it must find. */
struct step {
	uint32_t wait_ms;
	enum ct_dir who; /* ORIG: the flow's src speaks */
	enum ct_state state;
	enum ct_dir dir;
	uint32_t timeout; /* seconds */
	bool assured;
};

#define CLIENT CT_DIR_ORIG
#define SERVER CT_DIR_REPLY
#define ORIG   CT_DIR_ORIG
#define REPLY  CT_DIR_REPLY
#define NEW    CT_NEW
#define EST    CT_ESTABLISHED

static void pass(const struct ct_test_flow *flow, const struct step *step,
		 const struct ct_policy *policy)
{
	struct ct_test_packet p;
	struct ct_pkt pkt;

	now_ns += step->wait_ms * UINT64_C(1000000);
	ct_thread_poll(thr, now_ns);
	ct_test_udp(&p, flow, step->who, 10);
	pkt = ct_test_pkt(&p);
	pkt.policy = policy;
	ck_assert_int_eq(ct_process(thr, &pkt, CT_HOOK_PREROUTING), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(thr, &pkt), CT_ACCEPT);
	ck_assert_int_eq(pkt.state, step->state);
	ck_assert_int_eq(pkt.dir, step->dir);
	/* a refresh by less than a second may be left out */
	ck_assert_uint_le(ct_conn_expires(thr, pkt.conn), step->timeout);
	ck_assert_uint_ge(ct_conn_expires(thr, pkt.conn), step->timeout - 1);
	ck_assert_int_eq((ct_conn_status(pkt.conn) & CT_S_ASSURED) != 0,
			 step->assured);
}

static void play(const struct ct_test_flow *flow, const struct step *steps,
		 size_t n)
{
	for (size_t i = 0; i < n; i++)
		pass(flow, &steps[i], NULL);
}

#define PLAY(flow, steps) play(flow, steps, sizeof(steps) / sizeof((steps)[0]))

/* clang-format off */
START_TEST(question_and_answer_are_no_stream)
{
	static const struct step steps[] = {
		{    0, CLIENT, NEW, ORIG,  30, false },
		{   40, SERVER, EST, REPLY, 30, false },
		{ 1960, CLIENT, EST, ORIG,  30, false }, /* two seconds, just */
	};

	PLAY(&ct_test_flow4, steps);
}
END_TEST

START_TEST(longer_than_two_seconds_is_a_stream)
{
	static const struct step steps[] = {
		{    0, CLIENT, NEW, ORIG,   30, false },
		{   40, SERVER, EST, REPLY,  30, false },
		{ 1961, CLIENT, EST, ORIG,  120, true },
		{    0, SERVER, EST, REPLY, 120, true },
	};

	PLAY(&ct_test_flow4, steps);
	PLAY(&ct_test_flow6, steps);
}
END_TEST

START_TEST(server_may_make_it_a_stream)
{
	static const struct step steps[] = {
		{    0, CLIENT, NEW, ORIG,   30, false },
		{ 2500, SERVER, EST, REPLY,  30, false }, /* the first answer */
		{    0, SERVER, EST, REPLY, 120, true },
	};

	PLAY(&ct_test_flow4, steps);
}
END_TEST

START_TEST(unanswered_is_never_a_stream)
{
	static const struct step steps[] = {
		{     0, CLIENT, NEW, ORIG, 30, false },
		{  5000, CLIENT, NEW, ORIG, 30, false },
		{ 29000, CLIENT, NEW, ORIG, 30, false },
		{ 29000, CLIENT, NEW, ORIG, 30, false },
	};

	PLAY(&ct_test_flow4, steps);
}
END_TEST

START_TEST(silence_ends_it_and_the_server_may_open_it_anew)
{
	static const struct step steps[] = {
		{     0, CLIENT, NEW, ORIG,  30, false },
		{     0, SERVER, EST, REPLY, 30, false },
		{ 30010, SERVER, NEW, ORIG,  30, false },
		{     0, CLIENT, EST, REPLY, 30, false },
	};

	PLAY(&ct_test_flow4, steps);
}
END_TEST

START_TEST(stream_lives_longer)
{
	static const struct step steps[] = {
		{      0, CLIENT, NEW, ORIG,   30, false },
		{      0, SERVER, EST, REPLY,  30, false },
		{   3000, CLIENT, EST, ORIG,  120, true },
		{ 119000, CLIENT, EST, ORIG,  120, true },
		{ 120010, CLIENT, NEW, ORIG,   30, false },
	};

	PLAY(&ct_test_flow4, steps);
}
END_TEST

START_TEST(port_zero_is_a_port)
{
	static const struct step steps[] = {
		{ 0, CLIENT, NEW, ORIG,  30, false },
		{ 0, SERVER, EST, REPLY, 30, false },
	};
	struct ct_test_flow flow = ct_test_flow4;

	flow.sport = 0;
	PLAY(&flow, steps);
	flow = ct_test_flow4;
	flow.dport = 0;
	PLAY(&flow, steps);
}
END_TEST

START_TEST(timeouts_are_parameters)
{
	static const struct step steps[] = {
		{    0, CLIENT, NEW, ORIG,  7, false },
		{    0, SERVER, EST, REPLY, 7, false },
		{ 3000, CLIENT, EST, ORIG,  9, true },
	};

	ck_assert_int_eq(ct_param_set(tbl, "udp.timeout", 7), 0);
	ck_assert_int_eq(ct_param_set(tbl, "nf_conntrack_udp_timeout_stream", 9),
			 0);
	PLAY(&ct_test_flow4, steps);
}
END_TEST

START_TEST(policy_replaces_timeouts)
{
	static const struct step steps[] = {
		{    0, CLIENT, NEW, ORIG,  30, false },
		{    0, SERVER, EST, REPLY, 30, false },
		{ 3000, CLIENT, EST, ORIG, 600, true },
	};
	static const struct ct_policy_timeout stream = {
		.name = "udp.timeout.stream", .seconds = 600
	};
	const struct ct_policy_def def = {
		.size = sizeof(def), .timeouts = &stream, .n_timeouts = 1
	};
	const struct ct_policy *policy;

	ck_assert_int_eq(ct_policy_create(tbl, &def, &policy), 0);
	for (int i = 0; i < 3; i++)
		pass(&ct_test_flow4, &steps[i], policy);
}
END_TEST

START_TEST(recommended_stream_lives_five_minutes)
{
	static const struct step steps[] = {
		{    0, CLIENT, NEW, ORIG,   30, false },
		{    0, SERVER, EST, REPLY,  30, false },
		{ 3000, CLIENT, EST, ORIG,  300, true },
	};

	teardown();
	start(CT_PROFILE_RECOMMENDED);
	PLAY(&ct_test_flow4, steps);
}
END_TEST
/* clang-format on */

Suite *ct_suite(void)
{
	Suite *suite = suite_create("udp flow");
	TCase *tc = tcase_create("udp");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, question_and_answer_are_no_stream);
	tcase_add_test(tc, longer_than_two_seconds_is_a_stream);
	tcase_add_test(tc, server_may_make_it_a_stream);
	tcase_add_test(tc, unanswered_is_never_a_stream);
	tcase_add_test(tc, silence_ends_it_and_the_server_may_open_it_anew);
	tcase_add_test(tc, stream_lives_longer);
	tcase_add_test(tc, port_zero_is_a_port);
	tcase_add_test(tc, timeouts_are_parameters);
	tcase_add_test(tc, policy_replaces_timeouts);
	tcase_add_test(tc, recommended_stream_lives_five_minutes);
	suite_add_tcase(suite, tc);
	return suite;
}
