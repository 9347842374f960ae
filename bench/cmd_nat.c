/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd_nat.c - what a translated source costs: to choose it, and each packet
 *
 * Datagrams of one direction, so that nobody needs to know which port an answer
 * must go to.  Each round has the same flows without NAT and with it, one after
 * the other, so that what is compared was measured on the same machine.
 */
#include "commands.h"
#include "opener.h"
#include "round.h"
#include "seat.h"

#include <arpa/inet.h>
#include <string.h>

/* One kind of host. */
struct side {
	const struct ct_rules *rules;
	struct row setup;
	struct row data;
};

struct result {
	struct side plain;
	struct side nat;
	struct row all; /* set-up with NAT, on all threads */
	struct series more_ns;
	struct series setup_ratio;
	struct scaling scaling;
	struct limits limits;
};

/* A pool of 256 addresses, each flow's port kept if it can be. */
static enum ct_verdict to_pool(void *user, struct ct_thread *thr,
			       struct ct_pkt *pkt)
{
	struct ct_nat_range range = { .size = sizeof(range),
				      .flags = CT_NAT_ADDR };
	int error;

	(void)user;
	range.min_addr.v4 = htonl(0xcb007100); /* 203.0.113.0 */
	range.max_addr.v4 = htonl(0xcb0071ff);
	error = ct_nat_setup(thr, pkt, CT_NAT_SRC, &range);
	return error ? CT_DROP : CT_ACCEPT;
}

static const struct ct_rules pool = { .size = sizeof(pool),
				      .new_conn = to_pool };

static void data(struct seat *seat, void *user)
{
	const struct options *options = seat->world->options;
	uint64_t end = host_ticks() + host_ticks_of_ms(options->ms);
	struct watch watch;
	uint64_t n = 0;

	(void)user;
	seat_round(seat);
	watch_start(&watch);
	while (seat_goes_on(seat, &n, end)) {
		seat_data(seat, options->conns, ONE_WAY);
		watch_sample(&watch, seat, seat_forward(seat));
		seat_expect(seat, CT_NEW);
		seat->poll_ticks += seat_poll(seat);
		seat->n_packets += seat->n;
	}
	seat->n_polled = seat->n_packets;
	watch_clean(&watch, seat);
}

static void one_side(struct world *world, struct side *side,
		     const struct limits *limits)
{
	world->rules = side->rules;
	world_table(world, world_room(world->options->conns), WITHOUT_EVENTS);
	world_team(world, 1, opener_all, NULL);
	row_add(&side->setup, world->seat, 1, ROW_MEAN);
	row_compare(&side->setup, limits, 1);
	row_weigh(&side->setup, world);
	world_team(world, 1, data, NULL);
	row_add(&side->data, world->seat, 1, ROW_MEDIAN);
	row_compare(&side->data, limits, 1);
	row_weigh(&side->data, world);
	world_table_end(world);
}

static void all_threads(struct world *world, struct result *result, unsigned n)
{
	world_table(world, world_room(world->options->conns), WITHOUT_EVENTS);
	world_team(world, n, opener_all, NULL);
	row_add(&result->all, world->seat, n, ROW_MEAN);
	row_compare(&result->all, &result->limits, n);
	row_weigh(&result->all, world);
	scaling_add(&result->scaling, &result->nat.setup, &result->all,
		    &result->limits, n);
	world_table_end(world);
}

static void measure(struct world *world, struct result *result)
{
	unsigned n = world->options->threads;

	limits_round(&result->limits, world);
	one_side(world, &result->plain, &result->limits);
	one_side(world, &result->nat, &result->limits);
	series_add(&result->more_ns,
		   limits_last(&result->nat.data.ns) -
			   limits_last(&result->plain.data.ns));
	series_add(&result->setup_ratio,
		   limits_last(&result->nat.setup.ns) /
			   limits_last(&result->plain.setup.ns));
	if (n > 1)
		all_threads(world, result, n);
}

static void tell(struct report *report, const char *what, const struct row *row,
		 const struct limits *limits, unsigned n)
{
	report_begin(report, what);
	row_report(row, report, limits, n);
}

static void report_result(const struct result *result, struct report *report)
{
	unsigned n = report->options->threads;

	tell(report, "plain set-up", &result->plain.setup, &result->limits, 1);
	report_end(report);
	tell(report, "NAT set-up", &result->nat.setup, &result->limits, 1);
	report_num(report, "times_plain", series_median(&result->setup_ratio),
		   2);
	report_end(report);
	if (n > 1) {
		tell(report, "NAT set-up, all threads", &result->all,
		     &result->limits, n);
		scaling_report(&result->scaling, report);
		report_end(report);
	}
	tell(report, "plain", &result->plain.data, &result->limits, 1);
	report_end(report);
	tell(report, "NAT", &result->nat.data, &result->limits, 1);
	report_num(report, "more_ns", series_median(&result->more_ns), 1);
	report_end(report);
}

void cmd_nat(const struct options *options, struct report *report)
{
	struct workload load = options->load;
	struct result result;
	struct world world;

	memset(&result, 0, sizeof(result));
	result.nat.rules = &pool;
	load.udp = true;
	load.v6 = false;
	world_open(&world, options, options->conns);
	world_load(&world, &load);
	limits_open(&result.limits, options, options->conns);
	for (unsigned i = 0; i < options->rounds; i++)
		measure(&world, &result);
	report_load(report, &load);
	report_result(&result, report);
	limits_close(&result.limits);
	world_close(&world);
}
