/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SCTP conversations: tags, collisions, bundles, paths that are tried.
 */
#include "packet.h"
#include "suite.h"

#include <string.h>

/* A line leaves out the column at its end when nobody wants it. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define S UINT64_C(1000000000)

enum { SCTP = 132, CHUNKS = 3, FIRST_LEN = 12 };

/* Tags: the client's, which the server's packets carry, and so on. */
enum { A = 0x11111111, B = 0x22222222, X = 0x33333333 };

enum chunk_type {
	DATA,
	INIT,
	INIT_ACK,
	SACK,
	HB,
	HB_ACK,
	ABORT,
	SHUTDOWN,
	SHUTDOWN_ACK,
	ERROR,
	ECHO,
	ACK,
	SHUTDOWN_COMPLETE = 14,
	ASCONF = 193
};

struct chunk {
	uint8_t type;  /* enum chunk_type */
	uint8_t flags; /* T */
	uint32_t tag;  /* INIT, INIT_ACK */
};

enum { T = 1 };

/* A packet, and what it must find. */
struct line {
	enum ct_dir who;
	uint32_t tag;
	struct chunk chunks[CHUNKS];
	unsigned n;
	enum ct_state state;
	const char *name; /* of the connection's state afterwards */
	uint32_t timeout;
	enum ct_reason reason; /* NONE: not looked at */
};

#define ORIG  CT_DIR_ORIG
#define REPLY CT_DIR_REPLY
#define NEW   CT_NEW
#define EST   CT_ESTABLISHED
#define INV   CT_INVALID

/* clang-format off */
#define ONE(type)       { { type, 0, 0 } }, 1
#define TAGGED(type, t) { { type, 0, t } }, 1
#define REFLECTED(type) { { type, T, 0 } }, 1
#define TWO(a, b)       { { a, 0, 0 }, { b, 0, 0 } }, 2
#define THREE(a, b, c)  { { a, 0, 0 }, { b, 0, 0 }, { c, 0, 0 } }, 3

#define ASKED \
	{ ORIG,  0, TAGGED(INIT, A),     NEW, "CLOSED",        10 }
#define ANSWERED ASKED, \
	{ REPLY, A, TAGGED(INIT_ACK, B), EST, "COOKIE_WAIT",   3 }
#define ECHOED ANSWERED, \
	{ ORIG,  B, ONE(ECHO),           EST, "COOKIE_ECHOED", 3 }
#define OPENED ECHOED, \
	{ REPLY, A, ONE(ACK),            EST, "ESTABLISHED",   210 }

static const struct line a_life[] = {
	OPENED,
	{ ORIG,  B, ONE(DATA),              EST, "ESTABLISHED",       210 },
	{ REPLY, A, ONE(SACK),              EST, "ESTABLISHED",       210 },
	{ ORIG,  B, ONE(SHUTDOWN),          EST, "SHUTDOWN_SENT",     3 },
	{ REPLY, A, ONE(SHUTDOWN_ACK),      EST, "SHUTDOWN_ACK_SENT", 3 },
	{ ORIG,  B, ONE(SHUTDOWN_COMPLETE), EST, "CLOSED",            10 },
};

/* The first cookie and data travel together. */
static const struct line data_rides_on_the_cookie[] = {
	ANSWERED,
	{ ORIG,  B, TWO(ECHO, DATA),        EST, "COOKIE_ECHOED", 3 },
	{ REPLY, A, THREE(ACK, SACK, DATA), EST, "ESTABLISHED",   210 },
};

static const struct line a_wrong_tag_is_invalid[] = {
	OPENED,
	{ ORIG,  X, ONE(DATA),  INV, "ESTABLISHED", 210, CT_R_SCTP_TAG },
	{ ORIG,  A, ONE(DATA),  INV, "ESTABLISHED", 210, CT_R_SCTP_TAG },
	{ REPLY, B, ONE(ABORT), INV, "ESTABLISHED", 210, CT_R_SCTP_TAG },
	{ ORIG,  B, TAGGED(INIT, A),
				INV, "ESTABLISHED", 210, CT_R_SCTP_TAG },
};

