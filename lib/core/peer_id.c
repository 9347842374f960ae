/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer_id.c - ids that packets do not tell, as a helper has heard them
 */
#include "core/peer_id.h"

#include "core/head.h"
#include "core/table.h"

/* Calls are few, and each has two. */
enum { HEADS = 1024 };

struct peer_id {
	uint32_t next; /* L  unit, or 0 */
	uint32_t reserved;
	struct ct_tuple tuple; /* I */
};
CT_STATIC_ASSERT(sizeof(struct peer_id) <= CT_UNIT, "one unit");

static size_t heads_len(void)
{
	return HEADS * sizeof(_Atomic uint32_t);
}

static _Atomic uint32_t *heads_now(const struct ct_table *tbl)
{
	/* acquire; pairs with the release in heads_make() */
	return atomic_load_explicit(&tbl->peer_ids.heads, memory_order_acquire);
}

static _Atomic uint32_t *heads_make(struct ct_table *tbl)
{
	_Atomic uint32_t *heads = heads_now(tbl);
	_Atomic uint32_t *none = NULL;

	if (heads)
		return heads;
	heads = ct_mem_alloc(&tbl->mem, heads_len(), CT_LINE);
	if (!heads)
		return NULL;
	/* release: zeroed before anybody sees it */
	if (!atomic_compare_exchange_strong_explicit(
		    &tbl->peer_ids.heads, &none, heads, memory_order_acq_rel,
		    memory_order_acquire)) {
		ct_mem_free(&tbl->mem, heads, heads_len());
		heads = none; /* another thread was first */
	}
	return heads;
}

void ct_peer_ids_fini(struct ct_table *tbl)
{
	ct_mem_free(&tbl->mem, heads_now(tbl), heads_len());
}

uint64_t ct_peer_ids_bytes(const struct ct_table *tbl)
{
	return heads_now(tbl) ? heads_len() : 0;
}

/* --- A chain ------------------------------------------------------------ */

/* By what a packet tells. */
static _Atomic uint32_t *head_of(const struct ct_table *tbl,
				 _Atomic uint32_t *heads,
				 const struct ct_tuple *t)
{
	struct ct_tuple told = *t;

	told.src_id = 0;
	return &heads[ct_hash_wide(&tbl->hash, &told) & (HEADS - 1)];
}

static struct peer_id *at(const struct ct_table *tbl, uint32_t unit)
{
	return unit ? ct_slab_at(&tbl->slab, unit) : NULL;
}

static bool answers(const struct peer_id *id, const struct ct_tuple *t)
{
	struct ct_tuple whole = *t;

	whole.src_id = id->tuple.src_id;
	return ct_tuple_equal(&id->tuple, &whole);
}

void ct_peer_id_find(const struct ct_table *tbl, struct ct_tuple *t)
{
	_Atomic uint32_t *heads = heads_now(tbl);
	const struct peer_id *id;
	_Atomic uint32_t *head;
	uint32_t first;

	if (ct_likely(!heads))
		return;
	head = head_of(tbl, heads, t);
	first = ct_head_lock(head);
	for (id = at(tbl, first); id; id = at(tbl, id->next))
		if (answers(id, t))
			break;
	if (id)
		t->src_id = id->tuple.src_id;
	ct_head_unlock(head, first);
}

/* --- The verbs ---------------------------------------------------------- */

/* The oldest answers: the new one goes to the end of its chain. */
int ct_peer_id_learn(struct ct_thread *thr, const struct ct_tuple *tuple)
{
	struct ct_table *tbl = thr->tbl;
	_Atomic uint32_t *heads = heads_make(tbl);
	_Atomic uint32_t *head;
	uint32_t first, unit;
	uint32_t *link;

	if (!heads)
		return CT_E_NOMEM;
	unit = ct_slab_alloc(&tbl->slab, &thr->magazine[CT_SLAB_NAT],
			     CT_SLAB_NAT);
	if (!unit)
		return CT_E_NOMEM;
	*at(tbl, unit) = (struct peer_id){ .tuple = *tuple };
	head = head_of(tbl, heads, tuple);
	first = ct_head_lock(head);
	for (link = &first; *link;)
		link = &at(tbl, *link)->next;
	*link = unit;
	ct_head_unlock(head, first);
	return 0;
}

int ct_peer_id_forget(struct ct_thread *thr, const struct ct_tuple *tuple)
{
	struct ct_table *tbl = thr->tbl;
	_Atomic uint32_t *heads = heads_now(tbl);
	_Atomic uint32_t *head;
	uint32_t first, unit;
	uint32_t *link;

	if (!heads)
		return CT_E_NOENT;
	head = head_of(tbl, heads, tuple);
	first = ct_head_lock(head);
	link = &first;
	while (*link && !ct_tuple_equal(&at(tbl, *link)->tuple, tuple))
		link = &at(tbl, *link)->next;
	unit = *link;
	if (unit)
		*link = at(tbl, unit)->next;
	ct_head_unlock(head, first);
	if (!unit)
		return CT_E_NOENT;
	ct_slab_free(&tbl->slab, &thr->magazine[CT_SLAB_NAT], CT_SLAB_NAT,
		     unit);
	return 0;
}
