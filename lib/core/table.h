/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table.h - what a table and a thread's handle are made of
 *
 * Everything hangs on these two; each part has a file of its own.
 *
 * Locks, from the outermost in; docs/concurrency.md tells which nests in which:
 *	control_lock		the table's own handle
 *	policies.lock		making a policy; see policy.h
 *	resize.lock		the number of buckets; see resize.h
 *	slab.prepare_lock	chunks made ready or given back; see slab.h
 *	a bucket's lock		its chain; two of them, or the sources of some splits,
 *				by address; see bucket.h
 *	slab.lock		the depots; see slab.h
 *	threads_lock		the list of handles and of subscriptions
 *	frags.lock		datagrams in fragments; see frag.h
 *	share->lock		how much sources hold; only tried; see share.h
 *	probes->lock		who is asked whether he is there; see overflow/probe.h
 *	a connection's lock	its tracker's state; see conn.h; alone
 * The host's alloc and free run under some of them.  Its other callbacks run
 * under none, but for events and packets of ct_maintain(), under control_lock,
 * and traces, under a connection's lock.
 */
#ifndef CORE_TABLE_H
#define CORE_TABLE_H

#include "base/hash.h"
#include "base/mem.h"
#include "base/param.h"
#include "base/spin.h"
#include "core/bucket.h"
#include "core/count.h"
#include "core/event.h"
#include "core/extend.h"
#include "core/frag.h"
#include "core/ghost.h"
#include "core/half.h"
#include "core/help.h"
#include "core/ledger.h"
#include "core/limit.h"
#include "core/mapping.h"
#include "core/outside.h"
#include "core/pace.h"
#include "core/peer_id.h"
#include "core/policy.h"
#include "core/reclaim.h"
#include "core/registry.h"
#include "core/resize.h"
#include "core/share.h"
#include "core/slab.h"
#include "core/work.h"

#include <conntrack/overflow.h>
#include <stdatomic.h>
#include <urcu/list.h>

/* The parameters that are the table's own; see registry.c. */
enum ct_core_param {
	CT_P_MAX_CONNS,
	CT_P_BUCKETS,
	CT_P_CHECKSUM,
	CT_P_ACCT,
	CT_P_TIMESTAMP,
	CT_P_EVENTS,
	CT_P_LOG_INVALID,
	CT_P_CLASH,
	CT_P_HASH,
	CT_P_LEAK_PROOF,
	CT_P_NAT64_PRIVATE,
	CT_P_EXPECT_MAX,
	CT_P_HELPER_STRICT,
	CT_P_HELPER_STREAM,
	CT_P_SEQADJ_STEPS,
	CT_P_FRAG_MODE,
	CT_P_FRAG_TIMEOUT4,
	CT_P_FRAG_TIMEOUT6,
	CT_P_FRAG_MEMORY4,
	CT_P_FRAG_MEMORY6,
	CT_P_FRAG_DATAGRAMS,
	CT_P_FRAG_PIECES,
	CT_P_FRAG_HOLD,
	CT_P_FRAG_ATOMIC,
	CT_P_FRAG_TIME_EXCEEDED,
	CT_P_POLICY,
	CT_P_VERDICT,
	CT_P_REJECT_RATE,
	CT_P_LOW,
	CT_P_HIGH,
	CT_P_PROBATION,
	CT_P_SOFT,
	CT_P_SOFT_PART,
	CT_P_HOLD,
	CT_P_PREFIX4,
	CT_P_PREFIX6,
	CT_P_SOURCE_MAX,
	CT_P_SOURCE_MIN,
	CT_P_VICTIMS,
	CT_P_HALF_LIFE,
	CT_P_SYN_PROXY,
	CT_P_SYN_MSS,
	CT_P_SYN_WSCALE,
	CT_P_SYN_STAMPS,
	CT_P_HALF_MAX,
	CT_P_HALF_SOURCE,
	CT_P_PROBE,
	CT_P_PROBE_RATE,
	CT_P_PROBE_WAIT,
	CT_P_PROBE_STAMPS,
	CT_P_RESET,
	CT_P_MAX
};

