/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.c - see options.h
 */
#include "options.h"

#include "commands.h"
#include "stat.h"
#include "world.h"

#include <conntrack/overflow.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MIN = 5, MS_MAX = 60000, CONNS_MAX = 1 << 26 };

/* One option: a switch, or a number within bounds. */
struct option_def {
	const char *name;
	const char *doc;
	bool *on;
	unsigned *number;
	uint32_t min;
	uint32_t max;
};

enum { N_OPTIONS = 16 };

static void list(struct options *o, struct option_def def[N_OPTIONS])
{
	const struct option_def all[N_OPTIONS] = {
		{ "conns", "connections (1048576)", NULL, &o->conns, 64,
		  CONNS_MAX },
		{ "threads", "packet threads (1)", NULL, &o->threads, 1,
		  SEATS_MAX },
		{ "burst", "packets a call (32)", NULL, &o->burst, 1,
		  BURST_MAX },
		{ "rounds", "rounds, of which the median counts (7)", NULL,
		  &o->rounds, ROUNDS_MIN, ROUNDS_MAX },
		{ "ms", "length of a round's timed part (200)", NULL, &o->ms, 1,
		  MS_MAX },
		{ "v6", "IPv6 instead of IPv4", &o->load.v6, NULL, 0, 0 },
		{ "json", "an array of objects instead of a table", &o->json,
		  NULL, 0, 0 },
		{ "cross", "a flow's directions on different threads",
		  &o->cross, NULL, 0, 0 },
		{ "events", "with a subscriber that counts", &o->events, NULL,
		  0, 0 },
		{ "one", "one packet a call", &o->one, NULL, 0, 0 },
		{ "split", "process a burst, then confirm it", &o->split, NULL,
		  0, 0 },
		{ "peers", "other hash tables beside ours", &o->peers, NULL, 0,
		  0 },
		{ "maintain", "ct_maintain() on a thread of its own",
		  &o->maintain, NULL, 0, 0 },
		{ "keep", "memory that was touched before", &o->keep, NULL, 0,
		  0 },
		{ "siphash", "tables hash with SipHash-2-4", &o->siphash, NULL,
		  0, 0 },
		{ "small-pages", "no huge pages", &o->small_pages, NULL, 0, 0 },
	};

	memcpy(def, all, sizeof(all));
}

_Noreturn static void help(FILE *to)
{
	struct option_def def[N_OPTIONS];
	struct options none;

	list(&none, def);
	fprintf(to, "usage: ct-bench COMMAND [OPTION...]\n\ncommands:\n");
	for (unsigned i = 0; ct_bench_commands[i].name; i++)
		fprintf(to, "  %-14s %s\n", ct_bench_commands[i].name,
			ct_bench_commands[i].doc);
	fprintf(to, "\noptions:\n");
	for (unsigned i = 0; i < N_OPTIONS; i++)
		fprintf(to, "  --%-12s %s\n", def[i].name, def[i].doc);
	fprintf(to, "  --%-12s tcp or udp (tcp)\n", "proto");
	fprintf(to,
		"  --%-12s who goes when it is full: scored, linux, lru, "
		"random, refuse\n",
		"policy");
	fprintf(to, "  --%-12s which flows, as the hash command names them\n",
		"corpus");
	fprintf(to,
		"  --%-12s this many bursts a round, on a clock that counts "
		"them\n",
		"bursts");
	fprintf(to, "\nA command refuses what it has no use for.\n");
	exit(to == stdout ? EXIT_SUCCESS : EXIT_FAILURE);
}

_Noreturn static void wrong(const char *what, const char *arg)
{
	fprintf(stderr, "ct-bench: %s: %s\n", what, arg);
	exit(EXIT_FAILURE);
}

/* A number may end in k or m: binary thousands. */
static uint64_t number(const char *arg, uint64_t min, uint64_t max)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(arg, &end, 10);
	if (*end == 'k' || *end == 'm')
		value <<= *end++ == 'k' ? 10 : 20;
	if (errno || *end || end == arg || value < min || value > max)
		wrong("not a number that is allowed here", arg);
	return value;
}

static void set(const struct option_def *def, const char *arg)
{
	if (def->on)
		*def->on = true;
	else
		*def->number = (unsigned)number(arg, def->min, def->max);
}

static void proto(struct options *options, const char *arg)
{
	options->load.udp = strcmp(arg, "udp") == 0;
	if (!options->load.udp && strcmp(arg, "tcp") != 0)
		wrong("tcp or udp", arg);
}

