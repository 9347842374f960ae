/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Captured conversations that no golden says enough of: H.323's RAS, DCCP where
 * it is tracked, RTSP.  Skipped where the captures are not, see capture.h.
 */
#include "capture.h"
#include "nat.h"
#include "suite.h"

#include <arpa/inet.h>
#include <conntrack/conn.h>
#include <conntrack/expect.h>
#include <conntrack/policy.h>
#include <stdlib.h>
#include <string.h>

enum { TCP = 6, UDP = 17, SKIPPED = 77 };

static const char ras_capture[] = "jnetpcap-test-sip-rtp-g711.pcap";
static const char broken_capture[] = "tcpdump-dccp_options-oobr.pcap";
static const char rtsp_capture[] = "ndpi-rtsp-a.pcap";

static struct ct_world w;
static struct ct_capture capture;

static void start(enum ct_profile profile, const char *name)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = 256,
				       .profile = profile };

	ct_world_create(&w, &cfg);
	ct_capture_open(&capture, name);
}

static void teardown(void)
{
	ct_capture_close(&capture);
	ct_world_clear(&w);
	ct_world_end(&w);
}

static const struct ct_policy *helped_by(const char *helper)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .helper = helper };
	const struct ct_policy *policy;

	ck_assert_int_eq(ct_policy_create(w.tbl, &def, &policy), 0);
	return policy;
}

/* The next packet, in w.p, at its time. */
static bool next(void)
{
	if (!ct_capture_next(&capture, &w.p))
		return false;
	ct_world_wait(&w, CT_WORLD_START + capture.ns - w.now_ns);
	return true;
}

