/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMPv6: which messages ask, answer, complain, or are left alone.  Errors and
 * what they quote are told in flow/icmpv6_flow.c.
 */
#include "packet.h"
#include "proto/icmpv6.h"
#include "proto/ipv6.h"
#include "suite.h"

enum { OFF = 40, ICMPV6 = 58 };

static struct ct_table *tbl;
static struct ct_thread *thr;
static struct ct_test_packet p;

static void setup(void)
{
	ck_assert_int_eq(ct_table_create(NULL, &tbl), 0);
	ck_assert_int_eq(ct_thread_attach(tbl, &thr), 0);
	ct_thread_poll(thr, 1000000000);
}

static void teardown(void)
{
	ct_thread_detach(thr);
	ct_table_destroy(tbl);
}

static void build(uint8_t type, uint8_t code, uint16_t id)
{
	const struct ct_test_icmp icmp = { .type = type,
					   .code = code,
					   .id = id,
					   .rest = "12345678",
					   .rest_len = 8 };

	ct_test_icmp(&p, &ct_test_flow6, CT_DIR_ORIG, &icmp);
}

/* The packet as its network layer leaves it to the tracker. */
static struct ct_pkt parsed(void)
{
	struct ct_pkt pkt = ct_test_pkt(&p);
	struct ct_tuple t = { .l3 = 0 };

	ck_assert(ct_ipv6_ops.parse(&pkt, &t));
	return pkt;
}

static uint16_t check(enum ct_track expected)
{
	struct ct_pkt pkt = parsed();

	ck_assert_int_eq(ct_icmpv6_ops.check(thr, &pkt), expected);
	return pkt.reason;
}

/* The answer to a type with code 3, or -1 if nothing can answer. */
static int inverse_of(uint8_t type)
{
	const uint8_t code = 3;
	uint8_t bytes[2] = { type, code };
	struct ct_tuple t = { .l4 = ICMPV6, .src_id = 0x1234 };
	struct ct_tuple inverse = { .l4 = ICMPV6 };

	memcpy(&t.dst_id, bytes, 2);
	if (!ct_icmpv6_ops.invert(&t, &inverse))
		return -1;
	ck_assert_uint_eq(inverse.src_id, t.src_id);
	memcpy(bytes, &inverse.dst_id, 2);
	ck_assert_uint_eq(bytes[1], code);
	return bytes[0];
}

START_TEST(every_query_has_its_answer)
{
	ck_assert_int_eq(inverse_of(128), 129);
	ck_assert_int_eq(inverse_of(129), 128);
	ck_assert_int_eq(inverse_of(139), 140);
	ck_assert_int_eq(inverse_of(140), 139);
	ck_assert_int_eq(inverse_of(1), -1);
	ck_assert_int_eq(inverse_of(135), -1);
	ck_assert_int_eq(inverse_of(255), -1);
}
END_TEST

/* From 128 on.  q: a query or its answer, c: left alone; else no query */
START_TEST(every_type_has_its_class)
{
	const char *classes = "qqcccccccnnqqnncnnnnnnnccn";
	struct ct_quote quote;
	struct ct_pkt pkt;

	for (unsigned type = 0; type < 256; type++) {
		char class = type < 128   ? 'e'
			     : type < 154 ? classes[type - 128]
					  : 'n';

		build((uint8_t)type, 0, 7);
		pkt = parsed();
		ck_assert_int_eq(ct_icmpv6_ops.quote(&pkt, &quote),
				 class == 'e');
		switch (class) {
		case 'n':
			ck_assert_uint_eq(check(CT_TRACK_INVALID),
					  CT_R_ICMP_NOT_QUERY);
			break;
		case 'c':
			ck_assert_uint_eq(check(CT_TRACK_UNTRACKED),
					  CT_R_CONTROL);
			break;
		default:
			ck_assert_uint_eq(check(CT_TRACK_OK), CT_R_NONE);
		}
	}
}
END_TEST

/* A forged advertisement is not let pass as one. */
START_TEST(control_with_a_wrong_checksum_is_invalid)
{
	build(136, 0, 0);
	p.bytes[OFF + 9] ^= 1;
	ck_assert_uint_eq(check(CT_TRACK_INVALID), CT_R_L4_CHECKSUM);
}
END_TEST

