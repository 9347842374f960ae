/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Internet checksum (RFC 1071): a one's complement sum of 16-bit words.
 *
 * A sum is kept unfolded in 32 bits while it is being built, so that a pseudo
 * header and the bytes behind it are summed one after the other.
 */
#ifndef CT_WIRE_CSUM_H
#define CT_WIRE_CSUM_H

#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Add bytes, taken as words of network order, to a sum.
 *
 * => Any alignment.  An odd last byte is the high half of a word, so only the
 *    last of several parts may have an odd length.
 * => sum may be any number; start with 0.
 */
uint32_t ct_csum_add(uint32_t sum, const void *bytes, size_t len);

/*
 * Fold a sum into the 16 bits that go into a header, in host order.
 *
 * => The complement of the sum: 0 when the bytes include a right checksum.
 */
uint16_t ct_csum_fold(uint32_t sum);

/*
 * What a sum changes by when bytes are replaced (RFC 1624): to be added to a
 * sum, never to a checksum.
 *
 * => diff as so far, 0 at first.  An even length, at an even place of what is
 *    summed.
 */
uint32_t ct_csum_diff(uint32_t diff, const void *old, const void *new,
		      size_t len);

/* One difference of two, below 2^17. */
static inline uint32_t ct_csum_both(uint32_t a, uint32_t b)
{
	uint64_t sum = (uint64_t)a + b;

	sum = (sum & 0xffff) + (sum >> 16);
	return (uint32_t)((sum & 0xffff) + (sum >> 16));
}

static inline uint16_t ct_csum_load(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline void ct_csum_store(uint8_t *at, uint16_t value)
{
	value = htons(value);
	memcpy(at, &value, sizeof(value));
}

/* Replace 16 bits; => the difference. */
static inline uint32_t ct_csum_put16(uint8_t *at, const void *new)
{
	uint32_t old = ct_csum_load(at);

	memcpy(at, new, 2);
	return ct_csum_load(at) + (old ^ 0xffff);
}

/*
 * Replace 32 bits; => the difference.
 *
 * Of 32-bit words as of 16-bit ones: 2^32 and 2^16 leave the same rest.
 */
static inline uint32_t ct_csum_put32(uint8_t *at, const void *new)
{
	uint32_t old, now;
	uint64_t sum;

	memcpy(&old, at, sizeof(old));
	memcpy(&now, new, sizeof(now));
	memcpy(at, &now, sizeof(now));
	sum = (uint64_t)ntohl(now) + (uint32_t)~ntohl(old);
	return (uint32_t)((sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32));
}

/* => Folded to 16 bits; 0 only for 0. */
static inline uint32_t ct_csum_folded(uint64_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint32_t)((sum & 0xffff) + (sum >> 16));
}

/*
 * Put a difference into a checksum, two bytes of any alignment.
 *
 * RFC 1624, equation 3: the complement of what was summed, and the change.
 * Zero has two forms, of which the result is the one that a sender computes;
 * but where nothing changes, a field that has the other one keeps it.
 */
static inline void ct_csum_patch(uint8_t *field, uint64_t diff)
{
	uint32_t old = ct_csum_load(field);

	if (old == 0xffff && diff % 0xffff == 0)
		return;
	ct_csum_store(field, (uint16_t)~ct_csum_folded(diff + (old ^ 0xffff)));
}

/* The same for a field that holds a pseudo header's sum only, not yet the
 * complement of anything: a partial checksum. */
static inline void ct_csum_patch_partial(uint8_t *field, uint64_t diff)
{
	uint32_t old = ct_csum_load(field);

	if (old == 0 && diff % 0xffff == 0)
		return;
	ct_csum_store(field, (uint16_t)ct_csum_folded(diff + old));
}

#endif
