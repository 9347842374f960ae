/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy.h - what a host wants done with some packets
 *
 * A policy is immutable and lives as long as its table, so that packets and
 * connections refer to it without counting.  A connection keeps its number, 16
 * bits; number 0 is none.  The policies stand in pages that never move, so that
 * more may be made while packets flow; each page is twice as large as the last.
 */
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include "base/spin.h"

#include <conntrack/conntrack.h>
#include <conntrack/plugin.h>
#include <stdatomic.h>

enum { CT_POLICY_PAGES = 12 };

struct ct_policy_value {
	uint32_t index; /* of a parameter's value */
	uint32_t value;
};

struct ct_policy {
	uint16_t number;
	uint16_t zone[CT_DIR_MAX];
	uint16_t class_;
	uint8_t overflow; /* enum ct_overflow_verdict */
	uint32_t flags;   /* enum ct_policy_flag */
	uint32_t mark;
	uint32_t events;
	uint8_t labels[16];
	uint8_t helper; /* number, or 0 */
	uint32_t n_values;
	struct ct_policy_value values[];
};

struct ct_policies {
	struct ct_spin lock; /* covers the making */
	uint32_t n;          /* L */
	_Atomic(struct ct_policy **) page[CT_POLICY_PAGES]; /* A */
};

void ct_policies_fini(struct ct_table *tbl);

/* => The policy of a number that a connection has; NULL for 0. */
const struct ct_policy *ct_policy_at(const struct ct_table *tbl,
				     uint16_t number);

/* => The value of a parameter under a policy. */
uint32_t ct_policy_param(const struct ct_table *tbl, uint16_t number,
			 uint32_t index);

/* => The events that a connection's policy lets out. */
uint32_t ct_policy_events(const struct ct_table *tbl,
			  const struct ct_conn *conn);

/* => The zone that a packet's tuple has in a direction. */
static inline uint16_t ct_policy_zone(const struct ct_pkt *pkt, enum ct_dir dir)
{
	const struct ct_policy *policy = pkt->policy;

	if (policy &&
	    (policy->flags & (CT_POLICY_ZONE_ORIG | CT_POLICY_ZONE_REPLY)))
		return policy->zone[dir];
	return pkt->zone;
}

/* => The zone that was chosen for a packet, whichever direction it counts for. */
static inline uint16_t ct_policy_zone_any(const struct ct_pkt *pkt)
{
	uint16_t orig = ct_policy_zone(pkt, CT_DIR_ORIG);

	return orig ? orig : ct_policy_zone(pkt, CT_DIR_REPLY);
}

#endif /* CORE_POLICY_H */
