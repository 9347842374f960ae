/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP-Lite (RFC 3828) as a transport tracker.
 */
#ifndef CT_PROTO_UDPLITE_H
#define CT_PROTO_UDPLITE_H

#include <conntrack/plugin.h>

extern const struct ct_l4_ops ct_udplite_ops;

#endif
