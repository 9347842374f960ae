/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * help.c - what a connection has that few connections have; who helps
 */
#include "core/help.h"

#include "core/expect.h"
#include "core/table.h"

#include <string.h>

enum { HELPERS_FEW = 16 };

/* What the extension holds. */
struct aside {
	_Atomic uint32_t help;   /* A  unit of a ct_helped, or 0 */
	_Atomic uint32_t master; /* A  unit of an owned connection, or 0 */
};

static const struct ct_ext_ops aside_ops = {
	.size = sizeof(aside_ops),
	.name = "helper",
	.len = sizeof(struct aside),
	.align = _Alignof(struct aside),
};

int ct_help_init(struct ct_table *tbl)
{
	return ct_ext_register(tbl, &aside_ops, &tbl->helpers.ext);
}

/* --- Who helps ---------------------------------------------------------- */

uint8_t ct_helper_find(const struct ct_table *tbl, const char *name)
{
	for (uint32_t i = 1; i <= tbl->helpers.n; i++)
		if (strcmp(tbl->helpers.place[i].ops->name, name) == 0)
			return (uint8_t)i;
	return 0;
}

static bool makes_sense(const struct ct_helper_ops *ops)
{
	return ops->name && ops->help && ops->classes && ops->n_classes &&
	       ops->n_classes <= CT_EXPECT_CLASSES &&
	       ops->state_size <= CT_HELPER_STATE_MAX &&
	       !(ops->flags & ~(uint32_t)CT_HELPER_STREAM) &&
	       (ops->params || !ops->n_params);
}

void ct_helpers_fini(struct ct_table *tbl)
{
	ct_mem_free(&tbl->mem, tbl->helpers.place,
		    tbl->helpers.room * sizeof(*tbl->helpers.place));
}

/* => There is a place of this number; the first is nobody's. */
static bool make_room(struct ct_table *tbl, uint32_t at)
{
	struct ct_helpers *helpers = &tbl->helpers;
	uint32_t room = helpers->room ? 2 * helpers->room : HELPERS_FEW;
	struct ct_helper_place *place;

	if (at < helpers->room)
		return true;
	place = ct_mem_alloc(&tbl->mem, room * sizeof(*place),
			     _Alignof(struct ct_helper_place));
	if (!place)
		return false;
	if (helpers->room)
		memcpy(place, helpers->place, helpers->room * sizeof(*place));
	ct_helpers_fini(tbl);
	helpers->place = place;
	helpers->room = room;
	return true;
}

int ct_helper_register(struct ct_table *tbl, const struct ct_helper_ops *ops)
{
	struct ct_helpers *helpers = &tbl->helpers;
	uint32_t base = 0, at;
	int error;

	if (ct_sealed(tbl))
		return CT_E_SEALED;
	/* A constant is not copied, so it must be of our version. */
	if (ops->size != sizeof(*ops))
		return CT_E_VERSION;
	if (!makes_sense(ops))
		return CT_E_INVAL;
	at = ct_helper_find(tbl, ops->name);
	if (!at)
		at = helpers->n + 1;
	if (at == CT_HELPERS)
		return CT_E_FULL;
	if (!make_room(tbl, at))
		return CT_E_NOMEM;
	if (ops->n_params) {
		error = ct_params_add(&tbl->params, ops->params, ops->n_params,
				      &base);
		if (error)
			return error;
	}
	/* Nothing fails any more. */
	helpers->place[at].ops = ops;
	helpers->place[at].params = base;
	if (at > helpers->n)
		helpers->n = at;
	return 0;
}

uint32_t ct_helper_param(const struct ct_thread *thr,
			 const struct ct_helper_ops *ops, unsigned n)
{
	const struct ct_helpers *helpers = &thr->tbl->helpers;
	uint32_t i = 1;

	while (i < helpers->n && helpers->place[i].ops != ops)
		i++;
	return ct_params_value(&thr->tbl->params, helpers->place[i].params + n);
}

