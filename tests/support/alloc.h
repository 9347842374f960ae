/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host's memory that is counted, checked and, on request, refused.
 *
 *	struct ct_test_alloc mem;
 *	struct ct_host host = { .size = sizeof(host) };
 *
 *	ct_test_alloc_init(&mem);
 *	ct_test_alloc_host(&mem, &host);
 *	... a table with this host lives and is destroyed ...
 *	ct_test_alloc_leaks(&mem);
 *
 * New memory is filled with garbage and old memory is overwritten.  free() is
 * checked: the block must be ours, live, and of the size that it is said to
 * have.  Any thread may allocate and free; the rest is for one thread while
 * nobody else does.
 */
#ifndef CT_TEST_ALLOC_H
#define CT_TEST_ALLOC_H

#include <conntrack/config.h>
#include <stdatomic.h>

struct ct_test_alloc {
	_Atomic uint64_t calls;  /* to alloc, refused ones included */
	_Atomic uint64_t blocks; /* live now */
	_Atomic uint64_t bytes;  /* live now, as the library asked for them */
	_Atomic uint64_t most;   /* bytes that were live at a time */
	uint64_t refuse_from;    /* first call refused; 0: none */
	uint64_t refuse_to;      /* last call refused */
};

void ct_test_alloc_init(struct ct_test_alloc *mem);

/* Sets user, alloc and free of a host. */
void ct_test_alloc_host(struct ct_test_alloc *mem, struct ct_host *host);

/* The n-th call from now is refused, n from 1; those after it are served. */
void ct_test_alloc_fail_nth(struct ct_test_alloc *mem, uint64_t n);

/* The n-th call from now and all that follow are refused. */
void ct_test_alloc_fail_from(struct ct_test_alloc *mem, uint64_t n);

/* No call is refused any more. */
void ct_test_alloc_fail_never(struct ct_test_alloc *mem);

/*
 * Whether the refusal was met: false once n is larger than the number of
 * calls, which ends a loop over every n.
 */
bool ct_test_alloc_failed(const struct ct_test_alloc *mem);

/* Fails the test if a block is live. */
void ct_test_alloc_leaks(const struct ct_test_alloc *mem);

#endif /* CT_TEST_ALLOC_H */
