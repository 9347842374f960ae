/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd_life.c - connections come and go
 *
 * Here a median would be a lie: growing the table, taking memory and reclaiming
 * it are the work of few calls.  So these are means, over all calls that were
 * not interrupted; the median stands beside them.
 */
#include "commands.h"
#include "opener.h"
#include "round.h"
#include "seat.h"

#include <string.h>

enum {
	SECOND = 1000000000,
	LONG_AFTER_S = 1000, /* every timeout has passed */
	DELETE_BURST = 256,
	LOOK_EVERY = 64 /* polls between two looks at how many are left */
};

/* --- Set-up ------------------------------------------------------------- */

static void set_up(struct world *world, struct row *row, unsigned n,
		   enum world_events events)
{
	world_table(world, world_room(world->options->conns), events);
	world_team(world, n, opener_all, NULL);
	row_weigh(row, world);
	world_table_end(world);
	row_add(row, world->seat, n, ROW_MEAN);
}

struct life {
	struct row one;
	struct row all;
	struct row told; /* one, with a subscriber */
	struct series event_ns;
	struct scaling scaling;
	struct limits limits;
};

/* What the subscriber of a round cost, an event: it is the same in every burst,
 * and growth, which the means have in them, is not. */
static void add_event_ns(struct life *life, uint64_t n_events, uint64_t n)
{
	double more = limits_last(&life->told.median) -
		      limits_last(&life->one.median);

	if (n_events)
		series_add(&life->event_ns,
			   more * (double)n / (double)n_events);
}

static void setup_round(struct world *world, struct life *life)
{
	const struct options *options = world->options;
	unsigned n = options->threads;

	set_up(world, &life->one, 1, WITHOUT_EVENTS);
	if (options->events) {
		uint64_t before = life->told.n_events;

		set_up(world, &life->told, 1, WITH_EVENTS);
		add_event_ns(life, life->told.n_events - before,
			     options->conns);
	}
	limits_round(&life->limits, world);
	row_compare(&life->one, &life->limits, 1);
	if (n == 1)
		return;
	set_up(world, &life->all, n, WITHOUT_EVENTS);
	row_compare(&life->all, &life->limits, n);
	scaling_add(&life->scaling, &life->one, &life->all, &life->limits, n);
}

static void report_life(const struct life *life, struct report *report)
{
	const struct options *options = report->options;

	report_begin(report, row_threads(1));
	row_report(&life->one, report, &life->limits, 1);
	if (life->told.n_events) {
		report_num(report, "events", (double)life->told.n_events, 0);
		report_num(report, "event_ns", series_median(&life->event_ns),
			   2);
	}
	report_end(report);
	if (options->threads == 1)
		return;
	report_begin(report, row_threads(options->threads));
	row_report(&life->all, report, &life->limits, options->threads);
	scaling_report(&life->scaling, report);
	report_end(report);
}

void cmd_setup(const struct options *options, struct report *report)
{
	struct life life;
	struct world world;

	memset(&life, 0, sizeof(life));
	world_open(&world, options, 1);
	limits_open(&life.limits, options, options->conns);
	if (options->keep) { /* touches what is kept */
		world_table(&world, world_room(options->conns), WITHOUT_EVENTS);
		world_fill(&world, 0, options->conns, STAGE_OPENED);
		world_table_end(&world);
	}
	for (unsigned i = 0; i < options->rounds; i++)
		setup_round(&world, &life);
	report_life(&life, report);
	limits_close(&life.limits);
	world_close(&world);
}

/* --- Churn -------------------------------------------------------------- */

/*
 * The clock goes by packets: when N flows were opened after it, a connection
 * that nobody answered has expired.  The polls find it, so they are counted.
 */
static void replace(struct seat *seat, void *user)
{
	const struct options *options = seat->world->options;
	uint64_t end = host_ticks() + host_ticks_of_ms(options->ms);
	uint64_t n = 0;

	(void)user;
	seat_round(seat);
	while (seat_goes_on(seat, &n, end)) {
		opener_burst(seat, seat->next_flow * SEATS_MAX + seat->t,
			     SEATS_MAX, options->burst);
		seat->next_flow += options->burst;
	}
	seat->ticks += seat->poll_ticks;
}

static uint64_t timeout_s(struct ct_table *tbl, bool udp)
{
	uint64_t timeout;

	if (ct_param_get(tbl, udp ? "udp.timeout" : "tcp.timeout.syn_sent",
			 &timeout))
		host_fail("the library has other timeouts");
	return timeout;
}

static void settle(struct seat *seat, void *user)
{
	const struct options *options = seat->world->options;
	uint64_t bursts = 3ull * options->conns / options->burst;

	(void)user;
	seat_round(seat);
	while (bursts-- > 0) {
		opener_burst(seat, seat->next_flow * SEATS_MAX + seat->t,
			     SEATS_MAX, options->burst);
		seat->next_flow += options->burst;
	}
}

static void churn_round(struct world *world, struct life *life)
{
	unsigned n = world->options->threads;

	world_team(world, 1, replace, NULL);
	row_add(&life->one, world->seat, 1, ROW_MEAN);
	row_weigh(&life->one, world);
	limits_round(&life->limits, world);
	row_compare(&life->one, &life->limits, 1);
	if (n == 1)
		return;
	world_team(world, n, replace, NULL);
	row_add(&life->all, world->seat, n, ROW_MEAN);
	row_weigh(&life->all, world);
	row_compare(&life->all, &life->limits, n);
	scaling_add(&life->scaling, &life->one, &life->all, &life->limits, n);
}

