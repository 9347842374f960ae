/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worth.h - what connections are worth, where one cache line rates 64 of them
 *
 * A byte for each connection lies in a dense array (slab.h):
 *
 *	 7     5 4              1  0
 *	+-------+----------------+---+
 *	| group |activity or turn|NAT|	0: nobody, or not to be evicted
 *	+-------+----------------+---+
 *
 * The group says in which part of its life the connection is; no activity
 * outweighs it.  Between two that are alike the one that is translated stays,
 * since its peers cannot go on without it.
 *
 * What has proven nothing has to go in turn.  The table counts turns: one is
 * over when an eighth of all that have proven nothing was evicted.  The byte
 * holds the turn, of 16, in which its connection came; so whoever is evicted in
 * turn is, give or take an eighth, the oldest.
 *
 * Activity counts packets that came a second or more after the last one, while
 * there is pressure; who looks for room lowers it as it passes by.  So it tells
 * how often a connection was of use lately, as the reference counts of the
 * CLOCK family of caches do, and costs packets nothing that need not refresh
 * the timeout.
 *
 * One bit for each line of 64 says that somebody of it may go before all that is
 * assured; so a search passes over 4096 others with one load.  Whoever finds
 * nobody there clears it.
 *
 * The byte is a hint: relaxed loads and stores, and a lost increment does not
 * matter.  Who evicts looks at the connection before.
 */
#ifndef CORE_WORTH_H
#define CORE_WORTH_H

#include "core/conn.h"

enum ct_worth_group {
	CT_WORTH_NOBODY,
	CT_WORTH_CLOSING,     /* both ends have said good-bye, or hung up */
	CT_WORTH_UNPROVEN,    /* nobody has assured it */
	CT_WORTH_STALE,       /* idle past its soft age */
	CT_WORTH_ESTABLISHED, /* assured */
	CT_WORTH_FAVOURED,    /* assured, and of a class of rank */
	CT_WORTH_KEPT_WEAK,   /* goes only for its own class: not proven, or
				 closing */
	CT_WORTH_KEPT         /* the same, proven */
};

enum {
	CT_WORTH_NAT = 1,
	CT_WORTH_ONCE = 2, /* one unit of activity */
	CT_WORTH_BUSY = 15 * CT_WORTH_ONCE,
	CT_WORTH_SHIFT = 5
};

static inline enum ct_worth_group ct_worth_group(uint8_t byte)
{
	return (enum ct_worth_group)(byte >> CT_WORTH_SHIFT);
}

/* => Its byte holds the turn in which it came. */
static inline bool ct_worth_takes_turns(uint8_t byte)
{
	enum ct_worth_group group = ct_worth_group(byte);

	return group == CT_WORTH_UNPROVEN || group == CT_WORTH_KEPT_WEAK;
}

/* => Its byte holds its activity. */
static inline bool ct_worth_is_proven(uint8_t byte)
{
	return ct_worth_group(byte) > CT_WORTH_UNPROVEN &&
	       !ct_worth_takes_turns(byte);
}

/* Turns that have passed since that of a byte. */
static inline uint8_t ct_worth_turns(uint8_t byte, uint32_t turn)
{
	return (uint8_t)((turn - byte / CT_WORTH_ONCE) & 15);
}

static inline uint8_t ct_worth_activity(uint8_t byte)
{
	return (uint8_t)((byte & CT_WORTH_BUSY) / CT_WORTH_ONCE);
}

/* => What its tracker says of its state, enum ct_score. */
uint8_t ct_worth_state(const struct ct_table *tbl, const struct ct_conn *conn);

/* => What it is worth now; of its byte, only the activity counts. */
uint8_t ct_worth_of(const struct ct_table *tbl, const struct ct_conn *conn);

/* It is about to become known. */
void ct_worth_start(struct ct_thread *thr, struct ct_conn *conn);

/* Its state, status or class has changed; nothing if it is private or dying. */
void ct_worth_changed(struct ct_thread *thr, struct ct_conn *conn);

/*
 * It was answered for the first time.  If its flow had been missed before, this is
 * as good as what a tracker asks for, where the tracker has no opinion of its
 * own: from now on it is worth what one that is assured is.  A sender who
 * repeats himself gains nothing while nobody answers.
 */
void ct_worth_answered(struct ct_thread *thr, struct ct_conn *conn);

/* A packet came, long after the last one. */
void ct_worth_touch(struct ct_thread *thr, struct ct_conn *conn);

/* One that had proven nothing was evicted. */
void ct_worth_evicted(struct ct_thread *thr);

/* It has ended. */
void ct_worth_stop(struct ct_table *tbl, struct ct_conn *conn);

/*
 * How long a connection may be silent in its present state, and how long it has
 * been, in ticks.
 *
 * => 0 and 0 when its tracker cannot tell.
 * => Takes its lock.
 * => idle is right to a second: timeouts are stored no oftener.
 */
struct ct_age {
	uint32_t life;
	uint32_t idle;
};
struct ct_age ct_worth_age(struct ct_thread *thr, struct ct_conn *conn);

/* The same for who holds the lock. */
struct ct_age ct_worth_age_held(struct ct_thread *thr,
				const struct ct_conn *conn)
	CT_REQUIRES(conn->lock);

/*
 * => Ticks of idleness up to which it is not recycled lightly: those of its
 *    class, or the table's, and no more than a part of what its state has.
 */
uint32_t ct_worth_soft(const struct ct_table *tbl, unsigned class_,
		       uint32_t life);

#endif /* CORE_WORTH_H */
