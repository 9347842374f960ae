/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool.h - external addresses, and which of their ids are free
 *
 *	pool --> address 0 --> map of TCP's ports	(portmap.h)
 *	     |	           +-> map of UDP's ports
 *	     +-> address 1 ...
 *	     +-> of each protocol: a bit for each address with a free id
 *
 * Where ids are overloaded an address has lists of its mappings instead of a
 * map, and an id is free that the peer does not know (overload.c).  The last ids
 * are not, so that helpers have some to announce (reserve.h): those have a map.
 *
 *	cfg.min_id ...... last_shared | first_id ...... cfg.max_id
 *	    any number of mappings        one mapping at most
 *
 * Never a false "full":
 *	Whoever finds no address with a free id looks at the protocol's count of
 *	turns, which moves before and after an address gets its bit again.  If
 *	it has not moved all addresses were full at one moment; otherwise he
 *	looks again.
 *
 * Addresses are never freed while the pool lives; one that was removed may be
 * another later, when nothing uses it.
 *
 * Locks: pool->lock covers the list of addresses and the making of maps; a
 * map's own lock its ids.  Neither calls the host, but for memory.
 */
#ifndef NAT_POOL_H
#define NAT_POOL_H

#include "core/registry.h"
#include "core/table.h"
#include "nat/portmap.h"

#include <conntrack/nat_pool.h>

enum {
	CT_POOL_ADDRS_DEFAULT = 64,
	CT_POOL_ADDRS_MAX = 4096,
	CT_POOL_LISTS = 8, /* of an address's mappings; by thread */
	CT_POOL_SYSTEM_IDS = 1024
};

enum ct_pool_state { CT_POOL_ACTIVE, CT_POOL_DRAINING, CT_POOL_REMOVED };

/* Mappings of one address and protocol, where ids are overloaded. */
struct ct_pool_list {
	struct ct_spin lock;
	uint32_t first;        /* L  unit */
	_Atomic uint64_t n;    /* A  written under the lock */
	_Atomic uint64_t made; /* A  written under the lock */
} __attribute__((aligned(CT_LINE)));

struct ct_pool_lists {
	struct ct_pool_list list[CT_POOL_LISTS];
};

struct ct_pool_addr {
	_Atomic uint32_t word[4]; /* A  the address; changed only when unused */
	_Atomic uint32_t next;    /* A  in the index: number + 1 */
	uint32_t number;          /* I */
	_Atomic uint8_t state;    /* A  enum ct_pool_state; under both locks */
	_Atomic(struct ct_portmap *) map[CT_TRACKERS];      /* A  made once */
	_Atomic(struct ct_pool_lists *) lists[CT_TRACKERS]; /* A  made once */
	struct ct_portmap *blocks;                          /* I  or NULL */
	_Atomic uint32_t n_paired; /* A  subscribers whose address it is */
};

/* Of one protocol. */
struct ct_pool_proto {
	_Atomic uint64_t turns;      /* A  see above */
	_Atomic uint32_t in_vain;    /* A  see steal.c */
	_Atomic uint64_t has_free[]; /* A  a bit for each address */
};

struct ct_nat_pool {
	struct ct_table *tbl; /* I */
	struct ct_nat_pool_config
		cfg;          /* I  no zero left that means a default */
	uint16_t number;      /* I  from 1 */
	uint32_t last_shared; /* I  see above; cfg.max_id if all have a map */
	uint32_t first_id;    /* I  of maps; past cfg.max_id: they have none */
	uint32_t base;        /* I  even; id of a map's place 0 */
	uint32_t n_ids;       /* I  places of a map */
	uint32_t n_words;     /* I  of has_free */
	uint32_t hold;        /* I  ticks */

