/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CRC32c, SCTP's checksum (RFC 9260 6.8 and appendix A).
 *
 * It covers the whole packet and no pseudo header: new addresses leave it as it
 * is, a new port does not.
 */
#ifndef CT_WIRE_CRC32C_H
#define CT_WIRE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/*
 * Add bytes to a CRC; start with 0.
 *
 * => The checksum, to be stored with its low byte first.
 */
uint32_t ct_crc32c(uint32_t crc, const void *bytes, size_t len);

/*
 * What a CRC changes by when up to eight bytes are replaced, and so many bytes
 * lie behind them; the work grows with the logarithm of that.
 *
 * => To be added (exclusive or) to the checksum.
 */
uint32_t ct_crc32c_diff(const void *old, const void *now, size_t len,
			size_t behind);

#endif
