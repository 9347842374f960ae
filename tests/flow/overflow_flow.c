/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A full table that decides by value: who goes, who stays, who pays.
 */
#include "nat.h"
#include "suite.h"
#include "world.h"

#include <conntrack/pressure.h>
#include <string.h>

enum { MAX = 200, SOFT = 300 };

static struct ct_world w;

static void start(void)
{
	const struct ct_config cfg = { .size = sizeof(cfg), .max_conns = MAX };

	ct_world_create(&w, &cfg);
	ct_world_watch(&w);
}

static void setup(void)
{
	start();
	ct_world_attach(&w);
}

static void teardown(void)
{
	ct_world_settle(&w);
	ct_world_end(&w);
}

static void set(const char *name, uint64_t value)
{
	ck_assert_int_eq(ct_param_set(w.tbl, name, value), 0);
}

/* What a newcomer is told: 0, or why it did not get in. */
static unsigned arrive_by(const struct ct_test_flow *flow,
			  const struct ct_policy *policy, uint16_t zone)
{
	struct ct_pkt pkt;

	ct_test_udp(&w.p, flow, CT_DIR_ORIG, 10);
	pkt = ct_test_pkt(&w.p);
	pkt.policy = policy;
	pkt.zone = zone;
	if (ct_process(w.thr, &pkt, CT_HOOK_PREROUTING) != CT_ACCEPT ||
	    !pkt.conn)
		return pkt.reason;
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	return 0;
}

static unsigned arrive(uint32_t n)
{
	struct ct_test_flow flow = ct_world_flow(n);

	return arrive_by(&flow, NULL, 0);
}

/* Many at a time, with polls between them. */
static void flood(uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		arrive(first + i);
		if (i % 32 == 0)
			ct_world_wait(&w, 1000);
	}
}

static void fill(uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++)
		ck_assert_uint_eq(arrive(i), 0);
}

/* Answers, and after three seconds another question: these are assured. */
static void assure(uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++) {
		struct ct_test_flow flow = ct_world_flow(i);

		ct_world_udp(&w, &flow, CT_DIR_REPLY);
	}
	ct_world_wait(&w, 3 * CT_WORLD_S);
	for (uint32_t i = first; i < first + n; i++) {
		struct ct_test_flow flow = ct_world_flow(i);
		struct ct_pkt pkt = ct_world_udp(&w, &flow, CT_DIR_ORIG);

		ck_assert(ct_conn_status(pkt.conn) & CT_S_ASSURED);
	}
}

static struct ct_conn *found(uint32_t n)
{
	struct ct_test_flow flow = ct_world_flow(n);
	struct ct_tuple t = ct_world_tuple(&flow, CT_DIR_ORIG);

	return ct_find(w.thr, &t, NULL);
}

static uint32_t alive(uint32_t first, uint32_t n)
{
	uint32_t alive = 0;

	for (uint32_t i = first; i < first + n; i++)
		alive += found(i) != NULL;
	return alive;
}

static struct ct_pressure pressure(void)
{
	struct ct_pressure now = { .size = sizeof(now) };

	ck_assert_int_eq(ct_pressure(w.tbl, &now), 0);
	return now;
}

/* --- Who goes ----------------------------------------------------------- */

START_TEST(a_flood_takes_places_from_itself)
{
	fill(0, 100);
	assure(0, 100);
	for (uint32_t i = 0; i < 5000; i++) {
		ck_assert_uint_eq(arrive(1000 + i), 0);
		if (i % 32 == 0)
			ct_world_wait(&w, 1000);
	}
	ck_assert_uint_eq(alive(0, 100), 100);
	ck_assert_uint_le(ct_world_conns(&w), MAX);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_RECYCLED), 0);
	ct_world_audit(&w);
}
END_TEST

