/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Associations of several addresses: which paths are RELATED, whose tags they
 * must have, and what a list of addresses cannot do.
 */
#include "packet.h"
#include "suite.h"

#include <conntrack/conntrack.h>
#include <conntrack/expect.h>
#include <conntrack/nat.h>
#include <string.h>

#define S UINT64_C(1000000000)

enum { SCTP = 132, HEADER = 12, INIT_LEN = 20, ROOM = 512 };
enum { DATA = 0, INIT = 1, INIT_ACK = 2, HB = 4, HB_ACK = 5, ABORT = 6 };
enum { IPV4 = 5, IPV6 = 6, COOKIE = 7 };

/* Tags: the client's, which the server's packets carry, and so on. */
enum { A = 0x11111111, B = 0x22222222, X = 0x33333333 };

/* Last bytes of addresses: of a client and of a server. */
enum { CLIENT = 2, CLIENT_2 = 12, SERVER = 5, SERVER_2 = 15 };

static struct ct_table *tbl;
static struct ct_thread *thr;
static uint64_t now_ns;
static struct ct_test_flow base; /* client to server */
static struct ct_conn *assoc;    /* kept */

static void start(enum ct_profile profile, const struct ct_test_flow *flow)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .profile = profile };

	ck_assert_int_eq(ct_table_create(&cfg, &tbl), 0);
	ck_assert_int_eq(ct_thread_attach(tbl, &thr), 0);
	now_ns = 1000 * S;
	ct_thread_poll(thr, now_ns);
	base = *flow;
	base.dport = 36412;
	assoc = NULL;
}

static void setup(void)
{
	start(CT_PROFILE_RECOMMENDED, &ct_test_flow4);
}

static void teardown(void)
{
	if (assoc)
		ct_conn_put(tbl, assoc);
	ct_thread_detach(thr);
	ct_table_destroy(tbl);
}

static void again(enum ct_profile profile, const struct ct_test_flow *flow)
{
	teardown();
	start(profile, flow);
}

/* --- Packets ------------------------------------------------------------ */

static unsigned addr_len(void)
{
	return base.l3 == CT_L3_IPV4 ? 4 : 16;
}

/* The base's ends, with other last bytes. */
static struct ct_test_flow between(uint8_t client, uint8_t server)
{
	struct ct_test_flow flow = base;

	flow.src[addr_len() - 1] = client;
	flow.dst[addr_len() - 1] = server;
	return flow;
}

/* Parameters of an INIT, one behind the other. */
struct list {
	uint8_t bytes[ROOM];
	uint32_t len;
};

static void add(struct list *list, uint8_t type, const void *value, uint8_t len)
{
	uint8_t *at = list->bytes + list->len;

	at[0] = 0;
	at[1] = type;
	at[2] = 0;
	at[3] = (uint8_t)(4 + len);
	memcpy(at + 4, value, len);
	list->len += 4 + (len + 3u) / 4 * 4;
	ck_assert_uint_le(list->len, ROOM);
}

static void add_addr(struct list *list, const uint8_t *like, uint8_t last)
{
	uint8_t addr[16];

	memcpy(addr, like, addr_len());
	addr[addr_len() - 1] = last;
	add(list, addr_len() == 4 ? IPV4 : IPV6, addr, (uint8_t)addr_len());
}

static void put32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* What one packet is: a chunk, and of an INIT the tag and the list. */
struct word {
	uint8_t type;
	uint32_t packet_tag;
	uint32_t tag;
	const struct list *list;
	uint16_t cut; /* bytes that are not there */
};

static struct ct_nat_range *masquerade; /* or NULL */

static struct ct_pkt pass(const struct ct_test_flow *flow, enum ct_dir dir,
			  const struct word *word)
{
	uint8_t bytes[HEADER + INIT_LEN + ROOM] = { 0 };
	uint32_t more = word->list ? word->list->len : 0;
	uint16_t len = (uint16_t)(word->tag ? INIT_LEN + more : 20);
	const struct ct_test_l4 l4 = { SCTP, bytes,
				       HEADER + (uint32_t)len - word->cut };
	static struct ct_test_packet p;
	struct ct_pkt pkt;

	put32(bytes, dir == CT_DIR_ORIG
			     ? (uint32_t)flow->sport << 16 | flow->dport
			     : (uint32_t)flow->dport << 16 | flow->sport);
	put32(bytes + 4, word->packet_tag);
	bytes[HEADER] = word->type;
	bytes[HEADER + 2] = (uint8_t)(len >> 8);
	bytes[HEADER + 3] = (uint8_t)len;
	if (word->tag)
		put32(bytes + HEADER + 4, word->tag);
	if (more)
		memcpy(bytes + HEADER + INIT_LEN, word->list->bytes, more);
	ct_test_raw(&p, flow, dir, &l4);
	ct_test_sum(&p);
	pkt = ct_test_pkt(&p);
	ct_process(thr, &pkt, CT_HOOK_PREROUTING);
	if (masquerade && pkt.state == CT_NEW)
		ck_assert_int_eq(
			ct_nat_setup(thr, &pkt, CT_NAT_SRC, masquerade), 0);
	ck_assert_int_eq(ct_confirm(thr, &pkt), CT_ACCEPT);
	return pkt;
}