/* A prefix that is translated without state; see refuse.h. */
struct ct_prefix_map {
	union ct_addr inside;
	union ct_addr outside;
	uint8_t l3;
	uint8_t bits;
};
enum { CT_PREFIX_MAPS = 8 };

/* Of a thread, until it sends them. */
enum { CT_RESETS = 16 };

/* NAT's pools; see nat/pool.h. */
struct ct_nat_pool;
struct ct_nat_event;
enum { CT_POOLS = 64 };

struct ct_foreseen;

/* Victims of a flood; see overflow/stock.h. */
struct ct_stock;

/* A private connection, remembered by the thread that opened it. */
struct ct_private {
	uint32_t unit;
	uint32_t gen;
	uint32_t hash; /* of its original key */
};

/*
 * How this thread's latest newcomer was translated, as the next one will be,
 * most likely: what its set-up will look at is fetched meanwhile.
 */
struct ct_habit {
	ct_be32 outside; /* by a range, to this address; 0: not */
	uint16_t pool;   /* by a pool, of this number; 0: not */
};

/* A thread's sweep of who has been idle for long; see overflow/adapt.h. */
struct ct_adapt {
	uint32_t unit;   /* where it goes on */
	uint32_t began;  /* tick in which the round at hand did */
	uint32_t n;      /* places looked at in it */
	uint32_t a_tick; /* places a tick; 0: as many as polls allow */
	uint32_t round;  /* ticks that the last one took */
};

/* A thread's searches that found only who is held; see overflow/hold.h. */
struct ct_held {
	uint32_t at;    /* tick of the latest one in vain */
	uint8_t left;   /* newcomers that are refused without one */
	uint8_t passed; /* of how many, after the next one in vain */
	bool spared;    /* the search at hand has met such a one */
};

struct ct_thread {
	struct ct_table *tbl;         /* I */
	uint64_t now_ns;              /* its own */
	uint32_t now;                 /* its own  tick */
	uint32_t gen;                 /* its own  the last connection's */
	uint32_t gens;                /* its own  how many are left */
	uint64_t dice[2];             /* its own  see ct_random() */
	uint32_t n_private;           /* its own */
	uint32_t next_private;        /* its own  to be confirmed */
	_Atomic uint32_t max_private; /* A  one writer */
	struct ct_private *opened;    /* its own */

	struct ct_habit habit;              /* its own */
	const struct ct_foreseen *foreseen; /* its own  of the newcomer at hand,
					       or NULL; see nat/foresee.h */
	uint64_t n_foreseen; /* its own  set-ups that came as foreseen */

	struct ct_magazine magazine[CT_SLAB_CLASSES]; /* its own */
	struct ct_limbo limbo;                        /* its own */
	struct ct_helping helping;                    /* its own */

	uint32_t maintained; /* its own  tbl->maintained, when it last moved */
	uint32_t n_polls;    /* its own  since then */

	struct ct_kept *kept; /* its own  given out until the next poll */
	struct ct_datagram *spare_datagram; /* its own  or NULL */

	ct_trace_fn trace; /* its own */
	void *trace_user;

	struct ct_outside_last outside; /* its own */

	uint8_t paces[CT_PACE_STEPS]; /* its own  not lowered yet; pace.c */

