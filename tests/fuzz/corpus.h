/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packets of the goldens (tests/oracle/goldens), in their order.
 *
 * Read once and kept.  CT_FUZZ_GOLDENS in the environment names another
 * directory.
 */
#ifndef FUZZ_CORPUS_H
#define FUZZ_CORPUS_H

#include <stdbool.h>
#include <stdint.h>

struct corpus_packet {
	uint8_t *bytes; /* from the L3 header on */
	uint32_t len;
	bool first; /* of its golden */
};

/* => How many packets there are; at least one. */
unsigned corpus_size(void);

/* => The n-th packet, counted round and round. */
const struct corpus_packet *corpus_at(unsigned n);

#endif
