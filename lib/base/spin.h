/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spin.h - a lock of one byte
 *
 * Test-and-set with pause, and a yield after a while: on virtual CPUs the
 * holder may be off its core, and a fair lock would then make everybody queue
 * behind it.  Held for some tens of nanoseconds; nothing sleeps under it.
 */
#ifndef BASE_SPIN_H
#define BASE_SPIN_H

#include "base/compiler.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <urcu/arch.h>

/* Some microseconds: longer than anybody holds one while running. */
#define CT_SPIN_BEFORE_YIELD 256

struct CT_LOCKABLE ct_spin {
	_Atomic uint8_t held;
};

/* Wait a little; the n-th time. */
static inline void ct_spin_wait(unsigned n)
{
	if (n % CT_SPIN_BEFORE_YIELD)
		caa_cpu_relax();
	else
		sched_yield();
}

/* Somebody else has it: wait for it. */
void ct_spin_lock_slow(struct ct_spin *lock);

static inline void ct_spin_lock(struct ct_spin *lock)
	CT_ACQUIRES(*lock) CT_UNCHECKED
{
	/* acquire; pairs with the release in ct_spin_unlock() */
	if (ct_unlikely(atomic_exchange_explicit(&lock->held, 1,
						 memory_order_acquire)))
		ct_spin_lock_slow(lock);
}

/* => False when somebody else has it; the caller then does without. */
static inline bool ct_spin_trylock(struct ct_spin *lock)
	CT_TRY_ACQUIRES(*lock) CT_UNCHECKED
{
	return !atomic_load_explicit(&lock->held, memory_order_relaxed) &&
	       !atomic_exchange_explicit(&lock->held, 1, memory_order_acquire);
}

static inline void ct_spin_unlock(struct ct_spin *lock)
	CT_RELEASES(*lock) CT_UNCHECKED
{
	/* release; pairs with the acquire in ct_spin_lock() */
	atomic_store_explicit(&lock->held, 0, memory_order_release);
}

#endif /* BASE_SPIN_H */