/* --- Of one connection -------------------------------------------------- */

static struct aside *aside_of(const struct ct_table *tbl,
			      const struct ct_conn *conn)
{
	return ct_ext(tbl, conn, tbl->helpers.ext);
}

static struct ct_helped *help_at(const struct ct_table *tbl, uint32_t unit)
{
	return unit ? ct_slab_at(&tbl->slab, unit) : NULL;
}

struct ct_helped *ct_help_of(const struct ct_table *tbl,
			     const struct ct_conn *conn)
{
	struct aside *aside = aside_of(tbl, conn);

	/* acquire; pairs with the release in ct_help_get() */
	return aside ? help_at(tbl, atomic_load_explicit(&aside->help,
							 memory_order_acquire))
		     : NULL;
}

struct ct_helped *ct_help_get(struct ct_thread *thr, struct ct_conn *conn)
{
	struct ct_slab *slab = &thr->tbl->slab;
	struct ct_magazine *magazine = &thr->magazine[CT_SLAB_HELP];
	struct ct_helped *help = ct_help_of(thr->tbl, conn);
	struct aside *aside;
	uint32_t unit, none = 0;

	if (help)
		return help;
	aside = ct_ext_add(thr, conn, thr->tbl->helpers.ext);
	unit = aside ? ct_slab_alloc(slab, magazine, CT_SLAB_HELP) : 0;
	if (!unit)
		return NULL;
	memset(ct_slab_at(slab, unit), 0, CT_HELP_UNITS * CT_UNIT);
	/* release: zeroed before it can be seen */
	if (!atomic_compare_exchange_strong_explicit(&aside->help, &none, unit,
						     memory_order_acq_rel,
						     memory_order_acquire)) {
		ct_slab_free(slab, magazine, CT_SLAB_HELP, unit);
		unit = none; /* another thread was first */
	}
	return help_at(thr->tbl, unit);
}

const struct ct_helper_ops *ct_help_ops(const struct ct_table *tbl,
					const struct ct_helped *help)
{
	return help && help->helper ? tbl->helpers.place[help->helper].ops
				    : NULL;
}

bool ct_help_attach(struct ct_thread *thr, struct ct_conn *conn, uint8_t number)
{
	const struct ct_helper_ops *ops = thr->tbl->helpers.place[number].ops;
	struct ct_helped *help;
	struct ct_tuple t;

	ct_conn_tuple(conn, CT_DIR_ORIG, &t);
	if ((ops->l3 && ops->l3 != t.l3) || (ops->l4 && ops->l4 != t.l4))
		return true;
	help = ct_help_get(thr, conn);
	if (!help)
		return false;
	help->helper = number;
	ct_event_mark(conn);
	ct_event_note(thr, conn, CT_EV_HELPER);
	return true;
}

void *ct_helper_state(const struct ct_table *tbl, struct ct_conn *conn)
{
	struct ct_helped *help = ct_help_of(tbl, conn);

	return help && help->helper ? help->state : NULL;
}

const char *ct_conn_helper(const struct ct_table *tbl,
			   const struct ct_conn *conn)
{
	const struct ct_helper_ops *ops =
		ct_help_ops(tbl, ct_help_of(tbl, conn));

	return ops ? ops->name : NULL;
}

/* --- Masters ------------------------------------------------------------ */

bool ct_conn_master_set(struct ct_thread *thr, struct ct_conn *conn,
			struct ct_conn *master)
{
	struct aside *aside = ct_ext_add(thr, conn, thr->tbl->helpers.ext);

	if (!aside)
		return false;
	ct_conn_get(master);
	atomic_store_explicit(&aside->master, ct_conn_unit(thr->tbl, master),
			      memory_order_relaxed);
	return true;
}

