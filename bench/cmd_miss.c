/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd_miss.c - newcomers that do not stay
 *
 *	miss	the host drops each newcomer: opened, then given up
 *	full	the library refuses each: there is no room, and all others are
 *		worth more; a second thread has traffic meanwhile. With
 *		a policy: a quarter more places than established ones, which
 *		the flood fills; each newcomer takes another one's place
 */
#include "commands.h"
#include "round.h"
#include "seat.h"

#include <conntrack/pressure.h>
#include <string.h>

/* A burst of flows that were never seen. */
static void strangers(struct seat *seat)
{
	const struct options *options = seat->world->options;

	seat_stage(seat, options->conns + seat->next_flow * SEATS_MAX + seat->t,
		   SEATS_MAX, options->burst, STAGE_OPENED);
	seat->next_flow += options->burst;
}

/* --- Miss --------------------------------------------------------------- */

static void give_up(struct seat *seat, void *user)
{
	const struct options *options = seat->world->options;
	uint64_t end = host_ticks() + host_ticks_of_ms(options->ms);
	struct watch watch;
	uint64_t n = 0;

	(void)user;
	seat_round(seat);
	watch_start(&watch);
	while (seat_goes_on(seat, &n, end)) {
		strangers(seat);
		watch_sample(&watch, seat, seat_refuse(seat));
		seat->poll_ticks += seat_poll(seat);
		seat->n_packets += seat->n;
	}
	seat->n_polled = seat->n_packets;
	watch_clean(&watch, seat);
}

typedef unsigned (*find_fn)(struct ct_thread *thr, const struct ct_tuple *tuple,
			    unsigned n);

static unsigned find_singly(struct ct_thread *thr, const struct ct_tuple *tuple,
			    unsigned n)
{
	unsigned found = 0;

	for (unsigned i = 0; i < n; i++)
		found += ct_find(thr, &tuple[i], NULL) != NULL;
	return found;
}

static unsigned find_together(struct ct_thread *thr,
			      const struct ct_tuple *tuple, unsigned n)
{
	struct ct_conn *conn[BURST_MAX];

	return ct_find_burst(thr, tuple, n, conn, NULL);
}

static void seek(struct seat *seat, find_fn find)
{
	const struct options *options = seat->world->options;
	uint64_t end = host_ticks() + host_ticks_of_ms(options->ms);
	struct ct_tuple tuple[BURST_MAX];
	uint64_t n = 0;

	seat_round(seat);
	while (seat_goes_on(seat, &n, end)) {
		uint64_t start;

		for (unsigned i = 0; i < options->burst; i++)
			workload_tuple(&seat->world->load,
				       options->conns + seat->next_flow++,
				       CT_DIR_ORIG, &tuple[i]);
		start = host_ticks();
		seat->n_bad += find(seat->thr, tuple, options->burst);
		samples_add(&seat->samples,
			    host_ticks() - start - host_ticks_nothing());
		seat->n = options->burst;
		seat->poll_ticks += seat_poll(seat);
		seat->n_packets += seat->n;
	}
	seat->n_polled = seat->n_packets;
}

static void seek_singly(struct seat *seat, void *user)
{
	(void)user;
	seek(seat, find_singly);
}

static void seek_together(struct seat *seat, void *user)
{
	(void)user;
	seek(seat, find_together);
}

void cmd_miss(const struct options *options, struct report *report)
{
	static const struct {
		const char *what;
		seat_fn fn;
	} kind[] = { { "dropped by host", give_up },
		     { "ct_find()", seek_singly },
		     { "ct_find_burst()", seek_together } };
	enum { KINDS = sizeof(kind) / sizeof(*kind) };
	struct row row[KINDS];
	struct limits limits;
	struct world world;

	memset(row, 0, sizeof(row));
	world_open(&world, options, options->conns);
	world_table(&world, world_room(options->conns), WITHOUT_EVENTS);
	world_fill(&world, 0, options->conns, STAGE_ESTABLISHED);
	limits_open(&limits, options, options->conns);
	for (unsigned r = 0; r < options->rounds; r++) {
		for (unsigned i = 0; i < KINDS; i++) {
			world_team(&world, 1, kind[i].fn, NULL);
			row_add(&row[i], world.seat, 1, ROW_MEDIAN);
			row_weigh(&row[i], &world);
		}
		limits_round(&limits, &world);
		for (unsigned i = 0; i < KINDS; i++)
			row_compare(&row[i], &limits, 1);
	}
	for (unsigned i = 0; i < KINDS; i++) {
		report_begin(report, kind[i].what);
		row_report(&row[i], report, &limits, 1);
		report_end(report);
	}
	limits_close(&limits);
	world_table_end(&world);
	world_close(&world);
}

/* --- Full --------------------------------------------------------------- */

static void flood(struct seat *seat, struct watch *watch)
{
	strangers(seat);
	watch_sample(watch, seat, seat_forward(seat));
	for (unsigned i = 0; i < seat->n; i++)
		seat->n_bad += seat->world->options->policy < 0 &&
			       seat->pkt[i].reason != CT_R_TABLE_FULL;
}

static void traffic(struct seat *seat, struct watch *watch)
{
	seat_data(seat, seat->world->options->conns, BOTH_WAYS);
	watch_sample(watch, seat, seat_forward(seat));
	seat_expect(seat, CT_ESTABLISHED);
}

/* Who does what in which round. */
enum part { FLOOD, TRAFFIC, BOTH };

