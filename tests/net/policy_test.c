/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_test.c - policy files of tun-nat: what they mean, what is wrong
 */
#include "policy.h"
#include "suite.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIDES_                              \
	"inside a 10.0.0.1/24 fd00::1/64\n" \
	"outside b 198.51.100.1/24\n"

static struct policy policy;

static bool parse(const char *text)
{
	return policy_parse(&policy, "p", text, strlen(text));
}

static struct address addr(const char *text)
{
	struct address address;

	ck_assert_msg(word_address(text, &address), "%s", text);
	return address;
}

static struct ct_tuple flow(uint8_t l4, const char *to, uint16_t port)
{
	struct address dst = addr(to);
	struct ct_tuple t = { .dst = dst.addr, .l3 = dst.l3, .l4 = l4 };

	t.dst_id = htons(port);
	return t;
}

/* --- What is right ------------------------------------------------------ */

START_TEST(sides_have_devices_and_addresses)
{
	const char *text = "# a comment\n\n"
			   " inside  tun0\tnetns home 10.0.0.1/24 # and one\r\n"
			   "outside tun1 198.51.100.1/24 2001:db8::1/64";
	struct address own = addr("2001:db8::1");

	ck_assert_msg(parse(text), "%s", policy.error);
	ck_assert_str_eq(policy.sides[INSIDE].device, "tun0");
	ck_assert_str_eq(policy.sides[INSIDE].netns, "home");
	ck_assert_str_eq(policy.sides[OUTSIDE].netns, "");
	ck_assert_uint_eq(policy.sides[OUTSIDE].n_nets, 2);
	ck_assert_ptr_null(policy_own(&policy, INSIDE, CT_L3_IPV6));
	ck_assert_mem_eq(policy_own(&policy, OUTSIDE, CT_L3_IPV6), &own.addr,
			 sizeof(own.addr));
}
END_TEST

START_TEST(networks_are_told_apart_by_their_bits)
{
	struct address in = addr("10.0.0.255"), out = addr("10.0.1.0");
	struct address far = addr("fd00:0:0:1::");

	ck_assert(parse(SIDES_));
	ck_assert(policy_is_on(&policy, INSIDE, in.l3, &in.addr));
	ck_assert(!policy_is_on(&policy, INSIDE, out.l3, &out.addr));
	ck_assert(!policy_is_on(&policy, INSIDE, far.l3, &far.addr));
}
END_TEST

START_TEST(first_rule_for_a_source_holds)
{
	struct address a = addr("10.0.0.7"), b = addr("10.0.0.8");
	struct address pooled = addr("192.0.2.5"),
		       not_pooled = addr("192.0.2.6");

	ck_assert_msg(parse(SIDES_ "pool 192.0.2.1-192.0.2.5 for 10.0.0.7/32 "
				   "ports 5000-6000 random persistent\n"
				   "masquerade 10.0.0.0/24\n"),
		      "%s", policy.error);
	ck_assert_ptr_eq(policy_source(&policy, a.l3, &a.addr),
			 &policy.sources[0]);
	ck_assert_ptr_eq(policy_source(&policy, b.l3, &b.addr),
			 &policy.sources[1]);
	ck_assert(policy.sources[0].random && policy.sources[0].persistent);
	ck_assert_uint_eq(policy.sources[0].ports.last, 6000);
	ck_assert_uint_eq(policy.sources[1].first.l3, 0);
	ck_assert(policy_is_public(&policy, pooled.l3, &pooled.addr));
	ck_assert(!policy_is_public(&policy, not_pooled.l3, &not_pooled.addr));
}
END_TEST

