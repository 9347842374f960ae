/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * binding.c - mappings of pools: who uses them, and how they end
 */
#include "nat/binding.h"

#include "core/head.h"
#include "core/reply.h"
#include "core/table.h"
#include "nat/claim.h"
#include "nat/report.h"
#include "nat/subscriber.h"

#include <arpa/inet.h>
#include <string.h>

static uint32_t slot_of(const struct ct_table *tbl, uint8_t l4)
{
	return tbl->registry.l4_at[l4];
}

/* --- A chain ------------------------------------------------------------ */

static bool has_name(const struct ct_mapping *map, const struct ct_bind *bind)
{
	const struct ct_tuple *name = &bind->name;

	return map->pool == bind->pool->number && map->key == bind->key &&
	       map->inside_id == name->src_id && map->l4 == name->l4 &&
	       map->zone == name->zone &&
	       memcmp(&map->inside, &name->src, sizeof(map->inside)) == 0;
}

/* => Its address was taken away: its endpoint may have another mapping. */
static bool is_past(const struct ct_nat_pool *pool,
		    const struct ct_mapping *map)
{
	return ct_pool_state(ct_pool_at(pool, map->address)) == CT_POOL_REMOVED;
}

static uint32_t find(const struct ct_bind *bind, uint32_t unit)
{
	const struct ct_mapping *map;

	for (; unit; unit = map->next) {
		map = ct_binding_at(bind->pool->tbl, unit);
		if (has_name(map, bind) && !is_past(bind->pool, map))
			break;
	}
	return unit;
}

static void take_out(const struct ct_table *tbl, uint32_t *first, uint32_t unit)
{
	uint32_t *link = first;

	while (*link != unit)
		link = &ct_binding_at(tbl, *link)->next;
	*link = ct_binding_at(tbl, unit)->next;
}

struct ct_mapping *ct_binding_lock(struct ct_table *tbl,
				   const struct ct_binding_ref *ref,
				   uint32_t *first)
{
	_Atomic uint32_t *head = ct_mappings_head(tbl, ref->key);
	uint32_t unit;

	*first = ct_head_lock(head);
	for (unit = *first; unit && unit != ref->unit;)
		unit = ct_binding_at(tbl, unit)->next;
	if (!unit)
		ct_head_unlock(head, *first);
	return ct_binding_at(tbl, unit);
}

void ct_binding_unlock(struct ct_table *tbl, const struct ct_binding_ref *ref,
		       uint32_t first)
{
	ct_head_unlock(ct_mappings_head(tbl, ref->key), first);
}

/* --- Its beginning ------------------------------------------------------ */

/* The connection uses it, unless a quota forbids that; under the lock. */
static int use(struct ct_bind *bind, uint32_t unit, struct ct_tuple *leave)
{
	struct ct_nat_pool *pool = bind->pool;
	const struct ct_mapping *map = ct_binding_at(pool->tbl, unit);

	ct_pool_address(pool, map->address, &leave->src);
	leave->src_id = map->outside_id;
	/* A packet that an endpoint sends to itself has the mapping already. */
	if (!bind->conn || ct_binding_has(pool->tbl, bind->conn, unit))
		return 0;
	if (map->subscriber && ct_subscribers_count(pool)) {
		bind->quota = ct_subscriber_open(bind->pick.thr, pool,
						 map->subscriber);
		if (bind->quota)
			return CT_E_REFUSED;
	}
	ct_binding_link(pool->tbl, unit, bind->conn);
	return 0;
}

int ct_binding_join(struct ct_bind *bind, struct ct_tuple *leave)
{
	uint32_t first = ct_head_lock(bind->head);
	uint32_t unit = find(bind, first);
	int error = CT_E_NOENT;

	if (unit)
		error = use(bind, unit, leave);
	if (!error)
		bind->unit = unit;
	ct_head_unlock(bind->head, first);
	return error;
}

