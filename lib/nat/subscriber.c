/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subscriber.c - what an inside host, or a prefix of them, has of a pool
 */
#include "nat/subscriber.h"

#include "core/head.h"
#include "core/table.h"
#include "nat/report.h"

#include <string.h>

/* --- Found, made, freed ------------------------------------------------- */

static uint32_t find(const struct ct_nat_pool *pool, uint32_t unit,
		     const union ct_addr *prefix, uint16_t zone)
{
	while (unit) {
		const struct ct_subscriber *sub = ct_subscriber_at(pool, unit);

		if (sub->zone == zone &&
		    memcmp(&sub->prefix, prefix, sizeof(*prefix)) == 0)
			break;
		unit = sub->next;
	}
	return unit;
}

static uint32_t make(struct ct_thread *thr, const struct ct_nat_pool *pool,
		     const union ct_addr *prefix, uint16_t zone, uint32_t tag)
{
	uint32_t unit = ct_slab_alloc(&pool->tbl->slab,
				      &thr->magazine[CT_SLAB_NAT], CT_SLAB_NAT);
	struct ct_subscriber *sub;

	if (!unit)
		return 0;
	sub = ct_subscriber_at(pool, unit);
	memset(sub, 0, sizeof(*sub));
	sub->prefix = *prefix;
	sub->zone = zone;
	atomic_store_explicit(&sub->tag, tag, memory_order_relaxed);
	sub->pool = pool->number;
	sub->since = thr->now;
	return unit;
}

/* => The number of the address that it is paired with, plus one; 0: none. */
static uint32_t address_of(const struct ct_subscriber *sub)
{
	return atomic_load_explicit(&sub->address, memory_order_relaxed);
}

/* => It is paired with an address that is active. */
static bool is_paired(const struct ct_nat_pool *pool, uint32_t address)
{
	return address &&
	       ct_pool_state(ct_pool_at(pool, address - 1)) == CT_POOL_ACTIVE;
}

/* => It gets no block any more, as its address is drained or removed. */
static bool is_stranded(const struct ct_nat_pool *pool, uint32_t unit)
{
	uint32_t address = address_of(ct_subscriber_at(pool, unit));

	return pool->cfg.block_ids && address && !is_paired(pool, address);
}

static uint32_t find_afloat(const struct ct_nat_pool *pool, uint32_t first,
			    const union ct_addr *prefix, uint16_t zone)
{
	uint32_t unit = find(pool, first, prefix, zone);

	while (unit && is_stranded(pool, unit))
		unit = find(pool, ct_subscriber_at(pool, unit)->next, prefix,
			    zone);
	return unit;
}

static bool may_have_more(const struct ct_nat_pool *pool,
			  const struct ct_subscriber *sub)
{
	uint32_t max = pool->cfg.max_mappings;

	return !max || sub->n_maps < max;
}

int ct_subscriber_take(struct ct_thread *thr, struct ct_nat_pool *pool,
		       const struct ct_tuple *inside, uint64_t hash,
		       uint32_t *taken)
{
	_Atomic uint32_t *head = ct_subscriber_head(pool, hash);
	union ct_addr prefix;
	uint32_t first, unit;
	int error = 0;

	ct_prefix_of(pool, &inside->src, &prefix);
	first = ct_head_lock(head);
	unit = find_afloat(pool, first, &prefix, inside->zone);
	if (!unit) {
		unit = make(thr, pool, &prefix, inside->zone,
			    ct_subscriber_tag(hash));
		if (unit) {
			ct_subscriber_at(pool, unit)->next = first;
			first = unit;
		}
	}
	if (!unit)
		error = CT_E_NOMEM;
	else if (!may_have_more(pool, ct_subscriber_at(pool, unit)))
		error = CT_E_FULL;
	else
		ct_subscriber_at(pool, unit)->n_maps++;
	ct_head_unlock(head, first);
	*taken = error ? 0 : unit;
	return error;
}

/*
 * Its address is this one, a number plus one, or none.
 *
 * => The one before, of which tell_move() is told.
 */
