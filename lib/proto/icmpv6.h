/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMPv6 (RFC 4443) as a transport tracker.
 */
#ifndef CT_PROTO_ICMPV6_H
#define CT_PROTO_ICMPV6_H

#include <conntrack/plugin.h>

extern const struct ct_l4_ops ct_icmpv6_ops;

#endif
