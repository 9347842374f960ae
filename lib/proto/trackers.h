/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of built-in trackers.
 *
 * They come in by the same door as a stranger's: ct_l3_register() and
 * ct_l4_register().  Each is declared in its own header.
 */
#ifndef CT_PROTO_TRACKERS_H
#define CT_PROTO_TRACKERS_H

struct ct_table;

/*
 * Register every built-in network layer and transport tracker.
 *
 * => For a table that is not sealed.
 * => 0, or the first error of ct_l3_register() or ct_l4_register().
 */
int ct_trackers_register(struct ct_table *tbl);

/*
 * Let sealed parameters choose between trackers.
 *
 * => Called once, when the table is about to be sealed.
 */
void ct_trackers_seal(struct ct_table *tbl);

#endif
