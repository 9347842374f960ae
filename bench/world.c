/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world.c - see world.h
 */
#include "world.h"

#include "seat.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	FILL_BURST = 32,
	KEEPER_BUDGET = 4096, /* connections the keeper looks at in a call */
	KEEPER_SLEEP_US = 50,
	STEP_NS = 1000 /* a burst, on a clock of its own */
};

static _Thread_local uint64_t n_events; /* this thread was told of */

/* --- The clock ---------------------------------------------------------- */

uint64_t world_now(struct world *world, unsigned n_packets)
{
	uint64_t step = world->step_ns * n_packets;

	if (!world->step_ns && !world->options->bursts)
		return host_now_ns() + world->skew_ns;
	if (!world->step_ns)
		step = STEP_NS;
	return atomic_fetch_add_explicit(&world->stepped_ns, step,
					 memory_order_relaxed) +
	       world->skew_ns;
}

/* --- A table ------------------------------------------------------------ */

static void count(void *user, const struct ct_event_info *ev)
{
	(void)user;
	(void)ev;
	n_events++;
}

static void *keep_up(void *user)
{
	struct world *world = user;

	while (!atomic_load_explicit(&world->keeper_stop,
				     memory_order_relaxed)) {
		ct_maintain(world->tbl, world_now(world, 0), KEEPER_BUDGET);
		usleep(KEEPER_SLEEP_US);
	}
	return NULL;
}

void world_table(struct world *world, uint32_t max_conns,
		 enum world_events events)
{
	struct ct_host host = { .size = sizeof(host) };
	struct ct_config config = { .size = sizeof(config),
				    .host = &host,
				    .max_conns = max_conns };
	struct ct_sub *sub;
	int error;

	host_mem_hooks(world->mem, &host);
	error = ct_table_create(&config, &world->tbl);
	if (!error && world->options->siphash)
		error = ct_param_set(world->tbl, "hash", 1);
	if (!error && events == WITH_EVENTS)
		error = ct_subscribe(world->tbl, CT_EV_ALL, count, NULL, &sub);
	for (unsigned i = 0; !error && i < world->n_handles; i++) {
		error = ct_thread_attach(world->tbl, &world->seat[i].thr);
		if (!error)
			ct_thread_offline(world->seat[i].thr);
	}
	if (error)
		host_fail(ct_strerror(error));
	if (!world->options->maintain)
		return;
	atomic_store(&world->keeper_stop, false);
	if (pthread_create(&world->keeper, NULL, keep_up, world))
		host_fail("no more threads");
}

void world_table_end(struct world *world)
{
	if (world->options->maintain) {
		atomic_store(&world->keeper_stop, true);
		pthread_join(world->keeper, NULL);
	}
	for (unsigned i = 0; i < world->n_handles; i++) {
		ct_thread_detach(world->seat[i].thr);
		world->seat[i].thr = NULL;
	}
	ct_table_destroy(world->tbl);
	world->tbl = NULL;
}

uint64_t world_conns(struct world *world)
{
	struct ct_stats stats = { .size = sizeof(stats) };

	ct_stats(world->tbl, &stats);
	return stats.conns;
}

double world_bytes_per_conn(struct world *world)
{
	return (double)atomic_load(&world->mem->bytes) /
	       (double)world_conns(world);
}

uint32_t world_room(uint32_t conns)
{
	return conns + conns / 2 + 1024;
}

/* --- Teams -------------------------------------------------------------- */

struct member {
	struct seat *seat;
	seat_fn fn;
	void *user;
	pthread_barrier_t *start;
	pthread_t thread;
};

static void *work(void *user)
{
	struct member *me = user;
	struct seat *seat = me->seat;

	host_pin(seat->t);
	n_events = 0;
	if (seat->thr) {
		ct_thread_online(seat->thr);
		seat_poll(seat);
	}
	pthread_barrier_wait(me->start);
	me->fn(seat, me->user);
	seat->n_events += n_events;
	if (seat->thr)
		ct_thread_offline(seat->thr);
	return NULL;
}

void world_team(struct world *world, unsigned n, seat_fn fn, void *user)
{
	struct member member[SEATS_MAX];
	pthread_barrier_t start;

	pthread_barrier_init(&start, NULL, n);
	for (unsigned i = 0; i < n; i++) {
		world->seat[i].n_team = n;
		world->seat[i].share = i;
		world->seat[i].n_shares = n;
		member[i] = (struct member){ .seat = &world->seat[i],
					     .fn = fn,
					     .user = user,
					     .start = &start };
		if (pthread_create(&member[i].thread, NULL, work, &member[i]))
			host_fail("no more threads");
	}
	for (unsigned i = 0; i < n; i++)
		pthread_join(member[i].thread, NULL);
	pthread_barrier_destroy(&start);
}

/* --- Filling ------------------------------------------------------------ */

struct range {
	uint32_t from;
	uint32_t to;
	enum stage last;
};

static void fill(struct seat *seat, void *user)
{
	static const enum ct_state expected[] = {
		[STAGE_OPENED] = CT_NEW,
		[STAGE_ANSWERED] = CT_ESTABLISHED,
		[STAGE_ESTABLISHED] = CT_ESTABLISHED,
	};
	const struct range *range = user;

	seat->n_bad = 0;
	for (uint32_t flow = range->from; flow < range->to;
	     flow += FILL_BURST) {
		uint32_t left = range->to - flow;
		unsigned n = left < FILL_BURST ? left : FILL_BURST;

		for (enum stage stage = STAGE_OPENED; stage <= range->last;
		     stage++) {
			seat_stage(seat, flow, 1, n, stage);
			seat_forward(seat);
			seat_expect(seat, expected[stage]);
		}
		seat_poll(seat);
	}
	if (seat->n_bad)
		host_fail("the library did not take a flow");
}

void world_fill(struct world *world, uint32_t from, uint32_t to,
		enum stage stage)
{
	struct range range = { from, to, stage };

	world_team(world, 1, fill, &range);
}

/* --- The world ---------------------------------------------------------- */

static size_t seq_bytes(const struct world *world)
{
	return (size_t)world->n_seq * sizeof(*world->seq);
}

void world_load(struct world *world, const struct workload *load)
{
	world->load = *load;
	for (unsigned t = 0; t < world->n_handles; t++)
		for (unsigned i = 0; i < BURST_MAX; i++)
			workload_frame_init(load, world->seat[t].frame[i]);
}

void world_open(struct world *world, const struct options *options,
		uint32_t n_flows)
{
	memset(world, 0, sizeof(*world));
	world->options = options;
	world->mem = host_mem_new(options->keep, options->small_pages);
	world->n_handles = options->threads;
	world->n_seq = n_flows;
	world->seq = host_big_alloc(seq_bytes(world), false);
	memset(world->seq, 0, seq_bytes(world));
	world->seat = host_big_alloc(SEATS_MAX * sizeof(*world->seat), false);
	for (unsigned t = 0; t < world->n_handles; t++) {
		struct seat *seat = &world->seat[t];

		seat->world = world;
		seat->t = t;
		seat->random = 0xdeadbeef + t * 7919;
		samples_init(&seat->samples);
		samples_init(&seat->noise);
	}
	world_load(world, &options->load);
}

void world_close(struct world *world)
{
	for (unsigned t = 0; t < world->n_handles; t++) {
		samples_free(&world->seat[t].samples);
		samples_free(&world->seat[t].noise);
	}
	host_big_free(world->seat, SEATS_MAX * sizeof(*world->seat));
	host_big_free(world->seq, seq_bytes(world));
	host_mem_free(world->mem);
}
