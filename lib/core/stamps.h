/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stamps.h - the latest time stamp of each end of a TCP connection (RFC 7323 3)
 *
 * An extension of every connection, where the parameter
 * overflow.probe.timestamps asks for it: a keep-alive without them may be
 * dropped.
 */
#ifndef CORE_STAMPS_H
#define CORE_STAMPS_H

#include "core/conn.h"

struct ct_stamps {
	uint32_t val[CT_DIR_MAX]; /* L  TSval, as the end has sent it */
	uint32_t seen;            /* L  bit for each direction */
};
#define CT_STAMPS_BOTH (1u << CT_DIR_ORIG | 1u << CT_DIR_REPLY)

extern const struct ct_ext_ops ct_stamps_ops;

/* => The connection's, or NULL: none are kept. */
struct ct_stamps *ct_stamps_of(const struct ct_table *tbl,
			       const struct ct_conn *conn);

/* A segment was believed. */
void ct_stamps_note(const struct ct_table *tbl, const struct ct_conn *conn,
		    const struct ct_pkt *pkt) CT_REQUIRES(conn->lock);

#endif /* CORE_STAMPS_H */
