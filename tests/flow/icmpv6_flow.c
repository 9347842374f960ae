/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMPv6: queries and their answers, and errors about packets of known and
 * unknown connections.
 */
#include "packet.h"
#include "suite.h"

#define S UINT64_C(1000000000)

enum { HEADER = 40 }; /* bytes of an IP header */

static struct ct_table *tbl;
static struct ct_thread *thr;
static uint64_t now_ns;

static void setup(void)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .profile = CT_PROFILE_LINUX };

	ck_assert_int_eq(ct_table_create(&cfg, &tbl), 0);
	ck_assert_int_eq(ct_thread_attach(tbl, &thr), 0);
	now_ns = 1000 * S;
	ct_thread_poll(thr, now_ns);
}

static void teardown(void)
{
	ct_thread_detach(thr);
	ct_table_destroy(tbl);
}

static struct ct_pkt pass(struct ct_test_packet *p)
{
	struct ct_pkt pkt = ct_test_pkt(p);

	ck_assert_int_eq(ct_process(thr, &pkt, CT_HOOK_PREROUTING), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(thr, &pkt), CT_ACCEPT);
	return pkt;
}

/* A query or an answer, and what it must find. */
struct query {
	uint32_t wait_s;
	enum ct_dir who;
	uint8_t type;
	uint8_t code;
	uint16_t id;
	enum ct_state state;
	enum ct_dir dir;
};

#define CLIENT CT_DIR_ORIG
#define SERVER CT_DIR_REPLY
#define ORIG   CT_DIR_ORIG
#define REPLY  CT_DIR_REPLY
#define NEW    CT_NEW
#define EST    CT_ESTABLISHED
#define INV    CT_INVALID

static void ask(const struct query *steps, size_t n)
{
	struct ct_test_packet p;
	struct ct_pkt pkt;

	for (size_t i = 0; i < n; i++) {
		const struct query *q = &steps[i];
		const struct ct_test_icmp icmp = { .type = q->type,
						   .code = q->code,
						   .id = q->id };

		now_ns += q->wait_s * S;
		ct_thread_poll(thr, now_ns);
		ct_test_icmp(&p, &ct_test_flow6, q->who, &icmp);
		pkt = pass(&p);
		ck_assert_int_eq(pkt.state, q->state);
		if (!pkt.conn)
			continue;
		ck_assert_int_eq(pkt.dir, q->dir);
		ck_assert_uint_eq(ct_conn_expires(thr, pkt.conn), 30);
		ck_assert(!(ct_conn_status(pkt.conn) & CT_S_ASSURED));
	}
}

#define ASK(steps) ask(steps, sizeof(steps) / sizeof((steps)[0]))

/* clang-format off */
START_TEST(echo_is_answered_again_and_again)
{
	static const struct query steps[] = {
		{  0, CLIENT, 128, 0, 7, NEW, ORIG },
		{  0, SERVER, 129, 0, 7, EST, REPLY },
		{  1, CLIENT, 128, 0, 7, EST, ORIG },
		{  0, SERVER, 129, 0, 7, EST, REPLY },
		{  0, SERVER, 129, 0, 7, EST, REPLY },
		{ 29, CLIENT, 128, 0, 7, EST, ORIG },
		{ 31, CLIENT, 128, 0, 7, NEW, ORIG },
	};

	ASK(steps);
}
END_TEST

START_TEST(answer_that_nobody_asked_for)
{
	static const struct query steps[] = {
		{ 0, SERVER, 129, 0, 7, INV, ORIG },
		{ 0, CLIENT, 128, 0, 7, NEW, ORIG },
		{ 0, SERVER, 129, 0, 8, INV, ORIG }, /* another id */
		{ 0, SERVER, 129, 1, 7, INV, ORIG }, /* another code */
		{ 0, CLIENT, 129, 0, 7, INV, ORIG }, /* the wrong way */
		{ 0, SERVER, 129, 0, 7, EST, REPLY },
	};

	ASK(steps);
}
END_TEST

START_TEST(both_ends_may_ask_with_the_same_id)
{
	static const struct query steps[] = {
		{ 0, CLIENT, 128, 0, 7, NEW, ORIG },
		{ 0, SERVER, 128, 0, 7, NEW, ORIG },
		{ 0, CLIENT, 129, 0, 7, EST, REPLY },
		{ 0, SERVER, 129, 0, 7, EST, REPLY },
	};

	ASK(steps);
}
END_TEST

START_TEST(code_is_part_of_the_query)
{
	static const struct query steps[] = {
		{ 0, CLIENT, 128, 0, 7, NEW, ORIG },
		{ 0, CLIENT, 128, 1, 7, NEW, ORIG },
		{ 0, SERVER, 129, 1, 7, EST, REPLY },
	};

	ASK(steps);
}
END_TEST

START_TEST(node_information)
{
	static const struct query steps[] = {
		{ 0, CLIENT, 139, 0, 7, NEW, ORIG },
		{ 0, SERVER, 140, 0, 7, EST, REPLY },
		{ 0, CLIENT, 137, 0, 7, INV, ORIG },
		{ 0, CLIENT, 255, 0, 7, INV, ORIG },
	};

	ASK(steps);
}
END_TEST

