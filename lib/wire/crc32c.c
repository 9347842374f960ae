/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CRC32c; see crc32c.h.
 *
 * Four bits at a time: the table fits into a cache line.
 */
#include "wire/crc32c.h"

#include <assert.h>

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

/* --- Differences --------------------------------------------------------- */

/*
 * Polynomials are reflected: the highest bit is 1, the one below it x, and so
 * on; all modulo the one of the sum.
 */
enum { DIFF_MAX = 8 };

static const uint32_t polynomial = 0x82f63b78; /* 0x1edc6f41, reflected */
static const uint32_t one = UINT32_C(1) << 31;

/* x^8: past one byte; past two, four, and so on, each the square of the one
 * before. */
static const uint32_t past[] = { 0x00800000, 0x00008000, 0x82f63b78, 0x6ea2d55c,
				 0x18b8ea18, 0x510ac59a, 0xb82be955, 0xb8fdb1e7,
				 0x88e56f72, 0x74c360a4, 0xe4172b16, 0x0d65762a,
				 0x35d73a62, 0x28461564, 0xbf455269, 0xe2ea32dc,
				 0xfe7740e6 };

enum { PASTS = sizeof(past) / sizeof(*past) };

static uint32_t multiply(uint32_t a, uint32_t b)
{
	uint32_t product = 0;

	for (uint32_t bit = one; bit; bit >>= 1) {
		if (a & bit)
			product ^= b;
		b = b & 1 ? b >> 1 ^ polynomial : b >> 1;
	}
	return product;
}

/* x^(8n); what is beyond the table is squared on. */
static uint32_t past_bytes(size_t n)
{
	uint32_t square = past[0];
	uint32_t power = one;

	for (unsigned i = 0; n; n >>= 1, i++) {
		square = i < PASTS ? past[i] : multiply(square, square);
		if (n & 1)
			power = multiply(power, square);
	}
	return power;
}

/* A CRC is linear but for what it begins and ends with, which cancel. */
uint32_t ct_crc32c_diff(const void *old, const void *now, size_t len,
			size_t behind)
{
	const uint8_t *a = old;
	const uint8_t *b = now;
	uint8_t diff[DIFF_MAX];

	assert(len <= DIFF_MAX);
	for (size_t i = 0; i < len; i++)
		diff[i] = a[i] ^ b[i];
	return multiply(~ct_crc32c(~UINT32_C(0), diff, len),
			past_bytes(behind));
}
