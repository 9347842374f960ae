/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * claim.h - whose an overloaded id is with a peer
 *
 * What is free there depends on the peer, and the table says what is taken,
 * but not all of it: it does not know a connection before that is confirmed,
 * nor which ports of a peer a mapping will be used for that depends on the
 * peer's address alone.  So such a mapping claims its external endpoint with
 * as much of the peer as it depends on.
 *
 *	claimed --> the table is asked --> connection confirmed --> claim ended
 *	                                        or, by address: with the mapping
 *
 * A claim is found by the hash of external endpoint and peer.  A mapping's key
 * is made of two hashes (ct_binding_key()), so that it tells its claim's:
 *
 *	key		hash of inside endpoint   ^ hash of peer
 *	claim's		hash of external endpoint ^ hash of peer
 *
 * A claim has no zone, since endpoints of several may be answered in one.
 *
 * Locks: a chain's head, within which no other is taken.
 */
#ifndef NAT_CLAIM_H
#define NAT_CLAIM_H

#include "nat/binding.h"

struct ct_claim {
	uint32_t next;  /* L  chain: unit, or 0 */
	uint32_t owner; /* I  unit of the mapping */
	uint64_t key;   /* I  once it is in the chain */
};
CT_STATIC_ASSERT(sizeof(struct ct_claim) <= 64, "one unit");

/* => False when there is no memory. */
bool ct_claims_init(struct ct_nat_pool *pool);
void ct_claims_fini(struct ct_nat_pool *pool);

/* Room for the claim of a bind's mapping, which is made; => false: no memory. */
bool ct_claim_make(struct ct_bind *bind);
void ct_claim_unmake(struct ct_bind *bind);

/*
 * The mapping is to have this external endpoint.
 *
 * => False when another has claimed it.
 */
bool ct_claim_enter(const struct ct_bind *bind, const union ct_addr *addr,
		    ct_be16 id);

/* => The mapping that has claimed it; false: none. */
bool ct_claim_owner(const struct ct_bind *bind, const union ct_addr *addr,
		    ct_be16 id, struct ct_binding_ref *ref);

/* It is not; its room is kept. */
void ct_claim_leave(const struct ct_bind *bind);

/* => It lasts as long as its mapping, and not until a connection is confirmed
 *    only. */
bool ct_claim_lasts(const struct ct_nat_pool *pool, uint8_t l4);

/* The claim of a mapping, which has its place, ends, if it has not before. */
void ct_claim_end(struct ct_thread *thr, struct ct_nat_pool *pool,
		  uint32_t mapping);

#endif /* NAT_CLAIM_H */
