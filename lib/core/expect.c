/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * expect.c - the table of expectations: added, met, ended
 */
#include "core/expect.h"

#include "core/head.h"
#include "core/table.h"

#include <string.h>

/* Linux has as many for a table of its default. */
enum { HEADS = 1024 };

/* --- Heads -------------------------------------------------------------- */

static _Atomic uint32_t *heads_now(const struct ct_table *tbl)
{
	/* acquire; pairs with the release in ct_expects_make() */
	return atomic_load_explicit(&tbl->helpers.heads, memory_order_acquire);
}

_Atomic uint32_t *ct_expects_make(struct ct_table *tbl)
{
	const size_t len = HEADS * sizeof(_Atomic uint32_t);
	_Atomic uint32_t *heads = heads_now(tbl);
	_Atomic uint32_t *none = NULL;

	if (heads)
		return heads;
	heads = ct_mem_alloc(&tbl->mem, len, CT_LINE);
	if (!heads)
		return NULL;
	/* release: zeroed before anybody sees it */
	if (!atomic_compare_exchange_strong_explicit(
		    &tbl->helpers.heads, &none, heads, memory_order_acq_rel,
		    memory_order_acquire)) {
		ct_mem_free(&tbl->mem, heads, len);
		heads = none; /* another thread was first */
	}
	return heads;
}

void ct_expects_fini(struct ct_table *tbl)
{
	ct_mem_free(&tbl->mem, heads_now(tbl), ct_expects_bytes(tbl));
}

uint64_t ct_expects_bytes(const struct ct_table *tbl)
{
	return heads_now(tbl) ? HEADS * sizeof(_Atomic uint32_t) : 0;
}

uint32_t ct_expects_heads(const struct ct_table *tbl)
{
	return heads_now(tbl) ? HEADS : 0;
}

_Atomic uint32_t *ct_expects_head(const struct ct_table *tbl, uint32_t i)
{
	return &heads_now(tbl)[i];
}

/* By what counts wholly. */
_Atomic uint32_t *ct_expects_head_of(const struct ct_table *tbl,
				     const struct ct_tuple *tuple)
{
	struct ct_tuple t = *tuple;

	memset(&t.src, 0, sizeof(t.src));
	t.src_id = 0;
	return ct_expects_head(tbl, ct_hash_wide(&tbl->hash, &t) & (HEADS - 1));
}

struct ct_expect *ct_expect_at(const struct ct_table *tbl, uint32_t unit)
{
	return unit ? ct_slab_at(&tbl->slab, unit) : NULL;
}

uint32_t ct_expect_unit(const struct ct_table *tbl, const struct ct_expect *exp)
{
	return ct_slab_unit(&tbl->slab, exp);
}

/* --- States ------------------------------------------------------------- */

static uint8_t state_of(const struct ct_expect *exp)
{
	return atomic_load_explicit(&exp->state, memory_order_acquire);
}

static void state_set(struct ct_expect *exp, enum ct_expect_state state)
{
	atomic_store_explicit(&exp->state, (uint8_t)state,
			      memory_order_release);
}

bool ct_expect_expired(const struct ct_expect *exp, uint32_t now)
{
	return ct_ticks_passed(
		atomic_load_explicit(&exp->deadline, memory_order_relaxed),
		now);
}

bool ct_expect_live(const struct ct_expect *exp, uint32_t now)
{
	return state_of(exp) == CT_EXPECT_LIVE && !ct_expect_expired(exp, now);
}

static struct ct_conn *master_of(const struct ct_table *tbl,
				 const struct ct_expect *exp)
{
	return ct_conn_at(tbl, exp->master);
}

static uint32_t *queue_link(const struct ct_table *tbl, uint32_t entry)
{
	return &ct_expect_at(tbl, entry >> 1)->queue[entry & 1];
}

/* To be told of, by this thread, when it may. */
void ct_expect_queue(struct ct_thread *thr, struct ct_expect *exp,
		     uint32_t which)
{
	struct ct_helping *helping = &thr->helping;
	uint32_t entry = ct_expect_unit(thr->tbl, exp) << 1 | which;

	exp->queued = true;
	exp->teller = thr;
	exp->queue[which] = 0;
	if (helping->last)
		*queue_link(thr->tbl, helping->last) = entry;
	else
		helping->first = entry;
	helping->last = entry;
}

/*
 * Take it out of its chain, whose lock is held.
 *
 * => False when it was out already.
 * => This thread is to tell, unless another will.
 */