uint32_t ct_binding_make(struct ct_bind *bind)
{
	struct ct_thread *thr = bind->pick.thr;
	const struct ct_tuple *name = &bind->name;
	struct ct_slab *slab = &thr->tbl->slab;

	bind->unit =
		ct_slab_alloc(slab, &thr->magazine[CT_SLAB_NAT], CT_SLAB_NAT);
	if (bind->unit)
		*ct_binding_at(thr->tbl, bind->unit) = (struct ct_mapping){
			.inside = name->src,
			.subscriber = bind->subscriber,
			.inside_id = name->src_id,
			.l3 = name->l3,
			.l4 = name->l4,
			.zone = name->zone,
			.pool = bind->pool->number,
			.key = bind->key,
		};
	return bind->unit;
}

void ct_binding_unmake(struct ct_bind *bind)
{
	struct ct_thread *thr = bind->pick.thr;

	ct_slab_free(&thr->tbl->slab, &thr->magazine[CT_SLAB_NAT], CT_SLAB_NAT,
		     bind->unit);
	bind->unit = 0;
}

int ct_binding_begin(struct ct_bind *bind)
{
	struct ct_nat_pool *pool = bind->pool;
	struct ct_thread *thr = bind->pick.thr;
	int error = 0;

	if (ct_subscribers_wanted(pool))
		error = ct_subscriber_take(
			thr, pool, &bind->name,
			ct_subscriber_hash(pool, &bind->name),
			&bind->subscriber);
	if (error)
		return error;
	if (ct_binding_make(bind)) {
		ct_binding_at(pool->tbl, bind->unit)->n_kept = 1;
		return 0;
	}
	if (bind->subscriber)
		ct_subscriber_put(thr, pool, bind->subscriber);
	return CT_E_NOMEM;
}

void ct_binding_undo(struct ct_bind *bind)
{
	ct_binding_unmake(bind);
	if (bind->subscriber)
		ct_subscriber_put(bind->pick.thr, bind->pool, bind->subscriber);
}

static struct ct_pool_list *list_of(const struct ct_nat_pool *pool,
				    const struct ct_mapping *map)
{
	const struct ct_pool_addr *addr = ct_pool_at(pool, map->address);
	uint32_t slot = slot_of(pool->tbl, map->l4);

	return &atomic_load_explicit(&addr->lists[slot], memory_order_acquire)
			->list[map->list];
}

static void count(_Atomic uint64_t *counter, int by)
{
	/* release; pairs with the acquire in lists_unused() */
	atomic_store_explicit(
		counter,
		atomic_load_explicit(counter, memory_order_relaxed) +
			(uint64_t)by,
		memory_order_release);
}

void ct_binding_enlist(const struct ct_nat_pool *pool, uint32_t unit)
{
	const struct ct_table *tbl = pool->tbl;
	struct ct_mapping *map = ct_binding_at(tbl, unit);
	struct ct_pool_list *list = list_of(pool, map);

	ct_spin_lock(&list->lock);
	map->newer = 0;
	map->older = list->first;
	if (list->first)
		ct_binding_at(tbl, list->first)->newer = unit;
	list->first = unit;
	count(&list->n, 1);
	count(&list->made, 1);
	ct_spin_unlock(&list->lock);
}

static void take_from_list(const struct ct_nat_pool *pool, uint32_t unit)
{
	const struct ct_table *tbl = pool->tbl;
	struct ct_mapping *map = ct_binding_at(tbl, unit);
	struct ct_pool_list *list = list_of(pool, map);

	ct_spin_lock(&list->lock);
	if (map->older)
		ct_binding_at(tbl, map->older)->newer = map->newer;
	if (map->newer)
		ct_binding_at(tbl, map->newer)->older = map->older;
	else
		list->first = map->older;
	count(&list->n, -1);
	ct_spin_unlock(&list->lock);
}

/* Another thread was faster: what this one has taken goes back. */
static void yield(struct ct_bind *bind, const struct ct_place *place,
		  uint16_t flags)
{
	if (flags & CT_BINDING_LISTED)
		ct_claim_end(bind->pick.thr, bind->pool, bind->unit);
	else
		ct_pool_give(bind->pool, bind->slot, place, bind->unit);
	ct_binding_unmake(bind);
	if (bind->subscriber)
		ct_subscriber_put(bind->pick.thr, bind->pool, bind->subscriber);
	bind->subscriber = 0;
}

