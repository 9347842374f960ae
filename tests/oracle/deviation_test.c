/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where we are not Linux on purpose, as docs/from-netfilter.md has it, and what
 * no golden shows.
 */
#include <check.h>
#include <conntrack/conntrack.h>

#include "packet.h"
#include "suite.h"

#define S ((uint64_t)1000000000)

static struct ct_table *tbl;
static struct ct_thread *thr;
static struct ct_pkt pkt;
static struct bytes bytes;

static void setup(void)
{
	struct ct_config cfg = { .size = sizeof(cfg),
				 .max_conns = 1,
				 .profile = CT_PROFILE_LINUX };

	ck_assert_int_eq(ct_table_create(&cfg, &tbl), 0);
	ck_assert_int_eq(ct_thread_attach(tbl, &thr), 0);
	ct_thread_poll(thr, S);
	bytes.data = NULL;
}

static void teardown(void)
{
	free(bytes.data);
	ct_thread_detach(thr);
	ct_table_destroy(tbl);
}

/* A packet at the library's door. */
static void come(const char *hex)
{
	bool masked;

	free(bytes.data);
	ck_assert(bytes_from_hex(hex, &bytes, &masked));
	pkt = (struct ct_pkt){ .data = bytes.data,
			       .len = (uint32_t)bytes.len,
			       .l3 = CT_L3_IPV4 };
}

/* UDP from port 5000 to port 53, and to port 54, whose checksum is wrong. */
#define UDP          "4500002000010000401146920a000002c6336405"
#define GOOD         UDP "13880035000cdf1b64617461"
#define OTHER        UDP "13880036000cdf1a64617461"
#define OTHER_BROKEN UDP "13880036000cdf1b64617461"

START_TEST(broken_packet_is_invalid_although_the_table_is_full)
{
	come(GOOD);
	ck_assert(ct_process(thr, &pkt, CT_HOOK_PREROUTING) == CT_ACCEPT);
	ck_assert(ct_confirm(thr, &pkt) == CT_ACCEPT);
	come(OTHER);
	ck_assert(ct_process(thr, &pkt, CT_HOOK_PREROUTING) == CT_DROP);
	ck_assert_uint_eq(pkt.reason, CT_R_TABLE_FULL);
	come(OTHER_BROKEN);
	ck_assert(ct_process(thr, &pkt, CT_HOOK_PREROUTING) == CT_ACCEPT);
	ck_assert_uint_eq(pkt.state, CT_INVALID);
	ck_assert_uint_eq(pkt.reason, CT_R_L4_CHECKSUM);
}
END_TEST

/* An ACK out of nothing, 10.0.0.2:40000 to 198.51.100.5:80. */
#define MIDSTREAM                                  \
	"4500002800010000400646950a000002c6336405" \
	"9c400050000003e90000138950102000a7970000"

START_TEST(policy_does_not_overrule_the_tracker)
{
	static const struct ct_policy_timeout timeouts[] = {
		{ .name = "tcp.timeout.syn_sent", .seconds = 7 },
		{ .name = "tcp.timeout.max_retrans", .seconds = 99 },
		{ .name = "tcp.timeout.unacknowledged", .seconds = 99 },
	};
	struct ct_policy_def def = { .size = sizeof(def),
				     .timeouts = timeouts,
				     .n_timeouts = 3 };

	come(MIDSTREAM);
	ck_assert_int_eq(ct_policy_create(tbl, &def, &pkt.policy), 0);
	ct_process(thr, &pkt, CT_HOOK_PREROUTING);
	ck_assert_uint_eq(pkt.state, CT_NEW);
	ct_confirm(thr, &pkt);
	ck_assert_uint_eq(ct_conn_expires(thr, pkt.conn), 99);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("oracle.deviation");
	TCase *tcase = tcase_create("deviations");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase,
		       broken_packet_is_invalid_although_the_table_is_full);
	tcase_add_test(tcase, policy_does_not_overrule_the_tracker);
	suite_add_tcase(suite, tcase);
	return suite;
}
