/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * H.323 calls: what is expected of Q.931 and H.245, and the bytes that NAT
 * leaves in them.  RAS is in h323_ras_flow.c.
 */
#include "dialog.h"
#include "per_out.h"
#include "suite.h"

#include <arpa/inet.h>
#include <conntrack/conn.h>
#include <conntrack/expect.h>
#include <string.h>

enum { TCP = 6, UDP = 17 };

#define CALLER 0x0a000002u /* 10.0.0.2 */
#define CALLEE 0xc6336405u /* 198.51.100.5 */
#define THIRD  0xc6336409u
#define PUBLIC 0xcb007101u /* 203.0.113.1 */

static struct ct_world w;
static struct ct_dialog talk; /* Q.931 */
static struct ct_dialog h245;
static struct ct_nat_range to_public;

static void setup(void)
{
	struct ct_test_flow flow = ct_dialog_flow(CALLER, 40000, CALLEE, 1720);

	ct_world_start(&w, 256);
	ct_dialog_begin(&talk, &w, "Q.931", &flow);
	to_public = ct_nat_to(PUBLIC);
}

static void teardown(void)
{
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_end(&w);
}

static void masquerade(struct ct_dialog *who)
{
	who->rules.src = &to_public;
}

/* --- Messages ----------------------------------------------------------- */

static uint8_t tpkt[2048];

static void say_call(enum ct_dir dir, const struct ct_per_call *call)
{
	ct_dialog_say(&talk, dir, tpkt, ct_per_call_tpkt(tpkt, call));
}

static void say_channel(struct ct_dialog *to, enum ct_dir dir,
			const struct ct_per_channel *ch)
{
	struct ct_per_out out;

	ct_per_begin(&out);
	ct_per_open_channel(&out, ch);
	ct_dialog_say(to, dir, tpkt, ct_per_tpkt(tpkt, &out));
}

/* How often an address and a port stand in what was said. */
static unsigned said(const struct ct_dialog *by, uint32_t addr, uint16_t port)
{
	const uint8_t bytes[6] = { (uint8_t)(addr >> 24), (uint8_t)(addr >> 16),
				   (uint8_t)(addr >> 8),  (uint8_t)addr,
				   (uint8_t)(port >> 8),  (uint8_t)port };
	unsigned n = 0;

	for (uint32_t i = 0; i + sizeof(bytes) <= by->said_len; i++)
		n += memcmp(by->said + i, bytes, sizeof(bytes)) == 0;
	return n;
}

/* Who comes from there to here is expected, and gets here. */
static struct ct_conn *met(uint32_t from, uint32_t to, uint16_t port,
			   uint8_t l4)
{
	const struct ct_test_flow flow = ct_dialog_flow(from, 3333, to, port);
	struct ct_pkt pkt = ct_dialog_knock(&talk, &flow, l4);

	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert_ptr_nonnull(ct_conn_master(w.tbl, pkt.conn));
	return pkt.conn;
}

static void not_met(uint32_t from, uint32_t to, uint16_t port, uint8_t l4)
{
	const struct ct_test_flow flow = ct_dialog_flow(from, 3333, to, port);

	ck_assert_int_eq(ct_dialog_knock(&talk, &flow, l4).state, CT_NEW);
}

static bool count_expects(void *user, struct ct_expect *exp)
{
	unsigned *n = user;

	(void)exp;
	(*n)++;
	return true;
}

static unsigned expects(void)
{
	unsigned n = 0;

	ct_expect_walk(w.thr, NULL, count_expects, &n);
	return n;
}

static const struct ct_per_channel channel = {
	.number = 1,
	.media = { CALLER, 5000 },
	.control = { CALLER, 5001 },
};

static struct ct_per_call fast_setup(void)
{
	return (struct ct_per_call){
		.body = CT_PER_BODY_SETUP,
		.dest = { CALLEE, 1720 },
		.source = { CALLER, 40000 },
		.fast = &channel,
		.n_fast = 1,
	};
}

/* --- Fast start --------------------------------------------------------- */

