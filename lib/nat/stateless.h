/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stateless.h - translation by prefix, where there is no room for state
 *
 * Of each inside address there is exactly one outside (ct_overflow_prefix()),
 * and ids stay; so nothing has to be remembered, and what comes back finds its
 * way.  Errors that quote such packets are not translated: they are dropped.
 */
#ifndef NAT_STATELESS_H
#define NAT_STATELESS_H

#include <conntrack/nat.h>

/* Translate one end of a packet that has no connection. */
enum ct_verdict ct_nat_stateless(struct ct_thread *thr, struct ct_pkt *pkt,
				 enum ct_nat_end end);

#endif /* NAT_STATELESS_H */