static struct ct_pkt say(const struct ct_test_flow *flow, enum ct_dir dir,
			 uint8_t type, uint32_t packet_tag)
{
	const struct word word = { .type = type, .packet_tag = packet_tag };

	return pass(flow, dir, &word);
}

/* The first half of the handshake: what both ends list. */
static void greet(const struct list *client, const struct list *server)
{
	const struct word init = { INIT, 0, A, client, 0 };
	const struct word ack = { INIT_ACK, A, B, server, 0 };

	assoc = ct_conn_get(pass(&base, CT_DIR_ORIG, &init).conn);
	ck_assert_int_eq(pass(&base, CT_DIR_REPLY, &ack).state, CT_ESTABLISHED);
}

/* Both have a second address; as from an end that says other things, too. */
static void greet_with_two(void)
{
	struct list client = { .len = 0 }, server = { .len = 0 };

	add(&server, COOKIE, "biscuit", 7);
	add_addr(&client, base.src, CLIENT);
	add_addr(&client, base.src, CLIENT_2);
	add_addr(&server, base.dst, SERVER_2);
	greet(&client, &server);
}

static bool count(void *user, struct ct_expect *exp)
{
	(void)exp;
	++*(unsigned *)user;
	return true;
}

static unsigned expected(void)
{
	unsigned n = 0;

	ct_expect_walk(thr, NULL, count, &n);
	return n;
}

/* --- Paths -------------------------------------------------------------- */

static void a_path_works(uint8_t client, uint8_t server)
{
	struct ct_test_flow path = between(client, server);
	struct ct_pkt pkt = say(&path, CT_DIR_ORIG, HB, B);

	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert_ptr_eq(ct_conn_master(tbl, pkt.conn), assoc);
	ck_assert_int_eq(say(&path, CT_DIR_REPLY, HB_ACK, A).state,
			 CT_ESTABLISHED);
	ck_assert_int_eq(say(&path, CT_DIR_REPLY, DATA, A).state,
			 CT_ESTABLISHED);
	ck_assert_int_eq(say(&path, CT_DIR_ORIG, DATA, X).reason,
			 CT_R_SCTP_TAG);
}

START_TEST(each_further_path_is_related)
{
	greet_with_two();
	ck_assert_uint_eq(expected(), 6);
	a_path_works(CLIENT_2, SERVER);
	a_path_works(CLIENT, SERVER_2);
	a_path_works(CLIENT_2, SERVER_2);
}
END_TEST

START_TEST(each_further_path_is_related_over_ipv6)
{
	again(CT_PROFILE_RECOMMENDED, &ct_test_flow6);
	greet_with_two();
	a_path_works(CLIENT_2, SERVER);
	a_path_works(CLIENT_2, SERVER_2);
}
END_TEST

START_TEST(the_server_may_try_a_path_first)
{
	struct ct_test_flow path;

	greet_with_two();
	path = between(CLIENT_2, SERVER_2);
	ck_assert_int_eq(say(&path, CT_DIR_REPLY, HB, A).state, CT_RELATED);
	ck_assert_int_eq(say(&path, CT_DIR_ORIG, HB_ACK, B).state,
			 CT_ESTABLISHED);
	ck_assert_int_eq(say(&path, CT_DIR_REPLY, DATA, X).reason,
			 CT_R_SCTP_TAG);
}
END_TEST

/* Without an expectation any tag would do. */
START_TEST(a_heartbeat_with_another_tag_opens_no_path)
{
	struct ct_test_flow path;

	greet_with_two();
	path = between(CLIENT_2, SERVER);
	ck_assert_int_eq(say(&path, CT_DIR_ORIG, HB, X).reason, CT_R_SCTP_TAG);
	ck_assert_int_eq(say(&path, CT_DIR_ORIG, HB, A).state, CT_INVALID);
	ck_assert_uint_eq(expected(), 6);
	a_path_works(CLIENT_2, SERVER);
}
END_TEST

