/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A replay: the packets of some captures, shown to one table.
 *
 * main.c reads the options, replay_run() does the rest.  Everything that is
 * said about a failure is one line on standard error.
 */
#ifndef REPLAY_REPLAY_H
#define REPLAY_REPLAY_H

#include <conntrack/dump.h>
#include <stdbool.h>

/* Exit status: a file or the output failed; the command line is wrong. */
enum { REPLAY_OK = 0, REPLAY_FAILED = 1, REPLAY_USAGE = 2 };

/* One --set. */
struct replay_param {
	const char *name;
	uint64_t value;
};

/* The command line. */
struct replay_options {
	char **files; /* "-" is standard input */
	size_t n_files;
	struct replay_param *params;
	size_t n_params;
	enum ct_text_style style; /* LIST, EXTENDED or JSON */
	uint64_t explain;   /* explain this packet, counting from 1; or 0 */
	uint64_t seed;      /* of the table's randomness */
	uint32_t max_conns; /* 0: the library's default */
	bool events;        /* print them */
	bool timestamps;    /* before each event, as conntrack -o timestamp */
	bool list;          /* print the table at the end */
	bool summary;       /* print it at the end */
	bool show_params;   /* print the parameters, replay nothing */
};

/* => Returns one of REPLAY_*. */
int replay_run(const struct replay_options *opt);

/* A failure's one line: "ct-replay: WHAT: TEXT". */
void replay_error(const char *what, const char *text);

#endif /* REPLAY_REPLAY_H */
