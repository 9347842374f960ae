/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the walker through PER, Q.931 and the helpers for calls, with NAT
 * and without; see dialog.h.  The first byte's highest bits choose Q.931 or
 * H.245.
 */
#include "dialog.h"
#include "helper/h323_types.h"
#include "helper/q931.h"
#include "per_out.h"

#include <stdlib.h>
#include <string.h>

static const struct dialog_kind kinds[] = {
	{ "Q.931", 6, 1720, false },
	{ "H.245", 6, 1232, false },
};

enum { KIND = 128, PART = 64 };

/* What is found lies in the message. */
static void walk(const struct ct_per_bytes *message,
		 const struct ct_per_type *type)
{
	struct ct_per_finds finds;
	enum ct_per_end end = ct_per_walk(message, type, &finds);

	if (end == CT_PER_BROKEN && finds.n)
		fuzz_wrong("something was found in a broken message");
	if (end == CT_PER_CUT && message->part == CT_PER_WHOLE)
		fuzz_wrong("a whole message was cut");
	for (unsigned i = 0; i < finds.n; i++)
		if (finds.at[i].off > message->len ||
		    finds.at[i].len > message->len - finds.at[i].off)
			fuzz_wrong("something was found behind the end");
}

/* All types, of exactly these bytes. */
static void walk_all(const uint8_t *bytes, size_t len, enum ct_per_part part)
{
	uint8_t *copy = fuzz_copy(bytes, len);
	struct ct_per_bytes message = { copy, (uint32_t)len, part };

	walk(&message, &ct_h225_user_information);
	walk(&message, &ct_h225_ras_message);
	walk(&message, &ct_h245_control_message);
	walk(&message, &ct_h245_open_channel);
	if (ct_q931_user(&message)) {
		if (message.bytes < copy || message.len > len ||
		    (size_t)(message.bytes - copy) > len - message.len)
			fuzz_wrong("the element does not lie in its message");
		walk(&message, &ct_h225_user_information);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	uint8_t options = len ? bytes[0] : 0;
	enum ct_per_part part =
		options & PART ? CT_PER_FIRST_PART : CT_PER_WHOLE;

	/* Behind the TPKT's header, and behind that of Q.931 and User-user. */
	if (len > 9)
		walk_all(bytes + 9, len - 9, part);
	if (len > 25)
		walk_all(bytes + 25, len - 25, part);
	dialog_run(&kinds[options & KIND ? 1 : 0], bytes, len);
	return 0;
}

/* --- Seeds -------------------------------------------------------------- */

/* From both ends, for what NAT changes: what each announces. */
static const struct ct_per_channel channels[] = {
	{ .number = 1,
	  .media = { 0x0a000002, 5000 },
	  .control = { 0x0a000002, 5001 } },
	{ .number = 2, .control = { 0xc6336405, 6001 }, .silence = true },
	{ .number = 3,
	  .data = { 0x0a000002, 1503 },
	  .reverse = { 0x0a000002, 5004 } },
};
enum { CHANNELS = sizeof(channels) / sizeof(channels[0]) };

static const struct ct_per_call calls[] = {
	{ .body = CT_PER_BODY_SETUP,
	  .h245 = { 0x0a000002, 1300 },
	  .dest = { 0xc6336405, 1720 },
	  .source = { 0x0a000002, 40000 },
	  .fast = channels,
	  .n_fast = 3 },
	{ .body = CT_PER_BODY_PROCEEDING, .h245 = { 0xc6336405, 1232 } },
	{ .body = CT_PER_BODY_CONNECT,
	  .h245 = { 0xc6336405, 1232 },
	  .fast = &channels[1],
	  .n_fast = 1 },
	{ .body = CT_PER_BODY_PROGRESS, .h245 = { 0xc6336405, 1232 } },
	{ .body = CT_PER_BODY_FACILITY,
	  .forward = { 0xc6336409, 1720 },
	  .reason = 1,
	  .h245 = { 0xc6336405, 1232 } },
};
enum { CALLS = sizeof(calls) / sizeof(calls[0]) };

static size_t call_seed(unsigned n, uint8_t *to)
{
	size_t at = dialog_begin(to, (uint8_t)(n % 4));
	struct ct_per_call call = calls[n % CALLS];
	struct ct_per_out control;
	uint8_t tpkt[2048];

	if (n >= CALLS) { /* with a tunnel */
		ct_per_begin(&control);
		ct_per_open_channel(&control, &channels[n % CHANNELS]);
		call.tunnelled = &control;
		call.n_tunnelled = 1;
	}
	return dialog_add(to, at, n % CALLS ? 128 : 0, tpkt,
			  ct_per_call_tpkt(tpkt, &call));
}

static size_t channel_seed(unsigned n, uint8_t *to)
{
	size_t at = dialog_begin(to, (uint8_t)(KIND | n % 4));
	struct ct_per_out out;
	uint8_t tpkt[2048];

	for (unsigned i = 0; i < CHANNELS; i++) {
		ct_per_begin(&out);
		if ((n + i) % 2)
			ct_per_open_channel(&out, &channels[i]);
		else
			ct_per_channel_ack(&out, &channels[i]);
		at = dialog_add(to, at, i == 1 ? 128 : 0, tpkt,
				ct_per_tpkt(tpkt, &out));
	}
	return at;
}

/* Captured ones: calls, then what they led to. */
static size_t captured_seed(unsigned n, uint8_t *to)
{
	static unsigned n_calls;
	size_t len;

	while (dialog_seed(&kinds[0], n_calls, to))
		n_calls++;
	if (n < n_calls)
		return dialog_seed(&kinds[0], n, to);
	len = dialog_seed(&kinds[1], n - n_calls, to);
	if (len)
		to[0] |= KIND;
	return len;
}

size_t fuzz_seed(unsigned n, uint8_t to[FUZZ_INPUT_MAX])
{
	enum { CHANNEL_SEEDS = 8 };

	if (n < 2 * CALLS)
		return call_seed(n, to);
	n -= 2 * CALLS;
	if (n < CHANNEL_SEEDS)
		return channel_seed(n, to);
	return captured_seed(n - CHANNEL_SEEDS, to);
}
