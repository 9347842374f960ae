/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the router refuses before and after conntrack has seen it.
 */
#include <check.h>

#include "router.h"
#include "suite.h"

/* A packet, and what becomes of it. */
struct story {
	const char *title;
	const char *hex;
	enum router_input input;
	enum router_route route; /* if the input is good */
};

#define V6(src, dst) "6000000000003b40" src dst
#define HOST_A       "20010db8000100000000000000000002"
#define HOST_B       "20010db8000200000000000000000005"
#define LINK         "fe800000000000000000000000000001"
#define LOOP         "00000000000000000000000000000001"
#define HOP(options) "6000000000080040" HOST_A HOST_B "3b00" options

static const struct story stories[] = {
	{ "a datagram between hosts",
	  "4500001c00010000401146960a000002c63364050001000200080000",
	  INPUT_GOOD, ROUTE_FORWARD },
	{ "bytes behind the packet are cut off",
	  "4500001c00010000401146960a000002c63364050001000200080000ffff",
	  INPUT_GOOD, ROUTE_FORWARD },
	{ "a wrong header checksum",
	  "4500001c00010000401146970a000002c63364050001000200080000",
	  INPUT_MALFORMED, ROUTE_DROP },
	{ "cut short", "4500001c00010000401146960a000002c633640500010002000800",
	  INPUT_MALFORMED, ROUTE_DROP },
	{ "no header", "45000000", INPUT_MALFORMED, ROUTE_DROP },
	{ "neither version", "5500001c", INPUT_NO_IP, ROUTE_DROP },
	{ "nothing at all", "", INPUT_NO_IP, ROUTE_DROP },
	{ "to all hosts of the link",
	  "4500001400010000401190d50a000002e0000001", INPUT_GOOD, ROUTE_LOCAL },
	{ "to another group", "4500001400010000401190d40a000002e0000002",
	  INPUT_GOOD, ROUTE_DROP },
	{ "from a group", "45000014000100004011709ee0000001c6336405",
	  INPUT_GOOD, ROUTE_DROP },
	{ "a client without an address asks all",
	  "450000140001000040117ad900000000ffffffff", INPUT_GOOD, ROUTE_LOCAL },
	{ "from nobody to a host", "4500001400010000401150a000000000c6336405",
	  INPUT_GOOD, ROUTE_DROP },
	{ "between hosts of network 0",
	  "4500001400010000401146740001020300cd3194", INPUT_GOOD,
	  ROUTE_FORWARD },
	{ "to nobody", "4500001400010000401170d70a00000200000000", INPUT_GOOD,
	  ROUTE_DROP },
	{ "IPv6 between hosts", V6(HOST_A, HOST_B), INPUT_GOOD, ROUTE_FORWARD },
	{ "IPv6 cut short", "6000000000013b40" HOST_A HOST_B, INPUT_MALFORMED,
	  ROUTE_DROP },
	{ "IPv6 loopback from outside", V6(LOOP, HOST_B), INPUT_MALFORMED,
	  ROUTE_DROP },
	{ "from a link-local address", V6(LINK, HOST_B), INPUT_GOOD,
	  ROUTE_DROP },
	{ "to a link-local address", V6(HOST_A, LINK), INPUT_GOOD, ROUTE_DROP },
	{ "to all routers of the link",
	  V6(LINK, "ff020000000000000000000000000002"), INPUT_GOOD,
	  ROUTE_LOCAL },
	{ "to a group that nobody joined",
	  V6(LINK, "ff0200000000000000000001ff000005"), INPUT_GOOD,
	  ROUTE_DROP },
	{ "to a group of the sender's own node",
	  V6(LINK, "ff010000000000000000000000000001"), INPUT_MALFORMED,
	  ROUTE_DROP },
	{ "hop-by-hop padding", HOP("010400000000"), INPUT_GOOD,
	  ROUTE_FORWARD },
	{ "hop-by-hop padding that says something", HOP("010400000001"),
	  INPUT_MALFORMED, ROUTE_DROP },
	{ "a hop-by-hop option that ends too late", HOP("010500000000"),
	  INPUT_MALFORMED, ROUTE_DROP },
	{ "an unknown option that may be skipped", HOP("1e0400000000"),
	  INPUT_GOOD, ROUTE_FORWARD },
	{ "an unknown option that may not", HOP("5e0400000000"),
	  INPUT_MALFORMED, ROUTE_DROP },
};

START_TEST(each_packet_ends_where_it_should)
{
	const struct story *story = &stories[_i];
	struct bytes packet;
	bool masked;
	enum router_input input;

	ck_assert(bytes_from_hex(story->hex, &packet, &masked));
	input = router_input(&packet);
	ck_assert_msg(input == story->input, "%s: input %d", story->title,
		      input);
	if (input == INPUT_GOOD)
		ck_assert_msg(router_route(&packet) == story->route, "%s",
			      story->title);
	free(packet.data);
}
END_TEST

START_TEST(bytes_behind_the_packet_do_not_leave)
{
	struct bytes packet;
	bool masked;

	bytes_from_hex(stories[1].hex, &packet, &masked);
	ck_assert(router_input(&packet) == INPUT_GOOD);
	ck_assert_uint_eq(packet.len, 28);
	free(packet.data);
}
END_TEST

START_TEST(extension_headers_that_lead_beyond_the_end_are_not_traced)
{
	static const char hex[] =
		"6000000000083c40" HOST_A HOST_B "11ff000000000000";
	struct bytes packet;
	bool masked;

	bytes_from_hex(hex, &packet, &masked);
	ck_assert(router_untraceable(&packet));
	packet.data[41] = 0;
	ck_assert(!router_untraceable(&packet));
	free(packet.data);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("oracle.router");
	TCase *tcase = tcase_create("packets");

	tcase_add_loop_test(tcase, each_packet_ends_where_it_should, 0,
			    sizeof(stories) / sizeof(*stories));
	tcase_add_test(tcase, bytes_behind_the_packet_do_not_leave);
	tcase_add_test(
		tcase,
		extension_headers_that_lead_beyond_the_end_are_not_traced);
	suite_add_tcase(suite, tcase);
	return suite;
}