START_TEST(what_has_proven_nothing_goes_in_turn)
{
	for (uint32_t i = 0; i < MAX; i++) {
		fill(i, 1);
		ct_world_wait(&w, CT_WORLD_S / 20);
	}
	for (uint32_t i = 0; i < 10 * MAX; i++) {
		ck_assert_uint_eq(arrive(1000 + i), 0);
		ct_world_wait(&w, CT_WORLD_S / 100);
	}
	/* Each search sees 64 of 200: not exactly the oldest, but none of the
	 * younger half. */
	ck_assert_uint_eq(alive(1000 + 10 * MAX - MAX / 2, MAX / 2), MAX / 2);
}
END_TEST

START_TEST(a_full_table_of_assured_ones_lets_some_newcomers_in)
{
	fill(0, MAX);
	assure(0, MAX);
	for (uint32_t i = 0; i < 1000; i++) {
		ck_assert_uint_eq(arrive(1000 + i), 0);
		ct_world_wait(&w, 1000);
	}
	/* A tenth, and those that came between two counts. */
	ck_assert_uint_ge(alive(0, MAX), MAX - MAX / 10 - 1);
	ck_assert_uint_lt(alive(0, MAX), MAX);
}
END_TEST

START_TEST(the_busy_ones_stay)
{
	fill(0, MAX);
	assure(0, MAX);
	for (uint32_t round = 0; round < 8; round++) {
		ct_world_wait(&w, 2 * CT_WORLD_S);
		for (uint32_t i = 0; i < MAX / 2; i++) {
			struct ct_test_flow flow = ct_world_flow(i);

			ct_world_udp(&w, &flow, CT_DIR_ORIG);
		}
	}
	fill(1000, MAX / 10);
	ck_assert_uint_eq(alive(0, MAX / 2), MAX / 2);
}
END_TEST

/* TCP, to some state; => its packet. */
static struct ct_pkt segment(uint32_t n, enum ct_dir dir, uint8_t flags,
			     uint32_t seq, uint32_t ack)
{
	const struct ct_test_segment seg = {
		.flags = flags, .win = 1000, .seq = seq, .ack = ack
	};
	struct ct_test_flow flow = ct_world_flow(n);
	struct ct_pkt pkt = ct_world_tcp(&w, &flow, dir, &seg);

	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	return pkt;
}

static void establish(uint32_t n)
{
	segment(n, CT_DIR_ORIG, CT_TEST_SYN, 100, 0);
	segment(n, CT_DIR_REPLY, CT_TEST_SYN | CT_TEST_ACK, 500, 101);
	segment(n, CT_DIR_ORIG, CT_TEST_ACK, 101, 501);
}

static bool lives_tcp(uint32_t n)
{
	struct ct_test_flow flow = ct_world_flow(n);
	struct ct_tuple t = ct_world_tuple(&flow, CT_DIR_ORIG);

	t.l4 = 6;
	return ct_find(w.thr, &t, NULL) != NULL;
}

START_TEST(what_is_closing_goes_first)
{
	fill(0, MAX - 1);
	establish(9000);
	segment(9000, CT_DIR_ORIG, CT_TEST_FIN | CT_TEST_ACK, 101, 501);
	/* Wherever it is, it is the first of its line. */
	for (uint32_t i = 0; i < MAX / 4; i++)
		ck_assert_uint_eq(arrive(1000 + i), 0);
	ck_assert(!lives_tcp(9000));
	ck_assert_uint_gt(alive(0, MAX - 1), MAX / 2);
}
END_TEST

START_TEST(idle_past_the_soft_age_goes_first)
{
	set("tcp.timeout.established", 7440);
	set("overflow.low", 1000);
	for (uint32_t i = 0; i < MAX / 2; i++)
		establish(i);
	ct_world_wait(&w, (SOFT + 5) * CT_WORLD_S);
	for (uint32_t i = MAX / 2; i < MAX; i++)
		establish(i);
	set("overflow.probation", 0); /* or else younger ones might go, too */
	fill(1000, 20);
	for (uint32_t i = MAX / 2; i < MAX; i++)
		ck_assert(lives_tcp(i));
	ck_assert_uint_gt(ct_world_count(&w, CT_R_END_RECYCLED), 0);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_RECYCLED) +
				  ct_world_count(&w, CT_R_END_EVICTED),
			  20);
}
END_TEST