bool ct_expect_kill_locked(struct ct_thread *thr, uint32_t *first,
			   struct ct_expect *exp)
{
	struct ct_table *tbl = thr->tbl;
	uint32_t unit = ct_expect_unit(tbl, exp);
	uint32_t *link = first;

	if (state_of(exp) == CT_EXPECT_DEAD)
		return false;
	while (*link != unit)
		link = &ct_expect_at(tbl, *link)->next;
	*link = exp->next;
	state_set(exp, CT_EXPECT_DEAD);
	atomic_fetch_sub_explicit(&tbl->helpers.n_expects, 1,
				  memory_order_relaxed);
	/* Another's queue has it, or this one's: then its end comes later. */
	if (exp->queued && exp->teller != thr)
		return true;
	exp->ends = exp->queued;
	ct_expect_queue(thr, exp, CT_QUEUE_ENDS);
	return true;
}

bool ct_expect_kill(struct ct_thread *thr, struct ct_expect *exp)
{
	_Atomic uint32_t *head = ct_expects_head_of(thr->tbl, &exp->def.tuple);
	uint32_t first = ct_head_lock(head);
	bool killed = ct_expect_kill_locked(thr, &first, exp);

	ct_head_unlock(head, first);
	return killed;
}

/* --- A master's list ---------------------------------------------------- */

void ct_expect_list_add(const struct ct_table *tbl, struct ct_helped *help,
			struct ct_expect *exp) CT_REQUIRES(help->list)
{
	uint32_t unit = ct_expect_unit(tbl, exp);

	exp->older = help->last;
	exp->newer = 0;
	if (help->last)
		ct_expect_at(tbl, help->last)->newer = unit;
	else
		help->first = unit;
	help->last = unit;
	exp->listed = true;
	if (!(exp->def.flags & CT_EXPECT_USERSPACE))
		help->n[exp->def.class_]++;
}

void ct_expect_list_remove(const struct ct_table *tbl, struct ct_helped *help,
			   struct ct_expect *exp) CT_REQUIRES(help->list)
{
	if (!exp->listed)
		return;
	if (exp->older)
		ct_expect_at(tbl, exp->older)->newer = exp->newer;
	else
		help->first = exp->newer;
	if (exp->newer)
		ct_expect_at(tbl, exp->newer)->older = exp->older;
	else
		help->last = exp->older;
	exp->listed = false;
	if (!(exp->def.flags & CT_EXPECT_USERSPACE))
		help->n[exp->def.class_]--;
}

/*
 * What was killed leaves its master's list.
 *
 * => The master's end may have been faster; it is not freed before this thread
 *    polls.
 */
static void leave_master(struct ct_thread *thr, struct ct_expect *exp)
{
	struct ct_helped *help = ct_help_of(thr->tbl, master_of(thr->tbl, exp));

	ct_spin_lock(&help->list);
	ct_expect_list_remove(thr->tbl, help, exp);
	ct_spin_unlock(&help->list);
}

/* --- Telling ------------------------------------------------------------ */

static void tell(struct ct_thread *thr, struct ct_expect *exp, uint32_t event)
{
	ct_event_expect(thr, master_of(thr->tbl, exp), exp, event);
}

/* Tell of its beginning; from then on it may be met, unless it has ended. */
static bool begin(struct ct_thread *thr, struct ct_expect *exp)
{
	_Atomic uint32_t *head = ct_expects_head_of(thr->tbl, &exp->def.tuple);
	uint32_t first;
	bool alive;

	tell(thr, exp, CT_EV_EXPECT_NEW);
	exp->told = true;
	first = ct_head_lock(head);
	alive = state_of(exp) == CT_EXPECT_PENDING;
	if (alive) {
		exp->queued = false;
		state_set(exp, CT_EXPECT_LIVE);
	}
	ct_head_unlock(head, first);
	return alive;
}

/* => Its beginning was told, and its end has a place of its own. */
static bool ends_later(struct ct_thread *thr, struct ct_expect *exp)
{
	if (!exp->ends)
		return false;
	tell(thr, exp, CT_EV_EXPECT_NEW);
	exp->told = true;
	return true;
}

