/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heads.c - many heads of chains, made in parts when they are needed
 */
#include "core/heads.h"

static uint32_t n_parts(uint32_t n)
{
	return (n + CT_HEADS_PART - 1) >> CT_HEADS_SHIFT;
}

static size_t parts_len(uint32_t n)
{
	return n_parts(n) * sizeof(ct_heads_part);
}

static size_t part_len(uint32_t n)
{
	return (n < CT_HEADS_PART ? n : CT_HEADS_PART) *
	       sizeof(_Atomic uint32_t);
}

static ct_heads_part *parts_now(const struct ct_heads *heads)
{
	return atomic_load_explicit(&heads->parts, memory_order_acquire);
}

static ct_heads_part *parts_make(struct ct_mem *mem, struct ct_heads *heads,
				 uint32_t n)
{
	ct_heads_part *parts = parts_now(heads), *none = NULL;

	if (parts)
		return parts;
	parts = ct_mem_alloc(mem, parts_len(n), _Alignof(ct_heads_part));
	if (!parts)
		return NULL;
	/* release: zeroed before anybody sees it */
	if (!atomic_compare_exchange_strong_explicit(
		    &heads->parts, &none, parts, memory_order_acq_rel,
		    memory_order_acquire)) {
		ct_mem_free(mem, parts, parts_len(n));
		parts = none; /* another thread was first */
	}
	return parts;
}

_Atomic uint32_t *ct_heads_grow(struct ct_mem *mem, struct ct_heads *heads,
				uint32_t n, uint32_t i)
{
	ct_heads_part *parts = parts_make(mem, heads, n);
	_Atomic uint32_t *none = NULL, *part;

	part = parts ? ct_mem_alloc(mem, part_len(n), CT_LINE) : NULL;
	if (!part)
		return NULL;
	/* release: as above */
	if (!atomic_compare_exchange_strong_explicit(
		    &parts[i >> CT_HEADS_SHIFT], &none, part,
		    memory_order_acq_rel, memory_order_acquire))
		ct_mem_free(mem, part, part_len(n));
	return ct_heads_at(heads, i);
}

void ct_heads_fini(struct ct_mem *mem, struct ct_heads *heads, uint32_t n)
{
	ct_heads_part *parts = parts_now(heads);

	for (uint32_t i = 0; parts && i < n_parts(n); i++)
		ct_mem_free(
			mem,
			atomic_load_explicit(&parts[i], memory_order_relaxed),
			part_len(n));
	ct_mem_free(mem, parts, parts_len(n));
}

uint64_t ct_heads_bytes(const struct ct_heads *heads, uint32_t n)
{
	ct_heads_part *parts = parts_now(heads);
	uint64_t bytes = parts ? parts_len(n) : 0;

	for (uint32_t i = 0; parts && i < n_parts(n); i++)
		if (atomic_load_explicit(&parts[i], memory_order_relaxed))
			bytes += part_len(n);
	return bytes;
}
