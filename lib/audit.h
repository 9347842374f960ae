/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * audit.h - all invariants of a table, for tests
 */
#ifndef AUDIT_H
#define AUDIT_H

#include <conntrack/types.h>
#include <stddef.h>

/*
 * Look for anything that cannot be.
 *
 * => NULL when all is well, else a constant sentence.
 * => No other thread uses the table meanwhile.
 */
const char *ct_table_check(struct ct_table *tbl);

#endif /* AUDIT_H */
