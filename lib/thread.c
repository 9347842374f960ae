/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread.c - a packet thread's handle, and what is done once per burst
 */
#include "thread.h"

#include "core/expect.h"
#include "core/table.h"
#include "core/timer.h"
#include "nat/static.h"
#include "overflow/adapt.h"
#include "overflow/stock.h"
#include "probe.h"

/* Places that a poll looks at: eight cache lines of deadlines. */
#define SWEEP_PER_POLL 128

/* Chains of expectations that a poll looks at. */
#define EXPECTS_PER_POLL 8
/* Places that a poll looks into under pressure. */
#define ADAPT_PER_POLL  16
#define PROBES_PER_POLL 32

/* Connections that a poll frees: more than bursts of 32 can retire. */
#define REAP_PER_POLL 512

/* So many polls leave memory to a ct_maintain() that was called before them:
 * some milliseconds of a busy thread. */
#define POLLS_PER_MAINTAIN 1024

int ct_thread_make(struct ct_table *tbl, struct ct_thread **thr)
{
	struct ct_thread *made;

	made = ct_mem_alloc(&tbl->mem, sizeof(*made), CT_LINE);
	if (!made)
		return CT_E_NOMEM;
	made->tbl = tbl;
	made->now_ns = atomic_load_explicit(&tbl->now_ns, memory_order_relaxed);
	made->now = ct_ticks_of_ns(made->now_ns);
	made->dice[0] =
		atomic_fetch_add_explicit(&tbl->dice, 1, memory_order_relaxed);
	ct_spin_lock(&tbl->threads_lock);
	cds_list_add_tail(&made->node, &tbl->threads);
	ct_spin_unlock(&tbl->threads_lock);
	*thr = made;
	return 0;
}

void ct_thread_free(struct ct_thread *thr)
{
	struct ct_mem *mem;

	if (!thr)
		return;
	mem = &thr->tbl->mem;
	ct_kept_free(mem, thr->kept);
	ct_mem_free(mem, thr->spare_datagram, sizeof(*thr->spare_datagram));
	ct_count_leave(thr);
	ct_stock_free(thr);
	ct_spin_lock(&thr->tbl->threads_lock);
	thr->tbl->past_weak +=
		atomic_load_explicit(&thr->n_weak, memory_order_relaxed);
	cds_list_del(&thr->node);
	ct_spin_unlock(&thr->tbl->threads_lock);
	ct_mem_free(
		mem, thr->opened,
		atomic_load_explicit(&thr->max_private, memory_order_relaxed) *
			sizeof(*thr->opened));
	ct_mem_free(mem, thr, sizeof(*thr));
}

static int seal_and_make(struct ct_table *tbl, struct ct_thread **thr)
{
	int error;

	ct_spin_lock(&tbl->control_lock);
	error = ct_table_seal(tbl);
	ct_spin_unlock(&tbl->control_lock);
	return error ? error : ct_thread_make(tbl, thr);
}

int ct_thread_attach(struct ct_table *tbl, struct ct_thread **thr)
{
	struct ct_thread *made;
	int error = seal_and_make(tbl, &made);

	if (error)
		return error;
	ct_epoch_seen(made);
	*thr = made;
	return 0;
}

/* What it counted is counted by the table's own handle from now on. */
static void leave_reasons(struct ct_thread *thr)
{
	struct ct_table *tbl = thr->tbl;

	ct_spin_lock(&tbl->control_lock);
	for (unsigned i = 0; i < CT_REASON_MAX; i++)
		ct_count_by(tbl->control, (enum ct_reason)i,
			    atomic_load_explicit(&thr->reasons[i],
						 memory_order_relaxed));
	ct_spin_unlock(&tbl->control_lock);
}

void ct_thread_detach(struct ct_thread *thr)
{
	struct ct_table *tbl;

	if (!thr)
		return;
	tbl = thr->tbl;
	ct_conn_discard_private(thr);
	ct_limbo_leave(thr);
	for (unsigned i = 0; i < CT_SLAB_CLASSES; i++)
		ct_slab_flush(&tbl->slab, &thr->magazine[i],
			      (enum ct_slab_class)i, 0);

	leave_reasons(thr);
	ct_thread_free(thr);
}

/* A thread's time never goes back; the table's is the latest of any. */
static void time_set(struct ct_thread *thr, uint64_t now_ns)
{
	struct ct_table *tbl = thr->tbl;
	uint64_t latest;

	if (now_ns > thr->now_ns)
		thr->now_ns = now_ns;
	thr->now = ct_ticks_of_ns(thr->now_ns);
	latest = atomic_load_explicit(&tbl->now_ns, memory_order_relaxed);
	while (latest < thr->now_ns &&
	       !atomic_compare_exchange_weak_explicit(
		       &tbl->now_ns, &latest, thr->now_ns, memory_order_relaxed,
		       memory_order_relaxed))
		;
}

