/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd_memory.c - what a live connection costs while nothing happens
 *
 *	memory	bytes: what the allocator gave, and what the process has more
 *		in memory than before, the empty table included
 *	sweep	time: expiry passes that find nothing to do
 */
#include "commands.h"
#include "limit.h"
#include "seat.h"

#include <string.h>

/* --- Memory ------------------------------------------------------------- */

/* More steps than a table of 1 M buckets needs to become small. */
enum { POLLS_AFTER = 1000, STEPS_AFTER = 60000, STEP_BUDGET = 256 };

struct memory {
	const char *what;
	struct workload load;
	struct series resident; /* a connection */
	struct series allocated;
	struct series empty;    /* allocated, before the first connection */
	struct series emptied;  /* allocated, after the last one */
	uint64_t n_misreported; /* bytes by which the library is wrong */
	uint64_t n_lost;
};

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* By how much the library's parts do not sum up to what we gave it. */
static uint64_t misreported(struct world *world)
{
	struct ct_mem_report r = { .size = sizeof(r) };
	uint64_t bytes = atomic_load(&world->mem->bytes);

	ct_mem_report(world->tbl, &r);
	return distance(r.total, bytes) +
	       distance(r.buckets + r.conns + r.overflow + r.on_demand +
				r.handles + r.other,
			bytes);
}

static void flush(struct seat *seat, void *user)
{
	(void)user;
	ct_flush(seat->thr, NULL);
	for (unsigned i = 0; i < POLLS_AFTER; i++)
		seat_poll(seat);
}

/* => Bytes that an emptied table still has, after it had time to shrink. */
static uint64_t emptied(struct world *world)
{
	world_team(world, 1, flush, NULL);
	for (unsigned i = 0; i < STEPS_AFTER; i++)
		ct_maintain(world->tbl, world_now(world, 0), STEP_BUDGET);
	return atomic_load(&world->mem->bytes);
}

static void weigh(struct world *world, struct memory *memory)
{
	uint32_t conns = world->options->conns;
	uint64_t before, bytes;

	world_load(world, &memory->load);
	before = host_resident();
	world_table(world, conns, WITHOUT_EVENTS);
	series_add(&memory->empty, (double)atomic_load(&world->mem->bytes));
	world_fill(world, 0, conns, STAGE_ESTABLISHED);
	bytes = atomic_load(&world->mem->bytes);
	series_add(&memory->resident,
		   (double)(host_resident() - before) / conns);
	series_add(&memory->allocated, (double)bytes / conns);
	memory->n_misreported += misreported(world);
	memory->n_lost += conns - world_conns(world);
	series_add(&memory->emptied, (double)emptied(world));
	world_table_end(world);
}

void cmd_memory(const struct options *options, struct report *report)
{
	struct memory memory[] = {
		{ .what = "IPv4 TCP" },
		{ .what = "IPv4 UDP", .load = { .udp = true } },
		{ .what = "IPv6 TCP", .load = { .v6 = true } },
	};
	struct world world;

	world_open(&world, options, options->conns);
	for (unsigned r = 0; r < options->rounds; r++)
		for (unsigned i = 0; i < 3; i++)
			weigh(&world, &memory[i]);
	for (unsigned i = 0; i < 3; i++) {
		report_load(report, &memory[i].load);
		report_begin(report, memory[i].what);
		report_num(report, "bytes_per_conn",
			   series_median(&memory[i].resident), 1);
		report_num(report, "allocated_per_conn",
			   series_median(&memory[i].allocated), 1);
		report_num(report, "empty_bytes",
			   series_median(&memory[i].empty), 0);
		report_num(report, "emptied_bytes",
			   series_median(&memory[i].emptied), 0);
		report_num(report, "misreported",
			   (double)memory[i].n_misreported, 0);
		report_num(report, "bad", (double)memory[i].n_lost, 0);
		report_end(report);
	}
	world_close(&world);
}

/* --- Sweep -------------------------------------------------------------- */

enum { SWEEP_BUDGET = 4096, PASSES = 4 };

static void sweep(struct seat *seat, void *user)
{
	struct world *world = seat->world;
	uint64_t calls = PASSES * (world->options->conns / SWEEP_BUDGET + 1ull);
	struct watch watch;

	(void)user;
	seat_round(seat);
	/* The first pass learns how long each has; it is not looked at. */
	ct_maintain(world->tbl, world_now(world, 0), 0);
	while (calls-- > 0) {
		uint64_t now_ns = world_now(world, 0);
		uint64_t start, ticks;

		watch_start(&watch);
		start = host_ticks();
		ct_maintain(world->tbl, now_ns, SWEEP_BUDGET);
		ticks = host_ticks() - start;
		if (watch_clean(&watch, seat))
			samples_add(&seat->samples, ticks);
	}
}

void cmd_sweep(const struct options *options, struct report *report)
{
	struct series ns = { 0 }, worst_us = { 0 }, to_limit = { 0 };
	struct limits limits;
	struct world world;
	uint32_t n =
		options->conns < SWEEP_BUDGET ? options->conns : SWEEP_BUDGET;

	world_open(&world, options, options->conns);
	world_table(&world, world_room(options->conns), WITHOUT_EVENTS);
	world_fill(&world, 0, options->conns, STAGE_ESTABLISHED);
	limits_open(&limits, options, options->conns);
	for (unsigned i = 0; i < options->rounds; i++) {
		world_team(&world, 1, sweep, NULL);
		series_add(&ns,
			   host_ns(samples_part(&world.seat[0].samples, 0.5)) /
				   n);
		series_add(&worst_us,
			   host_ns(samples_part(&world.seat[0].samples, 1)) /
				   1e3);
		limits_round(&limits, &world);
		series_add(&to_limit,
			   limits_last(&ns) / limits_last(&limits.limit2));
	}
	report_begin(report, "live connections");
	report_num(report, "ns_per_conn", series_median(&ns), 3);
	limits_report_speed(&limits, report, 1, series_median(&ns),
			    series_median(&to_limit));
	report_num(report, "bytes_per_conn", world_bytes_per_conn(&world), 1);
	report_num(report, "worst_call_us", series_median(&worst_us), 1);
	report_num(report, "conns_per_call", n, 0);
	report_num(report, "bad",
		   (double)(options->conns - world_conns(&world)), 0);
	report_end(report);
	limits_close(&limits);
	world_table_end(&world);
	world_close(&world);
}
