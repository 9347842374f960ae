/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of goldens that are known to fail: a name and a reason a line; what
 * follows a '#' at a line's start is for people.
 */
#ifndef ORACLE_EXPECTED_H
#define ORACLE_EXPECTED_H

#include <jansson.h>
#include <stdbool.h>

struct expected {
	json_t *reasons; /* name: reason; NULL: no list */
};

/* Read the list; false if that is impossible. */
bool expected_read(struct expected *expected, const char *path);
void expected_free(struct expected *expected);

/* Why a golden is known to fail, or NULL. */
const char *expected_reason(const struct expected *expected, const char *name);

#endif /* ORACLE_EXPECTED_H */
