/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * area.h - memory that is made ready in bounded steps
 *
 * The first touch of a page costs a fault, a huge page's some hundred
 * microseconds.  So large pieces are taken from the host untouched and zeroed
 * bit by bit, ahead of need, by whoever does the housekeeping.
 */
#ifndef CORE_AREA_H
#define CORE_AREA_H

#include "base/mem.h"

struct ct_area {
	uint8_t *mem; /* or NULL */
	size_t size;
	size_t ready; /* bytes zeroed so far */
};

/* Take a piece; => false when the host has none. */
bool ct_area_open(struct ct_area *area, struct ct_mem *mem, size_t size);

/* Zero some more of it; => true when all of it is ready. */
bool ct_area_prepare(struct ct_area *area, size_t bytes);

/* => The piece, all of it ready; the area is empty again. */
void *ct_area_take(struct ct_area *area);

/* Give the piece back. */
void ct_area_close(struct ct_area *area, struct ct_mem *mem);

#endif /* CORE_AREA_H */
