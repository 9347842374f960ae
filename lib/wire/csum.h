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

#endif
