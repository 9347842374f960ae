/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * overload.h - an id for several mappings, as long as their peers differ
 *
 * What is free depends on the peer, so the table itself says it: a tuple is
 * free that nobody is answered at.  A bounded number of ids is tried.
 *
 * A connection that has been given a tuple is not in the table before it is
 * confirmed.  Until then the tuple's hash stands among the pool's pending
 * ones, so that no two threads get one tuple; where no place is left for it
 * another is tried.
 */
#ifndef NAT_OVERLOAD_H
#define NAT_OVERLOAD_H

#include "nat/binding.h"

enum { CT_OVERLOAD_TRIES = 256 };

/*
 * Choose a source that is free with this peer, from addresses that begin with
 * number start; other ones only if that is not asked for.
 *
 * => 0; CT_E_FULL; CT_E_NOENT when no address is active.
 */
int ct_overload_choose(const struct ct_bind *bind, uint32_t start, bool only,
		       struct ct_place *place);

/* Nobody else is given the tuple of this hash.  => False: somebody has been, or
 * no place is left. */
bool ct_overload_reserve(struct ct_nat_pool *pool, uint64_t hash);

/* The tuple is in the table now, or nobody's again. */
void ct_overload_settled(struct ct_nat_pool *pool, uint64_t hash);

#endif /* NAT_OVERLOAD_H */
