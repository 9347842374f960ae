/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seat.h - one burst: its packets, and the library's calls that are timed
 *
 * Every command that sends packets does so through seat_forward(), and nowhere
 * else does a clock run while the library works on a packet's way.
 */
#ifndef SEAT_H
#define SEAT_H

#include "world.h"

/* --- Which packets ------------------------------------------------------ */

enum ways {
	BOTH_WAYS, /* in random order */
	ONE_WAY    /* the first seat sends originals, the second one replies */
};

/* Data of random flows out of the seat's share of the first n_flows. */
void seat_data(struct seat *seat, uint32_t n_flows, enum ways ways);

/* A packet of each flow from, from + step, ...: its n-th of all. */
void seat_stage(struct seat *seat, uint32_t from, uint32_t step, unsigned n,
		enum stage stage);

/* Packets that were answered otherwise than a known flow's; counts them. */
void seat_expect(struct seat *seat, enum ct_state state);

/* Others may acknowledge what was sent. */
void seat_sent(struct seat *seat);

/* --- What is timed ------------------------------------------------------ */

/* Process and confirm the burst; => ticks. */
uint64_t seat_forward(struct seat *seat);

/* Process the burst and give its packets up, as a host that drops them. */
uint64_t seat_refuse(struct seat *seat);

/* What is done once a burst; => ticks. */
uint64_t seat_poll(struct seat *seat);

/* --- Rounds ------------------------------------------------------------- */

/* Forget the round before. */
void seat_round(struct seat *seat);

/*
 * Whether a round of random traffic goes on.
 *
 * => Begins with 0 in *n and counts there; the clock is the round's.
 */
bool seat_goes_on(const struct seat *seat, uint64_t *n, uint64_t end);

/* Interruptions and faults, around what is timed. */
struct watch {
	struct host_mishaps before;
};

void watch_start(struct watch *watch);
/* => True when the thread was not interrupted since the last call; counts for
 * the seat. */
bool watch_clean(struct watch *watch, struct seat *seat);
/* Take a burst's time into the samples, unless it was interrupted. */
void watch_sample(struct watch *watch, struct seat *seat, uint64_t ticks);

#endif /* SEAT_H */
