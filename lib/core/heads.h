/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heads.h - many heads of chains, made in parts when they are needed
 *
 *	parts	+---+---+---+---
 *		| o | 0 | o | ...
 *		+-|-+---+-|-+---
 *		  |       +--> 4096 heads (head.h)
 *		  +--> 4096 heads
 *
 * A large table has as many heads as connections: to make them all at once
 * would hold up the packet that is the first to need one.  A part is made by
 * whoever comes first, and stays until the table ends.
 *
 * How many there are, n, is a power of two, and the same for every call.
 */
#ifndef CORE_HEADS_H
#define CORE_HEADS_H

#include "base/compiler.h"
#include "base/mem.h"

enum { CT_HEADS_SHIFT = 12, CT_HEADS_PART = 1 << CT_HEADS_SHIFT };

typedef _Atomic(_Atomic uint32_t *) ct_heads_part;

struct ct_heads {
	ct_heads_part *_Atomic parts; /* A  set once, as each of them is */
};

/* => The i-th head; NULL when nobody has needed its part yet. */
static inline _Atomic uint32_t *ct_heads_at(const struct ct_heads *heads,
					    uint32_t i)
{
	/* acquire, both; pair with the releases in heads.c */
	ct_heads_part *parts =
		atomic_load_explicit(&heads->parts, memory_order_acquire);
	_Atomic uint32_t *part;

	if (ct_unlikely(!parts))
		return NULL;
	part = atomic_load_explicit(&parts[i >> CT_HEADS_SHIFT],
				    memory_order_acquire);
	return ct_likely(part != NULL) ? &part[i & (CT_HEADS_PART - 1)] : NULL;
}

/* The part of the i-th head, which there was none of; => as ct_heads_make(). */
_Atomic uint32_t *ct_heads_grow(struct ct_mem *mem, struct ct_heads *heads,
				uint32_t n, uint32_t i);

/* The same, made if need be; => NULL when there is no memory. */
static inline _Atomic uint32_t *ct_heads_make(struct ct_mem *mem,
					      struct ct_heads *heads,
					      uint32_t n, uint32_t i)
{
	_Atomic uint32_t *head = ct_heads_at(heads, i);

	return ct_likely(head != NULL) ? head : ct_heads_grow(mem, heads, n, i);
}

void ct_heads_fini(struct ct_mem *mem, struct ct_heads *heads, uint32_t n);

/* => Bytes of what has been made. */
uint64_t ct_heads_bytes(const struct ct_heads *heads, uint32_t n);

#endif /* CORE_HEADS_H */
