/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hash.c - the keyed hash of a tuple
 *
 * xxHash is compiled in here and nowhere else.
 */
#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t ct_hash_narrow(const struct ct_hash_key *key, const void *bytes)
{
	return XXH3_64bits_withSecret(bytes, CT_HASH_NARROW, key->secret,
				      sizeof(key->secret));
}

uint64_t ct_hash_wide(const struct ct_hash_key *key, const void *bytes)
{
	return XXH3_64bits_withSecret(bytes, CT_HASH_WIDE, key->secret,
				      sizeof(key->secret));
}
