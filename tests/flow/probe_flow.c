/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Idle connections of a table under pressure: who answers a keep-alive stays,
 * who does not goes, and who is reset hears of it.
 */
#include "nat.h"
#include "suite.h"
#include "wire/build.h"
#include "wire/tcpopt.h"
#include "world.h"

#include <arpa/inet.h>
#include <conntrack/burst.h>
#include <conntrack/pressure.h>
#include <string.h>

enum { MAX = 100, SOFT = 300, WAIT = 5, CLIENT = 1000, SERVER = 5000 };
enum { IPV6 = 1, NAT = 2, WAYS = 4 };

static struct ct_world w;
static unsigned kind; /* set of IPV6, NAT */
static bool stamps_kept;
static uint32_t stamp; /* of the next segment; 0: without any */
static struct ct_nat_range to_server, from_router;
static struct ct_test_flow flow, outside;

/* What the table sent by itself. */
static struct {
	struct ct_segment seg[64];
	unsigned n;
} sent;

static void emit(void *user, const struct ct_pkt *pkt)
{
	struct ct_test_packet p = { .len = pkt->len, .l3 = pkt->l3, .l4 = 6 };

	(void)user;
	ck_assert_uint_lt(sent.n, 64);
	ck_assert(pkt->flags & CT_PKT_UNTRACKED);
	memcpy(p.bytes, pkt->data, pkt->len);
	ct_nat_sums_right(&p);
	ck_assert(ct_segment_read(&sent.seg[sent.n++], pkt->l3, pkt->data,
				  pkt->len));
}

static void set(const char *name, uint64_t value)
{
	ck_assert_int_eq(ct_param_set(w.tbl, name, value), 0);
}

static void start(unsigned which)
{
	const struct ct_host host = { .size = sizeof(host), .emit = emit };
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = MAX,
				       .host = &host };

	kind = which;
	sent.n = 0;
	stamp = 0;
	ct_world_create(&w, &cfg);
	set("overflow.probe", 1);
	set("overflow.low", 500);
	set("overflow.probe.timestamps", stamps_kept);
	ct_world_attach(&w);
	to_server = kind & IPV6 ? ct_nat_to6(9) : ct_nat_to(0x0a090909);
	from_router = kind & IPV6 ? ct_nat_to6(1) : ct_nat_to(0xcb007101);
}

static void finish(void)
{
	ct_world_settle(&w);
	ct_world_end(&w);
}

/* --- Conversations ---------------------------------------------------------- */

static void tell(const struct ct_test_flow *by, enum ct_dir dir,
		 const struct ct_test_segment *seg)
{
	struct ct_test_rules rules = { 0 };
	/* What it echoes nobody looks at. */
	const uint8_t options[12] = { 1, 1, 8, 10, 0, 0, 0, (uint8_t)stamp };
	struct ct_test_segment stamped = *seg;

	if (stamp) {
		stamped.options = options;
		stamped.options_len = sizeof(options);
		stamp++;
	}
	if (kind & NAT)
		rules = (struct ct_test_rules){ .dst = &to_server,
						.src = &from_router };
	ct_test_tcp(&w.p, by, dir, &stamped);
	ct_nat_pass(&w, &w.p, &rules);
}

static void say(const struct ct_test_flow *by, enum ct_dir dir, uint8_t flags,
		uint32_t seq, uint32_t ack)
{
	const struct ct_test_segment seg = {
		.flags = flags, .win = 1000, .seq = seq, .ack = ack
	};

	tell(by, dir, &seg);
}

static void meet_server(void)
{
	struct ct_segment seg;

	ck_assert(ct_segment_read(&seg, w.p.l3, w.p.bytes, w.p.len));
	outside = flow;
	memcpy(outside.src, seg.src.bytes, sizeof(outside.src));
	memcpy(outside.dst, seg.dst.bytes, sizeof(outside.dst));
	outside.sport = ntohs(seg.src_port);
	outside.dport = ntohs(seg.dst_port);
}

