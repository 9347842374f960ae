/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hash.h - the keyed hash of a tuple
 *
 * XXH3 with a secret of 192 random bytes, never with a mere seed: pairs that
 * collide for a large share of all seeds are known.  The whole ordered tuple
 * goes in; nothing is folded before.  Values never leave the library.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define CT_HASH_SECRET 192

struct ct_hash_key {
	uint8_t secret[CT_HASH_SECRET]; /* I */
};

uint64_t ct_hash(const struct ct_hash_key *key, const void *bytes, size_t len);

#endif /* BASE_HASH_H */
