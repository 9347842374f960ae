/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apply.h - a packet's addresses and ids; see apply.c and <conntrack/nat.h>
 */
#ifndef NAT_APPLY_H
#define NAT_APPLY_H

#include <conntrack/nat.h>

/* ct_nat_apply() at PREROUTING and then at POSTROUTING. */
enum ct_verdict ct_nat_forward(struct ct_thread *thr, struct ct_pkt *pkt);

#endif /* NAT_APPLY_H */
