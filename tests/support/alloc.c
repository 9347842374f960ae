/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * alloc.c - see alloc.h
 *
 * Each block is malloc'ed by itself, so that valgrind and AddressSanitizer see
 * its ends.  A head lies before it, as far as the alignment asks for:
 *
 *	base                          base + gap
 *	|....... unused .......| head | size bytes for the library |
 */
#include "alloc.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum {
	NEW_BYTE = 0xa5, /* neither zero nor a likely value */
	OLD_BYTE = 0x5a,
	/* More than any struct of ours; the large arrays stay untouched, so
	 * that a big table costs a test no time. */
	FILL_MAX = 65536
};

#define LIVE 0x6c697665u
#define GONE 0x676f6e65u

struct head {
	void *base;
	size_t size;
	uint32_t magic;
};

static void fill(void *ptr, int byte, size_t size)
{
	memset(ptr, byte, size < FILL_MAX ? size : FILL_MAX);
}

static struct head *head_of(void *ptr)
{
	return (struct head *)(void *)((char *)ptr - sizeof(struct head));
}

static void note_most(struct ct_test_alloc *mem, uint64_t bytes)
{
	uint64_t most = atomic_load(&mem->most);

	while (bytes > most &&
	       !atomic_compare_exchange_weak(&mem->most, &most, bytes))
		;
}

static void *test_alloc(void *user, size_t size, size_t align)
{
	struct ct_test_alloc *mem = user;
	uint64_t call = atomic_fetch_add(&mem->calls, 1) + 1;
	size_t gap = align;
	struct head *head;
	void *base;

	ck_assert_uint_gt(size, 0);
	ck_assert_uint_gt(align, 0);
	ck_assert_uint_eq(align & (align - 1), 0);
	if (call >= mem->refuse_from && call <= mem->refuse_to)
		return NULL;
	while (gap < sizeof(struct head) || gap < sizeof(void *))
		gap *= 2;
	if (posix_memalign(&base, gap, gap + size))
		return NULL;
	head = head_of((char *)base + gap);
	head->base = base;
	head->size = size;
	head->magic = LIVE;
	fill(head + 1, NEW_BYTE, size);
	atomic_fetch_add(&mem->blocks, 1);
	note_most(mem, atomic_fetch_add(&mem->bytes, size) + size);
	return head + 1;
}

static void test_free(void *user, void *ptr, size_t size)
{
	struct ct_test_alloc *mem = user;
	struct head *head = head_of(ptr);

	ck_assert_ptr_nonnull(ptr);
	ck_assert_msg(head->magic == LIVE, "freed twice, or never allocated");
	ck_assert_uint_eq(head->size, size);
	head->magic = GONE;
	fill(ptr, OLD_BYTE, size);
	atomic_fetch_sub(&mem->blocks, 1);
	atomic_fetch_sub(&mem->bytes, size);
	free(head->base);
}

void ct_test_alloc_init(struct ct_test_alloc *mem)
{
	atomic_init(&mem->calls, 0);
	atomic_init(&mem->blocks, 0);
	atomic_init(&mem->bytes, 0);
	atomic_init(&mem->most, 0);
	ct_test_alloc_fail_never(mem);
}

void ct_test_alloc_host(struct ct_test_alloc *mem, struct ct_host *host)
{
	host->user = mem;
	host->alloc = test_alloc;
	host->free = test_free;
}

void ct_test_alloc_fail_nth(struct ct_test_alloc *mem, uint64_t n)
{
	ck_assert_uint_gt(n, 0);
	mem->refuse_from = atomic_load(&mem->calls) + n;
	mem->refuse_to = mem->refuse_from;
}

void ct_test_alloc_fail_from(struct ct_test_alloc *mem, uint64_t n)
{
	ct_test_alloc_fail_nth(mem, n);
	mem->refuse_to = UINT64_MAX;
}

void ct_test_alloc_fail_never(struct ct_test_alloc *mem)
{
	mem->refuse_from = 0;
	mem->refuse_to = 0;
}

bool ct_test_alloc_failed(const struct ct_test_alloc *mem)
{
	return mem->refuse_from != 0 &&
	       atomic_load(&mem->calls) >= mem->refuse_from;
}

void ct_test_alloc_leaks(const struct ct_test_alloc *mem)
{
	ck_assert_uint_eq(atomic_load(&mem->blocks), 0);
	ck_assert_uint_eq(atomic_load(&mem->bytes), 0);
}
