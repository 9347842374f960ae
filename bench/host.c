/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host.c - see host.h
 */
#include "host.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	HUGE_PAGE = 2 << 20,
	BIG = 1 << 20, /* from here on a block has pages of its own */
	CALIBRATE_NS = 20000000
};

static double ns_per_tick = 1;
static uint64_t first_tick;
static uint64_t nothing;
static cpu_set_t allowed; /* as the program began */

void host_fail(const char *why)
{
	fprintf(stderr, "ct-bench: %s\n", why);
	exit(EXIT_FAILURE);
}

/* --- Time --------------------------------------------------------------- */

static uint64_t system_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void host_init(void)
{
	uint64_t ns = system_ns();
	uint64_t end;

	sched_getaffinity(0, sizeof(allowed), &allowed);
	first_tick = host_ticks();
	while ((end = system_ns()) - ns < CALIBRATE_NS)
		;
	ns_per_tick = (double)(end - ns) / (double)(host_ticks() - first_tick);

	nothing = UINT64_MAX;
	for (int i = 0; i < 1000; i++) {
		uint64_t start = host_ticks();
		uint64_t ticks = host_ticks() - start;

		if (ticks < nothing)
			nothing = ticks;
	}
}

double host_ns(double ticks)
{
	return ticks * ns_per_tick;
}

uint64_t host_ticks_of_ms(unsigned ms)
{
	return (uint64_t)(ms * 1e6 / ns_per_tick);
}

uint64_t host_ticks_nothing(void)
{
	return nothing;
}

uint64_t host_now_ns(void)
{
	return (uint64_t)host_ns((double)(host_ticks() - first_tick));
}

/* --- Memory ------------------------------------------------------------- */

static size_t whole_pages(size_t size)
{
	return (size + 4095) & ~(size_t)4095;
}

/* Where the next block might lie: behind the last one, for as long as blocks of
 * whole lines are asked for. */
static _Atomic uintptr_t behind;

