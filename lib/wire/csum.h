/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Internet checksum (RFC 1071): a one's complement sum of 16-bit words.
 *
 * A sum is kept unfolded in 32 bits while it is being built, so that a pseudo
 * header and the bytes behind it are summed one after the other.
 */
#ifndef CT_WIRE_CSUM_H
#define CT_WIRE_CSUM_H

#include <stddef.h>
#include <stdint.h>

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

/* One difference of two. */
uint32_t ct_csum_both(uint32_t a, uint32_t b);

/* Put a difference into a checksum, two bytes of any alignment. */
void ct_csum_patch(uint8_t *field, uint32_t diff);

/* The same for a field that holds a pseudo header's sum only, not yet the
 * complement of anything: a partial checksum. */
void ct_csum_patch_partial(uint8_t *field, uint32_t diff);

#endif
