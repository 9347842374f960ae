/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host of a table under the fuzzer: memory that is counted and can be
 * refused, and the same randomness on every run.
 */
#ifndef FUZZ_HOST_H
#define FUZZ_HOST_H

#include <conntrack/config.h>

struct fuzz_mem {
	uint64_t blocks;   /* live now */
	uint64_t bytes;    /* live now */
	uint32_t refusals; /* a bit for each of the next calls: refuse it */
};

/* Fill in a host whose user is mem. */
void fuzz_host(struct ct_host *host, struct fuzz_mem *mem);

#endif