START_TEST(nobody_goes_below_the_soft_age_for_nothing)
{
	for (uint32_t i = 0; i < MAX; i++)
		establish(i);
	set("overflow.probation", 0);
	ck_assert_uint_eq(arrive(1000), CT_R_TABLE_FULL);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_RECYCLED), 0);
}
END_TEST

/* Of equal worth: the translated one's peers cannot go on without it. */
START_TEST(translated_ones_stay)
{
	const struct ct_nat_range range = ct_nat_to(0xc0000201);
	const struct ct_test_rules rules = { .src = &range };

	for (uint32_t i = 0; i < MAX; i++) {
		struct ct_test_flow flow = ct_world_flow(i);

		ct_test_udp(&w.p, &flow, CT_DIR_ORIG, 10);
		if (i % 2)
			ct_nat_pass(&w, &w.p, &rules);
		else
			ct_world_udp(&w, &flow, CT_DIR_ORIG);
	}
	/* Until no line of 64 has any other left. */
	fill(1000, MAX / 4);
	for (uint32_t i = 1; i < MAX; i += 2)
		ck_assert_ptr_nonnull(found(i));
}
END_TEST

/* --- Who pays ----------------------------------------------------------- */

/* The n-th flow of one source. */
static struct ct_test_flow greedy(uint32_t n)
{
	struct ct_test_flow flow = ct_world_flow(0);

	memset(flow.src, 0, sizeof(flow.src));
	flow.src[0] = 10;
	flow.src[1] = 99;
	flow.sport = (uint16_t)(1024 + n);
	return flow;
}

START_TEST(a_source_that_holds_much_pays_with_its_own)
{
	const uint32_t n_others = 60;

	fill(0, n_others);
	assure(0, n_others);
	for (uint32_t i = 0; i < 3000; i++) {
		struct ct_test_flow flow = greedy(i);
		struct ct_pkt pkt;

		if (arrive_by(&flow, NULL, 0))
			continue;
		ct_world_udp(&w, &flow, CT_DIR_REPLY);
		ct_world_wait(&w, 2100 * (CT_WORLD_S / 1000));
		pkt = ct_world_udp(&w, &flow, CT_DIR_ORIG);
		ck_assert_ptr_nonnull(pkt.conn);
		for (uint32_t k = 0; i % 8 == 0 && k < n_others; k++) {
			struct ct_test_flow other = ct_world_flow(k);

			ct_world_udp(&w, &other, CT_DIR_ORIG);
		}
	}
	ck_assert_uint_eq(alive(0, n_others), n_others);
	/* And who comes anew gets in. */
	fill(2000, 20);
	ck_assert_uint_eq(alive(0, n_others), n_others);
}
END_TEST

/* --- Limits and guarantees ---------------------------------------------- */

START_TEST(a_zone_has_its_limit)
{
	struct ct_test_flow flow;

	start();
	ck_assert_int_eq(ct_zone_limit(w.tbl, 7, 0, 10), 0);
	ck_assert_int_eq(ct_zone_limit(w.tbl, 8, MAX + 1, 0), CT_E_RANGE);
	ct_world_attach(&w);
	for (uint32_t i = 0; i < 10; i++) {
		flow = ct_world_flow(i);
		ck_assert_uint_eq(arrive_by(&flow, NULL, 7), 0);
	}
	flow = ct_world_flow(10);
	ck_assert_uint_eq(arrive_by(&flow, NULL, 7), CT_R_ZONE_FULL);
	ck_assert_uint_eq(arrive_by(&flow, NULL, 6), 0);
	/* One that ends makes room for one. */
	ct_world_wait(&w, 31 * CT_WORLD_S);
	ct_world_wait(&w, 1);
	ck_assert_uint_eq(arrive_by(&flow, NULL, 7), 0);
	ck_assert_int_eq(ct_zone_limit(w.tbl, 9, 0, 10), CT_E_SEALED);
}
END_TEST