int ct_binding_enter(struct ct_bind *bind, const struct ct_place *place,
		     uint16_t flags, struct ct_tuple *leave)
{
	struct ct_mapping *map = ct_binding_at(bind->pool->tbl, bind->unit);
	uint32_t first, other;
	int error;

	map->address = (uint16_t)place->address;
	map->outside_id = htons((uint16_t)place->id);
	map->flags = flags;
	map->list = ct_binding_list_of(bind->pick.thr);
	first = ct_head_lock(bind->head);
	other = find(bind, first);
	error = use(bind, other ? other : bind->unit, leave);
	if (!error && !other) {
		map->next = first;
		first = bind->unit;
	}
	ct_head_unlock(bind->head, first);
	if (error || other) {
		yield(bind, place, flags);
		bind->unit = other;
		return error;
	}
	if (flags & CT_BINDING_LISTED)
		ct_binding_enlist(bind->pool, bind->unit);
	if (bind->subscriber)
		ct_subscriber_pair(bind->pick.thr, bind->pool, bind->subscriber,
				   place->address);
	ct_report_mapping(bind->pick.thr, CT_NAT_EV_MAPPING, map, NULL);
	return 0;
}

/* --- Its end ------------------------------------------------------------ */

uint32_t ct_binding_holder(const struct ct_nat_pool *pool,
			   const union ct_addr *inside, uint16_t zone)
{
	const struct ct_tuple t = { .src = *inside, .zone = zone };

	return (uint32_t)ct_subscriber_hash(pool, &t);
}

/* Its id goes back, and is its subscriber's for as long as it is held. */
static void retire(struct ct_thread *thr, struct ct_nat_pool *pool,
		   const struct ct_mapping *map, uint32_t unit)
{
	const struct ct_place place = { map->address, ntohs(map->outside_id) };
	struct ct_want want = { .thr = thr,
				.slot = slot_of(pool->tbl, map->l4),
				.owner = unit };

	if (ct_unlikely(pool->hold))
		want.holder = ct_binding_holder(pool, &map->inside, map->zone);
	ct_pool_retire(pool, &want, &place);
}

void ct_binding_release(struct ct_thread *thr, uint32_t unit)
{
	struct ct_table *tbl = thr->tbl;
	const struct ct_mapping *map = ct_binding_at(tbl, unit);
	struct ct_nat_pool *pool = ct_pool_of(tbl, map->pool);

	/* Before another can have its id. */
	if (ct_unlikely(ct_report_wanted(pool, CT_NAT_EV_MAPPING_END)) &&
	    !(map->flags & CT_BINDING_LOST))
		ct_report_mapping(thr, CT_NAT_EV_MAPPING_END, map, NULL);
	if (map->flags & CT_BINDING_LISTED)
		take_from_list(pool, unit);
	else
		retire(thr, pool, map, unit);
	if (map->subscriber)
		ct_subscriber_put(thr, pool, map->subscriber);
	ct_slab_free(&tbl->slab, &thr->magazine[CT_SLAB_NAT], CT_SLAB_NAT,
		     unit);
}

/* The other end of a connection, as its mapping sees it. */
static void peer_of(const struct ct_conn *conn, const struct ct_mapping *map,
		    struct ct_tuple *peer)
{
	struct ct_tuple orig, reply;

	ct_conn_tuple(conn, CT_DIR_ORIG, &orig);
	ct_conn_tuple(conn, CT_DIR_REPLY, &reply);
	*peer = orig;
	if (orig.src_id == map->inside_id &&
	    memcmp(&orig.src, &map->inside, sizeof(orig.src)) == 0) {
		peer->dst = reply.src;
		peer->dst_id = reply.src_id;
	} else {
		peer->dst = orig.src;
		peer->dst_id = orig.src_id;
	}
}

static ct_noinline void tell_session(struct ct_thread *thr,
				     enum ct_nat_event_kind kind,
				     const struct ct_mapping *map,
				     const struct ct_conn *conn)
{
	struct ct_tuple peer;

	peer_of(conn, map, &peer);
	ct_report_mapping(thr, kind, map, &peer);
}

/* => A mapping whose last connection this was may have a claim still. */
static bool has_claim(const struct ct_nat_pool *pool,
		      const struct ct_mapping *map, const struct ct_conn *conn)
{
	return (map->flags & CT_BINDING_LISTED) &&
	       (!(ct_conn_word(conn) & CT_S_CONFIRMED) ||
		ct_claim_lasts(pool, map->l4));
}

