/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the packets of the goldens, and of captures if there are any, say:
 * payloads of TCP and UDP, as seeds for the parsers of helpers.
 *
 * Captures are never part of the tree.  They are read at run time from
 * ../shared/captures beside it, or from where CT_FUZZ_CAPTURES says, if the
 * fuzzers were built with libpcap.
 */
#ifndef FUZZ_PAYLOAD_H
#define FUZZ_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct payload {
	const uint8_t *bytes;
	size_t len;
};

/* Whether a target wants a payload as a seed. */
typedef bool (*payload_wanted_fn)(const struct payload *payload);

/* => Sets the n-th payload that is wanted; false past the last. */
bool payload_at(unsigned n, payload_wanted_fn wanted, struct payload *payload);

/* Whether the word stands anywhere in it. */
bool payload_has(const struct payload *payload, const char *word);

/* A seed: some bytes that steer the target, then the payload. */
size_t payload_seed(const struct payload *payload, const uint8_t *steer,
		    size_t n_steer, uint8_t *to);

#endif
