/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Setup of H.323 that its sender cuts anywhere, seen in order: what its peer
 * gets through NAT, whatever is lost, is the same.  What it becomes in one
 * segment is told in h323_flow.c.
 */
#include "dialog.h"
#include "per_out.h"
#include "suite.h"

#include <conntrack/conn.h>
#include <conntrack/expect.h>
#include <string.h>

#define CALLER 0x0a000002u /* 10.0.0.2 */
#define CALLEE 0xc6336405u /* 198.51.100.5 */
#define PUBLIC 0xcb007101u /* 203.0.113.1 */

static struct ct_world w;
static struct ct_dialog talk; /* Q.931 */
static struct ct_nat_range to_public;
static uint8_t tpkt[2048];

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

/* What a Setup becomes in one segment, what the other end has of it, and how
 * much its sender has to send. */
static uint8_t whole[sizeof(tpkt)];
static uint8_t arrived[sizeof(tpkt)];
static uint32_t setup_len;
static uint32_t isn;

static void begin(void)
{
	const struct ct_per_channel channel = { .number = 1,
						.media = { CALLER, 5000 },
						.control = { CALLER, 5001 } };
	const struct ct_per_call call = { .body = CT_PER_BODY_SETUP,
					  .dest = { CALLEE, 1720 },
					  .source = { CALLER, 40000 },
					  .fast = &channel,
					  .n_fast = 1 };
	const struct ct_test_flow flow =
		ct_dialog_flow(CALLER, 40000, CALLEE, 1720);

	ct_dialog_begin(&talk, &w, "Q.931", &flow);
	talk.rules.src = &to_public;
	ct_dialog_connect(&talk);
	isn = talk.seq[CT_DIR_ORIG];
	setup_len = (uint32_t)ct_per_call_tpkt(tpkt, &call);
	memset(arrived, 0, sizeof(arrived));
}

static void end(void)
{
	ck_assert_int_eq(ct_conn_delete(w.thr, talk.pkt.conn), 0);
	ct_world_settle(&w);
}

/* => How many of the message's bytes [from, to) leave. */
static uint32_t send_part(uint32_t from, uint32_t to)
{
	talk.seq[CT_DIR_ORIG] = isn + from;
	if (ct_dialog_try(&talk, CT_DIR_ORIG, tpkt + from, to - from) !=
	    CT_ACCEPT)
		return 0;
	memcpy(arrived + from, talk.said, talk.said_len);
	return talk.said_len;
}

static void has_arrived(void)
{
	ck_assert_mem_eq(arrived, whole, setup_len);
	ck_assert_uint_eq(expects(), 2);
}

static void setup(void)
{
	ct_world_start(&w, 256);
	to_public = ct_nat_to(PUBLIC);
	ck_assert_int_eq(ct_param_set(w.tbl, "helper.stream", 8192), 0);
	begin();
	ck_assert_uint_eq(send_part(0, setup_len), setup_len);
	memcpy(whole, arrived, sizeof(whole));
	ck_assert(memcmp(whole, tpkt, setup_len) != 0);
	end();
}

static void teardown(void)
{
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_end(&w);
}

/* Five cuts go through each of the four addresses. */
enum { CUTS = 4 * 5 };

/* What is not acknowledged is sent again, with what follows. */
START_TEST(an_address_that_is_cut_is_translated)
{
	unsigned cuts = 0;

	for (uint32_t cut = 1; cut < setup_len; cut++) {
		uint32_t sent;

		begin();
		sent = send_part(0, cut);
		ck_assert_uint_gt(sent, 0);
		cuts += sent < cut;
		ck_assert_uint_eq(send_part(sent, setup_len), setup_len - sent);
		has_arrived();
		end();
	}
	ck_assert_uint_eq(cuts, CUTS);
}
END_TEST

/* Whose segments begin where the last one was cut off, and are hardly longer. */
START_TEST(two_bytes_at_a_time_are_enough_for_a_message)
{
	uint32_t at = 0, upto = 0;

	begin();
	while (at < setup_len) {
		upto = upto + 2 < setup_len ? upto + 2 : setup_len;
		at += send_part(at, upto);
	}
	has_arrived();
	end();
}
END_TEST

/* Also a probe for the last segment does not get past what is missing. */
START_TEST(nothing_overtakes_what_was_cut_off)
{
	for (uint32_t cut = 1; cut < setup_len - 1; cut++) {
		uint32_t sent;

		begin();
		sent = send_part(0, cut);
		if (sent < cut) {
			ck_assert_uint_eq(send_part(cut, cut + 1), 0);
			ck_assert_uint_eq(send_part(cut + 1, setup_len), 0);
			ck_assert_uint_eq(send_part(cut + 1, setup_len), 0);
		}
		send_part(sent, setup_len);
		has_arrived();
		end();
	}
}
END_TEST

/* => The first cut through an address that is held back. */
static uint32_t cut_address(uint32_t *sent)
{
	for (uint32_t cut = 1;; cut++) {
		begin();
		*sent = send_part(0, cut);
		if (*sent + 3 == cut)
			return cut;
		end();
	}
}

START_TEST(the_stream_never_stalls)
{
	uint32_t sent;
	const uint32_t cut = cut_address(&sent);

	/* Nothing follows: it passes as it is. */
	ck_assert_uint_eq(send_part(sent, cut), 3);
	ck_assert_mem_eq(arrived + sent, tpkt + sent, 3);
	ck_assert_uint_eq(send_part(cut, setup_len), setup_len - cut);
	ck_assert_uint_eq(expects(), 2);
	end();
}
END_TEST

/* Whoever sends what follows again and again, but not what is missing. */
START_TEST(overtaking_is_refused_a_few_times_only)
{
	uint32_t sent;
	const uint32_t cut = cut_address(&sent);
	unsigned n = 0;

	while (!send_part(cut, setup_len))
		ck_assert_uint_lt(++n, 10);
	ck_assert_uint_gt(n, 2);
	ck_assert_uint_eq(send_part(sent, cut), 3);
	end();
}
END_TEST

/* Whichever segment gets lost behind us, and however it is sent again. */
START_TEST(parts_come_again_as_they_were)
{
	for (uint32_t cut = 8; cut < setup_len; cut += 7) {
		uint32_t sent;

		begin();
		sent = send_part(0, cut);
		memset(arrived, 0, sizeof(arrived));
		ck_assert_uint_eq(send_part(0, sent), sent);
		send_part(sent, setup_len);
		has_arrived();
		memset(arrived, 0, sizeof(arrived));
		send_part(sent, setup_len);
		send_part(3, sent - 2);
		send_part(0, 3);
		send_part(sent - 2, sent);
		has_arrived();
		memset(arrived, 0, sizeof(arrived));
		send_part(0, setup_len);
		has_arrived();
		end();
	}
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("h323_split_flow");
	TCase *tc = tcase_create("in order");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_address_that_is_cut_is_translated);
	tcase_add_test(tc, two_bytes_at_a_time_are_enough_for_a_message);
	tcase_add_test(tc, nothing_overtakes_what_was_cut_off);
	tcase_add_test(tc, the_stream_never_stalls);
	tcase_add_test(tc, overtaking_is_refused_a_few_times_only);
	tcase_add_test(tc, parts_come_again_as_they_were);
	suite_add_tcase(suite, tc);
	return suite;
}
