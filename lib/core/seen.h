/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seen.h - which bytes of a datagram have passed, whose fragments are not kept
 *
 * A few ranges, in order, which grow together: fragments in order of arrival
 * are one range.  What shares bytes with a range is refused: it would let the
 * receiver choose between two versions of the same bytes.
 */
#ifndef CORE_SEEN_H
#define CORE_SEEN_H

#include <stdbool.h>
#include <stdint.h>

enum { CT_SEEN_RANGES = 12 };

struct ct_seen {
	uint32_t n;
	uint32_t len;  /* of the datagram's payload, as far as it is known */
	bool ended;    /* len is what it will be */
	bool all;      /* nothing is missing */
	uint16_t size; /* of the first fragment's payload */
	struct {
		uint32_t from;
		uint32_t to;
	} range[CT_SEEN_RANGES];
};

enum ct_seen_end {
	CT_SEEN_NEW,     /* noted */
	CT_SEEN_OVERLAP, /* shares bytes with what was seen */
	CT_SEEN_LENGTH,  /* an impossible length */
	CT_SEEN_FULL     /* too many holes */
};

/* Note the bytes from..to; more says that others follow. */
enum ct_seen_end ct_seen_add(struct ct_seen *seen, uint32_t from, uint32_t to,
			     bool more);

#endif /* CORE_SEEN_H */
