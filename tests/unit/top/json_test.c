/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON Lines: one flat object, whose names are a promise.
 */
#include "packet.h"
#include "suite.h"
#include "text.h"

#include <check.h>
#include <conntrack/dump.h>
#include <string.h>

/* --- A connection that exists only on paper ----------------------------- */

static void addr_text(const union ct_addr *addr, char *buf)
{
	buf[0] = (char)('a' + addr->bytes[0]);
	buf[1] = '\0';
}

static const struct ct_l3_ops l3 = { .name = "paper",
				     .l3 = 99,
				     .addr_text = addr_text };
static const struct ct_l4_ops ports = { .name = "tcp",
					.l4 = 6,
					.ids = CT_IDS_PORTS };

static ct_be16 be16(uint16_t value)
{
	const uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };
	ct_be16 be;

	memcpy(&be, bytes, sizeof(be));
	return be;
}

static struct ct_shown shown_tcp(void)
{
	struct ct_shown shown = { .l3 = { &l3, &l3 },
				  .l4 = { &ports, &ports },
				  .state = "ESTABLISHED",
				  .id = 77,
				  .status = CT_S_CONFIRMED | CT_S_SEEN_REPLY,
				  .timeout = 432000,
				  .mark = 5 };

	for (int dir = 0; dir < CT_DIR_MAX; dir++) {
		struct ct_tuple *t = &shown.tuple[dir];

		t->src.bytes[0] = (uint8_t)dir;
		t->dst.bytes[0] = (uint8_t)(1 - dir);
		t->src_id = be16(dir ? 80 : 40000);
		t->dst_id = be16(dir ? 40000 : 80);
		t->l3 = 99;
		t->l4 = 6;
	}
	return shown;
}

static void assert_json(const struct ct_shown *shown, const char *json)
{
	char buf[1024];
	struct ct_line line = ct_line_of(buf, sizeof(buf));

	ct_json_write(&line, shown);
	ck_assert_int_gt(ct_line_end(&line), 0);
	ck_assert_str_eq(buf, json);
}

#define HEAD  "\"family\":\"paper\",\"protocol\":\"tcp\",\"protocol_number\":6,"
#define ORIG  "\"orig_src\":\"a\",\"orig_dst\":\"b\","
#define REPLY "\"reply_src\":\"b\",\"reply_dst\":\"a\","
#define PORTS                                                \
	ORIG "\"orig_sport\":40000,\"orig_dport\":80," REPLY \
	     "\"reply_sport\":80,\"reply_dport\":40000,"
#define STATUS "\"status\":[\"seen_reply\",\"confirmed\"],"
#define TAIL   "\"mark\":5,\"zone\":0,\"id\":77}"
#define ALIVE  "\"timeout\":432000,\"state\":\"ESTABLISHED\","

START_TEST(a_listed_connection_is_one_flat_object)
{
	struct ct_shown shown = shown_tcp();

	assert_json(&shown, "{" HEAD ALIVE PORTS STATUS TAIL);
}
END_TEST

START_TEST(an_event_comes_with_time_and_changes)
{
	const struct ct_event_info ev = { .now_ns =
						  UINT64_C(1700000000123456789),
					  .events = CT_EV_REPLY | CT_EV_PROTO };
	struct ct_shown shown = shown_tcp();

	shown.ev = &ev;
	assert_json(&shown, "{\"event\":\"UPDATE\","
			    "\"event_time_ns\":1700000000123456789,"
			    "\"changes\":[\"reply\",\"state\"]," HEAD ALIVE
				    PORTS STATUS TAIL);
}
END_TEST

START_TEST(an_end_has_its_reason_and_no_timeout)
{
	const struct ct_event_info ev = { .now_ns = 9,
					  .events = CT_EV_DESTROY,
					  .reason = CT_R_END_EXPIRED };
	struct ct_shown shown = shown_tcp();

	shown.ev = &ev;
	shown.timeout = 0;
	assert_json(&shown, "{\"event\":\"DESTROY\",\"event_time_ns\":9,"
			    "\"changes\":[\"destroy\"],"
			    "\"reason\":\"END_EXPIRED\"," HEAD
			    "\"state\":\"ESTABLISHED\"," PORTS STATUS TAIL);
}
END_TEST

START_TEST(counters_and_times_are_there_when_they_are_kept)
{
	struct ct_shown shown = shown_tcp();

	shown.counted = true;
	shown.counter[CT_DIR_ORIG].packets = 3;
	shown.counter[CT_DIR_ORIG].bytes = UINT64_MAX;
	shown.timed = true;
	shown.start_ns = 1;
	shown.stop_ns = 2;
	assert_json(
		&shown,
		"{" HEAD ALIVE ORIG "\"orig_sport\":40000,\"orig_dport\":80,"
		"\"orig_packets\":3,\"orig_bytes\":18446744073709551615," REPLY
		"\"reply_sport\":80,\"reply_dport\":40000,"
		"\"reply_packets\":0,\"reply_bytes\":0," STATUS
		"\"mark\":5,\"zone\":0,\"start_ns\":1,\"stop_ns\":2,"
		"\"id\":77}");
}
END_TEST

