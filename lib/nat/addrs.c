/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * addrs.c - a pool's addresses: found by an index, added, drained, removed
 */
#include "core/table.h"
#include "nat/pool.h"
#include "nat/subscriber.h"

#include <string.h>

/* --- The index ---------------------------------------------------------- */

static void words_of(uint32_t words[4], const union ct_addr *addr)
{
	memcpy(words, addr->v6, sizeof(addr->v6));
}

static _Atomic uint32_t *head_of(const struct ct_nat_pool *pool,
				 const uint32_t words[4])
{
	uint64_t hash = ct_hash_narrow(&pool->tbl->hash, words);

	return &pool->index[(hash >> 32) * (2 * pool->cfg.max_addrs) >> 32];
}

static bool has_words(const struct ct_pool_addr *addr, const uint32_t words[4])
{
	for (unsigned i = 0; i < 4; i++)
		if (atomic_load_explicit(&addr->word[i],
					 memory_order_relaxed) != words[i])
			return false;
	return true;
}

struct ct_pool_addr *ct_pool_find(struct ct_nat_pool *pool,
				  const union ct_addr *wanted)
{
	uint32_t words[4], n;

	words_of(words, wanted);
	/* acquire; pairs with the releases in put_in_index() */
	n = atomic_load_explicit(head_of(pool, words), memory_order_acquire);
	/* An address that changes at this moment may lead astray, once. */
	while (n) {
		struct ct_pool_addr *addr = ct_pool_at(pool, n - 1);

		if (has_words(addr, words))
			return addr;
		n = atomic_load_explicit(&addr->next, memory_order_acquire);
	}
	return NULL;
}

static void put_in_index(struct ct_nat_pool *pool, struct ct_pool_addr *addr,
			 const union ct_addr *is) CT_REQUIRES(pool->lock)
{
	_Atomic uint32_t *head;
	uint32_t words[4];

	words_of(words, is);
	head = head_of(pool, words);
	for (unsigned i = 0; i < 4; i++)
		atomic_store_explicit(&addr->word[i], words[i],
				      memory_order_relaxed);
	atomic_store_explicit(&addr->next,
			      atomic_load_explicit(head, memory_order_relaxed),
			      memory_order_release);
	atomic_store_explicit(head, addr->number + 1, memory_order_release);
}

static void take_from_index(struct ct_nat_pool *pool, struct ct_pool_addr *addr)
	CT_REQUIRES(pool->lock)
{
	_Atomic uint32_t *link;
	uint32_t words[4], n;

	for (unsigned i = 0; i < 4; i++)
		words[i] = atomic_load_explicit(&addr->word[i],
						memory_order_relaxed);
	link = head_of(pool, words);
	while ((n = atomic_load_explicit(link, memory_order_relaxed)) !=
	       addr->number + 1)
		link = &ct_pool_at(pool, n - 1)->next;
	atomic_store_explicit(
		link, atomic_load_explicit(&addr->next, memory_order_relaxed),
		memory_order_release);
}

/* --- Addresses come and go ---------------------------------------------- */

static void state_set(struct ct_nat_pool *pool, struct ct_pool_addr *addr,
		      enum ct_pool_state state) CT_REQUIRES(pool->lock)
{
	atomic_store_explicit(&addr->state, (uint8_t)state,
			      memory_order_seq_cst);
	ct_pool_update(pool, addr);
}

static bool map_unused(struct ct_portmap *map)
{
	bool unused;

	if (!map)
		return true;
	ct_spin_lock(&map->lock);
	unused = !map->n_taken;
	ct_spin_unlock(&map->lock);
	return unused;
}

static bool lists_unused(const struct ct_pool_lists *lists)
{
	for (unsigned i = 0; lists && i < CT_POOL_LISTS; i++)
		if (atomic_load_explicit(&lists->list[i].n,
					 memory_order_acquire))
			return false;
	return true;
}

/* => It was removed, and no mapping is left, nor anybody who had it.  In this
 *    order: who pairs with it has a mapping then. */
