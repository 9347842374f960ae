/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cross.h - packets of connections whose directions have different network
 * layers: NAT64
 */
#ifndef NAT_CROSS_H
#define NAT_CROSS_H

#include "core/conn.h"

/*
 * Translate a packet between IPv4 and IPv6, both ends and what an error quotes.
 *
 * => The packet's connection crosses; see ct_conn_crosses().
 * => CT_R_NONE, also when that was done before; or why not.
 */
enum ct_reason ct_nat_cross(struct ct_thread *thr, struct ct_pkt *pkt);

#endif /* NAT_CROSS_H */