START_TEST(zones_that_differ_stand_with_their_direction)
{
	struct ct_shown shown = shown_tcp();

	shown.tuple[CT_DIR_ORIG].zone = 5;
	assert_json(&shown, "{" HEAD ALIVE PORTS STATUS
			    "\"mark\":5,\"orig_zone\":5,\"reply_zone\":0,"
			    "\"id\":77}");
}
END_TEST

START_TEST(labels_are_a_number_in_hex)
{
	struct ct_shown shown = shown_tcp();

	shown.labels[0] = 0x01;
	shown.labels[15] = 0x80;
	assert_json(&shown, "{" HEAD ALIVE PORTS STATUS "\"mark\":5,\"zone\":0,"
			    "\"labels\":\"80000000000000000000000000000001\","
			    "\"id\":77}");
}
END_TEST

/* A name that a stranger's tracker brings may hold anything. */
START_TEST(a_strangers_names_are_escaped)
{
	const struct ct_l4_ops odd = { .name = "a\"b\n", .ids = CT_IDS_KEYS };
	struct ct_shown shown = shown_tcp();

	shown.l4[CT_DIR_ORIG] = shown.l4[CT_DIR_REPLY] = &odd;
	shown.state = NULL;
	assert_json(&shown,
		    "{\"family\":\"paper\",\"protocol\":\"a\\\"b\\u000a\","
		    "\"protocol_number\":6,\"timeout\":432000," ORIG
		    "\"orig_srckey\":40000,\"orig_dstkey\":80," REPLY
		    "\"reply_srckey\":80,\"reply_dstkey\":40000," STATUS TAIL);
}
END_TEST

START_TEST(an_icmp_query_has_type_code_and_id)
{
	const struct ct_l4_ops icmp = { .name = "icmp", .ids = CT_IDS_ICMP };
	struct ct_shown shown = shown_tcp();

	shown.l4[CT_DIR_ORIG] = shown.l4[CT_DIR_REPLY] = &icmp;
	shown.state = NULL;
	shown.tuple[CT_DIR_ORIG].dst_id = be16(8 << 8 | 1);
	assert_json(
		&shown,
		"{\"family\":\"paper\",\"protocol\":\"icmp\","
		"\"protocol_number\":6,\"timeout\":432000," ORIG
		"\"orig_type\":8,\"orig_code\":1,\"orig_icmp_id\":40000," REPLY
		"\"reply_type\":156,\"reply_code\":64,"
		"\"reply_icmp_id\":80," STATUS TAIL);
}
END_TEST

/* --- The same through the door ------------------------------------------ */

static void on_event(void *user, const struct ct_event_info *ev)
{
	ck_assert_int_gt(ct_event_text(ev, CT_TEXT_JSON, user, 1024), 0);
}

START_TEST(an_event_is_an_object_of_its_connection)
{
	struct ct_config cfg = { .size = sizeof(cfg),
				 .profile = CT_PROFILE_LINUX,
				 .max_conns = 64 };
	struct ct_test_packet p;
	struct ct_thread *thr;
	struct ct_table *tbl;
	struct ct_sub *sub;
	struct ct_pkt pkt;
	char event[1024];

	ck_assert_int_eq(ct_table_create(&cfg, &tbl), 0);
	ck_assert_int_eq(ct_subscribe(tbl, CT_EV_ALL, on_event, event, &sub),
			 0);
	ck_assert_int_eq(ct_thread_attach(tbl, &thr), 0);
	ct_thread_poll(thr, UINT64_C(5000000000));
	ct_test_udp(&p, &ct_test_flow4, CT_DIR_ORIG, 4);
	pkt = ct_test_pkt(&p);
	ct_process(thr, &pkt, CT_HOOK_PREROUTING);
	ct_confirm(thr, &pkt);
	*strstr(event, "\"id\":") = '\0';
	ck_assert_str_eq(event,
			 "{\"event\":\"NEW\",\"event_time_ns\":5000000000,"
			 "\"changes\":[\"new\"],\"family\":\"ipv4\","
			 "\"protocol\":\"udp\",\"protocol_number\":17,"
			 "\"timeout\":30,"
			 "\"orig_src\":\"10.0.0.2\","
			 "\"orig_dst\":\"198.51.100.5\","
			 "\"orig_sport\":40000,\"orig_dport\":80,"
			 "\"reply_src\":\"198.51.100.5\","
			 "\"reply_dst\":\"10.0.0.2\","
			 "\"reply_sport\":80,\"reply_dport\":40000,"
			 "\"status\":[\"confirmed\"],\"mark\":0,\"zone\":0,");
	ct_thread_detach(thr);
	ct_table_destroy(tbl);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("json");
	TCase *tc = tcase_create("json");

	tcase_add_test(tc, a_listed_connection_is_one_flat_object);
	tcase_add_test(tc, an_event_comes_with_time_and_changes);
	tcase_add_test(tc, an_end_has_its_reason_and_no_timeout);
	tcase_add_test(tc, counters_and_times_are_there_when_they_are_kept);
	tcase_add_test(tc, zones_that_differ_stand_with_their_direction);
	tcase_add_test(tc, labels_are_a_number_in_hex);
	tcase_add_test(tc, a_strangers_names_are_escaped);
	tcase_add_test(tc, an_icmp_query_has_type_code_and_id);
	tcase_add_test(tc, an_event_is_an_object_of_its_connection);
	suite_add_tcase(suite, tc);
	return suite;
}
