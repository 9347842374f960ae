/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hash.c - the keyed hash of a tuple
 */
#include "base/hash.h"

uint64_t ct_hash_wide(const struct ct_hash_key *key, const void *bytes)
{
	if (ct_unlikely(key->kind != CT_HASH_XXH3))
		return ct_siphash(key->secret, bytes, CT_HASH_WIDE);
	return XXH3_64bits_withSecret(bytes, CT_HASH_WIDE, key->secret,
				      sizeof(key->secret));
}
