/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event.c - collect per packet, deliver once
 */
#include "core/event.h"

#include "core/table.h"

static void free_dead(struct ct_table *tbl, struct ct_sub *sub)
{
	while (sub) {
		struct ct_sub *next = sub->dead;

		ct_mem_free(&tbl->mem, sub, sizeof(*sub));
		sub = next;
	}
}

/* => The next subscription; links are followed without a lock. */
static struct ct_sub *follow(_Atomic(struct ct_sub *) *link)
{
	/* acquire; pairs with the release in ct_subscribe() */
	return atomic_load_explicit(link, memory_order_acquire);
}

void ct_events_fini(struct ct_table *tbl)
{
	struct ct_sub *sub = follow(&tbl->events.subs);

	while (sub) {
		struct ct_sub *next = follow(&sub->next);

		ct_mem_free(&tbl->mem, sub, sizeof(*sub));
		sub = next;
	}
	free_dead(tbl, tbl->events.dead);
}

/* --- Subscriptions ------------------------------------------------------ */

static void wanted_again(struct ct_table *tbl) CT_REQUIRES(tbl->threads_lock)
{
	struct ct_sub *sub;
	uint32_t wanted = 0;

	for (sub = follow(&tbl->events.subs); sub; sub = follow(&sub->next))
		wanted |= sub->events;
	atomic_store_explicit(&tbl->events.wanted, wanted,
			      memory_order_relaxed);
}

int ct_subscribe(struct ct_table *tbl, uint32_t events, ct_event_fn fn,
		 void *user, struct ct_sub **sub)
{
	_Atomic(struct ct_sub *) *link = &tbl->events.subs;
	struct ct_sub *made;

	if (!fn || !sub || !events ||
	    (events & ~((uint32_t)CT_EV_ALL | CT_EV_EXPECT)))
		return CT_E_INVAL;
	made = ct_mem_alloc(&tbl->mem, sizeof(*made), _Alignof(struct ct_sub));
	if (!made)
		return CT_E_NOMEM;
	made->fn = fn;
	made->user = user;
	made->events = events;

	ct_spin_lock(&tbl->threads_lock);
	while (follow(link))
		link = &follow(link)->next;
	/* release; pairs with the acquire in follow() */
	atomic_store_explicit(link, made, memory_order_release);
	wanted_again(tbl);
	ct_spin_unlock(&tbl->threads_lock);
	*sub = made;
	return 0;
}

void ct_unsubscribe(struct ct_table *tbl, struct ct_sub *sub)
{
	_Atomic(struct ct_sub *) *from = &tbl->events.subs;
	struct ct_sub *free_now = NULL;
	struct ct_sub **link;
	uint64_t oldest;

	if (!sub)
		return;
	ct_spin_lock(&tbl->threads_lock);
	while (follow(from) != sub)
		from = &follow(from)->next;
	/* Whoever stands on it still finds its way on. */
	atomic_store_explicit(from, follow(&sub->next), memory_order_release);
	wanted_again(tbl);
	sub->epoch = ct_epoch_begin(tbl);
	sub->dead = tbl->events.dead;
	tbl->events.dead = sub;

	/* Those that nobody can be calling any more. */
	oldest = ct_epoch_oldest(tbl);
	for (link = &tbl->events.dead; *link;) {
		struct ct_sub *dead = *link;

		if (dead->epoch > oldest) {
			link = &dead->dead;
			continue;
		}
		*link = dead->dead;
		dead->dead = free_now;
		free_now = dead;
	}
	ct_spin_unlock(&tbl->threads_lock);
	free_dead(tbl, free_now);
}

/* --- Delivery ----------------------------------------------------------- */

/* => Those of the events that somebody wants to know of this connection. */
static uint32_t wanted(const struct ct_table *tbl, const struct ct_conn *conn,
		       uint32_t events)
{
	events &=
		atomic_load_explicit(&tbl->events.wanted, memory_order_relaxed);
	if (ct_likely(!events) || !ct_core_param(tbl, CT_P_EVENTS))
		return 0;
	return events & ct_policy_events(tbl, conn);
}

void ct_event_note(struct ct_thread *thr, struct ct_conn *conn, uint32_t events)
{
	events = wanted(thr->tbl, conn, events);
	if (events)
		atomic_fetch_or_explicit(&conn->events, (uint16_t)events,
					 memory_order_acq_rel);
}

static void call(struct ct_thread *thr, struct ct_conn *conn,
		 struct ct_expect *exp, uint32_t events)
{
	struct ct_event_info ev = {
		.size = sizeof(ev),
		.thr = thr,
		.conn = conn,
		.now_ns = thr->now_ns,
		.reason = events & CT_EV_DESTROY ? ct_conn_class_word(conn)
						 : CT_R_NONE,
		.exp = exp,
	};
	struct ct_sub *sub;