START_TEST(discovery_is_left_alone)
{
	static const struct query steps[] = {
		{ 0, CLIENT, 135, 0, 0, CT_UNTRACKED, ORIG },
		{ 0, SERVER, 136, 0, 0, CT_UNTRACKED, ORIG },
		{ 0, SERVER, 134, 0, 0, CT_UNTRACKED, ORIG },
		{ 0, CLIENT, 143, 0, 0, CT_UNTRACKED, ORIG },
		{ 0, CLIENT, 151, 0, 0, CT_UNTRACKED, ORIG },
		{ 0, CLIENT, 152, 0, 0, CT_UNTRACKED, ORIG },
		{ 0, CLIENT, 153, 0, 0, CT_INVALID, ORIG },
	};

	ASK(steps);
}
END_TEST

/* clang-format on */

/* --- Errors ------------------------------------------------------------- */

/* A datagram from the client, and the connection it opens. */
static struct ct_conn *open_udp(struct ct_test_packet *p)
{
	ct_test_udp(p, &ct_test_flow6, CT_DIR_ORIG, 10);
	return pass(p).conn;
}

/*
 * An error about the first len bytes of a packet, sent to that packet's
 * source, in the direction dir, by a router that is nobody's end.
 */
static struct ct_pkt complain(const struct ct_test_packet *about, uint32_t len,
			      enum ct_dir dir, uint8_t type)
{
	const struct ct_test_icmp icmp = { .type = type,
					   .rest = about->bytes,
					   .rest_len = len };
	struct ct_test_flow flow = ct_test_flow6;
	struct ct_test_packet p;
	struct ct_pkt pkt;

	/* the router stands in for the end that would have answered */
	*(dir == CT_DIR_REPLY ? &flow.dst[15] : &flow.src[15]) = 77;
	ct_test_icmp(&p, &flow, dir, &icmp);
	pkt = ct_test_pkt(&p);
	ck_assert_int_eq(ct_process(thr, &pkt, CT_HOOK_PREROUTING), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(thr, &pkt), CT_ACCEPT);
	pkt.data = NULL; /* it was ours */
	return pkt;
}

START_TEST(errors_of_every_type_are_related)
{
	static const uint8_t types[] = { 1, 2, 3, 4, 0, 127 };
	struct ct_test_packet p;
	struct ct_conn *conn = open_udp(&p);
	struct ct_pkt pkt;

	for (size_t i = 0; i < sizeof(types); i++) {
		pkt = complain(&p, p.len, CT_DIR_REPLY, types[i]);
		ck_assert_int_eq(pkt.state, CT_RELATED);
		ck_assert_int_eq(pkt.dir, CT_DIR_REPLY);
		ck_assert_uint_eq(pkt.reason, CT_R_RELATED_ERROR);
		ck_assert_ptr_eq(pkt.conn, conn);
	}
}
END_TEST

START_TEST(error_changes_nothing)
{
	struct ct_test_packet p;
	struct ct_conn *conn = open_udp(&p);

	now_ns += 10 * S;
	ct_thread_poll(thr, now_ns);
	ck_assert_int_eq(complain(&p, p.len, CT_DIR_REPLY, 1).state,
			 CT_RELATED);
	ck_assert_uint_eq(ct_conn_expires(thr, conn), 20);
	ck_assert(!(ct_conn_status(conn) & CT_S_SEEN_REPLY));
}
END_TEST

START_TEST(error_about_the_answer_goes_the_other_way)
{
	struct ct_test_packet p;
	struct ct_conn *conn = open_udp(&p);
	struct ct_pkt pkt;

	ct_test_udp(&p, &ct_test_flow6, CT_DIR_REPLY, 10);
	pass(&p);
	pkt = complain(&p, p.len, CT_DIR_ORIG, 1);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert_int_eq(pkt.dir, CT_DIR_ORIG);
	ck_assert_ptr_eq(pkt.conn, conn);
}
END_TEST

START_TEST(error_must_go_to_whom_it_is_about)
{
	struct ct_test_packet p;
	struct ct_pkt pkt;

	open_udp(&p);
	pkt = complain(&p, p.len, CT_DIR_ORIG, 1);
	ck_assert_int_eq(pkt.state, CT_INVALID);
	ck_assert_uint_eq(pkt.reason, CT_R_ICMP_QUOTE_ADDRESS);
	ck_assert_ptr_null(pkt.conn);
}
END_TEST

START_TEST(error_about_an_unknown_packet)
{
	struct ct_test_flow flow = ct_test_flow6;
	struct ct_test_packet p;
	struct ct_pkt pkt;

	open_udp(&p);
	flow.sport++;
	ct_test_udp(&p, &flow, CT_DIR_ORIG, 10);
	pkt = complain(&p, p.len, CT_DIR_REPLY, 1);
	ck_assert_int_eq(pkt.state, CT_INVALID);
	ck_assert_uint_eq(pkt.reason, CT_R_ICMP_QUOTE_UNKNOWN);
}
END_TEST

