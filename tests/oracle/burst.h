/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plays packets in bursts, as far as the golden allows: a burst ends where time
 * passes, where a packet depends on what an earlier one left as, and where the
 * host has something to do that the verbs leave no room for.
 */
#ifndef ORACLE_BURST_H
#define ORACLE_BURST_H

#include "play.h"

/* Play all packets of the player's golden; a record for each. */
void burst_play_all(struct player *player, const struct manner *manner,
		    json_t *records);

#endif /* ORACLE_BURST_H */