	uint8_t hook;                  /* its own  of the packets at hand */
	bool crosses;                  /* its own  packets do, of late */
	uint32_t refused_at;           /* its own  tick; count.h */
	uint32_t hand;                 /* its own  unit; overflow/rate.h */
	_Atomic uint64_t n_candidates; /* A  one writer; choose.c */
	_Atomic uint64_t n_lines;      /* A  one writer */
	uint32_t evicted;              /* its own  not handed over; worth.c */
	uint32_t moves;                /* its own  of timeouts; advance.c */
	uint64_t weak_now;             /* its own  as counted last; choose.c */
	struct ct_adapt adapt;         /* its own */
	uint32_t heavy;                /* its own  tick; overflow/choose.h */
	struct ct_samples samples;     /* its own  for the sketch; share.h */
	uint32_t ghost;             /* its own  the set to be aged; ghost.c */
	uint32_t ghost_counts;      /* its own  that were added */
	uint8_t talkers_passed;     /* its own  newcomers until the next that
					  counts; overflow/talker.c */
	uint8_t usual;              /* its own  16 times the activity of
					  assured victims; choose.c */
	uint8_t sampled;            /* its own  candidates; stock.c */
	struct ct_stock *stock;     /* its own  made in a flood; stock.c */
	uint32_t resets[CT_RESETS]; /* its own  units; overflow/probe.h */
	uint32_t n_resets;          /* its own */
	struct ct_held held;        /* its own */
	bool crowd;                 /* its own  too many unproven; choose.c */
	uint32_t proven;            /* its own  newcomers that were assured, and
					  not paid for; choose.c */
	uint32_t crowd_left;        /* its own  searches until it looks again */
	/* Read by others, by their polls and by newcomers to a full table: on
	 * a line of its own. */
	_Alignas(CT_LINE) _Atomic uint64_t epoch; /* A  seen; 0: offline */
	struct cds_list_head node;                /* L  threads_lock */
	_Atomic uint32_t credit;                  /* A  see count.h */
	_Atomic int64_t n_weak;                   /* A  one writer */
	/* Written by each packet. */
	_Alignas(CT_LINE) _Atomic uint64_t reasons[CT_REASON_MAX]; /* A  one
								      writer */
};

struct ct_table {
	struct ct_mem mem;
	struct ct_hash_key hash; /* I */
	uint32_t max_conns;      /* I  what memory was laid out for */
	_Atomic bool sealed;     /* A */

	struct ct_buckets buckets;
	struct ct_resize resize;
	struct ct_slab slab;
	struct ct_work_most work[CT_WORK_CALLS]; /* A */
	struct ct_params params;
	struct ct_registry registry; /* I  after the seal */
	struct ct_extend extend;     /* I  after the seal */
	struct ct_helpers helpers;
	struct ct_policies policies;
	struct ct_events events;
	struct ct_mappings mappings;
	struct ct_outsides outsides;
	struct ct_peer_ids peer_ids;
	struct ct_frags frags;
	struct ct_pace pace;
	_Atomic bool pressed;          /* A  above the soft watermark */
	_Atomic uint32_t cookie_at;    /* A  second of the last cookie, or 0 */
	_Atomic uint32_t stateless_at; /* A  the same of what passed by a
					  prefix; refuse.c */
	_Atomic uint64_t told_ns;      /* A  senders were told; refuse.c */
	struct ct_limits limits;
	struct ct_half half;
	_Atomic(struct ct_ledger *) ledger;     /* A  made when it is needed */
	_Atomic(struct ct_probes *) probes;     /* A  likewise */
	_Atomic(struct ct_talkers *) talkers;   /* A  likewise */
	_Atomic(struct ct_ghosts *) ghosts;     /* A  likewise */
	_Atomic(struct ct_share *) share;       /* A  likewise */
	const struct ct_overflow_ops *overflow; /* I  after the seal; or NULL */
	struct ct_prefix_map *maps;             /* I  after the seal; or NULL */
	uint32_t n_maps;                        /* I  after the seal */
	/* A  CT_POOLS of them, set once each; made when the first is */
	_Atomic(struct ct_nat_pool *) *_Atomic pools;

	/* I  after the seal: told of ranges, see nat/report.h */
	void (*nat_watch)(void *user, const struct ct_nat_event *ev);
	void *nat_watch_user;

	/* Written by newcomers, now and then. */
	_Alignas(CT_LINE) _Atomic uint32_t n_conns; /* A  private ones and
						       credits included */
	_Atomic uint32_t fit;     /* A  for which there is memory; count.c */
	_Atomic uint32_t fit_at;  /* A  tick at which that was reckoned */
	_Atomic bool weak;        /* A  false: no thread's n_weak is above 0 */
	_Atomic bool credits;     /* A  false: no thread has any; count.c */
	_Atomic uint32_t gen;     /* A  the next that no thread has taken */
	_Atomic uint32_t turn;    /* A  see worth.h */
	_Atomic uint32_t turned;  /* A  evicted, when the turn began */
	_Atomic uint32_t evicted; /* A  that had proven nothing */

