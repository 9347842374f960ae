/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Internet checksum; see csum.h.
 *
 * One's complement addition does not care for the order of bytes as long as it
 * is always the same (RFC 1071, 2 B).  So 32-bit words are added as the host
 * loads them, into 64 bits that cannot overflow for any packet, and the bytes
 * are swapped once, at the end.
 */
#include "wire/csum.h"

#include <string.h>

/* Below 0x10000, and the same number modulo 0xffff; 0 only for 0. */
static uint32_t fold64(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint32_t)sum;
}

/* A sum over words as the host loads them, as one over network order. */
static uint32_t from_host_order(uint32_t folded)
{
	const uint8_t high_first[2] = { 1, 0 };
	uint16_t probe;

	memcpy(&probe, high_first, sizeof(probe));
	if (probe == 0x0100)
		return folded;
	return (folded & 0xff) << 8 | folded >> 8;
}

uint32_t ct_csum_add(uint32_t sum, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	uint64_t native = 0;
	uint8_t rest[4] = { 0 };
	uint32_t word;

	for (; len >= sizeof(word); len -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		native += word;
	}
	if (len) {
		memcpy(rest, at, len);
		memcpy(&word, rest, sizeof(word));
		native += word;
	}
	return fold64((uint64_t)sum + from_host_order(fold64(native)));
}

uint16_t ct_csum_fold(uint32_t sum)
{
	return (uint16_t)~fold64(sum);
}

/* Taking away is adding the complement. */
uint32_t ct_csum_diff(uint32_t diff, const void *old, const void *new,
		      size_t len)
{
	return ct_csum_both(ct_csum_add(diff, new, len),
			    ct_csum_fold(ct_csum_add(0, old, len)));
}
