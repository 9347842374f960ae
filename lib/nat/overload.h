/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * overload.h - an id for several mappings, as long as their peers differ
 *
 * What is free depends on the peer, so the table itself says it, and claim.h
 * what the table does not know yet.  A bounded number of ids is tried.
 */
#ifndef NAT_OVERLOAD_H
#define NAT_OVERLOAD_H

#include "nat/binding.h"

enum { CT_OVERLOAD_TRIES = 256 };

/*
 * Choose a source that is free with this peer, from addresses that begin with
 * number start; other ones only if that is not asked for.  The bind's mapping
 * has claimed it, if there is one.
 *
 * => 0; CT_E_FULL; CT_E_NOENT when no address is active.
 */
int ct_overload_choose(const struct ct_bind *bind, uint32_t start, bool only,
		       struct ct_place *place);

#endif /* NAT_OVERLOAD_H */