	struct ct_spin lock;
	_Atomic uint32_t n_addrs;             /* A  written under it */
	_Atomic(struct ct_pool_addr *) *addr; /* A  made once */
	_Atomic uint32_t *index;              /* A  number + 1, by hash */
	_Atomic uint64_t
		excluded[CT_PORTMAP_MAX / 64]; /* A  written under it */
	_Atomic uint32_t n_given; /* A  written under it; ids not excluded */
	_Atomic(struct ct_pool_proto *) proto[CT_TRACKERS]; /* A  made once */
	_Atomic uint32_t *subscribers; /* A  heads; see subscriber.h */
	uint32_t n_heads;              /* I */
	_Atomic uint32_t *claims;      /* A  heads; see claim.h */
	uint32_t n_claims;             /* I  a power of two */
	struct ct_static *statics;     /* L  see static.c */
	_Atomic uint32_t statics_due;  /* A  tick, or 0 */
};

/* Where a mapping is. */
struct ct_place {
	uint32_t address; /* number */
	uint32_t id;      /* host order */
};

/* What is wanted of a pool. */
struct ct_want {
	struct ct_thread *thr;
	uint32_t slot;   /* the protocol's place; see registry.h */
	uint32_t owner;  /* unit of the mapping */
	uint32_t start;  /* number of the address to begin with */
	uint32_t inside; /* id of the inside endpoint, host order */
	uint32_t dice;   /* random */
	uint32_t holder; /* see ct_binding_holder(); of take_this, retire */
	bool only;       /* no other address than that one */
	uint32_t place;  /* of a map, to begin with: ct_pool_fetch() */
	const struct ct_portspan *span; /* ids only from here; NULL: any */
	struct ct_place near;           /* take its neighbour, if id is not 0 */
};

/*
 * Take a free id.
 *
 * => 0, CT_E_FULL, CT_E_NOENT when there is no address, CT_E_NOMEM.
 */
int ct_pool_take(struct ct_nat_pool *pool, const struct ct_want *want,
		 struct ct_place *place);

/*
 * Take the id that ct_pool_peek() has told, if it is still the one that
 * ct_pool_take() would find on its address.
 *
 * => False when it is not; nothing has changed.
 */
bool ct_pool_take_seen(struct ct_nat_pool *pool, const struct ct_want *want,
		       const struct ct_place *place);

/* Fetch what ct_pool_peek() will look at, having found out where that is. */
void ct_pool_fetch(const struct ct_nat_pool *pool, struct ct_want *want,
		   const struct ct_pool_addr *addr);

/*
 * Which id ct_pool_take() would find on an address, most likely; fetches what
 * it would write.
 *
 * => Without a lock.  CT_PORTMAP_NONE: nobody knows.
 */
uint32_t ct_pool_peek(const struct ct_nat_pool *pool,
		      const struct ct_want *want,
		      const struct ct_pool_addr *addr);

/*
 * => No address has a free id, and none is about to have one: ct_pool_take()
 *    would say CT_E_FULL, from a look at a word for each 64 addresses.
 */
bool ct_pool_is_full(const struct ct_nat_pool *pool, uint32_t slot);

/* Give one back: at once, since nobody has used it, or when its time has
 * passed.  Only if this owner still has it. */
void ct_pool_give(struct ct_nat_pool *pool, uint32_t slot,
		  const struct ct_place *place, uint32_t owner);
void ct_pool_retire(struct ct_nat_pool *pool, const struct ct_want *want,
		    const struct ct_place *place);

/*
 * Take one certain id; what is held for this holder is its own.
 *
 * => CT_E_EXIST when it is taken, held or excluded.
 */
int ct_pool_take_this(struct ct_nat_pool *pool, const struct ct_want *want,
		      const struct ct_place *place);

/* => NULL when it is not one of the pool's. */
struct ct_pool_addr *ct_pool_find(struct ct_nat_pool *pool,
				  const union ct_addr *addr);

static inline struct ct_pool_addr *ct_pool_at(const struct ct_nat_pool *pool,
					      uint32_t number)
{
	/* acquire; pairs with the release in pool.c */
	return atomic_load_explicit(&pool->addr[number], memory_order_acquire);
}

static inline enum ct_pool_state ct_pool_state(const struct ct_pool_addr *addr)
{
	return (enum ct_pool_state)atomic_load_explicit(&addr->state,
							memory_order_acquire);
}

