/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GRE (RFC 2784, RFC 2890) and PPTP's enhanced GRE (RFC 2637) as a transport
 * tracker.
 *
 *	        answer            next packet, either way
 *	opened ------> answered -------------------------> stream, assured
 *	timeout        timeout                             timeout.stream
 */
#ifndef CT_PROTO_GRE_H
#define CT_PROTO_GRE_H

#include <conntrack/plugin.h>

/* Indices of the parameters. */
enum ct_gre_param {
	CT_GRE_TIMEOUT,
	CT_GRE_TIMEOUT_STREAM,
	CT_GRE_KEY, /* sealed; see trackers.c */
	CT_GRE_PARAMS
};

extern const struct ct_l4_ops ct_gre_ops;

/* The same for gre.key = 1: tunnels are told apart by their keys. */
extern const struct ct_l4_ops ct_gre_keyed_ops;

#endif
