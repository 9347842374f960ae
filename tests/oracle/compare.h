/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where two records disagree, by the rules of the kernel oracle's golden.py:
 * '?' in an expected string matches any character, timeouts may differ by two
 * seconds, everything else must be equal.
 */
#ifndef ORACLE_COMPARE_H
#define ORACLE_COMPARE_H

#include <jansson.h>
#include <stddef.h>

/*
 * Told of a difference.  The path is of the form "packet 7/ct/status/0"; a
 * side that has no such key is NULL.
 */
typedef void (*compare_fn)(void *user, const char *path, const json_t *expected,
			   const json_t *actual);

/*
 * Compare two packet records.
 *
 * => keys is an array of top-level keys to look at, or NULL for all of them;
 *    with keys, one that is missing equals null.
 * => Returns the number of differences; fn, unless NULL, is told of each.
 */
size_t compare_records(json_t *expected, json_t *actual, const json_t *keys,
		       compare_fn fn, void *user);

#endif /* ORACLE_COMPARE_H */
