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

const struct command ct_bench_commands[] = {
	{ "established", "packets of known connections", cmd_established },
	{ "setup", "new connections, from an empty table", cmd_setup },
	{ "teardown", "expiry and deletion", cmd_teardown },
	{ "churn", "one comes, one expires", cmd_churn },
	{ "miss", "packets of no connection", cmd_miss },
	{ "full", "newcomers to a full table", cmd_full },
	{ "resize", "growth while another thread looks up", cmd_resize },
	{ "nat", "translated sources, against plain ones", cmd_nat },
	{ "sweep", "what live connections cost an expiry pass", cmd_sweep },
	{ "hash", "chosen tuples against random ones", cmd_hash },
	{ "memory", "bytes a connection", cmd_memory },
	{ "lookup", "the hash table alone", cmd_lookup },
	{ "nat", "translation: set-up, packets, ids of a pool", cmd_nat },
	{ "limits", "what the machine can do at all", cmd_limits },
	{ NULL, NULL, NULL },
};

int main(int argc, char **argv)
{
	const struct command *command = ct_bench_commands;
	struct options options;
	struct report report;

	options_parse(&options, argc, argv);
	while (command->name && strcmp(command->name, options.command) != 0)
		command++;
	if (!command->name)
		host_fail("unknown command; --help lists them");
	host_init();
	report_open(&report, &options);
	command->fn(&options, &report);
	report_close(&report);
	return EXIT_SUCCESS;
}
