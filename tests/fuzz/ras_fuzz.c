/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the helper for RAS, with NAT and without; see dialog.h.
 */
#include "dialog.h"
#include "per_out.h"

static const struct dialog_kind kind = { "RAS", 17, 1719, false };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	dialog_run(&kind, bytes, len);
	return 0;
}

/* Every message with addresses, after a registration. */
size_t fuzz_seed(unsigned n, uint8_t to[FUZZ_INPUT_MAX])
{
	static const struct {
		uint8_t message;
		uint8_t head;
	} seeds[] = {
		{ 0, 0 }, { 1, 128 },  { 3, 0 },  { 4, 128 },  { 6, 0 },
		{ 9, 0 }, { 10, 128 }, { 18, 0 }, { 19, 128 }, { 22, 0 }
	};
	enum { SEEDS = sizeof(seeds) / sizeof(seeds[0]) };
	struct ct_per_ras ras = {
		.message = 3,
		.ras = { 0x0a000002, 40000 },
		.signal = { 0x0a000002, 1720 },
		.source = { 0x0a000002, 1720 },
		.time_to_live = 600,
	};
	struct ct_per_out out;
	size_t at;

	if (n >= 8 * SEEDS)
		return dialog_seed(&kind, n - 8 * SEEDS, to);
	at = dialog_begin(to, (uint8_t)(n / SEEDS));
	ct_per_begin(&out);
	ct_per_ras(&out, &ras);
	at = dialog_add(to, at, 0, out.bytes, ct_per_size(&out));
	ras.message = seeds[n % SEEDS].message;
	if (seeds[n % SEEDS].head) {
		ras.signal.addr = n & 1 ? 0xcb007101 : 0xc6336409;
		ras.ras.addr = 0xc6336409;
	}
	ct_per_begin(&out);
	ct_per_ras(&out, &ras);
	return dialog_add(to, at, seeds[n % SEEDS].head, out.bytes,
			  ct_per_size(&out));
}
