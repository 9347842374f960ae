/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: SCTP's chunks, and the further paths of an association; see
 * dialog.h.
 */
#include "dialog.h"

static const struct dialog_kind kind = { NULL, 132, 5060, true };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	dialog_run(&kind, bytes, len);
	return 0;
}

/* --- Seeds -------------------------------------------------------------- */

enum { A = 0x11111111, B = 0x22222222 }; /* the ends' tags */

static size_t put(uint8_t *to, size_t at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		to[at + i] = (uint8_t)(value >> (24 - 8 * i));
	return at + 4;
}

/* INIT or INIT ACK, with two more addresses; without a checksum. */
static size_t greet(uint8_t *to, size_t at, uint8_t type, uint32_t tag)
{
	uint8_t said[64];
	size_t len = put(said, 0, type == 1 ? 0 : A);

	len = put(said, len, 0);
	len = put(said, len, (uint32_t)type << 24 | 36);
	len = put(said, len, tag);
	len = put(said, len, 65536);
	len = put(said, len, 0x00010001);
	len = put(said, len, 1);
	len = put(said, len, 0x00050008);
	len = put(said, len, type == 1 ? 0x0a000003 : 0xc6336406);
	len = put(said, len, 0x00050008);
	len = put(said, len, type == 1 ? 0x0a000004 : 0xc6336407);
	return dialog_add(to, at, type == 1 ? 0 : 128, said, len);
}

/* A chunk of four bytes of a kind. */
static size_t chunk(uint8_t *to, size_t at, uint8_t head, uint8_t type)
{
	uint8_t said[16];
	size_t len = put(said, 0, head ? A : B);

	len = put(said, len, 0);
	len = put(said, len, (uint32_t)type << 24 | 4);
	return dialog_add(to, at, head, said, len);
}

/* An association with each kind of chunk; then what was seen elsewhere. */
size_t fuzz_seed(unsigned n, uint8_t to[FUZZ_INPUT_MAX])
{
	enum { TYPES = 15 };
	size_t at;

	if (n >= TYPES)
		return dialog_seed(&kind, n - TYPES, to);
	at = dialog_begin(to, (uint8_t)(n % 8));
	at = greet(to, at, 1, A);
	at = greet(to, at, 2, B);
	at = chunk(to, at, 0, 10);
	at = chunk(to, at, 128, 11);
	return chunk(to, at, (uint8_t)(n % 2 * 128), (uint8_t)n);
}
