/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * expect_look.c - looking at expectations; see expect.h
 *
 * A walk calls its function under no lock, and what it looks at may end
 * meanwhile.  So it takes one after the other, by their numbers: the next is
 * the one with the lowest number above the last one's.
 */
#include "core/expect.h"
#include "core/head.h"
#include "core/table.h"

/* The next of a master's list. */
static struct ct_expect *next_of(const struct ct_thread *thr,
				 struct ct_helped *help, uint64_t last)
{
	struct ct_expect *exp;

	ct_spin_lock(&help->list);
	for (exp = ct_expect_at(thr->tbl, help->first); exp;
	     exp = ct_expect_at(thr->tbl, exp->newer))
		if (exp->id > last &&
		    atomic_load(&exp->state) != CT_EXPECT_DEAD &&
		    !ct_ticks_passed(atomic_load(&exp->deadline), thr->now))
			break;
	ct_spin_unlock(&help->list);
	return exp;
}

/* The next of a chain. */
static struct ct_expect *next_in(const struct ct_thread *thr,
				 _Atomic uint32_t *head, uint64_t last)
{
	struct ct_expect *exp, *best = NULL;
	uint32_t first;

	if (!atomic_load_explicit(head, memory_order_relaxed))
		return NULL;
	first = ct_head_lock(head);
	for (exp = ct_expect_at(thr->tbl, first); exp;
	     exp = ct_expect_at(thr->tbl, exp->next))
		if (exp->id > last && (!best || exp->id < best->id) &&
		    ct_expect_live(exp, thr->now))
			best = exp;
	ct_head_unlock(head, first);
	return best;
}

static void walk_all(struct ct_thread *thr, ct_expect_fn fn, void *user)
{
	uint32_t n = ct_expects_heads(thr->tbl);

	for (uint32_t i = 0; i < n; i++) {
		_Atomic uint32_t *head = ct_expects_head(thr->tbl, i);
		struct ct_expect *exp;
		uint64_t last = 0;

		while ((exp = next_in(thr, head, last)) != NULL) {
			last = exp->id;
			if (!fn(user, exp))
				return;
		}
	}
}

void ct_expect_walk(struct ct_thread *thr, struct ct_conn *master,
		    ct_expect_fn fn, void *user)
{
	struct ct_expect *exp;
	struct ct_helped *help;
	uint64_t last = 0;

	if (!master) {
		walk_all(thr, fn, user);
		return;
	}
	help = ct_help_of(thr->tbl, master);
	while (help && (exp = next_of(thr, help, last)) != NULL) {
		last = exp->id;
		if (!fn(user, exp))
			return;
	}
}

int ct_expect_view(const struct ct_thread *thr, const struct ct_expect *exp,
		   struct ct_expect_view *view)
{
	const struct ct_table *tbl = thr->tbl;
	struct ct_conn *master = ct_conn_at(tbl, exp->master);
	struct ct_expect_view now = {
		.def = exp->def,
		.master = master,
		.master_helper = ct_conn_helper(tbl, master),
		.id = exp->id,
	};
	int32_t left = ct_ticks_until(atomic_load(&exp->deadline), thr->now);

	now.def.flags = atomic_load(&exp->flags);
	now.def.timeout_s = left > 0 ? (uint32_t)left / CT_TICKS_PER_S : 0;
	if ((now.def.flags & CT_EXPECT_NAT) && !now.def.function &&
	    !now.def.nat)
		now.def.function = "nat-follow-master";
	return ct_sized_answer(view, &now, sizeof(now));
}

int32_t ct_expects_next(const struct ct_table *tbl, uint32_t now)
{
	uint32_t n = ct_expects_any(&tbl->helpers) ? ct_expects_heads(tbl) : 0;
	int32_t soonest = INT32_MAX;

	for (uint32_t i = 0; i < n; i++) {
		_Atomic uint32_t *head = ct_expects_head(tbl, i);
		const struct ct_expect *exp;
		uint32_t first = ct_head_lock(head);

		for (exp = ct_expect_at(tbl, first); exp;
		     exp = ct_expect_at(tbl, exp->next)) {
			int32_t left = ct_ticks_until(
				atomic_load(&exp->deadline), now);

			if (left < soonest)
				soonest = left;
		}
		ct_head_unlock(head, first);
	}
	return soonest;
}