START_TEST(forwards_are_found_by_protocol_address_and_port)
{
	struct ct_tuple there = flow(IPPROTO_TCP, "198.51.100.1", 8009);
	struct ct_tuple udp = flow(IPPROTO_UDP, "198.51.100.1", 8009);
	struct ct_tuple above = flow(IPPROTO_TCP, "198.51.100.1", 8010);
	struct ct_tuple six = flow(IPPROTO_UDP, "2001:db8::1", 53);
	const struct policy_forward *found;

	ck_assert_msg(
		parse(SIDES_
		      "forward tcp 198.51.100.1:8000-8009 10.0.0.2:80-89\n"
		      "forward udp [2001:db8::1]:53 fd00::2\n"),
		"%s", policy.error);
	found = policy_forward(&policy, &there);
	ck_assert_ptr_nonnull(found);
	ck_assert_uint_eq(found->to.ports.first, 80);
	ck_assert_ptr_null(policy_forward(&policy, &udp));
	ck_assert_ptr_null(policy_forward(&policy, &above));
	found = policy_forward(&policy, &six);
	ck_assert_ptr_nonnull(found);
	ck_assert_uint_eq(found->to.ports.first, 53);
}
END_TEST

START_TEST(parameters_keep_their_line)
{
	ck_assert(parse(SIDES_ "set udp.timeout 20\nconnections 1000\n"
			       "hairpin off\n"));
	ck_assert_str_eq(policy.params[0].name, "udp.timeout");
	ck_assert_uint_eq(policy.params[0].value, 20);
	ck_assert_uint_eq(policy.params[0].line, 3);
	ck_assert_uint_eq(policy.max_conns, 1000);
	ck_assert(policy.no_hairpin);
}
END_TEST

START_TEST(helpers_are_found_by_port)
{
	ck_assert_msg(parse(SIDES_ "helper ftp port 21\n"
				   "helper sip port 5060-5061\n"
				   "helper tftp port 5061\n"),
		      "%s", policy.error);
	ck_assert_str_eq(policy.helpers[0].name, "ftp");
	ck_assert_uint_eq(policy.helpers[1].line, 4);
	ck_assert_int_eq(policy_helper(&policy, 21), 0);
	ck_assert_int_eq(policy_helper(&policy, 5060), 1);
	ck_assert_int_eq(policy_helper(&policy, 5061), 1);
	ck_assert_int_eq(policy_helper(&policy, 5062), -1);
	ck_assert_int_eq(policy_helper(&policy, 0), -1);
}
END_TEST

/* --- What is wrong ------------------------------------------------------ */

