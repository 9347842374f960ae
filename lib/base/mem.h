/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mem.h - the host's allocator, counted and limited
 *
 * All memory of a table comes through here, so that the limit in bytes holds
 * and the report is exact.  Any thread may call.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <conntrack/config.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_mem {
	struct ct_host host;      /* I */
	bool emits;               /* I  the host's emit is its own */
	uint64_t max_bytes;       /* I  0: no limit */
	_Atomic uint64_t in_use;  /* A  bytes out of the host's alloc */
	_Atomic uint64_t refused; /* A  times that it had none to give */
};

/*
 * A host struct with every hook set but random; what the caller's lacks is
 * filled in.
 *
 * => 0, or CT_E_INVAL when only one of alloc and free is there.
 */
int ct_mem_init(struct ct_mem *mem, const struct ct_host *host,
		uint64_t max_bytes);

/*
 * Randomness from the host, or else from the system.
 *
 * => 0, or CT_E_NOENT when there is none.
 */
int ct_mem_random(const struct ct_mem *mem, void *buf, size_t len);

/*
 * => Zeroed.  NULL when the host has none or the limit is reached.
 * => align is a power of two.
 */
void *ct_mem_alloc(struct ct_mem *mem, size_t size, size_t align);

/* The same, with whatever bytes the host left in it. */
void *ct_mem_take(struct ct_mem *mem, size_t size, size_t align);

/* => size is what was asked for; ptr may be NULL. */
void ct_mem_free(struct ct_mem *mem, void *ptr, size_t size);

static inline uint64_t ct_mem_in_use(const struct ct_mem *mem)
{
	return atomic_load_explicit(&mem->in_use, memory_order_relaxed);
}

#endif /* BASE_MEM_H */
