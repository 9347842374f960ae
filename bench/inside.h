/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inside.h - what only somebody who looks inside the library can measure
 *
 * Everything else here uses public headers.  inside.c is linked to the archive,
 * in which no name is hidden.
 */
#ifndef INSIDE_H
#define INSIDE_H

#include "workload.h"

#include <conntrack/types.h>

/* => Buckets of the longest chain; nobody else uses the table. */
unsigned inside_longest_chain(const struct ct_table *tbl);

/*
 * Look both tuples of each of n flows up, and count cache lines: the buckets
 * that are walked, and the connections that are compared.
 *
 * => Their sum; 0 when a flow is not there.
 */
uint64_t inside_lines(const struct ct_table *tbl, const struct workload *load,
		      uint32_t n);

/* => Buckets of the longest chain of n flows, if the hash had no secret; 0
 *    when there is no memory to find out. */
unsigned inside_unkeyed_chain(const struct ct_table *tbl,
			      const struct workload *load, uint32_t n);

#endif /* INSIDE_H */
