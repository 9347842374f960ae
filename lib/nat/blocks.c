/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * blocks.c - an address cut into blocks, and whose they are for good
 *
 *	block		0 ...... n - spare - 1 | n - spare ...... n - 1
 *	belongs to	inside addresses, in   | who has used up what
 *			order, for good        | he has
 *
 * The n-th inside address has block n % (n - spare) of external address n / (n
 * - spare): no table is needed to tell whose an id is (RFC 7422).
 */
#include "core/table.h"
#include "nat/subscriber.h"

#include <arpa/inet.h>
#include <string.h>

enum { V4_BITS = 32, HALF_BITS = 64 };

static uint32_t n_blocks(const struct ct_nat_pool_config *cfg)
{
	return ((uint32_t)cfg->max_id - cfg->min_id + 1) / cfg->block_ids;
}

/* => Blocks of an address that are somebody's for good. */
static uint32_t n_fixed(const struct ct_nat_pool_config *cfg)
{
	return cfg->n_fixed ? n_blocks(cfg) - cfg->spare_blocks : 0;
}

bool ct_blocks_good(const struct ct_nat_pool_config *cfg)
{
	if (!cfg->block_ids)
		return !cfg->n_fixed && !cfg->spare_blocks;
	if (!n_blocks(cfg))
		return false;
	if (!cfg->n_fixed)
		return !cfg->spare_blocks;
	if (cfg->l3 != CT_L3_IPV4 && cfg->prefix_len > HALF_BITS)
		return false;
	return cfg->spare_blocks < n_blocks(cfg);
}

bool ct_block_is_fixed(const struct ct_nat_pool *pool, uint32_t block)
{
	return block < n_fixed(&pool->cfg);
}

struct ct_portspan ct_block_span(const struct ct_nat_pool *pool, uint32_t block)
{
	uint32_t first =
		pool->cfg.min_id - pool->base + block * pool->cfg.block_ids;

	return (struct ct_portspan){ first, first + pool->cfg.block_ids - 1 };
}

bool ct_block_has_ids(const struct ct_nat_pool *pool, uint32_t block)
{
	struct ct_portspan span = ct_block_span(pool, block);

	while (span.first <= span.last &&
	       ct_pool_excludes(pool, pool->base + span.first))
		span.first++;
	return span.first <= span.last;
}

bool ct_blocks_init(const struct ct_nat_pool *pool, struct ct_pool_addr *addr)
{
	const struct ct_nat_pool_config *cfg = &pool->cfg;

	if (!cfg->block_ids)
		return true;
	addr->blocks = ct_portmap_make(&pool->tbl->mem, n_blocks(cfg), 0);
	for (uint32_t i = 0; addr->blocks && i < n_blocks(cfg); i++)
		if (ct_block_is_fixed(pool, i) || !ct_block_has_ids(pool, i))
			ct_portmap_exclude(addr->blocks, i);
	return addr->blocks != NULL;
}

void ct_blocks_exclude(const struct ct_nat_pool *pool,
		       struct ct_pool_addr *addr)
{
	if (!addr->blocks)
		return;
	ct_spin_lock(&addr->blocks->lock);
	for (uint32_t i = 0; i < addr->blocks->n; i++)
		if (!ct_block_has_ids(pool, i))
			ct_portmap_exclude(addr->blocks, i);
	ct_spin_unlock(&addr->blocks->lock);
}

uint32_t ct_block_take(struct ct_pool_addr *addr, uint32_t owner, uint32_t dice)
{
	struct ct_portmap *map = addr->blocks;
	const struct ct_portspan all = { 0, map->n - 1 };
	uint32_t block = CT_PORTMAP_NONE;

	ct_spin_lock(&map->lock);
	if (ct_portmap_n_free(map))
		block = ct_portmap_find(
			map, &all, (uint32_t)((uint64_t)dice * map->n >> 32));
	if (block != CT_PORTMAP_NONE)
		ct_portmap_take(map, block, owner);
	ct_spin_unlock(&map->lock);
	return block;
}

void ct_block_give(const struct ct_nat_pool *pool, struct ct_pool_addr *addr,
		   uint32_t block)
{
	ct_spin_lock(&addr->blocks->lock);
	if (ct_block_has_ids(pool, block))
		ct_portmap_give(addr->blocks, block);
	else
		ct_portmap_leave(addr->blocks, block);
	ct_spin_unlock(&addr->blocks->lock);
}

/* --- Prefixes ----------------------------------------------------------- */

void ct_prefix_of(const struct ct_nat_pool *pool, const union ct_addr *addr,
		  union ct_addr *prefix)
{
	uint32_t bits = pool->cfg.prefix_len;