static uint32_t address_set(const struct ct_nat_pool *pool,
			    struct ct_subscriber *sub, uint32_t address)
{
	uint32_t before = address_of(sub);

	if (address && address != before)
		atomic_fetch_add(&ct_pool_at(pool, address - 1)->n_paired, 1);
	atomic_store_explicit(&sub->address, (uint16_t)address,
			      memory_order_relaxed);
	return before;
}

static void tell_at(const struct ct_thread *thr, const struct ct_nat_pool *pool,
		    const struct ct_subscriber *sub, struct ct_nat_event *ev,
		    uint32_t address)
{
	ev->inside = sub->prefix;
	ev->zone = sub->zone;
	ct_pool_address(pool, address - 1, &ev->outside);
	ct_report(thr, pool, ev);
}

static void tell_block(const struct ct_thread *thr,
		       const struct ct_nat_pool *pool,
		       const struct ct_subscriber *sub,
		       enum ct_nat_event_kind kind, uint32_t block)
{
	struct ct_nat_event ev;
	struct ct_portspan span;

	if (ct_likely(!ct_report_wanted(pool, kind)))
		return;
	ev = (struct ct_nat_event){ .kind = kind };
	span = ct_block_span(pool, block);
	ev.first_id = (uint16_t)(pool->base + span.first);
	ev.last_id = (uint16_t)(pool->base + span.last);
	tell_at(thr, pool, sub, &ev, address_of(sub));
}

static void tell_pair(const struct ct_thread *thr,
		      const struct ct_nat_pool *pool,
		      const struct ct_subscriber *sub,
		      enum ct_nat_event_kind kind, uint32_t address)
{
	struct ct_nat_event ev;

	if (ct_likely(!ct_report_wanted(pool, kind)))
		return;
	ev = (struct ct_nat_event){ .kind = kind };
	tell_at(thr, pool, sub, &ev, address);
}

/* It has come from one address to another; either may be none.  The place of
 * the former is not another's before it was told. */
static void tell_move(const struct ct_thread *thr,
		      const struct ct_nat_pool *pool,
		      const struct ct_subscriber *sub, uint32_t from,
		      uint32_t to)
{
	if (from == to)
		return;
	if (from) {
		tell_pair(thr, pool, sub, CT_NAT_EV_SUBSCRIBER_END, from);
		atomic_fetch_sub(&ct_pool_at(pool, from - 1)->n_paired, 1);
	}
	if (to)
		tell_pair(thr, pool, sub, CT_NAT_EV_SUBSCRIBER, to);
}

/* It is nobody's any more: what it has goes back. */
static void end(struct ct_thread *thr, struct ct_nat_pool *pool, uint32_t unit)
{
	struct ct_subscriber *sub = ct_subscriber_at(pool, unit);

	for (uint32_t i = 0; i < sub->n_blocks; i++) {
		if (ct_block_is_fixed(pool, sub->block[i]))
			continue;
		tell_block(thr, pool, sub, CT_NAT_EV_BLOCK_END, sub->block[i]);
		ct_block_give(pool, ct_pool_at(pool, address_of(sub) - 1),
			      sub->block[i]);
	}
	tell_move(thr, pool, sub, address_of(sub), 0);
	ct_slab_free(&pool->tbl->slab, &thr->magazine[CT_SLAB_NAT], CT_SLAB_NAT,
		     unit);
}

static bool is_removed(const struct ct_nat_pool *pool,
		       const struct ct_subscriber *sub)
{
	uint32_t address = address_of(sub);

	return address &&
	       ct_pool_state(ct_pool_at(pool, address - 1)) == CT_POOL_REMOVED;
}

/* Its address was taken away: so it is not its any more, wherever else it has
 * mappings. */
static void leave_removed(const struct ct_thread *thr,
			  const struct ct_nat_pool *pool,
			  struct ct_subscriber *sub)
{
	uint32_t address;

