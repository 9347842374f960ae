/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which packets count when a library without fragments, SCTP, GRE and helpers
 * is judged, and what connections are called then.
 */
#include <check.h>

#include "flows.h"
#include "suite.h"

#define A "0a000002"
#define B "c6336405"
#define UDP                    \
	"45000020000100004011" \
	"0000"
#define FRAG                   \
	"45000020000120004011" \
	"0000"
#define GRE                    \
	"4500002000010000402f" \
	"0000"
#define PORTS(src, dst) src dst "000c000064617461"

static json_t *packets;
static struct flows flows;

static void setup(void)
{
	packets = json_array();
	flows.counts = NULL;
}

static void teardown(void)
{
	flows_fini(&flows);
	json_decref(packets);
}

/* A packet of the connection id, or of none; with a status, or none. */
static void packet(const char *hex, const char *id, const char *status)
{
	json_t *ct = json_pack("{s:s}", "state", "new");

	if (id)
		json_object_set_new(ct, "id", json_string(id));
	if (status)
		json_object_set_new(ct, "status", json_pack("[s]", status));
	json_array_append_new(packets,
			      json_pack("{s:s,s:o}", "in", hex, "ct", ct));
}

START_TEST(plain_flows_count)
{
	packet(UDP A B PORTS("1388", "0035"), "c0", NULL);
	packet(UDP B A PORTS("0035", "1388"), "c0", NULL);
	packet(UDP A B PORTS("1389", "0035"), NULL, NULL);
	ck_assert_uint_eq(flows_init(&flows, packets), 3);
}
END_TEST

START_TEST(fragment_spoils_its_connection_before_and_after)
{
	packet(UDP A B PORTS("1388", "0035"), "c0", NULL);
	packet(UDP A B PORTS("1389", "0035"), "c1", NULL);
	packet(FRAG A B PORTS("1388", "0035"), "c0", NULL);
	packet(UDP B A PORTS("0035", "1388"), "c0", NULL);
	ck_assert_uint_eq(flows_init(&flows, packets), 1);
	ck_assert(!flows.counts[0]);
	ck_assert(flows.counts[1]);
	ck_assert(!flows.counts[3]);
}
END_TEST

START_TEST(packet_without_connection_goes_with_its_ports)
{
	packet(FRAG A B PORTS("1388", "0035"), "c0", NULL);
	packet(UDP B A PORTS("0035", "1388"), NULL, NULL);
	ck_assert_uint_eq(flows_init(&flows, packets), 0);
}
END_TEST

START_TEST(what_a_helper_expected_does_not_count)
{
	packet(UDP A B PORTS("1388", "0035"), "c0", "expected");
	packet(UDP B A PORTS("0035", "1388"), "c0", "seen_reply");
	packet(GRE A B PORTS("0000", "0000"), "c1", NULL);
	ck_assert_uint_eq(flows_init(&flows, packets), 0);
}
END_TEST

static const char *id_of(const json_t *records, size_t i)
{
	return json_string_value(json_object_get(
		json_object_get(json_array_get(records, i), "ct"), "id"));
}

START_TEST(connections_are_paired_once)
{
	json_t *records;

	packet(UDP A B PORTS("1388", "0035"), "c0", NULL);
	packet(UDP A B PORTS("1389", "0035"), "c5", NULL);
	records = json_deep_copy(packets);
	json_array_clear(packets);
	packet(UDP A B PORTS("1388", "0035"), "c1", NULL);
	packet(UDP A B PORTS("1389", "0035"), "c1", NULL);
	flows_rename(packets, records);
	ck_assert_str_eq(id_of(records, 0), "c1");
	/* c1 is c0's name now: another connection is no match for it. */
	ck_assert_str_ne(id_of(records, 1), "c1");
	json_decref(records);
}
END_TEST

START_TEST(features_are_found)
{
	struct golden golden = { .scenario = json_object() };

	packet(UDP A B PORTS("1388", "0035"), "c0", NULL);
	golden.packets = packets;
	ck_assert_ptr_null(flows_feature(&golden, "nat,fragments,sctp,gre"));
	packet(GRE A B PORTS("1388", "0035"), "c0", NULL);
	ck_assert_str_eq(flows_feature(&golden, "nat,gre"), "gre");
	ck_assert_ptr_null(flows_feature(&golden, "nat,fragments"));
	ck_assert_ptr_null(flows_feature(&golden, NULL));
	json_object_set_new(golden.scenario, "nat", json_array());
	ck_assert_str_eq(flows_feature(&golden, "nat,gre"), "nat");
	json_decref(golden.scenario);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("oracle.flows");
	TCase *tcase = tcase_create("flows");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, plain_flows_count);
	tcase_add_test(tcase, fragment_spoils_its_connection_before_and_after);
	tcase_add_test(tcase, packet_without_connection_goes_with_its_ports);
	tcase_add_test(tcase, what_a_helper_expected_does_not_count);
	tcase_add_test(tcase, connections_are_paired_once);
	tcase_add_test(tcase, features_are_found);
	suite_add_tcase(suite, tcase);
	return suite;
}