START_TEST(what_is_guaranteed_to_a_zone_is_kept_for_it)
{
	struct ct_test_flow flow;
	uint32_t n = 0;

	start();
	ck_assert_int_eq(ct_zone_limit(w.tbl, 7, 50, 0), 0);
	ct_world_attach(&w);
	flood(0, 2 * MAX);
	ck_assert_uint_eq(ct_world_conns(&w), MAX - 50);
	for (uint32_t i = 0; i < 50; i++) {
		flow = ct_world_flow(5000 + i);
		ck_assert_uint_eq(arrive_by(&flow, NULL, 7), 0);
	}
	ck_assert_uint_eq(ct_world_conns(&w), MAX);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_EVICTED), MAX + 50);
	/* Nor can others take them now that they are there. */
	flood(2000, MAX);
	for (uint32_t i = 0; i < 50; i++) {
		struct ct_tuple t;

		flow = ct_world_flow(5000 + i);
		t = ct_world_tuple(&flow, CT_DIR_ORIG);
		t.zone = 7;
		n += ct_find(w.thr, &t, NULL) != NULL;
	}
	ck_assert_uint_eq(n, 50);
}
END_TEST

static const struct ct_policy *policy_of(uint16_t class_,
					 enum ct_overflow_verdict verdict)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .class_ = class_,
					   .overflow = verdict };
	const struct ct_policy *policy;

	ck_assert_int_eq(ct_policy_create(w.tbl, &def, &policy), 0);
	return policy;
}

START_TEST(the_control_plane_has_its_headroom)
{
	const struct ct_class_def def = { .size = sizeof(def),
					  .name = "control",
					  .reserve = 20,
					  .flags = CT_CLASS_KEEP };
	const struct ct_policy *control;
	struct ct_conn *conn;

	start();
	ck_assert_int_eq(ct_class_define(w.tbl, 1, &def), 0);
	ck_assert_int_eq(ct_class_define(w.tbl, CT_CLASSES, &def), CT_E_RANGE);
	ct_world_attach(&w);
	control = policy_of(1, CT_OVERFLOW_DEFAULT);
	flood(0, MAX);
	ck_assert_uint_eq(ct_world_conns(&w), MAX - 20);
	for (uint32_t i = 0; i < 20; i++) {
		struct ct_test_flow flow = ct_world_flow(5000 + i);

		ck_assert_uint_eq(arrive_by(&flow, control, 0), 0);
	}
	flood(6000, 10 * MAX);
	ck_assert_uint_eq(alive(5000, 20), 20);
	ck_assert_uint_eq(pressure().evicted[1], 0);
	/* One that is of the class no more may go. */
	conn = found(5000);
	ck_assert_uint_eq(ct_conn_class(conn), 1);
	ck_assert_int_eq(ct_conn_class_set(w.thr, conn, 0), 0);
	flood(9000, 10 * MAX);
	ck_assert_ptr_null(found(5000));
	ck_assert_uint_eq(alive(5001, 19), 19);
}
END_TEST

START_TEST(a_source_has_its_limit)
{
	struct ct_test_flow flow;

	start();
	set("overflow.source.max", 10);
	ct_world_attach(&w);
	for (uint32_t i = 0; i < 10; i++) {
		flow = greedy(i);
		ck_assert_uint_eq(arrive_by(&flow, NULL, 0), 0);
	}
	flow = greedy(10);
	ck_assert_uint_eq(arrive_by(&flow, NULL, 0), CT_R_SOURCE_FULL);
	fill(0, 100);
}
END_TEST

/* --- The host has the last word ----------------------------------------- */

static struct {
	unsigned n;
	uint8_t bytes[1280];
	uint32_t len;
	uint8_t l3;
} sent;

static void emit(void *user, const struct ct_pkt *pkt)
{
	(void)user;
	ck_assert_uint_le(pkt->len, sizeof(sent.bytes));
	memcpy(sent.bytes, pkt->data, pkt->len);
	sent.len = pkt->len;
	sent.l3 = pkt->l3;
	sent.n++;
}