/* Who has no association answers with the tag that it got. */
static const struct line an_abort_may_reflect_the_tag[] = {
	OPENED,
	{ REPLY, A, REFLECTED(ABORT), INV, "ESTABLISHED", 210, CT_R_SCTP_TAG },
	{ REPLY, B, REFLECTED(ABORT), EST, "CLOSED",      10 },
};

static const struct line shutdown_complete_may_reflect_the_tag[] = {
	OPENED,
	{ REPLY, A, ONE(SHUTDOWN),     EST, "SHUTDOWN_RECD",     3 },
	{ ORIG,  B, ONE(SHUTDOWN_ACK), EST, "SHUTDOWN_ACK_SENT", 3 },
	{ REPLY, B, REFLECTED(SHUTDOWN_COMPLETE), EST, "CLOSED", 10 },
};

/* The client has the last word of two: the server's late answer is none. */
static const struct line a_late_init_ack_changes_no_tag[] = {
	ASKED,
	{ REPLY, 0, TAGGED(INIT, B),     EST, "CLOSED", 10 },
	{ ORIG,  B, TAGGED(INIT_ACK, A), EST, "CLOSED", 10 },
	{ REPLY, A, TAGGED(INIT_ACK, X), INV, "CLOSED", 10,
	  CT_R_SCTP_INIT_ACK },
	{ REPLY, A, TAGGED(INIT_ACK, B), EST, "COOKIE_WAIT",   3 },
	{ REPLY, A, ONE(ECHO),           EST, "COOKIE_ECHOED", 3 },
	{ ORIG,  B, ONE(ACK),            EST, "ESTABLISHED",   210 },
	{ REPLY, A, TAGGED(INIT_ACK, X), INV, "ESTABLISHED",   210,
	  CT_R_SCTP_INIT_ACK },
	{ ORIG,  B, ONE(DATA),           EST, "ESTABLISHED",   210 },
	{ REPLY, A, ONE(DATA),           EST, "ESTABLISHED",   210 },
};

/* The same end opens once more; its new INIT counts. */
static const struct line a_second_init_has_the_last_word[] = {
	ASKED,
	{ REPLY, 0, TAGGED(INIT, B),     EST, "CLOSED",      10 },
	{ ORIG,  0, TAGGED(INIT, X),     EST, "CLOSED",      10 },
	{ REPLY, X, TAGGED(INIT_ACK, A), EST, "COOKIE_WAIT", 3 },
	{ ORIG,  A, ONE(ECHO),           EST, "COOKIE_ECHOED", 3 },
};

/* The client has lost its memory, and begins anew on the same ports. */
static const struct line a_restart_changes_both_tags[] = {
	OPENED,
	{ ORIG,  0, TAGGED(INIT, X),     EST, "ESTABLISHED", 210 },
	{ REPLY, X, TAGGED(INIT_ACK, A), EST, "ESTABLISHED", 210 },
	{ ORIG,  A, ONE(ECHO),           EST, "ESTABLISHED", 210 },
	{ REPLY, A, ONE(DATA),           INV, "ESTABLISHED", 210,
	  CT_R_SCTP_TAG },
	{ REPLY, X, ONE(ACK),            EST, "ESTABLISHED", 210 },
};

static const struct line a_stale_cookie_is_the_end[] = {
	ECHOED,
	{ REPLY, A, ONE(ERROR), EST, "CLOSED", 10 },
};

static const struct line a_new_handshake_begins_in_closed[] = {
	OPENED,
	{ REPLY, A, ONE(ABORT),          EST, "CLOSED",      10 },
	{ ORIG,  0, TAGGED(INIT, A),     EST, "CLOSED",      10 },
	{ REPLY, A, TAGGED(INIT_ACK, B), EST, "COOKIE_WAIT", 3 },
};