/* => Another has its id, and its end was told. */
static bool is_lost(_Atomic uint32_t *head, const struct ct_mapping *map)
{
	uint32_t first = ct_head_lock(head);
	bool lost = map->flags & CT_BINDING_LOST;

	ct_head_unlock(head, first);
	return lost;
}

static void leave_one(struct ct_thread *thr, const struct ct_conn *conn,
		      const struct ct_link *link)
{
	struct ct_table *tbl = thr->tbl;
	uint32_t unit = link->mapping;
	struct ct_mapping *map = ct_binding_at(tbl, unit);
	struct ct_nat_pool *pool = ct_pool_of(tbl, map->pool);
	_Atomic uint32_t *head = ct_mappings_head(tbl, map->key);
	uint32_t first;
	bool last;

	/* The mapping is there as long as it has this connection. */
	if (ct_unlikely(ct_report_wanted(pool, CT_NAT_EV_SESSION_END)) &&
	    (ct_conn_word(conn) & CT_S_CONFIRMED) && !is_lost(head, map))
		tell_session(thr, CT_NAT_EV_SESSION_END, map, conn);
	if (map->subscriber && ct_subscribers_count(pool))
		ct_subscriber_close(pool, map->subscriber);
	first = ct_head_lock(head);
	ct_binding_unlink(tbl, unit, link);
	last = !map->n_conns && !ct_binding_is_kept(map);
	if (last && !(map->flags & CT_BINDING_LOST))
		take_out(tbl, &first, unit);
	ct_head_unlock(head, first);
	if (!last)
		return;
	if (has_claim(pool, map, conn))
		ct_claim_end(thr, pool, unit);
	ct_binding_release(thr, unit);
}

void ct_binding_leave(struct ct_thread *thr, struct ct_conn *conn)
{
	struct ct_link *first = ct_conn_first_link(conn);
	uint32_t two = first->mapping;
	struct ct_link *link;
	unsigned n;

	link = ct_conn_links(thr->tbl, conn, &n);
	for (unsigned i = 0; i < n; i++)
		if (!ct_outside_is(thr->tbl, &link[i]))
			leave_one(thr, conn, &link[i]);
	if (two & CT_LINK_TWO)
		ct_slab_free(&thr->tbl->slab, &thr->magazine[CT_SLAB_NAT],
			     CT_SLAB_NAT, two & ~CT_LINK_TWO);
}

/* Who gets its id is told of next: so its own end comes before. */
static void tell_lost(struct ct_thread *thr, const struct ct_mapping *map)
{
	const struct ct_nat_pool *pool = ct_pool_of(thr->tbl, map->pool);

	if (map->first && ct_report_wanted(pool, CT_NAT_EV_SESSION_END))
		tell_session(thr, CT_NAT_EV_SESSION_END, map,
			     ct_conn_at(thr->tbl, map->first));
	ct_report_mapping(thr, CT_NAT_EV_MAPPING_END, map, NULL);
}

bool ct_binding_disown(struct ct_thread *thr, const struct ct_binding_ref *ref)
{
	struct ct_table *tbl = thr->tbl;
	struct ct_mapping *map;
	uint32_t first;
	bool alone;

	map = ct_binding_lock(tbl, ref, &first);
	if (!map)
		return false;
	alone = map->n_conns == 1 && !ct_binding_is_kept(map);
	if (alone) {
		take_out(tbl, &first, ref->unit);
		map->flags |= CT_BINDING_LOST;
	}
	ct_binding_unlock(tbl, ref, first);
	/* Its connection has ended, but is there until this thread polls. */
	if (alone)
		tell_lost(thr, map);
	return alone;
}

static bool leaves_as(const struct ct_nat_pool *pool,
		      const struct ct_mapping *map,
		      const struct ct_tuple *leave)
{
	union ct_addr addr;

	ct_pool_address(pool, map->address, &addr);
	return map->outside_id == leave->src_id &&
	       memcmp(&addr, &leave->src, sizeof(addr)) == 0;
}

