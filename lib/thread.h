/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread.h - handles, as the rest of the top floor needs them
 */
#ifndef THREAD_H
#define THREAD_H

#include <conntrack/conntrack.h>

/* Fix the table's layout; the first attach does. */
int ct_table_seal(struct ct_table *tbl);

/* A handle, offline, in the list of its table. */
int ct_thread_make(struct ct_table *tbl, struct ct_thread **thr);
void ct_thread_free(struct ct_thread *thr);

#endif /* THREAD_H */