/* Another path of an association that is somewhere else. */
static const struct line a_heartbeat_picks_up_a_path[] = {
	{ ORIG,  B, ONE(HB),     NEW, "HEARTBEAT_SENT", 30 },
	{ REPLY, A, ONE(HB_ACK), EST, "ESTABLISHED",    210 },
	{ ORIG,  B, ONE(DATA),   EST, "ESTABLISHED",    210 },
	{ REPLY, X, ONE(DATA),   INV, "ESTABLISHED",    210, CT_R_SCTP_TAG },
};

static const struct line data_alone_does_not_answer_a_heartbeat[] = {
	{ ORIG,  B, ONE(HB),       NEW, "HEARTBEAT_SENT", 30 },
	{ REPLY, A, ONE(DATA),     INV, "HEARTBEAT_SENT", 30, CT_R_SCTP_TAG },
	{ REPLY, A, ONE(HB),       EST, "HEARTBEAT_SENT", 30 },
	{ REPLY, A, ONE(SHUTDOWN), INV, "HEARTBEAT_SENT", 30,
	  CT_R_SCTP_STATE },
	{ REPLY, A, ONE(DATA),     EST, "HEARTBEAT_SENT", 30 },
};

/* The ends began anew by another way, and try this one. */
static const struct line a_heartbeat_finds_new_tags[] = {
	OPENED,
	{ ORIG,  X, ONE(HB),        EST, "ESTABLISHED", 210, CT_R_IGNORED },
	{ REPLY, X, ONE(HB_ACK),    EST, "ESTABLISHED", 210 },
	{ REPLY, X, ONE(DATA),      EST, "ESTABLISHED", 210 },
	{ ORIG,  B, ONE(DATA),      INV, "ESTABLISHED", 210, CT_R_SCTP_TAG },
	{ ORIG,  B, ONE(HB),        EST, "ESTABLISHED", 210 },
	{ ORIG,  B, ONE(DATA),      EST, "ESTABLISHED", 210 },
};

/* But not for somebody who never asked. */
static const struct line nobody_answers_an_unsent_heartbeat[] = {
	OPENED,
	{ REPLY, X, ONE(HB_ACK),    INV, "ESTABLISHED", 210, CT_R_SCTP_TAG },
	{ REPLY, X, ONE(HB),        EST, "ESTABLISHED", 210, CT_R_IGNORED },
	{ REPLY, X, ONE(HB_ACK),    INV, "ESTABLISHED", 210, CT_R_SCTP_TAG },
	{ ORIG,  X, TWO(HB, DATA),  INV, "ESTABLISHED", 210, CT_R_SCTP_TAG },
	{ ORIG,  X, TWO(HB, HB),    INV, "ESTABLISHED", 210, CT_R_SCTP_TAG },
};

static const struct line what_a_bundle_began_stays[] = {
	OPENED,
	{ ORIG,  X, THREE(HB, SHUTDOWN, HB), INV, "SHUTDOWN_SENT", 210,
	  CT_R_SCTP_TAG },
	{ REPLY, A, ONE(SACK), EST, "SHUTDOWN_SENT", 3 },
};

static const struct line chunks_without_meaning_refresh[] = {
	OPENED,
	{ ORIG,  B, ONE(ASCONF), EST, "ESTABLISHED", 210 },
	{ REPLY, A, ONE(99),     EST, "ESTABLISHED", 210 },
};

