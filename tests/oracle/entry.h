/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection as a golden's table has it.
 */
#ifndef ORACLE_ENTRY_H
#define ORACLE_ENTRY_H

#include <conntrack/conntrack.h>
#include <jansson.h>

/* Everything about a connection but its name. */
json_t *entry_make(const struct ct_table *tbl, const struct ct_thread *thr,
		   const struct ct_conn *conn);

/* A tuple; and the names of its protocols, as keys of an entry. */
json_t *entry_tuple(const struct ct_tuple *t);
void entry_protocols(json_t *entry, const struct ct_tuple *t);

/* A status word as a list of names. */
json_t *entry_status(uint32_t status);

/* What entries are sorted by; the caller frees the string. */
char *entry_order(const json_t *entry);

#endif /* ORACLE_ENTRY_H */
