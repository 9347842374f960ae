/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The messages of H.323: where the walk finds their addresses.  They are made by
 * the encoder of per_out.h, which is first compared with a captured call.
 */
#include "capture.h"
#include "helper/h323_types.h"
#include "per_out.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct ct_per_end4 caller = { 0x0a000002, 5000 };
static const struct ct_per_end4 callee = { 0xc6336405, 1720 };
static const uint8_t six[16] = { 0x20, 1, 0x0d, 0xb8, 1 };

/* --- The encoder against a captured call -------------------------------- */

static uint8_t captured[8192];
static size_t captured_len;

static void read_capture(void)
{
	const char *dir = getenv("CT_CAPTURES");
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/ndpi-h323-call1.pcap",
		 dir ? dir : CT_SOURCE_DIR "/../shared/captures");
	file = fopen(path, "rb");
	if (!file)
		return;
	captured_len = fread(captured, 1, sizeof(captured), file);
	fclose(file);
}

static bool was_captured(const struct ct_per_out *out)
{
	size_t n = ct_per_size(out);

	for (size_t i = 0; i + n <= captured_len; i++)
		if (memcmp(&captured[i], out->bytes, n) == 0)
			return true;
	return false;
}

START_TEST(encoder_makes_the_captured_channel)
{
	const struct ct_per_channel ch = {
		.number = 101,
		.control = { 0x0a01038f, 5001 },
		.silence = true,
	};
	struct ct_per_out out;

	ct_per_begin(&out);
	ct_per_open_channel(&out, &ch);
	ck_assert(!captured_len || was_captured(&out));
}
END_TEST

START_TEST(encoder_makes_the_captured_acknowledgement)
{
	const struct ct_per_channel ch = {
		.number = 61,
		.media = { 0x0a01038f, 5000 },
		.control = { 0x0a01038f, 5001 },
		.flow = true,
	};
	struct ct_per_out out;

	ct_per_begin(&out);
	ct_per_channel_ack(&out, &ch);
	ck_assert(!captured_len || was_captured(&out));
}
END_TEST

/* As far as the vendor's name, which no encoder of ours writes. */
START_TEST(encoder_begins_the_captured_connect)
{
	static const uint8_t version3[] = { 0, 8, 0x91, 0x4a, 0, 3 };
	struct ct_per_out out;

	ct_per_begin(&out);
	ct_per_bits(&out, 0, 2);     /* no additions, no user-data */
	ct_per_bits(&out, 2, 2);     /* additions to the PDU */
	ct_per_bits(&out, 2, 1 + 3); /* connect */
	ct_per_bits(&out, 3, 2);     /* additions; h245Address */
	ct_per_octets(&out, version3, sizeof(version3));
	ct_per_h225_address(&out, (struct ct_per_end4){ 0x0a010612, 1232 });
	ct_per_bits(&out, 0, 1);
	ct_per_bits(&out, 0x11, 6); /* vendor, terminal */
	ct_per_bits(&out, 3, 3);    /* productId, versionId */
	ct_per_bits(&out, 0, 1);
	ct_per_number(&out, 0, 4);
	ck_assert(!captured_len || was_captured(&out));
}
END_TEST

/* --- What is found ------------------------------------------------------ */

static struct ct_per_finds finds;

/* Walk exactly these bytes: a sanitizer sees one more being read. */
static enum ct_per_end walk_part(const struct ct_per_out *out, size_t len,
				 const struct ct_per_type *type,
				 enum ct_per_part part)
{
	uint8_t *exact = malloc(len ? len : 1);
	const struct ct_per_bytes message = { exact, (uint32_t)len, part };
	enum ct_per_end end;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, out->bytes, len);
	end = ct_per_walk(&message, type, &finds);
	free(exact);
	return end;
}

static enum ct_per_end walk(const struct ct_per_out *out,
			    const struct ct_per_type *type)
{
	return walk_part(out, ct_per_size(out), type, CT_PER_WHOLE);
}

/* The n-th address that was found is this one, and is for that. */
static void is_found(const struct ct_per_out *out, unsigned n,
		     struct ct_per_end4 end, enum ct_h323_tag tag)
{
	const uint8_t bytes[6] = {
		(uint8_t)(end.addr >> 24), (uint8_t)(end.addr >> 16),
		(uint8_t)(end.addr >> 8),  (uint8_t)end.addr,
		(uint8_t)(end.port >> 8),  (uint8_t)end.port,
	};
	const struct ct_per_found *found = &finds.at[n];

	ck_assert_uint_lt(n, finds.n);
	ck_assert_uint_eq(found->tag, tag);
	ck_assert_uint_eq(found->mark, CT_H323_IP4);
	ck_assert_mem_eq(out->bytes + found->off, bytes, sizeof(bytes));
}

