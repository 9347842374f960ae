/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * half.h - how many TCP connections are half-open: not assured
 *
 * Counted in all, and of each source in a sketch as limit.h has one, only where
 * a budget was set before the seal; otherwise one flag is read.
 */
#ifndef CORE_HALF_H
#define CORE_HALF_H

#include "core/conn.h"

#include <conntrack/reason.h>

struct ct_half {
	bool on;                   /* I  after the seal */
	uint32_t mask;             /* I  columns of a row, less 1 */
	_Atomic uint32_t *sources; /* I  after the seal; or NULL */
	_Atomic uint32_t n;        /* A */
};

int ct_half_seal(struct ct_table *tbl);
void ct_half_fini(struct ct_table *tbl);

/* One more of this original tuple. */
void ct_half_enter(struct ct_table *tbl, const struct ct_tuple *t);

/* One less: it is assured from now on, or ends without having been. */
void ct_half_leave(struct ct_table *tbl, const struct ct_conn *conn);

/* => CT_R_NONE, or the budget that one more of this tuple would pass. */
enum ct_reason ct_half_met(const struct ct_table *tbl,
			   const struct ct_tuple *t);

#endif /* CORE_HALF_H */
