/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * expect.h - the table of expectations
 *
 * By destination: what comes to an announced address and id.  One lock a chain,
 * since only the first packet of a connection looks here, and only while there
 * are expectations at all.
 *
 *	heads	+------+      +-----------+      +-----------+
 *		| unit |----> | ct_expect |----> | ct_expect |---> 0
 *		+------+      +-----------+      +-----------+
 *		  bit 31: lock	     |                 |
 *	a master's list, oldest first, under ct_helped.list, where locks nest so:
 *	list, head
 *
 * Life:
 *	made --add--> PENDING --told, and its master is known--> LIVE
 *	                 |					  |
 *			 +---replaced, removed, met, expired, ----+
 *			 |   its master's end			  |
 *			 v					  v
 *		       DEAD --told, if its beginning was--> retired, as
 *		       connections are (reclaim.h) --> free
 *
 * Whoever makes a LIVE one DEAD tells of it and retires it.  A PENDING one
 * belongs to whoever added it, or, while its master is private, to that.
 *
 * Letters as in conn.h; L: under the lock of its chain, unless another is named.
 */
#ifndef CORE_EXPECT_H
#define CORE_EXPECT_H

#include "core/help.h"

#include <conntrack/expect.h>

enum ct_expect_state { CT_EXPECT_PENDING, CT_EXPECT_LIVE, CT_EXPECT_DEAD };

struct ct_expect {
	struct ct_expect_def def;  /* I  but for its flags: those are here */
	_Atomic uint32_t flags;    /* A  written under L */
	uint64_t id;               /* I */
	uint32_t master;           /* I  unit */
	uint32_t next;             /* L  in its chain; later in limbo */
	uint32_t older;            /* L list */
	uint32_t newer;            /* L list */
	uint32_t queue[2];         /* what is told next, after its beginning
				      and after its end; its thread's */
	_Atomic uint32_t deadline; /* A  tick; written under L */
	_Atomic uint8_t state;     /* A  enum; written under L */
	uint8_t helper;            /* I  that the expected one gets */
	bool listed;               /* L list */
	bool queued;               /* L  teller will tell, and retire it */
	bool ends;                 /* L  in teller's queue twice */
	bool told;                 /* its beginning was; its thread's */
	const struct ct_thread *teller; /* L */
	uint32_t mapping;               /* I  of a pool, kept for it; or 0 */
	uint64_t mapping_key;           /* I  its key; see nat/reserve.h */
};
CT_STATIC_ASSERT(sizeof(struct ct_expect) <= CT_HELP_UNITS * 64, "its units");

void ct_expects_fini(struct ct_table *tbl);

/* => Bytes of the heads. */
uint64_t ct_expects_bytes(const struct ct_table *tbl);

/* => There is one at all.  Relaxed: whoever announced it has been heard by the
 * peer that knocks only later. */
static inline bool ct_expects_any(const struct ct_helpers *helpers)
{
	return atomic_load_explicit(&helpers->n_expects, memory_order_relaxed);
}

/*
 * A new connection's first packet comes: who expects it?
 *
 * => Out of the table and told of, unless permanent; borrowed, as its master.
 */
struct ct_expect *ct_expect_take(struct ct_thread *thr,
				 const struct ct_tuple *tuple);

/* A master is about to be known: tell of its expectations. */
void ct_expects_publish(struct ct_thread *thr, struct ct_conn *master);

/* A master has ended, or will never be known: all of its. */
void ct_expects_end(struct ct_thread *thr, struct ct_helped *help);

/* Tell what has happened inside a helper. */
void ct_expects_tell(struct ct_thread *thr);

/* End expired ones of so many chains; 0: of all. */
void ct_expects_sweep(struct ct_thread *thr, uint32_t budget);

/* => Ticks until the first one expires; INT32_MAX when there is none. */
int32_t ct_expects_next(const struct ct_table *tbl, uint32_t now);

/* Its memory; nobody borrows it any more. */
void ct_expect_free(struct ct_thread *thr, uint32_t unit);

/* --- Between expect.c, expect_add.c and expect_look.c ------------------- */

/* => The heads, made if need be; NULL when out of memory. */
_Atomic uint32_t *ct_expects_make(struct ct_table *tbl);
_Atomic uint32_t *ct_expects_head(const struct ct_table *tbl, uint32_t i);
uint32_t ct_expects_heads(const struct ct_table *tbl);

/* => The head of a tuple's chain; by what counts wholly. */
_Atomic uint32_t *ct_expects_head_of(const struct ct_table *tbl,
				     const struct ct_tuple *tuple);

struct ct_expect *ct_expect_at(const struct ct_table *tbl, uint32_t unit);
uint32_t ct_expect_unit(const struct ct_table *tbl,
			const struct ct_expect *exp);
bool ct_expect_live(const struct ct_expect *exp, uint32_t now);
bool ct_expect_expired(const struct ct_expect *exp, uint32_t now);
bool ct_expect_same_dst(const struct ct_tuple *a, const struct ct_tuple *b);
bool ct_expect_same_src(const struct ct_tuple *a, const struct ct_tuple *b,
			const union ct_addr *mask, ct_be16 id_mask);

/* What is told in a thread's queue: a unit, and which of its two ends. */
enum { CT_QUEUE_BEGINS = 0, CT_QUEUE_ENDS = 1 };

/* To be told of, by this thread, when it may. */
void ct_expect_queue(struct ct_thread *thr, struct ct_expect *exp,
		     uint32_t which);
void ct_expects_tell_soon(struct ct_thread *thr);

/*
 * Take it out of its chain; whose lock is held, first being what stands there.
 *
 * => False when it was out already.
 * => This thread is to tell, unless another will.
 */
bool ct_expect_kill_locked(struct ct_thread *thr, uint32_t *first,
			   struct ct_expect *exp);
bool ct_expect_kill(struct ct_thread *thr, struct ct_expect *exp);

/* Into and out of its master's list; whoever killed it takes it out. */
void ct_expect_list_add(const struct ct_table *tbl, struct ct_helped *help,
			struct ct_expect *exp) CT_REQUIRES(help->list);
void ct_expect_list_remove(const struct ct_table *tbl, struct ct_helped *help,
			   struct ct_expect *exp) CT_REQUIRES(help->list);

#endif /* CORE_EXPECT_H */
