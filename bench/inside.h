/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inside.h - what only somebody who looks inside the library can measure
 *
 * Everything else here uses public headers.  inside.c is linked to the archive,
 * in which no name is hidden.
 */
#ifndef INSIDE_H
#define INSIDE_H

#include <conntrack/types.h>

/* => Buckets of the longest chain; nobody else uses the table. */
unsigned inside_longest_chain(const struct ct_table *tbl);

#endif /* INSIDE_H */
