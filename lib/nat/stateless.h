/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stateless.h - translation by prefix, where there is no room for state
 *
 * Of each inside address there is exactly one outside (ct_overflow_prefix()),
 * and ids stay; so nothing has to be remembered, and what comes back finds its
 * way: later fragments, which have no ids, and errors with what they quote.
 */
#ifndef NAT_STATELESS_H
#define NAT_STATELESS_H

#include <conntrack/nat.h>
#include <conntrack/reason.h>

/* => It passed for want of room, by a prefix. */
static inline bool ct_nat_is_stateless(const struct ct_pkt *pkt)
{
	return pkt->reason == CT_R_OVERFLOW_STATELESS ||
	       pkt->reason == CT_R_OVERFLOW_ERROR;
}

/* => The address would become another: as a source, which goes out, or as a
 *    destination, which comes in. */
bool ct_nat_prefixed(const struct ct_table *tbl, uint8_t l3,
		     enum ct_nat_end end, const union ct_addr *addr);

/* Translate one end of a packet; => CT_R_NONE, or why it is to be dropped. */
enum ct_reason ct_nat_stateless(struct ct_thread *thr, struct ct_pkt *pkt,
				enum ct_nat_end end);

#endif /* NAT_STATELESS_H */