static inline bool ct_pool_overloads(const struct ct_nat_pool *pool)
{
	return pool->cfg.flags & CT_POOL_OVERLOAD;
}

/* => An address of IPv4. */
static inline ct_be32 ct_pool_narrow(const struct ct_pool_addr *addr)
{
	return atomic_load_explicit(&addr->word[0], memory_order_relaxed);
}

/* The address of a place. */
static inline void ct_pool_address(const struct ct_nat_pool *pool,
				   uint32_t number, union ct_addr *addr)
{
	const struct ct_pool_addr *at = ct_pool_at(pool, number);

	for (unsigned i = 0; i < 4; i++)
		addr->v6[i] = atomic_load_explicit(&at->word[i],
						   memory_order_relaxed);
}

/* => Some id that may be overloaded, evenly. */
static inline uint32_t ct_pool_any_id(const struct ct_nat_pool *pool,
				      uint32_t dice)
{
	uint32_t ids = pool->last_shared - pool->cfg.min_id + 1;

	return pool->cfg.min_id + (uint32_t)((uint64_t)dice * ids >> 32);
}

/* => An id may be kept, though it may be excluded. */
static inline bool ct_pool_keeps(const struct ct_nat_pool *pool, uint32_t id)
{
	return (pool->cfg.flags & CT_POOL_KEEP_ID) && id >= pool->cfg.min_id &&
	       id <= pool->last_shared;
}

/* => The host says that somebody else uses an id; asked without a lock. */
static inline bool ct_pool_in_use(const struct ct_nat_pool *pool, uint8_t l4,
				  const union ct_addr *addr, uint32_t id)
{
	const struct ct_nat_pool_config *cfg = &pool->cfg;

	return ct_unlikely(cfg->port_in_use != NULL) &&
	       cfg->port_in_use(cfg->user, l4, addr, (uint16_t)id);
}

/* => The map of an address, made when there is none; NULL: no memory. */
struct ct_portmap *ct_pool_map(struct ct_nat_pool *pool,
			       struct ct_pool_addr *addr, uint32_t slot);
struct ct_pool_lists *ct_pool_lists(struct ct_nat_pool *pool,
				    struct ct_pool_addr *addr, uint32_t slot);

static inline size_t ct_pool_proto_len(const struct ct_nat_pool *pool)
{
	return sizeof(struct ct_pool_proto) + pool->n_words * sizeof(uint64_t);
}

/* => What a protocol has, made when there is nothing; NULL: no memory. */
struct ct_pool_proto *ct_pool_proto(struct ct_nat_pool *pool, uint32_t slot);

/* An address is active, or not any more: whoever looks for ids sees it. */
void ct_pool_update(struct ct_nat_pool *pool, struct ct_pool_addr *addr);

/*
 * Change the state of an address that was not removed.
 *
 * => 0, or CT_E_NOENT.
 */
int ct_pool_state_to(struct ct_nat_pool *pool, const union ct_addr *is,
		     enum ct_pool_state state, struct ct_pool_addr **addr);

/* => Whether an id is excluded. */
bool ct_pool_excludes(const struct ct_nat_pool *pool, uint32_t id);

/*
 * The n-th address that is active, from a number on.
 *
 * => NULL when none is.
 */
struct ct_pool_addr *ct_pool_active(const struct ct_nat_pool *pool,
				    uint32_t from);

/* Where a pool stands, by its number. */
typedef _Atomic(struct ct_nat_pool *) ct_pool_slot;

/* The pool of a number; NULL: none. */
static inline struct ct_nat_pool *ct_pool_of(const struct ct_table *tbl,
					     uint32_t number)
{
	/* acquire; pairs with the releases in pool_make.c */
	ct_pool_slot *slots =
		atomic_load_explicit(&tbl->pools, memory_order_acquire);

	return number && slots ? atomic_load_explicit(&slots[number - 1],
						      memory_order_acquire)
			       : NULL;
}

/* Free all pools; no thread is attached any more. */
void ct_pools_fini(struct ct_table *tbl);

#endif /* NAT_POOL_H */
