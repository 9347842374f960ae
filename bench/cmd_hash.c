/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd_hash.c - tuples that somebody chose, against random ones
 *
 * Addresses in a row, ports in a row, equal distances, ends whose xor is the
 * same: each has ruined a hash table somewhere.  Here they cost what random
 * ones cost, to open and to find.
 */
#include "commands.h"
#include "inside.h"
#include "opener.h"
#include "report.h"
#include "seat.h"

enum { SETS = 7 };

struct set {
	enum corpus corpus;
	bool v6;
	unsigned against; /* the set with which it is compared */
	const char *what;
	struct series open_ns;
	struct series find_ns;
	struct series open_ratio;
	struct series find_ratio;
	struct series chain; /* the longest one, in buckets */
	uint64_t n_bad;
};

static void find_all(struct seat *seat, void *user)
{
	const struct options *options = seat->world->options;
	uint64_t end = host_ticks() + host_ticks_of_ms(options->ms);
	struct ct_tuple tuple[BURST_MAX];
	struct ct_conn *conn[BURST_MAX];
	uint64_t n = 0;

	(void)user;
	seat_round(seat);
	while (seat_goes_on(seat, &n, end)) {
		uint64_t start;

		for (unsigned i = 0; i < options->burst; i++) {
			uint64_t random = random64(&seat->random);

			workload_tuple(&seat->world->load,
				       random_below(random, options->conns),
				       (enum ct_dir)(random & 1), &tuple[i]);
		}
		start = host_ticks();
		seat->n_bad += options->burst - ct_find_burst(seat->thr, tuple,
							      options->burst,
							      conn, NULL);
		samples_add(&seat->samples,
			    host_ticks() - start - host_ticks_nothing());
		seat->n = 0;
		seat_poll(seat);
	}
}

static double burst_ns(const struct seat *seat)
{
	return host_ns(samples_part(&seat->samples, 0.5)) /
	       seat->world->options->burst;
}

static void try(struct world *world, struct set *sets, unsigned which)
{
	struct set *set = &sets[which];
	const struct set *against = &sets[set->against];
	struct workload load = world->options->load;
	struct seat *seat = &world->seat[0];

	load.corpus = set->corpus;
	load.v6 = set->v6;
	world_load(world, &load);
	world_table(world, world_room(world->options->conns), WITHOUT_EVENTS);
	world_team(world, 1, opener_all, NULL);
	series_add(&set->open_ns, burst_ns(seat));
	set->n_bad += seat->n_bad;
	world_team(world, 1, find_all, NULL);
	series_add(&set->find_ns, burst_ns(seat));
	set->n_bad += seat->n_bad;
	series_add(&set->chain, inside_longest_chain(world->tbl));
	world_table_end(world);

	series_add(&set->open_ratio,
		   set->open_ns.value[set->open_ns.n - 1] /
			   against->open_ns.value[set->open_ns.n - 1]);
	series_add(&set->find_ratio,
		   set->find_ns.value[set->find_ns.n - 1] /
			   against->find_ns.value[set->find_ns.n - 1]);
}

static void report_set(struct report *report, const struct set *set)
{
	report_begin(report, set->what ? set->what : corpus_name(set->corpus));
	report_num(report, "open_ns", series_median(&set->open_ns), 2);
	report_num(report, "open_to_random", series_median(&set->open_ratio),
		   2);
	report_num(report, "ns_per_packet", series_median(&set->find_ns), 2);
	report_num(report, "find_to_random", series_median(&set->find_ratio),
		   2);
	report_num(report, "longest_chain", series_max(&set->chain), 0);
	report_num(report, "bad", (double)set->n_bad, 0);
	report_end(report);
}

void cmd_hash(const struct options *options, struct report *report)
{
	struct set sets[SETS] = {
		{ .corpus = CORPUS_SPREAD },
		{ .corpus = CORPUS_SEQUENTIAL },
		{ .corpus = CORPUS_PORTS },
		{ .corpus = CORPUS_STRIDED },
		{ .corpus = CORPUS_XOR },
		{ .corpus = CORPUS_SPREAD,
		  .v6 = true,
		  .against = 5,
		  .what = "ip6_random" },
		{ .corpus = CORPUS_SUFFIX, .v6 = true, .against = 5 },
	};
	struct world world;

	world_open(&world, options, 1);
	for (unsigned r = 0; r < options->rounds; r++)
		for (unsigned i = 0; i < SETS; i++)
			try(&world, sets, i);
	for (unsigned i = 0; i < SETS; i++)
		report_set(report, &sets[i]);
	world_close(&world);
}
