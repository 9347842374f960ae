/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - ct-bench: how fast, how small, how steady
 *
 *	ct-bench established --conns 1m --threads 2
 *
 * docs/performance.md says what was measured, and how.
 */
#include "commands.h"
#include "host.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>

/* Words that several commands take. */
#define TABLE "maintain siphash small-pages "
#define FLOWS "v6 proto corpus "
#define ROUND "burst rounds ms "
#define VERBS "one split "

const struct command ct_bench_commands[] = {
	{ "established", "packets of known connections", cmd_established,
	  ROUND FLOWS VERBS TABLE "threads cross events bursts", 1 },
	{ "setup", "new connections, from an empty table", cmd_setup,
	  ROUND FLOWS VERBS TABLE "threads events keep", 1 },
	{ "teardown", "expiry and deletion", cmd_teardown,
	  ROUND FLOWS TABLE "keep", 1 },
	{ "churn", "one comes, one expires", cmd_churn,
	  ROUND FLOWS VERBS TABLE "threads events bursts", 1 },
	{ "miss", "packets of no connection", cmd_miss,
	  ROUND FLOWS TABLE "bursts", 1 },
	{ "full", "newcomers to a full table", cmd_full,
	  ROUND FLOWS VERBS TABLE "threads events bursts policy", 1 },
	{ "fragments", "traffic beside a spray of fragments", cmd_fragments,
	  ROUND FLOWS VERBS TABLE "threads bursts", 1 },
	{ "helper", "packets with a helper, and beside it", cmd_helper,
	  ROUND VERBS TABLE "bursts", 1 },
	{ "resize", "growth while another thread looks up", cmd_resize,
	  ROUND FLOWS VERBS TABLE, 2 },
	{ "nat", "translation: set-up, packets, ids of a pool", cmd_nat,
	  ROUND TABLE "corpus threads keep bursts", 1 },
	{ "nat64", "translation between IPv6 and IPv4", cmd_nat64,
	  ROUND TABLE "keep bursts", 1 },
	{ "sweep", "what live connections cost an expiry pass", cmd_sweep,
	  ROUND FLOWS "siphash small-pages", 1 },
	{ "hash", "chosen tuples against random ones", cmd_hash,
	  ROUND VERBS TABLE "proto keep bursts", 1 },
	{ "memory", "bytes a connection", cmd_memory, TABLE "rounds", 1 },
	{ "lookup", "the hash table alone", cmd_lookup,
	  ROUND FLOWS TABLE "peers bursts", 1 },
	{ "limits", "what the machine can do at all", cmd_limits,
	  ROUND "threads small-pages", 1 },
	{ NULL, NULL, NULL, NULL, 0 },
};

const struct command *command_find(const char *name)
{
	const struct command *command = ct_bench_commands;

	while (command->name && strcmp(command->name, name) != 0)
		command++;
	return command->name ? command : NULL;
}

int main(int argc, char **argv)
{
	struct options options;
	struct report report;

	options_parse(&options, argc, argv);
	host_init();
	report_open(&report, &options);
	command_find(options.command)->fn(&options, &report);
	report_close(&report);
	return EXIT_SUCCESS;
}