START_TEST(other_ports_are_not_the_associations)
{
	struct ct_test_flow path;

	greet_with_two();
	path = between(CLIENT_2, SERVER);
	path.sport++;
	ck_assert_int_eq(say(&path, CT_DIR_ORIG, HB, B).state, CT_NEW);
}
END_TEST

START_TEST(paths_end_with_their_association)
{
	struct ct_test_flow path;

	greet_with_two();
	ck_assert_int_eq(ct_conn_delete(thr, assoc), 0);
	ck_assert_uint_eq(expected(), 0);
	path = between(CLIENT_2, SERVER);
	ck_assert_int_eq(say(&path, CT_DIR_ORIG, HB, B).state, CT_NEW);
}
END_TEST

START_TEST(a_new_handshake_brings_new_tags)
{
	const struct word init = { INIT, 0, X, NULL, 0 };
	struct list server = { .len = 0 };
	const struct word ack = { INIT_ACK, X, B, &server, 0 };
	struct ct_test_flow path;

	greet_with_two();
	add_addr(&server, base.dst, SERVER_2);
	pass(&base, CT_DIR_ORIG, &init);
	pass(&base, CT_DIR_REPLY, &ack);
	path = between(CLIENT, SERVER_2);
	ck_assert_int_eq(say(&path, CT_DIR_REPLY, HB, A).reason, CT_R_SCTP_TAG);
	ck_assert_int_eq(say(&path, CT_DIR_REPLY, HB, X).state, CT_RELATED);
}
END_TEST

/* --- Where there are none ----------------------------------------------- */

START_TEST(linux_knows_no_paths)
{
	struct ct_test_flow path;

	again(CT_PROFILE_LINUX, &ct_test_flow4);
	greet_with_two();
	ck_assert_uint_eq(expected(), 0);
	path = between(CLIENT_2, SERVER);
	ck_assert_int_eq(say(&path, CT_DIR_ORIG, HB, X).state, CT_NEW);
}
END_TEST

START_TEST(a_parameter_switches_it_off)
{
	ck_assert_int_eq(ct_param_set(tbl, "sctp.multihoming", 0), 0);
	greet_with_two();
	ck_assert_uint_eq(expected(), 0);
}
END_TEST

/* Addresses in chunks are not translated. */
START_TEST(translated_associations_have_no_paths)
{
	struct ct_nat_range range = { .size = sizeof(range),
				      .flags = CT_NAT_ADDR };
	const uint8_t public[4] = { 192, 0, 2, 1 };
	struct list both = { .len = 0 };
	const struct word init = { INIT, 0, A, &both, 0 };
	const struct word ack = { INIT_ACK, A, B, &both, 0 };
	struct ct_test_flow outside = base;

	memcpy(range.min_addr.bytes, public, 4);
	range.max_addr = range.min_addr;
	masquerade = &range;
	add_addr(&both, base.src, CLIENT_2);
	assoc = ct_conn_get(pass(&base, CT_DIR_ORIG, &init).conn);
	masquerade = NULL;
	memcpy(outside.src, public, 4);
	ck_assert_int_eq(pass(&outside, CT_DIR_REPLY, &ack).state,
			 CT_ESTABLISHED);
	ck_assert_uint_eq(expected(), 0);
}
END_TEST

START_TEST(an_init_ack_alone_announces_nothing)
{
	struct list server = { .len = 0 };
	const struct word ack = { INIT_ACK, A, B, &server, 0 };

	add_addr(&server, base.dst, SERVER_2);
	pass(&base, CT_DIR_REPLY, &ack);
	ck_assert_uint_eq(expected(), 0);
}
END_TEST

/* --- Lists of strangers ------------------------------------------------- */

START_TEST(no_more_than_four_further_addresses_of_an_end)
{
	struct list client = { .len = 0 }, server = { .len = 0 };

	for (uint8_t i = 0; i < 30; i++) {
		add_addr(&client, base.src, (uint8_t)(100 + i));
		add_addr(&server, base.dst, (uint8_t)(100 + i));
	}
	greet(&client, &server);
	ck_assert_uint_eq(expected(), 2 * (5 * 5 - 1));
	a_path_works(103, 103);
}
END_TEST

START_TEST(an_address_counts_once)
{
	struct list client = { .len = 0 }, server = { .len = 0 };

	for (unsigned i = 0; i < 6; i++) {
		add_addr(&client, base.src, CLIENT_2);
		add_addr(&server, base.dst, SERVER);
	}
	greet(&client, &server);
	ck_assert_uint_eq(expected(), 2);
}
END_TEST

