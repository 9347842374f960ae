/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd_hash.c - tuples that somebody chose, against random ones
 *
 * Addresses in a row, ports in a row, equal distances, ends whose xor is the
 * same, values that collide without the secret: each has ruined a hash table
 * somewhere.  Here they cost what random ones cost, to open and to find: in
 * time, and in cache lines, which are counted one by one.
 */
#include "commands.h"
#include "inside.h"
#include "limit.h"
#include "opener.h"
#include "report.h"
#include "seat.h"

enum { SETS = 9, IP6 = 6 /* the first of IPv6 */ };

struct set {
	enum corpus corpus;
	bool v6;
	unsigned against; /* the set with which it is compared */
	const char *what;
	struct series open_ns;
	struct series find_ns;
	struct series open_ratio;
	struct series find_ratio;
	struct series to_limit;
	struct series bytes; /* a connection */
	struct series chain; /* the longest one, in buckets */
	struct series alarms;
	struct series lines; /* of a look-up */
	struct series lines_ratio;
	unsigned unkeyed_chain; /* if the hash had no secret */
	uint64_t n_bad;
};

/* Bursts that are drawn together: some sets take long to make, and a look-up
 * right after that finds the caches' and predictors' minds elsewhere. */
enum { POOL = 1024 };

static void draw(struct seat *seat, struct ct_tuple *pool)
{
	const struct options *options = seat->world->options;

	for (unsigned i = 0; i < POOL * options->burst; i++) {
		uint64_t random = random64(&seat->random);

		workload_tuple(&seat->world->load,
			       random_below(random, options->conns),
			       (enum ct_dir)(random & 1), &pool[i]);
	}
}

static void find_all(struct seat *seat, void *user)
{
	const struct options *options = seat->world->options;
	uint64_t end = host_ticks() + host_ticks_of_ms(options->ms);
	size_t size = POOL * options->burst * sizeof(struct ct_tuple);
	struct ct_tuple *pool = host_big_alloc(size, false);
	struct ct_conn *conn[BURST_MAX];
	uint64_t n = 0;

	(void)user;
	seat_round(seat);
	for (unsigned at = 0; seat_goes_on(seat, &n, end);
	     at = (at + 1) % POOL) {
		uint64_t start;
		unsigned found;

		start = host_ticks();
		if (at == 0) {
			draw(seat, pool);
			end += host_ticks() - start;
			start = host_ticks();
		}
		found = ct_find_burst(seat->thr, &pool[at * options->burst],
				      options->burst, conn, NULL);
		samples_add(&seat->samples,
			    host_ticks() - start - host_ticks_nothing());
		seat->n_bad += options->burst - found;
		seat->n = 0;
		seat_poll(seat);
	}
	host_big_free(pool, size);
}

static double burst_ns(const struct seat *seat)
{
	return host_ns(samples_part(&seat->samples, 0.5)) /
	       seat->world->options->burst;
}

static double last(const struct series *series)
{
	return series->value[series->n - 1];
}

/* What does not depend on the clock; nobody uses the table. */
static void count(struct world *world, struct set *set,
		  const struct set *against)
{
	struct ct_mem_report report = { .size = sizeof(report) };
	uint32_t n = world->options->conns;
	double lines = (double)inside_lines(world->tbl, &world->load, n);

	set->n_bad += lines == 0;
	ct_mem_report(world->tbl, &report);
	series_add(&set->chain, inside_longest_chain(world->tbl));
	if (!set->unkeyed_chain) /* the same in every round */
		set->unkeyed_chain =
			inside_unkeyed_chain(world->tbl, &world->load, n);
	series_add(&set->alarms, (double)report.long_chains);
	series_add(&set->lines, lines / CT_DIR_MAX / n);
	series_add(&set->lines_ratio,
		   last(&set->lines) / last(&against->lines));
}

static void try(struct world *world, struct set *sets, unsigned which,
		const struct limits *limits)
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
	count(world, set, against);
	series_add(&set->bytes, world_bytes_per_conn(world));
	world_table_end(world);

	series_add(&set->open_ratio,
		   last(&set->open_ns) / last(&against->open_ns));
	series_add(&set->find_ratio,
		   last(&set->find_ns) / last(&against->find_ns));
	series_add(&set->to_limit, last(&set->find_ns) / last(&limits->limit2));
}

static void report_set(struct report *report, const struct set *set,
		       const struct limits *limits)
{
	struct workload load = report->options->load;

	load.corpus = set->corpus;
	load.v6 = set->v6;
	report_load(report, &load);
	report_begin(report, set->what ? set->what : corpus_name(set->corpus));
	report_num(report, "open_ns", series_median(&set->open_ns), 2);
	report_num(report, "open_to_random", series_median(&set->open_ratio),
		   2);
	limits_report_speed(limits, report, 1, series_median(&set->find_ns),
			    series_median(&set->to_limit));
	report_num(report, "find_to_random", series_median(&set->find_ratio),
		   2);
	report_num(report, "bytes_per_conn", series_median(&set->bytes), 1);
	report_num(report, "lines", series_median(&set->lines), 3);
	report_num(report, "lines_to_random", series_max(&set->lines_ratio), 4);
	report_num(report, "longest_chain", series_max(&set->chain), 0);
	report_num(report, "unkeyed_chain", set->unkeyed_chain, 0);
	report_num(report, "alarms", series_max(&set->alarms), 0);
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
		{ .corpus = CORPUS_CHOSEN },
		{ .corpus = CORPUS_SPREAD,
		  .v6 = true,
		  .against = IP6,
		  .what = "ip6_random" },
		{ .corpus = CORPUS_SUFFIX, .v6 = true, .against = IP6 },
		{ .corpus = CORPUS_CHOSEN6, .v6 = true, .against = IP6 },
	};
	struct limits limits;
	struct world world;

	world_open(&world, options, 1);
	limits_open(&limits, options, options->conns);
	for (unsigned r = 0; r < options->rounds; r++) {
		limits_round(&limits, &world);
		for (unsigned i = 0; i < SETS; i++)
			try(&world, sets, i, &limits);
	}
	for (unsigned i = 0; i < SETS; i++)
		report_set(report, &sets[i], &limits);
	limits_close(&limits);
	world_close(&world);
}
