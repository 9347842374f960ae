/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text, to the letter: each expected line is what conntrack(8) 1.4.7 or /proc
 * of Linux 6.18 printed for the same packets, with other numbers in it.
 */
#include "alloc.h"
#include "packet.h"
#include "suite.h"

#include <check.h>
#include <conntrack/dump.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

#define ORIG4  "src=10.0.0.2 dst=198.51.100.5 "
#define REPLY4 "src=198.51.100.5 dst=10.0.0.2 "
#define ORIG   ORIG4 "sport=40000 dport=80 "
#define REPLY  REPLY4 "sport=80 dport=40000 "

static struct ct_test_alloc mem;
static struct ct_table *tbl;
static struct ct_thread *thr;
static uint64_t now_ns;
static char event[1024]; /* the last one */
static unsigned n_events;
static enum ct_text_style event_style;

static void on_event(void *user, const struct ct_event_info *ev)
{
	(void)user;
	n_events++;
	ck_assert_int_gt(ct_event_text(ev, event_style, event, sizeof(event)),
			 0);
	ck_assert_int_eq(ct_event_text(ev, CT_TEXT_PROC, event, sizeof(event)),
			 CT_E_INVAL);
	ck_assert_int_gt(ct_event_text(ev, event_style, event, sizeof(event)),
			 0);
}

static void pass_time(uint64_t seconds)
{
	now_ns += seconds * SECOND;
	ct_thread_poll(thr, now_ns);
}

static void open_table(void)
{
	struct ct_host host = { .size = sizeof(host) };
	struct ct_config cfg = { .size = sizeof(cfg),
				 .host = &host,
				 .profile = CT_PROFILE_LINUX,
				 .max_conns = 64 };
	struct ct_sub *sub;

	ct_test_alloc_init(&mem);
	ct_test_alloc_host(&mem, &host);
	ck_assert_int_eq(ct_table_create(&cfg, &tbl), 0);
	ck_assert_int_eq(ct_subscribe(tbl, CT_EV_ALL, on_event, NULL, &sub), 0);
	event_style = CT_TEXT_LIST;
	n_events = 0;
	event[0] = '\0';
}

static void attach(void)
{
	ck_assert_int_eq(ct_thread_attach(tbl, &thr), 0);
	now_ns = 1000 * SECOND;
	pass_time(0);
}

static void setup(void)
{
	open_table();
	attach();
}

/* With everything on that can be counted. */
static void setup_counted(void)
{
	open_table();
	ck_assert_int_eq(ct_param_set(tbl, "acct", 1), 0);
	ck_assert_int_eq(ct_param_set(tbl, "timestamp", 1), 0);
	attach();
}

static void teardown(void)
{
	ct_thread_detach(thr);
	ct_table_destroy(tbl);
	ct_test_alloc_leaks(&mem);
}

/* --- Packets ------------------------------------------------------------ */

static struct ct_conn *through(struct ct_pkt pkt)
{
	ck_assert_int_eq(ct_process(thr, &pkt, CT_HOOK_PREROUTING), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(thr, &pkt), CT_ACCEPT);
	ck_assert_ptr_nonnull(pkt.conn);
	return pkt.conn;
}

static struct ct_conn *udp(enum ct_dir dir)
{
	struct ct_test_packet p;

	ct_test_udp(&p, &ct_test_flow4, dir, 4);
	return through(ct_test_pkt(&p));
}

static struct ct_conn *udp_with(const struct ct_policy_def *def)
{
	struct ct_test_packet p;
	struct ct_pkt pkt;

	ct_test_udp(&p, &ct_test_flow4, CT_DIR_ORIG, 4);
	pkt = ct_test_pkt(&p);
	ck_assert_int_eq(ct_policy_create(tbl, def, &pkt.policy), 0);
	return through(pkt);
}

static struct ct_conn *tcp(enum ct_dir dir, uint8_t flags, uint32_t seq,
			   uint32_t ack)
{
	const struct ct_test_segment seg = {
		.flags = flags, .win = 1000, .seq = seq, .ack = ack
	};
	struct ct_test_packet p;

	ct_test_tcp(&p, &ct_test_flow4, dir, &seg);
	return through(ct_test_pkt(&p));
}

static struct ct_conn *tcp_open(void)
{
	tcp(CT_DIR_ORIG, CT_TEST_SYN, 100, 0);
	tcp(CT_DIR_REPLY, CT_TEST_SYN | CT_TEST_ACK, 500, 101);
	return tcp(CT_DIR_ORIG, CT_TEST_ACK, 101, 501);
}

