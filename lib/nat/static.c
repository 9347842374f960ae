/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * static.c - mappings that somebody asked for, with a lifetime
 *
 * pool->lock covers the list.  An entry is listed and its mapping made static,
 * or unlisted and loosened, under that lock and the chain's within it, so that
 * a listed entry's mapping is there.  The host is told and asked without them.
 */
#include "nat/static.h"

#include "core/table.h"
#include "nat/subscriber.h"

#include <arpa/inet.h>
#include <string.h>

/* Ids that were taken for nothing, since the host uses them. */
enum { ASIDE_MAX = 64 };

/* --- The list ----------------------------------------------------------- */

static bool same_inside(const struct ct_static *entry,
			const struct ct_nat_static *is)
{
	return entry->is.inside_id == is->inside_id && entry->is.l4 == is->l4 &&
	       entry->is.zone == is->zone &&
	       memcmp(&entry->is.inside, &is->inside, sizeof(is->inside)) == 0;
}

static struct ct_static *find(const struct ct_nat_pool *pool,
			      const struct ct_nat_static *is)
	CT_REQUIRES(pool->lock)
{
	struct ct_static *entry = pool->statics;

	while (entry && !same_inside(entry, is))
		entry = entry->next;
	return entry;
}

/* The next one that ends; polls look at this only. */
static void due_again(struct ct_nat_pool *pool, uint32_t now)
	CT_REQUIRES(pool->lock)
{
	uint32_t due = CT_TICKS_NEVER;

	for (const struct ct_static *entry = pool->statics; entry;
	     entry = entry->next)
		if (entry->until != CT_TICKS_NEVER &&
		    (due == CT_TICKS_NEVER ||
		     ct_ticks_until(entry->until, now) <
			     ct_ticks_until(due, now)))
			due = entry->until;
	atomic_store_explicit(&pool->statics_due, due, memory_order_relaxed);
}

static uint32_t until(const struct ct_thread *thr, uint32_t lifetime_s)
{
	return lifetime_s ? ct_ticks_after(thr->now, lifetime_s)
			  : CT_TICKS_NEVER;
}

/* --- Ended -------------------------------------------------------------- */

enum which { WHICH_DUE, WHICH_ADDRESS, WHICH_INSIDE };

struct choice {
	enum which which;
	uint32_t now;
	uint32_t address;
	const struct ct_nat_static *inside;
};

static bool chosen(const struct ct_static *entry, const struct choice *choice)
{
	switch (choice->which) {
	case WHICH_DUE:
		return entry->until != CT_TICKS_NEVER &&
		       ct_ticks_passed(entry->until, choice->now);
	case WHICH_ADDRESS:
		return entry->address == choice->address;
	case WHICH_INSIDE:
		break;
	}
	return same_inside(entry, choice->inside);
}

/* => How many. */
static unsigned end(struct ct_thread *thr, struct ct_nat_pool *pool,
		    const struct choice *choice)
{
	struct ct_static *ended = NULL, **link;
	unsigned n = 0;

	ct_spin_lock(&pool->lock);
	for (link = &pool->statics; *link;) {
		struct ct_static *entry = *link;

		if (!chosen(entry, choice)) {
			link = &entry->next;
			continue;
		}
		*link = entry->next;
		if (!ct_binding_loosen(pool->tbl, &entry->ref))
			entry->ref.unit = 0; /* a connection has it */
		entry->next = ended;
		ended = entry;
	}
	due_again(pool, thr->now);
	ct_spin_unlock(&pool->lock);
	for (; ended; n++) {
		struct ct_static *entry = ended;

		ended = entry->next;
		if (entry->ref.unit)
			ct_binding_release(thr, entry->ref.unit);
		ct_mem_free(&pool->tbl->mem, entry, sizeof(*entry));
	}
	return n;
}