	/* Written by polls. */
	_Alignas(CT_LINE) _Atomic uint64_t now_ns; /* A  latest of any thread */
	_Atomic uint32_t sweep;      /* A  unit where the next sweep starts */
	_Atomic uint64_t epoch;      /* A */
	_Atomic uint32_t maintained; /* A  calls of ct_maintain() */
	_Atomic uint32_t dice;       /* A  handles made; see ct_random() */
	/* A  connections put by their last owner, linked by timeout words */
	_Atomic uint32_t returned;
	_Atomic uint32_t orphans; /* A  limbo of absent threads, likewise */
	_Atomic uint32_t orphan_expects; /* A  the same of expectations */

	struct ct_spin threads_lock;
	struct cds_list_head threads; /* L */
	int64_t past_weak;            /* L  of threads that have left */

	struct ct_spin control_lock;
	struct ct_thread *control; /* L  control_lock; made by the seal */
};

/* Each handle, under threads_lock.  The list's head lies in the table, and looks
 * like no handle: it is not aligned as one. */
#define CT_THREADS_EACH(thr, tbl)                                          \
	for (struct cds_list_head *at = (tbl)->threads.next;               \
	     at != &(tbl)->threads &&                                      \
	     ((thr) = cds_list_entry(at, struct ct_thread, node)) != NULL; \
	     at = at->next)

/* => The layout is fixed, and the slab is there. */
static inline bool ct_sealed(const struct ct_table *tbl)
{
	/* acquire; pairs with the release in ct_table_seal() */
	return atomic_load_explicit(&tbl->sealed, memory_order_acquire);
}

/* => NULL for an unknown one. */
static inline const struct ct_l3_ops *ct_registry_l3(const struct ct_table *tbl,
						     uint8_t l3)
{
	return tbl->registry.l3[tbl->registry.l3_at[l3]];
}

/* => The generic tracker, which has place 0, for an unknown one; never NULL. */
static inline const struct ct_l4_ops *ct_registry_l4(const struct ct_table *tbl,
						     uint8_t l4)
{
	return tbl->registry.l4[tbl->registry.l4_at[l4]];
}

/* The tuple that answers t; false when nothing can. */
static inline bool ct_l4_invert(const struct ct_l4_ops *ops,
				const struct ct_tuple *t,
				struct ct_tuple *inverse)
{
	*inverse = *t;
	inverse->src = t->dst;
	inverse->dst = t->src;
	return ops->invert(t, inverse);
}

/*
 * A number that nobody can foretell who does not know the table's secret.
 *
 * => The same ones for the same secret, handle by handle.
 */
static inline uint32_t ct_random(struct ct_thread *thr)
{
	thr->dice[1]++;
	return (uint32_t)ct_hash_narrow(&thr->tbl->hash, thr->dice);
}

static inline uint32_t ct_core_param(const struct ct_table *tbl,
				     enum ct_core_param n)
{
	/* The table's own group is the first one. */
	return ct_params_value(&tbl->params, n);
}

static inline bool ct_pressed(const struct ct_table *tbl)
{
	return atomic_load_explicit(&tbl->pressed, memory_order_relaxed);
}

/* => What a newcomer is to be told can be done: without a prefix that is mapped
 *    nothing is translated without state. */
static inline bool ct_verdict_possible(const struct ct_table *tbl,
				       uint64_t verdict)
{
	return verdict != CT_OVERFLOW_STATELESS || tbl->n_maps;
}

/* => Connections that may be: those of the parameter, or for which there is
 *    memory; see ct_count_fit(). */
static inline uint32_t ct_max_conns(const struct ct_table *tbl)
{
	uint32_t max = ct_core_param(tbl, CT_P_MAX_CONNS);
	uint32_t fit = atomic_load_explicit(&tbl->fit, memory_order_relaxed);

	return fit < max ? fit : max;
}

/*
 * => Newcomers of a class may take the places of others than most may: of their
 *    own class, of less rank, or as the host says.  That somebody else found none
 *    says nothing of them.
 */
static inline bool ct_takes_more(const struct ct_table *tbl, unsigned class_)
{
	if (ct_unlikely(tbl->overflow && tbl->overflow->value))
		return true;
	if (ct_likely(!class_))
		return false;
	return ct_class_rank(&tbl->limits, class_) ||
	       ct_class_has(ct_class_at(&tbl->limits, class_), CT_CLASS_KEEP);
}

