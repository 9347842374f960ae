/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Protocols whose header begins with two ports: how they are keyed.
 */
#ifndef CT_PROTO_PORTS_H
#define CT_PROTO_PORTS_H

#include "wire/csum.h"

#include <conntrack/tracker.h>

/* => False with pkt->reason set when the four bytes are not there. */
bool ct_ports_tuple(struct ct_pkt *pkt, struct ct_tuple *t);

/* The answer has them the other way round. */
bool ct_ports_invert(const struct ct_tuple *t, struct ct_tuple *inverse);

/*
 * Write a port; see ct_l4_ops.rewrite.
 *
 * => The four bytes are there.
 * => What a sum over them changes by.
 */
static inline uint32_t ct_ports_write(struct ct_pkt *pkt,
				      const struct ct_rewrite *how)
{
	uint8_t *at = pkt->data + pkt->l4_off;

	return how->end == CT_NAT_SRC ? ct_csum_put16(at, &how->src_id)
				      : ct_csum_put16(at + 2, &how->dst_id);
}

#endif
