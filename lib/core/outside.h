/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outside.h - by outside address: the connections whose source a range gave it
 *
 * When an address goes away, what uses it ends (ct_nat_purge()), in a time that
 * depends on their number and not on that of others.  So each such connection
 * is in a list of its address, by the link that mappings of pools would use
 * (struct ct_link), which says which list:
 *
 *	31 ........ shift . 0
 *	+----------+--------+
 *	| part + 1 |   0    |	no unit: no object begins a chunk (slab.h)
 *	+----------+--------+
 *
 * An address has a list for each of so many parts, and a handle enters its
 * connections in one part always: so threads that share an address do not meet.
 * Addresses may share lists, as keys do in a hash table.
 *
 * The connection enters when its source is chosen, and leaves when it is freed.
 * Who takes the address away meanwhile marks it as ended under the list's lock,
 * and whoever confirms it looks for the mark under the same lock: one of the
 * two sees what the other has done.
 */
#ifndef CORE_OUTSIDE_H
#define CORE_OUTSIDE_H

#include "core/heads.h"
#include "core/reply.h"

struct ct_outsides {
	struct ct_heads heads;
};

/* The address whose lists a handle used last. */
struct ct_outside_last {
	union ct_addr addr;
	uint32_t list; /* its first */
	uint8_t l3;    /* CT_L3_*; 0: none yet */
};

/* => Such a link, not one to a mapping of a pool. */
bool ct_outside_is(const struct ct_table *tbl, const struct ct_link *link);

void ct_outsides_fini(struct ct_table *tbl);

/* => Bytes of the lists' heads. */
uint64_t ct_outsides_bytes(const struct ct_table *tbl);

/* The head of this handle's list of an address is there; => false: no memory. */
bool ct_outside_room(struct ct_thread *thr, uint8_t l3,
		     const union ct_addr *addr);

/* A private connection leaves by this address from now on.  There is room for
 * the head and for its link. */
void ct_outside_enter(struct ct_thread *thr, struct ct_conn *conn, uint8_t l3,
		      const union ct_addr *addr);

/* It is about to be freed. */
void ct_outside_leave(struct ct_thread *thr, const struct ct_conn *conn,
		      struct ct_link *link);

/* It is known from now on; ends it when its address has gone meanwhile. */
void ct_outside_confirmed(struct ct_thread *thr, struct ct_conn *conn,
			  const struct ct_link *link);

/* The list that a link stands in; it must be locked while the link moves. */
_Atomic uint32_t *ct_outside_head(struct ct_thread *thr,
				  const struct ct_conn *conn,
				  const struct ct_link *link);

/* What an end of an address's connections took. */
struct ct_outside_work {
	uint64_t ended;
	uint64_t seen; /* connections that were looked at */
};

/* End what leaves by an address. */
void ct_outside_end(struct ct_thread *thr, uint8_t l3,
		    const union ct_addr *addr, struct ct_outside_work *work);

/* For the audit: how many connections are in the lists. */
uint64_t ct_outsides_users(struct ct_table *tbl);

#endif /* CORE_OUTSIDE_H */
