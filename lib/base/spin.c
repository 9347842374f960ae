/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spin.c - waiting for a lock
 */
#include "base/spin.h"

void ct_spin_lock_slow(struct ct_spin *lock)
{
	unsigned n = 1;

	do {
		do {
			ct_spin_wait(n++);
		} while (atomic_load_explicit(&lock->held,
					      memory_order_relaxed));
	} while (
		atomic_exchange_explicit(&lock->held, 1, memory_order_acquire));
}
