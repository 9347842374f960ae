/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * workload_test.c - the packets that figures are compared by stay the same
 */
#include "suite.h"
#include "workload.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { FLOWS = 30000, FRAMES = 1000, STEP = 277 };

/* Of the frames that were used when we were first compared with others. */
#define FINGERPRINT 0xc3c5d22f0d52885fu

static uint64_t fingerprint(uint64_t h, const uint8_t *p, uint32_t n)
{
	while (n-- > 0)
		h = (h ^ *p++) * 0x100000001b3u;
	return h;
}

/* The n-th frame of a series: a handshake, then data both ways. */
static uint32_t nth(const struct workload *load, uint8_t *frame, uint32_t n)
{
	uint32_t flow = n * 2654435761u;
	uint32_t c = workload_isn(flow, CT_DIR_ORIG);
	uint32_t s = workload_isn(flow, CT_DIR_REPLY);
	const struct segment segment[] = {
		{ c, 0, 64240, 0, F_SYN, true },
		{ s, c + 1, 65160, 0, F_SYN | F_ACK, true },
		{ c + 1, s + 1, 502, 0, F_ACK, false },
		{ c + 1, s + 1, 502, PAYLOAD, F_PSH | F_ACK, false },
		{ s + 1, c + 1, 509, PAYLOAD, F_PSH | F_ACK, false },
	};
	bool reply = n % 5 == 1 || n % 5 == 4;

	return workload_frame(load, frame, flow,
			      reply ? CT_DIR_REPLY : CT_DIR_ORIG,
			      &segment[n % 5]);
}

START_TEST(the_frames_are_those_of_the_first_comparison)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (int udp = 0; udp < 2; udp++) {
		const struct workload load = { .udp = udp };
		uint8_t frame[FRAME_MAX];

		workload_frame_init(&load, frame);
		for (uint32_t n = 0; n < FRAMES; n++)
			h = fingerprint(h, frame,
					FRAME_L3 + nth(&load, frame, n));
	}
	ck_assert_uint_eq(h, FINGERPRINT);
}
END_TEST

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ct_tuple));
}

START_TEST(no_two_flows_have_a_tuple_in_common)
{
	const struct workload load = { .corpus = (enum corpus)_i,
				       .v6 = _i == CORPUS_SUFFIX };
	struct ct_tuple *tuple = calloc(2 * FLOWS, sizeof(*tuple));

	ck_assert_ptr_nonnull(tuple);
	for (uint32_t i = 0; i < 2 * FLOWS; i++)
		workload_tuple(&load, i / 2 * STEP, (enum ct_dir)(i % 2),
			       &tuple[i]);
	qsort(tuple, 2 * FLOWS, sizeof(*tuple), by_bytes);
	for (uint32_t i = 1; i < 2 * FLOWS; i++)
		ck_assert_int_ne(by_bytes(&tuple[i - 1], &tuple[i]), 0);
	free(tuple);
}
END_TEST

START_TEST(a_tuple_is_what_the_frame_says)
{
	const struct workload load = { .v6 = _i };
	const struct segment segment = { .flags = F_SYN, .options = true };
	uint32_t at = FRAME_L3 + (_i ? 8 : 12), len = _i ? 16 : 4;
	uint8_t frame[FRAME_MAX];
	struct ct_tuple tuple;

	workload_frame_init(&load, frame);
	workload_frame(&load, frame, 77, CT_DIR_REPLY, &segment);
	workload_tuple(&load, 77, CT_DIR_REPLY, &tuple);
	ck_assert_mem_eq(&tuple.src, frame + at, len);
	ck_assert_mem_eq(&tuple.dst, frame + at + len, len);
	ck_assert_mem_eq(&tuple.src_id, frame + at + 2 * len, 2);
	ck_assert_mem_eq(&tuple.dst_id, frame + at + 2 * len + 2, 2);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("workload");
	TCase *tc = tcase_create("workload");

	tcase_add_test(tc, the_frames_are_those_of_the_first_comparison);
	tcase_add_loop_test(tc, no_two_flows_have_a_tuple_in_common, 0,
			    CORPUS_MAX);
	tcase_add_loop_test(tc, a_tuple_is_what_the_frame_says, 0, 2);
	suite_add_tcase(suite, tc);
	return suite;
}
