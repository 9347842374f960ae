/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stranger's trackers and extensions (examples/stranger) in the library.
 */
#include "alloc.h"
#include "esp.h"
#include "note.h"
#include "packet.h"
#include "radio.h"
#include "suite.h"

#include <check.h>
#include <conntrack/dump.h>
#include <netinet/in.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

static struct ct_test_alloc mem;
static struct ct_table *tbl;
static struct ct_thread *thr;
static struct note_ids notes;
static struct note_ends before;
static uint64_t now_ns;

static void pass_time(uint64_t seconds)
{
	now_ns += seconds * SECOND;
	ct_thread_poll(thr, now_ns);
}

static void setup(void)
{
	struct ct_host host = { .size = sizeof(host) };
	struct ct_config cfg = { .size = sizeof(cfg),
				 .host = &host,
				 .profile = CT_PROFILE_LINUX,
				 .max_conns = 64 };

	ct_test_alloc_init(&mem);
	ct_test_alloc_host(&mem, &host);
	before = note_ends();
	ck_assert_int_eq(ct_table_create(&cfg, &tbl), 0);
	ck_assert_int_eq(ct_l4_register(tbl, &esp_ops), 0);
	ck_assert_int_eq(ct_l3_register(tbl, &radio_ops), 0);
	ck_assert_int_eq(note_register(tbl, &notes), 0);
	ck_assert_int_eq(ct_thread_attach(tbl, &thr), 0);
	now_ns = 1000 * SECOND;
	pass_time(0);
}

static void teardown(void)
{
	ct_thread_detach(thr);
	ct_table_destroy(tbl);
	ct_test_alloc_leaks(&mem);
}

/* --- Packets ------------------------------------------------------------ */

static struct ct_pkt process(struct ct_pkt pkt)
{
	ck_assert_int_eq(ct_process(thr, &pkt, CT_HOOK_PREROUTING), CT_ACCEPT);
	return pkt;
}

static struct ct_pkt through(struct ct_pkt pkt)
{
	pkt = process(pkt);
	ck_assert_int_eq(ct_confirm(thr, &pkt), CT_ACCEPT);
	return pkt;
}

static struct ct_pkt esp(struct ct_test_packet *p, enum ct_dir dir,
			 uint32_t spi)
{
	const uint8_t bytes[16] = { (uint8_t)(spi >> 24), (uint8_t)(spi >> 16),
				    (uint8_t)(spi >> 8), (uint8_t)spi };
	const struct ct_test_l4 l4 = { .l4 = IPPROTO_ESP,
				       .bytes = bytes,
				       .len = sizeof(bytes) };

	ct_test_raw(p, &ct_test_flow4, dir, &l4);
	return ct_test_pkt(p);
}

/* UDP without a checksum, which the radio network leaves to its own. */
static struct ct_pkt radio(uint8_t bytes[RADIO_HEADER_LEN + 8], enum ct_dir dir)
{
	static const uint8_t udp[2][8] = { { 0x0f, 0xa0, 0x16, 0x33, 0, 8 },
					   { 0x16, 0x33, 0x0f, 0xa0, 0, 8 } };
	static const uint16_t addr[2][2] = { { 0x0101, 0x0202 },
					     { 0x0202, 0x0101 } };
	struct ct_pkt pkt = { .data = bytes,
			      .len = RADIO_HEADER_LEN + 8,
			      .l3 = RADIO_L3 };

	radio_header(bytes, IPPROTO_UDP, 8, addr[dir]);
	memcpy(bytes + RADIO_HEADER_LEN, udp[dir], 8);
	return pkt;
}

static void assert_text(const struct ct_conn *conn, const char *text)
{
	char line[1024];

	ck_assert_int_gt(
		ct_conn_text(thr, conn, CT_TEXT_EXTENDED, line, sizeof(line)),
		0);
	ck_assert_str_eq(line, text);
}

/* --- ESP ---------------------------------------------------------------- */

