/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMP as ICMPv6 and back (RFC 7915 4.2 and 5.2); as in ct_l4_ops.
 */
#ifndef CT_PROTO_ICMP_TWIN_H
#define CT_PROTO_ICMP_TWIN_H

#include <conntrack/tracker.h>

/* An echo or its answer; there are no others that both have. */
bool ct_icmp_convert(const struct ct_tuple *t, struct ct_tuple *other);

/* Echoes and errors. */
bool ct_icmp_cross(struct ct_pkt *pkt, const struct ct_rewrite *how);

#endif
