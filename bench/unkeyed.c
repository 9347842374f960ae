/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unkeyed.c - see unkeyed.h
 */
#include "unkeyed.h"

#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { NARROW = 16, ENDS = 8, SECRET = XXH3_SECRET_SIZE_MIN };

uint64_t unkeyed_hash(const struct ct_tuple *tuple)
{
	static const uint8_t zeroes[SECRET];
	uint8_t narrow[NARROW];

	if (tuple->l3 != CT_L3_IPV4)
		return XXH3_64bits_withSecret(tuple, sizeof(*tuple), zeroes,
					      SECRET);
	memcpy(narrow, &tuple->src.v4, sizeof(tuple->src.v4));
	memcpy(narrow + ENDS / 2, &tuple->dst.v4, sizeof(tuple->dst.v4));
	memcpy(narrow + ENDS,
	       (const uint8_t *)tuple + offsetof(struct ct_tuple, src_id),
	       NARROW - ENDS);
	return XXH3_64bits_withSecret(narrow, NARROW, zeroes, SECRET);
}