START_TEST(setup_has_its_addresses)
{
	const struct ct_per_channel fast[2] = {
		{ .number = 1, .media = { 0x0a000002, 5000 } },
		{ .number = 2, .control = { 0x0a000002, 5003 } },
	};
	const struct ct_per_call call = {
		.body = CT_PER_BODY_SETUP,
		.h245 = caller,
		.dest = callee,
		.source = { 0x0a000002, 1720 },
		.fast = fast,
		.n_fast = 2,
	};
	struct ct_per_out out;

	ct_per_begin(&out);
	ct_per_call(&out, &call);
	ck_assert_int_eq(walk(&out, &ct_h225_user_information), CT_PER_DONE);
	ck_assert_uint_eq(finds.n, 5);
	is_found(&out, 0, caller, CT_H323_H245);
	is_found(&out, 1, callee, CT_H323_DEST);
	is_found(&out, 2, call.source, CT_H323_SOURCE);
	is_found(&out, 3, fast[0].media, CT_H323_MEDIA);
	is_found(&out, 4, fast[1].control, CT_H323_MEDIA);
}
END_TEST

/* Each answer may tell where H.245 is, and channels that are open at once. */
START_TEST(answers_have_h245_and_channels)
{
	static const enum ct_per_body bodies[] = { CT_PER_BODY_PROCEEDING,
						   CT_PER_BODY_ALERTING,
						   CT_PER_BODY_CONNECT };
	const struct ct_per_channel fast = { .number = 1, .media = callee };
	const struct ct_per_call call = {
		.body = bodies[_i], .h245 = caller, .fast = &fast, .n_fast = 1
	};
	struct ct_per_out out;

	ct_per_begin(&out);
	ct_per_call(&out, &call);
	ck_assert_int_eq(walk(&out, &ct_h225_user_information), CT_PER_DONE);
	ck_assert_uint_eq(finds.n, 2);
	is_found(&out, 0, caller, CT_H323_H245);
	is_found(&out, 1, callee, CT_H323_MEDIA);
}
END_TEST

START_TEST(progress_is_an_addition)
{
	const struct ct_per_call call = { .body = CT_PER_BODY_PROGRESS,
					  .h245 = caller };
	struct ct_per_out out;

	ct_per_begin(&out);
	ct_per_call(&out, &call);
	ck_assert_int_eq(walk(&out, &ct_h225_user_information), CT_PER_DONE);
	ck_assert_uint_eq(finds.n, 1);
	is_found(&out, 0, caller, CT_H323_H245);
}
END_TEST

START_TEST(facility_has_a_reason)
{
	const struct ct_per_call call = { .body = CT_PER_BODY_FACILITY,
					  .forward = callee,
					  .h245 = caller,
					  .reason = CT_H323_CALL_FORWARDED };
	struct ct_per_out out;

	ct_per_begin(&out);
	ct_per_call(&out, &call);
	ck_assert_int_eq(walk(&out, &ct_h225_user_information), CT_PER_DONE);
	ck_assert_uint_eq(finds.n, 3);
	is_found(&out, 0, callee, CT_H323_FORWARD);
	ck_assert_uint_eq(finds.at[1].mark, CT_H323_REASON);
	ck_assert_uint_eq(finds.at[1].value, CT_H323_CALL_FORWARDED);
	is_found(&out, 2, caller, CT_H323_H245);
}
END_TEST

START_TEST(tunnelled_control_is_walked)
{
	const struct ct_per_channel ch = { .number = 1, .media = caller };
	struct ct_per_out control[2], out;
	const struct ct_per_call call = { .body = CT_PER_BODY_FACILITY,
					  .reason = 3,
					  .tunnelled = control,
					  .n_tunnelled = 2 };

	ct_per_begin(&control[0]); /* roundTripDelayRequest: not described */
	ct_per_bits(&control[0], 9, 8);
	ct_per_begin(&control[1]);
	ct_per_open_channel(&control[1], &ch);
	ct_per_begin(&out);
	ct_per_call(&out, &call);
	ck_assert_int_eq(walk(&out, &ct_h225_user_information), CT_PER_DONE);
	ck_assert_uint_eq(finds.n, 2);
	is_found(&out, 1, caller, CT_H323_MEDIA);
}
END_TEST