START_TEST(two_spis_are_two_connections)
{
	struct ct_test_packet p;
	struct ct_pkt one = through(esp(&p, CT_DIR_ORIG, 0x10001000));
	struct ct_pkt other = through(esp(&p, CT_DIR_ORIG, 0x10001001));

	ck_assert_int_eq(one.state, CT_NEW);
	ck_assert_int_eq(other.state, CT_NEW);
	ck_assert_ptr_ne(one.conn, other.conn);
	assert_text(one.conn,
		    "ipv4     2 esp      50 600 ONE_WAY "
		    "src=10.0.0.2 dst=198.51.100.5 srckey=0x1000 dstkey=0x1000 "
		    "[UNREPLIED] "
		    "src=198.51.100.5 dst=10.0.0.2 srckey=0x1000 dstkey=0x1000 "
		    "mark=0 use=1");
}
END_TEST

START_TEST(an_answer_with_the_same_spi_is_a_reply)
{
	struct ct_test_packet p;
	struct ct_conn *conn = through(esp(&p, CT_DIR_ORIG, 0x10001000)).conn;
	struct ct_pkt reply = through(esp(&p, CT_DIR_REPLY, 0x10001000));

	ck_assert_int_eq(reply.state, CT_ESTABLISHED);
	ck_assert_int_eq(reply.dir, CT_DIR_REPLY);
	ck_assert_ptr_eq(reply.conn, conn);
	ck_assert_uint_eq(ct_conn_status(conn),
			  CT_S_SEEN_REPLY | CT_S_ASSURED | CT_S_CONFIRMED);
	ck_assert_str_eq(ct_conn_state_name(tbl, conn), "BOTH_WAYS");
}
END_TEST

START_TEST(esp_without_an_spi_is_invalid)
{
	struct ct_test_packet p;
	struct ct_pkt pkt = process(esp(&p, CT_DIR_ORIG, 0));

	ck_assert_int_eq(pkt.state, CT_INVALID);
	ck_assert_int_eq(pkt.reason, CT_R_L4_TUPLE);
	ck_assert_ptr_null(pkt.conn);
}
END_TEST

START_TEST(half_an_esp_header_is_invalid)
{
	struct ct_test_packet p;
	struct ct_pkt pkt = esp(&p, CT_DIR_ORIG, 0x10001000);

	pkt.frame_len = pkt.len;
	pkt.len = ct_test_l4_off(&p) + 7;
	pkt = process(pkt);
	ck_assert_int_eq(pkt.state, CT_INVALID);
	ck_assert_int_eq(pkt.reason, CT_R_L4_TRUNCATED);
}
END_TEST

START_TEST(its_parameter_is_a_parameter_like_any_other)
{
	struct ct_test_packet p;
	uint64_t value = 0;
	struct ct_pkt pkt;

	ck_assert_int_eq(ct_param_get(tbl, "esp.timeout", &value), 0);
	ck_assert_uint_eq(value, 600);
	ck_assert_int_eq(ct_param_set(tbl, "esp.timeout", 86401), CT_E_RANGE);
	ck_assert_int_eq(ct_param_set(tbl, "esp.timeout", 77), 0);
	pkt = through(esp(&p, CT_DIR_ORIG, 0x10001000));
	ck_assert_uint_eq(ct_conn_expires(thr, pkt.conn), 77);
}
END_TEST

START_TEST(a_policy_may_replace_its_timeout)
{
	const struct ct_policy_timeout timeout = { .name = "esp.timeout",
						   .seconds = 33 };
	const struct ct_policy_def def = { .size = sizeof(def),
					   .timeouts = &timeout,
					   .n_timeouts = 1 };
	struct ct_test_packet p;
	struct ct_pkt pkt = esp(&p, CT_DIR_ORIG, 0x10001000);

	ck_assert_int_eq(ct_policy_create(tbl, &def, &pkt.policy), 0);
	pkt = through(pkt);
	ck_assert_uint_eq(ct_conn_expires(thr, pkt.conn), 33);
}
END_TEST