static bool is_unused(struct ct_pool_addr *addr)
{
	if (ct_pool_state(addr) != CT_POOL_REMOVED || !map_unused(addr->blocks))
		return false;
	for (unsigned i = 0; i < CT_TRACKERS; i++)
		if (!map_unused(atomic_load(&addr->map[i])) ||
		    !lists_unused(atomic_load(&addr->lists[i])))
			return false;
	return !atomic_load(&addr->n_paired);
}

/* => A place for another address; NULL with an error. */
static struct ct_pool_addr *new_addr(struct ct_nat_pool *pool, int *error)
	CT_REQUIRES(pool->lock)
{
	uint32_t n = atomic_load_explicit(&pool->n_addrs, memory_order_relaxed);
	struct ct_pool_addr *addr;

	*error = CT_E_FULL;
	for (uint32_t i = 0; n == pool->cfg.max_addrs && i < n; i++) {
		addr = ct_pool_at(pool, i);
		if (is_unused(addr)) {
			take_from_index(pool, addr);
			return addr;
		}
	}
	if (n == pool->cfg.max_addrs)
		return NULL;
	*error = CT_E_NOMEM;
	addr = ct_mem_alloc(&pool->tbl->mem, sizeof(*addr), CT_LINE);
	if (!addr || !ct_blocks_init(pool, addr)) {
		ct_mem_free(&pool->tbl->mem, addr, sizeof(*addr));
		return NULL;
	}
	addr->number = n;
	/* release; pairs with the acquire in ct_pool_at() */
	atomic_store_explicit(&pool->addr[n], addr, memory_order_release);
	atomic_store_explicit(&pool->n_addrs, n + 1, memory_order_release);
	return addr;
}

static int add_one(struct ct_nat_pool *pool, const union ct_addr *is)
{
	struct ct_pool_addr *addr;
	int error = 0;

	ct_spin_lock(&pool->lock);
	addr = ct_pool_find(pool, is);
	if (!addr) {
		addr = new_addr(pool, &error);
		if (addr)
			put_in_index(pool, addr, is);
	}
	if (addr) {
		state_set(pool, addr, CT_POOL_ACTIVE);
		error = 0;
	}
	ct_spin_unlock(&pool->lock);
	return error;
}

/* The next address, as a number of 128 or, in the first word, of 32 bits. */
static void step(const struct ct_nat_pool *pool, union ct_addr *addr)
{
	unsigned i = pool->cfg.l3 == CT_L3_IPV4 ? 4 : 16;

	while (i && ++addr->bytes[i - 1] == 0)
		i--;
}

int ct_nat_pool_add(struct ct_nat_pool *pool, const union ct_addr *first,
		    const union ct_addr *last)
{
	union ct_addr addr = *first;
	int error;

	if (last && memcmp(first, last, sizeof(*first)) > 0)
		return CT_E_INVAL;
	for (;;) {
		error = add_one(pool, &addr);
		if (error || !last || memcmp(&addr, last, sizeof(addr)) == 0)
			return error;
		step(pool, &addr);
	}
}

int ct_pool_state_to(struct ct_nat_pool *pool, const union ct_addr *is,
		     enum ct_pool_state state, struct ct_pool_addr **addr)
{
	ct_spin_lock(&pool->lock);
	*addr = ct_pool_find(pool, is);
	if (*addr && ct_pool_state(*addr) == CT_POOL_REMOVED)
		*addr = NULL;
	if (*addr)
		state_set(pool, *addr, state);
	ct_spin_unlock(&pool->lock);
	return *addr ? 0 : CT_E_NOENT;
}

int ct_nat_pool_drain(struct ct_nat_pool *pool, const union ct_addr *is)
{
	struct ct_pool_addr *addr;

	return ct_pool_state_to(pool, is, CT_POOL_DRAINING, &addr);
}

struct ct_pool_addr *ct_pool_active(const struct ct_nat_pool *pool,
				    uint32_t from)
{
	uint32_t n = atomic_load_explicit(&pool->n_addrs, memory_order_acquire);

	for (uint32_t i = 0; i < n; i++) {
		struct ct_pool_addr *addr = ct_pool_at(pool, (from + i) % n);

		if (ct_pool_state(addr) == CT_POOL_ACTIVE)
			return addr;
	}
	return NULL;
}
