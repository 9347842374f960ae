/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What NAT asks of TCP; see struct ct_l4_ops.
 */
#ifndef CT_PROTO_TCP_NAT_H
#define CT_PROTO_TCP_NAT_H

#include <conntrack/plugin.h>

bool ct_tcp_rewrite(struct ct_pkt *pkt, const struct ct_rewrite *how);
bool ct_tcp_yields(const struct ct_conn *conn, const struct ct_conn *newcomer);

#endif