void ct_statics_expire(struct ct_thread *thr)
{
	const struct choice choice = { .which = WHICH_DUE, .now = thr->now };

	for (uint32_t i = 1; i <= CT_POOLS; i++) {
		struct ct_nat_pool *pool = ct_pool_of(thr->tbl, i);
		uint32_t due;

		if (ct_likely(!pool))
			return;
		due = atomic_load_explicit(&pool->statics_due,
					   memory_order_relaxed);
		if (due != CT_TICKS_NEVER && ct_ticks_passed(due, thr->now))
			end(thr, pool, &choice);
	}
}

int32_t ct_statics_next(const struct ct_table *tbl, uint32_t now)
{
	int32_t soonest = INT32_MAX;

	for (uint32_t i = 1; i <= CT_POOLS; i++) {
		const struct ct_nat_pool *pool = ct_pool_of(tbl, i);
		uint32_t due;

		if (!pool)
			break;
		due = atomic_load_explicit(&pool->statics_due,
					   memory_order_relaxed);
		if (due != CT_TICKS_NEVER && ct_ticks_until(due, now) < soonest)
			soonest = ct_ticks_until(due, now);
	}
	return soonest;
}

void ct_statics_drop(struct ct_thread *thr, struct ct_nat_pool *pool,
		     uint32_t address)
{
	const struct choice choice = { .which = WHICH_ADDRESS,
				       .address = address };

	end(thr, pool, &choice);
}

void ct_statics_fini(struct ct_nat_pool *pool)
{
	while (pool->statics) {
		struct ct_static *entry = pool->statics;

		pool->statics = entry->next;
		ct_mem_free(&pool->tbl->mem, entry, sizeof(*entry));
	}
}

/* --- Made --------------------------------------------------------------- */

static bool is_zero(const union ct_addr *addr)
{
	static const union ct_addr zero;

	return memcmp(addr, &zero, sizeof(zero)) == 0;
}

/* => The mapping is at the external endpoint that is asked for. */
static bool suits(const struct ct_nat_static *is, const struct ct_tuple *leave)
{
	return (is_zero(&is->outside) ||
		memcmp(&is->outside, &leave->src, sizeof(is->outside)) == 0) &&
	       (!is->outside_id || is->outside_id == leave->src_id);
}

/* => Where to look: of its address, or of one that was asked for. */
static int start_at(const struct ct_bind *bind, const struct ct_nat_static *is,
		    struct ct_want *want)
{
	struct ct_nat_pool *pool = bind->pool;
	const struct ct_pool_addr *addr;
	bool paired = false;

	if (bind->subscriber)
		want->start =
			ct_subscriber_address(pool, bind->subscriber, &paired);
	addr = ct_pool_active(pool, want->start);
	if (!is_zero(&is->outside)) {
		addr = ct_pool_find(pool, &is->outside);
		want->only = true;
	}
	if (!addr || ct_pool_state(addr) != CT_POOL_ACTIVE)
		return CT_E_NOENT;
	want->start = addr->number;
	return 0;
}

static bool is_in_use(const struct ct_bind *bind, const struct ct_place *place)
{
	union ct_addr addr;

	ct_pool_address(bind->pool, place->address, &addr);
	return ct_pool_in_use(bind->pool, bind->name.l4, &addr, place->id);
}

/* An id that the host does not use itself. */
static int take_any(const struct ct_bind *bind, struct ct_want *want,
		    struct ct_place *place)
{
	struct ct_nat_pool *pool = bind->pool;
	const bool blocks = pool->cfg.block_ids && !want->only;
	struct ct_place aside[ASIDE_MAX];
	unsigned n = 0;
	int error;

	for (;;) {
		error = blocks ? ct_subscriber_take_id(pool, bind->subscriber,
						       want, place)
			       : ct_pool_take(pool, want, place);
		if (error || !is_in_use(bind, place))
			break;
		aside[n++] = *place;
		want->dice = ct_random(want->thr);
		if (n < ASIDE_MAX)
			continue;
		error = CT_E_FULL;
		break;
	}
	while (n)
		ct_pool_give(pool, bind->slot, &aside[--n], bind->unit);
	return error;
}

