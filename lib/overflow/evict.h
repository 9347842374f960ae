/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * evict.h - when the table is full: who goes
 */
#ifndef OVERFLOW_EVICT_H
#define OVERFLOW_EVICT_H

#include <conntrack/types.h>

/*
 * Make room for one newcomer with this hash.
 *
 * => False when nobody may go.
 * => Victims end with the reason END_EVICTED.
 */
bool ct_evict_for(struct ct_thread *thr, uint64_t hash);

#endif /* OVERFLOW_EVICT_H */
