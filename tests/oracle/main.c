/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ct-oracle: play goldens of a real kernel through the library, and say where
 * it decides otherwise.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expected.h"
#include "flows.h"
#include "golden.h"
#include "judge.h"
#include "player.h"

const char *argp_program_version = "ct-oracle";

/* What must match; what merely explains is not looked at. */
static const char *const default_keys =
	"ct,fate,out,answered,released,events,expired,table,table_changed,"
	"table_gone,table_size,expect";

enum { OPTION_EXPECTED = 256, OPTION_WITHOUT, OPTION_RATIO };

struct options {
	struct judge judge;
	json_t *keys;
	const char *emit;
	const char *without;
	struct expected expected;
	char **files;
	int n_files;
};

/* What has been found so far. */
struct tally {
	unsigned passed;
	unsigned failed;
	unsigned broken; /* of the failed: could not be played at all */
	unsigned known;  /* failed as expected; not among the failed */
	unsigned left_out;
	size_t counted; /* packets */
	size_t equal;
};

/* --- One golden --------------------------------------------------------- */

static void report(const struct golden *golden, const struct result *result)
{
	printf("%s %s packets=%zu differ=%zu", result->good ? "ok" : "DIFFER",
	       golden->name, result->counted, result->differ);
	if (result->first[0])
		printf(" first=%s", result->first);
	putchar('\n');
}

static void add_result(struct tally *tally, const struct result *result,
		       const char *reason)
{
	if (!result->good && reason) {
		printf("  known: %s\n", reason);
		tally->known++;
		return;
	}
	tally->counted += result->counted;
	tally->equal += result->counted - result->differ;
	if (reason)
		printf("  passes, but is listed: %s\n", reason);
	if (result->good && !reason)
		tally->passed++;
	else
		tally->failed++;
}

static void play_golden(struct tally *tally, const struct options *options,
			const struct golden *golden)
{
	json_t *records = player_play(golden);
	struct result result;

	if (!records ||
	    (options->emit && !golden_write(options->emit, golden, records))) {
		tally->failed++;
		tally->broken++;
	} else {
		result = judge_records(&options->judge, golden, records);
		report(golden, &result);
		add_result(tally, &result,
			   expected_reason(&options->expected, golden->name));
	}
	json_decref(records);
}

static void play_file(struct tally *tally, const struct options *options,
		      const char *path)
{
	struct golden golden;
	const char *feature;

	if (!golden_read(path, &golden)) {
		tally->failed++;
		tally->broken++;
		return;
	}
	feature = flows_feature(&golden, options->without);
	if (feature) {
		tally->left_out++;
		if (options->judge.verbose)
			printf("left out %s: %s\n", golden.name, feature);
	} else {
		play_golden(tally, options, &golden);
	}
	golden_free(&golden);
}

/* --- Options ------------------------------------------------------------ */

static const struct argp_option argp_options[] = {
	{ "keys", 'k', "LIST", 0,
	  "compare these top-level keys only, separated by commas", 0 },
	{ "emit", 'e', "DIR", 0,
	  "write the library's records as DIR/NAME.jsonl", 0 },
	{ "verbose", 'v', NULL, 0,
	  "print each difference: path, expected != actual", 0 },
	{ "expected", OPTION_EXPECTED, "FILE", 0,
	  "goldens that must fail, a name and a reason a line", 0 },
	{ "without", OPTION_WITHOUT, "LIST", 0,
	  "leave out goldens with nat, fragments, sctp or gre", 0 },
	{ "ratio", OPTION_RATIO, "PERCENT", 0,
	  "so many packets of all must match; those of connections with "
	  "fragments, SCTP or GRE, or expected by a helper, do not count, and "
	  "what connections are called does not matter",
	  0 },
	{ 0 }
};

static json_t *split(const char *list)
{
	json_t *keys = json_array();

	while (*list) {
		size_t len = strcspn(list, ",");

		if (len)
			json_array_append_new(keys, json_stringn(list, len));
		list += len + (list[len] == ',');
	}
	return keys;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'k':
		json_decref(options->keys);
		options->keys = split(arg);
		break;
	case 'e':
		options->emit = arg;
		break;
	case 'v':
		options->judge.verbose = true;
		break;
	case OPTION_EXPECTED:
		if (!expected_read(&options->expected, arg))
			argp_failure(state, 1, 0, "%s: cannot be read", arg);
		break;
	case OPTION_WITHOUT:
		options->without = arg;
		break;
	case OPTION_RATIO:
		options->judge.ratio = strtod(arg, NULL);
		break;
	case ARGP_KEY_ARGS:
		options->files = state->argv + state->next;
		options->n_files = state->argc - state->next;
		break;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	.options = argp_options,
	.parser = parse_option,
	.args_doc = "GOLDEN...",
	.doc = "Play goldens of a real kernel through libconntrack and compare."
};

/* --- The end ------------------------------------------------------------ */

/* Sum up; whether all is well. */
static bool sum_up(const struct options *options, const struct tally *tally)
{
	bool good = !tally->failed;

	if (tally->left_out)
		printf("%u left out: they need %s\n", tally->left_out,
		       options->without);
	if (tally->known)
		printf("%u known to fail\n", tally->known);
	if (options->judge.ratio > 0) {
		good = !tally->broken &&
		       judge_enough(&options->judge, tally->counted,
				    tally->equal);
		printf("%zu of %zu packets equal, %.3f %%\n", tally->equal,
		       tally->counted,
		       (double)tally->equal * 100 /
			       (double)(tally->counted ? tally->counted : 1));
	}
	printf("%u passed, %u failed\n", tally->passed, tally->failed);
	return good;
}

int main(int argc, char **argv)
{
	struct options options = { .keys = split(default_keys) };
	struct tally tally = { 0 };
	bool good;
	int i;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	options.judge.keys = options.keys;
	for (i = 0; i < options.n_files; i++)
		play_file(&tally, &options, options.files[i]);
	good = sum_up(&options, &tally);
	expected_free(&options.expected);
	json_decref(options.keys);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
