/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of a replay: made from the options, driven by recorded time.
 */
#ifndef REPLAY_TABLE_H
#define REPLAY_TABLE_H

#include "replay.h"

#include <conntrack/conntrack.h>

/*
 * => Returns a sealed table and its only thread's handle in *tbl and *thr, or
 *    one of REPLAY_* after printing a line; both are then NULL.
 */
int table_open(const struct replay_options *opt, struct ct_table **tbl,
	       struct ct_thread **thr);

/* Both may be NULL. */
void table_close(struct ct_table *tbl, struct ct_thread *thr);

/*
 * Let the recorded time pass up to now_ns.
 *
 * What expires in between ends at its own time, in order, although no packet
 * came.  *clock is the time until then; time that goes back stands still.
 */
void table_clock(struct ct_thread *thr, uint64_t *clock, uint64_t now_ns);

/* Every parameter with its value, one a line, on standard output. */
void table_print_params(const struct ct_table *tbl);

#endif /* REPLAY_TABLE_H */
