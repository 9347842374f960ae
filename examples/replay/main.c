/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ct-replay: show captures to a connection table and print what it sees.
 *
 * The command line; the rest is in replay.c.
 */
#include "replay.h"

#include <argp.h>
#include <conntrack/version.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

/* Long options without a letter. */
enum { OPT_LIST = 256, OPT_MAX_CONNS, OPT_PARAMS, OPT_SEED, OPT_NO_SUMMARY };

static const struct argp_option options[] = {
	{ "output", 'o', "FORM", 0,
	  "Print events as conntrack (the default), extended or json", 0 },
	{ "no-events", 'q', NULL, 0, "Do not print events", 0 },
	{ "timestamp", 't', NULL, 0, "Print the recorded time of each event",
	  0 },
	{ "no-summary", OPT_NO_SUMMARY, NULL, 0, "Do not print the final table",
	  0 },
	{ "list", OPT_LIST, NULL, 0,
	  "Print the connections that are there at the end", 0 },
	{ "explain", 'e', "N", 0,
	  "Only print how packet N, counting from 1, was classified", 0 },
	{ "set", 's', "NAME=VALUE", 0,
	  "Set a parameter, by our name or by the Linux sysctl's", 0 },
	{ "params", OPT_PARAMS, NULL, 0, "Print all parameters and stop", 0 },
	{ "max-conns", OPT_MAX_CONNS, "N", 0, "Size of the table", 0 },
	{ "seed", OPT_SEED, "N", 0, "Seed of the table's randomness", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 }
};

static uint64_t number(struct argp_state *state, const char *text, uint64_t max)
{
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || strchr(text, '-') || value > max)
		argp_error(state, "'%s' is not a number up to %" PRIu64, text,
			   max);
	return value;
}

static enum ct_text_style style_of(struct argp_state *state, const char *name)
{
	if (strcmp(name, "extended") == 0)
		return CT_TEXT_EXTENDED;
	if (strcmp(name, "json") == 0)
		return CT_TEXT_JSON;
	if (strcmp(name, "conntrack") != 0)
		argp_error(state, "unknown form '%s'", name);
	return CT_TEXT_LIST;
}

/* NAME=VALUE; the name stays where it is, in argv. */
static void add_param(struct argp_state *state, struct replay_options *opt,
		      char *text)
{
	char *equals = strchr(text, '=');
	struct replay_param *more;

	if (!equals)
		argp_error(state, "'%s' is not NAME=VALUE", text);
	*equals = '\0';
	more = realloc(opt->params, (opt->n_params + 1) * sizeof(*more));
	if (!more)
		argp_failure(state, REPLAY_FAILED, ENOMEM, "--set");
	opt->params = more;
	more[opt->n_params].name = text;
	more[opt->n_params].value = number(state, equals + 1, UINT64_MAX);
	opt->n_params++;
}

static void check(struct argp_state *state, struct replay_options *opt)
{
	if (!opt->n_files && !opt->show_params)
		argp_error(state, "no capture given");
	if (opt->explain)
		opt->events = false;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct replay_options *opt = state->input;

	switch (key) {
	case 'o':
		opt->style = style_of(state, arg);
		return 0;
	case 'q':
		opt->events = false;
		return 0;
	case 't':
		opt->timestamps = true;
		return 0;
	case 'e':
		opt->explain = number(state, arg, UINT64_MAX);
		if (!opt->explain)
			argp_error(state, "packets are counted from 1");
		return 0;
	case 's':
		add_param(state, opt, arg);
		return 0;
	case OPT_LIST:
		opt->list = true;
		return 0;
	case OPT_NO_SUMMARY:
		opt->summary = false;
		return 0;
	case OPT_PARAMS:
		opt->show_params = true;
		return 0;
	case OPT_MAX_CONNS:
		opt->max_conns = (uint32_t)number(state, arg, UINT32_MAX);
		return 0;
	case OPT_SEED:
		opt->seed = number(state, arg, UINT64_MAX);
		return 0;
	case ARGP_KEY_ARGS:
		opt->files = state->argv + state->next;
		opt->n_files = (size_t)(state->argc - state->next);
		return 0;
	case ARGP_KEY_END:
		check(state, opt);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void print_version(FILE *to, struct argp_state *state)
{
	(void)state;
	fprintf(to, "ct-replay (libconntrack) %s\n", ct_version());
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "CAPTURE...",
		.doc = "Replay captures (pcap, pcapng; '-' is standard input) "
		       "through a connection table, and print what happens "
		       "as conntrack -E would.\v"
		       "Exit status: 0; 1 when a capture cannot be read; 2 "
		       "for a wrong command line.",
	};
	struct replay_options opt = { .events = true, .summary = true };
	int status;

	setlocale(LC_CTYPE, "");
	argp_program_version_hook = print_version;
	argp_err_exit_status = REPLAY_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &opt);
	status = replay_run(&opt);
	free(opt.params);
	return status;
}