START_TEST(quote_is_cut_at_every_length)
{
	struct ct_test_packet p;
	struct ct_pkt pkt;

	open_udp(&p);
	for (uint32_t len = 0; len < HEADER + 4; len++) {
		pkt = complain(&p, len, CT_DIR_REPLY, 1);
		ck_assert_int_eq(pkt.state, CT_INVALID);
		ck_assert_uint_eq(pkt.reason, CT_R_ICMP_QUOTE_SHORT);
	}
	/* four bytes of L4 are the ports */
	pkt = complain(&p, HEADER + 4, CT_DIR_REPLY, 1);
	ck_assert_int_eq(pkt.state, CT_RELATED);
}
END_TEST

/* A chain in front of the quoted ports is walked over. */
START_TEST(quote_with_extension_headers)
{
	uint8_t bytes[16 + 18] = { 60, 0 };
	struct ct_test_l4 l4 = { 0, bytes, sizeof(bytes) };
	struct ct_test_packet p;
	struct ct_conn *conn = open_udp(&p);
	struct ct_pkt pkt;

	bytes[8] = 17;
	memcpy(bytes + 16, p.bytes + HEADER, 18);
	ct_test_raw(&p, &ct_test_flow6, CT_DIR_ORIG, &l4);
	pkt = complain(&p, HEADER + 16 + 4, CT_DIR_REPLY, 1);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert_ptr_eq(pkt.conn, conn);
	pkt = complain(&p, HEADER + 15, CT_DIR_REPLY, 1);
	ck_assert_uint_eq(pkt.reason, CT_R_ICMP_QUOTE_SHORT);
}
END_TEST

START_TEST(quoted_later_fragment_has_no_ports)
{
	const uint8_t bytes[12] = { 17, 0, 0, 8 };
	const struct ct_test_l4 l4 = { 44, bytes, sizeof(bytes) };
	struct ct_test_packet p;
	struct ct_pkt pkt;

	ct_test_raw(&p, &ct_test_flow6, CT_DIR_ORIG, &l4);
	pkt = complain(&p, p.len, CT_DIR_REPLY, 1);
	ck_assert_int_eq(pkt.state, CT_INVALID);
	ck_assert_uint_eq(pkt.reason, CT_R_ICMP_QUOTE_FRAGMENT);
}
END_TEST

START_TEST(error_about_a_query)
{
	const struct ct_test_icmp echo = { .type = 128, .id = 7 };
	struct ct_test_packet p;
	struct ct_conn *conn;
	struct ct_pkt pkt;

	ct_test_icmp(&p, &ct_test_flow6, CT_DIR_ORIG, &echo);
	conn = pass(&p).conn;
	pkt = complain(&p, p.len, CT_DIR_REPLY, 1);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert_ptr_eq(pkt.conn, conn);
	/* its id is further in than a port is */
	pkt = complain(&p, HEADER + 7, CT_DIR_REPLY, 1);
	ck_assert_int_eq(pkt.state, CT_INVALID);
	ck_assert_uint_eq(pkt.reason, CT_R_ICMP_QUOTE_SHORT);
}
END_TEST

/* RFC 1122 3.2.2: none is sent; and it is nobody's. */
START_TEST(error_about_an_error_is_invalid)
{
	struct ct_test_packet datagram, error;
	struct ct_pkt pkt;
	struct ct_test_icmp icmp = { .type = 1, .rest = datagram.bytes };

	open_udp(&datagram);
	icmp.rest_len = datagram.len;
	ct_test_icmp(&error, &ct_test_flow6, CT_DIR_REPLY, &icmp);
	pkt = complain(&error, error.len, CT_DIR_ORIG, 1);
	ck_assert_int_eq(pkt.state, CT_INVALID);
	ck_assert_uint_eq(pkt.reason, CT_R_ICMP_QUOTE_UNKNOWN);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("icmpv6 flow");
	TCase *tc = tcase_create("icmpv6");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, echo_is_answered_again_and_again);
	tcase_add_test(tc, answer_that_nobody_asked_for);
	tcase_add_test(tc, both_ends_may_ask_with_the_same_id);
	tcase_add_test(tc, code_is_part_of_the_query);
	tcase_add_test(tc, node_information);
	tcase_add_test(tc, discovery_is_left_alone);
	tcase_add_test(tc, errors_of_every_type_are_related);
	tcase_add_test(tc, error_changes_nothing);
	tcase_add_test(tc, error_about_the_answer_goes_the_other_way);
	tcase_add_test(tc, error_must_go_to_whom_it_is_about);
	tcase_add_test(tc, error_about_an_unknown_packet);
	tcase_add_test(tc, quote_is_cut_at_every_length);
	tcase_add_test(tc, quote_with_extension_headers);
	tcase_add_test(tc, quoted_later_fragment_has_no_ports);
	tcase_add_test(tc, error_about_a_query);
	tcase_add_test(tc, error_about_an_error_is_invalid);
	suite_add_tcase(suite, tc);
	return suite;
}
