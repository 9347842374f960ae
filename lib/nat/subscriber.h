/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subscriber.h - what an inside host, or a prefix of them, has of a pool
 *
 * One object for each that has a mapping: the external address that it is
 * paired with, its blocks of ids, and how much of its quotas it has used.
 * Found by the inside address's prefix and zone; a mapping refers to its
 * subscriber, and the last mapping that goes frees it.
 *
 * Blocks:
 *	An address is cut into blocks of equal length, which serve every
 *	protocol.  In a pool with n_fixed the first blocks of each address belong
 *	to inside addresses for good, in order; the others go to whoever has
 *	used up what it has, or whose own cannot be given.  All blocks of a
 *	subscriber are of one address.  When that is drained it gets no other
 *	there: the inside host begins anew, as another subscriber, elsewhere,
 *	and this one ends with its last mapping.
 *
 * Locks: the chain's covers finding and n_maps; the subscriber's own the rest.
 */
#ifndef NAT_SUBSCRIBER_H
#define NAT_SUBSCRIBER_H

#include "core/table.h"
#include "nat/pool.h"

#include <conntrack/nat_cgn.h>

enum { CT_SUBSCRIBER_BLOCKS = 8 };

struct ct_subscriber {
	uint32_t next;            /* L  chain: unit, or 0 */
	uint32_t n_maps;          /* L  chain */
	union ct_addr prefix;     /* I */
	uint16_t zone;            /* I */
	uint16_t pool;            /* I */
	_Atomic uint16_t address; /* A  the paired one's number + 1, or 0;
				       written under the lock */
	struct ct_spin lock;
	uint8_t n_blocks;                     /* L */
	uint16_t block[CT_SUBSCRIBER_BLOCKS]; /* L  on that address */
	uint32_t n_conns;                     /* L  only if they are limited */
	uint32_t since; /* L  tick at which the second began that n_new is of */
	uint32_t n_new; /* L  connections in it */
	_Atomic uint32_t tag; /* A  of its hash; set before others see it */
};
CT_STATIC_ASSERT(sizeof(struct ct_subscriber) <= 64, "one unit");

/* => False when there is no memory. */
bool ct_subscribers_init(struct ct_nat_pool *pool);
void ct_subscribers_fini(struct ct_nat_pool *pool);

/* => Bytes of the heads. */
uint64_t ct_subscribers_bytes(const struct ct_nat_pool *pool);

/* => The pool has to know whose a mapping is. */
bool ct_subscribers_wanted(const struct ct_nat_pool *pool);

static inline struct ct_subscriber *ct_subscriber_at(
	const struct ct_nat_pool *pool, uint32_t unit)
{
	return ct_slab_at(&pool->tbl->slab, unit);
}

/* => The hash that an inside endpoint's subscriber is found by; and where a look
 *    for it begins. */
uint64_t ct_subscriber_hash(const struct ct_nat_pool *pool,
			    const struct ct_tuple *inside);
_Atomic uint32_t *ct_subscriber_head(const struct ct_nat_pool *pool,
				     uint64_t hash);
_Atomic uint32_t *ct_subscriber_head_of(const struct ct_nat_pool *pool,
					const union ct_addr *prefix,
					uint16_t zone);

/* => The part of the hash that the subscriber itself knows. */
static inline uint32_t ct_subscriber_tag(uint64_t hash)
{
	return (uint32_t)(hash >> 32);
}

/* => Which of n addresses it begins with, unless it is paired. */
static inline uint32_t ct_subscriber_start(uint32_t tag, uint32_t n)
{
	return (uint32_t)((uint64_t)tag * n >> 32);
}

/* => The number of the address that it is paired with, if it is the one of this
 *    tag, which is likely; or none.  Without a lock: a guess. */
uint32_t ct_subscriber_peek(const struct ct_nat_pool *pool, uint32_t unit,
			    uint32_t tag, uint32_t none);

/*
 * One more mapping of an inside endpoint's subscriber, which is made when there
 * is none.
 *
 * => 0, and its unit; CT_E_NOMEM; CT_E_FULL when it has all the mappings that it
 *    may have.
 */
int ct_subscriber_take(struct ct_thread *thr, struct ct_nat_pool *pool,
		       const struct ct_tuple *inside, uint64_t hash,
		       uint32_t *taken);

