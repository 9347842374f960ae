/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * head.h - the head of a chain of units: a lock and a link in one word
 *
 * Held for some tens of nanoseconds, like every spin lock here; the chain's
 * first unit stands in it meanwhile, with bit 31 set.
 */
#ifndef CORE_HEAD_H
#define CORE_HEAD_H

#include "base/spin.h"

#include <stdatomic.h>
#include <stdint.h>

#define CT_HEAD_LOCK (1u << 31)

/* => The chain's first unit; now locked. */
static inline uint32_t ct_head_lock(_Atomic uint32_t *head)
{
	unsigned n = 1;
	uint32_t old;

	/* acquire; pairs with the release in ct_head_unlock() */
	while ((old = atomic_fetch_or_explicit(head, CT_HEAD_LOCK,
					       memory_order_acquire)) &
	       CT_HEAD_LOCK)
		ct_spin_wait(n++);
	return old;
}

static inline void ct_head_unlock(_Atomic uint32_t *head, uint32_t first)
{
	atomic_store_explicit(head, first, memory_order_release);
}

#endif /* CORE_HEAD_H */
