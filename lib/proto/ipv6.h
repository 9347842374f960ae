/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv6 (RFC 8200) as a network layer.
 */
#ifndef CT_PROTO_IPV6_H
#define CT_PROTO_IPV6_H

#include <conntrack/plugin.h>

extern const struct ct_l3_ops ct_ipv6_ops;

#endif