	if (ct_likely(!is_removed(pool, sub)))
		return;
	ct_spin_lock(&sub->lock);
	address = is_removed(pool, sub) && !sub->n_blocks
			  ? address_set(pool, sub, 0)
			  : 0;
	ct_spin_unlock(&sub->lock);
	tell_move(thr, pool, sub, address, 0);
}

void ct_subscriber_put(struct ct_thread *thr, struct ct_nat_pool *pool,
		       uint32_t unit)
{
	struct ct_subscriber *sub = ct_subscriber_at(pool, unit);
	_Atomic uint32_t *head =
		ct_subscriber_head_of(pool, &sub->prefix, sub->zone);
	uint32_t *link, first;
	bool last;

	leave_removed(thr, pool, sub);
	first = ct_head_lock(head);
	link = &first;
	last = --sub->n_maps == 0;
	if (last) {
		while (*link != unit)
			link = &ct_subscriber_at(pool, *link)->next;
		*link = sub->next;
	}
	ct_head_unlock(head, first);
	if (last)
		end(thr, pool, unit);
}

/* --- A visit ------------------------------------------------------------ */

/* => It begins with the visit's address; 0: there is none, or no memory. */
static uint32_t meet(struct ct_thread *thr, const struct ct_nat_pool *pool,
		     const struct ct_tuple *inside, struct ct_visit *visit)
{
	const struct ct_subscriber *sub;
	union ct_addr prefix;
	uint32_t unit, n;

	ct_prefix_of(pool, &inside->src, &prefix);
	unit = find(pool, visit->first, &prefix, inside->zone);
	visit->is_new = !unit;
	if (unit) {
		sub = ct_subscriber_at(pool, unit);
		return address_of(sub) == visit->address + 1 &&
				       may_have_more(pool, sub)
			       ? unit
			       : 0;
	}
	n = atomic_load_explicit(&pool->n_addrs, memory_order_acquire);
	if (ct_subscriber_start(visit->tag, n) != visit->address)
		return 0;
	return make(thr, pool, &prefix, inside->zone, visit->tag);
}

bool ct_visit_begin(struct ct_thread *thr, const struct ct_nat_pool *pool,
		    const struct ct_tuple *inside, struct ct_visit *visit)
{
	visit->first = ct_head_lock(visit->head);
	visit->unit = meet(thr, pool, inside, visit);
	if (ct_unlikely(!visit->unit))
		ct_head_unlock(visit->head, visit->first);
	return visit->unit != 0;
}

void ct_visit_end(const struct ct_nat_pool *pool, struct ct_visit *visit)
{
	struct ct_subscriber *sub = ct_subscriber_at(pool, visit->unit);

	sub->n_maps++;
	if (visit->is_new) {
		address_set(pool, sub, visit->address + 1);
		sub->next = visit->first;
		visit->first = visit->unit;
	}
	ct_head_unlock(visit->head, visit->first);
}

void ct_visit_cancel(struct ct_thread *thr, const struct ct_nat_pool *pool,
		     const struct ct_visit *visit)
{
	if (visit->is_new)
		ct_slab_free(&pool->tbl->slab, &thr->magazine[CT_SLAB_NAT],
			     CT_SLAB_NAT, visit->unit);
	ct_head_unlock(visit->head, visit->first);
}

void ct_visit_tell(const struct ct_thread *thr, const struct ct_nat_pool *pool,
		   const struct ct_visit *visit)
{
	if (visit->is_new)
		tell_pair(thr, pool, ct_subscriber_at(pool, visit->unit),
			  CT_NAT_EV_SUBSCRIBER, visit->address + 1);
}

/* --- Quotas ------------------------------------------------------------- */

enum ct_nat_quota ct_subscriber_open(const struct ct_thread *thr,
				     struct ct_nat_pool *pool, uint32_t unit)
{
	struct ct_subscriber *sub = ct_subscriber_at(pool, unit);
	const struct ct_nat_pool_config *cfg = &pool->cfg;
	enum ct_nat_quota over = 0;

