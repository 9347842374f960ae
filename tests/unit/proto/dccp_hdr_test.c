/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DCCP headers: what is read, and what cannot be.
 */
#include "proto/dccp_hdr.h"

#include "suite.h"

#include <stdlib.h>

enum { LEN = 40, OFFSET = 4, COVER = 5, TYPE = 8, LONG = 1 };

/* Long numbers: sequence 0x010203040506, acknowledgement 0x111213141516. */
static const uint8_t sample[LEN] = {
	0x9c, 0x40, 0x13, 0x89, 6,    0,    0, 0, 3 << 1 | LONG,
	0,    1,    2,    3,    4,    5,    6, 0, 0,
	0x11, 0x12, 0x13, 0x14, 0x15, 0x16,
};

/* The packet lies in memory of its own size, for AddressSanitizer. */
static enum ct_reason read_bytes(const uint8_t *bytes, uint32_t len,
				 struct ct_dccp_pkt *found)
{
	struct ct_pkt pkt = { .len = len, .l4_len = len };
	enum ct_reason reason;

	pkt.data = malloc(len ? len : 1);
	ck_assert_ptr_nonnull(pkt.data);
	if (len)
		memcpy(pkt.data, bytes, len);
	reason = ct_dccp_read(&pkt, found);
	free(pkt.data);
	return reason;
}

/* The sample with another type and data offset. */
static enum ct_reason read_as(unsigned type, unsigned x, uint8_t words,
			      struct ct_dccp_pkt *found)
{
	uint8_t bytes[LEN];

	memcpy(bytes, sample, LEN);
	bytes[TYPE] = (uint8_t)(type << 1 | x);
	bytes[OFFSET] = words;
	return read_bytes(bytes, LEN, found);
}

START_TEST(long_numbers_have_48_bits)
{
	struct ct_dccp_pkt found;

	ck_assert_int_eq(read_bytes(sample, LEN, &found), CT_R_NONE);
	ck_assert_uint_eq(found.type, CT_DCCP_T_ACK);
	ck_assert(!found.brief);
	ck_assert(found.has_ack);
	ck_assert_uint_eq(found.seq, UINT64_C(0x010203040506));
	ck_assert_uint_eq(found.ack, UINT64_C(0x111213141516));
}
END_TEST

START_TEST(brief_numbers_have_24_bits)
{
	struct ct_dccp_pkt found;

	ck_assert_int_eq(read_as(CT_DCCP_T_ACK, 0, 4, &found), CT_R_NONE);
	ck_assert(found.brief);
	ck_assert_uint_eq(found.seq, 0x000102);
	ck_assert_uint_eq(found.ack, 0x040506);
}
END_TEST

START_TEST(data_acknowledges_nothing)
{
	struct ct_dccp_pkt found;

	ck_assert_int_eq(read_as(CT_DCCP_T_DATA, LONG, 4, &found), CT_R_NONE);
	ck_assert(!found.has_ack);
	ck_assert_int_eq(read_as(CT_DCCP_T_DATA, 0, 3, &found), CT_R_NONE);
}
END_TEST

START_TEST(only_three_types_may_be_brief)
{
	struct ct_dccp_pkt found;

	for (unsigned type = 0; type < CT_DCCP_TYPES; type++)
		ck_assert_int_eq(read_as(type, 0, 10, &found),
				 type == CT_DCCP_T_DATA ||
						 type == CT_DCCP_T_ACK ||
						 type == CT_DCCP_T_DATAACK
					 ? CT_R_NONE
					 : CT_R_DCCP_TYPE);
}
END_TEST

START_TEST(reserved_types_are_none)
{
	struct ct_dccp_pkt found;

	for (unsigned type = CT_DCCP_TYPES; type < 16; type++)
		ck_assert_int_eq(read_as(type, LONG, 10, &found),
				 CT_R_DCCP_TYPE);
}
END_TEST

/* RFC 4340 5.2 to 5.6: words of the shortest header. */
START_TEST(a_header_holds_what_its_type_needs)
{
	static const uint8_t words[CT_DCCP_TYPES] = { 5, 7, 4, 6, 6, 6,
						      6, 7, 6, 6, 5 };
	struct ct_dccp_pkt found;

	for (unsigned type = 0; type < CT_DCCP_TYPES; type++) {
		ck_assert_int_eq(read_as(type, LONG, words[type], &found),
				 CT_R_NONE);
		ck_assert_int_eq(
			read_as(type, LONG, (uint8_t)(words[type] - 1), &found),
			CT_R_L4_LENGTH);
	}
}
END_TEST

START_TEST(a_header_ends_within_the_packet)
{
	struct ct_dccp_pkt found;

	ck_assert_int_eq(read_as(CT_DCCP_T_ACK, LONG, LEN / 4, &found),
			 CT_R_NONE);
	ck_assert_int_eq(read_as(CT_DCCP_T_ACK, LONG, LEN / 4 + 1, &found),
			 CT_R_L4_LENGTH);
}
END_TEST

/* A header of 24 and 16 bytes of data: 0 all, 1 none, 5 just all, 6 more. */
START_TEST(coverage_is_within_the_packet)
{
	struct ct_dccp_pkt found;
	uint8_t bytes[LEN];

	memcpy(bytes, sample, LEN);
	for (uint8_t cover = 0; cover < 16; cover++) {
		bytes[COVER] = (uint8_t)(0xf0 | cover); /* CCVal beside it */
		ck_assert_int_eq(read_bytes(bytes, LEN, &found),
				 cover <= 5 ? CT_R_NONE : CT_R_DCCP_COVERAGE);
		if (cover <= 5)
			ck_assert_uint_eq(found.cover,
					  cover ? 24 + (cover - 1u) * 4 : LEN);
	}
}
END_TEST

START_TEST(cut_at_every_length)
{
	struct ct_dccp_pkt found;

	for (uint32_t len = 0; len < 24; len++)
		ck_assert_int_eq(read_bytes(sample, len, &found),
				 CT_R_L4_TRUNCATED);
	ck_assert_int_eq(read_bytes(sample, 24, &found), CT_R_NONE);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("dccp_hdr");
	TCase *tc = tcase_create("dccp_hdr");

	tcase_add_test(tc, long_numbers_have_48_bits);
	tcase_add_test(tc, brief_numbers_have_24_bits);
	tcase_add_test(tc, data_acknowledges_nothing);
	tcase_add_test(tc, only_three_types_may_be_brief);
	tcase_add_test(tc, reserved_types_are_none);
	tcase_add_test(tc, a_header_holds_what_its_type_needs);
	tcase_add_test(tc, a_header_ends_within_the_packet);
	tcase_add_test(tc, coverage_is_within_the_packet);
	tcase_add_test(tc, cut_at_every_length);
	suite_add_tcase(suite, tc);
	return suite;
}