	sub = follow(&thr->tbl->events.subs);
	for (; sub; sub = follow(&sub->next)) {
		ev.events = events & sub->events;
		if (ev.events)
			sub->fn(sub->user, &ev);
	}
}

void ct_event_expect(struct ct_thread *thr, struct ct_conn *master,
		     struct ct_expect *exp, uint32_t event)
{
	if (wanted(thr->tbl, master, event))
		call(thr, master, exp, event);
}

void ct_event_mark(struct ct_conn *conn)
{
	atomic_fetch_or_explicit(&conn->events, CT_EV_HELPED,
				 memory_order_relaxed);
}

/* The end has been told of: what depends on it ends, and it is retired. */
static void finish(struct ct_thread *thr, struct ct_conn *conn)
{
	if (ct_likely(!ct_conn_has_ext(conn)) || ct_help_end(thr, conn))
		ct_limbo_retire(thr, conn);
}

/* => As deliverer; stops being it when nothing is left, unless destroyed. */
static void drain(struct ct_thread *thr, struct ct_conn *conn)
{
	for (;;) {
		const uint16_t stays = CT_EV_DELIVERING | CT_EV_HELPED;
		uint16_t idle;
		uint32_t events;

		/* acquire and release: one deliverer's view to the next's */
		idle = atomic_fetch_and_explicit(&conn->events, stays,
						 memory_order_acq_rel);
		events = idle & ~(uint32_t)stays;
		idle &= stays;
		if (events && !(events & CT_EV_DESTROY))
			call(thr, conn, NULL, events);
		if (events & CT_EV_DESTROY) {
			/* What had not been told by now is of the past. */
			if (wanted(thr->tbl, conn, CT_EV_DESTROY))
				call(thr, conn, NULL, CT_EV_DESTROY);
			finish(thr, conn);
			return;
		}
		if (!events &&
		    atomic_compare_exchange_strong_explicit(
			    &conn->events, &idle,
			    (uint16_t)(idle & ~CT_EV_DELIVERING),
			    memory_order_acq_rel, memory_order_acquire))
			return;
	}
}

/* => What was pending; with DELIVERING another thread is the deliverer, else
 * this one is from now on. */
static uint16_t claim(struct ct_conn *conn, uint32_t events)
{
	return atomic_fetch_or_explicit(&conn->events,
					(uint16_t)(events | CT_EV_DELIVERING),
					memory_order_acq_rel);
}

uint32_t ct_event_hold(struct ct_thread *thr, struct ct_conn *conn,
		       uint32_t events)
{
	uint32_t word;

	events = wanted(thr->tbl, conn, events);
	if (ct_likely(!events))
		return 0;
	/* Nobody else can know it yet: no read-modify-write is needed. */
	word = atomic_load_explicit(&conn->events, memory_order_relaxed);
	atomic_store_explicit(
		&conn->events,
		(uint16_t)((word & CT_EV_HELPED) | CT_EV_DELIVERING),
		memory_order_relaxed);
	return events | (word & ~CT_EV_HELPED);
}

void ct_event_release(struct ct_thread *thr, struct ct_conn *conn,
		      uint32_t events)
{
	uint16_t stays =
		CT_EV_HELPED &
		atomic_load_explicit(&conn->events, memory_order_relaxed);
	uint16_t idle = CT_EV_DELIVERING | stays;

	call(thr, conn, NULL, events);
	/* Nothing else has happened, most likely. */
	if (ct_unlikely(!atomic_compare_exchange_strong_explicit(
		    &conn->events, &idle, stays, memory_order_acq_rel,
		    memory_order_acquire)))
		drain(thr, conn);
}

void ct_event_deliver(struct ct_thread *thr, struct ct_conn *conn)
{
	uint16_t pending =
		atomic_load_explicit(&conn->events, memory_order_relaxed);

	pending &= (uint16_t)~CT_EV_HELPED;
	if (ct_unlikely(pending) && !(claim(conn, 0) & CT_EV_DELIVERING))
		drain(thr, conn);
}

void ct_event_destroy(struct ct_thread *thr, struct ct_conn *conn)
{
	uint16_t pending = claim(conn, CT_EV_DESTROY);

	if (pending & CT_EV_DELIVERING)
		return;
	/* Its beginning was told; does anybody want to know of its end? */
	if (ct_likely(!wanted(thr->tbl, conn, CT_EV_DESTROY)))
		finish(thr, conn);
	else
		drain(thr, conn);
}
