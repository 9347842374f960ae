/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reserve.c - ids of a pool that are announced before anybody uses them
 */
#include "nat/reserve.h"

#include "nat/setup.h"
#include "nat/subscriber.h"

#include <arpa/inet.h>
#include <string.h>

/* Ids that are tried: more in a row are somebody else's, or have no partner. */
enum { TRIES = 64, MOST = 2 };

/* --- Whose business it is ----------------------------------------------- */

/* => The mapping of a connection's that is at an external address. */
static const struct ct_mapping *mapping_at(const struct ct_table *tbl,
					   const struct ct_conn *conn,
					   const union ct_addr *outside)
{
	const struct ct_link *link = ct_conn_first_link(conn);
	unsigned n;

	if (!link || !link->mapping)
		return NULL;
	link = ct_conn_links(tbl, conn, &n);
	for (unsigned i = 0; i < n; i++) {
		const struct ct_mapping *map;
		union ct_addr addr;

		if (ct_outside_is(tbl, &link[i]))
			continue;
		map = ct_binding_at(tbl, link[i].mapping);
		ct_pool_address(ct_pool_of(tbl, map->pool), map->address,
				&addr);
		if (memcmp(&addr, outside, sizeof(addr)) == 0)
			return map;
	}
	return NULL;
}

/* What was announced is found by the endpoint and, if that counts, the peer's
 * address: its port is not known yet.  What is set aside of overloaded ids is
 * the endpoint's whoever the peer is. */
static int name(struct ct_bind *bind, struct ct_tuple *from)
{
	from->dst_id = 0;
	bind->slot = bind->pool->tbl->registry.l4_at[from->l4];
	return ct_pool_overloads(bind->pool) ? ct_binding_name_alone(bind, from)
					     : ct_binding_name(bind, from);
}

/* => CT_E_NOENT: its ids are not one's own. */
static int open(struct ct_bind *bind, const struct ct_mapping *of,
		const struct ct_expect_def *def)
{
	const struct ct_l4_ops *ops =
		ct_registry_l4(bind->pool->tbl, def->tuple.l4);
	static const union ct_addr none;
	struct ct_tuple from = {
		.src = memcmp(&def->nat_addr, &none, sizeof(none))
			       ? def->nat_addr
			       : of->inside,
		.src_id = def->nat_id,
		.dst = def->tuple.src,
		.l3 = def->tuple.l3,
		.l4 = def->tuple.l4,
		.zone = of->zone,
	};

	if (!(ops->flags & CT_L4_NAT_PORTS) || from.l3 != bind->pool->cfg.l3)
		return CT_E_NOENT;
	return name(bind, &from);
}

/* --- Kept --------------------------------------------------------------- */

/* The mapping that the endpoint has, if it has one, is kept; => its id. */
static int keep(struct ct_bind *bind, uint32_t address, uint32_t *id)
{
	struct ct_table *tbl = bind->pool->tbl;
	struct ct_tuple leave = bind->name;
	struct ct_binding_ref ref;
	struct ct_mapping *map;
	uint32_t first;
	int error = ct_binding_join(bind, &leave);

	if (error)
		return error;
	ref = (struct ct_binding_ref){ bind->unit, bind->key };
	map = ct_binding_lock(tbl, &ref, &first);
	if (!map)
		return CT_E_NOENT; /* it has just ended */
	if (map->address != address)
		error = CT_E_FULL;
	else
		map->n_kept++;
	*id = ntohs(map->outside_id);
	ct_binding_unlock(tbl, &ref, first);
	return error;
}

void ct_reserve_end(struct ct_thread *thr, uint32_t unit, uint64_t key)
{
	const struct ct_binding_ref ref = { unit, key };

	ct_binding_forgo(thr, &ref);
}

/* --- Made --------------------------------------------------------------- */

/* A mapping that nobody finds yet, and no id. */
static int begin(struct ct_bind *bind)
{
	int error = ct_binding_begin(bind);

	return error == CT_E_FULL ? CT_E_REFUSED : error;
}

/* Some id of the address, for one moment: which is free. */
static int look(const struct ct_bind *bind, uint32_t address,
		struct ct_place *place)
{
	struct ct_nat_pool *pool = bind->pool;
	struct ct_want want = { .thr = bind->pick.thr,
				.slot = bind->slot,
				.owner = bind->unit,
				.start = address,
				.inside = ntohs(bind->name.src_id),
				.dice = ct_random(bind->pick.thr),
				.only = true };
	int error;

	if (pool->first_id > pool->cfg.max_id)
		return CT_E_FULL;
	error = pool->cfg.block_ids
			? ct_subscriber_take_id(pool, bind->subscriber, &want,
						place)
			: ct_pool_take(pool, &want, place);
	if (error)
		return error;
	ct_pool_give(pool, bind->slot, place, bind->unit);
	/* Another address than the master's is of no use. */
	return place->address == address ? 0 : CT_E_FULL;
}