/* It goes all its way. */
static struct ct_pkt pass(const struct ct_policy *policy,
			  const struct ct_test_rules *rules)
{
	struct ct_pkt pkt = ct_test_pkt(&w.p);

	pkt.policy = policy;
	ck_assert_int_eq(ct_nat_step(&w, &pkt, rules), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	w.p.len = pkt.len;
	ct_world_audit(&w);
	return pkt;
}

static const struct ct_test_rules untranslated;

/* From one end of a tuple to the other, with such ports, as a first packet. */
static struct ct_pkt knock(const struct ct_tuple *t, uint8_t l4, uint16_t sport,
			   uint16_t dport)
{
	const struct ct_test_segment syn = { .flags = CT_TEST_SYN, .win = 999 };
	struct ct_test_flow flow = { .l3 = CT_L3_IPV4,
				     .sport = sport,
				     .dport = dport };

	memcpy(flow.src, &t->src, sizeof(t->src));
	memcpy(flow.dst, &t->dst, sizeof(t->dst));
	if (l4 == TCP)
		ct_test_tcp(&w.p, &flow, CT_DIR_ORIG, &syn);
	else
		ct_test_udp(&w.p, &flow, CT_DIR_ORIG, 20);
	return pass(NULL, &untranslated);
}

static bool count(void *user, struct ct_expect *exp)
{
	(void)exp;
	++*(unsigned *)user;
	return true;
}

/* How many expectations a connection has. */
static unsigned expects(struct ct_conn *conn)
{
	unsigned n = 0;

	ct_expect_walk(w.thr, conn, count, &n);
	return n;
}

/* --- RAS ---------------------------------------------------------------- */

enum { RAS_PORT = 1719, SIGNAL_PORT = 1720, RRQ = 3, RCF, RRJ };

/* => The message's number; -1: it is none. */
static int ras_message(void)
{
	struct ct_tuple t = ct_nat_tuple(&w.p);
	const uint8_t *said;
	uint32_t len;

	if (w.p.l4 != UDP ||
	    (t.src_id != htons(RAS_PORT) && t.dst_id != htons(RAS_PORT)))
		return -1;
	said = ct_capture_udp(&w.p, &len);
	return len ? said[0] >> 2 & 31 : -1;
}

/* How often an address and port are in a message. */
static unsigned says(const uint8_t *said, uint32_t len, uint32_t addr,
		     uint16_t port)
{
	const uint8_t bytes[6] = { (uint8_t)(addr >> 24), (uint8_t)(addr >> 16),
				   (uint8_t)(addr >> 8),  (uint8_t)addr,
				   (uint8_t)(port >> 8),  (uint8_t)port };
	unsigned n = 0;

	for (uint32_t i = 0; i + sizeof(bytes) <= len; i++)
		n += memcmp(said + i, bytes, sizeof(bytes)) == 0;
	return n;
}

/* Whether the sender says that it is called at 1720. */
static unsigned announces(void)
{
	uint32_t len;
	const uint8_t *said = ct_capture_udp(&w.p, &len);

	return says(said, len, ntohl(ct_nat_tuple(&w.p).src.v4), SIGNAL_PORT);
}

/* Whoever is registered is called by the gatekeeper, and for the 25 seconds
 * that its RCF grants. */
static void is_registered(struct ct_conn *conn, uint16_t sport)
{
	const struct ct_conn *master;
	struct ct_tuple t;
	struct ct_pkt pkt;

	ck_assert_uint_eq(ct_conn_expires(w.thr, conn), 25);
	ck_assert_uint_eq(expects(conn), 1);
	ct_conn_tuple(conn, CT_DIR_REPLY, &t);
	pkt = knock(&t, TCP, sport, SIGNAL_PORT);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_assert_str_eq(ct_conn_helper(w.tbl, pkt.conn), "Q.931");
	master = ct_conn_master(w.tbl, pkt.conn);
	ck_assert_ptr_eq(master, conn);
	ck_assert_int_eq(knock(&t, TCP, sport, SIGNAL_PORT + 1).state, CT_NEW);
}

START_TEST(captured_endpoints_are_called_when_they_are_registered)
{
	const struct ct_policy *ras;
	unsigned announced = 0;
	unsigned n = 0;

	start(CT_PROFILE_LINUX, ras_capture);
	ct_world_attach(&w);
	ras = helped_by("RAS");
	while (next()) {
		int message = ras_message();
		struct ct_pkt pkt;

		if (message < 0)
			continue;
		if (message == RRQ)
			announced = announces();
		pkt = pass(ras, &untranslated);
		ck_assert_int_ne(pkt.state, CT_INVALID);
		if (message == RRJ) /* what was announced may run out */
			ck_assert_uint_ge(expects(pkt.conn), announced);
		if (message == RCF)
			is_registered(pkt.conn, (uint16_t)(3000 + n++));
	}
	ck_assert_uint_eq(n, 5);
	teardown();
}
END_TEST

START_TEST(a_captured_registration_is_translated)
{
	const uint32_t outside = 0xcb007101; /* 203.0.113.1 */
	struct ct_nat_range range = ct_nat_to(outside);
	const struct ct_test_rules rules = { .src = &range };
	const struct ct_policy *ras;
	unsigned n = 0;

	start(CT_PROFILE_LINUX, ras_capture);
	ct_world_attach(&w);
	ras = helped_by("RAS");
	while (next()) {
		const uint8_t *said;
		struct ct_tuple t;
		unsigned announced;
		uint32_t inside;
		uint32_t len;

		if (ras_message() != RRQ)
			continue;
		inside = ntohl(ct_nat_tuple(&w.p).src.v4);
		announced = announces();
		pass(ras, &rules);
		ct_nat_sums_right(&w.p);
		t = ct_nat_tuple(&w.p);
		said = ct_capture_udp(&w.p, &len);
		ck_assert_uint_eq(says(said, len, inside, SIGNAL_PORT), 0);
		ck_assert_uint_eq(says(said, len, outside, ntohs(t.src_id)),
				  announced);
		n += announced;
	}
	ck_assert_uint_eq(n, 6);
	teardown();
}
END_TEST

/* --- DCCP --------------------------------------------------------------- */

/* A captured packet, and what RFC 4340 8.1 to 8.3 makes of it. */
struct step {
	enum ct_dir who;
	enum ct_state state;
	const char *name; /* of the connection's state afterwards */
};

#define CLIENT CT_DIR_ORIG
#define SERVER CT_DIR_REPLY
#define NEW    CT_NEW
#define EST    CT_ESTABLISHED

/* clang-format off */
static const struct step v4[] = {
	{ CLIENT, NEW, "REQUEST" },  /* Request */
	{ SERVER, EST, "RESPOND" },  /* Response */
	{ CLIENT, EST, "PARTOPEN" }, /* Ack */
	{ CLIENT, EST, "PARTOPEN" }, /* DataAck, covered in part */
	{ SERVER, EST, "OPEN" },     /* Ack */
	{ CLIENT, EST, "OPEN" },
	{ SERVER, EST, "OPEN" },
	{ CLIENT, EST, "OPEN" },
	{ CLIENT, EST, "OPEN" },
	{ SERVER, EST, "OPEN" },
	{ SERVER, EST, "OPEN" },
	{ CLIENT, EST, "OPEN" },
	{ CLIENT, EST, "CLOSING" },  /* Close */
	{ SERVER, EST, "CLOSING" },  /* Ack, of what came before */
	{ SERVER, EST, "TIMEWAIT" }, /* Reset, closed */
};

static const struct step v6[] = {
	{ CLIENT, NEW, "REQUEST" },
	{ SERVER, EST, "RESPOND" },
	{ CLIENT, EST, "PARTOPEN" },
	{ CLIENT, EST, "PARTOPEN" },
	{ SERVER, EST, "OPEN" },
	{ CLIENT, EST, "CLOSING" },
	{ SERVER, EST, "TIMEWAIT" },
};
/* clang-format on */

static const struct life {
	const char *capture;
	const struct step *steps;
	unsigned n;
} lives[] = {
	{ "tcpdump-dccp_partial_csum_v4_longer.pcap", v4,
	  sizeof(v4) / sizeof(*v4) },
	{ "tcpdump-dccp_partial_csum_v6_simple.pcap", v6,
	  sizeof(v6) / sizeof(*v6) },
};

static void start_dccp(const char *name)
{
	start(CT_PROFILE_LINUX, name);
	ck_assert_int_eq(ct_param_set(w.tbl, "dccp.track", 1), 0);
	ct_world_attach(&w);
}

START_TEST(a_captured_life_of_dccp)
{
	const struct life *life = &lives[_i];
	unsigned n = 0;

	start_dccp(life->capture);
	for (; next(); n++) {
		struct ct_pkt pkt = pass(NULL, &untranslated);

		ck_assert_uint_lt(n, life->n);
		ck_assert_msg(pkt.state == life->steps[n].state, "%u: %s", n,
			      ct_reason_text(pkt.reason)->text);
		ck_assert_int_eq(pkt.dir, life->steps[n].who);
		ck_assert_str_eq(ct_conn_state_name(w.tbl, pkt.conn),
				 life->steps[n].name);
	}
	ck_assert_uint_eq(n, life->n);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
	teardown();
}
END_TEST

/* A Request with a short number, a Response to nothing, two changed packets;
 * what follows is right, and picked up. */
START_TEST(captured_packets_that_were_broken)
{
	static const enum ct_reason reasons[] = { CT_R_DCCP_TYPE, CT_R_DCCP_NEW,
						  CT_R_L4_CHECKSUM,
						  CT_R_L4_CHECKSUM };
	static const enum ct_state states[] = { NEW, EST, EST };
	unsigned n = 0;

	start_dccp(broken_capture);
	for (; n < 4 && next(); n++)
		ck_assert_int_eq(pass(NULL, &untranslated).reason, reasons[n]);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	for (; next(); n++) {
		struct ct_pkt pkt = pass(NULL, &untranslated);

		ck_assert_uint_lt(n, 7);
		ck_assert_int_eq(pkt.state, states[n - 4]);
		ck_assert_str_eq(ct_conn_state_name(w.tbl, pkt.conn), "OPEN");
	}
	ck_assert_uint_eq(n, 7);
	teardown();
}
END_TEST

/* --- RTSP --------------------------------------------------------------- */

/* A stream that a server's answer opens. */
struct stream {
	unsigned player; /* its port of RTP; RTCP's is the next one */
	unsigned server;
};

static bool granted(struct stream *stream)
{
	static const char wanted[] = ";client_port=";
	char text[sizeof(w.p.bytes) + 1];
	char *at;

	for (uint32_t i = 0; i < w.p.len; i++)
		text[i] = w.p.bytes[i] ? (char)w.p.bytes[i] : ' ';
	text[w.p.len] = '\0';
	at = strstr(text, wanted);
	return at && sscanf(at, ";client_port=%u-%*u;server_port=%u-",
			    &stream->player, &stream->server) == 2;
}

static void comes(struct ct_conn *conn, const struct stream *stream)
{
	uint16_t player = (uint16_t)stream->player;
	uint16_t server = (uint16_t)stream->server;
	struct ct_tuple there;
	struct ct_tuple back;
	struct ct_pkt rtp;

	ct_conn_tuple(conn, CT_DIR_ORIG, &there);
	ct_conn_tuple(conn, CT_DIR_REPLY, &back);
	rtp = knock(&back, UDP, server, player);
	ck_assert_int_eq(rtp.state, CT_RELATED);
	ck_assert_ptr_eq(ct_conn_master(w.tbl, rtp.conn), conn);
	ck_assert_int_eq(knock(&there, UDP, (uint16_t)(player + 1),
			       (uint16_t)(server + 1))
				 .state,
			 CT_RELATED);
	ck_assert_int_eq(
		knock(&back, UDP, server, (uint16_t)(player + 9)).state,
		CT_NEW);
}

/* Each packet was captured four times; the answers are from four places. */
START_TEST(captured_answers_of_rtsp_open_their_streams)
{
	static const enum ct_profile profiles[] = { CT_PROFILE_LINUX,
						    CT_PROFILE_RECOMMENDED };
	const struct ct_policy *rtsp;
	struct stream last = { 0, 0 };
	unsigned n = 0;

	start(profiles[_i], rtsp_capture);
	ct_world_attach(&w);
	rtsp = helped_by("rtsp");
	while (next()) {
		struct stream stream;
		bool grants = granted(&stream);
		struct ct_pkt pkt = pass(rtsp, &untranslated);

		if (!grants || stream.player == last.player)
			continue;
		last = stream;
		ck_assert_int_eq(pkt.dir, CT_DIR_REPLY);
		comes(pkt.conn, &stream);
		n++;
	}
	ck_assert_uint_eq(n, 6);
	teardown();
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("capture_flow");
	TCase *tc = tcase_create("captures");

	if (!ct_capture_exists(ras_capture)) {
		printf("skipped: there is no %s\n", ras_capture);
		exit(SKIPPED);
	}
	tcase_add_test(tc,
		       captured_endpoints_are_called_when_they_are_registered);
	tcase_add_test(tc, a_captured_registration_is_translated);
	tcase_add_test(tc, captured_packets_that_were_broken);
	tcase_add_loop_test(tc, a_captured_life_of_dccp, 0, 2);
	tcase_add_loop_test(tc, captured_answers_of_rtsp_open_their_streams, 0,
			    2);
	suite_add_tcase(suite, tc);
	return suite;
}
