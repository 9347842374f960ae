/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quick.h - the mapping that nearly every connection gets
 *
 * One rule, one outside address, an IPv4 source that keeps its port: then both
 * tuples are two words each, the by-source index is visited once, and the table
 * is asked once.  Everything else, and what is taken, is pick.c's.  Of a pool
 * it is the new mapping that was foreseen; everything else is pooled.c's.
 */
#ifndef NAT_QUICK_H
#define NAT_QUICK_H

#include "core/conn.h"

#include <conntrack/nat.h>

/* => A new connection of IPv4 with ports, whose reply is what answers its
 *    original: nobody has chosen anything. */
bool ct_quick_is_plain(const struct ct_table *tbl, const struct ct_conn *conn);

/*
 * => True: the connection has its mapping, the one that ct_pick() would have
 *    chosen.  False: nothing has changed.
 */
bool ct_quick_setup(struct ct_thread *thr, struct ct_conn *conn,
		    const struct ct_nat_range *range);

/*
 * The connection gets the new mapping that was foreseen.
 *
 * => False when that is not what it gets; nothing has changed.
 */
bool ct_quick_pool(struct ct_thread *thr, struct ct_conn *conn,
		   struct ct_nat_pool *pool);

#endif /* NAT_QUICK_H */