static void press(struct seat *seat, void *user)
{
	const struct options *options = seat->world->options;
	const enum part *part = user;
	bool floods = *part == FLOOD || (*part == BOTH && seat->t == 0);
	uint64_t end = host_ticks() + host_ticks_of_ms(options->ms);
	struct watch watch;
	uint64_t n = 0;

	seat->share = 0; /* only one seat has traffic: all flows are its own */
	seat->n_shares = 1;
	seat_round(seat);
	watch_start(&watch);
	while (seat_goes_on(seat, &n, end)) {
		if (floods)
			flood(seat, &watch);
		else
			traffic(seat, &watch);
		seat->poll_ticks += seat_poll(seat);
		seat->n_packets += seat->n;
	}
	seat->n_polled = seat->n_packets;
	watch_clean(&watch, seat);
}

struct pressure {
	struct row refused;
	struct row alone;  /* traffic */
	struct row beside; /* a flood */
	struct series slower;
	struct limits limits;
	struct ct_pressure before;
};

static void press_round(struct world *world, struct pressure *pressure)
{
	const struct seat *seat = world->seat;
	enum part part = FLOOD;

	world_team(world, 1, press, &part);
	row_add(&pressure->refused, seat, 1, ROW_MEDIAN);
	row_weigh(&pressure->refused, world);
	limits_round(&pressure->limits, world);
	row_compare(&pressure->refused, &pressure->limits, 1);
	if (world->options->threads == 1)
		return;

	part = TRAFFIC;
	world_team(world, 1, press, &part);
	row_add(&pressure->alone, seat, 1, ROW_MEDIAN);
	row_weigh(&pressure->alone, world);
	row_compare(&pressure->alone, &pressure->limits, 1);
	part = BOTH;
	world_team(world, 2, press, &part);
	row_add(&pressure->beside, seat + 1, 1, ROW_MEDIAN);
	row_weigh(&pressure->beside, world);
	row_compare(&pressure->beside, &pressure->limits, 1);
	series_add(&pressure->slower, limits_last(&pressure->beside.ns) /
					      limits_last(&pressure->alone.ns));
}

/* What a newcomer costs beside time: counted. */
static void report_searches(const struct pressure *pressure,
			    struct report *report, struct ct_table *tbl)
{
	struct ct_pressure now = { .size = sizeof(now) };
	const struct ct_pressure *was = &pressure->before;
	double n;

	ct_pressure(tbl, &now);
	n = (double)(now.evicted[0] + now.refused[0] - was->evicted[0] -
		     was->refused[0]);
	report_num(report, "evicted",
		   (double)(now.evicted[0] - was->evicted[0]), 0);
	report_num(report, "candidates_a_newcomer",
		   (double)(now.candidates - was->candidates) / n, 2);
	report_num(report, "lines_a_newcomer",
		   (double)(now.lines - was->lines) / n, 2);
}

static void report_pressure(const struct pressure *pressure,
			    struct report *report, struct ct_table *tbl)
{
	report_begin(report,
		     report->options->policy < 0 ? "refused" : "newcomers");
	row_report(&pressure->refused, report, &pressure->limits, 1);
	if (report->options->policy >= 0)
		report_searches(pressure, report, tbl);
	report_end(report);
	if (report->options->threads == 1)
		return;
	report_begin(report, "traffic alone");
	row_report(&pressure->alone, report, &pressure->limits, 1);
	report_end(report);
	report_begin(report, "traffic beside");
	row_report(&pressure->beside, report, &pressure->limits, 1);
	report_num(report, "to_alone", series_median(&pressure->slower), 2);
	report_end(report);
}

static void answer_all(struct seat *seat, void *user)
{
	const struct options *options = seat->world->options;
	uint32_t flow = 0;

	(void)user;
	while (flow < options->conns) {
		uint32_t left = options->conns - flow;
		unsigned n = left < options->burst ? left : options->burst;

		seat_stage(seat, flow, 1, n, STAGE_ANSWERED);
		seat_forward(seat);
		seat_poll(seat);
		flow += n;
	}
}

/*
 * An answered UDP flow is worth keeping when it is older than two seconds and
 * another packet comes; a TCP connection when its handshake is over.
 */
static void assure(struct world *world)
{
	if (!world->options->load.udp)
		return;
	world->skew_ns += 3 * UINT64_C(1000000000);
	world_team(world, 1, answer_all, NULL);
}

/* Without a policy it is the one that takes nobody's place who is assured. */
static void choose(struct world *world)
{
	int policy = world->options->policy;

	if (ct_param_set(world->tbl, "overflow.policy",
			 policy < 0 ? CT_OVERFLOW_LINUX : (uint64_t)policy))
		host_fail("full: no such policy");
}

/* The flood has filled what is free. */
static void crowd(struct world *world, struct pressure *pressure)
{
	enum part part = FLOOD;

	pressure->before.size = sizeof(pressure->before);
	do {
		world_team(world, 1, press, &part);
		ct_pressure(world->tbl, &pressure->before);
	} while (pressure->before.conns < pressure->before.max_conns);
}

void cmd_full(const struct options *options, struct report *report)
{
	const uint32_t room = options->policy < 0
				      ? options->conns
				      : options->conns + options->conns / 4;
	struct pressure pressure;
	struct world world;

	if (options->threads > 2)
		host_fail("full: one thread floods, a second one has traffic");
	memset(&pressure, 0, sizeof(pressure));
	world_open(&world, options, options->conns);
	world_table(&world, room,
		    options->events ? WITH_EVENTS : WITHOUT_EVENTS);
	world_fill(&world, 0, options->conns, STAGE_ESTABLISHED);
	assure(&world);
	choose(&world);
	if (options->policy >= 0)
		crowd(&world, &pressure);
	limits_open(&pressure.limits, options, options->conns);
	for (unsigned i = 0; i < options->rounds; i++)
		press_round(&world, &pressure);
	report_pressure(&pressure, report, world.tbl);
	limits_close(&pressure.limits);
	world_table_end(&world);
	world_close(&world);
}
