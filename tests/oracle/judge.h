/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether the library's records of a golden are as they should be.
 */
#ifndef ORACLE_JUDGE_H
#define ORACLE_JUDGE_H

#include "golden.h"

/* How to judge. */
struct judge {
	const json_t *keys; /* top-level keys that are compared */
	double ratio;       /* percent that must match; 0: every packet */
	bool verbose;       /* print each difference */
};

/* What was found. */
struct result {
	size_t counted; /* packets */
	size_t differ;
	char first[64]; /* "INDEX:KEY" of the first difference, or "" */
	bool good;
};

/*
 * Compare the library's records with the golden's.
 *
 * => With a ratio only packets count whose connection never needed what the
 *    library does not have, and records' names are replaced; see flows.h.
 */
struct result judge_records(const struct judge *judge,
			    const struct golden *golden, json_t *records);

/*
 * Compare two plays of a golden by the library.
 *
 * => Strictly: not a timeout may differ, and all keys count.
 */
struct result judge_twins(const struct judge *judge, const json_t *one,
			  const json_t *other);

/* Whether so many equal packets are enough. */
bool judge_enough(const struct judge *judge, size_t counted, size_t equal);

#endif /* ORACLE_JUDGE_H */
