/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Golden files: JSON lines, plain or gzipped.  The first record is the
 * scenario, every other one a packet and what became of it.
 */
#ifndef ORACLE_GOLDEN_H
#define ORACLE_GOLDEN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A golden in memory. */
struct golden {
	char *name;       /* the file's name without folder and endings */
	json_t *scenario; /* first record */
	json_t *packets;  /* array of the others */
};

/*
 * Read a golden.
 *
 * => False with a line on stderr if that is no golden; there is then nothing
 *    to free.
 */
bool golden_read(const char *path, struct golden *golden);

/* Free what golden_read() made. */
void golden_free(struct golden *golden);

/* Write records as DIR/NAME.jsonl; false with a line on stderr. */
bool golden_write(const char *dir, const struct golden *golden,
		  const json_t *records);

#endif /* ORACLE_GOLDEN_H */