static void policy(struct options *options, const char *arg)
{
	static const char *const name[CT_OVERFLOW_POLICIES] = {
		[CT_OVERFLOW_SCORED] = "scored",
		[CT_OVERFLOW_LINUX] = "linux",
		[CT_OVERFLOW_LRU] = "lru",
		[CT_OVERFLOW_RANDOM] = "random",
		[CT_OVERFLOW_REFUSE] = "refuse",
	};

	while (++options->policy < CT_OVERFLOW_POLICIES)
		if (strcmp(arg, name[options->policy]) == 0)
			return;
	wrong("no such policy", arg);
}

static void corpus(struct options *options, const char *arg)
{
	enum corpus c = CORPUS_SPREAD;

	while (c < CORPUS_MAX && strcmp(arg, corpus_name(c)) != 0)
		c++;
	if (c == CORPUS_MAX)
		wrong("no such flows", arg);
	options->load.corpus = c;
	if (c == CORPUS_SUFFIX || c == CORPUS_CHOSEN6)
		options->load.v6 = true;
}

/* => Whether a list of words has the option. */
static bool listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	while (*list) {
		size_t word = strcspn(list, " ");

		if (word == len && memcmp(list, name, len) == 0)
			return true;
		list += word;
		list += strspn(list, " ");
	}
	return false;
}

/* An option that changes nothing would lie about what was measured. */
static void check_use(const struct command *command, const char *name)
{
	if (listed("conns json", name) || listed(command->takes, name))
		return;
	fprintf(stderr, "ct-bench: %s does not take --%s\n", command->name,
		name);
	exit(EXIT_FAILURE);
}

/* => Whether the option took an argument. */
static bool parse_one(struct options *options, const struct command *command,
		      const char *name, const char *arg)
{
	struct option_def def[N_OPTIONS];

	list(options, def);
	for (unsigned i = 0; i < N_OPTIONS; i++) {
		if (strcmp(name, def[i].name) != 0)
			continue;
		check_use(command, name);
		set(&def[i], arg);
		return def[i].number != NULL;
	}
	if (!listed("proto corpus bursts policy", name))
		wrong("unknown option", name);
	check_use(command, name);
	if (strcmp(name, "proto") == 0)
		proto(options, arg);
	else if (strcmp(name, "policy") == 0)
		policy(options, arg);
	else if (strcmp(name, "corpus") == 0)
		corpus(options, arg);
	else
		options->bursts = number(arg, 1, UINT32_MAX);
	return true;
}

static void check_all(const struct options *options,
		      const struct command *command)
{
	if (options->cross && options->threads != 2)
		wrong("a flow has two directions", "--cross needs --threads 2");
	if (options->one && options->split)
		wrong("one or the other", "--one --split");
	/* Some flows are of IPv6. */
	if (options->load.v6 && !listed(command->takes, "v6"))
		wrong("IPv4 only", corpus_name(options->load.corpus));
}

void options_parse(struct options *options, int argc, char **argv)
{
	const struct command *command;

	*options = (struct options){
		.conns = 1 << 20,
		.burst = 32,
		.rounds = 7,
		.ms = 200,
		.policy = -1,
	};
	if (argc < 2)
		help(stderr);
	if (strcmp(argv[1], "--help") == 0)
		help(stdout);
	command = command_find(argv[1]);
	if (!command)
		wrong("unknown command; --help lists them", argv[1]);
	options->command = command->name;
	options->threads = command->threads;
	for (int i = 2; i < argc; i++) {
		if (strncmp(argv[i], "--", 2) != 0)
			wrong("not an option", argv[i]);
		if (parse_one(options, command, argv[i] + 2,
			      i + 1 < argc ? argv[i + 1] : ""))
			i++;
	}
	check_all(options, command);
}

/* JSON's names are those of C. */
static void print_key(const char *name)
{
	putchar('"');
	for (; *name; name++)
		putchar(*name == '-' ? '_' : *name);
	printf("\": ");
}

void options_json(const struct options *options, const struct workload *load)
{
	struct options all = *options;
	struct option_def def[N_OPTIONS];

	all.load = *load;
	list(&all, def);
	for (unsigned i = 0; i < N_OPTIONS; i++) {
		print_key(def[i].name);
		if (def[i].on)
			printf("%s, ", *def[i].on ? "true" : "false");
		else
			printf("%u, ", *def[i].number);
	}
	printf("\"proto\": \"%s\", \"corpus\": \"%s\", \"bursts\": %llu",
	       load->udp ? "udp" : "tcp", corpus_name(load->corpus),
	       (unsigned long long)all.bursts);
}
