/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The progress bar: one line on standard error, if that is a terminal.
 *
 * The bar is drawn about ten times a second, whenever progress_due().  Whoever
 * writes to the same terminal calls progress_hide() first.
 */
#ifndef REPLAY_PROGRESS_H
#define REPLAY_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool on;           /* standard error is a terminal */
	bool colour;       /* and NO_COLOR is not set */
	bool utf8;         /* and it can show blocks */
	bool shared;       /* standard output is a terminal, too */
	bool shown;        /* the cursor stands behind a bar */
	uint64_t start_ns; /* of the whole replay */
	uint64_t drawn_ns; /* when it was last drawn */
	const char *name;  /* the file that is read now */
	uint64_t total;    /* bytes of all files; 0: not known */
	uint64_t before;   /* bytes of the files that are done */
};

/* Where the replay is. */
struct progress_at {
	uint64_t offset;  /* bytes of this file that were read */
	uint64_t packets; /* of all files */
};

/* total: bytes of all files, 0 if that is not known. */
void progress_start(struct progress *bar, uint64_t total);

/* The next file begins. */
void progress_file(struct progress *bar, const char *name);

/* Whether it is time to draw again. */
bool progress_due(const struct progress *bar);

void progress_draw(struct progress *bar, const struct progress_at *at);

/* Erase the bar, if one is there. */
void progress_hide(struct progress *bar);

/* Leave the bar on the screen and go to the next line. */
void progress_end(struct progress *bar);

/* Seconds since the start. */
double progress_seconds(const struct progress *bar);

/* A number as people say it ("1.24 M"); buf has 16 bytes at least. */
const char *progress_human(double number, char buf[16]);

#endif /* REPLAY_PROGRESS_H */