static const struct line data_opens_nothing[] = {
	{ ORIG, B, ONE(DATA),  INV, NULL, 0, CT_R_SCTP_NEW },
	{ ORIG, B, ONE(ECHO),  INV, NULL, 0, CT_R_SCTP_TAG },
	{ ORIG, B, ONE(ABORT), INV, NULL, 0, CT_R_SCTP_NEW },
	{ ORIG, B, TWO(HB, DATA), INV, NULL, 0, CT_R_SCTP_NEW },
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
	STORY(a_life),
	STORY(data_rides_on_the_cookie),
	STORY(a_wrong_tag_is_invalid),
	STORY(an_abort_may_reflect_the_tag),
	STORY(shutdown_complete_may_reflect_the_tag),
	STORY(a_late_init_ack_changes_no_tag),
	STORY(a_second_init_has_the_last_word),
	STORY(a_restart_changes_both_tags),
	STORY(a_stale_cookie_is_the_end),
	STORY(a_new_handshake_begins_in_closed),
	STORY(a_heartbeat_picks_up_a_path),
	STORY(data_alone_does_not_answer_a_heartbeat),
	STORY(a_heartbeat_finds_new_tags),
	STORY(nobody_answers_an_unsent_heartbeat),
	STORY(what_a_bundle_began_stays),
	STORY(chunks_without_meaning_refresh),
	STORY(data_opens_nothing),
};

enum { STORIES = sizeof(stories) / sizeof(*stories) };

static struct ct_table *tbl;
static struct ct_thread *thr;
static uint64_t now_ns;
static struct ct_conn *conn; /* of the story */

static void setup(void)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .profile = CT_PROFILE_LINUX };

	ck_assert_int_eq(ct_table_create(&cfg, &tbl), 0);
	ck_assert_int_eq(ct_thread_attach(tbl, &thr), 0);
	now_ns = 1000 * S;
	ct_thread_poll(thr, now_ns);
	conn = NULL;
}

static void teardown(void)
{
	if (conn)
		ct_conn_put(tbl, conn);
	ct_thread_detach(thr);
	ct_table_destroy(tbl);
}

static void put32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* => Behind it. */
static uint8_t *put_chunk(uint8_t *at, const struct chunk *chunk)
{
	bool init = chunk->type == INIT || chunk->type == INIT_ACK;
	uint8_t len = init ? 20 : chunk->type == DATA ? 20 : 4;

	memset(at, 0, len);
	at[0] = chunk->type;
	at[1] = chunk->flags;
	at[3] = len;
	if (init)
		put32(at + 4, chunk->tag);
	return at + len;
}

static void build(struct ct_test_packet *p, const struct ct_test_flow *flow,
		  const struct line *line)
{
	uint8_t bytes[FIRST_LEN + CHUNKS * 20] = { 0 };
	uint8_t *at = bytes + FIRST_LEN;
	uint16_t from = line->who == ORIG ? flow->sport : flow->dport;
	uint16_t to = line->who == ORIG ? flow->dport : flow->sport;
	struct ct_test_l4 l4 = { SCTP, bytes, 0 };

	put32(bytes, (uint32_t)from << 16 | to);
	put32(bytes + 4, line->tag);
	for (unsigned i = 0; i < line->n; i++)
		at = put_chunk(at, &line->chunks[i]);
	l4.len = (uint32_t)(at - bytes);
	ct_test_raw(p, flow, line->who, &l4);
	ct_test_sum(p);
}

static void expect(const struct story *story, unsigned i)
{
	const struct line *line = &story->lines[i];

	if (!line->name) {
		ck_assert_ptr_null(conn);
		return;
	}
	ck_assert_msg(strcmp(ct_conn_state_name(tbl, conn), line->name) == 0,
		      "%s %u: %s", story->name, i,
		      ct_conn_state_name(tbl, conn));
	ck_assert_msg(ct_conn_expires(thr, conn) <= line->timeout &&
			      ct_conn_expires(thr, conn) + 1 >= line->timeout,
		      "%s %u: %u seconds", story->name, i,
		      ct_conn_expires(thr, conn));
}

