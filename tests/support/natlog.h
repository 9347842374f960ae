/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What NAT's events told, for tests: all that came since the log was opened.
 */
#ifndef CT_TEST_NATLOG_H
#define CT_TEST_NATLOG_H

#include "pool.h"

/* Forget what came before. */
void ct_natlog_open(void);

/* ct_nat_pool_config.event, and ct_nat_watch()'s; user is not looked at. */
void ct_natlog_note(void *user, const struct ct_nat_event *ev);

/* ct_pool_config() of a pool that tells everything. */
struct ct_nat_pool_config ct_natlog_config(void);

/* How many came, of a kind and altogether. */
unsigned ct_natlog_count(enum ct_nat_event_kind kind);
unsigned ct_natlog_all(void);

/* The last one of a kind; fails if there is none. */
const struct ct_nat_event *ct_natlog_last(enum ct_nat_event_kind kind);

#endif /* CT_TEST_NATLOG_H */
