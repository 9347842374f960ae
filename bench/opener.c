/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * opener.c - see opener.h
 */
#include "opener.h"

#include "seat.h"

void opener_burst(struct seat *seat, uint32_t from, uint32_t step, unsigned n)
{
	struct watch watch;
	uint64_t ticks, poll;

	seat_stage(seat, from, step, n, STAGE_OPENED);
	watch_start(&watch);
	ticks = seat_forward(seat);
	poll = seat_poll(seat);
	if (watch_clean(&watch, seat)) {
		seat->ticks += ticks;
		seat->poll_ticks += poll;
		seat->n_clean += n;
		seat->n_polled += n;
		if (n == seat->world->options->burst)
			samples_add(&seat->samples, ticks);
	}
	seat_expect(seat, CT_NEW);
	seat->n_packets += n;
}

void opener_all(struct seat *seat, void *unused)
{
	const struct options *options = seat->world->options;
	uint32_t flow = seat->share;

	(void)unused;
	seat_round(seat);
	while (flow < options->conns) {
		uint32_t left =
			(options->conns - 1 - flow) / seat->n_shares + 1;
		unsigned n = left < options->burst ? left : options->burst;

		opener_burst(seat, flow, seat->n_shares, n);
		flow += n * seat->n_shares;
	}
}