/* An open connection on which each end has said so many bytes. */
static void establish(uint32_t n, uint32_t said)
{
	struct ct_test_segment data = { .flags = CT_TEST_ACK,
					.win = 1000,
					.len = said };

	flow = kind & IPV6 ? ct_world_flow6(n) : ct_world_flow(n);
	say(&flow, CT_DIR_ORIG, CT_TEST_SYN, CLIENT, 0);
	meet_server();
	say(&outside, CT_DIR_REPLY, CT_TEST_SYN | CT_TEST_ACK, SERVER,
	    CLIENT + 1);
	say(&flow, CT_DIR_ORIG, CT_TEST_ACK, CLIENT + 1, SERVER + 1);
	data.seq = SERVER + 1;
	data.ack = CLIENT + 1;
	tell(&outside, CT_DIR_REPLY, &data);
	data.seq = CLIENT + 1;
	data.ack = SERVER + 1 + said;
	tell(&flow, CT_DIR_ORIG, &data);
	say(&outside, CT_DIR_REPLY, CT_TEST_ACK, SERVER + 1 + said,
	    CLIENT + 1 + said);
}

static bool lives(uint32_t n)
{
	struct ct_test_flow f =
		kind & IPV6 ? ct_world_flow6(n) : ct_world_flow(n);
	struct ct_tuple t = ct_world_tuple(&f, CT_DIR_ORIG);

	t.l4 = 6;
	return ct_find(w.thr, &t, NULL) != NULL;
}

/* Pressure: more than half of the places are taken. */
static void crowd(void)
{
	for (uint32_t i = 0; i < MAX / 2; i++) {
		struct ct_test_flow other = ct_world_flow(5000 + i);

		ct_world_udp(&w, &other, CT_DIR_ORIG);
	}
	ct_world_wait(&w, 1000);
}

/* Some polls, so that all has been looked at. */
static void look_around(void)
{
	for (unsigned i = 0; i < 64; i++)
		ct_world_wait(&w, 1000);
}

static void idle(uint32_t seconds)
{
	ct_world_wait(&w, seconds * CT_WORLD_S);
	crowd();
	look_around();
}

static void answer_server(void)
{
	say(&outside, CT_DIR_REPLY, CT_TEST_ACK, SERVER + 11, CLIENT + 11);
}

static void answer_client(void)
{
	say(&flow, CT_DIR_ORIG, CT_TEST_ACK, CLIENT + 11, SERVER + 11);
}

static struct ct_pressure pressure(void)
{
	struct ct_pressure now = { .size = sizeof(now) };

	ck_assert_int_eq(ct_pressure(w.tbl, &now), 0);
	return now;
}

/* --- Stories ------------------------------------------------------------------ */

START_TEST(the_server_is_asked_first)
{
	const uint32_t len = (_i & IPV6) ? 16 : 4;

	start((unsigned)_i);
	establish(1, 10);
	idle(SOFT + 1);
	ck_assert_uint_eq(sent.n, 1);
	ck_assert_uint_eq(sent.seg[0].flags, CT_SEG_ACK);
	ck_assert_uint_eq(sent.seg[0].seq, CLIENT + 11 - 1);
	ck_assert_uint_eq(sent.seg[0].ack, SERVER + 11);
	ck_assert_mem_eq(sent.seg[0].dst.bytes, outside.dst, len);
	ck_assert_mem_eq(sent.seg[0].src.bytes, outside.src, len);
	ck_assert_uint_eq(ntohs(sent.seg[0].dst_port), outside.dport);
	ck_assert(lives(1));
	finish();
}
END_TEST

START_TEST(then_the_client)
{
	const uint32_t len = (_i & IPV6) ? 16 : 4;

	start((unsigned)_i);
	establish(1, 10);
	idle(SOFT + 1);
	answer_server();
	idle(WAIT);
	ck_assert_uint_eq(sent.n, 2);
	ck_assert_uint_eq(sent.seg[1].seq, SERVER + 11 - 1);
	ck_assert_uint_eq(sent.seg[1].ack, CLIENT + 11);
	ck_assert_mem_eq(sent.seg[1].dst.bytes, flow.src, len);
	ck_assert_mem_eq(sent.seg[1].src.bytes, flow.dst, len);
	ck_assert_uint_eq(ntohs(sent.seg[1].src_port), flow.dport);
	answer_client();
	idle(WAIT);
	ck_assert(lives(1));
	ck_assert_uint_eq(sent.n, 2);
	ck_assert_uint_eq(pressure().probes, 2);
	ck_assert_uint_eq(pressure().probes_answered, 1);
	finish();
}
END_TEST

START_TEST(who_does_not_answer_twice_goes)
{
	start((unsigned)_i);
	establish(1, 10);
	idle(SOFT + 1);
	idle(WAIT);
	ck_assert_uint_eq(sent.n, 2);
	ck_assert(lives(1));
	idle(WAIT);
	ck_assert(!lives(1));
	ck_assert_uint_eq(sent.n, 2);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_UNANSWERED), 1);
	ck_assert_uint_eq(pressure().recycled, 1);
	finish();
}
END_TEST

