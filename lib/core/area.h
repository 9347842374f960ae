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
#include "core/work.h"

struct ct_area {
	uint8_t *mem; /* or NULL */
	size_t size;
	size_t ready; /* bytes zeroed so far */
};

/* Take a piece, if the work that is left allows it; => false when the host has
 * none. */
bool ct_area_open(struct ct_area *area, struct ct_mem *mem, size_t size,
		  struct ct_work *left);

/* Zero as much more of it as the work that is left allows; => true when all of
 * it is ready. */
bool ct_area_prepare(struct ct_area *area, struct ct_work *left);

/* => The piece, ready as far as it is; the area is empty again. */
void *ct_area_take(struct ct_area *area);

/* Give the piece back. */
void ct_area_close(struct ct_area *area, struct ct_mem *mem);

#endif /* CORE_AREA_H */
