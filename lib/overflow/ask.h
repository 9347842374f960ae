/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ask.h - the host's policy is asked what connections are worth
 */
#ifndef OVERFLOW_ASK_H
#define OVERFLOW_ASK_H

#include "core/worth.h"
#include "overflow/evict.h"

/* What the built-in policy knows of a connection, or of a newcomer. */
struct ct_known {
	const struct ct_tuple *t; /* its original one */
	uint32_t life;            /* ticks, as in struct ct_age */
	uint32_t idle;
	uint32_t source; /* share of the table */
	uint8_t class_;
	uint8_t worth;
};

/* => Candidates are scored by the host. */
bool ct_ask_scores(const struct ct_table *tbl);

/* => Newcomers are valued by the host. */
bool ct_ask_values(const struct ct_table *tbl);

/* => What a candidate is worth; by ct_ask_scores() only. */
uint8_t ct_ask_score(struct ct_thread *thr, const struct ct_conn *conn,
		     const struct ct_known *known);

/* => What a newcomer is worth; by ct_ask_values() only. */
uint8_t ct_ask_value(struct ct_thread *thr, const struct ct_newcomer *new,
		     const struct ct_known *known);

#endif /* OVERFLOW_ASK_H */
