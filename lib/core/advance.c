/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * advance.c - what trackers do to a connection: its state, its timeout, whether
 * it is assured
 */
#include "core/table.h"
#include "core/timer.h"
#include "core/worth.h"

void *ct_l4_state(struct ct_conn *conn)
{
	return conn->l4_state;
}

const void *ct_l4_state_const(const struct ct_conn *conn)
{
	return conn->l4_state;
}

/*
 * Whether a packet that moved the timeout by so much counts as activity.
 *
 * TCP goes from one timeout to another and back with each answer; of such moves,
 * which say nothing of the time that has passed, one in some counts, since each
 * costs a cache miss.
 */
static bool is_visit(struct ct_thread *thr, int32_t later)
{
	enum { SOME = 16 };
	const int32_t most = (int32_t)(CT_TIMER_LOW * CT_TICKS_PER_S);

	return (later >= 0 && later <= most) || thr->moves++ % SOME == 0;
}

void ct_conn_refresh(struct ct_thread *thr, struct ct_conn *conn,
		     uint32_t seconds)
{
	uint32_t status = ct_conn_word(conn);
	uint32_t before =
		atomic_load_explicit(&conn->timeout, memory_order_relaxed);
	uint32_t timeout;
	int32_t later;

	if (seconds > CT_TIMEOUT_MAX)
		seconds = CT_TIMEOUT_MAX;
	if (!(status & CT_S_CONFIRMED)) {
		/* Runs from the confirmation on. */
		atomic_store_explicit(&conn->timeout, seconds * CT_TICKS_PER_S,
				      memory_order_relaxed);
		return;
	}
	if (status & CT_S_FIXED_TIMEOUT)
		return;

	timeout = ct_ticks_after(thr->now, seconds);
	later = ct_ticks_until(timeout, before);
	if (later >= 0 && later < (int32_t)CT_TICKS_PER_S)
		return; /* the cache line stays clean */
	atomic_store_explicit(&conn->timeout, timeout, memory_order_release);
	if (later < 0)
		ct_timer_sooner(thr, conn, seconds);
	if (ct_unlikely(ct_pressed(thr->tbl)) && is_visit(thr, later))
		ct_worth_touch(thr, conn);
}

void ct_conn_assure(struct ct_thread *thr, struct ct_conn *conn)
{
	if (ct_conn_word(conn) & CT_S_ASSURED)
		return;
	if (ct_conn_set(conn, CT_S_ASSURED) & CT_S_ASSURED)
		return;
	if ((ct_conn_word(conn) & CT_S_CONFIRMED) &&
	    ct_conn_is_weak(0, ct_conn_class_word(conn))) {
		ct_count_weak(thr, -1);
		thr->proven++;
	}
	ct_worth_changed(thr, conn);
	ct_event_note(thr, conn, CT_EV_ASSURED);
}

void ct_conn_changed(struct ct_thread *thr, struct ct_conn *conn)
{
	ct_worth_changed(thr, conn);
	ct_event_note(thr, conn, CT_EV_PROTO);
}