void cmd_churn(const struct options *options, struct report *report)
{
	struct life life;
	struct world world;

	memset(&life, 0, sizeof(life));
	world_open(&world, options, 1);
	/* Half as many again wait for the sweep, and for a grace period. */
	world_table(&world, world_room(2 * options->conns),
		    options->events ? WITH_EVENTS : WITHOUT_EVENTS);
	world.step_ns = timeout_s(world.tbl, options->load.udp) * SECOND /
			options->conns;
	world_team(&world, 1, settle, NULL);
	limits_open(&life.limits, options, options->conns);
	for (unsigned i = 0; i < options->rounds; i++)
		churn_round(&world, &life);
	report_life(&life, report);
	limits_close(&life.limits);
	world_table_end(&world);
	world_close(&world);
}

/* --- Teardown ----------------------------------------------------------- */

static void expire(struct seat *seat, void *user)
{
	struct watch watch;
	uint64_t n = 0;

	(void)user;
	seat_round(seat);
	seat->n = 0;
	while (n++ % LOOK_EVERY || world_conns(seat->world) > 0) {
		uint64_t ticks;

		watch_start(&watch);
		ticks = seat_poll(seat);
		if (watch_clean(&watch, seat)) {
			seat->ticks += ticks;
			seat->n_clean++;
			samples_add(&seat->samples, ticks);
		}
		seat->n_packets++;
	}
}

struct deletion {
	struct ct_thread *thr;
	unsigned left;
};

static int delete_one(void *user, struct ct_conn *conn)
{
	struct deletion *deletion = user;

	ct_conn_delete(deletion->thr, conn);
	return --deletion->left == 0;
}

static void delete_all(struct seat *seat, void *user)
{
	struct deletion deletion = { .thr = seat->thr };
	struct watch watch;
	uint64_t cursor = 0;

	(void)user;
	seat_round(seat);
	seat->n = 0;
	while (cursor != UINT64_MAX) {
		uint64_t start, ticks;

		deletion.left = DELETE_BURST;
		watch_start(&watch);
		start = host_ticks();
		ct_walk(seat->thr, &cursor, NULL, delete_one, &deletion);
		ticks = host_ticks() - start;
		ticks += seat_poll(seat);
		if (watch_clean(&watch, seat)) {
			seat->ticks += ticks;
			seat->n_clean++;
			samples_add(&seat->samples, ticks);
		}
		seat->n_packets++;
	}
}

struct teardown {
	const char *what;
	seat_fn fn;
	struct series ns; /* a connection */
	struct series to_limit;
	struct series worst_us; /* of a call */
	struct series bytes;    /* a connection, before */
	uint64_t n_left;
};

/* An interrupted call is taken for an average one. */
static double ns_per_conn(const struct seat *seat, uint32_t conns)
{
	double per_call = (double)seat->ticks / (double)seat->n_clean;

	return host_ns(per_call * (double)seat->n_packets) / conns;
}

static void tear_down(struct world *world, struct teardown *down,
		      const struct limits *limits)
{
	struct seat *seat = &world->seat[0];
	uint32_t conns = world->options->conns;

	world_table(world, world_room(conns), WITHOUT_EVENTS);
	world_fill(world, 0, conns, STAGE_OPENED);
	series_add(&down->bytes, world_bytes_per_conn(world));
	if (down->fn == expire)
		world->skew_ns += (uint64_t)LONG_AFTER_S * SECOND;
	world_team(world, 1, down->fn, NULL);
	down->n_left += world_conns(world);
	world_table_end(world);
	series_add(&down->ns, ns_per_conn(seat, conns));
	series_add(&down->worst_us,
		   host_ns(samples_part(&seat->samples, 1)) / 1e3);
	series_add(&down->to_limit,
		   limits_last(&down->ns) / limits_last(&limits->limit2));
}

void cmd_teardown(const struct options *options, struct report *report)
{
	struct teardown down[] = { { .what = "expiry", .fn = expire },
				   { .what = "deletion", .fn = delete_all } };
	struct limits limits;
	struct world world;

	world_open(&world, options, 1);
	limits_open(&limits, options, options->conns);
	for (unsigned i = 0; i < options->rounds; i++) {
		limits_round(&limits, &world);
		tear_down(&world, &down[0], &limits);
		tear_down(&world, &down[1], &limits);
	}
	for (unsigned i = 0; i < 2; i++) {
		report_begin(report, down[i].what);
		report_num(report, "ns_per_conn", series_median(&down[i].ns),
			   2);
		limits_report_speed(&limits, report, 1,
				    series_median(&down[i].ns),
				    series_median(&down[i].to_limit));
		report_num(report, "bytes_per_conn",
			   series_median(&down[i].bytes), 1);
		report_num(report, "worst_call_us",
			   series_max(&down[i].worst_us), 1);
		report_num(report, "bad", (double)down[i].n_left, 0);
		report_end(report);
	}
	limits_close(&limits);
	world_close(&world);
}