START_TEST(addresses_of_the_other_family_are_passed_over)
{
	const uint8_t six[16] = { 0x20, 1 };
	struct list client = { .len = 0 }, server = { .len = 0 };

	add(&client, IPV6, six, sizeof(six));
	add_addr(&client, base.src, CLIENT_2);
	greet(&client, &server);
	ck_assert_uint_eq(expected(), 2);
}
END_TEST

/* Lengths that cannot be, and addresses of too few or too many bytes. */
START_TEST(a_list_ends_where_it_makes_no_sense)
{
	for (unsigned len = 0; len < 256; len++) {
		struct list client = { .len = 0 }, server = { .len = 0 };
		unsigned n;

		if (len == 8) /* that one is right */
			continue;
		add_addr(&client, base.src, CLIENT_2);
		client.bytes[3] = (uint8_t)len;
		greet(&client, &server);
		n = expected();
		ck_assert_msg(n == 0, "length %u: %u", len, n);
		again(CT_PROFILE_RECOMMENDED, &ct_test_flow4);
	}
}
END_TEST

START_TEST(a_list_may_be_cut_short)
{
	for (uint16_t cut = 1; cut <= 16; cut++) {
		struct list client = { .len = 0 }, server = { .len = 0 };
		const struct word init = { INIT, 0, A, &client, cut };
		const struct word ack = { INIT_ACK, A, B, &server, 0 };

		add_addr(&client, base.src, CLIENT_2);
		add_addr(&client, base.src, CLIENT_2 + 1);
		assoc = ct_conn_get(pass(&base, CT_DIR_ORIG, &init).conn);
		pass(&base, CT_DIR_REPLY, &ack);
		ck_assert_uint_eq(expected(), cut <= 8 ? 2 : 0);
		again(CT_PROFILE_RECOMMENDED, &ct_test_flow4);
	}
}
END_TEST

START_TEST(half_of_all_expectations_are_left_to_others)
{
	struct list client = { .len = 0 }, server = { .len = 0 };
	struct ct_expect_def def = { .size = sizeof(def),
				     .flags = CT_EXPECT_USERSPACE };
	uint64_t max;

	ck_assert_int_eq(ct_param_get(tbl, "expect.max", &max), 0);
	for (uint8_t i = 0; i < 4; i++) {
		add_addr(&client, base.src, (uint8_t)(100 + i));
		add_addr(&server, base.dst, (uint8_t)(100 + i));
	}
	for (uint64_t n = 0; n <= max; n += 48) {
		if (assoc)
			ct_conn_put(tbl, assoc);
		base.sport++;
		greet(&client, &server);
	}
	ck_assert_uint_eq(expected(), max / 2);
	ct_conn_tuple(assoc, CT_DIR_REPLY, &def.tuple);
	for (uint64_t n = 0; n < max - max / 2; n++) {
		def.tuple.dst_id++;
		ck_assert_int_eq(ct_expect_add(thr, assoc, &def, NULL), 0);
	}
	def.tuple.dst_id++;
	ck_assert_int_eq(ct_expect_add(thr, assoc, &def, NULL), CT_E_FULL);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("sctp_multihome_flow");
	TCase *tc = tcase_create("paths");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, each_further_path_is_related);
	tcase_add_test(tc, each_further_path_is_related_over_ipv6);
	tcase_add_test(tc, the_server_may_try_a_path_first);
	tcase_add_test(tc, a_heartbeat_with_another_tag_opens_no_path);
	tcase_add_test(tc, other_ports_are_not_the_associations);
	tcase_add_test(tc, paths_end_with_their_association);
	tcase_add_test(tc, a_new_handshake_brings_new_tags);
	tcase_add_test(tc, linux_knows_no_paths);
	tcase_add_test(tc, a_parameter_switches_it_off);
	tcase_add_test(tc, translated_associations_have_no_paths);
	tcase_add_test(tc, an_init_ack_alone_announces_nothing);
	suite_add_tcase(suite, tc);
	tc = tcase_create("lists");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, no_more_than_four_further_addresses_of_an_end);
	tcase_add_test(tc, an_address_counts_once);
	tcase_add_test(tc, addresses_of_the_other_family_are_passed_over);
	tcase_add_test(tc, a_list_ends_where_it_makes_no_sense);
	tcase_add_test(tc, a_list_may_be_cut_short);
	tcase_add_test(tc, half_of_all_expectations_are_left_to_others);
	suite_add_tcase(suite, tc);
	return suite;
}