/* clang-format off */
static const struct wrong {
	const char *text;
	const char *error;
} wrongs[] = {
	{ "", "p:0: the line 'inside' is missing" },
	{ "inside a 10.0.0.1/24", "p:1: the line 'outside' is missing" },
	{ "\n\nroute x", "p:3: unknown statement 'route'" },
	{ "inside", "p:1: device is missing" },
	{ "inside a", "p:1: ADDRESS/BITS is missing" },
	{ "inside a 10.0.0.1", "p:1: '10.0.0.1' is no ADDRESS/BITS" },
	{ "inside a 10.0.0.1/33", "p:1: '10.0.0.1/33' is no ADDRESS/BITS" },
	{ "inside a 10.0.0.1/-1", "p:1: '10.0.0.1/-1' is no ADDRESS/BITS" },
	{ "inside a ::1/129", "p:1: '::1/129' is no ADDRESS/BITS" },
	{ "inside a /8", "p:1: '/8' is no ADDRESS/BITS" },
	{ "inside abcdefghijklmnop 10.0.0.1/8",
	  "p:1: device 'abcdefghijklmnop' is too long" },
	{ "inside ../x 10.0.0.1/8", "p:1: '../x' is no device" },
	{ "inside a netns x/y 10.0.0.1/8", "p:1: 'x/y' is no namespace" },
	{ "inside a netns", "p:1: namespace is missing" },
	{ "inside a 1.1.1.1/8\ninside b 1.1.1.1/8",
	  "p:2: this side has a device already" },
	{ "inside a 1.1.1.1/8 1.1.1.1/8 1.1.1.1/8 1.1.1.1/8 1.1.1.1/8 "
	  "1.1.1.1/8 1.1.1.1/8 1.1.1.1/8 1.1.1.1/8",
	  "p:1: more than 8 addresses" },
	{ "masquerade 10.0.0.0/24",
	  "p:1: no address of this family is outside; the line 'outside' "
	  "comes first" },
	{ SIDES_ "masquerade", "p:3: network is missing" },
	{ SIDES_ "masquerade 10.0.0.1/24",
	  "p:3: '10.0.0.1/24' has bits set behind its length" },
	{ SIDES_ "masquerade 10.0.0.0/24 ports",
	  "p:3: PORT-PORT is missing" },
	{ SIDES_ "masquerade 10.0.0.0/24 ports 9-1",
	  "p:3: '9-1' is no PORT-PORT" },
	{ SIDES_ "masquerade 10.0.0.0/24 ports 0-9",
	  "p:3: '0-9' is no PORT-PORT" },
	{ SIDES_ "masquerade 10.0.0.0/24 ports 1-65536",
	  "p:3: '1-65536' is no PORT-PORT" },
	{ SIDES_ "masquerade 10.0.0.0/24 fast", "p:3: unknown option 'fast'" },
	{ SIDES_ "pool", "p:3: ADDRESS-ADDRESS is missing" },
	{ SIDES_ "pool 10.0.0.9-10.0.0.1 for 10.0.0.0/24",
	  "p:3: '10.0.0.9-10.0.0.1' is no ADDRESS-ADDRESS" },
	{ SIDES_ "pool 10.0.0.9-::1 for 10.0.0.0/24",
	  "p:3: '10.0.0.9-::1' is no ADDRESS-ADDRESS" },
	{ SIDES_ "pool 192.0.2.1", "p:3: for NETWORK is missing" },
	{ SIDES_ "pool 192.0.2.1 for fd00::/64",
	  "p:3: pool and network are of two families" },
	{ SIDES_ "forward", "p:3: tcp or udp is missing" },
	{ SIDES_ "forward icmp", "p:3: 'icmp' is neither tcp nor udp" },
	{ SIDES_ "forward tcp", "p:3: ADDRESS:PORT is missing" },
	{ SIDES_ "forward tcp 1.1.1.1 2.2.2.2",
	  "p:3: the first ADDRESS:PORT has no port" },
	{ SIDES_ "forward tcp 1.1.1.1:1-2 2.2.2.2:1",
	  "p:3: not as many ports here as there" },
	{ SIDES_ "forward tcp 1.1.1.1:1 [::2]:1",
	  "p:3: the addresses are of two families" },
	{ SIDES_ "forward tcp [1.1.1.1]:1 2.2.2.2",
	  "p:3: '[1.1.1.1]:1' is no ADDRESS:PORT" },
	{ SIDES_ "forward tcp [::1 ::2",
	  "p:3: '[::1' is no ADDRESS:PORT" },
	{ SIDES_ "forward tcp 1.1.1.1:99999999999999999999 2.2.2.2",
	  "p:3: '1.1.1.1:99999999999999999999' is no ADDRESS:PORT" },
	{ SIDES_ "hairpin maybe", "p:3: on or off is missing" },
	{ SIDES_ "hairpin on off", "p:3: what is 'off' here?" },
	{ SIDES_ "set", "p:3: parameter is missing" },
	{ SIDES_ "set x", "p:3: number is missing" },
	{ SIDES_ "set x -1", "p:3: '-1' is no number, or too large" },
	{ SIDES_ "set x 18446744073709551616",
	  "p:3: '18446744073709551616' is no number, or too large" },
	{ SIDES_ "helper", "p:3: helper is missing" },
	{ SIDES_ "helper ftp", "p:3: port PORT is missing" },
	{ SIDES_ "helper ftp on 21", "p:3: port PORT is missing" },
	{ SIDES_ "helper ftp port 0", "p:3: '0' is no PORT-PORT" },
	{ SIDES_ "helper ftp port 21 22", "p:3: what is '22' here?" },
	{ SIDES_ "connections 0", "p:3: a table of none is too small" },
	{ SIDES_ "connections 4294967296",
	  "p:3: '4294967296' is no number, or too large" },
	{ "in\033[31mside", "p:1: line has bytes that are not ASCII text" },
	{ "a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g",
	  "p:1: more than 32 words" },
};
/* clang-format on */