/* => The table is full for a packet's connection, as this thread has found in
 *    this tick; see count.h. */
static inline bool ct_refuses(const struct ct_thread *thr,
			      const struct ct_pkt *pkt)
{
	const struct ct_table *tbl = thr->tbl;

	if (ct_likely(thr->refused_at != thr->now))
		return false;
	if (ct_takes_more(tbl, pkt->policy ? pkt->policy->class_ : 0))
		return false;
	return atomic_load_explicit(&tbl->n_conns, memory_order_relaxed) >=
		       ct_max_conns(tbl) &&
	       !atomic_load_explicit(&thr->credit, memory_order_relaxed) &&
	       !atomic_load_explicit(&tbl->weak, memory_order_relaxed);
}

/* => There are more connections than polls leave the hash table to hold; see
 *    resize.h.  Credits are taken for connections. */
static inline bool ct_table_crowded(const struct ct_table *tbl)
{
	uint64_t keys = 2ull * atomic_load_explicit(&tbl->n_conns,
						    memory_order_relaxed);

	return keys > (uint64_t)CT_RESIZE_CROWDED *
			      atomic_load_explicit(&tbl->buckets.n,
						   memory_order_relaxed);
}

/* ct_tracing() and ct_l4_param() for those who are built with us. */
static inline bool ct_traced(const struct ct_thread *thr)
{
	return ct_unlikely(thr->trace != NULL);
}

static inline size_t ct_param_base(const struct ct_table *tbl, uint8_t l4)
{
	const struct ct_registry *reg = &tbl->registry;

	return reg->params[reg->l4_at[l4]];
}

static inline uint32_t ct_param_at(const struct ct_table *tbl,
				   const struct ct_conn *conn, size_t index)
{
	if (ct_unlikely(conn && conn->policy))
		return ct_policy_param(tbl, conn->policy, (uint32_t)index);
	return ct_params_value(&tbl->params, index);
}

static inline uint32_t ct_param_of(const struct ct_thread *thr,
				   const struct ct_l4_ops *ops,
				   const struct ct_conn *conn, unsigned n)
{
	return ct_param_at(thr->tbl, conn,
			   ct_param_base(thr->tbl, ops->l4) + n);
}

/*
 * ct_conn_refresh(), with what happens most: nothing to store.
 *
 * => Confirmed; left is how long it had, in ticks.
 */
static inline void ct_refresh_from(struct ct_thread *thr, struct ct_conn *conn,
				   uint32_t seconds, uint32_t left)
{
	/* Longer than what is there by less than a second. */
	if (ct_unlikely(seconds > CT_TIMEOUT_MAX ||
			seconds * CT_TICKS_PER_S - left >= CT_TICKS_PER_S))
		ct_conn_refresh(thr, conn, seconds);
}

static inline void ct_refresh(struct ct_thread *thr, struct ct_conn *conn,
			      uint32_t seconds)
{
	uint32_t timeout =
		atomic_load_explicit(&conn->timeout, memory_order_relaxed);

	if (ct_likely(ct_conn_word(conn) & CT_S_CONFIRMED))
		ct_refresh_from(thr, conn, seconds, timeout - thr->now);
	else
		ct_conn_refresh(thr, conn, seconds);
}

/* One writer: no read-modify-write is needed. */
static inline void ct_count_own(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(
		counter,
		atomic_load_explicit(counter, memory_order_relaxed) + n,
		memory_order_relaxed);
}

static inline void ct_count_by(struct ct_thread *thr, enum ct_reason reason,
			       uint64_t n)
{
	ct_count_own(&thr->reasons[reason], n);
}

static inline void ct_count(struct ct_thread *thr, enum ct_reason reason)
{
	ct_count_by(thr, reason, 1);
}

static inline struct ct_conn *ct_conn_at(const struct ct_table *tbl,
					 uint32_t unit)
{
	return ct_slab_at(&tbl->slab, unit);
}

static inline uint32_t ct_conn_unit(const struct ct_table *tbl,
				    const struct ct_conn *conn)
{
	return ct_slab_unit(&tbl->slab, conn);
}

#endif /* CORE_TABLE_H */