START_TEST(fast_start_lets_the_media_pass)
{
	const struct ct_per_call call = fast_setup();
	struct ct_conn *master;

	ct_dialog_connect(&talk);
	say_call(CT_DIR_ORIG, &call);
	master = talk.pkt.conn;
	ck_assert_uint_eq(expects(), 2);
	ck_assert_ptr_eq(ct_conn_master(w.tbl, met(CALLEE, CALLER, 5000, UDP)),
			 master);
	met(CALLEE, CALLER, 5001, UDP);
	ck_assert_uint_eq(expects(), 0);
}
END_TEST

START_TEST(fast_start_is_translated)
{
	const struct ct_per_call call = fast_setup();

	masquerade(&talk);
	ct_dialog_connect(&talk);
	say_call(CT_DIR_ORIG, &call);
	ck_assert_uint_eq(said(&talk, PUBLIC, 5000), 1);
	ck_assert_uint_eq(said(&talk, PUBLIC, 5001), 1);
	ck_assert_uint_eq(said(&talk, PUBLIC, 40000), 1);
	ck_assert_uint_eq(said(&talk, CALLEE, 1720), 1);
	ck_assert_uint_eq(said(&talk, CALLER, 5000), 0);
	met(CALLEE, PUBLIC, 5000, UDP);
	ct_dialog_goes_to(&talk, CALLER, 5000);
	met(CALLEE, PUBLIC, 5001, UDP);
	ct_dialog_goes_to(&talk, CALLER, 5001);
}
END_TEST

/* Two callers behind one address announce the same ports. */
START_TEST(taken_ports_are_passed_over)
{
	const struct ct_test_flow flow =
		ct_dialog_flow(CALLER + 1, 40000, CALLEE, 1720);
	struct ct_per_channel other = channel;
	struct ct_per_call call = fast_setup();

	masquerade(&talk);
	ct_dialog_connect(&talk);
	say_call(CT_DIR_ORIG, &call);
	ct_dialog_begin(&talk, &w, "Q.931", &flow);
	masquerade(&talk);
	ct_dialog_connect(&talk);
	other.media.addr = CALLER + 1;
	other.control.addr = CALLER + 1;
	call.fast = &other;
	say_call(CT_DIR_ORIG, &call);
	ck_assert_uint_eq(said(&talk, PUBLIC, 5002), 1);
	ck_assert_uint_eq(said(&talk, PUBLIC, 5003), 1);
	met(CALLEE, PUBLIC, 5000, UDP);
	ct_dialog_goes_to(&talk, CALLER, 5000);
	met(CALLEE, PUBLIC, 5002, UDP);
	ct_dialog_goes_to(&talk, CALLER + 1, 5000);
}
END_TEST

START_TEST(a_retransmitted_setup_is_the_same)
{
	const struct ct_per_call call = fast_setup();

	masquerade(&talk);
	ct_dialog_connect(&talk);
	say_call(CT_DIR_ORIG, &call);
	talk.seq[CT_DIR_ORIG] -= talk.said_len;
	say_call(CT_DIR_ORIG, &call);
	ck_assert_uint_eq(said(&talk, PUBLIC, 5000), 1);
	ck_assert_uint_eq(said(&talk, PUBLIC, 5001), 1);
	ck_assert_uint_eq(expects(), 2);
}
END_TEST

/* --- H.245 -------------------------------------------------------------- */

/* The callee tells where H.245 is; the caller connects to it. */
static void open_h245(void)
{
	const struct ct_per_call call = { .body = CT_PER_BODY_CONNECT,
					  .h245 = { CALLEE, 1232 } };
	struct ct_test_flow flow = ct_dialog_flow(CALLER, 40001, CALLEE, 1232);

	ct_dialog_connect(&talk);
	say_call(CT_DIR_REPLY, &call);
	ck_assert_uint_eq(expects(), 1);
	ct_dialog_begin(&h245, &w, NULL, &flow);
	h245.rules = talk.rules;
	ct_dialog_connect(&h245);
	ck_assert_str_eq(ct_conn_helper(w.tbl, h245.pkt.conn), "H.245");
	ck_assert_ptr_eq(ct_conn_master(w.tbl, h245.pkt.conn), talk.pkt.conn);
	ck_assert_uint_eq(expects(), 0);
}

