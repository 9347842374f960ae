/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which goldens, and which of a golden's packets, need features that the
 * library does not have yet.
 */
#ifndef ORACLE_FLOWS_H
#define ORACLE_FLOWS_H

#include <stdbool.h>

#include "golden.h"

/* Which packets of a golden count. */
struct flows {
	bool *counts;
};

/*
 * Find the packets of connections that never held a fragment, SCTP, GRE or a
 * packet that a helper expected.  Returns how many they are.
 */
size_t flows_init(struct flows *flows, const json_t *packets);
void flows_fini(struct flows *flows);

/*
 * Give the library's connections the names of the golden's.
 *
 * => A connection is paired with the one that the same packet belongs to, once
 *    and for all; a later packet that disagrees differs.
 */
void flows_rename(const json_t *packets, json_t *records);

/*
 * The first of the features in the list ("nat,fragments,sctp,gre") that the
 * golden needs, or NULL.
 */
const char *flows_feature(const struct golden *golden, const char *list);

#endif /* ORACLE_FLOWS_H */