static struct ct_conn *other(const struct ct_test_flow *flow, uint8_t number)
{
	static const uint8_t bytes[24];
	const struct ct_test_l4 l4 = { .l4 = number,
				       .bytes = bytes,
				       .len = sizeof(bytes) };
	struct ct_test_packet p;

	ct_test_raw(&p, flow, CT_DIR_ORIG, &l4);
	return through(ct_test_pkt(&p));
}

static struct ct_conn *ping(const struct ct_test_flow *flow, uint8_t type)
{
	const struct ct_test_icmp icmp = { .type = type, .id = 1000 };
	struct ct_test_packet p;

	ct_test_icmp(&p, flow, CT_DIR_ORIG, &icmp);
	return through(ct_test_pkt(&p));
}

static void assert_text(const struct ct_conn *conn, enum ct_text_style style,
			const char *text)
{
	char line[1024];
	int len = ct_conn_text(thr, conn, style, line, sizeof(line));

	ck_assert_str_eq(line, text);
	ck_assert_int_eq(len, (int)strlen(text));
}

/* --- Events ------------------------------------------------------------- */

START_TEST(a_new_event_shows_timeout_and_unreplied)
{
	udp(CT_DIR_ORIG);
	ck_assert_str_eq(event, "    [NEW] udp      17 30 " ORIG
				"[UNREPLIED] " REPLY4 "sport=80 dport=40000");
}
END_TEST

START_TEST(a_new_event_shows_the_state)
{
	tcp(CT_DIR_ORIG, CT_TEST_SYN, 100, 0);
	ck_assert_str_eq(event, "    [NEW] tcp      6 120 SYN_SENT " ORIG
				"[UNREPLIED] " REPLY4 "sport=80 dport=40000");
}
END_TEST

START_TEST(an_update_shows_the_state_when_it_changed)
{
	tcp_open();
	ck_assert_str_eq(event,
			 " [UPDATE] tcp      6 432000 ESTABLISHED " ORIG REPLY
			 "[ASSURED]");
}
END_TEST

START_TEST(an_update_hides_a_state_that_did_not_change)
{
	struct ct_conn *conn = tcp_open();

	ct_conn_mark_set(thr, conn, 5);
	tcp(CT_DIR_ORIG, CT_TEST_ACK, 101, 501);
	ck_assert_str_eq(event, " [UPDATE] tcp      6 432000 " ORIG REPLY
				"[ASSURED] mark=5");
}
END_TEST

START_TEST(extended_text_begins_with_the_network_layer)
{
	event_style = CT_TEXT_EXTENDED;
	udp(CT_DIR_ORIG);
	ck_assert_str_eq(event, "    [NEW] ipv4     2 udp      17 30 " ORIG
				"[UNREPLIED] " REPLY4 "sport=80 dport=40000");
}
END_TEST

START_TEST(a_mark_of_zero_is_news_only_when_it_changed)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .flags = CT_POLICY_MARK,
					   .mark = 7 };
	struct ct_conn *conn = udp_with(&def);

	ck_assert_str_eq(event, "    [NEW] udp      17 30 " ORIG
				"[UNREPLIED] " REPLY "mark=7");
	ct_conn_mark_set(thr, conn, 0);
	udp(CT_DIR_REPLY);
	ck_assert_str_eq(event,
			 " [UPDATE] udp      17 30 " ORIG REPLY "mark=0");
}
END_TEST

START_TEST(a_zone_of_both_directions_comes_last)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .flags = CT_POLICY_ZONE_ORIG |
						    CT_POLICY_ZONE_REPLY,
					   .zone = 7 };
	struct ct_conn *conn = udp_with(&def);

	ck_assert_str_eq(event, "    [NEW] udp      17 30 " ORIG
				"[UNREPLIED] " REPLY "zone=7");
	assert_text(conn, CT_TEXT_LIST,
		    "udp      17 30 " ORIG "[UNREPLIED] " REPLY
		    "mark=0 zone=7 use=1");
	assert_text(conn, CT_TEXT_PROC,
		    "ipv4     2 udp      17 30 " ORIG "[UNREPLIED] " REPLY
		    "mark=0 zone=7 use=2");
}
END_TEST

