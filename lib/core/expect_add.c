/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * expect_add.c - another expectation, and who gives way to it; see expect.h
 */
#include "core/expect.h"

#include "core/head.h"
#include "core/table.h"

#include <string.h>

enum {
	TIMEOUT_DEFAULT = 300, /* seconds; of an expectation without a class */
	ALL_FLAGS = CT_EXPECT_PERMANENT | CT_EXPECT_INACTIVE |
		    CT_EXPECT_USERSPACE | CT_EXPECT_NAT | CT_EXPECT_OPTIONAL
};

/* Both may be met by one packet. */
static bool overlap(const struct ct_expect_def *a,
		    const struct ct_expect_def *b)
{
	union ct_addr mask;

	for (unsigned i = 0; i < 4; i++)
		mask.v6[i] = a->src_mask.v6[i] & b->src_mask.v6[i];
	return ct_expect_same_dst(&a->tuple, &b->tuple) &&
	       ct_expect_same_src(&a->tuple, &b->tuple, &mask,
				  a->src_id_mask & b->src_id_mask);
}

static bool equal(const struct ct_expect *a, const struct ct_expect *b)
{
	return a->master == b->master && a->def.class_ == b->def.class_ &&
	       ct_tuple_equal(&a->def.tuple, &b->def.tuple) &&
	       a->def.src_id_mask == b->def.src_id_mask &&
	       memcmp(&a->def.src_mask, &b->def.src_mask,
		      sizeof(a->def.src_mask)) == 0;
}

/* --- Adding ------------------------------------------------------------- */

static const struct ct_expect_class *class_of(const struct ct_table *tbl,
					      const struct ct_helped *help,
					      const struct ct_expect_def *def)
{
	const struct ct_helper_ops *ops = ct_help_ops(tbl, help);

	if (!ops || (def->flags & CT_EXPECT_USERSPACE))
		return NULL;
	return &ops->classes[def->class_];
}

static int check(const struct ct_table *tbl, const struct ct_helped *help,
		 const struct ct_expect_def *def)
{
	const struct ct_helper_ops *ops = ct_help_ops(tbl, help);

	if ((def->flags & ~(uint32_t)ALL_FLAGS) ||
	    def->class_ >= CT_EXPECT_CLASSES || def->nat_dir >= CT_DIR_MAX)
		return CT_E_INVAL;
	if (ops && !(def->flags & CT_EXPECT_USERSPACE) &&
	    def->class_ >= ops->n_classes)
		return CT_E_INVAL;
	if (def->helper && !ct_helper_find(tbl, def->helper))
		return CT_E_NOENT;
	return 0;
}

/* => NULL when out of memory. */
static struct ct_expect *make(struct ct_thread *thr, struct ct_conn *master,
			      const struct ct_helped *help,
			      const struct ct_expect_def *def)
{
	struct ct_table *tbl = thr->tbl;
	const struct ct_expect_class *class_ = class_of(tbl, help, def);
	uint32_t seconds = def->timeout_s;
	struct ct_expect *exp;
	uint32_t unit;

	if (!ct_expects_make(tbl))
		return NULL;
	unit = ct_slab_alloc(&tbl->slab, &thr->magazine[CT_SLAB_HELP],
			     CT_SLAB_HELP);
	if (!unit)
		return NULL;
	exp = ct_expect_at(tbl, unit);
	memset(exp, 0, sizeof(*exp));
	exp->def = *def;
	atomic_store_explicit(&exp->flags, def->flags, memory_order_relaxed);
	if (!seconds)
		seconds = class_ && class_->timeout_s ? class_->timeout_s
						      : TIMEOUT_DEFAULT;
	atomic_store_explicit(&exp->deadline, ct_ticks_after(thr->now, seconds),
			      memory_order_relaxed);
	exp->master = ct_conn_unit(tbl, master);
	exp->helper = def->helper ? ct_helper_find(tbl, def->helper) : 0;
	exp->def.helper =
		exp->helper ? tbl->helpers.place[exp->helper].ops->name : NULL;
	return exp;
}

/* Put it into its chain, in the place of an equal one if there is. */
static int enter_chain(struct ct_thread *thr, struct ct_helped *help,
		       struct ct_expect *exp) CT_REQUIRES(help->list)
{
	struct ct_table *tbl = thr->tbl;
	_Atomic uint32_t *head = ct_expects_head_of(tbl, &exp->def.tuple);
	uint32_t first = ct_head_lock(head);
	struct ct_expect *old, *next;
	int error = 0;

