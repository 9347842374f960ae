/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * predict_cross.h - taking a plain packet to the other network layer
 *
 * As predict_nat.h, for NAT64: every field of the new header follows from the
 * old one, which has nothing unusual, and the transport's length and protocol
 * are the same in both pseudo headers, so that its sum changes by addresses and
 * ports alone.  The bytes are those that ct_nat_cross() arrives at, but for an
 * IPv4 header's id, which nobody can foretell.
 */
#ifndef PREDICT_CROSS_H
#define PREDICT_CROSS_H

#include "core/conn.h"

/*
 * Translate a packet whose headers are where everybody has them, and which
 * belongs to a connection that crosses.
 *
 * => False: there is more to it; nothing has changed.
 */
bool ct_predict_cross(struct ct_thread *thr, struct ct_pkt *pkt);

#endif /* PREDICT_CROSS_H */
