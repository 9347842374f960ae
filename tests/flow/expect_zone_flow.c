/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Expectations in zones: whatever helper announces, and whoever speaks, what
 * comes must be of its master's zone.  For which direction the zone counts, of
 * either, makes no difference.
 */
#include "parley.h"
#include "sip.h"
#include "suite.h"

#include <conntrack/conn.h>
#include <conntrack/expect.h>
#include <netinet/in.h>
#include <string.h>

enum { ZONE = 7, OTHER = 8, BOTH = CT_POLICY_ZONE_ORIG | CT_POLICY_ZONE_REPLY };

static struct ct_world w;
static struct ct_parley parley;

/* How a packet gets a zone: a policy's flags; 0: its own. */
static const uint32_t ways[] = { CT_POLICY_ZONE_ORIG, CT_POLICY_ZONE_REPLY,
				 BOTH, 0 };
enum { WAYS = sizeof(ways) / sizeof(ways[0]), MASTERS = WAYS - 1 };

/* Two ends that announce an end each: the client's, and the server's. */
static const struct protocol {
	const char *helper;
	uint8_t l4;
	uint16_t port;
	uint8_t media; /* the protocol of what is announced */
	uint16_t here;
	uint16_t there;
} protocols[] = {
	{ "ftp", IPPROTO_TCP, 21, IPPROTO_TCP, 2048, 2049 },
	{ "sip", IPPROTO_UDP, 5060, IPPROTO_UDP, 4000, 6000 },
};
enum { PROTOCOLS = sizeof(protocols) / sizeof(protocols[0]) };

static void setup(void)
{
	ct_world_start(&w, 64);
}

static void teardown(void)
{
	ct_world_end(&w);
}

static struct ct_test_flow between(uint16_t sport, uint16_t dport)
{
	return (struct ct_test_flow){ .l3 = CT_L3_IPV4,
				      .src = { 10, 0, 0, 2 },
				      .dst = { 198, 51, 100, 5 },
				      .sport = sport,
				      .dport = dport };
}

static void sip_message(enum ct_dir who, const char *first, const char *addr,
			const char *media)
{
	char text[CT_SIP_TEXT], body[CT_SIP_TEXT];
	const struct ct_sip_text sip = {
		.first = first,
		.via = "10.0.0.2:5060",
		.from = "10.0.0.2",
		.contact = addr,
		.cseq = "1 INVITE",
		.body = ct_sip_describe(body, addr, media),
	};

	ck_assert_ptr_nonnull(
		ct_parley_say(&parley, who, ct_sip_write(text, &sip)));
}

static void announce(const struct protocol *protocol, enum ct_dir who)
{
	bool ftp = protocol->l4 == IPPROTO_TCP;

	if (!ftp)
		sip_message(CT_DIR_ORIG, "INVITE sip:bob@198.51.100.5 SIP/2.0",
			    "10.0.0.2", "m=audio 4000 RTP/AVP 0\r\n");
	if (!ftp && who == CT_DIR_REPLY)
		sip_message(CT_DIR_REPLY, "SIP/2.0 200 OK", "198.51.100.5",
			    "m=audio 6000 RTP/AVP 0\r\n");
	if (ftp)
		ck_assert_ptr_nonnull(ct_parley_say(
			&parley, who,
			who == CT_DIR_ORIG
				? "PORT 10,0,0,2,8,0\r\n"
				: "227 Passive (198,51,100,5,8,1)\r\n"));
}

static void converse(const struct protocol *protocol, uint32_t flags,
		     enum ct_dir who)
{
	const struct ct_test_flow by = between(protocol->port, protocol->port);
	const struct ct_parley_def def = {
		.helper = protocol->helper,
		.l4 = protocol->l4,
		.by = &by,
		.flags = flags,
		.zone = ZONE,
	};

	ct_parley_open(&parley, &w, &def);
	if (protocol->l4 == IPPROTO_TCP) {
		ct_parley_say(&parley, CT_DIR_REPLY, "220 ready\r\n");
		ct_parley_say(&parley, CT_DIR_ORIG, "USER me\r\n");
	}
	announce(protocol, who);
	ck_assert_uint_eq(ct_conn_zone(parley.conn), ZONE);
}

/* Somebody comes to who announced, its zone said in one way. */
static enum ct_state knock(const struct protocol *protocol, enum ct_dir who,
			   uint32_t way, uint16_t zone)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .flags = way,
					   .zone = way ? zone : 0 };
	const struct ct_test_segment syn = { .flags = CT_TEST_SYN,
					     .win = 8192 };
	bool here = who == CT_DIR_ORIG;
	struct ct_test_flow flow = between(here ? protocol->here : 1234,
					   here ? 1234 : protocol->there);
	enum ct_dir from = here ? CT_DIR_REPLY : CT_DIR_ORIG;
	struct ct_pkt pkt;

	if (protocol->media == IPPROTO_TCP)
		ct_test_tcp(&w.p, &flow, from, &syn);
	else
		ct_test_udp(&w.p, &flow, from, 20);
	pkt = ct_test_pkt(&w.p);
	pkt.zone = way ? 0 : zone;
	ck_assert_int_eq(ct_policy_create(w.tbl, &def, &pkt.policy), 0);
	ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	if (pkt.state == CT_RELATED)
		ck_assert_ptr_eq(ct_conn_master(w.tbl, pkt.conn), parley.conn);
	ct_abandon(w.thr, &pkt);
	return (enum ct_state)pkt.state;
}

START_TEST(what_comes_is_of_its_masters_zone)
{
	const struct protocol *protocol = &protocols[_i % PROTOCOLS];
	enum ct_dir who = _i / PROTOCOLS % 2 ? CT_DIR_REPLY : CT_DIR_ORIG;
	uint32_t master = ways[_i / PROTOCOLS / 2 % MASTERS];
	uint32_t way = ways[_i / PROTOCOLS / 2 / MASTERS];

	converse(protocol, master, who);
	for (unsigned i = 0; i < WAYS; i++)
		ck_assert_int_eq(knock(protocol, who, ways[i], OTHER), CT_NEW);
	ck_assert_int_eq(knock(protocol, who, 0, 0), CT_NEW);
	ck_assert_int_eq(knock(protocol, who, way, ZONE), CT_RELATED);
}
END_TEST

/* The host may expect somebody in another zone than its master's. */
START_TEST(a_hosts_own_is_of_the_zone_that_it_says)
{
	struct ct_expect_def def = { .size = sizeof(def),
				     .flags = CT_EXPECT_USERSPACE };

	converse(&protocols[1], BOTH, CT_DIR_ORIG);
	ct_conn_tuple(parley.conn, CT_DIR_ORIG, &def.tuple);
	def.tuple.zone = OTHER;
	def.tuple.src_id = 0;
	def.tuple.dst_id = htons(6000);
	ck_assert_int_eq(ct_expect_add(w.thr, parley.conn, &def, NULL), 0);
	ck_assert_int_eq(knock(&protocols[1], CT_DIR_REPLY, 0, ZONE), CT_NEW);
	ck_assert_int_eq(knock(&protocols[1], CT_DIR_REPLY, 0, OTHER),
			 CT_RELATED);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("expectations in zones");
	TCase *tc = tcase_create("zones");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, what_comes_is_of_its_masters_zone, 0,
			    PROTOCOLS * 2 * MASTERS * WAYS);
	tcase_add_test(tc, a_hosts_own_is_of_the_zone_that_it_says);
	suite_add_tcase(suite, tc);
	return suite;
}
