/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Expectations' events as text: as conntrack -E expect has them, and as JSON.
 */
#include "suite.h"
#include "world.h"

#include <arpa/inet.h>
#include <conntrack/expect.h>
#include <stdio.h>
#include <string.h>

#define ENDS4   "src=198.51.100.5 dst=10.0.0.2 sport=0 dport=4000 "
#define MASK4   "mask-src=255.255.255.255 mask-dst=255.255.255.255 "
#define MASTER4 "master-src=10.0.0.2 master-dst=198.51.100.5 "
#define IDS     "sport=0 dport=65535 "
#define PORTS   "sport=40000 dport=80 "

static struct ct_world w;
static struct ct_conn *master;
static char told[2][1024];
static unsigned n_told;
static enum ct_text_style style;

static void on_event(void *user, const struct ct_event_info *ev)
{
	char line[1024];

	(void)user;
	ck_assert_int_eq(ct_event_text(ev, CT_TEXT_PROC, line, sizeof(line)),
			 CT_E_INVAL);
	ck_assert_int_eq(ct_event_text(ev, style, line, 20), CT_E_NOSPC);
	ck_assert_int_gt(
		ct_event_text(ev, style, told[n_told++ % 2], sizeof(line)), 0);
}

static void setup(void)
{
	struct ct_sub *sub;

	n_told = 0;
	style = CT_TEXT_LIST;
	ct_world_start(&w, 16);
	ck_assert_int_eq(
		ct_subscribe(w.tbl, CT_EV_EXPECT, on_event, NULL, &sub), 0);
}

static void teardown(void)
{
	ct_world_end(&w);
}

/* What the other end of a flow is expected to send to port 4000. */
static struct ct_expect_def def_of(const struct ct_test_flow *flow)
{
	struct ct_expect_def def = { .size = sizeof(def) };

	master = ct_world_udp(&w, flow, CT_DIR_ORIG).conn;
	ct_conn_tuple(master, CT_DIR_REPLY, &def.tuple);
	def.tuple.src_id = 0;
	def.tuple.dst_id = htons(4000);
	memset(&def.src_mask, 0xff, def.tuple.l3 == CT_L3_IPV6 ? 16 : 4);
	return def;
}

static void begin_and_end(const struct ct_expect_def *def)
{
	struct ct_expect *exp;

	ck_assert_int_eq(ct_expect_add(w.thr, master, def, &exp), 0);
	ck_assert_int_eq(ct_expect_remove(w.thr, exp), 0);
	ck_assert_uint_eq(n_told, 2);
}

START_TEST(as_conntrack_prints_it)
{
	const struct ct_expect_def def = def_of(&ct_test_flow4);

	begin_and_end(&def);
	ck_assert_str_eq(told[0],
			 "    [NEW] 300 proto=17 " ENDS4 MASK4 IDS MASTER4 PORTS
			 "class=0");
	ck_assert_str_eq(told[1],
			 "[DESTROY] 300 proto=17 " ENDS4 MASK4 IDS MASTER4 PORTS
			 "class=0");
}
END_TEST

START_TEST(flags_and_zone)
{
	struct ct_expect_def def = def_of(&ct_test_flow4);

	def.flags = CT_EXPECT_PERMANENT | CT_EXPECT_USERSPACE;
	def.tuple.zone = 7;
	def.src_id_mask = 0xffff;
	memset(&def.src_mask, 0, sizeof(def.src_mask));
	begin_and_end(&def);
	ck_assert_str_eq(told[0], "    [NEW] 300 proto=17 " ENDS4
				  "mask-src=0.0.0.0 mask-dst=255.255.255.255 "
				  "sport=65535 dport=65535 " MASTER4 PORTS
				  "zone=7 PERMANENT,USERSPACE class=0");
}
END_TEST

START_TEST(over_ipv6)
{
	const struct ct_expect_def def = def_of(&ct_test_flow6);

	begin_and_end(&def);
	ck_assert_ptr_nonnull(strstr(
		told[0], "mask-src=ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
			 "mask-dst=ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "));
}
END_TEST

START_TEST(as_json)
{
	const struct ct_expect_def def = def_of(&ct_test_flow4);
	char all[1024];

	style = CT_TEXT_JSON;
	begin_and_end(&def);
	snprintf(all, sizeof(all),
		 "{\"event\":\"EXPECT_NEW\",\"event_time_ns\":%llu,"
		 "\"family\":\"ipv4\",\"protocol\":\"udp\","
		 "\"protocol_number\":17,\"timeout\":300,"
		 "\"src\":\"198.51.100.5\",\"dst\":\"10.0.0.2\","
		 "\"src_id\":0,\"dst_id\":4000,"
		 "\"mask_src\":\"255.255.255.255\",\"mask_src_id\":0,"
		 "\"zone\":0,\"class\":0,\"id\":1,\"master\":%llu}",
		 (unsigned long long)w.now_ns,
		 (unsigned long long)ct_conn_id(w.tbl, master));
	ck_assert_str_eq(told[0], all);
	ck_assert_ptr_nonnull(strstr(told[1], "\"EXPECT_DESTROY\""));
}
END_TEST

Suite *ct_suite(void)
{
	Suite *s = suite_create("text of expectations");
	TCase *tc = tcase_create("events");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, as_conntrack_prints_it);
	tcase_add_test(tc, flags_and_zone);
	tcase_add_test(tc, over_ipv6);
	tcase_add_test(tc, as_json);
	suite_add_tcase(s, tc);
	return s;
}
