/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quote.h - what an ICMP error quotes, while it is translated
 */
#ifndef NAT_QUOTE_H
#define NAT_QUOTE_H

#include <conntrack/tracker.h>

/*
 * The quoted packet as one of its own, and its addresses.
 *
 * => False when it is broken.
 */
bool ct_quote_open(const struct ct_table *tbl, const struct ct_pkt *pkt,
		   const struct ct_quote *quote, struct ct_pkt *inner,
		   struct ct_tuple *t);

/* => The sum of all of it that trackers may write, to be compared. */
uint32_t ct_quote_sum(const struct ct_pkt *inner);

#endif /* NAT_QUOTE_H */
