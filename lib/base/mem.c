/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mem.c - the host's allocator, counted and limited
 *
 * The hooks that a host leaves out are filled in here, once, so that nobody
 * else asks whether a hook is there.  Only random has no stand-in, since the
 * system's may fail and the hook may not.
 */
#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void *libc_alloc(void *user, size_t size, size_t align)
{
	(void)user;
	/* aligned_alloc() wants whole multiples of the alignment. */
	return aligned_alloc(align, (size + align - 1) & ~(align - 1));
}

static void libc_free(void *user, void *ptr, size_t size)
{
	(void)user;
	(void)size;
	free(ptr);
}

static int system_random(void *buf, size_t len)
{
	uint8_t *to = buf;
	size_t done = 0;

	while (done < len) {
		ssize_t n = getrandom(to + done, len - done, 0);

		if (n > 0)
			done += (size_t)n;
		else if (errno != EINTR) /* forbidden, or too old a kernel */
			return CT_E_NOENT;
	}
	return 0;
}

static void no_log(void *user, enum ct_log_level level, const char *msg)
{
	(void)user;
	(void)level;
	(void)msg;
}

static int no_pull(void *user, struct ct_pkt *pkt, uint32_t len)
{
	(void)user;
	(void)pkt;
	(void)len;
	return CT_E_NOENT;
}

static void no_emit(void *user, const struct ct_pkt *pkt)
{
	(void)user;
	(void)pkt;
}

static bool no_route(void *user, const struct ct_pkt *pkt,
		     const union ct_addr *addr)
{
	(void)user;
	(void)pkt;
	(void)addr;
	return false;
}

int ct_mem_init(struct ct_mem *mem, const struct ct_host *host,
		uint64_t max_bytes)
{
	memset(mem, 0, sizeof(*mem));
	if (host)
		mem->host = *host;
	mem->max_bytes = max_bytes;

	/* Half a pair would free what another allocator gave. */
	if (!mem->host.alloc != !mem->host.free)
		return CT_E_INVAL;
	if (!mem->host.alloc) {
		mem->host.alloc = libc_alloc;
		mem->host.free = libc_free;
	}
	if (!mem->host.log)
		mem->host.log = no_log;
	if (!mem->host.pull)
		mem->host.pull = no_pull;
	mem->emits = mem->host.emit;
	if (!mem->host.emit)
		mem->host.emit = no_emit;
	if (!mem->host.leaves_with)
		mem->host.leaves_with = no_route;
	return 0;
}

int ct_mem_random(const struct ct_mem *mem, void *buf, size_t len)
{
	if (!mem->host.random)
		return system_random(buf, len);
	mem->host.random(mem->host.user, buf, len);
	return 0;
}

void *ct_mem_take(struct ct_mem *mem, size_t size, size_t align)
{
	uint64_t before;
	void *ptr = NULL;

	before = atomic_fetch_add_explicit(&mem->in_use, size,
					   memory_order_relaxed);
	if (!mem->max_bytes || before + size <= mem->max_bytes)
		ptr = mem->host.alloc(mem->host.user, size, align);
	if (!ptr) {
		atomic_fetch_sub_explicit(&mem->in_use, size,
					  memory_order_relaxed);
		atomic_fetch_add_explicit(&mem->refused, 1,
					  memory_order_relaxed);
	}
	return ptr;
}

void *ct_mem_alloc(struct ct_mem *mem, size_t size, size_t align)
{
	void *ptr = ct_mem_take(mem, size, align);

	if (ptr)
		memset(ptr, 0, size);
	return ptr;
}

void ct_mem_free(struct ct_mem *mem, void *ptr, size_t size)
{
	if (!ptr)
		return;
	mem->host.free(mem->host.user, ptr, size);
	atomic_fetch_sub_explicit(&mem->in_use, size, memory_order_relaxed);
}
