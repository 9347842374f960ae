/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * purge.c - an address of NAT's goes away, and its connections with it
 */
#include "core/outside.h"
#include "core/table.h"
#include "nat/binding.h"

#include <string.h>

/* What has it from pools; they keep it. */
static uint64_t end_pooled(struct ct_thread *thr, uint8_t l3,
			   const union ct_addr *addr)
{
	uint64_t ended = 0;

	for (uint16_t n = 1; n <= CT_POOLS; n++) {
		struct ct_nat_pool *pool = ct_pool_of(thr->tbl, n);

		if (!pool)
			break;
		if (pool->cfg.l3 == l3)
			ended += ct_binding_end(thr, pool, addr);
	}
	return ended;
}

uint64_t ct_nat_purge(struct ct_thread *thr, uint8_t l3,
		      const union ct_addr *addr)
{
	struct ct_outside_work work;

	ct_outside_end(thr, l3, addr, &work);
	return work.ended + end_pooled(thr, l3, addr);
}
