/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - overflow: what each policy makes of a table that is too small
 *
 *	overflow [-j] [-s SEEDS] [-x SCALE] [-p POLICY] [SCENARIO ...]
 *
 * Simulates peers and time over the real library; docs/overflow.md shows and
 * explains the results.
 */
#include "scenario.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct scenario scenarios[] = {
	{ "syn", "(a) spoofed SYN flood", true, run_syn_flood },
	{ "slow", "(a) the same, handshakes ten times as long", true,
	  run_syn_flood_slow },
	{ "greedy", "(b) one source opens all it can", false, run_greedy },
	{ "udp", "(c) spoofed UDP", false, run_udp_spray },
	{ "overload", "(d) legitimate overload, with idle ones", false,
	  run_overload },
	{ "steady", "(d) legitimate overload, none idle", false, run_steady },
	{ "vanish", "(e) peers vanish", false, run_vanish },
	{ "nat", "(f) (a), every other connection translated", true,
	  run_syn_flood_nat },
	{ NULL, NULL, false, NULL },
};

/* What is shown: each number of a result, by its place. */
static const struct {
	const char *key;
	const char *head;
	size_t off;
} columns[] = {
#define COLUMN(field, head)                                  \
	{                                                    \
#field, head, offsetof(struct result, field) \
	}
	COLUMN(established_lost, "est. lost %"),
	COLUMN(nat_lost, "NATed lost %"),
	COLUMN(refused, "new refused %"),
	COLUMN(bound, "bound %"),
	COLUMN(handshake_ms, "handshake ms"),
	COLUMN(stateless, "no state %"),
	COLUMN(optimum, "optimum %"),
	COLUMN(fairness, "Jain"),
	COLUMN(recovery_s, "recovery s"),
	COLUMN(flood_ns, "flood ns"),
	COLUMN(candidates, "looked into"),
	COLUMN(lines, "lines"),
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]), SEEDS_MAX = 64 };

static double *field(struct result *result, unsigned column)
{
	return (double *)(void *)((char *)result + columns[column].off);
}

void result_searches(struct result *result, struct sim *sim)
{
	struct ct_pressure now = { .size = sizeof(now) };
	uint64_t evicted = 0;

	ct_pressure(sim->tbl, &now);
	for (unsigned i = 0; i < CT_CLASSES; i++)
		evicted += now.evicted[i];
	if (!evicted || !now.lines)
		return;
	result->candidates = (double)now.candidates / (double)evicted;
	result->lines = (double)now.lines / (double)evicted;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* => The median of some runs. */
static double median(struct result *results, unsigned n, unsigned column)
{
	double values[SEEDS_MAX];

	for (unsigned i = 0; i < n; i++)
		values[i] = *field(&results[i], column);
	qsort(values, n, sizeof(*values), by_value);
	return values[n / 2];
}

static void show_json(const char *scenario, const char *policy,
		      struct result *result, unsigned n_seeds, double scale)
{
	printf("{\"scenario\": \"%s\", \"policy\": \"%s\", \"seeds\": %u, "
	       "\"scale\": %g",
	       scenario, policy, n_seeds, scale);
	for (unsigned i = 0; i < COLUMNS; i++)
		if (!isnan(*field(result, i)))
			printf(", \"%s\": %.4f", columns[i].key,
			       *field(result, i));
	printf("}\n");
}

static void show_head(const struct scenario *scenario, struct result *first)
{
	printf("%s\n%-10s", scenario->title, "");
	for (unsigned i = 0; i < COLUMNS; i++)
		if (!isnan(*field(first, i)))
			printf(" %13s", columns[i].head);
	printf("\n");
}

static void show_row(const char *policy, struct result *result)
{
	printf("%-10s", policy);
	for (unsigned i = 0; i < COLUMNS; i++)
		if (!isnan(*field(result, i)))
			printf(" %13.3f", *field(result, i));
	printf("\n");
	fflush(stdout);
}

struct options {
	bool json;
	unsigned seeds;
	double scale;
	const char *policy;
};

static struct result one_run(const struct scenario *scenario,
			     const struct sim_policy *policy,
			     const struct options *options, unsigned seed)
{
	const struct size size = { options->scale, seed + 1 };
	struct result result;

	for (unsigned i = 0; i < COLUMNS; i++)
		*field(&result, i) = NAN;
	scenario->run(policy, &size, &result);
	return result;
}

static bool takes_part(const struct scenario *scenario,
		       const struct sim_policy *policy,
		       const struct options *options)
{
	if (policy->proxy && !scenario->handshakes)
		return false;
	return !options->policy || !strcmp(options->policy, policy->name);
}

static void simulate(const struct scenario *scenario,
		     const struct options *options)
{
	struct result results[SEEDS_MAX];
	bool first = true;

	for (unsigned p = 0; p < sim_n_policies; p++) {
		const struct sim_policy *policy = &sim_policies[p];
		struct result mid;

		if (!takes_part(scenario, policy, options))
			continue;
		for (unsigned i = 0; i < options->seeds; i++)
			results[i] = one_run(scenario, policy, options, i);
		for (unsigned i = 0; i < COLUMNS; i++)
			*field(&mid, i) = median(results, options->seeds, i);
		if (options->json) {
			show_json(scenario->name, policy->name, &mid,
				  options->seeds, options->scale);
			continue;
		}
		if (first)
			show_head(scenario, &mid);
		show_row(policy->name, &mid);
		first = false;
	}
	if (!options->json)
		printf("\n");
}

static int usage(void)
{
	fprintf(stderr,
		"usage: overflow [-j] [-s SEEDS] [-x SCALE] [-p POLICY] "
		"[SCENARIO ...]\n");
	for (const struct scenario *one = scenarios; one->name; one++)
		fprintf(stderr, "  %-10s %s\n", one->name, one->title);
	return 2;
}

static bool wanted(const struct scenario *scenario, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(*names, scenario->name))
			return true;
	return false;
}

static bool known(const char *name)
{
	for (const struct scenario *one = scenarios; one->name; one++)
		if (!strcmp(one->name, name))
			return true;
	return false;
}

static bool read_options(int argc, char **argv, struct options *options)
{
	int c;

	while ((c = getopt(argc, argv, "js:x:p:")) != -1) {
		if (c == 'j')
			options->json = true;
		else if (c == 's')
			options->seeds = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'x')
			options->scale = strtod(optarg, NULL);
		else if (c == 'p')
			options->policy = optarg;
		else
			return false;
	}
	return options->seeds >= 1 && options->seeds <= SEEDS_MAX &&
	       options->scale >= 0.01 && options->scale <= 16;
}

int main(int argc, char **argv)
{
	struct options options = { .seeds = 1, .scale = 1 };

	if (!read_options(argc, argv, &options))
		return usage();
	for (int i = optind; i < argc; i++)
		if (!known(argv[i]))
			return usage();
	for (const struct scenario *one = scenarios; one->name; one++)
		if (wanted(one, argv + optind))
			simulate(one, &options);
	return 0;
}