	ct_spin_lock(&sub->lock);
	/* Handles' clocks differ: a late one begins no second of its own. */
	if (ct_ticks_until(thr->now, sub->since) >= (int32_t)CT_TICKS_PER_S) {
		sub->since = thr->now;
		sub->n_new = 0;
	}
	if (cfg->max_conns && sub->n_conns >= cfg->max_conns)
		over = CT_NAT_QUOTA_SESSIONS;
	else if (cfg->max_rate && sub->n_new >= cfg->max_rate)
		over = CT_NAT_QUOTA_RATE;
	if (!over) {
		sub->n_conns++;
		sub->n_new++;
	}
	ct_spin_unlock(&sub->lock);
	return over;
}

void ct_subscriber_close(struct ct_nat_pool *pool, uint32_t unit)
{
	struct ct_subscriber *sub = ct_subscriber_at(pool, unit);

	ct_spin_lock(&sub->lock);
	sub->n_conns--;
	ct_spin_unlock(&sub->lock);
}

/* --- Pairing ------------------------------------------------------------ */

static uint32_t tag_of(const struct ct_subscriber *sub)
{
	return atomic_load_explicit(&sub->tag, memory_order_relaxed);
}

uint32_t ct_subscriber_peek(const struct ct_nat_pool *pool, uint32_t unit,
			    uint32_t tag, uint32_t none)
{
	const struct ct_subscriber *sub = ct_subscriber_at(pool, unit);
	uint32_t address = address_of(sub);

	return tag_of(sub) == tag && address ? address - 1 : none;
}

uint32_t ct_subscriber_address(struct ct_nat_pool *pool, uint32_t unit,
			       bool *paired)
{
	const struct ct_subscriber *sub = ct_subscriber_at(pool, unit);
	uint32_t n = atomic_load_explicit(&pool->n_addrs, memory_order_acquire);
	uint32_t address = address_of(sub);

	*paired = is_paired(pool, address);
	if (*paired)
		return address - 1;
	if (!n)
		return 0;
	return ct_subscriber_start(tag_of(sub), n);
}

void ct_subscriber_pair(const struct ct_thread *thr, struct ct_nat_pool *pool,
			uint32_t unit, uint32_t address)
{
	struct ct_subscriber *sub = ct_subscriber_at(pool, unit);
	uint32_t before, now;

	if (is_paired(pool, address_of(sub)))
		return;
	ct_spin_lock(&sub->lock);
	before = address_of(sub);
	/* It was drained or removed: it has another from now on. */
	if (!sub->n_blocks && !is_paired(pool, before))
		address_set(pool, sub, address + 1);
	now = address_of(sub);
	ct_spin_unlock(&sub->lock);
	tell_move(thr, pool, sub, before, now);
}

/* --- Blocks ------------------------------------------------------------- */

/* => The block that it has for good, if that can be given. */
static bool fixed_block(const struct ct_nat_pool *pool,
			const struct ct_subscriber *sub, uint32_t n_addrs,
			struct ct_place *block)
{
	return ct_block_fixed(pool, &sub->prefix, block) &&
	       block->address < n_addrs &&
	       is_paired(pool, block->address + 1) &&
	       ct_block_has_ids(pool, block->id);
}

/* => The first block, which says what its address is. */
static bool first_block(struct ct_nat_pool *pool, struct ct_subscriber *sub,
			const struct ct_want *want, struct ct_place *block)
{
	uint32_t n = atomic_load_explicit(&pool->n_addrs, memory_order_acquire);
	uint32_t unit = ct_slab_unit(&pool->tbl->slab, sub);

	if (fixed_block(pool, sub, n, block))
		return true;
	for (uint32_t i = 0; i < n; i++) {
		struct ct_pool_addr *addr =
			ct_pool_at(pool, (want->start + i) % n);

		if (ct_pool_state(addr) != CT_POOL_ACTIVE)
			continue;
		block->id = ct_block_take(addr, unit, want->dice);
		block->address = addr->number;
		if (block->id != CT_PORTMAP_NONE)
			return true;
	}
	return false;
}