	memset(prefix, 0, sizeof(*prefix));
	if (ct_likely(pool->cfg.l3 == CT_L3_IPV4)) {
		prefix->v4 = addr->v4 &
			     htonl(~(uint32_t)(UINT32_MAX >> (bits - 1) >> 1));
		return;
	}
	memcpy(prefix->bytes, addr->bytes, bits / 8);
	if (bits % 8)
		prefix->bytes[bits / 8] =
			(uint8_t)(addr->bytes[bits / 8] & 0xff00u >> bits % 8);
}

/* Of IPv6 the upper half, in which all prefixes are. */
static uint64_t number_of(const struct ct_nat_pool *pool,
			  const union ct_addr *addr)
{
	if (pool->cfg.l3 == CT_L3_IPV4)
		return ntohl(addr->v4);
	return (uint64_t)ntohl(addr->v6[0]) << 32 | ntohl(addr->v6[1]);
}

static void number_to(const struct ct_nat_pool *pool, uint64_t number,
		      union ct_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	if (pool->cfg.l3 == CT_L3_IPV4) {
		addr->v4 = htonl((uint32_t)number);
		return;
	}
	addr->v6[0] = htonl((uint32_t)(number >> 32));
	addr->v6[1] = htonl((uint32_t)number);
}

static uint32_t prefix_shift(const struct ct_nat_pool *pool)
{
	uint32_t bits = pool->cfg.l3 == CT_L3_IPV4 ? V4_BITS : HALF_BITS;

	return bits - pool->cfg.prefix_len;
}

bool ct_block_fixed(const struct ct_nat_pool *pool, const union ct_addr *inside,
		    struct ct_place *block)
{
	const struct ct_nat_pool_config *cfg = &pool->cfg;
	uint64_t first, n;

	if (!cfg->n_fixed)
		return false;
	first = number_of(pool, &cfg->fixed_first) >> prefix_shift(pool);
	n = (number_of(pool, inside) >> prefix_shift(pool)) - first;
	if (n >= cfg->n_fixed)
		return false;
	block->address = (uint32_t)(n / n_fixed(cfg));
	block->id = (uint32_t)(n % n_fixed(cfg));
	return true;
}

/* --- Asked by the host -------------------------------------------------- */

/* Fill in what a block of an address is. */
static void describe(const struct ct_nat_pool *pool,
		     const struct ct_place *place, struct ct_nat_block *block)
{
	struct ct_portspan span = ct_block_span(pool, place->id);

	ct_pool_address(pool, place->address, &block->outside);
	block->first_id = (uint16_t)(pool->base + span.first);
	block->last_id = (uint16_t)(pool->base + span.last);
}

/* => The address is there. */
static bool is_there(const struct ct_nat_pool *pool, uint32_t number)
{
	return number < atomic_load_explicit(&pool->n_addrs,
					     memory_order_acquire) &&
	       ct_pool_state(ct_pool_at(pool, number)) != CT_POOL_REMOVED;
}

int ct_nat_fixed(struct ct_nat_pool *pool, const union ct_addr *inside,
		 struct ct_nat_block *block)
{
	struct ct_nat_block now = { .reserved = 0 };
	struct ct_place place;

	if (!ct_block_fixed(pool, inside, &place) ||
	    !is_there(pool, place.address))
		return CT_E_NOENT;
	ct_prefix_of(pool, inside, &now.inside);
	describe(pool, &place, &now);
	return ct_sized_answer(block, &now, sizeof(now));
}

int ct_nat_fixed_owner(struct ct_nat_pool *pool, const union ct_addr *outside,
		       uint16_t id, struct ct_nat_block *block)
{
	const struct ct_nat_pool_config *cfg = &pool->cfg;
	struct ct_pool_addr *addr = ct_pool_find(pool, outside);
	struct ct_nat_block now = { .reserved = 0 };
	struct ct_place place;
	uint64_t n;

	if (!cfg->n_fixed || !addr || !is_there(pool, addr->number) ||
	    id < cfg->min_id || id > cfg->max_id)
		return CT_E_NOENT;
	place.address = addr->number;
	place.id = (uint32_t)(id - cfg->min_id) / cfg->block_ids;
	n = (uint64_t)place.address * n_fixed(cfg) + place.id;
	if (place.id >= n_fixed(cfg) || n >= cfg->n_fixed)
		return CT_E_NOENT;
	n += number_of(pool, &cfg->fixed_first) >> prefix_shift(pool);
	number_to(pool, n << prefix_shift(pool), &now.inside);
	describe(pool, &place, &now);
	return ct_sized_answer(block, &now, sizeof(now));
}
