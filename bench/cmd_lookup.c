/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd_lookup.c - the hash table alone, beside others
 *
 * Everybody holds both tuples of each flow and is asked for the same random
 * ones; key, hash and comparison are everybody's own.
 */
#include "commands.h"
#include "limit.h"
#include "peers.h"
#include "seat.h"

#include <stdio.h>

enum { SUBJECTS_MAX = 8, OURS = 2 };

struct subject {
	const struct peer *peer;
	void *self;
	struct series ns;
	struct series to_limit;
	struct series to_ours; /* how much slower than the first subject */
	uint64_t n_missed;
};

/* --- Ours --------------------------------------------------------------- */

static unsigned burst_look(void *self, const struct ct_tuple *key, unsigned n)
{
	struct ct_conn *conn[BURST_MAX];
	enum ct_dir dir[BURST_MAX];
	struct seat *seat = self;

	return ct_find_burst(seat->thr, key, n, conn, dir);
}

static unsigned single_look(void *self, const struct ct_tuple *key, unsigned n)
{
	struct seat *seat = self;
	unsigned found = 0;

	for (unsigned i = 0; i < n; i++)
		found += ct_find(seat->thr, &key[i], NULL) != NULL;
	return found;
}

static void ours_turn(void *self)
{
	struct seat *seat = self;

	seat->n = 0;
	seat_poll(seat);
}

static const struct peer burst = {
	.name = "ct_find_burst()",
	.look = burst_look,
	.enter = ours_turn,
	.leave = ours_turn,
};

static const struct peer single = {
	.name = "ct_find()",
	.look = single_look,
	.enter = ours_turn,
	.leave = ours_turn,
};

/* --- Everybody ---------------------------------------------------------- */

/* A part of each round: a table is cold after the others had the caches. */
enum { WARM_UP = 10 };

static void draw(struct seat *seat, struct ct_tuple key[BURST_MAX])
{
	const struct options *options = seat->world->options;

	for (unsigned i = 0; i < options->burst; i++) {
		uint64_t random = random64(&seat->random);

		workload_tuple(&seat->world->load,
			       random_below(random, options->conns),
			       (enum ct_dir)(random & 1), &key[i]);
	}
}

static void look(struct seat *seat, void *user)
{
	const struct options *options = seat->world->options;
	struct subject *subject = user;
	const struct peer *peer = subject->peer;
	uint64_t length = host_ticks_of_ms(options->ms);
	struct ct_tuple key[BURST_MAX];
	uint64_t warm, n = 0;

	seat_round(seat);
	peer->enter(subject->self);
	warm = host_ticks() + length / WARM_UP;
	while (seat_goes_on(seat, &n, warm + length)) {
		uint64_t start, ticks;
		unsigned found;

		draw(seat, key);
		start = host_ticks();
		found = peer->look(subject->self, key, options->burst);
		ticks = host_ticks() - start - host_ticks_nothing();
		subject->n_missed += options->burst - found;
		if (start >= warm || options->bursts)
			samples_add(&seat->samples, ticks);
	}
	peer->leave(subject->self);
}

/* => How many there are. */
static unsigned list(struct subject *subject, struct world *world)
{
	unsigned n = 0;

	subject[n++] =
		(struct subject){ .peer = &burst, .self = &world->seat[0] };
	subject[n++] =
		(struct subject){ .peer = &single, .self = &world->seat[0] };
	for (unsigned i = 0; peers[i] && world->options->peers; i++) {
		void *self = peers[i]->open(2 * world->options->conns);

		if (!self)
			fprintf(stderr, "ct-bench: %s cannot be had here\n",
				peers[i]->name);
		else
			subject[n++] = (struct subject){ .peer = peers[i],
							 .self = self };
	}
	return n;
}

static void fill(struct seat *seat, void *user)
{
	const struct subject *subject = user;
	const struct peer *peer = subject->peer;
	struct ct_tuple key;

	peer->enter(subject->self);
	for (uint32_t i = 0; i < 2 * seat->world->options->conns; i++) {
		workload_tuple(&seat->world->load, i / 2, (enum ct_dir)(i % 2),
			       &key);
		if (peer->add(subject->self, &key, i))
			host_fail("a peer has no room");
	}
	peer->leave(subject->self);
}

static void compare(struct world *world, struct subject *subject, unsigned n,
		    struct limits *limits)
{
	limits_round(limits, world);
	for (unsigned i = 0; i < n; i++) {
		double ns;

		world_team(world, 1, look, &subject[i]);
		ns = host_ns(samples_part(&world->seat[0].samples, 0.5)) /
		     world->options->burst;
		series_add(&subject[i].ns, ns);
		series_add(&subject[i].to_limit,
			   ns / limits_last(&limits->limit2));
		series_add(&subject[i].to_ours,
			   ns / limits_last(&subject[0].ns));
	}
}

/* bytes: a connection's; 0 of those who hold none. */
static void report_subject(struct report *report, const struct subject *subject,
			   const struct limits *limits, double bytes)
{
	report_begin(report, subject->peer->name);
	limits_report_speed(limits, report, 1, series_median(&subject->ns),
			    series_median(&subject->to_limit));
	if (bytes > 0)
		report_num(report, "bytes_per_conn", bytes, 1);
	report_num(report, "times_ours", series_median(&subject->to_ours), 2);
	report_num(report, "bad", (double)subject->n_missed, 0);
	report_end(report);
}

void cmd_lookup(const struct options *options, struct report *report)
{
	struct subject subject[SUBJECTS_MAX];
	struct limits limits;
	struct world world;
	unsigned n;

	world_open(&world, options, 1);
	world_table(&world, world_room(options->conns), WITHOUT_EVENTS);
	world_fill(&world, 0, options->conns, STAGE_OPENED);
	n = list(subject, &world);
	for (unsigned i = OURS; i < n; i++)
		world_team(&world, 1, fill, &subject[i]);
	if (n > OURS && !options->small_pages)
		host_collapse();
	limits_open(&limits, options, options->conns);
	for (unsigned i = 0; i < options->rounds; i++)
		compare(&world, subject, n, &limits);
	for (unsigned i = 0; i < n; i++)
		report_subject(report, &subject[i], &limits,
			       i < OURS ? world_bytes_per_conn(&world) : 0);
	for (unsigned i = OURS; i < n; i++)
		subject[i].peer->close(subject[i].self);
	limits_close(&limits);
	world_table_end(&world);
	world_close(&world);
}