/* A table of one place, which is taken and kept. */
static void start_full(void)
{
	const struct ct_host host = { .size = sizeof(host), .emit = emit };
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = 1,
				       .host = &host };

	memset(&sent, 0, sizeof(sent));
	memset(&w, 0, sizeof(w));
	w.now_ns = CT_WORLD_START;
	ck_assert_int_eq(ct_table_create(&cfg, &w.tbl), 0);
}

static void take_place(void)
{
	ck_assert_int_eq(ct_thread_attach(w.tbl, &w.thr), 0);
	ct_thread_poll(w.thr, w.now_ns);
	set("overflow.policy", CT_OVERFLOW_REFUSE);
	ck_assert_uint_eq(arrive(0), 0);
}

static void end_full(void)
{
	ct_thread_detach(w.thr);
	ct_table_destroy(w.tbl);
}

START_TEST(a_rejected_syn_is_reset)
{
	struct ct_test_flow flow = ct_world_flow(1);
	const struct ct_test_segment seg = { .flags = CT_TEST_SYN, .seq = 77 };
	struct ct_pkt pkt;

	start_full();
	take_place();
	set("overflow.verdict", CT_OVERFLOW_REJECT);
	ct_test_tcp(&w.p, &flow, CT_DIR_ORIG, &seg);
	pkt = ct_test_pkt(&w.p);
	ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_PREROUTING), CT_DROP);
	ck_assert_uint_eq(pkt.reason, CT_R_TABLE_FULL);
	ck_assert_uint_eq(sent.n, 1);
	ck_assert_uint_eq(sent.len, 40);
	ck_assert_mem_eq(sent.bytes + 16, flow.src, 4);
	ck_assert_uint_eq(sent.bytes[33], CT_TEST_RST | CT_TEST_ACK);
	ck_assert_uint_eq(sent.bytes[31], 78); /* acknowledges the SYN */
	end_full();
}
END_TEST

START_TEST(a_rejected_datagram_is_prohibited)
{
	struct ct_test_flow flow = ct_world_flow6(1);

	start_full();
	take_place();
	ck_assert_uint_eq(arrive_by(&flow, policy_of(0, CT_OVERFLOW_REJECT), 0),
			  CT_R_TABLE_FULL);
	ck_assert_uint_eq(sent.n, 1);
	ck_assert_uint_eq(sent.l3, CT_L3_IPV6);
	ck_assert_uint_eq(sent.bytes[40], 1);
	ck_assert_uint_eq(sent.bytes[41], 1);
	ck_assert_mem_eq(sent.bytes + 24, flow.src, 16);
	end_full();
}
END_TEST

START_TEST(what_passes_untracked_says_why)
{
	struct ct_test_flow flow = ct_world_flow(1);

	start_full();
	take_place();
	ck_assert_uint_eq(
		arrive_by(&flow, policy_of(0, CT_OVERFLOW_UNTRACKED), 0),
		CT_R_OVERFLOW_UNTRACKED);
	ck_assert_uint_eq(pressure().refused[0], 1);
	end_full();
}
END_TEST

