/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv4 (RFC 791) as a network layer.
 */
#ifndef CT_PROTO_IPV4_H
#define CT_PROTO_IPV4_H

#include <conntrack/plugin.h>

extern const struct ct_l3_ops ct_ipv4_ops;

#endif
