/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.h - tell the host what happened in a pool, or with a range
 */
#ifndef NAT_REPORT_H
#define NAT_REPORT_H

#include "core/mapping.h"
#include "nat/pick.h"
#include "nat/pool.h"

#include <conntrack/nat_cgn.h>

/* => Somebody wants to know of this kind. */
static inline bool ct_report_wanted(const struct ct_nat_pool *pool,
				    enum ct_nat_event_kind kind)
{
	return (pool->cfg.events >> kind & 1) && pool->cfg.event;
}

/* Tell of an event; time, family and pool are filled in.  No lock is held. */
void ct_report(const struct ct_thread *thr, const struct ct_nat_pool *pool,
	       struct ct_nat_event *ev);

/* An event about a mapping; peer: a session's other end, or NULL. */
void ct_report_mapping(const struct ct_thread *thr, enum ct_nat_event_kind kind,
		       const struct ct_mapping *map,
		       const struct ct_tuple *peer);

/* A range has no tuple left but this one, which is taken. */
void ct_report_full(const struct ct_pick *pick, const struct ct_tuple *leave);

#endif /* NAT_REPORT_H */