	for (old = ct_expect_at(tbl, first); old && !error; old = next) {
		next = ct_expect_at(tbl, old->next);
		if (ct_expect_expired(old, thr->now))
			continue;
		if (equal(old, exp)) {
			ct_expect_kill_locked(thr, &first, old);
			ct_expect_list_remove(tbl, help, old);
		} else if (overlap(&old->def, &exp->def)) {
			error = CT_E_EXIST;
		}
	}
	if (!error) {
		exp->next = first;
		first = ct_expect_unit(tbl, exp);
		atomic_fetch_add_explicit(&tbl->helpers.n_expects, 1,
					  memory_order_relaxed);
	}
	ct_head_unlock(head, first);
	return error;
}

/* The oldest of a class gives way. */
static void evict_oldest(struct ct_thread *thr, struct ct_helped *help,
			 uint8_t class_) CT_REQUIRES(help->list)
{
	struct ct_expect *exp = ct_expect_at(thr->tbl, help->first);

	for (; exp; exp = ct_expect_at(thr->tbl, exp->newer)) {
		if (exp->def.class_ != class_ ||
		    (exp->def.flags & CT_EXPECT_USERSPACE) ||
		    !ct_expect_kill(thr, exp))
			continue;
		ct_expect_list_remove(thr->tbl, help, exp);
		return;
	}
}

static bool full(const struct ct_table *tbl, const struct ct_expect *exp)
{
	uint64_t max = ct_core_param(tbl, CT_P_EXPECT_MAX);

	if (exp->def.flags & CT_EXPECT_OPTIONAL)
		max /= 2;
	return atomic_load_explicit(&tbl->helpers.n_expects,
				    memory_order_relaxed) > max;
}

static int enter(struct ct_thread *thr, const struct ct_conn *master,
		 struct ct_helped *help, struct ct_expect *exp)
	CT_REQUIRES(help->list)
{
	const struct ct_expect_class *class_ =
		class_of(thr->tbl, help, &exp->def);
	int error;

	exp->id = atomic_fetch_add_explicit(&thr->tbl->helpers.next_id, 1,
					    memory_order_relaxed) +
		  1;
	error = help->ended ? CT_E_NOENT : enter_chain(thr, help, exp);
	if (error)
		return error;
	if (class_ && class_->max && help->n[exp->def.class_] >= class_->max)
		evict_oldest(thr, help, exp->def.class_);
	ct_expect_list_add(thr->tbl, help, exp);
	if (full(thr->tbl, exp)) {
		/* It is queued now, and retired from there, untold. */
		ct_expect_kill(thr, exp);
		ct_expect_list_remove(thr->tbl, help, exp);
		return CT_E_FULL;
	}
	if (ct_conn_word(master) & CT_S_CONFIRMED)
		ct_expect_queue(thr, exp, CT_QUEUE_BEGINS);
	return 0;
}

/* What has expired makes room; looked for once a tick. */
static void make_room(struct ct_thread *thr)
{
	uint32_t n = atomic_load_explicit(&thr->tbl->helpers.n_expects,
					  memory_order_relaxed);

	if (n < ct_core_param(thr->tbl, CT_P_EXPECT_MAX) ||
	    thr->helping.full_at == thr->now)
		return;
	thr->helping.full_at = thr->now;
	ct_expects_sweep(thr, 0);
}

int ct_expect_add(struct ct_thread *thr, struct ct_conn *master,
		  const struct ct_expect_def *caller, struct ct_expect **exp)
{
	struct ct_expect_def def;
	struct ct_expect *made;
	struct ct_helped *help;
	int error = ct_sized_copy(&def, sizeof(def), caller);

	if (error)
		return error;
	if (ct_conn_word(master) & CT_S_DYING)
		return CT_E_NOENT;
	error = check(thr->tbl, ct_help_of(thr->tbl, master), &def);
	if (error)
		return error;
	/* As Linux: it has its master's zone, in whichever direction. */
	if (!(def.flags & CT_EXPECT_USERSPACE))
		def.tuple.zone = ct_conn_zone(master);
	make_room(thr);
	help = ct_help_get(thr, master);
	made = help ? make(thr, master, help, &def) : NULL;
	if (!made)
		return CT_E_NOMEM;
	ct_spin_lock(&help->list);
	error = enter(thr, master, help, made);
	ct_spin_unlock(&help->list);
	if (error && error != CT_E_FULL)
		ct_expect_free(thr, ct_expect_unit(thr->tbl, made));
	else if (!error && exp)
		*exp = made;
	ct_expects_tell_soon(thr);
	return error;
}
