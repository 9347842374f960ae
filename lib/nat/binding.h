/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * binding.h - mappings of pools: who uses them, and how they end
 *
 * A mapping of a pool is found by its inside endpoint and by as much of the
 * peer as the pool's mapping behaviour says; of the latter it only knows the
 * hash, 64 bits of it.  Unlike those of mapping.c it knows its connections:
 *
 *	mapping --first--> connection <--> connection <--> ...
 *
 * and each connection its mapping (reply.h), so that an address can be taken
 * away, and a filter be asked, without a look at the table.  It lives as long
 * as a connection uses it, or as it is static.
 *
 *	made, with an id of its own --> in its chain --> last one leaves: out of
 *	the chain --> id given back or held --> subscriber --> free
 *
 * The list is under the lock of the mapping's chain.  Where ids are overloaded
 * the mapping is in a list of its address besides (newer, older), under that
 * list's lock, within which a chain's may be taken.
 */
#ifndef NAT_BINDING_H
#define NAT_BINDING_H

#include "core/reply.h"
#include "core/table.h"
#include "nat/foresee.h"
#include "nat/pick.h"
#include "nat/pool.h"

#include <conntrack/nat_cgn.h>

/* Bits of a pool's mapping's flags. */
enum {
	CT_BINDING_STATIC = 1,            /* lives without connections */
	CT_BINDING_LISTED = 2,            /* in a list, not in a map */
	CT_BINDING_LOST = CT_MAPPING_LOST /* another has its id */
};

/* => It lives without connections; under the lock. */
static inline bool ct_binding_is_kept(const struct ct_mapping *map)
{
	return (map->flags & CT_BINDING_STATIC) ||
	       (!(map->flags & CT_BINDING_LISTED) && map->n_kept);
}

/* A connection that gets a mapping. */
struct ct_bind {
	struct ct_pick pick;
	struct ct_conn *conn; /* the same, to be written; NULL: none */
	struct ct_nat_pool *pool;
	struct ct_tuple name; /* what the mapping is found by: see above */
	uint64_t key;
	uint64_t peer; /* the peer's share of key; see claim.h */
	_Atomic uint32_t *head;
	const struct ct_foreseen *seen; /* or NULL */
	uint32_t slot;                  /* the protocol's place */
	uint32_t unit;                  /* the mapping */
	uint32_t subscriber;            /* unit, or 0 */
	uint32_t claim;                 /* unit, or 0; see claim.h */
	bool steals;                    /* closed connections are looked for */
	enum ct_nat_quota quota;        /* why it was refused */
};

/* The same for mappings that are only looked at. */
static inline struct ct_mapping *ct_binding_at(const struct ct_table *tbl,
					       uint32_t unit)
{
	return unit ? ct_slab_at(&tbl->slab, unit) : NULL;
}

/* Fill in name, key, peer and head for an inside endpoint and its peer; => 0 or
 * CT_E_NOMEM. */
int ct_binding_name(struct ct_bind *bind, const struct ct_tuple *from);

/* The same for an endpoint whoever its peer is, though the pool's mappings
 * depend on the peer: what is announced where ids are overloaded. */
int ct_binding_name_alone(struct ct_bind *bind, const struct ct_tuple *from);

/* => On how much of the peer a mapping of a protocol depends. */
enum ct_nat_dependence ct_binding_depends(const struct ct_nat_pool *pool,
					  uint8_t l4);

/* => The share of an endpoint in a key: the hash of a tuple's source.  Nothing
 *    else is set but its protocols. */
uint64_t ct_binding_hash(const struct ct_nat_pool *pool,
			 const struct ct_tuple *source);

/*
 * What the mapping of a packet's key is found by: the hashes of its name, which
 * is what counts of an inside endpoint and its peer.
 *
 * => The peer's share of it, 0 if it does not count, besides.
 */
uint64_t ct_binding_key(const struct ct_nat_pool *pool, const struct ct_key *of,
			uint64_t *peer);

/*
 * A number that nobody can foretell who does not know the table's secret, for
 * the first choice of a mapping.
 *
 * => The same for the same key in the same tick, however often it is asked for:
 *    so to foresee a choice changes none.
 */
static inline uint32_t ct_binding_dice(const struct ct_thread *thr,
				       uint64_t key)
{
	const uint64_t named[] = { key, thr->now };

	return (uint32_t)ct_hash_narrow(&thr->tbl->hash, named);
}

static inline uint32_t ct_bind_dice(const struct ct_bind *bind)
{
	return bind->seen ? bind->seen->want.dice
			  : ct_binding_dice(bind->pick.thr, bind->key);
}

