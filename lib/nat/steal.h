/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * steal.h - ids of connections that are over, when none is free
 *
 * As Linux does: a closed TCP connection that waits for its end yields its id
 * to a newer SYN.  The old connection is ended; its mapping, which is freed
 * after a grace period only, loses its id to the new one at once, and that is
 * when its end is told.  Not where ids are held down: then nobody is to have
 * one so soon.
 *
 * Some ids are looked at, at random.  Where that is in vain it is done more and
 * more rarely, so that a refusal stays cheap while all connections are alive.
 */
#ifndef NAT_STEAL_H
#define NAT_STEAL_H

#include "nat/binding.h"

/* => It is worth a try: closed connections may be there. */
bool ct_steal_may(const struct ct_bind *bind);

/*
 * => 0, and the place is the bind's mapping's; CT_E_FULL.
 * => May end a connection, and so deliver its DESTROY.
 */
int ct_steal(const struct ct_bind *bind, uint32_t start,
	     struct ct_place *place);

/*
 * The same where ids are overloaded.  A connection ends if it is finished, and
 * its mapping is out of its chain if it has no other; or the only connection of
 * the mapping that has claimed an endpoint, and then the claim.
 *
 * => Whether it has.
 */
bool ct_steal_conn(const struct ct_bind *bind, struct ct_conn *old);
bool ct_steal_claim(const struct ct_bind *bind, const union ct_addr *addr,
		    ct_be16 id);

#endif /* NAT_STEAL_H */
