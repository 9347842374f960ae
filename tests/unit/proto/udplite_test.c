/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP-Lite: its checksum, which covers what the sender likes, as RFC 3828 and
 * not as Linux has it.
 */
#include "packet.h"
#include "proto/ipv4.h"
#include "proto/udplite.h"
#include "suite.h"

enum { UDPLITE = 136, LEN = 12, COVER = 4, SUM = 6 };

static struct ct_table *tbl;
static struct ct_thread *thr;
static struct ct_test_packet p;

static void setup(void)
{
	ck_assert_int_eq(ct_table_create(NULL, &tbl), 0);
	ck_assert_int_eq(ct_thread_attach(tbl, &thr), 0);
}

static void teardown(void)
{
	ct_thread_detach(thr);
	ct_table_destroy(tbl);
}

/*
 * From 10.0.0.2:5000 to 198.51.100.5:6000 with the payload "data".  The sums
 * are those of real packets: right by the RFC, found wrong by Linux.
 */
static uint16_t check(uint16_t cover, uint16_t sum)
{
	uint8_t bytes[LEN] = { 0x13, 0x88, 0x17, 0x70, 0,   0,
			       0,    0,    'd',  'a',  't', 'a' };
	const struct ct_test_l4 l4 = { UDPLITE, bytes, LEN };
	struct ct_tuple t = { .l3 = 0 };
	struct ct_pkt pkt;
	enum ct_track track;

	bytes[COVER] = (uint8_t)(cover >> 8);
	bytes[COVER + 1] = (uint8_t)cover;
	bytes[SUM] = (uint8_t)(sum >> 8);
	bytes[SUM + 1] = (uint8_t)sum;
	ct_test_raw(&p, &ct_test_flow4, CT_DIR_ORIG, &l4);
	pkt = ct_test_pkt(&p);
	ck_assert(ct_ipv4_ops.parse(&pkt, &t));
	track = ct_udplite_ops.check(thr, &pkt);
	ck_assert_int_eq(track, pkt.reason ? CT_TRACK_INVALID : CT_TRACK_OK);
	return pkt.reason;
}

START_TEST(coverage_zero_covers_all)
{
	ck_assert_uint_eq(check(0, 0xc775), CT_R_NONE);
	ck_assert_uint_eq(check(0, 0xc776), CT_R_L4_CHECKSUM);
}
END_TEST

START_TEST(coverage_may_say_all)
{
	ck_assert_uint_eq(check(LEN, 0xc769), CT_R_NONE);
}
END_TEST

START_TEST(coverage_of_the_header_leaves_the_payload_out)
{
	ck_assert_uint_eq(check(8, 0xa030), CT_R_NONE);
}
END_TEST

START_TEST(protocol_number_of_udp_is_wrong)
{
	ck_assert_uint_eq(check(8, 0xa0a7), CT_R_L4_CHECKSUM);
	ck_assert_uint_eq(check(0, 0xc7ec), CT_R_L4_CHECKSUM);
}
END_TEST

START_TEST(coverage_must_be_possible)
{
	for (uint16_t cover = 1; cover < 8; cover++)
		ck_assert_uint_eq(check(cover, 0xa030), CT_R_UDPLITE_COVERAGE);
	ck_assert_uint_eq(check(LEN + 1, 0xa030), CT_R_UDPLITE_COVERAGE);
	ck_assert_uint_eq(check(0xffff, 0xa030), CT_R_UDPLITE_COVERAGE);
}
END_TEST

START_TEST(checksum_must_be_there)
{
	ck_assert_uint_eq(check(8, 0), CT_R_UDPLITE_NO_CHECKSUM);
}
END_TEST

START_TEST(header_is_cut_at_every_length)
{
	const uint8_t bytes[8] = { 0, 1, 0, 2, 0, 8, 1, 1 };
	struct ct_tuple t = { .l3 = 0 };
	struct ct_pkt pkt;

	for (uint32_t len = 0; len < 8; len++) {
		const struct ct_test_l4 l4 = { UDPLITE, bytes, len };

		ct_test_raw(&p, &ct_test_flow4, CT_DIR_ORIG, &l4);
		pkt = ct_test_pkt(&p);
		ck_assert(ct_ipv4_ops.parse(&pkt, &t));
		ck_assert_int_eq(ct_udplite_ops.check(thr, &pkt),
				 CT_TRACK_INVALID);
		ck_assert_uint_eq(pkt.reason, CT_R_L4_TRUNCATED);
	}
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("udplite");
	TCase *tc = tcase_create("udplite");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, coverage_zero_covers_all);
	tcase_add_test(tc, coverage_may_say_all);
	tcase_add_test(tc, coverage_of_the_header_leaves_the_payload_out);
	tcase_add_test(tc, protocol_number_of_udp_is_wrong);
	tcase_add_test(tc, coverage_must_be_possible);
	tcase_add_test(tc, checksum_must_be_there);
	tcase_add_test(tc, header_is_cut_at_every_length);
	suite_add_tcase(suite, tc);
	return suite;
}
