/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists that a burst makes as a whole, shared out among its packets the way the
 * golden has them, so that a record differs where the whole does.
 */
#ifndef ORACLE_CHANGES_H
#define ORACLE_CHANGES_H

#include <jansson.h>
#include <stddef.h>

/* Of a burst of n packets: the golden's records, and the library's. */
struct shares {
	json_t *const *golden;
	json_t *const *records;
	size_t n;
};

/*
 * Events: each packet gets as many as in the golden, the last one the rest.
 *
 * => Takes the list's reference.
 */
void changes_share_events(const struct shares *shares, json_t *events);

/*
 * The table's changes, as view_changes() gives them for the whole burst.
 *
 * => What a later packet of the burst changed again is the golden's own.
 */
void changes_share_table(const struct shares *shares, const json_t *whole);

#endif /* ORACLE_CHANGES_H */
