/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * opener.h - connections that are opened while a clock runs
 */
#ifndef OPENER_H
#define OPENER_H

#include "world.h"

/*
 * Open n flows: from, from + step, ...; and poll.
 *
 * => The seat's sums and samples have grown, unless it was interrupted.
 */
void opener_burst(struct seat *seat, uint32_t from, uint32_t step, unsigned n);

/* A seat_fn: the seat's share of all flows that the options ask for. */
void opener_all(struct seat *seat, void *unused);

#endif /* OPENER_H */