static void *map_at(uintptr_t hint, size_t size)
{
	void *got = mmap((void *)hint, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return got == MAP_FAILED ? NULL : got;
}

/* => NULL when there is no memory; else on a line of align bytes, found by
 *    asking for more than is needed. */
static void *map_and_trim(size_t size, size_t align)
{
	size_t want = size + align;
	uint8_t *got = map_at(0, want);
	size_t before;

	if (!got)
		return NULL;
	before = (align - ((uintptr_t)got & (align - 1))) & (align - 1);
	if (before)
		munmap(got, before);
	if (want - before > size)
		munmap(got + before + size, want - before - size);
	return got + before;
}

/* => NULL when there is no memory; else zeroed, on a line of align bytes. */
static void *map(size_t size, size_t align, bool small_pages)
{
	uintptr_t hint = atomic_load(&behind);
	uint8_t *got = NULL;

	size = whole_pages(size);
	if (align < HUGE_PAGE)
		align = HUGE_PAGE;
	/* One system call instead of three, while others wait for it. */
	if (hint && (hint & (align - 1)) == 0)
		got = map_at(hint, size);
	if (got && ((uintptr_t)got & (align - 1)) != 0) {
		munmap(got, size);
		got = NULL;
	}
	if (!got)
		got = map_and_trim(size, align);
	if (!got)
		return NULL;
	atomic_store(&behind, (uintptr_t)got + size);
	madvise(got, size, small_pages ? MADV_NOHUGEPAGE : MADV_HUGEPAGE);
	return got;
}

void *host_big_alloc(size_t size, bool small_pages)
{
	void *ptr = map(size, HUGE_PAGE, small_pages);

	if (!ptr)
		host_fail("out of memory");
	return ptr;
}

void host_big_free(void *ptr, size_t size)
{
	if (ptr)
		munmap(ptr, whole_pages(size));
}

/* => A kept block, its bytes as they were; or NULL. */
static void *take_kept(struct host_mem *mem, size_t size, size_t align)
{
	for (unsigned i = mem->n_kept; i-- > 0;) {
		void *ptr = mem->kept[i].ptr;

		if (mem->kept[i].size != size ||
		    ((uintptr_t)ptr & (align - 1)) != 0)
			continue;
		mem->kept[i] = mem->kept[--mem->n_kept];
		return ptr;
	}
	return NULL;
}

static void *hook_alloc(void *user, size_t size, size_t align)
{
	struct host_mem *mem = user;
	void *ptr = NULL;

	if (mem->keep && size >= BIG) {
		pthread_mutex_lock(&mem->lock);
		ptr = take_kept(mem, size, align);
		pthread_mutex_unlock(&mem->lock);
	}
	if (!ptr && size >= BIG)
		ptr = map(size, align, mem->small_pages);
	else if (!ptr)
		ptr = aligned_alloc(align, (size + align - 1) & ~(align - 1));
	if (ptr)
		atomic_fetch_add_explicit(&mem->bytes, size,
					  memory_order_relaxed);
	return ptr;
}

static bool put_kept(struct host_mem *mem, void *ptr, size_t size)
{
	bool kept;

	if (!mem->keep)
		return false;
	pthread_mutex_lock(&mem->lock);
	kept = mem->n_kept < HOST_KEPT_MAX;
	if (kept)
		mem->kept[mem->n_kept++] = (struct host_block){ ptr, size };
	pthread_mutex_unlock(&mem->lock);
	return kept;
}

static void hook_free(void *user, void *ptr, size_t size)
{
	struct host_mem *mem = user;

	atomic_fetch_sub_explicit(&mem->bytes, size, memory_order_relaxed);
	if (size < BIG)
		free(ptr);
	else if (!put_kept(mem, ptr, size))
		host_big_free(ptr, size);
}

/* The same keys in each run: two runs then differ in nothing but time. */
static void hook_random(void *user, void *buf, size_t len)
{
	uint64_t state = 0x6a09e667f3bcc908u;
	uint8_t *to = buf;

	(void)user;
	for (size_t i = 0; i < len; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		to[i] = (uint8_t)(state >> 56);
	}
}

struct host_mem *host_mem_new(bool keep, bool small_pages)
{
	struct host_mem *mem = calloc(1, sizeof(*mem));

	if (!mem)
		host_fail("out of memory");
	pthread_mutex_init(&mem->lock, NULL);
	mem->keep = keep;
	mem->small_pages = small_pages;
	return mem;
}

void host_mem_free(struct host_mem *mem)
{
	if (!mem)
		return;
	for (unsigned i = 0; i < mem->n_kept; i++)
		host_big_free(mem->kept[i].ptr, mem->kept[i].size);
	pthread_mutex_destroy(&mem->lock);
	free(mem);
}

void host_mem_hooks(struct host_mem *mem, struct ct_host *host)
{
	host->user = mem;
	host->alloc = hook_alloc;
	host->free = hook_free;
	host->random = hook_random;
}

void host_collapse(void)
{
#ifdef MADV_COLLAPSE
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];

	while (maps && fgets(line, sizeof(line), maps)) {
		unsigned long from, to, inode;
		char mode[8];

		if (sscanf(line, "%lx-%lx %7s %*x %*s %lu", &from, &to, mode,
			   &inode) != 4 ||
		    inode != 0 || strcmp(mode, "rw-p") != 0 ||
		    to - from < HUGE_PAGE)
			continue;
		madvise((void *)from, to - from, MADV_HUGEPAGE);
		madvise((void *)from, to - from, MADV_COLLAPSE);
	}
	if (maps)
		fclose(maps);
#endif
}

/* --- The system --------------------------------------------------------- */

uint64_t host_resident(void)
{
	unsigned long long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (!file || fscanf(file, "%*u %llu", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void host_mishaps(struct host_mishaps *mishaps)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	mishaps->switches = usage.ru_nivcsw;
	mishaps->faults = usage.ru_minflt + usage.ru_majflt;
}

void host_pin(unsigned t)
{
	unsigned n = (unsigned)CPU_COUNT(&allowed);
	cpu_set_t one;

	if (n == 0)
		return;
	t %= n;
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed) || t-- > 0)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}
