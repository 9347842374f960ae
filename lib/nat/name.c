/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * name.c - what a pool's mapping is found by; see binding.h
 */
#include "core/table.h"
#include "nat/binding.h"

#include <arpa/inet.h>
#include <string.h>

/* Pools do not share mappings; the chain, from the lower bits, is the same. */
#define POOL_SHIFT 56

enum ct_nat_dependence ct_binding_depends(const struct ct_nat_pool *pool,
					  uint8_t l4)
{
	/* Without ids there is one connection between two addresses. */
	if (!(ct_registry_l4(pool->tbl, l4)->flags &
	      (CT_L4_NAT_PORTS | CT_L4_NAT_QUERY)))
		return CT_NAT_ON_ADDRESS_PORT;
	return (enum ct_nat_dependence)pool->cfg.mapping;
}

/* Leave out what a mapping does not depend on. */
static void name_of(const struct ct_nat_pool *pool, const struct ct_tuple *from,
		    struct ct_tuple *name)
{
	enum ct_nat_dependence on = ct_binding_depends(pool, from->l4);

	*name = *from;
	if (on != CT_NAT_ON_ADDRESS_PORT)
		name->dst_id = 0;
	if (on == CT_NAT_ON_NOTHING)
		memset(&name->dst, 0, sizeof(name->dst));
}

static uint64_t of_pool(const struct ct_nat_pool *pool, uint64_t hash)
{
	return hash ^ (uint64_t)pool->number << POOL_SHIFT;
}

uint64_t ct_binding_hash(const struct ct_nat_pool *pool,
			 const struct ct_tuple *source)
{
	return of_pool(pool, ct_mapping_hash(pool->tbl, source));
}

static uint64_t key_of(const struct ct_nat_pool *pool,
		       const struct ct_tuple *name, uint64_t *peer)
{
	struct ct_tuple part;

	*peer = 0;
	if (ct_binding_depends(pool, name->l4) == CT_NAT_ON_NOTHING)
		return ct_binding_hash(pool, name);
	part = *name;
	memset(&part.src, 0, sizeof(part.src));
	part.src_id = 0;
	part.zone = 0;
	*peer = ct_mapping_hash(pool->tbl, &part);
	part = *name;
	memset(&part.dst, 0, sizeof(part.dst));
	part.dst_id = 0;
	return ct_binding_hash(pool, &part) ^ *peer;
}

uint64_t ct_binding_key(const struct ct_nat_pool *pool, const struct ct_key *of,
			uint64_t *peer)
{
	enum ct_nat_dependence on = ct_binding_depends(pool, of->tuple.l4);
	const struct ct_hash_key *secret = &pool->tbl->hash;
	const struct ct_narrow *from = &of->narrow;
	struct ct_narrow part;
	struct ct_tuple name;

	if (ct_unlikely(of->wide)) {
		name_of(pool, &of->tuple, &name);
		return key_of(pool, &name, peer);
	}
	*peer = 0;
	if (on != CT_NAT_ON_NOTHING) {
		bool by_port = on == CT_NAT_ON_ADDRESS_PORT;

		ct_narrow_set(&part, (ct_be32[]){ 0, from->dst },
			      (ct_be16[]){ 0, by_port ? from->dst_id : 0 },
			      ct_narrow_tail(from->l3, from->l4, 0));
		*peer = ct_hash_narrow(secret, &part);
	}
	ct_narrow_set(&part, (ct_be32[]){ from->src, 0 },
		      (ct_be16[]){ from->src_id, 0 }, ct_narrow_tail_of(from));
	return of_pool(pool, ct_hash_narrow(secret, &part)) ^ *peer;
}

int ct_binding_name(struct ct_bind *bind, const struct ct_tuple *from)
{
	const struct ct_foreseen *seen = bind->pick.thr->foreseen;

	name_of(bind->pool, from, &bind->name);
	if (seen && seen->pool == bind->pool &&
	    ct_tuple_equal(&seen->of->tuple, from)) {
		bind->seen = seen;
		bind->key = seen->key;
		bind->peer = seen->peer;
	} else {
		bind->seen = NULL;
		bind->key = key_of(bind->pool, &bind->name, &bind->peer);
	}
	bind->head = ct_mappings_head(bind->pool->tbl, bind->key);
	return bind->head ? 0 : CT_E_NOMEM;
}

int ct_binding_name_alone(struct ct_bind *bind, const struct ct_tuple *from)
{
	bind->name = *from;
	memset(&bind->name.dst, 0, sizeof(bind->name.dst));
	bind->name.dst_id = 0;
	bind->seen = NULL;
	bind->peer = 0;
	bind->key = ct_binding_hash(bind->pool, &bind->name);
	bind->head = ct_mappings_head(bind->pool->tbl, bind->key);
	return bind->head ? 0 : CT_E_NOMEM;
}
