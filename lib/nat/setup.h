/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * setup.h - what setting up mappings has in common
 */
#ifndef NAT_SETUP_H
#define NAT_SETUP_H

#include "core/conn.h"

/* Say why there is no mapping: in the packet, the counters and the trace. */
void ct_nat_tell(struct ct_thread *thr, struct ct_pkt *pkt,
		 enum ct_reason reason);

#endif /* NAT_SETUP_H */