/* Is it above the soft watermark? */
static void press(struct ct_table *tbl)
{
	uint64_t n = atomic_load_explicit(&tbl->n_conns, memory_order_relaxed);
	bool pressed = n * 1000 > (uint64_t)ct_max_conns(tbl) *
					  ct_core_param(tbl, CT_P_LOW);

	if (ct_unlikely(pressed != ct_pressed(tbl)))
		atomic_store_explicit(&tbl->pressed, pressed,
				      memory_order_relaxed);
}

/*
 * Whether ct_maintain() is called often enough to have memory ready.
 *
 * => By polls, not by time: a host's clock may stand still.
 */
static bool maintained(struct ct_thread *thr)
{
	uint32_t now = atomic_load_explicit(&thr->tbl->maintained,
					    memory_order_relaxed);

	if (now != thr->maintained) {
		thr->maintained = now;
		thr->n_polls = 0;
	}
	if (!now || thr->n_polls == POLLS_PER_MAINTAIN)
		return false;
	thr->n_polls++;
	return true;
}

/* This thread borrows nothing now; then its share of the work: so many places
 * to sweep, 0 for all, and so many connections to free. */
static void housekeep(struct ct_thread *thr, enum ct_work_call call,
		      uint32_t sweep, uint32_t reap)
{
	struct ct_work left = ct_work_budget[call];
	struct ct_work spared = { 0 };
	struct ct_table *tbl = thr->tbl;

	if (call == CT_WORK_POLL && maintained(thr)) {
		spared.pages = left.pages;
		spared.blocks = left.blocks;
	}
	left.pages -= spared.pages;
	left.blocks -= spared.blocks;
	ct_kept_free(&tbl->mem, thr->kept);
	thr->kept = NULL;
	ct_stock_forget(thr);
	ct_limbo_close(thr);
	ct_epoch_seen(thr);
	ct_limbo_reap(thr, reap);
	ct_timer_sweep(thr, sweep);
	ct_expects_sweep(thr, call == CT_WORK_POLL ? EXPECTS_PER_POLL : 0);
	ct_adapt_sweep(thr, sweep ? ADAPT_PER_POLL : 0);
	ct_probes_step(thr, sweep ? PROBES_PER_POLL : 0);
	ct_resets_send(thr);
	ct_resize_step(thr, &left);
	ct_slab_prepare(&tbl->slab, &left);
	ct_slab_shrink(thr, &left);
	ct_statics_expire(thr);
	ct_frags_expire(thr);
	left.pages += spared.pages;
	left.blocks += spared.blocks;
	ct_work_done(&tbl->work[call], &ct_work_budget[call], &left);
}

void ct_thread_poll(struct ct_thread *thr, uint64_t now_ns)
{
	time_set(thr, now_ns);
	ct_count_fit(thr);
	press(thr->tbl);
	if (ct_unlikely(thr->n_private))
		ct_conn_discard_private(thr);
	housekeep(thr, CT_WORK_POLL, SWEEP_PER_POLL, REAP_PER_POLL);
}

void ct_thread_offline(struct ct_thread *thr)
{
	ct_conn_discard_private(thr);
	ct_limbo_leave(thr);
	ct_stock_forget(thr);
	ct_epoch_offline(thr);
}

void ct_thread_online(struct ct_thread *thr)
{
	ct_epoch_seen(thr);
}

struct ct_table *ct_thread_table(const struct ct_thread *thr)
{
	return thr->tbl;
}

uint64_t ct_thread_now(const struct ct_thread *thr)
{
	return thr->now_ns;
}

void ct_thread_trace(struct ct_thread *thr, ct_trace_fn fn, void *user)
{
	thr->trace = fn;
	thr->trace_user = user;
}

int ct_maintain(struct ct_table *tbl, uint64_t now_ns, uint32_t budget)
{
	int error;

	ct_spin_lock(&tbl->control_lock);
	error = ct_table_seal(tbl);
	if (!error) {
		atomic_fetch_add_explicit(&tbl->maintained, 1,
					  memory_order_relaxed);
		time_set(tbl->control, now_ns);
		housekeep(tbl->control, CT_WORK_MAINTAIN, budget, UINT32_MAX);
		/* Who polls next frees what this has ended. */
		ct_limbo_leave(tbl->control);
		ct_epoch_offline(tbl->control);
	}
	ct_spin_unlock(&tbl->control_lock);
	return error;
}

uint64_t ct_next_expiry(struct ct_table *tbl)
{
	uint64_t now_ns =
		atomic_load_explicit(&tbl->now_ns, memory_order_relaxed);
	uint32_t now = ct_ticks_of_ns(now_ns);
	int32_t soonest, other;

	if (!ct_sealed(tbl))
		return UINT64_MAX;
	soonest = ct_timer_next(tbl, now);
	other = ct_statics_next(tbl, now);
	if (other < soonest)
		soonest = other;
	if (soonest == INT32_MAX)
		return UINT64_MAX;
	return now_ns + (soonest > 0 ? (uint64_t)soonest * CT_TICK_NS : 0);
}
