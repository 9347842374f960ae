/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host of a table under the fuzzer; see host.h.
 */
#include "host.h"

#include "fuzz.h"
#include "wire/build.h"

#include <conntrack/packet.h>
#include <stdlib.h>
#include <string.h>

static void *take(void *user, size_t size, size_t align)
{
	struct fuzz_mem *mem = user;
	bool refuse = mem->refusals & 1;
	void *ptr;

	mem->refusals >>= 1;
	if (refuse)
		return NULL;
	if (align < sizeof(void *))
		align = sizeof(void *);
	if (posix_memalign(&ptr, align, size))
		return NULL;
	memset(ptr, 0xa5, size);
	mem->blocks++;
	mem->bytes += size;
	return ptr;
}

static void give(void *user, void *ptr, size_t size)
{
	struct fuzz_mem *mem = user;

	if (!mem->blocks || mem->bytes < size)
		fuzz_wrong("more memory comes back than was taken");
	mem->blocks--;
	mem->bytes -= size;
	free(ptr);
}

static void constant(void *user, void *buf, size_t len)
{
	uint8_t *bytes = buf;
	uint32_t x = 1;

	(void)user;
	for (size_t i = 0; i < len; i++) {
		x = x * 1664525u + 1013904223u;
		bytes[i] = (uint8_t)(x >> 24);
	}
}

static void hear(void *user, enum ct_log_level level, const char *msg)
{
	(void)user;
	if (level > CT_LOG_DEBUG || strlen(msg) > 1000)
		fuzz_wrong("an odd line for the log");
}

static void send(void *user, const struct ct_pkt *pkt)
{
	struct ct_segment seg;

	(void)user;
	/* What is no segment is an error about a packet. */
	if (!pkt->len || !(pkt->flags & CT_PKT_UNTRACKED) ||
	    pkt->len > CT_BUILD_MAX)
		fuzz_wrong("an odd packet of the table's own");
	ct_segment_read(&seg, pkt->l3, pkt->data, pkt->len);
}

void fuzz_host(struct ct_host *host, struct fuzz_mem *mem)
{
	*host = (struct ct_host){
		.size = sizeof(*host),
		.user = mem,
		.alloc = take,
		.free = give,
		.random = constant,
		.log = hear,
		.emit = send,
	};
}
