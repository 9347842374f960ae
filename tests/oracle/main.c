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

enum {
	OPTION_EXPECTED = 256,
	OPTION_WITHOUT,
	OPTION_RATIO,
	OPTION_BURST,
	OPTION_VERB
};

struct options {
	struct judge judge;
	struct manner manner;
	json_t *keys;
	const char *emit;
	const char *without;
	struct expected expected;
	char **files;
	int n_files;
};

/* So many packets of so many. */
struct share {
	size_t counted;
	size_t equal;
};

/* What has been found so far. */
struct tally {
	unsigned passed;
	unsigned failed;
	unsigned broken; /* of the failed: could not be played at all */
	unsigned known;  /* failed as expected; not among the failed */
	unsigned left_out;
	struct share all;    /* packets of every golden */
	struct share judged; /* without goldens that failed as expected */
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

static void add_share(struct share *share, const struct result *result)
{
	share->counted += result->counted;
	share->equal += result->counted - result->differ;
}

static void add_result(struct tally *tally, const struct result *result,
		       const char *reason)
{
	add_share(&tally->all, result);
	if (!result->good && reason) {
		printf("  known: %s\n", reason);
		tally->known++;
		return;
	}
	add_share(&tally->judged, result);
	if (reason)
		printf("  passes, but is listed: %s\n", reason);
	if (result->good && !reason)
		tally->passed++;
	else
		tally->failed++;
}

/* Single verbs beside their burst twins, on two tables fed alike. */
static void play_twins(struct tally *tally, const struct options *options,
		       const struct golden *golden)
{
	const struct manner single = { .verbs = VERBS_SPLIT_SINGLE,
				       .burst = options->manner.burst };
	json_t *one = player_play(golden, &single);
	json_t *other = player_play(golden, &options->manner);
	struct result result;

	if (!one || !other) {
		tally->failed++;
		tally->broken++;
	} else {
		result = judge_twins(&options->judge, one, other);
		report(golden, &result);
		add_result(tally, &result, NULL);
	}
	json_decref(one);
	json_decref(other);
}

static void play_golden(struct tally *tally, const struct options *options,
			const struct golden *golden)
{
	json_t *records = player_play(golden, &options->manner);
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
	} else if (options->manner.verbs == VERBS_SPLIT) {
		play_twins(tally, options, &golden);
	} else if (options->manner.verbs == VERBS_FORWARD &&
		   expected_reason(&options->expected, golden.name)) {
		/* it says nothing about bursts */
		tally->known++;
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
	  "so many packets of all must match, goldens that must fail apart; "
	  "those of connections with "
	  "fragments, SCTP or GRE, or expected by a helper, do not count, and "
	  "what connections are called does not matter",
	  0 },
	{ "burst", OPTION_BURST, "N", 0,
	  "play packets in bursts of N at most, cut at every wait, patch, "
	  "parked packet and rule",
	  0 },
	{ "verb", OPTION_VERB, "NAME", 0,
	  "forward: bursts through ct_forward_burst(), the default; split: "
	  "n process, then n confirm, burst verbs against single verbs",
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

static bool parse_burst(struct manner *manner, const char *arg)
{
	char *end;
	unsigned long n = strtoul(arg, &end, 10);

	manner->burst = (unsigned)n;
	if (manner->verbs == VERBS_SINGLE)
		manner->verbs = VERBS_FORWARD;
	return !*end && n && n <= BURST_MAX;
}

static bool parse_verb(struct manner *manner, const char *arg)
{
	bool is_split = !strcmp(arg, "split");

	manner->verbs = is_split ? VERBS_SPLIT : VERBS_FORWARD;
	return is_split || !strcmp(arg, "forward");
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
	case OPTION_BURST:
		if (!parse_burst(&options->manner, arg))
			argp_error(state, "no burst: %s", arg);
		break;
	case OPTION_VERB:
		if (!parse_verb(&options->manner, arg))
			argp_error(state, "no verb: %s", arg);
		break;
	case ARGP_KEY_ARGS:
		options->files = state->argv + state->next;
		options->n_files = state->argc - state->next;
		break;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
		break;
	case ARGP_KEY_END:
		if (options->manner.verbs != VERBS_SINGLE &&
		    !options->manner.burst)
			argp_error(state, "--verb needs --burst");
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

static void print_share(const char *of, const struct share *share)
{
	printf("%s: %zu of %zu packets equal, %.3f %%\n", of, share->equal,
	       share->counted,
	       (double)share->equal * 100 /
		       (double)(share->counted ? share->counted : 1));
}

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
		       judge_enough(&options->judge, tally->judged.counted,
				    tally->judged.equal);
		print_share("all files", &tally->all);
		if (options->expected.reasons)
			print_share("without the expected deviations",
				    &tally->judged);
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
