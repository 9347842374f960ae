/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chain.h - the head of a chain of units: a lock and a link in one word
 *
 * Held for some tens of nanoseconds, like every spin lock here; the chain's
 * first unit stands in it meanwhile, with bit 31 set.
 */
#ifndef CORE_CHAIN_H
#define CORE_CHAIN_H

#include "base/spin.h"

#include <stdatomic.h>
#include <stdint.h>

#define CT_CHAIN_LOCK (1u << 31)

/* => The chain's first unit; now locked. */
static inline uint32_t ct_chain_lock(_Atomic uint32_t *head)
{
	unsigned n = 1;
	uint32_t old;

	/* acquire; pairs with the release in ct_chain_unlock() */
	while ((old = atomic_fetch_or_explicit(head, CT_CHAIN_LOCK,
					       memory_order_acquire)) &
	       CT_CHAIN_LOCK)
		ct_spin_wait(n++);
	return old;
}

static inline void ct_chain_unlock(_Atomic uint32_t *head, uint32_t first)
{
	atomic_store_explicit(head, first, memory_order_release);
}

#endif /* CORE_CHAIN_H */
