/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whatever no other tracker knows: keyed by addresses and protocol alone.
 */
#ifndef CT_PROTO_GENERIC_H
#define CT_PROTO_GENERIC_H

#include <conntrack/plugin.h>

extern const struct ct_l4_ops ct_generic_ops;

#endif
