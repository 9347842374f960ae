/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * purge.c - an address of NAT's goes away, and its connections with it
 */
#include "core/reply.h"
#include "core/table.h"

#include <conntrack/dump.h>
#include <string.h>

struct purge {
	struct ct_thread *thr;
	const union ct_addr *addr;
	uint64_t n;
	uint8_t l3;
};

static int purge_one(void *user, struct ct_conn *conn)
{
	struct purge *purge = user;
	struct ct_tuple outside;

	if (!(ct_conn_word(conn) & CT_S_SRC_NAT))
		return 0;
	ct_conn_outside(purge->thr->tbl, conn, &outside);
	if (outside.l3 == purge->l3 &&
	    memcmp(&outside.src, purge->addr, sizeof(outside.src)) == 0 &&
	    ct_conn_kill(purge->thr, conn, CT_R_END_ADDRESS))
		purge->n++;
	return 0;
}

uint64_t ct_nat_purge(struct ct_thread *thr, uint8_t l3,
		      const union ct_addr *addr)
{
	struct ct_filter filter = { .size = sizeof(filter), .l3 = l3 };
	struct purge purge = { .thr = thr, .addr = addr, .l3 = l3 };
	uint64_t cursor = 0;

	ct_walk(thr, &cursor, &filter, purge_one, &purge);
	return purge.n;
}
