/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mapping.h - by source: which outside endpoint an inside one has
 *
 * A connection whose source is translated is said to use a mapping: inside
 * address and id, of one protocol and zone, to outside address and id.  The
 * connections of one inside endpoint share mappings where they can, so that an
 * endpoint keeps its outside look, and so that there is one object for each
 * mapping, not one for each connection.
 *
 *	heads	+------+      +---------+      +---------+
 *		| unit |----> | mapping |----> | mapping |---> 0
 *		+------+      +---------+      +---------+
 *		  bit 31: lock		latest use first
 *
 * Nothing of a packet on its way looks here, only the set-up of NAT and the end
 * of a connection: one lock a chain does for readers and writers.  A mapping is
 * looked at under its chain's lock only, so that the last user frees it at
 * once.  The connection does not refer to it; its two tuples are the key.
 *
 * The heads are made in parts, each by the first connection that needs it.
 *
 * Mappings of pools (nat/binding.h) are in the same chains.  They are found by
 * other keys, and what is in this file passes over them.
 */
#ifndef CORE_MAPPING_H
#define CORE_MAPPING_H

#include "core/heads.h"
#include "core/tuple.h"

#include <stdatomic.h>

struct ct_mapping {
	uint32_t next;        /* L  unit, or 0 */
	uint32_t n_conns;     /* L  that use it */
	union ct_addr inside; /* I */
	union {
		union ct_addr outside;       /* I  unless of a pool */
		struct {                     /* of a pool; see nat/binding.h */
			uint32_t first;      /* L  its latest connection */
			uint32_t subscriber; /* I  unit, or 0 */
			union {
				uint32_t newer;  /* L  in its list */
				uint32_t n_kept; /* L  of no list: who
						    keeps it, besides */
			};
			uint32_t older; /* L */
		};
	};
	ct_be16 inside_id;
	ct_be16 outside_id;
	uint8_t l3;
	uint8_t l4;
	uint16_t zone;    /* of the original direction */
	uint16_t pool;    /* I  its number; 0: of no pool */
	uint16_t address; /* I  which of the pool's */
	uint16_t flags;   /* L  see nat/binding.h */
	union {
		uint16_t list;      /* I  of a pool; see nat/binding.h */
		uint8_t outside_l3; /* I  unless of a pool */
	};
	uint64_t key; /* I  of a pool: hash of what it is found by */
};
CT_STATIC_ASSERT(sizeof(struct ct_mapping) == 64, "one unit");

/* Bit of flags: out of its chain, though connections use it still. */
enum { CT_MAPPING_LOST = 1u << 15 };

/* Called when a connection is freed that uses a mapping of a pool. */
typedef void (*ct_mapping_leave_fn)(struct ct_thread *thr,
				    struct ct_conn *conn);

/* Called when an expectation is freed that kept one. */
typedef void (*ct_mapping_forgo_fn)(struct ct_thread *thr, uint32_t unit,
				    uint64_t key);

struct ct_mappings {
	struct ct_heads heads;
	_Atomic(ct_mapping_forgo_fn) forgo; /* A  set before one is kept */
	/* A  set before a connection uses a pool */
	_Atomic(ct_mapping_leave_fn) leave;
};

void ct_mappings_fini(struct ct_table *tbl);

/* => Bytes of the heads. */
uint64_t ct_mappings_bytes(const struct ct_table *tbl);

/*
 * One more connection from this original tuple's source leaves as this outside
 * tuple's.
 *
 * => False when there is no memory.
 */
bool ct_mapping_take(struct ct_thread *thr, const struct ct_tuple *orig,
		     const struct ct_tuple *outside);

/* One less; it must have been taken with the same two. */
void ct_mapping_put(struct ct_thread *thr, const struct ct_tuple *orig,
		    const struct ct_tuple *outside);

/* Whether somebody who looks wants it; called under a lock: only looks. */
typedef bool (*ct_mapping_fn)(const void *user, const struct ct_mapping *map);

/*
 * The latest mapping of an original tuple's source that is wanted.
 *
 * => Copied to found; false when there is none.
 */
bool ct_mapping_find(const struct ct_table *tbl, const struct ct_tuple *orig,
		     ct_mapping_fn wanted, const void *user,
		     struct ct_mapping *found);

/* Whether this outside id is free; called under a lock: only looks. */
typedef bool (*ct_mapping_free_fn)(void *user, ct_be16 id);

/*
 * What nearly every connection wants, in one visit: the mapping that a source,
 * whose destination is left out, has to this address, or one that keeps its id.
 *
 * => One more connection uses it; or false, with nothing changed: its id is not
 *    free, or there is no memory.
 */
bool ct_mapping_quick(struct ct_thread *thr, const struct ct_narrow *source,
		      ct_be32 outside, ct_mapping_free_fn is_free, void *user);

/* => The hash of what a mapping is found by: a tuple, of which what does not
 *    matter is zero. */
uint64_t ct_mapping_hash(const struct ct_table *tbl,
			 const struct ct_tuple *name);

/*
 * The head of the chain that a key belongs to, for mappings of pools.
 *
 * => NULL when there is no memory.
 */
_Atomic uint32_t *ct_mappings_head(struct ct_table *tbl, uint64_t key);

/* The same as it is; NULL: nobody has needed it yet. */
_Atomic uint32_t *ct_mappings_head_now(const struct ct_table *tbl,
				       uint64_t key);

/* For the audit: what all mappings count together. */
uint64_t ct_mappings_users(const struct ct_table *tbl);

#endif /* CORE_MAPPING_H */
