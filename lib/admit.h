/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * admit.h - whether one more connection may be
 */
#ifndef ADMIT_H
#define ADMIT_H

#include "core/table.h"
#include "overflow/evict.h"

/*
 * Count a newcomer, in the place of somebody else if need be.
 *
 * => NONE, or why not.
 */
enum ct_reason ct_admit(struct ct_thread *thr, struct ct_newcomer *new);

#endif /* ADMIT_H */