static void tell_one(struct ct_thread *thr, struct ct_expect *exp,
		     uint32_t which)
{
	if (which == CT_QUEUE_BEGINS &&
	    ((state_of(exp) == CT_EXPECT_PENDING && begin(thr, exp)) ||
	     ends_later(thr, exp)))
		return;
	if (exp->told)
		tell(thr, exp, CT_EV_EXPECT_DESTROY);
	ct_limbo_retire_expect(thr, ct_expect_unit(thr->tbl, exp));
}

void ct_expects_tell(struct ct_thread *thr)
{
	struct ct_helping *helping = &thr->helping;

	while (helping->first) {
		uint32_t entry = helping->first;

		helping->first = *queue_link(thr->tbl, entry);
		if (!helping->first)
			helping->last = 0;
		tell_one(thr, ct_expect_at(thr->tbl, entry >> 1), entry & 1);
	}
}

void ct_expects_tell_soon(struct ct_thread *thr)
{
	if (!thr->helping.depth)
		ct_expects_tell(thr);
}

/* => One that waits for its master to be known, or NULL. */
static struct ct_expect *first_pending(const struct ct_table *tbl,
				       struct ct_helped *help)
{
	struct ct_expect *exp;

	ct_spin_lock(&help->list);
	for (exp = ct_expect_at(tbl, help->first); exp;
	     exp = ct_expect_at(tbl, exp->newer))
		if (state_of(exp) == CT_EXPECT_PENDING && !exp->queued)
			break;
	ct_spin_unlock(&help->list);
	return exp;
}

void ct_expects_publish(struct ct_thread *thr, struct ct_conn *master)
{
	struct ct_helped *help = ct_help_of(thr->tbl, master);
	struct ct_expect *exp;

	if (!help)
		return;
	while ((exp = first_pending(thr->tbl, help)) != NULL)
		begin(thr, exp);
}

/* --- Matching ----------------------------------------------------------- */

bool ct_expect_same_dst(const struct ct_tuple *a, const struct ct_tuple *b)
{
	return a->dst_id == b->dst_id && a->l3 == b->l3 && a->l4 == b->l4 &&
	       a->zone == b->zone &&
	       memcmp(&a->dst, &b->dst, sizeof(a->dst)) == 0;
}

bool ct_expect_same_src(const struct ct_tuple *a, const struct ct_tuple *b,
			const union ct_addr *mask, ct_be16 id_mask)
{
	uint32_t differs = (uint32_t)((a->src_id ^ b->src_id) & id_mask);

	for (unsigned i = 0; i < 4; i++)
		differs |= (a->src.v6[i] ^ b->src.v6[i]) & mask->v6[i];
	return !differs;
}

static uint32_t flags_of(const struct ct_expect *exp)
{
	return atomic_load_explicit(&exp->flags, memory_order_relaxed);
}

static bool meets(const struct ct_table *tbl, const struct ct_expect *exp,
		  const struct ct_tuple *t, uint32_t now)
{
	const struct ct_expect_def *def = &exp->def;

	return ct_expect_live(exp, now) &&
	       !(flags_of(exp) & CT_EXPECT_INACTIVE) &&
	       ct_expect_same_dst(&def->tuple, t) &&
	       ct_expect_same_src(&def->tuple, t, &def->src_mask,
				  def->src_id_mask) &&
	       ct_conn_known(master_of(tbl, exp));
}

/* The chain of a tuple, locked; => NULL, unlocked, when there is nothing. */
static _Atomic uint32_t *lock_chain(const struct ct_table *tbl,
				    const struct ct_tuple *t, uint32_t *first)
{
	_Atomic uint32_t *head;

	if (!heads_now(tbl))
		return NULL;
	head = ct_expects_head_of(tbl, t);
	if (!atomic_load_explicit(head, memory_order_relaxed))
		return NULL;
	*first = ct_head_lock(head);
	return head;
}

static struct ct_expect *find(const struct ct_thread *thr, uint32_t first,
			      const struct ct_tuple *t)
{
	struct ct_expect *exp = ct_expect_at(thr->tbl, first);

	while (exp && !meets(thr->tbl, exp, t, thr->now))
		exp = ct_expect_at(thr->tbl, exp->next);
	return exp;
}

struct ct_expect *ct_expect_find(struct ct_thread *thr,
				 const struct ct_tuple *tuple)
{
	_Atomic uint32_t *head;
	struct ct_expect *exp;
	uint32_t first;

	head = lock_chain(thr->tbl, tuple, &first);
	if (!head)
		return NULL;
	exp = find(thr, first, tuple);
	ct_head_unlock(head, first);
	return exp;
}

