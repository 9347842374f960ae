/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dump.c - looking at a table: walk, flush, counters
 *
 * A walk goes through the slab's places, not through the buckets, so that it
 * meets each connection once whatever happens to the table meanwhile; its
 * cursor is a place.
 */
#include <conntrack/dump.h>

#include "core/expect.h"
#include "core/table.h"
#include "core/timer.h"

#include <string.h>

static bool has_addr(const struct ct_filter *filter, const struct ct_tuple *t)
{
	return t->l3 == filter->l3 &&
	       (memcmp(&t->src, &filter->addr, sizeof(t->src)) == 0 ||
		memcmp(&t->dst, &filter->addr, sizeof(t->dst)) == 0);
}

static bool passes(const struct ct_filter *filter, const struct ct_conn *conn)
{
	struct ct_tuple orig, reply;

	if (!filter->l3 && !filter->flags)
		return true;
	ct_conn_tuple(conn, CT_DIR_ORIG, &orig);
	ct_conn_tuple(conn, CT_DIR_REPLY, &reply);
	if (filter->l3 && orig.l3 != filter->l3 && reply.l3 != filter->l3)
		return false;
	if ((filter->flags & CT_FILTER_L4) && orig.l4 != filter->l4)
		return false;
	if ((filter->flags & CT_FILTER_ZONE) && orig.zone != filter->zone)
		return false;
	if ((filter->flags & CT_FILTER_MARK) &&
	    (ct_conn_mark(conn) & filter->mark_mask) != filter->mark)
		return false;
	if ((filter->flags & CT_FILTER_ADDR) && !has_addr(filter, &orig) &&
	    !has_addr(filter, &reply))
		return false;
	return true;
}

/* => The caller's filter, or one that lets everything pass. */
static int take_filter(struct ct_filter *filter, const struct ct_filter *caller)
{
	*filter = (struct ct_filter){ .size = sizeof(*filter) };
	return caller ? ct_sized_copy(filter, sizeof(*filter), caller) : 0;
}

/* Places that a walk which ends connections looks ahead. */
enum { AHEAD = 16 };

/*
 * Have at hand what ending the next connections takes: the buckets that their
 * keys stand in, and the connections behind them.
 *
 * => The place up to which it did.
 */
static uint32_t look_ahead(const struct ct_table *tbl,
			   const struct ct_filter *filter, uint32_t unit)
{
	uint32_t step = tbl->extend.conn_units;
	uint32_t end = ct_slab_chunk_end(&tbl->slab, unit);
	uint32_t next = unit + AHEAD * step;
	uint32_t hash[CT_DIR_MAX];

	if (end > next)
		end = next;
	for (; unit < end; unit += step) {
		const struct ct_conn *conn = ct_conn_at(tbl, unit);
		const struct ct_conn *later =
			conn + AHEAD * step / CT_CONN_UNITS;

		__builtin_prefetch(later, 1);
		__builtin_prefetch(later->l4_state, 1);
		if (!ct_conn_known(conn) || !passes(filter, conn))
			continue;
		ct_conn_hashes(conn, &tbl->hash, hash);
		ct_bucket_prefetch(&tbl->buckets, hash[CT_DIR_ORIG]);
		ct_bucket_prefetch(&tbl->buckets, hash[CT_DIR_REPLY]);
	}
	return end;
}

int ct_walk(struct ct_thread *thr, uint64_t *cursor,
	    const struct ct_filter *caller, ct_walk_fn fn, void *user)
{
	const struct ct_table *tbl = thr->tbl;
	struct ct_filter filter;
	uint32_t unit, ahead = 0;
	bool ends = false; /* who ended one will end more */
	int stop = take_filter(&filter, caller);

	if (stop || *cursor == UINT64_MAX)
		return stop;
	unit = ct_slab_next_conn(&tbl->slab, (uint32_t)*cursor);
	for (; unit && !stop; unit = ct_slab_next_conn(&tbl->slab, unit)) {
		struct ct_conn *conn = ct_conn_at(tbl, unit);

		if (ends && unit >= ahead)
			ahead = look_ahead(tbl, &filter, unit);
		unit += tbl->extend.conn_units;
		*cursor = unit;
		if (!ct_conn_known(conn) || ct_conn_expired(conn, thr->now) ||
		    !passes(&filter, conn))
			continue;
		stop = fn(user, conn);
		ends = ct_conn_word(conn) & CT_S_DYING;
	}
	if (!stop)
		*cursor = UINT64_MAX;
	return stop;
}