START_TEST(a_zone_of_one_direction_stands_with_its_tuple)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .flags = CT_POLICY_ZONE_ORIG,
					   .zone = 5 };
	struct ct_conn *conn = udp_with(&def);

	assert_text(conn, CT_TEXT_LIST,
		    "udp      17 30 " ORIG "zone-orig=5 [UNREPLIED] " REPLY
		    "mark=0 use=1");
	assert_text(conn, CT_TEXT_PROC,
		    "ipv4     2 udp      17 30 " ORIG
		    "zone-orig=5 [UNREPLIED] " REPLY "mark=0 use=2");
}
END_TEST

START_TEST(a_zone_of_the_reply_stands_with_the_reply)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .flags = CT_POLICY_ZONE_REPLY,
					   .zone = 5 };

	assert_text(udp_with(&def), CT_TEXT_LIST,
		    "udp      17 30 " ORIG "[UNREPLIED] " REPLY
		    "zone-reply=5 mark=0 use=1");
}
END_TEST

START_TEST(an_expired_connection_has_no_timeout)
{
	tcp(CT_DIR_ORIG, CT_TEST_SYN, 100, 0);
	pass_time(121);
	ck_assert_str_eq(event, "[DESTROY] tcp      6 SYN_SENT " ORIG
				"[UNREPLIED] " REPLY4 "sport=80 dport=40000");
}
END_TEST

START_TEST(a_deleted_connection_shows_what_was_left)
{
	struct ct_conn *conn = udp(CT_DIR_ORIG);

	pass_time(10);
	ck_assert_int_eq(ct_conn_delete(thr, conn), 0);
	ck_assert_str_eq(event, "[DESTROY] udp      17 20 " ORIG
				"[UNREPLIED] " REPLY4 "sport=80 dport=40000");
	ck_assert_uint_eq(n_events, 2);
}
END_TEST

START_TEST(only_the_end_tells_the_sums)
{
	struct ct_conn *conn = udp(CT_DIR_ORIG);

	ck_assert_str_eq(event, "    [NEW] udp      17 30 " ORIG
				"[UNREPLIED] " REPLY4 "sport=80 dport=40000");
	udp(CT_DIR_REPLY);
	udp(CT_DIR_REPLY);
	pass_time(3);
	ck_assert_int_eq(ct_conn_delete(thr, conn), 0);
	ck_assert_str_eq(event, "[DESTROY] udp      17 27 " ORIG
				"packets=1 bytes=32 " REPLY
				"packets=2 bytes=64 delta-time=3");
}
END_TEST

/* --- Listings ----------------------------------------------------------- */

START_TEST(a_listing_always_shows_mark_and_use)
{
	struct ct_conn *conn = udp(CT_DIR_ORIG);

	assert_text(conn, CT_TEXT_LIST,
		    "udp      17 30 " ORIG "[UNREPLIED] " REPLY "mark=0 use=1");
	assert_text(conn, CT_TEXT_EXTENDED,
		    "ipv4     2 udp      17 30 " ORIG "[UNREPLIED] " REPLY
		    "mark=0 use=1");
	assert_text(conn, CT_TEXT_PROC,
		    "ipv4     2 udp      17 30 " ORIG "[UNREPLIED] " REPLY
		    "mark=0 zone=0 use=2");
}
END_TEST

START_TEST(a_listing_counts_down)
{
	struct ct_conn *conn = tcp_open();

	pass_time(3);
	assert_text(conn, CT_TEXT_LIST,
		    "tcp      6 431997 ESTABLISHED " ORIG REPLY
		    "[ASSURED] mark=0 use=1");
}
END_TEST

START_TEST(a_listing_shows_sums_and_age)
{
	struct ct_conn *conn = udp(CT_DIR_ORIG);

	pass_time(3);
	assert_text(conn, CT_TEXT_PROC,
		    "ipv4     2 udp      17 27 " ORIG
		    "packets=1 bytes=32 [UNREPLIED] " REPLY
		    "packets=0 bytes=0 mark=0 zone=0 delta-time=3 use=2");
}
END_TEST

START_TEST(an_icmp_query_shows_type_code_and_id)
{
	assert_text(ping(&ct_test_flow4, 8), CT_TEXT_LIST,
		    "icmp     1 30 " ORIG4
		    "type=8 code=0 id=1000 [UNREPLIED] " REPLY4
		    "type=0 code=0 id=1000 mark=0 use=1");
	assert_text(ping(&ct_test_flow6, 128), CT_TEXT_EXTENDED,
		    "ipv6     10 icmpv6   58 30 "
		    "src=2001:db8:1::2 dst=2001:db8:2::5 "
		    "type=128 code=0 id=1000 [UNREPLIED] "
		    "src=2001:db8:2::5 dst=2001:db8:1::2 "
		    "type=129 code=0 id=1000 mark=0 use=1");
}
END_TEST