START_TEST(one_end_alone_does_not_keep_it)
{
	start((unsigned)_i);
	establish(1, 10);
	idle(SOFT + 1);
	answer_server();
	idle(WAIT);
	idle(WAIT);
	idle(SOFT);
	ck_assert(!lives(1));
	finish();
}
END_TEST

START_TEST(a_reset_ends_it)
{
	start((unsigned)_i);
	establish(1, 10);
	idle(SOFT + 1);
	say(&outside, CT_DIR_REPLY, CT_TEST_RST, SERVER + 11, 0);
	ct_world_wait(&w, 11 * CT_WORLD_S);
	ck_assert(!lives(1));
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_UNANSWERED), 0);
	finish();
}
END_TEST

START_TEST(without_pressure_nobody_is_asked)
{
	start((unsigned)_i);
	establish(1, 10);
	ct_world_wait(&w, (SOFT + 1) * CT_WORLD_S);
	look_around();
	ck_assert_uint_eq(sent.n, 0);
	ck_assert(lives(1));
	finish();
}
END_TEST

START_TEST(when_the_pressure_is_gone_silence_is_no_end)
{
	start((unsigned)_i);
	establish(1, 10);
	idle(SOFT + 1);
	set("overflow.low", 1000);
	ct_world_wait(&w, WAIT * CT_WORLD_S);
	look_around();
	ct_world_wait(&w, WAIT * CT_WORLD_S);
	look_around();
	ck_assert(lives(1));
	finish();
}
END_TEST

START_TEST(classes_say_who_is_asked)
{
	struct ct_class_def def = { .size = sizeof(def),
				    .flags = CT_CLASS_PROBE };
	struct ct_tuple t;

	start((unsigned)_i);
	set("overflow.probe", 0);
	ck_assert_int_eq(ct_class_define(w.tbl, 3, &def), 0);
	establish(1, 10);
	establish(2, 10);
	t = ct_world_tuple(&flow, CT_DIR_ORIG);
	t.l4 = 6;
	ck_assert_int_eq(ct_conn_class_set(w.thr, ct_find(w.thr, &t, NULL), 3),
			 0);
	idle(SOFT + 1);
	ck_assert(!lives(1));
	ck_assert(lives(2));
	ck_assert_uint_eq(sent.n, 1);
	finish();
}
END_TEST

START_TEST(so_many_a_second_and_no_more)
{
	start((unsigned)_i);
	set("overflow.probe.rate", 10);
	for (uint32_t i = 0; i < 30; i++)
		establish(i, 10);
	idle(SOFT + 1);
	ck_assert_uint_eq(sent.n, 10);
	ct_world_wait(&w, CT_WORLD_S);
	look_around();
	ck_assert_uint_eq(sent.n, 20);
	finish();
}
END_TEST

/* A table that is full of connections that are asked keeps them. */
START_TEST(a_full_table_does_not_take_who_is_being_asked)
{
	start((unsigned)_i);
	set("overflow.policy", CT_OVERFLOW_SCORED);
	set("overflow.probation", 0);
	for (uint32_t i = 0; i < MAX; i++)
		establish(i, 10);
	ct_world_wait(&w, (SOFT + 1) * CT_WORLD_S);
	for (uint32_t i = 0; i < 20; i++) {
		struct ct_test_flow other = ct_world_flow(5000 + i);
		struct ct_pkt pkt;

		ct_test_udp(&w.p, &other, CT_DIR_ORIG, 10);
		pkt = ct_test_pkt(&w.p);
		ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_PREROUTING),
				 CT_DROP);
		ck_assert_uint_eq(pkt.reason, CT_R_TABLE_FULL);
	}
	for (uint32_t i = 0; i < MAX; i++)
		ck_assert(lives(i));
	finish();
}
END_TEST

START_TEST(who_gives_way_is_reset_at_both_ends)
{
	const bool translated = _i & NAT;

	start((unsigned)_i);
	set("overflow.probe", 0);
	set("overflow.reset", 1);
	establish(1, 10);
	idle(SOFT + 1);
	ck_assert(!lives(1));
	ck_assert_uint_eq(sent.n, translated ? 2 : 0);
	if (translated) {
		ck_assert_uint_eq(sent.seg[0].flags, CT_SEG_RST | CT_SEG_ACK);
		ck_assert_uint_eq(sent.seg[0].seq, CLIENT + 11);
		ck_assert_uint_eq(sent.seg[1].seq, SERVER + 11);
		ck_assert_mem_eq(sent.seg[1].dst.bytes, flow.src, 4);
	}
	finish();
}
END_TEST

