/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger.h - what overflow did: counters, and the latest victims
 *
 * Made when the first newcomer finds no room, so that a table which never
 * overflows pays nothing. Counters are each written by many threads, but only
 * when a newcomer comes to a full table; the victims have a lock of their own.
 */
#ifndef CORE_LEDGER_H
#define CORE_LEDGER_H

#include "base/spin.h"

#include <conntrack/pressure.h>
#include <stdatomic.h>

/* What is counted beside evictions and refusals. */
enum ct_ledger_count {
	CT_LEDGER_RECYCLED,
	CT_LEDGER_PROBES,
	CT_LEDGER_ANSWERS,
	CT_LEDGER_COOKIES,
	CT_LEDGER_COOKIES_GOOD,
	CT_LEDGER_COOKIES_BAD,
	CT_LEDGER_TOLD,
	CT_LEDGER_UNTOLD,
	CT_LEDGER_COUNTS
};

struct ct_ledger {
	_Atomic uint64_t evicted[CT_CLASSES];     /* A */
	_Atomic uint64_t refused[CT_CLASSES];     /* A */
	_Atomic uint64_t count[CT_LEDGER_COUNTS]; /* A */
	struct ct_spin lock;                      /* covers the rest */
	uint32_t max;                             /* I  of victims */
	uint64_t n;                               /* L  ever */
	struct ct_victim victims[];               /* L  a ring */
};

/* => The table's, made if need be; NULL when there is no memory. */
struct ct_ledger *ct_ledger_of(struct ct_table *tbl);
void ct_ledger_free(struct ct_table *tbl);

/* Add to a counter. */
void ct_ledger_add(struct ct_table *tbl, enum ct_ledger_count which,
		   uint64_t n);

/* A newcomer of a class was refused. */
void ct_ledger_refused(struct ct_table *tbl, uint8_t class_);

/* One was evicted; victim->class_ says of which class it was. */
void ct_ledger_evicted(struct ct_table *tbl, const struct ct_victim *victim);

#endif /* CORE_LEDGER_H */
