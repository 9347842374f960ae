/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chunks: which packets can be, and what is read of them.
 */
#include "proto/sctp_chunk.h"

#include "suite.h"

#include <stdlib.h>

/* A common header with the tag 0x01020304, and chunks behind it. */
#define HEADER  0x9c, 0x40, 0x13, 0xc4, 1, 2, 3, 4, 0, 0, 0, 0
#define DATA    0, 3, 0, 18, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 'h', 'i', 0, 0
#define INIT    1, 0, 0, 20, 0xa, 0xb, 0xc, 0xd, 0, 0, 9, 9, 0, 1, 0, 1, 0, 0, 0, 1
#define ABORT_T 6, 1, 0, 4
#define ACK     11, 0, 0, 4
#define PAD(n)  0x84, 0, 0, n

/* The packet lies in memory of its own size, for AddressSanitizer. */
static enum ct_reason read_bytes(const uint8_t *bytes, uint32_t len,
				 struct ct_sctp_pkt *found)
{
	struct ct_pkt pkt = { .len = len, .l4_len = len };
	enum ct_reason reason;

	pkt.data = malloc(len ? len : 1);
	ck_assert_ptr_nonnull(pkt.data);
	if (len)
		memcpy(pkt.data, bytes, len);
	reason = ct_sctp_read(&pkt, found);
	free(pkt.data);
	return reason;
}

#define READ(found, ...)                             \
	read_bytes((const uint8_t[]){ __VA_ARGS__ }, \
		   sizeof((const uint8_t[]){ __VA_ARGS__ }), found)

START_TEST(header_and_kinds_are_told)
{
	struct ct_sctp_pkt found;

	ck_assert_int_eq(READ(&found, HEADER, ACK, DATA), CT_R_NONE);
	ck_assert_uint_eq(found.tag, 0x01020304);
	ck_assert_uint_eq(found.events, ct_sctp_bit(CT_SCTP_EV_COOKIE_ACK) |
						ct_sctp_bit(CT_SCTP_EV_DATA));
}
END_TEST

START_TEST(chunks_come_one_after_the_other)
{
	uint8_t bytes[] = { HEADER, DATA, PAD(5), 7, 0, 0, 0, ABORT_T };
	struct ct_pkt pkt = { .data = bytes,
			      .len = sizeof(bytes),
			      .l4_len = sizeof(bytes) };
	struct ct_cursor cur = ct_sctp_chunks(&pkt);
	struct ct_sctp_chunk chunk;

	ck_assert(ct_sctp_next(&cur, &chunk));
	ck_assert_uint_eq(chunk.event, CT_SCTP_EV_DATA);
	ck_assert(ct_sctp_next(&cur, &chunk));
	ck_assert_uint_eq(chunk.event, CT_SCTP_EV_OTHER);
	ck_assert(ct_sctp_next(&cur, &chunk));
	ck_assert_uint_eq(chunk.event, CT_SCTP_EV_ABORT);
	ck_assert(chunk.reflected);
	ck_assert(!ct_sctp_next(&cur, &chunk));
}
END_TEST

START_TEST(an_init_says_its_tag)
{
	uint8_t bytes[] = { HEADER, INIT };
	struct ct_pkt pkt = { .data = bytes,
			      .len = sizeof(bytes),
			      .l4_len = sizeof(bytes) };
	struct ct_cursor cur = ct_sctp_chunks(&pkt);
	struct ct_sctp_chunk chunk;

	ck_assert(ct_sctp_next(&cur, &chunk));
	ck_assert_uint_eq(chunk.tag, 0x0a0b0c0d);
}
END_TEST

START_TEST(a_packet_has_a_chunk)
{
	struct ct_sctp_pkt found;

	ck_assert_int_eq(READ(&found, HEADER), CT_R_SCTP_CHUNK);
	ck_assert_int_eq(READ(&found, HEADER, 0, 3, 0), CT_R_SCTP_CHUNK);
	ck_assert_int_eq(READ(&found, HEADER, 0, 3, 0, 0), CT_R_SCTP_CHUNK);
	ck_assert_int_eq(READ(&found, HEADER, ACK, 0, 0, 0), CT_R_NONE);
}
END_TEST

START_TEST(a_length_beyond_the_packet_ends_it)
{
	struct ct_sctp_pkt found;

	ck_assert_int_eq(READ(&found, HEADER, 0, 3, 0xff, 0xff, ACK),
			 CT_R_NONE);
	ck_assert_uint_eq(found.events, ct_sctp_bit(CT_SCTP_EV_DATA));
}
END_TEST

START_TEST(some_chunks_are_alone)
{
	struct ct_sctp_pkt found;

	ck_assert_int_eq(READ(&found, HEADER, INIT), CT_R_NONE);
	ck_assert_int_eq(READ(&found, HEADER, INIT, DATA), CT_R_SCTP_BUNDLE);
	ck_assert_int_eq(READ(&found, HEADER, DATA, INIT), CT_R_SCTP_BUNDLE);
	ck_assert_int_eq(READ(&found, HEADER, INIT, INIT), CT_R_SCTP_BUNDLE);
	ck_assert_int_eq(READ(&found, HEADER, 14, 0, 0, 4), CT_R_NONE);
	ck_assert_int_eq(READ(&found, HEADER, 14, 0, 0, 4, PAD(4)),
			 CT_R_SCTP_BUNDLE);
}
END_TEST

START_TEST(cookies_come_first)
{
	struct ct_sctp_pkt found;

	ck_assert_int_eq(READ(&found, HEADER, ACK, DATA), CT_R_NONE);
	ck_assert_int_eq(READ(&found, HEADER, DATA, ACK), CT_R_SCTP_BUNDLE);
	ck_assert_int_eq(READ(&found, HEADER, 10, 0, 0, 4, DATA), CT_R_NONE);
	ck_assert_int_eq(READ(&found, HEADER, DATA, 10, 0, 0, 4),
			 CT_R_SCTP_BUNDLE);
}
END_TEST

START_TEST(cut_at_every_length)
{
	static const uint8_t bytes[] = { HEADER, INIT };
	struct ct_sctp_pkt found;

	for (uint32_t len = 0; len < sizeof(bytes); len++)
		ck_assert_int_eq(read_bytes(bytes, len, &found),
				 len < 12 ? CT_R_L4_TRUNCATED
					  : CT_R_SCTP_CHUNK);
	ck_assert_int_eq(read_bytes(bytes, sizeof(bytes), &found), CT_R_NONE);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("sctp_chunk");
	TCase *tc = tcase_create("sctp_chunk");

	tcase_add_test(tc, header_and_kinds_are_told);
	tcase_add_test(tc, chunks_come_one_after_the_other);
	tcase_add_test(tc, an_init_says_its_tag);
	tcase_add_test(tc, a_packet_has_a_chunk);
	tcase_add_test(tc, a_length_beyond_the_packet_ends_it);
	tcase_add_test(tc, some_chunks_are_alone);
	tcase_add_test(tc, cookies_come_first);
	tcase_add_test(tc, cut_at_every_length);
	suite_add_tcase(suite, tc);
	return suite;
}
