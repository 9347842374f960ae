/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer_lfht.c - liburcu's cds_lfht
 *
 * It has no bursts: a look-up follows its chain before the next one begins.
 * The read section spans a burst, the fastest that its contract allows.  The
 * table has its final size from the start; it never resizes here.
 */
#include "peers.h"

#include "host.h"

#include <string.h>
#include <urcu/urcu-memb.h>

#include <urcu/rculfhash.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

struct entry {
	struct cds_lfht_node node;
	struct ct_tuple key;
	uint32_t number;
};

struct lfht {
	struct cds_lfht *ht;
	struct entry *entry;
	uint32_t n;
	uint64_t sum;
	uint8_t secret[192];
};

static unsigned long hash(const struct lfht *lfht, const struct ct_tuple *key)
{
	return XXH3_64bits_withSecret(key, sizeof(*key), lfht->secret,
				      sizeof(lfht->secret));
}

static int equal(struct cds_lfht_node *node, const void *key)
{
	const struct entry *entry = caa_container_of(node, struct entry, node);

	return memcmp(&entry->key, key, sizeof(entry->key)) == 0;
}

static void *lfht_open(uint32_t n_keys)
{
	struct lfht *lfht = host_big_alloc(sizeof(*lfht), false);
	unsigned long size = 1;

	while (size < n_keys)
		size *= 2;
	lfht->n = n_keys;
	lfht->entry = host_big_alloc(n_keys * sizeof(*lfht->entry), false);
	for (size_t i = 0; i < sizeof(lfht->secret); i++)
		lfht->secret[i] = (uint8_t)(i * 151 + 7);
	lfht->ht = cds_lfht_new_flavor(size, 1, 0, 0, &urcu_memb_flavor, NULL);
	return lfht->ht ? lfht : NULL;
}

static void lfht_enter(void *self)
{
	(void)self;
	urcu_memb_register_thread();
}

static void lfht_leave(void *self)
{
	(void)self;
	urcu_memb_unregister_thread();
}

static int lfht_add(void *self, const struct ct_tuple *key, uint32_t i)
{
	struct lfht *lfht = self;
	struct entry *entry = &lfht->entry[i];

	entry->key = *key;
	entry->number = i;
	cds_lfht_node_init(&entry->node);
	urcu_memb_read_lock();
	cds_lfht_add(lfht->ht, hash(lfht, key), &entry->node);
	urcu_memb_read_unlock();
	return 0;
}

static unsigned lfht_look(void *self, const struct ct_tuple *key, unsigned n)
{
	struct lfht *lfht = self;
	struct cds_lfht_iter iter;
	unsigned found = 0;

	urcu_memb_read_lock();
	for (unsigned i = 0; i < n; i++) {
		struct cds_lfht_node *node;

		cds_lfht_lookup(lfht->ht, hash(lfht, &key[i]), equal, &key[i],
				&iter);
		node = cds_lfht_iter_get_node(&iter);
		if (!node)
			continue;
		found++;
		lfht->sum += caa_container_of(node, struct entry, node)->number;
	}
	urcu_memb_read_unlock();
	return found;
}

static void lfht_close(void *self)
{
	struct lfht *lfht = self;
	struct cds_lfht_iter iter;
	struct cds_lfht_node *node;

	lfht_enter(self);
	urcu_memb_read_lock();
	cds_lfht_for_each(lfht->ht, &iter, node) cds_lfht_del(lfht->ht, node);
	urcu_memb_read_unlock();
	urcu_memb_synchronize_rcu();
	lfht_leave(self);
	cds_lfht_destroy(lfht->ht, NULL);
	host_big_free(lfht->entry, lfht->n * sizeof(*lfht->entry));
	host_big_free(lfht, sizeof(*lfht));
}

const struct peer peer_lfht = {
	.name = "cds_lfht",
	.open = lfht_open,
	.add = lfht_add,
	.look = lfht_look,
	.enter = lfht_enter,
	.leave = lfht_leave,
	.close = lfht_close,
};