struct ct_expect *ct_expect_take(struct ct_thread *thr,
				 const struct ct_tuple *tuple)
{
	_Atomic uint32_t *head;
	struct ct_expect *exp;
	bool met = false;
	uint32_t first;

	head = lock_chain(thr->tbl, tuple, &first);
	if (!head)
		return NULL;
	exp = find(thr, first, tuple);
	if (exp && !(flags_of(exp) & CT_EXPECT_PERMANENT))
		met = ct_expect_kill_locked(thr, &first, exp);
	ct_head_unlock(head, first);
	if (met) {
		leave_master(thr, exp);
		ct_expects_tell_soon(thr);
	}
	return exp;
}

/* --- Ending ------------------------------------------------------------- */

int ct_expect_remove(struct ct_thread *thr, struct ct_expect *exp)
{
	if (!ct_expect_kill(thr, exp))
		return CT_E_NOENT;
	leave_master(thr, exp);
	ct_expects_tell_soon(thr);
	return 0;
}

int ct_expect_refresh(struct ct_thread *thr, struct ct_expect *exp,
		      uint32_t timeout_s)
{
	_Atomic uint32_t *head = ct_expects_head_of(thr->tbl, &exp->def.tuple);
	uint32_t first;
	bool alive;

	if (!timeout_s)
		return ct_expect_remove(thr, exp);
	first = ct_head_lock(head);
	alive = state_of(exp) != CT_EXPECT_DEAD;
	if (alive) {
		atomic_fetch_and_explicit(&exp->flags,
					  ~(uint32_t)CT_EXPECT_INACTIVE,
					  memory_order_relaxed);
		atomic_store_explicit(&exp->deadline,
				      ct_ticks_after(thr->now, timeout_s),
				      memory_order_relaxed);
	}
	ct_head_unlock(head, first);
	return alive ? 0 : CT_E_NOENT;
}

void ct_expects_end(struct ct_thread *thr, struct ct_helped *help)
{
	struct ct_expect *exp;

	ct_spin_lock(&help->list);
	help->ended = true;
	while ((exp = ct_expect_at(thr->tbl, help->first)) != NULL) {
		ct_expect_kill(thr, exp);
		ct_expect_list_remove(thr->tbl, help, exp);
	}
	ct_spin_unlock(&help->list);
	ct_expects_tell_soon(thr);
}

/* => One of a chain that has expired and was killed, or NULL. */
static struct ct_expect *kill_expired(struct ct_thread *thr,
				      _Atomic uint32_t *head)
{
	uint32_t first = ct_head_lock(head);
	struct ct_expect *exp = ct_expect_at(thr->tbl, first);

	/* Of a private master's only that one's packet may know. */
	while (exp && !(state_of(exp) == CT_EXPECT_LIVE &&
			ct_expect_expired(exp, thr->now) &&
			ct_conn_known(master_of(thr->tbl, exp))))
		exp = ct_expect_at(thr->tbl, exp->next);
	if (exp)
		ct_expect_kill_locked(thr, &first, exp);
	ct_head_unlock(head, first);
	return exp;
}

void ct_expects_sweep(struct ct_thread *thr, uint32_t budget)
{
	struct ct_helpers *helpers = &thr->tbl->helpers;
	uint32_t at, n = budget ? budget : HEADS;

	if (!ct_expects_any(helpers) || !heads_now(thr->tbl))
		return;
	at = atomic_fetch_add_explicit(&helpers->sweep, n,
				       memory_order_relaxed);
	for (; n; n--, at++) {
		_Atomic uint32_t *head =
			ct_expects_head(thr->tbl, at & (HEADS - 1));
		struct ct_expect *exp;

		if (!atomic_load_explicit(head, memory_order_relaxed))
			continue;
		while ((exp = kill_expired(thr, head)) != NULL)
			leave_master(thr, exp);
	}
	ct_expects_tell_soon(thr);
}

void ct_expect_free(struct ct_thread *thr, uint32_t unit)
{
	const struct ct_expect *exp = ct_expect_at(thr->tbl, unit);

	if (exp->mapping)
		atomic_load_explicit(&thr->tbl->mappings.forgo,
				     memory_order_acquire)(thr, exp->mapping,
							   exp->mapping_key);
	ct_slab_free(&thr->tbl->slab, &thr->magazine[CT_SLAB_HELP],
		     CT_SLAB_HELP, unit);
}