START_TEST(mistakes_are_named_with_their_line)
{
	ck_assert_msg(!parse(wrongs[_i].text), "%s", wrongs[_i].text);
	ck_assert_str_eq(policy.error, wrongs[_i].error);
}
END_TEST

/* n times a line, behind both sides. */
static bool parse_many(const char *line, unsigned n)
{
	size_t len = strlen(SIDES_) + n * strlen(line);
	char *text = malloc(len + 1);
	bool good;

	ck_assert_ptr_nonnull(text);
	strcpy(text, SIDES_);
	while (n-- > 0)
		strcat(text, line);
	good = parse(text);
	free(text);
	return good;
}

START_TEST(lists_end_somewhere)
{
	const char *forward = "forward tcp 1.1.1.1:1 2.2.2.2\n";
	const char *source = "masquerade 10.0.0.0/24\n", *set = "set x 1\n";
	const char *helper = "helper x port 1\n";

	ck_assert(parse_many(forward, POLICY_FORWARDS));
	ck_assert(!parse_many(forward, POLICY_FORWARDS + 1));
	ck_assert(parse_many(source, POLICY_SOURCES));
	ck_assert(!parse_many(source, POLICY_SOURCES + 1));
	ck_assert(parse_many(set, POLICY_PARAMS));
	ck_assert(!parse_many(set, POLICY_PARAMS + 1));
	ck_assert(parse_many(helper, POLICY_HELPERS));
	ck_assert(!parse_many(helper, POLICY_HELPERS + 1));
}
END_TEST

START_TEST(lines_and_words_may_not_be_long)
{
	char text[4096];

	memset(text, 'x', sizeof(text));
	ck_assert(!policy_parse(&policy, "p", text, sizeof(text)));
	ck_assert_str_eq(policy.error, "p:1: line is too long");
	ck_assert(!policy_parse(&policy, "p", text, 1000));
	ck_assert_uint_lt(strlen(policy.error), 100);
}
END_TEST

START_TEST(file_that_cannot_be_read_is_named)
{
	ck_assert(!policy_read(&policy, "/nonexistent/policy"));
	ck_assert_str_eq(policy.error,
			 "/nonexistent/policy:0: cannot be opened");
	ck_assert(!policy_read(&policy, "/"));
	ck_assert(!policy_read(&policy, "/dev/zero"));
	ck_assert_str_eq(policy.error, "/dev/zero:0: is too long");
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("policy");
	TCase *tc = tcase_create("policy");

	tcase_add_test(tc, sides_have_devices_and_addresses);
	tcase_add_test(tc, networks_are_told_apart_by_their_bits);
	tcase_add_test(tc, first_rule_for_a_source_holds);
	tcase_add_test(tc, forwards_are_found_by_protocol_address_and_port);
	tcase_add_test(tc, parameters_keep_their_line);
	tcase_add_test(tc, helpers_are_found_by_port);
	tcase_add_loop_test(tc, mistakes_are_named_with_their_line, 0,
			    sizeof(wrongs) / sizeof(*wrongs));
	tcase_add_test(tc, lists_end_somewhere);
	tcase_add_test(tc, lines_and_words_may_not_be_long);
	tcase_add_test(tc, file_that_cannot_be_read_is_named);
	suite_add_tcase(suite, tc);
	return suite;
}
