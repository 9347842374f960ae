/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The messages of PPTP, byte by byte.
 */
#include "helper/pptp_msg.h"
#include "suite.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static uint8_t bytes[1200];

/* A message of this type, of zeros behind its header. */
static void message(unsigned type, unsigned len)
{
	const uint8_t header[] = { (uint8_t)(len >> 8),
				   (uint8_t)len,
				   0,
				   1,
				   0x1a,
				   0x2b,
				   0x3c,
				   0x4d,
				   (uint8_t)(type >> 8),
				   (uint8_t)type };

	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, header, sizeof(header));
}

/* => Of exactly so many bytes. */
static enum ct_pptp_read read_of(size_t len, struct ct_pptp_msg *msg)
{
	uint8_t *exact = malloc(len ? len : 1);
	enum ct_pptp_read answer;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, bytes, len);
	answer = ct_pptp_read(exact, len, msg);
	free(exact);
	return answer;
}

START_TEST(reply_has_two_ids_and_a_result)
{
	struct ct_pptp_msg msg;

	message(CT_PPTP_OUT_REPLY, 32);
	bytes[12] = 1;
	bytes[13] = 2;
	bytes[14] = 3;
	bytes[15] = 4;
	bytes[16] = 5;
	ck_assert_int_eq(read_of(32, &msg), CT_PPTP_READ);
	ck_assert_uint_eq(msg.type, CT_PPTP_OUT_REPLY);
	ck_assert_uint_eq(msg.len, 32);
	ck_assert_uint_eq(ntohs(msg.first_id), 0x0102);
	ck_assert_uint_eq(ntohs(msg.second_id), 0x0304);
	ck_assert_uint_eq(msg.result, 5);
}
END_TEST

START_TEST(what_is_cut_goes_on)
{
	struct ct_pptp_msg msg;

	message(CT_PPTP_OUT_REQUEST, 168);
	for (size_t len = 0; len < 168; len++)
		ck_assert_int_eq(read_of(len, &msg), CT_PPTP_MORE);
	ck_assert_int_eq(read_of(168, &msg), CT_PPTP_READ);
}
END_TEST

START_TEST(short_and_unknown_ones_are_skipped)
{
	struct ct_pptp_msg msg;

	message(CT_PPTP_OUT_REPLY, 31);
	ck_assert_int_eq(read_of(100, &msg), CT_PPTP_SKIP);
	ck_assert_uint_eq(msg.len, 31);
	message(0, 16);
	ck_assert_int_eq(read_of(100, &msg), CT_PPTP_SKIP);
	message(CT_PPTP_TYPES, 400);
	ck_assert_int_eq(read_of(400, &msg), CT_PPTP_SKIP);
}
END_TEST

START_TEST(other_bytes_are_no_message)
{
	struct ct_pptp_msg msg;

	message(CT_PPTP_ECHO_REQUEST, 16);
	bytes[4] = 0; /* cookie */
	ck_assert_int_eq(read_of(16, &msg), CT_PPTP_NONE);
	message(CT_PPTP_ECHO_REQUEST, 16);
	bytes[3] = 2; /* management */
	ck_assert_int_eq(read_of(16, &msg), CT_PPTP_NONE);
	message(CT_PPTP_ECHO_REQUEST, 11);
	ck_assert_int_eq(read_of(16, &msg), CT_PPTP_NONE);
	message(CT_PPTP_ECHO_REQUEST, 1025);
	ck_assert_int_eq(read_of(16, &msg), CT_PPTP_NONE);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("pptp_msg");
	TCase *tc = tcase_create("messages");

	tcase_add_test(tc, reply_has_two_ids_and_a_result);
	tcase_add_test(tc, what_is_cut_goes_on);
	tcase_add_test(tc, short_and_unknown_ones_are_skipped);
	tcase_add_test(tc, other_bytes_are_no_message);
	suite_add_tcase(suite, tc);
	return suite;
}
