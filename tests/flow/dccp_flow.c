/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DCCP conversations: lives, numbers, roles, coverage, NAT; and what they are
 * where DCCP is not tracked.
 */
#include "dccp.h"
#include "nat.h"
#include "suite.h"

#include <string.h>

/* A line leaves out the column at its end when nobody wants it. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

enum { IP = 20, SUM = CT_TEST_DCCP_SUM };
enum { HDR = CT_TEST_DCCP_HDR, DATA_LEN = CT_TEST_DCCP_DATA };

enum type {
	REQUEST,
	RESPONSE,
	DATA,
	ACK,
	DATAACK,
	CLOSEREQ,
	CLOSE,
	RESET,
	SYNC,
	SYNCACK,
	LISTEN
};

/* A packet, and what it must find. */
struct line {
	enum ct_dir who;
	enum type type;
	uint64_t seq;
	uint64_t ack;
	enum ct_state state;
	const char *name;      /* of the connection's state afterwards */
	uint32_t timeout;      /* in the recommended profile */
	enum ct_reason reason; /* NONE: not looked at */
};

#define ORIG  CT_DIR_ORIG
#define REPLY CT_DIR_REPLY
#define NEW   CT_NEW
#define EST   CT_ESTABLISHED
#define INV   CT_INVALID

/* clang-format off */
#define ASKED \
	{ ORIG,  REQUEST,  100, 0,   NEW, "REQUEST",  240 }
#define ANSWERED ASKED, \
	{ REPLY, RESPONSE, 500, 100, EST, "RESPOND",  480 }
#define HALF_OPEN ANSWERED, \
	{ ORIG,  ACK,      101, 500, EST, "PARTOPEN", 480 }
#define OPENED HALF_OPEN, \
	{ REPLY, DATAACK,  501, 101, EST, "OPEN",     7440 }

static const struct line the_server_asks_to_close[] = {
	OPENED,
	{ ORIG,  DATA,     102, 0,   EST, "OPEN",     7440 },
	{ REPLY, CLOSEREQ, 502, 102, EST, "CLOSEREQ", 240 },
	{ ORIG,  CLOSE,    103, 502, EST, "CLOSING",  240 },
	{ REPLY, RESET,    503, 103, EST, "TIMEWAIT", 240 },
};

static const struct line a_client_does_not_ask_to_close[] = {
	OPENED,
	{ ORIG,  CLOSEREQ, 102, 501, INV, "OPEN", 7440, CT_R_DCCP_STATE },
};

static const struct line a_request_comes_again_with_a_new_number[] = {
	ASKED,
	{ ORIG,  REQUEST,  101, 0,   NEW, "REQUEST", 240 },
	{ REPLY, RESPONSE, 500, 99,  INV, "REQUEST", 240, CT_R_DCCP_ACK },
	{ REPLY, RESPONSE, 500, 102, INV, "REQUEST", 240, CT_R_DCCP_ACK },
	{ REPLY, RESPONSE, 500, 100, EST, "RESPOND", 480 },
};

/* Who does not see the Response cannot open. */
static const struct line a_guessed_ack_does_not_open[] = {
	ANSWERED,
	{ ORIG,  ACK, 101, 499, INV, "RESPOND",  480, CT_R_DCCP_ACK },
	{ ORIG,  ACK, 101, 501, INV, "RESPOND",  480, CT_R_DCCP_ACK },
	{ ORIG,  ACK, 101, 500, EST, "PARTOPEN", 480 },
};

static const struct line a_refusal_answers_the_request[] = {
	ASKED,
	{ REPLY, RESET, 0, 101, INV, "REQUEST",  240, CT_R_DCCP_ACK },
	{ REPLY, RESET, 0, 100, EST, "TIMEWAIT", 240 },
};

static const struct line a_blind_reset_does_nothing[] = {
	OPENED,
	{ REPLY, RESET, 501, 101,           INV, "OPEN", 7440,
	  CT_R_DCCP_RESET },
	{ REPLY, RESET, 502, 90000,         INV, "OPEN", 7440,
	  CT_R_DCCP_ACK },
	{ REPLY, RESET, UINT64_C(1) << 40, 101,
					    INV, "OPEN", 7440,
	  CT_R_DCCP_SEQ },
	{ REPLY, RESET, 502, 101,           EST, "TIMEWAIT", 240 },
};