START_TEST(channel_has_both_ways_and_a_stack)
{
	const struct ct_per_channel ch = {
		.number = 1,
		.media = caller,
		.control = { 0x0a000002, 5001 },
		.reverse = callee,
		.data = { 0x0a000002, 1503 },
	};
	struct ct_per_out out;

	ct_per_begin(&out);
	ct_per_open_channel(&out, &ch);
	ck_assert_int_eq(walk(&out, &ct_h245_control_message), CT_PER_DONE);
	ck_assert_uint_eq(finds.n, 4);
	is_found(&out, 0, caller, CT_H323_MEDIA);
	is_found(&out, 1, ch.control, CT_H323_MEDIA);
	is_found(&out, 2, callee, CT_H323_MEDIA);
	is_found(&out, 3, ch.data, CT_H323_DATA);
}
END_TEST

START_TEST(addresses_of_ipv6_are_found)
{
	const struct ct_per_channel ch = { .number = 1,
					   .media6 = six,
					   .media.port = 5000 };
	const struct ct_per_call call = { .body = CT_PER_BODY_CONNECT,
					  .h245_6 = six,
					  .h245.port = 1232 };
	struct ct_per_out out;

	ct_per_begin(&out);
	ct_per_open_channel(&out, &ch);
	ck_assert_int_eq(walk(&out, &ct_h245_control_message), CT_PER_DONE);
	ck_assert_uint_eq(finds.at[0].mark, CT_H323_IP6);
	ck_assert_mem_eq(out.bytes + finds.at[0].off, six, 16);
	ct_per_begin(&out);
	ct_per_call(&out, &call);
	ck_assert_int_eq(walk(&out, &ct_h225_user_information), CT_PER_DONE);
	ck_assert_uint_eq(finds.at[0].mark, CT_H323_IP6);
	ck_assert_mem_eq(out.bytes + finds.at[0].off, six, 16);
}
END_TEST

/* --- RAS ---------------------------------------------------------------- */

static const struct {
	enum ct_ras_message message;
	unsigned n; /* addresses */
	enum ct_h323_tag tag[3];
	bool lives;
} ras_cases[] = {
	{ CT_RAS_GRQ, 1, { CT_H323_RAS }, false },
	{ CT_RAS_GCF, 1, { CT_H323_RAS }, false },
	{ CT_RAS_RRQ, 2, { CT_H323_SIGNAL, CT_H323_RAS }, true },
	{ CT_RAS_RCF, 1, { CT_H323_SIGNAL }, true },
	{ CT_RAS_URQ, 1, { CT_H323_SIGNAL }, false },
	{ CT_RAS_ARQ, 2, { CT_H323_DEST, CT_H323_SOURCE }, false },
	{ CT_RAS_ACF, 1, { CT_H323_DEST }, false },
	{ CT_RAS_LRQ, 1, { CT_H323_RAS }, false },
	{ CT_RAS_LCF, 2, { CT_H323_SIGNAL, CT_H323_RAS }, false },
	{ CT_RAS_IRR, 2, { CT_H323_RAS, CT_H323_SIGNAL }, false },
};
enum { RAS_CASES = sizeof(ras_cases) / sizeof(ras_cases[0]) };

static struct ct_per_ras ras_case(unsigned i)
{
	return (struct ct_per_ras){
		.message = ras_cases[i].message,
		.ras = { 0x0a000002, 1719 },
		.signal = { 0x0a000002, 1720 },
		.source = { 0x0a000002, 1721 },
		.time_to_live = ras_cases[i].lives ? 600 : 0,
	};
}

START_TEST(ras_messages_have_their_addresses)
{
	const struct ct_per_ras ras = ras_case((unsigned)_i);
	unsigned n = 1;
	struct ct_per_out out;

	ct_per_begin(&out);
	ct_per_ras(&out, &ras);
	ck_assert_int_ne(walk(&out, &ct_h225_ras_message), CT_PER_BROKEN);
	ck_assert_uint_eq(finds.at[0].mark, CT_H323_MESSAGE);
	ck_assert_uint_eq(finds.at[0].value, ras.message);
	for (; n <= ras_cases[_i].n; n++) {
		enum ct_h323_tag tag = ras_cases[_i].tag[n - 1];

		is_found(&out, n,
			 tag == CT_H323_RAS      ? ras.ras
			 : tag == CT_H323_SOURCE ? ras.source
						 : ras.signal,
			 tag);
	}
	if (ras_cases[_i].lives) {
		ck_assert_uint_eq(finds.at[n].mark, CT_H323_SECONDS);
		ck_assert_uint_eq(finds.at[n++].value, 600);
	}
	ck_assert_uint_eq(finds.n, n);
}
END_TEST

static const char capture_name[] = "jnetpcap-test-sip-rtp-g711.pcap";

