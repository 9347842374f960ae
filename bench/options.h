/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.h - what is to be measured, as the command line says it
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "workload.h"

struct options {
	const char *command;
	struct workload load;
	uint32_t conns;
	unsigned threads;
	unsigned burst;
	unsigned rounds;
	unsigned ms;     /* that a round's timed part takes */
	uint64_t bursts; /* instead of ms: this many, on a clock of its own */
	bool json;
	bool cross;    /* a flow's directions on different threads */
	bool events;   /* a subscriber counts them */
	bool one;      /* one packet a call */
	bool split;    /* process a burst, then confirm it */
	bool peers;    /* other tables beside ours */
	bool maintain; /* ct_maintain() runs on a thread of its own */
	bool keep;     /* memory was touched before */
	int policy;    /* overflow.policy, or -1: the default */
	bool siphash;  /* instead of XXH3 */
	bool small_pages;
};

/* Ends the program, with a word of help, when they make no sense, or when the
 * command has no use for one of them. */
void options_parse(struct options *options, int argc, char **argv);

/* All of them as members of a JSON object, with the packets of one result. */
void options_json(const struct options *options, const struct workload *load);

#endif /* OPTIONS_H */