START_TEST(proc_leaves_nothing_out_of_an_ipv6_address)
{
	assert_text(ping(&ct_test_flow6, 128), CT_TEXT_PROC,
		    "ipv6     10 icmpv6   58 30 "
		    "src=2001:0db8:0001:0000:0000:0000:0000:0002 "
		    "dst=2001:0db8:0002:0000:0000:0000:0000:0005 "
		    "type=128 code=0 id=1000 [UNREPLIED] "
		    "src=2001:0db8:0002:0000:0000:0000:0000:0005 "
		    "dst=2001:0db8:0001:0000:0000:0000:0000:0002 "
		    "type=129 code=0 id=1000 mark=0 zone=0 use=2");
}
END_TEST

START_TEST(a_protocol_without_a_tracker_is_unknown)
{
	assert_text(other(&ct_test_flow4, 253), CT_TEXT_LIST,
		    "unknown  253 600 " ORIG4 "[UNREPLIED] " REPLY4
		    "mark=0 use=1");
	assert_text(other(&ct_test_flow4, 255), CT_TEXT_LIST,
		    "unknown  255 600 " ORIG4 "[UNREPLIED] " REPLY4
		    "mark=0 use=1");
}
END_TEST

/* --- Room --------------------------------------------------------------- */

/* Each length in a block of its own, so that valgrind and AddressSanitizer see
 * a byte too many. */
START_TEST(text_is_cut_at_any_length)
{
	struct ct_conn *conn = tcp_open();

	for (int style = CT_TEXT_LIST; style <= CT_TEXT_JSON; style++) {
		char whole[1024];
		int len = ct_conn_text(thr, conn, (enum ct_text_style)style,
				       whole, sizeof(whole));

		ck_assert_int_gt(len, 0);
		for (int size = 1; size <= len; size++) {
			char *buf = malloc((size_t)size);

			ck_assert_int_eq(ct_conn_text(thr, conn,
						      (enum ct_text_style)style,
						      buf, (size_t)size),
					 CT_E_NOSPC);
			ck_assert_uint_eq(strnlen(buf, (size_t)size),
					  (size_t)size - 1);
			ck_assert_int_eq(strncmp(buf, whole, strlen(buf)), 0);
			free(buf);
		}
	}
	ck_assert_int_eq(ct_conn_text(thr, conn, CT_TEXT_LIST, NULL, 0),
			 CT_E_NOSPC);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("text");
	TCase *tc = tcase_create("text");
	TCase *counted = tcase_create("counted");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_new_event_shows_timeout_and_unreplied);
	tcase_add_test(tc, a_new_event_shows_the_state);
	tcase_add_test(tc, an_update_shows_the_state_when_it_changed);
	tcase_add_test(tc, an_update_hides_a_state_that_did_not_change);
	tcase_add_test(tc, extended_text_begins_with_the_network_layer);
	tcase_add_test(tc, a_mark_of_zero_is_news_only_when_it_changed);
	tcase_add_test(tc, a_zone_of_both_directions_comes_last);
	tcase_add_test(tc, a_zone_of_one_direction_stands_with_its_tuple);
	tcase_add_test(tc, a_zone_of_the_reply_stands_with_the_reply);
	tcase_add_test(tc, an_expired_connection_has_no_timeout);
	tcase_add_test(tc, a_deleted_connection_shows_what_was_left);
	tcase_add_test(tc, a_listing_always_shows_mark_and_use);
	tcase_add_test(tc, a_listing_counts_down);
	tcase_add_test(tc, an_icmp_query_shows_type_code_and_id);
	tcase_add_test(tc, proc_leaves_nothing_out_of_an_ipv6_address);
	tcase_add_test(tc, a_protocol_without_a_tracker_is_unknown);
	tcase_add_test(tc, text_is_cut_at_any_length);
	suite_add_tcase(suite, tc);

	tcase_add_checked_fixture(counted, setup_counted, teardown);
	tcase_add_test(counted, only_the_end_tells_the_sums);
	tcase_add_test(counted, a_listing_shows_sums_and_age);
	suite_add_tcase(suite, counted);
	return suite;
}
