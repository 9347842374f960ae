/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * half.h - how many TCP connections are half-open: a SYN was seen, and the
 * handshake is not over
 *
 * What is picked up without its SYN is none, although nobody has assured it.
 *
 * Counted in all, and of each source (tally.h), only where a budget was set
 * before the seal; otherwise one flag is read.  TCP's tracker enters and leaves
 * as its state changes; the end of a connection that is half-open is the core's.
 */
#ifndef CORE_HALF_H
#define CORE_HALF_H

#include "core/conn.h"
#include "core/tally.h"

#include <conntrack/reason.h>

struct ct_half {
	bool on;                 /* I  after the seal */
	_Atomic uint32_t n;      /* A */
	struct ct_tally sources; /* I  after the seal */
};

int ct_half_seal(struct ct_table *tbl);
void ct_half_fini(struct ct_table *tbl);

/* One more, or one less. */
void ct_half_enter(struct ct_table *tbl, const struct ct_conn *conn);
void ct_half_leave(struct ct_table *tbl, const struct ct_conn *conn);

/* It has ended: one less if it was half-open. */
void ct_half_end(struct ct_table *tbl, const struct ct_conn *conn);

/*
 * => CT_R_NONE, or the budget that one more of this tuple would pass.
 * => Who is let in counts a little later: threads that ask at the same moment
 *    may pass it by one each.
 */
enum ct_reason ct_half_met(const struct ct_table *tbl,
			   const struct ct_tuple *t);

#endif /* CORE_HALF_H */
