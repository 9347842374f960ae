/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hash.h - the keyed hash of a tuple
 *
 * XXH3 with a secret of 192 random bytes, never with a mere seed: pairs that
 * collide for a large share of all seeds are known.  Or, if the host wants a
 * hash whose strength has been studied, SipHash with the secret's first bytes
 * as its key.  The whole ordered tuple goes in; nothing is folded before.
 * Values never leave the library.
 *
 * The narrow hash is inline, since every packet needs it: some twenty
 * instructions, beside one branch that always goes the same way.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/compiler.h"
#include "base/siphash.h"

#include <stddef.h>
#include <stdint.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#define CT_HASH_SECRET 192

/* Values of the parameter "hash". */
enum ct_hash_kind { CT_HASH_XXH3, CT_HASH_SIPHASH, CT_HASH_KINDS };

/* What the narrow hash reads of it is in the first line. */
struct ct_hash_key {
	_Alignas(CT_LINE) uint32_t kind; /* I  enum ct_hash_kind */
	uint8_t secret[CT_HASH_SECRET];  /* I */
};

enum { CT_HASH_NARROW = 16, CT_HASH_WIDE = 40 };

/* Of so many bytes: the two lengths that keys have. */
static inline uint64_t ct_hash_narrow(const struct ct_hash_key *key,
				      const void *bytes)
{
	if (ct_unlikely(key->kind != CT_HASH_XXH3))
		return ct_siphash(key->secret, bytes, CT_HASH_NARROW);
	return XXH3_64bits_withSecret(bytes, CT_HASH_NARROW, key->secret,
				      sizeof(key->secret));
}

uint64_t ct_hash_wide(const struct ct_hash_key *key, const void *bytes);

#endif /* BASE_HASH_H */