START_TEST(quote_is_behind_the_header)
{
	struct ct_quote quote;
	struct ct_pkt pkt;

	build(1, 4, 0);
	pkt = parsed();
	ck_assert(ct_icmpv6_ops.quote(&pkt, &quote));
	ck_assert_uint_eq(quote.off, 48);
	ck_assert_uint_eq(quote.l3, CT_L3_IPV6);
}
END_TEST

START_TEST(wrong_checksum_is_invalid)
{
	build(128, 0, 7);
	p.bytes[OFF + 9] ^= 1;
	ck_assert_uint_eq(check(CT_TRACK_INVALID), CT_R_L4_CHECKSUM);
	ck_assert_int_eq(ct_param_set(tbl, "checksum", 0), 0);
	ck_assert_uint_eq(check(CT_TRACK_OK), CT_R_NONE);
}
END_TEST

START_TEST(header_is_cut_at_every_length)
{
	const uint8_t bytes[8] = { 128 };
	struct ct_tuple t = { .l3 = 0 };
	struct ct_quote quote;
	struct ct_pkt pkt;

	for (uint32_t len = 0; len < 8; len++) {
		const struct ct_test_l4 l4 = { ICMPV6, bytes, len };

		ct_test_raw(&p, &ct_test_flow6, CT_DIR_ORIG, &l4);
		ck_assert_uint_eq(check(CT_TRACK_INVALID), CT_R_L4_TRUNCATED);
		pkt = parsed();
		ck_assert(!ct_icmpv6_ops.tuple(&pkt, &t));
		ck_assert_uint_eq(pkt.reason, CT_R_L4_TRUNCATED);
	}
	pkt = parsed();
	pkt.len = OFF;
	ck_assert(!ct_icmpv6_ops.quote(&pkt, &quote));
}
END_TEST

START_TEST(other_network_layer_is_invalid)
{
	struct ct_pkt pkt;

	build(128, 0, 7);
	pkt = parsed();
	pkt.l3 = CT_L3_IPV4;
	ck_assert_int_eq(ct_icmpv6_ops.check(thr, &pkt), CT_TRACK_INVALID);
	ck_assert_uint_eq(pkt.reason, CT_R_L4_TUPLE);
}
END_TEST

START_TEST(id_type_and_code_make_the_tuple)
{
	struct ct_tuple t = { .l3 = 0 };
	struct ct_pkt pkt;

	build(128, 5, 0x1234);
	pkt = parsed();
	ck_assert(ct_icmpv6_ops.tuple(&pkt, &t));
	ck_assert_mem_eq(&t.src_id, "\x12\x34", 2);
	ck_assert_mem_eq(&t.dst_id, "\x80\x05", 2);
}
END_TEST

START_TEST(query_opens_and_answer_does_not)
{
	struct ct_pkt pkt;

	build(129, 0, 7);
	pkt = ct_test_pkt(&p);
	ck_assert_int_eq(ct_process(thr, &pkt, CT_HOOK_PREROUTING), CT_ACCEPT);
	ck_assert_int_eq(pkt.state, CT_INVALID);
	ck_assert_uint_eq(pkt.reason, CT_R_ICMP_NOT_QUERY);
	build(128, 0, 7);
	pkt = ct_test_pkt(&p);
	ck_assert_int_eq(ct_process(thr, &pkt, CT_HOOK_PREROUTING), CT_ACCEPT);
	ck_assert_int_eq(pkt.state, CT_NEW);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("icmpv6");
	TCase *tc = tcase_create("icmpv6");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, every_query_has_its_answer);
	tcase_add_test(tc, every_type_has_its_class);
	tcase_add_test(tc, control_with_a_wrong_checksum_is_invalid);
	tcase_add_test(tc, quote_is_behind_the_header);
	tcase_add_test(tc, wrong_checksum_is_invalid);
	tcase_add_test(tc, header_is_cut_at_every_length);
	tcase_add_test(tc, other_network_layer_is_invalid);
	tcase_add_test(tc, id_type_and_code_make_the_tuple);
	tcase_add_test(tc, query_opens_and_answer_does_not);
	suite_add_tcase(suite, tc);
	return suite;
}
