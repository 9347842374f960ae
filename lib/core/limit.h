/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limit.h - who has how many connections: zones, classes, sources
 *
 * Counted only where the host has asked for it before the seal: a guarantee or
 * a limit of a zone, a reserve of a class, a limit of sources.  Otherwise one
 * flag is read, and nothing written.
 *
 * Guarantees:
 *	What is guaranteed and not used, of all zones and classes together, is
 *	kept free of everybody else's newcomers; and who has no more than what
 *	is guaranteed loses none of it to others.
 *
 * Sources are guarded, but nothing is kept free for them: nobody knows which
 * ones will come.
 */
#ifndef CORE_LIMIT_H
#define CORE_LIMIT_H

#include "core/conn.h"
#include "core/tally.h"

#include <conntrack/overflow.h>

enum { CT_ZONES = 256, CT_ZONE_SLOTS = 2 * CT_ZONES };

/* A zone with limits; found by its number. */
struct ct_zone_share {
	_Atomic uint32_t zone; /* A  its number and 1, or 0: none */
	_Atomic uint32_t min;  /* A */
	_Atomic uint32_t max;  /* A  0: no limit */
	_Atomic uint32_t n;    /* A  its connections */
};

/* What a class means. */
struct ct_class {
	_Atomic uint8_t flags;    /* A  enum ct_class_flag */
	_Atomic uint8_t rank;     /* A */
	_Atomic uint16_t soft;    /* A  seconds; 0: the table's */
	_Atomic uint32_t reserve; /* A */
	_Atomic uint32_t n;       /* A  its connections */
};

struct ct_limits {
	struct ct_spin lock;   /* covers defining */
	bool on;               /* I  after the seal */
	_Atomic int64_t spare; /* A  guaranteed, and not used */
	struct ct_class classes[CT_CLASSES];
	struct ct_zone_share *zones; /* I  after the seal; or NULL */
	uint32_t n_zones;            /* L */
	_Atomic uint32_t pressed_at; /* A  tick at which a newcomer's zone or
					source was last above its soft
					watermark */
	struct ct_tally sources;     /* I  after the seal */
};

/* Which limit a newcomer meets. */
enum ct_limit { CT_LIMIT_NONE, CT_LIMIT_ZONE, CT_LIMIT_SOURCE };

/* Count sources, if parameters ask for it. */
int ct_limits_seal(struct ct_table *tbl);
void ct_limits_fini(struct ct_table *tbl);

/* One more, or one less, of this original tuple and class. */
void ct_limits_enter(struct ct_table *tbl, const struct ct_tuple *t,
		     uint8_t class_);
void ct_limits_leave(struct ct_table *tbl, const struct ct_conn *conn,
		     uint8_t class_);

/* It changes its class. */
void ct_limits_move(struct ct_table *tbl, uint8_t from, uint8_t to);

/* => The limit that one more of this tuple would pass, the narrower one first. */
enum ct_limit ct_limits_met(struct ct_thread *thr, const struct ct_tuple *t);

/* => How many there are of those that a limit is for. */
uint32_t ct_limits_has(const struct ct_table *tbl, const struct ct_tuple *t,
		       enum ct_limit limit);

/* => Newcomers came lately to a zone, or of a source, that is above its soft
 *    watermark. */
bool ct_limits_pressed(const struct ct_thread *thr);

/* => Connections of a zone that has limits or a guarantee; else 0. */
uint32_t ct_limits_zone_has(const struct ct_table *tbl, uint16_t zone);

/* => A connection's zone has a limit; how many it has, and may have. */
bool ct_limits_zone(const struct ct_table *tbl, const struct ct_conn *conn,
		    uint32_t *n, uint32_t *max);

/* The same of its source. */
bool ct_limits_source(const struct ct_table *tbl, const struct ct_conn *conn,
		      uint32_t *n, uint32_t *max);

/* => Connections of the table's limit that are kept from a newcomer. */
uint32_t ct_limits_kept(const struct ct_table *tbl, const struct ct_tuple *t,
			uint8_t class_);

/* => A connection of this tuple and class is not to be taken from whom it was
 *    guaranteed to, by a newcomer of another zone, class or source. */
bool ct_limits_guard(const struct ct_table *tbl, const struct ct_tuple *t,
		     uint8_t class_, const struct ct_tuple *newcomer,
		     uint8_t newcomer_class);

/* => What a class means; a number that is none is everybody's. */
static inline const struct ct_class *ct_class_at(const struct ct_limits *limits,
						 unsigned class_)
{
	return &limits->classes[class_ < CT_CLASSES ? class_ : 0];
}

/* => Of two that are alike the one with more stays. */
static inline uint8_t ct_class_rank(const struct ct_limits *limits,
				    unsigned class_)
{
	return atomic_load_explicit(&ct_class_at(limits, class_)->rank,
				    memory_order_relaxed);
}

static inline bool ct_class_has(const struct ct_class *class_,
				enum ct_class_flag flag)
{
	return atomic_load_explicit(&class_->flags, memory_order_relaxed) &
	       flag;
}

#endif /* CORE_LIMIT_H */