static const struct line a_sync_may_leap[] = {
	OPENED,
	{ REPLY, DATA,    UINT64_C(1) << 30, 0,
					 INV, "OPEN", 7440, CT_R_DCCP_SEQ },
	{ REPLY, SYNC,    UINT64_C(1) << 30, 101,
					 EST, "OPEN", 7440 },
	{ ORIG,  SYNCACK, 102, UINT64_C(1) << 30,
					 EST, "OPEN", 7440 },
};

/* The server does not remember; the client resets, and asks again. */
static const struct line a_client_begins_anew[] = {
	OPENED,
	{ ORIG,  REQUEST,  9000, 0,    EST, "OPEN",     7440, CT_R_IGNORED },
	{ REPLY, SYNC,     502,  101,  EST, "OPEN",     7440 },
	{ ORIG,  RESET,    102,  502,  EST, "TIMEWAIT", 240 },
	{ ORIG,  REQUEST,  9001, 0,    NEW, "REQUEST",  240 },
	{ REPLY, RESPONSE, 7000, 9001, EST, "RESPOND",  480 },
};

/* After the end the other one may be the client. */
static const struct line the_roles_may_change[] = {
	OPENED,
	{ ORIG,  RESET,    102, 501, EST, "TIMEWAIT", 240 },
	{ REPLY, REQUEST,  800, 0,   NEW, "REQUEST",  240 },
	{ ORIG,  RESPONSE, 300, 800, EST, "RESPOND",  480 },
	{ REPLY, ACK,      801, 300, EST, "PARTOPEN", 480 },
	{ ORIG,  ACK,      301, 801, EST, "OPEN",     7440 },
};

/* RFC 5596: the server speaks first, to open the way. */
static const struct line a_listen_waits_for_the_request[] = {
	{ ORIG,  LISTEN,   0,   0,   NEW, "LISTEN",   240 },
	{ ORIG,  LISTEN,   0,   0,   NEW, "LISTEN",   240 },
	{ REPLY, REQUEST,  100, 0,   EST, "REQUEST",  240 },
	{ ORIG,  RESPONSE, 500, 100, EST, "RESPOND",  480 },
	{ REPLY, ACK,      101, 500, EST, "PARTOPEN", 480 },
	{ ORIG,  DATA,     501, 0,   EST, "OPEN",     7440 },
	{ REPLY, CLOSEREQ, 102, 501, INV, "OPEN",     7440, CT_R_DCCP_STATE },
	{ ORIG,  CLOSEREQ, 502, 101, EST, "CLOSEREQ", 240 },
};

static const struct line listen_and_request_cross[] = {
	ASKED,
	{ REPLY, LISTEN,   0,   0,   EST, "REQUEST", 240 },
	{ REPLY, RESPONSE, 500, 100, EST, "RESPOND", 480 },
};

static const struct line the_client_acknowledges_until_it_knows[] = {
	HALF_OPEN,
	{ REPLY, RESPONSE, 501, 100, EST, "PARTOPEN", 480, CT_R_IGNORED },
	{ REPLY, SYNC,     502, 101, EST, "PARTOPEN", 480 },
	{ ORIG,  DATAACK,  102, 502, EST, "PARTOPEN", 480 },
	{ REPLY, ACK,      503, 102, EST, "OPEN",     7440 },
};

static const struct line a_stream_is_picked_up[] = {
	{ ORIG,  DATA,     77,    0,     NEW, "OPEN",     7440 },
	{ REPLY, ACK,      60000, 77,    EST, "OPEN",     7440 },
	{ ORIG,  CLOSEREQ, 78,    60000, EST, "CLOSEREQ", 240 },
	{ REPLY, CLOSE,    60001, 78,    EST, "CLOSING",  240 },
	{ REPLY, CLOSEREQ, 60002, 78,    EST, "CLOSING",  240 },
};

static const struct line other_packets_open_nothing[] = {
	{ ORIG, RESPONSE, 1, 1, INV, NULL, 0, CT_R_DCCP_NEW },
	{ ORIG, CLOSE,    1, 1, INV, NULL, 0, CT_R_DCCP_NEW },
	{ ORIG, RESET,    1, 1, INV, NULL, 0, CT_R_DCCP_NEW },
	{ ORIG, SYNC,     1, 1, INV, NULL, 0, CT_R_DCCP_NEW },
};

static const struct line an_overtaken_packet_is_let_pass[] = {
	OPENED,
	{ ORIG,  DATA,  103, 0,   EST, "OPEN", 7440 },
	{ ORIG,  DATA,  102, 0,   EST, "OPEN", 7440 },
	{ ORIG,  CLOSE, 103, 501, EST, "OPEN", 7440, CT_R_BELOW_WINDOW },
};
/* clang-format on */

