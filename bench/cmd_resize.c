/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd_resize.c - growth from 64 k connections on, while another thread looks up
 *
 * Here the slowest call counts, not the usual one.  A call during which the
 * system gave the processor to somebody else says nothing about the library and
 * is left out; how many there were stands beside.
 *
 * The reader looks for connections whose ct_confirm() has returned: there is
 * none that it may miss.
 */
#include "commands.h"
#include "seat.h"

#include "report.h"

#include <string.h>

enum { START = 65536 };

/* Every call of a kind; the ring keeps the latest, the worst is kept apart. */
struct calls {
	struct samples samples;
	uint64_t worst;
	uint64_t n_late; /* over LATE_US */
};

enum { LATE_US = 50 };

struct growth {
	_Atomic uint32_t n_known; /* flows below are confirmed */
	_Atomic bool over;
	uint64_t late_ticks;
	struct calls verbs; /* process + confirm */
	struct calls polls;
	struct calls finds;
	uint64_t n_missed;
	uint64_t ticks; /* of verbs and polls */
};

static void call_add(struct calls *calls, uint64_t ticks, uint64_t late_ticks)
{
	samples_add(&calls->samples, ticks);
	if (ticks > calls->worst)
		calls->worst = ticks;
	calls->n_late += ticks > late_ticks;
}

static void grow(struct seat *seat, struct growth *growth)
{
	const struct options *options = seat->world->options;
	uint32_t flow = atomic_load(&growth->n_known);

	while (flow < options->conns) {
		uint32_t left = options->conns - flow;
		unsigned n = left < options->burst ? left : options->burst;
		struct watch watch;
		uint64_t verbs, poll;

		seat_stage(seat, flow, 1, n, STAGE_OPENED);
		watch_start(&watch);
		verbs = seat_forward(seat);
		poll = seat_poll(seat);
		if (watch_clean(&watch, seat)) {
			call_add(&growth->verbs, verbs, growth->late_ticks);
			call_add(&growth->polls, poll, growth->late_ticks);
			seat->n_clean += n;
			growth->ticks += verbs + poll;
		}
		seat_expect(seat, CT_NEW);
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
			call_add(&growth->finds, ticks, growth->late_ticks);
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

static void report_calls(struct report *report, const char *what,
			 const struct calls *calls, const struct seat *seat,
			 const struct growth *growth)
{
	const struct samples *samples = &calls->samples;

	report_begin(report, what);
	report_num(report, "median_us",
		   host_ns(samples_part(samples, 0.5)) / 1e3, 2);
	report_num(report, "p999_us",
		   host_ns(samples_part(samples, 0.999)) / 1e3, 2);
	report_num(report, "p9999_us",
		   host_ns(samples_part(samples, 0.9999)) / 1e3, 2);
	report_num(report, "worst_us", host_ns((double)calls->worst) / 1e3, 1);
	report_num(report, "over_50us", (double)calls->n_late, 0);
	report_num(report, "calls", (double)samples->n, 0);
	report_num(report, "interrupted", (double)seat->n_switches, 0);
	report_num(report, "page_faults", (double)seat->n_faults, 0);
	report_num(report, "false_misses", (double)growth->n_missed, 0);
	report_num(report, "bad", (double)seat->n_bad, 0);
	report_num(report, "ns_per_packet",
		   host_ns((double)growth->ticks) /
			   (double)growth->verbs.samples.n /
			   report->options->burst,
		   2);
	report_end(report);
}

void cmd_resize(const struct options *options, struct report *report)
{
	struct options two = *options; /* threads: a writer and a reader */
	struct growth growth;
	struct world world;
	uint32_t start =
		START < options->conns / 2 ? START : options->conns / 2;

	memset(&growth, 0, sizeof(growth));
	growth.late_ticks = host_ticks_of_ms(LATE_US) / 1000;
	samples_init(&growth.verbs.samples);
	samples_init(&growth.polls.samples);
	samples_init(&growth.finds.samples);
	two.threads = 2;
	world_open(&world, &two, 1);
	world_table(&world, world_room(options->conns), WITHOUT_EVENTS);
	world_fill(&world, 0, start, STAGE_OPENED);
	atomic_store(&growth.n_known, start);
	world_team(&world, 2, grow_or_look, &growth);

	report_calls(report, "process+confirm", &growth.verbs, &world.seat[0],
		     &growth);
	report_calls(report, "poll", &growth.polls, &world.seat[0], &growth);
	report_calls(report, "look-ups beside", &growth.finds, &world.seat[1],
		     &growth);
	world_table_end(&world);
	world_close(&world);
	samples_free(&growth.verbs.samples);
	samples_free(&growth.polls.samples);
	samples_free(&growth.finds.samples);
}
