/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CRC32c; see crc32c.h.
 *
 * Four bits at a time: the table fits into a cache line.
 */
#include "wire/crc32c.h"

/* The rest of n * x^4, reflected, modulo the polynomial 0x1edc6f41. */
static const uint32_t rest[16] = {
	0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
	0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
	0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75
};

uint32_t ct_crc32c(uint32_t crc, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	crc = ~crc;
	for (; len; len--, at++) {
		crc ^= *at;
		crc = crc >> 4 ^ rest[crc & 15];
		crc = crc >> 4 ^ rest[crc & 15];
	}
	return ~crc;
}