/* The capture's first datagram that begins so. */
static void captured_datagram(const uint8_t begin[4], struct ct_per_out *out)
{
	struct ct_capture capture;
	struct ct_test_packet p;
	bool found = false;

	ct_capture_open(&capture, capture_name);
	while (!found && ct_capture_next(&capture, &p)) {
		uint32_t len;
		const uint8_t *said = ct_capture_udp(&p, &len);

		found = p.l4 == 17 && memcmp(said, begin, 4) == 0;
		if (!found)
			continue;
		ct_per_begin(out);
		ct_per_raw(out, said, len);
	}
	ct_capture_close(&capture);
	ck_assert(found);
}

/* Of an endpoint of another maker, 200.57.7.205. */
START_TEST(captured_registration_has_its_addresses)
{
	static const uint8_t begin[] = { 0x0e, 0x80, 0x06, 0x60 };
	static const struct ct_per_end4 signal = { 0xc83907cd, 1720 };
	static const struct ct_per_end4 ras = { 0xc83907cd, 3529 };
	struct ct_per_out out;

	captured_datagram(begin, &out);
	ck_assert_int_ne(walk(&out, &ct_h225_ras_message), CT_PER_BROKEN);
	ck_assert_uint_eq(finds.at[0].value, CT_RAS_RRQ);
	is_found(&out, 1, signal, CT_H323_SIGNAL);
	is_found(&out, 2, ras, CT_H323_RAS);
	ck_assert_uint_eq(finds.at[3].mark, CT_H323_SECONDS);
	ck_assert_uint_eq(finds.at[3].value, 20);
	ck_assert_uint_eq(finds.n, 4);
}
END_TEST

/* --- Bounds ------------------------------------------------------------- */

/* Of a message cut anywhere nothing is believed, but as its first part. */
START_TEST(cut_setup_is_broken_or_a_part)
{
	const struct ct_per_channel fast = { .number = 1, .media = caller };
	const struct ct_per_call call = { .body = CT_PER_BODY_SETUP,
					  .h245 = callee,
					  .fast = &fast,
					  .n_fast = 1 };
	unsigned most = 0;
	struct ct_per_out out;

	ct_per_begin(&out);
	ct_per_call(&out, &call);
	for (size_t len = 0; len < ct_per_size(&out); len++) {
		ck_assert_int_eq(walk_part(&out, len, &ct_h225_user_information,
					   CT_PER_WHOLE),
				 CT_PER_BROKEN);
		ck_assert_uint_eq(finds.n, 0);
		ck_assert_int_eq(walk_part(&out, len, &ct_h225_user_information,
					   CT_PER_FIRST_PART),
				 CT_PER_CUT);
		ck_assert_uint_ge(finds.n, most);
		most = finds.n;
	}
	ck_assert_uint_eq(most, 2);
	is_found(&out, 0, callee, CT_H323_H245);
	is_found(&out, 1, caller, CT_H323_MEDIA);
}
END_TEST

START_TEST(long_lists_end)
{
	struct ct_per_out out;

	ct_per_begin(&out); /* URQ: 16383 addresses, says it */
	ct_per_bits(&out, 6, 6);
	ct_per_bits(&out, 0, 4);
	ct_per_number(&out, 0, 2);
	ct_per_number(&out, 0xbfff, 2);
	memset(out.bytes + ct_per_size(&out), 0, 900);
	out.bit += 900 * 8;
	ck_assert_int_eq(walk(&out, &ct_h225_ras_message), CT_PER_BROKEN);
	ck_assert_uint_eq(finds.n, 0);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("h323_types");
	TCase *tc = tcase_create("messages");

	read_capture();
	tcase_add_test(tc, encoder_makes_the_captured_channel);
	tcase_add_test(tc, encoder_makes_the_captured_acknowledgement);
	tcase_add_test(tc, encoder_begins_the_captured_connect);
	tcase_add_test(tc, setup_has_its_addresses);
	tcase_add_loop_test(tc, answers_have_h245_and_channels, 0, 3);
	tcase_add_test(tc, progress_is_an_addition);
	tcase_add_test(tc, facility_has_a_reason);
	tcase_add_test(tc, tunnelled_control_is_walked);
	tcase_add_test(tc, channel_has_both_ways_and_a_stack);
	tcase_add_test(tc, addresses_of_ipv6_are_found);
	tcase_add_loop_test(tc, ras_messages_have_their_addresses, 0,
			    RAS_CASES);
	if (ct_capture_exists(capture_name))
		tcase_add_test(tc, captured_registration_has_its_addresses);
	else
		printf("skipped: there is no %s\n", capture_name);
	tcase_add_test(tc, cut_setup_is_broken_or_a_part);
	tcase_add_test(tc, long_lists_end);
	suite_add_tcase(suite, tc);
	return suite;
}
