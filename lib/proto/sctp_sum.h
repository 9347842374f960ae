/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SCTP's checksum, and the ports that change it.
 */
#ifndef CT_PROTO_SCTP_SUM_H
#define CT_PROTO_SCTP_SUM_H

#include <conntrack/plugin.h>

/* As ct_csum_good(), for a CRC32c over header and chunks. */
bool ct_sctp_sum_good(const struct ct_thread *thr, const struct ct_pkt *pkt);

/* Ports and checksum; see ct_l4_ops.rewrite. */
bool ct_sctp_rewrite(struct ct_pkt *pkt, const struct ct_rewrite *how);

#endif