/* Room for one more link of a private connection; => false: no memory. */
bool ct_binding_room(struct ct_thread *thr, struct ct_conn *conn);

/*
 * The connection uses the mapping that its name has.
 *
 * => 0, with the source set; CT_E_NOENT; CT_E_REFUSED by a quota.
 */
int ct_binding_join(struct ct_bind *bind, struct ct_tuple *leave);

/*
 * A mapping without a connection: kept, with its subscriber's leave, and without
 * an id as yet.
 *
 * => 0; CT_E_FULL: a quota; CT_E_NOMEM.
 */
int ct_binding_begin(struct ct_bind *bind);
void ct_binding_undo(struct ct_bind *bind);

/* A mapping that nobody can find yet; => its unit, or 0. */
uint32_t ct_binding_make(struct ct_bind *bind);
void ct_binding_unmake(struct ct_bind *bind);

/*
 * It has a place: everybody finds it, and the connection uses it.
 *
 * => As ct_binding_join(): if another was faster it is his that is used, and
 *    this one is unmade, with its id given back.
 * => Without a connection, if the bind has none: then its maker keeps it, or
 *    another might end it meanwhile.
 */
int ct_binding_enter(struct ct_bind *bind, const struct ct_place *place,
		     uint16_t flags, struct ct_tuple *leave);

/* An overloaded mapping, which can be found, enters the list that it names. */
void ct_binding_enlist(const struct ct_nat_pool *pool, uint32_t unit);

/* => The list that a thread's mappings are in, of each address. */
static inline uint16_t ct_binding_list_of(const struct ct_thread *thr)
{
	return (uint16_t)(thr->dice[0] % CT_POOL_LISTS);
}

/* A connection is freed; ct_mapping_leave_fn. */
void ct_binding_leave(struct ct_thread *thr, struct ct_conn *conn);

/* What may be known of a mapping while it is in a map of ports. */
struct ct_binding_ref {
	uint32_t unit;
	uint64_t key;
};

/* => The mapping if it is in its chain, which is locked then. */
struct ct_mapping *ct_binding_lock(struct ct_table *tbl,
				   const struct ct_binding_ref *ref,
				   uint32_t *first);
void ct_binding_unlock(struct ct_table *tbl, const struct ct_binding_ref *ref,
		       uint32_t first);

/* One more connection, whose room was made; under the lock. */
void ct_binding_link(struct ct_table *tbl, uint32_t unit, struct ct_conn *conn);

/* => A connection, which has room for links, uses this mapping. */
bool ct_binding_has(const struct ct_table *tbl, const struct ct_conn *conn,
		    uint32_t unit);

/* One less, by its link; under the lock. */
void ct_binding_unlink(struct ct_table *tbl, uint32_t unit,
		       const struct ct_link *link);

/* One less keeps it. */
void ct_binding_forgo(struct ct_thread *thr, const struct ct_binding_ref *ref);

/*
 * The mapping that the name has is static from now on, if it leaves so: the
 * bind's unit, of that address's number.
 *
 * => False when the name has no such mapping.
 */
bool ct_binding_fasten(struct ct_bind *bind, const struct ct_tuple *leave,
		       uint32_t *address);

/* It is static no more; => it has ended by that: release it, without a lock. */
bool ct_binding_loosen(struct ct_table *tbl, const struct ct_binding_ref *ref);

/* What is left of a mapping that nobody finds any more. */
void ct_binding_release(struct ct_thread *thr, uint32_t unit);

/* => A subscriber, as the holds of its ids name it. */
uint32_t ct_binding_holder(const struct ct_nat_pool *pool,
			   const union ct_addr *inside, uint16_t zone);

/*
 * A mapping that has one connection, which has ended, loses its id to another:
 * it is out of its chain from now on, and its end is told.
 *
 * => False when it has ended, or has others.
 */
bool ct_binding_disown(struct ct_thread *thr, const struct ct_binding_ref *ref);

/*
 * A translated connection is known from now on.
 *
 * => Ends it when its address has been taken away meanwhile.
 */
void ct_binding_confirmed(struct ct_thread *thr, struct ct_conn *conn);

/* End the connections that use an address; the pool keeps it.  => How many. */
uint64_t ct_binding_end(struct ct_thread *thr, struct ct_nat_pool *pool,
			const union ct_addr *is);

/* => The link of a connection to this mapping. */
struct ct_link *ct_binding_link_of(const struct ct_table *tbl,
				   const struct ct_conn *conn, uint32_t unit);

#endif /* NAT_BINDING_H */
