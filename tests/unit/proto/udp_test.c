/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP: which datagrams are sound, and whose they are.  How long a flow lives
 * is told in flow/udp_flow.c.
 */
#include "packet.h"
#include "proto/ipv4.h"
#include "proto/ipv6.h"
#include "proto/udp.h"
#include "suite.h"

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

/* The packet as its network layer leaves it to the tracker. */
static struct ct_pkt parsed(void)
{
	struct ct_pkt pkt = ct_test_pkt(&p);
	struct ct_tuple t = { .l3 = 0 };

	if (p.l3 == CT_L3_IPV4)
		ck_assert(ct_ipv4_ops.parse(&pkt, &t));
	else
		ck_assert(ct_ipv6_ops.parse(&pkt, &t));
	return pkt;
}

static uint16_t check_pkt(struct ct_pkt *pkt)
{
	enum ct_track track = ct_udp_ops.check(thr, pkt);

	ck_assert_int_eq(track, pkt->reason ? CT_TRACK_INVALID : CT_TRACK_OK);
	return pkt->reason;
}

static uint16_t check(void)
{
	struct ct_pkt pkt = parsed();

	return check_pkt(&pkt);
}

static void build(uint32_t payload)
{
	ct_test_udp(&p, &ct_test_flow4, CT_DIR_ORIG, payload);
}

static void set16(uint32_t off, uint16_t value)
{
	p.bytes[ct_test_l4_off(&p) + off] = (uint8_t)(value >> 8);
	p.bytes[ct_test_l4_off(&p) + off + 1] = (uint8_t)value;
}

START_TEST(sound_datagrams_pass)
{
	build(0);
	ck_assert_uint_eq(check(), CT_R_NONE);
	build(101);
	ck_assert_uint_eq(check(), CT_R_NONE);
	ct_test_udp(&p, &ct_test_flow6, CT_DIR_REPLY, 33);
	ck_assert_uint_eq(check(), CT_R_NONE);
}
END_TEST

START_TEST(wrong_checksum_does_not)
{
	build(10);
	p.bytes[30] ^= 1;
	ck_assert_uint_eq(check(), CT_R_L4_CHECKSUM);
	ct_test_udp(&p, &ct_test_flow6, CT_DIR_ORIG, 10);
	p.bytes[8] ^= 1; /* an address is summed, too */
	ck_assert_uint_eq(check(), CT_R_L4_CHECKSUM);
}
END_TEST

START_TEST(no_checksum_is_none_to_be_wrong)
{
	build(10);
	set16(6, 0);
	ck_assert_uint_eq(check(), CT_R_NONE);
	ct_test_udp(&p, &ct_test_flow6, CT_DIR_ORIG, 10);
	set16(6, 0);
	ck_assert_uint_eq(check(), CT_R_NONE);
}
END_TEST

START_TEST(host_knows_better_about_checksums)
{
	struct ct_pkt pkt;

	build(10);
	p.bytes[30] ^= 1;
	pkt = parsed();
	pkt.csum = CT_CSUM_VERIFIED;
	ck_assert_uint_eq(check_pkt(&pkt), CT_R_NONE);
	pkt.csum = CT_CSUM_PARTIAL;
	ck_assert_uint_eq(check_pkt(&pkt), CT_R_NONE);
	p.bytes[30] ^= 1;
	pkt.csum = CT_CSUM_BAD;
	ck_assert_uint_eq(check_pkt(&pkt), CT_R_L4_CHECKSUM);
}
END_TEST

START_TEST(checksum_may_be_left_alone)
{
	build(10);
	p.bytes[30] ^= 1;
	ck_assert_int_eq(ct_param_set(tbl, "checksum", 0), 0);
	ck_assert_uint_eq(check(), CT_R_NONE);
}
END_TEST

START_TEST(length_must_be_possible)
{
	build(10);
	set16(6, 0);
	set16(4, 19); /* beyond the packet */
	ck_assert_uint_eq(check(), CT_R_L4_LENGTH);
	set16(4, 7); /* below the header */
	ck_assert_uint_eq(check(), CT_R_L4_LENGTH);
	set16(4, 0);
	ck_assert_uint_eq(check(), CT_R_L4_LENGTH);
	set16(4, 8); /* inside the packet */
	ck_assert_uint_eq(check(), CT_R_NONE);
}
END_TEST

START_TEST(header_is_cut_at_every_length)
{
	for (uint32_t len = 0; len < 8; len++) {
		const uint8_t bytes[8] = { 0, 1, 0, 2, 0, 8, 0, 0 };
		const struct ct_test_l4 l4 = { 17, bytes, len };

		ct_test_raw(&p, &ct_test_flow4, CT_DIR_ORIG, &l4);
		ck_assert_uint_eq(check(), CT_R_L4_TRUNCATED);
	}
}
END_TEST

START_TEST(sum_over_bytes_that_are_elsewhere_is_believed)
{
	struct ct_pkt pkt;

	build(100);
	p.bytes[30] ^= 1;
	pkt = parsed();
	pkt.frame_len = pkt.len;
	pkt.len = 60;
	ck_assert_uint_eq(check_pkt(&pkt), CT_R_NONE);
}
END_TEST

START_TEST(ports_make_the_tuple)
{
	struct ct_tuple t = { .l3 = 0 }, inverse = { .l3 = 0 };
	struct ct_pkt pkt;

	build(0);
	pkt = parsed();
	ck_assert(ct_udp_ops.tuple(&pkt, &t));
	ck_assert_mem_eq(&t.src_id, "\x9c\x40", 2);
	ck_assert_mem_eq(&t.dst_id, "\x00\x50", 2);
	ck_assert(ct_udp_ops.invert(&t, &inverse));
	ck_assert_uint_eq(inverse.src_id, t.dst_id);
	ck_assert_uint_eq(inverse.dst_id, t.src_id);
}
END_TEST

/* RFC 792 has an error quote eight bytes; four hold the ports. */
START_TEST(four_quoted_bytes_suffice)
{
	struct ct_tuple t = { .l3 = 0 };
	struct ct_pkt pkt;

	build(0);
	pkt = parsed();
	for (uint32_t len = 20; len < 24; len++) {
		pkt.len = len;
		pkt.reason = CT_R_NONE;
		ck_assert(!ct_udp_ops.tuple(&pkt, &t));
		ck_assert_uint_eq(pkt.reason, CT_R_L4_TRUNCATED);
	}
	pkt.len = 24;
	ck_assert(ct_udp_ops.tuple(&pkt, &t));
	ck_assert_mem_eq(&t.dst_id, "\x00\x50", 2);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("udp");
	TCase *tc = tcase_create("udp");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, sound_datagrams_pass);
	tcase_add_test(tc, wrong_checksum_does_not);
	tcase_add_test(tc, no_checksum_is_none_to_be_wrong);
	tcase_add_test(tc, host_knows_better_about_checksums);
	tcase_add_test(tc, checksum_may_be_left_alone);
	tcase_add_test(tc, length_must_be_possible);
	tcase_add_test(tc, header_is_cut_at_every_length);
	tcase_add_test(tc, sum_over_bytes_that_are_elsewhere_is_believed);
	tcase_add_test(tc, ports_make_the_tuple);
	tcase_add_test(tc, four_quoted_bytes_suffice);
	suite_add_tcase(suite, tc);
	return suite;
}
