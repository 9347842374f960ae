/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chunk.h - the slab's memory: got from the host, made ready, given back
 *
 * For slab.c only, which deals in objects; see slab.h.
 */
#ifndef CORE_CHUNK_H
#define CORE_CHUNK_H

#include "core/slab.h"

/* The arrays behind connections take 2.5 bytes a unit, of 64. */
enum { CT_DEADLINE_SHARE = 32, CT_WORTH_SHARE = 128 };

/* Units of a chunk. */
static inline uint32_t ct_chunk_units(const struct ct_slab *slab)
{
	return 1u << slab->shift;
}

static inline size_t ct_chunk_bytes(const struct ct_slab *slab)
{
	return (size_t)CT_UNIT * ct_chunk_units(slab);
}

/* Units of a chunk that objects may take. */
static inline uint32_t ct_chunk_room(const struct ct_slab *slab,
				     enum ct_slab_class class_)
{
	uint32_t size = ct_chunk_units(slab);

	if (class_ != CT_SLAB_CONN)
		return size;
	return size - size / CT_DEADLINE_SHARE -
	       (size + CT_WORTH_SHARE - 1) / CT_WORTH_SHARE;
}

/* => Objects of a chunk; the place of the first one is taken. */
static inline uint32_t ct_chunk_places(const struct ct_slab *slab,
				       enum ct_slab_class class_)
{
	return ct_chunk_room(slab, class_) / slab->depot[class_].units - 1;
}

/* Get a chunk for a class, its newest from now on; => false when there is no
 * memory, or no place in the directory. */
bool ct_chunk_add(struct ct_slab *slab, enum ct_slab_class class_,
		  struct ct_work *left) CT_REQUIRES(slab->lock);

/* Units from..to-1 of the newest chunk are about to be given out: zero them,
 * and what the arrays hold of them, where that is not done yet. */
void ct_chunk_ready(struct ct_slab *slab, enum ct_slab_class class_,
		    uint32_t from, uint32_t to, struct ct_work *left)
	CT_REQUIRES(slab->lock);

#endif /* CORE_CHUNK_H */
