/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tun-nat: a NAT gateway between two TUN devices.
 *
 * The command line and signals; the rest is in gateway.c.  README.md says what
 * a policy looks like.
 */
#include "gateway.h"

#include <argp.h>
#include <conntrack/version.h>
#include <string.h>

enum { STATUS_FAILED = 1, STATUS_USAGE = 2 };

struct options {
	const char *policy;
	enum log_form log;
	bool copy;
	bool check;
};

static const struct argp_option options[] = {
	{ "log", 'l', "FORM", 0,
	  "Print new and ended connections as text (the default), json or none",
	  0 },
	{ "check", 'c', NULL, 0, "Read the policy and stop", 0 },
	{ "copy", 'C', NULL, 0,
	  "Copy packets as they are, to compare throughput with", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 }
};

static const char about[] =
	"NAT gateway between two TUN devices, in user space.\v"
	"A policy has a statement a line; # begins a comment:\n\n"
	"  inside DEVICE [netns NAME] ADDRESS/BITS...\n"
	"  outside DEVICE [netns NAME] ADDRESS/BITS...\n"
	"  masquerade NETWORK/BITS [OPTION...]\n"
	"  pool ADDRESS[-ADDRESS] for NETWORK/BITS [OPTION...]\n"
	"  forward tcp|udp ADDRESS:PORT[-PORT] ADDRESS[:PORT[-PORT]]\n"
	"  hairpin on|off\n"
	"  helper NAME port PORT[-PORT]\n"
	"  connections NUMBER\n"
	"  set PARAMETER NUMBER\n\n"
	"Options of masquerade and pool: ports PORT-PORT, random, "
	"persistent.  An IPv6 address with a port stands in brackets.\n\n"
	"SIGUSR1 prints statistics to standard error, SIGTERM and SIGINT end "
	"all connections and the program.  Exit status: 0; 1 when the policy "
	"is wrong or a device cannot be used; 2 for a wrong command line.";

static enum log_form log_of(struct argp_state *state, const char *name)
{
	if (strcmp(name, "json") == 0)
		return LOG_JSON;
	if (strcmp(name, "none") == 0)
		return LOG_NONE;
	if (strcmp(name, "text") != 0)
		argp_error(state, "unknown form '%s'", name);
	return LOG_TEXT;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *opt = state->input;

	switch (key) {
	case 'l':
		opt->log = log_of(state, arg);
		return 0;
	case 'c':
		opt->check = true;
		return 0;
	case 'C':
		opt->copy = true;
		return 0;
	case ARGP_KEY_ARG:
		if (opt->policy)
			argp_error(state, "more than one policy");
		opt->policy = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "no policy given");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void print_version(FILE *to, struct argp_state *state)
{
	(void)state;
	fprintf(to, "tun-nat (libconntrack) %s\n", ct_version());
}

/* --- Signals ------------------------------------------------------------ */

/* A handler has no argument of ours. */
static struct wishes wishes;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		wishes.report = 1;
	else
		wishes.stop = 1;
}

/* => They are delivered with the mask asleep only. */
static void catch_signals(sigset_t *asleep)
{
	static const int ours[] = { SIGTERM, SIGINT, SIGUSR1 };
	struct sigaction act = { .sa_handler = on_signal };
	sigset_t awake;

	sigemptyset(&awake);
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++) {
		sigaddset(&awake, ours[i]);
		sigaction(ours[i], &act, NULL);
	}
	sigprocmask(SIG_BLOCK, &awake, asleep);
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		sigdelset(asleep, ours[i]);
	/* A log that nobody reads any more is no reason to end. */
	signal(SIGPIPE, SIG_IGN);
}

static int run(const struct options *opt, const struct policy *policy)
{
	struct gateway gw;
	sigset_t asleep;
	bool good;

	catch_signals(&asleep);
	if (!gateway_open(&gw, policy, opt->log))
		return STATUS_FAILED;
	fprintf(stderr, "tun-nat: %s is inside, %s is outside\n",
		gw.tun[INSIDE].name, gw.tun[OUTSIDE].name);
	good = (opt->copy ? gateway_copy : gateway_run)(&gw, &wishes, &asleep);
	gateway_close(&gw);
	return good ? 0 : STATUS_FAILED;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "POLICY",
		.doc = about,
	};
	struct options opt = { .log = LOG_TEXT };
	struct policy policy;

	argp_program_version_hook = print_version;
	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &opt);
	if (!policy_read(&policy, opt.policy)) {
		fprintf(stderr, "tun-nat: %s\n", policy.error);
		return STATUS_FAILED;
	}
	if (opt.check)
		return gateway_check(&policy) ? 0 : STATUS_FAILED;
	return run(&opt, &policy);
}