/* --- The radio network -------------------------------------------------- */

START_TEST(udp_over_a_strangers_network_becomes_a_stream)
{
	uint8_t bytes[RADIO_HEADER_LEN + 8];
	struct ct_conn *conn = through(radio(bytes, CT_DIR_ORIG)).conn;

	ck_assert_ptr_nonnull(conn);
	ck_assert_ptr_eq(through(radio(bytes, CT_DIR_REPLY)).conn, conn);
	pass_time(3);
	ck_assert_ptr_eq(through(radio(bytes, CT_DIR_ORIG)).conn, conn);
	assert_text(conn, "radio    16 udp      17 120 "
			  "src=r0101 dst=r0202 sport=4000 dport=5683 "
			  "src=r0202 dst=r0101 sport=5683 dport=4000 "
			  "[ASSURED] mark=0 use=1");
}
END_TEST

START_TEST(a_broken_radio_header_is_invalid)
{
	uint8_t bytes[RADIO_HEADER_LEN + 8];
	struct ct_pkt pkt = radio(bytes, CT_DIR_ORIG);

	bytes[0] ^= 0xff;
	pkt = process(pkt);
	ck_assert_int_eq(pkt.state, CT_INVALID);
	ck_assert_int_eq(pkt.reason, CT_R_IP_VERSION);

	pkt = radio(bytes, CT_DIR_ORIG);
	pkt.len = RADIO_HEADER_LEN - 1;
	pkt = process(pkt);
	ck_assert_int_eq(pkt.state, CT_INVALID);
	ck_assert_int_eq(pkt.reason, CT_R_IP_TRUNCATED);
}
END_TEST

START_TEST(an_unknown_network_is_invalid)
{
	uint8_t bytes[RADIO_HEADER_LEN + 8];
	struct ct_pkt pkt = radio(bytes, CT_DIR_ORIG);

	pkt.l3 = RADIO_L3 + 1;
	pkt = process(pkt);
	ck_assert_int_eq(pkt.state, CT_INVALID);
	ck_assert_int_eq(pkt.reason, CT_R_L3_UNKNOWN);
}
END_TEST

/* --- Extensions --------------------------------------------------------- */

START_TEST(a_new_connections_extension_is_zero_and_keeps_its_bytes)
{
	struct ct_test_packet p;
	struct ct_pkt pkt = through(esp(&p, CT_DIR_ORIG, 0x10001000));

	ck_assert_uint_eq(note_count(tbl, pkt.conn, &notes), 1);
	pkt = through(esp(&p, CT_DIR_REPLY, 0x10001000));
	ck_assert_uint_eq(note_count(tbl, pkt.conn, &notes), 2);
}
END_TEST

START_TEST(an_extension_on_demand_is_there_once_it_is_added)
{
	struct ct_test_packet p;
	struct ct_pkt one = through(esp(&p, CT_DIR_ORIG, 0x10001000));
	struct ct_pkt other = through(esp(&p, CT_DIR_ORIG, 0x10001001));

	ck_assert_ptr_null(note_read(tbl, one.conn, &notes));
	ck_assert_int_eq(note_write(thr, one.conn, &notes, "watched"), 0);
	ck_assert_int_eq(note_write(thr, one.conn, &notes, "trusted"), 0);
	ck_assert_str_eq(note_read(tbl, one.conn, &notes), "trusted");
	ck_assert_ptr_null(note_read(tbl, other.conn, &notes));
}
END_TEST

static void assert_ends(unsigned seen, unsigned text)
{
	ck_assert_uint_eq(note_ends().seen - before.seen, seen);
	ck_assert_uint_eq(note_ends().text - before.text, text);
}

