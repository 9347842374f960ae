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

enum { CT_HASH_NARROW = 16, CT_HASH_WIDE = 40 };

/* Of so many bytes: the two lengths that keys have. */
uint64_t ct_hash_narrow(const struct ct_hash_key *key, const void *bytes);
uint64_t ct_hash_wide(const struct ct_hash_key *key, const void *bytes);

#endif /* BASE_HASH_H */