static const struct story {
	const char *name;
	const struct line *lines;
	size_t n;
} stories[] = {
#define STORY(name)                                       \
	{                                                 \
#name, name, sizeof(name) / sizeof(*name) \
	}
	STORY(the_server_asks_to_close),
	STORY(a_client_does_not_ask_to_close),
	STORY(a_request_comes_again_with_a_new_number),
	STORY(a_guessed_ack_does_not_open),
	STORY(a_refusal_answers_the_request),
	STORY(a_blind_reset_does_nothing),
	STORY(a_sync_may_leap),
	STORY(a_client_begins_anew),
	STORY(the_roles_may_change),
	STORY(a_listen_waits_for_the_request),
	STORY(listen_and_request_cross),
	STORY(the_client_acknowledges_until_it_knows),
	STORY(a_stream_is_picked_up),
	STORY(other_packets_open_nothing),
	STORY(an_overtaken_packet_is_let_pass),
};

enum { STORIES = sizeof(stories) / sizeof(*stories) };

static struct ct_world w;
static struct ct_test_packet p;

static void start(enum ct_profile profile)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = 64,
				       .profile = profile };

	ct_world_create(&w, &cfg);
}

static void setup(void)
{
	start(CT_PROFILE_RECOMMENDED);
	ct_world_attach(&w);
}

static void teardown(void)
{
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_end(&w);
}

/* --- Packets ------------------------------------------------------------ */

static void build(const struct ct_test_flow *flow, const struct line *line,
		  uint8_t coverage)
{
	ct_test_dccp(&p, flow, line->who,
		     &(struct ct_test_dccp){ .type = (uint8_t)line->type,
					     .coverage = coverage,
					     .seq = line->seq,
					     .ack = line->ack });
}

/* --- Stories ------------------------------------------------------------ */

/* What the line says of the connection, which is the only one. */
static void expect(const struct story *story, unsigned i, struct ct_conn *conn)
{
	const struct line *line = &story->lines[i];

	ck_assert_msg(!conn == !line->name, "%s %u", story->name, i);
	if (!conn)
		return;
	ck_assert_msg(strcmp(ct_conn_state_name(w.tbl, conn), line->name) == 0,
		      "%s %u: %s", story->name, i,
		      ct_conn_state_name(w.tbl, conn));
	ck_assert_uint_le(ct_conn_expires(w.thr, conn), line->timeout);
	ck_assert_uint_ge(ct_conn_expires(w.thr, conn) + 1, line->timeout);
}

static void play(const struct ct_test_flow *flow, const struct story *story)
{
	struct ct_conn *conn = NULL;

	for (unsigned i = 0; i < story->n; i++) {
		const struct line *line = &story->lines[i];
		struct ct_pkt pkt;

		build(flow, line, 0);
		pkt = ct_test_pkt(&p);
		ct_process(w.thr, &pkt, CT_HOOK_PREROUTING);
		ck_assert_msg(pkt.state == line->state, "%s %u: %d, %s",
			      story->name, i, pkt.state,
			      ct_reason_text(pkt.reason)->text);
		if (line->reason)
			ck_assert_msg(pkt.reason == line->reason, "%s %u: %s",
				      story->name, i,
				      ct_reason_text(pkt.reason)->text);
		ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
		if (pkt.conn)
			conn = pkt.conn; /* nobody polls */
		expect(story, i, conn);
	}
}

START_TEST(a_story)
{
	play(&ct_test_flow4, &stories[_i]);
}
END_TEST

START_TEST(a_story_over_ipv6)
{
	play(&ct_test_flow6, &stories[_i]);
}
END_TEST

static struct ct_pkt pass(const struct line *line, uint8_t coverage)
{
	struct ct_pkt pkt;

	build(&ct_test_flow4, line, coverage);
	pkt = ct_test_pkt(&p);
	ct_process(w.thr, &pkt, CT_HOOK_PREROUTING);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	return pkt;
}

START_TEST(open_connections_are_assured)
{
	static const struct line opened[] = { OPENED };

	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq((ct_conn_status(pass(&opened[i], 0).conn) &
				  CT_S_ASSURED) != 0,
				 i == 3);
}
END_TEST

