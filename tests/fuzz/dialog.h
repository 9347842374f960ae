/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A helper in a table, and a connection whose two ends say what the input has:
 *
 *	byte 0	   bits: 1 translated, 2 in order, 4 strict
 *	byte 1	   which allocations fail
 *	then	   messages: a byte (128: from the server; 64: sent before,
 *		   numbers do not go on), two of length, the bytes; SCTP: what
 *		   is behind the ports
 *
 * Then whoever is expected knocks, and all ends.  No helper of those that are
 * tried here changes a length.
 */
#ifndef FUZZ_DIALOG_H
#define FUZZ_DIALOG_H

#include "fuzz.h"

#include <stdbool.h>

struct dialog_kind {
	const char *helper; /* or NULL */
	uint8_t l4;         /* TCP, UDP or SCTP */
	uint16_t port;      /* of the server */
	bool any_port; /* a seed's may be another one, below the client's */
};

/* Play an input. */
void dialog_run(const struct dialog_kind *kind, const uint8_t *bytes,
		size_t len);

/* Build an input. => Its length; full: it stays as it is. */
size_t dialog_begin(uint8_t *to, uint8_t options);
size_t dialog_add(uint8_t *to, size_t at, uint8_t head, const void *bytes,
		  size_t len);

/*
 * A seed of a captured or recorded connection: its n-th one with the server's
 * port among the captures (CT_CAPTURES) and goldens, with all its payloads.
 *
 * => 0 past the last.
 */
size_t dialog_seed(const struct dialog_kind *kind, unsigned n, uint8_t *to);

#endif