/* --- Time stamps ---------------------------------------------------------- */

static void start_stamped(unsigned which, uint32_t first)
{
	stamps_kept = true;
	start(which);
	stamps_kept = false;
	stamp = first;
}

/* => The last of a keep-alive's two time stamps; false: it has none. */
static bool has_stamps(const struct ct_segment *seg, uint32_t val, uint32_t ecr)
{
	struct ct_tcpopt opt;

	ct_tcpopt_parse(ct_cursor_of(seg->options, seg->options_len), &opt);
	return opt.has_timestamp && opt.tsval == val && opt.tsecr == ecr;
}

/* Six segments: the client's are stamped 100, 102 and 104, the server's 101, 103
 * and 105. */
START_TEST(who_has_agreed_on_time_stamps_gets_some)
{
	start_stamped((unsigned)_i, 100);
	establish(1, 10);
	ck_assert_uint_eq(stamp, 106);
	idle(SOFT + 1);
	ck_assert_uint_eq(sent.n, 1);
	ck_assert(has_stamps(&sent.seg[0], 104, 105));
	answer_server();
	idle(WAIT);
	ck_assert_uint_eq(sent.n, 2);
	ck_assert(has_stamps(&sent.seg[1], 106, 104));
	finish();
}
END_TEST

START_TEST(who_has_not_gets_none)
{
	start_stamped((unsigned)_i, 0);
	establish(1, 10);
	idle(SOFT + 1);
	ck_assert_uint_eq(sent.n, 1);
	ck_assert_uint_eq(sent.seg[0].options_len, 0);
	finish();
}
END_TEST

START_TEST(none_are_kept_that_nobody_asked_for)
{
	start((unsigned)_i);
	stamp = 100;
	establish(1, 10);
	idle(SOFT + 1);
	ck_assert_uint_eq(sent.n, 1);
	ck_assert_uint_eq(sent.seg[0].options_len, 0);
	finish();
}
END_TEST

/* A segment that was sent before another one, and comes after it. */
START_TEST(an_older_stamp_does_not_count)
{
	start_stamped((unsigned)_i, 100);
	establish(1, 10);
	stamp = 50;
	answer_server();
	idle(SOFT + 1);
	ck_assert(has_stamps(&sent.seg[0], 104, 105));
	finish();
}
END_TEST

Suite *ct_suite(void)
{
	Suite *s = suite_create("flow/probe");
	TCase *tc = tcase_create("asked");

	tcase_add_loop_test(tc, the_server_is_asked_first, 0, WAYS);
	tcase_add_loop_test(tc, then_the_client, 0, WAYS);
	tcase_add_loop_test(tc, who_does_not_answer_twice_goes, 0, WAYS);
	tcase_add_loop_test(tc, one_end_alone_does_not_keep_it, 0, WAYS);
	tcase_add_loop_test(tc, a_reset_ends_it, 0, WAYS);
	tcase_add_loop_test(tc, without_pressure_nobody_is_asked, 0, WAYS);
	tcase_add_loop_test(tc, when_the_pressure_is_gone_silence_is_no_end, 0,
			    WAYS);
	tcase_add_loop_test(tc, classes_say_who_is_asked, 0, WAYS);
	tcase_add_loop_test(tc, so_many_a_second_and_no_more, 0, WAYS);
	tcase_add_loop_test(tc, a_full_table_does_not_take_who_is_being_asked,
			    0, WAYS);
	suite_add_tcase(s, tc);

	tc = tcase_create("reset");
	tcase_add_loop_test(tc, who_gives_way_is_reset_at_both_ends, 0, WAYS);
	suite_add_tcase(s, tc);

	tc = tcase_create("stamps");
	tcase_add_loop_test(tc, who_has_agreed_on_time_stamps_gets_some, 0,
			    WAYS);
	tcase_add_loop_test(tc, who_has_not_gets_none, 0, WAYS);
	tcase_add_loop_test(tc, none_are_kept_that_nobody_asked_for, 0, WAYS);
	tcase_add_loop_test(tc, an_older_stamp_does_not_count, 0, WAYS);
	suite_add_tcase(s, tc);
	return s;
}
