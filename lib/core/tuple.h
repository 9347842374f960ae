/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tuple.h - identity: what a connection is known by
 *
 * A tuple of the API is 40 bytes.  IPv4 needs 16 of them, so that both tuples
 * of an IPv4 connection, translated or not, fit into its first cache line.  A
 * key is a tuple made ready for the table: the form in which it is compared,
 * and its hash.
 *
 *	narrow   0     4     8      10     12   13   14     16
 *	         +-----+-----+------+------+----+----+------+
 *	         | src | dst |src_id|dst_id| l3 | l4 | zone |
 *	         +-----+-----+------+------+----+----+------+
 *	wide     struct ct_tuple, every other network layer
 */
#ifndef CORE_TUPLE_H
#define CORE_TUPLE_H

#include "base/hash.h"

#include <conntrack/types.h>
#include <string.h>

struct ct_narrow {
	ct_be32 src;
	ct_be32 dst;
	ct_be16 src_id;
	ct_be16 dst_id;
	uint8_t l3;
	uint8_t l4;
	uint16_t zone;
};
CT_STATIC_ASSERT(sizeof(struct ct_narrow) == CT_HASH_NARROW &&
			 sizeof(struct ct_tuple) == CT_HASH_WIDE,
		 "hashed as bytes: no padding");

/*
 * With zones for one direction only, two connections may have the same tuple
 * in the same zone, one as its original, one as its reply: a key says in which
 * directions an entry counts.
 */
enum { CT_KEY_ORIG = 1, CT_KEY_REPLY = 2, CT_KEY_BOTH = 3 };

struct ct_key {
	uint64_t hash;
	bool wide;
	uint8_t dirs;            /* set of CT_KEY_*; bits are 1 << direction */
	struct ct_narrow narrow; /* unless wide */
	struct ct_tuple tuple;   /* always */
};

static inline bool ct_tuple_equal(const struct ct_tuple *a,
				  const struct ct_tuple *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/*
 * Make the narrow form out of what stands in a header: both addresses, and both
 * numbers, in network order.
 *
 * => In two words: what follows reads it so, and would wait for smaller ones.
 */
static inline void ct_narrow_make(struct ct_narrow *narrow,
				  const uint8_t addrs[8], const uint8_t ids[4],
				  uint32_t l3_l4_zone)
{
	uint64_t words[2];
	uint32_t both;

	memcpy(&words[0], addrs, sizeof(words[0]));
	memcpy(&both, ids, sizeof(both));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	words[1] = both | (uint64_t)l3_l4_zone << 32;
#else
	words[1] = (uint64_t)both << 32 | l3_l4_zone;
#endif
	memcpy(narrow, words, sizeof(*narrow));
}

/* => Its last argument, as the narrow form has it in memory. */
static inline uint32_t ct_narrow_tail(uint8_t l3, uint8_t l4, uint16_t zone)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return l3 | (uint32_t)l4 << 8 | (uint32_t)zone << 16;
#else
	return (uint32_t)l3 << 24 | (uint32_t)l4 << 16 | zone;
#endif
}

/* => The last word of a narrow one but for its ids, for ct_narrow_tail(). */
static inline uint32_t ct_narrow_tail_of(const struct ct_narrow *narrow)
{
	uint32_t tail;

	memcpy(&tail, &narrow->l3, sizeof(tail));
	return tail;
}

/* The narrow form of what is at hand, in two words for the same reason. */
static inline void ct_narrow_set(struct ct_narrow *narrow,
				 const ct_be32 addrs[2], const ct_be16 ids[2],
				 uint32_t l3_l4_zone)
{
	uint64_t words[2];

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	words[0] = addrs[0] | (uint64_t)addrs[1] << 32;
	words[1] = ids[0] | (uint32_t)ids[1] << 16 | (uint64_t)l3_l4_zone << 32;
#else
	words[0] = (uint64_t)addrs[0] << 32 | addrs[1];
	words[1] = (uint64_t)ids[0] << 48 | (uint64_t)ids[1] << 32 | l3_l4_zone;
#endif
	memcpy(narrow, words, sizeof(*narrow));
}

/* Whether the network layer needs the wide form. */
static inline bool ct_tuple_wide(const struct ct_tuple *t)
{
	return t->l3 != CT_L3_IPV4;
}

/*
 * From the ids on, both forms have the same bytes.  They move as one word: the
 * hash reads words, and would wait for stores of single fields.
 */
enum { CT_NARROW_REST = sizeof(uint64_t) };
CT_STATIC_ASSERT(offsetof(struct ct_narrow, src_id) + CT_NARROW_REST ==
				 sizeof(struct ct_narrow) &&
			 offsetof(struct ct_tuple, src_id) + CT_NARROW_REST ==
				 sizeof(struct ct_tuple),
		 "the rest is one word");

static inline void ct_narrow_pack(struct ct_narrow *narrow,
				  const struct ct_tuple *t)
{
	const ct_be32 ends[2] = { t->src.v4, t->dst.v4 };

	memcpy(narrow, ends, sizeof(ends));
	memcpy((uint8_t *)narrow + offsetof(struct ct_narrow, src_id),
	       (const uint8_t *)t + offsetof(struct ct_tuple, src_id),
	       CT_NARROW_REST);
}

void ct_narrow_unpack(const struct ct_narrow *narrow, struct ct_tuple *t);

/* The same, for a tuple that stands in the key already. */
void ct_key_finish(struct ct_key *key, const struct ct_hash_key *secret);

/* The tuple ready for look-up, insertion or removal, in both directions. */
void ct_key_make(struct ct_key *key, const struct ct_tuple *t,
		 const struct ct_hash_key *secret);

#endif /* CORE_TUPLE_H */
