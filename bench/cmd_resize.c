/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd_resize.c - growth from 64 k connections on, under load
 *
 * One thread opens connections, sends data of established ones and polls; the
 * other one looks up.  Here the slowest call counts, not the usual one.  A call
 * during which the system gave the processor to somebody else says nothing about
 * the library and is left out; how many there were stands beside.  What an
 * interrupt or a hypervisor does to a call is told by the same work without a
 * library (noise.h).
 *
 * The reader looks for connections whose ct_confirm() has returned: there is
 * none that it may miss.
 */
#include "commands.h"
#include "limit.h"
#include "noise.h"

#include <string.h>

enum {
	START = 65536,
	LATE_US = 50,
	NOISE_TIMES = 10,     /* as long as a round: tails need many */
	NOISE_CONNS = 1 << 19 /* behind any cache */
};

enum kind { OPENERS, TRAFFIC, POLLS, FINDS, KINDS };

static const char *const names[KINDS] = { "process+confirm", "traffic beside",
					  "poll", "look-ups beside" };

/* Every call of a kind; the ring keeps the latest, the worst is kept apart. */
struct calls {
	struct samples samples;
	uint64_t worst;
	uint64_t n_late; /* over LATE_US */
	uint64_t ticks;
	uint64_t n_packets; /* in them; look-ups, or packets between polls */
	double own;         /* p99.99 without the machine's noise, ticks */
	double noise;       /* p99.99 of the work without a library */
};

struct growth {
	_Atomic uint32_t n_known; /* flows below are confirmed */
	_Atomic bool over;
	uint32_t start; /* flows below are established */
	uint64_t late_ticks;
	struct calls calls[KINDS];
	uint64_t n_missed;
	double bytes; /* a connection, at the end */
	struct limits limits;
	struct ct_mem_report work;
};

static void call_add(struct growth *growth, enum kind kind, uint64_t ticks,
		     unsigned n)
{
	struct calls *calls = &growth->calls[kind];

	calls->ticks += ticks;
	calls->n_packets += n;

	samples_add(&calls->samples, ticks);
	if (ticks > calls->worst)
		calls->worst = ticks;
	calls->n_late += ticks > growth->late_ticks;
}

/* A call of the burst; it counts if nobody else ran meanwhile. */
static void timed(struct seat *seat, struct growth *growth, enum kind kind)
{
	struct watch watch;
	uint64_t ticks;

	watch_start(&watch);
	ticks = kind == POLLS ? seat_poll(seat) : seat_forward(seat);
	if (watch_clean(&watch, seat))
		call_add(growth, kind, ticks, seat->n);
}

static void grow(struct seat *seat, struct growth *growth)
{
	const struct options *options = seat->world->options;
	uint32_t flow = atomic_load(&growth->n_known);

	seat->share = 0; /* the other seat has no traffic: all flows are ours */
	seat->n_shares = 1;
	while (flow < options->conns) {
		uint32_t left = options->conns - flow;
		unsigned n = left < options->burst ? left : options->burst;

		seat_data(seat, growth->start, BOTH_WAYS);
		timed(seat, growth, TRAFFIC);
		seat_expect(seat, CT_ESTABLISHED);
		seat_stage(seat, flow, 1, n, STAGE_OPENED);
		timed(seat, growth, OPENERS);
		seat_expect(seat, CT_NEW);
		timed(seat, growth, POLLS);
		flow += n;
		/* release; pairs with the reader's acquire */
		atomic_store_explicit(&growth->n_known, flow,
				      memory_order_release);
	}
	atomic_store(&growth->over, true);
}

static void look(struct seat *seat, struct growth *growth)
{
	const struct options *options = seat->world->options;
	struct ct_tuple tuple[BURST_MAX];
	struct watch watch;

	while (!atomic_load_explicit(&growth->over, memory_order_relaxed)) {
		uint32_t n = atomic_load_explicit(&growth->n_known,
						  memory_order_acquire);
		uint64_t start, ticks;

		for (unsigned i = 0; i < options->burst; i++) {
			uint64_t random = random64(&seat->random);

			workload_tuple(&seat->world->load,
				       random_below(random, n),
				       (enum ct_dir)(random & 1), &tuple[i]);
		}
		watch_start(&watch);
		start = host_ticks();
		for (unsigned i = 0; i < options->burst; i++)
			growth->n_missed +=
				ct_find(seat->thr, &tuple[i], NULL) == NULL;
		ticks = host_ticks() - start;
		if (watch_clean(&watch, seat))
			call_add(growth, FINDS, ticks, options->burst);
		seat->n = 0;
		seat_poll(seat);
	}
}

static void grow_or_look(struct seat *seat, void *user)
{
	seat_round(seat);
	if (seat->t == 0)
		grow(seat, user);
	else
		look(seat, user);
}