START_TEST(several_channels_of_a_separate_h245)
{
	const struct ct_per_channel video = { .number = 2,
					      .media = { CALLER, 5004 } };
	const struct ct_per_channel back = { .number = 1,
					     .control = { CALLEE, 6001 } };

	open_h245();
	say_channel(&h245, CT_DIR_ORIG, &channel);
	say_channel(&h245, CT_DIR_ORIG, &video);
	say_channel(&h245, CT_DIR_REPLY, &back);
	ck_assert_uint_eq(expects(), 6);
	met(CALLEE, CALLER, 5000, UDP);
	met(CALLEE, CALLER, 5005, UDP);
	met(CALLER, CALLEE, 6000, UDP);
	met(CALLER, CALLEE, 6001, UDP);
}
END_TEST

START_TEST(h245_channels_are_translated)
{
	const struct ct_per_channel video = { .number = 2,
					      .media = { CALLER, 5004 } };
	const struct ct_per_channel back = { .number = 1,
					     .media = { CALLEE, 6000 } };

	masquerade(&talk);
	open_h245();
	say_channel(&h245, CT_DIR_ORIG, &channel);
	ck_assert_uint_eq(said(&h245, PUBLIC, 5000), 1);
	ck_assert_uint_eq(said(&h245, PUBLIC, 5001), 1);
	say_channel(&h245, CT_DIR_ORIG, &video);
	ck_assert_uint_eq(said(&h245, PUBLIC, 5004), 1);
	say_channel(&h245, CT_DIR_REPLY, &back);
	ck_assert_uint_eq(said(&h245, CALLEE, 6000), 1);
	met(CALLEE, PUBLIC, 5000, UDP);
	ct_dialog_goes_to(&talk, CALLER, 5000);
	met(CALLEE, PUBLIC, 5005, UDP);
	ct_dialog_goes_to(&talk, CALLER, 5005);
	met(CALLER, CALLEE, 6000, UDP);
	ct_dialog_comes_from(&talk, PUBLIC);
}
END_TEST

/* The caller is asked to open H.245 towards an inside callee. */
START_TEST(h245_address_is_translated)
{
	const struct ct_per_call call = { .body = CT_PER_BODY_FACILITY,
					  .reason = 3,
					  .h245 = { CALLER, 1300 } };

	masquerade(&talk);
	ct_dialog_connect(&talk);
	say_call(CT_DIR_ORIG, &call);
	ck_assert_uint_eq(said(&talk, PUBLIC, 1300), 1);
	ck_assert_str_eq(ct_conn_helper(w.tbl, met(CALLEE, PUBLIC, 1300, TCP)),
			 "H.245");
	ct_dialog_goes_to(&talk, CALLER, 1300);
}
END_TEST

START_TEST(acknowledged_channels_are_expected)
{
	struct ct_per_out out;

	masquerade(&talk);
	open_h245();
	ct_per_begin(&out);
	ct_per_channel_ack(&out, &channel);
	ct_dialog_say(&h245, CT_DIR_ORIG, tpkt, ct_per_tpkt(tpkt, &out));
	ck_assert_uint_eq(said(&h245, PUBLIC, 5000), 1);
	ck_assert_uint_eq(said(&h245, PUBLIC, 5001), 1);
	met(CALLEE, PUBLIC, 5000, UDP);
	met(CALLEE, PUBLIC, 5001, UDP);
}
END_TEST

START_TEST(t120_takes_any_number)
{
	const struct ct_per_channel data = { .number = 3,
					     .data = { CALLER, 1503 } };
	const struct ct_test_flow again =
		ct_dialog_flow(CALLEE, 3334, PUBLIC, 1503);

	masquerade(&talk);
	open_h245();
	say_channel(&h245, CT_DIR_ORIG, &data);
	ck_assert_uint_eq(said(&h245, PUBLIC, 1503), 1);
	met(CALLEE, PUBLIC, 1503, TCP);
	ct_dialog_goes_to(&talk, CALLER, 1503);
	ck_assert_int_eq(ct_dialog_knock(&talk, &again, TCP).state, CT_RELATED);
}
END_TEST