struct ct_conn *ct_conn_master(const struct ct_table *tbl,
			       const struct ct_conn *conn)
{
	struct aside *aside = aside_of(tbl, conn);
	uint32_t unit = aside ? atomic_load_explicit(&aside->master,
						     memory_order_relaxed)
			      : 0;

	return unit ? ct_conn_at(tbl, unit) : NULL;
}

/* --- In and out of a helper --------------------------------------------- */

void ct_help_enter(struct ct_thread *thr)
{
	thr->helping.depth++;
}

static void end_now(struct ct_thread *thr, struct ct_conn *conn,
		    struct ct_helped *help)
{
	const struct ct_helper_ops *ops = ct_help_ops(thr->tbl, help);

	ct_expects_end(thr, help);
	/* What was never known has said nothing yet. */
	if (!ops || !ops->ended || !(ct_conn_word(conn) & CT_S_CONFIRMED))
		return;
	/* No packet of it is in the helper meanwhile. */
	ct_spin_lock(&help->busy);
	ct_help_enter(thr);
	ops->ended(thr, conn);
	thr->helping.depth--;
	ct_spin_unlock(&help->busy);
}

bool ct_help_end(struct ct_thread *thr, struct ct_conn *conn)
{
	struct ct_helped *help = ct_help_of(thr->tbl, conn);

	if (!help)
		return true;
	if (!thr->helping.depth) {
		end_now(thr, conn, help);
		ct_help_tell(thr);
		return true;
	}
	/* It has ended: its timeout means nothing any more. */
	atomic_store_explicit(&conn->timeout, thr->helping.ended,
			      memory_order_relaxed);
	thr->helping.ended = ct_conn_unit(thr->tbl, conn);
	return false;
}

void ct_help_abandon(struct ct_thread *thr, struct ct_conn *conn)
{
	struct ct_helped *help =
		ct_conn_has_ext(conn) ? ct_help_of(thr->tbl, conn) : NULL;

	if (help)
		ct_expects_end(thr, help);
}

void ct_help_tell(struct ct_thread *thr)
{
	uint32_t unit;

	ct_expects_tell(thr);
	while ((unit = thr->helping.ended) != 0) {
		struct ct_conn *conn = ct_conn_at(thr->tbl, unit);

		thr->helping.ended = atomic_load_explicit(&conn->timeout,
							  memory_order_relaxed);
		end_now(thr, conn, ct_help_of(thr->tbl, conn));
		ct_limbo_retire(thr, conn);
		ct_expects_tell(thr);
	}
}

void ct_help_leave(struct ct_thread *thr)
{
	thr->helping.depth--;
}

static void free_view(struct ct_table *tbl, struct ct_helped *help)
{
	for (unsigned dir = 0; help->view && dir < CT_DIR_MAX; dir++) {
		struct ct_stream *view = &help->view[dir];

		ct_mem_free(&tbl->mem, view->kept, view->size);
		atomic_fetch_sub_explicit(&tbl->helpers.stream_bytes,
					  view->size, memory_order_relaxed);
	}
	if (!help->view)
		return;
	ct_mem_free(&tbl->mem, help->view, CT_DIR_MAX * sizeof(*help->view));
	atomic_fetch_sub_explicit(&tbl->helpers.stream_bytes,
				  CT_DIR_MAX * sizeof(*help->view),
				  memory_order_relaxed);
}

void ct_help_free(struct ct_thread *thr, struct ct_conn *conn)
{
	struct ct_table *tbl = thr->tbl;
	struct aside *aside = aside_of(tbl, conn);
	struct ct_helped *help = ct_help_of(tbl, conn);

	if (help) {
		if (!tbl->helpers.ending)
			ct_expects_end(thr, help);
		free_view(tbl, help);
		ct_slab_free(&tbl->slab, &thr->magazine[CT_SLAB_HELP],
			     CT_SLAB_HELP, ct_slab_unit(&tbl->slab, help));
	}
	/* Whose order is no order, when all of them go. */
	if (aside && !tbl->helpers.ending)
		ct_conn_put(tbl, ct_conn_master(tbl, conn));
}
