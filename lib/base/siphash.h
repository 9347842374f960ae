/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * siphash.h - SipHash-2-4, a keyed hash of short inputs
 *
 * J.-P. Aumasson, D. J. Bernstein: "SipHash: a fast short-input PRF", 2012.
 * Written from the paper, for inputs of whole 64-bit words, which is what our
 * keys are.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

enum { CT_SIPHASH_KEY = 16 };

/* => The hash of len bytes; len is a multiple of 8. */
uint64_t ct_siphash(const uint8_t key[CT_SIPHASH_KEY], const void *bytes,
		    size_t len);

#endif /* BASE_SIPHASH_H */