START_TEST(tunnelled_h245_is_looked_into)
{
	const struct ct_per_channel video = { .number = 2,
					      .media = { CALLER, 5004 } };
	struct ct_per_out control[2];
	const struct ct_per_call call = { .body = CT_PER_BODY_FACILITY,
					  .reason = 3,
					  .tunnelled = control,
					  .n_tunnelled = 2 };

	ct_per_begin(&control[0]);
	ct_per_open_channel(&control[0], &channel);
	ct_per_begin(&control[1]);
	ct_per_open_channel(&control[1], &video);
	masquerade(&talk);
	ct_dialog_connect(&talk);
	say_call(CT_DIR_ORIG, &call);
	ck_assert_uint_eq(said(&talk, PUBLIC, 5000), 1);
	ck_assert_uint_eq(said(&talk, PUBLIC, 5004), 1);
	met(CALLEE, PUBLIC, 5000, UDP);
	met(CALLEE, PUBLIC, 5004, UDP);
}
END_TEST

START_TEST(a_call_is_forwarded_to_somebody_else)
{
	const struct ct_per_call call = { .body = CT_PER_BODY_FACILITY,
					  .reason = 1,
					  .forward = { THIRD, 1720 } };
	struct ct_per_call no = call;

	ct_dialog_connect(&talk);
	no.reason = 3;
	say_call(CT_DIR_REPLY, &no);
	ck_assert_uint_eq(expects(), 0);
	say_call(CT_DIR_REPLY, &call);
	ck_assert_str_eq(ct_conn_helper(w.tbl, met(CALLER, THIRD, 1720, TCP)),
			 "Q.931");
}
END_TEST

/* Linux follows only those that pass by it; but not to the caller itself. */
START_TEST(a_call_is_forwarded_on_the_callers_side)
{
	const uint32_t neighbour = CALLER + 7;
	struct ct_per_call call = { .body = CT_PER_BODY_FACILITY,
				    .reason = 1,
				    .forward = { CALLER, 1720 } };

	ct_dialog_connect(&talk);
	say_call(CT_DIR_REPLY, &call);
	ck_assert_uint_eq(expects(), 0);
	call.forward.addr = neighbour;
	say_call(CT_DIR_REPLY, &call);
	ck_assert_str_eq(
		ct_conn_helper(w.tbl, met(CALLER, neighbour, 1720, TCP)),
		"Q.931");
}
END_TEST

/* --- IPv6 --------------------------------------------------------------- */

START_TEST(ipv6_is_translated)
{
	struct ct_test_flow flow = ct_test_flow6;
	const struct ct_per_channel ch = { .number = 1,
					   .media6 = flow.src,
					   .media.port = 5000 };
	const struct ct_per_call call = { .body = CT_PER_BODY_SETUP,
					  .h245_6 = flow.src,
					  .h245.port = 1300,
					  .fast = &ch,
					  .n_fast = 1 };
	struct ct_nat_range six = ct_nat_to6(7);
	unsigned n = 0;

	flow.dport = 1720;
	ct_dialog_begin(&talk, &w, "Q.931", &flow);
	talk.rules.src = &six;
	ct_dialog_connect(&talk);
	say_call(CT_DIR_ORIG, &call);
	for (uint32_t i = 0; i + 16 <= talk.said_len; i++)
		n += memcmp(talk.said + i, &six.min_addr, 16) == 0;
	ck_assert_uint_eq(n, 2);
	memcpy(flow.src, ct_test_flow6.dst, 16);
	memcpy(flow.dst, &six.min_addr, 16);
	flow.dport = 5000;
	ck_assert_int_eq(ct_dialog_knock(&talk, &flow, UDP).state, CT_RELATED);
	ck_assert_mem_eq(talk.p.bytes + 24, ct_test_flow6.src, 16);
}
END_TEST

/* --- TPKTs -------------------------------------------------------------- */

START_TEST(a_lone_header_is_remembered)
{
	const struct ct_per_call call = fast_setup();
	size_t len = ct_per_call_tpkt(tpkt, &call);

	masquerade(&talk);
	ct_dialog_connect(&talk);
	ct_dialog_say(&talk, CT_DIR_ORIG, tpkt, 4);
	ct_dialog_say(&talk, CT_DIR_ORIG, tpkt + 4, len - 4);
	ck_assert_uint_eq(said(&talk, PUBLIC, 5000), 1);
	ck_assert_uint_eq(expects(), 2);
}
END_TEST