START_TEST(pick_up_may_be_switched_off)
{
	static const struct line data = { ORIG, DATA, 77, 0, INV, NULL, 0 };

	ck_assert_int_eq(ct_param_set(w.tbl, "dccp.loose", 0), 0);
	ck_assert_int_eq(pass(&data, 0).reason, CT_R_DCCP_MIDSTREAM);
}
END_TEST

/* --- Checksum ----------------------------------------------------------- */

/* Data that is not covered may break; what is covered may not. */
START_TEST(only_what_is_covered_is_summed)
{
	static const struct line first = ASKED;

	for (uint8_t coverage = 0; coverage <= 3; coverage++) {
		for (uint32_t at = 0; at < DATA_LEN; at++) {
			bool covered = !coverage || at < (coverage - 1u) * 4;
			struct ct_pkt pkt;

			build(&ct_test_flow4, &first, coverage);
			p.bytes[IP + HDR + at] ^= 1;
			pkt = ct_test_pkt(&p);
			ct_process(w.thr, &pkt, CT_HOOK_PREROUTING);
			ck_assert_int_eq(pkt.state,
					 covered ? CT_INVALID : CT_NEW);
			ct_abandon(w.thr, &pkt);
		}
	}
}
END_TEST

/* RFC 5597, REQ-11 to REQ-13. */
START_TEST(a_translated_sum_covers_as_much)
{
	static const struct line first = ASKED;
	struct ct_nat_range to =
		ct_nat_ports(ct_nat_to(0xcb007101), 7000, 7000);
	const struct ct_test_rules rules = { .src = &to };

	for (uint8_t coverage = 0; coverage <= 3; coverage++) {
		struct ct_test_packet before;
		uint16_t is;

		build(&ct_test_flow4, &first, coverage);
		before = p;
		ct_nat_pass(&w, &p, &rules);
		ck_assert_uint_eq(ct_nat_u16(&p, IP), 7000);
		is = ct_nat_u16(&p, IP + SUM);
		ct_test_dccp_sum(&p);
		ck_assert_uint_eq(is, ct_nat_u16(&p, IP + SUM));
		ct_nat_put(&p, IP, 40000);
		memcpy(p.bytes + IP + SUM, before.bytes + IP + SUM, 2);
		ck_assert_mem_eq(p.bytes + IP, before.bytes + IP,
				 HDR + DATA_LEN);
		ct_flush(w.thr, NULL);
	}
}
END_TEST

/* --- Where it is not tracked -------------------------------------------- */

START_TEST(linux_does_not_know_it)
{
	static const struct line response = { REPLY, RESPONSE, 1, 1,
					      EST,   NULL,     0 };
	static const struct line close = { ORIG, CLOSE, 1, 1, NEW, NULL, 0 };
	struct ct_tuple t;
	struct ct_pkt pkt;

	start(CT_PROFILE_LINUX);
	ct_world_attach(&w);
	pkt = pass(&close, 0);
	ck_assert_int_eq(pkt.state, CT_NEW);
	ck_assert_uint_eq(ct_conn_expires(w.thr, pkt.conn), 600);
	ct_conn_tuple(pkt.conn, CT_DIR_ORIG, &t);
	ck_assert_uint_eq(t.src_id, 0);
	ck_assert_int_eq(pass(&response, 0).state, CT_ESTABLISHED);
	teardown();
}
END_TEST

START_TEST(a_parameter_tracks_it)
{
	static const struct line close = { ORIG, CLOSE, 1, 1, INV, NULL, 0 };

	start(CT_PROFILE_LINUX);
	ck_assert_int_eq(ct_param_set(w.tbl, "dccp.track", 1), 0);
	ct_world_attach(&w);
	ck_assert_int_eq(ct_param_set(w.tbl, "dccp.track", 0), CT_E_SEALED);
	ck_assert_int_eq(pass(&close, 0).state, CT_INVALID);
	teardown();
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("dccp_flow");
	TCase *tc = tcase_create("dccp");
	TCase *track = tcase_create("dccp.track");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_story, 0, STORIES);
	tcase_add_loop_test(tc, a_story_over_ipv6, 0, STORIES);
	tcase_add_test(tc, open_connections_are_assured);
	tcase_add_test(tc, pick_up_may_be_switched_off);
	tcase_add_test(tc, only_what_is_covered_is_summed);
	tcase_add_test(tc, a_translated_sum_covers_as_much);
	suite_add_tcase(suite, tc);
	tcase_add_test(track, linux_does_not_know_it);
	tcase_add_test(track, a_parameter_tracks_it);
	suite_add_tcase(suite, track);
	return suite;
}