static bool same_block(const struct ct_nat_pool *pool, uint32_t a, uint32_t b)
{
	uint32_t len = pool->cfg.block_ids;

	return !len ||
	       (a - pool->cfg.min_id) / len == (b - pool->cfg.min_id) / len;
}

/* => This id is the bind's; false: it is taken, or a socket's. */
static bool take(const struct ct_bind *bind, const struct ct_place *place)
{
	const struct ct_want want = {
		.thr = bind->pick.thr,
		.slot = bind->slot,
		.owner = bind->unit,
		.holder = ct_binding_holder(bind->pool, &bind->name.src,
					    bind->name.zone),
	};
	union ct_addr addr;

	if (place->id < bind->pool->first_id ||
	    place->id > bind->pool->cfg.max_id)
		return false;
	ct_pool_address(bind->pool, place->address, &addr);
	return !ct_pool_in_use(bind->pool, bind->name.l4, &addr, place->id) &&
	       !ct_pool_take_this(bind->pool, &want, place);
}

/* => Two places make such a row, which one subscriber may have. */
static bool fits(const struct ct_nat_pool *pool, enum ct_row row,
		 const struct ct_place place[MOST])
{
	return place[1].id == place[0].id + 1 &&
	       (row != CT_ROW_PAIR || place[0].id % 2 == 0) &&
	       same_block(pool, place[0].id, place[1].id);
}

/* Ids for all of a row. */
static int take_all(const struct ct_bind *bind, enum ct_row row,
		    uint32_t address, struct ct_place *place)
{
	for (unsigned tries = TRIES; tries--;) {
		int error = look(bind, address, &place[0]);

		if (error)
			return error;
		if (row == CT_ROW_PAIR)
			place[0].id &= ~1u;
		place[1] = place[0];
		place[1].id++;
		if ((row != CT_ROW_ONE && !fits(bind->pool, row, place)) ||
		    !take(&bind[0], &place[0]))
			continue;
		if (row == CT_ROW_ONE || take(&bind[1], &place[1]))
			return 0;
		ct_pool_give(bind->pool, bind->slot, &place[0], bind->unit);
	}
	return CT_E_FULL;
}

/* They have a place: everybody finds them.  => CT_E_NOENT: somebody else made
 * one meanwhile. */
static int enter(struct ct_bind *bind, const struct ct_place *place)
{
	struct ct_tuple leave = bind->name;
	uint32_t unit = bind->unit;
	int error = ct_binding_enter(bind, place, 0, &leave);

	return !error && bind->unit != unit ? CT_E_NOENT : error;
}

/* => As ct_reserve(); none of the row had a mapping. */
static int make(struct ct_bind *bind, enum ct_row row, uint32_t address,
		struct ct_place *place)
{
	const unsigned n = ct_row_len(row);
	int error = begin(&bind[0]);

	if (error)
		return error;
	if (n == MOST)
		error = begin(&bind[1]);
	if (error) {
		ct_binding_undo(&bind[0]);
		return error;
	}
	error = take_all(bind, row, address, place);
	for (unsigned i = 0; error && i < n; i++)
		ct_binding_undo(&bind[i]);
	if (error)
		return error;
	error = enter(&bind[0], &place[0]);
	if (n == MOST && error) {
		ct_pool_give(bind->pool, bind->slot, &place[1], bind[1].unit);
		ct_binding_undo(&bind[1]);
	} else if (n == MOST) {
		error = enter(&bind[1], &place[1]);
		if (error)
			ct_reserve_end(bind->pick.thr, bind[0].unit,
				       bind[0].key);
	}
	return error;
}

/* The other one of two has its mapping already. */
static int make_beside(struct ct_bind *bind, const struct ct_place *place)
{
	int error = begin(bind);

	if (error)
		return error;
	if (take(bind, place))
		return enter(bind, place);
	ct_binding_undo(bind);
	return CT_E_FULL;
}

/* Which of a row have a mapping, a bit for each; it is kept. */
static int keep_all(struct ct_bind *bind, enum ct_row row, uint32_t address,
		    struct ct_place *place, unsigned *kept)
{
	int error = 0;

	for (unsigned i = 0; i < ct_row_len(row) && !error; i++) {
		place[i].address = address;
		error = keep(&bind[i], address, &place[i].id);
		if (!error)
			*kept |= 1u << i;
		else if (error == CT_E_NOENT)
			error = 0;
	}
	return error;
}

/* What is there already is kept, what is not is made. => CT_E_NOENT: try once
 * more. */
static int have(struct ct_bind *bind, enum ct_row row, uint32_t address,
		struct ct_place *place)
{
	const unsigned all = (1u << ct_row_len(row)) - 1;
	unsigned kept = 0;
	int error = keep_all(bind, row, address, place, &kept);

	if (!error && !kept)
		return make(bind, row, address, place);
	if (!error && kept == 1 && kept != all)
		place[1].id = place[0].id + 1;
	else if (!error && kept == 2)
		place[0].id = place[1].id - 1;
	if (!error && row != CT_ROW_ONE && !fits(bind->pool, row, place))
		error = CT_E_FULL;
	if (!error && kept != all) {
		unsigned other = kept == 1 ? 1 : 0;

		error = make_beside(&bind[other], &place[other]);
	}
	for (unsigned i = 0; error && i < ct_row_len(row); i++)
		if (kept >> i & 1)
			ct_reserve_end(bind->pick.thr, bind[i].unit,
				       bind[i].key);
	return error;
}