struct flush {
	struct ct_thread *thr;
	int64_t n;
};

static int flush_one(void *user, struct ct_conn *conn)
{
	struct flush *flush = user;

	if (ct_conn_kill(flush->thr, conn, CT_R_END_FLUSHED))
		flush->n++;
	return 0;
}

int64_t ct_flush(struct ct_thread *thr, const struct ct_filter *filter)
{
	struct flush flush = { .thr = thr };
	uint64_t cursor = 0;
	int error;

	/* A walk passes over what has expired; nothing of it may stay. */
	ct_timer_sweep(thr, 0);
	error = ct_walk(thr, &cursor, filter, flush_one, &flush);
	return error ? error : flush.n;
}

static void add_reasons(uint64_t *sums, const _Atomic uint64_t *reasons)
{
	for (unsigned i = 0; i < CT_REASON_MAX; i++)
		sums[i] +=
			atomic_load_explicit(&reasons[i], memory_order_relaxed);
}

int ct_stats(struct ct_table *tbl, struct ct_stats *stats)
{
	struct ct_stats now = {
		.conns = ct_count_now(tbl),
		.max_conns = ct_core_param(tbl, CT_P_MAX_CONNS),
		.bytes = ct_mem_in_use(&tbl->mem),
	};
	struct ct_thread *thr;

	ct_spin_lock(&tbl->threads_lock);
	CT_THREADS_EACH (thr, tbl)
		add_reasons(now.reasons, thr->reasons);
	ct_spin_unlock(&tbl->threads_lock);
	return ct_sized_answer(stats, &now, sizeof(now));
}

static uint64_t handle_bytes(struct ct_table *tbl)
{
	struct ct_thread *thr;
	uint64_t bytes = 0;

	ct_spin_lock(&tbl->threads_lock);
	CT_THREADS_EACH (thr, tbl)
		bytes += sizeof(*thr) +
			 atomic_load_explicit(&thr->max_private,
					      memory_order_relaxed) *
				 sizeof(*thr->opened);
	ct_spin_unlock(&tbl->threads_lock);
	return bytes;
}

/* The slab is there once a thread has attached. */
static uint64_t class_bytes(struct ct_table *tbl, enum ct_slab_class class_)
{
	return ct_sealed(tbl) ? ct_slab_bytes(&tbl->slab, class_) : 0;
}

int ct_mem_report(struct ct_table *tbl, struct ct_mem_report *report)
{
	struct ct_mem_report now = {
		.total = ct_mem_in_use(&tbl->mem),
		.buckets = ct_buckets_bytes(tbl),
		.conns = class_bytes(tbl, CT_SLAB_CONN),
		.overflow = class_bytes(tbl, CT_SLAB_BUCKET),
		.on_demand = class_bytes(tbl, CT_SLAB_EXT) +
			     class_bytes(tbl, CT_SLAB_NAT) +
			     class_bytes(tbl, CT_SLAB_HELP) +
			     ct_mappings_bytes(tbl) + ct_outsides_bytes(tbl) +
			     ct_expects_bytes(tbl) + ct_peer_ids_bytes(tbl) +
			     atomic_load_explicit(&tbl->helpers.stream_bytes,
						  memory_order_relaxed),
		.handles = handle_bytes(tbl),
		.refused = atomic_load_explicit(&tbl->mem.refused,
						memory_order_relaxed),
		.long_chains = atomic_load_explicit(&tbl->buckets.alarms,
						    memory_order_relaxed),
	};

	ct_work_report(tbl->work, now.most);
	memcpy(now.budget, ct_work_budget, sizeof(now.budget));
	if (ct_sealed(tbl))
		now.budget[CT_WORK_INSERT] = tbl->slab.budget;
	now.other = now.total - now.buckets - now.conns - now.overflow -
		    now.on_demand - now.handles;
	return ct_sized_answer(report, &now, sizeof(now));
}