/* One more mapping on an address; its subscriber's chain is locked meanwhile. */
struct ct_visit {
	_Atomic uint32_t *head; /* as ct_subscriber_head() */
	uint32_t tag;           /* ct_subscriber_tag() */
	uint32_t address;       /* its number */
	uint32_t first;         /* of the chain */
	uint32_t unit;          /* the subscriber */
	bool is_new;            /* nobody else knows it yet */
};

/*
 * Begin with a visit whose head, tag and address are filled in.
 *
 * => False when the inside endpoint's subscriber does not begin with that
 *    address, or may not have another mapping, or there is no memory.
 */
bool ct_visit_begin(struct ct_thread *thr, const struct ct_nat_pool *pool,
		    const struct ct_tuple *inside, struct ct_visit *visit);

/* The mapping is there, or there will be none: as if nothing had happened. */
void ct_visit_end(const struct ct_nat_pool *pool, struct ct_visit *visit);
void ct_visit_cancel(struct ct_thread *thr, const struct ct_nat_pool *pool,
		     const struct ct_visit *visit);

/* Tell of a subscriber that is new; no lock is held. */
void ct_visit_tell(const struct ct_thread *thr, const struct ct_nat_pool *pool,
		   const struct ct_visit *visit);

/* One mapping less; what the subscriber has goes with the last one. */
void ct_subscriber_put(struct ct_thread *thr, struct ct_nat_pool *pool,
		       uint32_t unit);

/* => Connections of a subscriber are counted. */
static inline bool ct_subscribers_count(const struct ct_nat_pool *pool)
{
	return pool->cfg.max_conns || pool->cfg.max_rate;
}

/* One more connection; => 0, or which quota forbids it. */
enum ct_nat_quota ct_subscriber_open(const struct ct_thread *thr,
				     struct ct_nat_pool *pool, uint32_t unit);
void ct_subscriber_close(struct ct_nat_pool *pool, uint32_t unit);

/* => The address to begin with: its own, or one that its name leads to. */
uint32_t ct_subscriber_address(struct ct_nat_pool *pool, uint32_t unit,
			       bool *paired);

/* It has a mapping there: that is its address from now on, if it has none. */
void ct_subscriber_pair(const struct ct_thread *thr, struct ct_nat_pool *pool,
			uint32_t unit, uint32_t address);

/* Take an id from its blocks, or from one more of them; as ct_pool_take(). */
int ct_subscriber_take_id(struct ct_nat_pool *pool, uint32_t unit,
			  struct ct_want *want, struct ct_place *place);

/* --- Blocks of an address; blocks.c ------------------------------------- */

/* => A configuration's blocks make sense. */
bool ct_blocks_good(const struct ct_nat_pool_config *cfg);

/* => False when there is no memory. */
bool ct_blocks_init(const struct ct_nat_pool *pool, struct ct_pool_addr *addr);

/* Ids have been excluded: blocks that have no others are not given any more. */
void ct_blocks_exclude(const struct ct_nat_pool *pool,
		       struct ct_pool_addr *addr);

/* => The part of a map that a block is. */
struct ct_portspan ct_block_span(const struct ct_nat_pool *pool,
				 uint32_t block);

/* => An id of a block is not excluded. */
bool ct_block_has_ids(const struct ct_nat_pool *pool, uint32_t block);

/* => It is somebody's for good. */
bool ct_block_is_fixed(const struct ct_nat_pool *pool, uint32_t block);

/* => The block that an inside address has for good; false: none. */
bool ct_block_fixed(const struct ct_nat_pool *pool, const union ct_addr *inside,
		    struct ct_place *block);

/* => A block of an address that is free; CT_PORTMAP_NONE: none. */
uint32_t ct_block_take(struct ct_pool_addr *addr, uint32_t owner,
		       uint32_t dice);
void ct_block_give(const struct ct_nat_pool *pool, struct ct_pool_addr *addr,
		   uint32_t block);

/* The prefix that an inside address belongs to. */
void ct_prefix_of(const struct ct_nat_pool *pool, const union ct_addr *addr,
		  union ct_addr *prefix);

#endif /* NAT_SUBSCRIBER_H */