/* What the machine does to calls as long as these, both threads at work. */
static void listen(struct world *world, struct growth *growth)
{
	unsigned ms = NOISE_TIMES * world->options->ms;
	struct limit limit;

	limit_open(&limit, NOISE_CONNS / 3, 2 * NOISE_CONNS,
		   world->options->small_pages);
	for (unsigned i = 0; i < KINDS; i++) {
		struct calls *calls = &growth->calls[i];
		struct seat *seat = &world->seat[i == FINDS];
		struct samples kept = seat->samples;

		seat->samples = calls->samples;
		noise_round(world, 2, &limit, ms);
		calls->own = samples_own(&calls->samples, &seat->noise, 0.9999);
		calls->noise = samples_part(&seat->noise, 0.9999);
		seat->samples = kept;
	}
	limit_close(&limit);
}

static double us(double ticks)
{
	return host_ns(ticks) / 1e3;
}

static void report_calls(struct report *report, const struct growth *growth,
			 enum kind kind, const struct world *world)
{
	const struct seat *seat = &world->seat[kind == FINDS];
	const struct calls *calls = &growth->calls[kind];
	const struct samples *samples = &calls->samples;
	double ns = host_ns((double)calls->ticks) / (double)calls->n_packets;

	report_begin(report, names[kind]);
	limits_report_speed(&growth->limits, report, 1, ns,
			    ns / series_median(&growth->limits.limit2));
	report_num(report, "bytes_per_conn", growth->bytes, 1);
	report_num(report, "median_us", us(samples_part(samples, 0.5)), 2);
	report_num(report, "p999_us", us(samples_part(samples, 0.999)), 2);
	report_num(report, "p9999_us", us(samples_part(samples, 0.9999)), 2);
	report_num(report, "own_p9999_us", us(calls->own), 2);
	report_num(report, "noise_p9999_us", us(calls->noise), 2);
	report_num(report, "worst_us", us((double)calls->worst), 1);
	report_num(report, "over_50us", (double)calls->n_late, 0);
	report_num(report, "calls", (double)samples->n, 0);
	report_num(report, "interrupted", (double)seat->n_switches, 0);
	report_num(report, "page_faults", (double)seat->n_faults, 0);
	report_num(report, "false_misses", (double)growth->n_missed, 0);
	report_num(report, "bad", (double)seat->n_bad, 0);
	report_end(report);
}

static double beyond(uint32_t most, uint32_t budget)
{
	return most > budget ? most - budget : 0;
}

/* The most that any call did, against what it may. */
static void report_work(struct report *report, const struct growth *growth,
			const char *what, enum ct_work_call call)
{
	const struct ct_work *most = &growth->work.most[call];
	const struct ct_work *may = &growth->work.budget[call];

	report_begin(report, what);
	report_num(report, "moved", most->moved, 0);
	report_num(report, "moved_budget", may->moved, 0);
	report_num(report, "cleared", most->cleared, 0);
	report_num(report, "cleared_budget", may->cleared, 0);
	report_num(report, "pages", most->pages, 0);
	report_num(report, "pages_budget", may->pages, 0);
	report_num(report, "blocks", most->blocks, 0);
	report_num(report, "blocks_budget", may->blocks, 0);
	report_num(report, "over_budget",
		   beyond(most->moved, may->moved) +
			   beyond(most->cleared, may->cleared) +
			   beyond(most->pages, may->pages) +
			   beyond(most->blocks, may->blocks),
		   0);
	report_end(report);
}

static void report_growth(struct report *report, const struct growth *growth,
			  const struct world *world)
{
	report_work(report, growth, "work: insertion", CT_WORK_INSERT);
	report_work(report, growth, "work: poll", CT_WORK_POLL);
	report_work(report, growth, "work: maintain", CT_WORK_MAINTAIN);
	for (unsigned i = 0; i < KINDS; i++)
		report_calls(report, growth, (enum kind)i, world);
}

/* After the growth: its calls have no neighbours to spare. */
static void limit(struct world *world, struct growth *growth)
{
	const struct options *options = world->options;

	limits_open(&growth->limits, options, options->conns);
	for (unsigned i = 0; i < options->rounds; i++)
		limits_round(&growth->limits, world);
	limits_close(&growth->limits);
}

void cmd_resize(const struct options *options, struct report *report)
{
	struct growth growth;
	struct world world;

	memset(&growth, 0, sizeof(growth));
	growth.late_ticks = host_ticks_of_ms(LATE_US) / 1000;
	growth.start = START < options->conns / 2 ? START : options->conns / 2;
	growth.work.size = sizeof(growth.work);
	for (unsigned i = 0; i < KINDS; i++)
		samples_init(&growth.calls[i].samples);
	world_open(&world, options, growth.start);
	world_table(&world, world_room(options->conns), WITHOUT_EVENTS);
	world_fill(&world, 0, growth.start, STAGE_ESTABLISHED);
	atomic_store(&growth.n_known, growth.start);
	world_team(&world, 2, grow_or_look, &growth);
	ct_mem_report(world.tbl, &growth.work);
	growth.bytes = world_bytes_per_conn(&world);
	listen(&world, &growth);
	limit(&world, &growth);
	report_growth(report, &growth, &world);
	world_table_end(&world);
	world_close(&world);
	for (unsigned i = 0; i < KINDS; i++)
		samples_free(&growth.calls[i].samples);
}
