/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host.h - what a host gives to the library, and what the system tells us
 *
 * The clock is the processor's own counter where there is one that can be read
 * without a system call; elsewhere it is the system's.
 */
#ifndef HOST_H
#define HOST_H

#include <conntrack/config.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

/* --- Time --------------------------------------------------------------- */

/* => Nothing before it is still under way, nothing behind it has begun. */
static inline uint64_t host_ticks(void)
{
#if defined(__x86_64__)
	uint64_t ticks;

	_mm_lfence();
	ticks = __rdtsc();
	_mm_lfence();
	return ticks;
#else
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
#endif
}

/* Learn how long a tick is, how long it takes to ask, and which processors we
 * may use; takes 20 ms. */
void host_init(void);

double host_ns(double ticks);
uint64_t host_ticks_of_ms(unsigned ms);

/* => What two readings cost that have nothing between them. */
uint64_t host_ticks_nothing(void);

/* => Nanoseconds since host_init(). */
uint64_t host_now_ns(void);

/* --- Memory ------------------------------------------------------------- */

enum { HOST_KEPT_MAX = 65536 };

struct host_block {
	void *ptr;
	size_t size;
};

/*
 * An allocator as a host with huge pages has one: what is big lies on a 2 MB
 * line and is advised to be huge.
 *
 * With keep, blocks that come back are given out again, their pages touched:
 * the host that takes memory once, when it starts.
 */
struct host_mem {
	_Atomic uint64_t bytes; /* in use */
	pthread_mutex_t lock;   /* covers what follows */
	bool keep;
	bool small_pages; /* never advise */
	unsigned n_kept;
	struct host_block kept[HOST_KEPT_MAX];
};

struct host_mem *host_mem_new(bool keep, bool small_pages);
void host_mem_free(struct host_mem *mem);
void host_mem_hooks(struct host_mem *mem, struct ct_host *host);

/* A big block of our own, with the same pages; ends the program on failure. */
void *host_big_alloc(size_t size, bool small_pages);
void host_big_free(void *ptr, size_t size);

/*
 * Make huge pages of all memory that we have, where the system can.
 *
 * For those whose memory does not come from here, so that everybody has the
 * same pages.
 */
void host_collapse(void);

/* --- The system --------------------------------------------------------- */

/* => Bytes of the process that are in memory. */
uint64_t host_resident(void);

/* What happened to the calling thread since it began. */
struct host_mishaps {
	long switches; /* it was interrupted, and another one ran */
	long faults;   /* pages touched for the first time */
};

void host_mishaps(struct host_mishaps *mishaps);

/* Put the calling thread on the t-th processor that we may use. */
void host_pin(unsigned t);

/* Say why, and end the program. */
_Noreturn void host_fail(const char *why);

#endif /* HOST_H */
