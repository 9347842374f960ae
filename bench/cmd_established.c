/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd_established.c - packets of known connections; and the limits alone
 *
 * With several threads each round has one thread alone, then all of them, so
 * that the scaling is that of one run.
 */
#include "commands.h"
#include "noise.h"
#include "round.h"
#include "seat.h"

/* A tenth of a round is not looked at: the limits had the caches before. */
static void warm_up(struct seat *seat, bool cross)
{
	const struct options *options = seat->world->options;
	uint64_t end = host_ticks() + host_ticks_of_ms(options->ms) / 10;
	uint64_t n = options->bursts - options->bursts / 10;

	while (seat_goes_on(seat, &n, end)) {
		seat_data(seat, options->conns, cross ? ONE_WAY : BOTH_WAYS);
		seat_forward(seat);
		if (options->cross)
			seat_sent(seat);
		seat_poll(seat);
	}
}

static void traffic(struct seat *seat, void *user)
{
	const struct options *options = seat->world->options;
	bool cross = options->cross && seat->n_team > 1;
	struct watch watch;
	uint64_t end, n = 0;

	(void)user;
	if (cross) {
		seat->share = 0;
		seat->n_shares = 1;
	}
	warm_up(seat, cross);
	seat_round(seat);
	watch_start(&watch);
	end = host_ticks() + host_ticks_of_ms(options->ms);
	while (seat_goes_on(seat, &n, end)) {
		seat_data(seat, options->conns, cross ? ONE_WAY : BOTH_WAYS);
		watch_sample(&watch, seat, seat_forward(seat));
		seat_expect(seat, CT_ESTABLISHED);
		if (options->cross)
			seat_sent(seat);
		seat->poll_ticks += seat_poll(seat);
		seat->n_packets += seat->n;
	}
	seat->n_polled = seat->n_packets;
	watch_clean(&watch, seat);
}

struct result {
	struct row one;
	struct row all;
	struct scaling scaling;
	struct limits limits;
	struct tails tails; /* of one thread */
};

static void measure(struct world *world, struct result *result)
{
	unsigned n = world->options->threads;

	world_team(world, 1, traffic, NULL);
	row_add(&result->one, world->seat, 1, ROW_MEDIAN);
	row_weigh(&result->one, world);
	noise_round(world, 1, &result->limits.whole, world->options->ms);
	tails_add(&result->tails, world->seat);
	limits_round(&result->limits, world);
	row_compare(&result->one, &result->limits, 1);
	if (n == 1)
		return;
	world_team(world, n, traffic, NULL);
	row_add(&result->all, world->seat, n, ROW_MEDIAN);
	row_weigh(&result->all, world);
	row_compare(&result->all, &result->limits, n);
	scaling_add(&result->scaling, &result->one, &result->all,
		    &result->limits, n);
}

void cmd_established(const struct options *options, struct report *report)
{
	struct result result = { 0 };
	struct world world;

	world_open(&world, options, options->conns);
	world_table(&world, world_room(options->conns),
		    options->events ? WITH_EVENTS : WITHOUT_EVENTS);
	world_fill(&world, 0, options->conns, STAGE_ESTABLISHED);
	limits_open(&result.limits, options, options->conns);
	tails_open(&result.tails);
	for (unsigned i = 0; i < options->rounds; i++)
		measure(&world, &result);

	report_begin(report, row_threads(1));
	row_report(&result.one, report, &result.limits, 1);
	tails_report(&result.tails, report);
	report_end(report);
	if (options->threads > 1) {
		report_begin(report, row_threads(options->threads));
		row_report(&result.all, report, &result.limits,
			   options->threads);
		scaling_report(&result.scaling, report);
		report_end(report);
	}
	tails_close(&result.tails);
	limits_close(&result.limits);
	world_table_end(&world);
	world_close(&world);
}

void cmd_limits(const struct options *options, struct report *report)
{
	struct series scaling = { 0 };
	struct limits limits;
	struct world world;

	world_open(&world, options, 1);
	limits_open(&limits, options, options->conns);
	for (unsigned i = 0; i < options->rounds; i++) {
		limits_round(&limits, &world);
		series_add(&scaling, limits_scaling(&limits, options->threads));
	}
	report_begin(report, row_threads(1));
	limits_report(&limits, report, 1);
	report_end(report);
	if (options->threads > 1) {
		report_begin(report, row_threads(options->threads));
		limits_report(&limits, report, options->threads);
		report_num(report, "limit2_scaling", series_median(&scaling),
			   2);
		report_end(report);
	}
	limits_close(&limits);
	world_close(&world);
}