static void play(const struct ct_test_flow *flow, const struct story *story)
{
	for (unsigned i = 0; i < story->n; i++) {
		const struct line *line = &story->lines[i];
		struct ct_test_packet p;
		struct ct_pkt pkt;

		build(&p, flow, line);
		pkt = ct_test_pkt(&p);
		ct_process(thr, &pkt, CT_HOOK_PREROUTING);
		ck_assert_msg(pkt.state == line->state, "%s %u: %d, %s",
			      story->name, i, pkt.state,
			      ct_reason_text(pkt.reason)->text);
		if (line->reason)
			ck_assert_msg(pkt.reason == line->reason, "%s %u: %s",
				      story->name, i,
				      ct_reason_text(pkt.reason)->text);
		ck_assert_int_eq(ct_confirm(thr, &pkt), CT_ACCEPT);
		if (!conn && pkt.conn)
			conn = ct_conn_get(pkt.conn);
		expect(story, i);
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

static void pass(const struct line *line)
{
	const struct story story = { "", line, 1 };

	play(&ct_test_flow4, &story);
}

static void wait_s(uint32_t seconds)
{
	now_ns += seconds * S;
	ct_thread_poll(thr, now_ns);
}

/* A connection that nobody answers does not live longer for being asked. */
START_TEST(an_init_again_does_not_refresh)
{
	static const struct line first = ASKED;
	static const struct line again = { ORIG, 0,        TAGGED(INIT, A),
					   NEW,  "CLOSED", 6 };

	pass(&first);
	wait_s(4);
	pass(&again);
}
END_TEST

START_TEST(a_strange_heartbeat_does_not_refresh)
{
	static const struct line opened[] = { OPENED };
	static const struct line strange = {
		ORIG, X, ONE(HB), EST, "ESTABLISHED", 160, CT_R_IGNORED
	};
	static const struct line right = { ORIG,          B,  ONE(HB), EST,
					   "ESTABLISHED", 210 };

	for (unsigned i = 0; i < 4; i++)
		pass(&opened[i]);
	wait_s(50);
	pass(&strange);
	pass(&right);
}
END_TEST

START_TEST(open_associations_are_assured)
{
	static const struct line opened[] = { OPENED };

	for (unsigned i = 0; i < 4; i++) {
		pass(&opened[i]);
		ck_assert_int_eq((ct_conn_status(conn) & CT_S_ASSURED) != 0,
				 i == 3);
	}
}
END_TEST

START_TEST(a_wrong_sum_is_invalid)
{
	static const struct line first = ASKED;
	struct ct_test_packet p;
	struct ct_pkt pkt;

	build(&p, &ct_test_flow4, &first);
	p.bytes[p.len - 1] ^= 1;
	pkt = ct_test_pkt(&p);
	ct_process(thr, &pkt, CT_HOOK_PREROUTING);
	ck_assert_int_eq(pkt.state, CT_INVALID);
	ck_assert_int_eq(pkt.reason, CT_R_L4_CHECKSUM);

	pkt = ct_test_pkt(&p);
	pkt.csum = CT_CSUM_PARTIAL;
	ct_process(thr, &pkt, CT_HOOK_PREROUTING);
	ck_assert_int_eq(pkt.state, CT_NEW);
	ct_abandon(thr, &pkt);

	ck_assert_int_eq(ct_param_set(tbl, "checksum", 0), 0);
	pkt = ct_test_pkt(&p);
	ct_process(thr, &pkt, CT_HOOK_PREROUTING);
	ck_assert_int_eq(pkt.state, CT_NEW);
	ct_abandon(thr, &pkt);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("sctp_flow");
	TCase *tc = tcase_create("sctp_flow");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_story, 0, STORIES);
	tcase_add_loop_test(tc, a_story_over_ipv6, 0, STORIES);
	tcase_add_test(tc, an_init_again_does_not_refresh);
	tcase_add_test(tc, a_strange_heartbeat_does_not_refresh);
	tcase_add_test(tc, open_associations_are_assured);
	tcase_add_test(tc, a_wrong_sum_is_invalid);
	suite_add_tcase(suite, tc);
	return suite;
}