static int take_place(const struct ct_bind *bind,
		      const struct ct_nat_static *is, struct ct_place *place)
{
	struct ct_nat_pool *pool = bind->pool;
	struct ct_want want = {
		.thr = bind->pick.thr,
		.slot = bind->slot,
		.owner = bind->unit,
		.inside = ntohs(is->inside_id),
		.dice = ct_bind_dice(bind),
		.holder = ct_binding_holder(pool, &is->inside, is->zone),
	};
	int error = start_at(bind, is, &want);

	if (error)
		return error;
	if (!is->outside_id)
		return take_any(bind, &want, place);
	place->address = want.start;
	place->id = ntohs(is->outside_id);
	if (place->id < pool->cfg.min_id || place->id > pool->cfg.max_id)
		return CT_E_INVAL;
	if (is_in_use(bind, place))
		return CT_E_EXIST;
	return ct_pool_take_this(pool, &want, place);
}

/*
 * A mapping of the endpoint's that nobody has yet.
 *
 * => Kept, as it has no connection; or another's, if that was faster: then none
 *    was made.
 */
static int make(struct ct_bind *bind, const struct ct_nat_static *is,
		struct ct_tuple *leave, struct ct_binding_ref *made)
{
	struct ct_place place;
	int error = ct_binding_begin(bind);

	if (error)
		return error;
	error = take_place(bind, is, &place);
	if (error) {
		ct_binding_undo(bind);
		return error;
	}
	*made = (struct ct_binding_ref){ bind->unit, bind->key };
	error = ct_binding_enter(bind, &place, 0, leave);
	if (bind->unit != made->unit)
		made->unit = 0;
	return error;
}

static int open(struct ct_bind *bind, const struct ct_nat_static *is)
{
	const struct ct_nat_pool *pool = bind->pool;
	const struct ct_l4_ops *ops = ct_registry_l4(pool->tbl, is->l4);
	struct ct_tuple from = { .src = is->inside,
				 .src_id = is->inside_id,
				 .l3 = pool->cfg.l3,
				 .l4 = is->l4,
				 .zone = is->zone };

	if (pool->cfg.mapping != CT_NAT_ON_NOTHING || !is->inside_id ||
	    !(ops->flags & CT_L4_NAT_PORTS) || is->lifetime_s > CT_TIMEOUT_MAX)
		return CT_E_INVAL;
	bind->slot = pool->tbl->registry.l4_at[is->l4];
	return ct_binding_name(bind, &from);
}

static void told(struct ct_nat_static *is, const struct ct_tuple *leave)
{
	is->outside = leave->src;
	is->outside_id = leave->src_id;
}

/* => The endpoint has an entry, which is renewed unless that is elsewhere than
 *    wanted: CT_E_EXIST. */
static bool renew(const struct ct_bind *bind, struct ct_nat_static *is,
		  int *error) CT_REQUIRES(bind->pool->lock)
{
	struct ct_static *entry = find(bind->pool, is);
	struct ct_tuple at;

	if (!entry)
		return false;
	at.src = entry->is.outside;
	at.src_id = entry->is.outside_id;
	*error = suits(is, &at) ? 0 : CT_E_EXIST;
	if (!*error) {
		entry->until = until(bind->pick.thr, is->lifetime_s);
		due_again(bind->pool, bind->pick.thr->now);
		told(is, &at);
	}
	return true;
}

/* The entry is that of the endpoint's mapping, which leaves so; => false: the
 * endpoint has another entry by now, or another mapping. */