START_TEST(destructors_run_once_when_connections_expire)
{
	struct ct_test_packet p;
	struct ct_pkt pkt = through(esp(&p, CT_DIR_ORIG, 0x10001000));

	ck_assert_int_eq(note_write(thr, pkt.conn, &notes, "watched"), 0);
	through(esp(&p, CT_DIR_ORIG, 0x10001001));
	assert_ends(0, 0);
	pass_time(601);
	pass_time(1);
	pass_time(1);
	assert_ends(2, 1);
}
END_TEST

START_TEST(destructors_run_when_the_first_packet_is_dropped)
{
	struct ct_test_packet p;
	struct ct_pkt pkt = process(esp(&p, CT_DIR_ORIG, 0x10001000));

	ck_assert_int_eq(note_write(thr, pkt.conn, &notes, "unwanted"), 0);
	ct_abandon(thr, &pkt);
	ck_assert_ptr_null(pkt.conn);
	pass_time(1);
	pass_time(1);
	assert_ends(1, 1);
}
END_TEST

START_TEST(destructors_wait_for_the_last_owner)
{
	struct ct_test_packet p;
	struct ct_pkt pkt = through(esp(&p, CT_DIR_ORIG, 0x10001000));
	struct ct_conn *conn = ct_conn_get(pkt.conn);

	ck_assert_int_eq(ct_conn_delete(thr, conn), 0);
	pass_time(1);
	pass_time(1);
	assert_ends(0, 0);
	ct_conn_put(tbl, conn);
	pass_time(1);
	pass_time(1);
	assert_ends(1, 0);
}
END_TEST

/* Unlike the others, this one ends its table itself. */
START_TEST(destructors_run_once_when_the_table_ends)
{
	struct ct_test_packet p;
	struct ct_pkt pkt = through(esp(&p, CT_DIR_ORIG, 0x10001000));

	ck_assert_int_eq(note_write(thr, pkt.conn, &notes, "watched"), 0);
	through(esp(&p, CT_DIR_ORIG, 0x10001001));
	ct_thread_detach(thr);
	ct_table_destroy(tbl);
	assert_ends(2, 1);
	thr = NULL;
	tbl = NULL;
}
END_TEST

/* --- The seal ----------------------------------------------------------- */

START_TEST(nothing_can_be_registered_after_the_first_attach)
{
	struct note_ids more;

	ck_assert_int_eq(ct_l3_register(tbl, &radio_ops), CT_E_SEALED);
	ck_assert_int_eq(ct_l4_register(tbl, &esp_ops), CT_E_SEALED);
	ck_assert_int_eq(note_register(tbl, &more), CT_E_SEALED);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("plugin");
	TCase *tc = tcase_create("plugin");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, two_spis_are_two_connections);
	tcase_add_test(tc, an_answer_with_the_same_spi_is_a_reply);
	tcase_add_test(tc, esp_without_an_spi_is_invalid);
	tcase_add_test(tc, half_an_esp_header_is_invalid);
	tcase_add_test(tc, its_parameter_is_a_parameter_like_any_other);
	tcase_add_test(tc, a_policy_may_replace_its_timeout);
	tcase_add_test(tc, udp_over_a_strangers_network_becomes_a_stream);
	tcase_add_test(tc, a_broken_radio_header_is_invalid);
	tcase_add_test(tc, an_unknown_network_is_invalid);
	tcase_add_test(tc,
		       a_new_connections_extension_is_zero_and_keeps_its_bytes);
	tcase_add_test(tc, an_extension_on_demand_is_there_once_it_is_added);
	tcase_add_test(tc, destructors_run_once_when_connections_expire);
	tcase_add_test(tc, destructors_run_when_the_first_packet_is_dropped);
	tcase_add_test(tc, destructors_wait_for_the_last_owner);
	tcase_add_test(tc, destructors_run_once_when_the_table_ends);
	tcase_add_test(tc, nothing_can_be_registered_after_the_first_attach);
	suite_add_tcase(suite, tc);
	return suite;
}