bool ct_binding_fasten(struct ct_bind *bind, const struct ct_tuple *leave,
		       uint32_t *address)
{
	uint32_t first = ct_head_lock(bind->head);
	struct ct_mapping *map;
	bool same;

	bind->unit = find(bind, first);
	map = ct_binding_at(bind->pool->tbl, bind->unit);
	same = map && leaves_as(bind->pool, map, leave);
	if (same) {
		map->flags |= CT_BINDING_STATIC;
		*address = map->address;
	}
	ct_head_unlock(bind->head, first);
	return same;
}

/* Who kept it does so no longer, under its lock; => that was its end. */
static bool unlock_kept(struct ct_table *tbl, const struct ct_binding_ref *ref,
			uint32_t first)
{
	const struct ct_mapping *map = ct_binding_at(tbl, ref->unit);
	bool last = !map->n_conns && !ct_binding_is_kept(map);

	if (last)
		take_out(tbl, &first, ref->unit);
	ct_binding_unlock(tbl, ref, first);
	return last;
}

bool ct_binding_loosen(struct ct_table *tbl, const struct ct_binding_ref *ref)
{
	struct ct_mapping *map;
	uint32_t first;

	map = ct_binding_lock(tbl, ref, &first);
	if (!map)
		return false;
	map->flags &= (uint16_t)~CT_BINDING_STATIC;
	return unlock_kept(tbl, ref, first);
}

void ct_binding_forgo(struct ct_thread *thr, const struct ct_binding_ref *ref)
{
	struct ct_mapping *map;
	uint32_t first;

	map = ct_binding_lock(thr->tbl, ref, &first);
	if (!map)
		return;
	map->n_kept--;
	if (unlock_kept(thr->tbl, ref, first))
		ct_binding_release(thr, ref->unit);
}

/* --- Confirmed ---------------------------------------------------------- */

/* => Its address has been taken away. */
static bool confirm_one(struct ct_thread *thr, const struct ct_conn *conn,
			const struct ct_link *link)
{
	const struct ct_mapping *map = ct_binding_at(thr->tbl, link->mapping);
	struct ct_nat_pool *pool = ct_pool_of(thr->tbl, map->pool);

	/* The table knows what was claimed until now. */
	if ((map->flags & CT_BINDING_LISTED) && !ct_claim_lasts(pool, map->l4))
		ct_claim_end(thr, pool, link->mapping);
	if (ct_unlikely(ct_report_wanted(pool, CT_NAT_EV_SESSION)))
		tell_session(thr, CT_NAT_EV_SESSION, map, conn);
	/* seq_cst: after ct_buckets_publish() has made the connection known;
	 * who takes the address away looks for connections after he has said
	 * so, with a fence between.  One of the two sees the other. */
	return atomic_load_explicit(&ct_pool_at(pool, map->address)->state,
				    memory_order_seq_cst) == CT_POOL_REMOVED;
}

/* A hairpin, or what has a far tuple. */
static ct_noinline void confirm_all(struct ct_thread *thr, struct ct_conn *conn)
{
	const struct ct_link *link;
	bool removed = false;
	unsigned n;

	link = ct_conn_links(thr->tbl, conn, &n);
	for (unsigned i = 0; i < n; i++)
		if (ct_outside_is(thr->tbl, &link[i]))
			ct_outside_confirmed(thr, conn, &link[i]);
		else
			removed |= confirm_one(thr, conn, &link[i]);
	if (removed)
		ct_conn_kill(thr, conn, CT_R_END_ADDRESS);
}

void ct_binding_confirmed(struct ct_thread *thr, struct ct_conn *conn)
{
	const struct ct_link *link = ct_conn_first_link(conn);

	if (!link || !link->mapping)
		return; /* a range, and of the destination alone */
	if (ct_unlikely((link->mapping & CT_LINK_TWO) ||
			(ct_conn_word(conn) & CT_S_FAR))) {
		confirm_all(thr, conn);
	} else if (ct_outside_is(thr->tbl, link)) {
		ct_outside_confirmed(thr, conn, link);
	} else if (ct_unlikely(confirm_one(thr, conn, link))) {
		ct_conn_kill(thr, conn, CT_R_END_ADDRESS);
	}
}
