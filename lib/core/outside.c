/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outside.c - by outside address: the connections whose source a range gave it
 */
#include "core/outside.h"

#include "core/head.h"
#include "core/table.h"

#include <string.h>

enum {
	PARTS = 16,      /* of an address */
	SHARE = 8,       /* one head for so many connections */
	HEADS_MIN = 256, /* an address's lists are on lines of their own */
	CONNS = 128      /* ended at once */
};

/* Bit of a link's newer one: its address has gone. */
#define ENDED (1u << 31)

static uint32_t n_heads(const struct ct_table *tbl)
{
	uint32_t n = tbl->max_conns / SHARE;

	return n <= HEADS_MIN ? HEADS_MIN : 1u << (32 - __builtin_clz(n - 1));
}

void ct_outsides_fini(struct ct_table *tbl)
{
	ct_heads_fini(&tbl->mem, &tbl->outsides.heads, n_heads(tbl));
}

uint64_t ct_outsides_bytes(const struct ct_table *tbl)
{
	return ct_heads_bytes(&tbl->outsides.heads, n_heads(tbl));
}

/* --- Which list --------------------------------------------------------- */

/* => An address's first list. */
static uint32_t list_of(const struct ct_table *tbl, uint8_t l3,
			const union ct_addr *addr)
{
	struct ct_tuple t;

	memset(&t, 0, sizeof(t));
	t.src = *addr;
	t.l3 = l3;
	return (uint32_t)ct_hash_wide(&tbl->hash, &t) & (n_heads(tbl) - 1);
}

/* The same for a handle, most of whose connections leave by one address. */
static uint32_t list_for(struct ct_thread *thr, uint8_t l3,
			 const union ct_addr *addr)
{
	struct ct_outside_last *last = &thr->outside;

	if (ct_unlikely(last->l3 != l3 ||
			memcmp(&last->addr, addr, sizeof(*addr)) != 0)) {
		last->l3 = l3;
		last->addr = *addr;
		last->list = list_of(thr->tbl, l3, addr);
	}
	return last->list;
}

static uint32_t index_of(const struct ct_table *tbl, uint32_t list,
			 uint32_t part)
{
	uint32_t heads = n_heads(tbl);

	return (list + part * (heads / PARTS)) & (heads - 1);
}

/* => NULL when nobody has needed it yet. */
static _Atomic uint32_t *head_at(const struct ct_table *tbl, uint32_t list,
				 uint32_t part)
{
	return ct_heads_at(&tbl->outsides.heads, index_of(tbl, list, part));
}

/* => The part of an address's connections that a handle's are in. */
static uint32_t part_of(const struct ct_thread *thr)
{
	return (uint32_t)thr->dice[0] % PARTS;
}

bool ct_outside_room(struct ct_thread *thr, uint8_t l3,
		     const union ct_addr *addr)
{
	struct ct_table *tbl = thr->tbl;

	return ct_heads_make(
		&tbl->mem, &tbl->outsides.heads, n_heads(tbl),
		index_of(tbl, list_for(thr, l3, addr), part_of(thr)));
}

static inline bool is_mark(const struct ct_table *tbl, uint32_t mark)
{
	return mark && !(mark & (CT_LINK_TWO | ((1u << tbl->slab.shift) - 1)));
}

bool ct_outside_is(const struct ct_table *tbl, const struct ct_link *link)
{
	return is_mark(tbl, link->mapping);
}

_Atomic uint32_t *ct_outside_head(struct ct_thread *thr,
				  const struct ct_conn *conn,
				  const struct ct_link *link)
{
	const struct ct_table *tbl = thr->tbl;
	uint32_t part = (link->mapping >> tbl->slab.shift) - 1;
	struct ct_tuple reply;

	if (ct_likely(!(ct_conn_word(conn) & (CT_S_WIDE | CT_S_FAR)))) {
		const struct ct_narrow *narrow = &conn->narrow[CT_DIR_REPLY];
		const union ct_addr addr = { .v6 = { narrow->dst } };

		return head_at(tbl, list_for(thr, narrow->l3, &addr), part);
	}
	ct_conn_tuple(conn, CT_DIR_REPLY, &reply);
	return head_at(tbl, list_for(thr, reply.l3, &reply.dst), part);
}

/* --- A list ------------------------------------------------------------- */

/* ct_conn_first_link(), with IPv4 in line. */
static inline struct ct_link *first_link(struct ct_conn *conn)
{
	if (ct_likely(!(ct_conn_word(conn) & (CT_S_WIDE | CT_S_FAR))))
		return (struct ct_link *)(void *)(conn->keys +
						  sizeof(conn->narrow));
	return ct_conn_first_link(conn);
}

static inline struct ct_link *link_at(const struct ct_table *tbl, uint32_t unit)
{
	struct ct_conn *conn = ct_conn_at(tbl, unit);
	struct ct_link *link = first_link(conn);
	unsigned n;

	/* Its only one, most likely. */
	if (ct_likely(is_mark(tbl, link->mapping)))
		return link;
	link = ct_conn_links(tbl, conn, &n);
	return ct_outside_is(tbl, link) ? link : link + 1;
}