START_TEST(several_tpkts_in_a_segment)
{
	const struct ct_per_channel video = { .number = 2,
					      .media = { CALLER, 5004 } };
	struct ct_per_out out;
	size_t len;

	ck_assert_int_eq(ct_param_set(w.tbl, "helper.stream", _i ? 8192 : 0),
			 0);
	masquerade(&talk);
	open_h245();
	ct_per_begin(&out);
	ct_per_open_channel(&out, &channel);
	len = ct_per_tpkt(tpkt, &out);
	ct_per_begin(&out);
	ct_per_open_channel(&out, &video);
	len += ct_per_tpkt(tpkt + len, &out);
	ct_dialog_say(&h245, CT_DIR_ORIG, tpkt, len);
	ck_assert_uint_eq(said(&h245, PUBLIC, 5000), 1);
	ck_assert_uint_eq(said(&h245, PUBLIC, 5004), 1);
	ck_assert_uint_eq(expects(), 4);
}
END_TEST

/* Nothing is expected of a part, by itself. */
START_TEST(a_split_tpkt_alone_is_nothing)
{
	const struct ct_per_call call = fast_setup();
	size_t len = ct_per_call_tpkt(tpkt, &call);

	ct_dialog_connect(&talk);
	ct_dialog_say(&talk, CT_DIR_ORIG, tpkt, len - 2);
	ct_dialog_say(&talk, CT_DIR_ORIG, tpkt + len - 2, 2);
	ck_assert_uint_eq(expects(), 0);
}
END_TEST

/* --- What is not believed ----------------------------------------------- */

START_TEST(third_addresses_are_passed_over)
{
	struct ct_per_channel other = channel;
	struct ct_per_call call = fast_setup();

	other.media.addr = THIRD;
	other.control.addr = THIRD;
	call.fast = &other;
	ct_dialog_connect(&talk);
	say_call(CT_DIR_ORIG, &call);
	ck_assert_uint_eq(expects(), 0);
	not_met(CALLEE, THIRD, 5000, UDP);
}
END_TEST

START_TEST(strict_mode_opens_no_known_ports)
{
	const struct ct_per_call call = { .body = CT_PER_BODY_FACILITY,
					  .reason = 1,
					  .forward = { THIRD, 1720 },
					  .h245 = { CALLER, 445 } };

	ck_assert_int_eq(ct_param_set(w.tbl, "helper.strict", 1), 0);
	ct_dialog_connect(&talk);
	say_call(CT_DIR_ORIG, &call);
	ck_assert_uint_eq(expects(), 0);
	not_met(CALLEE, CALLER, 445, TCP);
}
END_TEST

START_TEST(rubbish_passes)
{
	uint8_t bytes[64];

	ct_dialog_connect(&talk);
	memset(bytes, 0xff, sizeof(bytes));
	ct_dialog_say(&talk, CT_DIR_ORIG, bytes, sizeof(bytes));
	memcpy(bytes, "\3\0\0\x40\x08\x02", 6);
	ct_dialog_say(&talk, CT_DIR_ORIG, bytes, sizeof(bytes));
	ck_assert_uint_eq(expects(), 0);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("h323_flow");
	TCase *tc = tcase_create("calls");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, fast_start_lets_the_media_pass);
	tcase_add_test(tc, fast_start_is_translated);
	tcase_add_test(tc, taken_ports_are_passed_over);
	tcase_add_test(tc, a_retransmitted_setup_is_the_same);
	tcase_add_test(tc, several_channels_of_a_separate_h245);
	tcase_add_test(tc, h245_channels_are_translated);
	tcase_add_test(tc, h245_address_is_translated);
	tcase_add_test(tc, acknowledged_channels_are_expected);
	tcase_add_test(tc, t120_takes_any_number);
	tcase_add_test(tc, tunnelled_h245_is_looked_into);
	tcase_add_test(tc, a_call_is_forwarded_to_somebody_else);
	tcase_add_test(tc, a_call_is_forwarded_on_the_callers_side);
	tcase_add_test(tc, ipv6_is_translated);
	tcase_add_test(tc, a_lone_header_is_remembered);
	tcase_add_loop_test(tc, several_tpkts_in_a_segment, 0, 2);
	tcase_add_test(tc, a_split_tpkt_alone_is_nothing);
	tcase_add_test(tc, third_addresses_are_passed_over);
	tcase_add_test(tc, strict_mode_opens_no_known_ports);
	tcase_add_test(tc, rubbish_passes);
	suite_add_tcase(suite, tc);
	return suite;
}