static bool enlist(struct ct_bind *bind, struct ct_static *entry,
		   const struct ct_tuple *leave) CT_REQUIRES(bind->pool->lock)
{
	struct ct_nat_pool *pool = bind->pool;

	if (find(pool, &entry->is) ||
	    !ct_binding_fasten(bind, leave, &entry->address))
		return false;
	told(&entry->is, leave);
	entry->ref = (struct ct_binding_ref){ bind->unit, bind->key };
	entry->until = until(bind->pick.thr, entry->is.lifetime_s);
	entry->next = pool->statics;
	pool->statics = entry;
	due_again(pool, bind->pick.thr->now);
	return true;
}

/* => The entry is listed, and others' to end; or *error says why it is not, 0:
 *    the one that the endpoint has was renewed.  Says where that is. */
static bool add(struct ct_bind *bind, struct ct_static *entry,
		struct ct_nat_static *is, int *error)
{
	struct ct_nat_pool *pool = bind->pool;
	struct ct_binding_ref made;
	struct ct_tuple leave;
	bool is_done;

	for (;;) {
		made.unit = 0;
		leave = bind->name;
		ct_spin_lock(&pool->lock);
		is_done = renew(bind, is, error);
		ct_spin_unlock(&pool->lock);
		if (is_done)
			return false;
		*error = ct_binding_join(bind, &leave);
		if (*error == CT_E_NOENT)
			*error = make(bind, is, &leave, &made);
		if (!*error && !suits(is, &leave))
			*error = CT_E_EXIST;
		if (*error)
			return false;
		ct_spin_lock(&pool->lock);
		is_done = enlist(bind, entry, &leave);
		ct_spin_unlock(&pool->lock);
		/* What could not be listed ends. */
		if (made.unit)
			ct_binding_forgo(bind->pick.thr, &made);
		if (is_done) {
			told(is, &leave);
			return true;
		}
	}
}

int ct_nat_static_add(struct ct_thread *thr, struct ct_nat_pool *pool,
		      struct ct_nat_static *caller)
{
	struct ct_bind bind = { .pick.thr = thr, .pool = pool };
	struct ct_nat_static is = { .size = sizeof(is) };
	struct ct_static *entry;
	int error = ct_sized_copy(&is, sizeof(is), caller);

	if (!error)
		error = open(&bind, &is);
	if (error)
		return error;
	entry = ct_mem_alloc(&pool->tbl->mem, sizeof(*entry),
			     _Alignof(struct ct_static));
	if (!entry)
		return CT_E_NOMEM;
	entry->is = is;
	if (!add(&bind, entry, &is, &error))
		ct_mem_free(&pool->tbl->mem, entry, sizeof(*entry));
	if (!error) {
		caller->outside = is.outside;
		caller->outside_id = is.outside_id;
	}
	return error;
}

int ct_nat_static_delete(struct ct_thread *thr, struct ct_nat_pool *pool,
			 const struct ct_nat_static *map)
{
	const struct choice choice = { .which = WHICH_INSIDE, .inside = map };

	return end(thr, pool, &choice) ? 0 : CT_E_NOENT;
}

/* What the host gets to see. */
static struct ct_nat_static seen(const struct ct_static *entry, uint32_t now)
{
	struct ct_nat_static is = entry->is;

	is.lifetime_s = 0;
	if (entry->until != CT_TICKS_NEVER)
		is.lifetime_s = ((uint32_t)ct_ticks_until(entry->until, now) +
				 CT_TICKS_PER_S - 1) /
				CT_TICKS_PER_S;
	return is;
}

int ct_nat_static_walk(struct ct_thread *thr, struct ct_nat_pool *pool,
		       ct_nat_static_fn fn, void *user)
{
	const struct ct_static *entry;
	int stop = 0;

	ct_spin_lock(&pool->lock);
	for (entry = pool->statics; entry && !stop; entry = entry->next) {
		const struct ct_nat_static is = seen(entry, thr->now);

		if (entry->until == CT_TICKS_NEVER ||
		    !ct_ticks_passed(entry->until, thr->now))
			stop = fn(user, &is);
	}
	ct_spin_unlock(&pool->lock);
	return stop;
}
