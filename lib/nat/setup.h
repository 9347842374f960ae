/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * setup.h - what setting up mappings has in common: by ranges, by pools, NAT64
 */
#ifndef NAT_SETUP_H
#define NAT_SETUP_H

#include "nat/pick.h"

/*
 * Look at a packet's connection: may this end be chosen, and what is there so
 * far?  Fills in all but the range.
 *
 * => 0, CT_E_NOENT, CT_E_EXIST, CT_E_INVAL, as ct_nat_setup().
 */
int ct_setup_open(struct ct_thread *thr, const struct ct_pkt *pkt,
		  enum ct_nat_end end, struct ct_pick *pick);

/*
 * A range gives a source: make room for the connection's place in the list of
 * its outside address, which it enters with its reply tuple, and take its
 * mapping.
 *
 * => False when there is no memory; its tuples are as they were.
 */
bool ct_setup_source(const struct ct_pick *pick, struct ct_conn *conn,
		     const struct ct_tuple *leave);

/* This end has been chosen, and is another. */
void ct_setup_done(struct ct_conn *conn, enum ct_nat_end end);

/* Nothing can be chosen, for a reason; => error. */
int ct_setup_refuse(struct ct_thread *thr, struct ct_pkt *pkt,
		    enum ct_reason reason, int error);

/* A range has no tuple left but this one, which is taken; => CT_E_FULL. */
int ct_setup_full(const struct ct_pick *pick, struct ct_pkt *pkt,
		  const struct ct_tuple *leave);

/* Say why there is no mapping: in the packet, the counters and the trace. */
void ct_nat_tell(struct ct_thread *thr, struct ct_pkt *pkt,
		 enum ct_reason reason);

#endif /* NAT_SETUP_H */
