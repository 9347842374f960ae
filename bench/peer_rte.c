/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer_rte.c - DPDK's rte_hash
 *
 * As a tracker would have to use it: readers without locks, extendable buckets,
 * look-ups in bulk.  It hashes with XXH3, as we do, so that tables are compared
 * and not hashes.  Its memory is made of huge pages too: advised ones, since
 * few machines have reserved ones.
 */
#include "peers.h"

#include <rte_config.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_memory.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
	BYTES_PER_KEY = 160, /* more than it takes */
	MB_MIN = 128,
	BULK = RTE_HASH_LOOKUP_BULK_MAX,
	SECRET_LEN = 192
};

struct entry {
	uint32_t number;
	uint32_t rest[15]; /* a line each */
};

struct rte {
	struct rte_hash *hash;
	struct entry *entry;
	uint64_t sum;
};

static uint8_t secret[SECRET_LEN];

static uint32_t hash(const void *key, uint32_t len, uint32_t init)
{
	(void)init;
	return (uint32_t)XXH3_64bits_withSecret(key, len, secret, SECRET_LEN);
}

static int advise(const struct rte_memseg_list *list,
		  const struct rte_memseg *segment, void *user)
{
	(void)list;
	(void)user;
	madvise(segment->addr, segment->len, MADV_HUGEPAGE);
	return 0;
}

/* => 0 once; the library cannot be started twice in one process. */
static int start(uint32_t n_keys)
{
	char megabytes[16];
	char *argv[] = { (char[]){ "ct-bench" },
			 (char[]){ "--no-huge" },
			 (char[]){ "--no-pci" },
			 (char[]){ "--no-telemetry" },
			 (char[]){ "--no-shconf" },
			 (char[]){ "--log-level=1" },
			 (char[]){ "-m" },
			 megabytes,
			 NULL };
	enum { ARGC = sizeof(argv) / sizeof(*argv) - 1 };
	uint64_t bytes = (uint64_t)n_keys * BYTES_PER_KEY;
	cpu_set_t cpus;
	int answer;

	snprintf(megabytes, sizeof(megabytes), "%u",
		 (unsigned)(bytes >> 20) + MB_MIN);
	/* It binds the thread that starts it. */
	sched_getaffinity(0, sizeof(cpus), &cpus);
	answer = rte_eal_init(ARGC, argv);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	if (answer < 0)
		return -1;
	rte_memseg_walk(advise, NULL);
	return 0;
}

static void *rte_open(uint32_t n_keys)
{
	struct rte_hash_parameters params = {
		.name = "peer",
		.entries = n_keys,
		.key_len = sizeof(struct ct_tuple),
		.hash_func = hash,
		.socket_id = SOCKET_ID_ANY,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF |
			      RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};
	struct rte *rte = calloc(1, sizeof(*rte));
	size_t size = (n_keys * sizeof(struct entry) + 4095) & ~(size_t)4095;

	for (size_t i = 0; i < SECRET_LEN; i++)
		secret[i] = (uint8_t)(i * 151 + 7);
	if (!rte || start(n_keys))
		return NULL;
	rte->entry = aligned_alloc(2 << 20, (size + (2 << 20) - 1) &
						    ~(size_t)((2 << 20) - 1));
	rte->hash = rte_hash_create(&params);
	if (!rte->entry || !rte->hash)
		return NULL;
	madvise(rte->entry, size, MADV_HUGEPAGE);
	return rte;
}

static int rte_add(void *self, const struct ct_tuple *key, uint32_t i)
{
	struct rte *rte = self;

	rte->entry[i].number = i;
	return rte_hash_add_key_data(rte->hash, key, &rte->entry[i]);
}

static unsigned rte_look(void *self, const struct ct_tuple *key, unsigned n)
{
	struct rte *rte = self;
	unsigned found = 0;

	for (unsigned from = 0; from < n; from += BULK) {
		unsigned some = n - from < BULK ? n - from : BULK;
		const void *keys[BULK];
		void *data[BULK];
		uint64_t hits = 0;

		for (unsigned i = 0; i < some; i++)
			keys[i] = &key[from + i];
		rte_hash_lookup_bulk_data(rte->hash, keys, some, &hits, data);
		for (unsigned i = 0; i < some; i++) {
			if (!(hits >> i & 1))
				continue;
			found++;
			rte->sum += ((const struct entry *)data[i])->number;
		}
	}
	return found;
}

static void rte_enter(void *self)
{
	(void)self;
}

static void rte_close(void *self)
{
	struct rte *rte = self;

	rte_hash_free(rte->hash);
	free(rte->entry);
	free(rte);
	rte_eal_cleanup();
}

const struct peer peer_rte = {
	.name = "rte_hash",
	.open = rte_open,
	.add = rte_add,
	.look = rte_look,
	.enter = rte_enter,
	.leave = rte_enter,
	.close = rte_close,
};
