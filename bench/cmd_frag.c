/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd_frag.c - a spray of fragments that never become datagrams
 *
 * Every fragment is of another datagram, from another source: the worst that
 * can be sent, since nothing of it is ever used again.  Half are first ones,
 * half are later ones.  How much slower is other traffic meanwhile?
 *
 *	1 thread	the thread has bursts of both, by turns; timed are those
 *			of the traffic
 *	2 threads	one sprays, the other has traffic; compared with a
 *			round in which both have traffic
 *
 * What fragments hold in memory must stay below its bound; that is checked.
 */
#include "commands.h"
#include "round.h"
#include "seat.h"

#include <conntrack/frag.h>
#include <stdio.h>
#include <string.h>

enum {
	HDR = 20,
	FILL = 24, /* with it a frame of Ethernet has 64 bytes */
	BOUND = 4194304
};

/* Fragments of one thread. */
struct spray {
	struct ct_pkt pkt[BURST_MAX];
	struct ct_pkt *pkts[BURST_MAX];
	enum ct_verdict verdicts[BURST_MAX];
	uint8_t bytes[BURST_MAX][HDR + FILL];
	uint32_t n;
	uint64_t ticks;
	uint64_t n_sent;
};

static void build(uint8_t *ip, uint32_t n)
{
	/* UDP, from 10.0.0.0/8 to 198.51.100.5 */
	static const uint8_t header[HDR] = { 0x45, 0,   0,  HDR + FILL, 0,
					     0,    0,   0,  64,         17,
					     0,    0,   10, 0,          0,
					     0,    198, 51, 100,        5 };

	memcpy(ip, header, sizeof(header));
	ip[4] = (uint8_t)(n >> 8);
	ip[5] = (uint8_t)n;
	ip[6] = n % 2 ? 0 : 0x20;
	ip[7] = n % 2 ? 3 : 0;
	ip[13] = (uint8_t)(n >> 17);
	ip[14] = (uint8_t)(n >> 9);
	ip[15] = (uint8_t)(n >> 1);
	memset(ip + HDR, 0, FILL);
	ip[HDR + 5] = 200; /* UDP length */
}

static void spray(struct seat *seat, struct spray *spray)
{
	unsigned n = seat->world->options->burst;
	uint64_t start;

	for (unsigned i = 0; i < n; i++) {
		build(spray->bytes[i], spray->n++);
		spray->pkt[i] = (struct ct_pkt){ .data = spray->bytes[i],
						 .len = HDR + FILL,
						 .l3 = CT_L3_IPV4,
						 .csum = CT_CSUM_NONE };
		spray->pkts[i] = &spray->pkt[i];
	}
	start = host_ticks();
	ct_process_burst(seat->thr, spray->pkts, n, CT_HOOK_PREROUTING,
			 spray->verdicts);
	for (unsigned i = 0; i < n; i++)
		if (spray->verdicts[i] == CT_ACCEPT)
			ct_abandon(seat->thr, &spray->pkt[i]);
	spray->ticks += host_ticks() - start;
	spray->n_sent += n;
}

static void traffic(struct seat *seat, struct watch *watch)
{
	seat_data(seat, seat->world->options->conns, BOTH_WAYS);
	watch_sample(watch, seat, seat_forward(seat));
	seat_expect(seat, CT_ESTABLISHED);
}

/* Who does what in a round. */
struct part {
	bool sprays;
	struct spray spray;
};

static void press(struct seat *seat, void *user)
{
	const struct options *options = seat->world->options;
	struct part *part = user;
	bool alone = options->threads == 1;
	uint64_t end = host_ticks() + host_ticks_of_ms(options->ms);
	struct watch watch;
	uint64_t n = 0;

	seat_round(seat);
	watch_start(&watch);
	while (seat_goes_on(seat, &n, end)) {
		bool mine = part->sprays && seat->t == 0;

		if (mine)
			spray(seat, &part->spray);
		if (alone || !mine)
			traffic(seat, &watch);
		seat->poll_ticks += seat_poll(seat);
		seat->n_packets += seat->n;
	}
	seat->n_polled = seat->n_packets;
	watch_clean(&watch, seat);
}

struct pressure {
	struct row without;
	struct row with;
	struct series slower; /* speed with it, of that without */
	struct series each;   /* ns a fragment */
	struct limits limits;
};

static void round_of(struct world *world, struct pressure *pressure,
		     struct part *part)
{
	unsigned threads = world->options->threads;
	const struct seat *seat = &world->seat[threads - 1];

	part->sprays = false;
	world_team(world, threads, press, part);
	row_add(&pressure->without, seat, 1, ROW_MEDIAN);
	row_weigh(&pressure->without, world);
	part->sprays = true;
	part->spray.ticks = 0;
	part->spray.n_sent = 0;
	world_team(world, threads, press, part);
	row_add(&pressure->with, seat, 1, ROW_MEDIAN);
	row_weigh(&pressure->with, world);
	limits_round(&pressure->limits, world);
	row_compare(&pressure->without, &pressure->limits, 1);
	row_compare(&pressure->with, &pressure->limits, 1);
	series_add(&pressure->slower, limits_last(&pressure->without.ns) /
					      limits_last(&pressure->with.ns));
	series_add(&pressure->each, host_ns((double)part->spray.ticks) /
					    (double)part->spray.n_sent);
}

static void expect_bound(const struct ct_frag_stats *stats)
{
	if (stats->max_bytes > BOUND || !stats->evicted)
		host_fail("fragments: the bound of memory does not hold");
}

static void report_mode(struct world *world, const char *what,
			const struct pressure *pressure, struct report *report)
{
	struct ct_frag_stats stats = { .size = sizeof(stats) };
	char name[REPORT_WORD];

	ct_frag_stats(world->tbl, &stats);
	expect_bound(&stats);
	snprintf(name, sizeof(name), "%s: without", what);
	report_begin(report, name);
	row_report(&pressure->without, report, &pressure->limits, 1);
	report_end(report);
	snprintf(name, sizeof(name), "%s: sprayed", what);
	report_begin(report, name);
	row_report(&pressure->with, report, &pressure->limits, 1);
	report_num(report, "speed_of_without", series_median(&pressure->slower),
		   2);
	report_num(report, "ns_per_fragment", series_median(&pressure->each),
		   0);
	report_num(report, "fragment_bytes", (double)stats.max_bytes, 0);
	report_end(report);
}

static void measure(const struct options *options, struct report *report,
		    uint64_t mode, const char *what)
{
	static struct part part;
	struct pressure pressure;
	struct world world;

	memset(&pressure, 0, sizeof(pressure));
	memset(&part, 0, sizeof(part));
	world_open(&world, options, options->conns);
	world_table(&world, world_room(options->conns), WITHOUT_EVENTS);
	if (ct_param_set(world.tbl, "frag.mode", mode) ||
	    ct_param_set(world.tbl, "frag.memory.ipv4", BOUND))
		host_fail("fragments: no such parameters");
	world_fill(&world, 0, options->conns, STAGE_ESTABLISHED);
	limits_open(&pressure.limits, options, options->conns);
	for (unsigned i = 0; i < options->rounds; i++)
		round_of(&world, &pressure, &part);
	report_mode(&world, what, &pressure, report);
	limits_close(&pressure.limits);
	world_table_end(&world);
	world_close(&world);
}

void cmd_fragments(const struct options *options, struct report *report)
{
	if (options->threads > 2)
		host_fail("fragments: one thread sprays, another has traffic");
	measure(options, report, 1, "reassemble");
	measure(options, report, 2, "virtual");
}