static void set_newer(struct ct_link *link, uint32_t unit)
{
	link->newer = unit | (link->newer & ENDED);
}

void ct_outside_enter(struct ct_thread *thr, struct ct_conn *conn, uint8_t l3,
		      const union ct_addr *addr)
{
	struct ct_table *tbl = thr->tbl;
	uint32_t part = part_of(thr);
	struct ct_link *link = first_link(conn);
	_Atomic uint32_t *head = head_at(tbl, list_for(thr, l3, addr), part);
	uint32_t unit = ct_conn_unit(tbl, conn);
	uint32_t first;

	if (ct_unlikely(link->mapping))
		link = ct_conn_spare_link(tbl, conn);
	link->mapping = (part + 1) << tbl->slab.shift;
	link->newer = 0;
	first = ct_head_lock(head);
	link->older = first;
	if (first)
		set_newer(link_at(tbl, first), unit);
	ct_head_unlock(head, unit);
}

void ct_outside_leave(struct ct_thread *thr, const struct ct_conn *conn,
		      struct ct_link *link)
{
	const struct ct_table *tbl = thr->tbl;
	_Atomic uint32_t *head = ct_outside_head(thr, conn, link);
	uint32_t first = ct_head_lock(head);
	uint32_t newer = link->newer & ~ENDED;

	if (link->older)
		set_newer(link_at(tbl, link->older), newer);
	if (newer)
		link_at(tbl, newer)->older = link->older;
	else
		first = link->older;
	ct_head_unlock(head, first);
}

void ct_outside_confirmed(struct ct_thread *thr, struct ct_conn *conn,
			  const struct ct_link *link)
{
	_Atomic uint32_t *head = ct_outside_head(thr, conn, link);
	uint32_t first = ct_head_lock(head);
	bool ended = link->newer & ENDED;

	ct_head_unlock(head, first);
	if (ct_unlikely(ended))
		ct_conn_kill(thr, conn, CT_R_END_ADDRESS);
}

/* --- An address goes away ----------------------------------------------- */

struct end {
	struct ct_thread *thr;
	const union ct_addr *addr;
	uint8_t l3;
	struct ct_conn *conn[CONNS]; /* known ones, in their order */
	unsigned n;
	_Atomic uint32_t *head;
};

static bool leaves_by(const struct end *end, const struct ct_conn *conn)
{
	struct ct_tuple reply;

	ct_conn_tuple(conn, CT_DIR_REPLY, &reply);
	return reply.l3 == end->l3 &&
	       memcmp(&reply.dst, end->addr, sizeof(reply.dst)) == 0;
}

/*
 * Note known ones of a list, and mark those that are on their way.
 *
 * => From behind the last one that was noted before: as this thread does not
 *    poll meanwhile, what it has seen known is where it was.
 * => How many were looked at.
 */
static uint64_t note(struct end *end)
{
	struct ct_table *tbl = end->thr->tbl;
	uint32_t first = ct_head_lock(end->head);
	uint32_t unit = first;
	uint64_t seen = 0;

	if (end->n)
		unit = link_at(tbl, ct_conn_unit(tbl, end->conn[end->n - 1]))
			       ->older;
	end->n = 0;
	for (; unit && end->n < CONNS; seen++) {
		struct ct_conn *conn = ct_conn_at(tbl, unit);
		struct ct_link *link = link_at(tbl, unit);

		unit = link->older;
		if (!leaves_by(end, conn))
			continue;
		if (ct_conn_known(conn))
			end->conn[end->n++] = conn;
		else
			link->newer |= ENDED;
	}
	ct_head_unlock(end->head, first);
	return seen;
}

void ct_outside_end(struct ct_thread *thr, uint8_t l3,
		    const union ct_addr *addr, struct ct_outside_work *work)
{
	struct ct_table *tbl = thr->tbl;
	struct end end = { .thr = thr, .addr = addr, .l3 = l3 };
	uint32_t list;

	*work = (struct ct_outside_work){ 0, 0 };
	list = list_of(tbl, l3, addr);
	for (uint32_t i = 0; i < PARTS; i++) {
		end.head = head_at(tbl, list, i);
		end.n = 0;
		if (!end.head)
			continue;
		do {
			work->seen += note(&end);
			for (unsigned n = 0; n < end.n; n++)
				work->ended += ct_conn_kill(thr, end.conn[n],
							    CT_R_END_ADDRESS);
		} while (end.n == CONNS);
	}
}

uint64_t ct_outsides_users(struct ct_table *tbl)
{
	uint64_t users = 0;

	for (uint32_t i = 0; i < n_heads(tbl); i++) {
		_Atomic uint32_t *head = ct_heads_at(&tbl->outsides.heads, i);
		uint32_t first;

		if (!head)
			continue;
		first = ct_head_lock(head);
		for (uint32_t unit = first; unit; users++)
			unit = link_at(tbl, unit)->older;
		ct_head_unlock(head, first);
	}
	return users;
}
