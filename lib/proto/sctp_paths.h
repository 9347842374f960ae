/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The further paths of an association with several addresses (RFC 9260 6.4).
 *
 *	INIT      A with A2        kept
 *	INIT ACK  B with B2        each pair but A and B is expected, both ways
 *	HEARTBEAT A2 to B, ...     RELATED; the tags are the association's
 *
 * It is a helper that sctp.c attaches to an association whose INIT it sees,
 * when parameter sctp.multihoming is on.
 */
#ifndef CT_PROTO_SCTP_PATHS_H
#define CT_PROTO_SCTP_PATHS_H

#include <conntrack/helper.h>

extern const struct ct_helper_ops ct_sctp_paths;

#endif