static void pass_stateless(struct ct_test_packet *p, enum ct_hook in)
{
	struct ct_pkt pkt = ct_test_pkt(p);

	ck_assert_int_eq(ct_process(w.thr, &pkt, in), CT_ACCEPT);
	ck_assert_uint_eq(pkt.state, CT_UNTRACKED);
	ck_assert_uint_eq(pkt.reason, CT_R_OVERFLOW_STATELESS);
	ck_assert_int_eq(ct_nat_apply(w.thr, &pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(ct_nat_apply(w.thr, &pkt, CT_HOOK_POSTROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ct_nat_sums_right(p);
}

START_TEST(a_prefix_is_translated_without_state)
{
	const union ct_addr inside = { .bytes = { 10 } };
	const union ct_addr outside = { .bytes = { 44 } };
	struct ct_test_flow flow = ct_world_flow(1), back;

	start_full();
	ck_assert_int_eq(
		ct_overflow_prefix(w.tbl, CT_L3_IPV4, &inside, &inside, 8),
		CT_E_REFUSED);
	ck_assert_int_eq(
		ct_overflow_prefix(w.tbl, CT_L3_IPV4, &inside, &outside, 4),
		CT_E_REFUSED);
	ck_assert_int_eq(
		ct_overflow_prefix(w.tbl, CT_L3_IPV4, &inside, &outside, 8), 0);
	ck_assert_int_eq(
		ct_overflow_prefix(w.tbl, CT_L3_IPV4, &inside, &outside, 16),
		CT_E_REFUSED);
	take_place();
	set("overflow.verdict", CT_OVERFLOW_STATELESS);
	ct_test_udp(&w.p, &flow, CT_DIR_ORIG, 10);
	pass_stateless(&w.p, CT_HOOK_PREROUTING);
	ck_assert_uint_eq(w.p.bytes[12], 44);
	ck_assert_mem_eq(w.p.bytes + 13, flow.src + 1, 3);
	/* And what comes back finds its way. */
	back = flow;
	back.src[0] = 44;
	ct_test_udp(&w.p, &back, CT_DIR_REPLY, 10);
	pass_stateless(&w.p, CT_HOOK_PREROUTING);
	ck_assert_mem_eq(w.p.bytes + 16, flow.src, 4);
	end_full();
}
END_TEST

static enum ct_overflow_verdict ask(void *user, struct ct_thread *thr,
				    struct ct_pkt *pkt, enum ct_reason reason)
{
	(void)thr;
	(void)pkt;
	ck_assert_uint_eq(reason, CT_R_TABLE_FULL);
	++*(unsigned *)user;
	return CT_OVERFLOW_UNTRACKED;
}

START_TEST(the_host_is_asked)
{
	static unsigned asked;
	static const struct ct_overflow_ops ops = { .size = sizeof(ops),
						    .name = "test",
						    .user = &asked,
						    .refused = ask };

	start_full();
	ck_assert_int_eq(ct_overflow_register(w.tbl, &ops), 0);
	take_place();
	set("overflow.verdict", CT_OVERFLOW_CALLBACK);
	ck_assert_uint_eq(arrive(1), CT_R_OVERFLOW_UNTRACKED);
	ck_assert_uint_eq(asked, 1);
	ck_assert_int_eq(ct_overflow_register(w.tbl, &ops), CT_E_SEALED);
	end_full();
}
END_TEST

/* --- Accounts ----------------------------------------------------------- */

START_TEST(victims_are_remembered)
{
	struct ct_victim victims[MAX];
	struct ct_pressure now;

	ck_assert_uint_eq(ct_victims(w.tbl, victims, MAX), 0);
	fill(0, MAX);
	fill(1000, 10);
	ck_assert_uint_eq(ct_victims(w.tbl, victims, MAX), 10);
	for (uint32_t i = 0; i < 10; i++) {
		ck_assert_uint_eq(victims[i].reason, CT_R_END_EVICTED);
		ck_assert_ptr_null(ct_find(w.thr, &victims[i].tuple, NULL));
		ck_assert_uint_eq(victims[i].at_ns, w.now_ns);
	}
	fill(2000, 100);
	ck_assert_uint_eq(ct_victims(w.tbl, victims, MAX), 64);
	now = pressure();
	ck_assert_uint_eq(now.evicted[0], 110);
	ck_assert_uint_eq(now.conns, MAX);
	ck_assert_uint_eq(now.unproven, MAX);
	ck_assert_uint_eq(now.level, 1000);
	ck_assert_uint_ge(now.lines, 110);
	ck_assert_uint_le(now.lines, 4 * 110);
}
END_TEST

START_TEST(top_talkers_are_known)
{
	struct ct_talker talkers[4];

	fill(0, MAX);
	ct_world_wait(&w, 1); /* there is pressure, says the poll */
	for (uint32_t i = 0; i < 3000; i++) {
		struct ct_test_flow flow = greedy(i);

		arrive_by(&flow, NULL, 0);
		if (i % 3 == 0)
			arrive(5000 + i);
	}
	ck_assert_uint_eq(ct_talkers(w.tbl, CT_TALKER_SRC, talkers, 4), 4);
	ck_assert_uint_eq(talkers[0].addr.bytes[1], 99);
	/* 3000 of 4000, by samples of eight; what others have of it is error. */
	ck_assert_uint_ge(talkers[0].opened, 2500);
	ck_assert_uint_le(talkers[0].opened - talkers[0].error, 3500);
	for (unsigned i = 1; i < 4; i++)
		ck_assert_uint_le(talkers[i].opened, talkers[i - 1].opened);
	ck_assert_uint_eq(ct_talkers(w.tbl, CT_TALKER_DST, talkers, 4), 1);
	ck_assert_uint_eq(talkers[0].share, 65535);
}
END_TEST

/* --- Timeouts that shrink ----------------------------------------------- */

static void poll_for(uint32_t seconds)
{
	for (uint32_t i = 0; i < 10 * seconds; i++)
		ct_world_wait(&w, CT_WORLD_S / 10);
}

START_TEST(what_is_idle_past_its_soft_age_goes_under_pressure)
{
	for (uint32_t i = 0; i < MAX * 9 / 10; i++)
		establish(i);
	poll_for(SOFT - 1);
	ck_assert_uint_eq(ct_world_conns(&w), MAX * 9 / 10);
	/* One in ten is at work, and stays. */
	for (uint32_t i = 0; i < MAX * 9 / 10; i += 10)
		segment(i, CT_DIR_ORIG, CT_TEST_ACK, 101, 501);
	poll_for(5);
	/* Down to the soft watermark, and no further than a poll looks. */
	ck_assert_uint_le(ct_world_conns(&w), MAX * 8 / 10);
	ck_assert_uint_ge(ct_world_conns(&w), MAX * 8 / 10 - 16);
	for (uint32_t i = 0; i < MAX * 9 / 10; i += 10)
		ck_assert(lives_tcp(i));
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_SHORTENED),
			  MAX * 9 / 10 - ct_world_conns(&w));
}
END_TEST

START_TEST(without_pressure_nothing_shrinks)
{
	for (uint32_t i = 0; i < MAX / 2; i++)
		establish(i);
	poll_for(3000);
	ck_assert_uint_eq(ct_world_conns(&w), MAX / 2);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("overflow");
	TCase *who = tcase_create("who");
	TCase *own = tcase_create("own");
	TCase *word = tcase_create("word");

	tcase_add_checked_fixture(who, setup, teardown);
	tcase_add_test(who, a_flood_takes_places_from_itself);
	tcase_add_test(who, what_has_proven_nothing_goes_in_turn);
	tcase_add_test(who,
		       a_full_table_of_assured_ones_lets_some_newcomers_in);
	tcase_add_test(who, the_busy_ones_stay);
	tcase_add_test(who, what_is_closing_goes_first);
	tcase_add_test(who, idle_past_the_soft_age_goes_first);
	tcase_add_test(who, nobody_goes_below_the_soft_age_for_nothing);
	tcase_add_test(who, translated_ones_stay);
	tcase_add_test(who, a_source_that_holds_much_pays_with_its_own);
	tcase_add_test(who, victims_are_remembered);
	tcase_add_test(who, top_talkers_are_known);
	tcase_add_test(who, what_is_idle_past_its_soft_age_goes_under_pressure);
	tcase_add_test(who, without_pressure_nothing_shrinks);
	suite_add_tcase(suite, who);
	tcase_add_checked_fixture(own, NULL, teardown);
	tcase_add_test(own, a_zone_has_its_limit);
	tcase_add_test(own, what_is_guaranteed_to_a_zone_is_kept_for_it);
	tcase_add_test(own, the_control_plane_has_its_headroom);
	tcase_add_test(own, a_source_has_its_limit);
	suite_add_tcase(suite, own);
	tcase_add_test(word, a_rejected_syn_is_reset);
	tcase_add_test(word, a_rejected_datagram_is_prohibited);
	tcase_add_test(word, what_passes_untracked_says_why);
	tcase_add_test(word, a_prefix_is_translated_without_state);
	tcase_add_test(word, the_host_is_asked);
	suite_add_tcase(suite, word);
	return suite;
}
