/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * commands.h - the questions that ct-bench answers
 */
#ifndef COMMANDS_H
#define COMMANDS_H

struct options;
struct report;

typedef void (*command_fn)(const struct options *options,
			   struct report *report);

struct command {
	const char *name;
	const char *doc;
	command_fn fn;
	const char *takes; /* options, beside --conns and --json */
	unsigned threads;  /* at work, unless --threads says it */
};

/* Ends with one that has no name. */
extern const struct command ct_bench_commands[];

/* => NULL when there is none. */
const struct command *command_find(const char *name);

void cmd_established(const struct options *options, struct report *report);
void cmd_setup(const struct options *options, struct report *report);
void cmd_teardown(const struct options *options, struct report *report);
void cmd_churn(const struct options *options, struct report *report);
void cmd_miss(const struct options *options, struct report *report);
void cmd_full(const struct options *options, struct report *report);
void cmd_fragments(const struct options *options, struct report *report);
void cmd_helper(const struct options *options, struct report *report);
void cmd_resize(const struct options *options, struct report *report);
void cmd_nat(const struct options *options, struct report *report);
void cmd_sweep(const struct options *options, struct report *report);
void cmd_hash(const struct options *options, struct report *report);
void cmd_memory(const struct options *options, struct report *report);
void cmd_lookup(const struct options *options, struct report *report);
void cmd_nat64(const struct options *options, struct report *report);
void cmd_limits(const struct options *options, struct report *report);

#endif /* COMMANDS_H */