static int refused(struct ct_thread *thr, int error)
{
	if (error == CT_E_NOMEM)
		return error;
	ct_count(thr,
		 error == CT_E_REFUSED ? CT_R_NAT_QUOTA : CT_R_NAT_EXHAUSTED);
	return CT_E_FULL;
}

int ct_reserve(struct ct_thread *thr, const struct ct_conn *master,
	       struct ct_expect_def *def, enum ct_row row,
	       struct ct_binding_ref *ref)
{
	enum { RACES = 4 }; /* others make or end the same one meanwhile */
	const struct ct_mapping *of =
		mapping_at(thr->tbl, master, &def->tuple.dst);
	const unsigned n = ct_row_len(row);
	struct ct_bind bind[MOST] = { { .pick.thr = thr },
				      { .pick.thr = thr } };
	struct ct_place place[MOST];
	int error = of ? 0 : CT_E_NOENT;

	for (unsigned i = 0; !error && i < n; i++) {
		bind[i].pool = ct_pool_of(thr->tbl, of->pool);
		error = open(&bind[i], of, &def[i]);
	}
	if (error)
		return error;
	error = CT_E_NOENT;
	for (unsigned i = 0; error == CT_E_NOENT && i < RACES; i++)
		error = have(bind, row, of->address, place);
	if (error)
		return refused(thr, error);
	for (unsigned i = 0; i < n; i++) {
		ref[i] = (struct ct_binding_ref){ bind[i].unit, bind[i].key };
		def[i].tuple.dst_id = htons((uint16_t)place[i].id);
	}
	return 0;
}

/* --- Met ---------------------------------------------------------------- */

/* => CT_R_NONE, or why it does not; gone: if the mapping has ended. */
static enum ct_reason use(struct ct_thread *thr, struct ct_conn *conn,
			  const struct ct_binding_ref *ref, enum ct_reason gone)
{
	struct ct_table *tbl = thr->tbl;
	struct ct_nat_pool *pool;
	struct ct_mapping *map;
	uint32_t first;
	bool good;

	if (!ct_binding_room(thr, conn))
		return CT_R_NO_MEMORY;
	map = ct_binding_lock(tbl, ref, &first);
	if (!map)
		return gone;
	pool = ct_pool_of(tbl, map->pool);
	good = !map->subscriber || !ct_subscribers_count(pool) ||
	       !ct_subscriber_open(thr, pool, map->subscriber);
	if (good)
		ct_binding_link(tbl, ref->unit, conn);
	ct_binding_unlock(tbl, ref, first);
	return good ? CT_R_NONE : CT_R_NAT_QUOTA;
}

bool ct_reserve_meet(struct ct_thread *thr, struct ct_pkt *pkt,
		     const struct ct_expect *exp)
{
	const struct ct_binding_ref ref = { exp->mapping, exp->mapping_key };
	enum ct_reason refused;

	refused = ref.unit ? use(thr, pkt->conn, &ref, CT_R_NONE) : CT_R_NONE;
	if (refused != CT_R_NONE)
		ct_nat_tell(thr, pkt, refused);
	return refused == CT_R_NONE;
}

/* => The mapping that a connection's inside end has, if its packets leave as
 *    that. */
static bool leaves_as_its_own(struct ct_thread *thr, const struct ct_conn *conn,
			      const struct ct_conn *master,
			      struct ct_binding_ref *ref)
{
	struct ct_bind bind = { .pick.thr = thr };
	struct ct_tuple from, reply, leave;
	const struct ct_mapping *of;

	ct_conn_tuple(conn, CT_DIR_ORIG, &from);
	ct_conn_tuple(conn, CT_DIR_REPLY, &reply);
	of = mapping_at(thr->tbl, master, &reply.dst);
	if (!of)
		return false;
	bind.pool = ct_pool_of(thr->tbl, of->pool);
	from.zone = of->zone;
	from.dst = reply.src;
	leave = from;
	if (name(&bind, &from) || ct_binding_join(&bind, &leave))
		return false;
	*ref = (struct ct_binding_ref){ bind.unit, bind.key };
	return leave.src_id == reply.dst_id &&
	       memcmp(&leave.src, &reply.dst, sizeof(leave.src)) == 0;
}

enum ct_reason ct_reserve_source(struct ct_thread *thr, struct ct_conn *conn,
				 const struct ct_conn *master)
{
	struct ct_binding_ref ref;

	if (!leaves_as_its_own(thr, conn, master, &ref) ||
	    ct_binding_has(thr->tbl, conn, ref.unit))
		return CT_R_NONE;
	/* With what it has met it would have three links, and there is room
	 * for two. */
	ct_conn_leave_range(thr, conn);
	return use(thr, conn, &ref, CT_R_NAT_EXHAUSTED);
}