/* => One more block, on the address of those before. */
static bool next_block(struct ct_nat_pool *pool, struct ct_subscriber *sub,
		       const struct ct_want *want, struct ct_place *block)
{
	if (!sub->n_blocks)
		return first_block(pool, sub, want, block);
	if (!is_paired(pool, address_of(sub)))
		return false;
	block->address = address_of(sub) - 1u;
	block->id =
		ct_block_take(ct_pool_at(pool, block->address),
			      ct_slab_unit(&pool->tbl->slab, sub), want->dice);
	return block->id != CT_PORTMAP_NONE;
}

/* One more block, if there were only n when the caller looked. */
static bool add_block(struct ct_nat_pool *pool, uint32_t unit,
		      const struct ct_want *want, uint32_t n)
{
	struct ct_subscriber *sub = ct_subscriber_at(pool, unit);
	bool added = false, other;
	struct ct_place block;
	uint32_t before = 0;

	ct_spin_lock(&sub->lock);
	other = sub->n_blocks != n;
	if (!other && n < pool->cfg.max_blocks)
		added = next_block(pool, sub, want, &block);
	if (added) {
		before = address_set(pool, sub, block.address + 1);
		sub->block[sub->n_blocks++] = (uint16_t)block.id;
	}
	ct_spin_unlock(&sub->lock);
	if (!added)
		return other;
	tell_move(want->thr, pool, sub, before, block.address + 1);
	/* What is somebody's for good needs no line in a log. */
	if (!ct_block_is_fixed(pool, block.id))
		tell_block(want->thr, pool, sub, CT_NAT_EV_BLOCK, block.id);
	return true;
}

int ct_subscriber_take_id(struct ct_nat_pool *pool, uint32_t unit,
			  struct ct_want *want, struct ct_place *place)
{
	struct ct_subscriber *sub = ct_subscriber_at(pool, unit);
	uint16_t block[CT_SUBSCRIBER_BLOCKS];
	struct ct_portspan span;
	uint32_t n;
	int error;

	do {
		ct_spin_lock(&sub->lock);
		n = sub->n_blocks;
		memcpy(block, sub->block, sizeof(block));
		if (address_of(sub))
			want->start = address_of(sub) - 1;
		ct_spin_unlock(&sub->lock);
		want->only = n != 0;
		want->span = &span;
		error = CT_E_FULL;
		for (uint32_t i = 0; i < n && error == CT_E_FULL; i++) {
			span = ct_block_span(pool, block[i]);
			error = ct_pool_take(pool, want, place);
		}
		want->span = NULL;
	} while (error == CT_E_FULL && add_block(pool, unit, want, n));
	return error;
}

/* --- Asked by the host -------------------------------------------------- */

int ct_nat_usage(struct ct_nat_pool *pool, const union ct_addr *inside,
		 uint16_t zone, struct ct_nat_usage *usage)
{
	struct ct_nat_usage now = { .mappings = 0 };
	struct ct_subscriber *sub;
	_Atomic uint32_t *head;
	uint32_t first, unit;

	if (!pool->subscribers)
		return CT_E_NOENT;
	ct_prefix_of(pool, inside, &now.inside);
	head = ct_subscriber_head_of(pool, &now.inside, zone);
	first = ct_head_lock(head);
	unit = find(pool, first, &now.inside, zone);
	if (unit) {
		sub = ct_subscriber_at(pool, unit);
		ct_spin_lock(&sub->lock);
		now.mappings = sub->n_maps;
		now.conns = sub->n_conns;
		now.blocks = sub->n_blocks;
		now.paired = address_of(sub) != 0;
		if (now.paired)
			ct_pool_address(pool, address_of(sub) - 1,
					&now.outside);
		ct_spin_unlock(&sub->lock);
	}
	ct_head_unlock(head, first);
	if (!unit)
		return CT_E_NOENT;
	return ct_sized_answer(usage, &now, sizeof(now));
}
